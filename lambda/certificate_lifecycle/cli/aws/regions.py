"""The regions that an account can use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from certificate_lifecycle.aws.permissions import EVERYTHING, Command, Permission

PERMISSIONS = (
    Permission(
        "ec2:DescribeRegions",
        tuple(command for command in Command if command is not Command.CREATE),
        EVERYTHING,
        "the regions of `--regions all`",
    ),
)


def enabled_regions(client: Callable[[], Any]) -> tuple[str, ...]:
    """Return the regions that are enabled: others answer nobody (EC2 API, DescribeRegions)."""
    answer = client().describe_regions(AllRegions=False)
    return tuple(sorted(entry["RegionName"] for entry in answer["Regions"]))
