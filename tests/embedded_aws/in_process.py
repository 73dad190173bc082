"""The way from the SDK to the embedded AWS without a socket: its WSGI application is called.

Retries, signatures and the reading of responses are the SDK's own, and a call takes half the time.
Other processes need the server.
"""

from __future__ import annotations

import functools
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes, urlsplit

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.httpsession import URLLib3Session, create_urllib3_context

from tests.embedded_aws.cloud import Cloud

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

    from _typeshed.wsgi import WSGIEnvironment


@contextmanager
def without_sockets(cloud: Cloud) -> Iterator[None]:
    """Let every SDK client of this process call `cloud` in the thread of its caller."""
    send = URLLib3Session.send

    def carried(session: URLLib3Session, request: AWSPreparedRequest) -> AWSResponse:
        if not request.url.startswith(f"{cloud.url}/"):
            response: AWSResponse = send(session, request)
            return response
        return carry(cloud.application, request, environ_of(request))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(URLLib3Session, "send", carried)
        # Every client makes a TLS context, which is slower than the rest of its set-up.
        shared = functools.cache(create_urllib3_context)
        patch.setattr("botocore.httpsession.create_urllib3_context", shared)
        yield


def carry(
    application: WSGIApplication, request: AWSPreparedRequest, environ: WSGIEnvironment
) -> AWSResponse:
    """Return what an application responds to a request in the form of WSGI."""
    seen: list[tuple[str, list[tuple[str, str]]]] = []

    def start(status: str, headers: list[tuple[str, str]], _: object = None) -> Any:  # noqa: ANN401 - nobody writes
        seen.append((status, headers))

    body = b"".join(application(environ, start))
    (status, headers) = seen[-1]
    return response_to(request, int(status.partition(" ")[0]), dict(headers), body)


class Body:
    """What botocore reads an answer from."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self) -> Iterator[bytes]:
        yield self._content

    def read(self, _: int | None = None) -> bytes:
        content, self._content = self._content, b""
        return content


def response_to(
    request: AWSPreparedRequest, status: int, headers: dict[str, str], content: bytes
) -> AWSResponse:
    """Return a response to a request as the SDK's HTTP session does."""
    headers = {"Content-Length": str(len(content)), **headers}
    return AWSResponse(request.url, status, HTTPHeaders.from_dict(headers), Body(content))


def environ_of(request: AWSPreparedRequest) -> WSGIEnvironment:
    """Return a request as WSGI has it."""
    url, body = urlsplit(request.url), content_of(request.body)
    target = url.path + (f"?{url.query}" if url.query else "")
    environ = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(url.path or "/").decode("latin-1"),
        "QUERY_STRING": url.query,
        "REQUEST_URI": target,
        "RAW_URI": target,
        "SERVER_NAME": url.hostname or "",
        "SERVER_PORT": str(url.port or 80),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": url.netloc,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in request.headers.items():
        key = name.upper().replace("-", "_")
        if key == "CONTENT_TYPE":
            environ[key] = text_of(value)
        elif key != "CONTENT_LENGTH":
            environ[f"HTTP_{key}"] = text_of(value)
    return environ


def content_of(body: Any) -> bytes:  # noqa: ANN401 - text, bytes, a file or nothing
    """Return the body of a request."""
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode()
    if isinstance(body, (bytes, bytearray)):
        return bytes(body)
    body.seek(0)
    content: bytes = body.read()
    return content


def text_of(value: str | bytes) -> str:
    """Return the value of a header."""
    return value.decode() if isinstance(value, bytes) else value
