"""Notifications name the owner of a certificate and respect its mute tag."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.embedded_aws.cloud import Cloud
from tests.integration.effects import USED, ending_in
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
    assert "    Owner: payments.\n" in mails(cloud, topic)[0]


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
        assert "MUTED\n  api.example.com: ImportDue, until 2026-06-22." in silent
        assert "no open finding" in silent
    assert "api.example.com - changed, was ImportDue" in after


def test_a_mute_without_an_end_silences_nothing(
    rotation: Function, cloud: Cloud, topic: str
) -> None:
    due(cloud, {"certificate-lifecycle:mute-until": "for ever"})
    rotation(scheduled(cloud.now))
    assert "1 needs attention" in mails(cloud, topic)[0]


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
