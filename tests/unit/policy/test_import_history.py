"""The versions that an ARN has held are remembered as long as they could come back."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certificate_lifecycle.policy.import_history import KEPT, HeldVersion, ImportHistory
from tests.unit.builders import LATER, NOW, SECOND, arn, days, link, version

MINUTES = timedelta(minutes=15)
NEW = ImportHistory(certificate_arn=arn())


def held(number: int, **changes: Any) -> HeldVersion:  # noqa: ANN401 - any field of a version
    fields = {
        "leaf": f"{number:x}",
        "chain": "",
        "not_before": NOW - days(30) + number * SECOND,
        "not_after": NOW + days(60),
    }
    return HeldVersion(**{**fields, **changes})


ONE, TWO, THREE = held(1), held(2), held(3)


def test_every_version_that_acm_showed_is_held() -> None:
    history = NEW.observed(ONE, NOW, NOW).observed(TWO, NOW, NOW)
    assert history.versions == (ONE, TWO)
    assert history.holds(ONE)
    assert not history.holds(THREE)
    assert history.holds(held(1, chain="other"))
    assert history.holds_chain(ONE)
    assert not history.holds_chain(held(1, chain="other"))


def test_the_same_observation_changes_nothing() -> None:
    history = NEW.observed(ONE, NOW, NOW).observed(TWO, NOW, NOW)
    assert history.observed(TWO, NOW, NOW + days(1)) == history


def test_an_attempt_that_was_not_done_may_be_repeated() -> None:
    seen = NEW.observed(ONE, NOW, NOW)
    history = seen.attempting(TWO, "run-1", NOW + MINUTES).observed(ONE, NOW, NOW)
    assert not history.holds(TWO)
    assert history.attempt is not None


def test_an_attempt_over_a_later_version_may_be_repeated_too() -> None:
    seen = NEW.observed(ONE, NOW, NOW).observed(TWO, NOW, NOW)
    history = seen.attempting(THREE, "run-1", NOW + MINUTES).observed(TWO, NOW, NOW)
    assert not history.holds(THREE)


@pytest.mark.parametrize(
    ("current", "imported_at"),
    [(TWO, NOW + SECOND), (THREE, NOW + SECOND), (THREE, NOW), (ONE, NOW + SECOND), (ONE, None)],
    ids=["done", "replaced", "replaced at once", "put back", "not known"],
)
def test_an_attempt_that_may_have_been_done_is_held(
    current: HeldVersion, imported_at: datetime | None
) -> None:
    history = NEW.observed(ONE, NOW, NOW).attempting(TWO, "run-1", NOW + MINUTES)
    after = history.observed(current, imported_at, NOW)
    assert after.holds(TWO)
    assert after.holds(ONE)
    assert after.versions[-1] == current
    assert after.attempt is None


def test_an_attempt_locks_other_runs_out_as_long_as_a_run_may_take() -> None:
    history = NEW.observed(ONE, NOW, NOW)
    assert not history.is_locked("run-2", NOW)
    history = history.attempting(TWO, "run-1", NOW + MINUTES)
    assert history.is_locked("run-2", NOW + MINUTES - SECOND)
    assert not history.is_locked("run-2", NOW + MINUTES)
    assert not history.is_locked("run-1", NOW)


def test_a_version_that_expired_is_forgotten_but_not_the_one_in_acm() -> None:
    ended = held(1, not_after=NOW)
    assert NEW.observed(ended, None, NOW).versions == (ended,)
    assert NEW.observed(ended, None, NOW).observed(TWO, None, NOW).versions == (TWO,)
    lasting = held(1, not_after=NOW + SECOND)
    assert NEW.observed(lasting, None, NOW).observed(TWO, None, NOW).holds(lasting)


def test_of_too_many_versions_the_oldest_are_refused_by_their_time_of_issue() -> None:
    history = NEW
    for number in range(KEPT + 2):
        history = history.observed(held(number), None, NOW)
    assert len(history.versions) == KEPT
    assert history.forgotten_until == held(1).not_before
    assert all(history.holds(held(number)) for number in range(KEPT + 2))
    assert not history.holds(held(KEPT + 2))
    again = history.observed(history.versions[0], None, NOW)
    assert again.forgotten_until == held(1).not_before
    assert history.observed(held(KEPT + 2), None, NOW).forgotten_until == held(2).not_before
    early = replace(history, versions=(held(0), *history.versions[1:]))
    assert early.observed(held(KEPT + 2), None, NOW).forgotten_until == held(1).not_before


def test_nothing_is_forgotten_up_to_the_limit() -> None:
    history = NEW
    for number in range(KEPT):
        history = history.observed(held(number), None, NOW)
    assert (len(history.versions), history.forgotten_until) == (KEPT, None)


def test_a_version_is_stored_in_this_form() -> None:
    """Records of earlier runs have to be recognised."""
    root = link("Root", "Root")
    stored = version(LATER, link("CA", "Root"), root).held
    assert (stored.leaf, stored.chain) == (
        hashlib.sha256(b"CAb2").hexdigest()[:32],
        hashlib.sha256(b"CA by Root").hexdigest()[:32],
    )
    assert (stored.not_before, stored.not_after) == (LATER.not_before, LATER.not_after)
    assert version(LATER, root).held.chain == ""
    assert version(LATER, issuer="Other").held.leaf != stored.leaf
    two = version(LATER, link("CA", "Middle"), link("Middle", "Root")).held
    assert two.chain == hashlib.sha256(b"CA by MiddleMiddle by Root").hexdigest()[:32]


@given(st.lists(st.integers(0, 9), min_size=1, max_size=30))
def test_whatever_acm_showed_is_held_in_any_order(numbers: list[int]) -> None:
    history = NEW
    for number in numbers:
        history = history.observed(held(number), None, NOW)
    assert all(history.holds(held(number)) for number in numbers)
    assert history.versions[-1] == held(numbers[-1])


FULL = ImportHistory(
    certificate_arn=arn(),
    versions=(ONE, held(2, not_after=datetime(9999, 12, 31, tzinfo=UTC))),
    imported_at=NOW,
    forgotten_until=NOW - days(90),
    version=3,
).attempting(THREE, "run-1", NOW + MINUTES)


@pytest.mark.parametrize("history", [NEW, FULL], ids=["new", "full"])
def test_a_history_survives_json(history: ImportHistory) -> None:
    assert ImportHistory.from_dict(json.loads(json.dumps(history.to_dict()))) == history


def test_a_field_of_a_later_version_is_ignored() -> None:
    assert ImportHistory.from_dict({**FULL.to_dict(), "colour": "red"}) == FULL


@pytest.mark.parametrize(
    "change",
    [
        {"certificate_arn": "shop"},
        {"versions": "x"},
        {"versions": [{}]},
        {"versions": [{**ONE.to_dict(), "not_after": "soon"}]},
        {"importing": []},
        {"importing": {"version": ONE.to_dict()}},
        {"forgotten_until": 5},
        {"imported_at": "2026"},
        {"version": None},
    ],
    ids=str,
)
def test_anything_else_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        ImportHistory.from_dict({**FULL.to_dict(), **change})
