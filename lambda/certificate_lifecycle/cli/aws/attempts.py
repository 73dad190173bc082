"""Try each read call of a scan once, with the smallest possible request.

A call that needs a name uses one that does not exist: AWS authorizes a request before it carries
it out (IAM user guide, "How IAM works"), so "not found" means that the call is allowed.
The adapters in `aws` declare the permissions for these calls.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError

from certificate_lifecycle.aws.acm import KEY_TYPES
from certificate_lifecycle.aws.clients import Clients
from certificate_lifecycle.aws.consumers.registry import AwsConsumers
from certificate_lifecycle.aws.read_calls import ReadCall
from certificate_lifecycle.aws.responses import error_code
from certificate_lifecycle.model.pointers import pointer_path
from certificate_lifecycle.model.scope import Scope

DENIALS = frozenset(
    {"AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation"}
)
_SOME_ID = "00000000-0000-0000-0000-000000000000"
_SOME_NAME = "certificate-lifecycle-doctor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One tried call, and the resource that a policy has to allow it on.

    `denied` is AWS's message if it denied the call, `failed` any other error. An `optional` call
    only makes a scan faster.
    """

    action: str
    resource: str
    denied: str | None = None
    failed: Exception | None = None
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Attempts:
    """The calls of a scan in one account and region.

    `state_store` names the table, and `pointers` the instance that has pointers, if any; both are
    in the account and region of the functions.
    """

    clients: Clients
    scope: Scope
    role_arn: str | None
    state_store: tuple[Scope, str] | None = None
    pointers: tuple[Scope, str] | None = None

    def try_all(self) -> Iterator[Attempt]:
        """Try each call and yield its result; a failed call does not stop the others."""
        return map(_try, self._calls())

    def _calls(self) -> Iterator[ReadCall]:
        yield from self._acm()
        yield from self._acme()
        yield from self._dns()
        yield from self._stores()
        yield from AwsConsumers(self.clients, self.scope, self.role_arn).read_calls()
        if self.pointers is not None:
            yield from self._pointers(*self.pointers)
        if self.state_store is not None:
            home, table = self.state_store
            dynamodb = self.clients.any("dynamodb", home.region)
            where = f"{home.region}:{home.account_id}"
            yield ReadCall(
                "dynamodb:Query",
                f"arn:{home.partition}:dynamodb:{where}:table/{table}",
                lambda: dynamodb.query(
                    TableName=table,
                    Limit=1,
                    KeyConditionExpression="#scope = :scope",
                    ExpressionAttributeNames={"#scope": "scope"},
                    ExpressionAttributeValues={":scope": {"S": f"{home.account_id}/{home.region}"}},
                ),
            )

    def _acm(self) -> Iterator[ReadCall]:
        acm = self.clients.any("acm", self.scope.region, self.role_arn)
        arn = self.scope.arn("acm", f"certificate/{_SOME_ID}")
        certificates = self.scope.arn("acm", "certificate/*")
        absent = frozenset({"ResourceNotFoundException"})
        yield ReadCall(
            "acm:ListCertificates",
            "*",
            lambda: acm.list_certificates(MaxItems=1, Includes={"keyTypes": KEY_TYPES}),
        )
        if hasattr(acm, "search_certificates"):
            # Where a region does not support it, a scan uses other calls.
            unknown = frozenset({"UnknownOperationException", "ValidationException"})
            search: Any = acm.search_certificates
            yield ReadCall(
                "acm:SearchCertificates", "*", lambda: search(MaxResults=1), unknown, optional=True
            )
        describe, tags = acm.describe_certificate, acm.list_tags_for_certificate
        yield ReadCall(
            "acm:DescribeCertificate", certificates, lambda: describe(CertificateArn=arn), absent
        )
        yield ReadCall(
            "acm:ListTagsForCertificate", certificates, lambda: tags(CertificateArn=arn), absent
        )
        index = self.clients.any("resourcegroupstaggingapi", self.scope.region, self.role_arn)
        yield ReadCall(
            "tag:GetResources",
            "*",
            lambda: index.get_resources(ResourceARNList=[arn]),
            optional=True,
        )

    def _acme(self) -> Iterator[ReadCall]:
        acm: Any = self.clients.any("acm", self.scope.region, self.role_arn)
        if not hasattr(acm, "list_acme_endpoints"):
            return
        endpoint = self.scope.arn("acm", f"acme-endpoint/{_SOME_ID}")
        validation = f"{endpoint}/acme-domain-validation/{_SOME_ID}"
        # A region without ACME endpoints does not know the calls.
        absent = frozenset({"ResourceNotFoundException", "UnknownOperationException"})
        yield ReadCall(
            "acm:ListAcmeEndpoints", "*", lambda: acm.list_acme_endpoints(MaxResults=1), absent
        )
        for name, parameters in (
            ("ListAcmeDomainValidations", {"AcmeEndpointArn": endpoint}),
            ("ListAcmeExternalAccountBindings", {"AcmeEndpointArn": endpoint}),
            ("DescribeAcmeDomainValidation", {"AcmeDomainValidationArn": validation}),
            ("ListTagsForResource", {"ResourceArn": validation}),
        ):
            yield ReadCall(
                f"acm:{name}",
                self.scope.arn("acm", "acme-endpoint/*"),
                partial(getattr(acm, xform_name(name)), **parameters),
                absent,
            )

    def _dns(self) -> Iterator[ReadCall]:
        route53 = self.clients.route53(self.role_arn)
        zone = "Z00000000000000000000"
        yield ReadCall(
            "route53:ListHostedZones", "*", lambda: route53.list_hosted_zones(MaxItems="1")
        )
        yield ReadCall(
            "route53:ListResourceRecordSets",
            f"arn:{self.scope.partition}:route53:::hostedzone/*",
            lambda: route53.list_resource_record_sets(HostedZoneId=zone, MaxItems="1"),
            frozenset({"NoSuchHostedZone"}),
        )

    def _pointers(self, home: Scope, instance: str) -> Iterator[ReadCall]:
        ssm = self.clients.any("ssm", home.region)
        path = pointer_path(instance)
        yield ReadCall(
            "ssm:GetParametersByPath",
            home.arn("ssm", f"parameter{path}"),
            lambda: ssm.get_parameters_by_path(Path=path, Recursive=True, MaxResults=1),
        )
        yield ReadCall(
            "ssm:GetParameter",
            home.arn("ssm", f"parameter{path}/*"),
            lambda: ssm.get_parameter(Name=f"{path}/{_SOME_NAME}/arn"),
            frozenset({"ParameterNotFound"}),
        )

    def _stores(self) -> Iterator[ReadCall]:
        iam = self.clients.any("iam", self.scope.region, self.role_arn)
        pca = self.clients.any("acm-pca", self.scope.region, self.role_arn)
        owner = f"arn:{self.scope.partition}:iam::{self.scope.account_id}"
        authority = self.scope.arn("acm-pca", f"certificate-authority/{_SOME_ID}")
        yield ReadCall(
            "iam:ListServerCertificates", "*", lambda: iam.list_server_certificates(MaxItems=1)
        )
        yield ReadCall(
            "iam:GetServerCertificate",
            f"{owner}:server-certificate/*",
            lambda: iam.get_server_certificate(ServerCertificateName=_SOME_NAME),
            frozenset({"NoSuchEntity"}),
        )
        yield ReadCall(
            "acm-pca:ListCertificateAuthorities",
            "*",
            lambda: pca.list_certificate_authorities(MaxResults=1),
        )
        yield ReadCall(
            "acm-pca:ListPermissions",
            self.scope.arn("acm-pca", "certificate-authority/*"),
            lambda: pca.list_permissions(CertificateAuthorityArn=authority),
            frozenset({"ResourceNotFoundException"}),
        )
        yield ReadCall(
            "acm-pca:GetCertificateAuthorityCertificate",
            f"arn:{self.scope.partition}:acm-pca:{self.scope.region}:*:certificate-authority/*",
            lambda: pca.get_certificate_authority_certificate(CertificateAuthorityArn=authority),
            frozenset({"ResourceNotFoundException"}),
        )


def _try(call: ReadCall) -> Attempt:
    attempt = Attempt(action=call.action, resource=call.resource, optional=call.optional)
    try:
        call.make()
    except ClientError as error:
        code = error_code(error)
        if code in DENIALS:
            return replace(attempt, denied=error.response["Error"].get("Message", code))
        return attempt if code in call.absent else replace(attempt, failed=error)
    except Exception as error:  # noqa: BLE001 - one failure must not stop the others; reported
        return replace(attempt, failed=error)
    return attempt
