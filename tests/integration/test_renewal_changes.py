"""A renewal or an import that changes the issuer, or loses clientAuth, is reported once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.embedded_aws.certificates import new_serial
from tests.embedded_aws.cloud import Cloud
from tests.integration.effects import USED, documents, ending_in, put_records
from tests.integration.invocation import Function, KilledError, Wire, kill, scheduled

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("kept_clients", "ledger_table")]

SERVER, CLIENT = "TLS_WEB_SERVER_AUTHENTICATION", "TLS_WEB_CLIENT_AUTHENTICATION"


def imported(cloud: Cloud, **attributes: Any) -> str:  # noqa: ANN401 - whatever a certificate can be
    """Add an import in use, near its end so that a run describes it."""
    dates = ending_in(cloud, 20, lifetime=365)
    return cloud.certificates.add(
        **{
            "type": "IMPORTED",
            "issuer": "Old CA",
            "extended_key_usages": (SERVER, CLIENT),
            **USED,
            **dates,
            **attributes,
        }
    )


def renew(cloud: Cloud, arn: str, **changes: Any) -> None:  # noqa: ANN401 - whatever a certificate can be
    """Put a later version under the same ARN, on the next day."""
    cloud.advance(days=1)
    dates: dict[str, Any] = {"not_before": cloud.now, "not_after": cloud.now + timedelta(days=365)}
    cloud.certificates.edit(arn, serial=new_serial(), imported_at=cloud.now, **dates, **changes)


def damage_memory(cloud: Cloud, table: str) -> None:
    """Leave nothing that can be read of what the runs remember, except the keys."""
    client = cloud.client("dynamodb")
    for item in client.scan(TableName=table)["Items"]:
        if item["entry"]["S"].startswith("remembered#"):
            keys = {name: item[name] for name in ("scope", "entry")}
            client.put_item(TableName=table, Item=keys)


def daily(rotation: Function, cloud: Cloud, days: int) -> list[list[tuple[str, str, str]]]:
    """Return the findings of some daily runs."""
    found = []
    for _ in range(days):
        result = rotation(scheduled(cloud.now))
        found.append(
            [(entry["verdict"], entry["reason"], entry["severity"]) for entry in result["findings"]]
        )
        cloud.advance(days=1)
    return found


EACH_CHANGE = pytest.mark.parametrize(
    ("changes", "finding"),
    [
        ({"issuer": "New CA"}, ("RenewalChanged", "IssuerChanged", "info")),
        ({"extended_key_usages": (SERVER,)}, ("RenewalChanged", "ClientAuthLost", "warning")),
    ],
    ids=["issuer", "clientAuth"],
)


@EACH_CHANGE
def test_an_import_that_changes_is_a_finding_for_two_weeks_and_notified_once(
    rotation: Function,
    cloud: Cloud,
    topic: str,
    changes: dict[str, Any],
    finding: tuple[str, str, str],
) -> None:
    arn = imported(cloud)
    rotation(scheduled(cloud.now))
    renew(cloud, arn, **changes)

    found = daily(rotation, cloud, 16)

    assert found == [[finding]] * 14 + [[]] * 2
    # The first message is about the import that was due.
    kinds = [change["kind"] for sent in documents(cloud, topic) for change in sent["changes"]]
    assert (len(kinds), kinds[-1]) == (3, "resolved")


@EACH_CHANGE
def test_a_change_stays_open_for_its_two_weeks_although_what_was_remembered_is_lost(
    rotation: Function,
    cloud: Cloud,
    ledger_table: str,
    topic: str,
    changes: dict[str, Any],
    finding: tuple[str, str, str],
) -> None:
    arn = imported(cloud)
    rotation(scheduled(cloud.now))
    renew(cloud, arn, **changes)
    assert daily(rotation, cloud, 3) == [[finding]] * 3
    sent = len(documents(cloud, topic))

    damage_memory(cloud, ledger_table)

    assert daily(rotation, cloud, 12) == [[finding]] * 11 + [[]]
    later = documents(cloud, topic)[sent:]
    assert [change["kind"] for each in later for change in each["changes"]] == ["resolved"]


def test_a_renewal_with_the_same_issuer_and_usages_is_no_news(
    rotation: Function, cloud: Cloud
) -> None:
    """Amazon chooses among its intermediate CAs; `Issuer` is "Amazon" for all."""
    zone = cloud.zones.add("example.com")
    arn = cloud.certificates.add(**USED, **ending_in(cloud, 50))
    put_records(cloud, zone, arn)

    found = daily(rotation, cloud, 12)

    ends = cloud.certificates.get(arn).not_after
    assert ends is not None
    assert ends > cloud.now + timedelta(days=180)
    assert found == [[]] * 12


def test_a_renewal_that_loses_client_auth_is_a_warning(rotation: Function, cloud: Cloud) -> None:
    """ACM renews without clientAuth since 2025-06-11 (ACM user guide, "Document history")."""
    zone = cloud.zones.add("example.com")
    arn = cloud.certificates.add(
        **USED, **ending_in(cloud, 60), extended_key_usages=(SERVER, CLIENT)
    )
    put_records(cloud, zone, arn)
    daily(rotation, cloud, 3)
    renew(cloud, arn, extended_key_usages=(SERVER,))

    assert daily(rotation, cloud, 1) == [[("RenewalChanged", "ClientAuthLost", "warning")]]


def test_a_run_that_ends_before_its_message_is_followed_by_one_that_sends_it(
    rotation: Function, cloud: Cloud, wire: Wire
) -> None:
    arn = imported(cloud)
    rotation(scheduled(cloud.now))
    renew(cloud, arn, issuer="New CA")

    def end_before(called: str) -> None:
        if called == "Publish":
            kill()

    wire.before = end_before
    with pytest.raises(KilledError):
        rotation(scheduled(cloud.now))
    wire.reset()

    result = rotation(scheduled(cloud.now))

    assert [entry["reason"] for entry in result["findings"]] == ["IssuerChanged"]
    assert "Publish" in rotation.writes
