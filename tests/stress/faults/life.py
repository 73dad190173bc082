"""The life of one world: disturbed runs, then undisturbed runs, and the observations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any

from tests.embedded_aws.zones import DEFAULT_ACCOUNT
from tests.integration.invocation import recorded, scheduled
from tests.stress.faults.others import Others
from tests.stress.faults.stage import Invocation, Stage, Wish
from tests.stress.faults.weather import CALM, Weather, weather
from tests.stress.faults.world import World, plant

#: The time between two runs: a repeated event, Lambda's retries, and the schedule.
GAPS = (
    timedelta(seconds=10),
    timedelta(seconds=30),
    timedelta(seconds=90),
    timedelta(minutes=10),
    timedelta(hours=2),
    timedelta(days=1),
    timedelta(days=1),
    timedelta(days=2),
)
DAY = timedelta(days=1)
#: Enough for the expired claim of a killed run, and for actions over several runs.
HEALING_RUNS = 3
DISTURBED_RUNS = (5, 9)
_ACTORS = {
    "the schedule": 10,
    "an event of ACM's own": 5,
    "a person": 1,
    "a dry run": 1,
    "the same event again": 2,
    "creation": 4,
    "apply": 3,
}
_EVENTS = ("acm_approaching", "acm_expired", "acm_issued", "acm_renewal", "acm_renewed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One disturbed run of a life: time, trigger, subject and faults."""

    gap: timedelta
    actor: str
    pick: int
    weather: Weather
    retried: bool


@dataclass(slots=True, kw_only=True)
class Life:
    """A world and its runs in order; `healing` is the index of the first undisturbed run."""

    seed: int
    world: World
    runs: list[Invocation] = field(default_factory=list)
    healing: int | None = None

    @property
    def disturbed(self) -> Sequence[Invocation]:
        return self.runs[: self.healing]

    @property
    def undisturbed(self) -> Sequence[Invocation]:
        return self.runs[self.healing :] if self.healing is not None else ()


def plan(seed: int) -> list[Step]:
    """Draw the disturbed runs of a life, independent of their results."""
    rng = Random(f"plan {seed}")
    return [_step(rng) for _ in range(rng.randint(*DISTURBED_RUNS))]


def _step(rng: Random) -> Step:
    (actor,) = rng.choices(list(_ACTORS), list(_ACTORS.values()))
    return Step(
        gap=rng.choice(GAPS),
        actor=actor,
        pick=rng.randrange(10_000),
        weather=weather(rng),
        retried=rng.random() < 0.4,
    )


class LifeRunner:
    """Runs a life on a stage; `watch` checks each run after its end."""

    def __init__(self, stage: Stage, seed: int) -> None:
        stage.reset(seed)
        self.life = Life(seed=seed, world=plant(stage, Random(f"world {seed}")))
        self._stage = stage
        #: All certificates that ever existed, because an event may arrive late.
        self._known: list[str] = []
        stage.overlap = self._overlap
        stage.interfere = Others(self.life.world).act
        stage.network.watch = self.life.world.record_import

    def disturb(self, step: Step) -> list[Invocation]:
        """Execute one disturbed run; return it and the runs inside it."""
        last = self.life.runs[-1] if self.life.runs else None
        failed = last is not None and (last.killed or last.error is not None)
        if last is not None and failed and step.retried and last.wish.function != "apply":
            # A failed asynchronous invocation is repeated, under the same id, after one
            # minute and after two (Lambda developer guide, "Asynchronous invocation").
            self._stage.cloud.advance(seconds=60 + step.pick % 60)
            return self._run(last.wish, step.weather)
        self._stage.cloud.now += step.gap
        return self._run(self._wish(step.actor, step.pick, last), step.weather)

    def heal(self) -> list[Invocation]:
        """Execute undisturbed runs until no action is left, and one more immediately."""
        stage = self._stage
        stage.cloud.consumers.knobs.ignore_updates.clear()
        self.life.healing = len(self.life.runs)
        found = []
        for _ in range(HEALING_RUNS):
            stage.cloud.now += DAY
            found += self._run(stage.wish("rotation", scheduled(stage.cloud.now)), CALM)
        stage.cloud.advance(seconds=10)
        found += self._run(stage.wish("rotation", scheduled(stage.cloud.now)), CALM)
        if any(run.wish.function == "creation" for run in self.life.disturbed):
            found += self._run(stage.wish("creation", {}), CALM)
        return found

    def _run(self, wish: Wish, sky: Weather) -> list[Invocation]:
        first = len(self.life.runs)
        self._begin(wish, sky)
        return self.life.runs[first:]

    def _begin(self, wish: Wish, sky: Weather) -> None:
        known = dict.fromkeys(
            [*self._known, *(c.arn for c in self._stage.cloud.certificates.all())]
        )
        self._known = list(known)
        place = len(self.life.runs)
        self.life.runs.append(self._stage.invoke(wish, sky))
        # The runs inside it were added before it, although they started later.
        self.life.runs.insert(place, self.life.runs.pop())

    def _overlap(self, number: int) -> None:
        outer = self._stage.invocation
        actor = list(_ACTORS)[number % len(_ACTORS)]
        wish = self._wish(actor, number, outer)
        if outer is not None and number % 10 == 0 and outer.wish.function != "apply":
            # Lambda may deliver one event twice, under one id.
            wish = outer.wish
        self._begin(wish, CALM)

    def _wish(self, actor: str, pick: int, last: Invocation | None) -> Wish:
        stage = self._stage
        match actor:
            case "creation":
                return stage.wish("creation", _creation(pick))
            case "an event of ACM's own":
                return stage.wish("rotation", self._event(pick))
            case "a person":
                arns = [c.arn for c in stage.cloud.certificates.all()]
                chosen = arns[pick % len(arns)]
                if not self._looked_after(chosen):
                    chosen = self.life.world.planted[0].arn
                return stage.wish("rotation", {"certificate_arns": [chosen]})
            case "apply" if self.life.world.deployed:
                return stage.wish("apply", ["--accounts", "all"] if pick % 2 else [])
            case "a dry run":
                return stage.wish("rotation", {"dry_run": True})
            case "the same event again" if last is not None and last.wish.function != "apply":
                return stage.wish(last.wish.function, last.wish.event)
            case _:
                return stage.wish("rotation", scheduled(stage.cloud.now))

    def _event(self, pick: int) -> dict[str, Any]:
        """Return an ACM event about a current or earlier certificate of the function's account."""
        own = [arn for arn in self._known if arn.split(":")[4] == DEFAULT_ACCOUNT]
        own = [arn for arn in own if self._looked_after(arn)] or [self.life.world.planted[0].arn]
        arn = own[-1 - pick % len(own)]
        event = recorded(_EVENTS[pick % len(_EVENTS)])
        return {**event, "region": arn.split(":")[3], "resources": [arn]}

    def _looked_after(self, arn: str) -> bool:
        _, _, _, region, account, _ = arn.split(":", 5)
        return (account, region) in self.life.world.scopes


def _creation(pick: int) -> dict[str, Any]:
    events: Sequence[dict[str, Any]] = (
        {},
        {"wait_seconds": 60},
        {"alt_names": ["*.new.example.com"]},
        {"dry_run": True},
    )
    return events[pick % len(events)]
