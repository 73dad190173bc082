"""`certificates readiness`: who renews each certificate, and what prevents that by a date."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from certificate_lifecycle.cli.exit_codes import Exit
from certificate_lifecycle.cli.options import Options, common_options
from certificate_lifecycle.cli.output import (
    WIDE,
    console,
    counted,
    error_console,
    indented,
    location,
    print_json,
    print_scopes,
)
from certificate_lifecycle.cli.readiness_details import ReadinessDetails
from certificate_lifecycle.cli.scanning import Scan, interruptible_work, scan
from certificate_lifecycle.cli.session import current_time
from certificate_lifecycle.cli.table import Column, Fit, name_of, owner_of, print_table
from certificate_lifecycle.model.sanitize import clean
from certificate_lifecycle.policy.readiness.blockers import Blocker
from certificate_lifecycle.policy.readiness.outlook import (
    SHORTEST_LIVES,
    CertificateReadiness,
    Readiness,
    readiness,
)

#: Nobody knows the rules of a later time.
_LATEST = timedelta(days=3653)
_INDENT = 2


_COLUMNS: Sequence[Column[CertificateReadiness]] = (
    Column("CERTIFICATE", lambda entry, _: name_of(entry.case.certificate), Fit.CUT_MIDDLE),
    Column("ENDS", lambda entry, _: f"{entry.ends_at:%Y-%m-%d}" if entry.ends_at else ""),
    Column(
        "BLOCKERS",
        lambda entry, _: ", ".join(blocker.rule.kind.value for blocker in entry.blockers),
        Fit.CUT_END,
        coloured=True,
    ),
    Column("OWNER", lambda entry, _: owner_of(entry.case.entry), Fit.LEFT_OUT),
    Column("REGION", lambda entry, _: entry.case.certificate.region, Fit.LEFT_OUT),
    Column("ACCOUNT", lambda entry, _: entry.case.certificate.account_id, Fit.LEFT_OUT),
)


def _date(_: click.Context, __: click.Parameter, value: str) -> datetime:
    """Return the start of a day in UTC; it may not be past, nor far away."""
    try:
        day = datetime.strptime(value, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise click.BadParameter(f"{value!r} is not a date like 2029-03-15") from None
    today = current_time().replace(hour=0, minute=0, second=0, microsecond=0)
    if not today <= day <= today + _LATEST:
        raise click.BadParameter(
            f"{value} is not between today, {today:%Y-%m-%d}, and {today + _LATEST:%Y-%m-%d}"
        )
    return day


@click.command("readiness")
@click.option(
    "--at",
    default=f"{SHORTEST_LIVES:%Y-%m-%d}",
    show_default=True,
    callback=_date,
    metavar="YYYY-MM-DD",
    help="Show blockers up to this date, within 10 years.",
)
@WIDE
@common_options("table", "json", coverage=True, filters=True)
def command(options: Options, *, at: datetime, wide: bool) -> Exit:
    """Show who renews each certificate, and what prevents that by a date.

    ENDS is the day on which a certificate ends in use unless a person acts.
    Public certificates live for 100 days from 2027-03-15 and for 47 days from 2029-03-15.
    Reads the description of every certificate, and changes nothing.

    Ends with 0 without blockers, 1 with blockers, and 3 if something could not be read.
    """
    scanned = scan(options)
    with interruptible_work(scanned.session, "Reading descriptions", options):
        details = ReadinessDetails(scanned.session, scanned.shown).read()
    result = readiness(details.entries, details.setup(), scanned.session.now, at)
    if options.format == "json":
        scopes = [scope.to_dict() for scope in scanned.run.scopes]
        print_json({**result.to_dict(), "scopes": scopes, "problems": details.problems})
    else:
        _print(console(), result, wide=wide)
        print_scopes(console(), scanned.run)
        if result.blocked and not (wide or options.quiet):
            text = "Remedies: certificates readiness --wide."
            error_console().print(text, style="dim")
    for problem in details.problems:
        error_console().print(clean(problem), markup=False)
    return _exit_code(scanned, result, details)


def _exit_code(scanned: Scan, result: Readiness, details: ReadinessDetails) -> Exit:
    code = scanned.exit_code(None)
    if code is not Exit.HEALTHY:
        return code
    if details.problems:
        return Exit.INCOMPLETE
    return Exit.FINDINGS if result.blockers else Exit.HEALTHY


def _print(out: Console, result: Readiness, *, wide: bool) -> None:
    data = result.to_dict()
    for blocker in result.instance:
        _print_blocker(out, blocker, result.now, by=0)
    if wide:
        for entry in result.blocked:
            _print_certificate(out, entry, result.now)
    elif result.blocked:
        print_table(out, _COLUMNS, result.blocked, result.now, lambda _: "yellow")
    renewals = counted(data["renewed_certificates"], "certificate")
    out.print(
        f"By {result.at:%Y-%m-%d}: {renewals} to renew, {data['ready_certificates']:,} ready, "
        f"{result.blocked_renewals:,} with blockers, {result.unknown:,} unknown."
    )
    others = len(result.blocked) - result.blocked_renewals
    if others:
        out.print(f"Certificates with blockers that need no renewal: {others:,}.")
    for kind, number in result.blockers.items():
        out.print(f"{number:>7,}  {kind.value}", highlight=False)
    out.print(f"Acts of people a year: {acts_text(result.acts_a_year)}.")


def acts_text(acts: Mapping[str, float]) -> str:
    """Return the acts of people a year, rounded up, for each milestone."""
    number = {name: f"{math.ceil(count):,}" for name, count in acts.items()}
    return (
        f"{number['now']} today, {number['100_days']} at 100 days, {number['47_days']} at 47 days"
    )


def _print_certificate(out: Console, entry: CertificateReadiness, now: datetime) -> None:
    case, data = entry.case, entry.to_dict()
    ends = f"  ends {entry.ends_at:%Y-%m-%d} without a person" if entry.ends_at else ""
    name = clean(case.certificate.domain_name) or "(no name)"
    out.print(Text(name, style="bold").append(ends, style="bold red"), overflow="fold")
    indented(out, location(case.certificate), style="dim", by=_INDENT)
    if case.renews:
        indented(out, _who(data), by=_INDENT)
    for blocker in entry.blockers:
        _print_blocker(out, blocker, now, by=_INDENT)


def _who(data: Mapping[str, Any]) -> str:
    owner = f", owner {clean(data['owner'])}" if data["owner"] else ""
    acts = f", acts {' and '.join(data['acts'])}" if data["acts"] else ""
    return (
        f"proof {data['prover']}, issuer {data['issuer']}, deployer {data['deployer']}{acts}{owner}"
    )


def _print_blocker(out: Console, blocker: Blocker, now: datetime, *, by: int) -> None:
    rule = blocker.rule
    since = f"from {blocker.since:%Y-%m-%d}" if blocker.since > now else "now"
    head = Text(" " * by).append(rule.kind.value, style="yellow")
    out.print(head.append(f"  {since}, {rule.party.value}"), overflow="fold")
    indented(out, rule.kind.meaning, by=by + _INDENT)
    indented(out, f"To remove: {clean(blocker.remedy)}", by=by + _INDENT)
