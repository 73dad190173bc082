"""Delegations compared with the name servers of a zone."""

from __future__ import annotations

import pytest

from certificate_lifecycle.policy.delegation import Delegation, DelegationState

OWN = frozenset({"ns1.test", "ns2.test"})


@pytest.mark.parametrize(
    ("named", "state"),
    [
        pytest.param(OWN, DelegationState.WHOLE, id="all of them and no other"),
        pytest.param({"ns1.test"}, DelegationState.SOME_MISSING, id="not all of them"),
        pytest.param({*OWN, "other.test"}, DelegationState.SOME_FOREIGN, id="others, too"),
        pytest.param(
            {"ns1.test", "other.test"}, DelegationState.SOME_FOREIGN, id="others for some of them"
        ),
        pytest.param({"other.test"}, DelegationState.ELSEWHERE, id="others only"),
        pytest.param((), DelegationState.NOWHERE, id="none at all"),
    ],
)
def test_a_delegation_is_compared_by_its_name_servers(
    named: frozenset[str], state: DelegationState
) -> None:
    assert Delegation(OWN, frozenset(named)).state is state


def test_missing_and_foreign_name_servers_are_returned() -> None:
    delegation = Delegation(OWN, frozenset({"ns1.test", "other.test"}))
    assert delegation.missing == {"ns2.test"}
    assert delegation.foreign == {"other.test"}


def test_another_zone_of_the_name_is_recognised_by_its_name_servers() -> None:
    delegation = Delegation(OWN, frozenset({"other.test"}))
    assert delegation.leads_to({"other.test", "more.test"})
    assert not delegation.leads_to(OWN)
