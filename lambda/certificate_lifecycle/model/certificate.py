"""A certificate as ACM describes it, and the decision on it.

`Verdict` and `Reason` are closed and public; `docs/verdicts.md` is generated from them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Self

from certificate_lifecycle.model.acme import AcmeBinding, AcmeEndpoint, AcmeValidation
from certificate_lifecycle.model.pointers import Pointer


class Severity(IntEnum):
    """How urgent a decision is, in ascending order."""

    OK = 0
    INFO = 1
    WARNING = 2
    CRITICAL = 3

    @property
    def label(self) -> str:
        """The lower-case name in results, messages and attributes."""
        return self.name.lower()


class Documented(StrEnum):
    """A string enum whose members have a meaning for the documentation."""

    meaning: str

    def __new__(cls, value: str, meaning: str) -> Self:
        """Create a member from its value and meaning."""
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
        raise ValueError(f"{value!r} is not one of {', '.join(cls)}")


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
    """The state of a certificate."""

    HEALTHY = "Healthy", "It is far from expiry and nothing is wrong."
    RENEWING = "Renewing", "ACM renews it and still has time; the ARN stays."
    RENEWAL_BLOCKED = "RenewalBlocked", "ACM cannot renew it before it is validated."
    RENEWAL_AT_RISK = "RenewalAtRisk", "Its next renewal would fail, or needs a person."
    RENEWAL_CHANGED = (
        "RenewalChanged",
        "Its last renewal or import changed more than the dates, so that some clients may fail.",
    )
    RENEWAL_OVERDUE = "RenewalOverdue", "ACM's renewal failed, or is late with little time left."
    UNUSED = "Unused", "No AWS service uses it and it was never exported, so ACM does not renew it."
    EXPORT_DUE = "ExportDue", "A copy expires soon, or its export target lacks the current version."
    IMPORT_DUE = "ImportDue", "It was imported, and a newer version should be imported now."
    AUTHORITY_EXPIRING = "AuthorityExpiring", "The CA expires before a renewed certificate would."
    AUTHORITY_PERMISSION_MISSING = (
        "AuthorityPermissionMissing",
        "ACM is not allowed to issue from the private CA.",
    )
    PENDING_VALIDATION = "PendingValidation", "It was requested and is not validated yet."
    REQUEST_FAILED = "RequestFailed", "The request ended without a certificate."
    EXPIRED = "Expired", "It has expired."
    REVOKED = "Revoked", "It was revoked."
    EXTERNALLY_MANAGED = "ExternallyManaged", "Another tool or service manages it."
    STALE_CERTIFICATE_SERVED = (
        "StaleCertificateServed",
        "ACM has a valid certificate, but a server shows another one to clients.",
    )
    SUPERSEDED = "Superseded", "A valid, later certificate may take over from it."
    UNKNOWN = "Unknown", "It could not be judged; the message says why."
    DECLARED_MISSING = (
        "DeclaredMissing",
        "The parameter of a declared certificate names no certificate of this instance.",
    )
    ISSUANCE_BLOCKED = (
        "IssuanceBlocked",
        "ACME clients cannot order certificates, or cannot register with an ACME endpoint.",
    )
    SCAN_FAILED = "ScanFailed", "A whole account and region could not be scanned."
    INVENTORY_INCOMPLETE = (
        "InventoryIncomplete",
        "A class of certificates could not be listed; the message names it.",
    )


class Reason(Documented):
    """Why a verdict was given."""

    FAR_FROM_EXPIRY = "FarFromExpiry", "No threshold is reached."
    AUTO_RENEWAL_IN_PROGRESS = "AutoRenewalInProgress", "ACM has started to renew it."
    AWAITING_ACM = "AwaitingAcm", "It is in ACM's renewal window; ACM has not started yet."
    RECORDS_IN_PLACE = "RecordsInPlace", "Every record is correct; ACM has not checked again yet."
    VALIDATION_RECORD_MISSING = "ValidationRecordMissing", "A validation CNAME does not exist."
    VALIDATION_RECORD_WRONG = (
        "ValidationRecordWrong",
        "A validation CNAME has another value than the one that ACM requires.",
    )
    RECORD_REMOVED_AGAIN = (
        "RecordRemovedAgain",
        "A validation record was removed after a run had written it; CloudTrail shows by whom.",
    )
    ZONE_NOT_FOUND = "ZoneNotFound", "No writable public hosted zone contains the name."
    ZONE_AMBIGUOUS = (
        "ZoneAmbiguous",
        "Several public hosted zones have the same name; name the right one in `hosted_zones`.",
    )
    NAME_DELEGATED = (
        "NameDelegated",
        "A hosted zone delegates the name to name servers of no hosted zone that may be written.",
    )
    VALIDATION_UNCHECKED = (
        "ValidationUnchecked",
        "ACM waits for validation, and the records could not be compared.",
    )
    EMAIL_APPROVAL_PENDING = "EmailApprovalPending", "ACM's validation e-mail was not answered."
    EMAIL_VALIDATION_ENDS = (
        "EmailValidationEnds",
        "Its names are validated by e-mail, which no CA may do any more from 2028-03-15 on.",
    )
    ZONE_NOT_DELEGATED = (
        "ZoneNotDelegated",
        "Public DNS does not delegate the hosted zone to its name servers, or not only to them.",
    )
    DNSSEC_BROKEN = (
        "DnssecBroken",
        "Resolvers that validate DNSSEC reject the answers, so that every CA must refuse.",
    )
    CAA_FORBIDS = "CaaForbids", "A CAA record does not allow Amazon to issue (CAA_ERROR)."
    ISSUER_CHANGED = (
        "IssuerChanged",
        "It has another issuer since, so that clients that pin the issuer fail.",
    )
    CLIENT_AUTH_LOST = (
        "ClientAuthLost",
        "It lost the extended key usage clientAuth, which mutual TLS requires of clients.",
    )
    NO_AVAILABLE_CONTACTS = "NoAvailableContacts", "ACM found no e-mail address for the domain."
    ADDITIONAL_VERIFICATION_REQUIRED = (
        "AdditionalVerificationRequired",
        "ACM requires more information; open a case with AWS Support.",
    )
    DOMAIN_NOT_ALLOWED = "DomainNotAllowed", "ACM does not issue for this domain."
    INVALID_PUBLIC_DOMAIN = "InvalidPublicDomain", "The name is not a public domain."
    DOMAIN_VALIDATION_DENIED = "DomainValidationDenied", "The owner rejected the request."
    AUTHORITY_ACCESS_DENIED = (
        "AuthorityAccessDenied",
        "The private CA does not grant ACM the required permissions (PCA_ACCESS_DENIED).",
    )
    SERVICE_LINKED_ROLE_MISSING = (
        "ServiceLinkedRoleMissing",
        "AWSServiceRoleForCertificateManager does not exist (SLR_NOT_FOUND).",
    )
    AUTHORITY_EXPIRES_TOO_SOON = (
        "AuthorityExpiresTooSoon",
        "The private CA expires before the certificate would (PCA_INVALID_DURATION).",
    )
    AUTHORITY_LIMIT_EXCEEDED = "AuthorityLimitExceeded", "The private CA has exceeded a quota."
    AUTHORITY_NOT_FOUND = "AuthorityNotFound", "The private CA does not exist."
    AUTHORITY_INVALID_STATE = "AuthorityInvalidState", "The private CA is not active."
    AUTHORITY_REQUEST_FAILED = "AuthorityRequestFailed", "The private CA could not issue."
    AUTHORITY_NAME_CONSTRAINTS = "AuthorityNameConstraints", "The CA may not issue for these names."
    AUTHORITY_INVALID_ARGUMENTS = "AuthorityInvalidArguments", "The CA rejected the request."
    OTHER_FAILURE = "OtherFailure", "ACM gives no more precise reason than OTHER."
    NO_REASON_GIVEN = "NoReasonGiven", "ACM gives no reason."
    NO_PROGRESS = "NoProgress", "The renewal should be done by now."
    NOT_ELIGIBLE = "NotEligible", "ACM reports it as not eligible for renewal, although it is used."
    NOT_IN_USE = "NotInUse", "Nothing uses it."
    DRILL_RECENT = "DrillRecent", "A drill of the last day requested it, and deletes it."
    DRILL_LEFT = "DrillLeft", "A drill that was killed left it; the message has the command."
    EXPORTED_COPY_EXPIRING = "ExportedCopyExpiring", "The exported copy expires soon."
    EXPORT_TARGET_OUTDATED = "ExportTargetOutdated", "The export target lacks its current version."
    EXPORT_ROLLED_BACK = (
        "ExportRolledBack",
        "The export target contains its current version, but another one is labelled AWSCURRENT.",
    )
    EXPORT_NOT_POSSIBLE = "ExportNotPossible", "It has an export target, but cannot be exported."
    IMPORTED_EXPIRING = "ImportedExpiring", "A new version has to be imported under its ARN."
    SERVER_CERTIFICATE_EXPIRING = (
        "ServerCertificateExpiring",
        "It is an IAM server certificate, which can be neither renewed nor reimported.",
    )
    SOURCE_NEWER = "SourceNewer", "Its import source contains a newer version, long before expiry."
    SOURCE_NOT_NEWER = (
        "SourceNotNewer",
        "Its import source contains no newer version; the owner of the secret has to renew it.",
    )
    SOURCE_TOO_OLD = (
        "SourceTooOld",
        "More than half of its life is over, and its import source contains no newer version.",
    )
    EXPORT_TARGET_MISSING = (
        "ExportTargetMissing",
        "It was exported and has no export target: after its renewal, nothing renews the copies.",
    )
    SOURCE_MISSING = (
        "SourceMissing",
        "The secret of its import source does not exist, has no value, or is marked for deletion.",
    )
    EXPORT_SECRET_MISSING = (
        "ExportSecretMissing",
        "The secret of its export target does not exist, or is marked for deletion.",
    )
    EXPORT_TARGET_UNREADABLE = (
        "ExportTargetUnreadable",
        "Its export target, or what it would be compared with, cannot be read.",
    )
    SOURCE_NOT_YET_VALID = (
        "SourceNotYetValid",
        "Its import source contains a newer version that is not valid yet.",
    )
    SOURCE_INCOMPATIBLE = (
        "SourceIncompatible",
        "Its import source contains a version that ACM rejects or that its settings do not allow.",
    )
    SOURCE_INVALID = (
        "SourceInvalid",
        "Its import source does not contain a certificate and private key that ACM accepts.",
    )
    SOURCE_UNREADABLE = (
        "SourceUnreadable",
        "Its import source, or what it would be compared with, cannot be read.",
    )
    AWAITING_VALIDATION = "AwaitingValidation", "The request is less than a day old."
    VALIDATION_TIMED_OUT = "ValidationTimedOut", "It was not validated within 72 hours."
    PAST_NOT_AFTER = "PastNotAfter", "NotAfter is in the past."
    REVOKED_BY_ISSUER = "RevokedByIssuer", "The certificate authority revoked it."
    MANAGED_BY_CLOUDFRONT = "ManagedByCloudFront", "CloudFront validates and renews it."
    MANAGED_BY_ACME_CLIENT = "ManagedByAcmeClient", "An ACME client renews it."
    MANAGED_BY_OTHER_TOOL = "ManagedByOtherTool", "ACM or a tag names the tool that manages it."
    OLDER_CERTIFICATE_SERVED = (
        "OlderCertificateServed",
        "It was renewed, but one of its names still serves an earlier certificate.",
    )
    OTHER_CERTIFICATE_SERVED = (
        "OtherCertificateServed",
        "One of its names serves a certificate that ACM does not list in this account and region.",
    )
    SUCCESSOR_ISSUED = "SuccessorIssued", "A later certificate that may take over is valid."
    STATUS_UNKNOWN = "StatusUnknown", "ACM reports a status that this version does not know."
    TYPE_UNKNOWN = "TypeUnknown", "ACM reports a type that this version does not know."
    STATUS_INACTIVE = "StatusInactive", "ACM reports the status INACTIVE."
    VALIDITY_UNKNOWN = "ValidityUnknown", "Its expiry date is unknown."
    DETAILS_UNREADABLE = "DetailsUnreadable", "DescribeCertificate failed for it."
    NEVER_ISSUED = "NeverIssued", "The certificate is declared and was never issued."
    CERTIFICATE_DELETED = (
        "CertificateDeleted",
        "The parameter names a certificate that does not exist any more.",
    )
    CERTIFICATE_FOREIGN = (
        "CertificateForeign",
        "The parameter names a certificate that this instance did not issue, or none at all.",
    )
    ENDPOINT_FAILED = "EndpointFailed", "ACM could not create the ACME endpoint."
    ENDPOINT_NOT_ACTIVE = "EndpointNotActive", "The ACME endpoint is not active."
    BINDING_EXPIRING = (
        "BindingExpiring",
        "An external account binding expires soon, and no client has registered with it.",
    )
    BINDING_ENDED = (
        "BindingEnded",
        "No client can register with the ACME endpoint, and none has: its bindings have ended.",
    )
    HOSTED_ZONE_INACCESSIBLE = (
        "HostedZoneInaccessible",
        "ACM cannot access the hosted zone of a domain validation (ACCESS_DENIED).",
    )
    HOSTED_ZONE_GONE = (
        "HostedZoneGone",
        "The hosted zone of a domain validation does not exist (HOSTED_ZONE_NOT_FOUND).",
    )
    RECORD_REFUSED = (
        "RecordRefused",
        "Route 53 refused the record that ACM wrote (INVALID_CHANGE_BATCH).",
    )
    INTERNAL_FAILURE = "InternalFailure", "ACM failed internally (INTERNAL_FAILURE)."
    FAILURE_UNKNOWN = "FailureUnknown", "ACM gives a reason that this version does not know."
    SCOPE_FAILED = "ScopeFailed", "The certificates of an account and region could not be listed."
    CLASS_NOT_LISTED = (
        "ClassNotListed",
        "The SDK, or ACM in a region, does not know the filter that lists a class of certificates.",
    )


class Action(Documented):
    """The next step.

    The modes `repair` and `replace` perform `RESTORE_RECORDS`, `RENEW_BY_EMAIL`, `REIMPORT` from
    an import source and `EXPORT` to an export target. Mode `replace` also performs `REPLACE`,
    `REBIND`, and `REQUEST_AGAIN` for requests of this instance.
    """

    NONE = "None", "Nothing has to be done."
    RESTORE_RECORDS = "RestoreRecords", "Write the validation records that ACM requires."
    RENEW_BY_EMAIL = (
        "RenewByEmail",
        "Migrate from e-mail to DNS validation under the same ARN, or send the e-mail again.",
    )
    FIX_VALIDATION = "FixValidation", "Fix the DNS or CAA problem; ACM then validates it."
    FIX_AUTHORITY = "FixAuthority", "Fix the private CA or ACM's permission on it."
    EXPORT = "Export", "Renew it if necessary, and export it to where it is used."
    REIMPORT = "Reimport", "Import a newer version under the same ARN."
    REPLACE = "Replace", "Request a successor and move the consumers to it."
    REQUEST_AGAIN = "RequestAgain", "Request it again with the creation function."
    REBIND = "Rebind", "Move its consumers to the successor."
    ISSUE_AGAIN = "IssueAgain", "Issue the declared certificate again with Terraform."
    MOVE_TO_ACM = "MoveToAcm", "Import a successor into ACM and move the consumers to it."
    INVESTIGATE = "Investigate", "Find the cause; the message contains details."


class CertificateStatus(StrEnum):
    """`Status` in ACM; `NOT_UNDERSTOOD` stands for values newer than this version."""

    PENDING_VALIDATION = "PENDING_VALIDATION"
    ISSUED = "ISSUED"
    INACTIVE = "INACTIVE"
    EXPIRED = "EXPIRED"
    VALIDATION_TIMED_OUT = "VALIDATION_TIMED_OUT"
    REVOKED = "REVOKED"
    FAILED = "FAILED"
    NOT_UNDERSTOOD = "NOT_UNDERSTOOD"


class CertificateType(StrEnum):
    """`Type` in ACM, and the types of other certificates and of issuers that are scanned too."""

    AMAZON_ISSUED = "AMAZON_ISSUED"
    PRIVATE = "PRIVATE"
    IMPORTED = "IMPORTED"
    SERVER_CERTIFICATE = "IAM_SERVER_CERTIFICATE"
    PRIVATE_AUTHORITY = "PRIVATE_AUTHORITY"
    DECLARED = "DECLARED"
    ACME_ENDPOINT = "ACME_ENDPOINT"
    ACME_DOMAIN_VALIDATION = "ACME_DOMAIN_VALIDATION"
    ACME_ACCOUNT_BINDING = "ACME_ACCOUNT_BINDING"
    NOT_UNDERSTOOD = "NOT_UNDERSTOOD"


class RenewalStatus(StrEnum):
    """`RenewalSummary.RenewalStatus` in ACM."""

    PENDING_AUTO_RENEWAL = "PENDING_AUTO_RENEWAL"
    PENDING_VALIDATION = "PENDING_VALIDATION"
    SUCCESS = "SUCCESS"
    FAILED = "FAILED"
    NOT_UNDERSTOOD = "NOT_UNDERSTOOD"


class ValidationMethod(StrEnum):
    """How the owner of a name proves ownership."""

    DNS = "DNS"
    EMAIL = "EMAIL"
    HTTP = "HTTP"
    NOT_UNDERSTOOD = "NOT_UNDERSTOOD"


@dataclass(frozen=True, slots=True)
class ValidationRecord:
    """The DNS record that ACM requires, in ACM's spelling."""

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
class CertificateDetail:
    """The fields that only `DescribeCertificate` and `ListTagsForCertificate` return.

    `described` is false for a certificate that was listed and not described.
    `tags_read` is true once `tags` are those of the certificate; they need a call of their own.
    `issuer` is one attribute of the issuer's name, `subject` a distinguished name.
    `acme_account` is the ACME account that ordered the certificate.
    `pointer` is that of a declared certificate which may not exist, `acme` the state of an ACME
    endpoint, a domain validation or a binding.
    """

    in_use_by: tuple[str, ...] = ()
    renewal: Renewal | None = None
    validations: tuple[DomainValidation, ...] = ()
    failure_reason: str | None = None
    certificate_authority_arn: str | None = None
    acme_account: str | None = None
    migrating_to_dns: bool = False
    serial: str | None = None
    issuer: str | None = None
    subject: str | None = None
    imported_at: datetime | None = None
    key_usages: frozenset[str] = frozenset()
    extended_key_usages: frozenset[str] = frozenset()
    tags: tuple[tuple[str, str], ...] = ()
    tags_read: bool = False
    issues_for_acm: bool | None = None
    pointer: Pointer | None = None
    acme: AcmeEndpoint | AcmeValidation | AcmeBinding | None = None
    described: bool = True

    @property
    def pending_validations(self) -> tuple[DomainValidation, ...]:
        """The validations of the renewal, or of the request if there is no renewal."""
        return self.renewal.validations if self.renewal else self.validations


#: The empty detail of a certificate that was not described.
NOT_DESCRIBED = CertificateDetail(described=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """One certificate.

    `names` starts with the common name; `names_complete` is false if the listing truncated it.
    `root_hierarchy` and `certificate_usage` are None for standard public certificates.
    `listed` is false if it was described and ACM's listing lacks it: its class may be one that this
    SDK or this version does not know.
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
    root_hierarchy: str | None = None
    certificate_usage: str | None = None
    listed: bool = True
    detail: CertificateDetail = NOT_DESCRIBED

    @property
    def domain_name(self) -> str:
        """The common name; empty for an imported certificate without names."""
        return self.names[0] if self.names else ""

    @property
    def region(self) -> str:
        """The region, from the ARN; `global` for a service without regions."""
        return self.arn.split(":")[3] or "global"

    @property
    def account_id(self) -> str:
        """The account, from the ARN."""
        return self.arn.split(":")[4]

    @property
    def used(self) -> bool:
        """Whether an AWS service uses it, or a server has its key by export or ACME."""
        return self.in_use or self.exported or self.key_pair_origin == "ACME"

    @property
    def described(self) -> bool:
        """Whether `detail` was read; otherwise its empty values mean nothing."""
        return self.detail.described

    def with_tags(self, tags: tuple[tuple[str, str], ...]) -> Certificate:
        """Return the certificate with `tags`, which ACM returns in a separate call."""
        return replace(self, detail=replace(self.detail, tags=tags, tags_read=True))

    def as_unlisted(self) -> Certificate:
        """Return a described certificate that the listing lacks.

        Only the listing says whether it was exported: if it can be, it counts as exported.
        """
        return replace(self, listed=False, exported=self.exportable)

    def described_as(self, described: Certificate) -> Certificate:
        """Return `described` with the fields that only the listing has.

        Either call may return older data: the certificate is used if one of them says so.
        """
        in_use = self.in_use or described.in_use
        return replace(described, exported=self.exported, in_use=in_use, listed=self.listed)

    @property
    def managed(self) -> bool:
        """Whether ACM issued it, and therefore renews it while it is used."""
        return self.type in (CertificateType.AMAZON_ISSUED, CertificateType.PRIVATE)

    @property
    def lifetime(self) -> timedelta | None:
        """NotAfter minus NotBefore; None if it is unknown or not positive.

        Never assumed, because the maximum lifetimes shrink (CA/B ballot SC-081v3).
        """
        if self.not_before is None or self.not_after is None or self.not_after <= self.not_before:
            return None
        return self.not_after - self.not_before


@dataclass(frozen=True, slots=True)
class Decision:
    """The decision on one certificate."""

    verdict: Verdict
    severity: Severity
    reason: Reason
    message: str
    action: Action

    @property
    def healthy(self) -> bool:
        """Whether it is not a finding."""
        return self.severity is Severity.OK

    @property
    def reportable(self) -> bool:
        """Whether it is worth a notification: it is urgent, or there is a next step."""
        return self.severity >= Severity.WARNING or self.action is not Action.NONE


def whole_days(span: timedelta) -> int:
    """Return the whole days of a span, rounded down: every output counts days with it."""
    return math.floor(span / timedelta(days=1))


def days_left(certificate: Certificate, now: datetime) -> int | None:
    """Return whole days until NotAfter, rounded down, for messages; decisions compare instants."""
    return None if certificate.not_after is None else whole_days(certificate.not_after - now)


def time_to_expiry(certificate: Certificate, now: datetime) -> str:
    """Return the days until NotAfter in words, such as `in 5 days`; `unknown` without NotAfter."""
    days = days_left(certificate, now)
    if certificate.not_after is None or days is None:
        return "unknown"
    count = "less than a day" if days == 0 else "1 day" if abs(days) == 1 else f"{abs(days)} days"
    return f"in {count}" if certificate.not_after > now else f"{count} ago"


def expiry_clause(certificate: Certificate, now: datetime) -> str:
    """Return when a certificate expires, such as `expires in 5 days`."""
    if certificate.not_after is None:
        return "its expiry date is unknown"
    verb = "expires" if certificate.not_after > now else "expired"
    return f"{verb} {time_to_expiry(certificate, now)}"
