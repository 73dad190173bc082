"""The regions that an account can use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from certificate_lifecycle.aws.permissions import COMMAND_LINE, Permission

PERMISSIONS = (
    Permission("ec2:DescribeRegions", COMMAND_LINE, "which regions `--regions all` stands for"),
)


def enabled_regions(client: Callable[[], Any]) -> tuple[str, ...]:
    """Return the regions that are enabled: others answer nobody (EC2 API, DescribeRegions)."""
    answer = client().describe_regions(AllRegions=False)
    return tuple(sorted(each["RegionName"] for each in answer["Regions"]))
