"""The exit codes of `plan --detailed-exitcode`, and the help of each command with its codes."""

from __future__ import annotations

import shlex
from dataclasses import fields

import click
import pytest

from certificate_lifecycle.cli.command_help import EXAMPLES, GROUP_OF
from certificate_lifecycle.cli.exit_codes import MEANINGS
from certificate_lifecycle.cli.filters import Filters
from certificate_lifecycle.cli.main import COMMANDS, commands
from certificate_lifecycle.cli.options import Options
from tests.embedded_aws.cloud import Cloud
from tests.integration.effects import USED, ending_in
from tests.integration.terminal import Certificates

pytestmark = pytest.mark.integration


def detailed(certificates: Certificates, *arguments: str) -> int:
    return certificates("plan", "--detailed-exitcode", *arguments).code


def test_a_detailed_plan_ends_with_two_only_if_apply_would_take_an_action(
    certificates: Certificates, cloud: Cloud
) -> None:
    assert detailed(certificates) == 0
    cloud.certificates.add(
        domain_name="old.example.com", type="IMPORTED", **USED, **ending_in(cloud, 3)
    )
    by_people = certificates("plan", "--detailed-exitcode")
    assert (by_people.code, "Manual actions" in by_people.out) == (0, True)
    cloud.zones.add("example.com")
    cloud.certificates.add(
        domain_name="www.example.com",
        renewal_status="PENDING_VALIDATION",
        **USED,
        **ending_in(cloud, 40),
    )
    assert detailed(certificates) == 2
    assert detailed(certificates, "--output", "json") == 2
    assert detailed(certificates, "old.example.com") == 0
    assert certificates("plan").code == 0
    assert certificates("apply", "--yes").code == 0
    assert detailed(certificates) == 0


def test_a_detailed_plan_ends_with_one_after_any_error(
    certificates: Certificates, cloud: Cloud
) -> None:
    assert detailed(certificates, "nobody.example.com") == 1
    assert detailed(certificates, "--loud") == 1
    cloud.fail("acm", "ListCertificates", "AccessDeniedException", "no", times=None)
    assert detailed(certificates) == 1
    cloud.fail("lambda", "GetFunctionConfiguration", "AccessDeniedException", "no", times=None)
    assert detailed(certificates) == 1


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_has_examples_that_parse_and_its_exit_codes(
    certificates: Certificates, name: str
) -> None:
    shown = certificates(name, "--help").out
    for code, meaning in MEANINGS[name].items():
        assert f"  {code:d}  " in shown.partition("Exit codes:")[2]
        assert meaning.replace("`", "").split()[0] in shown
    assert 2 <= len(EXAMPLES[name]) <= 3
    for line in EXAMPLES[name]:
        assert f"  {line}\n" in shown
        program, called, *arguments = shlex.split(line.partition(" > ")[0])
        assert (program, called) == ("certificates", name)
        command = commands.get_command(click.Context(commands), name)
        assert command is not None
        command.make_context(name, arguments)


def test_every_command_has_exit_codes_and_every_shared_option_a_group_in_the_help() -> None:
    assert set(MEANINGS) == set(COMMANDS)
    shared = {field.name for field in (*fields(Options), *fields(Filters))}
    assert shared - {"filters"} <= GROUP_OF.keys()
