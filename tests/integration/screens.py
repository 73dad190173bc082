"""Runs commands of this process in a pseudo-terminal, or with their output in a pipe."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import sys
import termios
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from certificate_lifecycle.cli.main import main
from tests.harness.terminal import screen

_ROWS = 50
#: The end of a question, see click.
_QUESTION = b"[y/N]: "
_NO = b"n\n"


class _Reader(threading.Thread):
    """Reads a pseudo-terminal, and answers each question with no."""

    def __init__(self, terminal: int) -> None:
        super().__init__(daemon=True)
        self._terminal = terminal
        self._answered = 0
        self.raw = b""

    def run(self) -> None:
        while True:
            try:
                part = os.read(self._terminal, 65_536)
            except OSError:  # the other side was closed
                return
            self.raw += part
            if self.raw.count(_QUESTION) > self._answered:
                self._answered += 1
                os.write(self._terminal, _NO)


@contextmanager
def _pseudo_terminal(columns: int) -> Iterator[tuple[int, _Reader]]:
    terminal, side = pty.openpty()
    fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, columns, 0, 0))
    reader = _Reader(terminal)
    reader.start()
    try:
        yield side, reader
    finally:
        os.close(side)
        reader.join(timeout=10)
        os.close(terminal)


def on_terminal(arguments: Sequence[str], columns: int) -> tuple[str, int]:
    """Return what a terminal shows after a command, and the exit code."""
    with _pseudo_terminal(columns) as (side, reader), pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", str(columns))
        patch.setenv("TERM", "xterm")
        files = [os.fdopen(os.dup(side), mode, encoding="utf-8") for mode in ("r", "w", "w")]
        for name, file in zip(("stdin", "stdout", "stderr"), files, strict=True):
            patch.setattr(sys, name, file)
        try:
            code = main(arguments)
        finally:
            for file in files:
                file.close()
    return screen(reader.raw.decode(), columns), code
