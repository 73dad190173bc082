"""Checks applied policies against the calls under them.

Roles are checked with their recorded calls. Services of AWS make no calls here; their requests
follow the AWS documentation.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from moto.core.utils import get_service_model

from certificate_lifecycle.aws.permissions import Function, Setting
from certificate_lifecycle.cli.required_permissions import needed
from tests.embedded_aws.actions import TABLE, Scene
from tests.embedded_aws.calls import Call, Permission
from tests.embedded_aws.policy import Document, Principal, statements
from tests.embedded_aws.principals import existing_role, role_policy, trust_policy
from tests.embedded_aws.protocol import Request
from tests.embedded_aws.resource_policies import resource_policy
from tests.harness.proof import Ask, Bounds, asked, faults, granted
from tests.terraform.bounds import KNOWN, TOPIC_CONTEXT, TRUST

#: Requests that no run makes on the day of its first one; tests/integration has such runs.
LATER = (Permission("acm-pca:GetCertificateAuthorityCertificate", "*"),)
#: Permissions of every role in addition to its function's calls, see README below its table.
BESIDE = frozenset(
    {
        "kms:Decrypt",
        "kms:GenerateDataKey*",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "sns:Publish",
    }
)
# The resource of a trust policy is its own role, which the policy does not contain.
ITSELF = "*"


def sids(document: Document) -> set[str]:
    return {str(statement["Sid"]) for statement in statements([document])}


def declared(function: Function, settings: Collection[Setting]) -> set[str]:
    """Return the actions that the adapters declare for a function with some settings.

    The tests of tests/integration check that the function calls each of them.
    """
    return {permission.action for permission in needed((function,), settings)}


def part(document: Document, *names: str) -> Document:
    """Return the given statements of a policy, which must exist."""
    found = [statement for statement in statements([document]) if statement["Sid"] in names]
    assert {entry["Sid"] for entry in found} == set(names)
    return {**document, "Statement": found}


def of_role(
    calls: Iterable[Call], arn: str, bounds: Mapping[str, Bounds], *names: str
) -> list[str]:
    """Return the errors of a role's policy, or of its given statements.

    For those, only requests for their actions are checked.
    """
    document, needed = role_policy(arn), asked(calls, arn)
    present = granted(document)
    needed += [
        Ask(needed[0].principal, permission) for permission in LATER if permission.action in present
    ]
    if names:
        document = part(document, *names)
        actions = granted(document)
        needed = [ask for ask in needed if ask.permission.action in actions]
    return faults(document, needed, bounds, known=KNOWN)


def of_trust(arn: str, *asks: Ask) -> list[str]:
    """Return the errors of a role's trust policy."""
    role = existing_role(arn)
    assert role is not None
    return faults(trust_policy(role), asks, TRUST, known=KNOWN)


def of_resource(
    arn: str, asks: Iterable[Ask], bounds: Mapping[str, Bounds], *, alone: bool = False
) -> list[str]:
    """Return the errors of a resource's policy."""
    document, _ = resource_policy(arn)
    assert document is not None
    assert sids(document) == bounds.keys()
    return faults(document, asks, bounds, alone=alone, known=KNOWN)


def about(calls: Iterable[Call], service: str, *arns: str) -> list[Ask]:
    """Return the requests of roles to a service, for these resources and their parts."""
    return [
        Ask(Principal(call.principal), permission)
        for call in calls
        if call.principal and call.allowed
        for permission in call.permissions
        if permission.action.startswith(f"{service}:") and permission.resource.startswith(arns)
    ]


def by_a_service(service: str, action: str, resource: str, **context: str) -> Ask:
    """Return requests of a service itself; `source_arn` is the resource it acts for."""
    keys = {"source_arn": "aws:SourceArn", "source_account": "aws:SourceAccount"}
    given = {keys.get(name, name): (value,) for name, value in context.items()}
    always = {"aws:SecureTransport": ("true",)}
    return Ask(Principal(service), Permission(action, resource, {**always, **given}))


def assuming(service: str, **context: str) -> Ask:
    """Return the request of a service to assume a role.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
    """
    return by_a_service(service, "sts:AssumeRole", ITSELF, **context)


def alarms(topic: str, key: str, alarm: str) -> list[Ask]:
    """Return the requests of CloudWatch when an alarm changes.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
    https://docs.aws.amazon.com/sns/latest/dg/sns-enable-encryption-for-topic.html
    """
    service, account = "cloudwatch.amazonaws.com", alarm.split(":")[4]
    source = {"source_account": account, "source_arn": alarm}
    return [
        by_a_service(service, "sns:Publish", topic, **source),
        *(
            by_a_service(service, action, key, **source, **{TOPIC_CONTEXT: topic})
            for action in ("kms:Decrypt", "kms:GenerateDataKey")
        ),
    ]


def rules(function: str, *arns: str) -> list[Ask]:
    """Return the requests of EventBridge when rules match, which name no source account.

    https://github.com/hashicorp/terraform-provider-aws/pull/4116
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
    """
    service, action = "events.amazonaws.com", "lambda:InvokeFunction"
    return [by_a_service(service, action, function, source_arn=arn) for arn in arns]


def permissions_of(
    service: str,
    operation: str,
    parameters: Mapping[str, Any],
    *,
    account: str,
    region: str,
    tags: Mapping[str, str] | None = None,
) -> tuple[Permission, ...]:
    """Return the permissions that AWS asks for at a call, about a certificate with these tags."""
    request = Request(
        service=service,
        operation=operation,
        parameters=parameters,
        region=region,
        account=account,
        access_key="",
        model=get_service_model(service).operation_model(operation),
        protocol="json",
    )
    scene = Scene(
        request,
        principal=None,
        tags_of=lambda _: tags or {},
        topic_key=lambda _: None,
        names_of=lambda _: (),
        secret_key=lambda _: None,
        organization_of=lambda _: None,
    )
    return tuple(TABLE[service, operation](scene))
