"""RequestCertificate and what follows it: records, issuance, time-outs.

https://docs.aws.amazon.com/acm/latest/APIReference/API_RequestCertificate.html
"""

from __future__ import annotations

import itertools
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.embedded_aws.cloud import Cloud

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def standing_clock(cloud: Cloud) -> None:
    cloud.now = NOW


def request(cloud: Cloud, name: str = "example.com", **options: object) -> str:
    options.setdefault("ValidationMethod", "DNS")
    arn = cloud.client("acm").request_certificate(DomainName=name, **options)["CertificateArn"]
    return str(arn)


def describe(cloud: Cloud, arn: str) -> dict[str, Any]:
    found: dict[str, Any] = cloud.client("acm").describe_certificate(CertificateArn=arn)
    return found["Certificate"]  # type: ignore[no-any-return]


def write_records(cloud: Cloud, zone: str, arn: str) -> None:
    for record in cloud.certificates.records(arn):
        cloud.zones.put(zone, record.name, record.type, record.value)


def refusal(cloud: Cloud, name: str = "example.com", **options: object) -> str:
    acm = cloud.client("acm", retries={"max_attempts": 0})
    with pytest.raises(ClientError) as refused:
        acm.request_certificate(DomainName=name, **options)
    return str(refused.value.response["Error"]["Code"])


def test_a_request_keeps_everything_that_was_asked_for(cloud: Cloud) -> None:
    arn = request(
        cloud,
        "Example.com",
        SubjectAlternativeNames=["*.example.com", "example.com", "Example.net"],
        KeyAlgorithm="EC_prime256v1",
        Options={"Export": "ENABLED"},
        Tags=[{"Key": "ManagedBy", "Value": "certificate-lifecycle"}],
    )
    detail = describe(cloud, arn)
    assert detail["DomainName"] == "example.com"
    assert detail["SubjectAlternativeNames"] == ["example.com", "*.example.com", "example.net"]
    assert detail["KeyAlgorithm"] == "EC_prime256v1"
    assert detail["Options"]["Export"] == "ENABLED"
    assert detail["Status"] == "PENDING_VALIDATION"
    assert detail["Type"] == "AMAZON_ISSUED"
    tags = cloud.client("acm").list_tags_for_certificate(CertificateArn=arn)["Tags"]
    assert tags == [{"Key": "ManagedBy", "Value": "certificate-lifecycle"}]


def test_a_pending_certificate_has_no_validity_and_no_date_of_issue(cloud: Cloud) -> None:
    """API_CertificateDetail: the dates exist once the certificate does."""
    detail = describe(cloud, request(cloud))
    assert {"NotBefore", "NotAfter", "IssuedAt", "Serial"} & set(detail) == set()
    assert detail["CreatedAt"] == NOW


def test_without_a_method_the_owner_is_asked_by_email(cloud: Cloud) -> None:
    """acm-conditions: a request without ValidationMethod counts as EMAIL."""
    cloud.certificates.settle_after = 0
    arn = cloud.client("acm").request_certificate(DomainName="www.example.com")["CertificateArn"]
    (row,) = describe(cloud, arn)["DomainValidationOptions"]
    assert row["ValidationMethod"] == "EMAIL"
    assert "admin@www.example.com" in row["ValidationEmails"]
    assert "ResourceRecord" not in row


def test_cloudfront_validates_by_http(cloud: Cloud) -> None:
    """API_HttpRedirect: for certificates that CloudFront asks for."""
    cloud.certificates.settle_after = 0
    arn = request(cloud, "cdn.example.com", ValidationMethod="HTTP", ManagedBy="CLOUDFRONT")
    detail = describe(cloud, arn)
    (row,) = detail["DomainValidationOptions"]
    assert detail["ManagedBy"] == "CLOUDFRONT"
    assert row["ValidationMethod"] == "HTTP"
    assert row["HttpRedirect"]["RedirectFrom"].startswith("http://cdn.example.com/.well-known/")
    assert "ResourceRecord" not in row


def test_a_private_request_is_issued_at_once_for_395_days(cloud: Cloud) -> None:
    """acm-certificate-characteristics: private certificates are valid for 395 days."""
    authority = "arn:aws:acm-pca:eu-west-1:123456789012:certificate-authority/1234"
    arn = cloud.client("acm").request_certificate(
        DomainName="db.internal", CertificateAuthorityArn=authority
    )["CertificateArn"]
    detail = describe(cloud, arn)
    assert (detail["Type"], detail["Status"]) == ("PRIVATE", "ISSUED")
    assert detail["CertificateAuthorityArn"] == authority
    assert detail["NotAfter"] - detail["NotBefore"] == timedelta(days=395)
    assert "DomainValidationOptions" not in detail


@pytest.mark.parametrize(
    ("options", "usage", "usages", "days"),
    [
        (
            {"RootHierarchyType": "N2_AMAZON_MANAGED"},
            "CLIENT_AND_SERVER_AUTH",
            ["TLS_WEB_SERVER_AUTHENTICATION", "TLS_WEB_CLIENT_AUTHENTICATION"],
            395,
        ),
        (
            {"RootHierarchyType": "N2_AMAZON_MANAGED", "CertificateUsage": "CLIENT_AUTH_ONLY"},
            "CLIENT_AUTH_ONLY",
            ["TLS_WEB_CLIENT_AUTHENTICATION"],
            395,
        ),
        (
            {"RootHierarchyType": "N2_SFG2_AMAZON_MANAGED"},
            "CLIENT_AND_SERVER_AUTH",
            ["TLS_WEB_SERVER_AUTHENTICATION", "TLS_WEB_CLIENT_AUTHENTICATION"],
            98,
        ),
    ],
    ids=["default", "client only", "cross-signed"],
)
def test_an_n2_request_keeps_its_root_and_its_usage(
    cloud: Cloud, options: dict[str, str], usage: str, usages: list[str], days: int
) -> None:
    """API_RequestCertificate, RootHierarchyType and CertificateUsage."""
    zone = cloud.zones.add("example.com")
    arn = request(cloud, **options)
    write_records(cloud, zone, arn)
    detail = describe(cloud, arn)
    assert (detail["Type"], detail["Status"]) == ("AMAZON_ISSUED", "ISSUED")
    assert detail["RootHierarchyType"] == options["RootHierarchyType"]
    assert detail["CertificateUsage"] == usage
    assert [entry["Name"] for entry in detail["ExtendedKeyUsages"]] == usages
    assert detail["NotAfter"] - detail["NotBefore"] == timedelta(days=days)


def test_a_standard_certificate_has_no_root_hierarchy(cloud: Cloud) -> None:
    assert not {"RootHierarchyType", "CertificateUsage"} & set(describe(cloud, request(cloud)))


@pytest.mark.parametrize(
    "options",
    [
        {"RootHierarchyType": "N3"},
        {"RootHierarchyType": "N2_AMAZON_MANAGED", "ValidationMethod": "EMAIL"},
        {"CertificateUsage": "CLIENT_AUTH_ONLY"},
        {"RootHierarchyType": "N2_AMAZON_MANAGED", "CertificateUsage": "SERVER_AUTH_ONLY"},
        {"RootHierarchyType": "N2_SFG2_AMAZON_MANAGED", "CertificateUsage": "CLIENT_AUTH_ONLY"},
        {
            "RootHierarchyType": "N2_AMAZON_MANAGED",
            "CertificateAuthorityArn": "arn:aws:acm-pca:eu-west-1:123456789012:"
            "certificate-authority/12345678-1234-1234-1234-123456789012",
        },
    ],
    ids=["root", "e-mail", "usage alone", "usage", "usage of the other root", "private"],
)
def test_a_wrong_n2_request_is_refused(cloud: Cloud, options: dict[str, str]) -> None:
    """API_RequestCertificate, RootHierarchyType and CertificateUsage."""
    assert refusal(cloud, **{"ValidationMethod": "DNS", **options}) == "ValidationException"


def test_an_n2_request_without_a_validation_method_is_refused(cloud: Cloud) -> None:
    assert refusal(cloud, RootHierarchyType="N2_AMAZON_MANAGED") == "ValidationException"


@pytest.mark.parametrize(
    ("name", "options", "code"),
    [
        ("Not_A..Domain", {}, "ValidationException"),
        ("a.example.com", {"IdempotencyToken": "a-b! c"}, "ValidationException"),
        ("a.example.com", {"Tags": [{"Key": "Name", "Value": "*.a"}]}, "ValidationException"),
        ("a.example.com", {"KeyAlgorithm": "RSA_4096"}, "ValidationException"),
        ("a.example.com", {"Tags": [{"Key": "aws:x", "Value": ""}]}, "InvalidTagException"),
        ("*.example.com", {"ValidationMethod": "HTTP"}, "ValidationException"),
        (f"{'a' * 60}.example.com", {}, "InvalidDomainValidationOptionsException"),
        (
            "a.example.com",
            {"SubjectAlternativeNames": [f"{n}.example.com" for n in range(10)]},
            "LimitExceededException",
        ),
        (
            "a.example.com",
            {
                "DomainValidationOptions": [
                    {"DomainName": "a.example.com", "ValidationDomain": "other.com"},
                ],
            },
            "InvalidDomainValidationOptionsException",
        ),
    ],
    ids=[
        "domain pattern",
        "token pattern",
        "tag pattern",
        "key algorithm that cannot be requested",
        "reserved tag",
        "HTTP for a wildcard",
        "common name over 64 octets",
        "more names than the quota",
        "validation domain elsewhere",
    ],
)
def test_what_acm_refuses_is_refused(
    cloud: Cloud, name: str, options: dict[str, Any], code: str
) -> None:
    assert refusal(cloud, name, **options) == code
    assert cloud.certificates.all() == []


def test_the_quota_of_names_can_be_raised(cloud: Cloud) -> None:
    """acm-limits: 10 names by default, 100 at most."""
    cloud.certificates.name_quota = 100
    arn = request(
        cloud, "a.example.com", SubjectAlternativeNames=[f"{n}.example.com" for n in range(10)]
    )
    assert len(describe(cloud, arn)["SubjectAlternativeNames"]) == 11


def test_a_token_answers_with_the_first_certificate_whatever_else_differs(cloud: Cloud) -> None:
    """API_RequestCertificate, IdempotencyToken: within one hour ACM sees one request."""
    first = request(cloud, "one.example.com", IdempotencyToken="same")
    assert request(cloud, "two.example.com", IdempotencyToken="same") == first
    cloud.advance(minutes=59)
    assert request(cloud, "three.example.com", IdempotencyToken="same") == first
    cloud.advance(minutes=1)
    assert request(cloud, "four.example.com", IdempotencyToken="same") != first


def test_a_token_is_forgotten_elsewhere_and_after_deletion(cloud: Cloud) -> None:
    first = request(cloud, IdempotencyToken="same")
    other = cloud.client("acm", region="us-east-1")
    there = other.request_certificate(DomainName="example.com", IdempotencyToken="same")
    assert there["CertificateArn"] != first
    cloud.client("acm").delete_certificate(CertificateArn=first)
    assert request(cloud, IdempotencyToken="same") != first


def test_the_validation_details_arrive_late_and_in_parts(cloud: Cloud) -> None:
    """API_DescribeCertificate: "there is a delay of several seconds" after a request."""
    arn = request(cloud, SubjectAlternativeNames=["example.net"])
    assert "DomainValidationOptions" not in describe(cloud, arn)
    partial = describe(cloud, arn)["DomainValidationOptions"]
    assert ["ResourceRecord" in row for row in partial] == [True, False]
    complete = describe(cloud, arn)["DomainValidationOptions"]
    assert all("ResourceRecord" in row for row in complete)


def test_the_delay_of_the_details_can_be_set(cloud: Cloud) -> None:
    cloud.certificates.settle_after = 0
    assert "ResourceRecord" in describe(cloud, request(cloud))["DomainValidationOptions"][0]


def test_each_domain_of_an_account_has_one_record_of_its_own(cloud: Cloud) -> None:
    """dns-validation: the record is unique to the domain and the account."""
    cloud.certificates.settle_after = 0
    arn = request(cloud, SubjectAlternativeNames=["*.example.com", "www.example.com"])
    rows = describe(cloud, arn)["DomainValidationOptions"]
    apex, wildcard, www = (row["ResourceRecord"] for row in rows)
    assert apex == wildcard
    assert www["Value"] != apex["Value"]
    assert re.fullmatch(r"_[0-9a-f]{32}\.www\.example\.com\.", www["Name"])
    assert re.fullmatch(r"_[0-9a-f]{32}\.[a-z]{10}\.acm-validations\.aws\.", www["Value"])


def test_the_record_is_the_same_in_every_region_and_another_in_another_account(
    cloud: Cloud,
) -> None:
    """dns-validation: one record serves every region, and every later certificate."""
    here = cloud.certificates.add(domain_name="example.com")
    there = cloud.certificates.add(domain_name="example.com", region="us-east-1")
    theirs = cloud.certificates.add(domain_name="example.com", account="222222222222")
    records = cloud.certificates.records
    assert records(here) == records(there)
    assert records(here) != records(theirs)


def test_a_certificate_is_issued_for_198_days_once_every_record_resolves(cloud: Cloud) -> None:
    zone, other = cloud.zones.add("example.com"), cloud.zones.add("example.net")
    arn = request(cloud, SubjectAlternativeNames=["example.net"])
    first, second = cloud.certificates.records(arn)
    cloud.zones.put(zone, first.name, first.type, first.value)
    cloud.certificates.edit(arn, describes_left=0)
    pending = describe(cloud, arn)
    assert pending["Status"] == "PENDING_VALIDATION"
    states = [row["ValidationStatus"] for row in pending["DomainValidationOptions"]]
    assert states == ["SUCCESS", "PENDING_VALIDATION"]
    cloud.zones.put(other, second.name, second.type, second.value)
    detail = describe(cloud, arn)
    assert detail["Status"] == "ISSUED"
    assert detail["NotAfter"] - detail["NotBefore"] == timedelta(days=198)
    assert detail["IssuedAt"] == NOW
    states = [row["ValidationStatus"] for row in detail["DomainValidationOptions"]]
    assert states == ["SUCCESS", "SUCCESS"]


def test_issuance_may_take_its_time(cloud: Cloud) -> None:
    cloud.certificates.issuance_delay = timedelta(minutes=30)
    arn = request(cloud)
    write_records(cloud, cloud.zones.add("example.com"), arn)
    assert describe(cloud, arn)["Status"] == "PENDING_VALIDATION"
    cloud.advance(minutes=30)
    assert describe(cloud, arn)["Status"] == "ISSUED"


def test_a_record_with_another_value_proves_nothing(cloud: Cloud) -> None:
    zone, arn = cloud.zones.add("example.com"), request(cloud)
    (record,) = cloud.certificates.records(arn)
    cloud.zones.put(zone, record.name, record.type, "_other.acm-validations.aws.")
    assert describe(cloud, arn)["Status"] == "PENDING_VALIDATION"


def test_a_private_zone_proves_nothing(cloud: Cloud) -> None:
    """troubleshooting-DNS-validation: ACM looks in public DNS only."""
    arn = request(cloud)
    write_records(cloud, cloud.zones.add("example.com", private=True), arn)
    assert describe(cloud, arn)["Status"] == "PENDING_VALIDATION"


def test_an_undelegated_zone_proves_nothing(cloud: Cloud) -> None:
    arn = request(cloud)
    write_records(cloud, cloud.zones.add("example.com", delegated=False), arn)
    assert describe(cloud, arn)["Status"] == "PENDING_VALIDATION"


def test_a_parent_proves_nothing_about_names_that_it_delegated_away(cloud: Cloud) -> None:
    parent, child = cloud.zones.add("example.com"), cloud.zones.add("shop.example.com")
    arn = request(cloud, "www.shop.example.com")
    write_records(cloud, parent, arn)
    assert describe(cloud, arn)["Status"] == "PENDING_VALIDATION"
    write_records(cloud, child, arn)
    assert describe(cloud, arn)["Status"] == "ISSUED"


@pytest.mark.parametrize(
    ("weights", "status"),
    [
        ({"{0}": 1, "{1}": 1}, "ISSUED"),
        ({"{0}": 1, "other.example.": 1}, "PENDING_VALIDATION"),
        ({"{0}": 1, "other.example.": 0}, "ISSUED"),
    ],
)
def test_every_answer_has_to_be_the_value_with_or_without_its_underscore(
    cloud: Cloud, weights: dict[str, int], status: str
) -> None:
    """troubleshooting-DNS-validation; ACM asks from several places, which may get any answer."""
    zone, arn = cloud.zones.add("example.com"), request(cloud)
    (record,) = cloud.certificates.records(arn)
    forms = (record.value, record.value.removeprefix("_"))
    values = {value.format(*forms): weight for value, weight in weights.items()}
    cloud.zones.put_weighted(zone, record.name, values)
    assert describe(cloud, arn)["Status"] == status


def test_cnames_are_followed_up_to_five_times(cloud: Cloud) -> None:
    zone, arn = cloud.zones.add("example.com"), request(cloud)
    (record,) = cloud.certificates.records(arn)
    names = [record.name, *(f"{number}.example.com" for number in range(5))]
    for name, following in itertools.pairwise(names):
        cloud.zones.put(zone, name, "CNAME", following)
    cloud.zones.put(zone, names[-1], "CNAME", record.value)
    assert describe(cloud, arn)["Status"] == "PENDING_VALIDATION"
    cloud.zones.put(zone, names[-2], "CNAME", record.value)
    assert describe(cloud, arn)["Status"] == "ISSUED"


def test_a_zone_of_another_account_also_validates(cloud: Cloud) -> None:
    arn = request(cloud)
    write_records(cloud, cloud.zones.add("example.com", account="222222222222"), arn)
    assert describe(cloud, arn)["Status"] == "ISSUED"


@pytest.mark.parametrize(
    ("value", "status"),
    [
        ('0 issue "amazon.com"', "ISSUED"),
        ('0 issue "letsencrypt.org"', "FAILED"),
        ('0 issue ";"', "FAILED"),
        ('0 iodef "mailto:security@example.com"', "ISSUED"),
    ],
)
def test_a_caa_record_decides_whether_amazon_may_issue(
    cloud: Cloud, value: str, status: str
) -> None:
    """setup-caa, troubleshooting-caa: one of four Amazon names, or CAA_ERROR."""
    zone = cloud.zones.add("example.com")
    cloud.zones.put(zone, "example.com", "CAA", value)
    arn = request(cloud, "www.example.com")
    write_records(cloud, zone, arn)
    detail = describe(cloud, arn)
    assert detail["Status"] == status
    assert detail.get("FailureReason") == ("CAA_ERROR" if status == "FAILED" else None)


def test_a_wildcard_obeys_issuewild_where_it_stands_and_issue_elsewhere(cloud: Cloud) -> None:
    """setup-caa: wildcards obey issuewild if present."""
    zone = cloud.zones.add("example.com")
    rules = ['0 issue "letsencrypt.org"', '0 issuewild "amazontrust.com"']
    cloud.zones.put(zone, "example.com", "CAA", *rules)
    assert not cloud.zones.forbids_amazon("*.example.com")
    assert cloud.zones.forbids_amazon("example.com")
    cloud.zones.put(zone, "shop.example.com", "CAA", '0 issue "amazonaws.com"')
    assert not cloud.zones.forbids_amazon("www.shop.example.com")


def test_an_email_request_is_issued_when_its_owner_agrees(cloud: Cloud) -> None:
    arn = request(cloud, ValidationMethod="EMAIL")
    write_records(cloud, cloud.zones.add("example.com"), arn)
    assert describe(cloud, arn)["Status"] == "PENDING_VALIDATION"
    cloud.certificates.approve(arn)
    assert describe(cloud, arn)["Status"] == "ISSUED"


def test_a_request_times_out_after_72_hours(cloud: Cloud) -> None:
    """troubleshooting-timed-out: ACM stops trying after 72 hours."""
    arn = request(cloud)
    cloud.advance(hours=72, seconds=-1)
    assert describe(cloud, arn)["Status"] == "PENDING_VALIDATION"
    cloud.advance(seconds=1)
    detail = describe(cloud, arn)
    assert detail["Status"] == "VALIDATION_TIMED_OUT"
    assert detail["DomainValidationOptions"][0]["ValidationStatus"] == "FAILED"
    write_records(cloud, cloud.zones.add("example.com"), arn)
    assert describe(cloud, arn)["Status"] == "VALIDATION_TIMED_OUT"


def test_an_issued_certificate_expires_with_the_clock(cloud: Cloud) -> None:
    arn = cloud.certificates.add(not_after=NOW + timedelta(days=1), renews=False)
    assert describe(cloud, arn)["Status"] == "ISSUED"
    cloud.advance(days=1)
    assert describe(cloud, arn)["Status"] == "EXPIRED"
