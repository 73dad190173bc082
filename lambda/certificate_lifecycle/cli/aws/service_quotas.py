"""Service Quotas: the account's own quotas of ACM in a region."""

from __future__ import annotations

from typing import Any

from certificate_lifecycle.aws.permissions import EVERYTHING, Command, declare
from certificate_lifecycle.aws.responses import unless

PERMISSIONS = declare(
    (Command.DOCTOR,), "servicequotas", EVERYTHING, GetServiceQuota="quotas of certificates"
)
_UNKNOWN = ("AccessDeniedException", "NoSuchResourceException")


def acm_quota(client: Any, code: str) -> int | None:  # noqa: ANN401 - the stubs know no common type
    """Return a quota of ACM; None if the caller may not read it or it has no own value."""
    answer = unless(_UNKNOWN, lambda: client.get_service_quota(ServiceCode="acm", QuotaCode=code))
    return int(answer["Quota"]["Value"]) if answer else None
