"""Each check of a drill says what it showed, and all together whether a renewal would work."""

from __future__ import annotations

from typing import Any

import pytest

from certificate_lifecycle.cli.drill_checks import (
    CheckOutcome,
    DrillCheck,
    RenewalAnswer,
    answer,
    check_authority,
    check_decision,
    check_eligibility,
    check_names,
    check_public,
    check_records,
    check_source,
    check_target,
    no_managed_renewal,
)
from certificate_lifecycle.model.certificate import (
    Certificate,
    CertificateDetail,
    CertificateStatus,
    CertificateType,
    Reason,
    ValidationMethod,
)
from certificate_lifecycle.policy.chain import assess
from certificate_lifecycle.policy.dns_health import (
    CHECKS,
    DnsCheck,
    DnsFinding,
    PublicRecordState,
)
from certificate_lifecycle.policy.export import TargetState
from certificate_lifecycle.policy.import_source import SourceState
from certificate_lifecycle.policy.observation import Observation
from certificate_lifecycle.policy.thresholds import Thresholds
from certificate_lifecycle.policy.validation import RecordFinding, RecordState
from tests.unit.builders import (
    AUTHORITY,
    LABEL,
    NOW,
    answered,
    at_target,
    certificate,
    days,
    detail,
    dns_problem,
    finding,
    imported,
    private,
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
SILENT = answered(PublicRecordState.UNKNOWN, found="no answer")


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
    found = check_records(findings, SILENT)
    assert found.outcome is outcome
    assert text in found.text


def test_records_that_public_dns_answers_overrule_a_zone_that_is_not_in_use() -> None:
    found = check_records([MISSING], answered(PublicRecordState.IN_PLACE))
    assert found.outcome is PASSED
    assert found.text.endswith(" Ignored, because public DNS is correct.")


@pytest.mark.parametrize(
    ("dns", "outcome", "text"),
    [
        (answered(PublicRecordState.IN_PLACE), PASSED, "the values that ACM needs"),
        (answered(PublicRecordState.WRONG, found="old.example.net"), FAILED, "is old.example.net"),
        (answered(PublicRecordState.MISSING), FAILED, "does not exist in public DNS"),
        (SILENT, UNKNOWN, "is unknown: no answer"),
        (DnsFinding(), UNKNOWN, "were not queried"),
    ],
    ids=["right", "wrong", "missing", "silent", "not queried"],
)
def test_public_dns_must_answer_acms_value(
    dns: DnsFinding, outcome: CheckOutcome, text: str
) -> None:
    found = check_public(dns)
    assert found.outcome is outcome
    assert text in found.text


@pytest.mark.parametrize("row", CHECKS, ids=[row.subject for row in CHECKS])
def test_each_check_of_names_that_a_run_makes_has_a_row(row: DnsCheck) -> None:
    """A new row of CHECKS needs no change in the drill."""
    wrong = {entry.name: entry for entry in check_names(dns_problem(row.reason, "a problem"))}
    unknown = DnsFinding(undecided=frozenset({row.reason}), unknown=("no answer",))
    silent = {entry.name: entry for entry in check_names(unknown)}
    others = {other.subject for other in CHECKS} - {row.subject}
    assert wrong[row.subject] == DrillCheck(row.subject, FAILED, "A problem.")
    assert silent[row.subject] == DrillCheck(row.subject, UNKNOWN, "No answer.")
    assert {wrong[name].outcome for name in others} == {PASSED}


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        (TargetState.CURRENT, PASSED),
        (TargetState.UNREAD, UNKNOWN),
        (TargetState.NOT_POSSIBLE, FAILED),
    ],
)
def test_the_export_target_is_judged_as_a_run_judges_it(
    state: TargetState, outcome: CheckOutcome
) -> None:
    (found,) = check_target(at_target(state, "why"))
    assert found.outcome is outcome
    assert found.text.endswith(": why.")
    assert check_target(None) == ()


DECIDED = {
    "at risk": (
        Observation(certificate=validated(), dns=dns_problem(Reason.CAA_FORBIDS)),
        FAILED,
    ),
    "healthy": (Observation(certificate=validated()), PASSED),
    "to import": (Observation(certificate=imported(), source=source(SourceState.NEWER)), PASSED),
    "unused": (Observation(certificate=validated(in_use=False)), UNKNOWN),
    "by e-mail": (Observation(certificate=certificate(detail=BY_EMAIL)), UNKNOWN),
}


@pytest.mark.parametrize(("observation", "outcome"), DECIDED.values(), ids=DECIDED)
def test_the_decision_of_a_run_is_a_check(observation: Observation, outcome: CheckOutcome) -> None:
    decision = assess(observation, USUAL, NOW)
    found = check_decision(observation, decision)
    assert found.outcome is outcome
    assert found.text == f"{decision.verdict.value}: {decision.message}"


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
    SourceState.MISSING: FAILED,
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
