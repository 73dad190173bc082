"""Renewals and imports under the same ARN that changed more than the dates.

The issuer is the one of `DescribeCertificate`, an attribute of its name: "Amazon" whichever of its
intermediate CAs Amazon chose (API reference, CertificateDetail, Issuer).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from certificate_lifecycle.model.certificate import (
    Action,
    Certificate,
    CertificateStatus,
    CertificateType,
    Decision,
    Reason,
    Severity,
    Verdict,
)
from certificate_lifecycle.model.sanitize import clean
from certificate_lifecycle.policy import facts
from certificate_lifecycle.policy.checks import CheckInput, check
from certificate_lifecycle.policy.notification_state import AlertRecord
from certificate_lifecycle.policy.remembered import Remembered, RenewalChange

#: A change is a finding for this time after it was found.
OPEN_FOR = timedelta(days=14)
#: Usages of a certificate for clients; an absent extension, `NONE`, allows every usage (API
#: reference, ExtendedKeyUsage).
_FOR_CLIENTS = frozenset({"TLS_WEB_CLIENT_AUTHENTICATION", "ANY", "NONE"})
#: Characters of an issuer in a message.
_LONGEST_ISSUER = 100
_REASONS = (Reason.ISSUER_CHANGED, Reason.CLIENT_AUTH_LOST)


def is_to_compare(
    before: Remembered | None, alert: AlertRecord | None, listed: Certificate, now: datetime
) -> bool:
    """Whether a listed certificate is compared with what an earlier run remembers of it.

    Either its dates show that it was renewed or imported again, or a change is still open.
    """
    if listed.status is not CertificateStatus.ISSUED or not listed.used:
        return False
    if before is None:
        return _reported_change(alert, now) is not None
    if before.change is not None and now - before.change.at < OPEN_FOR:
        return True
    return listed.not_before != before.certificate.not_before


def change_of(
    before: Remembered | None, alert: AlertRecord | None, after: Certificate, now: datetime
) -> RenewalChange | None:
    """Return what a renewal changed, or the earlier change if there was no renewal since.

    `after` was described. What is unknown on one side is no change. A change that an open `alert`
    reports is kept although what was remembered of the certificate is lost.
    """
    if before is None:
        return _reported_change(alert, now)
    former = before.certificate
    same = (former.not_before, former.detail.serial) == (after.not_before, after.detail.serial)
    if same:
        return before.change
    change = RenewalChange(
        at=now, issuer=former.detail.issuer, usages=former.detail.extended_key_usages
    )
    return change if _reasons(change, after) else None


def _reported_change(alert: AlertRecord | None, now: datetime) -> RenewalChange | None:
    """Return the change of an open alert, None without one.

    The finding may have been found earlier: the alert may have begun with another verdict.
    """
    if alert is None or alert.verdict != Verdict.RENEWAL_CHANGED.value:
        return None
    at = alert.notified_at
    reported = next((reason for reason in _REASONS if reason.value == alert.reason), None)
    return RenewalChange(at=at, reported=reported) if reported and now - at < OPEN_FOR else None


def _reasons(change: RenewalChange, after: Certificate) -> list[Reason]:
    """Return what a renewal changed, the most severe first."""
    if change.reported is not None:
        return [change.reported]
    reasons = []
    usages = after.detail.extended_key_usages
    if usages and _FOR_CLIENTS & change.usages and not _FOR_CLIENTS & usages:
        reasons.append(Reason.CLIENT_AUTH_LOST)
    issuer = after.detail.issuer
    if change.issuer and issuer and change.issuer != issuer:
        reasons.append(Reason.ISSUER_CHANGED)
    return reasons


@check(
    question="Did its last renewal or import change more than the dates?",
    facts=(facts.TYPE, facts.USED, facts.CHANGED),
)
def renewal_changed(given: CheckInput) -> Decision | None:
    """Find renewals and imports after which some clients may fail."""
    certificate, change = given.certificate, given.observation.change
    if change is None or given.now - change.at >= OPEN_FOR or not certificate.used:
        return None
    reasons = _reasons(change, certificate)
    if not reasons:
        return None
    issuers = f" from {_shown(change.issuer)} to {_shown(certificate.detail.issuer)}"
    texts = {
        Reason.ISSUER_CHANGED: f"changed the issuer{'' if change.reported else issuers}, so that "
        "clients that pin the issuer fail",
        Reason.CLIENT_AUTH_LOST: "lost the extended key usage clientAuth, so that it fails as a "
        "client certificate of mutual TLS",
    }
    lost = Reason.CLIENT_AUTH_LOST in reasons
    return Decision(
        Verdict.RENEWAL_CHANGED,
        Severity.WARNING if lost else Severity.INFO,
        reasons[0],
        f"{_event(certificate)} {', and '.join(texts[reason] for reason in reasons)}. "
        f"{given.expiry_sentence}",
        Action.INVESTIGATE,
    )


def _event(certificate: Certificate) -> str:
    imported = certificate.type is CertificateType.IMPORTED
    at = certificate.detail.imported_at if imported else certificate.not_before
    word = "import" if imported else "renewal"
    return f"Its {word} on {at.date()}" if at is not None else f"Its last {word}"


def _shown(issuer: str | None) -> str:
    return clean(issuer or "", _LONGEST_ISSUER)
