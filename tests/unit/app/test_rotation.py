"""One run: scan, repair, notify, and only then fail if anything failed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from certificate_lifecycle.app.rotation import rotate
from certificate_lifecycle.model.certificate import NOT_DESCRIBED, Certificate
from certificate_lifecycle.model.errors import RotationError
from certificate_lifecycle.policy.coverage import Coverage, Others
from certificate_lifecycle.policy.settings import RotationMode
from certificate_lifecycle.render.notification.message import compose
from tests.unit.builders import (
    EXPIRED,
    NOW,
    SECOND,
    arn,
    blocked,
    certificate,
    days,
    detail,
    imported,
    judged,
    record,
    run,
    zone,
)
from tests.unit.consumers import MemoryCatalog, MemoryConsumers, listener
from tests.unit.fakes import (
    MemoryCertificates,
    MemoryClock,
    MemoryDns,
    MemoryImportSecrets,
    MemoryStateStore,
    MemoryTopic,
    Outage,
    dependencies,
    run_request,
)

HOME = zone()
HEALTHY = certificate(arn=arn("healthy"))
BLOCKED = replace(blocked(), arn=arn("blocked"))
DUE = imported(arn=arn("due"), names=("api.example.com",), ends_in=days(20))
REQUEST = run_request()


class Account:
    """An account and region with everything that a run meets."""

    def __init__(self, *held: Certificate) -> None:
        self.certificates = MemoryCertificates(*held)
        self.dns = MemoryDns(HOME)
        self.secrets = MemoryImportSecrets()
        self.topic = MemoryTopic()
        self.clock = MemoryClock()
        self.state_store: MemoryStateStore | None = None
        self.consumers: MemoryConsumers | None = None
        self.catalog = MemoryCatalog()

    def rotate(self, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any field of a request
        clients = dependencies(
            certificates=self.certificates,
            dns=self.dns,
            import_secrets=self.secrets,
            topic=self.topic,
            clock=self.clock,
            state_store=self.state_store,
            consumers=self.consumers,
            catalog=self.catalog,
        )
        return rotate(replace(REQUEST, **changes), clients, current_time=lambda: NOW + SECOND)


def test_a_healthy_account_is_left_in_peace() -> None:
    account = Account(HEALTHY)
    found = account.rotate()
    assert found["counts"] == {"Healthy": 1}
    assert found["findings"] == found["actions"] == []
    assert found["notification"] == {
        "sent": False,
        "message_id": None,
        "reason": "nothing to report",
    }
    assert account.topic.messages == []
    assert account.dns.batches == []


def test_a_run_scans_repairs_and_notifies_once() -> None:
    account = Account(HEALTHY, BLOCKED, DUE)
    found = account.rotate()
    assert account.dns.batches == [(HOME, (record(),))]
    (message,) = account.topic.messages
    assert " shop.example.com: created _....shop.example.com.\n" in message.bodies["email"]
    assert found["notification"] == {
        "sent": True,
        "message_id": "message-1",
        "reason": message.subject,
    }
    assert [action["outcome"] for action in found["actions"]] == ["advised", "done"]
    assert json.loads(json.dumps(found)) == found


def test_the_result_says_when_where_and_how_much() -> None:
    found = Account(HEALTHY, DUE).rotate()
    assert (found["run_id"], found["started_at"], found["finished_at"]) == (
        "run-1",
        "2026-06-01T12:00:00+00:00",
        "2026-06-01T12:00:01+00:00",
    )
    assert found["scopes"] == [
        {
            "account_id": "123456789012",
            "region": "eu-west-1",
            "status": "ok",
            "certificates": 2,
            "ignored": 0,
            "public_dns": None,
            "error": None,
            "not_listed": [],
        }
    ]


SHOP = Coverage(include_domains=("shop.example.com",))


def test_certificates_outside_the_scope_are_counted_only() -> None:
    account = Account(BLOCKED, DUE)
    found = account.rotate(coverage=SHOP)
    assert [entry["certificate_arn"] for entry in found["findings"]] == [BLOCKED.arn]
    assert (found["ignored"], found["scopes"][0]["certificates"]) == (1, 1)
    (message,) = account.topic.messages
    assert message.bodies["default"].endswith(
        ": 1 needs you · 1 repaired · 1 outside the scope ignored"
    )
    assert all(DUE.arn not in body and "api." not in body for body in message.bodies.values())


def test_a_certificate_with_unreadable_tags_is_reported_and_not_repaired() -> None:
    account = Account(BLOCKED)
    account.certificates.broken[f"tags {BLOCKED.arn}"] = Outage("denied")
    with pytest.raises(RotationError, match="may be outside the scope of this instance"):
        account.rotate(coverage=Coverage(include_tags=(("Team", ("shop",)),)))
    (message,) = account.topic.messages
    assert "shop.example.com" in message.bodies["email"]
    assert account.dns.batches == []


def test_a_run_for_a_certificate_outside_the_scope_says_so_and_does_nothing() -> None:
    account = Account(HEALTHY, DUE)
    found = account.rotate(coverage=SHOP, certificate_arns=(DUE.arn,))
    assert (found["findings"], found["actions"], found["ignored"]) == ([], [], 1)
    assert found["notification"]["reason"] == (
        "nothing to report; requested certificates outside the scope of this instance: 1"
    )
    assert account.topic.messages == []


def test_a_certificate_outside_the_scope_is_reported_with_a_mark_on_demand() -> None:
    account = Account(HEALTHY, DUE)
    found = account.rotate(coverage=replace(SHOP, others=Others.REPORT))
    (finding,) = found["findings"]
    assert (finding["certificate_arn"], finding["outside_scope"]) == (DUE.arn, True)
    assert (found["ignored"], found["scopes"][0]["certificates"]) == (0, 2)
    (message,) = account.topic.messages
    marked = "api.example.com · expires in 20 days · outside the scope"
    assert marked in message.bodies["email"]
    assert marked in json.loads(message.bodies["https"])["content"]["description"]


def test_a_second_run_writes_nothing_more() -> None:
    account = Account(BLOCKED)
    account.rotate()
    account.rotate()
    assert len(account.dns.batches) == 1


def test_mode_notify_notifies_and_changes_nothing() -> None:
    account = Account(BLOCKED)
    found = account.rotate(mode=RotationMode.NOTIFY)
    assert account.dns.batches == []
    assert found["actions"][0]["outcome"] == "advised"
    assert len(account.topic.messages) == 1


def test_a_dry_run_changes_nothing_and_sends_nothing() -> None:
    account = Account(BLOCKED)
    found = account.rotate(dry_run=True)
    assert (account.dns.batches, account.topic.messages) == ([], [])
    assert found["notification"]["reason"] == "dry run"
    assert found["actions"][0]["outcome"] == "planned"


def test_only_the_wanted_certificates_are_scanned() -> None:
    assert Account(HEALTHY, DUE).rotate(certificate_arns=[HEALTHY.arn])["counts"] == {"Healthy": 1}


def test_no_certificate_is_ever_requested_for_one_that_acm_renews() -> None:
    account = Account(certificate(ends_in=days(60)), replace(blocked(), arn=arn("blocked")))
    for day in range(70):
        account.rotate(now=NOW + days(day))
    assert account.certificates.asked == []
    assert len(account.dns.batches) == 1


# --- Everything else is done, then the run fails ----------------------------------------------


def test_one_unreadable_certificate_is_reported_and_raised_after_the_others_were_repaired() -> None:
    account = Account(DUE, BLOCKED)
    account.certificates.broken[f"describe {DUE.arn}"] = Outage("Throttling")
    with pytest.raises(
        RotationError, match=r"run-1 is incomplete: .*due: unexpected outage: Throttling"
    ):
        account.rotate()
    assert account.dns.batches == [(HOME, (record(),))]
    (message,) = account.topic.messages
    assert "INCOMPLETE" in message.bodies["email"]


def test_a_failed_repair_is_reported_and_raised() -> None:
    account = Account(BLOCKED, DUE)
    account.dns.broken["upsert Z1"] = Outage("AccessDenied")
    with pytest.raises(RotationError, match="blocked: unexpected outage: AccessDenied"):
        account.rotate()
    (message,) = account.topic.messages
    assert "Failed: unexpected outage: AccessDenied" in message.bodies["email"]


def test_certificates_that_could_not_be_listed_are_reported_and_raised() -> None:
    account = Account(HEALTHY)
    account.certificates.broken["list_all"] = Outage("AccessDenied")
    with pytest.raises(RotationError, match="could not be listed"):
        account.rotate()
    (message,) = account.topic.messages
    assert "scan failed" in message.subject


def test_a_message_that_cannot_be_sent_is_raised_after_the_work() -> None:
    account = Account(BLOCKED)
    account.topic.failure = Outage("NotFound")
    with pytest.raises(
        RotationError, match="the notification could not be sent: unexpected outage: NotFound"
    ):
        account.rotate()
    assert account.dns.batches == [(HOME, (record(),))]


def test_the_lost_message_is_named_before_other_faults() -> None:
    account = Account(BLOCKED)
    account.topic.failure = Outage("NotFound")
    account.dns.broken["upsert Z1"] = Outage("AccessDenied")
    with pytest.raises(RotationError) as raised:
        account.rotate()
    text = str(raised.value)
    assert text.index("NotFound") < text.index("AccessDenied")


def test_a_run_out_of_time_is_partial_reported_and_raised() -> None:
    account = Account(BLOCKED, HEALTHY)
    account.clock.left = 29
    with pytest.raises(RotationError, match="the function's time ran out"):
        account.rotate()
    (message,) = account.topic.messages
    assert json.loads(message.bodies["sqs"])["scopes"][0]["status"] == "partial"
    assert account.dns.batches == []


@pytest.mark.parametrize(("count", "rest"), [(5, r"Throttling$"), (8, r"and 3 more$")])
def test_an_error_names_the_first_faults_and_counts_the_rest(count: int, rest: str) -> None:
    many = [imported(arn=arn(f"n{number}"), ends_in=days(3)) for number in range(count)]
    account = Account(*many)
    for seen in many:
        account.certificates.broken[f"describe {seen.arn}"] = Outage("Throttling")
    with pytest.raises(RotationError, match=rest) as raised:
        account.rotate()
    assert str(raised.value).count("Throttling") == 5


def test_a_failure_is_in_the_log_with_the_result(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    account = Account(BLOCKED)
    account.topic.failure = Outage("NotFound")
    with pytest.raises(RotationError):
        account.rotate()
    finished = [entry for entry in caplog.records if entry.getMessage() == "rotation finished"]
    assert len(finished) == 1
    assert vars(finished[0])["run_id"] == "run-1"


def test_without_state_nothing_is_replaced_and_the_message_says_so() -> None:
    dead = certificate(arn=arn("dead"), status=EXPIRED, ends_in=-days(1), detail=detail())
    account = Account(dead)
    account.consumers = MemoryConsumers((listener(), [dead.arn]))
    (action,) = account.rotate(mode=RotationMode.REPLACE)["actions"]
    assert action["outcome"] == "advised"
    assert action["detail"].endswith("Not done here: there is no state table, see LEDGER_TABLE")
    assert account.certificates.asked == []


def test_with_state_it_is_replaced() -> None:
    dead = certificate(arn=arn("dead"), status=EXPIRED, ends_in=-days(1), detail=detail())
    account = Account(dead)
    account.state_store = MemoryStateStore()
    (action,) = account.rotate(mode=RotationMode.REPLACE)["actions"]
    assert action["outcome"] == "started"
    assert len(account.certificates.asked) == 1


# --- Who uses it --------------------------------------------------------------------------------


SERVING = replace(DUE, detail=detail())


class Listeners:
    """Names each certificate's users, or raises `failure`."""

    def __init__(self, account: Account, failure: Exception | None = None) -> None:
        account.catalog = MemoryCatalog(self.names)
        self.failure = failure
        self.asked: list[str] = []

    def names(self, certificate: Certificate) -> Sequence[str]:
        self.asked.append(certificate.arn)
        if self.failure is not None:
            raise self.failure
        return [f"listener of {certificate.domain_name}"]


def users(found: dict[str, Any]) -> dict[str, list[str]]:
    return {f["certificate_arn"]: f["used_by"] for f in found["findings"]}


def test_findings_say_who_uses_the_certificate_and_each_is_looked_up_once() -> None:
    account = Account(HEALTHY, BLOCKED, SERVING)
    listeners = Listeners(account)
    found = account.rotate()
    assert sorted(listeners.asked) == sorted([BLOCKED.arn, SERVING.arn])
    assert users(found)[SERVING.arn] == ["listener of api.example.com"]
    (message,) = account.topic.messages
    assert "   Used by listener of api.example.com.\n" in message.bodies["email"]


def test_who_cannot_be_looked_up_is_reported_by_its_arn_and_no_failure() -> None:
    account = Account(BLOCKED, SERVING)
    listeners = Listeners(account, Outage("AccessDenied"))
    found = account.rotate()
    assert len(listeners.asked) == 1
    assert users(found) == {key: ["load balancer shop"] for key in (BLOCKED.arn, SERVING.arn)}
    assert found["scopes"][0]["status"] == "ok"


def test_a_healthy_certificate_is_not_looked_up() -> None:
    account = Account(HEALTHY, replace(DUE, in_use=False, detail=NOT_DESCRIBED))
    listeners = Listeners(account)
    account.rotate()
    assert listeners.asked == []


def test_of_many_users_a_few_are_named_and_the_rest_is_counted() -> None:
    names = tuple(f"listener {number}" for number in range(8))
    message = compose(run(replace(judged(DUE), used_by=names)))
    assert message is not None
    text = " ".join(message.bodies["email"].split())
    assert "Used by listener 0, listener 1 and 6 more." in text
