"""The interface of a service whose resources use certificates."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from certificate_lifecycle.model.certificate import Certificate
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
    #: ACM's names of the keys that every resource of the service accepts.
    key_algorithms: ClassVar[frozenset[str]]
    #: Whether every scan may read the service, or only a role that may rebind consumers.
    read_by_scans: ClassVar[bool] = True

    def __init__(self, clients: Clients, scope: Scope, role_arn: str | None = None) -> None:
        self._clients = clients
        self._scope = scope
        self._role_arn = role_arn

    @cached_property
    def _client(self) -> Any:  # noqa: ANN401 - subclasses declare the type
        return self._clients.any(self.service, self._scope.region, self._role_arn)

    # --- Pure -------------------------------------------------------------------------------------

    @classmethod
    @abstractmethod
    def owns(cls, arn: ConsumerArn) -> bool:
        """Return whether an entry of ACM's `InUseBy` is a resource of this service.

        A resource in an account of AWS's own belongs to each service that may have created it.
        """

    @classmethod
    def explains(cls, binding: Binding, arn: ConsumerArn) -> bool:
        """Return whether moving `binding` removes the certificate from an owned entry."""
        return arn.name == binding.consumer

    @classmethod
    @abstractmethod
    def manual_steps(cls, arn: ConsumerArn, successor_arn: str) -> Sequence[str]:
        """Return the AWS CLI calls that move an owned entry to a successor, as shell lines.

        Lines that begin with # are comments, words in CAPITALS are placeholders.
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

    @abstractmethod
    def find(self, certificate: Certificate) -> Sequence[Binding]:
        """Return every setting that uses a described certificate."""

    @abstractmethod
    def current(self, binding: Binding) -> BindingState | None:
        """Return the certificates of a setting; None if the resource or setting does not exist."""

    @abstractmethod
    def bind(self, binding: Binding, certificate_arn: str, *, instead_of: str) -> None:
        """Set `certificate_arn`; a list gets it in addition.

        Raises ConsumerChangedError if the service reports that the setting has neither certificate
        any more, ConsumerBusyError while another change is in progress, and CertificateRefusedError
        if the service does not accept this certificate.
        """

    def unbind(self, binding: Binding, certificate_arn: str) -> None:
        """Remove a certificate from a list; does nothing if it is not in the list.

        Only a kind that `holds_many` has a list.
        """
        raise NotImplementedError(f"{binding.kind.name} has one certificate: {certificate_arn}")

    def _owned(self, certificate: Certificate) -> list[ConsumerArn]:
        """Return the entries of `InUseBy` that are resources of this service."""
        return [
            arn
            for arn in ConsumerArn.in_use_by(certificate, self._scope.account_id)
            if self.owns(arn)
        ]
