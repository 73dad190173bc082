"""The longest names, a boundary, and other partitions, planned by the real provider.

The limits are from the API reference of each service. The provider checks some of them in a plan,
but not if names are mocked.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from tests.embedded_aws.cloud import Cloud
from tests.harness.terraform import REPOSITORY, Workspace

pytestmark = pytest.mark.terraform

ACCOUNT = "330000000001"
ROLE_PATH = "/platform/certificates/"
PREFIXES = json.loads((REPOSITORY / "tests/data/name_prefixes.json").read_text(encoding="utf-8"))
LONGEST = max((row["value"] for row in PREFIXES["accepted"]), key=len)
#: With an organization, there is a bucket whose name contains the account.
LONGEST_WITH_ORGANIZATION = LONGEST[:45]

#: Characters that AWS allows, by kind of resource and attribute.
LIMITS = {
    "aws_cloudwatch_dashboard": {"dashboard_name": 255},
    "aws_cloudwatch_event_rule": {"description": 512, "name": 64},
    "aws_cloudwatch_event_target": {"rule": 64, "target_id": 64},
    "aws_cloudwatch_log_group": {"name": 512},
    "aws_cloudwatch_metric_alarm": {"alarm_description": 1024, "alarm_name": 255},
    "aws_dynamodb_table": {"name": 255},
    "aws_iam_role": {"description": 1000, "name": 64},
    "aws_iam_role_policy": {"name": 128},
    "aws_kms_alias": {"name": 256},
    "aws_kms_key": {"description": 8192},
    "aws_lambda_function": {"description": 256, "function_name": 64},
    "aws_lambda_permission": {"function_name": 64, "statement_id": 100},
    "aws_s3_bucket": {"bucket": 63},
    "aws_sfn_state_machine": {"name": 80},
    "aws_sns_topic": {"name": 256},
    "aws_ssm_parameter": {"description": 1024, "name": 1011},
}
#: Resources without a name.
NAMELESS = {
    "aws_lambda_function_event_invoke_config",
    "aws_lambda_invocation",
    "aws_s3_bucket_lifecycle_configuration",
    "aws_s3_bucket_policy",
    "aws_s3_bucket_public_access_block",
    "aws_s3_bucket_server_side_encryption_configuration",
    "aws_sns_topic_policy",
    "aws_sns_topic_subscription",
    "terraform_data",
}


@dataclass(frozen=True)
class Scope:
    """A partition: where a stack is planned, and its differences."""

    partition: str
    region: str
    console: str

    @property
    def boundary(self) -> str:
        return f"arn:{self.partition}:iam::{ACCOUNT}:policy/boundary"


CHINA = Scope("aws-cn", "cn-north-1", "console.amazonaws.cn")
GOV_CLOUD = Scope("aws-us-gov", "us-gov-west-1", "console.amazonaws-us-gov.com")


@dataclass(frozen=True)
class Planned:
    """A plan with its partition."""

    scope: Scope
    #: Type, address, and the attributes that are known during the plan.
    resources: list[tuple[str, str, Mapping[str, Any]]]
    outputs: Mapping[str, Any]
    text: str


def plan(cloud: Cloud, scope: Scope, inputs: Mapping[str, object]) -> Planned:
    """Plan the module with all optional features."""
    variables = {
        "domain_name": "shop.example.com",
        "import_sources": {
            f"arn:{scope.partition}:acm:{scope.region}:{ACCOUNT}:certificate/shop": {
                "secret_arn": f"arn:{scope.partition}:secretsmanager:{scope.region}:{ACCOUNT}:"
                "secret:tls-AbCdEf"
            }
        },
        "notifications": {
            "email_addresses": {"ops": "ops@example.com"},
            "event_bus": {"name": "default"},
            "security_hub": True,
        },
        "function": {
            "permissions_boundary": {"arn": scope.boundary},
            "role_path": ROLE_PATH,
        },
        "monitoring": {"max_silence_days": 7},
        "rebind_consumers": True,
        "report": {"bucket_name": "reports-of-the-shop"},
        "retire_superseded_after_days": 30,
        "schedule_expression": "cron(0,15,30,45 0,4,8,12,16,20 ? * MON-FRI *)",
        **inputs,
    }
    environment = cloud.environment(scope.region, ACCOUNT)
    with Workspace(".", environment, variables=variables) as module:
        found = module.plan()
    resources = [
        (change["type"], change["address"], change["change"]["after"])
        for change in found["resource_changes"]
        if change["mode"] == "managed"
    ]
    outputs = {
        name: output.get("value") for name, output in found["planned_values"]["outputs"].items()
    }
    text = json.dumps([found["planned_values"], found.get("prior_state")])
    return Planned(scope, resources, outputs, text)


@pytest.fixture(scope="module")
def plans(cloud: Cloud) -> Mapping[str, Planned]:
    organization = {
        "external_id": "x-1",
        "organization_id": "o-a1b2c3d4e5",
        "role_name": "certificates",
    }
    with ThreadPoolExecutor(2) as pool:
        alone = pool.submit(plan, cloud, CHINA, {"name_prefix": LONGEST})
        inputs = {"name_prefix": LONGEST_WITH_ORGANIZATION, "organization": organization}
        among_others = pool.submit(plan, cloud, GOV_CLOUD, inputs)
        return {"alone": alone.result(), "among others": among_others.result()}


@pytest.fixture(params=["alone", "among others"])
def planned(plans: Mapping[str, Planned], request: pytest.FixtureRequest) -> Planned:
    return plans[request.param]


def texts(planned: Planned) -> Iterator[tuple[str, str, str, int]]:
    """Yield address, attribute, value and limit of every text that AWS limits."""
    for kind, address, after in planned.resources:
        for attribute, limit in LIMITS.get(kind, {}).items():
            # The topic in a description is known only after apply.
            text = after.get(attribute) if "description" in attribute else after[attribute]
            yield address, attribute, text or "", limit


def test_every_name_fits_however_long_the_prefix(planned: Planned) -> None:
    too_long = [
        f"{address}.{attribute} has {len(value)} of {limit} characters"
        for address, attribute, value, limit in texts(planned)
        if len(value) > limit
    ]

    assert too_long == []


def test_every_kind_of_resource_is_known_to_have_a_name_or_none(planned: Planned) -> None:
    kinds = {kind for kind, _, _ in planned.resources}

    assert kinds - NAMELESS - set(LIMITS) == set()


def test_no_longer_prefix_would_fit(plans: Mapping[str, Planned]) -> None:
    """A validation that is stricter than AWS would restrict names needlessly."""
    for planned in plans.values():
        room = [limit - len(value) for _, attribute, value, limit in texts(planned)]
        assert min(room) == 0


def test_every_role_has_the_boundary_and_the_path(planned: Planned) -> None:
    kinds = [kind for kind, _, _ in planned.resources]
    roles = [after for kind, _, after in planned.resources if kind == "aws_iam_role"]

    # The state machine and its rule have one each.
    assert len(roles) == 2 + 2 * kinds.count("aws_sfn_state_machine")
    assert {role["permissions_boundary"] for role in roles} == {planned.scope.boundary}
    assert {role["path"] for role in roles} == {ROLE_PATH}


def test_no_arn_and_no_address_is_of_the_commercial_partition(planned: Planned) -> None:
    """Bug 59 of the sample that this module replaces: `arn:aws:` exists in one partition only."""
    assert f"arn:{planned.scope.partition}:" in planned.text
    assert "arn:aws:" not in planned.text
    assert planned.outputs["dashboard_url"].startswith(
        f"https://{planned.scope.region}.{planned.scope.console}/cloudwatch/"
    )
