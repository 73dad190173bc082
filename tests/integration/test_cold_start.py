"""The import of a handler creates no client."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

LAMBDA = Path(__file__).resolve().parents[2] / "lambda"
PROGRAM = """
import sys
import boto3
import botocore.session

def refuse(*args, **kwargs):
    raise AssertionError("a client at import")

botocore.session.Session.create_client = refuse
from certificate_lifecycle.handlers.{handler} import lambda_handler
assert boto3.DEFAULT_SESSION is None
assert callable(lambda_handler)
assert not [name for name in sys.modules if name.startswith("mypy_boto3")]
"""


@pytest.mark.parametrize("handler", ["creation", "rotation"])
def test_importing_a_handler_builds_no_client_and_needs_no_region_or_credentials(
    handler: str, tmp_path: Path
) -> None:
    """Bugs 21 and 49: an environment with only the path of the code."""
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM.format(handler=handler)],
        env={"PYTHONPATH": str(LAMBDA), "HOME": str(tmp_path), "PATH": os.defpath},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
