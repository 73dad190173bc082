"""Ways in which the scan of one account or region fails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError

from tests.embedded_aws.cloud import Cloud
from tests.integration.invocation import Wire

BROKEN_ACCOUNT, BROKEN_REGION = "222222222222", "sa-east-1"


@dataclass(frozen=True)
class Breakage:
    """A way in which one account or region fails, and the scopes that fail with it."""

    cloud: Cloud
    wire: Wire
    accounts: Sequence[str]
    regions: Sequence[str]

    def happen(self, way: str) -> set[tuple[str, str]]:
        lost: set[tuple[str, str]] = getattr(self, way)()
        return lost

    def access_denied(self) -> set[tuple[str, str]]:
        return self._refused("AccessDeniedException", BROKEN_ACCOUNT)

    def throttled_for_ever(self) -> set[tuple[str, str]]:
        return self._refused("ThrottlingException", BROKEN_ACCOUNT)

    def clock_skew(self) -> set[tuple[str, str]]:
        return self._refused("InvalidSignatureException", BROKEN_ACCOUNT)

    def region_not_enabled(self) -> set[tuple[str, str]]:
        return self._refused("UnrecognizedClientException", *self.accounts)

    def endpoint_timeout(self) -> set[tuple[str, str]]:
        return self._unreachable(ConnectTimeoutError(endpoint_url="https://acm.invalid"))

    def endpoint_unreachable(self) -> set[tuple[str, str]]:
        return self._unreachable(EndpointConnectionError(endpoint_url="https://acm.invalid"))

    def role_missing(self) -> set[tuple[str, str]]:
        self.cloud.fail(
            "sts",
            "AssumeRole",
            "AccessDenied",
            "not authorized to perform: sts:AssumeRole",
            times=None,
            when=lambda wanted: BROKEN_ACCOUNT in wanted["RoleArn"],
        )
        return {(BROKEN_ACCOUNT, region) for region in self.regions}

    def _refused(self, code: str, *accounts: str) -> set[tuple[str, str]]:
        for account in accounts:
            self.cloud.fail("acm", "*", code, times=None, account=account, region=BROKEN_REGION)
        return {(account, BROKEN_REGION) for account in accounts}

    def _unreachable(self, error: Exception) -> set[tuple[str, str]]:
        """Let every request of a region fail before it leaves."""

        def fail(request: Any) -> None:  # noqa: ANN401 - botocore's own request
            if f"/{BROKEN_REGION}/acm/" in str(request.headers.get("Authorization")):
                raise error

        self.wire.sending = fail
        return {(account, BROKEN_REGION) for account in self.accounts}


WAYS = (
    *("access_denied", "throttled_for_ever", "clock_skew", "region_not_enabled"),
    *("endpoint_timeout", "endpoint_unreachable", "role_missing"),
)
