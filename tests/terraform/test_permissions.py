"""The policies of the functions grant the permissions that the adapters declare.

`modules/function` adds the statements of every role, such as its logs and its topic:
test_deployed.py compares the whole policies.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from certificate_lifecycle.aws.permissions import Function, Setting
from certificate_lifecycle.cli.required_permissions import needed, resources_of
from tests.embedded_aws.calls import Permission
from tests.embedded_aws.cloud import Cloud
from tests.embedded_aws.policy import Document, judge
from tests.harness.proof import granted
from tests.harness.terraform import Workspace
from tests.terraform.policies import declared

pytestmark = pytest.mark.terraform

ACCOUNT, OTHER = "380000000001", "380000000002"
REGIONS = ("eu-west-1", "us-east-1")
CERTIFICATE = f"arn:aws:acm:eu-west-1:{ACCOUNT}:certificate/one"
SECRET = f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:{{}}-AbCdEf"
ZONE_ROLE = f"arn:aws:iam::{OTHER}:role/zone"
SOURCES: Mapping[str, object] = {
    "export_targets": {
        CERTIFICATE: {
            "secret_arn": SECRET.format("export"),
            "passphrase_secret_arn": SECRET.format("passphrase"),
        }
    },
    "import_sources": {CERTIFICATE: {"secret_arn": SECRET.format("import")}},
}
NOTIFICATIONS: Mapping[str, object] = {
    "notifications": {"event_bus_name": "default", "security_hub": True},
    "report_bucket_name": f"reports-{ACCOUNT}",
}
ZONES: Mapping[str, object] = {
    "hosted_zones": {
        "example.com": {"zone_id": "Z1OWN"},
        "example.net": {"zone_id": "Z2OTHER", "role_arn": ZONE_ROLE},
    }
}
MEMBERS: Mapping[str, object] = {
    "accounts": [{"account_id": OTHER, "role_name": "member", "external_id": "member"}],
    "organization": {
        "external_id": "organization",
        "organization_id": "o-abcdefghij",
        "role_name": "organization",
    },
}
EDGE: Mapping[str, object] = {"regions": REGIONS}
REBIND: Mapping[str, object] = {"rebind_consumers": True}
RETIRE: Mapping[str, object] = {"retire_superseded_after_days": 1}

#: Inputs and their settings, by name.
CASES: Mapping[str, tuple[Mapping[str, object], set[Setting]]] = {
    "notify": (
        {"rotation_mode": "notify", **SOURCES, **NOTIFICATIONS, **EDGE},
        {
            *(Setting.IMPORT_SOURCES, Setting.EXPORT_TARGETS, Setting.NO_HOSTED_ZONES),
            *(Setting.REPORTS, Setting.EVENT_BUS, Setting.SECURITY_HUB, Setting.US_EAST_1),
        },
    ),
    "repair": ({"rotation_mode": "repair"}, {Setting.REPAIR, Setting.NO_HOSTED_ZONES}),
    "repair-from-sources": (
        {"rotation_mode": "repair", **SOURCES, **ZONES},
        {Setting.REPAIR, Setting.IMPORT_SOURCES, Setting.EXPORT_TARGETS, Setting.ZONE_ROLES},
    ),
    "replace": (
        {**MEMBERS, **EDGE},
        {
            *(Setting.REPAIR, Setting.REPLACE, Setting.NO_HOSTED_ZONES, Setting.US_EAST_1),
            *(Setting.ACCOUNTS, Setting.ORGANIZATION),
        },
    ),
    "rebind": (
        {**REBIND, **ZONES},
        {Setting.REPAIR, Setting.REPLACE, Setting.REBIND_CONSUMERS, Setting.ZONE_ROLES},
    ),
    "everything": (
        {**SOURCES, **NOTIFICATIONS, **ZONES, **MEMBERS, **EDGE, **REBIND, **RETIRE},
        set(Setting) - {Setting.NO_HOSTED_ZONES},
    ),
}
#: Values for the names in the templates of resources.
VALUES: Mapping[str, tuple[str, ...]] = {
    "partition": ("aws",),
    "account": (ACCOUNT,),
    "home_region": ("eu-west-1",),
    "region": REGIONS[:1],
    "instance": ("certificate-lifecycle",),
    "table": ("certificate-lifecycle-ledger",),
    "report_bucket": (f"reports-{ACCOUNT}",),
    "event_bus": ("default",),
    "organization_role": ("organization",),
    "hosted_zone": ("Z1OWN",),
    "zone_role": (ZONE_ROLE,),
    "account_role": (f"arn:aws:iam::{OTHER}:role/member",),
    "imported": (CERTIFICATE,),
    "import_secret": (SECRET.format("import"),),
    "exported": (CERTIFICATE,),
    "export_secret": (SECRET.format("export"),),
    "passphrase_secret": (SECRET.format("passphrase"),),
}
OUTPUTS = "".join(
    f'output "{name}_planned" {{\n  value = local.{name}\n}}\n'
    for name in ("bucket_name", "creation_policy_json", "rotation_policy_json")
)


@dataclass(frozen=True)
class Planned:
    """The policies of a plan by function, and the bucket of an organization's runs."""

    policies: Mapping[Function, Document]
    bucket: str


@pytest.fixture(scope="module")
def plans(cloud: Cloud) -> Mapping[str, Planned]:
    files = {"planned.tf": OUTPUTS}
    environment = cloud.environment(account=ACCOUNT)
    with Workspace(".", environment, files=files) as module:
        return {name: planned(module, variables) for name, (variables, _) in CASES.items()}


def planned(module: Workspace, variables: Mapping[str, object]) -> Planned:
    module.variables = {"domain_name": "example.com", **variables}
    outputs: Mapping[str, Any] = module.plan()["planned_values"]["outputs"]
    return Planned(
        {name: json.loads(outputs[f"{name}_policy_json_planned"]["value"]) for name in Function},
        str(outputs["bucket_name_planned"].get("value")),
    )


@pytest.mark.parametrize("function", Function)
@pytest.mark.parametrize("case", CASES)
def test_a_policy_grants_the_declared_actions_and_no_other(
    plans: Mapping[str, Planned], case: str, function: Function
) -> None:
    _, settings = CASES[case]
    of_its_topic = {"sns:GetTopicAttributes", "sns:Publish"}
    expected = declared(function, settings) - of_its_topic
    assert granted(plans[case].policies[function]) == expected


@pytest.mark.parametrize("function", Function)
@pytest.mark.parametrize("case", CASES)
def test_a_policy_grants_the_declared_actions_on_their_resources(
    plans: Mapping[str, Planned], case: str, function: Function
) -> None:
    _, settings = CASES[case]
    statements = [
        {name: value for name, value in statement.items() if name != "Condition"}
        for statement in plans[case].policies[function]["Statement"]
    ]
    document = {**plans[case].policies[function], "Statement": statements}
    values = {**VALUES, "topic": (), "organization_bucket": (plans[case].bucket,)}
    denied = [
        f"{permission.action} on {resource}"
        for permission in needed((function,), settings)
        for resource in resources_of(permission, values)
        if not judge([document], Permission(permission.action, resource)).allowed
    ]
    assert denied == []
