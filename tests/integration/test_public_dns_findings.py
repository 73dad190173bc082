"""Public DNS in the scheduled run: found months before a renewal fails, and resolved by itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from certificate_lifecycle.model.errors import IssuanceForbiddenError
from tests.embedded_aws.cloud import Cloud
from tests.embedded_aws.doh_gateway import SECOND, Gateway, HostedZones, failing, with_status
from tests.embedded_aws.zones import normalised
from tests.integration.effects import USED, documents, ending_in, put_records
from tests.integration.invocation import Function, scheduled
from tests.integration.sinks import of, received_events
from tests.integration.terminal import Certificates

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("ledger_table")]

SCHEMAS = Path(__file__).resolve().parents[2] / "docs" / "schemas"
NAME = "api.example.com"
OTHER_PROVIDER = "210987654321"
CLOUDFLARE = ("ada.ns.cloudflare.com", "bob.ns.cloudflare.com")


@pytest.fixture
def public(gateway: Gateway) -> HostedZones:
    """Return the back end of both resolvers."""
    assert isinstance(gateway.backend, HostedZones)
    return gateway.backend


@pytest.fixture
def zone(cloud: Cloud, public: HostedZones) -> str:
    """Host example.com, which public DNS delegates."""
    del public
    return cloud.zones.add("example.com")


def healthy(cloud: Cloud) -> str:
    return cloud.certificates.add(domain_name=NAME, **USED, **ending_in(cloud, 150))


def daily(rotation: Function, cloud: Cloud) -> list[dict[str, Any]]:
    """Run on the next day, and return the findings."""
    cloud.advance(days=1)
    found: list[dict[str, Any]] = rotation(scheduled(cloud.now))["findings"]
    return found


def test_broken_dnssec_is_reported_once_and_resolved_once_it_is_repaired(
    rotation: Function,
    cloud: Cloud,
    topic: str,
    public: HostedZones,
    gateway: Gateway,
    zone: str,
) -> None:
    put_records(cloud, zone, healthy(cloud))
    assert rotation(scheduled(cloud.now))["findings"] == []

    public.bogus.add("example.com")
    (finding,) = daily(rotation, cloud)
    assert (finding["verdict"], finding["reason"]) == ("RenewalAtRisk", "DnssecBroken")
    assert "resolvers that validate DNSSEC reject example.com (" in finding["message"]
    assert finding["used_by"] != []

    gateway.lie(with_status(503), SECOND)
    for _ in range(3):
        (finding,) = daily(rotation, cloud)
        assert finding["reason"] == "DnssecBroken"
        assert "Publish" not in rotation.writes

    gateway.lies.clear()
    public.bogus.clear()
    assert daily(rotation, cloud) == []
    changes = [change for sent in documents(cloud, topic) for change in sent["changes"]]
    assert [change["kind"] for change in changes] == ["new", "resolved"]


def sent_records(cloud: Cloud, queue: str) -> list[Any]:
    """Take all events from the queue, and return the records of those about actions."""
    events = received_events(cloud, queue)
    return [event["detail"]["dns_records"] for event in of(events, "Action")]


@pytest.mark.usefixtures("zone")
def test_a_zone_that_was_moved_is_a_risk_until_its_records_are_at_the_new_provider(
    rotation: Function, cloud: Cloud, public: HostedZones, queue: str
) -> None:
    (record,) = cloud.certificates.records(healthy(cloud))
    public.records["example.com", "NS"] = CLOUDFLARE
    (finding,) = daily(rotation, cloud)
    assert (finding["verdict"], finding["reason"]) == ("RenewalAtRisk", "ZoneNotDelegated")
    assert f"delegates example.com to {', '.join(CLOUDFLARE)}" in finding["message"]
    (wanted,) = sent_records(cloud, queue)[0]
    assert (wanted["name"], wanted["value"]) == (
        normalised(record.name),
        normalised(record.value),
    )

    public.records[normalised(record.name), "CNAME"] = (record.value,)
    assert daily(rotation, cloud) == []


@pytest.mark.parametrize("hosted", [True, False], ids=["two problems", "zone elsewhere"])
def test_a_resolver_that_fails_every_second_day_causes_no_messages(
    rotation: Function,
    cloud: Cloud,
    topic: str,
    public: HostedZones,
    gateway: Gateway,
    *,
    hosted: bool,
) -> None:
    if hosted:
        put_records(cloud, cloud.zones.add("example.com"), healthy(cloud))
        public.records["example.com", "NS"] = CLOUDFLARE
        public.records["example.com", "CAA"] = ('0 issue "letsencrypt.org"',)
    else:
        cloud.zones.add("example.com", account=OTHER_PROVIDER)
        waiting = {"renewal_status": "PENDING_VALIDATION", **USED}
        cloud.certificates.add(domain_name=NAME, **waiting, **ending_in(cloud, 40))
    unsure = "NS" if hosted else "CNAME"
    for day in range(5):
        gateway.lies.clear()
        if day % 2:
            gateway.lies[SECOND] = lambda query, response: (
                failing(query, response) if query.type == unsure else response
            )
        assert len(daily(rotation, cloud)) == 1
    changes = [change["kind"] for sent in documents(cloud, topic) for change in sent["changes"]]
    assert changes == ["new"]


@pytest.mark.usefixtures("zone")
def test_a_function_without_internet_says_so_in_its_result_and_finds_nothing(
    rotation: Function, cloud: Cloud, gateway: Gateway
) -> None:
    gateway.lie(with_status(403))
    healthy(cloud)
    result = rotation(scheduled(cloud.now))
    counts = result["scopes"][0]["public_dns"]
    assert result["findings"] == []
    assert (counts["checked"], counts["unknown"], counts["not_asked"]) == (0, 1, 0)
    assert "HTTP status 403" in counts["reason"]


@pytest.fixture
def elsewhere(cloud: Cloud, public: HostedZones) -> tuple[str, str]:
    """Host example.com at another provider; return the zone, and a renewal that waits there."""
    del public
    waiting = {"renewal_status": "PENDING_VALIDATION", **USED}
    arn = cloud.certificates.add(domain_name=NAME, **waiting, **ending_in(cloud, 40))
    return cloud.zones.add("example.com", account=OTHER_PROVIDER), arn


def test_the_records_of_a_zone_hosted_elsewhere_are_in_message_event_and_plan(
    rotation: Function,
    certificates: Certificates,
    cloud: Cloud,
    elsewhere: tuple[str, str],
    queue: str,
) -> None:
    zone, arn = elsewhere
    (record,) = cloud.certificates.records(arn)
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
    document = certificates("plan", "--output", "json").document
    schema = json.loads((SCHEMAS / "certificates-plan.json").read_text(encoding="utf-8"))
    jsonschema.validate(document, schema)
    assert document["dns_records"] == document["by_hand"][0]["dns_records"] == [wanted]
    daily(rotation, cloud)
    assert sent_records(cloud, queue) == []

    cloud.zones.put(zone, name, "CNAME", "old.acm-validations.aws")
    (finding,) = daily(rotation, cloud)
    assert finding["reason"] == "ValidationRecordWrong"
    assert sent_records(cloud, queue) == [[{**wanted, "zone": None, "action": "replace"}]]

    cloud.zones.put(zone, name, "CNAME", value)
    assert daily(rotation, cloud) == []
    assert certificates("plan", "--output", "json").document["dns_records"] == []


def test_no_certificate_is_requested_in_30_days_while_a_caa_record_forbids_it(
    creation: Function, cloud: Cloud, zone: str
) -> None:
    cloud.zones.put(zone, "example.com", "CAA", '0 issue "letsencrypt.org"')
    event = {"domain_name": "shop.example.com", "include_www": False}
    for _ in range(30):
        with pytest.raises(IssuanceForbiddenError, match=r"allow only letsencrypt\.org"):
            creation(event)
        cloud.advance(days=1)
    assert cloud.certificates.all() == []
    cloud.zones.put(zone, "example.com", "CAA", '0 issue "amazon.com"')
    result = creation(event)
    assert (result["created"], result["public_dns"]["checked"]) == (True, 1)
