"""What follows from the facts about a certificate alone, and from a decision."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from certificate_lifecycle.model.certificate import (
    Action,
    Certificate,
    CertificateStatus,
    CertificateType,
    Decision,
    Reason,
    Severity,
    Verdict,
)
from tests.unit.builders import NOW, arn, certificate, days, imported, judged


def test_a_certificate_with_few_fields_has_empty_properties() -> None:
    little = Certificate(
        arn=arn(),
        names=(),
        status=CertificateStatus.ISSUED,
        type=CertificateType.AMAZON_ISSUED,
        key_algorithm="RSA_2048",
    )
    assert not little.used
    assert not little.exportable
    assert little.names_complete
    assert (little.renewal_eligible, little.lifetime, little.domain_name) == (None, None, "")


def test_a_life_has_a_length_only_if_it_begins_before_it_ends() -> None:
    assert certificate(not_before=NOW, ends_in=days(2)).lifetime == days(2)
    assert certificate(not_before=NOW, ends_in=None).lifetime is None
    assert certificate(not_before=None).lifetime is None
    assert certificate(not_before=NOW, ends_in=days(0)).lifetime is None


@pytest.mark.parametrize(
    ("severity", "action", "reportable"),
    [
        (Severity.OK, Action.NONE, False),
        (Severity.INFO, Action.NONE, False),
        (Severity.INFO, Action.INVESTIGATE, True),
        (Severity.WARNING, Action.NONE, True),
        (Severity.CRITICAL, Action.NONE, True),
    ],
)
def test_urgent_findings_and_findings_with_a_next_step_are_reportable(
    severity: Severity, action: Action, *, reportable: bool
) -> None:
    reason = Reason.MANAGED_BY_OTHER_TOOL
    decision = Decision(Verdict.EXTERNALLY_MANAGED, severity, reason, "It ends.", action)
    assert decision.reportable is reportable


def test_a_finding_that_is_not_reportable_is_not_muted() -> None:
    unused = replace(judged(certificate(in_use=False)), muted_until=date(2026, 7, 1))
    due = replace(judged(imported(ends_in=days(3))), muted_until=date(2026, 7, 1))
    assert (unused.muted, due.muted) == (False, True)
