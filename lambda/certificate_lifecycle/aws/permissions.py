"""A permission and why it is needed, declared beside the calls that need it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Permission:
    """An IAM action, the calls of which are in the same file, and who needs it why."""

    action: str
    functions: tuple[str, ...]
    why: str


CREATION = ("creation",)
ROTATION = ("rotation",)
BOTH = ("creation", "rotation")
COMMAND_LINE = ("certificates",)
