"""`certificates drill`: shown, agreed to, carried out, and cleared away whatever happens."""

from __future__ import annotations

import io
import json
import os
import signal
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import jsonschema
import pytest

from certificate_lifecycle.core.replacement import DAILY_REQUESTS
from tests.integration.effects import USED, ending_in, put_records
from tests.integration.invocation import Wire
from tests.integration.public_dns import EmbeddedDns
from tests.integration.terminal import Certificates, deploy
from tests.support.cloud import Cloud

pytestmark = pytest.mark.integration

SCHEMA = Path(__file__).resolve().parents[2] / "docs" / "schemas" / "certificates-drill.json"


@pytest.fixture(autouse=True)
def public_dns(cloud: Cloud, environment: pytest.MonkeyPatch) -> EmbeddedDns:
    """Let public DNS be what the embedded AWS has, whatever this machine can reach."""
    public = EmbeddedDns(cloud)
    environment.setattr("certificate_lifecycle.cli.commands.drill.ResolvedDns", lambda _: public)
    return public


@pytest.fixture
def shop(cloud: Cloud) -> str:
    """Put a certificate that ACM renews, with its record in place."""
    zone = cloud.zones.add("example.com")
    arn = cloud.certificates.add(domain_name="shop.example.com", **USED, **ending_in(cloud, 100))
    put_records(cloud, zone, arn)
    return arn


@pytest.fixture
def answering(environment: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let somebody sit at the terminal who gives this answer."""

    class Keyboard(io.StringIO):
        def isatty(self) -> bool:
            return True

    return lambda answer: environment.setattr("sys.stdin", Keyboard(f"{answer}\n"))


def arns(cloud: Cloud) -> list[str]:
    return [each.arn for each in cloud.certificates.all()]


def test_it_says_what_it_will_do_and_what_came_of_it(
    certificates: Certificates, cloud: Cloud, shop: str
) -> None:
    ended = certificates("drill", "shop.example.com", "--yes")
    assert ended.code == 0
    assert ended.writes == ["RequestCertificate", "DeleteCertificate"]
    assert arns(cloud) == [shop]
    for told in (
        "Drill of shop.example.com",
        "public DNS passed",
        "To do Request a twin with the names shop.example.com and the key EC_prime256v1",
        "It costs nothing: ACM does not charge",
        "issuance passed",
        "Deleted: arn:aws:acm:",
        "Would it have worked? yes.",
    ):
        assert told in ended.words
    lines = [line for line in ended.out.splitlines() if "arn:aws" not in line]
    assert max(map(len, lines)) <= 80


def test_nothing_is_done_before_somebody_has_agreed(
    certificates: Certificates,
    cloud: Cloud,
    shop: str,
    answering: Callable[[str], None],
) -> None:
    answering("n")
    ended = certificates("drill", shop)
    assert ended.code == 1
    assert ended.writes == []
    assert "Go on?" in ended.complaint
    assert "Nothing was done." in ended.complaint

    answering("y")
    assert certificates("drill", shop).code == 0
    assert arns(cloud) == [shop]


def test_where_nobody_can_be_asked_nothing_is_even_looked_at(
    certificates: Certificates, shop: str
) -> None:
    ended = certificates("drill", shop)
    assert ended.code == 2
    assert ended.calls == []


@pytest.mark.parametrize("works", [True, False])
def test_the_document_keeps_to_its_schema(
    certificates: Certificates,
    cloud: Cloud,
    shop: str,
    works: bool,  # noqa: FBT001
) -> None:
    if not works:
        cloud.certificates.edit(shop, eligibility="INELIGIBLE")
    ended = certificates("drill", shop, "--yes", "--output", "json")
    jsonschema.validate(ended.document, json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert ended.document["answer"] == ("yes" if works else "no")
    assert ended.document["carried_out"] is works
    assert ended.code == (0 if works else 1)


def test_what_is_known_in_part_only_is_no_success(
    certificates: Certificates, cloud: Cloud, shop: str, public_dns: EmbeddedDns
) -> None:
    public_dns.silent = True
    ended = certificates("drill", shop, "--yes")
    assert ended.code == 3
    assert "Would it have worked? partly known." in ended.words
    assert arns(cloud) == [shop]


def test_ctrl_c_ends_the_waiting_and_the_twin_is_deleted(
    certificates: Certificates, cloud: Cloud, wire: Wire, shop: str
) -> None:
    cloud.certificates.issuance_delay = timedelta(days=1)
    described: list[str] = []

    def press(operation: str) -> None:
        requested = any(call.operation == "RequestCertificate" for call in cloud.calls)
        if operation == "DescribeCertificate" and requested:
            described.append(operation)
            if len(described) == 3:
                os.kill(os.getpid(), signal.SIGINT)

    wire.after = press
    ended = certificates("drill", shop, "--yes")
    assert ended.code == 130
    assert ended.writes == ["RequestCertificate", "DeleteCertificate"]
    assert "Coming to rest" in ended.err
    assert "Deleted:" in ended.out
    assert arns(cloud) == [shop]


def test_ctrl_c_while_it_looks_changes_nothing(
    certificates: Certificates, cloud: Cloud, wire: Wire, shop: str
) -> None:
    def press(_: str) -> None:
        wire.reset()
        os.kill(os.getpid(), signal.SIGINT)

    def looking(operation: str) -> None:
        if operation == "ListHostedZones":
            press(operation)

    wire.after = looking
    ended = certificates("drill", shop, "--yes")
    assert ended.code == 130
    assert ended.writes == []
    assert arns(cloud) == [shop]


def test_what_aws_refuses_on_the_way_is_told_together_with_what_became_of_the_twin(
    certificates: Certificates, cloud: Cloud, wire: Wire, shop: str
) -> None:
    def refuse(operation: str) -> None:
        if operation == "RequestCertificate":
            cloud.fail("acm", "DescribeCertificate", "AccessDeniedException", "not today")

    wire.after = refuse
    ended = certificates("drill", shop, "--yes")
    assert ended.code == 3
    assert "not today" in ended.complaint
    assert "Deleted: arn:aws:acm:" in ended.complaint
    assert arns(cloud) == [shop]


def test_a_twin_that_is_left_is_no_success_and_the_next_drill_deletes_it(
    certificates: Certificates, cloud: Cloud, shop: str
) -> None:
    cloud.fail("acm", "DeleteCertificate", "ResourceInUseException", "in use")
    ended = certificates("drill", shop, "--yes")
    assert ended.code == 3
    assert "A twin is left behind, because something uses it." in ended.words
    (twin,) = set(arns(cloud)) - {shop}

    ended = certificates("drill", shop, "--yes")
    assert ended.code == 0
    assert f"Go on with and delete the twin of another drill: {twin}" in ended.words
    assert ended.writes == ["DeleteCertificate"]
    assert arns(cloud) == [shop]


def test_the_budget_of_a_deployed_instance_counts(
    certificates: Certificates, cloud: Cloud, environment: pytest.MonkeyPatch, shop: str
) -> None:
    deploy(cloud, environment)
    today = f"{cloud.now:%Y-%m-%d}"
    assert certificates("drill", shop, "--yes").code == 0
    table = cloud.client("dynamodb")
    (item,) = table.scan(TableName="certificate-lifecycle-ledger")["Items"]
    assert today in item["entry"]["S"]
    assert len(item["certificates"]["SS"]) == 1

    full = [f"arn:{number}" for number in range(DAILY_REQUESTS)]
    key = {"scope": item["scope"], "entry": item["entry"]}
    table.put_item(
        TableName="certificate-lifecycle-ledger", Item={**key, "certificates": {"SS": full}}
    )
    ended = certificates("drill", shop, "--yes")
    assert "No twin is requested today" in ended.words
    assert ended.code == 3


def test_without_knowing_whether_an_instance_is_deployed_nothing_is_requested(
    certificates: Certificates, cloud: Cloud, shop: str
) -> None:
    cloud.fail("lambda", "*", "AccessDeniedException", "not for you", times=None)
    ended = certificates("drill", shop, "--yes")
    assert ended.code == 3
    assert ended.writes == []
    assert certificates("drill", shop, "--yes", "--instance", "none").code == 0


def test_what_is_kept_in_iam_or_imported_is_said_to_be_renewed_by_nobody(
    certificates: Certificates, cloud: Cloud
) -> None:
    cloud.server_certificates.add("old-shop", not_after=cloud.now + timedelta(days=90))
    ended = certificates("drill", "old-shop", "--yes")
    assert ended.code == 1
    assert "It is an IAM server certificate, which nothing renews" in ended.words
    arn = cloud.certificates.add(type="IMPORTED", **USED, **ending_in(cloud, 90))
    ended = certificates("drill", arn, "--yes")
    assert ended.code == 3
    assert "only a person can renew it" in ended.words
    assert ended.writes == []


def test_a_resolver_that_is_no_address_is_wrong_usage(
    certificates: Certificates, shop: str
) -> None:
    ended = certificates("drill", shop, "--yes", "--resolver", "dns.example")
    assert ended.code == 2
    assert "'dns.example' is no IP address" in ended.complaint
    assert ended.calls == []
