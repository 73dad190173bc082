"""Rules that AWS holds requests to, and moto does not."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from moto.awslambda.models import lambda_backends

from tests.embedded_aws import parameters, policy, secrets, tables
from tests.embedded_aws.calls import Permission
from tests.embedded_aws.principals import Caller, existing_role, trust_policy
from tests.embedded_aws.protocol import AwsError, Request
from tests.embedded_aws.topics import check_publish, count_subscriptions

# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rate-expressions.html
RATE = re.compile(r"rate\((1 (minute|hour|day)|(?!0|1 )\d+ (minutes|hours|days))\)")
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cron-expressions.html
CRON = re.compile(r"cron\((\S+ ){5}\S+\)")
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
PLACEHOLDER = re.compile(r"<((?!aws\.events\.)[^<>]+)>")
MAX_ENVIRONMENT = 4096
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html, required IAM permissions
NETWORK_ACTIONS = (
    "CreateNetworkInterface",
    "AssignPrivateIpAddresses",
    "DeleteNetworkInterface",
    "DescribeNetworkInterfaces",
    "DescribeSubnets",
    "UnassignPrivateIpAddresses",
)


def check_schedule(request: Request) -> None:
    """Refuse `rate(1 days)`, five fields, and a cron with two days or with none.

    "You can't specify the Day-of-month and Day-of-week fields in the same cron expression."
    """
    expression = request.parameters.get("ScheduleExpression")
    if expression is None or RATE.fullmatch(expression):
        return
    fields = expression.removeprefix("cron(").removesuffix(")").split()
    if CRON.fullmatch(expression) and (fields[2] == "?") is not (fields[4] == "?"):
        return
    raise AwsError("ValidationException", "Parameter ScheduleExpression is not valid.")


def check_targets(request: Request) -> None:
    """Refuse an API destination without a role, and a placeholder that no input path defines.

    eb-api-destinations: "RoleArn is required for target"; API_InputTransformer.
    """
    for target in request.parameters["Targets"]:
        if ":api-destination/" in target["Arn"] and not target.get("RoleArn"):
            raise AwsError(
                "ValidationException", f"RoleArn is required for target {target['Arn']}."
            )
        transformer = target.get("InputTransformer") or {}
        used = PLACEHOLDER.findall(transformer.get("InputTemplate", ""))
        for name in set(used) - (transformer.get("InputPathsMap") or {}).keys():
            raise AwsError(
                "ValidationException",
                f"InputTemplate for target {target['Id']} contains invalid placeholder {name}.",
            )


def check_function(request: Request) -> None:
    """Refuse a role that Lambda cannot assume or connect to a VPC with, and a large environment.

    https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
    """
    variables = (request.parameters.get("Environment") or {}).get("Variables") or {}
    if sum(len(name) + len(value) for name, value in variables.items()) > MAX_ENVIRONMENT:
        raise AwsError(
            "InvalidParameterValueException",
            f"Lambda was unable to configure your environment variables because the environment "
            f"variables you have provided exceeded the {MAX_ENVIRONMENT} bytes limit.",
        )
    arn = request.parameters.get("Role")
    if arn is not None and not _lambda_may_assume(arn):
        raise AwsError(
            "InvalidParameterValueException",
            "The role defined for the function cannot be assumed by Lambda.",
        )
    if (request.parameters.get("VpcConfig") or {}).get("SubnetIds"):
        _check_network(request, arn)


def _check_network(request: Request, arn: str | None) -> None:
    """Refuse a role with which Lambda could not connect the function to its VPC."""
    if arn is None:
        backend = lambda_backends[request.account][request.region]
        arn = backend.get_function(request.parameters["FunctionName"]).role
    documents = Caller(request.account, existing_role(arn)).documents
    for action in NETWORK_ACTIONS:
        if not policy.judge(documents, Permission(f"ec2:{action}", "*")).allowed:
            raise AwsError(
                "InvalidParameterValueException",
                f"The provided execution role does not have permissions to call {action} on EC2",
            )


def check_destination(request: Request) -> None:
    """Refuse a failure destination that the function's role may not publish to.

    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
    """
    config = request.parameters.get("DestinationConfig") or {}
    topic = (config.get("OnFailure") or {}).get("Destination", "")
    if ":sns:" not in topic:
        return
    backend = lambda_backends[request.account][request.region]
    role = existing_role(backend.get_function(request.parameters["FunctionName"]).role)
    documents = Caller(request.account, role).documents
    if not policy.judge(documents, Permission("sns:Publish", topic)).allowed:
        raise AwsError(
            "InvalidParameterValueException",
            "The function execution role does not have permissions to call Publish on SNS",
        )


def _lambda_may_assume(arn: str) -> bool:
    role = existing_role(arn)
    if role is None:
        return False
    asked = Permission("sts:AssumeRole", arn)
    answer = policy.answers(trust_policy(role), policy.Principal("lambda.amazonaws.com"), asked)
    return answer is policy.Answer.GRANTED


RULES: Mapping[tuple[str, str], Callable[[Request], None]] = {
    **parameters.RULES,
    **secrets.RULES,
    **tables.RULES,
    ("events", "PutRule"): check_schedule,
    ("events", "PutTargets"): check_targets,
    ("lambda", "CreateFunction"): check_function,
    ("lambda", "PutFunctionEventInvokeConfig"): check_destination,
    ("lambda", "UpdateFunctionConfiguration"): check_function,
    ("sns", "GetTopicAttributes"): count_subscriptions,
    ("sns", "Publish"): check_publish,
}
