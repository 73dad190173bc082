"""Sinks receive every run; one that fails keeps nothing back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from certificate_lifecycle.app.ports import NotificationSink
from certificate_lifecycle.app.rotation import rotate
from certificate_lifecycle.model.errors import RotationError
from certificate_lifecycle.model.run import Run
from certificate_lifecycle.policy.settings import RotationMode
from tests.unit.builders import NOW, SECOND, arn, days, imported
from tests.unit.fakes import (
    MemoryCertificates,
    MemoryClock,
    MemoryDns,
    MemoryImportSecrets,
    MemoryMetrics,
    MemoryTopic,
    Outage,
    dependencies,
    run_request,
)

DUE = imported(arn=arn("due"), ends_in=days(20))
REQUEST = run_request(mode=RotationMode.NOTIFY)


class MemorySink(NotificationSink):
    """Keeps the runs that it received, and how many figures were written by then."""

    name = "the siren"

    def __init__(self, metrics: MemoryMetrics, broken: Exception | None = None) -> None:
        self.runs: list[Run] = []
        self.figures: list[int] = []
        self._metrics = metrics
        self._broken = broken

    def publish(self, run: Run, _: object) -> None:
        self.runs.append(run)
        self.figures.append(len(self._metrics.runs))
        if self._broken is not None:
            raise self._broken


class World:
    """An account with one finding, and two sinks."""

    def __init__(self, broken: Exception | None = None) -> None:
        self.topic = MemoryTopic()
        self.metrics = MemoryMetrics()
        self.sinks = [MemorySink(self.metrics, broken), MemorySink(self.metrics)]

    def rotate(self, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any field of a request
        clients = dependencies(
            topic=self.topic,
            clock=MemoryClock(),
            metrics=self.metrics,
            certificates=MemoryCertificates(DUE),
            dns=MemoryDns(),
            import_secrets=MemoryImportSecrets(),
        )
        return rotate(
            replace(REQUEST, **changes),
            replace(clients, sinks=self.sinks),
            current_time=lambda: NOW + SECOND,
        )


def test_a_sink_that_fails_keeps_back_neither_message_nor_figures_nor_the_others() -> None:
    world = World(Outage("no answer"))
    with pytest.raises(
        RotationError, match="the siren could not be notified: unexpected outage: no answer"
    ):
        world.rotate()
    assert len(world.topic.messages) == 1
    assert [len(sink.runs) for sink in world.sinks] == [1, 1]


def test_the_figures_are_written_before_a_sink_can_hang() -> None:
    world = World()
    world.rotate()
    assert [sink.figures for sink in world.sinks] == [[1], [1]]


def test_a_dry_run_is_sent_to_no_sink() -> None:
    world = World()
    world.rotate(dry_run=True)
    assert [sink.runs for sink in world.sinks] == [[], []]


@pytest.mark.parametrize(("asked", "whole"), [((), True), ((DUE.arn,), False)])
def test_a_run_says_whether_it_was_asked_for_some_certificates_only(
    asked: tuple[str, ...], *, whole: bool
) -> None:
    world = World()
    world.rotate(certificate_arns=asked)
    assert [run.full_scan for sink in world.sinks for run in sink.runs] == [whole] * 2
