"""Values that are known only after apply: every input supports them, except for a few choices.

A plan fails if `count` or a key depends on such a value. Choices decide which resources exist:
docs/inputs.md lists them, too.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from tests.embedded_aws.cloud import Cloud
from tests.harness.terraform import REPOSITORY, Workspace

pytestmark = pytest.mark.terraform

#: Inputs and attributes whose values must be known during a plan.
CHOICES = {
    "create",
    "issue_on_apply",
    "monitoring.alarms",
    "monitoring.dashboard",
}
#: Inputs and attributes of which a plan must know whether they are null.
PARTS = {
    "domain_name",
    "function.vpc",
    "notifications.event_bus",
    "notifications.key",
    "notifications.topic",
    "organization",
    "report",
}

VALUES = """
provider "aws" {}

resource "terraform_data" "text" {}

resource "terraform_data" "number" {
  input = 1
}

resource "terraform_data" "yes" {
  input = true
}

locals {
  text   = terraform_data.text.id
  number = terraform_data.number.output
  yes    = terraform_data.yes.output
}
"""
SCOPE = """{
  include = { domains = [local.text], tags = { Team = [local.text] } }
  exclude = { domains = [local.text], tags = { Team = [local.text] } }
  others  = local.text
}"""
#: Every input with unknown values.
UNKNOWN: Mapping[str, str] = {
    "accounts": f"""[{{
  account_id              = local.text
  external_id             = local.text
  rebind_consumers        = local.yes
  role_name               = local.text
  rotation_mode           = local.text
  scope                   = {SCOPE}
  unmanaged_rotation_mode = local.text
}}]""",
    "allowed_domains": "[local.text]",
    "certificates": """{
  shop = {
    domain_name               = local.text
    subject_alternative_names = [local.text]
    include_www               = local.yes
    key_algorithm             = local.text
    region                    = local.text
    certificate_authority_arn = local.text
    root_hierarchy_type       = local.text
    certificate_usage         = local.text
    exportable                = local.yes
    tags                      = { Team = local.text }
    on_destroy                = local.text
  }
}""",
    # A template is never null.
    "domain_name": '"${local.text}"',
    "expiration_threshold_days": "local.number",
    "export_targets": """{
  (local.text) = {
    passphrase_secret_arn = local.text
    renew_public          = local.yes
    secret_arn            = local.text
  }
}""",
    "function": """{
  architecture         = local.text
  kms_key              = { arn = local.text }
  layers               = [local.text]
  log_retention_days   = local.number
  permissions_boundary = { arn = local.text }
  reserved_concurrency = local.number
  role_path            = local.text
  vpc                  = { subnet_ids = [local.text], security_group_ids = [local.text] }
}""",
    "hosted_zones": "{ (local.text) = { role_arn = local.text, zone_id = local.text } }",
    "import_sources": """{
  (local.text) = {
    allow               = [local.text]
    kms_key_arn         = local.text
    require_client_auth = local.yes
    secret_arn          = local.text
  }
}""",
    "limits": "{ changes_per_run = local.number, requests_per_day = local.number }",
    "monitoring": """{
  max_silence_days   = local.number
  public_dns         = { enabled = local.yes, resolvers = [local.text, local.text] }
  summary_after_days = local.number
  tls_probe          = { enabled = local.yes, private_addresses = local.yes }
}""",
    "name_prefix": "local.text",
    "notifications": """{
  email_addresses = { ops = local.text }
  event_bus       = { name = local.text }
  key             = { arn = local.text }
  owner_tag       = local.text
  runbook_url     = local.text
  security_hub    = local.yes
}""",
    "organization": f"""{{
  account_ids                  = [local.text]
  excluded_account_ids         = [local.text]
  external_id                  = local.text
  max_concurrency              = local.number
  organization_id              = local.text
  rebind_consumers             = local.yes
  role_name                    = local.text
  rotation_mode                = local.text
  scope                        = {SCOPE}
  tolerated_failure_percentage = local.number
  unmanaged_rotation_mode      = local.text
}}""",
    "rebind_consumers": "local.yes",
    "regions": "[local.text]",
    "report": "{ bucket_name = local.text, retention_days = local.number }",
    "retire_superseded_after_days": "local.number",
    "rotation_mode": "local.text",
    "schedule_expression": "local.text",
    "scope": SCOPE,
    "state_table": "{ deletion_protection = local.yes }",
    "subject_alternative_names": "[local.text]",
    "tags": "{ Team = local.text }",
    "thresholds": "{ critical_days = local.number, lifetime_fraction = local.number }",
    "unmanaged_rotation_mode": "local.text",
}
EXISTING_TOPIC = {"notifications": "{ topic = { arn = local.text, kms_key_arn = local.text } }"}


def module(name: str, inputs: Mapping[str, str]) -> str:
    """Return a call of the module, with an output that has all of its outputs."""
    arguments = "".join(f"  {variable} = {value}\n" for variable, value in inputs.items())
    called = f'module "{name}" {{\n  source = "../"\n{arguments}}}\n'
    return f'{called}output "{name}" {{\n  value = module.{name}\n}}\n'


def plan(cloud: Cloud, modules: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """Plan a stack that calls the module several times."""
    text = VALUES + "".join(module(name, inputs) for name, inputs in modules.items())
    with Workspace("stack", cloud.environment(), files={"stack/main.tf": text}) as stack:
        return stack.plan()


def made(planned: Mapping[str, Any]) -> Counter[str]:
    """Return the number of resources that a plan would create, by module."""
    return Counter(
        change["address"].split(".")[1]
        for change in planned["resource_changes"]
        if change["mode"] == "managed" and change["address"].startswith("module.")
    )


@pytest.fixture(scope="module")
def planned(cloud: Cloud) -> dict[str, Any]:
    on = {
        "created": UNKNOWN,
        "existing": {**UNKNOWN, **EXISTING_TOPIC},
        "off": {**UNKNOWN, "create": "false"},
    }
    return plan(cloud, on)


def test_every_value_may_be_unknown_during_a_plan(planned: Mapping[str, Any]) -> None:
    # Without the topic, its policy, its key with an alias, and the subscription.
    assert made(planned)["created"] - made(planned)["existing"] == 3


def test_nothing_is_planned_with_create_false_and_no_value_known(
    planned: Mapping[str, Any],
) -> None:
    outputs = planned["planned_values"]["outputs"]["off"]

    assert made(planned)["off"] == 0
    assert {value for value in outputs["value"].values() if value not in ({}, [])} == {None}


@pytest.mark.nightly
def test_each_input_alone_may_be_unknown(cloud: Cloud) -> None:
    """One stack with a module for each input: Terraform names every module with an error."""
    known = {"domain_name": '"shop.example.com"'}
    alone = {
        f"only_{variable}": {
            **known,
            "name_prefix": f'"only-{number}"',
            **({} if variable != "notifications" else EXISTING_TOPIC),
            variable: value,
        }
        for number, (variable, value) in enumerate(UNKNOWN.items())
    }
    assert set(made(plan(cloud, alone))) == set(alone)


# --- Nothing is left out --------------------------------------------------------------------------

VARIABLE = re.compile(
    r'^variable "(\w+)" \{\n  type\s+= (.*?)\n  description', re.MULTILINE | re.DOTALL
)


def attributes() -> Iterable[str]:
    """Yield every input, or every attribute of an input that is an object."""
    text = (REPOSITORY / "variables.tf").read_text(encoding="utf-8")
    for variable, kind in VARIABLE.findall(text):
        lines = [line for line in kind.splitlines() if "# renamed to" not in line]
        names = [name for line in lines for name in re.findall(r"^ +(\w+) +=", line)]
        yield from (f"{variable}.{name}" for name in names)
        if not names:
            yield variable


def given(name: str) -> bool:
    """Return whether an input or attribute is unknown above."""
    variable, _, attribute = name.partition(".")
    texts = [inputs.get(variable, "") for inputs in (UNKNOWN, EXISTING_TOPIC)]
    return any(re.search(rf"\b{attribute or 'local'}\b", text) for text in texts)


def test_every_attribute_is_unknown_above_or_a_choice() -> None:
    assert {name for name in attributes() if not given(name)} == CHOICES


def test_the_documentation_lists_every_choice() -> None:
    text = (REPOSITORY / "docs" / "inputs.md").read_text(encoding="utf-8")
    _, _, section = text.partition("## What a plan must know\n")

    assert {name for name in CHOICES | PARTS if f"`{name}`" not in section} == set()
