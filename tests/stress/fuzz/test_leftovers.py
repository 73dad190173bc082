"""Changed state of an earlier run: it is read, or reported as unreadable."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from certificate_lifecycle.app.notification_state import AlertState
from certificate_lifecycle.app.organization import Aggregate
from certificate_lifecycle.app.ports import RunDependencies
from certificate_lifecycle.app.run_context import RunRequest
from certificate_lifecycle.aws.consumers.elbv2 import LISTENER
from certificate_lifecycle.aws.state_table import StateTable
from certificate_lifecycle.model.certificate import Action
from certificate_lifecycle.model.errors import CertificateLifecycleError, StateUnreadableError
from certificate_lifecycle.model.run import Run
from certificate_lifecycle.model.scope import Scope
from certificate_lifecycle.policy.bindings import Binding, BindingChange
from certificate_lifecycle.policy.notification_state import AlertRecord, AlertSubject, Intent
from certificate_lifecycle.policy.settings import RotationMode
from certificate_lifecycle.policy.succession import ReplacementRecord, ReplacementState
from certificate_lifecycle.render.account_result import AccountResult
from certificate_lifecycle.render.notification.message import compose
from tests.stress.fuzz.aws import CERTIFICATES, REGION, Aws
from tests.stress.fuzz.effort import fuzzed
from tests.stress.fuzz.hostile import UNTYPED, is_plain, require_own_words
from tests.stress.fuzz.lots import NOW, Lot, seeds
from tests.stress.fuzz.test_outputs import require_sendable
from tests.unit.fakes import MemoryClock, MemoryDocuments, MemoryTopic, dependencies, run_request

HERE = Scope("123456789012", REGION)
ONE = CERTIFICATES[0]
MOVE = BindingChange(
    binding=Binding(LISTENER, "listener", "", "load balancer shop"),
    bound_at=NOW,
)
JOURNAL = ReplacementRecord(
    certificate_arn=ONE,
    state=ReplacementState.BOUND,
    started_at=NOW,
    successor_arn=CERTIFICATES[1],
    requested_at=NOW,
    moves=(MOVE,),
    verified_at=NOW,
    unreported=("a sentence",),
    claimed_by="run-0",
    claimed_until=NOW,
    expires_at=NOW + timedelta(days=400),
)
MEMORY = AlertRecord(
    subject=AlertSubject(ONE),
    verdict="Expired",
    reason="PastNotAfter",
    severity="critical",
    band="over",
    notified_at=NOW,
    since=NOW,
    critical_since=NOW,
)
NOTE = Intent(
    certificate_arn=ONE, action=Action.REIMPORT.value, text="import", run_id="r", written_at=NOW
)


def state_store(aws: Aws) -> StateTable:
    return StateTable(aws.clients.any("dynamodb", REGION), "ledger", HERE)


def stored(aws: Aws) -> list[dict[str, Any]]:
    """Return the items that a run stores."""
    aws.answers(lambda *_: (200, {}))
    state_store(aws).claim(JOURNAL, "run-0", NOW, NOW)
    state_store(aws).save_alert(MEMORY)
    state_store(aws).save_intent(NOTE)
    state_store(aws).record_notification(NOW)
    return [item for _, params in aws.calls for item in _items(json.loads(params["body"]))]


def _items(write: Mapping[str, Any]) -> list[dict[str, Any]]:
    parts = write.get("TransactItems", [{"Put": write}])
    return [part["Put"]["Item"] for part in parts]


#: Unusual forms of values in texts.
_ODD_TEXTS = (
    *("", "arn", "arn:aws:acm:eu-west-1:123456789012:certificate/\x1b[2J", ONE, "global"),
    *("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-06-01T12:00:00", "2026-06-01"),
    *("9999-12-31T23:59:59-12:00", "PT0S", "P999999999D", "-P1D", "P1000000D", "Healthy"),
)


class Mischief(Lot):
    """Changes stored data, like an older program or a curious user."""

    def value(self) -> Any:  # noqa: ANN401 - JSON has any type
        return self.one(
            (
                *(None, True, 0, -1, 10**30, 0.5, "", "0", "2026-06-01T12:00:00", "[]", "{}"),
                *("0001-01-01T00:00:00.000000+00:00", "9999-12-31T23:59:59.999999+00:00", "[[[]]]"),
                *("2026-06-01T12:00:00.000000+00:00", ONE, "arn", [], [None], {}, "[" * 20_000),
                *(self.text(), self.text(), self.text(), [self.text()], {self.text(): self.text()}),
            )
        )

    def changed(self, whole: Any) -> Any:  # noqa: ANN401 - JSON has any type
        """Return JSON with one change: another value, a missing or a repeated one."""
        if isinstance(whole, dict) and whole and self.often():
            key = self.one(sorted(whole))
            if self.seldom():
                return {k: v for k, v in whole.items() if k != key}
            if self.seldom():
                return {**whole, self.text(): self.value()}
            return {**whole, key: self.changed(whole[key])}
        if isinstance(whole, list) and whole and self.often():
            at = self._random.randrange(len(whole))
            if self.seldom():
                return [*whole, whole[at]]
            return [*whole[:at], self.changed(whole[at]), *whole[at + 1 :]]
        return self.value()

    def bent(self, whole: Any) -> Any:  # noqa: ANN401 - JSON has any type
        """Return JSON with one value changed to another one of its type, or a key."""
        if isinstance(whole, dict) and whole:
            key = self.one(sorted(whole))
            if self._random.random() < 0.05:
                return {(self.text() if k == key else k): v for k, v in whole.items()}
            return {**whole, key: self.bent(whole[key])}
        if isinstance(whole, list) and whole:
            at = self._random.randrange(len(whole))
            return [*whole[:at], self.bent(whole[at]), *whole[at + 1 :]]
        if isinstance(whole, bool):
            return not whole
        if isinstance(whole, int | float):
            return self.one((0, -1, 10**6, 10**30, 0.5, float("nan"), float("inf"), 1e300))
        if isinstance(whole, str):
            return self.one((self.text(), self.text(), *_ODD_TEXTS))
        return None if whole is None and self.often() else self.value()

    def item(self, whole: Mapping[str, Any]) -> dict[str, Any]:
        """Return an item of the state table with changed attributes and its key."""
        item = dict(whole)
        for _ in range(self.one((1, 1, 2))):
            name = self.one(sorted(item))
            value = self.value()
            text = value if isinstance(value, str) else json.dumps(value)
            number = self.one(("1", "-1", "1e126", "99999999999999999999"))
            changed: dict[str, Any] = self.one(({"S": text}, {"N": number}, {"NULL": True}))
            if name in ("scope", "entry"):
                kept = item[name]["S"].partition("#")[0]
                changed = {"S": f"{kept}#{text}"}
            if self.seldom() and name not in ("scope", "entry"):
                del item[name]
            else:
                item[name] = changed
        return item


@fuzzed(100, seed=seeds)
def test_an_item_of_the_table_is_read_or_reported_as_unreadable(aws: Aws, seed: int) -> None:
    lot = Mischief(seed)
    items = [lot.item(entry) if lot.often() else entry for entry in stored(aws)]
    aws.answers(lambda *_: (200, {"Items": items}))
    asked: tuple[Callable[[], object], ...] = (
        state_store(aws).replacement_records,
        state_store(aws).alert_records,
        state_store(aws).intents,
        state_store(aws).last_notification,
    )
    for ask in asked:
        try:
            ask()
        except StateUnreadableError as error:
            require_own_words(error)
    require_valid_message(
        AlertState.read(state_store(aws), run_request()),
        lot,
    )


def require_valid_message(alert_state: AlertState, lot: Lot) -> None:
    """Require that a run with this state sends a valid message."""
    run = alert_state.with_changes(lot.run())
    alert_state.should_notify(run)
    alert_state.pending_writes(run)
    message = compose(run)
    if message is not None:
        require_sendable(message)
    if alert_state.problem is not None:
        assert is_plain(alert_state.problem)
        assert not UNTYPED.search(alert_state.problem)


# --- Documents of a run over an organization ------------------------------------------------------


def left(run: Run, account_id: str) -> dict[str, Any]:
    return AccountResult(
        scope=replace(run.scopes[0], account_id=account_id, region=REGION),
        run_id="run-0",
        should_notify=True,
        problems=("a problem",),
        findings=run.findings[:2],
        healthy={"Healthy": 3},
        changes=run.changes[:2],
        since={ONE: NOW},
        actions=run.actions[:2],
        alert_records=(MEMORY,),
        intents=(NOTE,),
        resolved=(MEMORY,),
        replacement_records={ONE: 1},
    ).to_dict(NOW)


def asked() -> RunRequest:
    return run_request(scopes=(), mode=RotationMode.REPLACE)


@fuzzed(200, seed=seeds)
def test_the_result_of_a_step_is_read_or_reported_as_unreadable(seed: int) -> None:
    lot = Mischief(seed)
    documents, topic = MemoryDocuments(), MemoryTopic()
    accounts: Any = [{"account_id": "123456789012"}, {"account_id": "210987654321"}]
    documents.put("accounts.json", lot.changed(accounts) if lot.seldom() else accounts)
    for account in ("123456789012", "210987654321"):
        whole: Any = [left(lot.run(), account)]
        documents.put(f"accounts/{account}.json", lot.changed(whole) if lot.often() else whole)
    scope_clients: RunDependencies = dependencies(topic=topic, clock=MemoryClock())
    aggregate = Aggregate(
        request=asked(),
        regions=(REGION,),
        partition="aws",
        dependencies=scope_clients,
        documents=documents,
        state_store=lambda _: None,
    )
    try:
        result = aggregate.run(current_time=lambda: NOW)
    except CertificateLifecycleError as error:
        require_own_words(error)
    else:
        json.dumps(result, allow_nan=False)
    for message in topic.messages:
        require_sendable(message)
