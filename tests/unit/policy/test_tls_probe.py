"""What is served beside what ACM has: the decision, and the sentences about it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from certificate_lifecycle.model.certificate import (
    Action,
    Certificate,
    CertificateStatus,
    CertificateType,
    Reason,
    Severity,
    Verdict,
)
from certificate_lifecycle.model.run import Assessment, result
from certificate_lifecycle.parsing.x509 import PublicKey, X509Certificate
from certificate_lifecycle.policy.notification_state import AlertRecord, AlertSubject
from certificate_lifecycle.policy.thresholds import Thresholds
from certificate_lifecycle.policy.tls_probe import (
    ProbeResult,
    ProbeState,
    compare,
    not_compared_again,
    probe_names,
    sentences,
    should_probe,
    stale_certificate_served,
)
from certificate_lifecycle.render.notification.message import compose
from tests.unit.builders import (
    EXPIRED,
    NOW,
    PUBLIC_LIFETIME,
    REVOKED,
    SECOND,
    arn,
    certificate,
    days,
    detail,
    imported,
    judged,
    request,
    run,
)

USUAL = Thresholds()
TWO_DAYS, SOON = days(2), days(40)
NAME, ADDRESS = "shop.example.com", "203.0.113.7"


def renewed(*, ago: timedelta = TWO_DAYS, **changes: Any) -> Certificate:  # noqa: ANN401 - any field of a certificate
    """Return a certificate that was renewed then."""
    facts = {"ends_in": PUBLIC_LIFETIME - ago, "detail": detail(serial="0b:22")}
    return certificate(**{**facts, **changes})


NEW = renewed()


def leaf(*, ends_in: timedelta = SOON, serial: int = 0x0A11, **changes: Any) -> X509Certificate:  # noqa: ANN401 - any field of a leaf
    """Return what is served: the version before `NEW`, by default."""
    ordinary = X509Certificate(
        serial=serial,
        names=(NAME,),
        key=PublicKey("RSA_2048", b""),
        not_before=NOW + ends_in - PUBLIC_LIFETIME,
        not_after=NOW + ends_in,
        key_usages=None,
        extended_key_usages=None,
    )
    return replace(ordinary, **changes)


OLD = leaf()
STRANGER = leaf(names=("cdn.example.net",))


def seen(*probe_results: ProbeResult, others: tuple[Certificate, ...] = ()) -> list[ProbeResult]:
    return [compare(NEW, probe_result, others) for probe_result in probe_results]


def probe_result(
    shown: X509Certificate | None = None, name: str = NAME, address: str = ADDRESS
) -> ProbeResult:
    return ProbeResult(name, address, shown)


# --- Which certificates are probed -------------------------------------------------------------

CONCERNED = {
    "a finding is, whatever its age": (judged(imported(ends_in=days(5), detail=detail())), True),
    "an expired certificate is": (judged(certificate(status=EXPIRED, ends_in=-days(1))), True),
    "a renewal of two days is": (judged(NEW), True),
    "one of exactly a day is": (judged(renewed(ago=days(1))), True),
    "one of less than a day may be on its way": (judged(renewed(ago=days(1) - SECOND)), False),
    "one of exactly three days is": (judged(renewed(ago=days(3))), True),
    "an older one was probed before": (judged(renewed(ago=days(3) + SECOND)), False),
    "a renewal that nothing uses is not": (judged(renewed(in_use=False)), False),
    "a finding that nothing in aws uses is not": (
        judged(imported(ends_in=days(5), in_use=False)),
        False,
    ),
    "a revoked one is not": (judged(certificate(status=REVOKED)), False),
    "a request is not": (judged(request(in_use=True)), False),
    "what is kept in iam is not": (
        judged(imported(type=CertificateType.SERVER_CERTIFICATE, ends_in=days(5))),
        False,
    ),
    "one whose beginning is unknown is not": (judged(renewed(not_before=None)), False),
}


@pytest.mark.parametrize(("entry", "expected"), CONCERNED.values(), ids=CONCERNED)
def test_which_certificates_are_probed(entry: Assessment, *, expected: bool) -> None:
    assert should_probe(entry, NOW) is expected


@pytest.mark.parametrize(
    ("last_probe", "expected"),
    [(days(5) - SECOND, False), (days(5), False), (days(5) + SECOND, True), (days(9), True)],
)
def test_a_renewal_that_no_run_could_probe_yet_is_probed_whatever_its_age(
    last_probe: timedelta, *, expected: bool
) -> None:
    """It was renewed six days ago, and could be probed a day later."""
    entry = judged(renewed(ago=days(6)))
    assert should_probe(entry, NOW, last_probe=NOW - last_probe) is expected


def test_a_renewal_of_less_than_a_day_is_not_probed_after_an_outage_either() -> None:
    entry = judged(renewed(ago=days(1) - SECOND))
    assert not should_probe(entry, NOW, last_probe=NOW - days(9))


def test_a_certificate_that_was_notified_as_stale_is_probed_until_it_is_served() -> None:
    old_news = judged(renewed(ago=days(30)))
    assert should_probe(old_news, NOW, notified=True)
    assert not should_probe(judged(renewed(ago=days(30), in_use=False)), NOW, notified=True)


def test_at_most_five_names_are_probed_and_no_wildcards() -> None:
    many = tuple(f"n{number}.example.com" for number in range(9))
    strange = ("Corporate Server", "*.example.com", "localhost", "10.0.0.1", "a.example.com")
    assert probe_names(certificate(names=strange)) == ("a.example.com",)
    assert probe_names(certificate(names=many)) == many[:5]
    assert probe_names(certificate(names=("*.example.com",))) == ()
    assert probe_names(certificate(names=())) == ()


# --- What it means ----------------------------------------------------------------------------

STATES = {
    "the serial number of acm is the certificate": (leaf(serial=0xB22), ProbeState.CURRENT),
    "the version before is an older one": (OLD, ProbeState.OLDER_SERVED),
    "a wildcard that covers the name is an older one": (
        leaf(names=("*.example.com",)),
        ProbeState.OLDER_SERVED,
    ),
    "a wildcard of another level is another one": (
        leaf(names=("*.shop.example.com", "*.com")),
        ProbeState.OTHER_SERVED,
    ),
    "a certificate for other names is another one": (STRANGER, ProbeState.OTHER_SERVED),
    "one that ends later is another one": (leaf(ends_in=days(300)), ProbeState.OTHER_SERVED),
    "one that begins later is another one": (
        leaf(not_before=NOW - days(1)),
        ProbeState.OTHER_SERVED,
    ),
}


@pytest.mark.parametrize(("shown", "state"), STATES.values(), ids=STATES)
def test_what_is_served_is_compared_by_serial_number_and_validity(
    shown: X509Certificate, state: ProbeState
) -> None:
    assert compare(NEW, probe_result(shown)).state is state


def test_what_begins_at_an_unknown_time_has_no_earlier_version() -> None:
    unknown = renewed(not_before=None)
    assert compare(unknown, probe_result(OLD)).state is ProbeState.OTHER_SERVED
    assert compare(certificate(), probe_result(OLD)).state is ProbeState.OLDER_SERVED


SIBLING = certificate(
    arn=arn("sibling"), not_before=OLD.not_before, not_after=OLD.not_after, key_algorithm="RSA_2048"
)
NO_SIBLINGS = {
    "of another key": replace(SIBLING, key_algorithm="EC_prime256v1"),
    "for other names": replace(SIBLING, names=("blog.example.com",)),
    "of another time": replace(SIBLING, not_after=OLD.not_after + SECOND),
    "that is not valid": replace(SIBLING, status=CertificateStatus.EXPIRED),
    "that is itself": replace(SIBLING, arn=NEW.arn),
}


def test_another_certificate_that_acm_has_may_serve_a_common_name() -> None:
    (compared,) = seen(probe_result(OLD), others=(NEW, SIBLING))
    assert compared.state is ProbeState.SIBLING_SERVED
    assert stale_certificate_served(NEW, [compared], USUAL, NOW) is None
    (sentence,) = sentences(NEW, [compared])
    assert sentence.endswith("which expires on 2026-07-11 12:00 UTC: another certificate in ACM")


@pytest.mark.parametrize("other", NO_SIBLINGS.values(), ids=NO_SIBLINGS)
def test_a_certificate_that_is_not_the_one_served_excuses_nothing(other: Certificate) -> None:
    assert compare(NEW, probe_result(OLD), [other]).state is ProbeState.OLDER_SERVED


# --- What is decided --------------------------------------------------------------------------


def test_a_renewal_that_is_served_everywhere_is_well() -> None:
    current = leaf(serial=0xB22)
    assert (
        stale_certificate_served(
            NEW, seen(probe_result(current), probe_result(current, address="::1")), USUAL, NOW
        )
        is None
    )


@pytest.mark.parametrize("state", set(ProbeState))
def test_only_another_certificate_is_a_finding(state: ProbeState) -> None:
    """Whatever could not be seen says nothing."""
    bad = {ProbeState.OLDER_SERVED, ProbeState.OTHER_SERVED}
    compared = [replace(probe_result(OLD), state=state)]
    assert (stale_certificate_served(NEW, compared, USUAL, NOW) is not None) == (state in bad)


def test_one_address_with_the_version_before_is_a_warning() -> None:
    decision = stale_certificate_served(
        NEW,
        seen(probe_result(leaf(serial=0xB22)), probe_result(OLD, address="198.51.100.2")),
        USUAL,
        NOW,
    )
    assert decision is not None
    assert (decision.verdict, decision.severity, decision.reason, decision.action) == (
        Verdict.STALE_CERTIFICATE_SERVED,
        Severity.WARNING,
        Reason.OLDER_CERTIFICATE_SERVED,
        Action.INVESTIGATE,
    )
    assert decision.message == (
        "ACM has a valid certificate, but shop.example.com serves an earlier one, which expires on "
        "2026-07-11 12:00 UTC."
    )


def test_another_certificate_is_a_reason_of_its_own() -> None:
    decision = stale_certificate_served(
        NEW,
        seen(probe_result(STRANGER), probe_result(STRANGER, name="www.example.com")),
        USUAL,
        NOW,
    )
    assert decision is not None
    assert decision.reason is Reason.OTHER_CERTIFICATE_SERVED
    assert decision.message == (
        "ACM has a valid certificate, but shop.example.com, www.example.com serve another one, "
        "which expires on 2026-07-11 12:00 UTC."
    )


def test_an_earlier_version_is_reported_before_any_other_certificate() -> None:
    strange = replace(STRANGER, not_after=NOW + days(20))
    decision = stale_certificate_served(
        NEW, seen(probe_result(strange, name="www.example.com"), probe_result(OLD)), USUAL, NOW
    )
    assert decision is not None
    assert decision.reason is Reason.OLDER_CERTIFICATE_SERVED
    assert (
        "but shop.example.com serves an earlier one, which expires on 2026-07-11"
        in decision.message
    )


@pytest.mark.parametrize(
    ("ends_in", "severity"),
    [
        (days(7) + SECOND, Severity.WARNING),
        (days(7), Severity.CRITICAL),
        (-days(1), Severity.CRITICAL),
    ],
    ids=["a second before the mark", "at the mark", "ended"],
)
def test_it_is_critical_once_what_is_served_is_near_its_end(
    ends_in: timedelta, severity: Severity
) -> None:
    for shown in (leaf(ends_in=ends_in), replace(STRANGER, not_after=NOW + ends_in)):
        decision = stale_certificate_served(
            NEW, seen(probe_result(OLD), probe_result(shown, address="::2")), USUAL, NOW
        )
        assert decision is not None
        assert decision.severity is severity


# --- What people read -------------------------------------------------------------------------

SAID = {
    ProbeState.UNREACHABLE: "could not be reached",
    ProbeState.REFUSED: "was not probed: not a public address",
    ProbeState.NOT_TLS: "does not use TLS",
    ProbeState.NO_CERTIFICATE: "showed no readable certificate",
    ProbeState.NOT_PROBED: "was not probed, because it took too long or failed",
}


def test_the_served_certificate_is_reported_with_serial_number_and_expiry() -> None:
    shown = seen(
        probe_result(leaf(serial=0xB22)),
        probe_result(OLD, address="::2"),
        probe_result(STRANGER, "b.test"),
    )
    ends = "which expires on 2026-07-11 12:00 UTC"
    stale = "the renewed certificate is not served"
    has = "but ACM has serial 0b:22"
    assert sentences(NEW, shown) == (
        f"shop.example.com (203.0.113.7) serves serial 0b:22, {ends}: the certificate in ACM",
        f"shop.example.com (::2) serves serial 0a:11, {ends}, {has}: {stale}",
        f"b.test (203.0.113.7) serves serial 0a:11, {ends}, {has}: another certificate is served",
    )


@pytest.mark.parametrize(("state", "said"), SAID.items(), ids=SAID)
def test_a_failed_probe_is_reported(state: ProbeState, said: str) -> None:
    assert sentences(NEW, [compare(NEW, ProbeResult(NAME, ADDRESS, state=state))]) == (
        f"shop.example.com (203.0.113.7) {said}",
    )


def test_a_name_without_an_address_is_reported() -> None:
    nowhere = ProbeResult(NAME, "", state=ProbeState.UNREACHABLE)
    assert sentences(NEW, [compare(NEW, nowhere)]) == ("shop.example.com has no address",)


def test_every_state_has_words_of_its_own() -> None:
    """A state without a certificate has a sentence that no other one has."""
    shown = {
        ProbeState.CURRENT,
        ProbeState.OLDER_SERVED,
        ProbeState.OTHER_SERVED,
        ProbeState.SIBLING_SERVED,
    }
    assert set(SAID) == set(ProbeState) - shown
    assert len(set(SAID.values())) == len(SAID)


def test_addresses_with_the_same_result_are_reported_together() -> None:
    shown = seen(probe_result(OLD), probe_result(OLD, address="203.0.113.8"))
    (sentence,) = sentences(NEW, shown)
    assert sentence.startswith("shop.example.com (203.0.113.7, 203.0.113.8) serves serial 0a:11")


def test_an_unreachable_address_is_reported_only_if_the_name_showed_nothing() -> None:
    away = ProbeResult(NAME, "2001:db8::7", state=ProbeState.UNREACHABLE)
    other = replace(away, name="www.example.com")
    found = sentences(NEW, seen(probe_result(OLD), away, other))
    assert [text.split(" ", 2)[:2] for text in found] == [
        ["shop.example.com", "(203.0.113.7)"],
        ["www.example.com", "(2001:db8::7)"],
    ]


def test_a_serial_number_without_end_is_cut() -> None:
    longest, longer = (1 << 160) - 1, 1 << 4000
    (whole,) = sentences(NEW, seen(probe_result(leaf(serial=longest))))
    (cut,) = sentences(NEW, seen(probe_result(leaf(serial=longer))))
    assert f"serial {':'.join(['ff'] * 20)}, which" in whole
    assert f"serial 01:{':'.join(['00'] * 19)}..., which" in cut


def test_the_mail_and_the_result_have_the_sentences() -> None:
    finding = replace(
        judged(imported(ends_in=days(5), detail=detail())),
        probe_results=("a serves 1", "b serves 2"),
    )
    message = compose(run(finding))
    assert message is not None
    text = " ".join(message.bodies["email"].replace("| ", "").split())
    assert "Served: a serves 1. Served: b serves 2." in text
    assert result(run(finding), {})["findings"][0]["probe_results"] == ["a serves 1", "b serves 2"]


@pytest.mark.parametrize(
    ("severity", "reason", "wanted"),
    [
        ("warning", "OtherCertificateServed", (Severity.WARNING, Reason.OTHER_CERTIFICATE_SERVED)),
        (
            "critical",
            "OlderCertificateServed",
            (Severity.CRITICAL, Reason.OLDER_CERTIFICATE_SERVED),
        ),
        ("warning", "a later version's", (Severity.WARNING, Reason.OLDER_CERTIFICATE_SERVED)),
    ],
)
def test_what_was_not_compared_again_keeps_its_severity_and_reason(
    severity: str, reason: str, wanted: tuple[Severity, Reason]
) -> None:
    alert = AlertRecord(
        subject=AlertSubject(arn()),
        verdict="StaleCertificateServed",
        reason=reason,
        severity=severity,
        band="far",
        notified_at=NOW,
    )
    decision = not_compared_again(alert)
    assert decision.verdict is Verdict.STALE_CERTIFICATE_SERVED
    assert (decision.severity, decision.reason) == wanted
