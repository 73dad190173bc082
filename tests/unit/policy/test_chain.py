"""Which certificate needs attention, how urgently, why, and what would help."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

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
    CertificateDetail,
    CertificateStatus,
    CertificateType,
    Decision,
    Reason,
    RenewalStatus,
    Severity,
    Verdict,
)
from certificate_lifecycle.model.pointers import Pointer, PointerState
from certificate_lifecycle.policy import (
    acme,
    checks,
    email_validation,
    renewal_change,
    sources_at_risk,
)
from certificate_lifecycle.policy.chain import CHAIN, assess
from certificate_lifecycle.policy.checks import Check
from certificate_lifecycle.policy.dns_health import DnsFinding, PublicRecordState
from certificate_lifecycle.policy.export import TargetState
from certificate_lifecycle.policy.import_source import SourceState
from certificate_lifecycle.policy.observation import Observation
from certificate_lifecycle.policy.remembered import RenewalChange
from certificate_lifecycle.policy.repair_history import RepairHistory
from certificate_lifecycle.policy.thresholds import Thresholds
from certificate_lifecycle.policy.validation import RecordState
from tests.unit.builders import (
    APPROVAL,
    BROKEN,
    BY_EMAIL,
    DISTRIBUTION,
    EXPIRED,
    FAILED,
    IN_WINDOW,
    LABEL,
    LOAD_BALANCER,
    NOW,
    REVOKED,
    SECOND,
    SUCCESSOR,
    TIMED_OUT,
    answered,
    arn,
    at_target,
    blocked,
    certificate,
    days,
    detail,
    dns_problem,
    finding,
    imported,
    observation,
    private,
    record,
    renewal,
    renewing,
    request,
    source,
    validation,
)

USUAL = Thresholds()
OK, INFO, WARNING, CRITICAL = Severity
CURRENT, OUTDATED, ROLLED_BACK, NOT_POSSIBLE, MISSING, UNREADABLE, UNREAD = TargetState


def written(times: int) -> RepairHistory:
    """Return the history of a certificate whose record was written so many times."""
    history = RepairHistory(certificate_arn=arn())
    for _ in range(times):
        history = history.with_repairs([record().name], NOW)
    return history


def assessments(seen: Observation) -> Decision:
    return assess(seen, USUAL, NOW)


@dataclass(frozen=True)
class Row:
    """A situation and the judgement on it."""

    situation: str
    seen: Observation
    verdict: Verdict
    severity: Severity
    reason: Reason
    action: Action = Action.NONE


HEALTHY = [
    Row(
        "a used certificate far from its end",
        observation(certificate()),
        Verdict.HEALTHY,
        OK,
        Reason.FAR_FROM_EXPIRY,
    ),
    Row(
        "an imported certificate far from its end",
        observation(imported()),
        Verdict.HEALTHY,
        OK,
        Reason.FAR_FROM_EXPIRY,
    ),
    Row(
        "an imported certificate before its time, which ACM calls not eligible for renewal",
        observation(imported(ends_in=IN_WINDOW, renewal_eligible=False)),
        Verdict.HEALTHY,
        OK,
        Reason.FAR_FROM_EXPIRY,
    ),
    Row(
        "an imported certificate that nothing uses, far from its end",
        observation(imported(in_use=False)),
        Verdict.HEALTHY,
        OK,
        Reason.FAR_FROM_EXPIRY,
    ),
    Row(
        "a private certificate before the 60 days in which ACM renews it",
        observation(private(ends_in=days(61))),
        Verdict.HEALTHY,
        OK,
        Reason.FAR_FROM_EXPIRY,
    ),
    Row(
        "a 47-day certificate with 20 days left",
        observation(certificate(ends_in=days(20), lives=days(47))),
        Verdict.HEALTHY,
        OK,
        Reason.FAR_FROM_EXPIRY,
    ),
    Row(
        "a healthy certificate stays healthy when a later one exists",
        observation(certificate(), successor=SUCCESSOR),
        Verdict.HEALTHY,
        OK,
        Reason.FAR_FROM_EXPIRY,
    ),
    Row(
        "a renewed certificate whose last renewal had been failing for a while",
        observation(renewing(renewal(RenewalStatus.SUCCESS, "CAA_ERROR"), ends_in=days(190))),
        Verdict.HEALTHY,
        OK,
        Reason.FAR_FROM_EXPIRY,
    ),
    Row(
        "a tag that names our own tools is no other manager",
        observation(
            certificate(detail=detail(tags=(("ManagedBy", "terraform"), ("Owner", "certbot"))))
        ),
        Verdict.HEALTHY,
        OK,
        Reason.FAR_FROM_EXPIRY,
    ),
]
RENEWING = [
    Row(
        "ACM has begun to renew",
        observation(renewing(renewal(RenewalStatus.PENDING_AUTO_RENEWAL))),
        Verdict.RENEWING,
        OK,
        Reason.AUTO_RENEWAL_IN_PROGRESS,
    ),
    Row(
        "inside ACM's window, and ACM has not begun",
        observation(certificate(ends_in=days(40), detail=detail())),
        Verdict.RENEWING,
        OK,
        Reason.AWAITING_ACM,
    ),
    Row(
        "inside ACM's window, and ACM has not begun again since the last renewal",
        observation(renewing(renewal(RenewalStatus.SUCCESS))),
        Verdict.RENEWING,
        OK,
        Reason.AWAITING_ACM,
    ),
    Row(
        "a private certificate inside its longer window",
        observation(private(ends_in=days(59), detail=detail())),
        Verdict.RENEWING,
        OK,
        Reason.AWAITING_ACM,
    ),
    Row(
        "a certificate of the former 395 days inside its longer window",
        observation(certificate(ends_in=days(59), lives=days(395), detail=detail())),
        Verdict.RENEWING,
        OK,
        Reason.AWAITING_ACM,
    ),
    Row(
        "the listing alone shows the window",
        observation(certificate(ends_in=days(40))),
        Verdict.RENEWING,
        OK,
        Reason.AWAITING_ACM,
    ),
    Row(
        "validation is pending, and every record is correct",
        observation(blocked(), finding(RecordState.IN_PLACE)),
        Verdict.RENEWING,
        OK,
        Reason.RECORDS_IN_PLACE,
    ),
    Row(
        "validation is pending, and every name is validated already",
        observation(
            renewing(renewal(RenewalStatus.PENDING_VALIDATION, None, validation(validated=True)))
        ),
        Verdict.RENEWING,
        OK,
        Reason.RECORDS_IN_PLACE,
    ),
]
RENEWAL_BLOCKED = [
    Row(
        "the validation record is missing",
        observation(blocked(), finding(RecordState.MISSING)),
        Verdict.RENEWAL_BLOCKED,
        WARNING,
        Reason.VALIDATION_RECORD_MISSING,
        Action.RESTORE_RECORDS,
    ),
    Row(
        "the validation record is missing with a week left",
        observation(blocked(ends_in=days(7)), finding(RecordState.MISSING)),
        Verdict.RENEWAL_BLOCKED,
        CRITICAL,
        Reason.VALIDATION_RECORD_MISSING,
        Action.RESTORE_RECORDS,
    ),
    Row(
        "the validation record holds an older value of ACM",
        observation(blocked(), finding(RecordState.OUTDATED)),
        Verdict.RENEWAL_BLOCKED,
        WARNING,
        Reason.VALIDATION_RECORD_WRONG,
        Action.RESTORE_RECORDS,
    ),
    Row(
        "a foreign record is in the way",
        observation(blocked(), finding(RecordState.FOREIGN)),
        Verdict.RENEWAL_BLOCKED,
        WARNING,
        Reason.VALIDATION_RECORD_WRONG,
        Action.FIX_VALIDATION,
    ),
    Row(
        "one record is missing, and ACM has not named another one yet",
        observation(
            renewing(
                renewal(
                    RenewalStatus.PENDING_VALIDATION,
                    None,
                    validation(),
                    validation("b.example.com", record=None),
                )
            ),
            finding(RecordState.MISSING),
        ),
        Verdict.RENEWAL_BLOCKED,
        WARNING,
        Reason.VALIDATION_RECORD_MISSING,
        Action.RESTORE_RECORDS,
    ),
    Row(
        "one record is foreign, another one can be written",
        observation(
            blocked(), finding(RecordState.MISSING), finding(RecordState.FOREIGN, "b.example.com")
        ),
        Verdict.RENEWAL_BLOCKED,
        WARNING,
        Reason.VALIDATION_RECORD_WRONG,
        Action.RESTORE_RECORDS,
    ),
    Row(
        "no zone holds the name",
        observation(blocked(), finding(RecordState.ZONE_NOT_FOUND)),
        Verdict.RENEWAL_BLOCKED,
        WARNING,
        Reason.ZONE_NOT_FOUND,
        Action.FIX_VALIDATION,
    ),
    Row(
        "two zones could hold the name, which is more telling than a missing record",
        observation(
            blocked(), finding(RecordState.MISSING), finding(RecordState.ZONE_AMBIGUOUS, "b.net")
        ),
        Verdict.RENEWAL_BLOCKED,
        WARNING,
        Reason.ZONE_AMBIGUOUS,
        Action.RESTORE_RECORDS,
    ),
    Row(
        "a record that was written is missing again",
        observation(blocked(), finding(RecordState.MISSING), repairs=written(1)),
        Verdict.RENEWAL_BLOCKED,
        WARNING,
        Reason.RECORD_REMOVED_AGAIN,
        Action.RESTORE_RECORDS,
    ),
    Row(
        "a record that was removed before is in place",
        observation(blocked(), finding(RecordState.IN_PLACE), repairs=written(2)),
        Verdict.RENEWAL_BLOCKED,
        WARNING,
        Reason.RECORD_REMOVED_AGAIN,
        Action.INVESTIGATE,
    ),
    Row(
        "a record that was written once is in place",
        observation(blocked(ends_in=days(40)), finding(RecordState.IN_PLACE), repairs=written(1)),
        Verdict.RENEWING,
        OK,
        Reason.RECORDS_IN_PLACE,
        Action.NONE,
    ),
    Row(
        "a record that was written is missing again, and the zone of another name is unknown",
        observation(
            blocked(),
            finding(RecordState.MISSING),
            finding(RecordState.ZONE_AMBIGUOUS, "b.net"),
            repairs=written(1),
        ),
        Verdict.RENEWAL_BLOCKED,
        WARNING,
        Reason.ZONE_AMBIGUOUS,
        Action.RESTORE_RECORDS,
    ),
    Row(
        "the name is delegated to another zone",
        observation(
            blocked(), finding(RecordState.DELEGATED), finding(RecordState.ZONE_AMBIGUOUS, "b.net")
        ),
        Verdict.RENEWAL_BLOCKED,
        WARNING,
        Reason.NAME_DELEGATED,
        Action.FIX_VALIDATION,
    ),
    Row(
        "the records could not be compared",
        observation(blocked(), finding(RecordState.UNCHECKED, found="AccessDenied")),
        Verdict.RENEWAL_BLOCKED,
        WARNING,
        Reason.VALIDATION_UNCHECKED,
        Action.INVESTIGATE,
    ),
    Row(
        "ACM has not said which record it wants",
        observation(blocked()),
        Verdict.RENEWAL_BLOCKED,
        WARNING,
        Reason.VALIDATION_UNCHECKED,
        Action.INVESTIGATE,
    ),
    Row(
        "ACM has said nothing about any name",
        observation(renewing(renewal())),
        Verdict.RENEWAL_BLOCKED,
        WARNING,
        Reason.VALIDATION_UNCHECKED,
        Action.INVESTIGATE,
    ),
    Row(
        "one record stands, and ACM has not named the other one",
        observation(
            renewing(
                renewal(
                    RenewalStatus.PENDING_VALIDATION,
                    None,
                    validation(),
                    validation("b.example.com", record=None),
                ),
            ),
            finding(RecordState.IN_PLACE),
        ),
        Verdict.RENEWAL_BLOCKED,
        WARNING,
        Reason.VALIDATION_UNCHECKED,
        Action.INVESTIGATE,
    ),
    Row(
        "an e-mail has to be answered",
        observation(renewing(APPROVAL)),
        Verdict.RENEWAL_BLOCKED,
        WARNING,
        Reason.EMAIL_APPROVAL_PENDING,
        Action.RENEW_BY_EMAIL,
    ),
    Row(
        "a CAA record blocks the automatic renewal",
        observation(renewing(renewal(RenewalStatus.PENDING_AUTO_RENEWAL, "CAA_ERROR"))),
        Verdict.RENEWAL_BLOCKED,
        WARNING,
        Reason.CAA_FORBIDS,
        Action.FIX_VALIDATION,
    ),
    Row(
        "a CAA record forbids what a right validation record allows",
        observation(
            renewing(renewal(RenewalStatus.PENDING_VALIDATION, "CAA_ERROR", validation())),
            finding(RecordState.IN_PLACE),
        ),
        Verdict.RENEWAL_BLOCKED,
        WARNING,
        Reason.CAA_FORBIDS,
        Action.FIX_VALIDATION,
    ),
    Row(
        "a blocked renewal of an exported certificate is reported before its export",
        observation(blocked(ends_in=days(20), exported=True), finding(RecordState.MISSING)),
        Verdict.RENEWAL_BLOCKED,
        WARNING,
        Reason.VALIDATION_RECORD_MISSING,
        Action.RESTORE_RECORDS,
    ),
]
RENEWAL_OVERDUE = [
    Row(
        "ACM should be done by now",
        observation(certificate(ends_in=days(29), detail=detail())),
        Verdict.RENEWAL_OVERDUE,
        WARNING,
        Reason.NO_PROGRESS,
        Action.INVESTIGATE,
    ),
    Row(
        "ACM has been at it for two weeks",
        observation(
            renewing(renewal(RenewalStatus.PENDING_AUTO_RENEWAL), ends_in=days(29)),
        ),
        Verdict.RENEWAL_OVERDUE,
        WARNING,
        Reason.NO_PROGRESS,
        Action.INVESTIGATE,
    ),
    Row(
        "only a successor helps within the last week",
        observation(certificate(ends_in=days(6), detail=detail())),
        Verdict.RENEWAL_OVERDUE,
        CRITICAL,
        Reason.NO_PROGRESS,
        Action.REPLACE,
    ),
    Row(
        "ACM has been at it for two weeks and says why it does not get on",
        observation(
            renewing(
                renewal(RenewalStatus.PENDING_AUTO_RENEWAL, reason="PCA_LIMIT_EXCEEDED"),
                ends_in=days(29),
            ),
        ),
        Verdict.RENEWAL_OVERDUE,
        WARNING,
        Reason.AUTHORITY_LIMIT_EXCEEDED,
        Action.INVESTIGATE,
    ),
    Row(
        "ACM says at the start of its window that it will not renew",
        observation(certificate(ends_in=days(45), renewal_eligible=False, detail=detail())),
        Verdict.RENEWAL_OVERDUE,
        WARNING,
        Reason.NOT_ELIGIBLE,
        Action.INVESTIGATE,
    ),
    Row(
        "ACM says before its window that it would not renew",
        observation(certificate(ends_in=days(46), renewal_eligible=False)),
        Verdict.HEALTHY,
        OK,
        Reason.FAR_FROM_EXPIRY,
        Action.NONE,
    ),
    Row(
        "ACM says that it will not renew",
        observation(certificate(ends_in=days(29), renewal_eligible=False, detail=detail())),
        Verdict.RENEWAL_OVERDUE,
        WARNING,
        Reason.NOT_ELIGIBLE,
        Action.INVESTIGATE,
    ),
    Row(
        "the records are right and ACM still has not looked",
        observation(blocked(ends_in=days(29)), finding(RecordState.IN_PLACE)),
        Verdict.RENEWAL_OVERDUE,
        WARNING,
        Reason.RECORDS_IN_PLACE,
        Action.INVESTIGATE,
    ),
    Row(
        "the renewal failed long before the end",
        observation(renewing(BROKEN)),
        Verdict.RENEWAL_OVERDUE,
        WARNING,
        Reason.NO_REASON_GIVEN,
        Action.INVESTIGATE,
    ),
    Row(
        "a failed renewal of an exported certificate is reported before its export",
        observation(renewing(BROKEN, ends_in=days(5), exported=True)),
        Verdict.RENEWAL_OVERDUE,
        CRITICAL,
        Reason.NO_REASON_GIVEN,
        Action.REPLACE,
    ),
]
THROW_AWAY: dict[str, Any] = {
    "names": (f"acm-drill-{'a' * 16}.example.com",),
    "in_use": False,
}
UNUSED = [
    Row(
        "nothing uses it",
        observation(certificate(in_use=False)),
        Verdict.UNUSED,
        INFO,
        Reason.NOT_IN_USE,
    ),
    Row(
        "nothing uses it and it ends tomorrow",
        observation(certificate(in_use=False, ends_in=days(1))),
        Verdict.UNUSED,
        INFO,
        Reason.NOT_IN_USE,
    ),
    Row(
        "nothing uses it, so a failed renewal does not matter",
        observation(
            certificate(in_use=False, ends_in=days(1), detail=CertificateDetail(renewal=BROKEN)),
        ),
        Verdict.UNUSED,
        INFO,
        Reason.NOT_IN_USE,
    ),
    Row(
        "nothing uses it, so the trouble with its authority does not matter",
        observation(
            private(
                in_use=False,
                ends_in=days(1),
                detail=CertificateDetail(
                    renewal=renewal(RenewalStatus.FAILED, "PCA_ACCESS_DENIED")
                ),
            ),
        ),
        Verdict.UNUSED,
        INFO,
        Reason.NOT_IN_USE,
    ),
    Row(
        "a drill of yesterday left it",
        observation(certificate(**THROW_AWAY, created_at=NOW - days(1))),
        Verdict.UNUSED,
        INFO,
        Reason.DRILL_LEFT,
        Action.INVESTIGATE,
    ),
    Row(
        "a drill of today requested it",
        observation(
            certificate(
                **THROW_AWAY,
                status=CertificateStatus.FAILED,
                created_at=NOW - days(1) + SECOND,
            )
        ),
        Verdict.HEALTHY,
        OK,
        Reason.DRILL_RECENT,
    ),
]
EXPORT_DUE = [
    Row(
        "the copy of an exported private certificate ends soon",
        observation(
            private(ends_in=days(25), in_use=False, exported=True, detail=CertificateDetail())
        ),
        Verdict.EXPORT_DUE,
        WARNING,
        Reason.EXPORTED_COPY_EXPIRING,
        Action.EXPORT,
    ),
    Row(
        "the copy of an exported public certificate ends within days",
        observation(
            certificate(
                ends_in=days(3),
                in_use=False,
                exported=True,
                exportable=True,
                detail=CertificateDetail(),
            ),
        ),
        Verdict.EXPORT_DUE,
        CRITICAL,
        Reason.EXPORTED_COPY_EXPIRING,
        Action.EXPORT,
    ),
    Row(
        "an export target that holds it as it is changes nothing",
        observation(private(ends_in=days(25), exported=True), export=at_target(CURRENT)),
        Verdict.EXPORT_DUE,
        WARNING,
        Reason.EXPORTED_COPY_EXPIRING,
        Action.EXPORT,
    ),
    Row(
        "a healthy certificate has a newer issue than its export target",
        observation(private(exported=True), export=at_target(OUTDATED)),
        Verdict.EXPORT_DUE,
        INFO,
        Reason.EXPORT_TARGET_OUTDATED,
        Action.EXPORT,
    ),
    Row(
        "a certificate was never exported to its target, and nothing else uses it",
        observation(private(in_use=False), export=at_target(OUTDATED)),
        Verdict.EXPORT_DUE,
        INFO,
        Reason.EXPORT_TARGET_OUTDATED,
        Action.EXPORT,
    ),
    Row(
        "an outdated export target of a copy that ends soon",
        observation(private(ends_in=days(5), exported=True), export=at_target(OUTDATED)),
        Verdict.EXPORT_DUE,
        CRITICAL,
        Reason.EXPORT_TARGET_OUTDATED,
        Action.EXPORT,
    ),
    Row(
        "an older version of an export target was made current",
        observation(private(exported=True), export=at_target(ROLLED_BACK)),
        Verdict.EXPORT_DUE,
        INFO,
        Reason.EXPORT_ROLLED_BACK,
        Action.INVESTIGATE,
    ),
    *(
        Row(
            f"an export target is {state}, and the copy ends in {left} days",
            observation(
                private(in_use=False, exported=True, ends_in=days(left)),
                export=at_target(state, "the secret is gone or denied"),
            ),
            verdict,
            severity,
            reason,
            Action.INVESTIGATE,
        )
        for state, reason, left, verdict, severity in [
            (MISSING, Reason.EXPORT_SECRET_MISSING, 200, Verdict.RENEWAL_AT_RISK, INFO),
            (MISSING, Reason.EXPORT_SECRET_MISSING, 70, Verdict.RENEWAL_AT_RISK, WARNING),
            (MISSING, Reason.EXPORT_SECRET_MISSING, 29, Verdict.EXPORT_DUE, WARNING),
            (MISSING, Reason.EXPORT_SECRET_MISSING, 6, Verdict.EXPORT_DUE, CRITICAL),
            (UNREADABLE, Reason.EXPORT_TARGET_UNREADABLE, 200, Verdict.UNKNOWN, WARNING),
            (UNREADABLE, Reason.EXPORT_TARGET_UNREADABLE, 6, Verdict.EXPORT_DUE, CRITICAL),
        ]
    ),
    Row(
        "a certificate that was never exported has an export target without a secret",
        observation(private(in_use=False), export=at_target(MISSING, "the secret is gone")),
        Verdict.RENEWAL_AT_RISK,
        INFO,
        Reason.EXPORT_SECRET_MISSING,
        Action.INVESTIGATE,
    ),
    Row(
        "a certificate in use has an export target and cannot be exported",
        observation(certificate(), export=at_target(NOT_POSSIBLE, "it is old")),
        Verdict.EXPORT_DUE,
        WARNING,
        Reason.EXPORT_NOT_POSSIBLE,
        Action.INVESTIGATE,
    ),
    Row(
        "an unused certificate has an export target and cannot be exported",
        observation(certificate(in_use=False), export=at_target(NOT_POSSIBLE, "it is old")),
        Verdict.EXPORT_DUE,
        INFO,
        Reason.EXPORT_NOT_POSSIBLE,
        Action.INVESTIGATE,
    ),
    Row(
        "an unused certificate whose export target may not be read",
        observation(certificate(in_use=False), export=at_target(UNREAD)),
        Verdict.UNUSED,
        INFO,
        Reason.NOT_IN_USE,
    ),
    Row(
        "a blocked renewal is reported before its outdated export target",
        observation(blocked(), finding(RecordState.MISSING), export=at_target(OUTDATED)),
        Verdict.RENEWAL_BLOCKED,
        WARNING,
        Reason.VALIDATION_RECORD_MISSING,
        Action.RESTORE_RECORDS,
    ),
    Row(
        "an outdated export target is reported though ACM will renew the certificate",
        observation(blocked(), finding(RecordState.IN_PLACE), export=at_target(OUTDATED)),
        Verdict.EXPORT_DUE,
        INFO,
        Reason.EXPORT_TARGET_OUTDATED,
        Action.EXPORT,
    ),
    Row(
        "a certificate of CloudFront has an export target that it can never fill",
        observation(
            certificate(managed_by="CLOUDFRONT"), export=at_target(NOT_POSSIBLE, "it is not ours")
        ),
        Verdict.EXTERNALLY_MANAGED,
        INFO,
        Reason.MANAGED_BY_CLOUDFRONT,
        Action.INVESTIGATE,
    ),
]
IMPORT_DUE = [
    Row(
        "an imported certificate in use ends within a month",
        observation(imported(ends_in=days(29))),
        Verdict.IMPORT_DUE,
        WARNING,
        Reason.IMPORTED_EXPIRING,
        Action.REIMPORT,
    ),
    Row(
        "an imported certificate in use ends within a week",
        observation(imported(ends_in=days(6))),
        Verdict.IMPORT_DUE,
        CRITICAL,
        Reason.IMPORTED_EXPIRING,
        Action.REIMPORT,
    ),
    Row(
        "an imported certificate that nothing uses ends within a week",
        observation(imported(ends_in=days(6), in_use=False)),
        Verdict.IMPORT_DUE,
        INFO,
        Reason.IMPORTED_EXPIRING,
    ),
]
SOURCES = [
    Row(
        "an imported certificate in use ends within a month, and its source is ahead of it",
        observation(imported(ends_in=days(29)), source=source(SourceState.NEWER)),
        Verdict.IMPORT_DUE,
        WARNING,
        Reason.IMPORTED_EXPIRING,
        Action.REIMPORT,
    ),
    Row(
        "an imported certificate that nothing uses ends, and its source is ahead of it",
        observation(imported(ends_in=days(6), in_use=False), source=source(SourceState.NEWER)),
        Verdict.IMPORT_DUE,
        INFO,
        Reason.IMPORTED_EXPIRING,
        Action.REIMPORT,
    ),
    Row(
        "an expired imported certificate whose source is ahead of it",
        observation(
            imported(status=EXPIRED, ends_in=-days(3), in_use=False),
            source=source(SourceState.NEWER),
        ),
        Verdict.EXPIRED,
        INFO,
        Reason.PAST_NOT_AFTER,
        Action.REIMPORT,
    ),
    Row(
        "an imported certificate has a successor, and its source is ahead of it all the same",
        observation(
            imported(ends_in=days(20)), successor=SUCCESSOR, source=source(SourceState.NEWER)
        ),
        Verdict.IMPORT_DUE,
        WARNING,
        Reason.IMPORTED_EXPIRING,
        Action.REIMPORT,
    ),
    Row(
        "an imported certificate ends within a month and is read in mode notify",
        observation(imported(ends_in=days(29)), source=source(SourceState.UNREAD)),
        Verdict.IMPORT_DUE,
        WARNING,
        Reason.IMPORTED_EXPIRING,
        Action.REIMPORT,
    ),
    *(
        Row(
            f"an imported certificate in use ends within a week, and its source is {state}",
            observation(imported(ends_in=days(6)), source=source(state)),
            Verdict.IMPORT_DUE,
            CRITICAL,
            reason,
            Action.REIMPORT,
        )
        for state, reason in {
            SourceState.SAME: Reason.SOURCE_NOT_NEWER,
            SourceState.NOT_NEWER: Reason.SOURCE_NOT_NEWER,
            SourceState.NOT_YET_VALID: Reason.SOURCE_NOT_YET_VALID,
            SourceState.INCOMPATIBLE: Reason.SOURCE_INCOMPATIBLE,
            SourceState.INVALID: Reason.SOURCE_INVALID,
            SourceState.MISSING: Reason.SOURCE_MISSING,
            SourceState.UNREADABLE: Reason.SOURCE_UNREADABLE,
        }.items()
    ),
    *(
        Row(
            f"the secret of an import source is missing, and the certificate ends in {left} days",
            observation(imported(ends_in=days(left)), source=source(SourceState.MISSING)),
            Verdict.RENEWAL_AT_RISK,
            severity,
            Reason.SOURCE_MISSING,
            Action.INVESTIGATE,
        )
        for left, severity in [(200, INFO), (70, WARNING)]
    ),
    Row(
        "an imported certificate in the second half of its life whose source is not newer",
        observation(imported(), source=source(SourceState.SAME)),
        Verdict.RENEWAL_AT_RISK,
        INFO,
        Reason.SOURCE_TOO_OLD,
    ),
    Row(
        "an exported certificate without a target in the second half of its life",
        observation(certificate(ends_in=days(90), exported=True)),
        Verdict.RENEWAL_AT_RISK,
        INFO,
        Reason.EXPORT_TARGET_MISSING,
    ),
    Row(
        "an imported certificate far from its end whose source is ahead of it",
        observation(imported(), source=source(SourceState.NEWER)),
        Verdict.IMPORT_DUE,
        INFO,
        Reason.SOURCE_NEWER,
        Action.REIMPORT,
    ),
    *(
        Row(
            f"an imported certificate far from its end whose source is {state}",
            observation(imported(ends_in=days(200)), source=source(state)),
            Verdict.HEALTHY,
            OK,
            Reason.FAR_FROM_EXPIRY,
        )
        for state in (
            SourceState.SAME,
            SourceState.NOT_YET_VALID,
            SourceState.UNREAD,
        )
    ),
    *(
        Row(
            f"a used certificate far from its end could not be renewed: its source is {state}",
            observation(imported(), source=source(state)),
            Verdict.UNKNOWN,
            WARNING,
            reason,
            Action.INVESTIGATE,
        )
        for state, reason in {
            SourceState.INCOMPATIBLE: Reason.SOURCE_INCOMPATIBLE,
            SourceState.INVALID: Reason.SOURCE_INVALID,
            SourceState.UNREADABLE: Reason.SOURCE_UNREADABLE,
        }.items()
    ),
    Row(
        "an imported certificate far from its end is not the one of its source",
        observation(imported(), source=source(SourceState.NOT_NEWER)),
        Verdict.UNKNOWN,
        INFO,
        Reason.SOURCE_NOT_NEWER,
        Action.INVESTIGATE,
    ),
    Row(
        "an import far from the end would lose a usage",
        observation(imported(), source=replace(source(SourceState.NEWER), loses_client_auth=True)),
        Verdict.IMPORT_DUE,
        WARNING,
        Reason.SOURCE_NEWER,
        Action.REIMPORT,
    ),
    Row(
        "an import of an unused certificate would lose a usage",
        observation(
            imported(in_use=False),
            source=replace(source(SourceState.NEWER), loses_client_auth=True),
        ),
        Verdict.IMPORT_DUE,
        INFO,
        Reason.SOURCE_NEWER,
        Action.REIMPORT,
    ),
    Row(
        "a certificate that nothing uses has a source that is invalid",
        observation(imported(in_use=False), source=source(SourceState.INVALID)),
        Verdict.UNKNOWN,
        INFO,
        Reason.SOURCE_INVALID,
        Action.INVESTIGATE,
    ),
]
PENDING = [
    Row(
        "a fresh request",
        observation(request(created_at=NOW - days(0.5))),
        Verdict.PENDING_VALIDATION,
        INFO,
        Reason.AWAITING_VALIDATION,
    ),
    Row(
        "a stuck request without its record",
        observation(
            request(detail=CertificateDetail(validations=(validation(),))),
            finding(RecordState.MISSING),
        ),
        Verdict.PENDING_VALIDATION,
        INFO,
        Reason.VALIDATION_RECORD_MISSING,
        Action.RESTORE_RECORDS,
    ),
    Row(
        "a stuck request whose records stand",
        observation(
            request(detail=CertificateDetail(validations=(validation(),))),
            finding(RecordState.IN_PLACE),
        ),
        Verdict.PENDING_VALIDATION,
        INFO,
        Reason.RECORDS_IN_PLACE,
        Action.FIX_VALIDATION,
    ),
    Row(
        "a stuck request that waits for an e-mail to be answered",
        observation(request(detail=CertificateDetail(validations=(BY_EMAIL,)))),
        Verdict.PENDING_VALIDATION,
        INFO,
        Reason.EMAIL_APPROVAL_PENDING,
        Action.RENEW_BY_EMAIL,
    ),
    Row(
        "a request is no predecessor, even where a certificate for its names is valid",
        observation(request(created_at=NOW - days(0.5)), successor=SUCCESSOR),
        Verdict.PENDING_VALIDATION,
        INFO,
        Reason.AWAITING_VALIDATION,
    ),
]
REQUEST_FAILED = [
    Row(
        "a request that was not validated in time",
        observation(request(status=TIMED_OUT)),
        Verdict.REQUEST_FAILED,
        INFO,
        Reason.VALIDATION_TIMED_OUT,
        Action.REQUEST_AGAIN,
    ),
    Row(
        "a request that failed while no run took place",
        observation(request(status=FAILED, created_at=NOW - days(29), detail=CertificateDetail())),
        Verdict.REQUEST_FAILED,
        INFO,
        Reason.NO_REASON_GIVEN,
        Action.REQUEST_AGAIN,
    ),
    Row(
        "a request that failed long before the first run is reported, but not requested again",
        observation(request(status=FAILED, created_at=NOW - days(30), detail=CertificateDetail())),
        Verdict.REQUEST_FAILED,
        INFO,
        Reason.NO_REASON_GIVEN,
        Action.INVESTIGATE,
    ),
    Row(
        "a failed request that was reported for a week",
        observation(request(status=FAILED), failure_reported=NOW - days(7)),
        Verdict.REQUEST_FAILED,
        INFO,
        Reason.NO_REASON_GIVEN,
    ),
    Row(
        "a failed request that was never described",
        observation(request(status=FAILED)),
        Verdict.REQUEST_FAILED,
        INFO,
        Reason.NO_REASON_GIVEN,
        Action.REQUEST_AGAIN,
    ),
]
OVER = [
    Row(
        "an expired certificate without an end",
        observation(certificate(status=EXPIRED, ends_in=None, detail=detail())),
        Verdict.EXPIRED,
        CRITICAL,
        Reason.PAST_NOT_AFTER,
        Action.REPLACE,
    ),
    Row(
        "an expired certificate in use",
        observation(certificate(status=EXPIRED, ends_in=-days(3), detail=detail())),
        Verdict.EXPIRED,
        CRITICAL,
        Reason.PAST_NOT_AFTER,
        Action.REPLACE,
    ),
    Row(
        "an expired certificate that ACM still reports as issued",
        observation(certificate(ends_in=-SECOND, detail=detail())),
        Verdict.EXPIRED,
        CRITICAL,
        Reason.PAST_NOT_AFTER,
        Action.REPLACE,
    ),
    Row(
        "an expired imported certificate in use",
        observation(imported(status=EXPIRED, ends_in=-days(3))),
        Verdict.EXPIRED,
        CRITICAL,
        Reason.PAST_NOT_AFTER,
        Action.REIMPORT,
    ),
    Row(
        "an expired certificate that nothing uses",
        observation(certificate(status=EXPIRED, ends_in=-days(3), in_use=False)),
        Verdict.EXPIRED,
        INFO,
        Reason.PAST_NOT_AFTER,
    ),
    Row(
        "a revoked certificate in use",
        observation(certificate(status=REVOKED, detail=detail())),
        Verdict.REVOKED,
        CRITICAL,
        Reason.REVOKED_BY_ISSUER,
        Action.REPLACE,
    ),
    Row(
        "a revoked certificate stays revoked beyond its end",
        observation(certificate(status=REVOKED, ends_in=-days(3), detail=detail())),
        Verdict.REVOKED,
        CRITICAL,
        Reason.REVOKED_BY_ISSUER,
        Action.REPLACE,
    ),
    Row(
        "a revoked certificate that nothing uses",
        observation(certificate(status=REVOKED, in_use=False)),
        Verdict.REVOKED,
        INFO,
        Reason.REVOKED_BY_ISSUER,
    ),
]
EXTERNALLY_MANAGED = [
    Row(
        "CloudFront looks after it",
        observation(certificate(managed_by="CLOUDFRONT")),
        Verdict.EXTERNALLY_MANAGED,
        OK,
        Reason.MANAGED_BY_CLOUDFRONT,
    ),
    Row(
        "the expiry of a CloudFront certificate is reported",
        observation(certificate(managed_by="CLOUDFRONT", ends_in=days(5))),
        Verdict.EXTERNALLY_MANAGED,
        CRITICAL,
        Reason.MANAGED_BY_CLOUDFRONT,
    ),
    Row(
        "an ACME client asked for it",
        observation(certificate(key_pair_origin="ACME", in_use=False)),
        Verdict.EXTERNALLY_MANAGED,
        OK,
        Reason.MANAGED_BY_ACME_CLIENT,
    ),
    Row(
        "an ACME client is late",
        observation(certificate(key_pair_origin="ACME", in_use=False, ends_in=days(20))),
        Verdict.EXTERNALLY_MANAGED,
        WARNING,
        Reason.MANAGED_BY_ACME_CLIENT,
    ),
    Row(
        "a service that came later than this version looks after it",
        observation(certificate(managed_by="LIGHTSAIL")),
        Verdict.EXTERNALLY_MANAGED,
        OK,
        Reason.MANAGED_BY_OTHER_TOOL,
    ),
    Row(
        "a tag says that cert-manager imports it",
        observation(
            imported(ends_in=days(20), detail=detail(tags=(("ManagedBy", "Cert-Manager"),)))
        ),
        Verdict.EXTERNALLY_MANAGED,
        WARNING,
        Reason.MANAGED_BY_OTHER_TOOL,
    ),
    Row(
        "a controller's own tag",
        observation(
            imported(
                ends_in=days(20),
                detail=detail(tags=(("services.k8s.aws/controller-version", "acm-1.0.0"),)),
            ),
        ),
        Verdict.EXTERNALLY_MANAGED,
        WARNING,
        Reason.MANAGED_BY_OTHER_TOOL,
    ),
    Row(
        "what belongs to others has an export target that is current",
        observation(certificate(managed_by="CLOUDFRONT"), export=at_target(CURRENT)),
        Verdict.EXTERNALLY_MANAGED,
        OK,
        Reason.MANAGED_BY_CLOUDFRONT,
    ),
    Row(
        "a tag of another tool does not stop the repair of what ACM renews",
        observation(
            renewing(
                renewal(RenewalStatus.PENDING_VALIDATION, None, validation()),
                tags=(("ManagedBy", "certbot"), ("services.k8s.aws/controller-version", "1")),
            ),
            finding(RecordState.MISSING),
        ),
        Verdict.RENEWAL_BLOCKED,
        WARNING,
        Reason.VALIDATION_RECORD_MISSING,
        Action.RESTORE_RECORDS,
    ),
    Row(
        "what belongs to others is not touched when it is expired and succeeded",
        observation(
            certificate(managed_by="CLOUDFRONT", status=EXPIRED, ends_in=-days(3)),
            successor=SUCCESSOR,
        ),
        Verdict.EXTERNALLY_MANAGED,
        CRITICAL,
        Reason.MANAGED_BY_CLOUDFRONT,
    ),
    Row(
        "what belongs to others stays theirs when it could not be described",
        observation(certificate(managed_by="CLOUDFRONT"), detail_error="Throttled"),
        Verdict.EXTERNALLY_MANAGED,
        OK,
        Reason.MANAGED_BY_CLOUDFRONT,
    ),
]
ACME = certificate(key_pair_origin="ACME", in_use=False, ends_in=days(5), lives=days(45))
LATER = replace(ACME, arn=arn("later"), not_after=NOW + days(40))


def renewed(later: Certificate = LATER, **changes: Any) -> Observation:  # noqa: ANN401 - of a certificate
    return replace(observation(replace(ACME, **changes)), renewed_as=later)


SUPERSEDED = [
    Row(
        "an ACME client has renewed it",
        renewed(),
        Verdict.SUPERSEDED,
        INFO,
        Reason.SUCCESSOR_ISSUED,
    ),
    Row(
        "an ACME client has renewed one that was revoked",
        renewed(status=REVOKED, not_after=NOW + days(20)),
        Verdict.SUPERSEDED,
        INFO,
        Reason.SUCCESSOR_ISSUED,
    ),
    Row(
        "an ACME client has renewed it early",
        renewed(not_after=NOW + days(20)),
        Verdict.EXTERNALLY_MANAGED,
        OK,
        Reason.MANAGED_BY_ACME_CLIENT,
    ),
    Row(
        "the renewal by an ACME client has ended, too",
        renewed(replace(LATER, not_after=NOW)),
        Verdict.EXTERNALLY_MANAGED,
        CRITICAL,
        Reason.MANAGED_BY_ACME_CLIENT,
    ),
    Row(
        "an unused certificate has a successor",
        observation(certificate(in_use=False), successor=SUCCESSOR),
        Verdict.SUPERSEDED,
        INFO,
        Reason.SUCCESSOR_ISSUED,
    ),
    Row(
        "a used certificate that nobody renews has a successor",
        observation(imported(ends_in=days(20)), successor=SUCCESSOR),
        Verdict.SUPERSEDED,
        WARNING,
        Reason.SUCCESSOR_ISSUED,
        Action.REBIND,
    ),
    Row(
        "an expired certificate in use has a successor",
        observation(
            certificate(status=EXPIRED, ends_in=-days(1), detail=detail()), successor=SUCCESSOR
        ),
        Verdict.SUPERSEDED,
        CRITICAL,
        Reason.SUCCESSOR_ISSUED,
        Action.REBIND,
    ),
    Row(
        "a revoked certificate in use has a successor",
        observation(certificate(status=REVOKED, detail=detail()), successor=SUCCESSOR),
        Verdict.SUPERSEDED,
        CRITICAL,
        Reason.SUCCESSOR_ISSUED,
        Action.REBIND,
    ),
    Row(
        "a failed request that is called used, whose names were asked for again",
        observation(request(status=FAILED, in_use=True), successor=SUCCESSOR),
        Verdict.SUPERSEDED,
        INFO,
        Reason.SUCCESSOR_ISSUED,
        Action.REBIND,
    ),
    Row(
        "a failed request whose names were asked for again",
        observation(request(status=FAILED), successor=SUCCESSOR),
        Verdict.SUPERSEDED,
        INFO,
        Reason.SUCCESSOR_ISSUED,
    ),
    Row(
        "an overdue renewal has a successor",
        observation(renewing(BROKEN, ends_in=days(6)), successor=SUCCESSOR),
        Verdict.SUPERSEDED,
        CRITICAL,
        Reason.SUCCESSOR_ISSUED,
        Action.REBIND,
    ),
    Row(
        "a renewal that is blocked early is still fixed, whatever else is valid",
        observation(blocked(), finding(RecordState.MISSING), successor=SUCCESSOR),
        Verdict.RENEWAL_BLOCKED,
        WARNING,
        Reason.VALIDATION_RECORD_MISSING,
        Action.RESTORE_RECORDS,
    ),
    Row(
        "a renewal that is blocked to the last is still fixed, whatever else is valid",
        observation(blocked(ends_in=days(5)), finding(RecordState.MISSING), successor=SUCCESSOR),
        Verdict.RENEWAL_BLOCKED,
        CRITICAL,
        Reason.VALIDATION_RECORD_MISSING,
        Action.RESTORE_RECORDS,
    ),
    Row(
        "a renewal that waits for an answer to an e-mail is gone on with beside a successor",
        observation(renewing(APPROVAL, ends_in=days(5)), successor=SUCCESSOR),
        Verdict.RENEWAL_BLOCKED,
        CRITICAL,
        Reason.EMAIL_APPROVAL_PENDING,
        Action.RENEW_BY_EMAIL,
    ),
    Row(
        "a renewal that was blocked until the end cannot be fixed, and the successor is there",
        observation(
            replace(blocked(ends_in=-days(1)), status=EXPIRED),
            finding(RecordState.MISSING),
            successor=SUCCESSOR,
        ),
        Verdict.SUPERSEDED,
        CRITICAL,
        Reason.SUCCESSOR_ISSUED,
        Action.REBIND,
    ),
    Row(
        "a renewal that was blocked until the end, which ACM has not noticed yet",
        observation(blocked(ends_in=-SECOND), finding(RecordState.MISSING), successor=SUCCESSOR),
        Verdict.SUPERSEDED,
        CRITICAL,
        Reason.SUCCESSOR_ISSUED,
        Action.REBIND,
    ),
    Row(
        "a blocked renewal of what was revoked cannot be fixed, and the successor is there",
        observation(
            replace(blocked(), status=REVOKED), finding(RecordState.MISSING), successor=SUCCESSOR
        ),
        Verdict.SUPERSEDED,
        CRITICAL,
        Reason.SUCCESSOR_ISSUED,
        Action.REBIND,
    ),
    Row(
        "a blocked renewal of what nothing uses any more is over with its successor",
        observation(
            replace(blocked(ends_in=days(5)), in_use=False),
            finding(RecordState.MISSING),
            successor=SUCCESSOR,
        ),
        Verdict.SUPERSEDED,
        INFO,
        Reason.SUCCESSOR_ISSUED,
    ),
]
UNKNOWN = [
    Row(
        "its details could not be read",
        observation(certificate(ends_in=days(40)), detail_error="ThrottlingException: slow down"),
        Verdict.UNKNOWN,
        WARNING,
        Reason.DETAILS_UNREADABLE,
        Action.INVESTIGATE,
    ),
    Row(
        "what could not be read is no milder than its end",
        observation(certificate(ends_in=days(2)), detail_error="ThrottlingException: slow down"),
        Verdict.UNKNOWN,
        CRITICAL,
        Reason.DETAILS_UNREADABLE,
        Action.INVESTIGATE,
    ),
    Row(
        "what could not be read is not called superseded",
        observation(imported(ends_in=days(20)), detail_error="Throttled", successor=SUCCESSOR),
        Verdict.UNKNOWN,
        WARNING,
        Reason.DETAILS_UNREADABLE,
        Action.INVESTIGATE,
    ),
    Row(
        "a stuck request could not be read",
        observation(request(), detail_error="Throttled"),
        Verdict.UNKNOWN,
        INFO,
        Reason.DETAILS_UNREADABLE,
        Action.INVESTIGATE,
    ),
    Row(
        "a status that came later than this version",
        observation(certificate(status=CertificateStatus.NOT_UNDERSTOOD)),
        Verdict.UNKNOWN,
        WARNING,
        Reason.STATUS_UNKNOWN,
        Action.INVESTIGATE,
    ),
    Row(
        "a renewal status that came later than this version",
        observation(renewing(renewal(RenewalStatus.NOT_UNDERSTOOD))),
        Verdict.UNKNOWN,
        INFO,
        Reason.STATUS_UNKNOWN,
        Action.NONE,
    ),
    Row(
        "a renewal status that came later than this version, far from the end",
        observation(renewing(renewal(RenewalStatus.NOT_UNDERSTOOD), ends_in=days(100))),
        Verdict.UNKNOWN,
        INFO,
        Reason.STATUS_UNKNOWN,
        Action.NONE,
    ),
    Row(
        "a renewal status that came later than this version, when it should be done",
        observation(renewing(renewal(RenewalStatus.NOT_UNDERSTOOD), ends_in=days(20))),
        Verdict.RENEWAL_OVERDUE,
        WARNING,
        Reason.NO_PROGRESS,
        Action.INVESTIGATE,
    ),
    Row(
        "a type that came later than this version",
        observation(certificate(type=CertificateType.NOT_UNDERSTOOD)),
        Verdict.UNKNOWN,
        INFO,
        Reason.TYPE_UNKNOWN,
        Action.NONE,
    ),
    Row(
        "a type that came later than this version, near its end",
        observation(certificate(type=CertificateType.NOT_UNDERSTOOD, ends_in=days(29))),
        Verdict.UNKNOWN,
        WARNING,
        Reason.TYPE_UNKNOWN,
        Action.INVESTIGATE,
    ),
    Row(
        "a type that came later than this version could not be described either",
        observation(certificate(type=CertificateType.NOT_UNDERSTOOD), detail_error="Throttled"),
        Verdict.UNKNOWN,
        WARNING,
        Reason.DETAILS_UNREADABLE,
        Action.INVESTIGATE,
    ),
    Row(
        "a request for a type that came later than this version",
        observation(request(type=CertificateType.NOT_UNDERSTOOD)),
        Verdict.UNKNOWN,
        INFO,
        Reason.TYPE_UNKNOWN,
        Action.NONE,
    ),
    Row(
        "a type that came later than this version is expired and in use",
        observation(
            certificate(type=CertificateType.NOT_UNDERSTOOD, status=EXPIRED, ends_in=-days(1))
        ),
        Verdict.UNKNOWN,
        CRITICAL,
        Reason.TYPE_UNKNOWN,
        Action.INVESTIGATE,
    ),
    Row(
        "an inactive certificate is not called superseded",
        observation(certificate(status=CertificateStatus.INACTIVE), successor=SUCCESSOR),
        Verdict.UNKNOWN,
        WARNING,
        Reason.STATUS_INACTIVE,
        Action.INVESTIGATE,
    ),
    Row(
        "an inactive certificate that nothing uses",
        observation(certificate(status=CertificateStatus.INACTIVE, in_use=False)),
        Verdict.UNKNOWN,
        INFO,
        Reason.STATUS_INACTIVE,
        Action.INVESTIGATE,
    ),
    Row(
        "an issued certificate without an end",
        observation(certificate(ends_in=None)),
        Verdict.UNKNOWN,
        WARNING,
        Reason.VALIDITY_UNKNOWN,
        Action.INVESTIGATE,
    ),
]

# FailureReason and RenewalStatusReason as ACM names them, and what we call them.
ACM_REASONS = {
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
    "OTHER": Reason.OTHER_FAILURE,
    "SOMETHING_OF_2031": Reason.OTHER_FAILURE,
}
FAILURES = [
    Row(
        f"a request that failed with {raw}",
        observation(request(status=FAILED, detail=CertificateDetail(failure_reason=raw))),
        Verdict.REQUEST_FAILED,
        INFO,
        reason,
        Action.REQUEST_AGAIN,
    )
    for raw, reason in ACM_REASONS.items()
]
#: Reasons for which ACM would reject a successor too.
SAME_FOR_A_SUCCESSOR = {
    *("CAA_ERROR", "ADDITIONAL_VERIFICATION_REQUIRED", "DOMAIN_NOT_ALLOWED"),
    *("INVALID_PUBLIC_DOMAIN", "PCA_INVALID_ARN", "PCA_RESOURCE_NOT_FOUND", "PCA_INVALID_STATE"),
    "PCA_NAME_CONSTRAINTS_VALIDATION",
}
AUTHORITY_VERDICTS = {
    "PCA_ACCESS_DENIED": Verdict.AUTHORITY_PERMISSION_MISSING,
    "SLR_NOT_FOUND": Verdict.AUTHORITY_PERMISSION_MISSING,
    "PCA_INVALID_DURATION": Verdict.AUTHORITY_EXPIRING,
}
FAILED_RENEWALS = [
    Row(
        f"a private certificate's renewal that failed with {raw}",
        observation(
            private(ends_in=days(50), detail=detail(renewal=renewal(RenewalStatus.FAILED, raw))),
        ),
        AUTHORITY_VERDICTS.get(raw, Verdict.RENEWAL_OVERDUE),
        WARNING,
        reason,
        Action.FIX_AUTHORITY
        if raw in {*AUTHORITY_VERDICTS, *SAME_FOR_A_SUCCESSOR}
        else Action.INVESTIGATE,
    )
    for raw, reason in ACM_REASONS.items()
]
HOPELESS = [
    Row(
        f"a renewal that failed with {raw} just before the end",
        observation(renewing(renewal(RenewalStatus.FAILED, raw), ends_in=days(2))),
        Verdict.RENEWAL_OVERDUE,
        CRITICAL,
        reason,
        Action.FIX_VALIDATION if raw in SAME_FOR_A_SUCCESSOR else Action.REPLACE,
    )
    for raw, reason in ACM_REASONS.items()
]
AUTHORITY = [
    Row(
        "a private authority that ends too soon while ACM keeps trying",
        observation(
            private(
                ends_in=days(6),
                detail=detail(
                    renewal=renewal(RenewalStatus.PENDING_AUTO_RENEWAL, "PCA_INVALID_DURATION")
                ),
            ),
        ),
        Verdict.AUTHORITY_EXPIRING,
        CRITICAL,
        Reason.AUTHORITY_EXPIRES_TOO_SOON,
        Action.FIX_AUTHORITY,
    ),
    Row(
        "the trouble of an earlier renewal is history",
        observation(
            private(
                ends_in=days(300),
                detail=detail(renewal=renewal(RenewalStatus.SUCCESS, "PCA_ACCESS_DENIED")),
            ),
        ),
        Verdict.HEALTHY,
        OK,
        Reason.FAR_FROM_EXPIRY,
    ),
]

SERVER = CertificateType.SERVER_CERTIFICATE
AUTHORITY_ITSELF = CertificateType.PRIVATE_AUTHORITY


def server(**changes: Any) -> Observation:  # noqa: ANN401 - any field of a certificate
    return observation(certificate(**{"type": SERVER, **changes}))


def authority(**changes: Any) -> Observation:  # noqa: ANN401 - any field of a certificate
    return observation(certificate(**{"type": AUTHORITY_ITSELF, **changes}))


def declared(state: PointerState, value: str = "pending", **changes: Any) -> Observation:  # noqa: ANN401 - any field of a certificate
    """Return a declared certificate whose pointer is not that of a certificate in ACM."""
    pointer = Pointer("/team/certificates/main/arn", "main", value, state)
    facts: dict[str, Any] = {
        "type": CertificateType.DECLARED,
        "status": CertificateStatus.INACTIVE,
        "names": ("main",),
        "ends_in": None,
        "detail": CertificateDetail(pointer=pointer),
    }
    return observation(certificate(**{**facts, **changes}))


DECLARED = [
    Row(
        "a declared certificate that is being issued",
        declared(PointerState.PENDING, created_at=NOW - timedelta(hours=1) + SECOND),
        Verdict.PENDING_VALIDATION,
        OK,
        Reason.AWAITING_VALIDATION,
    ),
    Row(
        "a declared certificate that was not issued within an hour",
        declared(PointerState.PENDING, created_at=NOW - timedelta(hours=1)),
        Verdict.DECLARED_MISSING,
        WARNING,
        Reason.NEVER_ISSUED,
        Action.ISSUE_AGAIN,
    ),
    Row(
        "a declared certificate that was deleted",
        declared(PointerState.DELETED, arn("gone")),
        Verdict.DECLARED_MISSING,
        CRITICAL,
        Reason.CERTIFICATE_DELETED,
        Action.ISSUE_AGAIN,
    ),
    Row(
        "a declared certificate whose parameter names that of another owner",
        declared(PointerState.FOREIGN, arn("theirs")),
        Verdict.DECLARED_MISSING,
        WARNING,
        Reason.CERTIFICATE_FOREIGN,
        Action.ISSUE_AGAIN,
    ),
    Row(
        "a declared certificate that is found after all",
        declared(PointerState.ISSUED, arn("main")),
        Verdict.HEALTHY,
        OK,
        Reason.FAR_FROM_EXPIRY,
    ),
    Row(
        "a declared certificate whose certificate cannot be read",
        replace(declared(PointerState.UNREAD, arn("main")), detail_error="Throttled"),
        Verdict.UNKNOWN,
        WARNING,
        Reason.DETAILS_UNREADABLE,
        Action.INVESTIGATE,
    ),
    Row(
        "a declared certificate that was not read",
        declared(PointerState.UNREAD, arn("main")),
        Verdict.UNKNOWN,
        WARNING,
        Reason.STATUS_INACTIVE,
        Action.INVESTIGATE,
    ),
]

STORES = [
    Row(
        "a server certificate far from its end",
        server(ends_in=days(31)),
        Verdict.HEALTHY,
        OK,
        Reason.FAR_FROM_EXPIRY,
    ),
    Row(
        "a server certificate near its end",
        server(ends_in=days(30)),
        Verdict.IMPORT_DUE,
        WARNING,
        Reason.SERVER_CERTIFICATE_EXPIRING,
        Action.MOVE_TO_ACM,
    ),
    Row(
        "a server certificate just before its end",
        server(ends_in=days(7)),
        Verdict.IMPORT_DUE,
        CRITICAL,
        Reason.SERVER_CERTIFICATE_EXPIRING,
        Action.MOVE_TO_ACM,
    ),
    Row(
        "a server certificate past its end",
        server(ends_in=days(0)),
        Verdict.EXPIRED,
        CRITICAL,
        Reason.PAST_NOT_AFTER,
        Action.MOVE_TO_ACM,
    ),
    Row(
        "a server certificate without an end",
        server(ends_in=None),
        Verdict.UNKNOWN,
        WARNING,
        Reason.VALIDITY_UNKNOWN,
        Action.INVESTIGATE,
    ),
    Row(
        "a server certificate whose tags could not be read",
        replace(server(ends_in=days(31)), detail_error="Throttled"),
        Verdict.UNKNOWN,
        WARNING,
        Reason.DETAILS_UNREADABLE,
        Action.INVESTIGATE,
    ),
    Row(
        "a server certificate that is called expired before its end",
        server(status=EXPIRED, ends_in=days(100)),
        Verdict.EXPIRED,
        CRITICAL,
        Reason.PAST_NOT_AFTER,
        Action.MOVE_TO_ACM,
    ),
    Row(
        "a private CA without an end",
        authority(ends_in=None, detail=CertificateDetail(issues_for_acm=True)),
        Verdict.UNKNOWN,
        WARNING,
        Reason.VALIDITY_UNKNOWN,
        Action.INVESTIGATE,
    ),
    Row(
        "a private CA in a state that came later than this version",
        authority(status=CertificateStatus.NOT_UNDERSTOOD, ends_in=days(1000)),
        Verdict.UNKNOWN,
        WARNING,
        Reason.STATUS_UNKNOWN,
        Action.INVESTIGATE,
    ),
    Row(
        "a private CA that outlives what it issues",
        authority(ends_in=days(396), detail=CertificateDetail(issues_for_acm=True)),
        Verdict.HEALTHY,
        OK,
        Reason.FAR_FROM_EXPIRY,
    ),
    Row(
        "a private CA that ends before what it would issue",
        authority(ends_in=days(395), detail=CertificateDetail(issues_for_acm=True)),
        Verdict.AUTHORITY_EXPIRING,
        WARNING,
        Reason.AUTHORITY_EXPIRES_TOO_SOON,
        Action.FIX_AUTHORITY,
    ),
    Row(
        "a private CA past its end",
        authority(status=EXPIRED, ends_in=days(-1)),
        Verdict.AUTHORITY_EXPIRING,
        CRITICAL,
        Reason.AUTHORITY_EXPIRES_TOO_SOON,
        Action.FIX_AUTHORITY,
    ),
    Row(
        "a private CA that is called expired before its end",
        authority(status=EXPIRED, ends_in=days(1000)),
        Verdict.AUTHORITY_EXPIRING,
        CRITICAL,
        Reason.AUTHORITY_EXPIRES_TOO_SOON,
        Action.FIX_AUTHORITY,
    ),
    Row(
        "a private CA that is disabled",
        authority(status=CertificateStatus.INACTIVE, ends_in=days(1000)),
        Verdict.AUTHORITY_PERMISSION_MISSING,
        WARNING,
        Reason.AUTHORITY_INVALID_STATE,
        Action.FIX_AUTHORITY,
    ),
    Row(
        "a private CA that does not let ACM issue",
        authority(ends_in=days(1000), detail=CertificateDetail(issues_for_acm=False)),
        Verdict.AUTHORITY_PERMISSION_MISSING,
        Severity.INFO,
        Reason.AUTHORITY_ACCESS_DENIED,
        Action.FIX_AUTHORITY,
    ),
]


# The table guards the order of the chain: many rows would be judged otherwise by a later check.
def acme_resource(kind: CertificateType, state: Any, *records: Any, **changes: Any) -> Observation:  # noqa: ANN401 - any state, and any field of a certificate
    """Return an ACME endpoint, a validation or a binding, created three days ago."""
    parts = {
        CertificateType.ACME_ENDPOINT: "",
        CertificateType.ACME_DOMAIN_VALIDATION: "/acme-domain-validation/v",
        CertificateType.ACME_ACCOUNT_BINDING: "/acme-external-account-binding/b",
    }
    facts: dict[str, Any] = {
        "arn": f"arn:aws:acm:eu-west-1:123456789012:acme-endpoint/e{parts[kind]}",
        "type": kind,
        "status": CertificateStatus.INACTIVE,
        "ends_in": None,
        "created_at": NOW - days(3),
        "detail": detail(acme=state, validations=(validation(),)),
    }
    return observation(certificate(**{**facts, **changes}), *records)


def endpoint(status: AcmeEndpointStatus, failure: str = "", **changes: Any) -> Observation:  # noqa: ANN401 - as above
    kind = CertificateType.ACME_ENDPOINT
    return acme_resource(kind, AcmeEndpoint(status, failure), **changes)


def domain(
    status: AcmeValidationStatus,
    record_state: RecordState = RecordState.IN_PLACE,
    failure: AcmeFailure | None = None,
    **changes: Any,  # noqa: ANN401 - as above
) -> Observation:
    state = AcmeValidation(
        status=status,
        failure=failure,
        text="some text" if failure else "",
        hosted_zone="Z1" if failure else None,
        enabled=("ExactDomain",),
    )
    kind = CertificateType.ACME_DOMAIN_VALIDATION
    return acme_resource(kind, state, finding(record_state), **changes)


def binding(
    ends_in: timedelta | None, *others: tuple[timedelta | None, bool], used: bool = False
) -> Observation:
    """Return a binding that was made three days ago; `others` have their end and use."""
    uses = [
        BindingUse(None if end is None else NOW + end, is_used)
        for end, is_used in ((ends_in, used), *others)
    ]
    state = AcmeBinding(role_arn="arn:aws:iam::1:role/a", use=uses[0], others=tuple(uses[1:]))
    return acme_resource(CertificateType.ACME_ACCOUNT_BINDING, state)


VALID, VALIDATING = AcmeValidationStatus.VALID, AcmeValidationStatus.VALIDATING
INVALID = AcmeValidationStatus.INVALID
FINE = (Verdict.HEALTHY, OK, Reason.FAR_FROM_EXPIRY)
LOST = (Verdict.RENEWAL_BLOCKED, WARNING, Reason.VALIDATION_RECORD_MISSING, Action.RESTORE_RECORDS)
ENDED = (Verdict.ISSUANCE_BLOCKED, WARNING, Reason.BINDING_ENDED, Action.INVESTIGATE)
ENDING = (Verdict.ISSUANCE_BLOCKED, WARNING, Reason.BINDING_EXPIRING, Action.INVESTIGATE)
UNKNOWN_STATUS = (Verdict.UNKNOWN, WARNING, Reason.STATUS_UNKNOWN, Action.INVESTIGATE)
WAITING = (Verdict.PENDING_VALIDATION, OK, Reason.AWAITING_VALIDATION)
CREATING = AcmeEndpointStatus.CREATING

#: Reasons of ACM and ours, if the record is in place.
DOMAIN_FAILURES = {
    None: Reason.NO_REASON_GIVEN,
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
    AcmeFailure.NOT_UNDERSTOOD: Reason.FAILURE_UNKNOWN,
}
ACME_RESOURCES = [
    Row("an active ACME endpoint", endpoint(AcmeEndpointStatus.ACTIVE), *FINE),
    Row("a new ACME endpoint", endpoint(CREATING, created_at=NOW - days(1) + SECOND), *FINE),
    Row(
        "an ACME endpoint that ACM does not finish",
        endpoint(CREATING, created_at=NOW - days(1)),
        *(Verdict.ISSUANCE_BLOCKED, WARNING, Reason.ENDPOINT_NOT_ACTIVE, Action.INVESTIGATE),
    ),
    Row(
        "an ACME endpoint that failed",
        endpoint(AcmeEndpointStatus.FAILED, "no reason"),
        *(Verdict.ISSUANCE_BLOCKED, WARNING, Reason.ENDPOINT_FAILED, Action.INVESTIGATE),
    ),
    Row(
        "an ACME endpoint in a new state",
        endpoint(AcmeEndpointStatus.NOT_UNDERSTOOD),
        *UNKNOWN_STATUS,
    ),
    Row("a valid domain", domain(VALID), *FINE),
    Row("a valid domain in a zone elsewhere", domain(VALID, RecordState.ZONE_NOT_FOUND), *FINE),
    Row("a valid domain without its record", domain(VALID, RecordState.MISSING), *LOST),
    Row(
        "a valid domain whose record is another one",
        domain(VALID, RecordState.FOREIGN),
        *(Verdict.RENEWAL_BLOCKED, WARNING, Reason.VALIDATION_RECORD_WRONG, Action.FIX_VALIDATION),
    ),
    Row(
        "a new domain without its record",
        domain(VALIDATING, RecordState.MISSING, created_at=NOW - days(1) + SECOND),
        *WAITING,
    ),
    Row(
        "a domain that waits for its record",
        domain(VALIDATING, RecordState.MISSING, created_at=NOW - days(1)),
        *LOST,
    ),
    Row("a domain in a new state", domain(AcmeValidationStatus.NOT_UNDERSTOOD), *UNKNOWN_STATUS),
    *(
        Row(
            f"a domain that failed because of {failure}",
            domain(INVALID, RecordState.IN_PLACE, failure),
            *(Verdict.RENEWAL_BLOCKED, WARNING, reason, Action.INVESTIGATE),
        )
        for failure, reason in DOMAIN_FAILURES.items()
    ),
    Row(
        "a domain that failed without its record",
        domain(INVALID, RecordState.MISSING, AcmeFailure.TIMED_OUT),
        *LOST,
    ),
    Row("a binding without an end", binding(None), *FINE),
    Row("a binding that ends later", binding(days(2)), *FINE),
    Row("an unused binding that ends soon", binding(days(1)), *ENDING),
    Row("an unused binding beside another one ends soon", binding(days(1), (None, False)), *ENDING),
    Row("a used binding that ends soon", binding(days(1), used=True), *FINE),
    Row("a used binding that has ended", binding(timedelta(), used=True), *FINE),
    Row("the only binding has ended unused", binding(timedelta()), *ENDED),
    Row("the last binding has ended unused", binding(-days(1), (-days(2), False)), *ENDED),
    Row("another binding has ended later", binding(-days(2), (-days(1), False)), *FINE),
    Row("another binding is left", binding(-days(1), (days(9), False)), *FINE),
    Row("another binding was used", binding(-days(1), (-days(2), True)), *FINE),
]

NOT_DELEGATED = dns_problem(Reason.ZONE_NOT_DELEGATED)
BROKEN_DNSSEC = dns_problem(Reason.DNSSEC_BROKEN)
FORBIDDEN = dns_problem(Reason.CAA_FORBIDS, "the CAA records at example.com allow no CA to issue")
WRONG_ELSEWHERE = answered(PublicRecordState.WRONG, found="old.example.net")
CHANGE = RenewalChange(at=NOW, issuer="Old CA", usages=frozenset({"TLS_WEB_CLIENT_AUTHENTICATION"}))
STUCK = request(detail=CertificateDetail(validations=(validation(),)))
AT_RISK = [
    Row(
        "a healthy certificate whose zone is not delegated",
        observation(dns=NOT_DELEGATED),
        Verdict.RENEWAL_AT_RISK,
        INFO,
        Reason.ZONE_NOT_DELEGATED,
        Action.FIX_VALIDATION,
    ),
    Row(
        "a certificate in its renewal window, with broken DNSSEC",
        observation(certificate(ends_in=IN_WINDOW), dns=BROKEN_DNSSEC),
        Verdict.RENEWAL_AT_RISK,
        WARNING,
        Reason.DNSSEC_BROKEN,
        Action.FIX_VALIDATION,
    ),
    Row(
        "a healthy certificate that CAA forbids to renew",
        observation(dns=FORBIDDEN),
        Verdict.RENEWAL_AT_RISK,
        INFO,
        Reason.CAA_FORBIDS,
        Action.FIX_VALIDATION,
    ),
    Row(
        "a finding about public DNS that could not be checked again",
        observation(dns=DnsFinding(unknown=("timeout",), reported=Reason.DNSSEC_BROKEN)),
        Verdict.RENEWAL_AT_RISK,
        INFO,
        Reason.DNSSEC_BROKEN,
        Action.FIX_VALIDATION,
    ),
    Row(
        "an import whose issuer has changed",
        replace(observation(imported(detail=detail(issuer="New CA"))), change=CHANGE),
        Verdict.RENEWAL_CHANGED,
        INFO,
        Reason.ISSUER_CHANGED,
        Action.INVESTIGATE,
    ),
    Row(
        "a renewal that lost the usage for clients",
        replace(
            observation(certificate(detail=detail(extended_key_usages=frozenset({"OTHER"})))),
            change=CHANGE,
        ),
        Verdict.RENEWAL_CHANGED,
        WARNING,
        Reason.CLIENT_AUTH_LOST,
        Action.INVESTIGATE,
    ),
    Row(
        "a healthy certificate that is validated by e-mail",
        observation(certificate(detail=detail(validations=(BY_EMAIL,)), ends_in=days(150))),
        Verdict.RENEWAL_AT_RISK,
        INFO,
        Reason.EMAIL_VALIDATION_ENDS,
        Action.RENEW_BY_EMAIL,
    ),
    Row(
        "a healthy certificate whose names have an unknown answer",
        observation(dns=DnsFinding(unknown=("timeout",))),
        Verdict.HEALTHY,
        OK,
        Reason.FAR_FROM_EXPIRY,
    ),
    Row(
        "an unused certificate with broken DNSSEC, which ACM does not renew",
        observation(certificate(in_use=False), dns=BROKEN_DNSSEC),
        Verdict.UNUSED,
        INFO,
        Reason.NOT_IN_USE,
    ),
    Row(
        "a blocked renewal with its records in place and broken DNSSEC",
        observation(blocked(), finding(RecordState.IN_PLACE), dns=BROKEN_DNSSEC),
        Verdict.RENEWAL_BLOCKED,
        WARNING,
        Reason.DNSSEC_BROKEN,
        Action.FIX_VALIDATION,
    ),
    Row(
        "a blocked renewal with a missing record in Route 53, and a problem in public DNS",
        observation(blocked(), finding(RecordState.MISSING), dns=NOT_DELEGATED),
        Verdict.RENEWAL_BLOCKED,
        WARNING,
        Reason.VALIDATION_RECORD_MISSING,
        Action.RESTORE_RECORDS,
    ),
    Row(
        "a request with its records in place, which CAA forbids",
        observation(STUCK, finding(RecordState.IN_PLACE), dns=FORBIDDEN),
        Verdict.PENDING_VALIDATION,
        INFO,
        Reason.CAA_FORBIDS,
        Action.FIX_VALIDATION,
    ),
    Row(
        "a record missing in a zone that is hosted elsewhere",
        observation(
            blocked(),
            finding(RecordState.ZONE_NOT_FOUND),
            dns=answered(PublicRecordState.MISSING),
        ),
        Verdict.RENEWAL_BLOCKED,
        WARNING,
        Reason.VALIDATION_RECORD_MISSING,
        Action.FIX_VALIDATION,
    ),
    Row(
        "a wrong record in a zone that is hosted elsewhere",
        observation(blocked(), finding(RecordState.ZONE_NOT_FOUND), dns=WRONG_ELSEWHERE),
        Verdict.RENEWAL_BLOCKED,
        WARNING,
        Reason.VALIDATION_RECORD_WRONG,
        Action.FIX_VALIDATION,
    ),
    Row(
        "an unknown record in a zone that is hosted elsewhere",
        observation(
            blocked(), finding(RecordState.ZONE_NOT_FOUND), dns=answered(PublicRecordState.UNKNOWN)
        ),
        Verdict.RENEWAL_BLOCKED,
        WARNING,
        Reason.ZONE_NOT_FOUND,
        Action.FIX_VALIDATION,
    ),
    Row(
        "a record in place in a zone that is hosted elsewhere",
        observation(
            blocked(),
            finding(RecordState.ZONE_NOT_FOUND),
            dns=answered(PublicRecordState.IN_PLACE),
        ),
        Verdict.RENEWING,
        OK,
        Reason.RECORDS_IN_PLACE,
    ),
    Row(
        "a renewal that failed without a reason of ACM, where public DNS has one",
        observation(renewing(renewal(RenewalStatus.FAILED), ends_in=days(20)), dns=FORBIDDEN),
        Verdict.RENEWAL_OVERDUE,
        WARNING,
        Reason.CAA_FORBIDS,
        Action.FIX_VALIDATION,
    ),
    Row(
        "a renewal that failed with a reason of ACM, with any answer of public DNS",
        observation(
            renewing(renewal(RenewalStatus.FAILED, "CAA_ERROR"), ends_in=days(20)),
            dns=BROKEN_DNSSEC,
        ),
        Verdict.RENEWAL_OVERDUE,
        WARNING,
        Reason.CAA_FORBIDS,
        Action.FIX_VALIDATION,
    ),
    Row(
        "a late renewal with broken DNSSEC, which a successor would meet too",
        observation(certificate(ends_in=days(5)), dns=BROKEN_DNSSEC),
        Verdict.RENEWAL_OVERDUE,
        CRITICAL,
        Reason.DNSSEC_BROKEN,
        Action.FIX_VALIDATION,
    ),
]

ROWS = [
    *AT_RISK,
    *HEALTHY,
    *RENEWING,
    *RENEWAL_BLOCKED,
    *RENEWAL_OVERDUE,
    *UNUSED,
    *EXPORT_DUE,
    *IMPORT_DUE,
    *SOURCES,
    *PENDING,
    *REQUEST_FAILED,
    *OVER,
    *EXTERNALLY_MANAGED,
    *SUPERSEDED,
    *UNKNOWN,
    *FAILURES,
    *FAILED_RENEWALS,
    *HOPELESS,
    *AUTHORITY,
    *STORES,
    *DECLARED,
    *ACME_RESOURCES,
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.situation)
def test_each_situation_has_its_judgement(row: Row) -> None:
    decision = assessments(row.seen)
    assert (decision.verdict, decision.severity, decision.reason, decision.action) == (
        row.verdict,
        row.severity,
        row.reason,
        row.action,
    )


def test_the_commands_for_a_domain_quote_what_aws_returned() -> None:
    hostile = domain(INVALID, failure=AcmeFailure.TIMED_OUT)
    found = hostile.certificate.detail.acme
    assert isinstance(found, AcmeValidation)
    state = replace(found, hosted_zone="Z'; reboot; '")
    observed = acme_resource(CertificateType.ACME_DOMAIN_VALIDATION, state)
    message = assess(observed, Thresholds(), NOW).message
    words = shlex.split(message.partition("or with: ")[2], comments=False)
    options = json.loads(words[words.index("--prevalidation-options") + 1])
    assert options == {
        "DnsPrevalidation": {
            "DomainScope": {"ExactDomain": "ENABLED"},
            "HostedZoneId": "Z'; reboot; '",
        }
    }
    assert "with the same tags" in message


def test_every_verdict_reason_and_action_is_given_to_some_situation() -> None:
    """All but those of a whole account and region or run, and of TLS probes.

    See `test_run` and `test_served`.
    """
    others = {
        Verdict.SCAN_FAILED,
        Verdict.INVENTORY_INCOMPLETE,
        Verdict.STALE_CERTIFICATE_SERVED,
    }
    assert {row.verdict for row in ROWS} == set(Verdict) - others
    assert {row.reason for row in ROWS} == set(Reason) - {
        Reason.SCOPE_FAILED,
        Reason.CLASS_NOT_LISTED,
        Reason.OLDER_CERTIFICATE_SERVED,
        Reason.OTHER_CERTIFICATE_SERVED,
    }
    assert {row.action for row in ROWS} == set(Action)


CHECK_MODULES = (checks, acme, email_validation, renewal_change, sources_at_risk)


def test_every_declared_check_is_in_the_chain_once() -> None:
    members = [entry for module in CHECK_MODULES for entry in vars(module).values()]
    declared = [check for check in members if isinstance(check, Check)]
    assert sorted(check.name for check in CHAIN) == sorted(check.name for check in declared)


def test_each_check_of_the_chain_decides_some_situation() -> None:
    deciding = {
        next(check for check in CHAIN if check(row.seen, USUAL, NOW) is not None) for row in ROWS
    }
    assert deciding == set(CHAIN)


@pytest.mark.parametrize("tool", ["acme.sh", "cert-manager", "certbot", "Lego", "LEMUR"])
def test_a_tool_marks_a_certificate_as_its_own(tool: str) -> None:
    marked = imported(detail=detail(tags=(("ManagedBy", tool),)))
    decision = assessments(observation(marked))
    assert decision.reason is Reason.MANAGED_BY_OTHER_TOOL
    assert decision.message.startswith(f"Managed by {tool}; ")


# --- Messages ---------------------------------------------------------------------------------


def test_an_overdue_renewal_says_when_it_ends_and_who_uses_it() -> None:
    seen = certificate(ends_in=days(6.5), detail=detail(in_use_by=(LOAD_BALANCER, DISTRIBUTION)))
    assert assessments(observation(seen)).message == (
        "ACM should have renewed it by now; it expires in 6 days, on 2026-06-08 00:00 UTC, and "
        "load balancer shop, CloudFront distribution E1EXAMPLE use it."
    )


def test_a_missing_certificate_is_named_by_its_key_and_old_arn_with_the_command() -> None:
    decision = assessments(declared(PointerState.DELETED, arn("gone")))
    assert decision.message == (
        "The parameter /team/certificates/main/arn of the declared certificate main names "
        f"{arn('gone')}, which does not exist any more. Issue it again: terraform apply "
        "-replace='module.NAME.module.certificate[\"main\"].aws_ssm_parameter.arn', or invoke the "
        'creation function with its names and "parameter": "/team/certificates/main/arn".'
    )


def test_the_value_of_a_parameter_is_shown_without_control_characters_and_shortened() -> None:
    decision = assessments(declared(PointerState.FOREIGN, "\x1b[31m" + "x" * 4000))
    assert " names [31mxxx" in decision.message
    assert len(decision.message) < 700


def test_a_blocked_renewal_says_which_record_is_missing_where_and_what_acm_wants() -> None:
    decision = assessments(observation(blocked(), finding(RecordState.MISSING)))
    assert decision.message == (
        f"ACM cannot renew it: {LABEL}.shop.example.com does not exist in zone example.com (Z1); "
        "ACM requires CNAME _b2.c3.acm-validations.aws. "
        "It expires in 40 days, on 2026-07-11 12:00 UTC."
    )


def test_a_certificate_at_risk_says_why_and_until_when_it_is_valid() -> None:
    assert assessments(observation(dns=NOT_DELEGATED)).message == (
        "ACM could not renew it now: public DNS says no. "
        "It expires in 100 days, on 2026-09-09 12:00 UTC."
    )


def test_a_late_renewal_names_the_problem_in_public_dns() -> None:
    late = observation(certificate(ends_in=days(20), detail=detail()), dns=BROKEN_DNSSEC)
    assert assessments(late).message.startswith(
        "ACM should have renewed it by now: public DNS says no; it expires in 20 days"
    )


def test_a_renewal_that_acm_calls_forbidden_names_the_records_that_public_dns_has() -> None:
    forbidden = renewing(renewal(RenewalStatus.PENDING_AUTO_RENEWAL, "CAA_ERROR"))
    assert assessments(observation(forbidden, dns=FORBIDDEN)).message.startswith(
        "ACM cannot renew it: the CAA records at example.com allow no CA to issue. It expires"
    )


def test_records_to_write_in_a_zone_hosted_elsewhere_are_in_the_message_the_first_ones() -> None:
    names = [f"n{number}.example.com" for number in range(7)]
    missing = answered(PublicRecordState.MISSING, *names)
    lost = [finding(RecordState.ZONE_NOT_FOUND, name) for name in names]
    message = assessments(observation(blocked(), *lost, dns=missing)).message
    assert message.startswith(
        f"ACM cannot renew it: {LABEL}.n0.example.com does not exist in public DNS "
        "(zone example.com); write CNAME _b2.c3.acm-validations.aws; "
    )
    assert f"{LABEL}.n4.example.com" in message
    assert "acm-validations.aws; and 2 more records. It expires" in message


def test_a_wrong_record_in_a_zone_hosted_elsewhere_is_shown_with_the_record_to_write() -> None:
    lost = finding(RecordState.ZONE_NOT_FOUND)
    assert assessments(observation(blocked(), lost, dns=WRONG_ELSEWHERE)).message.startswith(
        f"ACM cannot renew it: {LABEL}.shop.example.com is old.example.net in public DNS "
        "(zone example.com); write CNAME _b2.c3.acm-validations.aws instead. "
    )


def test_a_request_whose_records_public_dns_answers_is_not_sent_to_the_delegation() -> None:
    right = answered(PublicRecordState.IN_PLACE)
    assert assessments(
        observation(STUCK, finding(RecordState.IN_PLACE), dns=right)
    ).message.endswith("all validation records are in place.")


def test_a_record_that_is_written_in_a_zone_without_delegation_is_reported_with_both() -> None:
    seen = observation(blocked(), finding(RecordState.MISSING), dns=NOT_DELEGATED)
    assert "; public DNS says no. It expires" in assessments(seen).message


def test_a_failed_renewal_says_acms_reason_in_words() -> None:
    failed = renewal(RenewalStatus.FAILED, "CAA_ERROR")
    decision = assessments(observation(renewing(failed, ends_in=days(1))))
    assert decision.message == (
        "ACM's renewal failed: a CAA record does not allow Amazon to issue (CAA_ERROR); "
        "it expires in 1 day, on 2026-06-02 12:00 UTC, and load balancer shop uses it."
    )


def test_an_abbreviation_keeps_its_capitals_after_a_colon() -> None:
    seen = request(status=FAILED, detail=CertificateDetail(failure_reason="NO_AVAILABLE_CONTACTS"))
    assert assessments(observation(seen)).message == (
        "The request failed: ACM found no e-mail address for the domain. "
        "ACM does not retry a failed request."
    )


def test_an_imported_certificate_says_that_nobody_renews_it() -> None:
    seen = imported(ends_in=timedelta(hours=5))
    assert assessments(observation(seen)).message == (
        "It was imported, so ACM does not renew it; it expires in less than a day, "
        "on 2026-06-01 17:00 UTC, and an AWS service uses it."
    )


@pytest.mark.parametrize(
    "seen",
    [imported(ends_in=days(6)), imported(ends_in=-days(6)), imported(), imported(managed_by="X")],
    ids=["due", "expired", "far from its end", "managed elsewhere"],
)
def test_what_its_source_is_good_for_is_said_at_the_end(seen: Certificate) -> None:
    message = assessments(observation(seen, source=source(SourceState.INVALID))).message
    assert message.endswith(". Its import source is invalid.")


def test_an_expired_exported_certificate_says_that_a_copy_depends_on_it() -> None:
    seen = certificate(ends_in=-days(2), in_use=False, exported=True)
    assert assessments(observation(seen)).message == (
        "It expired 2 days ago, on 2026-05-30 12:00 UTC, and an exported copy depends on it."
    )


def test_a_successor_is_named_with_what_still_uses_the_old_one() -> None:
    seen = imported(ends_in=days(20), detail=detail())
    assert assessments(observation(seen, successor=SUCCESSOR)).message == (
        f"Its successor {SUCCESSOR.arn} is valid, but load balancer shop uses the old one."
    )


def test_a_long_list_of_consumers_is_cut_with_a_count() -> None:
    classic = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/old"
    other = "arn:aws:apigateway:eu-west-1::/domainnames/api.example.com"
    used_by = (classic, other, LOAD_BALANCER, DISTRIBUTION, f"{DISTRIBUTION}2")
    message = assessments(
        observation(certificate(status=REVOKED, detail=detail(in_use_by=used_by)))
    ).message
    assert message == (
        f"It was revoked, and load balancer old, {other}, load balancer shop and 2 more use it."
    )


def test_a_list_of_consumers_that_is_one_too_long_is_cut() -> None:
    network = LOAD_BALANCER.replace("/app/shop/", "/net/edge/")
    used_by = (network, LOAD_BALANCER, DISTRIBUTION, f"{DISTRIBUTION}2")
    seen = certificate(status=REVOKED, detail=detail(in_use_by=used_by))
    assert assessments(observation(seen)).message == (
        "It was revoked, and load balancer edge, load balancer shop, "
        "CloudFront distribution E1EXAMPLE and 1 more use it."
    )


def test_a_list_of_consumers_that_fits_is_not_cut() -> None:
    used_by = (LOAD_BALANCER, DISTRIBUTION, f"{DISTRIBUTION}2")
    seen = certificate(status=REVOKED, detail=detail(in_use_by=used_by))
    assert assessments(observation(seen)).message == (
        "It was revoked, and load balancer shop, CloudFront distribution E1EXAMPLE, "
        "CloudFront distribution E1EXAMPLE2 use it."
    )


def test_at_its_very_end_a_certificate_has_expired() -> None:
    message = assessments(observation(certificate(ends_in=days(0)))).message
    assert message.startswith("It expired less than a day ago, on 2026-06-01 12:00 UTC")


def test_a_revoked_certificate_that_nothing_uses_says_so() -> None:
    seen = certificate(status=REVOKED, in_use=False)
    assert assessments(observation(seen)).message == "It was revoked, and nothing uses it."


def test_a_certificate_managed_elsewhere_names_its_manager_and_an_unknown_end() -> None:
    seen = request(managed_by="CLOUDFRONT")
    assert assessments(observation(seen)).message == (
        "Managed by CloudFront; its expiry date is unknown."
    )


def test_a_request_that_is_stuck_although_its_records_stand_may_be_in_the_wrong_zone() -> None:
    stuck = request(detail=CertificateDetail(validations=(validation(),)))
    assert assessments(observation(stuck, finding(RecordState.IN_PLACE))).message == (
        "The request has waited for validation for more than a day: all validation records are in "
        "place. ACM does not see them: check that the domain is delegated to this hosted zone."
    )


def test_an_overdue_renewal_gives_its_reason_once() -> None:
    waiting = replace(blocked(), not_after=NOW + days(20))
    ends = "it expires in 20 days, on 2026-06-21 12:00 UTC, and load balancer shop uses it."
    assert assessments(observation(waiting, finding(RecordState.IN_PLACE))).message == (
        f"ACM has not renewed it although all validation records are in place; {ends}"
    )
    refused = certificate(ends_in=days(20), renewal_eligible=False, detail=detail())
    assert (
        assessments(observation(refused)).message
        == f"ACM reports it as not eligible for renewal; {ends}"
    )


def test_a_type_that_came_later_says_so_and_when_it_ends() -> None:
    seen = certificate(type=CertificateType.NOT_UNDERSTOOD)
    assert assessments(observation(seen)).message == (
        "ACM reports a type that this version does not know. "
        "It expires in 100 days, on 2026-09-09 12:00 UTC."
    )


def test_an_unknown_expiry_is_a_separate_sentence() -> None:
    seen = request(type=CertificateType.NOT_UNDERSTOOD)
    assert assessments(observation(seen)).message == (
        "ACM reports a type that this version does not know. Its expiry date is unknown."
    )


def test_the_service_without_an_expiry_date_is_named() -> None:
    assert assessments(server(ends_in=None)).message == "IAM does not report its expiry date."
    issued = observation(certificate(ends_in=None))
    assert assessments(issued).message == "It is issued, but ACM does not report its expiry date."


def test_every_message_is_a_sentence_for_people() -> None:
    for row in ROWS:
        message = assessments(row.seen).message
        assert message[0].isupper() or message.startswith("certbot ")
        assert message.endswith((".", "?", "slow down", "Throttled"))
        assert "  " not in message
        assert ".." not in message


def test_the_message_about_an_export_target_names_the_secret_and_the_expiry() -> None:
    edge, ends = at_target(OUTDATED).target.secret_arn, "It expires in 100 days, on 2026-09-09"
    said = {
        OUTDATED: f"The secret {edge} does not contain its current version. {ends} 12:00 UTC.",
        ROLLED_BACK: (
            f"The secret {edge} contains its current version, but another version has the label "
            f"AWSCURRENT; the module does not change that. {ends} 12:00 UTC."
        ),
        NOT_POSSIBLE: (
            f"It has an export target, but cannot be exported: it is old. {ends} 12:00 UTC."
        ),
    }
    for state, message in said.items():
        seen = observation(private(exported=True), export=at_target(state, "it is old"))
        assert assessments(seen).message == message


def test_an_impossible_export_of_an_externally_managed_certificate_is_reported() -> None:
    seen = observation(certificate(managed_by="CLOUDFRONT"), export=at_target(NOT_POSSIBLE, "no"))
    assert assessments(seen).message.endswith(
        "It has an export target, but cannot be exported: no."
    )
    assert assessments(seen).reportable
