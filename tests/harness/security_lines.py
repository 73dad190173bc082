"""The lines of SECURITY.md about single permissions, and the tests that prove them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

Test = TypeVar("Test", bound=Callable[..., None])


def proves(permission: str, line: str) -> Callable[[Test], Test]:
    """Name the line of SECURITY.md that a test tries, below the heading of the permission.

    tests/unit/test_security_lines.py compares the lines with these names.
    """
    del permission, line
    return lambda test: test
