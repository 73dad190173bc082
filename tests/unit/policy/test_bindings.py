"""Moving consumers: what each step does with what it finds, and what stays to be moved by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certificate_lifecycle.aws.consumers.amplify import AMPLIFY_DOMAIN
from certificate_lifecycle.aws.consumers.apigateway import (
    DOMAIN_NAME,
    DOMAIN_OWNERSHIP,
    EDGE_DOMAIN_NAME,
)
from certificate_lifecycle.aws.consumers.cloudfront import DISTRIBUTION as DISTRIBUTION_KIND
from certificate_lifecycle.aws.consumers.cloudfront_tenants import DISTRIBUTION_TENANT
from certificate_lifecycle.aws.consumers.cognito import USER_POOL_DOMAIN
from certificate_lifecycle.aws.consumers.elb import CLASSIC_LISTENER
from certificate_lifecycle.aws.consumers.elbv2 import LISTENER as LISTENER_KIND
from certificate_lifecycle.aws.consumers.elbv2 import LISTENER_SNI
from certificate_lifecycle.aws.consumers.registry import ConsumerCatalog, kinds_by_name
from certificate_lifecycle.policy.bindings import (
    SETTLES_WITHIN,
    Binding,
    BindingChange,
    BindingChangeStatus,
    BindingState,
    BindStep,
    ConsumerArn,
    ConsumerKind,
    VerifyStep,
    bind_step,
    by_consumer,
    explains_use,
    has_returned,
    needs_rollback,
    planned,
    verify_step,
)
from tests.unit.builders import (
    DISTRIBUTION,
    LOAD_BALANCER,
    NOW,
    PLACE,
    SECOND,
    arn,
    certificate,
    detail,
)

OLD, NEW, OTHER = arn("old"), arn("new"), arn("other")
OWN, AWS = PLACE.account_id, "999999999999"
LISTENER = f"{LOAD_BALANCER.replace(':loadbalancer/', ':listener/')}/0467ef3c8400ae65"
CLASSIC = f"arn:aws:elasticloadbalancing:eu-west-1:{OWN}:loadbalancer/shop"
KINDS = kinds_by_name()
CATALOG = ConsumerCatalog(OWN)
SINGLE = Binding(LISTENER_KIND, LISTENER)
LIST = Binding(LISTENER_SNI, LISTENER)

TEXTS = st.text(max_size=12)
MOVES = st.builds(
    BindingChange,
    binding=st.builds(
        Binding,
        kind=st.sampled_from(list(KINDS.values())),
        consumer=TEXTS,
        qualifier=TEXTS,
        label=TEXTS,
        region=TEXTS,
    ),
    successor_was_bound=st.booleans(),
    status=st.sampled_from(BindingChangeStatus),
    bound_at=st.none()
    | st.integers(0, 10**9).map(lambda seconds: NOW + timedelta(seconds=seconds)),
    note=TEXTS,
)


def bound(
    binding: Binding = SINGLE,
    *,
    since: timedelta = SECOND,
    successor_was_bound: bool = False,
) -> BindingChange:
    return BindingChange(
        binding=binding,
        successor_was_bound=successor_was_bound,
        status=BindingChangeStatus.BOUND,
        bound_at=NOW - since,
    )


def held(*certificates: str, settled: bool = True, error: str | None = None) -> BindingState:
    return BindingState(certificates, settled, error)


# --- The steps --------------------------------------------------------------------------------


def test_a_setting_has_settled_unless_its_service_says_otherwise() -> None:
    assert verify_step(bound(), BindingState((NEW,)), OLD, NEW, NOW) is VerifyStep.VERIFIED


def test_a_consumer_has_a_day_to_settle() -> None:
    assert timedelta(days=1) == SETTLES_WITHIN


def test_only_the_list_of_a_listener_holds_several_certificates() -> None:
    assert [kind for kind in KINDS.values() if kind.holds_many] == [LISTENER_SNI]


def test_a_label_is_not_part_of_the_identity_of_a_binding() -> None:
    assert replace(SINGLE, label="shop").key == SINGLE.key != LIST.key


def test_a_move_begins_with_what_the_setting_holds() -> None:
    move = planned(LIST, held(OLD, OTHER), NEW)
    assert move == BindingChange(binding=LIST, planned_for=NEW)
    assert planned(LIST, held(OLD, NEW), NEW).successor_was_bound


def test_a_consumer_that_was_deleted_needs_no_move() -> None:
    assert planned(SINGLE, None, NEW).status is BindingChangeStatus.GONE


@pytest.mark.parametrize(
    ("found", "step"),
    [
        (held(OLD), BindStep.BIND),
        (held(OLD, OTHER), BindStep.BIND),
        (held(NEW), BindStep.DONE),
        (held(OLD, NEW), BindStep.DONE),
        (held(OTHER), BindStep.LEFT_ALONE),
        (held(), BindStep.LEFT_ALONE),
        (None, BindStep.GONE),
    ],
)
def test_only_what_holds_the_old_certificate_is_bound(
    found: BindingState | None, step: BindStep
) -> None:
    assert bind_step(found, OLD, NEW) is step


@pytest.mark.parametrize(
    ("found", "step"),
    [
        (held(NEW), VerifyStep.VERIFIED),
        (held(OLD, NEW), VerifyStep.VERIFIED),
        (held(NEW, settled=False), VerifyStep.WAIT),
        (held(OLD, settled=False), VerifyStep.WAIT),
        (held(OLD), VerifyStep.WAIT),
        (held(NEW, error="it FAILED"), VerifyStep.ROLL_BACK),
        (held(OLD, settled=False, error="it FAILED"), VerifyStep.ROLL_BACK),
        (held(OTHER), VerifyStep.LEFT_ALONE),
        (held(OTHER, settled=False, error="it FAILED"), VerifyStep.LEFT_ALONE),
        (held(), VerifyStep.LEFT_ALONE),
        (None, VerifyStep.GONE),
    ],
)
@pytest.mark.parametrize("binding", [SINGLE, LIST], ids=["single", "list"])
def test_what_was_bound_is_verified_by_what_the_service_says_now(
    binding: Binding, found: BindingState | None, step: VerifyStep
) -> None:
    assert verify_step(bound(binding), found, OLD, NEW, NOW) is step


@pytest.mark.parametrize("found", [held(NEW, settled=False), held(OLD), held(OLD, settled=False)])
def test_what_does_not_settle_in_time_is_rolled_back(found: BindingState) -> None:
    nearly, overdue = bound(since=SETTLES_WITHIN - SECOND), bound(since=SETTLES_WITHIN)
    assert verify_step(nearly, found, OLD, NEW, NOW) is VerifyStep.WAIT
    assert verify_step(overdue, found, OLD, NEW, NOW) is VerifyStep.ROLL_BACK
    assert verify_step(overdue, held(NEW), OLD, NEW, NOW) is VerifyStep.VERIFIED


def test_nothing_is_late_that_was_never_bound() -> None:
    move = BindingChange(binding=SINGLE)
    assert verify_step(move, held(OLD), OLD, NEW, NOW) is VerifyStep.WAIT


@pytest.mark.parametrize(
    ("binding", "found", "needed"),
    [
        (SINGLE, held(NEW), True),
        (SINGLE, held(NEW, settled=False, error="it FAILED"), True),
        (SINGLE, held(OLD), False),
        (SINGLE, held(OLD, settled=False, error="it FAILED"), False),
        (SINGLE, held(OTHER), False),
        (SINGLE, None, False),
        (LIST, held(OLD, NEW), True),
        (LIST, held(NEW), True),
        (LIST, held(OLD), False),
        (LIST, held(OTHER), False),
        (LIST, None, False),
    ],
)
def test_only_what_holds_the_successor_is_led_back(
    binding: Binding, found: BindingState | None, *, needed: bool
) -> None:
    assert needs_rollback(bound(binding), found, NEW) is needed


@pytest.mark.parametrize("binding", [SINGLE, LIST], ids=["single", "list"])
def test_what_held_the_successor_before_the_move_keeps_it(binding: Binding) -> None:
    assert not needs_rollback(bound(binding, successor_was_bound=True), held(NEW), NEW)


def holding(certificates: st.SearchStrategy[tuple[str, ...]]) -> st.SearchStrategy[BindingState]:
    return st.builds(
        BindingState, certificates=certificates, settled=st.booleans(), error=st.none() | TEXTS
    )


@given(move=MOVES, found=holding(st.sampled_from([(), (OTHER,), (OTHER, arn("third"))])))
def test_no_step_touches_what_holds_neither_certificate(
    move: BindingChange, found: BindingState
) -> None:
    assert bind_step(found, OLD, NEW) is BindStep.LEFT_ALONE
    assert verify_step(move, found, OLD, NEW, NOW) is VerifyStep.LEFT_ALONE
    assert not needs_rollback(move, found, NEW)


@given(move=MOVES, after=holding(st.just((NEW,))), back=holding(st.just((OLD,))))
def test_a_step_that_was_carried_out_and_not_recorded_is_found_done(
    move: BindingChange, after: BindingState, back: BindingState
) -> None:
    assert bind_step(after, OLD, NEW) is BindStep.DONE
    assert not needs_rollback(move, back, NEW)


# --- What cannot be moved ---------------------------------------------------------------------


def left(bindings: list[Binding], *in_use_by: str) -> tuple[str, ...]:
    seen = certificate(detail=detail(in_use_by=in_use_by))
    return CATALOG.unexplained(seen, bindings)


@pytest.mark.parametrize(
    ("binding", "consumer"),
    [
        (SINGLE, LOAD_BALANCER),
        (LIST, LOAD_BALANCER),
        (Binding(CLASSIC_LISTENER, "shop", "443"), CLASSIC),
        (Binding(DISTRIBUTION_KIND, "E1EXAMPLE"), DISTRIBUTION),
        (Binding(DOMAIN_NAME, "a.example.com"), LOAD_BALANCER.replace(OWN, AWS)),
        (Binding(EDGE_DOMAIN_NAME, "a.example.com"), DISTRIBUTION.replace(OWN, AWS)),
        (Binding(USER_POOL_DOMAIN, "a.example.com"), DISTRIBUTION.replace(OWN, AWS)),
    ],
)
def test_a_binding_explains_its_consumer_and_no_other(binding: Binding, consumer: str) -> None:
    others = {LOAD_BALANCER, CLASSIC, DISTRIBUTION, f"{CLASSIC}2"}
    others |= {other.replace(OWN, AWS) for other in (LOAD_BALANCER, DISTRIBUTION)}
    others.discard(consumer)
    assert set(left([binding], consumer, *others)) == others


@pytest.mark.parametrize(
    ("status", "searched", "hours", "explains"),
    [
        pytest.param(BindingChangeStatus.PLANNED, False, 48, True, id="it still has to move"),
        pytest.param(BindingChangeStatus.BOUND, True, 48, True, id="it is not verified"),
        pytest.param(BindingChangeStatus.MOVED, False, 23, True, id="it was moved today"),
        pytest.param(BindingChangeStatus.MOVED, False, 24, False, id="it was moved long ago"),
        pytest.param(BindingChangeStatus.GONE, False, 1, False, id="it was deleted"),
        pytest.param(BindingChangeStatus.ROLLED_BACK, None, 48, True, id="it has it again"),
        pytest.param(BindingChangeStatus.ROLLED_BACK, True, 48, True, id="and a search shows it"),
        pytest.param(BindingChangeStatus.LEFT_ALONE, False, 48, False, id="a search without it"),
    ],
)
def test_a_setting_explains_a_use_as_long_as_it_may_have_the_certificate(
    status: BindingChangeStatus, *, searched: bool | None, hours: int, explains: bool
) -> None:
    """`InUseBy` follows a change within hours; an entry that stays has another cause."""
    move = replace(bound(), status=status, bound_at=NOW)
    found = None if searched is None else {SINGLE.key} if searched else set()
    now = NOW + timedelta(hours=hours)
    assert explains_use(move, found, now) is explains


def test_a_move_without_a_time_explains_no_use() -> None:
    move = replace(bound(), status=BindingChangeStatus.MOVED, bound_at=None)
    assert not explains_use(move, None, NOW)


@pytest.mark.parametrize("found", range(4))
def test_one_setting_explains_one_resource_of_awss_own(found: int) -> None:
    """AWS has a distribution or a balancer for each setting, and none of them names it."""
    entries = [f"arn:aws:cloudfront::{AWS}:distribution/E{number}" for number in range(3)]
    settings = [Binding(EDGE_DOMAIN_NAME, f"{number}.example.com") for number in range(found)]
    assert left(settings, *entries) == tuple(entries[found:])
    balancers = [f"{LOAD_BALANCER.replace(OWN, AWS)}{number}" for number in range(3)]
    assert left(settings, *balancers) == tuple(balancers)


def test_all_settings_of_a_load_balancer_of_ours_explain_it() -> None:
    assert left([SINGLE, LIST], LOAD_BALANCER, LOAD_BALANCER) == ()


def test_the_certificate_that_proves_ownership_explains_nothing() -> None:
    """It is shown nowhere in `InUseBy`."""
    binding = Binding(DOMAIN_OWNERSHIP, "a.example.com")
    foreign = LOAD_BALANCER.replace(OWN, AWS)
    assert left([binding], foreign) == (foreign,)


@pytest.mark.parametrize("strange", ["", "not an ARN", "arn:aws", f"arn:aws:es:eu-west-1:{OWN}:"])
def test_what_is_not_understood_stays_named(strange: str) -> None:
    assert left([SINGLE], strange, LOAD_BALANCER) == (strange,)


def test_nothing_is_left_of_a_certificate_without_consumers() -> None:
    assert left([]) == CATALOG.unexplained(certificate(), []) == ()


def test_an_arn_without_an_account_is_not_foreign() -> None:
    assert not ConsumerArn.parse("arn:aws:apigateway:eu-west-1::/domainnames/a.b", OWN).foreign


def test_a_name_may_have_colons_and_what_is_no_arn_has_no_parts() -> None:
    text = f"arn:aws:vpce:eu-west-1:{OWN}:endpoint/a:b/c"
    parts = ("aws", "vpce", "eu-west-1", OWN, "endpoint", "a:b/c")
    assert ConsumerArn.parse(text, OWN) == ConsumerArn(text, *parts, foreign=False)
    assert ConsumerArn.parse("x", OWN) == ConsumerArn("x", "", "", "", "", "", "", foreign=False)


GATEWAY = f"arn:aws:elasticloadbalancing:eu-west-1:{OWN}:loadbalancer/gwy/inspect/50dc6c495c0c9188"


@pytest.mark.parametrize(
    ("in_use_by", "label"),
    [
        (LOAD_BALANCER, "load balancer shop"),
        (LOAD_BALANCER.replace(":loadbalancer/app/", ":loadbalancer/net/"), "load balancer shop"),
        (LOAD_BALANCER.replace(OWN, AWS), "load balancer shop"),
        (CLASSIC, "load balancer shop"),
        (DISTRIBUTION, "CloudFront distribution E1EXAMPLE"),
        (DISTRIBUTION.replace(OWN, AWS), "CloudFront distribution E1EXAMPLE"),
        (GATEWAY, GATEWAY),
        (LISTENER, LISTENER),
        (f"arn:aws:es:eu-west-1:{OWN}:domain/logs", f"arn:aws:es:eu-west-1:{OWN}:domain/logs"),
        ("not an ARN", "not an ARN"),
    ],
)
def test_a_resource_is_named_as_people_know_it_and_otherwise_by_its_arn(
    in_use_by: str, label: str
) -> None:
    assert CATALOG.label(in_use_by) == label


# --- What the ledger keeps of a move ----------------------------------------------------------

# --- The keys that consumers accept ---------------------------------------------------------------

EDGE_KEYS = {"RSA_2048", "RSA_3072", "RSA_4096", "EC_prime256v1"}
BALANCED_KEYS = {"RSA_2048", "RSA_3072", "EC_prime256v1", "EC_secp384r1", "EC_secp521r1"}
FOREIGN_EDGE = f"arn:aws:cloudfront::{AWS}:distribution/E1"
FOREIGN_BALANCER = f"arn:aws:elasticloadbalancing:eu-west-1:{AWS}:loadbalancer/app/prod/1"
UNKNOWN = f"arn:aws:appsync:eu-west-1:{OWN}:domainnames/api.example.com"


@pytest.mark.parametrize(
    ("users", "accepted"),
    [
        pytest.param([LOAD_BALANCER], BALANCED_KEYS, id="a load balancer"),
        pytest.param([DISTRIBUTION], EDGE_KEYS, id="a distribution"),
        pytest.param([FOREIGN_EDGE], EDGE_KEYS, id="a distribution of AWS's own"),
        pytest.param([FOREIGN_BALANCER], EDGE_KEYS, id="a load balancer of AWS's own"),
        pytest.param([LOAD_BALANCER, DISTRIBUTION], BALANCED_KEYS & EDGE_KEYS, id="both"),
        pytest.param([CLASSIC], {"RSA_2048"}, id="a Classic Load Balancer"),
        pytest.param([LOAD_BALANCER, UNKNOWN], set(), id="an unknown consumer"),
        pytest.param(["no ARN"], set(), id="no ARN"),
        pytest.param([], set(), id="a consumer that the description does not name yet"),
    ],
)
def test_every_consumer_has_to_accept_a_key_and_the_present_one_is_accepted(
    users: list[str], accepted: set[str]
) -> None:
    used = certificate(key_algorithm="RSA_1024", detail=detail(in_use_by=tuple(users)))
    assert CATALOG.key_algorithms(used) == frozenset(accepted | {"RSA_1024"})


def test_without_a_consumer_every_key_is_accepted() -> None:
    unused = certificate(in_use=False, detail=detail(in_use_by=()))
    assert CATALOG.key_algorithms(unused) is None


STORED_KINDS = {
    "Listener": LISTENER_KIND,
    "ListenerSni": LISTENER_SNI,
    "ClassicListener": CLASSIC_LISTENER,
    "Distribution": DISTRIBUTION_KIND,
    "DomainName": DOMAIN_NAME,
    "EdgeDomainName": EDGE_DOMAIN_NAME,
    "DomainOwnership": DOMAIN_OWNERSHIP,
    "UserPoolDomain": USER_POOL_DOMAIN,
    "DistributionTenant": DISTRIBUTION_TENANT,
    "AmplifyDomain": AMPLIFY_DOMAIN,
}
STATUSES = {
    BindingChangeStatus.PLANNED: "planned",
    BindingChangeStatus.BOUND: "bound",
    BindingChangeStatus.MOVED: "moved",
    BindingChangeStatus.ROLLED_BACK: "rolled back",
    BindingChangeStatus.LEFT_ALONE: "left alone",
    BindingChangeStatus.GONE: "gone",
}


def test_every_kind_is_stored_by_its_own_name() -> None:
    assert KINDS == STORED_KINDS


@pytest.mark.parametrize(("name", "kind"), STORED_KINDS.items())
@pytest.mark.parametrize("status", BindingChangeStatus)
def test_what_an_earlier_version_stored_of_a_move_is_read(
    name: str, kind: ConsumerKind, status: BindingChangeStatus
) -> None:
    """A ledger outlives every version of the functions: these words must never change."""
    move = BindingChange(binding=Binding(kind, LISTENER), status=status)
    stored = {
        "kind": name,
        "consumer": LISTENER,
        "place": "",
        "label": "",
        "planned_for": None,
        "successor_was_bound": False,
        "status": STATUSES[status],
        "bound_at": None,
        "note": "",
    }
    assert move.to_dict() == stored
    assert BindingChange.from_dict(stored, KINDS) == move


def test_a_move_in_another_region_is_stored_with_it_and_apart_from_one_in_its_own() -> None:
    own = Binding(EDGE_DOMAIN_NAME, "api.example.com")
    other = replace(own, region="eu-west-1")
    assert own.key == ("EdgeDomainName", "api.example.com", "")
    assert other.key == (*own.key, "eu-west-1")
    moves = [BindingChange(binding=binding) for binding in (own, other)]
    assert [move.to_dict().get("region") for move in moves] == [None, "eu-west-1"]
    assert [len(batch) for batch in by_consumer(moves, 1)] == [1, 1]


@pytest.mark.parametrize(("before", "was_bound"), [([OLD], False), ([OLD, NEW], True), ([], False)])
def test_a_move_with_a_list_of_certificates_is_read_as_what_a_rollback_needs(
    before: list[str], *, was_bound: bool
) -> None:
    stored = bound(LIST).to_dict() | {"before": before}
    del stored["successor_was_bound"]
    expected = replace(bound(LIST, successor_was_bound=was_bound), planned_for=NEW)
    assert BindingChange.from_earlier_dict(stored, KINDS, NEW) == expected


@pytest.mark.parametrize("before", ["old", [None]])
def test_a_move_with_a_malformed_list_is_refused(before: object) -> None:
    with pytest.raises(TypeError):
        BindingChange.from_earlier_dict(bound().to_dict() | {"before": before}, KINDS, NEW)


def test_the_moves_of_one_consumer_stay_in_one_batch() -> None:
    moves = [
        BindingChange(binding=Binding(kind, consumer))
        for kind in (LISTENER_KIND, LISTENER_SNI)
        for consumer in ("a", "b", "c")
    ]
    batches = [[move.binding.consumer for move in batch] for batch in by_consumer(moves, 4)]
    assert batches == [["a", "a", "b", "b"], ["c", "c"]]
    assert [len(batch) for batch in by_consumer(moves, 1)] == [2, 2, 2]
    assert list(by_consumer([], 4)) == []


@given(move=MOVES)
def test_a_move_comes_back_from_the_ledger_as_it_was(move: BindingChange) -> None:
    assert BindingChange.from_dict(json.loads(json.dumps(move.to_dict())), KINDS) == move


ENTRY = BindingChange(binding=Binding(LISTENER_KIND, "listener")).to_dict()


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "Toaster"},
        {"consumer": 5},
        {"successor_was_bound": 1},
        {"status": "lost"},
        {"bound_at": "2026-06-01T12:00:00"},
        {"bound_at": "9999-12-31T23:59:59Z"},
        {"note": None},
        {"region": 5},
    ],
    ids=str,
)
def test_what_is_no_move_is_refused_before_anything_is_done_by_it(
    changes: dict[str, object],
) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        BindingChange.from_dict({**ENTRY, **changes}, KINDS)


@pytest.mark.parametrize(
    ("state", "bound_at", "returned"),
    [
        (BindingState((OLD,)), NOW - SECOND, True),
        (BindingState((OLD, OTHER)), NOW - SECOND, True),
        (BindingState((OLD,)), NOW, False),
        (BindingState((OLD,)), None, False),
        (BindingState((OLD,), settled=False), NOW - SECOND, False),
        (BindingState((OLD, NEW)), NOW - SECOND, False),
        (BindingState((OTHER,)), NOW - SECOND, False),
        (None, NOW - SECOND, False),
    ],
)
def test_a_setting_has_returned_if_an_earlier_run_bound_it_and_only_the_old_one_is_there(
    state: BindingState | None, bound_at: datetime | None, *, returned: bool
) -> None:
    move = BindingChange(binding=SINGLE, status=BindingChangeStatus.BOUND, bound_at=bound_at)
    assert has_returned(move, state, OLD, NEW, NOW) is returned
