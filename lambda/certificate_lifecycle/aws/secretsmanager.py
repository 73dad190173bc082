"""Secrets Manager: the secrets that exports are written to, and those that imports come from.

Neither a value nor an answer that may repeat one gets out of here unhidden: refusals are told by
their code, and their cause is cut off.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from certificate_lifecycle.aws.permissions import (
    ROTATIONS,
    Command,
    Setting,
    declare,
    for_rotations,
)
from certificate_lifecycle.aws.responses import MISREAD
from certificate_lifecycle.model.errors import ExportError, SecretUnreadableError
from certificate_lifecycle.model.scope import Scope
from certificate_lifecycle.model.secret_value import SecretStr
from certificate_lifecycle.parsing.x509 import X509Certificate
from certificate_lifecycle.policy.import_source import CertificateBundle, open_secret

_EXPORT = (Setting.EXPORT_TARGETS, Setting.REPAIR)
_READERS = (*ROTATIONS, Command.SCAN, Command.EXPLAIN)
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
        (*_READERS, Command.DRILL),
        "secretsmanager",
        ("{import_secret}",),
        Setting.IMPORT_SOURCES,
        Setting.REPAIR,
        GetSecretValue="certificates of import sources",
    ),
    *for_rotations(
        "secretsmanager", ("{export_secret}",), *_EXPORT, PutSecretValue="write to an export target"
    ),
)

#: What people can mend themselves; these refusals name actions, keys and secrets, never values.
_HARMLESS = frozenset(
    {
        "AccessDeniedException",
        "DecryptionFailure",
        "EncryptionFailure",
        "InvalidRequestException",
        "ResourceNotFoundException",
    }
)


class SecretsClient(Protocol):
    """The operations that are called."""

    def describe_secret(self, *, SecretId: str) -> Mapping[str, Any]:  # noqa: N803 - AWS's name
        """Return what is known of a secret but its value."""
        ...

    def get_secret_value(self, *, SecretId: str) -> Mapping[str, Any]:  # noqa: N803 - AWS's name
        """Return the current value."""
        ...

    def put_secret_value(
        self,
        *,
        SecretId: str,  # noqa: N803 - AWS's name
        ClientRequestToken: str,  # noqa: N803 - AWS's name
        SecretString: str,  # noqa: N803 - AWS's name
    ) -> Mapping[str, Any]:
        """Make a new version, and make it current."""
        ...


class SecretsManagerExports:
    """Export targets and passphrases, each in the region that its ARN names."""

    def __init__(self, client_for: Callable[[str], SecretsClient]) -> None:
        self._client_for = client_for

    def stages(self, secret_arn: str) -> Mapping[str, Collection[str]]:
        """Return the staging labels of the versions of a secret, by version id.

        Versions that have lost all labels may be missing (API reference, DescribeSecret).
        """
        with _refusals_hidden("DescribeSecret", secret_arn):
            answer = self._client(secret_arn).describe_secret(SecretId=secret_arn)
        stages: Mapping[str, Collection[str]] = answer.get("VersionIdsToStages", {})
        return stages

    def passphrase(self, secret_arn: str) -> SecretStr:
        """Return the passphrase that a secret holds; raises ExportError when it holds none."""
        with _refusals_hidden("GetSecretValue", secret_arn):
            answer = self._client(secret_arn).get_secret_value(SecretId=secret_arn)
        if not isinstance(answer.get("SecretString"), str):
            raise ExportError(f"{secret_arn} holds no text, so no passphrase")
        return SecretStr(answer["SecretString"])

    def put(self, secret_arn: str, token: str, document: SecretStr) -> bool:
        """Make `document` the current version; false if that version exists already.

        The token is the id of the version; with another value, as a key is encrypted differently
        each time, Secrets Manager refuses to write it again (API reference, PutSecretValue).
        """
        try:
            with _refusals_hidden("PutSecretValue", secret_arn):
                self._client(secret_arn).put_secret_value(
                    SecretId=secret_arn,
                    ClientRequestToken=token,
                    SecretString=document.get_secret_value(),
                )
        except _ExistsError:
            return False
        return True

    def _client(self, secret_arn: str) -> SecretsClient:
        return self._client_for(Scope.from_arn(secret_arn).region)


class SecretsManagerImports:
    """Import sources, each in the region that its ARN names."""

    def __init__(self, client_for: Callable[[str], SecretsClient]) -> None:
        self._client_for = client_for

    def open(self, secret_arn: str) -> tuple[X509Certificate, CertificateBundle]:
        """Return what the current text of a secret holds, and a binary one holds nothing.

        Raises UnusableSourceError, whose clause quotes nothing of the secret.
        """
        return open_secret(self._value(secret_arn))

    def _value(self, secret_arn: str) -> SecretStr:
        """Return the current text of a secret, empty for a binary one.

        Raises SecretUnreadableError, without what the SDK raised, which may quote an answer.
        """
        client = self._client_for(Scope.from_arn(secret_arn).region)
        try:
            value = client.get_secret_value(SecretId=secret_arn).get("SecretString")
            return SecretStr(value if isinstance(value, str) else "")
        except ClientError as error:
            why = _refusal(error)
        except (BotoCoreError, *MISREAD) as error:
            why = type(error).__name__
        # Raised outside of the handlers: an error keeps the one that it was raised in the face of.
        raise SecretUnreadableError(f"the secret {secret_arn} cannot be read ({why})")


class _ExistsError(ExportError):
    """The version exists."""


@contextmanager
def _refusals_hidden(operation: str, secret_arn: str) -> Iterator[None]:
    try:
        yield
    except (BotoCoreError, *MISREAD) as error:
        raise ExportError(
            f"the SDK failed at {operation} of {secret_arn}: {type(error).__name__}"
        ) from None
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceExistsException":
            raise _ExistsError(f"{secret_arn} has that version") from None
        raise ExportError(f"{operation} of {secret_arn} was refused: {_refusal(error)}") from None


def _refusal(error: ClientError) -> str:
    """Return the code of a refusal and, where that cannot quote a value, what AWS says of it."""
    details = error.response["Error"]
    code, text = details["Code"], details.get("Message")
    return f"{code}: {text}" if text and code in _HARMLESS else code
