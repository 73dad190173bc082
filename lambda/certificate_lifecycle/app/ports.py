"""What the use cases need from the outside; the adapters in `aws` offer it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Protocol

from certificate_lifecycle.model.certificate import (
    Certificate,
    DomainValidation,
    RenewalStatus,
    ValidationRecord,
)
from certificate_lifecycle.model.run import Run
from certificate_lifecycle.model.scope import Scope
from certificate_lifecycle.model.secret_value import SecretStr
from certificate_lifecycle.parsing.x509 import X509Certificate
from certificate_lifecycle.policy.bindings import Binding, BindingState
from certificate_lifecycle.policy.export import Exported
from certificate_lifecycle.policy.import_source import CertificateBundle
from certificate_lifecycle.policy.issuance import CertificateRequest
from certificate_lifecycle.policy.notification_state import AlertRecord, Intent
from certificate_lifecycle.policy.succession import ReplacementRecord
from certificate_lifecycle.policy.tls_probe import ProbeResult
from certificate_lifecycle.policy.validation import ExistingRecord, Zone
from certificate_lifecycle.render.emf import RunMetrics
from certificate_lifecycle.render.notification.message import Message


class Certificates(Protocol):
    """ACM in one region of one account."""

    def list_all(self) -> Iterator[Certificate]:
        """Yield every certificate, of all key types and statuses, without detail."""
        ...

    def renewals(self, start: datetime, end: datetime) -> Mapping[str, RenewalStatus | None] | None:
        """Return the state of renewal of all that ACM issued and that ends between two instants.

        None where there is no way to ask for all of them at once.
        """
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

    def export(self, arn: str, passphrase: SecretStr) -> Exported:
        """Return certificate, chain and encrypted key; raises ExportError when ACM refuses."""
        ...

    def renew(self, arn: str) -> bool:
        """Have ACM renew an exported certificate; false if it is doing so already."""
        ...

    def reimport(self, arn: str, bundle: CertificateBundle) -> None:
        """Import under the ARN of an imported certificate; tags and consumers stay.

        Raises CertificateImportError where ACM refuses it.
        """
        ...

    def mark_replaced(self, arn: str, successor_arn: str) -> None:
        """Tag a certificate with its successor; only what is tagged so may be deleted."""
        ...

    def delete(self, arn: str) -> bool:
        """Delete a certificate; false while something uses it; one that is gone counts as done."""
        ...


class CertificateStore(Protocol):
    """Certificates that are kept outside ACM: looked at, and never changed."""

    @property
    def name(self) -> str:
        """What is kept, in the plural."""
        ...

    def concerns(self, certificates: Sequence[Certificate]) -> bool:
        """Whether it matters where ACM holds these."""
        ...

    def list_all(self) -> Iterator[Certificate]:
        """Yield everything that is kept, without detail."""
        ...

    def describe(self, listed: Certificate) -> Certificate:
        """Return one of them with its detail; raises CertificateNotFoundError if it is gone."""
        ...


class Catalog(Protocol):
    """Who uses certificates in this account and region, and how a person moves them.

    Only `names` makes calls.
    """

    def names(self, certificate: Certificate) -> Sequence[str]:
        """Return a name for each user of a described certificate that ACM names."""
        ...

    def label(self, in_use_by: str) -> str:
        """Return the name by which people know an entry of `InUseBy`, or its ARN."""
        ...

    def unexplained(self, certificate: Certificate, bindings: Iterable[Binding]) -> tuple[str, ...]:
        """Return the entries of `InUseBy` that moving `bindings` does not free."""
        ...

    def manual_steps(self, in_use_by: str, successor_arn: str) -> str:
        """Return what a person types to move one entry of `InUseBy`, as shell lines."""
        ...


class TlsProbe(Protocol):
    """What servers show to whoever connects to them."""

    def probe(self, name: str, key_algorithm: str) -> Sequence[ProbeResult]:
        """Return what each address of a name shows to a client that takes such a key.

        What cannot be reached is an answer as well, and none is waited for without end.
        """
        ...


class Consumers(Protocol):
    """Everything in this account and region that certificates can be moved on."""

    def find(self, certificate: Certificate) -> Sequence[Binding]:
        """Return every setting that holds a described certificate now."""
        ...

    def current(self, binding: Binding) -> BindingState | None:
        """Return what a setting holds; None when the consumer or the setting is gone."""
        ...

    def bind(self, binding: Binding, certificate_arn: str, *, instead_of: str) -> None:
        """Let a setting hold `certificate_arn`; a list keeps what it has.

        Raises ConsumerChangedError if the service shows that it holds neither of both by now, and
        ConsumerBusyError while the service carries out another change.
        """
        ...

    def unbind(self, binding: Binding, certificate_arn: str) -> None:
        """Take a certificate out of a list; one that is not in it counts as done."""
        ...


class StateStore(Protocol):
    """What is remembered between runs about one account and region; no write is unconditional."""

    def replacement_records(self) -> Sequence[ReplacementRecord]:
        """Return every replacement on record."""
        ...

    def claim(
        self, replacement_record: ReplacementRecord, run_id: str, now: datetime, until: datetime
    ) -> ReplacementRecord:
        """Make `run_id` the only run that may act on a journal, stored or new.

        Raises LedgerConflictError if another run holds it, or was faster.
        """
        ...

    def save_replacement(self, replacement_record: ReplacementRecord) -> ReplacementRecord:
        """Store a journal that this run has claimed, and return it as it is stored.

        Raises LedgerConflictError if it is not what this run last stored.
        """
        ...

    def count_request(self, day: date, certificate_arn: str, limit: int) -> bool:
        """Count a request towards the budget of `day`; a certificate counts once a day."""
        ...

    def alert_records(self) -> Sequence[AlertRecord]:
        """Return what was told and is still open."""
        ...

    def save_alert(self, alert: AlertRecord) -> None:
        """Store what was told; if another run has stored something since, that stays."""
        ...

    def delete_alert(self, alert: AlertRecord) -> None:
        """Drop what is over; if another run has stored something since, that stays."""
        ...

    def intents(self) -> Sequence[Intent]:
        """Return what runs were about to do, and no message has told."""
        ...

    def save_intent(self, intent: Intent) -> None:
        """Store what is about to be done; the same action again replaces it."""
        ...

    def delete_intent(self, intent: Intent) -> None:
        """Drop a note that a message has told; if it was written anew since, that stays."""
        ...


class NotificationLog(Protocol):
    """What is remembered between runs about this instance as a whole."""

    def last_notification(self) -> datetime | None:
        """Return when a message last went out; None if none is on record."""
        ...

    def record_notification(self, at: datetime) -> None:
        """Record that a message has gone out; a later one that is on record stays."""
        ...


class ExportSecrets(Protocol):
    """The secrets that exports are read and written with."""

    def stages(self, secret_arn: str) -> Mapping[str, Collection[str]]:
        """Return the staging labels of the versions of a secret, by version id."""
        ...

    def passphrase(self, secret_arn: str) -> SecretStr:
        """Return the passphrase that a secret holds; raises ExportError when it holds none."""
        ...

    def put(self, secret_arn: str, token: str, document: SecretStr) -> bool:
        """Make `document` the current version; false if that version exists already."""
        ...


class ImportSecrets(Protocol):
    """The secrets that newer versions of imported certificates are read from."""

    def open(self, secret_arn: str) -> tuple[X509Certificate, CertificateBundle]:
        """Return what the current value holds, read and ready to be imported.

        Raises SecretUnreadableError, and UnusableSourceError for what could not be imported.
        """
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


class Organization(Protocol):
    """AWS Organizations, as its management account or a delegated administrator sees it."""

    def accounts(self) -> Iterator[str]:
        """Yield the ids of all accounts that are not closed, suspended, or on the way there."""
        ...


class Documents(Protocol):
    """What the steps of one run leave for one another."""

    def put(self, name: str, content: object) -> None:
        """Store plain data under a name; what was there is replaced."""
        ...

    def names(self, folder: str) -> Collection[str]:
        """Return the names of all that is stored below a folder."""
        ...

    def get(self, name: str) -> Any:  # noqa: ANN401 - JSON has any type
        """Return what is stored under a name; raises DocumentError if it is no JSON."""
        ...

    def address(self, name: str) -> str:
        """Return where people find what is stored under a name."""
        ...


class Topic(Protocol):
    """The SNS topic."""

    def publish(self, message: Message) -> str:
        """Publish and return the message id."""
        ...


class Subscriptions(Protocol):
    """The subscriptions of the topic."""

    def confirmed_subscriptions(self) -> int:
        """Return how many subscriptions are confirmed."""
        ...


class NotificationSink(Protocol):
    """A service beside the topic that receives every run that is no dry run."""

    @property
    def name(self) -> str:
        """What it is, as a sentence about its failure names it."""
        ...

    def publish(self, run: Run) -> None:
        """Send what was found and changed; raises if not all of it was accepted."""
        ...


class Reports(Protocol):
    """Where the report of a run is kept for people to read."""

    def put(self, run: Run) -> str:
        """Write the report of a run and return its address."""
        ...


class Clock(Protocol):
    """Time as the function has it: how much is left, and how to let some pass."""

    def remaining(self) -> float:
        """Seconds until the function would be stopped."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class Metrics(Protocol):
    """Where the figures go that alarms and dashboards are built on."""

    def emit(self, run: Run, *, undelivered: bool) -> None:
        """Write the figures of a run, and whether its message could not be sent."""
        ...

    def emit_completed(self, metrics: RunMetrics) -> None:
        """Write what a scheduled run measured at its end."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeClients:
    """The clients of a rotation run in one account and region; features without a client are off.

    `catalog` knows all consumers, also those that may not be changed.
    `account_stores` are global: they are read once per account.
    """

    certificates: Certificates
    dns: Dns
    import_secrets: ImportSecrets
    catalog: Catalog
    export_secrets: ExportSecrets | None = None
    state_store: StateStore | None = None
    consumers: Consumers | None = None
    tls_probe: TlsProbe | None = None
    stores: Sequence[CertificateStore] = ()
    account_stores: Sequence[CertificateStore] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDependencies:
    """The dependencies of a rotation run that do not belong to one account and region.

    `clients_at` is called once for each account and region.
    If `summary_after` has passed since the last message in `notification_log`, a complete run
    without findings sends a message, too.
    """

    clients_at: Callable[[Scope], ScopeClients]
    topic: Topic
    metrics: Metrics
    clock: Clock
    sinks: Sequence[NotificationSink] = ()
    reports: Reports | None = None
    notification_log: NotificationLog | None = None
    summary_after: timedelta | None = None
    subscriptions: Subscriptions | None = None
