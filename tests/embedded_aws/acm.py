"""ACM's operations, over certificates that follow the test's clock and the embedded public DNS.

https://docs.aws.amazon.com/acm/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from tests.embedded_aws import search
from tests.embedded_aws.acm_shapes import Shown
from tests.embedded_aws.certificates import (
    EXTENDED_USAGES,
    N2_USAGES,
    PRIVATE_EXPORT,
    Certificate,
    MethodUpdate,
    distinct,
    tag_list,
)
from tests.embedded_aws.protocol import AwsError, Request
from tests.estates.estate import Estate

Result = dict[str, Any]
Handler = Callable[[Request], Result]

# Without `Includes.keyTypes`: "Default filtering returns only RSA_1024 and RSA_2048 certificates".
DEFAULT_KEY_TYPES = ("RSA_1024", "RSA_2048")
# Without `CertificateKeyPairOrigins`: ACME-issued certificates stay hidden.
DEFAULT_ORIGINS = ("AWS_MANAGED", "CUSTOMER_PROVIDED")
REQUESTABLE = ("RSA_2048", "EC_prime256v1", "EC_secp384r1")
COMMON_NAME_OCTETS = 64
# Without `MaxResults`.
SEARCH_PAGE = 100
TOKEN_WINDOW = timedelta(hours=1)


class Acm:
    """The operations; each takes a recognised request and returns what the model describes."""

    def __init__(self, estate: Estate) -> None:
        self._estate = estate
        self._shown = Shown(estate)

    def handlers(self) -> Mapping[str, Handler]:
        return {
            "AddTagsToCertificate": self.add_tags,
            "DeleteCertificate": self.delete,
            "DescribeCertificate": self.describe,
            "ListCertificateDomainValidations": self.list_domain_validations,
            "ListCertificates": self.list_certificates,
            "ListTagsForCertificate": self.list_tags,
            "RemoveTagsFromCertificate": self.remove_tags,
            "RenewCertificate": self.renew,
            "RequestCertificate": self.request,
            "SearchCertificates": self.search,
            "ResendValidationEmail": self.resend_validation_email,
            "UpdateCertificateOptions": self.update_options,
        }

    # --- reading ------------------------------------------------------------------------------

    def list_certificates(self, request: Request) -> Result:
        wanted = self._known_filters(request)
        if ("SortBy" in wanted) is not ("SortOrder" in wanted):
            raise AwsError("ValidationException", "SortBy and SortOrder must be given together.")
        found = [c for c in self._estate.of(request) if self._selected(c, wanted)]
        found.sort(key=lambda c: c.created_at, reverse=wanted.get("SortOrder") == "DESCENDING")
        page, token = self._paged(found, wanted)
        result: Result = {"CertificateSummaryList": [self._shown.summary(c) for c in page]}
        return {**result, "NextToken": token} if token else result

    def _known_filters(self, request: Request) -> Mapping[str, Any]:
        """Return the parameters; a region that lacks a filter refuses or ignores it.

        A JSON service ignores a member that its model lacks, and a validating front end refuses it
        (https://smithy.io/2.0/spec/protocol-traits.html); which of both ACM does is not documented.
        """
        lacking = self._estate.filters_unknown.get(request.region, {})
        refused = [name for name, refuses in lacking.items() if refuses]
        for name in refused:
            if name in request.parameters:
                raise AwsError("ValidationException", f"{name} is not supported in this Region.")
        return {name: value for name, value in request.parameters.items() if name not in lacking}

    def search(self, request: Request) -> Result:
        """Answer with all key types and origins.

        Amazon N2 certificates need a filter by root hierarchy: "Specify N2_AMAZON_MANAGED or
        N2_SFG2_AMAZON_MANAGED to return Amazon N2 certificates" (AcmCertificateMetadataFilter).
        """
        wanted = request.parameters
        lacking = self._estate.search_filters_unknown.get(request.region, {})
        refused = [name for name, refuses in lacking.items() if refuses]
        for name in search.metadata_filters(wanted.get("FilterStatement")) & set(refused):
            raise AwsError("ValidationException", f"{name} is not supported in this Region.")
        n2 = "RootHierarchyType" in repr(wanted.get("FilterStatement"))
        rows = [
            search.shown(entry, self._shown.summary(entry))
            for entry in self._estate.of(request)
            if n2 or entry.root_hierarchy is None
        ]
        found = [row for row in rows if search.matches(wanted.get("FilterStatement"), row, lacking)]
        size = {"MaxItems": wanted.get("MaxResults") or SEARCH_PAGE}
        page, token = self._paged(found, {**size, "NextToken": wanted.get("NextToken")})
        result: Result = {"Results": page}
        return {**result, "NextToken": token} if token else result

    def _selected(self, certificate: Certificate, wanted: Mapping[str, Any]) -> bool:
        includes = wanted.get("Includes") or {}
        statuses = wanted.get("CertificateStatuses")
        usages, extended = includes.get("keyUsage"), includes.get("extendedKeyUsage")
        return (
            (not statuses or certificate.status in statuses)
            and certificate.origin in (wanted.get("CertificateKeyPairOrigins") or DEFAULT_ORIGINS)
            # Amazon N2 certificates are listed only if asked for, and then alone (API reference,
            # ListCertificates, RootHierarchyTypes).
            and certificate.root_hierarchy in (wanted.get("RootHierarchyTypes") or [None])
            and certificate.key_algorithm in (includes.get("keyTypes") or DEFAULT_KEY_TYPES)
            and includes.get("exportOption") in {None, certificate.export_option}
            and includes.get("managedBy") in {None, certificate.managed_by}
            and (not usages or bool({"ANY", *certificate.key_usages} & set(usages)))
            and (not extended or bool({"ANY", *certificate.extended_key_usages} & set(extended)))
        )

    def _paged(self, rows: list[Any], wanted: Mapping[str, Any]) -> tuple[list[Any], str | None]:
        """`MaxItems` is a maximum: AWS may return fewer, and so do we, by `page_size`."""
        start = _position(wanted.get("NextToken"))
        size = min(wanted.get("MaxItems") or self._estate.page_size, self._estate.page_size)
        end = start + size
        return rows[start:end], _token(end) if end < len(rows) else None

    def describe(self, request: Request) -> Result:
        return {"Certificate": self._shown.detail(self._named(request))}

    def list_domain_validations(self, request: Request) -> Result:
        certificate = self._named(request)
        if certificate.type != "AMAZON_ISSUED":
            raise AwsError("InvalidArgsException", f"{certificate.arn} is not issued by Amazon.")
        rows = [self._shown.validations(certificate, name) for name in certificate.names]
        page, token = self._paged(rows, request.parameters)
        result: Result = {"DomainValidationSummaryList": page}
        return {**result, "NextToken": token} if token else result

    # --- requesting ---------------------------------------------------------------------------

    def request(self, request: Request) -> Result:
        wanted = request.parameters
        token = wanted.get("IdempotencyToken")
        first = self._estate.remembered(request, token, TOKEN_WINDOW) if token else None
        if first is not None:
            return {"CertificateArn": first}
        names = distinct([wanted["DomainName"], *wanted.get("SubjectAlternativeNames", [])])
        self._check_request(wanted, names)
        _check_hierarchy(wanted)
        private = "CertificateAuthorityArn" in wanted
        usage = _usage(wanted)
        certificate = self._estate.create(
            request,
            domain_name=names[0],
            names=names,
            type="PRIVATE" if private else "AMAZON_ISSUED",
            key_algorithm=wanted.get("KeyAlgorithm", "RSA_2048"),
            validation_method=wanted.get("ValidationMethod", "EMAIL"),
            validation_domains={
                option["DomainName"].lower(): option["ValidationDomain"].lower()
                for option in wanted.get("DomainValidationOptions", [])
            },
            export_option=PRIVATE_EXPORT
            if private
            else (wanted.get("Options") or {}).get("Export", "DISABLED"),
            managed_by=wanted.get("ManagedBy"),
            certificate_authority_arn=wanted.get("CertificateAuthorityArn"),
            root_hierarchy=wanted.get("RootHierarchyType"),
            certificate_usage=usage,
            extended_key_usages=N2_USAGES[usage] if usage else EXTENDED_USAGES,
            tags=_checked_tags(wanted.get("Tags", [])),
        )
        if private:
            certificate.validation_method = None
            certificate.issue(self._estate.now)
        else:
            certificate.describes_left = self._estate.settle_after
        if token:
            self._estate.remember(request, token, certificate.arn)
        return {"CertificateArn": certificate.arn}

    def _check_request(self, wanted: Mapping[str, Any], names: tuple[str, ...]) -> None:
        if len(names[0].encode()) > COMMON_NAME_OCTETS:
            raise AwsError(
                "InvalidDomainValidationOptionsException",
                f"The first domain name can be no longer than {COMMON_NAME_OCTETS} octets.",
            )
        if len(names) > self._estate.name_quota:
            raise AwsError(
                "LimitExceededException", _over_quota(len(names), self._estate.name_quota)
            )
        algorithm = wanted.get("KeyAlgorithm", "RSA_2048")
        if algorithm not in REQUESTABLE:
            raise AwsError("ValidationException", f"{algorithm} cannot be requested.")
        # https://github.com/cloudposse/terraform-aws-acm-request-certificate/issues/95
        if "CertificateAuthorityArn" in wanted and "Export" in wanted.get("Options", {}):
            raise AwsError(
                "ValidationException",
                "One or more of the options specified in the request are not supported for "
                "PRIVATE certificate types",
            )
        if wanted.get("ValidationMethod") == "HTTP" and (
            wanted.get("ManagedBy") != "CLOUDFRONT" or any(n.startswith("*.") for n in names)
        ):
            raise AwsError(
                "ValidationException",
                "HTTP validation is for CloudFront, and not for wildcards.",
            )
        for option in wanted.get("DomainValidationOptions", []):
            if not _covers(option["ValidationDomain"], option["DomainName"]):
                raise AwsError(
                    "InvalidDomainValidationOptionsException",
                    f"{option['ValidationDomain']} is not a superdomain of {option['DomainName']}.",
                )

    # --- changing -----------------------------------------------------------------------------

    def delete(self, request: Request) -> Result:
        certificate = self._named(request)
        if self._estate.users(certificate):
            raise AwsError(
                "ResourceInUseException",
                f"Certificate {certificate.arn} in account {certificate.account} is in use.",
            )
        self._estate.remove(certificate)
        return {}

    def resend_validation_email(self, request: Request) -> Result:
        certificate, wanted = self._named(request), request.parameters
        domain, validation_domain = wanted["Domain"].lower(), wanted["ValidationDomain"].lower()
        if domain not in certificate.names:
            raise AwsError("ValidationException", f"{domain} is not in {certificate.arn}.")
        if not _covers(validation_domain, domain):
            raise AwsError(
                "InvalidDomainValidationOptionsException",
                f"{validation_domain} is not {domain} or a superdomain of it.",
            )
        renewing = certificate.renewal is not None and (
            certificate.renewal.status == "PENDING_VALIDATION"
        )
        pending = certificate.status == "PENDING_VALIDATION" or renewing
        if not (pending and certificate.validated_by("EMAIL")):
            raise AwsError(
                "InvalidStateException",
                f"Certificate {certificate.arn} does not wait for a validation e-mail.",
            )
        self._estate.emails.append((certificate.arn, domain, validation_domain))
        return {}

    def update_options(self, request: Request) -> Result:
        """Set one option; the validation method migrates from e-mail to DNS under the same ARN.

        https://docs.aws.amazon.com/acm/latest/userguide/email-to-dns-migration.html
        """
        certificate, options = self._named(request), request.parameters["Options"]
        method = options.get("ValidationMethod")
        if method is not None:
            self._migrate(certificate, method)
        certificate.transparency = options.get(
            "CertificateTransparencyLoggingPreference", certificate.transparency
        )
        if options.get("Export") not in {None, certificate.export_option}:
            raise AwsError("ValidationException", "Export cannot be changed after creation.")
        return {}

    def _migrate(self, certificate: Certificate, method: str) -> None:
        if method != "DNS" or not certificate.validated_by("EMAIL"):
            raise AwsError(
                "ValidationException",
                "Only a certificate validated by e-mail can change, and only to DNS.",
            )
        if certificate.status != "ISSUED":
            raise AwsError("InvalidStateException", f"{certificate.arn} is {certificate.status}.")
        update = certificate.update
        if update is not None and update.status == "PENDING_DOMAIN_VALIDATION":
            raise AwsError("ConflictException", "A change of the validation method is under way.")
        now = self._estate.now
        certificate.update = MethodUpdate(
            before="EMAIL", after=method, requested_at=now, updated_at=now
        )

    def renew(self, request: Request) -> Result:
        """Renew an exported certificate at once.

        https://docs.aws.amazon.com/acm/latest/userguide/force-certificate-renewal.html
        """
        certificate = self._named(request)
        if not certificate.exported or certificate.status != "ISSUED":
            raise AwsError("ValidationException", f"{certificate.arn} is not eligible for renewal.")
        if certificate.renewal is not None and certificate.renewal.status.startswith("PENDING"):
            raise AwsError("RequestInProgressException", f"{certificate.arn} is being renewed.")
        self._estate.start_renewal(certificate)
        return {}

    # --- tags ---------------------------------------------------------------------------------

    def list_tags(self, request: Request) -> Result:
        return {"Tags": tag_list(self._named(request).tags)}

    def add_tags(self, request: Request) -> Result:
        certificate = self._named(request)
        tags = {**certificate.tags, **_checked_tags(request.parameters["Tags"])}
        if len(tags) > MAX_TAGS:
            raise AwsError("TooManyTagsException", f"More than {MAX_TAGS} tags.")
        certificate.tags.update(tags)
        return {}

    def remove_tags(self, request: Request) -> Result:
        certificate = self._named(request)
        for tag in request.parameters["Tags"]:
            if tag.get("Value") in {None, certificate.tags.get(tag["Key"])}:
                certificate.had_tags |= certificate.tags.pop(tag["Key"], None) is not None
        return {}

    def _named(self, request: Request) -> Certificate:
        arn = request.parameters["CertificateArn"]
        if not ARN.fullmatch(arn):
            raise AwsError("InvalidArnException", f"Invalid arn {arn}")
        found = self._estate.find(request, arn)
        if found is None:
            message = f"Could not find certificate {arn} in account {request.account}."
            raise AwsError("ResourceNotFoundException", message)
        return found


MAX_TAGS = 50
ARN = re.compile(r"arn:[a-z-]+:acm:[a-z0-9-]+:\d{12}:certificate/[\w+=,.@-]+")


def _checked_tags(tags: list[dict[str, str]]) -> dict[str, str]:
    for tag in tags:
        if tag["Key"].lower().startswith("aws:"):
            raise AwsError("InvalidTagException", f"{tag['Key']} is reserved for AWS.")
    return {tag["Key"]: tag.get("Value", "") for tag in tags}


def _check_hierarchy(wanted: Mapping[str, Any]) -> None:
    """Refuse a root hierarchy or usage as ACM does; its model has the values of both members.

    API reference, RequestCertificate, RootHierarchyType and CertificateUsage.
    """
    root, usage = wanted.get("RootHierarchyType"), wanted.get("CertificateUsage")
    refusals = {
        "CertificateUsage needs a RootHierarchyType.": usage and not root,
        "RootHierarchyType cannot be combined with CertificateAuthorityArn.": (
            root and "CertificateAuthorityArn" in wanted
        ),
        "An Amazon N2 certificate needs the ValidationMethod DNS.": (
            root and wanted.get("ValidationMethod") != "DNS"
        ),
        "CLIENT_AUTH_ONLY is valid for N2_AMAZON_MANAGED only.": (
            usage == "CLIENT_AUTH_ONLY" and root != "N2_AMAZON_MANAGED"
        ),
    }
    for message, refused in refusals.items():
        if refused:
            raise AwsError("ValidationException", message)


def _usage(wanted: Mapping[str, Any]) -> str | None:
    """Return the usage of an Amazon N2 certificate, which other certificates do not have."""
    if "RootHierarchyType" not in wanted:
        return None
    return str(wanted.get("CertificateUsage", "CLIENT_AND_SERVER_AUTH"))


def _covers(validation_domain: str, domain: str) -> bool:
    upper, base = validation_domain.lower(), domain.lower().removeprefix("*.")
    return base == upper or base.endswith(f".{upper}")


def _over_quota(names: int, quota: int) -> str:
    return f"Error: Your request contains {names} names; at most {quota} names are allowed."


def _token(position: int) -> str:
    return base64.b64encode(f"from:{position}".encode()).decode()


def _position(token: str | None) -> int:
    if token is None:
        return 0
    try:
        return int(base64.b64decode(token, validate=True).decode().removeprefix("from:"))
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise AwsError("ValidationException", "Invalid NextToken.") from None
