"""Validation records: the zone they belong to, and what stands there."""

from __future__ import annotations

import pytest

from certificate_lifecycle.model.certificate import ValidationRecord
from certificate_lifecycle.policy.validation import (
    ExistingRecord,
    RecordChange,
    RecordFinding,
    RecordState,
    Zone,
    candidate_zones,
    compare,
    distinct,
    explain,
)
from tests.unit.builders import LABEL, finding, record, zone

PARENT, CHILD = zone("example.com."), zone("shop.example.com.", "Z2")
NAME = f"{LABEL}.shop.example.com."
OURS = "_b2.c3.acm-validations.aws."


def chosen(name: str, *zones: Zone) -> Zone | None:
    candidates = candidate_zones(name, zones)
    assert len(candidates) <= 1
    return candidates[0] if candidates else None


def test_the_zone_with_the_longest_name_is_chosen() -> None:
    assert chosen(NAME, PARENT, CHILD) == CHILD
    assert chosen(NAME, CHILD, PARENT) == CHILD
    assert chosen(f"{LABEL}.example.com.", PARENT, CHILD) == PARENT


def test_a_zone_may_be_several_labels_above_its_record() -> None:
    assert chosen(f"{LABEL}.deep.down.example.com.", PARENT) == PARENT


def test_a_zone_that_merely_ends_alike_holds_nothing() -> None:
    assert chosen(f"{LABEL}.myexample.com.", PARENT) is None


def test_the_alphabetically_next_zone_holds_nothing() -> None:
    assert chosen(f"{LABEL}.example.com.", zone("example.net.")) is None


def test_case_and_the_trailing_dot_do_not_matter() -> None:
    assert chosen(f"{LABEL.upper()}.Shop.EXAMPLE.com", zone("Example.com")) == zone("Example.com")


def test_two_zones_of_one_name_are_never_guessed_between() -> None:
    twins = (zone("shop.example.com.", "Z2"), zone("Shop.Example.com", "Z3"))
    assert candidate_zones(NAME, (PARENT, *twins)) == twins


def test_twins_further_up_do_not_matter() -> None:
    assert candidate_zones(NAME, (PARENT, zone(zone_id="Z3"), CHILD)) == (CHILD,)


def test_no_zone_is_no_ambiguity() -> None:
    assert candidate_zones(NAME, ()) == ()


def test_an_apex_and_its_wildcard_share_one_record() -> None:
    assert distinct([record("example.com"), record("*.example.com")]) == (record("example.com"),)


def test_records_that_differ_in_case_or_dot_only_are_one() -> None:
    other = ValidationRecord("_A1A1A1A1A1A1A1A1A1A1A1A1A1A1A1A1.SHOP.example.com", "CNAME", OURS)
    assert len(distinct([record(), other])) == 1


def test_records_of_different_names_are_kept_in_order() -> None:
    records = [record("b.example.com"), record("a.example.com")]
    assert list(distinct(records)) == records


def cname(*values: str, plain: bool = True) -> ExistingRecord:
    return ExistingRecord(NAME, "CNAME", values, plain)


STATES = {
    "nothing": ((), RecordState.MISSING, RecordChange.CREATED),
    "the very record": ((cname(OURS),), RecordState.IN_PLACE, RecordChange.UNCHANGED),
    "the very record, spelt otherwise": (
        (cname(OURS.upper().removesuffix(".")),),
        RecordState.IN_PLACE,
        RecordChange.UNCHANGED,
    ),
    "an older value of ACM": (
        (cname("_old.acm-validations.aws."),),
        RecordState.OUTDATED,
        RecordChange.UPDATED,
    ),
    "a foreign CNAME": ((cname("shop.cdn.example."),), RecordState.FOREIGN, None),
    "a CNAME that merely ends alike": (
        (cname("evil-acm-validations.aws."),),
        RecordState.FOREIGN,
        None,
    ),
    "a record of another type": (
        (ExistingRecord(NAME, "TXT", ('"hello"',)),),
        RecordState.FOREIGN,
        None,
    ),
    "an alias": ((ExistingRecord(NAME, "CNAME", (), plain=False),), RecordState.FOREIGN, None),
    "the very record with a weight": ((cname(OURS, plain=False),), RecordState.FOREIGN, None),
    "several record sets": (
        (cname(OURS), ExistingRecord(NAME, "TXT", ('"hello"',))),
        RecordState.FOREIGN,
        None,
    ),
    "several values": ((cname(OURS, "shop.cdn.example."),), RecordState.FOREIGN, None),
}


@pytest.mark.parametrize(("existing", "state", "change"), STATES.values(), ids=STATES)
def test_what_stands_there_decides_what_may_be_written(
    existing: tuple[ExistingRecord, ...], state: RecordState, change: RecordChange | None
) -> None:
    found = compare(record(), PARENT, existing)
    assert (found.state, found.change, found.zone) == (state, change, PARENT)


def test_a_record_that_is_no_cname_is_not_written() -> None:
    """ACM asks for CNAMEs only; one of another type would be written as one."""
    text = ValidationRecord(NAME, "TXT", "token")
    found = compare(text, PARENT, ())
    assert (found.state, found.change) == (RecordState.UNCHECKED, None)
    assert explain(found).endswith("ACM requires type TXT, which this version does not write")


ODD_NAMES = (
    "_acme-challenge.example.com",
    f"_acme-challenge.{'a' * 16}.example.com",
    "_dmarc.example.com",
    f"_dmarc.{'a' * 25}.example.com",
    f"{LABEL}._domainkey.example.com",
    f"{LABEL}.shop._acme-challenge.example.com",
    f"_github-pages-challenge-{'a' * 9}.example.com",
    f"_{'g' * 32}.example.com",
    f"{LABEL}0.example.com",
    f"{LABEL[:-1]}.example.com",
    f"x{LABEL}.example.com",
    f"www.{LABEL}.example.com",
    f"{LABEL}..example.com",
    LABEL,
    "www.example.com",
    "*.example.com",
    "",
)


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_name_that_is_not_of_acms_form_is_never_written(name: str) -> None:
    """A CNAME at such a name would let the target answer for the domain elsewhere."""
    found = compare(ValidationRecord(name, "CNAME", OURS), PARENT, ())
    assert (found.state, found.change) == (RecordState.UNCHECKED, None)
    assert explain(found).endswith(
        f"ACM requires the name {name}, which this version does not write"
    )


@pytest.mark.parametrize(
    "name",
    [
        f"{LABEL}.example.com",
        f"{LABEL.upper()}.Example.COM.",
        f"{LABEL}.www.deep.down.in.example.com.",
        f"{LABEL}.my-shop.example.com.",
        f"{LABEL}.my_shop.example.com.",
        f"{LABEL}.xn--bcher-kva.example.",
    ],
)
def test_a_name_of_acms_form_is_written(name: str) -> None:
    assert compare(ValidationRecord(name, "CNAME", OURS), PARENT, ()).change is RecordChange.CREATED


@pytest.mark.parametrize(
    "value",
    [
        "shop.cdn.example",
        "acm-validations.aws",
        "evil-acm-validations.aws",
        "_b2.c3.acm-validations.aws.example.com",
        "",
    ],
)
def test_a_value_outside_acms_domain_is_never_written(value: str) -> None:
    old = cname("_old.acm-validations.aws.")
    for existing in ((), (old,)):
        found = compare(ValidationRecord(NAME, "CNAME", value), PARENT, existing)
        assert (found.state, found.change) == (RecordState.UNCHECKED, None)
        assert f"ACM requires the value {value}, which" in explain(found)


def test_a_record_of_another_form_that_is_in_place_needs_no_change() -> None:
    odd = ValidationRecord("_a1.shop.example.com.", "CNAME", OURS)
    existing = ExistingRecord(odd.name, "CNAME", (OURS,))
    assert compare(odd, PARENT, (existing,)).state is RecordState.IN_PLACE


def test_a_conflict_shows_everything_that_stands_there() -> None:
    existing = (cname("a.example.", plain=False), ExistingRecord(NAME, "TXT", ('"x"', '"y"')))
    assert compare(record(), PARENT, existing).found == 'CNAME a.example., TXT "x" "y"'


@pytest.mark.parametrize("kind", ["NS", "TXT", "cname"])
def test_a_record_of_another_type_is_never_ours_whatever_it_holds(kind: str) -> None:
    values = ("_old.c3.acm-validations.aws.",)
    found = compare(record(), PARENT, [ExistingRecord(record().name, kind, values)])
    assert (found.state, found.change) == (RecordState.FOREIGN, None)


def test_a_conflict_without_values_shows_its_type_alone() -> None:
    assert (
        compare(record(), PARENT, [ExistingRecord(record().name, "A", (), plain=False)]).found
        == "A"
    )


def test_a_place_that_is_not_known_offers_no_change() -> None:
    lost = (RecordState.ZONE_NOT_FOUND, RecordState.ZONE_AMBIGUOUS, RecordState.UNCHECKED)
    assert {finding(state).change for state in lost} == {None}


WANTS = "; ACM requires CNAME _b2.c3.acm-validations.aws"
EXPLAINED = {
    RecordState.IN_PLACE: f"{LABEL}.shop.example.com is correct",
    RecordState.MISSING: f"{LABEL}.shop.example.com does not exist in zone example.com (Z1){WANTS}",
    RecordState.OUTDATED: (
        f"{LABEL}.shop.example.com has an older ACM value in zone example.com (Z1){WANTS}"
    ),
    RecordState.FOREIGN: f"{LABEL}.shop.example.com in zone example.com (Z1) is TXT hello{WANTS}",
    RecordState.ZONE_NOT_FOUND: (
        f"no writable public hosted zone contains {LABEL}.shop.example.com{WANTS}"
    ),
    RecordState.ZONE_AMBIGUOUS: (
        "several public hosted zones with the same name contain "
        f"{LABEL}.shop.example.com: TXT hello"
    ),
    RecordState.UNCHECKED: f"{LABEL}.shop.example.com could not be compared: TXT hello",
}


@pytest.mark.parametrize("state", RecordState)
def test_each_state_is_explained(state: RecordState) -> None:
    assert explain(finding(state)) == EXPLAINED[state]


def test_a_record_whose_value_is_not_known_yet_is_explained_without_it() -> None:
    unnamed = ValidationRecord("shop.example.com", "CNAME", "")
    lost = RecordFinding(unnamed, RecordState.ZONE_NOT_FOUND)
    assert explain(lost) == "no writable public hosted zone contains shop.example.com"


def test_a_zone_that_is_not_known_is_said_to_be_unknown() -> None:
    assert explain(RecordFinding(record(), RecordState.MISSING)) == (
        f"{LABEL}.shop.example.com does not exist in zone unknown{WANTS}"
    )
