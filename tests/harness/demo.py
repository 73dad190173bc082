"""`make demo`: run the module on this machine, against an embedded AWS.

The demo applies `examples/sandbox` with terraform, invokes both functions from the deployed zip
with the deployed environment and roles, advances the clock by a few days, and destroys everything.
Without terraform or a provider, it calls the handlers directly.
Nothing remains afterwards, even after an interrupt: state and code are in temporary folders, and
the embedded AWS runs in this process.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import textwrap
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from unittest import mock

from tests.embedded_aws.cloud import Cloud
from tests.estates import showcase
from tests.harness.deployed import invoke
from tests.harness.terraform import TerraformError, Workspace, unavailable

FUNCTION_SECONDS = 60.0
DAYS_LATER = 3
_BOLD, _PLAIN = ("\033[1m", "\033[0m") if sys.stdout.isatty() else ("", "")

Invoke = Callable[[Mapping[str, Any]], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Stack:
    """A deployed stack: both functions and the topic."""

    create: Invoke
    rotate: Invoke
    topic_arn: str


class DemoError(Exception):
    """A step had an unexpected result."""


def main() -> int:
    """Run the demo and return 0 if every step succeeded."""
    # A shell that starts this process in the background sets SIGINT to be ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, _terminate)
    started = time.monotonic()
    try:
        with Cloud.start() as cloud:
            arns = showcase.fill(cloud)
            _step(f"An account with {len(arns)} certificates in different states")
            with _deployed(cloud) as stack:
                _create(cloud, stack)
                _rotate(cloud, stack)
                _later(cloud, stack)
            _step(f"Done in {time.monotonic() - started:.0f} seconds; nothing is left behind")
    except KeyboardInterrupt:
        print("\nInterrupted; nothing is left behind.", file=sys.stderr)
        return 130
    except (DemoError, TerraformError) as error:
        print(f"\nThe demo failed: {error}", file=sys.stderr)
        return 1
    return 0


def _terminate(*_: object) -> None:
    raise KeyboardInterrupt


@contextlib.contextmanager
def _deployed(cloud: Cloud) -> Iterator[Stack]:
    reason = unavailable()
    if reason is not None:
        print(f"\n{reason}: the handlers are called directly instead of being deployed.")
        with _undeployed(cloud) as stack:
            yield stack
        return
    with Workspace("examples/sandbox", cloud.environment()) as workspace:
        _step("terraform apply, examples/sandbox (about half a minute)")
        workspace.apply()
        outputs = workspace.output()
        print(f"  {len(workspace.resources())} resources")
        changes = workspace.changes()
        if changes:
            raise DemoError(f"a second plan is not empty: {'; '.join(changes)}")
        print("  a second terraform plan is empty")
        yield Stack(
            create=_invoker(cloud, outputs["creation_function_name"]),
            rotate=_invoker(cloud, outputs["rotation_function_name"]),
            topic_arn=outputs["sns_topic_arn"],
        )
        _step("terraform destroy")
        workspace.destroy()
        print(f"  {len(workspace.resources())} resources")


def _invoker(cloud: Cloud, name: str) -> Invoke:
    def run(event: Mapping[str, Any]) -> dict[str, Any]:
        invocation = invoke(cloud, name, event, timeout=FUNCTION_SECONDS)
        if invocation.error is not None:
            raise DemoError(f"{name} raised {invocation.error.type}: {invocation.error.message}")
        result: dict[str, Any] = invocation.result
        return result

    return run


@contextlib.contextmanager
def _undeployed(cloud: Cloud) -> Iterator[Stack]:
    from certificate_lifecycle.handlers import creation, rotation

    topic_arn = cloud.client("sns").create_topic(Name="demo")["TopicArn"]
    environment = {
        **cloud.environment(),
        "DOMAIN_NAME": showcase.ZONE,
        "SNS_TOPIC_ARN": topic_arn,
    }
    with mock.patch.dict(os.environ, environment):
        yield Stack(
            create=lambda event: creation.lambda_handler(event, _Context()),
            rotate=lambda event: rotation.lambda_handler(event, _Context()),
            topic_arn=topic_arn,
        )


class _Context:
    """The context object that Lambda passes to handlers."""

    invoked_function_arn = "arn:aws:lambda:eu-west-1:123456789012:function:demo"

    def __init__(self) -> None:
        self.aws_request_id = str(uuid.uuid4())
        self._ends = time.monotonic() + FUNCTION_SECONDS

    def get_remaining_time_in_millis(self) -> int:
        """Return the remaining milliseconds."""
        return int((self._ends - time.monotonic()) * 1000)


def _create(cloud: Cloud, stack: Stack) -> None:
    _step("Creation: the configured certificate, with its DNS validation")
    first = stack.create({"wait_seconds": 30})
    for record in first["validation_records"]:
        print(f"  {record['change']:9} {record['name']} in {record['zone_name']}")
    print(f"  {first['status']:9} {first['certificate_arn']}")
    again = stack.create(_scheduled(cloud.now))
    if first["status"] != "ISSUED" or again["certificate_arn"] != first["certificate_arn"]:
        raise DemoError("creation did not issue exactly one certificate")
    print("  invoked again: the same certificate, nothing requested")


def _rotate(cloud: Cloud, stack: Stack) -> None:
    _step("Rotation: give each certificate a verdict with a reason, repair blocked renewals")
    result = stack.rotate(_scheduled(cloud.now))
    _table(result)
    _step("The e-mail message")
    message = cloud.topics.messages(stack.topic_arn)[-1]
    print(f"  Subject: {message.subject}\n")
    print(textwrap.indent(message.to("email"), "  "))


def _table(result: Mapping[str, Any]) -> None:
    outcomes = {entry["certificate_arn"]: entry["outcome"] for entry in result["actions"]}
    rows = [
        (
            finding["severity"],
            finding["domain_name"],
            finding["verdict"],
            outcomes.get(finding["certificate_arn"], ""),
        )
        for finding in result["findings"]
    ]
    header = ("SEVERITY", "CERTIFICATE", "VERDICT", "ACTION")
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
    for row in [header, *rows]:
        print("  " + "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip())
    quiet = {v: n for v, n in result["counts"].items() if v in ("Healthy", "Renewing")}
    print(f"  and {', '.join(f'{count} {verdict}' for verdict, count in quiet.items())}")


def _later(cloud: Cloud, stack: Stack) -> None:
    """Check that the repaired renewal succeeds under the same ARN."""
    case = f"api.{showcase.ZONE}"
    before = next(c for c in cloud.certificates.all() if c.domain_name == case)
    arn, ended = before.arn, before.not_after
    _step(f"{DAYS_LATER} days later: ACM has renewed the certificate")
    now = cloud.advance(days=DAYS_LATER)
    result = stack.rotate(_scheduled(now))
    after = cloud.certificates.get(arn)
    if any(f["certificate_arn"] == arn for f in result["findings"]):
        raise DemoError(f"{case} is still a finding")
    if ended is None or after.not_after is None or after.not_after <= ended:
        raise DemoError(f"{case} was not renewed")
    print(f"  {case}: was valid until {ended:%Y-%m-%d}, now until {after.not_after:%Y-%m-%d}")
    print(f"  the same ARN: {arn}")


def _scheduled(now: datetime) -> dict[str, Any]:
    """Return the event of the schedule."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "123456789012",
        "time": f"{now:%Y-%m-%dT%H:%M:%SZ}",
        "region": "eu-west-1",
        "resources": ["arn:aws:events:eu-west-1:123456789012:rule/demo"],
        "detail": {},
    }


def _step(title: str) -> None:
    print(f"\n{_BOLD}{title}{_PLAIN}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
