"""Where a certificate is bound, what is done to move it, and what a person would have to do.

A consumer is moved in the order bind, verify, unbind; each step looks first, so that a step which
was carried out and not recorded is found done, and what somebody else changed is left alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

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


# --- What the ledger keeps of a move ----------------------------------------------------------


def move_entry(move: Move) -> dict[str, Any]:
    """Return a move as plain data that JSON can carry."""
    binding = move.binding
    return {
        "kind": binding.kind.value,
        "consumer": binding.consumer,
        "place": binding.place,
        "label": binding.label,
        "before": list(move.before),
        "status": move.status.value,
        "bound_at": move.bound_at.isoformat() if move.bound_at else None,
        "note": move.note,
    }


def move_from(entry: Mapping[str, Any]) -> Move:
    """Return the move that `move_entry` made plain data of."""
    bound_at = entry["bound_at"]
    return Move(
        binding=Binding(
            kind=ConsumerKind(entry["kind"]),
            consumer=entry["consumer"],
            place=entry["place"],
            label=entry["label"],
        ),
        before=tuple(entry["before"]),
        status=MoveStatus(entry["status"]),
        bound_at=datetime.fromisoformat(bound_at) if bound_at else None,
        note=entry["note"],
    )


class BindStep(StrEnum):
    """What a planned move needs."""

    BIND = "bind"
    DONE = "done"
    LEFT_ALONE = "left alone"
    GONE = "gone"


class VerifyStep(StrEnum):
    """What a bound setting has come to."""

    VERIFIED = "verified"
    WAIT = "wait"
    ROLL_BACK = "roll back"
    LEFT_ALONE = "left alone"
    GONE = "gone"


class RollBackStep(StrEnum):
    """What puts a setting back."""

    RESTORE = "restore"
    DONE = "done"
    LEFT_ALONE = "left alone"
    GONE = "gone"


def planned(binding: Binding, held: Held) -> Move:
    """Return the move of a setting that holds the old certificate."""
    return Move(binding=binding, before=held.certificates)


def bind_step(move: Move, held: Held | None, old: str, new: str) -> BindStep:
    """Say what a planned move needs, by what the setting holds now."""
    if held is None:
        return BindStep.GONE
    if new in held.certificates:
        return BindStep.DONE
    return BindStep.BIND if old in held.certificates else BindStep.LEFT_ALONE


def verify_step(move: Move, held: Held | None, old: str, new: str, now: datetime) -> VerifyStep:
    """Say what a bound setting has come to."""
    if held is None:
        return VerifyStep.GONE
    if not {old, new} & set(held.certificates):
        return VerifyStep.LEFT_ALONE
    if held.fault is not None:
        return VerifyStep.ROLL_BACK
    if held.settled and new in held.certificates:
        return VerifyStep.VERIFIED
    late = move.bound_at is not None and now - move.bound_at >= SETTLES_WITHIN
    return VerifyStep.ROLL_BACK if late else VerifyStep.WAIT


def roll_back_step(move: Move, held: Held | None, old: str, new: str) -> RollBackStep:
    """Say what puts a setting back to what it held before."""
    if held is None:
        return RollBackStep.GONE
    if move.binding.kind.holds_many:
        ours = new in held.certificates and new not in move.before
        return RollBackStep.RESTORE if ours else RollBackStep.DONE
    if new in held.certificates:
        return RollBackStep.RESTORE
    return RollBackStep.DONE if old in held.certificates else RollBackStep.LEFT_ALONE


def unsupported(
    certificate: Certificate, bindings: Sequence[Binding], own_account: str
) -> tuple[str, ...]:
    detail = certificate.detail
    return detail.in_use_by if detail and not bindings else ()


def manual_commands(consumer_arn: str, successor_arn: str, own_account: str) -> str:
    return f"move {consumer_arn} to {successor_arn}"
