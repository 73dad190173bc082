"""The command line, with arguments that nobody needs and snapshots that nobody took."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from certificate_lifecycle.cli.exits import Exit
from certificate_lifecycle.cli.main import COMMANDS, main
from certificate_lifecycle.cli.snapshots.files import loads
from certificate_lifecycle.errors import SnapshotError
from certificate_lifecycle.log import logger
from tests.fuzz.effort import fuzzed
from tests.fuzz.hostile import UNTYPED, is_plain, json_values, names, texts
from tests.fuzz.lots import seeds
from tests.fuzz.test_leftovers import Mischief

GOLDEN = Path(__file__).resolve().parents[1] / "data" / "snapshots" / "version-1.json"
SNAPSHOT: dict[str, Any] = json.loads(GOLDEN.read_text(encoding="utf-8"))
#: What the program says of an error that it did not foresee.
UNFORESEEN = "This should not happen"


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str


def called(*arguments: str) -> Ended:
    """Call the program as a shell would, and hold it to what holds for every call."""
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
    """Put the log back: a command talks where its process ends, and tests go on."""
    handlers, propagates, level = [*logger.handlers], logger.propagate, logger.level
    yield
    logger.handlers[:], logger.propagate = handlers, propagates
    logger.setLevel(level)


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Be on a machine without credentials, and without a way to look for some."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("HOME", os.devnull)
    monkeypatch.chdir(tmp_path)


def commands(file: str, name: str) -> list[tuple[str, ...]]:
    """Return every way to look at a snapshot."""
    offline = ("--from-snapshot", file)
    return [
        ("scan", *offline),
        ("scan", *offline, "--all", "--threshold-days", "365"),
        ("scan", *offline, "--output", "json"),
        ("scan", *offline, "--output", "csv"),
        ("plan", *offline),
        ("plan", *offline, "--output", "json", name),
        ("explain", *offline, name),
        ("explain", *offline, "--output", "json", name),
        ("report", *offline, "--force", "report.html", "report.csv", "report.json"),
    ]


def meddled(lot: Mischief) -> Any:  # noqa: ANN401 - JSON has any type
    """Return the snapshot with something changed in it, most often deep within what is recorded."""
    changed: dict[str, Any] = dict(SNAPSHOT)
    for _ in range(lot.one((1, 2, 8))):
        key = lot.one(("scopes", "scopes", "scopes", "settings"))
        changed[key] = lot.bent(changed[key])
    if lot.seldom():
        return lot.one((lot.changed, lot.bent))(changed)
    return changed


@fuzzed(120, seed=seeds)
def test_a_snapshot_that_somebody_has_changed_is_looked_at_or_refused(seed: int) -> None:
    lot = Mischief(seed)
    changed = meddled(lot)
    file = lot.one(("snapshot.json", "snapshot.json.gz"))
    content = json.dumps(changed).encode()
    Path(file).write_bytes(gzip.compress(content) if file.endswith(".gz") else content)
    name = lot.one(("www.example.com", "shop.example.com", "*.example.com", lot.text() or "x"))
    arguments = lot.one(commands(file, name.replace("\x00", "")))
    ended = called(*arguments)
    if "json" in arguments and ended.out:
        json.loads(ended.out)
    if "csv" in arguments:
        list(csv.reader(io.StringIO(ended.out), strict=True))


@fuzzed(150, content=st.binary(max_size=40) | json_values.map(lambda v: json.dumps(v).encode()))
def test_whatever_a_file_holds_it_is_a_snapshot_or_one_sentence_says_why_not(
    content: bytes,
) -> None:
    for name, packed in (("a.json", content), ("a.gz", content), ("b.gz", gzip.compress(content))):
        Path(name).write_bytes(packed)
        ended = called("scan", "--from-snapshot", name)
        assert ended.code == Exit.USAGE
        assert ended.out == ""
        assert len(ended.err.splitlines()) <= 3


@pytest.mark.parametrize(
    "text",
    [
        *("", "[" * 100_000, '{"a":' * 100_000, "\ufeff{}", "NaN", '"\\ud800"', "1" * 5000),
        *(json.dumps({**SNAPSHOT, "taken_at": at}) for at in ("0001-01-01T00:00:00Z", "x", "")),
        json.dumps({**SNAPSHOT, "taken_at": "2026-06-01T12:00:00"}),
        json.dumps({**SNAPSHOT, "scopes": SNAPSHOT["scopes"] * 2}),
    ],
    ids=range(12),
)
def test_what_is_no_snapshot_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(SnapshotError) as refused:
        loads(text)
    assert is_plain(str(refused.value))
    assert len(str(refused.value)) < 2000


OPTIONS = (
    *("--profile", "--region", "--regions", "--accounts", "--role-name", "--external-id"),
    *("--threshold-days", "--instance", "--from-snapshot", "--output", "-o", "--quiet", "-v"),
    *("--yes", "--all", "--fail-on", "--force", "--anonymise", "--resolver", "--name", "--tag"),
    *("--wait", "--authority", "--key-algorithm", "--www", "--exportable", "--help", "-h"),
    *("--version", "--", "-", "--\x1b[2J", "--no\u202eoption", "-\x00", "--=", "--output=json"),
)
VALUES = (
    *("eu-west-1", "all", "eu-west-1,\x1b[2J", "123456789012", "none", "json", "csv", "table"),
    *("365", "0", "-1", "1e9", "9" * 5000, "1.2.3.4", "::1", "never", "critical", "a=b", "=", "."),
    *("snapshot.json", "nowhere.json", "report.html", "..", "/", "/dev/null", "a.html/b.html"),
    *("bash", "zsh", "www.example.com", "arn:aws:acm:eu-west-1:123456789012:certificate/a"),
)


def argument(text: str) -> str:
    """Return a text as a process is called with it: bytes without zeros, which Python decodes.

    Those that are no text come as lone surrogates, and go back into the same bytes (PEP 383).
    """
    typed = text.replace("\x00", "")[:2000].encode("utf-8", "surrogatepass")
    return typed.decode("utf-8", "surrogateescape")


@fuzzed(
    250,
    command=st.sampled_from([*COMMANDS, "", "\x1b[2J", "Scan", "scan\u202e"]),
    rest=st.lists(st.sampled_from(OPTIONS) | st.sampled_from(VALUES) | names() | texts, max_size=6),
)
def test_whatever_is_typed_is_done_or_answered_in_a_sentence(command: str, rest: list[str]) -> None:
    Path("snapshot.json").write_text(json.dumps(SNAPSHOT), encoding="utf-8")
    ended = called(*(argument(each) for each in (command, *rest)))
    assert ended.out or ended.err or ended.code == Exit.HEALTHY


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("scan", "--no\x1b[2Jsuch"), "No such option"),
        (("sc\x07an",), "No such command"),
        (("scan", "a\u202eb"), "unexpected extra argument"),
        (("snapshot", "x" * 300), "cannot be written: File name too long"),
        (("report", f"{'x' * 300}.html", "--from-snapshot", "snapshot.json"), "File name too long"),
    ],
)
def test_what_is_wrong_with_what_was_typed_is_told_without_what_steers(
    arguments: tuple[str, ...], told: str
) -> None:
    Path("snapshot.json").write_text(json.dumps(SNAPSHOT), encoding="utf-8")
    ended = called(*arguments)
    assert ended.code == Exit.USAGE
    assert told in " ".join(ended.err.split())
