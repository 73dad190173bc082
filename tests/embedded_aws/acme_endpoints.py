"""ACM's ACME endpoints, their domain validations and external account bindings.

https://docs.aws.amazon.com/acm/latest/userguide/acm-acme-endpoints.html
https://docs.aws.amazon.com/acm/latest/userguide/acm-acme-domain-validation.html
https://docs.aws.amazon.com/acm/latest/userguide/acm-acme-eab.html
moto has none of them. Lists leave out the DNS record of a domain validation, which the user guide
reads with DescribeAcmeDomainValidation, and members without a value.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from tests.embedded_aws.certificates import (
    VALIDATION_DEADLINE,
    ValidationRecord,
    tag_list,
    validation_record,
)
from tests.embedded_aws.protocol import AwsError, Request
from tests.embedded_aws.zones import DEFAULT_ACCOUNT, Zones, normalised

Result = dict[str, Any]
Handlers = Mapping[tuple[str, str], Callable[[Request], Result]]
#: Small, so that a program that forgets paging fails.
PAGE_SIZE = 2
SCOPE = ("ExactDomain", "Subdomains", "Wildcards")


@dataclass
class Resource:
    """An endpoint, a validation or a binding; `shown` are its members in the API."""

    arn: str
    account: str
    created_at: datetime
    shown: Result = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    record: ValidationRecord | None = None

    @property
    def endpoint_arn(self) -> str:
        return "/".join(self.arn.split("/")[:2])


class AcmeEndpoints:
    """The endpoints that tests have made; `unsupported` are the regions without them."""

    def __init__(self, clock: Callable[[], datetime], zones: Zones) -> None:
        self._clock, self._zones = clock, zones
        self.reset()

    def reset(self) -> None:
        self.all: dict[str, Resource] = {}
        self.unsupported: set[str] = set()

    # --- for the tests ------------------------------------------------------------------------

    def add(
        self,
        *,
        status: str = "ACTIVE",
        reason: str | None = None,
        region: str = "eu-west-1",
        account: str = DEFAULT_ACCOUNT,
    ) -> str:
        """Make an endpoint and return its ARN."""
        arn = f"arn:aws:acm:{region}:{account}:acme-endpoint/{uuid.uuid4()}"
        url = f"https://acm-acme-enroll.{region}.api.aws/{arn.rpartition('/')[2]}/directory"
        return self._keep(
            arn, AcmeEndpointArn=arn, EndpointUrl=url, Status=status, FailureReason=reason
        )

    def validate(
        self,
        endpoint: str,
        domain: str,
        *,
        status: str = "VALIDATING",
        reason: str | None = None,
        hosted_zone: str | None = None,
        age: timedelta = timedelta(0),
        tags: Mapping[str, str] | None = None,
    ) -> str:
        """Add a domain validation to an endpoint and return its ARN."""
        arn = f"{endpoint}/acme-domain-validation/{uuid.uuid4()}"
        self._keep(
            arn,
            age,
            AcmeDomainValidationArn=arn,
            AcmeEndpointArn=endpoint,
            DomainName=domain,
            PrevalidationType="DNS_PREVALIDATION",
            Status=status,
            FailureDetails={"Reason": reason, "Message": f"{domain} failed."} if reason else None,
            PrevalidationDetails={
                "DnsPrevalidation": {
                    "DomainScope": dict.fromkeys(SCOPE, "ENABLED"),
                    **({"HostedZoneId": hosted_zone} if hosted_zone else {}),
                }
            },
        )
        # "Different endpoints require separate CNAME records, even for the same domain."
        self.all[arn].record = validation_record(domain, endpoint)
        self.all[arn].tags = dict(tags or {})
        return arn

    def bind(
        self,
        endpoint: str,
        *,
        ends_in: timedelta | None = None,
        used: bool = False,
        revoked: bool = False,
        age: timedelta = timedelta(0),
    ) -> str:
        """Add an external account binding to an endpoint and return its ARN."""
        arn = f"{endpoint}/acme-external-account-binding/{uuid.uuid4()}"
        now = self._clock()
        return self._keep(
            arn,
            age,
            AcmeExternalAccountBindingArn=arn,
            AcmeEndpointArn=endpoint,
            RoleArn="arn:aws:iam::123456789012:role/acme",
            ExpiresAt=None if ends_in is None else now + ends_in,
            LastUsedAt=now if used else None,
            RevokedAt=now if revoked else None,
        )

    def record(self, arn: str) -> ValidationRecord:
        """Return the record that a domain validation needs."""
        found = self.all[arn].record
        assert found is not None
        return found

    def _keep(self, arn: str, age: timedelta = timedelta(0), **shown: Any) -> str:  # noqa: ANN401 - members of the API
        self.all[arn] = Resource(arn, arn.split(":")[4], self._clock() - age, shown)
        return arn

    # --- the API ------------------------------------------------------------------------------

    def handlers(self) -> Handlers:
        operations = {
            "DescribeAcmeDomainValidation": self.describe_validation,
            "ListAcmeDomainValidations": self.list_validations,
            "ListAcmeEndpoints": self.list_endpoints,
            "ListAcmeExternalAccountBindings": self.list_bindings,
            "ListTagsForResource": self.list_tags,
        }
        return {
            ("acm", name): partial(self._answer, handler) for name, handler in operations.items()
        }

    def _answer(self, handler: Callable[[Request], Result], request: Request) -> Result:
        """Refuse an operation that the region lacks, without a text, as JSON services do."""
        if request.region in self.unsupported:
            raise AwsError("UnknownOperationException", "")
        return handler(request)

    def list_endpoints(self, request: Request) -> Result:
        mine = (request.account, request.region)
        found = [
            entry
            for entry in self.all.values()
            if entry.arn == entry.endpoint_arn and (entry.account, entry.arn.split(":")[3]) == mine
        ]
        return _page("AcmeEndpoints", map(self._shown, found), request)

    def list_validations(self, request: Request) -> Result:
        found = self._children(request, "acme-domain-validation")
        return _page("AcmeDomainValidations", found, request)

    def list_bindings(self, request: Request) -> Result:
        found = self._children(request, "acme-external-account-binding")
        return _page("ExternalAccountBindings", found, request)

    def describe_validation(self, request: Request) -> Result:
        found = self._named(request, "AcmeDomainValidationArn")
        shown = self._shown(found)
        dns = dict(shown["PrevalidationDetails"]["DnsPrevalidation"])
        if found.record is not None:
            dns["ResourceRecord"] = found.record.shown()
        shown["PrevalidationDetails"] = {"DnsPrevalidation": dns}
        return {"AcmeDomainValidation": shown}

    def list_tags(self, request: Request) -> Result:
        return {"Tags": tag_list(self._named(request, "ResourceArn").tags)}

    def _children(self, request: Request, kind: str) -> list[Result]:
        endpoint = self._named(request, "AcmeEndpointArn").arn
        return [
            self._shown(entry)
            for entry in self.all.values()
            if entry.arn.startswith(f"{endpoint}/{kind}/")
        ]

    def _named(self, request: Request, name: str) -> Resource:
        arn = request.parameters[name]
        found = self.all.get(arn)
        here = f":{request.region}:{request.account}:"
        if found is None or here not in found.arn:
            raise AwsError("ResourceNotFoundException", f"Could not find {arn}.")
        return found

    def _shown(self, entry: Resource) -> Result:
        """Show a resource; a domain validation has 72 hours to find its record."""
        if entry.shown.get("Status") == "VALIDATING":
            self._verify(entry)
        shown = {name: value for name, value in entry.shown.items() if value is not None}
        return {**shown, "CreatedAt": entry.created_at, "UpdatedAt": entry.created_at}

    def _verify(self, entry: Resource) -> None:
        """Find the record, or fail after 72 hours (user guide, "Status lifecycle")."""
        record = entry.record
        if record is not None and normalised(record.value) in map(
            normalised, self._zones.resolve(record.name, account=entry.account)
        ):
            entry.shown["Status"] = "VALID"
        elif self._clock() >= entry.created_at + VALIDATION_DEADLINE:
            entry.shown["Status"] = "INVALID"
            entry.shown["FailureDetails"] = {"Reason": "TIMED_OUT", "Message": "Not found."}


def _page(member: str, rows: Iterable[Result], request: Request) -> Result:
    found = list(rows)
    start = int(request.parameters.get("NextToken") or 0)
    end = start + PAGE_SIZE
    result: Result = {member: found[start:end]}
    return {**result, "NextToken": str(end)} if end < len(found) else result
