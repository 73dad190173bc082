"""The repair history of a certificate: the validation records that were written for its renewal.

A record that is missing again was removed by another program, such as external-dns with the policy
`sync` (https://github.com/kubernetes-sigs/external-dns/issues/2265), and ACM may never see it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Self

from certificate_lifecycle.model import records
from certificate_lifecycle.model.certificate import Certificate
from certificate_lifecycle.model.dns_names import dns_form
from certificate_lifecycle.model.sanitize import listed
from certificate_lifecycle.model.scope import parse_arn
from certificate_lifecycle.model.timestamps import format_minute
from certificate_lifecycle.policy.validation import (
    RecordChange,
    RecordFinding,
    RecordState,
    Zone,
    zone_text,
)

#: The region of Route 53's API, by partition: CloudTrail has its events there (Route 53 developer
#: guide, "Logging Amazon Route 53 API calls with AWS CloudTrail").
_REGIONS = {"aws-cn": "cn-northwest-1", "aws-us-gov": "us-gov-west-1"}
_SHOWN_NAMES = 3
#: A record that was written that often has been removed before, and is removed again.
REPEATED = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRepair:
    """How often a record was written, and when for the first and for the last time."""

    name: str
    count: int
    first_at: datetime
    last_at: datetime

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {
            "name": self.name,
            "count": self.count,
            "first_at": records.stamp(self.first_at),
            "last_at": records.stamp(self.last_at),
        }

    @classmethod
    def from_dict(cls, entry: records.Entry) -> Self:
        """Read the result of `to_dict`; raises KeyError, TypeError or ValueError otherwise."""
        return cls(
            name=records.text(entry, "name"),
            count=records.number(entry, "count"),
            first_at=records.timestamp(entry, "first_at"),
            last_at=records.timestamp(entry, "last_at"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairHistory:
    """The records that were written for the next renewal of a certificate.

    `not_after` is the end of the certificate at that time, None for a request: the history of an
    earlier renewal does not count. `version` counts the writes; it is 0 if nothing is stored.
    """

    certificate_arn: str
    not_after: datetime | None = None
    repairs: tuple[RecordRepair, ...] = ()
    version: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {
            "certificate_arn": self.certificate_arn,
            "not_after": None if self.not_after is None else self.not_after.isoformat(),
            "repairs": [repair.to_dict() for repair in self.repairs],
            "version": self.version,
        }

    @classmethod
    def from_dict(cls, entry: records.Entry) -> Self:
        """Read the result of `to_dict`; raises KeyError, TypeError or ValueError otherwise."""
        return cls(
            certificate_arn=parse_arn(records.text(entry, "certificate_arn")),
            not_after=records.optional_instant(entry, "not_after"),
            repairs=tuple(map(RecordRepair.from_dict, records.items(entry, "repairs"))),
            version=records.number(entry, "version"),
        )

    @property
    def last_at(self) -> datetime | None:
        """The time of the last repair, None without one."""
        return max((repair.last_at for repair in self.repairs), default=None)

    def current(self, certificate: Certificate) -> RepairHistory:
        """Return the history for the next renewal of the certificate, empty after a renewal."""
        if self.not_after == certificate.not_after:
            return self
        return replace(self, not_after=certificate.not_after, repairs=())

    def of(self, name: str) -> RecordRepair | None:
        """Return the repairs of the record at a name, None if it was not written."""
        wanted = dns_form(name)
        return next((repair for repair in self.repairs if repair.name == wanted), None)

    def with_repairs(self, names: Iterable[str], now: datetime) -> RepairHistory:
        """Return the history after the records at `names` were written."""
        written = tuple(self._again(dns_form(name), now) for name in names)
        known = {repair.name for repair in written}
        others = tuple(repair for repair in self.repairs if repair.name not in known)
        return replace(self, repairs=(*others, *written))

    def _again(self, name: str, now: datetime) -> RecordRepair:
        before = self.of(name)
        if before is None:
            return RecordRepair(name=name, count=1, first_at=now, last_at=now)
        return replace(before, count=before.count + 1, last_at=max(now, before.last_at))


@dataclass(frozen=True, slots=True)
class RemovedRecord:
    """A record that was written, in `zone`, and was removed after that."""

    repair: RecordRepair
    zone: Zone


def removed_again(
    findings: Iterable[RecordFinding], history: RepairHistory
) -> tuple[RemovedRecord, ...]:
    """Return the records that were removed after they had been written.

    One that is in place counts if it was written twice: it will be removed again.
    """
    found = []
    for finding in findings:
        repair = history.of(finding.record.name)
        if repair is None or finding.zone is None:
            continue
        missing = finding.change in (RecordChange.CREATED, RecordChange.UPDATED)
        flapping = finding.state is RecordState.IN_PLACE and repair.count >= REPEATED
        if missing or flapping:
            found.append(RemovedRecord(repair, finding.zone))
    return tuple(found)


def explain_removed(removed: Sequence[RemovedRecord], partition: str) -> str:
    """Return a clause about records that were removed again, with the command that shows by whom.

    CloudTrail accepts one attribute (API reference, LookupEvents), so that `grep` selects the zone.
    A query with brackets would be changed in chat, where brackets make links.
    """
    repairs = [entry.repair for entry in removed]
    names = listed([repair.name for repair in repairs], _SHOWN_NAMES)
    count, since = max(r.count for r in repairs), min(r.first_at for r in repairs)
    verb = "was" if len(repairs) == 1 else "were"
    times = f"{format_minute(since)} and {verb} removed after that"
    times = f"on {times}" if count == 1 else f"{count} times since {times}"
    last = min(repair.last_at for repair in repairs)
    zone = removed[0].zone
    region = _REGIONS.get(partition, "us-east-1")
    return (
        f"{names} {verb} written {times}; this command shows which principal changed zone "
        f"{zone_text(zone)} since the last repair: aws cloudtrail lookup-events --region {region} "
        f"--start-time {last.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ} --lookup-attributes "
        "AttributeKey=EventName,AttributeValue=ChangeResourceRecordSets --query Events "
        f"--output text | grep {zone.zone_id}"
    )
