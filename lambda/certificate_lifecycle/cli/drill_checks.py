"""What ACM needs to renew a certificate, as one check per need.

Pure: `cli.renewal_drill` reads everything and passes it in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from certificate_lifecycle.cli.dns_health import CaaVerdict, Delegation, DelegationState
from certificate_lifecycle.model.certificate import (
    Certificate,
    CertificateStatus,
    CertificateType,
    Decision,
    Documented,
    ValidationMethod,
    ValidationRecord,
)
from certificate_lifecycle.model.dns_names import dns_form
from certificate_lifecycle.policy.checks import is_externally_managed
from certificate_lifecycle.policy.import_source import SourceFinding, SourceState
from certificate_lifecycle.policy.validation import RecordFinding, RecordState, explain

_NOT_RENEWED = {
    CertificateType.SERVER_CERTIFICATE: (
        "It is an IAM server certificate, which ACM does not renew. Import its successor."
    ),
    CertificateType.PRIVATE_AUTHORITY: (
        "It is a private CA, which ACM does not renew. Its certificate has to be issued again."
    ),
}


class CheckOutcome(StrEnum):
    """What a check showed."""

    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"


class RenewalAnswer(Documented):
    """Whether a renewal would work."""

    YES = "yes", "Every check passed."
    NO = "no", "A renewal would fail."
    PARTLY = "partly known", "No check failed, but not everything could be checked."


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillCheck:
    """One thing that a renewal needs, and what was found, as a sentence."""

    name: str
    outcome: CheckOutcome
    text: str


def answer(checks: Iterable[DrillCheck]) -> RenewalAnswer:
    """Return whether a renewal would work, by all checks together."""
    outcomes = {check.outcome for check in checks}
    if CheckOutcome.FAILED in outcomes:
        return RenewalAnswer.NO
    return RenewalAnswer.PARTLY if CheckOutcome.UNKNOWN in outcomes else RenewalAnswer.YES


def no_managed_renewal(certificate: Certificate) -> DrillCheck | None:
    """Return why ACM does not renew a described certificate by itself; None if it does.

    The outcome is FAILED if nothing renews the certificate, and UNKNOWN if something else may.
    """
    validations = certificate.detail.validations
    methods = {validation.method for validation in validations}
    private = certificate.type is CertificateType.PRIVATE
    outcome, text = CheckOutcome.UNKNOWN, None
    if is_externally_managed(certificate):
        text = "Another tool or service manages it, and renews it in its own way."
    elif certificate.type in _NOT_RENEWED:
        outcome, text = CheckOutcome.FAILED, _NOT_RENEWED[certificate.type]
    elif not certificate.managed:
        text = "ACM did not issue it."
    elif certificate.status is not CertificateStatus.ISSUED:
        text = f"Its status is {certificate.status}, and ACM renews only issued certificates."
        outcome = CheckOutcome.FAILED
    elif ValidationMethod.EMAIL in methods:
        text = "It is validated by e-mail, so a person has to answer the approval mail."
    elif not private and methods != {ValidationMethod.DNS}:
        text = "ACM does not say that it is validated by DNS."
    return None if text is None else DrillCheck(name="renewal", outcome=outcome, text=text)


def check_eligibility(certificate: Certificate) -> DrillCheck:
    """Say whether ACM would begin to renew a described certificate at all."""
    name = "eligibility"
    if not certificate.used:
        text = "Nothing uses it, and ACM renews only what is used."
        return DrillCheck(name=name, outcome=CheckOutcome.UNKNOWN, text=text)
    if certificate.renewal_eligible is False:
        text = "ACM says that it will not renew it, although it is used."
        return DrillCheck(name=name, outcome=CheckOutcome.FAILED, text=text)
    text = "It is used, and ACM does not say that it will not renew it."
    return DrillCheck(name=name, outcome=CheckOutcome.PASSED, text=text)


def check_records(findings: Sequence[RecordFinding]) -> DrillCheck:
    """Say whether Route 53 holds every validation record as ACM wants it."""
    name = "validation records"
    wrong = [finding for finding in findings if finding.state is not RecordState.IN_PLACE]
    if not findings:
        text = "ACM does not say which validation records it wants."
        return DrillCheck(name=name, outcome=CheckOutcome.UNKNOWN, text=text)
    if not wrong:
        text = f"Route 53 holds {_counted(len(findings), 'validation record')} as ACM wants it."
        return DrillCheck(name=name, outcome=CheckOutcome.PASSED, text=text)
    text = _sentence("; ".join(explain(finding) for finding in wrong))
    failed = any(finding.zone is not None for finding in wrong)
    outcome = CheckOutcome.FAILED if failed else CheckOutcome.UNKNOWN
    return DrillCheck(name=name, outcome=outcome, text=text)


def check_public(
    wanted: Sequence[ValidationRecord], led: Mapping[str, Sequence[str]]
) -> DrillCheck:
    """Say whether public DNS leads each validation name to ACM's value.

    `led` has, by the name of each record, where its CNAMEs lead one after the other; ACM follows
    some of them (user guide, "DNS validation").
    """
    name = "public DNS"
    wrong = []
    for record in wanted:
        chain = led.get(record.name, ())
        if dns_form(record.value) not in chain:
            where = f"leads to {chain[-1]}" if chain else "leads nowhere"
            wrong.append(f"{dns_form(record.name)} {where}")
    if wrong:
        text = f"Public DNS does not answer as ACM wants it: {'; '.join(wrong)}."
        return DrillCheck(name=name, outcome=CheckOutcome.FAILED, text=text)
    text = "Public DNS answers as ACM wants it."
    return DrillCheck(name=name, outcome=CheckOutcome.PASSED, text=text)


def check_delegation(delegations: Mapping[str, Delegation]) -> DrillCheck:
    """Say whether the world comes to the hosted zones that hold the records, by their names."""
    name = "delegation"
    if not delegations:
        text = "No hosted zone that can be seen from here holds the records."
        return DrillCheck(name=name, outcome=CheckOutcome.UNKNOWN, text=text)
    texts, outcomes = [], set()
    for zone, delegation in delegations.items():
        text, outcome = _delegated(zone, delegation)
        texts.append(text)
        outcomes.add(outcome)
    worst = next(
        entry
        for entry in (CheckOutcome.FAILED, CheckOutcome.UNKNOWN, CheckOutcome.PASSED)
        if entry in outcomes
    )
    return DrillCheck(name=name, outcome=worst, text=_sentence("; ".join(texts)))


def _delegated(zone: str, delegation: Delegation) -> tuple[str, CheckOutcome]:
    match delegation.state:
        case DelegationState.NOWHERE:
            return f"nobody delegates the zone {zone}", CheckOutcome.FAILED
        case DelegationState.ELSEWHERE:
            servers = ", ".join(sorted(delegation.named))
            return f"public DNS leads to {servers} instead of the zone {zone}", CheckOutcome.FAILED
        case DelegationState.SOME_FOREIGN:
            servers = ", ".join(sorted(delegation.foreign))
            return (
                f"public DNS leads to the zone {zone}, and also to {servers}",
                CheckOutcome.UNKNOWN,
            )
        case _:
            return f"public DNS leads to the zone {zone}", CheckOutcome.PASSED


def check_caa(verdicts: Iterable[CaaVerdict]) -> DrillCheck:
    """Say whether CAA records let Amazon issue for each name."""
    name = "CAA"
    forbidden = [
        f"the CAA records at {verdict.at} do not let Amazon issue for {verdict.name}"
        for verdict in verdicts
        if not verdict.allowed
    ]
    if forbidden:
        return DrillCheck(
            name=name, outcome=CheckOutcome.FAILED, text=_sentence("; ".join(forbidden))
        )
    text = "No CAA record keeps Amazon from issuing."
    return DrillCheck(name=name, outcome=CheckOutcome.PASSED, text=text)


def accept_public_dns(checks: Sequence[DrillCheck]) -> Sequence[DrillCheck]:
    """Return the checks, with those passed that a right answer of public DNS overrules.

    A hosted zone that lacks a record, or that is not delegated to, may be left over beside the one
    that answers. Such a zone does not prevent a renewal.
    """
    passed = {check.name for check in checks if check.outcome is CheckOutcome.PASSED}
    overruled = {"validation records", "delegation"} - passed
    if "public DNS" not in passed:
        return checks
    return [
        replace(
            check,
            outcome=CheckOutcome.PASSED,
            text=f"{check.text} Public DNS answers all the same.",
        )
        if check.name in overruled
        else check
        for check in checks
    ]


def check_authority(decision: Decision | None) -> DrillCheck:
    """Say whether the private CA would issue; None if it cannot be seen from here."""
    name = "private CA"
    if decision is None:
        text = "The private CA is not one of this account and region, or cannot be seen from here."
        return DrillCheck(name=name, outcome=CheckOutcome.UNKNOWN, text=text)
    outcome = CheckOutcome.PASSED if decision.healthy else CheckOutcome.FAILED
    text = "The private CA issues for ACM." if decision.healthy else decision.message
    return DrillCheck(name=name, outcome=outcome, text=text)


def check_source(finding: SourceFinding | None) -> DrillCheck:
    """Say whether what the import source of a certificate holds could be imported."""
    name = "import source"
    if finding is None:
        text = "It was imported and has no import source, so that only a person can renew it."
        return DrillCheck(name=name, outcome=CheckOutcome.UNKNOWN, text=text)
    match finding.state:
        case SourceState.NEWER:
            outcome, more = CheckOutcome.PASSED, ""
        case SourceState.SAME | SourceState.NOT_NEWER | SourceState.NOT_YET_VALID:
            outcome = CheckOutcome.UNKNOWN
            more = " It can be read; a newer version has yet to be written into it."
        case SourceState.UNREAD:
            outcome, more = CheckOutcome.UNKNOWN, ""
        case _:
            outcome, more = CheckOutcome.FAILED, ""
    return DrillCheck(name=name, outcome=outcome, text=f"{finding.text}{more}")


def _counted(count: int, thing: str) -> str:
    return f"the {thing}" if count == 1 else f"each of {count} {thing}s"


def _sentence(error_summary: str) -> str:
    return f"{error_summary[0].upper()}{error_summary[1:]}."
