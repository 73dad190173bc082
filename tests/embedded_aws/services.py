"""What services of AWS do by themselves in the name of a role, done here as real calls.

Each is recorded and judged like every other call of that role.
"""

from __future__ import annotations

import json
from contextlib import suppress

from tests.embedded_aws.cloud import Cloud


def lambda_does_its_part(cloud: Cloud, name: str, account: str, region: str = "eu-west-1") -> None:
    """Read the environment, write a log, and send an event that failed to its destination.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars-encryption.html
    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html
    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
    """
    configuration = cloud.function(name, region, account).configuration
    role, arn = configuration["Role"], configuration["FunctionArn"]
    if key := configuration.get("KMSKeyArn"):
        context = {"aws:lambda:FunctionArn": arn}
        hidden = cloud.client("kms", region, account).encrypt(
            KeyId=key, Plaintext=b"{}", EncryptionContext=context
        )["CiphertextBlob"]
        cloud.client("kms", region, role_arn=role).decrypt(
            KeyId=key, CiphertextBlob=hidden, EncryptionContext=context
        )
    logs = cloud.client("logs", region, role_arn=role)
    stream = {"logGroupName": configuration["LoggingConfig"]["LogGroup"], "logStreamName": "1"}
    logs.create_log_stream(**stream)
    logs.put_log_events(**stream, logEvents=[{"timestamp": 0, "message": "{}"}])
    destination = cloud.client("lambda", region, account).get_function_event_invoke_config(
        FunctionName=name
    )["DestinationConfig"]["OnFailure"]["Destination"]
    cloud.client("sns", region, role_arn=role).publish(
        TopicArn=destination, Message=json.dumps({"responsePayload": "failed"})
    )


def a_distributed_map_does_its_part(
    cloud: Cloud, role: str, state_machine: str, label: str, region: str = "eu-west-1"
) -> None:
    """Start a child, follow it and end it.

    The developer guide names children by the name of the state machine; the ARN of one has the
    map's label behind it.
    Nothing really runs: the start is refused once it is judged, and the children do not exist.
    https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html
    https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html
    """
    client = cloud.client("stepfunctions", region, role_arn=role)
    cloud.fail("stepfunctions", "StartExecution", "ExecutionLimitExceeded")
    with suppress(client.exceptions.ExecutionLimitExceeded):
        client.start_execution(stateMachineArn=state_machine)
    execution = state_machine.replace(":stateMachine:", ":execution:")
    for child in (f"{execution}:1", f"{execution}/{label}:1"):
        for ask in (client.describe_execution, client.stop_execution):
            with suppress(client.exceptions.ExecutionDoesNotExist):
                ask(executionArn=child)
