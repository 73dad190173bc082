"""Every Terraform block of the README plans against the real provider, as it would be pasted."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.support.cloud import Cloud
from tests.support.terraform import REPOSITORY, Workspace

pytestmark = pytest.mark.terraform

BLOCKS = re.findall(
    r"^```hcl\n(.*?)^```$",
    (REPOSITORY / "README.md").read_text(encoding="utf-8"),
    re.MULTILINE | re.DOTALL,
)
SOURCE = re.compile(r'source = "git::[^"]+?\.git(?://(?P<folder>[^"?]+))?\?ref=[^"]+"')
PROVIDER = 'provider "aws" {\n  region = "eu-west-1"\n}\n'


def plan(cloud: Cloud, block: str) -> dict[str, int]:
    """Plan a block and count what it would create, by type."""
    (text, replaced) = SOURCE.subn(_here, block)
    assert replaced == 1, "a block names the module's source as a reader would write it"
    with Workspace(
        "readme/block", cloud.environment(), files={"readme/block/main.tf": PROVIDER + text}
    ) as w:
        assert w.run("fmt", "-check", "-no-color", ".").exit_code == 0, "not terraform fmt clean"
        changes: list[dict[str, Any]] = w.plan()["resource_changes"]
    created = [c["type"] for c in changes if c["change"]["actions"] == ["create"]]
    return {kind: created.count(kind) for kind in created}


def _here(source: re.Match[str]) -> str:
    folder = f"/{source['folder']}" if source["folder"] else ""
    return f'source = "../..{folder}"'


@pytest.fixture(scope="module")
def plans(cloud: Cloud) -> list[dict[str, int]]:
    with ThreadPoolExecutor(len(BLOCKS)) as pool:
        return list(pool.map(lambda block: plan(cloud, block), BLOCKS))


ROLE = "modules/member-account"
ORGANIZATION = "organization = {"
MODULE = [number for number, block in enumerate(BLOCKS) if ROLE not in block]


@pytest.mark.parametrize("number", MODULE)
def test_each_block_plans_both_functions_what_starts_them_and_what_they_remember(
    plans: list[dict[str, int]], number: int
) -> None:
    # The state machine has a role, and so has the rule that starts it.
    machine = ORGANIZATION in BLOCKS[number]
    assert plans[number]["aws_lambda_function"] == 2
    assert plans[number]["aws_iam_role"] == (4 if machine else 2)
    assert plans[number].get("aws_sfn_state_machine", 0) == (1 if machine else 0)
    # The clock, ACM's own events, and the pulse.
    assert plans[number]["aws_cloudwatch_event_rule"] == 3
    assert plans[number]["aws_dynamodb_table"] == 1


def test_the_block_for_another_account_makes_a_role_and_nothing_else(
    plans: list[dict[str, int]],
) -> None:
    (number,) = set(range(len(BLOCKS))) - set(MODULE)
    assert plans[number] == {"aws_iam_role": 1, "aws_iam_role_policy": 1}


def test_the_minimal_block_makes_a_topic_and_the_adopting_one_does_not(
    plans: list[dict[str, int]],
) -> None:
    assert plans[0]["aws_sns_topic"] == 1
    assert plans[0]["aws_sns_topic_subscription"] == 1
    adopting = ["topic_arn" in block for block in BLOCKS]
    assert [plans[number].get("aws_sns_topic", 0) for number in MODULE] == [
        0 if adopting[number] else 1 for number in MODULE
    ]
