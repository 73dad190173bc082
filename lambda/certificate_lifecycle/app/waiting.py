"""Waiting for ACM, within the time that the function has left."""

from __future__ import annotations

from collections.abc import Callable

from certificate_lifecycle.app.ports import Certificates, Clock
from certificate_lifecycle.model.certificate import Certificate, CertificateStatus, ValidationRecord
from certificate_lifecycle.model.errors import (
    CertificateNotFoundError,
    ValidationRecordsNotReadyError,
)

#: ACM needs several seconds to name the records (API reference, DescribeCertificate).
_RECORDS_TIMEOUT_SECONDS = 120.0
_DESCRIPTION_TIMEOUT_SECONDS = 30.0
_FIRST_POLL_SECONDS = 1.0
_LAST_POLL_SECONDS = 10.0
#: Reserved for writing records and for the result.
_RESERVE_SECONDS = 15.0


def describe_new(arn: str, certificates: Certificates, clock: Clock) -> Certificate:
    """Describe a new certificate, which ACM may not find for some seconds.

    Raises CertificateNotFoundError after 30 seconds.
    """
    ends = clock.remaining() - _DESCRIPTION_TIMEOUT_SECONDS
    while True:
        try:
            return certificates.describe(arn)
        except CertificateNotFoundError:
            if clock.remaining() - _FIRST_POLL_SECONDS < max(ends, _RESERVE_SECONDS):
                raise
            clock.sleep(_FIRST_POLL_SECONDS)


def await_records(
    certificate: Certificate, certificates: Certificates, clock: Clock
) -> Certificate:
    """Poll until ACM has named the records of all names, or the request has ended.

    Raises ValidationRecordsNotReadyError after two minutes.
    """
    known = poll(
        certificate,
        certificates,
        clock,
        seconds=_RECORDS_TIMEOUT_SECONDS,
        done=lambda current: settled(current) or _records_known(current),
    )
    if not settled(known) and not _records_known(known):
        raise ValidationRecordsNotReadyError(
            f"ACM has not named all validation records of {certificate.arn} yet; "
            "invoke the function again to continue"
        )
    return known


def poll(
    certificate: Certificate,
    certificates: Certificates,
    clock: Clock,
    *,
    seconds: float,
    done: Callable[[Certificate], bool],
) -> Certificate:
    """Describe with growing pauses until `done` or until `seconds` have passed."""
    pause = _FIRST_POLL_SECONDS
    ends = clock.remaining() - min(seconds, max(0.0, clock.remaining() - _RESERVE_SECONDS))
    current = certificate
    while not done(current) and clock.remaining() - pause >= ends:
        clock.sleep(pause)
        pause = min(pause * 2, _LAST_POLL_SECONDS)
        current = certificates.describe(certificate.arn)
    return current


def settled(certificate: Certificate) -> bool:
    """Whether the request is not pending any more."""
    return certificate.status is not CertificateStatus.PENDING_VALIDATION


def wanted_records(certificate: Certificate) -> list[ValidationRecord]:
    """Return the validation records that ACM has named so far."""
    validations = certificate.detail.validations
    return [validation.record for validation in validations if validation.record is not None]


def _records_known(certificate: Certificate) -> bool:
    validations = certificate.detail.validations
    named = {validation.domain_name for validation in validations if validation.record is not None}
    return named >= set(certificate.names)
