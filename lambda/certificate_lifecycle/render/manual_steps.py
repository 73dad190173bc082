"""Manual steps to move a consumer that the rotation function does not move.

Services that the module never changes are here, the others in `aws/consumers`.
A test compares every command with the SDK's model of the service.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence

from certificate_lifecycle.model.certificate import Certificate
from certificate_lifecycle.model.sanitize import clean
from certificate_lifecycle.policy.bindings import ConsumerArn

#: The region in the call for a consumer that can be in any; `in_each_region` replaces it.
ANY_REGION = "REGION"
#: The certificate that a call removes; the catalogue replaces it.
OLD_CERTIFICATE_ARN = "OLD_CERTIFICATE_ARN"
#: Texts without a meaning to a shell.
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9:/_.@+=-]*")

_DECLARED = (
    "# If Terraform, CloudFormation, Elastic Beanstalk or a Kubernetes controller manages it, "
    "change it there: otherwise the change is reverted."
)
_APPSYNC = (
    "# AppSync cannot change the certificate of a domain name. Deleting and recreating the domain "
    "name is an outage: better repair the old certificate and keep its ARN."
)
_IOT = (
    "# IoT Core cannot change the certificate of a domain configuration: import a newer version "
    "under the old ARN, or create a new domain configuration."
)


def with_introduction(
    arn: ConsumerArn, certificate_arns: Sequence[str], steps: Sequence[str]
) -> str:
    """Return the manual steps for one entry of `InUseBy`, as shell lines with an introduction.

    `certificate_arns` are those of the certificate and of its successor.
    Lines with # are comments, words in CAPITALS are placeholders.
    An ARN with characters that a shell interprets gets no command.
    """
    old_arn, successor_arn = certificate_arns
    if not all(_PLAIN.fullmatch(text) for text in (arn.text, old_arn, successor_arn)):
        return "# Unknown form of ARN: see InUseBy of the certificate."
    if arn.foreign:
        where = f"# It is in the account {arn.account_id} of AWS"
        one = ", usually one of these" if steps else ""
        return "\n".join((f"{where}: change the resource behind it{one}.", *steps))
    unknown = f"# Change its certificate to {successor_arn} in its service."
    filled = [step.replace(OLD_CERTIFICATE_ARN, old_arn) for step in steps or (unknown,)]
    return "\n".join((_DECLARED, *filled))


def manual_only_steps(arn: ConsumerArn, successor_arn: str) -> Sequence[str]:
    """Return the calls for a service that the module never changes; may be none."""
    if arn.foreign:
        return (_APPSYNC,) if arn.service == "cloudfront" else ()
    steps = _MANUAL_ONLY.get(arn.service)
    return steps(arn, successor_arn) if steps is not None else ()


def in_each_region(steps: Iterable[str], regions: Sequence[str]) -> list[str]:
    """Return steps with each call for any region repeated for every one of `regions`, if any."""
    anywhere = f" --region {ANY_REGION} "
    if not regions:
        return list(steps)
    found = []
    for step in steps:
        at = regions if anywhere in step else ("",)
        found += [step.replace(anywhere, f" --region {region} ") for region in at]
    return [*found, f"# The regions of the run are {', '.join(regions)}; it can be in another one."]


def argument(name: str) -> str:
    """Return a name of a resource as one word of a shell line; a wildcard is quoted."""
    return shlex.quote(clean(name))


def aws_command(command: str, region: str, *arguments: str) -> str:
    """Return a call of the AWS CLI."""
    return " ".join((f"aws {command} --region {region}", *arguments))


def import_command(certificate: Certificate) -> str:
    """Return the call that imports a newer version of a certificate under its ARN."""
    return aws_command(
        "acm import-certificate",
        certificate.region,
        f"--certificate-arn {argument(certificate.arn)} --certificate fileb://cert.pem",
        "--private-key fileb://key.pem --certificate-chain fileb://chain.pem",
    )


def permission_command(authority: Certificate) -> str:
    """Return the call that lets ACM issue from a private CA."""
    return aws_command(
        "acm-pca create-permission",
        authority.region,
        f"--certificate-authority-arn {argument(authority.arn)} --principal acm.amazonaws.com",
        "--actions IssueCertificate GetCertificate ListPermissions",
    )


def _open_search(arn: ConsumerArn, new: str) -> tuple[str, ...]:
    domain = f"--domain-name {arn.name}"
    kept = "EnforceHTTPS=ENFORCE_HTTPS,TLSSecurityPolicy=TLS_SECURITY_POLICY"
    endpoint = "CustomEndpointEnabled=true,CustomEndpoint=CUSTOM_ENDPOINT"
    shown = "--query DomainConfig.DomainEndpointOptions.Options"
    return (
        aws_command("opensearch describe-domain-config", arn.region, domain, shown),
        "# With the values that this shows:",
        aws_command(
            "opensearch update-domain-config",
            arn.region,
            domain,
            f"--domain-endpoint-options {kept},{endpoint},CustomEndpointCertificateArn={new}",
        ),
    )


def _network_firewall(arn: ConsumerArn, new: str) -> tuple[str, ...]:
    which = f"--tls-inspection-configuration-arn {arn.text}"
    operation = "tls-inspection-configuration"
    describe = aws_command(f"network-firewall describe-{operation}", arn.region, which)
    update = aws_command(f"network-firewall update-{operation}", arn.region, which)
    return (
        f"{describe} --query UpdateToken --output text",
        f"{describe} --query TLSInspectionConfiguration --output json > inspection.json",
        f"# In inspection.json, set the ResourceArn of the server certificate to {new}.",
        f"{update} --tls-inspection-configuration file://inspection.json --update-token TOKEN",
    )


def _client_vpn(arn: ConsumerArn, new: str) -> tuple[str, ...]:
    endpoint = f"--client-vpn-endpoint-id {arn.name} --server-certificate-arn {new}"
    return (aws_command("ec2 modify-client-vpn-endpoint", arn.region, endpoint),)


def _beanstalk(arn: ConsumerArn, new: str) -> tuple[str, ...]:
    option = f"Namespace=aws:elbv2:listener:443,OptionName=SSLCertificateArns,Value={new}"
    return (
        aws_command(
            "elasticbeanstalk update-environment",
            arn.region,
            f"--environment-name {arn.name.rpartition('/')[2]} --option-settings {option}",
        ),
    )


def _transfer(arn: ConsumerArn, new: str) -> tuple[str, ...]:
    server = f"--server-id {arn.name}"
    return (aws_command("transfer update-server", arn.region, server, f"--certificate {new}"),)


def _lattice(arn: ConsumerArn, new: str) -> tuple[str, ...]:
    service = f"--service-identifier {arn.name} --certificate-arn {new}"
    return (aws_command("vpc-lattice update-service", arn.region, service),)


#: The steps by the service in an ARN.
_MANUAL_ONLY: Mapping[str, Callable[[ConsumerArn, str], tuple[str, ...]]] = {
    "appsync": lambda _, __: (_APPSYNC,),
    "ec2": _client_vpn,
    "elasticbeanstalk": _beanstalk,
    "es": _open_search,
    "iot": lambda _, __: (_IOT,),
    "network-firewall": _network_firewall,
    "transfer": _transfer,
    "vpc-lattice": _lattice,
}
