"""The page of a report: what it leaves out it says, and its data is never markup."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from certificate_lifecycle.model.certificate import Action
from certificate_lifecycle.model.run import ActionRecord, Outcome, Run
from certificate_lifecycle.render.report import page as report_page
from certificate_lifecycle.render.report.page import page
from tests.unit.assets import ASSETS
from tests.unit.builders import arn, certificate, days, imported, judged, run


def data(found: Run) -> tuple[str, Any]:
    """Return the data of a page as it stands there, and as the script reads it."""
    text = page(found, ASSETS).partition('id="data">')[2].partition("</script>")[0]
    return text, json.loads(text)


def test_nothing_in_the_data_could_end_it_or_be_taken_for_markup() -> None:
    hostile = "</script x <!-- & -->"
    text, read = data(run(judged(imported(names=(hostile,), ends_in=days(3)))))
    assert not set("<>&") & set(text)
    assert read["findings"][0][2][2] == hostile


def test_what_is_healthy_is_listed_by_what_ends_first() -> None:
    ends = {"a": days(300), "b": days(100), "c": days(200)}
    found = run(*(judged(certificate(arn=arn(k), names=(k,), ends_in=v)) for k, v in ends.items()))
    assert [row[2][0] for row in data(found)[1]["inventory"]] == ["b", "c", "a"]


@pytest.mark.parametrize(("count", "more"), [(100, False), (101, True)])
def test_what_a_page_shows_without_javascript_is_counted_if_it_is_not_all(
    count: int,
    more: bool,  # noqa: FBT001
) -> None:
    found = [judged(imported(arn=arn(str(number)), ends_in=days(3))) for number in range(count)]
    done = [ActionRecord(arn(str(n)), Action.REIMPORT, Outcome.DONE, "Done.") for n in range(count)]
    text = page(run(*found, actions=2 * done), ASSETS)
    assert ("Without JavaScript: the first 100 of 101." in text) is more
    assert ("<noscript>" in text) is more
    assert ("And 2 more; the JSON document has all." in text) is more
    assert ("the JSON document has all" in text) is more


def test_a_page_with_more_rows_than_it_takes_says_where_the_rest_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(report_page, "MOST_ROWS", 2)
    found = [judged(imported(arn=arn(str(number)), ends_in=days(3))) for number in range(3)]
    sentence = "<p>The first 2 of 3; the CSV document has all.</p>"
    assert page(run(*found), ASSETS).count(sentence) == 2
    assert "are here; the CSV document" not in page(run(*found[:2]), ASSETS)


def cells(names: int, users: int, length: int) -> tuple[list[str], list[str]]:
    """Return what the cells of a certificate and of its users show, text by text."""
    seen = judged(imported(names=("a" * length, *["x" * length] * names), ends_in=days(3)))
    entry = replace(seen, used_by=("u" * length,) * users)
    row = data(run(entry))[1]["findings"][0][3]
    return [item[2][0] for item in row[2][2]], [each[2][0] for each in row[5][2]]


def test_texts_of_others_are_cut_at_their_length_and_not_before() -> None:
    (name, more, *_), (user,) = cells(20, 1, 400)
    assert [len(entry) for entry in (name, more, user)] == [300, 3000, 300]
    (name, more, *_), (user,) = cells(1, 1, 290)
    assert [len(item) for item in (name, more, user)] == [290, 295, 290]


def test_further_names_and_users_are_counted_if_they_are_not_all_shown() -> None:
    (_, more, *_), users = cells(20, 10, 3)
    assert more == f"also {', '.join(['xxx'] * 20)}"
    assert users == ["uuu"] * 10
    (_, more, *_), users = cells(21, 11, 3)
    assert more.endswith("xxx and 1 more")
    assert users == [*["uuu"] * 10, "and 1 more"]


@pytest.mark.parametrize("action", Action)
def test_the_next_step_is_what_the_action_means(action: Action) -> None:
    entry = judged(imported(ends_in=days(3)))
    entry = replace(entry, decision=replace(entry.decision, action=action))
    assert data(run(entry))[1]["findings"][0][3][6] == ["div", "steps", [action.meaning]]


@pytest.mark.parametrize(("text", "shown"), [("", ""), ("x" * 3000, "x" * 1997 + "...")])
def test_what_was_done_is_reported_as_far_as_people_read(text: str, shown: str) -> None:
    record = ActionRecord(arn(), Action.REIMPORT, Outcome.DONE, text)
    row = data(run(judged(imported(ends_in=days(3))), actions=[record]))[1]["findings"][0][3]
    assert row[6] == ["div", "steps", [["p", "", [["b", "", ["Done in this run: "]], shown]]]]
