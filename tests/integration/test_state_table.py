"""The state table in DynamoDB: one run acts, and nothing is overwritten or guessed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from certificate_lifecycle.aws.consumers.elbv2 import LISTENER_SNI
from certificate_lifecycle.aws.state_table import StateTable
from certificate_lifecycle.model.certificate import Action
from certificate_lifecycle.model.errors import StateConflictError
from certificate_lifecycle.model.scope import Scope
from certificate_lifecycle.policy.bindings import Binding, BindingChange, BindingChangeStatus
from certificate_lifecycle.policy.notification_state import (
    AlertRecord,
    AlertSubject,
    EntryKind,
    Intent,
    UnreadableEntry,
)
from certificate_lifecycle.policy.succession import (
    HISTORY,
    ReplacementRecord,
    ReplacementState,
    RequestBudget,
)
from tests.embedded_aws.cloud import Cloud
from tests.integration.invocation import NOW

pytestmark = pytest.mark.integration

PLACE = Scope("123456789012", "eu-west-1")
ARN = "arn:aws:acm:eu-west-1:123456789012:certificate/old"
NEW = "arn:aws:acm:eu-west-1:123456789012:certificate/new"
CLAIM = timedelta(minutes=20)
SECOND = timedelta(seconds=1)
BEGUN = ReplacementRecord(certificate_arn=ARN, state=ReplacementState.REQUESTED, started_at=NOW)
FULL = ReplacementRecord(
    certificate_arn=ARN,
    state=ReplacementState.VERIFIED,
    started_at=NOW - timedelta(days=3),
    attempt=2,
    successor_arn=NEW,
    requested_at=NOW - timedelta(days=2),
    moves=(
        BindingChange(
            binding=Binding(LISTENER_SNI, "listener", "443", "load balancer web"),
            successor_was_bound=True,
            status=BindingChangeStatus.MOVED,
            bound_at=NOW - timedelta(hours=5),
            note="serves the successor",
        ),
    ),
    verified_at=NOW,
    note="a note",
    unreported=("one", "two"),
    expires_at=datetime(2027, 6, 15, 12, tzinfo=UTC),
)
ALERT = AlertRecord(
    subject=AlertSubject(ARN),
    verdict="Expired",
    reason="PastNotAfter",
    severity="critical",
    band="over",
    notified_at=NOW,
    since=NOW,
)
NOTE = Intent(
    certificate_arn=ARN, action="Export", text="export it", run_id="run-1", written_at=NOW
)


class StateTables:
    """The same table, read again by each run."""

    def __init__(self, cloud: Cloud, table: str) -> None:
        self._cloud = cloud
        self._table = table

    def new(self, scope: Scope = PLACE) -> StateTable:
        return StateTable(self._cloud.client("dynamodb"), self._table, scope)

    def items(self) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = self._cloud.client("dynamodb").scan(TableName=self._table)[
            "Items"
        ]
        return found

    def put(self, **attributes: Any) -> None:  # noqa: ANN401 - as DynamoDB takes them
        item = {"scope": {"S": "123456789012/eu-west-1"}, **attributes}
        self._cloud.client("dynamodb").put_item(TableName=self._table, Item=item)


@pytest.fixture
def state_tables(cloud: Cloud, ledger_table: str) -> StateTables:
    return StateTables(cloud, ledger_table)


# --- Replacement records ----------------------------------------------------------------------


def test_a_replacement_record_is_read_as_it_was_written(state_tables: StateTables) -> None:
    claimed = state_tables.new().claim(FULL, "run-1", NOW, NOW + CLAIM)
    assert state_tables.new().replacement_records() == [claimed]
    assert claimed == replace(FULL, version=1, claimed_by="run-1", claimed_until=NOW + CLAIM)


def test_a_replacement_record_is_readable_in_the_console(state_tables: StateTables) -> None:
    state_tables.new().claim(FULL, "run-1", NOW, NOW + CLAIM)
    item, move = sorted(state_tables.items(), key=lambda item: "consumer" in item)
    assert item["entry"] == {"S": f"replacement#{ARN}"}
    assert item["state"] == {"S": "verified"}
    assert item["successor_arn"] == {"S": NEW}
    assert item["claimed_until"] == {"S": "2026-06-15T12:20:00.000000+00:00"}
    assert item["expires_at"] == move["expires_at"] == {"N": "1813060800"}
    assert move["label"] == {"S": "load balancer web"}
    assert move["status"] == {"S": "moved"}
    assert move["successor_was_bound"] == {"BOOL": True}


def test_a_new_replacement_record_can_be_claimed_by_one_run_only(state_tables: StateTables) -> None:
    state_tables.new().claim(BEGUN, "run-1", NOW, NOW + CLAIM)
    with pytest.raises(StateConflictError, match="run-1 claimed or changed it first"):
        state_tables.new().claim(BEGUN, "run-2", NOW, NOW + CLAIM)


def test_a_claim_is_valid_until_its_end_and_then_any_run_can_claim(
    state_tables: StateTables,
) -> None:
    claimed = state_tables.new().claim(BEGUN, "run-1", NOW, NOW + CLAIM)
    almost = NOW + CLAIM - SECOND
    with pytest.raises(StateConflictError):
        state_tables.new().claim(claimed, "run-2", almost, almost + CLAIM)
    stolen = state_tables.new().claim(claimed, "run-2", NOW + CLAIM, NOW + 2 * CLAIM)
    assert stolen.claimed_by == "run-2"
    with pytest.raises(StateConflictError):
        state_tables.new().save_replacement(replace(claimed, state=ReplacementState.ISSUED))


def test_a_run_may_renew_its_claim_and_others_may_claim_a_released_record(
    state_tables: StateTables,
) -> None:
    claimed = state_tables.new().claim(BEGUN, "run-1", NOW, NOW + CLAIM)
    again = state_tables.new().claim(claimed, "run-1", NOW, NOW + CLAIM)
    released = state_tables.new().save_replacement(
        replace(again, claimed_by=None, claimed_until=None)
    )
    assert state_tables.new().claim(released, "run-2", NOW, NOW + CLAIM).version == 4


def test_an_emptied_field_loses_its_attribute(state_tables: StateTables) -> None:
    state_store = state_tables.new()
    claimed = state_store.claim(FULL, "run-1", NOW, NOW + CLAIM)
    state_store.save_replacement(
        replace(claimed, expires_at=None, successor_arn=None, claimed_by=None)
    )
    (item,) = [item for item in state_tables.items() if "consumer" not in item]
    assert {"expires_at", "successor_arn", "claimed_by"}.isdisjoint(item)


def test_a_write_that_the_sdk_repeats_after_a_lost_response_is_no_conflict(
    state_tables: StateTables, cloud: Cloud
) -> None:
    client = cloud.client("dynamodb")
    state_store = state_tables.new()
    claimed = state_store.claim(BEGUN, "run-1", NOW, NOW + CLAIM)
    before = client.put_item

    def twice(**parameters: Any) -> Any:  # noqa: ANN401 - DynamoDB's own
        before(**parameters)
        return before(**parameters)

    client.put_item = twice
    try:
        recorded = state_store.save_replacement(replace(claimed, state=ReplacementState.ISSUED))
    finally:
        client.put_item = before
    assert state_tables.new().replacement_records() == [recorded]


def test_other_refusals_are_raised(state_tables: StateTables, cloud: Cloud) -> None:
    for operation in ("PutItem", "UpdateItem", "DeleteItem"):
        cloud.fail("dynamodb", operation, "AccessDeniedException", "not today")
    state_store = state_tables.new()
    with pytest.raises(ClientError, match="not today"):
        state_store.claim(BEGUN, "run-1", NOW, NOW + CLAIM)
    with pytest.raises(ClientError, match="not today"):
        state_store.count_request(NOW.date(), ARN, RequestBudget.SUCCESSORS, 20)
    with pytest.raises(ClientError, match="not today"):
        state_store.delete_alert(ALERT)


def test_each_account_and_region_has_its_own_entries(state_tables: StateTables) -> None:
    state_tables.new().claim(BEGUN, "run-1", NOW, NOW + CLAIM)
    assert state_tables.new(Scope("123456789012", "us-east-1")).replacement_records() == []


def test_everything_is_read_however_much_there_is(state_tables: StateTables) -> None:
    """A query answers with a megabyte at the most."""
    long = ("x" * 1000,) * 100
    for number in range(15):
        replacement_record = replace(BEGUN, certificate_arn=f"{ARN}{number}", unreported=long)
        state_tables.new().claim(replacement_record, "run-1", NOW, NOW + CLAIM)
    assert len(state_tables.new().replacement_records()) == 15


def test_a_run_reads_the_state_table_with_one_query(
    state_tables: StateTables, cloud: Cloud
) -> None:
    state_store = state_tables.new()
    cloud.forget_calls()
    state_store.replacement_records(), state_store.alert_records(), state_store.intents()
    assert [call.operation for call in cloud.calls] == ["Query"]


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"state": {"S": "lost"}},
        {"moves": {"S": "{"}},
        {"moves": {"S": '[{"kind": "Toaster"}]'}},
        {"attempt": {"S": "two"}},
        {"started_at": {"S": "yesterday"}},
    ],
)
def test_an_entry_that_is_not_understood_is_named(
    state_tables: StateTables, attributes: Mapping[str, Any]
) -> None:
    state_tables.new().claim(FULL, "run-1", NOW, NOW + CLAIM)
    (item,) = [item for item in state_tables.items() if "consumer" not in item]
    broken = {**item, **attributes} if attributes else {"entry": item["entry"]}
    state_tables.put(**broken)
    other = replace(BEGUN, certificate_arn=f"{ARN}2")
    claimed = state_tables.new().claim(other, "run-1", NOW, NOW + CLAIM)
    state_store = state_tables.new()
    assert state_store.replacement_records() == [claimed]
    assert state_store.unreadable() == (
        UnreadableEntry(f"replacement#{ARN}", EntryKind.REPLACEMENT, ARN),
    )


def test_a_record_with_a_move_that_is_not_understood_is_left_out(
    state_tables: StateTables,
) -> None:
    moving(state_tables, 2)
    (item, *_) = [item for item in state_tables.items() if "consumer" in item]
    state_tables.put(**{**item, "kind": {"S": "Toaster"}})
    state_store = state_tables.new()
    assert state_store.replacement_records() == []
    (entry,) = state_store.unreadable()
    assert (entry.name, entry.certificate_arn) == (item["entry"]["S"], ARN)


# --- Binding changes --------------------------------------------------------------------------


def moves(count: int, **changes: Any) -> tuple[BindingChange, ...]:  # noqa: ANN401 - any field
    return tuple(
        BindingChange(
            binding=Binding(LISTENER_SNI, f"listener {number:04}", "", f"label {number:04}"),
            planned_for=NEW,
            **changes,
        )
        for number in range(count)
    )


def moving(state_tables: StateTables, count: int) -> tuple[StateTable, ReplacementRecord]:
    """Return a claimed record with planned moves, and the state store that claimed it."""
    state_store = state_tables.new()
    begun = replace(BEGUN, state=ReplacementState.ISSUED, successor_arn=NEW)
    claimed = state_store.claim(begun, "run-1", NOW, NOW + CLAIM)
    return state_store, state_store.save_replacement(claimed.with_moves(moves(count)))


@pytest.mark.nightly
def test_the_size_of_an_item_does_not_grow_with_the_number_of_moves(
    state_tables: StateTables,
) -> None:
    _, record = moving(state_tables, 2_000)
    assert state_tables.new().replacement_records() == [record]
    assert max(len(repr(item)) for item in state_tables.items()) < 2_000


def test_one_changed_move_is_written_with_its_record_in_one_call(
    state_tables: StateTables, cloud: Cloud
) -> None:
    state_store, record = moving(state_tables, 150)
    cloud.forget_calls()
    changed = replace(record.moves[7], status=BindingChangeStatus.BOUND)
    state_store.save_replacement(record.with_moves([changed]))
    (call,) = cloud.calls
    assert len(call.parameters["TransactItems"]) == 2
    found = state_tables.new().replacement_records()[0].moves
    assert [move.status.value for move in found].index("bound") == 7


def test_a_record_whose_moves_did_not_change_is_written_without_them(
    state_tables: StateTables, cloud: Cloud
) -> None:
    moving(state_tables, 3)
    state_store = state_tables.new()
    (record,) = state_store.replacement_records()
    cloud.forget_calls()
    state_store.claim(record, "run-1", NOW, NOW + CLAIM)
    assert [call.operation for call in cloud.calls] == ["PutItem"]


def test_the_moves_to_a_successor_that_was_given_up_are_not_those_to_the_next_one(
    state_tables: StateTables,
) -> None:
    """A successor that a service refused stays where it is; a deleted one is nowhere."""
    state_store, record = moving(state_tables, 1)
    rolled_back = record.with_moves(moves(1, status=BindingChangeStatus.ROLLED_BACK))
    rolled_back = state_store.save_replacement(rolled_back)
    given_up = replace(rolled_back, state=ReplacementState.REQUESTED, successor_arn=None, moves=())
    state_store.save_replacement(given_up)
    (found,) = state_tables.new().replacement_records()
    assert found.moves == ()
    refused = state_store.save_replacement(
        replace(rolled_back, version=found.version, successor_arn=None, refused=(NEW,))
    )
    assert state_tables.new().replacement_records() == [refused]


@pytest.mark.parametrize("count", [1, 150])
def test_a_run_whose_claim_was_taken_over_cannot_write_a_move(
    state_tables: StateTables, count: int
) -> None:
    state_store, record = moving(state_tables, count)
    later = state_tables.new()
    (known,) = later.replacement_records()
    later.claim(known, "run-2", NOW + CLAIM, NOW + 2 * CLAIM)
    with pytest.raises(StateConflictError, match="run-2 claimed or changed it first"):
        state_store.save_replacement(
            record.with_moves(moves(count, status=BindingChangeStatus.ROLLED_BACK))
        )
    (found,) = state_tables.new().replacement_records()
    assert not found.has(BindingChangeStatus.ROLLED_BACK)


@pytest.mark.parametrize("count", [1, 150])
def test_a_transaction_that_the_sdk_repeats_after_a_lost_response_is_no_conflict(
    state_tables: StateTables, cloud: Cloud, count: int
) -> None:
    client = cloud.client("dynamodb")
    state_store, record = moving(state_tables, count)
    before = client.transact_write_items

    def twice(**parameters: Any) -> Any:  # noqa: ANN401 - DynamoDB's own
        before(**parameters)
        return before(**parameters)

    client.transact_write_items = twice
    try:
        written = state_store.save_replacement(
            record.with_moves(moves(count, status=BindingChangeStatus.BOUND))
        )
    finally:
        client.transact_write_items = before
    assert state_tables.new().replacement_records() == [written]


def test_a_refused_transaction_is_raised(state_tables: StateTables, cloud: Cloud) -> None:
    state_store, record = moving(state_tables, 1)
    cloud.fail("dynamodb", "TransactWriteItems", "TransactionCanceledException", "not today")
    with pytest.raises(ClientError, match="not today"):
        state_store.save_replacement(record.with_moves(moves(2)))


def test_a_move_that_was_planned_for_another_successor_is_left_out(
    state_tables: StateTables,
) -> None:
    """Whether a list had the successor before differs from successor to successor."""
    state_store, record = moving(state_tables, 2)
    moved = replace(record.moves[0], status=BindingChangeStatus.MOVED)
    state_store.save_replacement(
        replace(record, successor_arn=f"{NEW}2", moves=(moved,), refused=(NEW,))
    )
    (found,) = state_tables.new().replacement_records()
    assert found.moves == (moved,)


def test_a_replacement_that_starts_again_has_none_of_the_earlier_moves(
    state_tables: StateTables,
) -> None:
    state_store, record = moving(state_tables, 2)
    ended = state_store.save_replacement(
        replace(record, state=ReplacementState.ABANDONED, expires_at=NOW + HISTORY)
    )
    (read,) = state_tables.new().replacement_records()
    assert len(read.moves) == 2
    again = state_store.save_replacement(replace(ended, expires_at=None, moves=()))
    assert state_tables.new().replacement_records() == [again]
    planned = state_store.save_replacement(again.with_moves(moves(1)))
    assert state_tables.new().replacement_records() == [planned]


def test_the_moves_of_a_finished_replacement_expire_with_its_record(
    state_tables: StateTables, cloud: Cloud
) -> None:
    state_store, record = moving(state_tables, 150)
    ends = NOW + HISTORY
    done = state_store.save_replacement(
        replace(record, state=ReplacementState.RETIRED, expires_at=ends)
    )
    expected = {"N": str(int(ends.timestamp()))}
    assert [item["expires_at"] for item in state_tables.items()] == [expected] * 151
    cloud.forget_calls()
    state_store.save_replacement(replace(done, claimed_by=None))
    assert [call.operation for call in cloud.calls] == ["PutItem"]


@pytest.mark.parametrize("count", [3, 150])
def test_a_record_with_its_moves_in_one_item_is_read_and_stored_in_several(
    state_tables: StateTables, count: int
) -> None:
    """An earlier version stored them in the attribute `moves`."""
    earlier = [
        {
            "kind": "ListenerSni",
            "consumer": f"listener {number:04}",
            "place": "",
            "label": f"label {number:04}",
            "before": [ARN, NEW] if number == 1 else [ARN],
            "status": "bound",
            "bound_at": "2026-06-15T07:00:00.000000+00:00",
            "note": "bound to the successor",
        }
        for number in range(count)
    ]
    state_tables.put(
        entry={"S": f"replacement#{ARN}"},
        state={"S": "bound"},
        successor_arn={"S": NEW},
        started_at={"S": "2026-06-14T12:00:00.000000+00:00"},
        attempt={"N": "1"},
        moves={"S": json.dumps(earlier)},
        note={"S": ""},
        untold={"S": "[]"},
        version={"N": "4"},
    )
    state_store = state_tables.new()
    (record,) = state_store.replacement_records()
    assert [move.successor_was_bound for move in record.moves[:3]] == [False, True, False]
    assert {move.planned_for for move in record.moves} == {NEW}

    claimed = state_store.claim(record, "run-1", NOW, NOW + CLAIM)

    assert state_tables.new().replacement_records() == [claimed]
    assert len(claimed.moves) == count
    assert len(state_tables.items()) == count + 1
    stored = [item["moves"]["S"] for item in state_tables.items() if "moves" in item]
    assert stored == ["[]"]  # which earlier versions require


def test_a_stored_move_without_a_region_is_in_that_of_its_certificate_and_keeps_its_item(
    state_tables: StateTables,
) -> None:
    """Earlier versions stored none; the name of their item is a digest, and never changes."""
    entry = f"replacement-move#{ARN}#6552401770658a1c97871f1cc21ed656"
    state_store, _ = moving(state_tables, 0)
    stored = {"kind": "EdgeDomainName", "consumer": "api.example.com", "place": "", "label": "api"}
    texts = {**stored, "planned_for": NEW, "status": "planned", "note": ""}
    state_tables.put(
        entry={"S": entry},
        successor_was_bound={"BOOL": False},
        **{name: {"S": text} for name, text in texts.items()},
    )
    (record,) = state_tables.new().replacement_records()
    (move,) = record.moves
    assert move.binding.region == ""

    other = replace(move, binding=replace(move.binding, region="eu-west-1"))
    bound = replace(move, status=BindingChangeStatus.BOUND)
    state_store.save_replacement(record.with_moves([bound, other]))

    assert set(state_tables.new().replacement_records()[0].moves) == {bound, other}
    entries = [item["entry"]["S"] for item in state_tables.items()]
    assert (len(entries), entry in entries) == (3, True)


# --- The budget -------------------------------------------------------------------------------


def test_a_day_has_a_budget_in_which_a_certificate_counts_once(state_tables: StateTables) -> None:
    state_store, today = state_tables.new(), NOW.date()
    repeated, others = RequestBudget.REPEATED_REQUESTS, RequestBudget.SUCCESSORS
    for number in range(3):
        assert state_store.count_request(today, f"{ARN}{number}", repeated, 3)
    assert not state_store.count_request(today, f"{ARN}more", repeated, 3)
    assert state_store.count_request(today, f"{ARN}0", repeated, 3)
    assert state_store.count_request(today, f"{ARN}more", others, 3)
    assert state_store.count_request(today + timedelta(days=1), f"{ARN}more", repeated, 3)


# --- Memories and notes -----------------------------------------------------------------------


def test_an_alert_record_is_read_as_it_was_written_and_expires(state_tables: StateTables) -> None:
    state_tables.new().save_alert(ALERT)
    assert state_tables.new().alert_records() == [replace(ALERT, version=1)]
    (item,) = state_tables.items()
    assert item["expires_at"] == {"N": str(int((NOW + HISTORY).timestamp()))}


def test_an_alert_record_that_another_run_has_changed_stays(state_tables: StateTables) -> None:
    state_tables.new().save_alert(ALERT)
    state_tables.new().save_alert(replace(ALERT, severity="warning"))
    state_tables.new().save_alert(replace(ALERT, severity="info", version=2))
    assert state_tables.new().alert_records() == [replace(ALERT, version=1)]
    state_tables.new().save_alert(replace(ALERT, severity="info", version=1))
    (alert,) = state_tables.new().alert_records()
    assert (alert.severity, alert.version) == ("info", 2)
    state_tables.new().delete_alert(replace(ALERT, version=1))
    assert len(state_tables.new().alert_records()) == 1
    state_tables.new().delete_alert(alert)
    assert state_tables.new().alert_records() == []


def test_an_intent_is_replaced_by_the_same_action_and_deleted_after_its_report(
    state_tables: StateTables,
) -> None:
    state_tables.new().save_intent(NOTE)
    later = replace(NOTE, run_id="run-2", written_at=NOW + SECOND)
    state_tables.new().save_intent(later)
    state_tables.new().save_intent(NOTE)
    assert state_tables.new().intents() == [later]
    state_tables.new().delete_intent(NOTE)
    assert state_tables.new().intents() == [later]
    state_tables.new().delete_intent(later)
    assert state_tables.new().intents() == []


def test_an_entry_with_a_word_of_an_earlier_version_is_read_and_can_be_deleted(
    state_tables: StateTables,
) -> None:
    state_tables.new().save_alert(replace(ALERT, verdict="NotServed", reason="TypeNotUnderstood"))
    state_tables.new().save_intent(replace(NOTE, action="RequestAnew"))

    (alert,), (intent,) = state_tables.new().alert_records(), state_tables.new().intents()

    assert (alert.verdict, alert.reason) == ("StaleCertificateServed", "TypeUnknown")
    assert intent.intended is Action.REQUEST_AGAIN
    state_tables.new().delete_alert(alert)
    state_tables.new().delete_intent(intent)
    assert state_tables.items() == []
