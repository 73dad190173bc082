"""Rotation after a renewal, with servers that serve the new or the old certificate."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from certificate_lifecycle.net.tls import SocketTlsProbe
from tests.embedded_aws.cloud import Cloud
from tests.estates.imports import issued
from tests.harness.authority import Issued
from tests.harness.servers import LOOPBACK, closed_port, serving_tls
from tests.integration.effects import LOAD_BALANCER, documents
from tests.integration.invocation import NOW, Function, scheduled
from tests.unit.render.message_samples import unwrapped

pytestmark = pytest.mark.integration

SHOP = "shop.example.com"
OLD = issued(NOW + timedelta(days=20), SHOP, serial=0x0A11)
#: Imported two days ago, when it was new.
NEW = issued(NOW + timedelta(days=198), SHOP, lifetime=timedelta(days=200), serial=0x0B22)


@dataclass
class Shop:
    """A certificate that was imported again, and the names of its servers."""

    cloud: Cloud
    arn: str
    environment: pytest.MonkeyPatch

    def is_served_at(self, port: int, address: str = LOOPBACK) -> None:
        probe = functools.partial(SocketTlsProbe, port=port, resolve=lambda _: [address])
        self.environment.setattr("certificate_lifecycle.handlers.wiring.SocketTlsProbe", probe)


@pytest.fixture
def shop(cloud: Cloud, environment: pytest.MonkeyPatch) -> Iterator[Shop]:
    acm = cloud.client("acm")
    arn = acm.import_certificate(Certificate=OLD.certificate, PrivateKey=OLD.private_key)[
        "CertificateArn"
    ]
    acm.import_certificate(
        CertificateArn=arn, Certificate=NEW.certificate, PrivateKey=NEW.private_key
    )
    cloud.certificates.edit(arn, in_use_by=[LOAD_BALANCER])
    environment.setenv("TLS_PROBE", "true")
    environment.setenv("TLS_PROBE_PRIVATE_ADDRESSES", "true")
    made = Shop(cloud, arn, environment)
    with closed_port() as port:
        made.is_served_at(port)
        yield made


def run_beside(rotation: Function, shop: Shop, served: Issued) -> dict[str, Any]:
    with serving_tls({SHOP: (served,)}, default=(OLD,)) as server:
        shop.is_served_at(server.port)
        return rotation(scheduled(NOW))


def test_a_renewed_and_served_certificate_is_healthy(
    rotation: Function, shop: Shop, cloud: Cloud, topic: str
) -> None:
    assert run_beside(rotation, shop, NEW)["counts"] == {"Healthy": 1}
    assert documents(cloud, topic) == []


def test_a_renewed_certificate_that_is_not_served_is_reported(
    rotation: Function, shop: Shop, cloud: Cloud, topic: str
) -> None:
    result = run_beside(rotation, shop, OLD)
    (finding,) = result["findings"]
    assert (finding["verdict"], finding["reason"], finding["severity"], finding["action"]) == (
        "StaleCertificateServed",
        "OlderCertificateServed",
        "warning",
        "Investigate",
    )
    sentence = (
        "shop.example.com (127.0.0.1) serves serial 0a:11, which expires on 2026-07-05 12:00 UTC, "
        "but ACM has serial 0b:22: the renewed certificate is not served"
    )
    assert finding["probe_results"] == [sentence]
    (document,) = documents(cloud, topic)
    assert document["findings"] == result["findings"]
    (message,) = cloud.topics.messages(topic)
    assert f"Served: {sentence}." in unwrapped(message.to("email"))
    assert rotation.writes == ["Publish"]


@pytest.mark.usefixtures("ledger_table")
def test_it_is_reported_once_and_resolved_when_the_new_one_is_served(
    rotation: Function, shop: Shop, cloud: Cloud, topic: str
) -> None:
    run_beside(rotation, shop, OLD)
    run_beside(rotation, shop, OLD)
    assert len(documents(cloud, topic)) == 1
    cloud.now = NOW + timedelta(days=10)
    assert run_beside(rotation, shop, OLD)["counts"] == {"StaleCertificateServed": 1}
    assert run_beside(rotation, shop, NEW)["counts"] == {"Healthy": 1}


def test_an_expiring_finding_has_the_served_certificate(
    rotation: Function, shop: Shop, cloud: Cloud
) -> None:
    cloud.now = NOW + timedelta(days=180)
    (finding,) = run_beside(rotation, shop, NEW)["findings"]
    assert finding["verdict"] == "ImportDue"
    assert finding["probe_results"][0].endswith(": the certificate in ACM")


@pytest.mark.usefixtures("shop")
def test_an_unreachable_name_is_no_failure(rotation: Function) -> None:
    assert rotation(scheduled(NOW))["counts"] == {"Healthy": 1}


def test_private_addresses_are_not_connected_to_unless_that_is_wanted(
    rotation: Function, shop: Shop, cloud: Cloud
) -> None:
    shop.environment.delenv("TLS_PROBE_PRIVATE_ADDRESSES")
    assert run_beside(rotation, shop, OLD)["counts"] == {"Healthy": 1}
    cloud.now = NOW + timedelta(days=180)
    with serving_tls({}, default=(OLD,)) as server:
        shop.is_served_at(server.port)
        (finding,) = rotation(scheduled(NOW))["findings"]
        assert server.connections == 0
    assert finding["probe_results"] == [
        "shop.example.com (127.0.0.1) was not probed: not a public address"
    ]


def test_without_the_switch_nothing_is_connected_to(rotation: Function, shop: Shop) -> None:
    shop.environment.delenv("TLS_PROBE")
    with serving_tls({}, default=(OLD,)) as server:
        shop.is_served_at(server.port)
        assert rotation(scheduled(NOW))["counts"] == {"Healthy": 1}
        assert server.connections == 0
    assert "DescribeCertificate" not in rotation.operations


def test_a_probe_needs_no_permission_but_to_describe(rotation: Function, shop: Shop) -> None:
    run_beside(rotation, shop, NEW)
    assert sorted(rotation.operations) == [
        "DescribeCertificate",
        *("GetParametersByPath", "GetTopicAttributes", "ListAcmeEndpoints"),
        *["ListCertificates"] * 2,
        "ListServerCertificates",
    ]
