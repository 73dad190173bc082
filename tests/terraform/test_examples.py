"""Each example is applied as committed, has an empty second plan, and is destroyed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.embedded_aws.calls import Permission
from tests.embedded_aws.cloud import Cloud
from tests.embedded_aws.policy import Principal, judge, like
from tests.harness.proof import Ask, Bounds, faults, granted
from tests.harness.terraform import REPOSITORY
from tests.terraform import bounds
from tests.terraform.conftest import Life, Stack, live
from tests.terraform.policies import by_a_service, sids

pytestmark = pytest.mark.terraform

ROTATION_ROLE = "module.certificate_lifecycle.module.rotation[0].aws_iam_role.this"
#: One of each kind: hardened, and with resources besides the module.
SHAPES = ("cross-account-export", "prod")
EXAMPLES = {path.parent.name for path in REPOSITORY.glob("examples/*/main.tf")}
#: The demo applies the minimal one; other tests apply an organization, member accounts and several
#: regions.
OTHERS = sorted(EXAMPLES - set(SHAPES))


@pytest.fixture(scope="module")
def lives(cloud: Cloud) -> Mapping[str, Life]:
    return live(cloud, {name: example_stack(name) for name in SHAPES})


@pytest.fixture(scope="module")
def other_lives(cloud: Cloud) -> Mapping[str, Life]:
    return live(cloud, {name: example_stack(name) for name in OTHERS})


def example_stack(name: str) -> Stack:
    zone = "platform.example.com" if name == "organization" else "shop.example.com"
    return Stack(f"examples/{name}", zone=zone)


@pytest.fixture
def life(example: str, request: pytest.FixtureRequest) -> Life:
    found: Life = request.getfixturevalue("lives" if example in SHAPES else "other_lives")[example]
    return found


@pytest.mark.parametrize(
    "example", [*SHAPES, *(pytest.param(name, marks=pytest.mark.nightly) for name in OTHERS)]
)
class TestEachExample:
    def test_makes_both_functions(self, life: Life) -> None:
        functions = [a for a in life.resources if ".aws_lambda_function.this" in a]

        assert len(functions) == 2

    def test_has_nothing_to_change_after_its_first_apply(self, life: Life) -> None:
        assert life.second_plan == []

    def test_leaves_nothing_behind_when_destroyed(self, life: Life) -> None:
        assert life.made_in_aws != []
        assert life.left_in_state == []
        assert life.left_in_aws == []


READER_ACCOUNT = "arn:aws:iam::210987654321:root"


class TestTheExportToAnotherAccount:
    @pytest.fixture
    def stack(self, lives: Mapping[str, Life]) -> Life:
        return lives["cross-account-export"]

    def test_is_encrypted_with_a_key_that_another_account_may_use(self, stack: Life) -> None:
        """Other accounts cannot use the AWS managed key of Secrets Manager."""
        key = stack.resources["aws_kms_key.shared"]["arn"]

        secrets = resources(stack, "aws_secretsmanager_secret")

        assert [secret["kms_key_id"] for secret in secrets] == [key, key]

    def test_lets_one_role_read_certificate_and_passphrase_and_nothing_else(
        self, stack: Life
    ) -> None:
        secrets = stack.outputs["secret_arns"]
        of_secrets = statements(stack, "aws_secretsmanager_secret_policy")
        of_key = [
            statement
            for statement in statements(stack, "aws_kms_key_policy")
            if statement["Principal"] == {"AWS": READER_ACCOUNT}
        ]

        assert sorted(statement["Resource"][0] for statement in of_secrets) == sorted(
            secrets.values()
        )
        assert [statement["Action"] for statement in [*of_secrets, *of_key]] == [
            ["secretsmanager:GetSecretValue"],
            ["secretsmanager:GetSecretValue"],
            ["kms:Decrypt"],
        ]
        for statement in [*of_secrets, *of_key]:
            assert statement["Principal"] == {"AWS": READER_ACCOUNT}
            assert statement["Condition"]["ArnEquals"] == {"aws:PrincipalArn": bounds.READER}
        assert of_key[0]["Condition"]["StringEquals"] == {
            "kms:EncryptionContext:SecretARN": list(secrets.values()),
            "kms:ViaService": "secretsmanager.eu-west-1.amazonaws.com",
        }

    def test_tells_the_reader_what_its_own_role_must_allow(self, stack: Life) -> None:
        read, decrypt = json.loads(stack.outputs["reader_policy_json"])["Statement"]

        assert read["Resource"] == list(stack.outputs["secret_arns"].values())
        assert decrypt["Resource"] == [stack.resources["aws_kms_key.shared"]["arn"]]

    def test_lets_the_rotation_function_write_under_that_key(self, stack: Life) -> None:
        (writer,) = (
            statement
            for statement in statements(stack, "aws_kms_key_policy")
            if "role" in statement["Principal"]["AWS"]
        )

        assert writer["Principal"]["AWS"].endswith("role/shop-edge-certificates-rotation")
        assert writer["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]

    def test_has_policies_that_are_just_what_the_two_need(self, stack: Life) -> None:
        key, secrets = stack.resources["aws_kms_key.shared"]["arn"], stack.outputs["secret_arns"]
        rotation = stack.resources[ROTATION_ROLE]["arn"]
        administrator = rotation.replace("shop-edge-certificates-rotation", "administrator")
        (of_key,) = resources(stack, "aws_kms_key_policy")
        through = {"kms:ViaService": ("secretsmanager.eu-west-1.amazonaws.com",)}
        using = [
            asking(who, action, key, **through, **{bounds.EXPORT_KEY: (secret,)})
            for who, actions in (
                (bounds.READER, ["kms:Decrypt"]),
                (rotation, ["kms:Decrypt", "kms:GenerateDataKey"]),
            )
            for action in actions
            for secret in secrets.values()
        ]
        reading = [
            asking(bounds.READER, "secretsmanager:GetSecretValue", secret)
            for secret in secrets.values()
        ]

        for policy in resources(stack, "aws_secretsmanager_secret_policy"):
            asks = [ask for ask in reading if ask.permission.resource == policy["secret_arn"]]
            assert wrong(policy["policy"], asks, bounds.EXPORT_SECRET) == []
        governing = asking(administrator, "kms:PutKeyPolicy", key)
        assert wrong(of_key["policy"], [*using, governing], bounds.EXPORT_KEY_POLICY) == []
        mine = [ask for ask in (*reading, *using) if ask.principal.name == bounds.READER]
        assert wrong(stack.outputs["reader_policy_json"], mine, bounds.EXPORT_READER) == []


def test_the_boundary_of_production_is_no_narrower_than_its_roles(
    lives: Mapping[str, Life],
) -> None:
    """Otherwise users would notice only in production."""
    stack = lives["prod"]
    (boundary,) = resources(stack, "aws_iam_policy")
    limit = json.loads(boundary["policy"])
    roles = [
        json.loads(values["policy"])
        for address, values in stack.resources.items()
        if ".aws_iam_role_policy." in address
    ]
    actions = {action for role in roles for action in granted(role)}

    beyond = {a for a in actions if not judge([limit], Permission(a.rstrip("*"), "*")).allowed}
    idle = {
        limited
        for limited in granted(limit)
        if not any(like(action, limited) for action in actions)
    }
    assert len(roles) == 2
    assert (beyond, idle) == (set(), set())


def test_the_key_of_production_is_for_the_logs_of_its_functions(lives: Mapping[str, Life]) -> None:
    """CloudWatch Logs user guide, Encrypt log data."""
    stack = lives["prod"]
    key = stack.resources["aws_kms_key.functions"]
    group = next(
        values["arn"] for address, values in stack.resources.items() if "log_group" in address
    )
    actions = ("Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey", "ReEncryptFrom")
    logging = [
        by_a_service(
            "logs.eu-west-1.amazonaws.com",
            f"kms:{action}",
            key["arn"],
            **{bounds.LOG_GROUP: group},
        )
        for action in actions
    ]
    reading = asking(f"arn:aws:iam::{key['arn'].split(':')[4]}:role/x", "kms:Decrypt", key["arn"])

    assert wrong(key["policy"], [*logging, reading], bounds.LOGS_KEY) == []


@pytest.mark.nightly
def test_the_topic_that_is_adopted_takes_the_alarms_of_the_module(
    other_lives: Mapping[str, Life],
) -> None:
    (topic,) = resources(other_lives["existing-topic"], "aws_sns_topic_policy")
    account = topic["arn"].split(":")[4]
    alarm = by_a_service(
        "cloudwatch.amazonaws.com",
        "sns:Publish",
        topic["arn"],
        source_account=account,
        source_arn=f"arn:aws:cloudwatch:eu-west-1:{account}:alarm:shop-topic-certificates-x",
    )

    assert wrong(topic["policy"], [alarm], bounds.ADOPTED_TOPIC) == []


def asking(who: str, action: str, resource: str, **context: tuple[str, ...]) -> Ask:
    """Return the request of a role for a permission."""
    named = {"aws:PrincipalArn": (who,), **context}
    return Ask(Principal(who), Permission(action, resource, named))


def wrong(policy: str, asks: list[Ask], bound: Mapping[str, Bounds]) -> list[str]:
    """Return the errors of an example's policy, whose statements must all exist."""
    document = json.loads(policy)
    assert sids(document) == bound.keys()
    return faults(document, asks, bound, known=bounds.KNOWN)


def resources(life: Life, kind: str) -> list[Mapping[str, Any]]:
    """Return the stack's own resources of a type, in the order of the addresses."""
    return [
        values
        for address, values in sorted(life.resources.items())
        if address.startswith(f"{kind}.")
    ]


def statements(life: Life, kind: str) -> list[dict[str, Any]]:
    return [
        statement
        for policy in resources(life, kind)
        for statement in json.loads(policy["policy"])["Statement"]
    ]
