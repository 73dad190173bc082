"""The readiness of each certificate, and of all together, on a date."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from certificate_lifecycle.model.baseline_dates import RULES
from certificate_lifecycle.model.certificate import CertificateType, Documented
from certificate_lifecycle.model.run import Assessment
from certificate_lifecycle.model.sanitize import clean_lines
from certificate_lifecycle.policy.readiness.blockers import (
    Blocker,
    blockers_of,
    blockers_of_instance,
)
from certificate_lifecycle.policy.readiness.case import Case, Setup
from certificate_lifecycle.policy.readiness.simulation import Counts, by_month, course_of, simulate
from certificate_lifecycle.policy.readiness.words import BlockerKind, Effect, Prover

#: Since this day, public certificates live for 47 days.
SHORTEST_LIVES = RULES[-1].since
#: Since this day, public certificates live for 100 days.
_HUNDRED_DAYS = RULES[-2].since
_SIMULATED_DAYS = 3 * 365


@dataclass(frozen=True, slots=True)
class CertificateReadiness:
    """What the coming years ask of one certificate.

    `blockers` are those that apply on the date or before. `ends_at` is when it ends in use unless a
    person acts, by the date; None if it does not.
    `acts_a_year` has the number of acts of people by milestone.
    """

    case: Case
    blockers: tuple[Blocker, ...]
    ends_at: datetime | None
    acts_a_year: Mapping[str, float]

    @property
    def known(self) -> bool:
        """Whether it is known how it is validated."""
        return not self.case.ours or self.case.prover is not Prover.UNKNOWN

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON; texts are cleaned."""
        case, certificate = self.case, self.case.certificate
        renews = case.renews
        return {
            "certificate_arn": certificate.arn,
            "domain_name": clean_lines(certificate.domain_name),
            "account_id": certificate.account_id,
            "region": certificate.region,
            "owner": clean_lines(case.entry.owner) if case.entry.owner else None,
            "prover": case.prover.value if renews else None,
            "issuer": case.issuer.value if renews else None,
            "deployer": case.deployer.value if renews else None,
            "acts": [act.value for act in case.acts],
            "acts_a_year": {name: round(acts, 1) for name, acts in self.acts_a_year.items()},
            "next_renewal": case.next_renewal.isoformat() if renews else None,
            "ends_at": self.ends_at.isoformat() if self.ends_at else None,
            "blockers": [blocker_entry(blocker) for blocker in self.blockers],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """The readiness of all certificates on the date `at`.

    `instance` are the blockers of the instance itself. `months` is the simulation by `YYYY-MM`.
    """

    now: datetime
    at: datetime
    outlooks: Sequence[CertificateReadiness]
    instance: Sequence[Blocker]
    months: Mapping[str, Counts]

    @property
    def acts_a_year(self) -> dict[str, float]:
        """The acts of people in a year by milestone, of all certificates."""
        return {
            name: sum(outlook.acts_a_year[name] for outlook in self.outlooks)
            for name in milestones(self.now, self.at)
        }

    @property
    def blockers(self) -> dict[BlockerKind, int]:
        """The number of certificates by blocker, in the order of the enum."""
        found = [blocker for outlook in self.outlooks for blocker in outlook.blockers]
        counted = Counter(blocker.rule.kind for blocker in (*self.instance, *found))
        return {kind: counted[kind] for kind in BlockerKind if counted[kind]}

    @property
    def blocked(self) -> list[CertificateReadiness]:
        """The certificates with a blocker, the first one that ends first."""
        found = [outlook for outlook in self.outlooks if outlook.blockers]
        return sorted(found, key=_urgency)

    @property
    def blocked_renewals(self) -> int:
        """The number of certificates with a blocker that have to be renewed."""
        return sum(outlook.case.renews for outlook in self.blocked)

    @property
    def unknown(self) -> int:
        """The number of certificates whose validation is unknown."""
        return sum(not outlook.known for outlook in self.outlooks)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {
            "started_at": self.now.isoformat(),
            "at": self.at.isoformat(),
            "renewed_certificates": sum(outlook.case.renews for outlook in self.outlooks),
            "unknown_certificates": self.unknown,
            "ready_certificates": sum(
                outlook.case.renews and outlook.known and not outlook.blockers
                for outlook in self.outlooks
            ),
            "acts_a_year": {name: round(acts, 1) for name, acts in self.acts_a_year.items()},
            "blockers": {kind.value: count for kind, count in self.blockers.items()},
            "instance_blockers": [blocker_entry(blocker) for blocker in self.instance],
            "certificates": [
                outlook.to_dict()
                for outlook in self.outlooks
                if outlook.case.renews or outlook.blockers
            ],
            "months": {month: counts.to_dict() for month, counts in self.months.items()},
        }


def blocker_entry(blocker: Blocker) -> dict[str, str]:
    """Return a blocker as plain data."""
    rule = blocker.rule
    return {
        "kind": rule.kind.value,
        "meaning": rule.kind.meaning,
        "effect": rule.effect.value,
        "since": blocker.since.isoformat(),
        "party": rule.party.value,
        "remedy": clean_lines(blocker.remedy),
    }


def meanings(*words: type[Documented]) -> dict[str, str]:
    """Return the meaning of every member of some enums, by value."""
    return {member.value: member.meaning for each in words for member in each}


def milestones(now: datetime, at: datetime) -> dict[str, datetime]:
    """Return the dates for which acts are counted: now, with 100 and 47 days, and at a date."""
    return {"now": now, "100_days": _HUNDRED_DAYS, "47_days": SHORTEST_LIVES, "at": at}


def readiness(
    entries: Iterable[Assessment], setup: Setup, now: datetime, at: datetime = SHORTEST_LIVES
) -> Readiness:
    """Return the readiness of all certificates on a date; `entries` are those of one run."""
    known = list(entries)
    authorities = {
        entry.certificate.arn: entry.certificate
        for entry in known
        if entry.certificate.type is CertificateType.PRIVATE_AUTHORITY
    }
    setup = replace(setup, authorities={**authorities, **setup.authorities})
    outlooks, courses = [], []
    for entry in known:
        case = Case(entry, setup, now)
        every = blockers_of(case)
        outlooks.append(_outlook(case, every, at))
        course = course_of(case, every)
        if course is not None:
            courses.append(course)
    counts = simulate(courses, _SIMULATED_DAYS)
    return Readiness(
        now=now,
        at=at,
        outlooks=outlooks,
        instance=blockers_of_instance(setup, now),
        months=by_month(counts, now),
    )


def _outlook(case: Case, blockers: Sequence[Blocker], at: datetime) -> CertificateReadiness:
    acts = {name: case.acts_a_year(date) for name, date in milestones(case.now, at).items()}
    shown = tuple(blocker for blocker in blockers if blocker.since <= at)
    return CertificateReadiness(case, shown, _ends_at(case, shown, at), acts)


def _ends_at(case: Case, blockers: Sequence[Blocker], at: datetime) -> datetime | None:
    """Return the end of the last version that is issued without a person, by `at`."""
    needed = [blocker.since for blocker in blockers if blocker.rule.effect is not Effect.COSTS]
    ends, renewal = case.certificate.not_after, case.next_renewal
    if not needed or ends is None or not case.renews:
        return None
    first = min(needed)
    while renewal < first:
        ends = renewal + case.lifetime_from(renewal)
        renewal += case.interval_from(renewal)
    return ends if renewal <= at else None


def _urgency(outlook: CertificateReadiness) -> tuple[bool, float, float, str]:
    """Return a sort key: those that end first, then by the first blocker."""
    ends, first = outlook.ends_at, outlook.blockers[0].since
    arn = outlook.case.certificate.arn
    return ends is None, ends.timestamp() if ends else 0.0, first.timestamp(), arn
