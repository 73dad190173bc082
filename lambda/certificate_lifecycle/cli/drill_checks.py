"""The checks of a renewal: one for each thing that ACM needs to renew a certificate.

Pure: `cli.renewal_drill` reads everything and passes it in.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from certificate_lifecycle.model.certificate import (
    Certificate,
    CertificateStatus,
    CertificateType,
    Decision,
    Documented,
    Reason,
    ValidationMethod,
    Verdict,
)
from certificate_lifecycle.model.dns_names import dns_form
from certificate_lifecycle.policy.checks import is_externally_managed
from certificate_lifecycle.policy.dns_health import (
    CHECKS,
    DnsFinding,
    PublicRecordState,
    explain_public,
)
from certificate_lifecycle.policy.export import TargetFinding, TargetState
from certificate_lifecycle.policy.import_source import SourceFinding, SourceState
from certificate_lifecycle.policy.name_constraints import AuthorityFinding
from certificate_lifecycle.policy.observation import Observation
from certificate_lifecycle.policy.validation import RecordFinding, RecordState, explain

#: Certificates outside ACM, which are listed with all details.
NOT_RENEWED = {
    CertificateType.SERVER_CERTIFICATE: (
        "It is an IAM server certificate, which ACM does not renew. Import a new one."
    ),
    CertificateType.PRIVATE_AUTHORITY: (
        "It is a private CA, which ACM does not renew. Issue its certificate again."
    ),
    CertificateType.DECLARED: (
        "It is the parameter of a declared certificate, which does not exist. Issue it again."
    ),
    **dict.fromkeys(
        (
            CertificateType.ACME_ENDPOINT,
            CertificateType.ACME_DOMAIN_VALIDATION,
            CertificateType.ACME_ACCOUNT_BINDING,
        ),
        "It is an ACME endpoint or a part of one, and no certificate.",
    ),
}


class CheckOutcome(StrEnum):
    """The outcome of a check."""

    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"


class RenewalAnswer(Documented):
    """Whether a renewal would work."""

    YES = "yes", "Every check passed."
    NO = "no", "A renewal would fail."
    PARTLY = "partly known", "No check failed, but not everything could be checked."


@dataclass(frozen=True, slots=True)
class DrillCheck:
    """One check of a renewal and its result as a sentence."""

    name: str
    outcome: CheckOutcome
    text: str


def answer(checks: Iterable[DrillCheck]) -> RenewalAnswer:
    """Return whether a renewal would work, from all checks."""
    outcomes = {check.outcome for check in checks}
    if CheckOutcome.FAILED in outcomes:
        return RenewalAnswer.NO
    return RenewalAnswer.PARTLY if CheckOutcome.UNKNOWN in outcomes else RenewalAnswer.YES


def no_managed_renewal(certificate: Certificate) -> DrillCheck | None:
    """Return why ACM does not renew a described certificate by itself; None if it does.

    The outcome is FAILED if nothing renews the certificate, and UNKNOWN if another tool may.
    """
    methods = {validation.method for validation in certificate.detail.validations}
    private = certificate.type is CertificateType.PRIVATE
    outcome, text = CheckOutcome.UNKNOWN, None
    if is_externally_managed(certificate):
        text = "Another tool or service manages and renews it."
    elif certificate.type in NOT_RENEWED:
        outcome, text = CheckOutcome.FAILED, NOT_RENEWED[certificate.type]
    elif not certificate.managed:
        text = "ACM did not issue it."
    elif certificate.status is not CertificateStatus.ISSUED:
        text = f"Its status is {certificate.status}, and ACM renews only issued certificates."
        outcome = CheckOutcome.FAILED
    elif ValidationMethod.EMAIL in methods:
        text = "It is validated by email: the domain owner has to approve the renewal."
    elif not private and methods != {ValidationMethod.DNS}:
        text = "ACM does not report DNS validation for it."
    return None if text is None else DrillCheck("renewal", outcome, text)


def check_eligibility(certificate: Certificate) -> DrillCheck:
    """Check whether ACM would start to renew a described certificate."""
    if not certificate.used:
        outcome = CheckOutcome.UNKNOWN
        text = "No service uses it, and ACM renews only those in use."
    elif certificate.renewal_eligible is False:
        outcome, text = CheckOutcome.FAILED, "It is in use, but ACM reports it as not eligible."
    else:
        outcome, text = CheckOutcome.PASSED, "It is in use, and ACM does not rule out a renewal."
    return DrillCheck("eligibility", outcome, text)


def check_names(dns: DnsFinding) -> Sequence[DrillCheck]:
    """Check the names of a certificate as a run does, by each row of `CHECKS`."""
    unknown = _sentence(dns.unknown or ("public DNS gave no answer",))
    checks = [check_public(dns)]
    for row in CHECKS:
        problems = [problem for problem in dns.problems if problem.reason is row.reason]
        outcome, text = CheckOutcome.PASSED, "No problem was found."
        if problems:
            outcome = CheckOutcome.FAILED
            text = _sentence(problem.with_names() for problem in problems)
        elif row.reason in dns.undecided:
            outcome, text = CheckOutcome.UNKNOWN, unknown
        checks.append(DrillCheck(row.subject, outcome, text))
    return checks


def check_records(findings: Sequence[RecordFinding], dns: DnsFinding) -> DrillCheck:
    """Check whether Route 53 contains every validation record that ACM needs.

    A hosted zone without a record that public DNS answers is not in use, and prevents no renewal.
    """
    name = "validation records"
    wrong = [finding for finding in findings if finding.state is not RecordState.IN_PLACE]
    if not findings:
        text = "ACM does not report which validation records it needs."
        return DrillCheck(name, CheckOutcome.UNKNOWN, text)
    if not wrong:
        text = f"Validation records in Route 53: {len(findings)} of {len(findings)}."
        return DrillCheck(name, CheckOutcome.PASSED, text)
    text = _sentence(explain(finding) for finding in wrong)
    if dns.all_in_place:
        return DrillCheck(
            name, CheckOutcome.PASSED, f"{text} Ignored, because public DNS is correct."
        )
    failed = any(finding.zone is not None for finding in wrong)
    return DrillCheck(name, CheckOutcome.FAILED if failed else CheckOutcome.UNKNOWN, text)


def check_public(dns: DnsFinding) -> DrillCheck:
    """Check whether public DNS answers each validation record with ACM's value."""
    name, found = "public DNS", {PublicRecordState.MISSING, PublicRecordState.WRONG}
    wrong = [entry for entry in dns.records if entry.state in found]
    if wrong:
        return DrillCheck(name, CheckOutcome.FAILED, _sentence(map(explain_public, wrong)))
    if dns.all_in_place:
        text = "Public DNS returns the values that ACM needs."
        return DrillCheck(name, CheckOutcome.PASSED, text)
    silent = [entry for entry in dns.records if entry.state is PublicRecordState.UNKNOWN]
    texts = (f"{dns_form(entry.record.name)} is unknown: {entry.found}" for entry in silent)
    text = _sentence(texts) if silent else "The validation records were not queried."
    return DrillCheck(name, CheckOutcome.UNKNOWN, text)


def check_target(finding: TargetFinding | None) -> Sequence[DrillCheck]:
    """Check whether a renewed certificate could be exported; nothing without a target to check."""
    if finding is None:
        return ()
    text = f"{finding.target.secret_arn} is {finding.state.value}"
    text = f"{text}: {finding.blocked_reason}." if finding.blocked_reason else f"{text}."
    outcome = CheckOutcome.FAILED if finding.has_problem else CheckOutcome.PASSED
    unread = finding.state is TargetState.UNREAD
    return (DrillCheck("export target", CheckOutcome.UNKNOWN if unread else outcome, text),)


def check_decision(observation: Observation, decision: Decision) -> DrillCheck:
    """Check what a run decides from the same facts, so that both never contradict each other.

    Findings about anything but the next renewal do not decide about it.
    """
    outcome = CheckOutcome.UNKNOWN
    # The domain owner may still approve the next renewal by e-mail.
    later = decision.reason is Reason.EMAIL_VALIDATION_ENDS
    if decision.verdict is Verdict.RENEWAL_AT_RISK and not later:
        outcome = CheckOutcome.FAILED
    elif decision.healthy or observation.importable:
        outcome = CheckOutcome.PASSED
    text = f"{decision.verdict.value}: {decision.message}"
    return DrillCheck("decision of a run", outcome, text)


def check_authority(decision: Decision | None) -> DrillCheck:
    """Check whether the private CA would issue; None if the CA is not visible."""
    name = "private CA"
    if decision is None:
        text = "The private CA is not visible in this account and region."
        return DrillCheck(name, CheckOutcome.UNKNOWN, text)
    if decision.healthy:
        return DrillCheck(name, CheckOutcome.PASSED, "The private CA issues for ACM.")
    return DrillCheck(name, CheckOutcome.FAILED, decision.message)


def check_constraints(finding: AuthorityFinding) -> DrillCheck:
    """Check whether the name constraints of the private CA permit every name."""
    name = "names at the CA"
    if finding.unread is not None:
        text = f"The certificate of the private CA could not be read: {finding.unread}."
        return DrillCheck(name, CheckOutcome.UNKNOWN, text)
    if finding.reason is not None:
        return DrillCheck(name, CheckOutcome.FAILED, _sentence([finding.text]))
    return DrillCheck(name, CheckOutcome.PASSED, "The private CA may issue for every name.")


def check_source(finding: SourceFinding | None) -> DrillCheck:
    """Check whether the certificate in the import source could be imported."""
    name = "import source"
    if finding is None:
        text = "It was imported and has no import source, so it must be renewed manually."
        return DrillCheck(name, CheckOutcome.UNKNOWN, text)
    outcome, more = CheckOutcome.FAILED, ""
    match finding.state:
        case SourceState.NEWER:
            outcome = CheckOutcome.PASSED
        case SourceState.SAME | SourceState.NOT_NEWER | SourceState.NOT_YET_VALID:
            outcome = CheckOutcome.UNKNOWN
            more = " It can be read; write a newer version to renew."
        case SourceState.UNREAD:
            outcome = CheckOutcome.UNKNOWN
    return DrillCheck(name, outcome, f"{finding.text}{more}")


def _sentence(parts: Iterable[str]) -> str:
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}."
