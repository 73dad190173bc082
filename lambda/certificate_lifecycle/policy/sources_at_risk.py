"""Certificates whose secret for renewal or delivery is missing, or has not changed for long.

A missing secret is reported at once. A certificate for which nothing has happened in half of its
life is only shown in the report, because many pipelines renew later: the warnings come with the
thresholds before expiry.
"""

from __future__ import annotations

from certificate_lifecycle.model.certificate import Action, Decision, Reason, Severity, Verdict
from certificate_lifecycle.policy import facts
from certificate_lifecycle.policy.checks import CheckInput, check
from certificate_lifecycle.policy.export import TargetState
from certificate_lifecycle.policy.import_source import SourceState
from certificate_lifecycle.policy.thresholds import renewal_window


@check(question="Is the secret of its import source missing?", facts=(facts.SOURCE, facts.EXPIRES))
def source_missing(given: CheckInput) -> Decision | None:
    """Find import sources without a secret, or without a value in it, before the import is due."""
    source = given.observation.source
    if source is None or source.state is not SourceState.MISSING:
        return None
    return _missing(given, Reason.SOURCE_MISSING, source.text)


@check(question="Is the secret of its export target missing?", facts=(facts.EXPORT, facts.EXPIRES))
def export_secret_missing(given: CheckInput) -> Decision | None:
    """Find export targets without a secret before the next export is due."""
    export = given.observation.export
    if export is None or export.state is not TargetState.MISSING:
        return None
    text = f"Its next export would fail: {export.blocked_reason}."
    return _missing(given, Reason.EXPORT_SECRET_MISSING, text)


@check(question="Can its export target not be read?", facts=(facts.EXPORT, facts.EXPIRES))
def export_target_unreadable(given: CheckInput) -> Decision | None:
    """Find export targets that cannot be compared with ACM: the next export may fail."""
    export = given.observation.export
    if export is None or export.state is not TargetState.UNREADABLE:
        return None
    text = f"Its export target cannot be read or compared: {export.blocked_reason}."
    return given.unknown(Reason.EXPORT_TARGET_UNREADABLE, f"{text} {given.expiry_sentence}")


@check(
    question="Has its import source nothing newer, in the second half of its life?",
    facts=(facts.SOURCE, facts.USED, facts.EXPIRES),
)
def source_too_old(given: CheckInput) -> Decision | None:
    """Find used imported certificates whose import source may not be renewed any more."""
    source = given.observation.source
    if source is None or source.state is not SourceState.SAME or not _is_half_over(given):
        return None
    message = f"{Reason.SOURCE_TOO_OLD.meaning} {given.expiry_sentence}{given.source}"
    reason = Reason.SOURCE_TOO_OLD
    return Decision(Verdict.RENEWAL_AT_RISK, Severity.INFO, reason, message, Action.NONE)


@check(
    question="Was it exported without an export target, in the second half of its life?",
    facts=(facts.EXPORTED, facts.EXPORT, facts.EXPIRES, facts.WINDOW),
)
def export_target_missing(given: CheckInput) -> Decision | None:
    """Find exported certificates whose renewed version nothing delivers to the copies.

    In ACM's renewal window, `checks.export_due` reports a copy that expires soon.
    """
    certificate = given.certificate
    if not (certificate.managed and certificate.exported) or not _is_half_over(given):
        return None
    if given.observation.export is not None or given.within(renewal_window(certificate)):
        return None
    reason = Reason.EXPORT_TARGET_MISSING
    message = f"{reason.meaning} {given.expiry_sentence}"
    return Decision(Verdict.RENEWAL_AT_RISK, Severity.INFO, reason, message, Action.NONE)


def _missing(given: CheckInput, reason: Reason, text: str) -> Decision:
    message = f"{text} {given.expiry_sentence}"
    return Decision(Verdict.RENEWAL_AT_RISK, given.at_risk, reason, message, Action.INVESTIGATE)


def _is_half_over(given: CheckInput) -> bool:
    lifetime = given.certificate.lifetime
    return given.certificate.used and lifetime is not None and given.within(lifetime / 2)
