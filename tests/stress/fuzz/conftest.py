"""One AWS stub for all targets, because creating the SDK's clients is slow."""

from __future__ import annotations

import pytest

from tests.stress.fuzz.aws import Aws
from tests.stress.fuzz.reports import pytest_runtest_makereport

__all__ = ["pytest_runtest_makereport"]


@pytest.fixture(scope="session")
def aws() -> Aws:
    return Aws()
