"""The interface of a service that receives each run."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

#: Raises CertificateLifecycleError if no time is left for another call.
RequireTime = Callable[[], None]

if TYPE_CHECKING:
    from certificate_lifecycle.aws.clients import Clients
    from certificate_lifecycle.aws.permissions import Permission
    from certificate_lifecycle.model.run import Run
    from certificate_lifecycle.model.scope import Scope
    from certificate_lifecycle.policy.settings import RotationSettings


class Sink(ABC):
    """A service that receives each run.

    A new one is one subclass in a file of its own and one line in `registry.SINKS`.
    """

    permissions: ClassVar[tuple[Permission, ...]]

    @classmethod
    @abstractmethod
    def from_settings(
        cls, settings: RotationSettings, home: Scope, clients: Clients
    ) -> Sink | None:
        """Return the sink in the function's own account and region; None if not configured.

        Its client is created by the first call.
        """

    @property
    @abstractmethod
    def name(self) -> str:
        """The name in error messages."""

    @abstractmethod
    def publish(self, run: Run, require_time: RequireTime) -> None:
        """Send a run; raises if the service did not accept all of it.

        `require_time` is called before each call of the service, and raises if no time is left.
        """
