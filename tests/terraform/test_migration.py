"""The steps of docs/migration.md, from a stack with the resources of terraform-aws-modules/acm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from tests.embedded_aws.cloud import Cloud
from tests.estates import front
from tests.harness.terraform import Workspace
from tests.terraform.listeners import ADDRESS, listener

pytestmark = [pytest.mark.nightly, pytest.mark.terraform]

ACCOUNT = "440000000001"
ZONE = "migrated.example.com"
#: The resources and the output of terraform-aws-modules/acm, as far as this stack uses them.
OLD_MODULE = """
variable "tags" {
  type = map(string)
}

variable "zone_id" {
  type = string
}

resource "aws_acm_certificate" "this" {
  domain_name               = "shop.migrated.example.com"
  subject_alternative_names = ["api.migrated.example.com"]
  validation_method         = "DNS"
  tags                      = var.tags

  lifecycle {
    create_before_destroy = true
  }
}

locals {
  options = tolist(aws_acm_certificate.this.domain_validation_options)
}

resource "aws_route53_record" "validation" {
  count = 2

  allow_overwrite = true
  name            = local.options[count.index].resource_record_name
  records         = [local.options[count.index].resource_record_value]
  ttl             = 60
  type            = local.options[count.index].resource_record_type
  zone_id         = var.zone_id
}

resource "aws_acm_certificate_validation" "this" {
  certificate_arn         = aws_acm_certificate.this.arn
  validation_record_fqdns = aws_route53_record.validation[*].fqdn
}

output "acm_certificate_arn" {
  value = aws_acm_certificate_validation.this.certificate_arn
}
"""
BEFORE = """
provider "aws" {
  region = "eu-west-1"
}

variable "tags" {
  type    = map(string)
  default = {}
}

variable "zone_id" {
  type = string
}

module "acm" {
  source = "./acm"

  tags    = var.tags
  zone_id = var.zone_id
}
""" + listener("module.acm.acm_certificate_arn")
AFTER = """
provider "aws" {
  region = "eu-west-1"
}

variable "zone_id" {
  type = string
}

removed {
  from = module.acm

  lifecycle {
    destroy = false
  }
}

module "certificates" {
  source = "../"

  domain_name               = "shop.migrated.example.com"
  subject_alternative_names = ["api.migrated.example.com"]
}
""" + listener("module.certificates.certificate_arn")


@dataclass(frozen=True)
class Migration:
    """The certificate that was served, and the actions, after each step of the page."""

    arns: list[str]
    marked: Mapping[str, str]
    switched: Mapping[str, str]
    second_plan: Mapping[str, str]
    records: list[Any]
    certificates: set[str]


@pytest.fixture(scope="module")
def migration(cloud: Cloud) -> Migration:
    zone = cloud.zones.add(ZONE, account=ACCOUNT)
    balancer = front.fill(cloud, "web", ACCOUNT)
    files = {"stack/main.tf": BEFORE, "stack/acm/main.tf": OLD_MODULE}
    variables: dict[str, object] = {"load_balancer_arn": balancer, "zone_id": zone}
    with Workspace(
        "stack", cloud.environment(account=ACCOUNT), files=files, variables=variables
    ) as stack:
        stack.apply()
        arns = [front.served(cloud, balancer)]
        stack.variables = {**variables, "tags": {"ManagedBy": "certificate-lifecycle"}}
        marked = stack.change()
        stack.variables = variables
        (stack.directory / "main.tf").write_text(AFTER, encoding="utf-8")
        stack.run("init", "-no-color").or_raise()
        switched = stack.change()
        arns.append(front.served(cloud, balancer))
        second_plan = stack.intended()
        stack.destroy()
    records = cloud.client("route53", account=ACCOUNT).list_resource_record_sets(HostedZoneId=zone)
    kept = [row for row in records["ResourceRecordSets"] if row["Type"] == "CNAME"]
    certificates = {entry.arn for entry in cloud.certificates.all() if entry.account == ACCOUNT}
    return Migration(arns, marked, switched, second_plan, kept, certificates)


def test_the_listener_keeps_its_certificate(migration: Migration) -> None:
    before, after = migration.arns

    assert before == after
    assert migration.certificates == {before}


def test_the_tag_is_a_change_in_place(migration: Migration) -> None:
    assert migration.marked == {"module.acm.aws_acm_certificate.this": "update"}


def test_nothing_is_destroyed_and_the_listener_is_changed_in_place(migration: Migration) -> None:
    """The action `remove` of `terraform apply -json` forgets a resource and keeps it in AWS."""
    assert set(migration.switched.values()) == {"create", "remove", "update"}
    assert migration.switched[ADDRESS] == "update"


def test_the_next_plan_is_empty(migration: Migration) -> None:
    assert migration.second_plan == {}


def test_the_validation_records_outlive_the_stacks(migration: Migration) -> None:
    assert len(migration.records) == 2
