"""Every Terraform block of the documentation plans with the real provider."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

import pytest

from tests.embedded_aws.cloud import Cloud
from tests.harness.terraform import REPOSITORY, Workspace
from tests.terraform.conftest import kind

pytestmark = pytest.mark.terraform

FILES = [
    REPOSITORY / "README.md",
    *sorted(REPOSITORY.glob("docs/**/*.md")),
    *sorted(REPOSITORY.glob("examples/*/README.md")),
    *sorted(REPOSITORY.glob("modules/*/README.md")),
]
BLOCK = re.compile(r"^```hcl\n(.*?)^```$", re.MULTILINE | re.DOTALL)
#: Every block by its file and number, such as "docs/events.md 1".
BLOCKS = {
    f"{file.relative_to(REPOSITORY)} {number}": text
    for file in FILES
    for number, text in enumerate(BLOCK.findall(file.read_text(encoding="utf-8")), start=1)
}
#: The blocks by the names of their modules, such as "docs-events-md-1".
NAMES = {re.sub(r"\W+", "-", location): location for location in BLOCKS}
#: Inputs of a block's own, which get any value.
INPUT = re.compile(r'^variable "(\w+)"', re.MULTILINE)
SOURCE = re.compile(r'source = "git::[^"]+?\.git(?://(?P<folder>[^"?]+))?\?ref=[^"]+"')
#: Resources in the stack of a reader that a block refers to.
SUPPORTING = """
resource "aws_lb" "shop" {
  name    = "shop"
  subnets = ["subnet-1", "subnet-2"]
}

resource "aws_lb_target_group" "shop" {
  name     = "shop"
  port     = 443
  protocol = "HTTPS"
  vpc_id   = "vpc-1"
}
"""
PROVIDER = 'provider "aws" {\n  region = "eu-west-1"\n}\n'


def _here(source: re.Match[str]) -> str:
    folder = f"/{source['folder']}" if source["folder"] else ""
    return f'source = "../..{folder}"'


def files() -> Mapping[str, str]:
    """Return a module for each block, and one that calls all of them."""
    found, calls = {}, [PROVIDER]
    for name, location in NAMES.items():
        text, replaced = SOURCE.subn(_here, BLOCKS[location])
        assert replaced == 1, f"{location} must contain the module's source"
        found[f"readme/{name}/main.tf"] = text
        if "aws_lb.shop" in text:
            found[f"readme/{name}/supporting.tf"] = SUPPORTING
        inputs = "".join(f'\n  {each} = "any"\n' for each in INPUT.findall(text))
        calls.append(f'module "{name}" {{\n  source = "./{name}"\n{inputs}}}\n')
    return {**found, "readme/main.tf": "\n".join(calls)}


@pytest.fixture(scope="module")
def plans(cloud: Cloud) -> Mapping[str, Counter[str]]:
    """Plan all blocks at once; return the numbers of new resources of each block by type.

    Resources outside of the called module have "beside " before their type.
    """
    with Workspace("readme", cloud.environment(), files=files()) as workspace:
        formatted = workspace.run("fmt", "-check", "-recursive", "-no-color")
        assert formatted.exit_code == 0, f"not terraform fmt clean: {formatted.stdout}"
        intended = workspace.intended()
    assert set(intended.values()) == {"create"}
    found: dict[str, Counter[str]] = {location: Counter() for location in BLOCKS}
    for address in intended:
        _, name, place, *_ = address.split(".")
        beside = "" if place == "module" else "beside "
        found[NAMES[name]][beside + kind(address)] += 1
    return found


MEMBER = [location for location, block in BLOCKS.items() if "modules/member-account" in block]
CERTIFICATE = [location for location, block in BLOCKS.items() if "modules/certificate?" in block]
MODULE = [location for location in BLOCKS if location not in {*MEMBER, *CERTIFICATE}]
ORGANIZATION = "organization = {"


def test_the_documentation_has_blocks_in_several_places() -> None:
    assert {location.partition(" ")[0] for location in BLOCKS} >= {"README.md", "docs/events.md"}


@pytest.mark.parametrize("location", MODULE)
def test_each_block_plans_both_functions_what_starts_them_and_what_they_remember(
    plans: Mapping[str, Counter[str]], location: str
) -> None:
    # The state machine and its rule have a role each.
    state_machine = ORGANIZATION in BLOCKS[location]
    assert plans[location]["aws_lambda_function"] == 2
    assert plans[location]["aws_iam_role"] == (4 if state_machine else 2)
    assert plans[location]["aws_sfn_state_machine"] == (1 if state_machine else 0)
    # The schedule and ACM events.
    assert plans[location]["aws_cloudwatch_event_rule"] == 2
    assert plans[location]["aws_dynamodb_table"] == 1


@pytest.mark.parametrize("location", MEMBER)
def test_a_block_for_another_account_makes_a_role_and_nothing_else(
    plans: Mapping[str, Counter[str]], location: str
) -> None:
    assert plans[location] == {"aws_iam_role": 1, "aws_iam_role_policy": 1}


@pytest.mark.parametrize("location", CERTIFICATE)
def test_a_block_for_one_certificate_issues_it_for_a_consumer_and_makes_no_function(
    plans: Mapping[str, Counter[str]], location: str
) -> None:
    assert plans[location] == {
        "aws_lambda_invocation": 2,
        "beside aws_lb_listener": 1,
        "aws_ssm_parameter": 1,
        "terraform_data": 1,
    }


def test_the_block_for_pagerduty_sends_two_kinds_of_events_to_one_destination(
    plans: Mapping[str, Counter[str]],
) -> None:
    (planned,) = (plans[place] for place, block in BLOCKS.items() if "pagerduty" in block)
    assert planned["beside aws_cloudwatch_event_api_destination"] == 1
    assert planned["beside aws_cloudwatch_event_target"] == 2


def test_the_minimal_block_has_a_listener(plans: Mapping[str, Counter[str]]) -> None:
    assert plans["README.md 1"]["aws_sns_topic_subscription"] == 1


@pytest.mark.parametrize("location", MODULE)
def test_a_block_makes_a_topic_unless_it_adopts_one(
    plans: Mapping[str, Counter[str]], location: str
) -> None:
    adopting = "topic = {" in BLOCKS[location]
    # An adopted topic may be in the block, its policy is not the module's.
    assert plans[location]["aws_sns_topic_policy"] == (0 if adopting else 1)
