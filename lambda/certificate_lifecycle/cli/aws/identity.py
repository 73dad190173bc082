"""Whose credentials a command has."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import boto3
import botocore.session
from botocore.utils import JSONFileCache

from certificate_lifecycle.aws.permissions import COMMANDS, EVERYTHING, Permission
from certificate_lifecycle.cli.doctor.access_checks import Caller
from certificate_lifecycle.model.errors import ConfigurationError
from certificate_lifecycle.model.scope import Scope

PERMISSIONS = (
    Permission(
        "sts:GetCallerIdentity", COMMANDS, EVERYTHING, "the caller's account; cannot be denied"
    ),
)


def session_of(profile: str | None, region: str | None) -> boto3.Session:
    """Return a session as the AWS CLI would have it, so that a role with MFA asks for it once.

    Raises ConfigurationError if there is no such profile, or nothing says which region it is in.
    """
    core = botocore.session.Session(profile=profile)
    if profile is not None and profile not in core.available_profiles:
        raise ConfigurationError(
            [f"--profile: there is no {profile!r}; aws configure list-profiles names the others"]
        )
    # The AWS CLI keeps the credentials of assumed roles there, and both may go on with them.
    cache = JSONFileCache(str(Path("~/.aws/cli/cache").expanduser()))
    resolver = core.get_component("credential_provider")
    for provider in ("assume-role", "assume-role-with-web-identity"):
        resolver.get_provider(provider).cache = cache
    session = boto3.Session(botocore_session=core, region_name=region)
    if session.region_name is None:
        raise ConfigurationError(
            ["no region is set: give --region, set AWS_REGION, or add one to the profile"]
        )
    return session


def home_of(session: boto3.Session, sts: Any) -> Scope:  # noqa: ANN401 - the stubs' own type, made lazily
    """Return the account of the credentials and the region of the session."""
    arn: str = sts.get_caller_identity()["Arn"]
    return Scope(arn.split(":")[4], session.region_name, arn.split(":")[1])


def source_of(session: boto3.Session) -> str:
    """Return what the credentials come from, for people: a profile, the environment, a role."""
    credentials = session.get_credentials()
    method = credentials.method if credentials else "nowhere"
    profile = session.profile_name
    named = profile != "default" or "AWS_PROFILE" in os.environ
    return f"profile {profile} ({method})" if named else method


def caller_of(session: boto3.Session, sts: Any) -> Caller:  # noqa: ANN401 - as above
    """Return who the credentials are of, where they come from, and when they end."""
    arn: str = sts.get_caller_identity()["Arn"]
    # The SDK keeps it to itself, and credentials that last have none.
    expires = getattr(session.get_credentials(), "_expiry_time", None)
    return Caller(arn=arn, source=source_of(session), expires=expires)
