"""What a scheduled run measures at its end: that it ended, who is subscribed, what stays open."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from certificate_lifecycle.app.organization import Aggregate, list_accounts, scan_account
from certificate_lifecycle.app.ports import (
    Organization,
    RunDependencies,
    ScopeClients,
    Subscriptions,
)
from certificate_lifecycle.app.rotation import rotate
from certificate_lifecycle.model.errors import RotationError
from certificate_lifecycle.model.run import ScopeStatus
from certificate_lifecycle.policy.notification_state import EntryKind, UnreadableEntry
from certificate_lifecycle.policy.settings import RotationMode
from certificate_lifecycle.render.emf import RunMetrics, embedded_metrics
from tests.unit.builders import (
    EXPIRED,
    NOW,
    PLACE,
    SECOND,
    arn,
    certificate,
    days,
    detail,
    imported,
    judged,
    run,
    scope,
)
from tests.unit.consumers import MemoryCatalog
from tests.unit.fakes import (
    MemoryCertificates,
    MemoryClock,
    MemoryDns,
    MemoryDocuments,
    MemoryImportSecrets,
    MemoryMetrics,
    MemoryNotificationLog,
    MemoryStateStore,
    MemoryTopic,
    Outage,
    dependencies,
    run_request,
)

GONE = certificate(status=EXPIRED, ends_in=-days(1), detail=detail())
REQUEST = run_request(mode=RotationMode.NOTIFY, scheduled=True)


def figures(document: dict[str, Any]) -> dict[str, Any]:
    (definition,) = document["_aws"]["CloudWatchMetrics"]
    names = {metric["Name"] for metric in definition["Metrics"]}
    assert set(document) == names | {"_aws", "Instance"}
    assert definition["Dimensions"] == [["Instance"]]
    return {name: document[name] for name in names}


def test_a_run_counts_by_severity_and_says_what_ends_next() -> None:
    found = run(
        judged(GONE),
        judged(imported(ends_in=days(20), detail=detail())),
        judged(certificate(arn=arn("healthy"), ends_in=days(12) + SECOND)),
        judged(certificate(arn=arn("unused"), in_use=False, ends_in=days(3), detail=detail())),
        scopes=(scope(), scope(ScopeStatus.FAILED, error="no answer")),
    )
    counted = figures(embedded_metrics(found, undelivered=True))
    assert counted["NextExpiryDays"] == 12
    assert counted["UndeliveredAlerts"] == 1
    assert (counted["CriticalFindings"], counted["FailedScopes"]) == (1, 1)
    severities = ("CriticalFindings", "WarningFindings", "InfoFindings")
    assert sum(counted[name] for name in severities) == counted["Findings"]


def test_a_run_that_knows_of_no_end_speaks_of_none() -> None:
    counted = figures(embedded_metrics(run(judged(GONE)), undelivered=False))
    assert "NextExpiryDays" not in counted
    assert counted["UndeliveredAlerts"] == 0


class FixedSubscriptions(Subscriptions):
    def __init__(self, count: int | Exception) -> None:
        self.count = count

    def confirmed_subscriptions(self) -> int:
        if isinstance(self.count, Exception):
            raise self.count
        return self.count


class World:
    """One account and region, whose ledger is that of the function, too."""

    def __init__(self) -> None:
        self.certificates = MemoryCertificates(GONE)
        self.state_store: MemoryStateStore | None = MemoryStateStore()
        self.topic = MemoryTopic()
        self.metrics = MemoryMetrics()
        self.clock = MemoryClock()
        self.subscriptions: FixedSubscriptions | None = FixedSubscriptions(1)

    @property
    def dependencies(self) -> RunDependencies:
        clients = dependencies(
            certificates=self.certificates,
            dns=MemoryDns(),
            import_secrets=MemoryImportSecrets(),
            state_store=self.state_store,
            topic=self.topic,
            clock=self.clock,
            metrics=self.metrics,
        )
        notification_log = MemoryNotificationLog() if self.state_store is not None else None
        return replace(clients, notification_log=notification_log, subscriptions=self.subscriptions)

    def rotate(self, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any field of a request
        request = replace(REQUEST, **changes)
        return rotate(request, self.dependencies, current_time=lambda: request.now + SECOND)

    @property
    def last(self) -> RunMetrics:
        return self.metrics.completed[-1]


@pytest.fixture
def world() -> World:
    return World()


def test_a_scheduled_run_says_that_it_ended_and_what_it_measured(world: World) -> None:
    world.rotate()
    assert world.metrics.completed == [
        RunMetrics(
            instance="certificate-lifecycle",
            finished_at=NOW + SECOND,
            confirmed_subscriptions=1,
            oldest_critical=SECOND,
        )
    ]


def test_a_critical_finding_grows_old_until_a_run_finds_it_resolved(world: World) -> None:
    world.rotate()
    world.rotate(now=NOW + days(4))
    assert world.last.oldest_critical == days(4) + SECOND
    world.certificates.stored.clear()
    world.rotate(now=NOW + days(5))
    assert world.last.oldest_critical == days(0)


def test_the_oldest_critical_finding_counts(world: World) -> None:
    world.rotate()
    later = replace(GONE, arn=arn("later"))
    world.certificates.stored[later.arn] = later
    world.rotate(now=NOW + days(2))
    assert world.last.oldest_critical == days(2) + SECOND


def test_a_finding_that_could_not_be_scanned_again_is_not_resolved(world: World) -> None:
    world.rotate()
    world.certificates.broken["list_all"] = Outage("no answer")
    with pytest.raises(RotationError):
        world.rotate(now=NOW + days(1))
    assert world.last.oldest_critical == days(1) + SECOND


@pytest.mark.parametrize("changes", [{"scheduled": False}, {"dry_run": True}])
def test_only_a_scheduled_run_that_is_no_dry_run_emits_them(
    world: World, changes: dict[str, bool]
) -> None:
    world.rotate(**changes)
    assert world.metrics.completed == []


def warnings(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    found = [entry for entry in caplog.records if entry.levelname == "WARNING"]
    return [(entry.getMessage(), entry.__dict__["metric"]) for entry in found]


def test_a_topic_without_subscriptions_is_a_value_and_no_failure(world: World) -> None:
    world.subscriptions = FixedSubscriptions(0)
    world.rotate()
    assert world.last.confirmed_subscriptions == 0


def test_a_topic_that_does_not_answer_is_a_warning_and_leaves_the_rest(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.subscriptions = FixedSubscriptions(Outage("no topic"))
    world.rotate()
    assert warnings(caplog) == [("metric could not be measured", "ConfirmedSubscriptions")]
    assert (world.last.confirmed_subscriptions, world.last.oldest_critical) == (None, SECOND)


def test_a_run_without_time_left_asks_nobody(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.clock.left = 29
    with pytest.raises(RotationError):
        world.rotate()
    assert ("metric could not be measured", "ConfirmedSubscriptions") in warnings(caplog)
    assert world.last.confirmed_subscriptions is None


def test_the_age_of_findings_that_were_not_scanned_again_is_not_read_without_time(
    world: World,
) -> None:
    world.rotate()
    world.certificates.broken["list_all"] = Outage("no answer")
    world.clock.left = 4
    with pytest.raises(RotationError):
        world.rotate()
    assert world.last.oldest_critical is None


def test_the_topic_of_another_account_is_not_asked_for_its_subscriptions(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.subscriptions = None
    world.rotate()
    assert world.last.confirmed_subscriptions is None
    assert warnings(caplog) == []


def test_without_state_no_age_is_known(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.state_store = None
    world.rotate()
    assert (world.last.confirmed_subscriptions, world.last.oldest_critical) == (1, None)
    assert warnings(caplog) == []


def test_a_state_table_that_could_not_be_read_is_a_warning_and_leaves_the_rest(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    assert world.state_store is not None
    world.state_store.broken["alert_records"] = Outage("no table")
    with pytest.raises(RotationError):
        world.rotate()
    assert warnings(caplog) == [("metric could not be measured", "OldestCriticalHours")]
    assert (world.last.confirmed_subscriptions, world.last.oldest_critical) == (1, None)


def test_the_age_of_a_finding_whose_record_cannot_be_read_is_unknown(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    assert world.state_store is not None
    world.state_store.misread = [UnreadableEntry("an entry", EntryKind.ALERT, GONE.arn)]
    with pytest.raises(RotationError, match="an entry"):
        world.rotate()
    assert warnings(caplog) == [("metric could not be measured", "OldestCriticalHours")]
    assert world.last.oldest_critical is None


def test_a_message_that_cannot_be_sent_is_a_figure(world: World) -> None:
    world.topic.failure = Outage("denied")
    with pytest.raises(RotationError, match="the notification could not be sent"):
        world.rotate()
    world.topic.failure = None
    world.rotate()
    assert world.metrics.undelivered == [True, False]
    # Both came to their end.
    assert len(world.metrics.completed) == 2


class OneAccount(Organization):
    def accounts(self) -> Any:  # noqa: ANN401 - no account beside the function's own
        return iter(())


def test_a_run_over_an_organization_measures_in_its_last_step(world: World) -> None:
    documents = MemoryDocuments()
    clients = replace(
        world.dependencies,
        clients_at=lambda _: ScopeClients(
            certificates=world.certificates,
            dns=MemoryDns(),
            import_secrets=MemoryImportSecrets(),
            catalog=MemoryCatalog(),
            state_store=world.state_store,
        ),
    )
    home = [PLACE.account_id]
    list_accounts(OneAccount(), documents, always=home, given=(), excluded=(), only=())
    scan_account(REQUEST, clients, documents, current_time=lambda: NOW)
    assert world.metrics.completed == []
    aggregate = Aggregate(
        request=REQUEST,
        regions=[PLACE.region],
        partition="aws",
        dependencies=clients,
        documents=documents,
        state_store=lambda scope: world.state_store if scope == PLACE else None,
    )
    aggregate.run(current_time=lambda: NOW + SECOND)
    assert (world.last.confirmed_subscriptions, world.last.oldest_critical) == (1, SECOND)
    # An account that leaves no result was not scanned, and its finding is not resolved.
    del documents.stored[f"accounts/{PLACE.account_id}.json"]
    with pytest.raises(RotationError):
        aggregate.run(current_time=lambda: NOW + days(4))
    assert world.last.oldest_critical == days(4)
