"""The state store of the unit tests decides every write like the one in DynamoDB."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from certificate_lifecycle.app.ports import StateStore
from certificate_lifecycle.aws.consumers.elbv2 import LISTENER
from certificate_lifecycle.aws.state_table import StateTable
from certificate_lifecycle.model.errors import StateConflictError
from certificate_lifecycle.model.scope import Scope
from certificate_lifecycle.policy.bindings import Binding, BindingChange
from certificate_lifecycle.policy.import_history import HeldVersion
from certificate_lifecycle.policy.notification_state import AlertRecord, AlertSubject, Intent
from certificate_lifecycle.policy.remembered import Remembered, RememberedCertificates
from certificate_lifecycle.policy.repair_history import RepairHistory
from certificate_lifecycle.policy.succession import (
    ReplacementRecord,
    ReplacementState,
    RequestBudget,
)
from tests.embedded_aws.cloud import Cloud
from tests.integration.invocation import NOW
from tests.unit.builders import certificate, detail
from tests.unit.fakes import MemoryStateStore

pytestmark = pytest.mark.integration


Write = Callable[[StateStore], object]

OLD = "arn:aws:acm:eu-west-1:123456789012:certificate/old"
REPLACEMENT = ReplacementRecord(
    certificate_arn=OLD,
    state=ReplacementState.ISSUED,
    started_at=NOW,
    successor_arn=OLD.replace("old", "new"),
)
ALERT = AlertRecord(
    subject=AlertSubject(OLD), verdict="Expired", reason="", severity="", band="", notified_at=NOW
)
INTENT = Intent(certificate_arn=OLD, action="Export", text="", run_id="", written_at=NOW)
HELD = HeldVersion(leaf="", chain="", not_before=NOW, not_after=NOW + timedelta(days=1))
ACCOUNTS = itertools.count(100_000_000_000)

runs = st.sampled_from(["run-1", "run-2"])
moments = st.integers(0, 1).map(lambda minutes: NOW + timedelta(minutes=minutes))
texts = st.sampled_from(["one", "two"])
#: How many writes were missed since the entry was read.
missed = st.sampled_from([0, 0, 1])


def noted(note: str) -> ReplacementRecord:
    """Return the record with a note of its own and of its move."""
    listener = Binding(LISTENER, "listener")
    move = BindingChange(binding=listener, planned_for=REPLACEMENT.successor_arn, note=note)
    return replace(REPLACEMENT, note=note, moves=(move,))


def claim(note: str, behind: int, run: str, now: datetime, until: datetime) -> Write:
    def write(state_store: StateStore) -> object:
        replacement_record = replace(
            noted(note), version=version(state_store.replacement_records(), behind)
        )
        return state_store.claim(replacement_record, run, now, until)

    return write


def save_replacement(note: str, behind: int, run: str | None) -> Write:
    """Record a claimed replacement, still claimed or released."""

    def write(state_store: StateStore) -> object:
        until = None if run is None else NOW + timedelta(minutes=1)
        replacement_record = replace(noted(note), claimed_by=run, claimed_until=until)
        # Only claimed records are saved, and a claim creates the first version.
        return state_store.save_replacement(
            replace(
                replacement_record, version=version(state_store.replacement_records(), behind) or 1
            )
        )

    return write


def save_alert(band: str, behind: int, since: datetime | None) -> Write:
    return lambda state_store: state_store.save_alert(
        replace(
            ALERT,
            band=band,
            since=NOW,
            version=version(state_store.alert_records(), behind),
            critical_since=since,
        )
    )


def delete_alert(band: str, behind: int) -> Write:
    return lambda state_store: state_store.delete_alert(
        replace(ALERT, band=band, version=version(state_store.alert_records(), behind))
    )


def save_intent(text: str, run: str, at: datetime) -> Write:
    return lambda state_store: state_store.save_intent(
        replace(INTENT, text=text, run_id=run, written_at=at)
    )


def delete_intent(text: str, run: str, at: datetime) -> Write:
    return lambda state_store: state_store.delete_intent(
        replace(INTENT, text=text, run_id=run, written_at=at)
    )


def count_request(certificate_arn: str) -> Write:
    budget = RequestBudget.REPEATED_REQUESTS
    return lambda state_store: state_store.count_request(NOW.date(), certificate_arn, budget, 5)


def save_history(leaf: str, behind: int) -> Write:
    """Record an observation and an attempt; an equal write that is repeated is no conflict."""

    def write(state_store: StateStore) -> object:
        there = state_store.import_history(OLD)
        seen = there.observed(replace(HELD, leaf=leaf), NOW, NOW)
        history = seen.attempting(replace(HELD, leaf=f"{leaf} next"), "run-1", NOW)
        return state_store.save_import_history(
            replace(history, version=max(0, there.version - behind))
        )

    return write


def save_repairs(name: str, behind: int) -> Write:
    def write(state_store: StateStore) -> object:
        histories = [entry for entry in state_store.repair_histories() if entry.repairs]
        there = histories[0] if histories else RepairHistory(certificate_arn=OLD)
        written = there.with_repairs([name], NOW)
        state_store.save_repair_history(replace(written, version=max(0, there.version - behind)))
        return None

    return write


def version(entries: Sequence[ReplacementRecord | AlertRecord], behind: int) -> int:
    """Return the version of the only entry as it was so many writes before."""
    return max((entry.version - behind for entry in entries), default=0)


replacement_writes = st.builds(claim, texts, missed, runs, moments, moments) | st.builds(
    save_replacement, texts, missed, st.none() | runs
)
alert_writes = st.builds(save_alert, texts, missed, st.none() | moments) | st.builds(
    delete_alert, texts, missed
)
intent_writes = st.builds(save_intent, texts, runs, moments) | st.builds(
    delete_intent, texts, runs, moments
)
history_writes = st.builds(save_history, texts, missed)
repair_writes = st.builds(save_repairs, texts, missed)
requests = st.builds(count_request, st.sampled_from("abcdefg"))


def outcome(state_store: StateStore, write: Write) -> object:
    try:
        return write(state_store)
    except StateConflictError:
        return StateConflictError


def record_probe(at: datetime) -> Write:
    return lambda state_store: state_store.record_probe(at)


probe_writes = st.builds(record_probe, moments)


def save_memory(texts: Sequence[str], at: datetime) -> Write:
    """Replace what is remembered; the later write stays, whatever was read before."""
    entries = {
        OLD + text: Remembered(
            fingerprint=text,
            described_at=at,
            certificate=certificate(arn=OLD + text, detail=detail()),
        )
        for text in texts
    }
    return lambda state_store: state_store.save_memory(
        RememberedCertificates(entries=entries, since=NOW)
    )


memory_writes = st.builds(save_memory, st.lists(texts, max_size=2), moments)


def contents(state_store: StateStore) -> tuple[object, ...]:
    return (
        state_store.replacement_records(),
        state_store.alert_records(),
        state_store.intents(),
        state_store.last_probe(),
        state_store.import_history(OLD),
        state_store.repair_histories(),
        state_store.memory(),
    )


@pytest.mark.parametrize(
    "writes",
    [
        *(replacement_writes, alert_writes, intent_writes, probe_writes),
        *(history_writes, repair_writes, requests, memory_writes),
    ],
)
@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_any_sequence_of_writes_ends_alike(
    cloud: Cloud, ledger_table: str, writes: st.SearchStrategy[Write], data: st.DataObject
) -> None:
    """Each sequence has an account of its own, so that it begins with nothing."""
    client, scope = cloud.client("dynamodb"), Scope(str(next(ACCOUNTS)), "eu-west-1")
    fake = MemoryStateStore()
    for write in data.draw(st.lists(writes, min_size=1, max_size=7)):
        # A run reads once, so that only a new run sees the present entries.
        assert outcome(fake, write) == outcome(StateTable(client, ledger_table, scope), write)
        assert contents(fake) == contents(StateTable(client, ledger_table, scope))
