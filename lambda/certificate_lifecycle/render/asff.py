"""The findings of a run in the AWS Security Finding Format, as Security Hub takes them.

Limits are those of the format (Security Hub API reference, AwsSecurityFinding). What people decide
about a finding, its `Workflow`, is theirs: it is never written.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from certificate_lifecycle.model.certificate import (
    Action,
    CertificateType,
    Reason,
    Severity,
    Verdict,
)
from certificate_lifecycle.model.run import Assessment, Run, ScopeResult, ScopeStatus
from certificate_lifecycle.model.sanitize import clean, truncate
from certificate_lifecycle.model.scope import Scope
from certificate_lifecycle.render.aws_console import console_url

#: `BatchImportFindings` takes so many at once.
MAX_FINDINGS = 100
PRODUCT_NAME = "certificate-lifecycle"
ACTIVE, ARCHIVED = "ACTIVE", "ARCHIVED"
_SCHEMA_VERSION = "2018-10-08"
_TYPES = ("Software and Configuration Checks/AWS Security Best Practices",)
_MAX_ID = 512
_MAX_TITLE = 256
_MAX_DESCRIPTION = 1024
_MAX_RECOMMENDATION = 512
#: What of a certificate's lists is shown: a finding has to stay below 240 KB.
_MAX_LIST_BYTES = 60_000
_MAX_NAME = 253
_MAX_ARN = 512
_PARTITIONS = frozenset({"aws", "aws-cn", "aws-us-gov"})
_CERTIFICATE, _ACCOUNT, _OTHER = "AwsCertificateManagerCertificate", "AwsAccount", "Other"
#: Kept outside ACM, and of no resource type that the format knows.
_ELSEWHERE = frozenset({CertificateType.SERVER_CERTIFICATE, CertificateType.PRIVATE_AUTHORITY})
_LABELS = {
    Severity.OK: "INFORMATIONAL",
    Severity.INFO: "LOW",
    Severity.WARNING: "MEDIUM",
    Severity.CRITICAL: "CRITICAL",
}
#: Where a finding notes the account and region that have to be looked at before it is archived.
_ACCOUNT_FIELD, _REGION_FIELD = "AccountId", "Region"

Finding = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Source:
    """Who reports: `home` is where the function runs, and where all findings go.

    Security Hub takes findings of the caller's own account only, so that those about certificates
    of other accounts are reported there, too, and name the other account in their resource.
    """

    home: Scope
    instance: str

    @property
    def product_arn(self) -> str:
        """The product that stands for an account's own integrations."""
        scope = self.home
        return (
            f"arn:{scope.partition}:securityhub:{scope.region}:{scope.account_id}"
            f":product/{scope.account_id}/default"
        )


def updates(run: Run, source: Source, known: Sequence[Finding]) -> list[Finding]:
    """Return what Security Hub shall be told: what is open, and what is over.

    `known` are the findings of this instance that are active there. What is open is updated, and
    keeps the time of its creation. What is over is archived, if the place that it is about was
    looked at completely, and as a whole: nothing is over because it could not be seen.
    """
    created = {entry["Id"]: entry["CreatedAt"] for entry in known}
    now = _time(run.started_at)
    found = [
        *(_about_scope(scope, run, source) for scope in run.failed_scopes),
        *(
            _about_certificate(entry, run, source)
            for entry in run.findings
            if entry.decision.reportable
        ),
    ]
    # A certificate is there once; a listing that shows it twice must not fail the whole call.
    wanted = {entry["Id"]: entry for entry in found}
    current = [
        {**entry, "CreatedAt": created.get(id_, now), "UpdatedAt": now, "RecordState": ACTIVE}
        for id_, entry in wanted.items()
    ]
    over = _Over.of(run)
    gone = (entry for entry in known if entry["Id"] not in wanted)
    return [*current, *(_archived(entry, now) for entry in gone if over.includes(entry))]


def batches(findings: Sequence[Finding]) -> Iterator[Sequence[Finding]]:
    """Yield the findings in their order, as many at once as one call takes."""
    for start in range(0, len(findings), MAX_FINDINGS):
        yield findings[start : start + MAX_FINDINGS]


@dataclass(frozen=True, slots=True)
class _Over:
    """Says of a finding that was not found again whether it is over.

    It is if its place was looked at as a whole; `looked_at` has the scopes of each account then.
    """

    looked_at: Mapping[str, Sequence[ScopeResult]]

    @classmethod
    def of(cls, run: Run) -> _Over:
        scopes: defaultdict[str, list[ScopeResult]] = defaultdict(list)
        for scope in run.scopes if run.full_scan else ():
            scopes[scope.account_id].append(scope)
        return cls(scopes)

    def includes(self, known: Finding) -> bool:
        """Whether it is over; what somebody else has put under our name never is.

        What an account has only once was looked at with one of its regions, so that all that were
        to be looked at must have been.
        """
        fields = known.get("ProductFields", {})
        region = fields.get(_REGION_FIELD)
        scopes = [
            scope
            for scope in self.looked_at.get(fields.get(_ACCOUNT_FIELD), ())
            if region in (scope.region, "global")
        ]
        if fields.get("Verdict") == Verdict.SCAN_FAILED.value:
            return bool(scopes)
        return bool(scopes) and all(scope.status is ScopeStatus.OK for scope in scopes)


#: What an update has to repeat; Security Hub fills in more, and refuses some of that.
_REPEATED = (
    "SchemaVersion",
    "Id",
    "ProductArn",
    "ProductName",
    "GeneratorId",
    "AwsAccountId",
    "CreatedAt",
    "Title",
    "Description",
    "Remediation",
    "FindingProviderFields",
)
_REPEATED_OF_RESOURCES = ("Type", "Id", "Partition", "Region", "Details")


def _archived(known: Finding, now: str) -> Finding:
    """Return the update that archives a finding, and changes nothing else."""
    return {
        **_picked(known, _REPEATED),
        "Resources": [_picked(entry, _REPEATED_OF_RESOURCES) for entry in known["Resources"]],
        # Security Hub adds fields of its own.
        "ProductFields": {
            key: value
            for key, value in known["ProductFields"].items()
            if not key.startswith("aws/")
        },
        "UpdatedAt": now,
        "RecordState": ARCHIVED,
    }


def _picked(whole: Finding, keys: Sequence[str]) -> dict[str, Any]:
    return {key: whole[key] for key in keys if key in whole}


def _about_certificate(entry: Assessment, run: Run, source: Source) -> dict[str, Any]:
    certificate, decision = entry.certificate, entry.decision
    name = certificate.domain_name or certificate.arn
    return {
        **_common(source, certificate.arn, decision.severity),
        "Title": clean(f"{decision.verdict.value}: {name}", _MAX_TITLE),
        "Description": clean(decision.message, _MAX_DESCRIPTION),
        **_remediation(decision.action, console_url(certificate.arn)),
        "ProductFields": {
            _ACCOUNT_FIELD: certificate.account_id,
            _REGION_FIELD: certificate.region,
            "Verdict": decision.verdict.value,
            "Reason": decision.reason.value,
            "Action": decision.action.value,
            "RunId": run.run_id,
            **_of_people(entry),
        },
        "Resources": [_certificate(entry)],
    }


def _of_people(entry: Assessment) -> dict[str, str]:
    """Return whose it is, and until when people want to hear nothing of it, as far as it is told.

    What is muted is not over, so that it stays a finding: there is a way to suppress those.
    """
    owner = clean(entry.owner or "", _MAX_NAME)
    muted_until = entry.muted_until.isoformat() if entry.muted_until else ""
    return {k: v for k, v in {"Owner": owner, "MutedUntil": muted_until}.items() if v}


def _about_scope(scope: ScopeResult, run: Run, source: Source) -> dict[str, Any]:
    error = clean(scope.error or "", _MAX_DESCRIPTION) or Verdict.SCAN_FAILED.meaning
    return {
        **_common(source, f"{scope.account_id}/{scope.region}", Severity.WARNING),
        "Title": clean(f"{Verdict.SCAN_FAILED.value}: {scope.label}", _MAX_TITLE),
        "Description": error,
        **_remediation(Action.INVESTIGATE, ""),
        "ProductFields": {
            _ACCOUNT_FIELD: scope.account_id,
            _REGION_FIELD: scope.region,
            "Verdict": Verdict.SCAN_FAILED.value,
            "Reason": Reason.SCOPE_FAILED.value,
            "Action": Action.INVESTIGATE.value,
            "RunId": run.run_id,
        },
        "Resources": [
            {
                "Type": _ACCOUNT,
                "Id": f"AWS::::Account:{scope.account_id}",
                "Region": scope.region,
                **_partition(source.home.partition),
            }
        ],
    }


def _common(source: Source, subject: str, severity: Severity) -> dict[str, Any]:
    """Return what all findings have.

    Severity and types are the provider's opinion: a person may have another one, which stays.
    """
    return {
        "SchemaVersion": _SCHEMA_VERSION,
        "Id": _id(f"{source.instance}/{subject}"),
        "ProductArn": source.product_arn,
        "ProductName": PRODUCT_NAME,
        "GeneratorId": source.instance,
        "AwsAccountId": source.home.account_id,
        "FindingProviderFields": {
            "Severity": {"Label": _LABELS[severity], "Original": severity.label},
            "Types": list(_TYPES),
        },
    }


def _id(text: str) -> str:
    """Return an id that is the same in every run; only a path in IAM makes one too long."""
    if len(text) <= _MAX_ID:
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()
    return f"{text[: _MAX_ID - len(digest) - 1]}#{digest}"


def _remediation(action: Action, url: str) -> dict[str, Any]:
    """Return what would help, and where; nothing where nothing has to be done."""
    if action is Action.NONE:
        return {}
    recommendation = {"Text": clean(action.meaning, _MAX_RECOMMENDATION)}
    if url.startswith("https://"):
        recommendation["Url"] = url
    return {"Remediation": {"Recommendation": recommendation}}


def _certificate(entry: Assessment) -> dict[str, Any]:
    certificate = entry.certificate
    partition, region = certificate.arn.split(":")[1], certificate.arn.split(":")[3]
    resource = {
        "Type": _OTHER if certificate.type in _ELSEWHERE else _CERTIFICATE,
        "Id": certificate.arn,
        **({"Region": region} if region else {}),
        **_partition(partition),
    }
    if certificate.type in _ELSEWHERE:
        return resource
    names = truncate(certificate.names, longest=_MAX_NAME, most_bytes=_MAX_LIST_BYTES)
    users = certificate.detail.in_use_by
    details = {
        "DomainName": names[0] if names else None,
        "SubjectAlternativeNames": names,
        "InUseBy": truncate(users, longest=_MAX_ARN, most_bytes=_MAX_LIST_BYTES),
        "NotAfter": _time(certificate.not_after) if certificate.not_after else None,
        "Status": certificate.status.value,
        "Type": certificate.type.value,
    }
    given = {key: value for key, value in details.items() if value}
    return {**resource, "Details": {_CERTIFICATE: given}}


def _partition(partition: str) -> dict[str, str]:
    return {"Partition": partition} if partition in _PARTITIONS else {}


def _time(moment: datetime) -> str:
    """Return a moment as the format wants it: with milliseconds, in UTC."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
