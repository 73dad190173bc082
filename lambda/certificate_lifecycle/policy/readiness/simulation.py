"""Day by day, the renewals, imports, acts of people and ends of many certificates.

People do all their acts in time; a certificate ends only where an act does not suffice.
The work grows with the number of renewals, and not with certificates times days.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from certificate_lifecycle.model.baseline_dates import RULES
from certificate_lifecycle.model.certificate import CertificateType
from certificate_lifecycle.policy.readiness.blockers import Blocker
from certificate_lifecycle.policy.readiness.case import Case
from certificate_lifecycle.policy.readiness.words import Effect

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Phase:
    """From day `since` on: the lifetime of a new version, and the days to its renewal."""

    since: int
    lifetime: int
    interval: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """The renewals of one certificate, in days from the start of the simulation.

    `stops` is the day since when renewals fail, None if they do not.
    """

    renewal: int
    end: int
    phases: tuple[Phase, ...]
    acts: int = 0
    imported: bool = False
    stops: int | None = None


@dataclass(slots=True)
class Counts:
    """What happens in a day or a month; `breakages` are certificates that end in use."""

    renewals: int = 0
    imports: int = 0
    acts: int = 0
    breakages: int = 0

    def add(self, other: Counts) -> None:
        """Add the counts of another day."""
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))

    def to_dict(self) -> dict[str, int]:
        """Return plain data for JSON."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


def course_of(case: Case, blockers: Iterable[Blocker]) -> Course | None:
    """Return the renewals of a certificate from now on; None if there are none."""
    ends = case.certificate.not_after
    if not case.renews or ends is None:
        return None
    stops = [blocker.since for blocker in blockers if blocker.rule.effect is Effect.STOPS]
    return Course(
        renewal=_days(case.next_renewal, case.now),
        end=_days(ends, case.now),
        phases=_phases(case),
        acts=len(case.acts),
        imported=case.certificate.type is CertificateType.IMPORTED,
        stops=_days(min(stops), case.now) if stops else None,
    )


def _phases(case: Case) -> tuple[Phase, ...]:
    return tuple(
        Phase(
            max(0, _days(moment, case.now)),
            case.lifetime_from(moment) // _DAY,
            case.interval_from(moment) // _DAY,
        )
        for moment in (case.now, *(rule.since for rule in RULES if rule.since > case.now))
    )


def _days(moment: datetime, start: datetime) -> int:
    return (moment - start) // _DAY


def simulate(courses: Iterable[Course], days: int) -> list[Counts]:
    """Return what happens on each day."""
    counts = [Counts() for _ in range(days)]
    due: list[list[tuple[Course, int]]] = [[] for _ in range(days)]
    for course in courses:
        if course.renewal < days:
            due[course.renewal].append((course, course.end))
    for day, (today, renewed) in enumerate(zip(counts, due, strict=True)):
        for course, end in renewed:
            if course.stops is not None and day >= course.stops:
                if end < days:
                    counts[end].breakages += 1
                continue
            phase = next(each for each in reversed(course.phases) if each.since <= day)
            today.renewals += 1
            today.imports += course.imported
            today.acts += course.acts
            following = day + phase.interval
            if following < days:
                due[following].append((course, day + phase.lifetime))
        renewed.clear()
    return counts


def by_month(counts: Sequence[Counts], start: datetime) -> dict[str, Counts]:
    """Return the sums of the days of each month, by `YYYY-MM`."""
    months: dict[str, Counts] = {}
    for day, count in enumerate(counts):
        months.setdefault(f"{start + day * _DAY:%Y-%m}", Counts()).add(count)
    return months
