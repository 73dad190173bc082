"""`certificates create`: request a certificate and validate it by DNS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import click
from click.core import ParameterSource
from rich.console import Console
from rich.text import Text

from certificate_lifecycle.cli.confirmation import confirmed, require_terminal
from certificate_lifecycle.cli.exit_codes import Exit
from certificate_lifecycle.cli.interrupts import InterruptedByUserError
from certificate_lifecycle.cli.issuance_watch import IssuanceWatch
from certificate_lifecycle.cli.options import Options, common_options
from certificate_lifecycle.cli.output import console, error_console, indented, print_json
from certificate_lifecycle.cli.scanning import interruptible_work, start
from certificate_lifecycle.cli.session import Session
from certificate_lifecycle.handlers.config import creation_settings
from certificate_lifecycle.handlers.events import CreationCommand, creation_command
from certificate_lifecycle.model.certificate import Certificate, CertificateStatus
from certificate_lifecycle.model.errors import CertificateRequestError, ConfigurationError
from certificate_lifecycle.model.sanitize import clean
from certificate_lifecycle.policy.issuance import (
    CERTIFICATE_USAGES,
    REQUESTABLE_KEY_ALGORITHMS,
    ROOT_HIERARCHIES,
)

_WAIT_SECONDS = 300
_WATCH_MINUTES = 60


@click.command("create")
@click.argument("domain_name")
@click.option("--name", "names", multiple=True, metavar="NAME", help="Additional name; repeatable.")
@click.option(
    "--www/--no-www", default=True, show_default=True, help="Add `www.` to a plain DOMAIN_NAME."
)
@click.option("--key-algorithm", type=click.Choice(REQUESTABLE_KEY_ALGORITHMS))
@click.option("--authority", metavar="ARN", help="Private CA to issue the certificate.")
@click.option(
    "--root-hierarchy-type",
    type=click.Choice(ROOT_HIERARCHIES),
    help="Root of an Amazon N2 certificate.",
)
@click.option(
    "--certificate-usage",
    type=click.Choice(CERTIFICATE_USAGES),
    help="Usage of an Amazon N2 certificate.",
)
@click.option("--exportable", is_flag=True, help="Allow key export; ACM charges for public ones.")
@click.option("--tag", "tags", multiple=True, metavar="KEY=VALUE", help="Repeatable.")
@click.option(
    "--wait",
    "wait_seconds",
    type=click.IntRange(0, 900),
    default=_WAIT_SECONDS,
    show_default=True,
    help="Seconds to wait for ACM to issue the certificate.",
)
@click.option(
    "--watch",
    is_flag=True,
    help=f"Show each step of the validation, for up to {_WATCH_MINUTES} minutes instead of --wait.",
)
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@common_options("table", "json", scopes=False)
def command(
    options: Options,
    *,
    yes: bool,
    watch: bool,
    **inputs: Any,  # noqa: ANN401 - click's values
) -> Exit:
    """Request a certificate for DOMAIN_NAME and validate it by DNS.

    Reuses an equal certificate of the instance if there is one, so an interrupted command can be
    repeated. Shows what it would request and asks for confirmation.
    """
    require_terminal(yes=yes)
    if watch and _is_given("wait_seconds"):
        raise click.UsageError("--watch goes without --wait")
    session = start(options)
    creation = _creation(session, options, inputs)
    with interruptible_work(session, "Searching for an equal certificate", options):
        result = _create(session, creation, dry_run=True)
    if options.format == "table":
        _print(console(), creation, result)
    if result["status"] != "ISSUED":
        if not confirmed("Request and validate it?", yes=yes):
            return Exit.FINDINGS
        if watch:
            creation = replace(creation, wait_seconds=0)
        result = _requested(session, creation, options)
        if watch and result["status"] == CertificateStatus.PENDING_VALIDATION:
            result = _watched(session, result, options)
    if options.format == "json":
        print_json(result)
    if result["status"] == CertificateStatus.ISSUED:
        return Exit.HEALTHY
    return Exit.INTERRUPTED if session.clock.interrupted else Exit.INCOMPLETE


def _requested(session: Session, creation: CreationCommand, options: Options) -> dict[str, Any]:
    text = "Waiting for ACM. Ctrl-C stops; repeat the command to continue"
    try:
        with interruptible_work(session, text, options):
            result = _create(session, creation, dry_run=False)
    except InterruptedByUserError as error:
        raise InterruptedByUserError(
            f"Repeat the command{_within(session)} to continue."
        ) from error
    if options.format == "table":
        _print(console(), creation, result)
    return result


def _within(session: Session) -> str:
    """Return the time in which a repeated command finds its request, if it is limited.

    An instance recognises its certificates; else ACM knows an equal request for an hour (API
    reference, RequestCertificate, IdempotencyToken).
    """
    return "" if session.function else " within an hour of the request"


def _is_given(parameter: str) -> bool:
    """Whether the user gave a parameter, and not its default."""
    source = click.get_current_context().get_parameter_source(parameter)
    return source is ParameterSource.COMMANDLINE


def _watched(session: Session, result: Mapping[str, Any], options: Options) -> dict[str, Any]:
    """Return the result with the last status; say how to continue if it is still pending."""
    from certificate_lifecycle.aws.acm import AcmCertificates  # noqa: PLC0415

    out, arn = error_console(), result["certificate_arn"]
    watching = IssuanceWatch(
        certificates=AcmCertificates(session.clients.any("acm", result["region"])),
        clock=session.clock,
        current_time=session.current_time,
        show=lambda text: None if options.quiet else out.print(text, markup=False),
    )
    with interruptible_work(session, "Watching. Ctrl-C stops; ACM goes on without it", options):
        try:
            certificate = watching.watch(arn, timedelta(minutes=_WATCH_MINUTES))
        except InterruptedByUserError:
            why = "Interrupted"
        else:
            if certificate.status is not CertificateStatus.PENDING_VALIDATION:
                _raise_if_ended(certificate)
                if options.format == "table":
                    indented(console(), certificate.status.value, style="green", by=5)
                return {**result, "status": certificate.status.value}
            why = f"Not issued within {_WATCH_MINUTES} minutes"
    out.print(
        f"{why}. ACM goes on validating: repeat the command{_within(session)} to watch again, "
        f"or see what is missing with: certificates explain {arn}",
        markup=False,
        soft_wrap=True,
    )
    return dict(result)


def _raise_if_ended(certificate: Certificate) -> None:
    if certificate.status is not CertificateStatus.ISSUED:
        reason = certificate.detail.failure_reason or "no reason given"
        raise CertificateRequestError(
            f"ACM ended the request {certificate.arn} with {certificate.status} ({clean(reason)})"
        )


def _creation(session: Session, options: Options, inputs: dict[str, Any]) -> CreationCommand:
    """Return the validated input, with the settings of the deployed creation function.

    The function's list of allowed domains does not restrict users with credentials of their own.
    Without a function the request belongs to no instance, and no equal certificate is adopted.
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
        "root_hierarchy_type": inputs["root_hierarchy_type"],
        "certificate_usage": inputs["certificate_usage"],
        "exportable": inputs["exportable"],
        "tags": tags,
        "wait_seconds": inputs["wait_seconds"],
    }
    environment = _environment(session, options)
    settings = replace(creation_settings(environment, errors), allowed_domains=None)
    if not environment:
        settings = replace(settings, name_prefix="")
    creation = creation_command(event, settings, session.home, errors)
    if errors:
        raise ConfigurationError(errors)
    return creation


def _environment(session: Session, options: Options) -> dict[str, str]:
    from certificate_lifecycle.cli.aws.deployed_module import find_function  # noqa: PLC0415

    if session.function is None:
        return {}
    client = session.clients.any("lambda", session.home.region)
    function = find_function(client, f"{options.instance}-creation")
    return dict(function.settings) if function else {}


def _create(session: Session, creation: CreationCommand, *, dry_run: bool) -> dict[str, Any]:
    from certificate_lifecycle.app.creation import (  # noqa: PLC0415
        CreationClients,
        create,
        creation_result,
    )
    from certificate_lifecycle.aws.acm import AcmCertificates  # noqa: PLC0415
    from certificate_lifecycle.aws.clients import SDK_VERSION  # noqa: PLC0415
    from certificate_lifecycle.aws.route53 import HostedZones, Route53Dns  # noqa: PLC0415

    clients = session.clients
    issuance = create(
        creation.request,
        CreationClients(
            certificates=AcmCertificates(clients.any("acm", creation.request.region)),
            dns=Route53Dns(HostedZones(clients.route53), session.settings.zones),
            clock=session.clock,
            public_dns=session.public_dns,
        ),
        now=session.current_time(),
        auto_validate=creation.auto_validate,
        wait_seconds=creation.wait_seconds,
        dry_run=dry_run,
    )
    return creation_result(issuance, session.home.account_id, dry_run=dry_run, sdk=SDK_VERSION)


def _print(out: Console, creation: CreationCommand, result: dict[str, Any]) -> None:
    names = ", ".join(creation.request.names)
    arn = result["certificate_arn"]
    if arn is None:
        out.print(Text("To request", style="bold").append(f"  {names}", style=""))
        request = creation.request
        kind = (request.key_algorithm, request.root_hierarchy, request.certificate_usage)
        text = (
            f"{', '.join(filter(None, kind))} in {result['region']}. The validation records are "
            "written to the hosted zones of these names and kept for renewals."
        )
        indented(out, text, by=5)
        return
    title = "Requested" if result["created"] else "Existing"
    out.print(Text(title, style="bold").append(f"  {names}", style=""))
    # On one line, so that it can be copied.
    out.print(f"     {arn}", markup=False, soft_wrap=True)
    style = "green" if result["status"] == "ISSUED" else "yellow"
    indented(out, result["status"], style=style, by=5)
    for record in result["validation_records"]:
        state = record["change"] or "unchanged"
        if result["dry_run"]:
            state = {"created": "to create", "updated": "to update"}.get(state, state)
        indented(out, f"{record['type']} {record['name']}: {state}", by=5)
