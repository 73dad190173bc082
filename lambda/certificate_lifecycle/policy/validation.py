"""Validation records: their zones, their states, and the changes to make."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from typing import Protocol

from certificate_lifecycle.model.certificate import ValidationRecord
from certificate_lifecycle.model.dns_names import dns_form, is_same_or_below
from certificate_lifecycle.model.sanitize import listed

#: The target domain of ACM's validation CNAMEs (ACM user guide, DNS validation). Only CNAMEs to
#: this domain may be replaced.
_ACM_TARGET = "acm-validations.aws"
#: ACM follows that many CNAMEs from a validation name (user guide, "DNS validation").
MOST_CNAMES = 5
#: The only type of ACM's validation records (API reference, ResourceRecord).
_WRITTEN = "CNAME"
#: ACM's validation label, and the name that it validates (ACM user guide, DNS validation). No later
#: label starts with an underscore, because ACM issues for no such name. Other underscore names,
#: such as `_acme-challenge` and `_dmarc`, let their holder act for the domain elsewhere.
_ACM_NAME = re.compile(r"_[0-9a-f]{32}(?:\.[^_.][^.]*)+")
#: The number of name servers that a message names; Route 53 assigns four to a zone.
_SHOWN_SERVERS = 4


@dataclass(frozen=True, slots=True)
class Zone:
    """A writable public hosted zone, and the role to write it with."""

    zone_id: str
    name: str
    role_arn: str | None = None


@dataclass(frozen=True, slots=True)
class Cut:
    """A delegation: the NS record set at `name`, below the apex of `zone`, and its servers.

    `zone` does not answer for `name` and the names below it (RFC 1034 section 4.2.1).
    """

    zone: Zone
    name: str
    servers: frozenset[str]

    @property
    def text(self) -> str:
        """A clause that names zone, name and servers."""
        servers = listed(sorted(self.servers), _SHOWN_SERVERS)
        return f"zone {zone_text(self.zone)} delegates {self.name} to {servers}"


class DelegationReader(Protocol):
    """The NS record sets of hosted zones."""

    def cut(self, zone: Zone, name: str) -> Cut | None:
        """Return the delegation that takes `name` out of `zone`, the one closest to its apex."""

    def name_servers(self, zone: Zone) -> frozenset[str]:
        """Return the name servers that a zone names at its apex."""


@dataclass(frozen=True, slots=True)
class Location:
    """The zone that public DNS queries for a name: `zone`, one behind `cut`, or one of `twins`.

    `undelegated_in` is the zone above that does not delegate `zone`.
    Without any of them, no hosted zone contains the name.
    """

    zone: Zone | None = None
    cut: Cut | None = None
    twins: tuple[Zone, ...] = ()
    undelegated_in: Zone | None = None


@dataclass(frozen=True, slots=True)
class ExistingRecord:
    """A record set in a zone; `plain` if it has no setting but its TTL and its values.

    `alias` is the target of an alias. `answers` are the values at the end of the alias or the
    CNAMEs that begin here, as far as hosted zones have them, by default its own values.
    """

    name: str
    type: str
    values: tuple[str, ...]
    plain: bool = True
    alias: str = ""
    answers: tuple[str, ...] = ()

    @property
    def answered(self) -> frozenset[str]:
        """The values that public DNS answers with, in the form of DNS."""
        return frozenset(dns_form(value) for value in self.answers or self.values)

    @property
    def text(self) -> str:
        """Type and values, or the target of the alias."""
        return f"{self.type} {f'alias of {self.alias}' if self.alias else ' '.join(self.values)}"


class RecordState(StrEnum):
    """The state of a validation record in DNS."""

    IN_PLACE = "in place"
    MISSING = "missing"
    OUTDATED = "outdated"
    FOREIGN = "foreign"
    ZONE_NOT_FOUND = "zone not found"
    ZONE_AMBIGUOUS = "zone ambiguous"
    DELEGATED = "delegated"
    UNCHECKED = "unchecked"


class RecordChange(StrEnum):
    """The change of a validation record."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class RecordFinding:
    """One required record and its state; `found` describes the existing records.

    `undelegated_in` is the zone above that does not delegate `zone`. `cut` is the delegation behind
    which the record has to be.
    """

    record: ValidationRecord
    state: RecordState
    zone: Zone | None = None
    found: str = ""
    undelegated_in: Zone | None = None
    cut: Cut | None = None

    @property
    def change(self) -> RecordChange | None:
        """The change that corrects the record; None if the module cannot or must not make it."""
        return _CHANGES.get(self.state)


_CHANGES = {
    RecordState.IN_PLACE: RecordChange.UNCHANGED,
    RecordState.MISSING: RecordChange.CREATED,
    RecordState.OUTDATED: RecordChange.UPDATED,
}


def locate(name: str, zones: Iterable[Zone], delegations: DelegationReader) -> Location:
    """Return the zone that public DNS queries for `name`, as far as the hosted `zones` show it.

    It starts at the zone with the shortest name that contains `name`, and follows each delegation
    to the zone with its name servers (RFC 1034 section 4.3.2); behind any other delegation, only a
    zone further below may be right, which the zone there may delegate.
    Zones of the same name are never guessed between: several public zones may have one name, and
    the name servers show which one is delegated (Route 53 developer guide, "Public hosted zones").
    A zone that the zone above does not delegate is used nevertheless, because that one may itself
    be unused.
    """
    wanted, location = dns_form(name), Location()
    groups = _containing(wanted, zones)
    while groups:
        (zone, *others), above = groups.pop(0), location.zone
        location = Location(zone=zone, undelegated_in=above)
        if others:
            location = Location(twins=(zone, *others))
        while location.zone is not None:
            cut = delegations.cut(location.zone, wanted)
            if cut is None:
                break
            same = [zone for group in groups for zone in group if dns_form(zone.name) == cut.name]
            groups = [group for group in groups if len(dns_form(group[0].name)) > len(cut.name)]
            location = _behind(cut, [z for z in same if cut.servers & delegations.name_servers(z)])
    return location


def _behind(cut: Cut, led_to: Sequence[Zone]) -> Location:
    """Return the location of a name behind a delegation to some hosted zones, or to none."""
    match led_to:
        case []:
            return Location(cut=cut)
        case [zone]:
            return Location(zone=zone)
        case _:
            return Location(twins=tuple(led_to))


def candidate_zones(name: str, zones: Iterable[Zone]) -> tuple[Zone, ...]:
    """Return the zones with the longest name that contains `name`, delegated or not."""
    groups = _containing(dns_form(name), zones)
    return tuple(groups[-1]) if groups else ()


def _containing(name: str, zones: Iterable[Zone]) -> list[list[Zone]]:
    """Return the zones that contain `name`, those of one name together, the shortest name first."""
    matching = [zone for zone in zones if is_same_or_below(name, dns_form(zone.name))]
    ordered = sorted(matching, key=lambda zone: len(dns_form(zone.name)))
    return [list(group) for _, group in groupby(ordered, lambda zone: dns_form(zone.name))]


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
    servers = {dns_form(server) for row in existing if row.type == "NS" for server in row.values}
    if servers:
        cut = Cut(zone, dns_form(record.name), frozenset(servers))
        return RecordFinding(record, RecordState.DELEGATED, found=cut.text, cut=cut)
    state = _state(record, existing)
    unsupported = _unsupported(record)
    if unsupported and state is not RecordState.IN_PLACE:
        found = f"ACM requires {unsupported}, which this version does not write"
        return RecordFinding(record, RecordState.UNCHECKED, zone, found)
    return RecordFinding(record, state, zone, _found(record, existing))


def accepted_values(record: ValidationRecord) -> frozenset[str]:
    """Return the values that ACM accepts for a record: also the one without its first underscore.

    Source: ACM user guide, "Troubleshoot DNS validation problems".
    """
    value = dns_form(record.value)
    return frozenset({value, value.removeprefix("_")})


def leads_elsewhere(record: ValidationRecord, row: ExistingRecord) -> bool:
    """Whether `row` is an alias, or a CNAME to a name that may have another CNAME."""
    values = row.answered
    own = not all(map(may_continue, values))
    return row.type == record.type and not own and (bool(row.alias) or len(values) == 1)


def may_continue(target: str) -> bool:
    """Whether the target of a CNAME, in the form of DNS, may have another CNAME: not ACM's own."""
    return not is_same_or_below(target, _ACM_TARGET)


def _found(record: ValidationRecord, existing: Sequence[ExistingRecord]) -> str:
    """Describe the record sets of a name.

    Records with a routing policy are answered in turn, and ACM asks from several places.
    """
    found = ", ".join(row.text.strip() for row in existing)
    accepted = accepted_values(record)
    some = any(row.answered and row.answered <= accepted for row in existing)
    return f"{found}, of which ACM may get any" if some and len(existing) > 1 else found


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
    """Judge the answers of public DNS; only a plain record set may be replaced."""
    if not existing:
        return RecordState.MISSING
    if any(row.type != record.type for row in existing):
        return RecordState.FOREIGN
    accepted = accepted_values(record)
    if all(row.answered and row.answered <= accepted for row in existing):
        return RecordState.IN_PLACE
    (first, *others) = existing
    if others or not first.plain:
        return RecordState.FOREIGN
    ours = all(is_same_or_below(dns_form(value), _ACM_TARGET) for value in first.values)
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
        case RecordState.DELEGATED:
            return (
                f"public DNS would not find a record at {name}: {finding.found}; write "
                f"{_written(finding)} in the zone of these name servers, or name that zone in "
                "hosted_zones"
            )
        case _:
            return f"{name} could not be compared: {finding.found}"


def other_servers(zone: Zone) -> str:
    """Return a clause about a zone that has the name of a delegation and not its servers."""
    return f"the hosted zone {zone_text(zone)} has other name servers"


def undelegated(findings: Iterable[RecordFinding]) -> list[str]:
    """Return a clause for each zone of `findings` that the zone above does not delegate."""
    pairs = dict.fromkeys((entry.zone, entry.undelegated_in) for entry in findings)
    return [
        f"zone {zone_text(zone)} is not delegated in zone {zone_text(above)}"
        for zone, above in pairs
        if above is not None
    ]


def _written(finding: RecordFinding) -> str:
    """Return the record to write, which ACM has not named before the request."""
    value = finding.record.value
    return f"{finding.record.type} {dns_form(value)}" if value else "its validation record"


def _wanted(finding: RecordFinding) -> str:
    value = finding.record.value
    return f"; ACM requires {finding.record.type} {dns_form(value)}" if value else ""


def zone_text(zone: Zone | None) -> str:
    """Return the name and the id of a zone."""
    return f"{dns_form(zone.name)} ({zone.zone_id})" if zone else "unknown"
