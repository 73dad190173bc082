"""The metrics of a scheduled run about itself, its topic and open findings."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from certificate_lifecycle.model.errors import RotationError
from tests.embedded_aws.cloud import Cloud
from tests.integration.effects import USED, ending_in
from tests.integration.invocation import NOW, Function, scheduled
from tests.integration.state_machine import make_state_machine

pytestmark = pytest.mark.integration

Figures = Callable[[], dict[str, Any] | None]

#: Confirmed at once: a phone has nothing to click on.
PHONE = "+12065550100"


@pytest.fixture(autouse=True)
def subscription(cloud: Cloud, topic: str) -> str:
    answer = cloud.client("sns").subscribe(TopicArn=topic, Protocol="sms", Endpoint=PHONE)
    arn: str = answer["SubscriptionArn"]
    return arn


@pytest.fixture
def figures(capsys: pytest.CaptureFixture[str]) -> Figures:
    """Read the metrics of the last run; None if it wrote none."""

    def read() -> dict[str, Any] | None:
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        found = [line for line in lines if "RunsCompleted" in line]
        if not found:
            return None
        (document,) = found
        del document["_aws"], document["Instance"]
        return dict(document)

    return read


@pytest.mark.usefixtures("ledger_table")
def test_a_critical_finding_grows_old_until_a_run_finds_it_resolved(
    rotation: Function, cloud: Cloud, figures: Figures
) -> None:
    dead = cloud.certificates.add(type="IMPORTED", **USED, **ending_in(cloud, 2))
    rotation(scheduled(NOW))
    assert figures() == {"RunsCompleted": 1, "ConfirmedSubscriptions": 1, "OldestCriticalHours": 0}
    cloud.advance(hours=30)
    rotation(scheduled(cloud.now))
    assert figures() == {"RunsCompleted": 1, "ConfirmedSubscriptions": 1, "OldestCriticalHours": 30}
    cloud.certificates.edit(dead, not_after=cloud.now + (cloud.now - NOW) * 300)
    rotation(scheduled(cloud.now))
    assert figures() == {"RunsCompleted": 1, "ConfirmedSubscriptions": 1, "OldestCriticalHours": 0}


@pytest.mark.usefixtures("ledger_table")
@pytest.mark.parametrize("event", [{}, {"dry_run": True}, {"regions": ["eu-west-1"]}])
def test_a_run_by_hand_does_not_hide_a_missing_schedule(
    rotation: Function, event: dict[str, Any], figures: Figures
) -> None:
    rotation(event)
    assert figures() is None
    assert "GetTopicAttributes" not in rotation.operations


@pytest.mark.usefixtures("ledger_table")
def test_a_run_that_could_not_do_everything_has_ended_and_leaves_out_what_it_does_not_know(
    rotation: Function, cloud: Cloud, figures: Figures, environment: pytest.MonkeyPatch
) -> None:
    cloud.fail("acm", "ListCertificates", code="InternalFailure", times=99)
    with pytest.raises(RotationError):
        rotation(scheduled(cloud.now))
    assert figures() == {"RunsCompleted": 1, "ConfirmedSubscriptions": 1, "OldestCriticalHours": 0}
    environment.setenv("LEDGER_TABLE", "gone")
    with pytest.raises(RotationError):
        rotation(scheduled(cloud.now))
    assert figures() == {"RunsCompleted": 1, "ConfirmedSubscriptions": 1}


def test_without_a_state_table_a_run_reports_its_end_and_the_subscriptions(
    rotation: Function, figures: Figures
) -> None:
    rotation(scheduled(NOW))
    assert figures() == {"RunsCompleted": 1, "ConfirmedSubscriptions": 1}


def test_an_unconfirmed_address_does_not_count(
    rotation: Function, cloud: Cloud, topic: str, subscription: str, figures: Figures
) -> None:
    sns = cloud.client("sns")
    sns.unsubscribe(SubscriptionArn=subscription)
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="ops@example.com")
    rotation(scheduled(NOW))
    assert figures() == {"RunsCompleted": 1, "ConfirmedSubscriptions": 0}


def test_the_topic_of_another_account_is_not_asked_for_its_subscriptions(
    rotation: Function, environment: pytest.MonkeyPatch, figures: Figures
) -> None:
    environment.setenv("SNS_TOPIC_ARN", "arn:aws:sns:eu-west-1:222222222222:alerts")
    rotation(scheduled(NOW))
    assert figures() == {"RunsCompleted": 1}
    assert "GetTopicAttributes" not in rotation.operations


def test_subscriptions_that_cannot_be_counted_are_a_warning_and_no_failure(
    rotation: Function, cloud: Cloud, figures: Figures, caplog: pytest.LogCaptureFixture
) -> None:
    cloud.fail("sns", "GetTopicAttributes", code="AuthorizationError", times=9)
    rotation(scheduled(NOW))
    assert figures() == {"RunsCompleted": 1}
    (warning,) = [entry for entry in caplog.records if entry.levelname == "WARNING"]
    assert warning.getMessage() == "metric could not be measured"
    assert warning.__dict__["metric"] == "ConfirmedSubscriptions"


@pytest.mark.usefixtures("ledger_table")
def test_a_run_over_an_organization_is_one_of_the_schedule_if_that_has_started_it(
    rotation: Function, cloud: Cloud, environment: pytest.MonkeyPatch, figures: Figures
) -> None:
    machine = make_state_machine(rotation, cloud, environment)
    machine.run = "by-hand"
    machine.all()
    assert figures() is None
    machine.run, machine.inputs = "by-the-clock", scheduled(cloud.now)
    machine.all()
    assert figures() == {"RunsCompleted": 1, "ConfirmedSubscriptions": 1, "OldestCriticalHours": 0}


@pytest.mark.usefixtures("ledger_table")
def test_what_an_earlier_version_recorded_of_its_runs_disturbs_nothing(
    rotation: Function, cloud: Cloud, ledger_table: str, figures: Figures
) -> None:
    scope = {"S": "111111111111/eu-west-1"}
    for item in (
        {"entry": {"S": "run#last"}, "run_id": {"S": "r"}, "finished_at": {"S": "yesterday"}},
        {"entry": {"S": "run#expected"}, "schedule": {"S": "rate(1 day)"}, "since": {"S": "x"}},
    ):
        cloud.client("dynamodb").put_item(TableName=ledger_table, Item={"scope": scope, **item})
    rotation(scheduled(NOW))
    assert figures() == {"RunsCompleted": 1, "ConfirmedSubscriptions": 1, "OldestCriticalHours": 0}
