"""The files that the report's page is made of; `aws.report_assets` reads them.

page.html is a `string.Template` whose placeholders `report_page.page` fills.
It must allow no other style and no other script than these, and no request: the page holds names
that others chose.
A link to the console must send no referrer, which would be the address of the report.
page.css has a contrast of at least 4.5 to 1 for text, in both colour schemes (WCAG 2.2, 1.4.3).
page.js shows the tables in pages of 100 rows, sorts and filters them, and keeps the filter in the
address.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Assets:
    """The texts of page.html, page.css and page.js."""

    html: str
    style: str
    script: str
