"""The number of certificates against ACM's quotas.

Expired and revoked certificates count; those of a private CA and of ACME clients do not (AWS
Certificate Manager user guide, "Quotas").
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from certificate_lifecycle.cli.doctor.diagnosis import (
    Diagnosis,
    DoctorCheck,
    State,
    scope_label,
)
from certificate_lifecycle.model.certificate import Certificate, CertificateType
from certificate_lifecycle.model.scope import Scope

_YEAR = timedelta(days=365)
_NEAR = 0.8

#: Returns the account's own quota by its code; None if it cannot be read.
QuotaValue = Callable[[str], int | None]


@dataclass(frozen=True, slots=True)
class Quota:
    """A quota: its code in Service Quotas, and AWS's default value."""

    code: str
    default: int


@dataclass(frozen=True, slots=True)
class QuotaGroup:
    """A type of certificate with quotas of its own: all that exist, and new ones in a year."""

    type: CertificateType
    title: str
    total: Quota
    yearly: Quota


#: Codes: `aws service-quotas list-service-quotas --service-code acm`. Defaults: the user guide.
QUOTA_GROUPS = (
    QuotaGroup(
        CertificateType.AMAZON_ISSUED,
        "Certificates that ACM issued",
        Quota("L-F141DD1D", 2500),
        Quota("L-DA1D8B98", 5000),
    ),
    QuotaGroup(
        CertificateType.IMPORTED,
        "Imported certificates",
        Quota("L-D2CB7DE9", 2500),
        Quota("L-3808DC70", 5000),
    ),
)


def certificate_quotas(
    certificates: Sequence[Certificate], quota_value: QuotaValue, scope: Scope, now: datetime
) -> Iterator[Diagnosis]:
    """Report the number of certificates and of those created in a year against each quota.

    Deleted certificates count in the year too, but are not listed.
    """
    for group in QUOTA_GROUPS:
        counted = [
            certificate
            for certificate in certificates
            if certificate.type is group.type and certificate.key_pair_origin != "ACME"
        ]
        recent = sum(
            certificate.created_at is not None and certificate.created_at > now - _YEAR
            for certificate in counted
        )
        total = f"{group.title}: {len(counted):,}"
        yearly = f"{group.title} within 365 days: at least {recent:,}"
        for check, text, count, quota in (
            (DoctorCheck.CERTIFICATE_QUOTA, total, len(counted), group.total),
            (DoctorCheck.YEARLY_QUOTA, yearly, recent, group.yearly),
        ):
            value = quota_value(quota.code)
            yield _compared(check, scope_label(scope), text, count, quota, value)


def _compared(
    check: DoctorCheck, about: str, text: str, count: int, quota: Quota, value: int | None
) -> Diagnosis:
    limit = quota.default if value is None else value
    note = " (AWS's default; the account's own quota could not be read)" if value is None else ""
    sentence = f"{text} of {limit:,}{note}."
    if count < _NEAR * limit:
        return Diagnosis(check, State.OK, about, sentence)
    delete = ", or delete expired and unused certificates"
    advice = f"Request a higher quota{delete if check is DoctorCheck.CERTIFICATE_QUOTA else ''}"
    state = State.FAILED if count >= limit else State.WARNING
    return Diagnosis(check, state, about, sentence, f"{advice}: {quota.code} in Service Quotas.")
