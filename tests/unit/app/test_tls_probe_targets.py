"""Which certificates are worth a look at what their names serve."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from certificate_lifecycle.model.certificate import (
    Certificate,
    CertificateStatus,
    CertificateType,
    Severity,
)
from certificate_lifecycle.policy.tls_probe import ProbeResult, ProbeState, compare, should_probe
from tests.unit.builders import LATER, NOW, SECOND, certificate, days, judged


@pytest.mark.parametrize("kind", CertificateType)
def test_only_what_is_kept_in_acm_can_be_compared(kind: CertificateType) -> None:
    in_acm = (CertificateType.AMAZON_ISSUED, CertificateType.PRIVATE, CertificateType.IMPORTED)
    seen = judged(certificate(type=kind))
    assert should_probe(seen, NOW, notified=True) is (kind in in_acm)


@pytest.mark.parametrize("status", CertificateStatus)
def test_only_what_was_issued_can_be_served(status: CertificateStatus) -> None:
    servable = (CertificateStatus.ISSUED, CertificateStatus.EXPIRED)
    assert should_probe(judged(certificate(status=status)), NOW, notified=True) is (
        status in servable
    )


def test_what_only_servers_elsewhere_use_is_not_probed() -> None:
    seen = judged(certificate(in_use=False, exported=True))
    assert not should_probe(seen, NOW, notified=True)


def test_a_finding_that_is_muted_is_not_probed() -> None:
    healthy = judged(certificate())
    quiet = replace(healthy, decision=replace(healthy.decision, severity=Severity.INFO))
    assert (should_probe(healthy, NOW, notified=True), should_probe(quiet, NOW, notified=True)) == (
        True,
        False,
    )


def test_a_result_without_a_certificate_is_no_probe() -> None:
    seen = compare(certificate(), ProbeResult("shop.example.com", ""))
    assert seen.state is ProbeState.NOT_PROBED


OWN = certificate(lives=days(100), ends_in=days(50))


@pytest.mark.parametrize(
    ("own", "begins", "ends", "state"),
    [
        (OWN, -days(51), days(40), ProbeState.OLDER_SERVED),
        (OWN, -days(51), days(50), ProbeState.OLDER_SERVED),
        (OWN, -days(51), days(50) + SECOND, ProbeState.OTHER_SERVED),
        (OWN, -days(50) - SECOND, days(40), ProbeState.OLDER_SERVED),
        (OWN, -days(50), days(40), ProbeState.OTHER_SERVED),
        (replace(OWN, not_after=None), -days(51), days(40), ProbeState.OTHER_SERVED),
        (replace(OWN, not_before=None), -days(51), days(40), ProbeState.OTHER_SERVED),
    ],
)
def test_an_earlier_certificate_begins_earlier_and_ends_no_later(
    own: Certificate, begins: timedelta, ends: timedelta, state: ProbeState
) -> None:
    leaf = replace(LATER, not_before=NOW + begins, not_after=NOW + ends)
    assert compare(own, ProbeResult("shop.example.com", "192.0.2.1", leaf)).state is state
