"""What a run knows of earlier ones, and what becomes of that when something goes wrong."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from certificate_lifecycle.app.notification_state import AlertState
from certificate_lifecycle.app.rotation import rotate
from certificate_lifecycle.app.scope_run import ScopeRun
from certificate_lifecycle.model.certificate import Action, Certificate
from certificate_lifecycle.model.errors import RotationError
from certificate_lifecycle.policy.bindings import BindingChange, BindingChangeStatus
from certificate_lifecycle.policy.coverage import Coverage
from certificate_lifecycle.policy.notification_state import (
    REMINDER,
    WHOLE_INVENTORY,
    WHOLE_SCOPE,
    AlertRecord,
    EntryKind,
    Intent,
    UnreadableEntry,
)
from certificate_lifecycle.policy.remembered import RememberedCertificates
from certificate_lifecycle.policy.settings import RotationMode
from certificate_lifecycle.policy.succession import (
    REPLACES_TAG,
    ReplacementRecord,
    ReplacementState,
)
from tests.unit.builders import (
    EXPIRED,
    LABEL,
    N2_UNKNOWN_TO_REGION,
    N2_UNKNOWN_TO_SDK,
    NOW,
    PLACE,
    SECOND,
    TIMED_OUT,
    arn,
    blocked,
    certificate,
    days,
    detail,
    imported,
    request,
    zone,
)
from tests.unit.consumers import MemoryConsumers, listener, sni
from tests.unit.fakes import (
    MemoryCertificates,
    MemoryClock,
    MemoryDns,
    MemoryImportSecrets,
    MemoryStateStore,
    MemoryTopic,
    Outage,
    dependencies,
    run_request,
)

DUE = imported(arn=arn("due"), names=("api.example.com",), ends_in=days(20), detail=detail())
BLOCKED = replace(blocked(), arn=arn("blocked"))
OTHER = replace(DUE, arn=arn("other"), names=("other.example.com",))
DEAD = certificate(arn=arn("dead"), status=EXPIRED, ends_in=-days(1), detail=detail())
REQUEST = run_request(mode=RotationMode.REPLACE)


class Account:
    """An account and region with a ledger, looked at day after day."""

    def __init__(self, *held: Certificate) -> None:
        self.certificates = MemoryCertificates(*held)
        self.dns = MemoryDns(zone())
        self.topic = MemoryTopic()
        self.state_store = MemoryStateStore()
        self.consumers = MemoryConsumers((listener(), [DEAD.arn]))
        self.now: datetime = NOW
        self.runs = 0

    def rotate(self, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any field of a request
        self.runs += 1
        clients = dependencies(
            certificates=self.certificates,
            dns=self.dns,
            import_secrets=MemoryImportSecrets(),
            topic=self.topic,
            clock=MemoryClock(),
            state_store=self.state_store,
            consumers=self.consumers,
        )
        request = replace(REQUEST, run_id=f"run-{self.runs}", now=self.now, **changes)
        return rotate(request, clients, current_time=lambda: self.now + SECOND)

    def rotate_without_state(self) -> None:
        clients = dependencies(
            certificates=self.certificates,
            dns=self.dns,
            import_secrets=MemoryImportSecrets(),
            topic=self.topic,
            clock=MemoryClock(),
        )
        rotate(REQUEST, clients, current_time=lambda: self.now + SECOND)

    def tomorrow(self) -> Account:
        self.now += days(1)
        return self

    @property
    def mail(self) -> str:
        """The last message, unfolded."""
        return " ".join(self.topic.messages[-1].bodies["email"].replace("| ", "").split())

    @property
    def sent(self) -> int:
        return len(self.topic.messages)


# --- Telling once ---------------------------------------------------------------------------------


def test_a_problem_that_stays_is_reported_once() -> None:
    account = Account(DUE)
    account.rotate()
    assert account.tomorrow().rotate()["notification"] == {
        "sent": False,
        "message_id": None,
        "reason": "nothing new to report",
    }
    assert account.sent == 1


def test_and_again_when_a_week_has_passed_a_mark_was_crossed_or_it_got_worse() -> None:
    account = Account(DUE)
    days_told = []
    for day in range(25):
        before = account.sent
        account.rotate()
        if account.sent > before:
            days_told.append(day)
        account.tomorrow()
    # 20 days left, 13 days left, 7 (critical), 3, 1, over, and a week after that one would follow.
    assert days_told == [0, 7, 13, 17, 19, 20]


def test_a_message_has_all_that_is_open_whatever_is_new() -> None:
    account = Account(DUE)
    account.rotate()
    account.certificates.stored[BLOCKED.arn] = BLOCKED
    account.tomorrow().rotate()
    assert "api.example.com" in account.topic.messages[-1].bodies["email"]
    assert "shop.example.com" in account.topic.messages[-1].bodies["email"]


def test_what_is_resolved_is_deleted_so_that_it_is_new_when_it_comes_back() -> None:
    account = Account(DUE)
    account.rotate()
    account.certificates.stored[DUE.arn] = replace(DUE, not_after=NOW + days(300))
    account.tomorrow().rotate()
    assert account.state_store.alerts == {}
    assert "RESOLVED" in account.topic.messages[-1].bodies["email"]
    account.certificates.stored[DUE.arn] = DUE
    account.tomorrow().rotate()
    # When it began, when it was over, and when it came back.
    assert account.sent == 3


NOT_API = Coverage(exclude_domains=("api.example.com",))


def test_a_certificate_that_leaves_the_scope_is_neither_resolved_nor_mentioned_again() -> None:
    account = Account(DUE)
    account.rotate()
    found = account.tomorrow().rotate(coverage=NOT_API)
    assert (found["notification"]["reason"], account.sent) == ("nothing to report", 1)
    account.certificates.stored[OTHER.arn] = OTHER
    account.tomorrow().rotate(coverage=NOT_API)
    assert "other.example.com" in account.mail
    assert "RESOLVED" not in account.mail
    assert "api.example.com" not in account.mail
    assert set(account.state_store.alerts) == {OTHER.arn}


def test_a_certificate_that_returns_to_the_scope_is_a_new_finding() -> None:
    account = Account(DUE, OTHER)
    account.rotate()
    account.now += days(7)
    account.rotate(coverage=NOT_API)
    account.tomorrow().rotate()
    assert "api.example.com" in account.mail
    assert " · 1 new" in account.mail


def test_the_alert_of_a_certificate_outside_the_scope_ends_even_if_the_scan_is_incomplete() -> None:
    account = Account(DUE, OTHER)
    account.rotate()
    account.state_store.remembered = RememberedCertificates()
    account.certificates.broken[f"describe {OTHER.arn}"] = Outage("denied")
    with pytest.raises(RotationError):
        account.tomorrow().rotate(coverage=NOT_API)
    assert DUE.arn not in account.state_store.alerts


def test_a_replacement_under_way_stops_outside_the_scope_and_is_reported() -> None:
    account = Account(DEAD)
    account.rotate()
    asked, batches = len(account.certificates.asked), len(account.dns.batches)
    found = account.tomorrow().rotate(coverage=Coverage(exclude_domains=("shop.example.com",)))
    assert asked == len(account.certificates.asked) == 1
    assert batches == len(account.dns.batches)
    reported = {entry["certificate_arn"]: entry for entry in found["findings"]}
    assert reported[DEAD.arn]["outside_scope"]
    (action,) = [a for a in found["actions"] if a["certificate_arn"] == DEAD.arn]
    assert "its replacement is stopped" in action["detail"]
    assert "it is outside the scope of certificate-lifecycle" in action["detail"]


def test_a_scan_of_one_certificate_deletes_nothing_of_the_others() -> None:
    account = Account(DUE, BLOCKED)
    account.rotate()
    assert set(account.state_store.alerts) == {DUE.arn, BLOCKED.arn}
    account.certificates.stored[BLOCKED.arn] = certificate(arn=BLOCKED.arn)
    account.certificates.stored[DUE.arn] = replace(DUE, not_after=account.now + days(5))
    account.tomorrow().rotate(certificate_arns=[DUE.arn])
    assert set(account.state_store.alerts) == {DUE.arn, BLOCKED.arn}


def test_a_run_that_did_not_scan_everything_deletes_nothing_but_what_it_saw_to_be_well() -> None:
    account = Account(DUE, BLOCKED, OTHER)
    account.rotate()
    account.certificates.stored[BLOCKED.arn] = certificate(arn=BLOCKED.arn)
    del account.certificates.stored[OTHER.arn]
    account.state_store.remembered = RememberedCertificates()
    account.certificates.broken[f"describe {DUE.arn}"] = Outage("not today")
    with pytest.raises(RotationError):
        account.tomorrow().rotate()
    assert set(account.state_store.alerts) == {DUE.arn, OTHER.arn, WHOLE_SCOPE.text}


def test_a_scan_of_one_certificate_does_not_report_its_failed_scope_as_scanned_again() -> None:
    account = Account(DUE)
    account.certificates.broken["list_all"] = Outage("not today")
    with pytest.raises(RotationError):
        account.rotate()
    account.certificates.broken.clear()
    account.rotate(certificate_arns=[DUE.arn])
    assert "scanned in full again" not in account.mail
    assert WHOLE_SCOPE.text in account.state_store.alerts
    account.tomorrow().rotate()
    assert "scanned in full again" in account.mail
    assert WHOLE_SCOPE.text not in account.state_store.alerts


def test_a_scan_of_one_certificate_is_silent_about_a_failed_scope() -> None:
    account = Account(certificate(arn=DUE.arn))
    account.certificates.broken["list_all"] = Outage("not today")
    with pytest.raises(RotationError):
        account.rotate()
    account.certificates.broken.clear()
    assert not account.rotate(certificate_arns=[DUE.arn])["notification"]["sent"]


def test_what_could_not_be_sent_is_reported_by_the_next_run() -> None:
    account = Account(DUE)
    account.topic.failure = Outage("SNS is down")
    with pytest.raises(RotationError, match="could not be sent"):
        account.rotate()
    account.topic.failure = None
    account.rotate()
    assert account.sent == 1


def test_a_quiet_run_writes_nothing() -> None:
    account = Account(DUE)
    account.rotate()
    before = account.state_store.writes
    account.tomorrow().rotate()
    assert account.state_store.writes == before


def test_a_dry_run_neither_writes_nor_notifies() -> None:
    account = Account(DUE, BLOCKED, DEAD)
    account.rotate(dry_run=True)
    assert (account.state_store.writes, account.sent) == (0, 0)


# --- Requests that failed -------------------------------------------------------------------------

FAILING = request(arn=arn("failing"), names=("new.example.com",), created_at=NOW)


def failed_by(name: str, created_at: datetime) -> Certificate:
    return replace(
        FAILING,
        arn=arn(name),
        names=(f"{name}.example.com",),
        status=TIMED_OUT,
        created_at=created_at,
    )


@pytest.mark.parametrize("outage", [1, 5, 8, 29, 90])
def test_a_request_that_fails_while_no_run_takes_place_is_reported_by_the_next_run(
    outage: int,
) -> None:
    account = Account(DUE)
    account.rotate()
    account.certificates.stored[arn("failed")] = failed_by("failed", NOW + days(0.5))
    account.now += days(outage + 0.6)
    account.rotate()
    assert "failed.example.com · new RequestFailed: " in account.mail


def test_a_request_that_was_reported_as_waiting_is_reported_as_failed_after_an_outage() -> None:
    account = Account(FAILING)
    account.now += days(2)
    account.rotate()
    account.certificates.stored[FAILING.arn] = replace(FAILING, status=TIMED_OUT)
    account.now += days(9)
    account.rotate()
    assert (
        "new.example.com · changed, was PendingValidation · open since 2026-06-03 RequestFailed"
        in account.mail
    )


def test_a_failed_request_is_in_messages_for_a_week_and_is_never_called_resolved() -> None:
    account = Account(failed_by("failed", NOW - days(3)))
    for _ in range(40):
        account.rotate()
        account.tomorrow()
    assert account.sent == 1
    account.certificates.stored[DUE.arn] = replace(DUE, not_after=account.now + days(20))
    account.rotate()
    assert "failed.example.com" not in account.mail
    account.certificates.stored.clear()
    account.tomorrow().rotate()
    assert "certificate failed · was RequestFailed · It does not exist any more." in account.mail
    assert account.state_store.alerts == {}


def test_the_failures_of_years_are_one_paragraph_of_the_first_message_and_of_no_other() -> None:
    old = [failed_by(f"old{number:03}", NOW - days(30 + number)) for number in range(300)]
    account = Account(*old)
    account.rotate()
    assert " 1 300 requests · 300 new" in account.mail
    assert len(account.topic.messages[-1].bodies["email"].splitlines()) < 40
    assert account.certificates.described == []
    account.certificates.stored[DUE.arn] = DUE
    account.tomorrow().rotate()
    assert "api.example.com" in account.mail
    assert "requests" not in account.mail
    assert account.sent == 2


def test_without_a_state_store_a_failed_request_is_reported_for_a_week_after_it_was_made() -> None:
    account = Account(failed_by("new", NOW - days(6)), failed_by("old", NOW - days(8)))
    account.rotate_without_state()
    assert "new.example.com" in account.mail
    assert "old.example.com" not in account.mail


def test_what_happened_in_an_outage_of_months_is_in_the_next_message() -> None:
    renewed, expired = replace(DUE, arn=arn("renewed")), replace(OTHER, not_after=NOW + days(40))
    account = Account(renewed, expired)
    account.rotate()
    account.now += days(60)
    account.certificates.stored[renewed.arn] = replace(renewed, not_after=NOW + days(400))
    account.certificates.stored[arn("failed")] = failed_by("failed", NOW + days(10))
    account.rotate()
    for text in ("expired 20 days ago", "RequestFailed", "RESOLVED"):
        assert text in account.mail


# --- A ledger that fails --------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["replacement_records", "alert_records"])
def test_without_state_everything_is_reported_nothing_is_replaced_and_the_run_fails(
    method: str,
) -> None:
    account = Account(DUE, DEAD)
    account.state_store.broken[method] = Outage("not today")
    for _ in range(2):
        with pytest.raises(RotationError, match="the state table could not be read"):
            account.rotate()
    assert account.sent == 2
    assert account.certificates.asked == []
    assert "Not done here: the state table could not be read" in " ".join(
        account.topic.messages[0].bodies["email"].replace("| ", "").split()
    )


@pytest.mark.parametrize(
    ("kind", "acts"),
    [(EntryKind.REPLACEMENT, False), (EntryKind.INTENT, False), (EntryKind.ALERT, True)],
)
def test_an_entry_that_cannot_be_read_stops_no_other_certificate(
    kind: EntryKind, *, acts: bool
) -> None:
    other = replace(DEAD, arn=arn("other dead"), names=("second.example.com",))
    account = Account(DEAD, other)
    account.state_store.misread = [
        UnreadableEntry("an entry", kind, DEAD.arn),
        UnreadableEntry("shop", kind, None),
    ]
    with pytest.raises(RotationError, match="the entry an entry of the state table cannot be read"):
        account.rotate()
    asked = {dict(request.tags).get(REPLACES_TAG) for request in account.certificates.asked}
    assert asked == ({DEAD.arn, other.arn} if acts else {other.arn})


@pytest.mark.parametrize("kind", [EntryKind.REPLACEMENT, EntryKind.INTENT])
def test_an_unreadable_entry_about_a_certificate_that_needs_no_action_is_reported_once(
    kind: EntryKind,
) -> None:
    healthy = certificate(arn=arn("healthy"), detail=detail())
    account = Account(healthy)
    account.state_store.misread = [UnreadableEntry("an entry", kind, healthy.arn)]
    for _ in range(3):
        with pytest.raises(RotationError, match="the entry an entry of the state table cannot"):
            account.rotate()
        account.tomorrow()
    assert account.sent == 1
    assert "an entry" in account.mail


@pytest.mark.parametrize("fault", [None, "a handshake failed"])
def test_no_consumer_is_verified_for_a_certificate_with_an_unreadable_intent(
    fault: str | None,
) -> None:
    new = certificate(arn=arn("new"), ends_in=days(190))
    account = Account(DEAD, new)
    account.consumers = MemoryConsumers((sni(), [DEAD.arn, new.arn]))
    if fault is not None:
        account.consumers.faults[sni()] = fault
    move = BindingChange(
        binding=sni(), planned_for=new.arn, status=BindingChangeStatus.BOUND, bound_at=NOW
    )
    record = ReplacementRecord(
        certificate_arn=DEAD.arn,
        state=ReplacementState.BOUND,
        started_at=NOW,
        successor_arn=new.arn,
        moves=(move,),
        version=1,
    )
    account.state_store.stored[DEAD.arn] = record
    account.state_store.misread = [UnreadableEntry("an entry", EntryKind.INTENT, DEAD.arn)]
    with pytest.raises(RotationError, match="an entry"):
        account.rotate()
    assert account.consumers.written == []
    assert account.state_store.stored == {DEAD.arn: record}


def refused(_: str) -> bool:
    raise Outage("not today")


def test_a_certificate_that_cannot_be_deleted_is_reported_once_and_as_a_reminder() -> None:
    old = certificate(arn=DEAD.arn, status=EXPIRED, in_use=False, ends_in=-days(40))
    new = certificate(arn=arn("new"), ends_in=days(190))
    account = Account(replace(old, detail=detail(in_use_by=())), new)
    account.state_store.stored[old.arn] = ReplacementRecord(
        certificate_arn=old.arn,
        state=ReplacementState.VERIFIED,
        started_at=NOW - days(40),
        successor_arn=new.arn,
        verified_at=NOW - days(40),
        version=1,
    )
    delete = account.certificates.delete
    account.certificates.delete = refused  # type: ignore[assignment,method-assign] # fails for now
    sent = []
    for _ in range(9):
        with pytest.raises(RotationError, match="not today"):
            account.rotate(retire_after=days(30))
        sent.append(account.sent)
        account.tomorrow()
    assert sent == [1, 1, 1, 1, 1, 1, 1, 2, 2]
    account.certificates.delete = delete  # type: ignore[method-assign]
    account.rotate(retire_after=days(30))
    assert account.sent == 3
    assert account.state_store.alerts == {}


def test_what_could_not_be_saved_is_reported_again_and_the_run_fails() -> None:
    account = Account(DUE)
    account.state_store.broken["save_alert"] = Outage("not today")
    with pytest.raises(RotationError, match="the state could not be saved"):
        account.rotate()
    account.state_store.broken.clear()
    account.rotate()
    assert account.sent == 2


def refuse(account: Account, *arns: str) -> list[str]:
    """Let the ledger remember nothing of some certificates; return what it is asked to remember."""
    remember, asked = account.state_store.save_alert, []

    def refusing(alert: AlertRecord) -> None:
        asked.append(alert.subject.text)
        if alert.subject.text in arns:
            raise Outage("not this one")
        remember(alert)

    account.state_store.save_alert = refusing  # type: ignore[method-assign] # fails for some of them only
    return asked


def test_one_entry_that_cannot_be_written_stops_none_of_the_others_and_fails_the_run() -> None:
    account = Account(DUE, OTHER, BLOCKED)
    refuse(account, BLOCKED.arn)
    with pytest.raises(RotationError, match=r"could not be saved: .*not this one"):
        account.rotate()
    assert set(account.state_store.alerts) == {DUE.arn, OTHER.arn}
    assert account.state_store.recorded_intents == {}


def test_a_state_table_that_fails_twice_is_not_asked_again() -> None:
    account = Account(DUE, OTHER, BLOCKED)
    asked = refuse(account, DUE.arn, OTHER.arn, BLOCKED.arn)
    with pytest.raises(RotationError, match="not this one"):
        account.rotate()
    assert len(asked) == 2


def test_a_replacement_record_that_could_not_be_deleted_fails_the_run_after_everything_else() -> (
    None
):
    account = Account(DEAD)
    account.rotate()
    account.certificates.stored[DEAD.arn] = certificate(arn=DEAD.arn, ends_in=days(190))
    account.now += days(1)
    told_again = account.state_store.claim

    def claim(replacement_record: Any, run_id: str, now: datetime, until: datetime) -> Any:  # noqa: ANN401
        if now == until:
            raise Outage("not today")
        return told_again(replacement_record, run_id, now, until)

    account.state_store.claim = claim  # type: ignore[method-assign] # fails for what strikes only
    with pytest.raises(RotationError, match="the state could not be saved"):
        account.rotate()
    assert account.sent == 2


# --- Notes ----------------------------------------------------------------------------------------


def test_what_is_about_to_be_done_is_recorded_and_deleted_once_it_is_reported() -> None:
    account = Account(BLOCKED)
    account.topic.failure = Outage("SNS is down")
    with pytest.raises(RotationError):
        account.rotate()
    (noted,) = account.state_store.recorded_intents.values()
    assert noted.text == f"write the validation record {LABEL}.shop.example.com."
    account.topic.failure = None
    account.certificates.stored[BLOCKED.arn] = certificate(arn=BLOCKED.arn)
    account.tomorrow().rotate()
    assert "about to write the validation record" in account.mail
    assert account.state_store.recorded_intents == {}


def test_what_cannot_be_recorded_is_not_done() -> None:
    account = Account(BLOCKED)
    account.state_store.broken["save_intent"] = Outage("not today")
    with pytest.raises(RotationError):
        account.rotate()
    assert account.dns.batches == []


def stopped(action: str = "RestoreRecords") -> Intent:
    return Intent(
        certificate_arn=BLOCKED.arn,
        action=action,
        text=f"write the validation record {LABEL}.shop.example.com.",
        run_id="dead",
        written_at=NOW,
    )


def test_what_an_earlier_run_started_and_did_not_report_is_reported() -> None:
    account = Account(certificate(arn=BLOCKED.arn))
    account.state_store.save_intent(stopped())
    found = account.rotate()
    assert found["actions"] == [
        {
            "certificate_arn": BLOCKED.arn,
            "action": "RestoreRecords",
            "outcome": "started",
            "detail": (
                "an earlier run was stopped when it was about to write the validation record "
                f"{LABEL}.shop.example.com."
            ),
            "renewed": False,
            "dns_records": [],
        }
    ]
    assert account.sent == 1
    assert account.state_store.recorded_intents == {}
    account.tomorrow().rotate()
    assert account.sent == 1


def test_what_this_run_does_itself_is_not_reported_twice() -> None:
    account = Account(BLOCKED)
    account.state_store.save_intent(stopped())
    (action,) = account.rotate()["actions"]
    assert action["outcome"] == "done"
    assert account.state_store.recorded_intents == {}


def test_what_an_earlier_run_started_is_reported_when_this_run_tries_the_same_and_fails() -> None:
    """Perhaps it fails because the earlier one has done it."""
    account = Account(BLOCKED)
    account.state_store.save_intent(stopped())
    account.dns.broken[f"upsert {zone().zone_id}"] = Outage("not today")
    with pytest.raises(RotationError):
        account.rotate()
    assert "an earlier run was stopped when it was about to write" in account.mail
    assert account.state_store.recorded_intents == {}


def test_a_step_that_failed_after_it_began_is_reported_with_what_may_be_done() -> None:
    """The response of a write that took effect may be lost."""
    account = Account(BLOCKED)
    account.dns.broken[f"upsert {zone().zone_id}"] = Outage("the response was lost")
    with pytest.raises(RotationError):
        account.rotate()
    begun = f"this run began to write the validation record {LABEL}.shop.example.com."
    assert f"{begun}, which may be done" in " ".join(account.mail.split())


def test_what_was_started_where_a_scope_failed_is_reported_before_it_is_deleted() -> None:
    """A thread that was given up may have done it, and cannot say so any more."""
    state_store = MemoryStateStore()
    state_store.save_intent(stopped())
    lost = ScopeRun.failed(REQUEST, PLACE, "the function's time ran out", NOW, state_store)
    (record,) = lost.run.actions
    assert record.detail.endswith(f"about to write the validation record {LABEL}.shop.example.com.")
    assert lost.should_notify
    assert lost.pending_writes is not None
    lost.pending_writes.commit(MemoryClock())
    assert state_store.recorded_intents == {}


# --- Replacement within a run ---------------------------------------------------------------------


def test_an_event_about_the_successor_scans_its_predecessor() -> None:
    account = Account(DEAD)
    account.rotate()
    successor = account.state_store.stored[DEAD.arn].successor_arn
    assert successor is not None
    issued = certificate(arn=successor, in_use=False, ends_in=days(190))
    account.certificates.stored[successor] = issued
    account.certificates.later[successor] = []
    found = account.rotate(certificate_arns=[successor], announced=True)
    assert account.state_store.stored[DEAD.arn].state.value == "verified"
    assert account.consumers.settings == {listener(): [successor]}
    assert found["renewed_certificates"] == 1


def test_a_certificate_that_an_event_names_and_that_is_gone_is_no_problem() -> None:
    account = Account(DUE)
    found = account.rotate(certificate_arns=[arn("gone")], announced=True)
    assert found["scopes"][0]["status"] == "ok"
    with pytest.raises(RotationError, match="does not exist"):
        account.rotate(certificate_arns=[arn("gone")])


@pytest.mark.parametrize("mode", [RotationMode.REPAIR, RotationMode.NOTIFY])
def test_in_other_modes_nothing_is_replaced(mode: RotationMode) -> None:
    account = Account(DEAD)
    (action,) = account.rotate(mode=mode)["actions"]
    assert action["outcome"] == "advised"
    assert account.state_store.stored == {}


def test_a_reminder_is_a_week() -> None:
    assert days(7) == REMINDER


def test_what_an_earlier_run_started_is_reported_even_if_this_run_does_something_else() -> None:
    account = Account(BLOCKED)
    account.state_store.save_intent(replace(stopped(), text="write the validation record _b2"))
    details = [action["detail"] for action in account.rotate()["actions"]]
    assert details == [
        f"created {LABEL}.shop.example.com.",
        "an earlier run was stopped when it was about to write the validation record _b2",
    ]
    assert account.state_store.recorded_intents == {}


def test_two_things_that_are_started_for_one_certificate_are_both_recorded() -> None:
    state_store = MemoryStateStore()
    first = AlertState.read(state_store, run_request(run_id="run-1"))
    for text in ("export the issue 01", "have ACM renew it", "have ACM renew it"):
        first.record_intent(BLOCKED.arn, Action.EXPORT, text)
    later = AlertState.read(state_store, run_request(run_id="run-2"))
    later.record_intent(BLOCKED.arn, Action.EXPORT, "have ACM renew it")
    assert [record.detail for record in later.unreported(())] == [
        "an earlier run was stopped when it was about to export the issue 01"
    ]


def test_what_is_started_is_recorded_beside_the_intent_of_a_run_whose_clock_is_ahead() -> None:
    state_store = MemoryStateStore()
    ahead = NOW + days(1) / 288
    for now, text in ((ahead, "export the issue 01"), (NOW, "have ACM renew it")):
        run = AlertState.read(state_store, run_request(run_id=text, now=now))
        run.record_intent(BLOCKED.arn, Action.EXPORT, text)
    (noted,) = state_store.recorded_intents.values()
    assert noted.text == "export the issue 01; and to have ACM renew it"
    assert (noted.run_id, noted.written_at) == ("have ACM renew it", ahead)


# --- Classes that could not be listed -------------------------------------------------------------


def lacking_n2(*stored: Certificate) -> Account:
    account = Account(*stored)
    account.certificates.gaps = (N2_UNKNOWN_TO_SDK,)
    return account


def test_a_class_that_is_not_listed_is_notified_once_and_never_as_a_reminder() -> None:
    account = lacking_n2()
    for _ in range(30):
        assert account.rotate()["counts"] == {"InventoryIncomplete": 1}
        account.tomorrow()
    assert account.sent == 1
    assert "Amazon N2 certificates" in account.mail


def test_a_message_for_another_reason_contains_the_class_again() -> None:
    account = lacking_n2()
    account.rotate()
    account.certificates.stored[DUE.arn] = DUE
    account.tomorrow().rotate()
    assert account.sent == 2
    assert "Amazon N2 certificates" in account.mail


def test_another_class_is_news_and_one_less_is_not() -> None:
    account = lacking_n2()
    account.rotate()
    account.certificates.gaps = (N2_UNKNOWN_TO_SDK, N2_UNKNOWN_TO_REGION)
    account.tomorrow().rotate()
    account.certificates.gaps = (N2_UNKNOWN_TO_SDK,)
    account.tomorrow().rotate()
    assert account.sent == 2


def test_a_class_that_is_listed_again_is_news_if_it_is_lost_later() -> None:
    account = lacking_n2()
    account.rotate()
    account.certificates.gaps = ()
    account.certificates.stored[DUE.arn] = DUE
    account.tomorrow().rotate()
    assert WHOLE_INVENTORY.text not in account.state_store.alerts
    account.certificates.gaps = (N2_UNKNOWN_TO_SDK,)
    account.tomorrow().rotate()
    assert account.sent == 3


def test_a_run_for_one_certificate_sends_no_message_about_a_class() -> None:
    account = lacking_n2(certificate(arn=DUE.arn))
    assert not account.rotate(certificate_arns=[DUE.arn])["notification"]["sent"]
    assert account.state_store.alerts == {}
