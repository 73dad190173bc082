"""The files of the report's page, as a unit test reads them: without the adapter."""

from __future__ import annotations

from pathlib import Path

from certificate_lifecycle.render.report import assets
from certificate_lifecycle.render.report.assets import Assets

FILES = {
    suffix: Path(assets.__file__).with_name(f"page.{suffix}") for suffix in ("html", "css", "js")
}
ASSETS = Assets(*(file.read_text(encoding="utf-8") for file in FILES.values()))
