"""Move consumers from a certificate to its successor: bind, verify, unbind, or roll back.

Safe to repeat, to overlap and to be stopped after any call: all moves are on record before the
first change, and every setting is read right before it is written. A setting with the successor is
already bound; one with neither certificate was changed by others and is not written.
A consumer that fails does not stop the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from certificate_lifecycle.app.deadline import error_summary, require_time
from certificate_lifecycle.app.ports import Consumers
from certificate_lifecycle.app.run_context import RunContext
from certificate_lifecycle.log import logger
from certificate_lifecycle.model.certificate import Certificate
from certificate_lifecycle.model.errors import (
    CertificateRefusedError,
    ConsumerBusyError,
    ConsumerChangedError,
    ManualStepRequiredError,
)
from certificate_lifecycle.policy.bindings import (
    BindingChange,
    BindingChangeStatus,
    BindingState,
    BindStep,
    VerifyStep,
    bind_step,
    needs_rollback,
    planned,
    verify_step,
)

_CHANGED = "changed outside this module in the meantime; not changed again"
_REVERTED = "reverted to the old certificate, as infrastructure as code does; change it there"
_DELETED = "it does not exist any more"
#: The status and the report of each binding step.
_BOUND = {
    BindStep.BIND: (BindingChangeStatus.BOUND, "bound to the successor"),
    BindStep.DONE: (BindingChangeStatus.BOUND, "has the successor already"),
    BindStep.LEFT_ALONE: (BindingChangeStatus.LEFT_ALONE, _CHANGED),
    BindStep.GONE: (BindingChangeStatus.GONE, _DELETED),
}


def joined(texts: Sequence[str]) -> str:
    """Return one text: the first lines of all on one line, then their shell lines."""
    split = [text.split("\n") for text in texts]
    first = "; ".join(lines[0] for lines in split)
    return "\n".join((first, *(line for lines in split for line in lines[1:])))


@dataclass(slots=True)
class RebindResult:
    """The moves with their new status, and the texts of what was done, waits or failed.

    `refused` are the texts of consumers whose service does not accept the successor.
    """

    moves: list[BindingChange] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def add(self, move: BindingChange, status: BindingChangeStatus, text: str) -> None:
        """Set the status of `move`, with the text that reports it."""
        self.moves.append(replace(move, status=status, note=text))
        self.done.append(f"{move.binding.label}: {text}")

    def refuse(self, move: BindingChange, text: str) -> None:
        """Keep `move`, whose service does not accept the successor."""
        self.moves.append(move)
        self.refused.append(f"{move.binding.label}: {text}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebinding:
    """Moves consumers from `old` to `new`, both certificate ARNs."""

    context: RunContext
    consumers: Consumers
    old: str
    new: str

    def plan(self, certificate: Certificate, moves: Sequence[BindingChange]) -> RebindResult:
        """Add a move for each setting with the old certificate that has none.

        A setting that was moved and has the old certificate again was reverted by others.
        """
        result = RebindResult()
        found = {binding.key: binding for binding in self.consumers.find(certificate)}
        for move in moves:
            if move.binding.key in found and move.status is BindingChangeStatus.MOVED:
                result.add(move, BindingChangeStatus.LEFT_ALONE, _REVERTED)
            else:
                result.moves.append(move)
        known = {move.binding.key for move in moves}
        for binding in found.values():
            if binding.key not in known:
                result.moves.append(planned(binding, self.consumers.current(binding)))
        return result

    def bind(self, moves: Sequence[BindingChange]) -> RebindResult:
        """Bind the successor to each planned setting."""
        result = RebindResult()
        for move in moves:
            if move.status is not BindingChangeStatus.PLANNED:
                result.moves.append(move)
                continue
            with self._isolated((move,), result):
                require_time(self.context.clock)
                step = bind_step(move, self.consumers.current(move.binding), self.old, self.new)
                if step is BindStep.BIND:
                    extra = {"consumer": move.binding.label, "certificate_arn": self.new}
                    logger.info("binding", extra=extra)
                    try:
                        self.consumers.bind(move.binding, self.new, instead_of=self.old)
                    except ConsumerChangedError:
                        step = BindStep.LEFT_ALONE
                    except CertificateRefusedError as error:
                        result.refuse(move, str(error))
                        continue
                status, text = _BOUND[step]
                bound_at = (
                    self.context.now if status is BindingChangeStatus.BOUND else move.bound_at
                )
                result.add(replace(move, bound_at=bound_at), status, text)
        return result

    def verify(self, moves: Sequence[BindingChange]) -> RebindResult:
        """Verify bound settings; a consumer is unbound, or rolled back, as a whole."""
        result = RebindResult()
        for consumer in dict.fromkeys(move.binding.consumer for move in moves):
            together = tuple(move for move in moves if move.binding.consumer == consumer)
            if any(move.status is BindingChangeStatus.BOUND for move in together):
                with self._isolated(together, result):
                    self._verify(together, result)
            else:
                result.moves.extend(together)
        return result

    @contextmanager
    def _isolated(self, moves: tuple[BindingChange, ...], result: RebindResult) -> Iterator[None]:
        """On failure of a consumer, keep its moves as they are on record, and continue."""
        before = len(result.moves)
        try:
            yield
        except ConsumerBusyError as error:
            result.moves[before:] = moves
            result.waiting.append(f"{moves[0].binding.label}: {error}")
        except ManualStepRequiredError as error:
            self._require_step(moves, result, before, str(error))
        except Exception as error:  # noqa: BLE001 - one must not stop the others; raised at the end
            logger.exception("consumer failed", extra={"consumer": moves[0].binding.consumer})
            result.moves[before:] = moves
            result.failures.append(f"{moves[0].binding.label}: {error_summary(error)}")

    def _require_step(
        self, moves: tuple[BindingChange, ...], result: RebindResult, before: int, text: str
    ) -> None:
        """Keep the moves, and report the step of a person once: the notes have what was reported.

        The first line of the text is the reason, which a note holds without the commands.
        """
        reason, *steps = text.split("\n")
        label = moves[0].binding.label
        reported = all(move.note == reason for move in moves)
        result.moves[before:] = [replace(move, note=reason) for move in moves]
        texts = result.waiting if reported else result.done
        lines = (f"# {label}:", *steps) if steps else ()
        texts.append("\n".join((f"{label}: {reason}", *lines)))

    def _verify(self, moves: tuple[BindingChange, ...], result: RebindResult) -> None:
        require_time(self.context.clock)
        bound = [move for move in moves if move.status is BindingChangeStatus.BOUND]
        states = {move.binding.key: self.consumers.current(move.binding) for move in bound}
        steps = {
            move.binding.key: verify_step(
                move, states[move.binding.key], self.old, self.new, self.context.now
            )
            for move in bound
        }
        failed = VerifyStep.ROLL_BACK in steps.values()
        for move in moves:
            step = steps.get(move.binding.key)
            if step is None or (step is VerifyStep.WAIT and not failed):
                result.moves.append(move)
            elif step is VerifyStep.LEFT_ALONE:
                result.add(move, BindingChangeStatus.LEFT_ALONE, _CHANGED)
            elif step is VerifyStep.GONE:
                result.add(move, BindingChangeStatus.GONE, _DELETED)
            elif failed:
                self._roll_back(move, states[move.binding.key], result)
            elif VerifyStep.WAIT in steps.values():
                result.moves.append(move)
            else:
                if move.binding.kind.holds_many:
                    self.consumers.unbind(move.binding, self.old)
                result.add(move, BindingChangeStatus.MOVED, "serves the successor")

    def _roll_back(
        self, move: BindingChange, state: BindingState | None, result: RebindResult
    ) -> None:
        """Restore the old certificate, unless others have changed the setting."""
        error = (state.error if state is not None else None) or "it does not use the successor"
        if needs_rollback(move, state, self.new):
            if move.binding.kind.holds_many:
                self.consumers.unbind(move.binding, self.new)
            else:
                self.consumers.bind(move.binding, self.old, instead_of=self.new)
        text = f"rolled back, because the verification failed: {error}"
        result.add(move, BindingChangeStatus.ROLLED_BACK, text)
