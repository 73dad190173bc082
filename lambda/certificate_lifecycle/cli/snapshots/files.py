"""Snapshots as files: JSON that people can read and compare, and gzip where the name says so."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from io import BufferedIOBase
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from certificate_lifecycle.cli.snapshots.model import FORMAT, VERSION, Snapshot
from certificate_lifecycle.cli.snapshots.soundness import faults
from certificate_lifecycle.core.text import clean
from certificate_lifecycle.errors import SnapshotError

_SNAPSHOT = TypeAdapter(Snapshot)
_DURATION = TypeAdapter(timedelta)
_SHOWN_FAULTS = 5
#: What a fault says at the most: the file may come from anybody.
_LONGEST_FAULT = 200
#: A snapshot of 100,000 certificates is half as long; a few bytes of gzip may stand for more.
_MOST_BYTES = 1_000_000_000
_PIECE = 1 << 20


def dumps(snapshot: Snapshot) -> str:
    """Return a snapshot as JSON: equal snapshots give equal texts."""
    plain = _SNAPSHOT.dump_python(snapshot, warnings="error")
    return json.dumps(plain, default=_plain, indent=1, ensure_ascii=False) + "\n"


def _plain(value: object) -> Any:  # noqa: ANN401 - JSON has any type
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return _DURATION.dump_python(value, mode="json")
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, bytes):
        return value.decode("ascii")
    raise TypeError(f"{type(value).__name__} has no place in a snapshot")


def loads(text: str | bytes) -> Snapshot:
    """Return the snapshot that `dumps` made a text of.

    Raises SnapshotError, one sentence, for a text that is cut off, that is something else, that a
    newer version of this program has written, or that has faults, of which it names the first.
    """
    try:
        plain = json.loads(text, object_hook=_without_null_detail)
    except (ValueError, RecursionError) as error:
        raise SnapshotError(f"it is no JSON, or was cut off ({clean(str(error), 100)})") from None
    if not isinstance(plain, dict) or plain.get("format") != FORMAT:
        raise SnapshotError(f"it is no snapshot: it has no format {FORMAT!r}")
    version = plain.get("version")
    if type(version) is not int or version < 1:
        raise SnapshotError(f"its version must be a whole number, got {clean(repr(version), 40)}")
    if version > VERSION:
        raise SnapshotError(
            f"it has version {version} of the format, and this program knows {VERSION}: "
            f"update the program (the file is from {clean(str(plain.get('program')), 40)})"
        )
    try:
        snapshot = _SNAPSHOT.validate_json(json.dumps(plain), strict=True)
    except ValidationError as error:
        raise SnapshotError(_said(_of_types(error))) from None
    unsound = list(faults(snapshot))
    if unsound:
        raise SnapshotError(_said(unsound))
    return snapshot


def _without_null_detail(found: dict[str, object]) -> dict[str, object]:
    """Drop the null that earlier versions wrote for a certificate that was not described."""
    if found.get("detail", ...) is None:
        del found["detail"]
    return found


def _of_types(error: ValidationError) -> list[str]:
    found = error.errors(include_url=False, include_input=False, include_context=False)
    return [f"{'.'.join(str(part) for part in each['loc'])}: {each['msg']}" for each in found]


def _said(found: Sequence[str]) -> str:
    said = [clean(fault, _LONGEST_FAULT) for fault in found[:_SHOWN_FAULTS]]
    more = len(found) - _SHOWN_FAULTS
    return "; ".join(said) + (f"; and {more} more" if more > 0 else "")


def read(path: Path) -> Snapshot:
    """Return the snapshot in a file; raises SnapshotError that names the file."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            raw = _whole(file)
    except OSError as error:
        # Of gzip's own errors, too, which have no text of the system's.
        why = error.strerror or "it is not compressed with gzip"
        raise SnapshotError(f"{path} cannot be read: {why}") from None
    except (EOFError, zlib.error):
        raise SnapshotError(f"{path} cannot be read: it is damaged, or was cut off") from None
    if len(raw) > _MOST_BYTES:
        raise SnapshotError(f"{path} cannot be used: it is longer than any snapshot")
    try:
        return loads(raw)
    except SnapshotError as error:
        raise SnapshotError(f"{path} cannot be used: {error}") from None


def _whole(file: BufferedIOBase) -> bytes:
    """Return what a file holds, or a little more than any snapshot does."""
    pieces: list[bytes] = []
    size = 0
    while size <= _MOST_BYTES and (piece := file.read(_PIECE)):
        pieces.append(piece)
        size += len(piece)
    return b"".join(pieces)


def packed(snapshot: Snapshot, path: Path) -> bytes:
    """Return what a file of that name shall hold: equal snapshots give equal bytes."""
    content = dumps(snapshot).encode()
    return gzip.compress(content, mtime=0) if path.suffix == ".gz" else content
