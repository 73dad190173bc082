"""With a state table the next run reports the actions of a killed run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.embedded_aws.cloud import Cloud
from tests.estates.imports import imported
from tests.integration.effects import documents
from tests.integration.exports import put_exported
from tests.integration.invocation import (
    NOW,
    Function,
    KilledError,
    Wire,
    every_fourth,
    kill,
    scheduled,
)

pytestmark = [
    pytest.mark.integration,
    pytest.mark.usefixtures("kept_clients", "ledger_table"),
]

#: Calls of an undisturbed run, including those to the state table.
IMPORT, EXPORT = 21, 24


@pytest.fixture
def shop(cloud: Cloud, environment: pytest.MonkeyPatch) -> None:
    """Make a certificate whose import source is ahead of it."""
    environment.setenv("IMPORT_SOURCES", imported(cloud).sources)


@pytest.fixture
def edge(cloud: Cloud, environment: pytest.MonkeyPatch) -> None:
    """Make a certificate whose copy ends soon, and whose target is still empty."""
    cloud.certificates.managed_renewal = False
    environment.setenv("EXPORT_TARGETS", put_exported(cloud, 20).environment())


def reported(cloud: Cloud, topic: str) -> str:
    return "\n".join(
        action["detail"]
        for document in documents(cloud, topic)
        for action in document["actions"]
        if action["outcome"] in ("started", "done")
    )


def tomorrow(cloud: Cloud) -> Mapping[str, Any]:
    return scheduled(cloud.advance(days=1))


@pytest.mark.usefixtures("shop")
def test_an_import_makes_as_many_calls_as_are_disturbed_below(rotation: Function) -> None:
    rotation(scheduled(NOW))
    assert len(rotation.calls) == IMPORT


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("number", every_fourth(IMPORT))
def test_an_import_is_reported_whenever_its_run_is_killed(
    rotation: Function, cloud: Cloud, topic: str, wire: Wire, number: int
) -> None:
    wire.strike_after(number, kill)
    with pytest.raises(KilledError):
        rotation(scheduled(NOW))
    rotation(tomorrow(cloud))
    assert "the version that expires on 2027-04-11" in reported(cloud, topic)
    rotation(tomorrow(cloud))  # remembers what ACM has now
    rotation(tomorrow(cloud))
    # A quiet run forgets, and no more.
    assert set(rotation.writes) <= {"DeleteItem"}


@pytest.mark.usefixtures("edge")
def test_an_export_makes_as_many_calls_as_are_disturbed_below(rotation: Function) -> None:
    rotation(scheduled(NOW))
    assert len(rotation.calls) == EXPORT


@pytest.mark.usefixtures("edge")
@pytest.mark.parametrize("number", every_fourth(EXPORT))
def test_an_export_and_a_renewal_are_reported_whenever_their_run_is_killed(
    rotation: Function, cloud: Cloud, topic: str, wire: Wire, number: int
) -> None:
    wire.strike_after(number, kill)
    with pytest.raises(KilledError):
        rotation(scheduled(NOW))
    for _ in range(3):
        rotation(tomorrow(cloud))
    assert "ACM renew it" in reported(cloud, topic)
    assert reported(cloud, topic).count("the issue") >= 2
    rotation(tomorrow(cloud))
    # A quiet run forgets, and no more.
    assert set(rotation.writes) <= {"DeleteItem"}
