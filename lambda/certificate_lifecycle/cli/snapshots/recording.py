"""Taking a snapshot: ask every port what a run could ask it, and keep each answer.

A run asks little, because it knows what it looks for; a recording asks for everything, because
other thresholds may be chosen later. One thing that fails is recorded as its failure, and the
others go on. Nothing is ever written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from certificate_lifecycle.app.isolation import Deadline, clause, require_time
from certificate_lifecycle.app.ports import Clock, Dns, Ledger, Store, Surroundings
from certificate_lifecycle.app.run_context import RunRequest
from certificate_lifecycle.cli.snapshots.model import (
    Answer,
    RecordedBinding,
    RecordedCertificate,
    RecordedLedger,
    RecordedLook,
    RecordedName,
    RecordedScope,
    RecordedSettings,
    RecordedSource,
    RecordedStore,
    Snapshot,
)
from certificate_lifecycle.core.consumers import Binding
from certificate_lifecycle.core.model import Certificate, CertificateType, RenewalStatus
from certificate_lifecycle.core.names import dns_form, without_wildcard
from certificate_lifecycle.core.place import Place
from certificate_lifecycle.core.served import Sight, names_to_look_at
from certificate_lifecycle.core.sources import UnusableSourceError
from certificate_lifecycle.core.validation import ExistingRecord, Zone, choose_zone
from certificate_lifecycle.core.x509 import Leaf, PublicKey
from certificate_lifecycle.errors import CertificateNotFoundError

T = TypeVar("T")

#: Accounts and regions that are recorded side by side, as a run looks at them.
_WORKERS = 8
#: Names that are looked at side by side: each thread only waits for a server.
_LOOKERS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorder:
    """Records what an order is about; `at` is asked once for each account and region.

    `clock` is asked before each thing: once its time is over, the rest is recorded as not asked.
    """

    order: RunRequest
    at: Callable[[Place], Surroundings]
    clock: Clock
    settings: RecordedSettings
    program: str

    def record(self) -> Snapshot:
        """Return a snapshot of all accounts and regions of the order.

        Whoever interrupts it gets none: its threads stop before the next thing that they would ask.
        """
        deadline = Deadline(self.clock)
        places = self.order.scopes
        pool = ThreadPoolExecutor(min(_WORKERS, len(places)), thread_name_prefix="scope")
        try:
            begun = [pool.submit(self._scope, place, deadline) for place in places]
            scopes = tuple(each.result() for each in begun)
        finally:
            deadline.over = True
            pool.shutdown(wait=False, cancel_futures=True)
        return Snapshot(
            program=self.program,
            taken_at=self.order.now,
            settings=self.settings,
            scopes=scopes,
        )

    def _scope(self, place: Place, clock: Clock) -> RecordedScope:
        try:
            around = self.at(place)
        except Exception as error:  # noqa: BLE001 - recorded; the others go on
            return RecordedScope(place=place, unreachable=clause(error))
        return record_scope(self.order.narrowed(place), place, around, clock)


def record_scope(
    order: RunRequest, place: Place, around: Surroundings, clock: Clock
) -> RecordedScope:
    """Return what the ports of one account and region answer; `order` is narrowed to it.

    Import sources are opened where a run would open them: in mode notify nobody may.
    """
    asking = _Asking(around, clock)
    listed = asking.all_of(around.certificates.list_all)
    certificates = listed.value or ()
    kept = around.account_stores if order.account_wide else ()
    account_stores = asking.stores(kept, certificates)
    if listed.failure is not None:
        # A run ends here as well. The ledger still knows what was told, and another region of the
        # account may be looked at alone.
        return RecordedScope(
            place=place,
            listed=listed,
            account_stores=account_stores,
            ledger=asking.ledger(around.ledger),
        )
    described = {each.arn: asking.certificate(each.arn) for each in certificates}
    known = _known(certificates, described)
    zones = asking.all_of(around.dns.public_zones)
    return RecordedScope(
        place=place,
        listed=listed,
        described=described,
        renewals=asking.renewals(certificates),
        zones=zones,
        names=asking.names(around.dns, zones.value or (), known),
        stores=asking.stores(around.stores, certificates),
        account_stores=account_stores,
        users=asking.users(known),
        served=asking.served(known),
        bindings=asking.bindings(known),
        sources={secret: asking.source(secret) for secret in _opened(order, certificates)},
        targets=asking.targets(
            [each.secret_arn for each in order.export_targets if each.certificate_arn in described]
        ),
        ledger=asking.ledger(around.ledger),
    )


def _known(
    certificates: Sequence[Certificate], described: Mapping[str, RecordedCertificate]
) -> list[Certificate]:
    """Return what could be read of each, with all of its detail."""
    answers = ((each, described[each.arn].described.value) for each in certificates)
    return [each.described_as(value) for each, value in answers if value is not None]


def _opened(order: RunRequest, certificates: Sequence[Certificate]) -> list[str]:
    """Return the import sources that a run would open."""
    if not order.repair:
        return []
    sources = order.import_sources
    imported = [each.arn for each in certificates if each.type is CertificateType.IMPORTED]
    return [sources[arn] for arn in imported if arn in sources]


@dataclass(frozen=True, slots=True)
class _Asking:
    """Asks the ports of one account and region, one thing after the other."""

    around: Surroundings
    clock: Clock

    def ask(self, question: Callable[[], T]) -> Answer[T]:
        """Return what one call comes to; whatever it raises is an answer."""
        try:
            require_time(self.clock)
            return Answer(question())
        except CertificateNotFoundError as error:
            return Answer(failure=clause(error), gone=True)
        except Exception as error:  # noqa: BLE001 - recorded; the others go on
            return Answer(failure=clause(error))

    def all_of(self, question: Callable[[], Iterable[T]]) -> Answer[tuple[T, ...]]:
        """Return all that one call leads to, or why that ended before its end."""
        return self.ask(lambda: tuple(question()))

    def certificate(self, arn: str) -> RecordedCertificate:
        certificates = self.around.certificates
        described = self.ask(lambda: certificates.describe(arn))
        if described.failure is not None:
            return RecordedCertificate(described, Answer(()))
        return RecordedCertificate(described, self.ask(lambda: tuple(certificates.tags(arn))))

    def renewals(
        self, certificates: Sequence[Certificate]
    ) -> Answer[Mapping[str, RenewalStatus | None] | None]:
        """Return how the renewals of everything stand, whatever part a run would ask about."""
        ends = [each.not_after for each in certificates if each.managed and each.not_after]
        if not ends:
            return Answer({})
        return self.ask(lambda: self.around.certificates.renewals(min(ends), max(ends)))

    def names(
        self, dns: Dns, zones: Sequence[Zone], certificates: Sequence[Certificate]
    ) -> tuple[RecordedName, ...]:
        """Return what stands where validation records belong, and where zones are delegated."""
        wanted: dict[tuple[str, str], tuple[Zone, str]] = {}
        for name in _record_names(certificates):
            zone = choose_zone(name, zones).zone
            if zone is not None:
                wanted[zone.zone_id, dns_form(name)] = (zone, name)
        for zone, name in _delegations(certificates, zones):
            wanted.setdefault((zone.zone_id, dns_form(name)), (zone, name))
        return tuple(
            RecordedName(zone_id, key, self._records(dns, zone, name))
            for (zone_id, key), (zone, name) in wanted.items()
        )

    def _records(self, dns: Dns, zone: Zone, name: str) -> Answer[tuple[ExistingRecord, ...]]:
        return self.ask(lambda: dns.records_at(zone, name))

    def stores(
        self, stores: Sequence[Store], certificates: Sequence[Certificate]
    ) -> tuple[RecordedStore, ...]:
        return tuple(self._store(each, certificates) for each in stores)

    def _store(self, store: Store, certificates: Sequence[Certificate]) -> RecordedStore:
        if not store.concerns(certificates):
            return RecordedStore(name=store.name, concerned=False)
        listed = self.all_of(store.list_all)
        return RecordedStore(
            name=store.name,
            concerned=True,
            listed=listed,
            described={each.arn: self._kept(store, each) for each in listed.value or ()},
        )

    def _kept(self, store: Store, listed: Certificate) -> Answer[Certificate]:
        return self.ask(lambda: store.describe(listed))

    def users(
        self, certificates: Sequence[Certificate]
    ) -> Mapping[str, Answer[tuple[str, ...]]] | None:
        users = self.around.users
        if users is None:
            return None
        return {
            each.arn: self.all_of(partial(users.names, each))
            for each in certificates
            if each.detail is not None and each.detail.in_use_by
        }

    def served(self, certificates: Sequence[Certificate]) -> tuple[RecordedLook, ...] | None:
        """Return what the names of everything that is used show, several at the same time."""
        served = self.around.served
        if served is None:
            return None
        questions = list(
            dict.fromkeys(
                (name, each.key_algorithm)
                for each in certificates
                if each.in_use
                for name in names_to_look_at(each)
            )
        )
        if not questions:
            return ()

        def look(question: tuple[str, str]) -> RecordedLook:
            sights = self.all_of(lambda: map(_without_key, served.look(*question)))
            return RecordedLook(*question, sights)

        with ThreadPoolExecutor(min(_LOOKERS, len(questions)), thread_name_prefix="served") as pool:
            return tuple(pool.map(look, questions))

    def bindings(
        self, certificates: Sequence[Certificate]
    ) -> Mapping[str, Answer[tuple[RecordedBinding, ...]]] | None:
        consumers = self.around.consumers
        if consumers is None:
            return None

        def held(binding: Binding) -> RecordedBinding:
            return RecordedBinding(binding, self.ask(lambda: consumers.held(binding)))

        def all_held(certificate: Certificate) -> Iterable[RecordedBinding]:
            return map(held, consumers.find(certificate))

        return {each.arn: self.all_of(partial(all_held, each)) for each in certificates}

    def source(self, secret_arn: str) -> RecordedSource:
        """Return the certificate in a secret; its private key is read, and dropped at once."""
        try:
            require_time(self.clock)
            leaf, _ = self.around.import_secrets.open(secret_arn)
        except UnusableSourceError as error:
            return RecordedSource(Answer(), str(error))
        except Exception as error:  # noqa: BLE001 - recorded; the others go on
            return RecordedSource(Answer(failure=clause(error)))
        return RecordedSource(Answer(_bare(leaf)))

    def targets(
        self, secret_arns: Sequence[str]
    ) -> Mapping[str, Answer[Mapping[str, tuple[str, ...]]]] | None:
        """Return which versions of the secrets have which labels: names, and never values."""
        secrets = self.around.export_secrets
        if secrets is None:
            return None

        def stages(secret_arn: str) -> Mapping[str, tuple[str, ...]]:
            found = secrets.stages(secret_arn)
            return {version: tuple(labels) for version, labels in found.items()}

        return {arn: self.ask(partial(stages, arn)) for arn in secret_arns}

    def ledger(self, ledger: Ledger | None) -> RecordedLedger | None:
        if ledger is None:
            return None
        return RecordedLedger(
            journals=self.all_of(ledger.journals),
            memories=self.all_of(ledger.memories),
            notes=self.all_of(ledger.notes),
        )


def _record_names(certificates: Iterable[Certificate]) -> list[str]:
    """Return the names of all validation records that ACM has asked for."""
    found: dict[str, str] = {}
    for certificate in certificates:
        detail = certificate.detail
        renewal = detail.renewal if detail else None
        validations = (
            *(detail.validations if detail else ()),
            *(renewal.validations if renewal else ()),
        )
        for validation in validations:
            if validation.record is not None:
                found.setdefault(dns_form(validation.record.name), validation.record.name)
    return list(found.values())


def _delegations(
    certificates: Iterable[Certificate], zones: Sequence[Zone]
) -> Iterable[tuple[Zone, str]]:
    """Yield each zone that a name is validated in, by its name, with its parent zone.

    Before a successor is requested, a run looks whether the parent delegates to the zone.
    """
    names = {dns_form(without_wildcard(name)) for each in certificates for name in each.names}
    above = {name[start:] for name in names for start in _label_starts(name)}
    for zone in zones:
        if dns_form(zone.name) not in above:
            continue
        parent = choose_zone(zone.name.partition(".")[2], zones).zone
        if parent is not None:
            yield parent, zone.name


def _label_starts(name: str) -> Iterable[int]:
    """Return where each label of a name begins."""
    return (0, *(index + 1 for index, character in enumerate(name) if character == "."))


def _without_key(sight: Sight) -> Sight:
    return sight if sight.leaf is None else replace(sight, leaf=_bare(sight.leaf))


def _bare(leaf: Leaf) -> Leaf:
    """Return what is compared of a certificate: of its key, the kind."""
    return replace(leaf, key=PublicKey(leaf.key.algorithm, b""))
