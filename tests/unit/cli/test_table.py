"""A table has one line for each certificate, within the width of a terminal."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from certificate_lifecycle.cli.table import (
    FINDING_COLUMNS,
    LIST_COLUMNS,
    Column,
    needed,
    print_table,
)
from certificate_lifecycle.model.certificate import CertificateStatus, CertificateType, Reason
from certificate_lifecycle.model.run import Assessment
from tests.unit.builders import (
    DISTRIBUTION,
    LOAD_BALANCER,
    NOW,
    arn,
    certificate,
    days,
    detail,
    imported,
    judged,
)

LONG = "a-very-long-service-name.of-a-very-long-team.internal.platform.example.com"


def entry(name: str = "shop.example.com", **changes: Any) -> Assessment:  # noqa: ANN401 - any field of a certificate
    return judged(imported(arn=arn(name), names=(name,), ends_in=days(5), **changes))


def printed(*entries: Assessment, width: int, columns: tuple[Column[Assessment], ...]) -> list[str]:
    out = Console(width=width)
    with out.capture() as captured:
        print_table(out, needed(columns, entries), entries, NOW, lambda _: "bold")
    return captured.get().splitlines()


@pytest.mark.parametrize("width", [40, 60, 80, 100, 200])
@pytest.mark.parametrize("columns", [FINDING_COLUMNS, LIST_COLUMNS])
def test_each_certificate_has_one_line_within_the_terminal(
    columns: tuple[Column[Assessment], ...], width: int
) -> None:
    wide = replace(entry(LONG), owner="\u652f\u6255\u3044" * 20)
    lines = printed(entry(), wide, width=width, columns=columns)
    assert len(lines) == 3
    assert max(map(cell_len, lines)) <= width


def test_a_finding_shows_severity_name_days_and_reason_within_80_columns() -> None:
    heading, line, _ = printed(entry(), entry(LONG), width=80, columns=FINDING_COLUMNS)
    assert heading.split() == ["SEVERITY", "CERTIFICATE", "DAYS", "VERDICT:REASON"]
    assert line.split() == ["critical", "shop.example.com", "5", "ImportDue:ImportedExpiring"]


def test_a_long_name_is_cut_in_the_middle_and_never_in_a_wide_output() -> None:
    _, line = printed(entry(LONG), width=60, columns=FINDING_COLUMNS)
    cut = line.split()[1]
    assert cut.startswith("a-very-")
    assert "..." in cut
    assert cut.endswith("ple.com")
    _, line = printed(entry(LONG), width=1_000, columns=FINDING_COLUMNS)
    assert LONG in line


def test_a_long_reason_loses_its_end_and_keeps_its_verdict() -> None:
    found = entry(LONG)
    decision = replace(found.decision, reason=Reason.SERVICE_LINKED_ROLE_MISSING)
    _, line = printed(replace(found, decision=decision), width=60, columns=FINDING_COLUMNS)
    assert line.split()[3] == "ImportDue:Servi..."


def test_a_wider_terminal_adds_owner_region_and_account() -> None:
    shown = replace(entry(), owner="payments")
    heading, line = printed(shown, width=120, columns=FINDING_COLUMNS)
    assert heading.split()[4:] == ["OWNER", "REGION", "ACCOUNT"]
    assert line.split()[4:] == ["payments", "eu-west-1", "123456789012"]


def test_a_muted_certificate_and_one_outside_the_scope_are_marked_at_every_width() -> None:
    marked = replace(entry(), muted_until=NOW.date(), outside_scope=True)
    heading, line, other = printed(marked, entry(), width=80, columns=FINDING_COLUMNS)
    assert heading.split()[-1] == "NOTE"
    assert line.endswith("muted, outside scope")
    assert other.endswith("-")


@pytest.mark.parametrize(
    ("made", "used", "owner"),
    [
        (
            imported(detail=detail(in_use_by=(DISTRIBUTION, LOAD_BALANCER, LOAD_BALANCER))),
            "2 load balancers, 1 distribution",
            "?",
        ),
        (imported(in_use=True, detail=detail(in_use_by=(), tags_read=True)), "yes", "-"),
        (imported(in_use=False, exported=True), "exported", "?"),
        (imported(in_use=False), "no", "?"),
        (certificate(type=CertificateType.SERVER_CERTIFICATE, in_use=True), "yes", "-"),
    ],
)
def test_the_list_counts_consumers_by_kind_and_marks_an_unknown_owner(
    made: Any,  # noqa: ANN401 - a certificate
    used: str,
    owner: str,
) -> None:
    heading, line = printed(judged(made), width=200, columns=LIST_COLUMNS)
    assert line[heading.index("USED BY") : heading.index("OWNER")].strip() == used
    assert line[heading.index("OWNER") :].split()[0] == owner


def test_names_are_counted_and_a_request_has_no_days() -> None:
    several = replace(entry().certificate, names=("shop.example.com", "www.example.com"))
    waiting = replace(several, status=CertificateStatus.PENDING_VALIDATION, not_after=None)
    lines = printed(judged(several), judged(waiting), width=80, columns=LIST_COLUMNS)
    assert [line.split()[:3] for line in lines[1:]] == [
        ["shop.example.com", "+1", "5"],
        ["shop.example.com", "+1", "-"],
    ]
    assert (
        "(no name)"
        in printed(judged(replace(several, names=())), width=80, columns=LIST_COLUMNS)[1]
    )


def test_control_characters_of_names_never_reach_the_terminal() -> None:
    hostile = replace(entry("a\x1b[2J\u202eb.example.com"), owner="[bold]team\x07\nnext")
    out = "".join(printed(hostile, width=200, columns=FINDING_COLUMNS))
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert "[bold]team next" in out
