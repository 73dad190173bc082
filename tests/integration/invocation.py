"""Invoking the handlers in this process as Lambda would, on a clock that moves when a test says so.

`Wire` sits where the SDK meets the network: a test can let something happen, or a function die,
between any two of its calls.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import boto3.session
import botocore.session
import pytest
from botocore.loaders import Loader

from certificate_lifecycle.aws import permissions
from certificate_lifecycle.cli.required_permissions import declared
from certificate_lifecycle.handlers.context import LambdaContext
from tests.embedded_aws.calls import Call
from tests.embedded_aws.cloud import Cloud
from tests.harness.state_table import create_state_table

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
LAMBDA_TIMEOUT = timedelta(minutes=15)
EVENTS = Path(__file__).resolve().parents[1] / "events"
FUNCTION_ARN = "arn:aws:lambda:eu-west-1:123456789012:function:certificate-lifecycle-{name}"
#: The IAM actions of each function.
DECLARED = {
    str(function): frozenset(
        permission.action for permission in declared() if function in permission.callers
    )
    for function in permissions.Function
}

Hook = Callable[[str], None]


class KilledError(BaseException):
    """Lambda stopped the function: nothing in it may catch this."""


class Handler(Protocol):
    def __call__(self, event: object, context: LambdaContext) -> dict[str, Any]: ...


def recorded(name: str) -> dict[str, Any]:
    """Read an event as it reaches the function."""
    event: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8"))
    return event


def scheduled(at: datetime) -> dict[str, Any]:
    """Build the event of the schedule's rule at a time."""
    return {**recorded("scheduled"), "time": f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"}


class Wire:
    """Calls `before` and `after` with the operation's name, around every call of a function.

    `making` is called with the service of each client that is made, `sending` with each request.
    """

    def __init__(self) -> None:
        # Reading the models from disk takes most of the time in which a client is made.
        self._loader = Loader()
        self.reset()

    def reset(self) -> None:
        self.before: Hook = _nothing
        self.after: Hook = _nothing
        self.making: Hook = _nothing
        self.sending: Callable[[Any], None] = _nothing

    def session(
        self,
        botocore_session: botocore.session.Session | None = None,
        region_name: str | None = None,
    ) -> boto3.session.Session:
        """Create a client like `boto3.Session`, with the hooks attached."""
        core = botocore_session or botocore.session.get_session()
        core.register_component("data_loader", self._loader)
        session = boto3.session.Session(botocore_session=core, region_name=region_name)
        session.events.register("before-call", lambda model, **_: self.before(model.name))
        session.events.register("after-call", lambda model, **_: self.after(model.name))
        session.events.register(
            "creating-client-class", lambda event_name, **_: self.making(event_name.split(".")[1])
        )
        session.events.register("before-send", lambda request, **_: self.sending(request))
        return session

    def strike_before(self, number: int, disturb: Callable[[], None]) -> None:
        """Let `disturb` happen once, before the call of that number."""
        self.before = self._once(number, disturb, "before")

    def strike_after(self, number: int, disturb: Callable[[], None]) -> None:
        """Let `disturb` happen once, when the call of that number has had its effect."""
        self.after = self._once(number, disturb, "after")

    def _once(self, number: int, disturb: Callable[[], None], side: str) -> Hook:
        numbers = itertools.count(1)

        def hook(_: str) -> None:
            if next(numbers) == number:
                # A nested invocation must not be disturbed.
                setattr(self, side, _nothing)
                disturb()

        return hook


def _nothing(_: object) -> None:
    pass


def kill() -> None:
    raise KilledError


def calls(count: int, *always: int) -> list[Any]:
    """Return the numbers of a run's calls, as values of a parameter, to disturb each of them.

    `make test` disturbs the first call, the last one and those in `always`; `make nightly` all.
    """
    chosen = {1, count, *always}
    return [
        pytest.param(number, marks=() if number in chosen else pytest.mark.nightly)
        for number in range(1, count + 1)
    ]


def every_fourth(count: int) -> list[Any]:
    """Return the numbers of a run's calls, of which `make test` disturbs every fourth."""
    return calls(count, *range(1, count, 4))


@dataclass
class Context:
    """Lambda's context, whose time runs by the embedded AWS's clock."""

    aws_request_id: str
    invoked_function_arn: str
    ends: datetime
    cloud: Cloud

    def get_remaining_time_in_millis(self) -> int:
        return int((self.ends - self.cloud.now) / timedelta(milliseconds=1))


class Function:
    """One of the two functions, ready to be invoked.

    Each invocation is held to the permissions that the adapters declare for the function, and each
    result to being plain data that Lambda can turn into JSON.
    """

    def __init__(self, cloud: Cloud, name: str, handler: Handler) -> None:
        self._cloud = cloud
        self._handler = handler
        self._numbers = itertools.count(1)
        self.name = name
        self.arn = FUNCTION_ARN.format(name=name)
        self.timeout = LAMBDA_TIMEOUT
        self.context: Context | None = None
        self.calls: list[Call] = []

    @property
    def declared(self) -> frozenset[str]:
        return DECLARED[self.name]

    @property
    def operations(self) -> list[str]:
        """The operations of the last invocation."""
        return [call.operation for call in self.calls]

    @property
    def writes(self) -> list[str]:
        """The operations of the last invocation that change something."""
        return writes(self.calls)

    @property
    def left(self) -> timedelta:
        """How much of its time the last invocation left."""
        assert self.context is not None
        return self.context.ends - self._cloud.now

    def __call__(self, event: object) -> dict[str, Any]:
        self.context = Context(
            f"run-{next(self._numbers)}", self.arn, self._cloud.now + self.timeout, self._cloud
        )
        before = len(self._cloud.calls)
        try:
            result = self._handler(event, self.context)
        finally:
            self.calls = self._cloud.calls[before:]
            made = {action for call in self.calls for action in call.actions}
            assert made <= self.declared
        # Lambda would report any other value as a success, or fail to serialise it.
        assert json.loads(json.dumps(result)) == result
        assert {"statusCode", "body"}.isdisjoint(result)
        return result


def writes(calls: Iterable[Call]) -> list[str]:
    """Return the operations that change more than what the next run remembers."""
    reading = ("List", "Describe", "Get", "Search", "AssumeRole", "Query")
    return [
        call.operation
        for call in calls
        if not (call.operation.startswith(reading) or remembers(call))
    ]


def remembers(call: Call) -> bool:
    """Whether a call stores what the next run remembers."""
    entry = call.parameters.get("Item", {}).get("entry", {}).get("S", "")
    return call.operation == "PutItem" and entry.startswith("remembered#")


def make_ledger(cloud: Cloud, environment: pytest.MonkeyPatch, region: str) -> str:
    """Create the table of `modules/ledger` and let the rotation function use it."""
    name = "certificate-lifecycle-ledger"
    create_state_table(cloud.client("dynamodb", region=region), name)
    environment.setenv("LEDGER_TABLE", name)
    return name
