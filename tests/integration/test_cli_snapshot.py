"""`certificates snapshot`, and what reads its files: the same answers, and no AWS."""

from __future__ import annotations

import errno
import gzip
import json
import os
import signal
import stat
import time
from pathlib import Path
from typing import Any

import boto3
import botocore.session
import pytest

from certificate_lifecycle.app.rotation import merged, run_scopes
from certificate_lifecycle.aws.acm import AcmCertificates
from certificate_lifecycle.cli.output import scan_entry
from certificate_lifecycle.cli.snapshots.files import packed, read
from certificate_lifecycle.cli.snapshots.model import RecordedSettings
from certificate_lifecycle.cli.snapshots.recording import Recorder
from tests.integration.effects import USED, ending_in
from tests.integration.terminal import Certificates, Ended, deploy
from tests.support import showcase
from tests.support.cloud import Cloud
from tests.support.imports import imported
from tests.unit import estates
from tests.unit.fakes import MemoryClock

pytestmark = pytest.mark.integration

#: What differs from one run to the next.
_OF_A_RUN = ("run_id", "started_at", "finished_at", "at")


def alike(ended: Ended) -> dict[str, Any]:
    return {key: value for key, value in ended.document.items() if key not in _OF_A_RUN}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "estate.json"


@pytest.mark.parametrize("command", [("scan",), ("scan", "--threshold-days", "90"), ("plan",)])
def test_a_snapshot_says_what_the_account_says_and_asks_no_aws(
    certificates: Certificates, cloud: Cloud, file: Path, command: tuple[str, ...]
) -> None:
    showcase.fill(cloud)
    showcase.fill_other_stores(cloud)
    assert certificates("snapshot", str(file)).code == 0
    live = certificates(*command, "--output", "json")
    offline = certificates(*command, "--from-snapshot", str(file), "--output", "json")
    assert alike(offline) == alike(live)
    assert (offline.code, offline.calls) == (live.code, [])


def test_a_look_at_a_snapshot_makes_no_session(
    certificates: Certificates, cloud: Cloud, file: Path, environment: pytest.MonkeyPatch
) -> None:
    arn = next(iter(showcase.fill(cloud)))
    certificates("snapshot", str(file))

    def refused(*_: object, **__: object) -> None:
        raise AssertionError("a session was made")

    environment.setattr(boto3, "Session", refused)
    environment.setattr(botocore.session.Session, "create_client", refused)
    for command in (("scan",), ("plan",), ("explain", arn)):
        assert certificates(*command, "--from-snapshot", str(file)).code in (0, 1)


def test_recording_changes_nothing_and_writes_for_its_owner_alone(
    certificates: Certificates, cloud: Cloud, file: Path
) -> None:
    showcase.fill(cloud)
    ended = certificates("snapshot", str(file))
    assert ended.writes == []
    assert "21 certificates as of 2026-" in ended.words
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_everything_about_one_certificate_is_in_a_snapshot(
    certificates: Certificates, cloud: Cloud, file: Path
) -> None:
    arns = showcase.fill(cloud)
    certificates("snapshot", str(file))
    for arn in arns:
        live = certificates("explain", arn, "--output", "json")
        offline = certificates("explain", arn, "--from-snapshot", str(file), "--output", "json")
        assert alike(offline) == alike(live)
        assert offline.calls == []


def test_a_report_of_a_snapshot_is_that_of_the_account(
    certificates: Certificates, cloud: Cloud, file: Path, tmp_path: Path
) -> None:
    showcase.fill(cloud)
    certificates("snapshot", str(file))
    rows = [tmp_path / name for name in ("live.csv", "offline.csv")]
    certificates("report", str(rows[0]))
    assert certificates("report", str(rows[1]), "--from-snapshot", str(file)).calls == []
    assert rows[1].read_bytes() == rows[0].read_bytes()


def test_the_settings_of_the_instance_and_its_ledger_are_recorded(
    certificates: Certificates,
    cloud: Cloud,
    environment: pytest.MonkeyPatch,
    file: Path,
) -> None:
    deploy(cloud, environment, EXPIRATION_THRESHOLD_DAYS="60", OWNER_TAG="team")
    tags = {"team": "payments"}
    cloud.certificates.add(type="IMPORTED", tags=tags, **USED, **ending_in(cloud, 50))
    certificates("snapshot", str(file))
    snapshot = read(file)
    assert snapshot.settings.owner_tag == "team"
    assert snapshot.scopes[0].ledger is not None
    live = certificates("scan", "--output", "json")
    offline = certificates("scan", "--from-snapshot", str(file), "--output", "json")
    assert alike(offline) == alike(live)
    assert offline.document["findings"][0]["owner"] == "payments"


def test_what_could_not_be_recorded_is_told_and_found_again_in_the_snapshot(
    certificates: Certificates, cloud: Cloud, file: Path
) -> None:
    cloud.certificates.add(domain_name="www.example.com", **USED, **ending_in(cloud, 150))
    cloud.fail("acm", "ListCertificates", "AccessDeniedException", "no", region="us-east-1")
    ended = certificates("snapshot", str(file), "--regions", "eu-west-1,us-east-1", "--quiet")
    assert ended.code == 3
    assert "Not recorded: account 123456789012, us-east-1" in ended.complaint
    assert "Let somebody allow the action that is named" in ended.complaint
    offline = certificates("scan", "--from-snapshot", str(file), "--all")
    assert offline.code == 3
    assert "www.example.com" in offline.out
    assert "failed account 123456789012, us-east-1" in offline.words
    one = certificates("scan", "--from-snapshot", str(file), "--region", "eu-west-1")
    assert one.code == 0


def test_an_anonymised_snapshot_has_the_verdicts_and_none_of_the_names(
    certificates: Certificates, cloud: Cloud, file: Path
) -> None:
    cases = showcase.fill(cloud)
    certificates("snapshot", str(file), "--anonymise")
    text = file.read_text(encoding="utf-8")
    told = {"123456789012", *(case.domain_name for case in cases.values())}
    assert [each for each in told if each in text] == []
    live = certificates("scan", "--output", "json").document
    offline = certificates("scan", "--from-snapshot", str(file), "--output", "json").document
    assert offline["counts"] == live["counts"]
    assert (
        "What the anonymised snapshot of 2026-"
        in certificates("scan", "--from-snapshot", str(file)).complaint
    )


def test_a_name_that_ends_in_gz_is_compressed(
    certificates: Certificates, cloud: Cloud, tmp_path: Path
) -> None:
    cloud.certificates.add(type="IMPORTED", **USED, **ending_in(cloud, 3))
    plain, packed = tmp_path / "estate.json", tmp_path / "estate.json.gz"
    for file in (plain, packed):
        certificates("snapshot", str(file))
    assert gzip.decompress(packed.read_bytes())[:20] == plain.read_bytes()[:20]
    assert packed.stat().st_size < plain.stat().st_size / 3
    assert certificates("scan", "--from-snapshot", str(packed)).code == 1


def test_a_file_that_exists_is_written_over_only_by_force(
    certificates: Certificates, file: Path
) -> None:
    file.write_text("mine", encoding="utf-8")
    ended = certificates("snapshot", str(file))
    assert (ended.code, ended.calls) == (2, [])
    assert file.read_text(encoding="utf-8") == "mine"
    assert certificates("snapshot", str(file), "--force").code == 0
    assert file.read_text(encoding="utf-8") != "mine"


def test_a_full_disk_is_one_sentence(
    certificates: Certificates, file: Path, environment: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int, *_: object) -> None:
        os.close(descriptor)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    environment.setattr("certificate_lifecycle.cli.files.os.fdopen", full)
    ended = certificates("snapshot", str(file))
    assert ended.code == 3
    assert "could not be written: No space left on device" in ended.complaint
    assert list(file.parent.iterdir()) == []


def test_a_file_that_is_no_snapshot_is_wrong_usage(certificates: Certificates, file: Path) -> None:
    file.write_text("{}", encoding="utf-8")
    ended = certificates("scan", "--from-snapshot", str(file))
    assert (ended.code, ended.calls) == (2, [])
    assert f"{file} cannot be used: it is no snapshot" in ended.complaint.replace(" /", "/")


def test_every_option_that_means_nothing_for_a_snapshot_is_named_at_once(
    certificates: Certificates, file: Path
) -> None:
    certificates("snapshot", str(file))
    ended = certificates(
        *("scan", "--from-snapshot", str(file), "--profile", "other", "--role-name", "reader"),
        *("--regions", "us-east-1", "--accounts", "999999999999", "--threshold-days", "3"),
    )
    assert (ended.code, ended.calls) == (2, [])
    assert ended.err.count("Error: ") == 5
    assert "the snapshot does not hold us-east-1, only eu-west-1" in ended.err


def test_commands_that_change_something_take_no_snapshot(
    certificates: Certificates, file: Path
) -> None:
    certificates("snapshot", str(file))
    for command in (("apply",), ("create", "www.example.com"), ("drill", "www.example.com")):
        assert certificates(*command, "--from-snapshot", str(file)).code == 2


@pytest.mark.parametrize("seed", range(12))
def test_scan_finds_in_the_snapshot_of_an_estate_what_a_run_finds_in_the_estate(
    certificates: Certificates, file: Path, seed: int
) -> None:
    estate = estates.estate_of(seed)
    order = estates.order_of(estate.settings, list(estate.around))
    settings = RecordedSettings.of(estate.settings, order.scopes[0])
    snapshot = Recorder(
        order=order, at=estate.at, clock=MemoryClock(), settings=settings, program="0.1.0"
    ).record()
    file.write_bytes(packed(snapshot, file))
    visits = run_scopes(order, estate.at, MemoryClock(), lambda: order.now)
    found = scan_entry(merged(order, visits, order.now))
    offline = certificates("scan", "--from-snapshot", str(file), "--output", "json").document
    for key in ("findings", "healthy", "actions", "counts", "scopes"):
        assert offline[key] == json.loads(json.dumps(found[key]))


def test_whoever_interrupts_a_recording_gets_no_file(
    certificates: Certificates, cloud: Cloud, file: Path, environment: pytest.MonkeyPatch
) -> None:
    showcase.fill(cloud)
    asked = []

    def tags(_: AcmCertificates, arn: str) -> tuple[tuple[str, str], ...]:
        asked.append(arn)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.2)  # the main thread takes the signal
        return ()

    environment.setattr(AcmCertificates, "tags", tags)
    ended = certificates("snapshot", str(file))
    assert ended.code == 130
    assert "Interrupted; no file was written." in ended.err
    assert list(file.parent.iterdir()) == []
    assert len(asked) == 1


def test_a_private_key_of_an_import_source_is_not_in_the_file(
    certificates: Certificates, cloud: Cloud, environment: pytest.MonkeyPatch, file: Path
) -> None:
    shop = imported(cloud)
    deploy(cloud, environment, IMPORT_SOURCES=shop.sources)
    certificates("snapshot", str(file))
    text = file.read_text(encoding="utf-8")
    assert shop.secret_arn in text
    assert "PRIVATE KEY" not in text
    assert read(file).scopes[0].sources[shop.secret_arn].leaf.value is not None
    live = certificates("scan", "--output", "json")
    offline = certificates("scan", "--from-snapshot", str(file), "--output", "json")
    assert alike(offline) == alike(live)
