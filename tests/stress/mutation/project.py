"""Where everything lies that mutation testing reads and writes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.stress.mutation.mutations import Mutation, enums_of, mutations_of

#: The folders of the package whose modules are changed: every decision is in them.
PURE = ("model", "parsing", "policy", "render")
#: Tests of files, which no mutation touches: what they find wrong is never the mutation.
OF_FILES = frozenset(
    {
        "test_architecture.py",
        "test_imports.py",
        "test_package.py",
        "test_releases.py",
        "test_requirements.py",
    }
)


def modules_in(package: Path) -> dict[str, Path]:
    """Return the files of the pure modules of a package, by their paths without the suffix."""
    return {
        path.relative_to(package).with_suffix("").as_posix(): path
        for folder in PURE
        for path in sorted((package / folder).rglob("*.py"))
        if path.name != "__init__.py"
    }


def own_tests(module: str) -> str:
    """Return what the paths of the tests of a module contain: those of a folder share a file."""
    layer, name, *_ = module.split("/")
    return f"/{layer}/test_{name}"


@dataclass(frozen=True, slots=True)
class Project:
    """A working tree; pytest takes the tests of `TESTS` from the folder that it is started in."""

    root: Path

    @property
    def package(self) -> Path:
        """The folder of the package that is changed."""
        return self.root / "lambda" / "certificate_lifecycle"

    @property
    def unit_tests(self) -> Path:
        """The folder of the tests that have to notice."""
        return self.root / "tests" / "unit"

    @property
    def survivors(self) -> Path:
        """The list of what may survive."""
        return self.root / "tests" / "stress" / "mutation" / "survivors.toml"

    @property
    def page(self) -> Path:
        """The page that shows the scores and the survivors."""
        return self.root / "docs" / "mutation.md"

    @property
    def results(self) -> Path:
        """The folder of what is known from earlier runs."""
        return self.root / ".mutation"

    def sources(self) -> dict[str, bytes]:
        """Return the source of each pure module."""
        return {name: path.read_bytes() for name, path in modules_in(self.package).items()}

    def mutations(self) -> list[Mutation]:
        """Return every mutation of the pure modules, module by module."""
        sources = self.sources()
        enums = enums_of(sources)
        return [
            mutation
            for module, source in sources.items()
            for mutation in mutations_of(module, source, enums)
        ]

    def test_files(self) -> list[str]:
        """Return the files of tests that could notice a mutation, as pytest names them."""
        return [
            path.relative_to(self.root).as_posix()
            for path in sorted(self.unit_tests.rglob("test_*.py"))
            if path.name not in OF_FILES
        ]


OURS = Project(Path(__file__).resolve().parents[3])
