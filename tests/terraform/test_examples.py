"""Each example is applied as it is committed: it must work, settle, and go away."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.support.cloud import Cloud
from tests.support.terraform import REPOSITORY
from tests.terraform.conftest import Life, Stack, live

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
