"""Deciding needs nothing that is installed: no SDK, no network, not even site-packages."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

LAMBDA = Path(__file__).resolve().parents[2] / "lambda"
PARTS = ("model", "parsing", "policy", "render", "app")
MODULES = [
    ".".join(path.relative_to(LAMBDA).with_suffix("").parts)
    for part in (*PARTS, "handlers/config.py", "handlers/events.py")
    for path in [LAMBDA / "certificate_lifecycle" / part]
    for path in ([path] if path.suffix else sorted(path.rglob("*.py")))
]
CODE = """
import importlib, json, sys
sys.path.insert(0, sys.argv[1])
for name in sys.argv[2:]:
    importlib.import_module(name)
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def test_decisions_settings_events_and_use_cases_run_on_a_bare_python() -> None:
    answer = subprocess.run(
        [sys.executable, "-I", "-S", "-c", CODE, str(LAMBDA), *MODULES],
        capture_output=True,
        check=True,
        text=True,
    )
    loaded = set(json.loads(answer.stdout))
    assert "certificate_lifecycle" in loaded
    assert loaded.isdisjoint({"boto3", "botocore", "urllib3", "socket", "ssl", "http"})
