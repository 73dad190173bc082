"""A stack with a listener lives for 400 days, and no plan would undo a replacement.

Rotation runs every fifth day, and Terraform plans at each change that rotation makes, until a
person applies the plan, and every 50 days between; in the second test, rotation runs every day,
and Terraform plans every fourth.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from certificate_lifecycle.aws.clients import Clients
from certificate_lifecycle.handlers import rotation as rotation_handler
from tests.embedded_aws.cloud import Cloud
from tests.embedded_aws.in_process import without_sockets
from tests.estates import front
from tests.harness.terraform import Workspace
from tests.integration.invocation import LAMBDA_TIMEOUT, Context, scheduled, writes
from tests.terraform.listeners import ADDRESS, listener

pytestmark = pytest.mark.terraform

ACCOUNT = "420000000001"
DAYS = 400
#: The runs after a replacement until a person applies what Terraform plans.
PATIENCE = 2
#: The days between two runs, and between two plans without a cause.
RUNS, PLANS = 5, 50
#: The day from which rotation moves the consumers itself.
REBINDS = 200
STACK = """
provider "aws" {}

variable "rebind_consumers" {
  type = bool
}

variable "topic_arn" {
  type = string
}

module "certificates" {
  source = "../"

  domain_name      = "shop.year.example.com"
  rebind_consumers = var.rebind_consumers

  # Few resources, because a plan reads each of them.
  monitoring = {
    alarms    = false
    dashboard = false
  }

  notifications = {
    topic = { arn = var.topic_arn }
  }
}

output "certificate_arn" {
  value = module.certificates.certificate_arn
}

output "rotation_function_name" {
  value = module.certificates.rotation_function_name
}
""" + listener("module.certificates.certificate_arn")
#: What rotation does every day to its own state, and reports.
ROUTINE = {"DeleteItem", "Publish", "PutItem", "TransactWriteItems", "UpdateItem"}


@dataclass
class Day:
    """What happened on a day: the writes of rotation, and the plan, if there was one."""

    number: int
    writes: list[str]
    served: str
    planned: dict[str, str] | None
    pointer: str


@dataclass
class Life:
    """A stack, and its days."""

    cloud: Cloud
    workspace: Workspace
    balancer: str
    days: list[Day] = field(default_factory=list)

    @property
    def served(self) -> str:
        return front.served(self.cloud, self.balancer)

    @property
    def pointer(self) -> str:
        ssm = self.cloud.client("ssm", account=ACCOUNT)
        found = ssm.get_parameter(Name="/certificate-lifecycle/certificates/main/arn")
        value: str = found["Parameter"]["Value"]
        return value

    def live(self, runs: int, plans: int) -> None:
        """Run rotation and plan every few days, and apply a change some days later."""
        with self.rotation() as rotate:
            self._live(rotate, range(0, REBINDS, runs), plans)
        self.workspace.variables = {**self.workspace.variables, "rebind_consumers": True}
        self.workspace.apply()
        with self.rotation() as rotate:
            self._live(rotate, range(REBINDS, DAYS, runs), plans)

    def _live(self, rotate: Callable[[], list[str]], days: range, plans: int) -> None:
        waiting = 0
        for number in days:
            # ACM renews none of them, so that each one is replaced.
            self.cloud.certificates.edit(self.pointer, renews=False)
            written = rotate()
            must_plan = written or waiting or number % plans == 0
            planned = self.workspace.intended() if must_plan else None
            self.days.append(Day(number, written, self.served, planned, self.pointer))
            waiting = waiting + 1 if planned else 0
            if waiting == PATIENCE:
                self.workspace.apply()
                waiting = 0
            self.cloud.advance(days=days.step)

    @contextmanager
    def rotation(self) -> Iterator[Callable[[], list[str]]]:
        """Return a run of the deployed function that returns its writes outside its own state.

        It runs in this process, on the simulated clock, with the deployed environment and role.
        """
        name = self.workspace.output()["rotation_function_name"]
        deployed = self.cloud.function(name, account=ACCOUNT)
        with pytest.MonkeyPatch.context() as patch, without_sockets(self.cloud):
            credentials = self.cloud.assume(deployed.role)
            keys = {key.upper(): value for key, value in credentials.items()}
            environment = {**self.cloud.environment(), **deployed.environment, **keys}
            for variable, value in environment.items():
                patch.setenv(variable, value)
            clock = SimpleNamespace(sleep=lambda seconds: self.cloud.advance(seconds=seconds))
            patch.setattr("certificate_lifecycle.handlers.context.time", clock)
            unhurried = SimpleNamespace(sleep=lambda _: None, monotonic=time.monotonic)
            patch.setattr("certificate_lifecycle.aws.pacing.time", unhurried)
            patch.setattr(
                "certificate_lifecycle.handlers.rotation.current_time", lambda: self.cloud.now
            )
            clients = Clients("eu-west-1")
            patch.setattr("certificate_lifecycle.handlers.wiring.Clients", lambda *_, **__: clients)
            arn = str(deployed.configuration["FunctionArn"])
            yield lambda: self._rotate(arn)

    def _rotate(self, arn: str) -> list[str]:
        cloud = self.cloud
        cloud.forget_calls()
        context = Context("run", arn, cloud.now + LAMBDA_TIMEOUT, cloud)
        rotation_handler.lambda_handler(scheduled(cloud.now), context)
        assert cloud.refusals == []
        return [name for name in writes(cloud.calls) if name not in ROUTINE]


@pytest.fixture
def life(cloud: Cloud) -> Iterator[Life]:
    cloud.zones.add("year.example.com", account=ACCOUNT)
    balancer = front.fill(cloud, "web", ACCOUNT)
    topic = cloud.client("sns", account=ACCOUNT).create_topic(Name="alerts")["TopicArn"]
    variables = {
        "load_balancer_arn": balancer,
        "rebind_consumers": False,
        "topic_arn": topic,
    }
    files = {"stack/main.tf": STACK}
    environment = cloud.environment(account=ACCOUNT)
    with Workspace("stack", environment, files=files, variables=variables) as workspace:
        workspace.apply()
        # The functions that Terraform invokes use the real clock: none is invoked from here on.
        cloud.now = cloud.now
        yield Life(cloud, workspace, balancer)
        cloud.now = None


@pytest.mark.nightly
@pytest.mark.parametrize(("runs", "plans"), [(RUNS, PLANS), (1, 4)])
def test_no_plan_undoes_a_replacement_in_400_days(life: Life, runs: int, plans: int) -> None:
    first = life.served

    life.live(runs, plans)

    created = {entry.arn: entry.created_at for entry in life.cloud.certificates.all()}
    served = list(dict.fromkeys([first, *(day.served for day in life.days)]))
    assert len(served) == 3
    assert served == sorted(served, key=created.__getitem__)
    planned = [day for day in life.days if day.planned is not None]
    assert len(planned) > DAYS // PLANS
    for day in planned:
        behind = created[day.pointer] > created[day.served]
        # Terraform follows a replacement, and changes nothing where rotation moved the listener.
        assert day.planned == ({ADDRESS: "update"} if behind else {}), day
    moved = [day.number for day in life.days if "ModifyListener" in day.writes]
    assert len(moved) == 1
    assert moved[0] >= REBINDS
    assert all(life.cloud.certificates.get(day.served) for day in life.days)
    assert life.workspace.intended() == {}
