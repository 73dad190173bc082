"""AWS Certificate Manager in one region."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from certificate_lifecycle.aws.permissions import (
    CREATIONS,
    EVERYTHING,
    ROTATIONS,
    SCANS,
    Command,
    Permission,
    Setting,
    regional,
)
from certificate_lifecycle.aws.responses import arn_in, utc, validated_response
from certificate_lifecycle.log import logger
from certificate_lifecycle.model.certificate import (
    Certificate,
    CertificateDetail,
    CertificateStatus,
    CertificateType,
    DomainValidation,
    Renewal,
    RenewalStatus,
    ValidationMethod,
    ValidationRecord,
)
from certificate_lifecycle.model.errors import (
    CertificateImportError,
    CertificateNotFoundError,
    CertificateRequestError,
    ExportError,
    MigrationNotPossibleError,
)
from certificate_lifecycle.model.secret_value import SecretStr
from certificate_lifecycle.policy.export import Exported
from certificate_lifecycle.policy.import_source import CertificateBundle
from certificate_lifecycle.policy.issuance import CertificateRequest
from certificate_lifecycle.policy.succession import REPLACED_BY_TAG

if TYPE_CHECKING:
    from mypy_boto3_acm import ACMClient
    from mypy_boto3_acm.literals import KeyAlgorithmType
    from mypy_boto3_acm.type_defs import CertificateFilterStatementPaginatorTypeDef

E = TypeVar("E", bound=StrEnum)

_CERTIFICATES = regional("acm", "certificate/*")
_LISTING = (*CREATIONS, *SCANS, Command.DRILL)
_REPAIR, _REPLACE = (Setting.REPAIR,), (Setting.REPLACE,)
_RETIRE = (Setting.RETIRE_SUPERSEDED, Setting.REPLACE)
_EXPORT = (Setting.EXPORT_TARGETS, Setting.REPAIR)
_IMPORT = (Setting.IMPORT_SOURCES, Setting.REPAIR)
_REQUEST = {"acm:KeyAlgorithm": "RSA_2048", "acm:ValidationMethod": "DNS"}
PERMISSIONS = (
    Permission("acm:ListCertificates", _LISTING, EVERYTHING, "find certificates"),
    Permission(
        "acm:SearchCertificates",
        (*ROTATIONS, Command.SCAN, Command.DOCTOR),
        EVERYTHING,
        "read many renewals in one call",
    ),
    Permission(
        "acm:DescribeCertificate", _LISTING, _CERTIFICATES, "validation records, status, renewal"
    ),
    Permission("acm:RequestCertificate", CREATIONS, _CERTIFICATES, "request it", context=_REQUEST),
    Permission(
        "acm:RequestCertificate",
        ROTATIONS,
        _CERTIFICATES,
        "request a successor",
        _REPLACE,
        _REQUEST,
    ),
    Permission("acm:AddTagsToCertificate", CREATIONS, _CERTIFICATES, "tag it in the same request"),
    Permission("acm:AddTagsToCertificate", ROTATIONS, _CERTIFICATES, "tag a successor", _REPLACE),
    Permission(
        "acm:AddTagsToCertificate", ROTATIONS, _CERTIFICATES, "tag what is replaced", _RETIRE
    ),
    Permission(
        "acm:ListTagsForCertificate",
        (*SCANS, Command.DRILL),
        _CERTIFICATES,
        "recognise certificates that another tool manages",
    ),
    Permission(
        "acm:ResendValidationEmail", ROTATIONS, _CERTIFICATES, "send approval mails again", _REPAIR
    ),
    Permission(
        "acm:UpdateCertificateOptions",
        ROTATIONS,
        _CERTIFICATES,
        "migrate from e-mail to DNS",
        _REPAIR,
    ),
    Permission(
        "acm:ListCertificateDomainValidations",
        ROTATIONS,
        _CERTIFICATES,
        "records of that migration",
        _REPAIR,
    ),
    Permission(
        "acm:ExportCertificate", ROTATIONS, ("{exported}",), "read what is exported", _EXPORT
    ),
    Permission(
        "acm:RenewCertificate", ROTATIONS, ("{exported}",), "renew what is exported", _EXPORT
    ),
    Permission(
        "acm:ImportCertificate", ROTATIONS, ("{imported}",), "import a newer version", _IMPORT
    ),
    Permission(
        "acm:DeleteCertificate", ROTATIONS, _CERTIFICATES, "delete what was replaced", _RETIRE
    ),
)

#: Every key type: without this filter ListCertificates hides all but RSA_1024 and RSA_2048 (API
#: reference, Filters). A test compares the list with botocore's model.
KEY_TYPES: tuple[KeyAlgorithmType, ...] = (
    "RSA_1024",
    "RSA_2048",
    "RSA_3072",
    "RSA_4096",
    "EC_prime256v1",
    "EC_secp384r1",
    "EC_secp521r1",
)
#: Every origin of a key pair (API reference, ListCertificates, CertificateKeyPairOrigins).
KEY_PAIR_ORIGINS = ("AWS_MANAGED", "ACME", "CUSTOMER_PROVIDED")
_PAGE_SIZE = 1000
_SEARCH_PAGE_SIZE = 500
#: What a service answers that knows no SearchCertificates, or not for us.
_NO_SEARCH = frozenset(
    {"AccessDeniedException", "UnknownOperationException", "ValidationException"}
)
_REFUSALS = {
    "LimitExceededException": "a quota is reached (names in a certificate, certificates in the "
    "account, or requests in a year)",
    "InvalidParameterException": "a parameter is refused",
    "InvalidDomainValidationOptionsException": "the validation options are refused",
    "InvalidArnException": "the ARN of the private CA is refused",
    "InvalidTagException": "a tag is refused",
    "TagPolicyException": "a tag policy of the organization forbids the tags",
    "TooManyTagsException": "there are too many tags",
    "ValidationException": "a parameter is refused",
}


class AcmCertificates:
    """The certificates of one account and region."""

    def __init__(self, client: ACMClient) -> None:
        self._client = client

    def list_all(self) -> Iterator[Certificate]:
        """Yield every certificate, of all key types, origins and statuses, without detail."""
        listing = self._client.meta.service_model.operation_model("ListCertificates")
        # What ACME clients asked for is hidden unless it is wanted; older SDKs cannot say so.
        origins: dict[str, Any] = (
            {"CertificateKeyPairOrigins": list(KEY_PAIR_ORIGINS)}
            if "CertificateKeyPairOrigins" in listing.input_shape.members  # type: ignore[union-attr] # a structure shape
            else {}
        )
        pages = self._client.get_paginator("list_certificates").paginate(
            Includes={"keyTypes": list(KEY_TYPES)},
            **origins,
            PaginationConfig={"PageSize": _PAGE_SIZE},
        )
        with validated_response("ListCertificates"):
            for page in pages:
                for summary in page["CertificateSummaryList"]:
                    yield _listed(summary)

    @validated_response("SearchCertificates")
    def renewals(self, start: datetime, end: datetime) -> Mapping[str, RenewalStatus | None] | None:
        """Return the state of renewal of all that ACM issued and that ends between two instants.

        None where there is no way to ask for all of them at once: the operation came in 2026, and
        an SDK, a region or a role may not have it yet.
        """
        if not hasattr(self._client, "search_certificates"):
            return None
        found: dict[str, RenewalStatus | None] = {}
        try:
            pages = self._client.get_paginator("search_certificates").paginate(
                FilterStatement=_renewable(start, end),
                PaginationConfig={"PageSize": _SEARCH_PAGE_SIZE},
            )
            for page in pages:
                for result in page["Results"]:
                    found[result["CertificateArn"]] = _renewal_state(result)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code not in _NO_SEARCH:
                raise
            logger.info("renewals are described one by one", extra={"reason": code})
            return None
        return found

    @validated_response("DescribeCertificate")
    def describe(self, arn: str) -> Certificate:
        """Return one certificate with its detail, tags left out.

        Raises CertificateNotFoundError for one that was deleted.
        """
        try:
            answer = self._client.describe_certificate(CertificateArn=arn)
        except ClientError as error:
            _raise_if_gone(error, arn)
            raise
        described = _described(answer["Certificate"])
        if described.arn != arn:
            raise ValueError(f"it is about {described.arn}")
        return described

    @validated_response("ListTagsForCertificate")
    def tags(self, arn: str) -> tuple[tuple[str, str], ...]:
        """Return the tags of one certificate.

        Raises CertificateNotFoundError for one that was deleted.
        """
        try:
            answer = self._client.list_tags_for_certificate(CertificateArn=arn)
        except ClientError as error:
            _raise_if_gone(error, arn)
            raise
        return tuple((tag["Key"], tag.get("Value", "")) for tag in answer.get("Tags", []))

    @validated_response("RequestCertificate")
    def request(self, request: CertificateRequest) -> str:
        """Request a certificate; raises CertificateRequestError where ACM refuses it."""
        try:
            answer = self._client.request_certificate(**_parameters(request))
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code not in _REFUSALS:
                raise
            text = error.response["Error"].get("Message", "")
            raise CertificateRequestError(
                f"ACM refused the request for {request.domain_name}: {_REFUSALS[code]} ({text})"
            ) from error
        return answer["CertificateArn"]

    def resend_validation_email(self, arn: str, validation: DomainValidation) -> None:
        """Send the approval e-mail for one name again."""
        self._client.resend_validation_email(
            CertificateArn=arn,
            Domain=validation.domain_name,
            ValidationDomain=validation.validation_domain or validation.domain_name,
        )

    @property
    def can_migrate_to_dns(self) -> bool:
        """Whether this SDK can change an e-mail validated certificate to DNS.

        The option came in 2026; the Lambda runtime may bring an older boto3.
        """
        model = self._client.meta.service_model
        return (
            "ListCertificateDomainValidations" in model.operation_names
            and "ValidationMethod" in model.shape_for("CertificateOptions").members  # type: ignore[attr-defined] # a structure shape
        )

    def migrate_to_dns(self, arn: str) -> None:
        """Ask ACM to change from e-mail to DNS validation under the same ARN.

        ConflictException says that the migration is under way: that is what we want.
        Raises MigrationNotPossibleError where ACM will not do it for this certificate.
        """
        try:
            self._client.update_certificate_options(
                CertificateArn=arn,
                Options={"ValidationMethod": "DNS"},
            )
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in ("InvalidStateException", "ValidationException"):
                text = error.response["Error"].get("Message", "")
                raise MigrationNotPossibleError(f"{arn} cannot migrate to DNS: {text}") from error
            if code != "ConflictException":
                raise

    @validated_response("ListCertificateDomainValidations")
    def migration_records(self, arn: str) -> tuple[ValidationRecord | None, ...]:
        """Return the record for each name of a migration; None for one that is not known yet."""
        records: list[ValidationRecord | None] = []
        token: dict[str, Any] = {}
        while True:
            answer = self._client.list_certificate_domain_validations(CertificateArn=arn, **token)
            for summary in answer["DomainValidationSummaryList"]:
                wanted = summary.get("RequestedValidationConfiguration", {})
                challenge = wanted.get("ValidationChallenge", {}).get("DnsValidationChallenge", {})
                records.append(_record(challenge.get("ResourceRecord")))
            if not answer.get("NextToken"):
                return tuple(records)
            token = {"NextToken": answer["NextToken"]}

    @validated_response("ExportCertificate")
    def export(self, arn: str, passphrase: SecretStr) -> Exported:
        """Return certificate, chain and encrypted key.

        Raises ExportError when ACM refuses.
        A refusal may repeat what was sent, so just its code is told, and its cause is cut off.
        """
        try:
            answer = self._client.export_certificate(
                CertificateArn=arn, Passphrase=passphrase.get_secret_value().encode()
            )
        except BotoCoreError as error:
            raise ExportError(f"the SDK could not export {arn}: {type(error).__name__}") from None
        except ClientError as error:
            code = error.response["Error"]["Code"]
            raise ExportError(f"ACM does not export {arn}: {code}") from None
        return Exported(
            certificate=answer["Certificate"],
            chain=answer.get("CertificateChain", ""),
            private_key=SecretStr(answer["PrivateKey"]),
        )

    def renew(self, arn: str) -> bool:
        """Have ACM renew an exported certificate; false if it is doing so already.

        It has no token, but RequestInProgressException keeps a second call from a second renewal.
        """
        try:
            self._client.renew_certificate(CertificateArn=arn)
        except ClientError as error:
            if error.response["Error"]["Code"] != "RequestInProgressException":
                raise
            return False
        return True

    def reimport(self, arn: str, bundle: CertificateBundle) -> None:
        """Import under the ARN of an imported certificate; tags are not allowed in this call.

        Raises CertificateImportError, without what the SDK raised: the SDK's errors quote
        parameters that it refuses, and one of these is the private key.
        """
        chain: dict[str, Any] = {"CertificateChain": bundle.chain} if bundle.chain else {}
        try:
            self._client.import_certificate(
                CertificateArn=arn,
                Certificate=bundle.certificate,
                PrivateKey=bundle.private_key,
                **chain,
            )
        except ClientError as error:
            details = error.response["Error"]
            why = f"{details['Code']}: {bundle.without_key(details.get('Message', ''))}"
        except BotoCoreError as error:
            why = type(error).__name__
        else:
            return
        # Raised outside of the handlers: an error keeps the one that it was raised in the face of.
        raise CertificateImportError(f"ACM did not take the import under {arn} ({why})")

    def mark_replaced(self, arn: str, successor_arn: str) -> None:
        """Tag a certificate with its successor: the role may delete nothing else."""
        self._client.add_tags_to_certificate(
            CertificateArn=arn, Tags=[{"Key": REPLACED_BY_TAG, "Value": successor_arn}]
        )

    def delete(self, arn: str) -> bool:
        """Delete a certificate; false while something uses it; one that is gone counts as done."""
        try:
            self._client.delete_certificate(CertificateArn=arn)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code not in ("ResourceInUseException", "ResourceNotFoundException"):
                raise
            return code == "ResourceNotFoundException"
        return True


def _raise_if_gone(error: ClientError, arn: str) -> None:
    if error.response["Error"]["Code"] == "ResourceNotFoundException":
        raise CertificateNotFoundError(f"{arn} does not exist") from error


def _renewable(start: datetime, end: datetime) -> CertificateFilterStatementPaginatorTypeDef:
    """Return the filter for what ACM issued and renews, by when it ends."""
    return {
        "And": [
            {"Filter": {"X509AttributeFilter": {"NotAfter": {"Start": start, "End": end}}}},
            {"Filter": {"AcmCertificateMetadataFilter": {"Status": "ISSUED"}}},
            {"Not": {"Filter": {"AcmCertificateMetadataFilter": {"Type": "IMPORTED"}}}},
        ]
    }


def _renewal_state(result: Mapping[str, Any]) -> RenewalStatus | None:
    metadata = result.get("CertificateMetadata", {}).get("AcmCertificateMetadata", {})
    status = metadata.get("RenewalStatus")
    return None if status is None else _member(RenewalStatus, status)


def _parameters(request: CertificateRequest) -> dict[str, Any]:
    parameters: dict[str, Any] = {
        "DomainName": request.domain_name,
        "KeyAlgorithm": request.key_algorithm,
        "IdempotencyToken": request.idempotency_token,
        "Tags": [{"Key": key, "Value": value} for key, value in request.tags],
    }
    if len(request.names) > 1:  # ACM refuses an empty list
        parameters["SubjectAlternativeNames"] = list(request.names[1:])
    if request.certificate_authority_arn:
        parameters["CertificateAuthorityArn"] = request.certificate_authority_arn
    else:
        parameters["ValidationMethod"] = "DNS"
    if request.exportable:
        parameters["Options"] = {"Export": "ENABLED"}
    return parameters


def _listed(summary: Mapping[str, Any]) -> Certificate:
    names = (summary.get("DomainName"), *summary.get("SubjectAlternativeNameSummaries", ()))
    return Certificate(
        **_common(summary, names),
        names_complete=not summary.get("HasAdditionalSubjectAlternativeNames", False),
        in_use=summary.get("InUse", False),
        exported=summary.get("Exported", False),
        exportable=summary.get("ExportOption") == "ENABLED",
    )


def _described(detail: Mapping[str, Any]) -> Certificate:
    names = (detail.get("DomainName"), *detail.get("SubjectAlternativeNames", ()))
    update = detail.get("UpdateSummary", {})
    return Certificate(
        **_common(detail, names),
        in_use=bool(detail.get("InUseBy")),
        exportable=detail.get("Options", {}).get("Export") == "ENABLED",
        detail=CertificateDetail(
            in_use_by=tuple(detail.get("InUseBy", ())),
            renewal=_renewal(detail.get("RenewalSummary")),
            validations=_validations(detail.get("DomainValidationOptions", ())),
            failure_reason=detail.get("FailureReason"),
            certificate_authority_arn=detail.get("CertificateAuthorityArn"),
            serial=detail.get("Serial"),
            migrating_to_dns=update.get("Type") == "DOMAIN_VALIDATION_METHOD"
            and update.get("Status") == "PENDING_DOMAIN_VALIDATION",
            key_usages=_usages(detail.get("KeyUsages", ())),
            extended_key_usages=_usages(detail.get("ExtendedKeyUsages", ())),
        ),
    )


def _common(data: Mapping[str, Any], names: Sequence[str | None]) -> dict[str, Any]:
    return {
        "arn": arn_in(data, "CertificateArn"),
        "names": tuple(dict.fromkeys(name.lower() for name in names if name)),
        "status": _member(CertificateStatus, data.get("Status")),
        "type": _member(CertificateType, data.get("Type")),
        # ACM answers `RSA-2048` where it is asked for `RSA_2048`.
        "key_algorithm": str(data.get("KeyAlgorithm", "")).replace("-", "_"),
        "renewal_eligible": _eligible(data.get("RenewalEligibility")),
        "not_before": utc(data.get("NotBefore")),
        "not_after": utc(data.get("NotAfter")),
        "created_at": utc(data.get("CreatedAt") or data.get("ImportedAt")),
        "managed_by": data.get("ManagedBy"),
        "key_pair_origin": data.get("CertificateKeyPairOrigin"),
    }


def _renewal(summary: Mapping[str, Any] | None) -> Renewal | None:
    if not summary:
        return None
    return Renewal(
        status=_member(RenewalStatus, summary.get("RenewalStatus")),
        reason=summary.get("RenewalStatusReason"),
        validations=_validations(summary.get("DomainValidationOptions", ())),
    )


def _validations(options: Sequence[Mapping[str, Any]]) -> tuple[DomainValidation, ...]:
    return tuple(
        DomainValidation(
            domain_name=option["DomainName"].lower(),
            # Absent in old answers, where e-mail was the only method.
            method=_member(ValidationMethod, option.get("ValidationMethod", "EMAIL")),
            validated=option.get("ValidationStatus") == "SUCCESS",
            record=_record(option.get("ResourceRecord")),
            validation_domain=option.get("ValidationDomain"),
        )
        for option in options
    )


def _record(raw: Mapping[str, Any] | None) -> ValidationRecord | None:
    return ValidationRecord(raw["Name"], raw["Type"], raw["Value"]) if raw else None


def _usages(listed: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    return frozenset(usage["Name"] for usage in listed if "Name" in usage)


def _member(enum: type[E], raw: object) -> E:
    """Return the member called `raw`; one that AWS added later becomes NOT_UNDERSTOOD."""
    try:
        return enum(str(raw))
    except ValueError:
        return enum("NOT_UNDERSTOOD")


def _eligible(raw: str | None) -> bool | None:
    return None if raw is None else raw == "ELIGIBLE"
