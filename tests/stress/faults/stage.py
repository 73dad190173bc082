"""Where both functions run: one process, a simulated clock and an unreliable network.

Everything random comes from the seed, and nothing runs in parallel, so that a seed is reproducible:
the function's threads run one after another, on a clock that is set back in between.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import io
import itertools
import json
import logging
import os
import random
import traceback
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3.session
import botocore.session
from botocore.httpsession import URLLib3Session
from botocore.loaders import Loader
from botocore.retries.quota import RetryQuota
from botocore.retries.standard import ExponentialBackoff
from moto.moto_api._internal import mock_random

from certificate_lifecycle.app.deadline import Deadline
from certificate_lifecycle.aws.clients import Clients
from certificate_lifecycle.aws.pacing import Pacer
from certificate_lifecycle.cli.main import main
from certificate_lifecycle.handlers import creation, rotation
from certificate_lifecycle.handlers.config import CREATION_VARIABLES, ROTATION_VARIABLES
from certificate_lifecycle.handlers.context import LambdaClock, LambdaContext
from certificate_lifecycle.log import logger
from tests.embedded_aws.calls import Call
from tests.embedded_aws.certificates import Certificate
from tests.embedded_aws.cloud import Cloud
from tests.integration.invocation import (
    FUNCTION_ARN,
    LAMBDA_TIMEOUT,
    NOW,
    Context,
    KilledError,
)
from tests.stress.faults.network import Network, Traffic
from tests.stress.faults.weather import CALM, Storm, Weather

if TYPE_CHECKING:
    import pytest

HOME, ELSEWHERE = "eu-west-1", "us-east-1"
MEMBER = "222222222222"
EXTERNAL_ID = "x-1"
ROLE = f"arn:aws:iam::{MEMBER}:role/certificates"


def _apply(event: Any, _: LambdaContext) -> dict[str, Any]:  # noqa: ANN401 - as Lambda has it
    """Call `certificates apply` with the event as its arguments, and confirm."""
    return {"exit": main(["apply", "--yes", "--output", "json", *event])}


_HANDLERS: Mapping[str, Callable[[Any, LambdaContext], dict[str, Any]]] = {
    "apply": _apply,
    "creation": creation.lambda_handler,
    "rotation": rotation.lambda_handler,
}


class HangsError(BaseException):
    """A thread that was abandoned, because it waits for AWS until after its function has ended."""


class _StoppedError(KilledError):
    """Lambda stopped the function at its timeout."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A requested invocation, by a user or an event."""

    function: str
    event: Any
    request_id: str


@dataclass(slots=True, kw_only=True)
class Invocation:
    """One invocation and its results.

    `before` are the certificates at its start, `used` those with consumers, `printed` its standard
    output, and `said` everything that it wrote or raised. `inside` is whether it ran during another
    invocation, and `out_of_time` whether Lambda stopped it.
    """

    wish: Wish
    context: Context
    weather: Weather
    started: datetime
    before: Mapping[str, Certificate]
    used: frozenset[str]
    traffic: Traffic
    result: Mapping[str, Any] | None = None
    error: Exception | None = None
    inside: bool = False
    killed: bool = False
    out_of_time: bool = False
    ended: datetime | None = None
    records: list[logging.LogRecord] = field(default_factory=list)
    said: str = ""
    printed: str = ""

    @property
    def calls(self) -> Sequence[Call]:
        return [call for _, call in self.traffic.carried]

    @property
    def scopes(self) -> Sequence[Mapping[str, Any]]:
        """The accounts and regions of the run, as in its log."""
        (*_, found) = [(), *(vars(r)["scopes"] for r in self.records if hasattr(r, "scopes"))]
        scopes: Sequence[Mapping[str, Any]] = found
        return scopes

    @property
    def messages(self) -> list[Mapping[str, Any]]:
        """The documents of the messages that SNS accepted."""
        return [
            json.loads(json.loads(call.parameters["Message"])["sqs"])
            for call in self.calls
            if call.operation == "Publish" and call.error is None
        ]

    def logged(self, message: str) -> bool:
        return any(record.getMessage() == message for record in self.records)


class _Together(Executor):
    """A thread pool on the stage's clock: the threads run in sequence, each from the same time."""

    def __init__(self, stage: Stage, patience: timedelta | None) -> None:
        self._stage = stage
        self._begun = stage.cloud.now
        self._longest = timedelta()
        self._patience = patience

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:  # noqa: ANN401 - as the base class has it
        future: Future[Any] = Future()
        stage = self._stage
        stage.cloud.now = self._begun
        try:
            with stage.giving_up(self._patience):
                future.set_result(fn(*args, **kwargs))
        except HangsError:
            pass  # it never ends
        except Exception as error:  # noqa: BLE001 - what a thread raises is kept for who waits
            future.set_exception(error)
        self._longest = max(self._longest, stage.cloud.now - self._begun)
        stage.cloud.now = self._begun
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002 - as above
        del cancel_futures
        if wait:
            self.join()

    def join(self) -> None:
        """Set the clock to the end of the last thread."""
        self._stage.cloud.now = self._begun + self._longest


class _Heard(logging.Handler):
    """Stores the log, as text and with the fields of Lambda's JSON."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(logging.DEBUG)
        self._stage = stage

    def emit(self, record: logging.LogRecord) -> None:
        invocation = self._stage.invocation
        if invocation is not None:
            invocation.records.append(record)
            invocation.said += f"{self.format(record)} {vars(record)!r}\n"


class Stage:
    """Both functions and the command line, in one world after another."""

    def __init__(self, cloud: Cloud, patch: pytest.MonkeyPatch) -> None:
        self.cloud = cloud
        self.patch = patch
        self.network = Network(cloud, self.spend, self._overlap, self._interfere)
        self.invocation: Invocation | None = None
        #: Called with a number to execute another run during this one.
        self.overlap: Callable[[int], None] = lambda _: None
        #: Called with a number and the next operation to let another actor act.
        self.interfere: Callable[[int, str], None] = lambda *_: None
        #: The environment of the functions.
        self.variables: dict[str, str] = {}
        self._limits: list[tuple[datetime, type[BaseException]]] = []
        self._quotas: list[RetryQuota] = []
        self._pools: list[_Together] = []
        self._numbers = itertools.count(1)
        #: For the SDK's waits, independent of other random values in the process.
        self._jitter = random.Random()
        self._install()
        self.clients = self._kept_clients()

    # --- Worlds -----------------------------------------------------------------------------------

    def reset(self, seed: int) -> None:
        """Empty the world; `seed` determines everything after it."""
        self.cloud.reset()
        self.cloud.now = NOW
        self.network.reset()
        self._refill()
        self._numbers = itertools.count(1)
        rng = random.Random(seed)
        random.seed(seed)
        self._jitter.seed(seed)
        mock_random.seed(seed)
        self.patch.setattr(uuid, "uuid4", lambda: uuid.UUID(int=rng.getrandbits(128), version=4))
        dice = SimpleNamespace(token_bytes=rng.randbytes)
        self.patch.setattr("tests.embedded_aws.certificates.secrets", dice)
        self.variables.clear()
        for variable in (*CREATION_VARIABLES, *ROTATION_VARIABLES):
            self.patch.delenv(variable.name, raising=False)

    def set_up(self, **variables: str) -> None:
        """Set the environment of the functions."""
        self.variables |= variables
        for name, value in variables.items():
            self.patch.setenv(name, value)

    def wish(self, function: str, event: Any) -> Wish:  # noqa: ANN401 - an event may be anything
        return Wish(function=function, event=event, request_id=f"{function}-{next(self._numbers)}")

    # --- Invocations ------------------------------------------------------------------------------

    def invoke(self, wish: Wish, weather: Weather = CALM) -> Invocation:
        """Invoke a function like Lambda, without raising its errors."""
        estate = self.cloud.certificates
        certificates = estate.all()
        ends = self.cloud.now + LAMBDA_TIMEOUT
        arn = FUNCTION_ARN.format(name=wish.function)
        invocation = Invocation(
            wish=wish,
            context=Context(wish.request_id, arn, ends, self.cloud),
            weather=weather,
            started=self.cloud.now,
            before={certificate.arn: copy.copy(certificate) for certificate in certificates},
            used=frozenset(entry.arn for entry in certificates if estate.users(entry)),
            traffic=Traffic(Storm(weather)),
            inside=self.invocation is not None,
        )
        printed, complained = io.StringIO(), io.StringIO()
        with (
            self._on_stage(invocation, ends),
            contextlib.redirect_stdout(printed),
            contextlib.redirect_stderr(complained),
        ):
            try:
                invocation.result = _HANDLERS[wish.function](wish.event, invocation.context)
                # Lambda converts it to JSON.
                invocation.said += json.dumps(invocation.result)
            except KilledError as error:
                invocation.killed = True
                invocation.out_of_time = isinstance(error, _StoppedError)
                invocation.said += whole(error)
            except Exception as error:  # noqa: BLE001 - what was raised is what the tests look at
                invocation.error = error
                invocation.said += whole(error)
        invocation.printed = printed.getvalue()
        invocation.said += invocation.printed + complained.getvalue()
        invocation.ended = self.cloud.now
        return invocation

    @contextlib.contextmanager
    def _on_stage(self, invocation: Invocation, ends: datetime) -> Iterator[None]:
        network = self.network
        before = (self.invocation, network.traffic, self._limits, self._pools, network.operation)
        self.invocation, network.traffic, self._pools = invocation, invocation.traffic, []
        # The command line replaces the log handlers of its process.
        log = ([*logger.handlers], logger.propagate, logger.level)
        self._limits = [(ends, _StoppedError)]
        self._refill()
        self._forget_credentials()
        try:
            yield
        finally:
            self.invocation, network.traffic, self._limits, self._pools, network.operation = before
            logger.handlers[:], logger.propagate, level = log
            logger.setLevel(level)

    def _overlap(self, number: int) -> None:
        """Execute another run at the same time; on the clock, it takes no time."""
        now = self.cloud.now
        self.overlap(number)
        self.cloud.now = now

    def _interfere(self, number: int, operation: str) -> None:
        """Let another actor act before an operation; its calls take no time."""
        self.network.traffic = None
        self.interfere(number, operation)
        self.network.operation = operation

    # --- Time -------------------------------------------------------------------------------------

    def spend(self, seconds: float) -> None:
        """Advance the clock; waiting functions are stopped and threads abandoned at a timeout."""
        self.cloud.advance(seconds=seconds)
        if self._limits and self.cloud.now > self._limits[-1][0]:
            raise self._limits[-1][1]

    @contextlib.contextmanager
    def giving_up(self, patience: timedelta | None) -> Iterator[None]:
        """Abandon threads that wait too long, unless Lambda stops the function first."""
        limit = self._limits[0]
        if patience is not None and self.cloud.now + patience < limit[0]:
            limit = (self.cloud.now + patience, HangsError)
        self._limits.append(limit)
        try:
            yield
        finally:
            self._limits.pop()

    def function_time(self) -> datetime:
        """Return the time of the function's clock."""
        skew = self.invocation.weather.skew if self.invocation else timedelta()
        return self.cloud.now + skew

    # --- Taking the place of things ---------------------------------------------------------------

    def _install(self) -> None:
        patch, stage = self.patch, self
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        for name, value in self.cloud.environment().items():
            patch.setenv(name, value)
        patch.setenv("AWS_CONFIG_FILE", os.devnull)
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
        patch.setattr(URLLib3Session, "send", lambda _, request: stage.network.send(request))
        clock = SimpleNamespace(sleep=self.spend)
        patch.setattr("certificate_lifecycle.handlers.context.time", clock)
        patch.setattr("botocore.endpoint.time", clock)
        for name in ("creation", "rotation"):
            asked = f"certificate_lifecycle.handlers.{name}.current_time"
            patch.setattr(asked, self.function_time)
        patch.setattr("certificate_lifecycle.cli.session.current_time", self.function_time)
        terminal = "certificate_lifecycle.cli.interrupts.TerminalClock.sleep"
        patch.setattr(terminal, lambda _, seconds: self.spend(seconds))
        patch.setattr("certificate_lifecycle.app.rotation.ThreadPoolExecutor", self._pool)
        patch.setattr("certificate_lifecycle.app.rotation.wait", self._wait)
        patch.setattr("botocore.retries.quota.RetryQuota", self._quota)
        backoff = functools.partial(ExponentialBackoff, random=self._jitter.random)
        patch.setattr("botocore.retries.standard.ExponentialBackoff", backoff)

        class Listening(Pacer):
            """Records the next operation; waiting for request rates takes no time here."""

            def __call__(self, event_name: str, **_: Any) -> None:  # noqa: ANN401 - as the base class has it
                stage.network.operation = event_name.rpartition(".")[2]

        patch.setattr("certificate_lifecycle.aws.clients.Pacer", Listening)
        patch.setattr(logger, "handlers", [_Heard(self)])
        patch.setattr(logger, "level", logging.DEBUG)
        # A logger caches its enabled levels.
        patch.setattr(logger, "_cache", {})

    def _kept_clients(self) -> Clients:
        """Create the clients once, because that takes most of a run's time."""
        loader = Loader()

        def session(
            botocore_session: botocore.session.Session | None = None,
            region_name: str | None = None,
        ) -> boto3.session.Session:
            core = botocore_session or botocore.session.get_session()
            core.register_component("data_loader", loader)
            return boto3.session.Session(botocore_session=core, region_name=region_name)

        self.patch.setattr("certificate_lifecycle.aws.clients.boto3.Session", session)
        kept = Clients(HOME, {ROLE: EXTERNAL_ID})
        outside = "certificate_lifecycle.cli.aws.identity.session_of"
        self.patch.setattr(outside, lambda *_: kept.session)
        for place in ("aws.clients", "handlers.creation", "handlers.wiring"):
            self.patch.setattr(f"certificate_lifecycle.{place}.Clients", lambda *_, **__: kept)
        return kept

    def _forget_credentials(self) -> None:
        """Make each invocation assume its roles again, like new clients."""
        for session in self.clients._sessions.values():  # noqa: SLF001 - kept for the time it saves
            credentials: Any = session.get_credentials()
            credentials._frozen_credentials = None  # noqa: SLF001 - as above

    def _refill(self) -> None:
        """Reset the retry quota of the kept clients, like new clients."""
        for quota in self._quotas:
            quota.release(RetryQuota.INITIAL_CAPACITY)

    def _quota(self) -> RetryQuota:
        quota = RetryQuota()
        self._quotas.append(quota)
        return quota

    def _pool(self, _: int, thread_name_prefix: str) -> _Together:
        patience = None
        if thread_name_prefix == "scope" and self.invocation is not None:
            # The function signals this only when it starts to wait, which is too late here.
            clock = LambdaClock(self.invocation.context)
            patience = timedelta(seconds=Deadline(clock).patience())
        pool = _Together(self, patience)
        self._pools.append(pool)
        return pool

    def _wait(self, futures: Sequence[Future[Any]], timeout: float) -> None:
        """Advance the clock until the last thread ends; an abandoned one uses all of its time."""
        del futures, timeout
        self._pools[-1].join()


def whole(error: BaseException | None) -> str:
    """Return an error with its causes and contexts as text."""
    if error is None:
        return ""
    text = "".join(traceback.format_exception(error))
    return f"{text} {error!r} {vars(error)!r} {whole(error.__cause__ or error.__context__)}"
