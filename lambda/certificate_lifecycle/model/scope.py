"""An account and region, and the ARNs in it."""

from __future__ import annotations

from dataclasses import dataclass

_PARTS = 6


def parse_arn(text: str) -> str:
    """Return a text that has the form of an ARN, unchanged; raises ValueError.

    Some services accept every visible ASCII character in the last part, and none accepts others.
    """
    visible = text.isascii() and text.isprintable() and " " not in text
    if not (visible and text.startswith("arn:") and len(text.split(":")) >= _PARTS):
        raise ValueError("it is not an ARN")
    return text


@dataclass(frozen=True, slots=True)
class ListedAccount:
    """An account of an organization; `active` is None if its state is missing or not known."""

    account_id: str
    active: bool | None


@dataclass(frozen=True, slots=True)
class Scope:
    """An account and a region, and the partition that contains both."""

    account_id: str
    region: str
    partition: str = "aws"

    @classmethod
    def from_arn(cls, arn: str) -> Scope:
        """Return the scope of any regional ARN, such as `context.invoked_function_arn`."""
        _, partition, _, region, account_id, *_ = arn.split(":")
        return cls(account_id, region, partition)

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of a resource in this scope."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account_id}:{resource}"

    def contains(self, arn: str) -> bool:
        """Whether an ARN is in this account and region; global services are in every region."""
        _, _, _, region, account_id, *_ = arn.split(":")
        return account_id == self.account_id and region in ("", self.region)
