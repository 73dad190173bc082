"""Cognito: the certificates of user pools' custom domains."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from certificate_lifecycle.aws.answers import understood
from certificate_lifecycle.aws.permissions import (
    EVERYTHING,
    ROTATIONS,
    Command,
    Permission,
    Setting,
)
from certificate_lifecycle.core.consumers import Binding, ConsumerKind, Held
from certificate_lifecycle.errors import ConsumerBusyError

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient

_READERS = (*ROTATIONS, Command.EXPLAIN)
_REBIND = (Setting.REBIND_CONSUMERS, Setting.US_EAST_1)
_USER_POOLS = ("arn:{partition}:cognito-idp:us-east-1:{account}:userpool/*",)
PERMISSIONS = (
    Permission("cognito-idp:ListUserPools", _READERS, EVERYTHING, "find user pools", _REBIND),
    Permission(
        "cognito-idp:DescribeUserPool", _READERS, _USER_POOLS, "their custom domains", _REBIND
    ),
    Permission(
        "cognito-idp:DescribeUserPoolDomain",
        _READERS,
        EVERYTHING,
        "the certificates of custom domains",
        _REBIND,
    ),
    Permission(
        "cognito-idp:UpdateUserPoolDomain",
        ROTATIONS,
        _USER_POOLS,
        "change the certificate of one",
        _REBIND,
    ),
    Permission(
        "cloudfront:UpdateDistribution",
        ROTATIONS,
        EVERYTHING,
        "AWS's own distributions of custom domains",
        _REBIND,
    ),
)
_PAGE_SIZE = 60
#: What a change has to repeat in order to keep it.
_KEPT = ("ManagedLoginVersion", "Routing")


class UserPoolDomains:
    """The custom domains of the user pools of one account and region."""

    def __init__(self, client: CognitoIdentityProviderClient) -> None:
        self._client = client

    @understood("DescribeUserPoolDomain")
    def find(self, certificate_arn: str) -> list[Binding]:
        """Return the custom domains that hold a certificate."""
        return [
            Binding(ConsumerKind.USER_POOL_DOMAIN, domain, pool_id, f"Cognito domain {domain}")
            for pool_id, domain in self._domains()
            if _certificate(self._describe(domain)) == certificate_arn
        ]

    @understood("DescribeUserPoolDomain")
    def held(self, binding: Binding) -> Held | None:
        """Return what a domain holds and whether it is active; None if it is gone."""
        described = self._describe(binding.consumer)
        if not described:
            return None
        certificate, status = _certificate(described), described.get("Status")
        fault = "its status is FAILED" if status == "FAILED" else None
        return Held((certificate,) if certificate else (), status == "ACTIVE", fault)

    def bind(self, binding: Binding, certificate_arn: str) -> None:
        """Let a domain hold another certificate, everything else as it is.

        Raises ConsumerBusyError while it still carries out another change.
        """
        described = self._describe(binding.consumer)
        config = described.get("CustomDomainConfig", {})
        changed: dict[str, Any] = {
            "CustomDomainConfig": {**config, "CertificateArn": certificate_arn},
            **{name: described[name] for name in _KEPT if name in described},
        }
        try:
            self._client.update_user_pool_domain(
                Domain=binding.consumer, UserPoolId=binding.place, **changed
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConcurrentModificationException":
                raise
            raise ConsumerBusyError("it still carries out another change") from error

    def _domains(self) -> Iterator[tuple[str, str]]:
        pages = self._client.get_paginator("list_user_pools").paginate(
            PaginationConfig={"PageSize": _PAGE_SIZE}
        )
        for page in pages:
            for pool in page["UserPools"]:
                domain = self._custom_domain(pool["Id"])
                if domain is not None:
                    yield pool["Id"], domain

    def _custom_domain(self, pool_id: str) -> str | None:
        try:
            answer = self._client.describe_user_pool(UserPoolId=pool_id)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            return None
        return answer["UserPool"].get("CustomDomain")

    def _describe(self, domain: str) -> Mapping[str, Any]:
        """Describe a domain; one that does not exist has an empty description (API reference)."""
        return self._client.describe_user_pool_domain(Domain=domain).get("DomainDescription", {})


def _certificate(described: Mapping[str, Any]) -> str | None:
    found: str | None = described.get("CustomDomainConfig", {}).get("CertificateArn")
    return found
