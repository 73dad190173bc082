"""ACM, Route 53, Secrets Manager, SNS and time, as small as the use cases see them, in memory."""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from certificate_lifecycle.app.ports import (
    Certificates,
    Clock,
    Dns,
    Documents,
    ExportSecrets,
    ImportSecrets,
    Metrics,
    NotificationLog,
    Pointers,
    PublicDns,
    Reports,
    RunDependencies,
    ScopeClients,
    StateStore,
    TlsProbe,
    Topic,
)
from certificate_lifecycle.app.reimport import Sources
from certificate_lifecycle.app.run_context import RunContext, RunRequest
from certificate_lifecycle.model.certificate import (
    NOT_DESCRIBED,
    Certificate,
    CertificateDetail,
    CertificateStatus,
    DomainValidation,
    RenewalStatus,
    ValidationMethod,
    ValidationRecord,
)
from certificate_lifecycle.model.dns_names import dns_form, names_below
from certificate_lifecycle.model.errors import (
    CertificateNotFoundError,
    PointerNotFoundError,
    StateConflictError,
)
from certificate_lifecycle.model.hidden_classes import InventoryGap
from certificate_lifecycle.model.public_dns import AnswerState, DnsAnswer, RecordType
from certificate_lifecycle.model.run import Run
from certificate_lifecycle.model.secret_value import SecretStr
from certificate_lifecycle.model.tags import INSTANCE_TAG
from certificate_lifecycle.parsing.x509 import X509Certificate
from certificate_lifecycle.policy.export import CURRENT_STAGE, Exported
from certificate_lifecycle.policy.import_history import CertificateVersion, ImportHistory
from certificate_lifecycle.policy.import_source import (
    CertificateBundle,
    ImportCandidate,
    open_secret,
    read_version,
    serial_number,
    serial_text,
)
from certificate_lifecycle.policy.issuance import CertificateRequest
from certificate_lifecycle.policy.notification_state import (
    AlertRecord,
    Intent,
    UnreadableEntry,
)
from certificate_lifecycle.policy.remembered import RememberedCertificates
from certificate_lifecycle.policy.repair_history import RepairHistory
from certificate_lifecycle.policy.settings import RotationMode
from certificate_lifecycle.policy.succession import ReplacementRecord, RequestBudget
from certificate_lifecycle.policy.thresholds import Thresholds
from certificate_lifecycle.policy.tls_probe import ProbeResult, ProbeState
from certificate_lifecycle.policy.validation import Cut, ExistingRecord, Zone
from certificate_lifecycle.render.emf import RunMetrics
from certificate_lifecycle.render.notification.message import Message
from certificate_lifecycle.render.report.documents import documents
from tests.harness import authority
from tests.unit.assets import ASSETS
from tests.unit.builders import NOW, PLACE, arn, record, request, secret_arn, validation
from tests.unit.consumers import MemoryCatalog


class Outage(Exception):  # noqa: N818 - it stands for what an SDK raises
    """What AWS answers when it does not answer."""


class MemoryClock(Clock):
    """Time that passes only by sleeping."""

    def __init__(self, seconds: float = 900.0) -> None:
        self.left = seconds
        self.slept: list[float] = []

    def remaining(self) -> float:
        return self.left

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.left -= seconds


class MemoryCertificates(Certificates):
    """The certificates of one region; what is listed has no detail, as in ACM.

    `later` contains the results of further descriptions; the last one is repeated.
    """

    def __init__(self, *stored: Certificate, migrates: bool = False) -> None:
        self.stored = {certificate.arn: certificate for certificate in stored}
        self.later: defaultdict[str, list[Certificate]] = defaultdict(list)
        self.tagged: dict[str, tuple[tuple[str, str], ...]] = {}
        self.migrates = migrates
        self.migration: list[tuple[ValidationRecord | None, ...]] = []
        self.broken: dict[str, Exception] = {}
        self.unknown_for = 0
        self.names_records_late = False
        self.asked: list[CertificateRequest] = []
        self.described: list[str] = []
        self.searches = False
        self.searched = 0
        self.by_email: Collection[str] | None = None
        self.resent: list[str] = []
        self.migrated: list[str] = []
        self.exported: list[tuple[str, str]] = []
        self.renewed: list[str] = []
        self.renewing: set[str] = set()
        self.renews_to: dict[str, Certificate] = {}
        self.imported: list[str] = []
        self.versions: dict[str, CertificateVersion] = {}
        self.replaced: dict[str, str] = {}
        self.deleted: list[str] = []
        self.in_use_by_then = False
        self.gaps: Sequence[InventoryGap] = ()
        self.hidden: set[str] = set()

    def list_all(self) -> Iterator[Certificate]:
        self._raise_if_broken("list_all")
        for certificate in self.stored.values():
            if certificate.arn not in self.hidden:
                yield replace(certificate, detail=NOT_DESCRIBED)

    @property
    def not_listed(self) -> Sequence[InventoryGap]:
        return self.gaps

    def renewals(self, start: datetime, end: datetime) -> Mapping[str, RenewalStatus | None] | None:
        """Answer if `searches` says so, for what ends in between."""
        self._raise_if_broken("renewals")
        if not self.searches:
            return None
        self.searched += 1
        return {
            entry.arn: entry.detail.renewal.status if entry.detail.renewal else None
            for entry in self.stored.values()
            if entry.managed and entry.not_after is not None and start <= entry.not_after <= end
        }

    def validated_by_email(self) -> Collection[str] | None:
        self._raise_if_broken("validated_by_email")
        return self.by_email

    def describe(self, arn: str) -> Certificate:
        self.described.append(arn)
        self._raise_if_broken(f"describe {arn}")
        if self.unknown_for or arn not in self.stored:
            self.unknown_for = max(0, self.unknown_for - 1)
            raise CertificateNotFoundError(f"{arn} does not exist")
        described = self.stored[arn]
        if self.later[arn]:
            self.stored[arn] = self.later[arn].pop(0)
        return replace(described, exported=False, detail=replace(described.detail, described=True))

    def tags(self, arn: str) -> tuple[tuple[str, str], ...]:
        self._raise_if_broken(f"tags {arn}")
        return self.tagged.get(arn, ())

    def tags_of(self, arns: Sequence[str]) -> Mapping[str, tuple[tuple[str, str], ...]]:
        self._raise_if_broken("tags_of")
        return {arn: self.tagged.get(arn, ()) for arn in arns if f"tags {arn}" not in self.broken}

    def request(self, request: CertificateRequest) -> str:
        """Return the ARN that belongs to the token; ACM names records only some time later."""
        self._raise_if_broken("request")
        self.asked.append(request)
        found = arn(request.idempotency_token, request.region)
        if found not in self.stored:
            states = _states(found, request, late=self.names_records_late)
            self.stored[found], self.later[found] = states[0], states[1:]
            self.tagged[found] = request.tags
        return found

    def add_tags(self, arn: str, tags: Sequence[tuple[str, str]]) -> None:
        self._raise_if_broken(f"add_tags {arn}")
        self.tagged[arn] = tuple({**dict(self.tags(arn)), **dict(tags)}.items())

    def resend_validation_email(self, arn: str, validation: DomainValidation) -> None:
        self._raise_if_broken(f"resend {arn}")
        self.resent.append(validation.domain_name)

    @property
    def can_migrate_to_dns(self) -> bool:
        return self.migrates

    def migrate_to_dns(self, arn: str) -> None:
        self._raise_if_broken(f"migrate {arn}")
        self.migrated.append(arn)

    def migration_records(self, arn: str) -> tuple[ValidationRecord | None, ...]:
        self._raise_if_broken(f"migration {arn}")
        return self.migration.pop(0) if len(self.migration) > 1 else self.migration[0]

    def export(self, arn: str, passphrase: SecretStr) -> Exported:
        """Hand out the issue of the moment, then go on to what `later` holds."""
        self._raise_if_broken(f"export {arn}")
        self.exported.append((arn, passphrase.get_secret_value()))
        serial = self.stored[arn].detail.serial
        if self.later[arn]:
            self.stored[arn] = self.later[arn].pop(0)
        return Exported(
            certificate=f"PEM {serial}", chain="CHAIN", private_key=SecretStr(f"KEY {serial}")
        )

    def renew(self, arn: str) -> bool:
        """Renew to what `renews_to` holds; without it, the renewal takes its time."""
        self._raise_if_broken(f"renew {arn}")
        if arn in self.renewing:
            return False
        self.renewed.append(arn)
        self.renewing.add(arn)
        self.stored[arn] = self.renews_to.get(arn, self.stored[arn])
        return True

    def imported_version(self, arn: str) -> CertificateVersion:
        """Return what was imported, or a certificate of the corporate CA that says the same."""
        self._raise_if_broken(f"imported_version {arn}")
        if arn not in self.versions:
            self.versions[arn] = _version(self.stored[arn])
        return self.versions[arn]

    def reimport(self, arn: str, bundle: CertificateBundle) -> None:
        self._raise_if_broken(f"reimport {arn}")
        self.imported.append(arn)
        self.versions[arn] = read_version(bundle.certificate.decode(), bundle.chain.decode())
        leaf = self.versions[arn].leaf
        before = self.stored[arn]
        self.stored[arn] = replace(
            before,
            names=leaf.names,
            status=CertificateStatus.ISSUED,
            not_before=leaf.not_before,
            not_after=leaf.not_after,
            detail=replace(before.detail, serial=serial_text(leaf.serial), described=True),
        )

    def mark_replaced(self, arn: str, successor_arn: str) -> None:
        if arn not in self.stored:
            raise CertificateNotFoundError(f"{arn} does not exist")
        self.replaced[arn] = successor_arn

    def delete(self, arn: str) -> bool:
        """Delete what was marked or tagged; `in_use_by_then` is what ACM may see that we do not."""
        assert arn in self.replaced or INSTANCE_TAG in dict(self.tags(arn))
        if self.in_use_by_then:
            return False
        self.deleted.append(arn)
        self.stored.pop(arn, None)
        return True

    def _raise_if_broken(self, operation: str) -> None:
        if operation in self.broken:
            raise self.broken[operation]


def _version(held: Certificate) -> CertificateVersion:
    assert held.not_before is not None
    assert held.not_after is not None
    text = authority.document(
        authority.private_key(held.key_algorithm, 1).public_key(),
        held.names,
        not_before=held.not_before,
        not_after=held.not_after,
        serial=serial_number(held.detail.serial),
    )
    return read_version(text, "")


def _states(found: str, wanted: CertificateRequest, *, late: bool) -> list[Certificate]:
    """Return what ACM says one after the other: nothing, then one record more each time."""
    private = wanted.certificate_authority_arn is not None
    counts = range(len(wanted.names) + 1) if late else [len(wanted.names)]
    return [
        request(
            arn=found,
            names=wanted.names,
            type=wanted.type,
            key_algorithm=wanted.key_algorithm,
            exportable=private or wanted.exportable,
            created_at=NOW,
            detail=CertificateDetail(
                certificate_authority_arn=wanted.certificate_authority_arn,
                validations=()
                if private
                else tuple(
                    validation(
                        name,
                        ValidationMethod.DNS,
                        record=record(name) if position < count else None,
                    )
                    for position, name in enumerate(wanted.names)
                ),
            ),
        )
        for count in counts
    ]


class MemoryPointers(Pointers):
    """Pointers by their names; `broken` operations raise, `written` are the writes in order."""

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        self.values = dict(values or {})
        self.broken: dict[str, Exception] = {}
        self.written: list[tuple[str, str]] = []

    def read_all(self) -> Mapping[str, str]:
        self._raise_if_broken("read_all")
        return dict(self.values)

    def read(self, name: str) -> str:
        self._raise_if_broken("read")
        if name not in self.values:
            raise PointerNotFoundError(f"the SSM parameter {name} does not exist")
        return self.values[name]

    def write(self, name: str, value: str) -> bool:
        now = self.read(name)
        return now != value and self.exchange(name, value, instead_of=now)

    def exchange(self, name: str, value: str, *, instead_of: str) -> bool:
        if self.read(name) != instead_of:
            return False
        self._raise_if_broken("write")
        self.written.append((name, value))
        self.values[name] = value
        return True

    def _raise_if_broken(self, operation: str) -> None:
        if operation in self.broken:
            raise self.broken[operation]


def pointer_name(key: str) -> str:
    """Return the name of the pointer of a declared certificate."""
    return f"/certificate-lifecycle/certificates/{key}/arn"


class MemoryDns(Dns):
    """Public hosted zones; every batch is kept, and done as a whole or not at all.

    `reads` is the number of times that zones were read.
    """

    def __init__(self, *zones: Zone) -> None:
        self.zones = zones
        self.reads = 0
        self.records: dict[tuple[str, str], tuple[ExistingRecord, ...]] = {}
        self.batches: list[tuple[Zone, tuple[ValidationRecord, ...]]] = []
        self.broken: dict[str, Exception] = {}

    def put(self, zone: Zone, name: str, type_: str, *values: str, plain: bool = True) -> None:
        entry = ExistingRecord(name, type_, values, plain)
        key = (zone.zone_id, dns_form(name))
        self.records[key] = (*self.records.get(key, ()), entry)

    def public_zones(self) -> Sequence[Zone]:
        self._raise_if_broken("zones")
        self.reads += 1
        return self.zones

    def cut(self, zone: Zone, name: str) -> Cut | None:
        for at in names_below(dns_form(zone.name), dns_form(name)):
            servers = self._servers(zone, at)
            if servers:
                return Cut(zone, at, servers)
        return None

    def name_servers(self, zone: Zone) -> frozenset[str]:
        self._raise_if_broken(f"servers {dns_form(zone.name)}")
        return self._servers(zone, dns_form(zone.name))

    def caa_values(self, zone: Zone, name: str) -> frozenset[str]:
        self._raise_if_broken(f"records {dns_form(name)}")
        return self._values(zone, dns_form(name), "CAA")

    def _servers(self, zone: Zone, name: str) -> frozenset[str]:
        return frozenset(map(dns_form, self._values(zone, name, "NS")))

    def _values(self, zone: Zone, name: str, kind: str) -> frozenset[str]:
        rows = self.records.get((zone.zone_id, name), ())
        return frozenset(value for row in rows if row.type == kind for value in row.values)

    def read_ahead(self, names: Iterable[str]) -> None:  # noqa: ARG002 - the port has it
        self._raise_if_broken("read ahead")

    def records_at(
        self,
        zone: Zone,
        name: str,
        *,
        known: bool = False,  # noqa: ARG002 - the port has it
    ) -> tuple[ExistingRecord, ...]:
        self._raise_if_broken(f"records {dns_form(name)}")
        return self.records.get((zone.zone_id, dns_form(name)), ())

    def upsert(self, zone: Zone, records: Sequence[ValidationRecord]) -> None:
        self._raise_if_broken(f"upsert {zone.zone_id}")
        self.batches.append((zone, tuple(records)))
        for wanted in records:
            key = (zone.zone_id, dns_form(wanted.name))
            self.records[key] = (ExistingRecord(wanted.name, wanted.type, (wanted.value,)),)

    def remove(self, zone: Zone, record: ValidationRecord) -> bool:
        self._raise_if_broken(f"remove {zone.zone_id}")
        self.records.pop((zone.zone_id, dns_form(record.name)), None)
        return True

    def _raise_if_broken(self, operation: str) -> None:
        if operation in self.broken:
            raise self.broken[operation]

    @property
    def written(self) -> dict[str, list[str]]:
        """The names that were written, by zone."""
        found: dict[str, list[str]] = defaultdict(list)
        for zone, records in self.batches:
            found[zone.zone_id] += [wanted.name for wanted in records]
        return dict(found)


class MemoryPublicDns(PublicDns):
    """Public DNS with the answers in `put`; any other question has no records in `zone`.

    `asked` are the questions, each once, and `silent` makes every answer unknown.
    """

    def __init__(self, zone: str = "example.com", *, silent: bool = False) -> None:
        self.zone = zone
        self.silent = silent
        self.answers: dict[tuple[str, RecordType], DnsAnswer] = {}
        self.asked: dict[tuple[str, RecordType], None] = {}

    def put(self, name: str, kind: RecordType, *values: str) -> None:
        self.answers[name, kind] = DnsAnswer(
            name=name, type=kind, state=AnswerState.FOUND, values=values
        )

    def break_dnssec(self, name: str, kind: RecordType) -> None:
        state, reason = AnswerState.DNSSEC_BROKEN, "no valid signature"
        self.answers[name, kind] = DnsAnswer(name=name, type=kind, state=state, reason=reason)

    def lose(self, name: str, kind: RecordType) -> None:
        """Make an answer unknown."""
        state = AnswerState.UNKNOWN
        self.answers[name, kind] = DnsAnswer(name=name, type=kind, state=state, reason="timeout")

    def prefetch(self, questions: Iterable[tuple[str, RecordType]]) -> None:
        self.asked |= dict.fromkeys(questions)

    def ask(self, name: str, record_type: RecordType) -> DnsAnswer:
        self.asked[name, record_type] = None
        if self.silent:
            self.lose(name, record_type)
        none = DnsAnswer(name=name, type=record_type, state=AnswerState.NONE, zone=self.zone)
        return self.answers.get((name, record_type), none)


class MemoryExportSecrets(ExportSecrets):
    """Secrets that passphrases are read from, and versions written to."""

    def __init__(self, **passphrases: str) -> None:
        self.passphrases = passphrases
        self.versions: defaultdict[str, dict[str, str]] = defaultdict(dict)
        self.labels: defaultdict[str, dict[str, tuple[str, ...]]] = defaultdict(dict)
        self.broken: dict[str, Exception] = {}
        self.read_stages: list[str] = []

    def stages(self, secret_arn: str) -> Mapping[str, Collection[str]]:
        self._raise_if_broken(f"stages {secret_arn}")
        self.read_stages.append(secret_arn)
        return dict(self.labels[secret_arn])

    def passphrase(self, secret_arn: str) -> SecretStr:
        self._raise_if_broken(f"passphrase {secret_arn}")
        return SecretStr(self.passphrases[secret_arn])

    def put(self, secret_arn: str, token: str, document: SecretStr) -> bool:
        self._raise_if_broken(f"put {secret_arn}")
        if token in self.versions[secret_arn]:
            return False
        self.versions[secret_arn][token] = document.get_secret_value()
        self.make_current(secret_arn, token)
        return True

    def make_current(self, secret_arn: str, token: str) -> None:
        """Move the label, as a write or a rollback does."""
        labels = self.labels[secret_arn]
        before = [version for version, stages in labels.items() if CURRENT_STAGE in stages]
        labels.clear()
        labels.update(dict.fromkeys(before, ("AWSPREVIOUS",)))
        labels[token] = (CURRENT_STAGE,)

    def _raise_if_broken(self, operation: str) -> None:
        if operation in self.broken:
            raise self.broken[operation]


class MemoryImportSecrets(ImportSecrets):
    """Secrets by ARN, and which of them were read."""

    def __init__(self, **values: str) -> None:
        self.values = {secret_arn(name): value for name, value in values.items()}
        self.broken: dict[str, Exception] = {}
        self.read: list[str] = []

    def open(self, secret_arn: str) -> ImportCandidate:
        self.read.append(secret_arn)
        if secret_arn in self.broken:
            raise self.broken[secret_arn]
        return open_secret(SecretStr(self.values[secret_arn]))


_ADDRESS = "203.0.113.7"


class MemoryTlsProbe(TlsProbe):
    """Servers with the certificates in `shown`; all others are unreachable.

    A name in `broken` raises, and one in `hanging` does not answer before `release` is called.
    """

    def __init__(self, **shown: X509Certificate) -> None:
        self.shown = {name.replace("_", "."): leaf for name, leaf in shown.items()}
        self.asked: list[tuple[str, str]] = []
        self.broken: set[str] = set()
        self.hanging: set[str] = set()
        self._released = threading.Event()

    def release(self) -> None:
        self._released.set()

    def probe(self, name: str, key_algorithm: str) -> Sequence[ProbeResult]:
        self.asked.append((name, key_algorithm))
        if name in self.broken:
            raise Outage("no network")
        if name in self.hanging:
            self._released.wait(30)
        if name not in self.shown:
            return [ProbeResult(name, _ADDRESS, state=ProbeState.UNREACHABLE)]
        return [ProbeResult(name, _ADDRESS, self.shown[name])]


class MemoryTopic(Topic):
    """A topic that keeps its messages."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.messages: list[Message] = []
        self.failure = failure

    def publish(self, message: Message) -> str:
        if self.failure is not None:
            raise self.failure
        self.messages.append(message)
        return f"message-{len(self.messages)}"


class MemoryDocuments(Documents):
    """Keeps documents as the text that they would be stored as; `broken` are names that fail."""

    def __init__(self) -> None:
        self.stored: dict[str, str] = {}
        self.broken: dict[str, Exception] = {}

    def put(self, name: str, content: object) -> None:
        if name in self.broken:
            raise self.broken[name]
        self.stored[name] = json.dumps(content)

    def names(self, folder: str) -> Collection[str]:
        return {name for name in self.stored if name.startswith(folder)}

    def get(self, name: str) -> Any:  # noqa: ANN401 - JSON has any type
        if name in self.broken:
            raise self.broken[name]
        return json.loads(self.stored[name])

    def address(self, name: str) -> str:
        return f"s3://runs/{name}"


class MemoryNotificationLog(NotificationLog):
    """Remembers the last message."""

    def __init__(self, last: datetime | None = None) -> None:
        self.last = last
        self.broken: Exception | None = None

    def last_notification(self) -> datetime | None:
        if self.broken is not None:
            raise self.broken
        return self.last

    def record_notification(self, at: datetime) -> None:
        self.last = max(self.last, at) if self.last else at


class MemoryReports(Reports):
    """Keeps the documents of the last report, by their suffix; `failure` is raised instead."""

    def __init__(self) -> None:
        self.written: dict[str, str] = {}
        self.failure: Exception | None = None

    def put(self, run: Run) -> str:
        if self.failure:
            raise self.failure
        self.written = {document.suffix: document.text for document in documents(run, ASSETS)}
        return f"s3://reports/{run.run_id}.html"


class MemoryMetrics(Metrics):
    """Keeps the runs whose figures were written, and what scheduled runs measured."""

    def __init__(self) -> None:
        self.runs: list[Run] = []
        self.undelivered: list[bool] = []
        self.completed: list[RunMetrics] = []

    def emit(self, run: Run, *, undelivered: bool) -> None:
        self.runs.append(run)
        self.undelivered.append(undelivered)

    def emit_completed(self, metrics: RunMetrics) -> None:
        self.completed.append(metrics)


def run_request(**changes: Any) -> RunRequest:  # noqa: ANN401 - any field of a request
    """Return the request for a run in mode repair, in one account and region."""
    usual = RunRequest(
        run_id="run-1",
        instance="certificate-lifecycle",
        scopes=(PLACE,),
        certificate_arns=(),
        import_sources={},
        thresholds=Thresholds(),
        mode=RotationMode.REPAIR,
        dry_run=False,
        now=NOW,
        unmanaged_mode=RotationMode.REPLACE,
        changes_per_run=1000,
    )
    return replace(usual, **changes)


def run_context(**changes: Any) -> RunContext:  # noqa: ANN401 - any field of a context
    """Return the context of that run, without a ledger that intents are recorded in."""
    usual = RunContext(
        run_id="run-1",
        instance="certificate-lifecycle",
        scope=PLACE,
        mode=RotationMode.REPAIR,
        dry_run=False,
        now=NOW,
        clock=MemoryClock(),
        thresholds=Thresholds(),
        record_intent=lambda *_: None,
        unmanaged_mode=RotationMode.REPLACE,
    )
    return replace(usual, **changes)


def no_sources() -> Sources:
    """Return the import sources of certificates that have none."""
    return Sources(by_arn={}, secrets=None, certificates=MemoryCertificates(), histories=None)


def dependencies(
    *,
    topic: Topic,
    clock: Clock,
    metrics: Metrics | None = None,
    **parts: Any,  # noqa: ANN401 - what surrounds a run in its only account and region
) -> RunDependencies:
    return RunDependencies(
        clients_at=lambda _: ScopeClients(**{"catalog": MemoryCatalog(), **parts}),
        topic=topic,
        clock=clock,
        metrics=metrics or MemoryMetrics(),
    )


class MemoryStateStore(StateStore):
    """A ledger with the conditions of the real one; `broken` are methods that raise.

    The run stops at the save of a replacement with the number `stops_at`.
    """

    def __init__(self) -> None:
        self.stored: dict[str, ReplacementRecord] = {}
        self.requests: defaultdict[tuple[date, RequestBudget], set[str]] = defaultdict(set)
        self.alerts: dict[str, AlertRecord] = {}
        self.recorded_intents: dict[tuple[str, str], Intent] = {}
        self.histories: dict[str, ImportHistory] = {}
        self.repairs: dict[str, RepairHistory] = {}
        self.remembered = RememberedCertificates()
        self.before_save: Callable[[ImportHistory], None] = lambda _: None
        self.broken: dict[str, Exception] = {}
        self.probed_at: datetime | None = None
        self.writes = 0
        self.misread: list[UnreadableEntry] = []
        self.saves = 0
        self.stops_at: int | None = None

    def unreadable(self) -> Sequence[UnreadableEntry]:
        return self.misread

    def replacement_records(self) -> Sequence[ReplacementRecord]:
        self._raise_if_broken("replacement_records")
        return list(self.stored.values())

    def claim(
        self, replacement_record: ReplacementRecord, run_id: str, now: datetime, until: datetime
    ) -> ReplacementRecord:
        self._raise_if_broken("claim")
        there = self.stored.get(replacement_record.certificate_arn)
        if there is not None and there.claimed_until is not None:
            free = there.claimed_by in (None, run_id) or there.claimed_until <= now
            if not free:
                raise StateConflictError(f"{there.claimed_by} claimed or changed it first")
        return self._put(replace(replacement_record, claimed_by=run_id, claimed_until=until))

    def save_replacement(self, replacement_record: ReplacementRecord) -> ReplacementRecord:
        self._raise_if_broken("save_replacement")
        self.saves += 1
        if self.saves == self.stops_at:
            raise Outage("stopped")
        return self._put(replacement_record)

    def count_request(
        self, day: date, certificate_arn: str, budget: RequestBudget, limit: int
    ) -> bool:
        requested = self.requests[day, budget]
        if certificate_arn not in requested and len(requested) >= limit:
            return False
        requested.add(certificate_arn)
        return True

    def alert_records(self) -> Sequence[AlertRecord]:
        self._raise_if_broken("alert_records")
        return list(self.alerts.values())

    def save_alert(self, alert: AlertRecord) -> None:
        self._raise_if_broken("save_alert")
        there = self.alerts.get(alert.subject.text)
        if (there.version if there else 0) == alert.version:
            self.writes += 1
            self.alerts[alert.subject.text] = replace(alert, version=alert.version + 1)

    def delete_alert(self, alert: AlertRecord) -> None:
        there = self.alerts.get(alert.subject.text)
        if there is not None and there.version == alert.version:
            self.writes += 1
            del self.alerts[alert.subject.text]

    def last_probe(self) -> datetime | None:
        return self.probed_at

    def record_probe(self, at: datetime) -> None:
        self._raise_if_broken("record_probe")
        self.writes += 1
        self.probed_at = max(self.probed_at or at, at)

    def intents(self) -> Sequence[Intent]:
        return list(self.recorded_intents.values())

    def save_intent(self, intent: Intent) -> None:
        self._raise_if_broken("save_intent")
        there = self.recorded_intents.get((intent.certificate_arn, intent.action))
        if there is None or there.written_at <= intent.written_at:
            self.writes += 1
            self.recorded_intents[intent.certificate_arn, intent.action] = intent

    def delete_intent(self, intent: Intent) -> None:
        there = self.recorded_intents.get((intent.certificate_arn, intent.action))
        if there is not None and (there.run_id, there.written_at) == (
            intent.run_id,
            intent.written_at,
        ):
            self.writes += 1
            del self.recorded_intents[intent.certificate_arn, intent.action]

    def repair_histories(self) -> Sequence[RepairHistory]:
        return list(self.repairs.values())

    def save_repair_history(self, history: RepairHistory) -> None:
        self._raise_if_broken("save_repair_history")
        there = self.repairs.get(history.certificate_arn)
        if (there.version if there else 0) == history.version:
            self.writes += 1
            self.repairs[history.certificate_arn] = replace(history, version=history.version + 1)

    def memory(self) -> RememberedCertificates:
        self._raise_if_broken("memory")
        return self.remembered

    def save_memory(self, memory: RememberedCertificates) -> None:
        self._raise_if_broken("save_memory")
        self.remembered = memory

    def import_history(self, certificate_arn: str) -> ImportHistory:
        self._raise_if_broken(f"import_history {certificate_arn}")
        none = ImportHistory(certificate_arn=certificate_arn)
        return self.histories.get(certificate_arn, none)

    def save_import_history(self, history: ImportHistory) -> ImportHistory:
        self._raise_if_broken("save_import_history")
        self.before_save(history)
        there = self.histories.get(history.certificate_arn)
        written = replace(history, version=history.version + 1)
        if (there.version if there else 0) != history.version and there != written:
            raise StateConflictError("another run recorded an import first")
        self.writes += 1
        self.histories[history.certificate_arn] = written
        return written

    def _put(self, replacement_record: ReplacementRecord) -> ReplacementRecord:
        there = self.stored.get(replacement_record.certificate_arn)
        if (there.version if there else 0) != replacement_record.version:
            raise StateConflictError("another run was faster")
        self.writes += 1
        written = replace(replacement_record, version=replacement_record.version + 1)
        self.stored[replacement_record.certificate_arn] = written
        return written

    def _raise_if_broken(self, method: str) -> None:
        if method in self.broken:
            raise self.broken[method]
