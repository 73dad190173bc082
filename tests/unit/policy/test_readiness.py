"""Readiness names every blocker and none that is not there."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from certificate_lifecycle.model.baseline_dates import RULES
from certificate_lifecycle.model.certificate import (
    Certificate,
    CertificateStatus,
    CertificateType,
    Reason,
    ValidationMethod,
    Verdict,
)
from certificate_lifecycle.policy.readiness.blockers import (
    BLOCKERS,
    OF_INSTANCE,
    blockers_of,
    blockers_of_instance,
)
from certificate_lifecycle.policy.readiness.case import Case, Setup
from certificate_lifecycle.policy.readiness.outlook import (
    SHORTEST_LIVES,
    CertificateReadiness,
    meanings,
    readiness,
)
from certificate_lifecycle.policy.readiness.simulation import (
    Course,
    Phase,
    by_month,
    course_of,
    simulate,
)
from certificate_lifecycle.policy.readiness.words import Act, BlockerKind, Deployer, Issuer, Prover
from certificate_lifecycle.policy.thresholds import Thresholds
from tests.unit.builders import (
    AUTHORITY,
    NOW,
    certificate,
    days,
    detail,
    imported,
    private,
    validation,
)
from tests.unit.policy.readiness_estate import (
    EXPORTED,
    IAM,
    PLANTED,
    READY,
    authority,
    binding,
    by_dns,
    by_email,
    estate,
    for_clients,
    found,
    judged,
    read,
    setup,
)

AT = SHORTEST_LIVES
KNOWN = setup([])
LATE = datetime(2031, 1, 1, tzinfo=UTC)


def case(seen: Certificate, known: Setup = KNOWN) -> Case:
    return Case(judged(seen), known, NOW)


def outlook(seen: Certificate, known: Setup = KNOWN, at: datetime = AT) -> CertificateReadiness:
    return readiness([judged(seen)], known, NOW, at).outlooks[0]


def kinds(seen: Certificate, known: Setup = KNOWN) -> set[BlockerKind]:
    return {blocker.rule.kind for blocker in blockers_of(case(seen, known))}


# --- An estate --------------------------------------------------------------------------------


def test_every_blocker_of_a_certificate_is_planted_and_each_has_one_row() -> None:
    rows = [rule.kind for rule in (*BLOCKERS, *OF_INSTANCE)]
    assert sorted(rows) == sorted(BlockerKind)
    planted = set().union(*(kinds for *_, kinds in PLANTED))
    assert planted == {rule.kind for rule in BLOCKERS}
    assert len(planted) > 20


def test_in_an_estate_of_1000_every_blocker_is_named_and_none_falsely() -> None:
    rows = list(estate(1000))
    result = readiness([entry for entry, *_ in rows], setup(rows), NOW)
    for row, shown in zip(rows, result.outlooks, strict=True):
        assert {blocker.rule.kind for blocker in shown.blockers} == row[3], shown.to_dict()
    assert sum(result.blockers.values()) == sum(len(kinds) for *_, kinds in rows)
    assert len(result.blocked) == 500
    assert not result.instance


def test_what_is_unknown_is_no_blocker() -> None:
    """The report of an organization has the fields of findings only, and no settings."""
    for entry, *_ in (*PLANTED, *READY):
        seen = replace(entry.certificate, detail=detail(), exported=False, renewal_eligible=None)
        if seen.type is not CertificateType.SERVER_CERTIFICATE:
            assert not readiness([judged(seen)], Setup(), NOW).outlooks[0].blockers or (
                judged(seen).decision.verdict in (Verdict.UNUSED, Verdict.EXPIRED)
                or seen.type is CertificateType.PRIVATE_AUTHORITY
            )


def test_the_certificates_that_end_first_come_first() -> None:
    rows = list(estate(200))
    blocked = readiness([entry for entry, *_ in rows], setup(rows), NOW).blocked
    ends = [shown.ends_at for shown in blocked]
    known = [end for end in ends if end is not None]
    assert known == sorted(known)
    assert ends[: len(known)] == known


@pytest.mark.parametrize(
    ("between", "deployed", "named"),
    [(days(1), True, False), (days(7), True, True), (days(7), None, False)],
)
def test_a_life_too_short_for_the_schedule_of_the_deployed_function_is_named(
    between: timedelta, *, deployed: bool | None, named: bool
) -> None:
    known = replace(KNOWN, thresholds=Thresholds(between_runs=between), deployed=deployed)
    short = by_dns(ends_in=days(5), lives=days(6))
    assert (BlockerKind.RUNS_TOO_RARE in kinds(short, known)) is named
    assert BlockerKind.RUNS_TOO_RARE not in kinds(by_dns(lives=days(47)), known)


# --- One certificate --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seen", "prover", "issuer", "deployer"),
    [
        (by_dns(), Prover.OUR_ZONE, Issuer.AMAZON, Deployer.SERVICE),
        (by_dns("a.example.net"), Prover.OTHER_ZONE, Issuer.AMAZON, Deployer.SERVICE),
        (by_email(), Prover.EMAIL, Issuer.AMAZON, Deployer.SERVICE),
        (certificate(), Prover.UNKNOWN, Issuer.AMAZON, Deployer.SERVICE),
        (
            certificate(managed_by="CLOUDFRONT"),
            Prover.HTTP,
            Issuer.AMAZON,
            Deployer.SERVICE,
        ),
        (
            read(certificate(), validations=(validation(method=ValidationMethod.HTTP),)),
            Prover.HTTP,
            Issuer.AMAZON,
            Deployer.SERVICE,
        ),
        (
            certificate(key_pair_origin="ACME", in_use=False),
            Prover.CLIENT,
            Issuer.AMAZON,
            Deployer.TOOL,
        ),
        (
            by_dns(root_hierarchy="N2_AMAZON_MANAGED"),
            Prover.OUR_ZONE,
            Issuer.AMAZON_N2,
            Deployer.SERVICE,
        ),
        (private(), Prover.AUTHORITY, Issuer.AUTHORITY, Deployer.SERVICE),
        (read(imported()), Prover.ISSUER, Issuer.OTHER_CA, Deployer.IMPORTING_PERSON),
        (
            read(imported(), issuer="Let's Encrypt"),
            Prover.ISSUER,
            Issuer.PUBLIC_CA,
            Deployer.IMPORTING_PERSON,
        ),
        (IAM, Prover.ISSUER, Issuer.OTHER_CA, Deployer.MOVING_PERSON),
        (EXPORTED, Prover.OUR_ZONE, Issuer.AMAZON, Deployer.INSTALLING_PERSON),
        (replace(by_dns(), in_use=False), Prover.OUR_ZONE, Issuer.AMAZON, Deployer.NOBODY),
        (authority(), Prover.UNKNOWN, Issuer.UNKNOWN, Deployer.NOBODY),
    ],
)
def test_who_proves_issues_and_deploys(
    seen: Certificate, prover: Prover, issuer: Issuer, deployer: Deployer
) -> None:
    shown = case(seen)
    assert (shown.prover, shown.issuer, shown.deployer) == (prover, issuer, deployer)


def test_without_the_zones_a_record_is_in_dns() -> None:
    assert case(by_dns(), replace(KNOWN, zones=None)).prover is Prover.DNS


def test_the_configuration_delivers_in_the_place_of_people() -> None:
    known = replace(KNOWN, sources={imported().arn}, targets={EXPORTED.arn})
    assert case(read(imported()), known).deployer is Deployer.SOURCE
    assert case(EXPORTED, known).deployer is Deployer.TARGET
    assert not case(read(imported()), known).acts
    assert not case(EXPORTED, known).acts


@pytest.mark.parametrize(
    ("seen", "acts"),
    [
        (by_dns(), ()),
        (by_email(), (Act.ANSWER_EMAIL,)),
        (read(imported()), (Act.ORDER, Act.IMPORT)),
        (read(imported(in_use=False)), ()),
        (IAM, (Act.ORDER, Act.MOVE)),
        (EXPORTED, (Act.INSTALL,)),
    ],
)
def test_the_acts_of_people_at_each_renewal(seen: Certificate, acts: tuple[Act, ...]) -> None:
    assert case(seen).acts == acts


def test_in_mode_notify_a_person_imports_what_the_source_has() -> None:
    known = replace(KNOWN, sources={imported().arn}, repairs=False)
    assert case(read(imported()), known).acts == (Act.IMPORT,)
    assert BlockerKind.SOURCE_NOT_READ in kinds(read(imported()), known)


def test_acts_that_depend_on_unknown_settings_are_not_counted() -> None:
    assert not case(read(imported()), Setup()).acts
    assert not case(EXPORTED, Setup()).acts
    assert not case(imported(), replace(KNOWN, sources={imported().arn})).acts


def test_acts_grow_as_lifetimes_shrink_until_email_ends() -> None:
    bought = outlook(read(imported(), issuer="Sectigo Limited")).acts_a_year
    assert bought["now"] == pytest.approx(2 * 365 / 170)
    assert bought["100_days"] == pytest.approx(2 * 365 / 70)
    assert bought["47_days"] == pytest.approx(2 * 365 / (47 * 0.67))
    assert bought["at"] == bought["47_days"]
    mailed = outlook(by_email()).acts_a_year
    assert mailed["now"] < mailed["100_days"]
    assert mailed["47_days"] == 0


FIRST, LAST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)


@pytest.mark.parametrize("ends", [FIRST, LAST])
@pytest.mark.parametrize("begins", [FIRST, NOW])
def test_dates_at_the_limits_of_a_calendar_are_judged(begins: datetime, ends: datetime) -> None:
    """Anyone can import a certificate with such dates."""
    seen = replace(imported(), not_before=begins, not_after=ends)
    assert readiness([judged(seen)], KNOWN, NOW, AT).outlooks[0].to_dict()


def test_lifetimes_follow_the_rules_for_public_certificates_only() -> None:
    for seen, first, last in (
        (by_dns(), days(198), days(45)),
        (by_dns(lives=days(90)), days(90), days(45)),
        (by_dns(root_hierarchy="N2_AMAZON_MANAGED", lives=days(395)), days(395), days(395)),
        (read(imported(lives=days(3650))), days(3650), days(3650)),
        (replace(read(imported()), not_before=None), days(200), days(47)),
        (replace(by_dns(), not_before=None), days(198), days(45)),
    ):
        assert case(seen).lifetime_from(NOW) == first
        assert case(seen).lifetime_from(AT) == last


def test_it_ends_with_the_last_version_that_is_issued_without_a_person() -> None:
    assert outlook(by_dns()).ends_at is None
    bought = outlook(read(imported())).ends_at
    assert bought == imported().not_after
    assert outlook(by_email()).ends_at == by_email().not_after
    ending = authority(days(900))
    seen = read(private(), certificate_authority_arn=AUTHORITY)
    shown = readiness([judged(ending), judged(seen)], KNOWN, NOW, LATE).outlooks[1]
    assert [blocker.rule.kind for blocker in shown.blockers] == [BlockerKind.AUTHORITY_ENDS]
    assert shown.ends_at is not None
    assert shown.blockers[0].since == NOW + days(900) - days(395)
    assert shown.ends_at > shown.blockers[0].since


def test_a_blocker_that_applies_after_the_date_is_not_shown() -> None:
    early = NOW + days(30)
    assert not outlook(by_email(), at=early).blockers
    assert outlook(by_email(), at=early).ends_at is None
    shown = outlook(by_dns(renewal_eligible=False), at=NOW + days(60)).ends_at
    assert shown == by_dns().not_after


def test_a_renewal_after_the_date_is_no_end() -> None:
    ending = authority(days(900))
    seen = read(private(ends_in=days(390)), certificate_authority_arn=AUTHORITY)
    at = NOW + days(900) - days(395)
    shown = readiness([judged(ending), judged(seen)], KNOWN, NOW, at).outlooks[1]
    assert shown.blockers
    assert shown.ends_at is None


def test_email_that_ends_before_the_next_renewal_needs_no_approval() -> None:
    seen = replace(by_email(), not_after=datetime(2028, 12, 1, tzinfo=UTC))
    assert kinds(seen) == {BlockerKind.EMAIL_VALIDATION_ENDS}


def test_a_ca_without_an_end_never_ends() -> None:
    unending = replace(authority(), not_after=None)
    assert not kinds(unending)


def test_client_auth_ends_later_at_other_public_cas() -> None:
    bought = for_clients(read(imported(), issuer="DigiCert Inc", tags=()))
    found_at = {b.rule.kind: b.since for b in blockers_of(case(bought))}
    assert found_at[BlockerKind.CLIENT_AUTH_LOST] == datetime(2027, 3, 1, tzinfo=UTC)
    assert BlockerKind.CLIENT_AUTH_LOST not in kinds(for_clients(read(imported())))


def test_a_public_certificate_of_47_days_is_short_enough() -> None:
    seen = read(imported(lives=days(47)), issuer="Let's Encrypt")
    assert kinds(seen) == {BlockerKind.IMPORT_WITHOUT_SOURCE}


def test_a_used_binding_and_one_without_a_finding_are_no_blockers() -> None:
    for seen in (binding(days(9), used=True), binding(None)):
        entry = found(seen, Reason.BINDING_EXPIRING, Verdict.ISSUANCE_BLOCKED)
        assert not blockers_of(Case(entry, KNOWN, NOW))
    assert not blockers_of(Case(found(binding(days(300)), Reason.FAR_FROM_EXPIRY), KNOWN, NOW))


def test_a_repair_of_another_tool_s_certificate_is_not_forbidden() -> None:
    entry = PLANTED[
        [kinds for *_, kinds in PLANTED].index(
            {BlockerKind.VALIDATION_RECORD_LOST, BlockerKind.REPAIR_FORBIDDEN}
        )
    ][0]
    foreign = replace(entry.decision, verdict=Verdict.EXTERNALLY_MANAGED)
    assert not blockers_of(Case(replace(entry, decision=foreign), KNOWN, NOW))


def test_the_instance_has_blockers_of_its_own() -> None:
    bare = replace(
        KNOWN, deployed=False, state_table=False, resolvers=False, not_listed="N2 is not listed."
    )
    assert [blocker.rule.kind for blocker in blockers_of_instance(bare, NOW)] == [
        rule.kind for rule in OF_INSTANCE
    ]
    assert readiness([], bare, NOW).blockers == dict.fromkeys(
        [rule.kind for rule in OF_INSTANCE], 1
    )
    assert not blockers_of(case(by_dns(), bare))
    assert OF_INSTANCE[0].find(case(by_dns())) is None


def test_the_data_names_everything() -> None:
    entries = [judged(by_email(), owner="Shop\n"), judged(certificate()), judged(authority())]
    data = readiness(entries, KNOWN, NOW).to_dict()
    assert (data["renewed_certificates"], data["unknown_certificates"]) == (2, 1)
    assert data["ready_certificates"] == 0
    first = data["certificates"][0]
    assert first["owner"] == "Shop"
    assert first["acts"] == ["answer-email"]
    assert [blocker["kind"] for blocker in first["blockers"]] == [
        "EmailApproval",
        "EmailValidationEnds",
    ]
    assert first["blockers"][0]["remedy"].startswith("aws acm update-certificate-options")
    assert first["ends_at"] is not None
    assert len(data["certificates"]) == 2
    ended = judged(by_dns(ends_in=days(-1), status=CertificateStatus.EXPIRED))
    assert readiness([ended], KNOWN, NOW).to_dict()["certificates"][0]["prover"] is None
    assert meanings(Act)["order"] == Act.ORDER.meaning


# --- The simulation ---------------------------------------------------------------------------


def test_a_managed_certificate_is_renewed_more_often_as_lifetimes_shrink() -> None:
    course = course_of(case(by_dns()), ())
    assert course is not None
    counts = simulate([course], 4 * 365)
    assert sum(count.breakages + count.imports + count.acts for count in counts) == 0
    days_of = [day for day, count in enumerate(counts) if count.renewals]
    gaps = [later - earlier for earlier, later in pairwise(days_of)]
    assert gaps[0] == 198 - 45
    assert gaps[-1] == 30
    assert gaps == sorted(gaps, reverse=True)


def test_a_stopped_renewal_ends_and_people_act_until_then() -> None:
    seen = by_email()
    course = course_of(case(seen), blockers_of(case(seen)))
    assert course is not None
    assert course.stops is not None
    counts = simulate([course], 4 * 365)
    assert sum(count.acts for count in counts) == sum(count.renewals for count in counts) > 0
    [end] = [day for day, count in enumerate(counts) if count.breakages]
    assert course.stops < end < course.stops + 198


def test_a_certificate_without_renewals_has_no_course() -> None:
    assert course_of(case(read(imported(in_use=False))), ()) is None
    imports = course_of(case(read(imported())), ())
    assert imports is not None
    assert imports.imported


def test_an_end_after_the_simulation_is_not_counted() -> None:
    phases = (Phase(0, 90, 60),)
    ends = Course(renewal=5, end=40, phases=phases, stops=0)
    never = Course(renewal=50, end=80, phases=phases)
    assert sum(count.breakages for count in simulate([ends, never], 30)) == 0
    months = by_month(simulate([ends], 60), NOW)
    assert {month: count.breakages for month, count in months.items()} == {
        "2026-06": 0,
        "2026-07": 1,
    }
    assert months["2026-07"].to_dict() == {
        "renewals": 0,
        "imports": 0,
        "acts": 0,
        "breakages": 1,
    }


@pytest.mark.parametrize("size", [1_000, pytest.param(10_000, marks=pytest.mark.nightly)])
def test_the_work_of_three_years_is_one_step_for_each_renewal(size: int) -> None:
    """Counted, not timed: a step for each certificate and day would be 11 million."""
    courses = []
    for number in range(size):
        seen = (by_dns(), read(imported()), by_email(), EXPORTED)[number % 4]
        moved = replace(seen, not_after=NOW + timedelta(days=50 + number % 100))
        one = case(replace(moved, not_before=moved.not_after and moved.not_after - days(198)))
        courses.append(course_of(one, ()))
    counts = simulate((course for course in courses if course), 3 * 365)
    steps = sum(count.renewals for count in counts)
    assert size * 5 < steps < size * 20
    assert all(rule.lifetime > days(46) for rule in RULES)
