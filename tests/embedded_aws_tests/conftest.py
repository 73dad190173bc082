from __future__ import annotations

from tests.harness.fixtures import cloud, running_cloud

__all__ = ["cloud", "running_cloud"]
