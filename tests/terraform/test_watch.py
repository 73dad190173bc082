"""The applied alarms ring when the watcher fails, on the figures that the function really writes.

A week is lived through on a simulated clock: each hour in which a rule stands that would invoke the
function, the figures of an invocation that really happened are data points of that hour. What the
function itself thinks of time is set back in its ledger.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from certificate_lifecycle.core.schedule import parse
from tests.support.alarms import ALARM, Alarm, Metric, Point, embedded, history
from tests.support.cloud import Cloud
from tests.support.deployed import Invocation, invoke
from tests.support.terraform import REPOSITORY, Workspace

pytestmark = pytest.mark.terraform

ACCOUNT = "410000000001"
NAME = "certificate-lifecycle-rotation"
PULSE_RULE = "certificate-lifecycle-pulse"
SCHEDULE = "cron(0 6 * * ? *)"
PHONE = "+12065550100"
HOUR = timedelta(hours=1)
MONDAY = datetime(2026, 6, 15, tzinfo=UTC)


@dataclass(frozen=True)
class Stack:
    """The applied stack, and everything that may happen to it."""

    cloud: Cloud
    topic: str
    dashboard_url: str

    def client(self, service: str) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
        return self.cloud.client(service, account=ACCOUNT)

    @property
    def alarms(self) -> list[Alarm]:
        return [Alarm.of(a) for a in self.client("cloudwatch").describe_alarms()["MetricAlarms"]]

    def run(self) -> Invocation:
        """Invoke the function as the schedule does."""
        text = (REPOSITORY / "tests" / "events" / "scheduled.json").read_text(encoding="utf-8")
        return invoke(self.cloud, NAME, json.loads(text), account=ACCOUNT)

    def pulse(self) -> Invocation:
        """Invoke the function with what its pulse rule says."""
        (target,) = self.client("events").list_targets_by_rule(Rule=PULSE_RULE)["Targets"]
        return invoke(self.cloud, NAME, json.loads(target["Input"]), account=ACCOUNT)

    def remember(self, entry: str, **texts: str) -> None:
        """Change what an entry of the ledger says."""
        dynamodb = self.client("dynamodb")
        table = "certificate-lifecycle-ledger"
        key = {"scope": {"S": f"{ACCOUNT}/eu-west-1"}, "entry": {"S": entry}}
        item = dynamodb.get_item(TableName=table, Key=key).get("Item", key)
        texts_of = {name: {"S": text} for name, text in texts.items()}
        dynamodb.put_item(TableName=table, Item={**item, **texts_of})

    def set_back(self, **since: str) -> None:
        """Let the last run, and what it knew, be as old as a test says."""
        self.remember("run#expected", schedule=SCHEDULE, since=ago(days=30))
        self.remember("run#last", **{"run_id": "run", "finished_at": ago(), **since})

    def week(
        self, pulse: Invocation, run: Invocation, *, first: tuple[Invocation, Invocation]
    ) -> dict[str, str]:
        """Return which alarms ring at the end of a week whose first day was as `first`."""
        rules = {
            rule["Name"]: rule["ScheduleExpression"]
            for rule in self.client("events").list_rules()["Rules"]
            if rule["State"] == "ENABLED" and "ScheduleExpression" in rule
        }
        start, turn, end = MONDAY - HOUR * 12, MONDAY + HOUR * 24, MONDAY + HOUR * 24 * 7
        before = {PULSE_RULE: "rate(1 hour)", NAME: SCHEDULE}
        points: list[Point] = []
        for since, until, standing, said in (
            (start, turn, before, {PULSE_RULE: first[0], NAME: first[1]}),
            (turn, end, rules, {PULSE_RULE: pulse, NAME: run}),
        ):
            for rule, expression in standing.items():
                moment = parse(expression).following(since)
                while moment is not None and moment < until:
                    points += figures(said[rule], moment + timedelta(seconds=20))
                    moment = parse(expression).following(moment)
        changes = {alarm.name: history(alarm, points, MONDAY, end) for alarm in self.alarms}
        assert not [at for found in changes.values() for at, _ in found if at <= turn]
        return {
            name.removeprefix("certificate-lifecycle-"): ALARM
            for name, found in changes.items()
            if ALARM in [state for _, state in found]
        }


def figures(invocation: Invocation, at: datetime) -> list[Point]:
    """Return what CloudWatch has of one invocation: its own figures, and Lambda's."""
    documents = [record for record in invocation.records if "_aws" in record]
    errors = Metric("AWS/Lambda", "Errors", frozenset({("FunctionName", NAME)}))
    failed = Point(errors, at, float(invocation.error is not None))
    return [failed, *(point for document in documents for point in embedded(document, at))]


def ago(**duration: float) -> str:
    """Return a moment as the ledger writes it."""
    return (datetime.now(UTC) - timedelta(**duration)).isoformat(timespec="microseconds")


@pytest.fixture(scope="module")
def applied(cloud: Cloud) -> Iterator[Stack]:
    variables = {"domain_name": "shop.example.com", "schedule_expression": SCHEDULE}
    with Workspace(".", cloud.environment(account=ACCOUNT), variables=variables) as module:
        module.apply()
        outputs = module.output()
        yield Stack(cloud, outputs["sns_topic_arn"], outputs["dashboard_url"])


Healthy = tuple[Invocation, Invocation]


@contextmanager
def in_order(stack: Stack) -> Iterator[None]:
    """Let somebody listen, and the last run be just now."""
    sns = stack.client("sns")
    # A phone has nothing to confirm.
    subscription = sns.subscribe(TopicArn=stack.topic, Protocol="sms", Endpoint=PHONE)
    stack.set_back()
    yield
    sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])


@pytest.fixture(scope="module")
def healthy(applied: Stack) -> Healthy:
    """Return a pulse and a run of which nothing is to be said."""
    with in_order(applied):
        pulse, run = applied.pulse(), applied.run()
    assert (pulse.error, run.error) == (None, None)
    return pulse, run


@pytest.fixture
def stack(applied: Stack) -> Iterator[Stack]:
    with in_order(applied):
        yield applied


def test_in_a_week_in_which_all_is_well_no_alarm_rings(stack: Stack, healthy: Healthy) -> None:
    assert stack.week(*healthy, first=healthy) == {}


@contextmanager
def without_the_schedule(stack: Stack) -> Iterator[None]:
    events = stack.client("events")
    (target,) = events.list_targets_by_rule(Rule=NAME)["Targets"]
    events.remove_targets(Rule=NAME, Ids=[target["Id"]])
    events.delete_rule(Name=NAME)
    try:
        yield
    finally:
        events.put_rule(Name=NAME, ScheduleExpression=SCHEDULE, State="ENABLED")
        events.put_targets(Rule=NAME, Targets=[{"Id": target["Id"], "Arn": target["Arn"]}])


def test_a_schedule_that_is_gone_is_noticed(stack: Stack, healthy: Healthy) -> None:
    with without_the_schedule(stack):
        stack.set_back(finished_at=ago(days=3))
        late = stack.pulse()

        assert late.error is None
        assert late.result["overdue_minutes"] > 24 * 60
        assert stack.week(late, healthy[1], first=healthy) == {"rotation-overdue": ALARM}


def test_a_function_that_cannot_start_is_noticed_twice(stack: Stack, healthy: Healthy) -> None:
    functions = stack.client("lambda")
    before = functions.get_function_configuration(FunctionName=NAME)["Environment"]
    broken = {"Variables": {**before["Variables"], "SNS_TOPIC_ARN": "gone"}}
    functions.update_function_configuration(FunctionName=NAME, Environment=broken)

    pulse, run = stack.pulse(), stack.run()

    functions.update_function_configuration(FunctionName=NAME, Environment=before)
    assert [record for record in (*pulse.records, *run.records) if "_aws" in record] == []
    assert stack.week(pulse, run, first=healthy) == {
        "rotation-errors": ALARM,
        "rotation-silent": ALARM,
    }


def test_a_pulse_that_is_gone_is_noticed(stack: Stack, healthy: Healthy) -> None:
    events = stack.client("events")
    events.disable_rule(Name=PULSE_RULE)

    rings = stack.week(*healthy, first=healthy)

    events.enable_rule(Name=PULSE_RULE)
    assert rings == {"rotation-silent": ALARM}


def test_a_topic_without_subscriptions_is_noticed_and_fails_the_pulse(
    stack: Stack, healthy: Healthy
) -> None:
    sns = stack.client("sns")
    for each in sns.list_subscriptions_by_topic(TopicArn=stack.topic)["Subscriptions"]:
        sns.unsubscribe(SubscriptionArn=each["SubscriptionArn"])

    deaf = stack.pulse()

    assert deaf.error is not None
    assert deaf.error.type == "PulseError"
    assert stack.week(deaf, healthy[1], first=healthy) == {
        "rotation-errors": ALARM,
        "rotation-unheard": ALARM,
    }


def test_a_message_that_may_not_be_sent_is_noticed(stack: Stack, healthy: Healthy) -> None:
    stack.cloud.certificates.add(
        account=ACCOUNT,
        type="IMPORTED",
        domain_name="due.example.com",
        in_use_by=[f"arn:aws:cloudfront::{ACCOUNT}:distribution/E1"],
        not_after=stack.cloud.now + timedelta(days=20),
    )
    deny = {"Effect": "Deny", "Action": "sns:Publish", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    iam = stack.client("iam")
    iam.put_role_policy(RoleName=NAME, PolicyName="deny", PolicyDocument=document)

    mute = stack.run()

    iam.delete_role_policy(RoleName=NAME, PolicyName="deny")
    assert mute.error is not None
    assert "the message could not be sent" in mute.error.message
    assert stack.week(healthy[0], mute, first=healthy) == {
        "rotation-errors": ALARM,
        "rotation-undelivered": ALARM,
    }


def test_a_critical_problem_that_stays_open_is_noticed_after_three_days(
    stack: Stack, healthy: Healthy
) -> None:
    stack.set_back(critical_since=ago(hours=71))
    patient = stack.pulse()
    stack.set_back(critical_since=ago(hours=73))
    old = stack.pulse()
    # The ledger must not go on speaking of it.
    assert stack.run().error is None

    assert stack.week(patient, healthy[1], first=healthy) == {}
    assert stack.week(old, healthy[1], first=healthy) == {"rotation-unrepaired": ALARM}


def test_every_alarm_tells_the_topic_of_its_begin_and_of_its_end(applied: Stack) -> None:
    alarms = applied.client("cloudwatch").describe_alarms()["MetricAlarms"]

    for alarm in alarms:
        assert alarm["AlarmActions"] == alarm["OKActions"] == [applied.topic]
        assert alarm["AlarmName"].startswith("certificate-lifecycle-")


def test_every_alarm_and_every_figure_is_explained(stack: Stack, healthy: Healthy) -> None:
    text = (REPOSITORY / "docs" / "alarms.md").read_text(encoding="utf-8")
    names = [alarm.name.removeprefix("certificate-lifecycle-") for alarm in stack.alarms]
    written = {p.metric.name for said in healthy for p in figures(said, MONDAY)} - {"Errors"}

    assert [name for name in (*names, *written) if f"`{name}`" not in text] == []


def test_the_dashboard_shows_every_alarm_and_only_figures_that_exist(
    stack: Stack, healthy: Healthy
) -> None:
    cloudwatch = stack.client("cloudwatch")
    body = json.loads(
        cloudwatch.get_dashboard(DashboardName="certificate-lifecycle")["DashboardBody"]
    )
    (shown,) = [w["properties"]["alarms"] for w in body["widgets"] if w["type"] == "alarm"]
    drawn = {
        (row[0], row[1], row[2], row[3])
        for widget in body["widgets"]
        if widget["type"] == "metric"
        for row in widget["properties"]["metrics"]
        if row[0] == "CertificateLifecycle"
    }
    written = {
        (point.metric.namespace, point.metric.name, *dimension)
        for invocation in healthy
        for point in figures(invocation, MONDAY)
        for dimension in point.metric.dimensions
    }

    alarms = cloudwatch.describe_alarms()["MetricAlarms"]
    assert sorted(shown) == sorted(alarm["AlarmArn"] for alarm in alarms)
    # Without a certificate, nothing ends next.
    assert drawn - written <= {
        ("CertificateLifecycle", "NextExpiryDays", "Instance", "certificate-lifecycle")
    }
    assert stack.dashboard_url == (
        "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1"
        "#dashboards/dashboard/certificate-lifecycle"
    )
