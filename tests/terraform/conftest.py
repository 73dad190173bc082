"""Shared fixtures of the Terraform tests: one embedded AWS, and stacks with their whole life.

Most of an apply is waiting, because the provider polls for several equal answers. Stacks therefore
run in parallel, each in its own account.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import pytest

from tests.embedded_aws.cloud import Cloud
from tests.embedded_aws.policy import Document
from tests.harness.terraform import REPOSITORY, Workspace, side_by_side, unavailable


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the files in a fixed order, because the tests of a worker share one AWS."""
    items.sort(key=lambda item: str(item.path))


def give_up(reason: str) -> NoReturn:
    """Skip tests without terraform, except where that would hide an error."""
    if os.environ.get("CI") and shutil.which("terraform"):
        pytest.fail(f"terraform is installed here but its tests cannot run: {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def terraform() -> None:
    """Require terraform and its provider."""
    if reason := unavailable():
        give_up(reason)


@pytest.fixture
def parliament(tmp_path: Path) -> Callable[..., set[str]]:
    """Return a function that lists parliament's findings about policies, one line each."""
    program = REPOSITORY / ".venv-scan" / "bin" / "parliament"
    if not program.is_file():
        pytest.skip("parliament is not installed: `make scan` does it")

    def find(*documents: Document) -> set[str]:
        folder = Path(tempfile.mkdtemp(dir=tmp_path))
        for number, document in enumerate(documents):
            (folder / f"{number}.json").write_text(json.dumps(document), encoding="utf-8")
        said = subprocess.run(
            [program, "--directory", folder, "--json"],
            stdout=subprocess.PIPE,
            encoding="utf-8",
            check=False,  # exits with 1 if there are findings
        )
        assert said.returncode in (0, 1)
        found = map(json.loads, said.stdout.splitlines())
        return {f"{entry['issue']}: {json.dumps(entry['detail'])}" for entry in found}

    return find


@pytest.fixture(scope="session")
def cloud(terraform: None) -> Iterator[Cloud]:  # noqa: ARG001 - it skips or fails
    with Cloud.start() as cloud:
        yield cloud


def _alone(_: Cloud, __: str) -> AbstractContextManager[None]:
    """Surround a stack with nothing."""
    return nullcontext()


def _nothing(_: Cloud, __: str) -> None:
    """Do nothing between the plans of a stack."""


@dataclass(frozen=True)
class Stack:
    """A folder to apply, with its settings, and what surrounds it in an account."""

    folder: str
    variables: Mapping[str, object] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    region: str = "eu-west-1"
    #: What must exist in an account before the first apply, and until after the destroy.
    surroundings: Callable[[Cloud, str], AbstractContextManager[None]] = _alone
    #: What happens in an account between the second plan and the third.
    between: Callable[[Cloud, str], object] = _nothing


@dataclass(frozen=True)
class Life:
    """The observations of a stack's life, from its first apply to its destruction."""

    account: str
    resources: Mapping[str, Mapping[str, Any]]
    outputs: Mapping[str, Any]
    second_plan: list[str]
    #: The result of `between`.
    between: Any
    third_plan: list[str]
    made_in_aws: list[str]
    left_in_state: list[str]
    left_in_aws: list[str]
    left_certificates: set[str]


def live(cloud: Cloud, stacks: Mapping[str, Stack]) -> dict[str, Life]:
    """Run stacks in parallel, each in its own account."""
    accounts = [f"{number:012}" for number in range(100000000001, 100000000001 + len(stacks))]
    with side_by_side(len(stacks)) as pool:
        lives = pool.map(
            lambda stack, account: _live(cloud, stack, account), stacks.values(), accounts
        )
        return dict(zip(stacks, lives, strict=True))


def _live(cloud: Cloud, stack: Stack, account: str) -> Life:
    environment = cloud.environment(stack.region, account)
    with (
        stack.surroundings(cloud, account),
        Workspace(
            stack.folder, environment, variables=stack.variables, files=stack.files
        ) as workspace,
    ):
        before = existing(cloud, account, stack.region)
        workspace.apply()
        resources, outputs = workspace.resources(), workspace.output()
        second_plan = workspace.changes()
        between = stack.between(cloud, account)
        third_plan = second_plan if stack.between is _nothing else workspace.changes()
        made_in_aws = added(before, existing(cloud, account, stack.region))
        workspace.destroy()
        return Life(
            *(account, resources, outputs, second_plan, between, third_plan, made_in_aws),
            left_in_state=list(workspace.resources()),
            left_in_aws=added(before, existing(cloud, account, stack.region)),
            left_certificates={
                entry.arn for entry in cloud.certificates.all() if entry.account == account
            },
        )


def added(before: list[str], after: list[str]) -> list[str]:
    """Return the resources that did not exist before."""
    return [name for name in after if name not in before]


INDEX = re.compile(r'\[(?:"[^"]*"|\d+)\]')


def kind(address: str) -> str:
    """Return the resource type in an address."""
    return INDEX.sub("", address).split(".")[-2]


def kinds(actions: Mapping[str, str], action: str) -> set[str]:
    """Return the types of the resources with this action in a change."""
    return {kind(address) for address, done in actions.items() if done == action}


def existing(cloud: Cloud, account: str, region: str = "eu-west-1") -> list[str]:
    """Return all resources of the module's types in an account and region."""

    def client(service: str) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
        return cloud.client(service, region, account)

    rows = [
        *client("cloudwatch").describe_alarms()["MetricAlarms"],
        *client("cloudwatch").list_dashboards()["DashboardEntries"],
        *({"TableName": name} for name in client("dynamodb").list_tables()["TableNames"]),
        *client("events").list_api_destinations()["ApiDestinations"],
        *client("events").list_connections()["Connections"],
        *client("events").list_rules()["Rules"],
        *client("iam").list_policies(Scope="Local")["Policies"],
        *client("iam").list_roles()["Roles"],
        # AWS's own aliases exist in every account.
        *(
            alias
            for alias in client("kms").list_aliases()["Aliases"]
            if not alias["AliasName"].startswith("alias/aws/")
        ),
        *client("lambda").list_functions()["Functions"],
        *client("logs").describe_log_groups()["logGroups"],
        *client("secretsmanager").list_secrets()["SecretList"],
        *client("sns").list_subscriptions()["Subscriptions"],
        *client("sns").list_topics()["Topics"],
        *({"QueueUrl": url} for url in client("sqs").list_queues().get("QueueUrls", [])),
        *client("ssm").describe_parameters()["Parameters"],
    ]
    return [_name(row) for row in rows]


def _name(row: Mapping[str, str]) -> str:
    arns = [value for key, value in row.items() if key.lower().endswith("arn")]
    return arns[0] if arns else str(row)
