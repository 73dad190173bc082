"""Cognito: the certificates of user pools' custom domains."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from certificate_lifecycle.aws.consumers.base import (
    EdgeDomains,
    Refusal,
    RefusalKind,
)
from certificate_lifecycle.aws.permissions import (
    EVERYTHING,
    ROTATIONS,
    Command,
    Setting,
    declare,
    for_rotations,
    regional,
)
from certificate_lifecycle.aws.responses import paginated, unless, validated_response
from certificate_lifecycle.aws.whole_writes import WholeWrite, accepted, require_complete
from certificate_lifecycle.model.certificate import Certificate
from certificate_lifecycle.model.errors import ConsumerChangedError
from certificate_lifecycle.parsing.documents import json_tree
from certificate_lifecycle.policy.bindings import Binding, BindingState, ConsumerArn, ConsumerKind
from certificate_lifecycle.render.manual_steps import ANY_REGION, argument, aws_command

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient

_READERS = (*ROTATIONS, Command.EXPLAIN)
_REBIND = (Setting.REBIND_CONSUMERS, Setting.US_EAST_1)
_USER_POOLS = ("arn:{partition}:cognito-idp:*:{account}:userpool/*",)
PERMISSIONS = (
    *declare(_READERS, "cognito-idp", EVERYTHING, *_REBIND, ListUserPools="find user pools"),
    *declare(
        _READERS, "cognito-idp", _USER_POOLS, *_REBIND, DescribeUserPool="their custom domains"
    ),
    *declare(
        _READERS,
        "cognito-idp",
        EVERYTHING,
        *_REBIND,
        DescribeUserPoolDomain="the certificates of custom domains",
    ),
    *for_rotations(
        "cognito-idp",
        regional("cognito-idp", "userpool/*"),
        *_REBIND,
        UpdateUserPoolDomain="change the certificate of a custom domain",
    ),
    *for_rotations(
        "cloudfront",
        EVERYTHING,
        *_REBIND,
        UpdateDistribution="AWS's own distributions of custom domains",
    ),
)
#: The certificate of a custom domain; `qualifier` is its user pool.
USER_POOL_DOMAIN = ConsumerKind("UserPoolDomain")
#: An update removes members that the request leaves out (API reference, UpdateUserPoolDomain).
DOMAIN_WRITE = WholeWrite(
    service="cognito-idp",
    read="DescribeUserPoolDomain",
    write="UpdateUserPoolDomain",
    tree=json_tree,
    at=("DomainDescription",),
    # Members that Cognito sets itself (API reference, DomainDescriptionType).
    changed=frozenset(
        (
            "AWSAccountId",
            "CloudFrontDistribution",
            "CustomDomainConfig.CertificateArn",
            "S3Bucket",
            "Status",
            "Version",
        )
    ),
)
_PAGE_SIZE = 60
#: API reference, UpdateUserPoolDomain.
_REFUSALS = (
    Refusal("ConcurrentModificationException", RefusalKind.BUSY, "another change is in progress"),
    # A certificate that cannot be used is one of many invalid parameters.
    Refusal("InvalidParameterException", RefusalKind.CERTIFICATE, message="certificate"),
)


class UserPoolDomains(EdgeDomains):
    """The custom domains of the user pools of one account and region."""

    service = "cognito-idp"
    kinds = (USER_POOL_DOMAIN,)
    permissions = PERMISSIONS
    refusals = _REFUSALS
    whole_writes = (DOMAIN_WRITE,)
    _client: CognitoIdentityProviderClient

    @classmethod
    def manual_steps(cls, arn: ConsumerArn, successor_arn: str) -> tuple[str, ...]:
        """Return the calls that read a domain and write it with another certificate."""
        if not arn.foreign:
            return _steps(arn.region, "DOMAIN_NAME", arn.name, successor_arn)
        steps = _steps(ANY_REGION, "DOMAIN_NAME", "USER_POOL_ID", successor_arn)
        return ("# A custom domain of Cognito, in any region:", *steps)

    def manual_steps_of(self, binding: Binding, certificate_arn: str) -> tuple[str, ...]:
        """Return the calls that read and write one domain."""
        domain, pool_id = argument(binding.consumer), argument(binding.qualifier)
        return _steps(self._scope.region, domain, pool_id, certificate_arn)

    def find(self, certificate: Certificate) -> list[Binding]:
        """Return the custom domains that use a certificate.

        Domains are read only if `InUseBy` has a distribution in an account of AWS's own.
        """
        return super().find(certificate) if self._owned(certificate) else []

    @validated_response("DescribeUserPoolDomain")
    def settings(self) -> list[tuple[Binding, str]]:
        """Return every custom domain that has a certificate."""
        return [
            (Binding(USER_POOL_DOMAIN, domain, pool_id, f"Cognito domain {domain}"), certificate)
            for pool_id, domain in self._domains()
            if (certificate := _certificate(self._describe(domain)))
        ]

    @validated_response("DescribeUserPoolDomain")
    def current(self, binding: Binding) -> BindingState | None:
        """Return the certificate of a domain; None if the domain does not exist."""
        described = self._describe(binding.consumer)
        if not described:
            return None
        certificate, status = _certificate(described), described.get("Status")
        error = "its status is FAILED" if status == "FAILED" else None
        return BindingState((certificate,) if certificate else (), status == "ACTIVE", error)

    def bind(self, binding: Binding, certificate_arn: str, *, instead_of: str) -> None:
        """Set the certificate and keep the other settings of the domain.

        Raises ConsumerChangedError if the domain has neither certificate or does not exist, and
        UnknownSettingError if this SDK would lose one of its settings.
        """
        answer = self._client.describe_user_pool_domain(Domain=binding.consumer)
        described: Mapping[str, Any] = answer.get("DomainDescription", {})
        current = _certificate(described)
        if current == certificate_arn:
            return
        if current != instead_of:
            raise ConsumerChangedError(f"{binding.label} was changed")
        config = described["CustomDomainConfig"]
        request: dict[str, Any] = {
            **accepted(self._client, DOMAIN_WRITE, described),
            "Domain": binding.consumer,
            "UserPoolId": binding.qualifier,
            "CustomDomainConfig": {**config, "CertificateArn": certificate_arn},
        }
        require_complete(self._client, DOMAIN_WRITE, answer, request)
        self._client.update_user_pool_domain(**request)

    def _domains(self) -> Iterator[tuple[str, str]]:
        size = {"PageSize": _PAGE_SIZE}
        for pool in paginated(self._client, "list_user_pools", "UserPools", PaginationConfig=size):
            domain = self._custom_domain(pool["Id"])
            if domain is not None:
                yield pool["Id"], domain

    def _custom_domain(self, pool_id: str) -> str | None:
        answer = unless(
            "ResourceNotFoundException",
            lambda: self._client.describe_user_pool(UserPoolId=pool_id),
        )
        return answer["UserPool"].get("CustomDomain") if answer else None

    def _describe(self, domain: str) -> Mapping[str, Any]:
        """Describe a domain; the description of a missing domain is empty (API reference)."""
        return self._client.describe_user_pool_domain(Domain=domain).get("DomainDescription", {})


def _steps(region: str, domain: str, pool_id: str, new: str) -> tuple[str, ...]:
    return (
        aws_command("cognito-idp describe-user-pool-domain", region, f"--domain {domain}"),
        "# With the ManagedLoginVersion of this output:",
        aws_command(
            "cognito-idp update-user-pool-domain",
            region,
            f"--domain {domain} --user-pool-id {pool_id}",
            "--managed-login-version MANAGED_LOGIN_VERSION",
            f"--custom-domain-config CertificateArn={new}",
        ),
    )


def _certificate(described: Mapping[str, Any]) -> str | None:
    found: str | None = described.get("CustomDomainConfig", {}).get("CertificateArn")
    return found
