"""The examples of docs/cli.md are run, and their output is compared with the page."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.embedded_aws.cloud import Cloud
from tests.harness.story import PAGE, alike, examples, fill, run_examples
from tests.harness.terminal import COLUMNS
from tests.harness.terminal import environment as shell

pytestmark = pytest.mark.integration


@pytest.mark.nightly
def test_each_example_prints_the_output_on_the_page(cloud: Cloud) -> None:
    """`python -m tests.harness.story` rewrites the page."""
    cloud.now = None
    page = PAGE.read_text(encoding="utf-8")
    shown = run_examples(cloud, page)
    recorded = list(examples(page))
    assert len(recorded) > 5
    for expected, found in zip(recorded, shown, strict=True):
        assert alike(found.shown).rstrip() == alike(expected.shown).rstrip(), expected.command


def test_the_examples_fit_a_terminal_of_80_columns() -> None:
    wide = [
        line
        for example in examples(PAGE.read_text(encoding="utf-8"))
        for line in example.shown.splitlines()
        if len(line) > COLUMNS
    ]
    assert wide == []


@pytest.fixture
def steps() -> dict[str, str]:
    """Return the commands of the job on the page, by step name."""
    page = PAGE.read_text(encoding="utf-8")
    (block,) = re.findall(r"^```yaml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    job: dict[str, Any] = yaml.safe_load(block)["jobs"]["scan"]
    return {step["name"]: step["run"] for step in job["steps"] if "name" in step and "run" in step}


def test_the_job_fails_if_a_certificate_needs_attention_and_keeps_the_findings(
    cloud: Cloud, steps: dict[str, str], tmp_path: Path
) -> None:
    """Each step runs in a shell with the options of the job's runner."""
    cloud.now = None
    program = tmp_path / "bin" / "certificates"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m certificate_lifecycle "$@"\n')
    program.chmod(0o755)
    variables = shell(cloud.environment())
    variables["PATH"] = f"{program.parent}:{variables['PATH']}"

    def runs(name: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", steps[name]],
            cwd=tmp_path,
            env=variables,
            capture_output=True,
            text=True,
            check=False,
        )

    assert runs("Scan all certificates").returncode == 0
    fill(cloud)
    assert runs("Scan all certificates").returncode == 1
    found = json.loads((tmp_path / "certificates.json").read_text(encoding="utf-8"))["findings"]
    assert len(found) == 4
    if shutil.which("jq"):
        lines = runs("Print the findings").stdout
        assert lines.startswith("critical ImportDue legacy.example.com: It was imported")
        assert len(lines.splitlines()) == 4
