"""Moving consumers: bind, verify, unbind; or put back; and never touch what somebody changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from certificate_lifecycle.app.replacement.rebinding import Rebinding, RebindResult, joined
from certificate_lifecycle.aws.consumers.apigateway import EDGE_DOMAIN_NAME
from certificate_lifecycle.model.errors import ConsumerBusyError, ManualStepRequiredError
from certificate_lifecycle.policy.bindings import (
    SETTLES_WITHIN,
    Binding,
    BindingChange,
    BindingChangeStatus,
    FoundBindings,
)
from tests.unit.builders import NOW, SECOND, arn, certificate, detail
from tests.unit.consumers import MemoryConsumers, domain, listener, sni
from tests.unit.fakes import MemoryClock, Outage, run_context

OLD, NEW, OTHER = arn("old"), arn("new"), arn("other")
CERTIFICATE = certificate(arn=OLD, detail=detail())


def rebinding(consumers: MemoryConsumers, now: datetime = NOW, seconds: float = 900) -> Rebinding:
    context = run_context(now=now, clock=MemoryClock(seconds))
    return Rebinding(context=context, consumers=consumers, old=OLD, new=NEW)


def planned(consumers: MemoryConsumers, moves: Sequence[BindingChange] = ()) -> RebindResult:
    """Plan the settings that have no move yet, and return all moves."""
    reverted, bindings = rebinding(consumers).unplanned(CERTIFICATE, moves)
    result = rebinding(consumers).plan(bindings)
    known = {move.binding.key: move for move in (*moves, *reverted.moves, *result.moves)}
    return replace(result, moves=list(known.values()), done=reverted.done)


def moved(consumers: MemoryConsumers, later: timedelta = timedelta(0)) -> RebindResult:
    """Plan, bind and verify, the last some time later."""
    plan = planned(consumers)
    bound = rebinding(consumers).bind(plan.moves)
    return rebinding(consumers, NOW + later).verify(bound.moves)


def statuses(result: RebindResult) -> list[str]:
    return [move.status.value for move in result.moves]


# --- The way it should go -----------------------------------------------------------------------


def test_a_single_setting_is_replaced_and_verified() -> None:
    consumers = MemoryConsumers((listener(), [OLD]))
    assert statuses(moved(consumers)) == ["moved"]
    assert consumers.settings[listener()] == [NEW]
    assert consumers.written == [("bind", listener(), NEW)]


def test_a_list_has_both_until_the_new_one_is_verified() -> None:
    consumers = MemoryConsumers((sni(), [OTHER, OLD]))
    plan = planned(consumers)
    bound = rebinding(consumers).bind(plan.moves)
    assert consumers.settings[sni()] == [OTHER, OLD, NEW]
    rebinding(consumers).verify(bound.moves)
    assert consumers.settings[sni()] == [OTHER, NEW]
    assert [operation for operation, *_ in consumers.written] == ["bind", "unbind"]


def test_a_listener_with_the_old_one_in_both_places_is_moved_in_both() -> None:
    consumers = MemoryConsumers((listener(), [OLD]), (sni(), [OLD, OTHER]))
    assert statuses(moved(consumers)) == ["moved", "moved"]
    assert consumers.settings == {listener(): [NEW], sni(): [OTHER, NEW]}


def test_what_has_something_else_is_not_even_planned() -> None:
    consumers = MemoryConsumers((listener(), [OTHER]), (sni(), [OTHER]))
    assert moved(consumers).moves == []
    assert consumers.written == []


def test_what_was_done_is_said_with_the_name_of_the_consumer() -> None:
    consumers = MemoryConsumers((listener(), [OLD]))
    plan = planned(consumers)
    assert rebinding(consumers).bind(plan.moves).done == [
        "listener web (default certificate): bound to the successor"
    ]
    assert moved(MemoryConsumers((listener(), [OLD]))).done == [
        "listener web (default certificate): serves the successor"
    ]


# --- Repeated, interrupted, overtaken ------------------------------------------------------------


def test_what_another_run_bound_and_could_not_record_is_found_bound() -> None:
    consumers = MemoryConsumers((listener(), [OLD]), (sni(), [OLD]))
    plan = planned(consumers)
    rebinding(consumers).bind(plan.moves)
    written = list(consumers.written)
    again = rebinding(consumers).bind(plan.moves)
    assert statuses(again) == ["bound", "bound"]
    assert {move.bound_at for move in again.moves} == {NOW}
    assert consumers.written == written


def test_a_move_is_planned_once() -> None:
    consumers = MemoryConsumers((listener(), [OLD]))
    first = planned(consumers)
    assert planned(consumers, first.moves).moves == first.moves


def test_a_consumer_that_came_later_is_planned_beside_the_others() -> None:
    consumers = MemoryConsumers((listener(), [OLD]))
    first = moved(consumers)
    consumers.settings[domain()] = [OLD]
    later = planned(consumers, first.moves)
    assert statuses(later) == ["moved", "planned"]


def test_a_consumer_that_vanishes_while_it_is_planned_is_gone() -> None:
    consumers = MemoryConsumers((listener(), [OLD]))
    late = FoundBindings((listener(), domain()))
    consumers.find = lambda certificate: late  # type: ignore[method-assign] # noqa: ARG005 - a late listing
    assert statuses(planned(consumers)) == ["planned", "gone"]


@pytest.mark.parametrize("binding", [listener(), sni(), domain()])
def test_what_others_changed_before_it_was_bound_is_not_changed(binding: Binding) -> None:
    consumers = MemoryConsumers((binding, [OLD]))
    plan = planned(consumers)
    consumers.settings[binding] = [OTHER]
    assert statuses(rebinding(consumers).bind(plan.moves)) == ["left alone"]
    assert consumers.settings[binding] == [OTHER]
    assert consumers.written == []


def test_what_others_change_between_reading_and_writing_is_not_changed() -> None:
    consumers = MemoryConsumers((listener(), [OLD]))
    plan = planned(consumers)
    consumers.before_bind = lambda binding: consumers.settings[binding].__setitem__(0, OTHER)
    result = rebinding(consumers).bind(plan.moves)
    assert statuses(result) == ["left alone"]
    assert result.failures == []
    assert consumers.settings[listener()] == [OTHER]


@pytest.mark.parametrize("binding", [listener(), sni(), domain()])
def test_what_others_changed_after_it_was_bound_is_not_changed(binding: Binding) -> None:
    consumers = MemoryConsumers((binding, [OLD]))
    bound = rebinding(consumers).bind(planned(consumers).moves)
    consumers.settings[binding] = [OTHER]
    assert statuses(rebinding(consumers).verify(bound.moves)) == ["left alone"]
    assert consumers.settings[binding] == [OTHER]


def test_what_was_moved_and_has_the_old_one_again_was_rolled_back_and_is_not_changed() -> None:
    consumers = MemoryConsumers((listener(), [OLD]))
    done = moved(consumers)
    consumers.settings[listener()] = [OLD]
    again = planned(consumers, done.moves)
    assert statuses(again) == ["left alone"]
    assert "infrastructure as code" in again.done[0]
    assert statuses(planned(consumers, again.moves)) == ["left alone"]


RETURNED = (
    "selected by name: the AWS Load Balancer Controller of cluster shop returned it to the old "
    "certificate; set the annotation `alb.ingress.kubernetes.io/certificate-arn` of the Ingress to "
    "the successor"
)


def selected_by_name() -> MemoryConsumers:
    """Return a listener whose load balancer belongs to a controller."""
    consumers = MemoryConsumers((listener(), [OLD]))
    consumers.tagged[listener()] = (("elbv2.k8s.aws/cluster", "shop"),)
    return consumers


def test_a_listener_that_a_controller_returns_after_its_move_is_not_moved_again() -> None:
    consumers = selected_by_name()
    done = moved(consumers)
    consumers.settings[listener()] = [OLD]
    again = planned(consumers, done.moves)
    assert [(move.status.value, move.note) for move in again.moves] == [("left alone", RETURNED)]
    assert statuses(planned(consumers, again.moves)) == ["left alone"]


def test_a_listener_that_a_controller_returns_before_the_verification_is_not_waited_for() -> None:
    consumers = selected_by_name()
    bound = rebinding(consumers).bind(planned(consumers).moves)
    consumers.settings[listener()] = [OLD]
    assert statuses(rebinding(consumers).verify(bound.moves)) == ["bound"]
    later = rebinding(consumers, NOW + SECOND).verify(bound.moves)
    assert [(move.status.value, move.note) for move in later.moves] == [("left alone", RETURNED)]
    assert consumers.written == [("bind", listener(), NEW)]


def test_a_listener_that_was_returned_without_a_controller_is_waited_for() -> None:
    consumers = MemoryConsumers((listener(), [OLD]))
    bound = rebinding(consumers).bind(planned(consumers).moves)
    consumers.settings[listener()] = [OLD]
    assert statuses(rebinding(consumers, NOW + SECOND).verify(bound.moves)) == ["bound"]


def test_a_load_balancer_whose_tags_cannot_be_read_is_a_failure_and_keeps_its_move() -> None:
    consumers = selected_by_name()
    done = moved(consumers)
    consumers.settings[listener()] = [OLD]
    consumers.broken["tags", listener()] = Outage("denied")
    reverted, _ = rebinding(consumers).unplanned(CERTIFICATE, done.moves)
    assert (statuses(reverted), len(reverted.failures)) == (["moved"], 1)


@pytest.mark.parametrize("stage", [BindingChangeStatus.PLANNED, BindingChangeStatus.BOUND])
def test_a_consumer_that_is_deleted_on_the_way_is_gone(stage: BindingChangeStatus) -> None:
    move = BindingChange(binding=domain(), status=stage, bound_at=NOW)
    consumers = MemoryConsumers()
    step = (
        rebinding(consumers).bind
        if stage is BindingChangeStatus.PLANNED
        else rebinding(consumers).verify
    )
    assert statuses(step([move])) == ["gone"]


# --- Slow and failing consumers ------------------------------------------------------------------


def test_a_consumer_that_takes_its_time_is_waited_for() -> None:
    consumers = MemoryConsumers((domain(), [OLD]))
    consumers.unsettled = {domain()}
    assert statuses(moved(consumers, SETTLES_WITHIN - SECOND)) == ["bound"]
    consumers.unsettled = set()
    assert consumers.settings[domain()] == [NEW]


def test_a_consumer_that_never_settles_is_rolled_back() -> None:
    consumers = MemoryConsumers((domain(), [OLD]))
    consumers.unsettled = {domain()}
    assert statuses(moved(consumers, SETTLES_WITHIN)) == ["rolled back"]
    assert consumers.settings[domain()] == [OLD]


def test_a_consumer_that_reports_a_failure_is_rolled_back_at_once_and_the_failure_is_reported() -> (
    None
):
    consumers = MemoryConsumers((domain(), [OLD]))
    consumers.faults[domain()] = "its status is FAILED"
    done = moved(consumers)
    assert statuses(done) == ["rolled back"]
    why = "rolled back, because the verification failed: its status is FAILED"
    assert done.done == [f"domain name api.example.com: {why}"]
    assert consumers.settings[domain()] == [OLD]


@pytest.mark.parametrize("deaf", [listener(), sni()])
def test_a_consumer_is_rolled_back_as_a_whole(deaf: Binding) -> None:
    consumers = MemoryConsumers((listener(), [OLD]), (sni(), [OTHER, OLD]), (domain(), [OLD]))
    consumers.deaf = {deaf}
    done = moved(consumers, SETTLES_WITHIN)
    assert statuses(done) == ["rolled back", "rolled back", "moved"]
    assert consumers.settings == {listener(): [OLD], sni(): [OTHER, OLD], domain(): [NEW]}


def test_a_successor_that_was_in_a_list_before_us_stays_there() -> None:
    consumers = MemoryConsumers((listener(), [OLD]), (sni(), [OLD, NEW]))
    consumers.deaf = {listener()}
    assert statuses(moved(consumers, SETTLES_WITHIN)) == ["rolled back", "rolled back"]
    assert consumers.settings == {listener(): [OLD], sni(): [OLD, NEW]}


def test_the_other_settings_of_a_consumer_wait_for_the_slow_one() -> None:
    slow = Binding(EDGE_DOMAIN_NAME, "api.example.com", label="edge")
    consumers = MemoryConsumers((slow, [OLD]), (domain(), [OLD]))
    consumers.unsettled = {slow}
    assert statuses(moved(consumers)) == ["bound", "bound"]


def test_a_setting_that_others_changed_does_not_keep_the_others_from_being_rolled_back() -> None:
    consumers = MemoryConsumers((listener(), [OLD]), (sni(), [OLD]))
    bound = rebinding(consumers).bind(planned(consumers).moves)
    consumers.settings[listener()] = [OTHER]
    consumers.faults[sni()] = "it failed"
    assert statuses(rebinding(consumers).verify(bound.moves)) == ["left alone", "rolled back"]
    assert consumers.settings == {listener(): [OTHER], sni(): [OLD]}


def test_what_is_not_bound_is_not_verified() -> None:
    move = BindingChange(binding=domain(), status=BindingChangeStatus.ROLLED_BACK)
    assert rebinding(MemoryConsumers()).verify([move]).moves == []


def test_a_list_that_refuses_to_change_is_rolled_back_by_doing_nothing() -> None:
    consumers = MemoryConsumers((sni(), [OLD]))
    consumers.deaf = {sni()}
    assert statuses(moved(consumers, SETTLES_WITHIN)) == ["rolled back"]
    assert ("unbind", sni(), NEW) not in consumers.written


@pytest.mark.parametrize(
    ("operation", "step"),
    [
        ("bind", lambda consumers, moves: rebinding(consumers).bind(moves)),
        ("current", lambda consumers, moves: rebinding(consumers).bind(moves)),
    ],
)
def test_one_consumer_that_fails_stops_no_other(
    operation: str, step: Callable[[MemoryConsumers, list[BindingChange]], RebindResult]
) -> None:
    consumers = MemoryConsumers((listener(), [OLD]), (domain(), [OLD]))
    plan = planned(consumers)
    consumers.broken[operation, listener()] = Outage("not today")
    result = step(consumers, plan.moves)
    assert statuses(result) == ["planned", "bound"]
    assert result.failures == ["listener web (default certificate): unexpected outage: not today"]


def test_a_failure_while_verifying_keeps_the_consumer_as_it_is() -> None:
    consumers = MemoryConsumers((sni(), [OLD]), (domain(), [OLD]))
    bound = rebinding(consumers).bind(planned(consumers).moves)
    consumers.broken["unbind", sni()] = Outage("not today")
    result = rebinding(consumers).verify(bound.moves)
    assert statuses(result) == ["bound", "moved"]
    assert len(result.failures) == 1


def test_a_busy_consumer_is_no_failure() -> None:
    consumers = MemoryConsumers((domain(), [OLD]))
    plan = planned(consumers)
    consumers.broken["bind", domain()] = ConsumerBusyError("it carries out another change")
    result = rebinding(consumers).bind(plan.moves)
    assert statuses(result) == ["planned"]
    assert result.failures == []
    assert result.waiting == ["domain name api.example.com: it carries out another change"]


def test_a_step_of_a_person_is_reported_once_and_is_no_failure() -> None:
    consumers = MemoryConsumers((domain(), [OLD]), (listener(), [OLD]))
    plan = planned(consumers, ())
    error = ManualStepRequiredError("detach the policy first\naws detach\n# then wait")
    consumers.broken["bind", domain()] = error
    first = rebinding(consumers).bind(plan.moves)
    assert statuses(first) == ["planned", "bound"]
    assert (first.failures, first.waiting) == ([], [])
    assert first.done[0] == (
        "domain name api.example.com: detach the policy first\n"
        "# domain name api.example.com:\naws detach\n# then wait"
    )
    again = rebinding(consumers).bind(first.moves)
    assert (again.done, again.failures) == ([], [])
    assert again.waiting == [first.done[0]]
    assert again.moves == first.moves[:1]
    del consumers.broken["bind", domain()]
    assert statuses(rebinding(consumers).bind(again.moves)) == ["bound"]


def test_another_step_of_a_person_is_reported_again() -> None:
    consumers = MemoryConsumers((domain(), [OLD]))
    moves = planned(consumers, ()).moves
    for reason in ("a first reason", "another reason"):
        consumers.broken["bind", domain()] = ManualStepRequiredError(reason)
        result = rebinding(consumers).bind(moves)
        assert result.done == [f"domain name api.example.com: {reason}"]
        moves = result.moves


def test_the_commands_of_several_texts_follow_their_sentences() -> None:
    assert (joined([]), joined(["a"])) == ("", "a")
    assert joined(["a\nx\ny", "b", "c\nz"]) == "a; b; c\nx\ny\nz"


def test_without_time_nothing_is_started() -> None:
    consumers = MemoryConsumers((domain(), [OLD]))
    plan = planned(consumers)
    result = rebinding(consumers, seconds=10).bind(plan.moves)
    assert result.out_of_time
    assert (result.moves, result.failures, consumers.written) == ([], [], [])


def test_without_time_nothing_is_planned_or_verified() -> None:
    consumers = MemoryConsumers((domain(), [OLD]))
    bound = rebinding(consumers).bind(planned(consumers).moves)
    verified = rebinding(consumers, seconds=10).verify(bound.moves)
    assert (verified.out_of_time, verified.moves) == (True, [])
    assert rebinding(consumers, seconds=10).plan([listener()]) == replace(verified)


def test_a_consumer_that_cannot_be_read_keeps_no_other_from_being_planned() -> None:
    consumers = MemoryConsumers((listener(), [OLD]), (domain(), [OLD]))
    consumers.broken["current", listener()] = Outage("not today")
    result = planned(consumers)
    assert [move.binding for move in result.moves] == [domain()]
    assert result.failures == ["listener web (default certificate): unexpected outage: not today"]
