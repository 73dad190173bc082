"""One stack that changes from the settings of one example to the next, without replacements.

Resources with data, subscribers or external references must survive such a change.
A second instance in the same account and region must not change.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from tests.embedded_aws.cloud import Cloud
from tests.estates import front
from tests.harness.terraform import REPOSITORY, Workspace, side_by_side
from tests.terraform.conftest import existing, kinds

pytestmark = [pytest.mark.terraform, pytest.mark.nightly]

ACCOUNT = "340000000001"
MODULE = "module.certificates"
NEIGHBOUR = "certificate-lifecycle"
NEIGHBOURS = {"domain_name": "neighbour.example.com", "issue_on_apply": False}
#: Patterns for the neighbour's names must not match these.
NAME = f"{NEIGHBOUR}-of-all-environments"

#: These are applied in order; the others are planned from the last of them.
FIRST, *NEXT = ("dev", "staging", "prod")
OTHERS = sorted(
    path.parent.name
    for path in REPOSITORY.glob("examples/*/main.tf")
    # Those with one instance, which is the stack itself.
    if path.parent.name not in (FIRST, *NEXT, "certificate-only", "shared-account")
)

#: Resources with data, subscribers or external references.
LASTING = {
    "aws_cloudwatch_log_group",
    "aws_dynamodb_table",
    "aws_iam_role",
    "aws_kms_key",
    "aws_lambda_function",
    "aws_sns_topic",
}
#: Another example has a certificate with other names.
ANEW = {"aws_lambda_invocation"}
#: Resources that an example disables.
GIVEN_UP = {"existing-topic": {"aws_kms_key", "aws_sns_topic"}}

Actions = Mapping[str, str]


def commit(stack: Workspace, example: str, *, create: bool = True) -> None:
    """Apply the settings of an example under the stack's own name."""
    for file in ("main.tf", "outputs.tf"):
        text = (stack.module / "examples" / example / file).read_text(encoding="utf-8")
        text = re.sub(r'^(  name_prefix += )"[a-z-]+"$', rf'\1"{NAME}"', text, flags=re.MULTILINE)
        if not create:
            text = text.replace('"../../"\n', '"../../"\n  create = false\n')
            # Without the module, a listener has no certificate.
            text = re.sub(
                r'^resource "aws_lb_listener".*?^}\n', "", text, flags=re.DOTALL | re.MULTILINE
            )
        (stack.directory / file).write_text(text, encoding="utf-8")


@dataclass(frozen=True)
class Walk:
    """The changes of the module's resources in each step, applied or planned."""

    applied: Mapping[str, Actions]
    planned: Mapping[str, Actions]
    #: The plan after each change.
    unsettled: Mapping[str, list[str]]
    without: list[str]
    #: The neighbour's plan after the stack is destroyed, and the remaining resources.
    neighbour: list[str]
    left_in_aws: list[str]


@pytest.fixture(scope="module")
def walk(cloud: Cloud) -> Walk:
    for zone in ("dev.shop.example.com", "staging.shop.example.com", "shop.example.com"):
        cloud.zones.add(zone, account=ACCOUNT)
    front.fill(cloud, "shop", ACCOUNT)
    environment = cloud.environment(account=ACCOUNT)
    with (
        Workspace(".", environment, variables=NEIGHBOURS) as neighbour,
        Workspace("examples/shop", environment) as stack,
        side_by_side(1) as pool,
    ):
        moving_in = pool.submit(neighbour.apply)
        commit(stack, FIRST)
        stack.apply()
        applied, unsettled = {}, {}
        for example in NEXT:
            commit(stack, example)
            applied[example] = mine(stack.change())
            unsettled[example] = stack.changes()
        moving_in.result()
        planned = {}
        for example in OTHERS:
            commit(stack, example)
            planned[example] = mine(stack.intended())
        commit(stack, "prod", create=False)
        applied["off"] = mine(stack.change())
        without = [address for address in stack.resources() if address.startswith(MODULE)]
        commit(stack, "prod")
        applied["on"] = mine(stack.change())
        stack.destroy()
        unmoved = neighbour.changes()
        neighbour.destroy()
        return Walk(applied, planned, unsettled, without, unmoved, existing(cloud, ACCOUNT))


def mine(actions: Actions) -> Actions:
    """Remove the resources of an example besides the module."""
    return {address: action for address, action in actions.items() if address.startswith(MODULE)}


@pytest.mark.parametrize("example", NEXT)
def test_an_environment_becomes_the_next_in_place(walk: Walk, example: str) -> None:
    actions = walk.applied[example]

    assert kinds(actions, "replace") == ANEW
    assert kinds(actions, "delete") & LASTING == set()
    assert {"aws_lambda_function", "aws_cloudwatch_log_group"} <= kinds(actions, "update")


@pytest.mark.parametrize("example", OTHERS)
def test_any_other_example_would_keep_what_lasts(walk: Walk, example: str) -> None:
    actions = walk.planned[example]

    assert kinds(actions, "replace") <= ANEW
    assert kinds(actions, "delete") & LASTING == GIVEN_UP.get(example, set())


@pytest.mark.parametrize("example", NEXT)
def test_each_change_is_all_that_there_is_to_do(walk: Walk, example: str) -> None:
    assert walk.unsettled[example] == []


def test_switched_off_nothing_of_the_module_is_left(walk: Walk) -> None:
    assert set(walk.applied["off"].values()) == {"delete"}
    assert walk.without == []


def test_switched_on_again_everything_is_there_again(walk: Walk) -> None:
    assert set(walk.applied["on"].values()) == {"create"}
    assert set(walk.applied["on"]) == set(walk.applied["off"])


def test_two_instances_of_an_account_come_and_go_without_each_other(walk: Walk) -> None:
    assert walk.neighbour == []
    assert walk.left_in_aws == []
