"""Validation records: the zone they belong to, and what stands there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from certificate_lifecycle.model.certificate import ValidationRecord
from certificate_lifecycle.policy.validation import (
    Cut,
    ExistingRecord,
    Location,
    RecordChange,
    RecordFinding,
    RecordState,
    Zone,
    candidate_zones,
    compare,
    distinct,
    explain,
    locate,
    other_servers,
    undelegated,
)
from tests.unit.builders import LABEL, finding, record, zone
from tests.unit.fakes import MemoryDns

PARENT, CHILD = zone("example.com."), zone("shop.example.com.", "Z2")
NAME = f"{LABEL}.shop.example.com."
OURS = "_b2.c3.acm-validations.aws."


def dns_of(*zones: Zone, **delegations: str) -> MemoryDns:
    """Return DNS in which each zone has a name server of its own, named after its id.

    `delegations` has the server that a zone delegates a name to, by the id of the zone, `__` and
    the name, whose dots are `_`.
    """
    dns = MemoryDns(*zones)
    for each in zones:
        dns.put(each, each.name, "NS", f"NS-{each.zone_id}.example.")
    for delegation, server in delegations.items():
        zone_id, _, name = delegation.partition("__")
        (above,) = (each for each in zones if each.zone_id == zone_id)
        dns.put(above, name.replace("_", "."), "NS", server)
    return dns


def place_of(name: str, *zones: Zone, **delegations: str) -> Location:
    return locate(name, zones, dns_of(*zones, **delegations))


def test_the_zone_with_the_longest_name_is_chosen() -> None:
    assert place_of(NAME, PARENT, CHILD, Z1__shop_example_com="ns-z2.example") == Location(
        zone=CHILD
    )
    assert place_of(NAME, CHILD, PARENT, Z1__shop_example_com="NS-Z2.example.") == Location(
        zone=CHILD
    )
    assert place_of(f"{LABEL}.example.com.", PARENT, CHILD) == Location(zone=PARENT)


def test_a_zone_that_its_parent_does_not_delegate_is_chosen_and_said_to_be_undelegated() -> None:
    assert place_of(NAME, CHILD, PARENT) == Location(zone=CHILD, undelegated_in=PARENT)


def test_a_zone_may_be_several_labels_above_its_record() -> None:
    assert place_of(f"{LABEL}.deep.down.example.com.", PARENT).zone == PARENT


def test_a_zone_that_merely_ends_alike_holds_nothing() -> None:
    assert place_of(f"{LABEL}.myexample.com.", PARENT) == Location()


def test_the_alphabetically_next_zone_holds_nothing() -> None:
    assert place_of(f"{LABEL}.example.com.", zone("example.net.")) == Location()


def test_case_and_the_trailing_dot_do_not_matter() -> None:
    odd = zone("Example.com")
    assert place_of(f"{LABEL.upper()}.Shop.EXAMPLE.com", odd) == Location(zone=odd)


TWINS = (zone("shop.example.com.", "Z2"), zone("Shop.Example.com", "Z3"))


def test_two_zones_of_one_name_are_never_guessed_between() -> None:
    assert place_of(NAME, PARENT, *TWINS) == Location(twins=TWINS)


def test_of_two_zones_of_one_name_the_one_with_the_delegated_servers_is_chosen() -> None:
    found = place_of(NAME, PARENT, *TWINS, Z1__shop_example_com="ns-z3.example.")
    assert found == Location(zone=TWINS[1])


def test_two_zones_of_one_name_with_the_delegated_servers_are_not_guessed_between() -> None:
    dns = dns_of(PARENT, *TWINS)
    dns.put(PARENT, "shop.example.com", "NS", "ns-z2.example.", "ns-z3.example.")
    assert locate(NAME, (PARENT, *TWINS), dns) == Location(twins=TWINS)


def test_twins_further_up_do_not_matter() -> None:
    assert place_of(NAME, PARENT, zone(zone_id="Z3"), CHILD) == Location(zone=CHILD)


def test_no_zone_is_no_ambiguity() -> None:
    assert place_of(NAME) == Location()


DEEP = f"{LABEL}.api.dev.shop.example.com"
GRANDCHILD = zone("dev.shop.example.com.", "Z4")
ELSEWHERE = frozenset({"ns.elsewhere.example"})


def test_a_delegation_to_other_servers_hides_the_names_below_it() -> None:
    found = place_of(DEEP, PARENT, Z1__dev_shop_example_com="ns.elsewhere.example")
    assert found == Location(cut=Cut(PARENT, "dev.shop.example.com", ELSEWHERE))
    assert place_of(NAME, PARENT, Z1__dev_shop_example_com="ns.elsewhere.example").zone == PARENT


def test_a_zone_that_the_zone_above_it_is_delegated_past_is_not_chosen() -> None:
    found = place_of(DEEP, PARENT, CHILD, Z1__dev_shop_example_com="ns.elsewhere.example")
    assert found == Location(cut=Cut(PARENT, "dev.shop.example.com", ELSEWHERE))


def test_the_delegation_closest_to_the_apex_counts() -> None:
    """RFC 1034 section 4.3.2, step 3b."""
    given = {"Z1__shop_example_com": "NS-Z2.example", "Z1__dev_shop_example_com": "ns.example"}
    assert place_of(DEEP, PARENT, CHILD, **given) == Location(zone=CHILD)


def test_a_zone_of_the_delegated_name_with_other_servers_is_not_chosen() -> None:
    found = place_of(NAME, PARENT, CHILD, Z1__shop_example_com="ns.elsewhere.example")
    assert found.zone is None
    assert found.cut == Cut(PARENT, "shop.example.com", ELSEWHERE)


def test_a_zone_further_below_a_delegation_may_be_delegated_there() -> None:
    found = place_of(DEEP, PARENT, GRANDCHILD, Z1__shop_example_com="ns.elsewhere.example")
    assert found == Location(zone=GRANDCHILD)


def test_each_delegation_is_followed() -> None:
    given = {"Z1__shop_example_com": "ns-z2.example", "Z2__dev_shop_example_com": "ns-z4.example"}
    assert place_of(DEEP, PARENT, CHILD, GRANDCHILD, **given) == Location(zone=GRANDCHILD)


def test_a_delegation_of_the_name_itself_hides_its_record() -> None:
    found = compare(record(), PARENT, [ExistingRecord(record().name, "NS", ("NS.Elsewhere.",))])
    assert (found.state, found.zone, found.change) == (RecordState.DELEGATED, None, None)
    assert found.found == (
        f"zone example.com (Z1) delegates {LABEL}.shop.example.com to ns.elsewhere"
    )


def test_a_long_list_of_name_servers_is_cut() -> None:
    servers = frozenset(f"ns{number}.example" for number in range(6))
    assert Cut(PARENT, "a.example.com", servers).text.endswith("ns3.example and 2 more")


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
    "the value without its underscore": (
        (cname(OURS.removeprefix("_")),),
        RecordState.IN_PLACE,
        RecordChange.UNCHANGED,
    ),
    "the value with one underscore more": (
        (cname(f"_{OURS}"),),
        RecordState.OUTDATED,
        RecordChange.UPDATED,
    ),
    "the very record with a weight": (
        (cname(OURS, plain=False),),
        RecordState.IN_PLACE,
        RecordChange.UNCHANGED,
    ),
    "weighted records that all have the value": (
        (cname(OURS, plain=False), cname(OURS.removeprefix("_"), plain=False)),
        RecordState.IN_PLACE,
        RecordChange.UNCHANGED,
    ),
    "weighted records that partly have the value": (
        (cname(OURS, plain=False), cname("_old.acm-validations.aws.", plain=False)),
        RecordState.FOREIGN,
        None,
    ),
    "an older value of ACM with a weight": (
        (cname("_old.acm-validations.aws.", plain=False),),
        RecordState.FOREIGN,
        None,
    ),
    "an alias of the value": (
        (replace(cname(plain=False), alias="a.example.com", answers=(OURS,)),),
        RecordState.IN_PLACE,
        RecordChange.UNCHANGED,
    ),
    "a CNAME that leads to the value": (
        (replace(cname("a.example.net."), answers=(OURS,)),),
        RecordState.IN_PLACE,
        RecordChange.UNCHANGED,
    ),
    "a CNAME that leads to an older value": (
        (replace(cname("a.example.net."), answers=("_old.acm-validations.aws.",)),),
        RecordState.FOREIGN,
        None,
    ),
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


def test_answers_that_differ_are_all_described() -> None:
    existing = [cname(OURS, plain=False), cname("shop.example.", plain=False)]
    assert compare(record(), PARENT, existing).found == (
        f"CNAME {OURS}, CNAME shop.example., of which ACM may get any"
    )


def test_an_alias_is_described_by_its_target() -> None:
    alias = replace(cname(plain=False), alias="a.example.com")
    assert compare(record(), PARENT, [alias]).found == "CNAME alias of a.example.com"
    assert compare(record(), PARENT, [alias]).state is RecordState.FOREIGN


@pytest.mark.parametrize("kind", ["MX", "TXT", "cname"])
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
    lost = (
        *(RecordState.ZONE_NOT_FOUND, RecordState.ZONE_AMBIGUOUS),
        *(RecordState.DELEGATED, RecordState.UNCHECKED),
    )
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
    RecordState.DELEGATED: (
        f"public DNS would not find a record at {LABEL}.shop.example.com: TXT hello; write CNAME "
        "_b2.c3.acm-validations.aws in the zone of these name servers, or name that zone in "
        "hosted_zones"
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
    hidden = explain(RecordFinding(unnamed, RecordState.DELEGATED))
    assert "; write its validation record in the zone of these name servers, or" in hidden


def test_each_zone_that_is_not_delegated_is_named_once() -> None:
    in_place = RecordFinding(record(), RecordState.IN_PLACE, CHILD, undelegated_in=PARENT)
    missing = RecordFinding(record("a.shop.example.com"), RecordState.MISSING, CHILD, "", PARENT)
    assert undelegated([in_place, missing, finding(RecordState.IN_PLACE)]) == [
        "zone shop.example.com (Z2) is not delegated in zone example.com (Z1)"
    ]


def test_a_zone_with_other_servers_than_the_delegation_is_named() -> None:
    assert other_servers(CHILD) == ("the hosted zone shop.example.com (Z2) has other name servers")


def test_a_zone_that_is_not_known_is_said_to_be_unknown() -> None:
    assert explain(RecordFinding(record(), RecordState.MISSING)) == (
        f"{LABEL}.shop.example.com does not exist in zone unknown{WANTS}"
    )


def test_the_zones_with_the_longest_name_are_candidates() -> None:
    assert candidate_zones(NAME, (PARENT, *TWINS)) == TWINS
    assert candidate_zones(NAME, (zone("example.net."),)) == ()
