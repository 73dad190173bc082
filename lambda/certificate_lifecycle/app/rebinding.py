"""Moving consumers from a certificate to its successor: bind, verify, unbind, or put back.

Safe to repeat, to overlap and to be killed after any call: every setting is read right before it
is written, what holds the successor already counts as bound, what holds neither was changed by
somebody else and is left alone, and all moves are on record before the first change.
One consumer that fails never stops the others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from certificate_lifecycle.app.isolation import clause, require_time
from certificate_lifecycle.app.ports import Clock, Consumers
from certificate_lifecycle.core.consumers import (
    BindingState,
    BindStep,
    Move,
    MoveStatus,
    RollBackStep,
    VerifyStep,
    bind_step,
    planned,
    roll_back_step,
    verify_step,
)
from certificate_lifecycle.core.model import Certificate
from certificate_lifecycle.errors import ConsumerBusyError, ConsumerChangedError
from certificate_lifecycle.log import logger

_CHANGED = "somebody else changed it meanwhile, and that is left alone"
_PUT_BACK = "somebody put the old certificate back, as infrastructure as code does; change it there"
_GONE = "it does not exist any more"


@dataclass(slots=True)
class Rebound:
    """What became of the moves: what was done, what has to wait, and what failed."""

    moves: list[Move] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    waits: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def take(self, move: Move, status: MoveStatus, text: str) -> None:
        """Keep `move` at a new status, with the sentence that tells of it."""
        self.moves.append(replace(move, status=status, note=text))
        self.said.append(f"{move.binding.label}: {text}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebinding:
    """Moves consumers from `old` to `new`, both certificate ARNs."""

    consumers: Consumers
    clock: Clock
    now: datetime
    old: str
    new: str

    def plan(self, certificate: Certificate, moves: Sequence[Move]) -> Rebound:
        """Add a move for each setting that holds the old certificate and has none yet.

        One that was moved and holds the old certificate again was put back by somebody else.
        """
        rebound = Rebound()
        found = {binding.key: binding for binding in self.consumers.find(certificate)}
        for move in moves:
            if move.binding.key in found and move.status is MoveStatus.MOVED:
                rebound.take(move, MoveStatus.LEFT_ALONE, _PUT_BACK)
            else:
                rebound.moves.append(move)
        known = {move.binding.key for move in moves}
        for binding in found.values():
            if binding.key not in known:
                rebound.moves.append(planned(binding, self.consumers.current(binding)))
        return rebound

    def bind(self, moves: Sequence[Move]) -> Rebound:
        """Bind the successor wherever that is planned."""
        rebound = Rebound()
        for move in moves:
            if move.status is MoveStatus.PLANNED:
                self._guarded((move,), rebound, lambda group, into: self._bind(group[0], into))
            else:
                rebound.moves.append(move)
        return rebound

    def verify(self, moves: Sequence[Move]) -> Rebound:
        """Verify what was bound; a consumer is unbound, or put back, as a whole."""
        rebound = Rebound()
        for consumer in dict.fromkeys(move.binding.consumer for move in moves):
            together = tuple(move for move in moves if move.binding.consumer == consumer)
            if any(move.status is MoveStatus.BOUND for move in together):
                self._guarded(together, rebound, self._verify)
            else:
                rebound.moves.extend(together)
        return rebound

    def _guarded(
        self,
        moves: tuple[Move, ...],
        rebound: Rebound,
        step: Callable[[tuple[Move, ...], Rebound], None],
    ) -> None:
        """Take a step with all moves of a consumer; what fails stays as it was on record."""
        attempt = Rebound()
        try:
            require_time(self.clock)
            step(moves, attempt)
        except ConsumerBusyError as error:
            attempt.moves = list(moves)
            attempt.waits.append(f"{moves[0].binding.label}: {error}")
        except Exception as error:  # noqa: BLE001 - one must not stop the others; raised at the end
            logger.exception("consumer failed", extra={"consumer": moves[0].binding.consumer})
            attempt.moves = list(moves)
            attempt.faults.append(f"{moves[0].binding.label}: {clause(error)}")
        rebound.moves.extend(attempt.moves)
        rebound.said.extend(attempt.said)
        rebound.waits.extend(attempt.waits)
        rebound.faults.extend(attempt.faults)

    def _bind(self, move: Move, rebound: Rebound) -> None:
        match bind_step(move, self.consumers.current(move.binding), self.old, self.new):
            case BindStep.BIND:
                self._bind_now(move, rebound)
            case BindStep.DONE:
                bound = replace(move, bound_at=move.bound_at or self.now)
                rebound.take(bound, MoveStatus.BOUND, "holds the successor already")
            case BindStep.LEFT_ALONE:
                rebound.take(move, MoveStatus.LEFT_ALONE, _CHANGED)
            case _:
                rebound.take(move, MoveStatus.GONE, _GONE)

    def _bind_now(self, move: Move, rebound: Rebound) -> None:
        logger.info("binding", extra={"consumer": move.binding.label, "certificate_arn": self.new})
        try:
            self.consumers.bind(move.binding, self.new, instead_of=self.old)
        except ConsumerChangedError:
            rebound.take(move, MoveStatus.LEFT_ALONE, _CHANGED)
        else:
            bound = replace(move, bound_at=self.now)
            rebound.take(bound, MoveStatus.BOUND, "bound to the successor")

    def _verify(self, moves: tuple[Move, ...], rebound: Rebound) -> None:
        bound = [move for move in moves if move.status is MoveStatus.BOUND]
        seen = {move.binding.key: self.consumers.current(move.binding) for move in bound}
        steps = {
            move.binding.key: verify_step(
                move, seen[move.binding.key], self.old, self.new, self.now
            )
            for move in bound
        }
        failed = VerifyStep.ROLL_BACK in steps.values()
        for move in moves:
            step = steps.get(move.binding.key)
            if step is None or (step is VerifyStep.WAIT and not failed):
                rebound.moves.append(move)
            elif step is VerifyStep.LEFT_ALONE:
                rebound.take(move, MoveStatus.LEFT_ALONE, _CHANGED)
            elif step is VerifyStep.GONE:
                rebound.take(move, MoveStatus.GONE, _GONE)
            elif failed:
                self._put_back(move, seen[move.binding.key], rebound)
            elif VerifyStep.WAIT in steps.values():
                rebound.moves.append(move)
            else:
                self._unbind(move, rebound)

    def _unbind(self, move: Move, rebound: Rebound) -> None:
        if move.binding.kind.holds_many:
            self.consumers.unbind(move.binding, self.old)
        rebound.take(move, MoveStatus.MOVED, "serves the successor")

    def _put_back(self, move: Move, state: BindingState | None, rebound: Rebound) -> None:
        """Let a setting hold exactly what it held before, unless that is somebody else's by now."""
        fault = (
            state.fault if state is not None and state.fault else "it does not take the successor"
        )
        if roll_back_step(move, state, self.old, self.new) is RollBackStep.RESTORE:
            if move.binding.kind.holds_many:
                self.consumers.unbind(move.binding, self.new)
            else:
                self.consumers.bind(move.binding, self.old, instead_of=self.new)
        text = f"put back, because the verification failed: {fault}"
        rebound.take(move, MoveStatus.ROLLED_BACK, text)
