"""What a renewal or an import under the same ARN changed besides the dates."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from certificate_lifecycle.model.certificate import (
    Action,
    Certificate,
    CertificateStatus,
    Decision,
    Reason,
    Severity,
    Verdict,
)
from certificate_lifecycle.model.run import Assessment
from certificate_lifecycle.policy.chain import assess
from certificate_lifecycle.policy.notification_state import AlertRecord, alert_record
from certificate_lifecycle.policy.remembered import Remembered, RenewalChange
from certificate_lifecycle.policy.renewal_change import OPEN_FOR, change_of, is_to_compare
from certificate_lifecycle.policy.thresholds import Thresholds
from tests.unit.builders import NOW, SECOND, certificate, days, detail, imported, observation

SERVER, CLIENT = "TLS_WEB_SERVER_AUTHENTICATION", "TLS_WEB_CLIENT_AUTHENTICATION"
BOTH = frozenset({SERVER, CLIENT})
BEFORE = detail(serial="01", issuer="Old CA", extended_key_usages=BOTH)
OLD = imported(detail=BEFORE)
CHANGE = RenewalChange(at=NOW, issuer="Old CA", usages=BOTH)


def renewed(**changes: object) -> Certificate:
    """Return a later version of `OLD`, which differs in these details only."""
    later = detail(**{"serial": "02", "issuer": "Old CA", "extended_key_usages": BOTH, **changes})
    return imported(ends_in=days(300), detail=later)


def remembered(change: RenewalChange | None = None, seen: Certificate = OLD) -> Remembered:
    return Remembered(fingerprint="", described_at=NOW - days(1), certificate=seen, change=change)


def decided(
    after: Certificate, change: RenewalChange | None = CHANGE, now: datetime = NOW
) -> Decision:
    return assess(replace(observation(after), change=change), Thresholds(), now)


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"issuer": "New CA"}, True),
        ({"extended_key_usages": frozenset({SERVER})}, True),
        ({}, False),
        ({"issuer": None}, False),
        ({"extended_key_usages": frozenset()}, False),
        ({"extended_key_usages": frozenset({"ANY"})}, False),
        ({"extended_key_usages": frozenset({"NONE"})}, False),
    ],
    ids=["issuer", "usage", "nothing", "unknown issuer", "unknown", "any usage", "no extension"],
)
def test_a_renewal_is_compared_with_the_version_before(
    changes: dict[str, object], *, found: bool
) -> None:
    assert change_of(remembered(), None, renewed(**changes), NOW) == (CHANGE if found else None)


def test_the_same_version_keeps_the_change_of_its_renewal() -> None:
    earlier = replace(CHANGE, at=NOW - days(3))
    assert change_of(remembered(earlier), None, OLD, NOW) == earlier
    assert change_of(None, None, OLD, NOW) is None


@pytest.mark.parametrize(
    ("before", "listed", "wanted"),
    [
        (None, OLD, False),
        (remembered(), OLD, False),
        (remembered(), renewed(), True),
        (remembered(replace(CHANGE, at=NOW - OPEN_FOR + SECOND)), OLD, True),
        (remembered(replace(CHANGE, at=NOW - OPEN_FOR)), OLD, False),
        (remembered(), replace(renewed(), in_use=False), False),
        (remembered(), replace(renewed(), status=CertificateStatus.EXPIRED), False),
    ],
    ids=["unknown", "the same", "renewed", "open", "over", "unused", "expired"],
)
def test_a_certificate_is_described_after_a_renewal_and_while_a_change_is_open(
    before: Remembered | None, listed: Certificate, *, wanted: bool
) -> None:
    assert is_to_compare(before, None, listed, NOW) is wanted


def reported(after: Certificate, at: datetime = NOW) -> AlertRecord:
    """Return the alert record of a change that a run found on the day of `at`."""
    return alert_record(Assessment(after, decided(after)), None, Thresholds(), at)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"issuer": "New CA"}, Reason.ISSUER_CHANGED),
        ({"extended_key_usages": frozenset({SERVER})}, Reason.CLIENT_AUTH_LOST),
    ],
    ids=["issuer", "usage"],
)
def test_a_reported_change_stays_open_although_the_version_before_is_not_known_any_more(
    changes: dict[str, object], reason: Reason
) -> None:
    after = renewed(**changes)
    alert = reported(after, NOW - days(3))
    # The alert began with another verdict, weeks ago.
    alert = replace(alert, since=NOW - days(40))
    assert is_to_compare(None, alert, after, NOW)
    lost = change_of(None, alert, after, NOW)
    assert lost == RenewalChange(at=NOW - days(3), reported=reason)
    assert Remembered.from_dict(remembered(lost, after).to_dict()).change == lost
    decision = decided(after, lost)
    assert (decision.reason, decision.severity) == (reason, decided(after).severity)
    assert " from " not in decision.message


@pytest.mark.parametrize("other", ["over", "another verdict", "another reason", "unused"])
def test_what_no_open_alert_reports_is_no_change(other: str) -> None:
    after = renewed(issuer="New CA")
    alert = reported(after, NOW - (OPEN_FOR if other == "over" else days(1)))
    if other == "another verdict":
        alert = replace(alert, verdict=Verdict.IMPORT_DUE.value)
    if other == "another reason":
        alert = replace(alert, reason="NewerReason")
    if other == "unused":
        after = replace(after, in_use=False)
    else:
        assert change_of(None, alert, after, NOW) is None
    assert not is_to_compare(None, alert, after, NOW)


def test_another_issuer_is_a_note_with_both_names() -> None:
    decision = decided(renewed(issuer="New CA", imported_at=NOW))
    assert (decision.verdict, decision.reason, decision.severity, decision.action) == (
        Verdict.RENEWAL_CHANGED,
        Reason.ISSUER_CHANGED,
        Severity.INFO,
        Action.INVESTIGATE,
    )
    assert decision.message.startswith(
        "Its import on 2026-06-01 changed the issuer from Old CA to New CA, so that clients that "
        "pin the issuer fail. It expires in 300 days"
    )


def test_a_lost_client_usage_is_a_warning() -> None:
    after = renewed(issuer="New CA", extended_key_usages=frozenset({SERVER}))
    decision = decided(after)
    assert (decision.reason, decision.severity) == (Reason.CLIENT_AUTH_LOST, Severity.WARNING)
    assert decision.message.startswith("Its last import lost the extended key usage clientAuth")
    assert " and changed the issuer from Old CA to New CA" in decision.message
    managed = certificate(detail=replace(after.detail, issuer="Amazon"))
    assert decided(managed).message.startswith("Its renewal on 2026-02-23 lost ")


@pytest.mark.parametrize(
    ("after", "change"),
    [
        (renewed(issuer="New CA"), None),
        (renewed(issuer="New CA"), replace(CHANGE, at=NOW - OPEN_FOR)),
        (replace(renewed(issuer="New CA"), in_use=False), CHANGE),
        (renewed(), CHANGE),
    ],
    ids=["no change", "over", "unused", "changed back"],
)
def test_other_certificates_are_judged_by_other_checks(
    after: Certificate, change: RenewalChange | None
) -> None:
    assert decided(after, change).verdict is Verdict.HEALTHY
