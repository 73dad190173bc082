"""Elastic Load Balancing: the listeners with certificates, and how their certificates change.

https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Operations.html
moto accepts any certificate for a new listener, forgets the list for SNI at each change, leaves TLS
listeners alone, and shows nothing twice. moto keeps the load balancers themselves and their
listeners without certificates.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from moto.elbv2.models import elbv2_backends

from tests.embedded_aws.certificates import Certificate
from tests.embedded_aws.protocol import AwsError, Request
from tests.estates.estate import Estate
from tests.harness.settings import Elsewhere, Knobs, Uses, page_of, place

Result = dict[str, Any]
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
MAX_CERTIFICATES = 25
PAGE_SIZE = 2
# https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeTags.html
MAX_TAGGED = 20
# What Elastic Load Balancing lets a listener hold: "Amazon ACM certificates in the ISSUED state".
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/https-listener-certificates.html
SERVED = frozenset({"ISSUED"})
SECURE = frozenset({"HTTPS", "TLS"})
FIXED_RESPONSE: Mapping[str, object] = {"Type": "fixed-response", "Order": 1}
#: The settings of a listener that a request may change one by one.
SETTINGS = ("DefaultActions", "Port", "Protocol", "SslPolicy")


@dataclass
class Listener:
    """A listener of an ALB or NLB; `others` is its list for SNI."""

    arn: str
    load_balancer_arn: str
    protocol: str
    port: int
    default: str
    others: list[str] = field(default_factory=list)
    settings: Result = field(default_factory=dict)
    tags: list[dict[str, str]] = field(default_factory=list)

    def shown(self) -> Result:
        return {
            "ListenerArn": self.arn,
            "LoadBalancerArn": self.load_balancer_arn,
            "Port": self.port,
            "Protocol": self.protocol,
            "Certificates": [{"CertificateArn": self.default}],
            "SslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06",
            "DefaultActions": [dict(FIXED_RESPONSE)],
            **self.settings,
        }

    def certificates(self) -> list[dict[str, object]]:
        """Return the default first, and again if it is also in the list.

        https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeListenerCertificates.html
        """
        rows: list[dict[str, object]] = [{"CertificateArn": self.default, "IsDefault": True}]
        return rows + [{"CertificateArn": arn, "IsDefault": False} for arn in self.others]


@dataclass
class Classic:
    """A Classic Load Balancer with one HTTPS listener."""

    arn: str
    name: str
    port: int
    certificate: str

    def shown(self) -> Result:
        return {
            "LoadBalancerName": self.name,
            "ListenerDescriptions": [
                {
                    "Listener": {
                        "Protocol": "HTTP",
                        "LoadBalancerPort": 80,
                        "InstanceProtocol": "HTTP",
                        "InstancePort": 80,
                    },
                    "PolicyNames": [],
                },
                {
                    "Listener": {
                        "Protocol": "HTTPS",
                        "LoadBalancerPort": self.port,
                        "InstanceProtocol": "HTTP",
                        "InstancePort": 80,
                        "SSLCertificateId": self.certificate,
                    },
                    "PolicyNames": [],
                },
            ],
        }


class LoadBalancers:
    """The load balancers that tests have made."""

    def __init__(self, estate: Estate, knobs: Callable[[], Knobs], uses: Uses) -> None:
        self._estate = estate
        self._knobs = knobs
        self._uses = uses
        self.listeners: dict[str, Listener] = {}
        self.classic: dict[str, Classic] = {}
        self.tags: dict[str, dict[str, str]] = {}

    def reset(self) -> None:
        self.listeners.clear()
        self.classic.clear()
        self.tags.clear()

    def add(
        self,
        default: str,
        others: tuple[str, ...],
        *,
        name: str,
        network: bool,
        beside: str | None = None,
    ) -> str:
        """Add a load balancer with a listener, or a listener to that of another listener."""
        if beside is not None:
            return self._add_listener(beside, default, others)
        kind = "net" if network else "app"
        base = f"arn:aws:elasticloadbalancing:{place(default)}"
        path = f"{kind}/{name}/{len(self.listeners):016x}"
        arn = f"{base}:listener/{path}/{443:016x}"
        protocol = "TLS" if network else "HTTPS"
        balancer = f"{base}:loadbalancer/{path}"
        self.listeners[arn] = Listener(arn, balancer, protocol, 443, default, list(others))
        return arn

    def _add_listener(self, beside: str, default: str, others: tuple[str, ...]) -> str:
        first = self.listeners[beside]
        port = 443 + sum(
            listener.load_balancer_arn == first.load_balancer_arn
            for listener in self.listeners.values()
        )
        arn = f"{beside.rpartition('/')[0]}/{port:016x}"
        self.listeners[arn] = Listener(
            arn, first.load_balancer_arn, first.protocol, port, default, list(others)
        )
        return arn

    def add_classic(self, certificate: str, name: str) -> str:
        arn = f"arn:aws:elasticloadbalancing:{place(certificate)}:loadbalancer/{name}"
        self.classic[name] = Classic(arn, name, 443, certificate)
        return name

    def users(self, certificate: Certificate) -> Iterator[str]:
        for listener in self.listeners.values():
            if certificate.arn in (listener.default, *listener.others):
                yield listener.load_balancer_arn
        for balancer in self.classic.values():
            if balancer.certificate == certificate.arn:
                yield balancer.arn

    def certificates(self, name: str) -> list[str]:
        if name in self.listeners:
            listener = self.listeners[name]
            return [listener.default, *listener.others]
        return [self.classic[name].certificate] if name in self.classic else []

    def remove(self, name: str) -> None:
        self.listeners.pop(name, None)
        self.classic.pop(name, None)

    def unknown(self, name: str) -> dict[str, Any] | None:
        """Return nothing: an update keeps omitted members."""

    def snapshot(self) -> dict[str, Any]:
        listeners = {
            arn: [listener.shown(), listener.certificates()]
            for arn, listener in self.listeners.items()
        }
        return listeners | {name: classic.shown() for name, classic in self.classic.items()}

    def handlers(self) -> Mapping[tuple[str, str], Callable[[Request], Result]]:
        return {
            ("elbv2", "CreateListener"): self.create_listener,
            ("elbv2", "DeleteListener"): self.delete_listener,
            ("elbv2", "DescribeListenerAttributes"): self.describe_attributes,
            ("elbv2", "DescribeListeners"): self.describe_listeners,
            ("elbv2", "DescribeListenerCertificates"): self.describe_certificates,
            ("elbv2", "DescribeTags"): self.describe_tags,
            ("elbv2", "ModifyListener"): self.modify_listener,
            ("elbv2", "AddListenerCertificates"): self.add_certificates,
            ("elbv2", "RemoveListenerCertificates"): self.remove_certificates,
            ("elb", "DescribeLoadBalancers"): self.describe_classic,
            ("elb", "SetLoadBalancerListenerSSLCertificate"): self.set_certificate,
        }

    # --- Application and Network Load Balancers ---------------------------------------------------

    def create_listener(self, request: Request) -> Result:
        """Make a listener with exactly one certificate, which must be issued.

        https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateListener.html
        """
        wanted = request.parameters
        if wanted.get("Protocol") not in SECURE:
            raise Elsewhere
        arn = self._only(wanted.get("Certificates") or [], request)
        balancer = str(wanted["LoadBalancerArn"])
        if balancer not in elbv2_backends[request.account][request.region].load_balancers:
            raise AwsError("LoadBalancerNotFound", f"Load balancer '{balancer}' not found")
        others = [one for one in self.listeners.values() if one.load_balancer_arn == balancer]
        if any(other.port == wanted["Port"] for other in others):
            message = "A listener already exists on this port for this load balancer."
            raise AwsError("DuplicateListener", message)
        base = balancer.replace(":loadbalancer/", ":listener/")
        listener = Listener(
            f"{base}/{uuid.uuid4().hex[:16]}",
            balancer,
            wanted["Protocol"],
            wanted["Port"],
            arn,
            settings={key: wanted[key] for key in SETTINGS if key in wanted},
            tags=wanted.get("Tags") or [],
        )
        self.listeners[listener.arn] = listener
        return {"Listeners": [listener.shown()]}

    def delete_listener(self, request: Request) -> Result:
        listener = self._listener(request)
        del self.listeners[listener.arn]
        for arn in (listener.default, *listener.others):
            self._let_go(listener, arn, [])
        return {}

    def describe_attributes(self, request: Request) -> Result:
        """Show no attribute: all have their defaults."""
        self._listener(request)
        return {"Attributes": []}

    def describe_listeners(self, request: Request) -> Result:
        wanted = request.parameters.get("LoadBalancerArn")
        arns = request.parameters.get("ListenerArns") or []
        rows = [
            listener.shown()
            for listener in self.listeners.values()
            if listener.load_balancer_arn == wanted or listener.arn in arns
        ]
        if not rows:
            raise Elsewhere
        page, marker = page_of(rows, request.parameters.get("Marker"), PAGE_SIZE)
        return {"Listeners": page} | ({"NextMarker": marker} if marker else {})

    def describe_certificates(self, request: Request) -> Result:
        rows = self._listener(request).certificates()
        page, marker = page_of(rows, request.parameters.get("Marker"), PAGE_SIZE)
        return {"Certificates": page} | ({"NextMarker": marker} if marker else {})

    def describe_tags(self, request: Request) -> Result:
        """Return the tags of up to 20 load balancers and listeners; one that is unknown fails all.

        https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeTags.html
        """
        wanted = request.parameters["ResourceArns"]
        if len(wanted) > MAX_TAGGED:
            raise AwsError("ValidationError", f"At most {MAX_TAGGED} resources are allowed.")
        balancers = {listener.load_balancer_arn for listener in self.listeners.values()}
        known = balancers | self.listeners.keys()
        if not known & set(wanted):
            raise Elsewhere
        if set(wanted) - known:
            raise AwsError("LoadBalancerNotFound", "One or more load balancers not found")
        rows = [{"ResourceArn": arn, "Tags": self._tags(arn)} for arn in wanted]
        return {"TagDescriptions": rows}

    def _tags(self, arn: str) -> Sequence[Mapping[str, str]]:
        listener = self.listeners.get(arn)
        if listener is not None:
            return listener.tags
        return [{"Key": key, "Value": value} for key, value in self.tags.get(arn, {}).items()]

    def modify_listener(self, request: Request) -> Result:
        """Change the default; the list for SNI and everything else stays.

        https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_ModifyListener.html
        """
        listener, wanted = self._listener(request), request.parameters
        certificates = wanted.get("Certificates")
        if certificates is not None:
            arn = self._only(certificates, request)
            if not self._knobs().ignores(listener.arn) and arn != listener.default:
                self._let_go(listener, listener.default, listener.others)
                listener.default = arn
        listener.settings |= {key: wanted[key] for key in SETTINGS if key in wanted}
        return {"Listeners": [listener.shown()]}

    def add_certificates(self, request: Request) -> Result:
        """Add certificates to the list of a listener, up to the quota of its load balancer.

        https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
        counts the certificates of all listeners without the defaults.
        """
        listener = self._listener(request)
        wanted = [
            self._served(parameter["CertificateArn"])
            for parameter in request.parameters["Certificates"]
        ]
        new = [arn for arn in wanted if arn not in listener.others]
        held = sum(
            len(other.others)
            for other in self.listeners.values()
            if other.load_balancer_arn == listener.load_balancer_arn
        )
        if held + len(new) > MAX_CERTIFICATES:
            raise AwsError(
                "TooManyCertificates",
                "The maximum number of certificates has been reached on the load balancer "
                f"'{listener.load_balancer_arn}'",
            )
        if not self._knobs().ignores(listener.arn):
            listener.others += new
        rows = [{"CertificateArn": arn, "IsDefault": False} for arn in wanted]
        return {"Certificates": rows}

    def remove_certificates(self, request: Request) -> Result:
        """Take certificates out of the list; the default cannot be removed."""
        listener = self._listener(request)
        for parameter in request.parameters["Certificates"]:
            arn = parameter["CertificateArn"]
            if arn not in listener.others:
                if arn == listener.default:
                    raise AwsError("OperationNotPermitted", f"{arn} is the default certificate.")
                continue
            if not self._knobs().ignores(listener.arn):
                listener.others.remove(arn)
                self._let_go(listener, arn, [listener.default])
        return {}

    def _listener(self, request: Request) -> Listener:
        arn = request.parameters["ListenerArn"]
        if arn in self.listeners:
            return self.listeners[arn]
        raise Elsewhere

    def _let_go(self, listener: Listener, arn: str, kept: list[str]) -> None:
        if arn not in kept:
            self._uses.let_go(arn, listener.load_balancer_arn)

    def _only(self, certificates: list[dict[str, Any]], request: Request) -> str:
        """Return the certificate of a listener, which is in the listener's own region."""
        if len(certificates) != 1 or "IsDefault" in certificates[0]:
            raise AwsError("ValidationError", "Exactly one certificate, without IsDefault.")
        arn = str(certificates[0]["CertificateArn"])
        if arn.split(":")[3:4] != [request.region]:
            raise AwsError("CertificateNotFound", f"Certificate {arn} not found.")
        return self._served(arn)

    def _served(self, arn: str) -> str:
        """Return a certificate that may be bound.

        The message is that of https://github.com/hashicorp/terraform-provider-aws/issues/26245.
        https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_AddListenerCertificates.html
        """
        try:
            certificate = self._estate.get(arn)
        except (KeyError, ValueError):
            raise AwsError("CertificateNotFound", f"Certificate {arn} not found.") from None
        if certificate.status not in SERVED or not certificate.attachable:
            raise AwsError(
                "UnsupportedCertificate",
                f"The certificate '{arn}' must have a fully-qualified domain name, a supported "
                "signature, and a supported key size.",
            )
        return arn

    # --- Classic Load Balancers -------------------------------------------------------------------

    def describe_classic(self, request: Request) -> Result:
        names = request.parameters.get("LoadBalancerNames") or []
        if not set(names) & set(self.classic):
            raise Elsewhere
        return {"LoadBalancerDescriptions": [self.classic[name].shown() for name in names]}

    def set_certificate(self, request: Request) -> Result:
        wanted = request.parameters
        balancer = self.classic.get(wanted["LoadBalancerName"])
        if balancer is None:
            raise AwsError("LoadBalancerNotFound", "There is no ACTIVE Load Balancer of that name.")
        if int(wanted["LoadBalancerPort"]) != balancer.port:
            raise AwsError("ListenerNotFound", f"No listener on {wanted['LoadBalancerPort']}.")
        try:
            arn = self._served(wanted["SSLCertificateId"])
        except AwsError:
            raise AwsError("CertificateNotFound", "Server Certificate not found.") from None
        if not self._knobs().ignores(balancer.name) and arn != balancer.certificate:
            self._uses.let_go(balancer.certificate, balancer.arn)
            balancer.certificate = arn
        return {}
