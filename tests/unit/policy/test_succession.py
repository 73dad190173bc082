"""What is replaced, by what, and when that is given up or over."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certificate_lifecycle.aws.consumers.elbv2 import LISTENER
from certificate_lifecycle.model.certificate import (
    Certificate,
    CertificateDetail,
    CertificateStatus,
    CertificateType,
)
from certificate_lifecycle.model.pointers import PARAMETER_TAG
from certificate_lifecycle.policy.bindings import Binding, BindingChange, BindingChangeStatus
from certificate_lifecycle.policy.succession import (
    REPLACES_TAG,
    REPORTED_MOVES,
    ReplacementRecord,
    ReplacementState,
    blocked_reason,
    counted_changes,
    has_ended,
    may_retire,
    pointers_behind,
    quota_warning,
    successor_request,
    tags_not_copied,
)
from tests.unit.builders import (
    AUTHORITY,
    EXPIRED,
    FAILED,
    NOW,
    SECOND,
    TIMED_OUT,
    arn,
    certificate,
    days,
    detail,
    imported,
    private,
    request,
)

INSTANCE = "certificate-lifecycle"
OURS = (("ManagedBy", INSTANCE),)


def dead(**changes: Any) -> Certificate:  # noqa: ANN401 - any field of a certificate
    """Return an expired certificate that a load balancer still serves."""
    facts = {"status": EXPIRED, "ends_in": -days(1), "detail": detail()}
    return certificate(**{**facts, **changes})


def replacement_record(**changes: object) -> ReplacementRecord:
    begun = ReplacementRecord(
        certificate_arn=arn(), state=ReplacementState.REQUESTED, started_at=NOW, requested_at=NOW
    )
    return replace(begun, **changes)  # type: ignore[arg-type] # any field of a journal


# --- What may be replaced -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "seen",
    [
        pytest.param(dead(), id="an expired certificate in use"),
        pytest.param(
            private(status=EXPIRED, ends_in=-days(1), detail=detail()), id="a private one in use"
        ),
        pytest.param(request(status=FAILED, detail=detail(tags=OURS)), id="our failed request"),
        pytest.param(request(status=TIMED_OUT, detail=detail(tags=OURS)), id="our late request"),
        pytest.param(
            dead(detail=detail(tags=((REPLACES_TAG, arn("old")),))), id="a successor that serves"
        ),
    ],
)
def test_a_successor_may_be_requested_for(seen: Certificate) -> None:
    assert blocked_reason(seen, INSTANCE, ("example.com",)) is None


@pytest.mark.parametrize(
    ("seen", "why"),
    [
        pytest.param(dead(in_use=False, exported=True), "copies outside AWS", id="only copies"),
        pytest.param(request(status=FAILED, detail=detail()), "not requested by", id="not ours"),
        pytest.param(
            request(status=TIMED_OUT, detail=detail(tags=(("ManagedBy", "another"),))),
            "not requested by certificate-lifecycle",
            id="another instance's",
        ),
        pytest.param(
            request(status=FAILED, detail=detail(tags=(*OURS, (REPLACES_TAG, arn("old"))))),
            "requested as a successor",
            id="a failed successor",
        ),
        pytest.param(request(status=FAILED), "not requested by", id="a request without detail"),
        pytest.param(imported(status=EXPIRED, ends_in=-days(1)), "issued", id="imported"),
        pytest.param(dead(key_algorithm="RSA_4096"), "RSA_4096", id="a key that ACM does not make"),
        pytest.param(dead(root_hierarchy="N3"), "root hierarchy N3 is unknown", id="another root"),
        pytest.param(
            dead(root_hierarchy="N2_AMAZON_MANAGED", certificate_usage="SERVER_AUTH_ONLY"),
            "usage SERVER_AUTH_ONLY is unknown",
            id="another usage",
        ),
        pytest.param(dead(listed=False), "ACM does not list it", id="not listed"),
    ],
)
def test_no_successor_is_requested_for(seen: Certificate, why: str) -> None:
    assert why in (blocked_reason(seen, INSTANCE, ("example.com",)) or "")


# --- What a successor is ------------------------------------------------------------------------


def test_a_successor_has_the_names_the_key_the_ca_the_export_option_and_the_tags() -> None:
    """Bugs 39 and 40."""
    old = dead(
        names=("shop.example.com", "*.shop.example.com"),
        key_algorithm="EC_prime256v1",
        exportable=True,
        detail=detail(
            tags=(("Team", "shop"), ("aws:x", "y"), ("certificate-lifecycle:replaces", "older"))
        ),
    )
    wanted = successor_request(old, 1)
    assert wanted.names == old.names
    assert wanted.key_algorithm == "EC_prime256v1"
    assert wanted.exportable
    assert wanted.region == "eu-west-1"
    assert wanted.tags == ((REPLACES_TAG, old.arn), ("Team", "shop"))
    assert wanted.certificate_authority_arn is None


def test_a_successor_keeps_the_root_and_the_usage() -> None:
    old = dead(root_hierarchy="N2_AMAZON_MANAGED", certificate_usage="CLIENT_AUTH_ONLY")
    wanted = successor_request(old, 1)
    assert (wanted.root_hierarchy, wanted.certificate_usage) == (
        "N2_AMAZON_MANAGED",
        "CLIENT_AUTH_ONLY",
    )
    assert blocked_reason(old, INSTANCE, ()) is None


def test_tags_without_room_are_left_out_in_a_fixed_order_and_the_owner_is_kept() -> None:
    many = tuple((f"key{number:02}", "") for number in range(49))
    tags = (*many, ("aws:cloudformation:stack-name", "shop"), ("ManagedBy", INSTANCE))
    for order in (tags, tags[::-1]):
        old = dead(detail=detail(tags=order))
        wanted = successor_request(old, 1).tags
        assert wanted == ((REPLACES_TAG, old.arn), ("ManagedBy", INSTANCE), *many[:48])
        assert tags_not_copied(old) == ("key48",)
        assert blocked_reason(old, INSTANCE, ()) is None


def test_a_successor_inherits_the_name_of_the_pointer_before_other_tags() -> None:
    many = tuple((f"key{number:02}", "") for number in range(49))
    pointer = (PARAMETER_TAG, "/team/certificates/main/arn")
    old = dead(detail=detail(tags=(*many, ("certificate-lifecycle:mute-until", "x"), pointer)))
    assert successor_request(old, 1).tags[1] == pointer
    assert tags_not_copied(old) == ("key48",)


def test_a_successor_does_not_have_the_tags_of_a_controller_that_would_delete_it() -> None:
    tags = (("elbv2.k8s.aws/cluster", "shop"), ("ingress.k8s.aws/resource", "x"), ("Team", "a"))
    assert successor_request(dead(detail=detail(tags=tags)), 1).tags[1:] == (("Team", "a"),)


@pytest.mark.parametrize("tool", ["terraform", "Terraform", "OpenTofu", "pulumi", "CloudFormation"])
def test_a_successor_does_not_say_that_a_tool_declares_it(tool: str) -> None:
    tags = (("ManagedBy", tool), ("Team", "a"))
    assert successor_request(dead(detail=detail(tags=tags)), 1).tags[1:] == (("Team", "a"),)


def test_all_tags_are_copied_if_there_is_room() -> None:
    tags = tuple((f"key{number:02}", "") for number in range(49))
    assert tags_not_copied(dead(detail=detail(tags=tags))) == ()


def test_a_private_certificate_gets_a_private_successor() -> None:
    """Bug 39: without the CA ACM would make a public certificate for an internal name."""
    wanted = successor_request(private(detail=detail(certificate_authority_arn=AUTHORITY)), 1)
    assert wanted.certificate_authority_arn == AUTHORITY
    assert wanted.type is CertificateType.PRIVATE
    assert not wanted.exportable


def test_a_certificate_without_detail_has_neither_ca_nor_tags_to_copy() -> None:
    assert successor_request(certificate(), 1).tags == ((REPLACES_TAG, arn()),)


@given(names=st.lists(st.sampled_from("abcdef"), min_size=2, max_size=2, unique=True))
def test_two_certificates_or_attempts_never_share_a_token(names: list[str]) -> None:
    """Bugs 10, 11 and 42."""
    first, second = (successor_request(certificate(arn=arn(name)), 1) for name in names)
    again = successor_request(certificate(arn=arn(names[0])), 2)
    same = successor_request(certificate(arn=arn(names[0])), 1)
    tokens = {wanted.idempotency_token for wanted in (first, second, again)}
    assert len(tokens) == 3
    assert same.idempotency_token == first.idempotency_token


@pytest.mark.parametrize("status", list(CertificateStatus))
def test_a_request_has_ended_unless_it_waits_or_is_issued(status: CertificateStatus) -> None:
    alive = (CertificateStatus.PENDING_VALIDATION, CertificateStatus.ISSUED)
    assert has_ended(request(status=status)) is (status not in alive)


# --- Quotas and ends ----------------------------------------------------------------------------


def test_the_yearly_quota_is_warned_of_from_four_fifths_on() -> None:
    made = [request(created_at=NOW - days(364))] * 3999
    others = [request(created_at=NOW - days(365)), imported(), private(), request(created_at=None)]
    assert quota_warning([*made, *others], NOW) is None
    warning = quota_warning([*made, *others, request()], NOW)
    assert warning is not None
    assert warning.startswith("4000 of ACM's default quota of 5000 requests")


@pytest.mark.parametrize(
    ("verified", "after", "retired"),
    [
        (NOW - days(7), days(7), True),
        (NOW - days(7) + SECOND, days(7), False),
        (NOW - days(700), None, False),
        (None, days(7), False),
    ],
)
def test_an_old_certificate_is_retired_after_its_retention_if_enabled(
    verified: object, after: object, *, retired: bool
) -> None:
    soaking = replacement_record(state=ReplacementState.VERIFIED, verified_at=verified)
    assert may_retire(soaking, after, NOW) is retired  # type: ignore[arg-type] # a table


def test_only_retired_and_abandoned_replacements_are_finished() -> None:
    over = {state for state in ReplacementState if state.finished}
    assert over == {ReplacementState.RETIRED, ReplacementState.ABANDONED}


def test_a_journal_knows_whether_a_consumer_stands_at_a_status() -> None:
    move = BindingChange(binding=Binding(LISTENER, "listener"))
    begun = replacement_record(moves=(move,))
    assert begun.has(BindingChangeStatus.PLANNED, BindingChangeStatus.BOUND)
    assert not begun.has(BindingChangeStatus.MOVED)


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ((), False),
        ((BindingChangeStatus.ROLLED_BACK,), True),
        ((BindingChangeStatus.ROLLED_BACK, BindingChangeStatus.LEFT_ALONE), True),
        ((BindingChangeStatus.LEFT_ALONE, BindingChangeStatus.GONE), False),
        ((BindingChangeStatus.ROLLED_BACK, BindingChangeStatus.PLANNED), False),
        ((BindingChangeStatus.ROLLED_BACK, BindingChangeStatus.BOUND), False),
        ((BindingChangeStatus.ROLLED_BACK, BindingChangeStatus.MOVED), False),
    ],
)
def test_a_replacement_is_rolled_back_if_no_consumer_has_or_gets_the_successor(
    statuses: tuple[BindingChangeStatus, ...], *, expected: bool
) -> None:
    record = replacement_record(
        state=ReplacementState.VERIFIED,
        successor_arn=arn("new"),
        moves=tuple(
            BindingChange(binding=Binding(LISTENER, f"listener {number}"), status=status)
            for number, status in enumerate(statuses)
        ),
    )
    assert record.is_rolled_back is expected
    behind = pointers_behind(record, {"main": arn()}, in_use=True)
    assert behind == ({} if expected else {"main": arn()})
    assert pointers_behind(record, {"main": arn()}, in_use=False) == {"main": arn()}


@pytest.mark.parametrize("state", ReplacementState)
def test_pointers_follow_in_the_states_with_an_issued_successor(state: ReplacementState) -> None:
    record = replacement_record(state=state, successor_arn=arn("new"))
    behind = pointers_behind(record, {"main": arn(), "other": arn("x")}, in_use=True)
    assert set(behind) == ({"main"} if state in ("issued", "bound", "verified") else set())
    without = replace(record, successor_arn=None)
    assert pointers_behind(without, {"main": arn()}, in_use=True) == {}


def test_pointers_follow_from_a_refused_candidate_only_if_this_replacement_moved_them() -> None:
    record = replacement_record(
        state=ReplacementState.ISSUED,
        successor_arn=arn("new"),
        refused=(arn("refused"), arn("new")),
        pointers=("main", "second"),
    )
    values = {"main": arn("refused"), "own": arn("refused"), "second": arn("new")}
    assert pointers_behind(record, values, in_use=True) == {"main": arn("refused")}


def test_a_successor_counts_as_requested_only_with_the_time_of_its_request() -> None:
    found = replacement_record(successor_arn=arn("new"))
    assert found.requested_successor == arn("new")
    assert replace(found, requested_at=None).requested_successor is None


def test_a_refused_successor_is_known_and_a_missing_one_is_not_refused() -> None:
    refused = replacement_record(successor_arn=arn("new"), refused=(arn("new"),))
    assert refused.has_refused_successor()
    assert not replace(refused, successor_arn=arn("newer")).has_refused_successor()
    assert not replace(refused, successor_arn=None).has_refused_successor()


def test_a_state_is_found_by_its_value_and_another_value_is_refused() -> None:
    assert ReplacementState.of("issued") is ReplacementState.ISSUED
    with pytest.raises(ValueError, match="'lost' is not one of requested, validated, issued"):
        ReplacementState.of("lost")


def moves(count: int, status: BindingChangeStatus) -> list[BindingChange]:
    return [
        BindingChange(binding=Binding(LISTENER, f"listener {number}"), status=status)
        for number in range(count)
    ]


def test_changed_moves_keep_their_place_and_new_ones_follow() -> None:
    begun = replacement_record().with_moves(moves(2, BindingChangeStatus.PLANNED))
    changed = moves(3, BindingChangeStatus.BOUND)[::-1]
    then = begun.with_moves(changed[:2])
    assert [move.binding.consumer[-1] for move in then.moves] == ["0", "1", "2"]
    assert [move.status.value for move in then.moves] == ["planned", "bound", "bound"]


def test_a_record_keeps_a_limited_number_of_sentences_about_its_moves() -> None:
    record = replacement_record().with_moves(moves(200, BindingChangeStatus.BOUND))
    for number in range(0, 200, 25):
        record = record.with_reported_moves([f"{n} bound" for n in range(number, number + 25)])
    assert len(record.unreported) == REPORTED_MOVES + 1
    assert record.unreported[-1] == "and further settings; of all settings: 200 bound"
    assert record.with_reported_moves([]) == record
    few = replacement_record().with_reported_moves(["one", "two"])
    assert few.unreported == ("one", "two")


def test_a_record_of_an_earlier_version_is_read_with_its_moves() -> None:
    listener = Binding(LISTENER, "listener")
    move = BindingChange(binding=listener, planned_for=arn("new"), successor_was_bound=True)
    record = replacement_record(successor_arn=arn("new"), moves=(move,))
    stored = {**move.to_dict(), "before": [arn(), arn("new")]}
    del stored["successor_was_bound"]
    entry = {**record.to_dict(), "moves": [stored]}
    for later in ("lost", "refused", "pointers"):
        del entry[later]
    assert ReplacementRecord.from_dict(entry, {LISTENER.name: LISTENER}) == record


def test_the_tag_of_a_failed_request_counts_only_for_the_names_of_this_instance() -> None:
    """Anyone who may request certificates may set the tag."""
    tags = CertificateDetail(tags=(("ManagedBy", INSTANCE),), described=True)
    names = ("shop.example.com", "www.example.net")
    failed = request(names=names, status=CertificateStatus.FAILED, detail=tags)
    assert blocked_reason(failed, INSTANCE, ("example.com", "*.example.net")) is None
    assert blocked_reason(failed, INSTANCE, ("example.com",)) == (
        f"www.example.net is not equal to or below an allowed domain of {INSTANCE}"
    )
    # An instance without allowed domains has requested nothing.
    assert "shop.example.com is not" in (blocked_reason(failed, INSTANCE, ()) or "")


@pytest.mark.parametrize("status", [FAILED, TIMED_OUT, CertificateStatus.PENDING_VALIDATION])
def test_many_requests_count_as_a_few_changes(status: CertificateStatus) -> None:
    made = [request(arn=arn(f"r{number}"), status=status) for number in range(9)]
    used = [dead(arn=arn(f"c{number}")) for number in range(9)]
    everything = {entry.arn for entry in (*made, *used)}
    assert counted_changes(everything, [*made, *used]) == 9 + 5
    assert counted_changes({made[0].arn, arn("deleted")}, [*made, *used]) == 2
    assert counted_changes(set(), made) == 0


def test_the_names_of_a_certificate_in_use_need_not_be_those_of_this_instance() -> None:
    revoked = certificate(status=CertificateStatus.REVOKED, detail=detail())
    assert blocked_reason(revoked, INSTANCE, ("example.org",)) is None
