"""Amazon N2 certificates: requested, found again and replaced with their root and usage."""

from __future__ import annotations

from typing import Any

import pytest

from certificate_lifecycle.model.errors import CertificateRequestError, ConfigurationError
from tests.embedded_aws.certificates import Certificate
from tests.embedded_aws.cloud import Cloud
from tests.harness.older_sdk import use_sdk_without
from tests.integration.effects import OURS, USED, ending_in
from tests.integration.invocation import NOW, Function, make_ledger, scheduled
from tests.integration.terminal import Certificates

pytestmark = pytest.mark.integration

DOMAIN = "example.com"
CLIENTS = {"root_hierarchy_type": "N2_AMAZON_MANAGED", "certificate_usage": "CLIENT_AUTH_ONLY"}
N2: dict[str, Any] = {"root_hierarchy": "N2_AMAZON_MANAGED"}


@pytest.fixture(autouse=True)
def zone(cloud: Cloud) -> None:
    cloud.zones.add(DOMAIN)


def only(cloud: Cloud) -> Certificate:
    (certificate,) = cloud.certificates.all()
    return certificate


def kind(certificate: Certificate) -> tuple[str | None, str | None]:
    return certificate.root_hierarchy, certificate.certificate_usage


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (CLIENTS, ("N2_AMAZON_MANAGED", "CLIENT_AUTH_ONLY")),
        (
            {"root_hierarchy_type": "N2_SFG2_AMAZON_MANAGED"},
            ("N2_SFG2_AMAZON_MANAGED", "CLIENT_AND_SERVER_AUTH"),
        ),
    ],
    ids=["clients only", "default usage"],
)
def test_an_n2_certificate_is_requested_once(
    creation: Function, cloud: Cloud, wanted: dict[str, str], expected: tuple[str, str]
) -> None:
    event = {"domain_name": DOMAIN, **wanted}
    assert creation(event)["created"]
    cloud.advance(hours=2)  # the idempotency token is over
    assert creation(event)["created"] is False
    assert kind(only(cloud)) == expected


def test_a_standard_and_an_n2_certificate_are_not_equal(creation: Function, cloud: Cloud) -> None:
    for event in ({}, {"root_hierarchy_type": "N2_AMAZON_MANAGED"}, CLIENTS):
        assert creation({"domain_name": DOMAIN, **event})["created"]
    assert len(cloud.certificates.all()) == 3


@pytest.mark.parametrize(
    ("event", "error"),
    [
        ({"root_hierarchy_type": "N3"}, "root_hierarchy_type: must be one of"),
        ({"certificate_usage": "CLIENT_AUTH_ONLY"}, "without root_hierarchy_type"),
        (
            {**CLIENTS, "root_hierarchy_type": "N2_SFG2_AMAZON_MANAGED"},
            "must be CLIENT_AND_SERVER_AUTH with",
        ),
    ],
    ids=["root", "usage alone", "usage of the other root"],
)
def test_a_request_that_acm_would_refuse_is_an_error_before_any_call(
    creation: Function, event: dict[str, str], error: str
) -> None:
    with pytest.raises(ConfigurationError, match=error):
        creation({"domain_name": DOMAIN, **event})
    assert creation.operations == []


def test_an_sdk_without_the_root_requests_no_standard_certificate_instead(
    creation: Function, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_sdk_without(["RootHierarchyTypes"], monkeypatch)
    with pytest.raises(CertificateRequestError, match=r"boto3 1\.44\.7 or newer"):
        creation({"domain_name": DOMAIN, **CLIENTS})
    assert creation.operations == []
    assert cloud.certificates.all() == []


def test_a_region_that_cannot_list_n2_certificates_gets_no_request(
    creation: Function, cloud: Cloud
) -> None:
    """Else each call after an hour would request another one."""
    cloud.certificates.filters_unknown["eu-west-1"] = {"RootHierarchyTypes": True}
    with pytest.raises(CertificateRequestError, match="choose another region"):
        creation({"domain_name": DOMAIN, **CLIENTS})
    assert cloud.certificates.all() == []
    assert creation({"domain_name": DOMAIN})["created"]


def test_the_command_line_requests_the_root_and_the_usage(
    certificates: Certificates, cloud: Cloud
) -> None:
    created = certificates(
        *("create", DOMAIN, "--no-www", "--yes", "--root-hierarchy-type", "N2_AMAZON_MANAGED"),
        *("--certificate-usage", "CLIENT_AUTH_ONLY"),
    )
    assert "RSA_2048, N2_AMAZON_MANAGED, CLIENT_AUTH_ONLY in eu-west-1" in created.words
    assert kind(only(cloud)) == ("N2_AMAZON_MANAGED", "CLIENT_AUTH_ONLY")
    shown = certificates("explain", DOMAIN).words
    assert "root hierarchy N2_AMAZON_MANAGED, usage CLIENT_AUTH_ONLY" in shown


@pytest.fixture
def dying(cloud: Cloud, environment: pytest.MonkeyPatch) -> str:
    """Return an N2 certificate that ACM does not renew, beside a standard one of its name."""
    make_ledger(cloud, environment, "eu-west-1")
    environment.setenv("REBIND_CONSUMERS", "true")
    cloud.certificates.add(domain_name=DOMAIN, **OURS, **ending_in(cloud, 190))
    return cloud.certificates.add(
        domain_name=DOMAIN, renews=False, **N2, **OURS, **USED, **ending_in(cloud, 5)
    )


def test_a_successor_has_the_root_of_the_old_certificate(
    rotation: Function, cloud: Cloud, dying: str
) -> None:
    before = {certificate.arn for certificate in cloud.certificates.all()}
    rotation(scheduled(NOW))
    (successor,) = [each for each in cloud.certificates.all() if each.arn not in before]
    assert kind(successor) == kind(cloud.certificates.get(dying))
    assert successor.root_hierarchy == "N2_AMAZON_MANAGED"


def test_an_sdk_that_cannot_read_the_root_replaces_nothing(
    rotation: Function, cloud: Cloud, dying: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This SDK returns an N2 certificate as a standard one."""
    use_sdk_without(["RootHierarchyTypes"], monkeypatch)
    before = len(cloud.certificates.all())
    result = rotation({"certificate_arns": [dying], "rotation_mode": "replace"})
    (finding,) = [each for each in result["findings"] if each["certificate_arn"] == dying]
    assert finding["verdict"] == "RenewalOverdue"
    assert "ACM does not list it" in repr(result["actions"])
    assert len(cloud.certificates.all()) == before


def test_a_renewal_of_395_days_is_not_late_before_the_window_of_60_days(
    rotation: Function, cloud: Cloud
) -> None:
    cloud.certificates.add(domain_name=DOMAIN, **N2, **USED, **ending_in(cloud, 61, lifetime=395))
    assert rotation(scheduled(NOW))["counts"] == {"Healthy": 1}
