"""Each field of a finding is in every output, or is listed as left out of it with a reason."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from typing import Any

import pytest
from rich.console import Console

from certificate_lifecycle.cli.output import print_finding
from certificate_lifecycle.model.certificate import Action, CertificateType
from certificate_lifecycle.model.ownership import CertificateMode, OwnerKind
from certificate_lifecycle.model.run import (
    FINDING_FIELDS,
    LEFT_OUT,
    Assessment,
    ChangeKind,
    FindingChange,
    FindingField,
    Output,
    Run,
    report_entry,
    shown_in,
)
from certificate_lifecycle.model.scope import Scope
from certificate_lifecycle.policy.facts import EXPIRES
from certificate_lifecycle.policy.thresholds import Thresholds
from certificate_lifecycle.render.asff import Source, updates
from certificate_lifecycle.render.eventbridge import announcements
from certificate_lifecycle.render.notification.message import compose
from certificate_lifecycle.render.report.documents import documents
from tests.unit.assets import ASSETS
from tests.unit.builders import (
    NOW,
    arn,
    certificate,
    days,
    detail,
    imported,
    judged,
    observation,
    run,
)

#: A finding in which every field has a value of its own.
ARN = arn("5f1a4c3f")
USER = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/till/1/2"
FINDING = replace(
    judged(
        imported(
            arn=ARN,
            names=("shop.example.com", "www.example.org"),
            ends_in=days(5.5),
            detail=detail(in_use_by=(USER,)),
        )
    ),
    used_by=("listener 443 of till",),
    owner="payments",
    owner_kind=OwnerKind.DECLARED,
    permitted_mode=CertificateMode.OFF,
    probe_results=("shop.example.com (203.0.113.7) serves another certificate",),
    outside_scope=True,
)
MUTED = replace(FINDING, muted_until=date(2026, 6, 30))
#: A message does not tell of what is muted; it lists that.
WHOLE = run(FINDING, MUTED, changes=(FindingChange(ARN, ChangeKind.NEW),))


class _Text(HTMLParser):
    """The text of markup."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def document(found: Run, suffix: str) -> str:
    return next(entry.text for entry in documents(found, ASSETS) if entry.suffix == suffix)


def page_text(found: Run) -> str:
    """Return what the page shows, without its style, its script and the data of that."""
    reader = _Text()
    reader.feed(document(found, "html").partition("<body>")[2].partition("<script")[0])
    return " ".join(reader.texts)


def mail(found: Run) -> str:
    message = compose(found)
    assert message is not None
    return message.bodies["email"]


def table(entry: Assessment) -> str:
    """Return a finding as the command line prints it, on one line."""
    out = Console(width=10_000)
    with out.capture() as captured:
        print_finding(out, entry, run(entry))
    return " ".join(captured.get().split())


#: How people read a value: as it is, unless it stands here.
WRITTEN: Mapping[str, Callable[[Any], str]] = {
    "action": lambda value: Action.of(value).meaning,
    "in_use": lambda value: "yes" if value else "no",
    "not_after": lambda value: str(value)[:10],
    "type": lambda value: str(value).replace("_", " ").lower(),
    "status": lambda value: str(value).replace("_", " ").lower(),
    "outside_scope": lambda value: "outside the scope" if value else "",
}


def written(field: FindingField) -> str:
    """Return the value of a field as people read it."""
    value = field.value(MUTED, NOW)
    value = value[0] if field.many else value
    return WRITTEN.get(field.name, str)(value).lower()


def ids(field: FindingField) -> str:
    return field.name


def test_names_are_unique_and_every_field_of_the_sample_has_a_value() -> None:
    names = [field.name for field in FINDING_FIELDS]
    assert len(names) == len(set(names))
    assert all(field.value(MUTED, NOW) not in (None, "", []) for field in FINDING_FIELDS)


@pytest.mark.parametrize("field", FINDING_FIELDS, ids=ids)
def test_what_is_left_out_has_a_reason(field: FindingField) -> None:
    assert all(reason.strip() for reason in field.left_out.values())
    assert field.left_out.keys().isdisjoint({Output.JSON, Output.CSV, Output.EVENTS})


def test_only_fields_are_left_out() -> None:
    assert set().union(*LEFT_OUT.values()) <= {field.name for field in FINDING_FIELDS}


def test_the_data_has_every_field() -> None:
    names = {field.name for field in shown_in(Output.JSON)}
    (found, _) = report_entry(WHOLE)["findings"]
    assert set(found) == names
    assert set(json.loads(document(WHOLE, "json"))["findings"][0]) == names


def test_an_event_has_every_field() -> None:
    sent = json.loads(announcements(WHOLE)[0].detail)["finding"]
    assert set(sent) == {field.name for field in shown_in(Output.EVENTS)}


def test_the_rows_have_a_column_for_every_field() -> None:
    text = document(run(MUTED), "csv").removeprefix("\ufeff")
    (row,) = csv.DictReader(text.splitlines())
    names = [field.name for field in shown_in(Output.CSV)]
    assert list(row) == [*names, "done"]
    assert all(row[name] for name in names)


@pytest.mark.parametrize("field", shown_in(Output.TABLE), ids=ids)
def test_the_wide_table_shows_a_field(field: FindingField) -> None:
    value = field.value(MUTED, NOW)
    text = ", ".join(value) if field.many else str(value)
    shown = {"True": "yes", "False": "no"}.get(text, text)
    first = {
        "severity": f"{shown} shop.example.com",
        "verdict": f"{shown}:",
        "reason": f":{shown}",
        "domain_name": f"critical {shown}",
        "days_left": f"{shown} days left",
        "message": shown,
    }
    own_line = field.many or field.name == "certificate_arn"
    named = f"{field.heading}: {shown}" if own_line else f"{field.heading.lower()} {shown}"
    assert first.get(field.name, named) in table(MUTED)


@pytest.mark.parametrize("field", shown_in(Output.PAGE), ids=ids)
def test_the_page_shows_a_field(field: FindingField) -> None:
    text = page_text(WHOLE).lower()
    assert written(field) in text
    # A number and yes would be there by chance.
    if field.name in ("days_left", "in_use"):
        assert {"days_left": "in 5 days", "in_use": "used"}[field.name] in text


@pytest.mark.parametrize("field", shown_in(Output.MAIL), ids=ids)
def test_the_mail_shows_a_field(field: FindingField) -> None:
    assert written(field) in " ".join(mail(WHOLE).replace("| ", "").split()).lower()


@pytest.mark.parametrize("field", shown_in(Output.SECURITY_HUB), ids=ids)
def test_a_finding_of_security_hub_shows_a_field(field: FindingField) -> None:
    issued = replace(FINDING.certificate, type=CertificateType.IMPORTED)
    muted = replace(MUTED, certificate=issued)
    (sent,) = updates(run(muted), Source(Scope("123456789012", "eu-west-1"), "ours"), ())
    value = field.value(muted, NOW)
    text = str(value[0] if field.many else value)
    shown = {"not_after": text[:10], "severity": f"'Original': '{text}'"}.get(field.name, text)
    assert shown in str(sent)


def test_users_without_a_name_are_shown_on_the_page_by_their_arn() -> None:
    assert USER in page_text(run(replace(FINDING, used_by=())))


@pytest.mark.parametrize(("ends_in", "left"), [(5.5, 5), (0.5, 0), (-0.5, -1), (-6.5, -7)])
def test_every_output_counts_the_same_days(ends_in: float, left: int) -> None:
    entry = judged(imported(arn=ARN, ends_in=days(ends_in), detail=detail()))
    found = run(entry)
    assert report_entry(found)["findings"][0]["days_left"] == left
    count = "1 day" if abs(left) == 1 else f"{abs(left)} days"
    counted = f"expired {count} ago" if left < 0 else f"{count} left"
    assert table(entry).startswith(f"critical shop.example.com {counted} ")
    if left < 0:
        said, shown = f"expired {count} ago, on", f"expired {count} ago"
    else:
        said = f"expires in {count if left else 'less than a day'}, on"
        shown = f"in {count}" if left else "within a day"
    assert said in entry.decision.message
    assert shown in page_text(found)
    assert said.removesuffix(", on") in mail(found)


@pytest.mark.parametrize(("ends_in", "text"), [(5.9, "in 5 days"), (-6.5, "7 days ago")])
def test_the_facts_of_a_check_count_the_same_days(ends_in: float, text: str) -> None:
    observed = observation(certificate(ends_in=days(ends_in)))
    assert EXPIRES.text(observed, Thresholds(), NOW) == text
