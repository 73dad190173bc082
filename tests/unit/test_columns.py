"""Whoever reads the CSV document of a report by the place of a column finds it where it was."""

from __future__ import annotations

from certificate_lifecycle.core.report import documents
from tests.unit.builders import arn, imported, judged, run


def test_the_columns_stay_in_their_order_and_what_was_done_comes_last() -> None:
    found = next(each for each in documents(run(judged(imported()))) if each.suffix == "csv")
    head, row = found.text.removeprefix("\ufeff").splitlines()
    assert head.replace('"', "").split(",") == [
        *("severity", "verdict", "domain_name", "alternative_names", "account_id", "region"),
        *("not_after", "days_left", "reason", "message", "action", "in_use", "used_by", "type"),
        *("status", "certificate_arn", "done"),
    ]
    assert row.startswith('"ok","Healthy","shop.example.com","","123456789012","eu-west-1",')
    assert row.endswith(f'"ISSUED","{arn()}",""')
