"""What all tests share: in which order they begin."""

from __future__ import annotations

import pytest


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the long files begin first: begun last, one of them keeps every other worker waiting."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)
