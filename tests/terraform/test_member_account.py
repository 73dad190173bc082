"""Other accounts: the role of `modules/member-account`, used by the deployed function.

The role grants exactly the calls that the function makes, and trusts no other principal.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError

from certificate_lifecycle.aws.permissions import Function, Setting
from tests.embedded_aws.calls import Call
from tests.embedded_aws.cloud import Cloud
from tests.embedded_aws.principals import existing_role, role_policy
from tests.estates import showcase
from tests.estates.troubles import Troubles, fill
from tests.harness.deployed import Invocation, invoke
from tests.harness.proof import asked, granted
from tests.harness.terraform import Workspace, side_by_side
from tests.terraform import bounds
from tests.terraform.policies import ITSELF, declared, of_role, of_trust, sids

pytestmark = pytest.mark.terraform

HOME, WRITABLE, READABLE, STRANGER = (f"31000000000{number}" for number in range(1, 5))
REGIONS = ["eu-west-1", "us-east-1"]
ROTATION_ROLE = f"arn:aws:iam::{HOME}:role/certificate-lifecycle-rotation"
BOUNDARY = f"arn:aws:iam::{READABLE}:policy/boundary"
ZONE = "member.example.net"
#: The domains of the certificates in the writable account, which this instance issued.
ISSUED = [f"*.{ZONE}"]
MEMBERS: Mapping[str, Mapping[str, object]] = {
    WRITABLE: {
        "allowed_domains": ISSUED,
        "external_id": "writable-1",
        "name": "writable",
        "rebind_consumers": True,
        "rotation_mode": "replace",
    },
    READABLE: {
        "external_id": "readable-1",
        "hosted_zone_ids": [],
        "permissions_boundary_arn": BOUNDARY,
    },
}


@dataclass(frozen=True)
class Estate:
    """The function in its own account, and the roles in two others."""

    cloud: Cloud
    outputs: Mapping[str, dict[str, Any]]
    #: The calls of the rotation function, without those of other tests.
    calls: list[Call] = field(default_factory=list)

    def rotate(self, event: object) -> Invocation:
        name = self.outputs[HOME]["rotation_function_name"]
        return invoke(self.cloud, name, event, account=HOME)


@pytest.fixture(scope="module")
def estate(cloud: Cloud) -> Iterator[Estate]:
    """Apply the roles and the function in parallel, because they are independent."""
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    cloud.client("iam", account=READABLE).create_policy(
        PolicyName="boundary",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )

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
        "allowed_domains": ["home.example.com", *ISSUED],
        "domain_name": "home.example.com",
        "issue_on_apply": False,
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

        with side_by_side(len(plans)) as pool:
            applied = dict(pool.map(deploy, plans))
        for workspace in applied.values():
            stack.push(workspace)
        for account in MEMBERS:
            assert applied[account].changes() == []
        yield Estate(cloud, {account: each.output() for account, each in applied.items()})


@pytest.fixture(scope="module")
def troubles(estate: Estate) -> dict[str, Troubles]:
    """Create a problem for every action, whatever the account allows."""
    cloud = estate.cloud
    # The read-only role has no zone.
    cloud.zones.add(ZONE, account=WRITABLE)
    tags = {"ManagedBy": "certificate-lifecycle"}
    found = {
        WRITABLE: fill(cloud, WRITABLE, ZONE, REGIONS, tags),
        READABLE: fill(cloud, READABLE, "read.example.org", REGIONS),
    }
    for account in found:
        showcase.fill_other_stores(cloud, account)
    cloud.forget_calls()
    return found


@pytest.fixture(scope="module")
def rotated(estate: Estate, troubles: dict[str, Troubles]) -> dict[str, Any]:
    assert troubles
    # Where the index of tags fails, the tags are read one by one.
    estate.cloud.fail(
        *("resourcegroupstaggingapi", "GetResources", "InvalidParameterException"),
        times=None,
        account=READABLE,
        region=REGIONS[0],
    )
    invocation = estate.rotate({})
    estate.calls.extend(estate.cloud.calls)
    assert invocation.error is None, invocation.error
    result: dict[str, Any] = invocation.result
    return result


def test_every_account_is_scanned_in_every_region(rotated: dict[str, Any]) -> None:
    assert [(s["account_id"], s["region"], s["status"]) for s in rotated["scopes"]] == [
        (account, region, "ok") for account in (HOME, WRITABLE, READABLE) for region in REGIONS
    ]


def test_a_certificate_of_another_account_is_replaced_and_its_consumers_move(
    estate: Estate, rotated: dict[str, Any], troubles: dict[str, Troubles]
) -> None:
    done = {a["certificate_arn"] for a in rotated["actions"] if a["outcome"] in ("done", "started")}
    writable = troubles[WRITABLE]
    assert {*writable.replaced, *writable.blocked.values()} <= done
    for region, listener in writable.listeners.items():
        default, _ = estate.cloud.consumers.listener_certificates(listener)
        assert default != writable.given_up[region]


@pytest.mark.usefixtures("rotated")
@pytest.mark.parametrize("account", MEMBERS)
def test_what_a_role_grants_is_exactly_what_is_done_through_it(
    estate: Estate, account: str
) -> None:
    """The policies grant exactly the recorded calls: every variant differs in one of them."""
    bound = bounds.access(ZONE)
    assert of_role(estate.calls, estate.outputs[account]["role_arn"], bound) == []


@pytest.mark.usefixtures("rotated")
def test_both_roles_have_every_statement_between_them(estate: Estate) -> None:
    writable, readable = (
        sids(role_policy(estate.outputs[account]["role_arn"])) for account in MEMBERS
    )
    # The function never deletes certificates of other accounts.
    deletes = {"DeleteReplaced", "MarkReplaced"}
    assert writable == bounds.access(ZONE).keys() - deletes
    assert readable < writable


@pytest.mark.usefixtures("rotated")
@pytest.mark.parametrize("account", MEMBERS)
def test_a_role_trusts_only_the_function_with_its_external_id(estate: Estate, account: str) -> None:
    role = estate.outputs[account]["role_arn"]
    asks = [
        ask.on(ITSELF)
        for ask in asked(estate.calls, ROTATION_ROLE)
        if ask.permission.resource == role
    ]
    assert of_trust(role, *asks) == []


def test_a_role_is_bounded_if_the_account_wants_it(estate: Estate) -> None:
    roles = [existing_role(estate.outputs[account]["role_arn"]) for account in MEMBERS]
    assert [role.permissions_boundary_arn for role in roles if role] == [None, BOUNDARY]


def test_the_roles_are_what_parliament_takes_for_good(
    estate: Estate, parliament: Callable[..., set[str]]
) -> None:
    documents = [role_policy(estate.outputs[account]["role_arn"]) for account in MEMBERS]
    assert parliament(*documents) <= bounds.PARLIAMENT.keys()


@pytest.mark.usefixtures("rotated")
def test_the_function_may_assume_just_these_two(estate: Estate) -> None:
    assert of_role(estate.calls, ROTATION_ROLE, bounds.ROTATION, *bounds.MEMBERS) == []


@pytest.mark.usefixtures("rotated")
@pytest.mark.parametrize(
    ("account", "settings"),
    [
        (READABLE, set()),
        (WRITABLE, {Setting.REPAIR, Setting.REPLACE, Setting.REBIND_CONSUMERS}),
    ],
)
def test_a_role_grants_what_is_declared_for_its_mode(
    estate: Estate, account: str, settings: set[Setting]
) -> None:
    """Permissions for the function's own account are not in the role."""
    at_home = {"dynamodb", "sns", "ssm"}
    both = {Setting.NO_HOSTED_ZONES, Setting.US_EAST_1}
    without_zones = {"route53:ListResourceRecordSets"} if account == READABLE else set()
    expected = {
        action
        for action in declared(Function.ROTATION, settings | both) - without_zones
        if action.partition(":")[0] not in at_home
    }
    assert granted(role_policy(estate.outputs[account]["role_arn"])) == expected


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
        "scope": {
            "exclude": {"domains": [], "tags": {}},
            "include": {"domains": [], "tags": {}},
            "others": "ignore",
        },
        "unmanaged_rotation_mode": "notify",
    }


@pytest.fixture(scope="module")
def stranger(cloud: Cloud) -> str:
    """Create a role that may assume any role, in an untrusted account."""
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
def test_no_other_principal_may_assume_the_role(
    estate: Estate, stranger: str, proof: dict[str, str]
) -> None:
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
