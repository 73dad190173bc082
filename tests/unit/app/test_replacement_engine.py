"""One replacement from its first look to the end, over several runs: at most one successor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from certificate_lifecycle.app.collect import Collector
from certificate_lifecycle.app.notification_state import PendingWrites
from certificate_lifecycle.app.replacement.engine import ReplacementEngine
from certificate_lifecycle.app.replacement.pointers import PointerMoves
from certificate_lifecycle.model.certificate import (
    Action,
    Certificate,
    CertificateDetail,
    CertificateStatus,
)
from certificate_lifecycle.model.errors import (
    CertificateRefusedError,
    CertificateRequestError,
    ConsumerBusyError,
    ManualStepRequiredError,
)
from certificate_lifecycle.model.public_dns import RecordType
from certificate_lifecycle.model.run import ActionRecord, Outcome
from certificate_lifecycle.policy.bindings import SETTLES_WITHIN, Binding
from certificate_lifecycle.policy.coverage import EVERYTHING, Coverage
from certificate_lifecycle.policy.settings import RotationMode
from certificate_lifecycle.policy.succession import (
    HISTORY,
    MAX_LOST,
    REPEATED_REQUESTS_PER_DAY,
    REPLACES_TAG,
    RETRY_AFTER,
    ReplacementRecord,
    ReplacementState,
    RequestBudget,
)
from tests.unit.builders import (
    AUTHORITY,
    EXPIRED,
    FAILED,
    LABEL,
    LATER,
    LOAD_BALANCER,
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
    validation,
    zone,
)
from tests.unit.consumers import MemoryCatalog, MemoryConsumers, domain, listener, sni
from tests.unit.fakes import (
    MemoryCertificates,
    MemoryClock,
    MemoryDns,
    MemoryPointers,
    MemoryPublicDns,
    MemoryStateStore,
    MemoryTlsProbe,
    Outage,
    no_sources,
    run_context,
)

INSTANCE = "certificate-lifecycle"
OLD = arn("old")
DAY = timedelta(days=1)
DEAD = certificate(arn=OLD, status=EXPIRED, ends_in=-days(1), detail=detail())
FAILED_REQUEST = request(
    arn=OLD,
    status=FAILED,
    detail=CertificateDetail(tags=(("ManagedBy", INSTANCE),), failure_reason="OTHER"),
)


class Account:
    """An account and region whose certificates are replaced, run after run."""

    def __init__(self, *held: Certificate, consumers: MemoryConsumers | None = None) -> None:
        self.certificates = MemoryCertificates(*held)
        self.certificates.tagged = {
            entry.arn: entry.detail.tags for entry in held if entry.described
        }
        self.dns = MemoryDns(zone())
        self.public_dns = MemoryPublicDns()
        self.state_store = MemoryStateStore()
        self.consumers = consumers
        self.pointers = MemoryPointers()
        self.problems: list[str] = []
        self.tls_probe: MemoryTlsProbe | None = None
        self.clock = MemoryClock(100_000)
        self.now = NOW
        self.runs = 0
        self.coverage = EVERYTHING

    def run(
        self, *only: str, retire_after: timedelta | None = None, dry_run: bool = False
    ) -> list[ActionRecord]:
        """Look, replace, and tell."""
        self.runs += 1
        context = run_context(
            run_id=f"run-{self.runs}",
            mode=RotationMode.REPLACE,
            clock=self.clock,
            now=self.now,
            dry_run=dry_run,
            coverage=self.coverage,
            allowed_domains=("example.com",),
        )
        replacement_records = {
            replacement_record.certificate_arn: replacement_record
            for replacement_record in self.state_store.replacement_records()
        }
        found = Collector(
            context=context,
            certificates=self.certificates,
            dns=self.dns,
            catalog=MemoryCatalog(),
            sources=no_sources(),
        ).scan(only, replacing=replacement_records)
        engine = ReplacementEngine(
            context=context,
            certificates=self.certificates,
            dns=self.dns,
            state_store=self.state_store,
            catalog=MemoryCatalog(),
            pointers=PointerMoves(
                context=context, certificates=self.certificates, pointers=self.pointers
            ),
            consumers=self.consumers,
            tls_probe=self.tls_probe,
            public_dns=self.public_dns,
            retire_after=retire_after,
        )
        records = engine.act(found, replacement_records, everything=not only)
        self.problems = found.problems
        PendingWrites(
            state_store=self.state_store,
            run_id=context.run_id,
            now=self.now,
            alert_records=(),
            intents=(),
            replacement_records=[
                replacement_record
                for replacement_record in engine.handled
                if replacement_record.unreported
            ],
        ).commit(MemoryClock())
        return records

    def only(self, **options: Any) -> ActionRecord:  # noqa: ANN401 - those of `run`
        """Run, and return the only record."""
        (record,) = self.run(**options)
        return record

    def tomorrow(self, passed: timedelta = DAY) -> Account:
        self.now += passed
        return self

    @property
    def replacement_record(self) -> ReplacementRecord:
        (replacement_record,) = self.state_store.replacement_records()
        return replacement_record

    @property
    def state(self) -> str:
        return self.replacement_record.state.value

    @property
    def successor(self) -> str:
        found = self.replacement_record.successor_arn
        assert found is not None
        return found

    def edit(self, found: str, **changes: Any) -> None:  # noqa: ANN401 - any field
        """Let ACM change its mind about a certificate."""
        self.certificates.later[found] = []
        self.certificates.stored[found] = replace(self.certificates.stored[found], **changes)

    def issue(self, *, used: bool = False) -> None:
        """Let ACM issue the successor."""
        self.edit(
            self.successor,
            status=CertificateStatus.ISSUED,
            not_before=self.now,
            not_after=self.now + days(198),
            in_use=used,
            detail=CertificateDetail(in_use_by=(LOAD_BALANCER,) if used else ()),
        )

    def let_go(self) -> None:
        """Let ACM notice that nothing uses the old certificate any more."""
        self.edit(OLD, in_use=False, detail=CertificateDetail())

    def states(self, found: str) -> Sequence[Certificate]:
        return [self.certificates.stored[found]]


def serving() -> Account:
    """Return an account whose load balancer serves an expired certificate."""
    return Account(DEAD, consumers=MemoryConsumers((listener(), [OLD])))


# --- From the request to the soak ----------------------------------------------------------------


def test_a_dead_certificate_in_use_gets_one_successor_with_its_records() -> None:
    account = serving()
    record = account.only()
    assert [wanted.tags[0] for wanted in account.certificates.asked] == [(REPLACES_TAG, OLD)]
    assert account.dns.written == {"Z1": [f"{LABEL}.shop.example.com."]}
    assert account.state == "validated"
    assert record.action is Action.REPLACE
    assert record.outcome is Outcome.STARTED
    assert record.detail == (
        f"requested the successor {account.successor}; created {LABEL}.shop.example.com.; "
        f"ACM has not issued the successor {account.successor} yet"
    )
    assert not record.renewed


def test_while_acm_takes_its_time_nothing_is_done_twice() -> None:
    account = serving()
    account.run()
    record = account.tomorrow().only()
    assert record.outcome is Outcome.ADVISED
    assert record.detail == f"ACM has not issued the successor {account.successor} yet"
    assert len(account.certificates.asked) == 1
    assert len(account.dns.batches) == 1


def test_a_record_that_vanishes_while_acm_has_to_see_it_is_written_again() -> None:
    account = serving()
    account.run()
    account.dns.records.clear()
    record = account.tomorrow().only()
    assert record.outcome is Outcome.STARTED
    assert record.detail.startswith(f"created {LABEL}.shop.example.com.")
    assert len(account.dns.batches) == 2


def test_an_issued_successor_is_bound_and_verified_in_one_run() -> None:
    account = serving()
    account.run()
    account.issue()
    record = account.tomorrow().only()
    assert account.consumers is not None
    assert account.consumers.settings == {listener(): [account.successor]}
    assert account.state == "verified"
    assert account.replacement_record.verified_at == account.now
    assert record.outcome is Outcome.DONE
    assert record.renewed
    assert "serves the successor" in record.detail


def test_acms_event_about_the_old_certificate_alone_continues_at_once() -> None:
    account = serving()
    account.run()
    account.issue()
    account.tomorrow(timedelta(minutes=3)).run(OLD)
    assert account.state == "verified"


@pytest.mark.parametrize("error", [ManualStepRequiredError("detach it"), Outage("not today")])
def test_a_consumer_that_cannot_be_changed_keeps_no_other_from_being_verified(
    error: Exception,
) -> None:
    """It may wait for a person for weeks; another one may have to be rolled back meanwhile."""
    account = Account(DEAD, consumers=MemoryConsumers((domain(), [OLD]), (sni(), [OLD])))
    assert account.consumers is not None
    account.consumers.broken["bind", domain()] = error
    account.run()
    account.issue(used=True)
    record = account.tomorrow().only()
    assert str(error) in record.detail
    assert account.consumers.settings[sni()] == [account.successor]
    assert account.consumers.settings[domain()] == [OLD]
    assert account.state == "issued"

    account.consumers.broken.clear()
    account.tomorrow().run()
    assert account.consumers.settings[domain()] == [account.successor]
    assert account.state == "verified"


def test_every_consumer_that_is_busy_is_named_also_one_that_was_found_later() -> None:
    account = Account(DEAD, consumers=MemoryConsumers((domain(), [OLD])))
    assert account.consumers is not None
    account.consumers.broken["bind", domain()] = ConsumerBusyError("a change is in progress")
    account.run()
    account.issue(used=True)
    account.tomorrow().run()
    account.consumers.settings[sni()] = [OLD]
    account.consumers.broken["bind", sni()] = ConsumerBusyError("a deployment is in progress")
    record = account.tomorrow().only()
    assert "a change is in progress" in record.detail
    assert "a deployment is in progress" in record.detail


def test_a_verified_replacement_rests() -> None:
    account = serving()
    account.run()
    account.issue()
    account.tomorrow().run()
    account.issue(used=True)
    account.let_go()
    before = account.replacement_record
    assert account.tomorrow().run() == []
    assert account.replacement_record == before


def test_what_was_reported_is_not_reported_again_and_what_was_not_is() -> None:
    account = serving()
    account.run()
    assert account.replacement_record.unreported == ()


def test_a_private_certificate_needs_no_records() -> None:
    dead = private(
        arn=OLD,
        status=EXPIRED,
        ends_in=-days(1),
        detail=detail(certificate_authority_arn=AUTHORITY),
    )
    account = Account(dead, consumers=MemoryConsumers((listener(), [OLD])))
    account.run()
    assert account.certificates.asked[0].certificate_authority_arn == AUTHORITY
    assert account.state == "validated"
    assert account.dns.batches == []
    assert "has not issued" in account.tomorrow().only().detail


def test_a_failed_request_of_ours_is_requested_again_and_has_nothing_to_move() -> None:
    account = Account(FAILED_REQUEST, consumers=MemoryConsumers())
    record = account.only()
    assert record.action is Action.REQUEST_AGAIN
    account.issue()
    account.tomorrow().run()
    assert account.state == "verified"
    assert len(account.certificates.asked) == 1


# --- Looking before requesting -------------------------------------------------------------------


def test_a_pending_request_for_the_same_certificate_becomes_the_successor() -> None:
    waiting = request(
        arn=arn("waiting"), created_at=NOW, detail=CertificateDetail(validations=(validation(),))
    )
    account = Account(DEAD, waiting, consumers=MemoryConsumers((listener(), [OLD])))
    record = next(record for record in account.run() if record.certificate_arn == OLD)
    assert account.certificates.asked == []
    assert account.successor == waiting.arn
    assert record.detail.startswith(f"found the successor {waiting.arn}")


def test_a_pending_request_for_something_else_does_not() -> None:
    other = request(
        arn=arn("waiting"),
        created_at=NOW,
        names=("api.example.com",),
        detail=CertificateDetail(validations=(validation("api.example.com"),)),
    )
    by_mail = request(
        arn=arn("mail"), created_at=NOW, detail=CertificateDetail(certificate_authority_arn="x")
    )
    account = Account(DEAD, other, by_mail, consumers=MemoryConsumers((listener(), [OLD])))
    account.run()
    assert len(account.certificates.asked) == 1


def test_a_pending_request_outside_the_scope_does_not() -> None:
    """A team of the same account requests the same names, and its request stays its own."""
    waiting = request(
        arn=arn("waiting"), created_at=NOW, detail=CertificateDetail(validations=(validation(),))
    )
    account = Account(DEAD, waiting, consumers=MemoryConsumers((listener(), [OLD])))
    account.certificates.tagged = {OLD: (("Team", "shop"),), waiting.arn: (("Team", "pay"),)}
    account.coverage = Coverage(include_tags=(("Team", ("shop",)),))
    account.run()
    assert len(account.certificates.asked) == 1
    assert account.successor != waiting.arn


def test_a_pending_request_that_is_deleted_meanwhile_does_not() -> None:
    waiting = request(arn=arn("waiting"), created_at=NOW)
    account = serving()
    account.certificates.list_all = lambda: iter([DEAD, waiting])  # type: ignore[method-assign] # late
    account.run()
    assert len(account.certificates.asked) == 1


def test_an_issued_certificate_that_may_follow_is_moved_to_without_any_request() -> None:
    good = certificate(arn=arn("good"), in_use=False, ends_in=days(190))
    account = Account(DEAD, good, consumers=MemoryConsumers((listener(), [OLD])))
    (record,) = account.run()
    assert record.action is Action.REBIND
    assert account.certificates.asked == []
    assert account.state == "verified"
    assert account.successor == good.arn


def test_a_successor_that_is_issued_between_listing_and_request_is_found() -> None:
    good = certificate(arn=arn("good"), in_use=False, ends_in=days(190))
    account = serving()
    looks = iter([[DEAD], [DEAD, good]])
    account.certificates.stored[good.arn] = good
    account.certificates.list_all = lambda: iter(next(looks))  # type: ignore[method-assign] # grows
    account.run()
    assert account.certificates.asked == []
    assert account.state == "verified"


def test_consumers_of_an_imported_certificate_are_not_moved_to_a_public_one() -> None:
    old = imported(arn=OLD, ends_in=days(3), detail=detail())
    good = certificate(arn=arn("good"), in_use=False, ends_in=days(190))
    account = Account(old, good, consumers=MemoryConsumers((listener(), [OLD])))
    assert account.run() == []
    assert account.state_store.replacement_records() == []
    assert account.consumers is not None
    assert account.consumers.written == []


# --- What speaks against it ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seen", "why"),
    [
        (replace(DEAD, key_algorithm="RSA_4096"), "ACM does not issue with RSA_4096 keys"),
        (replace(DEAD, names=("shop.example.net",)), "could not be validated"),
        (
            replace(FAILED_REQUEST, detail=CertificateDetail(failure_reason="OTHER")),
            "not requested by",
        ),
    ],
)
def test_what_cannot_be_requested_is_advised_and_leaves_no_replacement_record(
    seen: Certificate, why: str
) -> None:
    account = Account(seen, consumers=MemoryConsumers())
    record = account.only()
    assert record.outcome is Outcome.ADVISED
    assert "Not done here" in record.detail
    assert why in record.detail
    assert account.certificates.asked == []
    assert account.state_store.replacement_records() == []


def test_beyond_the_daily_budget_a_replacement_waits_for_tomorrow() -> None:
    account = serving()
    for number in range(20):
        account.state_store.count_request(
            NOW.date(), arn(f"other-{number}"), RequestBudget.SUCCESSORS, 20
        )
    detail = account.only().detail
    assert "daily limit of 20 replacements (limits.requests_per_day) reached" in detail
    assert account.certificates.asked == []
    account.tomorrow().run()
    assert len(account.certificates.asked) == 1


def test_repeated_requests_have_a_small_budget_of_their_own() -> None:
    failed = [
        replace(FAILED_REQUEST, arn=arn(f"failed-{number}"), names=(f"n{number}.example.com",))
        for number in range(30)
    ]
    account = Account(*failed, DEAD, consumers=MemoryConsumers((listener(), [OLD])))
    records = {record.certificate_arn: record for record in account.run()}
    asked = [dict(wanted.tags)[REPLACES_TAG] for wanted in account.certificates.asked]
    assert asked.count(OLD) == 1
    assert len(asked) == REPEATED_REQUESTS_PER_DAY + 1
    assert "daily limit of 5 repeated requests reached" in records[failed[-1].arn].detail


def test_near_the_yearly_quota_a_request_says_so() -> None:
    account = serving()
    history = {
        arn(f"old-{n}"): request(arn=arn(f"old-{n}"), status=FAILED, created_at=NOW - days(300))
        for n in range(4000)
    }
    looks = iter([[DEAD], [DEAD, *history.values()]])
    account.certificates.list_all = lambda: iter(next(looks))  # type: ignore[method-assign] # grows
    assert "4001 of ACM's default quota of 5000 requests" in account.only().detail


def test_a_request_that_acm_refuses_fails_and_is_made_again() -> None:
    account = serving()
    account.certificates.broken["request"] = CertificateRequestError("a quota is reached")
    record = account.only()
    assert (record.outcome, record.detail) == (Outcome.FAILED, "a quota is reached")
    account.certificates.broken.clear()
    account.tomorrow().run()
    assert account.state == "validated"


def test_a_conflicting_record_is_not_changed_and_reported() -> None:
    account = serving()
    account.dns.put(zone(), f"{LABEL}.shop.example.com", "CNAME", "other.example.net.")
    record = account.only()
    assert "cannot be validated yet" in record.detail
    assert account.dns.batches == []
    assert account.state == "requested"


def test_a_dry_run_says_what_it_would_do_and_changes_nothing() -> None:
    account = serving()
    record = account.only(dry_run=True)
    assert (record.outcome, record.detail) == (Outcome.PLANNED, "request a successor")
    assert account.state_store.replacement_records() == []
    account.run()
    record = account.tomorrow().only(dry_run=True)
    assert record.detail == "continue its replacement in state validated"
    assert account.certificates.asked == [account.certificates.asked[0]]


def test_a_dry_run_plans_to_move_to_what_is_there() -> None:
    good = certificate(arn=arn("good"), in_use=False, ends_in=days(190))
    account = Account(DEAD, good, consumers=MemoryConsumers((listener(), [OLD])))
    assert account.only(dry_run=True).detail == (f"move its consumers to its successor {good.arn}")


def test_a_certificate_that_cannot_be_listed_is_no_certificate_that_is_gone() -> None:
    account = serving()
    account.run()
    account.certificates.broken["list_all"] = Outage("not today")
    assert account.tomorrow().run() == []
    assert account.state == "validated"


# --- What ends a replacement before its time -----------------------------------------------------


def renew(account: Account) -> None:
    """Let ACM renew the old certificate after all."""
    renewed = certificate(arn=OLD, ends_in=days(190))
    account.edit(
        OLD, status=renewed.status, not_before=renewed.not_before, not_after=renewed.not_after
    )


def test_a_certificate_that_acm_renews_after_all_needs_no_successor() -> None:
    account = serving()
    account.run()
    renew(account)
    record = account.tomorrow().only()
    assert account.state == "abandoned"
    assert record.detail == "no successor is needed any more"
    assert record.outcome is Outcome.DONE
    assert account.replacement_record.expires_at == account.now + HISTORY


def test_a_request_that_a_stopped_run_may_have_left_behind_is_reported_when_it_is_not_needed() -> (
    None
):
    account = serving()
    account.certificates.broken["request"] = Outage("no answer")
    account.run()
    renew(account)
    record = account.tomorrow().only()
    assert account.state == "abandoned"
    assert record.detail.endswith(
        "no successor is needed any more; an earlier run may have requested one "
        "without recording it, which is unused"
    )


def test_a_certificate_that_recovered_and_dies_again_gets_a_new_successor() -> None:
    account = serving()
    account.run()
    dead = account.certificates.stored[OLD]
    account.edit(OLD, status=CertificateStatus.ISSUED, not_after=NOW + days(190))
    account.tomorrow().run()
    account.certificates.stored[OLD] = replace(dead, not_after=NOW - SECOND)
    account.certificates.stored.pop(account.successor)
    account.tomorrow().run()
    assert account.state == "validated"
    assert len(account.certificates.asked) == 2


def test_what_is_not_wanted_any_more_before_its_request_is_not_requested() -> None:
    account = serving()
    account.certificates.broken["request"] = Outage("not today")
    account.run()
    account.certificates.broken.clear()
    account.edit(OLD, in_use=False, detail=CertificateDetail())
    account.tomorrow().run()
    assert account.state == "abandoned"
    assert account.certificates.asked == []


@pytest.mark.parametrize("status", [FAILED, TIMED_OUT])
def test_a_request_that_acm_ends_is_repeated_once_and_a_week_later(
    status: CertificateStatus,
) -> None:
    account = serving()
    account.run()
    first = account.successor
    account.edit(first, status=status, detail=CertificateDetail(failure_reason="OTHER"))
    record = account.tomorrow().run()[0]
    assert "it is requested again on 2026-06-08" in record.detail
    assert "(OTHER)" in record.detail
    account.now = NOW + RETRY_AFTER - SECOND
    account.run()
    assert len(account.certificates.asked) == 1
    account.tomorrow(SECOND).run()
    assert len(account.certificates.asked) == 2
    assert account.successor != first
    account.edit(account.successor, status=status, detail=CertificateDetail())
    record = account.tomorrow(RETRY_AFTER).run()[0]
    assert account.state == "abandoned"
    assert record.outcome is Outcome.FAILED
    for _ in range(10):
        record = account.tomorrow(RETRY_AFTER).run()[0]
    assert len(account.certificates.asked) == 2
    assert record.outcome is Outcome.FAILED
    assert "request a certificate for the same names" in record.detail


def test_a_request_in_place_of_a_certificate_of_six_days_is_repeated_after_18_hours() -> None:
    short = certificate(arn=OLD, status=EXPIRED, ends_in=-days(1), lives=days(6), detail=detail())
    account = Account(short, consumers=MemoryConsumers((listener(), [OLD])))
    account.run()
    account.edit(account.successor, status=TIMED_OUT, detail=CertificateDetail())
    account.now = NOW + timedelta(hours=18) - SECOND
    account.run()
    assert len(account.certificates.asked) == 1
    account.tomorrow(SECOND).run()
    assert len(account.certificates.asked) == 2


@pytest.mark.parametrize("status", [FAILED, TIMED_OUT])
def test_a_failed_request_that_nothing_uses_is_no_failure_when_it_fails_again(
    status: CertificateStatus,
) -> None:
    account = Account(FAILED_REQUEST, consumers=MemoryConsumers())
    for _ in range(2):
        account.run()
        account.edit(account.successor, status=status, detail=CertificateDetail())
        account.tomorrow(RETRY_AFTER)
    records = [record for record in account.run() if record.certificate_arn == OLD]
    assert account.state == "abandoned"
    assert [record.outcome for record in records] == [Outcome.DONE]
    again = account.tomorrow().run()[0]
    assert again.outcome is Outcome.ADVISED
    assert "request it again manually" in again.detail


def test_a_successor_that_failed_is_not_replaced_for_itself() -> None:
    account = serving()
    account.run()
    account.edit(account.successor, status=FAILED, detail=CertificateDetail())
    account.certificates.tagged[account.successor] = (
        ("ManagedBy", INSTANCE),
        (REPLACES_TAG, OLD),
    )
    account.tomorrow().run()
    assert len(account.state_store.replacement_records()) == 1


def test_a_deleted_successor_is_a_failure_and_another_one_is_requested_at_once() -> None:
    account = serving()
    account.run()
    first = account.successor
    account.certificates.stored.pop(first)
    record = account.tomorrow().only()
    assert record.outcome is Outcome.FAILED
    assert f"the successor {first} was deleted" in record.detail
    assert "another one is requested" in record.detail
    assert account.successor != first
    assert account.state == "validated"
    assert account.tomorrow().only().outcome is Outcome.ADVISED


def test_a_successor_that_is_deleted_again_and_again_fails_every_run_until_a_person_acts() -> None:
    account = serving()
    account.run()
    for _ in range(MAX_LOST):
        account.certificates.stored.pop(account.successor)
        assert account.tomorrow().only().outcome is Outcome.FAILED
    assert account.state == "abandoned"
    for _ in range(2):
        record = account.tomorrow().only()
        assert record.outcome is Outcome.FAILED
        assert "was deleted" in record.detail
        assert "request a certificate for the same names" in record.detail
    assert len(account.certificates.asked) == MAX_LOST
    good = certificate(arn=arn("good"), in_use=False, ends_in=days(190))
    account.certificates.stored[good.arn] = good
    account.tomorrow().run()
    assert account.state == "verified"
    assert account.successor == good.arn


def test_the_deleted_successor_of_a_request_that_nothing_uses_is_not_requested_again() -> None:
    account = Account(FAILED_REQUEST, consumers=MemoryConsumers())
    account.run()
    account.certificates.stored.pop(account.successor)
    assert account.tomorrow().only().outcome is Outcome.DONE
    assert account.tomorrow().only().outcome is Outcome.ADVISED
    assert len(account.certificates.asked) == 1


def test_a_request_that_fails_after_a_deleted_one_is_still_repeated() -> None:
    account = serving()
    account.run()
    account.certificates.stored.pop(account.successor)
    account.tomorrow().run()
    account.edit(account.successor, status=FAILED, detail=CertificateDetail())
    account.tomorrow(RETRY_AFTER).run()
    assert len(account.certificates.asked) == 3
    assert account.state == "validated"


def test_nothing_is_requested_in_30_days_while_a_caa_record_forbids_it() -> None:
    account = Account(DEAD, consumers=MemoryConsumers())
    account.public_dns.put("example.com", RecordType.CAA, '0 issue "letsencrypt.org"')
    for _ in range(30):
        record = account.tomorrow().only()
        assert record.outcome is Outcome.ADVISED
        assert "the CAA records at example.com allow only letsencrypt.org" in record.detail
    assert account.certificates.asked == []
    account.public_dns.put("example.com", RecordType.CAA, '0 issue "amazon.com"')
    account.tomorrow().run()
    assert len(account.certificates.asked) == 1


def test_nothing_is_requested_in_place_of_a_deleted_successor_if_that_could_not_be_validated() -> (
    None
):
    account = serving()
    account.run()
    account.certificates.stored.pop(account.successor)
    account.dns.zones = ()
    record = account.tomorrow().only()
    assert record.outcome is Outcome.FAILED
    assert "no successor is requested: it could not be validated" in record.detail
    assert len(account.certificates.asked) == 1


def test_a_successor_that_grows_old_before_anything_is_moved_is_a_failure_and_replaced() -> None:
    account = Account(DEAD)
    account.run()
    account.issue()
    account.tomorrow().run()
    assert account.tomorrow(days(170)).run()[0].outcome is Outcome.FAILED
    assert len(account.certificates.asked) == 2


@pytest.mark.parametrize("state", ["validated", "bound", "verified"])
def test_an_old_certificate_that_others_delete_ends_the_replacement(state: str) -> None:
    """Its consumers are not changed any more: nothing says whose certificate it was."""
    account = serving()
    assert account.consumers is not None
    account.consumers.unsettled = {listener()} if state == "bound" else set()
    account.run()
    if state != "validated":
        account.issue()
        account.tomorrow().run()
    assert account.state == state
    account.certificates.stored.pop(OLD)
    account.consumers.faults = {listener(): "it was rejected"}
    account.consumers.written.clear()
    record = account.tomorrow().only()
    assert (account.state, account.consumers.written) == ("retired", [])
    assert record.detail == "the old certificate does not exist any more"
    assert account.tomorrow().run() == []


def test_an_old_certificate_that_is_just_not_listed_yet_ends_nothing() -> None:
    account = serving()
    account.run()
    account.certificates.list_all = lambda: iter([])  # type: ignore[method-assign] # late
    assert "has not issued the successor" in account.tomorrow().only().detail
    assert account.state == "validated"


def conflicting() -> Account:
    """Return an account where somebody's record stands in the place of ACM's."""
    account = serving()
    account.dns.put(zone(), f"{LABEL}.shop.example.com", "CNAME", "other.example.net.")
    account.run()
    assert account.state == "requested"
    return account


def test_a_successor_that_is_deleted_before_it_could_be_validated_is_a_failure() -> None:
    account = conflicting()
    account.certificates.stored.pop(account.successor)
    assert account.tomorrow().run()[0].outcome is Outcome.FAILED
    assert len(account.certificates.asked) == 2


def test_a_successor_that_is_deleted_before_anything_is_moved_is_a_failure() -> None:
    account = Account(DEAD)
    account.run()
    account.issue()
    account.tomorrow().run()
    assert account.state == "issued"
    account.certificates.stored.pop(account.successor)
    assert account.tomorrow().run()[0].outcome is Outcome.FAILED
    assert len(account.certificates.asked) == 2


def test_a_record_that_others_take_over_while_acm_has_to_see_it_is_reported() -> None:
    account = serving()
    account.run()
    account.dns.records.clear()
    account.dns.put(zone(), f"{LABEL}.shop.example.com", "CNAME", "other.example.net.")
    assert "cannot be validated yet" in account.tomorrow().only().detail
    assert account.state == "validated"


def test_a_certificate_that_recovers_before_anything_is_moved_is_left_as_it_is() -> None:
    account = Account(DEAD)
    account.run()
    account.issue()
    account.tomorrow().run()
    account.consumers = MemoryConsumers((listener(), [OLD]))
    account.edit(OLD, status=CertificateStatus.ISSUED, not_after=account.now + days(190))
    account.tomorrow().run()
    assert account.state == "abandoned"
    assert account.consumers.written == []


def test_a_successor_that_dies_while_consumers_are_moved_is_an_error() -> None:
    account = serving()
    assert account.consumers is not None
    account.run()
    account.issue()
    account.consumers.broken["bind", listener()] = Outage("not today")
    account.tomorrow().run()
    account.edit(account.successor, status=CertificateStatus.REVOKED)
    record = account.tomorrow().run()[0]
    assert record.outcome is Outcome.FAILED
    assert "may not take over: It is not issued. Its consumers have been moved" in record.detail


# --- Consumers ------------------------------------------------------------------------------------


def test_without_leave_to_move_consumers_the_calls_are_reported() -> None:
    account = Account(DEAD)
    account.run()
    account.issue()
    record = account.tomorrow().only()
    assert account.state == "issued"
    assert LOAD_BALANCER in record.detail
    assert account.successor in record.detail
    again = account.tomorrow().only()
    assert again.outcome is Outcome.ADVISED
    version = account.replacement_record.version
    account.tomorrow().run()
    assert account.replacement_record.version == version


def test_consumers_that_a_person_moved_count() -> None:
    account = Account(DEAD)
    account.run()
    account.issue()
    account.tomorrow().run()
    account.let_go()
    account.tomorrow().run()
    assert account.state == "verified"


def test_leave_that_is_taken_back_halfway_is_respected() -> None:
    account = serving()
    account.consumers.unsettled = {listener()}  # type: ignore[union-attr] # it has some
    account.run()
    account.issue()
    account.tomorrow().run()
    assert account.state == "bound"
    account.consumers = None
    assert "was disabled" in account.tomorrow().only().detail
    assert account.state == "bound"


def test_what_nobody_here_could_move_is_no_renewal() -> None:
    account = Account(DEAD, consumers=MemoryConsumers())
    account.run()
    account.issue()
    record = account.tomorrow().only()
    assert account.state == "verified"
    assert not record.renewed
    assert "to be moved to" in record.detail


# --- What the names show after that ---------------------------------------------------------------

SHOWN_BEFORE = replace(LATER, serial=0x0A)


def shown() -> Account:
    """Return an account whose successor is issued while its name shows the old certificate."""
    account = Account(
        replace(DEAD, detail=detail(serial="0a")),
        consumers=MemoryConsumers((listener(), [OLD])),
    )
    account.tls_probe = MemoryTlsProbe(shop_example_com=SHOWN_BEFORE)
    account.run()
    account.issue()
    return account


def test_what_still_shows_the_old_certificate_is_verified_by_a_later_run() -> None:
    account = shown()
    record = account.tomorrow().only()
    assert account.state == "bound"
    assert not record.renewed
    assert "moved, and shop.example.com still serves the old one" in record.detail

    assert account.tls_probe is not None
    account.tls_probe.shown["shop.example.com"] = LATER
    record = account.tomorrow(timedelta(hours=1)).only()
    assert account.state == "verified"
    assert account.replacement_record.verified_at == account.now
    assert record.renewed
    assert record.outcome is Outcome.DONE
    assert record.detail == "its names do not serve the old one any more"


def test_what_cannot_be_reached_is_verified_by_what_its_service_says() -> None:
    account = shown()
    account.tls_probe = MemoryTlsProbe()
    account.tomorrow().run()
    assert account.state == "verified"
    assert account.tls_probe.asked == [("shop.example.com", "RSA_2048")]


def test_what_something_else_shows_is_waited_for_a_day_and_puts_nothing_back() -> None:
    account = shown()
    account.tomorrow().run()
    account.tomorrow(SETTLES_WITHIN - SECOND).run()
    assert account.state == "bound"
    record = account.tomorrow(SECOND).only()
    assert account.state == "verified"
    assert (
        "shop.example.com still serves the old one, long after all consumers were moved"
        in record.detail
    )
    assert account.consumers is not None
    assert account.consumers.settings == {listener(): [account.successor]}


def test_a_listener_that_has_both_is_not_probed_before_it_lets_go_of_the_old_one() -> None:
    account = shown()
    account.consumers = MemoryConsumers((sni(), [OLD]))
    account.tomorrow().run()
    assert account.consumers.settings == {sni(): [account.successor]}


def test_where_nothing_was_moved_nothing_is_probed() -> None:
    account = shown()
    account.consumers = MemoryConsumers()
    account.tomorrow().run()
    assert account.state == "verified"
    assert account.tls_probe is not None
    assert account.tls_probe.asked == []


def test_a_slow_consumer_is_verified_by_a_later_run() -> None:
    account = serving()
    assert account.consumers is not None
    account.consumers.unsettled = {listener()}
    account.run()
    account.issue()
    record = account.tomorrow().only()
    assert record.outcome is Outcome.STARTED
    assert "not using the successor yet: listener web" in record.detail
    account.consumers.unsettled = set()
    account.tomorrow(timedelta(minutes=10)).run()
    assert account.state == "verified"


def test_a_busy_or_failing_consumer_is_bound_by_a_later_run_and_the_failure_reported() -> None:
    account = Account(DEAD, consumers=MemoryConsumers((listener(), [OLD]), (domain(), [OLD])))
    assert account.consumers is not None
    account.run()
    account.issue()
    account.consumers.broken["bind", listener()] = Outage("not today")
    record = account.tomorrow().only()
    assert record.outcome is Outcome.FAILED
    assert "bound to the successor" in record.detail
    assert "unexpected outage: not today" in record.detail
    assert account.state == "issued"
    assert account.replacement_record.claimed_until == account.now
    account.consumers.broken.clear()
    account.tomorrow().run()
    assert account.state == "verified"
    assert account.consumers.settings == {
        listener(): [account.successor],
        domain(): [account.successor],
    }


def test_a_failed_verification_is_rolled_back_reported_and_not_tried_again() -> None:
    account = serving()
    assert account.consumers is not None
    account.consumers.deaf = {listener()}
    account.run()
    account.issue()
    account.tomorrow().run()
    record = account.tomorrow(SETTLES_WITHIN).only()
    assert "rolled back, because the verification failed" in record.detail
    assert account.consumers.settings == {listener(): [OLD]}
    written = list(account.consumers.written)
    record = account.tomorrow().only()
    assert "rolled back, because the verification failed" in record.detail
    assert record.outcome is Outcome.ADVISED
    assert account.consumers.written == written


def test_a_consumer_that_appears_during_the_soak_is_moved_too() -> None:
    account = serving()
    assert account.consumers is not None
    account.run()
    account.issue()
    account.tomorrow().run()
    account.consumers.settings[domain()] = [OLD]
    account.tomorrow().run()
    assert account.consumers.settings[domain()] == [account.successor]
    assert account.state == "verified"


def test_a_busy_consumer_is_bound_by_a_later_run() -> None:
    account = serving()
    assert account.consumers is not None
    account.run()
    account.issue()
    account.consumers.broken["bind", listener()] = ConsumerBusyError("it is busy")
    record = account.tomorrow().only()
    assert record.outcome is Outcome.STARTED
    assert "listener web (default certificate): it is busy" in record.detail
    assert account.state == "issued"
    account.consumers.broken.clear()
    account.tomorrow().run()
    assert account.state == "verified"


def test_a_consumer_that_cannot_be_read_is_bound_by_a_later_run() -> None:
    account = serving()
    assert account.consumers is not None
    account.run()
    account.issue()
    account.consumers.broken["current", listener()] = Outage("not today")
    account.tomorrow().run()
    account.consumers.broken.clear()
    account.tomorrow().run()
    assert account.state == "verified"


FOREIGN = "arn:aws:cloudfront::999999999999:distribution/E1"


@pytest.mark.parametrize("bound", [(), ((domain(), [OLD]),)], ids=["nothing", "another consumer"])
@pytest.mark.parametrize("unreadable", [{}, {"eu-west-1": Outage("denied")}], ids=["", "unknown"])
def test_an_empty_search_proves_nothing_while_acm_reports_a_use(
    bound: tuple[Any, ...], unreadable: dict[str, Exception]
) -> None:
    """Only ACM says that nothing uses a certificate: it is kept, not renewed, and reported."""
    account = Account(
        replace(DEAD, detail=detail(in_use_by=(FOREIGN,))), consumers=MemoryConsumers(*bound)
    )
    account.consumers.unreadable = unreadable  # type: ignore[union-attr] # it has some
    account.run()
    account.issue(used=True)
    for _ in range(10):
        record = account.tomorrow().only(retire_after=DAY)
        assert record.outcome is not Outcome.DONE
        assert "to be moved to" in record.detail or (unreadable and "denied" in record.detail)
    assert not account.certificates.deleted
    account.let_go()
    if not unreadable:
        account.tomorrow().run(retire_after=DAY)
        assert account.certificates.deleted == [OLD]


def test_a_region_that_cannot_be_searched_does_not_stop_the_moves_elsewhere() -> None:
    account = serving()
    assert account.consumers is not None
    account.run()
    account.issue()
    account.consumers.unreadable = {"apigateway in eu-west-1": Outage("denied")}
    record = account.tomorrow().only()
    assert record.outcome is Outcome.FAILED
    assert "serves the successor" in record.detail
    assert "consumers unknown: apigateway in eu-west-1" in record.detail
    assert account.state == "issued"
    account.consumers.unreadable = {}
    account.tomorrow().run()
    assert account.state == "verified"
    # And one that is found while another cannot be searched is moved, too.
    account.consumers.settings[domain()] = [OLD]
    account.consumers.unreadable = {"apigateway in eu-west-1": Outage("denied")}
    assert account.tomorrow().only().outcome is Outcome.FAILED
    assert OLD not in account.consumers.settings[domain()]


def test_a_use_that_acm_still_reports_is_named_until_acm_updates() -> None:
    account = serving()
    account.run()
    account.issue()
    account.tomorrow().run()
    record = account.tomorrow(DAY / 2).only()
    assert record.outcome is Outcome.ADVISED
    assert "the certificate is kept until ACM reports none" in record.detail


# --- Overlap and interruption ---------------------------------------------------------------------


def test_what_another_run_has_claimed_is_left_to_it() -> None:
    account = serving()
    replacement_record = ReplacementRecord(
        certificate_arn=OLD, state=ReplacementState.REQUESTED, started_at=NOW
    )
    account.state_store.claim(replacement_record, "another", NOW, NOW + timedelta(minutes=20))
    record = account.only()
    assert record.outcome is Outcome.ADVISED
    assert account.certificates.asked == []


def test_what_a_stopped_run_claimed_is_continued() -> None:
    account = serving()
    replacement_record = ReplacementRecord(
        certificate_arn=OLD, state=ReplacementState.REQUESTED, started_at=NOW
    )
    account.state_store.claim(replacement_record, "dead", NOW, NOW + timedelta(minutes=20))
    account.tomorrow(timedelta(minutes=21)).run()
    assert account.state == "validated"


def test_a_replacement_record_without_its_successor_is_an_error_and_no_crash() -> None:
    account = serving()
    broken = ReplacementRecord(certificate_arn=OLD, state=ReplacementState.BOUND, started_at=NOW)
    account.state_store.save_replacement(account.state_store.claim(broken, "x", NOW, NOW))
    record = account.tomorrow().only()
    assert record.outcome is Outcome.ADVISED or "names no successor" in record.detail


# --- Retirement -----------------------------------------------------------------------------------


def soaked(**changes: Any) -> Account:  # noqa: ANN401 - any field of the old certificate
    """Return an account whose replacement is verified, and whose old certificate is free."""
    account = serving()
    account.run()
    account.issue()
    account.tomorrow().run()
    account.issue(used=True)
    account.edit(OLD, **{"in_use": False, "detail": CertificateDetail(), **changes})
    return account


def test_nothing_is_deleted_unless_that_is_asked_for() -> None:
    account = soaked()
    account.tomorrow(days(300)).run()
    assert account.certificates.deleted == []


def test_after_the_soak_the_old_certificate_is_marked_and_deleted() -> None:
    account = soaked()
    account.tomorrow(days(7) - SECOND).run(retire_after=days(7))
    assert account.certificates.deleted == []
    record = account.tomorrow(SECOND).only(retire_after=days(7))
    assert account.certificates.replaced == {OLD: account.successor}
    assert account.certificates.deleted == [OLD]
    assert record.outcome is Outcome.DONE
    assert record.detail == f"deleted; its successor is {account.successor}"
    assert account.state == "retired"
    assert account.replacement_record.expires_at == account.now + HISTORY
    assert account.tomorrow().run(retire_after=days(7)) == []


@pytest.mark.parametrize(
    "changes",
    [{"in_use": True, "detail": detail()}, {"exported": True}],
    ids=["in use", "exported"],
)
def test_what_is_used_is_never_deleted(changes: dict[str, Any]) -> None:
    account = soaked(**changes)
    account.tomorrow(days(30)).run(retire_after=days(7))
    assert account.certificates.deleted == []


def test_the_last_good_one_is_never_deleted() -> None:
    account = soaked()
    ends = account.now + days(20)
    account.edit(account.successor, not_before=ends - days(198), not_after=ends)
    record = account.tomorrow(days(8)).only(retire_after=days(7))
    assert account.certificates.deleted == []
    assert record.detail.startswith("kept, because its successor")


def test_a_successor_that_does_not_serve_keeps_the_old_one() -> None:
    account = soaked()
    account.issue(used=False)
    account.tomorrow(days(8)).run(retire_after=days(7))
    assert account.certificates.deleted == []


def test_a_successor_that_others_deleted_keeps_the_old_one() -> None:
    account = soaked()
    account.certificates.stored.pop(account.successor)
    account.tomorrow(days(8)).run(retire_after=days(7))
    assert account.certificates.deleted == []
    assert account.state == "abandoned"


def test_what_is_used_again_when_it_comes_to_deleting_is_kept() -> None:
    account = soaked(in_use=True, detail=detail())
    account.consumers = None
    listed = [replace(entry, in_use=False) for entry in account.certificates.stored.values()]
    account.certificates.list_all = lambda: iter(listed)  # type: ignore[method-assign] # late
    account.tomorrow(days(8)).run(retire_after=days(7))
    assert account.certificates.deleted == []


def test_what_acm_still_sees_in_use_is_deleted_later() -> None:
    account = soaked()
    account.certificates.in_use_by_then = True
    account.tomorrow(days(8)).run(retire_after=days(7))
    assert account.state == "verified"
    account.certificates.in_use_by_then = False
    account.tomorrow().run(retire_after=days(7))
    assert account.state == "retired"


def test_a_failed_request_is_retired_like_anything_that_was_replaced() -> None:
    account = Account(FAILED_REQUEST, consumers=MemoryConsumers((sni(), [arn("other")])))
    account.run()
    account.issue()
    account.tomorrow().run()
    account.tomorrow(days(8)).run(retire_after=days(7))
    assert account.certificates.deleted == [OLD]


def test_now_is_never_asked_of_the_clock() -> None:
    account = serving()
    account.now = datetime(2031, 1, 1, tzinfo=NOW.tzinfo)
    account.run()
    assert account.replacement_record.started_at == account.now


# --- Who may take over ----------------------------------------------------------------------------

GOOD = certificate(arn=arn("good"), in_use=False, ends_in=days(190), detail=CertificateDetail())
LATER_STILL = replace(GOOD, arn=arn("later"), not_after=NOW + days(195))
REFUSAL = CertificateRefusedError("UnsupportedCertificate: another key")
ISSUER = {"issuer": "Example Trust", "subject": "CN=shop.example.com"}


def refusing(binding: Binding, *refused: str) -> MemoryConsumers:
    """Return consumers of which one does not accept some certificates."""
    consumers = MemoryConsumers((listener(), [OLD]), (domain(), [OLD]))
    bind = consumers.bind

    def selective(to: Binding, certificate_arn: str, *, instead_of: str) -> None:
        if to == binding and certificate_arn in refused:
            raise REFUSAL
        bind(to, certificate_arn, instead_of=instead_of)

    consumers.bind = selective  # type: ignore[assignment, method-assign] # refuses
    return consumers


def test_a_candidate_that_a_service_refuses_is_struck_off_and_the_next_one_is_bound() -> None:
    consumers = refusing(domain(), LATER_STILL.arn)
    account = Account(DEAD, GOOD, LATER_STILL, consumers=consumers)
    record = account.run()[0]
    assert consumers.settings == {listener(): [LATER_STILL.arn], domain(): [GOOD.arn]}
    assert account.state == "verified"
    assert account.replacement_record.refused == (LATER_STILL.arn,)
    assert account.certificates.asked == []
    assert record.outcome is Outcome.DONE
    assert f"{LATER_STILL.arn} does not take over: a service refused it" in record.detail


def test_if_no_candidate_is_left_a_successor_like_the_old_one_is_requested() -> None:
    consumers = refusing(domain(), GOOD.arn)
    account = Account(DEAD, GOOD, consumers=consumers)
    account.run()
    (wanted,) = account.certificates.asked
    assert (wanted.names, wanted.key_algorithm) == (DEAD.names, DEAD.key_algorithm)
    account.issue()
    account.tomorrow().run()
    assert consumers.settings == {listener(): [GOOD.arn], domain(): [account.successor]}
    assert account.state == "verified"


@pytest.mark.parametrize("stops_after", range(1, 9))
def test_a_run_that_stops_after_a_refusal_is_continued(stops_after: int) -> None:
    consumers = refusing(listener(), GOOD.arn)
    account = Account(DEAD, GOOD, consumers=consumers)
    account.state_store.stops_at = stops_after
    account.run()
    account.tomorrow().run()
    account.issue()
    account.tomorrow().run()
    assert consumers.settings == {domain(): [GOOD.arn], listener(): [account.successor]}
    assert len(account.certificates.asked) == 1
    assert account.state == "verified"


def test_without_a_way_to_request_one_the_reason_is_given_after_a_refusal() -> None:
    account = Account(
        replace(DEAD, key_algorithm="RSA_4096"), GOOD, consumers=refusing(listener(), GOOD.arn)
    )
    (record,) = account.run()
    assert "no successor is requested: ACM does not issue with RSA_4096 keys" in record.detail
    assert account.certificates.asked == []


def test_a_requested_successor_that_a_service_refuses_is_a_failure_and_not_requested_again() -> (
    None
):
    account = serving()
    account.run()
    account.issue()
    assert account.consumers is not None
    account.consumers.broken["bind", listener()] = REFUSAL
    for _ in range(2):
        (record,) = account.tomorrow().run()
        assert record.outcome is Outcome.FAILED
        assert "UnsupportedCertificate" in record.detail
    assert len(account.certificates.asked) == 1
    account.consumers.broken.clear()
    account.tomorrow().run()
    assert account.state == "verified"


def test_an_adopted_certificate_that_lost_its_continuity_is_replaced_by_a_request() -> None:
    account = serving()
    account.certificates.stored[GOOD.arn] = GOOD
    assert account.consumers is not None
    account.consumers.broken["bind", listener()] = ConsumerBusyError("busy")
    account.run()
    assert account.successor == GOOD.arn
    account.edit(GOOD.arn, status=CertificateStatus.REVOKED)
    account.consumers.broken.clear()
    account.tomorrow().run()
    assert len(account.certificates.asked) == 1
    assert account.replacement_record.refused == (GOOD.arn,)


def test_nothing_is_requested_if_no_time_is_left_to_describe_the_candidates() -> None:
    candidate = certificate(arn=arn("candidate"), in_use=False, ends_in=days(190))
    account = serving()
    account.certificates.stored[candidate.arn] = candidate
    account.certificates.broken[f"describe {candidate.arn}"] = Outage("not today")
    list_all, lists = account.certificates.list_all, 0

    def slow() -> Iterator[Certificate]:
        nonlocal lists
        lists += 1
        if lists == 2:
            account.clock.left = 29
        return list_all()

    account.certificates.list_all = slow  # type: ignore[method-assign] # takes all of the time
    record = account.only()
    assert record.outcome is Outcome.FAILED
    assert "time ran out" in record.detail
    assert account.certificates.asked == []

    account.clock.left = 900
    account.certificates.broken.clear()
    account.tomorrow().run()
    assert account.successor == candidate.arn
    assert account.certificates.asked == []


def test_a_candidate_that_cannot_be_described_is_a_failure_and_another_one_is_requested() -> None:
    account = Account(DEAD, GOOD, consumers=MemoryConsumers((listener(), [OLD])))
    account.certificates.broken[f"describe {GOOD.arn}"] = Outage("Throttled")
    (record,) = account.run()
    assert len(account.certificates.asked) == 1
    assert record.outcome is Outcome.FAILED
    assert f"{GOOD.arn}: unexpected outage: Throttled" in record.detail


def test_a_successor_says_for_which_tags_it_has_no_room() -> None:
    tags = tuple((f"key{number:02}", "") for number in range(50))
    account = Account(
        replace(DEAD, detail=detail(tags=tags)), consumers=MemoryConsumers((listener(), [OLD]))
    )
    assert "it has no room for the tags key49" in account.only().detail


def test_a_service_that_refuses_the_old_certificate_in_a_rollback_strikes_nothing_off() -> None:
    consumers = refusing(listener(), OLD)
    account = Account(DEAD, GOOD, consumers=consumers)
    consumers.unsettled.add(listener())
    account.run()
    consumers.faults[listener()] = "it failed"
    record = account.tomorrow().run()[0]
    assert record.outcome is Outcome.FAILED
    assert account.replacement_record.refused == ()
    assert account.successor == GOOD.arn


IMPORTED_OLD = imported(arn=OLD, ends_in=days(3), detail=detail(**ISSUER))
IMPORTED_NEW = imported(arn=arn("good"), ends_in=days(300), detail=detail(in_use_by=(), **ISSUER))


@pytest.mark.parametrize("with_consumers", [True, False])
def test_an_import_of_the_same_issuer_is_proposed_with_the_steps_and_not_bound(
    *, with_consumers: bool
) -> None:
    consumers = MemoryConsumers((listener(), [OLD])) if with_consumers else None
    account = Account(IMPORTED_OLD, IMPORTED_NEW, consumers=consumers)
    (record,) = account.run()
    assert (record.action, record.outcome) == (Action.REBIND, Outcome.ADVISED)
    assert "a person has to check it before it takes over" in record.detail
    assert f"to be moved to {IMPORTED_NEW.arn}" in record.detail
    assert account.state_store.replacement_records() == []
    assert consumers is None or consumers.written == []


def test_a_self_signed_import_is_neither_bound_nor_proposed() -> None:
    same = {"issuer": "shop.example.com", "subject": "CN=shop.example.com"}
    signed = replace(IMPORTED_NEW, detail=detail(in_use_by=(), **same))
    account = Account(IMPORTED_OLD, signed, consumers=MemoryConsumers((listener(), [OLD])))
    assert account.run() == []


@pytest.mark.parametrize("state", ["issued", "verified"])
def test_an_imported_certificate_that_an_earlier_version_replaced_is_kept_and_not_moved(
    state: str,
) -> None:
    unused = replace(IMPORTED_OLD, in_use=state == "issued", detail=detail(in_use_by=(), **ISSUER))
    account = Account(unused, IMPORTED_NEW, consumers=MemoryConsumers((listener(), [OLD])))
    record = ReplacementRecord(
        certificate_arn=OLD,
        state=ReplacementState.of(state),
        started_at=NOW - days(30),
        successor_arn=IMPORTED_NEW.arn,
        verified_at=NOW - days(20) if state == "verified" else None,
    )
    account.state_store.claim(record, "earlier", NOW - days(20), NOW - days(20))
    account.run(retire_after=days(7))
    account.tomorrow().run(retire_after=days(7))
    assert account.certificates.deleted == []
    assert account.consumers is not None
    assert account.consumers.written == []


def test_no_steps_lead_to_a_successor_that_may_not_take_over_any_more() -> None:
    account = Account(DEAD)
    account.run()
    account.issue()
    assert f"CertificateArn={account.successor}" in account.tomorrow().only().detail
    account.edit(account.successor, status=CertificateStatus.REVOKED)
    (record,) = account.tomorrow().run()
    assert "CertificateArn=" not in record.detail
    assert "may not take over: It is not issued." in record.detail


def test_no_steps_lead_to_a_verified_successor_that_was_revoked() -> None:
    account = soaked(in_use=True, detail=detail(in_use_by=(LOAD_BALANCER.replace("shop", "new"),)))
    account.consumers = None
    (record,) = account.tomorrow().run()
    assert f"CertificateArn={account.successor}" in record.detail
    account.edit(account.successor, status=CertificateStatus.REVOKED)
    texts = [record.detail for record in account.tomorrow().run()]
    assert "CertificateArn=" not in "".join(texts)


def test_an_old_certificate_without_continuity_of_its_successor_is_kept() -> None:
    account = soaked()
    clients = frozenset({"TLS_WEB_CLIENT_AUTHENTICATION"})
    account.edit(OLD, detail=CertificateDetail(extended_key_usages=frozenset({"CUSTOM"})))
    account.edit(
        account.successor,
        detail=detail(extended_key_usages=clients),
    )
    record = account.tomorrow(days(8)).only(retire_after=days(7))
    assert account.certificates.deleted == []
    assert record.detail.startswith("kept, because its successor")
