"""An estate with a certificate in every state that rotation tells apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.embedded_aws.cloud import Cloud
from tests.embedded_aws.zones import DEFAULT_ACCOUNT

ZONE = "shop.example.com"
_LOAD_BALANCER = (
    "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/{name}/50dc6c495c0c9188"
)
_DISTRIBUTION = "arn:aws:cloudfront::123456789012:distribution/EDFDVBD6EXAMPLE"


@dataclass(frozen=True, slots=True)
class ReplacementContext:
    """A certificate, and the verdict and reason that it deserves.

    `ends_in` and `lifetime` are days from the run on, `age` is in hours.
    """

    name: str
    verdict: str
    reason: str
    ends_in: float | None = None
    lifetime: float = 198
    age: float | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def domain_name(self) -> str:
        """The whole name: one without a dot lies in the zone that exists."""
        return self.name if "." in self.name else f"{self.name}.{ZONE}"

    def dates(self, now: datetime) -> dict[str, Any]:
        """Return the dates for a run at `now`."""
        dates = {}
        if self.ends_in is not None:
            dates["not_after"] = now + timedelta(days=self.ends_in)
            dates["not_before"] = dates["not_after"] - timedelta(days=self.lifetime)
        if self.age is not None:
            dates["created_at"] = now - timedelta(hours=self.age)
        return dates


def _used(name: str, **attributes: Any) -> dict[str, Any]:  # noqa: ANN401 - any attribute
    return {"in_use_by": [_LOAD_BALANCER.format(name=name)], **attributes}


def _waiting(**attributes: Any) -> dict[str, Any]:  # noqa: ANN401 - any attribute
    return _used("web", renewal_status="PENDING_VALIDATION", **attributes)


def _private(reason: str) -> dict[str, Any]:
    return _used("internal", type="PRIVATE", renewal_status="FAILED", renewal_reason=reason)


CASES = (
    ReplacementContext("www", "Healthy", "FarFromExpiry", 150, attributes=_used("web")),
    ReplacementContext(
        "ec",
        "Healthy",
        "FarFromExpiry",
        150,
        attributes=_used("web", key_algorithm="EC_prime256v1"),
    ),
    ReplacementContext(
        "auto",
        "Renewing",
        "AutoRenewalInProgress",
        44,
        attributes=_used("web", renewal_status="PENDING_AUTO_RENEWAL"),
    ),
    ReplacementContext(
        "api", "RenewalBlocked", "ValidationRecordMissing", 20, attributes=_waiting()
    ),
    ReplacementContext(
        "shop.example.org", "RenewalBlocked", "ZoneNotFound", 25, attributes=_waiting()
    ),
    ReplacementContext(
        "caa",
        "RenewalBlocked",
        "CaaForbids",
        18,
        attributes=_waiting(renewal_reason="CAA_ERROR"),
    ),
    ReplacementContext(
        "mail",
        "RenewalBlocked",
        "EmailApprovalPending",
        21,
        attributes=_waiting(validation_method="EMAIL"),
    ),
    ReplacementContext(
        "overdue",
        "RenewalOverdue",
        "NoProgress",
        6,
        attributes=_used("web", renewal_status="PENDING_AUTO_RENEWAL"),
    ),
    ReplacementContext("idle", "Unused", "NotInUse", 40),
    ReplacementContext(
        "partner",
        "ExportDue",
        "ExportedCopyExpiring",
        29,
        attributes={"exported": True, "export_option": "ENABLED", "renews": False},
    ),
    ReplacementContext(
        "legacy",
        "ImportDue",
        "ImportedExpiring",
        5,
        365,
        attributes=_used("legacy", type="IMPORTED"),
    ),
    ReplacementContext(
        "db.internal.example",
        "AuthorityPermissionMissing",
        "AuthorityAccessDenied",
        28,
        395,
        attributes=_private("PCA_ACCESS_DENIED"),
    ),
    ReplacementContext(
        "mq.internal.example",
        "AuthorityExpiring",
        "AuthorityExpiresTooSoon",
        27,
        395,
        attributes=_private("PCA_INVALID_DURATION"),
    ),
    ReplacementContext(
        "new",
        "PendingValidation",
        "ValidationRecordMissing",
        age=30,
        attributes={"status": "PENDING_VALIDATION"},
    ),
    ReplacementContext(
        "late",
        "RequestFailed",
        "ValidationTimedOut",
        age=96,
        attributes={"status": "VALIDATION_TIMED_OUT"},
    ),
    ReplacementContext("old", "Expired", "PastNotAfter", -2, attributes=_used("web")),
    ReplacementContext(
        "leaked", "Revoked", "RevokedByIssuer", attributes=_used("web", status="REVOKED")
    ),
    ReplacementContext(
        "cdn",
        "ExternallyManaged",
        "ManagedByCloudFront",
        90,
        attributes={"managed_by": "CLOUDFRONT", "in_use_by": [_DISTRIBUTION]},
    ),
    ReplacementContext(
        "moved",
        "Superseded",
        "SuccessorIssued",
        12,
        attributes=_used("moved", renews=False),
    ),
    ReplacementContext("moved", "Healthy", "FarFromExpiry", 180, attributes=_used("web")),
    ReplacementContext(
        "odd", "Unknown", "StatusInactive", attributes=_used("web", status="INACTIVE")
    ),
)


def fill(cloud: Cloud, account: str = DEFAULT_ACCOUNT) -> dict[str, ReplacementContext]:
    """Put zone and certificates into `cloud`; return the cases by certificate ARN."""
    cloud.zones.add(ZONE, account=account)
    now = cloud.now
    return {
        cloud.certificates.add(
            domain_name=case.domain_name, account=account, **case.dates(now), **case.attributes
        ): case
        for case in CASES
    }


#: Cases that no two commands list in another order: each has an expiry of its own.
_SMALL = ("api", "shop.example.org", "caa", "overdue", "idle", "legacy", "old", "www", "new")


def fill_small(cloud: Cloud) -> None:
    """Put a few cases into `cloud`: one has an owner, one is muted and has a long name."""
    cloud.zones.add(ZONE)
    now = cloud.now
    cases = [case for case in CASES if case.name in _SMALL]
    tags = {"legacy": {"Owner": "payments"}}
    for case in cases:
        facts = {"tags": tags.get(case.name, {}), **case.dates(now), **case.attributes}
        cloud.certificates.add(domain_name=case.domain_name, **facts)
    cloud.certificates.add(
        domain_name=f"checkout.emea.storefront.internal.{ZONE}",
        type="IMPORTED",
        tags={"Owner": "storefront", "certificate-lifecycle:mute-until": "2026-07-01"},
        not_before=now - timedelta(days=343),
        not_after=now + timedelta(days=22),
        **_used("storefront"),
    )


def fill_other_stores(cloud: Cloud, account: str = DEFAULT_ACCOUNT) -> None:
    """Let everything be there that is kept outside ACM, and renewals enough for a search."""
    cloud.server_certificates.add(
        "legacy", f"legacy.{ZONE}", not_after=cloud.now + timedelta(days=9), account=account
    )
    cloud.authorities.add(not_after=cloud.now + timedelta(days=3000), account=account)
    endpoint = cloud.acme_endpoints.add(account=account)
    cloud.acme_endpoints.validate(endpoint, "elsewhere.test", status="VALID")
    used = _used("internal", not_after=cloud.now + timedelta(days=300))
    cloud.certificates.add(account=account, type="PRIVATE", domain_name=f"ca.{ZONE}", **used)
    for number in range(2):
        cloud.certificates.add(
            account=account,
            domain_name=f"renewing-{number}.{ZONE}",
            **_used(
                "web",
                renewal_status="PENDING_AUTO_RENEWAL",
                not_after=cloud.now + timedelta(days=43),
            ),
        )
