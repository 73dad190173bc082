"""Filters select certificates: different ones by AND, repeated ones by OR."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from certificate_lifecycle.cli.filtering import only
from certificate_lifecycle.cli.filters import Filters, no_match
from certificate_lifecycle.cli.planning import plan_of
from certificate_lifecycle.model.certificate import Action, Certificate, Verdict
from certificate_lifecycle.model.errors import ConfigurationError
from certificate_lifecycle.model.run import ActionRecord, Assessment, Outcome
from tests.unit.builders import arn, certificate, days, detail, imported, judged, run

PAYMENTS = (("Owner", "Payments"), ("Stage", "prod"))


def entry(made: Certificate, owner: str | None = None) -> Assessment:
    return replace(judged(made), owner=owner)


def tagged(**changes: Any) -> Certificate:  # noqa: ANN401 - any field of a certificate
    return imported(ends_in=days(5), detail=detail(tags=PAYMENTS, tags_read=True), **changes)


DUE = entry(tagged(arn=arn("due"), names=("pay.example.com", "www.example.com")), "Payments")
FINE = entry(imported(arn=arn("fine"), names=("shop.example.org",), ends_in=days(300)))


@pytest.mark.parametrize(
    ("given", "matches"),
    [
        ({}, True),
        ({"severities": ["CRITICAL"]}, True),
        ({"severities": ["info", "warning"]}, False),
        ({"severities": ["info", "critical"]}, True),
        ({"verdicts": ["importdue"]}, True),
        ({"verdicts": ["Healthy"]}, False),
        ({"owners": ["payments "]}, True),
        ({"owners": ["shop", "payments"]}, True),
        ({"owners": ["pay"]}, False),
        ({"tags": ["Stage=prod"]}, True),
        ({"tags": ["Stage=*"]}, True),
        ({"tags": ["stage=prod"]}, False),
        ({"tags": ["Stage=dev", "Owner=*"]}, True),
        ({"tags": ["Stage="]}, False),
        ({"names": ["*.EXAMPLE.com"]}, True),
        ({"names": ["www.*"]}, True),
        ({"names": ["example.com"]}, False),
        ({"names": ["pay.example.com."], "severities": ["critical"]}, True),
        ({"names": ["pay.example.com"], "severities": ["warning"]}, False),
        ({"owners": ["payments"], "tags": ["Stage=dev"]}, False),
    ],
)
def test_a_certificate_must_match_each_filter_by_one_of_its_values(
    given: dict[str, list[str]], *, matches: bool
) -> None:
    assert Filters.parse(**given).match(DUE) is matches


@pytest.mark.parametrize("given", [{"owners": ["payments"]}, {"tags": ["Stage=prod"]}])
def test_a_certificate_with_unread_tags_neither_matches_nor_differs(
    given: dict[str, list[str]],
) -> None:
    unread = replace(DUE, certificate=imported(detail=detail()))
    assert Filters.parse(**given).match(unread) is None
    assert Filters.parse(**given, verdicts=["Revoked"]).match(unread) is False


def test_a_certificate_whose_listed_names_are_not_all_may_match_by_another() -> None:
    many = judged(certificate(names=("a.example.com",), names_complete=False))
    assert Filters.parse(names=["b.*"]).match(many) is None
    assert Filters.parse(names=["a.*"]).match(many) is True


def test_all_wrong_values_are_one_error_with_suggestions() -> None:
    with pytest.raises(ConfigurationError) as caught:
        Filters.parse(
            severities=["hihg"], verdicts=["renewlblocked"], tags=["x"], owners=[" "], names=[""]
        )
    assert caught.value.errors == (
        "--severity 'hihg' is unknown; one of critical, warning, info, ok",
        "--verdict 'renewlblocked' is unknown; did you mean RenewalBlocked?",
        "--tag must be KEY=VALUE, got 'x'",
        "--owner must not be empty",
        "--name must not be empty",
    )


def test_no_match_names_the_number_of_certificates_and_their_owners() -> None:
    by_owner = Filters.parse(owners=["nobody"])
    assert no_match(by_owner, [DUE, FINE]) == (
        "No certificate matches the filters; without them, there are 2 certificates. "
        "Owners: Payments."
    )
    assert no_match(by_owner, [FINE]) == (
        "No certificate matches the filters; without them, there is 1 certificate. "
        "None has an owner."
    )
    assert "wner" not in no_match(Filters.parse(owners=["payments"]), [DUE])


def test_the_selected_run_counts_and_acts_on_its_certificates_only() -> None:
    records = [
        ActionRecord(each.certificate.arn, Action.REIMPORT, Outcome.PLANNED, "")
        for each in (DUE, FINE)
    ]
    selected = only(run(DUE, FINE, actions=records), [DUE])
    assert selected.certificates == 1
    assert selected.counts == {Verdict.IMPORT_DUE.value: 1}
    assert [record.certificate_arn for record in selected.actions] == [DUE.certificate.arn]
    assert not selected.full_scan


def test_a_filter_never_leads_a_name_to_another_certificate() -> None:
    """Without the critical certificate of the name, its wildcard would be the best match."""
    wild = entry(imported(arn=arn("wild"), names=("*.example.com",), ends_in=days(20)))
    records = [
        ActionRecord(each.certificate.arn, Action.REIMPORT, Outcome.PLANNED, "")
        for each in (DUE, wild)
    ]
    whole = run(DUE, wild, actions=records)
    warnings = Filters.parse(severities=["warning"])
    shown = only(whole, [each for each in whole.assessments if warnings.match(each)])
    assert plan_of(whole, [], shown).certificate_arns == (wild.certificate.arn,)
    assert plan_of(whole, ["pay.example.com"], shown).certificate_arns == ()
