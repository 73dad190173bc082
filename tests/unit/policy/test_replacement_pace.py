"""How fast replacements go, and how long the ledger keeps them, is what was decided."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from certificate_lifecycle.model.certificate import Action
from certificate_lifecycle.policy.settings import DEFAULT_LIMITS
from certificate_lifecycle.policy.succession import (
    CLAIM,
    HISTORY,
    MAX_ATTEMPTS,
    REPEATED_REQUESTS_PER_DAY,
    REPLACING_ACTIONS,
    RETRY_AFTER,
    YEARLY_REQUESTS,
    ReplacementRecord,
    ReplacementState,
    successor_request,
)
from tests.unit.builders import NOW, arn, certificate, days, detail

ADR = Path(__file__).parents[3] / "docs" / "adr" / "0009-replacement-is-a-recorded-state-machine.md"


@pytest.mark.parametrize(
    "sentence",
    [
        f"At most {DEFAULT_LIMITS.requests_per_day} successors are requested per account, region",
        f"at most {REPEATED_REQUESTS_PER_DAY} failed requests are repeated",
        f"keeps its claim for up to {CLAIM // timedelta(minutes=1)} minutes",
    ],
)
def test_the_record_of_the_decision_has_the_numbers(sentence: str) -> None:
    assert sentence in ADR.read_text(encoding="utf-8")


def test_a_request_is_repeated_once_after_a_week() -> None:
    assert (2, days(7)) == (MAX_ATTEMPTS, RETRY_AFTER)


@pytest.mark.parametrize(
    ("attempt", "lost", "again"),
    [(0, 0, True), (1, 0, True), (2, 0, False), (2, 1, True), (3, 1, False), (3, 3, False)],
)
def test_deleted_successors_have_a_budget_of_their_own(
    attempt: int, lost: int, *, again: bool
) -> None:
    record = ReplacementRecord(
        certificate_arn=arn(),
        state=ReplacementState.ABANDONED,
        started_at=NOW,
        attempt=attempt,
        lost=lost,
    )
    assert record.may_request_again is again


def test_a_replacement_begins_with_its_first_request_and_nothing_to_tell() -> None:
    begun = ReplacementRecord(
        certificate_arn=arn(), state=ReplacementState.REQUESTED, started_at=NOW
    )
    assert (begun.attempt, begun.version, begun.note, begun.unreported) == (1, 0, "", ())


def test_tags_that_aws_keeps_for_itself_are_not_asked_for_in_any_case() -> None:
    """AWS refuses a tag with its prefix "in any upper or lower case" (tagging user guide)."""
    old = certificate(detail=detail(tags=(("AWS:reserved", "x"), ("Team", "shop"))))
    assert successor_request(old, 1).tags[1:] == (("Team", "shop"),)


def test_finished_replacements_are_kept_longer_than_any_certificate_lives() -> None:
    """CA/B Forum, Baseline Requirements 6.3.2: 398 days were the maximum."""
    assert days(398) < HISTORY == days(400)


def test_acm_grants_five_thousand_requests_a_year() -> None:
    """ACM user guide, "Quotas"."""
    assert YEARLY_REQUESTS == 5000


def test_only_three_actions_begin_a_replacement() -> None:
    assert {Action.REPLACE, Action.REQUEST_AGAIN, Action.REBIND} == REPLACING_ACTIONS
