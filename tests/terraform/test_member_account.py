"""Other accounts: the role that `modules/member-account` makes, used by the deployed function.

What the role grants and what is done through it is the same list, and nobody else is let in.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support import showcase
from tests.support.calls import Call
from tests.support.cloud import Cloud
from tests.support.deployed import Invocation, invoke
from tests.support.terraform import Workspace

pytestmark = pytest.mark.terraform

HOME, WRITABLE, READABLE, STRANGER = (f"31000000000{number}" for number in range(1, 5))
REGIONS = ["eu-west-1", "us-east-1"]
ROTATION_ROLE = f"arn:aws:iam::{HOME}:role/certificate-lifecycle-rotation"
MEMBERS: Mapping[str, Mapping[str, object]] = {
    WRITABLE: {
        "external_id": "writable-1",
        "name": "writable",
        "rebind_consumers": True,
        "rotation_mode": "replace",
    },
    READABLE: {"external_id": "readable-1", "hosted_zone_ids": []},
}
ZONE = "member.example.net"


@dataclass(frozen=True)
class Estate:
    """The function in its own account, and the roles that two others offer it."""

    cloud: Cloud
    outputs: Mapping[str, dict[str, Any]]
    #: Those of the rotation, apart from what other tests try.
    calls: list[Call] = field(default_factory=list)

    def rotate(self, event: object) -> Invocation:
        name = self.outputs[HOME]["rotation_function_name"]
        return invoke(self.cloud, name, event, account=HOME)

    def granted(self, account: str) -> set[str]:
        role = self.outputs[account]["role_arn"].rpartition("/")[2]
        iam = self.cloud.client("iam", account=account)
        (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
        document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        return {action for statement in document["Statement"] for action in statement["Action"]}

    def used(self, account: str) -> set[str]:
        role = self.outputs[account]["role_arn"]
        calls = [call for call in self.calls if call.principal == role]
        return {action for call in calls for action in call.actions}


@pytest.fixture(scope="module")
def estate(cloud: Cloud) -> Iterator[Estate]:
    """Apply the roles and the function side by side, as neither waits for the other."""

    def member(account: str) -> dict[str, object]:
        return {"regions": REGIONS, "rotation_role_arn": ROTATION_ROLE, **MEMBERS[account]}

    accounts = [
        {
            "account_id": WRITABLE,
            "external_id": "writable-1",
            "rebind_consumers": True,
            "role_name": "writable",
            "rotation_mode": "replace",
        },
        {
            "account_id": READABLE,
            "external_id": "readable-1",
            "role_name": "certificate-lifecycle-member",
        },
    ]
    root = {
        "accounts": accounts,
        "domain_name": "home.example.com",
        "rebind_consumers": True,
        "regions": REGIONS,
        "retire_superseded_after_days": 1,
    }
    plans: dict[str, tuple[str, dict[str, object]]] = {
        HOME: (".", root),
        **{account: ("modules/member-account", member(account)) for account in MEMBERS},
    }

    with ExitStack() as stack:

        def deploy(account: str) -> tuple[str, Workspace]:
            folder, variables = plans[account]
            environment = cloud.environment(account=account)
            workspace = Workspace(folder, environment, variables=variables)
            workspace.apply()
            return account, workspace

        with ThreadPoolExecutor(len(plans)) as pool:
            applied = dict(pool.map(deploy, plans))
        for workspace in applied.values():
            stack.push(workspace)
        for account in MEMBERS:
            assert applied[account].changes() == []
        yield Estate(cloud, {account: each.output() for account, each in applied.items()})


@pytest.fixture(scope="module")
def troubles(estate: Estate) -> dict[str, str]:
    """Let everything happen that there is an answer to, in the account that allows it."""
    cloud = estate.cloud
    cloud.zones.add(ZONE, account=WRITABLE)
    soon: dict[str, Any] = {"renews": False, "not_after": cloud.now + timedelta(days=5)}
    waiting: dict[str, Any] = {
        "status": "PENDING_VALIDATION",
        "created_at": cloud.now - timedelta(hours=30),
    }
    found = {
        "given up": cloud.certificates.add(
            account=WRITABLE, domain_name=f"given-up.{ZONE}", **soon
        ),
        "at the edge": cloud.certificates.add(
            account=WRITABLE, region="us-east-1", domain_name=f"edge.{ZONE}", **soon
        ),
        "blocked": cloud.certificates.add(
            account=WRITABLE, domain_name=f"blocked.{ZONE}", **waiting
        ),
        "approval": cloud.certificates.add(
            account=WRITABLE, domain_name=f"mail.{ZONE}", validation_method="EMAIL", **waiting
        ),
        "by mail": cloud.certificates.add(
            account=WRITABLE,
            domain_name=f"by-mail.{ZONE}",
            validation_method="EMAIL",
            renewal_status="PENDING_VALIDATION",
            in_use_by=["arn:aws:elasticloadbalancing:eu-west-1:1:loadbalancer/app/x/1"],
            not_after=cloud.now + timedelta(days=20),
        ),
        "read only": cloud.certificates.add(
            account=READABLE, domain_name="read.example.org", **waiting
        ),
    }
    balancer = cloud.consumers.load_balancer(found["given up"], found["given up"], name="member")
    cloud.consumers.classic_load_balancer(found["given up"], name="member-classic")
    cloud.consumers.domain_name(f"given-up.{ZONE}", found["given up"])
    cloud.consumers.distribution(found["at the edge"])
    cloud.consumers.user_pool_domain(f"edge.{ZONE}", found["at the edge"])
    showcase.fill_other_stores(cloud, WRITABLE)
    cloud.forget_calls()
    return {**found, "listener": balancer}


@pytest.fixture(scope="module")
def rotated(estate: Estate, troubles: dict[str, str]) -> dict[str, Any]:
    assert troubles
    invocation = estate.rotate({})
    estate.calls.extend(estate.cloud.calls)
    assert invocation.error is None, invocation.error
    result: dict[str, Any] = invocation.result
    return result


def test_every_account_is_looked_at_in_every_region(rotated: dict[str, Any]) -> None:
    assert [(s["account_id"], s["region"], s["status"]) for s in rotated["scopes"]] == [
        (account, region, "ok") for account in (HOME, WRITABLE, READABLE) for region in REGIONS
    ]


def test_a_certificate_of_another_account_is_replaced_and_its_consumers_move(
    estate: Estate, rotated: dict[str, Any], troubles: dict[str, str]
) -> None:
    done = {a["certificate_arn"] for a in rotated["actions"] if a["outcome"] in ("done", "started")}
    assert {troubles[name] for name in ("given up", "at the edge", "blocked")} <= done
    default, _ = estate.cloud.consumers.listener_certificates(troubles["listener"])
    assert default != troubles["given up"]


@pytest.mark.usefixtures("rotated")
def test_what_the_role_grants_is_what_is_done_through_it(estate: Estate) -> None:
    assert estate.used(WRITABLE) == estate.granted(WRITABLE)


@pytest.mark.usefixtures("rotated")
def test_a_role_is_read_only_unless_it_says_otherwise(estate: Estate) -> None:
    assert estate.granted(READABLE) == {
        "acm-pca:ListCertificateAuthorities",
        "acm-pca:ListPermissions",
        "acm:DescribeCertificate",
        "acm:ListCertificates",
        "acm:ListTagsForCertificate",
        "acm:SearchCertificates",
        "apigateway:GET",
        "cloudfront:GetDistribution",
        "elasticloadbalancing:DescribeListenerCertificates",
        "elasticloadbalancing:DescribeListeners",
        "elasticloadbalancing:DescribeLoadBalancers",
        "iam:GetServerCertificate",
        "iam:ListServerCertificates",
        "route53:ListHostedZones",
    }
    assert estate.used(READABLE) <= estate.granted(READABLE)


@pytest.mark.usefixtures("rotated")
def test_nothing_is_refused_to_the_function(estate: Estate) -> None:
    assert [call for call in estate.calls if not call.allowed] == []


def test_the_output_is_the_entry_of_the_account(estate: Estate) -> None:
    assert estate.outputs[READABLE]["account"] == {
        "account_id": READABLE,
        "external_id": "readable-1",
        "rebind_consumers": False,
        "role_name": "certificate-lifecycle-member",
        "rotation_mode": "notify",
    }


@pytest.fixture(scope="module")
def stranger(cloud: Cloud) -> str:
    """Make a role that may assume anything, in an account that nobody trusts."""
    iam = cloud.client("iam", account=STRANGER)
    allow = {"Effect": "Allow", "Action": "sts:AssumeRole"}
    trust = {**allow, "Principal": {"Service": "lambda.amazonaws.com"}}
    for kind, statement in (("trust", trust), ("grant", {**allow, "Resource": "*"})):
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        if kind == "trust":
            iam.create_role(RoleName="stranger", AssumeRolePolicyDocument=document)
        else:
            iam.put_role_policy(RoleName="stranger", PolicyName="all", PolicyDocument=document)
    return f"arn:aws:iam::{STRANGER}:role/stranger"


@pytest.mark.parametrize("proof", [{"ExternalId": "writable-1"}, {}])
def test_nobody_else_is_let_in(estate: Estate, stranger: str, proof: dict[str, str]) -> None:
    sts = estate.cloud.client("sts", role_arn=stranger)
    role = estate.outputs[WRITABLE]["role_arn"]
    with pytest.raises(ClientError, match="AccessDenied"):
        sts.assume_role(RoleArn=role, RoleSessionName="test", **proof)


@pytest.mark.parametrize("proof", [{"ExternalId": "guessed"}, {}])
def test_the_function_is_not_let_in_without_the_external_id(
    estate: Estate, proof: dict[str, str]
) -> None:
    sts = estate.cloud.client("sts", role_arn=ROTATION_ROLE)
    role = estate.outputs[WRITABLE]["role_arn"]
    with pytest.raises(ClientError, match="AccessDenied"):
        sts.assume_role(RoleArn=role, RoleSessionName="test", **proof)
