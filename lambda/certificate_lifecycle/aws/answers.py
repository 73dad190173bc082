"""Answers that ended early are failures, and are asked for again.

The SDK does not compare an answer with the length that its header announces (botocore's
`httpsession` has urllib3 leave that out). Of half a JSON document it makes an answer without any
members, in which a certificate has no tags, a secret no value and a domain no certificate; and its
error about half an XML document quotes that document, which for AssumeRole holds the credentials.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ConnectionClosedError

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest, AWSResponse

_LENGTH = "content-length"


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
