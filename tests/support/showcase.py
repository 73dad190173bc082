"""An estate with a certificate in every state that rotation tells apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.support.cloud import Cloud
from tests.support.zones import DEFAULT_ACCOUNT

ZONE = "shop.example.com"
_LOAD_BALANCER = (
    "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/{name}/50dc6c495c0c9188"
)
_DISTRIBUTION = "arn:aws:cloudfront::123456789012:distribution/EDFDVBD6EXAMPLE"


@dataclass(frozen=True, slots=True)
class Case:
    """A certificate, and the verdict and reason that it deserves."""

    domain_name: str
    verdict: str
    reason: str
    attributes: Mapping[str, Any] = field(default_factory=dict)


def _used(name: str) -> dict[str, Any]:
    return {"in_use_by": [_LOAD_BALANCER.format(name=name)]}


def _ends(now: datetime, days: float, lifetime: float = 198) -> dict[str, Any]:
    not_after = now + timedelta(days=days)
    return {"not_before": not_after - timedelta(days=lifetime), "not_after": not_after}


def cases(now: datetime) -> Iterator[Case]:
    """Yield the certificates of the estate; `now` is the time of the run."""
    used, stuck = _used("web"), {"created_at": now - timedelta(hours=30)}
    pending = {"renewal_status": "PENDING_VALIDATION", **used}
    yield Case(f"www.{ZONE}", "Healthy", "FarFromExpiry", {**used, **_ends(now, 150)})
    yield Case(
        f"ec.{ZONE}",
        "Healthy",
        "FarFromExpiry",
        {**used, **_ends(now, 150), "key_algorithm": "EC_prime256v1"},
    )
    yield Case(
        f"auto.{ZONE}",
        "Renewing",
        "AutoRenewalInProgress",
        {**used, **_ends(now, 44), "renewal_status": "PENDING_AUTO_RENEWAL"},
    )
    yield Case(
        f"api.{ZONE}", "RenewalBlocked", "ValidationRecordMissing", {**pending, **_ends(now, 20)}
    )
    yield Case("shop.example.org", "RenewalBlocked", "ZoneNotFound", {**pending, **_ends(now, 25)})
    yield Case(
        f"caa.{ZONE}",
        "RenewalBlocked",
        "CaaForbids",
        {**pending, **_ends(now, 18), "renewal_reason": "CAA_ERROR"},
    )
    yield Case(
        f"mail.{ZONE}",
        "RenewalBlocked",
        "EmailApprovalPending",
        {**pending, **_ends(now, 21), "validation_method": "EMAIL"},
    )
    yield Case(
        f"overdue.{ZONE}",
        "RenewalOverdue",
        "NoProgress",
        {**used, **_ends(now, 6), "renewal_status": "PENDING_AUTO_RENEWAL"},
    )
    yield Case(f"idle.{ZONE}", "Unused", "NotInUse", _ends(now, 40))
    yield Case(
        f"partner.{ZONE}",
        "ExportDue",
        "ExportedCopyExpiring",
        {"exported": True, "export_option": "ENABLED", "renews": False, **_ends(now, 29)},
    )
    yield Case(
        f"legacy.{ZONE}",
        "ImportDue",
        "ImportedExpiring",
        {"type": "IMPORTED", **_used("legacy"), **_ends(now, 5, 365)},
    )
    yield Case(
        "db.internal.example",
        "AuthorityPermissionMissing",
        "AuthorityAccessDenied",
        {
            "type": "PRIVATE",
            **_used("internal"),
            **_ends(now, 28, 395),
            "renewal_status": "FAILED",
            "renewal_reason": "PCA_ACCESS_DENIED",
        },
    )
    yield Case(
        "mq.internal.example",
        "AuthorityExpiring",
        "AuthorityEndsTooSoon",
        {
            "type": "PRIVATE",
            **_used("internal"),
            **_ends(now, 27, 395),
            "renewal_status": "FAILED",
            "renewal_reason": "PCA_INVALID_DURATION",
        },
    )
    yield Case(
        f"new.{ZONE}",
        "PendingValidation",
        "ValidationRecordMissing",
        {"status": "PENDING_VALIDATION", **stuck},
    )
    yield Case(
        f"late.{ZONE}",
        "RequestFailed",
        "ValidationTimedOut",
        {"status": "VALIDATION_TIMED_OUT", "created_at": now - timedelta(days=4)},
    )
    yield Case(f"old.{ZONE}", "Expired", "PastNotAfter", {**used, **_ends(now, -2)})
    yield Case(f"leaked.{ZONE}", "Revoked", "RevokedByIssuer", {"status": "REVOKED", **used})
    yield Case(
        f"cdn.{ZONE}",
        "ManagedElsewhere",
        "ManagedByCloudFront",
        {"managed_by": "CLOUDFRONT", "in_use_by": [_DISTRIBUTION], **_ends(now, 90)},
    )
    yield Case(
        f"moved.{ZONE}",
        "Superseded",
        "SuccessorIssued",
        {"type": "IMPORTED", **_used("moved"), **_ends(now, 12, 365)},
    )
    yield Case(f"moved.{ZONE}", "Healthy", "FarFromExpiry", {**used, **_ends(now, 180)})
    yield Case(f"odd.{ZONE}", "Unknown", "StatusInactive", {"status": "INACTIVE", **used})


def fill(cloud: Cloud, account: str = DEFAULT_ACCOUNT) -> dict[str, Case]:
    """Put zone and certificates into `cloud`; return the cases by certificate ARN."""
    cloud.zones.add(ZONE, account=account)
    return {
        cloud.certificates.add(
            domain_name=case.domain_name, account=account, **case.attributes
        ): case
        for case in cases(cloud.now)
    }
