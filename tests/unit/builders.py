"""Facts about certificates with ordinary defaults, so that a row shows only what matters."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from certificate_lifecycle.aws.consumers.registry import ConsumerCatalog
from certificate_lifecycle.model.certificate import (
    Certificate,
    CertificateDetail,
    CertificateStatus,
    CertificateType,
    DomainValidation,
    Reason,
    Renewal,
    RenewalStatus,
    ValidationMethod,
    ValidationRecord,
)
from certificate_lifecycle.model.hidden_classes import HIDDEN_CLASSES, GapCause, InventoryGap
from certificate_lifecycle.model.run import Assessment, Run, ScopeResult, ScopeStatus
from certificate_lifecycle.model.scope import Scope
from certificate_lifecycle.parsing.x509 import CertificateLink, PublicKey, X509Certificate
from certificate_lifecycle.policy.chain import assess
from certificate_lifecycle.policy.dns_health import (
    DnsFinding,
    DnsProblem,
    PublicRecord,
    PublicRecordState,
)
from certificate_lifecycle.policy.export import ExportTarget, TargetFinding, TargetState
from certificate_lifecycle.policy.import_history import CertificateVersion
from certificate_lifecycle.policy.import_source import (
    CertificateBundle,
    ImportCandidate,
    SourceFinding,
    SourceState,
)
from certificate_lifecycle.policy.observation import Observation
from certificate_lifecycle.policy.thresholds import Thresholds
from certificate_lifecycle.policy.validation import RecordFinding, RecordState, Zone

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
PLACE = Scope("123456789012", "eu-west-1")
LOAD_BALANCER = (
    "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/shop/50dc6c495c0c9188"
)
DISTRIBUTION = "arn:aws:cloudfront::123456789012:distribution/E1EXAMPLE"
AUTHORITY = (
    "arn:aws:acm-pca:eu-west-1:123456789012:"
    "certificate-authority/11111111-2222-3333-4444-555555555555"
)


def days(count: float) -> timedelta:
    return timedelta(days=count)


def arn(name: str = "shop", region: str = "eu-west-1") -> str:
    return f"arn:aws:acm:{region}:123456789012:certificate/{name}"


def secret_arn(name: str = "shop") -> str:
    return f"arn:aws:secretsmanager:eu-west-1:123456789012:secret:{name}-AbCdEf"


#: What a source may hold: the same as `imported`, for longer.
LATER = X509Certificate(
    serial=0xB2,
    names=("shop.example.com",),
    key=PublicKey("RSA_2048", b""),
    not_before=NOW - days(1),
    not_after=NOW + days(300),
    key_usages=None,
    extended_key_usages=None,
)
FAR, IN_WINDOW = days(100), days(40)
PUBLIC_LIFETIME = days(198)

EXPIRED, REVOKED = CertificateStatus.EXPIRED, CertificateStatus.REVOKED
FAILED, TIMED_OUT = CertificateStatus.FAILED, CertificateStatus.VALIDATION_TIMED_OUT


def certificate(
    *,
    ends_in: timedelta | None = FAR,
    lives: timedelta = PUBLIC_LIFETIME,
    **changes: Any,  # noqa: ANN401 - any field of a certificate
) -> Certificate:
    """Return an issued public certificate that a load balancer serves, far from its end."""
    not_after = None if ends_in is None else NOW + ends_in
    not_before = None if not_after is None else not_after - lives
    ordinary = Certificate(
        arn=arn(),
        names=("shop.example.com",),
        status=CertificateStatus.ISSUED,
        type=CertificateType.AMAZON_ISSUED,
        key_algorithm="RSA_2048",
        in_use=True,
        not_before=not_before,
        not_after=not_after,
        created_at=not_before,
    )
    return replace(ordinary, **changes)


def imported(**changes: Any) -> Certificate:  # noqa: ANN401 - any field of a certificate
    return certificate(**{"type": CertificateType.IMPORTED, "lives": days(365), **changes})


def private(**changes: Any) -> Certificate:  # noqa: ANN401 - any field of a certificate
    """Return a certificate of a private CA, which ACM reports as exportable whatever was asked."""
    facts = {"type": CertificateType.PRIVATE, "lives": days(395), "exportable": True}
    return certificate(**{**facts, **changes})


def request(**changes: Any) -> Certificate:  # noqa: ANN401 - any field of a certificate
    """Return a certificate that was asked for two days ago and never issued."""
    pending = CertificateStatus.PENDING_VALIDATION
    facts = {"status": pending, "ends_in": None, "in_use": False, "created_at": NOW - days(2)}
    return certificate(**{**facts, **changes})


def detail(**changes: Any) -> CertificateDetail:  # noqa: ANN401 - any field of a detail
    return replace(CertificateDetail(in_use_by=(LOAD_BALANCER,)), **changes)


def renewal(
    status: RenewalStatus = RenewalStatus.PENDING_VALIDATION,
    reason: str | None = None,
    *validations: DomainValidation,
) -> Renewal:
    return Renewal(status=status, reason=reason, validations=validations)


#: The form of ACM's validation label (policy/validation.py).
LABEL = "_" + "a1" * 16


def record(name: str = "shop.example.com") -> ValidationRecord:
    """Return the CNAME of a name: one for an apex and its wildcard, as ACM has it."""
    label = name.removeprefix("*.")
    return ValidationRecord(f"{LABEL}.{label}.", "CNAME", "_b2.c3.acm-validations.aws.")


def validation(
    name: str = "shop.example.com",
    method: ValidationMethod = ValidationMethod.DNS,
    **changes: Any,  # noqa: ANN401 - any field of a validation
) -> DomainValidation:
    ordinary = DomainValidation(
        domain_name=name,
        method=method,
        validated=False,
        record=record(name) if method is ValidationMethod.DNS else None,
    )
    return replace(ordinary, **changes)


def zone(name: str = "example.com.", zone_id: str = "Z1", role_arn: str | None = None) -> Zone:
    return Zone(zone_id, name, role_arn)


def finding(
    state: RecordState, name: str = "shop.example.com", found: str = "TXT hello"
) -> RecordFinding:
    lost = state in (
        *(RecordState.ZONE_NOT_FOUND, RecordState.ZONE_AMBIGUOUS),
        *(RecordState.DELEGATED, RecordState.UNCHECKED),
    )
    return RecordFinding(record(name), state, None if lost else zone(), found)


def dns_problem(reason: Reason, text: str = "public DNS says no") -> DnsFinding:
    return DnsFinding(problems=(DnsProblem(reason=reason, text=text, names=("shop.example.com",)),))


def answered(state: PublicRecordState, *names: str, found: str = "") -> DnsFinding:
    """Return the answer of public DNS about the validation records of some names."""
    records = (
        PublicRecord(record=record(name), state=state, zone="example.com", found=found)
        for name in names or ("shop.example.com",)
    )
    return DnsFinding(records=tuple(records))


def observation(
    seen: Certificate | None = None,
    *records: RecordFinding,
    **found: Any,  # noqa: ANN401 - the other fields of an observation
) -> Observation:
    seen = seen or certificate()
    catalog = ConsumerCatalog(PLACE.account_id)
    return Observation(
        certificate=seen,
        consumers=tuple(map(catalog.label, seen.detail.in_use_by)),
        records=records,
        **found,
    )


def export_target(
    certificate_arn: str | None = None, *, renew_public: bool = False
) -> ExportTarget:
    return ExportTarget(
        certificate_arn=certificate_arn or arn(),
        secret_arn=secret_arn("edge"),
        passphrase_secret_arn=secret_arn("passphrase"),
        renew_public=renew_public,
    )


def at_target(state: TargetState, why: str = "") -> TargetFinding:
    return TargetFinding(export_target(), state, why)


def source(state: SourceState) -> SourceFinding:
    """Return what the import source of a certificate is good for."""
    newer = (
        ImportCandidate(version(LATER), CertificateBundle(b"", b"", b""))
        if state is SourceState.NEWER
        else None
    )
    return SourceFinding(secret_arn(), state, f"Its import source is {state}.", newer)


def link(name: str, issuer: str, **changes: Any) -> CertificateLink:  # noqa: ANN401 - any field of a link
    """Return the place of a certificate called `name` below `issuer`, with a key of its own."""
    plain = CertificateLink(
        der=f"{name} by {issuer}".encode(),
        version=3,
        subject=name.encode(),
        issuer=issuer.encode(),
        issuer_name=issuer,
        public_key=f"key of {name}".encode(),
        key=None,
        key_id=None,
        issuer_key_id=None,
    )
    return replace(plain, **changes)


def version(
    leaf: X509Certificate,
    *chain: CertificateLink,
    issuer: str = "CA",
    **changes: Any,  # noqa: ANN401 - any field of a link
) -> CertificateVersion:
    """Return a certificate of `issuer` with a chain."""
    der = f"{leaf} by {issuer}".encode()
    return CertificateVersion(leaf, link("shop", issuer, **{"der": der, **changes}), chain)


def renewing(
    begun: Renewal,
    *,
    ends_in: timedelta = IN_WINDOW,
    exported: bool = False,
    tags: tuple[tuple[str, str], ...] = (),
) -> Certificate:
    """Return a certificate that ACM has begun to renew."""
    return certificate(ends_in=ends_in, exported=exported, detail=detail(renewal=begun, tags=tags))


def blocked(*, ends_in: timedelta = IN_WINDOW, exported: bool = False) -> Certificate:
    """Return a certificate whose renewal waits for its DNS record."""
    waits = renewal(RenewalStatus.PENDING_VALIDATION, None, validation())
    return renewing(waits, ends_in=ends_in, exported=exported)


BY_EMAIL = validation(method=ValidationMethod.EMAIL)
APPROVAL = renewal(RenewalStatus.PENDING_VALIDATION, None, BY_EMAIL)
BROKEN = renewal(RenewalStatus.FAILED)
SUCCESSOR = certificate(arn=arn("successor"), ends_in=days(190))


def judged(seen: Observation | Certificate) -> Assessment:
    """Return what is judged with the usual thresholds."""
    found = seen if isinstance(seen, Observation) else observation(seen)
    return Assessment(found.certificate, assess(found, Thresholds(), NOW))


def run(*assessments: Assessment, **changes: Any) -> Run:  # noqa: ANN401 - any field of a run
    """Return a complete run that did nothing."""
    complete = Run(
        run_id="8f6e3f0a-0000-4000-8000-000000000001",
        started_at=NOW,
        finished_at=NOW + SECOND,
        instance="certificate-lifecycle",
        mode="repair",
        dry_run=False,
        scopes=(scope(certificates=len(assessments)),),
        assessments=assessments,
        actions=(),
        sdk="boto3 1.44.5, botocore 1.44.5",
    )
    return replace(complete, **changes)


def scope(
    status: ScopeStatus = ScopeStatus.OK,
    *,
    certificates: int = 0,
    error: str | None = None,
    ignored: int = 0,
    not_listed: tuple[InventoryGap, ...] = (),
) -> ScopeResult:
    where = (PLACE.account_id, PLACE.region)
    return ScopeResult(*where, status, certificates, error, ignored, not_listed)


#: Amazon N2 certificates, which the SDK or a region cannot list.
N2 = next(known for known in HIDDEN_CLASSES if known.name == "AmazonN2Certificates")
N2_UNKNOWN_TO_SDK = InventoryGap(N2, GapCause.SDK)
N2_UNKNOWN_TO_REGION = InventoryGap(N2, GapCause.REGION)
