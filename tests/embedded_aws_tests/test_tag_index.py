"""The Resource Groups Tagging API, as the embedded AWS answers for certificates."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.embedded_aws.cloud import Cloud

TEAM = {"team": "web"}


def shown(cloud: Cloud, *arns: str) -> dict[str, Any]:
    answer = cloud.client("resourcegroupstaggingapi").get_resources(ResourceARNList=list(arns))
    return {entry["ResourceARN"]: entry["Tags"] for entry in answer["ResourceTagMappingList"]}


def test_a_resource_that_never_had_a_tag_is_left_out_like_a_missing_one(cloud: Cloud) -> None:
    tagged, emptied = cloud.certificates.add(tags=TEAM), cloud.certificates.add(tags=TEAM)
    bare, gone = cloud.certificates.add(), cloud.certificates.add(tags=TEAM)
    acm = cloud.client("acm")
    acm.remove_tags_from_certificate(CertificateArn=emptied, Tags=[{"Key": "team"}])
    acm.delete_certificate(CertificateArn=gone)
    assert shown(cloud, tagged, emptied, bare, gone) == {
        tagged: [{"Key": "team", "Value": "web"}],
        emptied: [],
    }


def test_the_index_has_new_tags_only_once_it_catches_up(cloud: Cloud) -> None:
    arn = cloud.certificates.add(tags=TEAM)
    cloud.tag_index.stand_still()
    later = cloud.certificates.add(tags=TEAM)
    cloud.client("acm").add_tags_to_certificate(
        CertificateArn=arn, Tags=[{"Key": "team", "Value": "shop"}]
    )
    assert shown(cloud, arn, later) == {arn: [{"Key": "team", "Value": "web"}]}
    cloud.tag_index.catch_up()
    assert shown(cloud, arn, later)[arn] == [{"Key": "team", "Value": "shop"}]


ARN = "arn:aws:acm:eu-west-1:123456789012:certificate/1"


@pytest.mark.parametrize(
    "parameters",
    [
        {"ResourceARNList": [f"{ARN}{number}" for number in range(101)]},
        {"ResourceARNList": [ARN.replace("eu-west-1", "us-east-1")]},
        {"ResourceARNList": [ARN.replace("123456789012", "222222222222")]},
        {"ResourceARNList": [ARN.replace("aws", "aws-cn", 1)]},
        {"ResourceARNList": ["certificate/1"]},
        {"ResourceARNList": [ARN], "ResourceTypeFilters": ["acm"]},
        {"ResourceARNList": [ARN], "ResourcesPerPage": 100},
    ],
)
def test_what_a_call_cannot_ask_for_is_refused(cloud: Cloud, parameters: dict[str, Any]) -> None:
    with pytest.raises(ClientError, match="InvalidParameterException"):
        cloud.client("resourcegroupstaggingapi").get_resources(**parameters)


def test_calls_beyond_fifteen_a_second_are_throttled(cloud: Cloud) -> None:
    cloud.rate_limited = True
    client = cloud.client("resourcegroupstaggingapi", retries={"total_max_attempts": 1})
    with pytest.raises(ClientError, match="ThrottledException"):
        [client.get_resources(ResourceARNList=[ARN]) for _ in range(50)]
