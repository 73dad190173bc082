"""The command line with arbitrary arguments."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import strategies as st

from certificate_lifecycle.cli.exit_codes import Exit
from certificate_lifecycle.cli.main import COMMANDS, main
from certificate_lifecycle.log import logger
from tests.stress.fuzz.effort import fuzzed
from tests.stress.fuzz.hostile import UNTYPED, is_plain, names, texts

#: The program's message for an unexpected error.
UNFORESEEN = "This should not happen"


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str


def called(*arguments: str) -> Ended:
    """Call the program like a shell, and check the general rules for every call."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(arguments)
    ended = Ended(code, out.getvalue(), err.getvalue())
    assert ended.code in set(Exit)
    for text in (ended.out, ended.err):
        assert is_plain(text, lines=True), ascii(text)
        assert "Traceback" not in text
        assert UNFORESEEN not in text, text
        assert not UNTYPED.search(text), text
    return ended


@pytest.fixture(autouse=True)
def log_as_it_was() -> Iterator[None]:
    """Restore the log, because a command changes its process's log."""
    handlers, propagates, level = [*logger.handlers], logger.propagate, logger.level
    yield
    logger.handlers[:], logger.propagate = handlers, propagates
    logger.setLevel(level)


@pytest.fixture(autouse=True)
def no_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Simulate a machine without credentials."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("HOME", os.devnull)
    monkeypatch.chdir(tmp_path)


OPTIONS = (
    *("--profile", "--region", "--regions", "--accounts", "--role-name", "--external-id"),
    *("--threshold-days", "--instance", "--output", "-o", "--quiet", "-v"),
    *("--no-scope", "--include-domain", "--exclude-domain", "--include-tag", "--unmanaged-mode"),
    *("--yes", "--all", "--fail-on", "--force", "--resolver", "--name", "--tag"),
    *("--wait", "--authority", "--key-algorithm", "--www", "--exportable", "--help", "-h"),
    *("--version", "--", "-", "--\x1b[2J", "--no\u202eoption", "-\x00", "--=", "--output=json"),
)
VALUES = (
    *("eu-west-1", "all", "eu-west-1,\x1b[2J", "123456789012", "none", "json", "csv", "table"),
    *("365", "0", "-1", "1e9", "9" * 5000, "1.2.3.4", "::1", "never", "critical", "a=b", "=", "."),
    *("off", "https://localhost:1/a", "https://127.0.0.1:1/a"),
    *("nowhere.json", "report.html", "..", "/", "/dev/null", "a.html/b.html"),
    *("bash", "zsh", "www.example.com", "arn:aws:acm:eu-west-1:123456789012:certificate/a"),
)


def argument(text: str) -> str:
    """Return a text as a process receives it: bytes without zeros, decoded by Python.

    Invalid bytes become lone surrogates, which encode to the same bytes (PEP 383).
    """
    typed = text.replace("\x00", "")[:2000].encode("utf-8", "surrogatepass")
    return typed.decode("utf-8", "surrogateescape")


@fuzzed(
    250,
    command=st.sampled_from([*COMMANDS, "", "\x1b[2J", "Scan", "scan\u202e"]),
    rest=st.lists(st.sampled_from(OPTIONS) | st.sampled_from(VALUES) | names() | texts, max_size=6),
)
def test_every_command_line_is_executed_or_rejected_with_a_message(
    command: str, rest: list[str]
) -> None:
    ended = called(*(argument(entry) for entry in (command, *rest)))
    assert ended.out or ended.err or ended.code == Exit.HEALTHY


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("scan", "--no\x1b[2Jsuch"), "No such option"),
        (("sc\x07an",), "No such command"),
        (("scan", "a\u202eb"), "unexpected extra argument"),
        (("report", f"{'x' * 300}.html"), "cannot be written: File name too long"),
    ],
)
def test_errors_about_arguments_have_no_control_characters(
    arguments: tuple[str, ...], message: str
) -> None:
    ended = called(*arguments)
    assert ended.code == Exit.USAGE
    assert message in " ".join(ended.err.split())
