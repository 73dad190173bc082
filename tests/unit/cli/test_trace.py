"""Every check is shown, the one that hit is the decision, and the forecast misses no change."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certificate_lifecycle.cli.trace import CheckAnswer, Trace, TracedCheck, forecast, trace
from certificate_lifecycle.model.acme import (
    AcmeBinding,
    AcmeEndpoint,
    AcmeEndpointStatus,
    AcmeFailure,
    AcmeValidation,
    AcmeValidationStatus,
    BindingUse,
)
from certificate_lifecycle.model.certificate import (
    CertificateDetail,
    CertificateStatus,
    CertificateType,
    Decision,
    Reason,
    RenewalStatus,
)
from certificate_lifecycle.model.pointers import Pointer, PointerState
from certificate_lifecycle.policy.chain import CHAIN, assess
from certificate_lifecycle.policy.dns_health import DnsFinding
from certificate_lifecycle.policy.export import TargetState
from certificate_lifecycle.policy.import_source import SourceState
from certificate_lifecycle.policy.name_constraints import AuthorityFinding
from certificate_lifecycle.policy.observation import Observation
from certificate_lifecycle.policy.thresholds import Thresholds, is_within
from certificate_lifecycle.policy.validation import RecordState
from tests.unit.builders import (
    LABEL,
    NOW,
    SECOND,
    SUCCESSOR,
    at_target,
    blocked,
    certificate,
    days,
    detail,
    dns_problem,
    finding,
    imported,
    observation,
    private,
    renewal,
    renewing,
    request,
    source,
)
from tests.unit.policy.test_chain_properties import observations

USUAL = Thresholds()
SPANS = st.timedeltas(min_value=timedelta(), max_value=timedelta(days=800))


def traced(observed: Observation, now: datetime = NOW) -> Trace:
    return trace(observed, USUAL, now)


def step(observed: Observation, name: str) -> TracedCheck:
    return next(entry for entry in traced(observed).checks if entry.name == name)


def facts(observed: Observation, name: str) -> dict[str, str]:
    return dict(step(observed, name).facts)


def essence(decision: Decision) -> tuple[str, str, str, str]:
    return (decision.verdict, decision.severity.label, decision.reason, decision.action)


def as_of(observed: Observation, now: datetime) -> Observation:
    """Remove a successor that needs attention itself, as a listing would."""
    successor = observed.successor
    expiring = successor is not None and is_within(successor, USUAL.effective(successor), now)
    return replace(observed, successor=None) if expiring else observed


# --- The trace ------------------------------------------------------------------------------------


@given(observed=observations)
def test_the_check_that_hit_is_the_decision(observed: Observation) -> None:
    found = traced(observed)
    assert found.decision == assess(observed, USUAL, NOW)
    everything = {check.name: check for check in CHAIN}
    (hit,) = [step for step in found.checks if step.answer is CheckAnswer.HIT]
    assert everything[hit.name](observed, USUAL, NOW) == found.decision


@given(observed=observations)
def test_checks_before_the_hit_passed_and_checks_after_it_were_not_reached(
    observed: Observation,
) -> None:
    answers = [entry.answer for entry in traced(observed).checks]
    at = answers.index(CheckAnswer.HIT)
    assert answers[:at] == [CheckAnswer.PASSED] * at
    assert answers[at + 1 :] == [CheckAnswer.NOT_REACHED] * (len(answers) - at - 1)


def test_every_check_of_the_chain_is_shown_in_its_order_with_a_question_and_its_facts() -> None:
    steps = traced(observation()).checks
    assert [entry.name for entry in steps] == [check.name for check in CHAIN]
    assert all(item.question.endswith("?") and item.facts for item in steps)
    assert len({each.question for each in steps}) == len(steps)


def test_the_public_values_stay_the_same() -> None:
    assert [answer.value for answer in CheckAnswer] == ["hit", "passed", "not reached"]


FACTS_OF = {
    "renewed_by_client": ["managed by", "status", "renewed as", "expires", "warning"],
    "externally_managed": ["managed by", "tags"],
    "detail_unreadable": ["details"],
    "server_certificate": ["type", "expires", "warning", "critical"],
    "private_authority": ["type", "status", "expires", "too soon for ACM", "issues for ACM"],
    "declared_missing": ["type", "pointer", "created", "issued within"],
    "acme_endpoint": ["type", "ACME", "created"],
    "acme_validation": ["type", "ACME", "validation records", "created", "stuck"],
    "acme_binding": ["type", "ACME", "binding ends"],
    "not_understood": ["type", "status", "expires"],
    "pending_validation": ["status", "created", "stuck", "validation records", "public DNS"],
    "superseded": ["stays in service", "successor", "used"],
    "request_failed": [
        *("status", "failure", "created"),
        *("requested again until", "reported until"),
    ],
    "revoked": ["status", "used"],
    "expired": ["status", "expires", "used"],
    "import_due": ["type", "expires", "warning", "critical", "used"],
    "source_newer": ["import source"],
    "source_trouble": ["import source"],
    "source_missing": ["import source", "expires"],
    "source_too_old": ["import source", "used", "expires"],
    "export_secret_missing": ["export target", "expires"],
    "export_target_unreadable": ["export target", "expires"],
    "export_target_missing": ["exported", "export target", "expires", "renewal window"],
    "throw_away": ["status", "used", "created", "reported from"],
    "unused": ["type", "used", "export target"],
    "authority_trouble": ["type", "renewal"],
    "renewal_failed": ["renewal", "public DNS"],
    "renewal_blocked": ["renewal", "validation records", "public DNS", "overdue"],
    "export_target": ["export target", "expires", "warning"],
    "export_due": ["exported", "expires", "warning", "critical"],
    "renewal_overdue": [
        "expires",
        "renewal window",
        "overdue",
        "critical",
        "eligible for renewal",
        "public DNS",
    ],
    "renewing": ["expires", "renewal window", "renewal"],
    "renewal_not_understood": ["renewal", "expires"],
    "renewal_at_risk": ["type", "used", "validation records", "public DNS", "private CA"],
    "email_validation_ends": ["type", "used", "validation methods", "expires", "renewal window"],
    "renewal_changed": ["type", "used", "changed by a renewal"],
    "healthy": ["expires"],
}


def test_each_check_shows_its_facts_in_order() -> None:
    steps = traced(observation()).checks
    assert {entry.name: list(entry.facts) for entry in steps} == FACTS_OF


FACTS = {
    "an end": (observation(), "healthy", {"expires": "in 100 days"}),
    "an end that is hours away": (
        observation(certificate(ends_in=timedelta(hours=30))),
        "expired",
        {"expires": "in 30 hours"},
    ),
    "an end that is not quite two days away": (
        observation(certificate(ends_in=timedelta(hours=47))),
        "expired",
        {"expires": "in 47 hours"},
    ),
    "the very end": (
        observation(certificate(ends_in=timedelta())),
        "expired",
        {"expires": "0 hours ago"},
    ),
    "an end that is past": (
        observation(certificate(ends_in=-days(3))),
        "expired",
        {"expires": "3 days ago"},
    ),
    "no end": (observation(certificate(ends_in=None)), "not_understood", {"expires": "unknown"}),
    "thresholds of a usual certificate": (
        observation(),
        "renewal_overdue",
        {
            "renewal window": "45 days before expiry",
            "overdue": "30 days before expiry",
            "critical": "7 days before expiry",
            "eligible for renewal": "not reported by ACM",
        },
    ),
    "thresholds of one that lives 47 days": (
        observation(certificate(lives=days(47))),
        "renewal_overdue",
        {"renewal window": "15.67 days before expiry"},
    ),
    "what ACM will not renew": (
        observation(certificate(renewal_eligible=False)),
        "renewal_overdue",
        {"eligible for renewal": "no"},
    ),
    "CloudFront's": (
        observation(certificate(managed_by="CLOUDFRONT")),
        "externally_managed",
        {"managed by": "CLOUDFRONT", "tags": "not read"},
    ),
    "an ACME client's": (
        observation(certificate(key_pair_origin="ACME")),
        "externally_managed",
        {"managed by": "an ACME client"},
    ),
    "the certificate that an ACME client ordered later": (
        replace(observation(certificate(key_pair_origin="ACME")), renewed_as=SUCCESSOR),
        "renewed_by_client",
        {"renewed as": SUCCESSOR.arn},
    ),
    "an ACME endpoint": (
        observation(certificate(detail=detail(acme=AcmeEndpoint(AcmeEndpointStatus.FAILED)))),
        "acme_endpoint",
        {"ACME": "endpoint FAILED"},
    ),
    "a domain of an ACME endpoint": (
        observation(
            certificate(
                detail=detail(
                    acme=AcmeValidation(
                        status=AcmeValidationStatus.INVALID, failure=AcmeFailure.TIMED_OUT
                    )
                )
            )
        ),
        "acme_validation",
        {"ACME": "domain validation INVALID (TIMED_OUT)"},
    ),
    "a domain of an ACME endpoint that is valid": (
        observation(
            certificate(detail=detail(acme=AcmeValidation(status=AcmeValidationStatus.VALID)))
        ),
        "acme_validation",
        {"ACME": "domain validation VALID"},
    ),
    "a binding of an ACME endpoint": (
        observation(
            certificate(
                detail=detail(acme=AcmeBinding(role_arn="r", use=BindingUse(NOW, used=False)))
            )
        ),
        "acme_binding",
        {"ACME": "binding, not used", "binding ends": str(NOW)},
    ),
    "a binding that a client has used": (
        observation(
            certificate(
                detail=detail(acme=AcmeBinding(role_arn="r", use=BindingUse(None, used=True)))
            )
        ),
        "acme_binding",
        {"ACME": "binding, used", "binding ends": "never"},
    ),
    "a tag of another tool among others": (
        observation(certificate(detail=detail(tags=(("a", "b"), ("ManagedBy", "certbot"))))),
        "externally_managed",
        {"managed by": "no other service, according to ACM", "tags": "ManagedBy=certbot"},
    ),
    "a tag of a controller of Kubernetes": (
        observation(
            certificate(detail=detail(tags=(("services.k8s.aws/controller-version", "acm-1"),)))
        ),
        "externally_managed",
        {"tags": "services.k8s.aws/controller-version=acm-1"},
    ),
    "no telling tag": (
        observation(certificate(detail=CertificateDetail())),
        "externally_managed",
        {"tags": "none that names another tool"},
    ),
    "details that were not needed": (observation(), "detail_unreadable", {"details": "not needed"}),
    "details": (
        observation(certificate(detail=CertificateDetail())),
        "detail_unreadable",
        {"details": "read"},
    ),
    "details that could not be read": (
        observation(detail_error="Throttled"),
        "detail_unreadable",
        {"details": "Throttled"},
    ),
    "a CA that issues": (
        observation(
            certificate(
                type=CertificateType.PRIVATE_AUTHORITY,
                detail=CertificateDetail(issues_for_acm=False),
            )
        ),
        "private_authority",
        {"issues for ACM": "no"},
    ),
    "the pointer of a declared certificate": (
        observation(
            certificate(
                type=CertificateType.DECLARED,
                created_at=NOW - timedelta(minutes=30),
                detail=CertificateDetail(
                    pointer=Pointer("/a/certificates/b/arn", "b", "pending", PointerState.PENDING)
                ),
            )
        ),
        "declared_missing",
        {"pointer": "/a/certificates/b/arn (pending)", "issued within": "1 hours after creation"},
    ),
    "a CA that was not asked": (
        observation(),
        "private_authority",
        {"issues for ACM": "unknown", "too soon for ACM": "395 days before expiry"},
    ),
    "a request": (
        observation(request(), finding(RecordState.MISSING)),
        "pending_validation",
        {
            "status": "PENDING_VALIDATION",
            "created": "2 days ago",
            "stuck": "24 hours after creation",
            "validation records": f"{LABEL}.shop.example.com. missing",
        },
    ),
    "a request of an unknown age": (
        observation(request(created_at=None)),
        "pending_validation",
        {"created": "unknown", "validation records": "not read: ACM does not need validation"},
    ),
    "a failure": (
        observation(
            request(
                status=CertificateStatus.FAILED,
                detail=CertificateDetail(failure_reason="PCA_ACCESS_DENIED"),
            )
        ),
        "request_failed",
        {"failure": "PCA_ACCESS_DENIED"},
    ),
    "a failure without a reason": (
        observation(request(status=CertificateStatus.FAILED)),
        "request_failed",
        {"failure": "none", "requested again until": "30 days after creation"},
    ),
    "a successor": (
        observation(certificate(ends_in=days(3)), successor=SUCCESSOR),
        "superseded",
        {"successor": SUCCESSOR.arn, "stays in service": "no", "used": "yes"},
    ),
    "no successor": (
        observation(),
        "superseded",
        {"successor": "none", "stays in service": "yes"},
    ),
    "an import source": (
        observation(imported(), source=source(SourceState.SAME)),
        "source_newer",
        {"import source": "same"},
    ),
    "no import source": (observation(imported()), "source_newer", {"import source": "none"}),
    "an export target": (
        observation(export=at_target(TargetState.OUTDATED)),
        "export_target",
        {"export target": "outdated"},
    ),
    "no export target": (observation(), "export_target", {"export target": "none"}),
    "a renewal": (
        observation(renewing(renewal(RenewalStatus.PENDING_VALIDATION, "CAA_ERROR"))),
        "renewal_failed",
        {"renewal": "PENDING_VALIDATION (CAA_ERROR)"},
    ),
    "a renewal without a reason": (
        observation(blocked(), finding(RecordState.IN_PLACE)),
        "renewal_blocked",
        {
            "renewal": "PENDING_VALIDATION",
            "validation records": f"{LABEL}.shop.example.com. in place",
        },
    ),
    "no renewal": (
        observation(certificate(detail=CertificateDetail())),
        "renewing",
        {"renewal": "not started"},
    ),
    "an unknown renewal": (observation(), "renewing", {"renewal": "not read"}),
    "public DNS that was not queried": (
        observation(),
        "renewal_at_risk",
        {"public DNS": "not checked"},
    ),
    "public DNS without a problem": (
        observation(dns=DnsFinding()),
        "renewal_at_risk",
        {"public DNS": "no problem"},
    ),
    "public DNS with an unknown answer": (
        observation(dns=DnsFinding(unknown=("timeout",))),
        "renewal_at_risk",
        {"public DNS": "unknown: timeout"},
    ),
    "public DNS with a problem": (
        observation(dns=dns_problem(Reason.DNSSEC_BROKEN)),
        "renewal_at_risk",
        {"public DNS": "public DNS says no"},
    ),
    "a private CA without an obstacle": (
        observation(),
        "renewal_at_risk",
        {"private CA": "no obstacle known"},
    ),
    "a private CA with an obstacle": (
        observation(authority=AuthorityFinding(text="the CA says no")),
        "renewal_at_risk",
        {"private CA": "the CA says no"},
    ),
    "a private CA that was not read": (
        observation(authority=AuthorityFinding(unread="timeout")),
        "renewal_at_risk",
        {"private CA": "not read: timeout"},
    ),
}


@pytest.mark.parametrize(("observed", "name", "shown"), FACTS.values(), ids=FACTS)
def test_a_check_shows_its_facts(observed: Observation, name: str, shown: dict[str, str]) -> None:
    found = facts(observed, name)
    assert {key: found.get(key) for key in shown} == shown


# --- The forecast ---------------------------------------------------------------------------------


def verdicts(observed: Observation) -> list[tuple[float, str, str]]:
    return [
        ((entry.at - NOW) / days(1), entry.decision.verdict.value, entry.decision.severity.label)
        for entry in forecast(observed, USUAL, NOW)
    ]


def test_a_missed_renewal_becomes_overdue_then_critical_then_expired() -> None:
    assert verdicts(observation()) == [
        (0, "Healthy", "ok"),
        (55, "Renewing", "ok"),
        (70, "RenewalOverdue", "warning"),
        (93, "RenewalOverdue", "critical"),
        (100, "Expired", "critical"),
    ]


def test_an_import_is_due_at_its_threshold() -> None:
    assert verdicts(observation(imported())) == [
        (0, "Healthy", "ok"),
        (70, "ImportDue", "warning"),
        (93, "ImportDue", "critical"),
        (100, "Expired", "critical"),
    ]


def test_a_young_request_is_stuck_after_a_day() -> None:
    young = observation(request(created_at=NOW - timedelta(hours=4)))
    reasons = [(entry.at, entry.decision.reason.value) for entry in forecast(young, USUAL, NOW)]
    assert reasons == [
        (NOW, "AwaitingValidation"),
        (NOW + timedelta(hours=20), "ValidationUnchecked"),
    ]


def test_a_failed_request_is_ignored_a_week_after_its_first_report() -> None:
    failed = request(status=CertificateStatus.FAILED)
    reported = observation(failed, failure_reported=NOW - days(2))
    actions = [(entry.at, entry.decision.action.value) for entry in forecast(reported, USUAL, NOW)]
    assert actions == [(NOW, "RequestAgain"), (NOW + days(5), "None")]


def test_a_failed_request_that_no_message_named_yet_is_not_requested_again_when_it_is_old() -> None:
    failed = observation(request(status=CertificateStatus.FAILED))
    actions = [(entry.at, entry.decision.action.value) for entry in forecast(failed, USUAL, NOW)]
    assert actions == [(NOW, "RequestAgain"), (NOW + days(28), "Investigate")]


def test_a_successor_counts_until_it_needs_attention_itself() -> None:
    observed = observation(imported(ends_in=days(3)), successor=SUCCESSOR)
    assert verdicts(observed) == [
        (0, "Superseded", "critical"),
        (160, "Expired", "critical"),
    ]


def test_without_dates_nothing_is_forecast() -> None:
    odd = observation(certificate(ends_in=None, created_at=None))
    assert [verdict[1] for verdict in verdicts(odd)] == ["Unknown"]


def test_a_private_ca_expires_too_soon_long_before_its_expiry() -> None:
    observed = observation(
        private(type=CertificateType.PRIVATE_AUTHORITY, ends_in=days(400), lives=days(3650))
    )
    assert verdicts(observed)[:2] == [(0, "Healthy", "ok"), (5, "AuthorityExpiring", "warning")]


@given(observed=observations, after=SPANS)
def test_between_two_forecast_times_nothing_changes(
    observed: Observation, after: timedelta
) -> None:
    at = NOW + after
    expected = [entry for entry in forecast(observed, USUAL, NOW) if entry.at <= at][-1]
    found = assess(as_of(observed, at) if after else observed, USUAL, at)
    assert essence(found) == essence(expected.decision)


@given(observed=observations)
def test_each_forecast_time_is_the_first_of_its_decision(observed: Observation) -> None:
    first, *later = forecast(observed, USUAL, NOW)
    assert (first.at, first.decision) == (NOW, assess(observed, USUAL, NOW))
    before = first
    for entry in later:
        at = entry.at - SECOND
        if at > NOW:
            assert essence(assess(as_of(observed, at), USUAL, at)) == essence(before.decision)
        assert essence(entry.decision) != essence(before.decision)
        before = entry


@given(observed=observations)
def test_severity_does_not_decrease_with_time_unless_a_successor_expires(
    observed: Observation,
) -> None:
    alone = replace(observed, successor=None)
    severities = [entry.decision.severity for entry in forecast(alone, USUAL, NOW)]
    assert severities == sorted(severities)
