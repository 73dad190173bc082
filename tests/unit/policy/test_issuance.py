"""Which certificate is asked for, and which existing one already is it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certificate_lifecycle.model.certificate import (
    NOT_DESCRIBED,
    Certificate,
    CertificateDetail,
    CertificateStatus,
    CertificateType,
    ValidationMethod,
)
from certificate_lifecycle.model.dns_names import normalise
from certificate_lifecycle.model.hidden_classes import InventoryGap
from certificate_lifecycle.policy.issuance import (
    MAX_NAMES,
    REQUESTABLE_KEY_ALGORITHMS,
    CertificateRequest,
    hierarchy_errors,
    is_adoptable,
    is_equal,
    lacking_tags,
    may_be_equal,
    name_errors,
    ordered_names,
    pause_after_denial,
    preference,
    unavailable,
)
from tests.unit.builders import (
    AUTHORITY,
    BY_EMAIL,
    FAILED,
    N2_UNKNOWN_TO_REGION,
    N2_UNKNOWN_TO_SDK,
    NOW,
    SECOND,
    certificate,
    days,
    private,
    request,
    validation,
)

NAMES = ("example.com", "www.example.com")
WANTED = CertificateRequest(names=NAMES, region="eu-west-1")
A_LONG_NAME = f"{'a' * 57}.example"


def test_the_key_algorithms_of_requests_are_acms_the_default_first() -> None:
    """RequestCertificate (API reference): RSA keys of other sizes can only be imported."""
    assert REQUESTABLE_KEY_ALGORITHMS == ("RSA_2048", "EC_prime256v1", "EC_secp384r1")
    assert WANTED.key_algorithm == REQUESTABLE_KEY_ALGORITHMS[0]


def token(*names: str) -> str:
    return CertificateRequest(names=names, region="eu-west-1").idempotency_token


@given(names=st.lists(st.text("abc*.-", min_size=1), min_size=1, max_size=5))
def test_every_token_is_one_that_acm_takes(names: list[str]) -> None:
    assert re.fullmatch(r"\w{1,32}", token(*names), re.ASCII)


@pytest.mark.parametrize(
    ("purpose", "expected"),
    [("", "ad0133933db712c7525e430ead6ce060"), ("successor 1", "86b6d9d388ab1a3a6389927fd337302a")],
)
def test_a_token_is_the_one_that_earlier_versions_made(purpose: str, expected: str) -> None:
    """Otherwise ACM would take a request that is repeated after an update for another one."""
    wanted = replace(WANTED, purpose=purpose) if purpose else WANTED
    assert wanted.idempotency_token == expected


def test_a_token_does_not_depend_on_the_order_of_names() -> None:
    assert token("a.example.com", "b.example.com") == token("b.example.com", "a.example.com")


def test_a_token_does_not_depend_on_the_case_of_names() -> None:
    assert token(normalise("Example.COM.")) == token(normalise("example.com"))


def test_a_token_does_not_depend_on_tags() -> None:
    tagged = replace(WANTED, tags=(("team", "shop"),))
    assert tagged.idempotency_token == WANTED.idempotency_token


@pytest.mark.parametrize(
    "other",
    [
        replace(WANTED, names=("example.com",)),
        replace(WANTED, names=("example.com", "api.example.com")),
        replace(WANTED, key_algorithm="EC_prime256v1"),
        replace(WANTED, certificate_authority_arn=AUTHORITY),
        replace(WANTED, exportable=True),
        replace(WANTED, region="us-east-1"),
    ],
    ids=["fewer names", "other names", "other key", "private", "exportable", "other region"],
)
def test_another_certificate_has_another_token(other: CertificateRequest) -> None:
    assert other.idempotency_token != WANTED.idempotency_token


def test_a_request_without_an_authority_is_public_and_with_one_private() -> None:
    assert WANTED.type is CertificateType.AMAZON_ISSUED
    private_request = replace(WANTED, certificate_authority_arn=AUTHORITY)
    assert private_request.type is CertificateType.PRIVATE


@pytest.mark.parametrize(
    ("domain_name", "others", "include_www", "names"),
    [
        ("example.com", (), True, ("example.com", "www.example.com")),
        ("example.com", (), False, ("example.com",)),
        ("*.example.com", (), True, ("*.example.com",)),
        ("www.example.com", (), True, ("www.example.com",)),
        ("example.com", ("www.example.com", "example.com"), True, NAMES),
        ("example.com", ("b.net", "a.net", "b.net"), False, ("example.com", "b.net", "a.net")),
        (A_LONG_NAME, ("b.net", "a.net"), False, ("b.net", A_LONG_NAME, "a.net")),
        (A_LONG_NAME, (A_LONG_NAME[1:],), False, (A_LONG_NAME[1:], A_LONG_NAME)),
        (A_LONG_NAME, (), True, (A_LONG_NAME, f"www.{A_LONG_NAME}")),
    ],
    ids=[
        "www is added to a plain name",
        "www is not added unasked",
        "www is never put before a wildcard",
        "www is never put before www",
        "each name once",
        "alternative names keep their order",
        "the first name of 64 octets or fewer becomes the common name",
        "a name of just 64 octets becomes the common name",
        "no name is short enough",
    ],
)
def test_names_are_put_in_order(
    domain_name: str, others: tuple[str, ...], names: tuple[str, ...], *, include_www: bool
) -> None:
    assert ordered_names(domain_name, others, include_www=include_www) == names


def test_the_common_name_may_have_64_octets() -> None:
    assert name_errors((A_LONG_NAME[1:],)) == []
    assert len(A_LONG_NAME[1:]) == 64


def test_a_common_name_of_65_octets_is_a_fault_that_names_it() -> None:
    (fault,) = name_errors((A_LONG_NAME,))
    assert "64 octets" in fault
    assert A_LONG_NAME in fault


def test_a_hundred_and_one_names_are_a_fault() -> None:
    names = tuple(f"n{number}.example.com" for number in range(MAX_NAMES + 1))
    assert name_errors(names[:-1]) == []
    assert name_errors(names) == ["a certificate has at most 100 names, got 101"]


def test_www_does_not_make_a_name_longer_than_acm_takes() -> None:
    fitting = ".".join(["a" * 60] * 4) + ".arpa"
    assert len(f"www.{fitting}") == 252
    assert name_errors(ordered_names(f"a{fitting}", ("b.net",), include_www=True)) == []
    names = ordered_names(f"aa{fitting}", ("b.net",), include_www=True)
    (fault,) = name_errors(names)
    assert "253" in fault


# --- Equal certificates -----------------------------------------------------------------------

EQUAL = certificate(names=NAMES, detail=CertificateDetail())
WAITING = request(names=NAMES, detail=CertificateDetail(validations=(validation("example.com"),)))
EQUALS = {
    "an issued one": EQUAL,
    "one that waits for its DNS records": WAITING,
    "one with the names in another order": replace(EQUAL, names=NAMES[::-1]),
    "one that says where its key comes from": replace(EQUAL, key_pair_origin="AWS_MANAGED"),
    "one that nothing uses yet": replace(EQUAL, in_use=False),
    "one that ends in a second": replace(EQUAL, not_after=NOW + SECOND),
}
DIFFERENT = {
    "fewer names": replace(EQUAL, names=NAMES[:1]),
    "more names": replace(EQUAL, names=(*NAMES, "api.example.com")),
    "another key": replace(EQUAL, key_algorithm="EC_prime256v1"),
    "an imported one": replace(EQUAL, type=CertificateType.IMPORTED),
    "a private one": private(
        names=NAMES, detail=CertificateDetail(certificate_authority_arn=AUTHORITY)
    ),
    "an exportable one": replace(EQUAL, exportable=True),
    "one that CloudFront manages": replace(EQUAL, managed_by="CLOUDFRONT"),
    "one of an ACME client": replace(EQUAL, key_pair_origin="ACME"),
    "an expired one": replace(EQUAL, status=CertificateStatus.EXPIRED),
    "a failed one": replace(EQUAL, status=FAILED),
    "a revoked one": replace(EQUAL, status=CertificateStatus.REVOKED),
    "one at its end that ACM still calls issued": replace(EQUAL, not_after=NOW),
}


@pytest.mark.parametrize("existing", EQUALS.values(), ids=EQUALS)
def test_an_equal_certificate_is_found_again(existing: Certificate) -> None:
    assert may_be_equal(WANTED, existing, NOW)
    assert is_equal(WANTED, existing, NOW)


@pytest.mark.parametrize("existing", DIFFERENT.values(), ids=DIFFERENT)
def test_a_different_certificate_is_not_taken_for_it(existing: Certificate) -> None:
    assert not may_be_equal(WANTED, existing, NOW)
    assert not is_equal(WANTED, existing, NOW)


def test_a_listing_that_cuts_the_names_short_is_no_answer_yet() -> None:
    assert may_be_equal(WANTED, replace(EQUAL, names=NAMES[:1], names_complete=False), NOW)


def test_a_certificate_is_not_equal_before_it_is_described() -> None:
    assert not is_equal(WANTED, replace(EQUAL, detail=NOT_DESCRIBED), NOW)


def test_a_private_certificate_is_equal_only_with_the_same_authority() -> None:
    wanted = replace(WANTED, certificate_authority_arn=AUTHORITY)
    ours = private(names=NAMES, detail=CertificateDetail(certificate_authority_arn=AUTHORITY))
    theirs = private(
        names=NAMES, detail=CertificateDetail(certificate_authority_arn=f"{AUTHORITY[:-1]}6")
    )
    assert is_equal(wanted, ours, NOW)
    assert may_be_equal(wanted, theirs, NOW)
    assert not is_equal(wanted, theirs, NOW)


@pytest.mark.parametrize("exportable", [True, False])
def test_whether_a_private_certificate_can_be_exported_makes_no_difference(
    *, exportable: bool
) -> None:
    wanted = replace(WANTED, certificate_authority_arn=AUTHORITY)
    detail = CertificateDetail(certificate_authority_arn=AUTHORITY)
    assert is_equal(wanted, private(names=NAMES, exportable=exportable, detail=detail), NOW)


def test_an_exportable_public_certificate_is_equal_only_to_an_exportable_one() -> None:
    wanted = replace(WANTED, exportable=True)
    assert is_equal(wanted, replace(EQUAL, exportable=True), NOW)
    assert not may_be_equal(wanted, EQUAL, NOW)


N2: dict[str, Any] = {
    "root_hierarchy": "N2_AMAZON_MANAGED",
    "certificate_usage": "CLIENT_AND_SERVER_AUTH",
}


@pytest.mark.parametrize(
    "other",
    [
        {},
        {**N2, "root_hierarchy": "N2_SFG2_AMAZON_MANAGED"},
        {**N2, "certificate_usage": "CLIENT_AUTH_ONLY"},
    ],
    ids=["standard", "another root", "another usage"],
)
def test_only_a_certificate_of_the_same_root_and_usage_is_equal(other: dict[str, Any]) -> None:
    wanted = replace(WANTED, **N2)
    assert may_be_equal(wanted, replace(EQUAL, **N2), NOW)
    assert not may_be_equal(wanted, replace(EQUAL, **other), NOW)
    assert not may_be_equal(WANTED, replace(EQUAL, **N2), NOW)


def test_requests_of_different_roots_and_usages_have_different_tokens() -> None:
    wanted = [
        WANTED,
        replace(WANTED, **N2),
        replace(WANTED, **{**N2, "root_hierarchy": "N2_SFG2_AMAZON_MANAGED"}),
        replace(WANTED, **{**N2, "certificate_usage": "CLIENT_AUTH_ONLY"}),
    ]
    assert len({each.idempotency_token for each in wanted}) == len(wanted)


@pytest.mark.parametrize(
    ("root", "usage", "private", "error"),
    [
        (None, None, True, None),
        ("N2_AMAZON_MANAGED", "CLIENT_AUTH_ONLY", False, None),
        ("N2_SFG2_AMAZON_MANAGED", None, False, None),
        ("N2_AMAZON_MANAGED", None, True, "with certificate_authority_arn"),
        (None, "CLIENT_AUTH_ONLY", False, "without root_hierarchy_type"),
        (
            "N2_SFG2_AMAZON_MANAGED",
            "CLIENT_AUTH_ONLY",
            False,
            "must be CLIENT_AND_SERVER_AUTH with",
        ),
    ],
)
def test_a_root_and_a_usage_that_acm_refuses_are_errors(
    root: str | None, usage: str | None, error: str | None, *, private: bool
) -> None:
    """API reference, RequestCertificate, RootHierarchyType and CertificateUsage."""
    errors = hierarchy_errors(root, usage, private=private)
    assert len(errors) == (0 if error is None else 1)
    assert error is None or error in errors[0]


@pytest.mark.parametrize(
    ("gap", "remedy"),
    [(N2_UNKNOWN_TO_SDK, "boto3 1.44.7 or newer"), (N2_UNKNOWN_TO_REGION, "another region")],
)
def test_a_request_of_a_class_that_cannot_be_listed_is_not_made(
    gap: InventoryGap, remedy: str
) -> None:
    reason = unavailable(replace(WANTED, **N2), [gap])
    assert reason is not None
    assert reason.startswith("Amazon N2 certificates cannot be listed and requested here: ")
    assert remedy in reason
    assert unavailable(WANTED, [gap]) is None
    assert unavailable(replace(WANTED, **N2), []) is None


@pytest.mark.parametrize("method", [ValidationMethod.EMAIL, ValidationMethod.HTTP])
def test_a_request_that_waits_for_anything_but_dns_is_not_joined(method: ValidationMethod) -> None:
    waiting = CertificateDetail(
        validations=(validation("example.com"), replace(BY_EMAIL, method=method))
    )
    assert not is_equal(WANTED, replace(WAITING, detail=waiting), NOW)


def test_an_issued_certificate_is_equal_however_it_was_validated() -> None:
    assert is_equal(WANTED, replace(EQUAL, detail=CertificateDetail(validations=(BY_EMAIL,))), NOW)


def test_of_equal_certificates_the_best_is_issued_then_used_then_the_last_to_end() -> None:
    best_last = [
        request(in_use=True),
        certificate(in_use=False, ends_in=days(20)),
        certificate(in_use=False, ends_in=days(90)),
        certificate(ends_in=days(10)),
        certificate(ends_in=days(30)),
    ]
    mixed = [best_last[position] for position in (4, 2, 0, 3, 1)]
    assert sorted(mixed, key=preference) == best_last


@pytest.mark.parametrize(
    ("ours", "theirs", "adoptable"),
    [
        ("a", "a", True),
        ("a", "b", False),
        ("a", None, False),
        (None, "a", False),
        (None, None, False),
    ],
)
def test_an_equal_certificate_is_adopted_by_the_instance_that_issued_it(
    ours: str | None, theirs: str | None, *, adoptable: bool
) -> None:
    wanted = replace(WANTED, tags=(("ManagedBy", ours),) if ours else ())
    tags = (("Team", "a"), *((("ManagedBy", theirs),) if theirs else ()))
    assert is_adoptable(wanted, tags) is adoptable


def test_tags_that_are_missing_or_differ_are_lacking() -> None:
    wanted = replace(WANTED, tags=(("a", "1"), ("b", "2"), ("c", "3")))
    assert lacking_tags(wanted, [("c", "3"), ("b", "x"), ("d", "4")]) == (("a", "1"), ("b", "2"))


@pytest.mark.parametrize(
    ("elapsed", "pause"), [(0.0, 5.0), (55.0, 5.0), (55.1, None), (60.0, None), (900.0, None)]
)
def test_a_denied_call_is_repeated_for_a_minute(elapsed: float, pause: float | None) -> None:
    assert pause_after_denial(elapsed) == pause


def test_the_error_names_the_shortest_of_names_that_are_too_long() -> None:
    (fault,) = name_errors(("a" * 70, "b" * 65))
    assert "b" * 65 in fault
