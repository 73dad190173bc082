"""One stand-in for AWS for all targets: to make the SDK's clients takes most of the time."""

from __future__ import annotations

import pytest

from tests.stress.fuzz.aws import Aws
from tests.stress.fuzz.reports import pytest_runtest_makereport

__all__ = ["pytest_runtest_makereport"]


@pytest.fixture(scope="session")
def aws() -> Aws:
    return Aws()
