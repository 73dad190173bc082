"""`certificates report`: write the findings to files."""

from __future__ import annotations

from pathlib import Path

import click

from certificate_lifecycle.aws.report_assets import read_assets
from certificate_lifecycle.cli.exit_codes import Exit
from certificate_lifecycle.cli.options import Options, common_options
from certificate_lifecycle.cli.output import console, print_scopes, summary
from certificate_lifecycle.cli.report_files import require_new, write
from certificate_lifecycle.cli.scanning import scan
from certificate_lifecycle.model.errors import ConfigurationError
from certificate_lifecycle.model.sanitize import clean
from certificate_lifecycle.render.report.documents import documents

_FORMATS = ("html", "csv", "json")


@click.command("report")
@click.argument(
    "files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path)
)
@click.option("--force", is_flag=True, help="Replace existing files.")
@common_options(coverage=True, filters=True)
def command(files: tuple[Path, ...], options: Options, *, force: bool) -> Exit:
    """Write the findings to each FILE; its suffix selects the format: .html, .csv or .json.

    The HTML page contains everything it needs and works offline. Changes nothing in AWS.
    """
    errors = [
        f"{file}: the suffix must be one of {', '.join(f'.{name}' for name in _FORMATS)}"
        for file in files
        if _format(file) not in _FORMATS
    ]
    if errors:
        raise ConfigurationError(errors)
    for file in files:
        require_new(file, force=force)
    scanned = scan(options)
    for document in documents(scanned.shown, read_assets()):
        for file in files:
            if _format(file) == document.suffix:
                write(file, document.text.encode())
    if not options.quiet:
        out = console()
        print_scopes(out, scanned.shown)
        out.print(summary(scanned.shown, scanned.run.certificates))
        for file in files:
            out.print(f"Written: {clean(str(file))}", markup=False)
    return scanned.exit_code(None)


def _format(file: Path) -> str:
    return file.suffix.removeprefix(".").lower()
