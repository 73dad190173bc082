"""Sessions of roles in other accounts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
from botocore.credentials import (
    CredentialProvider,
    CredentialResolver,
    DeferredRefreshableCredentials,
)

from certificate_lifecycle.aws.permissions import (
    CREATIONS,
    ROTATIONS,
    SCANS,
    Command,
    Setting,
    declare,
    for_rotation_function,
)
from certificate_lifecycle.aws.responses import in_utc, validated_response

if TYPE_CHECKING:
    from mypy_boto3_sts import STSClient

_SESSION_NAME = "certificate-lifecycle"
PERMISSIONS = (
    *declare(
        (*CREATIONS, *ROTATIONS, Command.SCAN, Command.EXPLAIN, Command.DRILL),
        "sts",
        ("{zone_role}",),
        Setting.ZONE_ROLES,
        AssumeRole="read and write hosted zones of other accounts",
    ),
    *declare(
        (*SCANS, Command.DRILL),
        "sts",
        ("{account_role}",),
        Setting.ACCOUNTS,
        AssumeRole="scan other accounts",
    ),
    *for_rotation_function(
        "sts",
        ("arn:{partition}:iam::*:role/{organization_role}",),
        Setting.ORGANIZATION,
        AssumeRole="scan the accounts of an organization",
    ),
)


def assumed(
    base: boto3.Session, sts: Callable[[], STSClient], role_arn: str, external_id: str | None
) -> boto3.Session:
    """Return a session of a role, which is assumed by the first call and again before it expires.

    The session shares the loader of `base`, because reading the service models again takes most of
    the time of creating a client.
    """
    core = botocore.session.Session()
    core.register_component("data_loader", base._session.get_component("data_loader"))  # noqa: SLF001 - boto3 has no public way
    credentials = DeferredRefreshableCredentials(
        refresh_using=lambda: _assume(sts(), role_arn, external_id), method=_Assumed.METHOD
    )
    core.register_component("credential_provider", CredentialResolver([_Assumed(credentials)]))
    session = boto3.Session(botocore_session=core)
    in_utc(session)
    return session


class _Assumed(CredentialProvider):
    """Provides only the credentials of the role."""

    METHOD = "assume-role"

    def __init__(self, credentials: DeferredRefreshableCredentials) -> None:
        super().__init__()
        self._credentials = credentials

    def load(self) -> DeferredRefreshableCredentials:
        return self._credentials


@validated_response("AssumeRole")
def _assume(sts: STSClient, role_arn: str, external_id: str | None) -> dict[str, Any]:
    proof: dict[str, Any] = {"ExternalId": external_id} if external_id else {}
    answer = sts.assume_role(RoleArn=role_arn, RoleSessionName=_SESSION_NAME, **proof)
    credentials = answer["Credentials"]
    return {
        "access_key": credentials["AccessKeyId"],
        "secret_key": credentials["SecretAccessKey"],
        "token": credentials["SessionToken"],
        "expiry_time": credentials["Expiration"].isoformat(),
    }
