"""What the use cases need from the outside; the adapters in `aws` offer it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from certificate_lifecycle.core.digest import Message
from certificate_lifecycle.core.issuance import CertificateRequest
from certificate_lifecycle.core.model import Certificate, DomainValidation, ValidationRecord
from certificate_lifecycle.core.sources import Material, SecretText
from certificate_lifecycle.core.validation import ExistingRecord, Zone


class Certificates(Protocol):
    """ACM in one region of one account."""

    def list_all(self) -> Iterator[Certificate]:
        """Yield every certificate, of all key types and statuses, without detail."""
        ...

    def describe(self, arn: str) -> Certificate:
        """Return one certificate with its detail, tags left out.

        Raises CertificateNotFoundError for one that was deleted.
        """
        ...

    def tags(self, arn: str) -> tuple[tuple[str, str], ...]:
        """Return the tags of one certificate.

        Raises CertificateNotFoundError for one that was deleted.
        """
        ...

    def request(self, request: CertificateRequest) -> str:
        """Request a certificate and return its ARN; the same request within an hour finds it."""
        ...

    def resend_validation_email(self, arn: str, validation: DomainValidation) -> None:
        """Send the approval e-mail for one name again."""
        ...

    @property
    def can_migrate_to_dns(self) -> bool:
        """Whether this SDK can change an e-mail validated certificate to DNS."""
        ...

    def migrate_to_dns(self, arn: str) -> None:
        """Ask ACM to change from e-mail to DNS validation; asking twice does no harm.

        Raises MigrationNotPossibleError where ACM will not do it for this certificate.
        """
        ...

    def migration_records(self, arn: str) -> tuple[ValidationRecord | None, ...]:
        """Return the record for each name of a migration; None for one that is not known yet."""
        ...

    def reimport(self, arn: str, material: Material) -> None:
        """Import under the ARN of an imported certificate; tags and consumers stay.

        Raises CertificateImportError where ACM refuses it.
        """
        ...


class Secrets(Protocol):
    """Secrets Manager, in whichever region a secret is."""

    def value(self, secret_arn: str) -> SecretText:
        """Return the current value; raises SecretUnreadableError."""
        ...


class Dns(Protocol):
    """Route 53, in every account whose zones we may write."""

    def public_zones(self) -> Sequence[Zone]:
        """Return the public hosted zones that may be written."""
        ...

    def records_at(self, zone: Zone, name: str) -> tuple[ExistingRecord, ...]:
        """Return the record sets that stand at `name`."""
        ...

    def upsert(self, zone: Zone, records: Sequence[ValidationRecord]) -> None:
        """Write all `records` in one batch: all of them or none."""
        ...


class Topic(Protocol):
    """The SNS topic."""

    def publish(self, message: Message) -> str:
        """Publish and return the message id."""
        ...


class Clock(Protocol):
    """Time as the function has it: how much is left, and how to let some pass."""

    def remaining(self) -> float:
        """Seconds until the function would be stopped."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...
