"""Security Hub: findings in its own format, with the rules that moto does not check.

https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_BatchImportFindings.html
https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_AwsSecurityFinding.html
https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_GetFindings.html
moto knows no hub that is not enabled, no filter, and no field that belongs to people.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from tests.embedded_aws.protocol import AwsError, Request
from tests.embedded_aws.zones import DEFAULT_ACCOUNT
from tests.harness.settings import page_of

#: Small, so that a program that forgets paging fails; AWS gives up to 100.
PAGE_SIZE = 2
MAX_BYTES = 240 * 1024
TEXTS = {"Id": 512, "GeneratorId": 512, "Title": 256, "Description": 1024, "ProductName": 128}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z")
#: What people decide: no import changes it once the finding is there.
PEOPLES = ("Note", "UserDefinedFields", "VerificationState", "Workflow")
FILTERS = ("GeneratorId", "Id", "ProductArn", "RecordState")
NAMESPACES = (
    "Software and Configuration Checks",
    "TTPs",
    "Effects",
    "Unusual Behaviors",
    "Sensitive Data Identifications",
)

Finding = dict[str, Any]
Handlers = Mapping[tuple[str, str], Callable[[Request], dict[str, Any]]]


class SecurityHub:
    """The findings of each account and region that has enabled it.

    `refuse` orders the refusal of single findings, by the code that it answers.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self._hubs: dict[tuple[str, str], dict[str, Finding]] = {}
        self.refuse: Callable[[Finding], str | None] = _nothing

    def enable(self, account: str = DEFAULT_ACCOUNT, region: str = "eu-west-1") -> None:
        self._hubs.setdefault((account, region), {})

    def findings(
        self, account: str = DEFAULT_ACCOUNT, region: str = "eu-west-1"
    ) -> dict[str, Finding]:
        """Show the findings by their ids."""
        return copy.deepcopy(self._hubs[account, region])

    def decide(self, finding_id: str, status: str) -> None:
        """Set the workflow status, as a person does."""
        for hub in self._hubs.values():
            if finding_id in hub:
                hub[finding_id]["Workflow"] = {"Status": status}

    def handlers(self) -> Handlers:
        return {
            ("securityhub", "BatchImportFindings"): self.batch_import,
            ("securityhub", "GetFindings"): self.get,
        }

    def batch_import(self, request: Request) -> dict[str, Any]:
        hub = self._hub(request)
        refused = []
        for finding in request.parameters["Findings"]:
            fault = self.refuse(finding) or next(faults(finding, request), None)
            if fault:
                code, _, message = fault.partition(": ")
                refused.append(
                    {"Id": finding["Id"], "ErrorCode": code, "ErrorMessage": message or code}
                )
            else:
                _import(hub, finding, request)
        taken = len(request.parameters["Findings"]) - len(refused)
        return {"FailedCount": len(refused), "SuccessCount": taken, "FailedFindings": refused}

    def get(self, request: Request) -> dict[str, Any]:
        hub = self._hub(request)
        filters = request.parameters.get("Filters", {})
        unknown = [name for name in filters if name not in FILTERS]
        if unknown or "SortCriteria" in request.parameters:
            raise AwsError("NotImplemented", f"no filter by {unknown}, no order", status=501)
        found = [finding for finding in hub.values() if _matches(finding, filters)]
        size = min(request.parameters.get("MaxResults", PAGE_SIZE), PAGE_SIZE)
        page, following = page_of(found, request.parameters.get("NextToken"), size)
        return {"Findings": page, **({"NextToken": following} if following else {})}

    def _hub(self, request: Request) -> dict[str, Finding]:
        try:
            return self._hubs[request.account, request.region]
        except KeyError:
            message = f"Account {request.account} is not subscribed to AWS Security Hub"
            raise AwsError("InvalidAccessException", message, status=401) from None


def faults(finding: Finding, request: Request) -> Iterator[str]:
    """Say what is wrong with a finding, beyond what the model says."""
    where = f"arn:{request.partition}:securityhub:{request.region}:{request.account}"
    product = f"{where}:product/{request.account}/default"
    provided = finding.get("FindingProviderFields", {})
    types = [*finding.get("Types", ()), *provided.get("Types", ())]
    fields = finding.get("ProductFields", {})
    recommendation = finding.get("Remediation", {}).get("Recommendation", {})
    right = {
        "AwsAccountId is another account": finding["AwsAccountId"] == request.account,
        "ProductArn is no product of this account": finding["ProductArn"] == product,
        "SchemaVersion": finding["SchemaVersion"] == "2018-10-08",
        "larger than 240 KB": len(json.dumps(finding).encode()) <= MAX_BYTES,
        "no severity": finding.get("Severity") or provided.get("Severity"),
        "Types": all(entry.split("/")[0] in NAMESPACES for entry in types),
        "Resources": 1 <= len(finding["Resources"]) <= 32,
        "ProductFields": len(fields) <= 50
        and all(len(key) <= 128 and len(value) <= 2048 for key, value in fields.items()),
        "ProductFields of its own": not any(key.startswith("aws/") for key in fields),
        "Recommendation.Text": len(recommendation.get("Text", "")) <= 512,
        "Recommendation.Url": recommendation.get("Url", "https://").startswith("https://"),
        **{f"{name} is too long": len(finding.get(name, "")) <= n for name, n in TEXTS.items()},
        **{name: TIME.fullmatch(finding[name]) for name in ("CreatedAt", "UpdatedAt")},
    }
    yield from (f"InvalidInput: {what}" for what, holds in right.items() if not holds)


def _import(hub: dict[str, Finding], finding: Finding, request: Request) -> None:
    """Create a finding, or update it if it is newer and not suppressed."""
    sent = copy.deepcopy(finding)
    own = {
        "aws/securityhub/FindingId": f"{sent['ProductArn']}/{sent['Id']}",
        "aws/securityhub/ProductName": sent.get("ProductName", "Default"),
    }
    sent["ProductFields"] = {**sent.get("ProductFields", {}), **own}
    sent["Region"] = request.region
    sent.setdefault("RecordState", "ACTIVE")
    provided = sent.get("FindingProviderFields", {})
    for name in ("Severity", "Types"):
        if name in provided:
            sent[name] = provided[name]
    there = hub.get(sent["Id"])
    if there is None:
        hub[sent["Id"]] = {"Workflow": {"Status": "NEW"}, **sent}
        return
    if datetime.fromisoformat(sent["UpdatedAt"]) <= datetime.fromisoformat(there["UpdatedAt"]):
        return
    again = (there["RecordState"], sent["RecordState"]) == ("ARCHIVED", "ACTIVE")
    if again and there["Workflow"]["Status"] in ("NOTIFIED", "RESOLVED"):
        there["Workflow"] = {"Status": "NEW"}
    there.update({key: value for key, value in sent.items() if key not in PEOPLES})


def _matches(finding: Finding, filters: Mapping[str, list[Mapping[str, str]]]) -> bool:
    """Whether one value of each filter is the finding's."""
    for name, wanted in filters.items():
        if any(entry["Comparison"] != "EQUALS" for entry in wanted):
            raise AwsError("NotImplemented", f"{name} is compared by EQUALS only", status=501)
        if finding.get(name) not in [item["Value"] for item in wanted]:
            return False
    return True


def _nothing(_: Finding) -> None:
    return None
