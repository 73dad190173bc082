"""When a certificate that is validated by e-mail has to migrate, and what a message says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from certificate_lifecycle.model.certificate import (
    Action,
    Certificate,
    CertificateStatus,
    Decision,
    Reason,
    RenewalStatus,
    Severity,
    Verdict,
)
from certificate_lifecycle.policy.chain import assess
from certificate_lifecycle.policy.email_validation import (
    changed_methods,
    email_validation_ends,
    may_migrate,
)
from certificate_lifecycle.policy.remembered import Remembered, RememberedCertificates
from certificate_lifecycle.policy.thresholds import Thresholds
from tests.unit.builders import (
    APPROVAL,
    BY_EMAIL,
    NOW,
    arn,
    certificate,
    days,
    detail,
    imported,
    observation,
    private,
    renewal,
    request,
    validation,
)

FAR = days(150)
METHODS = detail(validations=(BY_EMAIL, validation("dns.example.com")))


def by_email(ends_in: timedelta | None = FAR, **changes: Any) -> Certificate:  # noqa: ANN401 - any field
    return certificate(**{"ends_in": ends_in, "detail": METHODS, **changes})


def decided(seen: Certificate, *obstacles: str, now: datetime = NOW) -> Decision:
    given = replace(observation(seen), migration_obstacles=obstacles)
    return assess(given, Thresholds(), now)


@pytest.mark.parametrize(
    ("ends_in", "severity"),
    [
        (days(150), Severity.INFO),
        (days(75), Severity.WARNING),
        (days(40), Severity.WARNING),
    ],
    ids=["far", "a month before the renewal", "in the window"],
)
def test_the_severity_follows_the_time_until_the_renewal(
    ends_in: timedelta, severity: Severity
) -> None:
    decision = decided(by_email(ends_in))
    assert (decision.verdict, decision.reason) == (
        Verdict.RENEWAL_AT_RISK,
        Reason.EMAIL_VALIDATION_ENDS,
    )
    assert (decision.severity, decision.action) == (severity, Action.RENEW_BY_EMAIL)


@pytest.mark.parametrize(
    ("seen", "text"),
    [
        (by_email(), "Its renewal on 2028-02-02 is the last that works by e-mail."),
        (
            by_email(days(900), lives=days(3000)),
            "Its next renewal, on 2028-09-18, is after that and would fail.",
        ),
        (
            by_email(not_before=None),
            "Its renewal on 2026-09-14 is the last that works by e-mail.",
        ),
        (
            by_email(days(40), not_before=None),
            "Its renewal on 2026-06-01 is the last that works by e-mail.",
        ),
        (
            by_email(timedelta(hours=200), lives=timedelta(hours=300)),
            "is the last that works by e-mail.",
        ),
    ],
    ids=["several renewals", "none", "an unknown lifetime", "due now", "a short lifetime"],
)
def test_the_message_has_the_date_of_the_last_renewal(seen: Certificate, text: str) -> None:
    assert text in decided(seen).message


def test_without_an_expiry_date_the_message_has_no_date_of_a_renewal() -> None:
    decision = email_validation_ends(observation(by_email(None)), Thresholds(), NOW)
    assert decision is not None
    assert " is the last " not in decision.message


def test_a_next_renewal_after_the_end_of_email_is_a_warning() -> None:
    seen = by_email(lives=days(198))
    late = datetime(2028, 2, 1, tzinfo=UTC)
    ends = late + days(130)
    dated = replace(seen, not_before=ends - days(198), not_after=ends)
    assert decided(dated, now=late).severity is Severity.WARNING
    assert decided(replace(dated, in_use=False), now=late).verdict is Verdict.UNUSED


def test_the_message_has_the_names_and_the_commands() -> None:
    message = decided(by_email()).message
    assert message.startswith(
        "ACM validates shop.example.com by e-mail, which no CA may do from 2028-03-15 on."
    )
    which = f"--certificate-arn {arn()} --region eu-west-1"
    assert f"`aws acm update-certificate-options {which} --options ValidationMethod=DNS`" in message
    assert f"`aws acm list-certificate-domain-validations {which}`" in message


def test_the_message_says_what_prevents_the_migration_here() -> None:
    message = decided(by_email(), "no zone for shop.example.com").message
    assert "It cannot migrate to DNS validation here: no zone for shop.example.com. " in message


def test_a_migration_under_way_is_not_started_again() -> None:
    message = decided(by_email(detail=replace(METHODS, migrating_to_dns=True))).message
    assert "Its migration to DNS validation is under way; " in message
    assert "update-certificate-options" not in message


@pytest.mark.parametrize(
    "seen",
    [
        certificate(detail=detail(validations=(validation(),))),
        imported(detail=METHODS),
        private(detail=METHODS),
        by_email(managed_by="CLOUDFRONT"),
        by_email(in_use=False),
        request(detail=METHODS),
        by_email(days(30), detail=replace(METHODS, renewal=APPROVAL)),
    ],
    ids=["by DNS", "imported", "private", "CloudFront", "unused", "a request", "blocked"],
)
def test_no_other_certificate_may_migrate(seen: Certificate) -> None:
    assert not may_migrate(seen)


def test_a_renewal_in_progress_may_migrate() -> None:
    started = renewal(RenewalStatus.PENDING_AUTO_RENEWAL)
    assert may_migrate(by_email(days(40), detail=replace(METHODS, renewal=started)))


def test_a_remembered_method_that_a_search_contradicts_is_read_again() -> None:
    """A migration changes nothing in the listing."""
    seen = {
        "same": by_email(arn=arn("same")),
        "migrated": by_email(arn=arn("migrated")),
        "migrating": by_email(arn=arn("migrating"), detail=replace(METHODS, migrating_to_dns=True)),
        "found": certificate(arn=arn("found"), detail=detail(validations=(validation(),))),
        "other": certificate(arn=arn("other"), detail=detail()),
        "request": by_email(arn=arn("request"), status=CertificateStatus.PENDING_VALIDATION),
    }
    entries = {
        entry.arn: Remembered(fingerprint="", described_at=NOW, certificate=entry)
        for entry in seen.values()
    }
    searched = {arn("same"), arn("migrating"), arn("found")}
    assert changed_methods(RememberedCertificates(entries=entries), searched) == {
        arn("migrated"),
        arn("migrating"),
        arn("found"),
    }
