"""Fixtures for tests with the embedded AWS; import them into a `conftest.py`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.embedded_aws.cloud import Cloud
from tests.embedded_aws.in_process import without_sockets


@pytest.fixture(scope="session")
def running_cloud() -> Iterator[Cloud]:
    """Start one server for all tests of a process; `cloud` resets it between tests.

    The tests themselves need no socket to reach it; the processes that they start do.
    """
    with Cloud.start() as cloud, without_sockets(cloud):
        yield cloud


@pytest.fixture
def cloud(running_cloud: Cloud) -> Cloud:
    """Return the embedded AWS, empty and with default settings."""
    running_cloud.reset()
    return running_cloud
