"""Certificates with one blocker each, and healthy ones beside them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

from certificate_lifecycle.model.acme import AcmeBinding, BindingUse
from certificate_lifecycle.model.certificate import (
    Action,
    Certificate,
    CertificateStatus,
    CertificateType,
    Decision,
    Reason,
    Severity,
    ValidationMethod,
    Verdict,
)
from certificate_lifecycle.model.ownership import CertificateMode
from certificate_lifecycle.model.run import Assessment
from certificate_lifecycle.model.tags import MODE_TAG
from certificate_lifecycle.policy.readiness.case import CLIENT_AUTH, Setup
from certificate_lifecycle.policy.readiness.words import BlockerKind
from tests.unit import builders
from tests.unit.builders import (
    AUTHORITY,
    NOW,
    certificate,
    days,
    detail,
    imported,
    private,
    validation,
)

_FAR_AWAY = days(4000)
Row = tuple[Assessment, bool, bool, set[BlockerKind]]


def by_dns(name: str = "shop.example.com", **changes: Any) -> Certificate:  # noqa: ANN401 - any field
    """Return a managed certificate with its description, validated by DNS in a zone of ours."""
    return certificate(
        names=(name,), detail=detail(validations=(validation(name),), tags_read=True), **changes
    )


def by_email() -> Certificate:
    by = (validation(method=ValidationMethod.EMAIL),)
    return certificate(detail=detail(validations=by, tags_read=True))


def read(seen: Certificate, **changes: Any) -> Certificate:  # noqa: ANN401 - any field
    """Return a certificate with its tags and changes of its detail."""
    return replace(seen, detail=detail(tags_read=True, **changes))


def for_clients(seen: Certificate) -> Certificate:
    return replace(seen, detail=replace(seen.detail, extended_key_usages=frozenset({CLIENT_AUTH})))


def authority(ends_in: timedelta = _FAR_AWAY, name: str = AUTHORITY) -> Certificate:
    return certificate(
        arn=name,
        type=CertificateType.PRIVATE_AUTHORITY,
        ends_in=ends_in,
        lives=days(5000),
        in_use=False,
    )


def judged(seen: Certificate, **changes: Any) -> Assessment:  # noqa: ANN401 - any field
    """Return the assessment of a certificate by the chain, with changes of its other fields."""
    return replace(builders.judged(seen), **changes)


def found(
    seen: Certificate,
    reason: Reason,
    verdict: Verdict = Verdict.RENEWAL_AT_RISK,
    action: Action = Action.INVESTIGATE,
    mode: CertificateMode | None = None,
) -> Assessment:
    decision = Decision(verdict, Severity.WARNING, reason, "It is at risk.", action)
    return Assessment(seen, decision, permitted_mode=mode)


def binding(ends_in: timedelta | None, *, used: bool = False) -> Certificate:
    use = BindingUse(None if ends_in is None else NOW + ends_in, used)
    return certificate(
        type=CertificateType.ACME_ACCOUNT_BINDING,
        detail=detail(acme=AcmeBinding(role_arn="", use=use)),
    )


def another(seen: Certificate, number: int) -> Certificate:
    return replace(seen, arn=f"{seen.arn}-{number}")


IAM = certificate(
    arn="arn:aws:iam::123456789012:server-certificate/old",
    type=CertificateType.SERVER_CERTIFICATE,
    lives=days(1200),
)
EXPORTED = replace(by_dns(), in_use=False, exported=True)
DIGICERT = "DigiCert Inc"
OFF = ((MODE_TAG, "notify"),)

#: The entry, whether it has a source, whether it has a target, and every kind it has.
PLANTED: tuple[Row, ...] = (
    (
        judged(by_email()),
        False,
        False,
        {BlockerKind.EMAIL_APPROVAL, BlockerKind.EMAIL_VALIDATION_ENDS},
    ),
    (judged(by_dns("shop.example.net")), False, False, {BlockerKind.RECORD_ELSEWHERE}),
    *(
        (found(by_dns(), reason), False, False, {kind})
        for reason, kind in {
            Reason.EMAIL_APPROVAL_PENDING: BlockerKind.EMAIL_UNANSWERED,
            Reason.VALIDATION_RECORD_MISSING: BlockerKind.VALIDATION_RECORD_LOST,
            Reason.ZONE_NOT_FOUND: BlockerKind.ZONE_NOT_WRITABLE,
            Reason.ZONE_NOT_DELEGATED: BlockerKind.ZONE_NOT_DELEGATED,
            Reason.DNSSEC_BROKEN: BlockerKind.DNSSEC_BROKEN,
            Reason.CAA_FORBIDS: BlockerKind.CAA_FORBIDS,
            Reason.DOMAIN_NOT_ALLOWED: BlockerKind.NAME_REFUSED,
        }.items()
    ),
    *(
        (found(read(private()), reason), False, False, {kind})
        for reason, kind in {
            Reason.AUTHORITY_ACCESS_DENIED: BlockerKind.AUTHORITY_PERMISSION_MISSING,
            Reason.AUTHORITY_INVALID_STATE: BlockerKind.AUTHORITY_UNUSABLE,
            Reason.AUTHORITY_NAME_CONSTRAINTS: BlockerKind.AUTHORITY_NAME_CONSTRAINTS,
            Reason.AUTHORITY_EXPIRES_TOO_SOON: BlockerKind.AUTHORITY_ENDS,
        }.items()
    ),
    (
        judged(authority(days(900), f"{AUTHORITY}-ending")),
        False,
        False,
        {BlockerKind.AUTHORITY_ENDS},
    ),
    (
        judged(read(imported(), issuer=DIGICERT)),
        False,
        False,
        {BlockerKind.IMPORT_WITHOUT_SOURCE, BlockerKind.LIFETIME_TOO_LONG},
    ),
    (
        judged(read(imported(), issuer=DIGICERT)),
        True,
        False,
        {BlockerKind.SOURCE_AUTOMATION_UNKNOWN},
    ),
    (
        judged(for_clients(by_dns())),
        False,
        False,
        {BlockerKind.CLIENT_AUTH_LOST},
    ),
    (judged(read(imported())), False, False, {BlockerKind.IMPORT_WITHOUT_SOURCE}),
    (judged(read(imported(), tags=OFF)), True, False, {BlockerKind.SOURCE_NOT_READ}),
    (
        found(read(imported()), Reason.SOURCE_NOT_NEWER, Verdict.UNKNOWN),
        True,
        False,
        {BlockerKind.SOURCE_TOO_OLD},
    ),
    *(
        (found(read(imported()), reason, verdict), True, False, {BlockerKind.SOURCE_UNUSABLE})
        for reason, verdict in {
            Reason.SOURCE_INVALID: Verdict.UNKNOWN,
            Reason.SOURCE_MISSING: Verdict.RENEWAL_AT_RISK,
        }.items()
    ),
    (
        found(
            by_dns(),
            Reason.VALIDATION_RECORD_MISSING,
            action=Action.RESTORE_RECORDS,
            mode=CertificateMode.NOTIFY,
        ),
        False,
        False,
        {BlockerKind.VALIDATION_RECORD_LOST, BlockerKind.REPAIR_FORBIDDEN},
    ),
    (judged(EXPORTED), False, False, {BlockerKind.EXPORT_WITHOUT_TARGET}),
    (
        judged(replace(EXPORTED, detail=replace(EXPORTED.detail, tags=OFF))),
        False,
        True,
        {BlockerKind.EXPORT_NOT_WRITTEN},
    ),
    (
        found(EXPORTED, Reason.EXPORT_NOT_POSSIBLE, Verdict.EXPORT_DUE),
        False,
        True,
        {BlockerKind.EXPORT_NOT_POSSIBLE},
    ),
    *(
        (found(EXPORTED, reason, verdict), False, True, {BlockerKind.EXPORT_TARGET_UNUSABLE})
        for reason, verdict in {
            Reason.EXPORT_SECRET_MISSING: Verdict.RENEWAL_AT_RISK,
            Reason.EXPORT_TARGET_UNREADABLE: Verdict.UNKNOWN,
        }.items()
    ),
    (
        found(EXPORTED, Reason.EXPORT_TARGET_OUTDATED, Verdict.EXPORT_DUE),
        False,
        True,
        {BlockerKind.EXPORT_OUTDATED},
    ),
    (judged(IAM), False, False, {BlockerKind.SERVER_CERTIFICATE}),
    (judged(replace(by_dns(), in_use=False)), False, False, {BlockerKind.UNUSED}),
    (
        judged(by_dns(renewal_eligible=False)),
        False,
        False,
        {BlockerKind.NOT_ELIGIBLE},
    ),
    (
        found(by_dns(), Reason.NO_PROGRESS, Verdict.RENEWAL_OVERDUE),
        False,
        False,
        {BlockerKind.RENEWAL_STUCK},
    ),
    (judged(by_dns(ends_in=days(2), lives=days(3))), False, False, {BlockerKind.RUNS_TOO_RARE}),
    (
        found(
            certificate(type=CertificateType.DECLARED, ends_in=None),
            Reason.NEVER_ISSUED,
            Verdict.DECLARED_MISSING,
        ),
        False,
        False,
        {BlockerKind.DECLARED_MISSING},
    ),
    (
        found(binding(days(9)), Reason.BINDING_EXPIRING, Verdict.ISSUANCE_BLOCKED),
        False,
        False,
        {BlockerKind.ACME_BINDING_ENDS},
    ),
    (
        found(
            certificate(type=CertificateType.ACME_ENDPOINT, ends_in=None),
            Reason.ENDPOINT_NOT_ACTIVE,
            Verdict.ISSUANCE_BLOCKED,
        ),
        False,
        False,
        {BlockerKind.ACME_BLOCKED},
    ),
    (
        judged(by_dns(ends_in=days(-1), status=CertificateStatus.EXPIRED)),
        False,
        False,
        {BlockerKind.ALREADY_ENDED},
    ),
)
#: Certificates beside them, without a blocker.
READY: tuple[Row, ...] = tuple(
    (judged(seen), source, target, set())
    for seen, source, target in (
        (by_dns(), False, False),
        (by_dns("*.example.com"), False, False),
        (certificate(), False, False),  # listed and not described
        (read(private(), certificate_authority_arn=AUTHORITY), False, False),
        (authority(), False, False),
        (read(imported()), True, False),
        (read(imported(in_use=False)), False, False),
        (read(imported(), tags=(("ManagedBy", "cert-manager"),)), False, False),
        (EXPORTED, False, True),
        (certificate(managed_by="CLOUDFRONT"), False, False),
        (certificate(key_pair_origin="ACME", in_use=False, lives=days(45)), False, False),
        (
            by_dns(root_hierarchy="N2_AMAZON_MANAGED", lives=days(395)),
            False,
            False,
        ),
        (binding(None), False, False),
    )
)


def estate(count: int) -> Iterator[Row]:
    """Yield certificates with ARNs of their own: every second one has a blocker."""
    for number in range(count):
        rows = PLANTED if number % 2 else READY
        entry, source, target, kinds = rows[number // 2 % len(rows)]
        seen = entry.certificate
        if seen.arn != AUTHORITY:
            entry = replace(entry, certificate=another(seen, number))
        yield entry, source, target, kinds


def setup(rows: list[Row], **changes: Any) -> Setup:  # noqa: ANN401 - any field
    known = Setup(
        zones=("example.com.",),
        sources={entry.certificate.arn for entry, source, _, _ in rows if source},
        targets={entry.certificate.arn for entry, _, target, _ in rows if target},
        repairs=True,
        deployed=True,
        state_table=True,
        resolvers=True,
    )
    return replace(known, **changes)
