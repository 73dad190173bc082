"""`certificates report` writes the findings to files."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from tests.embedded_aws.cloud import Cloud
from tests.estates import showcase
from tests.integration.terminal import Certificates

pytestmark = pytest.mark.integration


def test_the_suffix_of_a_file_selects_its_format(
    certificates: Certificates, cloud: Cloud, tmp_path: Path
) -> None:
    showcase.fill(cloud)
    html, rows, data = (tmp_path / f"estate.{kind}" for kind in ("html", "csv", "json"))
    ended = certificates("report", str(html), str(rows), str(data))
    assert (ended.code, ended.writes) == (0, [])
    assert html.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert len(rows.read_text(encoding="utf-8").splitlines()) == 22
    assert json.loads(data.read_text(encoding="utf-8"))["counts"]["Healthy"] == 3
    assert stat.S_IMODE(html.stat().st_mode) == 0o600


def test_invalid_suffixes_missing_folders_and_existing_files_are_rejected_before_a_call(
    certificates: Certificates, tmp_path: Path
) -> None:
    there = tmp_path / "there.html"
    there.write_text("mine", encoding="utf-8")
    for wrong in (tmp_path / "estate.pdf", tmp_path / "none" / "estate.csv", there):
        ended = certificates("report", str(wrong))
        assert (ended.code, ended.calls) == (2, [])
        assert ended.err.startswith("Error: ")
    assert there.read_text(encoding="utf-8") == "mine"
    assert certificates("report", str(there), "--force").code == 0
    assert there.read_text(encoding="utf-8") != "mine"


def test_a_report_contains_failed_scans_and_ends_with_three(
    certificates: Certificates, cloud: Cloud, tmp_path: Path
) -> None:
    cloud.fail("acm", "ListCertificates", "AccessDeniedException", "no")
    data = tmp_path / "estate.json"
    assert certificates("report", str(data)).code == 3
    (finding,) = json.loads(data.read_text(encoding="utf-8"))["findings"]
    assert finding["verdict"] == "ScanFailed"
