"""Exporting a certificate to a secret: what is due, and how nothing of it shows.

A version of the target secret is named after the certificate's ARN and serial number, so the name
alone tells, without reading a secret, whether the target holds what ACM has now.
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

#: The staging label of what readers get (Secrets Manager user guide, "Versions").
CURRENT_STAGE = "AWSCURRENT"
#: Public certificates that were requested before cannot be exported (ACM user guide, "Exportable
#: public certificates").
EXPORTABLE_SINCE = datetime(2025, 6, 17, tzinfo=UTC)
#: ExportCertificate, `Passphrase`: 4 to 128 ASCII characters without these.
_PASSPHRASE_LENGTH = range(4, 129)
_REFUSED_CHARACTERS = frozenset("#$%")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportTarget:
    """The secret that receives a certificate, and the one with the passphrase of its key.

    `renew_public` allows to pay for each renewal of a public certificate; private ones cost
    nothing.
    """

    certificate_arn: str
    secret_arn: str
    passphrase_secret_arn: str
    renew_public: bool = False


class TargetState(StrEnum):
    """How a target stands to what ACM has now; `UNREAD` where we may not or could not look."""

    CURRENT = "current"
    OUTDATED = "outdated"
    ROLLED_BACK = "rolled back"
    NOT_POSSIBLE = "not possible"
    UNREAD = "unread"


@dataclass(frozen=True, slots=True)
class TargetFinding:
    """What was found at a target; `blocked_reason` says why an export is impossible."""

    target: ExportTarget
    state: TargetState
    blocked_reason: str = ""

    @property
    def has_problem(self) -> bool:
        """Whether the target is not what it should be."""
        return self.state not in (TargetState.CURRENT, TargetState.UNREAD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What ACM hands out; the key is encrypted PKCS#8 and hidden all the same."""

    certificate: str
    chain: str
    private_key: SecretStr


class RenewalStep(Enum):
    """What should become of a copy that ends soon."""

    NOT_DUE = auto()
    IN_PROGRESS = auto()
    NOT_ALLOWED = auto()
    DUE = auto()


def is_exportable_now(certificate: Certificate, now: datetime) -> bool:
    """Whether there is something to export: issued, and not past its end."""
    if certificate.status is not CertificateStatus.ISSUED or certificate.not_after is None:
        return False
    return certificate.not_after > now


def blocked_reason(certificate: Certificate) -> str | None:
    """Return why ACM would never export `certificate`, or None if it would."""
    if certificate.key_pair_origin == "ACME":
        return "an ACME client has its key"
    if certificate.managed_by is not None:
        return f"{certificate.managed_by} manages it"
    match certificate.type:
        case CertificateType.PRIVATE:
            return None
        case CertificateType.IMPORTED:
            return "it was imported, and whoever imported it has its key"
        case CertificateType.NOT_UNDERSTOOD:
            return "its type is not understood"
    if certificate.exportable:
        return None
    if certificate.created_at is not None and certificate.created_at < EXPORTABLE_SINCE:
        return f"public certificates requested before {EXPORTABLE_SINCE:%Y-%m-%d} never can be"
    return "it was requested without the export option, which cannot be changed later"


def version_token(certificate_arn: str, serial: str) -> str:
    """Return the id of the secret's version that holds this issue of the certificate.

    It is the `ClientRequestToken`, which has 32 to 64 characters: the same issue can be written
    only once.
    """
    return hashlib.sha256(f"{certificate_arn} {serial}".encode()).hexdigest()


def target_state(token: str, stages: Mapping[str, Collection[str]]) -> TargetState:
    """Compare a target's versions, by their staging labels, with the one that should be there."""
    if token not in stages:
        return TargetState.OUTDATED
    return TargetState.CURRENT if CURRENT_STAGE in stages[token] else TargetState.ROLLED_BACK


def passphrase_error(passphrase: SecretStr) -> str | None:
    """Return what ACM would refuse about a passphrase, in words that do not show it."""
    text = passphrase.get_secret_value()
    if not text.isascii() or _REFUSED_CHARACTERS & set(text):
        return "must hold ASCII characters only, and none of #, $ and %"
    if len(text) not in _PASSPHRASE_LENGTH:
        return "must have 4 to 128 characters"
    return None


def secret_document(certificate: Certificate, serial: str, exported: Exported) -> SecretStr:
    """Return what the target secret shall hold."""
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
    """Say whether `certificate`, just described, should be renewed for its copy outside AWS.

    Whatever was renewed since ends later and is not due; what is being renewed is left to it.
    """
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
