"""Request a certificate and write its DNS validation records.

Safe to repeat, to overlap and to be stopped after any call: an equal certificate is found instead
of requested, ACM's idempotency token covers simultaneous requests, and correct records are not
written.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from certificate_lifecycle.app.ports import Certificates, Clock, Dns
from certificate_lifecycle.app.validation import inspect, require_writable, require_zones, write
from certificate_lifecycle.app.waiting import (
    await_records,
    describe_new,
    poll,
    settled,
    wanted_records,
)
from certificate_lifecycle.log import logger
from certificate_lifecycle.model.certificate import (
    Certificate,
    CertificateStatus,
    CertificateType,
    ValidationRecord,
)
from certificate_lifecycle.model.errors import (
    CertificateNotFoundError,
    CertificateRequestError,
)
from certificate_lifecycle.model.sanitize import clean
from certificate_lifecycle.policy.issuance import (
    CertificateRequest,
    is_equal,
    may_be_equal,
    preference,
)
from certificate_lifecycle.policy.validation import RecordFinding, RecordState, distinct

_FAILED = (
    CertificateStatus.FAILED,
    CertificateStatus.VALIDATION_TIMED_OUT,
    CertificateStatus.REVOKED,
    CertificateStatus.EXPIRED,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuance:
    """The result of `create`; `certificate` is None if a dry run found none."""

    request: CertificateRequest
    certificate: Certificate | None
    created: bool
    records: tuple[RecordFinding, ...]


def create(
    request: CertificateRequest,
    *,
    certificates: Certificates,
    dns: Dns,
    clock: Clock,
    now: datetime,
    auto_validate: bool,
    wait_seconds: int,
    dry_run: bool,
) -> Issuance:
    """Find or request the certificate, write its validation records, and wait if asked to.

    Raises CertificateRequestError, ZoneNotFoundError, ZoneAmbiguousError, RecordConflictError or
    ValidationRecordsNotReadyError; the next call continues from there.
    """
    found = find_equal(request, certificates, now)
    validates = request.type is not CertificateType.PRIVATE
    if found is None and validates and auto_validate:
        require_zones(dns, request.names)
    if found is None and dry_run:
        return Issuance(request=request, certificate=None, created=False, records=())
    certificate = found or describe_new(certificates.request(request), certificates, clock)
    logger.info(
        "certificate requested" if found is None else "equal certificate found",
        extra={"certificate_arn": certificate.arn, "certificate_status": certificate.status.value},
    )
    records: tuple[RecordFinding, ...] = ()
    if certificate.status is CertificateStatus.PENDING_VALIDATION:
        if validates:
            certificate = await_records(certificate, certificates, clock)
            _raise_if_failed(certificate)
            wanted = wanted_records(certificate)
            records = (
                _validate(wanted, dns, dry_run=dry_run) if auto_validate else _unchecked(wanted)
            )
        if not dry_run:
            # A timeout is no failure: the result has the status.
            certificate = poll(certificate, certificates, clock, seconds=wait_seconds, done=settled)
    _raise_if_failed(certificate)
    return Issuance(
        request=request, certificate=certificate, created=found is None, records=records
    )


def find_equal(
    request: CertificateRequest, certificates: Certificates, now: datetime
) -> Certificate | None:
    """Return the best certificate that equals `request`, described.

    One that ACM lists and cannot describe yet is left out: the idempotency token finds it.
    """
    equal = []
    for listed in certificates.list_all():
        if not may_be_equal(request, listed, now):
            continue
        with suppress(CertificateNotFoundError):
            described = certificates.describe(listed.arn)
            if is_equal(request, described, now):
                equal.append(described)
    return max(equal, key=preference, default=None)


def _unchecked(wanted: Iterable[ValidationRecord]) -> tuple[RecordFinding, ...]:
    return tuple(RecordFinding(record, RecordState.UNCHECKED) for record in distinct(wanted))


def _validate(
    wanted: Iterable[ValidationRecord], dns: Dns, *, dry_run: bool
) -> tuple[RecordFinding, ...]:
    findings = inspect(dns, wanted)
    require_writable(findings)
    if not dry_run:
        write(dns, findings)
    return findings


def _raise_if_failed(certificate: Certificate) -> None:
    if certificate.status in _FAILED:
        reason = certificate.detail.failure_reason
        raise CertificateRequestError(
            f"ACM ended the request {certificate.arn} with {certificate.status}"
            f" ({reason or 'no reason given'})"
        )


def creation_result(
    issuance: Issuance, account_id: str, *, dry_run: bool, sdk: str
) -> dict[str, Any]:
    """Return the handler's result: plain data, ready for JSON.

    `sdk` has the versions of the SDK.
    `certificate_arn` and `status` are None if a dry run found no certificate.
    """
    request, certificate = issuance.request, issuance.certificate
    return {
        "certificate_arn": certificate.arn if certificate else None,
        "domain_name": request.domain_name,
        "alternative_names": list(request.names[1:]),
        "region": request.region,
        "account_id": account_id,
        "status": certificate.status.value if certificate else None,
        "created": issuance.created,
        "validation_records": [_record_entry(finding) for finding in issuance.records],
        "dry_run": dry_run,
        "sdk": sdk,
    }


def _record_entry(finding: RecordFinding) -> dict[str, Any]:
    return {
        "name": clean(finding.record.name),
        "type": clean(finding.record.type),
        "value": clean(finding.record.value),
        "zone_id": clean(finding.zone.zone_id) if finding.zone else None,
        "zone_name": clean(finding.zone.name) if finding.zone else None,
        "change": finding.change.value if finding.change else None,
    }
