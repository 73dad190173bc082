"""Validation records are judged by the answers of public DNS, and only plain ones are replaced.

Sources: ACM user guide, "Troubleshoot DNS validation problems" and "DNS validation"; RFC 4592;
https://github.com/kubernetes-sigs/external-dns/issues/2863,
https://github.com/gardener/external-dns-management/issues/513.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from certificate_lifecycle.model.errors import RecordConflictError
from tests.embedded_aws.certificates import ValidationRecord
from tests.embedded_aws.cloud import Cloud
from tests.integration.effects import USED, ending_in, the_certificate
from tests.integration.invocation import Function, scheduled

pytestmark = pytest.mark.integration

#: Writes something at the name of a record: the cloud, the zone of the name, and the record.
Writer = Callable[[Cloud, str, ValidationRecord], None]


def without_underscore(cloud: Cloud, zone: str, record: ValidationRecord) -> None:
    cloud.zones.put(zone, record.name, "CNAME", record.value.removeprefix("_"))


def weighted(cloud: Cloud, zone: str, record: ValidationRecord) -> None:
    values = {record.value: 1, record.value.removeprefix("_"): 2}
    cloud.zones.put_weighted(zone, record.name, values)


def alias(cloud: Cloud, zone: str, record: ValidationRecord) -> None:
    cloud.zones.put(zone, "validation.example.com", "CNAME", record.value)
    cloud.zones.put_alias(zone, record.name, "CNAME", "validation.example.com")


def chain(cloud: Cloud, zone: str, record: ValidationRecord) -> None:
    other = cloud.zones.add("example.net")
    cloud.zones.put(zone, record.name, "CNAME", "a.example.net")
    cloud.zones.put(other, "a.example.net", "CNAME", "b.example.net")
    cloud.zones.put(other, "b.example.net", "CNAME", record.value)


def partly_weighted(cloud: Cloud, zone: str, record: ValidationRecord) -> None:
    cloud.zones.put_weighted(zone, record.name, {record.value: 1, "other.example.org.": 1})


def circle(cloud: Cloud, zone: str, record: ValidationRecord) -> None:
    cloud.zones.put(zone, record.name, "CNAME", "a.example.com")
    cloud.zones.put(zone, "a.example.com", "CNAME", record.name)


def alias_of_an_address(cloud: Cloud, zone: str, record: ValidationRecord) -> None:
    cloud.zones.put_alias(zone, record.name, "A", "web.example.com")


@pytest.fixture
def zone(cloud: Cloud) -> str:
    return cloud.zones.add("example.com")


@pytest.fixture
def blocked(cloud: Cloud) -> ValidationRecord:
    """Add a certificate in use whose renewal waits for its record."""
    arn = cloud.certificates.add(
        domain_name="example.com",
        **USED,
        **ending_in(cloud, 25),
        renewal_status="PENDING_VALIDATION",
    )
    (record,) = cloud.certificates.records(arn)
    return record


@pytest.mark.parametrize("write", [without_underscore, weighted, alias, chain])
def test_a_record_that_answers_the_value_is_in_place_and_acm_renews(
    rotation: Function, cloud: Cloud, zone: str, blocked: ValidationRecord, write: Writer
) -> None:
    cloud.certificates.renewal_delay = timedelta(days=1)
    write(cloud, zone, blocked)
    before = cloud.zones.records(zone)

    (finding,) = rotation(scheduled(cloud.now))["findings"]
    assert (finding["reason"], cloud.zones.records(zone)) == ("RecordsInPlace", before)
    cloud.advance(days=2)
    renewed = the_certificate(cloud).not_after
    assert renewed is not None
    assert renewed > cloud.now + timedelta(days=100)


@pytest.mark.parametrize("write", [partly_weighted, circle, alias_of_an_address])
def test_a_record_that_may_answer_otherwise_is_reported_and_not_changed(
    rotation: Function, cloud: Cloud, zone: str, blocked: ValidationRecord, write: Writer
) -> None:
    write(cloud, zone, blocked)
    before = cloud.zones.records(zone)
    (finding,) = rotation(scheduled(cloud.now))["findings"]
    assert (finding["reason"], cloud.zones.records(zone)) == ("ValidationRecordWrong", before)
    assert ("ACM may get any" in finding["message"]) == (write is partly_weighted)


@pytest.fixture
def needed(cloud: Cloud) -> ValidationRecord:
    """Add a request that failed, and return the record that the next one needs, too."""
    cloud.certificates.add(domain_name="example.com", status="FAILED")
    (record,) = the_certificate(cloud).records
    return record


def test_a_creation_keeps_a_record_without_the_underscore(
    creation: Function, cloud: Cloud, zone: str, needed: ValidationRecord
) -> None:
    without_underscore(cloud, zone, needed)
    before = cloud.zones.records(zone)
    cloud.certificates.issuance_delay = timedelta(minutes=5)
    result = creation({"domain_name": "example.com", "include_www": False, "wait_seconds": 600})
    assert [entry["change"] for entry in result["validation_records"]] == ["unchanged"]
    assert (result["status"], cloud.zones.records(zone)) == ("ISSUED", before)


def test_a_creation_never_replaces_records_with_a_routing_policy(
    creation: Function, cloud: Cloud, zone: str, needed: ValidationRecord
) -> None:
    partly_weighted(cloud, zone, needed)
    with pytest.raises(RecordConflictError, match="of which ACM may get any"):
        creation({"domain_name": "example.com", "include_www": False})


@pytest.mark.parametrize(
    ("name", "kind", "value"),
    [
        ("*.example.com", "CNAME", "web.example.org."),
        ("*.example.com", "TXT", '"hello"'),
        ("www.example.com", "CNAME", "web.example.org."),
    ],
)
def test_a_record_is_written_beside_a_wildcard_and_below_a_cname(
    creation: Function, cloud: Cloud, zone: str, name: str, kind: str, value: str
) -> None:
    """RFC 4592 section 3.3.1: a record of its own answers in place of the wildcard."""
    cloud.zones.put(zone, name, kind, value)
    event = {"domain_name": "www.example.com", "include_www": False, "wait_seconds": 60}
    assert creation(event)["status"] == "ISSUED"
