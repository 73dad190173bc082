"""The values that a shell completes: names of certificates, regions and profiles.

Completion runs at each press of Tab: it is silent about errors, and waits for seconds at most.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

import click

#: A name that a shell takes as one word; any other may contain control characters.
_PLAIN = re.compile(r"[A-Za-z0-9*._-]+", re.ASCII)
_MOST_CERTIFICATES = 1_000
_SECONDS = 3
#: Partitions with regions for which an account needs credentials of their own.
_PARTITIONS = ("aws", "aws-us-gov", "aws-cn")

Completion = Callable[[click.Context, click.Parameter, str], list[str]]


def _silent(values: Callable[[click.Context, str], Iterable[str]]) -> Completion:
    """Return a completion that offers nothing after an error."""

    def complete(ctx: click.Context, _: click.Parameter, typed: str) -> list[str]:
        logging.disable(logging.CRITICAL)
        try:
            return sorted({value for value in values(ctx, typed) if value.startswith(typed)})
        except Exception:  # noqa: BLE001 - a text would land in the user's command line
            return []

    return complete


def _names(ctx: click.Context, _: str) -> Iterator[str]:
    """Yield the common names in one region, that of the command's options so far."""
    from botocore.config import Config  # noqa: PLC0415 - only the completion of names needs the SDK

    from certificate_lifecycle.aws.acm import KEY_TYPES  # noqa: PLC0415
    from certificate_lifecycle.cli.aws.identity import session_of  # noqa: PLC0415

    regions = ctx.params.get("regions") or (None,)
    region = None if regions[0] == "all" else regions[0]
    session = session_of(ctx.params.get("profile"), region or ctx.params.get("region"))
    limits = Config(
        connect_timeout=_SECONDS, read_timeout=_SECONDS, retries={"total_max_attempts": 1}
    )
    client: Any = session.client("acm", config=limits)
    pages = client.get_paginator("list_certificates").paginate(Includes={"keyTypes": KEY_TYPES})
    listed = (
        entry.get("DomainName", "") for page in pages for entry in page["CertificateSummaryList"]
    )
    yield from filter(_PLAIN.fullmatch, islice(listed, _MOST_CERTIFICATES))


def _regions(_: click.Context, typed: str) -> Iterator[str]:
    """Yield the regions that the SDK knows for ACM, each after the regions typed so far."""
    from botocore.session import Session  # noqa: PLC0415 - as above

    before = typed.rpartition(",")[0]
    for partition in _PARTITIONS:
        for region in Session().get_available_regions("acm", partition):
            yield f"{before},{region}" if before else region


def _profiles(_: click.Context, __: str) -> Iterable[str]:
    from botocore.session import Session  # noqa: PLC0415 - as above

    return filter(_PLAIN.fullmatch, Session().available_profiles)


certificate_names = _silent(_names)
region_names = _silent(_regions)
profile_names = _silent(_profiles)
