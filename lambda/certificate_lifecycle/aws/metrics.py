"""CloudWatch metrics in the log of the function (embedded metric format)."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

from certificate_lifecycle.model.run import Run
from certificate_lifecycle.render.emf import (
    RunMetrics,
    embedded_metrics,
    embedded_run_metrics,
)


class EmbeddedMetrics:
    """Writes each document as a line of the function's log.

    Not through `logging`: CloudWatch ignores a document inside the one of its JSON formatter.
    """

    def emit(self, run: Run, *, undelivered: bool) -> None:
        """Write the metrics of a run."""
        _write(embedded_metrics(run, undelivered=undelivered))

    def emit_completed(self, metrics: RunMetrics) -> None:
        """Write the metrics that a scheduled run measures at its end."""
        _write(embedded_run_metrics(metrics))


def _write(document: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stdout.flush()
