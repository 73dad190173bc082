"""The findings of a message in groups with one cause, ordered by when a person has to act."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

from certificate_lifecycle.model.certificate import Action, Reason, Severity, Verdict
from certificate_lifecycle.model.run import Assessment, urgency

#: Second levels of country domains under which others register, such as `co.uk`.
_REGISTRIES = frozenset({"ac", "co", "com", "edu", "gov", "ne", "net", "or", "org"})
#: A mail has room for so many groups.
_MOST_GROUPS = 12
_WEEK, _MONTH = timedelta(days=7), timedelta(days=30)


class Due(IntEnum):
    """When a person has to act: critical findings today, others by their expiry."""

    TODAY = 0
    THIS_WEEK = 1
    THIS_MONTH = 2
    LATER = 3

    @property
    def title(self) -> str:
        """The title of a section."""
        return self.name.replace("_", " ")


@dataclass(frozen=True, slots=True)
class Group:
    """Findings with the same verdict, reason and zone, most urgent first.

    It is due when the first of them is. `zone` is empty if it has findings of any zone.
    """

    due: Due
    zone: str
    entries: tuple[Assessment, ...]

    @property
    def first(self) -> Assessment:
        """The most urgent finding."""
        return self.entries[0]

    @property
    def verdict(self) -> Verdict:
        """The verdict of every finding."""
        return self.first.decision.verdict

    @property
    def reason(self) -> Reason:
        """The reason of every finding."""
        return self.first.decision.reason

    @property
    def action(self) -> Action:
        """The next step of the most urgent finding."""
        return self.first.decision.action


def groups_of(findings: Sequence[Assessment], now: datetime) -> list[Group]:
    """Return the groups, those that are due first and then the most urgent first.

    Of too many groups to show, the zones are not distinguished, so that no cause is missing.
    """
    groups = _grouped(findings, now, _zone)
    return groups if len(groups) <= _MOST_GROUPS else _grouped(findings, now, lambda _: "")


def _grouped(
    findings: Sequence[Assessment], now: datetime, zone_of_entry: Callable[[Assessment], str]
) -> list[Group]:
    found: defaultdict[tuple[Verdict, Reason, Action, str], list[Assessment]] = defaultdict(list)
    for entry in sorted(findings, key=urgency):
        decision = entry.decision
        key = (decision.verdict, decision.reason, decision.action, zone_of_entry(entry))
        found[key].append(entry)
    groups = [
        Group(min(due_of(entry, now) for entry in entries), zone, tuple(entries))
        for (_, _, _, zone), entries in found.items()
    ]
    return sorted(groups, key=lambda group: (group.due, urgency(group.first)))


def due_of(entry: Assessment, now: datetime) -> Due:
    """Return when a person has to act on a finding."""
    severity, ends = entry.decision.severity, entry.certificate.not_after
    if severity is Severity.CRITICAL:
        return Due.TODAY
    if ends is None:
        return Due.THIS_WEEK if severity is Severity.WARNING else Due.LATER
    left = ends - now
    if left <= _WEEK:
        return Due.THIS_WEEK
    return Due.THIS_MONTH if left <= _MONTH else Due.LATER


def zone_of(name: str) -> str:
    """Return the registered domain above a name, by its form: for a list, no DNS is needed."""
    labels = name.removeprefix("*.").split(".")
    country = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _REGISTRIES  # noqa: PLR2004
    return ".".join(labels[-3 if country else -2 :])


def _zone(entry: Assessment) -> str:
    """Return the zone of a finding; requests that failed long ago are one group.

    The first run after a deployment finds the failed requests of years.
    """
    decision = entry.decision
    old = decision.verdict is Verdict.REQUEST_FAILED and decision.action is Action.INVESTIGATE
    return "" if old else zone_of(entry.certificate.domain_name)
