"""The ledger that the unit tests use decides every write as the one in DynamoDB does."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from certificate_lifecycle.app.ports import Ledger
from certificate_lifecycle.aws.dynamodb import DynamoLedger
from certificate_lifecycle.core.memory import Memory, Note
from certificate_lifecycle.core.place import Place
from certificate_lifecycle.core.replacement import Journal, ReplacementState
from certificate_lifecycle.errors import LedgerConflictError
from tests.integration.invocation import NOW
from tests.support.cloud import Cloud
from tests.unit.fakes import MemoryLedger

pytestmark = pytest.mark.integration


Write = Callable[[Ledger], object]

OLD = "arn:aws:acm:eu-west-1:123456789012:certificate/old"
JOURNAL = Journal(certificate_arn=OLD, state=ReplacementState.REQUESTED, started_at=NOW)
MEMORY = Memory(
    certificate_arn=OLD, verdict="Expired", reason="", severity="", band="", told_at=NOW
)
NOTE = Note(certificate_arn=OLD, action="Export", text="", run_id="", written_at=NOW)
ACCOUNTS = itertools.count(100_000_000_000)

runs = st.sampled_from(["run-1", "run-2"])
moments = st.integers(0, 1).map(lambda minutes: NOW + timedelta(minutes=minutes))
texts = st.sampled_from(["one", "two"])
#: How many writes were missed since the entry was read.
missed = st.sampled_from([0, 0, 1])


def claim(note: str, behind: int, run: str, now: datetime, until: datetime) -> Write:
    def write(ledger: Ledger) -> object:
        journal = replace(JOURNAL, note=note, version=version(ledger.journals(), behind))
        return ledger.claim(journal, run, now, until)

    return write


def record(note: str, behind: int, run: str | None) -> Write:
    """Record what was claimed, held still or let go."""

    def write(ledger: Ledger) -> object:
        until = None if run is None else NOW + timedelta(minutes=1)
        journal = replace(JOURNAL, note=note, claimed_by=run, claimed_until=until)
        # Only what was claimed is ever recorded, and a claim makes the first version.
        return ledger.record(replace(journal, version=version(ledger.journals(), behind) or 1))

    return write


def remember(band: str, behind: int, since: datetime | None) -> Write:
    return lambda ledger: ledger.remember(
        replace(
            MEMORY,
            band=band,
            since=NOW,
            version=version(ledger.memories(), behind),
            critical_since=since,
        )
    )


def forget(band: str, behind: int) -> Write:
    return lambda ledger: ledger.forget(
        replace(MEMORY, band=band, version=version(ledger.memories(), behind))
    )


def note(text: str, run: str, at: datetime) -> Write:
    return lambda ledger: ledger.note(replace(NOTE, text=text, run_id=run, written_at=at))


def strike(text: str, run: str, at: datetime) -> Write:
    return lambda ledger: ledger.strike(replace(NOTE, text=text, run_id=run, written_at=at))


def take(certificate_arn: str) -> Write:
    return lambda ledger: ledger.take_request(NOW.date(), certificate_arn, 2)


def version(entries: Sequence[Journal | Memory], behind: int) -> int:
    """Return the version of the only entry as it was so many writes before."""
    return max((entry.version - behind for entry in entries), default=0)


journal_writes = st.builds(claim, texts, missed, runs, moments, moments) | st.builds(
    record, texts, missed, st.none() | runs
)
memory_writes = st.builds(remember, texts, missed, st.none() | moments) | st.builds(
    forget, texts, missed
)
note_writes = st.builds(note, texts, runs, moments) | st.builds(strike, texts, runs, moments)
requests = st.builds(take, st.sampled_from(["one", "two", "three"]))


def outcome(ledger: Ledger, write: Write) -> object:
    try:
        return write(ledger)
    except LedgerConflictError:
        return LedgerConflictError


def contents(ledger: Ledger) -> tuple[object, ...]:
    return ledger.journals(), ledger.memories(), ledger.notes()


@pytest.mark.parametrize("writes", [journal_writes, memory_writes, note_writes, requests])
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
    client, place = cloud.client("dynamodb"), Place(str(next(ACCOUNTS)), "eu-west-1")
    fake = MemoryLedger()
    for write in data.draw(st.lists(writes, min_size=1, max_size=7)):
        # A run reads once, so what stands there now is seen by one that begins now.
        assert outcome(fake, write) == outcome(DynamoLedger(client, ledger_table, place), write)
        assert contents(fake) == contents(DynamoLedger(client, ledger_table, place))
