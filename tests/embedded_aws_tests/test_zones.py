"""The embedded Route 53's zones."""

from __future__ import annotations

import re

import pytest

from tests.embedded_aws.cloud import Cloud

pytestmark = pytest.mark.integration


def test_the_id_of_every_hosted_zone_starts_with_z(cloud: Cloud) -> None:
    # https://docs.aws.amazon.com/Route53/latest/APIReference/API_CreateHostedZone.html
    made = cloud.client("route53").create_hosted_zone(Name="example.org", CallerReference="a")
    ids = [cloud.zones.add("example.com"), made["HostedZone"]["Id"].rpartition("/")[2]]
    assert all(re.fullmatch("Z[A-Z0-9]{20}", zone_id) for zone_id in ids)


# --- The answers of public DNS ------------------------------------------------------------------


def test_no_zone_answers_below_a_delegation_to_unknown_servers(cloud: Cloud) -> None:
    """RFC 1034 section 4.3.2: the delegation closest to the top of a zone is a referral."""
    top, below = cloud.zones.add("example.com"), cloud.zones.add("a.dev.example.com")
    for zone in (top, below):
        cloud.zones.put(zone, "x.a.dev.example.com", "CNAME", "x.")
    cloud.zones.put(top, "dev.example.com", "CNAME", "beside.")
    assert cloud.zones.resolve("x.a.dev.example.com") == ("x.",)
    cloud.zones.put(top, "dev.example.com", "NS", "ns-1.elsewhere.net.")
    assert cloud.zones.resolve("x.a.dev.example.com") == ()
    assert cloud.zones.resolve("dev.example.com") == ()
    assert cloud.zones.resolve("dev.example.com", "NS") == ("ns-1.elsewhere.net.",)


def test_a_delegation_leads_to_the_zone_whose_servers_it_names(cloud: Cloud) -> None:
    cloud.zones.add("example.com")
    zones = [cloud.zones.add("dev.example.com", account=f"21000000000{n}") for n in (1, 2)]
    for zone in zones:
        cloud.zones.put(zone, "x.dev.example.com", "CNAME", f"{zone}.")
    assert cloud.zones.resolve("x.dev.example.com") == (f"{zones[1]}.",)
    cloud.zones.delegate(zones[0])
    assert cloud.zones.resolve("x.dev.example.com") == (f"{zones[0]}.",)


def test_the_registrar_delegates_to_the_shortest_zone_only(cloud: Cloud) -> None:
    child, top = cloud.zones.add("dev.example.com"), cloud.zones.add("example.com")
    cloud.zones.put(child, "x.dev.example.com", "CNAME", "child.")
    assert cloud.zones.resolve("x.dev.example.com") == ("child.",)
    cloud.zones.remove(top, "dev.example.com", "NS")
    assert cloud.zones.resolve("x.dev.example.com") == ()


def test_a_wildcard_answers_for_names_that_do_not_exist(cloud: Cloud) -> None:
    """RFC 4592 section 2.2.2: a name with records below it exists, without records of its own."""
    zone = cloud.zones.add("example.com")
    cloud.zones.put(zone, "*.example.com", "CNAME", "wild.")
    cloud.zones.put(zone, "deep.shop.example.com", "A", "192.0.2.1")
    answers = {
        name: cloud.zones.resolve(f"{name}.example.com")
        for name in ("x", "x.y", "shop", "x.shop", "deep.shop")
    }
    assert answers == {
        "x": ("wild.",),
        "x.y": ("wild.",),
        "shop": (),
        "x.shop": (),
        "deep.shop": (),
    }


def test_a_cname_is_followed_and_says_nothing_about_names_below_it(cloud: Cloud) -> None:
    zone, other = cloud.zones.add("example.com"), cloud.zones.add("example.net")
    cloud.zones.put(zone, "www.example.com", "CNAME", "web.example.net.")
    cloud.zones.put(other, "web.example.net", "CAA", '0 issue "amazon.com"')
    cloud.zones.put(other, "x.web.example.net", "CNAME", "never.")
    assert cloud.zones.resolve("www.example.com", "CAA") == ('0 issue "amazon.com"',)
    assert cloud.zones.resolve("x.www.example.com") == ()
    cloud.zones.put(other, "web.example.net", "CNAME", "www.example.com.")
    assert cloud.zones.resolve("www.example.com", "A") == ()


def test_a_routing_policy_may_answer_with_each_of_its_records(cloud: Cloud) -> None:
    zone = cloud.zones.add("example.com")
    cloud.zones.put_weighted(zone, "x.example.com", {"a.": 1, "b.": 3, "never.": 0})
    assert cloud.zones.answers("x.example.com") == (("a.",), ("b.",))
    cloud.zones.put_weighted(zone, "y.example.com", {"a.": 0, "b.": 0})
    assert cloud.zones.answers("y.example.com") == (("a.",), ("b.",))


def test_an_alias_answers_as_its_target(cloud: Cloud) -> None:
    zone = cloud.zones.add("example.com")
    cloud.zones.put(zone, "target.example.com", "CNAME", "there.")
    cloud.zones.put_alias(zone, "x.example.com", "CNAME", "target.example.com")
    assert cloud.zones.resolve("x.example.com") == ("there.",)
