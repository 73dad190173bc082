"""Names below a delegation: the zone above does not answer for them.

Sources: RFC 1034 section 4.2.1; https://github.com/ustaxcourt/ef-cms/issues/775,
https://github.com/srvrco/getssl/issues/418, https://github.com/cert-manager/cert-manager/issues/2164.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from certificate_lifecycle.model.errors import IssuanceForbiddenError, NameDelegatedError
from tests.embedded_aws.cloud import Cloud
from tests.integration.declarations import declare
from tests.integration.effects import USED, ending_in, put_records, wanted_records
from tests.integration.invocation import Function, scheduled

pytestmark = pytest.mark.integration

THEIRS = "222222222222"
API = "api.dev.example.com"
BELOW = "zone example.com .* delegates dev.example.com to ns-.*; write .* in the zone of these"


@pytest.fixture(autouse=True)
def plain_names(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("INCLUDE_WWW", "false")


@pytest.fixture
def ours(cloud: Cloud) -> str:
    """Host example.com, which delegates dev.example.com to a zone of another account."""
    zone = cloud.zones.add("example.com")
    cloud.zones.add("dev.example.com", account=THEIRS)
    return zone


def blocked(cloud: Cloud, name: str = API) -> str:
    """Add a certificate in use whose renewal waits for validation."""
    return cloud.certificates.add(
        domain_name=name, **USED, **ending_in(cloud, 25), renewal_status="PENDING_VALIDATION"
    )


def found_in(result: dict[str, Any]) -> tuple[str, str, str]:
    (finding,) = result["findings"]
    (action,) = result["actions"]
    return finding["reason"], action["action"], finding["message"]


# --- Creation ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", [API, "*.dev.example.com", "dev.example.com", "a.b.dev.example.com"]
)
def test_no_certificate_is_requested_for_a_name_below_a_delegation(
    creation: Function, cloud: Cloud, ours: str, name: str
) -> None:
    before = cloud.zones.records(ours)
    with pytest.raises(NameDelegatedError, match=BELOW) as refused:
        creation({"domain_name": name})
    assert (cloud.certificates.all(), cloud.zones.records(ours)) == ([], before)
    assert "hosted_zones" in str(refused.value)


def test_a_delegation_past_one_of_our_zones_counts_too(creation: Function, cloud: Cloud) -> None:
    top = cloud.zones.add("example.com")
    cloud.zones.add("dev.example.com", delegated=False)
    cloud.zones.put(top, API, "NS", "ns-1.elsewhere.net.")
    with pytest.raises(NameDelegatedError, match=r"delegates api\.dev\.example\.com to ns-1\."):
        creation({"domain_name": f"v1.{API}"})
    assert cloud.certificates.all() == []


@pytest.mark.usefixtures("ours")
def test_thirty_daily_calls_make_no_request(creation: Function, cloud: Cloud) -> None:
    """Terraform repeats a failed call at each apply, and ACM counts each request of a year."""
    declared = {"parameter": declare(cloud), "require_issued": True, "wait_seconds": 600}
    for hours in (23, 1) * 30:
        with pytest.raises(NameDelegatedError):
            creation({"domain_name": API, **declared})
        cloud.advance(hours=hours)
    assert "RequestCertificate" not in creation.operations


def test_records_are_written_into_the_zone_that_the_delegations_lead_to(
    creation: Function, cloud: Cloud
) -> None:
    """Of two zones of one name, the one with the delegated name servers is right."""
    zones = [cloud.zones.add(name) for name in ("example.com", "dev.example.com", API)]
    twin = cloud.zones.add(API, delegated=False)

    result = creation({"domain_name": f"v1.{API}", "wait_seconds": 60})

    assert result["status"] == "ISSUED"
    assert [zone["zone_id"] for zone in result["validation_records"]] == [zones[2]]
    assert cloud.zones.records(twin) == {}


def test_a_zone_of_the_delegated_name_with_other_servers_gets_no_record(
    creation: Function, cloud: Cloud, ours: str
) -> None:
    beside = cloud.zones.add("dev.example.com", delegated=False)
    with pytest.raises(NameDelegatedError, match=f"dev.example.com .{beside}. has other name"):
        creation({"domain_name": API})
    assert (cloud.zones.records(beside), len(cloud.zones.records(ours))) == ({}, 1)


def test_a_zone_of_the_settings_is_used_against_the_delegations_of_another_zone(
    creation: Function, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    """The remedy of the error."""
    cloud.zones.add("example.com")
    role = f"arn:aws:iam::{THEIRS}:role/acm-validation"
    theirs = cloud.zones.add("dev.example.com", account=THEIRS)
    named = {"dev.example.com": {"zone_id": theirs, "role_arn": role}}
    environment.setenv("HOSTED_ZONES", json.dumps(named))
    result = creation({"domain_name": API, "wait_seconds": 60})
    assert result["status"] == "ISSUED"


def test_a_delegation_of_the_record_itself_is_named_and_nothing_is_written(
    creation: Function, cloud: Cloud
) -> None:
    zone = cloud.zones.add("example.com")
    cloud.certificates.add(domain_name="example.com", status="FAILED")
    (record,) = cloud.certificates.all()[0].records
    cloud.zones.put(zone, record.name, "NS", "ns-1.elsewhere.net.")
    with pytest.raises(NameDelegatedError, match=f"delegates {record.name.rstrip('.')} to ns-1"):
        creation({"domain_name": "example.com"})
    assert len(cloud.zones.records(zone)) == 1


# --- Renewal ----------------------------------------------------------------------------------


def test_a_blocked_renewal_below_a_delegation_is_reported_as_that_and_nothing_is_written(
    rotation: Function, cloud: Cloud, ours: str, topic: str
) -> None:
    arn = blocked(cloud)
    reason, action, message = found_in(rotation(scheduled(cloud.now)))
    assert (reason, action) == ("NameDelegated", "FixValidation")
    (value,) = wanted_records(cloud, arn).values()
    assert all(text in message for text in ("dev.example.com", "ns-", value[0].rstrip(".")))
    assert len(cloud.zones.records(ours)) == 1
    assert "delegates dev.example.com" in " ".join(
        cloud.topics.messages(topic)[0].to("email").split()
    )


def test_no_successor_is_requested_below_a_delegation(
    rotation: Function, cloud: Cloud, ours: str, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("ROTATION_MODE", "replace")
    environment.setenv("UNMANAGED_ROTATION_MODE", "replace")
    cloud.certificates.add(domain_name=API, **USED, **ending_in(cloud, 3), renewal_status="FAILED")
    rotation(scheduled(cloud.now))
    assert "RequestCertificate" not in rotation.operations
    assert len(cloud.zones.records(ours)) == 1


def test_a_renewal_with_records_in_a_zone_that_is_not_delegated_says_so(
    rotation: Function, cloud: Cloud
) -> None:
    cloud.zones.add("example.com")
    zone = cloud.zones.add("dev.example.com", delegated=False)
    put_records(cloud, zone, blocked(cloud))
    ((finding,), again) = rotation(scheduled(cloud.now))["findings"], cloud.zones.records(zone)
    assert (
        f"zone dev.example.com ({zone}) is not delegated in zone example.com" in finding["message"]
    )
    assert len(again) == 1


# --- Calls ------------------------------------------------------------------------------------


def reads_before_a_request(creation: Function, names: list[str]) -> list[str]:
    """Return where each reading of records began, in order; a whole page has no name."""
    creation({"domain_name": names[0], "alt_names": names[1:], "dry_run": True})
    return [
        call.parameters.get("StartRecordName", "")
        for call in creation.calls
        if call.operation == "ListResourceRecordSets"
    ]


def test_a_zone_is_read_once_for_the_delegations_and_caa_records_of_100_names(
    creation: Function, cloud: Cloud
) -> None:
    """Route 53 permits five calls per second and account."""
    cloud.zones.add("example.com")
    names = [f"{number}.a.b.example.com" for number in range(100)]
    assert reads_before_a_request(creation, names) == [""]


def test_a_zone_of_many_records_is_read_once_for_each_label(
    creation: Function, cloud: Cloud
) -> None:
    zone = cloud.zones.add("example.com")
    for number in range(300):
        cloud.zones.put(zone, f"host-{number}.example.com", "A", "192.0.2.1")
    names = ["x.z.example.com", "y.z.example.com"]
    assert reads_before_a_request(creation, names) == ["", "z.example.com", *names]
    cloud.zones.put(zone, "z.example.com", "CAA", '0 issue "letsencrypt.org"')
    with pytest.raises(IssuanceForbiddenError, match=r"at z\.example\.com"):
        creation({"domain_name": "v.z.example.com"})
    cloud.zones.put(zone, "z.example.com", "NS", "ns-1.elsewhere.net.")
    with pytest.raises(NameDelegatedError):
        creation({"domain_name": "w.z.example.com"})
