"""Find certificates that are validated by e-mail, and what prevents their migration to DNS."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from certificate_lifecycle.app.deadline import error_summary, require_time
from certificate_lifecycle.app.ports import Certificates, Clock, Dns
from certificate_lifecycle.app.validation import zone_obstacles
from certificate_lifecycle.log import logger
from certificate_lifecycle.model.certificate import Certificate
from certificate_lifecycle.policy.email_validation import may_be_by_email, may_migrate

_OLD_SDK = (
    "this boto3 does not know the migration; add a newer one to the functions with the input "
    "`function.layers`"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailValidation:
    """E-mail validation in one account and region."""

    certificates: Certificates
    dns: Dns
    clock: Clock

    def search(self, chosen: Sequence[Certificate], problems: list[str]) -> Collection[str]:
        """Return the ARNs of the certificates in `chosen` that are validated by e-mail.

        One search for all of them. Where there is none, foresight describes every certificate
        within some days, and a renewal within its window.
        """
        candidates = {entry.arn for entry in chosen if may_be_by_email(entry)}
        if not candidates:
            return ()
        try:
            require_time(self.clock)
            found = self.certificates.validated_by_email()
        except Exception as error:  # noqa: BLE001 - one must not stop the others; raised at the end
            logger.warning("e-mail validation could not be searched", exc_info=True)
            problem = error_summary(error)
            problems.append(f"certificates validated by e-mail could not be searched: {problem}")
            return ()
        return candidates.intersection(found or ())

    def obstacles(self, certificate: Certificate, problems: list[str]) -> tuple[str, ...]:
        """Return clauses about what prevents the migration of a certificate here.

        Nothing does for one that is migrating: its records are written where that is possible.
        """
        if not may_migrate(certificate) or certificate.detail.migrating_to_dns:
            return ()
        if not self.certificates.can_migrate_to_dns:
            return (_OLD_SDK,)
        try:
            require_time(self.clock)
            return zone_obstacles(self.dns, certificate.names)
        except Exception as error:  # noqa: BLE001 - one must not stop the others; raised at the end
            logger.exception("hosted zones unreadable", extra={"certificate_arn": certificate.arn})
            problem = error_summary(error)
            problems.append(f"{certificate.arn}: {problem}")
            return (f"the hosted zones could not be read: {problem}",)
