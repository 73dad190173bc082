"""Public DNS in the scheduled run: found months before a renewal fails, and resolved by itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from certificate_lifecycle.model.errors import IssuanceForbiddenError
from certificate_lifecycle.model.public_dns import RecordType
from tests.embedded_aws.cloud import Cloud
from tests.embedded_aws.zones import normalised
from tests.integration.effects import USED, documents, ending_in
from tests.integration.invocation import Function, scheduled
from tests.integration.sinks import of, received_events
from tests.integration.terminal import Certificates
from tests.unit.fakes import MemoryPublicDns

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("ledger_table")]

SCHEMAS = Path(__file__).resolve().parents[2] / "docs" / "schemas"
CAA, CNAME, NS = RecordType.CAA, RecordType.CNAME, RecordType.NS
NAME = "api.example.com"


@pytest.fixture
def public_dns(environment: pytest.MonkeyPatch) -> MemoryPublicDns:
    """Give both functions and the command line a public DNS that a test decides on."""
    found = MemoryPublicDns()
    for module in ("creation", "wiring"):
        target = f"certificate_lifecycle.handlers.{module}.public_dns_of"
        environment.setattr(target, lambda *_: found)
    return found


@pytest.fixture
def zone(cloud: Cloud, public_dns: MemoryPublicDns) -> str:
    """Host example.com, delegated to its own name servers."""
    zone_id = cloud.zones.add("example.com")
    answer = cloud.client("route53").get_hosted_zone(Id=zone_id)
    public_dns.put("example.com", NS, *answer["DelegationSet"]["NameServers"])
    return zone_id


def daily(rotation: Function, cloud: Cloud) -> list[dict[str, Any]]:
    """Run on the next day, and return the findings."""
    cloud.advance(days=1)
    found: list[dict[str, Any]] = rotation(scheduled(cloud.now))["findings"]
    return found


@pytest.mark.usefixtures("zone")
def test_broken_dnssec_is_reported_once_and_resolved_once_it_is_repaired(
    rotation: Function, cloud: Cloud, topic: str, public_dns: MemoryPublicDns
) -> None:
    cloud.certificates.add(domain_name=NAME, **USED, **ending_in(cloud, 150))
    assert rotation(scheduled(cloud.now))["findings"] == []

    public_dns.break_dnssec("example.com", CAA)
    (finding,) = daily(rotation, cloud)
    assert (finding["verdict"], finding["reason"]) == ("RenewalAtRisk", "DnssecBroken")
    assert "reject example.com (no valid signature)" in finding["message"]
    assert finding["used_by"] != []

    public_dns.lose("example.com", CAA)
    for _ in range(3):
        (finding,) = daily(rotation, cloud)
        assert finding["reason"] == "DnssecBroken"
        assert "Publish" not in rotation.writes

    del public_dns.answers["example.com", CAA]
    assert daily(rotation, cloud) == []
    changes = [change for sent in documents(cloud, topic) for change in sent["changes"]]
    assert [change["kind"] for change in changes] == ["new", "resolved"]


@pytest.mark.usefixtures("zone")
def test_a_function_without_internet_says_so_in_its_result_and_finds_nothing(
    rotation: Function, cloud: Cloud, public_dns: MemoryPublicDns
) -> None:
    public_dns.silent = True
    cloud.certificates.add(domain_name=NAME, **USED, **ending_in(cloud, 150))
    result = rotation(scheduled(cloud.now))
    assert result["findings"] == []
    assert result["scopes"][0]["public_dns"] == {
        "checked": 0,
        "unknown": 1,
        "not_asked": 0,
        "reason": "the delegation of example.com is unknown: timeout",
    }


@pytest.fixture
def elsewhere(cloud: Cloud) -> str:
    """Let a renewal wait for a record in a zone that another provider hosts."""
    waiting = {"renewal_status": "PENDING_VALIDATION", **USED}
    return cloud.certificates.add(domain_name=NAME, **waiting, **ending_in(cloud, 40))


def sent_records(cloud: Cloud, queue: str) -> list[Any]:
    """Take all events from the queue, and return the records of those about actions."""
    events = received_events(cloud, queue)
    return [event["detail"]["dns_records"] for event in of(events, "Action")]


def test_the_records_of_a_zone_hosted_elsewhere_are_in_the_message_and_in_an_event(
    rotation: Function, cloud: Cloud, elsewhere: str, public_dns: MemoryPublicDns, queue: str
) -> None:
    (record,) = cloud.certificates.records(elsewhere)
    name, value = normalised(record.name), normalised(record.value)
    (finding,) = daily(rotation, cloud)
    assert (finding["reason"], finding["action"]) == ("ValidationRecordMissing", "FixValidation")
    assert (
        f"{name} does not exist in public DNS (zone example.com); write CNAME {value}"
        in (finding["message"])
    )

    wanted = {
        "name": name,
        "type": "CNAME",
        "value": value,
        "ttl": 300,
        "zone": "example.com",
        "action": "create",
    }
    assert sent_records(cloud, queue) == [[wanted]]
    daily(rotation, cloud)
    assert sent_records(cloud, queue) == []

    public_dns.put(name, CNAME, "old.acm-validations.aws")
    (finding,) = daily(rotation, cloud)
    assert finding["reason"] == "ValidationRecordWrong"
    assert sent_records(cloud, queue) == [[{**wanted, "zone": None, "action": "replace"}]]

    public_dns.put(name, CNAME, value)
    assert daily(rotation, cloud) == []


def test_a_plan_has_the_records_to_write_for_a_pipeline(
    certificates: Certificates, cloud: Cloud, elsewhere: str
) -> None:
    (record,) = cloud.certificates.records(elsewhere)
    document = certificates("plan", "--output", "json").document
    schema = json.loads((SCHEMAS / "certificates-plan.json").read_text(encoding="utf-8"))
    jsonschema.validate(document, schema)
    (wanted,) = document["dns_records"]
    assert document["by_hand"][0]["dns_records"] == [wanted]
    assert (wanted["name"], wanted["action"]) == (normalised(record.name), "create")


@pytest.mark.usefixtures("zone")
def test_no_certificate_is_requested_in_30_days_while_a_caa_record_forbids_it(
    creation: Function, cloud: Cloud, public_dns: MemoryPublicDns
) -> None:
    public_dns.put("example.com", CAA, '0 issue "letsencrypt.org"')
    event = {"domain_name": "shop.example.com", "include_www": False}
    for _ in range(30):
        with pytest.raises(IssuanceForbiddenError, match=r"allow only letsencrypt\.org"):
            creation(event)
        cloud.advance(days=1)
    assert cloud.certificates.all() == []
    public_dns.put("example.com", CAA, '0 issue "amazon.com"')
    result = creation(event)
    assert (result["created"], result["public_dns"]["checked"]) == (True, 1)
