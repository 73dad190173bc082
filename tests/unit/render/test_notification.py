"""The one message of a run: whether there is one, its protocols, attributes and size."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from certificate_lifecycle.model.certificate import Action, Severity
from certificate_lifecycle.model.problem_key import problem_key
from certificate_lifecycle.model.run import (
    ActionRecord,
    Assessment,
    ChangeKind,
    FindingChange,
    Outcome,
    Run,
    ScopeStatus,
)
from certificate_lifecycle.render.notification.limits import MAX_MESSAGE_BYTES
from certificate_lifecycle.render.notification.message import Message, compose
from certificate_lifecycle.render.notification.wording import severity_of
from tests.unit.builders import (
    EXPIRED,
    NOW,
    arn,
    blocked,
    certificate,
    days,
    detail,
    imported,
    judged,
    observation,
    run,
    scope,
)
from tests.unit.render.message_samples import (
    BLOCKED,
    DUE,
    DUE_ARN,
    FAILED_SCOPE,
    HEALTHY,
    MUTED,
    PARTIAL,
    RESOLVED,
    STUCK,
    UNUSED,
    acted,
    document,
    due_in,
    mail,
    message_of,
)

SNS_LIMIT = 262_144


# --- Whether there is anything to report -------------------------------------------------------


@pytest.mark.parametrize(
    "whole",
    [
        run(),
        run(HEALTHY),
        run(UNUSED),
        run(MUTED),
        run(judged(imported(in_use=False, ends_in=days(2)))),
        run(judged(certificate(ends_in=days(40)))),
    ],
    ids=["no certificate", "healthy", "unused", "muted", "unused and ending", "renewing"],
)
def test_nothing_is_reported_where_no_person_can_or_need_do_anything(whole: Run) -> None:
    assert compose(whole) is None
    assert compose(whole, summary=True) is not None


@pytest.mark.parametrize(
    "whole",
    [
        run(DUE),
        run(STUCK),
        run(scopes=(FAILED_SCOPE,)),
        run(scopes=(PARTIAL,)),
        run(HEALTHY, changes=(RESOLVED,)),
        run(HEALTHY, recovered_scopes=("account 222222222222, eu-west-1",)),
        run(HEALTHY, actions=(acted(HEALTHY, Outcome.DONE, "exported"),)),
    ],
    ids=["urgent", "can be helped", "unseen", "seen in part", "resolved", "recovered", "done"],
)
def test_what_is_urgent_helpable_unseen_or_news_is_reported(whole: Run) -> None:
    assert compose(whole) is not None


def test_what_could_not_be_scanned_is_at_least_a_warning() -> None:
    expired = judged(certificate(status=EXPIRED, ends_in=-days(1)))
    assert severity_of(run()) is Severity.OK
    assert severity_of(run(UNUSED)) is Severity.INFO
    assert severity_of(run(UNUSED, scopes=(PARTIAL,))) is Severity.WARNING
    assert severity_of(run(expired, scopes=(PARTIAL,))) is Severity.CRITICAL


# --- Attributes -------------------------------------------------------------------------------


def test_subscribers_can_filter_by_severity_place_and_the_worst_finding() -> None:
    owned = replace(due_in(3, "api.example.com", name="api"), owner="payments")
    assert message_of(run(DUE, owned, UNUSED)).attributes == {
        "severity": "critical",
        "account": "123456789012",
        "region": "eu-west-1",
        "verdict": "ImportDue",
        "owner": "payments",
        "domain": "api.example.com",
    }


@pytest.mark.parametrize(
    ("whole", "verdict"),
    [
        (run(scopes=(FAILED_SCOPE,)), "ScanFailed"),
        (run(HEALTHY, scopes=(PARTIAL,)), None),
        (run(judged(imported(names=(), ends_in=days(3)))), "ImportDue"),
    ],
    ids=["lost", "in part", "nameless"],
)
def test_no_attribute_is_empty(whole: Run, verdict: str | None) -> None:
    attributes = message_of(whole).attributes
    assert all(attributes.values())
    assert attributes.get("verdict") == verdict
    assert "domain" not in attributes
    assert "owner" not in attributes


def test_attributes_of_others_are_cleaned_and_short() -> None:
    owned = replace(due_in(3, "d" * 900), owner="o\x00\u202e" + "x" * 900)
    attributes = message_of(run(owned)).attributes
    assert re.fullmatch(r"o x+\.\.\.", str(attributes["owner"]))
    assert [len(attributes[name]) for name in ("owner", "domain")] == [256, 256]


def test_a_change_is_addressed_to_its_account_and_region() -> None:
    elsewhere = replace(scope(), region="us-east-1")
    whole = run(HEALTHY, scopes=(scope(), elsewhere), changes=(RESOLVED,))
    assert message_of(whole).attributes["region"] == "eu-west-1"


def test_an_action_that_failed_beside_no_finding_is_addressed_to_its_account_and_region() -> None:
    elsewhere = replace(scope(), region="us-east-1")
    failed = acted(HEALTHY, Outcome.FAILED, "the secret could not be written")
    whole = run(HEALTHY, scopes=(scope(), elsewhere), actions=(failed,))
    assert message_of(whole).attributes["region"] == "eu-west-1"


def test_what_has_no_region_is_reported_under_a_name_that_sns_takes() -> None:
    elsewhere = "arn:aws:iam::123456789012:server-certificate/shop"
    message = message_of(run(HEALTHY, changes=(replace(RESOLVED, certificate_arn=elsewhere),)))
    assert message.attributes["region"] == "global"


@pytest.mark.parametrize(("count", "named"), [(500, 500), (501, 500)])
def test_an_attribute_has_so_many_values_in_order(count: int, named: int) -> None:
    accounts = [f"{number:012}" for number in range(count)]
    whole = run(
        scopes=[replace(FAILED_SCOPE, account_id=account) for account in reversed(accounts)]
    )
    assert message_of(whole).attributes["account"] == accounts[:named]


# --- Protocols --------------------------------------------------------------------------------


def test_each_protocol_gets_what_it_can_show() -> None:
    message = message_of(run(DUE))
    bodies = message.bodies
    assert set(bodies) == {"default", "email", "https", "sqs", "lambda"}
    assert bodies["default"] == f"{message.subject}: 1 needs you"
    assert bodies["sqs"] == bodies["lambda"]


def test_programs_get_a_document_with_a_version() -> None:
    whole = run(HEALTHY, DUE, actions=(acted(DUE, Outcome.ADVISED, "import"),))
    assert document(whole) == {
        "schema_version": "1",
        "instance": "certificate-lifecycle",
        "run_id": whole.run_id,
        "started_at": "2026-06-01T12:00:00+00:00",
        "severity": "warning",
        "scopes": [
            {
                "account_id": "123456789012",
                "region": "eu-west-1",
                "status": "ok",
                "certificates": 2,
                "ignored": 0,
                "public_dns": None,
                "error": None,
                "not_listed": [],
            }
        ],
        "scopes_not_shown": 0,
        "counts": {"Healthy": 1, "ImportDue": 1},
        "findings": [
            {
                "certificate_arn": DUE.certificate.arn,
                "account_id": "123456789012",
                "region": "eu-west-1",
                "domain_name": "shop.example.com",
                "alternative_names": [],
                "verdict": "ImportDue",
                "severity": "warning",
                "reason": "ImportedExpiring",
                "message": DUE.decision.message,
                "action": "Reimport",
                "type": "IMPORTED",
                "status": "ISSUED",
                "not_after": "2026-06-21T12:00:00+00:00",
                "days_left": 20,
                "in_use": True,
                "in_use_by": list(detail().in_use_by),
                "used_by": [],
                "owner": None,
                "muted_until": None,
                "probe_results": [],
                "owner_kind": None,
                "permitted_mode": None,
                "outside_scope": False,
                "problem_key": problem_key(DUE.certificate.arn),
            }
        ],
        "findings_not_shown": 0,
        "open_findings": 1,
        "muted_findings": 0,
        "ignored": 0,
        "report": None,
        "changes": [],
        "changes_not_shown": 0,
        "recovered_scopes": [],
        "actions": [],
    }


def test_programs_get_the_actions_that_were_tried_and_the_scopes_that_recovered() -> None:
    whole = run(
        BLOCKED,
        actions=(acted(BLOCKED, Outcome.FAILED, "denied"),),
        recovered_scopes=("account 222222222222, eu-west-1",),
    )
    found = document(whole)
    assert found["recovered_scopes"] == ["account 222222222222, eu-west-1"]
    assert found["actions"] == [
        {
            "certificate_arn": BLOCKED.certificate.arn,
            "action": "RestoreRecords",
            "outcome": "failed",
            "detail": "denied",
            "renewed": False,
            "dns_records": [],
        }
    ]


def test_the_document_has_first_what_could_not_be_scanned_and_then_what_could_in_part() -> None:
    found = document(run(DUE, scopes=(scope(certificates=1), PARTIAL, FAILED_SCOPE)))
    assert [entry["status"] for entry in found["scopes"]] == ["failed", "partial", "ok"]
    assert [entry["verdict"] for entry in found["findings"]] == ["ScanFailed", "ImportDue"]
    assert found["findings_not_shown"] == 0


@pytest.mark.parametrize(("count", "shown", "hidden"), [(50, 50, 0), (51, 50, 1)])
def test_programs_see_so_many_accounts(count: int, shown: int, hidden: int) -> None:
    whole = run(
        scopes=[replace(FAILED_SCOPE, account_id=f"{number:012}") for number in range(count)]
    )
    found = document(whole)
    assert (len(found["scopes"]), found["scopes_not_shown"]) == (shown, hidden)


@pytest.mark.parametrize(("length", "shown_length"), [(500, 500), (501, 500)])
def test_programs_see_so_much_of_an_error(length: int, shown_length: int) -> None:
    whole = run(scopes=(replace(FAILED_SCOPE, error="x" * length),))
    assert len(document(whole)["scopes"][0]["error"]) == shown_length


def test_the_document_cuts_a_text_at_its_length_and_not_before() -> None:
    def lengths(length: int) -> list[int]:
        text = "x" * length
        change = FindingChange(
            arn("resolved"), ChangeKind.RESOLVED, text, NOW - days(3), text, text
        )
        whole = run(DUE, changes=(change,), actions=(acted(DUE, Outcome.FAILED, text),))
        (changed,), (record,) = (document(whole)[name] for name in ("changes", "actions"))
        texts = (
            changed["previous_verdict"],
            changed["name"],
            changed["current_state"],
            record["detail"],
        )
        return [len(entry) for entry in texts]

    assert lengths(5000) == [500, 500, 1000, 1000]
    assert lengths(500) == [500] * 4


# --- Text from elsewhere ----------------------------------------------------------------------


def test_names_and_errors_lose_line_breaks_and_what_cannot_be_seen() -> None:
    hostile = "a.example.com\r\nTODAY (1)\x1b[31m \u202emoc\u2028 <!channel>"
    nasty = judged(
        observation(certificate(names=(hostile,), ends_in=days(3)), detail_error=f"no {hostile}")
    )
    whole = run(
        replace(nasty, owner=hostile, used_by=(hostile,)),
        actions=(acted(nasty, Outcome.DONE, hostile),),
        scopes=(scope(ScopeStatus.PARTIAL, certificates=1, error=hostile),),
        changes=(FindingChange(nasty.certificate.arn, ChangeKind.CHANGED, hostile),),
    )
    text = mail(whole)
    assert set(re.findall(r"[^ -~]", text)) == {"\n", "·"}
    assert text.count("\nTODAY (1)\n") == 1


def test_a_document_for_programs_has_no_control_characters() -> None:
    record = ActionRecord(DUE_ARN, Action.REIMPORT, Outcome.FAILED, "no\x1b[2J\nand no\u202e")
    strange = replace(DUE, owner="a\u200bb", probe_results=("c\x07d",), used_by=("e\x00f",))
    found = document(run(strange, actions=(record,)))
    (finding,), (action,) = found["findings"], found["actions"]
    assert (finding["owner"], finding["probe_results"], finding["used_by"]) == (
        "a b",
        ["c d"],
        ["e f"],
    )
    assert action["detail"] == "no [2J and no"


# --- Size -------------------------------------------------------------------------------------


def size(message: Message) -> int:
    """Return the bytes that SNS counts: the message and its attributes."""
    return len(json.dumps(dict(message.bodies)).encode()) + len(
        json.dumps(dict(message.attributes)).encode()
    )


def test_a_thousand_findings_fit_into_one_message_worst_first_with_a_count() -> None:
    many = [due_in(20, f"n{number}.example.com", name=f"{number:036d}") for number in range(1_000)]
    worst = judged(certificate(arn=arn("worst"), status=EXPIRED, ends_in=-days(1)))
    message = message_of(run(*many, worst))
    found = json.loads(message.bodies["sqs"])
    shown, hidden = len(found["findings"]), found["findings_not_shown"]
    assert MAX_MESSAGE_BYTES * 0.8 < size(message) <= MAX_MESSAGE_BYTES < SNS_LIMIT
    assert found["findings"][0]["certificate_arn"] == arn("worst")
    assert shown + hidden == 1_001
    assert shown > 50
    assert message.bodies["email"].startswith("1,001 need you\n")


ENDLESS = "\U0001f98a" * 5000


def endless(number: int) -> Assessment:
    entry = due_in(3, ENDLESS, name=str(number))
    return replace(
        entry,
        owner=ENDLESS,
        used_by=(ENDLESS,) * 9,
        decision=replace(entry.decision, message=ENDLESS),
    )


@pytest.mark.parametrize(
    "whole",
    [
        run(*(endless(number) for number in range(40))),
        run(DUE, changes=[replace(RESOLVED, name=ENDLESS, current_state=ENDLESS)] * 60),
        run(DUE, actions=[acted(DUE, Outcome.FAILED, f"{ENDLESS}\naws {ENDLESS}")] * 60),
        run(scopes=[replace(FAILED_SCOPE, error=ENDLESS)] * 60),
        run(DUE, recovered_scopes=[ENDLESS] * 60),
        run(DUE, problems=[ENDLESS] * 60),
    ],
    ids=["findings", "changes", "actions", "scopes", "recovered", "problems"],
)
def test_texts_of_any_length_fit_into_one_message(whole: Run) -> None:
    message = message_of(whole)
    assert size(message) <= MAX_MESSAGE_BYTES
    found = json.loads(message.bodies["sqs"])
    assert found["severity"] == severity_of(whole).label
    assert found["open_findings"] == whole.open_findings
    assert len(found["changes"]) + found["changes_not_shown"] == len(whole.changes)
    assert len(found["scopes"]) + found["scopes_not_shown"] == len(whole.scopes)


def test_a_finding_that_alone_is_too_long_is_left_to_the_report() -> None:
    consumers = tuple(f"arn:aws:cloudfront::123456789012:distribution/{n}" for n in range(3000))
    seen = certificate(ends_in=days(3), detail=detail(in_use_by=consumers))
    message = message_of(run(judged(seen)))
    assert size(message) <= MAX_MESSAGE_BYTES
    found = json.loads(message.bodies["sqs"])
    assert (found["findings"], found["findings_not_shown"]) == ([], 1)


def test_many_long_failures_fit_into_one_message() -> None:
    many = [judged(observation(replace(blocked(), arn=arn(str(number))))) for number in range(200)]
    whole = run(*many, actions=tuple(acted(entry, Outcome.FAILED, "x" * 3000) for entry in many))
    assert size(message_of(whole)) <= MAX_MESSAGE_BYTES


def test_a_summary_says_that_all_is_well() -> None:
    message = message_of(run(HEALTHY), summary=True)
    assert message.subject == "[ok] no open findings eu-west-1"
    assert message.bodies["email"].startswith("no open findings · 1 healthy\n")
