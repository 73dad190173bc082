"""Build the zip of both functions, byte for byte the same on every machine.

The zip is committed (docs/adr/0001), so that a plan on a laptop and an apply in CI see one hash.
Members are stored, not deflated, because the output of deflate depends on the zlib build.
"""

from __future__ import annotations

import argparse
import io
import os
import stat
import sys
import tempfile
import zipfile
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent / "certificate_lifecycle"
ARCHIVE = PACKAGE.parent / "dist" / f"{PACKAGE.name}.zip"

# The command line runs on laptops, with libraries that the functions do not need.
LEFT_OUT = ("cli", "__main__.py")

# The files of the report's page; every other folder contains only Python.
ASSETS = ("render", "report", "assets")
ASSET_SUFFIXES = (".css", ".html", ".js")

# The earliest time of the zip format.
EPOCH = (1980, 1, 1, 0, 0, 0)
# Lambda unpacks as one user and runs as another, so every member must be readable by all.
MODE = stat.S_IFREG | 0o644
UNIX = 3


class SourceError(Exception):
    """A source file cannot be packed as it is."""


def members(package: Path) -> dict[str, bytes]:
    """Return the contents of the zip by POSIX path, sorted.

    Raises SourceError for an unknown kind of file, and for one whose bytes depend on the checkout.
    """
    found: dict[str, bytes] = {}
    for path in package.rglob("*"):
        inner = path.relative_to(package.parent)
        if path.is_dir() or any(part[0] == "." or part == "__pycache__" for part in inner.parts):
            continue
        if inner.parts[1] in LEFT_OUT:
            continue
        asset = inner.parts[1:-1] == ASSETS and path.suffix in ASSET_SUFFIXES
        if path.suffix != ".py" and path.name != "py.typed" and not asset:
            raise SourceError(
                f"{inner.as_posix()} is neither Python nor py.typed nor an asset: move it away"
            )
        content = path.read_bytes()
        if b"\r" in content:
            raise SourceError(
                f"{inner.as_posix()} has carriage returns: it must end its lines with LF alone"
            )
        found[inner.as_posix()] = content
    if not found:
        raise SourceError(f"{package} contains no sources")
    return dict(sorted(found.items()))


def archive(sources: dict[str, bytes]) -> bytes:
    """Return the bytes of the zip; equal sources give equal bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as target:
        for name, content in sources.items():
            member = zipfile.ZipInfo(name, EPOCH)
            member.create_system = UNIX
            member.external_attr = MODE << 16
            target.writestr(member, content)
    return buffer.getvalue()


def write(content: bytes, target: Path) -> None:
    """Replace `target` atomically, so that an interrupted build keeps the old zip."""
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    partial = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
        partial.chmod(0o644)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def differences(sources: dict[str, bytes], target: Path) -> list[str]:
    """Return the differences between the zip at `target` and the sources."""
    if not target.is_file():
        return [f"{target.name} does not exist"]
    content = target.read_bytes()
    if content == archive(sources):
        return []
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as committed:
            packed = {name: committed.read(name) for name in committed.namelist()}
    except zipfile.BadZipFile as error:
        return [f"{target.name} is not a readable zip: {error}"]
    lines = [
        *(f"{name} is not in the zip" for name in sources if name not in packed),
        *(f"{name} is in the zip and not in the sources" for name in packed if name not in sources),
        *(
            f"{name} differs"
            for name in sources
            if packed.get(name, sources[name]) != sources[name]
        ),
    ]
    return lines or ["the members are equal; their order, times or modes are not"]


def main(
    arguments: list[str] | None = None, *, package: Path = PACKAGE, target: Path = ARCHIVE
) -> int:
    """Build the zip, or with `--check` compare it with the sources and change nothing."""
    parser = argparse.ArgumentParser(description="Build the zip that both functions run.")
    parser.add_argument("--check", action="store_true", help="compare only; exit 1 if it differs")
    options = parser.parse_args(arguments)
    try:
        sources = members(package)
    except SourceError as error:
        print(error, file=sys.stderr)
        return 1
    if not options.check:
        content = archive(sources)
        write(content, target)
        print(f"{target.name}: {len(sources)} files, {len(content)} bytes")
        return 0
    found = differences(sources, target)
    for line in found:
        print(line, file=sys.stderr)
    if found:
        print(
            "Run `make package` and commit the zip; after a merge conflict too, never pick a side.",
            file=sys.stderr,
        )
        return 1
    print(f"{target.name} is what its {len(sources)} sources give")
    return 0


if __name__ == "__main__":
    sys.exit(main())
