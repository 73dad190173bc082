"""Certificates outside ACM, and those that ACM hides by default."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from certificate_lifecycle.model.errors import RotationError
from tests.embedded_aws.cloud import Cloud
from tests.integration.effects import USED, ending_in
from tests.integration.invocation import NOW, Function, scheduled

pytestmark = pytest.mark.integration

MEMBER = "222222222222"
SOON, LATER = NOW + timedelta(days=20), NOW + timedelta(days=200)


def finding(found: dict[str, Any]) -> dict[str, Any]:
    (one,) = found["findings"]
    return dict(one)


# --- IAM ----------------------------------------------------------------------------------------


def test_a_server_certificate_that_ends_soon_is_found_with_the_names_that_it_serves(
    rotation: Function, cloud: Cloud
) -> None:
    """Bug 53."""
    arn = cloud.server_certificates.add("old-shop", "shop.example.com", "a.com", not_after=SOON)
    found = finding(rotation(scheduled(NOW)))
    assert (found["certificate_arn"], found["region"]) == (arn, "global")
    assert (found["verdict"], found["reason"], found["action"]) == (
        "ImportDue",
        "ServerCertificateExpiring",
        "MoveToAcm",
    )
    assert [found["domain_name"], *found["alternative_names"]] == ["shop.example.com", "a.com"]
    assert found["type"] == "IAM_SERVER_CERTIFICATE"


def test_the_message_says_what_to_do_with_it(rotation: Function, cloud: Cloud, topic: str) -> None:
    cloud.server_certificates.add("old-shop", "shop.example.com", not_after=SOON)
    rotation(scheduled(NOW))
    (message,) = cloud.topics.messages(topic)
    text = " ".join(message.to("email").replace("| ", "").split())
    assert (
        "It is an IAM server certificate, which cannot be renewed, and expires in 20 days" in text
    )
    assert "STEPS A Import a successor into ACM and move the consumers to it." in text
    assert "arn:aws:iam::123456789012:server-certificate/old-shop" in message.to("sqs")


def test_one_that_is_far_from_its_end_costs_its_listing_alone(
    rotation: Function, cloud: Cloud
) -> None:
    for number in range(5):
        cloud.server_certificates.add(f"n{number}", "a.example.com", not_after=LATER)
    found = rotation(scheduled(NOW))
    assert found["counts"] == {"Healthy": 5}
    assert Counter(rotation.operations) == {
        "ListAcmeEndpoints": 1,
        "ListCertificates": 2,
        "ListServerCertificates": 3,
        "GetParametersByPath": 1,
        "GetTopicAttributes": 1,
    }


def test_each_account_is_asked_once_whatever_its_regions(
    rotation: Function, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    member = {"account_id": MEMBER, "role_name": "certificates", "external_id": "x-1"}
    environment.setenv("REGIONS", '["eu-west-1", "us-east-1", "sa-east-1"]')
    environment.setenv("ACCOUNTS", json.dumps([member]))
    arns = {
        cloud.server_certificates.add("shop", "a.example.com", not_after=SOON, account=account)
        for account in ("123456789012", MEMBER)
    }
    found = rotation(scheduled(NOW))
    assert {entry["certificate_arn"] for entry in found["findings"]} == arns
    listings = [c for c in rotation.calls if c.operation == "ListServerCertificates"]
    assert sorted(call.account for call in listings) == ["123456789012", MEMBER]


def test_a_body_that_cannot_be_read_is_no_reason_to_be_silent(
    rotation: Function, cloud: Cloud
) -> None:
    cloud.server_certificates.add("odd", "a.example.com", not_after=SOON, body="no certificate")
    found = finding(rotation(scheduled(NOW)))
    assert (found["domain_name"], found["verdict"]) == ("odd", "ImportDue")


def test_one_that_was_deleted_meanwhile_is_no_finding(rotation: Function, cloud: Cloud) -> None:
    cloud.server_certificates.add("gone", "a.example.com", not_after=SOON)
    cloud.fail("iam", "GetServerCertificate", "NoSuchEntity", status=404)
    assert rotation(scheduled(NOW))["findings"] == []


def test_certificates_by_name_are_in_acm(rotation: Function, cloud: Cloud) -> None:
    cloud.server_certificates.add("old-shop", "shop.example.com", not_after=SOON)
    arn = cloud.certificates.add(**USED, **ending_in(cloud, 150))
    rotation({"certificate_arns": [arn]})
    assert "ListServerCertificates" not in rotation.operations


# --- Private CAs --------------------------------------------------------------------------------


@pytest.fixture
def private(cloud: Cloud) -> str:
    """Create a certificate that ACM renews from a private CA."""
    return cloud.certificates.add(type="PRIVATE", **USED, **ending_in(cloud, 200, lifetime=395))


@pytest.mark.usefixtures("private")
def test_a_private_ca_that_ends_before_what_it_issues_is_found(
    rotation: Function, cloud: Cloud
) -> None:
    arn = cloud.authorities.add("Shop CA", not_after=NOW + timedelta(days=300))
    found = finding(rotation(scheduled(NOW)))
    assert (found["certificate_arn"], found["domain_name"]) == (arn, "Shop CA")
    assert (found["verdict"], found["reason"]) == ("AuthorityExpiring", "AuthorityExpiresTooSoon")


@pytest.mark.usefixtures("private")
@pytest.mark.parametrize("granted", [(), ("IssueCertificate", "GetCertificate")], ids=str)
def test_a_private_ca_that_does_not_let_acm_issue_is_found(
    rotation: Function, cloud: Cloud, granted: tuple[str, ...]
) -> None:
    cloud.authorities.add(not_after=NOW + timedelta(days=3000), permissions=granted)
    found = finding(rotation(scheduled(NOW)))
    assert found["verdict"] == "AuthorityPermissionMissing"
    assert found["action"] == "FixAuthority"


@pytest.mark.usefixtures("private")
@pytest.mark.parametrize(
    "details",
    [{}, {"usage_mode": "SHORT_LIVED_CERTIFICATE", "permissions": ()}, {"status": "DELETED"}],
    ids=str,
)
def test_a_private_ca_that_is_well_or_not_for_acm_is_no_finding(
    rotation: Function, cloud: Cloud, details: dict[str, Any]
) -> None:
    for _ in range(3):
        cloud.authorities.add(not_after=NOW + timedelta(days=3000), **details)
    assert rotation(scheduled(NOW))["findings"] == []


@pytest.mark.usefixtures("private")
def test_a_private_ca_that_is_disabled_is_found(rotation: Function, cloud: Cloud) -> None:
    cloud.authorities.add(not_after=NOW + timedelta(days=3000), status="DISABLED")
    assert finding(rotation(scheduled(NOW)))["reason"] == "AuthorityInvalidState"


def test_private_cas_are_not_listed_if_acm_renews_from_none(
    rotation: Function, cloud: Cloud
) -> None:
    cloud.authorities.add(not_after=SOON)
    cloud.certificates.add(**USED, **ending_in(cloud, 150))
    assert rotation(scheduled(NOW))["findings"] == []
    assert "ListCertificateAuthorities" not in rotation.operations


# --- A store that fails -------------------------------------------------------------------------


@pytest.mark.usefixtures("private")
@pytest.mark.parametrize(
    ("service", "operation", "named"),
    [
        ("iam", "ListServerCertificates", "the IAM server certificates could not be listed"),
        ("acm-pca", "ListCertificateAuthorities", "the private CAs could not be listed"),
        ("acm", "ListAcmeEndpoints", "the ACME endpoints could not be listed"),
    ],
)
def test_a_store_that_cannot_be_listed_is_reported_and_stops_nothing_else(
    rotation: Function, cloud: Cloud, topic: str, service: str, operation: str, named: str
) -> None:
    due = cloud.certificates.add(type="IMPORTED", **USED, **ending_in(cloud, 20))
    cloud.fail(service, operation, "AccessDenied", times=None, status=403)
    with pytest.raises(RotationError, match=named):
        rotation(scheduled(NOW))
    (message,) = cloud.topics.messages(topic)
    document = json.loads(message.to("sqs"))
    assert document["scopes"][0]["status"] == "partial"
    assert [entry["certificate_arn"] for entry in document["findings"]] == [due]


@pytest.mark.usefixtures("private")
def test_a_private_ca_whose_permissions_cannot_be_read_is_unknown(
    rotation: Function, cloud: Cloud, topic: str
) -> None:
    cloud.authorities.add(not_after=NOW + timedelta(days=3000))
    cloud.fail("acm-pca", "ListPermissions", "AccessDeniedException", times=None)
    with pytest.raises(RotationError, match="AccessDeniedException"):
        rotation(scheduled(NOW))
    (message,) = cloud.topics.messages(topic)
    (told,) = json.loads(message.to("sqs"))["findings"]
    assert (told["verdict"], told["reason"]) == ("Unknown", "DetailsUnreadable")


# --- ACME ---------------------------------------------------------------------------------------


def test_a_certificate_of_an_acme_client_is_found_and_not_changed(
    rotation: Function, cloud: Cloud
) -> None:
    arn = cloud.certificates.add(key_pair_origin="ACME", **ending_in(cloud, 5))
    found = rotation(scheduled(NOW))
    assert finding(found)["certificate_arn"] == arn
    assert finding(found)["reason"] == "ManagedByAcmeClient"
    assert rotation.writes == ["Publish"]


@pytest.mark.parametrize(
    ("client", "judged"),
    [
        ("1", ("Superseded", "info", "None")),
        # Another server may have a certificate for the same name.
        ("2", ("ExternallyManaged", "critical", "None")),
    ],
)
def test_a_certificate_that_its_acme_client_has_renewed_is_superseded_and_not_changed(
    rotation: Function, cloud: Cloud, topic: str, client: str, judged: tuple[str, ...]
) -> None:
    """Each order of an ACME client is another certificate, and no service can use any of them."""
    old, new = (
        cloud.certificates.add(
            key_pair_origin="ACME", acme_account=account, **ending_in(cloud, days, lifetime=45)
        )
        for account, days in (("1", 5), (client, 40))
    )
    found = finding(rotation(scheduled(NOW)))
    assert found["certificate_arn"] == old
    assert (found["verdict"], found["severity"], found["action"]) == judged
    renewed = client == "1"
    assert (new in found["message"]) is renewed
    assert (cloud.topics.messages(topic) == []) is renewed
    assert {entry.arn for entry in cloud.certificates.all()} == {old, new}
