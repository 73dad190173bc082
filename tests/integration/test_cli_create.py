"""`certificates create`: the creation function from a terminal."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from certificate_lifecycle.cli.interrupts import TerminalClock
from tests.embedded_aws.cloud import Cloud
from tests.integration.effects import OURS, USED, ending_in
from tests.integration.terminal import Certificates, Ended, deploy

pytestmark = pytest.mark.integration


def only(cloud: Cloud) -> str:
    """Return the one certificate that there is."""
    (certificate,) = cloud.certificates.all()
    return certificate.arn


def test_a_certificate_is_requested_validated_and_waited_for(
    certificates: Certificates, cloud: Cloud
) -> None:
    cloud.zones.add("example.com")
    ended = certificates("create", "shop.example.com", "--name", "cart.example.com", "--yes")
    assert ended.code == 0
    assert "To request shop.example.com, www.shop.example.com, cart.example.com" in ended.words
    assert "ISSUED" in ended.out
    arn = only(cloud)
    assert arn in ended.out
    requests = [call for call in ended.calls if call.operation == "RequestCertificate"]
    assert len(requests) == 1


@pytest.fixture
def instance(cloud: Cloud, environment: pytest.MonkeyPatch) -> None:
    """Deploy both functions of the instance."""
    deploy(cloud, environment)
    deploy(cloud, environment, "creation", DOMAIN_NAME="example.net")


@pytest.mark.usefixtures("instance")
def test_an_equal_one_of_the_instance_is_found_instead_of_requested(
    certificates: Certificates, cloud: Cloud
) -> None:
    same: dict[str, Any] = {"domain_name": "shop.example.com", **USED, **ending_in(cloud, 150)}
    cloud.certificates.add(**same, tags={"ManagedBy": "another-team"})
    arn = cloud.certificates.add(**same, **OURS)
    ended = certificates("create", "shop.example.com", "--no-www", "--yes")
    assert (ended.code, ended.writes) == (0, [])
    assert f"Existing shop.example.com {arn} ISSUED" in ended.words


def test_without_an_instance_no_certificate_is_adopted_and_no_instance_is_named(
    certificates: Certificates, cloud: Cloud
) -> None:
    """A `ManagedBy` would name an instance that is not deployed."""
    cloud.zones.add("example.com")
    equal = cloud.certificates.add(domain_name="shop.example.com", **OURS)
    ended = certificates("create", "shop.example.com", "--no-www", "--yes")
    (requested,) = [entry for entry in cloud.certificates.all() if entry.arn != equal]
    assert (ended.code, requested.tags) == (0, {})


def test_the_document_is_the_functions_own(certificates: Certificates, cloud: Cloud) -> None:
    cloud.zones.add("example.com")
    document = certificates("create", "shop.example.com", "--yes", "-o", "json").document
    assert document["created"] is True
    assert document["status"] == "ISSUED"
    assert document["alternative_names"] == ["www.shop.example.com"]
    assert {record["change"] for record in document["validation_records"]} == {"created"}


def test_without_a_zone_nothing_is_requested(certificates: Certificates) -> None:
    ended = certificates("create", "shop.example.com", "--yes")
    assert (ended.code, ended.writes) == (3, [])
    assert "no writable public hosted zone" in ended.complaint


def test_all_invalid_inputs_are_reported_before_certificates_are_listed(
    certificates: Certificates,
) -> None:
    ended = certificates(
        *("create", "x..example.com", "--name", "a_b.example.com", "--tag", "team", "--yes"),
        *("--authority", "arn:aws:acm-pca:eu-west-1:123456789012:certificate-authority/none"),
    )
    assert ended.code == 2
    for part in ("'x..example.com'", "'a_b.example.com'", "--tag", "certificate_authority_arn"):
        assert part in ended.err
    assert "ListCertificates" not in {call.operation for call in ended.calls}


def test_settings_of_the_deployed_function_apply_except_for_allowed_domains(
    certificates: Certificates, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    deploy(cloud, environment)
    deploy(
        cloud,
        environment,
        "creation",
        KEY_ALGORITHM="EC_prime256v1",
        NAME_PREFIX="shop-team",
        DOMAIN_NAME="example.net",
    )
    cloud.zones.add("example.com")
    ended = certificates("create", "shop.example.com", "--tag", "team=payments", "--yes")
    assert ended.code == 0
    arn = only(cloud)
    tags = cloud.client("acm").list_tags_for_certificate(CertificateArn=arn)["Tags"]
    assert {tag["Key"]: tag.get("Value") for tag in tags} == {
        "ManagedBy": "shop-team",
        "team": "payments",
    }
    described = cloud.client("acm").describe_certificate(CertificateArn=arn)["Certificate"]
    assert described["KeyAlgorithm"].replace("-", "_") == "EC_prime256v1"


@pytest.mark.usefixtures("instance")
def test_a_repeated_command_continues_after_the_wait_has_ended(
    certificates: Certificates, cloud: Cloud
) -> None:
    cloud.zones.add("example.com")
    first = certificates("create", "shop.example.com", "--yes", "--wait", "0")
    assert first.code == 3
    assert "PENDING_VALIDATION" in first.out
    cloud.advance(minutes=30)
    again = certificates("create", "shop.example.com", "--yes")
    assert (again.code, again.writes) == (0, [])


# --- Watching -------------------------------------------------------------------------------------

WATCH = ("create", "shop.example.com", "--no-www", "--yes", "--watch")
SLEEP = "certificate_lifecycle.cli.interrupts.TerminalClock.sleep"


def steps(ended: Ended) -> list[str]:
    """Return the states that were shown, without their times."""
    return [line[10:] for line in ended.err.splitlines() if line.endswith("names validated")]


@pytest.fixture
def slow(cloud: Cloud) -> None:
    """Let ACM take 20 minutes to issue a certificate in a zone of the account."""
    cloud.zones.add("example.com")
    cloud.certificates.issuance_delay = timedelta(minutes=20)


@pytest.mark.usefixtures("slow")
def test_a_watched_request_shows_each_step_and_ends_with_zero_once_issued(
    certificates: Certificates,
) -> None:
    ended = certificates(*WATCH)
    assert ended.code == 0, ended.err
    assert steps(ended) == [
        "PENDING_VALIDATION, 1 of 1 names validated",
        "ISSUED, 1 of 1 names validated",
    ]
    assert ended.out.splitlines()[-1].strip() == "ISSUED"


@pytest.mark.usefixtures("slow")
def test_a_watch_ends_with_three_after_an_hour_and_says_how_to_continue(
    certificates: Certificates, cloud: Cloud
) -> None:
    cloud.certificates.issuance_delay = timedelta(hours=5)
    ended = certificates(*WATCH, "--output", "json")
    assert (ended.code, ended.document["status"]) == (3, "PENDING_VALIDATION")
    assert "Not issued within 60 minutes. ACM goes on validating: repeat" in ended.complaint
    assert f"certificates explain {only(cloud)}" in ended.err


@pytest.mark.parametrize(
    ("pauses", "text"),
    [
        (0, "Interrupted. Repeat the command to continue."),
        (9, "Interrupted. ACM goes on validating: repeat the command to watch again"),
    ],
)
@pytest.mark.usefixtures("slow", "instance")
def test_an_interrupted_request_ends_with_130_and_the_repeated_command_continues(
    certificates: Certificates,
    cloud: Cloud,
    environment: pytest.MonkeyPatch,
    pauses: int,
    text: str,
) -> None:
    left = iter(range(pauses))

    def pressed(clock: TerminalClock, seconds: float) -> None:
        if next(left, None) is None:
            clock.interrupt()
            clock.remaining()
        cloud.advance(seconds=seconds)

    with environment.context() as patch:
        patch.setattr(SLEEP, pressed)
        ended = certificates(*WATCH)
    assert ended.code == 130
    assert text in ended.err
    again = certificates(*WATCH)
    assert again.code == 0
    assert "RequestCertificate" not in again.writes


@pytest.mark.usefixtures("slow")
def test_a_watched_request_that_acm_ends_is_an_error_with_the_reason(
    certificates: Certificates, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    def ends(_: TerminalClock, __: float) -> None:
        cloud.certificates.edit(only(cloud), status="FAILED", failure_reason="CAA_ERROR")

    environment.setattr(SLEEP, ends)
    ended = certificates(*WATCH)
    assert ended.code == 3
    assert "with FAILED (CAA_ERROR)" in ended.err


def test_a_watch_has_its_own_time_limit(certificates: Certificates) -> None:
    ended = certificates(*WATCH, "--wait", "60")
    assert (ended.code, ended.calls) == (2, [])
    assert "--watch goes without --wait" in ended.err
