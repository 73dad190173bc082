"""The checks: each answers one question about a certificate, and explains its decision.

A check declares its question and its facts, and `assessment.CHAIN` lists all checks in their order.
A certificate that nothing depends on never gets more than `info`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
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
    days_left,
)
from certificate_lifecycle.policy import facts
from certificate_lifecycle.policy.export import TargetState
from certificate_lifecycle.policy.facts import Fact
from certificate_lifecycle.policy.import_source import SourceState
from certificate_lifecycle.policy.observation import Observation
from certificate_lifecycle.policy.thresholds import (
    Thresholds,
    is_recent,
    is_within,
    lacks_future,
    overdue_threshold,
    renewal_window,
)
from certificate_lifecycle.policy.validation import RecordState, explain

#: A request that waits longer than this for validation is stuck.
STUCK_AFTER = timedelta(hours=24)

#: How long private certificates live that ACM issues (user guide, "Certificate characteristics").
PRIVATE_LIFETIME = timedelta(days=395)

#: How long ACM tries a renewal before it begins another attempt.
RENEWAL_ATTEMPT = timedelta(hours=72)

#: A request that failed longer ago is history: still a finding, no longer worth a message.
FAILURE_IS_NEWS = timedelta(days=7)
_SHOWN_CONSUMERS = 3

#: Tags by which other tools mark certificates as theirs.
FOREIGN_TAG_KEYS = {"services.k8s.aws/controller-version": "AWS Controllers for Kubernetes"}
FOREIGN_MANAGERS = frozenset({"acme.sh", "cert-manager", "certbot", "lego", "lemur"})

#: FailureReason and RenewalStatusReason as ACM has them (API reference, CertificateDetail).
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
#: What would keep ACM from issuing a successor as well.
_SAME_FOR_A_SUCCESSOR = frozenset(
    {
        *(Reason.CAA_FORBIDS, Reason.ADDITIONAL_VERIFICATION_REQUIRED),
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
#: What a record finding means for the certificate, most telling first.
_RECORD_REASONS = {
    RecordState.ZONE_AMBIGUOUS: Reason.ZONE_AMBIGUOUS,
    RecordState.FOREIGN: Reason.VALIDATION_RECORD_WRONG,
    RecordState.ZONE_NOT_FOUND: Reason.ZONE_NOT_FOUND,
    RecordState.OUTDATED: Reason.VALIDATION_RECORD_WRONG,
    RecordState.MISSING: Reason.VALIDATION_RECORD_MISSING,
    RecordState.UNCHECKED: Reason.VALIDATION_UNCHECKED,
}

#: What the state of an import source means for a certificate that is due.
_SOURCE_REASONS = {
    SourceState.SAME: Reason.SOURCE_NOT_NEWER,
    SourceState.NOT_NEWER: Reason.SOURCE_NOT_NEWER,
    SourceState.NOT_YET_VALID: Reason.SOURCE_NOT_YET_VALID,
    SourceState.INCOMPATIBLE: Reason.SOURCE_INCOMPATIBLE,
    SourceState.INVALID: Reason.SOURCE_INVALID,
    SourceState.UNREADABLE: Reason.SOURCE_UNREADABLE,
}
#: States that somebody has to mend, however far the end is.
_SOURCE_TROUBLE = frozenset({SourceState.INCOMPATIBLE, SourceState.INVALID, SourceState.UNREADABLE})


Judge = Callable[[Observation, Thresholds, datetime], Decision | None]


@dataclass(frozen=True, slots=True)
class Check:
    """A check as it declares itself: the question that it answers, and the facts it judges by.

    Calling it returns its decision, or None if the answer is no.
    """

    name: str
    question: str
    facts: tuple[Fact, ...]
    judge: Judge

    def __call__(
        self, observation: Observation, thresholds: Thresholds, now: datetime
    ) -> Decision | None:
        """Return the decision, or None to leave it to the next check."""
        return self.judge(observation, thresholds, now)


def check(*, question: str, facts: tuple[Fact, ...]) -> Callable[[Judge], Check]:
    """Declare a function as a check; it is applied once it stands in `assessment.CHAIN`."""
    return lambda judge: Check(judge.__name__, question, facts, judge)


@check(
    question="Does another tool or service manage it?",
    facts=(facts.MANAGER, facts.tags({"ManagedBy", *FOREIGN_TAG_KEYS})),
)
def externally_managed(
    observation: Observation, thresholds: Thresholds, now: datetime
) -> Decision | None:
    """Find certificates that we never touch; their expiry is still told."""
    certificate = observation.certificate
    manager = _manager(certificate)
    if manager is None:
        return None
    reason, name = manager
    severity = _severity_by_time(certificate, thresholds, now)
    message = f"{name} looks after it; {_when(certificate, now)}.{_source(observation)}"
    export, action = observation.export, Action.NONE
    if export is not None and export.state is TargetState.NOT_POSSIBLE:
        severity, action = max(severity, Severity.INFO), Action.INVESTIGATE
        message += f" It has an export target and cannot be exported: {export.why}."
    return Decision(Verdict.EXTERNALLY_MANAGED, severity, reason, message, action)


@check(
    question="Could its details not be read?",
    facts=(facts.DETAIL,),
)
def detail_unreadable(
    observation: Observation, thresholds: Thresholds, now: datetime
) -> Decision | None:
    """Find certificates that could not be described: they must not look healthy."""
    if observation.detail_error is None:
        return None
    message = f"Its details could not be read: {observation.detail_error}"
    return _unknown(observation, Reason.DETAILS_UNREADABLE, message, thresholds, now)


@check(
    question="Is it an IAM server certificate, which cannot be renewed?",
    facts=(facts.TYPE, facts.EXPIRES, facts.WARNING, facts.CRITICAL),
)
def server_certificate(
    observation: Observation, thresholds: Thresholds, now: datetime
) -> Decision | None:
    """Judge certificates that are kept in IAM; this check is total for them.

    IAM tells neither who uses one nor that it ends, and a new version is another certificate.
    """
    certificate = observation.certificate
    if certificate.type is not CertificateType.SERVER_CERTIFICATE:
        return None
    if certificate.not_after is None:
        return _unknown(
            observation, Reason.VALIDITY_UNKNOWN, "IAM does not say when it ends.", thresholds, now
        )
    over = _is_over(certificate, now)
    if not over and not is_within(certificate, thresholds.effective(certificate), now):
        return healthy(observation, thresholds, now)
    return Decision(
        Verdict.EXPIRED if over else Verdict.IMPORT_DUE,
        _severity_by_time(certificate, thresholds, now),
        Reason.PAST_NOT_AFTER if over else Reason.SERVER_CERTIFICATE_EXPIRING,
        f"It is an IAM server certificate, which nothing renews, and {_when(certificate, now)}.",
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
def private_authority(
    observation: Observation, thresholds: Thresholds, now: datetime
) -> Decision | None:
    """Find private CAs from which ACM cannot issue, or not for long enough."""
    certificate = observation.certificate
    if certificate.type is not CertificateType.PRIVATE_AUTHORITY:
        return None
    if _is_over(certificate, now) or is_within(certificate, PRIVATE_LIFETIME, now):
        return Decision(
            Verdict.AUTHORITY_EXPIRING,
            _at_least_warning(certificate, thresholds, now),
            Reason.AUTHORITY_EXPIRES_TOO_SOON,
            f"The private CA {_when(certificate, now)}, before a certificate would that ACM issues "
            "or renews now.",
            Action.FIX_AUTHORITY,
        )
    if certificate.status is CertificateStatus.INACTIVE:
        return Decision(
            Verdict.AUTHORITY_PERMISSION_MISSING,
            _capped(certificate, Severity.WARNING),
            Reason.AUTHORITY_INVALID_STATE,
            "The private CA is disabled, so ACM cannot renew what it has issued from it.",
            Action.FIX_AUTHORITY,
        )
    if certificate.detail.issues_for_acm is False:
        return Decision(
            Verdict.AUTHORITY_PERMISSION_MISSING,
            Severity.INFO,
            Reason.AUTHORITY_ACCESS_DENIED,
            "The private CA does not let ACM issue, so ACM cannot renew what it has issued from "
            "it; if it is not meant for ACM, nothing is wrong.",
            Action.FIX_AUTHORITY,
        )
    return None


@check(
    question="Does ACM report an unknown type or status, or no expiry date?",
    facts=(facts.TYPE, facts.STATUS, facts.EXPIRES),
)
def not_understood(
    observation: Observation, thresholds: Thresholds, now: datetime
) -> Decision | None:
    """Find what we have no rule for, and issued certificates without an end."""
    certificate = observation.certificate
    if certificate.type is CertificateType.NOT_UNDERSTOOD:
        reason = Reason.TYPE_UNKNOWN
        return _later_than_us(certificate, reason, reason.meaning, thresholds, now)
    match certificate.status:
        case CertificateStatus.NOT_UNDERSTOOD:
            reason = Reason.STATUS_UNKNOWN
            return _unknown(observation, reason, reason.meaning, thresholds, now)
        case CertificateStatus.INACTIVE:
            text = "ACM reports it as INACTIVE."
            return _unknown(observation, Reason.STATUS_INACTIVE, text, thresholds, now)
        case CertificateStatus.ISSUED if certificate.not_after is None:
            text = "It is issued, and ACM does not say when it ends."
            return _unknown(observation, Reason.VALIDITY_UNKNOWN, text, thresholds, now)
        case _:
            return None


@check(
    question="Is it a request that waits for validation?",
    facts=(facts.STATUS, facts.CREATED, facts.after_creation("stuck", STUCK_AFTER), facts.RECORDS),
)
def pending_validation(observation: Observation, _: Thresholds, now: datetime) -> Decision | None:
    """Find requests that wait for a proof of ownership; stuck ones are worth mending."""
    certificate = observation.certificate
    if certificate.status is not CertificateStatus.PENDING_VALIDATION:
        return None
    if is_recent(certificate, STUCK_AFTER, now):
        return Decision(
            Verdict.PENDING_VALIDATION,
            Severity.INFO,
            Reason.AWAITING_VALIDATION,
            "It was requested less than a day ago and waits for validation.",
            Action.NONE,
        )
    reason, action, why = _validation_trouble(observation)
    if reason is Reason.RECORDS_IN_PLACE:
        why += " ACM does not see them: is the hosted zone the one that is delegated to?"
    return Decision(
        Verdict.PENDING_VALIDATION,
        Severity.INFO,
        reason,
        f"The request has waited for validation for more than a day: {why}",
        action,
    )


@check(
    question="Has a later certificate for the same names replaced it?",
    facts=(facts.STAYS, facts.SUCCESSOR, facts.USED),
)
def superseded(observation: Observation, thresholds: Thresholds, now: datetime) -> Decision | None:
    """Find certificates in trouble, or near their end without renewal, that have been replaced."""
    certificate, successor = observation.certificate, observation.successor
    if successor is None or not lacks_future(certificate, thresholds, now):
        return None
    if observation.importable:
        return None  # under the ARN that is used, which is better than any successor
    renewable = certificate.status is CertificateStatus.ISSUED and not is_within(
        certificate, timedelta(), now
    )
    if renewable and certificate.used and waits_for_validation(certificate):
        return None  # mending the renewal in place is safer than moving what uses it
    where = f"Its successor {successor.arn} is valid"
    if not certificate.used:
        message, action = f"{where} and nothing uses the old one any more.", Action.NONE
    else:
        message, action = f"{where}, but {_consumers(observation)} the old one.", Action.REBIND
    severity = _severity_by_time(certificate, thresholds, now)
    return Decision(
        Verdict.SUPERSEDED,
        _capped(certificate, max(severity, Severity.INFO)),
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
        facts.after_creation("requested again until", FAILURE_IS_NEWS),
    ),
)
def request_failed(observation: Observation, _: Thresholds, now: datetime) -> Decision | None:
    """Find requests that ended without a certificate."""
    certificate = observation.certificate
    if certificate.status is CertificateStatus.VALIDATION_TIMED_OUT:
        reason = Reason.VALIDATION_TIMED_OUT
    elif certificate.status is CertificateStatus.FAILED:
        reason = acm_reason(certificate.detail.failure_reason)
    else:
        return None
    return Decision(
        Verdict.REQUEST_FAILED,
        Severity.INFO,
        reason,
        f"The request failed: {_lower(reason.meaning)} It cannot be revived.",
        Action.REQUEST_AGAIN if is_recent(certificate, FAILURE_IS_NEWS, now) else Action.NONE,
    )


@check(
    question="Was it revoked?",
    facts=(facts.STATUS, facts.USED),
)
def revoked(observation: Observation, _: Thresholds, __: datetime) -> Decision | None:
    """Find revoked certificates: clients may refuse them today."""
    certificate = observation.certificate
    if certificate.status is not CertificateStatus.REVOKED:
        return None
    return Decision(
        Verdict.REVOKED,
        _capped(certificate, Severity.CRITICAL),
        Reason.REVOKED_BY_ISSUER,
        f"It was revoked and {_consumers(observation)} it.",
        Action.REPLACE if certificate.used else Action.NONE,
    )


@check(
    question="Has it expired?",
    facts=(facts.STATUS, facts.EXPIRES, facts.USED),
)
def expired(observation: Observation, _: Thresholds, now: datetime) -> Decision | None:
    """Find certificates past NotAfter, whatever ACM's status says already."""
    certificate = observation.certificate
    past = certificate.not_after is not None and certificate.not_after <= now
    if certificate.status is not CertificateStatus.EXPIRED and not past:
        return None
    replacing = Action.REPLACE if certificate.managed else Action.REIMPORT
    return Decision(
        Verdict.EXPIRED,
        _capped(certificate, Severity.CRITICAL),
        Reason.PAST_NOT_AFTER,
        f"It {_when(certificate, now)}, and {_consumers(observation)} it.{_source(observation)}",
        replacing if certificate.used or observation.importable else Action.NONE,
    )


@check(
    question="Was it imported, and does it expire soon?",
    facts=(facts.TYPE, facts.EXPIRES, facts.WARNING, facts.CRITICAL, facts.USED),
)
def import_due(observation: Observation, thresholds: Thresholds, now: datetime) -> Decision | None:
    """Find imported certificates near their end: ACM never renews them."""
    certificate, source = observation.certificate, observation.source
    if certificate.type is not CertificateType.IMPORTED:
        return None
    if not is_within(certificate, thresholds.effective(certificate), now):
        return None
    return Decision(
        Verdict.IMPORT_DUE,
        _severity_by_time(certificate, thresholds, now),
        _SOURCE_REASONS.get(source.state, Reason.IMPORTED_EXPIRING)
        if source
        else Reason.IMPORTED_EXPIRING,
        f"It was imported, so ACM does not renew it; it {_when(certificate, now)}, and "
        f"{_consumers(observation)} it.{_source(observation)}",
        Action.REIMPORT if certificate.used or observation.importable else Action.NONE,
    )


@check(
    question="Does its import source contain a newer version?",
    facts=(facts.SOURCE,),
)
def source_newer(observation: Observation, _: Thresholds, now: datetime) -> Decision | None:
    """Find imported certificates whose source is ahead of them, long before they end.

    Whoever wrote the secret wants it served, be it for a later end, another key or other names.
    """
    if not observation.importable:
        return None
    return Decision(
        Verdict.IMPORT_DUE,
        Severity.INFO,
        Reason.SOURCE_NEWER,
        f"{_sentence(_when(observation.certificate, now))}{_source(observation)}",
        Action.REIMPORT,
    )


@check(
    question="Is its import source unable to renew it?",
    facts=(facts.SOURCE,),
)
def source_trouble(
    observation: Observation, thresholds: Thresholds, now: datetime
) -> Decision | None:
    """Find import sources that could not renew their certificate, while there is time to mend them.

    How the certificate itself is going to be renewed is unknown then, and that is the verdict.
    """
    source = observation.source
    if source is None or source.state not in _SOURCE_TROUBLE:
        return None
    message = f"{_sentence(_when(observation.certificate, now))}{_source(observation)}"
    return _unknown(observation, _SOURCE_REASONS[source.state], message, thresholds, now)


@check(
    question="Is it unused, so that ACM does not renew it?",
    facts=(facts.TYPE, facts.USED, facts.EXPORT),
)
def unused(observation: Observation, _: Thresholds, now: datetime) -> Decision | None:
    """Find managed certificates that ACM lets expire because nothing needs them."""
    certificate = observation.certificate
    if not certificate.managed or certificate.used or observation.export_troubled:
        return None
    return Decision(
        Verdict.UNUSED,
        Severity.INFO,
        Reason.NOT_IN_USE,
        f"Nothing uses it, so ACM will not renew it; {_when(certificate, now)}.",
        Action.NONE,
    )


@check(
    question="Does its private CA, or ACM's permission on it, prevent the renewal?",
    facts=(facts.TYPE, facts.RENEWAL),
)
def authority_trouble(
    observation: Observation, thresholds: Thresholds, now: datetime
) -> Decision | None:
    """Find renewals that the private CA, or ACM's permission on it, prevents."""
    certificate = observation.certificate
    if certificate.type is not CertificateType.PRIVATE:
        return None
    reason = _renewal_reason(certificate)
    verdict = _AUTHORITY_VERDICTS.get(reason)
    if verdict is None:
        return None
    return Decision(
        verdict,
        _at_least_warning(certificate, thresholds, now),
        reason,
        f"ACM cannot renew it: {_lower(reason.meaning)} {_sentence(_when(certificate, now))}",
        Action.FIX_AUTHORITY,
    )


@check(
    question="Did ACM's renewal fail?",
    facts=(facts.RENEWAL,),
)
def renewal_failed(
    observation: Observation, thresholds: Thresholds, now: datetime
) -> Decision | None:
    """Find renewals that ACM reports as failed."""
    certificate = observation.certificate
    if not _renewal_failed(certificate):
        return None
    return _overdue(
        observation, _renewal_reason(certificate), "ACM's renewal failed", thresholds, now
    )


@check(
    question="Does the renewal wait for validation?",
    facts=(facts.RENEWAL, facts.RECORDS, facts.OVERDUE),
)
def renewal_blocked(
    observation: Observation, thresholds: Thresholds, now: datetime
) -> Decision | None:
    """Find renewals that wait for a proof of ownership."""
    certificate = observation.certificate
    if not waits_for_validation(certificate):
        return None
    reason, action, why = _validation_trouble(observation)
    when = _sentence(_when(certificate, now))
    if reason is Reason.RECORDS_IN_PLACE:
        if is_within(certificate, overdue_threshold(certificate, thresholds), now):
            text = f"ACM has not renewed it although {why.removesuffix('.')}"
            return _overdue(observation, reason, text, thresholds, now)
        if observation.export_troubled:
            return None
        message = f"ACM will renew it at its next attempt: {why} {when}"
        return Decision(Verdict.RENEWING, Severity.OK, reason, message, Action.NONE)
    return Decision(
        Verdict.RENEWAL_BLOCKED,
        _at_least_warning(certificate, thresholds, now),
        reason,
        f"ACM cannot renew it: {why} {when}",
        action,
    )


@check(
    question="Does its export target lack the current version?",
    facts=(facts.EXPORT,),
)
def export_target(
    observation: Observation, thresholds: Thresholds, now: datetime
) -> Decision | None:
    """Find export targets that do not hold what ACM has now."""
    export = observation.export
    if export is None or not export.troubled:
        return None
    certificate = observation.certificate
    when = _sentence(_when(certificate, now))
    secret = export.target.secret_arn
    least, action = Severity.INFO, Action.INVESTIGATE
    match export.state:
        case TargetState.NOT_POSSIBLE:
            least, reason = Severity.WARNING, Reason.EXPORT_NOT_POSSIBLE
            message = f"It has an export target and cannot be exported: {export.why}. {when}"
        case TargetState.ROLLED_BACK:
            reason = Reason.EXPORT_ROLLED_BACK
            message = (
                f"The secret {secret} holds it as it is now, but somebody made another version "
                f"current; that is left alone. {when}"
            )
        case _:
            action, reason = Action.EXPORT, Reason.EXPORT_TARGET_OUTDATED
            message = f"The secret {secret} does not hold it as it is now. {when}"
    severity = _capped(certificate, max(least, _severity_by_time(certificate, thresholds, now)))
    return Decision(Verdict.EXPORT_DUE, severity, reason, message, action)


@check(
    question="Does an exported copy expire soon?",
    facts=(facts.EXPORTED, facts.EXPIRES, facts.WARNING, facts.CRITICAL),
)
def export_due(observation: Observation, thresholds: Thresholds, now: datetime) -> Decision | None:
    """Find certificates of which a copy lives outside AWS, near their end."""
    certificate = observation.certificate
    if not certificate.exported:
        return None
    if not is_within(certificate, thresholds.effective(certificate), now):
        return None
    return Decision(
        Verdict.EXPORT_DUE,
        _severity_by_time(certificate, thresholds, now),
        Reason.EXPORTED_COPY_EXPIRING,
        f"An exported copy is in use somewhere and {_when(certificate, now)}; "
        "renew it and export it again.",
        Action.EXPORT,
    )


@check(
    question="Is its renewal overdue, or does ACM refuse to renew it?",
    facts=(facts.EXPIRES, facts.WINDOW, facts.OVERDUE, facts.CRITICAL, facts.ELIGIBLE),
)
def renewal_overdue(
    observation: Observation, thresholds: Thresholds, now: datetime
) -> Decision | None:
    """Find used certificates that ACM should have renewed by now, or says it will not."""
    certificate = observation.certificate
    if not certificate.managed:
        return None
    if certificate.renewal_eligible is False:
        if not is_within(certificate, renewal_window(certificate), now):
            return None
        text = "ACM says that it will not renew it"
        return _overdue(observation, Reason.NOT_ELIGIBLE, text, thresholds, now)
    if not is_within(certificate, overdue_threshold(certificate, thresholds), now):
        return None
    said = _renewal_reason(certificate)
    reason = Reason.NO_PROGRESS if said is Reason.NO_REASON_GIVEN else said
    text = "ACM should have renewed it by now"
    return _overdue(observation, reason, text, thresholds, now)


@check(
    question="Does ACM report an unknown renewal status?",
    facts=(facts.RENEWAL, facts.EXPIRES),
)
def renewal_not_understood(
    observation: Observation, thresholds: Thresholds, now: datetime
) -> Decision | None:
    """Find renewals in a state that came later than this version, with time left.

    Like a type that came later it is no trouble by itself, and it is not called well either.
    """
    certificate = observation.certificate
    renewal = certificate.detail.renewal
    if renewal is None or renewal.status is not RenewalStatus.NOT_UNDERSTOOD:
        return None
    text = "ACM reports a state of its renewal that this version does not know."
    return _later_than_us(certificate, Reason.STATUS_UNKNOWN, text, thresholds, now)


@check(
    question="Is it in ACM's renewal window, with time left?",
    facts=(facts.EXPIRES, facts.WINDOW, facts.RENEWAL),
)
def renewing(observation: Observation, _: Thresholds, now: datetime) -> Decision | None:
    """Find used certificates inside ACM's renewal window, with time left."""
    certificate = observation.certificate
    if not certificate.managed or not is_within(certificate, renewal_window(certificate), now):
        return None
    renewal = certificate.detail.renewal
    begun = renewal is not None and renewal.status is RenewalStatus.PENDING_AUTO_RENEWAL
    reason = Reason.AUTO_RENEWAL_IN_PROGRESS if begun else Reason.AWAITING_ACM
    message = f"{reason.meaning} {_sentence(_when(certificate, now))}"
    return Decision(Verdict.RENEWING, Severity.OK, reason, message, Action.NONE)


@check(
    question="Does no check above apply?",
    facts=(facts.EXPIRES,),
)
def healthy(observation: Observation, _: Thresholds, now: datetime) -> Decision | None:
    """Decide for every certificate that no other check decides for: nothing is wrong."""
    message = _sentence(_when(observation.certificate, now))
    return Decision(Verdict.HEALTHY, Severity.OK, Reason.FAR_FROM_EXPIRY, message, Action.NONE)


# --- What the checks share --------------------------------------------------------------------


def acm_reason(raw: str | None) -> Reason:
    """Translate ACM's FailureReason or RenewalStatusReason."""
    if raw is None:
        return Reason.NO_REASON_GIVEN
    return _ACM_REASONS.get(raw, Reason.OTHER_FAILURE)


def waits_for_validation(certificate: Certificate) -> bool:
    """Whether a proof of ownership stands between `certificate` and its issuance or renewal.

    A CAA record that forbids issuance shows as a pending renewal with the reason CAA_ERROR.
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
    """Return how the names that are not validated yet shall be."""
    validations = certificate.detail.pending_validations
    return {validation.method for validation in validations if not validation.validated}


def is_externally_managed(certificate: Certificate) -> bool:
    """Whether another tool or service looks after `certificate`."""
    return _manager(certificate) is not None


def _manager(certificate: Certificate) -> tuple[Reason, str] | None:
    if certificate.managed_by == "CLOUDFRONT":
        return Reason.MANAGED_BY_CLOUDFRONT, "CloudFront"
    if certificate.key_pair_origin == "ACME":
        return Reason.MANAGED_BY_ACME_CLIENT, "An ACME client"
    if certificate.managed_by is not None:
        return Reason.MANAGED_BY_OTHER_TOOL, certificate.managed_by
    for key, value in certificate.detail.tags:
        if key in FOREIGN_TAG_KEYS:
            return Reason.MANAGED_BY_OTHER_TOOL, FOREIGN_TAG_KEYS[key]
        if key == "ManagedBy" and value.lower() in FOREIGN_MANAGERS:
            return Reason.MANAGED_BY_OTHER_TOOL, value
    return None


def _validation_trouble(observation: Observation) -> tuple[Reason, Action, str]:
    certificate = observation.certificate
    renewal = certificate.detail.renewal
    if renewal is not None and acm_reason(renewal.reason) is Reason.CAA_FORBIDS:
        text = "a CAA record forbids Amazon to issue; add amazon.com to it."
        return Reason.CAA_FORBIDS, Action.FIX_VALIDATION, text
    if ValidationMethod.EMAIL in pending_methods(certificate):
        text = "somebody has to approve it by e-mail."
        return Reason.EMAIL_APPROVAL_PENDING, Action.RENEW_BY_EMAIL, text
    return _record_trouble(observation)


def _record_trouble(observation: Observation) -> tuple[Reason, Action, str]:
    records = observation.records
    wrong = [finding for finding in records if finding.state is not RecordState.IN_PLACE]
    if not wrong and not _all_named(observation):
        text = "ACM has not said which records it wants."
        return Reason.VALIDATION_UNCHECKED, Action.INVESTIGATE, text
    if not wrong:
        text = "all validation records are in place."
        return Reason.RECORDS_IN_PLACE, Action.FIX_VALIDATION, text
    states = {finding.state for finding in wrong}
    reason = next(why for state, why in _RECORD_REASONS.items() if state in states)
    if any(finding.change is not None for finding in wrong):
        action = Action.RESTORE_RECORDS
    elif reason is Reason.VALIDATION_UNCHECKED:
        action = Action.INVESTIGATE
    else:
        action = Action.FIX_VALIDATION
    return reason, action, "; ".join(explain(finding) for finding in wrong) + "."


def _all_named(observation: Observation) -> bool:
    """Whether ACM has said what proves each name that is not validated yet, and we looked there."""
    validations = observation.certificate.detail.pending_validations
    pending = [validation for validation in validations if not validation.validated]
    if not pending:
        return bool(validations)
    return bool(observation.records) and all(validation.record for validation in pending)


def _is_over(certificate: Certificate, now: datetime) -> bool:
    past = certificate.not_after is not None and certificate.not_after <= now
    return past or certificate.status is CertificateStatus.EXPIRED


def _renewal_failed(certificate: Certificate) -> bool:
    renewal = certificate.detail.renewal
    return renewal is not None and renewal.status is RenewalStatus.FAILED


def _renewal_reason(certificate: Certificate) -> Reason:
    """Why the renewal that is under way does not get on; that of an earlier one is history."""
    renewal = certificate.detail.renewal
    if renewal is None or renewal.status is RenewalStatus.SUCCESS:
        return Reason.NO_REASON_GIVEN
    return acm_reason(renewal.reason)


def _overdue(
    observation: Observation, reason: Reason, text: str, thresholds: Thresholds, now: datetime
) -> Decision:
    certificate = observation.certificate
    critical = is_within(certificate, thresholds.effective_critical(certificate), now)
    told = reason in (Reason.NO_PROGRESS, Reason.NOT_ELIGIBLE, Reason.RECORDS_IN_PLACE)
    why = "" if told else f": {_lower(reason.meaning).removesuffix('.')}"
    return Decision(
        Verdict.RENEWAL_OVERDUE,
        _at_least_warning(certificate, thresholds, now),
        reason,
        f"{text}{why}; it {_when(certificate, now)}, and {_consumers(observation)} it.",
        _overdue_action(certificate, reason, critical=critical),
    )


def _overdue_action(certificate: Certificate, reason: Reason, *, critical: bool) -> Action:
    """Return what helps: a successor only if it would not meet the same obstacle."""
    if reason in _SAME_FOR_A_SUCCESSOR:
        private = certificate.type is CertificateType.PRIVATE
        return Action.FIX_AUTHORITY if private else Action.FIX_VALIDATION
    return Action.REPLACE if critical else Action.INVESTIGATE


def _unknown(
    observation: Observation, reason: Reason, message: str, thresholds: Thresholds, now: datetime
) -> Decision:
    """Judge by what is known, which may be the end: ignorance makes nothing milder."""
    severity = _at_least_warning(observation.certificate, thresholds, now)
    return Decision(Verdict.UNKNOWN, severity, reason, message, Action.INVESTIGATE)


def _later_than_us(
    certificate: Certificate, reason: Reason, text: str, thresholds: Thresholds, now: datetime
) -> Decision:
    """Judge by the end alone: what came later than this version is no trouble until then."""
    severity = max(_severity_by_time(certificate, thresholds, now), Severity.INFO)
    return Decision(
        Verdict.UNKNOWN,
        severity,
        reason,
        f"{text} {_sentence(_when(certificate, now))}",
        Action.INVESTIGATE if severity > Severity.INFO else Action.NONE,
    )


def _capped(certificate: Certificate, severity: Severity) -> Severity:
    return severity if certificate.used else min(severity, Severity.INFO)


def _severity_by_time(certificate: Certificate, thresholds: Thresholds, now: datetime) -> Severity:
    dead = certificate.status in (CertificateStatus.EXPIRED, CertificateStatus.REVOKED)
    if dead or is_within(certificate, thresholds.effective_critical(certificate), now):
        return _capped(certificate, Severity.CRITICAL)
    if is_within(certificate, thresholds.effective(certificate), now):
        return _capped(certificate, Severity.WARNING)
    return Severity.OK


def _at_least_warning(certificate: Certificate, thresholds: Thresholds, now: datetime) -> Severity:
    severity = _severity_by_time(certificate, thresholds, now)
    return _capped(certificate, max(severity, Severity.WARNING))


def _when(certificate: Certificate, now: datetime) -> str:
    if certificate.not_after is None:
        return "its end is unknown"
    days = abs(days_left(certificate, now) or 0)
    date = f"{certificate.not_after:%Y-%m-%d %H:%M} UTC"
    count = "less than a day" if days == 0 else "1 day" if days == 1 else f"{days} days"
    return (
        f"expires in {count}, on {date}"
        if certificate.not_after > now
        else f"expired {count} ago, on {date}"
    )


def _source(observation: Observation) -> str:
    return f" {observation.source.text}" if observation.source else ""


def _sentence(error_summary: str) -> str:
    return (
        f"It {error_summary}."
        if error_summary.startswith("expire")
        else f"{error_summary[0].upper()}{error_summary[1:]}."
    )


def _lower(sentence: str) -> str:
    """Return `sentence` for use after a colon; abbreviations and names keep their capitals."""
    return sentence if sentence[1].isupper() else sentence[0].lower() + sentence[1:]


def _consumers(observation: Observation) -> str:
    """Who depends on it, as the subject of a clause that ends in the certificate."""
    certificate, consumers = observation.certificate, observation.consumers
    if consumers:
        shown = ", ".join(consumers[:_SHOWN_CONSUMERS])
        rest = len(consumers) - _SHOWN_CONSUMERS
        more = f" and {rest} more" if rest > 0 else ""
        return f"{shown}{more} {'uses' if len(consumers) == 1 else 'use'}"
    if certificate.in_use:
        return "an AWS service uses"
    return "an exported copy depends on" if certificate.exported else "nothing uses"
