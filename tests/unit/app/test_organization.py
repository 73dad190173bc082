"""A run over an organization: as one run over all of its accounts, and no account is silent."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from certificate_lifecycle.app.organization import ACCOUNTS, Aggregate, list_accounts, scan_account
from certificate_lifecycle.app.ports import Organization, RunDependencies, ScopeClients
from certificate_lifecycle.app.rotation import rotate
from certificate_lifecycle.app.run_context import RunRequest
from certificate_lifecycle.model.certificate import Action, Certificate
from certificate_lifecycle.model.errors import DocumentError, RotationError
from certificate_lifecycle.model.run import ActionRecord, Outcome, Run, result
from certificate_lifecycle.model.scope import ListedAccount, Scope
from certificate_lifecycle.policy.notification_state import (
    WHOLE_SCOPE,
    AlertRecord,
    AlertSubject,
    Intent,
    alert_record,
)
from certificate_lifecycle.policy.settings import RotationMode
from certificate_lifecycle.policy.thresholds import Thresholds
from certificate_lifecycle.render.account_result import AccountResult, healthy_counts
from certificate_lifecycle.render.notification.message import compose
from tests.unit.builders import (
    EXPIRED,
    N2_UNKNOWN_TO_SDK,
    NOW,
    SECOND,
    arn,
    blocked,
    certificate,
    days,
    detail,
    imported,
    judged,
    private,
    request,
    run,
    scope,
    zone,
)
from tests.unit.consumers import MemoryCatalog
from tests.unit.fakes import (
    MemoryCertificates,
    MemoryClock,
    MemoryDns,
    MemoryDocuments,
    MemoryImportSecrets,
    MemoryMetrics,
    MemoryReports,
    MemoryStateStore,
    MemoryTopic,
    Outage,
    run_request,
)

IDS = ("123456789012", "222222222222", "333333333333")
REGIONS = ("eu-west-1", "us-east-1")
PLACES = [Scope(account, region) for account in IDS for region in REGIONS]
REQUEST = run_request(scopes=tuple(PLACES))


def at(scope: Scope, found: Certificate) -> Certificate:
    """Return a certificate as if it were of another account and region."""
    elsewhere = found.arn.replace("eu-west-1", scope.region).replace(IDS[0], scope.account_id)
    return replace(found, arn=elsewhere)


ESTATE = (
    certificate(arn=arn("healthy")),
    imported(arn=arn("due"), names=("api.example.com", "b.example.com"), ends_in=days(20)),
    certificate(
        arn=arn("expired"),
        names=("gone.example.com",),
        status=EXPIRED,
        ends_in=-days(1),
        detail=detail(),
    ),
    certificate(arn=arn("unused"), names=("idle.example.com",), in_use=False),
    replace(blocked(), arn=arn("blocked")),
)


class TheOrganization(Organization):
    def __init__(self, *accounts: str, unknown: Sequence[str] = ()) -> None:
        self.listed = accounts
        self.unknown = unknown

    def accounts(self) -> Iterator[ListedAccount]:
        yield from (ListedAccount(entry, active=True) for entry in self.listed)
        yield from (ListedAccount(entry, active=None) for entry in self.unknown)


class World:
    """Three accounts with two regions each, and what the steps of a run leave."""

    def __init__(self) -> None:
        self.certificates = {
            scope: MemoryCertificates(*(at(scope, entry) for entry in ESTATE)) for scope in PLACES
        }
        self.dns = {scope: MemoryDns(zone()) for scope in PLACES}
        self.ledgers = {scope: MemoryStateStore() for scope in PLACES}
        self.topic = MemoryTopic()
        self.metrics = MemoryMetrics()
        self.documents = MemoryDocuments()
        self.reports = MemoryReports()
        self.unreachable: dict[str, Exception] = {}
        self.clock = MemoryClock()
        self.now = NOW

    def scope_clients(self, scope: Scope) -> ScopeClients:
        if scope.account_id in self.unreachable:
            raise self.unreachable[scope.account_id]
        return ScopeClients(
            certificates=self.certificates[scope],
            dns=self.dns[scope],
            import_secrets=MemoryImportSecrets(),
            catalog=MemoryCatalog(),
            state_store=self.ledgers[scope],
        )

    @property
    def dependencies(self) -> RunDependencies:
        return RunDependencies(
            clients_at=self.scope_clients,
            topic=self.topic,
            metrics=self.metrics,
            clock=self.clock,
            reports=self.reports,
        )

    def request(self, **changes: Any) -> RunRequest:  # noqa: ANN401 - any field of a request
        return replace(REQUEST, now=self.now, **changes)

    def list(self) -> None:
        list_accounts(
            TheOrganization(*IDS), self.documents, always=(), given=(), excluded=(), only=()
        )

    def scan(self, account_id: str, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - as above
        scopes = tuple(scope for scope in PLACES if scope.account_id == account_id)
        asked = self.request(run_id=f"look-{account_id}", scopes=scopes, **changes)
        return scan_account(
            asked, self.dependencies, self.documents, current_time=lambda: self.now + SECOND
        )

    def aggregate(self, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - as above
        aggregate = Aggregate(
            request=self.request(**changes),
            regions=REGIONS,
            partition="aws",
            dependencies=self.dependencies,
            documents=self.documents,
            state_store=lambda scope: self.ledgers[scope],
        )
        return aggregate.run(current_time=lambda: self.now + SECOND)

    def run(self, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - as above
        """Take all steps, as the state machine does."""
        self.list()
        for account_id in IDS:
            self.scan(account_id, **changes)
        return self.aggregate(**changes)

    @property
    def report(self) -> Any:  # noqa: ANN401 - JSON has any type
        return json.loads(self.reports.written["json"])


@pytest.fixture
def world() -> World:
    return World()


# --- As one run -------------------------------------------------------------------------------


def test_the_message_is_that_of_one_run_over_all_accounts(world: World) -> None:
    world.run()
    together = World()
    rotate(together.request(), together.dependencies, current_time=lambda: NOW + SECOND)
    (alone,), (apart,) = together.topic.messages, world.topic.messages
    assert apart.subject == alone.subject
    assert apart.attributes == alone.attributes
    assert apart.bodies["email"] == alone.bodies["email"]
    assert apart.bodies["https"] == alone.bodies["https"]
    assert json.loads(apart.bodies["sqs"]) == json.loads(alone.bodies["sqs"])


def test_the_report_is_the_result_of_one_run_over_all_accounts(world: World) -> None:
    world.run()
    together = World()
    found = rotate(together.request(), together.dependencies, current_time=lambda: NOW + SECOND)
    del found["notification"], found["report"]
    assert world.report == {"schema_version": "1", **found}
    assert world.report == together.report
    (figures,), (alone,) = world.metrics.runs, together.metrics.runs
    assert (figures.certificates, figures.counts) == (alone.certificates, alone.counts)


@pytest.mark.parametrize(("seconds", "state_reads"), [(29, 6), (11, 0)])
def test_results_that_the_last_step_has_no_time_to_read_are_failures_in_its_message(
    world: World, seconds: float, state_reads: int
) -> None:
    world.list()
    for account_id in IDS:
        world.scan(account_id)
    reads: list[int] = []

    def alert_records() -> tuple[AlertRecord, ...]:
        reads.append(1)
        return ()

    for store in world.ledgers.values():
        store.alert_records = alert_records  # type: ignore[method-assign] # counts the calls
    world.clock = MemoryClock(seconds)
    with pytest.raises(RotationError, match=r"could not be scanned: .*time ran out"):
        world.aggregate()
    assert len(reads) == state_reads
    (message,) = world.topic.messages
    assert "scan failed" in message.subject
    assert "the function's time ran out" in message.bodies["email"]


def test_the_result_is_in_figures_and_says_where_everything_is(world: World) -> None:
    assert world.run() == {
        "run_id": "run-1",
        "counts": {
            "Expired": 6,
            "Healthy": 6,
            "ImportDue": 6,
            "RenewalBlocked": 6,
            "Unused": 6,
        },
        "scopes": {"ok": 6},
        "findings": 24,
        "open_findings": 18,
        "muted_findings": 0,
        "ignored": 0,
        "expiring_certificates": 18,
        "renewed_certificates": 0,
        "notification": {
            "sent": True,
            "message_id": "message-1",
            "reason": world.topic.messages[0].subject,
        },
        "report": "s3://reports/run-1.html",
    }


def test_a_scan_sends_no_message_and_writes_no_metrics(world: World) -> None:
    assert world.scan(IDS[1]) == {"account_id": IDS[1], "certificates": 10}
    assert (world.topic.messages, world.metrics.runs) == ([], [])
    assert all(state_store.alerts == {} for state_store in world.ledgers.values())


# --- What is remembered -----------------------------------------------------------------------


def test_what_was_reported_is_saved_for_each_account_and_not_reported_again(world: World) -> None:
    world.run()
    assert all(len(state_store.alerts) == 3 for state_store in world.ledgers.values())
    assert all(state_store.recorded_intents == {} for state_store in world.ledgers.values())
    world.now += days(1)
    # The records that were mended are in place, so that this is over.
    assert world.run()["notification"]["sent"] is True
    world.now += days(1)
    assert world.run()["notification"]["sent"] is False


def test_what_no_message_has_reported_is_reported_by_the_next_run(world: World) -> None:
    world.topic.failure = Outage("SNS is down")
    with pytest.raises(RotationError, match="SNS is down"):
        world.run()
    assert all(state_store.alerts == {} for state_store in world.ledgers.values())
    world.topic.failure = None
    world.now += days(1)
    assert world.run()["notification"]["sent"] is True
    assert "an earlier run" in world.topic.messages[0].bodies["email"]


def test_what_is_resolved_is_reported_and_then_deleted(world: World) -> None:
    world.run()
    world.certificates[PLACES[0]] = MemoryCertificates(at(PLACES[0], ESTATE[0]))
    world.now += days(1)
    world.run()
    assert world.ledgers[PLACES[0]].alerts == {}
    assert " · was ImportDue" in world.topic.messages[-1].bodies["email"]


def test_a_dry_run_sends_nothing_and_saves_nothing(world: World) -> None:
    result = world.run(dry_run=True)
    assert result["notification"] == {"sent": False, "message_id": None, "reason": "dry run"}
    assert (world.topic.messages, world.metrics.runs) == ([], [])
    assert all(state_store.writes == 0 for state_store in world.ledgers.values())
    assert world.report["counts"]["Expired"] == 6


def test_a_state_table_that_cannot_be_written_fails_the_run_after_everything_is_reported(
    world: World,
) -> None:
    world.list()
    for account_id in IDS:
        world.scan(account_id)
    world.ledgers[PLACES[2]].broken["save_alert"] = Outage("throttled")
    with pytest.raises(RotationError, match="could not be saved: unexpected outage: throttled"):
        world.aggregate()
    assert len(world.topic.messages) == 1
    assert len(world.ledgers[PLACES[3]].alerts) == 3


# --- Failures ---------------------------------------------------------------------------------


def test_an_account_that_fails_leaves_the_others_complete_and_is_reported(world: World) -> None:
    world.unreachable[IDS[1]] = Outage("AccessDenied")
    world.list()
    for account_id in (IDS[0], IDS[2]):
        world.scan(account_id)
    with pytest.raises(RotationError, match="AccessDenied"):
        world.scan(IDS[1])
    with pytest.raises(RotationError) as caught:
        world.aggregate()
    for region in REGIONS:
        assert f"account {IDS[1]}, {region}: the certificates could not" in str(caught.value)
    (message,) = world.topic.messages
    assert "AccessDenied" in message.bodies["email"]
    assert world.report["counts"] == {
        "Expired": 4,
        "Healthy": 4,
        "ImportDue": 4,
        "ScanFailed": 2,
        "RenewalBlocked": 4,
        "Unused": 4,
    }


def test_a_class_that_no_account_can_list_is_one_finding_of_the_organization(world: World) -> None:
    for certificates in world.certificates.values():
        certificates.gaps = (N2_UNKNOWN_TO_SDK,)
    world.list()
    for account_id in IDS:
        world.scan(account_id)
    assert world.aggregate()["counts"]["InventoryIncomplete"] == 1
    (finding,) = [
        entry for entry in world.report["findings"] if entry["verdict"] == "InventoryIncomplete"
    ]
    assert f"of {len(IDS) * len(REGIONS)} accounts and regions" in finding["message"]
    (message,) = world.topic.messages
    assert "NOT LISTED" in message.bodies["email"]


def test_an_account_whose_function_died_is_reported(world: World) -> None:
    world.list()
    world.scan(IDS[0])
    world.scan(IDS[2])
    with pytest.raises(RotationError, match="its function wrote no result"):
        world.aggregate()
    statuses = {(s["account_id"], s["status"]) for s in world.report["scopes"]}
    assert statuses == {(IDS[0], "ok"), (IDS[1], "failed"), (IDS[2], "ok")}


@pytest.mark.parametrize(
    "content",
    [[{}], {"scope": None}, "text", [None], [{"scope": {"account_id": "1"}}], None, 5, [], {}, ""],
    ids=repr,
)
def test_what_is_not_understood_is_an_account_that_was_not_scanned(
    world: World, content: object
) -> None:
    world.list()
    for account_id in IDS:
        world.scan(account_id)
    world.documents.put(f"accounts/{IDS[1]}.json", content)
    left = rf"{IDS[1]}, eu-west-1.*result could not be read \(it (is no result|does not have)"
    with pytest.raises(RotationError, match=left):
        world.aggregate()
    assert world.report["counts"]["ScanFailed"] == 2


def test_what_is_not_about_each_region_of_an_account_is_no_scan_of_it(world: World) -> None:
    world.list()
    for account_id in IDS:
        world.scan(account_id)
    other = world.documents.get(f"accounts/{IDS[0]}.json")
    (one, _) = world.documents.get(f"accounts/{IDS[1]}.json")
    for content in ([one], [one, one], other):
        world.documents.put(f"accounts/{IDS[1]}.json", content)
        with pytest.raises(RotationError, match="not have each region of the account once"):
            world.aggregate()
        assert world.report["counts"]["ScanFailed"] == 2


def test_a_report_that_cannot_be_written_does_not_keep_the_message_back(world: World) -> None:
    world.reports.failure = Outage("bucket is gone")
    with pytest.raises(
        RotationError, match="the report could not be written: unexpected outage: bucket"
    ):
        world.run()
    (message,) = world.topic.messages
    assert json.loads(message.bodies["sqs"])["report"] is None


def test_a_function_that_could_not_leave_its_findings_has_failed(world: World) -> None:
    world.documents.broken[f"accounts/{IDS[0]}.json"] = Outage("bucket is gone")
    with pytest.raises(Outage):
        world.scan(IDS[0])


def test_a_step_may_be_repeated(world: World) -> None:
    world.list()
    for account_id in (*IDS, *IDS):
        world.scan(account_id)
    assert world.aggregate()["counts"]["Expired"] == 6


def test_a_story_that_continued_after_the_scan_is_left_to_be_reported_again(world: World) -> None:
    """The journal of a replacement is struck only as it was when it was read."""
    world.list()
    for account_id in IDS:
        world.scan(account_id, mode=RotationMode.REPLACE)
    stories = {
        scope: [
            replacement_record
            for replacement_record in state_store.stored.values()
            if replacement_record.unreported
        ]
        for scope, state_store in world.ledgers.items()
    }
    assert all(stories.values())
    moved = stories[PLACES[0]][0]
    world.ledgers[PLACES[0]].save_replacement(moved)
    world.aggregate(mode=RotationMode.REPLACE)
    assert world.ledgers[PLACES[0]].stored[moved.certificate_arn].unreported == moved.unreported
    assert not any(
        replacement_record.unreported
        for scope in PLACES[1:]
        for replacement_record in world.ledgers[scope].stored.values()
    )


# --- Which accounts ---------------------------------------------------------------------------


def listed(world: World) -> list[str]:
    return [item["account_id"] for item in world.documents.get(ACCOUNTS)]


def test_every_account_of_the_organization_is_scanned_once(world: World) -> None:
    organization = TheOrganization(IDS[2], IDS[0], IDS[1], IDS[0])
    result = list_accounts(organization, world.documents, always=(), given=(), excluded=(), only=())
    assert listed(world) == sorted(IDS)
    assert result == {"accounts": 3}


def test_the_functions_own_account_is_scanned_whatever_is_given(world: World) -> None:
    list_accounts(
        TheOrganization(), world.documents, always=IDS[:1], given=IDS[1:2], excluded=(), only=()
    )
    assert listed(world) == [IDS[0], IDS[1]]


def test_accounts_that_are_given_take_the_place_of_the_organizations(world: World) -> None:
    list_accounts(
        TheOrganization(), world.documents, always=(), given=IDS, excluded=(IDS[1],), only=()
    )
    assert listed(world) == [IDS[0], IDS[2]]


def test_a_run_may_be_for_some_accounts_only(world: World) -> None:
    list_accounts(
        TheOrganization(*IDS), world.documents, always=(), given=(), excluded=(), only=(IDS[1],)
    )
    assert listed(world) == [IDS[1]]


def test_an_account_that_is_not_the_organizations_is_refused(world: World) -> None:
    with pytest.raises(RotationError, match="no account of this organization: 444444444444"):
        list_accounts(
            TheOrganization(*IDS),
            world.documents,
            always=(),
            given=(),
            excluded=(),
            only=("444444444444",),
        )


def test_an_account_of_an_unknown_state_is_listed_only_if_the_settings_name_it(
    world: World,
) -> None:
    organization = TheOrganization(IDS[0], unknown=IDS)
    list_accounts(
        organization, world.documents, always=IDS[1:2], given=(), excluded=IDS[2:], only=()
    )
    assert listed(world) == [IDS[0], IDS[1]]
    assert len(world.documents.stored) == 1


def test_a_run_for_accounts_of_an_unknown_state_only_is_a_failure(world: World) -> None:
    with pytest.raises(RotationError, match="the state of 1 accounts is unknown"):
        list_accounts(
            TheOrganization(unknown=IDS),
            world.documents,
            always=(),
            given=(),
            excluded=(),
            only=IDS[1:2],
        )


def test_an_organization_without_accounts_is_a_failure_and_not_well(world: World) -> None:
    with pytest.raises(RotationError, match="no account to scan"):
        list_accounts(
            TheOrganization(IDS[0]), world.documents, always=(), given=(), excluded=IDS, only=()
        )
    assert world.documents.stored == {}


@pytest.mark.parametrize(
    "content",
    [
        [],
        {},
        [5],
        ["a"],
        None,
        [{"account": "1"}],
        [{"account_id": ""}],
        [{"account_id": "\u0661" * 12}],
    ],
    ids=repr,
)
def test_a_list_of_accounts_that_is_none_is_never_taken_for_one_of_none(
    world: World, content: object
) -> None:
    world.documents.put(ACCOUNTS, content)
    with pytest.raises(
        DocumentError, match=r"s3://runs/accounts.json (is no list of|lists (no|an invalid)) acc"
    ):
        world.aggregate()


@pytest.mark.parametrize(
    "change",
    [
        {"findings": [{}]},
        {"findings": None},
        {"since": {arn("a"): "2026-06-01T12:00:00"}},
        {"actions": [{"certificate_arn": "nothing"}]},
        {"memories": [{"certificate_arn": "\x1b[2J"}]},
        {"scope": "all"},
        {"healthy": {"Fine": 1}},
    ],
    ids=str,
)
def test_what_no_step_would_leave_is_an_account_that_was_not_scanned(
    world: World, change: dict[str, object]
) -> None:
    left = {**left_by(run(*FOUND)).to_dict(NOW), **change}
    world.documents.put(ACCOUNTS, [{"account_id": IDS[0]}])
    world.documents.put(f"accounts/{IDS[0]}.json", [left])
    with pytest.raises(RotationError, match=r"could not be read .it is no result of a scan"):
        world.aggregate()


# --- What is handed over ----------------------------------------------------------------------

FOUND = (
    judged(imported(arn=arn("due"), names=("api.example.com", "b.example.com"), ends_in=days(20))),
    judged(certificate(arn=arn("expired"), status=EXPIRED, ends_in=-days(1), detail=detail())),
    judged(certificate(arn=arn("unused"), in_use=False)),
    judged(private(arn=arn("private"), in_use=False)),
    judged(request(arn=arn("request"))),
    judged(imported(arn=arn("nameless"), names=(), ends_in=None)),
    replace(judged(imported(arn=arn("muted"), ends_in=days(3))), muted_until=date(2026, 7, 1)),
)


@pytest.fixture
def whole() -> Run:
    seen = [
        replace(
            entry,
            used_by=("listener 443 of shop",),
            probe_results=("shop.example.com serves it",),
            outside_scope=True,
        )
        for entry in FOUND
    ]
    healthy = [judged(certificate(arn=arn(f"healthy-{n}"))) for n in range(3)]
    return run(*seen, *healthy, scopes=(scope(certificates=10, ignored=3),))


def passed_on(left: AccountResult) -> AccountResult:
    """Return what the other step reads."""
    return AccountResult.from_dict(json.loads(json.dumps(left.to_dict(NOW))))


def left_by(found: Run, **changes: Any) -> AccountResult:  # noqa: ANN401 - any field of a handover
    return AccountResult(
        scope=found.scopes[0],
        run_id="look",
        should_notify=True,
        findings=found.findings,
        healthy=healthy_counts(found),
        actions=found.actions,
        **changes,
    )


def test_no_reported_field_is_lost_on_the_way(whole: Run) -> None:
    read = passed_on(left_by(whole))
    again = replace(whole, assessments=tuple(read.findings), healthy=read.healthy)
    assert result(again, {}) == result(whole, {})
    assert compose(again) == compose(whole)


def test_what_the_state_table_is_owed_is_not_lost_on_the_way(whole: Run) -> None:
    memory = AlertRecord(
        subject=AlertSubject(arn("due")),
        verdict="ImportDue",
        reason="ImportedExpiring",
        severity="warning",
        band="near",
        notified_at=NOW,
        version=3,
    )
    critical = replace(memory, severity="critical", critical_since=NOW - days(2))
    note = Intent(
        certificate_arn=arn("due"), action="Reimport", text="import", run_id="r", written_at=NOW
    )
    of_scope = replace(memory, subject=WHOLE_SCOPE, verdict="ScanFailed")
    alert_records = (memory, critical, of_scope)
    left = left_by(
        whole, alert_records=alert_records, intents=(note,), replacement_records={arn("due"): 4}
    )
    read = passed_on(left)
    assert (read.alert_records, read.intents, read.replacement_records) == (
        left.alert_records,
        left.intents,
        left.replacement_records,
    )


def test_an_alert_record_that_an_earlier_version_left_is_understood(whole: Run) -> None:
    memory = alert_record(whole.findings[0], None, Thresholds(), NOW)
    left = left_by(whole, alert_records=(memory,)).to_dict(NOW)
    del left["memories"][0]["critical_since"]
    assert AccountResult.from_dict(left).alert_records == (replace(memory, critical_since=None),)


def test_what_can_be_scanned_again_is_reported_without_what_steers(whole: Run) -> None:
    left = replace(left_by(whole), recovered_scopes=("account 1\x1b[2J, eu\u202e",))
    assert passed_on(left).recovered_scopes == ("account 1 [2J, eu",)


def test_what_was_done_is_not_lost_on_the_way(whole: Run) -> None:
    records = (
        ActionRecord(arn("due"), Action.REIMPORT, Outcome.DONE, "imported", renewed=True),
        ActionRecord(arn("expired"), Action.REPLACE, Outcome.FAILED, "no zone"),
    )
    assert passed_on(left_by(replace(whole, actions=records))).actions == records


def test_what_is_healthy_is_counted_with_what_was_counted_before() -> None:
    found = run(judged(certificate()), healthy={"Healthy": 2, "Renewing": 1})
    assert healthy_counts(found) == {"Healthy": 3, "Renewing": 1}
