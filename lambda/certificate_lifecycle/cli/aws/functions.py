"""The deployed functions, as Lambda describes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from certificate_lifecycle.aws.permissions import COMMANDS, Permission, at_home

PERMISSIONS = (
    Permission(
        "lambda:GetFunctionConfiguration",
        COMMANDS,
        at_home("lambda", "function:{instance}-*"),
        "settings and state of the deployed functions",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployedFunction:
    """A function as Lambda has it; `settings` are its environment."""

    name: str
    arn: str
    role_arn: str
    settings: Mapping[str, str]
    state: str
    state_reason: str | None = None
    last_update_status: str | None = None
    runtime: str | None = None


class Functions:
    """Lambda in the region of the module."""

    def __init__(self, client: Callable[[], Any]) -> None:
        self._client = client

    def find(self, name: str) -> DeployedFunction | None:
        """Return a function; None if there is none of that name."""
        try:
            found = self._client().get_function_configuration(FunctionName=name)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                return None
            raise
        return DeployedFunction(
            name=found["FunctionName"],
            arn=found["FunctionArn"],
            role_arn=found["Role"],
            settings=found.get("Environment", {}).get("Variables", {}),
            state=found.get("State", "Active"),
            state_reason=found.get("StateReason"),
            last_update_status=found.get("LastUpdateStatus"),
            runtime=found.get("Runtime"),
        )
