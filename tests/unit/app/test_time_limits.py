"""Each step of a run leaves time for the steps after it, however slow AWS is.

One call takes 1.5 seconds of the function's 100.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from certificate_lifecycle.app.ports import (
    Clock,
    NotificationSink,
    Reports,
    RunDependencies,
    ScopeClients,
)
from certificate_lifecycle.app.rotation import rotate
from certificate_lifecycle.model.certificate import Certificate
from certificate_lifecycle.model.errors import RotationError
from certificate_lifecycle.model.run import Run
from certificate_lifecycle.model.scope import Scope
from certificate_lifecycle.policy.notification_state import AlertRecord, Intent
from certificate_lifecycle.policy.settings import RotationMode
from tests.unit.builders import NOW, SECOND, arn, certificate, days, imported
from tests.unit.consumers import MemoryCatalog
from tests.unit.fakes import (
    MemoryCertificates,
    MemoryClock,
    MemoryDns,
    MemoryImportSecrets,
    MemoryMetrics,
    MemoryNotificationLog,
    MemoryStateStore,
    MemoryTopic,
    run_request,
)

CALL = 1.5
DUE = tuple(
    imported(arn=arn(f"due-{number:03}"), names=(f"n{number}.example.com",), ends_in=days(20))
    for number in range(100)
)
REQUEST = run_request(mode=RotationMode.NOTIFY)


class SlowStateStore(MemoryStateStore):
    """A state store whose calls take time."""

    def __init__(self) -> None:
        super().__init__()
        self.clock: Clock = MemoryClock()

    def alert_records(self) -> Sequence[AlertRecord]:
        self.clock.sleep(CALL)
        return super().alert_records()

    def save_alert(self, alert: AlertRecord) -> None:
        self.clock.sleep(CALL)
        super().save_alert(alert)

    def delete_alert(self, alert: AlertRecord) -> None:
        self.clock.sleep(CALL)
        super().delete_alert(alert)

    def delete_intent(self, intent: Intent) -> None:
        self.clock.sleep(CALL)
        super().delete_intent(intent)


class SlowSink(NotificationSink):
    """A service that needs many calls to receive a run."""

    name = "the bus"

    def __init__(self, clock: Clock, calls: int) -> None:
        self._clock, self._calls = clock, calls
        self.received = 0

    def publish(self, run: Run, require_time: Callable[[], None]) -> None:
        assert run.findings
        for _ in range(self._calls):
            require_time()
            self._clock.sleep(CALL)
            self.received += 1


class SlowReports(Reports):
    """A bucket that is written with six calls."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def put(self, run: Run) -> str:
        self._clock.sleep(6 * CALL)
        return f"s3://reports/{run.run_id}.html"


@dataclass
class Account:
    """An account whose runs have a clock of their own."""

    held: Sequence[Certificate] = DUE
    topic: MemoryTopic = field(default_factory=MemoryTopic)
    state_store: SlowStateStore = field(default_factory=SlowStateStore)
    log: MemoryNotificationLog = field(default_factory=MemoryNotificationLog)
    sink_calls: int = 0
    now: datetime = NOW
    sink: SlowSink | None = None

    def rotate(self, seconds: float, **changes: Any) -> MemoryClock:  # noqa: ANN401 - any field of a request
        """Run with so many seconds left after the scan; return the clock at the end."""
        clock = self.state_store.clock = MemoryClock(seconds)
        self.sink = SlowSink(clock, self.sink_calls)
        clients = ScopeClients(
            certificates=MemoryCertificates(*self.held),
            dns=MemoryDns(),
            import_secrets=MemoryImportSecrets(),
            catalog=MemoryCatalog(),
            state_store=self.state_store,
        )
        dependencies = RunDependencies(
            clients_at=lambda _: clients,
            topic=self.topic,
            metrics=MemoryMetrics(),
            clock=clock,
            reports=SlowReports(clock),
            sinks=[self.sink],
            notification_log=self.log,
        )
        self.now += timedelta(days=1)
        request = replace(REQUEST, now=self.now, **changes)
        try:
            rotate(request, dependencies, current_time=lambda: self.now + SECOND)
        finally:
            assert clock.remaining() > 0
        return clock


def test_writing_the_state_stops_before_the_function_is_stopped() -> None:
    account = Account()
    with pytest.raises(RotationError, match="state could not be saved: the function's time ran ou"):
        account.rotate(100)
    assert len(account.topic.messages) == 1
    assert 0 < len(account.state_store.alerts) < len(DUE)
    assert account.state_store.clock.remaining() >= 3.5


def test_what_was_not_written_is_reported_once_more_and_nothing_else() -> None:
    account = Account()
    with pytest.raises(RotationError):
        account.rotate(100)
    written = set(account.state_store.alerts)
    account.rotate(900)
    unwritten = {entry.names[0] for entry in DUE if entry.arn not in written}
    assert len(account.state_store.alerts) == len(DUE)
    assert f" · {len(unwritten)} new" in account.topic.messages[-1].bodies["email"]
    account.rotate(900)
    assert len(account.topic.messages) == 2


def test_runs_that_never_have_time_for_the_whole_state_write_all_of_it_together() -> None:
    account = Account()
    for _ in range(2):
        with pytest.raises(RotationError):
            account.rotate(100)
    assert len(account.state_store.alerts) == len(DUE)
    account.rotate(100)
    assert len(account.topic.messages) == 2


def test_what_is_resolved_is_deleted_before_the_records_of_what_stays_open() -> None:
    account = Account()
    account.rotate(900)
    account.held = (certificate(arn=DUE[0].arn), *DUE[1:])
    with pytest.raises(RotationError):
        account.rotate(100)
    assert DUE[0].arn not in account.state_store.alerts


def test_a_slow_sink_leaves_time_for_the_state() -> None:
    account = Account(held=DUE[:2], sink_calls=1000)
    with pytest.raises(RotationError, match="the bus could not be notified: the function's time"):
        account.rotate(100)
    assert account.sink is not None
    assert account.sink.received > 40
    assert len(account.state_store.alerts) == 2
    assert account.log.last == account.now


def test_a_report_is_not_begun_when_only_the_time_for_the_message_is_left() -> None:
    account = Account(held=DUE[:2])
    with pytest.raises(RotationError, match="report could not be written: the function's time ran"):
        account.rotate(21)
    (message,) = account.topic.messages
    assert "INCOMPLETE" in message.bodies["email"]
    assert "the report could not be written" in message.bodies["email"]
    assert {entry.arn for entry in DUE[:2]} < set(account.state_store.alerts)


def test_the_message_is_sent_when_many_scopes_failed_late_and_their_state_is_slow() -> None:
    scopes = [Scope(f"{number:012}", "eu-west-1") for number in range(40)]
    clock, topic = MemoryClock(20), MemoryTopic()
    asked: set[Scope] = set()
    stores = {scope: SlowStateStore() for scope in scopes}

    def clients_at(scope: Scope) -> ScopeClients:
        if scope not in asked:
            asked.add(scope)
            raise RotationError("crashed")
        stores[scope].clock = clock
        return ScopeClients(
            certificates=MemoryCertificates(),
            dns=MemoryDns(),
            import_secrets=MemoryImportSecrets(),
            catalog=MemoryCatalog(),
            state_store=stores[scope],
        )

    dependencies = RunDependencies(
        clients_at=clients_at, topic=topic, metrics=MemoryMetrics(), clock=clock
    )
    with pytest.raises(RotationError, match="crashed"):
        rotate(
            replace(REQUEST, scopes=tuple(scopes), scheduled=True),
            dependencies,
            current_time=lambda: NOW,
        )
    assert clock.remaining() >= 0
    (message,) = topic.messages
    assert "scan failed" in message.subject
    assert message.bodies["email"].count("crashed") == 12
    assert "\n and 28 more\n" in message.bodies["email"]
