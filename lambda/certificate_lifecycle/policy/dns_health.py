"""Whether a CA could validate and issue for the names of a certificate, as public DNS answers.

A CA queries public DNS only: a hosted zone that is not delegated does not exist for it. It must
refuse on CAA records that do not name it, and since 2026-03-15 on broken DNSSEC, for the validation
and for the CAA records (CA/Browser Forum Baseline Requirements 3.2.2.4, 3.2.2.8.1).

Answers are untrusted: texts from them are cleaned here. An unknown answer is neither a problem nor
a success.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto

from certificate_lifecycle.model.certificate import Reason, ValidationRecord
from certificate_lifecycle.model.dns_names import dns_form, is_same_or_below
from certificate_lifecycle.model.errors import DnssecBrokenError, PublicDnsUnknownError
from certificate_lifecycle.model.public_dns import AnswerState, DnsAnswer, RecordType
from certificate_lifecycle.model.run import RecordToWrite
from certificate_lifecycle.model.sanitize import clean, listed
from certificate_lifecycle.policy.caa import (
    CaaVerdict,
    caa_questions,
    explain_caa,
    judge_public_caa,
)
from certificate_lifecycle.policy.delegation import Delegation, DelegationState
from certificate_lifecycle.policy.validation import (
    MOST_CNAMES,
    RecordFinding,
    RecordState,
    Zone,
    accepted_values,
    may_continue,
    zone_text,
)

#: A query to public DNS.
Question = tuple[str, RecordType]
#: Returns the answer to a query, as `app.ports.PublicDns.ask` does.
Ask = Callable[[str, RecordType], DnsAnswer]

#: How many servers, CAs and names a text contains, and the characters of an untrusted text.
_SHOWN = 5
_LONGEST = 200
_BROKEN = AnswerState.DNSSEC_BROKEN
_REGISTRAR = "in the parent zone or at the registrar"


class PublicRecordState(Enum):
    """The answer of public DNS to a query for a validation CNAME."""

    IN_PLACE = auto()
    MISSING = auto()
    WRONG = auto()
    UNKNOWN = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicRecord:
    """A required record, and the answer of public DNS.

    `zone` is the apex of the zone that answers, if known; `found` are the values found, or why the
    answer is unknown.
    """

    record: ValidationRecord
    state: PublicRecordState
    zone: str | None = None
    found: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsName:
    """A name of a certificate, and all that a check needs.

    `zone` is the hosted zone for its records, `servers` are the zone's name servers in
    Route 53; None if unknown. `record` is its validation CNAME, if ACM has named it.
    `by_dns` is false for a name that is not validated by DNS.
    """

    name: str
    ask: Ask
    zone: Zone | None = None
    servers: frozenset[str] | None = None
    record: ValidationRecord | None = None
    by_dns: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsProblem:
    """A reason for which a CA would refuse; `text` is a clause with the one step to do."""

    reason: Reason
    text: str
    names: tuple[str, ...] = ()

    def with_names(self) -> str:
        """Return the text, with the names if there are several."""
        names = f" (for {listed(self.names, _SHOWN)})" if len(self.names) > 1 else ""
        return f"{self.text}{names}"


@dataclass(frozen=True, slots=True)
class DnsUnknown:
    """A check without a result, and why."""

    text: str


Judgement = DnsProblem | DnsUnknown | None


@dataclass(frozen=True, slots=True)
class DnsCheck:
    """A check of one name: the queries that it needs, and its judgement; None is success.

    `reason` is that of its problems, `subject` names it in a drill.
    """

    reason: Reason
    questions: Callable[[DnsName], Iterable[Question]]
    judge: Callable[[DnsName], Judgement]
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsFinding:
    """The state of the names of a certificate in public DNS.

    `unknown` says for each check without a result why, for some of the `unknown_names`;
    `undecided` are the reasons that these checks would give. `reported` is the reason of an open
    finding that could not be checked again: it stays open. `checked` is false if nothing was
    queried. `elsewhere` are the records that a zone without its delegation cannot answer.
    """

    checked: bool = True
    problems: tuple[DnsProblem, ...] = ()
    records: tuple[PublicRecord, ...] = ()
    unknown: tuple[str, ...] = ()
    unknown_names: frozenset[str] = frozenset()
    undecided: frozenset[Reason] = frozenset()
    reported: Reason | None = None
    elsewhere: tuple[PublicRecord, ...] = ()

    def reopened(self, reported: Reason | None) -> DnsFinding:
        """Return the state if an open finding has the reason `reported`, None without one.

        Another problem does not replace a reason that could not be checked: else each run with and
        without an answer would be a change to report.
        """
        known = any(problem.reason is reported for problem in self.problems)
        return self if known or reported not in self.undecided else replace(self, reported=reported)

    @property
    def reason(self) -> Reason | None:
        """The reason of the finding that stays open, or of the first problem."""
        return self.reported or next((problem.reason for problem in self.problems), None)

    @property
    def text(self) -> str:
        """A clause about all problems; empty without one."""
        clauses = [problem.with_names() for problem in self.problems[:_SHOWN]]
        if self.reported is not None:
            before = f"{self.reported.meaning[0].lower()}{self.reported.meaning[1:]}"
            why = f": {self.unknown[0]}" if self.unknown else ""
            clauses.append(f"{before.removesuffix('.')} (not checked again in this run{why})")
        return "; ".join(clauses)

    @property
    def all_in_place(self) -> bool:
        """Whether public DNS answers every validation record that ACM waits for."""
        states = {entry.state for entry in self.records}
        return states == {PublicRecordState.IN_PLACE}

    def of_record(self, record: ValidationRecord) -> PublicRecord | None:
        """Return the state of a record in public DNS, None if it was not queried."""
        return next((entry for entry in self.records if entry.record == record), None)


#: The reasons of a record outside of the hosted zones, by the answer of public DNS.
RECORD_REASONS = frozenset({Reason.VALIDATION_RECORD_MISSING, Reason.VALIDATION_RECORD_WRONG})

#: The finding about a certificate whose names were not checked.
NOT_CHECKED = DnsFinding(checked=False)


def public_record(record: ValidationRecord, ask: Ask) -> PublicRecord:
    """Return the state of a validation CNAME in public DNS, as ACM sees it behind other CNAMEs.

    A top-level domain answers for a domain that is not registered, and is no zone to write into.
    """
    name = dns_form(record.name)
    answer = ask(name, RecordType.CNAME)
    apex = _clean_name(answer.zone or "")
    zone = apex if "." in apex and is_same_or_below(name, apex) else None
    last = _followed(answer, ask)
    match last.state:
        case AnswerState.FOUND:
            correct = accepted_values(record).issuperset(map(dns_form, last.values))
            state = PublicRecordState.IN_PLACE if correct else PublicRecordState.WRONG
            found = listed([_clean_name(value) for value in answer.values], _SHOWN)
            return PublicRecord(record=record, state=state, zone=zone, found=found)
        case AnswerState.NONE:
            return PublicRecord(record=record, state=PublicRecordState.MISSING, zone=zone)
        case _:
            return PublicRecord(record=record, state=PublicRecordState.UNKNOWN, found=_reason(last))


def _followed(answer: DnsAnswer, ask: Ask) -> DnsAnswer:
    """Return the last answer of the chain of CNAMEs that begins with `answer`."""
    for _ in range(MOST_CNAMES - 1):
        targets = [dns_form(value) for value in answer.values]
        if len(targets) != 1 or not may_continue(targets[0]):
            break
        following = ask(targets[0], RecordType.CNAME)
        if following.state is AnswerState.NONE:
            break
        answer = following
    return answer


def with_records(dns: DnsFinding, findings: Iterable[RecordFinding], ask: Ask) -> DnsFinding:
    """Return the state with that of the records that ACM waits for."""
    found = {finding: public_record(finding.record, ask) for finding in findings}
    unknown = [
        finding for finding, public in found.items() if public.state is PublicRecordState.UNKNOWN
    ]
    undecided = dns.undecided | _about_records(unknown)
    return replace(dns, records=tuple(found.values()), undecided=undecided)


def without_answers(dns: DnsFinding, findings: Iterable[RecordFinding]) -> DnsFinding:
    """Return the state if public DNS answered nothing about names and records."""
    checks = frozenset(check.reason for check in CHECKS)
    return replace(dns, undecided=checks | _about_records(findings))


def _about_records(findings: Iterable[RecordFinding]) -> frozenset[Reason]:
    """Return the reasons that records would give whose answer is unknown."""
    undecided = any(finding.state in _UNDECIDED for finding in findings)
    return RECORD_REASONS if undecided else frozenset()


#: States of a record that no hosted zone can have.
_OUTSIDE = frozenset(
    {RecordState.ZONE_NOT_FOUND, RecordState.ZONE_AMBIGUOUS, RecordState.DELEGATED}
)
#: States of a record that only public DNS decides on.
_UNDECIDED = _OUTSIDE | {RecordState.UNCHECKED}
#: States of a record whose value in a hosted zone is known not to be the required one.
_LOST = frozenset({RecordState.MISSING, RecordState.OUTDATED, RecordState.FOREIGN})
_MISSED = frozenset({PublicRecordState.MISSING, PublicRecordState.WRONG})
#: The state of a record outside of the hosted zones, by the answer of public DNS.
_STATES_OUTSIDE = {
    PublicRecordState.IN_PLACE: RecordState.IN_PLACE,
    PublicRecordState.MISSING: RecordState.MISSING,
    PublicRecordState.WRONG: RecordState.FOREIGN,
}


def effective_state(finding: RecordFinding, dns: DnsFinding) -> RecordState:
    """Return the state of a record in its hosted zone, or without one in public DNS."""
    public = dns.of_record(finding.record)
    if public is None or finding.state not in _OUTSIDE:
        return finding.state
    state = _STATES_OUTSIDE.get(public.state, finding.state)
    said = finding.state is not RecordState.ZONE_NOT_FOUND
    return finding.state if said and state is not RecordState.IN_PLACE else state


def is_lost(finding: RecordFinding, dns: DnsFinding) -> bool:
    """Whether a record that ACM does not wait for is missing or wrong.

    A hosted zone is right about its records, unless public DNS has the record elsewhere; public DNS
    may not know a record of the last minutes yet. Without an answer, nothing is known of records
    outside of the hosted zones.
    """
    public = dns.of_record(finding.record)
    if finding.state in _OUTSIDE:
        return public is not None and public.state in _MISSED
    return finding.state in _LOST and (
        public is None or public.state is not PublicRecordState.IN_PLACE
    )


def missed(finding: RecordFinding, dns: DnsFinding) -> PublicRecord | None:
    """Return the state in public DNS of a record that has to be written there, or None."""
    state = effective_state(finding, dns)
    decided = state is not finding.state and state is not RecordState.IN_PLACE
    return dns.of_record(finding.record) if decided else None


def explain_public(public: PublicRecord) -> str:
    """Return a clause about a record outside of the hosted zones, with the record to write."""
    record, zone = public.record, f" (zone {public.zone})" if public.zone else ""
    wanted = f"write {record.type} {dns_form(record.value)}"
    name = dns_form(record.name)
    if public.state is PublicRecordState.WRONG:
        return f"{name} is {public.found} in public DNS{zone}; {wanted} instead"
    return f"{name} does not exist in public DNS{zone}; {wanted}"


def records_to_write(
    findings: Iterable[RecordFinding], dns: DnsFinding, *, permitted: bool
) -> tuple[RecordToWrite, ...]:
    """Return the records that a person or a pipeline has to write.

    `permitted`: the module writes those in hosted zones. A record with a foreign value in a hosted
    zone is for a person, who knows its use.
    """
    found = []
    for finding in findings:
        state, public = effective_state(finding, dns), dns.of_record(finding.record)
        outside = finding.state in (RecordState.ZONE_NOT_FOUND, RecordState.DELEGATED)
        hosted = finding.change is not None and not permitted
        if state is RecordState.IN_PLACE or not (outside or hosted):
            continue
        zone = finding.zone.name if finding.zone else public.zone if public else None
        zone = finding.cut.name if finding.cut else zone
        replaces = state in (RecordState.FOREIGN, RecordState.OUTDATED)
        found.append(_to_write(finding.record, zone, replaces=replaces))
    for lost in dns.elsewhere:
        replaces = lost.state is PublicRecordState.WRONG
        found.append(_to_write(lost.record, lost.zone, replaces=replaces))
    by_name: dict[str, RecordToWrite] = {}
    for entry in found:
        by_name.setdefault(entry.name, entry)
    return tuple(by_name.values())


def _to_write(record: ValidationRecord, zone: str | None, *, replaces: bool) -> RecordToWrite:
    return RecordToWrite(
        name=dns_form(record.name),
        type=record.type,
        value=dns_form(record.value),
        zone=dns_form(zone) if zone else None,
        replaces=replaces,
    )


def _delegation_questions(given: DnsName) -> Iterator[Question]:
    if given.by_dns and given.zone is not None:
        yield dns_form(given.zone.name), RecordType.NS
        yield from _record_questions(given)


def _record_questions(given: DnsName) -> Iterator[Question]:
    if given.by_dns and given.record is not None:
        yield dns_form(given.record.name), RecordType.CNAME


def _delegation(given: DnsName) -> Judgement:
    """Find hosted zones that public DNS delegates nowhere, elsewhere, or also elsewhere.

    Correct validation records in the zone that answers make the hosted zone irrelevant.
    """
    zone = given.zone
    if not given.by_dns or zone is None:
        return None
    public = public_record(given.record, given.ask) if given.record else None
    if public is not None and public.state is PublicRecordState.IN_PLACE:
        return None
    if public is not None and public.state is PublicRecordState.UNKNOWN:
        if given.ask(dns_form(public.record.name), RecordType.CNAME).state is _BROKEN:
            return None  # the check of DNSSEC reports it
        name = dns_form(public.record.name)
        return DnsUnknown(f"the validation record {name} is unknown: {public.found}")
    answer = given.ask(dns_form(zone.name), RecordType.NS)
    if answer.state is _BROKEN:
        return None  # the check of DNSSEC reports it
    if answer.state is AnswerState.UNKNOWN:
        return DnsUnknown(f"the delegation of {dns_form(zone.name)} is unknown: {_reason(answer)}")
    if given.servers is None:
        return DnsUnknown(f"the name servers of zone {zone_text(zone)} could not be read")
    delegation = Delegation(given.servers, frozenset(map(dns_form, answer.values)))
    return _wrong_delegation(zone, delegation) or _other_zone(zone, public)


def _wrong_delegation(zone: Zone, delegation: Delegation) -> DnsProblem | None:
    name, servers = dns_form(zone.name), _servers(delegation.own)
    match delegation.state:
        case DelegationState.NOWHERE:
            text = (
                f"public DNS does not delegate the hosted zone {zone_text(zone)}; add NS records "
                f"for {name} with {servers} {_REGISTRAR}"
            )
        case DelegationState.ELSEWHERE:
            text = (
                f"public DNS delegates {name} to {_servers(delegation.named)}, and not to the "
                f"hosted zone {zone_text(zone)}; change its NS records to {servers} {_REGISTRAR}, "
                "or write the validation records in the other zone"
            )
        case DelegationState.SOME_FOREIGN:
            text = (
                f"public DNS delegates {name} also to {_servers(delegation.foreign)}, which the "
                f"hosted zone {zone_text(zone)} does not name; remove these NS records {_REGISTRAR}"
            )
        case _:
            return None
    return DnsProblem(reason=Reason.ZONE_NOT_DELEGATED, text=text)


def _other_zone(zone: Zone, public: PublicRecord | None) -> DnsProblem | None:
    """Find a missing validation record for which another zone answers than the hosted one."""
    if public is None or public.state is not PublicRecordState.MISSING or public.zone is None:
        return None
    if public.zone == dns_form(zone.name):
        return None
    text = (
        f"public DNS asks zone {public.zone} for {dns_form(public.record.name)}, and not the "
        f"hosted zone {zone_text(zone)}; write the record there, or remove that delegation"
    )
    return DnsProblem(reason=Reason.ZONE_NOT_DELEGATED, text=text)


def _dnssec_questions(given: DnsName) -> Iterator[Question]:
    yield from _caa_questions(given)
    yield from _record_questions(given)


def _dnssec(given: DnsName) -> Judgement:
    """Find names whose DNSSEC resolvers reject, for the CAA or the validation record."""
    answers = [given.ask(*question) for question in _dnssec_questions(given)]
    broken = [answer for answer in answers if answer.state is _BROKEN]
    if not broken:
        return _first_unknown(answers)
    highest = min(broken, key=lambda answer: answer.name.count("."))
    name = _clean_name(highest.name)
    text = (
        f"resolvers that validate DNSSEC reject {name} ({_reason(highest)}), and a CA must refuse; "
        f"make the DS records of its zone in the parent zone match the zone's keys, or remove them "
        "if the zone is not signed"
    )
    return DnsProblem(reason=Reason.DNSSEC_BROKEN, text=text)


def _caa_questions(given: DnsName) -> Iterable[Question]:
    return caa_questions(given.name)


def _caa(given: DnsName) -> Judgement:
    """Find names for which CAA records forbid Amazon to issue."""
    try:
        verdict = judge_public_caa(given.name, given.ask)
    except DnssecBrokenError:
        return None  # the check of DNSSEC reports it
    except PublicDnsUnknownError as error:
        return DnsUnknown(str(error))
    if verdict.allowed:
        return _conditions(verdict)
    # There can be no CAA record beside a CNAME.
    name = verdict.at or ""
    last = _followed(given.ask(name, RecordType.CNAME), given.ask)
    at = _clean_name(last.values[0]) if last.state is AnswerState.FOUND else None
    return DnsProblem(reason=Reason.CAA_FORBIDS, text=explain_caa(verdict, at))


def _conditions(verdict: CaaVerdict) -> DnsUnknown | None:
    """Return that it is unknown whether ACM meets conditions; AWS documents none."""
    if not verdict.parameters:
        return None
    conditions = clean(" or ".join(verdict.parameters), _LONGEST)
    return DnsUnknown(f"the CAA records at {verdict.at} have conditions for Amazon: {conditions}")


#: The checks of a name, the most basic first; a new check is a row here.
CHECKS = (
    DnsCheck(Reason.ZONE_NOT_DELEGATED, _delegation_questions, _delegation, "delegation"),
    DnsCheck(Reason.DNSSEC_BROKEN, _dnssec_questions, _dnssec, "DNSSEC"),
    DnsCheck(Reason.CAA_FORBIDS, _caa_questions, _caa, "CAA"),
)
#: The checks before a request, without that of the delegation: ACM has not named a record yet that
#: another zone may answer.
REQUEST_CHECKS = CHECKS[1:]
#: Every reason that needs the answers of public DNS.
REASONS = frozenset(check.reason for check in CHECKS) | RECORD_REASONS


def questions(given: DnsName, checks: Iterable[DnsCheck] = CHECKS) -> tuple[Question, ...]:
    """Return the queries of all checks of a name, each once."""
    return tuple(dict.fromkeys(entry for check in checks for entry in check.questions(given)))


def judge_names(names: Iterable[DnsName], checks: Sequence[DnsCheck] = CHECKS) -> DnsFinding:
    """Check names; problems with the same cause are one, in the order of the checks."""
    given = list(names)
    problems: dict[tuple[Reason, str], DnsProblem] = {}
    unknown: dict[str, list[str]] = {}
    undecided = set()
    for check in checks:
        for name in given:
            match check.judge(name):
                case DnsProblem() as problem:
                    known = problems.setdefault((problem.reason, problem.text), problem)
                    problems[known.reason, known.text] = replace(
                        known, names=(*known.names, name.name)
                    )
                case DnsUnknown(text):
                    unknown.setdefault(text, []).append(name.name)
                    undecided.add(check.reason)
                case _:
                    pass
    return DnsFinding(
        problems=tuple(problems.values()),
        unknown=tuple(unknown),
        unknown_names=frozenset(name for names in unknown.values() for name in names),
        undecided=frozenset(undecided),
        elsewhere=tuple(_to_write_elsewhere(given, problems.values())),
    )


def _to_write_elsewhere(
    given: Iterable[DnsName], problems: Iterable[DnsProblem]
) -> Iterator[PublicRecord]:
    """Yield the known records that a zone without its delegation cannot answer.

    Written in the zone that public DNS has instead, they are as good as the delegation. With a
    record that is in place or unknown, the delegation is no problem.
    """
    lost = {
        name
        for problem in problems
        if problem.reason is Reason.ZONE_NOT_DELEGATED
        for name in problem.names
    }
    for name in given:
        if name.name in lost and name.record is not None:
            yield public_record(name.record, name.ask)


def _first_unknown(answers: Iterable[DnsAnswer]) -> DnsUnknown | None:
    try:
        for answer in answers:
            answer.known_values()
    except PublicDnsUnknownError as error:
        return DnsUnknown(str(error))
    return None


def _servers(names: Iterable[str]) -> str:
    return listed(sorted(map(_clean_name, names)), _SHOWN)


def _clean_name(name: str) -> str:
    return clean(dns_form(name), _LONGEST)


def _reason(answer: DnsAnswer) -> str:
    return clean(answer.reason, _LONGEST) or "no answer"
