"""One message per run for all subscribers, only if there is something to report."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.embedded_aws.cloud import Cloud
from tests.estates import showcase
from tests.integration.effects import LOAD_BALANCER, USED, documents, ending_in
from tests.integration.invocation import NOW, Function, recorded, scheduled

pytestmark = pytest.mark.integration


def test_without_findings_nothing_is_published(
    rotation: Function, cloud: Cloud, topic: str
) -> None:
    cloud.certificates.add(**USED)
    result = rotation(scheduled(NOW))
    assert not result["notification"]["sent"]
    assert (rotation.writes, cloud.topics.messages(topic)) == ([], [])


def test_one_run_sends_one_message_and_names_it_in_its_result(
    rotation: Function, cloud: Cloud, topic: str
) -> None:
    showcase.fill(cloud)
    result = rotation(scheduled(NOW))
    assert result["notification"]["sent"]
    assert result["notification"]["message_id"]
    assert len(cloud.topics.messages(topic)) == 1


def test_the_email_has_the_problem_the_consumers_and_the_next_step(
    rotation: Function, cloud: Cloud, topic: str
) -> None:
    """Bug 46."""
    arn = cloud.certificates.add(
        domain_name="shop.example.com", type="IMPORTED", **USED, **ending_in(cloud, 5)
    )

    rotation(scheduled(NOW))

    (message,) = cloud.topics.messages(topic)
    email = message.to("email")
    for expected in (
        "shop.example.com",
        "ImportDue",
        "load balancer web",
        "123456789012",
        "eu-west-1",
        "TODAY (1)",
        "2026-06-20",
        "-> step A",
        arn.rpartition("/")[2],
    ):
        assert expected in email
    assert message.attributes == {
        "severity": "critical",
        "account": "123456789012",
        "region": "eu-west-1",
        "verdict": "ImportDue",
        "domain": "shop.example.com",
    }
    assert message.subject == "[critical] shop.example.com expires in 5 days eu-west-1"


def test_the_worst_comes_first(rotation: Function, cloud: Cloud, topic: str) -> None:
    """Bug 46."""
    for days in (20, 3, 29, -1):
        name = f"in{days}.example.com".replace("in-", "past")
        cloud.certificates.add(domain_name=name, type="IMPORTED", **USED, **ending_in(cloud, days))

    rotation(scheduled(NOW))

    (document,) = documents(cloud, topic)
    order = [finding["domain_name"].partition(".")[0] for finding in document["findings"]]
    assert order == ["past1", "in3", "in20", "in29"]
    email = cloud.topics.messages(topic)[0].to("email")
    assert sorted(order, key=email.index) == order


def test_queues_get_the_findings_of_the_result(
    rotation: Function, cloud: Cloud, topic: str
) -> None:
    """Bug 43: the message has the same actions and failures as the result."""
    showcase.fill(cloud)

    result = rotation(scheduled(NOW))

    (document,) = documents(cloud, topic)
    told = [finding for finding in result["findings"] if finding in document["findings"]]
    assert told == document["findings"]
    assert document["counts"] == result["counts"]
    done = [action for action in result["actions"] if action["outcome"] != "advised"]
    assert document["actions"] == done
    (message,) = cloud.topics.messages(topic)
    assert message.to("lambda") == message.to("sqs")


def test_chat_gets_what_amazon_q_shows(rotation: Function, cloud: Cloud, topic: str) -> None:
    cloud.certificates.add(
        domain_name="shop.example.com", type="IMPORTED", **USED, **ending_in(cloud, 5)
    )
    rotation(scheduled(NOW))
    (message,) = cloud.topics.messages(topic)
    chat = json.loads(message.to("https"))
    assert (chat["version"], chat["source"]) == ("1.0", "custom")
    assert "shop.example.com" in chat["content"]["description"]


def test_a_text_message_stays_short(rotation: Function, cloud: Cloud, topic: str) -> None:
    showcase.fill(cloud)
    rotation(scheduled(NOW))
    assert len(cloud.topics.messages(topic)[0].to("sms")) < 200


def test_a_message_over_the_limits_of_sns_is_cut_with_a_count(
    rotation: Function, cloud: Cloud, topic: str
) -> None:
    """Bug 47: SNS takes 262,144 bytes, and a subject of fewer than 100 characters."""
    names = [f"{number:02}{'x' * 55}.example.com" for number in range(99)]
    for number in range(40):
        cloud.certificates.add(
            domain_name=f"{number}.example.com",
            alternative_names=names,
            type="IMPORTED",
            **USED,
            **ending_in(cloud, 10 + number / 10),
        )

    assert rotation(scheduled(NOW))["notification"]["sent"]

    (document,) = documents(cloud, topic)
    assert document["counts"] == {"ImportDue": 40}
    assert 0 < len(document["findings"]) < 40
    assert len(document["findings"]) + document["findings_not_shown"] == 40
    assert cloud.topics.messages(topic)[0].to("email").startswith("40 need you\n")


@pytest.mark.parametrize("name", ["evil\r\nSubject: all is well", "a\u202eb.example.com", "\x00"])
def test_control_characters_of_others_never_reach_a_reader(
    rotation: Function, cloud: Cloud, topic: str, name: str
) -> None:
    """An imported certificate may call itself anything."""
    cloud.certificates.add(domain_name=name, type="IMPORTED", **USED, **ending_in(cloud, 5))

    rotation(scheduled(NOW))

    (message,) = cloud.topics.messages(topic)
    email = message.to("email")
    assert not {"\r", "\u202e", "\x00"} & set(email)
    assert not any(line.startswith("Subject:") for line in email.splitlines())


@pytest.mark.parametrize("time", ["1970-01-01T00:00:00Z", "2099-01-01T00:00:00Z"])
def test_an_event_of_another_time_is_judged_as_of_now(
    rotation: Function, cloud: Cloud, topic: str, time: str
) -> None:
    """A replayed event would find everything healthy for ever, and an invented one expired."""
    cloud.certificates.add(type="IMPORTED", **USED, **ending_in(cloud, 30.1))
    event = {**recorded("scheduled"), "time": time}

    first = rotation(event)
    cloud.advance(hours=6)
    second = rotation(event)

    assert (first["counts"], second["counts"]) == ({"Healthy": 1}, {"ImportDue": 1})
    assert first["started_at"] == NOW.isoformat()
    assert second["started_at"] == cloud.now.isoformat()
    assert len(cloud.topics.messages(topic)) == 1


def test_a_finding_names_every_consumer(rotation: Function, cloud: Cloud) -> None:
    """Bug 46."""
    consumers = [LOAD_BALANCER, "arn:aws:cloudfront::123456789012:distribution/E1"]
    cloud.certificates.add(type="IMPORTED", in_use_by=consumers, **ending_in(cloud, 5))
    result: dict[str, Any] = rotation(scheduled(NOW))
    assert result["findings"][0]["in_use_by"] == consumers
