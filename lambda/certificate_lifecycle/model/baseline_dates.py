"""Dates on which the rules for public certificates change.

Sources: CA/Browser Forum ballot SC-081v3 (lifetimes, reuse of validation data), Baseline
Requirements 3.2.2.4 and 3.2.2.9 (e-mail, DNSSEC, perspectives), root program policies (clientAuth).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True, slots=True)
class IssuanceRule:
    """The limits for public certificates that are issued from `since` on.

    `lifetime` is the longest validity, `reuse` the longest time for which a validation of a domain
    name may be used again.
    """

    since: datetime
    lifetime: timedelta
    reuse: timedelta


#: The limits in the order of their dates.
RULES = (
    IssuanceRule(datetime(2020, 9, 1, tzinfo=UTC), timedelta(days=398), timedelta(days=398)),
    IssuanceRule(datetime(2026, 3, 15, tzinfo=UTC), timedelta(days=200), timedelta(days=200)),
    IssuanceRule(datetime(2027, 3, 15, tzinfo=UTC), timedelta(days=100), timedelta(days=100)),
    IssuanceRule(datetime(2029, 3, 15, tzinfo=UTC), timedelta(days=47), timedelta(days=10)),
)
#: Since then a CA must validate DNSSEC for domain validation and CAA records.
DNSSEC_VALIDATED = datetime(2026, 3, 15, tzinfo=UTC)
#: Since then five remote network perspectives must give the same answers.
FIVE_PERSPECTIVES = datetime(2026, 12, 15, tzinfo=UTC)
#: Since then no CA may validate a domain name by e-mail.
EMAIL_VALIDATION_ENDS = datetime(2028, 3, 15, tzinfo=UTC)
#: Since then no public CA issues certificates with clientAuth; Amazon stopped on the first date.
CLIENT_AUTH_LEAVES_ACM = datetime(2025, 6, 11, tzinfo=UTC)
CLIENT_AUTH_ENDS = datetime(2027, 3, 1, tzinfo=UTC)


def rule_at(moment: datetime) -> IssuanceRule:
    """Return the limits for certificates that are issued at `moment`."""
    return next((rule for rule in reversed(RULES) if rule.since <= moment), RULES[0])
