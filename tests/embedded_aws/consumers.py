"""Everything that uses certificates, made by tests and changed through the services' own APIs.

listener = cloud.consumers.load_balancer(certificate_arn, name="web")
cloud.consumers.knobs.cloudfront_deploys = timedelta(minutes=15)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tests.embedded_aws.amplify_domains import AmplifyDomains
from tests.embedded_aws.certificates import Certificate
from tests.embedded_aws.distribution_tenants import DistributionTenants
from tests.embedded_aws.distributions import Distributions
from tests.embedded_aws.domain_names import DomainNames
from tests.embedded_aws.load_balancers import LoadBalancers
from tests.embedded_aws.protocol import Request
from tests.embedded_aws.user_pools import UserPools
from tests.estates.estate import DEFAULT_REGION, Estate
from tests.harness.settings import EDGE_REGION, Knobs, Uses


class Consumers:
    """The consumers behind `cloud.consumers`."""

    def __init__(self, estate: Estate) -> None:
        self.knobs = Knobs()
        self._uses = Uses(lambda: self.knobs, estate)
        common = (estate, lambda: self.knobs, self._uses)
        self._balancers = LoadBalancers(*common)
        self._distributions = Distributions(*common)
        self._domains = DomainNames(*common)
        self._pools = UserPools(*common)
        self._tenants = DistributionTenants(*common, self._distributions)
        self._amplify = AmplifyDomains(*common)
        self._services = (
            *(self._balancers, self._distributions, self._domains, self._pools),
            *(self._tenants, self._amplify),
        )
        estate.consumers = self.users

    def reset(self) -> None:
        self.knobs = Knobs()
        self._uses.reset()
        for service in self._services:
            service.reset()

    # --- for the tests ----------------------------------------------------------------------------

    def load_balancer(
        self,
        default: str,
        *others: str,
        name: str = "web",
        network: bool = False,
        beside: str | None = None,
    ) -> str:
        """Make a load balancer with one HTTPS (or TLS) listener, and return the listener's ARN.

        With the ARN of a listener in `beside`, its load balancer gets a further listener.
        """
        return self._balancers.add(default, others, name=name, network=network, beside=beside)

    def tag_load_balancer(self, listener: str, **tags: str) -> None:
        """Tag the load balancer of a listener."""
        self._balancers.tags[self._balancers.listeners[listener].load_balancer_arn] = tags

    def classic_load_balancer(self, certificate: str, name: str = "classic") -> str:
        """Make a Classic Load Balancer that listens on 443, and return its name."""
        return self._balancers.add_classic(certificate, name)

    def distribution(self, certificate: str, *aliases: str) -> str:
        """Make a distribution and return its id."""
        return self._distributions.add(certificate, *aliases)

    def distribution_tenant(self, distribution: str, certificate: str | None, *domains: str) -> str:
        """Make a tenant of a distribution, which becomes multi-tenant, and return its id.

        Without a certificate, the tenant has that of its distribution.
        """
        return self._tenants.add(distribution, certificate, *domains)

    def domain_name(
        self,
        name: str,
        certificate: str,
        *,
        endpoint: str = "REGIONAL",
        ownership: str | None = None,
        region: str = DEFAULT_REGION,
    ) -> str:
        """Make a custom domain name, of a REST or an HTTP API: they share one store."""
        return self._domains.add(
            name, certificate, endpoint=endpoint, ownership=ownership, region=region
        )

    def user_pool_domain(self, domain: str, certificate: str, region: str = EDGE_REGION) -> str:
        """Make a user pool with a custom domain, and return the pool's id."""
        return self._pools.add(domain, certificate, region)

    def amplify_domain(
        self, domain: str, certificate: str | None, *prefixes: str, region: str = DEFAULT_REGION
    ) -> str:
        """Make an Amplify app with a custom domain and subdomains, and return the app's id.

        Without a certificate, the domain has one of Amplify's.
        """
        return self._amplify.add(domain, certificate, region, *prefixes)

    def configure_amplify_domain(self, app_id: str, **members: object) -> None:
        """Set members of the custom domain of an app."""
        self._amplify.all[app_id].config |= members

    def configure_distribution(self, distribution: str, **members: object) -> None:
        """Set members of a distribution's configuration."""
        self._distributions.all[distribution].config |= members

    def configure_distribution_tenant(self, tenant: str, **members: object) -> None:
        """Set members of a tenant."""
        self._tenants.all[tenant].config |= members

    def configure_user_pool_domain(self, domain: str, routing: dict[str, Any]) -> None:
        """Set the routing of a custom domain."""
        (pool,) = [pool for pool in self._pools.all.values() if pool.domain == domain]
        pool.routing = routing

    def unknown_members(self, name: str) -> dict[str, Any]:
        """Return the members of a distribution, a tenant or a domain that no model knows.

        The dictionary may be changed. A distribution and a tenant have XML elements by the path of
        their parent in the configuration (`Origins/Items/Origin`), a domain has values by their own
        path (`CustomDomainConfig/New`).
        """
        known = (service.unknown(name) for service in self._services)
        return next(found for found in known if found is not None)

    def listener_certificates(self, listener: str) -> tuple[str, list[str]]:
        """Read the default certificate of a listener, and its list for SNI."""
        found = self._balancers.listeners[listener]
        return found.default, list(found.others)

    def certificates(self, name: str) -> tuple[str, ...]:
        """Name the certificates that a listener (by ARN), a tenant or another resource has."""
        return tuple(arn for service in self._services for arn in service.certificates(name))

    def set_certificates(self, listener: str, default: str, *others: str) -> None:
        """Give a listener these certificates from outside, without a recorded call."""
        found = self._balancers.listeners[listener]
        found.default, found.others[:] = default, others

    def set_default(self, listener: str, certificate: str) -> None:
        """Change a listener from outside, without a recorded call."""
        self._balancers.listeners[listener].default = certificate

    def remove(self, name: str) -> None:
        """Delete a listener (by ARN), a Classic load balancer, or another resource by its name."""
        for service in self._services:
            service.remove(name)

    def snapshot(self) -> dict[str, Any]:
        """Show every consumer as its service's own answers do, but for what counts changes."""
        return {
            name: shown for service in self._services for name, shown in service.snapshot().items()
        }

    # --- for the gate and for ACM -----------------------------------------------------------------

    def handlers(self) -> Mapping[tuple[str, str], Callable[[Request], dict[str, Any]]]:
        return {key: handler for s in self._services for key, handler in s.handlers().items()}

    def users(self, certificate: Certificate) -> Iterator[str]:
        """Name who uses a certificate, or has lately, as ACM does."""
        for service in self._services:
            yield from service.users(certificate)
        yield from self._uses.lately(certificate)


__all__ = ["EDGE_REGION", "Consumers", "Knobs"]
