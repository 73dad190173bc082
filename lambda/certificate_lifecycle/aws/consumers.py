"""Everything that uses certificates in one account and region, whichever service it belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from certificate_lifecycle.aws import apigateway, cloudfront, cognito, elb, elbv2
from certificate_lifecycle.aws.clients import Clients
from certificate_lifecycle.core.checks import consumer_name
from certificate_lifecycle.core.consumers import Binding, ConsumerArn, ConsumerKind, Held
from certificate_lifecycle.core.model import Certificate
from certificate_lifecycle.core.place import Place

#: CloudFront, and what stands behind it, takes certificates of this region only.
_EDGE_REGION = "us-east-1"


class AwsConsumers:
    """Finds and changes consumers; a service that is not concerned is not asked."""

    def __init__(self, clients: Clients, place: Place, role_arn: str | None = None) -> None:
        self._clients = clients
        self._place = place
        self._role_arn = role_arn

    def find(self, certificate: Certificate) -> Sequence[Binding]:
        """Return every setting that holds a described certificate now.

        Load balancers and distributions are those that ACM names, in our own account: what it
        names elsewhere belongs to AWS. Domain names of API Gateway are looked through, since ACM
        does not name them, and neither does it say who uses a certificate to prove ownership.
        """
        found: list[Binding] = []
        users = certificate.detail.in_use_by if certificate.detail else ()
        arns = [ConsumerArn.parse(text) for text in users]
        for text, arn in zip(users, arns, strict=True):
            if arn.account_id == self._place.account_id:
                found += self._own(certificate.arn, text, arn)
        found += self._domain_names.find(certificate.arn)
        behind_cloudfront = any(
            arn.service == "cloudfront" and arn.is_foreign(self._place.account_id) for arn in arns
        )
        if behind_cloudfront and self._place.region == _EDGE_REGION:
            found += self._user_pool_domains.find(certificate.arn)
        return found

    def names(self, certificate: Certificate) -> Sequence[str]:
        """Return a name for each user of a described certificate that ACM tells of.

        What ACM names in an account of AWS's own stands for a domain name of API Gateway, unless it
        belongs to a service that cannot be asked; then its ARN has to do.
        """
        found: list[str] = []
        foreign: list[str] = []
        for text in certificate.detail.in_use_by if certificate.detail else ():
            arn = ConsumerArn.parse(text)
            if arn.is_foreign(self._place.account_id):
                foreign.append(consumer_name(text))
                continue
            labels = [each.label for each in self._own(certificate.arn, text, arn)]
            found += labels or [consumer_name(text)]
        if foreign:
            domains = [each.label for each in self._domain_names.find(certificate.arn)]
            found += domains or foreign
        return found

    def _own(self, certificate_arn: str, text: str, arn: ConsumerArn) -> list[Binding]:
        match arn.service, arn.type:
            case "elasticloadbalancing", "loadbalancer" if "/" in arn.name:
                return self._load_balancers.find(certificate_arn, text)
            case "elasticloadbalancing", "loadbalancer":
                return self._classic_load_balancers.find(certificate_arn, arn.name)
            case "cloudfront", "distribution":
                return self._distributions.find(certificate_arn, arn.name)
            case _:
                return []

    def held(self, binding: Binding) -> Held | None:
        """Return what a setting holds; None when the consumer or the setting is gone."""
        match binding.kind:
            case ConsumerKind.LISTENER | ConsumerKind.LISTENER_SNI:
                return self._load_balancers.held(binding)
            case ConsumerKind.CLASSIC_LISTENER:
                return self._classic_load_balancers.held(binding)
            case ConsumerKind.DISTRIBUTION:
                return self._distributions.held(binding)
            case ConsumerKind.USER_POOL_DOMAIN:
                return self._user_pool_domains.held(binding)
            case _:  # the three certificates that a domain name may have
                return self._domain_names.held(binding)

    def bind(self, binding: Binding, certificate_arn: str, *, instead_of: str) -> None:
        """Let a setting hold `certificate_arn`; a list keeps what it has.

        Raises ConsumerChangedError if a distribution holds neither of both by now, and
        ConsumerBusyError while a service carries out another change.
        """
        match binding.kind:
            case ConsumerKind.LISTENER | ConsumerKind.LISTENER_SNI:
                self._load_balancers.bind(binding, certificate_arn)
            case ConsumerKind.CLASSIC_LISTENER:
                self._classic_load_balancers.bind(binding, certificate_arn)
            case ConsumerKind.DISTRIBUTION:
                self._distributions.bind(binding, certificate_arn, instead_of=instead_of)
            case ConsumerKind.USER_POOL_DOMAIN:
                self._user_pool_domains.bind(binding, certificate_arn)
            case _:  # the three certificates that a domain name may have
                self._domain_names.bind(binding, certificate_arn)

    def unbind(self, binding: Binding, certificate_arn: str) -> None:
        """Take a certificate out of the list of a listener, the only setting that is one."""
        self._load_balancers.unbind(binding, certificate_arn)

    @cached_property
    def _load_balancers(self) -> elbv2.LoadBalancers:
        return elbv2.LoadBalancers(self._clients.elbv2(self._place.region, self._role_arn))

    @cached_property
    def _classic_load_balancers(self) -> elb.ClassicLoadBalancers:
        return elb.ClassicLoadBalancers(self._clients.elb(self._place.region, self._role_arn))

    @cached_property
    def _distributions(self) -> cloudfront.Distributions:
        return cloudfront.Distributions(
            self._clients.cloudfront(self._place.region, self._role_arn)
        )

    @cached_property
    def _domain_names(self) -> apigateway.DomainNames:
        return apigateway.DomainNames(self._clients.apigateway(self._place.region, self._role_arn))

    @cached_property
    def _user_pool_domains(self) -> cognito.UserPoolDomains:
        return cognito.UserPoolDomains(self._clients.cognito(self._place.region, self._role_arn))
