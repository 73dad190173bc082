"""Responses of AWS: validated, complete and in UTC.

A response that lacks a member, or has it in another form, raises an error that names the operation.

A truncated response counts as a closed connection, and the call is retried.
The SDK does not compare a response with its announced length (botocore's `httpsession` switches
that check of urllib3 off): it reads half a JSON document as a response without members, and its
error about half an XML document quotes the document, which may contain credentials (AssumeRole).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import ClientError, ConnectionClosedError
from botocore.parsers import ResponseParserError
from botocore.utils import parse_timestamp

from certificate_lifecycle.model.errors import (
    CertificateNotFoundError,
    UnexpectedResponseError,
)
from certificate_lifecycle.model.scope import parse_arn

if TYPE_CHECKING:
    import boto3
    from botocore.awsrequest import AWSPreparedRequest, AWSResponse

T = TypeVar("T")

#: Errors about a missing or wrong member that name it and quote no value.
_NAMING = (AttributeError, IndexError, KeyError, TypeError)
#: Errors that may quote a value or the whole response, such as the page of a proxy.
_QUOTING = (OverflowError, ResponseParserError, ValueError)
#: Every error that a missing or wrong member can cause.
MISREAD = (*_NAMING, *_QUOTING)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LENGTH = "content-length"


@contextmanager
def validated_response(operation: str) -> Iterator[None]:
    """Raise UnexpectedResponseError for a response that cannot be read.

    The error quotes no value, nor does its cause: a cause that may quote one is dropped.
    A generator needs this as a block, because calling a generator reads nothing yet.
    """
    try:
        yield
    except MISREAD as error:
        reason = f"it has no {error}" if isinstance(error, KeyError) else "a value has a wrong form"
        raise UnexpectedResponseError(f"unexpected response of {operation}: {reason}") from (
            error if isinstance(error, _NAMING) else None
        )


def error_code(error: ClientError) -> str:
    """Return the code of an error response."""
    return error.response["Error"]["Code"]


def unless(codes: str | tuple[str, ...], call: Callable[[], T]) -> T | None:
    """Return the response of a call; None if it fails with one of the error codes."""
    try:
        return call()
    except ClientError as error:
        if error_code(error) not in (codes if isinstance(codes, tuple) else (codes,)):
            raise
        return None


def paginated(client: Any, operation: str, member: str, **parameters: Any) -> Iterator[Any]:  # noqa: ANN401 - any client of boto3
    """Yield the entries of a list operation, of all its pages."""
    for page in client.get_paginator(operation).paginate(**parameters):
        yield from page[member]


@contextmanager
def existing(arn: str, code: str = "ResourceNotFoundException") -> Iterator[None]:
    """Raise CertificateNotFoundError in place of the service's error about a missing resource."""
    try:
        yield
    except ClientError as error:
        if error_code(error) != code:
            raise
        raise CertificateNotFoundError(f"{arn} does not exist") from error


def arn_in(answer: Mapping[str, Any], name: str) -> str:
    """Return the ARN under a name; raises KeyError or ValueError for anything else."""
    return parse_arn(answer[name])


def utc(moment: datetime | None) -> datetime | None:
    """Return a time of a response in UTC; a time without a zone already is in UTC."""
    if moment is None:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def in_utc(session: boto3.Session) -> None:
    """Let the clients of a session read times in UTC.

    The SDK converts them to the zone of the machine, which fails for the last day of 9999, the end
    of certificates without an expiry (RFC 5280 section 4.1.2.5).
    """
    parsers = session._session.get_component("response_parser_factory")  # noqa: SLF001 - boto3 has no public way
    parsers.set_parser_defaults(timestamp_parser=_timestamp)


def _timestamp(value: Any) -> datetime:  # noqa: ANN401 - a number or a text
    try:
        return _EPOCH + timedelta(seconds=float(value))
    except ValueError:
        return parse_timestamp(value).astimezone(UTC)


def require_whole_answers(client: Any) -> None:  # noqa: ANN401 - any client of boto3
    """Let a client treat a truncated response as a closed connection, which the SDK retries."""
    session = client._endpoint.http_session  # noqa: SLF001 - no event lets a handler fail an answer
    send = session.send

    def send_and_compare(request: AWSPreparedRequest) -> AWSResponse:
        response: AWSResponse = send(request)
        if _ended_early(request, response):
            raise ConnectionClosedError(endpoint_url=request.url)
        return response

    session.send = send_and_compare


def _ended_early(request: AWSPreparedRequest, response: AWSResponse) -> bool:
    """Whether a response is shorter than announced; a stream is compared by its reader."""
    announced = response.headers.get(_LENGTH)
    if announced is None or request.stream_output or request.method == "HEAD":
        return False
    return len(response.content) < int(announced)
