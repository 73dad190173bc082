"""Validation records: which zone holds them, what stands there, what has to be written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from certificate_lifecycle.model.certificate import ValidationRecord
from certificate_lifecycle.model.dns_names import dns_form, is_same_or_below

#: Where ACM's validation CNAMEs point (ACM user guide, DNS validation). A CNAME to this domain is
#: ACM's own, so an outdated one may be replaced; anything else at the name belongs to somebody.
_ACM_TARGET = "acm-validations.aws"
#: The only type of ACM's validation records (API reference, ResourceRecord).
_WRITTEN = "CNAME"


@dataclass(frozen=True, slots=True)
class Zone:
    """A public hosted zone that we may write, and the role to write it with."""

    zone_id: str
    name: str
    role_arn: str | None = None


@dataclass(frozen=True, slots=True)
class ZoneChoice:
    """The zone for a name: exactly one candidate is an answer, none or several are not."""

    candidates: tuple[Zone, ...]

    @property
    def zone(self) -> Zone | None:
        """The zone, if there is just one."""
        return self.candidates[0] if len(self.candidates) == 1 else None

    @property
    def ambiguous(self) -> bool:
        """Whether several zones have the longest matching name."""
        return len(self.candidates) > 1


@dataclass(frozen=True, slots=True)
class ExistingRecord:
    """A record set as it stands in a zone; `plain` is false for aliases and routing policies."""

    name: str
    type: str
    values: tuple[str, ...]
    plain: bool = True


class RecordState(StrEnum):
    """What was found where a validation record belongs."""

    IN_PLACE = "in place"
    MISSING = "missing"
    OUTDATED = "outdated"
    FOREIGN = "foreign"
    ZONE_NOT_FOUND = "zone not found"
    ZONE_AMBIGUOUS = "zone ambiguous"
    UNCHECKED = "unchecked"


class RecordChange(StrEnum):
    """What became of a validation record."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class RecordFinding:
    """One wanted record and what stands there; `found` is text for people."""

    record: ValidationRecord
    state: RecordState
    zone: Zone | None = None
    found: str = ""

    @property
    def change(self) -> RecordChange | None:
        """The change that would put the record right; None where we must not or cannot write."""
        return _CHANGES.get(self.state)


_CHANGES = {
    RecordState.IN_PLACE: RecordChange.UNCHANGED,
    RecordState.MISSING: RecordChange.CREATED,
    RecordState.OUTDATED: RecordChange.UPDATED,
}


def choose_zone(name: str, zones: Iterable[Zone]) -> ZoneChoice:
    """Return the zones with the longest name that holds `name`.

    The longest suffix on a label boundary is the zone that resolvers end up in, provided that it
    is delegated to. Two public zones may have one name and only one of them is delegated to: that
    is never guessed (Route 53 developer guide, "Public hosted zones").
    """
    wanted = dns_form(name)
    holding = [zone for zone in zones if is_same_or_below(wanted, dns_form(zone.name))]
    longest = max((len(dns_form(zone.name)) for zone in holding), default=0)
    return ZoneChoice(tuple(zone for zone in holding if len(dns_form(zone.name)) == longest))


def distinct(records: Iterable[ValidationRecord]) -> tuple[ValidationRecord, ...]:
    """Return `records` once each.

    An apex and its wildcard share a CNAME, and Route 53 refuses a batch that changes one record
    twice.
    """
    by_key = {(dns_form(record.name), record.type): record for record in records}
    return tuple(by_key.values())


def compare(
    record: ValidationRecord, zone: Zone, existing: Sequence[ExistingRecord]
) -> RecordFinding:
    """Say what stands at the name of `record` in `zone`; `existing` are the record sets there.

    Only CNAMEs are written: a record of another type is left to somebody who knows it.
    """
    if record.type != _WRITTEN:
        why = (
            f"ACM wants a record of the type {record.type} there, which this version does not write"
        )
        return RecordFinding(record, RecordState.UNCHECKED, zone, why)
    if not existing:
        return RecordFinding(record, RecordState.MISSING, zone)
    found = ", ".join(f"{entry.type} {' '.join(entry.values)}".strip() for entry in existing)
    return RecordFinding(record, _state(record, existing), zone, found)


def _state(record: ValidationRecord, existing: Sequence[ExistingRecord]) -> RecordState:
    (first, *others) = existing
    if others or not first.plain or first.type != record.type:
        return RecordState.FOREIGN
    values = [dns_form(value) for value in first.values]
    if values == [dns_form(record.value)]:
        return RecordState.IN_PLACE
    ours = all(is_same_or_below(value, _ACM_TARGET) for value in values)
    return RecordState.OUTDATED if ours else RecordState.FOREIGN


def explain(finding: RecordFinding) -> str:
    """Return one clause for people about a record that is not in place."""
    name = dns_form(finding.record.name)
    match finding.state:
        case RecordState.IN_PLACE:
            return f"{name} stands as ACM wants it"
        case RecordState.MISSING:
            return f"{name} does not exist in zone {_zone_text(finding.zone)}{_wanted(finding)}"
        case RecordState.OUTDATED:
            where = _zone_text(finding.zone)
            return f"{name} has an older ACM value in zone {where}{_wanted(finding)}"
        case RecordState.FOREIGN:
            where = _zone_text(finding.zone)
            return f"{name} in zone {where} holds {finding.found}{_wanted(finding)}"
        case RecordState.ZONE_NOT_FOUND:
            return f"no public hosted zone that may be written holds {name}{_wanted(finding)}"
        case RecordState.ZONE_AMBIGUOUS:
            return f"{name} could be in several public hosted zones of one name: {finding.found}"
        case _:
            return f"{name} could not be compared: {finding.found}"


def _wanted(finding: RecordFinding) -> str:
    value = finding.record.value
    return f"; ACM wants {finding.record.type} {dns_form(value)}" if value else ""


def _zone_text(zone: Zone | None) -> str:
    return f"{dns_form(zone.name)} ({zone.zone_id})" if zone else "unknown"
