"""Reports of failures show the input and can be printed."""

from __future__ import annotations

import json

import pytest

from tests.stress.fuzz.hostile import is_plain
from tests.stress.fuzz.test_outputs import strings


def test_a_failure_is_reported_with_escapes_for_what_cannot_be_shown(
    request: pytest.FixtureRequest,
) -> None:
    hostile = "\ud800\x1b[2J\u202e"

    def fail() -> None:
        raise AssertionError(hostile)

    item, config = request.node, request.config
    call = pytest.CallInfo.from_call(fail, "call")
    report = item.ihook.pytest_runtest_makereport(item=item, call=call)
    assert report.outcome == "failed"
    assert r"AssertionError: \ud800\x1b[2J\u202e" in report.longreprtext
    data = config.hook.pytest_report_to_serializable(config=config, report=report)
    for text in strings(json.loads(json.dumps(data))):
        assert is_plain(text, lines=True), ascii(text)
