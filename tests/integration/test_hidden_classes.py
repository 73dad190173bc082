"""Certificates that ACM lists only if asked: found, and named where they cannot be listed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from certificate_lifecycle.aws.acm import AcmCertificates
from certificate_lifecycle.aws.clients import Clients
from certificate_lifecycle.model.hidden_classes import HIDDEN_CLASSES
from tests.embedded_aws.cloud import Cloud
from tests.harness.older_sdk import use_sdk_without
from tests.integration.effects import USED, ending_in
from tests.integration.invocation import NOW, Function, make_ledger, scheduled
from tests.integration.terminal import Certificates

pytestmark = pytest.mark.integration

REGION = "eu-west-1"
ACME, N2 = (entry.member for entry in HIDDEN_CLASSES)
#: One certificate of each class.
CLASSES: dict[str, dict[str, Any]] = {
    "standard.example.com": {},
    "acme.example.com": {"key_pair_origin": "ACME"},
    "n2.example.com": {"root_hierarchy": "N2_AMAZON_MANAGED"},
    "cross.example.com": {"root_hierarchy": "N2_SFG2_AMAZON_MANAGED"},
}
NAMED = {ACME: "AcmeCertificates", N2: "AmazonN2Certificates"}


@pytest.fixture
def estate(cloud: Cloud) -> dict[str, str]:
    return {
        name: cloud.certificates.add(domain_name=name, **details, **USED, **ending_in(cloud, 90))
        for name, details in CLASSES.items()
    }


def adapter() -> AcmCertificates:
    return AcmCertificates(Clients(REGION).any("acm", REGION))


def listed() -> tuple[list[str], list[str]]:
    """Return the names that are listed, and the classes that are not, each with its cause."""
    certificates = adapter()
    names = [certificate.domain_name for certificate in certificates.list_all()]
    assert len(names) == len(set(names))
    return sorted(names), [gap.text for gap in certificates.not_listed]


def lists(cloud: Cloud) -> int:
    return sum(call.operation == "ListCertificates" for call in cloud.calls)


@pytest.mark.usefixtures("estate")
def test_every_class_is_listed_once() -> None:
    assert listed() == (sorted(CLASSES), [])


def test_a_region_without_hidden_certificates_costs_one_more_call(cloud: Cloud) -> None:
    cloud.certificates.add()
    assert listed() == (["example.com"], [])
    assert lists(cloud) == 2


@pytest.mark.usefixtures("estate")
@pytest.mark.parametrize(
    ("lacking", "found", "gaps"),
    [
        ([N2], ["acme", "standard"], ["AmazonN2Certificates/sdk"]),
        ([ACME], ["cross", "n2", "standard"], ["AcmeCertificates/sdk"]),
        ([ACME, N2], ["standard"], ["AcmeCertificates/sdk", "AmazonN2Certificates/sdk"]),
    ],
    ids=["Amazon N2", "ACME", "both"],
)
def test_an_sdk_without_a_filter_lists_the_rest_and_names_the_class(
    monkeypatch: pytest.MonkeyPatch, lacking: list[str], found: list[str], gaps: list[str]
) -> None:
    use_sdk_without(lacking, monkeypatch)
    assert listed() == ([f"{name}.example.com" for name in found], gaps)


@pytest.mark.usefixtures("estate")
@pytest.mark.parametrize("refuses", [True, False], ids=["refused", "ignored"])
@pytest.mark.parametrize(
    ("lacking", "found"),
    [
        ([N2], ["acme", "standard"]),
        ([ACME], ["cross", "n2", "standard"]),
        ([ACME, N2], ["standard"]),
    ],
    ids=["Amazon N2", "ACME", "both"],
)
def test_a_region_without_a_filter_lists_the_rest_and_names_the_class(
    cloud: Cloud, lacking: list[str], found: list[str], *, refuses: bool
) -> None:
    cloud.certificates.filters_unknown[REGION] = dict.fromkeys(lacking, refuses)
    names, gaps = listed()
    assert names == [f"{name}.example.com" for name in found]
    assert set(gaps) <= {f"{NAMED[member]}/region" for member in lacking}
    # A region that ignores the filter of a class that is listed with others cannot be noticed.
    assert gaps or (lacking == [ACME] and not refuses)


@pytest.mark.parametrize("code", ["AccessDeniedException", "ThrottlingException"])
def test_another_failure_of_a_pass_is_no_missing_filter(cloud: Cloud, code: str) -> None:
    cloud.fail("acm", "ListCertificates", code, times=None, when=lambda sent: N2 in sent)
    with pytest.raises(Exception, match=code):
        list(adapter().list_all())


def test_a_refused_listing_without_a_filter_is_a_failure(cloud: Cloud) -> None:
    cloud.fail("acm", "ListCertificates", "ValidationException", times=None)
    with pytest.raises(Exception, match="ValidationException"):
        list(adapter().list_all())


@pytest.mark.usefixtures("estate")
def test_a_run_finds_a_certificate_of_each_class(rotation: Function) -> None:
    result = rotation(scheduled(NOW))
    assert result["counts"] == {"ExternallyManaged": 1, "Healthy": 3}
    assert result["scopes"][0]["not_listed"] == []


@pytest.mark.usefixtures("estate")
def test_a_run_with_an_older_sdk_succeeds_and_names_unlisted_classes_once(
    rotation: Function,
    cloud: Cloud,
    monkeypatch: pytest.MonkeyPatch,
    environment: pytest.MonkeyPatch,
) -> None:
    make_ledger(cloud, environment, REGION)
    environment.setenv("SUMMARY_AFTER_DAYS", "0")
    use_sdk_without([ACME, N2], monkeypatch)
    environment.setenv("REGIONS", json.dumps([REGION, "us-east-1"]))
    result = rotation(scheduled(NOW))
    (finding,) = result["findings"]
    assert (finding["verdict"], finding["severity"]) == ("InventoryIncomplete", "info")
    assert (
        "ACME endpoints and certificates of ACME clients of 2 accounts and regions"
        in finding["message"]
    )
    assert "Amazon N2 certificates of 2 accounts and regions" in finding["message"]
    assert result["sdk"] in finding["message"]
    assert "function.layers" in finding["message"]
    assert result["counts"] == {"Healthy": 1, "InventoryIncomplete": 1}
    assert result["notification"]["sent"]
    for _ in range(2):
        cloud.advance(days=8)
        assert not rotation(scheduled(cloud.now))["notification"]["sent"]


def test_a_scan_with_an_older_sdk_ends_as_incomplete(
    certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_sdk_without([N2], monkeypatch)
    ended = certificates("scan")
    assert ended.code == 3
    assert "Amazon N2 certificates of 1 account and region are not in the inventory" in ended.words


@pytest.mark.parametrize(("least", "code"), [("warning", 0), ("info", 1), ("never", 0)])
def test_a_scan_of_a_region_without_a_filter_ends_as_after_an_info_finding(
    certificates: Certificates, cloud: Cloud, least: str, code: int
) -> None:
    cloud.certificates.filters_unknown[REGION] = {N2: True}
    ended = certificates("scan", "--fail-on", least)
    assert ended.code == code
    assert "ACM rejects or ignores the filter RootHierarchyTypes there" in ended.words
