"""What all tests share: how many examples a property is tried with."""

from __future__ import annotations

import os

from hypothesis import settings

# In `make test` the examples are few, and the same everywhere: a test must not fail by luck.
settings.register_profile(
    "test", max_examples=25, deadline=None, derandomize=True, database=None, print_blob=True
)
settings.register_profile(
    "nightly", max_examples=400, deadline=None, derandomize=False, database=None, print_blob=True
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "test"))
