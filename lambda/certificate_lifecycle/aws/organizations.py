"""The accounts of an organization."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from certificate_lifecycle.aws.permissions import EVERYTHING, Setting, for_rotation_function
from certificate_lifecycle.aws.responses import paginated, validated_response
from certificate_lifecycle.model.scope import ListedAccount

if TYPE_CHECKING:
    from mypy_boto3_organizations import OrganizationsClient

PERMISSIONS = for_rotation_function(
    "organizations",
    EVERYTHING,
    Setting.ORGANIZATION,
    ListAccounts="find the accounts, if none are named",
)
#: Whether an account is active, by its state or status (API reference, Account).
_ACTIVE = {
    "ACTIVE": True,
    **dict.fromkeys(("PENDING_ACTIVATION", "SUSPENDED", "PENDING_CLOSURE", "CLOSED"), False),
}


class AwsOrganization:
    """AWS Organizations, as the management account or a delegated administrator."""

    def __init__(self, client: Callable[[], OrganizationsClient]) -> None:
        self._client = client

    def accounts(self) -> Iterator[ListedAccount]:
        """Yield all accounts.

        `State` replaced `Status` in September 2026 (API reference, Account). An older SDK knows
        only `Status`, so that its answer may have neither.
        """
        with validated_response("ListAccounts"):
            for account in paginated(self._client(), "list_accounts", "Accounts", required=True):
                state = account.get("State") or account.get("Status")
                yield ListedAccount(account["Id"], _ACTIVE.get(state))
