"""No key, passphrase or secret value is in any output, including the state table."""

from __future__ import annotations

import json
import logging
import traceback
import zlib
from collections.abc import Callable

import pytest

from certificate_lifecycle.model.errors import RotationError
from tests.embedded_aws.cloud import Cloud
from tests.estates.imports import imported, issued
from tests.integration.exports import PASSPHRASE, put_exported
from tests.integration.invocation import NOW, Function, KilledError, Wire, kill, scheduled

pytestmark = [
    pytest.mark.integration,
    pytest.mark.usefixtures("kept_clients", "ledger_table"),
]
MARKER = "MARKER-OF-A-SECRET"
CALLS = 26


def _whole(error: BaseException | None) -> str:
    """Write an error out, with all that it was raised from or in the face of."""
    if error is None:
        return ""
    text = "".join(traceback.format_exception(error))
    return f"{text} {error!r} {vars(error)!r} {_whole(error.__cause__ or error.__context__)}"


@pytest.fixture
def secrets(cloud: Cloud, environment: pytest.MonkeyPatch) -> list[str]:
    """Plant markers in every secret of a run, and return the texts that must not come out."""
    cloud.certificates.managed_renewal = False
    exported = put_exported(cloud, 20, passphrase=f"{MARKER} {PASSPHRASE}")
    environment.setenv("EXPORT_TARGETS", exported.environment())
    shop = imported(cloud, name="import.example.com")
    newer = issued(NOW.replace(year=2027), "import.example.com")
    shop.write(newer.secret(note=MARKER))
    environment.setenv("IMPORT_SOURCES", shop.sources)
    cloud.zones.add("example.com")
    dead = cloud.certificates.add(domain_name="dead.example.com", status="EXPIRED")
    cloud.consumers.load_balancer(dead)
    environment.setenv("REBIND_CONSUMERS", "true")
    lines = [line for line in newer.private_key.splitlines() if len(line) > 30]
    return [MARKER, "PRIVATE KEY", *lines]


@pytest.fixture
def everything(cloud: Cloud, topic: str, caplog: pytest.LogCaptureFixture) -> Callable[[str], str]:
    """Collect the log at DEBUG, the messages and the state table."""
    caplog.set_level(logging.DEBUG)

    def collect(said: str) -> str:
        messages = [
            message.to(protocol)
            for message in cloud.topics.messages(topic)
            for protocol in ("email", "https", "sqs", "lambda")
        ]
        items = cloud.client("dynamodb").scan(TableName="certificate-lifecycle-ledger")["Items"]
        formatter = logging.Formatter()
        logs = [f"{formatter.format(record)} {vars(record)}" for record in caplog.records]
        return " ".join(
            [
                said,
                json.dumps(items, default=lambda packed: zlib.decompress(packed).decode()),
                *messages,
                *logs,
            ]
        )

    return collect


def test_a_run_over_everything_gives_no_secret_away(
    rotation: Function, secrets: list[str], everything: Callable[[str], str]
) -> None:
    out = everything(json.dumps(rotation(scheduled(NOW))))
    for what in ("exported the issue", "imported the version", "requested the successor"):
        assert what in out
    assert [secret for secret in secrets if secret in out] == []


@pytest.mark.parametrize("number", range(1, CALLS + 1, 3))
def test_a_run_that_is_killed_leaves_no_secret_behind(
    rotation: Function,
    secrets: list[str],
    everything: Callable[[str], str],
    wire: Wire,
    number: int,
) -> None:
    wire.strike_after(number, kill)
    with pytest.raises(KilledError) as killed:
        rotation(scheduled(NOW))
    out = everything(_whole(killed.value))
    assert [secret for secret in secrets if secret in out] == []


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("acm", "ImportCertificate"),
        ("acm", "ExportCertificate"),
        ("secretsmanager", "GetSecretValue"),
        ("secretsmanager", "PutSecretValue"),
        ("dynamodb", "PutItem"),
        ("sns", "Publish"),
    ],
)
def test_a_refusal_that_quotes_a_secret_is_not_passed_on(
    rotation: Function,
    cloud: Cloud,
    secrets: list[str],
    everything: Callable[[str], str],
    service: str,
    operation: str,
) -> None:
    marker, _, *key = secrets
    # An error can quote only the parameters of the call: the key or the passphrase.
    sent = {"ImportCertificate": key, "ExportCertificate": [marker], "PutSecretValue": [marker]}
    quoted = f"{' '.join(sent.get(operation, []))} is refused"
    cloud.fail(service, operation, "ValidationException", quoted, times=None)
    with pytest.raises(RotationError) as failed:
        rotation(scheduled(NOW))
    out = everything(_whole(failed.value))
    assert [secret for secret in secrets if secret in out] == []
