"""That all is well is told now and then, because silence looks like a checker that stopped."""

from __future__ import annotations

from datetime import datetime

import pytest

from certificate_lifecycle.app.ports import NotificationSink, RunDependencies, ScopeClients
from certificate_lifecycle.app.rotation import rotate
from certificate_lifecycle.model.errors import RotationError
from certificate_lifecycle.model.run import Run
from tests.unit.builders import NOW, SECOND, certificate, days, detail, imported
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
    Outage,
    run_request,
)


class World:
    """An account in which all is well, unless a test says otherwise."""

    def __init__(self, last: datetime | None = None) -> None:
        self.certificates = MemoryCertificates(certificate())
        self.state_store = MemoryStateStore()
        self.topic = MemoryTopic()
        self.notification_log = MemoryNotificationLog(last)
        self.sinks: list[NotificationSink] = []
        self.asked: tuple[str, ...] = ()
        self.dry_run = False

    def rotate(self, *, weekly: bool = True) -> None:
        clients = ScopeClients(
            certificates=self.certificates,
            dns=MemoryDns(),
            import_secrets=MemoryImportSecrets(),
            catalog=MemoryCatalog(),
            state_store=self.state_store,
        )
        request = run_request(certificate_arns=self.asked, dry_run=self.dry_run)
        dependencies = RunDependencies(
            clients_at=lambda _: clients,
            topic=self.topic,
            metrics=MemoryMetrics(),
            clock=MemoryClock(),
            notification_log=self.notification_log,
            sinks=self.sinks,
            summary_after=days(7) if weekly else None,
        )
        rotate(request, dependencies, current_time=lambda: NOW + SECOND)

    @property
    def subjects(self) -> list[str]:
        return [
            message.subject.partition("] ")[2].removesuffix(" eu-west-1")
            for message in self.topic.messages
        ]


def test_the_first_run_shows_that_its_messages_arrive() -> None:
    world = World()
    world.rotate()
    assert world.subjects == ["no open findings"]
    assert world.notification_log.last == NOW


def test_after_a_week_of_silence_all_is_well_is_reported() -> None:
    world = World(NOW - days(7))
    world.rotate()
    assert world.subjects == ["no open findings"]


def test_before_that_nothing_is_reported() -> None:
    world = World(NOW - days(7) + SECOND)
    world.rotate()
    assert world.subjects == []
    assert world.notification_log.last == NOW - days(7) + SECOND


def test_any_message_is_a_sign_of_life() -> None:
    world = World(NOW - days(30))
    world.certificates = MemoryCertificates(imported(ends_in=days(20), detail=detail()))
    world.rotate()
    assert world.subjects == ["shop.example.com expires in 20 days"]
    assert world.notification_log.last == NOW


def test_what_is_open_and_reported_is_in_the_summary() -> None:
    world = World()
    world.certificates = MemoryCertificates(imported(ends_in=days(20), detail=detail()))
    world.rotate()
    world.notification_log.last = NOW - days(8)
    world.rotate()
    assert world.subjects == [
        "shop.example.com expires in 20 days",
        "shop.example.com expires in 20 days",
    ]


@pytest.mark.parametrize("way", ["switched off", "dry run", "some certificates"])
def test_no_summary_is_sent_where_nobody_asked_for_one(way: str) -> None:
    world = World()
    world.dry_run = way == "dry run"
    world.asked = (certificate().arn,) if way == "some certificates" else ()
    world.rotate(weekly=way != "switched off")
    assert world.subjects == []


def test_a_notification_log_that_cannot_be_read_is_no_reason_to_be_silent() -> None:
    world = World(NOW)
    world.notification_log.broken = Outage("throttled")
    with pytest.raises(
        RotationError, match="last message could not be read: unexpected outage: throttled"
    ):
        world.rotate()
    assert world.subjects == ["run incomplete"]


def test_what_could_not_be_sent_is_not_recorded() -> None:
    world = World()
    world.topic.failure = Outage("SNS is down")
    with pytest.raises(RotationError, match="could not be sent"):
        world.rotate()
    assert world.notification_log.last is None


class StoppedError(BaseException):
    """Lambda stops the function: nothing in it may catch this."""


class Stopping(NotificationSink):
    """A sink that is receiving a run when the function is stopped."""

    name = "a bus"

    def publish(self, run: Run, _: object) -> None:
        raise StoppedError(run.run_id)


def test_a_run_that_is_stopped_before_sinks_have_received_it_is_sent_again() -> None:
    world = World()
    world.certificates = MemoryCertificates(imported(ends_in=days(20), detail=detail()))
    world.sinks = [Stopping()]
    with pytest.raises(StoppedError):
        world.rotate()
    assert (world.state_store.alerts, world.notification_log.last) == ({}, None)
    world.sinks = []
    world.rotate()
    assert world.subjects == [
        "shop.example.com expires in 20 days",
        "shop.example.com expires in 20 days",
    ]
