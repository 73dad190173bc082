"""The events of a run: their schemas, their limits, and texts that others wrote."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from certificate_lifecycle.model.certificate import Action
from certificate_lifecycle.model.run import (
    ActionRecord,
    Assessment,
    ChangeKind,
    FindingChange,
    Outcome,
    RecordToWrite,
    Run,
    ScopeStatus,
)
from certificate_lifecycle.policy.validation import RecordState
from certificate_lifecycle.render.eventbridge import (
    MAX_BYTES,
    SOURCE,
    Announcement,
    DetailType,
    announcements,
    batches,
)
from tests.unit.builders import (
    NOW,
    SECOND,
    arn,
    blocked,
    certificate,
    days,
    detail,
    finding,
    imported,
    judged,
    observation,
    run,
    scope,
)
from tests.unit.tables import DATA

DOCS = Path(__file__).parents[3] / "docs"
#: PutEvents (API reference): "the total entry size must be less than 256KB".
EVENTBRIDGE_LIMIT = 256 * 1024
DUE = judged(
    imported(
        arn=arn("due"),
        ends_in=days(5),
        names=("shop.example.com", "www.example.com"),
        detail=detail(),
    )
)
BLOCKED = judged(observation(replace(blocked(), arn=arn("blocked")), finding(RecordState.MISSING)))
HEALTHY = judged(certificate(arn=arn("healthy")))
NEW = FindingChange(DUE.certificate.arn, ChangeKind.NEW)
RESOLVED = FindingChange(
    HEALTHY.certificate.arn,
    ChangeKind.RESOLVED,
    "RenewalBlocked",
    NOW - days(3),
    "shop.example.com",
    "It is valid until 2026-09-09.",
)
REPAIRED = ActionRecord(
    BLOCKED.certificate.arn, Action.RESTORE_RECORDS, Outcome.DONE, "created _a1.shop.example.com."
)
SAMPLE = run(DUE, BLOCKED, HEALTHY, changes=(NEW, RESOLVED), actions=(REPAIRED,))


def schema(kind: DetailType) -> Any:  # noqa: ANN401 - JSON has any type
    name = kind.value.lower().replace(" ", "-")
    return json.loads((DOCS / "schemas" / f"{name}.json").read_text(encoding="utf-8"))


def contents(event: Announcement) -> Any:  # noqa: ANN401 - JSON has any type
    return json.loads(event.detail)


def of(whole: Run, kind: DetailType) -> list[Any]:
    return [contents(event) for event in announcements(whole) if event.type is kind]


def check(events: list[Announcement]) -> None:
    """Hold every event to its schema."""
    for event in events:
        jsonschema.Draft202012Validator(schema(event.type)).validate(contents(event))


def shown(event: Announcement) -> dict[str, Any]:
    """Return an event as a rule sees it, without what EventBridge adds."""
    return {
        "source": SOURCE,
        "detail-type": event.type.value,
        "time": f"{event.time:%Y-%m-%dT%H:%M:%SZ}",
        "resources": list(event.resources),
        "detail": contents(event),
    }


# --- What is sent -----------------------------------------------------------------------------


def test_a_run_sends_what_the_documentation_shows() -> None:
    """The golden events are the blocks of docs/events.md, in their order."""
    golden = json.loads((DATA / "announcements.json").read_text(encoding="utf-8"))
    events = announcements(SAMPLE)
    assert [shown(event) for event in events] == golden
    check(events)
    text = (DOCS / "events.md").read_text(encoding="utf-8")
    blocks = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL)]
    patterns = [block for block in blocks if "detail-type" in block and "time" not in block]
    assert [block for block in blocks if block not in patterns] == golden
    assert patterns


@pytest.mark.parametrize("kind", DetailType)
def test_a_schema_names_exactly_what_is_sent(kind: DetailType) -> None:
    found = schema(kind)
    jsonschema.Draft202012Validator.check_schema(found)
    (sent, *_) = of(SAMPLE, kind)
    assert set(found["properties"]) == set(found["required"]) == set(sent)
    parts = {
        DetailType.FINDING: lambda: (found["properties"]["finding"], sent["finding"]),
        DetailType.RUN: lambda: (found["properties"]["scopes"]["items"], sent["scopes"][0]),
    }
    if kind in parts:
        described, part = parts[kind]()
        assert set(described["properties"]) == set(described["required"]) == set(part)


@pytest.mark.parametrize("kind", ChangeKind)
def test_each_change_is_an_event_about_its_certificate(kind: ChangeKind) -> None:
    whole = run(DUE, changes=(FindingChange(DUE.certificate.arn, kind, "Healthy"),))
    event = announcements(whole)[0]
    check([event])
    assert event.resources == (arn("due"),)
    sent = contents(event)
    assert (sent["change"], sent["previous_verdict"]) == (kind.value, "Healthy")
    assert (sent["account_id"], sent["region"]) == ("123456789012", "eu-west-1")
    assert sent["finding"]["verdict"] == "ImportDue"


def test_what_is_resolved_has_no_finding_whether_its_certificate_is_still_there_or_not() -> None:
    gone = FindingChange(arn("gone"), ChangeKind.RESOLVED, "Expired")
    events = of(run(HEALTHY, changes=(RESOLVED, gone)), DetailType.FINDING)
    assert [event["finding"] for event in events] == [None, None]


def test_a_server_certificate_has_no_region() -> None:
    server = "arn:aws:iam::123456789012:server-certificate/legacy"
    (event,) = of(run(changes=(FindingChange(server, ChangeKind.NEW),)), DetailType.FINDING)
    assert event["region"] == "global"


@pytest.mark.parametrize("outcome", Outcome)
def test_what_was_done_or_failed_is_an_event_and_what_was_advised_is_none(outcome: Outcome) -> None:
    events = of(run(BLOCKED, actions=(replace(REPAIRED, outcome=outcome),)), DetailType.ACTION)
    tried = outcome in (Outcome.DONE, Outcome.STARTED, Outcome.FAILED)
    assert [event["outcome"] for event in events] == ([outcome.value] if tried else [])


WANTED = RecordToWrite(name="_a1.example.net", type="CNAME", value="_b2.acm-validations.aws")


@pytest.mark.parametrize("changed", [True, False])
def test_records_to_write_are_an_event_with_each_change_of_their_finding(*, changed: bool) -> None:
    advised = replace(REPAIRED, outcome=Outcome.ADVISED, dns_records=(WANTED,))
    changes = (FindingChange(BLOCKED.certificate.arn, ChangeKind.NEW),) if changed else ()
    whole = run(BLOCKED, actions=(advised,), changes=changes)
    check(announcements(whole))
    events = of(whole, DetailType.ACTION)
    assert [event["dns_records"] for event in events] == ([[WANTED.to_dict()]] if changed else [])


def test_every_run_ends_with_an_event_about_itself() -> None:
    failed_scope = scope(ScopeStatus.FAILED, error="the certificates could not be scanned: denied")
    events = announcements(
        run(scopes=(scope(certificates=3), failed_scope), report="s3://runs/report")
    )
    (event,) = events
    check(events)
    assert (event.type, event.resources, event.time) == (DetailType.RUN, (), NOW + SECOND)
    sent = contents(event)
    assert (sent["severity"], sent["incomplete"]) == ("warning", True)
    assert [entry["status"] for entry in sent["scopes"]] == ["failed", "ok"]
    assert (sent["findings"], sent["changes"], sent["report"]) == (0, 0, "s3://runs/report")


# --- Limits -----------------------------------------------------------------------------------


def test_many_changes_are_sent_in_full_calls_of_ten() -> None:
    found = [judged(imported(arn=arn(f"n{number}"), ends_in=days(5))) for number in range(200)]
    changes = tuple(FindingChange(entry.certificate.arn, ChangeKind.NEW) for entry in found)
    events = announcements(run(*found, changes=changes))
    calls = list(batches(events))
    assert [event for call in calls for event in call] == events
    assert [len(call) for call in calls] == [10] * 20 + [1]
    check(events[::20])


def test_a_call_takes_ten_events_however_small_they_are() -> None:
    """PutEvents (API reference): "Maximum number of 10 items"."""
    calls = list(batches([sized(200)] * 25))
    assert [len(call) for call in calls] == [10, 10, 5]


def hostile(text: str, count: int) -> Assessment:
    """Return a finding whose every text was chosen by others, at full length."""
    entry = judged(imported(arn=arn("due"), ends_in=days(5), names=(text,) * count))
    return Assessment(
        replace(entry.certificate, detail=detail(in_use_by=(text,) * count)),
        replace(entry.decision, message=text * 10),
        (text,) * count,
    )


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("x" * 253, 1000),
        ("\U0001f512" * 600, 100),
        ('"\\' * 300, 100),
        ("a" + "\u202e\x00\ud800" * 3 + "b", 9000),
        ("x", 20_000),
    ],
    ids=["long", "four bytes", "escaped", "invisible", "many"],
)
def test_an_event_that_is_too_long_is_cut_and_never_dropped(text: str, count: int) -> None:
    entry = hostile(text, count)
    events = announcements(run(entry, changes=(NEW,)))
    check(events)
    assert all(event.size < MAX_BYTES < EVENTBRIDGE_LIMIT for event in events)
    sent = contents(events[0])
    lists = ("alternative_names", "used_by", "in_use_by")
    long = {"alternative_names": count - 1, "in_use_by": count, "used_by": count}
    assert sent["truncated_fields"] == [
        item for item in lists if len(sent["finding"][item]) < long[item]
    ]
    assert all(sent["finding"][each] for each in lists)


def test_what_is_not_too_long_is_not_cut() -> None:
    names = tuple(f"{number:03}{'x' * 50}.{'y' * 60}.example.com" for number in range(100))
    entry = judged(imported(arn=arn("due"), ends_in=days(5), names=names))
    (sent, *_) = of(run(entry, changes=(NEW,)), DetailType.FINDING)
    assert sent["finding"]["alternative_names"] == list(names[1:])
    assert sent["truncated_fields"] == []


def test_large_events_share_a_call_only_as_far_as_they_fit() -> None:
    entry = hostile("\U0001f512" * 500, 100)
    changes = (NEW,) * 5
    calls = list(batches(announcements(run(entry, changes=changes))))
    assert sum(len(call) for call in calls) == 6
    assert all(sum(event.size for event in call) <= MAX_BYTES for call in calls)
    assert len(calls) > 1


def sized(size: int) -> Announcement:
    """Return an event that counts for so many bytes."""
    empty = Announcement(DetailType.RUN, NOW, (), "")
    return replace(empty, detail="x" * (size - empty.size))


@pytest.mark.parametrize(
    ("sizes", "calls"),
    [
        ([125_000, 125_000], [[125_000, 125_000]]),
        ([125_000, 125_001], [[125_000], [125_001]]),
        ([250_000, 125_000, 125_000], [[250_000], [125_000, 125_000]]),
        ([250_000, 125_000, 125_001], [[250_000], [125_000], [125_001]]),
        ([250_001], [[250_001]]),
    ],
)
def test_a_call_is_filled_to_the_last_byte_and_never_empty(
    sizes: list[int], calls: list[list[int]]
) -> None:
    sent = batches([sized(size) for size in sizes])
    assert [[event.size for event in call] for call in sent] == calls


def test_a_text_is_cut_at_its_length_and_not_before() -> None:
    def longest(length: int) -> tuple[list[int], bool]:
        text = "x" * length
        entry = judged(imported(arn=arn("due"), ends_in=days(5), names=("a", text)))
        changed = replace(entry, decision=replace(entry.decision, message=text))
        change = replace(NEW, name=text, current_state=text)
        failed = replace(REPAIRED, outcome=Outcome.FAILED, detail=text)
        failed_scope = scope(ScopeStatus.FAILED, error=text)
        whole = run(
            changed,
            changes=(change,),
            actions=(failed,),
            scopes=(failed_scope,),
            recovered_scopes=(text,),
        )
        found, done, itself = (contents(event) for event in announcements(whole))
        texts = [
            *(
                found["name"],
                found["finding"]["alternative_names"][0],
                itself["recovered_scopes"][0],
            ),
            *(found["current_state"], found["finding"]["message"], done["message"]),
            itself["scopes"][0]["error"],
        ]
        return [len(item) for item in texts], all(each.endswith("...") for each in texts)

    lengths, cut = longest(5000)
    assert (lengths, cut) == ([512, 512, 512, 2000, 2000, 2000, 500], True)
    assert longest(500) == ([500] * 7, False)


@pytest.mark.parametrize("fitting", [True, False])
def test_a_list_takes_sixty_thousand_bytes(*, fitting: bool) -> None:
    """As JSON has them: 120 names of 496 letters, their quotation marks and what parts them."""
    names = (*("x" * 496 for _ in range(119)), "y" * (496 if fitting else 497))
    entry = judged(imported(arn=arn("due"), ends_in=days(5), names=("a", *names)))
    (sent, *_) = of(run(entry, changes=(NEW,)), DetailType.FINDING)
    assert len(sent["finding"]["alternative_names"]) == (120 if fitting else 119)


def test_nothing_to_send_is_no_call() -> None:
    assert list(batches([])) == []


def test_an_organization_with_many_lost_accounts_fits_into_one_event() -> None:
    error = "\U0001f512" * 5000
    failed_scope = scope(ScopeStatus.FAILED, error=error)
    scopes = [replace(failed_scope, account_id=f"{number:012}") for number in range(200)]
    (event,) = announcements(run(scopes=scopes))
    check([event])
    assert event.size < MAX_BYTES
    assert contents(event)["scopes_not_shown"] == 150


def test_the_size_is_what_eventbridge_counts() -> None:
    """EventBridge user guide: 14 bytes for the time, and each text in UTF-8."""
    event = Announcement(DetailType.RUN, NOW, ("arn:ä",), "{}")
    assert event.size == 14 + len("certificate-lifecycle") + len("Certificate Run") + 2 + 6


def test_control_characters_of_others_never_reach_a_machine() -> None:
    entry = hostile("a\r\nb\u202ec", 1)
    failed = replace(REPAIRED, outcome=Outcome.FAILED, detail="no\x1b[31m")
    events = announcements(run(entry, changes=(NEW,), actions=(failed,)))
    assert contents(events[0])["finding"]["in_use_by"] == ["a b c"]
    assert contents(events[1])["message"] == "no [31m"


def test_no_text_needs_an_escape_in_the_input_template_of_a_rule() -> None:
    """EventBridge user guide: values are not escaped when they are put into a template."""
    text = 'a "b" \\c\n'
    change = replace(NEW, name=text, current_state=text)
    failed = replace(REPAIRED, outcome=Outcome.FAILED, detail=text)
    scopes = (scope(ScopeStatus.FAILED, error=text),)
    events = announcements(
        run(hostile(text, 2), changes=(change,), actions=(failed,), scopes=scopes)
    )
    check(events)
    assert [event.detail.count("a 'b' /c") for event in events] == [18, 1, 1]
    assert all("\\" not in event.detail for event in events)
