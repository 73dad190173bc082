"""The certificates that an instance covers, by their names, tags and issuer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certificate_lifecycle.model.certificate import Certificate, CertificateType
from certificate_lifecycle.policy.coverage import Coverage, Others, TagFilter
from tests.unit.builders import certificate

EVERYTHING = Coverage()
SHOP = Coverage(include_domains=("shop.example.com",))
NOT_SHOP = Coverage(exclude_domains=("shop.example.com",))
SHOP_TEAM = Coverage(include_tags=(("Team", ("shop", "cart")),))
NOT_SHOP_TEAM = Coverage(exclude_tags=(("Team", ("shop", "cart")), ("Stage", ("*",))))


def covers(
    coverage: Coverage, *names: str, tags: Mapping[str, str] | None = None, complete: bool = True
) -> bool | None:
    return coverage.covers(certificate(names=names, names_complete=complete), tags)


def test_without_conditions_every_certificate_is_covered() -> None:
    assert covers(EVERYTHING, "shop.example.com")
    assert covers(EVERYTHING)
    assert not EVERYTHING.limited
    assert all(coverage.limited for coverage in (SHOP, NOT_SHOP, SHOP_TEAM, NOT_SHOP_TEAM))


@pytest.mark.parametrize(
    ("names", "covered"),
    [
        (("shop.example.com",), True),
        (("SHOP.example.com", "www.shop.example.com", "*.shop.example.com"), True),
        (("shop.example.com", "pay.example.com"), False),
        (("example.com",), False),
        (("*.example.com",), False),
        (("workshop.example.com",), False),
        ((), False),
    ],
)
def test_an_included_domain_covers_certificates_with_all_names_equal_or_below(
    names: tuple[str, ...],
    covered: bool,  # noqa: FBT001 - a column of the table
) -> None:
    assert covers(SHOP, *names) is covered


@pytest.mark.parametrize(
    ("names", "covered"),
    [
        (("pay.example.com",), True),
        (("pay.example.com", "shop.example.com"), False),
        (("pay.example.com", "*.www.shop.example.com"), False),
        (("*.example.com",), True),
        ((), True),
    ],
)
def test_one_name_in_an_excluded_domain_excludes_a_certificate(
    names: tuple[str, ...],
    covered: bool,  # noqa: FBT001 - a column of the table
) -> None:
    assert covers(NOT_SHOP, *names) is covered


def test_included_tags_need_one_of_their_values_for_each_key() -> None:
    both = replace(SHOP_TEAM, include_tags=(*SHOP_TEAM.include_tags, ("Stage", ("*",))))
    assert covers(SHOP_TEAM, "a.example.com", tags={"Team": "cart"})
    assert not covers(SHOP_TEAM, "a.example.com", tags={"Team": "pay"})
    assert not covers(SHOP_TEAM, "a.example.com", tags={"team": "shop"})
    assert not covers(both, "a.example.com", tags={"Team": "shop"})
    assert covers(both, "a.example.com", tags={"Team": "shop", "Stage": ""})


def test_one_excluded_tag_excludes_a_certificate() -> None:
    assert covers(NOT_SHOP_TEAM, "a.example.com", tags={"Team": "pay"})
    assert not covers(NOT_SHOP_TEAM, "a.example.com", tags={"Team": "cart"})
    assert not covers(NOT_SHOP_TEAM, "a.example.com", tags={"Team": "pay", "Stage": "dev"})


def test_domains_and_tags_must_both_match() -> None:
    both = replace(SHOP, include_tags=SHOP_TEAM.include_tags)
    assert covers(both, "shop.example.com", tags={"Team": "shop"})
    assert not covers(both, "pay.example.com", tags={"Team": "shop"})
    assert not covers(both, "shop.example.com", tags={"Team": "pay"})


def test_unknown_tags_leave_the_answer_open_only_where_tags_decide() -> None:
    both = replace(SHOP, include_tags=SHOP_TEAM.include_tags)
    assert covers(SHOP_TEAM, "pay.example.com") is None
    assert covers(NOT_SHOP_TEAM, "pay.example.com") is None
    assert covers(SHOP, "shop.example.com") is True
    assert covers(both, "pay.example.com") is False


def test_a_truncated_list_of_names_leaves_the_answer_open_unless_a_visible_name_decides() -> None:
    assert covers(SHOP, "shop.example.com", complete=False) is None
    assert covers(SHOP, "pay.example.com", complete=False) is False
    assert covers(NOT_SHOP, "pay.example.com", complete=False) is None
    assert covers(NOT_SHOP, "shop.example.com", complete=False) is False
    assert covers(EVERYTHING, "shop.example.com", complete=False) is True


@pytest.mark.parametrize("coverage", [SHOP, SHOP_TEAM, NOT_SHOP, NOT_SHOP_TEAM])
def test_a_certificate_that_this_instance_issued_is_always_covered(coverage: Coverage) -> None:
    outside = certificate(names=("shop.example.com", "pay.example.com"))
    tags = {"Team": "none", "Stage": "dev"}
    assert coverage.covers(outside, tags) is False
    assert coverage.covers(outside, tags, issued_here=True) is True
    assert coverage.covers(outside, tags, issued_here=None) is None
    inside = certificate(names=("shop.example.com",))
    assert SHOP.covers(inside, issued_here=None) is True


@pytest.mark.parametrize("coverage", [SHOP, SHOP_TEAM, NOT_SHOP, NOT_SHOP_TEAM])
def test_a_declared_certificate_is_always_covered(coverage: Coverage) -> None:
    declared = certificate(names=("shop",), type=CertificateType.DECLARED)
    assert coverage.covers(declared) is True


@pytest.mark.parametrize(
    ("coverage", "names", "tags", "reason"),
    [
        (
            SHOP,
            ("pay.example.com",),
            {},
            "pay.example.com is not equal to or below an included domain",
        ),
        (SHOP, (), {}, "it has no domain name"),
        (
            NOT_SHOP,
            ("shop.example.com",),
            {},
            "shop.example.com is equal to or below an excluded domain",
        ),
        (SHOP_TEAM, ("a.example.com",), {}, "its tag Team has no included value"),
        (
            replace(SHOP_TEAM, include_tags=(("Stage", ("*",)), *SHOP_TEAM.include_tags)),
            ("a.example.com",),
            {"Stage": "dev"},
            "its tag Team has no included value",
        ),
        (
            NOT_SHOP_TEAM,
            ("a.example.com",),
            {"Stage": "dev"},
            "its tag Stage has an excluded value",
        ),
    ],
)
def test_the_reason_names_the_condition_that_is_not_met(
    coverage: Coverage, names: tuple[str, ...], tags: dict[str, str], reason: str
) -> None:
    outside = certificate(names=names).with_tags(tuple(tags.items()))
    assert coverage.covers(outside) is False
    assert coverage.outside_reason(outside) == reason


def test_a_coverage_is_said_in_a_sentence() -> None:
    assert EVERYTHING.sentence == "All certificates are covered."
    whole = Coverage(
        include_domains=("shop.example.com", "example.org"),
        include_tags=(("Team", ("shop", "*")), ("Stage", ("",))),
        exclude_domains=("old.example.org",),
        exclude_tags=(("Owner", ("pay",)),),
    )
    assert whole.sentence == (
        "Certificates are covered if all names are equal to or below shop.example.com or "
        "example.org, and the tag Team is shop or set, and the tag Stage is empty, and no name is "
        "equal to or below old.example.org, and the tag Owner is not pay. Others are ignored."
    )
    reporting = replace(SHOP, others=Others.REPORT)
    assert reporting.sentence.endswith("Others are reported, and never acted on.")


# --- Properties -------------------------------------------------------------------------------

_labels = st.sampled_from(("a", "b", "example", "com"))
_domains = st.lists(_labels, min_size=1, max_size=3).map(".".join)
_names = st.tuples(st.sampled_from(("", "*.")), _domains).map("".join)
_values = st.sampled_from(("x", "y", "*"))
_filters = st.dictionaries(
    st.sampled_from(("Team", "Stage")), st.lists(_values, min_size=1, max_size=2).map(tuple)
).map(lambda found: tuple(found.items()))
_coverages = st.builds(
    Coverage,
    include_domains=st.lists(_domains, max_size=2).map(tuple),
    include_tags=_filters,
    exclude_domains=st.lists(_domains, max_size=2).map(tuple),
    exclude_tags=_filters,
)
_certificates = st.builds(
    lambda names: certificate(names=tuple(names)), st.lists(_names, min_size=1, max_size=3)
)
_tags = st.dictionaries(st.sampled_from(("Team", "Stage")), st.sampled_from(("x", "y")))


def _wider(given_filter: TagFilter, extra: str) -> TagFilter:
    return tuple((key, (*values, extra)) for key, values in given_filter)


@given(_coverages, _certificates, _tags, _domains, _values)
def test_a_wider_include_never_covers_less(
    coverage: Coverage, found: Certificate, tags: dict[str, str], domain: str, value: str
) -> None:
    domains = coverage.include_domains
    wider = [
        replace(coverage, include_domains=()),
        replace(coverage, include_domains=(*domains, domain) if domains else ()),
        replace(coverage, include_domains=tuple(name.rpartition(".")[2] for name in domains)),
        replace(coverage, include_tags=coverage.include_tags[1:]),
        replace(coverage, include_tags=_wider(coverage.include_tags, value)),
    ]
    if coverage.covers(found, tags):
        assert all(other.covers(found, tags) for other in wider)


@given(_coverages, _certificates, _tags)
def test_an_exclusion_wins_over_every_inclusion(
    coverage: Coverage, found: Certificate, tags: dict[str, str]
) -> None:
    excluding = Coverage(
        exclude_domains=coverage.exclude_domains, exclude_tags=coverage.exclude_tags
    )
    including = replace(coverage, exclude_domains=(), exclude_tags=())
    expected = excluding.covers(found, tags) and including.covers(found, tags)
    assert coverage.covers(found, tags) is expected


@given(_coverages, _certificates, _tags, st.booleans())
def test_an_answer_without_tags_or_with_some_of_the_names_stays_with_all_of_them(
    coverage: Coverage,
    found: Certificate,
    tags: dict[str, str],
    issued: bool,  # noqa: FBT001 - Hypothesis passes it by position
) -> None:
    final = coverage.covers(found, tags, issued_here=issued)
    partly = replace(found, names=found.names[:1], names_complete=len(found.names) == 1)
    assert final is not None
    for early in (
        coverage.covers(found, issued_here=None),
        coverage.covers(partly, tags, issued_here=None),
        coverage.covers(partly, issued_here=issued),
    ):
        assert early in (None, final)
