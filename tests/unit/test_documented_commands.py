"""Each command of the documentation exists with its options: `certificates`, `make` and `aws`."""

from __future__ import annotations

import re

import click
import pytest

from certificate_lifecycle.cli.main import commands as certificates
from tests.harness.documented_commands import Documented, commands, operations
from tests.harness.terminal import ROOT

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
#: Options of every command of the AWS CLI (user guide, Command line options).
GLOBAL_OPTIONS = {
    "--cli-binary-format",
    "--cli-read-timeout",
    "--output",
    "--profile",
    "--query",
    "--region",
}
#: Commands and options of the AWS CLI that are none of the API (command reference).
CUSTOM = {
    ("lambda", "publish-layer-version"): {"--zip-file"},
    ("logs", "tail"): {"--since", "--follow"},
}


def problem(command: Documented) -> str | None:
    """Return what click does not accept in a command, as a sentence."""
    context = click.Context(certificates, info_name="certificates")
    words = list(command.words[1:])
    try:
        while words and words[0].startswith("-"):
            # An option of the group, such as --help.
            if words[0] not in ("--help", "--version"):
                return f"{command}: no such option {words[0]}"
            words = words[1:]
        if words:
            name, subcommand, rest = certificates.resolve_command(context, words)
            assert subcommand is not None
            subcommand.make_context(name, rest, parent=context)
    except click.exceptions.Exit:  # --help
        return None
    except click.BadParameter as error:
        missing = isinstance(error, click.MissingParameter)
        # A sentence leaves arguments out, or has a placeholder such as NAME for one.
        if not command.whole and (missing or any(word.isupper() for word in command.words)):
            return None
        return f"{command}: {error.format_message()}"
    except click.UsageError as error:
        return f"{command}: {error.format_message()}"
    return None


def test_each_certificates_command_has_its_arguments_and_options() -> None:
    found = commands("certificates")
    assert {command.words[1] for command in found if command.words[1:]} >= {
        "create",
        "doctor",
        "explain",
        "readiness",
        "scan",
    }
    assert [text for text in map(problem, found) if text] == []


@pytest.mark.parametrize(
    ("words", "whole", "expected"),
    [
        ("scam", True, "No such command 'scam'"),
        ("scan --outptu json", True, "No such option"),
        ("explain", True, "Missing argument"),
        ("explain", False, None),
        ("completion SHELL", False, None),
        ("completion SHELL", True, "'SHELL' is not one of"),
        ("scan --region eu-west-1", True, None),
    ],
)
def test_a_wrong_command_is_found(words: str, whole: bool, expected: str | None) -> None:  # noqa: FBT001 - a parameter
    found = problem(Documented("x.md", ("certificates", *words.split()), whole))
    assert expected is None if found is None else expected is not None and expected in found


def test_each_make_command_has_its_target_and_variables() -> None:
    targets = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
    variables = set(re.findall(r"^([A-Z]+) *[?:]?=", MAKEFILE, re.MULTILINE))
    found = commands("make")
    unknown = [
        f"{command}: {word}"
        for command in found
        for word in command.words[1:]
        if word.partition("=")[0] not in (variables if "=" in word else targets)
    ]
    assert unknown == []
    assert {"check", "demo", "playground"} <= {word for command in found for word in command.words}


def test_each_aws_command_has_its_operation_and_options() -> None:
    found = commands("aws")
    unknown = []
    for command in found:
        _, service, name, *rest = command.words
        known = operations(service).get(name, set()) | CUSTOM.get((service, name), set())
        if not known:
            unknown.append(f"{command}: {service} has no {name}")
        options = {word for word in rest if word.startswith("--")}
        unknown += [f"{command}: {option}" for option in sorted(options - known - GLOBAL_OPTIONS)]
    assert unknown == []
    assert len({command.words[1] for command in found}) > 5
