"""Issue on apply, with the real terraform and provider and the deployed function.

One stack owns the watcher, and another stack of the account uses `modules/certificate`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest

from tests.embedded_aws.certificates import Certificate
from tests.embedded_aws.cloud import Cloud
from tests.estates import front
from tests.harness.terraform import REPOSITORY, TerraformError, Workspace, side_by_side
from tests.terraform import bounds
from tests.terraform.listeners import ADDRESS, listener
from tests.terraform.policies import of_role

pytestmark = pytest.mark.terraform

ACCOUNT = "450000000001"
ZONE = "issue.example.com"
WATCHER = """
provider "aws" {
  default_tags {
    tags = { Stack = "shop", ManagedBy = "terraform" }
  }
}

module "certificates" {
  source = "../"

  domain_name     = "shop.issue.example.com"
  allowed_domains = ["issue.example.com", "example.net"]

  certificates = {
    edge = {
      certificate_usage   = "CLIENT_AUTH_ONLY"
      domain_name         = "edge.issue.example.com"
      key_algorithm       = "EC_prime256v1"
      on_destroy          = "delete"
      region              = "us-east-1"
      root_hierarchy_type = "N2_AMAZON_MANAGED"
      tags                = { Team = "edge" }
    }
  }
}

output "certificate_arn" {
  value = module.certificates.certificate_arn
}

output "certificate_arns" {
  value = module.certificates.certificate_arns
}

""" + listener("module.certificates.certificate_arn")
API = """
provider "aws" {
  default_tags {
    tags = { Stack = "api" }
  }
}

variable "certificate" {
  type = object({
    domain_name               = string
    subject_alternative_names = optional(set(string), [])
    tags                      = optional(map(string), {})
    on_destroy                = optional(string, "keep")
  })
}

module "certificate" {
  source = "../modules/certificate"

  creation_function_name    = "certificate-lifecycle-creation"
  domain_name               = var.certificate.domain_name
  name                      = "api"
  on_destroy                = var.certificate.on_destroy
  subject_alternative_names = var.certificate.subject_alternative_names
  tags                      = var.certificate.tags
}

output "certificate_arn" {
  value = module.certificate.certificate_arn
}
""" + listener("module.certificate.certificate_arn", port=8443)
MODULE = "module.certificate"
ISSUE, DELETE = (f"{MODULE}.aws_lambda_invocation.{name}" for name in ("issue", "delete"))
ISSUED, PARAMETER = f"{MODULE}.terraform_data.issued", f"{MODULE}.aws_ssm_parameter.arn"
FUNCTION = "certificate-lifecycle-creation"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/{FUNCTION}"
#: Seconds of an invocation that waits in vain; the function reserves 15 of them.
SHORT = 25

API_NAME = {"domain_name": "api.issue.example.com"}
TWO_NAMES = {**API_NAME, "subject_alternative_names": ["v2.issue.example.com"]}
TAGGED = {**TWO_NAMES, "tags": {"Team": "api"}, "on_destroy": "delete"}
WITHOUT_ZONE = {"domain_name": "api.example.net"}
UNDELEGATED = {"domain_name": "new.v3.issue.example.com"}


def pointer(cloud: Cloud, key: str) -> str:
    name = f"/certificate-lifecycle/certificates/{key}/arn"
    ssm = cloud.client("ssm", account=ACCOUNT)
    value: str = ssm.get_parameter(Name=name)["Parameter"]["Value"]
    return value


def arns(cloud: Cloud) -> set[str]:
    return {entry.arn for entry in cloud.certificates.all() if entry.account == ACCOUNT}


@dataclass(frozen=True)
class Step:
    """A step in the life of the stack: its actions, and the state after it."""

    #: The actions of an apply, or its error.
    done: Mapping[str, str] | str
    pointer: str
    served: str
    #: The certificate of the pointer.
    certificate: Certificate
    #: The next plan, if there was one.
    plan: Mapping[str, str] | None = None


@dataclass
class Stack:
    """A stack with a listener, in the shared account."""

    cloud: Cloud
    workspace: Workspace
    balancer: str
    port: int
    key: str

    def change(self, **variables: object) -> Mapping[str, str] | str:
        """Apply with other variables, which stay; return the actions, or the error as one line."""
        self.workspace.variables = {**self.workspace.variables, **variables}
        try:
            return self.workspace.change()
        except TerraformError as error:
            return re.sub(r"\s+", " ", str(error))

    def apply(self, *, plan: bool = False, **variables: object) -> Step:
        done = self.change(**variables)
        return self.now(done, self.workspace.intended() if plan else None)

    def now(self, done: Mapping[str, str] | str, plan: Mapping[str, str] | None = None) -> Step:
        arn = pointer(self.cloud, self.key)
        bound = front.served(self.cloud, self.balancer, self.port)
        # A copy: the embedded AWS changes its own later.
        known = self.cloud.certificates.get(arn)
        return Step(done, arn, bound, replace(known, tags=dict(known.tags)), plan)


@dataclass(frozen=True)
class Watcher:
    """What was seen of the stack with the watcher."""

    first: Step
    edge: Step
    outputs: Mapping[str, Any]
    plan_with_new_code: Mapping[str, str]
    #: Errors of the statements for a deletion, by the requests of the other stack's destroy.
    deletion_errors: list[str]
    left_in_state: Mapping[str, Any]
    left_in_aws: set[str]
    parameters_left: list[Any]


@dataclass(frozen=True)
class Api:
    """What was seen of the stack without the watcher, in this order."""

    first: Step
    output: str
    another_name: Step
    tagged: Step
    without_zone: Step
    #: The request that was not issued in time.
    request: str
    too_early: Step
    waited_on: Step
    kept: set[str]
    parameter_deleted: Step
    certificate_deleted: Step
    destroy_operations: list[str]
    left_in_aws: set[str]
    #: What Terraform itself, not the function, asked of Systems Manager.
    asked: set[str]


@contextmanager
def stack(cloud: Cloud, text: str, key: str, port: int, **variables: object) -> Iterator[Stack]:
    environment, files = cloud.environment(account=ACCOUNT), {"stack/main.tf": text}
    with Workspace("stack", environment, files=files, variables=variables) as workspace:
        yield Stack(cloud, workspace, str(variables["load_balancer_arn"]), port, key)


@pytest.fixture(scope="module")
def lives(cloud: Cloud) -> tuple[Watcher, Api]:
    """Let both stacks live, the second one while the first one only plans."""
    cloud.zones.add(ZONE, account=ACCOUNT)
    balancer = front.fill(cloud, "web", ACCOUNT)
    common = {"load_balancer_arn": balancer}
    with (
        stack(cloud, WATCHER, "main", 443, **common) as watcher,
        stack(cloud, API, "api", 8443, **common, certificate=API_NAME) as api,
        side_by_side(1) as pool,
    ):
        done = watcher.change()
        beside = pool.submit(live, api)
        first = watcher.now(done, watcher.workspace.intended())
        edge = Stack(cloud, watcher.workspace, balancer, 443, "edge").now(done)
        outputs, pending = watcher.workspace.output(), plan_with_new_code(watcher)
        life = beside.result()
        bound = bounds.creation(ZONE, "example.net")
        errors = of_role(cloud.calls, ROLE, bound, *bounds.DESTROYED)
        watcher.workspace.destroy()
        left = arns(cloud), cloud.client("ssm", account=ACCOUNT).describe_parameters()["Parameters"]
        state = watcher.workspace.resources()
        return Watcher(first, edge, outputs, pending, errors, state, *left), life


def plan_with_new_code(stack: Stack) -> dict[str, str]:
    """Plan with another package of the functions."""
    package = stack.workspace.module / "lambda" / "dist" / "certificate_lifecycle.zip"
    before = package.read_bytes()
    # Bytes may precede the archive in a zip.
    package.write_bytes(b"new" + before)
    planned = stack.workspace.intended()
    package.write_bytes(before)
    return planned


def live(api: Stack) -> Api:
    cloud = api.cloud
    first = api.apply(plan=True)
    output = api.workspace.output()["certificate_arn"]
    another_name = api.apply(plan=True, certificate=TWO_NAMES)
    tagged = api.apply(certificate=TAGGED)
    failure = api.change(certificate=WITHOUT_ZONE)
    api.workspace.variables = {**api.workspace.variables, "certificate": TAGGED}
    without_zone = api.now(failure, api.workspace.intended())
    zone, before = (
        cloud.zones.add("v3.issue.example.com", delegated=False, account=ACCOUNT),
        arns(cloud),
    )
    with short_invocations(cloud):
        too_early = api.apply(certificate=UNDELEGATED)
    (request,) = arns(cloud) - before
    cloud.zones.delegate(zone)
    waited_on, kept = api.apply(), arns(cloud)
    parameter_deleted, certificate_deleted = lose_parameter(api), lose_certificate(api)
    asked = of_terraform(cloud)
    cloud.forget_calls()
    api.workspace.destroy()
    operations = [call.operation for call in cloud.calls if call.status < 300]
    asked |= of_terraform(cloud)
    return Api(
        *(first, output, another_name, tagged, without_zone, request, too_early, waited_on, kept),
        *(parameter_deleted, certificate_deleted, operations, arns(cloud), asked),
    )


def of_terraform(cloud: Cloud) -> set[str]:
    return {call.action for call in cloud.calls if call.service == "ssm" and not call.principal}


def lose_parameter(api: Stack) -> Step:
    ssm = api.cloud.client("ssm", account=ACCOUNT)
    ssm.delete_parameter(Name="/certificate-lifecycle/certificates/api/arn")
    return api.apply(plan=True, certificate={**UNDELEGATED, "on_destroy": "delete"})


def lose_certificate(api: Stack) -> Step:
    """Delete the certificate, for which its listener must go first, and replace the parameter."""
    elb = api.cloud.client("elbv2", account=ACCOUNT)
    for found in elb.describe_listeners(LoadBalancerArn=api.balancer)["Listeners"]:
        if found["Port"] == api.port:
            elb.delete_listener(ListenerArn=found["ListenerArn"])
    lost = pointer(api.cloud, "api")
    api.cloud.client("acm", account=ACCOUNT).delete_certificate(CertificateArn=lost)
    done = api.workspace.run("apply", "-auto-approve", "-no-color", f"-replace={PARAMETER}")
    return api.now(done.or_raise().stdout)


@contextmanager
def short_invocations(cloud: Cloud) -> Iterator[None]:
    """Give the creation function less time than an apply asks for."""
    functions = cloud.client("lambda", account=ACCOUNT)
    before = functions.get_function_configuration(FunctionName=FUNCTION)["Timeout"]
    functions.update_function_configuration(FunctionName=FUNCTION, Timeout=SHORT)
    yield
    functions.update_function_configuration(FunctionName=FUNCTION, Timeout=before)


class TestTheStackWithTheWatcher:
    @pytest.fixture
    def watcher(self, lives: tuple[Watcher, Api]) -> Watcher:
        return lives[0]

    def test_serves_an_issued_certificate_after_its_first_apply(self, watcher: Watcher) -> None:
        issued = watcher.first.certificate

        assert (issued.status, issued.names) == ("ISSUED", ("shop.issue.example.com",))
        assert watcher.outputs["certificate_arn"] == issued.arn == watcher.first.served
        assert watcher.outputs["certificate_arns"]["main"] == issued.arn

    def test_has_an_amazon_n2_certificate_of_another_region(self, watcher: Watcher) -> None:
        issued = watcher.edge.certificate

        assert (issued.status, issued.region) == ("ISSUED", "us-east-1")
        assert issued.key_algorithm == "EC_prime256v1"
        assert issued.root_hierarchy == "N2_AMAZON_MANAGED"
        assert issued.certificate_usage == "CLIENT_AUTH_ONLY"
        assert watcher.outputs["certificate_arns"]["edge"] == issued.arn

    def test_tags_its_certificates_with_their_tags_and_those_of_the_provider(
        self, watcher: Watcher
    ) -> None:
        assert watcher.edge.certificate.tags == {
            "ManagedBy": "certificate-lifecycle",
            "Stack": "shop",
            "Team": "edge",
            "certificate-lifecycle:parameter": "/certificate-lifecycle/certificates/edge/arn",
        }

    def test_has_nothing_to_change_after_its_first_apply(self, watcher: Watcher) -> None:
        assert watcher.first.plan == {}

    def test_knows_its_certificates_while_new_code_of_the_functions_is_pending(
        self, watcher: Watcher
    ) -> None:
        assert watcher.plan_with_new_code == {
            f"module.certificates.module.{name}[0].aws_lambda_function.this": "update"
            for name in ("creation", "rotation")
        }

    def test_lets_its_function_delete_exactly_its_own_certificates(self, watcher: Watcher) -> None:
        assert watcher.deletion_errors == []

    def test_leaves_only_the_certificates_that_destroy_must_keep(self, watcher: Watcher) -> None:
        assert watcher.left_in_state == {}
        assert watcher.parameters_left == []
        assert watcher.first.pointer in watcher.left_in_aws
        assert watcher.edge.pointer not in watcher.left_in_aws


class TestTheStackWithoutTheWatcher:
    @pytest.fixture
    def api(self, lives: tuple[Watcher, Api]) -> Api:
        return lives[1]

    def test_serves_an_issued_certificate_after_its_first_apply(self, api: Api) -> None:
        issued = api.first.certificate

        assert (issued.status, issued.names) == ("ISSUED", ("api.issue.example.com",))
        assert api.output == issued.arn == api.first.served
        assert api.first.plan == {}

    def test_moves_its_listener_to_a_certificate_with_another_name_in_one_apply(
        self, api: Api
    ) -> None:
        step = api.another_name

        assert step.done == {ISSUE: "replace", ISSUED: "update", ADDRESS: "update"}
        assert step.certificate.names == ("api.issue.example.com", "v2.issue.example.com")
        assert step.served == step.pointer != api.first.pointer
        assert step.plan == {}

    def test_changes_the_tags_of_its_certificate_and_no_consumer(self, api: Api) -> None:
        step = api.tagged

        assert step.done == {ISSUE: "replace", DELETE: "update", PARAMETER: "update"}
        assert step.pointer == step.served == api.another_name.pointer
        assert step.certificate.tags["Team"] == "api"

    def test_keeps_pointer_and_listener_if_a_name_has_no_zone(self, api: Api) -> None:
        step = api.without_zone

        assert "api.example.net" in str(step.done)
        assert "zone" in str(step.done)
        assert step.pointer == step.served == api.tagged.pointer
        # With the configuration before, the listener is not even planned.
        assert step.plan is not None
        assert step.plan.keys() <= {ISSUE, DELETE, PARAMETER}

    def test_names_the_cause_of_a_certificate_that_is_not_issued_in_time(self, api: Api) -> None:
        step = api.too_early

        assert f"{api.request} for new.v3.issue.example.com is not issued" in str(step.done)
        assert re.search(r"zone v3.issue.example.com \(\w+\) is not delegated", str(step.done))
        assert step.pointer == step.served == api.tagged.pointer

    def test_waits_on_for_the_same_request_with_the_next_apply(self, api: Api) -> None:
        step = api.waited_on

        assert step.certificate.status == "ISSUED"
        assert step.pointer == step.served == api.request

    def test_keeps_certificates_when_delete_becomes_keep(self, api: Api) -> None:
        assert {api.first.pointer, api.tagged.pointer} <= api.kept

    def test_has_its_certificate_again_after_its_parameter_was_deleted(self, api: Api) -> None:
        step = api.parameter_deleted

        assert step.pointer == step.served == api.request
        assert step.plan == {}

    def test_serves_another_certificate_after_its_own_was_deleted(self, api: Api) -> None:
        step = api.certificate_deleted

        assert step.certificate.status == "ISSUED"
        assert step.pointer == step.served != api.request

    def test_deletes_its_certificate_after_its_listener_if_destroy_must(self, api: Api) -> None:
        made = api.destroy_operations

        assert made.index("DeleteListener") < made.index("DeleteCertificate")
        assert api.certificate_deleted.pointer not in api.left_in_aws

    def test_needs_the_permissions_of_its_readme(self, api: Api) -> None:
        readme = REPOSITORY / "modules" / "certificate" / "README.md"
        named = set(re.findall(r"`(ssm:\w+)`", readme.read_text(encoding="utf-8")))

        assert api.asked == named
