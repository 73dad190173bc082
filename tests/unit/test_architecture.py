"""Layers, import directions, purity, and the names of modules and classes."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LAMBDA = ROOT / "lambda"
PACKAGE = LAMBDA / "certificate_lifecycle"
OURS = PACKAGE.name

PURE = ("model", "parsing", "policy", "render")
# What each part may import of ours beside itself; `aws` and `net` stand beside `app`.
ALLOWED: dict[str, set[str]] = {
    "log": set(),
    "concurrency": set(),
    "model": set(),
    "parsing": {"model"},
    "policy": {"model", "parsing"},
    "render": {"model", "parsing", "policy"},
    "app": {*PURE, "log", "concurrency"},
    "aws": {*PURE, "log", "concurrency"},
    "net": {*PURE, "log"},
    "handlers": {*PURE, "log", "concurrency", "app", "aws", "net"},
    "cli": {*PURE, "log", "concurrency", "app", "aws", "net", "handlers"},
    "__main__": {"cli"},
}
NOT_IN_THE_ZIP = {"cli", "__main__"}
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
# CONTRIBUTING.md, "Words": the field's word stands beside each of these.
RETIRED_CLASSES = {
    *("Announce", "Assessed", "Audience", "Compared", "Diary", "Dues", "Handover", "Held"),
    *("Hidden", "Inspection", "Inventory", "Journal", "Leaf", "Ledger", "Look", "Looked"),
    *("Machine", "Manner", "Material", "Memory", "Move", "Newer", "Note", "Order", "Outside"),
    *("Place", "Reach", "Rebound", "Recollection", "Selection", "Served", "Sight"),
    *("Succession", "Surroundings", "Telling", "Visit"),
}
RETIRED_NAMES = {
    *("announce", "around", "attend", "beat", "by_hand", "clause", "dues", "excerpt", "go_on"),
    *("hindrance", "look_at", "mend", "mended", "note_message", "obstacle", "order_of"),
    *("pulse", "refusal", "regained", "reveal", "soak", "strike", "surroundings", "tell"),
    *("told", "twin", "untold", "visit", "visit_all", "wishes", "worth_telling"),
}
RETIRED_MODULES = {
    *("by_hand", "excerpts", "hidden", "isolation", "looking", "moments", "outside", "people"),
    *("place", "pulse", "room", "timing"),
}
# Adapters whose classes also name consumers and list manual steps; clients are passed to them.
REGISTRIES = tuple(f"{OURS}.aws.{name}" for name in ("consumers", "permissions", "sinks"))
# Decisions that only the command line needs.
PURE_IN_CLI = [PACKAGE / "cli" / name for name in ("drill_checks.py", "trace.py")]
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


def module_of(path: Path) -> str:
    inner = path.relative_to(LAMBDA).as_posix().removesuffix(".py").removesuffix("/__init__")
    return inner.replace("/", ".")


def import_graph() -> dict[str, set[str]]:
    """Return the modules of ours that each module of ours imports."""
    modules = {module_of(path): path for path in SOURCES}
    graph: dict[str, set[str]] = {}
    for module, path in modules.items():
        found = {name if name in modules else name.rpartition(".")[0] for name in imports(path)}
        graph[module] = found & (modules.keys() - {module})
    return graph


def reachable(graph: Mapping[str, set[str]], start: str) -> set[str]:
    """Return every module that a module needs, itself left out unless it is in a circle."""
    found: set[str] = set()
    waiting = list(graph[start])
    while waiting:
        module = waiting.pop()
        if module not in found:
            found.add(module)
            waiting += graph[module]
    return found


def definitions(path: Path) -> Iterator[ast.ClassDef | ast.FunctionDef]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            yield node


def test_a_part_imports_only_the_parts_below_it() -> None:
    for path in SOURCES:
        part = part_of(path)
        ours = {name.split(".")[1] for name in imports(path) if name.split(".")[0] == OURS}
        assert ours <= {part, *ALLOWED[part]}, named(path)


def test_no_imports_form_a_circle() -> None:
    graph = import_graph()
    assert [module for module in graph if module in reachable(graph, module)] == []


def test_every_module_of_the_zip_is_used_by_a_function() -> None:
    graph = import_graph()
    handlers = [f"{OURS}.handlers.{name}" for name in ("creation", "organization", "rotation")]
    used = {module for handler in handlers for module in (handler, *reachable(graph, handler))}
    packed = {
        module_of(path)
        for path in SOURCES
        if part_of(path) not in NOT_IN_THE_ZIP and path.name != "__init__.py"
    }
    assert packed - used == set()


def test_the_pure_parts_need_only_pure_parts_of_the_standard_library() -> None:
    for path in [*sources(*PURE), *PURE_IN_CLI]:
        roots = {name.split(".")[0] for name in imports(path)}
        assert roots - sys.stdlib_module_names == roots & {OURS}, named(path)
        assert roots.isdisjoint(IMPURE), named(path)


def test_decisions_and_use_cases_receive_the_time_and_their_settings() -> None:
    for path in [*sources(*PURE, "app"), *PURE_IN_CLI]:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        read = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        tails = {".".join(name.split(".")[-2:]) for name in read} | imports(path)
        assert tails.isdisjoint(CLOCK_AND_ENVIRONMENT), named(path)


def test_every_class_name_is_defined_once() -> None:
    where = defaultdict(list)
    for path in SOURCES:
        for node in definitions(path):
            if isinstance(node, ast.ClassDef):
                where[node.name].append(named(path))
    assert {name: paths for name, paths in where.items() if len(paths) > 1} == {}


def test_no_retired_word_names_a_module_a_class_or_a_function() -> None:
    for path in SOURCES:
        names = {node.name.strip("_") for node in definitions(path)}
        assert names & (RETIRED_CLASSES | RETIRED_NAMES) == set(), named(path)
        parts = set(path.relative_to(PACKAGE).with_suffix("").parts)
        assert parts & RETIRED_MODULES == set(), named(path)


def test_importing_use_cases_and_registries_loads_no_boto3() -> None:
    registries = [path for path in sources("aws") if path.parent.name in {"consumers", "sinks"}]
    modules = [module_of(path) for path in [*sources("log", *PURE, "app"), *registries]]
    code = f"import sys, {', '.join(modules)}; sys.exit('boto3' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=LAMBDA, check=True)


def test_a_unit_test_and_the_tools_it_tests_load_no_boto3() -> None:
    heavy = ("boto3", "botocore", "moto", f"{OURS}.aws", f"{OURS}.handlers.wiring")
    for path in UNIT_TESTS:
        loaded = [name for name in imports(path) if name.startswith(heavy)]
        assert [name for name in loaded if not name.startswith(REGISTRIES)] == [], path.name


def test_no_private_attribute_of_another_object_is_used() -> None:
    """A release of the SDK may rename one, which would stop both functions."""
    documented = {"os._exit", "member._value_"}
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Attribute) or not node.attr.startswith("_"):
                continue
            owner = ast.unparse(node.value)
            if node.attr.startswith("__") or f"{owner}.{node.attr}" in documented:
                continue
            # Of the object itself, or of another one of the same class.
            assert owner in {"self", "cls"}, f"{named(path)}: {owner}.{node.attr}"
