"""The example for ticket systems: each call has the key of the problem, and is JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

from certificate_lifecycle.model.run import ChangeKind
from certificate_lifecycle.render.eventbridge import announcements
from tests.embedded_aws.cloud import Cloud
from tests.harness.terraform import Workspace
from tests.unit.render.test_eventbridge import SAMPLE, shown

pytestmark = pytest.mark.terraform

ACCOUNT = "460000000001"
INPUTS = {
    "jira": {"url": "https://api-private.atlassian.com/automation/webhooks/a", "secret": "s"},
    "pagerduty_routing_key": "r",
    "servicenow": {"host": "shop.service-now.com", "user": "u", "password": "p"},
}
#: Member of the body with the key of the problem, and what opens and closes a ticket.
SYSTEMS = {
    "jira": ("label", '"action": "open"', '"action": "close"'),
    "pagerduty": ("dedup_key", '"event_action": "trigger"', '"event_action": "resolve"'),
    "servicenow": ("message_key", '"resolution_state": "New"', '"resolution_state": "Closing"'),
}


@pytest.fixture(scope="module")
def planned(cloud: Cloud) -> Mapping[str, Mapping[str, Any]]:
    """Return the planned attributes of each resource of the example, by address."""
    environment = cloud.environment(account=ACCOUNT)
    with Workspace("examples/tickets", environment, variables=INPUTS) as stack:
        changes = stack.plan()["resource_changes"]
    return {entry["address"]: entry["change"]["after"] for entry in changes}


def event(kind: ChangeKind) -> dict[str, Any]:
    """Return the event of the documentation for an open or a resolved finding."""
    found = [shown(sent) for sent in announcements(SAMPLE)]
    return next(entry for entry in found if entry["detail"].get("change") == kind.value)


def value_at(path: str, sent: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON has any type
    value: Any = sent
    for name in path.removeprefix("$.").split("."):
        value = value[name]
    return value


def body(target: Mapping[str, Any], sent: Mapping[str, Any]) -> tuple[str, Any]:
    """Return the template of a target, and the body that EventBridge makes of it."""
    (transformer,) = target["input_transformer"]
    template: str = transformer["input_template"]
    paths = transformer["input_paths"]
    assert set(re.findall(r"<(\w+)>", template)) <= set(paths)
    text = re.sub(r"<(\w+)>", lambda m: json.dumps(value_at(paths[m[1]], sent)), template)
    return template, json.loads(text)


def key_of(value: Any, member: str) -> list[Any]:  # noqa: ANN401 - JSON has any type
    """Return the values of a member anywhere in a body."""
    if isinstance(value, dict):
        return [found for name, part in value.items() for found in _part(name, part, member)]
    parts = value if isinstance(value, list) else ()
    return [found for part in parts for found in key_of(part, member)]


def _part(name: str, value: Any, member: str) -> list[Any]:  # noqa: ANN401 - JSON has any type
    return [value] if name == member else key_of(value, member)


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_ticket_is_opened_and_closed_with_one_key(
    planned: Mapping[str, Mapping[str, Any]], system: str
) -> None:
    member, opening, closing = SYSTEMS[system]
    for kind, words in ((ChangeKind.NEW, opening), (ChangeKind.RESOLVED, closing)):
        state = "resolved" if kind is ChangeKind.RESOLVED else "open"
        targets = [
            target
            for address, target in planned.items()
            if address.startswith(f"aws_cloudwatch_event_target.{system}_{state}")
        ]
        assert targets
        sent = event(kind)
        for target in targets:
            template, made = body(target, sent)
            assert words in template
            assert key_of(made, member) == [sent["detail"]["problem_key"]]
            assert target["dead_letter_config"]


def test_the_patterns_distinguish_open_and_resolved_findings_of_the_instance(
    planned: Mapping[str, Mapping[str, Any]],
) -> None:
    patterns = {
        address: json.loads(rule["event_pattern"])
        for address, rule in planned.items()
        if address.startswith("aws_cloudwatch_event_rule.")
    }
    assert len(patterns) == 2 + 2 + 4
    for address, pattern in patterns.items():
        detail = pattern["detail"]
        assert pattern["detail-type"] == ["Certificate Finding"]
        assert detail["instance"] == ["ticket-certificates"]
        resolved = "resolved" in address
        assert detail["change"] == (["resolved"] if resolved else [{"anything-but": ["resolved"]}])
        assert not (resolved and "finding" in detail), "a resolved event has no finding"


def test_every_severity_of_a_finding_has_a_rule_in_servicenow(
    planned: Mapping[str, Mapping[str, Any]],
) -> None:
    rules = [address for address in planned if "event_rule.servicenow_open" in address]
    assert {re.findall(r'"(\w+)"', address)[0] for address in rules} == {
        "critical",
        "warning",
        "info",
    }


def test_no_credential_is_outside_the_connections(
    planned: Mapping[str, Mapping[str, Any]],
) -> None:
    others = [
        text
        for address, text in planned.items()
        if not address.startswith(("aws_cloudwatch_event_connection", "module."))
    ]
    assert not re.search(r'"(secret|password|routing_key)"', json.dumps(others))
