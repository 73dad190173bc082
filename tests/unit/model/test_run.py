"""The result of a run: plain data with exactly the keys of the contract."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from certificate_lifecycle.model.certificate import Action, Verdict, days_left
from certificate_lifecycle.model.problem_key import problem_key
from certificate_lifecycle.model.public_dns import DnsCounts
from certificate_lifecycle.model.run import ActionRecord, Outcome, ScopeStatus, result
from certificate_lifecycle.policy.validation import RecordState
from tests.unit.builders import (
    EXPIRED,
    NOW,
    SECOND,
    TIMED_OUT,
    arn,
    blocked,
    certificate,
    days,
    detail,
    finding,
    imported,
    judged,
    observation,
    request,
    run,
    scope,
)

HEALTHY = judged(certificate(arn=arn("healthy")))
UNUSED = judged(certificate(arn=arn("unused"), in_use=False, ends_in=days(2)))
BLOCKED = judged(observation(blocked(), finding(RecordState.MISSING)))
DUE = judged(imported(arn=arn("due"), ends_in=days(5), names=("a.example.com", "b.example.com")))
OVER = judged(certificate(arn=arn("over"), status=EXPIRED, ends_in=-days(1), detail=detail()))
NOTHING_SENT = {"sent": False, "message_id": None, "reason": "nothing to report"}


def record(outcome: Outcome, action: Action = Action.RESTORE_RECORDS) -> ActionRecord:
    return ActionRecord(BLOCKED.certificate.arn, action, outcome, "created _a1.shop.example.com.")


def test_the_result_has_exactly_the_keys_of_the_contract() -> None:
    assert set(result(run(), NOTHING_SENT)) == {
        "run_id",
        "started_at",
        "finished_at",
        "sdk",
        "scopes",
        "counts",
        "findings",
        "actions",
        "open_findings",
        "muted_findings",
        "ignored",
        "expiring_certificates",
        "renewed_certificates",
        "notification",
    }


def test_the_result_says_where_the_report_is_if_one_was_written() -> None:
    where = "s3://reports/run-1.html"
    assert result(run(report=where), NOTHING_SENT)["report"] == where


def test_the_result_is_plain_data() -> None:
    whole = run(
        HEALTHY,
        DUE,
        BLOCKED,
        judged(request(status=TIMED_OUT)),
        actions=(record(Outcome.DONE),),
        scopes=(scope(ScopeStatus.PARTIAL, certificates=4, error="one could not be read"),),
    )
    found = result(whole, NOTHING_SENT)
    assert json.loads(json.dumps(found)) == found


def test_the_result_says_when_it_ran_and_what_was_sent() -> None:
    found = result(run(), NOTHING_SENT)
    assert found["run_id"] == "8f6e3f0a-0000-4000-8000-000000000001"
    assert found["started_at"] == "2026-06-01T12:00:00+00:00"
    assert found["finished_at"] == "2026-06-01T12:00:01+00:00"
    assert found["notification"] == NOTHING_SENT


def test_each_scope_says_how_much_was_seen() -> None:
    partial = scope(ScopeStatus.PARTIAL, certificates=3, ignored=2, error="one could not be read")
    assert result(run(scopes=(partial,)), NOTHING_SENT)["scopes"] == [
        {
            "account_id": "123456789012",
            "region": "eu-west-1",
            "status": "partial",
            "certificates": 3,
            "ignored": 2,
            "public_dns": None,
            "error": "one could not be read",
            "not_listed": [],
        }
    ]


def test_the_ignored_certificates_of_all_scopes_are_counted() -> None:
    whole = run(scopes=(scope(ignored=2), scope(ignored=3), scope()))
    assert result(whole, NOTHING_SENT)["ignored"] == 5


def test_the_names_of_all_scopes_that_public_dns_was_queried_for_are_counted() -> None:
    counts = DnsCounts(checked=5, unknown=1, reason="timeout")
    others = DnsCounts(checked=2, not_asked=3, reason="no answer")
    scopes = (scope(), replace(scope(), public_dns=counts), replace(scope(), public_dns=others))
    assert run(scopes=scopes).public_dns == DnsCounts(
        checked=7, unknown=1, not_asked=3, reason="timeout"
    )
    assert run(scopes=(scope(),)).public_dns is None


def test_a_finding_says_all_that_is_known() -> None:
    (found,) = result(run(DUE), NOTHING_SENT)["findings"]
    assert found == {
        "certificate_arn": arn("due"),
        "account_id": "123456789012",
        "region": "eu-west-1",
        "domain_name": "a.example.com",
        "alternative_names": ["b.example.com"],
        "verdict": "ImportDue",
        "severity": "critical",
        "reason": "ImportedExpiring",
        "message": DUE.decision.message,
        "action": "Reimport",
        "type": "IMPORTED",
        "status": "ISSUED",
        "not_after": "2026-06-06T12:00:00+00:00",
        "days_left": 5,
        "in_use": True,
        "used_by": [],
        "owner": None,
        "muted_until": None,
        "probe_results": [],
        "owner_kind": None,
        "permitted_mode": None,
        "in_use_by": [],
        "outside_scope": False,
        "problem_key": problem_key(arn("due")),
    }


def test_a_finding_without_an_end_or_a_name_says_so() -> None:
    nameless = judged(certificate(names=(), ends_in=None))
    (found,) = result(run(nameless), NOTHING_SENT)["findings"]
    assert (found["domain_name"], found["not_after"], found["days_left"]) == ("", None, None)


def test_healthy_certificates_are_counted_and_are_no_findings() -> None:
    found = result(run(HEALTHY, HEALTHY, DUE), NOTHING_SENT)
    assert found["counts"] == {"Healthy": 2, "ImportDue": 1}
    assert len(found["findings"]) == 1


def test_findings_come_worst_first_then_by_what_ends_first() -> None:
    sooner = judged(imported(arn=arn("sooner"), ends_in=days(4)))
    found = result(run(UNUSED, BLOCKED, DUE, sooner, OVER), NOTHING_SENT)["findings"]
    ordered = [OVER, sooner, DUE, BLOCKED, UNUSED]
    assert [entry["certificate_arn"] for entry in found] == [e.certificate.arn for e in ordered]


def test_findings_of_one_severity_that_nobody_has_to_hear_of_come_last() -> None:
    stuck = judged(observation(request(arn=arn("stuck")), finding(RecordState.MISSING)))
    assert run(UNUSED, stuck).findings == [stuck, UNUSED]


def test_findings_without_an_end_are_in_a_stable_order() -> None:
    one, other = (judged(certificate(arn=arn(name), ends_in=None)) for name in "ab")
    assert run(other, one).findings == [one, other]


def test_what_is_near_its_end_or_past_it_is_counted() -> None:
    found = result(run(HEALTHY, UNUSED, BLOCKED, DUE, OVER), NOTHING_SENT)
    assert found["expiring_certificates"] == 3


def test_a_repair_is_no_renewal() -> None:
    assert result(run(actions=(record(Outcome.DONE),)), NOTHING_SENT)["renewed_certificates"] == 0


@pytest.mark.parametrize("outcome", Outcome)
def test_only_what_was_carried_out_counts_as_renewed(outcome: Outcome) -> None:
    whole = run(actions=(record(outcome, Action.REIMPORT),))
    carried_out = outcome in (Outcome.DONE, Outcome.STARTED)
    assert result(whole, NOTHING_SENT)["renewed_certificates"] == int(carried_out)


def test_actions_are_listed_with_their_outcome() -> None:
    whole = run(actions=(record(Outcome.FAILED), record(Outcome.ADVISED, Action.REPLACE)))
    assert result(whole, NOTHING_SENT)["actions"] == [
        {
            "certificate_arn": arn(),
            "action": "RestoreRecords",
            "outcome": "failed",
            "detail": "created _a1.shop.example.com.",
            "renewed": False,
            "dns_records": [],
        },
        {
            "certificate_arn": arn(),
            "action": "Replace",
            "outcome": "advised",
            "detail": "created _a1.shop.example.com.",
            "renewed": False,
            "dns_records": [],
        },
    ]
    assert whole.incomplete
    assert whole.failed_actions == [record(Outcome.FAILED)]


@pytest.mark.parametrize("status", ScopeStatus)
def test_a_run_is_incomplete_if_a_scan_is(status: ScopeStatus) -> None:
    assert run(scopes=(scope(status),)).incomplete is (status is not ScopeStatus.OK)


def test_days_left_are_whole_days_rounded_down() -> None:
    lefts = [days(1), days(1) - SECOND, days(0), -SECOND, -days(1), -days(1) - SECOND]
    found = [days_left(certificate(ends_in=left), NOW) for left in lefts]
    assert found == [1, 0, 0, -1, -1, -2]


def test_every_verdict_has_a_meaning_for_the_documentation() -> None:
    assert all(verdict.meaning.endswith(".") for verdict in Verdict)
