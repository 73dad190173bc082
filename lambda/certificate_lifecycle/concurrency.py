"""Calls of a run side by side; the pace of each client keeps them below the rates of AWS."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, cast

A = TypeVar("A")
B = TypeVar("B")
T = TypeVar("T")

#: Enough for the descriptions that ACM allows in a second, if each takes more than a second.
WORKERS = 16


def attempt_all(tasks: Sequence[Callable[[], T]], name: str) -> list[T | Exception]:
    """Return the result of each task, or the exception that it raised, in the order of the tasks.

    `name` is that of the threads. A single task runs in the thread of the caller.
    """
    if len(tasks) < 2:  # noqa: PLR2004 - one task needs no thread
        return [_attempt(task) for task in tasks]
    pool = ThreadPoolExecutor(min(WORKERS, len(tasks)), thread_name_prefix=name)
    try:
        return list(pool.map(_attempt, tasks))
    finally:
        # A person who interrupts the command line waits for no further call.
        pool.shutdown(wait=False, cancel_futures=True)


def both(first: Callable[[], A], second: Callable[[], B]) -> tuple[A, B]:
    """Return the results of two tasks that run side by side; raise the exception of a failing one.

    Neither is running when this function ends.
    """
    tasks: list[Callable[[], A | B]] = [first, second]
    found = attempt_all(tasks, "both")
    for result in found:
        if isinstance(result, Exception):
            raise result
    return cast("tuple[A, B]", tuple(found))


def _attempt(task: Callable[[], T]) -> T | Exception:
    try:
        return task()
    except Exception as error:  # noqa: BLE001 - the caller decides
        return error
