"""Secrets Manager: the secrets of export targets and import sources.

Values leave this module as `SecretStr` only.
Errors have the error code and no cause, because a response may quote a value.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from certificate_lifecycle.aws.permissions import (
    DRILLS,
    ROTATIONS,
    Command,
    Setting,
    declare,
    for_rotations,
)
from certificate_lifecycle.aws.responses import MISREAD, unless
from certificate_lifecycle.model.errors import ExportError, SecretUnreadableError, kind_of
from certificate_lifecycle.model.scope import Scope
from certificate_lifecycle.model.secret_value import SecretStr
from certificate_lifecycle.policy.import_source import ImportCandidate, open_secret

_EXPORT = (Setting.EXPORT_TARGETS,)
_READERS = (*ROTATIONS, Command.SCAN, Command.EXPLAIN, *DRILLS)
PERMISSIONS = (
    *declare(
        _READERS,
        "secretsmanager",
        ("{export_secret}",),
        *_EXPORT,
        DescribeSecret="which version an export target has, without its value",
    ),
    *for_rotations(
        "secretsmanager",
        ("{passphrase_secret}",),
        *_EXPORT,
        GetSecretValue="passphrases of export targets",
    ),
    *declare(
        _READERS,
        "secretsmanager",
        ("{import_secret}",),
        Setting.IMPORT_SOURCES,
        GetSecretValue="certificates of import sources",
    ),
    *for_rotations(
        "secretsmanager", ("{export_secret}",), *_EXPORT, PutSecretValue="write to an export target"
    ),
)

#: Errors that the user can fix; their messages name actions, keys and secrets, never values.
_WITHOUT_VALUES = frozenset(
    {
        "AccessDeniedException",
        "DecryptionFailure",
        "EncryptionFailure",
        "InvalidRequestException",
        "ResourceNotFoundException",
    }
)


class SecretsManagerExports:
    """Export targets and passphrases, each in the region of its ARN."""

    def __init__(self, client_for: Callable[[str], Any]) -> None:
        self._client_for = client_for

    def stages(self, secret_arn: str) -> Mapping[str, Collection[str]]:
        """Return the staging labels of the versions of a secret, by version id.

        Versions without labels may be missing (API reference, DescribeSecret).
        """
        with _without_values("DescribeSecret", secret_arn):
            answer = self._client(secret_arn).describe_secret(SecretId=secret_arn)
        stages: Mapping[str, Collection[str]] = answer.get("VersionIdsToStages", {})
        return stages

    def passphrase(self, secret_arn: str) -> SecretStr:
        """Return the passphrase in a secret; raises ExportError if the secret has no text."""
        with _without_values("GetSecretValue", secret_arn):
            answer = self._client(secret_arn).get_secret_value(SecretId=secret_arn)
        if not isinstance(answer.get("SecretString"), str):
            raise ExportError(f"{secret_arn} has no text, so no passphrase")
        return SecretStr(answer["SecretString"])

    def put(self, secret_arn: str, token: str, document: SecretStr) -> bool:
        """Make `document` the current version; false if the version exists.

        The token is the id of the version.
        Secrets Manager refuses another value under the same id (API reference, PutSecretValue); a
        repeated export has one, because a key is encrypted differently each time.
        """
        with _without_values("PutSecretValue", secret_arn):
            written = unless(
                "ResourceExistsException",
                lambda: self._client(secret_arn).put_secret_value(
                    SecretId=secret_arn,
                    ClientRequestToken=token,
                    SecretString=document.get_secret_value(),
                ),
            )
        return written is not None

    def _client(self, secret_arn: str) -> Any:  # noqa: ANN401 - no stubs of this service
        return self._client_for(Scope.from_arn(secret_arn).region)


class SecretsManagerImports:
    """Import sources, each in the region of its ARN."""

    def __init__(self, client_for: Callable[[str], Any]) -> None:
        self._client_for = client_for

    def open(self, secret_arn: str) -> ImportCandidate:
        """Return the version in the current text of a secret, with its bundle.

        Raises SecretUnreadableError and UnusableSourceError; neither quotes the secret.
        """
        return open_secret(self._value(secret_arn))

    def _value(self, secret_arn: str) -> SecretStr:
        """Return the current text of a secret, empty for a binary secret."""
        client = self._client_for(Scope.from_arn(secret_arn).region)
        try:
            value = client.get_secret_value(SecretId=secret_arn).get("SecretString")
            return SecretStr(value if isinstance(value, str) else "")
        except ClientError as error:
            reason = _reason(error)
        except (BotoCoreError, *MISREAD) as error:
            reason = kind_of(error)
        # Raised outside the handlers, whose errors would become its context.
        raise SecretUnreadableError(f"the secret {secret_arn} cannot be read ({reason})")


@contextmanager
def _without_values(operation: str, secret_arn: str) -> Iterator[None]:
    try:
        yield
    except (BotoCoreError, *MISREAD) as error:
        raise ExportError(
            f"the SDK failed at {operation} of {secret_arn}: {kind_of(error)}"
        ) from None
    except ClientError as error:
        raise ExportError(f"{operation} of {secret_arn} was refused: {_reason(error)}") from None


def _reason(error: ClientError) -> str:
    """Return the code of an error, with its message if that cannot quote a value."""
    details = error.response["Error"]
    code, text = details["Code"], details.get("Message")
    return f"{code}: {text}" if text and code in _WITHOUT_VALUES else code
