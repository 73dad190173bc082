"""The network between the functions and the embedded AWS, with injected faults.

It replaces the SDK's HTTP session, so that retries, signatures and parsing are the SDK's own, and
thousands of runs need no socket.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ConnectionClosedError, ConnectTimeoutError, ReadTimeoutError

from tests.embedded_aws.calls import Call
from tests.embedded_aws.cloud import Cloud
from tests.embedded_aws.in_process import (
    Body,
    carry,
    content_of,
    environ_of,
    response_to,
    text_of,
)
from tests.embedded_aws.principals import caller
from tests.embedded_aws.protocol import credential_of
from tests.integration.invocation import KilledError
from tests.stress.faults.weather import Attempt, Fault, Kind, Storm

#: The normal duration of a call, and the functions' timeouts for connections and answers, see
#: `aws/clients.py`.
CALL_SECONDS, CONNECT_SECONDS, READ_SECONDS = 0.03, 5.0, 20.0
#: How long a read may be stale, and a new certificate unknown to ACM.
STALE_FOR, UNKNOWN_FOR = timedelta(seconds=60), timedelta(seconds=8)
OURS = "certificate-lifecycle"
#: Members of requests that an error may quote.
SECRETIVE = frozenset({"ExportCertificate", "ImportCertificate", "PutSecretValue"})
_CREDENTIALS = re.compile(rb"<(?:SecretAccessKey|SessionToken)>([^<]+)<")
#: Signing names of the services with a JSON protocol.
_JSON = frozenset(
    {
        *("acm", "acm-pca", "amplify", "cognito-idp", "dynamodb", "events"),
        *("secretsmanager", "ssm"),
    }
)
_THROTTLINGS = {
    "apigateway": "TooManyRequestsException",
    "cognito-idp": "TooManyRequestsException",
    "dynamodb": "ProvisionedThroughputExceededException",
    "s3": "SlowDown",
}
_PAGE = b"<html><body><h1>502 Bad Gateway</h1></body></html>"
_BROKEN = (
    (500, "InternalFailure"),
    (500, "InternalServerError"),
    (503, "ServiceUnavailable"),
    (504, "GatewayTimeout"),
)


@dataclass(slots=True)
class Traffic:
    """The calls of one run.

    `carried` are those that reached AWS, `lost` those whose last attempt failed for the function,
    even if AWS executed it; both by the SDK's id of a call.
    """

    storm: Storm
    carried: list[tuple[str, Call]] = field(default_factory=list)
    lost: dict[str, tuple[Attempt, Kind]] = field(default_factory=dict)
    struck: Counter[Kind] = field(default_factory=Counter)


class Network:
    """Passes each attempt to the embedded AWS, unless a fault prevents it.

    `spend` advances the clock, `overlap` starts another run, `interfere` lets another actor act.
    `secrets` are the credentials that AWS has returned.
    """

    def __init__(
        self,
        cloud: Cloud,
        spend: Callable[[float], None],
        overlap: Callable[[int], None],
        interfere: Callable[[int, str], None],
    ) -> None:
        self._cloud = cloud
        self._spend = spend
        self._overlap = overlap
        self._interfere = interfere
        #: Called with each call of the program after its effect.
        self.watch: Callable[[Call], None] = lambda _: None
        #: The current run; calls of the harness belong to no run and are undisturbed.
        self.traffic: Traffic | None = None
        #: The operation of the next request, which the request itself does not contain.
        self.operation = ""
        self.reset()

    def reset(self) -> None:
        self.secrets: set[str] = set()
        self._answers: defaultdict[tuple[object, ...], list[tuple[datetime, AWSResponse]]] = (
            defaultdict(list)
        )

    def send(self, request: AWSPreparedRequest) -> AWSResponse:
        """Answer or fail like the SDK's HTTP session."""
        traffic = self.traffic
        if traffic is None or OURS not in text_of(request.headers.get("User-Agent", "")):
            return self._carry(request)
        attempt = self._attempt(request)
        self._spend(CALL_SECONDS)
        fault = traffic.storm.strike(attempt)
        response = self._struck(request, attempt, fault, traffic) if fault else None
        if response is None:
            response = self._reach(request, attempt, traffic)
            traffic.lost.pop(attempt.call, None)
        return response

    # --- Faults -----------------------------------------------------------------------------------

    def _struck(
        self, request: AWSPreparedRequest, attempt: Attempt, fault: Fault, traffic: Traffic
    ) -> AWSResponse | None:
        """Apply a fault; None if it does not change the answer."""
        if fault.kind is Kind.STALE:
            stale = self._stale(request, attempt)
            if stale is not None:
                traffic.struck[fault.kind] += 1
                traffic.lost.pop(attempt.call, None)
            return stale
        if fault.kind in {Kind.OVERLAPPED, Kind.INTERFERED}:
            self._insert(fault, attempt, traffic)
            return None
        if fault.kind is Kind.HALF_READ:
            return self._cut_short(request, attempt, fault, traffic)
        if fault.late:
            self._reach(request, attempt, traffic)
        traffic.struck[fault.kind] += 1
        traffic.lost[attempt.call] = (attempt, fault.kind)
        url = request.url
        match fault.kind:
            case Kind.KILLED:
                raise KilledError
            case Kind.UNREACHABLE:
                self._spend(CONNECT_SECONDS)
                raise ConnectTimeoutError(endpoint_url=url)
            case Kind.UNANSWERED | Kind.HANGING:
                self._spend(READ_SECONDS)
                raise ReadTimeoutError(endpoint_url=url)
            case Kind.RESET:
                raise ConnectionClosedError(endpoint_url=url)
            case _:
                return self._refused(request, attempt, fault, traffic)

    def _insert(self, fault: Fault, attempt: Attempt, traffic: Traffic) -> None:
        """Let another run or actor act before an attempt.

        What another actor changes is not read stale: no program could protect that.
        No run begins inside AssumeRole: the runs share the sessions, and this one is locked.
        """
        if fault.kind is Kind.OVERLAPPED and attempt.operation == "AssumeRole":
            return
        traffic.struck[fault.kind] += 1
        if fault.kind is Kind.OVERLAPPED:
            self._overlap(fault.choice)
        else:
            self._interfere(fault.choice, attempt.operation)
            self._answers.clear()
        self.traffic = traffic

    def _cut_short(
        self, request: AWSPreparedRequest, attempt: Attempt, fault: Fault, traffic: Traffic
    ) -> AWSResponse:
        """Return part of the answer, unless it is empty."""
        whole = self._reach(request, attempt, traffic)
        if not whole.content:
            traffic.lost.pop(attempt.call, None)
            return whole
        traffic.struck[fault.kind] += 1
        traffic.lost[attempt.call] = (attempt, fault.kind)
        return _half(whole, fault.choice)

    def _refused(
        self, request: AWSPreparedRequest, attempt: Attempt, fault: Fault, traffic: Traffic
    ) -> AWSResponse:
        """Return an error in the form of the service or of a proxy."""
        if fault.kind is Kind.BROKEN and fault.choice % 5 == 0:
            return response_to(request, 502, {"Content-Type": "text/html"}, _PAGE)
        status, code, text = _refusal(attempt, fault)
        if attempt.operation in SECRETIVE and fault.kind in {Kind.BROKEN, Kind.THROTTLED}:
            text = f"{text} {_sent(request)}"
        self._cloud.fail("*", "*", code, text, times=None, status=status)
        try:
            return self._reach(request, attempt, traffic)
        finally:
            self._cloud.clear_failures()

    def _stale(self, request: AWSPreparedRequest, attempt: Attempt) -> AWSResponse | None:
        """Return an earlier answer to the same request, if there is one; pages are never mixed."""
        if not attempt.reads or attempt.service in {"dynamodb", "sts"}:
            return None
        if attempt.operation == "DescribeCertificate" and self._is_unknown(request):
            return response_to(
                request,
                400,
                {"Content-Type": "application/x-amz-json-1.1"},
                b'{"__type": "ResourceNotFoundException", "message": "Could not find it yet."}',
            )
        since = self._cloud.now - STALE_FOR
        answers = [each for moment, each in self._answers[_key(request, attempt)] if moment > since]
        if not answers:
            return None
        found = answers[0]
        return None if b"NextToken" in found.content else found

    def _is_unknown(self, request: AWSPreparedRequest) -> bool:
        arn = json.loads(content_of(request.body)).get("CertificateArn")
        known = {entry.arn: entry for entry in self._cloud.certificates.all()}
        return arn in known and self._cloud.now - known[arn].created_at < UNKNOWN_FOR

    # --- AWS --------------------------------------------------------------------------------------

    def _attempt(self, request: AWSPreparedRequest) -> Attempt:
        credential = credential_of(text_of(request.headers.get("Authorization", "")))
        if credential is None:
            raise ValueError(f"{self.operation} is not signed")
        return Attempt(
            call=text_of(request.headers["amz-sdk-invocation-id"]),
            service=credential.service,
            operation=self.operation,
            region=credential.region,
            account=caller(credential.access_key).account,
        )

    def _reach(
        self, request: AWSPreparedRequest, attempt: Attempt, traffic: Traffic
    ) -> AWSResponse:
        """Let AWS answer, and store the request and the answer for later stale reads."""
        self._cloud.forget_calls()
        response = self._carry(request)
        for call in self._cloud.calls:
            traffic.carried.append((attempt.call, call))
            self.watch(call)
        if attempt.operation == "AssumeRole":
            self.secrets.update(map(text_of, _CREDENTIALS.findall(response.content)))
        if attempt.reads and response.status_code < 300:
            self._answers[_key(request, attempt)].append((self._cloud.now, response))
        return response

    def _carry(self, request: AWSPreparedRequest) -> AWSResponse:
        environ = environ_of(request)
        # Without the SDK's id, two attempts are two calls.
        environ.pop("HTTP_AMZ_SDK_INVOCATION_ID", None)
        return carry(self._cloud.application, request, environ)


def _half(whole: AWSResponse, choice: int) -> AWSResponse:
    """Truncate an answer without changing its announced length."""
    content = whole.content[: len(whole.content) * (choice % 100) // 100]
    headers = HTTPHeaders.from_dict(dict(whole.headers))
    return AWSResponse(whole.url, whole.status_code, headers, Body(content))


def _refusal(attempt: Attempt, fault: Fault) -> tuple[int, str, str]:
    """Return the status, code and message with which a service rejects."""
    plain = attempt.service in _JSON
    match fault.kind:
        case Kind.THROTTLED:
            code = "ThrottlingException" if plain else "Throttling"
            return 400, _THROTTLINGS.get(attempt.service, code), "Rate exceeded."
        case Kind.BROKEN:
            status, code = _BROKEN[fault.choice % len(_BROKEN)]
            return status, code, "We encountered an internal error."
        case Kind.EXPIRED:
            code = "ExpiredTokenException" if plain else "ExpiredToken"
            return 403, code, "The security token included in the request is expired."
        case Kind.CONFLICT:
            return 400, "TransactionConflictException", "Transaction is ongoing for the item."
        case _:
            code = "AccessDeniedException" if plain else "AccessDenied"
            denied = "AuthorizationError" if attempt.service == "sns" else code
            return 403, denied, f"Not authorized to perform {attempt.operation}."


def _key(request: AWSPreparedRequest, attempt: Attempt) -> tuple[object, ...]:
    return (attempt.client, attempt.operation, request.url, content_of(request.body))


def _sent(request: AWSPreparedRequest) -> str:
    """Return the request as a service would quote it, decoded."""
    values = json.loads(content_of(request.body)).values()
    return " ".join(_decoded(value) for value in values if isinstance(value, str))


def _decoded(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return value
