"""`certificates`: the commands, each loaded when it is called, and the one way out of all of them.

Importing this module loads neither boto3 nor rich: `--help` and completion answer at once.
"""

from __future__ import annotations

import importlib
import io
import logging
import os
import sys
from collections.abc import Sequence

import click

from certificate_lifecycle.cli.exit_codes import Exit
from certificate_lifecycle.cli.interrupts import InterruptedByUserError
from certificate_lifecycle.model.errors import CertificateLifecycleError, ConfigurationError
from certificate_lifecycle.model.sanitize import clean_layout

#: What each command is for, so that the list of them needs none of them.
COMMANDS = {
    "scan": "Say what is wrong with which certificate, worst first.",
    "explain": "Say everything about one certificate, and what comes next.",
    "plan": "Say what `apply` would do.",
    "apply": "Mend and replace, after showing what and asking.",
    "create": "Issue a certificate and carry its DNS validation through.",
    "report": "Write what was found as HTML, CSV or JSON.",
    "drill": "Check whether ACM could renew a certificate.",
    "doctor": "Say whether everything is there that the work needs.",
    "completion": "Print what completes commands in a shell.",
}


class _Commands(click.Group):
    """A group that knows its commands by name, and imports one when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"certificate_lifecycle.cli.commands.{cmd_name}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 all is well, 1 there are findings, 2 wrong usage, 3 not everything could "
    "be looked at or done, 130 interrupted.",
)
@click.version_option(package_name="certificate-lifecycle")
def commands() -> None:
    """Look after the SSL/TLS certificates of an AWS estate.

    Nothing is changed unless a command says so, shows what, and is told to go on.
    Credentials and region come from where the AWS CLI takes them.
    """


def main(arguments: Sequence[str]) -> int:
    """Run a command and return its exit code; what goes wrong is told in one sentence a fault."""
    try:
        code = commands.main(args=list(arguments), prog_name="certificates", standalone_mode=False)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as error:
        said = io.StringIO()
        error.show(said)
        # What was typed is part of it, and may hold anything.
        click.echo(clean_layout(said.getvalue()), nl=False, err=True)
        return Exit.USAGE
    except (click.Abort, KeyboardInterrupt, InterruptedByUserError):
        return _said("Interrupted; nothing was begun that is not told above.", Exit.INTERRUPTED)
    except ConfigurationError as error:
        return _said("\n".join(f"Error: {fault}" for fault in error.errors), Exit.USAGE)
    except CertificateLifecycleError as error:
        return _said(f"Error: {error}", Exit.INCOMPLETE)
    except BrokenPipeError:
        # Whoever read has seen enough; Python would say so once more when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.HEALTHY
    except Exception as error:
        from certificate_lifecycle.cli.error_help import told  # noqa: PLC0415 - it knows the SDK

        logging.getLogger(__name__).debug("failed", exc_info=True)
        return _said(f"Error: {told(error)}", Exit.INCOMPLETE)
    return int(code or Exit.HEALTHY)


def _said(text: str, code: Exit) -> Exit:
    click.echo(text, err=True)
    return code


def run() -> None:
    """Run the command that this process was called with."""
    sys.exit(main(sys.argv[1:]))
