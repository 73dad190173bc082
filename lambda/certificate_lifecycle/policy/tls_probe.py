"""What is served under the names of a certificate, beside what ACM has.

That ACM has renewed a certificate, or was given a newer one, does not say that whoever connects is
shown it: a listener may hold another ARN, a copy may lie on a server, a name may lead elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
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
from certificate_lifecycle.parsing.x509 import X509Certificate
from certificate_lifecycle.policy.import_source import serial_number, serial_text
from certificate_lifecycle.policy.thresholds import Thresholds

#: Names of a certificate that are looked at.
_MAX_NAMES = 5
#: A renewal that is younger may still be on its way: AWS says that a change takes up to several
#: hours (user guide, "Check the renewal status"), and its own certificates are dated back to
#: midnight. An event of ACM's starts a run right after the renewal.
_SETTLES = timedelta(days=1)
#: A renewal that is older was looked at when it was fresh.
_FRESH = timedelta(days=3)
#: What is kept outside ACM has no version in ACM to compare with.
_IN_ACM = frozenset(
    {CertificateType.AMAZON_ISSUED, CertificateType.PRIVATE, CertificateType.IMPORTED}
)
#: 20 octets (RFC 5280 section 4.1.2.2), written as pairs of digits with colons between them.
_LONGEST_SERIAL = 59
_SERVABLE = frozenset({CertificateStatus.ISSUED, CertificateStatus.EXPIRED})


class ProbeState(Documented):
    """What was seen at an address of a name."""

    CURRENT = "Current", "The certificate that ACM has."
    OLDER_SERVED = "OlderServed", "An earlier certificate for the name: renewed, but not served."
    OTHER_SERVED = "OtherServed", "Another certificate, which is no earlier version of it."
    SIBLING_SERVED = "SiblingServed", "Another valid certificate of the account and region."
    UNREACHABLE = "Unreachable", "No connection came about, or the name leads to no address."
    REFUSED = "Refused", "The address is none that may be connected to."
    NOT_TLS = "NotTls", "Something answers that does not speak TLS."
    NO_CERTIFICATE = "NoCertificate", "The handshake ended before a certificate could be read."
    SCAN_FAILED = "ScanFailed", "There was no time left to look, or looking failed."


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What one address of a name showed: a certificate, or else in `state` why none was seen.

    `address` is empty where it did not come to one.
    """

    name: str
    address: str
    leaf: X509Certificate | None = None
    state: ProbeState = ProbeState.SCAN_FAILED


@dataclass(frozen=True, slots=True)
class ProbeComparison:
    """A sight beside what ACM has."""

    probe_result: ProbeResult
    state: ProbeState


def should_probe(entry: Assessment, now: datetime, *, notified: bool = False) -> bool:
    """Whether it is worth a look what the names of a certificate serve.

    It is for a finding that somebody hears of, for a renewal that is fresh, and for one that was
    `notified` not to be served and may still not be; if something in AWS uses the certificate.
    """
    certificate = entry.certificate
    servable = certificate.type in _IN_ACM and certificate.status in _SERVABLE
    if not servable or not certificate.in_use:
        return False
    if entry.decision.reportable:
        return True
    return entry.decision.healthy and (notified or _is_fresh(certificate, now))


def _is_fresh(certificate: Certificate, now: datetime) -> bool:
    begins = certificate.not_before
    return begins is not None and _SETTLES <= now - begins <= _FRESH


def probe_names(certificate: Certificate) -> tuple[str, ...]:
    """Return the first names of a certificate that can be connected to.

    A wildcard has none: any label that we made up would at best meet a server that answers to
    everything, and at worst one that has nothing to do with the certificate. An imported
    certificate may have a common name that is no domain name.
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
) -> ProbeComparison:
    """Say what a sight means for a certificate that is described with its serial number.

    Serial numbers decide. Two certificates may have a name in common that only one of them is used
    for: nothing is wrong if that is one of the `others` that ACM has. An earlier certificate is one
    that covers the name, too, and whose validity lies before: a renewal keeps the names, and begins
    and ends later.
    """
    leaf = probe_result.leaf
    if leaf is None:
        return ProbeComparison(probe_result, probe_result.state)
    if leaf.serial == serial_of(certificate):
        return ProbeComparison(probe_result, ProbeState.CURRENT)
    if any(_is(leaf, other) for other in others if other.arn != certificate.arn):
        return ProbeComparison(probe_result, ProbeState.SIBLING_SERVED)
    earlier = _covers(leaf, probe_result.name) and _ends_before(leaf, certificate)
    return ProbeComparison(
        probe_result, ProbeState.OLDER_SERVED if earlier else ProbeState.OTHER_SERVED
    )


def serial_of(certificate: Certificate) -> int | None:
    """Return the serial number that ACM tells; None before a certificate is described."""
    return serial_number(certificate.detail.serial)


def _covers(leaf: X509Certificate, name: str) -> bool:
    """Whether a certificate is one for `name`: a wildcard stands for one label (RFC 6125)."""
    return name in leaf.names or f"*.{name.partition('.')[2]}" in leaf.names


def _is(leaf: X509Certificate, listed: Certificate) -> bool:
    """Whether a certificate is one of the listing, which has all of it but the serial number."""
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


# --- What people are told -----------------------------------------------------------------------


def sentences(certificate: Certificate, seen: Iterable[ProbeComparison]) -> tuple[str, ...]:
    """Return a sentence for each name and what it shows, with all addresses that show the same.

    An address that could not be reached is left out where another one of the name showed a
    certificate: it may be one of IPv6, which the function has no way to.
    """
    compared = list(seen)
    shown = {item.probe_result.name for item in compared if item.probe_result.leaf is not None}
    together: dict[tuple[str, ProbeState, X509Certificate | None], list[str]] = {}
    for entry in compared:
        probe_result = entry.probe_result
        if entry.state is ProbeState.UNREACHABLE and probe_result.name in shown:
            continue
        together.setdefault((probe_result.name, entry.state, probe_result.leaf), []).append(
            probe_result.address
        )
    return tuple(
        _sentence(certificate, name, [text for text in addresses if text], state, leaf)
        for (name, state, leaf), addresses in together.items()
    )


def _sentence(
    certificate: Certificate,
    name: str,
    addresses: Sequence[str],
    state: ProbeState,
    leaf: X509Certificate | None,
) -> str:
    where = f"{name} ({', '.join(addresses)})" if addresses else name
    if leaf is None:
        return f"{where} {_said(state, resolved=bool(addresses))}"
    serves = f"{where} serves serial {_serial(leaf)}, which ends on {_moment(leaf.not_after)}"
    in_acm = certificate.detail.serial
    match state:
        case ProbeState.CURRENT:
            return f"{serves}: what ACM has"
        case ProbeState.OLDER_SERVED:
            return f"{serves}, and ACM has serial {in_acm}: renewed, but not served"
        case ProbeState.SIBLING_SERVED:
            return f"{serves}: another certificate that ACM has"
        case _:
            return f"{serves}, and ACM has serial {in_acm}: another certificate is served"


def _serial(leaf: X509Certificate) -> str:
    """Return a serial number; whoever answers chooses it, and longer ones are no serial numbers."""
    text = serial_text(leaf.serial)
    return text if len(text) <= _LONGEST_SERIAL else f"{text[:_LONGEST_SERIAL]}..."


def _said(state: ProbeState, *, resolved: bool) -> str:
    match state:
        case ProbeState.UNREACHABLE:
            return "could not be reached" if resolved else "leads to no address"
        case ProbeState.REFUSED:
            return "was not connected to: that is no public address"
        case ProbeState.NOT_TLS:
            return "does not speak TLS"
        case ProbeState.NO_CERTIFICATE:
            return "showed no certificate that could be read"
        case _:
            return "was not looked at, because it took too long or failed"


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


# --- What is decided ----------------------------------------------------------------------------

_REASONS: Mapping[ProbeState, Reason] = {
    ProbeState.OLDER_SERVED: Reason.OLDER_CERTIFICATE_SERVED,
    ProbeState.OTHER_SERVED: Reason.OTHER_CERTIFICATE_SERVED,
}


def stale_certificate_served(
    certificate: Certificate, seen: Iterable[ProbeComparison], thresholds: Thresholds, now: datetime
) -> Decision | None:
    """Return the decision on a healthy certificate of which not every address shows it.

    None if nothing else was seen: what could not be reached says nothing. An earlier version is the
    reason before any other certificate, since it is the one that will end for sure.
    """
    wrong: dict[ProbeState, list[ProbeResult]] = {state: [] for state in _REASONS}
    for entry in seen:
        if entry.state in wrong:
            wrong[entry.state].append(entry.probe_result)
    state = next((state for state, probe_results in wrong.items() if probe_results), None)
    if state is None:
        return None
    first = min(_ends(probe_results) for probe_results in wrong.values() if probe_results)
    critical = first - now <= thresholds.effective_critical(certificate)
    names = list(dict.fromkeys(probe_result.name for probe_result in wrong[state]))
    which = "an earlier one" if state is ProbeState.OLDER_SERVED else "another one"
    return Decision(
        verdict=Verdict.STALE_CERTIFICATE_SERVED,
        severity=Severity.CRITICAL if critical else Severity.WARNING,
        reason=_REASONS[state],
        message=(
            f"ACM has a valid certificate, and {', '.join(names)} "
            f"{'shows' if len(names) == 1 else 'show'} {which}, which ends on "
            f"{_moment(_ends(wrong[state]))}."
        ),
        action=Action.INVESTIGATE,
    )


def _ends(probe_results: Iterable[ProbeResult]) -> datetime:
    """Return when the first of the certificates that were seen ends."""
    return min(
        probe_result.leaf.not_after
        for probe_result in probe_results
        if probe_result.leaf is not None
    )
