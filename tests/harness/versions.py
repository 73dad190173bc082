"""Earlier versions of the module, as people have them applied.

A clone need not have any history, so all that Terraform needs of such a version is kept in
`tests/data/versions`, one archive each.
A commit is put there under a name, and the same commit always gives the same files in it, by

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
# As git's pathspecs: the module itself, its submodules and its package.
PARTS = (":(glob)*.tf", ":(glob)modules/*/*.tf", "lambda/dist")
SUFFIX = ".tar.gz"


def names() -> list[str]:
    """List the versions that are kept."""
    return sorted(path.name.removesuffix(SUFFIX) for path in FOLDER.glob(f"*{SUFFIX}"))


def files(name: str) -> dict[str, bytes]:
    """Read a version: what is in each of its files."""
    with tarfile.open(FOLDER / f"{name}{SUFFIX}") as archive:
        found = {member.name: archive.extractfile(member) for member in archive}
        return {path: file.read() for path, file in found.items() if file is not None}


def store(name: str, commit: str) -> Path:
    """Keep a commit as a version; git writes the commit's time and modes, which are left out."""
    command = ["git", "archive", "--format=tar", commit, "--", *PARTS]
    told = subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True).stdout
    packed = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(told)) as source,
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
