"""An answer whose connection is closed half-way is asked for again, and never taken for whole."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial

import pytest
from botocore.exceptions import ConnectionClosedError

from certificate_lifecycle.aws.acm import AcmCertificates
from certificate_lifecycle.aws.clients import Clients
from certificate_lifecycle.aws.secretsmanager import SecretsManagerExports
from certificate_lifecycle.model.errors import ExportError
from tests.harness.servers import Server, serving

pytestmark = pytest.mark.integration

ARN = "arn:aws:acm:eu-west-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"
SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:passphrase-AbCdEf"
ROLE = "arn:aws:iam::222222222222:role/certificates"
TAGS = json.dumps({"Tags": [{"Key": "ManagedBy", "Value": "cert-manager"}]}).encode()
#: The response of STS up to the credentials.
CREDENTIALS = (
    b'<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>'
    b"<Credentials><AccessKeyId>ASIAEXAMPLE</AccessKeyId>"
    b"<SecretAccessKey>MARKER-OF-A-SECRET</SecretAccessKey>"
)
ATTEMPTS = 8

Answering = Callable[[bytes, int, bytes], Server]


@pytest.fixture
def answering(environment: pytest.MonkeyPatch) -> Iterator[Answering]:
    """Serve an answer whose first connections end after half of it."""
    running = ExitStack()

    def serve(answer: bytes, halves: int, content_type: bytes) -> Server:
        left = halves

        def behave(connection: socket.socket) -> None:
            nonlocal left
            while b"\r\n\r\n" not in connection.recv(65536):
                pass
            head = b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n"
            sent = answer[: len(answer) // 2] if left > 0 else answer
            left -= 1
            connection.sendall(head % (content_type, len(answer)) + sent)

        server = running.enter_context(serving(behave))
        environment.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.port}")
        return server

    with running:
        yield serve


def test_tags_whose_answer_ended_early_are_asked_for_again(answering: Answering) -> None:
    """Without tags, a certificate of another tool would be changed."""
    server = answering(TAGS, 2, b"application/x-amz-json-1.1")
    tags = AcmCertificates(Clients("eu-west-1").any("acm", "eu-west-1")).tags(ARN)
    assert tags == (("ManagedBy", "cert-manager"),)
    assert server.connections == 3


def test_an_answer_that_always_ends_early_is_a_failure(answering: Answering) -> None:
    server = answering(TAGS, ATTEMPTS, b"application/x-amz-json-1.1")
    with pytest.raises(ConnectionClosedError):
        AcmCertificates(Clients("eu-west-1").any("acm", "eu-west-1")).tags(ARN)
    assert server.connections == ATTEMPTS


def test_a_secret_whose_response_is_always_truncated_is_a_failure_with_its_kind(
    answering: Answering,
) -> None:
    answering(b'{"SecretString": "MARKER-OF-A-SECRET"}' + b" " * 40, ATTEMPTS, b"text/json")
    secrets = SecretsManagerExports(partial(Clients("eu-west-1").any, "secretsmanager"))
    with pytest.raises(ExportError, match="connection closed error") as failed:
        secrets.passphrase(SECRET)
    assert "MARKER" not in repr(failed.value)


def test_credentials_whose_answer_always_ends_early_are_in_no_error(answering: Answering) -> None:
    answering(CREDENTIALS + b" " * len(CREDENTIALS), ATTEMPTS, b"text/xml")
    client = Clients("eu-west-1").any("acm", "eu-west-1", ROLE)
    with pytest.raises(ConnectionClosedError) as failed:
        AcmCertificates(client).tags(ARN)
    assert "MARKER" not in str(failed.value)
