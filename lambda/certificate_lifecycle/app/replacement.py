"""Replace what nothing can renew in place: one successor, every consumer on it, then the old away.

Two runs never act on one certificate: whoever acts has claimed its journal by a conditional write,
and every record is conditional on that claim.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from certificate_lifecycle.app.inspection import Inventory
from certificate_lifecycle.app.isolation import clause, require_time
from certificate_lifecycle.app.succession import Case, Succession
from certificate_lifecycle.app.validation import require_zones
from certificate_lifecycle.core.model import Action, Certificate, CertificateType
from certificate_lifecycle.core.observation import Observation
from certificate_lifecycle.core.replacement import (
    CLAIM,
    MAX_ATTEMPTS,
    REPLACING_ACTIONS,
    Journal,
    ReplacementState,
    may_retire,
    obstacle,
)
from certificate_lifecycle.core.run import ActionRecord, Outcome
from certificate_lifecycle.errors import (
    LedgerConflictError,
    ZoneAmbiguousError,
    ZoneNotFoundError,
)
from certificate_lifecycle.log import logger


def refuse(inventory: Inventory, why: str) -> list[ActionRecord]:
    """Return the advice for what would be replaced if there were a ledger to go by."""
    return [
        ActionRecord(
            entry.certificate.arn,
            entry.decision.action,
            Outcome.ADVISED,
            f"{entry.decision.action.meaning} Not done here: {why}",
        )
        for entry in inventory.assessed
        if entry.decision.action in REPLACING_ACTIONS
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """Begins replacements and goes on with them; `instance` says whose requests are ours."""

    succession: Succession
    instance: str
    run_id: str
    dry_run: bool
    _handled: list[Journal] = field(default_factory=list, init=False)

    def act(
        self, inventory: Inventory, journals: Mapping[str, Journal], *, everything: bool
    ) -> list[ActionRecord]:
        """Return what was done or is next, one record for each certificate that is concerned.

        With `everything` looked at, a certificate that was not found does not exist any more.
        """
        if not inventory.listed:
            return []
        records = []
        for case in self._cases(inventory, journals, everything=everything):
            record = self._handle(case)
            self._handled.append(case.journal)
            if record is not None:
                logger.info("action", extra=record.to_dict())
                records.append(record)
        return records

    @property
    def handled(self) -> Sequence[Journal]:
        """The journals of this run as they are now, whose story the message tells."""
        return self._handled

    def _cases(
        self, inventory: Inventory, journals: Mapping[str, Journal], *, everything: bool
    ) -> list[Case]:
        cases = {}
        for observation, entry in zip(inventory.observations, inventory.assessed, strict=True):
            arn, action = entry.certificate.arn, entry.decision.action
            wanted = action if action in REPLACING_ACTIONS else None
            if wanted is not None or arn in journals:
                journal = journals.get(arn) or Journal(
                    certificate_arn=arn,
                    state=ReplacementState.REQUESTED,
                    started_at=self.succession.now,
                )
                cases[arn] = Case(journal, observation, wanted)
        if everything:
            for arn, journal in journals.items():
                cases.setdefault(arn, Case(journal, None, None))
        return list(cases.values())

    def _handle(self, case: Case) -> ActionRecord | None:
        try:
            if not self._due(case):
                return case.record()
            if self.dry_run:
                return self._plan(case)
            require_time(self.succession.clock)
            until = self.succession.now + CLAIM
            case.journal = self.succession.ledger.claim(
                case.journal, self.run_id, self.succession.now, until
            )
            self.succession.go_on(case)
        except LedgerConflictError as error:
            case.advice = str(error)
        except Exception as error:  # noqa: BLE001 - one must not stop the others; raised at the end
            logger.exception("replacement failed", extra={"certificate_arn": case.arn})
            return case.record(failure=clause(error))
        return case.record()

    def _plan(self, case: Case) -> ActionRecord:
        """Return what a run that is no dry run would do."""
        journal = case.journal
        text = f"go on with its replacement, whose state is {journal.state}"
        if journal.version == 0:
            text = "request a successor"
            if journal.successor_arn is not None:
                text = f"move what uses it to its successor {journal.successor_arn}"
        return ActionRecord(case.arn, case.action or Action.REPLACE, Outcome.PLANNED, text)

    # --- Whether there is something to do ---------------------------------------------------------

    def _due(self, case: Case) -> bool:
        """Whether there is a step to take; what hinders it is left as advice.

        A journal is claimed for nothing else: a soak is no reason to write.
        """
        journal, observation = case.journal, case.observation
        over = journal.state is ReplacementState.ABANDONED
        if observation is None:
            return not journal.state.over
        if journal.version == 0 or over:
            return case.action is not None and self._begin(case, case.action, observation)
        certificate = observation.certificate
        match journal.state:
            case ReplacementState.ISSUED | ReplacementState.BOUND if (
                self.succession.consumers is None and journal.moves
            ):
                case.advice = "moving its consumers was switched off before all were verified"
                return False
            case ReplacementState.ISSUED if self.succession.consumers is None:
                case.advice = self.succession.by_hand(case, journal.successor_arn)
                return not certificate.used or observation.successor is None
            case ReplacementState.VERIFIED:
                case.advice = self.succession.by_hand(case, journal.successor_arn)
                movable = certificate.in_use and self.succession.consumers is not None
                retirable = not certificate.used and may_retire(
                    journal, self.succession.retire_after, self.succession.now
                )
                return movable or retirable
            case state:
                return not state.over

    def _begin(self, case: Case, action: Action, observation: Observation) -> bool:
        """Say in the journal how a replacement starts, unless something speaks against it."""
        journal = case.journal
        certificate, successor = observation.certificate, observation.successor
        begun = replace(journal, note="", moves=(), expires_at=None)
        if successor is not None:
            case.advice = self.succession.by_hand(case, successor.arn)
            alike = successor.type is certificate.type
            if self.succession.consumers is None or not certificate.in_use or not alike:
                return False
            state = ReplacementState.ISSUED
            case.journal = replace(begun, state=state, successor_arn=successor.arn)
            return True
        if journal.version > 0 and journal.attempt >= MAX_ATTEMPTS:
            case.advice = journal.note
            return False
        why = self._hindrance(certificate)
        if why is not None:
            case.advice = f"{action.meaning} Not done here: {why}"
            return False
        attempt = journal.attempt + 1 if journal.version > 0 else 1
        state = ReplacementState.REQUESTED
        case.journal = replace(begun, state=state, attempt=attempt, successor_arn=None)
        return True

    def _hindrance(self, certificate: Certificate) -> str | None:
        """Return why no successor is requested, or None."""
        why = obstacle(certificate, self.instance)
        if why is None and certificate.type is not CertificateType.PRIVATE:
            try:
                require_zones(self.succession.dns, certificate.names)
            except (ZoneNotFoundError, ZoneAmbiguousError) as error:
                why = f"it could not be validated ({error})"
        return why
