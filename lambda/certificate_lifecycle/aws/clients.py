"""Clients of AWS services.

Importing this module creates no client and needs neither region nor credentials.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

import boto3
import botocore
from botocore.config import Config

from certificate_lifecycle.aws.pacing import Pacer
from certificate_lifecycle.aws.responses import require_whole_answers
from certificate_lifecycle.aws.sessions import assumed, core_session

if TYPE_CHECKING:
    from mypy_boto3_route53 import Route53Client
    from mypy_boto3_sts import STSClient

#: The versions of the SDK; botocore has the models.
SDK_VERSION = f"boto3 {boto3.__version__}, botocore {botocore.__version__}"
#: Standard mode backs off with jitter and retries throttling, including Route 53's
#: `PriorRequestNotComplete`.
_CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 8},
    connect_timeout=5,
    read_timeout=20,
    # One for each thread that describes certificates: a connection that is left over is closed.
    max_pool_connections=16,
    user_agent_extra="certificate-lifecycle",
)


class Clients:
    """The clients of one invocation, each created at its first use and then reused.

    `home` is the function's own region.
    `role_arn` is the role of another account, None the function's own credentials; `external_ids`
    has the external ids of roles.
    `rate_share` concurrent invocations share the rate of Route 53 in every account except
    `exclusive_account`, which only this invocation scans.
    `session` has the credentials, by default those of the environment; it is made with
    `sessions.core_session`. `watch` gets the events of each session before its first client.
    """

    def __init__(
        self,
        home: str,
        external_ids: Mapping[str, str] | None = None,
        *,
        session: boto3.Session | None = None,
        rate_share: int = 1,
        exclusive_account: str = "",
        watch: Callable[[Any], None] | None = None,
    ) -> None:
        # At DEBUG the SDK logs requests and responses with passphrases, secrets and keys.
        logging.getLogger("botocore").setLevel(logging.WARNING)
        self.session = session or boto3.Session(botocore_session=core_session())
        self._watch = watch or (lambda _: None)
        self._watch(self.session.events)
        self._home = home
        self._external_ids = external_ids or {}
        self._rate_share = rate_share
        self._exclusive_account = exclusive_account
        # Threads may share a client, but must not create clients of one session concurrently.
        self._lock = threading.RLock()
        self._made: dict[tuple[str, str, str | None], Any] = {}
        self._sessions: dict[str, boto3.Session] = {}
        self._pacers: dict[tuple[str, str, str], Pacer] = {}

    def any(self, service: str, region: str, role_arn: str | None = None) -> Any:  # noqa: ANN401 - the caller knows the type
        """Return the client of a service, as boto3 names it, in `region`."""
        key = (service, region, role_arn)
        with self._lock:
            if key not in self._made:
                session = self._assumed(role_arn) if role_arn else self.session
                client = session.client(service, region_name=region, config=_CONFIG)  # type: ignore[call-overload] # the stubs know literal service names only
                client.meta.events.register(f"before-send.{service}", self._pacer(*key))
                require_whole_answers(client)
                self._made[key] = client
            return self._made[key]

    def offers(self, service: str, region: str) -> bool:
        """Return whether a service is in a region as far as this SDK knows; it may be old."""
        partition = self.session.get_partition_for_region(region)
        return region in self.session.get_available_regions(service, partition)

    def route53(self, role_arn: str | None = None) -> Route53Client:
        """Route 53, which is one service per partition."""
        return cast("Route53Client", self.any("route53", self._home, role_arn))

    def _pacer(self, service: str, region: str, role_arn: str | None) -> Pacer:
        """Return the pacer of an account; all roles in it share its quotas."""
        account_id = role_arn.split(":")[4] if role_arn else ""
        exclusive = account_id != "" and account_id == self._exclusive_account
        pacer = Pacer(service, rate_share=1 if exclusive else self._rate_share)
        return self._pacers.setdefault((service, region, account_id), pacer)

    def _assumed(self, role_arn: str) -> boto3.Session:
        if role_arn not in self._sessions:
            self._sessions[role_arn] = assumed(
                lambda: cast("STSClient", self.any("sts", self._home)),
                role_arn,
                self._external_ids.get(role_arn),
            )
            self._watch(self._sessions[role_arn].events)
        return self._sessions[role_arn]
