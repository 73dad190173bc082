"""A snapshot is judged as the estate was that it was taken of, whatever is asked later."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from certificate_lifecycle.app.ports import Surroundings
from certificate_lifecycle.app.rotation import visit_all
from certificate_lifecycle.app.scope import Order, Visit
from certificate_lifecycle.cli.snapshots.anonymising import anonymised
from certificate_lifecycle.cli.snapshots.files import dumps, loads
from certificate_lifecycle.cli.snapshots.model import RecordedSettings, Snapshot
from certificate_lifecycle.cli.snapshots.recording import Recorder
from certificate_lifecycle.cli.snapshots.replay import surroundings
from certificate_lifecycle.config import RotationMode
from certificate_lifecycle.core.place import Place
from certificate_lifecycle.core.run import finding_entry
from certificate_lifecycle.core.timing import Thresholds
from tests.unit.builders import BOUNDED, NOW, SECOND
from tests.unit.estates import IDS, LABELS, PLACES, TEXTS, THRESHOLDS, Estate, estate_of, order_of
from tests.unit.fakes import MemoryClock

#: Shrinking a seed leads nowhere.
SEEDS = settings(BOUNDED, max_examples=150, phases=[Phase.generate])
seeds = st.integers(0, 2**32)


def taken_of(estate: Estate) -> Snapshot:
    order = order_of(estate.settings, list(estate.around))
    return Recorder(
        order=order,
        at=estate.at,
        clock=MemoryClock(),
        settings=RecordedSettings.of(estate.settings, PLACES[0]),
        program="0.1.0",
    ).record()


def visited(order: Order, at: Callable[[Place], Surroundings]) -> list[Visit]:
    return visit_all(order, at, MemoryClock(), lambda: NOW + SECOND)


@SEEDS
@given(seed=seeds, thresholds=st.sampled_from(THRESHOLDS), mode=st.sampled_from(RotationMode))
def test_a_snapshot_is_judged_and_planned_for_as_what_it_was_taken_of(
    seed: int, thresholds: Thresholds, mode: RotationMode
) -> None:
    estate = estate_of(seed)
    snapshot = loads(dumps(taken_of(estate)))
    if estate.settings.mode is RotationMode.NOTIFY:
        mode = RotationMode.NOTIFY  # nobody may have opened a secret
    later = replace(estate.settings, thresholds=thresholds, mode=mode)
    order = order_of(later, list(estate.around))
    there = visited(order, estate.at)
    here = visited(order, lambda place: surroundings(snapshot, place))
    for was, found in zip(there, here, strict=True):
        assert [finding_entry(each, NOW) for each in found.run.assessed] == [
            finding_entry(each, NOW) for each in was.run.assessed
        ]
        assert found.run == was.run
        assert found.problems == was.problems
        assert found.has_news == was.has_news


@SEEDS
@given(seed=seeds, thresholds=st.sampled_from(THRESHOLDS))
def test_an_anonymised_snapshot_is_decided_on_as_the_original(
    seed: int, thresholds: Thresholds
) -> None:
    snapshot = taken_of(estate_of(seed))
    was, found = (decisions(each, thresholds) for each in (snapshot, anonymised(snapshot)))
    assert found == was


def decisions(snapshot: Snapshot, thresholds: Thresholds) -> list[object]:
    """Return all that is decided and planned, without what it is about."""
    settings = replace(snapshot.settings.restored(), thresholds=thresholds)
    order = order_of(settings, [scope.place for scope in snapshot.scopes])
    visits = visited(order, partial(surroundings, loads(dumps(snapshot))))
    return [
        (
            each.run.scopes[0].status,
            [(entry.decision.verdict, entry.decision.severity) for entry in each.run.assessed],
            [(entry.decision.reason, entry.decision.action) for entry in each.run.assessed],
            [entry.muted_until for entry in each.run.assessed],
            [entry.owner is None for entry in each.run.assessed],
            [(done.action, done.outcome, bool(done.detail)) for done in each.run.actions],
            [change.kind for change in each.run.changes],
            len(each.problems),
            each.has_news,
        )
        for each in visits
    ]


@SEEDS
@given(seed=seeds)
def test_nothing_that_names_anything_is_left_in_an_anonymised_snapshot(seed: int) -> None:
    text = dumps(anonymised(taken_of(estate_of(seed)))).lower()
    assert [each for each in (*LABELS, *IDS, *TEXTS) if each.lower() in text] == []
