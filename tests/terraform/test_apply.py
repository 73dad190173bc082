"""The life of the root module: apply, second plan, change in place, sharing, destroy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from tests.embedded_aws.calls import Permission
from tests.embedded_aws.cloud import Cloud
from tests.embedded_aws.policy import Principal
from tests.embedded_aws.rules import NETWORK_ACTIONS
from tests.harness.proof import Ask, faults
from tests.harness.terraform import Workspace, side_by_side
from tests.terraform import bounds
from tests.terraform.conftest import Life, Stack, existing, live
from tests.terraform.policies import part

pytestmark = pytest.mark.terraform

ZONE = "minimal.example.com"
MINIMAL = {"domain_name": ZONE}
#: Settings that change a stack in place.
CHANGED = {
    **MINIMAL,
    "function": {
        "architecture": "x86_64",
        "log_retention_days": 30,
        "vpc": {"subnet_ids": ["subnet-1", "subnet-2"], "security_group_ids": ["sg-1"]},
    },
    "rotation_mode": "notify",
}
ACCOUNT = "200000000001"

# Two difficult cases at once: the same account twice, and a topic that is known only after apply.
NEIGHBOURS = """
provider "aws" {}

module "first" {
  source = "../"

  domain_name    = "shop.example.com"
  issue_on_apply = false
  name_prefix    = "first"
}

module "second" {
  source = "../"

  domain_name    = "blog.example.com"
  issue_on_apply = false
  name_prefix    = "second"

  notifications = {
    topic = { arn = module.first.sns_topic_arn }
  }
}

output "topics" {
  value = [module.first.sns_topic_arn, module.second.sns_topic_arn]
}
"""


@dataclass(frozen=True)
class Steps:
    """The observations of each step in the root module's life."""

    resources: Mapping[str, Mapping[str, Any]]
    after_apply: list[str]
    actions_of_change: Mapping[str, str]
    changed: Mapping[str, Mapping[str, Any]]
    after_change: list[str]
    made_in_aws: list[str]
    left_in_state: list[str]
    left_in_aws: list[str]


@pytest.fixture(scope="module")
def both(cloud: Cloud) -> tuple[Steps, Life]:
    """Run both scenarios in parallel, because most of each is waiting."""
    stack = Stack("stack", files={"stack/main.tf": NEIGHBOURS}, region="us-gov-west-1")
    with side_by_side(1) as pool:
        neighbours = pool.submit(live, cloud, {"neighbours": stack})
        return walk(cloud), neighbours.result()["neighbours"]


def walk(cloud: Cloud) -> Steps:
    cloud.zones.add(ZONE, account=ACCOUNT)
    with Workspace(".", cloud.environment(account=ACCOUNT), variables=MINIMAL) as module:
        module.apply()
        resources, after_apply = module.resources(), module.changes()
        module.variables = CHANGED
        actions_of_change = module.change()
        changed, after_change = module.resources(), module.changes()
        made_in_aws = existing(cloud, ACCOUNT)
        module.destroy()
        return Steps(
            resources,
            after_apply,
            actions_of_change,
            changed,
            after_change,
            made_in_aws,
            list(module.resources()),
            existing(cloud, ACCOUNT),
        )


@pytest.fixture
def steps(both: tuple[Steps, Life]) -> Steps:
    return both[0]


@pytest.fixture
def neighbours(both: tuple[Steps, Life]) -> Life:
    return both[1]


def test_a_domain_name_and_its_zone_are_all_that_is_needed(steps: Steps) -> None:
    kinds = {address.split(".")[-2] for address in steps.resources}

    assert {
        "aws_cloudwatch_event_rule",
        "aws_dynamodb_table",
        "aws_lambda_function",
        "aws_sns_topic",
    } <= kinds


def test_a_plan_after_apply_is_empty(steps: Steps) -> None:
    assert steps.after_apply == []


def test_other_settings_replace_nothing(steps: Steps) -> None:
    assert set(steps.actions_of_change.values()) == {"update"}
    assert steps.after_change == []


@pytest.mark.parametrize("function", ["creation", "rotation"])
def test_lambda_may_connect_a_function_to_its_vpc_and_the_function_s_code_may_not(
    steps: Steps, function: str
) -> None:
    policy = steps.changed[f"module.{function}[0].aws_iam_role_policy.this"]
    deployed = steps.changed[f"module.{function}[0].aws_lambda_function.this"]
    bound = bounds.vpc(deployed["arn"])
    asks = [
        Ask(Principal(deployed["role"]), Permission(f"ec2:{action}", "*"))
        for action in NETWORK_ACTIONS
    ]

    assert faults(part(json.loads(policy["policy"]), *bound), asks, bound, known={}) == []


def test_destroy_leaves_nothing(steps: Steps) -> None:
    assert steps.made_in_aws != []
    assert steps.left_in_state == []
    assert steps.left_in_aws == []


def test_two_instances_live_in_one_account_and_share_a_topic(neighbours: Life) -> None:
    """Bug 59 of the sample that this module replaces: fixed names allowed one instance only."""
    first, second = neighbours.outputs["topics"]

    assert first == second
    assert neighbours.second_plan == []
    assert neighbours.made_in_aws != []
    assert neighbours.left_in_aws == []


def test_in_another_partition_no_arn_names_the_commercial_one(neighbours: Life) -> None:
    """Bug 59 of the sample that this module replaces: `arn:aws:` does not exist in GovCloud."""
    text = str(neighbours.resources)

    assert "arn:aws-us-gov:" in text
    assert "arn:aws:" not in text
