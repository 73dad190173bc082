"""The pointers in Parameter Store."""

from __future__ import annotations

import pytest

from certificate_lifecycle.aws.ssm import SsmPointers
from certificate_lifecycle.model.errors import PointerNotFoundError
from certificate_lifecycle.model.pointers import PENDING
from tests.embedded_aws.cloud import Cloud

pytestmark = pytest.mark.integration

NAME = "/team/certificates/main/arn"


@pytest.fixture
def pointers(cloud: Cloud) -> SsmPointers:
    return SsmPointers(cloud.client("ssm"), "team")


def put(cloud: Cloud, name: str = NAME) -> None:
    cloud.client("ssm").put_parameter(Name=name, Value=PENDING, Type="String")


def test_all_pointers_of_an_instance_are_read_and_nothing_beside_them(
    cloud: Cloud, pointers: SsmPointers
) -> None:
    names = {f"/team/certificates/c{number}/arn" for number in range(25)}
    for name in (*names, "/team2/certificates/main/arn", "/team/certificates/c1/note"):
        put(cloud, name)
    assert pointers.read_all() == dict.fromkeys(names, PENDING)


def test_a_pointer_is_written_only_if_its_value_differs(
    cloud: Cloud, pointers: SsmPointers
) -> None:
    put(cloud)
    assert pointers.write(NAME, "arn")
    assert not pointers.write(NAME, "arn")
    assert pointers.read(NAME) == "arn"
    written = cloud.client("ssm").get_parameter(Name=NAME)["Parameter"]
    assert (written["Version"], written["Type"]) == (2, "String")


def test_a_pointer_that_does_not_exist_is_not_created(cloud: Cloud, pointers: SsmPointers) -> None:
    for call in (lambda: pointers.read(NAME), lambda: pointers.write(NAME, "arn")):
        with pytest.raises(PointerNotFoundError, match="/team/certificates/main/arn"):
            call()
    assert pointers.read_all() == {}
    assert [call.operation for call in cloud.calls if call.operation == "PutParameter"] == []
