"""`certificates drill` checks whether a renewal would work, and changes nothing."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.embedded_aws.cloud import Cloud
from tests.embedded_aws.doh_gateway import SECOND, Gateway, HostedZones, with_status
from tests.estates.imports import imported, issued
from tests.integration.effects import USED, ending_in, put_records
from tests.integration.invocation import Wire
from tests.integration.terminal import Certificates, Ended, deploy

pytestmark = pytest.mark.integration

SCHEMA = Path(__file__).resolve().parents[2] / "docs" / "schemas" / "certificates-drill.json"
NAMES = ["*.example.com", "www.example.com"]
YES, NO, PARTLY = ("yes", 0), ("no", 1), ("partly known", 3)


@pytest.fixture(autouse=True)
def public_dns(gateway: Gateway) -> Gateway:
    """Query the zones of the embedded AWS."""
    return gateway


@pytest.fixture
def zone(cloud: Cloud) -> str:
    return cloud.zones.add("example.com")


@pytest.fixture
def shop(cloud: Cloud, zone: str) -> str:
    """Put a certificate that ACM renews, with its records in place."""
    arn = cloud.certificates.add(
        domain_name="shop.example.com", alternative_names=NAMES, **USED, **ending_in(cloud, 100)
    )
    put_records(cloud, zone, arn)
    return arn


class Drilled:
    """A drill whose document keeps to its schema and which has written nothing."""

    def __init__(self, certificates: Certificates, *arguments: str) -> None:
        self.ended: Ended = certificates("drill", *arguments, "--output", "json")
        document = self.ended.document
        jsonschema.validate(document, json.loads(SCHEMA.read_text(encoding="utf-8")))
        assert self.ended.writes == []
        self.answer = (document["answer"], self.ended.code)
        self.outcomes = {check["name"]: check["outcome"] for check in document["checks"]}
        self.texts = {check["name"]: check["text"] for check in document["checks"]}


# --- What is printed ------------------------------------------------------------------------------


def test_each_check_and_the_answer_are_printed(
    certificates: Certificates, cloud: Cloud, shop: str
) -> None:
    before = cloud.certificates.all()
    ended = certificates("drill", "shop.example.com")
    assert ended.code == 0
    assert ended.writes == []
    assert cloud.certificates.all() == before
    for printed in (
        "Drill of shop.example.com",
        shop.rpartition("/")[2],
        "public DNS passed",
        "Would a renewal work? yes. Every check passed.",
    ):
        assert printed in ended.words
    assert max(map(len, ended.out.splitlines())) <= 80


def test_ctrl_c_ends_the_checks(certificates: Certificates, wire: Wire, shop: str) -> None:
    def press(operation: str) -> None:
        if operation == "ListHostedZones":
            wire.reset()
            os.kill(os.getpid(), signal.SIGINT)

    wire.after = press
    # Queries under way would outlive the command, and the gateway of this test.
    assert certificates("drill", shop, "--resolver", "off").code == 130


# --- Public certificates --------------------------------------------------------------------------


def test_a_renewal_that_would_work_passes_every_check(
    certificates: Certificates, shop: str
) -> None:
    drilled = Drilled(certificates, shop)
    assert drilled.answer == YES
    assert drilled.outcomes == dict.fromkeys(
        (
            *("eligibility", "validation records", "public DNS"),
            *("delegation", "DNSSEC", "CAA", "decision of a run"),
        ),
        "passed",
    )


def test_a_certificate_that_acm_will_not_renew_is_a_no(
    certificates: Certificates, cloud: Cloud, shop: str
) -> None:
    cloud.certificates.edit(shop, eligibility="INELIGIBLE")
    assert Drilled(certificates, shop).answer == NO


def test_whether_acm_renews_a_certificate_that_nothing_uses_is_not_known(
    certificates: Certificates, cloud: Cloud, shop: str
) -> None:
    cloud.certificates.edit(shop, in_use_by=[])
    drilled = Drilled(certificates, shop)
    assert drilled.outcomes["eligibility"] == "unknown"
    assert drilled.answer == PARTLY


def test_a_record_that_is_missing_is_a_no(
    certificates: Certificates, cloud: Cloud, shop: str, zone: str
) -> None:
    (name, kind), *_ = cloud.zones.records(zone).keys() & {
        (record.name.removesuffix("."), record.type) for record in cloud.certificates.records(shop)
    }
    cloud.zones.remove(zone, name, kind)
    drilled = Drilled(certificates, shop)
    assert drilled.answer == NO
    assert drilled.outcomes["validation records"] == "failed"
    assert drilled.outcomes["public DNS"] == "failed"


def test_a_caa_record_that_forbids_amazon_is_a_no(
    certificates: Certificates, cloud: Cloud, shop: str, zone: str
) -> None:
    cloud.zones.put(zone, "example.com", "CAA", '0 issue "other.example"')
    drilled = Drilled(certificates, shop)
    assert drilled.answer == NO
    for check in ("CAA", "decision of a run"):
        assert "allow only other.example to issue" in drilled.texts[check]


def test_public_dns_that_does_not_answer_leaves_the_answer_partly_known(
    certificates: Certificates, shop: str, public_dns: Gateway
) -> None:
    public_dns.lie(with_status(500), SECOND)
    drilled = Drilled(certificates, shop)
    assert drilled.outcomes["public DNS"] == drilled.outcomes["CAA"] == "unknown"
    assert drilled.answer == PARTLY


def test_public_dns_that_is_switched_off_leaves_the_answer_partly_known(
    certificates: Certificates, shop: str, public_dns: Gateway
) -> None:
    drilled = Drilled(certificates, shop, "--resolver", "off")
    assert drilled.outcomes["public DNS"] == drilled.outcomes["CAA"] == "unknown"
    assert drilled.answer == PARTLY
    assert public_dns.queries == []


def test_broken_dnssec_is_a_no(certificates: Certificates, shop: str, public_dns: Gateway) -> None:
    assert isinstance(public_dns.backend, HostedZones)
    public_dns.backend.bogus = {"example.com"}
    drilled = Drilled(certificates, shop)
    assert drilled.answer == NO
    assert drilled.outcomes["public DNS"] == "unknown"
    for check in ("DNSSEC", "decision of a run"):
        assert "esolvers that validate DNSSEC reject example.com" in drilled.texts[check]


def test_a_zone_that_is_not_delegated_to_is_a_no(
    certificates: Certificates, cloud: Cloud, shop: str
) -> None:
    """Two zones contain the name: the one that is delegated to has no records."""
    cloud.zones.add("shop.example.com", account="222222222222")
    drilled = Drilled(certificates, shop)
    assert drilled.answer == NO
    assert "does not exist" in drilled.texts["public DNS"]


def test_records_in_a_zone_that_cannot_be_seen_are_fine_if_public_dns_answers(
    certificates: Certificates, cloud: Cloud
) -> None:
    elsewhere = cloud.zones.add("example.net", account="222222222222")
    arn = cloud.certificates.add(domain_name="example.net", **USED, **ending_in(cloud, 100))
    put_records(cloud, elsewhere, arn)
    drilled = Drilled(certificates, arn)
    assert "Ignored, because public DNS is correct." in drilled.texts["validation records"]
    assert drilled.answer == YES


def test_a_record_that_leads_on_through_other_names_is_followed(
    certificates: Certificates, cloud: Cloud, zone: str
) -> None:
    arn = cloud.certificates.add(domain_name="api.example.com", **USED, **ending_in(cloud, 100))
    (record,) = cloud.certificates.records(arn)
    cloud.zones.put(zone, record.name, "CNAME", "acme.example.net.")
    elsewhere = cloud.zones.add("example.net")
    cloud.zones.put(elsewhere, "acme.example.net", "CNAME", record.value)
    assert Drilled(certificates, arn).outcomes["public DNS"] == "passed"


def test_a_refused_call_of_any_check_is_no_yes(
    certificates: Certificates, cloud: Cloud, shop: str
) -> None:
    """Public DNS still answers where Route 53 does not, which is enough for a yes."""
    count = len(Drilled(certificates, shop).ended.calls)
    codes = []
    for number in range(1, count + 1):
        counted = 0

        def strikes(_: Mapping[str, Any], number: int = number) -> bool:
            nonlocal counted
            counted += 1
            return counted == number

        for service in ("acm", "route53"):
            cloud.fail(service, "*", "AccessDenied", "not today", times=None, when=strikes)
        codes.append(certificates("drill", shop).code)
        cloud.clear_failures()
    assert set(codes) <= {0, 3}
    assert 3 in codes


# --- Other certificates ---------------------------------------------------------------------------


@pytest.mark.parametrize(("days", "answer"), [(900, YES), (100, NO)])
def test_the_ca_of_a_private_certificate_decides(
    certificates: Certificates, cloud: Cloud, days: int, answer: tuple[str, int]
) -> None:
    cloud.authorities.add(not_after=cloud.now + timedelta(days=3000))
    authority = cloud.authorities.add(not_after=cloud.now + timedelta(days=days))
    arn = cloud.certificates.add(
        domain_name="intern.example", type="PRIVATE", **USED, **ending_in(cloud, 200, lifetime=395)
    )
    cloud.certificates.edit(arn, certificate_authority_arn=authority)
    drilled = Drilled(certificates, arn)
    assert drilled.answer == answer
    assert drilled.outcomes.keys() == {
        *("eligibility", "private CA", "names at the CA", "decision of a run")
    }


def test_a_private_ca_of_another_account_leaves_the_answer_partly_known(
    certificates: Certificates, cloud: Cloud
) -> None:
    authority = cloud.authorities.add(
        not_after=cloud.now + timedelta(days=3000), account="222222222222"
    )
    cloud.authorities.share(authority, "123456789012")
    arn = cloud.certificates.add(
        domain_name="intern.example", type="PRIVATE", **USED, **ending_in(cloud, 200, lifetime=395)
    )
    cloud.certificates.edit(arn, certificate_authority_arn=authority)
    assert Drilled(certificates, arn).answer == PARTLY

    cloud.authorities.certify(authority, permitted=["corp.example"])
    drilled = Drilled(certificates, arn)
    assert drilled.answer == NO
    assert drilled.outcomes["names at the CA"] == "failed"

    cloud.fail("acm-pca", "GetCertificateAuthorityCertificate", "AccessDenied", times=None)
    assert Drilled(certificates, arn).outcomes["names at the CA"] == "unknown"


NOT_RENEWED: dict[str, tuple[dict[str, Any], tuple[str, int], str]] = {
    "by email": ({"validation_method": "EMAIL"}, PARTLY, "has to approve"),
    "CloudFront's": ({"managed_by": "CLOUDFRONT"}, PARTLY, "manages and renews it"),
    "expired": ({"status": "EXPIRED"}, NO, "Its status is EXPIRED"),
    "an ACME client's": ({"key_pair_origin": "ACME"}, PARTLY, "manages and renews it"),
}


@pytest.mark.parametrize(("facts", "answer", "reason"), NOT_RENEWED.values(), ids=NOT_RENEWED)
def test_each_certificate_that_acm_does_not_renew_has_a_reason(
    certificates: Certificates,
    cloud: Cloud,
    facts: dict[str, Any],
    answer: tuple[str, int],
    reason: str,
) -> None:
    drilled = Drilled(
        certificates, cloud.certificates.add(**facts, **USED, **ending_in(cloud, 100))
    )
    assert drilled.answer == answer
    assert reason in drilled.texts["renewal"]


def test_a_server_certificate_is_a_no(certificates: Certificates, cloud: Cloud) -> None:
    cloud.server_certificates.add("old-shop", not_after=cloud.now + timedelta(days=90))
    drilled = Drilled(certificates, "old-shop")
    assert drilled.answer == NO
    assert "an IAM server certificate, which ACM does not renew" in drilled.texts["renewal"]


def test_an_import_without_a_source_must_be_renewed_manually(
    certificates: Certificates, cloud: Cloud
) -> None:
    drilled = Drilled(certificates, imported(cloud).arn)
    assert drilled.answer == PARTLY
    assert "must be renewed manually" in drilled.texts["import source"]


def test_an_import_source_is_read_and_nothing_is_imported(
    certificates: Certificates, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    shop = imported(cloud)
    deploy(cloud, environment, IMPORT_SOURCES=shop.sources)
    shop.write(issued(cloud.now + timedelta(days=90), "shop.example.com").secret())
    before = shop.certificate.serial
    drilled = Drilled(certificates, shop.arn)
    assert drilled.answer == YES
    assert "contains a newer version" in drilled.texts["import source"]
    assert shop.certificate.serial == before

    shop.write("no certificate")
    assert Drilled(certificates, shop.arn).answer == NO
