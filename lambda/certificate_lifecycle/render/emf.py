"""The metrics of a run in CloudWatch's embedded metric format: log lines, no API call.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from certificate_lifecycle.model.certificate import Severity
from certificate_lifecycle.model.run import Run, ScopeStatus

NAMESPACE = "CertificateLifecycle"
#: The only dimension: every value of another one would be a metric to pay for.
DIMENSION = "Instance"
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunMetrics:
    """What a scheduled run measures at its end; None is unknown.

    `confirmed_subscriptions` are those of the topic, and `oldest_critical` is how long the oldest
    open critical finding has been known, zero if there is none.
    """

    instance: str
    finished_at: datetime
    confirmed_subscriptions: int | None = None
    oldest_critical: timedelta | None = None


def embedded_metrics(run: Run, *, undelivered: bool) -> dict[str, Any]:
    """Return the metrics of a run; `undelivered` is true if its message could not be sent."""
    severities = Counter(entry.decision.severity for entry in run.findings)
    # A failed scope counts as a warning, as in the message.
    severities[Severity.WARNING] += len(run.failed_scopes)
    severities[Severity.INFO] += bool(run.not_listed)
    counts = {
        "FailedScopes": len(run.failed_scopes),
        "PartialScopes": sum(scope.status is ScopeStatus.PARTIAL for scope in run.scopes),
        "Certificates": run.certificates,
        "IgnoredCertificates": run.ignored,
        "Findings": severities.total(),
        "CriticalFindings": severities[Severity.CRITICAL],
        "WarningFindings": severities[Severity.WARNING],
        "InfoFindings": severities[Severity.INFO],
        "UndeliveredAlerts": int(undelivered),
    }
    spans = {"NextExpiryDays": _next_expiry(run)}
    return _document(run.instance, run.finished_at, counts, spans)


def embedded_run_metrics(metrics: RunMetrics) -> dict[str, Any]:
    """Return the metrics of a completed scheduled run, without unknown ones."""
    oldest = metrics.oldest_critical
    counts = {"RunsCompleted": 1, "ConfirmedSubscriptions": metrics.confirmed_subscriptions}
    spans = {"OldestCriticalHours": None if oldest is None else oldest / _HOUR}
    return _document(metrics.instance, metrics.finished_at, counts, spans)


def _next_expiry(run: Run) -> float | None:
    """Return the days until the next certificate in use expires."""
    found = run.next_expiry
    return (found[0] - run.finished_at) / _DAY if found else None


def _document(
    instance: str,
    at: datetime,
    counts: Mapping[str, int | None],
    spans: Mapping[str, float | None],
) -> dict[str, Any]:
    """Return counts, and spans in units that CloudWatch does not have."""
    figures = {name: value for name, value in {**counts, **spans}.items() if value is not None}
    definition = {
        "Namespace": NAMESPACE,
        "Dimensions": [[DIMENSION]],
        "Metrics": [
            {"Name": name, "Unit": "Count" if name in counts else "None"} for name in figures
        ],
    }
    return {
        "_aws": {"Timestamp": int(at.timestamp() * 1000), "CloudWatchMetrics": [definition]},
        DIMENSION: instance,
        **figures,
    }
