"""Public DNS through resolvers that answer in JSON over HTTPS.

Every query goes to all resolvers, and only the answer that they agree on is known. A query is sent
once in a run; its TLS certificates are verified, redirects are not followed, and answers are
limited in size. Every failure is an answer with a reason, not an error.
"""

from __future__ import annotations

import http.client
import ssl
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, wait
from concurrent.futures import TimeoutError as WaitTimeoutError
from dataclasses import dataclass
from time import monotonic
from typing import Any, cast
from urllib.parse import urlencode, urlsplit

from certificate_lifecycle.model.dns_names import dns_form
from certificate_lifecycle.model.errors import kind_of
from certificate_lifecycle.model.public_dns import DnsAnswer, RecordType
from certificate_lifecycle.model.sanitize import clean
from certificate_lifecycle.policy.public_dns import (
    SIGNED_NAME,
    Reply,
    ReplyState,
    ResolverReplies,
    combined,
    is_public_name,
    parse_reply,
    unknown,
    unusable,
)

#: Limits of a run: different queries, and seconds in which answers are awaited.
MAX_QUERIES = 6_000
MAX_SECONDS = 120.0
#: For a connection, and for a whole exchange.
_CONNECT_SECONDS, _EXCHANGE_SECONDS = 3.0, 5.0
#: For the first query to each resolver; without an answer, no further query is sent.
_FIRST_SECONDS = 5.0
#: Failures in a row after which a resolver is not queried again.
_MOST_FAILURES = 3
_MAX_BYTES = 65_536
_WORKERS = 8
#: Seconds that a worker keeps its connections without a query.
_IDLE_SECONDS = 0.5
_LONGEST_REASON = 200
#: A resolver that answers nothing may validate DNSSEC or not.
_NO_PROOF = (ReplyState.FAILED, ReplyState.UNUSABLE)
_NO_TIME = "the time for public DNS is used up"
_TOO_MANY, _SERVER_ERROR = 429, 500

Question = tuple[str, RecordType]


class TransportError(Exception):
    """A resolver gave no document; `temporary` if another query may succeed."""

    def __init__(self, reason: str, *, temporary: bool = True) -> None:
        super().__init__(reason)
        self.temporary = temporary


class _DeadlineSocket(ssl.SSLSocket):
    """A connection that is read until a deadline, however slowly the other side sends."""

    deadline: float | None = None

    def recv_into(self, *args: Any, **kwargs: Any) -> int:  # noqa: ANN401 - passed on
        """Read; raises TimeoutError after the deadline."""
        if self.deadline is not None:
            left = self.deadline - monotonic()
            if left <= 0:
                raise TimeoutError("the answer took too long")
            self.settimeout(left)
        return super().recv_into(*args, **kwargs)


def client_context() -> ssl.SSLContext:
    """Return the context of a client that verifies certificates and has a deadline."""
    context = ssl.create_default_context()
    context.sslsocket_class = _DeadlineSocket
    return context


class Connection:
    """One kept connection to one resolver; used by one thread at a time."""

    def __init__(self, url: str, context: ssl.SSLContext | None) -> None:
        address = urlsplit(url)
        self._path = address.path or "/"
        self._http = http.client.HTTPSConnection(
            address.netloc, timeout=_CONNECT_SECONDS, context=context
        )

    def close(self) -> None:
        """Close the connection; a later query opens another one."""
        self._http.close()

    def get(self, parameters: dict[str, str]) -> bytes:
        """Return the document that answers a query; raises TransportError.

        The query is repeated once if a kept connection fails: the resolver may have closed it.
        """
        deadline = monotonic() + _EXCHANGE_SECONDS
        for is_kept in (self._http.sock is not None, False):
            try:
                return self._exchange(parameters, deadline)
            except (OSError, http.client.HTTPException) as error:
                self.close()
                if not is_kept:
                    raise TransportError(_cause(error)) from error
        raise AssertionError  # the second attempt returns or raises

    def _exchange(self, parameters: dict[str, str], deadline: float) -> bytes:
        if self._http.sock is None:
            self._http.connect()
        cast("_DeadlineSocket", self._http.sock).deadline = deadline
        self._http.request(
            "GET",
            f"{self._path}?{urlencode(parameters)}",
            headers={"Accept": "application/dns-json", "User-Agent": "certificate-lifecycle"},
        )
        response = self._http.getresponse()
        if response.status != http.client.OK:
            self.close()
            temporary = response.status == _TOO_MANY or response.status >= _SERVER_ERROR
            raise TransportError(f"HTTP status {response.status}", temporary=temporary)
        body = response.read(_MAX_BYTES + 1)
        if len(body) > _MAX_BYTES:
            self.close()
            raise TransportError(f"its answer is longer than {_MAX_BYTES} bytes", temporary=False)
        return body


def _cause(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ssl.SSLCertVerificationError):
        return clean(f"its TLS certificate is not valid: {error.verify_message}", _LONGEST_REASON)
    return clean(f"no connection: {str(error) or kind_of(error)}", _LONGEST_REASON)


@dataclass(slots=True)
class _Budget:
    """The seconds in which answers were awaited; `HttpsDns` locks it."""

    limit: float
    spent: float = 0.0
    waiting: int = 0
    since: float = 0.0

    def start(self) -> None:
        """Count a query that is sent."""
        if not self.waiting:
            self.since = monotonic()
        self.waiting += 1

    def end(self) -> None:
        """Count a query that is answered."""
        self.waiting -= 1
        if not self.waiting:
            self.spent += monotonic() - self.since

    def left(self) -> float:
        """Return the seconds that are left."""
        running = monotonic() - self.since if self.waiting else 0.0
        return self.limit - self.spent - running


class HttpsDns:
    """Public DNS through all of `resolvers`, which are URLs; threads may share it.

    `remaining` returns the seconds that the run has left for DNS.
    Each resolver first has to prove that it validates DNSSEC: it authenticates the SOA record of
    `signed_name`. If one does not, or fails repeatedly, every further answer of this run is
    unknown. Tests set `signed_name` and `max_seconds`.
    """

    def __init__(
        self,
        resolvers: Sequence[str],
        remaining: Callable[[], float],
        *,
        signed_name: str = SIGNED_NAME,
        max_seconds: float = MAX_SECONDS,
    ) -> None:
        self._resolvers = {urlsplit(url).netloc: url for url in resolvers}
        self._remaining = remaining
        self._signed_name = signed_name
        self._changed = threading.Condition()
        self._answers: dict[Question, Future[DnsAnswer]] = {}
        self._waiting: deque[Question] = deque()
        self._workers = 0
        self._sent = 0
        self._budget = _Budget(max_seconds)
        self._failures = dict.fromkeys(self._resolvers, 0)
        self._proofs: dict[Future[None], str] = {}
        #: Why no further query is sent.
        self._stopped = ""
        self._context: ssl.SSLContext | None = None

    def prefetch(self, questions: Iterable[tuple[str, RecordType]]) -> None:
        """Send queries in parallel; `ask` returns their answers."""
        for name, record_type in questions:
            self._send((dns_form(name), record_type))

    def ask(self, name: str, record_type: RecordType) -> DnsAnswer:
        """Return the answer to a query, which is sent once; never raises for a failure of DNS."""
        question = dns_form(name), record_type
        answer = self._send(question)
        with self._changed:
            seconds = min(self._budget.left(), self._remaining())
        try:
            return answer.result(timeout=max(0.0, seconds))
        except WaitTimeoutError:
            self._stop(_NO_TIME)
            return unknown(*question, self._stopped)

    def _send(self, question: Question) -> Future[DnsAnswer]:
        with self._changed:
            if question in self._answers:
                return self._answers[question]
            reason = self._not_sent(question[0])
            answer = self._answers[question] = Future()
            if reason:
                answer.set_result(unknown(*question, reason))
                return answer
            if not self._sent:
                self._context = client_context()
                for resolver in self._resolvers:
                    proof: Future[None] = Future()
                    self._proofs[proof] = resolver
                    self._start(self._prove, resolver, proof)
            self._sent += 1
            self._budget.start()
            self._waiting.append(question)
            self._changed.notify()
            if self._workers < _WORKERS:
                self._workers += 1
                self._start(self._work)
        return answer

    def _start(self, target: Callable[..., None], *arguments: object) -> None:
        """Start a thread that does not keep the process alive: an address lookup may hang."""
        threading.Thread(target=target, args=arguments, daemon=True).start()

    def _not_sent(self, name: str) -> str:
        """Return why a query for `name` is not sent."""
        if not is_public_name(name):
            return "not a public name"
        if self._sent >= MAX_QUERIES:
            return f"the limit of {MAX_QUERIES} queries in a run is reached"
        if min(self._budget.left(), self._remaining()) <= 0:
            return self._stopped or _NO_TIME
        return self._stopped

    def _stop(self, reason: str) -> None:
        """Send no further query in this run, and await no answer; the first reason counts."""
        with self._changed:
            self._stopped = self._stopped or reason
            for question, answer in self._answers.items():
                if not answer.done():
                    answer.set_result(unknown(*question, self._stopped))

    def _work(self) -> None:
        connections = self._connections(self._resolvers)
        wait(self._proofs, timeout=_FIRST_SECONDS)
        for proof, resolver in self._proofs.items():
            if not proof.done():
                self._stop(f"{resolver}: no answer to the first query in time")
        while (question := self._next()) is not None:
            found: DnsAnswer | Exception
            try:
                found = self._answer(question, connections)
            except Exception as error:  # noqa: BLE001 - raised by `ask`
                found = error
            self._settle(self._answers[question], found)
        for connection in connections.values():
            connection.close()

    def _settle(self, answer: Future[DnsAnswer], found: DnsAnswer | Exception) -> None:
        """End a query; without effect on its answer if the queries were stopped meanwhile."""
        with self._changed:
            self._budget.end()
            if answer.done():
                return
            if isinstance(found, Exception):
                answer.set_exception(found)
            else:
                answer.set_result(found)

    def _next(self) -> Question | None:
        """Return the next question; None if the worker has to end."""
        with self._changed:
            if self._changed.wait_for(lambda: self._waiting, timeout=_IDLE_SECONDS):
                return self._waiting.popleft()
            self._workers -= 1
            return None

    def _connections(self, resolvers: Iterable[str]) -> dict[str, Connection]:
        return {name: Connection(self._resolvers[name], self._context) for name in resolvers}

    def _prove(self, resolver: str, proof: Future[None]) -> None:
        """Stop unless a resolver proves in one of two queries that it validates DNSSEC."""
        connection = self._connections([resolver])[resolver]
        for _ in range(2):
            reply = self._reply(resolver, connection, (self._signed_name, RecordType.SOA))
            if reply.state not in _NO_PROOF:
                break
        if reply.state in _NO_PROOF:
            self._stop(f"{resolver}: {reply.reason or 'it fails to answer the first query'}")
        elif not reply.authenticated:
            self._stop(f"{resolver} does not validate DNSSEC")
        connection.close()
        proof.set_result(None)

    def _answer(self, question: Question, connections: Mapping[str, Connection]) -> DnsAnswer:
        replies = []
        for resolver, connection in connections.items():
            if self._stopped:
                return unknown(*question, self._stopped)
            checked = self._reply(resolver, connection, question)
            unchecked = None
            if checked.state is ReplyState.FAILED:
                unchecked = self._reply(resolver, connection, question, checked=False)
            replies.append(ResolverReplies(resolver, checked, unchecked))
            if checked.state is ReplyState.UNUSABLE:
                break
        return combined(*question, replies)

    def _reply(
        self, resolver: str, connection: Connection, question: Question, *, checked: bool = True
    ) -> Reply:
        name, record_type = question
        parameters = {"name": name, "type": record_type.value}
        if not checked:
            parameters["cd"] = "1"
        try:
            body = connection.get(parameters)
        except TransportError as error:
            if error.temporary:
                self._count_failure(resolver, str(error))
            return unusable(str(error))
        self._failures[resolver] = 0
        return parse_reply(name, record_type, body, checked=checked)

    def _count_failure(self, resolver: str, reason: str) -> None:
        with self._changed:
            self._failures[resolver] += 1
            if self._failures[resolver] >= _MOST_FAILURES:
                self._stop(f"{resolver} failed {_MOST_FAILURES} times in a row: {reason}")
