"""Measure scans and runs over organizations, and write docs/performance.md and docs/scale.md.

    make bench

It ends with an error if one of the promises in those pages does not hold.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore import xform_name

from tests.benchmark import floor, organization
from tests.embedded_aws.calls import Call
from tests.embedded_aws.cloud import Cloud
from tests.embedded_aws.rates import ACM
from tests.estates import scale

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "performance.md"
SCALE = ROOT / "docs" / "scale.md"
SIZES = (100, 1_000, 2_500, 10_000)
REGIONS = ("eu-west-1", "us-east-1", "ap-southeast-2", "sa-east-1")
LATENCY_SECONDS = 0.02
OPERATIONS = (
    "ListCertificates",
    "SearchCertificates",
    "DescribeCertificate",
    "GetResources",
    "DescribeListeners",
)
IMPORTS = 9
#: Up to so many certificates, so many measurements beside the first; the shortest counts.
SHORT, REPEATS = 1_000, 2

MAX_RATIO = 1.2
#: Of the command line: a scan of so many certificates is compared with the bare script.
COMMAND_SIZE = 2_500
MAX_COMMAND_RATIO = 1.2
MAX_HELP_SECONDS = 0.15
MAX_MEMORY = 200e6
MAX_GROWTH = 2_048
#: Of a handler with boto3, against boto3 alone: milliseconds of one machine mean little on another.
MAX_IMPORT_RATIO = 2.25


@dataclass(frozen=True)
class Row:
    """One measured scan."""

    size: int
    regions: int
    calls: Mapping[str, int]
    throttled: int
    wall: float
    cpu: float
    memory: float
    script: float
    command: float

    @property
    def ratio(self) -> float:
        """How much longer it took than the bare script."""
        return self.wall / self.script


def main() -> int:
    """Measure, write the pages, and report whether every promise is kept."""
    started = datetime.now(UTC)
    with Cloud.start() as cloud:
        latent = [measure(cloud, size, count, limited=False) for size, count in shapes()]
        limited = [measure(cloud, size, count, limited=True) for size, count in shapes()]
        say("the calls that any answer needs")
        against_floor = floor.measure(cloud, work)
        scan, rows = organization.measure(cloud, work, say)
    imports = {code: fastest(code) for code in ("boto3", *HANDLERS)}
    helped = started_in("-m", "certificate_lifecycle", "--help") - started_in("-c", "pass")
    promises = judge(latent, limited, imports, helped) | floor.judge(against_floor)
    text = page(latent, limited, against_floor, imports, promises, started)
    PAGE.write_text(text, encoding="utf-8")
    SCALE.write_text(organization.page(scan, rows, started), encoding="utf-8")
    say(f"{PAGE.relative_to(ROOT)} and {SCALE.relative_to(ROOT)} were written")
    promises |= organization.judge(rows)
    for promise, kept in promises.items():
        say(f"{'kept    ' if kept else 'BROKEN  '} {promise}")
    return 0 if all(promises.values()) else 1


def shapes() -> list[tuple[int, int]]:
    return [(size, count) for count in (1, len(REGIONS)) for size in SIZES]


# --- Measuring --------------------------------------------------------------------------------


def measure(cloud: Cloud, size: int, count: int, *, limited: bool) -> Row:
    """Scan an estate by the function, then make the same calls by a bare script."""
    say(f"{size} certificates, {count} region{'s' if count > 1 else ''}, {limited=}")
    regions = REGIONS[:count]
    scale.fill_anew(cloud, size, regions)
    topic = cloud.client("sns").create_topic(Name="benchmark")["TopicArn"]
    environment = {"SNS_TOPIC_ARN": topic, "REGIONS": json.dumps(regions)}
    cloud.latency = 0.0 if limited else LATENCY_SECONDS
    cloud.rate_limited = limited
    order: dict[str, Any] = {"paced": limited}
    cloud.forget_calls()
    took = work(cloud, "function", order, environment)
    calls = cloud.calls
    # Measurements below a second are repeated: one delay would be a tenth of them.
    again = REPEATS if size <= SHORT else 0
    for _ in range(again):
        took = min(took, work(cloud, "function", order, environment), key=_wall)
    order["calls"] = replay(calls, regions)
    order["rates"] = {xform_name(name): rate for name, rate in ACM.items()}
    script = work(cloud, "script", order, environment)
    for _ in range(again):
        script = min(script, work(cloud, "script", order, environment), key=_wall)
    command = 0.0
    if size == COMMAND_SIZE and not limited:
        command = command_line(cloud, regions)
    return Row(
        size=size,
        regions=count,
        calls=Counter(call.operation for call in calls if call.error != "ThrottlingException"),
        throttled=sum(call.error == "ThrottlingException" for call in calls),
        wall=took["wall"],
        cpu=took["cpu"],
        memory=took["memory"],
        script=script["wall"],
        command=command,
    )


def command_line(cloud: Cloud, regions: Sequence[str]) -> float:
    """Return the seconds that `certificates scan` takes at the best, the interpreter's included."""
    arguments = ["scan", "--regions", ",".join(regions), "--output", "json", "--resolver", "off"]
    order = {"paced": False, "arguments": arguments}
    times = []
    for _ in range(REPEATS + 1):
        started = time.monotonic()
        work(cloud, "command", order, {})
        times.append(time.monotonic() - started)
    return min(times)


def _wall(took: Mapping[str, float]) -> float:
    return took["wall"]


def replay(calls: Sequence[Call], regions: Sequence[str]) -> dict[str, Any]:
    """Return the parameters of a bare script; searches have times, which JSON has not."""
    return {
        region: [
            [call.service, xform_name(call.operation), plain(call)]
            for call in calls
            if call.region == region
        ]
        for region in regions
    }


def plain(call: Call) -> dict[str, Any]:
    parameters = dict(call.parameters)
    if call.operation == "SearchCertificates":
        parameters["FilterStatement"] = {
            "Filter": {"AcmCertificateMetadataFilter": {"RenewalStatus": "PENDING_AUTO_RENEWAL"}}
        }
    return parameters


def work(
    cloud: Cloud, kind: str, order: Mapping[str, Any], environment: Mapping[str, str]
) -> dict[str, float]:
    """Run a worker and return its measurements."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmark.worker", kind],
        input=json.dumps(order),
        env={**clean_environment(), **cloud.environment(), **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"the {kind} failed:\n{done.stderr}")
    took: dict[str, float] = json.loads(done.stdout)
    return took


def clean_environment() -> dict[str, str]:
    return {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "HOME": tempfile.gettempdir(),
        "PATH": os.environ.get("PATH", os.defpath),
        "PYTHONPATH": f"{ROOT / 'lambda'}{os.pathsep}{ROOT}",
    }


HANDLERS = (
    "certificate_lifecycle.handlers.creation",
    "certificate_lifecycle.handlers.rotation",
)


def fastest(module: str) -> float:
    """Return the seconds that importing a module takes in a new process, at the best."""
    code = f"import time; t = time.perf_counter(); import {module}; print(time.perf_counter() - t)"
    times = [
        float(
            subprocess.run(
                [sys.executable, "-c", code],
                env=clean_environment(),
                capture_output=True,
                text=True,
                check=True,
            ).stdout
        )
        for _ in range(IMPORTS)
    ]
    return min(times)


def started_in(*arguments: str) -> float:
    """Return the seconds from the start of an interpreter to its end, at the best."""
    times = []
    for _ in range(IMPORTS):
        started = time.perf_counter()
        subprocess.run(
            [sys.executable, *arguments], env=clean_environment(), capture_output=True, check=True
        )
        times.append(time.perf_counter() - started)
    return min(times)


# --- The page ---------------------------------------------------------------------------------


def growth(rows: Sequence[Row]) -> float:
    """Return the bytes of memory for one more certificate in one region."""
    one = {row.size: row.memory for row in rows if row.regions == 1}
    return (one[10_000] - one[1_000]) / 9_000


def judge(
    latent: Sequence[Row], limited: Sequence[Row], imports: Mapping[str, float], helped: float
) -> dict[str, bool]:
    slowest = max(row.ratio for row in latent)
    most = max(row.memory for row in (*latent, *limited))
    imported = max(imports[name] for name in HANDLERS) / imports["boto3"]
    throttled = sum(row.throttled for row in limited)
    (scan,) = [row for row in latent if row.command and row.regions == 1]
    command = scan.command / scan.script
    return {
        f"With {LATENCY_SECONDS * 1000:.0f} ms per call, a scan takes at most {MAX_RATIO} times as "
        f"long as a bare script with the same calls: {slowest:.2f}.": slowest <= MAX_RATIO,
        f"With AWS's rates, no call is throttled: {throttled}.": throttled == 0,
        f"A scan of 10,000 certificates uses less than {MAX_MEMORY / 1e6:.0f} MB: "
        f"{most / 1e6:.0f} MB.": most < MAX_MEMORY,
        f"An additional certificate uses less than 2 KB: {growth(latent):.0f} bytes.": (
            growth(latent) < MAX_GROWTH
        ),
        f"Importing a handler takes at most {MAX_IMPORT_RATIO} times as long as boto3, which is "
        f"part of it: {imported:.2f}.": imported <= MAX_IMPORT_RATIO,
        f"`certificates scan` of {COMMAND_SIZE:,} certificates, including its start, takes at most "
        f"{MAX_COMMAND_RATIO} times as long as the bare script: {command:.2f}.": (
            command <= MAX_COMMAND_RATIO
        ),
        f"`certificates --help` takes at most {MAX_HELP_SECONDS * 1000:.0f} ms more than "
        f"`python -c pass`: {helped * 1000:.0f} ms.": helped <= MAX_HELP_SECONDS,
    }


def page(
    latent: Sequence[Row],
    limited: Sequence[Row],
    against_floor: floor.Rows,
    imports: Mapping[str, float],
    promises: Mapping[str, bool],
    when: datetime,
) -> str:
    """Return docs/performance.md."""
    kept = "\n".join(
        f"- {'Met' if is_kept else '**Missed**'}. {promise}"
        for promise, is_kept in promises.items()
    )
    imported = "\n".join(f"| `{name}` | {took * 1000:.0f} ms |" for name, took in imports.items())
    return f"""# Performance

`make bench` wrote this page on {when:%Y-%m-%d}, with Python {platform.python_version()} on \
{os.cpu_count()} processors of a {platform.machine()} machine.
The function ran in its own process against the embedded AWS of the tests, which responds to \
real requests of the real SDK.

Of a hundred certificates, one is imported and due, one has an overdue renewal, one is a stuck \
request, and two are renewing.
So a scan describes three of a hundred, reads the tags of a hundred in one call, and reads the \
load balancer of two once.

## Limits that the benchmark checks

{kept}

{floor.section(against_floor)}

## Latency of {LATENCY_SECONDS * 1000:.0f} ms per call

Without rate limits, on either side: this measures the time that the program adds to its calls.
The bare script makes the same calls with the same SDK, one thread per region, and ignores the \
responses.
Up to {SHORT:,} certificates, both are measured {REPEATS + 1} times, and the table shows the \
shortest time.

{table(latent)}

## AWS's documented rates

The function uses at most nine tenths of each rate, and so does the bare script.
The rate of `DescribeCertificate`, ten a second per account and region, determines the duration.

{table(limited)}

## The command line

`certificates scan --output json` of {COMMAND_SIZE:,} certificates, with \
{LATENCY_SECONDS * 1000:.0f} ms per call, from the start of the interpreter to its end, the \
shortest of {REPEATS + 1} runs.
The time of the bare script does not include its start.

{commands(latent)}

## Cold start

The shortest of {IMPORTS} imports, each in a new process.

| Module | Import |
|---|---|
{imported}
"""


def commands(rows: Sequence[Row]) -> str:
    lines = ["| Regions | Wall | Bare script | Ratio |", "|---|---|---|---|"]
    lines += [
        f"| {row.regions} | {row.command:.2f} s | {row.script:.2f} s "
        f"| {row.command / row.script:.2f} |"
        for row in rows
        if row.command
    ]
    return "\n".join(lines)


def table(rows: Sequence[Row]) -> str:
    head = (
        "| Certificates | Regions | List | Search | Describe | Tags | Consumers | Throttled | Wall "
        "| Bare script | Ratio | Processor | Memory |"
    )
    lines = [head, "|" + "---|" * head.count(" | ") + "---|"]
    for row in rows:
        counts = " | ".join(f"{row.calls.get(name, 0):,}" for name in OPERATIONS)
        lines.append(
            f"| {row.size:,} | {row.regions} | {counts} | {row.throttled} | {row.wall:.2f} s "
            f"| {row.script:.2f} s | {row.ratio:.2f} | {row.cpu:.2f} s "
            f"| {row.memory / 1e6:.0f} MB |"
        )
    return "\n".join(lines)


def say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
