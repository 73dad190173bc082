"""One measured run in a process of its own: the function, the command, or a bare script.

    python -m tests.benchmark.worker function|command|floor|script < order.json

It prints one line of JSON: what the run took.
"""

from __future__ import annotations

import json
import logging
import resource
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from certificate_lifecycle.aws import pacing
from certificate_lifecycle.handlers import rotation
from certificate_lifecycle.model.errors import RotationError

FUNCTION_ARN = "arn:aws:lambda:eu-west-1:123456789012:function:certificate-lifecycle-rotation"
TIMEOUT_SECONDS = 900
#: The calls of a bare script: the operation and its parameters, by region.
Calls = Mapping[str, Sequence[tuple[str, str, dict[str, Any]]]]


@dataclass
class Context:
    """Lambda's context, with the time that a function has at the most."""

    aws_request_id: str = "benchmark"
    invoked_function_arn: str = FUNCTION_ARN
    ends: float = 0.0

    def get_remaining_time_in_millis(self) -> int:
        return int((self.ends - time.monotonic()) * 1000)


def run_function(order: Mapping[str, Any]) -> None:
    """Run the rotation handler as Lambda would; without AWS's rates, nothing is spaced."""
    if not order["paced"]:
        pacing.RATES, pacing.SHARED_RATES = {}, {}
    logging.disable(logging.CRITICAL)
    now = datetime.now(UTC) + timedelta(days=order.get("days_later", 0))
    vars(rotation)["current_time"] = lambda: now
    ends = time.monotonic() + TIMEOUT_SECONDS
    with suppress(RotationError):
        # A step of a run over an organization may well say that something could not be done.
        rotation.lambda_handler(order.get("event", {"rotation_mode": "notify"}), Context(ends=ends))


def run_command(order: Mapping[str, Any]) -> None:
    """Call the command line; without AWS's rates, nothing is spaced."""
    from certificate_lifecycle.cli.main import main as certificates

    if not order["paced"]:
        pacing.RATES, pacing.SHARED_RATES = {}, {}
    code = certificates(order["arguments"])
    if code not in (0, 1):
        raise SystemExit(f"certificates ended with {code}")


def run_floor(order: Mapping[str, Any]) -> None:
    """Make only the calls that any answer needs: a search, and a description of each finding."""
    client: Any = boto3.Session().client("acm")
    if order["paced"]:
        client.meta.events.register("before-send.acm", pacing.Pacer("acm"))
    search = {"AcmCertificateMetadataFilter": {"RenewalStatus": "PENDING_AUTO_RENEWAL"}}
    client.search_certificates(FilterStatement={"Filter": search}, MaxResults=500)
    with ThreadPoolExecutor(order["threads"]) as pool:
        arns = order["findings"]
        list(pool.map(lambda arn: client.describe_certificate(CertificateArn=arn), arns))


def run_script(order: Mapping[str, Any]) -> None:
    """Make the calls and nothing else: one thread a region, one client each, at the same pace."""
    calls: Calls = order["calls"]
    rates = order["rates"] if order["paced"] else {}
    session = boto3.Session()
    options = Config(retries={"mode": "standard", "total_max_attempts": 8})
    services = {(region, service) for region in calls for service, _, _ in calls[region]}
    clients: dict[tuple[str, str], Any] = {
        (region, service): session.client(service, region_name=region, config=options)  # type: ignore[call-overload] # the stubs know literal names only
        for region, service in sorted(services)
    }

    def make(region: str) -> None:
        paces: dict[str, float] = {}
        for service, operation, parameters in calls[region]:
            if operation in rates:
                _wait(paces, operation, rates[operation])
            # The consumers of this estate are missing, and the services report that.
            with suppress(ClientError):
                getattr(clients[region, service], operation)(**parameters)

    with ThreadPoolExecutor(len(calls)) as pool:
        list(pool.map(make, calls))


def _wait(paces: dict[str, float], operation: str, rate: float) -> None:
    """Space the requests of an operation at nine tenths of the documented rate."""
    now = time.monotonic()
    at = max(now, paces.get(operation, 0.0))
    paces[operation] = at + 1 / (0.9 * rate)
    time.sleep(at - now)


def peak_memory() -> int:
    """Return the peak memory of this process in bytes.

    Linux counts the memory of the parent at the fork in `ru_maxrss`, and not in VmHWM.
    """
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = [x for x in status.read_text().splitlines() if x.startswith("VmHWM:")]
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main() -> None:
    """Measure one run; standard output belongs to the function until it is over."""
    kinds: dict[str, Callable[[Mapping[str, Any]], None]] = {
        "command": run_command,
        "floor": run_floor,
        "function": run_function,
        "script": run_script,
    }
    run = kinds[sys.argv[1]]
    order = json.load(sys.stdin)
    output, sys.stdout = sys.stdout, sys.stderr
    processor, started = time.process_time(), time.monotonic()
    run(order)
    took = {
        "wall": time.monotonic() - started,
        "cpu": time.process_time() - processor,
        "memory": peak_memory(),
    }
    output.write(json.dumps(took) + "\n")


if __name__ == "__main__":
    main()
