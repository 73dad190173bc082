"""Daily runs over more than a year: ACM renews, rotation repairs, and messages are rare."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from tests.embedded_aws.cloud import Cloud
from tests.integration.effects import USED, documents, ending_in, put_records, wanted_records
from tests.integration.invocation import NOW, Function, scheduled

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("kept_clients")]

DAYS = 400
NAMES = ("example.com", "*.example.com", "api.example.com", "shop.example.com")
#: Runs are a day apart, and ACM needs up to one to renew once it can.
LATE = timedelta(days=2)


@pytest.fixture
def zone(cloud: Cloud) -> str:
    """Host example.com in public."""
    return cloud.zones.add("example.com")


def estate(cloud: Cloud, zone: str) -> list[str]:
    """Add certificates in use, validated by DNS, that end on different days."""
    arns = [
        cloud.certificates.add(domain_name=name, **USED, **ending_in(cloud, 60 + 45 * number))
        for number, name in enumerate(NAMES)
    ]
    put_records(cloud, zone, *arns)
    return arns


def live(
    rotation: Function, cloud: Cloud, days: int, events: Mapping[int, Any] | None = None
) -> Counter[str]:
    """Run once a day, let `events` happen on their days, and count the writes of all runs."""
    made: Counter[str] = Counter()
    for day in range(days):
        if events and day in events:
            events[day]()
        rotation(scheduled(cloud.now))
        made.update(rotation.writes)
        cloud.forget_calls()
        cloud.advance(days=1)
    return made


@pytest.mark.nightly
def test_a_healthy_estate_lives_for_400_days_without_a_request_a_write_or_a_message(
    rotation: Function, cloud: Cloud, zone: str
) -> None:
    """Bugs 34, 46 and 48."""
    arns = estate(cloud, zone)
    first = {arn: cloud.certificates.get(arn).not_after for arn in arns}

    made = live(rotation, cloud, DAYS)

    assert made == Counter()
    assert [certificate.arn for certificate in cloud.certificates.all()] == arns
    for arn in arns:
        renewed = cloud.certificates.get(arn)
        assert renewed.status == "ISSUED"
        assert renewed.not_after != first[arn]


@pytest.mark.nightly
def test_a_deleted_record_is_restored_when_acm_needs_it_and_reported_once(
    rotation: Function, cloud: Cloud, zone: str
) -> None:
    """Bugs 34, 35 and 46: nothing of it shows before ACM begins to renew."""
    arns = estate(cloud, zone)
    records = cloud.zones.records(zone)
    (deleted,) = cloud.certificates.records(arns[2])

    made = live(
        rotation, cloud, DAYS, {50: lambda: cloud.zones.remove(zone, deleted.name, "CNAME")}
    )

    assert made == {"ChangeResourceRecordSets": 1, "Publish": 1}
    assert cloud.zones.records(zone) == records == wanted_records(cloud, *arns)
    assert {certificate.status for certificate in cloud.certificates.all()} == {"ISSUED"}
    assert [certificate.arn for certificate in cloud.certificates.all()] == arns


@pytest.mark.usefixtures("ledger_table")
def test_a_request_that_fails_in_an_outage_of_the_runs_is_reported_once(
    rotation: Function, cloud: Cloud, topic: str
) -> None:
    rotation(scheduled(cloud.now))
    cloud.certificates.add(domain_name="new.example.com", status="VALIDATION_TIMED_OUT")
    cloud.advance(days=8)
    for _ in range(30):
        rotation(scheduled(cloud.now))
        cloud.advance(days=1)
    (message,) = [message for message in documents(cloud, topic) if message["changes"]]
    assert [change["kind"] for change in message["changes"]] == ["new"]
    (finding,) = message["findings"]
    assert (finding["domain_name"], finding["verdict"]) == ("new.example.com", "RequestFailed")


def test_a_certificate_that_acm_never_renews_is_never_requested_again(
    rotation: Function, cloud: Cloud, zone: str
) -> None:
    """Bugs 34 and 36: forty days under the threshold, and afterwards, and no duplicate."""
    arn = cloud.certificates.add(renews=False, **USED, **ending_in(cloud, 31))
    put_records(cloud, zone, arn)

    made = live(rotation, cloud, 40)

    assert set(made) == {"Publish"}
    assert [certificate.arn for certificate in cloud.certificates.all()] == [arn]
    assert cloud.certificates.get(arn).status == "EXPIRED"
    assert cloud.now > NOW + LATE
