"""The vocabulary: what ACM says about a certificate, and what we say about it.

`Verdict` and `Reason` are closed and public: alarms, dashboards and filters are built on them.
`docs/verdicts.md` is generated from them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Self


class Severity(IntEnum):
    """How urgent a decision is, in rising order."""

    OK = 0
    INFO = 1
    WARNING = 2
    CRITICAL = 3

    @property
    def label(self) -> str:
        """The lower-case word used in results, messages and attributes."""
        return self.name.lower()


class Documented(StrEnum):
    """A string enum whose members carry their own explanation."""

    meaning: str

    def __new__(cls, value: str, meaning: str) -> Self:
        """Keep `meaning` beside the value, so that the documentation is made from the code."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member

    @classmethod
    def of(cls, value: str) -> Self:
        """Return the member with a value, present or former; raises ValueError if there is none."""
        present = present_word(value)
        for member in cls:
            if member.value == present:
                return member
        raise ValueError(f"{value!r} is none of {', '.join(cls)}")


#: Public words that earlier versions of this module have stored and sent, and their present forms.
_RENAMED = {
    "AuthorityEndsTooSoon": "AuthorityExpiresTooSoon",
    "ManagedElsewhere": "ExternallyManaged",
    "NotLookedAt": "ScanFailed",
    "NotServed": "StaleCertificateServed",
    "RequestAnew": "RequestAgain",
    "StatusNotUnderstood": "StatusUnknown",
    "TypeNotUnderstood": "TypeUnknown",
}


def present_word(word: str) -> str:
    """Return the present form of a verdict, reason or action that an earlier version wrote."""
    return _RENAMED.get(word, word)


class Verdict(Documented):
    """What is the matter with a certificate, or that nothing is."""

    HEALTHY = "Healthy", "Far from expiry and nothing is wrong."
    RENEWING = "Renewing", "ACM renews it by itself and still has time; the ARN stays."
    RENEWAL_BLOCKED = "RenewalBlocked", "ACM wants to renew it and waits for a proof of ownership."
    RENEWAL_OVERDUE = (
        "RenewalOverdue",
        "ACM's renewal failed, or has not got anywhere with little time left.",
    )
    UNUSED = "Unused", "No AWS service uses it and it was never exported, so ACM will not renew it."
    EXPORT_DUE = (
        "ExportDue",
        "A copy outside AWS is about to expire, or is not what its export target should hold.",
    )
    IMPORT_DUE = "ImportDue", "It was imported, so only its owner can renew it, and that is due."
    AUTHORITY_EXPIRING = (
        "AuthorityExpiring",
        "The private CA ends before a renewed certificate would.",
    )
    AUTHORITY_PERMISSION_MISSING = (
        "AuthorityPermissionMissing",
        "ACM is not allowed to issue from the private CA.",
    )
    PENDING_VALIDATION = "PendingValidation", "It was requested and is not validated yet."
    REQUEST_FAILED = "RequestFailed", "The request ended without a certificate."
    EXPIRED = "Expired", "Its validity is over."
    REVOKED = "Revoked", "It was revoked."
    EXTERNALLY_MANAGED = "ExternallyManaged", "Another tool or service looks after it."
    STALE_CERTIFICATE_SERVED = (
        "StaleCertificateServed",
        "ACM has a valid certificate, and those who connect are shown another one.",
    )
    SUPERSEDED = "Superseded", "A valid, later certificate for the same names has been issued."
    UNKNOWN = "Unknown", "It could not be judged; the message says why."
    SCAN_FAILED = (
        "ScanFailed",
        "A whole account and region could not be looked at: it may hold anything.",
    )


class Reason(Documented):
    """Why a verdict was given."""

    FAR_FROM_EXPIRY = "FarFromExpiry", "More time is left than any threshold asks for."
    AUTO_RENEWAL_IN_PROGRESS = "AutoRenewalInProgress", "ACM has begun to renew it."
    AWAITING_ACM = "AwaitingAcm", "It is inside ACM's renewal window; ACM has not begun yet."
    RECORDS_IN_PLACE = (
        "RecordsInPlace",
        "Every validation record stands as ACM wants it; ACM has not looked again yet.",
    )
    VALIDATION_RECORD_MISSING = "ValidationRecordMissing", "A validation CNAME does not exist."
    VALIDATION_RECORD_WRONG = (
        "ValidationRecordWrong",
        "Something other than ACM's value stands at the name of a validation CNAME.",
    )
    ZONE_NOT_FOUND = "ZoneNotFound", "No public hosted zone that we may write holds the name."
    ZONE_AMBIGUOUS = (
        "ZoneAmbiguous",
        "Several public hosted zones have the same name; name the right one in `hosted_zones`.",
    )
    VALIDATION_UNCHECKED = (
        "ValidationUnchecked",
        "ACM waits for validation, and the records could not be compared.",
    )
    EMAIL_APPROVAL_PENDING = (
        "EmailApprovalPending",
        "Somebody has to click the link in ACM's e-mail.",
    )
    CAA_FORBIDS = "CaaForbids", "A CAA record does not allow Amazon to issue (CAA_ERROR)."
    NO_AVAILABLE_CONTACTS = "NoAvailableContacts", "ACM found no address to ask."
    ADDITIONAL_VERIFICATION_REQUIRED = (
        "AdditionalVerificationRequired",
        "ACM wants more information; open a case with AWS Support.",
    )
    DOMAIN_NOT_ALLOWED = "DomainNotAllowed", "ACM does not issue for this domain."
    INVALID_PUBLIC_DOMAIN = "InvalidPublicDomain", "The name is not a public domain."
    DOMAIN_VALIDATION_DENIED = "DomainValidationDenied", "The owner refused the request."
    AUTHORITY_ACCESS_DENIED = (
        "AuthorityAccessDenied",
        "The private CA does not grant ACM what it needs (PCA_ACCESS_DENIED).",
    )
    SERVICE_LINKED_ROLE_MISSING = (
        "ServiceLinkedRoleMissing",
        "AWSServiceRoleForCertificateManager does not exist (SLR_NOT_FOUND).",
    )
    AUTHORITY_EXPIRES_TOO_SOON = (
        "AuthorityExpiresTooSoon",
        "The private CA is valid for less time than the certificate (PCA_INVALID_DURATION).",
    )
    AUTHORITY_LIMIT_EXCEEDED = "AuthorityLimitExceeded", "The private CA is over its quota."
    AUTHORITY_NOT_FOUND = "AuthorityNotFound", "The private CA does not exist."
    AUTHORITY_INVALID_STATE = "AuthorityInvalidState", "The private CA is not active."
    AUTHORITY_REQUEST_FAILED = "AuthorityRequestFailed", "The private CA could not issue."
    AUTHORITY_NAME_CONSTRAINTS = (
        "AuthorityNameConstraints",
        "The private CA may not issue for these names.",
    )
    AUTHORITY_INVALID_ARGUMENTS = (
        "AuthorityInvalidArguments",
        "The private CA refused the request as invalid.",
    )
    OTHER_FAILURE = "OtherFailure", "ACM gives no more precise reason than OTHER."
    NO_REASON_GIVEN = "NoReasonGiven", "ACM gives no reason."
    NO_PROGRESS = "NoProgress", "The renewal should be done by now."
    NOT_ELIGIBLE = "NotEligible", "ACM says that it will not renew it, although it is used."
    NOT_IN_USE = "NotInUse", "Nothing uses it."
    EXPORTED_COPY_EXPIRING = "ExportedCopyExpiring", "The exported copy has to be replaced."
    EXPORT_TARGET_OUTDATED = (
        "ExportTargetOutdated",
        "The export target does not hold what ACM has now.",
    )
    EXPORT_ROLLED_BACK = (
        "ExportRolledBack",
        "The export target holds what ACM has now, and somebody made another version current.",
    )
    EXPORT_NOT_POSSIBLE = (
        "ExportNotPossible",
        "It has an export target, and ACM cannot export it.",
    )
    IMPORTED_EXPIRING = "ImportedExpiring", "A new version has to be imported under its ARN."
    SERVER_CERTIFICATE_EXPIRING = (
        "ServerCertificateExpiring",
        "It is kept in IAM, where nothing renews it and no ARN takes a new version.",
    )
    SOURCE_NEWER = (
        "SourceNewer",
        "Its import source holds a newer version, although it is not near its end.",
    )
    SOURCE_NOT_NEWER = (
        "SourceNotNewer",
        "Its import source holds nothing newer; whoever writes the secret has to renew it.",
    )
    SOURCE_NOT_YET_VALID = (
        "SourceNotYetValid",
        "Its import source holds a newer version that is not valid yet.",
    )
    SOURCE_INCOMPATIBLE = (
        "SourceIncompatible",
        "ACM would not take what its import source holds: another key, no name kept, a usage less.",
    )
    SOURCE_INVALID = (
        "SourceInvalid",
        "Its import source does not hold a certificate with its private key as ACM takes them.",
    )
    SOURCE_UNREADABLE = "SourceUnreadable", "The secret that is its import source cannot be read."
    AWAITING_VALIDATION = "AwaitingValidation", "The request is younger than a day."
    VALIDATION_TIMED_OUT = "ValidationTimedOut", "It was not validated within 72 hours."
    PAST_NOT_AFTER = "PastNotAfter", "NotAfter is in the past."
    REVOKED_BY_ISSUER = "RevokedByIssuer", "The certificate authority revoked it."
    MANAGED_BY_CLOUDFRONT = "ManagedByCloudFront", "CloudFront validates and renews it."
    MANAGED_BY_ACME_CLIENT = "ManagedByAcmeClient", "An ACME client renews it."
    MANAGED_BY_OTHER_TOOL = "ManagedByOtherTool", "A tag names the tool that looks after it."
    OLDER_CERTIFICATE_SERVED = (
        "OlderCertificateServed",
        "It was renewed, and an earlier certificate is still served under one of its names.",
    )
    OTHER_CERTIFICATE_SERVED = (
        "OtherCertificateServed",
        "A certificate that ACM does not have here is served under one of its names.",
    )
    SUCCESSOR_ISSUED = "SuccessorIssued", "A later certificate with all its names is valid."
    STATUS_UNKNOWN = (
        "StatusUnknown",
        "ACM reports a status that this version does not know.",
    )
    TYPE_UNKNOWN = "TypeUnknown", "ACM reports a type that this version does not know."
    STATUS_INACTIVE = "StatusInactive", "ACM reports the status INACTIVE."
    VALIDITY_UNKNOWN = "ValidityUnknown", "ACM does not say when it ends."
    DETAILS_UNREADABLE = "DetailsUnreadable", "DescribeCertificate failed for it."
    SCOPE_FAILED = "ScopeFailed", "The certificates of an account and region could not be listed."


class Action(Documented):
    """What would help.

    `RESTORE_RECORDS` and `RENEW_BY_EMAIL`, `REIMPORT` from an import source, and `EXPORT` for what
    has an export target, are carried out in the modes `repair` and `replace`; `REPLACE` and
    `REBIND`, and `REQUEST_AGAIN` for what this instance requested, in mode `replace`.
    """

    NONE = "None", "Nothing has to be done."
    RESTORE_RECORDS = "RestoreRecords", "Write the validation records that ACM asks for."
    RENEW_BY_EMAIL = (
        "RenewByEmail",
        "Migrate from e-mail to DNS validation under the same ARN, or send the e-mail again.",
    )
    FIX_VALIDATION = "FixValidation", "Mend by hand what keeps ACM from validating."
    FIX_AUTHORITY = "FixAuthority", "Mend the private CA or ACM's permission on it."
    EXPORT = "Export", "Renew it where that applies, and export it to where it is served."
    REIMPORT = "Reimport", "Import a newer version under the same ARN."
    REPLACE = "Replace", "Request a successor and move the consumers to it."
    REQUEST_AGAIN = "RequestAgain", "Request it again; the creation function does so."
    REBIND = "Rebind", "Move what still uses it to its successor."
    MOVE_TO_ACM = (
        "MoveToAcm",
        "Import its successor into ACM, and move what uses it there.",
    )
    INVESTIGATE = "Investigate", "Look at it; the message says what is strange."


class CertificateStatus(StrEnum):
    """`Status` of a certificate as ACM has it; `NOT_UNDERSTOOD` for one that came later."""

    PENDING_VALIDATION = "PENDING_VALIDATION"
    ISSUED = "ISSUED"
    INACTIVE = "INACTIVE"
    EXPIRED = "EXPIRED"
    VALIDATION_TIMED_OUT = "VALIDATION_TIMED_OUT"
    REVOKED = "REVOKED"
    FAILED = "FAILED"
    NOT_UNDERSTOOD = "NOT_UNDERSTOOD"


class CertificateType(StrEnum):
    """`Type` of a certificate as ACM has it, and what is kept outside ACM and looked at as well."""

    AMAZON_ISSUED = "AMAZON_ISSUED"
    PRIVATE = "PRIVATE"
    IMPORTED = "IMPORTED"
    SERVER_CERTIFICATE = "IAM_SERVER_CERTIFICATE"
    PRIVATE_AUTHORITY = "PRIVATE_AUTHORITY"
    NOT_UNDERSTOOD = "NOT_UNDERSTOOD"


class RenewalStatus(StrEnum):
    """`RenewalSummary.RenewalStatus` as ACM has it."""

    PENDING_AUTO_RENEWAL = "PENDING_AUTO_RENEWAL"
    PENDING_VALIDATION = "PENDING_VALIDATION"
    SUCCESS = "SUCCESS"
    FAILED = "FAILED"
    NOT_UNDERSTOOD = "NOT_UNDERSTOOD"


class ValidationMethod(StrEnum):
    """How a name's ownership is proved."""

    DNS = "DNS"
    EMAIL = "EMAIL"
    HTTP = "HTTP"
    NOT_UNDERSTOOD = "NOT_UNDERSTOOD"


@dataclass(frozen=True, slots=True)
class ValidationRecord:
    """The DNS record that ACM asks for, in ACM's own spelling."""

    name: str
    type: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainValidation:
    """One entry of `DomainValidationOptions`."""

    domain_name: str
    method: ValidationMethod
    validated: bool
    record: ValidationRecord | None = None
    validation_domain: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewal:
    """`RenewalSummary`: absent until ACM's managed renewal starts."""

    status: RenewalStatus
    reason: str | None = None
    validations: tuple[DomainValidation, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """What only `DescribeCertificate` and `ListTagsForCertificate` return.

    `described` separates a description that says little from no description at all.
    """

    in_use_by: tuple[str, ...] = ()
    renewal: Renewal | None = None
    validations: tuple[DomainValidation, ...] = ()
    failure_reason: str | None = None
    certificate_authority_arn: str | None = None
    migrating_to_dns: bool = False
    serial: str | None = None
    key_usages: frozenset[str] = frozenset()
    extended_key_usages: frozenset[str] = frozenset()
    tags: tuple[tuple[str, str], ...] = ()
    issues_for_acm: bool | None = None
    described: bool = True

    @property
    def pending_validations(self) -> tuple[DomainValidation, ...]:
        """The validations that matter now: the renewal's if there is one, else the request's."""
        return self.renewal.validations if self.renewal else self.validations


#: The detail of a certificate that was listed and not described: every value is empty.
NOT_DESCRIBED = Detail(described=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """One certificate of ACM, as far as it is known.

    `names` holds the common name first; `names_complete` is false where the listing cut it short.
    `detail` is empty until the certificate has been described; `described` says which it is.
    """

    arn: str
    names: tuple[str, ...]
    status: CertificateStatus
    type: CertificateType
    key_algorithm: str
    names_complete: bool = True
    in_use: bool = False
    exported: bool = False
    exportable: bool = False
    renewal_eligible: bool | None = None
    not_before: datetime | None = None
    not_after: datetime | None = None
    created_at: datetime | None = None
    managed_by: str | None = None
    key_pair_origin: str | None = None
    detail: Detail = NOT_DESCRIBED

    @property
    def domain_name(self) -> str:
        """The common name; empty for an imported certificate that has no name."""
        return self.names[0] if self.names else ""

    @property
    def region(self) -> str:
        """The region, from the ARN; `global` where a service has none."""
        return self.arn.split(":")[3] or "global"

    @property
    def account_id(self) -> str:
        """The account, from the ARN."""
        return self.arn.split(":")[4]

    @property
    def used(self) -> bool:
        """Whether something depends on it: an AWS service, or a server that has its key.

        A server has the key of an exported certificate, and of one that an ACME client asked for.
        """
        return self.in_use or self.exported or self.key_pair_origin == "ACME"

    @property
    def described(self) -> bool:
        """Whether `detail` was read: an empty value of an undescribed certificate means nothing."""
        return self.detail.described

    def with_tags(self, tags: tuple[tuple[str, str], ...]) -> Certificate:
        """Return the certificate with `tags`, which ACM returns in a call of their own."""
        return replace(self, detail=replace(self.detail, tags=tags))

    def described_as(self, described: Certificate) -> Certificate:
        """Return `described`, completed by what only the listing tells.

        Either call may lag behind the other; what one of them knows to be used, is used.
        """
        in_use = self.in_use or described.in_use
        return replace(described, exported=self.exported, in_use=in_use)

    @property
    def managed(self) -> bool:
        """Whether ACM issued it, and so renews it while it is used."""
        return self.type in (CertificateType.AMAZON_ISSUED, CertificateType.PRIVATE)

    @property
    def lifetime(self) -> timedelta | None:
        """NotAfter minus NotBefore: never assumed, since maxima shrink (CA/B ballot SC-081v3).

        None as well if it ends before it begins: shares of that would be no thresholds.
        """
        if self.not_before is None or self.not_after is None or self.not_after <= self.not_before:
            return None
        return self.not_after - self.not_before


@dataclass(frozen=True, slots=True)
class Decision:
    """The explained judgement on one certificate."""

    verdict: Verdict
    severity: Severity
    reason: Reason
    message: str
    action: Action

    @property
    def healthy(self) -> bool:
        """Whether it stays out of the findings."""
        return self.severity is Severity.OK

    @property
    def reportable(self) -> bool:
        """Whether a person should hear of it: urgent, or something can be done."""
        return self.severity >= Severity.WARNING or self.action is not Action.NONE


def days_left(certificate: Certificate, now: datetime) -> int | None:
    """Whole days until NotAfter, rounded down, for people; negative once it is past.

    Decisions never use it: they compare instants.
    """
    if certificate.not_after is None:
        return None
    return math.floor((certificate.not_after - now) / timedelta(days=1))
