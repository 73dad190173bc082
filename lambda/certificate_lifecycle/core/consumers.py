"""Where a certificate is bound, what is done to move it, and what a person would have to do.

A consumer is moved in the order bind, verify, unbind; each step looks first, so that a step which
was carried out and not recorded is found done, and what somebody else changed is left alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, StrEnum, auto
from typing import Any, Self

from certificate_lifecycle.core import records
from certificate_lifecycle.core.model import Certificate, Documented

#: A consumer that has not settled by then has failed: an edge-optimised domain name of API Gateway
#: takes 40 minutes, a user pool domain of Cognito an hour (their developer guides).
SETTLES_WITHIN = timedelta(hours=24)


class ConsumerKind(Documented):
    """A setting that holds a certificate and that can be changed without an outage."""

    LISTENER = "Listener", "The default certificate of a listener of an ALB or NLB."
    LISTENER_SNI = "ListenerSni", "A further certificate of a listener, chosen by SNI."
    CLASSIC_LISTENER = "ClassicListener", "The certificate of a listener of a Classic ELB."
    DISTRIBUTION = "Distribution", "The viewer certificate of a CloudFront distribution."
    DOMAIN_NAME = "DomainName", "The certificate of a regional API Gateway domain name."
    EDGE_DOMAIN_NAME = "EdgeDomainName", "The certificate of an edge-optimised domain name."
    DOMAIN_OWNERSHIP = "DomainOwnership", "The ownership verification certificate of mutual TLS."
    USER_POOL_DOMAIN = "UserPoolDomain", "The certificate of a custom domain of Cognito."

    @property
    def holds_many(self) -> bool:
        """Whether the setting is a list, so that old and new stand beside each other."""
        return self is ConsumerKind.LISTENER_SNI


@dataclass(frozen=True, slots=True)
class Binding:
    """One setting of one consumer.

    `consumer` is what the service's calls name (ARN, name or id), `place` what they need beside it
    (the port of a Classic listener, the user pool of a domain, the id of a private domain name).
    """

    kind: ConsumerKind
    consumer: str
    place: str = ""
    label: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells bindings apart; the label is for people."""
        return (self.kind.value, self.consumer, self.place)


@dataclass(frozen=True, slots=True)
class Held:
    """What a setting holds now.

    `settled` is false while the service still carries out a change; `fault` says in a clause that
    it could not.
    """

    certificates: tuple[str, ...]
    settled: bool = True
    fault: str | None = None


class MoveStatus(StrEnum):
    """How far a consumer has been moved."""

    PLANNED = "planned"
    BOUND = "bound"
    MOVED = "moved"
    ROLLED_BACK = "rolled back"
    LEFT_ALONE = "left alone"
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One binding on its way from a certificate to its successor.

    `before` is what the setting held before the first change.
    """

    binding: Binding
    before: tuple[str, ...]
    status: MoveStatus = MoveStatus.PLANNED
    bound_at: datetime | None = None
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data, ready for JSON."""
        binding = self.binding
        return {
            "kind": binding.kind.value,
            "consumer": binding.consumer,
            "place": binding.place,
            "label": binding.label,
            "before": list(self.before),
            "status": self.status.value,
            "bound_at": records.optional_stamp(self.bound_at),
            "note": self.note,
        }

    @classmethod
    def from_dict(cls, entry: records.Entry) -> Self:
        """Read what `to_dict` returns; raises KeyError, TypeError or ValueError otherwise."""
        return cls(
            binding=Binding(
                kind=ConsumerKind.of(records.text(entry, "kind")),
                consumer=records.text(entry, "consumer"),
                place=records.text(entry, "place"),
                label=records.text(entry, "label"),
            ),
            before=records.texts(entry, "before"),
            status=MoveStatus(records.text(entry, "status")),
            bound_at=records.optional_moment(entry, "bound_at"),
            note=records.text(entry, "note"),
        )


# --- The steps --------------------------------------------------------------------------------


class BindStep(Enum):
    """What to do with a setting that shall hold the successor."""

    BIND = auto()
    DONE = auto()
    LEFT_ALONE = auto()
    GONE = auto()


class VerifyStep(Enum):
    """What to do with a setting that was bound."""

    VERIFIED = auto()
    WAIT = auto()
    ROLL_BACK = auto()
    LEFT_ALONE = auto()
    GONE = auto()


class RollBackStep(Enum):
    """What to do with a setting that shall hold what it held before: bind it, or unbind new."""

    RESTORE = auto()
    DONE = auto()
    LEFT_ALONE = auto()
    GONE = auto()


def planned(binding: Binding, held: Held | None) -> Move:
    """Return the move of a binding that was just found; `held` is what a way back leads to."""
    if held is None:
        return Move(binding=binding, before=(), status=MoveStatus.GONE)
    return Move(binding=binding, before=held.certificates)


def bind_step(_: Move, held: Held | None, old: str, new: str) -> BindStep:
    """Decide what binds: only a setting that still holds the old certificate is touched."""
    if held is None:
        return BindStep.GONE
    if new in held.certificates:
        return BindStep.DONE
    return BindStep.BIND if old in held.certificates else BindStep.LEFT_ALONE


def verify_step(move: Move, held: Held | None, old: str, new: str, now: datetime) -> VerifyStep:
    """Decide whether a service has carried out the change, may take longer, or has failed."""
    if held is None:
        return VerifyStep.GONE
    if new not in held.certificates and old not in held.certificates:
        return VerifyStep.LEFT_ALONE
    if held.fault is not None:
        return VerifyStep.ROLL_BACK
    if held.settled and new in held.certificates:
        return VerifyStep.VERIFIED
    overdue = move.bound_at is not None and now >= move.bound_at + SETTLES_WITHIN
    return VerifyStep.ROLL_BACK if overdue else VerifyStep.WAIT


def roll_back_step(move: Move, held: Held | None, old: str, new: str) -> RollBackStep:
    """Decide what leads back; a setting that held the successor before the move keeps it."""
    if held is None:
        return RollBackStep.GONE
    if new in held.certificates:
        return RollBackStep.DONE if new in move.before else RollBackStep.RESTORE
    if move.binding.kind.holds_many or old in held.certificates:
        return RollBackStep.DONE
    return RollBackStep.LEFT_ALONE


# --- What cannot be moved ---------------------------------------------------------------------

#: Load balancers and distributions in accounts of AWS's own, and what makes AWS use them.
_BEHIND = {
    ConsumerKind.DOMAIN_NAME: "elasticloadbalancing",
    ConsumerKind.EDGE_DOMAIN_NAME: "cloudfront",
    ConsumerKind.USER_POOL_DOMAIN: "cloudfront",
}


def unsupported(
    certificate: Certificate, bindings: Iterable[Binding], own_account: str
) -> tuple[str, ...]:
    """Return the ARNs of `in_use_by` that no binding explains.

    What stands in an account of AWS's own cannot be looked at, so that one such load balancer or
    distribution is explained by any domain name of the kind that makes AWS use one.
    """
    found = tuple(bindings)
    own = {_name(binding) for binding in found}
    foreign = {_BEHIND[binding.kind] for binding in found if binding.kind in _BEHIND}
    return tuple(
        text
        for text in (certificate.detail.in_use_by if certificate.detail else ())
        if not _explained(ConsumerArn.parse(text), own, foreign, own_account)
    )


@dataclass(frozen=True, slots=True)
class ConsumerArn:
    """The parts of an entry of `InUseBy`, empty where it is no ARN; `name` follows the type."""

    partition: str
    service: str
    region: str
    account_id: str
    type: str
    name: str

    @classmethod
    def parse(cls, text: str) -> ConsumerArn:
        """Split an ARN whose resource has the form `type/name`."""
        _, partition, service, region, account_id, resource = [*text.split(":", 5), *[""] * 5][:6]
        kind, _, name = resource.partition("/")
        return cls(partition, service, region, account_id, kind, name)

    def is_foreign(self, own_account: str) -> bool:
        """Whether it stands in an account that is not ours, which is one of AWS's own."""
        return self.account_id not in (own_account, "")


def _explained(
    arn: ConsumerArn, own: set[tuple[str, str] | None], foreign: set[str], own_account: str
) -> bool:
    if arn.is_foreign(own_account):
        return arn.service in foreign
    return (arn.service, arn.name) in own


def _name(binding: Binding) -> tuple[str, str] | None:
    """Return the service and the name that the ARN of the consumer has, if it is ours."""
    match binding.kind:
        case ConsumerKind.LISTENER | ConsumerKind.LISTENER_SNI:
            # listener/app/NAME/ID/LISTENER belongs to loadbalancer/app/NAME/ID
            load_balancer, _, _ = ConsumerArn.parse(binding.consumer).name.rpartition("/")
            return "elasticloadbalancing", load_balancer
        case ConsumerKind.CLASSIC_LISTENER:
            return "elasticloadbalancing", binding.consumer
        case ConsumerKind.DISTRIBUTION:
            return "cloudfront", binding.consumer
        case _:
            return None
