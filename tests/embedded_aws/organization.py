"""AWS Organizations: which accounts there are, and which organization they belong to.

https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListAccounts.html
https://docs.aws.amazon.com/organizations/latest/APIReference/API_Account.html
moto invents the account ids, and knows `Status`, which AWS gives no more since September 2026.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from tests.embedded_aws.protocol import AwsError, Request

ORGANIZATION_ID = "o-a1b2c3d4e5"
MANAGEMENT_ACCOUNT = "999999999999"
#: The most that AWS gives on a page.
PAGE_SIZE = 20

Handlers = Mapping[tuple[str, str], Callable[[Request], dict[str, Any]]]


class Organization:
    """The accounts of one organization; `trusted` are the accounts that may list them."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        #: States by account; None leaves out the state, as an SDK does that does not know it.
        self.accounts: dict[str, str | None] = {}
        self.trusted: set[str] = set()

    def add(self, *account_ids: str, state: str = "ACTIVE") -> None:
        """Let accounts belong to the organization."""
        self.accounts |= dict.fromkeys(account_ids, state)

    def of(self, account_id: str) -> str | None:
        """Return the id of the organization that an account belongs to."""
        return ORGANIZATION_ID if account_id in self.accounts else None

    def handlers(self) -> Handlers:
        return {("organizations", "ListAccounts"): self.list_accounts}

    def list_accounts(self, request: Request) -> dict[str, Any]:
        if request.account not in self.trusted:
            raise AwsError(
                "AccessDeniedException",
                "You don't have permissions to access this resource.",
                status=400,
            )
        size = int(request.parameters.get("MaxResults", PAGE_SIZE))
        start = int(request.parameters.get("NextToken", "0"))
        listed = list(self.accounts.items())
        more = {"NextToken": str(start + size)} if start + size < len(listed) else {}
        return {"Accounts": [_account(*entry) for entry in listed[start : start + size]], **more}


def _account(account_id: str, state: str | None) -> dict[str, Any]:
    owner = f"arn:aws:organizations::{MANAGEMENT_ACCOUNT}:account/{ORGANIZATION_ID}"
    return {
        "Id": account_id,
        "Arn": f"{owner}/{account_id}",
        "Email": f"{account_id}@example.com",
        "Name": f"account {account_id}",
        **({} if state is None else {"State": state}),
        "JoinedMethod": "CREATED",
        "JoinedTimestamp": datetime(2020, 1, 1, tzinfo=UTC),
    }
