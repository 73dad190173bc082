"""Tasks that run side by side: their order, their failures, and what is still running."""

from __future__ import annotations

import threading
from functools import partial

import pytest

from certificate_lifecycle.concurrency import attempt_all, both


def halved(number: int) -> int:
    if number % 2:
        raise ValueError(f"{number} is odd")
    return number // 2


@pytest.mark.parametrize("count", [0, 1, 50])
def test_each_task_has_its_result_or_its_error_in_the_order_of_the_tasks(count: int) -> None:
    found = attempt_all([partial(halved, number) for number in range(count)], "test")
    assert [str(entry) for entry in found] == [
        f"{number} is odd" if number % 2 else str(number // 2) for number in range(count)
    ]


def test_tasks_run_side_by_side() -> None:
    """Each of the tasks waits for the other."""
    barrier = threading.Barrier(2, timeout=10)
    assert sorted(attempt_all([barrier.wait, barrier.wait], "test"), key=str) == [0, 1]
    assert sorted(both(barrier.wait, barrier.wait)) == [0, 1]


def test_an_interruption_is_no_result() -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        attempt_all([interrupted, interrupted], "test")


@pytest.mark.parametrize("fails_first", [True, False])
def test_the_error_of_either_task_is_raised_when_both_have_ended(*, fails_first: bool) -> None:
    ended = []

    def fails() -> None:
        raise ValueError("no answer")

    def slow() -> None:
        threading.Event().wait(0.05)
        ended.append(True)

    with pytest.raises(ValueError, match="no answer"):
        both(*((fails, slow) if fails_first else (slow, fails)))
    assert ended == [True]
