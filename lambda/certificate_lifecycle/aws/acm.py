"""AWS Certificate Manager in one region."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

import botocore
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from certificate_lifecycle.aws.permissions import (
    CREATIONS,
    DRILLS,
    EVERYTHING,
    ROTATIONS,
    SCANS,
    Command,
    Function,
    Setting,
    declare,
    for_rotations,
    regional,
)
from certificate_lifecycle.aws.responses import (
    arn_in,
    error_code,
    existing,
    paginated,
    unless,
    utc,
    validated_response,
)
from certificate_lifecycle.concurrency import both
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
    ManualStepRequiredError,
    MigrationNotPossibleError,
    kind_of,
)
from certificate_lifecycle.model.hidden_classes import (
    HIDDEN_CLASSES,
    GapCause,
    HiddenClass,
    InventoryGap,
)
from certificate_lifecycle.model.sanitize import clean
from certificate_lifecycle.model.secret_value import SecretStr
from certificate_lifecycle.policy.export import Exported
from certificate_lifecycle.policy.import_history import CertificateVersion
from certificate_lifecycle.policy.import_source import CertificateBundle, read_version
from certificate_lifecycle.policy.issuance import CertificateRequest
from certificate_lifecycle.policy.succession import REPLACED_BY_TAG, REPLACES_TAG
from certificate_lifecycle.policy.throw_away import DRILL_MANAGER

if TYPE_CHECKING:
    from mypy_boto3_acm import ACMClient
    from mypy_boto3_acm.literals import KeyAlgorithmType
    from mypy_boto3_acm.type_defs import CertificateFilterStatementPaginatorTypeDef, TagTypeDef

    from certificate_lifecycle.aws.tagging import TagIndex

E = TypeVar("E", bound=StrEnum)

_CERTIFICATES = regional("acm", "certificate/*")
_LISTING = (*CREATIONS, *SCANS, *DRILLS)
_RETIRE = (Setting.RETIRE_SUPERSEDED, Setting.REPLACE)
_REQUEST = {
    "acm:DomainNames": "{domain}",
    "acm:KeyAlgorithm": "RSA_2048",
    "acm:ValidationMethod": "DNS",
    "aws:RequestTag/ManagedBy": "{instance}",
}
_SUCCESSOR = {**_REQUEST, f"aws:RequestTag/{REPLACES_TAG}": "any"}
_ISSUED = {"aws:ResourceTag/ManagedBy": "{instance}"}
_THROW_AWAY = {
    **_REQUEST,
    "acm:DomainNames": f"acm-drill-{'0' * 16}.{{domain}}",
    "aws:RequestTag/ManagedBy": DRILL_MANAGER,
}
PERMISSIONS = (
    *declare(_LISTING, "acm", EVERYTHING, ListCertificates="find certificates"),
    *declare(
        (*ROTATIONS, Command.SCAN, Command.EXPLAIN, Command.DOCTOR),
        "acm",
        EVERYTHING,
        SearchCertificates="read many renewals, and find e-mail validation, in one call",
    ),
    *declare(
        _LISTING, "acm", _CERTIFICATES, DescribeCertificate="validation records, status, renewal"
    ),
    *declare(CREATIONS, "acm", _CERTIFICATES, context=_REQUEST, RequestCertificate="request it"),
    *for_rotations(
        "acm",
        _CERTIFICATES,
        Setting.REPLACE,
        context=_SUCCESSOR,
        RequestCertificate="request a successor",
    ),
    *declare(
        CREATIONS,
        "acm",
        _CERTIFICATES,
        AddTagsToCertificate="tag it in the same request, and an equal one of this instance",
        ListTagsForCertificate="recognise an equal certificate of this instance",
    ),
    *declare(
        (Function.CREATION,),
        "acm",
        _CERTIFICATES,
        Setting.ON_DESTROY,
        context=_ISSUED,
        DeleteCertificate="delete an unused certificate of this instance",
    ),
    *for_rotations("acm", _CERTIFICATES, Setting.REPLACE, AddTagsToCertificate="tag a successor"),
    *for_rotations(
        "acm", _CERTIFICATES, *_RETIRE, AddTagsToCertificate="tag a replaced certificate"
    ),
    *declare(
        (*SCANS, *DRILLS),
        "acm",
        _CERTIFICATES,
        ListTagsForCertificate="recognise certificates that another tool manages",
    ),
    *for_rotations(
        "acm",
        _CERTIFICATES,
        Setting.REPAIR,
        context=_ISSUED,
        ResendValidationEmail="send approval mails again",
        UpdateCertificateOptions="migrate from e-mail to DNS",
        ListCertificateDomainValidations="records of that migration",
    ),
    *for_rotations(
        "acm",
        ("{exported}",),
        Setting.EXPORT_TARGETS,
        ExportCertificate="read the certificate and key of an export target",
        RenewCertificate="renew the certificate of an export target",
    ),
    *declare(
        (*ROTATIONS, Command.SCAN, Command.EXPLAIN, *DRILLS),
        "acm",
        ("{imported}",),
        Setting.IMPORT_SOURCES,
        GetCertificate="compare the certificate and its chain with the import source",
    ),
    *for_rotations(
        "acm",
        ("{imported}",),
        Setting.IMPORT_SOURCES,
        ImportCertificate="import a newer version",
    ),
    *for_rotations(
        "acm",
        _CERTIFICATES,
        *_RETIRE,
        context={**_ISSUED, f"aws:ResourceTag/{REPLACED_BY_TAG}": "any"},
        DeleteCertificate="delete a replaced certificate",
    ),
    *declare(
        (Command.DRILL_ISSUE,),
        "acm",
        _CERTIFICATES,
        context=_THROW_AWAY,
        RequestCertificate="request a throw-away certificate",
        AddTagsToCertificate="tag it in the same request",
    ),
    *declare(
        (Command.DRILL_ISSUE,),
        "acm",
        _CERTIFICATES,
        context={"aws:ResourceTag/ManagedBy": DRILL_MANAGER},
        DeleteCertificate="delete a throw-away certificate",
    ),
)

#: Every key type: without this filter ListCertificates hides all but RSA_1024 and RSA_2048 (API
#: reference, Filters).
KEY_TYPES: tuple[KeyAlgorithmType, ...] = (
    "RSA_1024",
    "RSA_2048",
    "RSA_3072",
    "RSA_4096",
    "EC_prime256v1",
    "EC_secp384r1",
    "EC_secp521r1",
)
#: Errors about a filter that a region does not know (API reference, ListCertificates).
_REFUSED_FILTER = frozenset({"InvalidArgsException", "ValidationException"})
_PAGE_SIZE = 1000
_LONGEST_REPORT = 200
_SEARCH_PAGE_SIZE = 500
#: Errors of a region without SearchCertificates, or of a role that may not call it.
_NO_SEARCH = frozenset(
    {"AccessDeniedException", "UnknownOperationException", "ValidationException"}
)
_UPDATE_TYPE = "DOMAIN_VALIDATION_METHOD"
_METHOD, _EMAIL = "ValidationMethod", "EMAIL"
#: A region that ignores the filter would answer with all issued certificates.
_BY_EMAIL: CertificateFilterStatementPaginatorTypeDef = {
    "And": [
        {"Filter": {"AcmCertificateMetadataFilter": {"Status": "ISSUED"}}},
        {"Filter": {"AcmCertificateMetadataFilter": {"ValidationMethod": "EMAIL"}}},
    ]
}
#: API reference, UpdateCertificateOptions.
_NO_MIGRATION = ("InvalidStateException", "LimitExceededException", "ValidationException")
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


class _FilterRefusedError(Exception):
    """A region does not know a filter of ListCertificates; the message is ACM's error code."""


class AcmCertificates:
    """The certificates of one account and region."""

    def __init__(self, client: ACMClient, tag_index: TagIndex | None = None) -> None:
        self._client = client
        self._tag_index = tag_index
        #: The classes that the region does not know, found out by `list_all`.
        self._region_gaps: list[InventoryGap] = []

    @property
    def not_listed(self) -> Sequence[InventoryGap]:
        """The classes that the SDK, or the region in the last `list_all`, does not know."""
        known = self._known_classes()
        lacking = [InventoryGap(each, GapCause.SDK) for each in HIDDEN_CLASSES if each not in known]
        return (*lacking, *self._region_gaps)

    def _known_classes(self) -> list[HiddenClass]:
        """Return the classes whose filter the SDK knows."""
        listing = self._client.meta.service_model.operation_model("ListCertificates")
        filters = listing.input_shape.members  # type: ignore[union-attr] # a structure shape
        return [entry for entry in HIDDEN_CLASSES if entry.member in filters]

    def list_all(self) -> Iterator[Certificate]:
        """Yield every certificate once, of all key types, classes and statuses, without detail.

        A hidden class whose filter lists other certificates too is listed with these, any other one
        in a pass of its own; `not_listed` has the classes that the SDK or the region does not know.
        """
        known = self._known_classes()
        self._region_gaps = []
        merged = {
            entry.member: [*entry.listed_with, *entry.values]
            for entry in known
            if entry.listed_with
        }
        alone = [entry for entry in known if not entry.listed_with]
        with validated_response("ListCertificates"):
            try:
                most, others = both(lambda: self._listing(merged), lambda: self._hidden(alone))
            except _FilterRefusedError:
                # Each class alone, to find out which filter the region does not know.
                self._region_gaps = []
                most, others = both(lambda: self._listing({}), lambda: self._hidden(known))
        more = {certificate.arn: certificate for certificate in others}
        for certificate in most:
            more.pop(certificate.arn, None)
            yield certificate
        yield from more.values()

    def _listing(self, filters: Mapping[str, Sequence[str]]) -> list[Certificate]:
        return list(map(_listed, self._summaries(filters)))

    def _hidden(self, classes: Iterable[HiddenClass]) -> list[Certificate]:
        return [_listed(summary) for entry in classes for summary in self._summaries_of(entry)]

    def _summaries_of(self, hidden: HiddenClass) -> Iterator[Mapping[str, Any]]:
        """Yield the summaries of a hidden class.

        A region that lacks the filter may ignore it and list other certificates.
        """
        try:
            for summary in self._summaries({hidden.member: list(hidden.values)}):
                if summary.get(hidden.shown_as) not in hidden.values:
                    break
                yield summary
            else:
                return
        except _FilterRefusedError as error:
            logger.info("class not listed", extra={"class": hidden.name, "reason": str(error)})
        self._region_gaps.append(InventoryGap(hidden, GapCause.REGION))

    def _summaries(self, filters: Mapping[str, Sequence[str]]) -> Iterator[Mapping[str, Any]]:
        """Yield the summaries of all key types that pass filters.

        Raises _FilterRefusedError if ACM refuses the first page, unless nothing was filtered.
        """
        pages = paginated(
            self._client,
            "list_certificates",
            "CertificateSummaryList",
            required=True,
            Includes={"keyTypes": list(KEY_TYPES)},
            **filters,
            PaginationConfig={"PageSize": _PAGE_SIZE},
        )
        try:
            first = next(pages, None)
        except ClientError as error:
            if filters and error_code(error) in _REFUSED_FILTER:
                raise _FilterRefusedError(error_code(error)) from error
            raise
        if first is not None:
            yield first
            yield from pages

    @validated_response("SearchCertificates")
    def renewals(self, start: datetime, end: datetime) -> Mapping[str, RenewalStatus | None] | None:
        """Return the renewal status of all certificates from ACM that expire in a period.

        None if ACM has no search here.
        """
        results = self._searched(_renewable(start, end))
        if results is None:
            return None
        return {result["CertificateArn"]: _renewal_state(result) for result in results}

    @validated_response("SearchCertificates")
    def validated_by_email(self) -> frozenset[str] | None:
        """Return the issued certificates whose names ACM validates by e-mail.

        None if the SDK, the region or the role has no such search.
        """
        shapes = self._client.meta.service_model
        if not hasattr(self._client, "search_certificates") or (
            _METHOD not in shapes.shape_for("AcmCertificateMetadataFilter").members  # type: ignore[attr-defined] # a structure shape
        ):
            return None
        results = self._searched(_BY_EMAIL)
        if results is None:
            return None
        if any(_metadata(result).get(_METHOD) != _EMAIL for result in results):
            logger.info("certificates not searched", extra={"reason": "the filter is ignored"})
            return None
        return frozenset(result["CertificateArn"] for result in results)

    def _searched(
        self, statement: CertificateFilterStatementPaginatorTypeDef
    ) -> Sequence[Mapping[str, Any]] | None:
        """Return the results of SearchCertificates, None if it is not available.

        It was added in 2026, and an SDK, a region or a role may not have it.
        """
        if not hasattr(self._client, "search_certificates"):
            return None
        try:
            return list(
                paginated(
                    self._client,
                    "search_certificates",
                    "Results",
                    required=True,
                    FilterStatement=statement,
                    PaginationConfig={"PageSize": _SEARCH_PAGE_SIZE},
                )
            )
        except ClientError as error:
            if error_code(error) not in _NO_SEARCH:
                raise
            logger.info("certificates not searched", extra={"reason": error_code(error)})
            return None

    @validated_response("DescribeCertificate")
    def describe(self, arn: str) -> Certificate:
        """Return one certificate with its detail but without tags.

        Raises CertificateNotFoundError for a deleted certificate.
        """
        with existing(arn):
            answer = self._client.describe_certificate(CertificateArn=arn)
        described = _described(answer["Certificate"])
        if described.arn != arn:
            raise ValueError(f"it is about {described.arn}")
        return described

    @validated_response("ListTagsForCertificate")
    def tags(self, arn: str) -> tuple[tuple[str, str], ...]:
        """Return the tags of one certificate.

        Raises CertificateNotFoundError for a deleted certificate.
        """
        with existing(arn):
            answer = self._client.list_tags_for_certificate(CertificateArn=arn)
        return tuple((tag["Key"], tag.get("Value", "")) for tag in answer.get("Tags", []))

    def tags_of(self, arns: Sequence[str]) -> Mapping[str, tuple[tuple[str, str], ...]]:
        """Return the tags of certificates from the index, see `TagIndex.tags_of`."""
        return {} if self._tag_index is None else self._tag_index.tags_of(arns)

    @validated_response("RequestCertificate")
    def request(self, request: CertificateRequest) -> str:
        """Request a certificate and return its ARN; raises CertificateRequestError."""
        with _accepted(f"the request for {request.domain_name}"):
            answer = self._client.request_certificate(**_parameters(request))
        return answer["CertificateArn"]

    def add_tags(self, arn: str, tags: Sequence[tuple[str, str]]) -> None:
        """Set tags of a certificate; raises CertificateRequestError if ACM refuses them."""
        with _accepted(f"tags of {arn}"):
            self._client.add_tags_to_certificate(CertificateArn=arn, Tags=_tags(tags))

    def resend_validation_email(self, arn: str, validation: DomainValidation) -> None:
        """Send the approval e-mail for one name again."""
        self._client.resend_validation_email(
            CertificateArn=arn,
            Domain=validation.domain_name,
            ValidationDomain=validation.validation_domain or validation.domain_name,
        )

    @property
    def can_migrate_to_dns(self) -> bool:
        """Whether this SDK can migrate a certificate from e-mail to DNS validation.

        The option was added in 2026; the Lambda runtime may have an older boto3.
        """
        model = self._client.meta.service_model
        return (
            "ListCertificateDomainValidations" in model.operation_names
            and "ValidationMethod" in model.shape_for("CertificateOptions").members  # type: ignore[attr-defined] # a structure shape
        )

    def migrate_to_dns(self, arn: str) -> None:
        """Start the migration from e-mail to DNS validation under the same ARN.

        ConflictException means that the migration has started already.
        Raises MigrationNotPossibleError if ACM refuses to migrate this certificate, or its quota is
        reached.
        """
        try:
            self._client.update_certificate_options(
                CertificateArn=arn,
                Options={"ValidationMethod": "DNS"},
            )
        except ClientError as error:
            code = error_code(error)
            if code in _NO_MIGRATION:
                text = error.response["Error"].get("Message", "")
                raise MigrationNotPossibleError(f"{arn} cannot migrate to DNS: {text}") from error
            if code != "ConflictException":
                raise

    @validated_response("ListCertificateDomainValidations")
    def migration_records(self, arn: str) -> tuple[ValidationRecord | None, ...]:
        """Return the record for each name of a migration; None for a name without one yet."""
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

        Raises ExportError with the error code only and without a cause: the message of an error may
        quote the passphrase.
        """
        try:
            answer = self._client.export_certificate(
                CertificateArn=arn, Passphrase=passphrase.get_secret_value().encode()
            )
        except BotoCoreError as error:
            raise ExportError(f"the SDK could not export {arn}: {kind_of(error)}") from None
        except ClientError as error:
            raise ExportError(f"ACM refused to export {arn}: {error_code(error)}") from None
        return Exported(
            certificate=answer["Certificate"],
            chain=answer.get("CertificateChain", ""),
            private_key=SecretStr(answer["PrivateKey"]),
        )

    def renew(self, arn: str) -> bool:
        """Start the renewal of an exported certificate; false if a renewal is in progress."""
        renewed = unless(
            "RequestInProgressException",
            lambda: self._client.renew_certificate(CertificateArn=arn),
        )
        return renewed is not None

    @validated_response("GetCertificate")
    def imported_version(self, arn: str) -> CertificateVersion:
        """Return an imported certificate and its chain.

        Raises CertificateNotFoundError for a deleted certificate.
        """
        with existing(arn):
            answer = self._client.get_certificate(CertificateArn=arn)
        return read_version(answer["Certificate"], answer.get("CertificateChain", ""))

    def reimport(self, arn: str, bundle: CertificateBundle) -> None:
        """Import under the ARN of an imported certificate.

        Raises CertificateImportError without the SDK's error, which may quote the private key.
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
            reason = f"{details['Code']}: {bundle.without_key(details.get('Message', ''))}"
        except BotoCoreError as error:
            reason = kind_of(error)
        else:
            return
        # Raised outside the handlers, whose errors would become its context.
        raise CertificateImportError(f"ACM refused the import under {arn} ({reason})")

    def mark_replaced(self, arn: str, successor_arn: str) -> None:
        """Tag a certificate with its successor; the role may delete only tagged certificates.

        Raises CertificateNotFoundError, or ManualStepRequiredError if the certificate has as many
        tags as ACM allows.
        """
        with existing(arn):
            marked = unless(
                "TooManyTagsException",
                lambda: self._client.add_tags_to_certificate(
                    CertificateArn=arn, Tags=[{"Key": REPLACED_BY_TAG, "Value": successor_arn}]
                ),
            )
        if marked is None:
            raise ManualStepRequiredError(
                "it has as many tags as ACM allows, so it cannot be marked and deleted; remove "
                "a tag, or delete it"
            )

    def delete(self, arn: str) -> bool:
        """Delete a certificate if it exists; false while it is in use.

        A role that may delete only tagged certificates is denied to delete one that is gone.
        """
        try:
            self._client.delete_certificate(CertificateArn=arn)
        except ClientError as error:
            code = error_code(error)
            if code == "ResourceInUseException":
                return False
            denied = code == "AccessDeniedException"
            if code != "ResourceNotFoundException" and not (denied and self._is_gone(arn)):
                raise
        return True

    def _is_gone(self, arn: str) -> bool:
        try:
            self.describe(arn)
        except CertificateNotFoundError:
            return True
        return False


def _renewable(start: datetime, end: datetime) -> CertificateFilterStatementPaginatorTypeDef:
    """Return the filter for certificates that ACM renews and that expire in a period."""
    return {
        "And": [
            {"Filter": {"X509AttributeFilter": {"NotAfter": {"Start": start, "End": end}}}},
            {"Filter": {"AcmCertificateMetadataFilter": {"Status": "ISSUED"}}},
            {"Not": {"Filter": {"AcmCertificateMetadataFilter": {"Type": "IMPORTED"}}}},
        ]
    }


def _metadata(result: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = result.get("CertificateMetadata", {}).get(
        "AcmCertificateMetadata", {}
    )
    return found


def _renewal_state(result: Mapping[str, Any]) -> RenewalStatus | None:
    status = _metadata(result).get("RenewalStatus")
    return None if status is None else _member(RenewalStatus, status)


def _parameters(request: CertificateRequest) -> dict[str, Any]:
    parameters: dict[str, Any] = {
        "DomainName": request.domain_name,
        "KeyAlgorithm": request.key_algorithm,
        "IdempotencyToken": request.idempotency_token,
    }
    # ACM refuses empty lists.
    if request.tags:
        parameters["Tags"] = _tags(request.tags)
    if len(request.names) > 1:
        parameters["SubjectAlternativeNames"] = list(request.names[1:])
    if request.certificate_authority_arn:
        parameters["CertificateAuthorityArn"] = request.certificate_authority_arn
    else:
        parameters["ValidationMethod"] = "DNS"
    if request.root_hierarchy:
        parameters["RootHierarchyType"] = request.root_hierarchy
    if request.certificate_usage:
        parameters["CertificateUsage"] = request.certificate_usage
    if request.exportable:
        parameters["Options"] = {"Export": "ENABLED"}
    return parameters


def _tags(tags: Sequence[tuple[str, str]]) -> list[TagTypeDef]:
    return [{"Key": key, "Value": value} for key, value in tags]


@contextmanager
def _accepted(what: str) -> Iterator[None]:
    """Raise CertificateRequestError for a refusal that the caller can prevent."""
    try:
        yield
    except ParamValidationError as error:
        report = clean(str(error.kwargs["report"]), _LONGEST_REPORT)
        raise CertificateRequestError(
            f"botocore {botocore.__version__} cannot send {what} ({report}); add a newer "
            "boto3: to the functions with the input function.layers, to the command line with pip"
        ) from error
    except ClientError as error:
        code = error_code(error)
        if code not in _REFUSALS:
            raise
        text = error.response["Error"].get("Message", "")
        raise CertificateRequestError(f"ACM refused {what}: {_REFUSALS[code]} ({text})") from error


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
    update, renewal = detail.get("UpdateSummary", {}), _renewal(detail.get("RenewalSummary"))
    validations = _validations(detail.get("DomainValidationOptions", ()))
    return Certificate(
        **_common(detail, names),
        in_use=bool(detail.get("InUseBy")),
        exportable=detail.get("Options", {}).get("Export") == "ENABLED",
        detail=CertificateDetail(
            in_use_by=tuple(detail.get("InUseBy", ())),
            renewal=renewal,
            validations=_with_records(_present_methods(validations, update), renewal),
            failure_reason=detail.get("FailureReason"),
            certificate_authority_arn=detail.get("CertificateAuthorityArn"),
            acme_account=detail.get("AcmeAccountId"),
            serial=detail.get("Serial"),
            issuer=detail.get("Issuer"),
            subject=detail.get("Subject"),
            imported_at=utc(detail.get("ImportedAt")),
            migrating_to_dns=update.get("Type") == _UPDATE_TYPE
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
        # A response has `RSA-2048` where a request has `RSA_2048`.
        "key_algorithm": str(data.get("KeyAlgorithm", "")).replace("-", "_"),
        "renewal_eligible": _eligible(data.get("RenewalEligibility")),
        "not_before": utc(data.get("NotBefore")),
        "not_after": utc(data.get("NotAfter")),
        "created_at": utc(data.get("CreatedAt") or data.get("ImportedAt")),
        "managed_by": data.get("ManagedBy"),
        "key_pair_origin": data.get("CertificateKeyPairOrigin"),
        "root_hierarchy": data.get("RootHierarchyType"),
        "certificate_usage": data.get("CertificateUsage"),
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
            # Missing in certificates from the time when e-mail was the only method.
            method=_member(ValidationMethod, option.get("ValidationMethod", "EMAIL")),
            validated=option.get("ValidationStatus") == "SUCCESS",
            record=_record(option.get("ResourceRecord")),
            validation_domain=option.get("ValidationDomain"),
        )
        for option in options
    )


def _present_methods(
    validations: tuple[DomainValidation, ...], update: Mapping[str, Any]
) -> tuple[DomainValidation, ...]:
    """Return the validations after a migration to DNS that has succeeded.

    `DomainValidationOptions` is about the initial validation (API reference, CertificateDetail).
    """
    target = update.get("DomainValidationMethodUpdateSummary", {}).get("To")
    if (update.get("Type"), update.get("Status"), target) != (_UPDATE_TYPE, "SUCCESS", "DNS"):
        return validations
    return tuple(replace(validation, method=ValidationMethod.DNS) for validation in validations)


def _with_records(
    validations: tuple[DomainValidation, ...], renewal: Renewal | None
) -> tuple[DomainValidation, ...]:
    """Return the validations with the records of the last renewal where they have none.

    The initial validation of a certificate that migrated to DNS has no records.
    """
    entries = renewal.validations if renewal is not None else ()
    records = {entry.domain_name: entry.record for entry in entries}
    return tuple(
        replace(entry, record=entry.record or records.get(entry.domain_name))
        if entry.method is ValidationMethod.DNS
        else entry
        for entry in validations
    )


def _record(raw: Mapping[str, Any] | None) -> ValidationRecord | None:
    return ValidationRecord(raw["Name"], raw["Type"], raw["Value"]) if raw else None


def _usages(listed: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    return frozenset(usage["Name"] for usage in listed if "Name" in usage)


def _member(enum: type[E], raw: object) -> E:
    """Return the member of a value; a value that AWS added later becomes NOT_UNDERSTOOD."""
    try:
        return enum(str(raw))
    except ValueError:
        return enum("NOT_UNDERSTOOD")


def _eligible(raw: str | None) -> bool | None:
    return None if raw is None else raw == "ELIGIBLE"
