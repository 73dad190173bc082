"""The files of the report's page; `aws.report_assets` reads them.

page.html is a `string.Template` for `page.page`. Its policy must allow no request, and no other
style or script than these: the page has untrusted names. Links must send no referrer, which would
be the address of the report.
page.css has a contrast of at least 4.5 to 1 for text, in both colour schemes (WCAG 2.2, 1.4.3).
page.js pages, sorts and filters the tables, keeps the filter in the address, and copies texts.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Assets:
    """The texts of page.html, page.css and page.js."""

    html: str
    style: str
    script: str
