"""The recorded messages and pages: `make goldens` writes them.

`test_goldens` compares them; review the difference before a commit.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from tests.unit.assets import ASSETS
from tests.unit.builders import run
from tests.unit.render.message_samples import (
    FAILED_SCOPE,
    a_day_with_everything,
    a_day_with_news,
    a_day_with_three_hundred_findings,
    message_of,
)
from tests.unit.render.test_report import a_run_with_everything, report
from tests.unit.tables import DATA


def goldens() -> Mapping[Path, str]:
    """Return the text of each recorded file."""
    everything = message_of(a_day_with_everything()).bodies
    texts = {
        "messages/everything.txt": everything["email"],
        "messages/news.txt": message_of(a_day_with_news()).bodies["email"],
        "messages/many.txt": _without_commands(
            message_of(a_day_with_three_hundred_findings()).bodies["email"]
        ),
        "messages/unseen.txt": message_of(run(scopes=(FAILED_SCOPE,))).bodies["email"],
        **{
            f"messages/everything.{protocol}.json": _indented(everything[protocol])
            for protocol in ("https", "sqs")
        },
        "pages/everything.html": _without_assets(report(a_run_with_everything())["html"]),
        "pages/nothing.html": _without_assets(report(run())["html"]),
    }
    return {DATA / name: text for name, text in texts.items()}


def _indented(document: str) -> str:
    return json.dumps(json.loads(document), indent=2) + "\n"


def _without_commands(mail: str) -> str:
    """Return a mail without all but the first command of each step."""
    return re.sub(r"(    aws .*\n)(?:    aws .*\n)+", r"\1", mail)


def _without_assets(page: str) -> str:
    """Return a page without style and script, which no run changes."""
    page = page.replace(f"\n{ASSETS.style}", "STYLE").replace(f"\n{ASSETS.script}", "SCRIPT")
    return re.sub(r"'sha256-[^']+'", "'HASH'", page)


if __name__ == "__main__":
    for path, text in goldens().items():
        path.write_text(text, encoding="utf-8")
