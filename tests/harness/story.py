"""The examples of docs/cli.md: commands with their output in a terminal.

    python -m tests.harness.story

runs them in order in a new account, and writes their output into the page. A test compares it.
"""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.embedded_aws.cloud import Cloud
from tests.embedded_aws.doh_gateway import HostedZones, serving_https
from tests.harness.terminal import ROOT, type_in

PAGE = ROOT / "docs" / "cli.md"
_BLOCK = re.compile(r"(?<=^```console\n).*?(?=^```$)", re.MULTILINE | re.DOTALL)
_PROMPT = "$ "
_AGREED = "[y/N]: y"
#: A terminal wraps ARNs at any character.
_HEXADECIMAL = ("[0-9a-f]",)
_ID = (*_HEXADECIMAL * 8, *("-", *_HEXADECIMAL * 4) * 3, "-", *_HEXADECIMAL * 12)
#: Values that differ between equal accounts. Replacements have the same length, so that lines
#: wrap equally.
_DIFFERENT = (
    (re.compile(r"(?:\n *)?".join(_ID)), "i"),
    (re.compile(r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d+)?)?"), "d"),
    (re.compile(r"\b\d\d:\d\d\b"), "h"),
    (re.compile(r"_[0-9a-f]{32}"), "t"),
    (re.compile(r"(?<=acm-drill-)[0-9a-f]{16}"), "t"),
    (re.compile(r"\b[a-z]{10}(?=\.acm-)"), "v"),
    (re.compile(r"\bZ[A-Z0-9]{12,31}\b"), "z"),
    (re.compile(r"\b[0-9a-f]{2}(?::[0-9a-f]{2}){7,}\b"), "s"),
    (re.compile(r"\b\d+\.\d s\b"), "n"),
)
#: Its zones are not visible in the account.
_OTHER_PROVIDER = "999999999999"
_USED: dict[str, Any] = {
    "in_use_by": [
        "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/web/50dc6c495c0c9188"
    ]
}


@dataclass(frozen=True, slots=True)
class Example:
    """A command of the page with its output."""

    command: str
    shown: str

    @property
    def agrees(self) -> bool:
        """Whether the user confirms the command."""
        return _AGREED in self.shown


def fill(cloud: Cloud) -> None:
    """Fill the account with certificates, half a day away from a change of day counts."""
    cloud.zones.add("example.com")
    cloud.zones.add("example.org", account=_OTHER_PROVIDER)

    def ending(days: int, lifetime: int = 198) -> dict[str, Any]:
        ends = cloud.now + timedelta(days=days, hours=12)
        return {"not_after": ends, "not_before": ends - timedelta(days=lifetime)}

    add = cloud.certificates.add
    blocked: dict[str, Any] = {"renewal_status": "PENDING_VALIDATION", **_USED}
    add(domain_name="api.example.com", **blocked, **ending(40))
    add(domain_name="shop.example.org", **blocked, **ending(24))
    add(
        domain_name="legacy.example.com",
        type="IMPORTED",
        tags={"Owner": "payments"},
        **_USED,
        **ending(4, 365),
    )
    add(domain_name="old.example.com", **ending(38))
    for days, name in enumerate(("www", "login", "status"), 150):
        add(domain_name=f"{name}.example.com", **_USED, **ending(days))


def examples(page: str) -> Iterator[Example]:
    """Yield the examples of the page in order."""
    for block in _BLOCK.findall(page):
        for part in re.split(r"^(?=\$ )", block, flags=re.MULTILINE):
            if part.startswith(_PROMPT):
                command, _, shown = part.removeprefix(_PROMPT).partition("\n")
                yield Example(command, shown)


def run_examples(cloud: Cloud, page: str) -> list[Example]:
    """Run every example and return it with its current output.

    Public DNS has the zones of the account: each command gets the resolvers as options that the
    page does not show.
    """
    fill(cloud)
    found = []
    with TemporaryDirectory() as folder, serving_https(HostedZones(cloud.zones)) as gateway:
        resolvers = [f"--resolver={url}" for url in gateway.urls]
        for example in examples(page):
            program, *arguments = shlex.split(example.command)
            if program != "certificates":
                raise ValueError(f"{example.command!r} is no example that could be run")
            shown = type_in(
                [*arguments, *resolvers],
                {**cloud.environment(), **gateway.environment},
                answer="y" if example.agrees else "n",
                folder=Path(folder),
            )
            found.append(replace(example, shown=shown.screen if shown.screen.strip() else ""))
    return found


def alike(shown: str) -> str:
    """Return the output with equal values for everything that differs between accounts."""
    for pattern, letter in _DIFFERENT:
        shown = pattern.sub(partial(_masked, letter), shown)
    return shown


def _masked(letter: str, match: re.Match[str]) -> str:
    return re.sub(r"[^\n ]", letter, match[0])


def main() -> int:
    """Write the outputs into the page."""
    page = PAGE.read_text(encoding="utf-8")
    with Cloud.start() as cloud:
        found = iter(run_examples(cloud, page))

    def block(match: re.Match[str]) -> str:
        count = sum(line.startswith(_PROMPT) for line in match[0].splitlines())
        parts = [next(found) for _ in range(count)]
        return "\n".join(f"{_PROMPT}{part.command}\n{part.shown}" for part in parts)

    PAGE.write_text(_BLOCK.sub(block, page), encoding="utf-8")
    sys.stderr.write(f"{PAGE.relative_to(ROOT)} was written\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
