"""`certificates policy`: what it prints is valid, suffices for the command, and is no more."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from certificate_lifecycle.aws.permissions import Command, Setting
from certificate_lifecycle.cli.main import COMMANDS
from certificate_lifecycle.cli.policy_document import CALLERS
from certificate_lifecycle.cli.required_permissions import needed
from tests.embedded_aws import calls
from tests.embedded_aws.cloud import Cloud
from tests.embedded_aws.policy import judge
from tests.integration.effects import USED, ending_in
from tests.integration.terminal import TRUST, Certificates, deploy

pytestmark = pytest.mark.integration

#: The arguments of each command for the role that has its policy.
ARGUMENTS: Mapping[str, tuple[str, ...]] = {
    "list": (),
    "scan": (),
    "plan": (),
    "report": ("report.json", "--force"),
    "readiness": (),
    "explain": ("www.example.com",),
    "apply": ("--yes",),
    "create": ("new.example.com", "--yes"),
    "drill": ("www.example.com",),
    "doctor": ("--fail-on", "never"),
    "policy": ("scan",),
}
ISSUE = ("--issue", "--yes")


@pytest.fixture(autouse=True)
def estate(cloud: Cloud) -> None:
    """Add a certificate whose record is missing in a zone of the account."""
    cloud.zones.add("example.com")
    waiting = {"renewal_status": "PENDING_VALIDATION", **USED, **ending_in(cloud, 40)}
    cloud.certificates.add(domain_name="www.example.com", **waiting)


def printed(certificates: Certificates, *arguments: str) -> dict[str, Any]:
    ended = certificates("policy", *arguments)
    assert ended.code == 0, ended.err
    return ended.document


def allows(document: Mapping[str, Any], action: str, resource: str) -> bool:
    return judge([document], calls.Permission(action, resource)).allowed


def become(cloud: Cloud, environment: pytest.MonkeyPatch, document: Mapping[str, Any]) -> None:
    """Use the credentials of a role that has this policy and no other."""
    iam = cloud.client("iam")
    role = iam.create_role(RoleName="operator", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]
    iam.put_role_policy(
        RoleName="operator", PolicyName="certificates", PolicyDocument=json.dumps(document)
    )
    for name, value in cloud.assume(role["Arn"]).items():
        environment.setenv(name.upper(), value)


@pytest.mark.parametrize(
    ("name", "instance"),
    [
        *((name, name == "apply") for name in ("scan", "apply", "create", "doctor")),
        *(
            pytest.param(name, instance, marks=pytest.mark.nightly)
            for name in ARGUMENTS
            for instance in (False, True)
        ),
    ],
)
def test_a_command_runs_with_exactly_the_printed_policy(
    certificates: Certificates,
    cloud: Cloud,
    environment: pytest.MonkeyPatch,
    tmp_path: Path,
    name: str,
    instance: bool,  # noqa: FBT001 - a column of the table
) -> None:
    environment.chdir(str(tmp_path))
    if instance:
        deploy(cloud, environment, REBIND_CONSUMERS="true")
    document = printed(certificates, name)
    become(cloud, environment, document)
    cloud.forget_calls()
    ended = certificates(name, *ARGUMENTS[name])
    assert [call.action for call in cloud.refusals] == []
    # Without public DNS, the doctor cannot check everything.
    assert ended.code in (0, 1, *((3,) if name == "doctor" else ())), ended.err


def test_a_drill_that_issues_runs_with_exactly_the_printed_policy(
    certificates: Certificates, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    become(cloud, environment, printed(certificates, "drill", "--issue"))
    cloud.forget_calls()
    ended = certificates("drill", *ARGUMENTS["drill"], *ISSUE)
    assert [call.action for call in cloud.refusals] == []
    assert "deletion of the certificate passed" in ended.words


def test_a_policy_names_the_regions_the_instance_and_the_zones_and_allows_no_other_write(
    certificates: Certificates, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    zones = json.dumps({"example.com": {"zone_id": "Z0123456789ABCDEFGHIJ"}})
    deploy(cloud, environment, HOSTED_ZONES=zones)
    reading = printed(certificates, "scan", "--regions", "eu-west-1,us-east-1")
    tried = {entry.action for entry in needed((Command.SCAN,), set(Setting))}
    for permission in needed((Command.APPLY, Command.CREATE), set(Setting)):
        if permission.action not in tried:
            assert not allows(reading, permission.action, "*"), permission.action
    certificate = "arn:aws:acm:{}:123456789012:certificate/one"
    for region, allowed in (("eu-west-1", True), ("us-east-1", True), ("eu-north-1", False)):
        found = allows(reading, "acm:DescribeCertificate", certificate.format(region))
        assert found is allowed
    records = "route53:ChangeResourceRecordSets"
    (writing,) = (
        statement
        for statement in printed(certificates, "apply")["Statement"]
        if records in statement["Action"]
    )
    assert writing["Resource"] == ["arn:aws:route53:::hostedzone/Z0123456789ABCDEFGHIJ"]
    assert writing["Condition"]["ForAllValues:StringEquals"] == {
        "route53:ChangeResourceRecordSetsActions": ["UPSERT"],
        "route53:ChangeResourceRecordSetsRecordTypes": ["CNAME"],
    }
    everywhere = printed(certificates, "scan", "--regions", "all")
    assert allows(everywhere, "acm:DescribeCertificate", certificate.format("eu-north-1"))


def test_every_command_that_calls_aws_has_a_policy_and_a_long_one_is_pointed_out(
    certificates: Certificates,
) -> None:
    assert set(CALLERS) == set(COMMANDS) - {"completion"} == set(ARGUMENTS)
    assert certificates("policy", "scan", "--issue").code == 2
    regions = ",".join(f"eu-west-{number}" for number in range(1, 100))
    ended = certificates("policy", "apply", "--regions", regions)
    assert "a managed policy at most 6,144: split" in ended.complaint
    assert ended.document["Version"] == "2012-10-17"
