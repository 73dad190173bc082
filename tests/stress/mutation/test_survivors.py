"""The list of survivors fits the sources, and says why of each."""

from __future__ import annotations

import pytest

from tests.stress.mutation.mutations import Mutation, mutations_of
from tests.stress.mutation.project import OURS
from tests.stress.mutation.survivors import Kind, ReviewError, judge, reviewed

SOURCE = b"def f(a):\n    return a + 1\n"
ENTRY = """
[[survivor]]
module = "toy"
where = "f"
before = "return a + 1"
after = "return a - 1"
kind = "equivalent"
reason = "Not visible."
"""


@pytest.fixture
def mutations() -> list[Mutation]:
    return mutations_of("toy", SOURCE, {})


def test_the_list_names_mutations_once_and_with_a_reason() -> None:
    text = OURS.survivors.read_text(encoding="utf-8")
    assert len(reviewed(OURS.mutations(), text)) == text.count("[[survivor]]")


def test_an_entry_is_found_by_its_lines(mutations: list[Mutation]) -> None:
    (entry,) = reviewed(mutations, ENTRY).values()
    assert (entry.mutation.rule, entry.kind) == ("arithmetic", Kind.EQUIVALENT)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (ENTRY.replace("a + 1", "a + 2"), "is no mutation any more"),
        (ENTRY + ENTRY, "stands there twice"),
        (ENTRY.replace("Not visible.", " "), "has no reason"),
    ],
)
def test_every_fault_of_the_list_is_named(mutations: list[Mutation], text: str, fault: str) -> None:
    with pytest.raises(ReviewError, match=fault):
        reviewed(mutations, text)


def test_what_survives_must_be_listed_and_what_is_listed_must_survive(
    mutations: list[Mutation],
) -> None:
    listed = reviewed(mutations, ENTRY)
    (expected,) = (entry.mutation for entry in listed.values())
    other = next(mutation for mutation in mutations if mutation != expected)
    assert judge([expected], mutations, listed).sound
    assert judge([expected, other], mutations, listed).unlisted == [other]
    assert judge([], mutations, listed).stale == [expected]
