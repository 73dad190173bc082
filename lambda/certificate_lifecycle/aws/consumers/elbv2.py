"""Application and Network Load Balancers: the certificates of their listeners.

A listener has one default certificate and a list for SNI.
A listener made in the console has the default in its list, too (Application Load Balancer guide,
"HTTPS listeners").
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from certificate_lifecycle.aws.acm import AcmCertificates
from certificate_lifecycle.aws.consumers.base import Refusal, RefusalKind, ResourceConsumer
from certificate_lifecycle.aws.permissions import (
    EVERYTHING,
    Setting,
    for_rotations,
    for_scans,
    regional,
)
from certificate_lifecycle.aws.read_calls import ReadCall
from certificate_lifecycle.aws.responses import paginated, unless, validated_response
from certificate_lifecycle.model.certificate import Certificate
from certificate_lifecycle.model.errors import CertificateNotFoundError
from certificate_lifecycle.model.sanitize import clean
from certificate_lifecycle.policy.bindings import Binding, BindingState, ConsumerArn, ConsumerKind
from certificate_lifecycle.policy.removable import removable
from certificate_lifecycle.render.manual_steps import OLD_CERTIFICATE_ARN, aws_command

if TYPE_CHECKING:
    from mypy_boto3_elbv2 import ElasticLoadBalancingv2Client
    from mypy_boto3_elbv2.type_defs import ListenerTypeDef, TagDescriptionTypeDef

PERMISSIONS = (
    *for_scans(
        "elasticloadbalancing",
        EVERYTHING,
        DescribeListeners="listeners with certificates",
        DescribeListenerCertificates="the certificates of listeners",
        DescribeTags="the controllers that configure load balancers",
    ),
    *for_rotations(
        "elasticloadbalancing",
        regional("elasticloadbalancing", "listener/app/*", "listener/net/*"),
        Setting.REBIND_CONSUMERS,
        ModifyListener="change the default certificate",
        AddListenerCertificates="add to the list for SNI",
        RemoveListenerCertificates="remove from the list for SNI",
    ),
)
#: The default certificate of a listener.
LISTENER = ConsumerKind("Listener")
#: The further certificates of a listener, chosen by SNI.
LISTENER_SNI = ConsumerKind("ListenerSni", holds_many=True)
_SECURE = ("HTTPS", "TLS")
#: Elastic Load Balancing user guides, "Quotas": 25 by default, without default certificates.
_REFUSALS = (
    Refusal(
        "TooManyCertificates",
        RefusalKind.MANUAL_STEP,
        "its load balancer has as many certificates for SNI as its quota allows (25 by default, "
        "of all listeners together)",
    ),
    # "must have a fully-qualified domain name, a supported signature, and a supported key size"
    # (https://github.com/hashicorp/terraform-provider-aws/issues/26245).
    Refusal("UnsupportedCertificate", RefusalKind.CERTIFICATE),
)
#: Descriptions in one run, to keep the calls of many full listeners few.
_MOST_DESCRIBED = 100
_SHOWN_REMOVABLE = 3
#: Load balancers in one DescribeTags (API reference, DescribeTags).
_MOST_TAGGED = 20
_GONE = "ListenerNotFound"
_BALANCER_GONE = "LoadBalancerNotFound"


class LoadBalancers(ResourceConsumer):
    """The listeners of the load balancers of one account and region."""

    service = "elbv2"
    workers = 8
    kinds = (LISTENER, LISTENER_SNI)
    permissions = PERMISSIONS
    refusals = _REFUSALS
    # Network Load Balancers accept no RSA key of 4096 bits (their guide, "Server certificates").
    key_algorithms = frozenset(
        {"RSA_2048", "RSA_3072", "EC_prime256v1", "EC_secp384r1", "EC_secp521r1"}
    )
    _client: ElasticLoadBalancingv2Client
    _described_count = 0

    @classmethod
    def owns(cls, arn: ConsumerArn) -> bool:
        """Return whether it is an Application or Network Load Balancer of the account."""
        return not arn.foreign and is_load_balancer(arn) and "/" in arn.name

    @classmethod
    def explains(cls, binding: Binding, arn: ConsumerArn) -> bool:
        """Return whether a listener belongs to a load balancer.

        `listener/app/NAME/ID/LISTENER` belongs to `loadbalancer/app/NAME/ID`.
        """
        _, _, listener = binding.consumer.partition(":listener/")
        return arn.name == listener.rpartition("/")[0]

    @classmethod
    def label(cls, arn: ConsumerArn) -> str | None:
        """Return the name of a load balancer."""
        match arn.name.split("/"):
            case ["app" | "net", name, _] if is_load_balancer(arn):
                return f"load balancer {name}"
            case _:
                return None

    @classmethod
    def manual_steps(cls, arn: ConsumerArn, successor_arn: str) -> tuple[str, ...]:
        """Return the calls that change the default certificate and the list of a listener."""
        of_balancer = f"--load-balancer-arn {arn.text}"
        return (
            aws_command("elbv2 describe-listeners", arn.region, of_balancer),
            "# Each listener that has it as its default certificate:",
            *_steps(LISTENER, arn.region, "LISTENER_ARN", successor_arn),
            "# Each listener that has it in its list:",
            *_steps(LISTENER_SNI, arn.region, "LISTENER_ARN", successor_arn),
        )

    def manual_steps_of(self, binding: Binding, certificate_arn: str) -> tuple[str, ...]:
        """Return the calls that change the default certificate or the list of one listener."""
        return _steps(binding.kind, self._scope.region, binding.consumer, certificate_arn)

    def read_calls(self) -> Iterator[ReadCall]:
        """Yield the calls that read listeners, their certificates and the tags of balancers."""
        client, missing = self._client, "app/none/0000000000000000"
        arn = self._scope.arn("elasticloadbalancing", f"loadbalancer/{missing}")
        listener = self._scope.arn("elasticloadbalancing", f"listener/{missing}/0000000000000000")
        yield ReadCall(
            "elasticloadbalancing:DescribeListeners",
            "*",
            lambda: client.describe_listeners(LoadBalancerArn=arn, PageSize=1),
            frozenset({_BALANCER_GONE}),
        )
        yield ReadCall(
            "elasticloadbalancing:DescribeListenerCertificates",
            "*",
            lambda: client.describe_listener_certificates(ListenerArn=listener, PageSize=1),
            frozenset({_GONE}),
        )
        yield ReadCall(
            "elasticloadbalancing:DescribeTags",
            "*",
            lambda: client.describe_tags(ResourceArns=[arn]),
            frozenset({_BALANCER_GONE}),
        )

    @validated_response("DescribeTags")
    def tags(self, arns: Sequence[ConsumerArn]) -> Sequence[tuple[str, str]]:
        """Return the tags of the first load balancers, in one call if all of them exist."""
        names = [arn.text for arn in arns[:_MOST_TAGGED]]
        return [
            (tag["Key"], tag.get("Value", ""))
            for entry in (self._tagged(names) if names else ())
            for tag in entry.get("Tags", ())
        ]

    def _tagged(self, names: Sequence[str]) -> list[TagDescriptionTypeDef]:
        """Describe tags, of each load balancer by itself if the call fails because one is gone."""
        found = unless(_BALANCER_GONE, lambda: self._client.describe_tags(ResourceArns=names))
        if found is not None:
            return found["TagDescriptions"]
        return [] if len(names) == 1 else [each for name in names for each in self._tagged([name])]

    def arn_of(self, binding: Binding) -> ConsumerArn:
        """Return the load balancer of a listener."""
        path = binding.consumer.rpartition("/")[0]
        arn = path.replace(":listener/", ":loadbalancer/", 1)
        return ConsumerArn.parse(arn, self._scope.account_id)

    @validated_response("DescribeListeners")
    def settings_of(self, arn: ConsumerArn) -> list[tuple[Binding, str]]:
        """Return the listeners of a load balancer with their certificates."""
        found: list[tuple[Binding, str]] = []
        for listener in self._secure_listeners(arn.text):
            default, others = self._certificates(listener["ListenerArn"]) or ((), ())
            found += [(_binding(LISTENER, listener), certificate) for certificate in default]
            found += [(_binding(LISTENER_SNI, listener), certificate) for certificate in others]
        return found

    def current(self, binding: Binding) -> BindingState | None:
        """Return the default certificate or the list; None if the listener does not exist."""
        certificates = self._certificates(binding.consumer)
        if certificates is None:
            return None
        default, others = certificates
        return BindingState(others if binding.kind == LISTENER_SNI else default)

    def bind(self, binding: Binding, certificate_arn: str, *, instead_of: str) -> None:
        """Set the default certificate, or add one to the list, which may contain it already."""
        del instead_of
        sni = binding.kind == LISTENER_SNI
        change = self._client.add_listener_certificates if sni else self._client.modify_listener
        change(ListenerArn=binding.consumer, Certificates=[{"CertificateArn": certificate_arn}])

    def unbind(self, binding: Binding, certificate_arn: str) -> None:
        """Remove a certificate from the list, if the listener and its entry exist."""
        _, others = self._certificates(binding.consumer) or ((), ())
        if certificate_arn in others:
            # CertificateNotFound: another client removed it in the meantime.
            unless(
                (_GONE, "CertificateNotFound"),
                lambda: self._client.remove_listener_certificates(
                    ListenerArn=binding.consumer, Certificates=[{"CertificateArn": certificate_arn}]
                ),
            )

    def steps_before(self, binding: Binding) -> tuple[str, ...]:
        """Return the calls that make room for a certificate.

        Certificates of the listener that are expired or superseded are named.
        """
        network = "/net/" in binding.consumer
        quota = f"Certificates per {'Network' if network else 'Application'} Load Balancer"
        lines = [f'# Ask for a higher quota "{quota}", or remove a certificate that is not needed:']
        found = removable(self._described(binding))[:_SHOWN_REMOVABLE]
        for certificate, reason in found:
            # On one line: a name of an imported certificate is untrusted, and these are commands.
            comment = f"# {clean(certificate.domain_name)}: {reason}"
            lines += [comment, _remove(binding, certificate.arn)]
        return (*lines, *(() if found else (_remove(binding, "CERTIFICATE_ARN"),)))

    def _described(self, binding: Binding) -> list[Certificate]:
        """Describe the ACM certificates of a listener; none after `_MOST_DESCRIBED` in a run."""
        default, others = self._certificates(binding.consumer) or ((), ())
        arns = [arn for arn in others if arn not in default and arn.split(":")[2] == "acm"]
        if self._described_count + len(arns) > _MOST_DESCRIBED:
            return []
        self._described_count += len(arns)
        client = self._clients.any("acm", self._scope.region, self._role_arn)
        certificates = AcmCertificates(client)
        found = []
        for arn in arns:
            with suppress(CertificateNotFoundError):
                found.append(certificates.describe(arn))
        return found

    def _secure_listeners(self, load_balancer_arn: str) -> list[ListenerTypeDef]:
        found = paginated(
            self._client, "describe_listeners", "Listeners", LoadBalancerArn=load_balancer_arn
        )
        listeners = unless(_BALANCER_GONE, lambda: list(found))
        return [listener for listener in listeners or () if listener.get("Protocol") in _SECURE]

    @validated_response("DescribeListenerCertificates")
    def _certificates(self, listener_arn: str) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
        """Return the default certificate and those for SNI; None if the listener does not exist.

        A default that is also in the list occurs twice (API reference,
        DescribeListenerCertificates). A secure listener has a default, so that no answer is empty.
        """
        entries = paginated(
            self._client,
            "describe_listener_certificates",
            "Certificates",
            required=True,
            ListenerArn=listener_arn,
        )
        found = unless(_GONE, lambda: list(entries))
        if found is None:
            return None
        default = tuple(entry["CertificateArn"] for entry in found if entry.get("IsDefault"))
        others = tuple(entry["CertificateArn"] for entry in found if not entry.get("IsDefault"))
        return default, others


def _remove(binding: Binding, certificate_arn: str) -> str:
    return aws_command(
        "elbv2 remove-listener-certificates",
        binding.consumer.split(":")[3],
        f"--listener-arn {binding.consumer}",
        f"--certificates CertificateArn={certificate_arn}",
    )


def is_load_balancer(arn: ConsumerArn) -> bool:
    """Return whether it is the ARN of a load balancer of any type and account."""
    return (arn.service, arn.type) == ("elasticloadbalancing", "loadbalancer")


def _binding(kind: ConsumerKind, listener: ListenerTypeDef) -> Binding:
    arn = listener["ListenerArn"]
    name = arn.split("/")[2]
    setting = "default certificate" if kind == LISTENER else "SNI"
    label = f"load balancer {name}, listener {listener['Protocol']}:{listener['Port']} ({setting})"
    return Binding(kind, arn, label=label)


def _steps(kind: ConsumerKind, region: str, listener_arn: str, new: str) -> tuple[str, ...]:
    """Return the calls that change a default certificate, or an entry of a list."""
    listener = f"--listener-arn {listener_arn}"
    to_new = f"--certificates CertificateArn={new}"
    if kind == LISTENER:
        return (aws_command("elbv2 modify-listener", region, listener, to_new),)
    from_old = f"--certificates CertificateArn={OLD_CERTIFICATE_ARN}"
    return (
        aws_command("elbv2 add-listener-certificates", region, listener, to_new),
        aws_command("elbv2 remove-listener-certificates", region, listener, from_old),
    )
