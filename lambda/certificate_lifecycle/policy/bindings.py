"""Bindings of certificates to consumers, and the steps that move them to a successor.

The steps are bind, verify, unbind. Each step reads the current state first: it recognises a step
that was done but not recorded, and never changes a setting that others have changed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, StrEnum, auto
from typing import Any, Self

from certificate_lifecycle.model import records
from certificate_lifecycle.model.certificate import Certificate

#: Timeout of a change: an edge-optimised domain name of API Gateway takes 40 minutes, a user pool
#: domain of Cognito an hour (their developer guides).
SETTLES_WITHIN = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class ConsumerKind:
    """A kind of setting with a certificate that can be changed without an outage.

    Stored records contain the `name`, so it must never change. `holds_many` marks a list, which can
    contain the old and the new certificate at the same time.
    """

    name: str
    holds_many: bool = False


@dataclass(frozen=True, slots=True)
class Binding:
    """One setting of one consumer.

    `consumer` is the ARN, name or id in the service's calls, `qualifier` a further parameter (the
    port of a Classic listener, the user pool of a domain, the id of a private domain name).
    `region` is empty for a consumer in the region of its certificate.
    """

    kind: ConsumerKind
    consumer: str
    qualifier: str = ""
    label: str = ""
    region: str = ""

    @property
    def key(self) -> tuple[str, ...]:
        """The identity of a binding; the label is only for messages.

        The name of a stored entry is made of it: without a region it is that of earlier versions.
        """
        region = (self.region,) if self.region else ()
        return (self.kind.name, self.consumer, self.qualifier, *region)

    @property
    def resource(self) -> tuple[str, str]:
        """The identity of the consumer, which can have several settings."""
        return (self.consumer, self.region)


@dataclass(frozen=True, slots=True)
class FoundBindings:
    """The settings that use a certificate, and the errors of services and regions by their names.

    Consumers in a region that could not be read are unknown. And a search without a result proves
    nothing: only ACM says that a certificate is not in use.
    """

    bindings: tuple[Binding, ...] = ()
    errors: Mapping[str, Exception] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BindingState:
    """The current certificates of a setting.

    `settled` is false while the service applies a change; `error` is a clause about a failure.
    """

    certificates: tuple[str, ...]
    settled: bool = True
    error: str | None = None


class BindingChangeStatus(StrEnum):
    """The progress of a consumer's move."""

    PLANNED = "planned"
    BOUND = "bound"
    MOVED = "moved"
    ROLLED_BACK = "rolled back"
    LEFT_ALONE = "left alone"
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class BindingChange:
    """The move of one binding from a certificate to its successor.

    `planned_for` is the successor that the move was planned for. `successor_was_bound` is true if
    the setting had that successor before the first change: a rollback leaves it there.
    The size does not depend on the number of certificates in a list.
    """

    binding: Binding
    planned_for: str | None = None
    successor_was_bound: bool = False
    status: BindingChangeStatus = BindingChangeStatus.PLANNED
    bound_at: datetime | None = None
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        binding = self.binding
        region = {"region": binding.region} if binding.region else {}
        return {
            "kind": binding.kind.name,
            "consumer": binding.consumer,
            "place": binding.qualifier,
            **region,
            "label": binding.label,
            "planned_for": self.planned_for,
            "successor_was_bound": self.successor_was_bound,
            "status": self.status.value,
            "bound_at": records.optional_stamp(self.bound_at),
            "note": self.note,
        }

    @classmethod
    def from_dict(cls, entry: records.Entry, kinds: Mapping[str, ConsumerKind]) -> Self:
        """Read the result of `to_dict`; `kinds` has every kind by its name.

        Raises KeyError, TypeError or ValueError for anything else.
        """
        was_bound = records.flag(entry, "successor_was_bound")
        planned_for = records.optional_text(entry, "planned_for")
        return cls._read(entry, kinds, planned_for, successor_was_bound=was_bound)

    @classmethod
    def from_earlier_dict(
        cls, entry: records.Entry, kinds: Mapping[str, ConsumerKind], successor_arn: str | None
    ) -> Self:
        """Read what an earlier version wrote: `before` has all certificates of the setting.

        Raises KeyError, TypeError or ValueError for anything else.
        """
        was_bound = successor_arn in records.texts(entry, "before")
        return cls._read(entry, kinds, successor_arn, successor_was_bound=was_bound)

    @classmethod
    def _read(
        cls,
        entry: records.Entry,
        kinds: Mapping[str, ConsumerKind],
        planned_for: str | None,
        *,
        successor_was_bound: bool,
    ) -> Self:
        return cls(
            binding=Binding(
                kind=kinds[records.text(entry, "kind")],
                consumer=records.text(entry, "consumer"),
                qualifier=records.text(entry, "place"),
                label=records.text(entry, "label"),
                # Earlier versions found consumers in the region of the certificate only.
                region=records.optional_text(entry, "region") or "",
            ),
            planned_for=planned_for,
            successor_was_bound=successor_was_bound,
            status=BindingChangeStatus(records.text(entry, "status")),
            bound_at=records.optional_timestamp(entry, "bound_at"),
            note=records.text(entry, "note"),
        )


class BindStep(Enum):
    """The next step for a setting that has to get the successor."""

    BIND = auto()
    DONE = auto()
    LEFT_ALONE = auto()
    GONE = auto()


class VerifyStep(Enum):
    """The next step for a setting that got the successor."""

    VERIFIED = auto()
    WAIT = auto()
    ROLL_BACK = auto()
    LEFT_ALONE = auto()
    RETURNED = auto()
    GONE = auto()


def planned(binding: Binding, state: BindingState | None, new: str) -> BindingChange:
    """Return the move of a binding that was just found; a rollback restores `state`."""
    if state is None:
        return BindingChange(binding=binding, status=BindingChangeStatus.GONE)
    was_bound = new in state.certificates
    return BindingChange(binding=binding, planned_for=new, successor_was_bound=was_bound)


def by_consumer(moves: Iterable[BindingChange], at_most: int) -> Iterator[list[BindingChange]]:
    """Yield moves in batches of at most `at_most`, or of one consumer with more.

    The moves of one consumer stay together, because it is verified or rolled back as a whole.
    """
    groups: dict[tuple[str, str], list[BindingChange]] = {}
    for move in moves:
        groups.setdefault(move.binding.resource, []).append(move)
    batch: list[BindingChange] = []
    for group in groups.values():
        if batch and len(batch) + len(group) > at_most:
            yield batch
            batch = []
        batch = [*batch, *group]
    if batch:
        yield batch


def bind_step(state: BindingState | None, old: str, new: str) -> BindStep:
    """Decide whether to bind: only a setting with the old certificate is changed."""
    if state is None:
        return BindStep.GONE
    if new in state.certificates:
        return BindStep.DONE
    return BindStep.BIND if old in state.certificates else BindStep.LEFT_ALONE


def verify_step(
    move: BindingChange, state: BindingState | None, old: str, new: str, now: datetime
) -> VerifyStep:
    """Decide whether a service has applied the change, may need more time, or has failed."""
    if state is None:
        return VerifyStep.GONE
    if new not in state.certificates and old not in state.certificates:
        return VerifyStep.LEFT_ALONE
    if state.error is not None:
        return VerifyStep.ROLL_BACK
    if state.settled and new in state.certificates:
        return VerifyStep.VERIFIED
    overdue = move.bound_at is not None and now >= move.bound_at + SETTLES_WITHIN
    return VerifyStep.ROLL_BACK if overdue else VerifyStep.WAIT


def has_returned(
    move: BindingChange, state: BindingState | None, old: str, new: str, now: datetime
) -> bool:
    """Whether a setting that an earlier run bound has only the old certificate again."""
    if state is None or not state.settled or move.bound_at is None or move.bound_at >= now:
        return False
    return new not in state.certificates and old in state.certificates


def explains_use(
    move: BindingChange, found: Collection[tuple[str, ...]] | None, now: datetime
) -> bool:
    """Whether ACM may still report the use of a setting; `found` are the keys of a search, if any.

    ACM updates `InUseBy` with a delay, so that a move explains a use as long as it may settle.
    """
    match move.status:
        case BindingChangeStatus.GONE:
            return False
        case BindingChangeStatus.MOVED:
            return move.bound_at is not None and now < move.bound_at + SETTLES_WITHIN
        case BindingChangeStatus.LEFT_ALONE | BindingChangeStatus.ROLLED_BACK:
            return found is None or move.binding.key in found
        case _:
            return True


def needs_rollback(move: BindingChange, state: BindingState | None, new: str) -> bool:
    """Whether a setting has a successor that it did not have before the move."""
    return state is not None and new in state.certificates and not move.successor_was_bound


@dataclass(frozen=True, slots=True)
class ConsumerArn:
    """The parts of an entry of `InUseBy`; they are empty if it is not an ARN.

    A `foreign` ARN belongs to an account of AWS.
    """

    text: str
    partition: str
    service: str
    region: str
    account_id: str
    type: str
    name: str
    foreign: bool

    @classmethod
    def parse(cls, text: str, own_account: str) -> ConsumerArn:
        """Split an ARN whose resource has the form `type/name`."""
        _, partition, service, region, account_id, resource = [*text.split(":", 5), *[""] * 5][:6]
        kind, _, name = resource.partition("/")
        foreign = account_id not in (own_account, "")
        return cls(text, partition, service, region, account_id, kind, name, foreign)

    @classmethod
    def in_use_by(cls, certificate: Certificate, own_account: str) -> list[ConsumerArn]:
        """Return the consumers that ACM names for a described certificate."""
        return [cls.parse(text, own_account) for text in certificate.detail.in_use_by]
