from __future__ import annotations

from tests.support.fixtures import cloud, running_cloud

__all__ = ["cloud", "running_cloud"]
