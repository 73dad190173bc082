"""Secrets Manager, as far as moto 5.2.5 lacks it: the keys of secrets, and what AWS refuses.

A secret that is marked for deletion is refused by every call that reads or writes a value, but not
by DescribeSecret, which returns its DeletedDate (API reference, errors of each operation).
moto writes values of such a secret, and refuses the others in words of its own; those of AWS are
in https://github.com/external-secrets/external-secrets/issues/4560.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping

from moto.secretsmanager.models import FakeSecret, ReplicaSecret, secretsmanager_backends

from tests.embedded_aws.protocol import AwsError, Request

CURRENT = "AWSCURRENT"


def secret_key(arn: str) -> str | None:
    """Find the ARN of the customer managed key of a secret, if it has one.

    https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html
    """
    parts = arn.split(":")
    if len(parts) < 7:  # a bare name
        return None
    _, partition, _, region, account = parts[:5]
    secret = secretsmanager_backends[account][region].secrets.get(arn)
    key = str(getattr(secret, "kms_key_id", None) or "")
    if not key or key.endswith("alias/aws/secretsmanager"):
        return None
    return key if key.startswith("arn:") else f"arn:{partition}:kms:{region}:{account}:key/{key}"


def write_secret(arn: str, text: str) -> None:
    """Write a new version like an external tool, without a recorded call."""
    _, _, _, region, account = arn.split(":")[:5]
    secretsmanager_backends[account][region].put_secret_value(
        secret_id=arn,
        secret_string=text,
        secret_binary="",
        client_request_token=str(uuid.uuid4()),
        version_stages=[CURRENT],
    )


def check_writable(request: Request) -> None:
    """Refuse a secret that is marked for deletion."""
    secret = _secret(request)
    if secret is not None and secret.is_deleted():
        raise AwsError(
            "InvalidRequestException",
            "You can't perform this operation on the secret because it was marked for deletion.",
        )


def check_readable(request: Request) -> None:
    """Refuse a secret that is marked for deletion, or has no version with the label.

    The label is AWSCURRENT unless the request names one, or a version (API reference,
    GetSecretValue).
    """
    check_writable(request)
    secret = _secret(request)
    if secret is None or "VersionId" in request.parameters:
        return
    stage = request.parameters.get("VersionStage", CURRENT)
    if not any(stage in version["version_stages"] for version in secret.versions.values()):
        raise AwsError(
            "ResourceNotFoundException",
            f"Secrets Manager can't find the specified secret value for staging label: {stage}",
        )


def _secret(request: Request) -> FakeSecret | ReplicaSecret | None:
    backend = secretsmanager_backends[request.account][request.region]
    return backend.secrets.get(request.parameters["SecretId"])


RULES: Mapping[tuple[str, str], Callable[[Request], None]] = {
    ("secretsmanager", "GetSecretValue"): check_readable,
    ("secretsmanager", "PutSecretValue"): check_writable,
    ("secretsmanager", "UpdateSecret"): check_writable,
    ("secretsmanager", "UpdateSecretVersionStage"): check_writable,
}
