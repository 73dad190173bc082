"""The interfaces that the use cases call; `aws` and `net` implement them."""

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
from certificate_lifecycle.model.hidden_classes import InventoryGap
from certificate_lifecycle.model.public_dns import DnsAnswer, RecordType
from certificate_lifecycle.model.run import Run
from certificate_lifecycle.model.scope import ListedAccount, Scope
from certificate_lifecycle.model.secret_value import SecretStr
from certificate_lifecycle.parsing.x509 import NameConstraints
from certificate_lifecycle.policy.bindings import Binding, BindingState, FoundBindings
from certificate_lifecycle.policy.export import Exported
from certificate_lifecycle.policy.import_history import CertificateVersion, ImportHistory
from certificate_lifecycle.policy.import_source import CertificateBundle, ImportCandidate
from certificate_lifecycle.policy.issuance import CertificateRequest
from certificate_lifecycle.policy.notification_state import (
    AlertRecord,
    Intent,
    UnreadableEntry,
)
from certificate_lifecycle.policy.remembered import RememberedCertificates
from certificate_lifecycle.policy.repair_history import RepairHistory
from certificate_lifecycle.policy.succession import ReplacementRecord, RequestBudget
from certificate_lifecycle.policy.tls_probe import ProbeResult
from certificate_lifecycle.policy.validation import DelegationReader, ExistingRecord, Zone
from certificate_lifecycle.render.emf import RunMetrics
from certificate_lifecycle.render.notification.message import Message


class Certificates(Protocol):
    """ACM in one account and region."""

    def list_all(self) -> Iterator[Certificate]:
        """Yield every certificate, of all key types and statuses, without detail."""

    @property
    def not_listed(self) -> Sequence[InventoryGap]:
        """The classes of certificates that cannot be listed.

        Those that the SDK does not know, and after `list_all` those that the region does not know.
        """

    def renewals(self, start: datetime, end: datetime) -> Mapping[str, RenewalStatus | None] | None:
        """Return the renewal status of the ACM certificates that expire between two instants.

        None if ACM has no search for them here.
        """

    def validated_by_email(self) -> Collection[str] | None:
        """Return the ARNs of the issued certificates that are validated by e-mail.

        None if ACM has no search for them here.
        """

    def describe(self, arn: str) -> Certificate:
        """Return one certificate with its detail, but without tags.

        Raises CertificateNotFoundError.
        """

    def tags(self, arn: str) -> tuple[tuple[str, str], ...]:
        """Return the tags of one certificate; raises CertificateNotFoundError."""

    def tags_of(self, arns: Sequence[str]) -> Mapping[str, tuple[tuple[str, str], ...]]:
        """Return the tags of many certificates by ARN, with few calls; never raises.

        A missing ARN was not read. They may be some minutes old, so they are for judging only:
        `tags` is for a decision to write.
        """

    def request(self, request: CertificateRequest) -> str:
        """Request a certificate, or find the equal request of the last hour; return its ARN."""

    def add_tags(self, arn: str, tags: Sequence[tuple[str, str]]) -> None:
        """Set tags of a certificate and keep its other ones.

        Raises CertificateRequestError if ACM rejects them.
        """

    def resend_validation_email(self, arn: str, validation: DomainValidation) -> None:
        """Send the approval e-mail for one name again."""

    @property
    def can_migrate_to_dns(self) -> bool:
        """Whether this SDK can change an e-mail validated certificate to DNS."""

    def migrate_to_dns(self, arn: str) -> None:
        """Ask ACM to change from e-mail to DNS validation; idempotent.

        Raises MigrationNotPossibleError if ACM rejects it for this certificate.
        """

    def migration_records(self, arn: str) -> tuple[ValidationRecord | None, ...]:
        """Return the record for each name of a migration; None if it is not known yet."""

    def export(self, arn: str, passphrase: SecretStr) -> Exported:
        """Return certificate, chain and encrypted key; raises ExportError if ACM rejects it."""

    def renew(self, arn: str) -> bool:
        """Start the renewal of an exported certificate; false if one is in progress."""

    def imported_version(self, arn: str) -> CertificateVersion:
        """Return an imported certificate and its chain; raises CertificateNotFoundError."""

    def reimport(self, arn: str, bundle: CertificateBundle) -> None:
        """Import under an existing ARN, which keeps its tags and consumers.

        Raises CertificateImportError if ACM rejects it.
        """

    def mark_replaced(self, arn: str, successor_arn: str) -> None:
        """Tag a certificate with its successor; the role may delete only such certificates.

        Raises CertificateNotFoundError.
        """

    def delete(self, arn: str) -> bool:
        """Delete a certificate if it exists; false if it is in use."""


class Pointers(Protocol):
    """The SSM parameters with the ARNs of the declared certificates."""

    def read_all(self) -> Mapping[str, str]:
        """Return the value of every pointer by its name."""

    def read(self, name: str) -> str:
        """Return the value of a pointer; raises PointerNotFoundError."""

    def write(self, name: str, value: str) -> bool:
        """Give a pointer another value; false if it has that value.

        Raises PointerNotFoundError.
        """

    def exchange(self, name: str, value: str, *, instead_of: str) -> bool:
        """Give a pointer another value if it has the value `instead_of`; false otherwise.

        Raises PointerNotFoundError.
        """


class CertificateStore(Protocol):
    """Certificates outside ACM, which are scanned and never changed."""

    @property
    def name(self) -> str:
        """What the store contains, in the plural."""

    def concerns(self, certificates: Sequence[Certificate]) -> bool:
        """Whether the store is worth a scan, given the certificates in ACM."""

    def list_all(self) -> Iterator[Certificate]:
        """Yield every certificate, without detail."""

    def describe(self, listed: Certificate) -> Certificate:
        """Return one certificate with its detail; raises CertificateNotFoundError."""


class PrivateAuthorities(Protocol):
    """The private CAs that one account sees in one region."""

    def name_constraints(self, arn: str) -> Sequence[NameConstraints] | None:
        """Return the name constraints of a CA's certificate, then of each certificate above it.

        None if the CA does not exist or has no certificate.
        """


class Catalog(Protocol):
    """The names and the manual steps of all consumers in an account and region."""

    def names(self, certificate: Certificate) -> Sequence[str]:
        """Return a name for each consumer of a described certificate; makes calls."""

    def read_ahead(self, certificates: Sequence[Certificate], has_time: Callable[[], bool]) -> None:
        """Read what `names` needs for described certificates with few calls; never raises."""

    def consumer_tags(self, in_use_by: Sequence[str]) -> Sequence[tuple[str, str]]:
        """Return the tags of the load balancers among entries of `InUseBy`; makes calls."""

    def label(self, in_use_by: str) -> str:
        """Return a short name for an entry of `InUseBy`, or its ARN."""

    def key_algorithms(self, certificate: Certificate) -> Collection[str] | None:
        """Return the keys that every consumer of a described certificate accepts; None: any."""

    def unexplained(self, certificate: Certificate, bindings: Iterable[Binding]) -> tuple[str, ...]:
        """Return the entries of `InUseBy` that remain after moving `bindings`.

        A binding explains at most one entry in an account of AWS's own.
        """

    def manual_steps(self, certificate: Certificate, in_use_by: str, successor_arn: str) -> str:
        """Return the shell lines that move one entry of `InUseBy`; may make calls."""


class TlsProbe(Protocol):
    """Reads which certificates servers present."""

    def probe(self, name: str, key_algorithm: str) -> Sequence[ProbeResult]:
        """Return the certificate at each address of a name, for clients with that type of key.

        An unreachable address is a result, too; each address has a time limit.
        """


class Consumers(Protocol):
    """The consumers in an account and region that can be moved to another certificate."""

    def find(self, certificate: Certificate) -> FoundBindings:
        """Return every binding of a described certificate, and the errors of unread services."""

    def current(self, binding: Binding) -> BindingState | None:
        """Return the current state of a binding; None if the consumer or setting is deleted."""

    def tags(self, binding: Binding) -> Sequence[tuple[str, str]]:
        """Return the tags of the load balancer of a binding; none for other consumers."""

    def bind(self, binding: Binding, certificate_arn: str, *, instead_of: str) -> None:
        """Set the certificate of a binding; a list keeps its other entries.

        Raises ConsumerChangedError if the binding has neither certificate any more,
        ConsumerBusyError while the service applies another change, ManualStepRequiredError if a
        person has to do something first, and CertificateRefusedError if the service does not accept
        this certificate.
        """

    def unbind(self, binding: Binding, certificate_arn: str) -> None:
        """Remove a certificate from a list, if it is there."""


class ImportHistories(Protocol):
    """The import histories of one account and region; every write is conditional."""

    def import_history(self, certificate_arn: str) -> ImportHistory:
        """Return the history of a certificate, an empty one if none is stored.

        Raises StateUnreadableError.
        """

    def save_import_history(self, history: ImportHistory) -> ImportHistory:
        """Save a history, and return it with its new version.

        Raises StateConflictError if another run has changed it since it was read.
        """


class StateStore(ImportHistories, Protocol):
    """The state between runs of one account and region; every write is conditional.

    An entry that cannot be read is left out of the others, and is never overwritten.
    """

    def unreadable(self) -> Sequence[UnreadableEntry]:
        """Return the entries that the reads so far could not read."""

    def replacement_records(self) -> Sequence[ReplacementRecord]:
        """Return every replacement on record."""

    def claim(
        self, replacement_record: ReplacementRecord, run_id: str, now: datetime, until: datetime
    ) -> ReplacementRecord:
        """Make `run_id` the only run that may act on a replacement, and return its record.

        Raises StateConflictError if another run has claimed or changed it.
        """

    def save_replacement(self, replacement_record: ReplacementRecord) -> ReplacementRecord:
        """Save a record that this run has claimed, and return it with its new version.

        Raises StateConflictError if another run has changed it.
        """

    def count_request(
        self, day: date, certificate_arn: str, budget: RequestBudget, limit: int
    ) -> bool:
        """Add a certificate once to a budget of `day`; false if that has `limit` already."""

    def alert_records(self) -> Sequence[AlertRecord]:
        """Return the open alerts that were reported."""

    def save_alert(self, alert: AlertRecord) -> None:
        """Save a reported alert, unless another run has changed it since."""

    def delete_alert(self, alert: AlertRecord) -> None:
        """Delete a resolved alert, unless another run has changed it since."""

    def last_probe(self) -> datetime | None:
        """Return the time of the last run with TLS probes."""

    def record_probe(self, at: datetime) -> None:
        """Record the time of a run with TLS probes."""

    def repair_histories(self) -> Sequence[RepairHistory]:
        """Return the validation records that were written, for each certificate."""

    def save_repair_history(self, history: RepairHistory) -> None:
        """Save a history, unless another run has changed it since."""

    def memory(self) -> RememberedCertificates:
        """Return what earlier runs remember; a certificate that cannot be read is left out."""

    def save_memory(self, memory: RememberedCertificates) -> None:
        """Replace what earlier runs remember; of two runs, the later write stays."""

    def intents(self) -> Sequence[Intent]:
        """Return the intents that no message has reported."""

    def save_intent(self, intent: Intent) -> None:
        """Save an intent in place of an earlier one for the same certificate and action."""

    def delete_intent(self, intent: Intent) -> None:
        """Delete a reported intent, unless it was saved again since."""


class NotificationLog(Protocol):
    """The notifications of an instance."""

    def last_notification(self) -> datetime | None:
        """Return when the last message was sent."""

    def record_notification(self, at: datetime) -> None:
        """Record a sent message, unless a later one is on record."""


class ExportSecrets(Protocol):
    """The passphrases and targets of exports."""

    def stages(self, secret_arn: str) -> Mapping[str, Collection[str]]:
        """Return the staging labels of each version of a secret, by version id.

        Raises SecretMissingError.
        """

    def passphrase(self, secret_arn: str) -> SecretStr:
        """Return the passphrase in a secret; raises ExportError if there is none."""

    def put(self, secret_arn: str, token: str, document: SecretStr) -> bool:
        """Make `document` the current version; false if that version exists already."""


class ImportSecrets(Protocol):
    """The secrets with newer versions of imported certificates."""

    def open(self, secret_arn: str) -> ImportCandidate:
        """Return the version in a secret, and its bundle for the import.

        Raises SecretMissingError, SecretUnreadableError, or UnusableSourceError if ACM would reject
        the version.
        """


class Dns(DelegationReader, Protocol):
    """Route 53, in all accounts with zones to write.

    A run reads each delegation and each CAA record once.
    """

    def public_zones(self) -> Sequence[Zone]:
        """Return the public hosted zones that may be written."""

    def caa_values(self, zone: Zone, name: str) -> Collection[str]:
        """Return the CAA records at `name` in presentation form."""

    def read_ahead(self, names: Iterable[str]) -> None:
        """Read whole zones, where that takes fewer calls than to read each name."""

    def records_at(
        self, zone: Zone, name: str, *, known: bool = False
    ) -> tuple[ExistingRecord, ...]:
        """Return the record sets at `name`, read again by each call unless `known` ones suffice."""

    def upsert(self, zone: Zone, records: Sequence[ValidationRecord]) -> None:
        """Write `records` in one atomic batch."""

    def remove(self, zone: Zone, record: ValidationRecord) -> bool:
        """Delete a validation CNAME if it exists; false if another value is at its name."""


class PublicDns(Protocol):
    """Public DNS through several resolvers; bounded in time and in queries."""

    def prefetch(self, questions: Iterable[tuple[str, RecordType]]) -> None:
        """Send queries in parallel; `ask` returns their answers."""

    def ask(self, name: str, record_type: RecordType) -> DnsAnswer:
        """Return the answer to a query, which is sent once; never raises for a failure of DNS."""


class Organization(Protocol):
    """AWS Organizations, from its management account or a delegated administrator."""

    def accounts(self) -> Iterator[ListedAccount]:
        """Yield all accounts, also those that are not active."""


class Documents(Protocol):
    """JSON documents that the steps of a run pass on."""

    def put(self, name: str, content: object) -> None:
        """Write a document."""

    def names(self, folder: str) -> Collection[str]:
        """Return the names of all documents in a folder."""

    def get(self, name: str) -> Any:  # noqa: ANN401 - JSON has any type
        """Return a document; raises DocumentError if it is no JSON."""

    def address(self, name: str) -> str:
        """Return the URL of a document."""


class Topic(Protocol):
    """The SNS topic."""

    def publish(self, message: Message) -> str:
        """Publish and return the message id."""


class Subscriptions(Protocol):
    """The subscriptions of the topic."""

    def confirmed_subscriptions(self) -> int:
        """Return how many subscriptions are confirmed."""


#: Raises CertificateLifecycleError if no time is left for another call.
RequireTime = Callable[[], None]


class NotificationSink(Protocol):
    """A service beside the topic that receives every run, except dry runs."""

    @property
    def name(self) -> str:
        """The name of the service for error messages."""

    def publish(self, run: Run, require_time: RequireTime) -> None:
        """Send the findings and changes; raises unless all were accepted.

        `require_time` is called before each call of the service, and raises if none is left.
        """


class Reports(Protocol):
    """The storage of reports."""

    def put(self, run: Run) -> str:
        """Write the report of a run and return its URL."""


class Clock(Protocol):
    """The time that the function has left."""

    def remaining(self) -> float:
        """Return the seconds until the function is stopped."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class Metrics(Protocol):
    """The metrics for alarms and dashboards."""

    def emit(self, run: Run, *, undelivered: bool) -> None:
        """Write the metrics of a run; `undelivered` is true if its message could not be sent."""

    def emit_completed(self, metrics: RunMetrics) -> None:
        """Write the metrics of a completed scheduled run."""


def _silent(_: int) -> None:
    """Show no progress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeClients:
    """The clients of a rotation run in one account and region; features without a client are off.

    `catalog` knows all consumers, also those that may not be changed.
    `account_stores` are global: they are read once per account.
    `pointers` are those of the function's own account, None for another account.
    `public_dns` is one object for all scopes of a run.
    `on_describe` gets the number of certificates that a scan is about to describe.
    """

    certificates: Certificates
    dns: Dns
    import_secrets: ImportSecrets
    catalog: Catalog
    export_secrets: ExportSecrets | None = None
    state_store: StateStore | None = None
    consumers: Consumers | None = None
    tls_probe: TlsProbe | None = None
    pointers: Pointers | None = None
    stores: Sequence[CertificateStore] = ()
    account_stores: Sequence[CertificateStore] = ()
    authorities: PrivateAuthorities | None = None
    public_dns: PublicDns | None = None
    on_describe: Callable[[int], None] = _silent


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
