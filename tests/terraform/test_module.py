"""terraform's own checks of the module: format, validation and tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.harness.terraform import Workspace

pytestmark = [pytest.mark.terraform, pytest.mark.usefixtures("terraform")]


@pytest.fixture(scope="module")
def module() -> Iterator[Workspace]:
    # No AWS: these commands must not need one.
    with Workspace(".", {}) as workspace:
        yield workspace


def test_every_file_is_formatted(module: Workspace) -> None:
    unformatted = module.run("fmt", "-check", "-recursive", "-no-color").stdout

    assert unformatted == ""


def test_the_module_is_valid_and_uses_nothing_deprecated(module: Workspace) -> None:
    said = module.run("validate", "-no-color")

    assert said.exit_code == 0, said.stderr
    assert "Warning" not in said.stdout + said.stderr


def test_terraform_s_own_tests_pass_without_an_aws(module: Workspace) -> None:
    # Hundreds of plans, which take minutes on a busy machine.
    said = module.run("test", "-no-color", timeout=1_200)

    assert said.exit_code == 0, said.stdout + said.stderr
    assert " 0 failed" in said.stdout
