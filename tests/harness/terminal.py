"""A terminal of 80 columns, and somebody who types at it.

What a command prints goes through a real pseudo-terminal and through a terminal emulator, so that
colours, progress bars that erase themselves and folded lines end as people see them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pexpect
import pyte

ROOT = Path(__file__).resolve().parents[2]
COLUMNS = 80
#: More lines than any command prints: nothing scrolls away.
LINES = 2_000
#: What a question ends with, see click.
_QUESTION = r"\[y/N\]: "
_TIMEOUT_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Shown:
    """What a command left on the screen, and how it ended.

    `raw` is what it wrote, control characters included.
    """

    screen: str
    raw: str
    code: int


def environment(reaching: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of somebody who has nothing but what reaches an AWS."""
    return {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "HOME": os.devnull,
        "PATH": os.environ.get("PATH", os.defpath),
        "PYTHONPATH": str(ROOT / "lambda"),
        "TERM": "xterm",
        **reaching,
    }


def type_in(
    arguments: Sequence[str],
    reaching: Mapping[str, str],
    *,
    answer: str = "n",
    folder: Path = ROOT,
) -> Shown:
    """Call `certificates` in a terminal and answer each of its questions with `answer`."""
    child = pexpect.spawn(
        sys.executable,
        ["-m", "certificate_lifecycle", *arguments],
        env=environment(reaching),
        cwd=str(folder),
        dimensions=(50, COLUMNS),
        encoding="utf-8",
        timeout=_TIMEOUT_SECONDS,
    )
    raw = ""
    while child.expect([_QUESTION, pexpect.EOF]) == 0:
        raw += child.before + child.after
        child.sendline(answer)
    raw += child.before
    child.close()
    return Shown(screen=screen(raw), raw=raw, code=child.exitstatus)


def screen(raw: str) -> str:
    """Return what a terminal shows of `raw`, without spaces at the ends of lines."""
    display = pyte.Screen(COLUMNS, LINES)
    stream = pyte.Stream(display)
    stream.feed(raw)
    return "\n".join(line.rstrip() for line in display.display).rstrip("\n") + "\n"
