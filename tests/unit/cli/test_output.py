"""Texts for people are folded at words, on a terminal only."""

from __future__ import annotations

import io
import sys

import pytest
from rich.console import Console

from certificate_lifecycle.cli.output import console, error_console, indented
from tests.unit.builders import arn

COMMAND = f"To remove: certificates explain {arn('b6d9353f-386e-4a80-815a-cc0ce31330b2')}"


def test_a_long_word_is_left_to_the_terminal_so_that_it_can_be_copied() -> None:
    out = Console(width=40)
    with out.capture() as captured:
        indented(out, COMMAND, by=4)
    first, second = captured.get().splitlines()
    assert (first, second) == (
        "    To remove: certificates explain",
        f"    {COMMAND.rsplit(maxsplit=1)[-1]}",
    )


@pytest.mark.parametrize("columns", ["40", None])
def test_a_pipe_is_never_folded_whatever_the_width_of_the_terminal(
    monkeypatch: pytest.MonkeyPatch, columns: str | None
) -> None:
    if columns is not None:
        monkeypatch.setenv("COLUMNS", columns)
    for name, made in (("stdout", console), ("stderr", error_console)):
        pipe = io.StringIO()
        monkeypatch.setattr(sys, name, pipe)
        made().print(COMMAND * 20)
        indented(made(), COMMAND * 20)
        assert len(pipe.getvalue().splitlines()) == 2
