"""What holds for every certificate, however odd."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from certificate_lifecycle.model.certificate import (
    NOT_DESCRIBED,
    CertificateDetail,
    CertificateStatus,
    CertificateType,
    Decision,
    DomainValidation,
    Reason,
    Renewal,
    RenewalStatus,
    Severity,
    ValidationMethod,
)
from certificate_lifecycle.policy.chain import assess
from certificate_lifecycle.policy.checks import is_externally_managed
from certificate_lifecycle.policy.dns_health import NOT_CHECKED
from certificate_lifecycle.policy.export import TargetState
from certificate_lifecycle.policy.import_source import SourceState
from certificate_lifecycle.policy.observation import Observation
from certificate_lifecycle.policy.thresholds import Thresholds
from certificate_lifecycle.policy.validation import RecordState
from tests.unit.builders import (
    EXPIRED,
    NOW,
    REVOKED,
    SUCCESSOR,
    at_target,
    certificate,
    days,
    dns_problem,
    finding,
    source,
    validation,
)

USUAL = Thresholds()
OK, INFO, WARNING, CRITICAL = Severity


def assessments(seen: Observation, now: datetime = NOW) -> Decision:
    return assess(seen, USUAL, now)


ACM_REASONS = ["CAA_ERROR", "PCA_ACCESS_DENIED", "PCA_INVALID_DURATION", "OTHER"]
spans = st.floats(min_value=-30, max_value=420, allow_nan=False).map(days)
records = st.lists(st.sampled_from(list(RecordState)).map(finding), max_size=2).map(tuple)
validations = st.lists(
    st.builds(
        validation,
        method=st.sampled_from(list(ValidationMethod)),
        validated=st.booleans(),
    ),
    max_size=2,
).map(tuple[DomainValidation, ...])
renewals = st.none() | st.builds(
    Renewal,
    status=st.sampled_from(list(RenewalStatus)),
    reason=st.none() | st.sampled_from(ACM_REASONS),
    validations=validations,
)
details = st.just(NOT_DESCRIBED) | st.builds(
    CertificateDetail,
    in_use_by=st.just(()),
    renewal=renewals,
    validations=validations,
    failure_reason=st.none() | st.sampled_from(ACM_REASONS),
    tags=st.sampled_from([(), (("ManagedBy", "certbot"),), (("team", "shop"),)]),
)
certificates = st.builds(
    certificate,
    ends_in=st.none() | spans,
    lives=st.sampled_from([days(10), days(47), days(198), days(395)]),
    status=st.sampled_from(list(CertificateStatus)),
    type=st.sampled_from(list(CertificateType)),
    in_use=st.booleans(),
    exported=st.booleans(),
    renewal_eligible=st.sampled_from([None, True, False]),
    created_at=st.none() | st.just(NOW - days(3)),
    managed_by=st.sampled_from([None, None, "CLOUDFRONT"]),
    key_pair_origin=st.sampled_from([None, "AWS_MANAGED", "ACME"]),
    detail=details,
).filter(
    # IAM does not report revocations.
    lambda each: (each.type, each.status) != (CertificateType.SERVER_CERTIFICATE, REVOKED)
)
observations = st.builds(
    Observation,
    certificate=certificates,
    records=records,
    successor=st.sampled_from([None, SUCCESSOR]),
    detail_error=st.sampled_from([None, None, None, "Throttled"]),
    export=st.none() | st.builds(at_target, st.sampled_from(list(TargetState))),
    source=st.none() | st.sampled_from(list(SourceState)).map(source),
    dns=st.sampled_from([NOT_CHECKED, dns_problem(Reason.DNSSEC_BROKEN)]),
)


@given(seen=observations)
def test_every_certificate_gets_exactly_one_explained_decision(seen: Observation) -> None:
    decision = assessments(seen)
    assert isinstance(decision, Decision)
    assert decision.message.strip()
    assert decision == assessments(replace(seen))


@given(seen=observations, later=spans.filter(lambda span: span > timedelta()))
def test_a_nearer_end_is_never_judged_more_mildly(seen: Observation, later: timedelta) -> None:
    assert assessments(seen, NOW + later).severity >= assessments(seen).severity


@given(seen=observations)
def test_what_nothing_uses_is_never_more_than_information(seen: Observation) -> None:
    idle = replace(seen.certificate, in_use=False, exported=False, key_pair_origin=None)
    assert assessments(replace(seen, certificate=idle)).severity <= INFO


@given(seen=observations)
def test_ok_is_only_said_of_what_is_neither_expired_nor_revoked_nor_unread(
    seen: Observation,
) -> None:
    if assessments(seen).healthy:
        found = seen.certificate
        assert seen.detail_error is None or is_externally_managed(found)
        assert found.status not in (EXPIRED, REVOKED)
        assert found.not_after is None or found.not_after > NOW
