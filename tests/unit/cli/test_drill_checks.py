"""Each check of a drill says what it showed, and all together whether a renewal would work."""

from __future__ import annotations

from typing import Any

import pytest

from certificate_lifecycle.cli.drill_checks import (
    CheckOutcome,
    DrillCheck,
    RenewalAnswer,
    accept_public_dns,
    answer,
    check_authority,
    check_caa,
    check_delegation,
    check_eligibility,
    check_public,
    check_records,
    check_source,
    no_managed_renewal,
)
from certificate_lifecycle.model.certificate import (
    Certificate,
    CertificateDetail,
    CertificateStatus,
    CertificateType,
    ValidationMethod,
)
from certificate_lifecycle.policy.caa import CaaReason, CaaVerdict
from certificate_lifecycle.policy.chain import assess
from certificate_lifecycle.policy.delegation import Delegation
from certificate_lifecycle.policy.import_source import SourceState
from certificate_lifecycle.policy.observation import Observation
from certificate_lifecycle.policy.thresholds import Thresholds
from certificate_lifecycle.policy.validation import RecordFinding, RecordState
from tests.unit.builders import (
    AUTHORITY,
    LABEL,
    NOW,
    certificate,
    days,
    detail,
    finding,
    private,
    record,
    request,
    source,
    validation,
)

USUAL = Thresholds()
PASSED, FAILED, UNKNOWN = CheckOutcome
YES, NO, PARTLY = RenewalAnswer


def validated(**changes: Any) -> Certificate:  # noqa: ANN401 - any field of a certificate
    """Return a certificate that was validated by DNS, described."""
    return certificate(detail=detail(validations=(validation(validated=True),)), **changes)


def of_authority(**changes: Any) -> Certificate:  # noqa: ANN401 - any field of a certificate
    return private(detail=detail(certificate_authority_arn=AUTHORITY), **changes)


# --- What ACM renews ------------------------------------------------------------------------------


@pytest.mark.parametrize("renewed", [validated(), of_authority()], ids=["public", "private"])
def test_acm_renews_certificates_with_dns_validation_and_private_ones(renewed: Certificate) -> None:
    assert no_managed_renewal(renewed) is None


BY_EMAIL = detail(validations=(validation(method=ValidationMethod.EMAIL),))
NOT_RENEWED = {
    "another tool's": (validated(managed_by="CLOUDFRONT"), UNKNOWN, "manages and renews it"),
    "a server certificate": (
        certificate(type=CertificateType.SERVER_CERTIFICATE),
        FAILED,
        "an IAM server certificate, which ACM does not renew",
    ),
    "a CA": (
        certificate(type=CertificateType.PRIVATE_AUTHORITY),
        FAILED,
        "a private CA, which ACM does not renew",
    ),
    "an unknown type": (
        certificate(type=CertificateType.NOT_UNDERSTOOD),
        UNKNOWN,
        "ACM did not issue it",
    ),
    "an expired one": (
        validated(status=CertificateStatus.EXPIRED),
        FAILED,
        "Its status is EXPIRED",
    ),
    "a pending request": (request(), FAILED, "Its status is PENDING_VALIDATION"),
    "by email": (certificate(detail=BY_EMAIL), UNKNOWN, "has to approve"),
    "by an unknown method": (certificate(), UNKNOWN, "does not report DNS validation"),
}


@pytest.mark.parametrize(
    ("not_renewed", "outcome", "reason"), NOT_RENEWED.values(), ids=NOT_RENEWED
)
def test_each_certificate_that_acm_does_not_renew_has_a_reason(
    not_renewed: Certificate, outcome: CheckOutcome, reason: str
) -> None:
    found = no_managed_renewal(not_renewed)
    assert found is not None
    assert found.outcome is outcome
    assert reason in found.text


# --- The checks -----------------------------------------------------------------------------------


def test_each_check_has_its_name() -> None:
    waiting = no_managed_renewal(request())
    assert waiting is not None
    checks = [
        waiting,
        check_eligibility(validated()),
        *(check_records([]), check_records([IN_PLACE]), check_records([MISSING])),
        *(check_public([], {}), check_public([record()], {})),
        *(check_delegation({}), check_delegation({"a.test.": WHOLE})),
        *(check_caa([]), check_authority(None), check_source(None)),
    ]
    assert [entry.name for entry in checks] == [
        *("renewal", "eligibility"),
        *("validation records", "validation records", "validation records"),
        *("public DNS", "public DNS", "delegation", "delegation"),
        *("CAA", "private CA", "import source"),
    ]


def test_the_public_values_stay_the_same() -> None:
    assert [outcome.value for outcome in CheckOutcome] == ["passed", "failed", "unknown"]
    assert [entry.value for entry in RenewalAnswer] == ["yes", "no", "partly known"]


def check(outcome: CheckOutcome, name: str = "a check") -> DrillCheck:
    return DrillCheck(name, outcome, "A result.")


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [([PASSED, PASSED], YES), ([PASSED, UNKNOWN], PARTLY), ([UNKNOWN, FAILED, PASSED], NO)],
)
def test_the_answer_is_no_better_than_the_worst_check(
    outcomes: list[CheckOutcome], expected: RenewalAnswer
) -> None:
    assert answer(map(check, outcomes)) is expected


@pytest.mark.parametrize(
    ("renewed", "outcome"),
    [
        (validated(), PASSED),
        (validated(renewal_eligible=True), PASSED),
        (validated(renewal_eligible=False), FAILED),
        (validated(renewal_eligible=False, in_use=False), UNKNOWN),
    ],
)
def test_acm_renews_eligible_certificates_in_use(
    renewed: Certificate, outcome: CheckOutcome
) -> None:
    assert check_eligibility(renewed).outcome is outcome


IN_PLACE, MISSING = finding(RecordState.IN_PLACE), finding(RecordState.MISSING)
WHOLE = Delegation(frozenset({"ns1"}), frozenset({"ns1"}))


@pytest.mark.parametrize(
    ("findings", "outcome", "text"),
    [
        ([IN_PLACE], PASSED, "Validation records in Route 53: 1 of 1."),
        ([IN_PLACE, IN_PLACE], PASSED, "Validation records in Route 53: 2 of 2."),
        ([IN_PLACE, MISSING], FAILED, f"{LABEL}.shop.example.com does not exist in zone"),
        ([finding(RecordState.FOREIGN)], FAILED, "is TXT hello"),
        ([finding(RecordState.OUTDATED)], FAILED, "older ACM value"),
        ([finding(RecordState.ZONE_NOT_FOUND)], UNKNOWN, "No writable public hosted zone"),
        ([finding(RecordState.UNCHECKED)], UNKNOWN, "could not be compared"),
        ([MISSING, finding(RecordState.ZONE_NOT_FOUND)], FAILED, "no writable public hosted zone"),
        ([], UNKNOWN, "does not report which"),
    ],
)
def test_the_records_in_route_53_are_compared(
    findings: list[RecordFinding], outcome: CheckOutcome, text: str
) -> None:
    found = check_records(findings)
    assert found.outcome is outcome
    assert text in found.text


VALUE = "_b2.c3.acm-validations.aws"


@pytest.mark.parametrize(
    ("chain", "outcome", "text"),
    [
        ([VALUE], PASSED, "the values that ACM needs"),
        (["elsewhere.example.net", VALUE], PASSED, "the values that ACM needs"),
        (
            ["elsewhere.example.net"],
            FAILED,
            f"{LABEL}.shop.example.com points to elsewhere.example.net",
        ),
        (
            ["a.example.net", "b.example.net"],
            FAILED,
            f"{LABEL}.shop.example.com points to b.example.net",
        ),
        ([], FAILED, f"{LABEL}.shop.example.com does not exist"),
    ],
)
def test_public_dns_must_resolve_to_acms_value(
    chain: list[str], outcome: CheckOutcome, text: str
) -> None:
    found = check_public([record()], {record().name: chain})
    assert found.outcome is outcome
    assert text in found.text


@pytest.mark.parametrize(
    ("public", "own", "outcome", "text"),
    [
        (["ns1", "ns2"], ["ns2", "ns1"], PASSED, "Public DNS delegates to the zone example.com."),
        (["ns1"], ["ns2", "ns1"], PASSED, "Public DNS delegates to the zone example.com."),
        (["ns1", "ns2"], ["ns2", "ns3"], UNKNOWN, "is also delegated to ns1."),
        (["ns2", "ns1"], ["ns3"], FAILED, "zone example.com is delegated to ns1, ns2 instead"),
        ([], ["ns3"], FAILED, "The zone example.com is not delegated."),
    ],
)
def test_a_wrong_delegation_is_reported(
    public: list[str], own: list[str], outcome: CheckOutcome, text: str
) -> None:
    delegation = Delegation(frozenset(own), frozenset(public))
    found = check_delegation({"example.com": delegation})
    assert found.outcome is outcome
    assert text in found.text


def test_the_worst_delegation_counts() -> None:
    bad = Delegation(frozenset({"ns1"}), frozenset())
    odd = Delegation(frozenset({"ns1"}), frozenset({"ns1", "ns2"}))
    assert check_delegation({"example.com": WHOLE, "example.net": bad}).outcome is FAILED
    assert check_delegation({"example.com": odd, "example.net": bad}).outcome is FAILED
    assert check_delegation({"example.com": odd, "example.net": WHOLE}).outcome is UNKNOWN


def test_name_servers_are_listed_in_order() -> None:
    servers = [f"ns{number}.test" for number in range(9)]
    elsewhere = Delegation(frozenset({"own.test"}), frozenset(reversed(servers)))
    assert f" {', '.join(servers)} instead" in check_delegation({"example.com": elsewhere}).text
    too_many = Delegation(frozenset({"own.test"}), frozenset({"own.test", *reversed(servers)}))
    assert check_delegation({"example.com": too_many}).text.endswith(f" {', '.join(servers)}.")


def test_without_a_zone_the_delegation_is_unknown() -> None:
    assert check_delegation({}).outcome is UNKNOWN


def test_a_caa_record_that_forbids_is_reported() -> None:
    free = CaaVerdict(name="shop.example.com", reason=CaaReason.NO_RECORDS)
    bound = CaaVerdict(name="*.example.com", reason=CaaReason.NOT_NAMED, at="example.com")
    assert check_caa([free]).outcome is PASSED
    found = check_caa([free, bound])
    assert found.outcome is FAILED
    assert found.text == (
        "The CAA records at example.com do not allow Amazon to issue for *.example.com."
    )


def test_public_dns_overrules_an_unused_zone() -> None:
    wrong = [check(FAILED, "validation records"), check(FAILED, "delegation"), check(FAILED, "CAA")]
    right = [*wrong, check(PASSED, "public DNS")]
    assert [entry.outcome for entry in accept_public_dns(right)] == [PASSED, PASSED, FAILED, PASSED]
    for outcome in (FAILED, UNKNOWN):
        unhelpful = [check(PASSED, "eligibility"), *wrong, check(outcome, "public DNS")]
        assert accept_public_dns(unhelpful) == unhelpful
    assert [item.text for item in accept_public_dns(right)[1:]] == [
        "A result. Ignored, because public DNS is correct.",
        *("A result.", "A result."),
    ]


def test_passed_checks_do_not_change_with_public_dns() -> None:
    checks = [check(PASSED, "validation records"), check(PASSED, "public DNS")]
    assert accept_public_dns(checks) == checks


AUTHORITY_FACTS: dict[str, Any] = {"type": CertificateType.PRIVATE_AUTHORITY, "lives": days(3650)}


@pytest.mark.parametrize(
    ("authority", "outcome", "text"),
    [
        (certificate(**AUTHORITY_FACTS, ends_in=days(900)), PASSED, "issues for ACM"),
        (certificate(**AUTHORITY_FACTS, ends_in=days(30)), FAILED, "before a certificate would"),
        (
            certificate(
                **AUTHORITY_FACTS, ends_in=days(900), detail=CertificateDetail(issues_for_acm=False)
            ),
            FAILED,
            "does not let ACM issue",
        ),
        (None, UNKNOWN, "is not visible"),
    ],
    ids=["good", "ending", "closed", "unseen"],
)
def test_a_private_ca_is_judged_as_a_run_judges_it(
    authority: Certificate | None, outcome: CheckOutcome, text: str
) -> None:
    observed = Observation(certificate=authority) if authority else None
    found = check_authority(assess(observed, USUAL, NOW) if observed else None)
    assert found.outcome is outcome
    assert text in found.text


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
def test_the_state_of_an_import_source_decides(state: SourceState) -> None:
    found = check_source(source(state))
    assert found.outcome is SOURCES[state]
    waiting = (SourceState.SAME, SourceState.NOT_NEWER, SourceState.NOT_YET_VALID)
    more = " It can be read; write a newer version to renew."
    assert found.text == source(state).text + (more if state in waiting else "")


def test_an_import_without_a_source_must_be_renewed_manually() -> None:
    found = check_source(None)
    assert found.outcome is UNKNOWN
    assert "no import source" in found.text
