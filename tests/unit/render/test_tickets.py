"""The input templates of examples/tickets, filled as EventBridge fills them, are requests."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from certificate_lifecycle.render.eventbridge import announcements
from tests.unit.builders import run
from tests.unit.render.test_eventbridge import HEALTHY, NEW, RESOLVED, hostile, shown
from tests.unit.tables import DATA

REPOSITORY = Path(__file__).parents[3]
EXAMPLE = REPOSITORY / "examples" / "tickets"
OPEN, CLOSE, *_ = json.loads((DATA / "announcements.json").read_text(encoding="utf-8"))
#: Everything that JSON or a placeholder could end with.
TEXT = 'a "b" \\c\n</d> <problem_key> \\"'
HOSTILE_OPEN, HOSTILE_CLOSE, *_ = (
    shown(event)
    for event in announcements(
        run(
            hostile(TEXT, 2),
            HEALTHY,
            changes=(NEW, replace(RESOLVED, name=TEXT, current_state=TEXT)),
        )
    )
)
TRANSFORMER = re.compile(
    r"paths += \{\n?(?P<paths>.*?)\}\n.*?template = <<-EOT\n(?P<template>.*?)\n *EOT", re.DOTALL
)


def templates(system: str) -> list[tuple[Mapping[str, str], str]]:
    """Return the variables and the template of each transformer in the file of a system."""
    text = (EXAMPLE / f"{system}.tf").read_text(encoding="utf-8")
    return [
        (dict(re.findall(r'(\w+) += "(\$[^"]+)"', found["paths"])), found["template"])
        for found in TRANSFORMER.finditer(text)
    ]


def filled(paths: Mapping[str, str], template: str, event: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON has any type
    """Fill a template in the least favourable way that the documentation permits, and parse it.

    EventBridge user guide, "Amazon EventBridge input transformation": values are not escaped, an
    object belongs outside of quotation marks, and a value that does not exist is left out.
    """
    assert set(re.findall(r"<(\w+)>", template)) == paths.keys()

    def value(placeholder: re.Match[str]) -> str:
        found: Any = event
        for part in paths[placeholder[1]].removeprefix("$.").split("."):
            found = found[part]
        is_quoted = template[: placeholder.start()].rpartition("\n")[2].count('"') % 2 == 1
        assert isinstance(found, str if is_quoted else dict), placeholder[0]
        return str(found) if is_quoted else json.dumps(found)

    return json.loads(re.sub(r"<(\w+)>", value, template))


@pytest.mark.parametrize("event", [OPEN, HOSTILE_OPEN], ids=["sample", "hostile"])
class TestAFindingThatIsOpened:
    def test_triggers_an_alert_of_pagerduty(self, event: Mapping[str, Any]) -> None:
        sent = filled(*templates("pagerduty")[0], event)
        finding = event["detail"]["finding"]
        assert (sent["event_action"], sent["dedup_key"]) == ("trigger", key(event))
        assert sent["payload"]["severity"] in {"critical", "error", "warning", "info"}
        assert sent["payload"]["summary"] == f"{finding['domain_name']}: {finding['verdict']}"
        assert len(sent["payload"]["summary"]) <= 1024
        assert sent["payload"]["custom_details"] == finding

    def test_updates_an_alert_of_servicenow(self, event: Mapping[str, Any]) -> None:
        (record,) = filled(*templates("servicenow")[0], event)["records"]
        assert record["message_key"] == key(event)
        assert record["severity"] == "${number}"
        assert record["description"].endswith(f": {event['detail']['finding']['message']}")


@pytest.mark.parametrize("event", [CLOSE, HOSTILE_CLOSE], ids=["sample", "hostile"])
class TestAFindingThatIsResolved:
    def test_resolves_the_alert_of_pagerduty(self, event: Mapping[str, Any]) -> None:
        sent = filled(*templates("pagerduty")[1], event)
        assert sent == {"event_action": "resolve", "dedup_key": key(event)}

    def test_clears_the_alert_of_servicenow(self, event: Mapping[str, Any]) -> None:
        (record,) = filled(*templates("servicenow")[1], event)["records"]
        assert (record["message_key"], record["severity"]) == (key(event), "0")


@pytest.mark.parametrize("event", [OPEN, CLOSE, HOSTILE_OPEN, HOSTILE_CLOSE])
def test_a_rule_of_jira_receives_key_and_change_of_every_finding(event: Mapping[str, Any]) -> None:
    ((paths, template),) = templates("jira")
    assert filled(paths, template, event) == {
        "problem_key": key(event),
        "change": event["detail"]["change"],
        "detail": event["detail"],
    }


def key(event: Mapping[str, Any]) -> str:
    found: str = event["detail"]["problem_key"]
    assert re.fullmatch(r"certificate-lifecycle-[0-9a-f]{24}", found)
    return found


def test_the_documentation_shows_pagerduty_as_the_example_has_it() -> None:
    files = ("main", "delivery", "pagerduty")
    main, delivery, pagerduty = (
        (EXAMPLE / f"{name}.tf").read_text(encoding="utf-8") for name in files
    )
    delivery = re.sub(r"    (jira|servicenow) += .*\n", "", delivery)
    delivery = delivery.replace("    pagerduty  =", "    pagerduty =")
    _, provider, shared = main.partition('provider "aws" {\n  region = "eu-west-1"\n}\n\n')
    shared, replaced = re.subn(r"  # In your repository: (.*)\n.*\n", r"  \1\n", shared)
    page = (REPOSITORY / "docs" / "events.md").read_text(encoding="utf-8")
    assert provider
    assert replaced == 1
    assert f"```hcl\n{shared}\n{delivery}\n{pagerduty}```\n" in page
