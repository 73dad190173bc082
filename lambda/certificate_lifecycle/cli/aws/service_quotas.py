"""Service Quotas: the account's own quotas of ACM in a region."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from certificate_lifecycle.aws.permissions import EVERYTHING, Command, Permission

PERMISSIONS = (
    Permission(
        "servicequotas:GetServiceQuota", (Command.DOCTOR,), EVERYTHING, "quotas of certificates"
    ),
)
_UNKNOWN = frozenset({"AccessDeniedException", "NoSuchResourceException"})


def acm_quota(client: Any, code: str) -> int | None:  # noqa: ANN401 - the stubs know no common type
    """Return a quota of ACM; None if the caller may not read it or it has no own value."""
    try:
        answer = client.get_service_quota(ServiceCode="acm", QuotaCode=code)
    except ClientError as error:
        if error.response["Error"]["Code"] in _UNKNOWN:
            return None
        raise
    return int(answer["Quota"]["Value"])
