"""The regions that an account can use."""

from __future__ import annotations

from typing import Any

from certificate_lifecycle.aws.permissions import EVERYTHING, Command, declare

PERMISSIONS = declare(
    tuple(command for command in Command if command is not Command.CREATE),
    "ec2",
    EVERYTHING,
    DescribeRegions="the regions of `--regions all`",
)


def enabled_regions(client: Any) -> tuple[str, ...]:  # noqa: ANN401 - the stubs know no common type
    """Return the regions that the account has enabled (EC2 API, DescribeRegions)."""
    answer = client.describe_regions(AllRegions=False)
    return tuple(sorted(region["RegionName"] for region in answer["Regions"]))
