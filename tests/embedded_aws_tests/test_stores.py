"""IAM's server certificates and private CAs, as the embedded AWS shows them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from cryptography import x509

from tests.embedded_aws.cloud import Cloud
from tests.harness import authority

ENDS = datetime(2027, 1, 1, tzinfo=UTC)


def test_server_certificates_are_listed_by_page_with_their_own_end(cloud: Cloud) -> None:
    for number in range(3):
        cloud.server_certificates.add(f"n{number}", "a.example.com", not_after=ENDS)
    pages = list(cloud.client("iam").get_paginator("list_server_certificates").paginate())
    rows = [row for page in pages for row in page["ServerCertificateMetadataList"]]
    assert len(pages) == 2
    assert [row["Expiration"] for row in rows] == [ENDS] * 3
    assert rows[0]["Arn"] == "arn:aws:iam::123456789012:server-certificate/n0"


def test_a_server_certificate_is_read_with_its_body_and_without_a_key(cloud: Cloud) -> None:
    cloud.server_certificates.add("shop", "a.example.com", not_after=ENDS)
    found = cloud.client("iam").get_server_certificate(ServerCertificateName="shop")
    assert found["ServerCertificate"]["CertificateBody"].startswith("-----BEGIN CERTIFICATE-----")
    assert "PrivateKey" not in str(found)


def test_each_account_has_server_certificates_of_its_own(cloud: Cloud) -> None:
    cloud.server_certificates.add("shop", "a.example.com", not_after=ENDS, account="222222222222")
    with pytest.raises(ClientError, match="NoSuchEntity"):
        cloud.client("iam").get_server_certificate(ServerCertificateName="shop")


def test_private_cas_are_listed_by_page_where_they_are(cloud: Cloud) -> None:
    for _ in range(3):
        cloud.authorities.add(not_after=ENDS)
    cloud.authorities.add(not_after=ENDS, region="us-east-1")
    pages = cloud.client("acm-pca").get_paginator("list_certificate_authorities").paginate()
    assert [len(page["CertificateAuthorities"]) for page in pages] == [2, 1]


def test_permissions_say_what_acm_may_do(cloud: Cloud) -> None:
    arn = cloud.authorities.add(not_after=ENDS + timedelta(days=1))
    (granted,) = cloud.client("acm-pca").list_permissions(CertificateAuthorityArn=arn)[
        "Permissions"
    ]
    assert granted["Principal"] == "acm.amazonaws.com"
    assert set(granted["Actions"]) == {"IssueCertificate", "GetCertificate", "ListPermissions"}


def test_a_private_ca_that_does_not_exist_has_no_permissions(cloud: Cloud) -> None:
    arn = cloud.authorities.add(not_after=ENDS, account="222222222222")
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        cloud.client("acm-pca").list_permissions(CertificateAuthorityArn=arn)


def test_the_certificate_of_a_private_ca_has_its_name_constraints(cloud: Cloud) -> None:
    root = authority.chain()
    arn = cloud.authorities.add("Shop CA", not_after=ENDS)
    cloud.authorities.certify(arn, permitted=["corp.example"], chain=root)
    found = cloud.client("acm-pca").get_certificate_authority_certificate(
        CertificateAuthorityArn=arn
    )
    own = x509.load_pem_x509_certificate(found["Certificate"].encode())
    constraints = own.extensions.get_extension_for_class(x509.NameConstraints)
    assert constraints.critical
    assert constraints.value.permitted_subtrees == [x509.DNSName("corp.example")]
    assert own.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert (own.not_valid_after_utc, found["CertificateChain"]) == (ENDS, root)


def test_a_root_ca_has_no_chain(cloud: Cloud) -> None:
    arn = cloud.authorities.add(not_after=ENDS)
    found = cloud.client("acm-pca").get_certificate_authority_certificate(
        CertificateAuthorityArn=arn
    )
    assert "CertificateChain" not in found


@pytest.mark.parametrize(
    ("details", "code"),
    [
        ({"status": "DELETED"}, "InvalidStateException"),
        ({"status": "PENDING_CERTIFICATE"}, "InvalidStateException"),
        ({"account": "222222222222"}, "ResourceNotFoundException"),
        ({"region": "us-east-1"}, "ResourceNotFoundException"),
    ],
    ids=str,
)
def test_a_private_ca_without_a_certificate_or_out_of_sight_refuses(
    cloud: Cloud, details: dict[str, Any], code: str
) -> None:
    arn = cloud.authorities.add(not_after=ENDS, **details)
    with pytest.raises(ClientError, match=code):
        cloud.client("acm-pca").get_certificate_authority_certificate(CertificateAuthorityArn=arn)


def test_a_shared_private_ca_is_visible_to_the_account_it_is_shared_with(cloud: Cloud) -> None:
    arn = cloud.authorities.add(not_after=ENDS, account="222222222222")
    cloud.authorities.share(arn, "123456789012")
    found = cloud.client("acm-pca").get_certificate_authority_certificate(
        CertificateAuthorityArn=arn
    )
    assert found["Certificate"].startswith("-----BEGIN CERTIFICATE-----")
