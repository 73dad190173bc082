"""What has to be read about a certificate before it is judged, and what takes over from it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from certificate_lifecycle.model.certificate import (
    Certificate,
    CertificateDetail,
    CertificateStatus,
    CertificateType,
    RenewalStatus,
)
from certificate_lifecycle.policy.chain import (
    by_name,
    find_successor,
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
    SUCCESSOR,
    TIMED_OUT,
    arn,
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


# --- Successors ---
OLD = imported(ends_in=days(20), names=("example.com", "www.example.com"))
TAKES_OVER = {
    "the same names, ending later": certificate(arn=arn("b"), names=OLD.names),
    "more names, ending later": certificate(
        arn=arn("b"), names=("b.example.com", "www.example.com", "example.com")
    ),
    "imported again under another ARN": imported(arn=arn("b"), names=OLD.names),
    "with a longer key of the same kind": imported(
        arn=arn("b"), names=OLD.names, key_algorithm="RSA_4096"
    ),
    "one that is not due itself for a second yet": imported(
        arn=arn("b"), names=OLD.names, ends_in=days(30) + SECOND
    ),
    "one of so short a life that it is not due yet": certificate(
        arn=arn("b"), names=OLD.names, ends_in=days(21), lives=days(47)
    ),
}
DOES_NOT_TAKE_OVER = {
    "itself": replace(OLD, not_after=NOW + days(90)),
    "one that lacks a name": certificate(arn=arn("b"), names=("example.com",)),
    "a wildcard, which is not the name": certificate(
        arn=arn("b"), names=("example.com", "*.example.com")
    ),
    "one that ends soon itself": imported(arn=arn("b"), names=OLD.names, ends_in=days(30)),
    "one with a key of another kind, served beside it": certificate(
        arn=arn("b"), names=OLD.names, key_algorithm="EC_prime256v1"
    ),
    "one that is not issued yet": request(arn=arn("b"), names=OLD.names),
    "one whose end is unknown": certificate(arn=arn("b"), names=OLD.names, ends_in=None),
    "one that is revoked": certificate(arn=arn("b"), names=OLD.names, status=REVOKED),
    "a private one, which other clients trust": private(arn=arn("b"), names=OLD.names),
    "one of another region": certificate(arn=arn("b", "us-east-1"), names=OLD.names),
}


@pytest.mark.parametrize("other", TAKES_OVER.values(), ids=TAKES_OVER)
def test_a_successor_has_all_the_names_and_ends_later(other: Certificate) -> None:
    assert find_successor(OLD, [OLD, other], USUAL, NOW) is other


@pytest.mark.parametrize("other", DOES_NOT_TAKE_OVER.values(), ids=DOES_NOT_TAKE_OVER)
def test_no_successor_is_made_of(other: Certificate) -> None:
    assert find_successor(OLD, [other], USUAL, NOW) is None


def test_a_successor_outlives_the_certificate_that_it_succeeds() -> None:
    revoked = certificate(status=REVOKED, ends_in=days(100))
    sooner, at_once, later = (
        certificate(arn=arn("b"), ends_in=days(100) + shift)
        for shift in (-SECOND, timedelta(), SECOND)
    )
    assert find_successor(revoked, [sooner, at_once], USUAL, NOW) is None
    assert find_successor(revoked, [later], USUAL, NOW) is later


@pytest.mark.parametrize("old", [CertificateType.AMAZON_ISSUED, CertificateType.PRIVATE])
def test_an_imported_certificate_never_succeeds_one_that_acm_renews(old: CertificateType) -> None:
    due = certificate(type=old, ends_in=days(5))
    assert find_successor(due, [imported(arn=arn("b"))], USUAL, NOW) is None


def test_a_private_certificate_succeeds_a_private_one() -> None:
    later = private(arn=arn("b"), ends_in=days(300))
    assert find_successor(private(ends_in=days(5)), [later], USUAL, NOW) is later


def test_an_expired_certificate_is_no_successor_of_one_that_expired_earlier() -> None:
    older, newer = certificate(ends_in=-days(5)), certificate(arn=arn("b"), ends_in=-days(1))
    assert find_successor(older, [newer], USUAL, NOW) is None


def test_a_public_certificate_never_succeeds_a_private_one() -> None:
    assert find_successor(private(ends_in=days(5)), [SUCCESSOR], USUAL, NOW) is None


def test_a_certificate_without_an_end_may_have_a_successor() -> None:
    assert find_successor(request(status=TIMED_OUT), [SUCCESSOR], USUAL, NOW) is SUCCESSOR


def test_nothing_succeeds_a_certificate_whose_names_are_not_all_known() -> None:
    assert find_successor(imported(names=()), [SUCCESSOR], USUAL, NOW) is None
    assert find_successor(imported(names_complete=False), [SUCCESSOR], USUAL, NOW) is None


def test_of_several_successors_the_one_that_ends_last_is_named() -> None:
    ends = {"a": 150, "b": 190, "c": 170}
    others = [certificate(arn=arn(name), ends_in=days(end)) for name, end in ends.items()]
    assert find_successor(imported(ends_in=days(5)), others, USUAL, NOW) is others[1]


def test_only_what_is_issued_is_looked_up_as_a_successor() -> None:
    waiting = request(arn=arn("c"), names=OLD.names)
    assert by_name([OLD, SUCCESSOR, waiting]) == {
        "example.com": [OLD],
        "www.example.com": [OLD],
        "shop.example.com": [SUCCESSOR],
    }


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
