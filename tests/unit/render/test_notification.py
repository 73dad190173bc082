"""The one message of a run: short, worst first, for people and for machines."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from certificate_lifecycle.model.certificate import Action, CertificateDetail, Severity
from certificate_lifecycle.model.problem_key import problem_key
from certificate_lifecycle.model.public_dns import DnsCounts
from certificate_lifecycle.model.run import (
    ActionRecord,
    Assessment,
    ChangeKind,
    FindingChange,
    Outcome,
    Run,
    ScopeStatus,
)
from certificate_lifecycle.policy.validation import RecordState
from certificate_lifecycle.render.aws_console import console_url
from certificate_lifecycle.render.notification.limits import MAX_MESSAGE_BYTES
from certificate_lifecycle.render.notification.message import Message, compose
from certificate_lifecycle.render.notification.wording import public_dns_text, severity_of
from tests.unit.builders import (
    APPROVAL,
    EXPIRED,
    FAILED,
    NOW,
    arn,
    blocked,
    certificate,
    days,
    detail,
    finding,
    imported,
    judged,
    observation,
    renewing,
    request,
    run,
    scope,
    validation,
)

SNS_LIMIT = 262_144
HEALTHY = judged(certificate(arn=arn("11111111-0000-4000-8000-000000000001")))
UNUSED = judged(certificate(arn=arn("unused"), in_use=False))
DUE = judged(imported(arn=arn("due"), ends_in=days(20), detail=detail()))
BLOCKED = judged(observation(blocked(), finding(RecordState.MISSING)))
STUCK = judged(observation(request(arn=arn("stuck")), finding(RecordState.MISSING)))
FAILED_SCOPE = scope(ScopeStatus.FAILED, error="the certificates could not be listed: AccessDenied")
PARTIAL = scope(ScopeStatus.PARTIAL, certificates=3, error="one could not be read: Throttling")


def message_of(whole: Run) -> Message:
    message = compose(whole)
    assert message is not None
    return message


def document(whole: Run) -> Any:  # noqa: ANN401 - JSON has any type
    return json.loads(message_of(whole).bodies["sqs"])


def chat(whole: Run) -> Any:  # noqa: ANN401 - JSON has any type
    return json.loads(message_of(whole).bodies["https"])


def acted(entry: Assessment, outcome: Outcome, text: str) -> ActionRecord:
    return ActionRecord(entry.certificate.arn, entry.decision.action, outcome, text)


# --- Whether there is anything to report -------------------------------------------------------


@pytest.mark.parametrize(
    "whole",
    [
        run(),
        run(HEALTHY),
        run(UNUSED),
        run(judged(imported(in_use=False, ends_in=days(2)))),
        run(judged(certificate(ends_in=days(40)))),
    ],
    ids=["no certificate", "healthy", "unused", "unused and ending", "renewing"],
)
def test_nothing_is_reported_where_nobody_can_or_need_do_anything(whole: Run) -> None:
    assert compose(whole) is None


@pytest.mark.parametrize(
    "whole",
    [
        run(DUE),
        run(STUCK),
        run(scopes=(FAILED_SCOPE,)),
        run(scopes=(PARTIAL,)),
    ],
    ids=["urgent", "can be helped", "unseen", "seen in part"],
)
def test_what_is_urgent_helpable_or_unseen_is_reported(whole: Run) -> None:
    assert compose(whole) is not None


# --- Subject and attributes -------------------------------------------------------------------


def test_a_change_is_addressed_to_its_account_and_region() -> None:
    elsewhere = replace(scope(), region="us-east-1")
    whole = run(HEALTHY, scopes=(scope(), elsewhere), changes=(RESOLVED,))
    assert message_of(whole).attributes["region"] == "eu-west-1"


@pytest.mark.parametrize(("count", "named"), [(500, 500), (501, 500)])
def test_an_attribute_has_so_many_values_in_order(count: int, named: int) -> None:
    accounts = [f"{number:012}" for number in range(count)]
    whole = run(
        scopes=[replace(FAILED_SCOPE, account_id=account) for account in reversed(accounts)]
    )
    assert message_of(whole).attributes["account"] == accounts[:named]


def test_what_is_resolved_and_what_can_be_scanned_again_is_counted_together() -> None:
    whole = run(HEALTHY, changes=(RESOLVED,), recovered_scopes=("account 222222222222, eu-west-1",))
    assert ": 2 findings resolved - " in message_of(whole).subject
    assert message_of(whole).bodies["default"].endswith(": no open findings; 2 resolved.")


@pytest.mark.parametrize(("count", "shown", "hidden"), [(50, 50, 0), (51, 50, 1)])
def test_machines_see_so_many_accounts(count: int, shown: int, hidden: int) -> None:
    whole = run(
        scopes=[replace(FAILED_SCOPE, account_id=f"{number:012}") for number in range(count)]
    )
    found = document(whole)
    assert (len(found["scopes"]), found["scopes_not_shown"]) == (shown, hidden)


@pytest.mark.parametrize(("length", "shown_length"), [(500, 500), (501, 500)])
def test_machines_see_so_much_of_an_error(length: int, shown_length: int) -> None:
    whole = run(scopes=(replace(FAILED_SCOPE, error="x" * length),))
    assert len(document(whole)["scopes"][0]["error"]) == shown_length


@pytest.mark.parametrize(("count", "more"), [(20, ""), (21, "\n  And 1 more. Full list: the log")])
def test_people_see_so_many_accounts_that_could_not_be_scanned(count: int, more: str) -> None:
    failed = [replace(FAILED_SCOPE, account_id=f"{number:012}") for number in range(count)]
    text = message_of(run(scopes=(scope(), *failed))).bodies["email"]
    assert text.count("AccessDenied") == 20
    assert (" more. " in text) is bool(more)
    assert more in text


def test_chat_shows_five_errors_and_eight_thousand_characters() -> None:
    failed = [
        replace(FAILED_SCOPE, account_id=f"{number:012}", error="x" * 900) for number in range(7)
    ]
    due = [
        judged(imported(arn=arn(str(n)), names=("y" * 190,), ends_in=days(3))) for n in range(15)
    ]
    description = chat(run(*due, scopes=(scope(), *failed)))["content"]["description"]
    assert description.count("*Incomplete:*") == 5
    assert len(description) == 8000


@pytest.mark.parametrize(
    ("whole", "subject"),
    [
        (run(DUE), "[warning] certificate-lifecycle: 1 needs attention"),
        (run(DUE, BLOCKED), "[warning] certificate-lifecycle: 2 need attention"),
        (run(STUCK), "[info] certificate-lifecycle: 1 minor finding"),
        (
            run(DUE, BLOCKED, STUCK, HEALTHY),
            "[warning] certificate-lifecycle: 2 need attention, 1 minor finding",
        ),
        (run(scopes=(FAILED_SCOPE,)), "[warning] certificate-lifecycle: scan failed"),
        (run(HEALTHY, scopes=(PARTIAL,)), "[warning] certificate-lifecycle: run incomplete"),
    ],
    ids=["one", "several", "one to help", "both", "unseen", "seen in part"],
)
def test_the_subject_says_how_bad_what_and_where(whole: Run, subject: str) -> None:
    assert message_of(whole).subject == f"{subject} - 123456789012 eu-west-1"


def test_a_long_name_of_the_instance_gives_way_to_what_happened_and_where() -> None:
    subject = message_of(run(DUE, BLOCKED, STUCK, instance="x" * 80)).subject
    assert len(subject) == 99
    assert subject.startswith("[warning] xxx")
    assert subject.endswith("x: 2 need attention, 1 minor finding - 123456789012 eu-west-1")


def test_the_subject_is_printable_ascii_below_a_hundred_characters() -> None:
    subject = message_of(run(DUE, instance="ü" * 80)).subject
    assert re.fullmatch(r"[ -~]{1,99}", subject)


def test_subscribers_can_filter_by_severity_account_and_region() -> None:
    assert message_of(run(DUE, UNUSED)).attributes == {
        "severity": "warning",
        "account": "123456789012",
        "region": "eu-west-1",
    }


def test_an_action_that_failed_beside_no_finding_is_addressed_to_its_account_and_region() -> None:
    elsewhere = replace(scope(), region="us-east-1")
    failed = acted(HEALTHY, Outcome.FAILED, "the secret could not be written")
    whole = run(HEALTHY, scopes=(scope(), elsewhere), actions=(failed,))
    assert message_of(whole).attributes["region"] == "eu-west-1"


def test_what_could_not_be_scanned_is_at_least_a_warning() -> None:
    expired = judged(certificate(status=EXPIRED, ends_in=-days(1)))
    assert severity_of(run()) is Severity.OK
    assert severity_of(run(UNUSED)) is Severity.INFO
    assert severity_of(run(UNUSED, scopes=(PARTIAL,))) is Severity.WARNING
    assert severity_of(run(expired, scopes=(PARTIAL,))) is Severity.CRITICAL


# --- The text for people ----------------------------------------------------------------------


def a_day_with_everything() -> Run:
    """Return a run in which something is wrong, something was repaired and something failed."""
    expired = judged(
        certificate(
            arn=arn("11111111-0000-4000-8000-000000000002"),
            names=("pay.example.com",),
            status=EXPIRED,
            ends_in=-days(2),
            detail=detail(),
        )
    )
    repaired = judged(
        observation(
            replace(blocked(), arn=arn("11111111-0000-4000-8000-000000000003")),
            finding(RecordState.MISSING),
        )
    )
    due = judged(
        imported(
            arn=arn("11111111-0000-4000-8000-000000000004"),
            names=tuple(f"{name}.example.com" for name in ("api", "b", "c", "d")),
            ends_in=days(20),
            detail=detail(),
        )
    )
    approval = judged(
        observation(replace(renewing(APPROVAL), arn=arn("11111111-0000-4000-8000-000000000005")))
    )
    stuck = judged(
        observation(
            request(
                arn=arn("11111111-0000-4000-8000-000000000006"),
                names=("new.example.com",),
                detail=CertificateDetail(validations=(validation("new.example.com"),)),
            ),
            finding(RecordState.ZONE_NOT_FOUND, "new.example.com"),
        )
    )
    return run(
        HEALTHY,
        UNUSED,
        expired,
        repaired,
        due,
        approval,
        stuck,
        actions=(
            acted(repaired, Outcome.DONE, "created _a1.shop.example.com."),
            acted(approval, Outcome.FAILED, "AccessDenied: not authorized to resend"),
            acted(due, Outcome.ADVISED, due.decision.action.meaning),
            acted(expired, Outcome.ADVISED, expired.decision.action.meaning),
        ),
        scopes=(
            scope(
                ScopeStatus.PARTIAL,
                certificates=8,
                error=f"{arn('11111111-0000-4000-8000-000000000007')}: ThrottlingException",
            ),
        ),
    )


def a_day_with_news() -> Run:
    """Return a run with changes, first reports, an owner and a resolved finding."""
    due = replace(
        DUE,
        owner="payments",
        used_by=("load balancer web, listener HTTPS:443 (default certificate)",),
        probe_results=("shop.example.com (203.0.113.7) serves what ACM has",),
    )
    muted = replace(
        judged(imported(arn=arn("muted"), names=("old.example.com",), ends_in=days(20))),
        muted_until=date(2026, 7, 1),
    )
    return run(
        due,
        muted,
        HEALTHY,
        changes=(
            FindingChange(DUE_ARN, ChangeKind.WORSE, previous_verdict="Unused", since=LONG_AGO),
            RESOLVED,
        ),
        recovered_scopes=("account 222222222222, eu-west-1",),
        since={DUE_ARN: LONG_AGO},
        report="s3://reports/certificate-lifecycle/2026/06/01/run-1.html",
    )


def test_the_text_is_narrow_enough_to_be_quoted() -> None:
    lines = message_of(a_day_with_everything()).bodies["email"].splitlines()
    assert [line for line in lines if len(line) > 88 and "https://" not in line] == [lines[-1]]


@pytest.mark.parametrize(
    ("counts", "text"),
    [
        (DnsCounts(checked=12), "Public DNS: 12 names checked."),
        (
            DnsCounts(checked=1, unknown=2, not_asked=1000, reason="timeout"),
            "Public DNS: 1 name checked, 2 unknown (timeout), 1,000 not checked in this run.",
        ),
        (
            DnsCounts(unknown=12, reason="no connection"),
            "Public DNS could not be queried for any of 12 names (no connection).",
        ),
        (DnsCounts(), "Public DNS: 0 names checked."),
    ],
)
def test_one_line_says_how_many_names_were_checked_in_public_dns(
    counts: DnsCounts, text: str
) -> None:
    checked = replace(run(BLOCKED), scopes=(replace(scope(), public_dns=counts),))
    assert public_dns_text(checked) == text
    assert text in " ".join(message_of(checked).bodies["email"].split())
    assert public_dns_text(run(BLOCKED)) == ""


def test_a_name_that_has_none_is_shown_by_its_arn() -> None:
    text = message_of(run(judged(imported(names=(), ends_in=days(3))))).bodies["email"]
    assert f"\n  {arn()}\n" in text


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        (("a.com",), "a.com"),
        (("a.com", "b.com"), "a.com, b.com"),
        (("a.com", "b.com", "c.com"), "a.com, b.com (and 1 more name)"),
        (("a.com", "b.com", "c.com", "d.com"), "a.com, b.com (and 2 more names)"),
    ],
)
def test_two_names_are_shown_and_the_others_counted(names: tuple[str, ...], shown: str) -> None:
    text = message_of(run(judged(imported(names=names, ends_in=days(3))))).bodies["email"]
    assert f"\n  {shown}\n" in text


@pytest.mark.parametrize(
    ("outcome", "text"),
    [
        (Outcome.DONE, "Done in this run: the records"),
        (Outcome.STARTED, "Started in this run: the records"),
        (Outcome.PLANNED, "Planned: the records"),
        (Outcome.FAILED, "Failed: the records"),
        (Outcome.ADVISED, "Next: the records"),
    ],
)
def test_what_became_of_an_action_stands_with_its_certificate(outcome: Outcome, text: str) -> None:
    whole = run(BLOCKED, actions=(acted(BLOCKED, outcome, "the records"),))
    assert text in message_of(whole).bodies["email"]


def test_commands_stay_on_lines_of_their_own_to_be_copied_whole() -> None:
    command = f"aws elbv2 modify-listener --listener-arn {'x' * 90} --certificates CertificateArn=y"
    entry = judged(certificate(status=EXPIRED, ends_in=-days(1)))
    detail = f"what still has to be moved:\n{command}\n# explained \u202e here"
    record = ActionRecord(entry.certificate.arn, Action.REBIND, Outcome.ADVISED, detail)
    lines = message_of(run(entry, actions=(record,))).bodies["email"].splitlines()
    position = lines.index("    Next: what still has to be moved:")
    assert lines[position + 1 : position + 3] == [f"      {command}", "      # explained here"]


def test_an_action_without_a_word_is_shown_as_such() -> None:
    entry = judged(certificate(status=EXPIRED, ends_in=-days(1)))
    record = ActionRecord(entry.certificate.arn, Action.REPLACE, Outcome.DONE, "")
    assert "Done in this run:" in message_of(run(entry, actions=(record,))).bodies["email"]


def test_the_end_of_what_belongs_to_others_is_reported_without_advice() -> None:
    theirs = judged(certificate(managed_by="CLOUDFRONT", ends_in=days(3)))
    text = message_of(run(theirs)).bodies["email"]
    assert "ExternallyManaged: Managed by CloudFront" in text
    assert "Next:" not in text


@pytest.mark.parametrize(
    ("partition", "region", "host"),
    [
        ("aws", "eu-west-1", "eu-west-1.console.aws.amazon.com"),
        ("aws-cn", "cn-north-1", "cn-north-1.console.amazonaws.cn"),
        ("aws-us-gov", "us-gov-west-1", "us-gov-west-1.console.amazonaws-us-gov.com"),
    ],
)
def test_the_console_is_that_of_the_partition(partition: str, region: str, host: str) -> None:
    found = console_url(f"arn:{partition}:acm:{region}:123456789012:certificate/a-b")
    assert found == f"https://{host}/acm/home?region={region}#/certificates/a-b"


@pytest.mark.parametrize(
    ("partition", "region"), [("aws-iso", "us-iso-east-1"), ("aws-eusc", "eusc-de-east-1")]
)
def test_where_no_console_is_known_the_arn_stands_for_itself(partition: str, region: str) -> None:
    unknown = f"arn:{partition}:acm:{region}:123456789012:certificate/a-b"
    assert console_url(unknown) == unknown
    text = message_of(run(judged(imported(arn=unknown, ends_in=days(3))))).bodies["email"]
    assert f"\n    {unknown}\n" in text
    assert "https://" not in text


# --- Text from elsewhere ----------------------------------------------------------------------

HOSTILE = "a.example.com\r\nCRITICAL\x1b[31m \u202emoc\u2028 <!channel> `rm` [click](https://evil)"


def hostile() -> Run:
    nasty = judged(
        observation(
            certificate(names=(HOSTILE,), ends_in=days(3)), detail_error=f"denied by {HOSTILE}"
        )
    )
    return run(
        nasty,
        actions=(acted(nasty, Outcome.DONE, HOSTILE),),
        scopes=(scope(ScopeStatus.PARTIAL, certificates=1, error=HOSTILE),),
    )


def test_names_and_errors_lose_line_breaks_and_what_cannot_be_seen() -> None:
    text = message_of(hostile()).bodies["email"]
    assert set(re.findall(r"[^ -~]", text)) == {"\n"}
    assert text.count("\nCRITICAL") == 1


def test_names_and_errors_are_no_markup_in_chat() -> None:
    description = chat(hostile())["content"]["description"]
    assert "(!channel)" in description
    assert not re.search(r"[<>\[\]]", description)
    assert description.count("`") == 2


# --- Protocols --------------------------------------------------------------------------------


def test_each_protocol_gets_what_it_can_show() -> None:
    bodies = message_of(run(DUE)).bodies
    assert set(bodies) == {"default", "email", "https", "sqs", "lambda"}
    headline = "1 certificate of account 123456789012, eu-west-1: 1 needs attention."
    assert bodies["default"] == headline
    assert bodies["sqs"] == bodies["lambda"]


@pytest.mark.parametrize(
    ("whole", "headline"),
    [
        (run(HEALTHY, DUE, BLOCKED), "3 certificates of {}: 2 need attention."),
        (run(HEALTHY, STUCK), "2 certificates of {}: 1 minor finding."),
        (run(DUE, STUCK), "2 certificates of {}: 1 needs attention, 1 minor finding."),
        (
            run(DUE, STUCK, actions=(acted(STUCK, Outcome.DONE, "created the record"),)),
            (
                "2 certificates of {}: 1 needs attention, 1 minor finding; "
                "1 repair done in this run."
            ),
        ),
        (run(scopes=(PARTIAL,)), "3 certificates of {}: run incomplete."),
        (run(scopes=(FAILED_SCOPE,)), "The certificates of {} could not be scanned."),
    ],
    ids=["urgent", "to help", "both", "repaired", "seen in part", "unseen"],
)
def test_the_headline_counts_what_is_urgent_what_can_be_helped_and_what_was_done(
    whole: Run, headline: str
) -> None:
    bodies = message_of(whole).bodies
    wanted = headline.format("account 123456789012, eu-west-1")
    assert bodies["default"] == wanted
    assert bodies["email"].replace("\n", " ").startswith(f"{wanted} ")
    assert chat(whole)["content"]["description"].startswith(wanted)


@pytest.mark.parametrize(
    ("action", "noun"),
    [
        (Action.REPLACE, "replacement step"),
        (Action.REQUEST_AGAIN, "replacement step"),
        (Action.REBIND, "replacement step"),
        (Action.EXPORT, "export"),
        (Action.REIMPORT, "import"),
        (Action.RESTORE_RECORDS, "repair"),
    ],
)
def test_what_was_done_is_counted_in_the_word_that_fits(action: Action, noun: str) -> None:
    entry = judged(certificate(status=EXPIRED, ends_in=-days(1), detail=detail()))
    record = ActionRecord(entry.certificate.arn, action, Outcome.STARTED, "begun")
    whole = run(entry, actions=(record,))
    assert message_of(whole).bodies["default"].endswith(f"; 1 {noun} done in this run.")


def test_machines_get_a_document_with_a_version() -> None:
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


def test_machines_get_the_actions_that_were_tried() -> None:
    whole = run(BLOCKED, actions=(acted(BLOCKED, Outcome.FAILED, "denied"),))
    assert document(whole)["actions"] == [
        {
            "certificate_arn": BLOCKED.certificate.arn,
            "action": "RestoreRecords",
            "outcome": "failed",
            "detail": "denied",
            "renewed": False,
            "dns_records": [],
        }
    ]


def test_chat_gets_the_custom_notification_of_its_client() -> None:
    whole = run(DUE, BLOCKED, actions=(acted(BLOCKED, Outcome.DONE, "created the record"),))
    found = chat(whole)
    assert (found["version"], found["source"], found["id"]) == ("1.0", "custom", whole.run_id)
    assert found["content"] == {
        "textType": "client-markdown",
        "title": message_of(whole).subject,
        "description": (
            "2 certificates of account 123456789012, eu-west-1: 2 need attention; "
            "1 repair done in this run.\n"
            f"*warning* `shop.example.com` ImportDue: {DUE.decision.message}\n"
            f"*warning* `shop.example.com` RenewalBlocked: {BLOCKED.decision.message}\n"
            "*Done:* created the record"
        ),
        "nextSteps": [DUE.decision.action.meaning],
        "keywords": ["certificates", "warning"],
    }
    assert found["metadata"] == {
        "threadId": "certificate-lifecycle-123456789012-eu-west-1",
        "summary": (
            "2 certificates of account 123456789012, eu-west-1: 2 need attention; "
            "1 repair done in this run."
        ),
        "eventType": "certificate-lifecycle",
        "relatedResources": [DUE.certificate.arn, BLOCKED.certificate.arn],
    }


def test_chat_stays_within_its_limits_however_much_there_is() -> None:
    long = "x" * 5000
    many = [
        judged(
            observation(
                certificate(arn=arn(str(number)), names=(long,), ends_in=days(3)), detail_error=long
            )
        )
        for number in range(30)
    ]
    content = chat(run(*many, scopes=(scope(ScopeStatus.PARTIAL, error=long),)))["content"]
    assert len(content["title"]) <= 250
    assert len(content["description"]) <= 8000
    assert all(len(step) <= 350 for step in content["nextSteps"])
    assert all(len(keyword) <= 75 for keyword in content["keywords"])


def test_chat_counts_the_findings_that_it_does_not_show() -> None:
    many = [judged(imported(arn=arn(str(number)), ends_in=days(3))) for number in range(20)]
    assert chat(run(*many))["content"]["description"].endswith("\n... and 5 more.")
    assert "more." not in chat(run(*many[:15]))["content"]["description"]


# --- Size -------------------------------------------------------------------------------------


def size(message: Message) -> int:
    return len(json.dumps(dict(message.bodies)).encode())


def test_a_thousand_findings_fit_into_one_message_worst_first_with_a_count() -> None:
    many = [
        judged(
            imported(arn=arn(f"{number:036d}"), names=(f"n{number}.example.com",), ends_in=days(20))
        )
        for number in range(1_000)
    ]
    worst = judged(certificate(arn=arn("worst"), status=EXPIRED, ends_in=-days(1)))
    message = message_of(run(*many, worst))
    found = json.loads(message.bodies["sqs"])
    shown, hidden = len(found["findings"]), found["findings_not_shown"]
    assert MAX_MESSAGE_BYTES * 0.8 < size(message) <= MAX_MESSAGE_BYTES < SNS_LIMIT
    assert found["findings"][0]["certificate_arn"] == arn("worst")
    assert shown + hidden == 1_001
    assert shown > 100
    assert f"And {hidden} more. Full list: the log" in message.bodies["email"]
    headline = "1,001 certificates of account 123456789012, eu-west-1: 1,001 need attention.\n"
    assert message.bodies["email"].startswith(headline)
    assert "1000 ImportDue" in message.bodies["email"]


def test_the_mail_says_where_the_report_is_if_one_was_written() -> None:
    where = "s3://reports/run-1.html"
    assert f"\n\nReport: {where}\n\n" in message_of(run(DUE, report=where)).bodies["email"]
    assert "Report:" not in message_of(run(DUE)).bodies["email"]


def test_a_message_without_room_says_where_the_report_is() -> None:
    where = "s3://runs/run-1/report.json"
    many = [judged(imported(arn=arn(f"{number:036d}"), ends_in=days(20))) for number in range(1000)]
    message = message_of(run(*many, report=where))
    hidden = json.loads(message.bodies["sqs"])["findings_not_shown"]
    assert f"And {hidden} more. Full list: {where}" in message.bodies["email"]
    assert json.loads(message.bodies["sqs"])["report"] == where


@pytest.mark.parametrize(("total", "hidden"), [(250_000, 0), (250_001, 1)])
def test_a_message_is_filled_to_the_last_byte(total: int, hidden: int) -> None:
    """SNS counts attributes, too. A letter of the report counts three times, of the id four."""
    whole = run(DUE, report="s3://", run_id="")

    def counted(message: Message) -> int:
        return size(message) + len(json.dumps(dict(message.attributes)).encode())

    left = total - counted(message_of(whole))
    fours = left % 3
    whole = replace(whole, run_id="x" * fours, report="s3://" + "x" * ((left - 4 * fours) // 3))
    assert (counted(message_of(whole)) == total) is (hidden == 0)
    assert document(whole)["findings_not_shown"] == hidden


def test_the_document_has_first_what_could_not_be_scanned_and_then_what_could_in_part() -> None:
    found = document(run(DUE, scopes=(scope(certificates=1), PARTIAL, FAILED_SCOPE)))
    assert [entry["status"] for entry in found["scopes"]] == ["failed", "partial", "ok"]


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


def test_many_long_failures_fit_into_one_message() -> None:
    many = [judged(observation(replace(blocked(), arn=arn(str(number))))) for number in range(200)]
    whole = run(*many, actions=tuple(acted(entry, Outcome.FAILED, "x" * 3000) for entry in many))
    assert size(message_of(whole)) <= MAX_MESSAGE_BYTES


def test_a_finding_that_alone_is_too_long_is_left_to_the_log() -> None:
    consumers = tuple(f"arn:aws:cloudfront::123456789012:distribution/{n}" for n in range(3000))
    seen = certificate(ends_in=days(3), detail=detail(in_use_by=consumers))
    message = message_of(run(judged(seen)))
    assert size(message) <= MAX_MESSAGE_BYTES
    headline = "1 certificate of account 123456789012, eu-west-1: 1 needs attention.\n"
    assert message.bodies["email"].startswith(headline)
    assert "And 1 more. Full list: the log" in message.bodies["email"]


# --- New, resolved and muted findings ------------------------------------------------------------


def email_of(*changes: FindingChange, **more: Any) -> str:  # noqa: ANN401 - any field of a run
    return message_of(run(DUE, changes=changes, **more)).bodies["email"]


DUE_ARN = DUE.certificate.arn
LONG_AGO = NOW - days(12)


@pytest.mark.parametrize(
    ("change", "mark"),
    [
        (FindingChange(DUE_ARN, ChangeKind.NEW), " - new"),
        (
            FindingChange(DUE_ARN, ChangeKind.WORSE, previous_verdict="Unused"),
            " - worse, was Unused",
        ),
        (
            FindingChange(DUE_ARN, ChangeKind.BETTER, previous_verdict="Expired"),
            " - better, was Expired",
        ),
        (
            FindingChange(DUE_ARN, ChangeKind.CHANGED, previous_verdict="Unknown"),
            " - changed, was Unknown",
        ),
        (FindingChange(DUE_ARN, ChangeKind.REMINDER, previous_verdict="ImportDue"), " - reminder"),
    ],
    ids=lambda value: value.kind if isinstance(value, FindingChange) else "",
)
def test_a_finding_says_what_is_new_about_it(change: FindingChange, mark: str) -> None:
    assert f"\n  shop.example.com{mark}\n" in email_of(change)


def test_a_finding_says_since_when_it_is_open_and_whose_it_is() -> None:
    owned = replace(DUE, owner="payments <pay@example.com>\x1b[31m")
    text = message_of(run(owned, since={DUE_ARN: LONG_AGO})).bodies["email"]
    assert "\n    Open since 2026-05-20.\n" in text
    assert "\n    Owner: payments <pay@example.com> [31m.\n" in text


RESOLVED = FindingChange(
    arn("fine"),
    ChangeKind.RESOLVED,
    previous_verdict="RenewalBlocked",
    since=LONG_AGO,
    name="fine.example.com",
    current_state="198 days are left.",
)


def test_what_is_resolved_is_reported_even_if_nothing_else_is_open() -> None:
    message = message_of(run(HEALTHY, changes=(RESOLVED,)))
    assert message.subject.startswith("[ok] certificate-lifecycle: 1 finding resolved - ")
    text = message.bodies["email"]
    assert text.startswith(
        "1 certificate of account 123456789012, eu-west-1: no open findings; 1 resolved.\n"
    )
    assert "RESOLVED\n\n  fine.example.com\n" in text
    assert "    Was RenewalBlocked since 2026-05-20. 198 days are left.\n" in text


def test_what_a_step_calls_a_scope_is_text_in_chat() -> None:
    (_, line) = chat(run(recovered_scopes=("`id`<!channel>",)))["content"][
        "description"
    ].splitlines()
    assert line == "*Resolved:* 'id'(!channel) was scanned again."


def test_chat_says_what_is_new_and_what_is_resolved() -> None:
    whole = run(
        DUE,
        changes=(FindingChange(DUE_ARN, ChangeKind.NEW), RESOLVED),
        recovered_scopes=("account 222222222222, eu-west-1",),
    )
    lines = chat(whole)["content"]["description"].splitlines()
    assert lines[1].startswith("*warning* `shop.example.com` - new ImportDue: ")
    assert lines[2:] == [
        "*Resolved:* `fine.example.com` was RenewalBlocked.",
        "*Resolved:* account 222222222222, eu-west-1 was scanned again.",
    ]


def test_what_is_gone_is_named_by_its_arn() -> None:
    resolved = replace(RESOLVED, name="", since=None, current_state=None)
    text = message_of(run(HEALTHY, changes=(resolved,))).bodies["email"]
    assert f"  {arn('fine')}\n    Was RenewalBlocked.\n" in text


def test_what_can_be_scanned_again_is_reported() -> None:
    message = message_of(run(HEALTHY, recovered_scopes=("account 222222222222, eu-west-1",)))
    assert (
        "  account 222222222222, eu-west-1\n    Scanned in full again." in (message.bodies["email"])
    )
    assert message.attributes["account"] == "123456789012"


def test_thousands_that_are_resolved_are_counted() -> None:
    many = [replace(RESOLVED, certificate_arn=arn(str(number))) for number in range(1000)]
    message = message_of(run(HEALTHY, changes=many))
    assert "  And 980 more." in message.bodies["email"]
    document = json.loads(message.bodies["sqs"])
    assert (len(document["changes"]), document["changes_not_shown"]) == (50, 950)
    assert size(message) < MAX_MESSAGE_BYTES


def test_many_long_names_that_are_resolved_do_not_keep_a_message_from_going_out() -> None:
    """A certificate may have a hundred names of 253 characters each."""
    names = ", ".join([f"{'a' * 240}.example.com"] * 100)
    many = [
        replace(RESOLVED, certificate_arn=arn(str(n)), name=names, current_state=names)
        for n in range(50)
    ]
    message = message_of(run(HEALTHY, changes=many))
    assert size(message) < MAX_MESSAGE_BYTES
    assert len(json.loads(message.bodies["sqs"])["changes"]) == 50


ENDLESS = "🦊" * 5000


def endless_changes() -> list[FindingChange]:
    return [
        replace(RESOLVED, certificate_arn=arn(str(n)), name=ENDLESS, current_state=ENDLESS)
        for n in range(50)
    ]


def test_texts_of_any_length_are_reported_in_short() -> None:
    whole = run(
        DUE,
        changes=endless_changes(),
        scopes=(scope(ScopeStatus.PARTIAL, certificates=1, error=ENDLESS),),
        report="s3://reports/run.html",
    )
    message = message_of(whole)
    assert size(message) < MAX_MESSAGE_BYTES
    assert (
        "Too many findings for one message. Full list: s3://reports/run.html"
        in message.bodies["email"]
    )
    document = json.loads(message.bodies["sqs"])
    assert (document["findings_not_shown"], document["changes_not_shown"]) == (1, 50)
    assert document["severity"] == "warning"
    assert len(document["scopes"][0]["error"]) == 100
    assert message.subject == message_of(run(DUE, scopes=whole.scopes)).subject


def test_in_short_every_protocol_still_says_how_bad_it_is() -> None:
    critical = judged(imported(arn=arn("due"), ends_in=days(3), detail=detail()))
    whole = run(critical, changes=endless_changes(), scopes=(FAILED_SCOPE, scope(certificates=1)))
    message = message_of(whole)
    assert message.bodies["lambda"] == message.bodies["sqs"]
    assert message.bodies["default"] == (
        "1 certificate of account 123456789012, eu-west-1: 1 needs attention, run incomplete; "
        "50 resolved."
    )
    assert message.bodies["email"] == (
        "1 certificate of account 123456789012, eu-west-1: 1 needs attention, run incomplete; 50\n"
        "resolved.\n\n"
        "Too many findings for one message. Full list: the log of the run\n\n"
        "All certificates: 1 ImportDue, 1 ScanFailed.\n\n"
        "certificate-lifecycle, run 8f6e3f0a-0000-4000-8000-000000000001, "
        "2026-06-01 12:00 UTC, mode repair\n"
    )
    found = chat(whole)
    assert found["content"] == {
        "textType": "client-markdown",
        "title": message.subject,
        "description": (
            "1 certificate of account 123456789012, eu-west-1: 1 needs attention, "
            "run incomplete; 50 resolved.\n"
            f"*Incomplete:* {FAILED_SCOPE.label}: {FAILED_SCOPE.error}\n"
            "Too many findings for one message. Full list: the log of the run"
        ),
        "nextSteps": [],
        "keywords": ["certificates", "critical"],
    }
    assert found["metadata"]["summary"] == message.bodies["default"]
    assert message.subject.startswith(
        "[critical] certificate-lifecycle: 1 needs attention, run incomplete - "
    )


def test_in_short_a_failure_to_act_is_still_a_warning() -> None:
    failed = ActionRecord(DUE_ARN, Action.REIMPORT, Outcome.FAILED, "It is broken.")
    whole = run(HEALTHY, changes=endless_changes(), actions=(failed,))
    assert document(whole)["severity"] == "warning"
    assert chat(whole)["content"]["title"] == message_of(whole).subject
    assert message_of(whole).subject.startswith(
        "[warning] certificate-lifecycle: run incomplete - "
    )


def test_what_has_no_region_is_reported_under_a_name_that_sns_takes() -> None:
    elsewhere = "arn:aws:iam::123456789012:server-certificate/shop"
    message = message_of(run(HEALTHY, changes=(replace(RESOLVED, certificate_arn=elsewhere),)))
    assert message.attributes["region"] == "global"


def test_what_the_state_table_says_was_reported_is_text_as_well() -> None:
    before = FindingChange(DUE_ARN, ChangeKind.CHANGED, previous_verdict="<!here> `x`\x1b[2J")
    message = message_of(
        run(DUE, changes=(before, replace(RESOLVED, previous_verdict="<!here>\u202e")))
    )
    assert "\x1b" not in message.bodies["email"]
    text = json.loads(message.bodies["https"])["content"]["description"]
    assert "was (!here) 'x' (2J" in text
    assert "was (!here)." in text


def test_a_document_for_machines_has_no_control_characters() -> None:
    record = ActionRecord(DUE_ARN, Action.REIMPORT, Outcome.FAILED, "no\x1b[2J\nand no\u202e")
    strange = replace(DUE, owner="a\u200bb", probe_results=("c\x07d",), used_by=("e\x00f",))
    document = json.loads(message_of(run(strange, actions=(record,))).bodies["sqs"])
    (finding,), (action,) = document["findings"], document["actions"]
    assert (finding["owner"], finding["probe_results"], finding["used_by"]) == (
        "a b",
        ["c d"],
        ["e f"],
    )
    assert action["detail"] == "no [2J and no"


def muted_finding() -> Assessment:
    return replace(DUE, muted_until=date(2026, 7, 1))


@pytest.mark.parametrize(
    ("whole", "state"),
    [
        (run(muted_finding(), HEALTHY), "1 muted finding"),
        (run(muted_finding(), BLOCKED), "1 needs attention, 1 muted finding"),
        (
            run(muted_finding(), STUCK, scopes=(PARTIAL,)),
            "run incomplete, 1 minor finding, 1 muted finding",
        ),
    ],
    ids=["only", "beside another", "in an incomplete run"],
)
def test_what_is_open_and_muted_is_counted_in_the_subject_and_in_every_body(
    whole: Run, state: str
) -> None:
    message = compose(whole, summary=True)
    assert message is not None
    assert f": {state} - " in message.subject
    for body in ("default", "email", "https"):
        assert f": {state}" in " ".join(message.bodies[body].split())
    counts = json.loads(message.bodies["sqs"])
    assert counts["muted_findings"] == 1
    assert counts["open_findings"] == len(whole.findings)
    assert "MUTED\n  shop.example.com: ImportDue, until 2026-07-01." in message.bodies["email"]
    assert "*Muted until 2026-07-01:* `shop.example.com` ImportDue" in message.bodies["https"]


@pytest.mark.parametrize(
    ("news", "subject"),
    [
        ({"changes": (RESOLVED,)}, "1 finding resolved, 1 muted finding"),
        (
            {"actions": (acted(HEALTHY, Outcome.DONE, "exported"),)},
            "1 repair done, 1 muted finding",
        ),
    ],
    ids=["resolved", "done"],
)
def test_good_news_does_not_hide_a_muted_finding(news: dict[str, Any], subject: str) -> None:
    assert f": {subject} - " in message_of(run(muted_finding(), HEALTHY, **news)).subject


NOTHING_IS_WRONG = re.compile("no open finding|all is well|healthy|nothing", re.IGNORECASE)


@pytest.mark.parametrize(
    "whole",
    [
        run(muted_finding()),
        run(DUE),
        run(STUCK),
        run(HEALTHY, scopes=(PARTIAL,)),
        run(scopes=(FAILED_SCOPE,)),
        run(HEALTHY, scopes=(scope(), FAILED_SCOPE)),
        run(HEALTHY, actions=(acted(HEALTHY, Outcome.FAILED, "no"),)),
        run(HEALTHY, problems=("the report could not be written: AccessDenied",)),
        run(DUE, scopes=(scope(), FAILED_SCOPE), changes=(RESOLVED,)),
    ],
    ids=[
        *("muted", "urgent", "minor", "a certificate unread", "all unread", "a region unread"),
        *("an action failed", "the report failed", "open, unread and resolved"),
    ],
)
def test_no_text_says_that_nothing_is_open_while_anything_is_open_unread_or_failed(
    whole: Run,
) -> None:
    message = compose(whole, summary=True)
    assert message is not None
    counts = f"All certificates: {', '.join(f'{n} {v}' for v, n in whole.counts.items())}."
    texts = (message.subject, message.bodies["default"], message.bodies["email"])
    for text in (*texts, message.bodies["https"]):
        assert not NOTHING_IS_WRONG.search(text.replace(counts, ""))
    assert severity_of(whole) > Severity.OK


def test_an_incomplete_run_says_so_beside_its_findings() -> None:
    message = message_of(run(DUE, scopes=(scope(), FAILED_SCOPE)))
    assert ": 1 needs attention, run incomplete - " in message.subject
    assert ": 1 needs attention, run incomplete." in message.bodies["default"]


def test_what_failed_outside_every_scope_is_in_the_message() -> None:
    whole = run(DUE, problems=("the report could not be written: AccessDenied",))
    message = message_of(whole)
    assert "INCOMPLETE\n  the report could not be written: AccessDenied" in message.bodies["email"]
    assert "*Incomplete:* the report could not be written" in message.bodies["https"]


def test_a_run_for_some_certificates_claims_nothing_about_the_others() -> None:
    message = message_of(run(HEALTHY, changes=(RESOLVED,), full_scan=False))
    assert message.bodies["default"] == (
        "1 requested certificate of account 123456789012, eu-west-1: no open findings; 1 resolved."
    )


def test_a_subject_with_every_count_stays_within_the_limit_of_sns() -> None:
    due = [judged(imported(arn=arn(str(n)), ends_in=days(20))) for n in range(1000)]
    muted = [replace(entry, muted_until=date(2026, 7, 1)) for entry in due]
    scopes = [replace(FAILED_SCOPE, account_id=f"{n:012}") for n in range(1000)]
    subject = message_of(run(*due, *muted, STUCK, scopes=(scope(), *scopes))).subject
    assert re.fullmatch(r"[ -~]{1,99}", subject)
    assert "1,000 need attention, run incomplete, 1 minor finding, 1,000 muted" in subject


def failed_long_ago(count: int) -> list[Assessment]:
    return [
        judged(
            request(
                arn=arn(f"{n:03}"),
                names=(f"old{n:03}.com",),
                status=FAILED,
                created_at=NOW - days(300),
            )
        )
        for n in range(count)
    ]


@pytest.mark.parametrize(
    ("count", "more"),
    [(2, "old001.com."), (10, "; old009.com."), (11, "; 1 more."), (999, "; 989 more.")],
)
def test_requests_that_failed_long_ago_are_one_paragraph(count: int, more: str) -> None:
    whole = run(DUE, *failed_long_ago(count))
    text = " ".join(message_of(whole).bodies["email"].split())
    assert f"{count} requests older than 30 days failed: old000.com;" in text
    assert more in text
    assert text.count("RequestFailed") == 1
    description = chat(whole)["content"]["description"]
    assert f"*info* {count} requests older than 30 days failed: old000.com;" in description
    assert description.count("\n") == 2
    assert document(whole)["open_findings"] == count + 1


def test_one_request_that_failed_long_ago_is_a_finding_like_any_other() -> None:
    text = message_of(run(*failed_long_ago(1))).bodies["email"]
    assert "INFO\n\n  old000.com\n    RequestFailed: The request failed" in text


def test_many_that_are_muted_are_counted() -> None:
    many = [
        replace(judged(imported(arn=arn(str(n)), ends_in=days(20))), muted_until=date(2026, 7, 1))
        for n in range(30)
    ]
    assert "  And 10 more." in message_of(run(BLOCKED, *many)).bodies["email"]


def test_a_summary_says_that_all_is_well() -> None:
    assert compose(run(HEALTHY)) is None
    message = compose(run(HEALTHY), summary=True)
    assert message is not None
    assert message.subject.startswith("[ok] certificate-lifecycle: no open findings - ")
    assert "All certificates: 1 Healthy." in message.bodies["email"]


# --- Limits of a mail, and what is named in it ------------------------------------------------


def mail(whole: Run) -> str:
    return message_of(whole).bodies["email"]


def resolved(count: int) -> list[FindingChange]:
    return [replace(RESOLVED, certificate_arn=arn(str(number))) for number in range(count)]


def muted(count: int) -> list[Assessment]:
    return [
        replace(judged(imported(arn=arn(str(n)), ends_in=days(20))), muted_until=date(2026, 7, 1))
        for n in range(count)
    ]


def used_by(count: int) -> Assessment:
    return replace(DUE, used_by=tuple(f"user {number}" for number in range(count)))


@pytest.mark.parametrize(
    ("fitting", "too_many", "rest"),
    [
        (run(HEALTHY, changes=resolved(20)), run(HEALTHY, changes=resolved(21)), "  And 1 more.\n"),
        (run(BLOCKED, *muted(20)), run(BLOCKED, *muted(21)), "  And 1 more.\n"),
        (run(used_by(5)), run(used_by(6)), "user 4; and 1 more.\n"),
    ],
    ids=["resolved findings", "muted findings", "users"],
)
def test_a_list_of_a_mail_is_cut_with_a_count_once_it_is_too_long(
    fitting: Run, too_many: Run, rest: str
) -> None:
    assert rest in mail(too_many)
    assert " more" not in mail(fitting)


def test_two_accounts_are_distinguished_and_the_one_that_was_lost_comes_first() -> None:
    failed = replace(FAILED_SCOPE, account_id="222222222222")
    text = mail(run(DUE, scopes=(PARTIAL, failed)))
    assert text.index("  account 222222222222, eu-west-1: the") < text.index(
        "  account 123456789012, eu-west-1: one"
    )
    assert "\n  shop.example.com - 123456789012 eu-west-1\n" in text
    assert chat(run(DUE, scopes=(PARTIAL, failed)))["metadata"]["threadId"] == (
        "certificate-lifecycle-2-accounts-eu-west-1"
    )


def test_what_is_new_about_one_finding_is_not_said_of_another() -> None:
    text = mail(
        run(DUE, BLOCKED, changes=(FindingChange(BLOCKED.certificate.arn, ChangeKind.NEW),))
    )
    assert text.count(" - new\n") == 1
    assert " - new\n    RenewalBlocked: " in text


def test_a_finding_of_which_nothing_is_known_before_was_nothing() -> None:
    assert "\n  shop.example.com - worse\n" in email_of(FindingChange(DUE_ARN, ChangeKind.WORSE))


def test_a_action_without_words_is_reported_by_its_outcome() -> None:
    assert "\n    Done in this run:\n" in mail(run(DUE, actions=(acted(DUE, Outcome.DONE, ""),)))


def test_advice_that_stands_beside_no_finding_is_not_reported() -> None:
    advised, planned = (
        acted(HEALTHY, entry, entry) for entry in (Outcome.ADVISED, Outcome.PLANNED)
    )
    assert "OTHER ACTIONS" not in mail(run(HEALTHY, DUE, actions=(advised,)))
    assert "OTHER ACTIONS" in mail(run(HEALTHY, DUE, actions=(planned,)))


def test_no_certificate_at_all_is_said_in_a_word() -> None:
    text = mail(run(recovered_scopes=("account 222222222222, eu-west-1",)))
    assert "\n\nAll certificates: none.\n\n" in text


def test_a_long_word_is_cut_only_where_nobody_would_copy_it() -> None:
    key = "k" * 100
    entry = replace(DUE, decision=replace(DUE.decision, message=f"Look at {key} first."))
    assert f"\n    {key}\n    first.\n" in mail(run(entry))
    endless = replace(DUE, decision=replace(DUE.decision, message="m" * 3000))
    assert f"{'m' * (2000 - len('ImportDue: ...'))}..." in mail(run(endless))
    named = judged(imported(arn=arn("due"), ends_in=days(20), names=("n" * 300,)))
    assert f"\n  {'n' * 197}...\n" in mail(run(named))
    long = replace(RESOLVED, name="o" * 300)
    assert f"\n  {'o' * 197}...\n" in mail(run(HEALTHY, changes=(long,)))


def test_where_nothing_has_to_be_done_chat_names_no_step() -> None:
    foreign = judged(certificate(managed_by="CLOUDFRONT", ends_in=days(3)))
    assert chat(run(foreign))["content"]["nextSteps"] == []
    assert chat(run(BLOCKED))["content"]["nextSteps"] == [BLOCKED.decision.action.meaning]
