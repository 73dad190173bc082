"""ListCertificates: pages, filters and the fields of a summary.

https://docs.aws.amazon.com/acm/latest/APIReference/API_ListCertificates.html
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.embedded_aws.cloud import Cloud
from tests.harness import authority

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
ALL_KEY_TYPES = [
    "RSA_1024",
    "RSA_2048",
    "RSA_3072",
    "RSA_4096",
    "EC_prime256v1",
    "EC_secp384r1",
    "EC_secp521r1",
]


@pytest.fixture(autouse=True)
def standing_clock(cloud: Cloud) -> None:
    cloud.now = NOW


def names(cloud: Cloud, **wanted: object) -> list[str]:
    rows = cloud.client("acm").list_certificates(**wanted)["CertificateSummaryList"]
    return [row["DomainName"] for row in rows]


def summary(cloud: Cloud, **details: Any) -> dict[str, Any]:  # noqa: ANN401 - add's keywords
    cloud.certificates.add(**details)
    wanted = {"keyTypes": ALL_KEY_TYPES}
    (row,) = cloud.client("acm").list_certificates(Includes=wanted)["CertificateSummaryList"]
    return dict(row)


def test_a_page_is_short_unless_the_test_says_otherwise(cloud: Cloud) -> None:
    """MaxItems is a maximum; a program that does not follow NextToken misses certificates."""
    for number in range(7):
        cloud.certificates.add(domain_name=f"n{number}.example.com")
    assert len(names(cloud)) == 3
    assert len(names(cloud, MaxItems=2)) == 2
    assert len(names(cloud, MaxItems=1000)) == 3
    pages = cloud.client("acm").get_paginator("list_certificates").paginate()
    assert [len(page["CertificateSummaryList"]) for page in pages] == [3, 3, 1]
    cloud.certificates.page_size = 1000
    assert len(names(cloud)) == 7


def test_a_token_that_acm_never_gave_is_refused(cloud: Cloud) -> None:
    with pytest.raises(ClientError, match="ValidationException"):
        cloud.client("acm").list_certificates(NextToken="nonsense")


def test_without_key_types_only_small_rsa_keys_are_listed(cloud: Cloud) -> None:
    """API_Filters, keyTypes: "Default filtering returns only RSA_1024 and RSA_2048"."""
    cloud.certificates.page_size = 10
    for algorithm in ALL_KEY_TYPES:
        name = f"{algorithm.lower().replace('_', '-')}.test"
        cloud.certificates.add(domain_name=name, key_algorithm=algorithm)
    assert names(cloud) == ["rsa-1024.test", "rsa-2048.test"]
    assert len(names(cloud, Includes={"keyTypes": ALL_KEY_TYPES})) == 7
    assert names(cloud, Includes={"keyTypes": ["EC_secp384r1"]}) == ["ec-secp384r1.test"]


def test_every_filter_selects(cloud: Cloud) -> None:
    cloud.certificates.page_size = 10
    cloud.certificates.add(domain_name="issued.test")
    cloud.certificates.add(domain_name="expired.test", status="EXPIRED")
    cloud.certificates.add(domain_name="exportable.test", export_option="ENABLED")
    cloud.certificates.add(domain_name="cdn.test", managed_by="CLOUDFRONT")
    cloud.certificates.add(domain_name="acme.test", key_pair_origin="ACME")
    assert names(cloud, CertificateStatuses=["EXPIRED"]) == ["expired.test"]
    assert names(cloud, Includes={"exportOption": "ENABLED"}) == ["exportable.test"]
    assert names(cloud, Includes={"managedBy": "CLOUDFRONT"}) == ["cdn.test"]
    assert len(names(cloud, Includes={"keyUsage": ["DIGITAL_SIGNATURE"]})) == 4
    assert names(cloud, Includes={"keyUsage": ["CRL_SIGNING"]}) == []
    assert names(cloud, Includes={"extendedKeyUsage": ["CODE_SIGNING"]}) == []


def test_acme_certificates_are_hidden_until_they_are_asked_for(cloud: Cloud) -> None:
    """acm-acme-issuance: ListCertificates needs CertificateKeyPairOrigins for them."""
    cloud.certificates.add(domain_name="acme.test", key_pair_origin="ACME")
    assert names(cloud) == []
    assert names(cloud, CertificateKeyPairOrigins=["ACME"]) == ["acme.test"]


def test_certificates_of_an_n2_root_are_not_listed_unless_asked_for(cloud: Cloud) -> None:
    """API reference, ListCertificates, RootHierarchyTypes."""
    cloud.certificates.add(domain_name="n2.test", root_hierarchy="N2_AMAZON_MANAGED")
    cloud.certificates.add(domain_name="cross.test", root_hierarchy="N2_SFG2_AMAZON_MANAGED")
    cloud.certificates.add(domain_name="standard.test")
    assert names(cloud) == ["standard.test"]
    assert names(cloud, RootHierarchyTypes=["N2_AMAZON_MANAGED"]) == ["n2.test"]
    both = ["N2_AMAZON_MANAGED", "N2_SFG2_AMAZON_MANAGED"]
    assert names(cloud, RootHierarchyTypes=both) == ["n2.test", "cross.test"]


@pytest.mark.parametrize("refuses", [True, False])
def test_a_region_without_a_filter_refuses_or_ignores_it(cloud: Cloud, *, refuses: bool) -> None:
    cloud.certificates.add(domain_name="n2.test", root_hierarchy="N2_AMAZON_MANAGED")
    cloud.certificates.add(domain_name="standard.test")
    cloud.certificates.filters_unknown["eu-west-1"] = {"RootHierarchyTypes": refuses}
    wanted = {"RootHierarchyTypes": ["N2_AMAZON_MANAGED"]}
    if refuses:
        with pytest.raises(ClientError, match="ValidationException"):
            names(cloud, **wanted)
    else:
        assert names(cloud, **wanted) == ["standard.test"]


def test_sorting_needs_both_its_parameters(cloud: Cloud) -> None:
    cloud.certificates.add(domain_name="new.test", created_at=NOW)
    cloud.certificates.add(domain_name="old.test", created_at=NOW - timedelta(days=9))
    assert names(cloud, SortBy="CREATED_AT", SortOrder="ASCENDING") == ["old.test", "new.test"]
    assert names(cloud, SortBy="CREATED_AT", SortOrder="DESCENDING") == ["new.test", "old.test"]
    with pytest.raises(ClientError, match="ValidationException"):
        names(cloud, SortBy="CREATED_AT")


def test_a_summary_has_the_fields_of_an_expiry_check(cloud: Cloud) -> None:
    row = summary(
        cloud,
        domain_name="example.com",
        alternative_names=["*.example.com"],
        not_before=NOW - timedelta(days=10),
        not_after=NOW + timedelta(days=100),
        in_use_by=["arn:aws:cloudfront::123456789012:distribution/E1"],
        export_option="ENABLED",
        exported=True,
    )
    assert row.pop("CertificateArn").startswith("arn:aws:acm:eu-west-1:123456789012:certificate/")
    assert row == {
        "DomainName": "example.com",
        "SubjectAlternativeNameSummaries": ["example.com", "*.example.com"],
        "HasAdditionalSubjectAlternativeNames": False,
        "Status": "ISSUED",
        "Type": "AMAZON_ISSUED",
        "KeyAlgorithm": "RSA_2048",
        "KeyUsages": ["DIGITAL_SIGNATURE", "KEY_ENCIPHERMENT"],
        "ExtendedKeyUsages": ["TLS_WEB_SERVER_AUTHENTICATION"],
        "ExportOption": "ENABLED",
        "InUse": True,
        "Exported": True,
        "RenewalEligibility": "ELIGIBLE",
        "NotBefore": NOW - timedelta(days=10),
        "NotAfter": NOW + timedelta(days=100),
        "CreatedAt": NOW - timedelta(days=10),
        "IssuedAt": NOW - timedelta(days=10),
        "CertificateKeyPairOrigin": "AWS_MANAGED",
    }


def test_a_summary_names_the_first_hundred_names(cloud: Cloud) -> None:
    row = summary(cloud, alternative_names=[f"n{n}.example.com" for n in range(150)])
    assert len(row["SubjectAlternativeNameSummaries"]) == 100
    assert row["HasAdditionalSubjectAlternativeNames"] is True


@pytest.mark.parametrize(
    ("details", "present", "absent"),
    [
        ({"status": "PENDING_VALIDATION"}, {"CreatedAt"}, {"NotAfter", "NotBefore", "IssuedAt"}),
        ({"status": "FAILED"}, {"CreatedAt"}, {"NotAfter", "IssuedAt"}),
        ({"type": "IMPORTED"}, {"ImportedAt", "NotAfter"}, {"IssuedAt"}),
        ({"status": "REVOKED"}, {"RevokedAt", "NotAfter"}, {"ImportedAt"}),
    ],
    ids=["pending", "failed", "imported", "revoked"],
)
def test_the_dates_of_a_summary_depend_on_its_state(
    cloud: Cloud, details: dict[str, str], present: set[str], absent: set[str]
) -> None:
    keys = set(summary(cloud, **details))
    assert present <= keys
    assert not absent & keys


def test_each_account_and_region_has_its_own_certificates(cloud: Cloud) -> None:
    cloud.certificates.add(domain_name="here.test")
    cloud.certificates.add(domain_name="there.test", region="us-east-1")
    cloud.certificates.add(domain_name="theirs.test", account="222222222222")
    assert names(cloud) == ["here.test"]
    other = cloud.client("acm", account="222222222222").list_certificates()
    assert [row["DomainName"] for row in other["CertificateSummaryList"]] == ["theirs.test"]


def test_thousands_of_certificates_are_listed_a_thousand_a_call(cloud: Cloud) -> None:
    cloud.certificates.page_size = 1000
    for number in range(3000):
        cloud.certificates.add(domain_name=f"n{number}.example.com", in_use_by=["arn:x"])
    pages = cloud.client("acm").get_paginator("list_certificates").paginate()
    assert sum(len(page["CertificateSummaryList"]) for page in pages) == 3000
    assert [call.operation for call in cloud.calls] == ["ListCertificates"] * 3


def test_a_request_has_no_usages_before_it_is_issued(cloud: Cloud) -> None:
    waiting = cloud.certificates.add(status="PENDING_VALIDATION")
    client = cloud.client("acm")
    described = client.describe_certificate(CertificateArn=waiting)["Certificate"]
    assert not {"KeyUsages", "ExtendedKeyUsages"} & set(described)


def test_an_import_shows_its_subject_and_one_attribute_of_its_issuer(cloud: Cloud) -> None:
    issued = authority.issue("shop.example.com", not_after=cloud.now + timedelta(days=90))
    client = cloud.client("acm")
    arn = client.import_certificate(Certificate=issued.certificate, PrivateKey=issued.private_key)[
        "CertificateArn"
    ]
    described = client.describe_certificate(CertificateArn=arn)["Certificate"]
    assert described["Issuer"] == "Corporate CA"
    assert "CN=shop.example.com" in described["Subject"]
