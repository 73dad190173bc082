"""What AWS answers, read with the doubt that it deserves: services change without asking us.

What an answer lacks, or has in another form, is told as that: a KeyError would tell nobody whose
fault it is.

What ended early is a failure, and is asked for again: the SDK does not compare an answer with the
length that its header announces (botocore's `httpsession` has urllib3 leave that out). Of half a
JSON document it makes an answer without any members, in which a certificate has no tags, a secret
no value and a domain no certificate; and its error about half an XML document quotes that document,
which for AssumeRole holds the credentials.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ConnectionClosedError
from botocore.parsers import ResponseParserError
from botocore.utils import parse_timestamp

from certificate_lifecycle.model.errors import UnexpectedResponseError
from certificate_lifecycle.model.scope import parse_arn

if TYPE_CHECKING:
    import boto3
    from botocore.awsrequest import AWSPreparedRequest, AWSResponse

#: What reading an answer may fail with that names members and types, and quotes no value.
_NAMING = (AttributeError, IndexError, KeyError, TypeError)
#: What may quote a value, or the whole answer: the SDK's own error does for what is no XML, such as
#: the page of a proxy, and Python's for what is no UTF-8.
_QUOTING = (OverflowError, ResponseParserError, ValueError)
#: Whatever reading a value may fail with that is missing, or is not what it should be.
MISREAD = (*_NAMING, *_QUOTING)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LENGTH = "content-length"


@contextmanager
def validated_response(operation: str) -> Iterator[None]:
    """Raise AnswerNotUnderstoodError for an answer that cannot be read; it quotes nothing of it.

    Nor does what a log shows with it: a cause that may quote the answer is cut off.
    In a generator this has to be a block, since calling one reads nothing yet.
    """
    try:
        yield
    except MISREAD as error:
        why = (
            f"it has no {error}"
            if isinstance(error, KeyError)
            else "a value is not what it should be"
        )
        raise UnexpectedResponseError(f"the answer of {operation} is not understood: {why}") from (
            error if isinstance(error, _NAMING) else None
        )


def arn_in(answer: Mapping[str, Any], name: str) -> str:
    """Return the ARN under a name; raises KeyError or ValueError for what is none."""
    return parse_arn(answer[name])


def utc(moment: datetime | None) -> datetime | None:
    """Return a moment of an answer in UTC, which one without a zone is in already."""
    if moment is None:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def in_utc(session: boto3.Session) -> None:
    """Let the clients of a session read moments in UTC.

    The SDK reads them in the zone of the machine, where the end of 9999, which certificates have
    that shall never end (RFC 5280 section 4.1.2.5), may lie in a year that no calendar has.
    """
    parsers = session._session.get_component("response_parser_factory")  # noqa: SLF001 - boto3 offers no other way to it
    parsers.set_parser_defaults(timestamp_parser=_moment)


def _moment(value: Any) -> datetime:  # noqa: ANN401 - a number or a text
    try:
        return _EPOCH + timedelta(seconds=float(value))
    except ValueError:
        return parse_timestamp(value).astimezone(UTC)


def require_whole_answers(client: Any) -> None:  # noqa: ANN401 - any client of boto3
    """Let a client treat an answer that ended early as a connection that was closed too early.

    Such a call is made again, as often as one whose connection was reset.
    """
    session = client._endpoint.http_session  # noqa: SLF001 - no event lets a handler fail an answer
    send = session.send

    def send_and_compare(request: AWSPreparedRequest) -> AWSResponse:
        response: AWSResponse = send(request)
        if _ended_early(request, response):
            raise ConnectionClosedError(endpoint_url=request.url)
        return response

    session.send = send_and_compare


def _ended_early(request: AWSPreparedRequest, response: AWSResponse) -> bool:
    """Whether less has arrived than was announced; whoever reads a stream compares by himself."""
    announced = response.headers.get(_LENGTH)
    if announced is None or request.stream_output or request.method == "HEAD":
        return False
    return len(response.content) < int(announced)
