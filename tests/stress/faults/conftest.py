"""One stage for the tests of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.stress.faults.campaign import stage
from tests.stress.faults.stage import Stage


@pytest.fixture(scope="module")
def where() -> Iterator[Stage]:
    """Set up the stage, which replaces the SDK's network in this process."""
    with stage() as made:
        yield made
