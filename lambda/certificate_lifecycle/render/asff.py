"""The findings of a run in the AWS Security Finding Format, for Security Hub.

Limits are those of the format (Security Hub API reference, AwsSecurityFinding). `Workflow` is the
decision of people and never written.
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
from certificate_lifecycle.model.problem_key import INVENTORY, problem_key, scope_subject
from certificate_lifecycle.model.run import Assessment, Run, ScopeResult, ScopeStatus
from certificate_lifecycle.model.sanitize import clean, truncate
from certificate_lifecycle.model.scope import Scope
from certificate_lifecycle.render.aws_console import console_url

#: The limit of one `BatchImportFindings`.
MAX_FINDINGS = 100
PRODUCT_NAME = "certificate-lifecycle"
ACTIVE, ARCHIVED = "ACTIVE", "ARCHIVED"
_SCHEMA_VERSION = "2018-10-08"
_TYPES = ("Software and Configuration Checks/AWS Security Best Practices",)
_MAX_ID = 512
_MAX_TITLE = 256
_MAX_DESCRIPTION = 1024
_MAX_RECOMMENDATION = 512
#: Of each list of a certificate: a finding must stay below 240 KB.
_MAX_LIST_BYTES = 60_000
_MAX_NAME = 253
_MAX_ARN = 512
_PARTITIONS = frozenset({"aws", "aws-cn", "aws-us-gov"})
_CERTIFICATE, _ACCOUNT, _OTHER = "AwsCertificateManagerCertificate", "AwsAccount", "Other"
#: Certificates outside ACM, for which the format has no resource type.
_ELSEWHERE = frozenset(
    {
        CertificateType.SERVER_CERTIFICATE,
        CertificateType.PRIVATE_AUTHORITY,
        CertificateType.DECLARED,
        CertificateType.ACME_ENDPOINT,
        CertificateType.ACME_DOMAIN_VALIDATION,
        CertificateType.ACME_ACCOUNT_BINDING,
    }
)
_LABELS = {
    Severity.OK: "INFORMATIONAL",
    Severity.INFO: "LOW",
    Severity.WARNING: "MEDIUM",
    Severity.CRITICAL: "CRITICAL",
}
#: Fields with the account and region that must be scanned before a finding is archived.
_ACCOUNT_FIELD, _REGION_FIELD = "AccountId", "Region"

Finding = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Source:
    """The function that reports: `home` is its account and region.

    Security Hub accepts only findings of the caller's account. Findings about other accounts are
    reported there, too, with the other account in their resource.
    """

    home: Scope
    instance: str

    @property
    def product_arn(self) -> str:
        """The default product of the account, for custom integrations."""
        scope = self.home
        return (
            f"arn:{scope.partition}:securityhub:{scope.region}:{scope.account_id}"
            f":product/{scope.account_id}/default"
        )


def updates(run: Run, source: Source, known: Sequence[Finding]) -> list[Finding]:
    """Return the findings to import: open ones, and resolved ones to archive.

    `known` are the active findings of this instance. An open finding keeps its `CreatedAt`.
    A missing finding is resolved only if its account and region were scanned completely.
    """
    created = {entry["Id"]: entry["CreatedAt"] for entry in known}
    now = _time(run.started_at)
    found = [
        *(_about_scope(scope, run, source) for scope in run.failed_scopes),
        *([_about_inventory(run, source)] if run.not_listed else []),
        *(
            _about_certificate(entry, run, source)
            for entry in run.findings
            if entry.decision.reportable
        ),
    ]
    # A listing may contain a certificate twice, and a duplicate id fails the whole call.
    wanted = {entry["Id"]: entry for entry in found}
    current = [
        {**entry, "CreatedAt": created.get(id_, now), "UpdatedAt": now, "RecordState": ACTIVE}
        for id_, entry in wanted.items()
    ]
    resolved = _Resolved.of(run)
    missing = (entry for entry in known if entry["Id"] not in wanted)
    return [*current, *(_archived(entry, now) for entry in missing if resolved.includes(entry))]


def batches(findings: Sequence[Finding]) -> Iterator[Sequence[Finding]]:
    """Yield the findings in order, one batch for each call."""
    for start in range(0, len(findings), MAX_FINDINGS):
        yield findings[start : start + MAX_FINDINGS]


@dataclass(frozen=True, slots=True)
class _Resolved:
    """Decides whether a missing finding is resolved.

    `scanned` has the scopes of each account; it is empty after a run for some certificates only.
    An incomplete inventory is resolved by a run that scanned all of them.
    """

    scanned: Mapping[str, Sequence[ScopeResult]]

    @classmethod
    def of(cls, run: Run) -> _Resolved:
        scopes: defaultdict[str, list[ScopeResult]] = defaultdict(list)
        for scope in run.scopes if run.full_scan else ():
            scopes[scope.account_id].append(scope)
        return cls(scopes)

    def includes(self, known: Finding) -> bool:
        """Whether a finding is resolved; one without our fields never is.

        A finding of a global service needs complete scans of all regions: one of them scanned it.
        """
        fields = known.get("ProductFields", {})
        if fields.get("Verdict") == Verdict.INVENTORY_INCOMPLETE.value:
            every = [scope for scopes in self.scanned.values() for scope in scopes]
            return bool(every) and all(scope.status is ScopeStatus.OK for scope in every)
        region = fields.get(_REGION_FIELD)
        scopes = [
            scope
            for scope in self.scanned.get(fields.get(_ACCOUNT_FIELD), ())
            if region in (scope.region, "global")
        ]
        if fields.get("Verdict") == Verdict.SCAN_FAILED.value:
            return bool(scopes)
        return bool(scopes) and all(scope.status is ScopeStatus.OK for scope in scopes)


#: Fields that an update must repeat; Security Hub rejects some of the others.
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
    """Return the update that archives a finding and changes nothing else."""
    return {
        **_picked(known, _REPEATED),
        "Resources": [_picked(entry, _REPEATED_OF_RESOURCES) for entry in known["Resources"]],
        # Security Hub adds these fields.
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
            "ProblemKey": problem_key(certificate.arn),
            "RunId": run.run_id,
            **_optional_fields(entry),
        },
        "Resources": [_certificate(entry)],
    }


def _optional_fields(entry: Assessment) -> dict[str, str]:
    """Return scope and tags, if known. A muted finding stays open: it is not resolved."""
    fields = {
        "Owner": clean(entry.owner or "", _MAX_NAME),
        "Ownership": entry.owner_kind,
        "PermittedMode": entry.permitted_mode,
        "MutedUntil": entry.muted_until.isoformat() if entry.muted_until else "",
        "OutsideScope": entry.outside_scope,
    }
    return {name: str(value) for name, value in fields.items() if value}


def _about_scope(scope: ScopeResult, run: Run, source: Source) -> dict[str, Any]:
    where = Scope(scope.account_id, scope.region, source.home.partition)
    verdict, subject = Verdict.SCAN_FAILED, scope_subject(scope.account_id, scope.region)
    return {
        **_common(source, subject, Severity.WARNING),
        "Title": clean(f"{verdict.value}: {scope.label}", _MAX_TITLE),
        "Description": clean(scope.error or "", _MAX_DESCRIPTION) or verdict.meaning,
        **_about_account(where, subject, verdict, Reason.SCOPE_FAILED, run),
    }


def _about_inventory(run: Run, source: Source) -> dict[str, Any]:
    """Return the finding of a whole run, in the account and region of the function."""
    verdict = Verdict.INVENTORY_INCOMPLETE
    labels = dict.fromkeys(gap.hidden_class.label for gap in run.not_listed)
    return {
        **_common(source, INVENTORY, Severity.INFO),
        "Title": clean(f"{verdict.value}: {', '.join(labels)}", _MAX_TITLE),
        "Description": clean(run.inventory_message, _MAX_DESCRIPTION),
        **_about_account(source.home, INVENTORY, verdict, Reason.CLASS_NOT_LISTED, run),
    }


def _about_account(
    scope: Scope, subject: str, verdict: Verdict, reason: Reason, run: Run
) -> dict[str, Any]:
    """Return the fields of a finding without a certificate."""
    return {
        **_remediation(Action.INVESTIGATE, ""),
        "ProductFields": {
            _ACCOUNT_FIELD: scope.account_id,
            _REGION_FIELD: scope.region,
            "Verdict": verdict.value,
            "Reason": reason.value,
            "Action": Action.INVESTIGATE.value,
            "ProblemKey": problem_key(subject),
            "RunId": run.run_id,
        },
        "Resources": [
            {
                "Type": _ACCOUNT,
                "Id": f"AWS::::Account:{scope.account_id}",
                "Region": scope.region,
                **_partition(scope.partition),
            }
        ],
    }


def _common(source: Source, subject: str, severity: Severity) -> dict[str, Any]:
    """Return the fields of all findings.

    Severity and types are provider fields, so that changes of people are kept.
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
    """Return an id that is the same in every run; only IAM paths make one too long."""
    if len(text) <= _MAX_ID:
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()
    return f"{text[: _MAX_ID - len(digest) - 1]}#{digest}"


def _remediation(action: Action, url: str) -> dict[str, Any]:
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


def _time(at: datetime) -> str:
    """Return a timestamp with milliseconds, in UTC."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
