"""What goes wrong in one run: which faults, where they strike, and how far they reach."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from random import Random


class Kind(StrEnum):
    """What may happen to an attempt of a call; the value is how the page calls it."""

    THROTTLED = "throttling"
    BROKEN = "a server error (500 to 504, also without a body that AWS wrote)"
    UNREACHABLE = "no connection in time"
    UNANSWERED = "no answer in time"
    RESET = "connection reset"
    HALF_READ = "an answer that ends early"
    EXPIRED = "expired credentials"
    DENIED = "access denied to one operation, to the end of the run"
    HANGING = "a service of one region that never answers, to the end of the run"
    STALE = "a stale answer to a read (eventual consistency)"
    CONFLICT = "a conflict in DynamoDB"
    DEAF = "SNS takes no message, to the end of the run"
    KILLED = "the function is killed"
    OVERLAPPED = "another run, from its begin to its end"


class Session(StrEnum):
    """What a fault strikes after its first attempt."""

    ATTEMPT = "nothing else: the SDK's next attempt goes through"
    CALL = "every attempt of that call"
    OPERATION = "every call of that operation, with that client"
    SERVICE = "every call of that service, with that client"
    ACCOUNT = "every call with the same credentials"


class Aim(StrEnum):
    """Which attempts a fault counts to find its first one."""

    ANY = "any"
    READS = "reads"
    WRITES = "writes"
    LEDGER = "writes of the ledger"
    MESSAGE = "the message"


READING = ("AssumeRole", "Describe", "Export", "Get", "List", "Query", "Search")
#: The client's mistake, or AWS's answer is lost on the way back: the SDK makes another attempt.
LOSABLE = frozenset({Kind.UNANSWERED, Kind.RESET, Kind.KILLED})


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt of the SDK to make a call; `call` is the same for all of its attempts."""

    call: str
    service: str
    operation: str
    region: str
    account: str

    @property
    def reads(self) -> bool:
        return self.operation.startswith(READING)

    @property
    def client(self) -> tuple[str, str, str]:
        return (self.service, self.region, self.account)

    def within(self, reach: Session, first: Attempt) -> bool:
        """Whether a fault that struck `first` strikes this attempt as well."""
        match reach:
            case Session.ATTEMPT:
                return False
            case Session.CALL:
                return self.call == first.call
            case Session.OPERATION:
                return (self.client, self.operation) == (first.client, first.operation)
            case Session.SERVICE:
                return self.client == first.client
            case _:
                return self.account == first.account

    def hit_by(self, aim: Aim) -> bool:
        match aim:
            case Aim.READS:
                return self.reads and self.service not in {"dynamodb", "sts"}
            case Aim.WRITES:
                return not self.reads and self.service != "dynamodb"
            case Aim.LEDGER:
                return not self.reads and self.service == "dynamodb"
            case Aim.MESSAGE:
                return self.operation == "Publish"
            case _:
                return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A fault that strikes the attempt of number `at` among those that it aims at.

    `late` says that AWS does what is asked for, and only its answer is lost; `choice` picks one of
    the forms that a fault has.
    """

    kind: Kind
    at: int = 1
    aim: Aim = Aim.ANY
    reach: Session = Session.ATTEMPT
    late: bool = False
    choice: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """The faults of a run; the function's clock is `skew` ahead of AWS's."""

    faults: tuple[Fault, ...] = ()
    skew: timedelta = timedelta()


@dataclass(slots=True)
class Storm:
    """The weather as it strikes the attempts of one run, in their order."""

    weather: Weather
    _counts: dict[Fault, Iterator[int]] = field(default_factory=dict, init=False)
    _begun: dict[Fault, Attempt] = field(default_factory=dict, init=False)

    def strike(self, attempt: Attempt) -> Fault | None:
        """Return the fault that strikes an attempt; each of them counts it."""
        struck = [fault for fault in self.weather.faults if self._strikes(fault, attempt)]
        return struck[0] if struck else None

    def _strikes(self, fault: Fault, attempt: Attempt) -> bool:
        if fault in self._begun:
            return attempt.within(fault.reach, self._begun[fault])
        if not attempt.hit_by(fault.aim):
            return False
        if next(self._counts.setdefault(fault, itertools.count(1))) < fault.at:
            return False
        self._begun[fault] = attempt
        return True


CALM = Weather()
SKEWS = (timedelta(), timedelta(), timedelta(minutes=5), timedelta(minutes=-5))
#: How often each kind is drawn, compared with the others.
WEIGHTS = {
    Kind.THROTTLED: 3,
    Kind.BROKEN: 3,
    Kind.UNREACHABLE: 2,
    Kind.UNANSWERED: 3,
    Kind.RESET: 3,
    Kind.HALF_READ: 3,
    Kind.EXPIRED: 2,
    Kind.DENIED: 4,
    Kind.HANGING: 2,
    Kind.STALE: 8,
    Kind.CONFLICT: 2,
    Kind.DEAF: 2,
    Kind.KILLED: 6,
    Kind.OVERLAPPED: 5,
}
_REACHES = (Session.ATTEMPT, Session.ATTEMPT, Session.CALL, Session.OPERATION)
_FIXED = {
    Kind.DENIED: Session.OPERATION,
    Kind.HANGING: Session.SERVICE,
    Kind.STALE: Session.SERVICE,
    Kind.DEAF: Session.OPERATION,
    Kind.EXPIRED: Session.ACCOUNT,
    Kind.KILLED: Session.ATTEMPT,
    Kind.OVERLAPPED: Session.ATTEMPT,
}
_AIMS = {
    Kind.HANGING: Aim.READS,
    Kind.STALE: Aim.READS,
    Kind.CONFLICT: Aim.LEDGER,
    Kind.DEAF: Aim.MESSAGE,
}


def weather(rng: Random) -> Weather:
    """Draw the weather of one run: mostly one to four faults, now and then none."""
    count = rng.choice((0, 1, 1, 2, 2, 3, 3, 4))
    return Weather(faults=tuple(_fault(rng) for _ in range(count)), skew=rng.choice(SKEWS))


def _fault(rng: Random) -> Fault:
    (kind,) = rng.choices(list(WEIGHTS), list(WEIGHTS.values()))
    aim = _AIMS.get(kind) or rng.choice((Aim.ANY, Aim.ANY, Aim.WRITES, Aim.LEDGER))
    last = {Aim.ANY: 40, Aim.READS: 12, Aim.WRITES: 6, Aim.LEDGER: 10, Aim.MESSAGE: 1}[aim]
    return Fault(
        kind=kind,
        at=rng.randint(1, rng.choice((last, max(1, last // 4)))),
        aim=aim,
        reach=_FIXED.get(kind) or rng.choice(_REACHES),
        late=kind in LOSABLE and rng.random() < 0.6,
        choice=rng.randrange(1000),
    )
