"""Each invariant detects a program that violates it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from certificate_lifecycle.app import (
    collect,
    export,
    notification_state,
    reimport,
    rotation,
    succession,
)
from certificate_lifecycle.app.deadline import Deadline
from certificate_lifecycle.app.replacement import engine, pointers
from certificate_lifecycle.aws.acm import AcmCertificates
from certificate_lifecycle.aws.consumers import cloudfront, cognito
from certificate_lifecycle.aws.consumers.registry import AwsConsumers
from certificate_lifecycle.aws.route53 import Route53Dns
from certificate_lifecycle.aws.sns import SnsTopic
from certificate_lifecycle.aws.ssm import SsmPointers
from certificate_lifecycle.log import logger
from certificate_lifecycle.model.certificate import Action, Verdict
from certificate_lifecycle.model.run import ScopeStatus
from certificate_lifecycle.policy import checks
from certificate_lifecycle.policy.continuity import Candidate, Continuity, Discontinuity
from certificate_lifecycle.policy.import_source import SourceState
from certificate_lifecycle.policy.succession import ReplacementRecord
from tests.stress.faults.campaign import live, shortest
from tests.stress.faults.invariants import Invariant
from tests.stress.faults.life import Step
from tests.stress.faults.others import Deed, Others, choice_of
from tests.stress.faults.stage import Stage
from tests.stress.faults.weather import CALM, Aim, Fault, Kind, Session

pytestmark = [pytest.mark.integration, pytest.mark.nightly]

Break = Callable[[pytest.MonkeyPatch, Stage], None]


def step(*faults: Fault) -> Step:
    """Return a scheduled run with these faults."""
    return Step(
        gap=timedelta(minutes=10),
        actor="the schedule",
        pick=0,
        weather=replace(CALM, faults=faults),
        retried=False,
    )


def wrapped(patch: pytest.MonkeyPatch, place: object, name: str, replacement: Any) -> None:  # noqa: ANN401 - any function around another
    """Replace a method or function; `replacement` gets it as its first argument."""
    before = getattr(place, name)
    patch.setattr(place, name, lambda *args, **kwargs: replacement(before, *args, **kwargs))


# --- Programs that are broken ---------------------------------------------------------------------


def replaces_what_is_healthy(patch: pytest.MonkeyPatch, _: Stage) -> None:
    def assess(before: Any, observation: Any, *rest: Any) -> Any:  # noqa: ANN401 - as it is called
        decision = before(observation, *rest)
        healthy = decision.verdict is Verdict.HEALTHY
        return replace(decision, action=Action.REPLACE) if healthy else decision

    wrapped(patch, collect, "assess", assess)
    patch.setattr(engine, "lacks_future", lambda *_: True)


def deletes_records(patch: pytest.MonkeyPatch, _: Stage) -> None:
    def upsert(before: Any, dns: Any, zone: Any, records: Any) -> None:  # noqa: ANN401 - as above
        before(dns, zone, records)
        changes = [
            {
                "Action": "DELETE",
                "ResourceRecordSet": {
                    "Name": record.name,
                    "Type": "CNAME",
                    "TTL": 300,
                    "ResourceRecords": [{"Value": record.value}],
                },
            }
            for record in records
        ]
        client = dns._client_for(zone.role_arn)  # noqa: SLF001 - a deliberate fault
        client.change_resource_record_sets(
            HostedZoneId=zone.zone_id, ChangeBatch={"Changes": changes}
        )

    wrapped(patch, Route53Dns, "upsert", upsert)


def deletes_what_nothing_uses(patch: pytest.MonkeyPatch, _: Stage) -> None:
    def list_all(before: Any, certificates: Any) -> Any:  # noqa: ANN401 - as above
        for entry in before(certificates):
            if not entry.in_use:
                certificates.delete(entry.arn)
            yield entry

    wrapped(patch, AcmCertificates, "list_all", list_all)


def calls_every_scope_well(patch: pytest.MonkeyPatch, _: Stage) -> None:
    patch.setattr(collect.ScanResult, "status", ScopeStatus.OK)


def logs_what_it_exports(patch: pytest.MonkeyPatch, _: Stage) -> None:
    def document(before: Any, *args: Any) -> Any:  # noqa: ANN401 - as above
        made = before(*args)
        logger.debug("exporting", extra={"document": made.get_secret_value()})
        return made

    wrapped(patch, export, "secret_document", document)


def requests_twice(patch: pytest.MonkeyPatch, _: Stage) -> None:
    def request(before: Any, certificates: Any, wanted: Any) -> Any:  # noqa: ANN401 - as above
        before(certificates, replace(wanted, purpose=f"{wanted.purpose} to be sure"))
        return before(certificates, wanted)

    wrapped(patch, AcmCertificates, "request", request)


def binds_any_certificate(patch: pytest.MonkeyPatch, stage: Stage) -> None:
    def bind(before: Any, consumers: Any, binding: Any, arn: str, *, instead_of: str) -> None:  # noqa: ANN401 - as above
        valid = [entry for entry in stage.cloud.certificates.all() if entry.status == "ISSUED"]
        names = {item.arn: item.names for item in valid}
        others = [each.arn for each in valid if each.names != names.get(arn)]
        before(consumers, binding, others[0], instead_of=instead_of)

    wrapped(patch, AwsConsumers, "bind", bind)


def fails_silently(patch: pytest.MonkeyPatch, _: Stage) -> None:
    patch.setattr(rotation, "raise_if_incomplete", lambda *_: None)


def sends_nothing(patch: pytest.MonkeyPatch, _: Stage) -> None:
    patch.setattr(SnsTopic, "publish", lambda *_: "message-1")


def records_no_intent(patch: pytest.MonkeyPatch, _: Stage) -> None:
    patch.setattr(notification_state.AlertState, "record_intent", lambda *_: None)


def tells_everything_each_time(patch: pytest.MonkeyPatch, _: Stage) -> None:
    patch.setattr(notification_state.AlertState, "should_notify", lambda *_: True)


def writes_what_it_cannot_read(patch: pytest.MonkeyPatch, _: Stage) -> None:
    def item(before: Any, replacement_record: Any) -> Any:  # noqa: ANN401 - as above
        return {**before(replacement_record), "state": "on its way"}

    wrapped(patch, ReplacementRecord, "to_dict", item)


def never_answers(patch: pytest.MonkeyPatch, _: Stage) -> None:
    patch.setattr(Deadline, "patience", lambda _: 10_000.0)


def mends_what_others_manage(patch: pytest.MonkeyPatch, _: Stage) -> None:
    patch.setattr(checks, "_manager", lambda _: None)


def writes_no_record(patch: pytest.MonkeyPatch, _: Stage) -> None:
    patch.setattr(Route53Dns, "upsert", lambda *_: None)


def lets_anything_take_over(patch: pytest.MonkeyPatch, _: Stage) -> None:
    """Choose a successor by names and dates, which anyone who may import can provide."""
    plain = {
        Discontinuity.NOT_ISSUED,
        Discontinuity.OTHER_NAMES,
        Discontinuity.EXPIRES_TOO_SOON,
        Discontinuity.NOT_LATER,
    }

    def judge(before: Any, old: Any, new: Any, *rest: Any) -> Candidate:  # noqa: ANN401 - as above
        candidate: Candidate = before(old, new, *rest)
        known = plain & set(candidate.reasons)
        return candidate if known else Candidate(new, Continuity.AUTOMATIC)

    def ruled_out(before: Any, *args: Any) -> Candidate | None:  # noqa: ANN401 - as above
        candidate: Candidate | None = before(*args)
        return candidate if candidate and plain & set(candidate.reasons) else None

    wrapped(patch, succession, "judge", judge)
    wrapped(patch, succession, "ruled_out", ruled_out)
    wrapped(patch, engine, "judge", judge)


def imports_what_ends_later(patch: pytest.MonkeyPatch, _: Stage) -> None:
    """Compare the versions of an import source by their expiry."""

    def compare(before: Any, offered: Any, held: Any, *rest: Any) -> Any:  # noqa: ANN401 - as above
        later = offered.leaf.not_after > held.leaf.not_after
        compared = before(offered, held, *rest)
        return replace(compared, state=SourceState.NEWER) if later else compared

    wrapped(patch, reimport, "compare", compare)


def writes_what_it_did_not_understand(patch: pytest.MonkeyPatch, _: Stage) -> None:
    for module in (cloudfront, cognito):
        patch.setattr(module, "require_complete", lambda *_: None)


def names_what_does_not_exist(patch: pytest.MonkeyPatch, _: Stage) -> None:
    def exchange(before: Any, adapter: Any, name: str, value: str, **rest: Any) -> Any:  # noqa: ANN401 - as above
        return before(adapter, name, f"{value[:-4]}gone", **rest)

    wrapped(patch, SsmPointers, "exchange", exchange)


def writes_every_pointer(patch: pytest.MonkeyPatch, _: Stage) -> None:
    patch.setattr(pointers, "pointers_behind", lambda _, values, **__: dict(values))


def other(deed: Deed) -> Step:
    """Return a scheduled run before which another actor does a deed."""
    return step(Fault(kind=Kind.INTERFERED, choice=choice_of(deed)))


DENIED = Fault(kind=Kind.DENIED, aim=Aim.READS, reach=Session.OPERATION)
#: A list call, the second read of a run, and then all descriptions: one service alone cannot
#: hang long enough, because the SDK's retry quota ends before Lambda's timeout.
HANGING = (
    Fault(kind=Kind.UNANSWERED, at=2, aim=Aim.READS, reach=Session.CALL),
    Fault(kind=Kind.UNANSWERED, at=14, aim=Aim.READS, reach=Session.OPERATION),
)
KILLED = Fault(kind=Kind.KILLED, aim=Aim.WRITES, late=True)

SLOW = Fault(kind=Kind.UNREACHABLE)

#: Lives without violations with the unchanged program.
SOUND: set[tuple[object, ...]] = set()
BROKEN: list[tuple[Invariant, Break, int, list[Step]]] = [
    (Invariant.NEEDLESS, replaces_what_is_healthy, 100002, []),
    (Invariant.MOVED, replaces_what_is_healthy, 100002, []),
    (Invariant.RECORDS, deletes_records, 100002, []),
    (Invariant.DELETED, deletes_what_nothing_uses, 100010, []),
    (Invariant.BLIND, calls_every_scope_well, 100002, [step(DENIED)]),
    (Invariant.SECRETS, logs_what_it_exports, 100002, []),
    (Invariant.TWINS, requests_twice, 100002, []),
    (Invariant.STRANDED, binds_any_certificate, 100002, []),
    (Invariant.HIDDEN, fails_silently, 100002, [step(DENIED)]),
    (Invariant.UNREPORTED, sends_nothing, 100002, []),
    (Invariant.UNREPORTED, records_no_intent, 100028, [step(KILLED)]),
    (Invariant.REPEATED, tells_everything_each_time, 100002, []),
    (Invariant.LEDGER, writes_what_it_cannot_read, 100002, []),
    (Invariant.LATE, never_answers, 100002, [step(*HANGING)]),
    (Invariant.TRESPASS, mends_what_others_manage, 100009, []),
    (Invariant.TRUST, lets_anything_take_over, 100002, []),
    (Invariant.TRUST, imports_what_ends_later, 100012, [other(Others.write_other_issuer)]),
    (Invariant.TRUST, imports_what_ends_later, 100012, [other(Others.write_fewer_names)]),
    (Invariant.OLDER, imports_what_ends_later, 100012, [other(Others.write_older_version)]),
    (Invariant.OLDER, imports_what_ends_later, 100012, [step(), other(Others.import_by_hand)]),
    (Invariant.SETTINGS, writes_what_it_did_not_understand, 100021, []),
    (Invariant.IMPORTS, deletes_what_nothing_uses, 100010, []),
    (Invariant.POINTERS, names_what_does_not_exist, 100002, []),
    (Invariant.KEPT, writes_every_pointer, 100002, []),
    (Invariant.UNHEALED, writes_no_record, 100002, []),
]


@pytest.mark.parametrize(
    ("invariant", "harm", "seed", "steps"),
    BROKEN,
    ids=[f"{invariant.name} {harm.__name__}" for invariant, harm, *_ in BROKEN],
)
def test_a_program_that_breaks_an_invariant_is_found_out(
    where: Stage,
    monkeypatch: pytest.MonkeyPatch,
    invariant: Invariant,
    harm: Break,
    seed: int,
    steps: list[Step],
) -> None:
    """The same life has no violation with the unchanged program."""
    sound = (seed, *steps)
    if sound not in SOUND:
        assert live(where, seed, steps)[1] == []
        SOUND.add(sound)
    harm(monkeypatch, where)
    assert invariant in {violation.invariant for violation in live(where, seed, steps)[1]}


def test_the_shortest_way_to_a_violation_has_nothing_that_it_does_not_need(
    where: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    fails_silently(monkeypatch, where)
    steps = [step(), step(SLOW, DENIED), step(SLOW)]
    assert shortest(where, 100003, Invariant.HIDDEN, steps) == [step(DENIED)]


def test_every_invariant_has_a_program_that_breaks_it() -> None:
    assert {invariant for invariant, *_ in BROKEN} == set(Invariant)
