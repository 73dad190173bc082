"""The faults of one run: kinds, targets and duration."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from random import Random


class Kind(StrEnum):
    """The kind of a fault; the value is its name on the page."""

    THROTTLED = "throttling"
    BROKEN = "a server error (500 to 504, also without a body that AWS wrote)"
    UNREACHABLE = "no connection in time"
    UNANSWERED = "no answer in time"
    RESET = "connection reset"
    HALF_READ = "a truncated answer"
    EXPIRED = "expired credentials"
    DENIED = "access denied to one operation, until the end of the run"
    HANGING = "a service of one region never answers, until the end of the run"
    STALE = "a stale answer to a read (eventual consistency)"
    CONFLICT = "a conflict in DynamoDB"
    DEAF = "SNS rejects all messages, until the end of the run"
    KILLED = "the function is killed"
    OVERLAPPED = "another complete run in between"
    INTERFERED = "another actor changes certificates, tags, secrets or consumers in between"


class Session(StrEnum):
    """What a fault strikes after its first attempt."""

    ATTEMPT = "nothing else: the SDK's next attempt goes through"
    CALL = "every attempt of that call"
    OPERATION = "every call of that operation, with that client"
    SERVICE = "every call of that service, with that client"
    ACCOUNT = "every call with the same credentials"


class Aim(StrEnum):
    """The attempts among which a fault counts to its first one."""

    ANY = "any"
    READS = "reads"
    WRITES = "writes"
    LEDGER = "writes to the state table"
    MESSAGE = "the message"


READING = ("AssumeRole", "Describe", "Export", "Get", "List", "Query", "Search")
#: A client error, or a lost answer of AWS: the SDK makes another attempt.
LOSABLE = frozenset({Kind.UNANSWERED, Kind.RESET, Kind.KILLED})


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt of the SDK for a call; `call` is the same for all attempts."""

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
        """Whether a fault that struck `first` also strikes this attempt."""
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
    """A fault that strikes attempt number `at` of its targets.

    `late` is whether AWS executes the request and only the answer is lost; `choice` selects one of
    the forms of a fault.
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
    """The faults of one run, applied to its attempts in order."""

    weather: Weather
    _counts: dict[Fault, Iterator[int]] = field(default_factory=dict, init=False)
    _begun: dict[Fault, Attempt] = field(default_factory=dict, init=False)

    def strike(self, attempt: Attempt) -> Fault | None:
        """Return the fault that strikes an attempt; each fault counts the attempt."""
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
#: The relative frequency of each kind.
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
    Kind.INTERFERED: 8,
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
    Kind.INTERFERED: Session.ATTEMPT,
}
_AIMS = {
    Kind.HANGING: Aim.READS,
    Kind.STALE: Aim.READS,
    Kind.CONFLICT: Aim.LEDGER,
    Kind.DEAF: Aim.MESSAGE,
}


def weather(rng: Random) -> Weather:
    """Draw the faults of one run: mostly one to four, sometimes none."""
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
