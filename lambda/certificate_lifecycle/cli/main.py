"""`certificates`: the commands, each imported when it is called, and their error handling.

Importing this module loads neither boto3 nor rich, so that `--help` and completion are fast.
"""

from __future__ import annotations

import importlib
import io
import logging
import os
import sys
from collections.abc import Sequence
from difflib import get_close_matches

import click

from certificate_lifecycle.cli import __version__
from certificate_lifecycle.cli.command_help import CertificatesCommand
from certificate_lifecycle.cli.exit_codes import DETAILED, Exit, detailed
from certificate_lifecycle.cli.interrupts import INTERRUPTION, InterruptedByUserError
from certificate_lifecycle.model.errors import CertificateLifecycleError, ConfigurationError
from certificate_lifecycle.model.sanitize import clean_layout

_INTERRUPTED = "Interrupted. Everything that was started is listed above."
#: The list of commands must not import them.
COMMANDS = {
    "list": "List all certificates, the next expiry first.",
    "scan": "List certificates that need attention, most severe first.",
    "explain": "Show one certificate, the decision about it, and what comes next.",
    "plan": "Show what `apply` would do.",
    "apply": "Repair and replace certificates, after a confirmation.",
    "create": "Request a certificate and validate it by DNS.",
    "readiness": "Show who renews each certificate, and what prevents that by a date.",
    "report": "Write the findings as HTML, CSV or JSON.",
    "drill": "Check whether ACM could renew a certificate.",
    "doctor": "Check permissions, quotas, DNS and the deployed module.",
    "policy": "Print the IAM policy that a command needs.",
    "completion": "Print the completion script of a shell.",
}


class _Commands(click.Group):
    """A group that imports a command when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"certificate_lifecycle.cli.commands.{cmd_name}")
        return CertificatesCommand.of(module.command)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Suggest a command for one that does not exist."""
        name = args[0]
        similar = get_close_matches(name, COMMANDS)
        if name not in COMMANDS and not name.startswith("-") and similar:
            suggested = " or ".join(map(repr, similar))
            raise click.UsageError(f"No such command {name!r}. Did you mean {suggested}?", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 2 wrong usage, 130 interrupted; the help of each command has the others.",
)
@click.version_option(__version__)
def commands() -> None:
    """Monitor, repair and replace TLS certificates in AWS.

    Only `apply`, `create`, and `drill` with `--issue` or `--clean` change anything, after a
    confirmation.
    Credentials and region are found as in the AWS CLI.
    """


def main(arguments: Sequence[str]) -> int:
    """Run a command and return its exit code; print each error as one sentence."""
    code = _run(arguments)
    return int(detailed(code) if DETAILED in arguments else code)


def _run(arguments: Sequence[str]) -> int:
    try:
        code = commands.main(args=list(arguments), prog_name="certificates", standalone_mode=False)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as error:
        shown = io.StringIO()
        error.show(shown)
        # The message quotes the arguments, which may contain control characters.
        click.echo(clean_layout(shown.getvalue()), nl=False, err=True)
        return Exit.USAGE
    except InterruptedByUserError as error:
        known = str(error) != INTERRUPTION
        return _fail(f"Interrupted. {error}" if known else _INTERRUPTED, Exit.INTERRUPTED)
    except (click.Abort, KeyboardInterrupt):
        return _fail(_INTERRUPTED, Exit.INTERRUPTED)
    except ConfigurationError as error:
        return _fail("\n".join(f"Error: {text}" for text in error.errors), Exit.USAGE)
    except CertificateLifecycleError as error:
        return _fail(f"Error: {error}", Exit.INCOMPLETE)
    except BrokenPipeError:
        # The reader of the pipe is done; without this Python reports the error again on exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.HEALTHY
    except Exception as error:
        from certificate_lifecycle.cli.error_help import describe  # noqa: PLC0415 - imports the SDK

        logging.getLogger(__name__).debug("failed", exc_info=True)
        return _fail(f"Error: {describe(error)}", Exit.INCOMPLETE)
    return Exit.HEALTHY if code is None else code


def _fail(text: str, code: Exit) -> Exit:
    click.echo(text, err=True)
    return code


def run() -> None:
    """Run the command that this process was called with."""
    sys.exit(main(sys.argv[1:]))
