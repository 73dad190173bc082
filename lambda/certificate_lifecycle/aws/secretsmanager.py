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
from certificate_lifecycle.aws.responses import DENIED, MISREAD, error_code, unless
from certificate_lifecycle.model.errors import ExportError, SecretUnreadableError, kind_of
from certificate_lifecycle.model.scope import Scope
from certificate_lifecycle.model.secret_value import SecretStr
from certificate_lifecycle.policy.import_source import ImportCandidate, open_secret
from certificate_lifecycle.policy.missing_secret import Absence, SecretInput, missing

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

_NOT_FOUND = "ResourceNotFoundException"
#: Codes of a call that IAM, the policy of the secret, or that of its key denies.
_DENIED = DENIED | {"DecryptionFailure", "EncryptionFailure"}
#: Errors that the user can fix; their messages name actions, keys and secrets, never values.
_WITHOUT_VALUES = frozenset(
    {
        "AccessDeniedException",
        "DecryptionFailure",
        "EncryptionFailure",
        "InvalidRequestException",
        _NOT_FOUND,
    }
)


class SecretsManagerExports:
    """Export targets and passphrases, each in the region of its ARN."""

    def __init__(self, client_for: Callable[[str], Any]) -> None:
        self._client_for = client_for

    def stages(self, secret_arn: str) -> Mapping[str, Collection[str]]:
        """Return the staging labels of the versions of a secret, by version id.

        Versions without labels may be missing (API reference, DescribeSecret).
        Raises SecretMissingError, also for a secret that is marked for deletion: AWS describes the
        secret with a DeletedDate, and refuses to write a value.
        """
        with _without_values("DescribeSecret", secret_arn):
            answer = unless(
                _NOT_FOUND, lambda: self._client(secret_arn).describe_secret(SecretId=secret_arn)
            )
        if answer is None:
            raise missing(secret_arn, Absence.NOT_FOUND, SecretInput.EXPORT_TARGETS)
        if answer.get("DeletedDate") is not None:
            raise missing(secret_arn, Absence.MARKED_FOR_DELETION, SecretInput.EXPORT_TARGETS)
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

        Raises SecretMissingError, SecretUnreadableError and UnusableSourceError; none quotes the
        secret.
        """
        return open_secret(self._value(secret_arn))

    def _value(self, secret_arn: str) -> SecretStr:
        """Return the current text of a secret, empty for a binary secret."""
        client = self._client_for(Scope.from_arn(secret_arn).region)
        absence, step = None, ""
        try:
            value = client.get_secret_value(SecretId=secret_arn).get("SecretString")
            return SecretStr(value if isinstance(value, str) else "")
        except ClientError as error:
            reason, absence = _reason(error), _absence(error)
            step = _next_step(error, secret_arn)
        except (BotoCoreError, *MISREAD) as error:
            reason = kind_of(error)
        # Raised outside the handlers, whose errors would become its context.
        if absence is not None:
            raise missing(secret_arn, absence, SecretInput.IMPORT_SOURCES)
        raise SecretUnreadableError(f"the secret {secret_arn} cannot be read ({reason}){step}")


@contextmanager
def _without_values(operation: str, secret_arn: str) -> Iterator[None]:
    try:
        yield
    except (BotoCoreError, *MISREAD) as error:
        raise ExportError(
            f"the SDK failed at {operation} of {secret_arn}: {kind_of(error)}"
        ) from None
    except ClientError as error:
        reason = f"{_reason(error)}{_next_step(error, secret_arn)}"
        raise ExportError(f"{operation} of {secret_arn} was refused: {reason}") from None


def _absence(error: ClientError) -> Absence | None:
    """Return how an error of GetSecretValue says that a secret is missing; None for other errors.

    The codes have several causes, which only the messages tell apart.
    """
    code, text = error_code(error), error.response["Error"].get("Message", "")
    if code == _NOT_FOUND:
        return Absence.NO_VALUE if "secret value" in text else Absence.NOT_FOUND
    marked = code == "InvalidRequestException" and "marked for deletion" in text
    return Absence.MARKED_FOR_DELETION if marked else None


def _reason(error: ClientError) -> str:
    """Return the code of an error, with its message if that cannot quote a value."""
    details = error.response["Error"]
    code, text = details["Code"], details.get("Message")
    return f"{code}: {text}" if text and code in _WITHOUT_VALUES else code


def _next_step(error: ClientError, secret_arn: str) -> str:
    """Return the command that shows who may use a secret, as a clause; empty for other errors."""
    if error_code(error) not in _DENIED:
        return ""
    region = Scope.from_arn(secret_arn).region
    command = f"aws secretsmanager get-resource-policy --region {region} --secret-id {secret_arn}"
    return f"; compare the role with the policies of the secret and of its key: `{command}`"
