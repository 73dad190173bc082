"""What a snapshot holds: the answers of the ports, one by one, each of them a value or a failure.

Recording what the use cases ask for, and not what AWS answers, makes every field known: nothing
that no rule looks at gets into the file, and no value of a secret can.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Generic, TypeVar, cast

from certificate_lifecycle.config import (
    Account,
    RotationMode,
    RotationSettings,
    default_settings,
)
from certificate_lifecycle.core.consumers import Binding, Held
from certificate_lifecycle.core.export import ExportTarget
from certificate_lifecycle.core.memory import Memory, Note
from certificate_lifecycle.core.model import Certificate, RenewalStatus
from certificate_lifecycle.core.place import Place
from certificate_lifecycle.core.replacement import Journal
from certificate_lifecycle.core.served import Sight
from certificate_lifecycle.core.timing import Thresholds
from certificate_lifecycle.core.validation import ExistingRecord, Zone
from certificate_lifecycle.core.x509 import Leaf
from certificate_lifecycle.errors import CertificateNotFoundError, RecordedFailureError

T_co = TypeVar("T_co", covariant=True)

#: By this a file is known to be a snapshot.
FORMAT = "certificate-lifecycle snapshot"
#: Raised whenever an older program could misunderstand what a newer one has written.
VERSION = 1


@dataclass(frozen=True, slots=True)
class Answer(Generic[T_co]):
    """What asking for one thing came to: a value or, as a clause, why there is none.

    `gone` says that the failure was that the thing did not exist any more.
    """

    value: T_co | None = None
    failure: str | None = None
    gone: bool = False

    def given(self) -> T_co:
        """Return the value, or fail as asking did."""
        if self.failure is None:
            return cast("T_co", self.value)
        if self.gone:
            raise CertificateNotFoundError(self.failure)
        raise RecordedFailureError(self.failure)


@dataclass(frozen=True, slots=True)
class RecordedAccount:
    """Another account, and the most that may be done there; how it is reached is left out."""

    account_id: str
    mode: RotationMode
    rebind_consumers: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedSettings:
    """The settings that decide; where things are sent, kept or reached by decides nothing.

    `home` is the account and region that the settings belong to.
    """

    home: Place
    thresholds: Thresholds
    mode: RotationMode
    name_prefix: str
    owner_tag: str
    zones: tuple[Zone, ...] = ()
    import_sources: Mapping[str, str] = field(default_factory=dict)
    export_targets: tuple[ExportTarget, ...] = ()
    accounts: tuple[RecordedAccount, ...] = ()
    rebind_consumers: bool = False
    retire_after: timedelta | None = None

    @classmethod
    def of(cls, settings: RotationSettings, home: Place) -> RecordedSettings:
        """Return what is recorded of the settings of a deployed function, or of the defaults."""
        return cls(
            home=home,
            thresholds=settings.thresholds,
            mode=settings.mode,
            name_prefix=settings.name_prefix,
            owner_tag=settings.owner_tag,
            zones=settings.zones,
            import_sources=dict(settings.import_sources),
            export_targets=settings.export_targets,
            accounts=tuple(
                RecordedAccount(each.account_id, each.mode, each.rebind_consumers)
                for each in settings.accounts
            ),
            rebind_consumers=settings.rebind_consumers,
            retire_after=settings.retire_after,
        )

    def restored(self) -> RotationSettings:
        """Return settings that decide alike, and that reach nothing."""
        return replace(
            default_settings(),
            thresholds=self.thresholds,
            mode=self.mode,
            name_prefix=self.name_prefix,
            owner_tag=self.owner_tag,
            zones=self.zones,
            import_sources=self.import_sources,
            export_targets=self.export_targets,
            accounts=tuple(
                Account(each.account_id, "", "", each.mode, each.rebind_consumers)
                for each in self.accounts
            ),
            rebind_consumers=self.rebind_consumers,
            retire_after=self.retire_after,
        )


@dataclass(frozen=True, slots=True)
class RecordedCertificate:
    """What describing one certificate came to, and asking for its tags."""

    described: Answer[Certificate]
    tags: Answer[tuple[tuple[str, str], ...]]


@dataclass(frozen=True, slots=True)
class RecordedName:
    """The record sets at one name of a zone; the name is as records are compared by."""

    zone_id: str
    name: str
    records: Answer[tuple[ExistingRecord, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedStore:
    """What is kept outside ACM; `described` by ARN, and nothing where it does not matter."""

    name: str
    concerned: bool
    listed: Answer[tuple[Certificate, ...]] = Answer(())
    described: Mapping[str, Answer[Certificate]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RecordedLook:
    """What the addresses of a name showed to a client that takes such a key."""

    name: str
    key_algorithm: str
    sights: Answer[tuple[Sight, ...]]


@dataclass(frozen=True, slots=True)
class RecordedSource:
    """What the secret of an import source holds: the certificate, never the secret itself.

    `unusable` says what is wrong with a secret that could be read.
    """

    leaf: Answer[Leaf]
    unusable: str | None = None


@dataclass(frozen=True, slots=True)
class RecordedBinding:
    """A setting that holds a certificate, and what it held."""

    binding: Binding
    held: Answer[Held | None]


@dataclass(frozen=True, slots=True)
class RecordedLedger:
    """What was remembered of an account and region."""

    journals: Answer[tuple[Journal, ...]]
    memories: Answer[tuple[Memory, ...]]
    notes: Answer[tuple[Note, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedScope:
    """One account and region; a field that is None was not there to be asked.

    `unreachable` says why nothing at all could be asked. `described`, `users` and `bindings` are by
    the ARN of a certificate, `sources` and `targets` by that of a secret.
    """

    place: Place
    unreachable: str | None = None
    listed: Answer[tuple[Certificate, ...]] = Answer(())
    described: Mapping[str, RecordedCertificate] = field(default_factory=dict)
    renewals: Answer[Mapping[str, RenewalStatus | None] | None] = Answer()
    zones: Answer[tuple[Zone, ...]] = Answer(())
    names: tuple[RecordedName, ...] = ()
    stores: tuple[RecordedStore, ...] = ()
    account_stores: tuple[RecordedStore, ...] = ()
    users: Mapping[str, Answer[tuple[str, ...]]] | None = None
    served: tuple[RecordedLook, ...] | None = None
    bindings: Mapping[str, Answer[tuple[RecordedBinding, ...]]] | None = None
    sources: Mapping[str, RecordedSource] = field(default_factory=dict)
    targets: Mapping[str, Answer[Mapping[str, tuple[str, ...]]]] | None = None
    ledger: RecordedLedger | None = None

    @property
    def failures(self) -> Sequence[str]:
        """What could not be looked at, one clause each, as a run would count it.

        What was gone by then is no failure, nor is that nobody knows who uses something, what is
        served, or how all renewals stand: a run goes on without.
        """
        if self.unreachable is not None:
            return [self.unreachable]
        failed = [
            f"{what}: {answer.failure}"
            for what, answer in self._asked()
            if answer.failure is not None and not answer.gone
        ]
        return list(dict.fromkeys(failed))

    def _asked(self) -> Iterator[tuple[str, Answer[object]]]:
        """Yield the answers that matter, each with what it is the answer to."""
        yield "the certificates could not be listed", self.listed
        for arn, each in self.described.items():
            yield arn, each.described
            yield f"the tags of {arn}", each.tags
        yield "the hosted zones could not be listed", self.zones
        for name in self.names:
            yield f"the records at {name.name} in {name.zone_id}", name.records
        for store in (*self.stores, *self.account_stores):
            yield f"the {store.name} could not be listed", store.listed
            yield from store.described.items()
        for arn, bindings in (self.bindings or {}).items():
            yield f"what holds {arn}", bindings
            for binding in bindings.value or ():
                yield f"what {binding.binding.label} holds", binding.held
        for arn, source in self.sources.items():
            yield arn, source.leaf
        yield from (self.targets or {}).items()
        if self.ledger is not None:
            for answer in (self.ledger.journals, self.ledger.memories, self.ledger.notes):
                yield "the ledger could not be read", answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One or more accounts and regions as they were at `taken_at`, which is `now` for all of them.

    `program` is the version of this package that has taken it.
    """

    format: str = FORMAT
    version: int = VERSION
    program: str
    taken_at: datetime
    anonymised: bool = False
    settings: RecordedSettings
    scopes: tuple[RecordedScope, ...]

    @property
    def failures(self) -> Sequence[str]:
        """What could not be recorded, with where it should have been."""
        return [
            f"account {scope.place.account_id}, {scope.place.region}: {failure}"
            for scope in self.scopes
            for failure in scope.failures
        ]
