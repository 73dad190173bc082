"""The pulse: a run that is missing is noticed whatever the schedule, and so is a deaf topic."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certificate_lifecycle.app.organization import Telling, list_accounts, look
from certificate_lifecycle.app.ports import Audience, Organization, Surroundings
from certificate_lifecycle.app.pulse import beat
from certificate_lifecycle.app.rotation import rotate
from certificate_lifecycle.app.scope import Order
from certificate_lifecycle.core.memory import Memory
from certificate_lifecycle.core.metrics import embedded_metrics, embedded_pulse
from certificate_lifecycle.core.pulse import GRACE, Pulse, RunRecord, oldest_critical, overdue
from certificate_lifecycle.core.run import ScopeStatus
from certificate_lifecycle.core.schedule import parse
from certificate_lifecycle.core.timing import Thresholds
from certificate_lifecycle.errors import PulseError, RotationError
from tests.unit.builders import (
    BOUNDED,
    EXPIRED,
    NOW,
    PLACE,
    SECOND,
    arn,
    certificate,
    days,
    detail,
    imported,
    judged,
    run,
    scope,
)
from tests.unit.consumers import MemoryCatalog
from tests.unit.fakes import (
    MemoryCertificates,
    MemoryClock,
    MemoryDns,
    MemoryDocuments,
    MemoryImportSecrets,
    MemoryLedger,
    MemoryMetrics,
    MemoryTopic,
    Outage,
    outside,
)

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
DAILY = parse("cron(0 6 * * ? *)")
GONE = certificate(status=EXPIRED, ends_in=-days(1), detail=detail())
ORDER = Order(
    run_id="run-1",
    instance="certificate-lifecycle",
    scopes=(PLACE,),
    certificate_arns=(),
    import_sources={},
    thresholds=Thresholds(),
    mode="notify",
    repair=False,
    dry_run=False,
    now=NOW,
    scheduled=True,
)


def ended(at: datetime, critical_since: datetime | None = None) -> RunRecord:
    return RunRecord(run_id="run-0", finished_at=at, critical_since=critical_since)


# --- What is overdue --------------------------------------------------------------------------

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "last", "late"),
    [
        # NOW is Monday, 1 June 2026, 12:00.
        ("cron(0 6 * * ? *)", "2026-06-01T06:05", None),
        ("cron(0 6 * * ? *)", "2026-05-31T06:05", "2026-06-01T06:00"),
        ("cron(0 6 * * ? *)", "2026-05-28T06:05", "2026-05-29T06:00"),
        ("cron(30 10 * * ? *)", "2026-05-31T10:35", None),
        ("cron(0 6 ? * MON *)", "2026-05-25T06:05", "2026-06-01T06:00"),
        ("cron(0 6 ? * SUN *)", "2026-05-31T06:05", None),
        ("cron(0 6 1 * ? *)", "2026-05-01T06:05", "2026-06-01T06:00"),
        ("cron(0 6 1 JAN ? *)", "2026-01-01T06:05", None),
        ("cron(0 6 1 JAN ? *)", "2025-01-01T06:05", "2026-01-01T06:00"),
        ("cron(0 6 1 1 ? 2025)", "2025-01-01T06:05", None),
        ("rate(1 day)", "2026-05-31T12:05", None),
        ("rate(1 day)", "2026-05-31T09:00", "2026-06-01T09:00"),
        ("rate(7 days)", "2026-05-25T13:00", None),
        ("rate(7 days)", "2026-05-20T13:00", "2026-05-27T13:00"),
        ("rate(5 minutes)", "2026-06-01T11:00", None),
        ("rate(5 minutes)", "2026-06-01T09:00", "2026-06-01T09:05"),
    ],
)
def test_a_run_is_overdue_two_hours_after_it_should_have_been(
    expression: str, last: str, late: str | None
) -> None:
    record = ended(datetime.fromisoformat(last).replace(tzinfo=UTC))
    expected = timedelta()
    if late is not None:
        expected = NOW - GRACE - datetime.fromisoformat(late).replace(tzinfo=UTC)
    assert overdue(parse(expression), record, LONG_AGO, NOW) == expected


def test_a_run_that_has_never_been_is_overdue_from_when_the_schedule_began() -> None:
    assert overdue(DAILY, None, NOW - days(1), NOW) == NOW - GRACE - NOW.replace(hour=6)
    assert overdue(DAILY, None, NOW - HOUR, NOW) == timedelta()


def test_another_schedule_expects_nothing_from_before_it_began() -> None:
    at_ten_every_day = parse("cron(0 10 * * ? *)")
    last = ended(NOW - days(1) - HOUR)
    assert overdue(at_ten_every_day, last, NOW - HOUR, NOW + 2 * HOUR) == timedelta()


@BOUNDED
@given(missed=st.integers(0, 400), hours=st.integers(0, 23))
def test_what_is_overdue_becomes_more_so_until_there_is_a_run(missed: int, hours: int) -> None:
    last = ended(NOW.replace(hour=6, minute=5))
    now = last.finished_at + days(missed) + hours * HOUR
    late = now - GRACE - (NOW.replace(hour=6) + days(1))
    assert overdue(DAILY, last, LONG_AGO, now) == max(late, timedelta())


# --- The figures ------------------------------------------------------------------------------


def figures(document: dict[str, Any]) -> dict[str, Any]:
    (definition,) = document["_aws"]["CloudWatchMetrics"]
    names = {metric["Name"] for metric in definition["Metrics"]}
    assert set(document) == names | {"_aws", "Instance"}
    assert definition["Dimensions"] == [["Instance"]]
    return {name: document[name] for name in names}


def test_a_pulse_says_what_it_knows_and_no_more() -> None:
    alone = Pulse(instance="team-a", at=NOW)
    assert figures(embedded_pulse(alone)) == {"Pulse": 1}
    whole = replace(alone, overdue=timedelta(), critical_for=timedelta(), listeners=0)
    assert figures(embedded_pulse(whole)) == {
        "Pulse": 1,
        "OverdueMinutes": 0,
        "OldestCriticalHours": 0,
        "Listeners": 0,
    }


def test_what_is_overdue_by_a_second_is_overdue() -> None:
    late = embedded_pulse(Pulse(instance="team-a", at=NOW, overdue=SECOND))
    assert late["OverdueMinutes"] == 1
    later = embedded_pulse(Pulse(instance="team-a", at=NOW, overdue=61 * SECOND))
    assert later["OverdueMinutes"] == 2


def test_a_run_counts_by_severity_and_says_what_ends_next() -> None:
    found = run(
        judged(GONE),
        judged(imported(ends_in=days(20), detail=detail())),
        judged(certificate(arn=arn("healthy"), ends_in=days(12) + SECOND)),
        judged(certificate(arn=arn("unused"), in_use=False, ends_in=days(3), detail=detail())),
        scopes=(scope(), scope(ScopeStatus.FAILED, error="no answer")),
    )
    counted = figures(embedded_metrics(found, undelivered=True))
    assert counted["NextExpiryDays"] == 12
    assert counted["UndeliveredAlerts"] == 1
    assert (counted["CriticalFindings"], counted["FailedScopes"]) == (1, 1)
    severities = ("CriticalFindings", "WarningFindings", "InfoFindings")
    assert sum(counted[name] for name in severities) == counted["Findings"]


def test_a_run_that_knows_of_no_end_speaks_of_none() -> None:
    counted = figures(embedded_metrics(run(judged(GONE)), undelivered=False))
    assert "NextExpiryDays" not in counted
    assert counted["UndeliveredAlerts"] == 0


# --- One pulse --------------------------------------------------------------------------------


class TheAudience(Audience):
    def __init__(self, count: int | Exception) -> None:
        self.count = count

    def listeners(self) -> int:
        if isinstance(self.count, Exception):
            raise self.count
        return self.count


def pulse(
    ledger: MemoryLedger | None,
    listeners: int | Exception | None = 1,
    expression: str | None = "cron(0 6 * * ? *)",
    now: datetime = NOW,
) -> tuple[Pulse, dict[str, Any] | PulseError]:
    """Return what one pulse wrote, and its result or its error."""
    metrics = MemoryMetrics()
    outcome: dict[str, Any] | PulseError
    try:
        outcome = beat(
            Pulse(instance="certificate-lifecycle", at=now),
            schedule=parse(expression) if expression else None,
            runs=ledger,
            audience=None if listeners is None else TheAudience(listeners),
            metrics=metrics,
        )
    except PulseError as error:
        outcome = error
    (written,) = metrics.pulses
    return written, outcome


def test_a_pulse_says_that_all_is_well() -> None:
    ledger = MemoryLedger()
    ledger.last = ended(NOW - HOUR)
    assert pulse(ledger)[1] == {
        "overdue_minutes": 0,
        "oldest_critical_hours": 0,
        "listeners": 1,
    }


def test_the_first_pulse_expects_runs_from_then_on() -> None:
    ledger = MemoryLedger()
    assert pulse(ledger)[0].overdue == timedelta()
    assert pulse(ledger, now=NOW + 20 * HOUR)[0].overdue == timedelta()
    assert pulse(ledger, now=NOW + 21 * HOUR)[0].overdue == HOUR


def test_another_schedule_starts_anew() -> None:
    ledger = MemoryLedger()
    pulse(ledger, now=NOW - days(9))
    assert pulse(ledger, expression="rate(1 day)")[0].overdue == timedelta()
    assert pulse(ledger, expression="rate(1 day)", now=NOW + days(2))[0].overdue == 22 * HOUR


def test_the_age_of_what_is_critical_goes_on_between_the_runs() -> None:
    ledger = MemoryLedger()
    ledger.last = ended(NOW - HOUR, critical_since=NOW - days(4))
    written, outcome = pulse(ledger)
    assert written.critical_for == days(4)
    assert isinstance(outcome, dict)
    assert outcome["oldest_critical_hours"] == 96


def test_the_oldest_critical_problem_is_the_one_that_was_told_first() -> None:
    last = RunRecord(run_id="r", finished_at=NOW, critical_since=NOW - days(3))
    first = Memory(
        certificate_arn=arn(),
        verdict="Expired",
        reason="PastNotAfter",
        severity="critical",
        band="over",
        told_at=NOW,
        critical_since=NOW - days(5),
    )
    later = replace(first, critical_since=NOW - days(1))
    assert oldest_critical([later, first, replace(first, critical_since=None)]) == NOW - days(5)
    assert oldest_critical([later], last) == NOW - days(3)


def test_without_a_ledger_a_pulse_says_that_the_function_lives() -> None:
    written, outcome = pulse(None)
    assert written == Pulse(instance="certificate-lifecycle", at=NOW, listeners=1)
    assert outcome == {"overdue_minutes": None, "oldest_critical_hours": None, "listeners": 1}


def test_without_a_schedule_nothing_is_overdue() -> None:
    ledger = MemoryLedger()
    written, _ = pulse(ledger, expression=None, now=NOW + days(900))
    assert written.overdue is None
    assert written.critical_for == timedelta()
    assert ledger.expected is None


def test_anothers_topic_is_not_asked_for_its_subscriptions() -> None:
    written, outcome = pulse(MemoryLedger(), listeners=None)
    assert written.listeners is None
    assert not isinstance(outcome, PulseError)


def test_a_topic_that_nobody_listens_to_is_written_down_and_fails_the_pulse() -> None:
    written, outcome = pulse(MemoryLedger(), listeners=0)
    assert (written.listeners, written.overdue) == (0, timedelta())
    assert "nobody has subscribed to the topic" in str(outcome)


def test_what_cannot_be_read_fails_the_pulse_and_hides_nothing_else() -> None:
    ledger = MemoryLedger()
    ledger.broken["last_run"] = Outage("no table")
    written, outcome = pulse(ledger, listeners=0)
    assert written == Pulse(instance="certificate-lifecycle", at=NOW, listeners=0)
    assert str(outcome) == (
        "the runs on record could not be read: Outage: no table; "
        "nobody has subscribed to the topic, so that no message reaches anybody"
    )


def test_a_topic_that_does_not_answer_hides_no_run_that_is_overdue() -> None:
    ledger = MemoryLedger()
    ledger.last = ended(NOW - days(2))
    ledger.expected = ("cron(0 6 * * ? *)", NOW - days(9))
    written, outcome = pulse(ledger, listeners=Outage("no topic"))
    assert written.overdue == days(1) + 4 * HOUR
    assert str(outcome) == ("the subscriptions of the topic could not be counted: Outage: no topic")


# --- What a run leaves for the pulse ----------------------------------------------------------


class World:
    """One account and region, whose ledger is that of the function, too."""

    def __init__(self) -> None:
        self.certificates = MemoryCertificates(GONE)
        self.ledger = MemoryLedger()
        self.topic = MemoryTopic()
        self.metrics = MemoryMetrics()

    def rotate(self, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any field of an order
        around = outside(
            certificates=self.certificates,
            dns=MemoryDns(),
            import_secrets=MemoryImportSecrets(),
            catalog=MemoryCatalog(),
            ledger=self.ledger,
            topic=self.topic,
            clock=MemoryClock(),
            metrics=self.metrics,
        )
        order = replace(ORDER, **changes)
        around = replace(around, runs=self.ledger)
        return rotate(order, around, current_time=lambda: order.now + SECOND)


@pytest.fixture
def world() -> World:
    return World()


def test_a_scheduled_run_is_recorded_with_the_oldest_critical_problem(world: World) -> None:
    world.rotate()
    assert world.ledger.last == RunRecord(
        run_id="run-1", finished_at=NOW + SECOND, critical_since=NOW
    )
    world.rotate(run_id="run-2", now=NOW + days(1))
    assert world.ledger.last == RunRecord(
        run_id="run-2", finished_at=NOW + days(1) + SECOND, critical_since=NOW
    )


def test_a_problem_that_is_over_is_none_for_the_pulse(world: World) -> None:
    world.rotate()
    world.certificates.held.clear()
    world.rotate(now=NOW + days(1))
    assert world.ledger.last is not None
    assert world.ledger.last.critical_since is None


def test_a_problem_that_could_not_be_looked_at_again_is_not_over(world: World) -> None:
    world.rotate()
    world.certificates.broken["list_all"] = Outage("no answer")
    with pytest.raises(RotationError):
        world.rotate(now=NOW + days(1))
    assert world.ledger.last == RunRecord(
        run_id="run-1", finished_at=NOW + days(1) + SECOND, critical_since=NOW
    )


@pytest.mark.parametrize("changes", [{"scheduled": False}, {"dry_run": True}])
def test_only_a_run_of_the_schedule_that_is_no_dry_run_is_recorded(
    world: World, changes: dict[str, bool]
) -> None:
    world.rotate(**changes)
    assert world.ledger.last is None


def test_a_run_that_cannot_be_recorded_fails_after_everything_else(world: World) -> None:
    world.ledger.broken["record_run"] = Outage("no table")
    with pytest.raises(RotationError, match="the run could not be recorded: Outage: no table"):
        world.rotate()
    assert len(world.topic.messages) == len(world.metrics.runs) == 1


def test_a_message_that_cannot_be_sent_is_a_figure(world: World) -> None:
    world.topic.failure = Outage("denied")
    with pytest.raises(RotationError, match="the message could not be sent"):
        world.rotate()
    world.topic.failure = None
    world.rotate()
    assert world.metrics.undelivered == [True, False]


class OneAccount(Organization):
    def accounts(self) -> Any:  # noqa: ANN401 - no account beside the function's own
        return iter(())


def test_a_run_over_an_organization_is_recorded_by_its_last_step(world: World) -> None:
    documents = MemoryDocuments()
    around = replace(
        outside(topic=world.topic, clock=MemoryClock(), metrics=world.metrics),
        at=lambda _: Surroundings(
            certificates=world.certificates,
            dns=MemoryDns(),
            import_secrets=MemoryImportSecrets(),
            catalog=MemoryCatalog(),
            ledger=world.ledger,
        ),
        runs=world.ledger,
    )
    home = [PLACE.account_id]
    list_accounts(OneAccount(), documents, always=home, given=(), excluded=(), only=())
    look(ORDER, around, documents, current_time=lambda: NOW)
    assert world.ledger.last is None
    telling = Telling(
        order=ORDER,
        regions=[PLACE.region],
        partition="aws",
        outside=around,
        documents=documents,
        ledger=lambda place: world.ledger if place == PLACE else None,
    )
    telling.tell(current_time=lambda: NOW + SECOND)
    assert world.ledger.last == RunRecord(
        run_id="run-1", finished_at=NOW + SECOND, critical_since=NOW
    )
