"""A run reads again what changed, and what it acts on; everything else is remembered."""

from __future__ import annotations

import zlib
from collections import Counter
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest

from certificate_lifecycle.aws.state_table import StateTable
from certificate_lifecycle.model.scope import Scope
from certificate_lifecycle.policy.remembered import Remembered, RememberedCertificates
from tests.embedded_aws.cloud import Cloud
from tests.estates.scale import fill
from tests.integration.effects import OURS, USED, ending_in, put_records
from tests.integration.invocation import (
    Function,
    KilledError,
    Wire,
    kill,
    make_ledger,
    scheduled,
)
from tests.unit import builders

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("kept_clients")]

NOTIFY = {"rotation_mode": "notify"}
MODE_TAG = "certificate-lifecycle:mode"
LATER = timedelta(hours=1)


@pytest.fixture(autouse=True)
def table(cloud: Cloud, environment: pytest.MonkeyPatch) -> str:
    return make_ledger(cloud, environment, "eu-west-1")


def described(function: Function, arn: str) -> bool:
    """Whether the last invocation described a certificate."""
    return any(
        call.operation == "DescribeCertificate" and call.parameters["CertificateArn"] == arn
        for call in function.calls
    )


def stored(function: Function) -> list[Any]:
    """Return the names of the entries that the last invocation wrote descriptions to."""
    names = [
        call.parameters["Item"]["entry"]["S"]
        for call in function.calls
        if call.operation == "PutItem"
    ]
    return [name for name in names if name.startswith("remembered#")]


def items(cloud: Cloud, table: str) -> list[dict[str, Any]]:
    """Return the entries with descriptions."""
    found = cloud.client("dynamodb").scan(TableName=table)["Items"]
    return [item for item in found if item["entry"]["S"].startswith("remembered#")]


def blocked(cloud: Cloud, **attributes: Any) -> str:  # noqa: ANN401 - any attribute
    """Add a certificate whose renewal waits for a record that this account could write."""
    waiting = {"renewal_status": "PENDING_VALIDATION", **USED, **OURS, **ending_in(cloud, 40)}
    return cloud.certificates.add(domain_name="shop.example.com", **{**waiting, **attributes})


@pytest.fixture
def two(cloud: Cloud) -> list[str]:
    """Add two certificates whose renewals are blocked, so that a search is worth its call."""
    cloud.zones.add("example.com")
    return [blocked(cloud), blocked(cloud)]


def test_a_second_run_over_an_unchanged_estate_makes_only_the_calls_of_the_listing(
    rotation: Function, cloud: Cloud
) -> None:
    made = fill(cloud, 300)
    first = rotation(NOTIFY)
    before = len(rotation.operations)
    assert Counter(rotation.operations)["DescribeCertificate"] == 9
    cloud.advance(hours=1)
    second = rotation(NOTIFY)
    assert Counter(rotation.operations) == {
        "Query": 2,
        "ListAcmeEndpoints": 1,
        "ListCertificates": 2,
        "ListServerCertificates": 1,
        "GetParametersByPath": 1,
        "SearchCertificates": 2,
        "GetResources": 1,
    }
    assert before >= 3 * len(rotation.operations)
    assert made["far"] == second["counts"]["Healthy"]
    assert list(map(seen, second["findings"])) == list(map(seen, first["findings"]))


def seen(found: dict[str, Any]) -> tuple[Any, ...]:
    """Return what a description says about a finding, whatever the time is."""
    return found["certificate_arn"], found["verdict"], found["reason"], found["used_by"]


def test_what_a_run_remembers_is_bounded_compressed_and_ends_with_the_certificate(
    rotation: Function, cloud: Cloud, table: str, two: list[str]
) -> None:
    rotation(NOTIFY)
    texts = [zlib.decompress(item["certificates"]["B"]).decode() for item in items(cloud, table)]
    assert all(any(arn in text for text in texts) for arn in two)
    assert not any("ManagedBy" in text for text in texts)
    for arn in two:
        cloud.certificates.edit(arn, in_use_by=[])
        cloud.client("acm").delete_certificate(CertificateArn=arn)
    rotation(NOTIFY)
    found = [zlib.decompress(item["certificates"]["B"]) for item in items(cloud, table)]
    assert set(found) == {b"[]"}


@pytest.mark.parametrize(
    "change",
    [{"exported": True}, {"renewal_status": "FAILED"}, {"eligibility": "INELIGIBLE"}],
    ids=str,
)
def test_a_change_that_the_listing_or_the_search_shows_is_read(
    rotation: Function, cloud: Cloud, two: list[str], change: dict[str, Any]
) -> None:
    rotation(NOTIFY)
    cloud.certificates.edit(two[0], **change)
    rotation(NOTIFY)
    assert [described(rotation, arn) for arn in two] == [True, False]


@pytest.mark.parametrize(
    ("event", "after"),
    [
        (NOTIFY, timedelta(days=7)),
        ({**NOTIFY, "certificate_arns": ["{arn}"]}, LATER),
    ],
    ids=["seven days", "a request"],
)
def test_a_certificate_is_described_again_after_a_week_and_on_request(
    rotation: Function, cloud: Cloud, two: list[str], event: dict[str, Any], after: timedelta
) -> None:
    rotation(NOTIFY)
    cloud.advance(days=after.days, seconds=after.seconds)
    rotation({**event, **({"certificate_arns": two[:1]} if "certificate_arns" in event else {})})
    assert described(rotation, two[0])


def test_a_critical_certificate_is_described_every_day(rotation: Function, cloud: Cloud) -> None:
    arns = [
        cloud.certificates.add(type="IMPORTED", **USED, **ending_in(cloud, days))
        for days in (5, 25)
    ]
    rotation(NOTIFY)
    cloud.advance(days=1)
    rotation(NOTIFY)
    assert [described(rotation, arn) for arn in arns] == [True, False]


def test_a_dry_run_uses_what_is_remembered_and_stores_nothing(
    rotation: Function, two: list[str]
) -> None:
    dry = {**NOTIFY, "dry_run": True}
    rotation(dry)
    assert described(rotation, two[0])
    assert "PutItem" not in rotation.operations
    rotation(NOTIFY)
    rotation(dry)
    assert not described(rotation, two[0])
    assert "PutItem" not in rotation.operations


GARBAGE: dict[str, dict[str, Any]] = {
    "no attribute": {},
    "text": {"certificates": {"S": "[]"}},
    "not compressed": {"certificates": {"B": b"[]"}},
    "huge": {"certificates": {"B": zlib.compress(b" " * 40_000_000)}},
    "cut off": {"certificates": {"B": zlib.compress(b"[]")[:-2]}},
    "no list": {"certificates": {"B": zlib.compress(b"5")}},
    "deep": {"certificates": {"B": zlib.compress(b"[" * 100_000)}},
    "no text": {"certificates": {"B": zlib.compress(b"\xff")}},
    "other entries": {"certificates": {"B": zlib.compress(b'[5,{"certificate":{}}]')}},
}


@pytest.mark.parametrize("garbage", GARBAGE)
def test_what_cannot_be_read_is_described_and_replaced(
    rotation: Function, cloud: Cloud, table: str, two: list[str], garbage: str
) -> None:
    rotation(NOTIFY)
    before = items(cloud, table)
    for item in before:
        kept = {name: value for name, value in item.items() if name != "certificates"}
        cloud.client("dynamodb").put_item(TableName=table, Item={**kept, **GARBAGE[garbage]})
    result = rotation(NOTIFY)
    assert result["scopes"][0]["status"] == "ok"
    assert described(rotation, two[0])
    assert items(cloud, table) == before


@pytest.mark.parametrize("lost", ["certificates", "certificates and since", "every item"])
def test_the_day_on_which_what_was_remembered_is_lost_is_not_taken_for_the_first(
    rotation: Function, cloud: Cloud, table: str, two: list[str], lost: str
) -> None:
    """The finding of `two` has an alert record, which is not lost."""
    del two
    zone = cloud.zones.add("far.example.com")
    far = cloud.certificates.add(domain_name="far.example.com", **USED, **ending_in(cloud, 150))
    put_records(cloud, zone, far)
    rotation(NOTIFY)
    client = cloud.client("dynamodb")
    for item in items(cloud, table):
        keys = {name: item[name] for name in ("scope", "entry")}
        if lost == "every item":
            client.delete_item(TableName=table, Key=keys)
        else:
            since = {} if "since" in lost else {"since": item["since"]}
            client.put_item(TableName=table, Item={**keys, **since})
    cloud.advance(days=1)
    rotation(NOTIFY)
    assert described(rotation, far)


def test_a_run_that_is_stopped_before_it_stores_costs_only_calls(
    rotation: Function, cloud: Cloud, wire: Wire, table: str, two: list[str]
) -> None:
    wire.before = lambda operation: kill() if operation == "PutItem" else None
    with pytest.raises(KilledError):
        rotation(NOTIFY)
    wire.reset()
    assert items(cloud, table) == []
    assert rotation(NOTIFY)["counts"] == {"RenewalBlocked": 2}
    assert described(rotation, two[0])


def test_of_two_overlapping_runs_each_reports_all_and_the_next_one_remembers(
    rotation: Function, cloud: Cloud, wire: Wire, two: list[str]
) -> None:
    results = []

    def meanwhile() -> None:
        cloud.certificates.edit(two[0], renewal_status="FAILED")
        results.append(rotation(NOTIFY))

    def overlap(operation: str) -> None:
        if operation == "PutItem":
            wire.before = lambda _: None
            meanwhile()

    wire.before = overlap
    results.append(rotation(NOTIFY))
    assert [len(result["findings"]) for result in results] == [2, 2]
    # The later write has the description of before, which the search contradicts.
    assert rotation(NOTIFY)["findings"] == results[0]["findings"] != results[1]["findings"]


def test_a_table_that_cannot_be_written_costs_only_calls(
    rotation: Function, cloud: Cloud, two: list[str]
) -> None:
    cloud.fail(
        *("dynamodb", "PutItem", "AccessDeniedException"),
        when=lambda parameters: "certificates" in parameters["Item"],
        times=None,
    )
    for _ in range(2):
        assert rotation(NOTIFY)["counts"] == {"RenewalBlocked": 2}
        assert described(rotation, two[0])


@pytest.mark.parametrize(("largest", "entries", "kept"), [(700, 64, 12), (10, 512, 0)])
def test_many_descriptions_are_spread_over_entries_and_what_fits_in_none_is_left_out(
    cloud: Cloud, table: str, environment: pytest.MonkeyPatch, largest: int, entries: int, kept: int
) -> None:
    """A later run with fewer descriptions leaves nothing behind."""
    environment.setattr("certificate_lifecycle.aws.state_table._LARGEST_MEMORY", largest)
    environment.setattr("certificate_lifecycle.aws.state_table._LARGEST_TEXT", 100 * largest)
    client, place = cloud.client("dynamodb"), Scope("123456789012", "eu-west-1")
    seen = [
        builders.certificate(
            arn=builders.arn(f"n{number}"),
            detail=builders.detail(serial=sha256(bytes([number])).hexdigest()),
        )
        for number in range(12)
    ]
    found = {
        entry.arn: Remembered(fingerprint="", described_at=cloud.now, certificate=entry)
        for entry in seen
    }
    memory = RememberedCertificates(entries=found, since=cloud.now)
    StateTable(client, table, place).save_memory(memory)
    names = [item["entry"]["S"] for item in items(cloud, table)]
    assert 1 < len(names) <= entries
    assert all(len(item["certificates"]["B"]) <= max(largest, 10) for item in items(cloud, table))
    again = StateTable(client, table, place)
    assert len(again.memory().entries) == kept
    again.save_memory(RememberedCertificates(since=cloud.now))
    assert StateTable(client, table, place).memory().entries == {}


# --- What is remembered leads to no write ---------------------------------------------------------


@pytest.mark.parametrize("known", ["remembered", "in the index"])
def test_a_tag_that_forbids_an_action_is_seen_although_older_tags_are_known(
    rotation: Function, cloud: Cloud, two: list[str], known: str
) -> None:
    """The index of tags stands still, as it may for some minutes."""
    cloud.tag_index.stand_still()
    if known == "remembered":
        rotation(NOTIFY)
    for arn in two:
        cloud.certificates.edit(arn, tags={**OURS["tags"], MODE_TAG: "notify"})
    result = rotation(scheduled(cloud.now))
    assert {action["outcome"] for action in result["actions"]} == {"advised"}
    assert not set(rotation.writes) & {"ChangeResourceRecordSets"}


def test_a_certificate_that_left_the_scope_is_not_changed_although_older_tags_are_known(
    rotation: Function, cloud: Cloud, two: list[str], environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("SCOPE", '{"exclude": {"tags": {"Team": ["other"]}}}')
    cloud.tag_index.stand_still()
    for arn in two:
        cloud.certificates.edit(arn, tags={"Team": "other"})
    result = rotation(scheduled(cloud.now))
    assert (result["findings"], result["actions"]) == ([], [])
    assert "ChangeResourceRecordSets" not in rotation.writes


def test_a_certificate_whose_tags_cannot_be_read_again_is_not_changed(
    rotation: Function, cloud: Cloud, two: list[str]
) -> None:
    rotation(NOTIFY)
    cloud.fail("acm", "ListTagsForCertificate", "InternalFailure", times=None)
    with pytest.raises(Exception, match=two[0]):
        rotation(scheduled(cloud.now))
    assert "ChangeResourceRecordSets" not in rotation.writes


def test_a_due_action_is_decided_by_a_description_of_the_same_run(
    rotation: Function, cloud: Cloud, two: list[str]
) -> None:
    rotation(NOTIFY)
    result = rotation(scheduled(cloud.now))
    assert {action["outcome"] for action in result["actions"]} == {"done"}
    write = rotation.operations.index("ChangeResourceRecordSets")
    assert rotation.operations[:write].count("DescribeCertificate") == 2
    assert rotation.operations[:write].count("ListTagsForCertificate") == 2
    # What this run changed is described by the next one.
    rotation(NOTIFY)
    assert described(rotation, two[0])


def test_names_of_consumers_are_read_once(rotation: Function, cloud: Cloud) -> None:
    arn = cloud.certificates.add(type="IMPORTED", **ending_in(cloud, 25))
    cloud.consumers.load_balancer(arn, name="shop")
    first = rotation(NOTIFY)
    assert "DescribeListeners" in rotation.operations
    second = rotation(NOTIFY)
    assert "DescribeListeners" not in rotation.operations
    assert second["findings"][0]["used_by"] == first["findings"][0]["used_by"]
