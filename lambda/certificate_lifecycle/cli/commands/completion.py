"""`certificates completion`: what completes commands in a shell."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print what completes commands and options in a shell.

    For bash, once and for all: certificates completion bash > ~/.bash_completion.d/certificates
    """
    from certificate_lifecycle.cli.main import commands  # noqa: PLC0415 - it imports this

    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"{shell} cannot be completed")
    click.echo(kind(commands, {}, "certificates", "_CERTIFICATES_COMPLETE").source())
