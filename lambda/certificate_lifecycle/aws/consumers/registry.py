"""The consumers of certificates in one account and region, of all services."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from certificate_lifecycle.aws.consumers.apigateway import DomainNames
from certificate_lifecycle.aws.consumers.base import Consumer
from certificate_lifecycle.aws.consumers.cloudfront import Distributions
from certificate_lifecycle.aws.consumers.cognito import UserPoolDomains
from certificate_lifecycle.aws.consumers.elb import ClassicLoadBalancers
from certificate_lifecycle.aws.consumers.elbv2 import LoadBalancers
from certificate_lifecycle.model.certificate import Certificate
from certificate_lifecycle.model.scope import Scope
from certificate_lifecycle.policy.bindings import Binding, BindingState, ConsumerArn, ConsumerKind
from certificate_lifecycle.render.manual_steps import manual_only_steps, with_introduction

if TYPE_CHECKING:
    from certificate_lifecycle.aws.clients import Clients
    from certificate_lifecycle.aws.read_calls import ReadCall

#: Every service whose resources can be moved to another certificate.
CONSUMERS: tuple[type[Consumer], ...] = (
    LoadBalancers,
    ClassicLoadBalancers,
    Distributions,
    DomainNames,
    UserPoolDomains,
)
PERMISSIONS = tuple(permission for consumer in CONSUMERS for permission in consumer.permissions)
WHOLE_WRITES = tuple(whole for consumer in CONSUMERS for whole in consumer.whole_writes)


def kinds_by_name(consumers: Sequence[type[Consumer]] = CONSUMERS) -> Mapping[str, ConsumerKind]:
    """Return the kinds of settings by the names that stored records have."""
    return {kind.name: kind for consumer in consumers for kind in consumer.kinds}


class ConsumerCatalog:
    """Names and manual steps of consumers by their ARNs alone; makes no call."""

    def __init__(self, own_account: str, consumers: Sequence[type[Consumer]] = CONSUMERS) -> None:
        self._own_account = own_account
        self._consumers = consumers

    def label(self, in_use_by: str) -> str:
        """Return the display name of an entry of `InUseBy`, or its ARN."""
        arn = self._parsed(in_use_by)
        labels = (consumer.label(arn) for consumer in self._consumers)
        return next((label for label in labels if label is not None), in_use_by)

    def key_algorithms(self, certificate: Certificate) -> frozenset[str] | None:
        """Return the keys that every consumer of a described certificate accepts.

        None if nothing uses it. Its own key is always accepted, and no other one by an unknown
        consumer. A resource in an account of AWS's own accepts what each service that may have
        created it accepts.
        """
        arns = ConsumerArn.in_use_by(certificate, self._own_account)
        if not arns and not certificate.in_use:
            return None
        owners = [
            [consumer.key_algorithms for consumer in self._consumers if consumer.owns(arn)]
            for arn in arns
        ]
        common: frozenset[str] = frozenset()
        if owners and all(owners):
            common = frozenset.intersection(*(keys for owner in owners for keys in owner))
        return common | {certificate.key_algorithm}

    def unexplained(self, certificate: Certificate, bindings: Iterable[Binding]) -> tuple[str, ...]:
        """Return the entries of `InUseBy` that moving `bindings` does not free."""
        found = tuple(bindings)
        return tuple(
            arn.text
            for arn in ConsumerArn.in_use_by(certificate, self._own_account)
            if not any(self._explains(binding, arn) for binding in found)
        )

    def manual_steps(self, in_use_by: str, successor_arn: str) -> str:
        """Return the AWS CLI calls that move one entry of `InUseBy`, as shell lines."""
        arn = self._parsed(in_use_by)
        steps = [
            step
            for consumer in self._consumers
            if consumer.owns(arn)
            for step in consumer.manual_steps(arn, successor_arn)
        ]
        steps += manual_only_steps(arn, successor_arn)
        return with_introduction(arn, successor_arn, steps)

    def _explains(self, binding: Binding, arn: ConsumerArn) -> bool:
        return any(
            binding.kind in consumer.kinds
            and consumer.owns(arn)
            and consumer.explains(binding, arn)
            for consumer in self._consumers
        )

    def _parsed(self, in_use_by: str) -> ConsumerArn:
        return ConsumerArn.parse(in_use_by, self._own_account)


class AwsConsumers(ConsumerCatalog):
    """Finds and changes consumers; calls only the services concerned."""

    def __init__(
        self,
        clients: Clients,
        scope: Scope,
        role_arn: str | None = None,
        consumers: Sequence[type[Consumer]] = CONSUMERS,
    ) -> None:
        super().__init__(scope.account_id, consumers)
        self._services = tuple(consumer(clients, scope, role_arn) for consumer in consumers)
        self._by_kind = {kind: service for service in self._services for kind in service.kinds}

    def find(self, certificate: Certificate) -> Sequence[Binding]:
        """Return every setting that uses a described certificate."""
        return [binding for service in self._services for binding in service.find(certificate)]

    def names(self, certificate: Certificate) -> Sequence[str]:
        """Return the display names of the consumers of a described certificate.

        A resource in an account of AWS's own has the name of the setting that created it, if a scan
        can read the service.
        """
        arns = ConsumerArn.in_use_by(certificate, self._own_account)
        found = [
            binding
            for service in self._services
            if service.read_by_scans and any(service.owns(arn) for arn in arns)
            for binding in service.find(certificate)
        ]
        names: list[str] = []
        for arn in arns:
            labels = [binding.label for binding in found if self._explains(binding, arn)]
            names += labels or [self.label(arn.text)]
        return list(dict.fromkeys((*names, *(binding.label for binding in found))))

    def consumer_tags(self, in_use_by: Sequence[str]) -> Sequence[tuple[str, str]]:
        """Return the tags of the load balancers among entries of `InUseBy`."""
        arns = [self._parsed(text) for text in in_use_by]
        return [
            tag
            for service in self._services
            for tag in service.tags([arn for arn in arns if service.owns(arn)])
        ]

    def tags(self, binding: Binding) -> Sequence[tuple[str, str]]:
        """Return the tags of the load balancer of a binding; none for other consumers."""
        arn = self._by_kind[binding.kind].arn_of(binding)
        return () if arn is None else self._by_kind[binding.kind].tags([arn])

    def current(self, binding: Binding) -> BindingState | None:
        """Return the certificates of a setting; None if the consumer or setting does not exist."""
        return self._by_kind[binding.kind].current(binding)

    def bind(self, binding: Binding, certificate_arn: str, *, instead_of: str) -> None:
        """Set a certificate, see `Consumer.bind`."""
        service = self._by_kind[binding.kind]
        with service.sorted_refusals(binding, certificate_arn):
            service.bind(binding, certificate_arn, instead_of=instead_of)

    def unbind(self, binding: Binding, certificate_arn: str) -> None:
        """Remove a certificate from a list, see `Consumer.unbind`."""
        service = self._by_kind[binding.kind]
        with service.sorted_refusals(binding, certificate_arn):
            service.unbind(binding, certificate_arn)

    def read_calls(self) -> Iterator[ReadCall]:
        """Yield one call for each read permission that a scan needs."""
        for service in self._services:
            yield from service.read_calls()
