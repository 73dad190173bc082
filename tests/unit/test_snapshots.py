"""A snapshot is judged as the estate was that it was taken of, whatever is asked later."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from certificate_lifecycle.app.ports import Surroundings
from certificate_lifecycle.app.rotation import visit_all
from certificate_lifecycle.app.scope import Order, Visit
from certificate_lifecycle.cli.snapshots.anonymising import anonymised
from certificate_lifecycle.cli.snapshots.files import dumps, loads
from certificate_lifecycle.cli.snapshots.model import RecordedSettings, Snapshot
from certificate_lifecycle.cli.snapshots.recording import Recorder
from certificate_lifecycle.cli.snapshots.replay import surroundings
from certificate_lifecycle.config import RotationMode
from certificate_lifecycle.core.consumers import Binding, ConsumerKind, Held
from certificate_lifecycle.core.hidden import Hidden
from certificate_lifecycle.core.names import (
    InvalidNameError,
    dns_form,
    is_same_or_below,
    is_wildcard,
    normalise,
)
from certificate_lifecycle.core.place import Place
from certificate_lifecycle.core.run import finding_entry
from certificate_lifecycle.core.timing import Thresholds
from certificate_lifecycle.core.validation import Zone
from certificate_lifecycle.core.x509 import Leaf, PublicKey
from certificate_lifecycle.errors import (
    CertificateNotFoundError,
    RecordedFailureError,
    SnapshotError,
)
from tests.unit.builders import (
    LATER,
    NOW,
    SECOND,
    certificate,
    detail,
    imported,
    private,
)
from tests.unit.consumers import MemoryConsumers
from tests.unit.estates import (
    IDS,
    LABELS,
    OWN,
    PLACES,
    TEXTS,
    THRESHOLDS,
    Estate,
    MemorySources,
    MemoryStore,
    MemoryUsers,
    certificate_arn,
    estate_of,
    order_of,
    secret,
)
from tests.unit.fakes import (
    MemoryCertificates,
    MemoryClock,
    MemoryDns,
    MemoryExportSecrets,
    MemoryLedger,
    MemoryServed,
    Outage,
)

#: Shrinking a seed leads nowhere.
SEEDS = settings(phases=[Phase.generate])
seeds = st.integers(0, 2**32)


def taken_of(estate: Estate) -> Snapshot:
    order = order_of(estate.settings, list(estate.around))
    return Recorder(
        order=order,
        at=estate.at,
        clock=MemoryClock(),
        settings=RecordedSettings.of(estate.settings, PLACES[0]),
        program="0.1.0",
    ).record()


def visited(order: Order, at: Callable[[Place], Surroundings]) -> list[Visit]:
    return visit_all(order, at, MemoryClock(), lambda: NOW + SECOND)


@SEEDS
@given(seed=seeds, thresholds=st.sampled_from(THRESHOLDS), mode=st.sampled_from(RotationMode))
def test_a_snapshot_is_judged_and_planned_for_as_what_it_was_taken_of(
    seed: int, thresholds: Thresholds, mode: RotationMode
) -> None:
    estate = estate_of(seed)
    snapshot = loads(dumps(taken_of(estate)))
    if estate.settings.mode is RotationMode.NOTIFY:
        mode = RotationMode.NOTIFY  # nobody may have opened a secret
    later = replace(estate.settings, thresholds=thresholds, mode=mode)
    order = order_of(later, list(estate.around))
    there = visited(order, estate.at)
    here = visited(order, lambda place: surroundings(snapshot, place))
    for was, found in zip(there, here, strict=True):
        assert [finding_entry(each, NOW) for each in found.run.assessed] == [
            finding_entry(each, NOW) for each in was.run.assessed
        ]
        assert found.run == was.run
        assert found.problems == was.problems
        assert found.has_news == was.has_news


@SEEDS
@given(seed=seeds, thresholds=st.sampled_from(THRESHOLDS))
def test_an_anonymised_snapshot_is_decided_on_as_the_original(
    seed: int, thresholds: Thresholds
) -> None:
    snapshot = taken_of(estate_of(seed))
    was, found = (decisions(each, thresholds) for each in (snapshot, anonymised(snapshot)))
    assert found == was


WRITES: Mapping[str, Sequence[str]] = {
    "certificates": (
        *("request", "resend_validation_email", "migrate_to_dns", "renew", "reimport"),
        *("mark_replaced", "delete"),
    ),
    "dns": ("upsert",),
    "export_secrets": ("put",),
    "consumers": ("bind", "unbind"),
    "ledger": ("claim", "record", "take_request", "remember", "forget", "note", "strike"),
}


@pytest.mark.parametrize(("port", "write"), [(p, w) for p, all_ in WRITES.items() for w in all_])
def test_nothing_can_be_changed_in_a_snapshot(port: str, write: str) -> None:
    around = surroundings(small(), PLACES[0])
    with pytest.raises(SnapshotError, match="nothing can be changed in a snapshot"):
        getattr(getattr(around, port), write)("something", "else")
    assert not around.certificates.can_migrate_to_dns


def small(**changes: Any) -> Snapshot:  # noqa: ANN401 - any port
    """Return a snapshot of one certificate, with every port but what is changed."""
    acm = MemoryCertificates(certificate(arn=certificate_arn(PLACES[0], "certalpha")))
    ports = {
        "certificates": acm,
        "dns": MemoryDns(),
        "import_secrets": MemorySources({}),
        "export_secrets": MemoryExportSecrets(),
        "ledger": MemoryLedger(),
        "consumers": MemoryConsumers(),
        "users": MemoryUsers(),
        "served": MemoryServed(),
    }
    settings = replace(estate_of(1).settings, import_sources={}, export_targets=())
    estate = Estate({PLACES[0]: Surroundings(**{**ports, **changes})}, settings)
    return taken_of(estate)


def test_what_was_not_asked_then_is_no_answer_now() -> None:
    around = surroundings(small(), PLACES[0])
    other, zone = certificate(arn="other"), Zone("ZONEONE", "zebracorp.oddtop")
    binding = Binding(ConsumerKind.DISTRIBUTION, "OURDIST", label="distribution OURDIST")
    assert around.export_secrets is not None
    assert around.consumers is not None
    assert around.served is not None
    for ask, what in (
        (lambda: around.dns.records_at(zone, "a.zebracorp.oddtop."), "the records at a.zebracorp"),
        (lambda: around.import_secrets.open("arn"), "what the secret arn is good for"),
        (lambda: around.export_secrets.stages("arn"), "the versions of the secret arn"),
        (lambda: around.export_secrets.passphrase("arn"), "the passphrase in arn"),
        (lambda: around.certificates.export("arn", Hidden("x")), "the private key of arn"),
        (lambda: around.certificates.migration_records("arn"), "the records of a migration"),
        (lambda: around.consumers.find(other), "what holds other"),
        (lambda: around.consumers.held(binding), "what distribution OURDIST holds"),
        (lambda: around.served.look("a.oddtop", "RSA_2048"), "what a.oddtop serves"),
    ):
        with pytest.raises(SnapshotError, match=f"the snapshot does not hold {what}"):
            ask()
    with pytest.raises(CertificateNotFoundError, match="other does not exist in the snapshot"):
        around.certificates.describe("other")
    with pytest.raises(SnapshotError, match="does not hold account 271828182845, eu-west-1"):
        surroundings(small(), PLACES[2])


def test_what_was_not_there_is_not_there_now() -> None:
    absent = dict.fromkeys(("export_secrets", "ledger", "consumers", "users", "served"))
    around = surroundings(small(**absent), PLACES[0])
    assert [getattr(around, each) for each in absent] == [None] * len(absent)
    assert surroundings(small(), PLACES[0], repair=False).export_secrets is None


def test_settings_of_consumers_are_what_they_were() -> None:
    held = Binding(ConsumerKind.DISTRIBUTION, "OURDIST", label="distribution OURDIST")
    seen = certificate(arn=certificate_arn(PLACES[0], "certalpha"))
    around = surroundings(small(consumers=MemoryConsumers((held, [seen.arn]))), PLACES[0])
    assert around.consumers is not None
    assert around.consumers.find(seen) == [held]
    assert around.consumers.held(held) == Held((seen.arn,))


def test_no_secret_is_opened_where_a_run_may_not_and_no_key_is_kept() -> None:
    sources = MemorySources({secret("from", PLACES[0]): leaf(PublicKey("RSA_2048", b"numbers"))})
    estate = estate_of(1)
    for mode, opened in ((RotationMode.NOTIFY, False), (RotationMode.REPAIR, True)):
        settings = replace(
            estate.settings,
            mode=mode,
            import_sources={
                certificate_arn(PLACES[0], "certalpha"): secret("from", PLACES[0]),
            },
        )
        acm = MemoryCertificates(imported(arn=certificate_arn(PLACES[0], "certalpha")))
        around = Surroundings(certificates=acm, dns=MemoryDns(), import_secrets=sources)
        snapshot = taken_of(Estate({PLACES[0]: around}, settings))
        assert bool(snapshot.scopes[0].sources) is opened
        assert "MARKER" not in dumps(snapshot)
        for source in snapshot.scopes[0].sources.values():
            assert source.leaf.value is not None
            assert source.leaf.value.key == PublicKey("RSA_2048", b"")


def leaf(key: PublicKey) -> Leaf:
    return replace(LATER, key=key)


def test_what_a_run_would_not_count_as_a_failure_is_none() -> None:
    acm = MemoryCertificates(
        certificate(arn=certificate_arn(PLACES[0], "certalpha"), detail=detail()),
        certificate(arn=certificate_arn(PLACES[0], "certbravo")),
    )
    arns = list(acm.held)
    acm.broken = {
        "renewals": Outage("no search"),
        f"describe {arns[1]}": CertificateNotFoundError("gone"),
        f"tags {arns[0]}": Outage("no tags"),
    }
    ledger = MemoryLedger()
    ledger.broken = dict.fromkeys(("journals", "memories"), Outage("no table"))
    users = MemoryUsers(Outage("no users"))
    where = f"account {OWN}, eu-west-1"
    assert small(certificates=acm, users=users, ledger=ledger).failures == [
        f"{where}: the tags of {arns[0]}: Outage: no tags",
        f"{where}: the ledger could not be read: Outage: no table",
    ]


def test_what_an_account_has_once_is_found_by_whichever_of_its_regions_is_looked_at() -> None:
    here, away = PLACES[:2]
    kept = certificate(arn=f"arn:aws:iam::{OWN}:server-certificate/certalpha")
    acm = MemoryCertificates(private(arn=certificate_arn(here, "certbravo")))
    around = Surroundings(
        certificates=acm,
        dns=MemoryDns(),
        import_secrets=MemorySources({}),
        account_stores=[MemoryStore("IAM server certificates", kept)],
    )
    snapshot = taken_of(Estate({here: around, away: around}, estate_of(1).settings))
    assert [len(scope.account_stores) for scope in snapshot.scopes] == [1, 0]
    (store,) = surroundings(snapshot, away).account_stores
    assert [each.arn for each in store.list_all()] == [kept.arn]
    with pytest.raises(SnapshotError, match="the snapshot does not hold the details of other"):
        store.describe(certificate(arn="other"))


def test_what_an_account_has_once_is_not_taken_for_nothing_where_it_could_not_be_read() -> None:
    here, away = PLACES[:2]
    around = surroundings_of_nothing()
    estate = Estate({here: Outage("no role"), away: around}, estate_of(1).settings)
    (store,) = surroundings(taken_of(estate), away).account_stores
    assert store.concerns([])
    with pytest.raises(RecordedFailureError, match="no role"):
        store.list_all()


def test_what_an_account_has_once_is_recorded_even_if_acm_cannot_be_listed() -> None:
    here, away = PLACES[:2]
    kept = certificate(arn=f"arn:aws:iam::{OWN}:server-certificate/certalpha")
    acm = MemoryCertificates()
    acm.broken["list_all"] = Outage("no list")
    store = MemoryStore("IAM server certificates", kept)
    broken = replace(surroundings_of_nothing(), certificates=acm, account_stores=[store])
    estate = Estate({here: broken, away: surroundings_of_nothing()}, estate_of(1).settings)
    (found,) = surroundings(taken_of(estate), away).account_stores
    assert [each.arn for each in found.list_all()] == [kept.arn]


def surroundings_of_nothing() -> Surroundings:
    return Surroundings(
        certificates=MemoryCertificates(), dns=MemoryDns(), import_secrets=MemorySources({})
    )


def test_of_two_that_could_take_over_the_same_one_does_afterwards() -> None:
    arns = [certificate_arn(PLACES[0], f"cert{letter}") for letter in "zyxab"]
    acm = MemoryCertificates(*(certificate(arn=arn) for arn in arns))
    scope = anonymised(small(certificates=acm)).scopes[0]
    renamed = dict(zip(arns, scope.described, strict=True))
    assert sorted(arns, key=renamed.__getitem__) == sorted(arns)


def test_a_recording_that_is_out_of_time_asks_nothing_more() -> None:
    estate = estate_of(3)
    order = order_of(estate.settings, list(estate.around))
    snapshot = Recorder(
        order=order,
        at=estate.at,
        clock=MemoryClock(seconds=1),
        settings=RecordedSettings.of(estate.settings, PLACES[0]),
        program="0.1.0",
    ).record()
    assert {scope.listed.failure for scope in snapshot.scopes} == {"the function's time ran out"}


@pytest.mark.parametrize(
    ("name", "below"),
    [
        ("a.zebracorp.oddtop", "zebracorp.oddtop"),
        ("*.zebracorp.oddtop", "zebracorp.oddtop."),
        ("\\052.zebracorp.oddtop.", "zebracorp.oddtop"),
        ("_VALIDNAME.A.zebracorp.oddtop.", "a.ZEBRACORP.oddtop"),
    ],
)
def test_an_anonymised_name_is_below_what_it_was_below(name: str, below: str) -> None:
    acm = MemoryCertificates(
        certificate(arn=certificate_arn(PLACES[0], "certalpha"), names=(name, below))
    )
    (listed,) = anonymised(small(certificates=acm)).scopes[0].listed.value or ()
    named, parent = listed.names
    assert is_same_or_below(dns_form(named), dns_form(parent))
    assert named != parent
    assert (named[-1] == ".", is_wildcard(dns_form(named))) == (
        name[-1] == ".",
        is_wildcard(dns_form(name)),
    )


@pytest.mark.parametrize(
    "name", ["shop.zebracorp", "under_score.zebracorp.oddtop", "10.1.2.3", "My CA", "shop.x", "a."]
)
def test_what_is_no_domain_name_is_none_afterwards(name: str) -> None:
    acm = MemoryCertificates(
        certificate(arn=certificate_arn(PLACES[0], "certalpha"), names=(name,))
    )
    (listed,) = anonymised(small(certificates=acm)).scopes[0].listed.value or ()
    assert is_name(listed.domain_name) is is_name(name)


def is_name(text: str) -> bool:
    try:
        return bool(normalise(text))
    except InvalidNameError:
        return False


def test_of_an_error_of_aws_its_code_and_operation_stay() -> None:
    acm = MemoryCertificates()
    text = "An error occurred (AccessDeniedException) when calling the ListCertificates operation"
    acm.broken = {"list_all": type("ClientError", (Exception,), {})(f"{text}: zebracorp may not")}
    (scope,) = anonymised(small(certificates=acm)).scopes
    assert scope.listed.failure == f"ClientError: {text}: (left out)"


def decisions(snapshot: Snapshot, thresholds: Thresholds) -> list[object]:
    """Return all that is decided and planned, without what it is about."""
    settings = replace(snapshot.settings.restored(), thresholds=thresholds)
    order = order_of(settings, [scope.place for scope in snapshot.scopes])
    visits = visited(order, partial(surroundings, loads(dumps(snapshot))))
    return [
        (
            each.run.scopes[0].status,
            [(entry.decision.verdict, entry.decision.severity) for entry in each.run.assessed],
            [(entry.decision.reason, entry.decision.action) for entry in each.run.assessed],
            [entry.muted_until for entry in each.run.assessed],
            [entry.owner is None for entry in each.run.assessed],
            [(done.action, done.outcome, bool(done.detail)) for done in each.run.actions],
            # What is equally urgent is told in the order of its ARN.
            sorted(change.kind for change in each.run.changes),
            len(each.problems),
            each.has_news,
        )
        for each in visits
    ]


@SEEDS
@given(seed=seeds)
def test_nothing_that_names_anything_is_left_in_an_anonymised_snapshot(seed: int) -> None:
    text = dumps(anonymised(taken_of(estate_of(seed)))).lower()
    assert [each for each in (*LABELS, *IDS, *TEXTS) if each.lower() in text] == []
