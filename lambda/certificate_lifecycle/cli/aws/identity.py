"""The caller's credentials, account and region."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ProfileNotFound
from botocore.utils import JSONFileCache

from certificate_lifecycle.aws.permissions import COMMANDS, EVERYTHING, declare
from certificate_lifecycle.aws.sessions import core_session
from certificate_lifecycle.model.errors import ConfigurationError
from certificate_lifecycle.model.sanitize import clean
from certificate_lifecycle.model.scope import Scope

PERMISSIONS = declare(
    COMMANDS, "sts", EVERYTHING, GetCallerIdentity="the caller's account; cannot be denied"
)
#: Variables with the region, first match first. The AWS CLI reads both, boto3 only the second (AWS
#: CLI user guide, "Configuring environment variables"; boto3 developer guide, "Configuration").
_REGION_VARIABLES = ("AWS_REGION", "AWS_DEFAULT_REGION")


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The principal of the credentials; `expires` is None for long-term credentials."""

    arn: str
    source: str
    expires: datetime | None = None

    @property
    def is_root(self) -> bool:
        """Whether the caller is the root user, which IAM cannot simulate."""
        return self.arn.endswith(":root")


def session_of(profile: str | None, region: str | None) -> boto3.Session:
    """Return a session that shares the AWS CLI's cache of assumed roles, so MFA is asked once.

    The region is `region`, that of the environment, or that of the profile, in this order.
    Raises ConfigurationError if the profile does not exist or no region is set.
    """
    try:
        core = core_session(profile)
    except ProfileNotFound as error:
        raise ConfigurationError(
            [f"{clean(str(error))}; list the profiles with aws configure list-profiles"]
        ) from error
    cache = JSONFileCache(str(Path("~/.aws/cli/cache").expanduser()))
    resolver = core.get_component("credential_provider")
    for provider in ("assume-role", "assume-role-with-web-identity"):
        resolver.get_provider(provider).cache = cache
    session = boto3.Session(botocore_session=core, region_name=region or _region_of_environment())
    if not session.region_name:
        raise ConfigurationError(
            ["no region is set: give --region, set AWS_REGION, or add one to the profile"]
        )
    return session


def _region_of_environment() -> str | None:
    """Return the region of the first variable that is set and not empty."""
    return next(filter(None, map(os.environ.get, _REGION_VARIABLES)), None)


def home_of(session: boto3.Session, sts: Any) -> Scope:  # noqa: ANN401 - the stubs know no common type
    """Return the account of the credentials and the region of the session."""
    _, partition, _, _, account_id, _ = sts.get_caller_identity()["Arn"].split(":", 5)
    return Scope(account_id, session.region_name, partition)


def caller_of(session: boto3.Session, sts: Any) -> Caller:  # noqa: ANN401 - as above
    """Return the principal of the credentials, their source and their expiry."""
    arn: str = sts.get_caller_identity()["Arn"]
    credentials = session.get_credentials()
    # The SDK has no public name for the expiry.
    expires = getattr(credentials, "_expiry_time", None)
    method = credentials.method if credentials else "nowhere"
    profile = session.profile_name
    named = profile != "default" or "AWS_PROFILE" in os.environ
    return Caller(
        arn=arn, source=f"profile {profile} ({method})" if named else method, expires=expires
    )
