"""The pointers of a replaced certificate name its successor before any consumer has it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from certificate_lifecycle.model.certificate import CertificateDetail, CertificateStatus
from certificate_lifecycle.model.errors import CertificateRefusedError
from certificate_lifecycle.model.pointers import PENDING
from certificate_lifecycle.model.run import Outcome
from certificate_lifecycle.policy.bindings import SETTLES_WITHIN
from tests.unit.app.test_replacement_engine import (
    DEAD,
    GOOD,
    LATER_STILL,
    OLD,
    Account,
    refusing,
    renew,
    serving,
)
from tests.unit.builders import EXPIRED, SECOND, arn, certificate, days, detail
from tests.unit.consumers import MemoryConsumers, domain, listener
from tests.unit.fakes import MemoryClock, MemoryPointers, Outage, pointer_name

MAIN = pointer_name("main")
OTHERS = {pointer_name("other"): arn("other"), pointer_name("next"): PENDING}


def declared(account: Account) -> Account:
    """Let a pointer name the certificate that is replaced, and others something else."""
    account.pointers = MemoryPointers({MAIN: OLD, **OTHERS})
    return account


def named(account: Account) -> str:
    """Return what the pointer names; the others are as they were."""
    assert account.pointers.values == {MAIN: account.pointers.values[MAIN], **OTHERS}
    return account.pointers.values[MAIN]


def issued(account: Account) -> Account:
    """Let the successor be requested and issued."""
    account.run()
    account.issue()
    return account.tomorrow()


def test_a_pointer_names_the_successor_once_it_is_issued() -> None:
    account = declared(serving())
    account.run()
    assert named(account) == OLD
    account.issue()
    record = account.tomorrow().only()
    assert named(account) == account.successor
    assert f"the parameter {MAIN} now names {account.successor}" in record.detail
    assert account.state == "verified"


def test_the_pointer_is_written_before_a_consumer_is() -> None:
    account = declared(serving())
    assert account.consumers is not None
    before = account.consumers
    seen: list[str] = []
    before.before_bind = lambda _: seen.append(named(account))
    issued(account).run()
    assert seen == [account.successor]


@pytest.mark.parametrize("operation", ["read_all", "read", "write"])
def test_no_consumer_is_moved_before_the_pointer_could_be_written(operation: str) -> None:
    account = issued(declared(serving()))
    account.pointers.broken[operation] = Outage("access denied")
    record = account.only()
    assert record.outcome is Outcome.FAILED
    assert "access denied" in record.detail
    assert account.consumers is not None
    assert account.consumers.written == []

    account.pointers.broken.clear()
    account.tomorrow().run()
    assert named(account) == account.successor
    assert account.state == "verified"


def test_a_pointer_that_cannot_be_written_stops_no_other_replacement() -> None:
    account = issued(serving())
    account.pointers.broken["write"] = Outage("access denied")
    assert account.only().outcome is Outcome.DONE


def test_without_permission_to_move_consumers_the_pointer_follows_too() -> None:
    account = issued(declared(Account(DEAD)))
    record = account.only()
    assert named(account) == account.successor
    assert account.state == "issued"
    assert "to be moved to" in record.detail
    assert account.tomorrow().only().outcome is Outcome.ADVISED
    assert len(account.pointers.written) == 1


@pytest.mark.parametrize("consumers", [None, MemoryConsumers((listener(), [OLD]))])
def test_a_run_that_stopped_before_the_pointer_is_made_up_for(
    consumers: MemoryConsumers | None,
) -> None:
    account = declared(Account(DEAD, consumers=consumers))
    account.pointers.broken["write"] = Outage("stopped")
    issued(account).run()
    assert named(account) == OLD
    account.pointers.broken.clear()
    account.tomorrow().run()
    assert named(account) == account.successor


def test_a_certificate_that_others_requested_is_named_too() -> None:
    account = declared(Account(DEAD, GOOD))
    assert account.run()[0].detail.startswith(f"the parameter {MAIN} now names {GOOD.arn}")
    assert named(account) == GOOD.arn


def test_a_dry_run_plans_to_let_the_pointer_name_the_successor() -> None:
    account = declared(Account(DEAD, GOOD))
    (record,) = [record for record in account.run(dry_run=True) if record.certificate_arn == OLD]
    assert record.detail == f"let its parameter name its successor {GOOD.arn}"
    assert account.pointers.written == []


def test_pointers_that_cannot_be_read_are_one_problem_of_the_run() -> None:
    other = certificate(arn=arn("old too"), status=EXPIRED, ends_in=-days(1), detail=detail())
    account = declared(Account(DEAD, other, GOOD))
    account.pointers.broken["read_all"] = Outage("access denied")
    assert [record.outcome for record in account.run()] == [Outcome.ADVISED] * 2
    assert account.problems == ["the pointers could not be read: unexpected outage: access denied"]
    assert account.state_store.replacement_records() == []


def test_a_pointer_that_another_party_changed_is_not_touched() -> None:
    account = issued(declared(serving()))
    read_all = account.pointers.read_all()
    account.pointers.read_all = lambda: read_all  # type: ignore[method-assign] # read before
    account.pointers.values[MAIN] = arn("by hand")
    account.run()
    assert named(account) == arn("by hand")
    assert account.state == "verified"


def test_a_pointer_that_terraform_deleted_meanwhile_stops_nothing() -> None:
    account = issued(declared(serving()))
    read_all = account.pointers.read_all()
    account.pointers.read_all = lambda: read_all  # type: ignore[method-assign] # read before
    del account.pointers.values[MAIN]
    account.run()
    assert account.state == "verified"
    assert account.pointers.written == []


def test_without_time_no_pointer_is_written() -> None:
    account = issued(declared(serving()))
    account.clock = MemoryClock(31)
    read_all = account.pointers.read_all

    def slow() -> object:
        account.clock.left -= 5
        return read_all()

    account.pointers.read_all = slow  # type: ignore[assignment, method-assign] # five seconds
    assert "time ran out" in account.only().detail
    assert named(account) == OLD


# --- Back to the old certificate ------------------------------------------------------------------


def recovers(account: Account) -> None:
    renew(account)


def is_deleted(account: Account) -> None:
    del account.certificates.stored[account.successor]


def grows_old(account: Account) -> None:
    account.tomorrow(days(170))


@pytest.mark.parametrize(
    ("ending", "state"),
    [(recovers, "abandoned"), (is_deleted, "validated"), (grows_old, "validated")],
)
def test_the_pointer_names_the_old_certificate_again_when_the_successor_is_given_up(
    ending: Callable[[Account], None], state: str
) -> None:
    account = issued(declared(Account(DEAD)))
    account.run()
    assert named(account) == account.successor
    ending(account)
    record = account.tomorrow().run()[0]
    assert named(account) == OLD
    assert account.state == state
    assert f"the parameter {MAIN} now names {OLD}" in record.detail


def test_a_successor_is_not_given_up_before_the_pointer_is_back() -> None:
    account = issued(declared(Account(DEAD)))
    account.run()
    renew(account)
    account.pointers.broken["write"] = Outage("access denied")
    assert account.tomorrow().only().outcome is Outcome.FAILED
    assert account.state == "issued"
    account.pointers.broken.clear()
    account.tomorrow().run()
    assert named(account) == OLD
    assert account.state == "abandoned"


def test_a_pointer_that_others_changed_since_does_not_go_back() -> None:
    account = issued(declared(Account(DEAD)))
    account.run()
    account.pointers.values[MAIN] = arn("by hand")
    renew(account)
    account.tomorrow().run()
    assert named(account) == arn("by hand")


def test_a_pointer_of_the_successor_itself_does_not_go_to_the_old_certificate() -> None:
    """Two declarations may name the certificates that now replace one another."""
    account = declared(Account(DEAD, GOOD))
    account.pointers.values[pointer_name("own")] = GOOD.arn
    account.run()
    assert account.pointers.values[MAIN] == GOOD.arn
    renew(account)
    account.tomorrow().run()
    assert account.pointers.values[MAIN] == OLD
    assert account.pointers.values[pointer_name("own")] == GOOD.arn


def test_a_pointer_that_terraform_deleted_does_not_come_back() -> None:
    account = issued(declared(Account(DEAD)))
    account.run()
    del account.pointers.values[MAIN]
    renew(account)
    account.tomorrow().run()
    assert MAIN not in account.pointers.values
    assert account.state == "abandoned"


def rolled_back() -> Account:
    """Return an account whose only consumer never serves the successor."""
    account = declared(serving())
    assert account.consumers is not None
    account.consumers.deaf = {listener()}
    issued(account).run()
    assert named(account) == account.successor
    account.tomorrow(SETTLES_WITHIN).run()
    return account


def test_the_pointer_goes_back_with_the_consumer_that_is_rolled_back_and_stays_there() -> None:
    account = rolled_back()
    assert named(account) == OLD
    written = list(account.pointers.written)
    account.tomorrow().run()
    assert account.pointers.written == written


def test_the_pointer_follows_a_consumer_that_a_person_moved_after_a_rollback() -> None:
    account = rolled_back()
    account.let_go()
    account.issue(used=True)
    account.tomorrow().run()
    assert named(account) == account.successor


def test_the_pointer_stays_if_another_consumer_serves_the_successor() -> None:
    """A plan with the old certificate would undo the move of the other consumer."""
    account = declared(Account(DEAD, consumers=MemoryConsumers((listener(), [OLD]))))
    assert account.consumers is not None
    account.consumers.settings[domain()] = [OLD]
    account.consumers.deaf = {domain()}
    issued(account).run()
    account.tomorrow(SETTLES_WITHIN).run()
    assert account.consumers.settings == {listener(): [account.successor], domain(): [OLD]}
    assert named(account) == account.successor


# --- Candidates that a service refuses ------------------------------------------------------------


def test_the_pointer_names_the_candidate_that_takes_over_in_the_end() -> None:
    consumers = refusing(listener(), LATER_STILL.arn)
    consumers.settings.pop(domain())
    account = declared(Account(DEAD, GOOD, LATER_STILL, consumers=consumers))
    account.run()
    assert [value for _, value in account.pointers.written] == [LATER_STILL.arn, OLD, GOOD.arn]
    assert named(account) == GOOD.arn


def test_the_pointer_keeps_a_refused_candidate_while_a_consumer_has_it() -> None:
    consumers = refusing(domain(), GOOD.arn)
    account = declared(Account(DEAD, GOOD, consumers=consumers))
    account.run()
    assert consumers.settings[listener()] == [GOOD.arn]
    assert named(account) == GOOD.arn
    account.issue()
    account.tomorrow().run()
    assert consumers.settings[domain()] == [account.successor]
    assert named(account) == account.successor


def test_a_pointer_that_names_a_refused_candidate_itself_stays() -> None:
    consumers = refusing(domain(), GOOD.arn)
    account = declared(Account(DEAD, GOOD, consumers=consumers))
    account.pointers.values[pointer_name("own")] = GOOD.arn
    account.run()
    account.issue()
    account.tomorrow().run()
    assert account.pointers.values[pointer_name("own")] == GOOD.arn


def test_a_requested_successor_that_a_service_refuses_is_tried_again_and_stays_named() -> None:
    account = declared(serving())
    assert account.consumers is not None
    account.consumers.broken["bind", listener()] = CertificateRefusedError("another key")
    issued(account).run()
    assert account.tomorrow().only().outcome is Outcome.FAILED
    assert named(account) == account.successor
    assert len(account.pointers.written) == 1


# --- After the replacement ------------------------------------------------------------------------


def verified() -> Account:
    account = declared(serving())
    issued(account).run()
    account.let_go()
    account.issue(used=True)
    assert account.state == "verified"
    return account


def test_a_pointer_that_names_the_old_certificate_again_follows_a_verified_successor() -> None:
    account = verified()
    account.pointers.values[MAIN] = OLD
    account.tomorrow().run()
    assert named(account) == account.successor


def test_the_pointer_follows_before_the_old_certificate_is_deleted() -> None:
    account = verified()
    account.pointers.values[MAIN] = OLD
    account.pointers.broken["read_all"] = Outage("access denied")
    assert account.tomorrow(days(30)).only(retire_after=days(1)).outcome is Outcome.FAILED
    assert account.certificates.deleted == []
    account.pointers.broken.clear()
    account.tomorrow().run(retire_after=days(1))
    assert account.certificates.deleted == [OLD]
    assert named(account) == account.successor


def test_the_pointer_follows_although_others_deleted_the_old_certificate() -> None:
    account = declared(Account(DEAD))
    account.pointers.broken["write"] = Outage("access denied")
    issued(account).run()
    account.pointers.broken.clear()
    del account.certificates.stored[OLD]
    account.tomorrow().run()
    assert named(account) == account.successor
    assert account.state == "retired"


@pytest.mark.parametrize("gone", [True, False])
def test_a_pointer_never_follows_to_a_successor_that_is_gone_or_revoked(*, gone: bool) -> None:
    account = verified()
    account.pointers.values[MAIN] = OLD
    if gone:
        del account.certificates.stored[account.successor]
    else:
        account.edit(
            account.successor, status=CertificateStatus.REVOKED, detail=CertificateDetail()
        )
    account.tomorrow().run()
    assert named(account) == OLD


# --- Runs that are stopped ------------------------------------------------------------------------


@pytest.mark.parametrize("stops_after", range(1, 8))
def test_a_run_that_is_stopped_between_two_writes_is_continued(stops_after: int) -> None:
    account = issued(declared(serving()))
    account.state_store.stops_at = account.state_store.saves + stops_after
    account.run()
    account.tomorrow(days(1) + SECOND).run()
    assert named(account) == account.successor
    assert account.state == "verified"
    assert account.replacement_record.pointers == (MAIN,)
