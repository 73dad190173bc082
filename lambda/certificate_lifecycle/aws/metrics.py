"""CloudWatch metrics by way of the function's log."""

from __future__ import annotations

import json
import sys

from certificate_lifecycle.core.metrics import embedded_metrics
from certificate_lifecycle.core.run import Run


class EmbeddedMetrics:
    """Writes the figures of a run where Lambda reads the log of the function.

    Not through `logging`: its JSON formatter would wrap the document in one of its own, and
    CloudWatch would not see it.
    """

    def emit(self, run: Run) -> None:
        """Write the figures on one line of standard output."""
        sys.stdout.write(json.dumps(embedded_metrics(run)) + "\n")
        sys.stdout.flush()
