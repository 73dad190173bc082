"""Where a fault strikes, and how long it lasts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest

from tests.stress.faults.weather import Aim, Attempt, Fault, Kind, Session, Storm, Weather, weather

READ = Attempt("1", "acm", "ListCertificates", "eu-west-1", "123456789012")
WRITE = replace(READ, call="2", operation="RequestCertificate")
NOTE = Attempt("3", "dynamodb", "PutItem", "eu-west-1", "123456789012")
MESSAGE = Attempt("4", "sns", "Publish", "eu-west-1", "123456789012")
ALL = (READ, WRITE, NOTE, MESSAGE)


def struck(fault: Fault, attempts: Sequence[Attempt]) -> list[int]:
    """Return the numbers of the attempts that a fault strikes, from 1."""
    storm = Storm(Weather(faults=(fault,)))
    return [number for number, each in enumerate(attempts, 1) if storm.strike(each) is fault]


@pytest.mark.parametrize(
    ("aim", "first", "second"),
    [
        (Aim.ANY, 1, 2),
        (Aim.READS, 1, 5),
        (Aim.WRITES, 2, 4),
        (Aim.LEDGER, 3, 7),
        (Aim.MESSAGE, 4, 8),
    ],
)
def test_a_fault_counts_what_it_aims_at(aim: Aim, first: int, second: int) -> None:
    twice = (*ALL, *ALL)
    assert struck(Fault(kind=Kind.RESET, aim=aim), twice) == [first]
    assert struck(Fault(kind=Kind.RESET, aim=aim, at=2), twice) == [second]
    assert struck(Fault(kind=Kind.RESET, aim=aim, at=9), twice) == []


@pytest.mark.parametrize(
    ("reach", "numbers"),
    [
        (Session.ATTEMPT, [1]),
        (Session.CALL, [1, 2]),
        (Session.OPERATION, [1, 2, 3]),
        (Session.SERVICE, [1, 2, 3, 4]),
        (Session.ACCOUNT, [1, 2, 3, 4, 5]),
    ],
)
def test_a_fault_reaches_as_far_as_it_says(reach: Session, numbers: list[int]) -> None:
    attempts = (
        READ,
        READ,
        replace(READ, call="5"),
        replace(WRITE, call="6"),
        replace(NOTE, call="7"),
        replace(READ, call="8", account="222222222222"),
    )
    assert struck(Fault(kind=Kind.DENIED, reach=reach), attempts) == numbers


def test_of_two_faults_at_once_the_first_one_shows_and_both_have_struck() -> None:
    first = Fault(kind=Kind.RESET)
    second = Fault(kind=Kind.THROTTLED, reach=Session.OPERATION)
    storm = Storm(Weather(faults=(first, second)))
    assert [storm.strike(READ), storm.strike(READ)] == [first, second]


def test_every_kind_of_fault_is_drawn_with_every_aim_that_it_may_have() -> None:
    rng = Random(1)
    drawn = {(fault.kind, fault.aim) for _ in range(2000) for fault in weather(rng).faults}
    assert {kind for kind, _ in drawn} == set(Kind)
    assert {aim for kind, aim in drawn if kind is Kind.CONFLICT} == {Aim.LEDGER}
    assert {aim for kind, aim in drawn if kind is Kind.KILLED} == set(Aim) - {
        Aim.MESSAGE,
        Aim.READS,
    }


def test_the_same_seed_draws_the_same_weather() -> None:
    assert weather(Random(7)) == weather(Random(7))
