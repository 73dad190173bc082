"""`certificates readiness` shows who renews each certificate, and what prevents that by a date."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import jsonschema
import pytest

from tests.embedded_aws.cloud import Cloud
from tests.embedded_aws.doh_gateway import Gateway
from tests.estates import showcase
from tests.estates.imports import issued
from tests.integration.effects import USED, ending_in, import_document
from tests.integration.terminal import Certificates, deploy

pytestmark = pytest.mark.integration

SCHEMA = Path(__file__).resolve().parents[2] / "docs" / "schemas" / "certificates-readiness.json"


def test_a_healthy_certificate_is_described_and_nothing_is_written(
    certificates: Certificates, cloud: Cloud, environment: pytest.MonkeyPatch, gateway: Gateway
) -> None:
    deploy(cloud, environment, PUBLIC_DNS_RESOLVERS=json.dumps(gateway.urls))
    cloud.zones.add("example.com")
    cloud.certificates.add(domain_name="www.example.com", **USED, **ending_in(cloud, 150))
    ended = certificates("readiness")
    assert (ended.code, ended.writes) == (0, [])
    assert (
        "By 2029-03-15: 1 certificate to renew, 1 ready, 0 with blockers, 0 unknown." in ended.words
    )
    assert "Acts of people a year: 0 today, 0 at 100 days, 0 at 47 days." in ended.words


def test_blockers_are_named_with_date_party_and_remedy(
    certificates: Certificates, cloud: Cloud, environment: pytest.MonkeyPatch, gateway: Gateway
) -> None:
    deploy(cloud, environment, PUBLIC_DNS_RESOLVERS=json.dumps(gateway.urls))
    cloud.zones.add("example.com")
    cloud.certificates.add(
        domain_name="mail.example.com", validation_method="EMAIL", **USED, **ending_in(cloud, 150)
    )
    ended = certificates("readiness", "--at", "2029-03-15", "--wide")
    assert ended.code == 1
    assert "EmailValidationEnds from 2028-03-15, dns" in ended.words
    assert "To remove: aws acm update-certificate-options" in ended.words
    assert "ends 2026-" in ended.words
    assert certificates("readiness", "--at", "2026-06-20").code == 0


def test_the_document_keeps_to_its_schema(certificates: Certificates, cloud: Cloud) -> None:
    showcase.fill(cloud)
    showcase.fill_other_stores(cloud)
    import_document(cloud, issued(cloud.now + timedelta(days=90)))
    ended = certificates("readiness", "--output", "json")
    jsonschema.validate(ended.document, json.loads(SCHEMA.read_text(encoding="utf-8")))
    found = ended.document["blockers"]
    assert {"EmailApproval", "ImportWithoutSource", "NotDeployed", "ServerCertificate"} <= {*found}
    assert ended.document["unknown_certificates"] == 0
    assert sum(month["breakages"] for month in ended.document["months"].values()) > 0


@pytest.mark.parametrize("date", ["tomorrow", "2029-02-30", "2020-01-01", "2099-01-01"])
def test_a_date_that_is_none_or_too_far_is_one_clear_error(
    certificates: Certificates, date: str
) -> None:
    ended = certificates("readiness", "--at", date)
    assert (ended.code, ended.calls) == (2, [])
    assert f"Invalid value for '--at': {date}" in ended.complaint.replace(f"'{date}'", date)


def test_a_certificate_that_cannot_be_described_is_not_called_ready(
    certificates: Certificates, cloud: Cloud
) -> None:
    cloud.certificates.add(domain_name="www.example.com", **USED, **ending_in(cloud, 150))
    cloud.fail("acm", "DescribeCertificate", "AccessDeniedException")
    ended = certificates("readiness", "--output", "json")
    assert ended.code == 3
    assert ended.document["ready_certificates"] == 0
    assert ended.document["unknown_certificates"] == 1
    assert ended.document["problems"]
