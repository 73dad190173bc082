"""Whether a snapshot can be one that was taken: what the types of its fields do not say.

A file may come from anybody. What a rule would stumble over, or a terminal, is a fault of the file
and not a finding about a certificate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from typing import Any

from certificate_lifecycle.cli.snapshots.model import (
    Answer,
    RecordedSettings,
    RecordedSource,
    Snapshot,
)
from certificate_lifecycle.config import account_id, region
from certificate_lifecycle.core.export import ExportTarget
from certificate_lifecycle.core.memory import SCOPE, Memory, Note
from certificate_lifecycle.core.model import Action, Certificate
from certificate_lifecycle.core.place import Place, arn_from
from certificate_lifecycle.core.replacement import Journal
from certificate_lifecycle.core.timing import Thresholds

#: Certificates may end later, see `aws.answers`; nothing else has happened outside of these years.
_YEARS = range(1900, 9000)
_NEVER = frozenset({"not_after"})
#: Where nothing is an answer: how all renewals stand, what a setting holds that is gone, and what
#: a secret holds that is unusable.
_MAY_BE_NONE = frozenset({"renewals", "held", "leaf"})
_MOST_DAYS = timedelta(days=365)
_LONGEST_SOAK = timedelta(days=36_500)


def faults(snapshot: Snapshot) -> Iterator[str]:
    """Yield what no recording would have left, each with where it stands."""
    places = [scope.place for scope in snapshot.scopes]
    if not places:
        yield "it holds no account and region"
    if len(set(places)) < len(places):
        yield "it holds an account and region twice"
    yield from _walk(snapshot, "", "")


def _walk(value: Any, path: str, name: str) -> Iterator[str]:  # noqa: ANN401 - whatever a snapshot holds
    if isinstance(value, datetime):
        yield from _of_moment(value, path, name)
    elif is_dataclass(value) and not isinstance(value, type):
        if isinstance(value, Answer) and name not in _MAY_BE_NONE and _is_none(value):
            yield f"{path.removeprefix('.')}: it has neither a value nor a failure"
        check = _CHECKS.get(type(value))
        if check is not None:
            yield from _said(path, lambda: check(value))
        for field in fields(value):
            yield from _walk(getattr(value, field.name), f"{path}.{field.name}", field.name)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _walk(inner, f"{path}.{key}", name)
    elif isinstance(value, tuple):
        for number, inner in enumerate(value):
            yield from _walk(inner, f"{path}.{number}", name)


def _is_none(answer: Answer[object]) -> bool:
    return answer.value is None and answer.failure is None


def _said(path: str, check: Callable[[], object]) -> Iterator[str]:
    try:
        check()
    except ValueError as error:
        yield f"{path.removeprefix('.')}: {error}"


def _of_moment(moment: datetime, path: str, name: str) -> Iterator[str]:
    if moment.tzinfo is None:
        yield f"{path.removeprefix('.')}: it has no zone"
    elif moment.year not in _YEARS and not (name in _NEVER and moment.year >= _YEARS.start):
        yield f"{path.removeprefix('.')}: nothing was recorded of the year {moment.year}"


def _of_place(place: Place) -> None:
    account_id(place.account_id)
    region(place.region)
    arn_from(f"arn:{place.partition}:acm:::x")


def _of_settings(settings: RecordedSettings) -> None:
    for arn in settings.import_sources:
        arn_from(arn)
    for account in settings.accounts:
        account_id(account.account_id)
    soak = settings.retire_after
    if soak is not None and not timedelta() <= soak <= _LONGEST_SOAK:
        raise ValueError("nobody waits for so long")


def _of_thresholds(thresholds: Thresholds) -> None:
    in_order = timedelta() < thresholds.critical < thresholds.expiration <= _MOST_DAYS
    if not (in_order and 0 < thresholds.fraction <= 1):
        raise ValueError("they are no thresholds")


def _of_memory(memory: Memory) -> None:
    if memory.certificate_arn != SCOPE:
        arn_from(memory.certificate_arn)


def _of_note(note: Note) -> None:
    arn_from(note.certificate_arn)
    Action.of(note.action)


def _of_source(source: RecordedSource) -> None:
    if source.unusable is None and _is_none(source.leaf):
        raise ValueError("it says neither what the secret holds nor what is wrong with it")


_CHECKS: Mapping[type, Callable[[Any], object]] = {
    Certificate: lambda certificate: arn_from(certificate.arn),
    ExportTarget: lambda target: arn_from(target.certificate_arn),
    Journal: lambda journal: arn_from(journal.certificate_arn),
    Memory: _of_memory,
    Note: _of_note,
    Place: _of_place,
    RecordedSettings: _of_settings,
    RecordedSource: _of_source,
    Thresholds: _of_thresholds,
}
