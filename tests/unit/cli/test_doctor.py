"""What the doctor says of what it was shown, and that no check hides another."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from certificate_lifecycle.cli.dns_health import CaaRecord
from certificate_lifecycle.cli.doctor.access_checks import Caller, credentials
from certificate_lifecycle.cli.doctor.deployment_checks import (
    RETIRED,
    alarms,
    function,
    rule,
    rules_of,
    subscriptions,
)
from certificate_lifecycle.cli.doctor.diagnosis import (
    Check,
    Diagnosis,
    Examination,
    State,
    examine,
)
from certificate_lifecycle.cli.doctor.dns_checks import caa, names_to_judge
from certificate_lifecycle.cli.doctor.quota_checks import KINDS, room
from certificate_lifecycle.model.certificate import CertificateStatus, CertificateType
from certificate_lifecycle.model.errors import CertificateLifecycleError
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
    assert re.findall(r"^## `([a-z-]+)`$", PAGE, re.MULTILINE) == [check.value for check in Check]


def test_the_page_begins_each_check_with_what_is_looked_at() -> None:
    for check in Check:
        assert f"## `{check.value}`\n\n{check.meaning}\n" in PAGE


# --- Side by side ---------------------------------------------------------------------------------


def test_a_check_that_fails_hides_neither_another_one_nor_what_it_said_before() -> None:
    said = Diagnosis(Check.CAA, OK, "a", "b")

    def failing() -> Iterator[Diagnosis]:
        yield said
        raise RuntimeError("no\nanswer")

    found = examine(
        [
            Examination(Check.RULES, "x", lambda: [Diagnosis(Check.RULES, OK, "x", "y")]),
            Examination(Check.CAA, "names", failing),
        ]
    )
    assert [(entry.check, entry.state) for entry in found] == [
        (Check.CAA, OK),
        (Check.CAA, UNKNOWN),
        (Check.RULES, OK),
    ]
    assert found[1].sentence == "This could not be found out: RuntimeError: no answer"


def test_what_checks_say_is_in_their_order_whoever_was_asked_first() -> None:
    examinations = [
        Examination(check, "", lambda check=check: [Diagnosis(check, OK, "", "")])  # type: ignore[misc] # each its own
        for check in reversed(Check)
    ]
    assert [entry.check for entry in examine(examinations)] == list(Check)


def test_texts_of_others_lose_what_does_not_print() -> None:
    diagnosis = Diagnosis(Check.CAA, OK, "a\x1b[2J", "b\u202ec\nd", "e" * 1000)
    assert (diagnosis.about, diagnosis.sentence) == ("a [2J", "b c d")
    assert len(diagnosis.advice) == 600


# --- Credentials ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "state"),
    [
        (None, OK),
        (timedelta(minutes=15), OK),
        (timedelta(minutes=15) - SECOND, WARNING),
    ],
)
def test_credentials_that_end_within_a_quarter_of_an_hour_are_told(
    left: timedelta | None, state: State
) -> None:
    expires = None if left is None else NOW + left
    caller = Caller(arn="arn:aws:iam::1:user/a", source="env", expires=expires)
    assert states(credentials(caller, NOW)) == [state]


def test_the_root_user_is_told_to_be_somebody_else() -> None:
    caller = Caller(arn="arn:aws:iam::1:root", source="env")
    assert states(credentials(caller, NOW)) == [OK, WARNING]


# --- Quotas ---------------------------------------------------------------------------------------


@dataclass
class Quotas:
    granted: int | None

    def value(self, _: str) -> int | None:
        return self.granted


@pytest.mark.parametrize(
    ("count", "state"), [(0, OK), (7, OK), (8, WARNING), (9, WARNING), (10, FAILED), (11, FAILED)]
)
def test_a_quota_is_told_from_four_fifths_on(count: int, state: State) -> None:
    held = [certificate(created_at=NOW - timedelta(days=400))] * count
    said = list(room(held, Quotas(10), HOME, NOW))
    assert [entry.state for entry in said] == [state, OK, OK, OK]


@pytest.mark.parametrize(
    ("age", "counts"),
    [(timedelta(days=365), False), (timedelta(days=365) - SECOND, True), (None, False)],
)
def test_a_year_has_365_days(age: timedelta | None, *, counts: bool) -> None:
    held = [certificate(created_at=None if age is None else NOW - age)]
    yearly = list(room(held, Quotas(1), HOME, NOW))[1]
    assert (yearly.state is FAILED) is counts


@pytest.mark.parametrize(
    "changes",
    [
        {"type": CertificateType.PRIVATE},
        {"key_pair_origin": "ACME"},
    ],
)
def test_private_and_acme_certificates_take_no_room(changes: dict[str, Any]) -> None:
    held = [certificate(created_at=NOW, **changes)]
    assert states(room(held, Quotas(1), HOME, NOW)) == [OK] * 4


def test_each_quota_has_a_code_of_its_own() -> None:
    codes = [quota.code for kind in KINDS for quota in (kind.at_once, kind.a_year)]
    assert len(set(codes)) == 4


# --- Names ----------------------------------------------------------------------------------------


def test_names_are_those_that_acm_issues_for_and_zones_that_have_none() -> None:
    held = [
        certificate(names=("a.example.com", "*.example.com")),
        certificate(names=("b.test",), status=CertificateStatus.EXPIRED),
        certificate(names=("c.test",), type=CertificateType.PRIVATE),
        certificate(names=("d.test",), type=CertificateType.IMPORTED),
        certificate(names=("e.test",), key_pair_origin="ACME"),
        certificate(names=("f.test",), status=CertificateStatus.PENDING_VALIDATION),
    ]
    zones = [Zone("Z1", "example.com"), Zone("Z2", "ample.com")]
    assert names_to_judge(held, zones) == (
        *("*.ample.com", "*.example.com", "a.example.com", "ample.com", "f.test"),
    )


@dataclass
class Dns:
    """Public DNS with the same records at every name."""

    records: tuple[CaaRecord, ...]

    def ns(self, _: str) -> frozenset[str]:
        return frozenset()

    def caa(self, _: str) -> tuple[CaaRecord, ...]:
        return self.records

    def cname(self, _: str) -> str | None:
        return None


@pytest.mark.parametrize(
    ("record", "state", "sentence"),
    [
        (
            CaaRecord("issue", "amazon.com; accounturi=x"),
            WARNING,
            "The CAA records at a.test let Amazon issue on conditions: accounturi=x.",
        ),
        (
            CaaRecord("future", "x", critical=True),
            FAILED,
            (
                "A CAA record at a.test is marked critical and has a tag that is not understood: "
                "nobody may issue."
            ),
        ),
        (
            CaaRecord("issue", ";"),
            FAILED,
            "The CAA records at a.test let nobody issue: ACM neither issues nor renews.",
        ),
    ],
)
def test_what_keeps_acm_from_issuing_is_told_in_a_sentence(
    record: CaaRecord, state: State, sentence: str
) -> None:
    first, *_ = caa(["a.test"], Dns((record,)))
    assert (first.about, first.state, first.sentence) == ("a.test", state, sentence)


def test_names_under_the_same_records_are_told_together() -> None:
    @dataclass
    class Above(Dns):
        def caa(self, name: str) -> tuple[CaaRecord, ...]:
            return self.records if name == "test" else ()

    names = [f"{letter}.test" for letter in "abcdefg"]
    (first,) = caa(names, Above((CaaRecord("issue", "a.ca"), CaaRecord("issue", "b.ca"))))
    assert first.about == "a.test, b.test, c.test and 4 more"
    assert "let only a.ca, b.ca issue" in first.sentence


def test_where_nothing_gets_an_answer_the_page_stays_short() -> None:
    @dataclass
    class Silent(Dns):
        def caa(self, _: str) -> tuple[CaaRecord, ...]:
            raise CertificateLifecycleError("none came in time")

    names = [f"{number}.test" for number in range(9)]
    found = list(caa(names, Silent(())))
    assert [entry.about for entry in found if entry.state is UNKNOWN] == [
        *("0.test", "1.test", "2.test", "6 more"),
    ]


# --- The deployed module --------------------------------------------------------------------------


@dataclass
class Found:
    """A function as Lambda describes it."""

    name: str = "f"
    state: str = "Active"
    state_reason: str | None = None
    last_update_status: str | None = "Successful"
    runtime: str | None = "python3.13"


def seen(now: datetime = NOW, **changes: Any) -> list[State]:  # noqa: ANN401 - any field of it
    return states(function("f", Found(**changes), now))  # type: ignore[arg-type] # the part of it that is looked at


def test_functions_that_cannot_run_or_not_yet_are_told() -> None:
    assert seen() == [OK]
    assert seen(state="Inactive", last_update_status=None) == [OK]
    assert seen(state="Failed", state_reason="no role") == [FAILED]
    assert seen(state="Pending") == [WARNING]
    assert seen(last_update_status="Failed") == [FAILED]
    assert seen(last_update_status="InProgress") == [WARNING]
    assert seen(runtime=None) == [OK]
    assert seen(runtime="python9.99") == [OK]


def test_a_runtime_is_told_half_a_year_before_aws_retires_it() -> None:
    end = datetime.combine(RETIRED["python3.13"], datetime.min.time(), UTC)
    assert seen(end - timedelta(days=180) - SECOND) == [OK]
    assert seen(end - timedelta(days=180)) == [WARNING]
    assert seen(end - SECOND) == [WARNING]
    assert seen(end) == [FAILED]


def test_an_instance_without_alarms_is_told() -> None:
    assert states(alarms([], "i")) == [WARNING]


def test_with_an_organization_the_clock_starts_the_state_machine() -> None:
    assert rules_of("i", organization=True)[0] == "i-organization"
    assert rules_of("i", organization=False)[0] == "i-rotation"


def test_a_rule_that_is_gone_is_told() -> None:
    assert states(rule("r", None)) == [FAILED]


def test_a_topic_that_somebody_hears_is_well() -> None:
    @dataclass
    class SubscriptionCounts:
        confirmed: int
        waiting: int

    heard = SubscriptionCounts(2, 0)
    assert states(subscriptions(heard, "arn")) == [OK]  # type: ignore[arg-type] # the part of it that is looked at
