"""AWS refuses these, and moto would let them pass."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from tests.embedded_aws.cloud import Cloud


@pytest.mark.parametrize(
    ("expression", "valid"),
    [
        ("rate(1 day)", True),
        ("rate(12 hours)", True),
        ("cron(0 6 * * ? *)", True),
        ("cron(0 18 ? * MON-FRI *)", True),
        ("rate(1 days)", False),
        ("rate(2 day)", False),
        ("rate(0 days)", False),
        ("rate(1 week)", False),
        ("cron(0 6 * * * *)", False),
        ("cron(0 6 ? * ? *)", False),
        ("cron(0 6 * * ?)", False),
        ("daily", False),
    ],
)
def test_a_schedule_is_a_rate_or_a_cron_with_one_day_field(
    cloud: Cloud, expression: str, *, valid: bool
) -> None:
    """eb-rate-expressions, eb-cron-expressions."""
    events = cloud.client("events")
    if valid:
        events.put_rule(Name="rule", ScheduleExpression=expression)
        return
    with pytest.raises(ClientError, match="ScheduleExpression is not valid"):
        events.put_rule(Name="rule", ScheduleExpression=expression)


def test_a_rule_for_events_needs_no_schedule(cloud: Cloud) -> None:
    pattern = json.dumps({"source": ["aws.acm"]})
    cloud.client("events").put_rule(Name="rule", EventPattern=pattern)


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({}, None),
        ({"RoleArn": None}, "RoleArn is required for target"),
        ({"InputTransformer": {"InputTemplate": '{"key": "<key>"}'}}, "invalid placeholder key"),
        ({"InputTransformer": {"InputTemplate": "<aws.events.event>"}}, None),
    ],
)
def test_a_target_that_is_an_api_destination_has_a_role_and_known_placeholders(
    cloud: Cloud, changes: dict[str, object], refusal: str | None
) -> None:
    """eb-api-destinations, API_InputTransformer."""
    events = cloud.client("events")
    events.put_rule(Name="rule", EventPattern=json.dumps({"source": ["shop"]}))
    account = "eu-west-1:123456789012"
    target = {
        "Id": "tickets",
        "Arn": f"arn:aws:events:{account}:api-destination/tickets/0f0f0f0f",
        "RoleArn": "arn:aws:iam::123456789012:role/tickets",
        "InputTransformer": {
            "InputPathsMap": {"key": "$.detail.key"},
            "InputTemplate": '{"key": "<key>"}',
        },
    }
    given = {**target, **changes}.items()
    asked = [{name: value for name, value in given if value is not None}]
    if refusal is None:
        events.put_targets(Rule="rule", Targets=asked)
        return
    with pytest.raises(ClientError, match=refusal):
        events.put_targets(Rule="rule", Targets=asked)


def create_role(cloud: Cloud, principal: str) -> str:
    iam = cloud.client("iam")
    trust = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": principal},
    }
    arn = iam.create_role(
        RoleName="f", AssumeRolePolicyDocument=json.dumps({"Statement": [trust]})
    )["Role"]["Arn"]
    return str(arn)


def create_function(
    cloud: Cloud, role: str, *, vpc: dict[str, list[str]] | None = None, **variables: str
) -> None:
    cloud.client("lambda").create_function(
        FunctionName="f",
        VpcConfig=vpc or {},
        Runtime="python3.13",
        Role=role,
        Handler="app.handler",
        Code={"ZipFile": b"PK\x05\x06" + b"\x00" * 18},
        Environment={"Variables": variables},
    )


def test_lambda_must_be_able_to_assume_the_role(cloud: Cloud) -> None:
    """API_CreateFunction: the role's trust policy names lambda.amazonaws.com."""
    with pytest.raises(ClientError, match="cannot be assumed by Lambda"):
        create_function(cloud, "arn:aws:iam::123456789012:role/none")
    with pytest.raises(ClientError, match="cannot be assumed by Lambda"):
        create_function(cloud, create_role(cloud, "ec2.amazonaws.com"))


def test_a_role_without_network_permissions_connects_no_function_to_a_vpc(cloud: Cloud) -> None:
    """configuration-vpc: Lambda makes network interfaces with the permissions of the role."""
    role, iam = create_role(cloud, "lambda.amazonaws.com"), cloud.client("iam")
    vpc = {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}
    with pytest.raises(ClientError, match="permissions to call CreateNetworkInterface on EC2"):
        create_function(cloud, role, vpc=vpc)
    create_function(cloud, role)
    functions = cloud.client("lambda")
    with pytest.raises(ClientError, match="permissions to call CreateNetworkInterface on EC2"):
        functions.update_function_configuration(FunctionName="f", VpcConfig=vpc)
    statement = {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_role_policy(RoleName="f", PolicyName="f", PolicyDocument=document)
    functions.update_function_configuration(FunctionName="f", VpcConfig=vpc)


def test_the_environment_has_its_limit(cloud: Cloud) -> None:
    """gettingstarted-limits: 4 KB for all variables together."""
    role = create_role(cloud, "lambda.amazonaws.com")
    with pytest.raises(ClientError, match="4096 bytes limit"):
        create_function(cloud, role, NAME="x" * 4093)
    create_function(cloud, role, NAME="x" * 4092)


def test_the_role_must_be_able_to_publish_to_the_failure_destination(cloud: Cloud) -> None:
    """invocation-async-retain-records: the execution role needs sns:Publish."""
    topic = cloud.client("sns").create_topic(Name="alerts")["TopicArn"]
    role = create_role(cloud, "lambda.amazonaws.com")
    create_function(cloud, role)
    wanted = {
        "FunctionName": "f",
        "DestinationConfig": {"OnFailure": {"Destination": topic}},
    }
    functions = cloud.client("lambda")
    with pytest.raises(ClientError, match="permissions to call Publish"):
        functions.put_function_event_invoke_config(**wanted)
    granted = {"Effect": "Allow", "Action": "sns:Publish", "Resource": topic}
    document = json.dumps({"Version": "2012-10-17", "Statement": [granted]})
    cloud.client("iam").put_role_policy(RoleName="f", PolicyName="p", PolicyDocument=document)
    functions.put_function_event_invoke_config(**wanted)
