"""Only certificates that serve no client of a listener are named for removal."""

from __future__ import annotations

from typing import Any

import pytest

from certificate_lifecycle.model.certificate import (
    Certificate,
    CertificateStatus,
)
from certificate_lifecycle.policy.removable import removable
from tests.unit.builders import (
    EXPIRED,
    REVOKED,
    arn,
    certificate,
    days,
    detail,
    imported,
    private,
)


@pytest.mark.parametrize(("status", "reason"), [(EXPIRED, "expired"), (REVOKED, "revoked")])
def test_a_certificate_that_has_ended_is_named(status: CertificateStatus, reason: str) -> None:
    ended = certificate(status=status)
    assert removable([ended]) == [(ended, reason)]


def test_a_certificate_with_a_later_one_of_the_same_names_and_key_is_named() -> None:
    older = certificate(ends_in=days(10))
    newer = certificate(arn=arn("newer"), ends_in=days(90), names=("shop.example.com", "b.test"))
    assert removable([older, newer]) == [(older, f"superseded by {newer.arn}")]
    assert removable([newer, older]) == [(older, f"superseded by {newer.arn}")]


@pytest.mark.parametrize(
    "changes",
    [
        {"root_hierarchy": "N2_AMAZON_MANAGED"},
        {"certificate_usage": "CLIENT_AUTH_ONLY"},
        {"names": ("other.example.com",)},
        {"key_algorithm": "EC_prime256v1"},
        {"ends_in": days(10)},
        {"ends_in": days(9)},
        {"ends_in": None},
        {"status": CertificateStatus.PENDING_VALIDATION},
    ],
)
def test_a_certificate_that_another_one_cannot_stand_in_for_is_not_named(
    changes: dict[str, Any],
) -> None:
    served = certificate(ends_in=days(10), names=("shop.example.com", "www.example.com"))
    other = certificate(
        **{"arn": arn("other"), "ends_in": days(90), "names": served.names, **changes}
    )
    found = [entry.arn for entry, _ in removable([served, other])]
    assert served.arn not in found


def test_a_certificate_without_an_end_is_not_named() -> None:
    assert removable([certificate(ends_in=None), certificate(arn=arn("newer"))]) == []


@pytest.mark.parametrize(
    "newer",
    [
        imported(arn=arn("newer"), ends_in=days(90)),
        private(arn=arn("newer"), ends_in=days(90), detail=detail(certificate_authority_arn="ca")),
    ],
)
def test_a_certificate_is_not_superseded_by_one_that_its_clients_may_not_trust(
    newer: Certificate,
) -> None:
    assert removable([certificate(ends_in=days(10)), newer]) == []


def test_an_imported_certificate_is_not_superseded_because_acm_verifies_no_issuer() -> None:
    older = imported(ends_in=days(10))
    assert removable([older, imported(arn=arn("newer"), ends_in=days(90))]) == []


def test_a_private_certificate_is_superseded_by_one_of_the_same_ca() -> None:
    def of(authority: str | None, name: str, ends_in: float) -> Certificate:
        authority_detail = detail(certificate_authority_arn=authority)
        return private(arn=arn(name), ends_in=days(ends_in), detail=authority_detail)

    older, newer = of("ca", "older", 10), of("ca", "newer", 90)
    assert removable([older, newer]) == [(older, f"superseded by {newer.arn}")]
    assert removable([older, of("other", "newer", 90)]) == []
    assert removable([of(None, "older", 10), of(None, "newer", 90)]) == []
