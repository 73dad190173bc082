"""The words of readiness: who proves, issues and deploys, the acts of people, and the blockers."""

from __future__ import annotations

from certificate_lifecycle.model.certificate import Documented


class Prover(Documented):
    """Who proves that the names of a certificate are ours."""

    OUR_ZONE = "our-zone", "A validation record in a hosted zone that this instance reads."
    OTHER_ZONE = "other-zone", "A validation record in DNS that this instance does not read."
    DNS = "dns", "A validation record; it is unknown who has its zone."
    EMAIL = "email", "A person who answers ACM's e-mail."
    HTTP = "http", "A file that CloudFront serves to ACM."
    AUTHORITY = "authority", "Nobody: a private CA asks for no proof."
    ISSUER = "issuer", "The person or tool that orders it from its CA."
    CLIENT = "client", "The ACME client that orders it."
    UNKNOWN = "unknown", "Unknown: its validation could not be read, or does not apply."


class Issuer(Documented):
    """Who issues a certificate."""

    AMAZON = "amazon", "Amazon, for the public."
    AMAZON_N2 = "amazon-n2", "Amazon, under its N2 roots."
    AUTHORITY = "authority", "A private CA."
    PUBLIC_CA = "public-ca", "Another public CA, by the issuer that ACM reports."
    OTHER_CA = "other-ca", "Another CA; it is unknown whether it is public."
    UNKNOWN = "unknown", "Unknown to this version."


class Deployer(Documented):
    """Who brings a renewed certificate to its servers."""

    SERVICE = "service", "The AWS service, as ACM renews it under the same ARN."
    SOURCE = "source", "This module, which imports it from its secret."
    TARGET = "target", "This module, which exports it to its secret."
    TOOL = "tool", "The tool or the client that manages it."
    IMPORTING_PERSON = "importing-person", "A person who imports it."
    INSTALLING_PERSON = "installing-person", "A person who exports and installs a copy."
    MOVING_PERSON = "moving-person", "A person who uploads it and moves its consumers."
    NOBODY = "nobody", "Nobody: nothing uses it."


class Act(Documented):
    """An act of a person, needed at each renewal."""

    ANSWER_EMAIL = "answer-email", "Answer ACM's validation e-mail for its names."
    ORDER = "order", "Order a new certificate from its CA."
    IMPORT = "import", "Import the new certificate under the same ARN."
    INSTALL = "install", "Export the renewed certificate and install the copy."
    MOVE = "move", "Upload the new certificate and move its consumers."


class Party(Documented):
    """Who can remove a blocker; the owner tag of the certificate names the team."""

    DNS = "dns", "The team of the DNS zones."
    PKI = "pki", "The team of the CAs and of the secrets with imported certificates."
    APPLICATION = "application", "The owner of the certificate."
    PLATFORM = "platform", "The team that deploys this module."


class Effect(Documented):
    """What a blocker does to renewals."""

    STOPS = "stops", "The renewal fails until the blocker is removed."
    ACT = "act", "A person has to act at each renewal."
    COSTS = "costs", "Renewals succeed with more work, or with a certificate of less use."


class BlockerKind(Documented):
    """What stands against short lifetimes."""

    EMAIL_APPROVAL = "EmailApproval", "A person answers an e-mail at each renewal."
    EMAIL_VALIDATION_ENDS = "EmailValidationEnds", "No CA may validate by e-mail any more."
    EMAIL_UNANSWERED = "EmailUnanswered", "The validation e-mail was not answered, or not sent."
    RECORD_ELSEWHERE = (
        "RecordElsewhere",
        "A name is in no hosted zone that this instance reads, so that its record is not restored.",
    )
    VALIDATION_RECORD_LOST = "ValidationRecordLost", "A validation record is missing or wrong."
    ZONE_NOT_WRITABLE = "ZoneNotWritable", "A record is needed where nothing may be written."
    ZONE_NOT_DELEGATED = "ZoneNotDelegated", "Public DNS does not lead to the hosted zone."
    DNSSEC_BROKEN = "DnssecBroken", "Every CA has to refuse, because DNSSEC is broken."
    CAA_FORBIDS = "CaaForbids", "A CAA record does not allow Amazon to issue."
    NAME_REFUSED = "NameRefused", "ACM does not issue for a name."
    AUTHORITY_PERMISSION_MISSING = (
        "AuthorityPermissionMissing",
        "ACM is not allowed to issue from the private CA.",
    )
    AUTHORITY_UNUSABLE = "AuthorityUnusable", "The private CA does not issue."
    AUTHORITY_NAME_CONSTRAINTS = (
        "AuthorityNameConstraints",
        "The private CA may not issue for a name.",
    )
    AUTHORITY_ENDS = "AuthorityEnds", "The private CA ends before a renewed certificate would."
    LIFETIME_TOO_LONG = (
        "LifetimeTooLong",
        "A person orders it from a public CA, with a longer lifetime than will be allowed.",
    )
    SOURCE_AUTOMATION_UNKNOWN = (
        "SourceAutomationUnknown",
        "Its secret gets certificates of a public CA with a longer lifetime than will be allowed.",
    )
    CLIENT_AUTH_LOST = (
        "ClientAuthLost",
        "It has the usage clientAuth, which the next public certificate will not have.",
    )
    IMPORT_WITHOUT_SOURCE = "ImportWithoutSource", "It is imported, and has no import source."
    SOURCE_NOT_READ = "SourceNotRead", "Its mode does not allow to import from its source."
    SOURCE_TOO_OLD = (
        "SourceTooOld",
        "Its import source contains no newer version, although more than half of its life is over.",
    )
    SOURCE_UNUSABLE = (
        "SourceUnusable",
        "Its import source is missing, cannot be read, or not be imported.",
    )
    REPAIR_FORBIDDEN = "RepairForbidden", "It needs a repair that its mode does not allow."
    EXPORT_WITHOUT_TARGET = "ExportWithoutTarget", "It was exported, and has no export target."
    EXPORT_NOT_WRITTEN = "ExportNotWritten", "Its mode does not allow to export to its target."
    EXPORT_NOT_POSSIBLE = "ExportNotPossible", "It has an export target, but cannot be exported."
    EXPORT_TARGET_UNUSABLE = (
        "ExportTargetUnusable",
        "The secret of its export target is missing, or cannot be read.",
    )
    EXPORT_OUTDATED = "ExportOutdated", "Its export target lacks the current version."
    SERVER_CERTIFICATE = "ServerCertificate", "IAM server certificates are replaced by hand."
    UNUSED = "UnusedNotRenewed", "Nothing uses it, so that ACM lets it expire."
    NOT_ELIGIBLE = "NotEligible", "It is used, and ACM reports it as not eligible for renewal."
    RENEWAL_STUCK = (
        "RenewalStuck",
        "ACM's renewal failed or is late, and no other blocker explains why.",
    )
    RUNS_TOO_RARE = (
        "RunsTooRare",
        "Its lifetime is so short that it can expire between two runs, before one reports it.",
    )
    DECLARED_MISSING = "DeclaredMissing", "A declared certificate does not exist."
    ACME_BINDING_ENDS = (
        "AcmeBindingEnds",
        "An external account binding ends before a client has registered.",
    )
    ACME_BLOCKED = "AcmeBlocked", "ACME clients cannot order certificates."
    ALREADY_ENDED = "AlreadyEnded", "It has expired or was revoked, and is used."
    NOT_DEPLOYED = "NotDeployed", "No function of this module runs, so that nothing is renewed."
    STATE_TABLE_MISSING = (
        "StateTableMissing",
        "Without the state table, no run remembers alerts, records and replacements.",
    )
    RESOLVERS_MISSING = (
        "ResolversMissing",
        "Public DNS is not queried, so that no run finds early what a CA would refuse.",
    )
    CLASS_NOT_LISTED = "ClassNotListed", "The SDK cannot list a class of certificates."
