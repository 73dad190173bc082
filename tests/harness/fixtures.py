"""Fixtures for tests with the embedded AWS; import them into a `conftest.py`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.embedded_aws.cloud import Cloud


@pytest.fixture(scope="session")
def running_cloud() -> Iterator[Cloud]:
    """Start one server for all tests of a process; `cloud` resets it between tests."""
    with Cloud.start() as cloud:
        yield cloud


@pytest.fixture
def cloud(running_cloud: Cloud) -> Cloud:
    """Return the embedded AWS, empty and with default settings."""
    running_cloud.reset()
    return running_cloud
