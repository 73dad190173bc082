"""An event bus and Security Hub receive a run independently; SNS always receives it.

What a rule sends to a queue is what a program would get.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from certificate_lifecycle.aws.clients import Clients
from certificate_lifecycle.aws.sinks.eventbridge import EventBus
from certificate_lifecycle.model.certificate import (
    Action,
    Certificate,
    CertificateStatus,
    CertificateType,
    Decision,
    Reason,
    Severity,
    Verdict,
)
from certificate_lifecycle.model.errors import EventsRejectedError, RotationError
from certificate_lifecycle.model.run import (
    Assessment,
    ChangeKind,
    FindingChange,
    Run,
    ScopeResult,
    ScopeStatus,
)
from tests.embedded_aws.cloud import Cloud
from tests.integration.effects import USED, documents, ending_in, wanted_records
from tests.integration.invocation import NOW, Function, scheduled
from tests.integration.sinks import BUS, NAME, of, received_events
from tests.integration.state_machine import ACCOUNTS, make_state_machine

pytestmark = pytest.mark.integration


@pytest.fixture
def hub(cloud: Cloud, environment: pytest.MonkeyPatch) -> None:
    """Let the function report to Security Hub."""
    environment.setenv("SECURITY_HUB", "true")
    cloud.security_hub.enable()


def due(cloud: Cloud, domain_name: str = "shop.example.com", **more: Any) -> str:  # noqa: ANN401 - any attribute
    return cloud.certificates.add(
        domain_name=domain_name, type="IMPORTED", **USED, **ending_in(cloud, 10), **more
    )


def reimport(cloud: Cloud, arn: str) -> None:
    """Import a certificate again, as its owner does."""
    cloud.certificates.edit(arn, not_after=cloud.now + timedelta(days=300))


def blocked(cloud: Cloud) -> str:
    return cloud.certificates.add(
        domain_name="example.com",
        renewal_status="PENDING_VALIDATION",
        **USED,
        **ending_in(cloud, 25),
    )


def states(cloud: Cloud) -> dict[str, str]:
    """Return whether findings are active, by the end of their certificate's ARN."""
    return {
        id_.rpartition("/")[2]: finding["RecordState"]
        for id_, finding in cloud.security_hub.findings().items()
    }


def tail(arn: str) -> str:
    return arn.rpartition("/")[2]


# --- Neither ----------------------------------------------------------------------------------


def test_without_configured_sinks_nothing_is_sent(rotation: Function, cloud: Cloud) -> None:
    due(cloud)
    rotation(scheduled(NOW))
    assert {"PutEvents", "BatchImportFindings", "GetFindings"}.isdisjoint(rotation.operations)


@pytest.mark.usefixtures("hub")
def test_a_dry_run_sends_nothing(rotation: Function, cloud: Cloud, queue: str) -> None:
    due(cloud)
    rotation({"dry_run": True})
    assert received_events(cloud, queue) == []
    assert cloud.security_hub.findings() == {}


# --- Events -----------------------------------------------------------------------------------


def test_actions_and_the_run_reach_the_queue_of_a_rule(
    rotation: Function, cloud: Cloud, queue: str
) -> None:
    zone = cloud.zones.add("example.com")
    arn = blocked(cloud)

    result = rotation(scheduled(NOW))

    assert cloud.zones.records(zone) == wanted_records(cloud, arn)
    events = received_events(cloud, queue)
    (action,) = of(events, "Action")
    assert (action["source"], action["resources"]) == (NAME, [arn])
    assert action["time"] == "2026-06-15T12:00:00Z"
    assert action["detail"]["outcome"] == "done"
    assert action["detail"]["message"] == result["actions"][0]["detail"]
    (run,) = of(events, "Run")
    assert events[-1] == run
    assert run["detail"]["counts"] == result["counts"]
    assert run["detail"]["run_id"] == result["run_id"]
    assert run["detail"]["scopes"] == result["scopes"]


def test_a_run_without_findings_is_sent_to_the_sinks(
    rotation: Function, cloud: Cloud, queue: str
) -> None:
    """A program needs the event to know that the run took place."""
    rotation(scheduled(NOW))
    (run,) = received_events(cloud, queue)
    assert run["detail"]["severity"] == "ok"


def test_a_failed_action_is_an_event_too(rotation: Function, cloud: Cloud, queue: str) -> None:
    cloud.zones.add("example.com")
    arn = blocked(cloud)
    cloud.fail("route53", "ChangeResourceRecordSets", "AccessDenied", times=None)
    with pytest.raises(RotationError, match=arn):
        rotation(scheduled(NOW))
    events = received_events(cloud, queue)
    assert [event["detail"]["outcome"] for event in of(events, "Action")] == ["failed"]
    assert of(events, "Run")[0]["detail"]["incomplete"] is True


@pytest.mark.usefixtures("ledger_table")
def test_a_finding_is_an_event_when_it_is_new_when_it_is_worse_and_when_it_is_resolved(
    rotation: Function, cloud: Cloud, queue: str
) -> None:
    """An unchanged finding is not sent again, so a receiver need not remember events."""
    arn = due(cloud)
    published = []
    for day in range(5):
        if day == 4:
            reimport(cloud, arn)
        rotation(scheduled(cloud.now))
        published.append(of(received_events(cloud, queue), "Finding"))
        cloud.advance(days=2)
    kinds = [[event["detail"]["change"] for event in events] for events in published]
    assert kinds[0] == ["new"]
    assert kinds[-1] == ["resolved"]
    assert any("worse" in kind for kind in kinds[1:-1])
    assert [] in kinds
    (new,), (over,) = published[0], published[-1]
    assert (new["resources"], over["resources"]) == ([arn], [arn])
    assert new["detail"]["finding"]["verdict"] == over["detail"]["previous_verdict"] == "ImportDue"
    assert over["detail"]["finding"] is None
    assert over["detail"]["since"] == NOW.isoformat()


def changed(count: int) -> Run:
    """Return a run with so many new findings."""
    arns = [f"arn:aws:acm:eu-west-1:123456789012:certificate/{number}" for number in range(count)]
    decision = Decision(
        Verdict.IMPORT_DUE,
        Severity.CRITICAL,
        Reason.IMPORTED_EXPIRING,
        "It expires.",
        Action.REIMPORT,
    )
    return Run(
        run_id="run-1",
        started_at=NOW,
        finished_at=NOW,
        instance=NAME,
        mode="replace",
        dry_run=False,
        scopes=[ScopeResult("123456789012", "eu-west-1", ScopeStatus.OK, count, None)],
        assessments=[
            Assessment(
                Certificate(
                    arn=arn,
                    names=("shop.example.com",),
                    status=CertificateStatus.ISSUED,
                    type=CertificateType.IMPORTED,
                    key_algorithm="RSA_2048",
                ),
                decision,
            )
            for arn in arns
        ],
        actions=[],
        changes=[FindingChange(arn, ChangeKind.NEW) for arn in arns],
    )


@pytest.fixture
def bus(queue: str) -> EventBus:
    assert queue
    return EventBus(lambda: Clients("eu-west-1").any("events", "eu-west-1"), BUS)


def in_time() -> None:
    """Find time for every call."""


def entries(cloud: Cloud) -> list[int]:
    """Count the entries of each call."""
    return [
        len(call.parameters["Entries"]) for call in cloud.calls if call.operation == "PutEvents"
    ]


def test_every_change_reaches_the_queue_ten_a_call(bus: EventBus, cloud: Cloud, queue: str) -> None:
    cloud.forget_calls()
    bus.publish(changed(24), in_time)
    assert entries(cloud) == [10, 10, 5]
    events = received_events(cloud, queue)
    assert len(of(events, "Finding")) == 24
    assert of(events, "Finding")[0]["detail"]["finding"]["severity"] == "critical"


def test_a_bus_gets_no_further_call_when_the_time_has_run_out(bus: EventBus, cloud: Cloud) -> None:
    left = iter([True, True, False])

    def require_time() -> None:
        if not next(left):
            raise RotationError("no time")

    cloud.forget_calls()
    with pytest.raises(RotationError, match="no time"):
        bus.publish(changed(24), require_time)
    assert entries(cloud) == [10, 10]


def test_only_refused_events_are_sent_again(bus: EventBus, cloud: Cloud, queue: str) -> None:
    refused: list[str] = []

    def first_time(entry: Mapping[str, Any]) -> str | None:
        arn = "".join(entry["Resources"])
        if arn.endswith(("/3", "/12")) and arn not in refused:
            refused.append(arn)
            return "InternalFailure"
        return None

    cloud.event_buses.refuse = first_time
    cloud.forget_calls()
    bus.publish(changed(12), in_time)
    assert entries(cloud) == [10, 1, 3]
    resources = [event["resources"] for event in of(received_events(cloud, queue), "Finding")]
    assert len(resources) == 12
    assert len({tuple(resource) for resource in resources}) == 12


def test_events_refused_twice_are_counted_by_code_and_block_nothing(
    bus: EventBus, cloud: Cloud, queue: str
) -> None:
    codes = {"/3": "ThrottlingException", "/7": "InternalFailure", "/11": "InternalFailure"}

    def never(entry: Mapping[str, Any]) -> str | None:
        arn = "".join(entry["Resources"])
        return next((code for end, code in codes.items() if arn.endswith(end)), None)

    cloud.event_buses.refuse = never
    with pytest.raises(EventsRejectedError) as caught:
        bus.publish(changed(14), in_time)
    assert str(caught.value) == (
        "3 of 15 events were refused: InternalFailure (2), ThrottlingException (1)"
    )
    assert len(received_events(cloud, queue)) == 12


# --- Security Hub -----------------------------------------------------------------------------


@pytest.mark.usefixtures("hub")
def test_a_finding_appears_is_updated_and_is_archived_when_it_is_fixed(
    rotation: Function, cloud: Cloud
) -> None:
    arn = due(cloud)
    rotation(scheduled(NOW))
    ((_, first),) = cloud.security_hub.findings().items()
    assert (first["Title"], first["RecordState"]) == ("ImportDue: shop.example.com", "ACTIVE")
    assert first["Severity"]["Label"] == "MEDIUM"
    assert first["Workflow"] == {"Status": "NEW"}
    assert first["Resources"][0]["Id"] == arn

    cloud.advance(days=5)
    rotation(scheduled(cloud.now))
    ((_, second),) = cloud.security_hub.findings().items()
    assert second["Severity"]["Label"] == "CRITICAL"
    assert second["CreatedAt"] == first["CreatedAt"]
    assert second["UpdatedAt"] > first["UpdatedAt"]

    reimport(cloud, arn)
    cloud.advance(days=1)
    rotation(scheduled(cloud.now))
    ((_, third),) = cloud.security_hub.findings().items()
    kept = {"RecordState", "UpdatedAt"}
    assert {k: v for k, v in third.items() if k not in kept} == {
        k: v for k, v in second.items() if k not in kept
    }
    assert third["RecordState"] == "ARCHIVED"

    cloud.advance(days=1)
    rotation(scheduled(cloud.now))
    assert rotation.operations.count("GetFindings") == 1
    assert "BatchImportFindings" not in rotation.operations


@pytest.mark.usefixtures("hub")
def test_a_recurring_finding_is_the_same_and_active_again(rotation: Function, cloud: Cloud) -> None:
    arn = due(cloud)
    rotation(scheduled(NOW))
    reimport(cloud, arn)
    cloud.advance(days=1)
    rotation(scheduled(cloud.now))
    assert states(cloud) == {tail(arn): "ARCHIVED"}
    cloud.advance(days=295)
    rotation(scheduled(cloud.now))
    assert states(cloud) == {tail(arn): "ACTIVE"}


@pytest.mark.usefixtures("hub")
def test_a_suppressed_finding_stays_suppressed(rotation: Function, cloud: Cloud) -> None:
    arn = due(cloud)
    rotation(scheduled(NOW))
    ((finding_id, _),) = cloud.security_hub.findings().items()
    cloud.security_hub.decide(finding_id, "SUPPRESSED")
    for lives in (timedelta(days=5), timedelta(days=300), timedelta(days=3)):
        cloud.advance(days=1)
        cloud.certificates.edit(arn, not_after=cloud.now + lives)
        rotation(scheduled(cloud.now))
        assert cloud.security_hub.findings()[finding_id]["Workflow"] == {"Status": "SUPPRESSED"}
    assert states(cloud) == {tail(arn): "ACTIVE"}


@pytest.mark.usefixtures("hub")
def test_all_pages_of_active_findings_are_read_and_archived(
    rotation: Function, cloud: Cloud
) -> None:
    """The embedded Security Hub shows two findings a page."""
    arns = [due(cloud, f"n{number}.example.com") for number in range(5)]
    rotation(scheduled(NOW))
    for arn in arns:
        reimport(cloud, arn)
    cloud.advance(days=1)
    rotation(scheduled(cloud.now))
    assert rotation.operations.count("GetFindings") == 3
    assert states(cloud) == {tail(arn): "ARCHIVED" for arn in arns}


@pytest.mark.usefixtures("hub")
def test_more_findings_than_a_call_takes_are_reported_in_several(
    rotation: Function, cloud: Cloud
) -> None:
    cloud.certificates.page_size = 1000
    arns = {due(cloud, f"n{number}.example.com") for number in range(130)}
    rotation(scheduled(NOW))
    assert rotation.operations.count("BatchImportFindings") == 2
    assert set(states(cloud)) == {tail(arn) for arn in arns}


@pytest.mark.usefixtures("hub")
def test_a_run_for_one_certificate_updates_it_and_archives_nothing(
    rotation: Function, cloud: Cloud
) -> None:
    asked, other = due(cloud, "a.example.com"), due(cloud, "b.example.com")
    rotation(scheduled(NOW))
    reimport(cloud, other)
    cloud.advance(days=5)
    rotation({"certificate_arns": [asked]})
    assert states(cloud) == {tail(asked): "ACTIVE", tail(other): "ACTIVE"}
    labels = {
        tail(finding["Resources"][0]["Id"]): finding["Severity"]["Label"]
        for finding in cloud.security_hub.findings().values()
    }
    assert labels == {tail(asked): "CRITICAL", tail(other): "MEDIUM"}


@pytest.mark.usefixtures("hub")
def test_a_region_that_cannot_be_read_is_a_finding_and_archives_nothing(
    rotation: Function, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("REGIONS", '["eu-west-1", "us-east-1"]')
    here, there = due(cloud), due(cloud, region="us-east-1")
    rotation(scheduled(NOW))
    reimport(cloud, here)
    reimport(cloud, there)
    denied = cloud.fail(
        "acm", "ListCertificates", "AccessDeniedException", times=None, region="us-east-1"
    )
    cloud.advance(days=1)
    with pytest.raises(RotationError, match="us-east-1"):
        rotation(scheduled(cloud.now))
    assert states(cloud) == {tail(here): "ARCHIVED", tail(there): "ACTIVE", "us-east-1": "ACTIVE"}

    denied.times = 0
    cloud.advance(days=1)
    rotation(scheduled(cloud.now))
    assert set(states(cloud).values()) == {"ARCHIVED"}


@pytest.mark.usefixtures("hub")
def test_findings_of_other_instances_and_products_are_left_alone(
    rotation: Function, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    arn = due(cloud)
    rotation(scheduled(NOW))
    environment.setenv("NAME_PREFIX", "other-team")
    reimport(cloud, arn)
    cloud.advance(days=1)
    rotation(scheduled(cloud.now))
    assert states(cloud) == {tail(arn): "ACTIVE"}


@pytest.mark.usefixtures("hub")
def test_an_organization_is_sent_once_in_the_functions_own_account(
    rotation: Function, cloud: Cloud, environment: pytest.MonkeyPatch, queue: str
) -> None:
    machine = make_state_machine(rotation, cloud, environment)
    arns = [due(cloud, account=account) for account in ACCOUNTS]
    machine.step("list")
    machine.scan_all()
    assert received_events(cloud, queue) == []
    assert cloud.security_hub.findings() == {}

    machine.step("aggregate")

    assert states(cloud) == {tail(arn): "ACTIVE" for arn in arns}
    (run,) = of(received_events(cloud, queue), "Run")
    assert len(run["detail"]["scopes"]) == 6

    for arn in arns:
        reimport(cloud, arn)
    cloud.advance(days=1)
    machine.run = "run-2"
    machine.all()
    assert states(cloud) == {tail(arn): "ARCHIVED" for arn in arns}


# --- Failures ---------------------------------------------------------------------------------


@pytest.mark.usefixtures("hub")
def test_events_that_may_not_be_sent_fail_the_run_after_everything_else_is_done(
    rotation: Function, cloud: Cloud, queue: str, topic: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arn = due(cloud)
    cloud.fail("events", "PutEvents", "AccessDeniedException", "not you", times=None)
    with pytest.raises(
        RotationError, match=r"the event bus security could not be notified: .*not you"
    ):
        rotation(scheduled(NOW))
    assert len(documents(cloud, topic)) == 1
    assert states(cloud) == {tail(arn): "ACTIVE"}
    assert received_events(cloud, queue) == []
    assert "FailedScopes" in capsys.readouterr().out


@pytest.mark.usefixtures("hub")
def test_findings_that_may_not_be_reported_fail_the_run_after_everything_else_is_done(
    rotation: Function, cloud: Cloud, queue: str, topic: str
) -> None:
    due(cloud)
    cloud.fail("securityhub", "BatchImportFindings", "AccessDeniedException", times=None)
    with pytest.raises(RotationError, match=r"Security Hub could not be notified: .*AccessDenied"):
        rotation(scheduled(NOW))
    assert len(documents(cloud, topic)) == 1
    assert of(received_events(cloud, queue), "Run")


def test_a_disabled_security_hub_is_one_clear_sentence(
    rotation: Function, cloud: Cloud, environment: pytest.MonkeyPatch, topic: str
) -> None:
    environment.setenv("SECURITY_HUB", "true")
    due(cloud)
    with pytest.raises(RotationError) as caught:
        rotation(scheduled(NOW))
    assert str(caught.value).endswith(
        "is incomplete: Security Hub could not be notified: "
        "Security Hub is not enabled in account 123456789012, eu-west-1"
    )
    assert len(documents(cloud, topic)) == 1


@pytest.mark.usefixtures("hub")
def test_a_finding_that_is_refused_keeps_no_other_back_and_is_named_with_its_code(
    rotation: Function, cloud: Cloud
) -> None:
    good, bad = due(cloud, "a.example.com"), due(cloud, "b.example.com")
    cloud.security_hub.refuse = lambda finding: (
        "InvalidInput" if finding["Id"].endswith(tail(bad)) else None
    )
    with pytest.raises(RotationError) as caught:
        rotation(scheduled(NOW))
    assert f"1 of 2 findings were refused: {NAME}/{bad}: InvalidInput" in str(caught.value)
    assert states(cloud) == {tail(good): "ACTIVE"}


@pytest.mark.usefixtures("hub")
def test_throttled_sinks_are_retried(rotation: Function, cloud: Cloud, queue: str) -> None:
    arn = due(cloud)
    faults = [
        cloud.fail("events", "PutEvents", times=2),
        cloud.fail("securityhub", "GetFindings", "LimitExceededException", times=2),
        cloud.fail("securityhub", "BatchImportFindings", "LimitExceededException", times=2),
    ]
    rotation(scheduled(NOW))
    assert [fault.count for fault in faults] == [2] * 3
    assert len(of(received_events(cloud, queue), "Run")) == 1
    assert states(cloud) == {tail(arn): "ACTIVE"}


@pytest.mark.usefixtures("hub")
def test_findings_that_cannot_be_read_are_not_reported_as_new(
    rotation: Function, cloud: Cloud
) -> None:
    """Otherwise creations would be missing and resolved findings would stay."""
    due(cloud)
    cloud.fail("securityhub", "GetFindings", "InternalException", times=None)
    with pytest.raises(RotationError, match="Security Hub could not be notified"):
        rotation(scheduled(NOW))
    assert "BatchImportFindings" not in rotation.operations


# --- Hostile texts, and where things go -------------------------------------------------------


@pytest.mark.usefixtures("hub")
@pytest.mark.parametrize(
    "name", ["evil\r\nname", "a\u202eb.example.com", "\x00", "\U0001f512" * 60]
)
def test_a_hostile_name_is_accepted_by_both_sinks(
    rotation: Function, cloud: Cloud, queue: str, name: str
) -> None:
    arn = due(cloud, name)
    rotation(scheduled(NOW))
    ((_, finding),) = cloud.security_hub.findings().items()
    assert states(cloud) == {tail(arn): "ACTIVE"}
    assert not {"\r", "\n", "\u202e", "\x00"} & set(finding["Title"])
    assert of(received_events(cloud, queue), "Run")


@pytest.mark.usefixtures("hub", "queue")
def test_both_are_reached_in_the_functions_own_account_and_region(
    rotation: Function, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("REGIONS", '["us-east-1"]')
    due(cloud, region="us-east-1")
    rotation(scheduled(NOW))
    told = [call for call in rotation.calls if call.service in ("events", "securityhub")]
    assert {(call.account, call.region) for call in told} == {("123456789012", "eu-west-1")}
    assert {call.service for call in told} == {"events", "securityhub"}


def test_another_error_of_security_hub_is_raised(
    rotation: Function, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("SECURITY_HUB", "true")
    cloud.security_hub.enable()
    cloud.fail("securityhub", "GetFindings", "InvalidInputException", "no such filter", times=None)
    with pytest.raises(RotationError, match="no such filter") as caught:
        rotation(scheduled(NOW))
    assert "not enabled" not in str(caught.value)
