"""An organization: the deployed state machine runs the deployed function, under their roles."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from certificate_lifecycle.aws.permissions import Function, Setting
from tests.embedded_aws.calls import Call
from tests.embedded_aws.cloud import Cloud
from tests.embedded_aws.organization import ORGANIZATION_ID
from tests.embedded_aws.principals import existing_role, role_policy
from tests.embedded_aws.services import a_distributed_map_does_its_part
from tests.harness.proof import granted
from tests.harness.terraform import Workspace
from tests.terraform import bounds
from tests.terraform.policies import (
    about,
    assuming,
    declared,
    of_resource,
    of_role,
    of_trust,
    part,
)

pytestmark = pytest.mark.terraform

HOME, FIRST, SECOND, ROLELESS, OUTSIDER, CLOSED = (f"32000000000{n}" for n in range(1, 7))
REGIONS = ["eu-west-1", "us-east-1"]
ROTATION_ROLE = f"arn:aws:iam::{HOME}:role/certificate-lifecycle-rotation"
MACHINE_ROLE = f"arn:aws:iam::{HOME}:role/certificate-lifecycle-organization"
RULE_ROLE = f"{MACHINE_ROLE}-rule"
ROLE = "certificate-lifecycle-member"
SECONDS = 120


@dataclass
class Estate:
    """The applied stack in one account of an organization, and the other accounts."""

    cloud: Cloud
    outputs: Mapping[str, Any]
    #: The calls of the first run, before those of other tests.
    calls: list[Call] = field(default_factory=list)
    messages: list[Any] = field(default_factory=list)

    def client(self, service: str) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
        return self.cloud.client(service, account=HOME)

    def run(self, inputs: Mapping[str, object]) -> dict[str, Any]:
        """Start the state machine like its rule, and wait for its end."""
        client = self.client("stepfunctions")
        machine = self.outputs["organization_state_machine_arn"]
        rule = self.cloud.client("stepfunctions", role_arn=RULE_ROLE)
        text = json.dumps(inputs)
        arn = rule.start_execution(stateMachineArn=machine, input=text)["executionArn"]
        ends = time.monotonic() + SECONDS
        while time.monotonic() < ends:
            found: dict[str, Any] = client.describe_execution(executionArn=arn)
            if found["status"] != "RUNNING":
                return found
            time.sleep(0.1)
        raise AssertionError(f"{arn} runs for more than {SECONDS} seconds")

    def document(self, execution: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401 - JSON has any type
        run = execution["executionArn"].rpartition(":")[2]
        bucket = f"certificate-lifecycle-runs-{HOME}"
        answer = self.client("s3").get_object(Bucket=bucket, Key=f"runs/{run}/{name}")
        return json.loads(answer["Body"].read())

    def published(self) -> list[Any]:
        found = self.cloud.topics.messages(self.outputs["sns_topic_arn"])
        return [json.loads(message.to("sqs")) for message in found]


def boundary(cloud: Cloud) -> str:
    """Create a boundary that allows all permissions of the roles."""
    services = ("acm", "acm-pca", "apigateway", "cloudfront", "dynamodb", "elasticloadbalancing")
    others = ("iam", "kms", "lambda", "organizations", "route53", "s3", "sns", "ssm", "states", "sts")
    actions = [f"{name}:*" for name in (*services, *others)]
    statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    policy = cloud.client("iam", account=HOME).create_policy(
        PolicyName="boundary", PolicyDocument=document
    )
    arn: str = policy["Policy"]["Arn"]
    return arn


@pytest.fixture(scope="module")
def estate(cloud: Cloud) -> Iterator[Estate]:
    cloud.organization.add(HOME, FIRST, SECOND, ROLELESS)
    cloud.organization.add(CLOSED, state="CLOSED")
    cloud.organization.trusted.add(HOME)
    root = {
        "domain_name": "home.example.com",
        "issue_on_apply": False,
        "organization": {
            "external_id": "organization-1",
            "max_concurrency": 2,
            "organization_id": ORGANIZATION_ID,
            "role_name": ROLE,
        },
        "function": {"permissions_boundary": {"arn": boundary(cloud)}},
        "regions": REGIONS,
    }
    member = {
        "external_id": "organization-1",
        "regions": REGIONS,
        "rotation_role_arn": ROTATION_ROLE,
    }
    with ExitStack() as stack:
        for account in (FIRST, SECOND, OUTSIDER):
            environment = cloud.environment(account=account)
            stack.enter_context(
                Workspace("modules/member-account", environment, variables=member)
            ).apply()
        workspace = stack.enter_context(
            Workspace(".", cloud.environment(account=HOME), variables=root)
        )
        workspace.apply()
        assert workspace.changes() == []
        yield Estate(cloud, workspace.output())
        workspace.destroy()


@pytest.fixture(scope="module")
def due(estate: Estate) -> set[str]:
    """Create one certificate with a finding in each account and region."""
    cloud = estate.cloud
    return {
        cloud.certificates.add(
            account=account,
            region=region,
            type="IMPORTED",
            domain_name=f"a{account}.example.com",
            in_use_by=[f"arn:aws:elasticloadbalancing:{region}:{account}:loadbalancer/app/x/1"],
            not_after=cloud.now + timedelta(days=20),
        )
        for account in (HOME, FIRST, SECOND, ROLELESS, OUTSIDER, CLOSED)
        for region in REGIONS
    }


@pytest.fixture(scope="module")
def ran(estate: Estate, due: set[str]) -> dict[str, Any]:
    assert due
    estate.cloud.forget_calls()
    found = estate.run({})
    machine = estate.outputs["organization_state_machine_arn"]
    a_distributed_map_does_its_part(estate.cloud, MACHINE_ROLE, machine, "Accounts")
    estate.calls, estate.messages = estate.cloud.calls, estate.published()
    return found


def test_every_account_is_scanned_and_one_message_covers_all(
    estate: Estate, ran: dict[str, Any], due: set[str]
) -> None:
    (message,) = estate.messages
    named = {finding["certificate_arn"] for finding in message["findings"]} - {None}
    assert named == {arn for arn in due if arn.split(":")[4] in (HOME, FIRST, SECOND)}
    assert message["counts"] == {"ImportDue": 6, "ScanFailed": 2}
    report = estate.document(ran, "report.json")
    assert report["counts"] == message["counts"]
    assert message["report"].endswith("/report.html")


def test_an_account_without_the_role_fails_the_execution_after_the_message(
    estate: Estate, ran: dict[str, Any]
) -> None:
    assert (ran["status"], ran["error"]) == ("FAILED", "RotationError")
    assert f"account {ROLELESS}, eu-west-1" in ran["cause"]
    report = estate.document(ran, "report.json")
    statuses = {(s["account_id"], s["region"]): s["status"] for s in report["scopes"]}
    assert statuses == {
        (account, region): "failed" if account == ROLELESS else "ok"
        for account in (HOME, FIRST, SECOND, ROLELESS)
        for region in REGIONS
    }


def test_nothing_is_refused_but_what_was_taken_away(estate: Estate, ran: dict[str, Any]) -> None:
    assert ran
    assert {
        (call.operation, call.parameters["RoleArn"].split(":")[4])
        for call in estate.calls
        if not call.allowed
    } == {("AssumeRole", ROLELESS)}


class TestThePolicies:
    """The policies grant exactly the recorded calls: every variant differs in one of them."""

    def test_grant_the_state_machine_exactly_what_it_does(
        self, estate: Estate, ran: dict[str, Any]
    ) -> None:
        assert ran
        assert of_role(estate.calls, MACHINE_ROLE, bounds.STATE_MACHINE) == []

    def test_grant_the_rule_exactly_what_it_does(self, estate: Estate, ran: dict[str, Any]) -> None:
        assert ran
        assert of_role(estate.calls, RULE_ROLE, bounds.STATE_MACHINE) == []

    def test_grant_the_function_exactly_what_an_organization_takes(
        self, estate: Estate, ran: dict[str, Any]
    ) -> None:
        assert ran
        found = of_role(estate.calls, ROTATION_ROLE, bounds.ROTATION, *bounds.ORGANIZATION)
        more = granted(part(role_policy(ROTATION_ROLE), *bounds.ORGANIZATION))
        assert found == []
        assert more <= declared(Function.ROTATION, {Setting.ORGANIZATION})
        assert {"organizations:ListAccounts", "s3:GetObject", "s3:ListBucket"} < more

    @pytest.mark.usefixtures("estate")
    def test_are_bounded_in_every_role(self) -> None:
        creation = ROTATION_ROLE.replace("-rotation", "-creation")
        for arn in (creation, ROTATION_ROLE, MACHINE_ROLE, RULE_ROLE):
            role = existing_role(arn)
            assert role is not None
            assert role.permissions_boundary_arn == f"arn:aws:iam::{HOME}:policy/boundary"

    @pytest.mark.usefixtures("estate")
    def test_are_what_parliament_takes_for_good(self, parliament: Callable[..., set[str]]) -> None:
        said = parliament(role_policy(MACHINE_ROLE), role_policy(RULE_ROLE))
        assert said == bounds.PARLIAMENT_ON_THE_MACHINE.keys()
        assert parliament(role_policy(ROTATION_ROLE)) <= bounds.PARLIAMENT.keys()

    @pytest.mark.parametrize(
        ("role", "service", "output"),
        [
            (MACHINE_ROLE, "states.amazonaws.com", "organization_state_machine_arn"),
            (RULE_ROLE, "events.amazonaws.com", "schedule_rule_arn"),
        ],
        ids=["state machine", "rule"],
    )
    def test_let_each_role_be_assumed_for_one_thing_alone(
        self, estate: Estate, role: str, service: str, output: str
    ) -> None:
        asks = assuming(service, source_arn=estate.outputs[output], source_account=HOME)
        assert of_trust(role, asks) == []

    def test_deny_using_the_bucket_without_tls(self, estate: Estate, ran: dict[str, Any]) -> None:
        assert ran
        bucket = f"arn:aws:s3:::certificate-lifecycle-runs-{HOME}"
        assert of_resource(bucket, about(estate.calls, "s3", bucket), bounds.BUCKET) == []


def test_the_schedule_starts_the_state_machine_and_not_the_function(estate: Estate) -> None:
    client = estate.client("events")
    rule = estate.outputs["schedule_rule_arn"].rpartition("/")[2]
    (target,) = client.list_targets_by_rule(Rule=rule)["Targets"]
    assert target["Arn"] == estate.outputs["organization_state_machine_arn"]
    assert {"Input", "InputPath", "InputTransformer"}.isdisjoint(target)
    scheduled = [
        found["Name"] for found in client.list_rules()["Rules"] if "ScheduleExpression" in found
    ]
    assert scheduled == [rule]


def test_a_run_may_be_narrowed_down_by_hand(estate: Estate, due: set[str]) -> None:
    assert due
    before = len(estate.published())
    found = estate.run({"accounts": [FIRST], "regions": ["us-east-1"], "dry_run": True})
    assert found["status"] == "SUCCEEDED", found
    result = json.loads(found["output"])
    assert (result["counts"], result["scopes"]) == ({"ImportDue": 1}, {"ok": 1})
    assert result["notification"]["reason"] == "dry run"
    assert len(estate.published()) == before


def test_an_account_of_another_organization_is_out_of_reach_whatever_it_offers(
    estate: Estate, due: set[str]
) -> None:
    assert due
    found = estate.run({"accounts": [OUTSIDER], "dry_run": True})
    assert (found["status"], found["error"]) == ("FAILED", "RotationError")
    assert "no account of this organization" in found["cause"]


def test_a_wish_that_is_not_understood_ends_the_run_before_any_account(estate: Estate) -> None:
    estate.cloud.forget_calls()
    found = estate.run({"dry-run": True})
    assert (found["status"], found["error"]) == ("FAILED", "ConfigurationError")
    assert "'dry-run' is not a key of this event" in found["cause"]
    assert not [call for call in estate.cloud.calls if call.operation == "ListCertificates"]
