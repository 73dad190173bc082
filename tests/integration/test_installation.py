"""The wheel of the package works in a fresh environment, as `pip install ".[cli]"` makes it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from collections.abc import Sequence
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest

from certificate_lifecycle.cli import __version__
from tests.harness.terminal import ROOT

pytestmark = [pytest.mark.integration, pytest.mark.nightly]

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGE = ROOT / "lambda" / "certificate_lifecycle"
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check"]


def run(command: Sequence[str | Path], folder: Path, **variables: str) -> str:
    """Run a command without the settings of this process, and return its output."""
    environment = {"HOME": str(folder), "PATH": os.environ["PATH"], **variables}
    ended = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the build backend, which needs a registry."""
    folder = tmp_path_factory.mktemp("backend")
    wanted = PROJECT["build-system"]["requires"]
    options = ["--quiet", "--retries", "1", "--timeout", "15", "--target", str(folder)]
    ended = subprocess.run([*PIP, "install", *options, *wanted], check=False)
    if ended.returncode and not os.environ.get("CI"):
        pytest.skip("the build backend could not be installed; is there a registry?")
    assert ended.returncode == 0
    return folder


@pytest.fixture(scope="module")
def wheel(backend: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from a copy, because a build writes beside the sources."""
    source = tmp_path_factory.mktemp("source")
    shutil.copytree(
        PACKAGE,
        source / "lambda" / PACKAGE.name,
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    build = ["wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", "dist", "."]
    run([*PIP, *build], source, PYTHONPATH=str(backend))
    (made,) = (source / "dist").glob("*.whl")
    return made


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel into a fresh environment, with the pinned dependencies of this one."""
    folder = tmp_path_factory.mktemp("fresh")
    venv.create(folder)
    python = folder / "bin" / "python"
    paths = sysconfig.get_paths(vars={"base": str(folder), "platbase": str(folder)})
    dependencies = Path(paths["purelib"]) / "dependencies.pth"
    dependencies.write_text(f"{sysconfig.get_paths()['purelib']}\n", encoding="utf-8")
    options = ["--quiet", "--no-deps", "--no-index"]
    run([*PIP, "--python", python, "install", *options, wheel], folder)
    return folder


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return Parser().parsestr(archive.read(name).decode())


def test_the_wheel_has_every_file_of_the_package(wheel: Path) -> None:
    sources = {
        file.relative_to(PACKAGE.parent).as_posix()
        for file in PACKAGE.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert packed == sources


def test_the_metadata_names_version_licence_source_and_the_extra_of_the_command_line(
    metadata: Message,
) -> None:
    assert metadata["Version"] == __version__
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Requires-Python"] == PROJECT["project"]["requires-python"]
    assert metadata["Summary"]
    source = PROJECT["project"]["urls"]["Source"]
    assert metadata.get_all("Project-URL") == [f"Source, {source}"]
    required = metadata.get_all("Requires-Dist", [])
    assert [line for line in required if "extra" not in line] == ["boto3>=1.35"]
    extra = {line.partition(";")[0] for line in required if 'extra == "cli"' in line}
    assert extra == {*PROJECT["project"]["optional-dependencies"]["cli"]}


def test_the_installed_command_prints_its_version_and_its_commands(installed: Path) -> None:
    program = installed / "bin" / "certificates"
    assert run([program, "--version"], installed).strip() == f"certificates, version {__version__}"
    assert "scan" in run([program, "--help"], installed)
    assert "--output" in run([program, "scan", "--help"], installed)


def test_the_installed_package_is_imported_with_its_assets(installed: Path) -> None:
    script = (
        "import certificate_lifecycle, certificate_lifecycle.render.report.page\n"
        "import certificate_lifecycle.handlers.rotation\n"
        "print(certificate_lifecycle.__file__)"
    )
    found = run([installed / "bin" / "python", "-c", script], installed)
    assert Path(found.strip()).is_relative_to(installed)
