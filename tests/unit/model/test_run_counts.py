"""What the two numbers of a result count: ends that are near or past, and renewals."""

from __future__ import annotations

from dataclasses import replace

import pytest

from certificate_lifecycle.model.certificate import Action, Reason, Verdict
from certificate_lifecycle.model.problem_key import problem_key
from certificate_lifecycle.model.run import ActionRecord, Outcome, ScopeStatus, report_entry
from tests.unit.builders import arn, days, imported, judged, run, scope

DUE = judged(imported(ends_in=days(3)))
NEAR_OR_PAST = {
    *(Verdict.EXPIRED, Verdict.EXPORT_DUE, Verdict.IMPORT_DUE, Verdict.RENEWAL_BLOCKED),
    *(Verdict.RENEWAL_OVERDUE, Verdict.AUTHORITY_EXPIRING, Verdict.AUTHORITY_PERMISSION_MISSING),
}
ABOUT_NO_END = {
    *(Reason.EXPORT_TARGET_OUTDATED, Reason.EXPORT_ROLLED_BACK, Reason.EXPORT_NOT_POSSIBLE),
    Reason.SOURCE_NEWER,
}


@pytest.mark.parametrize("verdict", Verdict)
def test_a_verdict_on_an_end_counts_as_expiring(verdict: Verdict) -> None:
    found = run(replace(DUE, decision=replace(DUE.decision, verdict=verdict)))
    assert report_entry(found)["expiring_certificates"] == int(verdict in NEAR_OR_PAST)


@pytest.mark.parametrize("reason", Reason)
def test_what_is_due_for_another_reason_than_its_end_does_not(reason: Reason) -> None:
    found = run(replace(DUE, decision=replace(DUE.decision, reason=reason)))
    assert report_entry(found)["expiring_certificates"] == int(reason not in ABOUT_NO_END)


@pytest.mark.parametrize("action", Action)
def test_only_an_import_renews_by_itself(action: Action) -> None:
    records = [ActionRecord(arn(), action, outcome, "") for outcome in Outcome]
    renewed = report_entry(run(DUE, actions=records))["renewed_certificates"]
    assert renewed == (2 if action is Action.REIMPORT else 0)


def test_a_failed_scope_is_a_finding_of_the_same_form() -> None:
    lost = run(scopes=(scope(ScopeStatus.FAILED, error="no answer"),))
    (entry,) = report_entry(lost)["findings"]
    (other,) = report_entry(run(DUE))["findings"]
    assert list(entry) == list(other)
    assert {name: value for name, value in entry.items() if value not in (None, [], False)} == {
        "account_id": "123456789012",
        "action": "Investigate",
        "message": "no answer",
        "problem_key": problem_key("123456789012/eu-west-1"),
        "reason": "ScopeFailed",
        "region": "eu-west-1",
        "severity": "warning",
        "verdict": "ScanFailed",
    }
