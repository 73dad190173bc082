"""Conventions of the HCL that no other tool checks: order, types, reasons.

These tests read the files and do not run terraform.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import hcl2
import pytest

from tests.harness.terraform import REPOSITORY
from tests.terraform import bounds

pytestmark = pytest.mark.terraform

ROOT = [REPOSITORY]
MODULES = sorted(path.parent for path in REPOSITORY.glob("modules/*/main.tf"))
EXAMPLES = sorted(path.parent for path in REPOSITORY.glob("examples/*/main.tf"))

SCALES = {"days", "seconds", "mb", "fraction"}


def files(*folders: Path) -> list[Path]:
    return [file for folder in folders for file in sorted(folder.glob("*.tf"))]


def named(folder: Path) -> str:
    return str(folder.relative_to(REPOSITORY)) or "."


def blocks(folder: Path, kind: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield every block of a type with its label, in the order of the file."""
    for file in files(folder):
        for block in hcl2.loads(file.read_text(encoding="utf-8")).get(kind, []):
            for label, body in block.items():
                if isinstance(body, dict):
                    yield label.strip('"'), body


every_folder = pytest.mark.parametrize("folder", [*ROOT, *MODULES, *EXAMPLES], ids=named)
every_module = pytest.mark.parametrize("folder", [*ROOT, *MODULES], ids=named)
every_file = pytest.mark.parametrize(
    "file", files(*ROOT, *MODULES, *EXAMPLES), ids=lambda f: str(f.relative_to(REPOSITORY))
)


@every_folder
@pytest.mark.parametrize("kind", ["variable", "output"])
def test_variables_and_outputs_are_in_alphabetical_order(folder: Path, kind: str) -> None:
    names = [name for name, _ in blocks(folder, kind)]

    assert names == sorted(names)


@every_folder
def test_every_variable_has_a_type_and_a_description(folder: Path) -> None:
    for name, variable in blocks(folder, "variable"):
        assert "type" in variable, name
        assert variable.get("description", "").endswith('."'), name


@every_folder
def test_every_output_has_a_description(folder: Path) -> None:
    for name, output in blocks(folder, "output"):
        assert output.get("description", "").endswith('."'), name


def test_the_root_has_few_inputs_and_describes_each_in_one_sentence() -> None:
    descriptions = {name: body["description"] for name, body in blocks(REPOSITORY, "variable")}

    assert len(descriptions) <= 28
    assert {
        name for name, text in descriptions.items() if re.search(r"[.!?] [A-Z`]", text)
    } == set()


@every_module
def test_a_variable_takes_null_only_if_its_description_says_what_null_means(folder: Path) -> None:
    for name, variable in blocks(folder, "variable"):
        if variable.get("nullable", True):
            assert re.search(r"\bnull\b", variable["description"], re.IGNORECASE), name


def test_every_default_of_the_root_with_a_unit_says_it_in_the_name() -> None:
    for name, variable in blocks(REPOSITORY, "variable"):
        if variable["type"] == "number":
            assert name.split("_")[-1] in SCALES, name


@every_file
def test_a_resource_that_is_everything_says_why(file: Path) -> None:
    lines = file.read_text(encoding="utf-8").splitlines()

    for before, line in itertools.pairwise(lines):
        if re.search(r'Resource\s*=\s*(\[\s*)?"\*"', line):
            assert before.strip().startswith('# "*": '), line


def test_every_statement_of_a_policy_is_held_to_what_is_done() -> None:
    """The proof is complete: every statement must have bounds."""
    text = "\n".join(file.read_text(encoding="utf-8") for file in files(*ROOT, *MODULES, *EXAMPLES))
    written = set(re.findall(r'(?:Sid|statement_id)\s*=\s*"(\w+)"', text))
    written |= set(re.findall(r'variable "statement_id" [^}]*default\s*=\s*"(\w+)"', text))

    assert written == bounds.statements()


@every_file
def test_every_statement_of_a_policy_has_a_name(file: Path) -> None:
    """A statement without a name would escape the test above."""
    text = file.read_text(encoding="utf-8")

    effects, names = (
        re.findall(rf"^\s*{key}\s*=", text, re.MULTILINE) for key in ("Effect", "Sid")
    )
    assert len(effects) == len(names)


@every_file
def test_no_action_is_everything(file: Path) -> None:
    assert not re.search(r'Action\s*=\s*\[?\s*"\*"', file.read_text(encoding="utf-8"))


@every_file
def test_no_arn_names_a_partition(file: Path) -> None:
    """Bug 59 of the sample that this module replaces: GovCloud and China have other ARNs."""
    assert "arn:aws:" not in file.read_text(encoding="utf-8")


@every_module
def test_a_module_configures_no_provider(folder: Path) -> None:
    assert list(blocks(folder, "provider")) == []


@every_folder
def test_one_provider_is_all_that_is_needed_and_both_major_versions_will_do(folder: Path) -> None:
    (settings,) = (
        block
        for file in files(folder)
        for block in hcl2.loads(file.read_text(encoding="utf-8")).get("terraform", [])
    )
    (providers,) = settings["required_providers"]
    providers = {name: value for name, value in providers.items() if isinstance(value, dict)}

    assert settings["required_version"] == '">= 1.9"'
    assert list(providers) == ["aws"]
    assert '">= 5.100, < 7.0"' in providers["aws"].values()


@every_file
def test_nothing_is_used_that_the_next_major_version_of_the_provider_deprecates(
    file: Path,
) -> None:
    text = re.sub(r"#.*", "", file.read_text(encoding="utf-8"))

    # Of aws_region, provider 6 deprecates `name` and `id`, and provider 5 has no `region`.
    for deprecated in ("is_enabled", "managed_policy_arns", "inline_policy", "aws_region"):
        assert deprecated not in text


@every_file
def test_a_skipped_check_has_a_reason(file: Path) -> None:
    for skip in re.findall(r"checkov:skip=.*", file.read_text(encoding="utf-8")):
        assert re.fullmatch(r"checkov:skip=CKV2?_AWS_\d+:\S.{10,}", skip)


@pytest.mark.parametrize("folder", EXAMPLES, ids=named)
def test_an_example_is_a_small_stack_of_its_own(folder: Path) -> None:
    sources = {body["source"].strip('"') for _, body in blocks(folder, "module")}

    assert len(sources) == 1
    assert sources <= {"../../", "../../modules/certificate"}
    assert [label for label, _ in blocks(folder, "provider")] == ["aws"]
    assert (folder / "README.md").is_file()
    assert list(blocks(folder, "output"))
