"""As much of a list as there is room for, where others decide how long it is."""

from __future__ import annotations

import json
from collections.abc import Sequence

from certificate_lifecycle.model.sanitize import clean


def truncate(texts: Sequence[str], *, longest: int, most_bytes: int) -> list[str]:
    """Return the first of `texts`, cleaned and none of them empty, within `most_bytes` of JSON.

    Each is cut at `longest` characters; bytes are counted as JSON that is plain ASCII has them.
    """
    shown: list[str] = []
    size = 0
    for text in texts:
        cleaned = clean(text, longest)
        size += len(json.dumps(cleaned)) + len(", ")
        if size > most_bytes:
            break
        if cleaned:
            shown.append(cleaned)
    return shown
