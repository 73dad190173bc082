"""The number of examples per target.

`make nightly` and `make fuzz` run the targets, `make test` does not.
`make nightly` always uses the same examples, so that results are reproducible. `make fuzz` sets
FUZZ_FACTOR, and uses that many times more and different examples.
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
#: The module of every target, by its name.
TARGETS: dict[str, str] = {}
#: The number of inputs of each target in this process.
TRIED: Counter[str] = Counter()

Test = Callable[..., None]


def fuzzed(times: int, **inputs: st.SearchStrategy[Any]) -> Callable[[Test], Test]:
    """Make a test a target, call it `times` times with drawn `inputs`, and count the calls."""

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
            # Fixtures keep no state of an example, and some inputs are large.
            suppress_health_check=list(HealthCheck),
        )
        decorated: Test = pytest.mark.nightly(bounded(given(**inputs)(counted)))
        return decorated

    return decorate


#: Proper names, which are lower case in Python names.
_WRITTEN = {
    "aws": "AWS",
    "dns": "DNS",
    "hub": "Hub",
    "json": "JSON",
    "security": "Security",
    "unicode": "Unicode",
}


def sentence(name: str) -> str:
    """Return the name of a target as a sentence."""
    words = (_WRITTEN.get(word, word) for word in name.removeprefix("test_").split("_"))
    text = " ".join(words)
    return f"{text[0].upper()}{text[1:]}."
