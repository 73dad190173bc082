"""Replace a certificate that cannot be renewed: request a successor, move consumers, delete it.

Two runs never act on one certificate: a run first claims the replacement record by a conditional
write, and every later write is conditional on that claim.
Each step reads the current state first and is recorded before the next step, so that any later run
continues where one was stopped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta

from certificate_lifecycle.app.collect import ScanResult
from certificate_lifecycle.app.deadline import error_summary, require_time
from certificate_lifecycle.app.ports import (
    Catalog,
    Certificates,
    Consumers,
    Dns,
    PublicDns,
    StateStore,
    TlsProbe,
)
from certificate_lifecycle.app.replacement.obtaining import Obtaining
from certificate_lifecycle.app.replacement.pointers import PointerMoves
from certificate_lifecycle.app.replacement.rebinding import Rebinding, RebindResult, joined
from certificate_lifecycle.app.replacement.replacement_context import ReplacementContext
from certificate_lifecycle.app.run_context import RunContext
from certificate_lifecycle.app.succession import predecessor
from certificate_lifecycle.app.tls_probe import names_that_serve
from certificate_lifecycle.app.waiting import describe_new
from certificate_lifecycle.log import logger
from certificate_lifecycle.model.certificate import (
    Action,
    Certificate,
    CertificateStatus,
    CertificateType,
)
from certificate_lifecycle.model.errors import (
    CertificateNotFoundError,
    ManualStepRequiredError,
    ReplacementError,
    StateConflictError,
)
from certificate_lifecycle.model.run import ActionRecord
from certificate_lifecycle.policy.bindings import (
    SETTLES_WITHIN,
    BindingChange,
    BindingChangeStatus,
    by_consumer,
    explains_use,
)
from certificate_lifecycle.policy.checks import proposed
from certificate_lifecycle.policy.continuity import Candidate, Continuity, judge
from certificate_lifecycle.policy.observation import Observation
from certificate_lifecycle.policy.settings import RotationMode
from certificate_lifecycle.policy.succession import (
    CLAIM,
    HISTORY,
    MAX_ATTEMPTS,
    REPLACING_ACTIONS,
    ReplacementRecord,
    ReplacementState,
    has_ended,
    may_retire,
    retry_after,
)
from certificate_lifecycle.policy.thresholds import lacks_future

_NOT_NEEDED = "no successor is needed any more"
_MAY_EXIST = "an earlier run may have requested one without recording it, which is unused"
_GONE = "the old certificate does not exist any more"
_UNSEEN = (
    "ACM still reports a use of the old certificate, perhaps with a delay; the certificate is kept "
    "until ACM reports none"
)
_SWITCHED_OFF = "moving its consumers was disabled before all were verified"
_ANOTHER = "the certificate still needs a successor, and another one is requested"
_RESTART = (
    "the certificate still needs a successor, and no more are requested: fix the cause and request "
    "a certificate for the same names, and a run continues with it once ACM has issued it"
)
_OUT_OF_TIME = "the function's time ran out; the next run continues with the other settings"
_SHOWN_COMMANDS = 3
_SHOWN_TEXTS = 10
#: Moves between two writes of the record: a stopped run repeats the reads of so many settings.
MOVES_AT_ONCE = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplacementEngine:
    """Starts and advances the replacements of one account and region.

    Without `consumers` none is moved. With `tls_probe`, a move is also verified by TLS handshakes.
    The `pointers` follow before any consumer moves: else a plan of Terraform would undo the move.
    `handled` are the current records of this run's replacements, for the message.
    """

    context: RunContext
    certificates: Certificates
    dns: Dns
    state_store: StateStore
    catalog: Catalog
    pointers: PointerMoves
    consumers: Consumers | None = None
    tls_probe: TlsProbe | None = None
    public_dns: PublicDns | None = None
    retire_after: timedelta | None = None
    handled: list[ReplacementRecord] = field(default_factory=list, init=False)

    def act(
        self,
        scan: ScanResult,
        replacement_records: Mapping[str, ReplacementRecord],
        *,
        everything: bool,
    ) -> list[ActionRecord]:
        """Return what was done or is next, one record for each replacement.

        If `everything` was scanned, a certificate that was not listed is deleted.
        """
        records = []
        for replacement in self._replacements(scan, replacement_records, everything=everything):
            self.advance(replacement)
            self.handled.append(replacement.record)
            action_record = replacement.action_record()
            if action_record is not None:
                records.append(action_record)
        scan.problems.extend(p for p in self.pointers.problems if p not in scan.problems)
        return records

    def advance(self, replacement: ReplacementContext) -> None:
        """Run steps until one has to wait; a failure is kept in the context."""
        steps = {
            ReplacementState.REQUESTED: self._request,
            ReplacementState.VALIDATED: self._await,
            ReplacementState.ISSUED: self._bind,
            ReplacementState.BOUND: self._verify,
            ReplacementState.VERIFIED: self._settle,
        }
        try:
            if not self._is_due(replacement):
                return
            if self.context.dry_run:
                replacement.plan = replacement.next_step(moves=self.consumers is not None)
                return
            require_time(self.context.clock)
            with self._claimed(replacement):
                if replacement.observation is None:
                    # Nothing can use a deleted certificate, so that no consumer is left to move.
                    self._old(replacement)
                    return
                while steps[replacement.record.state](replacement):
                    require_time(self.context.clock)
        except StateConflictError as error:
            replacement.advice = str(error)
        except Exception as error:  # noqa: BLE001 - one must not stop the others; raised at the end
            logger.exception("replacement failed", extra={"certificate_arn": replacement.arn})
            replacement.failure = error_summary(error)

    @contextmanager
    def _claimed(self, replacement: ReplacementContext) -> Iterator[None]:
        """Claim a replacement while the block runs."""
        now = self.context.now
        replacement.record = self.state_store.claim(
            replacement.record, self.context.run_id, now, now + CLAIM
        )
        try:
            yield
        except Exception:
            with suppress(StateConflictError):
                replacement.save(claimed_by=None, claimed_until=None)
            raise
        replacement.save(claimed_by=None, claimed_until=None)

    @property
    def _obtaining(self) -> Obtaining:
        return Obtaining(
            context=self.context,
            certificates=self.certificates,
            dns=self.dns,
            public_dns=self.public_dns,
            state_store=self.state_store,
            catalog=self.catalog,
        )

    # --- Which replacements are due ---------------------------------------------------------------

    def _replacements(
        self,
        scan: ScanResult,
        replacement_records: Mapping[str, ReplacementRecord],
        *,
        everything: bool,
    ) -> list[ReplacementContext]:
        """Return the replacements to start or to advance; none if ACM could not be listed."""
        if not scan.listed:
            return []
        found = {}
        for observation, entry in zip(scan.observations, scan.assessments, strict=True):
            arn, action = entry.certificate.arn, entry.decision.action
            wanted = action if action in REPLACING_ACTIONS else None
            if observation.proposal is not None:
                wanted = Action.REBIND
            if wanted is not None or arn in replacement_records:
                record = replacement_records.get(arn) or ReplacementRecord(
                    certificate_arn=arn,
                    state=ReplacementState.REQUESTED,
                    started_at=self.context.now,
                )
                found[arn] = ReplacementContext(self.state_store, record, observation, wanted)
        if everything:
            listed = {certificate.arn for certificate in scan.everything}
            deleted = replacement_records.keys() - listed - found.keys()
            for arn in sorted(deleted):
                found[arn] = ReplacementContext(
                    self.state_store, replacement_records[arn], None, None
                )
        return list(found.values())

    def _is_due(self, replacement: ReplacementContext) -> bool:
        """Whether a step is due; if not, the reason is left as advice.

        Only due replacements are claimed, to save writes.
        """
        record, observation = replacement.record, replacement.observation
        if observation is None:
            held_back = self.context.held_back is not None
            permitted = self.context.mode is RotationMode.REPLACE and not held_back
            return permitted and not record.state.finished
        certificate = observation.certificate
        blocked = self.context.blocked_reason(certificate, Action.REPLACE)
        if blocked is not None:
            replacement.advice = self._advice_instead(replacement, observation, blocked)
            return False
        # Earlier versions also replaced imported certificates; only a person may go on with that.
        imported = certificate.type is CertificateType.IMPORTED
        if record.version == 0 or record.state is ReplacementState.ABANDONED or imported:
            return replacement.action is not None and self._start(
                replacement, replacement.action, observation
            )
        match record.state:
            case ReplacementState.ISSUED | ReplacementState.BOUND if (
                self.consumers is None and record.moves
            ):
                replacement.advice = _SWITCHED_OFF
                return False
            case ReplacementState.ISSUED if self.consumers is None:
                replacement.advice = self._steps_to_recorded(replacement)
                behind = self.pointers.are_behind(record, certificate)
                return behind or not certificate.used or not replacement.has_found_successor
            case ReplacementState.VERIFIED:
                replacement.advice = self._steps_to_recorded(replacement)
                return self._may_settle(record, certificate)
            case state:
                return not state.finished

    def _may_settle(self, record: ReplacementRecord, certificate: Certificate) -> bool:
        """Whether a verified replacement may move consumers or pointers, or be retired."""
        movable = certificate.in_use and self.consumers is not None
        retirable = not certificate.used and self._is_retirable(record, certificate)
        return movable or retirable or self.pointers.are_behind(record, certificate)

    def _advice_instead(
        self, replacement: ReplacementContext, observation: Observation, blocked: str
    ) -> str:
        """Return what is due, why the mode of the certificate forbids it, and the manual steps."""
        record, certificate = replacement.record, observation.certificate
        found = observation.proposal or observation.successor
        steps = self._manual_steps(replacement, found.arn) if found is not None else ""
        if observation.proposal is not None:
            due = proposed(observation.proposal)
        elif record.version > 0 and not record.state.finished:
            waits = record.state is ReplacementState.VERIFIED
            if waits and not self._may_settle(record, certificate):
                return self._steps_to_recorded(replacement)
            due = f"its replacement is stopped in state {record.state}. Not done here: {blocked}"
        elif replacement.action is not None:
            due = f"{replacement.action.meaning} Not done here: {blocked}"
        else:
            return ""
        return joined([due.removesuffix("."), steps]) if steps else due

    def _start(
        self, replacement: ReplacementContext, action: Action, observation: Observation
    ) -> bool:
        """Set the first state of a replacement, unless it is blocked."""
        record = replacement.record
        certificate, successor = observation.certificate, observation.successor
        started = replace(record, note="", moves=(), expires_at=None, requested_at=None)
        if observation.proposal is not None:
            steps = self._manual_steps(replacement, observation.proposal.arn)
            replacement.advice = f"{proposed(observation.proposal)}\n{steps}" if steps else ""
            return False
        if successor is not None:
            replacement.advice = self._manual_steps(replacement, successor.arn)
            movable = self.consumers is not None and certificate.in_use
            if not movable and not self.pointers.name(certificate.arn):
                return False
            requested_at = record.requested_at if record.successor_arn == successor.arn else None
            replacement.record = replace(
                started,
                state=ReplacementState.ISSUED,
                successor_arn=successor.arn,
                requested_at=requested_at,
            )
            return True
        if record.version > 0 and not record.may_request_again:
            if certificate.used:
                replacement.failure = f"{record.note}; {_RESTART}"
            else:
                replacement.advice = f"{record.note}; fix the cause and request it again manually"
            return False
        reason = self._obtaining.blocked_reason(certificate)
        if reason is not None:
            replacement.advice = f"{action.meaning} Not done here: {reason}"
            return False
        attempt = record.attempt + 1 if record.version > 0 else 1
        state = ReplacementState.REQUESTED
        replacement.record = replace(started, state=state, attempt=attempt, successor_arn=None)
        return True

    def _steps_to_recorded(self, replacement: ReplacementContext) -> str:
        """Return the manual steps to the successor on record, if it may take over now."""
        if not replacement.has_found_successor:
            return ""
        return self._manual_steps(replacement, replacement.record.successor_arn)

    def _manual_steps(self, replacement: ReplacementContext, successor_arn: str | None) -> str:
        """Return the manual steps for consumers that are not moved here."""
        observation, moves = replacement.observation, replacement.record.moves
        if observation is None or successor_arn is None or not observation.certificate.in_use:
            return ""
        certificate = observation.certificate
        now, found = self.context.now, replacement.found
        explaining = [move.binding for move in moves if explains_use(move, found, now)]
        arns = self.catalog.unexplained(certificate, explaining)
        # Resources of AWS's own have the same steps: their settings cannot be distinguished.
        steps: dict[str, None] = {}
        for arn in arns:
            if len(steps) < _SHOWN_COMMANDS:
                steps[self.catalog.manual_steps(certificate, arn, successor_arn)] = None
        more = len(arns) - len(steps)
        texts = [text for text in _kept(moves) if text not in replacement.record.unreported]
        if arns:
            others = f" (and {more} more like these)" if more > 0 else ""
            uses = "1 use" if len(arns) == 1 else f"{len(arns)} uses"
            texts.append(
                f"ACM reports {uses} of the old certificate to be moved to {successor_arn}{others}:"
            )
        return "\n".join(["; ".join(texts), *steps] if texts else [])

    # --- The steps: each returns whether the next one may follow at once --------------------------

    def _request(self, replacement: ReplacementContext) -> bool:
        """Request one successor and write its validation records."""
        old = self._still_needed(replacement)
        if old is None or not self._obtaining.obtain(replacement, old):
            return False
        successor = self._successor(replacement)
        if successor is None:
            return replacement.record.state is ReplacementState.REQUESTED
        pending = successor.status is CertificateStatus.PENDING_VALIDATION
        if pending and not self._obtaining.validate(replacement, successor):
            return False
        replacement.save(state=ReplacementState.VALIDATED)
        return True

    def _await(self, replacement: ReplacementContext) -> bool:
        """Check whether ACM has issued the successor, and write missing validation records."""
        old = self._still_needed(replacement)
        if old is None:
            return False
        successor = self._successor(replacement)
        if successor is None:
            return replacement.record.state is ReplacementState.REQUESTED
        if has_ended(successor):
            return self._ended(replacement, old, successor)
        if successor.status is CertificateStatus.PENDING_VALIDATION:
            if self._obtaining.validate(replacement, successor):
                replacement.advice = f"ACM has not issued the successor {successor.arn} yet"
            return False
        replacement.report(f"the successor {successor.arn} is issued")
        replacement.save(state=ReplacementState.ISSUED)
        return True

    def _bind(self, replacement: ReplacementContext) -> bool:
        """Bind the successor to all consumers of the old certificate."""
        old = self._still_needed(replacement)
        successor = self._successor(replacement) if old is not None else None
        if old is None or successor is None:
            return replacement.record.state is ReplacementState.REQUESTED
        if replacement.record.has_refused_successor():
            return self._after_refusal(replacement)
        if not self._may_take_over(replacement, old, successor):
            return self._unsuitable(replacement, old, successor)
        self.pointers.follow(replacement, old)
        if self.consumers is not None and (old.in_use or replacement.record.moves):
            rebinding = self._rebinding(replacement, self.consumers)
            # Planned moves first: finding the other settings may take the time of a whole run.
            known = replacement.record.moves
            failures = self._record_each(replacement, map(rebinding.bind, _batches(known)))
            failures += self._plan_moves(replacement, rebinding, old)
            new = replacement.record.moves[len(known) :]
            failures += self._record_each(replacement, map(rebinding.bind, _batches(new)))
            failures += self._verify_ready(replacement, rebinding, unknown=bool(failures))
            _require_none(failures)
        elif old.used:
            replacement.advice = self._manual_steps(replacement, replacement.successor_arn)
            return False
        if replacement.record.has_refused_successor():
            return self._after_refusal(replacement)
        if replacement.record.has(BindingChangeStatus.PLANNED):
            return False
        replacement.save(state=ReplacementState.BOUND)
        return True

    def _verify_ready(
        self, replacement: ReplacementContext, rebinding: Rebinding, *, unknown: bool
    ) -> list[str]:
        """Verify bound consumers while others wait, which may take weeks; return the failures.

        Others are also those that are `unknown`, because a region could not be searched.
        """
        moves = replacement.record.moves
        waiting = {
            move.binding.resource for move in moves if move.status is BindingChangeStatus.PLANNED
        }
        if not waiting and not unknown:
            return []  # the next step verifies all
        ready = [move for move in moves if move.binding.resource not in waiting]
        return self._record_each(replacement, map(rebinding.verify, _batches(ready)))

    def _verify(self, replacement: ReplacementContext) -> bool:
        """Verify the bindings, and unbind the old certificate or roll back."""
        moved_before = not replacement.record.has(BindingChangeStatus.BOUND)
        if self.consumers is not None and replacement.record.moves:
            rebinding = self._rebinding(replacement, self.consumers)
            verified = map(rebinding.verify, _batches(replacement.record.moves))
            _require_none(self._record_each(replacement, verified))
        record, observation = replacement.record, replacement.observation
        waiting = [
            move.binding.label for move in record.moves if move.status is BindingChangeStatus.BOUND
        ]
        if waiting:
            replacement.advice = f"not using the successor yet: {', '.join(_first(waiting))}"
            return False
        if record.has_refused_successor():
            return self._strike_off(replacement, "a service refused it")
        if record.is_rolled_back:
            self.pointers.restore(replacement)
        if self._is_still_served(replacement, moved_before=moved_before):
            return False
        used = observation is not None and observation.certificate.in_use
        replacement.renewed = record.has(BindingChangeStatus.MOVED) or not used
        replacement.save(state=ReplacementState.VERIFIED, verified_at=self.context.now)
        replacement.advice = self._manual_steps(replacement, replacement.successor_arn)
        return False

    def _is_still_served(self, replacement: ReplacementContext, *, moved_before: bool) -> bool:
        """Whether to wait because names still serve the old certificate after all moves.

        A probe never causes a rollback: after `SETTLES_WITHIN`, the old certificate must be served
        by something that this module does not move.
        `moved_before` is true if an earlier run has waited, so that the result is reported.
        """
        observation = replacement.observation
        moved = [
            move for move in replacement.record.moves if move.status is BindingChangeStatus.MOVED
        ]
        bound = [move.bound_at for move in moved if move.bound_at is not None]
        if self.tls_probe is None or observation is None or not bound:
            return False
        names = names_that_serve(observation.certificate, self.tls_probe, self.context.clock)
        if not names:
            if moved_before:
                replacement.report("its names do not serve the old one any more")
            return False
        served = f"{', '.join(names)} still {'serves' if len(names) == 1 else 'serve'} the old one"
        if self.context.now < max(bound) + SETTLES_WITHIN:
            replacement.advice = f"moved, and {served}"
            return True
        replacement.report(f"{served}, long after all consumers were moved")
        return False

    def _settle(self, replacement: ReplacementContext) -> bool:
        """Move remaining or new consumers; delete the old certificate once that is due."""
        old = self._old(replacement)
        if old is None:
            return False
        self.pointers.catch_up(replacement, old)
        if old.in_use and self.consumers is not None:
            rebinding = self._rebinding(replacement, self.consumers)
            failures = self._plan_moves(replacement, rebinding, old)
            if replacement.record.has(BindingChangeStatus.PLANNED):
                replacement.advice = ""
                replacement.save(state=ReplacementState.ISSUED)
                return True  # that step fails for the same reasons, after these moves
            _require_none(failures)
            steps = self._manual_steps(replacement, replacement.successor_arn)
            known = steps or _kept(replacement.record.moves)
            replacement.advice = self._steps_to_recorded(replacement) if known else _UNSEEN
        elif not old.used and self._is_retirable(replacement.record, old):
            self._retire(replacement, old)
        return False

    # --- Parts of the steps -----------------------------------------------------------------------

    def _still_needed(self, replacement: ReplacementContext) -> Certificate | None:
        """Describe the old certificate, or abandon a replacement that is not needed any more.

        One that has started to move consumers to its successor is always needed.
        """
        old, record = self._old(replacement), replacement.record
        if old is None or (record.moves and record.successor_arn is not None):
            return old
        requested = record.successor_arn is not None
        needed = requested or replacement.action is not None
        if needed and lacks_future(old, self.context.thresholds, self.context.now):
            return old
        stopped = not requested and record.started_at < self.context.now
        reason = f"{_NOT_NEEDED}; {_MAY_EXIST}" if stopped else _NOT_NEEDED
        self._abandon(replacement, reason, attempt=0, lost=0)
        return None

    def _judged(
        self, replacement: ReplacementContext, old: Certificate, successor: Certificate
    ) -> Candidate:
        """Return whether the described successor may take over now."""
        known = predecessor(old, replacement.record, self.catalog.key_algorithms(old))
        return judge(known, successor, self.context.thresholds, self.context.now)

    def _may_take_over(
        self, replacement: ReplacementContext, old: Certificate, successor: Certificate
    ) -> bool:
        judged = self._judged(replacement, old, successor)
        return judged.continuity is Continuity.AUTOMATIC

    def _unsuitable(
        self, replacement: ReplacementContext, old: Certificate, successor: Certificate
    ) -> bool:
        """Give up a successor that may not take over, unless consumers use it already."""
        cause = self._judged(replacement, old, successor).explanation or Continuity.PROPOSAL.meaning
        reason = f"the successor {successor.arn} may not take over: {cause}"
        record = replacement.record
        started = record.has(BindingChangeStatus.BOUND, BindingChangeStatus.MOVED)
        if old.managed and record.requested_at is None and not started:
            return self._strike_off(replacement, cause)
        if record.moves:
            raise ReplacementError(f"{reason} Its consumers have been moved, or were to be moved.")
        return self._lose(replacement, reason)

    def _after_refusal(self, replacement: ReplacementContext) -> bool:
        """Verify the consumers that accepted a refused successor before the next one is tried.

        They keep it: it may take over from the old certificate, which may be expired or revoked,
        so that no service would accept it again.
        """
        if replacement.record.has(BindingChangeStatus.BOUND):
            replacement.save(state=ReplacementState.BOUND)
            return True
        return self._strike_off(replacement, "a service refused it")

    def _strike_off(self, replacement: ReplacementContext, cause: str) -> bool:
        """Try the next candidate, or request a successor, for the consumers that are left."""
        record = replacement.record
        if not record.has(BindingChangeStatus.MOVED):
            self.pointers.restore(replacement)
        replacement.report(f"{record.successor_arn} does not take over: {cause}")
        replacement.save(
            state=ReplacementState.REQUESTED,
            successor_arn=None,
            attempt=max(1, record.attempt),
            moves=tuple(
                move for move in record.moves if move.status is not BindingChangeStatus.PLANNED
            ),
            refused=tuple(dict.fromkeys((*record.refused, replacement.successor_arn))),
        )
        return True

    def _ended(
        self, replacement: ReplacementContext, old: Certificate, successor: Certificate
    ) -> bool:
        """Request a failed successor again, after a pause to fix the cause."""
        reason = successor.detail.failure_reason
        text = f"ACM ended the request {successor.arn} with {successor.status}"
        text += f" ({reason})" if reason else ""
        record = replacement.record
        if not record.may_request_again:
            self._abandon(replacement, text)
            replacement.failure = _RESTART if replacement.is_used else None
            return False
        again = (record.requested_at or record.started_at) + retry_after(old)
        if self.context.now < again:
            replacement.advice = f"{text}; it is requested again on {again:%Y-%m-%d}"
            return False
        replacement.save(
            state=ReplacementState.REQUESTED,
            attempt=record.attempt + 1,
            successor_arn=None,
        )
        return True

    def _is_retirable(self, record: ReplacementRecord, old: Certificate) -> bool:
        """Whether the retention has ended; an imported certificate exists nowhere else in AWS."""
        imported = old.type is CertificateType.IMPORTED
        return not imported and may_retire(record, self.retire_after, self.context.now)

    def _retire(self, replacement: ReplacementContext, old: Certificate) -> None:
        """Delete the old certificate, if its successor is valid and in use."""
        successor = self._successor(replacement)
        if successor is None:
            return
        moved = any(move.status is BindingChangeStatus.MOVED for move in replacement.record.moves)
        good = self._may_take_over(replacement, old, successor)
        if not good or (moved and not successor.in_use):
            replacement.advice = (
                f"kept, because its successor {successor.arn} is not valid or not used"
            )
            return
        try:
            self.certificates.mark_replaced(old.arn, successor.arn)
        except ManualStepRequiredError as error:
            replacement.advice = f"kept: {error}"
            return
        except CertificateNotFoundError:
            self._finish(replacement, _GONE)
            return
        if self.certificates.delete(old.arn):
            self._finish(replacement, f"deleted; its successor is {successor.arn}")

    def _abandon(self, replacement: ReplacementContext, reason: str, **changes: int) -> None:
        """End the replacement, with `changes` of what it counts."""
        self.pointers.restore(replacement)
        replacement.report(reason)
        ends = self.context.now + HISTORY
        state = ReplacementState.ABANDONED
        replacement.save(state=state, note=reason, expires_at=ends, **changes)

    def _lose(self, replacement: ReplacementContext, reason: str) -> bool:
        """Give up a successor of no use; a used certificate fails the run, and gets another one."""
        lost = replacement.record.lost + 1
        if not replacement.is_used:
            self._abandon(replacement, reason, attempt=MAX_ATTEMPTS + lost, lost=lost)
            return False
        if not replace(replacement.record, lost=lost).may_request_again:
            self._abandon(replacement, reason, lost=lost)
            replacement.failure = _RESTART
            return False
        self.pointers.restore(replacement)
        replacement.report(reason)
        replacement.failure = _ANOTHER
        replacement.save(
            state=ReplacementState.REQUESTED,
            attempt=replacement.record.attempt + 1,
            lost=lost,
            successor_arn=None,
            requested_at=None,
            moves=(),
        )
        return True

    def _finish(self, replacement: ReplacementContext, text: str) -> None:
        replacement.report(text)
        ends = self.context.now + HISTORY
        replacement.save(state=ReplacementState.RETIRED, note=text, expires_at=ends)

    def _successor(self, replacement: ReplacementContext) -> Certificate | None:
        """Describe the successor, or give it up if it was deleted."""
        try:
            return describe_new(replacement.successor_arn, self.certificates, self.context.clock)
        except CertificateNotFoundError:
            self._lose(replacement, f"the successor {replacement.successor_arn} was deleted")
            return None

    def _old(self, replacement: ReplacementContext) -> Certificate | None:
        """Describe the old certificate again, because the scan may be minutes old."""
        try:
            described = self.certificates.describe(replacement.arn)
        except CertificateNotFoundError:
            self.pointers.catch_up(replacement, None)
            self._finish(replacement, _GONE)
            return None
        if replacement.observation is None:
            return None  # not listed yet: ACM is eventually consistent
        listed = replacement.observation.certificate
        return listed.described_as(described.with_tags(listed.detail.tags))

    def _plan_moves(
        self, replacement: ReplacementContext, rebinding: Rebinding, old: Certificate
    ) -> list[str]:
        """Plan a move for each setting that has none, and return the failures."""
        reverted, bindings = rebinding.unplanned(old, replacement.record.moves)
        replacement.found = reverted.found
        failures = self._record_each(replacement, [reverted])
        batches = (
            bindings[first : first + MOVES_AT_ONCE]
            for first in range(0, len(bindings), MOVES_AT_ONCE)
        )
        return [*failures, *self._record_each(replacement, map(rebinding.plan, batches))]

    def _record_each(
        self, replacement: ReplacementContext, results: Iterable[RebindResult]
    ) -> list[str]:
        """Record the moves of each result before the next one is made; return the failures."""
        waiting: list[str] = []
        failures: list[str] = []
        refused: list[str] = []
        for result in results:
            self._record(replacement, result)
            waiting += result.waiting
            failures += result.failures
            refused += result.refused
            if result.out_of_time:
                failures.append(_OUT_OF_TIME)
                break
        if waiting:
            before = [replacement.advice] if replacement.advice else []
            replacement.advice = joined([*before, *_first(waiting)])
        return [*failures, *self._record_refusal(replacement, refused)]

    def _record(self, replacement: ReplacementContext, result: RebindResult) -> None:
        record = replacement.record.with_moves(result.moves).with_reported_moves(result.done)
        if record != replacement.record:
            replacement.record = record
            replacement.save()

    def _record_refusal(
        self, replacement: ReplacementContext, refused: Sequence[str]
    ) -> Sequence[str]:
        """Record that a service refused the successor; a refused request is a failure."""
        record = replacement.record
        if not refused or record.requested_at is not None:
            return refused  # another request would be refused, too
        replacement.report("; ".join(_first(refused)))
        struck_off = dict.fromkeys((*record.refused, replacement.successor_arn))
        replacement.save(refused=tuple(struck_off))
        return ()

    def _rebinding(self, replacement: ReplacementContext, consumers: Consumers) -> Rebinding:
        return Rebinding(
            consumers=consumers,
            context=self.context,
            old=replacement.arn,
            new=replacement.successor_arn,
        )


def _batches(moves: Sequence[BindingChange]) -> Iterator[list[BindingChange]]:
    return by_consumer(moves, MOVES_AT_ONCE)


def _kept(moves: Iterable[BindingChange]) -> list[str]:
    """Return the sentences about consumers that have the old certificate and are not moved."""
    kept = (BindingChangeStatus.LEFT_ALONE, BindingChangeStatus.ROLLED_BACK)
    return [f"{move.binding.label}: {move.note}" for move in moves if move.status in kept]


def _require_none(failures: Sequence[str]) -> None:
    """Raise ReplacementError for failures."""
    if failures:
        raise ReplacementError("; ".join(_first(list(dict.fromkeys(failures)))))


def _first(texts: Sequence[str]) -> list[str]:
    """Return the first texts, and a count of the others as the last one."""
    more = len(texts) - _SHOWN_TEXTS
    return [*texts[:_SHOWN_TEXTS], *([f"and {more} more"] if more > 0 else [])]
