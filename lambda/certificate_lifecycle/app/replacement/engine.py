"""Replace what cannot be renewed: one successor, every consumer moved, the old one deleted.

Two runs never act on one certificate: a run first claims the record by a conditional write, and
every later write is conditional on that claim.
Each step reads the current state first and is recorded before the next one begins, so that this
run, the next run, or one that ACM's own event has started continues wherever another was stopped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from certificate_lifecycle.app.collect import ScanResult
from certificate_lifecycle.app.deadline import error_summary, require_time
from certificate_lifecycle.app.ports import (
    Catalog,
    Certificates,
    Consumers,
    Dns,
    StateStore,
    TlsProbe,
)
from certificate_lifecycle.app.replacement.rebinding import Rebinding, RebindResult
from certificate_lifecycle.app.run_context import RunContext
from certificate_lifecycle.app.tls_probe import names_that_serve
from certificate_lifecycle.app.validation import inspect, require_writable, require_zones, write
from certificate_lifecycle.app.waiting import await_records, describe_new, wanted_records
from certificate_lifecycle.log import logger
from certificate_lifecycle.model.certificate import (
    Action,
    Certificate,
    CertificateStatus,
    CertificateType,
)
from certificate_lifecycle.model.errors import (
    CertificateNotFoundError,
    RecordConflictError,
    ReplacementError,
    StateConflictError,
    ValidationRecordsNotReadyError,
    ZoneAmbiguousError,
    ZoneNotFoundError,
)
from certificate_lifecycle.model.run import ActionRecord, Outcome
from certificate_lifecycle.policy.bindings import SETTLES_WITHIN, BindingChangeStatus
from certificate_lifecycle.policy.chain import find_successor
from certificate_lifecycle.policy.issuance import CertificateRequest, is_equal, may_be_equal
from certificate_lifecycle.policy.observation import Observation
from certificate_lifecycle.policy.succession import (
    CLAIM,
    DAILY_REQUESTS,
    HISTORY,
    MAX_ATTEMPTS,
    REPLACING_ACTIONS,
    RETRY_AFTER,
    ReplacementRecord,
    ReplacementState,
    blocked_reason,
    has_ended,
    may_retire,
    quota_warning,
    succeeds,
    successor_request,
)
from certificate_lifecycle.policy.thresholds import lacks_future
from certificate_lifecycle.policy.validation import RecordChange

_NOT_NEEDED = "it does not need a successor any more"
_MAY_EXIST = (
    "an earlier run may have requested one before it could write that down, and nobody needs that"
)
_UNSEEN = "nothing that can be seen from here holds it any more; ACM takes a while to notice that"
_SWITCHED_OFF = "moving its consumers was switched off before all were verified"
_SHOWN_COMMANDS = 3


@dataclass(slots=True)
class ReplacementContext:
    """One certificate on its way to a successor, as far as this run has come.

    `observation` is None if the certificate was not scanned, `action` if it needs none.
    `advice` says what comes next, `plan` what a run that is no dry run would do, `failure` what
    went wrong.
    """

    replacement_record: ReplacementRecord
    observation: Observation | None
    action: Action | None
    advice: str = ""
    plan: str = ""
    failure: str | None = None
    renewed: bool = False

    @property
    def arn(self) -> str:
        """The certificate that is replaced."""
        return self.replacement_record.certificate_arn

    @property
    def successor_arn(self) -> str:
        """The successor, in a state that has one."""
        if self.replacement_record.successor_arn is None:
            raise ReplacementError(f"the journal of {self.arn} names no successor")
        return self.replacement_record.successor_arn

    def report(self, text: str) -> None:
        """Note what was done; it stays in the journal until a message has carried it."""
        self.replacement_record = replace(
            self.replacement_record, unreported=(*self.replacement_record.unreported, text)
        )

    def record(self) -> ActionRecord | None:
        """Return what this run did, what an earlier one did and could not report, or what is next.

        None if there is nothing to report.
        """
        replacement_record, action = self.replacement_record, self.action or Action.REPLACE
        if self.plan:
            return ActionRecord(self.arn, action, Outcome.PLANNED, self.plan)
        failed = [] if self.failure is None else [self.failure]
        said = [*replacement_record.unreported, *failed, *([self.advice] if self.advice else [])]
        if not said:
            return None
        outcome = Outcome.ADVISED
        if failed:
            outcome = Outcome.FAILED
        elif replacement_record.unreported:
            done = (
                replacement_record.state.finished
                or replacement_record.state is ReplacementState.VERIFIED
            )
            outcome = Outcome.DONE if done else Outcome.STARTED
        return ActionRecord(self.arn, action, outcome, "; ".join(said), self.renewed)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplacementEngine:
    """Begins replacements and advances them, in one account and region.

    Without `consumers` none is moved.
    With `tls_probe`, a move is also verified by what the certificate's names serve.
    `handled` are the journals of this run as they are now, which the message reports.
    """

    context: RunContext
    certificates: Certificates
    dns: Dns
    state_store: StateStore
    catalog: Catalog
    consumers: Consumers | None = None
    tls_probe: TlsProbe | None = None
    retire_after: timedelta | None = None
    handled: list[ReplacementRecord] = field(default_factory=list, init=False)

    def act(
        self,
        scan: ScanResult,
        replacement_records: Mapping[str, ReplacementRecord],
        *,
        everything: bool,
    ) -> list[ActionRecord]:
        """Return what was done or is next, one record for each certificate that is concerned.

        With `everything` scanned, a certificate that was not found does not exist any more.
        """
        records = []
        for replacement in self._replacements(scan, replacement_records, everything=everything):
            self.advance(replacement)
            self.handled.append(replacement.replacement_record)
            record = replacement.record()
            if record is not None:
                logger.info("action", extra=record.to_dict())
                records.append(record)
        return records

    def advance(self, replacement: ReplacementContext) -> None:
        """Take step after step until one has to wait; a failure is kept in the context."""
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
                replacement.plan = _plan(replacement.replacement_record)
                return
            require_time(self.context.clock)
            with self._claimed(replacement):
                while steps[replacement.replacement_record.state](replacement):
                    require_time(self.context.clock)
        except StateConflictError as error:
            replacement.advice = str(error)
        except Exception as error:  # noqa: BLE001 - one must not stop the others; raised at the end
            logger.exception("replacement failed", extra={"certificate_arn": replacement.arn})
            replacement.failure = error_summary(error)

    @contextmanager
    def _claimed(self, replacement: ReplacementContext) -> Iterator[None]:
        """Let only this run act on a journal while the block runs."""
        now = self.context.now
        replacement.replacement_record = self.state_store.claim(
            replacement.replacement_record, self.context.run_id, now, now + CLAIM
        )
        try:
            yield
        except Exception:
            with suppress(StateConflictError):
                self._record(replacement, claimed_by=None, claimed_until=None)
            raise
        self._record(replacement, claimed_by=None, claimed_until=None)

    def _record(self, replacement: ReplacementContext, **changes: Any) -> None:  # noqa: ANN401 - any field of a journal
        replacement.replacement_record = self.state_store.save_replacement(
            replace(replacement.replacement_record, **changes)
        )

    # --- Whether there is something to do ---------------------------------------------------------

    def _replacements(
        self,
        scan: ScanResult,
        replacement_records: Mapping[str, ReplacementRecord],
        *,
        everything: bool,
    ) -> list[ReplacementContext]:
        """Return what needs a replacement or has begun one; nothing if ACM could not be listed."""
        if not scan.listed:
            return []
        found = {}
        for observation, entry in zip(scan.observations, scan.assessments, strict=True):
            arn, action = entry.certificate.arn, entry.decision.action
            wanted = action if action in REPLACING_ACTIONS else None
            if wanted is not None or arn in replacement_records:
                replacement_record = replacement_records.get(arn) or ReplacementRecord(
                    certificate_arn=arn,
                    state=ReplacementState.REQUESTED,
                    started_at=self.context.now,
                )
                found[arn] = ReplacementContext(replacement_record, observation, wanted)
        if everything:
            for arn, replacement_record in replacement_records.items():
                found.setdefault(arn, ReplacementContext(replacement_record, None, None))
        return list(found.values())

    def _is_due(self, replacement: ReplacementContext) -> bool:
        """Whether there is a step to take; what hinders it is left as advice.

        A journal is claimed for nothing else: waiting to retire is no reason to write.
        """
        replacement_record, observation = replacement.replacement_record, replacement.observation
        if observation is None:
            return not replacement_record.state.finished
        if (
            replacement_record.version == 0
            or replacement_record.state is ReplacementState.ABANDONED
        ):
            return replacement.action is not None and self._begin(
                replacement, replacement.action, observation
            )
        certificate = observation.certificate
        match replacement_record.state:
            case ReplacementState.ISSUED | ReplacementState.BOUND if (
                self.consumers is None and replacement_record.moves
            ):
                replacement.advice = _SWITCHED_OFF
                return False
            case ReplacementState.ISSUED if self.consumers is None:
                replacement.advice = self._manual_steps(
                    replacement, replacement_record.successor_arn
                )
                return not certificate.used or observation.successor is None
            case ReplacementState.VERIFIED:
                replacement.advice = self._manual_steps(
                    replacement, replacement_record.successor_arn
                )
                movable = certificate.in_use and self.consumers is not None
                retirable = not certificate.used and may_retire(
                    replacement_record, self.retire_after, self.context.now
                )
                return movable or retirable
            case state:
                return not state.finished

    def _begin(
        self, replacement: ReplacementContext, action: Action, observation: Observation
    ) -> bool:
        """Say in the journal how a replacement starts, unless something speaks against it."""
        replacement_record = replacement.replacement_record
        certificate, successor = observation.certificate, observation.successor
        begun = replace(replacement_record, note="", moves=(), expires_at=None)
        if successor is not None:
            replacement.advice = self._manual_steps(replacement, successor.arn)
            alike = successor.type is certificate.type
            if self.consumers is None or not certificate.in_use or not alike:
                return False
            state = ReplacementState.ISSUED
            replacement.replacement_record = replace(
                begun, state=state, successor_arn=successor.arn
            )
            return True
        if replacement_record.version > 0 and replacement_record.attempt >= MAX_ATTEMPTS:
            replacement.advice = replacement_record.note
            return False
        why = self._blocked_reason(certificate)
        if why is not None:
            replacement.advice = f"{action.meaning} Not done here: {why}"
            return False
        attempt = replacement_record.attempt + 1 if replacement_record.version > 0 else 1
        state = ReplacementState.REQUESTED
        replacement.replacement_record = replace(
            begun, state=state, attempt=attempt, successor_arn=None
        )
        return True

    def _blocked_reason(self, certificate: Certificate) -> str | None:
        """Return why no successor is requested, or None."""
        why = blocked_reason(certificate, self.context.instance)
        if why is None and certificate.type is not CertificateType.PRIVATE:
            try:
                require_zones(self.dns, certificate.names)
            except (ZoneNotFoundError, ZoneAmbiguousError) as error:
                why = f"it could not be validated ({error})"
        return why

    def _manual_steps(self, replacement: ReplacementContext, successor_arn: str | None) -> str:
        """Return the manual steps for what is not moved here."""
        observation, moves = replacement.observation, replacement.replacement_record.moves
        if observation is None or successor_arn is None or not observation.certificate.in_use:
            return ""
        arns = self.catalog.unexplained(observation.certificate, [move.binding for move in moves])
        steps = [self.catalog.manual_steps(arn, successor_arn) for arn in arns[:_SHOWN_COMMANDS]]
        more = len(arns) - _SHOWN_COMMANDS
        left = [
            f"{move.binding.label}: {move.note}"
            for move in moves
            if move.status in (BindingChangeStatus.LEFT_ALONE, BindingChangeStatus.ROLLED_BACK)
        ]
        if arns:
            others = f" (and {more} more like these)" if more > 0 else ""
            left.append(f"what still has to be moved to {successor_arn}{others}:")
        return "\n".join(["; ".join(left), *steps] if left else [])

    # --- The steps: each returns whether the next one may follow at once --------------------------

    def _request(self, replacement: ReplacementContext) -> bool:
        """Have one successor requested, and its validation records written."""
        old = self._still_needed(replacement)
        if old is None or not self._obtain(replacement, old):
            return False
        successor = self._successor(replacement)
        if successor is None:
            return False
        pending = successor.status is CertificateStatus.PENDING_VALIDATION
        if pending and not self._validate(replacement, successor):
            return False
        self._record(replacement, state=ReplacementState.VALIDATED)
        return True

    def _await(self, replacement: ReplacementContext) -> bool:
        """Check whether ACM has issued the successor, and write the records that it lacks."""
        if self._still_needed(replacement) is None:
            return False
        successor = self._successor(replacement)
        if successor is None:
            return False
        if has_ended(successor):
            return self._ended(replacement, successor)
        if successor.status is CertificateStatus.PENDING_VALIDATION:
            if self._validate(replacement, successor):
                replacement.advice = f"ACM has yet to issue the successor {successor.arn}"
            return False
        replacement.report(f"the successor {successor.arn} is issued")
        self._record(replacement, state=ReplacementState.ISSUED)
        return True

    def _bind(self, replacement: ReplacementContext) -> bool:
        """Bind the successor wherever the old certificate is bound."""
        old = self._still_needed(replacement)
        successor = self._successor(replacement) if old is not None else None
        if old is None or successor is None:
            return False
        if not succeeds(successor, old, self.context.thresholds, self.context.now):
            why = f"the successor {successor.arn} cannot take over any more"
            if replacement.replacement_record.moves:
                raise ReplacementError(f"{why}, and some consumers have been moved to it")
            self._abandon(replacement, why)
            return False
        if self.consumers is not None and (old.in_use or replacement.replacement_record.moves):
            rebinding = self._rebinding(replacement, self.consumers)
            self._take(replacement, rebinding.plan(old, replacement.replacement_record.moves))
            self._take(replacement, rebinding.bind(replacement.replacement_record.moves))
        elif old.used:
            replacement.advice = self._manual_steps(replacement, replacement.successor_arn)
            return False
        if replacement.replacement_record.has(BindingChangeStatus.PLANNED):
            return False
        self._record(replacement, state=ReplacementState.BOUND)
        return True

    def _verify(self, replacement: ReplacementContext) -> bool:
        """Verify what was bound, and unbind or put back."""
        moved_before = not replacement.replacement_record.has(BindingChangeStatus.BOUND)
        if self.consumers is not None and replacement.replacement_record.moves:
            rebinding = self._rebinding(replacement, self.consumers)
            self._take(replacement, rebinding.verify(replacement.replacement_record.moves))
        replacement_record, observation = replacement.replacement_record, replacement.observation
        waits = [
            move.binding.label
            for move in replacement_record.moves
            if move.status is BindingChangeStatus.BOUND
        ]
        if waits:
            replacement.advice = f"still taking the successor: {', '.join(waits)}"
            return False
        if self._is_still_shown(replacement, moved_before=moved_before):
            return False
        used = observation is not None and observation.certificate.in_use
        replacement.renewed = replacement_record.has(BindingChangeStatus.MOVED) or not used
        self._record(replacement, state=ReplacementState.VERIFIED, verified_at=self.context.now)
        replacement.advice = self._manual_steps(replacement, replacement.successor_arn)
        return False

    def _is_still_shown(self, replacement: ReplacementContext, *, moved_before: bool) -> bool:
        """Whether to wait because names still show the old certificate where all was moved.

        Only after what was moved has let go of it: a listener that holds both may show either.
        What cannot be reached says nothing, and nothing is put back for what is seen: after a
        while, something that this module does not move must be what shows it. Where all was
        `moved_before` this run, an earlier one has waited, and the end of it is reported.
        """
        observation = replacement.observation
        moved = [
            move
            for move in replacement.replacement_record.moves
            if move.status is BindingChangeStatus.MOVED
        ]
        bound = [move.bound_at for move in moved if move.bound_at is not None]
        if self.tls_probe is None or observation is None or not bound:
            return False
        names = names_that_serve(observation.certificate, self.tls_probe, self.context.clock)
        if not names:
            if moved_before:
                replacement.report("none of its names is seen to show the old one any more")
            return False
        shown = f"{', '.join(names)} still {'shows' if len(names) == 1 else 'show'} the old one"
        if self.context.now < max(bound) + SETTLES_WITHIN:
            replacement.advice = f"moved, and {shown}"
            return True
        replacement.report(f"{shown}, long after everything that could be moved has the successor")
        return False

    def _settle(self, replacement: ReplacementContext) -> bool:
        """Move what still, or again, uses the old certificate; delete it once that is due."""
        old = self._old(replacement)
        if old is None:
            return False
        if old.in_use and self.consumers is not None:
            rebinding = self._rebinding(replacement, self.consumers)
            self._take(replacement, rebinding.plan(old, replacement.replacement_record.moves))
            if replacement.replacement_record.has(BindingChangeStatus.PLANNED):
                self._record(replacement, state=ReplacementState.ISSUED)
                return True
            replacement.advice = (
                self._manual_steps(replacement, replacement.successor_arn) or _UNSEEN
            )
        elif not old.used and may_retire(
            replacement.replacement_record, self.retire_after, self.context.now
        ):
            self._retire(replacement, old)
        return False

    # --- What the steps are made of ---------------------------------------------------------------

    def _still_needed(self, replacement: ReplacementContext) -> Certificate | None:
        """Describe the old certificate; a replacement that is not needed any more ends here.

        One that has begun to move consumers is always needed.
        """
        old, replacement_record = self._old(replacement), replacement.replacement_record
        if old is None or replacement_record.moves:
            return old
        begun = replacement_record.successor_arn is not None
        needed = begun or replacement.action is not None
        if needed and lacks_future(old, self.context.thresholds, self.context.now):
            return old
        stopped = not begun and replacement_record.started_at < self.context.now
        why = f"{_NOT_NEEDED}; {_MAY_EXIST}" if stopped else _NOT_NEEDED
        self._abandon(replacement, why, attempt=0)
        return None

    def _obtain(self, replacement: ReplacementContext, old: Certificate) -> bool:
        """Find a certificate that already is the successor, or request it."""
        if replacement.replacement_record.successor_arn is not None:
            return True
        request = successor_request(old, replacement.replacement_record.attempt)
        listed = list(self.certificates.list_all())
        found = find_successor(old, listed, self.context.thresholds, self.context.now)
        if found is None or found.type is not old.type:
            found = self._pending(request, listed)
        if found is not None:
            replacement.report(f"found the successor {found.arn}")
            self._record(replacement, successor_arn=found.arn, requested_at=self.context.now)
            return True
        if not self.state_store.count_request(self.context.now.date(), old.arn, DAILY_REQUESTS):
            replacement.advice = (
                f"no successor is requested today: {DAILY_REQUESTS} others were; "
                "a run of tomorrow goes on"
            )
            return False
        arn = self.certificates.request(request)
        warning = quota_warning(listed, self.context.now)
        replacement.report(f"requested the successor {arn}{f' ({warning})' if warning else ''}")
        self._record(replacement, successor_arn=arn, requested_at=self.context.now)
        return True

    def _pending(
        self, request: CertificateRequest, listed: Sequence[Certificate]
    ) -> Certificate | None:
        """Return a request for the very same certificate that is under way."""
        for candidate in listed:
            pending = candidate.status is CertificateStatus.PENDING_VALIDATION
            if pending and may_be_equal(request, candidate, self.context.now):
                with suppress(CertificateNotFoundError):
                    described = self.certificates.describe(candidate.arn)
                    if is_equal(request, described, self.context.now):
                        return described
        return None

    def _validate(self, replacement: ReplacementContext, successor: Certificate) -> bool:
        """Have the validation records of the successor stand; what hinders that is advice."""
        if successor.type is CertificateType.PRIVATE:
            return True
        try:
            known = await_records(successor, self.certificates, self.context.clock)
            findings = inspect(self.dns, wanted_records(known))
            require_writable(findings)
        except (
            RecordConflictError,
            ValidationRecordsNotReadyError,
            ZoneAmbiguousError,
            ZoneNotFoundError,
        ) as error:
            replacement.advice = f"the successor {successor.arn} cannot be validated yet: {error}"
            return False
        changed = [finding for finding in findings if finding.change is not RecordChange.UNCHANGED]
        if changed:
            # Once it is issued, nothing tells any more that a run which was stopped has written.
            names = ", ".join(finding.record.name for finding in changed)
            text = f"write the validation record {names} of its successor"
            self.context.record_intent(replacement.arn, replacement.action or Action.REPLACE, text)
            write(self.dns, findings)
        for finding in changed:
            replacement.report(f"{finding.change} {finding.record.name}")
        return True

    def _ended(self, replacement: ReplacementContext, successor: Certificate) -> bool:
        """Request a successor that ACM ended once more, after time to fix the cause."""
        reason = successor.detail.failure_reason
        what = f"ACM ended the request {successor.arn} with {successor.status}"
        what += f" ({reason})" if reason else ""
        replacement_record = replacement.replacement_record
        if replacement_record.attempt >= MAX_ATTEMPTS:
            self._abandon(replacement, f"{what}; mend the cause and request it again by hand")
            return False
        again = (replacement_record.requested_at or replacement_record.started_at) + RETRY_AFTER
        if self.context.now < again:
            replacement.advice = f"{what}; it is requested once more on {again:%Y-%m-%d}"
            return False
        self._record(
            replacement,
            state=ReplacementState.REQUESTED,
            attempt=replacement_record.attempt + 1,
            successor_arn=None,
        )
        return True

    def _retire(self, replacement: ReplacementContext, old: Certificate) -> None:
        """Delete the old certificate, if its successor is valid and has taken its place."""
        successor = self._successor(replacement)
        if successor is None:
            return
        moved = any(
            move.status is BindingChangeStatus.MOVED
            for move in replacement.replacement_record.moves
        )
        good = succeeds(successor, old, self.context.thresholds, self.context.now)
        if not good or (moved and not successor.in_use):
            replacement.advice = (
                f"kept, because its successor {successor.arn} does not serve in its place"
            )
            return
        self.certificates.mark_replaced(old.arn, successor.arn)
        if self.certificates.delete(old.arn):
            self._finish(replacement, f"deleted; its successor is {successor.arn}")

    def _abandon(
        self, replacement: ReplacementContext, why: str, *, attempt: int = MAX_ATTEMPTS
    ) -> None:
        """End the replacement for good, or for now with `attempt` 0."""
        replacement.report(why)
        ends = self.context.now + HISTORY
        state = ReplacementState.ABANDONED
        self._record(replacement, state=state, note=why, attempt=attempt, expires_at=ends)

    def _finish(self, replacement: ReplacementContext, text: str) -> None:
        replacement.report(text)
        ends = self.context.now + HISTORY
        self._record(replacement, state=ReplacementState.RETIRED, note=text, expires_at=ends)

    def _successor(self, replacement: ReplacementContext) -> Certificate | None:
        """Describe the successor; a replacement ends if its successor was deleted."""
        try:
            return describe_new(replacement.successor_arn, self.certificates, self.context.clock)
        except CertificateNotFoundError:
            self._abandon(
                replacement, f"somebody deleted the successor {replacement.successor_arn}"
            )
            return None

    def _old(self, replacement: ReplacementContext) -> Certificate | None:
        """Describe the old certificate again, because the scan may be minutes old."""
        try:
            described = self.certificates.describe(replacement.arn)
        except CertificateNotFoundError:
            self._finish(replacement, "the old certificate does not exist any more")
            return None
        if replacement.observation is None:
            return None  # it was not listed, which ACM may be late with
        listed = replacement.observation.certificate
        return listed.described_as(described.with_tags(listed.detail.tags))

    def _take(self, replacement: ReplacementContext, result: RebindResult) -> None:
        """Keep what became of the moves; raise for what failed once that is on record."""
        for text in result.done:
            replacement.report(text)
        replacement.advice = "; ".join(result.waiting)
        moves = tuple(result.moves)
        if moves != replacement.replacement_record.moves or result.done:
            self._record(replacement, moves=moves)
        if result.failures:
            raise ReplacementError("; ".join(result.failures))

    def _rebinding(self, replacement: ReplacementContext, consumers: Consumers) -> Rebinding:
        return Rebinding(
            consumers=consumers,
            context=self.context,
            old=replacement.arn,
            new=replacement.successor_arn,
        )


def _plan(replacement_record: ReplacementRecord) -> str:
    """Return what a run that is no dry run would do."""
    if replacement_record.version > 0:
        return f"go on with its replacement, whose state is {replacement_record.state}"
    if replacement_record.successor_arn is not None:
        return f"move what uses it to its successor {replacement_record.successor_arn}"
    return "request a successor"
