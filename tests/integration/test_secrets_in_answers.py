"""Unreadable responses with secrets: no log, message or error quotes them."""

from __future__ import annotations

import json
import logging
import socket
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from certificate_lifecycle.app.deadline import error_summary
from certificate_lifecycle.aws.acm import AcmCertificates
from certificate_lifecycle.aws.clients import Clients
from certificate_lifecycle.aws.secretsmanager import SecretsManagerExports, SecretsManagerImports
from certificate_lifecycle.log import logger
from certificate_lifecycle.model.errors import CertificateLifecycleError
from certificate_lifecycle.model.secret_value import SecretStr
from certificate_lifecycle.policy.import_source import UnusableSourceError
from tests.harness.servers import serving

pytestmark = pytest.mark.integration

MARKER = "MARKER-OF-A-SECRET"
ARN = "arn:aws:acm:eu-west-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"
SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop-AbCdEf"
ROLE = "arn:aws:iam::222222222222:role/certificates"

Answering = Callable[[int, bytes], None]
Ask = Callable[[], object]


def _clients() -> Clients:
    return Clients("eu-west-1")


def _secrets(region: str) -> Any:  # noqa: ANN401 - boto3 has no types of its own
    return _clients().any("secretsmanager", region)


def _assume() -> object:
    return AcmCertificates(_clients().any("acm", "eu-west-1", ROLE)).tags(ARN)


def _export() -> object:
    return AcmCertificates(_clients().any("acm", "eu-west-1")).export(ARN, SecretStr("passphrase"))


def _passphrase() -> object:
    return SecretsManagerExports(_secrets).passphrase(SECRET)


def _open() -> object:
    return SecretsManagerImports(_secrets).open(SECRET)


def _credentials(*, expiration: str = "2026-06-01T13:00:00Z", after: str = "") -> bytes:
    return (
        '<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>'
        f"<Credentials><AccessKeyId>ASIAEXAMPLE</AccessKeyId>"
        f"<SecretAccessKey>{MARKER}</SecretAccessKey><SessionToken>{MARKER}</SessionToken>"
        f"<Expiration>{expiration}</Expiration></Credentials>"
        f"</AssumeRoleResult></AssumeRoleResponse>{after}"
    ).encode()


#: All that is wrong with an answer in JSON, whatever its members are called.
_JSON = {
    "no JSON": (200, f"{{{MARKER}".encode()),
    "no UTF-8": (
        200,
        json.dumps({"SecretString": MARKER, "PrivateKey": MARKER}).encode() + b"\xff",
    ),
    "a list": (200, json.dumps([MARKER]).encode()),
    "a text": (200, json.dumps(MARKER).encode()),
    "an object for a text": (
        200,
        json.dumps({"SecretString": {MARKER: MARKER}, "Certificate": {MARKER: MARKER}}).encode(),
    ),
    "no time": (200, json.dumps({"SecretString": MARKER, "CreatedDate": MARKER}).encode()),
    "a refusal that is no JSON": (400, MARKER.encode()),
    "a refusal that quotes": (
        400,
        json.dumps({"__type": "ValidationException", "message": MARKER}).encode(),
    ),
}
_XML = {
    "a page follows": (200, _credentials(after="<html>")),
    "a control character": (200, _credentials(expiration="\x01")),
    "no UTF-8": (200, _credentials() + b"\xff"),
    "no time": (200, _credentials(expiration=MARKER)),
    "no token": (200, _credentials().replace(b"SessionToken", b"Token")),
    "no XML": (200, MARKER.encode()),
    "a refusal that is no XML": (400, MARKER.encode()),
}
ANSWERS = [
    pytest.param(_assume, *answer, id=f"AssumeRole, {name}") for name, answer in _XML.items()
] + [
    pytest.param(ask, *answer, id=f"{what}, {name}")
    for what, ask in (("export", _export), ("passphrase", _passphrase), ("source", _open))
    for name, answer in _JSON.items()
]


@pytest.fixture
def answering(environment: pytest.MonkeyPatch) -> Iterator[Answering]:
    """Have every request answered with the same bytes."""
    running = ExitStack()

    def serve(status: int, body: bytes) -> None:
        head = b"HTTP/1.1 %d Answer\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"

        def behave(connection: socket.socket) -> None:
            while b"\r\n\r\n" not in connection.recv(65536):
                pass
            connection.sendall(head % (status, len(body)) + body)

        server = running.enter_context(serving(behave))
        environment.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.port}")

    with running:
        yield serve


@pytest.mark.parametrize(("ask", "status", "body"), ANSWERS)
def test_an_unreadable_secret_is_shown_nowhere(
    answering: Answering, caplog: pytest.LogCaptureFixture, ask: Ask, status: int, body: bytes
) -> None:
    """The SDK logs errors about credentials with their causes."""
    caplog.set_level(logging.DEBUG)
    answering(status, body)
    with pytest.raises((CertificateLifecycleError, UnusableSourceError)) as failed:
        ask()
    error = failed.value
    logger.error("it failed", exc_info=error)
    shown = [
        *traceback.format_exception(error),
        repr(error),
        str(vars(error)),
        error_summary(error),
    ]
    formatter = logging.Formatter()
    logged = [formatter.format(record) for record in caplog.records]
    assert [text for text in (*logged, *shown) if MARKER in text] == []
