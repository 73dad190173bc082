"""The result of each check of doctor, and that no check hides another."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from certificate_lifecycle.cli.aws.deployed_module import DeployedFunction, SubscriptionCounts
from certificate_lifecycle.cli.aws.identity import Caller
from certificate_lifecycle.cli.doctor.access_checks import credentials
from certificate_lifecycle.cli.doctor.deployment_checks import (
    RETIRED,
    alarms,
    function,
    rule,
    rules_of,
    subscriptions,
)
from certificate_lifecycle.cli.doctor.diagnosis import (
    Diagnosis,
    DoctorCheck,
    Examination,
    State,
    examine,
)
from certificate_lifecycle.cli.doctor.dns_checks import caa, names_to_judge
from certificate_lifecycle.cli.doctor.quota_checks import QUOTAS, certificate_quotas
from certificate_lifecycle.cli.off_public_dns import OffPublicDns
from certificate_lifecycle.model.certificate import CertificateStatus, CertificateType
from certificate_lifecycle.model.public_dns import AnswerState, DnsAnswer, RecordType
from certificate_lifecycle.model.scope import Scope
from certificate_lifecycle.policy.validation import Zone
from tests.unit.builders import certificate

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
HOME = Scope("123456789012", "eu-west-1")
PAGE = (Path(__file__).resolve().parents[3] / "docs" / "doctor.md").read_text(encoding="utf-8")
OK, UNKNOWN, WARNING, FAILED = State.OK, State.UNKNOWN, State.WARNING, State.FAILED
SECOND = timedelta(seconds=1)


def states(diagnoses: Iterator[Diagnosis]) -> list[State]:
    return [diagnose.state for diagnose in diagnoses]


# --- The page -------------------------------------------------------------------------------------


def test_the_page_explains_every_check_and_no_other() -> None:
    assert re.findall(r"^## `([a-z-]+)`$", PAGE, re.MULTILINE) == [
        check.value for check in DoctorCheck
    ]


def test_the_page_begins_each_check_with_its_meaning() -> None:
    for check in DoctorCheck:
        assert f"## `{check.value}`\n\n{check.meaning}\n" in PAGE


# --- Side by side ---------------------------------------------------------------------------------


def test_a_check_that_fails_hides_neither_another_one_nor_its_own_results() -> None:
    result = Diagnosis(DoctorCheck.CAA, OK, "a", "b")

    def failing() -> Iterator[Diagnosis]:
        yield result
        raise RuntimeError("no\nanswer")

    found = examine(
        [
            Examination(
                DoctorCheck.RULES, "x", lambda: [Diagnosis(DoctorCheck.RULES, OK, "x", "y")]
            ),
            Examination(DoctorCheck.CAA, "names", failing),
        ]
    )
    assert [(entry.check, entry.state) for entry in found] == [
        (DoctorCheck.CAA, OK),
        (DoctorCheck.CAA, UNKNOWN),
        (DoctorCheck.RULES, OK),
    ]
    assert found[1].sentence == "Could not be checked: unexpected runtime error: no answer"


def test_results_are_in_the_order_of_the_checks() -> None:
    examinations = [
        Examination(check, "", lambda check=check: [Diagnosis(check, OK, "", "")])  # type: ignore[misc] # each its own
        for check in reversed(DoctorCheck)
    ]
    assert [entry.check for entry in examine(examinations)] == list(DoctorCheck)


def test_texts_are_cleaned_of_control_characters() -> None:
    diagnosis = Diagnosis(DoctorCheck.CAA, OK, "a\x1b[2J", "b\u202ec\nd", "e" * 1000)
    assert (diagnosis.about, diagnosis.sentence) == ("a [2J", "b c d")
    assert len(diagnosis.advice) == 600


# --- Credentials ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("remaining", "state"),
    [
        (None, OK),
        (timedelta(minutes=15), OK),
        (timedelta(minutes=15) - SECOND, WARNING),
    ],
)
def test_credentials_that_expire_within_15_minutes_are_a_warning(
    remaining: timedelta | None, state: State
) -> None:
    expires = None if remaining is None else NOW + remaining
    caller = Caller(arn="arn:aws:iam::1:user/a", source="env", expires=expires)
    assert states(credentials(caller, NOW)) == [state]


def test_the_root_user_is_a_warning() -> None:
    caller = Caller(arn="arn:aws:iam::1:root", source="env")
    assert states(credentials(caller, NOW)) == [OK, WARNING]


# --- Quotas ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "state"), [(0, OK), (7, OK), (8, WARNING), (9, WARNING), (10, FAILED), (11, FAILED)]
)
def test_a_quota_is_a_warning_from_four_fifths_on(count: int, state: State) -> None:
    listed = [certificate(created_at=NOW - timedelta(days=400))] * count
    results = certificate_quotas(listed, lambda _: 10, HOME, NOW)
    assert states(results) == [state, OK, OK, OK]


@pytest.mark.parametrize(
    ("age", "counts"),
    [(timedelta(days=365), False), (timedelta(days=365) - SECOND, True), (None, False)],
)
def test_a_year_has_365_days(age: timedelta | None, *, counts: bool) -> None:
    listed = [certificate(created_at=None if age is None else NOW - age)]
    yearly = list(certificate_quotas(listed, lambda _: 1, HOME, NOW))[1]
    assert (yearly.state is FAILED) is counts


@pytest.mark.parametrize(
    "changes",
    [
        {"type": CertificateType.PRIVATE},
        {"key_pair_origin": "ACME"},
    ],
)
def test_private_and_acme_certificates_do_not_count(changes: dict[str, Any]) -> None:
    listed = [certificate(created_at=NOW, **changes)]
    assert states(certificate_quotas(listed, lambda _: 1, HOME, NOW)) == [OK] * 4


def test_each_quota_has_a_code_of_its_own() -> None:
    assert len({quota.code for quota in QUOTAS}) == 4


# --- Names ----------------------------------------------------------------------------------------


def test_names_are_those_that_acm_issues_for_and_zones_that_have_none() -> None:
    listed = [
        certificate(names=("a.example.com", "*.example.com")),
        certificate(names=("b.test",), status=CertificateStatus.EXPIRED),
        certificate(names=("c.test",), type=CertificateType.PRIVATE),
        certificate(names=("d.test",), type=CertificateType.IMPORTED),
        certificate(names=("e.test",), key_pair_origin="ACME"),
        certificate(names=("f.test",), status=CertificateStatus.PENDING_VALIDATION),
    ]
    zones = [Zone("Z1", "example.com"), Zone("Z2", "ample.com")]
    assert names_to_judge(listed, zones) == (
        *("*.ample.com", "*.example.com", "a.example.com", "ample.com", "f.test"),
    )


class Dns(OffPublicDns):
    """Public DNS with CAA records at some names, and none at others."""

    def __init__(self, *values: str, names: Collection[str]) -> None:
        self._values, self._names = values, names

    def ask(self, name: str, record_type: RecordType) -> DnsAnswer:
        """Return the records."""
        has = name in self._names
        state = AnswerState.FOUND if has else AnswerState.NONE
        values = self._values if has else ()
        return DnsAnswer(name=name, type=record_type, state=state, values=values)


@pytest.mark.parametrize(
    ("record", "state", "sentence"),
    [
        (
            '0 issue "amazon.com; accounturi=x"',
            WARNING,
            "The CAA records at a.test allow Amazon to issue on conditions: accounturi=x.",
        ),
        (
            '128 future "x"',
            FAILED,
            "A CAA record at a.test is critical and has an unknown tag, so no CA may issue.",
        ),
        (
            '0 issue ";"',
            FAILED,
            "The CAA records at a.test allow no CA to issue, so ACM neither issues nor renews.",
        ),
    ],
)
def test_caa_records_that_restrict_acm_are_reported(
    record: str, state: State, sentence: str
) -> None:
    first, *_ = caa(["a.test"], Dns(record, names=["a.test"]))
    assert (first.about, first.state, first.sentence) == ("a.test", state, sentence)


def test_names_under_the_same_records_are_reported_together() -> None:
    names = [f"{letter}.b.test" for letter in "abcdefg"]
    (first,) = caa(names, Dns('0 issue "a.ca"', '0 issue "b.ca"', names=["b.test"]))
    assert first.about == "a.b.test, b.b.test, c.b.test and 4 more"
    assert "allow only a.ca, b.ca to issue" in first.sentence


def test_without_any_answers_the_result_stays_short() -> None:
    found = list(caa([f"{number}.test" for number in range(9)], OffPublicDns()))
    assert [entry.about for entry in found if entry.state is UNKNOWN] == [
        *("0.test", "1.test", "2.test", "6 more"),
    ]
    assert {entry.state for entry in found} == {UNKNOWN}


# --- The deployed module --------------------------------------------------------------------------


def function_states(now: datetime = NOW, **changes: Any) -> list[State]:  # noqa: ANN401 - any field of a function
    deployed = DeployedFunction(
        name="f",
        arn="arn",
        role_arn="arn",
        settings={},
        state="Active",
        last_update_status="Successful",
        runtime="python3.13",
    )
    return states(function("f", replace(deployed, **changes), now))


def test_functions_that_cannot_run_yet_or_at_all_are_reported() -> None:
    assert function_states() == [OK]
    assert function_states(state="Inactive", last_update_status=None) == [OK]
    assert function_states(state="Failed", state_reason="no role") == [FAILED]
    assert function_states(state="Pending") == [WARNING]
    assert function_states(last_update_status="Failed") == [FAILED]
    assert function_states(last_update_status="InProgress") == [WARNING]
    assert function_states(runtime=None) == [OK]
    assert function_states(runtime="python9.99") == [OK]


def test_a_runtime_is_a_warning_180_days_before_aws_retires_it() -> None:
    end = datetime.combine(RETIRED["python3.13"], datetime.min.time(), UTC)
    assert function_states(end - timedelta(days=180) - SECOND) == [OK]
    assert function_states(end - timedelta(days=180)) == [WARNING]
    assert function_states(end - SECOND) == [WARNING]
    assert function_states(end) == [FAILED]


def test_an_instance_without_alarms_is_a_warning() -> None:
    assert states(alarms([], "i")) == [WARNING]


def test_with_an_organization_the_schedule_starts_the_state_machine() -> None:
    assert rules_of("i", organization=True)[0] == "i-organization"
    assert rules_of("i", organization=False)[0] == "i-rotation"


def test_a_missing_rule_is_a_failure() -> None:
    assert states(rule("r", None)) == [FAILED]


def test_a_topic_with_confirmed_subscriptions_is_ok() -> None:
    assert states(subscriptions(SubscriptionCounts(2, 0), "arn")) == [OK]
