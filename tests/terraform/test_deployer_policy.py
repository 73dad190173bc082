"""The policy of docs/deployer-policy.md suffices to apply, plan and destroy, and has no more."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from tests.embedded_aws.cloud import Cloud
from tests.embedded_aws.policy import Document, like, statements
from tests.harness.terraform import REPOSITORY, Workspace
from tests.terraform.conftest import existing, kind

pytestmark = [pytest.mark.nightly, pytest.mark.terraform]

#: The account of the documented policy.
ACCOUNT = "123456789012"
ZONE = "deployed.example.org"
STACK = """
provider "aws" {
  region = "eu-west-1"

  default_tags {
    tags = { Team = "shop" }
  }
}

module "certificates" {
  source = "../"

  domain_name   = "shop.deployed.example.org"
  notifications = { email_addresses = { operations = "operations@example.com" } }
}
"""
#: What a change of an input or of a tag needs; this deployment has none.
FOR_CHANGES = {
    "cloudwatch:UntagResource",
    "dynamodb:UntagResource",
    "dynamodb:UpdateTable",
    "events:UntagResource",
    "iam:UntagRole",
    "iam:UpdateAssumeRolePolicy",
    "iam:UpdateRole",
    "kms:PutKeyPolicy",
    "kms:UntagResource",
    "lambda:ListTags",
    "lambda:UntagResource",
    "lambda:UpdateFunctionCode",
    "lambda:UpdateFunctionConfiguration",
    "lambda:UpdateFunctionEventInvokeConfig",
    "logs:UntagResource",
    "sns:UntagResource",
    "ssm:RemoveTagsFromResource",
}


def documented() -> Document:
    text = (REPOSITORY / "docs" / "deployer-policy.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```json\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    policy: Document = json.loads(block)
    return policy


@dataclass(frozen=True)
class Deployment:
    """What a stack made and left behind, and the actions with resources that it used."""

    resources: Mapping[str, Mapping[str, Any]]
    made: list[str]
    left: list[str]
    used: set[tuple[str, str]]
    second_plan: Mapping[str, Any]


@pytest.fixture(scope="module")
def deployment(cloud: Cloud) -> Deployment:
    cloud.zones.add(ZONE)
    iam = cloud.client("iam")
    trust = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}]}
    role = iam.create_role(RoleName="deployer", AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    iam.put_role_policy(
        RoleName="deployer", PolicyName="deployer", PolicyDocument=json.dumps(documented())
    )
    before = existing(cloud, ACCOUNT)
    credentials = {key.upper(): value for key, value in cloud.assume(role["Arn"]).items()}
    environment = cloud.environment() | credentials
    with Workspace("stack", environment, files={"stack/main.tf": STACK}) as stack:
        stack.apply()
        resources, second_plan = stack.resources(), stack.intended()
        made = [arn for arn in existing(cloud, ACCOUNT) if arn not in before]
        stack.destroy()
    left = [arn for arn in existing(cloud, ACCOUNT) if arn not in before]
    calls = [call for call in cloud.calls if call.principal and "deployer" in call.principal]
    used = {
        (permission.action, permission.resource)
        for call in calls
        for permission in call.permissions
    }
    assert [call.reason for call in calls if not call.allowed] == []
    return Deployment(resources, made, left, used, second_plan)


def test_the_policy_suffices_to_apply_plan_and_destroy(deployment: Deployment) -> None:
    assert deployment.made != []
    assert deployment.second_plan == {}
    assert deployment.left == []


def test_the_policy_grants_no_action_that_a_deployment_does_not_need(
    deployment: Deployment,
) -> None:
    granted = {action for entry in statements([documented()]) for action in entry["Action"]}
    used = {action for action, _ in deployment.used}

    assert granted - used == FOR_CHANGES


def test_each_resource_of_the_policy_is_needed(deployment: Deployment) -> None:
    unused = {
        resource
        for entry in statements([documented()])
        for resource in entry["Resource"]
        if not any(like(used, resource) for _, used in deployment.used)
    }

    assert unused == set()


def test_the_page_about_cost_has_the_numbers_of_created_resources(deployment: Deployment) -> None:
    page = (REPOSITORY / "docs" / "cost.md").read_text(encoding="utf-8")
    kinds = Counter(kind(address) for address in deployment.resources)
    alarms = [
        values
        for address, values in deployment.resources.items()
        if kind(address) == "aws_cloudwatch_metric_alarm"
    ]
    metrics = sum(max(1, len(alarm["metric_query"]) - 1) for alarm in alarms)

    assert f"| {metrics} alarm metrics at 0.10 | {metrics / 10:.2f} |" in page
    assert (kinds["aws_cloudwatch_dashboard"], kinds["aws_kms_key"]) == (1, 1)
