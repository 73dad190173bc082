"""The facts that checks use, for `certificates explain` and the documentation.

A fact also has the times at which it changes, from which `explain` derives its forecast.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from certificate_lifecycle.model.acme import AcmeBinding, AcmeEndpoint, AcmeValidation
from certificate_lifecycle.model.certificate import Certificate, time_to_expiry
from certificate_lifecycle.policy.observation import Observation
from certificate_lifecycle.policy.thresholds import (
    Thresholds,
    lacks_future,
    overdue_threshold,
    renewal_window,
)

Text = Callable[[Observation, Thresholds, datetime], str]
ChangesAt = Callable[[Observation, Thresholds], datetime | None]
#: A shorter span is given in hours.
_IN_DAYS = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact that a check uses.

    `text` returns its value for readers; `changes_at` returns when time alone changes it, or None.
    """

    name: str
    text: Text
    changes_at: ChangesAt


def constant(name: str, text: Callable[[Observation], str]) -> Fact:
    """Return a fact that time does not change."""
    return Fact(name, lambda observation, _, __: text(observation), lambda _, __: None)


def of_certificate(name: str, text: Callable[[Certificate], str]) -> Fact:
    """Return a fact about the certificate itself that time does not change."""
    return constant(name, lambda observation: text(observation.certificate))


def before_expiry(name: str, span: Callable[[Certificate, Thresholds], timedelta]) -> Fact:
    """Return a threshold in time before the certificate expires."""

    def text(observation: Observation, thresholds: Thresholds, _: datetime) -> str:
        return f"{_days(span(observation.certificate, thresholds))} before expiry"

    def changes_at(observation: Observation, thresholds: Thresholds) -> datetime | None:
        expires = observation.certificate.not_after
        return None if expires is None else expires - span(observation.certificate, thresholds)

    return Fact(name, text, changes_at)


def after_creation(name: str, age: timedelta) -> Fact:
    """Return a threshold in time after the certificate was created or requested."""

    def changes_at(observation: Observation, _: Thresholds) -> datetime | None:
        created = observation.certificate.created_at
        return None if created is None else created + age

    return Fact(name, lambda _, __, ___: f"{_days(age)} after creation", changes_at)


def failure_reported(name: str, age: timedelta) -> Fact:
    """Return a threshold in time after a failed request was first reported."""

    def changes_at(observation: Observation, _: Thresholds) -> datetime | None:
        reported = observation.failure_reported
        return None if reported is None else reported + age

    return Fact(name, lambda _, __, ___: f"{_days(age)} after the first report", changes_at)


def tags(keys: Collection[str]) -> Fact:
    """Return the fact which of the tags `keys` are set; other tools mark certificates with them."""

    def text(certificate: Certificate) -> str:
        if not certificate.described:
            return "not read"
        found = [f"{key}={value}" for key, value in certificate.detail.tags if key in keys]
        return ", ".join(found) or "none that names another tool"

    return of_certificate("tags", text)


def _yes(value: object) -> str:
    return "yes" if value else "no"


def _yes_or(value: object, unknown: str) -> str:
    return unknown if value is None else _yes(value)


def _days(span: timedelta) -> str:
    """Return a span in days, or in hours if it is shorter than two days."""
    if abs(span) < _IN_DAYS:
        return f"{span / timedelta(hours=1):.3g} hours"
    return f"{span / timedelta(days=1):.4g} days"


def _expires(observation: Observation, _: Thresholds, now: datetime) -> str:
    expires = observation.certificate.not_after
    if expires is None or abs(expires - now) >= _IN_DAYS:
        return time_to_expiry(observation.certificate, now)
    left = expires - now
    return f"in {_days(left)}" if left > timedelta() else f"{_days(-left)} ago"


def _created(observation: Observation, _: Thresholds, now: datetime) -> str:
    created = observation.certificate.created_at
    return "unknown" if created is None else f"{_days(now - created)} ago"


def _stays(observation: Observation, thresholds: Thresholds, now: datetime) -> str:
    return _yes(not lacks_future(observation.certificate, thresholds, now))


def _successor_due(observation: Observation, thresholds: Thresholds) -> datetime | None:
    """Return when the successor reaches its own threshold and no longer counts as a successor."""
    successor = observation.successor
    if successor is None or successor.not_after is None:
        return None
    return successor.not_after - thresholds.effective(successor)


def _records(observation: Observation) -> str:
    states = (f"{finding.record.name} {finding.state.value}" for finding in observation.records)
    return ", ".join(states) or "not read: ACM does not need validation"


def _public_dns(observation: Observation) -> str:
    dns = observation.dns
    if not dns.checked:
        return "not checked"
    if dns.reason is not None:
        return dns.text
    return f"unknown: {'; '.join(dns.unknown)}" if dns.unknown else "no problem"


def _authority(observation: Observation) -> str:
    authority = observation.authority
    if authority.unread is not None:
        return f"not read: {authority.unread}"
    return authority.text or "no obstacle known"


def _manager(certificate: Certificate) -> str:
    if certificate.key_pair_origin == "ACME":
        return "an ACME client"
    return certificate.managed_by or "no other service, according to ACM"


def _detail(observation: Observation) -> str:
    if observation.detail_error is not None:
        return observation.detail_error
    return "read" if observation.certificate.described else "not needed"


def _renewal(certificate: Certificate) -> str:
    renewal = certificate.detail.renewal
    if renewal is None:
        return "not started" if certificate.described else "not read"
    return f"{renewal.status.value}{f' ({renewal.reason})' if renewal.reason else ''}"


def _methods(certificate: Certificate) -> str:
    if not certificate.described:
        return "not read"
    methods = {validation.method.value for validation in certificate.detail.validations}
    return ", ".join(sorted(methods)) or "none"


def _acme(certificate: Certificate) -> str:
    match certificate.detail.acme:
        case AcmeEndpoint(status=status):
            return f"endpoint {status}"
        case AcmeValidation(status=status, failure=failure):
            return f"domain validation {status}{f' ({failure})' if failure else ''}"
        case AcmeBinding(use=use):
            return f"binding, {'used' if use.used else 'not used'}"
        case _:
            return "none"


def _binding_ends(observation: Observation, _: Thresholds) -> datetime | None:
    acme = observation.certificate.detail.acme
    return acme.use.ends_at if isinstance(acme, AcmeBinding) else None


def _pointer(certificate: Certificate) -> str:
    pointer = certificate.detail.pointer
    return "none" if pointer is None else f"{pointer.name} ({pointer.state})"


STATUS = of_certificate("status", lambda certificate: certificate.status.value)
TYPE = of_certificate("type", lambda certificate: certificate.type.value)
USED = of_certificate("used", lambda certificate: _yes(certificate.used))
EXPORTED = of_certificate("exported", lambda certificate: _yes(certificate.exported))
EXPIRES = Fact("expires", _expires, lambda observation, _: observation.certificate.not_after)
CREATED = Fact("created", _created, lambda _, __: None)
WARNING = before_expiry(
    "warning", lambda certificate, thresholds: thresholds.effective(certificate)
)
CRITICAL = before_expiry(
    "critical", lambda certificate, thresholds: thresholds.effective_critical(certificate)
)
WINDOW = before_expiry("renewal window", lambda certificate, _: renewal_window(certificate))
OVERDUE = before_expiry("overdue", overdue_threshold)
MANAGER = of_certificate("managed by", _manager)
DETAIL = constant("details", _detail)
ISSUES_FOR_ACM = of_certificate(
    "issues for ACM", lambda certificate: _yes_or(certificate.detail.issues_for_acm, "unknown")
)
ACME = of_certificate("ACME", _acme)
ACCOUNT_BINDING_ENDS = Fact(
    "binding ends",
    lambda observation, thresholds, _: str(_binding_ends(observation, thresholds) or "never"),
    _binding_ends,
)
POINTER = of_certificate("pointer", _pointer)
FAILURE = of_certificate("failure", lambda certificate: certificate.detail.failure_reason or "none")
RENEWAL = of_certificate("renewal", _renewal)
METHODS = of_certificate("validation methods", _methods)
ELIGIBLE = of_certificate(
    "eligible for renewal",
    lambda certificate: _yes_or(certificate.renewal_eligible, "not reported by ACM"),
)
RECORDS = constant("validation records", _records)
PUBLIC_DNS = constant("public DNS", _public_dns)
AUTHORITY = constant("private CA", _authority)
# The thresholds at which it changes are separate facts.
STAYS = Fact("stays in service", _stays, lambda _, __: None)
SUCCESSOR = Fact(
    "successor",
    lambda observation, _, __: observation.successor.arn if observation.successor else "none",
    _successor_due,
)
RENEWED_AS = Fact(
    "renewed as",
    lambda observation, _, __: observation.renewed_as.arn if observation.renewed_as else "none",
    lambda observation, _: observation.renewed_as.not_after if observation.renewed_as else None,
)
CHANGED = constant(
    "changed by a renewal",
    lambda observation: (
        f"found on {observation.change.at.date()}" if observation.change else "nothing known"
    ),
)
SOURCE = constant(
    "import source",
    lambda observation: observation.source.state.value if observation.source else "none",
)
EXPORT = constant(
    "export target",
    lambda observation: observation.export.state.value if observation.export else "none",
)
