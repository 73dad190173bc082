"""State machines run in the embedded AWS, under their role, and as AWS documents them."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from tests.embedded_aws.cloud import Cloud

ROLE = "arn:aws:iam::123456789012:role/machine"
FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:work"


def definition(**states: Any) -> str:  # noqa: ANN401 - any state
    return json.dumps({"StartAt": next(iter(states)), "States": states})


def reading(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any field of a state
    """Return a distributed map over the objects of a file, each of which just passes."""
    return {
        "Type": "Map",
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject",
            "ReaderConfig": {"InputType": "JSON"},
            "Parameters": {"Bucket": "items", "Key": "items.json"},
        },
        "ItemSelector": {"run.$": "$$.Execution.Name", "item.$": "$$.Map.Item.Value.id"},
        "MaxConcurrency": 2,
        "ToleratedFailurePercentage": 100,
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "One",
            "States": {"One": {"Type": "Pass", "End": True}},
        },
        "End": True,
        **changes,
    }


@pytest.fixture
def machine(cloud: Cloud) -> str:
    """Make a state machine whose role may read the items."""
    iam = cloud.client("iam")
    trust = {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": "*"}]}
    iam.create_role(RoleName="machine", AssumeRolePolicyDocument=json.dumps(trust))
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::items/*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_role_policy(RoleName="machine", PolicyName="read", PolicyDocument=policy)
    s3 = cloud.client("s3")
    where = {"LocationConstraint": "eu-west-1"}
    s3.create_bucket(Bucket="items", CreateBucketConfiguration=where)
    items = json.dumps([{"id": number} for number in range(5)])
    s3.put_object(Bucket="items", Key="items.json", Body=items.encode())
    client = cloud.client("stepfunctions")
    made: str = client.create_state_machine(
        name="machine", definition=definition(Map=reading()), roleArn=ROLE
    )["stateMachineArn"]
    return made


def ended(cloud: Cloud, machine: str, **wanted: Any) -> dict[str, Any]:  # noqa: ANN401 - of StartExecution
    client = cloud.client("stepfunctions")
    arn = client.start_execution(stateMachineArn=machine, **wanted)["executionArn"]
    for _ in range(200):
        found: dict[str, Any] = client.describe_execution(executionArn=arn)
        if found["status"] != "RUNNING":
            return found
        time.sleep(0.02)
    raise AssertionError(f"{arn} does not end")


def test_an_execution_without_a_name_is_given_one_that_its_steps_know(
    cloud: Cloud, machine: str
) -> None:
    found = ended(cloud, machine)
    assert found["status"] == "SUCCEEDED"
    output = json.loads(found["output"])
    assert [entry["item"] for entry in output] == [0, 1, 2, 3, 4]
    assert {entry["run"] for entry in output} == {found["executionArn"].rpartition(":")[2]}


def test_a_name_that_is_given_is_kept(cloud: Cloud, machine: str) -> None:
    assert ended(cloud, machine, name="mine")["executionArn"].endswith(":mine")


def test_what_a_state_machine_does_is_done_by_its_role(cloud: Cloud, machine: str) -> None:
    ended(cloud, machine)
    (reading,) = [call for call in cloud.calls if call.operation == "GetObject"]
    assert (reading.principal, reading.allowed) == (ROLE, True)


def test_a_role_that_may_not_is_refused(cloud: Cloud, machine: str) -> None:
    cloud.client("iam").delete_role_policy(RoleName="machine", PolicyName="read")
    assert ended(cloud, machine)["status"] == "FAILED"
    assert [call.operation for call in cloud.refusals] == ["GetObject"]


def test_a_definition_is_validated_before_it_is_used(cloud: Cloud) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/apireference/API_ValidateStateMachineDefinition.html."""
    client = cloud.client("stepfunctions")
    good = client.validate_state_machine_definition(definition=definition(Map=reading()))
    assert (good["result"], good["diagnostics"]) == ("OK", [])
    wrong = definition(Map=reading(ToleratedFailurePercentage="all"))
    bad = client.validate_state_machine_definition(definition=wrong)
    assert bad["result"] == "FAIL"
    assert bad["diagnostics"][0]["severity"] == "ERROR"


def test_a_bucket_policy_that_refuses_plain_http_refuses_nothing_else(
    cloud: Cloud, machine: str
) -> None:
    statement = {
        "Effect": "Deny",
        "Action": "s3:*",
        "Principal": "*",
        "Resource": "arn:aws:s3:::items/*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    cloud.client("s3").put_bucket_policy(Bucket="items", Policy=policy)
    assert ended(cloud, machine)["status"] == "SUCCEEDED"
