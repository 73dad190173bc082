"""Earlier versions of the module, for tests of upgrades.

A clone may have no history, so `tests/data/versions` contains an archive of each version's
Terraform files and package. The same commit always gives the same files. Store a commit with

    python -m tests.harness.versions v0.1.0 HEAD
"""

from __future__ import annotations

import gzip
import io
import subprocess
import sys
import tarfile
from pathlib import Path

from tests.harness.terraform import REPOSITORY

FOLDER = REPOSITORY / "tests" / "data" / "versions"
# Git pathspecs: the module, its submodules and its package.
PARTS = (":(glob)*.tf", ":(glob)modules/*/*.tf", "lambda/dist")
SUFFIX = ".tar.gz"


def names() -> list[str]:
    """Return the names of the stored versions."""
    return sorted(path.name.removesuffix(SUFFIX) for path in FOLDER.glob(f"*{SUFFIX}"))


def files(name: str) -> dict[str, bytes]:
    """Return the files of a version with their content."""
    with tarfile.open(FOLDER / f"{name}{SUFFIX}") as archive:
        found = {member.name: archive.extractfile(member) for member in archive}
        return {path: file.read() for path, file in found.items() if file is not None}


def store(name: str, commit: str) -> Path:
    """Store a commit as a version, without the times and modes that git writes."""
    command = ["git", "archive", "--format=tar", commit, "--", *PARTS]
    archive = subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True).stdout
    packed = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(archive)) as source,
        gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=packed, mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.USTAR_FORMAT) as target,
    ):
        for member in sorted(source.getmembers(), key=lambda found: found.name):
            if member.isfile():
                plain = tarfile.TarInfo(member.name)
                plain.size = member.size
                target.addfile(plain, source.extractfile(member))
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"{name}{SUFFIX}"
    path.write_bytes(packed.getvalue())
    return path


if __name__ == "__main__":
    print(store(*sys.argv[1:]))
