"""ACM's ACME endpoints, as the embedded AWS lists them.

https://docs.aws.amazon.com/acm/latest/userguide/acm-acme-domain-validation.html
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.embedded_aws.cloud import Cloud


def validation(cloud: Cloud, arn: str) -> dict[str, Any]:
    client = cloud.client("acm")
    found: dict[str, Any] = client.describe_acme_domain_validation(AcmeDomainValidationArn=arn)
    return dict(found["AcmeDomainValidation"])


def test_endpoints_are_listed_by_pages_in_their_region_and_account(cloud: Cloud) -> None:
    mine = [cloud.acme_endpoints.add() for _ in range(5)]
    cloud.acme_endpoints.add(region="us-east-1")
    cloud.acme_endpoints.add(account="222222222222")
    pages = list(cloud.client("acm").get_paginator("list_acme_endpoints").paginate())
    assert [len(page["AcmeEndpoints"]) for page in pages] == [2, 2, 1]
    assert [row["AcmeEndpointArn"] for page in pages for row in page["AcmeEndpoints"]] == mine


def test_only_the_description_of_a_domain_validation_has_its_record(cloud: Cloud) -> None:
    endpoint, other = cloud.acme_endpoints.add(), cloud.acme_endpoints.add()
    arn = cloud.acme_endpoints.validate(endpoint, "example.com", hosted_zone="Z1")
    again = cloud.acme_endpoints.validate(other, "example.com")
    listed = cloud.client("acm").list_acme_domain_validations(AcmeEndpointArn=endpoint)
    (row,) = listed["AcmeDomainValidations"]
    assert "ResourceRecord" not in row["PrevalidationDetails"]["DnsPrevalidation"]
    dns = validation(cloud, arn)["PrevalidationDetails"]["DnsPrevalidation"]
    assert dns["HostedZoneId"] == "Z1"
    assert dns["ResourceRecord"]["Name"].endswith(".example.com.")
    assert cloud.acme_endpoints.record(arn) != cloud.acme_endpoints.record(again)


def test_a_domain_is_valid_once_its_record_exists(cloud: Cloud) -> None:
    arn = cloud.acme_endpoints.validate(cloud.acme_endpoints.add(), "example.com")
    assert validation(cloud, arn)["Status"] == "VALIDATING"
    record = cloud.acme_endpoints.record(arn)
    cloud.zones.put(cloud.zones.add("example.com"), record.name, record.type, record.value)
    assert validation(cloud, arn)["Status"] == "VALID"


def test_a_domain_without_its_record_fails_after_72_hours_and_for_good(cloud: Cloud) -> None:
    arn = cloud.acme_endpoints.validate(
        cloud.acme_endpoints.add(), "example.com", age=timedelta(hours=72)
    )
    found = validation(cloud, arn)
    assert (found["Status"], found["FailureDetails"]["Reason"]) == ("INVALID", "TIMED_OUT")
    record = cloud.acme_endpoints.record(arn)
    cloud.zones.put(cloud.zones.add("example.com"), record.name, record.type, record.value)
    assert validation(cloud, arn)["Status"] == "INVALID"


def test_members_without_a_value_are_left_out(cloud: Cloud) -> None:
    endpoint = cloud.acme_endpoints.add()
    cloud.acme_endpoints.bind(endpoint)
    found = cloud.client("acm").list_acme_external_account_bindings(AcmeEndpointArn=endpoint)
    (row,) = found["ExternalAccountBindings"]
    assert {"ExpiresAt", "LastUsedAt", "RevokedAt"}.isdisjoint(row)


def test_a_missing_resource_is_not_found(cloud: Cloud) -> None:
    client, absent = cloud.client("acm"), f"{cloud.acme_endpoints.add()}x"
    for call in (client.list_acme_domain_validations, client.list_acme_external_account_bindings):
        with pytest.raises(ClientError, match="ResourceNotFoundException"):
            call(AcmeEndpointArn=absent)


def test_a_region_without_endpoints_does_not_know_the_operation(cloud: Cloud) -> None:
    cloud.acme_endpoints.unsupported.add("eu-west-1")
    with pytest.raises(ClientError, match="UnknownOperationException"):
        cloud.client("acm").list_acme_endpoints()
