"""Where a function runs: known from its own ARN, without a call."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """An account and a region, and the partition that both are in."""

    account_id: str
    region: str
    partition: str = "aws"

    @classmethod
    def from_arn(cls, arn: str) -> Place:
        """Read the place out of any regional ARN, such as `context.invoked_function_arn`."""
        _, partition, _, region, account_id, *_ = arn.split(":")
        return cls(account_id, region, partition)

    def holds(self, arn: str) -> bool:
        """Whether an ARN is of this account and region; a service without regions is in each."""
        _, _, _, region, account_id, *_ = arn.split(":")
        return account_id == self.account_id and region in ("", self.region)
