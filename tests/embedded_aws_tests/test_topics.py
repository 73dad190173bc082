"""SNS refuses what AWS refuses, and shows what was published.

https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.embedded_aws.cloud import Cloud


@pytest.fixture
def topic(cloud: Cloud) -> str:
    return str(cloud.client("sns").create_topic(Name="alerts")["TopicArn"])


def test_a_published_message_can_be_read(cloud: Cloud, topic: str) -> None:
    cloud.client("sns").publish(
        TopicArn=topic,
        Subject="2 certificates need you",
        Message=json.dumps({"default": "short", "email": "long"}),
        MessageStructure="json",
        MessageAttributes={"severity": {"DataType": "String", "StringValue": "critical"}},
    )
    (message,) = cloud.topics.messages(topic)
    subject, bodies, attributes = message
    assert subject == "2 certificates need you"
    assert bodies == {"default": "short", "email": "long"}
    assert attributes == {"severity": "critical"}
    assert (message.to("email"), message.to("sqs")) == ("long", "short")


def test_a_plain_message_is_the_same_for_every_protocol(cloud: Cloud, topic: str) -> None:
    cloud.client("sns").publish(TopicArn=topic, Message="hello")
    (message,) = cloud.topics.messages(topic)
    assert (message.subject, message.to("email")) == (None, "hello")


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"Subject": "x" * 100}, "Subject"),
        ({"Subject": "two\nlines"}, "Subject"),
        ({"Subject": "für Sie"}, "Subject"),
        ({"Subject": ""}, "Subject"),
        ({"Subject": " x"}, "Subject"),
        ({"Message": ""}, "Empty message"),
        ({"Message": "ü" * 131_073}, "Message too long"),
        ({"Message": '{"email": "x"}', "MessageStructure": "json"}, "No default entry"),
        ({"Message": '{"default": {"a": 1}}', "MessageStructure": "json"}, "No default entry"),
        ({"Message": "not json", "MessageStructure": "json"}, "failed to parse"),
        ({"MessageStructure": "xml"}, "MessageStructure"),
    ],
    ids=[
        "subject of 100",
        "line break",
        "not ASCII",
        "empty subject",
        "a space first",
        "empty message",
        "over 256 KiB",
        "no default",
        "default is no text",
        "no JSON",
        "other structure",
    ],
)
def test_what_sns_refuses_is_refused(
    cloud: Cloud, topic: str, parameters: dict[str, Any], said: str
) -> None:
    with pytest.raises(ClientError) as refused:
        cloud.client("sns").publish(TopicArn=topic, **{"Message": "hello", **parameters})
    assert refused.value.response["Error"]["Code"] == "InvalidParameter"
    assert said in refused.value.response["Error"]["Message"]
    assert cloud.topics.messages(topic) == []


@pytest.mark.parametrize(
    ("name", "attribute"),
    [
        ("owner", {"DataType": "String", "StringValue": ""}),
        ("own er", {"DataType": "String", "StringValue": "a"}),
        ("AWS.owner", {"DataType": "String", "StringValue": "a"}),
        (".owner", {"DataType": "String", "StringValue": "a"}),
        ("owner", {"DataType": "Text", "StringValue": "a"}),
        ("owner", {"DataType": "String.Array", "StringValue": '{"a": 1}'}),
        ("owner", {"DataType": "String.Array", "StringValue": "a, b"}),
    ],
    ids=["empty", "space", "reserved", "dot", "type", "no array", "no JSON"],
)
def test_an_attribute_of_another_form_is_refused(
    cloud: Cloud, topic: str, name: str, attribute: dict[str, Any]
) -> None:
    with pytest.raises(ClientError, match="attribute"):
        cloud.client("sns").publish(
            TopicArn=topic, Message="hello", MessageAttributes={name: attribute}
        )
    assert cloud.topics.messages(topic) == []


def test_attributes_count_towards_the_size(cloud: Cloud, topic: str) -> None:
    """sns-message-attributes: name, type and value are part of the message size restriction."""
    attributes = {"severity": {"DataType": "String", "StringValue": "ok"}}
    with pytest.raises(ClientError, match="Message too long"):
        cloud.client("sns").publish(
            TopicArn=topic, Message="x" * 262_144, MessageAttributes=attributes
        )
    cloud.client("sns").publish(TopicArn=topic, Message="x" * 262_144)


def test_a_missing_topic_is_not_found(cloud: Cloud, topic: str) -> None:
    with pytest.raises(ClientError, match="NotFound"):
        cloud.client("sns").publish(TopicArn=f"{topic}-not", Message="hello")
    assert cloud.topics.messages(f"{topic}-not") == []


def test_a_subscribed_queue_receives_the_message(cloud: Cloud, topic: str) -> None:
    queues = cloud.client("sqs")
    queue = queues.create_queue(QueueName="inbox")["QueueUrl"]
    arn = queues.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
    cloud.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn["QueueArn"])
    message = json.dumps({"default": "short", "sqs": "for machines"})
    cloud.client("sns").publish(TopicArn=topic, Message=message, MessageStructure="json")
    (received,) = queues.receive_message(QueueUrl=queue)["Messages"]
    assert json.loads(received["Body"])["Message"] == "for machines"
