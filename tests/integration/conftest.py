"""Both functions over the embedded AWS, in a time and an environment of their own."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from certificate_lifecycle.aws.clients import Clients
from certificate_lifecycle.handlers import creation as creation_handler
from certificate_lifecycle.handlers import rotation as rotation_handler
from certificate_lifecycle.handlers.config import CREATION_VARIABLES, ROTATION_VARIABLES
from tests.embedded_aws.cloud import Cloud
from tests.embedded_aws.doh_gateway import Gateway, HostedZones, serving_https
from tests.harness.fixtures import cloud, running_cloud
from tests.integration.invocation import NOW, Function, Wire, make_ledger
from tests.integration.sinks import BUS, NAME
from tests.integration.terminal import Certificates

__all__ = ["cloud", "running_cloud"]


@pytest.fixture(scope="session")
def warm_wire() -> Wire:
    """Keep the SDK's models in memory for the whole session."""
    return Wire()


@pytest.fixture(autouse=True)
def wire(warm_wire: Wire, monkeypatch: pytest.MonkeyPatch) -> Wire:
    """See and disturb the calls of both functions."""
    warm_wire.reset()
    monkeypatch.setattr("certificate_lifecycle.aws.clients.boto3.Session", warm_wire.session)
    return warm_wire


@pytest.fixture(autouse=True)
def simulated_time(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stop the clock; a sleep advances it, also that of the SDK between retries."""
    cloud.now = NOW

    def sleep(seconds: float) -> None:
        cloud.advance(seconds=seconds)

    clock = SimpleNamespace(sleep=sleep)
    monkeypatch.setattr("certificate_lifecycle.handlers.context.time", clock)
    monkeypatch.setattr("botocore.endpoint.time", clock)
    # Keeping below AWS's rates takes no time here, neither real nor simulated.
    unhurried = SimpleNamespace(sleep=lambda _: None, monotonic=time.monotonic)
    monkeypatch.setattr("certificate_lifecycle.aws.pacing.time", unhurried)
    for name in ("creation", "organization", "rotation"):
        asked = f"certificate_lifecycle.handlers.{name}.current_time"
        monkeypatch.setattr(asked, lambda: cloud.now)
    monkeypatch.setattr("certificate_lifecycle.cli.session.current_time", lambda: cloud.now)
    waiting = "certificate_lifecycle.cli.interrupts.TerminalClock.sleep"
    monkeypatch.setattr(waiting, lambda _, seconds: sleep(seconds))


@pytest.fixture(autouse=True)
def environment(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Give the functions only the settings of the embedded AWS, on every machine."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for variable in (*CREATION_VARIABLES, *ROTATION_VARIABLES):
        monkeypatch.delenv(variable.name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    for name, value in cloud.environment().items():
        monkeypatch.setenv(name, value)
    # Without the fixture `gateway`, commands query no public DNS.
    monkeypatch.setattr("certificate_lifecycle.cli.session.DEFAULT_RESOLVERS", ())
    # Most tests are about certificates that no instance issued.
    monkeypatch.setenv("UNMANAGED_ROTATION_MODE", "replace")
    return monkeypatch


@pytest.fixture
def gateway(cloud: Cloud, environment: pytest.MonkeyPatch) -> Iterator[Gateway]:
    """Let functions and commands query public DNS, which has the delegated zones of Route 53."""
    with serving_https(HostedZones(cloud.zones)) as made:
        for name, value in made.environment.items():
            environment.setenv(name, value)
        environment.setattr("certificate_lifecycle.cli.session.DEFAULT_RESOLVERS", made.urls)
        environment.setattr("certificate_lifecycle.net.public_dns._IDLE_SECONDS", 0.05)
        yield made


@pytest.fixture(scope="session")
def warm_clients() -> dict[str, Clients]:
    """Keep the clients that tests with hundreds of runs share, by the cloud that they reach."""
    return {}


@pytest.fixture
def kept_clients(
    cloud: Cloud, environment: pytest.MonkeyPatch, warm_clients: dict[str, Clients]
) -> None:
    """Make the rotation's clients once: they would take most of the time of its runs."""
    if cloud.url not in warm_clients:
        warm_clients[cloud.url] = Clients("eu-west-1")
    kept = warm_clients[cloud.url]
    environment.setattr("certificate_lifecycle.handlers.wiring.Clients", lambda *_, **__: kept)


@pytest.fixture
def creation(cloud: Cloud, environment: pytest.MonkeyPatch) -> Function:
    """Deploy the creation function with the only variable that it needs."""
    environment.setenv("DOMAIN_NAME", "example.com")
    return Function(cloud, "creation", creation_handler.lambda_handler)


@pytest.fixture
def topic(cloud: Cloud) -> str:
    """Create the topic of the rotation function."""
    arn: str = cloud.client("sns").create_topic(Name="certificate-lifecycle")["TopicArn"]
    return arn


@pytest.fixture
def rotation(cloud: Cloud, topic: str, environment: pytest.MonkeyPatch) -> Function:
    """Deploy the rotation function with the only variable that it needs."""
    environment.setenv("SNS_TOPIC_ARN", topic)
    return Function(cloud, "rotation", rotation_handler.lambda_handler)


@pytest.fixture
def ledger_table(cloud: Cloud, environment: pytest.MonkeyPatch) -> str:
    """Make the table that rotation remembers in."""
    return make_ledger(cloud, environment, "eu-west-1")


@pytest.fixture
def certificates(
    cloud: Cloud, environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Certificates:
    """Give a terminal of 80 columns without input."""
    environment.setenv("COLUMNS", "80")
    environment.setenv("HOME", os.devnull)
    return Certificates(cloud, capsys)


@pytest.fixture
def queue(cloud: Cloud, environment: pytest.MonkeyPatch) -> str:
    """Let the function send to a bus of which a queue hears everything that is ours."""
    events = cloud.client("events")
    events.create_event_bus(Name=BUS)
    pattern = json.dumps({"source": [NAME]})
    events.put_rule(Name="ours", EventBusName=BUS, EventPattern=pattern)
    target = {"Id": "inbox", "Arn": "arn:aws:sqs:eu-west-1:123456789012:inbox"}
    events.put_targets(Rule="ours", EventBusName=BUS, Targets=[target])
    environment.setenv("EVENT_BUS_NAME", BUS)
    url: str = cloud.client("sqs").create_queue(QueueName="inbox")["QueueUrl"]
    return url
