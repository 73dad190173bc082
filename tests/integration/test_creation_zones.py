"""The zones of validation records, and the records that are never overwritten."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta

import pytest
from botocore.exceptions import ClientError

from certificate_lifecycle.model.errors import (
    RecordConflictError,
    ZoneAmbiguousError,
    ZoneNotFoundError,
)
from tests.embedded_aws.cloud import Cloud
from tests.integration.effects import the_certificate, wanted_records
from tests.integration.invocation import Function

pytestmark = pytest.mark.integration

DNS_ACCOUNT = "222222222222"
FUNCTION_ROLE = "certificate-lifecycle-creation"


@pytest.fixture(autouse=True)
def plain_names(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("INCLUDE_WWW", "false")
    environment.setenv("ALLOWED_DOMAINS", '["example.com", "example.net"]')


def records_of(cloud: Cloud, *names: str) -> dict[tuple[str, str], tuple[str, ...]]:
    """Pick the records for some of the names of the only certificate."""
    wanted = wanted_records(cloud, the_certificate(cloud).arn)
    return {key: value for key, value in wanted.items() if key[0].partition(".")[2] in names}


# --- Which zone -------------------------------------------------------------------------------


def test_a_name_below_the_zone_is_validated_in_that_zone(creation: Function, cloud: Cloud) -> None:
    """Bug 4: the zone is found by suffix, not by the whole name."""
    zone = cloud.zones.add("example.com")
    creation({"domain_name": "a.b.example.com"})
    assert cloud.zones.records(zone) == records_of(cloud, "a.b.example.com")


@pytest.mark.parametrize("near", ["example.org", "ample.com", "notexample.com", "b.example.com"])
def test_a_zone_that_only_sorts_or_sounds_near_is_never_written(
    creation: Function, cloud: Cloud, near: str
) -> None:
    """Bug 4: ListHostedZonesByName answers with the next zone when there is no exact one."""
    zone = cloud.zones.add(near)
    with pytest.raises(ZoneNotFoundError, match=r"example\.com"):
        creation({"domain_name": "example.com"})
    assert (cloud.zones.records(zone), cloud.certificates.all()) == ({}, [])


def test_a_private_zone_of_the_same_name_is_never_chosen(creation: Function, cloud: Cloud) -> None:
    """Bug 5: ACM asks public DNS."""
    private = cloud.zones.add("example.com", private=True)
    public = cloud.zones.add("example.com")

    creation({"domain_name": "example.com"})

    assert cloud.zones.records(public) == records_of(cloud, "example.com")
    assert cloud.zones.records(private) == {}


def test_a_private_zone_alone_is_no_zone(creation: Function, cloud: Cloud) -> None:
    """Bug 5."""
    cloud.zones.add("example.com", private=True)
    with pytest.raises(ZoneNotFoundError):
        creation({"domain_name": "example.com"})
    assert cloud.certificates.all() == []


def test_names_of_two_domains_are_validated_in_two_zones(creation: Function, cloud: Cloud) -> None:
    """Bug 6."""
    com, net = cloud.zones.add("example.com"), cloud.zones.add("example.net")

    result = creation(
        {"domain_name": "example.com", "alt_names": ["example.net"], "wait_seconds": 60}
    )

    assert cloud.zones.records(com) == records_of(cloud, "example.com")
    assert cloud.zones.records(net) == records_of(cloud, "example.net")
    assert [record["zone_id"] for record in result["validation_records"]] == [com, net]
    assert result["status"] == "ISSUED"


def test_a_delegated_child_zone_gets_the_records_of_its_names(
    creation: Function, cloud: Cloud
) -> None:
    """Bug 7."""
    parent, child = cloud.zones.add("example.com"), cloud.zones.add("api.example.com")
    before = cloud.zones.records(parent)

    result = creation({"domain_name": "v1.api.example.com", "wait_seconds": 60})

    assert cloud.zones.records(child) == records_of(cloud, "v1.api.example.com")
    assert cloud.zones.records(parent) == before
    assert result["status"] == "ISSUED"


def test_two_public_zones_of_one_name_are_refused_by_both_ids_and_nothing_is_requested(
    creation: Function, cloud: Cloud
) -> None:
    """Bug 7: only one of them is delegated to, and guessing would be wrong half of the time."""
    ids = [cloud.zones.add("example.com"), cloud.zones.add("example.com", delegated=False)]
    cloud.zones.add("example.com", private=True)

    with pytest.raises(ZoneAmbiguousError) as refused:
        creation({"domain_name": "shop.example.com"})

    assert all(zone_id in str(refused.value) for zone_id in ids)
    assert (creation.writes, cloud.certificates.all()) == ([], [])


def test_every_name_without_a_zone_is_named_in_one_error(creation: Function, cloud: Cloud) -> None:
    cloud.zones.add("example.com")
    with pytest.raises(ZoneNotFoundError) as refused:
        creation({"domain_name": "example.com", "alt_names": ["example.net", "a.example.net"]})
    assert all(name in str(refused.value) for name in ("example.net", "a.example.net"))
    assert cloud.certificates.all() == []


# --- Wildcards --------------------------------------------------------------------------------


def test_a_wildcard_is_validated_in_the_zone_of_its_parent(
    creation: Function, cloud: Cloud
) -> None:
    """Bug 8."""
    zone = cloud.zones.add("example.com")
    result = creation({"domain_name": "*.example.com", "wait_seconds": 60})
    assert cloud.zones.records(zone) == records_of(cloud, "example.com")
    assert result["status"] == "ISSUED"


def test_an_apex_and_its_wildcard_share_one_record_in_one_batch(
    creation: Function, cloud: Cloud
) -> None:
    """Bug 16: Route 53 refuses a batch that changes one record twice."""
    zone = cloud.zones.add("example.com")

    result = creation({"domain_name": "example.com", "alt_names": ["*.example.com"]})

    assert len(cloud.zones.records(zone)) == len(result["validation_records"]) == 1
    assert creation.writes == ["RequestCertificate", "ChangeResourceRecordSets"]


def test_all_records_of_a_zone_are_written_in_one_batch(creation: Function, cloud: Cloud) -> None:
    """Bug 16."""
    zone = cloud.zones.add("example.com")
    cloud.certificates.name_quota = 100
    alt_names = [f"{number}.example.com" for number in range(99)]

    creation({"domain_name": "example.com", "alt_names": alt_names})

    assert len(cloud.zones.records(zone)) == 100
    assert creation.operations.count("ChangeResourceRecordSets") == 1


# --- Existing records -------------------------------------------------------------------------


def test_a_record_that_stands_as_it_should_is_left_alone(creation: Function, cloud: Cloud) -> None:
    """Bug 17: another region's certificate for the same name needs the same record."""
    zone = cloud.zones.add("example.com")
    cloud.certificates.issuance_delay = timedelta(hours=1)
    creation({"domain_name": "example.com"})
    records = cloud.zones.records(zone)

    result = creation({"domain_name": "example.com", "region": "us-east-1"})

    assert [record["change"] for record in result["validation_records"]] == ["unchanged"]
    assert creation.writes == ["RequestCertificate"]
    assert cloud.zones.records(zone) == records


def test_an_older_value_of_acm_is_brought_up_to_date(creation: Function, cloud: Cloud) -> None:
    """Bug 17."""
    zone = cloud.zones.add("example.com")
    cloud.certificates.add(domain_name="example.com", status="FAILED")
    (record,) = the_certificate(cloud).records
    cloud.zones.put(zone, record.name, "CNAME", "_older.acm-validations.aws.")

    result = creation({"domain_name": "example.com", "wait_seconds": 60})

    assert [entry["change"] for entry in result["validation_records"]] == ["updated"]
    assert cloud.zones.records(zone) == wanted_records(cloud, result["certificate_arn"])
    assert result["status"] == "ISSUED"


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("CNAME", "somewhere.example.org."),
        ("CNAME", "acm-validations.aws.example.org."),
        ("TXT", '"v=1"'),
        ("A", "192.0.2.1"),
    ],
)
def test_a_record_of_another_client_is_never_overwritten(
    creation: Function, cloud: Cloud, kind: str, value: str
) -> None:
    """Bug 17: one name's conflict keeps the whole batch back, and the certificate is kept."""
    zone = cloud.zones.add("example.com")
    cloud.certificates.add(domain_name="example.com", status="FAILED")
    (record,) = the_certificate(cloud).records
    cloud.zones.put(zone, record.name, kind, value)
    before = cloud.zones.records(zone)
    event = {"domain_name": "example.com", "alt_names": ["a.example.com"]}

    with pytest.raises(RecordConflictError, match=zone):
        creation(event)

    assert cloud.zones.records(zone) == before
    cloud.zones.remove(zone, record.name, kind)
    assert not creation(event)["created"]
    assert len(cloud.zones.records(zone)) == 2


def test_a_batch_that_route_53_refuses_fails_the_invocation_and_the_next_one_goes_on(
    creation: Function, cloud: Cloud
) -> None:
    """Bug 2."""
    zone = cloud.zones.add("example.com")
    cloud.fail("route53", "ChangeResourceRecordSets", "InvalidChangeBatch")

    with pytest.raises(ClientError, match="InvalidChangeBatch"):
        creation({"domain_name": "example.com"})
    assert not creation({"domain_name": "example.com"})["created"]

    assert cloud.zones.records(zone) == records_of(cloud, "example.com")


# --- Zones that are named ---------------------------------------------------------------------


def test_a_named_zone_settles_which_of_two_is_meant(
    creation: Function, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    """Bug 7."""
    other, meant = cloud.zones.add("example.com", delegated=False), cloud.zones.add("example.com")
    environment.setenv("HOSTED_ZONES", json.dumps({"Example.com.": {"zone_id": meant}}))

    result = creation({"domain_name": "example.com", "wait_seconds": 60})

    assert result["status"] == "ISSUED"
    assert (len(cloud.zones.records(meant)), len(cloud.zones.records(other))) == (1, 0)
    assert "ListHostedZones" not in creation.operations


def test_named_zones_are_the_only_ones(
    creation: Function, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    named, other = cloud.zones.add("example.com"), cloud.zones.add("example.net")
    environment.setenv("HOSTED_ZONES", json.dumps({"example.com": {"zone_id": named}}))
    with pytest.raises(ZoneNotFoundError, match=r"example\.net"):
        creation({"domain_name": "example.com", "alt_names": ["example.net"]})
    assert (cloud.certificates.all(), cloud.zones.records(other)) == ([], {})


@pytest.fixture
def roles(cloud: Cloud) -> tuple[str, str]:
    """Make the function's own role, and the one that the account of the zones offers to it."""
    own = f"arn:aws:iam::123456789012:role/{FUNCTION_ROLE}"
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole"}
    by_lambda = {**trust, "Principal": {"Service": "lambda.amazonaws.com"}}
    by_function = {**trust, "Principal": {"AWS": own}}
    offered = _role(cloud, DNS_ACCOUNT, "acm-validation", by_function, "route53:*")
    _role(cloud, "123456789012", FUNCTION_ROLE, by_lambda, "acm:*", "sts:AssumeRole")
    return own, offered


def _role(cloud: Cloud, account: str, name: str, trust: Mapping[str, object], *actions: str) -> str:
    iam = cloud.client("iam", account=account)
    allowed = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=_policy(trust))["Role"][
        "Arn"
    ]
    iam.put_role_policy(RoleName=name, PolicyName=name, PolicyDocument=_policy(allowed))
    return arn


def _policy(statement: Mapping[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_records_are_written_with_the_role_that_the_account_of_the_zone_offers(
    creation: Function,
    cloud: Cloud,
    environment: pytest.MonkeyPatch,
    roles: tuple[str, str],
) -> None:
    """Bug 20: the role is assumed once, and the zone's account sees only that role."""
    own, offered = roles
    ours = cloud.zones.add("example.com", delegated=False)
    theirs = cloud.zones.add("example.com", account=DNS_ACCOUNT)
    zones = {"example.com": {"zone_id": theirs, "role_arn": offered}}
    environment.setenv("HOSTED_ZONES", json.dumps(zones))
    credentials = cloud.assume(own)
    for name, value in credentials.items():
        environment.setenv(name.upper(), value)
    cloud.forget_calls()

    result = creation({"domain_name": "example.com", "alt_names": ["a.example.com"]})

    assert cloud.zones.records(theirs) == wanted_records(cloud, result["certificate_arn"])
    assert cloud.zones.records(ours) == {}
    assert creation.operations.count("AssumeRole") == 1
    principals = {(call.service, call.principal) for call in creation.calls}
    assert principals == {("acm", own), ("sts", own), ("route53", offered)}


def test_a_role_that_is_not_offered_fails_the_invocation_and_once_it_is_the_next_one_goes_on(
    creation: Function,
    cloud: Cloud,
    environment: pytest.MonkeyPatch,
    roles: tuple[str, str],
) -> None:
    """Bugs 2 and 20."""
    own, offered = roles
    zone = cloud.zones.add("example.com", account=DNS_ACCOUNT)
    for name, value in cloud.assume(own).items():
        environment.setenv(name.upper(), value)

    missing = {"zone_id": zone, "role_arn": offered.replace("acm-", "dns-")}
    environment.setenv("HOSTED_ZONES", json.dumps({"example.com": missing}))
    with pytest.raises(ClientError, match="AssumeRole"):
        creation({"domain_name": "example.com"})
    assert (cloud.zones.records(zone), cloud.certificates.all()) == ({}, [])

    there = {**missing, "role_arn": offered}
    environment.setenv("HOSTED_ZONES", json.dumps({"example.com": there}))
    result = creation({"domain_name": "example.com"})

    assert cloud.zones.records(zone) == wanted_records(cloud, the_certificate(cloud).arn)
    assert result["created"]
