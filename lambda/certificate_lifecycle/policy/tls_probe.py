"""Comparison of the certificates that servers show with those in ACM.

Clients may get another certificate than the one that ACM renewed: a listener may use another ARN, a
server may have a copy, or a name may resolve to another server.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from certificate_lifecycle.model.certificate import (
    Action,
    Certificate,
    CertificateStatus,
    CertificateType,
    Decision,
    Documented,
    Reason,
    Severity,
    Verdict,
)
from certificate_lifecycle.model.dns_names import InvalidNameError, is_wildcard, normalise
from certificate_lifecycle.model.run import Assessment
from certificate_lifecycle.model.timestamps import format_minute
from certificate_lifecycle.parsing.x509 import X509Certificate
from certificate_lifecycle.policy.import_source import serial_number, serial_text
from certificate_lifecycle.policy.notification_state import AlertRecord
from certificate_lifecycle.policy.thresholds import Thresholds

#: Limit of probed names for each certificate.
_MAX_NAMES = 5
#: A younger renewal may not be deployed yet: this takes up to several hours (user guide, "Check the
#: renewal status"), ACM dates certificates back to midnight, and its event starts a run at once.
_SETTLES = timedelta(days=1)
#: An older renewal was probed by an earlier run.
_FRESH = timedelta(days=3)
#: Certificates outside ACM have no version in ACM to compare with.
_IN_ACM = frozenset(
    {CertificateType.AMAZON_ISSUED, CertificateType.PRIVATE, CertificateType.IMPORTED}
)
#: Length of 20 octets (RFC 5280 section 4.1.2.2) as pairs of digits with colons.
_LONGEST_SERIAL = 59
_SERVABLE = frozenset({CertificateStatus.ISSUED, CertificateStatus.EXPIRED})


class ProbeState(Documented):
    """The result of a probe of one address."""

    CURRENT = "Current", "The certificate that ACM has."
    OLDER_SERVED = (
        "OlderServed",
        "An earlier certificate for the name: the renewed one is not served.",
    )
    OTHER_SERVED = "OtherServed", "Another certificate, which is not an earlier version."
    SIBLING_SERVED = "SiblingServed", "Another valid certificate of the account and region."
    UNREACHABLE = "Unreachable", "The connection failed, or the name has no address."
    REFUSED = "Refused", "The address is not allowed for probes."
    NOT_TLS = "NotTls", "The server does not use TLS."
    NO_CERTIFICATE = "NoCertificate", "The handshake ended before a certificate could be read."
    NOT_PROBED = "NotProbed", "The probe failed, or no time was left."


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """The certificate of one address of a name, or in `state` why there is none.

    `address` is empty if the name was not resolved. `compare` sets the `state` of a certificate.
    """

    name: str
    address: str
    leaf: X509Certificate | None = None
    state: ProbeState = ProbeState.NOT_PROBED


def should_probe(
    entry: Assessment,
    now: datetime,
    *,
    notified: bool = False,
    last_probe: datetime | None = None,
) -> bool:
    """Whether to probe the names of a certificate that AWS services use.

    Probed are notified findings, renewals that are fresh or that no run since `last_probe` could
    probe, and renewals that were `notified` as not served.
    """
    certificate = entry.certificate
    servable = certificate.type in _IN_ACM and certificate.status in _SERVABLE
    if not servable or not certificate.in_use:
        return False
    if entry.decision.reportable:
        return True
    return entry.decision.healthy and (notified or _is_fresh(certificate, now, last_probe))


def _is_fresh(certificate: Certificate, now: datetime, last_probe: datetime | None) -> bool:
    begins = certificate.not_before
    if begins is None or now < begins + _SETTLES:
        return False
    missed = last_probe is not None and last_probe < begins + _SETTLES
    return missed or now - begins <= _FRESH


def probe_names(certificate: Certificate) -> tuple[str, ...]:
    """Return the first names of a certificate that can be probed.

    Wildcards are skipped, because an invented label may lead to an unrelated server. The common
    name of an imported certificate may not be a domain name.
    """
    found: list[str] = []
    for name in certificate.names:
        try:
            plain = normalise(name)
        except InvalidNameError:
            continue
        if not is_wildcard(plain):
            found.append(plain)
    return tuple(dict.fromkeys(found))[:_MAX_NAMES]


def compare(
    certificate: Certificate, probe_result: ProbeResult, others: Iterable[Certificate] = ()
) -> ProbeResult:
    """Compare a probe result with a described certificate by serial number, and set its state.

    Serving one of the `others` in ACM is correct, because several certificates may have the same
    name. An earlier certificate covers the name, starts earlier and does not expire later.
    """
    leaf = probe_result.leaf
    if leaf is None:
        return probe_result
    if leaf.serial == serial_of(certificate):
        state = ProbeState.CURRENT
    elif any(_is(leaf, other) for other in others if other.arn != certificate.arn):
        state = ProbeState.SIBLING_SERVED
    elif _covers(leaf, probe_result.name) and _ends_before(leaf, certificate):
        state = ProbeState.OLDER_SERVED
    else:
        state = ProbeState.OTHER_SERVED
    return replace(probe_result, state=state)


def serial_of(certificate: Certificate) -> int | None:
    """Return the serial number in ACM; None before a certificate is described."""
    return serial_number(certificate.detail.serial)


def _covers(leaf: X509Certificate, name: str) -> bool:
    """Whether a certificate covers `name`; a wildcard covers one label (RFC 6125)."""
    return name in leaf.names or f"*.{name.partition('.')[2]}" in leaf.names


def _is(leaf: X509Certificate, listed: Certificate) -> bool:
    """Whether `leaf` is the `listed` certificate; the listing has no serial numbers."""
    return (
        listed.status is CertificateStatus.ISSUED
        and (listed.not_before, listed.not_after) == (leaf.not_before, leaf.not_after)
        and listed.key_algorithm == leaf.key.algorithm
        and not set(listed.names).isdisjoint(leaf.names)
    )


def _ends_before(leaf: X509Certificate, certificate: Certificate) -> bool:
    begins, ends = certificate.not_before, certificate.not_after
    if begins is None or ends is None:
        return False
    return leaf.not_before < begins and leaf.not_after <= ends


def sentences(certificate: Certificate, results: Iterable[ProbeResult]) -> tuple[str, ...]:
    """Return a sentence for each name and compared result, with all addresses of that result.

    An unreachable address is omitted if another address of the name shows a certificate: it may be
    an IPv6 address, which the function cannot reach.
    """
    compared = list(results)
    shown = {result.name for result in compared if result.leaf is not None}
    grouped: dict[ProbeResult, list[str]] = {}
    for result in compared:
        if result.state is ProbeState.UNREACHABLE and result.name in shown:
            continue
        addresses = grouped.setdefault(replace(result, address=""), [])
        if result.address:
            addresses.append(result.address)
    return tuple(_sentence(certificate, result, addresses) for result, addresses in grouped.items())


_FAILURES = {
    ProbeState.UNREACHABLE: "could not be reached",
    ProbeState.REFUSED: "was not probed: not a public address",
    ProbeState.NOT_TLS: "does not use TLS",
    ProbeState.NO_CERTIFICATE: "showed no readable certificate",
    ProbeState.NOT_PROBED: "was not probed, because it took too long or failed",
}
_COMPARISONS = {
    ProbeState.CURRENT: ": the certificate in ACM",
    ProbeState.SIBLING_SERVED: ": another certificate in ACM",
    ProbeState.OLDER_SERVED: ", but ACM has serial {serial}: the renewed certificate is not served",
    ProbeState.OTHER_SERVED: ", but ACM has serial {serial}: another certificate is served",
}


def _sentence(certificate: Certificate, result: ProbeResult, addresses: Sequence[str]) -> str:
    leaf = result.leaf
    if leaf is None and not addresses and result.state is ProbeState.UNREACHABLE:
        return f"{result.name} has no address"
    where = f"{result.name} ({', '.join(addresses)})" if addresses else result.name
    if leaf is None:
        return f"{where} {_FAILURES[result.state]}"
    comparison = _COMPARISONS[result.state].format(serial=certificate.detail.serial)
    expiry = format_minute(leaf.not_after)
    return f"{where} serves serial {_serial(leaf)}, which expires on {expiry}{comparison}"


def _serial(leaf: X509Certificate) -> str:
    """Return a serial number, shortened if a server sends one that is too long."""
    text = serial_text(leaf.serial)
    return text if len(text) <= _LONGEST_SERIAL else f"{text[:_LONGEST_SERIAL]}..."


#: The reasons of `stale_certificate_served`, in order of precedence.
_REASONS: Mapping[ProbeState, Reason] = {
    ProbeState.OLDER_SERVED: Reason.OLDER_CERTIFICATE_SERVED,
    ProbeState.OTHER_SERVED: Reason.OTHER_CERTIFICATE_SERVED,
}


def stale_certificate_served(
    certificate: Certificate, results: Iterable[ProbeResult], thresholds: Thresholds, now: datetime
) -> Decision | None:
    """Return the decision on a healthy certificate that not every address serves, else None.

    An unreachable address is no reason. An earlier version takes precedence over another
    certificate, since nothing will renew it.
    """
    stale = [
        (result.state, result.name, result.leaf.not_after)
        for result in results
        if result.state in _REASONS and result.leaf is not None
    ]
    if not stale:
        return None
    critical = min(expiry for *_, expiry in stale) - now <= thresholds.effective_critical(
        certificate
    )
    states = {state for state, *_ in stale}
    reported = next(state for state in _REASONS if state in states)
    names = list(dict.fromkeys(name for state, name, _ in stale if state is reported))
    expiry = min(expiry for state, _, expiry in stale if state is reported)
    which = "an earlier one" if reported is ProbeState.OLDER_SERVED else "another one"
    return Decision(
        Verdict.STALE_CERTIFICATE_SERVED,
        Severity.CRITICAL if critical else Severity.WARNING,
        _REASONS[reported],
        f"ACM has a valid certificate, but {', '.join(names)} "
        f"{'serves' if len(names) == 1 else 'serve'} {which}, which expires on "
        f"{format_minute(expiry)}.",
        Action.INVESTIGATE,
    )


def not_compared_again(alert: AlertRecord) -> Decision:
    """Return the decision on a reported certificate of which not every address was probed.

    It stays a finding: that no probe took place does not show that it is served.
    """
    critical = alert.severity == Severity.CRITICAL.label
    reasons = [reason for reason in _REASONS.values() if reason.value == alert.reason]
    return Decision(
        Verdict.STALE_CERTIFICATE_SERVED,
        Severity.CRITICAL if critical else Severity.WARNING,
        reasons[0] if reasons else Reason.OLDER_CERTIFICATE_SERVED,
        "ACM has a valid certificate that was not served everywhere; this run could not compare "
        "all addresses again.",
        Action.INVESTIGATE,
    )
