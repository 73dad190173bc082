"""Secrets Manager, as far as moto does not say it: which key a secret is encrypted with."""

from __future__ import annotations

import uuid

from moto.secretsmanager.models import secretsmanager_backends


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
        version_stages=["AWSCURRENT"],
    )
