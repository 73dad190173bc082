"""A service whose certificates are moved, and a sink, are each added by one registered class."""

from __future__ import annotations

import importlib
import inspect
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from certificate_lifecycle.app.ports import Consumers, NotificationSink
from certificate_lifecycle.app.replacement.rebinding import Rebinding
from certificate_lifecycle.app.rotation import rotate
from certificate_lifecycle.aws.consumers import base as consumer_base
from certificate_lifecycle.aws.consumers import registry as consumer_registry
from certificate_lifecycle.aws.consumers.registry import CONSUMERS, AwsConsumers, kinds_by_name
from certificate_lifecycle.aws.sinks import base as sink_base
from certificate_lifecycle.aws.sinks import registry as sink_registry
from certificate_lifecycle.aws.sinks.registry import SINKS, configured_sinks
from certificate_lifecycle.handlers.config import rotation_settings
from certificate_lifecycle.model.certificate import Certificate
from certificate_lifecycle.model.errors import ConsumerChangedError
from certificate_lifecycle.model.run import Run
from certificate_lifecycle.policy.bindings import (
    Binding,
    BindingChange,
    BindingState,
    ConsumerArn,
    ConsumerKind,
)
from certificate_lifecycle.policy.settings import RotationMode, RotationSettings
from tests.unit.builders import EXPIRED, NOW, PLACE, SECOND, arn, certificate, days, detail
from tests.unit.fakes import (
    MemoryCertificates,
    MemoryClock,
    MemoryDns,
    MemoryImportSecrets,
    MemoryStateStore,
    MemoryTopic,
    dependencies,
    run_context,
    run_request,
)

OLD, NEW = arn("old"), arn("new")
KITCHEN = PLACE.arn("toaster", "toaster/kitchen")
OLD_CERTIFICATE = certificate(
    arn=OLD, status=EXPIRED, ends_in=-days(1), detail=detail(in_use_by=(KITCHEN,))
)
NEW_CERTIFICATE = certificate(arn=NEW, in_use=False, ends_in=days(190))


# --- A made-up service ----------------------------------------------------------------------------

TOASTER = ConsumerKind("Toaster")


class Toasters(consumer_base.Consumer):
    """Toasters, which serve HTTPS; the client is the certificate of each by its name."""

    service = "toaster"
    kinds = (TOASTER,)
    permissions = ()
    key_algorithms = frozenset({"RSA_2048"})
    _client: dict[str, str]

    @classmethod
    def owns(cls, arn: ConsumerArn) -> bool:
        return arn.service == "toaster"

    @classmethod
    def explains(cls, binding: Binding, arn: ConsumerArn) -> bool:
        return arn.name == binding.consumer

    @classmethod
    def label(cls, arn: ConsumerArn) -> str | None:
        return f"toaster {arn.name}" if cls.owns(arn) else None

    @classmethod
    def manual_steps(cls, arn: ConsumerArn, successor_arn: str) -> tuple[str, ...]:
        return (f"aws toaster update --name {arn.name} --certificate {successor_arn}",)

    def find(self, certificate: Certificate) -> list[Binding]:
        return [
            Binding(TOASTER, arn.name, label=f"toaster {arn.name} (slot 1)")
            for arn in self._owned(certificate)
            if self._client.get(arn.name) == certificate.arn
        ]

    def current(self, binding: Binding) -> BindingState | None:
        found = self._client.get(binding.consumer)
        return BindingState((found,)) if found is not None else None

    def bind(self, binding: Binding, certificate_arn: str, *, instead_of: str) -> None:
        if self._client[binding.consumer] != instead_of:
            raise ConsumerChangedError(f"{binding.label} was changed")
        self._client[binding.consumer] = certificate_arn


class Clients:
    """Makes one client of every service."""

    def __init__(self) -> None:
        self.made: dict[str, dict[str, str]] = {"toaster": {"kitchen": OLD}}

    def any(self, service: str, *_: object) -> Any:  # noqa: ANN401 - as the real one
        return self.made[service]


@pytest.fixture
def clients() -> Any:  # noqa: ANN401 - a fake of any client
    return Clients()


@pytest.fixture
def consumers(clients: Any) -> AwsConsumers:  # noqa: ANN401 - as above
    return AwsConsumers(clients, PLACE, consumers=(Toasters,))


def test_a_registered_service_is_found_and_named(consumers: AwsConsumers) -> None:
    (found,) = consumers.find(OLD_CERTIFICATE).bindings
    assert found.key == ("Toaster", "kitchen", "")
    assert consumers.names(OLD_CERTIFICATE) == ["toaster kitchen (slot 1)"]
    assert consumers.label(KITCHEN) == "toaster kitchen"


def test_a_registered_service_is_bound_and_verified(
    consumers: AwsConsumers, clients: Clients
) -> None:
    port: Consumers = consumers
    rebinding = Rebinding(context=run_context(), consumers=port, old=OLD, new=NEW)
    _, bindings = rebinding.unplanned(OLD_CERTIFICATE, ())
    planned = rebinding.plan(bindings)
    (move,) = rebinding.verify(rebinding.bind(planned.moves).moves).moves
    assert move.status.value == "moved"
    assert clients.made["toaster"] == {"kitchen": NEW}
    assert consumers.unexplained(OLD_CERTIFICATE, [move.binding]) == ()


def test_a_setting_with_one_certificate_has_no_list(consumers: AwsConsumers) -> None:
    with pytest.raises(NotImplementedError, match="Toaster has one certificate"):
        consumers.unbind(Binding(TOASTER, "kitchen"), OLD)


def test_a_move_of_a_registered_kind_is_read_from_the_state_table() -> None:
    move = BindingChange(binding=Binding(TOASTER, "kitchen"))
    stored = json.loads(json.dumps(move.to_dict()))
    assert BindingChange.from_dict(stored, kinds_by_name((*CONSUMERS, Toasters))) == move
    with pytest.raises(KeyError):
        BindingChange.from_dict(stored, kinds_by_name())


def test_its_manual_steps_stand_beside_those_of_all_others(clients: Any) -> None:  # noqa: ANN401 - as above
    catalog = AwsConsumers(clients, PLACE, consumers=(*CONSUMERS, Toasters))
    introduction, command = catalog.manual_steps(OLD_CERTIFICATE, KITCHEN, NEW).splitlines()
    assert introduction.startswith("# If Terraform")
    assert command == f"aws toaster update --name kitchen --certificate {NEW}"
    assert catalog.unexplained(OLD_CERTIFICATE, ()) == (KITCHEN,)
    balancer = PLACE.arn("elasticloadbalancing", "loadbalancer/app/web/1")
    assert "elbv2 modify-listener" in catalog.manual_steps(OLD_CERTIFICATE, balancer, NEW)


# --- A made-up sink -------------------------------------------------------------------------------


class Siren(sink_base.Sink):
    """A siren, wherever the name prefix is that of a kitchen."""

    permissions = ()
    name = "the siren"

    def __init__(self, runs: list[Run]) -> None:
        self._runs = runs

    @classmethod
    def from_settings(cls, settings: RotationSettings, _: object, clients: Any) -> Siren | None:  # noqa: ANN401 - as above
        wanted = settings.name_prefix == "kitchen"
        return cls(clients.any("siren")) if wanted else None

    def publish(self, run: Run, _: object) -> None:
        self._runs.append(run)


def settings(**variables: str) -> RotationSettings:
    topic = {"SNS_TOPIC_ARN": PLACE.arn("sns", "certificates")}
    return rotation_settings({**topic, **variables}, [])


def test_a_sink_is_made_where_the_settings_ask_for_it(clients: Any) -> None:  # noqa: ANN401 - as above
    clients.made["siren"] = []
    everywhere: tuple[type[sink_base.Sink], ...] = (*SINKS, Siren)
    assert configured_sinks(settings(), PLACE, clients, everywhere) == []
    asked = settings(NAME_PREFIX="kitchen", SECURITY_HUB="true", EVENT_BUS_NAME="default")
    names = [sink.name for sink in configured_sinks(asked, PLACE, clients, everywhere)]
    assert names == ["the event bus default", "Security Hub", "the siren"]


# --- Both in one run ------------------------------------------------------------------------------


def test_a_run_names_the_consumer_says_how_to_move_it_and_is_sent_to_the_sink(
    consumers: AwsConsumers,
    clients: Any,  # noqa: ANN401 - as above
) -> None:
    received: list[Run] = []
    clients.made["siren"] = received
    sinks: list[NotificationSink] = [
        *configured_sinks(settings(NAME_PREFIX="kitchen"), PLACE, clients, (Siren,))
    ]
    topic = MemoryTopic()
    clients = dependencies(
        topic=topic,
        clock=MemoryClock(),
        certificates=MemoryCertificates(OLD_CERTIFICATE, NEW_CERTIFICATE),
        dns=MemoryDns(),
        import_secrets=MemoryImportSecrets(),
        state_store=MemoryStateStore(),
        catalog=consumers,
    )
    request = run_request(instance="kitchen", mode=RotationMode.REPLACE)
    found = rotate(request, replace(clients, sinks=sinks), current_time=lambda: NOW + SECOND)

    (finding,) = (entry for entry in found["findings"] if entry["certificate_arn"] == OLD)
    assert finding["used_by"] == ["toaster kitchen (slot 1)"]
    assert "but toaster kitchen uses the old one" in finding["message"]
    (action,) = found["actions"]
    command = f"aws toaster update --name kitchen --certificate {NEW}"
    assert command in action["detail"]
    (message,) = topic.messages
    assert command in message.bodies["email"]
    assert [run.run_id for run in received] == ["run-1"]


# --- The registries are complete ------------------------------------------------------------------


def classes(registry: Any, contract: type) -> Iterator[type]:  # noqa: ANN401 - a module
    """Yield every class beside a registry that fulfils its contract."""
    for path in Path(registry.__file__).parent.glob("*.py"):
        package = registry.__name__.rpartition(".")[0]
        module = importlib.import_module(f"{package}.{path.stem}")
        for found in vars(module).values():
            concrete = inspect.isclass(found) and not inspect.isabstract(found)
            if concrete and issubclass(found, contract) and found.__module__ == module.__name__:
                yield found


def test_every_class_beside_a_registry_is_registered_once() -> None:
    found = list(classes(consumer_registry, consumer_base.Consumer))
    assert sorted(map(str, found)) == sorted(map(str, CONSUMERS))
    assert sorted(map(str, classes(sink_registry, sink_base.Sink))) == sorted(map(str, SINKS))


def test_no_two_services_declare_the_same_kind() -> None:
    names = [kind.name for consumer in CONSUMERS for kind in consumer.kinds]
    assert len(names) == len(set(names)) == len(kinds_by_name())
