"""Several accounts and regions in one run: side by side, and each is in the report."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from certificate_lifecycle.app.deadline import Deadline
from certificate_lifecycle.app.ports import RunDependencies, ScopeClients
from certificate_lifecycle.app.rotation import rotate
from certificate_lifecycle.model.certificate import Certificate
from certificate_lifecycle.model.errors import RotationError
from certificate_lifecycle.model.run import ScopeResult, ScopeStatus, result
from certificate_lifecycle.model.scope import Scope
from certificate_lifecycle.policy.import_source import ImportSource
from certificate_lifecycle.policy.notification_state import WHOLE_SCOPE
from certificate_lifecycle.render.emf import embedded_metrics
from certificate_lifecycle.render.notification.limits import MAX_MESSAGE_BYTES
from certificate_lifecycle.render.notification.message import compose
from tests.unit.builders import NOW, SECOND, arn, certificate, days, imported, judged, run
from tests.unit.consumers import MemoryCatalog
from tests.unit.fakes import (
    MemoryCertificates,
    MemoryClock,
    MemoryDns,
    MemoryImportSecrets,
    MemoryMetrics,
    MemoryStateStore,
    MemoryTopic,
    Outage,
    run_request,
)

HERE, AWAY = Scope("123456789012", "eu-west-1"), Scope("123456789012", "us-east-1")
MEMBER = Scope("222222222222", "eu-west-1")
REQUEST = run_request(scopes=(HERE, AWAY, MEMBER))


def at(scope: Scope, name: str) -> str:
    return arn(name, scope.region).replace("123456789012", scope.account_id)


def healthy(scope: Scope) -> Certificate:
    return certificate(arn=at(scope, "healthy"))


def due(scope: Scope) -> Certificate:
    return imported(arn=at(scope, "due"), names=("api.example.com",), ends_in=days(20))


class World:
    """Three accounts and regions, each with a certificate that is due."""

    def __init__(self) -> None:
        self.certificates = {
            scope: MemoryCertificates(healthy(scope), due(scope)) for scope in REQUEST.scopes
        }
        self.ledgers = {scope: MemoryStateStore() for scope in REQUEST.scopes}
        self.topic = MemoryTopic()
        self.metrics = MemoryMetrics()
        self.clock = MemoryClock()
        self.unreachable: dict[Scope, Exception] = {}

    def scope_clients(self, scope: Scope) -> ScopeClients:
        if scope in self.unreachable:
            raise self.unreachable[scope]
        return ScopeClients(
            certificates=self.certificates[scope],
            dns=MemoryDns(),
            import_secrets=MemoryImportSecrets(),
            catalog=MemoryCatalog(),
            state_store=self.ledgers[scope],
        )

    def rotate(self, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any field of a request
        dependencies = RunDependencies(
            clients_at=self.scope_clients, topic=self.topic, metrics=self.metrics, clock=self.clock
        )
        return rotate(replace(REQUEST, **changes), dependencies, current_time=lambda: NOW + SECOND)


@pytest.fixture
def world() -> World:
    return World()


def test_every_account_and_region_is_a_scope_of_its_own(world: World) -> None:
    found = world.rotate()
    assert [(s["account_id"], s["region"], s["status"]) for s in found["scopes"]] == [
        ("123456789012", "eu-west-1", "ok"),
        ("123456789012", "us-east-1", "ok"),
        ("222222222222", "eu-west-1", "ok"),
    ]
    assert found["counts"] == {"Healthy": 3, "ImportDue": 3}
    assert {f["certificate_arn"] for f in found["findings"]} == {
        at(scope, "due") for scope in REQUEST.scopes
    }


def test_one_message_reports_all_of_them_and_says_where_each_finding_is(world: World) -> None:
    world.rotate()
    (message,) = world.topic.messages
    text = message.bodies["email"]
    assert message.subject == (
        "[warning] api.example.com expires in 20 days (+2) 2 accounts, 2 regions"
    )
    assert text.startswith("3 need you · 3 healthy\n2 accounts, eu-west-1, us-east-1\n")
    assert " 1 3 certificates of example.com · first expires in 20 days · " in text
    assert message.attributes == {
        "severity": "warning",
        "verdict": "ImportDue",
        "domain": "api.example.com",
        "account": ["123456789012", "222222222222"],
        "region": ["eu-west-1", "us-east-1"],
    }


def test_a_message_is_addressed_to_those_whom_it_concerns(world: World) -> None:
    for scope in (HERE, AWAY):
        del world.certificates[scope].stored[at(scope, "due")]
    world.rotate()
    (message,) = world.topic.messages
    assert message.attributes["account"] == "222222222222"
    assert message.attributes["region"] == "eu-west-1"


def test_what_was_reported_is_saved_for_each_scope_and_not_reported_again(world: World) -> None:
    world.rotate()
    for scope in REQUEST.scopes:
        (memory,) = world.ledgers[scope].alert_records()
        assert memory.subject.text == at(scope, "due")
    assert world.rotate()["notification"]["reason"] == "nothing new to report"


def test_a_change_of_one_scope_is_reported(world: World) -> None:
    world.rotate()
    another = imported(arn=at(AWAY, "another"), names=("b.example.com",), ends_in=days(9))
    world.certificates[AWAY].stored[another.arn] = another
    assert world.rotate()["notification"]["sent"]


BROKEN = ["listing", "reaching"]


@pytest.fixture(params=BROKEN)
def broken(request: pytest.FixtureRequest, world: World) -> World:
    """Let one of the three fail, at once or with the first call."""
    if request.param == "listing":
        world.certificates[AWAY].broken["list_all"] = Outage("no answer")
    else:
        world.unreachable[AWAY] = Outage("no answer")
    return world


def outcome(world: World, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any field of a request
    with pytest.raises(RotationError, match=r"account 123456789012, us-east-1: .*no answer"):
        world.rotate(**changes)
    return result(world.metrics.runs[-1], {})


def test_one_scope_that_fails_leaves_the_others_complete(broken: World) -> None:
    scopes = outcome(broken)["scopes"]
    assert [scope["status"] for scope in scopes] == ["ok", "failed", "ok"]
    assert [scope["certificates"] for scope in scopes] == [2, 0, 2]


def test_a_failed_scope_is_itself_a_finding_and_counted(broken: World) -> None:
    found = outcome(broken)
    lost, *others = found["findings"]
    assert (lost["verdict"], lost["reason"], lost["severity"]) == (
        "ScanFailed",
        "ScopeFailed",
        "warning",
    )
    assert (lost["certificate_arn"], lost["account_id"], lost["region"]) == (
        None,
        "123456789012",
        "us-east-1",
    )
    assert "no answer" in lost["message"]
    assert len(others) == 2
    assert found["counts"] == {"Healthy": 2, "ImportDue": 2, "ScanFailed": 1}


def test_a_failed_scope_is_reported_to_people_and_programs(broken: World) -> None:
    outcome(broken)
    (message,) = broken.topic.messages
    text = " ".join(message.bodies["email"].split())
    assert "INCOMPLETE (1) account 123456789012, us-east-1: the certificates could not be" in text
    assert "*INCOMPLETE*\\naccount 123456789012, us-east-1" in message.bodies["https"]
    document = json.loads(message.bodies["sqs"])
    assert document["scopes"][0]["status"] == "failed"
    assert document["findings"][0]["verdict"] == "ScanFailed"
    assert "us-east-1" in message.attributes["region"]


def test_a_failed_scope_is_a_figure(broken: World) -> None:
    outcome(broken)
    document = embedded_metrics(broken.metrics.runs[-1], undelivered=False)
    assert (document["FailedScopes"], document["Certificates"]) == (1, 4)
    assert document["Instance"] == "certificate-lifecycle"


def test_state_of_a_failed_scope_is_kept(world: World) -> None:
    world.rotate()
    world.certificates[AWAY].broken["list_all"] = Outage("no answer")
    outcome(world)
    kept = {memory.subject.text for memory in world.ledgers[AWAY].alert_records()}
    assert kept == {due(AWAY).arn, WHOLE_SCOPE.text}


def test_a_failed_scope_is_reported_once_and_when_it_is_resolved(world: World) -> None:
    world.rotate()
    world.certificates[AWAY].broken["list_all"] = Outage("no answer")
    outcome(world, now=NOW + days(1))
    outcome(world, now=NOW + days(2))
    world.certificates[AWAY].broken.clear()
    world.rotate(now=NOW + days(3))
    world.rotate(now=NOW + days(4))
    subjects = [message.bodies["email"] for message in world.topic.messages]
    assert len(subjects) == 3
    assert "INCOMPLETE" in subjects[1]
    assert "scanned in full again" in subjects[2]


def test_a_scope_that_hangs_is_given_up_in_time_for_the_message(world: World) -> None:
    released = threading.Event()
    hanging = world.certificates[AWAY]

    def hang() -> Iterator[Certificate]:
        released.wait(30)
        return iter(())

    hanging.list_all = hang  # type: ignore[method-assign] # one method of one fake
    world.clock.left = 16.0
    with pytest.raises(RotationError, match=r"us-east-1: .*the function's time ran out"):
        world.rotate()
    released.set()
    scopes = world.metrics.runs[-1].scopes
    assert scopes[1].status is ScopeStatus.FAILED
    assert len(world.topic.messages) == 1


def test_a_thread_that_was_given_up_finds_no_time_left() -> None:
    deadline = Deadline(MemoryClock(900))
    assert deadline.remaining() == 900
    deadline.passed = True
    assert deadline.remaining() == 0


def test_a_dry_run_writes_no_figures(world: World) -> None:
    world.rotate(dry_run=True)
    assert world.metrics.runs == []


def test_certificates_by_name_concern_only_their_own_scope(world: World) -> None:
    world.rotate(scopes=(AWAY,), certificate_arns=[at(AWAY, "due")])
    assert world.certificates[AWAY].described == [at(AWAY, "due")]
    assert world.certificates[HERE].described == []


def test_import_sources_concern_only_their_own_scope(world: World) -> None:
    secret = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:s-AbCdEf"
    with pytest.raises(RotationError) as caught:
        world.rotate(import_sources={at(AWAY, "gone"): ImportSource(secret_arn=secret)})
    assert str(caught.value).count("has an import source, but does not exist") == 1


def test_thousands_of_failed_scopes_still_make_a_valid_message() -> None:
    lost = [
        ScopeResult(f"{number:012}", region, ScopeStatus.FAILED, 0, "AccessDenied " * 50)
        for number in range(500)
        for region in ("eu-west-1", "us-east-1", "ap-south-1", "sa-east-1")
    ]
    entries = [judged(imported(arn=arn(str(n)), ends_in=days(3))) for n in range(500)]
    message = compose(run(*entries, scopes=lost))
    assert message is not None
    size = len(json.dumps(dict(message.bodies)).encode())
    assert size + len(json.dumps(dict(message.attributes))) <= MAX_MESSAGE_BYTES
    document = json.loads(message.bodies["sqs"])
    assert len(document["scopes"]) + document["scopes_not_shown"] == 2_000
    assert document["findings_not_shown"] < 500
