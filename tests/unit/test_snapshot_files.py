"""Files of snapshots: equal ones for equal snapshots, and one sentence for what is none."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic_core import PydanticSerializationError

from certificate_lifecycle.app.rotation import merged, run_scopes
from certificate_lifecycle.cli.snapshots.anonymising import anonymised
from certificate_lifecycle.cli.snapshots.files import dumps, loads, packed, read
from certificate_lifecycle.cli.snapshots.model import (
    VERSION,
    Answer,
    RecordedScope,
    RecordedSettings,
    Snapshot,
)
from certificate_lifecycle.cli.snapshots.replay import surroundings
from certificate_lifecycle.config import RotationMode
from certificate_lifecycle.core.model import Detail
from certificate_lifecycle.core.timing import Thresholds
from certificate_lifecycle.errors import SnapshotError
from tests.unit.builders import NOW, PLACE, SECOND, arn, certificate
from tests.unit.estates import order_of
from tests.unit.fakes import MemoryClock

GOLDEN = Path(__file__).resolve().parents[1] / "data" / "snapshots" / "version-1.json"
#: Its verdicts, as they were when it was written.
COUNTS = {
    "AuthorityExpiring": 1,
    "ExportDue": 1,
    "Healthy": 2,
    "ManagedElsewhere": 1,
    "RenewalBlocked": 1,
    "RenewalOverdue": 2,
    "RequestFailed": 1,
    "Unknown": 3,
}
USAGES = frozenset({"KEY_ENCIPHERMENT", "DIGITAL_SIGNATURE", "KEY_AGREEMENT", "CRL_SIGNING"})
SNAPSHOT = Snapshot(
    program="0.1.0",
    taken_at=NOW,
    settings=RecordedSettings(
        home=PLACE,
        thresholds=Thresholds(),
        mode=RotationMode.REPAIR,
        name_prefix="certificate-lifecycle",
        owner_tag="Owner",
        retire_after=timedelta(days=30),
    ),
    scopes=(
        RecordedScope(place=PLACE, listed=Answer((certificate(detail=Detail(key_usages=USAGES)),))),
    ),
)


def changed(change: Callable[[dict[str, Any]], object]) -> str:
    document = json.loads(dumps(SNAPSHOT))
    change(document)
    return json.dumps(document)


def test_equal_snapshots_have_equal_texts_that_are_read_as_they_were() -> None:
    again = loads(dumps(SNAPSHOT))
    assert again == SNAPSHOT
    assert dumps(again) == dumps(SNAPSHOT)
    assert '"CRL_SIGNING",\n' in dumps(SNAPSHOT)
    assert (
        sorted(USAGES)
        == json.loads(dumps(SNAPSHOT))["scopes"][0]["listed"]["value"][0]["detail"]["key_usages"]
    )


def test_compressed_files_are_equal_as_well_and_read_alike(tmp_path: Path) -> None:
    for name in ("estate.json", "estate.json.gz"):
        file = tmp_path / name
        file.write_bytes(packed(SNAPSHOT, file))
        assert read(file) == SNAPSHOT
        assert packed(SNAPSHOT, file) == file.read_bytes()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it is no JSON, or was cut off"),
        (dumps(SNAPSHOT)[:-20], "it is no JSON, or was cut off"),
        ("[" * 100_000, "it is no JSON, or was cut off"),
        ("[]", "it is no snapshot: it has no format 'certificate-lifecycle snapshot'"),
        ('{"format": "tar"}', "it is no snapshot"),
        (changed(lambda d: d.pop("version")), "its version must be a whole number, got None"),
        (changed(lambda d: d.update(version="1")), "its version must be a whole number, got '1'"),
        (
            changed(lambda d: d.update(version=VERSION + 1, program="9.0.0")),
            f"and this program knows {VERSION}: update the program .the file is from 9.0.0.$",
        ),
        (changed(lambda d: d.update(scopes=[])), "it holds no account and region"),
    ],
)
def test_what_is_no_snapshot_is_refused_in_one_sentence(text: str, why: str) -> None:
    with pytest.raises(SnapshotError, match=why) as raised:
        loads(text)
    assert "\n" not in str(raised.value)


def test_every_fault_of_a_snapshot_is_named_at_once_and_many_are_counted() -> None:
    def change(document: dict[str, Any]) -> None:
        document["settings"]["mode"] = "destroy"
        document["taken_at"] = "yesterday"
        document["scopes"][0]["listed"]["value"][0]["status"] = "FINE"

    with pytest.raises(SnapshotError) as raised:
        loads(changed(change))
    for part in ("settings.mode: ", "taken_at: ", "scopes.0.listed.value.0.status: "):
        assert part in str(raised.value)
    many = changed(lambda document: document.update(scopes=[{}] * 9))
    with pytest.raises(SnapshotError, match=r"; and 4 more$"):
        loads(many)


def of_scope(**changes: object) -> Callable[[dict[str, Any]], object]:
    return lambda document: document["scopes"][0].update(changes)


def of_certificate(**changes: object) -> Callable[[dict[str, Any]], object]:
    return lambda document: document["scopes"][0]["listed"]["value"][0].update(changes)


def of_settings(**changes: object) -> Callable[[dict[str, Any]], object]:
    return lambda document: document["settings"].update(changes)


MEMORY = {
    "certificate_arn": "nothing",
    "verdict": "Expired",
    "reason": "PastNotAfter",
    "severity": "critical",
    "band": "over",
    "told_at": "2026-06-01T12:00:00Z",
}
NOTE = {
    "certificate_arn": arn(),
    "action": "Undo",
    "text": "",
    "run_id": "r",
    "written_at": "2026-06-01T12:00:00Z",
}


def of_ledger(**changes: object) -> Callable[[dict[str, Any]], object]:
    nothing: dict[str, object] = {"value": []}
    return of_scope(ledger={"journals": nothing, "memories": nothing, "notes": nothing, **changes})


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda d: d.update(taken_at="2026-06-01T12:00:00"), "taken_at: it has no zone"),
        (lambda d: d.update(taken_at="0001-01-01T00:00:00Z"), "taken_at: nothing was recorded"),
        (lambda d: d["scopes"].append(d["scopes"][0]), "it holds an account and region twice"),
        (of_scope(place={"account_id": "1", "region": "eu-west-1"}), "place: must be an account"),
        (of_scope(place={"account_id": "1" * 12, "region": "\x1b[2J"}), "must be an AWS region"),
        (of_scope(listed={}), "scopes.0.listed: it has neither a value nor a failure"),
        (of_scope(sources={"arn": {"leaf": {}}}), "it says neither what the secret holds nor"),
        (of_certificate(arn="nothing"), "scopes.0.listed.value.0: it is no ARN"),
        (of_certificate(created_at="9999-12-31T23:59:59Z"), "nothing was recorded of the year 9"),
        (of_certificate(not_after="0001-01-01T00:00:00Z"), "nothing was recorded of the year 1"),
        (of_settings(retire_after="P40000D"), "settings: nobody waits for so long"),
        (of_settings(import_sources={"nothing": "secret"}), "settings: it is no ARN"),
        (
            of_settings(
                accounts=[{"account_id": "1", "mode": "notify", "rebind_consumers": False}]
            ),
            "settings: must be an account id",
        ),
        (
            of_settings(thresholds={"expiration": "P30D", "critical": "P7D", "fraction": 1e300}),
            "settings.thresholds: they are no thresholds",
        ),
        (of_ledger(memories={"value": [MEMORY]}), "memories.value.0: it is no ARN"),
        (of_ledger(notes={"value": [NOTE]}), "notes.value.0: 'Undo' is none of"),
    ],
)
def test_what_no_recording_has_left_is_a_fault_of_the_file(
    change: Callable[[dict[str, Any]], object], why: str
) -> None:
    with pytest.raises(SnapshotError) as raised:
        loads(changed(change))
    assert why in str(raised.value)
    assert str(raised.value).isprintable()


def test_a_certificate_may_end_when_time_does_and_a_secret_be_unusable() -> None:
    loads(changed(of_certificate(not_after="9999-12-31T23:59:59Z")))
    loads(changed(of_scope(sources={"arn": {"leaf": {}, "unusable": "it has no certificate"}})))


def test_a_few_bytes_do_not_become_more_than_any_snapshot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("certificate_lifecycle.cli.snapshots.files._MOST_BYTES", 100_000)
    for name, content in {"a.json": b" " * 200_000, "a.gz": gzip.compress(b" " * 10**7)}.items():
        file = tmp_path / name
        file.write_bytes(content)
        with pytest.raises(SnapshotError, match="it is longer than any snapshot"):
            read(file)


def test_a_fault_does_not_show_control_characters_of_the_file() -> None:
    text = changed(lambda d: d["scopes"][0]["described"].update({"\x1b[2J": 1}))
    with pytest.raises(SnapshotError) as raised:
        loads(text)
    assert "\x1b" not in str(raised.value)


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("none.json", None, "cannot be read: No such file"),
        ("estate.json.gz", b"{}", "cannot be read: it is not compressed with gzip"),
        ("estate.json.gz", gzip.compress(b"{}" * 500)[:-9], "cannot be read: it is damaged"),
        ("estate.json.gz", b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + b"\xff" * 9, "it is damaged"),
        ("estate.json", b"\xff\xfe{", "cannot be used: it is no JSON"),
        ("estate.json", b"{}", "cannot be used: it is no snapshot"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(
    tmp_path: Path, name: str, content: bytes | None, why: str
) -> None:
    file = tmp_path / name
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SnapshotError, match=why) as raised:
        read(file)
    assert str(raised.value).startswith(str(file))


def test_what_is_of_another_type_is_never_written() -> None:
    scope = replace(SNAPSHOT.scopes[0], described={"arn": object()})  # type: ignore[dict-item] # on purpose
    with pytest.raises(PydanticSerializationError, match="Expected `RecordedCertificate`"):
        dumps(replace(SNAPSHOT, scopes=(scope,)))


def test_a_snapshot_of_the_first_version_is_read_and_judged_as_it_was() -> None:
    snapshot = read(GOLDEN)
    order = order_of(snapshot.settings.restored(), [each.place for each in snapshot.scopes])
    order = replace(order, now=snapshot.taken_at)
    visits = run_scopes(
        order, lambda place: surroundings(snapshot, place), MemoryClock(), lambda: NOW + SECOND
    )
    run = merged(order, visits, NOW + SECOND)
    assert run.counts == COUNTS
    assert anonymised(snapshot).version == VERSION
