"""Request a certificate and write its DNS validation records.

Safe to repeat, to overlap and to be stopped after any call: an equal certificate of this instance
is found instead of requested, ACM's idempotency token covers simultaneous requests, and correct
records, tags and pointers are not written.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from certificate_lifecycle.app.dns_health import public_obstacles, require_issuable
from certificate_lifecycle.app.ports import Certificates, Clock, Dns, Pointers, PublicDns
from certificate_lifecycle.app.validation import (
    caa_obstacles,
    inspect,
    obstacles,
    require_writable,
    require_zones,
    write,
)
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
    CertificateNotIssuedError,
    CertificateRequestError,
)
from certificate_lifecycle.model.public_dns import DnsCounts
from certificate_lifecycle.model.sanitize import clean
from certificate_lifecycle.policy.issuance import (
    CertificateRequest,
    is_adoptable,
    is_equal,
    lacking_tags,
    may_be_equal,
    preference,
    unavailable,
)
from certificate_lifecycle.policy.validation import RecordFinding, RecordState, distinct

#: API reference, CertificateDetail, FailureReason.
_CAA_ERROR = "CAA_ERROR"
_NO_OBSTACLE = "Route 53 has every record that ACM requires, and ACM has not read them yet"
_NOT_SIGNED = "its private CA has not issued it yet"
#: The number of obstacles that an error names.
_SHOWN = 10
_FAILED = (
    CertificateStatus.FAILED,
    CertificateStatus.VALIDATION_TIMED_OUT,
    CertificateStatus.REVOKED,
    CertificateStatus.EXPIRED,
)


@dataclass(frozen=True, slots=True)
class Declaration:
    """The pointer to a certificate that Terraform declares."""

    pointers: Pointers
    parameter: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CreationClients:
    """The clients of a creation; without a `declaration` no pointer is written.

    `public_dns` is None where it is switched off.
    """

    certificates: Certificates
    dns: Dns
    clock: Clock
    declaration: Declaration | None = None
    public_dns: PublicDns | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuance:
    """The result of `create`; `certificate` is None if a dry run found none.

    `public_dns` counts the names that were checked in public DNS before a request.
    """

    request: CertificateRequest
    certificate: Certificate | None
    created: bool
    records: tuple[RecordFinding, ...] = ()
    parameter: str | None = None
    public_dns: DnsCounts | None = None


def create(
    request: CertificateRequest,
    clients: CreationClients,
    *,
    now: datetime,
    auto_validate: bool,
    wait_seconds: int,
    dry_run: bool,
    require_issued: bool = False,
) -> Issuance:
    """Find or request the certificate, write its validation records, and wait if asked to.

    The pointer of the declaration gets the ARN once the certificate is issued; with
    `require_issued` any other status raises CertificateNotIssuedError.
    Also raises PointerNotFoundError, CertificateRequestError, ZoneError, IssuanceForbiddenError,
    RecordConflictError or ValidationRecordsNotReadyError; the next call continues from there.
    """
    certificates, dns, clock = clients.certificates, clients.dns, clients.clock
    declaration = clients.declaration
    _require_available(request, certificates)
    # Read before the request, which a missing pointer would make useless.
    pointed = declaration.pointers.read(declaration.parameter) if declaration else None
    found = find_equal(request, certificates, now, pointed)
    # The listing finds out which classes the region does not know.
    _require_available(request, certificates)
    public_dns = None
    if found is None and request.type is not CertificateType.PRIVATE:
        if auto_validate:
            require_zones(dns, request.names)
        hosted = dns if auto_validate else None
        public_dns = require_issuable(clients.public_dns, hosted, request.names)
    issuance = Issuance(
        request=request,
        certificate=found,
        created=found is None and not dry_run,
        parameter=declaration.parameter if declaration else None,
        public_dns=public_dns,
    )
    if found is None and dry_run:
        return issuance
    certificate = found or describe_new(certificates.request(request), certificates, clock)
    logger.info(
        "certificate requested" if found is None else "equal certificate found",
        extra={"certificate_arn": certificate.arn, "certificate_status": certificate.status.value},
    )
    if found is not None and not dry_run:
        _set_tags(found, request, certificates)
    if certificate.status is CertificateStatus.PENDING_VALIDATION:
        certificate, records = _carry_on(
            certificate, clients, auto_validate=auto_validate, dry_run=dry_run
        )
        issuance = replace(issuance, records=records)
        if not dry_run:
            certificate = poll(certificate, certificates, clock, seconds=wait_seconds, done=settled)
    _raise_if_failed(certificate, dns)
    if not dry_run:
        _conclude(certificate, clients, require_issued=require_issued)
    return replace(issuance, certificate=certificate)


def find_equal(
    request: CertificateRequest, certificates: Certificates, now: datetime, pointed: str | None
) -> Certificate | None:
    """Return the best certificate of this instance that equals `request`, described.

    The certificate that the pointer names is the best one: rotation may have replaced another one
    that is still issued.
    One that ACM lists and cannot describe yet is left out: the idempotency token finds it.
    """
    equal = []
    for listed in certificates.list_all():
        if not may_be_equal(request, listed, now):
            continue
        with suppress(CertificateNotFoundError):
            described = certificates.describe(listed.arn)
            if is_equal(request, described, now):
                tagged = described.with_tags(certificates.tags(listed.arn))
                if is_adoptable(request, tagged.detail.tags):
                    equal.append(tagged)
    return max(equal, key=lambda entry: (entry.arn == pointed, *preference(entry)), default=None)


def _require_available(request: CertificateRequest, certificates: Certificates) -> None:
    """Raise CertificateRequestError if certificates of this class cannot be listed."""
    reason = unavailable(request, certificates.not_listed)
    if reason is not None:
        raise CertificateRequestError(f"{request.domain_name} was not requested: {reason}")


def _set_tags(found: Certificate, request: CertificateRequest, certificates: Certificates) -> None:
    lacking = lacking_tags(request, found.detail.tags)
    if lacking:
        certificates.add_tags(found.arn, lacking)


def _carry_on(
    certificate: Certificate, clients: CreationClients, *, auto_validate: bool, dry_run: bool
) -> tuple[Certificate, tuple[RecordFinding, ...]]:
    """Write the validation records of a pending certificate; a private one needs none."""
    if certificate.type is CertificateType.PRIVATE:
        return certificate, ()
    known = await_records(certificate, clients.certificates, clients.clock)
    _raise_if_failed(known, clients.dns)
    wanted = wanted_records(known)
    if not auto_validate:
        return known, _unchecked(wanted)
    return known, _validate(wanted, clients.dns, dry_run=dry_run)


def _conclude(certificate: Certificate, clients: CreationClients, *, require_issued: bool) -> None:
    """Write the pointer to an issued certificate, or say why the certificate is not issued."""
    declaration = clients.declaration
    if certificate.status is CertificateStatus.ISSUED:
        if declaration is not None:
            declaration.pointers.write(declaration.parameter, certificate.arn)
    elif require_issued:
        private = certificate.type is CertificateType.PRIVATE
        reasons = obstacles(clients.dns, certificate.detail.validations)
        reasons += public_obstacles(clients.public_dns, clients.dns, clients.clock, certificate)
        reasons = reasons or [_NOT_SIGNED if private else _NO_OBSTACLE]
        more = len(reasons) - _SHOWN
        raise CertificateNotIssuedError(
            f"{certificate.arn} for {certificate.domain_name} is not issued, but "
            f"{certificate.status}: {'; '.join(reasons[:_SHOWN])}"
            f"{f'; and {more} more' if more > 0 else ''}; repeat the call to wait on"
        )


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


def _raise_if_failed(certificate: Certificate, dns: Dns) -> None:
    """Raise for a request that has ended; its token is valid for an hour (RequestCertificate)."""
    if certificate.status in _FAILED:
        reason = certificate.detail.failure_reason
        forbidding = caa_obstacles(dns, certificate.names) if reason == _CAA_ERROR else []
        raise CertificateRequestError(
            f"ACM ended the request {certificate.arn} with {certificate.status}"
            f" ({'; '.join([reason or 'no reason given', *forbidding])}); fix the cause, and repeat"
            " the call after an hour, because ACM returns the ended request until then"
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
        "public_dns": issuance.public_dns.to_dict() if issuance.public_dns else None,
        "parameter": issuance.parameter,
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
