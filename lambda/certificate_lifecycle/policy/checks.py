"""The checks: each answers one question about a certificate, and explains its decision.

`chain.CHAIN` lists the checks in their order.
A certificate that nothing depends on never gets more than `info`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from certificate_lifecycle.model.certificate import (
    Action,
    Certificate,
    CertificateStatus,
    CertificateType,
    Decision,
    Reason,
    RenewalStatus,
    Severity,
    ValidationMethod,
    Verdict,
    expiry_clause,
)
from certificate_lifecycle.model.pointers import Pointer, PointerState
from certificate_lifecycle.model.sanitize import clean, listed
from certificate_lifecycle.model.timestamps import format_minute
from certificate_lifecycle.policy import facts
from certificate_lifecycle.policy.dns_health import (
    RECORD_REASONS,
    DnsFinding,
    effective_state,
    explain_public,
    is_lost,
    missed,
)
from certificate_lifecycle.policy.export import TargetState
from certificate_lifecycle.policy.facts import Fact
from certificate_lifecycle.policy.import_source import SourceState
from certificate_lifecycle.policy.observation import Observation
from certificate_lifecycle.policy.repair_history import explain_removed, removed_again
from certificate_lifecycle.policy.thresholds import (
    Thresholds,
    ends_soon,
    foresight_threshold,
    is_recent,
    is_within,
    lacks_future,
    overdue_threshold,
    renewal_window,
)
from certificate_lifecycle.policy.throw_away import REPORTED_AFTER, is_throw_away
from certificate_lifecycle.policy.validation import (
    RecordFinding,
    RecordState,
    explain,
    undelegated,
)

#: A request that waits longer than this for validation is stuck.
STUCK_AFTER = timedelta(hours=24)

#: The time that Terraform has to create the pointer of a certificate and issue the certificate.
ISSUED_WITHIN = timedelta(hours=1)

#: Lifetime of the private certificates that ACM issues (user guide, "Certificate characteristics").
PRIVATE_LIFETIME = timedelta(days=395)

#: Time after which ACM starts another renewal attempt.
RENEWAL_ATTEMPT = timedelta(hours=72)

#: Time after its first report for which a failed request is notified. It does not count from the
#: request, because then a request that fails while no run takes place would never be reported.
NOTIFY_FAILURE_FOR = timedelta(days=7)
#: A request older than this is not requested again, and is named once and briefly: the first run
#: after a deployment finds the failures of years.
OLD_REQUEST = timedelta(days=30)
_SHOWN_CONSUMERS = 3
#: The number of records without a hosted zone that a message contains.
_SHOWN_RECORDS = 5
_CAA_TEXT = "a CAA record does not allow Amazon to issue; add amazon.com to it."
#: Characters of the value of a pointer, which may be any text.
_LONGEST_VALUE = 200

#: Tags by which other tools mark certificates as theirs.
FOREIGN_TAG_KEYS = {"services.k8s.aws/controller-version": "AWS Controllers for Kubernetes"}
FOREIGN_MANAGERS = frozenset({"acme.sh", "cert-manager", "certbot", "lego", "lemur"})

#: FailureReason and RenewalStatusReason (API reference, CertificateDetail).
_ACM_REASONS = {
    "NO_AVAILABLE_CONTACTS": Reason.NO_AVAILABLE_CONTACTS,
    "ADDITIONAL_VERIFICATION_REQUIRED": Reason.ADDITIONAL_VERIFICATION_REQUIRED,
    "DOMAIN_NOT_ALLOWED": Reason.DOMAIN_NOT_ALLOWED,
    "INVALID_PUBLIC_DOMAIN": Reason.INVALID_PUBLIC_DOMAIN,
    "DOMAIN_VALIDATION_DENIED": Reason.DOMAIN_VALIDATION_DENIED,
    "CAA_ERROR": Reason.CAA_FORBIDS,
    "PCA_LIMIT_EXCEEDED": Reason.AUTHORITY_LIMIT_EXCEEDED,
    "PCA_INVALID_ARN": Reason.AUTHORITY_NOT_FOUND,
    "PCA_INVALID_STATE": Reason.AUTHORITY_INVALID_STATE,
    "PCA_REQUEST_FAILED": Reason.AUTHORITY_REQUEST_FAILED,
    "PCA_NAME_CONSTRAINTS_VALIDATION": Reason.AUTHORITY_NAME_CONSTRAINTS,
    "PCA_RESOURCE_NOT_FOUND": Reason.AUTHORITY_NOT_FOUND,
    "PCA_INVALID_ARGS": Reason.AUTHORITY_INVALID_ARGUMENTS,
    "PCA_INVALID_DURATION": Reason.AUTHORITY_EXPIRES_TOO_SOON,
    "PCA_ACCESS_DENIED": Reason.AUTHORITY_ACCESS_DENIED,
    "SLR_NOT_FOUND": Reason.SERVICE_LINKED_ROLE_MISSING,
}
#: Reasons for which ACM would not issue a successor either.
_SAME_FOR_A_SUCCESSOR = frozenset(
    {
        *(Reason.CAA_FORBIDS, Reason.ADDITIONAL_VERIFICATION_REQUIRED),
        *(Reason.ZONE_NOT_DELEGATED, Reason.DNSSEC_BROKEN),
        *(Reason.DOMAIN_NOT_ALLOWED, Reason.INVALID_PUBLIC_DOMAIN),
        *(Reason.AUTHORITY_NOT_FOUND, Reason.AUTHORITY_INVALID_STATE),
        Reason.AUTHORITY_NAME_CONSTRAINTS,
    }
)
_AUTHORITY_VERDICTS = {
    Reason.AUTHORITY_ACCESS_DENIED: Verdict.AUTHORITY_PERMISSION_MISSING,
    Reason.SERVICE_LINKED_ROLE_MISSING: Verdict.AUTHORITY_PERMISSION_MISSING,
    Reason.AUTHORITY_EXPIRES_TOO_SOON: Verdict.AUTHORITY_EXPIRING,
}
#: The reason for each state of a validation record, most specific first.
_RECORD_REASONS = {
    RecordState.DELEGATED: Reason.NAME_DELEGATED,
    RecordState.ZONE_AMBIGUOUS: Reason.ZONE_AMBIGUOUS,
    RecordState.FOREIGN: Reason.VALIDATION_RECORD_WRONG,
    RecordState.ZONE_NOT_FOUND: Reason.ZONE_NOT_FOUND,
    RecordState.OUTDATED: Reason.VALIDATION_RECORD_WRONG,
    RecordState.MISSING: Reason.VALIDATION_RECORD_MISSING,
    RecordState.UNCHECKED: Reason.VALIDATION_UNCHECKED,
}
#: Reasons for which a run writes a record.
_REPAIRED_REASONS = frozenset({Reason.VALIDATION_RECORD_WRONG, Reason.VALIDATION_RECORD_MISSING})

#: The reason for each state of an import source whose certificate is due.
_SOURCE_REASONS = {
    SourceState.SAME: Reason.SOURCE_NOT_NEWER,
    SourceState.NOT_NEWER: Reason.SOURCE_NOT_NEWER,
    SourceState.NOT_YET_VALID: Reason.SOURCE_NOT_YET_VALID,
    SourceState.INCOMPATIBLE: Reason.SOURCE_INCOMPATIBLE,
    SourceState.INVALID: Reason.SOURCE_INVALID,
    SourceState.MISSING: Reason.SOURCE_MISSING,
    SourceState.UNREADABLE: Reason.SOURCE_UNREADABLE,
}
#: States of an import source that need a fix, however far expiry is.
_SOURCE_TROUBLE = frozenset(
    {
        *(SourceState.INCOMPATIBLE, SourceState.INVALID, SourceState.UNREADABLE),
        SourceState.NOT_NEWER,
    }
)


Judge = Callable[["CheckInput"], Decision | None]


@dataclass(frozen=True, slots=True)
class CheckInput:
    """What a check decides from, with the severities and clauses that checks share."""

    observation: Observation
    thresholds: Thresholds
    now: datetime

    @property
    def certificate(self) -> Certificate:
        """The certificate that is judged."""
        return self.observation.certificate

    def within(self, threshold: timedelta) -> bool:
        """Whether the certificate expires within `threshold`, or has expired."""
        return is_within(self.certificate, threshold, self.now)

    @property
    def due(self) -> bool:
        """Whether the certificate is within its warning threshold."""
        return self.within(self.thresholds.effective(self.certificate))

    @property
    def critical(self) -> bool:
        """Whether the certificate is within its critical threshold."""
        return self.within(self.thresholds.effective_critical(self.certificate))

    @property
    def expired(self) -> bool:
        """Whether NotAfter has passed or ACM reports EXPIRED, whichever comes first."""
        return self.certificate.status is CertificateStatus.EXPIRED or self.within(timedelta())

    def capped(self, severity: Severity) -> Severity:
        """Return `severity`, or at most INFO for a certificate that nothing depends on."""
        return severity if self.certificate.used else min(severity, Severity.INFO)

    @property
    def severity(self) -> Severity:
        """The severity by the time that is left."""
        ended = self.certificate.status in (CertificateStatus.EXPIRED, CertificateStatus.REVOKED)
        if ended or self.critical:
            return self.capped(Severity.CRITICAL)
        return self.capped(Severity.WARNING) if self.due else Severity.OK

    @property
    def at_least_warning(self) -> Severity:
        """The severity by the time that is left, raised to WARNING if the certificate is used."""
        return self.capped(max(self.severity, Severity.WARNING))

    @property
    def at_risk(self) -> Severity:
        """The severity of an obstacle to the next renewal: INFO while there is much time."""
        near = self.within(foresight_threshold(self.certificate))
        return self.at_least_warning if near else Severity.INFO

    @property
    def expiry(self) -> str:
        """When the certificate expires, as a clause."""
        not_after = self.certificate.not_after
        date = "" if not_after is None else f", on {format_minute(not_after)}"
        return f"{expiry_clause(self.certificate, self.now)}{date}"

    @property
    def expiry_sentence(self) -> str:
        """When the certificate expires, as a sentence."""
        subject = "" if self.certificate.not_after is None else "It "
        text = f"{subject}{self.expiry}."
        return text[0].upper() + text[1:]

    @property
    def consumers(self) -> str:
        """The consumers, as the subject and verb of a clause whose object is the certificate."""
        consumers = self.observation.consumers
        if consumers:
            verb = "uses" if len(consumers) == 1 else "use"
            return f"{listed(consumers, _SHOWN_CONSUMERS)} {verb}"
        if self.certificate.in_use:
            return "an AWS service uses"
        return "an exported copy depends on" if self.certificate.exported else "nothing uses"

    @property
    def proposal(self) -> str:
        """The sentence about a certificate that may take over, after a space; empty without one."""
        proposal = self.observation.proposal
        return f" {proposed(proposal)}" if proposal is not None else ""

    @property
    def source(self) -> str:
        """The sentence about the import source, after a space; empty without a source."""
        source = self.observation.source
        return f" {source.text}" if source else ""

    @property
    def least_for_import(self) -> Severity:
        """The least severity of an import: TLS clients may need a usage that would be gone."""
        source = self.observation.source
        loses = source is not None and source.loses_client_auth
        return self.capped(Severity.WARNING) if loses else Severity.INFO

    def unknown(self, reason: Reason, message: str) -> Decision:
        """Return the decision on a certificate that cannot be judged: at least a warning."""
        severity = self.at_least_warning
        return Decision(Verdict.UNKNOWN, severity, reason, message, Action.INVESTIGATE)

    def unknown_value(self, reason: Reason, text: str) -> Decision:
        """Return the decision on a value newer than this version, harmless until expiry is near."""
        severity = max(self.severity, Severity.INFO)
        action = Action.INVESTIGATE if severity > Severity.INFO else Action.NONE
        message = f"{text} {self.expiry_sentence}"
        return Decision(Verdict.UNKNOWN, severity, reason, message, action)

    def known_reason(self, reason: Reason) -> Reason:
        """Return the reason of a renewal, that of public DNS if ACM gives none."""
        silent = reason is Reason.NO_REASON_GIVEN
        return self.observation.dns.reason or reason if silent else reason

    def overdue(self, reason: Reason, text: str) -> Decision:
        """Return the decision on a renewal that failed or is late; `text` is a main clause."""
        plain = reason in (Reason.NO_PROGRESS, Reason.NOT_ELIGIBLE, Reason.RECORDS_IN_PLACE)
        problems = self.observation.dns.problems
        known = (problem.with_names() for problem in problems if problem.reason is reason)
        meaning = _lower(reason.meaning).removesuffix(".")
        cause = "" if plain else f": {next(known, meaning)}"
        return Decision(
            Verdict.RENEWAL_OVERDUE,
            self.at_least_warning,
            reason,
            f"{text}{cause}; it {self.expiry}, and {self.consumers} it.",
            self._overdue_action(reason),
        )

    def _overdue_action(self, reason: Reason) -> Action:
        """Return REPLACE only if a successor would not fail for the same reason."""
        if reason in _SAME_FOR_A_SUCCESSOR:
            private = self.certificate.type is CertificateType.PRIVATE
            return Action.FIX_AUTHORITY if private else Action.FIX_VALIDATION
        return Action.REPLACE if self.critical else Action.INVESTIGATE


@dataclass(frozen=True, slots=True)
class Check:
    """A check: its question, the facts it uses, and the function that decides."""

    name: str
    question: str
    facts: tuple[Fact, ...]
    judge: Judge

    def __call__(
        self, observation: Observation, thresholds: Thresholds, now: datetime
    ) -> Decision | None:
        """Return the decision, or None to leave it to the next check."""
        return self.judge(CheckInput(observation, thresholds, now))


def check(*, question: str, facts: tuple[Fact, ...]) -> Callable[[Judge], Check]:
    """Declare a function as a check; `chain.CHAIN` applies it."""
    return lambda judge: Check(judge.__name__, question, facts, judge)


@check(
    question="Has its ACME client a later certificate for its names?",
    facts=(facts.MANAGER, facts.STATUS, facts.RENEWED_AS, facts.EXPIRES, facts.WARNING),
)
def renewed_by_client(given: CheckInput) -> Decision | None:
    """Find certificates that their ACME client has renewed: each order is another certificate.

    No AWS service can use them (ACM user guide, "Choosing how to issue certificates with AWS"), so
    that no consumer is moved.
    """
    later = given.observation.renewed_as
    if later is None or is_within(later, timedelta(), given.now):
        return None
    if not ends_soon(given.certificate, given.thresholds, given.now):
        return None
    message = f"Its ACME client has the later certificate {later.arn} for its names."
    return Decision(
        Verdict.SUPERSEDED,
        Severity.INFO,
        Reason.SUCCESSOR_ISSUED,
        f"{message} {given.expiry_sentence}",
        Action.NONE,
    )


@check(
    question="Does another tool or service manage it?",
    facts=(facts.MANAGER, facts.tags({"ManagedBy", *FOREIGN_TAG_KEYS})),
)
def externally_managed(given: CheckInput) -> Decision | None:
    """Find certificates that the module never changes; their expiry is still reported.

    A tag names the manager of an imported certificate only: ACM renews what it issued.
    """
    manager = _manager(given.certificate)
    if manager is None:
        return None
    reason, name = manager
    severity, action = given.severity, Action.NONE
    message = f"Managed by {name}; {given.expiry}.{given.source}"
    export = given.observation.export
    if export is not None and export.state is TargetState.NOT_POSSIBLE:
        severity, action = max(severity, Severity.INFO), Action.INVESTIGATE
        message += f" It has an export target, but cannot be exported: {export.blocked_reason}."
    return Decision(Verdict.EXTERNALLY_MANAGED, severity, reason, message, action)


@check(question="Could its details not be read?", facts=(facts.DETAIL,))
def detail_unreadable(given: CheckInput) -> Decision | None:
    """Find certificates that could not be described: they must not appear healthy."""
    error = given.observation.detail_error
    if error is None:
        return None
    return given.unknown(Reason.DETAILS_UNREADABLE, f"Its details could not be read: {error}")


@check(
    question="Is it an IAM server certificate, which cannot be renewed?",
    facts=(facts.TYPE, facts.EXPIRES, facts.WARNING, facts.CRITICAL),
)
def server_certificate(given: CheckInput) -> Decision | None:
    """Judge every IAM server certificate: IAM reports neither consumers nor upcoming expiry."""
    if given.certificate.type is not CertificateType.SERVER_CERTIFICATE:
        return None
    if given.certificate.not_after is None:
        return given.unknown(Reason.VALIDITY_UNKNOWN, "IAM does not report its expiry date.")
    if not given.expired and not given.due:
        return healthy.judge(given)
    return Decision(
        Verdict.EXPIRED if given.expired else Verdict.IMPORT_DUE,
        given.severity,
        Reason.PAST_NOT_AFTER if given.expired else Reason.SERVER_CERTIFICATE_EXPIRING,
        f"It is an IAM server certificate, which cannot be renewed, and {given.expiry}.",
        Action.MOVE_TO_ACM,
    )


@check(
    question="Is it a private CA that expires too soon or does not let ACM issue?",
    facts=(
        facts.TYPE,
        facts.STATUS,
        facts.EXPIRES,
        facts.before_expiry("too soon for ACM", lambda _, __: PRIVATE_LIFETIME),
        facts.ISSUES_FOR_ACM,
    ),
)
def private_authority(given: CheckInput) -> Decision | None:
    """Find private CAs from which ACM cannot issue, or not for long enough."""
    certificate = given.certificate
    if certificate.type is not CertificateType.PRIVATE_AUTHORITY:
        return None
    if given.expired or given.within(PRIVATE_LIFETIME):
        return Decision(
            Verdict.AUTHORITY_EXPIRING,
            given.at_least_warning,
            Reason.AUTHORITY_EXPIRES_TOO_SOON,
            f"The private CA {given.expiry}, before a certificate would that ACM issues or renews "
            "now.",
            Action.FIX_AUTHORITY,
        )
    if certificate.status is CertificateStatus.INACTIVE:
        return Decision(
            Verdict.AUTHORITY_PERMISSION_MISSING,
            given.capped(Severity.WARNING),
            Reason.AUTHORITY_INVALID_STATE,
            "The private CA is disabled, so ACM cannot renew the certificates issued from it.",
            Action.FIX_AUTHORITY,
        )
    if certificate.detail.issues_for_acm is False:
        return Decision(
            Verdict.AUTHORITY_PERMISSION_MISSING,
            Severity.INFO,
            Reason.AUTHORITY_ACCESS_DENIED,
            "The private CA does not let ACM issue, so ACM cannot renew the certificates issued "
            "from it. Ignore this if ACM does not use this CA.",
            Action.FIX_AUTHORITY,
        )
    return None


@check(
    question="Does the parameter of a declared certificate name none of this instance?",
    facts=(
        facts.TYPE,
        facts.POINTER,
        facts.CREATED,
        facts.after_creation("issued within", ISSUED_WITHIN),
    ),
)
def declared_missing(given: CheckInput) -> Decision | None:
    """Find declared certificates that were never issued, were deleted, or are of another owner."""
    pointer = given.certificate.detail.pointer
    if pointer is None:
        return None
    parameter = f"The parameter {pointer.name} of the declared certificate {pointer.key}"
    value = clean(pointer.value, _LONGEST_VALUE)
    match pointer.state:
        case PointerState.PENDING if is_recent(given.certificate, ISSUED_WITHIN, given.now):
            verdict, reason = Verdict.PENDING_VALIDATION, Reason.AWAITING_VALIDATION
            return Decision(verdict, Severity.OK, reason, f"{parameter} is new.", Action.NONE)
        case PointerState.PENDING:
            severity, reason = Severity.WARNING, Reason.NEVER_ISSUED
            text = f"{parameter} is still pending: the certificate was never issued."
        case PointerState.DELETED:
            severity, reason = Severity.CRITICAL, Reason.CERTIFICATE_DELETED
            text = f"{parameter} names {value}, which does not exist any more."
        case PointerState.FOREIGN:
            severity, reason = Severity.WARNING, Reason.CERTIFICATE_FOREIGN
            text = f"{parameter} names {value}, which this instance did not issue."
        case PointerState.ISSUED:
            message = f"{parameter} names {value}."
            return Decision(
                Verdict.HEALTHY, Severity.OK, Reason.FAR_FROM_EXPIRY, message, Action.NONE
            )
        case _:
            return None
    message = f"{text} {_issue_again(pointer)}"
    return Decision(Verdict.DECLARED_MISSING, severity, reason, message, Action.ISSUE_AGAIN)


def _issue_again(pointer: Pointer) -> str:
    """Return how to issue a declared certificate; NAME is the name of the module's block.

    A parameter that Terraform creates again needs its certificate again.
    """
    address = f'module.NAME.module.certificate["{pointer.key}"].aws_ssm_parameter.arn'
    return (
        f"Issue it again: terraform apply -replace='{address}', or invoke the creation function "
        f'with its names and "parameter": "{pointer.name}".'
    )


@check(
    question="Does ACM report an unknown type or status, or no expiry date?",
    facts=(facts.TYPE, facts.STATUS, facts.EXPIRES),
)
def not_understood(given: CheckInput) -> Decision | None:
    """Find types and statuses without a rule, and issued certificates without an expiry date."""
    certificate = given.certificate
    if certificate.type is CertificateType.NOT_UNDERSTOOD:
        return given.unknown_value(Reason.TYPE_UNKNOWN, Reason.TYPE_UNKNOWN.meaning)
    match certificate.status:
        case CertificateStatus.NOT_UNDERSTOOD:
            return given.unknown(Reason.STATUS_UNKNOWN, Reason.STATUS_UNKNOWN.meaning)
        case CertificateStatus.INACTIVE:
            return given.unknown(Reason.STATUS_INACTIVE, Reason.STATUS_INACTIVE.meaning)
        case CertificateStatus.ISSUED if certificate.not_after is None:
            text = "It is issued, but ACM does not report its expiry date."
            return given.unknown(Reason.VALIDITY_UNKNOWN, text)
        case _:
            return None


@check(
    question="Is it a request that waits for validation?",
    facts=(
        *(facts.STATUS, facts.CREATED, facts.after_creation("stuck", STUCK_AFTER)),
        *(facts.RECORDS, facts.PUBLIC_DNS),
    ),
)
def pending_validation(given: CheckInput) -> Decision | None:
    """Find requests that wait for validation; those older than a day are stuck."""
    certificate = given.certificate
    if certificate.status is not CertificateStatus.PENDING_VALIDATION:
        return None
    if is_recent(certificate, STUCK_AFTER, given.now):
        reason, action = Reason.AWAITING_VALIDATION, Action.NONE
        message = "It was requested less than a day ago and waits for validation."
    else:
        reason, action, trouble = _validation_trouble(given.observation)
        message = f"The request has waited for validation for more than a day: {trouble}"
    if reason is Reason.RECORDS_IN_PLACE and not given.observation.dns.all_in_place:
        message += " ACM does not see them: check that the domain is delegated to this hosted zone."
    return Decision(Verdict.PENDING_VALIDATION, Severity.INFO, reason, message, action)


@check(
    question="May a later certificate take over from it?",
    facts=(facts.STAYS, facts.SUCCESSOR, facts.USED),
)
def superseded(given: CheckInput) -> Decision | None:
    """Find certificates that have a successor and will not be renewed themselves.

    Only a certificate that may take over without a person is a successor.
    """
    certificate, successor = given.certificate, given.observation.successor
    if successor is None or not lacks_future(certificate, given.thresholds, given.now):
        return None
    if given.observation.importable:
        return None  # a newer version under the same ARN is better than any successor
    renewable = certificate.status is CertificateStatus.ISSUED and not given.within(timedelta())
    if renewable and certificate.used and waits_for_validation(certificate):
        return None  # fixing the renewal is safer than moving the consumers
    message = f"Its successor {successor.arn} is valid"
    if certificate.used:
        message, action = f"{message}, but {given.consumers} the old one.", Action.REBIND
    else:
        message, action = f"{message}, and nothing uses the old one.", Action.NONE
    return Decision(
        Verdict.SUPERSEDED,
        given.capped(max(given.severity, Severity.INFO)),
        Reason.SUCCESSOR_ISSUED,
        message,
        action,
    )


@check(
    question="Did the request fail?",
    facts=(
        facts.STATUS,
        facts.FAILURE,
        facts.CREATED,
        facts.after_creation("requested again until", OLD_REQUEST),
        facts.failure_reported("reported until", NOTIFY_FAILURE_FOR),
    ),
)
def request_failed(given: CheckInput) -> Decision | None:
    """Find requests that ended without a certificate."""
    certificate = given.certificate
    if certificate.status is CertificateStatus.VALIDATION_TIMED_OUT:
        reason = Reason.VALIDATION_TIMED_OUT
    elif certificate.status is CertificateStatus.FAILED:
        reason = acm_reason(certificate.detail.failure_reason)
    else:
        return None
    message = f"The request failed: {_lower(reason.meaning)} ACM does not retry a failed request."
    if was_reported(certificate, given.observation.failure_reported, given.now):
        action = Action.NONE
    elif is_recent(certificate, OLD_REQUEST, given.now):
        action = Action.REQUEST_AGAIN
    else:
        action = Action.INVESTIGATE
        message += f" It is older than {OLD_REQUEST.days} days; delete it if it is not needed."
    return Decision(Verdict.REQUEST_FAILED, Severity.INFO, reason, message, action)


def was_reported(
    certificate: Certificate, failure_reported: datetime | None, now: datetime
) -> bool:
    """Whether messages have named a failed request for long enough; an old one is named once."""
    if failure_reported is None:
        return False
    old = not is_recent(certificate, OLD_REQUEST, now)
    return old or now - failure_reported >= NOTIFY_FAILURE_FOR


@check(question="Was it revoked?", facts=(facts.STATUS, facts.USED))
def revoked(given: CheckInput) -> Decision | None:
    """Find revoked certificates: clients may reject them today."""
    if given.certificate.status is not CertificateStatus.REVOKED:
        return None
    return Decision(
        Verdict.REVOKED,
        given.capped(Severity.CRITICAL),
        Reason.REVOKED_BY_ISSUER,
        f"It was revoked, and {given.consumers} it.",
        Action.REPLACE if given.certificate.used else Action.NONE,
    )


@check(question="Has it expired?", facts=(facts.STATUS, facts.EXPIRES, facts.USED))
def expired(given: CheckInput) -> Decision | None:
    """Find certificates past NotAfter, even if ACM still reports ISSUED."""
    if not given.expired:
        return None
    certificate = given.certificate
    action = Action.REPLACE if certificate.managed else Action.REIMPORT
    return Decision(
        Verdict.EXPIRED,
        given.capped(Severity.CRITICAL),
        Reason.PAST_NOT_AFTER,
        f"It {given.expiry}, and {given.consumers} it.{given.source}{given.proposal}",
        action if certificate.used or given.observation.importable else Action.NONE,
    )


@check(
    question="Was it imported, and does it expire soon?",
    facts=(facts.TYPE, facts.EXPIRES, facts.WARNING, facts.CRITICAL, facts.USED),
)
def import_due(given: CheckInput) -> Decision | None:
    """Find imported certificates that expire soon: ACM never renews them."""
    certificate, source = given.certificate, given.observation.source
    if certificate.type is not CertificateType.IMPORTED or not given.due:
        return None
    reason = _SOURCE_REASONS.get(source.state) if source else None
    return Decision(
        Verdict.IMPORT_DUE,
        max(given.severity, given.least_for_import),
        reason or Reason.IMPORTED_EXPIRING,
        f"It was imported, so ACM does not renew it; it {given.expiry}, and "
        f"{given.consumers} it.{given.source}{given.proposal}",
        Action.REIMPORT if certificate.used or given.observation.importable else Action.NONE,
    )


@check(question="Does its import source contain a newer version?", facts=(facts.SOURCE,))
def source_newer(given: CheckInput) -> Decision | None:
    """Find import sources with a newer version, long before the certificate expires."""
    if not given.observation.importable:
        return None
    message = f"{given.expiry_sentence}{given.source}"
    severity = given.least_for_import
    return Decision(Verdict.IMPORT_DUE, severity, Reason.SOURCE_NEWER, message, Action.REIMPORT)


@check(question="Is its import source unable to renew it?", facts=(facts.SOURCE,))
def source_trouble(given: CheckInput) -> Decision | None:
    """Find unusable import sources while there is time to fix them.

    The verdict is UNKNOWN, because nothing else is known to renew the certificate.
    A source with an older version than ACM is for a person to check: another party imported the
    newer version, and may not know of the secret.
    """
    source = given.observation.source
    if source is None or source.state not in _SOURCE_TROUBLE:
        return None
    message = f"{given.expiry_sentence}{given.source}"
    reason = _SOURCE_REASONS[source.state]
    if source.state is SourceState.NOT_NEWER:
        return Decision(Verdict.UNKNOWN, Severity.INFO, reason, message, Action.INVESTIGATE)
    return given.unknown(reason, message)


@check(
    question="Is it the throw-away certificate of a drill?",
    facts=(
        *(facts.STATUS, facts.USED, facts.CREATED),
        facts.after_creation("reported from", REPORTED_AFTER),
    ),
)
def throw_away(given: CheckInput) -> Decision | None:
    """Find what killed drills left; while its drill may be under way, nothing is reported."""
    certificate = given.certificate
    if certificate.used or not is_throw_away(certificate):
        return None
    if is_recent(certificate, REPORTED_AFTER, given.now):
        reason = Reason.DRILL_RECENT
        return Decision(Verdict.HEALTHY, Severity.OK, reason, reason.meaning, Action.NONE)
    reason = Reason.DRILL_LEFT
    message = (
        f"A drill that was killed left it and perhaps its validation record; delete both with "
        f"`certificates drill {certificate.arn} --clean`."
    )
    return Decision(Verdict.UNUSED, Severity.INFO, reason, message, Action.INVESTIGATE)


@check(
    question="Is it unused, so that ACM does not renew it?",
    facts=(facts.TYPE, facts.USED, facts.EXPORT),
)
def unused(given: CheckInput) -> Decision | None:
    """Find managed certificates that ACM lets expire because nothing uses them."""
    certificate = given.certificate
    if not certificate.managed or certificate.used or given.observation.export_has_problem:
        return None
    message = f"Nothing uses it, so ACM will not renew it; {given.expiry}."
    return Decision(Verdict.UNUSED, Severity.INFO, Reason.NOT_IN_USE, message, Action.NONE)


@check(
    question="Does its private CA, or ACM's permission on it, prevent the renewal?",
    facts=(facts.TYPE, facts.RENEWAL),
)
def authority_trouble(given: CheckInput) -> Decision | None:
    """Find renewals that the private CA, or ACM's permission on it, prevents."""
    if given.certificate.type is not CertificateType.PRIVATE:
        return None
    reason = _renewal_reason(given.certificate)
    verdict = _AUTHORITY_VERDICTS.get(reason)
    if verdict is None:
        return None
    message = f"ACM cannot renew it: {_lower(reason.meaning)} {given.expiry_sentence}"
    return Decision(verdict, given.at_least_warning, reason, message, Action.FIX_AUTHORITY)


@check(question="Did ACM's renewal fail?", facts=(facts.RENEWAL, facts.PUBLIC_DNS))
def renewal_failed(given: CheckInput) -> Decision | None:
    """Find renewals that ACM reports as failed."""
    renewal = given.certificate.detail.renewal
    if renewal is None or renewal.status is not RenewalStatus.FAILED:
        return None
    return given.overdue(given.known_reason(acm_reason(renewal.reason)), "ACM's renewal failed")


@check(
    question="Does the renewal wait for validation?",
    facts=(facts.RENEWAL, facts.RECORDS, facts.PUBLIC_DNS, facts.OVERDUE),
)
def renewal_blocked(given: CheckInput) -> Decision | None:
    """Find renewals that wait for validation."""
    certificate = given.certificate
    if not waits_for_validation(certificate):
        return None
    reason, action, trouble = _validation_trouble(given.observation)
    if reason is Reason.RECORDS_IN_PLACE:
        if given.within(overdue_threshold(certificate, given.thresholds)):
            text = f"ACM has not renewed it although {trouble.removesuffix('.')}"
            return given.overdue(reason, text)
        if given.observation.export_has_problem:
            return None
        message = f"ACM will renew it at its next attempt: {trouble} {given.expiry_sentence}"
        return Decision(Verdict.RENEWING, Severity.OK, reason, message, Action.NONE)
    message = f"ACM cannot renew it: {trouble} {given.expiry_sentence}"
    return Decision(Verdict.RENEWAL_BLOCKED, given.at_least_warning, reason, message, action)


@check(
    question="Does its export target lack the current version?",
    facts=(facts.EXPORT, facts.EXPIRES, facts.WARNING),
)
def export_target(given: CheckInput) -> Decision | None:
    """Find export targets that do not contain the current version.

    `sources_at_risk` finds missing and unreadable secrets with time left.
    """
    export = given.observation.export
    if export is None or not export.has_problem:
        return None
    if export.state in (TargetState.MISSING, TargetState.UNREADABLE) and not given.due:
        return None
    secret = export.target.secret_arn
    least, action = Severity.INFO, Action.INVESTIGATE
    match export.state:
        case TargetState.NOT_POSSIBLE:
            least, reason = Severity.WARNING, Reason.EXPORT_NOT_POSSIBLE
            text = f"It has an export target, but cannot be exported: {export.blocked_reason}."
        case TargetState.MISSING:
            reason = Reason.EXPORT_SECRET_MISSING
            text = f"It cannot be exported: {export.blocked_reason}."
        case TargetState.UNREADABLE:
            reason = Reason.EXPORT_TARGET_UNREADABLE
            text = f"Its export target cannot be read or compared: {export.blocked_reason}."
        case TargetState.ROLLED_BACK:
            reason = Reason.EXPORT_ROLLED_BACK
            text = (
                f"The secret {secret} contains its current version, but another version has the "
                "label AWSCURRENT; the module does not change that."
            )
        case _:
            action, reason = Action.EXPORT, Reason.EXPORT_TARGET_OUTDATED
            text = f"The secret {secret} does not contain its current version."
    severity = given.capped(max(least, given.severity))
    message = f"{text} {given.expiry_sentence}"
    return Decision(Verdict.EXPORT_DUE, severity, reason, message, action)


@check(
    question="Does an exported copy expire soon?",
    facts=(facts.EXPORTED, facts.EXPIRES, facts.WARNING, facts.CRITICAL),
)
def export_due(given: CheckInput) -> Decision | None:
    """Find exported certificates that expire soon."""
    if not given.certificate.exported or not given.due:
        return None
    return Decision(
        Verdict.EXPORT_DUE,
        given.severity,
        Reason.EXPORTED_COPY_EXPIRING,
        f"An exported copy {given.expiry}; renew the certificate and export it again.",
        Action.EXPORT,
    )


@check(
    question="Is its renewal overdue, or does ACM refuse to renew it?",
    facts=(
        *(facts.EXPIRES, facts.WINDOW, facts.OVERDUE, facts.CRITICAL, facts.ELIGIBLE),
        facts.PUBLIC_DNS,
    ),
)
def renewal_overdue(given: CheckInput) -> Decision | None:
    """Find used certificates that ACM should have renewed by now, or refuses to renew."""
    certificate = given.certificate
    if not certificate.managed:
        return None
    if certificate.renewal_eligible is False:
        if not given.within(renewal_window(certificate)):
            return None
        return given.overdue(Reason.NOT_ELIGIBLE, "ACM reports it as not eligible for renewal")
    if not given.within(overdue_threshold(certificate, given.thresholds)):
        return None
    reason = given.known_reason(_renewal_reason(certificate))
    if reason is Reason.NO_REASON_GIVEN:
        reason = Reason.NO_PROGRESS
    return given.overdue(reason, "ACM should have renewed it by now")


@check(question="Does ACM report an unknown renewal status?", facts=(facts.RENEWAL, facts.EXPIRES))
def renewal_not_understood(given: CheckInput) -> Decision | None:
    """Find renewal statuses that this version does not know, with time left."""
    renewal = given.certificate.detail.renewal
    if renewal is None or renewal.status is not RenewalStatus.NOT_UNDERSTOOD:
        return None
    text = "ACM reports a renewal status that this version does not know."
    return given.unknown_value(Reason.STATUS_UNKNOWN, text)


@check(
    question="Would its next renewal fail, by its validation records, public DNS or private CA?",
    facts=(facts.TYPE, facts.USED, facts.RECORDS, facts.PUBLIC_DNS, facts.AUTHORITY),
)
def renewal_at_risk(given: CheckInput) -> Decision | None:
    """Find certificates that ACM could not renew now, while there is time to fix it."""
    observation, dns = given.observation, given.observation.dns
    authority = observation.authority
    if not given.certificate.managed:
        return None
    lost = tuple(finding for finding in observation.records if is_lost(finding, dns))
    if lost:
        reason, action, text = record_trouble(replace(observation, records=lost))
    elif dns.reason is not None:
        reason, action, text = dns.reason, Action.FIX_VALIDATION, f"{dns.text}."
    elif authority.reason is not None:
        reason, action, text = authority.reason, Action.FIX_AUTHORITY, f"{authority.text}."
    else:
        return None
    message = f"ACM could not renew it now: {text} {given.expiry_sentence}"
    return Decision(Verdict.RENEWAL_AT_RISK, given.at_risk, reason, message, action)


@check(
    question="Is it in ACM's renewal window, with time left?",
    facts=(facts.EXPIRES, facts.WINDOW, facts.RENEWAL),
)
def renewing(given: CheckInput) -> Decision | None:
    """Find used certificates inside ACM's renewal window, with time left."""
    certificate = given.certificate
    if not certificate.managed or not given.within(renewal_window(certificate)):
        return None
    renewal = certificate.detail.renewal
    started = renewal is not None and renewal.status is RenewalStatus.PENDING_AUTO_RENEWAL
    reason = Reason.AUTO_RENEWAL_IN_PROGRESS if started else Reason.AWAITING_ACM
    message = f"{reason.meaning} {given.expiry_sentence}"
    return Decision(Verdict.RENEWING, Severity.OK, reason, message, Action.NONE)


@check(question="Does no check above apply?", facts=(facts.EXPIRES,))
def healthy(given: CheckInput) -> Decision | None:
    """Judge every certificate that no other check judges: nothing is wrong."""
    reason, message = Reason.FAR_FROM_EXPIRY, given.expiry_sentence
    return Decision(Verdict.HEALTHY, Severity.OK, reason, message, Action.NONE)


def proposed(certificate: Certificate) -> str:
    """Return the sentence about an imported certificate that a person may choose.

    ACM does not verify who issued an imported certificate.
    """
    ends = f", expires on {format_minute(certificate.not_after)}" if certificate.not_after else ""
    return (
        f"{certificate.arn} has the same names and an issuer of the same name{ends}: a person has "
        "to check it before it takes over."
    )


def acm_reason(raw: str | None) -> Reason:
    """Translate ACM's FailureReason or RenewalStatusReason."""
    if raw is None:
        return Reason.NO_REASON_GIVEN
    return _ACM_REASONS.get(raw, Reason.OTHER_FAILURE)


def waits_for_validation(certificate: Certificate) -> bool:
    """Whether `certificate` needs validation before ACM issues or renews it.

    A CAA record that forbids issuance appears as a pending renewal with the reason CAA_ERROR.
    """
    if certificate.status is CertificateStatus.PENDING_VALIDATION:
        return True
    renewal = certificate.detail.renewal
    if renewal is None:
        return False
    if renewal.status is RenewalStatus.PENDING_AUTO_RENEWAL:
        return acm_reason(renewal.reason) is Reason.CAA_FORBIDS
    return renewal.status is RenewalStatus.PENDING_VALIDATION


def pending_methods(certificate: Certificate) -> set[ValidationMethod]:
    """Return the validation methods of the names that are not validated yet."""
    validations = certificate.detail.pending_validations
    return {validation.method for validation in validations if not validation.validated}


def is_externally_managed(certificate: Certificate) -> bool:
    """Whether another tool or service manages `certificate`."""
    return _manager(certificate) is not None


def _manager(certificate: Certificate) -> tuple[Reason, str] | None:
    if certificate.managed_by == "CLOUDFRONT":
        return Reason.MANAGED_BY_CLOUDFRONT, "CloudFront"
    if certificate.key_pair_origin == "ACME":
        return Reason.MANAGED_BY_ACME_CLIENT, "an ACME client"
    if certificate.managed_by is not None:
        return Reason.MANAGED_BY_OTHER_TOOL, certificate.managed_by
    if certificate.type is not CertificateType.IMPORTED:
        return None  # ACM renews it, whatever a tag says
    for key, value in certificate.detail.tags:
        if key in FOREIGN_TAG_KEYS:
            return Reason.MANAGED_BY_OTHER_TOOL, FOREIGN_TAG_KEYS[key]
        if key == "ManagedBy" and value.lower() in FOREIGN_MANAGERS:
            return Reason.MANAGED_BY_OTHER_TOOL, value
    return None


def _validation_trouble(observation: Observation) -> tuple[Reason, Action, str]:
    certificate, dns = observation.certificate, observation.dns
    renewal = certificate.detail.renewal
    if renewal is not None and acm_reason(renewal.reason) is Reason.CAA_FORBIDS:
        known = (problem for problem in dns.problems if problem.reason is Reason.CAA_FORBIDS)
        text = next((f"{problem.with_names()}." for problem in known), _CAA_TEXT)
        return Reason.CAA_FORBIDS, Action.FIX_VALIDATION, text
    if ValidationMethod.EMAIL in pending_methods(certificate):
        text = "ACM's validation e-mail has not been answered."
        return Reason.EMAIL_APPROVAL_PENDING, Action.RENEW_BY_EMAIL, text
    return record_trouble(observation)


def record_trouble(observation: Observation) -> tuple[Reason, Action, str]:
    """Return the state of the validation records, the action on them, and a sentence."""
    dns = observation.dns
    current = {finding: effective_state(finding, dns) for finding in observation.records}
    wrong = [finding for finding, state in current.items() if state is not RecordState.IN_PLACE]
    if not wrong and not _all_named(observation):
        text = "ACM has not named its validation records yet."
        return Reason.VALIDATION_UNCHECKED, Action.INVESTIGATE, text
    if not wrong and dns.reason is not None:
        return dns.reason, Action.FIX_VALIDATION, f"{dns.text}."
    removed = _removed(observation)
    if not wrong and removed:
        text = f"its records are in place now, but {'; '.join(removed)}."
        return Reason.RECORD_REMOVED_AGAIN, Action.INVESTIGATE, text
    if not wrong:
        clauses = ("all validation records are in place", *undelegated(observation.records))
        text = f"{'; '.join(clauses)}."
        return Reason.RECORDS_IN_PLACE, Action.FIX_VALIDATION, text
    states = {current[finding] for finding in wrong}
    reason = next(reason for state, reason in _RECORD_REASONS.items() if state in states)
    reason = dns.reported if dns.reported in RECORD_REASONS else reason
    if any(finding.change is not None for finding in wrong):
        action = Action.RESTORE_RECORDS
    elif reason is Reason.VALIDATION_UNCHECKED:
        action = Action.INVESTIGATE
    else:
        action = Action.FIX_VALIDATION
    if removed and reason in _REPAIRED_REASONS:
        reason = Reason.RECORD_REMOVED_AGAIN
    public = [dns.text] if dns.problems else []
    clauses = (_explained(wrong, dns), *undelegated(observation.records), *removed, *public)
    return reason, action, f"{'; '.join(clauses)}."


def _removed(observation: Observation) -> list[str]:
    """Return a clause about the records that were written and removed again, if there are any."""
    if observation.repairs is None:
        return []
    removed = removed_again(observation.records, observation.repairs)
    partition = observation.certificate.arn.split(":")[1]
    return [explain_removed(removed, partition)] if removed else []


def _explained(wrong: Sequence[RecordFinding], dns: DnsFinding) -> str:
    """Return a clause about each wrong record in a hosted zone, and about the first of others."""
    outside = [explain_public(public) for finding in wrong if (public := missed(finding, dns))]
    hosted = [explain(finding) for finding in wrong if missed(finding, dns) is None]
    more = len(outside) - _SHOWN_RECORDS
    rest = [f"and {more} more records"] if more > 0 else []
    return "; ".join((*hosted, *outside[:_SHOWN_RECORDS], *rest))


def _all_named(observation: Observation) -> bool:
    """Whether ACM has named a record for each name that is not validated yet, and it was read."""
    validations = observation.certificate.detail.pending_validations
    pending = [validation for validation in validations if not validation.validated]
    if not pending:
        return bool(validations)
    return bool(observation.records) and all(validation.record for validation in pending)


def _renewal_reason(certificate: Certificate) -> Reason:
    """Return ACM's reason for the current renewal; the reason of an earlier one does not apply."""
    renewal = certificate.detail.renewal
    if renewal is None or renewal.status is RenewalStatus.SUCCESS:
        return Reason.NO_REASON_GIVEN
    return acm_reason(renewal.reason)


def _lower(sentence: str) -> str:
    """Return `sentence` for use after a colon; abbreviations keep their capitals."""
    return sentence if sentence[1].isupper() else sentence[0].lower() + sentence[1:]
