"""`certificates create`: issue a certificate and carry its DNS validation through."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from certificate_lifecycle.cli import session
from certificate_lifecycle.cli.commands.apply import agreed, require_an_answer
from certificate_lifecycle.cli.exit_codes import Exit
from certificate_lifecycle.cli.interrupts import interruptible
from certificate_lifecycle.cli.options import (
    OutputOptions,
    TargetOptions,
    home_options,
    output_options,
)
from certificate_lifecycle.cli.output import console, error_console, indented, print_json
from certificate_lifecycle.cli.progress import busy
from certificate_lifecycle.cli.scanning import start
from certificate_lifecycle.cli.session import Session
from certificate_lifecycle.handlers.config import creation_settings
from certificate_lifecycle.handlers.events import CreationCommand, creation_command
from certificate_lifecycle.model.errors import ConfigurationError
from certificate_lifecycle.policy.issuance import REQUESTABLE_KEY_ALGORITHMS

_WAIT_SECONDS = 300


@click.command("create")
@click.argument("domain_name")
@click.option("--name", "names", multiple=True, metavar="NAME", help="Another name; repeatable.")
@click.option(
    "--www/--no-www", default=True, show_default=True, help="Add `www.` to a plain DOMAIN_NAME."
)
@click.option("--key-algorithm", type=click.Choice(REQUESTABLE_KEY_ALGORITHMS))
@click.option("--authority", metavar="ARN", help="Private CA that shall issue it.")
@click.option("--exportable", is_flag=True, help="Let its key be exported; public ones cost money.")
@click.option("--tag", "tags", multiple=True, metavar="KEY=VALUE", help="Repeatable.")
@click.option(
    "--wait",
    "wait_seconds",
    type=click.IntRange(0, 900),
    default=_WAIT_SECONDS,
    show_default=True,
    help="Seconds to wait until it is issued.",
)
@click.option("--yes", is_flag=True, help="Request it without asking.")
@home_options
@output_options("table", "json")
def command(
    targets: TargetOptions,
    output_options: OutputOptions,
    *,
    yes: bool,
    **inputs: Any,  # noqa: ANN401 - click's values
) -> Exit:
    """Issue a certificate for DOMAIN_NAME and carry its DNS validation through.

    If there is an equal one already, it is that: the command can be repeated, and goes on where an
    earlier one was stopped. First it shows what would be done, and asks.
    """
    require_an_answer(yes=yes)
    reached = start(targets, output_options)
    ordered = _ordered(reached, targets, inputs)
    make = _maker(reached, ordered)
    err = error_console()
    with (
        interruptible(reached.clock),
        busy(err, "Looking for an equal one", quiet=output_options.quiet),
    ):
        found = make(dry_run=True)
    if output_options.output == "table":
        _print(console(), ordered, found)
    if found["status"] == "ISSUED":
        if output_options.output == "json":
            print_json(found)
        return Exit.HEALTHY
    if not (yes or agreed("Do that?")):
        return Exit.FINDINGS
    what = "Waiting for ACM; Ctrl-C stops the waiting, and the command can be repeated"
    with interruptible(reached.clock), busy(err, what, quiet=output_options.quiet):
        made = make(dry_run=False)
    if output_options.output == "json":
        print_json(made)
    else:
        _print(console(), ordered, made)
    return Exit.HEALTHY if made["status"] == "ISSUED" else Exit.INCOMPLETE


def _ordered(reached: Session, targets: TargetOptions, inputs: dict[str, Any]) -> CreationCommand:
    """Return the checked order, by the settings of the deployed creation function if there is one.

    What that function may issue for does not bind whoever has credentials of their own.
    """
    errors: list[str] = []
    tags = {}
    for tag in inputs["tags"]:
        key, sign, value = tag.partition("=")
        if not sign:
            errors.append(f"--tag: must be KEY=VALUE, got {tag!r}")
        tags[key] = value
    event = {
        "domain_name": inputs["domain_name"],
        "alt_names": list(inputs["names"]),
        "include_www": inputs["www"],
        "key_algorithm": inputs["key_algorithm"],
        "certificate_authority_arn": inputs["authority"],
        "exportable": inputs["exportable"],
        "tags": tags,
        "wait_seconds": inputs["wait_seconds"],
    }
    environment = {"DOMAIN_NAME": "example.com", **_environment(reached, targets)}
    settings = replace(creation_settings(environment, errors), allowed_domains=())
    ordered = creation_command(event, settings, reached.home, errors)
    if errors:
        raise ConfigurationError(errors)
    return ordered


def _environment(reached: Session, targets: TargetOptions) -> dict[str, str]:
    from certificate_lifecycle.cli.aws.functions import Functions  # noqa: PLC0415 - the SDK

    if reached.function is None:
        return {}
    functions = Functions(lambda: reached.clients.any("lambda", reached.home.region))
    function = functions.find(f"{targets.instance}-creation")
    return dict(function.settings) if function else {}


def _maker(reached: Session, ordered: CreationCommand) -> Callable[..., dict[str, Any]]:
    from certificate_lifecycle.app.creation import create, creation_result  # noqa: PLC0415
    from certificate_lifecycle.aws.acm import AcmCertificates  # noqa: PLC0415 - the SDK
    from certificate_lifecycle.aws.route53 import HostedZones, Route53Dns  # noqa: PLC0415

    clients = reached.clients

    def make(*, dry_run: bool) -> dict[str, Any]:
        issuance = create(
            ordered.request,
            certificates=AcmCertificates(clients.acm(ordered.request.region)),
            dns=Route53Dns(HostedZones(clients.route53), reached.settings.zones),
            clock=reached.clock,
            now=session.current_time(),
            auto_validate=ordered.auto_validate,
            wait_seconds=ordered.wait_seconds,
            dry_run=dry_run,
        )
        return creation_result(issuance, reached.home.account_id, dry_run=dry_run)

    return make


def _print(out: Console, ordered: CreationCommand, found: dict[str, Any]) -> None:
    names = ", ".join(ordered.request.names)
    arn = found["certificate_arn"]
    if arn is None:
        out.print(Text("To request", style="bold").append(f"  {names}", style=""))
        indented(
            out,
            f"{ordered.request.key_algorithm} in {found['region']}; its validation "
            "records go to the hosted zones of these names, and stay there for renewals.",
            by=5,
        )
        return
    verb = "Requested" if found["created"] else "There is"
    out.print(Text(f"{verb}", style="bold").append(f"  {names}", style=""))
    # On one line however long: it is there to be copied.
    out.print(f"     {arn}", markup=False, soft_wrap=True)
    indented(
        out, f"{found['status']}", style="green" if found["status"] == "ISSUED" else "yellow", by=5
    )
    for record in found["validation_records"]:
        state = record["change"] or "left alone"
        if found["dry_run"]:
            state = {"created": "to create", "updated": "to update"}.get(state, state)
        indented(out, f"{record['type']} {record['name']}: {state}", by=5)
