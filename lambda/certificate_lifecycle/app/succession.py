"""One certificate on its way to a successor: the steps, and what this run has done of them.

Each step looks first and is recorded before the next one begins, so that the run, the next run, or
one that ACM's own event has started goes on wherever another was stopped.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from certificate_lifecycle.app.isolation import Announce, require_time, silent
from certificate_lifecycle.app.ports import (
    Certificates,
    Clock,
    ConsumerCatalog,
    Consumers,
    Dns,
    Ledger,
    Served,
)
from certificate_lifecycle.app.rebinding import Rebinding, Rebound
from certificate_lifecycle.app.validation import inspect, require_writable, write
from certificate_lifecycle.app.waiting import await_records, describe_new, wanted_records
from certificate_lifecycle.core.assessment import find_successor
from certificate_lifecycle.core.consumers import SETTLES_WITHIN, MoveStatus
from certificate_lifecycle.core.issuance import CertificateRequest, is_equal, may_be_equal
from certificate_lifecycle.core.model import (
    Action,
    Certificate,
    CertificateStatus,
    CertificateType,
)
from certificate_lifecycle.core.observation import Observation
from certificate_lifecycle.core.replacement import (
    DAILY_REQUESTS,
    HISTORY,
    MAX_ATTEMPTS,
    RETRY_AFTER,
    Journal,
    ReplacementState,
    is_over,
    may_retire,
    quota_warning,
    succeeds,
    successor_request,
)
from certificate_lifecycle.core.run import ActionRecord, Outcome
from certificate_lifecycle.core.timing import Thresholds, lacks_future
from certificate_lifecycle.core.validation import Change
from certificate_lifecycle.errors import (
    CertificateNotFoundError,
    LedgerConflictError,
    RecordConflictError,
    ReplacementError,
    ValidationRecordsNotReadyError,
    ZoneAmbiguousError,
    ZoneNotFoundError,
)

_NOT_NEEDED = "it does not need a successor any more"
_MAY_EXIST = (
    "an earlier run may have requested one before it could write that down, and nobody needs that"
)
_UNSEEN = "nothing that can be seen from here holds it any more; ACM takes a while to notice that"
_SHOWN_COMMANDS = 3


@dataclass(slots=True)
class Case:
    """One certificate on its way to a successor, as far as this run has come."""

    journal: Journal
    observation: Observation | None
    action: Action | None
    advice: str = ""
    renewed: bool = False

    @property
    def arn(self) -> str:
        """The certificate that is replaced."""
        return self.journal.certificate_arn

    @property
    def successor_arn(self) -> str:
        """The successor, in a state that has one."""
        if self.journal.successor_arn is None:
            raise ReplacementError(f"the journal of {self.arn} names no successor")
        return self.journal.successor_arn

    def tell(self, text: str) -> None:
        """Note what was done; it stays in the journal until a message has carried it."""
        self.journal = replace(self.journal, untold=(*self.journal.untold, text))

    def record(self, *, failure: str | None = None) -> ActionRecord | None:
        """Return what this run did, what an earlier one did and could not tell, or what is next."""
        journal = self.journal
        action = self.action or Action.REPLACE
        failed = [failure] if failure is not None else []
        said = [*journal.untold, *failed, *([self.advice] if self.advice else [])]
        if failed:
            return ActionRecord(self.arn, action, Outcome.FAILED, "; ".join(said), self.renewed)
        if not said:
            return None
        outcome = Outcome.ADVISED
        if journal.untold:
            done = journal.state.over or journal.state is ReplacementState.VERIFIED
            outcome = Outcome.DONE if done else Outcome.STARTED
        return ActionRecord(self.arn, action, outcome, "; ".join(said), self.renewed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Succession:
    """Takes the steps of replacements in one account and region.

    With `served`, what was moved is verified by what its names show, too.
    """

    certificates: Certificates
    dns: Dns
    clock: Clock
    ledger: Ledger
    consumers: Consumers | None
    catalog: ConsumerCatalog
    thresholds: Thresholds
    retire_after: timedelta | None
    now: datetime
    served: Served | None = None
    announce: Announce = silent

    def go_on(self, case: Case) -> None:
        """Take step after step until one has to wait, and let go of the claim."""
        try:
            while self._step(case):
                require_time(self.clock)
        except Exception:
            with suppress(LedgerConflictError):
                self._release(case)
            raise
        self._release(case)

    def _release(self, case: Case) -> None:
        self._record(case, claimed_by=None, claimed_until=None)

    def _record(self, case: Case, **changes: Any) -> None:  # noqa: ANN401 - any field of a journal
        case.journal = self.ledger.record(replace(case.journal, **changes))

    def _step(self, case: Case) -> bool:
        """Take the step that the state asks for; return whether the next one may follow at once."""
        match case.journal.state:
            case ReplacementState.REQUESTED:
                return self._request(case)
            case ReplacementState.VALIDATED:
                return self._await(case)
            case ReplacementState.ISSUED:
                return self._bind(case)
            case ReplacementState.BOUND:
                return self._verify(case)
            case _:  # verified: nothing that is over is ever gone on with
                return self._settle(case)

    def by_hand(self, case: Case, successor_arn: str | None) -> str:
        """Return the manual steps for what is not moved here."""
        observation, journal = case.observation, case.journal
        if observation is None or successor_arn is None or not observation.certificate.in_use:
            return ""
        certificate = observation.certificate
        bindings = [move.binding for move in journal.moves]
        arns = self.catalog.unexplained(certificate, bindings)
        steps = [self.catalog.manual_steps(arn, successor_arn) for arn in arns[:_SHOWN_COMMANDS]]
        more = len(arns) - _SHOWN_COMMANDS
        left = [
            f"{move.binding.label}: {move.note}"
            for move in journal.moves
            if move.status in (MoveStatus.LEFT_ALONE, MoveStatus.ROLLED_BACK)
        ]
        if arns:
            others = f" (and {more} more like these)" if more > 0 else ""
            left.append(f"what still has to be moved to {successor_arn}{others}:")
        return "\n".join(["; ".join(left), *steps] if left else [])

    # --- The steps: each returns whether the next one may follow at once --------------------------

    def _request(self, case: Case) -> bool:
        """Have one successor requested, and its validation records written."""
        old = self._old(case)
        if old is None or self._superfluous(case, old):
            return False
        if case.journal.successor_arn is None and not self._obtain(case, old):
            return False
        successor = self._successor(case)
        if successor is None:
            return False
        if successor.status is CertificateStatus.PENDING_VALIDATION and not self._validate(
            case, successor
        ):
            return False
        self._record(case, state=ReplacementState.VALIDATED)
        return True

    def _await(self, case: Case) -> bool:
        """See whether ACM has issued the successor; what hinders it is mended."""
        old = self._old(case)
        if old is None or self._superfluous(case, old):
            return False
        successor = self._successor(case)
        if successor is None:
            return False
        if is_over(successor):
            return self._ended(case, successor)
        if successor.status is CertificateStatus.PENDING_VALIDATION:
            if self._validate(case, successor):
                case.advice = f"ACM has yet to issue the successor {successor.arn}"
            return False
        case.tell(f"the successor {successor.arn} is issued")
        self._record(case, state=ReplacementState.ISSUED)
        return True

    def _bind(self, case: Case) -> bool:
        """Bind the successor wherever the old certificate is bound."""
        old = self._old(case)
        if old is None or (not case.journal.moves and self._superfluous(case, old)):
            return False
        successor = self._successor(case)
        if successor is None:
            return False
        if not succeeds(successor, old, self.thresholds, self.now):
            why = f"the successor {successor.arn} cannot take over any more"
            if case.journal.moves:
                raise ReplacementError(f"{why}, and some consumers have been moved to it")
            self._abandon(case, why)
            return False
        if self.consumers is not None and (old.in_use or case.journal.moves):
            rebinding = self._rebinding(case, self.consumers)
            self._take(case, rebinding.plan(old, case.journal.moves))
            self._take(case, rebinding.bind(case.journal.moves))
        elif old.used:
            case.advice = self.by_hand(case, case.successor_arn)
            return False
        if case.journal.has(MoveStatus.PLANNED):
            return False
        self._record(case, state=ReplacementState.BOUND)
        return True

    def _verify(self, case: Case) -> bool:
        """Verify what was bound, and unbind or put back."""
        moved_before = not case.journal.has(MoveStatus.BOUND)
        if self.consumers is not None and case.journal.moves:
            self._take(case, self._rebinding(case, self.consumers).verify(case.journal.moves))
        if case.journal.has(MoveStatus.BOUND):
            waits = [m.binding.label for m in case.journal.moves if m.status is MoveStatus.BOUND]
            case.advice = f"still taking the successor: {', '.join(waits)}"
            return False
        if self._is_still_shown(case, moved_before=moved_before):
            return False
        used = case.observation is not None and case.observation.certificate.in_use
        case.renewed = case.journal.has(MoveStatus.MOVED) or not used
        self._record(case, state=ReplacementState.VERIFIED, verified_at=self.now)
        case.advice = self.by_hand(case, case.successor_arn)
        return False

    def _is_still_shown(self, case: Case, *, moved_before: bool) -> bool:
        """Whether to wait because names still show the old certificate where all was moved.

        Only after what was moved has let go of it: a listener that holds both may show either.
        What cannot be reached says nothing, and nothing is put back for what is seen: after a
        while, something that this module does not move must be what shows it. Where all was
        `moved_before` this run, an earlier one has waited, and people are told the end of it.
        """
        moved = [m.bound_at for m in case.journal.moves if m.status is MoveStatus.MOVED]
        bound = [moment for moment in moved if moment is not None]
        if self.served is None or case.observation is None or not bound:
            return False
        # Here, so that a cold start that looks at nothing served does not wait for it.
        from certificate_lifecycle.app.served import names_that_show  # noqa: PLC0415

        names = names_that_show(case.observation.certificate, self.served, self.clock)
        if not names:
            if moved_before:
                case.tell("none of its names is seen to show the old one any more")
            return False
        shown = f"{', '.join(names)} still {'shows' if len(names) == 1 else 'show'} the old one"
        if self.now < max(bound) + SETTLES_WITHIN:
            case.advice = f"moved, and {shown}"
            return True
        case.tell(f"{shown}, long after everything that could be moved has the successor")
        return False

    def _settle(self, case: Case) -> bool:
        """Move what still, or again, uses the old certificate; delete it after the soak."""
        old = self._old(case)
        if old is None:
            return False
        if old.in_use and self.consumers is not None:
            rebinding = self._rebinding(case, self.consumers)
            self._take(case, rebinding.plan(old, case.journal.moves))
            if case.journal.has(MoveStatus.PLANNED):
                self._record(case, state=ReplacementState.ISSUED)
                return True
            case.advice = self.by_hand(case, case.successor_arn) or _UNSEEN
        elif not old.used and may_retire(case.journal, self.retire_after, self.now):
            self._retire(case, old)
        return False

    # --- What the steps are made of ---------------------------------------------------------------

    def _superfluous(self, case: Case, old: Certificate) -> bool:
        """Give up a replacement that is not needed any more."""
        begun = case.journal.successor_arn is not None
        needed = (case.action is not None or begun) and lacks_future(old, self.thresholds, self.now)
        if not needed:
            stopped = not begun and case.journal.started_at < self.now
            why = f"{_NOT_NEEDED}; {_MAY_EXIST}" if stopped else _NOT_NEEDED
            self._abandon(case, why, attempt=0)
        return not needed

    def _obtain(self, case: Case, old: Certificate) -> bool:
        """Find a certificate that already is the successor, or request it."""
        request = successor_request(old, case.journal.attempt)
        listed = list(self.certificates.list_all())
        found = find_successor(old, listed, self.thresholds, self.now)
        if found is None or found.type is not old.type:
            found = self._pending(request, listed)
        if found is not None:
            case.tell(f"found the successor {found.arn}")
            self._record(case, successor_arn=found.arn, requested_at=self.now)
            return True
        if not self.ledger.take_request(self.now.date(), old.arn, DAILY_REQUESTS):
            case.advice = (
                f"no successor is requested today: {DAILY_REQUESTS} others were; "
                "a run of tomorrow goes on"
            )
            return False
        arn = self.certificates.request(request)
        warning = quota_warning(listed, self.now)
        case.tell(f"requested the successor {arn}{f' ({warning})' if warning else ''}")
        self._record(case, successor_arn=arn, requested_at=self.now)
        return True

    def _pending(
        self, request: CertificateRequest, listed: Sequence[Certificate]
    ) -> Certificate | None:
        """Return a request for the very same certificate that is under way."""
        for candidate in listed:
            pending = candidate.status is CertificateStatus.PENDING_VALIDATION
            if pending and may_be_equal(request, candidate, self.now):
                with suppress(CertificateNotFoundError):
                    described = self.certificates.describe(candidate.arn)
                    if is_equal(request, described, self.now):
                        return described
        return None

    def _validate(self, case: Case, successor: Certificate) -> bool:
        """Have the validation records of the successor stand; what hinders that is advice."""
        if successor.type is CertificateType.PRIVATE:
            return True
        try:
            known = await_records(successor, self.certificates, self.clock)
            findings = inspect(self.dns, wanted_records(known))
            require_writable(findings)
        except (
            RecordConflictError,
            ValidationRecordsNotReadyError,
            ZoneAmbiguousError,
            ZoneNotFoundError,
        ) as error:
            case.advice = f"the successor {successor.arn} cannot be validated yet: {error}"
            return False
        changed = [finding for finding in findings if finding.change is not Change.UNCHANGED]
        if changed:
            # Once it is issued, nothing tells any more that a run which was stopped has written.
            names = ", ".join(finding.record.name for finding in changed)
            text = f"write the validation record {names} of its successor"
            self.announce(case.arn, case.action or Action.REPLACE, text)
            write(self.dns, findings)
        for finding in changed:
            case.tell(f"{finding.change} {finding.record.name}")
        return True

    def _ended(self, case: Case, successor: Certificate) -> bool:
        """Ask once more for a successor that ACM ended, when there was time to mend the cause."""
        reason = successor.detail.failure_reason
        what = f"ACM ended the request {successor.arn} with {successor.status}"
        what += f" ({reason})" if reason else ""
        journal = case.journal
        if journal.attempt >= MAX_ATTEMPTS:
            self._abandon(case, f"{what}; mend the cause and request it again by hand")
            return False
        again = (journal.requested_at or journal.started_at) + RETRY_AFTER
        if self.now < again:
            case.advice = f"{what}; it is requested once more on {again:%Y-%m-%d}"
            return False
        self._record(
            case,
            state=ReplacementState.REQUESTED,
            attempt=journal.attempt + 1,
            successor_arn=None,
        )
        return True

    def _retire(self, case: Case, old: Certificate) -> None:
        """Delete the old certificate, if its successor is good and serves what it shall."""
        successor = self._successor(case)
        if successor is None:
            return
        moved = any(move.status is MoveStatus.MOVED for move in case.journal.moves)
        good = succeeds(successor, old, self.thresholds, self.now)
        if not good or (moved and not successor.in_use):
            case.advice = f"kept, because its successor {successor.arn} does not serve in its place"
            return
        self.certificates.mark_replaced(old.arn, successor.arn)
        if self.certificates.delete(old.arn):
            self._finish(case, f"deleted; its successor is {successor.arn}")

    def _abandon(self, case: Case, why: str, *, attempt: int = MAX_ATTEMPTS) -> None:
        """End the replacement for good, or for now with `attempt` 0."""
        case.tell(why)
        ends = self.now + HISTORY
        state = ReplacementState.ABANDONED
        self._record(case, state=state, note=why, attempt=attempt, expires_at=ends)

    def _finish(self, case: Case, text: str) -> None:
        case.tell(text)
        ends = self.now + HISTORY
        self._record(case, state=ReplacementState.RETIRED, note=text, expires_at=ends)

    def _successor(self, case: Case) -> Certificate | None:
        """Describe the successor; one that somebody deleted ends the replacement."""
        try:
            return describe_new(case.successor_arn, self.certificates, self.clock)
        except CertificateNotFoundError:
            self._abandon(case, f"somebody deleted the successor {case.successor_arn}")
            return None

    def _old(self, case: Case) -> Certificate | None:
        """Describe the old certificate again, because the run's look may be minutes old."""
        try:
            described = self.certificates.describe(case.arn)
        except CertificateNotFoundError:
            self._finish(case, "the old certificate does not exist any more")
            return None
        if case.observation is None:
            return None  # it was not listed, which ACM may be late with
        listed = case.observation.certificate
        return listed.described_as(described.with_tags(listed.detail.tags))

    def _take(self, case: Case, rebound: Rebound) -> None:
        """Keep what became of the moves; raise for what failed once that is on record."""
        for text in rebound.said:
            case.tell(text)
        case.advice = "; ".join(rebound.waits)
        moves = tuple(rebound.moves)
        if moves != case.journal.moves or rebound.said:
            self._record(case, moves=moves)
        if rebound.faults:
            raise ReplacementError("; ".join(rebound.faults))

    def _rebinding(self, case: Case, consumers: Consumers) -> Rebinding:
        return Rebinding(
            consumers=consumers,
            clock=self.clock,
            now=self.now,
            old=case.arn,
            new=case.successor_arn,
        )
