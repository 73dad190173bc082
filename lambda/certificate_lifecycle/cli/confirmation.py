"""The confirmation before a command changes anything."""

from __future__ import annotations

import sys

import click


def require_terminal(*, yes: bool) -> None:
    """Raise a UsageError if the user can't be asked, before anything is done."""
    if not yes and not sys.stdin.isatty():
        raise click.UsageError("there is no terminal to ask for confirmation; give --yes")


def confirmed(question: str, *, yes: bool) -> bool:
    """Ask for confirmation unless `yes`; Ctrl-C ends the command."""
    if yes or click.confirm(question, err=True):
        return True
    click.echo("Nothing was changed.", err=True)
    return False
