"""The interface of a service whose resources use certificates."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import Enum, auto
from functools import cached_property
from threading import Event, Lock
from typing import TYPE_CHECKING, Any, ClassVar

from botocore.exceptions import ClientError

from certificate_lifecycle.aws.responses import error_code
from certificate_lifecycle.aws.whole_writes import WholeWrite, keep_raw_responses
from certificate_lifecycle.model.certificate import Certificate
from certificate_lifecycle.model.errors import (
    CertificateRefusedError,
    ConsumerBusyError,
    ManualStepRequiredError,
    UnknownSettingError,
)
from certificate_lifecycle.model.scope import Scope
from certificate_lifecycle.policy.bindings import Binding, BindingState, ConsumerArn, ConsumerKind

if TYPE_CHECKING:
    from certificate_lifecycle.aws.clients import Clients
    from certificate_lifecycle.aws.permissions import Permission
    from certificate_lifecycle.aws.read_calls import ReadCall


#: The keys that CloudFront accepts, and the services that it serves: RSA up to 4096 bits, and of
#: the elliptic curves only P-256 (CloudFront developer guide, "Requirements for using SSL/TLS
#: certificates with CloudFront"; ACM user guide, "Prerequisites for importing").
EDGE_KEY_ALGORITHMS = frozenset({"RSA_2048", "RSA_3072", "RSA_4096", "EC_prime256v1"})


class RefusalKind(Enum):
    """The meaning of a refused change that is no failure; all other refusals are failures."""

    #: Another change is in progress: a later run tries again.
    BUSY = auto()
    #: A person has to do something first; the change stays planned.
    MANUAL_STEP = auto()
    #: The service does not accept this certificate, and may accept another one.
    CERTIFICATE = auto()


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error code of a service with a meaning, and the text that reports it.

    A refused certificate is reported with AWS's message instead.

    `message` is a part of AWS's message, for a code with several meanings. `while_updating` limits
    the meaning to a setting that the service shows as not settled.
    """

    code: str
    kind: RefusalKind
    text: str = ""
    message: str = ""
    while_updating: bool = False


class Consumer(ABC):
    """The resources of one service that use certificates, in one account and region.

    A new service is one subclass in a file of its own and one line in `registry.CONSUMERS`.
    The class methods are pure, so that messages can name resources and manual steps without a call.
    """

    #: boto3's name of the service.
    service: ClassVar[str]
    #: The settings that are found and changed; their names are stored, so they never change.
    kinds: ClassVar[tuple[ConsumerKind, ...]]
    permissions: ClassVar[tuple[Permission, ...]]
    #: Refused changes that are no failures. The SDK retries throttled calls before.
    refusals: ClassVar[tuple[Refusal, ...]] = ()
    #: Updates that replace an object, which `require_complete` guards.
    whole_writes: ClassVar[tuple[WholeWrite, ...]] = ()
    #: ACM's names of the keys that every resource of the service accepts.
    key_algorithms: ClassVar[frozenset[str]]
    #: Whether every scan may read the service, or only a role that may rebind consumers.
    read_by_scans: ClassVar[bool] = True
    #: Whether the service is searched only if the others do not explain an entry of `InUseBy`.
    only_for_unexplained: ClassVar[bool] = False
    #: Whether CloudFront serves resources of the service: `regions` says where else they are.
    edge: ClassVar[bool] = False

    def __init__(self, clients: Clients, scope: Scope, role_arn: str | None = None) -> None:
        self._clients = clients
        self._scope = scope
        self._role_arn = role_arn

    @cached_property
    def _client(self) -> Any:  # noqa: ANN401 - subclasses declare the type
        client = self._clients.any(self.service, self._scope.region, self._role_arn)
        keep_raw_responses(client, self.whole_writes)
        return client

    # --- Pure -------------------------------------------------------------------------------------

    @classmethod
    @abstractmethod
    def owns(cls, arn: ConsumerArn) -> bool:
        """Return whether an entry of ACM's `InUseBy` is a resource of this service.

        A resource in an account of AWS's own belongs to each service that may have created it.
        """

    @classmethod
    def explains(cls, binding: Binding, arn: ConsumerArn) -> bool:
        """Return whether moving `binding` removes the certificate from an owned entry.

        A setting explains one entry at most in an account of AWS's own.
        """
        return arn.name == binding.consumer

    @classmethod
    @abstractmethod
    def manual_steps(cls, arn: ConsumerArn, successor_arn: str) -> Sequence[str]:
        """Return the AWS CLI calls that move an owned entry to a successor, as shell lines.

        Lines that begin with # are comments, words in CAPITALS are placeholders. A line with the
        placeholder `ANY_REGION` is repeated for each region of the run.
        """

    @classmethod
    def label(cls, arn: ConsumerArn) -> str | None:
        """Return the display name of a resource of any account; None if only its ARN is known."""
        del arn
        return None

    # --- Calls ------------------------------------------------------------------------------------

    def read_calls(self) -> Iterable[ReadCall]:
        """Return one call for each read permission that a scan needs."""
        return ()

    def tags(self, arns: Sequence[ConsumerArn]) -> Sequence[tuple[str, str]]:
        """Return the tags of owned resources by which controllers mark what they configure."""
        del arns
        return ()

    @abstractmethod
    def find(self, certificate: Certificate) -> Sequence[Binding]:
        """Return every setting that uses a described certificate."""

    def found_for_display(self, certificate: Certificate) -> Sequence[Binding]:
        """Return the settings, which may be those that this run has read before."""
        return self.find(certificate)

    def read_ahead(self, certificates: Iterable[Certificate], has_time: Callable[[], bool]) -> None:
        """Read what `found_for_display` needs; an error is raised there."""
        del certificates, has_time

    @abstractmethod
    def current(self, binding: Binding) -> BindingState | None:
        """Return the certificates of a setting; None if the resource or setting does not exist."""

    @abstractmethod
    def bind(self, binding: Binding, certificate_arn: str, *, instead_of: str) -> None:
        """Set `certificate_arn`; a list gets it in addition.

        Raises ConsumerChangedError if the service reports that the setting has neither certificate
        any more. `sorted_refusals` sorts the errors of the service.
        """

    def unbind(self, binding: Binding, certificate_arn: str) -> None:
        """Remove a certificate from a list; does nothing if it is not in the list.

        Only a kind that `holds_many` has a list.
        """
        raise NotImplementedError(f"{binding.kind.name} has one certificate: {certificate_arn}")

    @contextmanager
    def sorted_refusals(self, binding: Binding, certificate_arn: str) -> Iterator[None]:
        """Sort the refusals of a change by `refusals`.

        Raises ConsumerBusyError, ManualStepRequiredError or CertificateRefusedError; any other
        error passes.
        """
        try:
            yield
        except UnknownSettingError as error:
            steps = self.steps_without_loss(binding, certificate_arn)
            raise UnknownSettingError("\n".join((str(error), *steps))) from error
        except ClientError as error:
            refusal = self._refusal_of(error, binding)
            if refusal is None:
                raise
            if refusal.kind is RefusalKind.BUSY:
                raise ConsumerBusyError(refusal.text) from error
            if refusal.kind is RefusalKind.CERTIFICATE:
                answer = error.response["Error"]
                raise CertificateRefusedError(
                    f"{answer['Code']}: {answer.get('Message', '')}"
                ) from error
            steps = self.steps_before(binding)
            raise ManualStepRequiredError("\n".join((refusal.text, *steps))) from error

    def steps_before(self, binding: Binding) -> Sequence[str]:
        """Return the steps of a person that make a refused change possible, as shell lines."""
        del binding
        return ()

    def steps_without_loss(self, binding: Binding, certificate_arn: str) -> Sequence[str]:
        """Return the steps for a setting that this SDK does not know completely."""
        return (
            "# Give the functions a newer boto3 with the input layers, or change it manually, with",
            "# an AWS CLI that shows the setting (an older one removes it, too):",
            *self.manual_steps_of(binding, certificate_arn),
        )

    def manual_steps_of(self, binding: Binding, certificate_arn: str) -> Sequence[str]:
        """Return the calls that move one setting; none if it does not name its resource."""
        arn = self.arn_of(binding)
        return self.manual_steps(arn, certificate_arn) if arn is not None else ()

    def arn_of(self, binding: Binding) -> ConsumerArn | None:
        """Return the ARN of the resource that a setting belongs to, if the setting names it."""
        del binding
        return None

    def forget(self, binding: Binding) -> None:
        """Drop a changed setting from the lists that this run has read."""
        del binding

    def _refusal_of(self, error: ClientError, binding: Binding) -> Refusal | None:
        code, message = error_code(error), error.response["Error"].get("Message", "")
        for refusal in self.refusals:
            if refusal.code != code or refusal.message.lower() not in message.lower():
                continue
            if not refusal.while_updating or self._is_updating(binding):
                return refusal
        return None

    def _is_updating(self, binding: Binding) -> bool:
        state = self.current(binding)
        return state is not None and not state.settled and state.error is None

    def _owned(self, certificate: Certificate) -> list[ConsumerArn]:
        """Return the entries of `InUseBy` that are resources of this service."""
        return [
            arn
            for arn in ConsumerArn.in_use_by(certificate, self._scope.account_id)
            if self.owns(arn)
        ]


class ResourceConsumer(Consumer):
    """A service whose resources `InUseBy` names, so that each of them is read by itself.

    For display, a run reads each resource once; `find` reads it again.
    """

    #: Resources that are read side by side; more than one only for a service with a pace.
    workers: ClassVar[int] = 1

    def __init__(self, clients: Clients, scope: Scope, role_arn: str | None = None) -> None:
        super().__init__(clients, scope, role_arn)
        self._read: dict[str, Sequence[tuple[Binding, str]]] = {}

    @abstractmethod
    def settings_of(self, arn: ConsumerArn) -> Sequence[tuple[Binding, str]]:
        """Return the settings of a resource, with the ARNs of their certificates.

        None for a missing resource.
        """

    def find(self, certificate: Certificate) -> list[Binding]:
        """Return every setting that uses a certificate."""
        return [
            binding
            for arn in self._owned(certificate)
            for binding, found in self.settings_of(arn)
            if found == certificate.arn
        ]

    def found_for_display(self, certificate: Certificate) -> list[Binding]:
        """Return the settings, of each resource as this run has read it first."""
        arns = self._owned(certificate)
        for arn in arns:
            if arn.text not in self._read:
                self._read[arn.text] = self.settings_of(arn)
        return [
            binding
            for arn in arns
            for binding, found in self._read[arn.text]
            if found == certificate.arn
        ]

    def read_ahead(self, certificates: Iterable[Certificate], has_time: Callable[[], bool]) -> None:
        """Read the resources of certificates side by side, up to the first error."""
        owned = {arn.text: arn for entry in certificates for arn in self._owned(entry)}
        wanted = [arn for text, arn in owned.items() if text not in self._read]
        failed = Event()

        def read(arn: ConsumerArn) -> None:
            if failed.is_set() or not has_time():
                return
            try:
                self._read[arn.text] = self.settings_of(arn)
            except Exception:  # noqa: BLE001 - `found_for_display` tries again, and raises
                failed.set()

        if self.workers > 1 and len(wanted) > 1:
            with ThreadPoolExecutor(self.workers, thread_name_prefix=self.service) as pool:
                list(pool.map(read, wanted))


class ListedConsumer(Consumer):
    """A service whose settings are listed, because `InUseBy` does not name its resources.

    One list in a run serves all certificates, and a list that failed is not tried again.
    """

    def __init__(self, clients: Clients, scope: Scope, role_arn: str | None = None) -> None:
        super().__init__(clients, scope, role_arn)
        self._lock = Lock()
        self._listed: list[tuple[Binding, str]] | Exception | None = None

    @abstractmethod
    def settings(self) -> Iterable[tuple[Binding, str]]:
        """Yield every setting that has a certificate, with the ARN of the certificate."""

    def find(self, certificate: Certificate) -> list[Binding]:
        """Return every setting that had a certificate when the run listed the service."""
        with self._lock:
            if self._listed is None:
                try:
                    self._listed = list(self.settings())
                except Exception as error:  # noqa: BLE001 - raised below, now and for the next certificate
                    self._listed = error
            listed = self._listed
        if isinstance(listed, Exception):
            raise listed
        return [binding for binding, arn in listed if arn == certificate.arn]

    def forget(self, binding: Binding) -> None:
        """Leave a setting that was changed out of the list; its move is on record."""
        changed = replace(binding, region="")
        with self._lock:
            if isinstance(self._listed, list):
                self._listed = [
                    (listed, arn) for listed, arn in self._listed if listed.key != changed.key
                ]


class EdgeDomains(ListedConsumer):
    """A service whose custom domains CloudFront serves, with distributions of AWS's own."""

    key_algorithms = EDGE_KEY_ALGORITHMS
    read_by_scans = False
    edge = True

    @classmethod
    def owns(cls, arn: ConsumerArn) -> bool:
        """Return whether it is of the service, or a distribution that may serve a domain."""
        return arn.service == ("cloudfront" if arn.foreign else cls.service)

    @classmethod
    def explains(cls, binding: Binding, arn: ConsumerArn) -> bool:
        """Return whether AWS may use such a distribution for a domain."""
        del binding
        return arn.foreign
