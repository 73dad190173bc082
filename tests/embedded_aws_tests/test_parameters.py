"""Parameter Store, as the embedded AWS answers: names, values, types, pages and permissions.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParametersByPath.html
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.embedded_aws.cloud import Cloud
from tests.embedded_aws_tests.test_least_privilege import allow, code, role

NAME = "/team/certificates/main/arn"
HERE = "arn:aws:ssm:eu-west-1:123456789012:parameter"


@pytest.fixture
def ssm(cloud: Cloud) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
    return cloud.client("ssm")


def put(ssm: Any, name: str = NAME, value: str = "pending", **more: Any) -> None:  # noqa: ANN401 - as SSM defines them
    ssm.put_parameter(**{"Name": name, "Value": value, "Type": "String", **more})


@pytest.mark.parametrize(
    ("wrong", "answer"),
    [
        ({"name": "team/certificates/main/arn"}, "ValidationException"),
        ({"name": "/team/certificates/a b/arn"}, "ValidationException"),
        ({"name": "/aws-team/certificates/main/arn"}, "ValidationException"),
        ({"name": "/ssm-team/certificates/main/arn"}, "ValidationException"),
        ({"name": "/x" * 16}, "HierarchyLevelLimitExceededException"),
        ({"name": f"/{'x' * 1011}"}, "ValidationException"),
        ({"value": "x" * 4097}, "ValidationException"),
        ({"value": "ä" * 2049}, "ValidationException"),
        ({"value": "{{ssm:other}}"}, "ValidationException"),
    ],
)
def test_a_name_or_value_that_aws_does_not_take_is_refused(
    ssm: Any,  # noqa: ANN401 - as above
    wrong: dict[str, str],
    answer: str,
) -> None:
    assert code(put, ssm=ssm, **wrong) == answer


def test_a_parameter_without_a_type_is_overwritten_and_never_created(ssm: Any) -> None:  # noqa: ANN401 - as above
    with pytest.raises(ClientError, match="A parameter type is required"):
        ssm.put_parameter(Name=NAME, Value="new", Overwrite=True)
    assert code(ssm.get_parameter, Name=NAME) == "ParameterNotFound"
    put(ssm)
    assert code(put, ssm=ssm) == "ParameterAlreadyExists"
    assert code(put, ssm=ssm, Type="StringList", Overwrite=True) == "HierarchyTypeMismatchException"
    ssm.put_parameter(Name=NAME, Value="new", Overwrite=True)
    found = ssm.get_parameter(Name=NAME)["Parameter"]
    assert (found["Value"], found["Type"], found["Version"]) == ("new", "String", 2)


def test_a_path_is_read_in_pages_that_are_not_full(ssm: Any) -> None:  # noqa: ANN401 - as above
    for number in range(20):
        put(ssm, f"/team/certificates/c{number}/arn")
    put(ssm, "/other/certificates/main/arn")
    assert ssm.get_parameters_by_path(Path="/team/certificates", Recursive=True)["Parameters"] == []
    pages = list(
        ssm.get_paginator("get_parameters_by_path").paginate(
            Path="/team/certificates", Recursive=True, MaxResults=10
        )
    )
    assert [len(page["Parameters"]) for page in pages] == [0, 3, 10, 7]
    assert len({found["Name"] for page in pages for found in page["Parameters"]}) == 20
    assert code(ssm.get_parameters_by_path, Path="/team", MaxResults=11) == "ValidationException"
    assert code(ssm.get_parameters_by_path, Path="team") == "ValidationException"


def test_a_path_is_judged_itself_and_not_the_parameters_below_it(cloud: Cloud) -> None:
    put(cloud.client("ssm"))
    children = role(cloud, allow("ssm:*", f"{HERE}/team/certificates/*"), name="children")
    path = role(cloud, allow("ssm:GetParametersByPath", f"{HERE}/team/certificates"), name="path")
    below, of_path = (cloud.client("ssm", role_arn=arn) for arn in (children, path))
    asked: dict[str, Any] = {"Path": "/team/certificates", "Recursive": True}
    assert code(below.get_parameters_by_path, **asked) == "AccessDeniedException"
    assert code(of_path.get_parameters_by_path, **asked) is None
    assert code(below.get_parameter, Name=NAME) is None
    assert code(of_path.get_parameter, Name=NAME) == "AccessDeniedException"


def test_a_role_that_may_only_overwrite_creates_nothing(cloud: Cloud) -> None:
    only = {"StringEquals": {"ssm:Overwrite": "true"}}
    arn = role(cloud, allow("ssm:PutParameter", f"{HERE}{NAME}", Condition=only))
    ssm = cloud.client("ssm", role_arn=arn)
    assert code(put, ssm=ssm) == "AccessDeniedException"
    put(cloud.client("ssm"))
    assert code(put, ssm=ssm, value="new", Overwrite=True) is None
    elsewhere = {"Name": "/team/other", "Value": "x", "Overwrite": True}
    assert code(ssm.put_parameter, **elsewhere) == "AccessDeniedException"


def test_a_parameter_has_the_time_of_its_last_write_on_the_clock_of_the_cloud(cloud: Cloud) -> None:
    ssm = cloud.client("ssm")
    cloud.now = datetime(2027, 3, 1, 10, 30, tzinfo=UTC)
    put(ssm)
    written = cloud.now
    cloud.advance(days=2)
    assert ssm.get_parameter(Name=NAME)["Parameter"]["LastModifiedDate"] == written
    put(ssm, value="new", Overwrite=True)
    assert ssm.get_parameter(Name=NAME)["Parameter"]["LastModifiedDate"] == cloud.now
