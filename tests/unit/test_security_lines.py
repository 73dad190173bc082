"""Every line of SECURITY.md about a single permission is proved by a test that tries it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROOFS = (
    ROOT / "tests" / "integration" / "test_single_permissions.py",
    ROOT / "tests" / "terraform" / "test_permissions.py",
)
SECTION = re.compile(r"^## What each permission alone allows\n(.*?)^## ", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^### .*`([a-z0-9]+:[A-Za-z]+)`$", re.MULTILINE)


def documented() -> list[tuple[str, str]]:
    """Return each permission with each line below its heading."""
    (section,) = SECTION.findall((ROOT / "SECURITY.md").read_text(encoding="utf-8"))
    _, *parts = HEADING.split(section)
    return [
        (permission, line)
        for permission, text in zip(parts[::2], parts[1::2], strict=True)
        for line in re.findall(r"^- (.*)$", text, re.MULTILINE)
    ]


def proved(source: str) -> Iterator[tuple[str, str]]:
    """Yield the permission and the line of each `proves` in a file of tests."""
    tree = ast.parse(source)
    constants = {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef) or not node.name.startswith("test_"):
            continue
        for decorator in node.decorator_list:
            if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "proves":
                permission, line = decorator.args
                assert isinstance(permission, ast.Name)
                assert isinstance(line, ast.Constant)
                yield str(constants[permission.id]), str(line.value)


def test_each_line_is_proved_by_a_test_and_each_of_these_tests_proves_a_line() -> None:
    tested = [entry for path in PROOFS for entry in proved(path.read_text(encoding="utf-8"))]
    lines = documented()

    assert sorted(tested) == sorted(lines)
    assert len(set(lines)) == len(lines)


def test_each_line_says_whether_it_is_possible() -> None:
    assert [line for _, line in documented() if not line.startswith(("Can", "Cannot"))] == []


def test_the_permissions_include_those_that_the_module_reacts_to() -> None:
    expected = {
        "acm:AddTagsToCertificate",
        "acm:ImportCertificate",
        "acm:RequestCertificate",
        "dynamodb:PutItem",
        "lambda:InvokeFunction",
        "lambda:UpdateFunctionCode",
        "route53:ChangeResourceRecordSets",
        "secretsmanager:PutSecretValue",
        "sns:Publish",
        "ssm:PutParameter",
    }
    assert {permission for permission, _ in documented()} == expected
