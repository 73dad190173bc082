"""Watch a requested certificate until ACM issues it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from certificate_lifecycle.app.ports import Certificates, Clock
from certificate_lifecycle.model.certificate import Certificate, CertificateStatus

#: Between two descriptions; ACM reads a validation record within minutes.
_PAUSE_SECONDS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuanceWatch:
    """Describes a certificate again and again; `show` gets a text whenever something changed."""

    certificates: Certificates
    clock: Clock
    current_time: Callable[[], datetime]
    show: Callable[[str], None]

    def watch(self, arn: str, limit: timedelta) -> Certificate:
        """Return the certificate once it is not pending any more, or after `limit`.

        Raises InterruptedByUserError on Ctrl-C.
        """
        ends, shown = self.current_time() + limit, ""
        while True:
            certificate = self.certificates.describe(arn)
            text = _state(certificate)
            if text != shown:
                self.show(f"{self.current_time():%H:%M:%S}  {text}")
                shown = text
            pending = certificate.status is CertificateStatus.PENDING_VALIDATION
            if not pending or self.current_time() >= ends:
                return certificate
            self.clock.sleep(_PAUSE_SECONDS)


def _state(certificate: Certificate) -> str:
    validations = certificate.detail.validations
    if not validations:
        return certificate.status.value
    validated = sum(validation.validated for validation in validations)
    return f"{certificate.status.value}, {validated} of {len(validations)} names validated"
