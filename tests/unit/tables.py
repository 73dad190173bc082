"""The tables of accepted and refused values in tests/data, shared with the Terraform tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

DATA = Path(__file__).resolve().parents[1] / "data"


def accepted(name: str) -> dict[str, Any]:
    """Return the accepted values of a table by why they are accepted."""
    return _values(name, "accepted")


def refused(name: str) -> dict[str, Any]:
    """Return the refused values of a table by why they are refused."""
    return _values(name, "refused")


def name_sets() -> dict[str, dict[str, dict[str, str]]]:
    """Return sets of names as a function's environment, by whether and why they are accepted."""
    table = json.loads((DATA / "name_sets.json").read_text(encoding="utf-8"))
    return {
        kind: {row["because"]: _environment(row["inputs"]) for row in table[kind]}
        for kind in ("accepted", "refused")
    }


def _environment(inputs: dict[str, Any]) -> dict[str, str]:
    return {
        name.upper(): value if isinstance(value, str) else json.dumps(value)
        for name, value in inputs.items()
    }


def _values(name: str, kind: str) -> dict[str, Any]:
    rows = json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))[kind]
    values = {f"{row['value']!r}"[:40] + f": {row['because']}": row["value"] for row in rows}
    assert len(values) == len(rows)
    return values
