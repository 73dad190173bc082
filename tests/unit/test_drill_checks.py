"""A twin confuses nobody, and each step of a rehearsal says what it showed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from certificate_lifecycle.cli.dns_health import CaaReason, CaaVerdict, Delegation
from certificate_lifecycle.cli.drill_checks import (
    DRILL_TAG,
    MAX_ATTEMPTS,
    Answer,
    Outcome,
    Step,
    answer,
    authority_step,
    caa_step,
    confused,
    cost,
    delegation_step,
    differences,
    eligibility,
    may_be_twin,
    obstacle,
    public_step,
    records_step,
    settled,
    source_step,
    twin_request,
)
from certificate_lifecycle.core.assessment import assess, find_successor
from certificate_lifecycle.core.checks import Observation
from certificate_lifecycle.core.model import (
    Certificate,
    CertificateStatus,
    CertificateType,
    Detail,
    ValidationMethod,
)
from certificate_lifecycle.core.sources import SourceState
from certificate_lifecycle.core.timing import Thresholds
from certificate_lifecycle.core.validation import RecordFinding, RecordState
from tests.unit.builders import (
    AUTHORITY,
    NOW,
    SECOND,
    arn,
    certificate,
    days,
    detail,
    finding,
    imported,
    private,
    record,
    request,
    source,
    validation,
)

USUAL = Thresholds()
QUARTER = timedelta(minutes=15)
UNTIL = NOW + QUARTER
PASSED, FAILED, UNKNOWN = Outcome
YES, NO, PARTLY = Answer
EC = "EC_prime256v1"


def validated(**changes: Any) -> Certificate:  # noqa: ANN401 - any field of a certificate
    """Return a certificate that was validated by DNS, described."""
    return certificate(detail=detail(validations=(validation(validated=True),)), **changes)


def of_authority(**changes: Any) -> Certificate:  # noqa: ANN401 - any field of a certificate
    return private(detail=detail(certificate_authority_arn=AUTHORITY), **changes)


# --- What can be rehearsed ------------------------------------------------------------------------


@pytest.mark.parametrize("rehearsed", [validated(), of_authority()], ids=["public", "private"])
def test_what_acm_issued_by_itself_can_be_rehearsed(rehearsed: Certificate) -> None:
    assert obstacle(rehearsed) is None


BY_EMAIL = detail(validations=(validation(method=ValidationMethod.EMAIL),))
OBSTACLES = {
    "another tool's": (validated(managed_by="CLOUDFRONT"), UNKNOWN, "looks after it"),
    "a server certificate": (
        certificate(type=CertificateType.SERVER_CERTIFICATE),
        FAILED,
        "an IAM server certificate, which nothing renews",
    ),
    "a CA": (
        certificate(type=CertificateType.PRIVATE_AUTHORITY),
        FAILED,
        "a private CA, which nothing renews",
    ),
    "a type that came later": (
        certificate(type=CertificateType.NOT_UNDERSTOOD),
        UNKNOWN,
        "what ACM did not issue",
    ),
    "one that is over": (
        validated(status=CertificateStatus.EXPIRED),
        FAILED,
        "Its status is EXPIRED",
    ),
    "one that waits": (request(), FAILED, "Its status is PENDING_VALIDATION"),
    "by e-mail": (certificate(detail=BY_EMAIL), UNKNOWN, "only a person can rehearse"),
    "by nobody knows what": (certificate(), UNKNOWN, "not say that it is validated by DNS"),
}


@pytest.mark.parametrize(("odd", "outcome", "why"), OBSTACLES.values(), ids=OBSTACLES)
def test_what_no_twin_can_rehearse_is_told_apart(
    odd: Certificate, outcome: Outcome, why: str
) -> None:
    found = obstacle(odd)
    assert found is not None
    assert found.outcome is outcome
    assert why in found.text


# --- The twin -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "of_twin"),
    [
        ("RSA_2048", EC),
        ("RSA_4096", EC),
        (EC, "RSA_2048"),
        ("EC_secp384r1", "RSA_2048"),
        ("ED25519", "RSA_2048"),
    ],
)
def test_a_public_twin_has_the_same_names_and_a_key_of_the_other_family(
    key: str, of_twin: str
) -> None:
    names = ("shop.example.com", "www.example.com")
    wanted = twin_request(validated(key_algorithm=key, names=names, exportable=True), 1)
    assert (wanted.names, wanted.key_algorithm) == (names, of_twin)
    assert not wanted.exportable
    assert wanted.certificate_authority_arn is None
    assert wanted.tags == ((DRILL_TAG, arn()),)


def test_a_private_twin_comes_from_the_same_ca_with_a_key_that_the_ca_issues_for() -> None:
    wanted = twin_request(of_authority(), 1)
    assert wanted.certificate_authority_arn == AUTHORITY
    assert wanted.key_algorithm == "RSA_2048"
    assert wanted.type is CertificateType.PRIVATE


def test_a_twin_shares_its_token_with_the_same_attempt_and_nothing_else() -> None:
    tokens = [
        twin_request(validated(), 1).idempotency_token,
        twin_request(validated(), 2).idempotency_token,
        twin_request(validated(arn=arn("other")), 1).idempotency_token,
        twin_request(of_authority(), 1).idempotency_token,
    ]
    assert len(set(tokens)) == len(tokens)
    assert twin_request(validated(), 1).idempotency_token == tokens[0]


def test_five_drills_an_hour_have_tokens_of_their_own() -> None:
    attempts = range(1, MAX_ATTEMPTS + 1)
    tokens = {twin_request(validated(), attempt).idempotency_token for attempt in attempts}
    assert len(tokens) == 5


@pytest.mark.parametrize(
    ("rehearsed", "told"),
    [
        (validated(), "does not charge for public certificates"),
        (validated(exportable=True), "without the export option"),
        (of_authority(), "AWS Private CA charges"),
    ],
    ids=["public", "exportable", "private"],
)
def test_what_a_twin_costs_is_told(rehearsed: Certificate, told: str) -> None:
    assert told in cost(rehearsed)


TWINS = {
    "a twin": (certificate(arn=arn("twin"), key_algorithm=EC, in_use=False), True),
    "one whose names are cut short": (
        certificate(
            arn=arn("twin"), key_algorithm=EC, in_use=False, names=("a.b",), names_complete=False
        ),
        True,
    ),
    "itself": (certificate(key_algorithm=EC, in_use=False), False),
    "one that is used": (certificate(arn=arn("twin"), key_algorithm=EC), False),
    "one with other names": (
        certificate(arn=arn("twin"), key_algorithm=EC, in_use=False, names=("a.b",)),
        False,
    ),
    "one with another key": (certificate(arn=arn("twin"), in_use=False), False),
    "one of another type": (imported(arn=arn("twin"), key_algorithm=EC, in_use=False), False),
}


@pytest.mark.parametrize(("listed", "may"), TWINS.values(), ids=TWINS)
def test_the_listing_tells_what_may_be_a_twin(listed: Certificate, may: bool) -> None:  # noqa: FBT001
    assert may_be_twin(validated(), listed) is may


# --- Whom a twin would confuse --------------------------------------------------------------------


def test_a_twin_is_no_successor_of_the_certificate_that_it_rehearses_for() -> None:
    for key in ("RSA_2048", EC):
        failing = validated(key_algorithm=key, ends_in=days(3))
        assert confused(failing, [failing], USUAL, UNTIL) == []


CONFUSED = {
    "one of the twin's family near its end": (
        certificate(arn=arn("ec"), key_algorithm=EC, ends_in=days(10)),
        True,
    ),
    "one that will be near its end a day after the drill": (
        certificate(arn=arn("ec"), key_algorithm=EC, ends_in=days(31)),
        True,
    ),
    "one that will be near its end in the second in which the day is over": (
        certificate(arn=arn("ec"), key_algorithm=EC, ends_in=days(31) + QUARTER),
        True,
    ),
    "one that will not be so yet": (
        certificate(arn=arn("ec"), key_algorithm=EC, ends_in=days(31) + QUARTER + SECOND),
        False,
    ),
    "a revoked one that ends before any twin": (
        certificate(
            arn=arn("ec"),
            key_algorithm=EC,
            status=CertificateStatus.REVOKED,
            ends_in=days(399) + QUARTER - SECOND,
        ),
        True,
    ),
    "a revoked one that outlives every twin": (
        certificate(
            arn=arn("ec"),
            key_algorithm=EC,
            status=CertificateStatus.REVOKED,
            ends_in=days(399) + QUARTER,
        ),
        False,
    ),
    "one with a part of the names, cut short": (
        certificate(arn=arn("ec"), key_algorithm=EC, ends_in=days(10), names_complete=False),
        True,
    ),
    "an import in its place": (
        imported(arn=arn("ec"), key_algorithm="EC_secp384r1", ends_in=days(10)),
        True,
    ),
    "one that nothing uses": (
        certificate(arn=arn("ec"), key_algorithm=EC, in_use=False),
        True,
    ),
    "one of the twin's family that is far from its end": (
        certificate(arn=arn("ec"), key_algorithm=EC),
        False,
    ),
    "one of the other family near its end": (certificate(arn=arn("rsa"), ends_in=days(3)), False),
    "one with a name more": (
        certificate(
            arn=arn("ec"),
            key_algorithm=EC,
            ends_in=days(3),
            names=("shop.example.com", "www.example.com"),
        ),
        False,
    ),
    "one of a CA": (private(arn=arn("ec"), key_algorithm=EC, ends_in=days(3)), False),
}


@pytest.mark.parametrize(("other", "would"), CONFUSED.values(), ids=CONFUSED)
def test_whoever_could_take_the_twin_for_a_successor_speaks_against_it(
    other: Certificate,
    would: bool,  # noqa: FBT001
) -> None:
    assert bool(confused(validated(), [validated(), other], USUAL, UNTIL)) is would


def test_a_private_certificate_near_its_end_would_be_confused_by_its_own_twin() -> None:
    assert confused(of_authority(), [of_authority()], USUAL, UNTIL) == []
    failing = of_authority(ends_in=days(5))
    assert confused(failing, [failing], USUAL, UNTIL) == [failing]


def test_whoever_is_not_confused_does_not_take_an_issued_twin_either() -> None:
    """The refusal goes by the same rule that a run goes by."""
    twin = certificate(arn=arn("twin"), key_algorithm=EC, in_use=False, ends_in=days(198))
    for other, would in CONFUSED.values():
        if not would and other.not_after is not None and other.not_after - NOW < days(30):
            assert find_successor(other, [twin], USUAL, NOW) is None


# --- What an issued twin proves -------------------------------------------------------------------


def test_an_equal_twin_has_no_differences() -> None:
    assert differences(validated(arn=arn("twin"), key_algorithm=EC), validated()) == []
    assert differences(of_authority(arn=arn("twin")), of_authority()) == []


def test_every_difference_of_a_twin_is_named() -> None:
    twin = certificate(arn=arn("twin"), names=("other.example.com",))
    assert differences(twin, of_authority()) == [
        "it lacks shop.example.com",
        "it also has other.example.com",
        "its type is AMAZON_ISSUED instead of PRIVATE",
        f"it comes from Amazon instead of {AUTHORITY}",
    ]


def test_many_differences_are_named_in_order() -> None:
    names = [f"{letter}.example.com" for letter in "abcdefghij"]
    twin = validated(arn=arn("twin"), names=tuple(reversed(names[:5])))
    assert differences(twin, validated(names=tuple(reversed(names[5:])))) == [
        f"it lacks {', '.join(names[5:])}",
        f"it also has {', '.join(names[:5])}",
    ]


# --- The steps ------------------------------------------------------------------------------------


def test_each_step_has_its_name_and_takes_no_time_until_it_is_measured() -> None:
    waiting = obstacle(request())
    assert waiting is not None
    steps = [
        waiting,
        eligibility(validated()),
        *(records_step([]), records_step([IN_PLACE]), records_step([MISSING])),
        *(public_step([], {}), public_step([record()], {})),
        *(delegation_step({}), delegation_step({"a.test.": WHOLE})),
        *(caa_step([]), authority_step(None), source_step(None)),
    ]
    assert [each.name for each in steps] == [
        *("renewal", "eligibility"),
        *("validation records", "validation records", "validation records"),
        *("public DNS", "public DNS", "delegation", "delegation"),
        *("CAA", "private CA", "import source"),
    ]
    assert {each.seconds for each in steps} == {0.0}


def test_what_machines_are_told_of_a_drill_stays_the_same() -> None:
    assert [each.value for each in Outcome] == ["passed", "failed", "unknown"]
    assert [each.value for each in Answer] == ["yes", "no", "partly known"]


def step(outcome: Outcome, name: str = "a step") -> Step:
    return Step(name=name, outcome=outcome, text="It is so.")


@pytest.mark.parametrize(
    ("outcomes", "complete", "expected"),
    [
        ([PASSED, PASSED], True, YES),
        ([PASSED, PASSED], False, PARTLY),
        ([PASSED, UNKNOWN], True, PARTLY),
        ([UNKNOWN, FAILED], False, NO),
        ([], False, PARTLY),
    ],
)
def test_the_answer_is_no_better_than_the_worst_step(
    outcomes: list[Outcome],
    complete: bool,  # noqa: FBT001
    expected: Answer,
) -> None:
    assert answer(map(step, outcomes), complete=complete) is expected


@pytest.mark.parametrize(
    ("rehearsed", "outcome"),
    [
        (validated(), PASSED),
        (validated(renewal_eligible=True), PASSED),
        (validated(renewal_eligible=False), FAILED),
        (validated(renewal_eligible=False, in_use=False), UNKNOWN),
    ],
)
def test_acm_renews_what_is_used_and_eligible(rehearsed: Certificate, outcome: Outcome) -> None:
    assert eligibility(rehearsed).outcome is outcome


IN_PLACE, MISSING = finding(RecordState.IN_PLACE), finding(RecordState.MISSING)
WHOLE = Delegation(frozenset({"ns1"}), frozenset({"ns1"}))


@pytest.mark.parametrize(
    ("findings", "outcome", "told"),
    [
        ([IN_PLACE], PASSED, "Route 53 holds the validation record as ACM wants it."),
        ([IN_PLACE, IN_PLACE], PASSED, "Route 53 holds each of 2 validation records"),
        ([IN_PLACE, MISSING], FAILED, "_a1.shop.example.com does not exist in zone"),
        ([finding(RecordState.FOREIGN)], FAILED, "holds TXT hello"),
        ([finding(RecordState.OUTDATED)], FAILED, "older ACM value"),
        ([finding(RecordState.ZONE_NOT_FOUND)], UNKNOWN, "No public hosted zone"),
        ([finding(RecordState.UNCHECKED)], UNKNOWN, "could not be compared"),
        ([MISSING, finding(RecordState.ZONE_NOT_FOUND)], FAILED, "no public hosted zone"),
        ([], UNKNOWN, "does not say which"),
    ],
)
def test_what_stands_in_route_53_is_told(
    findings: list[RecordFinding], outcome: Outcome, told: str
) -> None:
    found = records_step(findings)
    assert found.outcome is outcome
    assert told in found.text


VALUE = "_b2.c3.acm-validations.aws"


@pytest.mark.parametrize(
    ("chain", "outcome", "told"),
    [
        ([VALUE], PASSED, "answers as ACM wants it"),
        (["elsewhere.example.net", VALUE], PASSED, "answers as ACM wants it"),
        (["elsewhere.example.net"], FAILED, "_a1.shop.example.com leads to elsewhere.example.net"),
        (["a.example.net", "b.example.net"], FAILED, "_a1.shop.example.com leads to b.example.net"),
        ([], FAILED, "_a1.shop.example.com leads nowhere"),
    ],
)
def test_public_dns_has_to_lead_to_acms_value(
    chain: list[str], outcome: Outcome, told: str
) -> None:
    found = public_step([record()], {record().name: chain})
    assert found.outcome is outcome
    assert told in found.text


@pytest.mark.parametrize(
    ("public", "own", "outcome", "told"),
    [
        (["ns1", "ns2"], ["ns2", "ns1"], PASSED, "Public DNS leads to the zone example.com."),
        (["ns1"], ["ns2", "ns1"], PASSED, "Public DNS leads to the zone example.com."),
        (["ns1", "ns2"], ["ns2", "ns3"], UNKNOWN, "and also to ns1."),
        (["ns2", "ns1"], ["ns3"], FAILED, "leads to ns1, ns2 instead of the zone example.com"),
        ([], ["ns3"], FAILED, "Nobody delegates the zone example.com."),
    ],
)
def test_a_zone_that_nobody_is_led_to_is_told(
    public: list[str], own: list[str], outcome: Outcome, told: str
) -> None:
    delegation = Delegation(frozenset(own), frozenset(public))
    found = delegation_step({"example.com": delegation})
    assert found.outcome is outcome
    assert told in found.text


def test_the_worst_delegation_counts() -> None:
    bad = Delegation(frozenset({"ns1"}), frozenset())
    odd = Delegation(frozenset({"ns1"}), frozenset({"ns1", "ns2"}))
    assert delegation_step({"example.com": WHOLE, "example.net": bad}).outcome is FAILED
    assert delegation_step({"example.com": odd, "example.net": bad}).outcome is FAILED
    assert delegation_step({"example.com": odd, "example.net": WHOLE}).outcome is UNKNOWN


def test_name_servers_are_told_in_order() -> None:
    servers = [f"ns{number}.test" for number in range(9)]
    elsewhere = Delegation(frozenset({"own.test"}), frozenset(reversed(servers)))
    assert f" {', '.join(servers)} instead" in delegation_step({"example.com": elsewhere}).text
    too_many = Delegation(frozenset({"own.test"}), frozenset({"own.test", *reversed(servers)}))
    assert delegation_step({"example.com": too_many}).text.endswith(f" {', '.join(servers)}.")


def test_without_a_zone_nothing_is_known_of_its_delegation() -> None:
    assert delegation_step({}).outcome is UNKNOWN


def test_a_caa_record_that_forbids_is_told() -> None:
    free = CaaVerdict(name="shop.example.com", reason=CaaReason.NO_RECORDS)
    bound = CaaVerdict(name="*.example.com", reason=CaaReason.NOT_NAMED, at="example.com")
    assert caa_step([free]).outcome is PASSED
    found = caa_step([free, bound])
    assert found.outcome is FAILED
    assert found.text == (
        "The CAA records at example.com do not let Amazon issue for *.example.com."
    )


def test_a_right_answer_of_public_dns_overrules_a_leftover_zone() -> None:
    wrong = [step(FAILED, "validation records"), step(FAILED, "delegation"), step(FAILED, "CAA")]
    right = [*wrong, step(PASSED, "public DNS")]
    assert [each.outcome for each in settled(right)] == [PASSED, PASSED, FAILED, PASSED]
    for outcome in (FAILED, UNKNOWN):
        unhelpful = [step(PASSED, "eligibility"), *wrong, step(outcome, "public DNS")]
        assert settled(unhelpful) == unhelpful
    assert [each.text for each in settled(right)[1:]] == [
        "It is so. Public DNS answers all the same.",
        *("It is so.", "It is so."),
    ]


def test_what_is_right_by_itself_needs_no_answer_of_public_dns() -> None:
    steps = [step(PASSED, "validation records"), step(PASSED, "public DNS")]
    assert settled(steps) == steps


AUTHORITY_FACTS: dict[str, Any] = {"type": CertificateType.PRIVATE_AUTHORITY, "lives": days(3650)}


@pytest.mark.parametrize(
    ("authority", "outcome", "told"),
    [
        (certificate(**AUTHORITY_FACTS, ends_in=days(900)), PASSED, "issues for ACM"),
        (certificate(**AUTHORITY_FACTS, ends_in=days(30)), FAILED, "before a certificate would"),
        (
            certificate(**AUTHORITY_FACTS, ends_in=days(900), detail=Detail(issues_for_acm=False)),
            FAILED,
            "does not let ACM issue",
        ),
        (None, UNKNOWN, "cannot be seen from here"),
    ],
    ids=["good", "ending", "closed", "unseen"],
)
def test_a_private_ca_is_judged_as_a_run_judges_it(
    authority: Certificate | None, outcome: Outcome, told: str
) -> None:
    seen = Observation(certificate=authority) if authority else None
    found = authority_step(assess(seen, USUAL, NOW) if seen else None)
    assert found.outcome is outcome
    assert told in found.text


SOURCES = {
    SourceState.NEWER: PASSED,
    SourceState.SAME: UNKNOWN,
    SourceState.NOT_NEWER: UNKNOWN,
    SourceState.NOT_YET_VALID: UNKNOWN,
    SourceState.UNREAD: UNKNOWN,
    SourceState.INCOMPATIBLE: FAILED,
    SourceState.INVALID: FAILED,
    SourceState.UNREADABLE: FAILED,
}


@pytest.mark.parametrize("state", SourceState)
def test_an_import_source_is_as_good_as_what_it_holds(state: SourceState) -> None:
    found = source_step(source(state))
    assert found.outcome is SOURCES[state]
    waiting = (SourceState.SAME, SourceState.NOT_NEWER, SourceState.NOT_YET_VALID)
    more = " It can be read; a newer version has yet to be written into it."
    assert found.text == source(state).text + (more if state in waiting else "")


def test_an_import_without_a_source_is_for_a_person_to_renew() -> None:
    found = source_step(None)
    assert found.outcome is UNKNOWN
    assert "no import source" in found.text
