"""Validation records: their zones, their states, and the changes to make."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from certificate_lifecycle.model.certificate import ValidationRecord
from certificate_lifecycle.model.dns_names import dns_form, is_same_or_below

#: The target domain of ACM's validation CNAMEs (ACM user guide, DNS validation). Only CNAMEs to
#: this domain may be replaced.
_ACM_TARGET = "acm-validations.aws"
#: The only type of ACM's validation records (API reference, ResourceRecord).
_WRITTEN = "CNAME"
#: ACM's validation label, and the name that it validates (ACM user guide, DNS validation). No later
#: label starts with an underscore, because ACM issues for no such name. Other underscore names,
#: such as `_acme-challenge` and `_dmarc`, let their holder act for the domain elsewhere.
_ACM_NAME = re.compile(r"_[0-9a-f]{32}(?:\.[^_.][^.]*)+")


@dataclass(frozen=True, slots=True)
class Zone:
    """A writable public hosted zone, and the role to write it with."""

    zone_id: str
    name: str
    role_arn: str | None = None


@dataclass(frozen=True, slots=True)
class ExistingRecord:
    """A record set in a zone; `plain` if it has no setting but its TTL and its values."""

    name: str
    type: str
    values: tuple[str, ...]
    plain: bool = True


class RecordState(StrEnum):
    """The state of a validation record in DNS."""

    IN_PLACE = "in place"
    MISSING = "missing"
    OUTDATED = "outdated"
    FOREIGN = "foreign"
    ZONE_NOT_FOUND = "zone not found"
    ZONE_AMBIGUOUS = "zone ambiguous"
    UNCHECKED = "unchecked"


class RecordChange(StrEnum):
    """The change of a validation record."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class RecordFinding:
    """One required record and its state; `found` describes the existing records."""

    record: ValidationRecord
    state: RecordState
    zone: Zone | None = None
    found: str = ""

    @property
    def change(self) -> RecordChange | None:
        """The change that corrects the record; None if the module cannot or must not make it."""
        return _CHANGES.get(self.state)


_CHANGES = {
    RecordState.IN_PLACE: RecordChange.UNCHANGED,
    RecordState.MISSING: RecordChange.CREATED,
    RecordState.OUTDATED: RecordChange.UPDATED,
}


def candidate_zones(name: str, zones: Iterable[Zone]) -> tuple[Zone, ...]:
    """Return the zones with the longest name that contains `name`; only a single one is used.

    Resolvers use the zone with the longest matching suffix, if it is delegated. Several public
    zones may have the same name, of which one is delegated (Route 53 developer guide, "Public
    hosted zones"): the module never guesses.
    """
    wanted = dns_form(name)
    matching = [zone for zone in zones if is_same_or_below(wanted, dns_form(zone.name))]
    longest = max((len(dns_form(zone.name)) for zone in matching), default=0)
    return tuple(zone for zone in matching if len(dns_form(zone.name)) == longest)


def distinct(records: Iterable[ValidationRecord]) -> tuple[ValidationRecord, ...]:
    """Return `records` once each.

    An apex and its wildcard share a CNAME, and Route 53 rejects a batch with duplicate records.
    """
    by_key = {(dns_form(record.name), record.type): record for record in records}
    return tuple(by_key.values())


def compare(
    record: ValidationRecord, zone: Zone, existing: Sequence[ExistingRecord]
) -> RecordFinding:
    """Compare a required `record` with the record sets of its name in `zone`.

    The module writes only CNAMEs in the form of ACM's validation records.
    """
    state = _state(record, existing)
    unsupported = _unsupported(record)
    if unsupported and state is not RecordState.IN_PLACE:
        found = f"ACM requires {unsupported}, which this version does not write"
        return RecordFinding(record, RecordState.UNCHECKED, zone, found)
    found = ", ".join(f"{entry.type} {' '.join(entry.values)}".strip() for entry in existing)
    return RecordFinding(record, state, zone, found)


def _unsupported(record: ValidationRecord) -> str:
    """Return the part of a record that is not of ACM's form, or an empty text."""
    if record.type != _WRITTEN:
        return f"type {record.type}"
    if not _ACM_NAME.fullmatch(dns_form(record.name)):
        return f"the name {dns_form(record.name)}"
    if not dns_form(record.value).endswith(f".{_ACM_TARGET}"):
        return f"the value {dns_form(record.value)}"
    return ""


def _state(record: ValidationRecord, existing: Sequence[ExistingRecord]) -> RecordState:
    if not existing:
        return RecordState.MISSING
    (first, *others) = existing
    if others or not first.plain or first.type != record.type:
        return RecordState.FOREIGN
    values = [dns_form(value) for value in first.values]
    if values == [dns_form(record.value)]:
        return RecordState.IN_PLACE
    ours = all(is_same_or_below(value, _ACM_TARGET) for value in values)
    return RecordState.OUTDATED if ours else RecordState.FOREIGN


def explain(finding: RecordFinding) -> str:
    """Return a clause about a record for messages."""
    name, zone = dns_form(finding.record.name), zone_text(finding.zone)
    match finding.state:
        case RecordState.IN_PLACE:
            return f"{name} is correct"
        case RecordState.MISSING:
            return f"{name} does not exist in zone {zone}{_wanted(finding)}"
        case RecordState.OUTDATED:
            return f"{name} has an older ACM value in zone {zone}{_wanted(finding)}"
        case RecordState.FOREIGN:
            return f"{name} in zone {zone} is {finding.found}{_wanted(finding)}"
        case RecordState.ZONE_NOT_FOUND:
            return f"no writable public hosted zone contains {name}{_wanted(finding)}"
        case RecordState.ZONE_AMBIGUOUS:
            return f"several public hosted zones with the same name contain {name}: {finding.found}"
        case _:
            return f"{name} could not be compared: {finding.found}"


def _wanted(finding: RecordFinding) -> str:
    value = finding.record.value
    return f"; ACM requires {finding.record.type} {dns_form(value)}" if value else ""


def zone_text(zone: Zone | None) -> str:
    """Return the name and the id of a zone."""
    return f"{dns_form(zone.name)} ({zone.zone_id})" if zone else "unknown"
