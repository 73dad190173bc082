"""The mode of each certificate decides what is done to it, and too many changes stop a run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from certificate_lifecycle.app.rotation import rotate
from certificate_lifecycle.model.certificate import Certificate
from certificate_lifecycle.model.errors import RotationError
from certificate_lifecycle.policy.coverage import Coverage
from certificate_lifecycle.policy.settings import RotationMode
from certificate_lifecycle.policy.succession import ReplacementRecord, ReplacementState
from tests.unit.builders import (
    EXPIRED,
    LOAD_BALANCER,
    NOW,
    SECOND,
    arn,
    blocked,
    certificate,
    days,
    detail,
    zone,
)
from tests.unit.consumers import MemoryCatalog, MemoryConsumers, listener
from tests.unit.fakes import (
    MemoryCertificates,
    MemoryClock,
    MemoryDns,
    MemoryExportSecrets,
    MemoryImportSecrets,
    MemoryStateStore,
    MemoryTopic,
    Outage,
    dependencies,
    run_request,
)

OURS = (("ManagedBy", "certificate-lifecycle"),)
MODE_TAG = "certificate-lifecycle:mode"
CLUSTER = (("elbv2.k8s.aws/cluster", "shop"),)
#: The settings of the module's default.
REQUEST = run_request(
    mode=RotationMode.REPLACE,
    unmanaged_mode=RotationMode.NOTIFY,
    allowed_domains=("example.com",),
    retire_after=days(30),
)
DEAD = certificate(
    arn=arn("dead"),
    names=("dead.example.com",),
    status=EXPIRED,
    ends_in=-days(1),
    detail=detail(),
)


class World:
    """An account and region over several runs."""

    def __init__(self, *stored: Certificate, tags: Iterable[tuple[str, str]] = ()) -> None:
        self.certificates = MemoryCertificates(*stored)
        self.certificates.tagged = {entry.arn: tuple(tags) for entry in stored}
        self.dns = MemoryDns(zone())
        self.store = MemoryStateStore()
        self.consumers = MemoryConsumers((listener(), [DEAD.arn]))
        self.catalog = MemoryCatalog()
        self.topic = MemoryTopic()
        self.now = NOW
        self.request = REQUEST

    def run(self, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any field of a request
        clients = dependencies(
            certificates=self.certificates,
            dns=self.dns,
            import_secrets=MemoryImportSecrets(),
            export_secrets=MemoryExportSecrets(),
            topic=self.topic,
            clock=MemoryClock(),
            state_store=self.store,
            consumers=self.consumers,
            catalog=self.catalog,
        )
        request = replace(self.request, now=self.now, **changes)
        return rotate(request, clients, current_time=lambda: self.now + SECOND)

    @property
    def changed(self) -> bool:
        """Whether anything but the state was written."""
        acm = self.certificates
        written = (self.dns.batches, acm.asked, acm.deleted, acm.resent, self.consumers.written)
        return any(written)

    def message(self) -> str:
        return " ".join(self.topic.messages[-1].bodies["email"].replace("| ", "").split())


def ours(found: Certificate) -> World:
    return World(found, tags=OURS)


def test_certificates_of_this_instance_are_repaired_and_replaced() -> None:
    for found in (blocked(), DEAD):
        world = ours(found)
        (action,) = world.run()["actions"]
        assert action["outcome"] in ("done", "started")
        assert world.changed


@pytest.mark.parametrize("found", [blocked(), DEAD], ids=["repair", "replacement"])
def test_certificates_of_others_are_reported_and_the_advice_names_the_input(
    found: Certificate,
) -> None:
    world = World(found)
    result = world.run()
    (finding,), (action,) = result["findings"], result["actions"]
    assert action["outcome"] == "advised"
    assert "Not done here: unmanaged_rotation_mode is notify" in action["detail"]
    assert "To allow it, set unmanaged_rotation_mode" in world.message()
    assert (finding["owner_kind"], finding["permitted_mode"]) == ("other", "notify")
    assert not world.changed
    assert world.store.replacement_records() == []


@pytest.mark.parametrize("value", ["off", "notify", "repair", "everything"])
def test_a_mode_tag_stops_permitted_actions_and_the_advice_names_the_tag(value: str) -> None:
    world = World(DEAD, tags=(*OURS, (MODE_TAG, value)))
    (action,) = world.run()["actions"]
    assert action["outcome"] == "advised"
    assert f"its tag {MODE_TAG} is" in action["detail"]
    assert not world.changed


def test_an_unknown_value_of_the_tag_is_in_the_finding() -> None:
    world = World(DEAD, tags=(*OURS, (MODE_TAG, "all")))
    (finding,) = world.run()["findings"]
    assert finding["permitted_mode"] == "notify"
    assert f"Its tag {MODE_TAG} is 'all', which is treated as notify" in finding["message"]


def test_outside_the_scope_nothing_is_changed() -> None:
    world = World(blocked())
    coverage = Coverage(include_tags=(("Team", ("shop",)),))
    world.run(unmanaged_mode=RotationMode.REPLACE, coverage=coverage)
    assert not world.changed


def test_a_lower_mode_stops_a_replacement_before_its_next_write_and_says_so() -> None:
    world = World(DEAD)
    world.run(unmanaged_mode=RotationMode.REPLACE)
    (begun,) = world.store.replacement_records()
    world.dns.records.clear()
    written = list(world.dns.batches)
    (action,) = world.run()["actions"]
    assert action["outcome"] == "advised"
    assert action["detail"].startswith("its replacement is stopped in state validated. Not done")
    assert world.store.replacement_records() == [begun]
    assert world.dns.batches == written


def test_a_replacement_whose_tags_cannot_be_read_is_stopped_and_a_problem() -> None:
    world = ours(DEAD)
    world.run()
    world.dns.records.clear()
    written = list(world.dns.batches)
    world.certificates.broken[f"tags {DEAD.arn}"] = Outage("throttled")
    with pytest.raises(RotationError, match="throttled"):
        world.run()
    assert "its tags could not be read" in world.message()
    assert world.dns.batches == written


def test_tags_that_the_scan_did_not_need_are_read_before_an_action() -> None:
    """A certificate far from expiry is not described, but is if its replacement continues."""
    world = ours(DEAD)
    world.run()
    world.certificates.broken[f"describe {DEAD.arn}"] = Outage("throttled")
    with pytest.raises(RotationError, match="throttled") as failed:
        world.run()
    assert "tags could not be read" not in str(failed.value)


@pytest.mark.parametrize(("permitted", "deleted"), [("replace", [DEAD.arn]), ("repair", [])])
def test_a_replaced_certificate_is_deleted_only_if_its_mode_allows_that(
    permitted: str, deleted: list[str]
) -> None:
    world = ours(DEAD)
    world.run()
    (record,) = world.store.replacement_records()
    assert record.successor_arn is not None
    stored = world.certificates.stored
    world.certificates.later.clear()
    stored[record.successor_arn] = certificate(arn=record.successor_arn, names=DEAD.names)
    world.run()
    stored[DEAD.arn] = replace(DEAD, in_use=False, detail=detail(in_use_by=()))
    assert [entry.state for entry in world.store.replacement_records()] == [
        ReplacementState.VERIFIED
    ]
    world.now += days(31)
    world.certificates.tagged[DEAD.arn] = (*OURS, (MODE_TAG, permitted))
    world.run()
    assert world.certificates.deleted == deleted


# --- By name ----------------------------------------------------------------------------------


def test_the_finding_of_a_due_replacement_says_that_a_controller_selects_by_name() -> None:
    world = World(DEAD)
    world.catalog.tagged[LOAD_BALANCER] = CLUSTER
    (finding,) = world.run()["findings"]
    assert finding["owner_kind"] == "selected"
    assert (
        "attached by name by the AWS Load Balancer Controller of cluster shop"
        in (finding["message"])
    )
    assert "alb.ingress.kubernetes.io/certificate-arn" in world.message()


def test_load_balancers_whose_tags_cannot_be_read_are_a_problem() -> None:
    world = ours(DEAD)
    world.catalog.failure = Outage("denied")
    with pytest.raises(RotationError, match="its load balancers: unexpected outage: denied"):
        world.run()
    assert world.changed


def test_tags_of_load_balancers_are_read_only_if_a_replacement_is_due() -> None:
    world = World(blocked())
    world.catalog.failure = Outage("denied")
    assert world.run()["findings"][0]["owner_kind"] == "other"


# --- Limits -----------------------------------------------------------------------------------


def crowd(number: int) -> World:
    """Return an account with renewals that are blocked, and one replacement that is due."""
    found = [replace(blocked(), arn=arn(f"blocked-{index}")) for index in range(number - 1)]
    return World(*found, DEAD, tags=OURS)


def test_up_to_the_limit_everything_is_changed() -> None:
    world = crowd(3)
    found = world.run(changes_per_run=3)
    assert {action["outcome"] for action in found["actions"]} == {"done", "started"}


def test_above_the_limit_nothing_is_changed_and_the_message_says_the_number_and_the_input() -> None:
    world = crowd(3)
    text = "nothing was changed: 3 certificates of this account and region would be, and "
    text += "limits.changes_per_run is 2"
    with pytest.raises(RotationError, match=text):
        world.run(changes_per_run=2)
    assert not world.changed
    assert world.store.replacement_records() == []
    assert world.message().count(text) == 4  # the account and region, and each finding
    assert "3 need you" in world.message()


def test_the_limit_ignores_actions_that_are_not_permitted() -> None:
    world = crowd(3)
    world.certificates.tagged = {DEAD.arn: OURS}
    world.run(changes_per_run=1)
    assert len(world.certificates.asked) == 1


def test_a_replacement_under_way_counts_towards_the_limit() -> None:
    world = crowd(3)
    world.certificates.tagged = {DEAD.arn: OURS}
    world.run(changes_per_run=1)
    world.certificates.tagged |= {arn("blocked-0"): OURS}
    with pytest.raises(RotationError, match="2 certificates"):
        world.run(changes_per_run=1)
    assert world.store.replacement_records()[0].state is ReplacementState.VALIDATED


def test_above_the_limit_the_replacement_of_a_deleted_certificate_waits_too() -> None:
    world = crowd(3)
    world.certificates.tagged = {DEAD.arn: OURS}
    world.run(changes_per_run=1)
    del world.certificates.stored[DEAD.arn]
    world.certificates.tagged |= {arn(f"blocked-{number}"): OURS for number in range(2)}
    with pytest.raises(RotationError, match="nothing was changed: 3 certificates"):
        world.run(changes_per_run=2)
    assert world.store.replacement_records()[0].state is ReplacementState.VALIDATED


def test_replacements_that_ended_neither_count_nor_make_a_run_read_more() -> None:
    reads: list[int] = []
    for ended in (0, 3):
        world = crowd(3)
        for number in range(ended):
            world.store.stored[arn(f"ended-{number}")] = ReplacementRecord(
                certificate_arn=arn(f"ended-{number}"),
                state=ReplacementState.RETIRED,
                started_at=NOW,
            )
        world.run(changes_per_run=3)
        reads.append(world.dns.reads)
    assert reads[0] == reads[1] > 0


def test_a_dry_run_says_that_the_limit_would_stop_the_run() -> None:
    with pytest.raises(RotationError, match=r"limits\.changes_per_run is 2"):
        crowd(3).run(changes_per_run=2, dry_run=True)
