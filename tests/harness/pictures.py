"""The pictures of the README: a browser draws the recorded message and page of the unit tests.

    make pictures

`docs/images/sources.json` has a hash of what each picture shows, so that a test notices an old one
without a browser.
"""

from __future__ import annotations

import hashlib
import html
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tests.unit.render.message_samples import (
    a_day_with_news,
    a_day_with_three_hundred_findings,
    message_of,
)
from tests.unit.render.test_report import report

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "images"
SOURCES = FOLDER / "sources.json"
#: Width and height of each picture, in CSS pixels.
SIZES = {"message": "1000,640", "report": "1400,900"}
MAIL = """<!doctype html><meta charset="utf-8"><title>Message</title>
<style>
body {{ font: 15px/1.45 monospace; margin: 24px; color: #1f2328; background: #fff }}
h1 {{ font: 600 17px sans-serif; border-bottom: 1px solid #d0d7de; padding-bottom: 12px }}
pre {{ font: inherit; white-space: pre-wrap }}
</style>
<h1>{subject}</h1>
<pre>{body}</pre>
"""


def documents() -> Mapping[str, str]:
    """Return the HTML document of each picture by its name."""
    message = message_of(a_day_with_news())
    mail = MAIL.format(
        subject=html.escape(message.subject), body=html.escape(message.bodies["email"])
    )
    return {"message": mail, "report": report(a_day_with_three_hundred_findings())["html"]}


def hashes() -> Mapping[str, str]:
    """Return the hash of each document by the name of its picture."""
    return {
        name: hashlib.sha256(document.encode()).hexdigest()
        for name, document in documents().items()
    }


def main() -> int:
    """Draw the pictures; return 1 without a browser."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        print("Chromium is needed to draw the pictures.", file=sys.stderr)
        return 1
    FOLDER.mkdir(exist_ok=True)
    for name, document in documents().items():
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder, "source.html")
            source.write_text(document, encoding="utf-8")
            subprocess.run(
                [
                    *(browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
                    f"--user-data-dir={folder}/profile",
                    f"--window-size={SIZES[name]}",
                    f"--screenshot={FOLDER / name}.png",
                    source.as_uri(),
                ],
                check=True,
                capture_output=True,
                timeout=120,
            )
    SOURCES.write_text(json.dumps(hashes(), indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
