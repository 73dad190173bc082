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
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

import botocore
import botocore.session
from botocore.exceptions import ClientError, ConnectionClosedError
from botocore.parsers import ResponseParserError
from botocore.utils import parse_timestamp

from certificate_lifecycle.log import logger
from certificate_lifecycle.model.errors import CertificateNotFoundError, UnexpectedResponseError
from certificate_lifecycle.model.scope import parse_arn

if TYPE_CHECKING:
    from botocore.model import OperationModel

T = TypeVar("T")

#: Codes of a call that IAM denies, in JSON and in XML services.
DENIED = frozenset({"AccessDenied", "AccessDeniedException"})

#: Errors about a missing or wrong member that name it and quote no value.
_NAMING = (AttributeError, IndexError, KeyError, TypeError)
#: Errors that may quote a value or the whole response, such as the page of a proxy.
_QUOTING = (OverflowError, ResponseParserError, ValueError)
#: Every error that a missing or wrong member can cause.
MISREAD = (*_NAMING, *_QUOTING)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LENGTH = "content-length"
#: Marks a truncated response until its last attempt.
_TRUNCATED = "certificate-lifecycle:Truncated"


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


def paginated(
    client: Any,  # noqa: ANN401 - any client of boto3
    operation: str,
    member: str,
    *,
    required: bool = False,
    **parameters: Any,  # noqa: ANN401 - those of the operation
) -> Iterator[Any]:
    """Yield the entries of a list operation, of all its pages.

    A page without the member is empty, as API Gateway may answer
    (https://github.com/aws/aws-sdk-js/issues/1416). With `required` it raises KeyError: an
    inventory must never take a response that it cannot read for one without entries. That is for
    every member that the model of the service requires, or that a decision relies on.
    """
    for page in client.get_paginator(operation).paginate(**parameters):
        yield from page[member] if required else page.get(member, ())


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


def in_utc(core: botocore.session.Session) -> None:
    """Let the clients of a session read times in UTC.

    The SDK converts them to the zone of the machine, which fails for the last day of 9999, the end
    of certificates without an expiry (RFC 5280 section 4.1.2.5).
    """
    parsers = core.get_component("response_parser_factory")
    parsers.set_parser_defaults(timestamp_parser=_timestamp)


def _timestamp(value: Any) -> datetime:  # noqa: ANN401 - a number or a text
    try:
        return _EPOCH + timedelta(seconds=float(value))
    except ValueError:
        return parse_timestamp(value).astimezone(UTC)


def require_whole_answers(client: Any) -> None:  # noqa: ANN401 - any client of boto3
    """Let a client treat a truncated response as a closed connection, which the SDK retries."""
    check = _WholeAnswers(client.meta.endpoint_url)
    client.meta.events.register("before-parse", check.before_parse)
    client.meta.events.register("response-received", check.received)
    client.meta.events.register("after-call", check.after_call)


class _WholeAnswers:
    """Finds truncated responses before the SDK reads them.

    An event handler cannot fail a response so that it is retried. The response is made one of a
    server that timed out, and after the last attempt a closed connection.
    """

    def __init__(self, endpoint_url: str) -> None:
        self._endpoint_url = endpoint_url
        self._checked = False

    def before_parse(
        self,
        operation_model: OperationModel,
        response_dict: dict[str, Any],
        customized_response_dict: dict[str, Any],
        **_: object,
    ) -> None:
        """Replace a truncated response by an error that the SDK retries."""
        self._checked = True
        if _ended_early(operation_model, response_dict):
            response_dict["status_code"], response_dict["body"] = 503, b""
            customized_response_dict["Error"] = {"Code": "RequestTimeout", "Message": "truncated"}
            customized_response_dict[_TRUNCATED] = True

    def received(self, response_dict: Mapping[str, Any] | None, **_: object) -> None:
        """Log if this SDK does not call `before_parse`."""
        if response_dict is not None and not self._checked:
            report_unchecked()

    def after_call(self, parsed: Mapping[str, Any], **_: object) -> None:
        """Raise ConnectionClosedError after the last attempt."""
        if parsed.get(_TRUNCATED):
            raise ConnectionClosedError(endpoint_url=self._endpoint_url)


@cache
def report_unchecked() -> None:
    """Log once that this SDK does not show responses before it reads them."""
    logger.warning(
        "truncated responses are not noticed: the SDK has no event before-parse",
        extra={"botocore": botocore.__version__},
    )


def _ended_early(operation: OperationModel, response: Mapping[str, Any]) -> bool:
    """Whether a response is shorter than announced; a stream is compared by its reader."""
    announced, body = response["headers"].get(_LENGTH), response["body"]
    if announced is None or not isinstance(body, bytes) or operation.http.get("method") == "HEAD":
        return False
    return len(body) < int(announced)
