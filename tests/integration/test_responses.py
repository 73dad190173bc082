"""Responses of the SDK: times in UTC, and errors about unreadable ones."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from botocore.parsers import ResponseParserError

from certificate_lifecycle.aws.acm import AcmCertificates
from certificate_lifecycle.aws.clients import Clients
from certificate_lifecycle.aws.inventory.iam import ServerCertificates
from certificate_lifecycle.aws.responses import arn_in, utc, validated_response
from certificate_lifecycle.model.errors import CertificateNotFoundError, UnexpectedResponseError
from tests.embedded_aws.cloud import Cloud
from tests.integration.effects import USED
from tests.integration.invocation import NOW, Function, scheduled

pytestmark = pytest.mark.integration

#: The end of a certificate without an expiry (RFC 5280 section 4.1.2.5).
NEVER = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


@pytest.fixture(params=["EAST-14", "WEST+12", "UTC0"])
def local_time_zone(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Use the time zone of a laptop; a function always runs in UTC."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", request.param)
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("local_time_zone")
def test_a_certificate_without_an_end_is_read_in_every_time_zone(cloud: Cloud) -> None:
    """East of Greenwich the SDK cannot read that time, so that the scan of a region failed."""
    cloud.certificates.add(type="IMPORTED", not_before=NOW, not_after=NEVER, **USED)
    cloud.server_certificates.add("old-shop", "shop.example.com", not_after=NEVER)
    clients = Clients("eu-west-1")
    certificates = AcmCertificates(clients.any("acm", "eu-west-1"))
    (listed,) = certificates.list_all()
    described = certificates.describe(listed.arn)
    (kept,) = ServerCertificates(lambda: clients.any("iam", "eu-west-1")).list_all()
    for entry in (listed, described, kept):
        assert entry.not_after == NEVER
        assert entry.not_after.tzinfo is UTC


@pytest.mark.usefixtures("local_time_zone")
def test_a_run_assesses_a_certificate_without_an_end(rotation: Function, cloud: Cloud) -> None:
    cloud.certificates.add(type="IMPORTED", not_before=NOW, not_after=NEVER, **USED)
    found = rotation(scheduled(NOW))
    assert found["counts"] == {"Healthy": 1}


def test_a_time_without_a_zone_is_in_utc() -> None:
    assert utc(None) is None
    assert utc(datetime(2026, 6, 1)) == datetime(2026, 6, 1, tzinfo=UTC)  # noqa: DTZ001 - it is about that
    assert utc(NOW) == NOW


@pytest.mark.parametrize(
    ("failure", "why"),
    [
        (KeyError("Port"), "it has no 'Port'"),
        (TypeError("secret"), "a value has a wrong form"),
        (ValueError("secret"), "a value has a wrong form"),
        (OverflowError("secret"), "a value has a wrong form"),
        (ResponseParserError("<html>"), "a value has a wrong form"),
    ],
)
def test_an_unexpected_response_is_an_error_that_quotes_no_value(
    failure: Exception, why: str
) -> None:
    with pytest.raises(UnexpectedResponseError) as told, validated_response("DescribeThings"):
        raise failure
    assert str(told.value) == f"unexpected response of DescribeThings: {why}"


def test_an_error_of_the_package_passes_unchanged() -> None:
    with pytest.raises(CertificateNotFoundError), validated_response("DescribeThings"):
        raise CertificateNotFoundError("it does not exist")


@pytest.mark.parametrize("answer", [{}, {"Arn": ""}, {"Arn": "arn"}, {"Arn": "arn:aws:\x1b::::x"}])
def test_a_text_that_is_not_an_arn_is_refused(answer: dict[str, str]) -> None:
    with pytest.raises(UnexpectedResponseError), validated_response("ListThings"):
        arn_in(answer, "Arn")
