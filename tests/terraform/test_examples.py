"""Each example is applied as it is committed: it must work, settle, and go away."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.support.cloud import Cloud
from tests.support.policy import like
from tests.support.terraform import REPOSITORY
from tests.terraform.conftest import Life, Stack, kind, live

pytestmark = pytest.mark.terraform

EXAMPLES = sorted(path.parent.name for path in REPOSITORY.glob("examples/*/main.tf"))


@pytest.fixture(scope="module")
def lives(cloud: Cloud) -> Mapping[str, Life]:
    return live(cloud, {name: Stack(f"examples/{name}") for name in EXAMPLES})


@pytest.fixture
def life(lives: Mapping[str, Life], example: str) -> Life:
    return lives[example]


@pytest.mark.parametrize("example", EXAMPLES)
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


def test_the_boundary_of_production_allows_what_its_functions_are_granted(
    lives: Mapping[str, Life],
) -> None:
    """A boundary that lags behind refuses at run time what a new version needs."""
    (boundary,) = statements(lives["prod"], "aws_iam_policy")
    policies = [
        json.loads(values["policy"])
        for address, values in lives["prod"].resources.items()
        if kind(address) == "aws_iam_role_policy"
    ]
    granted = {a for policy in policies for s in policy["Statement"] for a in s["Action"]}

    assert len(policies) == 2
    assert {a for a in granted if not any(like(a, each) for each in boundary["Action"])} == set()


READER_ACCOUNT = "arn:aws:iam::210987654321:root"
READER = "arn:aws:iam::210987654321:role/edge-proxy"


class TestTheExportToAnotherAccount:
    @pytest.fixture
    def stack(self, lives: Mapping[str, Life]) -> Life:
        return lives["cross-account-export"]

    def test_is_encrypted_with_a_key_that_another_account_may_use(self, stack: Life) -> None:
        """The key that AWS manages for Secrets Manager is not shared with other accounts."""
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
            assert statement["Condition"]["ArnEquals"] == {"aws:PrincipalArn": READER}
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


def resources(life: Life, kind: str) -> list[Mapping[str, Any]]:
    """Give what the stack itself has of a kind, in the order of the addresses."""
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
