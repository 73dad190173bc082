"""What the second half of the life of a certificate shows that others have to renew."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from certificate_lifecycle.model.certificate import Action, Certificate, Decision, Reason, Severity
from certificate_lifecycle.policy.chain import assess
from certificate_lifecycle.policy.export import ExportTarget, TargetFinding, TargetState
from certificate_lifecycle.policy.import_source import SourceState
from certificate_lifecycle.policy.thresholds import Thresholds
from tests.unit.builders import (
    NOW,
    SECOND,
    certificate,
    days,
    imported,
    observation,
    private,
    secret_arn,
    source,
)

LIFETIMES = pytest.mark.parametrize("lifetime", [days(47), days(98), days(198), days(395)])


def decided(seen: Certificate, state: SourceState | None) -> Decision:
    given = replace(observation(seen), source=None if state is None else source(state))
    return assess(given, Thresholds(), NOW)


@LIFETIMES
def test_a_source_that_is_not_newer_is_shown_from_half_of_the_life_on(lifetime: timedelta) -> None:
    half = imported(ends_in=lifetime / 2, lives=lifetime)
    found = decided(half, SourceState.SAME)
    assert (found.reason, found.severity, found.action) == (
        Reason.SOURCE_TOO_OLD,
        Severity.INFO,
        Action.NONE,
    )
    before = imported(ends_in=lifetime / 2 + SECOND, lives=lifetime)
    assert decided(before, SourceState.SAME).healthy


@pytest.mark.parametrize("state", [None, SourceState.UNREAD, SourceState.NOT_YET_VALID])
def test_nothing_is_concluded_from_another_source(state: SourceState | None) -> None:
    assert decided(imported(ends_in=days(90), lives=days(198)), state).healthy


def test_an_unused_certificate_needs_no_source() -> None:
    unused = imported(ends_in=days(90), lives=days(198), in_use=False)
    assert decided(unused, SourceState.SAME).reason is not Reason.SOURCE_TOO_OLD


@LIFETIMES
def test_an_exported_certificate_without_a_target_is_shown_from_half_of_its_life_on(
    lifetime: timedelta,
) -> None:
    for make in (certificate, private):
        half = make(ends_in=lifetime / 2, lives=lifetime, exported=True)
        found = assess(observation(half), Thresholds(), NOW)
        assert (found.reason, found.severity, found.reportable) == (
            Reason.EXPORT_TARGET_MISSING,
            Severity.INFO,
            False,
        )
        before = make(ends_in=lifetime / 2 + SECOND, lives=lifetime, exported=True)
        assert assess(observation(before), Thresholds(), NOW).healthy


def test_an_export_target_delivers_the_renewed_version() -> None:
    seen = certificate(ends_in=days(90), lives=days(198), exported=True)
    target = ExportTarget(
        certificate_arn=seen.arn, secret_arn=secret_arn(), passphrase_secret_arn=secret_arn()
    )
    given = replace(observation(seen), export=TargetFinding(target, TargetState.CURRENT))
    assert assess(given, Thresholds(), NOW).healthy
