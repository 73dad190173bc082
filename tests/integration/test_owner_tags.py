"""Notifications name the owner of a certificate and respect its mute tag."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.embedded_aws.cloud import Cloud
from tests.integration.effects import USED, documents, ending_in
from tests.integration.invocation import Function, scheduled

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("kept_clients", "ledger_table")]


def due(cloud: Cloud, tags: Mapping[str, str]) -> str:
    return cloud.certificates.add(
        type="IMPORTED", domain_name="api.example.com", tags=tags, **USED, **ending_in(cloud, 20)
    )


def mails(cloud: Cloud, topic: str) -> list[str]:
    return [message.to("email") for message in cloud.topics.messages(topic)]


def test_a_finding_says_whose_it_is_by_the_tag_that_the_estate_uses(
    rotation: Function, cloud: Cloud, topic: str, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("OWNER_TAG", "team")
    due(cloud, {"Team": "payments"})
    result = rotation(scheduled(cloud.now))
    assert result["findings"][0]["owner"] == "payments"
    assert " · payments · " in mails(cloud, topic)[0]


def test_a_mute_is_reported_once_and_ends_by_itself(
    rotation: Function, cloud: Cloud, topic: str
) -> None:
    """The clock is at 2026-06-15."""
    due(cloud, {"certificate-lifecycle:mute-until": "2026-06-22"})
    for _ in range(9):
        rotation(scheduled(cloud.now))
        cloud.advance(days=1)
    first, weekly, after = mails(cloud, topic)
    for silent in (first, weekly):
        assert "MUTED (1)\n api.example.com until 2026-06-22: ImportDue\n" in silent
        assert silent.startswith("1 needs you · 1 muted\n")
        assert "no open finding" not in silent
    assert " 1 api.example.com · " in after
    assert " · changed, was ImportDue" in after


@pytest.mark.parametrize("value", ["9999-12-31", "2026-09-14", "until further notice"])
def test_a_mute_that_lasts_too_long_silences_nothing_and_the_message_says_the_latest_date(
    rotation: Function, cloud: Cloud, topic: str, value: str
) -> None:
    """The clock is at 2026-06-15."""
    due(cloud, {"certificate-lifecycle:mute-until": value})
    found = rotation(scheduled(cloud.now))
    assert (found["open_findings"], found["muted_findings"]) == (1, 0)
    (mail,) = mails(cloud, topic)
    assert mail.startswith("1 needs you\n")
    text = " ".join(mail.replace("| ", "").split())
    assert "Its mute is ignored: the tag certificate-lifecycle:mute-until" in text
    assert "2026-09-13" in text


@pytest.mark.parametrize("status", ["EXPIRED", "REVOKED"])
@pytest.mark.parametrize("value", ["9999-12-31", "2026-09-13"])
def test_a_mute_never_hides_that_a_used_certificate_is_expired_or_revoked(
    rotation: Function, cloud: Cloud, topic: str, status: str, value: str
) -> None:
    cloud.certificates.add(
        domain_name="pay.example.com",
        status=status,
        tags={"certificate-lifecycle:mute-until": value},
        **USED,
        **ending_in(cloud, -1),
    )
    found = rotation(scheduled(cloud.now))
    assert (found["open_findings"], found["muted_findings"]) == (1, 0)
    assert "[critical] pay.example.com " in found["notification"]["reason"]
    (mail,) = mails(cloud, topic)
    assert "TODAY (1)\n 1 pay.example.com" in mail
    assert "a critical finding cannot be muted" in " ".join(mail.replace("| ", "").split())


def test_a_mute_ends_when_the_certificate_reaches_its_critical_threshold(
    rotation: Function, cloud: Cloud, topic: str
) -> None:
    due(cloud, {"certificate-lifecycle:mute-until": "2026-09-13"})
    for _ in range(15):
        rotation(scheduled(cloud.now))
        cloud.advance(days=1)
    *silent, last = mails(cloud, topic)
    assert all("MUTED (1)\n api.example.com" in mail for mail in silent)
    assert "TODAY (1)\n 1 api.example.com · expires in 7 days" in last
    assert " · worse, was ImportDue" in last


def test_a_muted_finding_is_counted_as_open_in_the_result_and_in_the_message(
    rotation: Function, cloud: Cloud, topic: str
) -> None:
    due(cloud, {"certificate-lifecycle:mute-until": "2026-06-22"})
    found = rotation(scheduled(cloud.now))
    assert (found["open_findings"], found["muted_findings"]) == (1, 1)
    assert found["findings"][0]["muted_until"] == "2026-06-22"
    assert "api.example.com (muted) expires in " in found["notification"]["reason"]
    (document,) = documents(cloud, topic)
    assert (document["open_findings"], document["muted_findings"]) == (1, 1)


def test_a_muted_certificate_is_repaired_all_the_same(rotation: Function, cloud: Cloud) -> None:
    cloud.zones.add("example.com")
    cloud.certificates.add(
        renewal_status="PENDING_VALIDATION",
        tags={"certificate-lifecycle:mute-until": "2026-12-31"},
        **USED,
        **ending_in(cloud, 20),
    )
    (action,) = rotation(scheduled(cloud.now))["actions"]
    assert (action["action"], action["outcome"]) == ("RestoreRecords", "done")
