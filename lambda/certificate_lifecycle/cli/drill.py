"""Rehearse the renewal of one certificate end to end, without touching anything that uses it.

Safe to repeat, to overlap and to be killed after any call: a twin names in a tag what it is for,
so that the next drill finds it, goes on with it and deletes it; two drills at the same moment share
their twin by its token. No validation record is ever written or deleted: they belong to the
certificate as much as to its twin.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from certificate_lifecycle.app.imports import Sources
from certificate_lifecycle.app.isolation import clause, require_time
from certificate_lifecycle.app.ports import Certificates, Clock, Dns, Ledger, Store
from certificate_lifecycle.app.validation import inspect
from certificate_lifecycle.app.waiting import describe_new, poll, settled, wanted_records
from certificate_lifecycle.cli.outside.public_dns import PublicDns
from certificate_lifecycle.core.assessment import assess
from certificate_lifecycle.core.caa import judge_caa
from certificate_lifecycle.core.checks import Observation
from certificate_lifecycle.core.delegation import Delegation
from certificate_lifecycle.core.drill import (
    DRILL_TAG,
    MAX_ATTEMPTS,
    Answer,
    Outcome,
    Step,
    answer,
    authority_step,
    caa_step,
    confused,
    cost,
    delegation_step,
    differences,
    eligibility,
    may_be_twin,
    obstacle,
    public_step,
    records_step,
    source_step,
    twin_request,
)
from certificate_lifecycle.core.drill import settled as overruled
from certificate_lifecycle.core.issuance import CertificateRequest
from certificate_lifecycle.core.model import (
    Certificate,
    CertificateStatus,
    CertificateType,
    ValidationRecord,
)
from certificate_lifecycle.core.names import dns_form
from certificate_lifecycle.core.replacement import DAILY_REQUESTS, quota_warning
from certificate_lifecycle.core.timing import Thresholds
from certificate_lifecycle.core.validation import RecordFinding, RecordState, distinct, explain
from certificate_lifecycle.errors import CertificateNotFoundError, CertificateRequestError

#: ACM follows that many CNAMEs from a validation name (user guide, "DNS validation").
_FOLLOWED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is known before anything is requested, and what would be done then.

    Without a `request` no twin is needed or wanted; `refusal` says why where it would be.
    `leftovers` are twins of drills that were stopped, or that go on at this moment.
    """

    certificate: Certificate
    steps: tuple[Step, ...]
    request: CertificateRequest | None = None
    refusal: str | None = None
    leftovers: tuple[Certificate, ...] = ()

    @property
    def writes(self) -> bool:
        """Whether carrying it out changes anything in AWS."""
        return self.request is not None or bool(self.leftovers)

    @property
    def cost(self) -> str:
        """What it costs, as a sentence."""
        return "It costs nothing." if self.request is None else cost(self.certificate)


@dataclass(frozen=True, slots=True)
class Left:
    """A twin that could not be deleted, and why."""

    arn: str
    why: str


@dataclass(slots=True, kw_only=True)
class Rehearsal:
    """A drill as far as it has come, which is what an interrupted one has to show."""

    plan: Plan
    steps: list[Step] = field(default_factory=list)
    twins: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)
    compared: bool = False

    @property
    def answer(self) -> Answer:
        """Whether a renewal would have worked, by what was rehearsed so far."""
        plan = self.plan
        whole = self.compared or (plan.request is None and plan.refusal is None)
        return answer([*plan.steps, *self.steps], complete=whole)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drill:
    """Plans and carries out a drill in one account and region.

    `public` gives public DNS, or raises if there is no resolver to ask; `limit` is how long a twin
    is waited for, and `tell` hears what is going on.
    """

    certificates: Certificates
    dns: Dns
    public: Callable[[], PublicDns]
    clock: Clock
    ledger: Ledger | None
    stores: Sequence[Store]
    sources: Sources
    thresholds: Thresholds
    limit: timedelta
    current_time: Callable[[], datetime]
    tell: Callable[[str], None]

    # --- Before anything is changed ---------------------------------------------------------------

    def plan(self, listed: Certificate, everything: Sequence[Certificate]) -> Plan:
        """Say what a drill of a listed certificate would do; `everything` is the whole listing.

        Raises CertificateNotFoundError for one that was deleted meanwhile.
        """
        if listed.type in (CertificateType.SERVER_CERTIFICATE, CertificateType.PRIVATE_AUTHORITY):
            return self._without_twin(listed)
        certificate = self._described(listed)
        if certificate.type is CertificateType.IMPORTED:
            return Plan(certificate=certificate, steps=(self._import_source(certificate),))
        if obstacle(certificate) is not None:
            return self._without_twin(certificate)
        leftovers = tuple(self._twins(certificate, everything))
        steps = tuple(self._preflight(certificate))
        refusal = self._refusal(certificate, everything, leftovers, steps)
        request = twin_request(certificate, 1) if refusal is None else None
        return Plan(
            certificate=certificate,
            steps=steps,
            request=request,
            refusal=refusal,
            leftovers=leftovers,
        )

    def _described(self, listed: Certificate) -> Certificate:
        described = listed.described_as(self.certificates.describe(listed.arn))
        if described.detail is None:
            return described
        tags = self.certificates.tags(listed.arn)
        return replace(described, detail=replace(described.detail, tags=tags))

    def _without_twin(self, certificate: Certificate) -> Plan:
        step = obstacle(certificate)
        return Plan(certificate=certificate, steps=(step,) if step else ())

    def _import_source(self, certificate: Certificate) -> Step:
        def look() -> Step:
            if not self.sources.concern(certificate):
                return source_step(None)
            # What goes wrong is said by the finding, too.
            return source_step(
                self.sources.inspect(certificate, self.clock, self.current_time(), [])
            )

        return self._timed("import source", look)

    def _preflight(self, certificate: Certificate) -> Sequence[Step]:
        steps = [self._timed("eligibility", lambda: eligibility(certificate))]
        if certificate.type is CertificateType.PRIVATE:
            return [*steps, self._timed("private CA", lambda: self._authority(certificate))]
        wanted = distinct(wanted_records(certificate))
        findings: list[RecordFinding] = []

        def records() -> Step:
            findings.extend(inspect(self.dns, wanted))
            return records_step(findings)

        steps.append(self._timed("validation records", records))
        steps += [
            self._timed("delegation", lambda: self._delegation(findings, self.public())),
            self._timed("public DNS", lambda: _public(wanted, self.public())),
            self._timed("CAA", lambda: _caa(certificate, self.public())),
        ]
        return overruled(steps)

    def _authority(self, certificate: Certificate) -> Step:
        arn = certificate.detail.certificate_authority_arn if certificate.detail else None
        for store in self.stores:
            for listed in store.list_all():
                if listed.arn == arn:
                    seen = Observation(certificate=store.describe(listed))
                    return authority_step(assess(seen, self.thresholds, self.current_time()))
        return authority_step(None)

    def _delegation(self, findings: Sequence[RecordFinding], public: PublicDns) -> Step:
        zones = dict.fromkeys(finding.zone for finding in findings if finding.zone is not None)
        delegations = {}
        for zone in zones:
            own = frozenset(
                dns_form(value)
                for record in self.dns.records_at(zone, zone.name)
                if record.type == "NS"
                for value in record.values
            )
            delegations[dns_form(zone.name)] = Delegation(own, public.ns(dns_form(zone.name)))
        return delegation_step(delegations)

    def _refusal(
        self,
        certificate: Certificate,
        everything: Sequence[Certificate],
        leftovers: Sequence[Certificate],
        steps: Sequence[Step],
    ) -> str | None:
        """Return why no twin is requested, or None."""
        failed = [step.name for step in steps if step.outcome is Outcome.FAILED]
        if failed:
            return f"a renewal would fail already ({', '.join(failed)})"
        twins = {twin.arn for twin in leftovers}
        others = [each for each in everything if each.arn not in twins]
        until = self.current_time() + self.limit
        if found := confused(certificate, others, self.thresholds, until):
            arns = ", ".join(each.arn for each in found)
            return f"a run could take the twin for the successor of {arns}"
        warning = quota_warning(everything, self.current_time())
        return f"{warning}, which is no time for a drill" if warning else None

    # --- With a twin ------------------------------------------------------------------------------

    def carry_out(self, rehearsal: Rehearsal) -> None:
        """Request a twin, wait for it, compare it, and delete it whatever happens.

        What is reached is in `rehearsal`, also after an interruption, which is passed on. Whatever
        AWS refuses unexpectedly is raised once the twins are gone.
        """
        rehearsal.twins += [twin.arn for twin in rehearsal.plan.leftovers]
        try:
            if rehearsal.plan.request is not None:
                self._rehearse(rehearsal)
        finally:
            self._clean_up(rehearsal)

    def _rehearse(self, rehearsal: Rehearsal) -> None:
        certificate = rehearsal.plan.certificate
        obtained: list[Certificate] = []
        rehearsal.steps.append(self._measured(lambda: self._obtain(rehearsal, obtained)))
        if not obtained:
            return
        rehearsal.steps.append(self._measured(lambda: self._issue(obtained)))
        if rehearsal.steps[-1].outcome is not Outcome.PASSED:
            return
        rehearsal.steps.append(_compared(obtained[-1], certificate))
        rehearsal.compared = True

    def _obtain(self, rehearsal: Rehearsal, obtained: list[Certificate]) -> Step:
        """Go on with a twin that is there, or have one requested; it is added to `obtained`."""
        name = "request"
        for leftover in rehearsal.plan.leftovers:
            if leftover.status in (CertificateStatus.PENDING_VALIDATION, CertificateStatus.ISSUED):
                obtained.append(leftover)
                text = "An earlier drill, or one beside this, has requested it."
                return Step(name=name, outcome=Outcome.PASSED, text=text)
        certificate = rehearsal.plan.certificate
        now = self.current_time()
        # Each drill counts for itself, whatever else is requested for the certificate today.
        entry = f"{certificate.arn} drill {now:%H:%M:%S}"
        if self.ledger is not None and not self.ledger.take_request(
            now.date(), entry, DAILY_REQUESTS
        ):
            text = f"No twin is requested today: {DAILY_REQUESTS} other certificates were."
            return Step(name=name, outcome=Outcome.UNKNOWN, text=text)
        self.tell("requesting a twin")
        try:
            twin = self._requested(rehearsal)
        except CertificateRequestError as error:
            text = f"No twin could be requested, which a renewal need not be: {error}."
            return Step(name=name, outcome=Outcome.UNKNOWN, text=text)
        if twin is None:
            text = "ACM answers with twins that were deleted; try again in an hour."
            return Step(name=name, outcome=Outcome.UNKNOWN, text=text)
        obtained.append(twin)
        text = "ACM took the request."
        return Step(name=name, outcome=Outcome.PASSED, text=text)

    def _requested(self, rehearsal: Rehearsal) -> Certificate | None:
        """Request a twin; ACM may answer with one that an earlier drill has used up."""
        used_up = {twin.arn for twin in rehearsal.plan.leftovers}
        for attempt in range(1, MAX_ATTEMPTS + 1):
            arn = self.certificates.request(twin_request(rehearsal.plan.certificate, attempt))
            if arn not in rehearsal.twins:
                rehearsal.twins.append(arn)
            if arn in used_up:
                continue
            # Should ACM only be slow to know it, it is deleted in the end all the same.
            with suppress(CertificateNotFoundError):
                return describe_new(arn, self.certificates, self.clock)
        return None

    def _issue(self, obtained: list[Certificate]) -> Step:
        """Wait until ACM has settled the twin; as it is then, it is added to `obtained`."""
        name, (twin,) = "issuance", obtained

        def done(current: Certificate) -> bool:
            self.tell(f"{current.arn} is {current.status}")
            return settled(current)

        seconds = self.limit.total_seconds()
        try:
            twin = poll(twin, self.certificates, self.clock, seconds=seconds, done=done)
        except CertificateNotFoundError:
            text = "Somebody deleted the twin, as another drill of the same certificate does."
            return Step(name=name, outcome=Outcome.UNKNOWN, text=text)
        obtained.append(twin)
        if twin.status is CertificateStatus.ISSUED:
            return Step(name=name, outcome=Outcome.PASSED, text="ACM has issued the twin.")
        if twin.status is CertificateStatus.PENDING_VALIDATION:
            text = f"ACM has not issued the twin in the {_minutes(self.limit)} that it was given"
            missing = [
                explain(finding)
                for finding in inspect(self.dns, wanted_records(twin))
                if finding.state is not RecordState.IN_PLACE
            ]
            why = f": {'; '.join(missing)}" if missing else ""
            return Step(name=name, outcome=Outcome.UNKNOWN, text=f"{text}{why}.")
        reason = twin.detail.failure_reason if twin.detail else None
        text = f"ACM ended the request with {twin.status} ({reason or 'no reason given'})."
        return Step(name=name, outcome=Outcome.FAILED, text=text)

    # --- Afterwards -------------------------------------------------------------------------------

    def _clean_up(self, rehearsal: Rehearsal) -> None:
        """Delete every twin, this drill's and others'; one that cannot be is told with the reason.

        What a replacement of the ledger has taken for a successor is nobody's twin any more.
        """
        if not rehearsal.plan.writes:
            return
        self.tell("deleting the twin")
        twins = dict.fromkeys(rehearsal.twins)
        try:
            listed = list(self.certificates.list_all())
            found = self._twins(rehearsal.plan.certificate, listed)
            twins |= dict.fromkeys(twin.arn for twin in found)
            taken = self._successors()
        except Exception as error:  # noqa: BLE001 - the reason is told with each twin that stays
            rehearsal.left += [Left(arn, clause(error)) for arn in twins]
            return
        for arn in twins:
            why = f"it is the successor of {taken[arn]} by now" if arn in taken else None
            try:
                if why is None and not self.certificates.delete(arn):
                    why = "something uses it"
            except Exception as error:  # noqa: BLE001 - as above; the other twins go all the same
                why = clause(error)
            if why is None:
                rehearsal.deleted.append(arn)
            else:
                rehearsal.left.append(Left(arn, why))

    def _successors(self) -> dict[str, str]:
        """Return what each successor of the ledger is to replace, by its ARN."""
        journals = self.ledger.journals() if self.ledger is not None else ()
        return {
            journal.successor_arn: journal.certificate_arn
            for journal in journals
            if journal.successor_arn is not None
        }

    # --- What both sides need ---------------------------------------------------------------------

    def _twins(
        self, certificate: Certificate, everything: Sequence[Certificate]
    ) -> Sequence[Certificate]:
        """Return every twin of a certificate, which its tag tells, the latest first."""
        found = []
        for listed in everything:
            if not may_be_twin(certificate, listed):
                continue
            try:
                tags = dict(self.certificates.tags(listed.arn))
                if tags.get(DRILL_TAG) == certificate.arn:
                    found.append(listed.described_as(self.certificates.describe(listed.arn)))
            except CertificateNotFoundError:
                continue
        long_ago = self.current_time() - timedelta(days=400)
        return sorted(found, key=lambda twin: twin.created_at or long_ago, reverse=True)

    def _timed(self, name: str, work: Callable[[], Step]) -> Step:
        """Return a step with its time; what could not be found out is unknown, and says why."""
        self.tell(name)
        require_time(self.clock)
        try:
            return self._measured(work)
        except Exception as error:  # noqa: BLE001 - one must not stop the others; told as unknown
            text = f"It could not be found out: {clause(error)}."
            return Step(name=name, outcome=Outcome.UNKNOWN, text=text)

    def _measured(self, work: Callable[[], Step]) -> Step:
        begun = self.current_time()
        step = work()
        return replace(step, seconds=(self.current_time() - begun).total_seconds())


def _public(wanted: Sequence[ValidationRecord], public: PublicDns) -> Step:
    return public_step(wanted, {record.name: _followed(record, public) for record in wanted})


def _followed(record: ValidationRecord, public: PublicDns) -> Sequence[str]:
    """Return where the CNAMEs of a validation name lead, as far as ACM follows them."""
    found: list[str] = []
    at: str | None = dns_form(record.name)
    while at is not None and len(found) < _FOLLOWED:
        at = public.cname(at)
        if at is not None:
            found.append(dns_form(at))
        if at == dns_form(record.value):
            break
    return found


def _caa(certificate: Certificate, public: PublicDns) -> Step:
    return caa_step(judge_caa(name, public.caa) for name in certificate.names)


def _compared(twin: Certificate, certificate: Certificate) -> Step:
    name, wrong = "comparison", differences(twin, certificate)
    if wrong:
        text = f"The twin is not what a renewal would have to be: {'; '.join(wrong)}."
        return Step(name=name, outcome=Outcome.FAILED, text=text)
    text = "The twin has the same names and comes from the same CA."
    return Step(name=name, outcome=Outcome.PASSED, text=text)


def _minutes(span: timedelta) -> str:
    return f"{span / timedelta(minutes=1):g} minutes"


# --- As plain data --------------------------------------------------------------------------------


def rehearsal_entry(rehearsal: Rehearsal, *, carried_out: bool) -> dict[str, Any]:
    """Return a drill, or its plan if it was not carried out, as plain data."""
    plan = rehearsal.plan
    steps = [*plan.steps, *rehearsal.steps]
    return {
        "certificate_arn": plan.certificate.arn,
        "domain_name": plan.certificate.domain_name,
        "answer": rehearsal.answer.value,
        "carried_out": carried_out,
        "refusal": plan.refusal,
        "cost": plan.cost,
        "steps": [
            {
                "name": step.name,
                "outcome": step.outcome.value,
                "text": step.text,
                "seconds": round(step.seconds, 3),
            }
            for step in steps
        ],
        "twins_deleted": list(rehearsal.deleted),
        "twins_left": [{"certificate_arn": each.arn, "why": each.why} for each in rehearsal.left],
    }
