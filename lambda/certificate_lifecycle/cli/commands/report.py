"""`certificates report`: what was found, as files."""

from __future__ import annotations

from pathlib import Path

import click

from certificate_lifecycle.aws.report_assets import read_assets
from certificate_lifecycle.cli.exit_codes import Exit
from certificate_lifecycle.cli.options import (
    OutputOptions,
    TargetOptions,
    scope_options,
    talk_options,
)
from certificate_lifecycle.cli.output import console, print_scopes, summary
from certificate_lifecycle.cli.report_files import require_new, write
from certificate_lifecycle.cli.scanning import look, verdict_code
from certificate_lifecycle.model.errors import ConfigurationError
from certificate_lifecycle.model.sanitize import clean
from certificate_lifecycle.render.report.documents import documents

_KINDS = ("html", "csv", "json")


@click.command("report")
@click.argument(
    "files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path)
)
@click.option("--force", is_flag=True, help="Replace files that exist.")
@scope_options
@talk_options
def command(
    files: tuple[Path, ...], targets: TargetOptions, output_options: OutputOptions, *, force: bool
) -> Exit:
    """Write what was found; the ending of each FILE says how: .html, .csv or .json.

    The page is one file that needs no other and no network. Nothing is changed in AWS.
    """
    errors = [
        f"{file}: a report ends in {', '.join(f'.{kind}' for kind in _KINDS)}"
        for file in files
        if _kind(file) not in _KINDS
    ]
    if errors:
        raise ConfigurationError(errors)
    for file in files:
        require_new(file, force=force)
    looked = look(targets, output_options)
    for document in documents(looked.run, read_assets()):
        for file in files:
            if _kind(file) == document.suffix:
                write(file, document.text.encode())
    if not output_options.quiet:
        out = console()
        print_scopes(out, looked.run)
        out.print(summary(looked.run))
        for file in files:
            out.print(f"Written: {clean(str(file))}", markup=False)
    return verdict_code(looked, None)


def _kind(file: Path) -> str:
    return file.suffix.removeprefix(".").lower()
