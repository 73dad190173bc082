"""Rehearsing a renewal with a twin: what it looks like, whom it could confuse, what it proved.

A twin is a certificate with the same names from the same issuer, requested as ACM would have to
issue a renewal, and deleted once that is known. It must never be taken for a successor.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from certificate_lifecycle.cli.dns_health import CaaVerdict, Delegation, DelegationState
from certificate_lifecycle.core.assessment import find_successor
from certificate_lifecycle.core.checks import is_managed_elsewhere
from certificate_lifecycle.core.issuance import CertificateRequest
from certificate_lifecycle.core.model import (
    Certificate,
    CertificateStatus,
    CertificateType,
    Decision,
    Documented,
    ValidationMethod,
    ValidationRecord,
)
from certificate_lifecycle.core.names import dns_form
from certificate_lifecycle.core.sources import SourceFinding, SourceState
from certificate_lifecycle.core.timing import Thresholds, lacks_future
from certificate_lifecycle.core.validation import RecordFinding, RecordState, explain

#: The tag by which a twin names the certificate that it rehearses for.
DRILL_TAG = "certificate-lifecycle:drill-of"
#: Requests that share a token are one to ACM for an hour, even if it was deleted meanwhile.
MAX_ATTEMPTS = 5
#: Longer than anything that ACM issues: a twin must not be mistaken even then.
_LONGEST_LIFETIME = timedelta(days=398)
#: A twin that a killed drill has left is found by the next one; until then it must confuse nobody.
_LEFT_BEHIND = timedelta(days=1)
#: The key of the other family: load balancers serve both side by side, so neither succeeds another.
_OTHER_FAMILY = {"RSA": "EC_prime256v1", "EC": "RSA_2048"}
_UNRENEWED = {
    CertificateType.SERVER_CERTIFICATE: (
        "It is an IAM server certificate, which nothing renews; its successor has to be imported."
    ),
    CertificateType.PRIVATE_AUTHORITY: (
        "It is a private CA, which nothing renews; somebody has to have its certificate issued."
    ),
}


class Outcome(StrEnum):
    """What a step of a drill showed."""

    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Answer(Documented):
    """Whether a renewal would have worked."""

    YES = "yes", "Every step of a renewal that can be rehearsed worked."
    NO = "no", "A renewal would have failed."
    PARTLY = "partly known", "Nothing failed, and not every step could be rehearsed."


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that was tried, what came of it as a sentence, and how many seconds it took."""

    name: str
    outcome: Outcome
    text: str
    seconds: float = 0.0


def answer(steps: Iterable[Step], *, complete: bool) -> Answer:
    """Return whether it would have worked; `complete` says that no step was left out."""
    outcomes = {step.outcome for step in steps}
    if Outcome.FAILED in outcomes:
        return Answer.NO
    return Answer.PARTLY if Outcome.UNKNOWN in outcomes or not complete else Answer.YES


# --- What can be rehearsed ------------------------------------------------------------------------


def obstacle(certificate: Certificate) -> Step | None:
    """Say why no twin can rehearse the renewal of a described certificate; None if one can.

    Where nothing would renew it, that is a failure; where only the twin is of no use, nothing is
    known.
    """
    validations = certificate.detail.validations if certificate.detail else ()
    methods = {validation.method for validation in validations}
    private = certificate.type is CertificateType.PRIVATE
    outcome, text = Outcome.UNKNOWN, None
    if is_managed_elsewhere(certificate):
        text = "Another tool or service looks after it, and renews it in its own way."
    elif certificate.type in _UNRENEWED:
        outcome, text = Outcome.FAILED, _UNRENEWED[certificate.type]
    elif not certificate.managed:
        text = "No twin can be requested of what ACM did not issue."
    elif certificate.status is not CertificateStatus.ISSUED:
        text = f"Its status is {certificate.status}, and ACM renews only what is issued."
        outcome = Outcome.FAILED
    elif ValidationMethod.EMAIL in methods:
        text = "It is validated by e-mail, and only a person can rehearse answering that."
    elif not private and methods != {ValidationMethod.DNS}:
        text = "ACM does not say that it is validated by DNS."
    return None if text is None else Step(name="renewal", outcome=outcome, text=text)


def twin_request(certificate: Certificate, attempt: int) -> CertificateRequest:
    """Return the request for a twin: same names, same CA, and a key that tells them apart.

    A public twin has a key of the other family, so that nothing takes it for a successor. A private
    CA issues for keys of its own family only, see `confused`. It is not exportable: each public
    certificate that is would cost money. Its only tag says what it is for, so that no instance
    takes it for its own.
    """
    authority = certificate.detail.certificate_authority_arn if certificate.detail else None
    return CertificateRequest(
        names=certificate.names,
        region=certificate.region,
        key_algorithm=_twin_key(certificate),
        certificate_authority_arn=authority,
        tags=((DRILL_TAG, certificate.arn),),
        purpose=f"drill {attempt} of {certificate.arn}",
    )


def cost(certificate: Certificate) -> str:
    """Return what a twin costs, as a sentence."""
    if certificate.type is CertificateType.PRIVATE:
        return "AWS Private CA charges for the twin as for any certificate that it issues."
    if certificate.exportable:
        return (
            "It costs nothing: the twin is requested without the export option, for which ACM "
            "would charge by the name."
        )
    return "It costs nothing: ACM does not charge for public certificates that nobody can export."


def may_be_twin(certificate: Certificate, listed: Certificate) -> bool:
    """Whether a listed certificate may be a twin of `certificate`; its tags decide."""
    return (
        listed.arn != certificate.arn
        and listed.type is certificate.type
        and listed.key_algorithm == _twin_key(certificate)
        and not listed.in_use
        and (not listed.names_complete or set(listed.names) == set(certificate.names))
    )


def confused(
    certificate: Certificate,
    listed: Iterable[Certificate],
    thresholds: Thresholds,
    until: datetime,
) -> Sequence[Certificate]:
    """Return the certificates that a run could give the twin to as their successor.

    Those are the ones without a future by `until`, when the drill is over at the latest, or a day
    later, should it be killed. Of one whose names the listing cuts short, those that it shows
    decide: better no drill than one that moves a consumer.
    """
    by_then = until + _LEFT_BEHIND
    twin = replace(
        certificate,
        arn=f"{certificate.arn}/twin",
        key_algorithm=_twin_key(certificate),
        not_before=by_then,
        not_after=by_then + _LONGEST_LIFETIME,
    )
    return [
        each
        for each in listed
        if lacks_future(each, thresholds, by_then)
        and find_successor(replace(each, names_complete=True), [twin], thresholds, by_then)
    ]


def differences(twin: Certificate, certificate: Certificate) -> Sequence[str]:
    """Return how an issued twin differs from what a renewal would have to be, as clauses.

    The chain of a public one differs rightly: Amazon signs each key family with its own CAs.
    """
    found = []
    missing = sorted(set(certificate.names) - set(twin.names))
    further = sorted(set(twin.names) - set(certificate.names))
    if missing:
        found.append(f"it lacks {', '.join(missing)}")
    if further:
        found.append(f"it also has {', '.join(further)}")
    if twin.type is not certificate.type:
        found.append(f"its type is {twin.type} instead of {certificate.type}")
    if _authority(twin) != _authority(certificate):
        found.append(f"it comes from {_authority(twin)} instead of {_authority(certificate)}")
    return found


def _twin_key(certificate: Certificate) -> str:
    if certificate.type is CertificateType.PRIVATE:
        return certificate.key_algorithm
    return _OTHER_FAMILY.get(certificate.key_algorithm.partition("_")[0], "RSA_2048")


def _authority(certificate: Certificate) -> str:
    arn = certificate.detail.certificate_authority_arn if certificate.detail else None
    return arn or "Amazon"


# --- What is known before anything is requested ---------------------------------------------------


def eligibility(certificate: Certificate) -> Step:
    """Say whether ACM would begin to renew a described certificate at all."""
    name = "eligibility"
    if not certificate.used:
        text = "Nothing uses it, and ACM renews only what is used."
        return Step(name=name, outcome=Outcome.UNKNOWN, text=text)
    if certificate.renewal_eligible is False:
        text = "ACM says that it will not renew it, although it is used."
        return Step(name=name, outcome=Outcome.FAILED, text=text)
    text = "It is used, and ACM does not say that it will not renew it."
    return Step(name=name, outcome=Outcome.PASSED, text=text)


def records_step(findings: Sequence[RecordFinding]) -> Step:
    """Say whether Route 53 holds every validation record as ACM wants it."""
    name = "validation records"
    wrong = [finding for finding in findings if finding.state is not RecordState.IN_PLACE]
    if not findings:
        text = "ACM does not say which validation records it wants."
        return Step(name=name, outcome=Outcome.UNKNOWN, text=text)
    if not wrong:
        text = f"Route 53 holds {_counted(len(findings), 'validation record')} as ACM wants it."
        return Step(name=name, outcome=Outcome.PASSED, text=text)
    text = _sentence("; ".join(explain(finding) for finding in wrong))
    failed = any(finding.zone is not None for finding in wrong)
    outcome = Outcome.FAILED if failed else Outcome.UNKNOWN
    return Step(name=name, outcome=outcome, text=text)


def public_step(wanted: Sequence[ValidationRecord], led: Mapping[str, Sequence[str]]) -> Step:
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
        return Step(name=name, outcome=Outcome.FAILED, text=text)
    text = "Public DNS answers as ACM wants it."
    return Step(name=name, outcome=Outcome.PASSED, text=text)


def delegation_step(delegations: Mapping[str, Delegation]) -> Step:
    """Say whether the world comes to the hosted zones that hold the records, by their names."""
    name = "delegation"
    if not delegations:
        text = "No hosted zone that can be seen from here holds the records."
        return Step(name=name, outcome=Outcome.UNKNOWN, text=text)
    texts, outcomes = [], set()
    for zone, delegation in delegations.items():
        text, outcome = _delegated(zone, delegation)
        texts.append(text)
        outcomes.add(outcome)
    worst = next(
        each for each in (Outcome.FAILED, Outcome.UNKNOWN, Outcome.PASSED) if each in outcomes
    )
    return Step(name=name, outcome=worst, text=_sentence("; ".join(texts)))


def _delegated(zone: str, delegation: Delegation) -> tuple[str, Outcome]:
    match delegation.state:
        case DelegationState.NOWHERE:
            return f"nobody delegates the zone {zone}", Outcome.FAILED
        case DelegationState.ELSEWHERE:
            servers = ", ".join(sorted(delegation.named))
            return f"public DNS leads to {servers} instead of the zone {zone}", Outcome.FAILED
        case DelegationState.SOME_FOREIGN:
            servers = ", ".join(sorted(delegation.foreign))
            return f"public DNS leads to the zone {zone}, and also to {servers}", Outcome.UNKNOWN
        case _:
            return f"public DNS leads to the zone {zone}", Outcome.PASSED


def caa_step(verdicts: Iterable[CaaVerdict]) -> Step:
    """Say whether CAA records let Amazon issue for each name."""
    name = "CAA"
    forbidden = [
        f"the CAA records at {verdict.at} do not let Amazon issue for {verdict.name}"
        for verdict in verdicts
        if not verdict.allowed
    ]
    if forbidden:
        return Step(name=name, outcome=Outcome.FAILED, text=_sentence("; ".join(forbidden)))
    text = "No CAA record keeps Amazon from issuing."
    return Step(name=name, outcome=Outcome.PASSED, text=text)


def settled(steps: Sequence[Step]) -> Sequence[Step]:
    """Return the steps with those mended that a right answer of public DNS overrules.

    A hosted zone that lacks a record, or that nobody is led to, may be a leftover beside the one
    that answers; it keeps nothing from working.
    """
    right = any(each.name == "public DNS" and each.outcome is Outcome.PASSED for each in steps)
    overruled = ("validation records", "delegation")
    return [
        replace(each, outcome=Outcome.PASSED, text=f"{each.text} Public DNS answers all the same.")
        if right and each.name in overruled and each.outcome is not Outcome.PASSED
        else each
        for each in steps
    ]


def authority_step(decision: Decision | None) -> Step:
    """Say whether the private CA would issue; None if it cannot be seen from here."""
    name = "private CA"
    if decision is None:
        text = "The private CA is not one of this account and region, or cannot be seen from here."
        return Step(name=name, outcome=Outcome.UNKNOWN, text=text)
    outcome = Outcome.PASSED if decision.healthy else Outcome.FAILED
    text = "The private CA issues for ACM." if decision.healthy else decision.message
    return Step(name=name, outcome=outcome, text=text)


def source_step(finding: SourceFinding | None) -> Step:
    """Say whether what the import source of a certificate holds could be imported."""
    name = "import source"
    if finding is None:
        text = "It was imported and has no import source, so that only a person can renew it."
        return Step(name=name, outcome=Outcome.UNKNOWN, text=text)
    match finding.state:
        case SourceState.NEWER:
            outcome, more = Outcome.PASSED, ""
        case SourceState.SAME | SourceState.NOT_NEWER | SourceState.NOT_YET_VALID:
            outcome = Outcome.UNKNOWN
            more = " It can be read; a newer version has yet to be written into it."
        case SourceState.UNREAD:
            outcome, more = Outcome.UNKNOWN, ""
        case _:
            outcome, more = Outcome.FAILED, ""
    return Step(name=name, outcome=outcome, text=f"{finding.text}{more}")


def _counted(count: int, thing: str) -> str:
    return f"the {thing}" if count == 1 else f"each of {count} {thing}s"


def _sentence(clause: str) -> str:
    return f"{clause[0].upper()}{clause[1:]}."
