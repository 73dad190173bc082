"""`certificates doctor`: whether everything is there that the work needs."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

import click
from rich.console import Console
from rich.text import Text

from certificate_lifecycle.cli.doctor.diagnosis import Diagnosis, State, examine
from certificate_lifecycle.cli.exit_codes import Exit
from certificate_lifecycle.cli.options import (
    OutputOptions,
    TargetOptions,
    output_options,
    scope_options,
)
from certificate_lifecycle.cli.output import console, error_console, indented, print_json
from certificate_lifecycle.cli.progress import busy
from certificate_lifecycle.cli.scanning import start
from certificate_lifecycle.model.errors import ConfigurationError

NEVER = "never"
_STYLES = {
    State.OK: "green",
    State.UNKNOWN: "magenta",
    State.WARNING: "yellow",
    State.FAILED: "bold red",
}
#: What makes the command end with 1, by the value of --fail-on.
_COUNTING = {
    State.WARNING.value: frozenset({State.WARNING, State.FAILED}),
    State.FAILED.value: frozenset({State.FAILED}),
    NEVER: frozenset(),
}


@click.command("doctor")
@scope_options
@output_options("table", "json")
@click.option(
    "--resolver",
    "resolvers",
    multiple=True,
    metavar="ADDRESS",
    help="Resolver to ask about public DNS; repeatable. Otherwise that of this machine.",
)
@click.option(
    "--fail-on",
    type=click.Choice(list(_COUNTING)),
    default=State.FAILED.value,
    show_default=True,
    help="End with 1 from this state on.",
)
def command(
    targets: TargetOptions,
    output_options: OutputOptions,
    *,
    resolvers: tuple[str, ...],
    fail_on: str,
) -> Exit:
    """Say whether everything is there that the work needs.

    Credentials, permissions, quotas, hosted zones, CAA, and the deployed module. Nothing is
    changed. Ends with 3 if something could not be found out.
    """
    from certificate_lifecycle.cli.aws import public_dns  # noqa: PLC0415 - it is slow to import
    from certificate_lifecycle.cli.doctor.examinations import Doctor  # noqa: PLC0415 - the SDK

    errors = [
        f"--resolver: {resolver!r} is no IP address"
        for resolver in resolvers
        if not _is_ip(resolver)
    ]
    if errors:
        raise ConfigurationError(errors)
    reached = start(targets, output_options)
    public = public_dns.ResolvedDns(resolvers)
    doctor = Doctor(reached, public, targets.instance)
    with busy(error_console(), "Examining", quiet=output_options.quiet):
        found = examine(doctor.examinations())
    if output_options.output == "json":
        print_json({"checks": [diagnosis.entry() for diagnosis in found]})
    else:
        print_page(console(), found)
    states = {diagnosis.state for diagnosis in found}
    if State.UNKNOWN in states:
        return Exit.INCOMPLETE
    return Exit.FINDINGS if states & _COUNTING[fail_on] else Exit.HEALTHY


def print_page(out: Console, found: Sequence[Diagnosis]) -> None:
    """Print what was found, check by check, and a last line that counts the states."""
    check = None
    for diagnosis, following in zip(found, [*found[1:], None], strict=True):
        if diagnosis.check is not check:
            check = diagnosis.check
            out.print(Text(check.value, style="bold"))
        head = Text(f"  {diagnosis.state.value:<9}", style=_STYLES[diagnosis.state])
        about = f"{diagnosis.about}: " if diagnosis.about else ""
        text = Text(f"{about}{diagnosis.sentence}")
        lines = text.wrap(out, max(out.width - len(head), 20))
        lines[0].rstrip()
        out.print(head.append_text(lines[0]), no_wrap=True, overflow="ignore", crop=False)
        for line in lines[1:]:
            indented(out, line.plain, by=len(f"  {'':<9}"))
        # Where several want the same to be done, once is enough.
        said_next = following is not None and following.check is check and following.advice
        if diagnosis.advice and diagnosis.advice != said_next:
            indented(out, diagnosis.advice, style="dim", by=len(f"  {'':<9}"))
    counts = [(state, sum(entry.state is state for entry in found)) for state in reversed(State)]
    total = Text(", ").join(
        Text(f"{count} {state.value}", style=_STYLES[state]) for state, count in counts if count
    )
    out.print(total.append("."))


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
