"""Files that a command writes, atomically and without replacing existing files."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from certificate_lifecycle.model.errors import ConfigurationError


def require_new(path: Path, *, force: bool) -> None:
    """Raise ConfigurationError if `path` exists and not `force`, or its folder does not exist."""
    try:
        exists, folder = path.exists(), path.parent.is_dir()
    except OSError as error:  # such as a name that is too long
        raise ConfigurationError([f"{path} cannot be written: {error.strerror}"]) from error
    if exists and not force:
        raise ConfigurationError([f"{path} exists; give another name, or --force"])
    if not folder:
        raise ConfigurationError([f"{path.parent} is not a folder"])


def write(path: Path, content: bytes) -> None:
    """Write a file atomically, readable by its owner only."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as target:
            target.write(content)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
