"""The accounts of an organization."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from certificate_lifecycle.aws.permissions import EVERYTHING, Setting, for_rotation_function
from certificate_lifecycle.aws.responses import paginated, validated_response

if TYPE_CHECKING:
    from mypy_boto3_organizations import OrganizationsClient

PERMISSIONS = for_rotation_function(
    "organizations",
    EVERYTHING,
    Setting.ORGANIZATION,
    ListAccounts="find the accounts, if none are named",
)


class AwsOrganization:
    """AWS Organizations, as the management account or a delegated administrator."""

    def __init__(self, client: Callable[[], OrganizationsClient]) -> None:
        self._client = client

    def accounts(self) -> Iterator[str]:
        """Yield the ids of the active accounts.

        `State` replaced `Status` in September 2026 (API reference, Account); older SDKs have only
        `Status`.
        """
        with validated_response("ListAccounts"):
            for account in paginated(self._client(), "list_accounts", "Accounts", required=True):
                state = account.get("State") or account.get("Status")
                if state == "ACTIVE" and "Id" in account:
                    yield account["Id"]
