"""Application and Network Load Balancers: the certificates of their listeners.

A listener has one default certificate and a list for SNI; the same certificate may be in both, as
in listeners made in the console (Application Load Balancer guide, "HTTPS listeners").
"""

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
    from mypy_boto3_elbv2 import ElasticLoadBalancingv2Client
    from mypy_boto3_elbv2.type_defs import ListenerTypeDef

_LISTENERS = regional("elasticloadbalancing", "listener/app/*", "listener/net/*")
_REBIND = (Setting.REBIND_CONSUMERS,)
PERMISSIONS = (
    Permission(
        "elasticloadbalancing:DescribeListeners", SCANS, EVERYTHING, "listeners with certificates"
    ),
    Permission(
        "elasticloadbalancing:DescribeListenerCertificates",
        SCANS,
        EVERYTHING,
        "the certificates of listeners",
    ),
    Permission(
        "elasticloadbalancing:ModifyListener",
        ROTATIONS,
        _LISTENERS,
        "change the default certificate",
        _REBIND,
    ),
    Permission(
        "elasticloadbalancing:AddListenerCertificates",
        ROTATIONS,
        _LISTENERS,
        "add to the list for SNI",
        _REBIND,
    ),
    Permission(
        "elasticloadbalancing:RemoveListenerCertificates",
        ROTATIONS,
        _LISTENERS,
        "remove from the list for SNI",
        _REBIND,
    ),
)
_SECURE = ("HTTPS", "TLS")
_GONE = "ListenerNotFound"


class LoadBalancers:
    """The listeners of the load balancers of one account and region."""

    def __init__(self, client: ElasticLoadBalancingv2Client) -> None:
        self._client = client

    @understood("DescribeListeners")
    def find(self, certificate_arn: str, load_balancer_arn: str) -> list[Binding]:
        """Return the settings of a load balancer that hold a certificate; none if it is gone."""
        found: list[Binding] = []
        for listener in self._secure_listeners(load_balancer_arn):
            default, others = self._certificates(listener["ListenerArn"]) or ((), ())
            if certificate_arn in default:
                found.append(_binding(ConsumerKind.LISTENER, listener))
            if certificate_arn in others:
                found.append(_binding(ConsumerKind.LISTENER_SNI, listener))
        return found

    def held(self, binding: Binding) -> Held | None:
        """Return what a listener holds as its default, or in its list; None if it is gone."""
        certificates = self._certificates(binding.consumer)
        if certificates is None:
            return None
        default, others = certificates
        return Held(others if binding.kind is ConsumerKind.LISTENER_SNI else default)

    def bind(self, binding: Binding, certificate_arn: str) -> None:
        """Make a certificate the default, or put it into the list, where it may be already."""
        if binding.kind is ConsumerKind.LISTENER_SNI:
            self._client.add_listener_certificates(
                ListenerArn=binding.consumer, Certificates=[{"CertificateArn": certificate_arn}]
            )
        else:
            self._client.modify_listener(
                ListenerArn=binding.consumer, Certificates=[{"CertificateArn": certificate_arn}]
            )

    def unbind(self, binding: Binding, certificate_arn: str) -> None:
        """Take a certificate out of the list; done if it, or the listener, is not there."""
        _, others = self._certificates(binding.consumer) or ((), ())
        if certificate_arn not in others:
            return
        try:
            self._client.remove_listener_certificates(
                ListenerArn=binding.consumer, Certificates=[{"CertificateArn": certificate_arn}]
            )
        except ClientError as error:
            # The second is a certificate that somebody else has taken out of the list meanwhile.
            if error.response["Error"]["Code"] not in (_GONE, "CertificateNotFound"):
                raise

    def _secure_listeners(self, load_balancer_arn: str) -> list[ListenerTypeDef]:
        pages = self._client.get_paginator("describe_listeners").paginate(
            LoadBalancerArn=load_balancer_arn
        )
        try:
            listeners = [listener for page in pages for listener in page["Listeners"]]
        except ClientError as error:
            if error.response["Error"]["Code"] != "LoadBalancerNotFound":
                raise
            return []
        return [listener for listener in listeners if listener.get("Protocol") in _SECURE]

    @understood("DescribeListenerCertificates")
    def _certificates(self, listener_arn: str) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
        """Return the default certificate and those for SNI; None if the listener is gone.

        A default that is in the list as well is shown twice (API reference,
        DescribeListenerCertificates).
        """
        pages = self._client.get_paginator("describe_listener_certificates").paginate(
            ListenerArn=listener_arn
        )
        default: list[str] = []
        others: list[str] = []
        try:
            for page in pages:
                for certificate in page["Certificates"]:
                    (default if certificate.get("IsDefault") else others).append(
                        certificate["CertificateArn"]
                    )
        except ClientError as error:
            if error.response["Error"]["Code"] != _GONE:
                raise
            return None
        return tuple(default), tuple(others)


def _binding(kind: ConsumerKind, listener: ListenerTypeDef) -> Binding:
    """Name a listener as people do: its load balancer, protocol and port."""
    arn = listener["ListenerArn"]
    name = arn.split("/")[2]
    place = "default certificate" if kind is ConsumerKind.LISTENER else "SNI"
    label = f"load balancer {name}, listener {listener['Protocol']}:{listener['Port']} ({place})"
    return Binding(kind, arn, label=label)
