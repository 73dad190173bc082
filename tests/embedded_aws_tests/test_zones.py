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
