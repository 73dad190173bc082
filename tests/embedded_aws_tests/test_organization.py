"""The embedded AWS Organizations lists accounts as AWS does."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.embedded_aws.cloud import Cloud
from tests.embedded_aws.organization import ORGANIZATION_ID
from tests.embedded_aws.zones import DEFAULT_ACCOUNT


def test_accounts_are_listed_by_pages_of_twenty(cloud: Cloud) -> None:
    """https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListAccounts.html."""
    cloud.organization.trusted.add(DEFAULT_ACCOUNT)
    cloud.organization.add(*(f"{number:012}" for number in range(41)))
    client = cloud.client("organizations")
    pages = list(client.get_paginator("list_accounts").paginate())
    assert [len(page["Accounts"]) for page in pages] == [20, 20, 1]


def test_an_account_has_a_state_and_no_status(cloud: Cloud) -> None:
    """https://docs.aws.amazon.com/organizations/latest/APIReference/API_Account.html."""
    cloud.organization.trusted.add(DEFAULT_ACCOUNT)
    cloud.organization.add("111111111111", state="SUSPENDED")
    (account,) = cloud.client("organizations").list_accounts()["Accounts"]
    assert account["State"] == "SUSPENDED"
    assert "Status" not in account


def test_only_the_management_account_and_delegated_administrators_may_ask(cloud: Cloud) -> None:
    with pytest.raises(ClientError, match="AccessDeniedException"):
        cloud.client("organizations").list_accounts()


def test_an_account_belongs_to_one_organization_or_to_none(cloud: Cloud) -> None:
    cloud.organization.add("111111111111")
    assert cloud.organization.of("111111111111") == ORGANIZATION_ID
    assert cloud.organization.of("222222222222") is None
