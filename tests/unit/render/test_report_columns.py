"""Whoever reads the CSV document of a report by the place of a column finds it where it was."""

from __future__ import annotations

from certificate_lifecycle.model.problem_key import problem_key
from certificate_lifecycle.render.report.documents import rows
from tests.unit.builders import arn, imported, judged, run


def test_the_columns_stay_in_their_order_and_what_was_done_comes_last() -> None:
    found = rows(run(judged(imported())))
    head, row = found.removeprefix("\ufeff").splitlines()
    assert head.replace('"', "").split(",") == [
        *("severity", "verdict", "domain_name", "alternative_names", "account_id", "region"),
        *("owner", "not_after", "days_left", "message", "reason", "action", "used_by"),
        *("probe_results", "muted_until", "type", "status", "in_use", "in_use_by"),
        *("certificate_arn", "owner_kind", "permitted_mode", "outside_scope"),
        *("problem_key", "done"),
    ]
    assert row.startswith('"ok","Healthy","shop.example.com","","123456789012","eu-west-1",')
    assert row.endswith(f'"ISSUED","yes","","{arn()}","","","no","{problem_key(arn())}",""')


def test_a_capital_letter_begins_no_formula() -> None:
    found = rows(run(judged(imported(names=("X.example.com",)))))
    assert '"X.example.com"' in found


def test_a_cell_is_cut_where_a_spreadsheet_would_cut_it_itself() -> None:
    """Excel takes 32,767 characters; some are kept back for what quoting adds."""
    many = judged(imported(names=("a.example.com", *["x" * 250] * 200)))
    found = rows(run(many))
    cells = found.splitlines()[1].split('","')
    assert len(cells[3]) == 32_000


def test_a_row_says_no_and_nothing_and_keeps_quotes_and_formulas_apart() -> None:
    odd = judged(imported(in_use=False, ends_in=None, names=('=cmd "x"',)))
    assert rows(run(odd)).split("\r\n")[1] == (
        '"info","Unknown","\'=cmd ""x""","","123456789012","eu-west-1","","","",'
        '"It is issued, but ACM does not report its expiry date.","ValidityUnknown",'
        '"Investigate","","",'
        f'"","IMPORTED","ISSUED","no","","{arn()}","","","no","{problem_key(arn())}",""'
    )
