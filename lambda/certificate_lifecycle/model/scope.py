"""Where something is: known from its ARN, without a call."""

from __future__ import annotations

from dataclasses import dataclass

_PARTS = 6


def arn_from(text: str) -> str:
    """Return a text that has the form of an ARN, which is shown as it is; raises ValueError.

    Some services take every visible character of ASCII in the last part, and none takes others.
    """
    visible = text.isascii() and text.isprintable() and " " not in text
    if not (visible and text.startswith("arn:") and len(text.split(":")) >= _PARTS):
        raise ValueError("it is no ARN")
    return text


@dataclass(frozen=True, slots=True)
class Scope:
    """An account and a region, and the partition that both are in."""

    account_id: str
    region: str
    partition: str = "aws"

    @classmethod
    def from_arn(cls, arn: str) -> Scope:
        """Read the place out of any regional ARN, such as `context.invoked_function_arn`."""
        _, partition, _, region, account_id, *_ = arn.split(":")
        return cls(account_id, region, partition)

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of a resource here."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account_id}:{resource}"

    def holds(self, arn: str) -> bool:
        """Whether an ARN is of this account and region; a service without regions is in each."""
        _, _, _, region, account_id, *_ = arn.split(":")
        return account_id == self.account_id and region in ("", self.region)
