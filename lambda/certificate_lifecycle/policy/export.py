"""Export of a certificate to a secret.

The id of a secret's version is derived from the certificate's ARN and serial number, so that the
target can be compared with ACM without reading the secret.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, StrEnum, auto

from certificate_lifecycle.model.certificate import (
    Certificate,
    CertificateStatus,
    CertificateType,
    RenewalStatus,
)
from certificate_lifecycle.model.secret_value import SecretStr
from certificate_lifecycle.policy.thresholds import Thresholds, is_within

#: The staging label of the version that readers get (Secrets Manager user guide, "Versions").
CURRENT_STAGE = "AWSCURRENT"
#: Earlier public certificates cannot be exported (ACM user guide, "Exportable public
#: certificates").
EXPORTABLE_SINCE = datetime(2025, 6, 17, tzinfo=UTC)
#: ExportCertificate, `Passphrase`: 4 to 128 ASCII characters without these.
_PASSPHRASE_LENGTH = range(4, 129)
_FORBIDDEN_CHARACTERS = frozenset("#$%")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportTarget:
    """The secret that receives a certificate, and the one with the passphrase of its key.

    `renew_public` allows renewals of a public certificate, which cost money.
    """

    certificate_arn: str
    secret_arn: str
    passphrase_secret_arn: str
    renew_public: bool = False


class TargetState(StrEnum):
    """A target compared with ACM; `UNREAD` if it may not be read, as in mode `notify`."""

    CURRENT = "current"
    OUTDATED = "outdated"
    ROLLED_BACK = "rolled back"
    NOT_POSSIBLE = "not possible"
    MISSING = "missing"
    UNREADABLE = "unreadable"
    UNREAD = "unread"


@dataclass(frozen=True, slots=True)
class TargetFinding:
    """The state of a target; `blocked_reason` says why an export is impossible, as a clause."""

    target: ExportTarget
    state: TargetState
    blocked_reason: str = ""

    @property
    def has_problem(self) -> bool:
        """Whether the target lacks the current version, or cannot get it."""
        return self.state not in (TargetState.CURRENT, TargetState.UNREAD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """The response of ExportCertificate; the key is encrypted PKCS#8."""

    certificate: str
    chain: str
    private_key: SecretStr


class RenewalStep(Enum):
    """Whether to renew a certificate for its exported copy."""

    NOT_DUE = auto()
    IN_PROGRESS = auto()
    NOT_ALLOWED = auto()
    DUE = auto()


def is_exportable_now(certificate: Certificate, now: datetime) -> bool:
    """Whether it is issued and has not expired."""
    if certificate.status is not CertificateStatus.ISSUED or certificate.not_after is None:
        return False
    return certificate.not_after > now


def blocked_reason(certificate: Certificate) -> str | None:
    """Return why ACM never exports `certificate`, or None if it does."""
    if certificate.key_pair_origin == "ACME":
        return "its key is held by an ACME client"
    if certificate.managed_by is not None:
        return f"{certificate.managed_by} manages it"
    match certificate.type:
        case CertificateType.PRIVATE:
            return None
        case CertificateType.IMPORTED:
            return "it was imported, so its key is available elsewhere"
        case CertificateType.NOT_UNDERSTOOD:
            return "its type is unknown"
    if certificate.exportable:
        return None
    if certificate.created_at is not None and certificate.created_at < EXPORTABLE_SINCE:
        return f"it is public and was requested before {EXPORTABLE_SINCE:%Y-%m-%d}"
    return "it was requested without the export option, which cannot be changed later"


def version_token(certificate_arn: str, serial: str) -> str:
    """Return the id of the secret's version for this version of the certificate.

    As the `ClientRequestToken`, of 32 to 64 characters, it prevents a second write.
    """
    return hashlib.sha256(f"{certificate_arn} {serial}".encode()).hexdigest()


def target_state(token: str, stages: Mapping[str, Collection[str]]) -> TargetState:
    """Return the state of a target from the staging labels of its versions."""
    if token not in stages:
        return TargetState.OUTDATED
    return TargetState.CURRENT if CURRENT_STAGE in stages[token] else TargetState.ROLLED_BACK


def passphrase_error(passphrase: SecretStr) -> str | None:
    """Return why ACM would reject a passphrase, without quoting it."""
    text = passphrase.get_secret_value()
    if not text.isascii() or _FORBIDDEN_CHARACTERS & set(text):
        return "must contain only ASCII characters without #, $ and %"
    if len(text) not in _PASSPHRASE_LENGTH:
        return "must have 4 to 128 characters"
    return None


def secret_document(certificate: Certificate, serial: str, exported: Exported) -> SecretStr:
    """Return the contents of the target secret."""
    ends = certificate.not_after.isoformat() if certificate.not_after else None
    document = {
        "certificate": exported.certificate,
        "chain": exported.chain,
        "private_key": exported.private_key.get_secret_value(),
        "serial": serial,
        "certificate_arn": certificate.arn,
        "not_after": ends,
    }
    return SecretStr(json.dumps(document))


def renewal_step(
    certificate: Certificate, target: ExportTarget, thresholds: Thresholds, now: datetime
) -> RenewalStep:
    """Return whether to renew a `certificate` that was just described for its exported copy."""
    if not is_within(certificate, thresholds.effective(certificate), now):
        return RenewalStep.NOT_DUE
    renewal = certificate.detail.renewal
    if renewal is not None and renewal.status in (
        RenewalStatus.PENDING_AUTO_RENEWAL,
        RenewalStatus.PENDING_VALIDATION,
    ):
        return RenewalStep.IN_PROGRESS
    if certificate.type is not CertificateType.PRIVATE and not target.renew_public:
        return RenewalStep.NOT_ALLOWED
    return RenewalStep.DUE
