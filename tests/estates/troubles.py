"""Everything that the rotation has an answer to, in each region of an account.

Where a region has it, each kind of consumer is there, so that each kind of call is made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from tests.embedded_aws.cloud import Cloud
from tests.harness.settings import EDGE_REGION


@dataclass
class Troubles:
    """The certificates of one account that something has to be done about.

    `given_up` are those that ACM does not renew any more and that everything uses, by region;
    `private` the same for those of a private CA, and `blocked` what waits for its records.
    """

    account: str
    zone: str
    #: Tags of all certificates.
    tags: Mapping[str, str] = field(default_factory=dict)
    given_up: dict[str, str] = field(default_factory=dict)
    private: dict[str, str] = field(default_factory=dict)
    blocked: dict[str, str] = field(default_factory=dict)
    #: A listener that holds what is given up as its default and in its list, by region.
    listeners: dict[str, str] = field(default_factory=dict)

    @property
    def replaced(self) -> list[str]:
        """What a successor takes the place of."""
        return [*self.given_up.values(), *self.private.values()]


def fill(
    cloud: Cloud,
    account: str,
    zone: str,
    regions: Sequence[str],
    tags: Mapping[str, str] | None = None,
) -> Troubles:
    """Put them into an account, with names below `zone`."""
    found = Troubles(account, zone, tags or {})
    for region in regions:
        _give_up(cloud, found, region, regions)
        _wait(cloud, found, region)
    return found


def _give_up(cloud: Cloud, found: Troubles, region: str, regions: Sequence[str]) -> None:
    account, label = found.account, f"{found.account}-{region}"
    soon: dict[str, Any] = {
        "renews": False,
        "not_after": cloud.now + timedelta(days=5),
        "tags": found.tags,
    }
    public = cloud.certificates.add(
        account=account, region=region, domain_name=f"given-up.{region}.{found.zone}", **soon
    )
    private = cloud.certificates.add(
        account=account,
        region=region,
        domain_name=f"private.{region}.{found.zone}",
        type="PRIVATE",
        **soon,
    )
    authority = cloud.authorities.add(
        not_after=cloud.now + timedelta(days=3000), account=account, region=region
    )
    cloud.certificates.edit(private, certificate_authority_arn=authority)
    found.given_up[region], found.private[region] = public, private

    consumers = cloud.consumers
    found.listeners[region] = consumers.load_balancer(public, public, name=f"app-{label}")
    consumers.load_balancer(public, public, name=f"net-{label}", network=True)
    consumers.load_balancer(private, name=f"internal-{label}")
    consumers.classic_load_balancer(public, name=f"classic-{label}")
    consumers.domain_name(f"api.{label}.example", public, region=region)
    consumers.domain_name(f"vpc.{label}.example", public, region=region, endpoint="PRIVATE")
    if region == EDGE_REGION:
        consumers.distribution(public)
        # A tenant and a domain of Amplify have a name of their certificate.
        served = f"given-up.{region}.{found.zone}"
        consumers.distribution_tenant(consumers.distribution(public), public, served)
        for place in regions:
            name = f"{account}-{place}.example"
            consumers.domain_name(f"edge.{name}", public, region=place, endpoint="EDGE")
            consumers.user_pool_domain(f"auth.{name}", public, region=place)
            consumers.amplify_domain(served, public, region=place)


def _wait(cloud: Cloud, found: Troubles, region: str) -> None:
    """Let something wait for its records, and something for the approval of a person."""

    def add(name: str, **details: Any) -> str:  # noqa: ANN401 - any attribute
        return cloud.certificates.add(
            account=found.account,
            region=region,
            domain_name=f"{name}.{region}.{found.zone}",
            tags=found.tags,
            **details,
        )

    waiting = {"status": "PENDING_VALIDATION", "created_at": cloud.now - timedelta(hours=30)}
    found.blocked[region] = add("blocked", **waiting)
    add("approval", validation_method="EMAIL", **waiting)
    add(
        "by-mail",
        validation_method="EMAIL",
        renewal_status="PENDING_VALIDATION",
        in_use_by=[f"arn:aws:elasticloadbalancing:{region}:1:loadbalancer/app/x/1"],
        not_after=cloud.now + timedelta(days=20),
    )
