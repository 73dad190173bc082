"""The errors that the functions raise.

Every message is one sentence for an operator, without secrets and tracebacks.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from certificate_lifecycle.model.sanitize import clean_lines

#: Limit of a message: Lambda sends it in an event of 256 KB (Lambda developer guide, "Lambda
#: quotas"), where a character may take six bytes.
_MOST_CHARACTERS = 30_000
#: Where a word begins in the name of a class, such as `SSLError`.
_NEXT_WORD = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def kind_of(error: BaseException) -> str:
    """Return the kind of an error in words, for a message that must not quote its text."""
    return _NEXT_WORD.sub(" ", type(error).__name__).lower()


class CertificateLifecycleError(Exception):
    """Base of everything that this package raises on purpose."""

    def __init__(self, message: str) -> None:
        """Remove control characters from the message, which may quote AWS or a caller."""
        super().__init__(clean_lines(message))


class ConfigurationError(CertificateLifecycleError):
    """The environment or the event is wrong; the message lists every error."""

    def __init__(self, errors: Sequence[str]) -> None:
        """Join as many `errors` as fit into the message, and keep all of them."""
        self.errors = tuple(clean_lines(error) for error in errors)
        super().__init__(_joined(self.errors))


def _joined(errors: Sequence[str]) -> str:
    shown: list[str] = []
    size = 0
    for error in errors:
        size += len(error) + len("; ")
        if size > _MOST_CHARACTERS:
            break
        shown.append(error)
    more = len(errors) - len(shown)
    return "; ".join([*shown, *([f"and {more:,} more"] if more else [])])


class ZoneError(CertificateLifecycleError):
    """The validation record of a name cannot be written into the zone that public DNS queries."""


class ZoneNotFoundError(ZoneError):
    """No writable public hosted zone contains the name."""


class ZoneAmbiguousError(ZoneError):
    """Several public hosted zones have the same name, and only one of them is delegated."""


class NameDelegatedError(ZoneError):
    """A hosted zone delegates the name to name servers of no hosted zone that may be written."""


class IssuanceForbiddenError(CertificateLifecycleError):
    """CAA records or broken DNSSEC forbid Amazon to issue; nothing was requested."""


class RecordConflictError(CertificateLifecycleError):
    """A record that is not ACM's has the name of a validation record."""


class PublicDnsUnknownError(CertificateLifecycleError):
    """Public resolvers did not answer a query, or not in the same way."""


class DnssecBrokenError(CertificateLifecycleError):
    """Public resolvers reject the signatures of a name, as a CA has to."""


class CertificateNotIssuedError(CertificateLifecycleError):
    """ACM has not issued the certificate in time; the next invocation finds it and waits on."""


class DeletionRefusedError(CertificateLifecycleError):
    """A certificate must not be deleted: its use is unknown, or this instance did not issue it."""


class CertificateInUseError(CertificateLifecycleError):
    """A certificate that is to be deleted is still in use; the next invocation waits on."""


class ValidationRecordsNotReadyError(CertificateLifecycleError):
    """ACM has not named every validation record in time; the next invocation continues."""


class RecordNotSupportedError(CertificateLifecycleError):
    """ACM requires a validation record of a type that this version does not write."""


class CertificateRequestError(CertificateLifecycleError):
    """ACM rejected the request, or ended it without a certificate."""


class UnexpectedResponseError(CertificateLifecycleError):
    """A response from AWS is incomplete or has an unknown form."""


class CertificateNotFoundError(CertificateLifecycleError):
    """The certificate was deleted since it was listed."""


class PointerNotFoundError(CertificateLifecycleError):
    """The SSM parameter for the ARN of a certificate does not exist; only Terraform creates it."""


class MigrationNotPossibleError(CertificateLifecycleError):
    """ACM does not change the validation method of this certificate."""


class ExportError(CertificateLifecycleError):
    """A certificate could not be exported; the message contains neither key nor passphrase."""


class SecretUnreadableError(CertificateLifecycleError):
    """A secret cannot be read; the message contains nothing of its value."""


class SecretMissingError(CertificateLifecycleError):
    """A secret does not exist, is marked for deletion, or has no value; the message has a remedy.

    Only an answer of Secrets Manager says so. A refused call, such as by IAM, proves nothing.
    """


class CertificateImportError(CertificateLifecycleError):
    """ACM rejected an import; the message contains nothing of the private key."""


class ConsumerChangedError(CertificateLifecycleError):
    """A consumer was changed by someone else in the meantime; the module does not change it."""


class ConsumerBusyError(CertificateLifecycleError):
    """A consumer is still applying another change; a later run continues."""


class ManualStepRequiredError(CertificateLifecycleError):
    """A consumer cannot be changed until a person has done something first.

    The first line says what prevents the change; the other lines are the steps. It is no failure:
    the change stays planned.
    """


class UnknownSettingError(ManualStepRequiredError):
    """A write would remove a setting that the SDK does not know; nothing was written."""


class CertificateRefusedError(CertificateLifecycleError):
    """A service does not accept this certificate for a consumer; another one may be accepted."""


class StateConflictError(CertificateLifecycleError):
    """Another run has claimed or changed the same entry of the state table."""


class StateUnreadableError(CertificateLifecycleError):
    """An entry of the state table is invalid: a later version, or a person, has written it."""


class DocumentError(CertificateLifecycleError):
    """A document of an organization run is missing or cannot be read."""


class ReplacementError(CertificateLifecycleError):
    """A certificate could not be replaced, or not all of its consumers could be moved."""


class EventsRejectedError(CertificateLifecycleError):
    """EventBridge rejected some events twice and accepted the others."""


class FindingsRejectedError(CertificateLifecycleError):
    """Security Hub rejected some findings and accepted the others."""


class SecurityHubNotEnabledError(CertificateLifecycleError):
    """Security Hub is not enabled in the account and region."""


class RotationError(CertificateLifecycleError):
    """A scan, a repair or a notification failed; everything else was still done."""
