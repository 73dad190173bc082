"""Classic Load Balancers: the certificates of their listeners."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from certificate_lifecycle.aws.consumers.base import Refusal, RefusalKind, ResourceConsumer
from certificate_lifecycle.aws.consumers.elbv2 import is_load_balancer
from certificate_lifecycle.aws.permissions import (
    EVERYTHING,
    Setting,
    for_rotations,
    for_scans,
    regional,
)
from certificate_lifecycle.aws.read_calls import ReadCall
from certificate_lifecycle.aws.responses import unless, validated_response
from certificate_lifecycle.policy.bindings import Binding, BindingState, ConsumerArn, ConsumerKind
from certificate_lifecycle.render.manual_steps import argument, aws_command

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_elb import ElasticLoadBalancingClient

PERMISSIONS = (
    *for_scans(
        "elasticloadbalancing",
        EVERYTHING,
        DescribeLoadBalancers="listeners of Classic Load Balancers",
    ),
    *for_rotations(
        "elasticloadbalancing",
        regional("elasticloadbalancing", "loadbalancer/*"),
        Setting.REBIND_CONSUMERS,
        SetLoadBalancerListenerSSLCertificate="change the certificate of such a listener",
    ),
)
#: The certificate of a listener; `qualifier` is its port.
CLASSIC_LISTENER = ConsumerKind("ClassicListener")
_GONE = "LoadBalancerNotFound"


#: "The specified ARN does not refer to a valid SSL certificate" (API reference,
#: SetLoadBalancerListenerSSLCertificate).
_REFUSALS = (Refusal("CertificateNotFound", RefusalKind.CERTIFICATE),)


class ClassicLoadBalancers(ResourceConsumer):
    """The listeners of the Classic Load Balancers of one account and region."""

    service = "elb"
    workers = 8
    kinds = (CLASSIC_LISTENER,)
    permissions = PERMISSIONS
    refusals = _REFUSALS
    # Only what every Classic Load Balancer has always accepted.
    key_algorithms = frozenset({"RSA_2048"})
    _client: ElasticLoadBalancingClient

    @classmethod
    def owns(cls, arn: ConsumerArn) -> bool:
        """Return whether it is a Classic Load Balancer of the account."""
        return not arn.foreign and is_load_balancer(arn) and "/" not in arn.name

    @classmethod
    def label(cls, arn: ConsumerArn) -> str | None:
        """Return the name of a Classic Load Balancer."""
        classic = is_load_balancer(arn) and "/" not in arn.name
        return f"load balancer {arn.name}" if classic else None

    @classmethod
    def manual_steps(cls, arn: ConsumerArn, successor_arn: str) -> tuple[str, ...]:
        """Return the call that changes the certificate of a listener."""
        return _steps(arn.region, arn.name, "PORT", successor_arn)

    def manual_steps_of(self, binding: Binding, certificate_arn: str) -> tuple[str, ...]:
        """Return the call that changes the certificate of one listener."""
        name = argument(binding.consumer)
        return _steps(self._scope.region, name, binding.qualifier, certificate_arn)

    def read_calls(self) -> Iterator[ReadCall]:
        """Yield the call that reads listeners."""
        client = self._client
        yield ReadCall(
            "elasticloadbalancing:DescribeLoadBalancers",
            "*",
            lambda: client.describe_load_balancers(PageSize=1),
        )

    def settings_of(self, arn: ConsumerArn) -> list[tuple[Binding, str]]:
        """Return the listeners of a load balancer with their certificates."""
        return [
            (_binding(arn.name, port), found)
            for port, found in self._certificates(arn.name).items()
        ]

    def current(self, binding: Binding) -> BindingState | None:
        """Return the certificate of a listener; None if it or its load balancer does not exist."""
        found = self._certificates(binding.consumer).get(int(binding.qualifier))
        return BindingState((found,)) if found is not None else None

    def bind(self, binding: Binding, certificate_arn: str, *, instead_of: str) -> None:
        """Set the certificate of a listener."""
        del instead_of
        self._client.set_load_balancer_listener_ssl_certificate(
            LoadBalancerName=binding.consumer,
            LoadBalancerPort=int(binding.qualifier),
            SSLCertificateId=certificate_arn,
        )

    @validated_response("DescribeLoadBalancers")
    def _certificates(self, name: str) -> Mapping[int, str]:
        """Return the certificates by port; none if the load balancer does not exist."""
        answer = unless(
            _GONE, lambda: self._client.describe_load_balancers(LoadBalancerNames=[name])
        )
        listeners = [
            description["Listener"]
            for found in (answer["LoadBalancerDescriptions"] if answer else ())
            for description in found.get("ListenerDescriptions", [])
        ]
        return {
            listener["LoadBalancerPort"]: listener["SSLCertificateId"]
            for listener in listeners
            if "SSLCertificateId" in listener
        }


def _binding(name: str, port: int) -> Binding:
    label = f"Classic Load Balancer {name}, listener on port {port}"
    return Binding(CLASSIC_LISTENER, name, str(port), label)


def _steps(region: str, name: str, port: str, new: str) -> tuple[str, ...]:
    return (
        aws_command(
            "elb set-load-balancer-listener-ssl-certificate",
            region,
            f"--load-balancer-name {name}",
            f"--load-balancer-port {port} --ssl-certificate-id {new}",
        ),
    )
