"""Machines hear of every run; what one of them cannot be told keeps nothing back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from certificate_lifecycle.app.ports import Machine
from certificate_lifecycle.app.rotation import rotate
from certificate_lifecycle.config import RotationMode
from certificate_lifecycle.core.run import Run
from certificate_lifecycle.errors import RotationError
from tests.unit.builders import NOW, SECOND, arn, days, imported
from tests.unit.fakes import (
    MemoryCertificates,
    MemoryClock,
    MemoryDns,
    MemoryImportSecrets,
    MemoryMetrics,
    MemoryTopic,
    Outage,
    outside,
    run_request,
)

DUE = imported(arn=arn("due"), ends_in=days(20))
REQUEST = run_request(mode=RotationMode.NOTIFY)


class MemoryMachine(Machine):
    """Keeps the runs that it was told of, and how many figures were there by then."""

    name = "the siren"

    def __init__(self, metrics: MemoryMetrics, broken: Exception | None = None) -> None:
        self.runs: list[Run] = []
        self.figures: list[int] = []
        self._metrics = metrics
        self._broken = broken

    def tell(self, run: Run) -> None:
        self.runs.append(run)
        self.figures.append(len(self._metrics.runs))
        if self._broken is not None:
            raise self._broken


class World:
    """An account with one finding, and two machines that listen."""

    def __init__(self, broken: Exception | None = None) -> None:
        self.topic = MemoryTopic()
        self.metrics = MemoryMetrics()
        self.machines = [MemoryMachine(self.metrics, broken), MemoryMachine(self.metrics)]

    def rotate(self, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any field of a request
        around = outside(
            topic=self.topic,
            clock=MemoryClock(),
            metrics=self.metrics,
            certificates=MemoryCertificates(DUE),
            dns=MemoryDns(),
            import_secrets=MemoryImportSecrets(),
        )
        return rotate(
            replace(REQUEST, **changes),
            replace(around, machines=self.machines),
            current_time=lambda: NOW + SECOND,
        )


def test_a_machine_that_fails_keeps_back_neither_message_nor_figures_nor_the_others() -> None:
    world = World(Outage("no answer"))
    with pytest.raises(RotationError, match="the siren could not be told: Outage: no answer"):
        world.rotate()
    assert len(world.topic.messages) == 1
    assert [len(machine.runs) for machine in world.machines] == [1, 1]


def test_the_figures_are_written_before_a_machine_can_hang() -> None:
    world = World()
    world.rotate()
    assert [machine.figures for machine in world.machines] == [[1], [1]]


def test_a_dry_run_is_told_to_no_machine() -> None:
    world = World()
    world.rotate(dry_run=True)
    assert [machine.runs for machine in world.machines] == [[], []]


@pytest.mark.parametrize(("asked", "whole"), [((), True), ((DUE.arn,), False)])
def test_a_run_says_whether_it_was_asked_for_some_certificates_only(
    asked: tuple[str, ...], *, whole: bool
) -> None:
    world = World()
    world.rotate(certificate_arns=asked)
    assert [run.whole for machine in world.machines for run in machine.runs] == [whole] * 2
