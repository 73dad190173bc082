"""CloudWatch metrics by way of the function's log."""

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
    """Writes figures where Lambda reads the log of the function, each document on a line.

    Not through `logging`: its JSON formatter would wrap the document in one of its own, and
    CloudWatch would not see it.
    """

    def emit(self, run: Run, *, undelivered: bool) -> None:
        """Write the figures of a run."""
        _write(embedded_metrics(run, undelivered=undelivered))

    def emit_completed(self, metrics: RunMetrics) -> None:
        """Write what a scheduled run measured at its end."""
        _write(embedded_run_metrics(metrics))


def _write(document: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stdout.flush()
