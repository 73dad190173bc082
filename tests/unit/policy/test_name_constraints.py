"""A name is forbidden only if the constraints of a CA forbid it without doubt."""

from __future__ import annotations

from dataclasses import replace

import pytest

from certificate_lifecycle.model.certificate import Action, CertificateType, Reason, Severity
from certificate_lifecycle.parsing.x509 import NameConstraints
from certificate_lifecycle.policy.name_constraints import (
    AUTHORITY_NOT_READ,
    AuthorityFinding,
    judge_authority,
)
from certificate_lifecycle.policy.notification_state import alert_record
from certificate_lifecycle.policy.thresholds import Thresholds
from tests.unit.builders import NOW, certificate, days, judged, observation

CA = "arn:aws:acm-pca:eu-west-1:123456789012:certificate-authority/1"
UNREAD = AuthorityFinding(unread="AccessDenied")


def forbids(name: str, *, permitted: tuple[str, ...] = (), excluded: tuple[str, ...] = ()) -> bool:
    constraints = NameConstraints(permitted=permitted, excluded=excluded)
    finding = judge_authority([name], CA, [NameConstraints(), constraints])
    assert finding.reason in (None, Reason.AUTHORITY_NAME_CONSTRAINTS)
    return finding.reason is not None


@pytest.mark.parametrize(
    "name", ["corp.example", "a.corp.example", "A.B.Corp.Example", "*.corp.example"]
)
@pytest.mark.parametrize("base", ["corp.example", ".corp.example", "*.corp.example", ""])
def test_a_name_with_zero_or_more_labels_before_a_permitted_one_is_permitted(
    name: str, base: str
) -> None:
    """RFC 5280 section 4.2.1.10; readers disagree about a base that begins with a period."""
    assert not forbids(name, permitted=("other.example", base))


@pytest.mark.parametrize("name", ["corp.example", "evilcorp.example", "*.example", "example"])
def test_every_other_name_is_forbidden(name: str) -> None:
    assert forbids(name, permitted=("a.corp.example",))


@pytest.mark.parametrize(
    ("name", "base"),
    [
        ("corp.example", "corp.example"),
        ("a.corp.example", "corp.example"),
        ("a.corp.example", ".corp.example"),
        ("*.corp.example", "corp.example"),
        ("*.corp.example", "*.corp.example"),
        ("a.com", "*.com"),
        ("a.com", ""),
    ],
)
def test_a_name_in_an_excluded_subtree_is_forbidden_even_if_it_is_permitted(
    name: str, base: str
) -> None:
    assert forbids(name, permitted=("",), excluded=("other.example", base))


@pytest.mark.parametrize(
    ("name", "base"),
    [
        ("corp.example", "a.corp.example"),
        ("corp.example", ".corp.example"),
        ("evilcorp.example", "corp.example"),
        # Whether a wildcard contains an excluded name is read differently.
        ("*.corp.example", "a.corp.example"),
    ],
)
def test_a_name_beside_an_excluded_subtree_is_not_forbidden(name: str, base: str) -> None:
    assert not forbids(name, excluded=(base,))


def test_a_finding_names_forbidden_names_and_constraints_without_control_characters() -> None:
    constraints = NameConstraints(
        permitted=("corp.example", "b\n\x1b"), excluded=("a.corp.example", "")
    )
    names = ("a.corp.example", "b.example.com")
    texts = [
        judge_authority(names, CA, [replace(constraints, excluded=excluded)]).text
        for excluded in (("a.corp.example",), ("",))
    ]
    assert texts[0].startswith(f"the name constraints of the private CA {CA}, or of a CA above it,")
    assert (
        "forbid a.corp.example (excluded is a.corp.example), b.example.com (permitted" in texts[0]
    )
    assert texts[0].isprintable()
    assert 'excluded is "")' in texts[1]


def test_a_ca_that_is_gone_has_a_reason_of_its_own() -> None:
    assert judge_authority(("a.example",), CA, None).reason is Reason.AUTHORITY_INVALID_STATE


@pytest.mark.parametrize(("left", "severity"), [(300, Severity.INFO), (70, Severity.WARNING)])
def test_the_severity_grows_with_time(left: int, severity: Severity) -> None:
    finding = judge_authority(("a.example",), CA, None)
    private = certificate(
        type=CertificateType.PRIVATE, not_before=NOW - days(95), not_after=NOW + days(left)
    )
    decision = judged(observation(private, authority=finding)).decision
    assert (decision.reason, decision.severity) == (Reason.AUTHORITY_INVALID_STATE, severity)
    assert decision.action is Action.FIX_AUTHORITY


def test_an_open_finding_stays_open_while_the_ca_cannot_be_read() -> None:
    private = certificate(type=CertificateType.PRIVATE)
    forbidden = judge_authority(("a.example",), CA, [NameConstraints(permitted=("corp",))])
    entry = judged(observation(private, authority=forbidden))
    alert = alert_record(entry, None, Thresholds(), NOW)
    again = UNREAD.reopened(alert)
    assert again.reason is Reason.AUTHORITY_NAME_CONSTRAINTS
    assert "cannot be read now: AccessDenied" in again.text
    assert again.unread == "AccessDenied"
    assert AUTHORITY_NOT_READ.reopened(alert) is AUTHORITY_NOT_READ
    for other in (
        None,
        replace(alert, reason=Reason.CAA_FORBIDS.value),
        replace(alert, verdict="RenewalOverdue"),
    ):
        assert UNREAD.reopened(other) is UNREAD
