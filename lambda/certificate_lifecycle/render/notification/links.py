"""Links from a message to the report, the log and the runbook."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from certificate_lifecycle.model.certificate import Verdict
from certificate_lifecycle.model.run import Run
from certificate_lifecycle.model.scope import Scope
from certificate_lifecycle.render.aws_console import console_host

#: The runbook in the repository of this module.
_RUNBOOK = "docs/runbook.md"
#: The last lines of a run follow its message.
_AFTERWARDS = timedelta(hours=1)
_S3 = "s3://"
_PLAIN = re.compile(r"[A-Za-z0-9._-]")


def everything_link(run: Run) -> str:
    """Return where all findings are: the report, or else the log lines of the run."""
    home = None if run.function_arn is None else Scope.from_arn(run.function_arn)
    if run.report is not None:
        return report_link(run.report, home)
    if run.function_arn is None or home is None:
        return "the log of the run"
    return log_link(run, run.function_arn.split(":")[6], home)


def report_link(report: str, home: Scope | None) -> str:
    """Return the page of the console that opens a report, or its address in S3."""
    host = None if home is None else console_host(home)
    if home is None or host is None or not report.startswith(_S3):
        return report
    bucket, _, key = report.removeprefix(_S3).partition("/")
    return f"https://{host}/s3/object/{bucket}?region={home.region}&prefix={_encoded(key, '%')}"


def log_link(run: Run, function: str, home: Scope) -> str:
    """Return the query of CloudWatch Logs Insights that shows the lines of a run.

    The console reads the query from the fragment: JSURL, in which `*` and two digits stand for a
    character, and `$` for the `%` of a URL.
    """
    group, host = f"/aws/lambda/{function}", console_host(home)
    if host is None:
        return f"log group {group}"
    query = f'fields @timestamp, level, message | filter @message like "{run.run_id}"'
    parts = (
        f"end~'{_instant(run.finished_at + _AFTERWARDS)}",
        f"start~'{_instant(run.started_at)}",
        "timeType~'ABSOLUTE",
        "tz~'UTC",
        f"editorString~'{_encoded(query, '*')}",
        f"source~(~'{_encoded(group, '*')})",
    )
    return (
        f"https://{host}/cloudwatch/home?region={home.region}"
        f"#logsV2:logs-insights$3FqueryDetail$3D~({'~'.join(parts)})"
    )


def runbook_link(run: Run, verdict: Verdict) -> str:
    """Return the section of the runbook about a verdict; only its name without an address."""
    return f"{run.runbook_url or _RUNBOOK}#{verdict.value.lower()}"


def _instant(at: datetime) -> str:
    return _encoded(f"{at:%Y-%m-%dT%H:%M:%S}.000Z", "*")


def _encoded(text: str, mark: str) -> str:
    """Return a text with `mark` and two digits for special characters.

    The mark of a URL is `%`, that of JSURL `*` (https://github.com/Sage/jsurl).
    """
    return "".join(
        chr(byte) if _PLAIN.match(chr(byte)) else f"{mark}{byte:02X}" for byte in text.encode()
    )
