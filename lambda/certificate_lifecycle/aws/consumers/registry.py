"""The consumers of the certificates of one account and region, of all services."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING

from botocore.exceptions import EndpointConnectionError

from certificate_lifecycle.aws.consumers.amplify import AmplifyDomains
from certificate_lifecycle.aws.consumers.apigateway import DomainNames
from certificate_lifecycle.aws.consumers.base import Consumer
from certificate_lifecycle.aws.consumers.cloudfront import Distributions
from certificate_lifecycle.aws.consumers.cloudfront_tenants import DistributionTenants
from certificate_lifecycle.aws.consumers.cognito import UserPoolDomains
from certificate_lifecycle.aws.consumers.elb import ClassicLoadBalancers
from certificate_lifecycle.aws.consumers.elbv2 import LoadBalancers
from certificate_lifecycle.aws.consumers.regions import RunRegions, may_be_anywhere
from certificate_lifecycle.log import logger
from certificate_lifecycle.model.certificate import Certificate
from certificate_lifecycle.model.errors import ManualStepRequiredError
from certificate_lifecycle.model.scope import Scope
from certificate_lifecycle.policy.bindings import (
    Binding,
    BindingState,
    ConsumerArn,
    ConsumerKind,
    FoundBindings,
)
from certificate_lifecycle.render.manual_steps import (
    OLD_CERTIFICATE_ARN,
    in_each_region,
    manual_only_steps,
    with_introduction,
)

if TYPE_CHECKING:
    from certificate_lifecycle.aws.clients import Clients
    from certificate_lifecycle.aws.read_calls import ReadCall

#: Every service whose resources can be moved to another certificate, in the order of a search.
CONSUMERS: tuple[type[Consumer], ...] = (
    LoadBalancers,
    ClassicLoadBalancers,
    Distributions,
    DomainNames,
    UserPoolDomains,
    DistributionTenants,
    AmplifyDomains,
)
PERMISSIONS = tuple(permission for consumer in CONSUMERS for permission in consumer.permissions)
WHOLE_WRITES = tuple(whole for consumer in CONSUMERS for whole in consumer.whole_writes)
_NOT_MONITORED = (
    "its region is not among the monitored `regions`; add the region, or change it manually"
)


def kinds_by_name(consumers: Sequence[type[Consumer]] = CONSUMERS) -> Mapping[str, ConsumerKind]:
    """Return the kinds of settings by the names that stored records have."""
    return {kind.name: kind for consumer in consumers for kind in consumer.kinds}


class ConsumerCatalog:
    """Names and manual steps of consumers by their ARNs alone; makes no call.

    `regions` are those in which consumers of any region are searched.
    """

    def __init__(
        self,
        own_account: str,
        consumers: Sequence[type[Consumer]] = CONSUMERS,
        regions: Sequence[str] = (),
    ) -> None:
        self._own_account = own_account
        self._consumers = consumers
        self._regions = regions

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
        """Return the entries of `InUseBy` that moving `bindings` does not free.

        A binding explains at most one entry in an account of AWS's own.
        """
        arns = ConsumerArn.in_use_by(certificate, self._own_account)
        explained = self._explained(arns, bindings)
        return tuple(arn.text for arn, found in zip(arns, explained, strict=True) if not found)

    def manual_steps(self, certificate: Certificate, in_use_by: str, successor_arn: str) -> str:
        """Return the AWS CLI calls that move one entry of `InUseBy`, as shell lines."""
        arn = self._parsed(in_use_by)
        steps = [
            step
            for consumer in self._consumers
            if consumer.owns(arn)
            for step in self._steps(consumer, certificate, arn, successor_arn)
        ]
        steps += manual_only_steps(arn, successor_arn)
        if may_be_anywhere([arn]) and arn.foreign:
            steps = in_each_region(steps, self._regions)
        return with_introduction(arn, (certificate.arn, successor_arn), steps)

    def _steps(
        self, consumer: type[Consumer], certificate: Certificate, arn: ConsumerArn, new: str
    ) -> Sequence[str]:
        """Return the calls of one service; a subclass that knows the settings names them."""
        del certificate
        return consumer.manual_steps(arn, new)

    def _explained(
        self, arns: Sequence[ConsumerArn], bindings: Iterable[Binding]
    ) -> list[list[Binding]]:
        """Return the bindings that explain each entry of `InUseBy`.

        AWS has a resource in an account of its own for each consumer. They do not name it, so that
        each of them is explained by the first binding that is left.
        """
        left = list(bindings)
        explained = []
        for arn in arns:
            found = [binding for binding in left if self._explains(binding, arn)]
            if arn.foreign and found:
                del found[1:]
                left.remove(found[0])
            explained.append(found)
        return explained

    def _explains(self, binding: Binding, arn: ConsumerArn) -> bool:
        return any(
            binding.kind in consumer.kinds
            and consumer.owns(arn)
            and consumer.explains(binding, arn)
            for consumer in self._consumers
        )

    def _parsed(self, in_use_by: str) -> ConsumerArn:
        return ConsumerArn.parse(in_use_by, self._own_account)


class RunServices:
    """The services of one run, each made once for an account and region.

    Scopes that search the same region share its lists.
    """

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._lock = Lock()
        self._made: dict[tuple[type[Consumer], Scope], Consumer] = {}

    def of(self, consumer: type[Consumer], scope: Scope, role_arn: str | None) -> Consumer:
        """Return a service in `scope`, whose account has the role."""
        with self._lock:
            if (consumer, scope) not in self._made:
                self._made[consumer, scope] = consumer(self._clients, scope, role_arn)
            return self._made[consumer, scope]

    def offers(self, consumer: type[Consumer], region: str) -> bool:
        """Return whether the service is in a region as far as the SDK knows."""
        return self._clients.offers(consumer.service, region)


class AwsConsumers(ConsumerCatalog):
    """Finds and changes the consumers of the certificates of one account and region.

    Those that CloudFront serves are also searched in the other regions of the run.
    """

    def __init__(
        self,
        clients: Clients,
        scope: Scope,
        role_arn: str | None = None,
        consumers: Sequence[type[Consumer]] = CONSUMERS,
        *,
        regions: RunRegions | None = None,
        services: RunServices | None = None,
    ) -> None:
        self._run_regions = regions or RunRegions()
        super().__init__(scope.account_id, consumers, self._run_regions.all_of(scope))
        self._scope = scope
        self._role_arn = role_arn
        self._services = services or RunServices(clients)
        self._by_kind = {kind: consumer for consumer in consumers for kind in consumer.kinds}
        self._unreadable: set[tuple[type[Consumer], str]] = set()

    def find(self, certificate: Certificate) -> FoundBindings:
        """Return every setting that uses a described certificate, and errors of services.

        The role may have no access to a region that is not monitored: failures there stop nothing,
        and ACM's report of an unexplained use remains.
        """
        found: list[Binding] = []
        errors: dict[str, Exception] = {}
        for consumer, region in self._places(certificate, self._consumers):
            if consumer.only_for_unexplained and not self._is_left(certificate, consumer, found):
                continue
            try:
                found += self._found(certificate, consumer, region)
            except Exception as error:  # noqa: BLE001 - one must not stop the others; the caller reports it
                place = f"{consumer.service} in {region or self._scope.region}"
                if self._run_regions.are_read_only(region):
                    logger.warning("region not searched", exc_info=True, extra={"consumer": place})
                else:
                    errors.setdefault(place, error)
        return FoundBindings(tuple(found), errors)

    def names(self, certificate: Certificate) -> Sequence[str]:
        """Return the display names of the consumers of a described certificate.

        A resource in an account of AWS's own has the name of the setting that created it, if a scan
        can read the service, and its ARN otherwise. A read that failed is not tried again.
        """
        arns = ConsumerArn.in_use_by(certificate, self._own_account)
        concerned = [
            consumer
            for consumer in self._consumers
            if consumer.read_by_scans and any(consumer.owns(arn) for arn in arns)
        ]
        found = [
            binding
            for consumer, region in self._places(certificate, concerned)
            for binding in self._displayed(certificate, consumer, region)
        ]
        names: list[str] = []
        for arn, bindings in zip(arns, self._explained(arns, found), strict=True):
            names += [binding.label for binding in bindings] or [self.label(arn.text)]
        return list(dict.fromkeys((*names, *(binding.label for binding in found))))

    def _displayed(
        self, certificate: Certificate, consumer: type[Consumer], region: str = ""
    ) -> list[Binding]:
        """Return the settings of a service; none if an earlier or this read fails."""
        if (consumer, region) in self._unreadable:
            return []
        try:
            return self._found(certificate, consumer, region, for_display=True)
        except Exception:  # noqa: BLE001 - names are optional
            self._unreadable.add((consumer, region))
            where = {"service": consumer.service, "region": region or self._scope.region}
            logger.warning("consumer names unavailable", exc_info=True, extra=where)
            return []

    def _steps(
        self, consumer: type[Consumer], certificate: Certificate, arn: ConsumerArn, new: str
    ) -> Sequence[str]:
        """Return the calls of each setting that a scan can read, so that no ARN is left open."""
        steps: list[str] = []
        if consumer.read_by_scans and not arn.foreign:
            service = self._at(consumer)
            for binding in self._displayed(certificate, consumer):
                if consumer.explains(binding, arn):
                    steps += service.manual_steps_of(binding, new)
        return steps or consumer.manual_steps(arn, new)

    def read_ahead(self, certificates: Sequence[Certificate], has_time: Callable[[], bool]) -> None:
        """Read the consumers of described certificates for `names`, side by side."""
        for consumer in self._consumers:
            if consumer.read_by_scans:
                self._at(consumer).read_ahead(certificates, has_time)

    def consumer_tags(self, in_use_by: Sequence[str]) -> Sequence[tuple[str, str]]:
        """Return the tags of the load balancers among entries of `InUseBy`."""
        arns = [self._parsed(text) for text in in_use_by]
        return [
            tag
            for consumer in self._consumers
            for tag in self._at(consumer).tags([arn for arn in arns if consumer.owns(arn)])
        ]

    def tags(self, binding: Binding) -> Sequence[tuple[str, str]]:
        """Return the tags of the load balancer of a binding; none for other consumers."""
        service = self._service(binding)
        arn = service.arn_of(binding)
        return () if arn is None else service.tags([arn])

    def current(self, binding: Binding) -> BindingState | None:
        """Return the certificates of a setting; None if the consumer or setting does not exist."""
        return self._service(binding).current(binding)

    def bind(self, binding: Binding, certificate_arn: str, *, instead_of: str) -> None:
        """Set a certificate, see `Consumer.bind`.

        Raises ManualStepRequiredError for a region of the run that is not monitored.
        """
        service = self._service(binding)
        if self._run_regions.are_read_only(binding.region):
            steps = [
                step.replace(OLD_CERTIFICATE_ARN, instead_of)
                for step in service.manual_steps_of(binding, certificate_arn)
            ]
            raise ManualStepRequiredError("\n".join((_NOT_MONITORED, *steps)))
        with service.sorted_refusals(binding, certificate_arn):
            service.bind(binding, certificate_arn, instead_of=instead_of)
        service.forget(binding)

    def unbind(self, binding: Binding, certificate_arn: str) -> None:
        """Remove a certificate from a list, see `Consumer.unbind`."""
        service = self._service(binding)
        with service.sorted_refusals(binding, certificate_arn):
            service.unbind(binding, certificate_arn)

    def read_calls(self) -> Iterator[ReadCall]:
        """Yield one call for each read permission that a scan needs."""
        for consumer in self._consumers:
            yield from self._at(consumer).read_calls()

    def _places(
        self, certificate: Certificate, consumers: Iterable[type[Consumer]]
    ) -> Iterator[tuple[type[Consumer], str]]:
        """Yield each service with the regions to search, by ACM's report; empty is its own."""
        arns = ConsumerArn.in_use_by(certificate, self._own_account)
        for consumer in consumers:
            yield consumer, ""
            if consumer.edge and may_be_anywhere(arn for arn in arns if consumer.owns(arn)):
                for region in self._run_regions.beside(self._scope):
                    yield consumer, region

    def _is_left(
        self, certificate: Certificate, consumer: type[Consumer], found: Sequence[Binding]
    ) -> bool:
        """Whether `found` leaves an entry of `InUseBy` that may be of a service."""
        left = self.unexplained(certificate, found)
        return any(consumer.owns(self._parsed(text)) for text in left)

    def _found(
        self,
        certificate: Certificate,
        consumer: type[Consumer],
        region: str,
        *,
        for_display: bool = False,
    ) -> list[Binding]:
        """Return the settings of a service; none in a region that does not have the service."""
        service = self._at(consumer, region)
        try:
            find = service.found_for_display if for_display else service.find
            found = find(certificate)
        except EndpointConnectionError:
            if self._services.offers(consumer, region or self._scope.region):
                raise
            return []
        return [_in_region(binding, region) for binding in found]

    def _service(self, binding: Binding) -> Consumer:
        return self._at(self._by_kind[binding.kind], binding.region)

    def _at(self, consumer: type[Consumer], region: str = "") -> Consumer:
        scope = replace(self._scope, region=region) if region else self._scope
        return self._services.of(consumer, scope, self._role_arn)


def _in_region(binding: Binding, region: str) -> Binding:
    if not region:
        return binding
    return replace(binding, region=region, label=f"{binding.label} in {region}")
