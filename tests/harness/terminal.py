"""A terminal of 80 columns with a simulated user.

Output goes through a pseudo-terminal and a terminal emulator, so that colours, progress bars and
wrapped lines appear as users see them.
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
#: More lines than any command prints, so that nothing scrolls away.
LINES = 2_000
#: The end of a question, see click.
_QUESTION = r"\[y/N\]: "
_TIMEOUT_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Shown:
    """The final screen of a command and its exit code.

    `raw` is the output with control characters.
    """

    screen: str
    raw: str
    code: int


def environment(reaching: Mapping[str, str]) -> dict[str, str]:
    """Return an environment with only the variables that are needed to reach an AWS.

    It trusts no certificate of public resolvers, so that no result depends on the internet.
    """
    return {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "HOME": os.devnull,
        "PATH": os.environ.get("PATH", os.defpath),
        "PYTHONPATH": str(ROOT / "lambda"),
        "SSL_CERT_DIR": os.devnull,
        "SSL_CERT_FILE": os.devnull,
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
    """Run `certificates` in a terminal and answer each question with `answer`."""
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


def screen(raw: str, columns: int = COLUMNS) -> str:
    """Return the screen of a terminal after `raw`, without trailing spaces."""
    display = pyte.Screen(columns, LINES)
    stream = pyte.Stream(display)
    stream.feed(raw)
    return "\n".join(line.rstrip() for line in display.display).rstrip("\n") + "\n"
