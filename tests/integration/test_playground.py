"""`make playground`: a newcomer tries every command without an account, and nothing is left."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pexpect
import pytest

from tests.harness.documented_commands import commands
from tests.harness.playground import COMMANDS
from tests.harness.terminal import COLUMNS, ROOT

pytestmark = pytest.mark.integration

PROGRAM = [sys.executable, "-u", "-m", "tests.harness.playground"]
PROMPT = r"\(playground\) .*\$ $"
#: The block of docs/cli.md that a newcomer types.
FIRST_LINES = re.compile(r"^```sh\n(git clone (\S+)\n.*?)^```$", re.MULTILINE | re.DOTALL)
NEWCOMER_LINES, NEWCOMER_SECONDS = 8, 180
#: Commands that ask before they write.
WRITING = {"apply", "create", "--issue"}
#: A name of the documentation that is not in the zone of the playground.
ELSEWHERE = re.compile(r"^(?!shop\.)([\w-]+)\.example\.com$")
#: The account needs a few seconds on an idle machine.
SECONDS = 120


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, str]:
    """Return an environment whose temporary files are in `tmp_path`, with a foreign account."""
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / ".bashrc").write_text("export AWS_PROFILE=production\n")
    (tmp_path / "tmp").mkdir()
    return {
        "AWS_PROFILE": "production",
        "AWS_ENDPOINT_URL_ACM": "https://acm.example.com",
        "HOME": str(tmp_path / "home"),
        "PATH": os.environ["PATH"],
        "PYTHONPATH": "lambda",
        "TERM": "dumb",
        "TMPDIR": str(tmp_path / "tmp"),
    }


@contextmanager
def waiting(settings: dict[str, str]) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """Start a playground without a terminal; yield its process and the lines for a shell."""
    with subprocess.Popen(
        PROGRAM,
        cwd=ROOT,
        env=settings,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as playground:
        assert playground.stdout is not None
        lines = list(iter(playground.stdout.readline, "\n"))
        while "Ctrl-C" not in playground.stdout.readline():
            assert playground.poll() is None
        yield playground, lines


@contextmanager
def typing(settings: dict[str, str]) -> Iterator[pexpect.spawn]:
    """Start a playground on a terminal and wait for its prompt."""
    with on_terminal(PROGRAM, ROOT, settings) as terminal:
        terminal.expect(PROMPT)
        yield terminal


@contextmanager
def on_terminal(
    program: list[str], folder: Path, settings: dict[str, str]
) -> Iterator[pexpect.spawn]:
    terminal = pexpect.spawn(
        program[0],
        program[1:],
        cwd=str(folder),
        env=settings,
        dimensions=(50, 200),
        encoding="utf-8",
        timeout=SECONDS,
    )
    try:
        yield terminal
    finally:
        terminal.close(force=True)


def typed(terminal: pexpect.spawn, line: str) -> str:
    """Type a line and return its output, after the next prompt has appeared."""
    terminal.sendline(line)
    terminal.expect(PROMPT)
    return str(terminal.before)


def in_shell(lines: list[str], command: str, settings: dict[str, str]) -> str:
    """Run a command in a shell that has read the lines, and return its output."""
    script = "".join(lines) + command
    shell = ["bash", "--noprofile", "--norc", "-c", script]
    return subprocess.run(
        shell, env=settings, stdout=subprocess.PIPE, text=True, check=False
    ).stdout


def assert_nothing_is_left(settings: dict[str, str]) -> None:
    """Wait until the account of a playground has ended; its files and processes are gone."""
    folder = Path(settings["TMPDIR"])
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline and (list(folder.iterdir()) or processes_of(folder)):
        time.sleep(0.1)
    assert list(folder.iterdir()) == []
    assert processes_of(folder) == []


def processes_of(folder: Path) -> list[str]:
    """Return the processes whose command line or environment names the folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            named = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
        except OSError:  # it ended, or belongs to another user
            continue
        if str(folder).encode() in named:
            found.append(named.decode(errors="replace"))
    return found


@pytest.mark.nightly
def test_the_printed_lines_lead_any_shell_to_the_account_and_end_with_the_input(
    settings: dict[str, str],
) -> None:
    with waiting(settings) as (playground, lines):
        scan = "certificates scan --instance none --output json"
        found = json.loads(in_shell(lines, scan, settings))
        assert playground.stdin is not None
        playground.stdin.close()
        assert playground.wait(SECONDS) == 0
    assert found["counts"]["Healthy"] > 3
    assert len({finding["verdict"] for finding in found["findings"]}) > 10
    # The resolvers of the playground have answered; no others are known to `certificates`.
    (scope,) = found["scopes"]
    assert scope["public_dns"]["checked"] > 10
    assert_nothing_is_left(settings)


@pytest.mark.nightly
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_a_playground_that_is_stopped_leaves_nothing_behind(
    settings: dict[str, str], how: signal.Signals
) -> None:
    with waiting(settings) as (playground, _):
        playground.send_signal(how)
        assert playground.wait(SECONDS) == (-how if how == signal.SIGKILL else 130)
    assert_nothing_is_left(settings)


@pytest.mark.nightly
def test_an_interrupted_start_leaves_nothing_behind(settings: dict[str, str]) -> None:
    with on_terminal(PROGRAM, ROOT, settings) as terminal:
        terminal.expect("Starting")
        terminal.sendintr()
        terminal.expect(pexpect.EOF)
        assert "Traceback" not in terminal.before
    assert_nothing_is_left(settings)


@pytest.mark.nightly
@pytest.mark.parametrize("how", ["exit", "hangup", "kill"])
def test_the_account_ends_with_its_shell(settings: dict[str, str], how: str) -> None:
    with typing(settings) as terminal:
        # Ctrl-C ends a command, and not the playground.
        terminal.sendline("sleep 600")
        while terminal.expect([PROMPT, pexpect.TIMEOUT], timeout=1):
            terminal.sendintr()
        assert "29 certificates" in typed(terminal, "certificates scan")
        if how == "exit":
            terminal.sendline("exit")
            terminal.expect(pexpect.EOF)
        elif how == "kill":
            terminal.kill(signal.SIGKILL)
    assert_nothing_is_left(settings)


@pytest.mark.nightly
def test_each_documented_command_works(settings: dict[str, str], tmp_path: Path) -> None:
    documented = {command.words for command in commands("certificates") if command.whole}
    with waiting(settings) as (_, lines):
        for words in sorted(documented, key=lambda words: (writes(words), words)):
            line = shlex.join(ELSEWHERE.sub(r"\1.shop.example.com", word) for word in words)
            agreed = " --yes" if writes(words) else ""
            run = f"cd {tmp_path} && {line}{agreed} 2>&1; echo Exit code: $?"
            output = in_shell(lines, run, settings)
            # 1: there are findings; 3: a drill could check only a part.
            codes = "[013]" if "drill" in words else "[01]"
            assert re.search(rf"Exit code: {codes}$", output), f"{line}\n{output}"
            assert "Error" not in output, f"{line}\n{output}"
    assert {"apply", "create", "drill", "explain", "scan"} <= {words[1] for words in documented}


def writes(words: tuple[str, ...]) -> bool:
    return not WRITING.isdisjoint(words)


def newcomer_lines() -> tuple[list[str], str]:
    """Return what docs/cli.md says to type, and the address of the repository in it."""
    match = FIRST_LINES.search((ROOT / "docs" / "cli.md").read_text(encoding="utf-8"))
    assert match is not None
    return match[1].splitlines(), match[2]


def test_a_newcomer_types_few_lines_and_reads_narrow_ones() -> None:
    lines, _ = newcomer_lines()
    assert len(lines) < NEWCOMER_LINES
    assert "\n".join(lines) in (ROOT / "README.md").read_text(encoding="utf-8")
    assert max(map(len, COMMANDS.splitlines())) <= COLUMNS
    assert lines[-2:] == ["make playground", "certificates scan"]


@pytest.mark.nightly
def test_a_newcomer_reaches_a_scan_within_three_minutes_of_the_clone(
    settings: dict[str, str], tmp_path: Path
) -> None:
    lines, address = newcomer_lines()
    instead = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.file://{ROOT}.insteadOf",
        "GIT_CONFIG_VALUE_0": address,
        **{name: value for name, value in os.environ.items() if name.startswith("PIP_")},
    }
    # Beside many other processes, the time says nothing about the time of a newcomer.
    busy = os.getloadavg()[0] > 2 * (os.cpu_count() or 1)
    started = time.monotonic()
    with on_terminal(["bash", "--norc"], tmp_path, settings | instead) as terminal:
        for line in lines:
            terminal.sendline(line)
            if line == "make playground":
                found = terminal.expect([PROMPT, "make: .* Error"], timeout=3 * NEWCOMER_SECONDS)
                if found and "No matching distribution" in terminal.before:
                    pytest.skip("the packages could not be installed; is there a registry?")
                assert found == 0, terminal.before
        terminal.expect("29 certificates in account")
        terminal.expect(PROMPT)
        seconds = time.monotonic() - started
    assert busy or seconds < NEWCOMER_SECONDS
    assert_nothing_is_left(settings)


@pytest.mark.nightly
def test_each_command_of_the_first_screen_works(settings: dict[str, str], tmp_path: Path) -> None:
    commands = [line.split("  ")[1] for line in COMMANDS.splitlines() if line.startswith("  ")]
    assert len(commands) == 8
    output = {}
    with typing(settings) as terminal:
        typed(terminal, f"cd {tmp_path}")
        for command in commands:
            agreed = f"{command} --yes" if " apply " in command else command
            output[command] = typed(terminal, agreed)
            assert "Error" not in output[command]
    (apply,) = (command for command in commands if " apply " in command)
    assert "serves the successor" in " ".join(output[apply].split())
    assert "<html" in (tmp_path / "estate.html").read_text()
    assert "Subject: [critical]" in output["run-rotation"]
    assert_nothing_is_left(settings)
