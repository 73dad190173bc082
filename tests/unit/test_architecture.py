"""Who may import whom, and who may read the clock or the environment."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LAMBDA = ROOT / "lambda"
PACKAGE = LAMBDA / "certificate_lifecycle"
OURS = PACKAGE.name

# What each part may import of ours beside itself: adapters and use cases do not know each other,
# the leaves form no circle, and nobody imports the handlers or the command line.
ALLOWED: dict[str, set[str]] = {
    "core": set(),
    "errors": {"core"},
    "log": {"core"},
    "config": {"core", "errors"},
    "events": {"core", "errors", "config"},
    "app": {"core", "errors", "log", "config", "events"},
    "aws": {"core", "errors", "log", "config", "events"},
    "net": {"core", "errors", "log"},
    "wiring": {"core", "errors", "log", "config", "events", "app", "aws", "net"},
    "handlers": {"core", "errors", "log", "config", "events", "app", "aws", "wiring"},
    "cli": {"core", "errors", "log", "config", "events", "app", "aws", "net", "wiring"},
    "__main__": {"cli"},
}
# The parts of the standard library that reach out of the process, or whose answer depends on when.
IMPURE = {
    *("asyncio", "concurrent", "ctypes", "glob", "http", "importlib", "io", "locale", "logging"),
    *("multiprocessing", "os", "pathlib", "platform", "random", "secrets", "select", "shutil"),
    *("signal", "socket", "ssl", "subprocess", "sys", "tempfile", "threading", "time", "urllib"),
}
CLOCK_AND_ENVIRONMENT = {
    *("datetime.now", "datetime.today", "datetime.utcnow", "date.today"),
    *("os.environ", "os.getenv", "time.monotonic", "time.time"),
}
# Adapters whose classes also name things and list manual steps; clients are passed to them.
REGISTRIES = (f"{OURS}.aws.consumers.", f"{OURS}.aws.sinks.")
#: Decisions that only the command line needs, held to the same as the core.
PURE_IN_CLI = [PACKAGE / "cli" / name for name in ("dns_health.py", "drill_checks.py")]
SOURCES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")
UNIT_TESTS = [*sorted((ROOT / "tests" / "unit").rglob("*.py")), ROOT / "docs" / "generate.py"]


def part_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@cache
def imports(path: Path) -> set[str]:
    """Return every module that a file imports, also inside functions and for types only."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def sources(*parts: str) -> list[Path]:
    return [path for path in SOURCES if part_of(path) in parts]


def named(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def test_a_part_imports_only_what_is_to_its_left() -> None:
    for path in SOURCES:
        part = part_of(path)
        ours = {name.split(".")[1] for name in imports(path) if name.split(".")[0] == OURS}
        assert ours <= {part, *ALLOWED[part]}, named(path)


def test_the_core_needs_nothing_but_pure_parts_of_the_standard_library() -> None:
    for path in [*sources("core"), *PURE_IN_CLI]:
        roots = {name.split(".")[0] for name in imports(path)}
        assert roots - sys.stdlib_module_names == roots & {OURS}, named(path)
        assert roots.isdisjoint(IMPURE), named(path)


def test_decisions_and_use_cases_are_told_the_time_and_their_settings() -> None:
    for path in [*sources("core", "app"), *PURE_IN_CLI]:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        read = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        tails = {".".join(name.split(".")[-2:]) for name in read} | imports(path)
        assert tails.isdisjoint(CLOCK_AND_ENVIRONMENT), named(path)


def test_importing_use_cases_and_registries_loads_no_boto3() -> None:
    modules = [
        path.relative_to(LAMBDA).as_posix().removesuffix(".py").replace("/", ".")
        for path in SOURCES
        if part_of(path) not in {"aws", "wiring", "handlers", "cli", "__main__"}
        or path.parent.name in {"consumers", "sinks"}
    ]
    code = f"import sys, {', '.join(modules)}; sys.exit('boto3' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=LAMBDA, check=True)


def test_a_unit_test_and_the_tools_it_tests_load_no_boto3() -> None:
    heavy = ("boto3", "botocore", "moto", f"{OURS}.aws", f"{OURS}.handlers", f"{OURS}.wiring")
    light = (*REGISTRIES, f"{OURS}.aws.permissions")
    for path in UNIT_TESTS:
        loaded = [name for name in imports(path) if name.startswith(heavy)]
        assert [name for name in loaded if not name.startswith(light)] == [], path.name
