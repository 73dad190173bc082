"""A drill's certificate is known by its name and its tags together, and deleted by both only."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from certificate_lifecycle.model.certificate import (
    NOT_DESCRIBED,
    Certificate,
    CertificateDetail,
    CertificateStatus,
    CertificateType,
)
from certificate_lifecycle.policy.chain import concerns_public_dns, needs_detail
from certificate_lifecycle.policy.thresholds import Thresholds
from certificate_lifecycle.policy.throw_away import (
    LONGEST_DRILL,
    REPORTED_AFTER,
    LeftoverState,
    is_throw_away,
    leftover_state,
    throw_away_request,
)
from tests.unit.builders import NOW, SECOND, certificate, days

DRILL_ID = "0123456789abcdef"
REQUEST = throw_away_request(DRILL_ID, "example.com.", "eu-west-1")
REGION = "eu-west-1"


def left(**changes: Any) -> Certificate:  # noqa: ANN401 - any field of a certificate
    """Return what a drill left, described and with its tags."""
    facts = {
        "names": REQUEST.names,
        "in_use": False,
        "created_at": NOW - LONGEST_DRILL,
        "detail": CertificateDetail(tags=REQUEST.tags, tags_read=True),
    }
    return certificate(**{**facts, **changes})


def test_a_request_has_a_name_of_its_own_and_says_so_in_its_tags() -> None:
    assert REQUEST.names == (f"acm-drill-{DRILL_ID}.example.com",)
    assert dict(REQUEST.tags) == {
        "ManagedBy": "certificates drill",
        "certificate-lifecycle:drill": DRILL_ID,
    }
    other = throw_away_request("f" * 16, "example.com", REGION)
    assert other.idempotency_token != REQUEST.idempotency_token


def test_a_name_has_at_most_64_octets() -> None:
    longest = f"{'a' * 25}.example.com"
    assert len(throw_away_request(DRILL_ID, longest, REGION).domain_name) == 64
    with pytest.raises(ValueError, match="more than 64 octets"):
        throw_away_request(DRILL_ID, f"a{longest}", REGION)


def test_a_leftover_may_be_deleted_once_no_drill_is_under_way() -> None:
    assert leftover_state(left(), NOW) is LeftoverState.REMOVABLE
    young = left(created_at=NOW - LONGEST_DRILL + SECOND)
    assert leftover_state(young, NOW) is LeftoverState.RECENT
    assert leftover_state(left(created_at=None), NOW) is LeftoverState.RECENT


FOREIGN = {
    "no tags": left(detail=CertificateDetail(tags_read=True)),
    "tags that were not read": left(detail=CertificateDetail()),
    "no details": left(detail=replace(NOT_DESCRIBED, tags=REQUEST.tags, tags_read=True)),
    "the tags of another drill": left(names=(f"acm-drill-{'f' * 16}.example.com",)),
    "another name": left(names=("shop.example.com",)),
    "a longer id": left(names=(f"acm-drill-{DRILL_ID}0.example.com",)),
    "a second name": left(names=(*REQUEST.names, "example.com")),
}


@pytest.mark.parametrize("foreign", FOREIGN.values(), ids=FOREIGN)
def test_name_and_tags_have_to_agree(foreign: Certificate) -> None:
    assert leftover_state(foreign, NOW) is LeftoverState.FOREIGN


def test_a_certificate_in_use_stays() -> None:
    assert leftover_state(left(in_use=True), NOW) is LeftoverState.IN_USE


def test_the_listing_knows_a_throw_away_certificate_by_its_name_until_tags_contradict() -> None:
    assert is_throw_away(left())
    assert is_throw_away(left(detail=NOT_DESCRIBED))
    assert not is_throw_away(FOREIGN["no tags"])
    assert not is_throw_away(FOREIGN["another name"])
    assert not is_throw_away(left(type=CertificateType.IMPORTED))


def test_the_tags_of_an_old_leftover_are_read() -> None:
    old = left(created_at=NOW - REPORTED_AFTER, detail=NOT_DESCRIBED)
    assert needs_detail(old, Thresholds(), NOW)
    assert not needs_detail(replace(old, created_at=NOW - days(1) + SECOND), Thresholds(), NOW)


def test_public_dns_is_not_asked_for_a_leftover() -> None:
    pending = left(status=CertificateStatus.PENDING_VALIDATION, created_at=NOW - days(2))
    assert not concerns_public_dns(pending, NOW)
