"""The report of a run in its bucket: keys, headers, and the runs that do not replace it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from certificate_lifecycle.model.errors import RotationError
from tests.embedded_aws.cloud import Cloud
from tests.integration.effects import USED, documents, ending_in
from tests.integration.invocation import NOW, Function, recorded, scheduled
from tests.integration.state_machine import BUCKET, make_state_machine

pytestmark = pytest.mark.integration

REPORTS = "certificate-reports"
LATEST = "reports/certificate-lifecycle/latest"
DATED = "reports/certificate-lifecycle/2026/06/15/run-1"


@pytest.fixture
def bucket(cloud: Cloud, environment: pytest.MonkeyPatch) -> str:
    where = {"LocationConstraint": "eu-west-1"}
    cloud.client("s3").create_bucket(Bucket=REPORTS, CreateBucketConfiguration=where)
    environment.setenv("REPORT_BUCKET", REPORTS)
    return REPORTS


@pytest.fixture
def due(cloud: Cloud) -> str:
    arn: str = cloud.certificates.add(
        type="IMPORTED", domain_name="api.example.com", **USED, **ending_in(cloud, 20)
    )
    return arn


def stored(cloud: Cloud, bucket: str = REPORTS) -> dict[str, Any]:
    """Return the objects of a bucket by key."""
    client = cloud.client("s3")
    keys = [entry["Key"] for entry in client.list_objects_v2(Bucket=bucket).get("Contents", ())]
    return {key: client.get_object(Bucket=bucket, Key=key) for key in keys}


def test_a_run_leaves_three_documents_by_day_and_as_the_latest(
    rotation: Function, cloud: Cloud, bucket: str, due: str, topic: str
) -> None:
    result = rotation(scheduled(NOW))
    found = stored(cloud)
    assert {
        key: (answer["ContentType"], answer["CacheControl"]) for key, answer in found.items()
    } == {
        f"{name}.{suffix}": (kind, cache)
        for name, cache in ((DATED, "private"), (LATEST, "no-store"))
        for suffix, kind in (
            ("csv", "text/csv; charset=utf-8"),
            ("html", "text/html; charset=utf-8"),
            ("json", "application/json; charset=utf-8"),
        )
    }
    texts = {key: answer["Body"].read().decode() for key, answer in found.items()}
    assert all(due in text for text in texts.values())
    assert texts[f"{DATED}.html"] == texts[f"{LATEST}.html"]
    assert json.loads(texts[f"{DATED}.json"])["run_id"] == result["run_id"]
    (document,) = documents(cloud, topic)
    assert result["report"] == document["report"] == f"s3://{bucket}/{DATED}.html"


def test_without_a_bucket_nothing_is_written(rotation: Function, due: str) -> None:
    assert due
    assert "report" not in rotation(scheduled(NOW))
    assert "PutObject" not in rotation.operations


def test_a_dry_run_writes_none(rotation: Function, cloud: Cloud, bucket: str, due: str) -> None:
    assert due
    rotation({"dry_run": True})
    assert stored(cloud, bucket) == {}


def test_a_run_over_one_certificate_leaves_the_latest_report_as_it_is(
    rotation: Function, cloud: Cloud, bucket: str, due: str
) -> None:
    rotation(scheduled(NOW))
    before = stored(cloud)[f"{LATEST}.html"]["Body"].read()
    rotation({**recorded("acm_approaching"), "resources": [due]})
    assert f"{DATED.removesuffix('1')}2.html" in stored(cloud, bucket)
    assert stored(cloud)[f"{LATEST}.html"]["Body"].read() == before


def test_a_missing_bucket_is_a_failure_after_the_message(
    rotation: Function, cloud: Cloud, environment: pytest.MonkeyPatch, due: str, topic: str
) -> None:
    environment.setenv("REPORT_BUCKET", "nobodys-reports")
    with pytest.raises(RotationError, match=r"the report could not be written: .*NoSuchBucket"):
        rotation(scheduled(NOW))
    (document,) = documents(cloud, topic)
    assert document["report"] is None
    assert [finding["certificate_arn"] for finding in document["findings"]] == [due]


def test_an_organization_has_all_three_documents_beside_the_results_of_its_steps(
    rotation: Function, cloud: Cloud, environment: pytest.MonkeyPatch, topic: str
) -> None:
    assert topic
    make_state_machine(rotation, cloud, environment).all()
    kept = {key for key in stored(cloud, BUCKET) if "/report." in key}
    assert kept == {f"runs/run-1/report.{suffix}" for suffix in ("csv", "html", "json")}


def test_an_organization_with_a_bucket_for_reports_leaves_them_there(
    rotation: Function, cloud: Cloud, environment: pytest.MonkeyPatch, bucket: str, topic: str
) -> None:
    assert topic
    result = make_state_machine(rotation, cloud, environment).all()
    assert result["report"] == f"s3://{bucket}/{DATED}.html"
    assert not any("/report." in key for key in stored(cloud, BUCKET))


def test_a_dry_run_over_an_organization_is_reported_and_is_not_the_latest(
    rotation: Function, cloud: Cloud, environment: pytest.MonkeyPatch, bucket: str
) -> None:
    """Its result is in figures only."""
    machine = make_state_machine(rotation, cloud, environment)
    machine.inputs = {"dry_run": True}
    assert machine.all()["report"] == f"s3://{bucket}/{DATED}.html"
    assert sorted(stored(cloud)) == [f"{DATED}.{suffix}" for suffix in ("csv", "html", "json")]
