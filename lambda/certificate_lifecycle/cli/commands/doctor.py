"""`certificates doctor`: check permissions, quotas, DNS and the deployed module."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import click
from rich.console import Console
from rich.text import Text

from certificate_lifecycle.cli.doctor.diagnosis import Diagnosis, State, examine
from certificate_lifecycle.cli.exit_codes import Exit
from certificate_lifecycle.cli.options import Options, common_options
from certificate_lifecycle.cli.output import console, error_console, indented, print_json
from certificate_lifecycle.cli.progress import busy
from certificate_lifecycle.cli.scanning import start

_STATE_WIDTH = 11
_STYLES = {
    State.OK: "green",
    State.UNKNOWN: "magenta",
    State.WARNING: "yellow",
    State.FAILED: "bold red",
}
#: The states that end the command with 1, by the value of --fail-on.
_FAIL_ON = {
    State.WARNING.value: frozenset({State.WARNING, State.FAILED}),
    State.FAILED.value: frozenset({State.FAILED}),
    "never": frozenset(),
}


@click.command("doctor")
@common_options("table", "json")
@click.option(
    "--fail-on",
    type=click.Choice(list(_FAIL_ON)),
    default=State.FAILED.value,
    show_default=True,
    help="Least severe state that ends the command with 1.",
)
def command(options: Options, *, fail_on: str) -> Exit:
    """Check permissions, quotas, DNS and the deployed module.

    Changes nothing. Ends with 3 if something could not be checked.
    """
    from certificate_lifecycle.cli.doctor.examinations import Examinations  # noqa: PLC0415

    session = start(options)
    examinations = Examinations(session, options.instance)
    with busy(error_console(), "Checking", quiet=options.shows_no_progress):
        found = examine(examinations.all())
    if options.format == "json":
        print_json({"checks": [diagnosis.to_dict() for diagnosis in found]})
    else:
        _print(console(), found)
    states = {diagnosis.state for diagnosis in found}
    if State.UNKNOWN in states:
        return Exit.INCOMPLETE
    return Exit.FINDINGS if states & _FAIL_ON[fail_on] else Exit.HEALTHY


def _print(out: Console, found: Sequence[Diagnosis]) -> None:
    """Print the results by check, and a last line with the number of each state."""
    check = None
    for diagnosis, following in zip(found, [*found[1:], None], strict=True):
        if diagnosis.check is not check:
            check = diagnosis.check
            out.print(Text(check.value, style="bold"))
        head = Text(f"  {diagnosis.state.value:<9}", style=_STYLES[diagnosis.state])
        about = f"{diagnosis.about}: " if diagnosis.about else ""
        lines = Text(f"{about}{diagnosis.sentence}").wrap(out, max(out.width - _STATE_WIDTH, 20))
        lines[0].rstrip()
        out.print(head.append_text(lines[0]), no_wrap=True, overflow="ignore", crop=False)
        for line in lines[1:]:
            indented(out, line.plain, by=_STATE_WIDTH)
        # Print equal advice of successive results once.
        repeated = following is not None and following.check is check and following.advice
        if diagnosis.advice and diagnosis.advice != repeated:
            indented(out, diagnosis.advice, style="dim", by=_STATE_WIDTH)
    counts = Counter(diagnosis.state for diagnosis in found)
    total = Text(", ").join(
        Text(f"{counts[state]} {state.value}", style=_STYLES[state])
        for state in reversed(State)
        if counts[state]
    )
    out.print(total.append("."))
