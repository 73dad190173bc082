"""Classic Load Balancers: the certificates of their listeners."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from certificate_lifecycle.aws.answers import understood
from certificate_lifecycle.aws.permissions import (
    EVERYTHING,
    ROTATIONS,
    SCANS,
    Permission,
    Setting,
    regional,
)
from certificate_lifecycle.core.consumers import Binding, ConsumerKind, Held

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_elb import ElasticLoadBalancingClient

PERMISSIONS = (
    Permission(
        "elasticloadbalancing:DescribeLoadBalancers",
        SCANS,
        EVERYTHING,
        "listeners of Classic Load Balancers",
    ),
    Permission(
        "elasticloadbalancing:SetLoadBalancerListenerSSLCertificate",
        ROTATIONS,
        regional("elasticloadbalancing", "loadbalancer/*"),
        "change the certificate of such a listener",
        (Setting.REBIND_CONSUMERS,),
    ),
)
_GONE = "LoadBalancerNotFound"


class ClassicLoadBalancers:
    """The listeners of the Classic Load Balancers of one account and region."""

    def __init__(self, client: ElasticLoadBalancingClient) -> None:
        self._client = client

    def find(self, certificate_arn: str, name: str) -> list[Binding]:
        """Return the listeners that hold a certificate; none if the load balancer is gone."""
        return [
            Binding(
                ConsumerKind.CLASSIC_LISTENER,
                name,
                str(port),
                f"Classic Load Balancer {name}, listener on port {port}",
            )
            for port, held in (self._certificates(name) or {}).items()
            if held == certificate_arn
        ]

    def held(self, binding: Binding) -> Held | None:
        """Return what a listener holds; None if it or its load balancer is gone."""
        certificates = self._certificates(binding.consumer) or {}
        found = certificates.get(int(binding.place))
        return Held((found,)) if found is not None else None

    def bind(self, binding: Binding, certificate_arn: str) -> None:
        """Let a listener hold another certificate."""
        self._client.set_load_balancer_listener_ssl_certificate(
            LoadBalancerName=binding.consumer,
            LoadBalancerPort=int(binding.place),
            SSLCertificateId=certificate_arn,
        )

    @understood("DescribeLoadBalancers")
    def _certificates(self, name: str) -> Mapping[int, str] | None:
        """Return the certificate of each port that has one; None if there is no such balancer."""
        try:
            answer = self._client.describe_load_balancers(LoadBalancerNames=[name])
        except ClientError as error:
            if error.response["Error"]["Code"] != _GONE:
                raise
            return None
        listeners = [
            description["Listener"]
            for found in answer["LoadBalancerDescriptions"]
            for description in found.get("ListenerDescriptions", [])
        ]
        return {
            listener["LoadBalancerPort"]: listener["SSLCertificateId"]
            for listener in listeners
            if "SSLCertificateId" in listener
        }
