"""The checks on ACME endpoints, their domain validations and external account bindings."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from shlex import quote

from certificate_lifecycle.model.acme import (
    AcmeBinding,
    AcmeEndpoint,
    AcmeEndpointStatus,
    AcmeFailure,
    AcmeValidation,
    AcmeValidationStatus,
    BindingUse,
)
from certificate_lifecycle.model.certificate import (
    Action,
    Certificate,
    Decision,
    Reason,
    Severity,
    Verdict,
)
from certificate_lifecycle.model.sanitize import clean
from certificate_lifecycle.policy import facts
from certificate_lifecycle.policy.checks import STUCK_AFTER, CheckInput, check, record_trouble
from certificate_lifecycle.policy.thresholds import is_recent
from certificate_lifecycle.policy.validation import RecordState

#: API reference, FailureDetails; CAA_ERROR: user guide, "ACME domain validation".
_FAILURES = {
    AcmeFailure.ACCESS_DENIED: Reason.HOSTED_ZONE_INACCESSIBLE,
    AcmeFailure.CAA_ERROR: Reason.CAA_FORBIDS,
    AcmeFailure.DOMAIN_MISMATCH: Reason.VALIDATION_RECORD_WRONG,
    AcmeFailure.DOMAIN_NOT_ALLOWED: Reason.DOMAIN_NOT_ALLOWED,
    AcmeFailure.ENDPOINT_NOT_ACTIVE: Reason.ENDPOINT_NOT_ACTIVE,
    AcmeFailure.HOSTED_ZONE_NOT_FOUND: Reason.HOSTED_ZONE_GONE,
    AcmeFailure.INTERNAL_FAILURE: Reason.INTERNAL_FAILURE,
    AcmeFailure.INVALID_CHANGE_BATCH: Reason.RECORD_REFUSED,
    AcmeFailure.INVALID_PUBLIC_DOMAIN: Reason.INVALID_PUBLIC_DOMAIN,
    AcmeFailure.TIMED_OUT: Reason.VALIDATION_TIMED_OUT,
}
#: States of the record of a valid domain in a zone that can be read. Elsewhere, ACM has found it.
_LOST = frozenset({RecordState.MISSING, RecordState.OUTDATED, RecordState.FOREIGN})
#: Characters of a text that ACM writes.
_LONGEST_TEXT = 300


@check(question="Is it an ACME endpoint?", facts=(facts.TYPE, facts.ACME, facts.CREATED))
def acme_endpoint(given: CheckInput) -> Decision | None:
    """Judge ACME endpoints: clients get no certificate from one that ACM could not create."""
    endpoint = given.certificate.detail.acme
    if not isinstance(endpoint, AcmeEndpoint):
        return None
    arn = given.certificate.arn
    match endpoint.status:
        case AcmeEndpointStatus.FAILED:
            text = clean(endpoint.failure, _LONGEST_TEXT)
            message = (
                f"ACM could not create the ACME endpoint{f': {text}' if text else ''}. Delete it "
                f"with aws acm delete-acme-endpoint --acme-endpoint-arn {arn}{_region(arn)}, and "
                "create another one."
            )
            return _blocked(Reason.ENDPOINT_FAILED, message)
        case AcmeEndpointStatus.CREATING if not is_recent(
            given.certificate, STUCK_AFTER, given.now
        ):
            message = (
                "ACM has not finished the ACME endpoint after a day; open a case with AWS Support."
            )
            return _blocked(Reason.ENDPOINT_NOT_ACTIVE, message)
        case AcmeEndpointStatus.CREATING:
            return _fine("ACM is creating the ACME endpoint.")
        case AcmeEndpointStatus.ACTIVE:
            return _fine("The ACME endpoint is active.")
        case _:
            return given.unknown(Reason.STATUS_UNKNOWN, Reason.STATUS_UNKNOWN.meaning)


@check(
    question="Is it a domain validation of an ACME endpoint?",
    facts=(
        *(facts.TYPE, facts.ACME, facts.RECORDS, facts.CREATED),
        facts.after_creation("stuck", STUCK_AFTER),
    ),
)
def acme_validation(given: CheckInput) -> Decision | None:
    """Judge domain validations: without its record, ACME clients get no certificate for a domain.

    Orders fail without the record, also if ACM reports the validation as valid. ACM queries it
    for 72 hours, and never again (ACM user guide, "Troubleshoot ACME certificate automation").
    """
    validation = given.certificate.detail.acme
    if not isinstance(validation, AcmeValidation):
        return None
    reason, action, trouble = record_trouble(given.observation)
    lost = any(finding.state in _LOST for finding in given.observation.records)
    match validation.status:
        case AcmeValidationStatus.VALID if not lost:
            return _fine("ACM has validated the domain for the ACME endpoint.")
        case AcmeValidationStatus.VALID:
            text = (
                "ACM has validated the domain, but orders of ACME clients fail without its record"
            )
            return _not_validated(reason, f"{text}: {trouble}", action)
        case AcmeValidationStatus.VALIDATING if is_recent(
            given.certificate, STUCK_AFTER, given.now
        ):
            verdict, reason = Verdict.PENDING_VALIDATION, Reason.AWAITING_VALIDATION
            message = "The domain validation was created less than a day ago."
            return Decision(verdict, Severity.OK, reason, message, Action.NONE)
        case AcmeValidationStatus.VALIDATING:
            text = "ACM has not found the record for more than a day, and gives up after 72 hours"
            return _not_validated(reason, f"{text}: {trouble}", action)
        case AcmeValidationStatus.INVALID:
            return _invalid(given, validation, lost=lost)
        case _:
            return given.unknown(Reason.STATUS_UNKNOWN, Reason.STATUS_UNKNOWN.meaning)


def _invalid(given: CheckInput, validation: AcmeValidation, *, lost: bool) -> Decision:
    """Return the decision on a validation that failed: ACM does not try again."""
    reason = (
        _FAILURES.get(validation.failure, Reason.FAILURE_UNKNOWN)
        if validation.failure
        else (Reason.NO_REASON_GIVEN)
    )
    text = clean(validation.text, _LONGEST_TEXT)
    message = f"The domain validation failed. {reason.meaning}"
    if text:
        message += f' Text of ACM: "{text}".'
    action = Action.INVESTIGATE
    if lost:
        reason, action, trouble = record_trouble(given.observation)
        message += f" {trouble[0].upper()}{trouble[1:]}"
    again = _again(given.certificate, validation)
    return _not_validated(reason, f"{message} {again}; ACM does not try again.", action)


def _again(certificate: Certificate, validation: AcmeValidation) -> str:
    """Return the commands that create a domain validation again."""
    arn, endpoint = certificate.arn, "/".join(certificate.arn.split("/")[:2])
    options = {
        "DomainScope": dict.fromkeys(validation.enabled, "ENABLED"),
        **({"HostedZoneId": validation.hosted_zone} if validation.hosted_zone else {}),
    }
    region = _region(arn)
    return (
        "After the cause is fixed, create the domain validation again, with the same tags, with "
        "the tool that declares it or with: "
        f"aws acm delete-acme-domain-validation --acme-domain-validation-arn {arn}{region} && "
        f"aws acm create-acme-domain-validation --acme-endpoint-arn {endpoint} "
        f"--domain-name {quote(certificate.domain_name)} --prevalidation-options "
        f"{quote(json.dumps({'DnsPrevalidation': options}))}{region}"
    )


@check(
    question="Is it an external account binding of an ACME endpoint?",
    facts=(facts.TYPE, facts.ACME, facts.ACCOUNT_BINDING_ENDS),
)
def acme_binding(given: CheckInput) -> Decision | None:
    """Judge external account bindings: they matter until a client has registered.

    The end of a binding does not affect the clients that have registered with it (ACM user guide,
    "EAB and ACME account lifecycle").
    """
    binding = given.certificate.detail.acme
    if not isinstance(binding, AcmeBinding):
        return None
    use, now = binding.use, given.now
    again = _bind_again(given.certificate, binding)
    if not use.is_live(now):
        if use.used or not _is_last(binding, now):
            return _fine("The external account binding has ended, and no client needs it.")
        message = f"{Reason.BINDING_ENDED.meaning} {again[0].upper()}{again[1:]}"
        return _blocked(Reason.BINDING_ENDED, message)
    ending = replace(
        given,
        observation=replace(
            given.observation,
            certificate=replace(
                given.certificate, not_before=given.certificate.created_at, not_after=use.ends_at
            ),
        ),
    )
    if use.used or use.ends_at is None or not ending.due:
        return _fine("Clients can register with the external account binding.")
    message = (
        f"The external account binding {ending.expiry}, and no client has registered with it. "
        f"Register the client in time, or {again}"
    )
    return _blocked(Reason.BINDING_EXPIRING, message)


def _is_last(binding: AcmeBinding, now: datetime) -> bool:
    """Whether no other binding of the endpoint is of use, or has ended later."""
    return not any(
        other.used or other.is_live(now) or _ends_later(other, binding.use)
        for other in binding.others
    )


def _ends_later(other: BindingUse, use: BindingUse) -> bool:
    return other.ends_at is None or (use.ends_at is not None and other.ends_at > use.ends_at)


def _bind_again(certificate: Certificate, binding: AcmeBinding) -> str:
    endpoint = "/".join(certificate.arn.split("/")[:2])
    role = clean(binding.role_arn, _LONGEST_TEXT)
    return (
        "create another binding with aws acm create-acme-external-account-binding "
        f"--acme-endpoint-arn {endpoint} --role-arn {quote(role)}{_region(certificate.arn)}, "
        "and give its credentials to the client."
    )


def _region(arn: str) -> str:
    return f" --region {arn.split(':')[3]}"


def _blocked(reason: Reason, message: str) -> Decision:
    verdict, severity = Verdict.ISSUANCE_BLOCKED, Severity.WARNING
    return Decision(verdict, severity, reason, message, Action.INVESTIGATE)


def _not_validated(reason: Reason, message: str, action: Action) -> Decision:
    return Decision(Verdict.RENEWAL_BLOCKED, Severity.WARNING, reason, message, action)


def _fine(message: str) -> Decision:
    verdict, reason = Verdict.HEALTHY, Reason.FAR_FROM_EXPIRY
    return Decision(verdict, Severity.OK, reason, message, Action.NONE)
