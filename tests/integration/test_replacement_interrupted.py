"""After an interruption between any two calls, a replacement is made and reported once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from tests.embedded_aws.certificates import Certificate
from tests.embedded_aws.cloud import Cloud
from tests.integration.declarations import declare, pointed, pointer_name
from tests.integration.effects import USED, documents, ending_in, wanted_records
from tests.integration.invocation import (
    NOW,
    Function,
    KilledError,
    Wire,
    calls,
    every_fourth,
    kill,
    scheduled,
)

pytestmark = [
    pytest.mark.integration,
    pytest.mark.usefixtures("kept_clients", "ledger_table"),
]

EVENT = scheduled(NOW)
#: Calls of the run that requests, of the next one, and of one that lives through both.
FIRST, SECOND, BOTH = 40, 33, 48
#: Calls of the run that gives an issued successor up.
GIVEN_UP = 30


@dataclass
class Dead:
    """An expired certificate that a load balancer serves."""

    cloud: Cloud
    topic: str
    zone_id: str
    arn: str

    @property
    def successors(self) -> list[Certificate]:
        return [entry for entry in self.cloud.certificates.all() if entry.arn != self.arn]

    @property
    def replacement_record(self) -> Mapping[str, Any]:
        """The attributes of the only replacement record, as the console shows them."""
        items = self.cloud.client("dynamodb").scan(TableName="certificate-lifecycle-ledger")[
            "Items"
        ]
        (replacement_record,) = [
            item for item in items if item["entry"]["S"].startswith("replacement#")
        ]
        return {name: next(iter(value.values())) for name, value in replacement_record.items()}

    def assert_replaced(self) -> None:
        """Compare with the state in which undisturbed runs leave everything."""
        (successor,) = self.successors
        assert successor.status == "ISSUED"
        assert successor.tags["certificate-lifecycle:replaces"] == self.arn
        assert self.cloud.zones.records(self.zone_id) == wanted_records(self.cloud, self.arn)
        assert self.replacement_record["state"] == "issued"
        assert pointed(self.cloud) == successor.arn
        assert self.replacement_record["successor_arn"] == successor.arn
        assert self.replacement_record["untold"] == "[]"
        reported = [
            action["detail"]
            for document in documents(self.cloud, self.topic)
            for action in document["actions"]
            if action["outcome"] in ("started", "done")
        ]
        assert any("the successor" in text and successor.arn in text for text in reported)
        assert any(f"{successor.arn} is issued" in text for text in reported)
        assert any(f"the parameter {pointer_name()} " in text for text in reported)
        (record,) = self.cloud.certificates.records(self.arn)
        assert any(record.name in text for text in reported)


@pytest.fixture
def dead(cloud: Cloud, topic: str, environment: pytest.MonkeyPatch) -> Dead:
    environment.setenv("ROTATION_MODE", "replace")
    zone_id = cloud.zones.add("example.com")
    arn = cloud.certificates.add(
        domain_name="example.com",
        status="EXPIRED",
        tags={"ManagedBy": "certificate-lifecycle"},
        **USED,
        **ending_in(cloud, -1),
    )
    declare(cloud, value=arn)
    cloud.forget_calls()
    return Dead(cloud, topic, zone_id, arn)


@pytest.fixture
def slow(cloud: Cloud) -> None:
    """Let ACM take an hour to issue."""
    cloud.certificates.issuance_delay = timedelta(hours=1)


def tomorrow(cloud: Cloud) -> Mapping[str, Any]:
    return scheduled(cloud.advance(days=1))


def test_an_undisturbed_run_may_live_through_all_of_it(rotation: Function, dead: Dead) -> None:
    rotation(EVENT)
    assert len(rotation.calls) == BOTH
    dead.assert_replaced()


@pytest.mark.usefixtures("slow")
def test_undisturbed_runs_make_as_many_calls_as_are_disturbed_below(
    rotation: Function, cloud: Cloud, dead: Dead
) -> None:
    rotation(EVENT)
    assert len(rotation.calls) == FIRST
    rotation(tomorrow(cloud))
    assert len(rotation.calls) == SECOND
    dead.assert_replaced()
    rotation(tomorrow(cloud))
    assert set(rotation.writes) <= {"DeleteItem", "Publish", "PutItem"}


@pytest.mark.parametrize("number", range(1, BOTH + 1))
def test_a_run_that_is_killed_while_acm_is_quick_is_made_up_for(
    rotation: Function, cloud: Cloud, dead: Dead, wire: Wire, number: int
) -> None:
    wire.strike_after(number, kill)
    with pytest.raises(KilledError):
        rotation(EVENT)
    rotation(tomorrow(cloud))
    rotation(tomorrow(cloud))
    dead.assert_replaced()


@pytest.mark.usefixtures("slow")
@pytest.mark.parametrize("number", every_fourth(FIRST))
def test_a_first_run_that_is_killed_is_made_up_for(
    rotation: Function, cloud: Cloud, dead: Dead, wire: Wire, number: int
) -> None:
    wire.strike_after(number, kill)
    with pytest.raises(KilledError):
        rotation(EVENT)
    rotation(tomorrow(cloud))
    rotation(tomorrow(cloud))
    dead.assert_replaced()


@pytest.mark.usefixtures("slow")
@pytest.mark.parametrize("number", every_fourth(SECOND))
def test_a_second_run_that_is_killed_is_made_up_for(
    rotation: Function, cloud: Cloud, dead: Dead, wire: Wire, number: int
) -> None:
    rotation(EVENT)
    event = tomorrow(cloud)
    wire.strike_after(number, kill)
    with pytest.raises(KilledError):
        rotation(event)
    rotation(tomorrow(cloud))
    dead.assert_replaced()


def recover(cloud: Cloud, dead: Dead) -> Mapping[str, Any]:
    """Let ACM renew the old certificate after all, and return the event of the next run."""
    event = tomorrow(cloud)
    cloud.certificates.edit(dead.arn, status="ISSUED", **ending_in(cloud, 190))
    return event


def assert_given_up(cloud: Cloud, dead: Dead) -> None:
    assert pointed(cloud) == dead.arn
    assert dead.replacement_record["state"] == "abandoned"


def test_undisturbed_the_pointer_names_a_certificate_that_recovered_in_as_many_calls(
    rotation: Function, cloud: Cloud, dead: Dead
) -> None:
    rotation(EVENT)
    rotation(recover(cloud, dead))
    assert len(rotation.calls) == GIVEN_UP
    assert_given_up(cloud, dead)


@pytest.mark.parametrize("number", calls(GIVEN_UP, *range(8, GIVEN_UP, 8)))
def test_a_run_that_is_killed_while_it_gives_the_successor_up_is_completed_by_the_next_one(
    rotation: Function, cloud: Cloud, dead: Dead, wire: Wire, number: int
) -> None:
    rotation(EVENT)
    event = recover(cloud, dead)
    wire.strike_after(number, kill)
    with pytest.raises(KilledError):
        rotation(event)
    rotation(tomorrow(cloud))
    assert_given_up(cloud, dead)


def _again(rotation: Function) -> None:
    rotation(EVENT)


@pytest.mark.parametrize("number", every_fourth(BOTH))
def test_a_run_inside_another_makes_no_second_successor(
    rotation: Function, cloud: Cloud, dead: Dead, wire: Wire, number: int
) -> None:
    wire.strike_before(number, lambda: _again(rotation))
    rotation(EVENT)
    assert len(dead.successors) == 1
    rotation(tomorrow(cloud))
    dead.assert_replaced()
