"""How far an account and region is from ACM's quotas.

Expired and revoked certificates count; those of a private CA and of ACME clients do not (AWS
Certificate Manager user guide, "Quotas").
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from certificate_lifecycle.cli.doctor.diagnosis import Check, Diagnosis, State
from certificate_lifecycle.model.certificate import Certificate, CertificateType
from certificate_lifecycle.model.scope import Scope

_YEAR = timedelta(days=365)
_NEAR = 0.8


class Quotas(Protocol):
    """The quotas of ACM in one account and region."""

    def value(self, code: str) -> int | None:
        """Return a quota; None where AWS does not tell us the account's own value."""
        ...


@dataclass(frozen=True, slots=True)
class Quota:
    """A quota by the code that Service Quotas has for it, and AWS's default."""

    code: str
    default: int


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of certificate that is counted by itself."""

    type: CertificateType
    words: str
    at_once: Quota
    a_year: Quota


#: The codes are those of the console's page and of `aws service-quotas list-service-quotas
#: --service-code acm`; the defaults are those of the user guide.
KINDS = (
    _Kind(
        CertificateType.AMAZON_ISSUED,
        "Certificates that ACM issued",
        Quota("L-F141DD1D", 2500),
        Quota("L-DA1D8B98", 5000),
    ),
    _Kind(
        CertificateType.IMPORTED,
        "Imported certificates",
        Quota("L-D2CB7DE9", 2500),
        Quota("L-3808DC70", 5000),
    ),
)


def room(
    certificates: Sequence[Certificate], quotas: Quotas, scope: Scope, now: datetime
) -> Iterator[Diagnosis]:
    """Say how many certificates there are against each quota, and how many were made in a year.

    Those that were deleted since count towards the year as well, and nothing tells of them.
    """
    about = f"{scope.account_id}/{scope.region}"
    for kind in KINDS:
        counted = [
            certificate
            for certificate in certificates
            if certificate.type is kind.type and certificate.key_pair_origin != "ACME"
        ]
        recent = [
            entry
            for entry in counted
            if entry.created_at is not None and entry.created_at > now - _YEAR
        ]
        yield _compared(
            Check.CERTIFICATE_QUOTA,
            about,
            f"{kind.words}: {len(counted):,}",
            len(counted),
            kind.at_once,
            quotas,
        )
        words = f"{kind.words} within 365 days: at least {len(recent):,}"
        yield _compared(Check.YEARLY_QUOTA, about, words, len(recent), kind.a_year, quotas)


def _compared(
    check: Check, about: str, words: str, count: int, quota: Quota, quotas: Quotas
) -> Diagnosis:
    known = quotas.value(quota.code)
    most = quota.default if known is None else known
    note = " (AWS's default; the account's own quota was not told)" if known is None else ""
    sentence = f"{words} of {most:,}{note}."
    if count < _NEAR * most:
        return Diagnosis(check, State.OK, about, sentence)
    what = "Ask AWS for a higher quota"
    if check is Check.CERTIFICATE_QUOTA:
        what += ", or delete what is expired or unused"
    state = State.FAILED if count >= most else State.WARNING
    return Diagnosis(check, state, about, sentence, f"{what}: {quota.code} in Service Quotas.")
