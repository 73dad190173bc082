"""The regions that a scan left out: an empty result must not look like a healthy account."""

from __future__ import annotations

from certificate_lifecycle.cli.options import ALL, Options
from certificate_lifecycle.cli.session import Session
from certificate_lifecycle.log import logger
from certificate_lifecycle.model.run import Run

_REMEDY = "--regions all scans every enabled region."


def unscanned_text(session: Session, run: Run, options: Options) -> str | None:
    """Return a sentence about the regions that a scan left out; None if the user chose them.

    A scan that found no certificate names the other enabled regions.
    """
    if options.regions == (ALL,) or session.clock.interrupted:
        return None
    scanned = {scope.region for scope in run.scopes}
    where = ", ".join(sorted(scanned))
    if run.certificates or run.ignored:
        chosen = options.region or options.regions or session.function
        return None if chosen else f"Only {where} was scanned; {_REMEDY}"
    others = _enabled(session) - scanned
    names = f": {', '.join(sorted(others))}" if others else ""
    return f"No certificate was found in {where}. Other regions were not scanned{names}. {_REMEDY}"


def _enabled(session: Session) -> set[str]:
    """Return the enabled regions of the account, empty if they cannot be read."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    from certificate_lifecycle.cli.aws.regions import enabled_regions  # noqa: PLC0415

    try:
        return set(enabled_regions(session.clients.any("ec2", session.home.region)))
    except (BotoCoreError, ClientError):
        logger.debug("enabled regions unreadable", exc_info=True)
        return set()
