"""Route 53's record operations and the public DNS behind them.

https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html
"""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.embedded_aws.cloud import Cloud


def upsert(name: str, value: str = "_v.acm-validations.aws.", **changes: object) -> dict[str, Any]:
    return change("UPSERT", name, value, **changes)


def change(action: str, name: str, *values: str, **changes: object) -> dict[str, Any]:
    row: dict[str, Any] = {
        "Name": name,
        "Type": "CNAME",
        "TTL": 300,
        "ResourceRecords": [{"Value": value} for value in values],
        **changes,
    }
    return {
        "Action": action,
        "ResourceRecordSet": {key: value for key, value in row.items() if value is not None},
    }


def write(cloud: Cloud, zone: str, *changes: dict[str, Any]) -> dict[str, Any]:
    answer = cloud.client("route53").change_resource_record_sets(
        HostedZoneId=zone, ChangeBatch={"Changes": list(changes)}
    )
    return dict(answer["ChangeInfo"])


def refusal(cloud: Cloud, zone: str, *changes: dict[str, Any]) -> str:
    with pytest.raises(ClientError) as refused:
        write(cloud, zone, *changes)
    error = refused.value.response["Error"]
    return f"{error['Code']}: {error['Message']}"


def by_name(cloud: Cloud, name: str, **options: str) -> list[str]:
    answer = cloud.client("route53").list_hosted_zones_by_name(DNSName=name, **options)
    return [zone["Name"] for zone in answer["HostedZones"]]


def test_listing_by_name_gives_the_zones_from_the_name_on(cloud: Cloud) -> None:
    """API_ListHostedZonesByName: labels reversed, no exact match needed, private ones too."""
    for name in ("example.net", "example.com", "api.example.com", "zebra.com"):
        cloud.zones.add(name)
    cloud.zones.add("example.com", private=True)
    assert by_name(cloud, "example.com") == [
        "example.com.",
        "example.com.",
        "api.example.com.",
        "zebra.com.",
        "example.net.",
    ]
    assert by_name(cloud, "b.example.com")[0] == "zebra.com."
    assert by_name(cloud, "nothing.test") == []


def test_listing_by_name_continues_where_it_stopped(cloud: Cloud) -> None:
    ids = [cloud.zones.add(name) for name in ("a.com", "b.com", "c.com")]
    answer = cloud.client("route53").list_hosted_zones_by_name(MaxItems="2")
    assert (answer["IsTruncated"], answer["NextDNSName"]) == (True, "c.com.")
    assert answer["NextHostedZoneId"] == ids[2]
    following = {"HostedZoneId": answer["NextHostedZoneId"]}
    assert by_name(cloud, answer["NextDNSName"], **following) == ["c.com."]


def test_zones_are_listed_in_short_pages(cloud: Cloud) -> None:
    """API_ListHostedZones: up to 100 a page; a program must follow the marker."""
    expected = {cloud.zones.add(f"zone{number}.com") for number in range(5)}
    route53 = cloud.client("route53")
    assert len(route53.list_hosted_zones(MaxItems="1")["HostedZones"]) == 1
    pages = list(route53.get_paginator("list_hosted_zones").paginate())
    assert [len(page["HostedZones"]) for page in pages] == [2, 2, 1]
    found = {
        zone["Id"].removeprefix("/hostedzone/") for page in pages for zone in page["HostedZones"]
    }
    assert found == expected
    cloud.zones.page_size = 100
    assert len(route53.list_hosted_zones()["HostedZones"]) == 5


def test_private_zones_say_so_and_can_be_selected(cloud: Cloud) -> None:
    cloud.zones.add("public.com")
    cloud.zones.add("private.com", private=True)
    route53 = cloud.client("route53")
    zones = route53.list_hosted_zones()["HostedZones"]
    assert {z["Name"]: z["Config"]["PrivateZone"] for z in zones} == {
        "public.com.": False,
        "private.com.": True,
    }
    (only,) = route53.list_hosted_zones(HostedZoneType="PrivateHostedZone")["HostedZones"]
    assert only["Name"] == "private.com."


def test_every_zone_has_name_servers_of_its_own(cloud: Cloud) -> None:
    first, second = cloud.zones.add("example.com"), cloud.zones.add("example.com")
    route53 = cloud.client("route53")
    servers = [
        route53.get_hosted_zone(Id=zone)["DelegationSet"]["NameServers"] for zone in (first, second)
    ]
    assert not set(servers[0]) & set(servers[1])


def test_a_delegated_child_has_its_name_servers_in_the_parent(cloud: Cloud) -> None:
    parent = cloud.zones.add("example.com")
    cloud.zones.add("lonely.example.com", delegated=False)
    child = cloud.zones.add("shop.example.com")
    servers = cloud.client("route53").get_hosted_zone(Id=child)["DelegationSet"]["NameServers"]
    assert cloud.zones.records(parent) == {
        ("shop.example.com", "NS"): tuple(f"{server}." for server in servers),
    }


def test_a_zone_made_through_the_api_answers_unless_its_name_is_taken(cloud: Cloud) -> None:
    route53 = cloud.client("route53")
    for reference in ("one", "two"):
        route53.create_hosted_zone(Name="example.com", CallerReference=reference)
    assert [zone.delegated for zone in cloud.zones.all()] == [True, False]


def test_a_record_is_written_read_and_listed_as_route_53_does(cloud: Cloud) -> None:
    r"""DomainNameFormat: lower case, trailing dot, other characters as `\octal`."""
    zone = cloud.zones.add("example.com")
    write(cloud, zone, upsert("_A.Example.com"), upsert("*.example.com.", "target.example.net"))
    rows = cloud.client("route53").list_resource_record_sets(HostedZoneId=zone)
    names = [row["Name"] for row in rows["ResourceRecordSets"] if row["Type"] == "CNAME"]
    assert names == ["\\052.example.com.", "_a.example.com."]
    assert cloud.zones.resolve("_a.EXAMPLE.com.") == ("_v.acm-validations.aws.",)


def test_records_are_listed_from_a_name_and_type_on(cloud: Cloud) -> None:
    zone = cloud.zones.add("example.com")
    write(cloud, zone, *(upsert(f"{name}.example.com") for name in "abc"))
    route53 = cloud.client("route53")
    answer = route53.list_resource_record_sets(
        HostedZoneId=zone, StartRecordName="B.example.com", StartRecordType="CNAME", MaxItems="1"
    )
    assert [row["Name"] for row in answer["ResourceRecordSets"]] == ["b.example.com."]
    assert (answer["IsTruncated"], answer["NextRecordName"]) == (True, "c.example.com.")
    pages = route53.get_paginator("list_resource_record_sets").paginate(
        HostedZoneId=zone, PaginationConfig={"PageSize": 2}
    )
    assert sum(len(page["ResourceRecordSets"]) for page in pages) == 5


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ([upsert("example.com")], "not permitted at apex"),
        ([upsert("www.example.com")], "conflicting RRSet of type A"),
        ([upsert("a.example.com", TTL=None)], "Expected exactly one of"),
        ([upsert("a.example.com"), upsert("A.example.com.", "x.")], "invalid set of changes"),
        ([upsert("a.example.net")], "is not permitted in zone example.com."),
        ([upsert("a.notexample.com")], "is not permitted in zone example.com."),
        ([change("CREATE", "www.example.com", "192.0.2.1", Type="A")], "already exists"),
        ([change("DELETE", "b.example.com", "x.")], "was not found"),
        ([change("DELETE", "www.example.com", "192.0.2.9", Type="A")], "do not match"),
        ([upsert("_w.example.com")], "other RRSets exist with the same name and type"),
    ],
    ids=[
        "CNAME at the apex",
        "CNAME beside an A record",
        "no TTL",
        "one record twice",
        "another domain",
        "no label boundary",
        "create what exists",
        "delete what does not",
        "delete another value",
        "a plain record beside weighted ones",
    ],
)
def test_an_invalid_batch_is_refused_as_a_whole(
    cloud: Cloud, changes: list[dict[str, Any]], message: str
) -> None:
    """API_ChangeResourceRecordSets, InvalidChangeBatch; ResourceRecordTypes, CNAME format."""
    zone = cloud.zones.add("example.com")
    cloud.zones.put(zone, "www.example.com", "A", "192.0.2.1")
    cloud.zones.put_weighted(zone, "_w.example.com", {"a.": 1})
    before = cloud.zones.records(zone)
    said = refusal(cloud, zone, upsert("good.example.com"), *changes)
    assert said.startswith("InvalidChangeBatch")
    assert message in said
    assert cloud.zones.records(zone) == before


def test_a_deletion_names_every_member_of_the_record_set(cloud: Cloud) -> None:
    """API_ChangeResourceRecordSets, DELETE: the same value for each element."""
    zone = cloud.zones.add("example.com")
    write(cloud, zone, upsert("_a.example.com", HealthCheckId="abc", TTL=60))
    whole = change("DELETE", "_a.example.com", "_v.acm-validations.aws.", HealthCheckId="abc")
    for lacking in ({"HealthCheckId": None, "TTL": 60}, {"TTL": 300}):
        row = {**whole["ResourceRecordSet"], **lacking}
        asked = {
            "Action": "DELETE",
            "ResourceRecordSet": {name: value for name, value in row.items() if value is not None},
        }
        assert "do not match the current values" in refusal(cloud, zone, asked)
    whole["ResourceRecordSet"]["TTL"] = 60
    write(cloud, zone, whole)
    assert cloud.zones.records(zone) == {}
    assert "was not found" in refusal(cloud, zone, whole)


def test_a_record_may_be_replaced_within_one_batch(cloud: Cloud) -> None:
    zone = cloud.zones.add("example.com")
    cloud.zones.put(zone, "www.example.com", "A", "192.0.2.1")
    write(
        cloud,
        zone,
        change("DELETE", "www.example.com", "192.0.2.1", Type="A"),
        change("CREATE", "www.example.com", "target.example.net."),
    )
    assert cloud.zones.records(zone) == {("www.example.com", "CNAME"): ("target.example.net.",)}


def test_an_upsert_overwrites_and_counts_twice(cloud: Cloud) -> None:
    """DNSLimitations: 1,000 ResourceRecord elements, each of an UPSERT counted twice."""
    zone = cloud.zones.add("example.com")
    write(cloud, zone, upsert("a.example.com", "old."))
    write(cloud, zone, upsert("a.example.com", "new."))
    assert cloud.zones.records(zone) == {("a.example.com", "CNAME"): ("new.",)}
    many = [upsert(f"n{number}.example.com") for number in range(501)]
    assert "limit of 1000" in refusal(cloud, zone, *many)
    write(cloud, zone, *many[:500])


def test_a_batch_has_a_limit_of_characters(cloud: Cloud) -> None:
    """DNSLimitations: 32,000 characters, those of an UPSERT counted twice."""
    zone = cloud.zones.add("example.com")
    text = f'"{"x" * 250}"'
    many = [upsert(f"n{number}.example.com", text, Type="TXT") for number in range(64)]
    assert "limit of 32000" in refusal(cloud, zone, *many)


def test_a_missing_zone_is_said_to_be_missing(cloud: Cloud) -> None:
    assert refusal(cloud, "Z1MISSING", upsert("a.example.com")).startswith("NoSuchHostedZone")


def test_a_change_has_an_id_that_can_be_asked_for(cloud: Cloud) -> None:
    info = write(cloud, cloud.zones.add("example.com"), upsert("a.example.com"))
    assert info["Status"] == "PENDING"
    answer = cloud.client("route53").get_change(Id=info["Id"])["ChangeInfo"]
    assert answer["Status"] == "INSYNC"


def test_the_public_dns_asks_the_longest_delegated_zone(cloud: Cloud) -> None:
    parent, child = cloud.zones.add("example.com"), cloud.zones.add("shop.example.com")
    hidden = cloud.zones.add("lab.example.com", delegated=False)
    for zone, target in ((parent, "parent."), (child, "child."), (hidden, "hidden.")):
        cloud.zones.put(zone, "a.shop.example.com", "CNAME", target)
        cloud.zones.put(zone, "a.lab.example.com", "CNAME", target)
    assert cloud.zones.resolve("a.shop.example.com") == ("child.",)
    assert cloud.zones.resolve("a.lab.example.com") == ("parent.",)
    assert cloud.zones.resolve("a.example.net") == ()
    cloud.zones.remove(child, "a.shop.example.com", "CNAME")
    assert cloud.zones.resolve("a.shop.example.com") == ()


def test_stacks_of_several_accounts_may_have_zones_of_one_name(cloud: Cloud) -> None:
    for account in ("210000000001", "210000000002"):
        zone = cloud.zones.add("example.com", account=account)
        cloud.zones.put(zone, "a.example.com", "CNAME", f"{account}.")
    assert cloud.zones.resolve("a.example.com", account="210000000002") == ("210000000002.",)
    assert cloud.zones.resolve("a.example.com", account="210000000003") == ("210000000001.",)


def test_a_zone_may_be_delegated_later(cloud: Cloud) -> None:
    cloud.zones.add("example.com")
    child = cloud.zones.add("shop.example.com", delegated=False)
    cloud.zones.put(child, "a.shop.example.com", "CNAME", "child.")
    assert cloud.zones.resolve("a.shop.example.com") == ()
    cloud.zones.delegate(child)
    assert cloud.zones.resolve("a.shop.example.com") == ("child.",)


def test_a_strict_client_error_names_the_parameter(cloud: Cloud) -> None:
    zone = cloud.zones.add("example.com")
    said = refusal(cloud, zone, upsert("a.example.com", Type="BOGUS"))
    assert said.startswith("InvalidInput")
    assert "resourceRecordSet.type" in said
