"""Makes reports of failed tests printable, whatever their input."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    """Escape control characters, and text without a UTF-8 form, which would end an xdist worker."""
    report = yield
    hook, config = item.ihook, item.config
    data = hook.pytest_report_to_serializable(config=config, report=report)
    return hook.pytest_report_from_serializable(config=config, data=_printable(data))


def _printable(data: Any) -> Any:  # noqa: ANN401 - whatever a report consists of
    if isinstance(data, str):
        return data if data.isprintable() else "".join(map(_escaped, data))
    if isinstance(data, dict):
        return {_printable(key): _printable(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return type(data)(map(_printable, data))
    return data


def _escaped(character: str) -> str:
    if character.isprintable() or character == "\n":
        return character
    return character.encode("unicode-escape").decode("ascii")
