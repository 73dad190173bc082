"""Who uses what an import makes is found by name, over as many statements as it takes."""

from __future__ import annotations

from tests.stress.mutation.users import Users, mentioned

SOURCES = {
    "limits": b"""
_DAY = 24
WEEK = 7 * _DAY


class Limit:
    least: int = 1

    def lower(self):
        return self.least


def of(days=WEEK):
    return days
""",
    "rules": b"""
def long(hours):
    return hours > WEEK


def short(limit):
    return limit.least < 2


class Colour(Enum):
    RED = "red"


def colours():
    return list(Colour)
""",
}


def lines(module: str, line: int) -> dict[str, set[int]]:
    users = Users.of(SOURCES)
    return dict(users.lines(users.names(module, (line, line))))


def test_a_constant_is_used_by_what_mentions_what_is_made_of_it() -> None:
    assert lines("limits", 2) == {"limits": {13, 14}, "rules": {2, 3}}


def test_a_default_of_a_field_is_used_by_who_reads_the_field() -> None:
    assert lines("limits", 7) == {"limits": {9, 10}, "rules": {6, 7}}


def test_a_name_without_a_mention_has_no_users() -> None:
    assert lines("rules", 6) == {}


def test_iterating_over_an_enum_uses_its_members() -> None:
    assert lines("rules", 11) == {"rules": {14, 15}}


def test_a_test_names_what_it_imports_and_what_it_asks_of_it() -> None:
    assert {"WEEK", "least"} <= mentioned(b"assert limits.WEEK == Limit().least")
