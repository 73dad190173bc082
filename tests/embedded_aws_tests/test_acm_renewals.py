"""Managed renewal, use, and what may be done to an existing certificate.

https://docs.aws.amazon.com/acm/latest/userguide/managed-renewal.html
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.embedded_aws.cloud import Cloud

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
USER = ["arn:aws:cloudfront::123456789012:distribution/E1"]


@pytest.fixture(autouse=True)
def standing_clock(cloud: Cloud) -> None:
    cloud.now = NOW


def describe(cloud: Cloud, arn: str) -> dict[str, Any]:
    found: dict[str, Any] = cloud.client("acm").describe_certificate(CertificateArn=arn)
    return found["Certificate"]  # type: ignore[no-any-return]


def renewal(cloud: Cloud, arn: str) -> str | None:
    status = describe(cloud, arn).get("RenewalSummary", {}).get("RenewalStatus")
    return str(status) if status else None


def write_records(cloud: Cloud, arn: str) -> str:
    zone = cloud.zones.add("example.com")
    for record in cloud.certificates.records(arn):
        cloud.zones.put(zone, record.name, record.type, record.value)
    return zone


def refused(cloud: Cloud, operation: str, **parameters: object) -> str:
    with pytest.raises(ClientError) as error:
        getattr(cloud.client("acm"), operation)(**parameters)
    return str(error.value.response["Error"]["Code"])


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        ({}, "INELIGIBLE"),
        ({"in_use_by": USER}, "ELIGIBLE"),
        ({"exported": True}, "ELIGIBLE"),
        ({"type": "PRIVATE", "in_use_by": USER}, "ELIGIBLE"),
        ({"type": "IMPORTED", "in_use_by": USER}, "INELIGIBLE"),
        ({"status": "EXPIRED", "in_use_by": USER}, "INELIGIBLE"),
        ({"status": "PENDING_VALIDATION", "in_use_by": USER}, "INELIGIBLE"),
        ({"key_pair_origin": "ACME", "in_use_by": USER}, "INELIGIBLE"),
        ({"eligibility": "ELIGIBLE"}, "ELIGIBLE"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else None,
)
def test_only_a_managed_certificate_in_use_is_eligible(
    cloud: Cloud, details: dict[str, Any], expected: str
) -> None:
    """managed-renewal: in use by a service, or exported since it was issued or last renewed."""
    arn = cloud.certificates.add(**details)
    assert describe(cloud, arn)["RenewalEligibility"] == expected


def test_a_public_certificate_of_395_days_is_renewed_60_days_before_its_end(cloud: Cloud) -> None:
    """managed-renewal; the longest lifetime of an Amazon N2 certificate."""
    arn = cloud.certificates.add(
        root_hierarchy="N2_AMAZON_MANAGED", not_after=NOW + timedelta(days=61), in_use_by=USER
    )
    write_records(cloud, arn)
    assert renewal(cloud, arn) is None
    cloud.advance(days=1)
    assert renewal(cloud, arn) == "PENDING_AUTO_RENEWAL"


def test_a_healthy_certificate_is_renewed_under_its_own_arn(cloud: Cloud) -> None:
    """dns-renewal-validation: renewal starts 45 days before expiry."""
    arn = cloud.certificates.add(not_after=NOW + timedelta(days=46), in_use_by=USER)
    write_records(cloud, arn)
    before = describe(cloud, arn)
    assert "RenewalSummary" not in before
    cloud.advance(days=1)
    assert renewal(cloud, arn) == "PENDING_AUTO_RENEWAL"
    cloud.advance(days=1)
    after = describe(cloud, arn)
    assert after["RenewalSummary"]["RenewalStatus"] == "SUCCESS"
    assert after["NotBefore"] == NOW + timedelta(days=2)
    assert after["NotAfter"] - after["NotBefore"] == timedelta(days=198)
    assert after["Serial"] != before["Serial"]


def test_a_private_certificate_is_renewed_60_days_before_its_end(cloud: Cloud) -> None:
    """renew-private-cert: 60 days, and nothing to validate."""
    arn = cloud.certificates.add(type="PRIVATE", not_after=NOW + timedelta(days=60), in_use_by=USER)
    assert renewal(cloud, arn) == "PENDING_AUTO_RENEWAL"
    cloud.advance(days=1)
    detail = describe(cloud, arn)
    assert detail["RenewalSummary"]["RenewalStatus"] == "SUCCESS"
    assert detail["NotAfter"] == cloud.now + timedelta(days=395)


def test_a_certificate_is_renewed_again_and_again(cloud: Cloud) -> None:
    arn = cloud.certificates.add(not_after=NOW + timedelta(days=50), in_use_by=USER)
    write_records(cloud, arn)
    serials = set()
    for _ in range(400):
        cloud.advance(days=1)
        detail = describe(cloud, arn)
        serials.add(detail["Serial"])
        assert detail["Status"] == "ISSUED"
    assert len(serials) == 4


@pytest.mark.parametrize(
    "details",
    [
        {},
        {"type": "IMPORTED", "in_use_by": USER},
        {"in_use_by": USER, "renews": False},
    ],
    ids=["unused", "imported", "held back by the test"],
)
def test_an_ineligible_certificate_is_not_renewed(cloud: Cloud, details: dict[str, Any]) -> None:
    arn = cloud.certificates.add(not_after=NOW + timedelta(days=10), **details)
    write_records(cloud, arn)
    cloud.advance(days=5)
    assert renewal(cloud, arn) is None
    cloud.advance(days=5)
    assert describe(cloud, arn)["Status"] == "EXPIRED"


def test_managed_renewal_can_be_switched_off(cloud: Cloud) -> None:
    cloud.certificates.managed_renewal = False
    arn = cloud.certificates.add(not_after=NOW + timedelta(days=10), in_use_by=USER)
    assert renewal(cloud, arn) is None


def test_a_renewal_without_its_record_waits_for_it_and_then_succeeds(cloud: Cloud) -> None:
    """dns-renewal-validation: ACM renews once the record resolves again, hours later."""
    arn = cloud.certificates.add(
        alternative_names=["www.example.com"],
        not_after=NOW + timedelta(days=30),
        in_use_by=USER,
    )
    cloud.zones.add("example.com")
    summary = describe(cloud, arn)["RenewalSummary"]
    assert summary["RenewalStatus"] == "PENDING_VALIDATION"
    rows = summary["DomainValidationOptions"]
    assert [row["ValidationStatus"] for row in rows] == ["PENDING_VALIDATION"] * 2
    assert rows[1]["ResourceRecord"]["Name"].endswith(".www.example.com.")
    (zone,) = cloud.zones.all()
    for record in cloud.certificates.records(arn):
        cloud.zones.put(zone.zone_id, record.name, record.type, record.value)
    assert renewal(cloud, arn) == "PENDING_VALIDATION"
    cloud.advance(minutes=59)
    assert renewal(cloud, arn) == "PENDING_VALIDATION"
    cloud.advance(minutes=1)
    assert renewal(cloud, arn) == "SUCCESS"


def test_a_caa_record_holds_a_renewal_back_although_the_cname_is_right(cloud: Cloud) -> None:
    arn = cloud.certificates.add(not_after=NOW + timedelta(days=30), in_use_by=USER)
    zone = write_records(cloud, arn)
    cloud.zones.put(zone, "example.com", "CAA", '0 issue "letsencrypt.org"')
    summary = describe(cloud, arn)["RenewalSummary"]
    assert summary["RenewalStatus"] == "PENDING_VALIDATION"
    assert summary["RenewalStatusReason"] == "CAA_ERROR"
    cloud.zones.remove(zone, "example.com", "CAA")
    describe(cloud, arn)
    cloud.advance(hours=1)
    assert renewal(cloud, arn) == "SUCCESS"


def test_an_email_renewal_waits_for_its_owner(cloud: Cloud) -> None:
    """email-renewal-validation: a link to click, 45 days before expiry."""
    arn = cloud.certificates.add(
        validation_method="EMAIL", not_after=NOW + timedelta(days=30), in_use_by=USER
    )
    write_records(cloud, arn)
    assert renewal(cloud, arn) == "PENDING_VALIDATION"
    cloud.certificates.approve(arn)
    describe(cloud, arn)
    cloud.advance(hours=1)
    assert renewal(cloud, arn) == "SUCCESS"


def test_a_seeded_renewal_keeps_its_state_until_its_records_resolve(cloud: Cloud) -> None:
    arn = cloud.certificates.add(
        alternative_names=["www.example.com"],
        not_after=NOW + timedelta(days=20),
        in_use_by=USER,
        renewal_status="PENDING_VALIDATION",
        renewal_reason="CAA_ERROR",
        validation_states={"example.com": "SUCCESS"},
    )
    cloud.advance(days=2)
    summary = describe(cloud, arn)["RenewalSummary"]
    assert summary["RenewalStatus"] == "PENDING_VALIDATION"
    assert summary["RenewalStatusReason"] == "CAA_ERROR"
    assert summary["UpdatedAt"] == NOW
    states = [row["ValidationStatus"] for row in summary["DomainValidationOptions"]]
    assert states == ["SUCCESS", "PENDING_VALIDATION"]
    write_records(cloud, arn)
    describe(cloud, arn)
    cloud.advance(hours=1)
    assert renewal(cloud, arn) == "SUCCESS"


@pytest.mark.parametrize("status", ["PENDING_AUTO_RENEWAL", "FAILED", "SUCCESS"])
def test_any_renewal_can_be_seeded_and_edited(cloud: Cloud, status: str) -> None:
    arn = cloud.certificates.add(not_after=NOW + timedelta(days=20), in_use_by=USER)
    cloud.certificates.edit(arn, renewal_status=status, key_algorithm="EC_prime256v1")
    assert renewal(cloud, arn) == status
    assert describe(cloud, arn)["KeyAlgorithm"] == "EC_prime256v1"
    with pytest.raises(TypeError, match="colour"):
        cloud.certificates.edit(arn, colour="blue")


def test_a_used_certificate_cannot_be_deleted(cloud: Cloud) -> None:
    """API_DeleteCertificate: ResourceInUseException."""
    arn = cloud.certificates.add(in_use_by=USER)
    assert refused(cloud, "delete_certificate", CertificateArn=arn) == "ResourceInUseException"
    cloud.certificates.edit(arn, in_use_by=[])
    cloud.client("acm").delete_certificate(CertificateArn=arn)
    assert refused(cloud, "describe_certificate", CertificateArn=arn) == "ResourceNotFoundException"


def test_a_listener_makes_its_load_balancer_a_user(cloud: Cloud) -> None:
    """API_CertificateDetail, InUseBy: the load balancer's ARN, default and SNI alike."""
    default, sni = cloud.certificates.add(), cloud.certificates.add(domain_name="sni.example.com")
    elb, ec2 = cloud.client("elbv2"), cloud.client("ec2")
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    subnets = [subnet["SubnetId"] for subnet in ec2.describe_subnets()["Subnets"]][:2]
    (balancer,) = elb.create_load_balancer(Name="web", Subnets=subnets)["LoadBalancers"]
    (group,) = elb.create_target_group(Name="web", Protocol="HTTP", Port=80, VpcId=vpc)[
        "TargetGroups"
    ]
    (listener,) = elb.create_listener(
        LoadBalancerArn=balancer["LoadBalancerArn"],
        Protocol="HTTPS",
        Port=443,
        Certificates=[{"CertificateArn": default}],
        DefaultActions=[{"Type": "forward", "TargetGroupArn": group["TargetGroupArn"]}],
    )["Listeners"]
    elb.add_listener_certificates(
        ListenerArn=listener["ListenerArn"], Certificates=[{"CertificateArn": sni}]
    )
    for arn in (default, sni):
        assert describe(cloud, arn)["InUseBy"] == [balancer["LoadBalancerArn"]]
    elb.remove_listener_certificates(
        ListenerArn=listener["ListenerArn"], Certificates=[{"CertificateArn": sni}]
    )
    assert describe(cloud, sni)["InUseBy"] == []


def test_the_validation_email_is_sent_again_while_it_is_awaited(cloud: Cloud) -> None:
    """API_ResendValidationEmail: Domain in the certificate, ValidationDomain at or above it."""
    arn = cloud.certificates.add(
        domain_name="www.example.com",
        validation_method="EMAIL",
        not_after=NOW + timedelta(days=20),
        in_use_by=USER,
        renewal_status="PENDING_VALIDATION",
    )
    wanted = {"CertificateArn": arn, "Domain": "www.example.com"}
    cloud.client("acm").resend_validation_email(**wanted, ValidationDomain="example.com")
    assert cloud.certificates.emails == [(arn, "www.example.com", "example.com")]
    code = refused(cloud, "resend_validation_email", **wanted, ValidationDomain="other.com")
    assert code == "InvalidDomainValidationOptionsException"
    wanted["Domain"] = "api.example.com"
    code = refused(cloud, "resend_validation_email", **wanted, ValidationDomain="example.com")
    assert code == "ValidationException"


@pytest.mark.parametrize(
    "details",
    [{"validation_method": "EMAIL"}, {"status": "PENDING_VALIDATION"}, {"type": "IMPORTED"}],
    ids=["nothing pending", "validated by DNS", "imported"],
)
def test_no_email_is_sent_where_none_is_awaited(cloud: Cloud, details: dict[str, Any]) -> None:
    arn = cloud.certificates.add(**details)
    wanted = {"CertificateArn": arn, "Domain": "example.com", "ValidationDomain": "example.com"}
    assert refused(cloud, "resend_validation_email", **wanted) == "InvalidStateException"
    assert cloud.certificates.emails == []


def test_email_validation_migrates_to_dns_under_the_same_arn(cloud: Cloud) -> None:
    """email-to-dns-migration: the records come from ListCertificateDomainValidations."""
    acm = cloud.client("acm")
    arn = cloud.certificates.add(validation_method="EMAIL", in_use_by=USER)
    options = {"CertificateArn": arn, "Options": {"ValidationMethod": "DNS"}}
    acm.update_certificate_options(**options)
    assert describe(cloud, arn)["UpdateSummary"]["Status"] == "PENDING_DOMAIN_VALIDATION"
    assert refused(cloud, "update_certificate_options", **options) == "ConflictException"
    (row,) = acm.list_certificate_domain_validations(CertificateArn=arn)[
        "DomainValidationSummaryList"
    ]
    assert row["ActiveValidationConfiguration"]["ValidationMethod"] == "EMAIL"
    asked = row["RequestedValidationConfiguration"]
    record = asked["ValidationChallenge"]["DnsValidationChallenge"]["ResourceRecord"]
    cloud.zones.put(cloud.zones.add("example.com"), record["Name"], "CNAME", record["Value"])
    assert describe(cloud, arn)["UpdateSummary"]["Status"] == "SUCCESS"
    (row,) = acm.list_certificate_domain_validations(CertificateArn=arn)[
        "DomainValidationSummaryList"
    ]
    assert row["ActiveValidationConfiguration"]["ValidationMethod"] == "DNS"
    assert "RequestedValidationConfiguration" not in row
    # "Information about the initial validation" (API reference, CertificateDetail).
    (initial,) = describe(cloud, arn)["DomainValidationOptions"]
    assert (initial["ValidationMethod"], "ResourceRecord" in initial) == ("EMAIL", False)


def test_only_an_issued_email_certificate_migrates(cloud: Cloud) -> None:
    dns = cloud.certificates.add()
    pending = cloud.certificates.add(status="PENDING_VALIDATION", validation_method="EMAIL")
    options = {"Options": {"ValidationMethod": "DNS"}}
    code = refused(cloud, "update_certificate_options", CertificateArn=dns, **options)
    assert code == "ValidationException"
    for status in ("PENDING_VALIDATION", "EXPIRED", "REVOKED", "INACTIVE"):
        cloud.certificates.edit(pending, status=status)
        code = refused(cloud, "update_certificate_options", CertificateArn=pending, **options)
        assert code == "InvalidStateException"


def test_whether_a_certificate_can_be_exported_is_settled_at_its_request(cloud: Cloud) -> None:
    """API_CertificateOptions: Export cannot be updated after creation."""
    arn = cloud.certificates.add(export_option="DISABLED")
    options: dict[str, object] = {"CertificateArn": arn, "Options": {"Export": "ENABLED"}}
    assert refused(cloud, "update_certificate_options", **options) == "ValidationException"


def test_only_an_exported_certificate_is_renewed_on_demand(cloud: Cloud) -> None:
    """force-certificate-renewal: only certificates that have been exported."""
    arn = cloud.certificates.add(in_use_by=USER)
    assert refused(cloud, "renew_certificate", CertificateArn=arn) == "ValidationException"
    cloud.certificates.edit(arn, exported=True)
    cloud.client("acm").renew_certificate(CertificateArn=arn)
    code = refused(cloud, "renew_certificate", CertificateArn=arn)
    assert code == "RequestInProgressException"


def test_tags_are_added_removed_and_limited(cloud: Cloud) -> None:
    acm, arn = cloud.client("acm"), cloud.certificates.add(tags={"a": "1"})
    acm.add_tags_to_certificate(CertificateArn=arn, Tags=[{"Key": "b", "Value": "2"}])
    acm.remove_tags_from_certificate(CertificateArn=arn, Tags=[{"Key": "a", "Value": "other"}])
    assert cloud.certificates.get(arn).tags == {"a": "1", "b": "2"}
    acm.remove_tags_from_certificate(CertificateArn=arn, Tags=[{"Key": "a"}])
    assert cloud.certificates.get(arn).tags == {"b": "2"}
    many = [{"Key": f"k{n}", "Value": ""} for n in range(50)]
    code = refused(cloud, "add_tags_to_certificate", CertificateArn=arn, Tags=many)
    assert code == "TooManyTagsException"


@pytest.mark.parametrize(
    ("arn", "code"),
    [
        ("arn:aws:acm:eu-west-1:123456789012:certificate/none", "ResourceNotFoundException"),
        ("arn:aws:acm:eu-west-1:123456789012:thing/none", "InvalidArnException"),
    ],
)
def test_an_unknown_certificate_and_a_wrong_arn_have_different_errors(
    cloud: Cloud, arn: str, code: str
) -> None:
    assert refused(cloud, "describe_certificate", CertificateArn=arn) == code
