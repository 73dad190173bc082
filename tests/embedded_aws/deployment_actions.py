"""The IAM permissions of the calls with which Terraform creates and destroys the module.

Resource types and dependent actions are those of the Service Authorization Reference:
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from tests.embedded_aws.calls import Permission

if TYPE_CHECKING:
    from tests.embedded_aws.actions import Needs, Scene

#: The ARNs that a request names.
Resources = Callable[["Scene"], list[str]]


def tagging(action: str, needs: Needs) -> Needs:
    """Need also `action` on the first resource if the request has tags."""

    def more(scene: Scene) -> list[Permission]:
        permissions = needs(scene)
        if not (scene.parameters.get("Tags") or scene.parameters.get("tags")):
            return permissions
        return [*permissions, scene.permission(action, permissions[0].resource)]

    return more


def _named(service: str, prefix: str, *parameters: str, region: bool = True) -> Resources:
    """Name the resources by the first of `parameters` in a request, a name or an ARN, or a list."""

    def resources(scene: Scene) -> list[str]:
        value = next(scene.parameters[key] for key in parameters if scene.parameters.get(key))
        names = value if isinstance(value, list) else [value]
        return [
            name if name.startswith("arn:") else _arn(scene, service, prefix + name, region=region)
            for name in names
        ]

    return resources


def _arn(scene: Scene, service: str, resource: str, *, region: bool) -> str:
    if region:
        return scene.arn(service, resource)
    return f"arn:{scene.request.partition}:{service}::{scene.request.account}:{resource}"


def _any(_: Scene) -> list[str]:
    """Name what AWS has no resource type for: only `*` grants it."""
    return ["*"]


def _alias(scene: Scene) -> list[str]:
    """Name the alias; its key is needed, too, where the request names it."""
    key = scene.parameters.get("TargetKeyId")
    keys = [scene.arn("kms", f"key/{key}")] if key else []
    return [scene.arn("kms", str(scene.parameters["AliasName"])), *keys]


def _parameter(scene: Scene) -> list[str]:
    name = str(scene.parameters.get("Name") or scene.parameters["ResourceId"])
    return [scene.arn("ssm", f"parameter/{name.removeprefix('/')}")]


_OPERATIONS: Mapping[tuple[str, Resources], str] = {
    (
        "cloudwatch",
        _named("cloudwatch", "alarm:", "AlarmName", "AlarmNames", "ResourceARN"),
    ): "DeleteAlarms ListTagsForResource PutMetricAlarm TagResource UntagResource",
    (
        "cloudwatch",
        _named("cloudwatch", "dashboard/", "DashboardName", "DashboardNames", region=False),
    ): "DeleteDashboards GetDashboard PutDashboard",
    (
        "dynamodb",
        _named("dynamodb", "table/", "TableName", "ResourceArn"),
    ): "CreateTable DeleteTable DescribeContinuousBackups DescribeTable DescribeTimeToLive "
    "ListTagsOfResource TagResource UntagResource UpdateContinuousBackups UpdateTable "
    "UpdateTimeToLive",
    (
        "events",
        _named("events", "rule/", "Name", "Rule", "ResourceARN"),
    ): "DeleteRule ListTagsForResource ListTargetsByRule PutRule PutTargets RemoveTargets "
    "TagResource UntagResource",
    (
        "iam",
        _named("iam", "role/", "RoleName", region=False),
    ): "CreateRole DeleteRole DeleteRolePolicy GetRolePolicy ListAttachedRolePolicies "
    "ListInstanceProfilesForRole ListRolePolicies PutRolePolicy TagRole UntagRole "
    "UpdateAssumeRolePolicy UpdateRole",
    ("kms", _any): "CreateKey ListAliases",
    ("kms", _alias): "CreateAlias DeleteAlias",
    (
        "kms",
        _named("kms", "key/", "KeyId"),
    ): "EnableKeyRotation GetKeyPolicy GetKeyRotationStatus ListResourceTags PutKeyPolicy "
    "ScheduleKeyDeletion TagResource UntagResource",
    (
        "lambda",
        _named("lambda", "function:", "FunctionName", "Resource"),
    ): "AddPermission DeleteFunction DeleteFunctionEventInvokeConfig GetFunction "
    "GetFunctionCodeSigningConfig GetFunctionEventInvokeConfig GetPolicy ListTags "
    "ListVersionsByFunction PutFunctionEventInvokeConfig RemovePermission TagResource "
    "UntagResource UpdateFunctionCode UpdateFunctionConfiguration "
    "UpdateFunctionEventInvokeConfig",
    ("logs", lambda scene: [scene.arn("logs", "log-group:*")]): "DescribeLogGroups",
    (
        "logs",
        _named("logs", "log-group:", "logGroupName", "resourceArn"),
    ): "DeleteLogGroup ListTagsForResource PutRetentionPolicy TagResource UntagResource",
    ("sns", _any): "GetSubscriptionAttributes Unsubscribe",
    (
        "sns",
        _named("sns", "", "TopicArn", "Name", "ResourceArn"),
    ): "CreateTopic DeleteTopic ListTagsForResource SetTopicAttributes Subscribe TagResource "
    "UntagResource",
    ("ssm", _any): "DescribeParameters",
    (
        "ssm",
        _parameter,
    ): "AddTagsToResource DeleteParameter ListTagsForResource RemoveTagsFromResource",
}


def _needs(action: str, resources: Resources) -> Needs:
    return lambda scene: [scene.permission(action, resource) for resource in resources(scene)]


def _create_function(scene: Scene) -> list[Permission]:
    """Need to create the function, and to give it its role.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
    """
    create = scene.permission(
        "lambda:CreateFunction", scene.arn("lambda", f"function:{scene.parameters['FunctionName']}")
    )
    role = scene.permission("iam:PassRole", str(scene.parameters["Role"]))
    context = {**role.context, "iam:PassedToService": ("lambda.amazonaws.com",)}
    return [create, Permission(role.action, role.resource, context)]


_OF_OPERATIONS: Mapping[tuple[str, str], Needs] = {
    (service, operation): _needs(f"{service}:{operation}", resources)
    for (service, resources), operations in _OPERATIONS.items()
    for operation in operations.split()
}
DEPLOYMENT: Mapping[tuple[str, str], Needs] = {
    **_OF_OPERATIONS,
    ("cloudwatch", "PutMetricAlarm"): tagging(
        "cloudwatch:TagResource", _OF_OPERATIONS["cloudwatch", "PutMetricAlarm"]
    ),
    ("dynamodb", "CreateTable"): tagging(
        "dynamodb:TagResource", _OF_OPERATIONS["dynamodb", "CreateTable"]
    ),
    ("events", "PutRule"): tagging("events:TagResource", _OF_OPERATIONS["events", "PutRule"]),
    ("iam", "CreateRole"): tagging("iam:TagRole", _OF_OPERATIONS["iam", "CreateRole"]),
    ("kms", "CreateKey"): tagging("kms:TagResource", _OF_OPERATIONS["kms", "CreateKey"]),
    ("lambda", "CreateFunction"): tagging("lambda:TagResource", _create_function),
    ("sns", "CreateTopic"): tagging("sns:TagResource", _OF_OPERATIONS["sns", "CreateTopic"]),
}
