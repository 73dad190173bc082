"""Service Quotas: how much of something an account may have in a region."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from certificate_lifecycle.aws.permissions import EVERYTHING, Command, Permission

PERMISSIONS = (
    Permission(
        "servicequotas:GetServiceQuota", (Command.DOCTOR,), EVERYTHING, "quotas of certificates"
    ),
)
#: What is answered where the account's own value is not known, or is not for us to see.
_UNKNOWN = frozenset({"AccessDeniedException", "NoSuchResourceException"})


class AcmQuotas:
    """The quotas of ACM in one account and region."""

    def __init__(self, client: Callable[[], Any]) -> None:
        self._client = client

    def value(self, code: str) -> int | None:
        """Return a quota; None where AWS does not tell us the account's own value."""
        try:
            answer = self._client().get_service_quota(ServiceCode="acm", QuotaCode=code)
        except ClientError as error:
            if error.response["Error"]["Code"] in _UNKNOWN:
                return None
            raise
        return int(answer["Quota"]["Value"])
