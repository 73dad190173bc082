"""What a person types to move a consumer that the rotation function does not move.

A test compares every command with the model that the SDK has of the service.
"""

from __future__ import annotations

import re

from certificate_lifecycle.core.consumers import ConsumerArn

#: Nothing in such a text means anything to a shell.
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9:/_.@+=-]*")

_DECLARED = (
    "# If Terraform, CloudFormation, Elastic Beanstalk or a Kubernetes controller made it, change "
    "it there: it is put back otherwise."
)
_APPSYNC = (
    "# AppSync has no call that changes the certificate of a domain name: it has to be deleted and "
    "created anew, which is an outage. Better keep the ARN and mend the old certificate."
)
_IOT = (
    "# IoT Core has no call that changes the certificate of a domain configuration: import a newer "
    "version under the old ARN, or create a new domain configuration."
)


def manual_commands(in_use_by: str, successor_arn: str, own_account: str) -> str:
    """Return the AWS CLI calls that move one entry of `InUseBy` to a successor, as shell lines.

    Lines that begin with # explain, words in CAPITALS stand for what only the reader can know.
    ACM's text is not trusted: what is not plain gets no command.
    """
    if not all(_PLAIN.fullmatch(text) for text in (in_use_by, successor_arn)):
        return "# ACM names what uses it in a form that is not understood: look at InUseBy."
    arn = ConsumerArn.parse(in_use_by)
    if arn.is_foreign(own_account):
        lines = _behind_foreign(arn, successor_arn)
    else:
        lines = (_DECLARED, *_commands(in_use_by, arn, successor_arn))
    return "\n".join(lines)


def _behind_foreign(arn: ConsumerArn, new: str) -> tuple[str, ...]:
    """Name the services for which AWS keeps such a resource in an account of its own."""
    where = f"# It is in the account {arn.account_id}, which is AWS's own: change what is behind it"
    match arn.service:
        case "elasticloadbalancing":
            return (
                f"{where}, as a rule a regional domain name of API Gateway:",
                _api_gateway(arn.region, "regionalCertificateArn", new),
            )
        case "cloudfront":
            return (
                f"{where}, which is one of these, in any region.",
                "# An edge-optimised domain name of API Gateway:",
                _api_gateway("REGION", "certificateArn", new),
                "# A custom domain of Cognito:",
                *_cognito("REGION", "USER_POOL_ID", new),
                "# A custom domain of Amplify:",
                _amplify("REGION", "APP_ID", new),
                _APPSYNC,
            )
        case _:
            return (f"{where}.",)


def _commands(text: str, arn: ConsumerArn, new: str) -> tuple[str, ...]:
    match arn.service, arn.type:
        case "elasticloadbalancing", "loadbalancer":
            if arn.name.startswith(("app/", "net/")):
                return _load_balancer(text, arn.region, new)
            return (_classic_load_balancer(arn, new),)
        case "cloudfront", "distribution":
            return _distribution(arn.name, new)
        case "cloudfront", "distribution-tenant":
            return (_tenant(arn.name, new),)
        case "apigateway", _:
            return (
                "# A regional domain name:",
                _api_gateway(arn.region, "regionalCertificateArn", new),
                "# An edge-optimised or private one (a private one with --domain-name-id too):",
                _api_gateway(arn.region, "certificateArn", new),
            )
        case "cognito-idp", _:
            return _cognito(arn.region, arn.name, new)
        case "es", _:
            return _open_search(arn, new)
        case "network-firewall", _:
            return _network_firewall(text, arn.region, new)
        case _:
            return _further_commands(arn, new)


def _further_commands(arn: ConsumerArn, new: str) -> tuple[str, ...]:
    match arn.service:
        case "amplify":
            return (_amplify(arn.region, arn.name.partition("/")[0], new),)
        case "appsync":
            return (_APPSYNC,)
        case "ec2":
            return (_client_vpn(arn, new),)
        case "elasticbeanstalk":
            return (_beanstalk(arn, new),)
        case "iot":
            return (_IOT,)
        case "transfer":
            server = f"--server-id {arn.name}"
            return (_aws("transfer update-server", arn.region, server, f"--certificate {new}"),)
        case "vpc-lattice":
            return (_lattice(arn, new),)
        case _:
            return (f"# Change its certificate to {new} in the service that it belongs to.",)


def _aws(command: str, region: str, *arguments: str) -> str:
    return " ".join((f"aws {command} --region {region}", *arguments))


def _load_balancer(arn: str, region: str, new: str) -> tuple[str, ...]:
    listener = "--listener-arn LISTENER_ARN"
    to_new = f"--certificates CertificateArn={new}"
    from_old = "--certificates CertificateArn=OLD_CERTIFICATE_ARN"
    return (
        _aws("elbv2 describe-listeners", region, f"--load-balancer-arn {arn}"),
        "# Each listener that has it as its default certificate:",
        _aws("elbv2 modify-listener", region, listener, to_new),
        "# Each listener that has it in its list:",
        _aws("elbv2 add-listener-certificates", region, listener, to_new),
        _aws("elbv2 remove-listener-certificates", region, listener, from_old),
    )


def _classic_load_balancer(arn: ConsumerArn, new: str) -> str:
    return _aws(
        "elb set-load-balancer-listener-ssl-certificate",
        arn.region,
        f"--load-balancer-name {arn.name}",
        f"--load-balancer-port PORT --ssl-certificate-id {new}",
    )


def _distribution(distribution_id: str, new: str) -> tuple[str, ...]:
    get = f"aws cloudfront get-distribution-config --id {distribution_id}"
    update = f"aws cloudfront update-distribution --id {distribution_id} --if-match ETAG"
    edit = f"set ACMCertificateArn to {new}, and drop Certificate and CertificateSource"
    return (
        f"{get} --query ETag --output text",
        f"{get} --query DistributionConfig --output json > distribution.json",
        f"# In distribution.json, ViewerCertificate: {edit}.",
        f"{update} --distribution-config file://distribution.json",
    )


def _tenant(tenant_id: str, new: str) -> str:
    update = f"aws cloudfront update-distribution-tenant --id {tenant_id} --if-match ETAG"
    return f"{update} --customizations 'Certificate={{Arn={new}}}'"


def _api_gateway(region: str, attribute: str, new: str) -> str:
    """Return a call that serves the domain names of REST, HTTP and WebSocket APIs alike."""
    return _aws(
        "apigateway update-domain-name",
        region,
        "--domain-name DOMAIN_NAME",
        f"--patch-operations op=replace,path=/{attribute},value={new}",
    )


def _cognito(region: str, user_pool_id: str, new: str) -> tuple[str, ...]:
    domain = "--domain DOMAIN_NAME"
    return (
        _aws("cognito-idp describe-user-pool-domain", region, domain),
        "# With the ManagedLoginVersion that this shows:",
        _aws(
            "cognito-idp update-user-pool-domain",
            region,
            f"{domain} --user-pool-id {user_pool_id}",
            "--managed-login-version MANAGED_LOGIN_VERSION",
            f"--custom-domain-config CertificateArn={new}",
        ),
    )


def _amplify(region: str, app_id: str, new: str) -> str:
    return _aws(
        "amplify update-domain-association",
        region,
        f"--app-id {app_id} --domain-name DOMAIN_NAME",
        f"--certificate-settings type=CUSTOM,customCertificateArn={new}",
    )


def _open_search(arn: ConsumerArn, new: str) -> tuple[str, ...]:
    domain = f"--domain-name {arn.name}"
    kept = "EnforceHTTPS=ENFORCE_HTTPS,TLSSecurityPolicy=TLS_SECURITY_POLICY"
    endpoint = "CustomEndpointEnabled=true,CustomEndpoint=CUSTOM_ENDPOINT"
    shown = "--query DomainConfig.DomainEndpointOptions.Options"
    return (
        _aws("opensearch describe-domain-config", arn.region, domain, shown),
        "# With what this shows:",
        _aws(
            "opensearch update-domain-config",
            arn.region,
            domain,
            f"--domain-endpoint-options {kept},{endpoint},CustomEndpointCertificateArn={new}",
        ),
    )


def _network_firewall(arn: str, region: str, new: str) -> tuple[str, ...]:
    which = f"--tls-inspection-configuration-arn {arn}"
    describe = _aws("network-firewall describe-tls-inspection-configuration", region, which)
    update = _aws("network-firewall update-tls-inspection-configuration", region, which)
    return (
        f"{describe} --query UpdateToken --output text",
        f"{describe} --query TLSInspectionConfiguration --output json > inspection.json",
        f"# In inspection.json, set the ResourceArn of the server certificate to {new}.",
        f"{update} --tls-inspection-configuration file://inspection.json --update-token TOKEN",
    )


def _client_vpn(arn: ConsumerArn, new: str) -> str:
    return _aws(
        "ec2 modify-client-vpn-endpoint",
        arn.region,
        f"--client-vpn-endpoint-id {arn.name} --server-certificate-arn {new}",
    )


def _beanstalk(arn: ConsumerArn, new: str) -> str:
    option = f"Namespace=aws:elbv2:listener:443,OptionName=SSLCertificateArns,Value={new}"
    return _aws(
        "elasticbeanstalk update-environment",
        arn.region,
        f"--environment-name {arn.name.rpartition('/')[2]} --option-settings {option}",
    )


def _lattice(arn: ConsumerArn, new: str) -> str:
    return _aws(
        "vpc-lattice update-service",
        arn.region,
        f"--service-identifier {arn.name} --certificate-arn {new}",
    )
