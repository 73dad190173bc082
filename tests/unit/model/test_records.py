"""What is stored or sent comes back as it was, from this version and from earlier ones."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from certificate_lifecycle.aws.consumers.elbv2 import LISTENER
from certificate_lifecycle.aws.consumers.registry import kinds_by_name
from certificate_lifecycle.model import records
from certificate_lifecycle.model.certificate import Action, Reason, Verdict, present_word
from certificate_lifecycle.model.public_dns import DnsCounts
from certificate_lifecycle.model.run import (
    ActionRecord,
    Assessment,
    ChangeKind,
    FindingChange,
    Outcome,
    RecordToWrite,
    ScopeStatus,
)
from certificate_lifecycle.policy.bindings import Binding, BindingChange, BindingChangeStatus
from certificate_lifecycle.policy.notification_state import (
    WHOLE_SCOPE,
    AlertRecord,
    AlertSubject,
    Intent,
)
from certificate_lifecycle.policy.succession import ReplacementRecord, ReplacementState
from certificate_lifecycle.render.account_result import AccountResult
from tests.unit.builders import NOW, arn, certificate, days, imported, judged, scope

MEMORY = AlertRecord(
    subject=AlertSubject(arn("due")),
    verdict="ImportDue",
    reason="ImportedExpiring",
    severity="critical",
    band="near",
    notified_at=NOW,
    since=NOW - days(3),
    version=3,
    critical_since=NOW - days(2),
)
KINDS = kinds_by_name()


def read(record_type: Any, entry: Any) -> Any:  # noqa: ANN401 - any record
    """Read a record; those with bindings need the kinds of consumers."""
    more = (KINDS,) if record_type in (BindingChange, ReplacementRecord) else ()
    return record_type.from_dict(entry, *more)


NOTE = Intent(
    certificate_arn=arn("due"), action="Reimport", text="import", run_id="r", written_at=NOW
)
MOVE = BindingChange(
    binding=Binding(LISTENER, "listener", "443", "listener 443 of shop"),
    planned_for=arn("new"),
    status=BindingChangeStatus.BOUND,
    bound_at=NOW,
    note="a note",
)
JOURNAL = ReplacementRecord(
    certificate_arn=arn("old"),
    state=ReplacementState.BOUND,
    started_at=NOW,
    attempt=2,
    successor_arn=arn("new"),
    requested_at=NOW,
    verified_at=NOW,
    note="a note",
    unreported=("a sentence",),
    version=4,
    claimed_by="run-1",
    claimed_until=NOW,
    expires_at=NOW + days(400),
    refused=(arn("refused"),),
)
CHANGE = FindingChange(
    arn("due"),
    ChangeKind.RESOLVED,
    previous_verdict="Expired",
    since=NOW,
    name="shop.example.com",
    current_state="It is valid.",
)
WANTED = RecordToWrite(name="_a1.example.com", type="CNAME", value="_b2.acm-validations.aws")
ACTION = ActionRecord(
    arn("due"),
    Action.REIMPORT,
    Outcome.DONE,
    "imported",
    renewed=True,
    dns_records=(WANTED, replace(WANTED, zone="example.com", replaces=True)),
)
HANDOVER = AccountResult(
    scope=replace(
        scope(ScopeStatus.PARTIAL, certificates=3, error="throttled"),
        public_dns=DnsCounts(checked=5, unknown=2, not_asked=1, reason="timeout"),
    ),
    run_id="run-1",
    should_notify=True,
    problems=("throttled",),
    healthy={"Healthy": 3},
    changes=(CHANGE,),
    recovered_scopes=("account 222222222222, eu-west-1",),
    since={arn("due"): NOW},
    actions=(ACTION,),
    alert_records=(MEMORY, replace(MEMORY, subject=WHOLE_SCOPE)),
    resolved=(MEMORY,),
    intents=(NOTE,),
    replacement_records={arn("old"): 4},
)
ENTRIES: dict[str, tuple[Any, dict[str, Any]]] = {
    **{
        type(item).__name__: (item, item.to_dict())
        for item in (MEMORY, NOTE, MOVE, JOURNAL, CHANGE, ACTION, HANDOVER.scope)
    },
    "Handover": (HANDOVER, HANDOVER.to_dict(NOW)),
}


@pytest.mark.parametrize(("record", "entry"), ENTRIES.values(), ids=ENTRIES)
def test_a_record_comes_back_as_it_was(record: Any, entry: dict[str, Any]) -> None:  # noqa: ANN401 - any record
    assert read(type(record), json.loads(json.dumps(entry))) == record


@pytest.mark.parametrize(
    "bare",
    [
        AlertRecord(
            subject=AlertSubject(arn()),
            verdict="",
            reason="",
            severity="",
            band="",
            notified_at=NOW,
        ),
        ReplacementRecord(certificate_arn=arn(), state=ReplacementState.REQUESTED, started_at=NOW),
        FindingChange(arn(), ChangeKind.NEW),
        BindingChange(binding=Binding(LISTENER, "listener")),
    ],
    ids=lambda bare: type(bare).__name__,
)
def test_what_is_not_known_may_be_none_or_missing(bare: Any) -> None:  # noqa: ANN401 - any record
    entry = bare.to_dict()
    assert None in entry.values()
    assert read(type(bare), entry) == bare
    known = {name: value for name, value in entry.items() if value is not None}
    assert read(type(bare), known) == bare


def test_a_replacement_record_of_an_earlier_version_has_refused_nothing() -> None:
    entry = JOURNAL.to_dict()
    del entry["refused"]
    assert read(ReplacementRecord, entry) == replace(JOURNAL, refused=())


@pytest.mark.parametrize(("record", "entry"), ENTRIES.values(), ids=ENTRIES)
@pytest.mark.parametrize("value", [5, "\x1b", [1], {"a": 1}, True, 1.5])
def test_a_field_of_another_type_is_refused(
    record: Any,  # noqa: ANN401 - any record
    entry: dict[str, Any],
    value: object,
) -> None:
    for name, known in entry.items():
        if type(known) is not type(value) or isinstance(known, list):
            with pytest.raises((KeyError, OverflowError, TypeError, ValueError)):
                read(type(record), {**entry, name: value})


@pytest.mark.parametrize("value", [None, 5, "text", [], {}])
@pytest.mark.parametrize("record", [record for record, _ in ENTRIES.values()], ids=ENTRIES)
def test_what_is_no_record_is_refused(record: Any, value: object) -> None:  # noqa: ANN401 - any record
    with pytest.raises((KeyError, TypeError, ValueError)):
        read(type(record), value)


def test_what_a_step_of_an_earlier_version_left_is_understood() -> None:
    """The steps of a run may be of two versions while an upgrade takes place."""
    probed = replace(judged(imported()), probe_results=("shop.example.com serves it",))
    entry = replace(HANDOVER, findings=(probed,)).to_dict(NOW)
    (finding,) = entry["findings"]
    finding["served"] = finding.pop("probe_results")
    entry["regained"] = entry.pop("recovered_scopes")
    entry["over"] = entry.pop("resolved")
    (change,) = entry["changes"]
    change |= {
        "kind": "over",
        "was": change.pop("previous_verdict"),
        "now": change.pop("current_state"),
    }
    (memory, _) = entry["memories"]
    memory["told_at"] = NOW.isoformat()
    read = AccountResult.from_dict(entry)
    assert replace(read, findings=()) == HANDOVER
    assert read.findings[0].probe_results == probed.probe_results


@pytest.mark.parametrize("read", [records.timestamp, records.optional_timestamp])
def test_a_moment_may_name_any_zone_and_has_one(
    read: Callable[[records.Entry, str], datetime | None],
) -> None:
    zone = timezone(timedelta(hours=2))
    assert read({"at": NOW.astimezone(zone).isoformat()}, "at") == NOW
    for text in ("2026-06-01T12:00:00", "2026-06-01", "9999-12-31T23:59:59Z", ""):
        with pytest.raises(ValueError, match=r"."):
            read({"at": text}, "at")


def test_stamps_compare_as_their_moments_do() -> None:
    zone = timezone(timedelta(hours=-5))
    moments = [NOW, NOW + timedelta(microseconds=1), (NOW + days(1)).astimezone(zone)]
    stamps = [records.stamp(moment) for moment in moments]
    assert stamps == sorted(stamps)
    assert len({len(entry) for entry in stamps}) == 1
    assert [records.timestamp({"at": stamp}, "at") for stamp in stamps] == moments


@pytest.mark.parametrize(
    ("former", "present"),
    [
        ("NotLookedAt", Verdict.SCAN_FAILED),
        ("NotServed", Verdict.STALE_CERTIFICATE_SERVED),
        ("ManagedElsewhere", Verdict.EXTERNALLY_MANAGED),
        ("StatusNotUnderstood", Reason.STATUS_UNKNOWN),
        ("TypeNotUnderstood", Reason.TYPE_UNKNOWN),
        ("AuthorityEndsTooSoon", Reason.AUTHORITY_EXPIRES_TOO_SOON),
        ("RequestAnew", Action.REQUEST_AGAIN),
    ],
)
def test_a_word_of_an_earlier_version_means_the_present_one(
    former: str, present: Verdict | Reason | Action
) -> None:
    assert type(present).of(former) is present
    assert present_word(former) == present
    assert present_word(present) == present


def test_records_with_words_of_an_earlier_version_are_read_with_the_present_ones() -> None:
    finding = judged(certificate(managed_by="CLOUDFRONT")).to_dict(NOW)
    assert finding["verdict"] == "ExternallyManaged"

    read_finding = Assessment.from_dict({**finding, "verdict": "ManagedElsewhere"})
    assert read_finding.decision.verdict is Verdict.EXTERNALLY_MANAGED
    change = FindingChange.from_dict({**CHANGE.to_dict(), "previous_verdict": "NotServed"})
    assert change.previous_verdict == "StaleCertificateServed"
    action = ActionRecord.from_dict({**ACTION.to_dict(), "action": "RequestAnew"})
    assert action.action is Action.REQUEST_AGAIN
    memory = AlertRecord.from_dict(
        {**MEMORY.to_dict(), "verdict": "NotLookedAt", "reason": "StatusNotUnderstood"}
    )
    assert (memory.verdict, memory.reason) == ("ScanFailed", "StatusUnknown")
    result = {**HANDOVER.to_dict(NOW), "healthy": {"ManagedElsewhere": 3}}
    assert AccountResult.from_dict(result).healthy == {"ExternallyManaged": 3}


def test_an_intent_keeps_the_word_under_which_an_earlier_version_has_stored_it() -> None:
    intent = Intent.from_dict({**NOTE.to_dict(), "action": "RequestAnew"})

    assert intent.intended is Action.REQUEST_AGAIN
    assert intent.to_dict()["action"] == "RequestAnew"
