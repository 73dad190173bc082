"""Listeners, distributions and domain names, as small as the use cases see them, in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from certificate_lifecycle.app.ports import Consumers
from certificate_lifecycle.aws.consumers.apigateway import DOMAIN_NAME
from certificate_lifecycle.aws.consumers.elbv2 import LISTENER, LISTENER_SNI
from certificate_lifecycle.aws.consumers.registry import ConsumerCatalog
from certificate_lifecycle.model.certificate import Certificate
from certificate_lifecycle.model.errors import ConsumerChangedError
from certificate_lifecycle.policy.bindings import Binding, BindingState, FoundBindings
from tests.unit.builders import LOAD_BALANCER, PLACE


def listener(name: str = "web") -> Binding:
    label = f"listener {name} (default certificate)"
    return Binding(LISTENER, _listener_arn(name), label=label)


def sni(name: str = "web") -> Binding:
    return Binding(LISTENER_SNI, _listener_arn(name), label=f"listener {name} (SNI)")


def _listener_arn(name: str) -> str:
    return f"{LOAD_BALANCER.replace(':loadbalancer/', ':listener/')}/{name}"


def domain(name: str = "api.example.com") -> Binding:
    return Binding(DOMAIN_NAME, name, label=f"domain name {name}")


class MemoryCatalog(ConsumerCatalog):
    """The real catalog, with the names that ARNs have, or with those that `names_of` returns."""

    def __init__(self, names_of: Callable[[Certificate], Sequence[str]] = lambda _: ()) -> None:
        super().__init__(PLACE.account_id)
        self._names_of = names_of
        self.tagged: dict[str, tuple[tuple[str, str], ...]] = {}
        self.failure: Exception | None = None

    def consumer_tags(self, in_use_by: Sequence[str]) -> Sequence[tuple[str, str]]:
        if self.failure is not None:
            raise self.failure
        return [tag for arn in in_use_by for tag in self.tagged.get(arn, ())]

    def read_ahead(self, certificates: Sequence[Certificate], has_time: Callable[[], bool]) -> None:
        pass

    def names(self, certificate: Certificate) -> Sequence[str]:
        return self._names_of(certificate)


class MemoryConsumers(Consumers):
    """Settings and what they hold; every write is kept in `written`.

    `unsettled`, `faults` and `deaf` are settings that take their time, fail, or accept a change
    without any effect; `broken` are operations on a setting that raise, `unreadable` the errors of
    regions that cannot be searched.
    """

    def __init__(self, *held: tuple[Binding, Sequence[str]]) -> None:
        self.settings = {binding: list(certificates) for binding, certificates in held}
        self.unsettled: set[Binding] = set()
        self.faults: dict[Binding, str] = {}
        self.deaf: set[Binding] = set()
        self.broken: dict[tuple[str, Binding], Exception] = {}
        self.unreadable: dict[str, Exception] = {}
        self.before_bind: Callable[[Binding], None] = lambda _: None
        self.written: list[tuple[str, Binding, str]] = []
        self.tagged: dict[Binding, tuple[tuple[str, str], ...]] = {}

    def find(self, certificate: Certificate) -> FoundBindings:
        found = [binding for binding, arns in self.settings.items() if certificate.arn in arns]
        return FoundBindings(tuple(found), self.unreadable)

    def tags(self, binding: Binding) -> Sequence[tuple[str, str]]:
        self._raise_if_broken("tags", binding)
        return self.tagged.get(binding, ())

    def current(self, binding: Binding) -> BindingState | None:
        self._raise_if_broken("current", binding)
        if binding not in self.settings:
            return None
        certificates = tuple(self.settings[binding])
        return BindingState(certificates, binding not in self.unsettled, self.faults.get(binding))

    def bind(self, binding: Binding, certificate_arn: str, *, instead_of: str) -> None:
        self._raise_if_broken("bind", binding)
        self.before_bind(binding)
        held = self.settings[binding]
        if not binding.kind.holds_many and not {certificate_arn, instead_of} & set(held):
            raise ConsumerChangedError(f"{binding.label} was changed")
        self.written.append(("bind", binding, certificate_arn))
        if binding in self.deaf:
            return
        if binding.kind.holds_many:
            held.append(certificate_arn)
        else:
            held[:] = [certificate_arn]

    def unbind(self, binding: Binding, certificate_arn: str) -> None:
        self._raise_if_broken("unbind", binding)
        self.written.append(("unbind", binding, certificate_arn))
        if certificate_arn in self.settings[binding]:
            self.settings[binding].remove(certificate_arn)

    def _raise_if_broken(self, operation: str, binding: Binding) -> None:
        if (operation, binding) in self.broken:
            raise self.broken[operation, binding]
