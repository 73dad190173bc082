"""`make demo`: run the module on this machine, against an embedded AWS.

The demo applies `examples/dev` with terraform in an account with certificates of other teams,
invokes the rotation function from the deployed zip with its deployed environment and role, advances
the clock by days, and destroys the stack.
Nothing remains afterwards, even after an interrupt: state and code are in temporary folders, and
the embedded AWS runs in this process.
"""

from __future__ import annotations

import signal
import sys
import textwrap
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tests.embedded_aws.cloud import Cloud
from tests.estates import front, showcase
from tests.harness.deployed import invoke
from tests.harness.terraform import TerraformError, Workspace

EXAMPLE = "examples/dev"
FUNCTION_SECONDS = 60.0
#: Days before its end at which a renewal is blocked, and at which ACM has not even begun one.
BLOCKED_DAYS, OVERDUE_DAYS = 20, 3
DAYS_LATER = 3
LISTENER = "aws_lb_listener.https"
_BOLD, _PLAIN = ("\033[1m", "\033[0m") if sys.stdout.isatty() else ("", "")


class DemoError(Exception):
    """A step had an unexpected result."""


@dataclass(frozen=True)
class Demo:
    """The account, and the stack that is applied in it."""

    cloud: Cloud
    workspace: Workspace
    load_balancer: str
    #: The certificates of other teams.
    others: frozenset[str]
    outputs: Mapping[str, Any]

    @property
    def pointer(self) -> str:
        """The output `certificate_arn` after a refresh."""
        parameter = "/shop-dev/certificates/main/arn"
        found = self.cloud.client("ssm").get_parameter(Name=parameter)
        value: str = found["Parameter"]["Value"]
        return value

    @property
    def served(self) -> str:
        return front.served(self.cloud, self.load_balancer)


def main() -> int:
    """Run the demo and return 0 if every step succeeded."""
    # A shell that starts this process in the background sets SIGINT to be ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, _terminate)
    started = time.monotonic()
    try:
        with Cloud.start() as cloud:
            _show(cloud)
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


def _show(cloud: Cloud) -> None:
    others, load_balancer = frozenset(showcase.fill(cloud)), front.fill(cloud, "shop")
    _step("Before: an account with the certificates of other teams, and a load balancer")
    print(
        f"  {len(others)} certificates below {showcase.ZONE} and elsewhere, most of them in trouble"
    )
    with Workspace(EXAMPLE, cloud.environment()) as workspace:
        _step(f"terraform apply, {EXAMPLE} (about half a minute)")
        workspace.apply()
        demo = Demo(cloud, workspace, load_balancer, others, workspace.output())
        _issued(demo)
        _repair(demo)
        _renewed(demo)
        _replace(demo)
        _destroy(demo)


def _issued(demo: Demo) -> None:
    arn = demo.outputs["certificate_arn"]
    print(f"  {len(demo.workspace.resources())} resources")
    print(f"  certificate_arn = {arn}")
    issued = demo.cloud.certificates.get(arn)
    _require(issued.status == "ISSUED" and demo.served == arn, "the listener lacks a certificate")
    print(f"  ACM has issued {issued.domain_name}; the listener HTTPS:443 serves it")
    changes = demo.workspace.changes()
    _require(not changes, f"a second plan is not empty: {'; '.join(changes)}")
    print("  a second terraform plan is empty")


def _repair(demo: Demo) -> None:
    cloud, arn = demo.cloud, demo.pointer
    (record,) = cloud.certificates.records(arn)
    (zone,) = (zone.zone_id for zone in cloud.zones.all())
    cloud.zones.remove(zone, record.name, "CNAME")
    _near_its_end(demo, BLOCKED_DAYS, renewal_status="PENDING_VALIDATION")
    _step(
        f"{BLOCKED_DAYS} days before its end, its validation record is missing: ACM cannot renew it"
    )
    before = _of_others(demo)
    result = _rotate(demo)
    _table(demo, result)
    _require(_of_others(demo) == before, "a certificate of another team has changed")
    print(f"\n  The {len(demo.others)} certificates of other teams are reported, and unchanged:")
    print("  the message says which setting would allow an advised action.")
    (entry,) = (entry for entry in result["actions"] if entry["certificate_arn"] == arn)
    _require(entry["outcome"] == "done", "the record was not written")
    _step("The message about the certificate of this stack")
    _message(demo)


def _near_its_end(demo: Demo, days: int, **renewal: Any) -> None:  # noqa: ANN401 - as of `edit`
    """Let the certificate of the stack have so many days of its lifetime left."""
    certificates, arn = demo.cloud.certificates, demo.pointer
    ends = demo.cloud.now + timedelta(days=days)
    begins = ends - certificates.get(arn).lifetime
    certificates.edit(arn, not_before=begins, not_after=ends, **renewal)


def _of_others(demo: Demo) -> list[Any]:
    """Return the certificates of other teams as they are now."""
    return [repr(demo.cloud.certificates.get(arn)) for arn in sorted(demo.others)]


def _rotate(demo: Demo) -> dict[str, Any]:
    """Invoke the deployed rotation function with the event of its schedule."""
    name = demo.outputs["rotation_function_name"]
    event = {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "123456789012",
        "time": f"{demo.cloud.now:%Y-%m-%dT%H:%M:%SZ}",
        "region": "eu-west-1",
        "resources": ["arn:aws:events:eu-west-1:123456789012:rule/shop-dev-schedule"],
        "detail": {},
    }
    invocation = invoke(demo.cloud, name, event, timeout=FUNCTION_SECONDS)
    if invocation.error is not None:
        raise DemoError(f"{name} raised {invocation.error.type}: {invocation.error.message}")
    result: dict[str, Any] = invocation.result
    return result


def _table(demo: Demo, result: Mapping[str, Any]) -> None:
    outcomes = {entry["certificate_arn"]: entry["outcome"] for entry in result["actions"]}
    rows = [
        (
            finding["severity"],
            finding["domain_name"],
            finding["verdict"],
            "others" if finding["certificate_arn"] in demo.others else "this stack",
            outcomes.get(finding["certificate_arn"], ""),
        )
        for finding in result["findings"]
    ]
    header = ("SEVERITY", "CERTIFICATE", "VERDICT", "REQUESTED BY", "ACTION")
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
    for row in [header, *rows]:
        print("  " + "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip())
    quiet = {v: n for v, n in result["counts"].items() if v in ("Healthy", "Renewing")}
    print(f"  and {', '.join(f'{count} {verdict}' for verdict, count in quiet.items())}")


def _message(demo: Demo) -> None:
    """Print the last message without its steps."""
    topic = demo.outputs["sns_topic_arn"]
    message = demo.cloud.topics.messages(topic)[-1]
    print(f"  Subject: {message.subject}\n")
    print(textwrap.indent(message.to("email").partition("\n\nSTEPS")[0], "  "))


def _renewed(demo: Demo) -> None:
    """Check that the repaired renewal succeeds under the same ARN."""
    arn = demo.pointer
    ended = demo.cloud.certificates.get(arn).not_after
    demo.cloud.advance(days=DAYS_LATER)
    result = _rotate(demo)
    after = demo.cloud.certificates.get(arn)
    _require(
        ended is not None and after.not_after is not None and after.not_after > ended,
        f"{after.domain_name} was not renewed",
    )
    _require(
        all(finding["certificate_arn"] != arn for finding in result["findings"]),
        f"{after.domain_name} is still a finding",
    )
    _step(f"{DAYS_LATER} days later: ACM has renewed it under the same ARN")
    print(f"  valid until {ended:%Y-%m-%d} before, {after.not_after:%Y-%m-%d} now")


def _replace(demo: Demo) -> None:
    """Let ACM not renew the certificate, and the next plan follow the replacement."""
    old = demo.pointer
    _near_its_end(demo, OVERDUE_DAYS, renews=False)
    _step(f"{OVERDUE_DAYS} days before its next end, ACM has not renewed it: it gets a successor")
    _rotate(demo)
    successor = demo.pointer
    _require(successor != old, "no successor was issued")
    print(f"  certificate_arn = {successor}")
    done = demo.workspace.change()
    _require(done == {LISTENER: "update"}, f"the next apply is not about the listener: {done}")
    _require(demo.served == successor, "the listener does not serve the successor")
    print(f"  terraform apply updates {LISTENER} in-place, and nothing else")
    print("  the listener serves the successor")


def _destroy(demo: Demo) -> None:
    kept = demo.pointer
    _step("terraform destroy")
    demo.workspace.destroy()
    print(f"  {len(demo.workspace.resources())} resources")
    _require(demo.cloud.certificates.get(kept).status == "ISSUED", "the certificate is gone")
    print("  the certificates are still in ACM: on_destroy is keep")


def _require(true: bool, otherwise: str) -> None:  # noqa: FBT001 - a condition, as of `assert`
    if not true:
        raise DemoError(otherwise)


def _step(title: str) -> None:
    print(f"\n{_BOLD}{title}{_PLAIN}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
