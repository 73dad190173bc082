"""Issue on apply, with the real terraform and provider and the deployed function.

One stack owns the watcher, and another stack of the account uses `modules/certificate`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from tests.embedded_aws.certificates import Certificate
from tests.embedded_aws.cloud import Cloud
from tests.harness.terraform import TerraformError, Workspace
from tests.terraform.listeners import ADDRESS, listener, load_balancer, served

pytestmark = pytest.mark.terraform

ACCOUNT = "410000000001"
WATCHER = """
provider "aws" {
  default_tags {
    tags = { Stack = "shop", ManagedBy = "terraform" }
  }
}

module "certificates" {
  source = "../"

  domain_name     = "shop.example.com"
  allowed_domains = ["example.com", "example.net", "example.org"]

  certificates = {
    edge = {
      domain_name   = "edge.example.com"
      key_algorithm = "EC_prime256v1"
      on_destroy    = "delete"
      region        = "us-east-1"
      tags          = { Team = "edge" }
    }
  }
}

output "certificate_arn" {
  value = module.certificates.certificate_arn
}

output "certificate_arns" {
  value = module.certificates.certificate_arns
}

output "creation_function_name" {
  value = module.certificates.creation_function_name
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
ISSUE, DELETE = (f"module.certificate.aws_lambda_invocation.{name}" for name in ("issue", "delete"))
ISSUED, PARAMETER = (
    "module.certificate.terraform_data.issued",
    "module.certificate.aws_ssm_parameter.arn",
)
#: Seconds of an invocation that waits in vain; the function reserves 15 of them.
SHORT = 18


@dataclass
class Stack:
    """A stack with a listener, in the shared account."""

    cloud: Cloud
    workspace: Workspace
    listener: str = ""

    def apply(self, **variables: object) -> dict[str, str]:
        """Apply, and return the actions; remember the listener."""
        self.workspace.variables = {**self.workspace.variables, **variables}
        actions = self.workspace.change()
        self.listener = str(self.workspace.resources()[ADDRESS]["arn"])
        return actions

    def plan(self, **variables: object) -> dict[str, str]:
        """Return the actions of an apply with other variables, which then stay."""
        self.workspace.variables = {**self.workspace.variables, **variables}
        return self.workspace.intended()

    def failure(self, **variables: object) -> str:
        """Apply, which must fail, and return the output without the line breaks of terraform."""
        self.workspace.variables = {**self.workspace.variables, **variables}
        with pytest.raises(TerraformError) as failed:
            self.workspace.change()
        return re.sub(r"\s+", " ", str(failed.value))

    @property
    def outputs(self) -> Mapping[str, Any]:
        return self.workspace.output()

    @property
    def arn(self) -> str:
        """The output `certificate_arn`, which the listener must hold."""
        arn: str = self.outputs["certificate_arn"]
        assert served(self.cloud, ACCOUNT, self.listener) == arn
        return arn


@pytest.fixture(scope="module")
def balancer(cloud: Cloud) -> str:
    for zone in ("example.com", "edge.example.com"):
        cloud.zones.add(zone, account=ACCOUNT)
    return load_balancer(cloud, ACCOUNT)


@contextmanager
def stack(cloud: Cloud, text: str, **variables: object) -> Iterator[Stack]:
    environment, files = cloud.environment(account=ACCOUNT), {"stack/main.tf": text}
    with Workspace("stack", environment, files=files, variables=variables) as workspace:
        yield Stack(cloud, workspace)


@pytest.fixture(scope="module")
def watcher(cloud: Cloud, balancer: str) -> Iterator[Stack]:
    with stack(cloud, WATCHER, load_balancer_arn=balancer) as applied:
        applied.apply()
        yield applied


@pytest.fixture(scope="module")
def api(cloud: Cloud, watcher: Stack, balancer: str) -> Iterator[Stack]:
    assert watcher.outputs["creation_function_name"] == "certificate-lifecycle-creation"
    certificate = {"domain_name": "api.example.com"}
    with stack(cloud, API, load_balancer_arn=balancer, certificate=certificate) as applied:
        applied.apply()
        yield applied


def certificate(cloud: Cloud, arn: str) -> Certificate:
    return cloud.certificates.get(arn)


def pointer(cloud: Cloud, key: str) -> str:
    name = f"/certificate-lifecycle/certificates/{key}/arn"
    ssm = cloud.client("ssm", account=ACCOUNT)
    value: str = ssm.get_parameter(Name=name)["Parameter"]["Value"]
    return value


class TestTheStackWithTheWatcher:
    def test_has_an_issued_certificate_after_its_first_apply(
        self, cloud: Cloud, watcher: Stack
    ) -> None:
        issued = certificate(cloud, watcher.arn)

        assert (issued.status, issued.names) == ("ISSUED", ("shop.example.com",))
        assert watcher.outputs["certificate_arns"]["main"] == issued.arn == pointer(cloud, "main")

    def test_has_a_certificate_of_another_region(self, cloud: Cloud, watcher: Stack) -> None:
        issued = certificate(cloud, watcher.outputs["certificate_arns"]["edge"])

        assert (issued.region, issued.key_algorithm) == ("us-east-1", "EC_prime256v1")
        assert pointer(cloud, "edge") == issued.arn

    def test_tags_its_certificates_with_its_own_tags_and_those_of_the_provider(
        self, cloud: Cloud, watcher: Stack
    ) -> None:
        issued = certificate(cloud, watcher.outputs["certificate_arns"]["edge"])

        assert issued.tags == {
            "ManagedBy": "certificate-lifecycle",
            "Stack": "shop",
            "Team": "edge",
            "certificate-lifecycle:parameter": "/certificate-lifecycle/certificates/edge/arn",
        }

    def test_has_nothing_to_change_after_its_first_apply(self, watcher: Stack) -> None:
        assert watcher.plan() == {}

    def test_knows_its_certificates_while_new_code_of_the_function_is_pending(
        self, watcher: Stack
    ) -> None:
        package = watcher.workspace.module / "lambda" / "dist" / "certificate_lifecycle.zip"
        before = package.read_bytes()
        # A zip may have a comment, and other bytes, before the archive.
        package.write_bytes(b"new" + before)

        actions = watcher.plan()

        package.write_bytes(before)
        functions = ("creation", "rotation")
        assert actions == {
            f"module.certificates.module.{name}[0].aws_lambda_function.this": "update"
            for name in functions
        }


class TestTheStackWithoutTheWatcher:
    """Each test starts and ends with a stack that has nothing to change."""

    def test_has_an_issued_certificate_after_its_first_apply(
        self, cloud: Cloud, api: Stack
    ) -> None:
        issued = certificate(cloud, api.arn)

        assert (issued.status, issued.names) == ("ISSUED", ("api.example.com",))
        assert issued.tags["Stack"] == "api"
        assert api.plan() == {}

    def test_moves_its_listener_to_a_certificate_with_another_name_in_one_apply(
        self, cloud: Cloud, api: Stack
    ) -> None:
        before = api.arn
        names = {"domain_name": "api.example.com", "subject_alternative_names": ["v2.example.com"]}

        actions = api.apply(certificate=names)

        assert actions == {ISSUE: "replace", ISSUED: "update", ADDRESS: "update"}
        assert api.arn != before
        assert certificate(cloud, api.arn).names == ("api.example.com", "v2.example.com")
        assert api.plan() == {}

    def test_changes_the_tags_of_its_certificate_and_no_consumer(
        self, cloud: Cloud, api: Stack
    ) -> None:
        before = api.arn
        tagged = {**api.workspace.variables["certificate"], "tags": {"Team": "api"}}  # type: ignore[dict-item]

        actions = api.apply(certificate=tagged)

        assert actions == {ISSUE: "replace", PARAMETER: "update"}
        assert api.arn == before
        assert certificate(cloud, before).tags["Team"] == "api"
        assert api.plan() == {}

    def test_keeps_pointer_and_listener_when_a_name_has_no_zone(
        self, cloud: Cloud, api: Stack
    ) -> None:
        before, wanted = api.arn, api.workspace.variables["certificate"]

        failure = api.failure(certificate={"domain_name": "api.example.net"})

        assert "no public hosted zone" in failure
        assert "api.example.net" in failure
        assert (pointer(cloud, "api"), api.arn) == (before, before)
        # The configuration before plans no change of the listener.
        assert ADDRESS not in api.plan(certificate=wanted)
        api.apply()

    def test_waits_on_for_the_same_request_after_an_apply_that_ended_too_early(
        self, cloud: Cloud, api: Stack
    ) -> None:
        zone = cloud.zones.add("example.org", delegated=False, account=ACCOUNT)
        before = {entry.arn for entry in cloud.certificates.all()}

        with short_invocations(cloud):
            failure = api.failure(certificate={"domain_name": "api.example.org"})
        (request,) = {entry.arn for entry in cloud.certificates.all()} - before
        cloud.zones.delegate(zone)
        api.apply()

        assert f"{request} for api.example.org is not issued" in failure
        assert f"zone example.org ({zone}) is not delegated" in failure
        assert api.arn == request

    def test_has_its_certificate_again_after_its_parameter_was_deleted(
        self, cloud: Cloud, api: Stack
    ) -> None:
        before, ssm = api.arn, cloud.client("ssm", account=ACCOUNT)
        ssm.delete_parameter(Name="/certificate-lifecycle/certificates/api/arn")

        api.apply()

        assert (pointer(cloud, "api"), api.arn) == (before, before)
        assert api.plan() == {}

    def test_has_another_certificate_after_its_own_was_deleted_and_its_parameter_is_replaced(
        self, cloud: Cloud, api: Stack
    ) -> None:
        lost, elb = api.arn, cloud.client("elbv2", account=ACCOUNT)
        elb.delete_listener(ListenerArn=api.listener)
        cloud.client("acm", account=ACCOUNT).delete_certificate(CertificateArn=lost)

        api.workspace.run("apply", "-auto-approve", f"-replace={PARAMETER}").or_raise()

        api.listener = str(api.workspace.resources()[ADDRESS]["arn"])
        assert api.arn != lost
        assert certificate(cloud, api.arn).status == "ISSUED"

    def test_deletes_its_certificate_after_its_listener_if_it_says_so(
        self, cloud: Cloud, api: Stack
    ) -> None:
        wanted, arn = dict(api.workspace.variables["certificate"]), api.arn  # type: ignore[call-overload]
        assert api.apply(certificate={**wanted, "on_destroy": "delete"}) == {DELETE: "update"}
        # Taking the choice back deletes nothing.
        assert api.apply(certificate=wanted) == {DELETE: "update"}
        assert api.arn == arn
        api.apply(certificate={**wanted, "on_destroy": "delete"})
        cloud.forget_calls()

        api.workspace.destroy()

        made = [call.operation for call in cloud.calls if call.status < 300]
        assert made.index("DeleteListener") < made.index("DeleteCertificate")
        assert arn not in {entry.arn for entry in cloud.certificates.all()}


@contextmanager
def short_invocations(cloud: Cloud) -> Iterator[None]:
    """Give the creation function less time than an apply asks for."""
    functions = cloud.client("lambda", account=ACCOUNT)
    name = "certificate-lifecycle-creation"
    before = functions.get_function_configuration(FunctionName=name)["Timeout"]
    functions.update_function_configuration(FunctionName=name, Timeout=SHORT)
    yield
    functions.update_function_configuration(FunctionName=name, Timeout=before)


def test_destroy_deletes_what_says_so_and_keeps_the_other_certificates(
    cloud: Cloud, watcher: Stack
) -> None:
    arns = watcher.outputs["certificate_arns"]

    watcher.workspace.destroy()

    left = {entry.arn for entry in cloud.certificates.all()}
    assert watcher.workspace.resources() == {}
    assert arns["main"] in left
    assert arns["edge"] not in left
    assert cloud.client("ssm", account=ACCOUNT).describe_parameters()["Parameters"] == []
