"""What has to be read about a certificate before it is judged."""

from __future__ import annotations

import pytest

from certificate_lifecycle.model.certificate import (
    Certificate,
    CertificateDetail,
    CertificateStatus,
    CertificateType,
    RenewalStatus,
)
from certificate_lifecycle.policy.chain import (
    needs_detail,
    wants_records,
)
from certificate_lifecycle.policy.thresholds import Thresholds, lacks_future
from tests.unit.builders import (
    APPROVAL,
    EXPIRED,
    FAILED,
    NOW,
    REVOKED,
    SECOND,
    TIMED_OUT,
    blocked,
    certificate,
    days,
    imported,
    private,
    renewal,
    renewing,
    request,
    validation,
)

USUAL = Thresholds()


def authority(status: CertificateStatus) -> Certificate:
    return certificate(type=CertificateType.PRIVATE_AUTHORITY, status=status)


DETAIL_NEEDED = {
    "a used certificate inside ACM's window": certificate(ends_in=days(45)),
    "a private certificate inside its longer window": private(ends_in=days(60)),
    "an imported certificate inside the threshold": imported(ends_in=days(29)),
    "an exported certificate inside ACM's window": certificate(
        ends_in=days(40), in_use=False, exported=True
    ),
    "an imported certificate that nothing uses, near its end": imported(
        ends_in=days(29), in_use=False
    ),
    "an expired certificate in use": certificate(status=EXPIRED, ends_in=-days(1)),
    "a revoked certificate in use": certificate(status=REVOKED),
    "a stuck request": request(),
    "a request of unknown age": request(created_at=None),
    "a failed request": request(status=FAILED),
    "a request that timed out lately": request(status=TIMED_OUT, created_at=NOW - days(3)),
    "a private CA, whose permissions no listing shows": authority(CertificateStatus.ISSUED),
    "a declared certificate whose pointer was not read": certificate(
        type=CertificateType.DECLARED, status=CertificateStatus.INACTIVE
    ),
    "a domain of an ACME endpoint": certificate(type=CertificateType.ACME_DOMAIN_VALIDATION),
    "an ACME endpoint whose parts were not listed": certificate(type=CertificateType.ACME_ENDPOINT),
}
LISTING_IS_ENOUGH = {
    "a used certificate outside ACM's window": certificate(ends_in=days(45) + SECOND),
    "an imported certificate before the threshold": imported(ends_in=days(31)),
    "a managed certificate that nothing uses": certificate(in_use=False, ends_in=days(1)),
    "an expired certificate that nothing uses": certificate(
        status=EXPIRED, ends_in=-days(1), in_use=False
    ),
    "a revoked certificate that nothing uses": certificate(status=REVOKED, in_use=False),
    "a fresh request": request(created_at=NOW - days(0.9)),
    "a request that timed out long ago": request(status=TIMED_OUT, created_at=NOW - days(30)),
    "an inactive certificate": certificate(status=CertificateStatus.INACTIVE),
    "a status that came later": certificate(status=CertificateStatus.NOT_UNDERSTOOD),
    "an issued certificate without an end": certificate(ends_in=None),
    "a private CA that is disabled": authority(CertificateStatus.INACTIVE),
    "a declared certificate whose pointer was read": certificate(
        type=CertificateType.DECLARED,
        status=CertificateStatus.INACTIVE,
        detail=CertificateDetail(),
    ),
    "a binding of an ACME endpoint": certificate(
        type=CertificateType.ACME_ACCOUNT_BINDING, detail=CertificateDetail()
    ),
}


@pytest.mark.parametrize("listed", DETAIL_NEEDED.values(), ids=DETAIL_NEEDED)
def test_a_candidate_is_described(listed: Certificate) -> None:
    assert needs_detail(listed, USUAL, NOW)


def test_a_request_that_timed_out_is_described_until_it_was_reported_for_a_week() -> None:
    failed = request(status=TIMED_OUT, created_at=NOW - days(29))
    assert needs_detail(failed, USUAL, NOW)
    assert needs_detail(failed, USUAL, NOW, NOW - days(7) + SECOND)
    assert not needs_detail(failed, USUAL, NOW, NOW - days(7))


@pytest.mark.parametrize("listed", LISTING_IS_ENOUGH.values(), ids=LISTING_IS_ENOUGH)
def test_what_the_listing_decides_is_not_described(listed: Certificate) -> None:
    assert not needs_detail(listed, USUAL, NOW)


def test_a_wider_threshold_describes_earlier() -> None:
    early = Thresholds(expiration=days(100), fraction=1.0)
    assert needs_detail(imported(ends_in=days(99)), early, NOW)


def test_the_records_of_a_pending_dns_validation_are_read() -> None:
    assert wants_records(blocked())
    assert wants_records(certificate(type=CertificateType.ACME_DOMAIN_VALIDATION))
    assert wants_records(request(detail=CertificateDetail(validations=(validation(),))))


@pytest.mark.parametrize(
    "seen",
    [
        certificate(),
        renewing(APPROVAL),
        renewing(renewal(RenewalStatus.SUCCESS, None, validation())),
        renewing(renewal(RenewalStatus.PENDING_VALIDATION, None, validation(validated=True))),
        request(),
    ],
    ids=["nothing pends", "by e-mail", "renewed", "every name is validated", "not described"],
)
def test_no_records_are_read_where_acm_waits_for_none(seen: Certificate) -> None:
    assert not wants_records(seen)


LACKING = {
    "an imported certificate inside the threshold": (imported(ends_in=days(30)), True),
    "an imported certificate before it": (imported(ends_in=days(30) + SECOND), False),
    "an imported certificate that nothing uses": (imported(in_use=False), False),
    "a managed certificate that nothing uses": (certificate(in_use=False), True),
    "a managed certificate that ACM still has time for": (certificate(ends_in=days(31)), False),
    "an overdue one": (certificate(ends_in=days(30)), True),
    "an expired one": (certificate(status=EXPIRED), True),
    "an issued one without an end": (certificate(ends_in=None), False),
}


@pytest.mark.parametrize(("seen", "lacking"), LACKING.values(), ids=LACKING)
def test_a_successor_is_looked_for_only_where_the_certificate_itself_will_not_last(
    seen: Certificate, *, lacking: bool
) -> None:
    assert lacks_future(seen, USUAL, NOW) is lacking
