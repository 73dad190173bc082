"""What the functions raise; the class name tells an operator where to look.

Every message is one sentence that can be shown to a person: it holds no secret and no traceback.
"""

from __future__ import annotations

from collections.abc import Sequence

from certificate_lifecycle.model.sanitize import clean_lines

#: What an error says at the most: whoever is told of a failed invocation gets it in a message of
#: 256 KB (Lambda developer guide, "Lambda quotas"), where a character may take six bytes.
_MOST_CHARACTERS = 30_000


class CertificateLifecycleError(Exception):
    """Base of everything that this package raises on purpose.

    What others have said may be part of a message: it is cleaned here, wherever it comes from.
    """

    def __init__(self, message: str) -> None:
        """Keep the sentence, without what steers a terminal or hides in a log."""
        super().__init__(clean_lines(message))


class ConfigurationError(CertificateLifecycleError):
    """The environment or the event is wrong; all faults are named at once."""

    def __init__(self, errors: Sequence[str]) -> None:
        """Join `errors` into one sentence, as many as can be passed on, and keep all of them."""
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


class ZoneNotFoundError(CertificateLifecycleError):
    """No public hosted zone that we may write holds a name."""


class ZoneAmbiguousError(CertificateLifecycleError):
    """Several public hosted zones have the same name, and only one of them is delegated to."""


class RecordConflictError(CertificateLifecycleError):
    """Something that is not ACM's stands where a validation record belongs."""


class ValidationRecordsNotReadyError(CertificateLifecycleError):
    """ACM has not named every validation record in time; the next invocation goes on from here."""


class RecordNotSupportedError(CertificateLifecycleError):
    """ACM wants a validation record of a kind that this version does not write."""


class CertificateRequestError(CertificateLifecycleError):
    """ACM refused the request, or ended it without a certificate."""


class UnexpectedResponseError(CertificateLifecycleError):
    """AWS has answered in a form that this version does not know, or has left something out."""


class CertificateNotFoundError(CertificateLifecycleError):
    """The certificate was deleted since it was listed."""


class MigrationNotPossibleError(CertificateLifecycleError):
    """ACM will not change this certificate's validation method."""


class ExportError(CertificateLifecycleError):
    """A certificate could not be exported; the message shows neither key nor passphrase."""


class SecretUnreadableError(CertificateLifecycleError):
    """A secret cannot be read; the message holds nothing of its value."""


class CertificateImportError(CertificateLifecycleError):
    """ACM did not take what was to be imported; the message holds nothing of the private key."""


class ConsumerChangedError(CertificateLifecycleError):
    """Somebody else changed a consumer meanwhile; it is left alone."""


class ConsumerBusyError(CertificateLifecycleError):
    """A consumer still carries out another change; a later run goes on."""


class StateConflictError(CertificateLifecycleError):
    """Another run holds, or has changed, the same entry of the ledger."""


class StateUnreadableError(CertificateLifecycleError):
    """An entry of the ledger is not understood: a later version, or somebody, has written it."""


class DocumentError(CertificateLifecycleError):
    """What a step of a run over an organization left is missing or cannot be read."""


class ReplacementError(CertificateLifecycleError):
    """A certificate could not be replaced, or not all of its consumers could be moved."""


class EventsRejectedError(CertificateLifecycleError):
    """EventBridge refused some events, twice; the others are on their way."""


class FindingsRejectedError(CertificateLifecycleError):
    """Security Hub refused some findings; the others are there."""


class SecurityHubNotEnabledError(CertificateLifecycleError):
    """Nobody has enabled Security Hub where findings shall go."""


class RotationError(CertificateLifecycleError):
    """Something could not be looked at, mended or told; everything else was still done."""
