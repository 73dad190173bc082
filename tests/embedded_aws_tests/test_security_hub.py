"""Security Hub takes findings, shows them by page, and keeps what people decide.

https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_BatchImportFindings.html
"""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.embedded_aws.cloud import Cloud

PRODUCT = "arn:aws:securityhub:eu-west-1:123456789012:product/123456789012/default"


def finding(number: int = 1, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any field
    return {
        "SchemaVersion": "2018-10-08",
        "Id": f"finding-{number}",
        "ProductArn": PRODUCT,
        "GeneratorId": "shop",
        "AwsAccountId": "123456789012",
        "CreatedAt": "2026-06-15T12:00:00.000Z",
        "UpdatedAt": "2026-06-15T12:00:00.000Z",
        "Title": "title",
        "Description": "description",
        "FindingProviderFields": {
            "Severity": {"Label": "LOW"},
            "Types": ["Software and Configuration Checks"],
        },
        "Resources": [{"Type": "Other", "Id": "thing"}],
        **changes,
    }


LATER = "2026-06-15T12:00:01.000Z"


@pytest.fixture
def hub(cloud: Cloud) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
    cloud.security_hub.enable()
    return cloud.client("securityhub")


def test_nothing_works_before_it_is_enabled(cloud: Cloud) -> None:
    hub = cloud.client("securityhub")
    with pytest.raises(ClientError, match="InvalidAccessException"):
        hub.get_findings()
    with pytest.raises(ClientError, match="InvalidAccessException"):
        hub.batch_import_findings(Findings=[finding()])


def test_findings_are_shown_by_page_and_by_filter(cloud: Cloud, hub: Any) -> None:  # noqa: ANN401
    mine = [finding(number) for number in range(3)]
    hub.batch_import_findings(
        Findings=[*mine, finding(3, RecordState="ARCHIVED"), finding(4, GeneratorId="other")]
    )
    filters = {
        "GeneratorId": [{"Value": "shop", "Comparison": "EQUALS"}],
        "RecordState": [{"Value": "ACTIVE", "Comparison": "EQUALS"}],
    }
    pages = list(hub.get_paginator("get_findings").paginate(Filters=filters))
    assert [[row["Id"] for row in page["Findings"]] for page in pages] == [
        ["finding-0", "finding-1"],
        ["finding-2"],
    ]
    assert len(cloud.security_hub.findings()) == 5


def test_a_filter_that_is_not_understood_is_not_taken_for_an_empty_answer(hub: Any) -> None:  # noqa: ANN401
    with pytest.raises(ClientError, match="NotImplemented"):
        hub.get_findings(Filters={"Title": [{"Value": "x", "Comparison": "EQUALS"}]})
    hub.batch_import_findings(Findings=[finding()])
    with pytest.raises(ClientError, match="NotImplemented"):
        hub.get_findings(Filters={"Id": [{"Value": "x", "Comparison": "PREFIX"}]})


def test_more_than_a_hundred_are_refused(hub: Any) -> None:  # noqa: ANN401
    with pytest.raises(ClientError, match="less than or equal to 100"):
        hub.batch_import_findings(Findings=[finding(number) for number in range(101)])


@pytest.mark.parametrize(
    "changes",
    [
        {"AwsAccountId": "222222222222"},
        {"ProductArn": PRODUCT.replace("eu-west-1", "us-east-1")},
        {"SchemaVersion": "2019-01-01"},
        {"Title": "x" * 257},
        {"Description": "x" * 1025},
        {"Id": "x" * 513},
        {"GeneratorId": "x" * 513},
        {"UpdatedAt": "2026-06-15 12:00"},
        {"FindingProviderFields": {}},
        {"Types": ["Certificates"]},
        {"Resources": []},
        {"Remediation": {"Recommendation": {"Text": "x" * 513}}},
        {"Remediation": {"Recommendation": {"Url": "arn:aws:acm"}}},
        {"ProductFields": {"x": "x" * 2049}},
        {"ProductFields": {"aws/securityhub/FindingId": "x"}},
        {"Resources": [{"Type": "Other", "Id": "x", "Tags": {"t": "x" * 240_000}}] * 2},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_finding_is_refused_for_itself(cloud: Cloud, hub: Any, changes: dict[str, Any]) -> None:  # noqa: ANN401
    answer = hub.batch_import_findings(Findings=[finding(1, **changes), finding(2)])
    assert (answer["FailedCount"], answer["SuccessCount"]) == (1, 1)
    assert answer["FailedFindings"][0]["ErrorCode"] == "InvalidInput"
    assert list(cloud.security_hub.findings()) == ["finding-2"]


def test_an_import_that_is_not_newer_changes_nothing(cloud: Cloud, hub: Any) -> None:  # noqa: ANN401
    hub.batch_import_findings(Findings=[finding()])
    hub.batch_import_findings(Findings=[finding(Title="same time")])
    assert cloud.security_hub.findings()["finding-1"]["Title"] == "title"
    hub.batch_import_findings(Findings=[finding(Title="later", UpdatedAt=LATER)])
    assert cloud.security_hub.findings()["finding-1"]["Title"] == "later"


def test_an_import_never_changes_what_people_decided(cloud: Cloud, hub: Any) -> None:  # noqa: ANN401
    hub.batch_import_findings(Findings=[finding()])
    cloud.security_hub.decide("finding-1", "SUPPRESSED")
    hub.batch_import_findings(Findings=[finding(UpdatedAt=LATER, Workflow={"Status": "RESOLVED"})])
    assert cloud.security_hub.findings()["finding-1"]["Workflow"] == {"Status": "SUPPRESSED"}


@pytest.mark.parametrize(
    ("before", "after"), [("RESOLVED", "NEW"), ("NOTIFIED", "NEW"), ("SUPPRESSED", "SUPPRESSED")]
)
def test_what_comes_back_from_the_archive_is_new_unless_it_is_suppressed(
    cloud: Cloud,
    hub: Any,  # noqa: ANN401
    before: str,
    after: str,
) -> None:
    hub.batch_import_findings(Findings=[finding(RecordState="ARCHIVED")])
    cloud.security_hub.decide("finding-1", before)
    hub.batch_import_findings(Findings=[finding(UpdatedAt=LATER)])
    assert cloud.security_hub.findings()["finding-1"]["Workflow"] == {"Status": after}


def test_security_hub_adds_fields_of_its_own(cloud: Cloud, hub: Any) -> None:  # noqa: ANN401
    hub.batch_import_findings(Findings=[finding()])
    there = cloud.security_hub.findings()["finding-1"]
    assert there["Severity"] == {"Label": "LOW"}
    assert there["Region"] == "eu-west-1"
    assert there["ProductFields"]["aws/securityhub/FindingId"] == f"{PRODUCT}/finding-1"


def test_a_test_may_have_findings_refused(cloud: Cloud, hub: Any) -> None:  # noqa: ANN401
    cloud.security_hub.refuse = lambda _: "InternalError"
    answer = hub.batch_import_findings(Findings=[finding()])
    assert answer["FailedFindings"][0]["ErrorCode"] == "InternalError"
