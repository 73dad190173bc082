"""Sessions of the SDK: those of the environment, of a profile, and of roles in other accounts."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
from botocore.credentials import (
    CredentialProvider,
    CredentialResolver,
    DeferredRefreshableCredentials,
)
from botocore.loaders import Loader, create_loader

from certificate_lifecycle.aws.permissions import (
    CREATIONS,
    DRILLS,
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
        (*CREATIONS, *ROTATIONS, Command.SCAN, Command.EXPLAIN, *DRILLS),
        "sts",
        ("{zone_role}",),
        Setting.ZONE_ROLES,
        AssumeRole="read and write hosted zones of other accounts",
    ),
    *declare(
        (*SCANS, *DRILLS),
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


def core_session(profile: str | None = None) -> botocore.session.Session:
    """Return the session under one of boto3, whose clients read times in UTC.

    All sessions share a loader, because reading the service models again takes most of the time of
    creating a client.
    """
    core = botocore.session.Session(profile=profile)
    core.register_component("data_loader", _loader(core.get_config_variable("data_path")))
    in_utc(core)
    return core


@cache
def _loader(data_path: str | None) -> Loader:
    return create_loader(data_path)


def assumed(sts: Callable[[], STSClient], role_arn: str, external_id: str | None) -> boto3.Session:
    """Return a session of a role, assumed by the first call and again before it expires."""
    core = core_session()
    credentials = DeferredRefreshableCredentials(
        refresh_using=lambda: _assume(sts(), role_arn, external_id), method=_Assumed.METHOD
    )
    core.register_component("credential_provider", CredentialResolver([_Assumed(credentials)]))
    return boto3.Session(botocore_session=core)


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
