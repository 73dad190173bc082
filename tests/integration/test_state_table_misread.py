"""An unreadable entry of the state table is named, and stops only what it is about."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from certificate_lifecycle.aws.state_table import StateTable
from certificate_lifecycle.model.errors import (
    RotationError,
    StateConflictError,
    StateUnreadableError,
)
from certificate_lifecycle.model.scope import Scope
from certificate_lifecycle.policy.import_history import ImportHistory
from certificate_lifecycle.policy.succession import ReplacementRecord, ReplacementState
from tests.embedded_aws.cloud import Cloud
from tests.integration.effects import USED, documents, ending_in
from tests.integration.invocation import NOW, Function, scheduled

pytestmark = pytest.mark.integration

Item = Mapping[str, Any]

PLACE = Scope("123456789012", "eu-west-1")
ARN = "arn:aws:acm:eu-west-1:123456789012:certificate/old"
THEN = {"S": "2026-06-01T12:00:00.000000+00:00"}
REPLACEMENT: Item = {
    "entry": {"S": f"replacement#{ARN}"},
    "state": {"S": "issued"},
    "started_at": THEN,
    "attempt": {"N": "1"},
    "moves": {"S": "[]"},
    "note": {"S": ""},
    "untold": {"S": "[]"},
    "version": {"N": "1"},
}
ALERT: Item = {
    "entry": {"S": f"told#{ARN}"},
    "verdict": {"S": "Expired"},
    "reason": {"S": "PastNotAfter"},
    "severity": {"S": "critical"},
    "band": {"S": "over"},
    "told_at": THEN,
    "version": {"N": "1"},
}
#: The key of an alert record, with a name where the ARN belongs.
NO_ARN = ALERT["entry"]["S"].replace(ARN, "shop")
INTENT: Item = {
    "entry": {"S": f"note#{ARN}#Export"},
    "text": {"S": "export it"},
    "run_id": {"S": "run-0"},
    "written_at": THEN,
}


VERSION = {
    "leaf": "a1",
    "chain": "",
    "not_before": "2026-06-01T12:00:00+00:00",
    "not_after": "9999-12-31T23:59:59+00:00",
}
IMPORTS: Item = {
    "entry": {"S": f"imports#{ARN}"},
    "versions": {"S": json.dumps([VERSION])},
    "version": {"N": "1"},
}


@pytest.fixture
def state_store(cloud: Cloud, ledger_table: str) -> StateTable:
    return StateTable(cloud.client("dynamodb"), ledger_table, PLACE)


def put(cloud: Cloud, table: str, item: Item) -> None:
    """Store an item as another version of the module, or a person, would."""
    stored = {"scope": {"S": "123456789012/eu-west-1"}, **item}
    cloud.client("dynamodb").put_item(TableName=table, Item=stored)


def test_the_items_that_are_changed_below_are_understood(
    state_store: StateTable, cloud: Cloud, ledger_table: str
) -> None:
    for item in (REPLACEMENT, ALERT, INTENT):
        put(cloud, ledger_table, item)
    assert (
        len(state_store.replacement_records()),
        len(state_store.alert_records()),
        len(state_store.intents()),
    ) == (1, 1, 1)


@pytest.mark.parametrize(
    "item",
    [
        pytest.param(
            {**REPLACEMENT, "started_at": {"S": "2026-06-01T12:00:00"}}, id="no time zone"
        ),
        pytest.param(
            {**REPLACEMENT, "started_at": {"S": "2026-06-01T12:00:00Z"}}, id="other width"
        ),
        pytest.param({**REPLACEMENT, "successor_arn": {"N": "1"}}, id="successor is a number"),
        pytest.param({**REPLACEMENT, "claimed_by": {"N": "1"}}, id="claimant is a number"),
        pytest.param({**REPLACEMENT, "moves": {"S": "{}"}}, id="moves are no list"),
        pytest.param({**REPLACEMENT, "untold": {"S": '"text"'}}, id="untold is no list"),
        pytest.param({**REPLACEMENT, "untold": {"S": "[1]"}}, id="untold is no text"),
        pytest.param({**REPLACEMENT, "expires_at": {"N": "9" * 25}}, id="end beyond all time"),
        pytest.param({**ALERT, "told_at": {"S": "2026-06-01"}}, id="day instead of a time"),
        pytest.param({**INTENT, "entry": {"S": f"note#{ARN}#Teleport"}}, id="unknown action"),
        pytest.param({**INTENT, "entry": {"S": "note#"}}, id="no action"),
        pytest.param({**INTENT, "entry": {"S": "note#shop#Export"}}, id="note about no ARN"),
        pytest.param({**ALERT, "entry": {"S": NO_ARN}}, id="alert record of no ARN"),
        pytest.param({**REPLACEMENT, "entry": {"S": "replacement#shop"}}, id="replaces no ARN"),
        pytest.param({**REPLACEMENT, "moves": {"S": "[" * 20_000}}, id="too deep"),
        pytest.param({**REPLACEMENT, "moves": {"S": "[5]"}}, id="a move is a number"),
        pytest.param(
            {**REPLACEMENT, "verified_at": {"S": "9999-12-31T23:59:59.999999+00:00"}},
            id="other times",
        ),
    ],
)
def test_an_entry_that_would_be_misread_is_named(
    state_store: StateTable, cloud: Cloud, ledger_table: str, item: Item
) -> None:
    put(cloud, ledger_table, item)
    read = (state_store.replacement_records(), state_store.alert_records(), state_store.intents())
    assert read == ([], [], [])
    assert [entry.name for entry in state_store.unreadable()] == [item["entry"]["S"]]


def test_an_unreadable_time_of_the_last_message_is_named(
    state_store: StateTable, cloud: Cloud, ledger_table: str
) -> None:
    put(cloud, ledger_table, {"entry": {"S": "message#last"}, "told_at": {"S": "yesterday"}})
    with pytest.raises(StateUnreadableError, match="message#last"):
        state_store.last_notification()


@pytest.fixture
def expired(cloud: Cloud, environment: pytest.MonkeyPatch) -> tuple[str, str]:
    """Two expired certificates in use, in an account where certificates are replaced."""
    environment.setenv("ROTATION_MODE", "replace")
    cloud.zones.add("example.com")
    first, second = (
        cloud.certificates.add(
            domain_name=f"{name}.example.com", status="EXPIRED", **USED, **ending_in(cloud, -1)
        )
        for name in ("first", "second")
    )
    return first, second


def put_for(cloud: Cloud, ledger_table: str, misread: Item, arn: str) -> Item:
    """Put an entry about another certificate, and return the item."""
    item = {**misread, "entry": {"S": misread["entry"]["S"].replace(ARN, arn)}}
    put(cloud, ledger_table, item)
    return item


def successors(cloud: Cloud, arn: str) -> int:
    tags = [certificate.tags for certificate in cloud.certificates.all()]
    return sum(tag.get("certificate-lifecycle:replaces") == arn for tag in tags)


def outcomes(document: Mapping[str, Any], arn: str) -> dict[str, str]:
    return {
        action["outcome"]: action["detail"]
        for action in document["actions"]
        if action["certificate_arn"] == arn
    }


def test_an_import_history_is_read_as_it_was_written(
    state_store: StateTable, cloud: Cloud, ledger_table: str
) -> None:
    put(cloud, ledger_table, {**IMPORTS, "colour": {"S": "of a later version"}})
    (held,) = state_store.import_history(ARN).versions
    assert held.to_dict() == VERSION
    other = ARN.replace("old", "other")
    assert state_store.import_history(other) == ImportHistory(certificate_arn=other)


@pytest.mark.parametrize(
    "item",
    [
        pytest.param({**IMPORTS, "versions": {"S": "{}"}}, id="versions are no list"),
        pytest.param({**IMPORTS, "versions": {"S": "[" * 20_000}}, id="too deep"),
        pytest.param({**IMPORTS, "importing": {"S": "[]"}}, id="an import is a list"),
        pytest.param({**IMPORTS, "version": {"S": "1"}}, id="version is a text"),
        pytest.param({**IMPORTS, "imported_at": {"S": "2026-06-01"}}, id="day instead of a time"),
        pytest.param({"entry": IMPORTS["entry"]}, id="empty"),
    ],
)
def test_an_unreadable_import_history_stops_the_import_of_its_certificate(
    state_store: StateTable, cloud: Cloud, ledger_table: str, item: Item
) -> None:
    put(cloud, ledger_table, item)
    with pytest.raises(StateUnreadableError, match=item["entry"]["S"]):
        state_store.import_history(ARN)
    other = ARN.replace("old", "other")
    assert state_store.import_history(other) == ImportHistory(certificate_arn=other)
    assert state_store.intents() == []


@pytest.mark.parametrize(
    "misread",
    [
        pytest.param({**REPLACEMENT, "state": {"S": "paused"}}, id="state of a later version"),
        pytest.param({"entry": REPLACEMENT["entry"]}, id="nothing but a key"),
        pytest.param(
            {"entry": {"S": f"replacement-move#{ARN}#1"}, "kind": {"S": "Toaster"}},
            id="move of a later version",
        ),
        pytest.param({**INTENT, "entry": {"S": f"note#{ARN}#Teleport"}}, id="unknown action"),
    ],
)
def test_an_entry_of_a_later_version_stops_only_the_actions_for_its_certificate(
    rotation: Function,
    cloud: Cloud,
    topic: str,
    ledger_table: str,
    expired: tuple[str, str],
    misread: Item,
) -> None:
    first, second = expired
    item = put_for(cloud, ledger_table, misread, first)
    entry = item["entry"]["S"]

    with pytest.raises(RotationError, match="cannot be read"):
        rotation(scheduled(NOW))

    assert (successors(cloud, first), successors(cloud, second)) == (0, 1)
    (document,) = documents(cloud, topic)
    assert entry in outcomes(document, first)["failed"]
    assert "failed" not in outcomes(document, second)
    stored = cloud.client("dynamodb").scan(TableName=ledger_table)["Items"]
    assert {"scope": {"S": "123456789012/eu-west-1"}, **item} in stored


@pytest.mark.parametrize(
    "misread",
    [
        pytest.param({**ALERT, "told_at": {"S": "2026-06-01T12:00:00"}}, id="no time zone"),
        pytest.param({**ALERT, "version": {"S": "one"}}, id="another type"),
        pytest.param({**ALERT, "entry": {"S": NO_ARN}}, id="no ARN"),
    ],
)
def test_an_unreadable_alert_record_silences_nothing_and_stops_nothing(
    rotation: Function,
    cloud: Cloud,
    topic: str,
    ledger_table: str,
    expired: tuple[str, str],
    misread: Item,
) -> None:
    first, second = expired
    item = put_for(cloud, ledger_table, misread, first)
    entry = item["entry"]["S"]

    with pytest.raises(RotationError, match="cannot be read"):
        rotation(scheduled(NOW))

    (document,) = documents(cloud, topic)
    assert {first, second} <= {finding["certificate_arn"] for finding in document["findings"]}
    assert entry in document["scopes"][0]["error"]
    assert (successors(cloud, first), successors(cloud, second)) == (1, 1)
    stored = cloud.client("dynamodb").scan(TableName=ledger_table)["Items"]
    assert {"scope": {"S": "123456789012/eu-west-1"}, **item} in stored
    assert f"told#{second}" in {item["entry"]["S"] for item in stored}


def test_a_conflict_names_the_holder_of_the_claim_and_its_end(state_store: StateTable) -> None:
    begun = ReplacementRecord(certificate_arn=ARN, state=ReplacementState.REQUESTED, started_at=NOW)
    claimed = state_store.claim(begun, "run-1", NOW, NOW + timedelta(minutes=20))
    with pytest.raises(StateConflictError) as held:
        state_store.claim(claimed, "run-2", NOW, NOW + timedelta(minutes=20))
    assert str(held.value) == (
        "run-1 claimed or changed it first; its claim ends at 2026-06-15T12:20:00.000000+00:00"
    )


def test_a_conflict_over_a_released_record_has_no_end(state_store: StateTable) -> None:
    begun = ReplacementRecord(certificate_arn=ARN, state=ReplacementState.REQUESTED, started_at=NOW)
    claimed = state_store.claim(begun, "run-1", NOW, NOW + timedelta(minutes=20))
    state_store.save_replacement(replace(claimed, claimed_by=None, claimed_until=None))
    with pytest.raises(StateConflictError) as held:
        state_store.save_replacement(claimed)
    assert str(held.value) == "another run claimed or changed it first"
