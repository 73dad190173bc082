"""`make demo` shows the documented steps and leaves nothing behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.terraform import REPOSITORY

pytestmark = [pytest.mark.terraform, pytest.mark.usefixtures("terraform")]

WHOLE_SECONDS = 300
UNDER_WAY = "terraform apply"


@pytest.fixture
def temporary() -> Iterator[Path]:
    """Return a folder with a short path, because of the limit for the provider's socket."""
    with tempfile.TemporaryDirectory(prefix="demo-") as directory:
        yield Path(directory)


def start(temporary: Path) -> subprocess.Popen[str]:
    environment = os.environ | {"PYTHONPATH": "lambda", "TMPDIR": str(temporary)}
    return subprocess.Popen(
        [sys.executable, "-u", "-m", "tests.harness.demo"],
        cwd=REPOSITORY,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def processes_below(temporary: Path) -> list[str]:
    """Return the processes whose working folder is below `temporary`: terraform and provider."""
    return [
        entry.name
        for entry in Path("/proc").glob("[0-9]*")
        if (entry / "cwd").is_symlink() and _readable(entry / "cwd").startswith(str(temporary))
    ]


def _readable(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:  # it ended, or belongs to another user
        return ""


def test_the_demo_issues_repairs_replaces_and_destroys(temporary: Path) -> None:
    with start(temporary) as demo:
        output, _ = demo.communicate(timeout=WHOLE_SECONDS)

    assert demo.returncode == 0, output
    assert "a second terraform plan is empty" in output
    assert re.search(r"dev\.shop\.example\.com +RenewalBlocked +this stack +done", output)
    assert "certificates of other teams are reported, and unchanged" in output
    assert "REPAIRED IN THIS RUN" in output
    assert "under the same ARN" in output
    assert "the listener serves the successor" in output
    assert "the certificates are still in ACM" in output
    assert list(temporary.iterdir()) == []


@pytest.mark.nightly
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM], ids=["interrupt", "terminate"])
def test_an_interrupted_demo_leaves_nothing_behind(temporary: Path, how: signal.Signals) -> None:
    with start(temporary) as demo:
        assert demo.stdout is not None
        while UNDER_WAY not in (line := demo.stdout.readline()):
            assert line or demo.poll() is None, "the demo ended before it applied anything"
        time.sleep(3)  # by then, terraform has started its provider
        demo.send_signal(how)
        output, _ = demo.communicate(timeout=WHOLE_SECONDS)

    assert demo.returncode == 130, output
    assert "Traceback" not in output
    assert list(temporary.iterdir()) == []
    assert processes_below(temporary) == []
