"""The pulse of the rotation function: what it writes, whatever the schedule, and refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from certificate_lifecycle.errors import ConfigurationError, PulseError, RotationError
from tests.integration.effects import USED, ending_in
from tests.integration.invocation import NOW, Function, scheduled
from tests.integration.machine import make_machine
from tests.support.cloud import Cloud

pytestmark = pytest.mark.integration

Figures = Callable[[], dict[str, Any]]

PULSE = {"pulse": True}
#: Confirmed at once: a phone has nothing to click on.
PHONE = "+12065550100"


@pytest.fixture(autouse=True)
def subscription(cloud: Cloud, topic: str) -> str:
    answer = cloud.client("sns").subscribe(TopicArn=topic, Protocol="sms", Endpoint=PHONE)
    arn: str = answer["SubscriptionArn"]
    return arn


@pytest.fixture
def figures(capsys: pytest.CaptureFixture[str]) -> Figures:
    """Read the figures that the last invocation wrote."""

    def read() -> dict[str, Any]:
        (line,) = [each for each in capsys.readouterr().out.splitlines() if "_aws" in each]
        document: dict[str, Any] = json.loads(line)
        del document["_aws"]
        return document

    return read


def test_a_pulse_reads_writes_its_figures_and_does_nothing_else(
    rotation: Function, ledger_table: str, environment: pytest.MonkeyPatch, figures: Figures
) -> None:
    environment.setenv("SCHEDULE_EXPRESSION", "rate(1 day)")
    assert ledger_table
    rotation(PULSE)
    # Since when runs are expected is written down once.
    assert rotation.writes == ["PutItem"]
    figures()
    assert rotation(PULSE) == {
        "overdue_minutes": 0,
        "oldest_critical_hours": 0,
        "listeners": 1,
    }
    assert rotation.operations == ["Query", "Query", "GetTopicAttributes"]
    assert figures() == {
        "Instance": "certificate-lifecycle",
        "Pulse": 1,
        "Listeners": 1,
        "OverdueMinutes": 0,
        "OldestCriticalHours": 0,
    }


@pytest.mark.parametrize(
    ("expression", "due"),
    [
        # NOW is Monday, 15 June 2026, 12:00.
        ("rate(1 hour)", timedelta(hours=1)),
        ("rate(7 days)", timedelta(days=7)),
        ("cron(0 6 * * ? *)", timedelta(hours=18)),
        ("cron(0 6 ? * MON *)", timedelta(days=6, hours=18)),
        ("cron(0 6 1 * ? *)", timedelta(days=15, hours=18)),
        ("cron(0 6 LW 6 ? *)", timedelta(days=14, hours=18)),
        ("cron(0 6 1 JAN ? *)", timedelta(days=199, hours=18)),
    ],
)
@pytest.mark.usefixtures("ledger_table")
def test_a_run_that_was_missed_is_overdue_whatever_the_schedule(
    rotation: Function,
    cloud: Cloud,
    environment: pytest.MonkeyPatch,
    expression: str,
    due: timedelta,
) -> None:
    environment.setenv("SCHEDULE_EXPRESSION", expression)
    rotation(PULSE)
    rotation(scheduled(NOW))
    cloud.now = NOW + due + timedelta(hours=2)
    assert rotation(PULSE)["overdue_minutes"] == 0
    cloud.advance(minutes=1)
    assert rotation(PULSE)["overdue_minutes"] == 1
    cloud.advance(days=7)
    assert rotation(PULSE)["overdue_minutes"] == 7 * 24 * 60 + 1
    rotation(scheduled(cloud.now))
    assert rotation(PULSE)["overdue_minutes"] == 0


@pytest.mark.usefixtures("ledger_table")
@pytest.mark.parametrize("event", [{}, {"dry_run": True}, {"regions": ["eu-west-1"]}])
def test_a_run_by_hand_does_not_hide_that_the_schedule_is_gone(
    rotation: Function, cloud: Cloud, environment: pytest.MonkeyPatch, event: dict[str, Any]
) -> None:
    environment.setenv("SCHEDULE_EXPRESSION", "rate(1 day)")
    rotation(PULSE)
    cloud.advance(days=3)
    rotation(event)
    assert rotation(PULSE)["overdue_minutes"] == 2 * 24 * 60 - 2 * 60


@pytest.mark.usefixtures("ledger_table")
def test_a_run_that_could_not_do_everything_has_been_all_the_same(
    rotation: Function, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("SCHEDULE_EXPRESSION", "rate(1 day)")
    rotation(PULSE)
    cloud.advance(days=3)
    cloud.fail("acm", "ListCertificates", code="InternalFailure", times=99)
    with pytest.raises(RotationError):
        rotation(scheduled(cloud.now))
    assert rotation(PULSE)["overdue_minutes"] == 0


@pytest.mark.usefixtures("ledger_table")
def test_a_critical_problem_grows_old_until_a_run_finds_it_gone(
    rotation: Function, cloud: Cloud
) -> None:
    dead = cloud.certificates.add(type="IMPORTED", **USED, **ending_in(cloud, 2))
    rotation(scheduled(NOW))
    cloud.advance(days=1)
    rotation(scheduled(cloud.now))
    cloud.advance(hours=6)
    assert rotation(PULSE)["oldest_critical_hours"] == 30
    cloud.certificates.edit(dead, not_after=cloud.now + timedelta(days=300))
    rotation(scheduled(cloud.now))
    assert rotation(PULSE)["oldest_critical_hours"] == 0


def test_without_a_ledger_it_says_that_the_function_lives_and_who_listens(
    rotation: Function, environment: pytest.MonkeyPatch, figures: Figures
) -> None:
    environment.setenv("SCHEDULE_EXPRESSION", "rate(1 day)")
    assert rotation(PULSE)["overdue_minutes"] is None
    assert rotation.operations == ["GetTopicAttributes"]
    assert figures() == {"Instance": "certificate-lifecycle", "Pulse": 1, "Listeners": 1}


def test_without_subscriptions_it_fails_when_its_figures_are_out(
    rotation: Function, cloud: Cloud, subscription: str, figures: Figures
) -> None:
    cloud.client("sns").unsubscribe(SubscriptionArn=subscription)
    with pytest.raises(PulseError, match="nobody has subscribed"):
        rotation(PULSE)
    assert figures() == {"Instance": "certificate-lifecycle", "Pulse": 1, "Listeners": 0}


def test_an_address_that_nobody_has_confirmed_is_none(
    rotation: Function, cloud: Cloud, topic: str, subscription: str
) -> None:
    sns = cloud.client("sns")
    sns.unsubscribe(SubscriptionArn=subscription)
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="ops@example.com")
    with pytest.raises(PulseError, match="nobody has subscribed"):
        rotation(PULSE)


def test_anothers_topic_is_left_alone(rotation: Function, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("SNS_TOPIC_ARN", "arn:aws:sns:eu-west-1:222222222222:alerts")
    assert rotation(PULSE)["listeners"] is None
    assert rotation.operations == []


def test_a_ledger_that_is_gone_fails_the_pulse_and_hides_nothing_else(
    rotation: Function, environment: pytest.MonkeyPatch, figures: Figures
) -> None:
    environment.setenv("LEDGER_TABLE", "gone")
    with pytest.raises(PulseError, match="the runs on record could not be read"):
        rotation(PULSE)
    assert figures() == {"Instance": "certificate-lifecycle", "Pulse": 1, "Listeners": 1}


@pytest.mark.usefixtures("ledger_table")
def test_an_entry_that_is_not_understood_fails_the_pulse(
    rotation: Function, cloud: Cloud, ledger_table: str
) -> None:
    rotation(scheduled(NOW))
    dynamodb = cloud.client("dynamodb")
    items = dynamodb.scan(TableName=ledger_table)["Items"]
    (record,) = [item for item in items if item["entry"] == {"S": "run#last"}]
    dynamodb.put_item(TableName=ledger_table, Item={**record, "finished_at": {"S": "yesterday"}})
    with pytest.raises(PulseError, match="run#last in certificate-lifecycle-ledger is not"):
        rotation(PULSE)


@pytest.mark.parametrize("event", [{"pulse": False}, {"pulse": None}, {"pulse": True, "x": 1}])
def test_a_pulse_that_asks_for_anything_else_is_refused_before_any_call(
    rotation: Function, event: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ConfigurationError):
        rotation(event)
    assert rotation.operations == []
    assert "_aws" not in capsys.readouterr().out


@pytest.mark.usefixtures("ledger_table")
def test_a_run_over_an_organization_is_one_of_the_schedule_if_that_has_started_it(
    rotation: Function, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("SCHEDULE_EXPRESSION", "rate(1 day)")
    machine = make_machine(rotation, cloud, environment)
    rotation(PULSE)
    cloud.advance(days=2)
    machine.run = "by-hand"
    machine.all()
    assert rotation(PULSE)["overdue_minutes"] > 0
    machine.run, machine.wishes = "by-the-clock", scheduled(cloud.now)
    machine.all()
    assert rotation(PULSE)["overdue_minutes"] == 0
