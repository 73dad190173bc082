"""What all tests share: in which order they begin."""

from __future__ import annotations

import pytest


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the long files begin first: begun last, one of them keeps every other worker waiting.

    Files that share one AWS in a worker always follow each other in the same order.
    """
    items.sort(key=_order)


def _order(item: pytest.Item) -> tuple[bool, str]:
    shares = item.get_closest_marker("terraform") is not None
    return item.get_closest_marker("long") is None, str(item.path) if shares else ""
