"""The checks of a renewal: one for each thing that ACM needs to renew a certificate.

Pure: `cli.renewal_drill` reads everything and passes it in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

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
from certificate_lifecycle.policy.caa import CaaVerdict
from certificate_lifecycle.policy.checks import is_externally_managed
from certificate_lifecycle.policy.delegation import Delegation, DelegationState
from certificate_lifecycle.policy.import_source import SourceFinding, SourceState
from certificate_lifecycle.policy.validation import (
    RecordFinding,
    RecordState,
    accepted_values,
    explain,
)

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


def check_records(findings: Sequence[RecordFinding]) -> DrillCheck:
    """Check whether Route 53 contains every validation record that ACM needs."""
    name = "validation records"
    wrong = [finding for finding in findings if finding.state is not RecordState.IN_PLACE]
    if not findings:
        text = "ACM does not report which validation records it needs."
        return DrillCheck(name, CheckOutcome.UNKNOWN, text)
    if not wrong:
        text = f"Validation records in Route 53: {len(findings)} of {len(findings)}."
        return DrillCheck(name, CheckOutcome.PASSED, text)
    failed = any(finding.zone is not None for finding in wrong)
    outcome = CheckOutcome.FAILED if failed else CheckOutcome.UNKNOWN
    return DrillCheck(name, outcome, _sentence(explain(finding) for finding in wrong))


def check_public(
    wanted: Sequence[ValidationRecord], chains: Mapping[str, Sequence[str]]
) -> DrillCheck:
    """Check whether public DNS resolves each validation name to ACM's value.

    `chains` has the targets of successive CNAMEs by record name (ACM user guide, "DNS validation").
    """
    name, wrong = "public DNS", []
    for record in wanted:
        chain = chains.get(record.name, ())
        if accepted_values(record).isdisjoint(chain):
            target = f"points to {chain[-1]}" if chain else "does not exist"
            wrong.append(f"{dns_form(record.name)} {target}")
    if wrong:
        text = f"Validation records are wrong in public DNS: {'; '.join(wrong)}."
        return DrillCheck(name, CheckOutcome.FAILED, text)
    return DrillCheck(name, CheckOutcome.PASSED, "Public DNS returns the values that ACM needs.")


def check_delegation(delegations: Mapping[str, Delegation]) -> DrillCheck:
    """Check whether public DNS delegates to the hosted zones with the records, by zone name."""
    name = "delegation"
    if not delegations:
        text = "No visible hosted zone contains the records."
        return DrillCheck(name, CheckOutcome.UNKNOWN, text)
    results = [_delegated(zone, delegation) for zone, delegation in delegations.items()]
    order = (CheckOutcome.FAILED, CheckOutcome.UNKNOWN, CheckOutcome.PASSED)
    worst = min((outcome for outcome, _ in results), key=order.index)
    return DrillCheck(name, worst, _sentence(text for _, text in results))


def _delegated(zone: str, delegation: Delegation) -> tuple[CheckOutcome, str]:
    match delegation.state:
        case DelegationState.NOWHERE:
            return CheckOutcome.FAILED, f"the zone {zone} is not delegated"
        case DelegationState.ELSEWHERE:
            servers = ", ".join(sorted(delegation.named))
            return CheckOutcome.FAILED, f"the zone {zone} is delegated to {servers} instead"
        case DelegationState.SOME_FOREIGN:
            servers = ", ".join(sorted(delegation.foreign))
            return CheckOutcome.UNKNOWN, f"the zone {zone} is also delegated to {servers}"
        case _:
            return CheckOutcome.PASSED, f"public DNS delegates to the zone {zone}"


def check_caa(verdicts: Iterable[CaaVerdict]) -> DrillCheck:
    """Check whether CAA records allow Amazon to issue for each name."""
    forbidden = [
        f"the CAA records at {verdict.at} do not allow Amazon to issue for {verdict.name}"
        for verdict in verdicts
        if not verdict.allowed
    ]
    if forbidden:
        return DrillCheck("CAA", CheckOutcome.FAILED, _sentence(forbidden))
    return DrillCheck("CAA", CheckOutcome.PASSED, "CAA records allow Amazon to issue.")


def accept_public_dns(checks: Sequence[DrillCheck]) -> Sequence[DrillCheck]:
    """Return the checks; if public DNS is right, records and delegation pass too.

    A hosted zone without the record or the delegation may be unused beside the one that answers,
    and does not prevent a renewal.
    """
    passed = {check.name for check in checks if check.outcome is CheckOutcome.PASSED}
    if "public DNS" not in passed:
        return checks
    overruled = {"validation records", "delegation"} - passed
    note = "Ignored, because public DNS is correct."
    return [
        DrillCheck(check.name, CheckOutcome.PASSED, f"{check.text} {note}")
        if check.name in overruled
        else check
        for check in checks
    ]


def check_authority(decision: Decision | None) -> DrillCheck:
    """Check whether the private CA would issue; None if the CA is not visible."""
    name = "private CA"
    if decision is None:
        text = "The private CA is not visible in this account and region."
        return DrillCheck(name, CheckOutcome.UNKNOWN, text)
    if decision.healthy:
        return DrillCheck(name, CheckOutcome.PASSED, "The private CA issues for ACM.")
    return DrillCheck(name, CheckOutcome.FAILED, decision.message)


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
