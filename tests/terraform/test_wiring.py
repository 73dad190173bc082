"""How the applied parts are connected, and their policies, read from AWS and not from a plan."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from moto.events.models import EventPattern

from certificate_lifecycle.handlers import config
from tests.embedded_aws.cloud import Cloud
from tests.harness.terraform import Workspace
from tests.integration.invocation import recorded

pytestmark = pytest.mark.terraform

ACCOUNT = "400000000001"
FUNCTIONS = ["creation", "rotation"]
# AWS supports no narrower resource for these.
LISTING = {
    "acm:ListAcmeEndpoints",
    "acm:ListCertificates",
    "acm:SearchCertificates",
    "acm-pca:GetCertificateAuthorityCertificate",
    "acm-pca:ListCertificateAuthorities",
    "elasticloadbalancing:DescribeListenerCertificates",
    "elasticloadbalancing:DescribeListeners",
    "elasticloadbalancing:DescribeLoadBalancers",
    "elasticloadbalancing:DescribeTags",
    "iam:ListServerCertificates",
    "route53:ListHostedZones",
    "tag:GetResources",
}


@dataclass(frozen=True)
class Applied:
    """The applied root module, and clients to inspect it."""

    cloud: Cloud
    outputs: dict[str, Any]
    package: bytes

    def client(self, service: str) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
        return self.cloud.client(service, account=ACCOUNT)

    def configuration(self, function: str) -> dict[str, Any]:
        name = self.outputs[f"{function}_function_name"]
        answer: dict[str, Any] = self.client("lambda").get_function_configuration(FunctionName=name)
        return answer

    def statements(self, function: str) -> dict[str, dict[str, Any]]:
        """Return the statements of a role's only policy by Sid."""
        role = self.outputs[f"{function}_role_arn"].rpartition("/")[2]
        iam = self.client("iam")
        assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == []
        (policy,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
        document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
        return {statement["Sid"]: statement for statement in document["Statement"]}


@pytest.fixture(scope="module")
def applied(cloud: Cloud) -> Iterator[Applied]:
    variables = {
        "domain_name": "shop.example.com",
        "function": {"log_retention_days": 30},
        "issue_on_apply": False,
        "notifications": {"email_addresses": {"ops": "ops@example.com"}},
        "schedule_expression": "cron(0 6 * * ? *)",
    }
    with Workspace(".", cloud.environment(account=ACCOUNT), variables=variables) as module:
        module.apply()
        package = module.module / "lambda" / "dist" / "certificate_lifecycle.zip"
        yield Applied(cloud, module.output(), package.read_bytes())


class TestTheSchedule:
    def test_fires_as_asked_for(self, applied: Applied) -> None:
        name = applied.outputs["schedule_rule_arn"].rpartition("/")[2]

        rule = applied.client("events").describe_rule(Name=name)

        assert rule["ScheduleExpression"] == "cron(0 6 * * ? *)"
        assert rule["State"] == "ENABLED"
        # The thresholds of the function are not shorter than this.
        environment = applied.configuration("rotation")["Environment"]["Variables"]
        assert environment["HOURS_BETWEEN_RUNS"] == "24"

    def test_starts_the_rotation_function(self, applied: Applied) -> None:
        rule = applied.outputs["schedule_rule_arn"].rpartition("/")[2]

        (target,) = applied.client("events").list_targets_by_rule(Rule=rule)["Targets"]

        assert target["Arn"] == applied.outputs["rotation_function_arn"]

    def test_the_clock_and_acm_are_the_only_ones_that_may_start_it(self, applied: Applied) -> None:
        name = applied.outputs["rotation_function_name"]

        policy = json.loads(applied.client("lambda").get_policy(FunctionName=name)["Policy"])

        clock = applied.outputs["schedule_rule_arn"]
        events = clock.replace("-rotation", "-acm-events")
        statements = policy["Statement"]
        for statement in statements:
            assert statement["Principal"] == {"Service": "events.amazonaws.com"}
            assert statement["Action"] == "lambda:InvokeFunction"
        sources = [statement["Condition"]["ArnLike"]["AWS:SourceArn"] for statement in statements]
        assert sorted(sources) == sorted([clock, events])


STARTING = (
    *("acm_approaching", "acm_expired", "acm_issued", "acm_renewal", "acm_renewed"),
    *("acm_revoked", "acm_revoked_by_ca", "acm_rotated"),
)
OTHERS = ("acm_imported", "acm_reimported", "scheduled")


def _matches(rule: Mapping[str, Any], event: Any) -> bool:  # noqa: ANN401 - moto's own type of an event is incomplete
    return bool(EventPattern.load(rule["EventPattern"]).matches_event(event))


class TestAcmsOwnEvents:
    @pytest.mark.parametrize("event", [*STARTING, *OTHERS])
    def test_start_the_function_unless_they_are_about_an_import(
        self, applied: Applied, event: str
    ) -> None:
        """The function itself may have made an import, and must not trigger itself."""
        rule = applied.client("events").describe_rule(Name="certificate-lifecycle-acm-events")

        assert rule["State"] == "ENABLED"
        assert _matches(rule, recorded(event)) is (event in STARTING)

    def test_start_the_function_with_an_action_that_is_new(self, applied: Applied) -> None:
        rule = applied.client("events").describe_rule(Name="certificate-lifecycle-acm-events")
        rotated = {**recorded("acm_rotated"), "detail": {"Action": "ROTATION"}}

        assert _matches(rule, rotated)

    def test_start_the_rotation_function(self, applied: Applied) -> None:
        events = applied.client("events")

        (target,) = events.list_targets_by_rule(Rule="certificate-lifecycle-acm-events")["Targets"]

        assert target["Arn"] == applied.outputs["rotation_function_arn"]
        assert {"Input", "InputPath", "InputTransformer"}.isdisjoint(target)


@pytest.mark.parametrize("function", FUNCTIONS)
class TestEachFunction:
    def test_is_the_committed_zip(self, applied: Applied, function: str) -> None:
        name = applied.outputs[f"{function}_function_name"]

        assert applied.cloud.function(name, account=ACCOUNT).code == applied.package

    def test_has_its_handler_in_the_zip(self, applied: Applied, function: str) -> None:
        """Bug 55 of the sample that this module replaces: the zip was a comment."""
        name = applied.outputs[f"{function}_function_name"]
        deployed = applied.cloud.function(name, account=ACCOUNT)
        module, _, handler = deployed.handler.rpartition(".")

        with zipfile.ZipFile(io.BytesIO(deployed.code)) as package:
            source = package.read(f"{module.replace('.', '/')}.py").decode()

        assert f"def {handler}(event" in source

    def test_has_exactly_the_variables_that_its_code_reads(
        self, applied: Applied, function: str
    ) -> None:
        variables = {
            "creation": config.CREATION_VARIABLES,
            "rotation": config.ROTATION_VARIABLES,
        }[function]

        variables_set = applied.configuration(function)["Environment"]["Variables"]

        assert sorted(variables_set) == sorted(variable.name for variable in variables)

    def test_has_valid_values_for_its_code(self, applied: Applied, function: str) -> None:
        read = {"creation": config.creation_settings, "rotation": config.rotation_settings}
        faults: list[str] = []

        read[function](applied.configuration(function)["Environment"]["Variables"], faults)

        assert faults == []

    def test_logs_json_to_a_group_that_forgets_when_asked_to(
        self, applied: Applied, function: str
    ) -> None:
        """Bug 60 of the sample that this module replaces: logs were kept indefinitely."""
        logging = applied.configuration(function)["LoggingConfig"]

        groups = applied.client("logs").describe_log_groups()["logGroups"]

        assert logging["LogFormat"] == "JSON"
        assert logging["LogGroup"] == applied.outputs[f"{function}_log_group_name"]
        assert {g["logGroupName"]: g["retentionInDays"] for g in groups}[logging["LogGroup"]] == 30

    def test_reports_events_that_it_could_not_handle(self, applied: Applied, function: str) -> None:
        """Bug 60 of the sample that this module replaces: failed events were lost.

        A failed creation is retried; a failed rotation has already sent its message.
        """
        name = applied.outputs[f"{function}_function_name"]

        answer = applied.client("lambda").get_function_event_invoke_config(FunctionName=name)

        assert answer["MaximumRetryAttempts"] == {"creation": 2, "rotation": 0}[function]
        destination = answer["DestinationConfig"]["OnFailure"]["Destination"]
        assert destination == applied.outputs["sns_topic_arn"]

    def test_has_alarms_that_people_hear(self, applied: Applied, function: str) -> None:
        """Bug 60 of the sample that this module replaces: nothing watched the functions."""
        name = applied.outputs[f"{function}_function_name"]

        alarms = applied.client("cloudwatch").describe_alarms()["MetricAlarms"]

        mine = {"Name": "FunctionName", "Value": name}
        plain = [alarm for alarm in alarms if mine in alarm.get("Dimensions", [])]
        assert {(a["Namespace"], a["MetricName"]) for a in plain} == {
            ("AWS/Lambda", "Errors"),
            ("AWS/Lambda", "Throttles"),
        }
        assert {tuple(a["AlarmActions"]) for a in alarms} == {(applied.outputs["sns_topic_arn"],)}

    def test_may_be_assumed_by_lambda_alone(self, applied: Applied, function: str) -> None:
        role = applied.outputs[f"{function}_role_arn"].rpartition("/")[2]

        document = applied.client("iam").get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]

        (statement,) = document["Statement"]
        assert statement["Principal"] == {"Service": "lambda.amazonaws.com"}

    def test_is_granted_no_wildcard_but_where_aws_knows_no_resource(
        self, applied: Applied, function: str
    ) -> None:
        """Bug 58 of the sample that this module replaces: every action on every resource."""
        for statement in applied.statements(function).values():
            if statement["Effect"] == "Deny":
                assert statement["Sid"] in ("RefuseOtherRecords", "RefuseOtherValidation")
            if not set(statement["Action"]) <= LISTING:
                assert "*" not in statement["Resource"]
            for action in statement["Action"]:
                assert action == "kms:GenerateDataKey*" or "*" not in action

    def test_may_change_records_only_as_validation_needs(
        self, applied: Applied, function: str
    ) -> None:
        """Bug 58 of the sample that this module replaces: any record of any type."""
        (statement,) = (
            statement
            for statement in applied.statements(function).values()
            if "route53:ChangeResourceRecordSets" in statement["Action"]
            and statement["Effect"] == "Allow"
        )

        key = "route53:ChangeResourceRecordSets"
        exactly = statement["Condition"]["ForAllValues:StringEquals"]
        likes = [values for name, values in statement["Condition"].items() if "Like" in name]
        names = [values[f"{key}NormalizedRecordNames"] for values in likes]
        assert exactly == {f"{key}Actions": ["UPSERT"], f"{key}RecordTypes": ["CNAME"]}
        assert [f"_{'?' * 32}.*"] in names
        assert set(statement["Condition"]["Null"].values()) == {"false"}

    def test_may_write_to_its_own_logs_only(self, applied: Applied, function: str) -> None:
        group = applied.outputs[f"{function}_log_group_name"]

        statement = applied.statements(function)["WriteOwnLogs"]

        assert statement["Resource"] == [f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:{group}:*"]
        assert "logs:CreateLogGroup" not in statement["Action"]


def test_each_function_has_a_role_of_its_own(applied: Applied) -> None:
    """Bug 58 of the sample that this module replaces: one role for both."""
    creation, rotation = (set(applied.statements(function)) for function in FUNCTIONS)

    assert applied.outputs["creation_role_arn"] != applied.outputs["rotation_role_arn"]
    assert "RequestCertificates" in creation - rotation
    assert "RestoreValidationRecords" in rotation - creation


def test_the_function_uses_the_table(applied: Applied) -> None:
    """The keys of the table must be those of `aws.state_table`."""
    name = applied.outputs["ledger_table_name"]

    table = applied.client("dynamodb").describe_table(TableName=name)["Table"]

    environment = applied.configuration("rotation")["Environment"]["Variables"]
    assert environment["LEDGER_TABLE"] == name
    assert {key["AttributeName"]: key["KeyType"] for key in table["KeySchema"]} == {
        "scope": "HASH",
        "entry": "RANGE",
    }
    assert applied.statements("rotation")["RememberInTheLedger"]["Resource"] == [table["TableArn"]]


def test_nothing_may_delete_a_certificate_or_a_record(applied: Applied) -> None:
    granted = {
        action
        for function in FUNCTIONS
        for statement in applied.statements(function).values()
        for action in statement["Action"]
    }

    # Only items of the state table may be deleted.
    assert [action for action in granted if "Delete" in action] == ["dynamodb:DeleteItem"]


class TestTheTopic:
    def test_is_heard_by_people(self, applied: Applied) -> None:
        """Bug 57 of the sample that this module replaces: there was no subscription."""
        (subscription,) = applied.client("sns").list_subscriptions()["Subscriptions"]

        assert subscription["TopicArn"] == applied.outputs["sns_topic_arn"]
        assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "ops@example.com")

    def test_is_encrypted_with_a_key_that_alarms_may_use(self, applied: Applied) -> None:
        """Bug 57 of the sample that this module replaces: neither key nor policy.

        With alias/aws/sns an alarm's message would be lost, because AWS controls that key's policy.
        """
        topic = applied.outputs["sns_topic_arn"]
        attributes = applied.client("sns").get_topic_attributes(TopicArn=topic)["Attributes"]
        kms = applied.client("kms")

        key = attributes["KmsMasterKeyId"]
        policy = json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])

        assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"]
        services = [s["Principal"].get("Service") for s in policy["Statement"]]
        assert "cloudwatch.amazonaws.com" in services

    @pytest.mark.parametrize("function", FUNCTIONS)
    def test_may_be_published_to_by_each_function_with_its_key(
        self, applied: Applied, function: str
    ) -> None:
        topic = applied.outputs["sns_topic_arn"]
        attributes = applied.client("sns").get_topic_attributes(TopicArn=topic)["Attributes"]

        statements = applied.statements(function)

        assert statements["PublishToTopic"]["Resource"] == [topic]
        assert statements["EncryptForTopic"]["Resource"] == [attributes["KmsMasterKeyId"]]

    def test_takes_nothing_from_other_accounts_and_nothing_in_the_clear(
        self, applied: Applied
    ) -> None:
        topic = applied.outputs["sns_topic_arn"]
        attributes = applied.client("sns").get_topic_attributes(TopicArn=topic)["Attributes"]

        statements = {s["Sid"]: s for s in json.loads(attributes["Policy"])["Statement"]}

        alarms = statements["LetOwnAlarmsPublish"]["Condition"]
        assert alarms["StringEquals"] == {"aws:SourceAccount": ACCOUNT}
        assert statements["RefusePublishingInTheClear"]["Effect"] == "Deny"
