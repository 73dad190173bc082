"""Ports that answer from a snapshot, so that the use cases run on it as they are.

Nothing can be written: whatever would change something raises SnapshotError.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn

from certificate_lifecycle.app.ports import (
    Certificates,
    Consumers,
    Dns,
    ExportSecrets,
    ImportSecrets,
    Ledger,
    Served,
    Store,
    Surroundings,
    Users,
)
from certificate_lifecycle.cli.snapshots.model import (
    Answer,
    RecordedBinding,
    RecordedCertificate,
    RecordedLedger,
    RecordedLook,
    RecordedName,
    RecordedScope,
    RecordedSource,
    RecordedStore,
    Snapshot,
)
from certificate_lifecycle.core.consumers import Binding, Held
from certificate_lifecycle.core.export import Exported
from certificate_lifecycle.core.hidden import Hidden
from certificate_lifecycle.core.memory import Memory, Note
from certificate_lifecycle.core.model import (
    Certificate,
    RenewalStatus,
    ValidationRecord,
)
from certificate_lifecycle.core.names import dns_form
from certificate_lifecycle.core.place import Place
from certificate_lifecycle.core.replacement import Journal
from certificate_lifecycle.core.served import Sight
from certificate_lifecycle.core.sources import Material, UnusableSourceError
from certificate_lifecycle.core.validation import ExistingRecord, Zone
from certificate_lifecycle.core.x509 import Leaf
from certificate_lifecycle.errors import (
    CertificateNotFoundError,
    RecordedFailureError,
    SnapshotError,
)


def surroundings(snapshot: Snapshot, place: Place, *, repair: bool = True) -> Surroundings:
    """Return what answers for one account and region, with or without what only repairs need.

    Raises RecordedFailureError if it could not be reached when the snapshot was taken, and
    SnapshotError if nobody tried.
    """
    scope = next((each for each in snapshot.scopes if each.place == place), None)
    if scope is None:
        raise SnapshotError(
            f"the snapshot does not hold account {place.account_id}, {place.region}"
        )
    if scope.unreachable is not None:
        raise RecordedFailureError(scope.unreachable)
    exports = repair and scope.targets is not None
    return Surroundings(
        certificates=_Certificates(scope),
        dns=_Dns(scope.zones, scope.names),
        import_secrets=_ImportSecrets(scope.sources),
        export_secrets=_ExportSecrets(scope.targets or {}) if exports else None,
        ledger=_Ledger(scope.ledger) if scope.ledger is not None else None,
        consumers=_Consumers(scope.bindings) if scope.bindings is not None else None,
        users=_Users(scope.users) if scope.users is not None else None,
        served=_Served(scope.served) if scope.served is not None else None,
        stores=[_Store(each) for each in scope.stores],
        account_stores=[_Store(each) for each in _account_stores(snapshot, place)],
    )


def _account_stores(snapshot: Snapshot, place: Place) -> Sequence[RecordedStore]:
    """Return what is kept once in an account, for whichever of its regions comes first now.

    It was recorded with the region that came first then; that this could not be reached is an
    answer, too: what may be there must not look as if it were not.
    """
    first = next(each for each in snapshot.scopes if each.place.account_id == place.account_id)
    if first.unreachable is None:
        return first.account_stores
    name = f"certificates that are recorded with {first.place.region}"
    return [RecordedStore(name=name, concerned=True, listed=Answer(failure=first.unreachable))]


def _unwritable(*_: object, **__: object) -> NoReturn:
    """Stand in for every method that would change something."""
    raise SnapshotError("nothing can be changed in a snapshot; do this without --from-snapshot")


def _not_held(what: str) -> NoReturn:
    raise SnapshotError(f"the snapshot does not hold {what}")


@dataclass(frozen=True, slots=True)
class _Certificates(Certificates):
    scope: RecordedScope

    def list_all(self) -> Iterator[Certificate]:
        return iter(self.scope.listed.given())

    def renewals(self, start: datetime, end: datetime) -> Mapping[str, RenewalStatus | None] | None:
        """Return the part of the recorded answer that a search would have found."""
        found = self.scope.renewals.given()
        if found is None:
            return None
        ends = {each.arn: each.not_after for each in self.scope.listed.given()}
        return {
            arn: state
            for arn, state in found.items()
            if (not_after := ends.get(arn)) is not None and start <= not_after <= end
        }

    def describe(self, arn: str) -> Certificate:
        return self._recorded(arn).described.given()

    def tags(self, arn: str) -> tuple[tuple[str, str], ...]:
        return self._recorded(arn).tags.given()

    def _recorded(self, arn: str) -> RecordedCertificate:
        if arn not in self.scope.described:
            raise CertificateNotFoundError(f"{arn} does not exist in the snapshot")
        return self.scope.described[arn]

    @property
    def can_migrate_to_dns(self) -> bool:
        """Return false: that would be a change."""
        return False

    def migration_records(self, arn: str) -> tuple[ValidationRecord | None, ...]:
        _not_held(f"the records of a migration of {arn}")

    def export(self, arn: str, _: Hidden) -> Exported:
        _not_held(f"the private key of {arn}")

    request = _unwritable
    resend_validation_email = _unwritable
    migrate_to_dns = _unwritable
    renew = _unwritable
    reimport = _unwritable
    mark_replaced = _unwritable
    delete = _unwritable


class _Dns(Dns):
    def __init__(self, zones: Answer[tuple[Zone, ...]], names: Sequence[RecordedName]) -> None:
        self._zones = zones
        self._names = {(each.zone_id, each.name): each.records for each in names}

    def public_zones(self) -> Sequence[Zone]:
        return self._zones.given()

    def records_at(self, zone: Zone, name: str) -> tuple[ExistingRecord, ...]:
        key = (zone.zone_id, dns_form(name))
        if key not in self._names:
            _not_held(f"the records at {dns_form(name)} in {zone.zone_id}")
        return self._names[key].given()

    upsert = _unwritable


@dataclass(frozen=True, slots=True)
class _ImportSecrets(ImportSecrets):
    sources: Mapping[str, RecordedSource]

    def open(self, secret_arn: str) -> tuple[Leaf, Material]:
        """Return the certificate that a secret held, and nothing that could be imported."""
        if secret_arn not in self.sources:
            _not_held(f"what the secret {secret_arn} is good for")
        source = self.sources[secret_arn]
        if source.unusable is not None:
            raise UnusableSourceError(source.unusable)
        return source.leaf.given(), Material(b"", b"", b"")


@dataclass(frozen=True, slots=True)
class _ExportSecrets(ExportSecrets):
    targets: Mapping[str, Answer[Mapping[str, tuple[str, ...]]]]

    def stages(self, secret_arn: str) -> Mapping[str, Collection[str]]:
        if secret_arn not in self.targets:
            _not_held(f"the versions of the secret {secret_arn}")
        return self.targets[secret_arn].given()

    def passphrase(self, secret_arn: str) -> Hidden:
        _not_held(f"the passphrase in {secret_arn}")

    put = _unwritable


@dataclass(frozen=True, slots=True)
class _Store(Store):
    recorded: RecordedStore

    @property
    def name(self) -> str:
        return self.recorded.name

    def concerns(self, _: Sequence[Certificate]) -> bool:
        return self.recorded.concerned

    def list_all(self) -> Iterator[Certificate]:
        return iter(self.recorded.listed.given())

    def describe(self, listed: Certificate) -> Certificate:
        if listed.arn not in self.recorded.described:
            _not_held(f"the details of {listed.arn}")
        return self.recorded.described[listed.arn].given()


@dataclass(frozen=True, slots=True)
class _Users(Users):
    users: Mapping[str, Answer[tuple[str, ...]]]

    def names(self, certificate: Certificate) -> Sequence[str]:
        return self.users[certificate.arn].given() if certificate.arn in self.users else ()


class _Served(Served):
    def __init__(self, looks: Sequence[RecordedLook]) -> None:
        self._looks = {(each.name, each.key_algorithm): each.sights for each in looks}

    def look(self, name: str, key_algorithm: str) -> Sequence[Sight]:
        if (name, key_algorithm) not in self._looks:
            _not_held(f"what {name} serves to a client that takes {key_algorithm} keys")
        return self._looks[name, key_algorithm].given()


class _Consumers(Consumers):
    def __init__(self, bindings: Mapping[str, Answer[tuple[RecordedBinding, ...]]]) -> None:
        self._bindings = bindings
        self._held = {
            each.binding.key: each.held
            for answer in bindings.values()
            for each in answer.value or ()
        }

    def find(self, certificate: Certificate) -> Sequence[Binding]:
        if certificate.arn not in self._bindings:
            _not_held(f"what holds {certificate.arn}")
        return [each.binding for each in self._bindings[certificate.arn].given()]

    def held(self, binding: Binding) -> Held | None:
        if binding.key not in self._held:
            _not_held(f"what {binding.label} holds")
        return self._held[binding.key].given()

    bind = _unwritable
    unbind = _unwritable


@dataclass(frozen=True, slots=True)
class _Ledger(Ledger):
    recorded: RecordedLedger

    def journals(self) -> Sequence[Journal]:
        return self.recorded.journals.given()

    def memories(self) -> Sequence[Memory]:
        return self.recorded.memories.given()

    def notes(self) -> Sequence[Note]:
        return self.recorded.notes.given()

    claim = _unwritable
    record = _unwritable
    take_request = _unwritable
    remember = _unwritable
    forget = _unwritable
    note = _unwritable
    strike = _unwritable
