"""The mail of a run: the numbers, groups by urgency, and steps with exact commands."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from certificate_lifecycle.model.certificate import Action, CertificateType, Reason, Verdict
from certificate_lifecycle.model.public_dns import DnsCounts
from certificate_lifecycle.model.run import ActionRecord, ChangeKind, FindingChange, Outcome, Run
from certificate_lifecycle.render.notification.grouping import groups_of
from certificate_lifecycle.render.notification.steps import MessageStep, steps_of
from certificate_lifecycle.render.notification.wording import public_dns_text
from tests.unit.builders import (
    AUTHORITY,
    FAILED,
    N2_UNKNOWN_TO_SDK,
    NOW,
    arn,
    certificate,
    days,
    judged,
    request,
    run,
    scope,
)
from tests.unit.render.message_samples import (
    BLOCKED,
    DUE,
    DUE_ARN,
    FAILED_SCOPE,
    HEALTHY,
    LONG_AGO,
    MUTED,
    PARTIAL,
    REPORT,
    RESOLVED,
    RUNBOOK,
    STUCK,
    a_day_with_everything,
    a_day_with_three_hundred_findings,
    acted,
    chat,
    due_in,
    mail,
    subject,
    unwrapped,
)

#: Placeholders whose values a run knows.
HOLES = re.compile(r"\b(ARN|LISTENER_ARN|OLD_CERTIFICATE_ARN|REGION|NAME|PORT)\b")


def beside_steps(text: str) -> list[str]:
    """Return the lines of a mail without its steps and the link to everything."""
    before, _, rest = text.partition("STEPS\n")
    after = rest.partition("\nEverything: ")[2].partition("\n")[2]
    return [*before.splitlines(), *after.splitlines()]


def commands(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip().startswith("aws ")]


def section(text: str, title: str) -> str:
    """Return the lines below a title, up to the next empty line."""
    found = re.search(rf"^{title} \([\d,]+\)\n(.*?)\n\n", text, re.MULTILINE | re.DOTALL)
    return found[1] if found else ""


# --- Three hundred findings -------------------------------------------------------------------

MANY = a_day_with_three_hundred_findings()


def test_three_hundred_findings_fit_into_sixty_lines_of_a_hundred_characters() -> None:
    lines = beside_steps(mail(MANY))
    assert len(lines) <= 60
    assert max(map(len, lines)) <= 100
    assert lines[0] == "300 need you · 75 repaired · 279 healthy"
    assert lines[1] == "Account 123456789012, eu-west-1, us-east-1"


def test_every_cause_of_three_hundred_findings_is_shown_with_its_number() -> None:
    text = mail(MANY)
    verdicts = ("Expired", "ImportDue", "RenewalBlocked")
    assert all(f"   {verdict}: " in text for verdict in verdicts)
    titles = re.findall(r"^(?:TODAY|THIS WEEK|THIS MONTH|LATER) \((\d+)\)$", text, re.MULTILINE)
    assert sum(map(int, titles)) == 300
    assert len(re.findall(r"^ \d (\d+) certificates of 15 domains", text, re.MULTILINE)) == 4


def test_each_command_stands_once_and_has_every_arn() -> None:
    found = Counter(commands(mail(MANY)))
    assert len(found) == 1 + 75 + 75
    assert set(found.values()) == {1}
    assert not any(HOLES.search(command) for command in found)


def test_the_same_run_fits_a_chat_with_three_next_steps_and_no_command() -> None:
    content = chat(MANY)["content"]
    assert len(content["description"]) <= 8000
    assert len(content["nextSteps"]) == 3
    assert all(RUNBOOK in step for step in content["nextSteps"])
    assert "aws " not in content["description"] + "".join(content["nextSteps"])


def test_the_subject_names_the_worst_of_three_hundred_findings() -> None:
    assert subject(MANY) == "[critical] n0.shop0.example expired 2 days ago (+299) 2 regions"


def test_findings_without_room_are_counted() -> None:
    """Every verdict, reason and action is a group of its own, whatever their zones."""
    reasons = [
        replace(DUE, decision=replace(DUE.decision, reason=reason, action=action))
        for reason in list(type(DUE.decision.reason))[:8]
        for action in list(Action)[:8]
    ]
    text = mail(run(*reasons))
    shown = len(re.findall(r"^ ?\d+ shop.example.com", text, re.MULTILINE))
    assert 8 <= shown < 64
    assert f"\nAnd {64 - shown} more findings, see below.\n" in text
    assert len(beside_steps(text)) <= 60
    assert "THIS MONTH (64)" in text


def test_a_full_mail_has_at_most_sixty_lines() -> None:
    scopes = [replace(FAILED_SCOPE, account_id=f"{n:012}", error="x " * 300) for n in range(30)]
    found = [due_in(3 + n / 2, f"{'n' * 60}{n}.{'m' * 60}.example", name=str(n)) for n in range(80)]
    unfound = [judged(certificate(arn=arn(f"fine{n}"))) for n in range(30)]
    lacking = scope(not_listed=(N2_UNKNOWN_TO_SDK,))
    counted = replace(scope(), public_dns=DnsCounts(unknown=3, reason="z " * 300))
    scopes += [lacking, counted]
    whole = run(
        *found,
        *unfound,
        *(replace(entry, muted_until=date(2026, 7, 1)) for entry in found),
        scopes=scopes,
        actions=[
            acted(entry, outcome, "y" * 3000)
            for entry in unfound
            for outcome in (Outcome.DONE, Outcome.FAILED)
        ],
        changes=[replace(RESOLVED, certificate_arn=arn(f"gone{n}")) for n in range(30)],
    )
    lines = beside_steps(mail(whole))
    assert len(lines) <= 60
    assert max(map(len, lines)) <= 100


# --- The numbers ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("whole", "counts"),
    [
        (run(DUE, HEALTHY), "1 needs you · 1 healthy"),
        (run(DUE, BLOCKED, healthy={"Healthy": 1000}), "2 need you · 1,000 healthy"),
        (run(MUTED, BLOCKED), "2 need you · 1 muted"),
        (run(HEALTHY, scopes=(PARTIAL,)), "run incomplete · 1 healthy"),
        (run(DUE, scopes=(scope(), FAILED_SCOPE)), "2 need you · run incomplete"),
        (run(HEALTHY), "no open findings · 1 healthy"),
        (
            run(judged(certificate(in_use=False)), scopes=(scope(ignored=7),)),
            "no open findings · 1 without a next step · 7 outside the scope ignored",
        ),
        (
            run(HEALTHY, changes=(RESOLVED,), actions=(acted(HEALTHY, Outcome.DONE, "exported"),)),
            "no open findings · 1 repaired · 1 resolved · 1 healthy",
        ),
    ],
    ids=["one", "two", "muted", "partial", "lost", "nothing", "notes", "news"],
)
def test_the_first_line_counts_everything_that_is_open(whole: Run, counts: str) -> None:
    assert mail(whole, summary=True).startswith(f"{counts}\n")
    assert chat(whole, summary=True)["content"]["description"].startswith(f"{counts}\n")


def test_several_accounts_are_counted_and_many_regions_too() -> None:
    scopes = [replace(scope(), account_id=f"{n:012}", region=f"r{n}") for n in range(10)]
    assert mail(run(DUE, scopes=scopes)).splitlines()[1] == (
        "10 accounts, r0, r1, r2, r3, r4, r5, r6, r7 and 2 more"
    )


# --- The findings -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ends_in", "title"),
    [(3, "TODAY"), (7.5, "THIS MONTH"), (30, "THIS MONTH"), (-1, "TODAY")],
)
def test_a_finding_stands_below_the_time_to_act(ends_in: float, title: str) -> None:
    assert section(mail(run(due_in(ends_in))), title).startswith(" 1 shop.example.com · expire")


def test_a_request_that_waits_is_later_and_one_without_a_date_is_due_this_week() -> None:
    assert " 1 shop.example.com\n" in section(mail(run(STUCK)), "LATER")
    unknown = judged(certificate(ends_in=None))
    assert "shop.example.com" in section(mail(run(unknown)), "THIS WEEK")


def test_a_warning_within_a_week_is_due_this_week() -> None:
    unused = judged(certificate(in_use=False, ends_in=days(5)))
    near = replace(unused, decision=replace(DUE.decision))
    assert "shop.example.com" in section(mail(run(near)), "THIS WEEK")


def test_a_finding_names_its_owner_consumers_change_and_age_in_short_lines() -> None:
    entry = replace(
        DUE, owner="payments", used_by=tuple(f"user {n}" for n in range(4)), outside_scope=True
    )
    change = FindingChange(DUE_ARN, ChangeKind.WORSE, previous_verdict="Unused")
    text = mail(run(entry, changes=(change,), since={DUE_ARN: LONG_AGO}))
    assert section(text, "THIS MONTH").splitlines() == [
        (
            " 1 shop.example.com · expires in 20 days · payments · outside the scope · "
            "worse, was Unused..."
        ),
        "   ImportDue: A new version has to be imported under its ARN. -> step A",
        "   Used by user 0, user 1 and 2 more.",
    ]


@pytest.mark.parametrize(
    ("kind", "previous", "mark"),
    [
        (ChangeKind.NEW, None, "new"),
        (ChangeKind.WORSE, None, "worse"),
        (ChangeKind.BETTER, "Expired", "better, was Expired"),
        (ChangeKind.CHANGED, "Unknown", "changed, was Unknown"),
        (ChangeKind.REMINDER, "ImportDue", "reminder"),
    ],
)
def test_a_finding_says_what_is_new_about_it(
    kind: ChangeKind, previous: str | None, mark: str
) -> None:
    change = FindingChange(DUE_ARN, kind, previous_verdict=previous)
    text = mail(run(DUE, BLOCKED, changes=(change,), since={DUE_ARN: LONG_AGO}))
    assert f" · expires in 20 days · {mark} · open since 2026-05-20\n" in text
    assert text.count(f" · {mark}") == 1


def test_findings_of_one_cause_and_zone_are_one_group_with_their_names() -> None:
    found = [
        replace(due_in(20 - n, f"{name}.example.net", name=name), owner=f"team{n % 2}")
        for n, name in enumerate(("pay", "cdn", "ws"))
    ]
    text = section(mail(run(*found, due_in(20, "a.example.org"))), "THIS MONTH")
    assert text.splitlines()[:3] == [
        " 1 3 certificates of example.net · first expires in 18 days · team0, team1",
        "   ImportDue: A new version has to be imported under its ARN. -> step A",
        "   ws, cdn, pay",
    ]
    assert "\n 2 a.example.org · expires in 20 days\n" in text


@pytest.mark.parametrize(
    ("names", "zone"),
    [
        (("a.shop.co.uk", "b.shop.co.uk"), "shop.co.uk"),
        (("*.example.com", "example.com"), "example.com"),
        (("a.b.example.de", "c.example.de"), "example.de"),
    ],
)
def test_a_zone_is_the_registered_domain(names: Sequence[str], zone: str) -> None:
    found = [due_in(20, name, name=str(n)) for n, name in enumerate(names)]
    assert f" 1 2 certificates of {zone} · " in mail(run(*found))


def test_the_names_of_a_long_group_are_counted() -> None:
    found = [due_in(20, f"{'n' * 20}{n}.example.net", name=str(n)) for n in range(9)]
    assert re.search(r"\n   (n{20}\d, ){2}n{20}\d and 6 more\n", mail(run(*found)))


def test_two_accounts_are_distinguished_and_the_one_that_was_lost_comes_first() -> None:
    failed = replace(FAILED_SCOPE, account_id="222222222222")
    text = mail(run(DUE, scopes=(PARTIAL, failed)))
    assert section(text, "INCOMPLETE").splitlines() == [
        " account 222222222222, eu-west-1: the certificates could not be listed: AccessDenied",
        " account 123456789012, eu-west-1: one could not be read: Throttling",
    ]
    assert " 1 shop.example.com · expires in 20 days · 123456789012 eu-west-1\n" in text


def test_nameless_certificates_are_shown_by_their_arn_and_others_counted() -> None:
    assert f" 1 {arn('due')} · " in mail(run(judged(replace(DUE.certificate, names=()))))
    assert " 1 a.com (+2) · " in mail(run(due_in(20, "a.com", "b.com", "c.com")))


def failed_long_ago(count: int) -> list[Any]:
    return [
        judged(
            request(
                arn=arn(f"{n:03}"),
                names=(f"old.d{n}.example",),
                status=FAILED,
                created_at=NOW - days(300),
            )
        )
        for n in range(count)
    ]


def test_requests_that_failed_long_ago_are_one_group() -> None:
    text = section(mail(run(DUE, *failed_long_ago(30))), "LATER")
    assert text.splitlines()[0] == " 2 30 requests of 30 domains"
    assert text.splitlines()[2].startswith("   old.d0.example, old.d1.example, ")
    assert "old.d0.example\n" in mail(run(*failed_long_ago(1)))


# --- Actions ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcome", "text"),
    [
        (Outcome.PLANNED, "   Planned: the records\n"),
        (Outcome.FAILED, "   Failed: the records\n"),
        (Outcome.ADVISED, "   the records\n"),
    ],
)
def test_an_action_that_was_not_done_stands_with_its_certificate(
    outcome: Outcome, text: str
) -> None:
    whole = mail(run(BLOCKED, actions=(acted(BLOCKED, outcome, "the records"),)))
    assert text in whole
    assert "-> step A" in whole


def test_advice_names_why_the_action_is_not_done_here() -> None:
    meaning = DUE.decision.action.meaning
    text = mail(run(DUE, actions=(acted(DUE, Outcome.ADVISED, f"{meaning} Not done here: mode."),)))
    assert "   Not done here: mode.\n" in text
    assert "Not done" not in mail(run(DUE, actions=(acted(DUE, Outcome.ADVISED, meaning),)))


@pytest.mark.parametrize("outcome", [Outcome.DONE, Outcome.STARTED])
def test_a_repaired_finding_has_no_step(outcome: Outcome) -> None:
    text = mail(run(BLOCKED, actions=(acted(BLOCKED, outcome, f"created _{'a1' * 16}.x."),)))
    assert section(text, "REPAIRED IN THIS RUN") == " shop.example.com: created _....x."
    assert "STEPS" not in text


def test_the_name_of_a_certificate_without_an_assessment_is_its_arn() -> None:
    record = ActionRecord(arn("gone"), Action.REPLACE, Outcome.DONE, f"deleted {arn('a1b2c3d4-e')}")
    text = mail(run(actions=(record,)))
    assert (
        section(text, "REPAIRED IN THIS RUN") == " certificate gone: deleted certificate a1b2c3d4"
    )


def test_actions_beside_no_finding_are_listed_unless_they_are_advice() -> None:
    failed = mail(run(HEALTHY, DUE, actions=(acted(HEALTHY, Outcome.FAILED, "no"),)))
    assert section(failed, "FAILED") == " shop.example.com: no"
    advised = mail(run(HEALTHY, DUE, actions=(acted(HEALTHY, Outcome.ADVISED, "no"),)))
    assert "FAILED" not in advised


def test_what_is_resolved_muted_or_scanned_again_is_listed() -> None:
    gone = replace(RESOLVED, certificate_arn=arn("gone"), name="", current_state=None)
    whole = run(
        DUE,
        MUTED,
        changes=(RESOLVED, replace(gone, previous_verdict=None)),
        recovered_scopes=("account 222222222222, eu-west-1",),
    )
    text = mail(whole)
    assert section(text, "RESOLVED").splitlines() == [
        " fine.example.com · was RenewalBlocked · 198 days are left.",
        " certificate gone · was open",
        " account 222222222222, eu-west-1: scanned in full again",
    ]
    assert section(text, "MUTED") == " shop.example.com until 2026-07-01: ImportDue"


def test_a_list_beside_the_findings_is_cut_with_a_count() -> None:
    resolved = [replace(RESOLVED, certificate_arn=arn(str(n))) for n in range(15)]
    assert section(mail(run(changes=resolved)), "RESOLVED").endswith("\n and 3 more")
    assert " more" not in mail(run(changes=resolved[:12]))
    muted = [
        replace(MUTED, certificate=replace(DUE.certificate, arn=arn(f"m{n}"))) for n in range(9)
    ]
    text = mail(run(*muted, changes=resolved))
    assert section(text, "RESOLVED").endswith("\n and 9 more")
    assert section(text, "MUTED").endswith("\n and 3 more")


def test_what_failed_outside_every_scope_is_in_the_message() -> None:
    text = mail(run(DUE, problems=("the report could not be written: AccessDenied",)))
    assert section(text, "INCOMPLETE") == " the report could not be written: AccessDenied"


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
def test_unknown_names_in_public_dns_are_reported(counts: DnsCounts, text: str) -> None:
    checked = replace(run(BLOCKED), scopes=(replace(scope(), public_dns=counts),))
    assert public_dns_text(checked) == text
    assert (text in mail(checked)) is bool(counts.unknown)
    assert public_dns_text(run(BLOCKED)) == ""


# --- Steps ------------------------------------------------------------------------------------


def only_step(whole: Run) -> MessageStep:
    ((_, step),) = steps_of(whole, groups_of(whole.findings, NOW))
    assert step is not None
    return step


def with_commands(*lines: str) -> Run:
    detail = "\n".join(("what still has to be moved:", *lines))
    return run(DUE, actions=(acted(DUE, Outcome.ADVISED, detail),), report=REPORT)


def test_commands_stay_on_lines_of_their_own_to_be_copied_whole() -> None:
    command = f"aws elbv2 modify-listener --listener-arn {'x' * 1500} --certificates y"
    text = mail(with_commands(command, "# explained \u202e here"))
    assert f"\n    {command}\n    # explained here\n" in text


def test_a_command_keeps_its_files_and_loses_urls() -> None:
    kept = "aws x --config file://a.json --body fileb://b"
    assert only_step(with_commands(kept, "# see https://evil.example")).commands == (
        kept,
        "# see https[:]//evil.example",
    )


def test_a_comment_that_explains_a_block_stands_once_and_others_stay() -> None:
    block = "# A tool may manage it.\naws x get --id {0}\n# In x.json:\naws x put --id {0}"
    actions = [acted(DUE, Outcome.ADVISED, f"move\n{block.format(n)}") for n in (1, 2, 2)]
    assert only_step(run(DUE, actions=actions, report=REPORT)).commands == (
        "# A tool may manage it.",
        "aws x get --id 1",
        "# In x.json:",
        "aws x put --id 1",
        "aws x get --id 2",
        "# In x.json:",
        "aws x put --id 2",
        "# In x.json:",
    )


def test_commands_without_room_are_counted() -> None:
    lines = [f"aws x --name {n:05}{'y' * 990}" for n in range(200)]
    step = only_step(with_commands(*lines))
    assert step.more > 100
    assert len(step.commands) + step.more == 200
    assert f"# ... and {step.more} more commands of this form" in mail(with_commands(*lines))


def test_a_private_authority_without_the_permission_has_its_command() -> None:
    authority = replace(
        DUE.certificate, arn=AUTHORITY, type=CertificateType.PRIVATE_AUTHORITY, names=("ca",)
    )
    entry = replace(DUE, certificate=authority)
    lacking = replace(
        entry.decision,
        verdict=Verdict.AUTHORITY_PERMISSION_MISSING,
        action=Action.FIX_AUTHORITY,
    )
    (command,) = only_step(run(replace(entry, decision=lacking))).commands
    assert command.startswith("aws acm-pca create-permission --region eu-west-1 ")
    assert f"--certificate-authority-arn {AUTHORITY} " in command
    assert only_step(run(entry)).commands == ()


def test_groups_with_one_verdict_and_action_share_a_step() -> None:
    found = [due_in(20, f"a.d{n}.example", name=str(n)) for n in range(3)]
    text = mail(run(*found))
    assert text.count("-> step A") == 3
    assert len(re.findall(r"^ A  Import a newer version", text, re.MULTILINE)) == 1


def test_more_steps_than_letters_are_numbered() -> None:
    entries = [
        replace(DUE, decision=replace(DUE.decision, verdict=verdict, action=action))
        for verdict in list(Verdict)[:4]
        for action in (Action.EXPORT, Action.REBIND, *list(Action)[5:12])
    ]
    whole = run(*entries)
    letters = {step.letter for _, step in steps_of(whole, groups_of(entries, NOW)) if step}
    assert {"A", "Z", "A1"} <= letters


def test_what_belongs_to_others_has_no_step() -> None:
    theirs = judged(certificate(managed_by="CLOUDFRONT", ends_in=days(3)))
    text = mail(run(theirs))
    assert "ExternallyManaged: " in text
    assert "STEPS" not in text


def test_a_step_without_an_action_has_the_meaning_of_its_verdict() -> None:
    theirs = judged(certificate(managed_by="CLOUDFRONT", ends_in=days(3)))
    record = ActionRecord(theirs.certificate.arn, Action.NONE, Outcome.DONE, "done\naws x")
    step = only_step(run(theirs, actions=(record,)))
    assert (step.title, step.commands) == (theirs.decision.verdict.meaning, ("aws x",))


@pytest.mark.parametrize("report", [REPORT, None], ids=["report", "no report"])
def test_details_are_in_the_report_and_without_one_in_the_message(report: str | None) -> None:
    entry = replace(DUE, used_by=("listener 443",), probe_results=("it serves another",))
    failed = acted(entry, Outcome.FAILED, "denied")
    text = unwrapped(mail(run(entry, actions=(failed,), report=report)))
    for detail in (
        entry.decision.message,
        "Used by: listener 443. Served: it serves another. Failed: denied",
    ):
        assert (detail in text) is (report is None)


def test_a_message_with_a_command_is_shown_even_with_a_report() -> None:
    message = "Start it with `aws acm update-certificate-options --certificate-arn x`."
    entry = replace(DUE, decision=replace(DUE.decision, message=message))
    assert message in unwrapped(mail(run(entry, report=REPORT)))


def test_no_line_of_a_quoted_text_looks_like_a_command() -> None:
    message = " ".join(["aws iam create-user"] * 30)
    entry = replace(DUE, decision=replace(DUE.decision, message=message))
    text = mail(run(entry))
    assert text.count("create-user") == 30
    assert [line for line in commands(text) if "iam" in line] == []


# --- Form -------------------------------------------------------------------------------------


def test_a_line_ends_at_a_word_or_in_a_word_that_fills_it() -> None:
    owned = replace(DUE, owner="o" * 100, used_by=("u" * 300,))
    lines = mail(run(owned, report=REPORT)).splitlines()
    shown = [line for line in lines if line.startswith("   Used by u")]
    assert [len(line) for line in shown] == [100]
    long = replace(DUE, used_by=(("user " * 40).strip(),))
    (line,) = [text for text in mail(run(long)).splitlines() if text.startswith("   Used by ")]
    assert line.endswith(" user...")


def test_a_cause_without_room_ends_at_a_word() -> None:
    served = replace(
        DUE.decision,
        verdict=Verdict.STALE_CERTIFICATE_SERVED,
        reason=Reason.OLDER_CERTIFICATE_SERVED,
    )
    text = mail(run(replace(DUE, decision=served)))
    assert "one of its names still serves an... -> step A" in text


def test_the_text_of_a_usual_day_is_as_narrow() -> None:
    lines = beside_steps(mail(a_day_with_everything()))
    assert max(map(len, lines)) <= 100
