"""ACM's ACME endpoints, their domain validations and external account bindings.

ACME clients get certificates from an endpoint while the DNS records of its domain validations
exist, and register with it by a binding that has not ended (ACM user guide, "ACME endpoints").
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import (
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's name
    HTTPClientError,
)

from certificate_lifecycle.aws.permissions import (
    DRILLS,
    EVERYTHING,
    SCANS,
    declare,
    for_scans,
    regional,
)
from certificate_lifecycle.aws.responses import (
    arn_in,
    error_code,
    existing,
    paginated,
    utc,
    validated_response,
)
from certificate_lifecycle.log import logger
from certificate_lifecycle.model.acme import (
    AcmeBinding,
    AcmeEndpoint,
    AcmeEndpointStatus,
    AcmeFailure,
    AcmeValidation,
    AcmeValidationStatus,
    BindingUse,
)
from certificate_lifecycle.model.certificate import (
    Certificate,
    CertificateDetail,
    CertificateStatus,
    CertificateType,
    DomainValidation,
    ValidationMethod,
    ValidationRecord,
)
from certificate_lifecycle.model.errors import CertificateNotFoundError

if TYPE_CHECKING:
    from mypy_boto3_acm import ACMClient

E = TypeVar("E", bound=StrEnum)

_CALLERS = (*SCANS, *DRILLS)
_PARTS = regional("acm", "acme-endpoint/*")
PERMISSIONS = (
    *declare(_CALLERS, "acm", EVERYTHING, ListAcmeEndpoints="ACME endpoints that failed"),
    *declare(
        _CALLERS,
        "acm",
        _PARTS,
        ListAcmeDomainValidations="the domains that ACME clients get certificates for",
        ListAcmeExternalAccountBindings="whether ACME clients can register",
    ),
    *for_scans(
        "acm",
        _PARTS,
        DescribeAcmeDomainValidation="the DNS record of a domain validation",
        ListTagsForResource="who manages a domain validation",
    ),
)
#: Statuses in which an endpoint issues, or may issue.
_ISSUING = (AcmeEndpointStatus.ACTIVE, AcmeEndpointStatus.NOT_UNDERSTOOD)
_ENABLED = "ENABLED"
_UNKNOWN_OPERATION = "UnknownOperationException"


class AcmeEndpoints:
    """The ACME endpoints of an account in one region, with their validations and bindings."""

    name = "ACME endpoints"

    def __init__(self, client: Callable[[], ACMClient]) -> None:
        self._client = client
        #: Errors of `list_all` by the ARN of the endpoint, for `describe` to raise.
        self._errors: dict[str, Exception] = {}

    def concerns(self, _: Sequence[Certificate]) -> bool:
        """Whether the SDK knows ACME endpoints: one without certificates may have failed."""
        return hasattr(self._client(), "list_acme_endpoints")

    def list_all(self) -> Iterator[Certificate]:
        """Yield each endpoint, domain validation and binding, except for those being deleted.

        An endpoint whose parts cannot be listed is yielded without detail, and `describe` raises
        the error. A service that does not answer ends the listing: each call would cost a minute.
        A region that does not know the operation has no endpoints.
        """
        try:
            yield from self._endpoints()
        except ClientError as error:
            if error_code(error) != _UNKNOWN_OPERATION:
                raise
            logger.info("region without ACME endpoints", extra={"reason": _UNKNOWN_OPERATION})

    def _endpoints(self) -> Iterator[Certificate]:
        with validated_response("ListAcmeEndpoints"):
            for found in self._paginated("list_acme_endpoints", "AcmeEndpoints"):
                status = _member(AcmeEndpointStatus, found.get("Status"))
                if status is AcmeEndpointStatus.DELETING:
                    continue
                arn = arn_in(found, "AcmeEndpointArn")
                parts = self._parts(arn) if status in _ISSUING else []
                yield _endpoint(found, arn, status, described=arn not in self._errors)
                yield from parts

    def describe(self, listed: Certificate) -> Certificate:
        """Return a domain validation with its record and tags, or another resource as listed.

        Raises CertificateNotFoundError if it was deleted, and the error of an endpoint's listing.
        """
        error = self._errors.pop(listed.arn, None)
        if error is not None:
            raise error
        if listed.type is not CertificateType.ACME_DOMAIN_VALIDATION:
            return listed
        client = self._client()
        with validated_response("DescribeAcmeDomainValidation"), existing(listed.arn):
            answer = client.describe_acme_domain_validation(AcmeDomainValidationArn=listed.arn)
            described = _validation(answer["AcmeDomainValidation"], described=True)
        with validated_response("ListTagsForResource"), existing(listed.arn):
            tags = client.list_tags_for_resource(ResourceArn=listed.arn)["Tags"]
            return described.with_tags(tuple((tag["Key"], tag.get("Value", "")) for tag in tags))

    def _parts(self, endpoint: str) -> list[Certificate]:
        try:
            return [*self._validations(endpoint), *self._bindings(endpoint)]
        except CertificateNotFoundError:
            return []
        except (ConnectionError, HTTPClientError):
            raise
        except Exception as error:  # noqa: BLE001 - one must not stop the others; `describe` raises it
            logger.warning("endpoint unreadable", exc_info=True, extra={"endpoint_arn": endpoint})
            self._errors[endpoint] = error
            return []

    def _validations(self, endpoint: str) -> Iterator[Certificate]:
        operation, member = "list_acme_domain_validations", "AcmeDomainValidations"
        with validated_response("ListAcmeDomainValidations"), existing(endpoint):
            for found in self._paginated(operation, member, AcmeEndpointArn=endpoint):
                if found.get("Status") != AcmeValidationStatus.DELETING:
                    yield _validation(found, described=False)

    def _bindings(self, endpoint: str) -> Iterator[Certificate]:
        operation, member = "list_acme_external_account_bindings", "ExternalAccountBindings"
        with validated_response("ListAcmeExternalAccountBindings"), existing(endpoint):
            found = list(self._paginated(operation, member, AcmeEndpointArn=endpoint))
            uses = [_use(entry) for entry in found]
            for number, entry in enumerate(found):
                others = (*uses[:number], *uses[number + 1 :])
                binding = AcmeBinding(role_arn=entry["RoleArn"], use=uses[number], others=others)
                arn = arn_in(entry, "AcmeExternalAccountBindingArn")
                live = CertificateStatus.ISSUED
                kind = CertificateType.ACME_ACCOUNT_BINDING
                yield _listed(arn, kind, live, entry, CertificateDetail(acme=binding))

    def _paginated(self, operation: str, member: str, **parameters: str) -> Iterator[Any]:
        return paginated(self._client(), operation, member, required=True, **parameters)


def _endpoint(
    found: Mapping[str, Any], arn: str, status: AcmeEndpointStatus, *, described: bool
) -> Certificate:
    active = status is AcmeEndpointStatus.ACTIVE
    endpoint = AcmeEndpoint(status, found.get("FailureReason", ""))
    return _listed(
        arn,
        CertificateType.ACME_ENDPOINT,
        CertificateStatus.ISSUED if active else CertificateStatus.INACTIVE,
        found,
        CertificateDetail(acme=endpoint, described=described),
    )


def _validation(found: Mapping[str, Any], *, described: bool) -> Certificate:
    domain = found["DomainName"]
    status = _member(AcmeValidationStatus, found.get("Status"))
    failure = found.get("FailureDetails", {})
    reason, dns = failure.get("Reason"), found.get("PrevalidationDetails", {})
    dns = dns.get("DnsPrevalidation", {})
    scope = dns.get("DomainScope", {})
    record = dns.get("ResourceRecord")
    valid = status is AcmeValidationStatus.VALID
    # Its record has to stay in DNS, so that none counts as validated for good.
    wanted = DomainValidation(
        domain_name=domain,
        method=ValidationMethod.DNS,
        validated=False,
        record=ValidationRecord(record["Name"], record["Type"], record["Value"])
        if record
        else None,
    )
    listed = _listed(
        arn_in(found, "AcmeDomainValidationArn"),
        CertificateType.ACME_DOMAIN_VALIDATION,
        CertificateStatus.ISSUED if valid else CertificateStatus.INACTIVE,
        found,
        CertificateDetail(
            validations=(wanted,),
            acme=AcmeValidation(
                status=status,
                failure=_member(AcmeFailure, reason) if reason else None,
                text=failure.get("Message", ""),
                hosted_zone=dns.get("HostedZoneId"),
                enabled=tuple(sorted(name for name in scope if scope[name] == _ENABLED)),
            ),
            described=described,
        ),
    )
    return replace(listed, names=(domain,))


def _use(found: Mapping[str, Any]) -> BindingUse:
    ends = [utc(found[name]) for name in ("ExpiresAt", "RevokedAt") if name in found]
    ends_at = min((end for end in ends if end is not None), default=None)
    return BindingUse(ends_at, used="LastUsedAt" in found)


def _listed(
    arn: str,
    kind: CertificateType,
    status: CertificateStatus,
    found: Mapping[str, Any],
    detail: CertificateDetail,
) -> Certificate:
    """Return a resource under its ARN, with the last part of the ARN as its only name.

    Clients depend on it, so that it counts as used.
    """
    return Certificate(
        arn=arn,
        names=("/".join(arn.split("/")[-2:]).rpartition(":")[2],),
        status=status,
        type=kind,
        key_algorithm="",
        in_use=True,
        created_at=utc(found.get("CreatedAt")),
        detail=detail,
    )


def _member(enum: type[E], value: object) -> E:
    """Return the member of a value; one that AWS added later becomes NOT_UNDERSTOOD."""
    return enum(str(value) if value in tuple(enum) else "NOT_UNDERSTOOD")
