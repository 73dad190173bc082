"""`make playground`: a terminal in an account full of certificates, all on this machine.

    python -m tests.harness.playground

starts the account in a process of its own and prints the variables that lead to it. On a terminal,
it then becomes a shell with these variables; elsewhere it waits for the end of its input.
The account ends with this process, however that ends, and leaves no file and no process behind.

    python -m tests.harness.playground run-rotation FOLDER

invokes the rotation function and prints the e-mail that it has sent.
"""

from __future__ import annotations

import json
import os
import select
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
#: Variables of a shell's start file that would lead to another account.
FOREIGN = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_CA_BUNDLE")
COMMANDS = """\
An account with 29 certificates, most of them in trouble. Nothing leaves this machine. Try:

  certificates scan                                 list the findings
  certificates explain checkout.shop.example.com    why, and what comes next
  certificates plan                                 list the possible actions
  certificates apply checkout.shop.example.com      issue a successor and move the listener to it
  certificates report estate.html                   write a page
  certificates --help                               all commands
  run-rotation                                      run the function, and print its e-mail
"""
_ROTATION = "certificate-lifecycle-rotation"
_INTERRUPTED = 130
_POLL_SECONDS = 0.5
_INVOCATION_SECONDS = 300


class PlaygroundError(Exception):
    """The account could not be started."""


def main() -> int:
    """Start the account, and be its shell, or wait; return the exit code of the process."""
    parent = os.getppid()
    # A shell that starts this process in the background sets SIGINT to be ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGHUP, _interrupt)
    with tempfile.TemporaryDirectory(prefix="playground-", ignore_cleanup_errors=True) as folder:
        try:
            _open(Path(folder), parent)
        except KeyboardInterrupt:
            return _INTERRUPTED
        except PlaygroundError as error:
            print(error, file=sys.stderr)
            return 1
    return 0


def _open(folder: Path, parent: int) -> None:
    account = _start(folder)
    try:
        variables = _variables(account)
        exports = "\n".join(_exports(variables))
        print(f"{exports}\n\n{COMMANDS}", flush=True)
        if sys.stdin.isatty():
            _become_shell(folder, variables, exports)
        print("These lines work in any terminal until this command ends, by Ctrl-C.", flush=True)
        _wait_for_end_of_input(parent)
    finally:
        account.terminate()
        account.wait()


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _start(folder: Path) -> subprocess.Popen[str]:
    """Start the account in a session of its own: Ctrl-C in the shell does not end it."""
    print("Starting an account on this machine (a few seconds)", file=sys.stderr, flush=True)
    environment = {name: os.environ[name] for name in os.environ if not name.startswith("AWS_")}
    environment["PYTHONPATH"] = f"{ROOT / 'lambda'}{os.pathsep}{ROOT}"
    return subprocess.Popen(
        [sys.executable, "-m", "tests.harness.playground_server", str(os.getpid()), str(folder)],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def _variables(account: subprocess.Popen[str]) -> dict[str, str]:
    assert account.stdout is not None
    line = account.stdout.readline()
    if not line:
        raise PlaygroundError("The account did not start; the error is above.")
    variables: dict[str, str] = json.loads(line)
    return variables


def _exports(variables: Mapping[str, str]) -> list[str]:
    """Return the lines that lead a shell to the account."""
    path = {"PATH": f"{variables['PATH'].partition(os.pathsep)[0]}:$PATH"}
    exports = [
        f'export {name}="{value}"' if name in path else f"export {name}={shlex.quote(value)}"
        for name, value in {**variables, **path}.items()
    ]
    foreign = {*FOREIGN, *(name for name in os.environ if name.startswith("AWS_"))}
    return [f"unset {' '.join(sorted(foreign - {*variables}))}", *exports]


def _become_shell(folder: Path, variables: Mapping[str, str], exports: str) -> None:
    """Replace this process by bash, so that no death of a parent leaves the account behind."""
    settings = folder / "bashrc"
    settings.write_text(
        f"[ -r ~/.bashrc ] && . ~/.bashrc\n{exports}\nPS1='(playground) \\W $ '\n",
        encoding="utf-8",
    )
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    print("`exit` ends the playground.", flush=True)
    os.execvpe("bash", ["bash", "--rcfile", str(settings), "-i"], {**kept, **variables})


def _wait_for_end_of_input(parent: int) -> None:
    while os.getppid() == parent:
        ready, _, _ = select.select([sys.stdin], [], [], _POLL_SECONDS)
        if ready and not os.read(sys.stdin.fileno(), 1024):
            return


def run_rotation(mail: Path) -> int:
    """Invoke the rotation function, print the e-mail if one was sent; return an exit code."""
    import boto3  # the shell must not wait for it
    from botocore.config import Config

    before = set(mail.iterdir())
    settings = Config(read_timeout=_INVOCATION_SECONDS, retries={"total_max_attempts": 1})
    invoked = boto3.client("lambda", config=settings).invoke(FunctionName=_ROTATION, Payload=b"{}")
    result = json.loads(invoked["Payload"].read())
    if "FunctionError" in invoked:
        print(f"{_ROTATION} failed: {result['errorMessage']}", file=sys.stderr)
    sent = sorted(set(mail.iterdir()) - before)
    for message in sent:
        print(message.read_text(encoding="utf-8"))
    if not sent:
        print("The function has sent no e-mail: nothing has changed since its last run.")
    return 1 if "FunctionError" in invoked else 0


if __name__ == "__main__":
    sys.exit(run_rotation(Path(sys.argv[2])) if sys.argv[1:] else main())
