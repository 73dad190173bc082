"""Validation records: compare them with the zones, and write missing ones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache

from certificate_lifecycle.app.ports import Dns
from certificate_lifecycle.log import logger
from certificate_lifecycle.model.certificate import DomainValidation, ValidationRecord
from certificate_lifecycle.model.dns_names import without_wildcard
from certificate_lifecycle.model.errors import (
    RecordConflictError,
    RecordNotSupportedError,
    ZoneAmbiguousError,
    ZoneNotFoundError,
)
from certificate_lifecycle.policy.caa import CaaRecord, explain_caa, judge_caa, parse_caa
from certificate_lifecycle.policy.validation import (
    RecordChange,
    RecordFinding,
    RecordState,
    Zone,
    candidate_zones,
    compare,
    distinct,
    explain,
    zone_text,
)

_ERRORS = {
    RecordState.ZONE_NOT_FOUND: ZoneNotFoundError,
    RecordState.ZONE_AMBIGUOUS: ZoneAmbiguousError,
    RecordState.FOREIGN: RecordConflictError,
    RecordState.UNCHECKED: RecordNotSupportedError,
}


def require_zones(dns: Dns, names: Iterable[str]) -> None:
    """Check that each name has a zone for its record.

    Raises ZoneNotFoundError or ZoneAmbiguousError with all such names.
    """
    validated = dict.fromkeys(without_wildcard(name) for name in names)
    findings = [_locate(dns, ValidationRecord(name, "CNAME", "")) for name in validated]
    _raise_for([finding for finding in findings if finding.zone is None])
    for zone in dict.fromkeys(finding.zone for finding in findings if finding.zone):
        _warn_if_undelegated(dns, zone)


def _warn_if_undelegated(dns: Dns, zone: Zone) -> None:
    """Warn about a zone that its parent zone does not delegate: its records are not visible.

    It is only a warning, because the parent zone may itself be unused.
    """
    parent = _not_delegating(dns, zone)
    if parent is not None:
        logger.warning(
            "hosted zone is not delegated",
            extra={"zone_name": zone.name, "zone_id": zone.zone_id, "parent_id": parent.zone_id},
        )


def _not_delegating(dns: Dns, zone: Zone) -> Zone | None:
    """Return the parent zone if it is known and does not delegate `zone`."""
    match candidate_zones(zone.name.partition(".")[2], dns.public_zones()):
        case (parent,):
            delegations = (record.type == "NS" for record in dns.records_at(parent, zone.name))
            return None if any(delegations) else parent
        case _:
            return None


def obstacles(dns: Dns, validations: Iterable[DomainValidation]) -> list[str]:
    """Return a clause for everything in Route 53 that prevents the validation of some names.

    These are missing and wrong records, unknown zones, zones that are not delegated, and CAA
    records.
    """
    pending = [entry for entry in validations if not entry.validated]
    findings = inspect(dns, [entry.record for entry in pending if entry.record is not None])
    wrong = [entry for entry in findings if entry.state is not RecordState.IN_PLACE]
    hidden = [
        f"zone {zone_text(zone)} is not delegated in zone {zone_text(parent)}"
        for zone in dict.fromkeys(entry.zone for entry in findings if entry.zone)
        if (parent := _not_delegating(dns, zone)) is not None
    ]
    forbidding = caa_obstacles(dns, [entry.domain_name for entry in pending])
    return [*(explain(entry) for entry in wrong), *hidden, *forbidding]


def caa_obstacles(dns: Dns, names: Iterable[str]) -> list[str]:
    """Return a clause for each CAA record in Route 53 that forbids Amazon to issue for `names`.

    CAA records at the target of a CNAME, and in zones elsewhere, are not read.
    """

    @cache
    def records_at(name: str) -> tuple[CaaRecord, ...]:
        match candidate_zones(name, dns.public_zones()):
            case (zone,):
                found = (entry for entry in dns.records_at(zone, name) if entry.type == "CAA")
                records = (parse_caa(value) for entry in found for value in entry.values)
                return tuple(record for record in records if record is not None)
            case _:
                return ()

    verdicts = [judge_caa(name, records_at) for name in names]
    return list(dict.fromkeys(explain_caa(entry) for entry in verdicts if not entry.allowed))


def inspect(dns: Dns, records: Iterable[ValidationRecord]) -> tuple[RecordFinding, ...]:
    """Return the state of each distinct record in its zone."""
    findings = (_locate(dns, record) for record in distinct(records))
    return tuple(
        compare(finding.record, finding.zone, dns.records_at(finding.zone, finding.record.name))
        if finding.zone
        else finding
        for finding in findings
    )


def _locate(dns: Dns, record: ValidationRecord) -> RecordFinding:
    match candidate_zones(record.name, dns.public_zones()):
        case ():
            return RecordFinding(record, RecordState.ZONE_NOT_FOUND)
        case (zone,):
            return RecordFinding(record, RecordState.MISSING, zone)
        case zones:
            ids = ", ".join(zone.zone_id for zone in zones)
            return RecordFinding(record, RecordState.ZONE_AMBIGUOUS, found=ids)


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
