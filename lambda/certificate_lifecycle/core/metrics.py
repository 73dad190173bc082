"""The figures of a run in CloudWatch's embedded metric format: a log line, and no call.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

from typing import Any

from certificate_lifecycle.core.run import Run, ScopeStatus

NAMESPACE = "CertificateLifecycle"
#: One dimension: each value of each would be a metric of its own, and paid for as such.
DIMENSION = "Instance"


def embedded_metrics(run: Run) -> dict[str, Any]:
    """Return the document; everything in it is a count."""
    figures = {
        "FailedScopes": len(run.lost),
        "PartialScopes": sum(scope.status is ScopeStatus.PARTIAL for scope in run.scopes),
        "Certificates": run.certificates,
        "Findings": len(run.lost) + len(run.findings),
    }
    definition = {
        "Namespace": NAMESPACE,
        "Dimensions": [[DIMENSION]],
        "Metrics": [{"Name": name, "Unit": "Count"} for name in figures],
    }
    return {
        "_aws": {
            "Timestamp": int(run.finished_at.timestamp() * 1000),
            "CloudWatchMetrics": [definition],
        },
        DIMENSION: run.instance,
        **figures,
    }
