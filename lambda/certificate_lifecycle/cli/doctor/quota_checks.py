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
    """A quota for one type of certificate: its code in Service Quotas, and AWS's default value."""

    check: DoctorCheck
    type: CertificateType
    title: str
    code: str
    default: int


_TOTAL, _YEARLY = DoctorCheck.CERTIFICATE_QUOTA, DoctorCheck.YEARLY_QUOTA
_ISSUED = (CertificateType.AMAZON_ISSUED, "Certificates that ACM issued")
_IMPORTED = (CertificateType.IMPORTED, "Imported certificates")
#: Codes: `aws service-quotas list-service-quotas --service-code acm`. Defaults: the user guide.
QUOTAS = (
    Quota(_TOTAL, *_ISSUED, "L-F141DD1D", 2500),
    Quota(_YEARLY, *_ISSUED, "L-DA1D8B98", 5000),
    Quota(_TOTAL, *_IMPORTED, "L-D2CB7DE9", 2500),
    Quota(_YEARLY, *_IMPORTED, "L-3808DC70", 5000),
)


def certificate_quotas(
    certificates: Sequence[Certificate], quota_value: QuotaValue, scope: Scope, now: datetime
) -> Iterator[Diagnosis]:
    """Report the number of certificates and of those created in a year against each quota.

    Deleted certificates count in the year too, but are not listed.
    """
    for quota in QUOTAS:
        created = [
            certificate.created_at
            for certificate in certificates
            if certificate.type is quota.type and certificate.key_pair_origin != "ACME"
        ]
        recent = sum(time is not None and time > now - _YEAR for time in created)
        if quota.check is _YEARLY:
            count, text = recent, f"{quota.title} within 365 days: at least {recent:,}"
        else:
            count, text = len(created), f"{quota.title}: {len(created):,}"
        yield _compared(quota, scope_label(scope), text, count, quota_value(quota.code))


def _compared(quota: Quota, about: str, text: str, count: int, value: int | None) -> Diagnosis:
    limit = quota.default if value is None else value
    note = " (AWS's default; the account's own quota could not be read)" if value is None else ""
    sentence = f"{text} of {limit:,}{note}."
    if count < _NEAR * limit:
        return Diagnosis(quota.check, State.OK, about, sentence)
    delete = ", or delete expired and unused certificates" if quota.check is _TOTAL else ""
    advice = f"Request a higher quota{delete}: {quota.code} in Service Quotas."
    state = State.FAILED if count >= limit else State.WARNING
    return Diagnosis(quota.check, state, about, sentence, advice)
