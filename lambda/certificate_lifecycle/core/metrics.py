"""The figures of a run, and of a pulse, in CloudWatch's embedded metric format: a line, no call.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from certificate_lifecycle.core.model import Severity
from certificate_lifecycle.core.pulse import Pulse
from certificate_lifecycle.core.run import Run, ScopeStatus

NAMESPACE = "CertificateLifecycle"
#: One dimension: each value of each would be a metric of its own, and paid for as such.
DIMENSION = "Instance"
_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def embedded_metrics(run: Run, *, undelivered: bool) -> dict[str, Any]:
    """Return the document of a run; `undelivered` says that its message could not be sent."""
    severities = Counter(entry.decision.severity for entry in run.findings)
    # What was not looked at may hold anything; `run` tells of it as a warning, too.
    severities[Severity.WARNING] += len(run.lost)
    counts = {
        "FailedScopes": len(run.lost),
        "PartialScopes": sum(scope.status is ScopeStatus.PARTIAL for scope in run.scopes),
        "Certificates": run.certificates,
        "Findings": severities.total(),
        "CriticalFindings": severities[Severity.CRITICAL],
        "WarningFindings": severities[Severity.WARNING],
        "InfoFindings": severities[Severity.INFO],
        "UndeliveredAlerts": int(undelivered),
    }
    spans = {"NextExpiryDays": _next_expiry(run)}
    return _document(run.instance, run.finished_at, counts, spans)


def embedded_pulse(pulse: Pulse) -> dict[str, Any]:
    """Return the document of a pulse; what it does not know is left out."""
    counts = {"Pulse": 1, "Listeners": pulse.listeners}
    spans = {
        # Rounded up: what is overdue by a second is overdue.
        "OverdueMinutes": None if pulse.overdue is None else -(-pulse.overdue // _MINUTE),
        "OldestCriticalHours": None if pulse.critical_for is None else pulse.critical_for / _HOUR,
    }
    return _document(pulse.instance, pulse.at, counts, spans)


def _next_expiry(run: Run) -> float | None:
    """Return the days until the next valid certificate ends that something depends on.

    Of other accounts of an organization only findings are known here.
    """
    ends = [
        entry.certificate.not_after
        for entry in run.assessed
        if entry.certificate.used and entry.certificate.not_after is not None
    ]
    left = [end - run.finished_at for end in ends if end > run.finished_at]
    return min(left) / _DAY if left else None


def _document(
    instance: str,
    at: datetime,
    counts: Mapping[str, int | None],
    spans: Mapping[str, float | None],
) -> dict[str, Any]:
    """Return counts, and spans of time in units that CloudWatch has no name for."""
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
