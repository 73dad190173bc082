"""The runbook has the next step for every verdict, and no unknown verdict."""

from __future__ import annotations

import re
from pathlib import Path

from certificate_lifecycle.model.certificate import Reason, Verdict

RUNBOOK = (Path(__file__).resolve().parents[2] / "docs" / "runbook.md").read_text(encoding="utf-8")


def test_every_verdict_has_a_section() -> None:
    headings = re.findall(r"^## (.*)$", RUNBOOK, re.MULTILINE)
    named = {name for heading in headings for name in re.findall(r"`(\w+)`", heading)}
    assert named == {verdict.value for verdict in Verdict}


def test_reasons_are_spelt_as_messages_spell_them() -> None:
    reasons = {reason.value for reason in Reason}
    bullets = re.findall(r"^- ((?:`\w+`(?:, )?)+):", RUNBOOK, re.MULTILINE)
    named = {name for bullet in bullets for name in re.findall(r"`(\w+)`", bullet)}
    assert named
    assert named - {"PendingConfirmation"} <= reasons
