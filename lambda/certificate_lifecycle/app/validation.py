"""Validation records: compare them with the zones, and write missing ones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache

from certificate_lifecycle.app.ports import Dns
from certificate_lifecycle.log import logger
from certificate_lifecycle.model.certificate import DomainValidation, ValidationRecord
from certificate_lifecycle.model.dns_names import dns_form, without_wildcard
from certificate_lifecycle.model.errors import (
    NameDelegatedError,
    RecordConflictError,
    RecordNotSupportedError,
    ZoneAmbiguousError,
    ZoneError,
    ZoneNotFoundError,
)
from certificate_lifecycle.policy.caa import CaaRecord, explain_caa, judge_caa, parse_caa
from certificate_lifecycle.policy.validation import (
    MOST_CNAMES,
    ExistingRecord,
    RecordChange,
    RecordFinding,
    RecordState,
    Zone,
    compare,
    distinct,
    explain,
    leads_elsewhere,
    locate,
    other_servers,
    undelegated,
)

_ERRORS = {
    RecordState.ZONE_NOT_FOUND: ZoneNotFoundError,
    RecordState.ZONE_AMBIGUOUS: ZoneAmbiguousError,
    RecordState.DELEGATED: NameDelegatedError,
    RecordState.FOREIGN: RecordConflictError,
    RecordState.UNCHECKED: RecordNotSupportedError,
}


def require_zones(dns: Dns, names: Iterable[str]) -> None:
    """Check that each name has a zone for its record, the one that public DNS queries for the name.

    Raises ZoneNotFoundError, ZoneAmbiguousError or NameDelegatedError with all such names.
    A zone that the zone above does not delegate is only warned about, see `policy.validation`.
    """
    validated = dict.fromkeys(without_wildcard(name) for name in names)
    findings = [_locate(dns, ValidationRecord(name, "CNAME", ""), name) for name in validated]
    _raise_for([finding for finding in findings if finding.zone is None])
    for zone, above in dict.fromkeys((entry.zone, entry.undelegated_in) for entry in findings):
        if zone is not None and above is not None:
            logger.warning(
                "hosted zone is not delegated",
                extra={"zone_name": zone.name, "zone_id": zone.zone_id, "parent_id": above.zone_id},
            )


def zone_obstacles(dns: Dns, names: Iterable[str]) -> tuple[str, ...]:
    """Return a clause for each name without a hosted zone to which its record may be written."""
    try:
        require_zones(dns, names)
    except ZoneError as error:
        return (str(error),)
    return ()


def obstacles(dns: Dns, validations: Iterable[DomainValidation]) -> list[str]:
    """Return a clause for everything in Route 53 that prevents the validation of some names.

    These are missing and wrong records, unknown zones, delegations to other zones, zones that are
    not delegated, and CAA records.
    """
    pending = [entry for entry in validations if not entry.validated]
    findings = inspect(dns, [entry.record for entry in pending if entry.record is not None])
    wrong = [entry for entry in findings if entry.state is not RecordState.IN_PLACE]
    forbidding = caa_obstacles(dns, [entry.domain_name for entry in pending])
    return [*(explain(entry) for entry in wrong), *undelegated(findings), *forbidding]


def caa_obstacles(dns: Dns, names: Iterable[str]) -> list[str]:
    """Return a clause for each CAA record in Route 53 that forbids Amazon to issue for `names`.

    CAA records at the target of a CNAME, and in zones elsewhere, are not read.
    """

    @cache
    def records_at(name: str) -> tuple[CaaRecord, ...]:
        zone = locate(name, dns.public_zones(), dns).zone
        if zone is None:
            return ()
        records = map(parse_caa, sorted(dns.caa_values(zone, name)))
        return tuple(record for record in records if record is not None)

    verdicts = [judge_caa(name, records_at) for name in names]
    return list(dict.fromkeys(explain_caa(entry) for entry in verdicts if not entry.allowed))


def inspect(
    dns: Dns, records: Iterable[ValidationRecord], *, known: bool = False
) -> tuple[RecordFinding, ...]:
    """Return the state of each distinct record in the zone that public DNS asks about it.

    The zone is that of the name above: a delegation at the name itself is among its records.
    `known`: what this run read of a zone before suffices, because nothing is written.
    """
    return tuple(_inspected(dns, record, known=known) for record in distinct(records))


def _inspected(dns: Dns, record: ValidationRecord, *, known: bool) -> RecordFinding:
    finding = _locate(dns, record, record.name.partition(".")[2])
    if finding.zone is None:
        return finding
    rows = dns.records_at(finding.zone, record.name, known=known)
    followed = [_followed(dns, finding.zone, record, row, known=known) for row in rows]
    compared = compare(record, finding.zone, followed)
    return replace(compared, undelegated_in=finding.undelegated_in)


def _followed(
    dns: Dns, zone: Zone, record: ValidationRecord, row: ExistingRecord, *, known: bool
) -> ExistingRecord:
    """Return a record set with the answer behind the CNAMEs of hosted zones.

    The alias of a CNAME is in the same zone (Route 53 developer guide, "Alias records"). ACM
    follows a limited number of CNAMEs.
    """
    last = row
    for _ in range(MOST_CNAMES - 1):
        if not leads_elsewhere(record, last):
            break
        target = last.alias or next(iter(last.answered))
        place = zone if last.alias else locate(target, dns.public_zones(), dns).zone
        found = dns.records_at(place, target, known=known) if place is not None else ()
        if len(found) != 1:
            break
        (last,) = found
    return row if last is row else replace(row, answers=last.values)


def _locate(dns: Dns, record: ValidationRecord, name: str) -> RecordFinding:
    """Return a finding about the location of `name`, the name of a record or the one above it."""
    zones = dns.public_zones()
    location = locate(name, zones, dns)
    if location.zone is not None:
        missing = RecordState.MISSING
        return RecordFinding(record, missing, location.zone, undelegated_in=location.undelegated_in)
    if location.cut is not None:
        same = [zone for zone in zones if dns_form(zone.name) == location.cut.name]
        found = "; ".join((location.cut.text, *map(other_servers, same)))
        return RecordFinding(record, RecordState.DELEGATED, found=found, cut=location.cut)
    if location.twins:
        ids = ", ".join(zone.zone_id for zone in location.twins)
        return RecordFinding(record, RecordState.ZONE_AMBIGUOUS, found=ids)
    return RecordFinding(record, RecordState.ZONE_NOT_FOUND)


def require_writable(findings: Sequence[RecordFinding]) -> None:
    """Raise an error for all findings that must not or cannot be written."""
    _raise_for([finding for finding in findings if finding.change is None])


def write(dns: Dns, findings: Sequence[RecordFinding]) -> None:
    """Write missing and outdated records, one batch for each zone.

    Safe to repeat and to overlap: a batch is atomic, an UPSERT of the same value changes nothing,
    and only ACM's own values are ever replaced.
    """
    batches = defaultdict(list)
    for finding in findings:
        if finding.zone is not None and finding.change in (
            RecordChange.CREATED,
            RecordChange.UPDATED,
        ):
            batches[finding.zone].append(finding.record)
    for zone, records in batches.items():
        dns.upsert(zone, records)


def _raise_for(findings: Sequence[RecordFinding]) -> None:
    if findings:
        error = _ERRORS[findings[0].state]
        raise error("; ".join(explain(finding) for finding in findings))
