"""`certificates policy`: print the IAM policy that a command needs."""

from __future__ import annotations

import json
import sys
from dataclasses import replace

import click

from certificate_lifecycle.aws.permissions import Command, Setting
from certificate_lifecycle.cli.exit_codes import Exit
from certificate_lifecycle.cli.options import ALL, NO_INSTANCE, Options, common_options
from certificate_lifecycle.cli.output import error_console
from certificate_lifecycle.cli.policy_document import (
    CALLERS,
    MOST_CHARACTERS,
    policy_document,
    size_of,
)
from certificate_lifecycle.cli.required_permissions import Values, needed, settings_on, values_of
from certificate_lifecycle.cli.scanning import start
from certificate_lifecycle.cli.session import Session
from certificate_lifecycle.policy.settings import RotationSettings


@click.command("policy")
@click.argument("wanted", metavar="COMMAND", type=click.Choice(list(CALLERS)))
@click.option("--issue", is_flag=True, help="With `drill`: the permissions of `drill --issue`.")
@common_options(coverage=True)
def command(wanted: str, options: Options, *, issue: bool) -> Exit:
    """Print the IAM policy that COMMAND needs, as JSON.

    Give the options with which COMMAND will run: account, regions and the settings of the deployed
    instance decide on actions and resources. Changes nothing.
    """
    if issue and CALLERS[wanted] is not Command.DRILL:
        raise click.UsageError("--issue goes with drill only")
    caller = Command.DRILL_ISSUE if issue else CALLERS[wanted]
    session = start(options)
    settings = _settings(session)
    on = settings_on(settings, session.home)
    # The doctor tries every call that a scan makes in any region.
    on |= {Setting.US_EAST_1} if caller is Command.DOCTOR else frozenset()
    permissions = needed((caller,), on)
    document = policy_document(permissions, _values(session, settings, options))
    sys.stdout.write(f"{json.dumps(document, indent=2)}\n")
    size = size_of(document)
    if size > MOST_CHARACTERS and not options.quiet:
        text = (
            f"The policy has {size:,} characters, and a managed policy at most "
            f"{MOST_CHARACTERS:,}: split its statements, or give fewer regions."
        )
        error_console().print(text)
    return Exit.HEALTHY


def _settings(session: Session) -> RotationSettings:
    """Return the settings with the regions that are scanned in the caller's account."""
    account_id = session.home.account_id
    regions = tuple(scope.region for scope in session.scopes if scope.account_id == account_id)
    return replace(session.settings, regions=regions or (session.home.region,))


def _values(session: Session, settings: RotationSettings, options: Options) -> Values:
    """Return the values of placeholders; what is not known in advance is any value."""
    values = dict(values_of(settings, session.home, settings.zones))
    values["hosted_zone"] = values["hosted_zone"] or ("*",)
    if options.instance != NO_INSTANCE:
        values["instance"] = (options.instance,)
    if options.regions == (ALL,):
        values["region"] = ("*",)
    return values
