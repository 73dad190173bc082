"""The committed zip is built from the sources and contains the handlers."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest

import build

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def package(tmp_path: Path) -> Path:
    folder = tmp_path / "sources" / "certificate_lifecycle"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_bytes(b'"""A package."""\n')
    (folder / "py.typed").touch()
    return folder


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "dist" / "package.zip"


def committed() -> list[zipfile.ZipInfo]:
    with zipfile.ZipFile(build.ARCHIVE) as archive:
        return archive.infolist()


def test_the_committed_zip_is_built_from_the_sources() -> None:
    assert build.differences(build.members(build.PACKAGE), build.ARCHIVE) == []


def test_every_handler_that_terraform_names_is_in_the_committed_zip() -> None:
    handlers = re.findall(r'handler += "(\S+)\.(\w+)"', (ROOT / "main.tf").read_text())
    assert len(handlers) == 2
    with zipfile.ZipFile(build.ARCHIVE) as archive:
        for module, function in handlers:
            source = archive.read(module.replace(".", "/") + ".py").decode()
            assert f"\ndef {function}(" in source


def test_the_committed_zip_is_sorted_and_has_no_bytecode() -> None:
    names = [member.filename for member in committed()]
    assert names == sorted(names)
    others = [name for name in names if not name.endswith((".py", "/py.typed"))]
    folder = "certificate_lifecycle/render/report/assets"
    assert others == [f"{folder}/page.{suffix}" for suffix in ("css", "html", "js")]


def test_every_member_is_stored_readable_by_all_and_the_same_on_every_machine() -> None:
    for member in committed():
        assert member.compress_type == zipfile.ZIP_STORED
        assert member.external_attr >> 16 == 0o100644
        assert member.date_time == (1980, 1, 1, 0, 0, 0)
        assert member.create_system == 3
        assert member.extra == b""


def test_neither_modes_nor_times_nor_bytecode_nor_hidden_files_change_the_zip(
    package: Path,
) -> None:
    before = build.archive(build.members(package))
    (package / "__init__.py").chmod(0o700)
    (package / "__init__.py").touch()
    (package / "__pycache__").mkdir()
    (package / "__pycache__" / "__init__.cpython-313.pyc").write_bytes(b"\r\n")
    (package / ".DS_Store").write_bytes(b"\0")
    assert build.archive(build.members(package)) == before


def test_carriage_returns_are_refused_because_they_come_from_a_checkout(package: Path) -> None:
    (package / "windows.py").write_bytes(b"x = 1\r\n")
    with pytest.raises(build.SourceError, match=r"certificate_lifecycle/windows\.py .* LF alone"):
        build.members(package)


@pytest.mark.parametrize(
    "name", ["table.json", "page.css", "render/page.css", "render/report/assets/page.svg"]
)
def test_a_file_that_the_zip_would_lack_is_refused(package: Path, name: str) -> None:
    (package / name).parent.mkdir(parents=True, exist_ok=True)
    (package / name).write_text("")
    with pytest.raises(build.SourceError, match=rf"{name} is neither Python nor py\.typed"):
        build.members(package)


@pytest.mark.parametrize("suffix", build.ASSET_SUFFIXES)
def test_an_asset_of_the_report_is_packed(package: Path, suffix: str) -> None:
    folder = package.joinpath(*build.ASSETS)
    folder.mkdir(parents=True)
    (folder / f"page{suffix}").write_text("text")
    name = f"certificate_lifecycle/render/report/assets/page{suffix}"
    assert build.members(package)[name] == b"text"


def test_an_empty_package_is_refused(tmp_path: Path) -> None:
    with pytest.raises(build.SourceError, match="contains no sources"):
        build.members(tmp_path)


def test_a_built_zip_passes_its_check_and_leaves_nothing_beside_it(
    package: Path, target: Path
) -> None:
    assert build.main([], package=package, target=target) == 0
    assert build.main(["--check"], package=package, target=target) == 0
    assert [file.name for file in target.parent.iterdir()] == [target.name]


def test_building_replaces_an_older_zip(package: Path, target: Path) -> None:
    build.write(b"old", target)
    build.main([], package=package, target=target)
    assert target.read_bytes() == build.archive(build.members(package))


def test_the_check_names_what_differs_and_what_to_do(
    package: Path, target: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (package / "gone.py").touch()
    build.main([], package=package, target=target)
    (package / "gone.py").rename(package / "new.py")
    (package / "__init__.py").write_text("x = 1\n")
    before = target.read_bytes()

    assert build.main(["--check"], package=package, target=target) == 1

    said = capsys.readouterr().err
    assert "certificate_lifecycle/new.py is not in the zip" in said
    assert "certificate_lifecycle/gone.py is in the zip and not in the sources" in said
    assert "certificate_lifecycle/__init__.py differs" in said
    assert "make package" in said
    assert target.read_bytes() == before


@pytest.mark.parametrize(
    ("content", "expected"),
    [(None, "does not exist"), (b"<<<<<<<", "is not a readable zip")],
    ids=["missing", "merge conflict"],
)
def test_the_check_says_when_there_is_no_zip_to_compare(
    package: Path, target: Path, content: bytes | None, expected: str
) -> None:
    if content is not None:
        build.write(content, target)
    (line,) = build.differences(build.members(package), target)
    assert expected in line


def test_a_zip_with_equal_members_but_other_times_differs_too(package: Path, target: Path) -> None:
    target.parent.mkdir()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in build.members(package).items():
            archive.writestr(zipfile.ZipInfo(name, (2024, 2, 29, 0, 0, 0)), content)
    (line,) = build.differences(build.members(package), target)
    assert "times" in line


def test_a_source_that_cannot_be_packed_fails_the_command_with_its_reason(
    package: Path, target: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (package / "windows.py").write_bytes(b"\r\n")
    assert build.main([], package=package, target=target) == 1
    assert "windows.py" in capsys.readouterr().err
    assert not target.exists()
