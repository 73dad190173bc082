"""What the use cases need from the outside; the adapters in `aws` offer it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Protocol

from certificate_lifecycle.core.digest import Message
from certificate_lifecycle.core.export import Exported
from certificate_lifecycle.core.hidden import Hidden
from certificate_lifecycle.core.issuance import CertificateRequest
from certificate_lifecycle.core.model import Certificate, DomainValidation, ValidationRecord
from certificate_lifecycle.core.sources import Material
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

    def export(self, arn: str, passphrase: Hidden) -> Exported:
        """Return certificate, chain and encrypted key; raises ExportError when ACM refuses."""
        ...

    def renew(self, arn: str) -> bool:
        """Have ACM renew an exported certificate; false if it is doing so already."""
        ...

    def reimport(self, arn: str, material: Material) -> None:
        """Import under the ARN of an imported certificate; tags and consumers stay.

        Raises CertificateImportError where ACM refuses it.
        """
        ...


class ExportSecrets(Protocol):
    """The secrets that exports are read and written with."""

    def stages(self, secret_arn: str) -> Mapping[str, Collection[str]]:
        """Return the staging labels of the versions of a secret, by version id."""
        ...

    def passphrase(self, secret_arn: str) -> Hidden:
        """Return the passphrase that a secret holds; raises ExportError when it holds none."""
        ...

    def put(self, secret_arn: str, token: str, document: Hidden) -> bool:
        """Make `document` the current version; false if that version exists already."""
        ...


class ImportSecrets(Protocol):
    """The secrets that newer versions of imported certificates are read from."""

    def value(self, secret_arn: str) -> Hidden:
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
