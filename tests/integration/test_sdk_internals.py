"""The functions name their SDK, and use nothing private of it, which a release may rename."""

from __future__ import annotations

import logging
import sys
from typing import Any

import boto3.session
import botocore
import pytest
from botocore.client import BaseClient
from botocore.hooks import EventAliaser

from certificate_lifecycle.aws.responses import report_unchecked
from tests.embedded_aws.cloud import Cloud
from tests.integration.effects import USED, documents
from tests.integration.invocation import NOW, Function, scheduled

pytestmark = pytest.mark.integration


class Renamed:
    """An attribute that only the SDK itself finds."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, owner: object, _: type | None = None) -> Any:  # noqa: ANN401 - the attribute
        caller = sys._getframe(1).f_globals["__name__"]  # noqa: SLF001 - who reads it decides
        if caller.startswith("certificate_lifecycle"):
            raise AttributeError(self._name)
        return vars(owner)[self._name]

    def __set__(self, owner: object, value: object) -> None:
        vars(owner)[self._name] = value


@pytest.fixture(autouse=True)
def renamed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BaseClient, "_endpoint", Renamed("_endpoint"), raising=False)
    monkeypatch.setattr(boto3.session.Session, "_session", Renamed("_session"), raising=False)


def test_the_attributes_are_hidden_from_the_package_alone() -> None:
    client = boto3.session.Session(region_name="eu-west-1").client("sts")
    assert client._endpoint.host  # type: ignore[attr-defined] # noqa: SLF001 - the subject of the test
    reading = compile("client._endpoint", "package", "eval")
    with pytest.raises(AttributeError):
        eval(reading, {"client": client, "__name__": "certificate_lifecycle.aws"})


def test_a_certificate_is_issued(creation: Function, cloud: Cloud) -> None:
    cloud.zones.add("example.com")
    result = creation({"domain_name": "example.com", "wait_seconds": 60})
    assert result["status"] == "ISSUED"


def test_a_run_scans_and_notifies(
    rotation: Function, cloud: Cloud, topic: str, caplog: pytest.LogCaptureFixture
) -> None:
    cloud.certificates.add(domain_name="example.com", renews=False, not_after=NOW, **USED)
    with caplog.at_level(logging.WARNING):
        found = rotation(scheduled(NOW))
    assert found["counts"]
    assert documents(cloud, topic)
    assert not [record for record in caplog.records if "not noticed" in record.message]


def test_an_sdk_that_shows_no_response_before_it_reads_it_is_reported_once(
    rotation: Function,
    cloud: Cloud,
    environment: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The run is degraded: a truncated response would be read as it is."""
    emit = EventAliaser.emit

    def without_event(aliaser: EventAliaser, event_name: str, **details: Any) -> Any:  # noqa: ANN401 - as the SDK has it
        return [] if event_name.startswith("before-parse") else emit(aliaser, event_name, **details)

    environment.setattr(EventAliaser, "emit", without_event)
    report_unchecked.cache_clear()
    cloud.certificates.add(domain_name="example.com", **USED)
    with caplog.at_level(logging.WARNING):
        assert rotation(scheduled(NOW))["counts"] == {"Healthy": 1}
    report_unchecked.cache_clear()
    assert [record.message for record in caplog.records if "not noticed" in record.message] == [
        "truncated responses are not noticed: the SDK has no event before-parse"
    ]


@pytest.mark.parametrize("name", ["creation", "rotation"])
def test_log_and_result_name_the_sdk(
    request: pytest.FixtureRequest, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    function: Function = request.getfixturevalue(name)
    event = {"dry_run": True, "auto_validate": False} if name == "creation" else scheduled(NOW)
    with caplog.at_level(logging.INFO):
        result = function(event)
    versions = f"boto3 {boto3.__version__}, botocore {botocore.__version__}"
    assert result["sdk"] == versions
    first = caplog.records[0]
    assert (first.message, vars(first)["sdk"]) == ("invoked", versions)
