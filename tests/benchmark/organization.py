"""Measure the steps of a run over an organization, and write docs/scale.md.

Everything in that page is either measured here, a price, or a product of both.
"""

from __future__ import annotations

import json
import platform
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Any

from tests.embedded_aws.cloud import Cloud
from tests.embedded_aws.organization import ORGANIZATION_ID
from tests.embedded_aws.zones import DEFAULT_ACCOUNT
from tests.estates import scale
from tests.harness.state_table import create_state_table

Work = Callable[[Cloud, str, Mapping[str, Any], Mapping[str, str]], dict[str, float]]

ACCOUNTS = (10, 100, 1_000, 5_000)
REGIONS = ("eu-west-1", "us-east-1")
#: Certificates of an account in all regions; of each hundred three are findings, see `scale`.
CERTIFICATES = 100
CONCURRENCY = 25
LATENCY_SECONDS = 0.02
BUCKET, RUN = "certificate-lifecycle-runs", "benchmark"
#: Of each that Lambda's own start and end, and Step Functions' hand-over, add; not measured here.
OVERHEAD_SECONDS = 1.0
MEMORY_GB = 0.5
#: The memory that a function of 512 MB may use.
MAX_MEMORY = 450e6

# Prices of us-east-1 in US dollars, as their pages list them: arm64, Standard workflows, Standard
# storage and on-demand tables; they are constants of this page and not promises.
GB_SECOND = 0.0000133334
INVOCATION = 0.20 / 1e6
TRANSITION = 0.025 / 1e3
S3_WRITE, S3_READ = 0.005 / 1e3, 0.0004 / 1e3
LEDGER_WRITE, LEDGER_READ = 0.625 / 1e6, 0.125 / 1e6
#: Transitions of the run itself, and of each child: its start, its state, its end.
RUN_TRANSITIONS, CHILD_TRANSITIONS = 5, 3


@dataclass(frozen=True)
class Step:
    """The measurements of one step."""

    calls: Mapping[str, int]
    wall: float
    memory: float


@dataclass(frozen=True)
class Row:
    """A run over so many accounts: the steps that are made once, measured."""

    accounts: int
    list: Step
    aggregate: Step


def measure(cloud: Cloud, work: Work, say: Callable[[str], None]) -> tuple[Step, list[Row]]:
    """Measure the scan of a typical account, and the other steps for each number of accounts."""
    cloud.reset()
    environment = prepare(cloud)
    say(f"one account of an organization, {CERTIFICATES} certificates")
    scale.fill(cloud, CERTIFICATES, REGIONS)
    scan = step(cloud, work, environment, "scan", account_id=DEFAULT_ACCOUNT)
    left = read(cloud, f"accounts/{DEFAULT_ACCOUNT}.json")
    rows = []
    for count in ACCOUNTS:
        say(f"{count} accounts of an organization")
        rows.append(run(cloud, work, environment, left, count))
    return scan, rows


def prepare(cloud: Cloud) -> dict[str, str]:
    cloud.organization.trusted.add(DEFAULT_ACCOUNT)
    cloud.client("s3").create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    create_state_table(cloud.client("dynamodb"), "ledger")
    topic = cloud.client("sns").create_topic(Name="benchmark")["TopicArn"]
    organization = {
        "bucket": BUCKET,
        "role_name": "certificates",
        "external_id": ORGANIZATION_ID,
        "max_concurrency": CONCURRENCY,
    }
    return {
        "SNS_TOPIC_ARN": topic,
        "REGIONS": json.dumps(REGIONS),
        "ORGANIZATION": json.dumps(organization),
        "LEDGER_TABLE": "ledger",
    }


def run(
    cloud: Cloud, work: Work, environment: Mapping[str, str], left: Sequence[Any], count: int
) -> Row:
    """List accounts, give each the result of the typical one, and aggregate."""
    ids = [f"{number:012}" for number in range(1, count)]
    cloud.organization.reset()
    cloud.organization.trusted.add(DEFAULT_ACCOUNT)
    cloud.organization.add(DEFAULT_ACCOUNT, *ids)
    listed = step(cloud, work, environment, "list")
    cloud.latency = 0.0
    text = json.dumps(left)
    for account_id in (DEFAULT_ACCOUNT, *ids):
        write(cloud, f"accounts/{account_id}.json", text.replace(DEFAULT_ACCOUNT, account_id))
    return Row(count, listed, step(cloud, work, environment, "aggregate"))


def step(
    cloud: Cloud, work: Work, environment: Mapping[str, str], name: str, **fields: str
) -> Step:
    cloud.latency = LATENCY_SECONDS
    cloud.forget_calls()
    base = {"step": name, "run": RUN, "started_at": "2026-06-01T06:00:00+00:00"}
    order = {"paced": True, "event": {"organization": {**base, **fields}}}
    took = work(cloud, "function", order, environment)
    calls = Counter(call.operation for call in cloud.calls)
    return Step(calls, took["wall"], took["memory"])


def read(cloud: Cloud, name: str) -> Any:  # noqa: ANN401 - JSON has any type
    answer = cloud.client("s3").get_object(Bucket=BUCKET, Key=f"runs/{RUN}/{name}")
    return json.loads(answer["Body"].read())


def write(cloud: Cloud, name: str, text: str) -> None:
    cloud.client("s3").put_object(Bucket=BUCKET, Key=f"runs/{RUN}/{name}", Body=text.encode())


# --- The page ---------------------------------------------------------------------------------


def judge(rows: Sequence[Row]) -> dict[str, bool]:
    """Say whether the last step of the largest organization fits into the function."""
    largest = rows[-1]
    return {
        f"Aggregating {largest.accounts:,} accounts uses less than {MAX_MEMORY / 1e6:.0f} MB of "
        f"the function's 512 MB: {largest.aggregate.memory / 1e6:.0f} MB.": (
            largest.aggregate.memory < MAX_MEMORY
        ),
        f"Aggregating {largest.accounts:,} accounts takes less than a third of the function's 900 "
        f"seconds: {largest.aggregate.wall:.0f} s.": largest.aggregate.wall < 900 / 3,
    }


def page(scan: Step, rows: Sequence[Row], when: datetime) -> str:
    """Return docs/scale.md."""
    promises = "\n".join(
        f"- {'Met' if kept else '**Missed**'}. {promise}" for promise, kept in judge(rows).items()
    )
    calls = ", ".join(f"{count} `{name}`" for name, count in sorted(scan.calls.items()))
    findings = rows[-1].aggregate.calls.get("PutItem", 0) // rows[-1].accounts
    return f"""# Scale

`make bench` wrote this page on {when:%Y-%m-%d}, with Python {platform.python_version()} on a \
{platform.machine()} machine: the embedded AWS of the tests answered each call after \
{LATENCY_SECONDS * 1000:.0f} ms.
[performance.md](performance.md) covers one account and up to 10,000 certificates.

With `organization`, a run has three steps.
The first step lists the accounts, the second scans each account in its own invocation, and the \
third aggregates the results into one message, one report and one set of metrics.
[ADR 0011](adr/0011-an-organization-is-a-distributed-map.md) gives the reasons.

## Limits that the benchmark checks

{promises}

## One account

The typical account of the benchmark has {CERTIFICATES} certificates in {len(REGIONS)} regions, \
three of a hundred with a finding.
Its scan took {scan.wall:.1f} s, {scan.memory / 1e6:.0f} MB and {sum(scan.calls.values())} \
calls: {calls}.
ACM's rates apply per account and region, so accounts do not slow one another down.
Accounts share the rate of Route 53 in the function's own account and in those of \
`hosted_zones`: each of the {CONCURRENCY} concurrent invocations uses its share of ten requests \
a second.

## An organization

{CONCURRENCY} accounts are scanned concurrently unless `max_concurrency` is set; the value must \
fit into the concurrency that the account's Lambda quota leaves.
The duration is the sum of the listing, of all rounds of scans, with {OVERHEAD_SECONDS:.0f} s for \
the start of each invocation, and of the aggregation.
The cost is that of a run with new findings only: each of them ({findings} an account) costs one \
`PutItem`, and none afterwards until it changes.

{table(scan, rows)}

Prices are those of us-east-1, without CloudWatch logs, metrics and alarms.
Healthy certificates add only one call for each thousand in a region.

## Limits

- A distributed map runs at most 10,000 children concurrently.
  Each child has its own history, so the 25,000 events of an execution do not limit the number of \
accounts.
- The steps exchange results through a bucket, because a state is limited to 256 KiB.
- `ListAccounts` returns 20 accounts a page; if AWS throttles it, the SDK waits and retries.
- A message is limited to 256 KiB: it lists the worst findings first, counts the others, and links \
to the report.
"""


def table(scan: Step, rows: Sequence[Row]) -> str:
    head = (
        "| Accounts | List | Scan | Aggregate | Duration | Memory of aggregation | Lambda "
        "| Step Functions | S3 and state table | A run | A month of daily runs |"
    )
    lines = [head, "|" + "---|" * head.count(" | ") + "---|"]
    for row in rows:
        rounds = ceil(row.accounts / CONCURRENCY)
        scanning = rounds * (scan.wall + OVERHEAD_SECONDS)
        seconds = row.list.wall + scanning + row.aggregate.wall
        cost = costs(scan, row)
        run_cost = sum(cost)
        lines.append(
            f"| {row.accounts:,} | {row.list.wall:.1f} s | {scanning:.0f} s "
            f"| {row.aggregate.wall:.1f} s | {duration(seconds)} "
            f"| {row.aggregate.memory / 1e6:.0f} MB | "
            + " | ".join(f"${part:.4f}" for part in cost)
            + f" | ${run_cost:.3f} | ${30 * run_cost:.2f} |"
        )
    return "\n".join(lines)


def costs(scan: Step, row: Row) -> tuple[float, float, float]:
    """Return the costs of Lambda, of Step Functions, and of S3 and DynamoDB for a run."""
    seconds = row.list.wall + row.aggregate.wall + row.accounts * scan.wall
    functions = seconds * MEMORY_GB * GB_SECOND + (row.accounts + 2) * INVOCATION
    transitions = RUN_TRANSITIONS + row.accounts * CHILD_TRANSITIONS
    calls = Counter(row.list.calls) + Counter(row.aggregate.calls)
    for name, count in scan.calls.items():
        calls[name] += count * row.accounts
    stored = (
        (calls["PutObject"] + calls["ListObjectsV2"]) * S3_WRITE
        + calls["GetObject"] * S3_READ
        + (calls["PutItem"] + calls["DeleteItem"] + calls["UpdateItem"]) * LEDGER_WRITE
        + calls["Query"] * LEDGER_READ
    )
    return functions, transitions * TRANSITION, stored


def duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
