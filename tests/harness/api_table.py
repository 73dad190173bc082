"""A table of the AWS APIs that the package uses, and the differences of an SDK's models to it.

AWS has hidden certificates from ListCertificates three times: other key types, other origins of the
key, and another root. Each was a new input member or a new value of an enum. So the table names all
of them, for every operation that the package calls.

`tests/data/api/SERVICE.toml` has:

- `operations.NAME`: the members of the input, a member of a structure as `Structure.Member`. The
  package fills those in `used`. `whole` has structures whose members are not listed, and `left_out`
  the other members, both by reason. The members of a structure that is left out are not listed.
- `other_operations`: those of the pattern `inventory` that the package does not call, by reason.
  One that lists something new may list certificates that no other operation lists.
- `enums.NAME`: the values of an enum. `used` are those that the package distinguishes. With
  `python`, they are the members of an enum, the keys of a mapping or the items of a sequence.
- `other_enums`: enums that the package does not interpret, by reason.

Every enum of a used member has a row, and with `inventory` also every enum of a response.

`python -m tests.harness.api_table` adds the names of the installed SDK, with an empty reason, and
removes names that the SDK does not know. A test refuses an empty reason.
"""

from __future__ import annotations

import ast
import importlib
import json
import os
import re
import tomllib
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import botocore
import pytest
from botocore import xform_name
from botocore.loaders import Loader
from botocore.model import (
    ListShape,
    MapShape,
    ServiceModel,
    Shape,
    StringShape,
    StructureShape,
)

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "lambda/certificate_lifecycle"
TABLES = ROOT / "tests/data/api"
#: Where clients of boto3 are called; other parts of the package call these by their ports.
CALLERS = ("aws", "cli/aws")
#: Names of services in boto3 that differ from the prefix of their IAM actions.
BY_PREFIX = {
    "elasticloadbalancing": ("elb", "elbv2"),
    "servicequotas": ("service-quotas",),
    "tag": ("resourcegroupstaggingapi",),
}

_WIDTH = 100

#: Releases of boto3 that a Lambda runtime or a layer may bring, as `make sdk` has them.
OLDER = ("1.35", "1.38", "1.40", "1.43")
NEWEST = "newest"

Reasons = dict[str, list[str]]


@dataclass
class Rows:
    """Names that the package uses, or that it leaves out for a reason.

    `python` is where the package has the names that it uses.
    """

    used: list[str] = field(default_factory=list)
    whole: Reasons = field(default_factory=dict)
    left_out: Reasons = field(default_factory=dict)
    python: str = ""

    @property
    def names(self) -> list[str]:
        return [*self.used, *names_of(self.whole), *names_of(self.left_out)]


@dataclass
class Service:
    """The table of one service; `reference` is the address of a page of its API reference."""

    name: str
    reference: str
    inventory: str = ""
    operations: dict[str, Rows] = field(default_factory=dict)
    other_operations: Reasons = field(default_factory=dict)
    enums: dict[str, Rows] = field(default_factory=dict)
    other_enums: Reasons = field(default_factory=dict)

    @property
    def file(self) -> str:
        return (TABLES / f"{self.name}.toml").relative_to(ROOT).as_posix()


@dataclass(frozen=True)
class Sdk:
    """The models of a release of botocore."""

    version: str
    loader: Loader

    @classmethod
    def installed(cls, *more: Path) -> Sdk:
        """Return the installed SDK; models in the folders `more` replace its own."""
        return cls(botocore.__version__, Loader(extra_search_paths=[str(path) for path in more]))

    @classmethod
    def of_release(cls, release: str) -> Sdk:
        """Return the SDK of a release, whose models are read from its environment."""
        (found,) = environment_of(release).glob("lib/python*/site-packages/botocore-*.dist-info")
        data = found.parent / "botocore/data"
        version = found.name.removeprefix("botocore-").removesuffix(".dist-info")
        return cls(version, Loader([str(data)], include_default_search_paths=False))

    def model(self, service: str) -> ServiceModel:
        return ServiceModel(self.loader.load_service_model(service, "service-2"), service)


def environment_of(release: str) -> Path:
    """Return the environment of a release; skip the test if there is none, except in CI."""
    folder = ROOT / f".venv-sdk-{release}"
    if not any(folder.glob("lib/python*/site-packages/botocore")):
        assert "CI" not in os.environ, f"make sdk has not made {folder}"
        pytest.skip(f"make sdk has not made {folder}")
    return folder


def copy_model(service: str, folder: Path) -> Path:
    """Copy the installed model of a service to where `Sdk.installed` reads it in its place."""
    loader = Loader()
    version = loader.determine_latest_version(service, "service-2")
    path = folder / service / version / "service-2.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(loader.load_service_model(service, "service-2")), encoding="utf-8")
    return path


def services() -> list[Service]:
    """Return the table of every service."""
    return [read(path) for path in sorted(TABLES.glob("*.toml"))]


def table_of(name: str) -> Service:
    """Return the table of a service."""
    return read(TABLES / f"{name}.toml")


def read(path: Path) -> Service:
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    for part in ("operations", "enums"):
        raw[part] = {name: Rows(**rows) for name, rows in raw.get(part, {}).items()}
    return Service(path.stem, **raw)


# --- Differences ----------------------------------------------------------------------------------


def differences(sdk: Sdk, tables: Iterable[Service]) -> list[str]:
    """Return a sentence for each name that only the SDK or only the table has."""
    return [
        f"botocore {sdk.version}: {sentence}"
        for service in tables
        for sentence in _differences(service, sdk.model(service.name))
    ]


def _differences(service: Service, model: ServiceModel) -> Iterator[str]:
    for name, rows in service.operations.items():
        if name not in model.operation_names:
            yield f"{service.name} has no operation {name} any more; {_where(service, name)}"
            continue
        present = _members(model.operation_model(name).input_shape, rows)
        for member in _without(present, rows.names):
            yield (
                f"the input of {service.name} {name} has the new member {member}; "
                f"{_where(service, name)}"
            )
        for member in _without(rows.names, present):
            yield (
                f"the input of {service.name} {name} has no member {member} any more; "
                f"{_where(service, name)}"
            )
    listed = [*service.operations, *names_of(service.other_operations)]
    for name in _without(_inventory(service, model), listed):
        yield (
            f"{service.name} has the new operation {name}, which may list certificates that no "
            f"other operation lists; {_where(service, name, 'other_operations')}"
        )
    for name in _without(names_of(service.other_operations), model.operation_names):
        yield (
            f"{service.name} has no operation {name} any more; "
            f"{_where(service, name, 'other_operations')}"
        )
    yield from _enum_differences(service, model)


def _enum_differences(service: Service, model: ServiceModel) -> Iterator[str]:
    reached = _enums(service, model)
    others = names_of(service.other_enums)
    for name, enum in reached.items():
        if name in others:
            continue
        if name not in service.enums and not enum.required:
            continue
        if name not in service.enums:
            yield (
                f"{service.name} {enum.operation} has the new enum {name} with the values "
                f"{', '.join(enum.values)}; {_where(service, enum.operation, f'enums.{name}')}"
            )
            continue
        where = _where(service, enum.operation, f"enums.{name}")
        rows = service.enums[name].names
        for value in _without(enum.values, rows):
            yield f"the enum {name} of {service.name} has the new value {value}; {where}"
        for value in _without(rows, enum.values):
            yield f"the enum {name} of {service.name} has no value {value} any more; {where}"
    for name in _without([*service.enums, *others], reached):
        yield (
            f"no operation of {service.name} that is used has the enum {name} any more; see "
            f"{service.file}"
        )


def unknown_to(sdk: Sdk, tables: Iterable[Service]) -> Iterator[str]:
    """Yield each operation and each member that the package uses and an older SDK lacks."""
    for service in tables:
        model = sdk.model(service.name)
        for name, rows in service.operations.items():
            if name not in model.operation_names:
                yield f"{service.name} {name}"
                continue
            present = _members(model.operation_model(name).input_shape, rows)
            yield from (
                f"{service.name} {name} {member}" for member in _without(rows.used, present)
            )


def _where(service: Service, operation: str, table: str = "") -> str:
    table = table or f"operations.{operation}"
    return f"see [{table}] in {service.file} and {service.reference.format(operation)}"


def _members(shape: Shape | None, rows: Rows) -> list[str]:
    """Return the members of an input, with those of each structure that is used."""
    return [path for path, _ in _walk(shape, rows.used)]


def _walk(
    shape: Shape | None, used: Collection[str], path: str = "", above: tuple[str, ...] = ()
) -> Iterator[tuple[str, Shape]]:
    """Yield members with their paths; those of a structure within itself are not repeated."""
    structure = _structure(shape)
    if structure is None or structure.name in above:
        return
    for name, member in structure.members.items():
        inner = f"{path}.{name}" if path else name
        yield inner, member
        if inner in used:
            yield from _walk(member, used, inner, (*above, structure.name))


def _structure(shape: Shape | None) -> StructureShape | None:
    """Return a structure, or the one in a list or in a map."""
    while isinstance(shape, ListShape | MapShape):
        shape = shape.member if isinstance(shape, ListShape) else shape.value
    return shape if isinstance(shape, StructureShape) else None


@dataclass(frozen=True)
class _Enum:
    """The values of an enum, the first operation that has it, and whether it needs rows."""

    operation: str
    values: Sequence[str]
    required: bool


def _enums(service: Service, model: ServiceModel) -> dict[str, _Enum]:
    """Return every enum in a used member of an input, or anywhere in a response."""
    found: dict[str, _Enum] = {}
    operations = [name for name in service.operations if name in model.operation_names]
    for name in operations:
        used = service.operations[name].used
        # The structures in a member have members of their own.
        for path, member in _walk(model.operation_model(name).input_shape, used):
            if path in used:
                _add_enums(found, _strings(member), name, required=True)
    for name in operations:
        strings = _strings(model.operation_model(name).output_shape, set())
        _add_enums(found, strings, name, required=bool(service.inventory))
    return found


def _add_enums(
    found: dict[str, _Enum], strings: Iterable[StringShape], operation: str, *, required: bool
) -> None:
    for string in strings:
        if string.enum:
            found.setdefault(string.name, _Enum(operation, string.enum, required))


def _strings(shape: Shape | None, seen: set[str] | None = None) -> Iterator[StringShape]:
    """Yield the texts of a shape; with `seen`, also those of structures, each of which once."""
    if isinstance(shape, StringShape):
        yield shape
    elif isinstance(shape, ListShape):
        yield from _strings(shape.member, seen)
    elif isinstance(shape, MapShape):
        yield from _strings(shape.key, seen)
        yield from _strings(shape.value, seen)
    elif isinstance(shape, StructureShape) and seen is not None and shape.name not in seen:
        seen.add(shape.name)
        for member in shape.members.values():
            yield from _strings(member, seen)


def _inventory(service: Service, model: ServiceModel) -> list[str]:
    """Return the operations that may list certificates."""
    if not service.inventory:
        return []
    pattern = re.compile(service.inventory)
    return [name for name in model.operation_names if pattern.match(name)]


def names_of(reasons: Reasons) -> list[str]:
    return [name for names in reasons.values() for name in names]


def _without(names: Iterable[str], others: Collection[str]) -> list[str]:
    return [name for name in names if name not in others]


# --- The package ----------------------------------------------------------------------------------


@cache
def words_of_package() -> frozenset[str]:
    """Return every text and every name of a keyword argument in the package."""
    return frozenset(
        word
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for word in _words(node)
    )


def _words(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    if isinstance(node, ast.keyword) and node.arg:
        yield node.arg


@cache
def called_methods() -> frozenset[str]:
    """Return each name in the adapters that may be a method of a client, or be passed as one."""
    return frozenset(
        word
        for folder in CALLERS
        for path in (PACKAGE / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for word in ([node.attr] if isinstance(node, ast.Attribute) else _words(node))
    )


def methods(tables: Iterable[Service]) -> set[str]:
    """Return the methods of clients for the operations of tables."""
    return {xform_name(name) for service in tables for name in service.operations}


def uncovered_methods(sdk: Sdk, tables: Sequence[Service]) -> dict[str, list[str]]:
    """Return called methods that no table has as an operation, with the services that have one."""
    missing = called_methods() - methods(tables)
    found: dict[str, list[str]] = {}
    for service in tables:
        for name in sdk.model(service.name).operation_names:
            method = xform_name(name)
            if method in missing:
                found.setdefault(method, []).append(f"{service.name} {name}")
    return found


def names_in_python(where: str) -> set[str]:
    """Return the names that an enum, a mapping or a sequence of the package has."""
    module, _, attribute = where.rpartition(".")
    return {str(name) for name in getattr(importlib.import_module(module), attribute)}


# --- Writing --------------------------------------------------------------------------------------


def renew(service: Service, model: ServiceModel) -> None:
    """Add the names that only the model has, with an empty reason, and remove those it lacks."""
    for name, rows in service.operations.items():
        if name in model.operation_names:
            _renew(rows, _members(model.operation_model(name).input_shape, rows))
    called = [*service.operations, *names_of(service.other_operations)]
    _add(service.other_operations, _without(_inventory(service, model), called))
    _keep(service.other_operations, _without(model.operation_names, service.operations))
    reached = _enums(service, model)
    for name, enum in reached.items():
        if name in service.enums:
            _renew(service.enums[name], enum.values)
    required = [name for name, enum in reached.items() if enum.required]
    _add(service.other_enums, _without(required, [*service.enums, *names_of(service.other_enums)]))
    _keep(service.other_enums, reached)
    service.enums = {name: rows for name, rows in service.enums.items() if name in reached}


def _renew(rows: Rows, present: Sequence[str]) -> None:
    _add(rows.left_out, _without(present, rows.names))
    rows.used = [name for name in rows.used if name in present]
    _keep(rows.whole, present)
    _keep(rows.left_out, present)


def _add(reasons: Reasons, names: Sequence[str]) -> None:
    if names:
        reasons.setdefault("", []).extend(names)


def _keep(reasons: Reasons, present: Collection[str]) -> None:
    for reason, names in list(reasons.items()):
        reasons[reason] = [name for name in names if name in present]
        if not reasons[reason]:
            del reasons[reason]


def text(service: Service) -> str:
    """Return the table of a service as TOML."""
    lines = [f"reference = {json.dumps(service.reference)}"]
    if service.inventory:
        lines.append(f"inventory = {json.dumps(service.inventory)}")
    for part, tables in (("operations", service.operations), ("enums", service.enums)):
        for name, rows in sorted(tables.items()):
            lines += ["", f"[{part}.{name}]"]
            if rows.python:
                lines.append(f"python = {json.dumps(rows.python)}")
            lines += _listed("used", rows.used) if rows.used else []
            lines += _reasons(f"{part}.{name}.whole", rows.whole)
            lines += _reasons(f"{part}.{name}.left_out", rows.left_out)
        others: Reasons = getattr(service, f"other_{part}")
        lines += _reasons(f"other_{part}", others)
    return "\n".join(lines) + "\n"


def _reasons(table: str, reasons: Reasons) -> list[str]:
    if not reasons:
        return []
    rows = [
        line
        for reason, names in sorted(reasons.items())
        for line in _listed(json.dumps(reason), names)
    ]
    return ["", f"[{table}]", *rows]


def _listed(key: str, names: Sequence[str]) -> list[str]:
    """Return an array: on one line if there is room, else one name on each line."""
    values = [json.dumps(name) for name in sorted(names)]
    line = f"{key} = [{', '.join(values)}]"
    if len(line) <= _WIDTH:
        return [line]
    return [f"{key} = [", *(f"  {value}," for value in values), "]"]


def main() -> None:
    """Renew every table; report the operations that a person has to add."""
    sdk, tables = Sdk.installed(), services()
    for service in tables:
        renew(service, sdk.model(service.name))
        (ROOT / service.file).write_text(text(service), encoding="utf-8")
    for method, found in uncovered_methods(sdk, tables).items():
        print(f"{method} is called and is in no table; add [operations.…] to one of: {found}")


if __name__ == "__main__":
    main()
