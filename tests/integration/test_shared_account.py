"""Several instances share an account: each keeps to its scope, and nothing stays unreported.

The instance of the shop selects by domain, that of the payments by tag.
A third one covers nothing of this estate, and also reports certificates outside its scope.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from certificate_lifecycle.model.errors import RotationError
from tests.embedded_aws.calls import Call
from tests.embedded_aws.cloud import Cloud
from tests.harness.state_table import create_state_table
from tests.integration.effects import ending_in
from tests.integration.invocation import Function, recorded, scheduled, writes

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("kept_clients")]

#: 60 days: every day while replacements are under way, then every third.
DAYS = (*range(12), *range(12, 61, 3))
SCOPES: Mapping[str, dict[str, Any]] = {
    "ops": {"include": {"domains": ["ops.example.com"]}, "others": "report"},
    "shop": {"include": {"domains": ["shop.example.com"]}},
    "pay": {"include": {"tags": {"Team": ["pay"]}}},
}
#: Whose certificates there are; nobody's are in no scope.
OWNERS = ("shop", "pay", "nobody")


@dataclass
class Instance:
    """One instance of the module: its settings, and what its runs found, ignored and called."""

    name: str
    topic: str
    variables: dict[str, str]
    rotation: Function
    environment: pytest.MonkeyPatch
    cloud: Cloud
    findings: list[dict[str, Any]] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    ignored: set[int] = field(default_factory=set)

    def run(self, event: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Run once, and return the result."""
        for name, value in self.variables.items():
            self.environment.setenv(name, value)
        with suppress(RotationError):
            result = self.rotation(scheduled(self.cloud.now) if event is None else event)
            self.findings += result["findings"]
            self.ignored.add(result["ignored"])
            self.calls += self.rotation.calls
            return result
        pytest.fail(f"the run of {self.name} failed")

    @property
    def reported(self) -> set[str]:
        """The common names of everything that was ever a finding."""
        return {finding["domain_name"] for finding in self.findings}

    @property
    def sent(self) -> str:
        """Every message, for people and for programs."""
        messages = self.cloud.topics.messages(self.topic)
        return "".join(
            message.to(protocol) for message in messages for protocol in ("email", "https", "sqs")
        )


@pytest.fixture
def instances(
    cloud: Cloud, rotation: Function, environment: pytest.MonkeyPatch
) -> dict[str, Instance]:
    """Deploy three instances that may change whatever is in their scope."""
    cloud.certificates.page_size = 1000
    return {name: instance(name, cloud, rotation, environment) for name in SCOPES}


def instance(
    name: str, cloud: Cloud, rotation: Function, environment: pytest.MonkeyPatch
) -> Instance:
    topic = cloud.client("sns").create_topic(Name=f"alerts-{name}")["TopicArn"]
    create_state_table(cloud.client("dynamodb", region="eu-west-1"), f"{name}-ledger")
    variables = {
        "SNS_TOPIC_ARN": topic,
        "NAME_PREFIX": f"{name}-certificates",
        "LEDGER_TABLE": f"{name}-ledger",
        "SCOPE": json.dumps(SCOPES[name]),
        "ROTATION_MODE": "replace",
        "UNMANAGED_ROTATION_MODE": "replace",
        "REBIND_CONSUMERS": "true",
    }
    return Instance(name, topic, variables, rotation, environment, cloud)


@dataclass
class Estate:
    """The certificates of an owner, their consumers and what names them."""

    owner: str
    arns: list[str]
    listener: str

    def is_named_in(self, text: str) -> bool:
        """Whether a text contains a name or an ARN of this owner."""
        return f"{self.owner}.example.com" in text or any(arn in text for arn in self.arns)


def trouble(cloud: Cloud, owner: str) -> Estate:
    """Add a dead certificate of a listener, a renewal without its record, and other findings."""
    tags: dict[str, Any] = {"tags": {"Team": owner}}
    dead = cloud.certificates.add(
        domain_name=f"dead.{owner}.example.com", status="EXPIRED", **tags, **ending_in(cloud, -1)
    )
    listener = cloud.consumers.load_balancer(dead, name=f"web-{owner}")
    blocked, due = (
        cloud.certificates.add(domain_name=name, type=kind, **tags, **ending_in(cloud, days))
        for name, kind, days in (
            (f"blocked.{owner}.example.com", "AMAZON_ISSUED", 70),
            (f"due.{owner}.example.com", "IMPORTED", 50),
        )
    )
    for number, arn in enumerate((blocked, due)):
        cloud.consumers.load_balancer(arn, name=f"more-{owner}-{number}")
    failed = cloud.certificates.add(
        domain_name=f"failed.{owner}.example.com", status="FAILED", created_at=cloud.now, **tags
    )
    return Estate(owner, [dead, blocked, due, failed], listener)


@pytest.fixture
def estates(cloud: Cloud) -> dict[str, Estate]:
    """Add troubles of every owner, and newer certificates with names of two owners."""
    cloud.zones.add("example.com")
    estates = {owner: trouble(cloud, owner) for owner in OWNERS}
    for owner, other in (("shop", "pay"), ("pay", "nobody")):
        cloud.certificates.add(
            domain_name=f"dead.{owner}.example.com",
            alternative_names=[f"mixed.{other}.example.com"],
            tags={"Team": "nobody"},
            **ending_in(cloud, 190),
        )
    return estates


def live(cloud: Cloud, instances: Mapping[str, Instance]) -> None:
    """Let every instance run on each of the days, the one that reports everything first."""
    for day, tomorrow in itertools.pairwise(DAYS):
        for each in instances.values():
            each.run()
        cloud.forget_calls()
        cloud.advance(days=tomorrow - day)


def writing(calls: list[Call]) -> list[str]:
    """Return each call as text, except those that only list or read tags."""
    reading = ("List", "SearchCertificates", "DescribeTags", "GetResources")
    return [str(call) for call in calls if not call.operation.startswith(reading)]


def test_nothing_of_one_scope_crosses_into_another_one_and_everything_is_reported(
    cloud: Cloud, instances: dict[str, Instance], estates: dict[str, Estate]
) -> None:
    live(cloud, instances)
    for name in ("shop", "pay"):
        mine = instances[name]
        others = [estate for owner, estate in estates.items() if owner != name]
        assert mine.reported == {
            f"{kind}.{name}.example.com" for kind in ("dead", "blocked", "due", "failed")
        }
        assert not any(finding["outside_scope"] for finding in mine.findings)
        assert not any(estate.is_named_in(mine.sent) for estate in others)
        # Not even a description of another certificate is read.
        crossing = [
            call for call in writing(mine.calls) if any(e.is_named_in(call) for e in others)
        ]
        assert crossing == []
        assert mine.ignored - {0}
        # The instance has replaced the certificate of its own listener.
        served, _ = cloud.consumers.listener_certificates(estates[name].listener)
        assert served not in estates[name].arns
    untouched = estates["nobody"]
    assert cloud.consumers.listener_certificates(untouched.listener) == (untouched.arns[0], [])
    ops = instances["ops"]
    assert ops.reported >= instances["shop"].reported | instances["pay"].reported
    assert ops.reported >= {f"{kind}.nobody.example.com" for kind in ("dead", "due", "failed")}
    assert all(finding["outside_scope"] for finding in ops.findings)
    assert ops.ignored == {0}
    assert {call.service for call in ops.calls if writes([call])} <= {"dynamodb", "sns"}


def test_a_certificate_in_two_scopes_is_a_finding_of_both(
    instances: dict[str, Instance], estates: dict[str, Estate]
) -> None:
    instances["pay"].variables["SCOPE"] = "{}"
    for name in ("shop", "pay"):
        instances[name].variables["ROTATION_MODE"] = "notify"
        instances[name].run()
        assert estates["shop"].is_named_in(instances[name].sent)


def test_an_event_about_a_certificate_of_another_scope_is_ignored_and_said_so(
    instances: dict[str, Instance], estates: dict[str, Estate]
) -> None:
    shop, (dead, *_) = instances["shop"], estates["pay"].arns
    announced = shop.run({**recorded("acm_expired"), "resources": [dead]})
    asked = shop.run({"certificate_arns": [dead]})
    assert (shop.sent, shop.reported, shop.ignored) == ("", set(), {1})
    assert {
        announced["notification"]["reason"],
        asked["notification"]["reason"],
    } == {"nothing to report; requested certificates outside the scope of this instance: 1"}
