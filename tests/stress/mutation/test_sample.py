"""A few mutations are tried with every state of the sources; `make mutation` tries them all."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.stress.mutation.project import OURS

#: Each takes a second or three, and one that no test notices as long as all unit tests.
COUNT = 5


@pytest.mark.nightly
def test_a_sample_of_the_mutations_is_noticed() -> None:
    """Which ones depends on the sources alone, and so does what becomes of them."""
    ran = subprocess.run(
        [sys.executable, "-m", "tests.stress.mutation", "--sample", str(COUNT)],
        cwd=OURS.root,
        env={**os.environ, "PYTHONPATH": f"lambda{os.pathsep}.", "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
