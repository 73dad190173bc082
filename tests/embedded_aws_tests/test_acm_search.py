"""SearchCertificates: pages, filters and the fields of a result.

https://docs.aws.amazon.com/acm/latest/APIReference/API_SearchCertificates.html
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.embedded_aws.cloud import Cloud

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
BALANCER = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/x/1"


@pytest.fixture(autouse=True)
def standing_clock(cloud: Cloud) -> None:
    cloud.now = NOW


def search(cloud: Cloud, **wanted: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - the call's own
    rows: list[dict[str, Any]] = cloud.client("acm").search_certificates(**wanted)["Results"]
    return rows


def found(cloud: Cloud, statement: dict[str, Any]) -> set[str]:
    return {row["CertificateArn"] for row in search(cloud, FilterStatement=statement)}


def metadata(**wanted: object) -> dict[str, Any]:
    return {"Filter": {"AcmCertificateMetadataFilter": wanted}}


def test_no_key_type_and_no_origin_is_hidden(cloud: Cloud) -> None:
    hidden = {
        cloud.certificates.add(key_algorithm="EC_prime256v1"),
        cloud.certificates.add(key_pair_origin="ACME"),
    }
    assert {row["CertificateArn"] for row in search(cloud)} == hidden


def test_an_n2_certificate_needs_a_filter_by_its_root(cloud: Cloud) -> None:
    """API_AcmCertificateMetadataFilter, RootHierarchyType."""
    n2 = cloud.certificates.add(root_hierarchy="N2_AMAZON_MANAGED")
    assert found(cloud, metadata(Status="ISSUED")) == set()
    assert found(cloud, metadata(RootHierarchyType="N2_AMAZON_MANAGED")) == {n2}
    (row,) = search(cloud, FilterStatement=metadata(RootHierarchyType="N2_AMAZON_MANAGED"))
    shown = row["CertificateMetadata"]["AcmCertificateMetadata"]
    assert shown["CertificateUsage"] == "CLIENT_AND_SERVER_AUTH"


@pytest.mark.parametrize("refuses", [True, False])
def test_a_region_without_a_metadata_filter_refuses_or_ignores_it(
    cloud: Cloud, *, refuses: bool
) -> None:
    """A member that the model of a region lacks: https://smithy.io/2.0/spec/protocol-traits.html."""
    mail = cloud.certificates.add(validation_method="EMAIL")
    dns = cloud.certificates.add()
    by_email = metadata(ValidationMethod="EMAIL")
    assert found(cloud, {"And": [by_email, metadata(Status="ISSUED")]}) == {mail}
    cloud.certificates.search_filters_unknown["eu-west-1"] = {"ValidationMethod": refuses}
    if refuses:
        with pytest.raises(ClientError, match="ValidationException"):
            found(cloud, {"Not": by_email})
    else:
        assert found(cloud, by_email) == {mail, dns}
    assert found(cloud, metadata(Status="ISSUED")) == {mail, dns}


def test_a_page_is_short_unless_the_test_says_otherwise(cloud: Cloud) -> None:
    for number in range(7):
        cloud.certificates.add(domain_name=f"n{number}.example.com")
    pages = cloud.client("acm").get_paginator("search_certificates").paginate()
    assert [len(page["Results"]) for page in pages] == [3, 3, 1]
    cloud.certificates.page_size = 1000
    assert len(search(cloud, MaxResults=5)) == 5


def test_more_than_a_page_may_hold_is_refused(cloud: Cloud) -> None:
    with pytest.raises(ClientError, match="ValidationException"):
        search(cloud, MaxResults=501)


def test_statements_are_joined_and_turned_round(cloud: Cloud) -> None:
    issued = cloud.certificates.add()
    imported = cloud.certificates.add(type="IMPORTED")
    waiting = cloud.certificates.add(status="PENDING_VALIDATION")
    of_issued, of_imported = metadata(Status="ISSUED"), metadata(Type="IMPORTED")
    assert found(cloud, {"And": [of_issued, {"Not": of_imported}]}) == {issued}
    assert found(cloud, {"Or": [{"Not": of_issued}, of_imported]}) == {imported, waiting}


def test_both_ends_of_a_range_of_dates_belong_to_it(cloud: Cloud) -> None:
    ends = NOW + timedelta(days=10)
    arn = cloud.certificates.add(not_after=ends)
    cloud.certificates.add(not_after=ends + timedelta(seconds=1))
    cloud.certificates.add(status="PENDING_VALIDATION")
    between = {"NotAfter": {"Start": ends, "End": ends}}
    assert found(cloud, {"Filter": {"X509AttributeFilter": between}}) == {arn}


def test_a_result_has_only_the_status_of_the_renewal(cloud: Cloud) -> None:
    cloud.certificates.add(
        renewal_status="FAILED",
        renewal_reason="CAA_ERROR",
        in_use_by=[BALANCER],
        not_after=NOW + timedelta(days=20),
    )
    (row,) = search(cloud)
    metadata = row["CertificateMetadata"]["AcmCertificateMetadata"]
    assert (metadata["RenewalStatus"], metadata["InUse"], metadata["Status"]) == (
        "FAILED",
        True,
        "ISSUED",
    )
    assert "CAA_ERROR" not in str(row)


def test_without_a_renewal_a_result_has_no_renewal_status(cloud: Cloud) -> None:
    cloud.certificates.add()
    (row,) = search(cloud)
    assert "RenewalStatus" not in row["CertificateMetadata"]["AcmCertificateMetadata"]


def test_a_filter_that_is_not_known_here_is_an_error_and_no_answer(cloud: Cloud) -> None:
    cloud.certificates.add()
    named = {"Subject": {"CommonName": {"Value": "x", "ComparisonOperator": "EQUALS"}}}
    with pytest.raises(ClientError, match="UnfilteredError"):
        found(cloud, {"Filter": {"X509AttributeFilter": named}})
