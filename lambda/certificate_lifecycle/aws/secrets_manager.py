"""Secrets Manager: the current value of a secret."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from certificate_lifecycle.aws.permissions import ROTATION, Permission
from certificate_lifecycle.core.place import Place
from certificate_lifecycle.core.sources import SecretText
from certificate_lifecycle.errors import SecretUnreadableError

PERMISSIONS = (
    Permission(
        "secretsmanager:GetSecretValue", ROTATION, "mode repair: read the secrets of import_sources"
    ),
)


class SecretsClient(Protocol):
    """The one call that is made."""

    def get_secret_value(self, *, SecretId: str) -> Mapping[str, Any]:  # noqa: N803 - the API's name
        """Return the version with the label AWSCURRENT."""
        ...


class SecretsManager:
    """Secrets, each in the region that its ARN names.

    `client_for` returns the client for a region.
    """

    def __init__(self, client_for: Callable[[str], SecretsClient]) -> None:
        self._client_for = client_for

    def value(self, secret_arn: str) -> SecretText:
        """Return the current text of a secret, empty for a binary one.

        Raises SecretUnreadableError, without what the SDK raised, which may quote an answer.
        """
        client = self._client_for(Place.from_arn(secret_arn).region)
        try:
            return SecretText(client.get_secret_value(SecretId=secret_arn).get("SecretString", ""))
        except ClientError as error:
            details = error.response["Error"]
            why = f"{details['Code']}: {details.get('Message', '')}"
        except BotoCoreError as error:
            why = type(error).__name__
        # Raised outside of the handlers: an error keeps the one that it was raised in the face of.
        raise SecretUnreadableError(f"the secret {secret_arn} cannot be read ({why})")
