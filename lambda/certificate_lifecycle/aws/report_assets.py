"""The asset files of the report page."""

from __future__ import annotations

from importlib import resources

from certificate_lifecycle.render.report import assets
from certificate_lifecycle.render.report.assets import Assets


def read_assets() -> Assets:
    """Read the asset files; raises OSError if one is missing."""
    folder = resources.files(assets)
    html, style, script = (
        folder.joinpath(f"page.{suffix}").read_text(encoding="utf-8")
        for suffix in ("html", "css", "js")
    )
    return Assets(html, style, script)
