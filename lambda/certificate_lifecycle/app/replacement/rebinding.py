"""Move consumers from a certificate to its successor: bind, verify, unbind, or roll back.

Safe to repeat, to overlap and to be stopped after any call: a move is on record before its setting
is changed, and every setting is read right before it is written. A setting with the successor is
already bound; one with neither certificate was changed by others and is not written.
A consumer that fails does not stop the others. Without time, the rest is left to the next run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from certificate_lifecycle.app.deadline import error_summary, has_time
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
    Binding,
    BindingChange,
    BindingChangeStatus,
    BindingState,
    BindStep,
    VerifyStep,
    bind_step,
    by_consumer,
    has_returned,
    needs_rollback,
    planned,
    verify_step,
)
from certificate_lifecycle.policy.ownership import controller_of, returned_by

_CHANGED = "changed outside this module in the meantime; not changed again"
#: Such as `data "aws_acm_certificate"`, serverless-domain-manager and `fromLookup` of the CDK.
_REVERTED = (
    "reverted to the old certificate, probably by infrastructure as code or by a tool that selects "
    "certificates by name; change the certificate there"
)
_UNCHANGED = (
    "it has the old certificate: the service did not change it, or a tool that declares it or "
    "selects certificates by name reverted it"
)
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
    """The moves that were handled, and the texts of what was done, waits or failed.

    `found` are the keys of the settings that a search has found.
    `refused` are the texts of consumers whose service does not accept the successor.
    `out_of_time` is true if others were left to the next run.
    """

    moves: list[BindingChange] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    found: frozenset[tuple[str, ...]] = frozenset()
    out_of_time: bool = False

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

    def unplanned(
        self, certificate: Certificate, moves: Sequence[BindingChange]
    ) -> tuple[RebindResult, list[Binding]]:
        """Return the settings with the old certificate that have no move.

        The result has the moves of those that were moved and have the old certificate again: others
        have reverted them. A region that could not be searched is unknown, and so a failure.
        """
        result, search = RebindResult(), self.consumers.find(certificate)
        for place, error in search.errors.items():
            logger.error("consumers unreadable", exc_info=error, extra={"consumer": place})
            result.failures.append(f"consumers unknown: {place}: {error_summary(error)}")
        found = {binding.key: binding for binding in search.bindings}
        result.found = frozenset(found)
        for move in moves:
            if move.binding.key in found and move.status is BindingChangeStatus.MOVED:
                with self._isolated((move,), move.binding, result):
                    text = self._returned_by(move.binding) or _REVERTED
                    result.add(move, BindingChangeStatus.LEFT_ALONE, text)
        known = {move.binding.key for move in moves}
        return result, [binding for key, binding in found.items() if key not in known]

    def plan(self, bindings: Iterable[Binding]) -> RebindResult:
        """Return a move for each setting."""
        result = RebindResult()
        for binding in bindings:
            if not self._has_time(result):
                break
            with self._isolated((), binding, result):
                result.moves.append(planned(binding, self.consumers.current(binding), self.new))
        return result

    def bind(self, moves: Sequence[BindingChange]) -> RebindResult:
        """Bind the successor to each planned setting."""
        result = RebindResult()
        for move in moves:
            if move.status is not BindingChangeStatus.PLANNED:
                continue
            if not self._has_time(result):
                break
            with self._isolated((move,), move.binding, result):
                step = bind_step(self.consumers.current(move.binding), self.old, self.new)
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
                    except (ConsumerBusyError, ManualStepRequiredError):
                        raise
                    except Exception:
                        if self.consumers.current(move.binding) is not None:
                            raise
                        step = BindStep.GONE  # deleted since it was read
                status, text = _BOUND[step]
                bound_at = (
                    self.context.now if status is BindingChangeStatus.BOUND else move.bound_at
                )
                result.add(replace(move, bound_at=bound_at), status, text)
        return result

    def verify(self, moves: Sequence[BindingChange]) -> RebindResult:
        """Verify bound settings; a consumer is unbound, or rolled back, as a whole."""
        result = RebindResult()
        for together in by_consumer(moves, 1):
            if all(move.status is not BindingChangeStatus.BOUND for move in together):
                continue
            if not self._has_time(result):
                break
            with self._isolated(together, together[0].binding, result):
                self._verify(together, result)
        return result

    def _has_time(self, result: RebindResult) -> bool:
        result.out_of_time = not has_time(self.context.clock)
        return not result.out_of_time

    @contextmanager
    def _isolated(
        self, moves: Sequence[BindingChange], binding: Binding, result: RebindResult
    ) -> Iterator[None]:
        """On failure of a consumer, keep its moves as they are on record, and continue."""
        before = len(result.moves)
        try:
            yield
        except ConsumerBusyError as error:
            result.moves[before:] = moves
            result.waiting.append(f"{binding.label}: {error}")
        except ManualStepRequiredError as error:
            result.moves[before:] = self._require_step(moves, binding, result, str(error))
        except Exception as error:  # noqa: BLE001 - one must not stop the others; raised at the end
            logger.exception("consumer failed", extra={"consumer": binding.consumer})
            result.moves[before:] = moves
            result.failures.append(f"{binding.label}: {error_summary(error)}")

    def _require_step(
        self, moves: Sequence[BindingChange], binding: Binding, result: RebindResult, text: str
    ) -> list[BindingChange]:
        """Return the moves with the step of a person, reported once: their notes have it then.

        The first line of the text is the reason, which a note holds without the commands.
        """
        reason, *steps = text.split("\n")
        reported = all(move.note == reason for move in moves)
        texts = result.waiting if reported else result.done
        lines = (f"# {binding.label}:", *steps) if steps else ()
        texts.append("\n".join((f"{binding.label}: {reason}", *lines)))
        return [replace(move, note=reason) for move in moves]

    def _verify(self, moves: Sequence[BindingChange], result: RebindResult) -> None:
        bound = [move for move in moves if move.status is BindingChangeStatus.BOUND]
        states = {move.binding.key: self.consumers.current(move.binding) for move in bound}
        steps = {move.binding.key: self._step(move, states[move.binding.key]) for move in bound}
        failed = VerifyStep.ROLL_BACK in steps.values()
        for move in moves:
            step = steps.get(move.binding.key)
            if step is None or (step is VerifyStep.WAIT and not failed):
                result.moves.append(move)
            elif step is VerifyStep.LEFT_ALONE:
                result.add(move, BindingChangeStatus.LEFT_ALONE, _CHANGED)
            elif step is VerifyStep.RETURNED:
                text = self._returned_by(move.binding)
                result.add(move, BindingChangeStatus.LEFT_ALONE, text)
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

    def _step(self, move: BindingChange, state: BindingState | None) -> VerifyStep:
        """Return the next step of a bound setting; a controller would undo any further change."""
        now = self.context.now
        if has_returned(move, state, self.old, self.new, now) and self._returned_by(move.binding):
            return VerifyStep.RETURNED
        return verify_step(move, state, self.old, self.new, now)

    def _returned_by(self, binding: Binding) -> str:
        """Return the text about the controller of a setting; empty without one."""
        controller = controller_of(self.consumers.tags(binding))
        return returned_by(controller) if controller else ""

    def _roll_back(
        self, move: BindingChange, state: BindingState | None, result: RebindResult
    ) -> None:
        """Restore the old certificate, unless others have changed the setting."""
        error = "it does not use the successor"
        if state is not None:
            error = state.error or (error if self.new in state.certificates else _UNCHANGED)
        if needs_rollback(move, state, self.new):
            if move.binding.kind.holds_many:
                self.consumers.unbind(move.binding, self.new)
            else:
                self.consumers.bind(move.binding, self.old, instead_of=self.new)
        text = f"rolled back, because the verification failed: {error}"
        result.add(move, BindingChangeStatus.ROLLED_BACK, text)
