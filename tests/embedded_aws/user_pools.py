"""Cognito: custom domains of user pools.

https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UpdateUserPoolDomain.html
moto takes any certificate, and is never busy.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from tests.embedded_aws.certificates import Certificate
from tests.embedded_aws.protocol import AwsError, EditedResult, Request
from tests.estates.estate import Estate
from tests.harness.settings import (
    AWS_ACCOUNT,
    EDGE_KEYS,
    EDGE_REGION,
    Elsewhere,
    Knobs,
    Uses,
    page_of,
    usable,
)

Result = dict[str, Any]
PAGE_SIZE = 1


@dataclass
class UserPool:
    """A user pool with a custom domain.

    `unknown` has members of the domain's description that no model knows, by their path.
    """

    id: str
    domain: str
    certificate: str
    updated_at: datetime | None = None
    failed: bool = False
    routing: Result | None = None
    security_policy: str | None = None
    unknown: dict[str, Any] = field(default_factory=dict)

    @property
    def region(self) -> str:
        """The region that the id begins with."""
        return self.id.partition("_")[0]

    @property
    def user(self) -> str:
        """What ACM names: a distribution in an account of AWS's own."""
        return f"arn:aws:cloudfront::{AWS_ACCOUNT}:distribution/E{self.id[-9:].upper()}"


class UserPools:
    """The user pools that tests have made; the certificates of all are in us-east-1."""

    def __init__(self, estate: Estate, knobs: Callable[[], Knobs], uses: Uses) -> None:
        self._estate = estate
        self._knobs = knobs
        self._uses = uses
        self.all: dict[str, UserPool] = {}

    def reset(self) -> None:
        self.all.clear()

    def add(self, domain: str, certificate: str, region: str) -> str:
        pool = UserPool(f"{region}_pool{len(self.all):05d}", domain, certificate)
        self.all[pool.id] = pool
        return pool.id

    def users(self, certificate: Certificate) -> Iterator[str]:
        return (pool.user for pool in self.all.values() if pool.certificate == certificate.arn)

    def certificates(self, name: str) -> list[str]:
        return [pool.certificate for pool in self.all.values() if pool.domain == name]

    def remove(self, name: str) -> None:
        for pool in [pool for pool in self.all.values() if pool.domain == name]:
            del self.all[pool.id]

    def unknown(self, name: str) -> dict[str, Any] | None:
        named = (pool.unknown for pool in self.all.values() if pool.domain == name)
        return next(named, None)

    def snapshot(self) -> dict[str, Any]:
        return {pool.domain: [self.shown(pool), pool.unknown] for pool in self.all.values()}

    def handlers(self) -> Mapping[tuple[str, str], Callable[[Request], Result]]:
        return {
            ("cognito-idp", "ListUserPools"): self.list,
            ("cognito-idp", "DescribeUserPool"): self.describe,
            ("cognito-idp", "DescribeUserPoolDomain"): self.describe_domain,
            ("cognito-idp", "UpdateUserPoolDomain"): self.update_domain,
        }

    def list(self, request: Request) -> Result:
        """List the user pools of a region.

        An empty collection is left out: the model of the answer requires no member.
        """
        rows: list[dict[str, object]] = [
            {"Id": pool.id, "Name": pool.id} for pool in self._in(request.region)
        ]
        page, token = page_of(rows, request.parameters.get("NextToken"), PAGE_SIZE)
        return ({"UserPools": page} if page else {}) | ({"NextToken": token} if token else {})

    def describe(self, request: Request) -> Result:
        pool = self.all.get(request.parameters["UserPoolId"])
        if pool is None or pool.region != request.region:
            raise Elsewhere
        return {"UserPool": {"Id": pool.id, "Name": pool.id, "CustomDomain": pool.domain}}

    def describe_domain(self, request: Request) -> Result:
        """Describe a domain; an unknown one has an empty description.

        https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_DescribeUserPoolDomain.html
        """
        pool = self._with(request.parameters["Domain"], request.region)
        if pool is None:
            return {"DomainDescription": {}}
        described = {"DomainDescription": self.shown(pool)}
        return EditedResult(
            described, partial(with_members, pool.unknown, inside="DomainDescription")
        )

    def shown(self, pool: UserPool) -> Result:
        policy = {"SecurityPolicy": pool.security_policy} if pool.security_policy else {}
        return {
            "UserPoolId": pool.id,
            "AWSAccountId": pool.certificate.split(":")[4],
            "Domain": pool.domain,
            "S3Bucket": f"aws-cognito-prod-{pool.region}-assets",
            "CloudFrontDistribution": "d111111abcdef8.cloudfront.net",
            "Version": "20260601000000",
            "Status": self._status(pool),
            "CustomDomainConfig": {"CertificateArn": pool.certificate, **policy},
            "ManagedLoginVersion": 2,
            **({"Routing": pool.routing} if pool.routing else {}),
        }

    def update_domain(self, request: Request) -> Result:
        """Replace all settings of a domain: those that the request leaves out are removed.

        https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UpdateUserPoolDomain.html
        """
        wanted = request.parameters
        pool = self._with(wanted["Domain"], request.region)
        if pool is None or pool.id != wanted["UserPoolId"]:
            raise AwsError("ResourceNotFoundException", "There is no such domain.")
        if self._status(pool) == "UPDATING":
            raise AwsError("ConcurrentModificationException", "The domain is being updated.")
        if wanted.get("ManagedLoginVersion") != self.shown(pool)["ManagedLoginVersion"]:
            raise AwsError("InvalidParameterException", "The login pages would change.")
        arn = wanted["CustomDomainConfig"]["CertificateArn"]
        if not usable(self._estate, arn, EDGE_REGION, EDGE_KEYS):
            raise AwsError("InvalidParameterException", f"{arn} cannot be used.")
        if not self._knobs().ignores(pool.domain):
            if arn != pool.certificate:
                self._uses.let_go(pool.certificate, pool.user)
            pool.certificate, pool.updated_at = arn, self._estate.now
            pool.failed = pool.domain in self._knobs().failing
            pool.routing = wanted.get("Routing")
            pool.security_policy = wanted["CustomDomainConfig"].get("SecurityPolicy")
            pool.unknown = members_repeated(pool.unknown, request.body)
        return {"CloudFrontDomain": "d111111abcdef8.cloudfront.net"}

    def _in(self, region: str) -> Iterator[UserPool]:
        return (pool for pool in self.all.values() if pool.region == region)

    def _with(self, domain: str, region: str) -> UserPool | None:
        return next((pool for pool in self._in(region) if pool.domain == domain), None)

    def _status(self, pool: UserPool) -> str:
        since, takes = pool.updated_at, self._knobs().user_pool_domains_update
        if since is not None and self._estate.now < since + takes:
            return "UPDATING"
        return "FAILED" if pool.failed else "ACTIVE"


def with_members(unknown: Mapping[str, Any], body: bytes, *, inside: str) -> bytes:
    """Add the members of `unknown` to a JSON response, as a newer API has them.

    Their paths begin at the member that is named `inside`; an entry of a list has its index.
    """
    answer = json.loads(body)
    for path, value in unknown.items():
        *parents, name = path.split("/")
        entry = answer[inside]
        for parent in parents:
            entry = entry[int(parent) if isinstance(entry, list) else parent]
        entry[name] = value
    return json.dumps(answer).encode()


def members_repeated(unknown: Mapping[str, Any], body: bytes) -> dict[str, Any]:
    """Return the members of `unknown` that an update repeats at the same place."""
    kept = {}
    for path, value in unknown.items():
        entry: Any = json.loads(body)
        for name in path.split("/"):
            entry = entry.get(name, {}) if isinstance(entry, dict) else {}
        if entry == value:
            kept[path] = value
    return kept
