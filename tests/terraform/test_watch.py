"""The applied alarms fire on failures, with the metrics that the function writes.

The tests simulate a week: on each day with the schedule's rule, the metrics of a real invocation
become data points of that day. Times in the state table are moved back.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.embedded_aws.alarms import ALARM, Alarm, Metric, Point, embedded, history
from tests.embedded_aws.cloud import Cloud
from tests.embedded_aws.log_queries import results
from tests.harness.deployed import Invocation, invoke
from tests.harness.terraform import REPOSITORY, Workspace

pytestmark = pytest.mark.terraform

ACCOUNT = "410000000001"
NAME = "certificate-lifecycle-rotation"
#: Once a day, at six.
SCHEDULE = "cron(0 6 * * ? *)"
PHONE = "+12065550100"
REPORTS = "reports-of-the-watched-instance"
RUNBOOK = "https://wiki.example.com/runbook.md"
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MONDAY = datetime(2026, 6, 15, tzinfo=UTC)


@dataclass(frozen=True)
class Stack:
    """The applied stack, and the possible events."""

    cloud: Cloud
    topic: str
    dashboard_url: str

    def client(self, service: str) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
        return self.cloud.client(service, account=ACCOUNT)

    @property
    def alarms(self) -> list[Alarm]:
        return [Alarm.of(a) for a in self.client("cloudwatch").describe_alarms()["MetricAlarms"]]

    @property
    def widgets(self) -> list[dict[str, Any]]:
        """The widgets of the dashboard, from the top."""
        found = self.client("cloudwatch").get_dashboard(DashboardName="certificate-lifecycle")
        widgets: list[dict[str, Any]] = json.loads(found["DashboardBody"])["widgets"]
        return sorted(widgets, key=lambda widget: (widget["y"], widget["x"]))

    def run(self) -> Invocation:
        """Invoke the function like the schedule."""
        text = (REPOSITORY / "tests" / "events" / "scheduled.json").read_text(encoding="utf-8")
        return invoke(self.cloud, NAME, json.loads(text), account=ACCOUNT)

    def critical_since(self, arn: str, ago: timedelta) -> None:
        """Set since when a certificate in the state table has been critical."""
        dynamodb = self.client("dynamodb")
        table = "certificate-lifecycle-ledger"
        key = {"scope": {"S": f"{ACCOUNT}/eu-west-1"}, "entry": {"S": f"told#{arn}"}}
        item = dynamodb.get_item(TableName=table, Key=key)["Item"]
        since = (datetime.now(UTC) - ago).isoformat(timespec="microseconds")
        dynamodb.put_item(TableName=table, Item={**item, "critical_since": {"S": since}})

    def week(
        self, run: Invocation, *, first: Invocation, besides: Sequence[Point] = ()
    ) -> dict[str, timedelta]:
        """Return the alarms that fire in a week whose first run was as `first`, and their delay.

        Later runs are as `run`, if the rule exists now; `besides` are further data points.
        """
        rules = self.client("events").list_rules()["Rules"]
        (rule,) = [entry for entry in rules if entry["Name"] == NAME] or [{"State": "DISABLED"}]
        stands = rule["State"] == "ENABLED"
        points = list(besides)
        # Two days before the week, so that no alarm starts without data.
        for day in range(-2, 7):
            at = MONDAY + day * DAY + 6 * HOUR + timedelta(seconds=20)
            if day < 1:
                points += figures(first, at)
            elif stands:
                points += figures(run, at)
        turn, end = MONDAY + DAY, MONDAY + 7 * DAY
        changes = {alarm.name: history(alarm, points, MONDAY, end) for alarm in self.alarms}
        assert not [at for found in changes.values() for at, _ in found if at <= turn]
        return {
            name.removeprefix("certificate-lifecycle-"): found[0][0] - turn
            for name, found in changes.items()
            if ALARM in [state for _, state in found]
        }


def figures(invocation: Invocation, at: datetime) -> list[Point]:
    """Return the metrics of one invocation: its own and Lambda's."""
    documents = [record for record in invocation.records if "_aws" in record]
    errors = Metric("AWS/Lambda", "Errors", frozenset({("FunctionName", NAME)}))
    failed = Point(errors, at, float(invocation.error is not None))
    return [failed, *(point for document in documents for point in embedded(document, at))]


@pytest.fixture(scope="module")
def applied(cloud: Cloud) -> Iterator[Stack]:
    variables = {
        "domain_name": "shop.example.com",
        "issue_on_apply": False,
        "schedule_expression": SCHEDULE,
        "notifications": {"runbook_url": RUNBOOK},
        "report": {"bucket_name": REPORTS},
    }
    with Workspace(".", cloud.environment(account=ACCOUNT), variables=variables) as module:
        module.apply()
        outputs = module.output()
        yield Stack(cloud, outputs["sns_topic_arn"], outputs["dashboard_url"])


@contextmanager
def subscribed(stack: Stack) -> Iterator[None]:
    """Add a confirmed subscription."""
    sns = stack.client("sns")
    # A phone number needs no confirmation.
    subscription = sns.subscribe(TopicArn=stack.topic, Protocol="sms", Endpoint=PHONE)
    yield
    sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])


@pytest.fixture(scope="module")
def healthy(applied: Stack) -> Invocation:
    """Return a run without findings."""
    with subscribed(applied):
        run = applied.run()
    assert run.error is None
    return run


@pytest.fixture
def stack(applied: Stack) -> Iterator[Stack]:
    with subscribed(applied):
        yield applied


def test_in_a_week_in_which_all_is_well_no_alarm_rings(stack: Stack, healthy: Invocation) -> None:
    assert stack.week(healthy, first=healthy) == {}


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


def test_a_schedule_that_is_gone_is_noticed_after_two_days(
    stack: Stack, healthy: Invocation
) -> None:
    with without_the_schedule(stack):
        # The last run ended on Monday in the hour from six to seven, 50 hours before.
        assert stack.week(healthy, first=healthy) == {"runs-missing": timedelta(days=1, hours=9)}


def test_a_schedule_that_is_off_is_noticed(stack: Stack, healthy: Invocation) -> None:
    events = stack.client("events")
    events.disable_rule(Name=NAME)

    rings = stack.week(healthy, first=healthy)

    events.enable_rule(Name=NAME)
    assert set(rings) == {"runs-missing"}


def test_a_run_by_hand_is_no_proof_that_the_schedule_works(
    stack: Stack, healthy: Invocation
) -> None:
    manual_steps = invoke(stack.cloud, NAME, {}, account=ACCOUNT)

    assert manual_steps.error is None
    assert set(stack.week(manual_steps, first=healthy)) == {"runs-missing"}


def test_a_function_that_cannot_start_is_noticed_twice(stack: Stack, healthy: Invocation) -> None:
    functions = stack.client("lambda")
    before = functions.get_function_configuration(FunctionName=NAME)["Environment"]
    broken = {"Variables": {**before["Variables"], "SNS_TOPIC_ARN": "gone"}}
    functions.update_function_configuration(FunctionName=NAME, Environment=broken)

    run = stack.run()

    functions.update_function_configuration(FunctionName=NAME, Environment=before)
    assert [record for record in run.records if "_aws" in record] == []
    assert set(stack.week(run, first=healthy)) == {"rotation-errors", "runs-missing"}


def test_a_topic_without_subscriptions_is_noticed(stack: Stack, healthy: Invocation) -> None:
    sns = stack.client("sns")
    for entry in sns.list_subscriptions_by_topic(TopicArn=stack.topic)["Subscriptions"]:
        sns.unsubscribe(SubscriptionArn=entry["SubscriptionArn"])

    deaf = stack.run()

    assert deaf.error is None
    assert set(stack.week(deaf, first=healthy)) == {"no-subscribers"}


def test_a_message_that_could_not_be_delivered_is_noticed(
    stack: Stack, healthy: Invocation
) -> None:
    topic = frozenset({("TopicName", stack.topic.rpartition(":")[2])})
    metric = Metric("AWS/SNS", "NumberOfNotificationsFailed", topic)
    failed = Point(metric, MONDAY + 2 * DAY, 1.0)

    assert set(stack.week(healthy, first=healthy, besides=[failed])) == {"delivery-failed"}


def test_a_message_that_may_not_be_sent_is_noticed(stack: Stack, healthy: Invocation) -> None:
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
    assert "the notification could not be sent" in mute.error.message
    assert set(stack.week(mute, first=healthy)) == {"publish-failed", "rotation-errors"}


def test_a_critical_finding_that_stays_open_is_noticed_after_three_days(
    stack: Stack, healthy: Invocation
) -> None:
    arn = stack.cloud.certificates.add(
        account=ACCOUNT,
        type="IMPORTED",
        domain_name="dead.example.com",
        in_use_by=[f"arn:aws:cloudfront::{ACCOUNT}:distribution/E1"],
        not_after=stack.cloud.now + timedelta(days=2),
    )
    assert stack.run().error is None
    stack.critical_since(arn, timedelta(hours=71))
    patient = stack.run()
    stack.critical_since(arn, timedelta(hours=73))
    old = stack.run()
    # It must not affect other tests.
    stack.cloud.certificates.edit(arn, not_after=stack.cloud.now + timedelta(days=300))

    assert stack.week(patient, first=healthy) == {}
    assert set(stack.week(old, first=healthy)) == {"critical-unresolved"}


def test_every_alarm_tells_the_topic_of_its_begin_and_of_its_end(applied: Stack) -> None:
    alarms = applied.client("cloudwatch").describe_alarms()["MetricAlarms"]

    for alarm in alarms:
        assert alarm["AlarmActions"] == alarm["OKActions"] == [applied.topic]
        assert alarm["AlarmName"].startswith("certificate-lifecycle-")


def test_every_alarm_and_every_figure_is_explained(stack: Stack, healthy: Invocation) -> None:
    text = (REPOSITORY / "docs" / "alarms.md").read_text(encoding="utf-8")
    names = [alarm.name.removeprefix("certificate-lifecycle-") for alarm in stack.alarms]
    written = {point.metric.name for point in figures(healthy, MONDAY)} - {"Errors"}

    assert [name for name in (*names, *written) if f"`{name}`" not in text] == []


def test_the_dashboard_shows_every_alarm_and_only_figures_that_exist(
    stack: Stack, healthy: Invocation
) -> None:
    (shown,) = [w["properties"]["alarms"] for w in stack.widgets if w["type"] == "alarm"]
    drawn = {
        (row[0], row[1], row[2], row[3])
        for widget in stack.widgets
        if widget["type"] == "metric"
        for row in widget["properties"]["metrics"]
        if row[0] == "CertificateLifecycle"
    }
    written = {
        (point.metric.namespace, point.metric.name, *dimension)
        for point in figures(healthy, MONDAY)
        for dimension in point.metric.dimensions
    }

    alarms = stack.client("cloudwatch").describe_alarms()["MetricAlarms"]
    assert sorted(shown) == sorted(alarm["AlarmArn"] for alarm in alarms)
    # Without a certificate, there is no next expiry.
    assert drawn - written <= {
        ("CertificateLifecycle", "NextExpiryDays", "Instance", "certificate-lifecycle")
    }
    assert stack.dashboard_url == (
        "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1"
        "#dashboards/dashboard/certificate-lifecycle"
    )


def test_the_dashboard_says_what_to_do_and_where(stack: Stack) -> None:
    kinds = [widget["type"] for widget in stack.widgets]
    (text,) = [w["properties"]["markdown"] for w in stack.widgets if w["type"] == "text"]
    links = re.findall(r"\[([^]]+)\]\((https://eu-west-1\.console\.aws\.amazon\.com/[^)]+)\)", text)

    assert kinds == ["alarm", "text", *["metric"] * 4, "log", *["metric"] * 4]
    assert [name for name, _ in links] == [
        *("Latest report", "Log of the runs", "Reports", "Topic"),
    ]
    assert links[0][1].endswith(
        f"/s3/object/{REPORTS}?region=eu-west-1&prefix=reports/certificate-lifecycle/latest.html"
    )
    assert links[1][1].endswith(f"log-group/$252Faws$252Flambda$252F{NAME}")
    assert f"[the runbook]({RUNBOOK})" in text
    assert "`certificates explain ARN --instance certificate-lifecycle`" in text


def test_the_table_of_the_dashboard_has_each_open_finding_once_the_worst_first(
    stack: Stack,
) -> None:
    ends = {"later": 20, "soon": 2, "repaired": 2}
    arns = {
        name: stack.cloud.certificates.add(
            account=ACCOUNT,
            type="IMPORTED",
            domain_name=f"{name}.listed.example.com",
            in_use_by=[f"arn:aws:cloudfront::{ACCOUNT}:distribution/E1"],
            not_after=stack.cloud.now + timedelta(days=days),
        )
        for name, days in ends.items()
    }
    first = stack.run()
    far = stack.cloud.now + timedelta(days=300)
    stack.cloud.certificates.edit(arns["repaired"], not_after=far)
    last = stack.run()
    for arn in arns.values():
        # They must not affect other tests.
        stack.cloud.certificates.edit(arn, not_after=far)
    events = [
        {**record, "@timestamp": int((MONDAY + day * DAY).timestamp() * 1000)}
        for day, run in ((0, first), (2, last), (3, last))
        for record in run.records
    ]
    (query,) = [w["properties"]["query"] for w in stack.widgets if w["type"] == "log"]

    rows = results(query, {f"/aws/lambda/{NAME}": events}, MONDAY + 3 * DAY)

    assert [
        (row["name"], row["urgency"], row["problem"], row["certificate_arn"])
        for row in rows
        if "listed" in row["name"]
    ] == [
        ("soon.listed.example.com", "1 critical", "ImportDue", arns["soon"]),
        ("later.listed.example.com", "2 warning", "ImportDue", arns["later"]),
    ]
    assert {row["last_seen"] for row in rows} == {int((MONDAY + 3 * DAY).timestamp() * 1000)}
