"""The records that were written for a renewal, and those among them that were removed again."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from certificate_lifecycle.policy.repair_history import (
    RecordRepair,
    RemovedRecord,
    RepairHistory,
    explain_removed,
    removed_again,
)
from certificate_lifecycle.policy.validation import RecordState
from tests.unit.builders import LABEL, NOW, arn, blocked, finding, zone

DAY = timedelta(days=1)
NAME = f"{LABEL}.shop.example.com"
NONE = RepairHistory(certificate_arn=arn())
ONCE = NONE.with_repairs([f"{NAME.upper()}."], NOW)
TWICE = ONCE.with_repairs([NAME], NOW + DAY)
FULL = replace(TWICE, not_after=NOW + 40 * DAY, version=3)


def test_repairs_of_a_record_are_counted_by_its_name() -> None:
    assert NONE.of(NAME) is None
    assert TWICE.repairs == (RecordRepair(name=NAME, count=2, first_at=NOW, last_at=NOW + DAY),)
    assert (NONE.last_at, TWICE.last_at) == (None, NOW + DAY)


def test_other_records_stay_in_the_history() -> None:
    both = TWICE.with_repairs(["_b.example.com"], NOW)
    assert [(repair.name, repair.count) for repair in both.repairs] == [
        (NAME, 2),
        ("_b.example.com", 1),
    ]


def test_a_clock_that_is_behind_does_not_move_the_last_repair() -> None:
    assert TWICE.with_repairs([NAME], NOW).last_at == NOW + DAY


def test_the_history_of_an_earlier_renewal_does_not_count() -> None:
    now = blocked()
    then = replace(FULL, not_after=now.not_after)
    assert then.current(now) is then
    assert replace(FULL, not_after=NOW).current(now) == RepairHistory(
        certificate_arn=arn(), not_after=now.not_after, version=3
    )


@pytest.mark.parametrize("history", [NONE, FULL], ids=["empty", "full"])
def test_a_history_survives_json(history: RepairHistory) -> None:
    assert RepairHistory.from_dict(json.loads(json.dumps(history.to_dict()))) == history


def test_a_field_of_a_later_version_is_ignored() -> None:
    assert RepairHistory.from_dict({**FULL.to_dict(), "colour": "red"}) == FULL


@pytest.mark.parametrize(
    "change", [{"repairs": [{}]}, {"repairs": "x"}, {"version": "1"}, {"certificate_arn": "x"}]
)
def test_a_damaged_history_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        RepairHistory.from_dict({**FULL.to_dict(), **change})


@pytest.mark.parametrize(
    ("state", "history", "counts"),
    [
        (RecordState.MISSING, NONE, False),
        (RecordState.MISSING, ONCE, True),
        (RecordState.OUTDATED, ONCE, True),
        (RecordState.IN_PLACE, ONCE, False),
        (RecordState.IN_PLACE, TWICE, True),
        (RecordState.FOREIGN, TWICE, False),
        (RecordState.DELEGATED, TWICE, False),
    ],
)
def test_a_record_that_was_written_and_is_missing_was_removed(
    state: RecordState, history: RepairHistory, *, counts: bool
) -> None:
    assert bool(removed_again([finding(state)], history)) == counts


def explained(*histories: RepairHistory, partition: str = "aws") -> str:
    repairs = [repair for history in histories for repair in history.repairs]
    return explain_removed([RemovedRecord(repair, zone()) for repair in repairs], partition)


def test_the_command_shows_the_changes_of_the_zone_since_the_last_repair() -> None:
    assert explained(TWICE) == (
        f"{NAME} was written 2 times since 2026-06-01 12:00 UTC and was removed after that; this "
        "command shows which principal changed zone example.com (Z1) since the last repair: aws "
        "cloudtrail lookup-events --region us-east-1 --start-time 2026-06-02T12:00:00Z "
        "--lookup-attributes AttributeKey=EventName,AttributeValue=ChangeResourceRecordSets "
        "--query Events --output text | grep Z1"
    )


def test_one_repair_and_several_records_are_described_as_such() -> None:
    assert " was written on 2026-06-01 12:00 UTC and was removed after that; " in explained(ONCE)
    several = explained(TWICE, NONE.with_repairs(["_b.example.com"], NOW - DAY))
    assert ", _b.example.com were written 2 times since 2026-05-31 12:00 UTC and were" in several
    assert "--start-time 2026-05-31T12:00:00Z" in several


@pytest.mark.parametrize(
    ("partition", "region"),
    [("aws", "us-east-1"), ("aws-cn", "cn-northwest-1"), ("aws-us-gov", "us-gov-west-1")],
)
def test_the_events_of_route_53_are_in_one_region_of_the_partition(
    partition: str, region: str
) -> None:
    assert f"--region {region} " in explained(ONCE, partition=partition)
