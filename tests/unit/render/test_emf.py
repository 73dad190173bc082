"""The figures are what alarms, the dashboard and the page of alarms ask for, by name and unit."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from certificate_lifecycle.model.run import ScopeStatus
from certificate_lifecycle.render.emf import (
    RunMetrics,
    embedded_metrics,
    embedded_run_metrics,
)
from tests.unit.builders import NOW, arn, certificate, days, imported, judged, run, scope

ROOT = Path(__file__).parents[3]
ALARMS = [ROOT / "main.tf", ROOT / "modules" / "watch" / "main.tf"]
WHOLE = run(
    judged(imported(arn=arn("soon"), ends_in=days(3))),
    judged(imported(arn=arn("due"), ends_in=days(20))),
    judged(imported(arn=arn("late"), ends_in=days(21))),
    judged(certificate(arn=arn("unused"), in_use=False)),
    judged(certificate(arn=arn("healthy"))),
    scopes=(
        scope(certificates=5, ignored=7),
        scope(ScopeStatus.FAILED, error="no answer"),
        scope(ScopeStatus.FAILED, error="no answer"),
        *(scope(ScopeStatus.PARTIAL, error="no tags") for _ in range(4)),
    ),
    finished_at=NOW,
)
COMPLETED = RunMetrics(
    instance="watch",
    finished_at=NOW,
    confirmed_subscriptions=2,
    oldest_critical=timedelta(hours=36),
)


def document(instance: str, units: dict[str, str], **figures: float) -> dict[str, Any]:
    """Return figures as CloudWatch takes them out of a line of a log."""
    definition = {
        "Namespace": "CertificateLifecycle",
        "Dimensions": [["Instance"]],
        "Metrics": [{"Name": name, "Unit": units.get(name, "Count")} for name in figures],
    }
    at = int(NOW.timestamp()) * 1000
    return {
        "_aws": {"Timestamp": at, "CloudWatchMetrics": [definition]},
        "Instance": instance,
        **figures,
    }


def test_a_muted_finding_is_counted_like_any_other() -> None:
    muted = run(
        *(replace(entry, muted_until=date(2026, 7, 1)) for entry in WHOLE.assessments),
        scopes=WHOLE.scopes,
        finished_at=NOW,
    )
    assert embedded_metrics(muted, undelivered=False) == embedded_metrics(WHOLE, undelivered=False)


def test_a_run_counts_what_it_saw_and_what_it_found() -> None:
    assert embedded_metrics(WHOLE, undelivered=True) == document(
        "certificate-lifecycle",
        {"NextExpiryDays": "None"},
        FailedScopes=2,
        PartialScopes=4,
        Certificates=5,
        IgnoredCertificates=7,
        Findings=6,
        CriticalFindings=1,
        WarningFindings=4,
        InfoFindings=1,
        UndeliveredAlerts=1,
        NextExpiryDays=3,
    )


def test_what_has_ended_and_what_has_no_end_is_not_the_next_to_end() -> None:
    ended, endless = judged(imported(ends_in=timedelta())), judged(imported(ends_in=None))
    found = run(ended, endless, finished_at=NOW)
    assert "NextExpiryDays" not in embedded_metrics(found, undelivered=False)


def test_a_completed_run_counts_itself_and_the_subscriptions() -> None:
    assert embedded_run_metrics(COMPLETED) == document(
        "watch",
        {"OldestCriticalHours": "None"},
        RunsCompleted=1,
        ConfirmedSubscriptions=2,
        OldestCriticalHours=36,
    )


def test_zero_is_a_value_and_an_unknown_value_is_left_out() -> None:
    nothing = RunMetrics(
        instance="watch", finished_at=NOW, confirmed_subscriptions=0, oldest_critical=timedelta()
    )
    assert embedded_run_metrics(nothing) == document(
        "watch",
        {"OldestCriticalHours": "None"},
        RunsCompleted=1,
        ConfirmedSubscriptions=0,
        OldestCriticalHours=0,
    )
    unknown = RunMetrics(instance="watch", finished_at=NOW)
    assert embedded_run_metrics(unknown) == document("watch", {}, RunsCompleted=1)


@pytest.mark.parametrize("file", ALARMS, ids=["root", "watch"])
def test_alarms_ask_for_figures_that_are_written(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    written = {*embedded_metrics(WHOLE, undelivered=False), *embedded_run_metrics(COMPLETED)}
    (definition,) = embedded_run_metrics(COMPLETED)["_aws"]["CloudWatchMetrics"]
    asked = set(re.findall(r'metric_name\s+= "(\w+)"', text))
    assert asked - {"Errors", "NumberOfNotificationsFailed"} <= written
    assert asked & written
    assert re.search(rf'namespace\s+= "{definition["Namespace"]}"', text)


def test_every_figure_stands_on_the_page_of_alarms() -> None:
    page = (ROOT / "docs" / "alarms.md").read_text(encoding="utf-8")
    written = {**embedded_metrics(WHOLE, undelivered=False), **embedded_run_metrics(COMPLETED)}
    for name in written.keys() - {"_aws", "Instance"}:
        assert f"`{name}`" in page
