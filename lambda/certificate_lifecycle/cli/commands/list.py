"""`certificates list`: every certificate on one line, the next expiry first."""

from __future__ import annotations

import math
from typing import Any

import click

from certificate_lifecycle.cli.exit_codes import Exit
from certificate_lifecycle.cli.formats import FORMATS, Listing
from certificate_lifecycle.cli.options import Options, common_options
from certificate_lifecycle.cli.output import WIDE
from certificate_lifecycle.cli.scanning import Scan, scan
from certificate_lifecycle.cli.table import LIST_COLUMNS
from certificate_lifecycle.model.run import Assessment, summary_entry


@click.command("list")
@WIDE
@common_options(*FORMATS, coverage=True, filters=True)
def command(options: Options, *, wide: bool) -> Exit:
    """List all certificates, the next expiry first.

    The verdicts are those of `scan`. Changes nothing. Ends with 0 even if certificates have
    findings, and with 3 if something could not be scanned.
    """
    scanned = scan(options, owners=True)
    entries = sorted(scanned.shown.assessments, key=_expiry)
    FORMATS[options.format](
        Listing(
            scan=scanned,
            entries=entries,
            columns=LIST_COLUMNS,
            document=_document(scanned, entries),
            wide=wide,
        )
    )
    return scanned.exit_code(None)


def _document(scanned: Scan, entries: list[Assessment]) -> dict[str, Any]:
    run = scanned.shown
    certificates = [entry.to_dict(run.started_at) for entry in entries]
    return {**summary_entry(run), "certificates": certificates}


def _expiry(entry: Assessment) -> tuple[float, str, str]:
    """Sort certificates without an expiry date, such as requests, last."""
    certificate = entry.certificate
    ends = certificate.not_after.timestamp() if certificate.not_after else math.inf
    return ends, certificate.domain_name, certificate.arn
