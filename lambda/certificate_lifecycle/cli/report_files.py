"""Files that a command writes: whole or not at all, and never over something that is there."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from certificate_lifecycle.model.errors import ConfigurationError


def require_new(path: Path, *, force: bool) -> None:
    """Raise ConfigurationError if there is something at `path`, or no folder to put it in."""
    try:
        exists, folder = path.exists(), path.parent.is_dir()
    except OSError as error:  # such as a name that is too long, or a folder that nobody may enter
        raise ConfigurationError([f"{path} cannot be written: {error.strerror}"]) from error
    if exists and not force:
        raise ConfigurationError([f"{path} exists already: give another name, or --force"])
    if not folder:
        raise ConfigurationError([f"{path.parent} is no folder"])


def write(path: Path, content: bytes) -> None:
    """Write a file in one step, for its owner alone: it tells of a whole estate."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as target:
            target.write(content)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
