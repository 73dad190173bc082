"""Delete the certificate of a pointer that Terraform destroys.

Safe to repeat, to overlap and to be stopped after any call: nothing is written but the deletion,
and a certificate that is gone is no error.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from certificate_lifecycle.app.ports import Certificates, Clock, Pointers
from certificate_lifecycle.app.waiting import poll
from certificate_lifecycle.log import logger
from certificate_lifecycle.model.certificate import Certificate
from certificate_lifecycle.model.errors import (
    CertificateInUseError,
    CertificateNotFoundError,
    DeletionRefusedError,
    PointerNotFoundError,
)
from certificate_lifecycle.model.pointers import PENDING, region_named
from certificate_lifecycle.model.sanitize import clean, listed, quoted
from certificate_lifecycle.model.scope import Scope
from certificate_lifecycle.policy.deletion import (
    DeletionOutcome,
    belongs_to_another,
    blocked_reason,
)

#: InUseBy follows the deletion of a consumer after some minutes.
_WAIT_SECONDS = 600.0
#: The number of consumers that an error names.
_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion:
    """The result of a deletion; `certificate_arn` is None if the pointer names no certificate."""

    parameter: str
    outcome: DeletionOutcome
    certificate_arn: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleter:
    """Deletes certificates of one instance; `certificates_in` returns ACM in a region."""

    instance: str
    allowed_domains: Sequence[str]
    home: Scope
    pointers: Pointers
    certificates_in: Callable[[str], Certificates]
    clock: Clock

    def delete(self, parameter: str) -> Deletion:
        """Delete the certificate of a pointer once it is not in use any more.

        Raises DeletionRefusedError, or CertificateInUseError after ten minutes.
        """
        try:
            value = self.pointers.read(parameter)
        except PointerNotFoundError:
            return Deletion(parameter=parameter, outcome=DeletionOutcome.NO_PARAMETER)
        if value == PENDING:
            return Deletion(parameter=parameter, outcome=DeletionOutcome.NEVER_ISSUED)
        region = region_named(value, self.home)
        if region is None:
            raise DeletionRefusedError(
                f"{parameter} is {quoted(value)}, not the ARN of a certificate in account"
                f" {self.home.account_id}; nothing was deleted"
            )
        outcome = self._delete(value, parameter, self.certificates_in(region))
        logger.info("deletion ended", extra={"certificate_arn": value, "outcome": outcome.value})
        return Deletion(parameter=parameter, outcome=outcome, certificate_arn=value)

    def _delete(self, arn: str, parameter: str, certificates: Certificates) -> DeletionOutcome:
        try:
            certificate = _read(arn, certificates)
            if self._belongs_to_another(certificate, parameter):
                return DeletionOutcome.OTHER_PARAMETER
            return self._delete_once_unused(certificate, parameter, certificates)
        except CertificateNotFoundError:
            return DeletionOutcome.ALREADY_DELETED

    def _belongs_to_another(self, certificate: Certificate, parameter: str) -> bool:
        """Whether another pointer has the certificate, by the tag or by its value.

        Raises DeletionRefusedError if the certificate must be kept.
        """
        values = self.pointers.read_all()
        if values.get(parameter) != certificate.arn:
            raise DeletionRefusedError(
                f"{certificate.arn} was not deleted: {parameter} does not name it any more;"
                " repeat the call for the certificate that the parameter names now"
            )
        if belongs_to_another(certificate, parameter, values):
            return True
        reason = blocked_reason(certificate, self.instance, self.allowed_domains)
        if reason is not None:
            raise DeletionRefusedError(f"{certificate.arn} was not deleted: {reason}")
        return False

    def _delete_once_unused(
        self, certificate: Certificate, parameter: str, certificates: Certificates
    ) -> DeletionOutcome:
        """Delete it once ACM knows no consumer; a refusal of ACM continues the wait.

        After a pause, tags and pointers are read again: another declaration may have adopted the
        certificate, or rotation may have replaced it.
        """
        outcomes: list[DeletionOutcome] = []

        def done(current: Certificate) -> bool:
            if current.in_use:
                return False
            paused = current is not certificate
            if paused and self._belongs_to_another(_read(current.arn, certificates), parameter):
                outcomes.append(DeletionOutcome.OTHER_PARAMETER)
            elif certificates.delete(current.arn):
                outcomes.append(DeletionOutcome.DELETED)
            return bool(outcomes)

        last = poll(certificate, certificates, self.clock, seconds=_WAIT_SECONDS, done=done)
        if not outcomes:
            consumers = listed(last.detail.in_use_by, _SHOWN) or "by unknown consumers"
            raise CertificateInUseError(f"{last.arn} was not deleted: it is in use ({consumers})")
        return outcomes[0]


def _read(arn: str, certificates: Certificates) -> Certificate:
    """Return a certificate with its tags; only the listing says whether it was exported.

    A certificate that ACM does not list may have been exported, if it is exportable.
    """
    described = certificates.describe(arn).with_tags(certificates.tags(arn))
    if not described.exportable:
        return described
    exported = (entry.exported for entry in certificates.list_all() if entry.arn == arn)
    return replace(described, exported=next(exported, True))


def deletion_result(deletion: Deletion, account_id: str, *, sdk: str) -> dict[str, Any]:
    """Return the handler's result: plain data, ready for JSON; `sdk` has the SDK's versions."""
    return {
        "deleted": deletion.outcome is DeletionOutcome.DELETED,
        "outcome": deletion.outcome.value,
        "message": deletion.outcome.meaning,
        "parameter": clean(deletion.parameter),
        "certificate_arn": deletion.certificate_arn,
        "account_id": account_id,
        "sdk": sdk,
    }
