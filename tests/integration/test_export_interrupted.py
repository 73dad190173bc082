"""After an interruption between any two calls, the target has the certificate, renewed once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from certificate_lifecycle.model.errors import RotationError
from tests.embedded_aws import certificates as embedded
from tests.embedded_aws.cloud import Cloud
from tests.integration.exports import Exported, put_exported
from tests.integration.invocation import (
    NOW,
    Function,
    KilledError,
    Wire,
    calls,
    every_fourth,
    kill,
    scheduled,
)

pytestmark = pytest.mark.integration


@pytest.fixture
def exported(cloud: Cloud, environment: pytest.MonkeyPatch) -> Exported:
    """Make a certificate whose copy ends soon, and whose target is still empty."""
    cloud.certificates.managed_renewal = False
    given = put_exported(cloud, 20)
    environment.setenv("EXPORT_TARGETS", given.environment())
    cloud.forget_calls()
    return given


@pytest.fixture
def renewed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let ACM finish a renewal before the next call."""
    monkeypatch.setattr(embedded, "RENEWAL_TAKES", timedelta(0))


def tomorrow(cloud: Cloud) -> Mapping[str, Any]:
    return scheduled(cloud.advance(days=1))


EVENT = scheduled(NOW)
#: Calls of the run that finds the copy, of the one that finds the renewed certificate, and of one
#: that lives through both; see the first two tests.
FIRST, SECOND, BOTH = 17, 15, 21
#: The call of such a run that asks ACM to renew.
RENEWAL = 14


def _again(rotation: Function, event: Mapping[str, Any]) -> None:
    rotation(event)


def assert_finished(exported: Exported, *, versions: int = 2) -> None:
    """Compare with the state in which undisturbed runs leave everything."""
    exported.assert_up_to_date()
    assert exported.renewals == 1
    assert len(exported.versions) <= versions


def test_undisturbed_runs_make_as_many_calls_as_are_disturbed_below(
    rotation: Function, cloud: Cloud, exported: Exported
) -> None:
    rotation(EVENT)
    assert len(rotation.calls) == FIRST
    rotation(tomorrow(cloud))
    assert len(rotation.calls) == SECOND
    assert_finished(exported)
    rotation(tomorrow(cloud))
    assert rotation.writes == []


@pytest.mark.usefixtures("renewed_at_once")
def test_an_undisturbed_run_may_live_through_all_of_it(
    rotation: Function, exported: Exported
) -> None:
    rotation(EVENT)
    assert len(rotation.calls) == BOTH
    assert rotation.operations.index("RenewCertificate") + 1 == RENEWAL
    assert_finished(exported)


@pytest.mark.parametrize("number", every_fourth(FIRST))
def test_a_first_run_that_is_killed_is_made_up_for(
    rotation: Function, cloud: Cloud, exported: Exported, wire: Wire, number: int
) -> None:
    wire.strike_after(number, kill)
    with pytest.raises(KilledError):
        rotation(EVENT)
    rotation(EVENT)
    rotation(tomorrow(cloud))
    assert_finished(exported)


@pytest.mark.parametrize("number", every_fourth(SECOND))
def test_a_second_run_that_is_killed_is_made_up_for(
    rotation: Function, cloud: Cloud, exported: Exported, wire: Wire, number: int
) -> None:
    rotation(EVENT)
    event = tomorrow(cloud)
    wire.strike_after(number, kill)
    with pytest.raises(KilledError):
        rotation(event)
    rotation(event)
    assert_finished(exported)


@pytest.mark.usefixtures("renewed_at_once")
@pytest.mark.parametrize("number", every_fourth(BOTH))
def test_a_run_that_is_killed_while_acm_is_quick_is_made_up_for(
    rotation: Function, exported: Exported, wire: Wire, number: int
) -> None:
    wire.strike_after(number, kill)
    with pytest.raises(KilledError):
        rotation(EVENT)
    rotation(EVENT)
    assert_finished(exported)


@pytest.mark.usefixtures("renewed_at_once")
# Without the last call: it counts the subscriptions, and a run does not fail if AWS refuses that.
@pytest.mark.parametrize("number", every_fourth(BOTH - 1))
def test_a_call_that_aws_refuses_is_made_up_for(
    rotation: Function, cloud: Cloud, exported: Exported, number: int
) -> None:
    refuse_call(cloud, number)
    with pytest.raises(RotationError):
        rotation(EVENT)
    rotation(EVENT)
    assert_finished(exported)


def refuse_call(cloud: Cloud, number: int) -> None:
    """Refuse one call, counted over all operations."""
    counted = 0

    def strikes(_: Mapping[str, Any]) -> bool:
        nonlocal counted
        counted += 1
        return counted == number

    for service, operations in {
        "acm": (
            *("ListAcmeEndpoints", "ListCertificates", "DescribeCertificate"),
            "ListTagsForCertificate",
            *("ExportCertificate", "RenewCertificate"),
        ),
        "iam": ("ListServerCertificates",),
        "secretsmanager": ("DescribeSecret", "GetSecretValue", "PutSecretValue"),
        "sns": ("Publish",),
        "ssm": ("GetParametersByPath",),
    }.items():
        for operation in operations:
            cloud.fail(service, operation, "AccessDenied", "not today", times=None, when=strikes)


@pytest.mark.parametrize("number", every_fourth(FIRST))
def test_a_first_run_inside_another_renews_and_writes_no_second_time(
    rotation: Function, cloud: Cloud, exported: Exported, wire: Wire, number: int
) -> None:
    wire.strike_before(number, lambda: _again(rotation, EVENT))
    rotation(EVENT)
    assert exported.renewals == 1
    assert len(exported.versions) == 1
    rotation(tomorrow(cloud))
    assert_finished(exported)


@pytest.mark.parametrize("number", every_fourth(SECOND))
def test_a_second_run_inside_another_writes_no_second_time(
    rotation: Function, cloud: Cloud, exported: Exported, wire: Wire, number: int
) -> None:
    rotation(EVENT)
    event = tomorrow(cloud)
    wire.strike_before(number, lambda: _again(rotation, event))
    rotation(event)
    assert_finished(exported)
    assert len(exported.versions) == 2


@pytest.mark.usefixtures("renewed_at_once")
@pytest.mark.parametrize("number", calls(BOTH, RENEWAL, *range(1, BOTH, 4)))
def test_a_run_inside_another_leaves_the_newest_issue_however_quick_acm_is(
    rotation: Function, exported: Exported, wire: Wire, number: int
) -> None:
    # Only a whole renewal and its export between the last read and the call to renew cause a second
    # one; docs/adr/0008 says why that is accepted.
    wire.strike_before(number, lambda: _again(rotation, EVENT))
    rotation(EVENT)
    assert exported.renewals == 1 + (number == RENEWAL)
    rotation(EVENT)
    exported.assert_up_to_date()
