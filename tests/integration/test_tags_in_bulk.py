"""The tags of many certificates with few calls, by the Resource Groups Tagging API."""

from __future__ import annotations

import json
from typing import Any

import pytest

from certificate_lifecycle.aws.tagging import MOST_ARNS, TagIndex
from tests.embedded_aws.cloud import Cloud

pytestmark = pytest.mark.integration

ARN = "arn:aws:acm:eu-west-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"
OTHER = ARN.replace("12345678-", "87654321-")
TEAM = [{"Key": "team", "Value": "web"}]


def index_of(cloud: Cloud) -> TagIndex:
    return TagIndex(lambda: cloud.client("resourcegroupstaggingapi"))


def test_the_tags_of_a_hundred_certificates_are_one_call(cloud: Cloud) -> None:
    arns = [
        cloud.certificates.add(tags={"number": str(number)} if number else {})
        for number in range(2 * MOST_ARNS + 1)
    ]
    found = index_of(cloud).tags_of(arns)
    # AWS leaves out a certificate that never had a tag.
    assert found[arns[0]] == ()
    assert [dict(found[arn])["number"] for arn in arns[1:]] == [
        str(number) for number in range(1, len(arns))
    ]
    assert len(cloud.calls) == 3


@pytest.mark.parametrize("code", ["AccessDeniedException", "InternalServiceException"])
def test_after_a_failure_the_others_are_not_read(cloud: Cloud, code: str) -> None:
    arns = [cloud.certificates.add(tags={"team": "web"}) for _ in range(MOST_ARNS + 1)]
    cloud.fail(
        *("resourcegroupstaggingapi", "GetResources", code),
        when=lambda parameters: arns[-1] in parameters["ResourceARNList"],
        times=None,
    )
    index = index_of(cloud)
    assert list(index.tags_of(arns)) == arns[:-1]
    cloud.clear_failures()
    assert index.tags_of(arns) == {}


class Answering:
    """A client with one answer."""

    def __init__(self, **answer: Any) -> None:  # noqa: ANN401 - the members of a response
        self.answer = answer

    def get_resources(self, **_: object) -> dict[str, Any]:
        return self.answer


@pytest.mark.parametrize(
    "entry",
    [
        {"ResourceARN": ARN.replace("eu-west-1", "us-east-1"), "Tags": TEAM},
        {"ResourceARN": ARN},
        {"ResourceARN": ARN, "Tags": [{"Key": "team"}]},
        {"Tags": TEAM},
        "text",
    ],
    ids=json.dumps,
)
def test_a_response_that_cannot_be_read_says_nothing_about_tags(entry: object) -> None:
    client = Answering(ResourceTagMappingList=[entry])
    assert TagIndex(lambda: client).tags_of([ARN]) == {}


def test_a_response_that_is_not_complete_says_nothing_about_what_it_lacks() -> None:
    listed = [{"ResourceARN": ARN, "Tags": TEAM}]
    client = Answering(ResourceTagMappingList=listed, PaginationToken="more")
    assert TagIndex(lambda: client).tags_of([ARN, OTHER]) == {ARN: (("team", "web"),)}
