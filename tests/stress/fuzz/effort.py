"""How many examples a target gets, and how many it has had.

Targets are run by `make nightly` and by `make fuzz`, and not by `make test`.
In `make nightly` the examples are the same everywhere: a test must not fail by luck.
`make fuzz` sets FUZZ_FACTOR, gets that many times more of them, and other ones each time.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from functools import wraps
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

FACTOR = int(os.environ.get("FUZZ_FACTOR", "1"))
#: Every target by its name, and the module that it is in.
TARGETS: dict[str, str] = {}
#: Inputs that each target has had in this process, by its name.
TRIED: Counter[str] = Counter()

Test = Callable[..., None]


def fuzzed(times: int, **inputs: st.SearchStrategy[Any]) -> Callable[[Test], Test]:
    """Let a test be a target: call it with `inputs` that are drawn so many times, and count."""

    def decorate(test: Test) -> Test:
        TARGETS[test.__name__] = test.__module__

        @wraps(test)
        def counted(*positional: Any, **named: Any) -> None:  # noqa: ANN401 - whatever the test takes
            TRIED[test.__name__] += 1
            test(*positional, **named)

        bounded = settings(
            max_examples=times * FACTOR,
            deadline=None,
            derandomize=FACTOR == 1,
            database=None,
            print_blob=True,
            # Fixtures here hold nothing that an example leaves behind, and some input is large.
            suppress_health_check=list(HealthCheck),
        )
        decorated: Test = pytest.mark.nightly(bounded(given(**inputs)(counted)))
        return decorated

    return decorate


#: Names, which Python's names do not show as such.
_WRITTEN = {
    "aws": "AWS",
    "dns": "DNS",
    "hub": "Hub",
    "json": "JSON",
    "security": "Security",
    "unicode": "Unicode",
}


def sentence(name: str) -> str:
    """Return the name of a target as the sentence that it is."""
    words = (_WRITTEN.get(word, word) for word in name.removeprefix("test_").split("_"))
    text = " ".join(words)
    return f"{text[0].upper()}{text[1:]}."
