"""A certificate takes over only if those who trust the old one trust it, and a name proves nothing.

Each row of the tables changes one thing of a certificate that may take over.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from certificate_lifecycle.model.certificate import Certificate, CertificateStatus, CertificateType
from certificate_lifecycle.policy.continuity import (
    Candidate,
    Continuity,
    Discontinuity,
    Predecessor,
    is_acme_renewal,
    is_of_same_client,
    judge,
    related,
    ruled_out,
    unreadable,
)
from certificate_lifecycle.policy.thresholds import Thresholds
from tests.unit.builders import (
    AUTHORITY,
    EXPIRED,
    FAILED,
    NOW,
    REVOKED,
    SECOND,
    TIMED_OUT,
    arn,
    certificate,
    days,
    detail,
    imported,
    private,
    request,
)

USUAL = Thresholds()
NAMES = ("example.com", "www.example.com")
SERVER, CLIENT = "TLS_WEB_SERVER_AUTHENTICATION", "TLS_WEB_CLIENT_AUTHENTICATION"
SIGN, ENCIPHER = "DIGITAL_SIGNATURE", "KEY_ENCIPHERMENT"
WEB = {
    "key_usages": frozenset({SIGN, ENCIPHER}),
    "extended_key_usages": frozenset({SERVER}),
}
ISSUED_BY = {"issuer": "Example Trust", "subject": "CN=example.com"}


def public(**changes: Any) -> Certificate:  # noqa: ANN401 - any field of a certificate or its detail
    return _described(certificate, changes)


def of_authority(**changes: Any) -> Certificate:  # noqa: ANN401 - as above
    return _described(private, {"certificate_authority_arn": AUTHORITY, **changes})


def import_of(**changes: Any) -> Certificate:  # noqa: ANN401 - as above
    return _described(imported, {**ISSUED_BY, **changes})


def _described(build: Any, changes: dict[str, Any]) -> Certificate:  # noqa: ANN401 - a builder
    members = ("issuer", "subject", "certificate_authority_arn", "described", *WEB)
    facts = {name: changes.pop(name) for name in members if name in changes}
    built: Certificate = build(
        **{"names": NAMES, "arn": arn("new"), "detail": detail(**{**WEB, **facts}), **changes}
    )
    return built


def old(build: Any, **changes: Any) -> Predecessor:  # noqa: ANN401 - a builder, and its arguments
    return Predecessor(certificate=build(**{"arn": arn("old"), "ends_in": days(5), **changes}))


def judged(predecessor: Predecessor, new: Certificate) -> Candidate:
    return judge(predecessor, new, USUAL, NOW)


def reasons(predecessor: Predecessor, new: Certificate) -> tuple[Discontinuity, ...]:
    result = judged(predecessor, new)
    assert (result.continuity is Continuity.NONE) is bool(result.reasons)
    return result.reasons


# --- Automatic ------------------------------------------------------------------------------------

TAKES_OVER = {
    "the same names, ending later": {},
    "more names": {"names": ("b.example.com", *reversed(NAMES))},
    "a longer key of the same family": {"key_algorithm": "RSA_4096"},
    "one that is not due itself for a second yet": {"ends_in": days(30) + SECOND},
    "one of so short a life that it is not due yet": {"ends_in": days(21), "lives": days(47)},
    "one whose key AWS is known to manage": {"key_pair_origin": "AWS_MANAGED"},
    "a further usage": {"extended_key_usages": frozenset({SERVER, CLIENT})},
    "no limit of usages": {"key_usages": frozenset(), "extended_key_usages": frozenset()},
    "any usage": {"key_usages": frozenset({"ANY"})},
}
DOES_NOT_TAKE_OVER = {
    "another region": ({"arn": arn("new", "us-east-1")}, Discontinuity.OTHER_SCOPE),
    "another account": (
        {"arn": arn("new").replace("123456789012", "210987654321")},
        Discontinuity.OTHER_SCOPE,
    ),
    "a request": (
        {"status": CertificateStatus.PENDING_VALIDATION},
        Discontinuity.NOT_ISSUED,
    ),
    "a revoked one": ({"status": REVOKED}, Discontinuity.NOT_ISSUED),
    "a name less": ({"names": NAMES[:1]}, Discontinuity.OTHER_NAMES),
    "a wildcard, which is not the name": (
        {"names": ("example.com", "*.example.com")},
        Discontinuity.OTHER_NAMES,
    ),
    "one that expires soon": ({"ends_in": days(30)}, Discontinuity.EXPIRES_TOO_SOON),
    "one that may expire soon": ({"ends_in": None}, Discontinuity.EXPIRES_TOO_SOON),
    "another key family": ({"key_algorithm": "EC_prime256v1"}, Discontinuity.OTHER_KEY_FAMILY),
    "an unknown key": ({"key_algorithm": ""}, Discontinuity.OTHER_KEY_FAMILY),
    "one of CloudFront": ({"managed_by": "CLOUDFRONT"}, Discontinuity.MANAGED_BY_SERVICE),
    "one of a service that came later": ({"managed_by": "NEW"}, Discontinuity.MANAGED_BY_SERVICE),
    "one of an ACME client": ({"key_pair_origin": "ACME"}, Discontinuity.ACME_ORIGIN),
    "one whose key has an unknown origin": ({"key_pair_origin": "NEW"}, Discontinuity.ACME_ORIGIN),
    "one that was not described": ({"described": False}, Discontinuity.DETAILS_UNREADABLE),
    "for clients only": ({"extended_key_usages": frozenset({CLIENT})}, Discontinuity.OTHER_USAGE),
    "a key usage less": ({"key_usages": frozenset({SIGN})}, Discontinuity.OTHER_USAGE),
}


@pytest.mark.parametrize("build", [public, of_authority])
@pytest.mark.parametrize("changes", TAKES_OVER.values(), ids=TAKES_OVER)
def test_a_certificate_of_the_same_issuer_takes_over(build: Any, changes: dict[str, Any]) -> None:  # noqa: ANN401 - a builder
    result = judged(old(build), build(**changes))
    assert (result.continuity, result.reasons) == (Continuity.AUTOMATIC, ())
    assert result.explanation == ""


@pytest.mark.parametrize("build", [public, of_authority, import_of])
@pytest.mark.parametrize(("changes", "why"), DOES_NOT_TAKE_OVER.values(), ids=DOES_NOT_TAKE_OVER)
def test_nothing_takes_over_or_is_proposed_that_loses_something(
    build: Any,  # noqa: ANN401 - a builder
    changes: dict[str, Any],
    why: Discontinuity,
) -> None:
    assert reasons(old(build), build(**changes)) == (why,)


def test_every_reason_that_a_listing_shows_is_given_at_once() -> None:
    far = public(status=REVOKED, names=NAMES[:1], key_algorithm="EC_prime256v1")
    assert reasons(old(public), far) == (
        Discontinuity.NOT_ISSUED,
        Discontinuity.OTHER_NAMES,
        Discontinuity.OTHER_KEY_FAMILY,
    )
    assert judged(old(public), far).explanation.startswith("It is not issued. It lacks a name")


def test_a_successor_outlives_the_certificate_that_it_succeeds() -> None:
    revoked = old(public, status=REVOKED, ends_in=days(100))
    for shift, expected in {
        -SECOND: (Discontinuity.NOT_LATER,),
        timedelta(): (Discontinuity.NOT_LATER,),
        SECOND: (),
    }.items():
        assert reasons(revoked, public(ends_in=days(100) + shift)) == expected


def test_a_requested_successor_may_end_before_a_revoked_certificate_would_have() -> None:
    revoked = replace(old(public, status=REVOKED, ends_in=days(300)), requested=arn("new"))
    assert reasons(revoked, public(ends_in=days(198))) == ()


def test_a_failed_request_is_followed_by_a_certificate_of_the_same_issuer() -> None:
    for status in (FAILED, TIMED_OUT):
        failed = old(request, names=NAMES, status=status, ends_in=None, detail=detail())
        assert reasons(failed, public()) == ()


def test_an_expired_certificate_never_takes_over() -> None:
    ended = public(ends_in=-days(1))
    found = reasons(old(public, status=EXPIRED, ends_in=-days(5)), ended)
    assert found == (Discontinuity.EXPIRES_TOO_SOON,)


def test_a_key_that_can_leave_aws_never_follows_one_that_cannot() -> None:
    """Its owner could revoke it while the consumers of the old certificate use it."""
    exportable, plain = public(exportable=True), public()
    assert reasons(old(public), exportable) == (Discontinuity.EXPORTABLE,)
    assert reasons(old(public, exportable=True), exportable) == ()
    assert reasons(old(public, exportable=True), plain) == ()
    assert reasons(old(of_authority), of_authority(exportable=True)) == ()


@pytest.mark.parametrize("changes", [{"names": ()}, {"names_complete": False}])
def test_nothing_takes_over_from_a_certificate_whose_names_are_not_all_known(
    changes: dict[str, Any],
) -> None:
    assert reasons(old(public, **changes), public()) == (Discontinuity.OTHER_NAMES,)


def test_the_description_decides_if_the_listing_has_not_all_names() -> None:
    listed = replace(public(names=NAMES[:1]), names_complete=False)
    assert ruled_out(old(public), listed, USUAL, NOW) is None


# --- Who issued it --------------------------------------------------------------------------------


@pytest.mark.parametrize("build", [public, of_authority])
def test_an_imported_certificate_never_follows_one_that_acm_issued(build: Any) -> None:  # noqa: ANN401 - a builder
    assert reasons(old(build), import_of()) == (Discontinuity.IMPORTED,)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (import_of, public),
        (import_of, of_authority),
        (public, of_authority),
        (of_authority, public),
    ],
)
def test_another_kind_of_issuer_never_takes_over(before: Any, after: Any) -> None:  # noqa: ANN401 - builders
    assert reasons(old(before), after()) == (Discontinuity.OTHER_ISSUER,)


@pytest.mark.parametrize(
    "kind",
    [
        CertificateType.NOT_UNDERSTOOD,
        CertificateType.SERVER_CERTIFICATE,
        CertificateType.PRIVATE_AUTHORITY,
    ],
)
def test_a_type_without_a_rule_never_matches_not_even_itself(kind: CertificateType) -> None:
    assert reasons(old(public, type=kind), public(type=kind)) == (Discontinuity.OTHER_ISSUER,)


@pytest.mark.parametrize("other", [f"{AUTHORITY}-test", None, ""])
def test_a_private_certificate_is_followed_by_one_of_the_same_ca_only(other: str | None) -> None:
    found = reasons(old(of_authority), of_authority(certificate_authority_arn=other))
    assert found == (Discontinuity.OTHER_AUTHORITY,)
    unknown = old(of_authority, certificate_authority_arn=other)
    expected = (Discontinuity.OTHER_AUTHORITY,)
    assert reasons(unknown, of_authority()) == expected


def test_an_unknown_ca_does_not_match_itself() -> None:
    nobody = {"certificate_authority_arn": None}
    found = reasons(old(of_authority, **nobody), of_authority(**nobody))
    assert found == (Discontinuity.OTHER_AUTHORITY,)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (None, None, ()),
        ("N2_AMAZON_MANAGED", "N2_AMAZON_MANAGED", ()),
        ("N2_AMAZON_MANAGED", None, (Discontinuity.OTHER_ROOT_HIERARCHY,)),
        (None, "N2_SFG2_AMAZON_MANAGED", (Discontinuity.OTHER_ROOT_HIERARCHY,)),
        ("N3", "N3", (Discontinuity.OTHER_ROOT_HIERARCHY,)),
    ],
)
def test_a_public_certificate_is_followed_by_one_with_the_same_root(
    before: str | None, after: str | None, expected: tuple[Discontinuity, ...]
) -> None:
    found = reasons(old(public, root_hierarchy=before), public(root_hierarchy=after))
    assert found == expected


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("CLIENT_AND_SERVER_AUTH", "CLIENT_AND_SERVER_AUTH", ()),
        ("CLIENT_AND_SERVER_AUTH", "CLIENT_AUTH_ONLY", (Discontinuity.OTHER_USAGE,)),
        ("CLIENT_AND_SERVER_AUTH", None, (Discontinuity.OTHER_USAGE,)),
        ("NEW", "NEW", (Discontinuity.OTHER_USAGE,)),
    ],
)
def test_a_public_certificate_is_followed_by_one_for_the_same_usage(
    before: str | None, after: str | None, expected: tuple[Discontinuity, ...]
) -> None:
    same = {"root_hierarchy": "N2_AMAZON_MANAGED"}
    found = reasons(
        old(public, certificate_usage=before, **same), public(certificate_usage=after, **same)
    )
    assert found == expected


@pytest.mark.parametrize("unlisted", ["old", "new", "both"])
def test_a_certificate_that_is_not_listed_neither_takes_over_nor_is_followed(unlisted: str) -> None:
    """It may be of a class whose root this SDK does not read."""
    before = old(public, listed=unlisted == "new")
    found = reasons(before, public(listed=unlisted == "old"))
    assert found == (Discontinuity.DETAILS_UNREADABLE,)


# --- Imported certificates ------------------------------------------------------------------------


def test_an_import_of_the_same_issuer_is_proposed_and_never_takes_over_by_itself() -> None:
    assert judged(old(import_of), import_of()).continuity is Continuity.PROPOSAL
    requested = replace(old(import_of), requested=arn("new"))
    assert judged(requested, import_of()).continuity is Continuity.PROPOSAL


@pytest.mark.parametrize(
    ("before", "after"),
    [("Example Trust", "Another CA"), (None, None), ("", ""), ("Example Trust", None)],
)
def test_an_import_of_another_or_unknown_issuer_is_not_proposed(
    before: str | None, after: str | None
) -> None:
    found = reasons(old(import_of, issuer=before), import_of(issuer=after))
    assert Discontinuity.OTHER_ISSUER in found


@pytest.mark.parametrize(
    ("issuer", "subject"),
    [
        ("localhost", "CN=localhost"),
        ("Acme, Inc.", 'CN=example.com,O="Acme, Inc.",C=US'),
        ("Acme, Inc.", r"CN=example.com,O=Acme\, Inc.,C=US"),
        ("O=Acme,CN=example.com", "CN=example.com,O=Acme"),
        ("ACME", "CN=example.com+O=Acme"),
        ("Example Trust", None),
        ("Example Trust", ""),
    ],
)
def test_an_import_that_may_be_self_signed_is_not_proposed(
    issuer: str, subject: str | None
) -> None:
    same = {"issuer": issuer, "subject": subject}
    assert reasons(old(import_of, **same), import_of(**same)) == (Discontinuity.SELF_SIGNED,)


def test_a_part_of_a_word_in_the_subject_is_no_sign_of_a_self_signed_import() -> None:
    same = {"issuer": "R3", "subject": "CN=r3.example.com"}
    assert reasons(old(import_of, **same), import_of(**same)) == ()


# --- What it is for -------------------------------------------------------------------------------


@pytest.mark.parametrize("before", [frozenset(), frozenset({"NONE"}), frozenset({"ANY"})])
@pytest.mark.parametrize("usages", WEB)
def test_a_certificate_without_limits_is_not_followed_by_one_with_limits(
    usages: str, before: frozenset[str]
) -> None:
    limited = frozenset({SIGN, SERVER})
    found = reasons(old(public, **{usages: before}), public(**{usages: limited}))
    assert found == (Discontinuity.OTHER_USAGE,)
    assert reasons(old(public, **{usages: before}), public(**{usages: before})) == ()


def test_a_purpose_that_acm_does_not_name_has_to_be_kept() -> None:
    named = frozenset({SERVER, "CUSTOM"})
    found = reasons(old(public, extended_key_usages=named), public())
    assert found == (Discontinuity.OTHER_USAGE,)


def test_only_a_requested_public_certificate_may_lose_what_acm_does_not_issue_any_more() -> None:
    """A renewal under the same ARN loses clientAuth, too."""
    both = {"extended_key_usages": frozenset({SERVER, CLIENT})}
    lost = (Discontinuity.OTHER_USAGE,)
    assert reasons(old(public, **both), public()) == lost
    requested = replace(old(public, **both), requested=arn("new"))
    assert reasons(requested, public()) == ()
    of_ca = replace(old(of_authority, **both), requested=arn("new"))
    assert reasons(of_ca, of_authority()) == lost
    clients = public(extended_key_usages=frozenset({CLIENT}))
    assert reasons(requested, clients) == lost


def test_an_ecdsa_key_may_lose_the_usage_that_it_cannot_have() -> None:
    curve = {"key_algorithm": "EC_prime256v1"}
    signs = public(**curve, key_usages=frozenset({SIGN}))
    assert reasons(old(public, **curve), signs) == ()


# --- Its consumers --------------------------------------------------------------------------------


def test_every_consumer_has_to_accept_the_key() -> None:
    curve = public(key_algorithm="EC_secp384r1")
    edge = replace(
        old(public, key_algorithm="EC_prime256v1"), key_algorithms=frozenset({"EC_prime256v1"})
    )
    assert reasons(edge, curve) == (Discontinuity.KEY_NOT_SUPPORTED,)
    assert reasons(replace(edge, key_algorithms=None), curve) == ()


def test_what_a_service_refused_is_struck_off() -> None:
    refused = replace(old(public), refused=(arn("new"),))
    assert reasons(refused, public()) == (Discontinuity.REFUSED,)
    assert reasons(refused, public(arn=arn("newer"))) == ()


# --- Which certificates are considered ------------------------------------------------------------


def test_a_listing_rules_out_most_certificates_without_a_description() -> None:
    found = ruled_out(old(public), public(names=NAMES[:1]), USUAL, NOW)
    assert found is not None
    assert found.continuity is Continuity.NONE
    assert ruled_out(old(public), public(), USUAL, NOW) is None


def test_a_certificate_that_cannot_be_described_is_no_candidate() -> None:
    found = unreadable(public())
    assert (found.continuity, found.reasons) == (
        Continuity.NONE,
        (Discontinuity.DETAILS_UNREADABLE,),
    )
    unknown = Predecessor(certificate=certificate(names=NAMES, ends_in=days(5)))
    assert reasons(unknown, public()) == (Discontinuity.DETAILS_UNREADABLE,)


def test_related_certificates_have_a_name_in_common_and_come_in_the_order_of_their_ends() -> None:
    known = old(public).certificate
    first, second, third = (
        public(arn=arn(name), names=NAMES[:1], ends_in=ends)
        for name, ends in {"a": days(9), "b": days(200), "c": None}.items()
    )
    stranger = public(arn=arn("d"), names=("other.example.com",))
    assert related(known, [first, known, third, stranger, second, first]) == [second, first, third]


# --- Renewals by ACME clients ---------------------------------------------------------------------

RENEWS = {
    "the same names, ending later": {},
    "more names": {"names": ("b.example.com", *reversed(NAMES))},
    "a longer key of the same family": {"key_algorithm": "RSA_4096"},
    "one that ends soon itself": {"ends_in": days(5) + SECOND},
}
RENEWS_NOT = {
    "another region": {"arn": arn("new", "us-east-1")},
    "a request": {"status": CertificateStatus.PENDING_VALIDATION},
    "a revoked one": {"status": REVOKED},
    "a name less": {"names": NAMES[:1]},
    "names that are not all listed": {"names_complete": False},
    "the same end": {"ends_in": days(5)},
    "no end": {"ends_in": None},
    "another kind of key, which may be served beside the old one": {
        "key_algorithm": "EC_prime256v1"
    },
    "a shorter key": {"key_algorithm": "RSA_1024"},
    "a key that AWS manages": {"key_pair_origin": "AWS_MANAGED"},
    "an imported one": {"type": CertificateType.IMPORTED},
    "one of CloudFront": {"managed_by": "CLOUDFRONT"},
    "another root": {"root_hierarchy": "N2_AMAZON_MANAGED"},
    "for clients only": {"certificate_usage": "CLIENT_AUTH_ONLY"},
}


def of_client(**changes: Any) -> Certificate:  # noqa: ANN401 - as above
    return public(**{"key_pair_origin": "ACME", "lives": days(45), "ends_in": days(40), **changes})


OF_CLIENT = of_client(arn=arn("old"), ends_in=days(5))


@pytest.mark.parametrize("changes", RENEWS.values(), ids=RENEWS)
def test_an_acme_client_renews_with_another_certificate(changes: dict[str, Any]) -> None:
    assert is_acme_renewal(OF_CLIENT, of_client(**changes), NOW)


@pytest.mark.parametrize("changes", RENEWS_NOT.values(), ids=RENEWS_NOT)
def test_a_certificate_that_covers_less_renews_nothing(changes: dict[str, Any]) -> None:
    assert not is_acme_renewal(OF_CLIENT, of_client(**changes), NOW)


def test_a_certificate_that_has_ended_or_of_another_origin_renews_nothing() -> None:
    ended = replace(OF_CLIENT, not_after=NOW - days(2))
    assert is_acme_renewal(ended, of_client(ends_in=SECOND), NOW)
    assert not is_acme_renewal(ended, of_client(ends_in=timedelta()), NOW)
    assert not is_acme_renewal(replace(OF_CLIENT, key_pair_origin=None), of_client(), NOW)
    assert not is_acme_renewal(replace(OF_CLIENT, not_after=None), of_client(), NOW)
    unknown = "EC_new"
    assert is_acme_renewal(
        replace(OF_CLIENT, key_algorithm=unknown), of_client(key_algorithm=unknown), NOW
    )


def test_only_the_acme_account_of_a_certificate_renews_it() -> None:
    first, other = (
        replace(OF_CLIENT, detail=detail(acme_account=account)) for account in ("1", "2")
    )
    assert is_of_same_client(first, first)
    assert not is_of_same_client(first, other)
