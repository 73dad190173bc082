"""What the runner of deployed functions promises, shown with small functions made for it."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator

import pytest

from tests.embedded_aws.cloud import Cloud
from tests.harness.deployed import MAX_PAYLOAD, Invocation, invoke

pytestmark = pytest.mark.integration

SEEN = """
import json, logging, os

def handler(event, context):
    logging.getLogger("app").info("looked", extra={"found": 3})
    logging.getLogger("app").debug("not at this level")
    print("plain")
    return {
        "event": event,
        "environment": dict(os.environ),
        "arn": context.invoked_function_arn,
        "request_id": context.aws_request_id,
        "remaining_ms": context.get_remaining_time_in_millis(),
        "memory": context.memory_limit_in_mb,
        "log_group": context.log_group_name,
    }
"""
RAISES = """
def handler(event, context):
    raise LookupError("there is no such zone")
"""
SLEEPS = """
import time

def handler(event, context):
    time.sleep(30)
"""
EXITS = """
import os

def handler(event, context):
    os._exit(3)
"""
CALLS = """
import boto3

def handler(event, context):
    return boto3.client(event["service"]).meta.region_name and getattr(
        boto3.client(event["service"]), event["operation"]
    )(**event["parameters"])["ResponseMetadata"]["HTTPStatusCode"]
"""


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with Cloud.start() as cloud:
        yield cloud


def deploy(cloud: Cloud, source: str, *, handler: str = "code.handler", timeout: int = 30) -> None:
    """Deploy a function named `example` whose role may publish to the topic `mine`, no more."""
    iam = cloud.client("iam")
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {"Service": "lambda.amazonaws.com"},
            }
        ],
    }
    grant = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "sns:Publish",
                "Resource": "arn:aws:sns:eu-west-1:123456789012:mine",
            }
        ],
    }
    role = iam.create_role(RoleName="example", AssumeRolePolicyDocument=json.dumps(trust))
    iam.put_role_policy(RoleName="example", PolicyName="example", PolicyDocument=json.dumps(grant))
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("code.py", source)
    cloud.client("lambda").create_function(
        FunctionName="example",
        Role=role["Role"]["Arn"],
        Runtime="python3.13",
        Handler=handler,
        Code={"ZipFile": package.getvalue()},
        Timeout=timeout,
        MemorySize=256,
        Environment={"Variables": {"DOMAIN_NAME": "example.com"}},
        LoggingConfig={"LogFormat": "JSON", "LogGroup": "/aws/lambda/example"},
    )


def run(cloud: Cloud, event: object = None, timeout: float = 20) -> Invocation:
    return invoke(cloud, "example", event, timeout=timeout)


def test_the_result_is_what_the_handler_returned_for_the_event(cloud: Cloud) -> None:
    deploy(cloud, SEEN)

    invocation = run(cloud, {"a": [1, None, "é"]})

    assert invocation.error is None
    assert invocation.result["event"] == {"a": [1, None, "é"]}


def test_the_environment_is_the_deployed_one_and_lambda_s_own_and_nothing_of_this_process(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEAKED", "from the test process")
    deploy(cloud, SEEN)

    environment = run(cloud).result["environment"]

    assert environment["DOMAIN_NAME"] == "example.com"
    assert environment["AWS_LAMBDA_FUNCTION_NAME"] == "example"
    assert environment["AWS_REGION"] == "eu-west-1"
    assert "LEAKED" not in environment
    assert "HOME" not in environment


def test_the_context_has_the_function_and_the_remaining_time(cloud: Cloud) -> None:
    deploy(cloud, SEEN)

    invocation = run(cloud, timeout=10)

    seen = invocation.result
    assert seen["arn"] == "arn:aws:lambda:eu-west-1:123456789012:function:example"
    assert seen["request_id"] == invocation.request_id
    assert 0 < seen["remaining_ms"] <= 10_000
    assert seen["memory"] == "256"
    assert seen["log_group"] == "/aws/lambda/example"


def test_the_function_s_own_timeout_limits_the_remaining_time(cloud: Cloud) -> None:
    deploy(cloud, SEEN, timeout=5)

    assert run(cloud, timeout=20).result["remaining_ms"] <= 5_000


def test_log_records_are_json_with_their_extra_fields_at_the_deployed_level(cloud: Cloud) -> None:
    deploy(cloud, SEEN)

    invocation = run(cloud)

    (record,) = invocation.records
    assert record["message"] == "looked"
    assert record["found"] == 3
    assert record["requestId"] == invocation.request_id
    assert "plain" in invocation.logs


def test_a_raised_error_comes_out_with_its_class_message_and_stack(cloud: Cloud) -> None:
    deploy(cloud, RAISES)

    invocation = run(cloud)

    assert invocation.result is None
    assert invocation.error is not None
    assert invocation.error.type == "LookupError"
    assert invocation.error.message == "there is no such zone"
    assert any("raise LookupError" in line for line in invocation.error.stack)


def test_a_handler_that_cannot_be_imported_is_an_error(cloud: Cloud) -> None:
    deploy(cloud, SEEN, handler="absent.handler")

    invocation = run(cloud)

    assert invocation.error is not None
    assert invocation.error.type == "Runtime.ImportModuleError"


def test_a_function_that_takes_too_long_is_ended(cloud: Cloud) -> None:
    deploy(cloud, SLEEPS)

    invocation = run(cloud, timeout=2)

    assert invocation.error is not None
    assert invocation.error.type == "Sandbox.Timedout"
    assert "timed out after 2.00 seconds" in invocation.error.message


def test_a_function_that_ends_its_process_is_an_error(cloud: Cloud) -> None:
    deploy(cloud, EXITS)

    invocation = run(cloud)

    assert invocation.error is not None
    assert invocation.error.type == "Runtime.ExitError"
    assert "exit status 3" in invocation.error.message


def test_the_function_s_calls_are_judged_by_its_role(cloud: Cloud) -> None:
    sns = cloud.client("sns")
    mine, other = (sns.create_topic(Name=name)["TopicArn"] for name in ("mine", "other"))
    deploy(cloud, CALLS)

    def publish(topic: str) -> Invocation:
        parameters = {"TopicArn": topic, "Message": "hello"}
        return run(cloud, {"service": "sns", "operation": "publish", "parameters": parameters})

    assert publish(mine).result == 200
    refused = publish(other).error
    assert refused is not None
    assert "AuthorizationError" in refused.message or "AccessDenied" in refused.message


def test_an_invocation_that_waits_answers_with_the_result_or_the_error(cloud: Cloud) -> None:
    """API reference, Invoke: a failed function is an answer, and no error of the call."""
    deploy(cloud, RAISES)

    answer = cloud.client("lambda").invoke(FunctionName="example", Payload=b"{}")

    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert json.loads(answer["Payload"].read())["errorType"] == "LookupError"


@pytest.mark.parametrize(
    ("name", "size", "code"),
    [("missing", 2, "ResourceNotFound"), ("example", MAX_PAYLOAD, "RequestTooLarge")],
)
def test_an_invocation_needs_a_function_and_a_payload_of_at_most_6_mb(
    cloud: Cloud, name: str, size: int, code: str
) -> None:
    deploy(cloud, RAISES)
    client = cloud.client("lambda")

    with pytest.raises(client.exceptions.ClientError, match=code):
        client.invoke(FunctionName=name, Payload=json.dumps("x" * size).encode())
