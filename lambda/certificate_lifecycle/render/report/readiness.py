"""The readiness of a run's certificates, as a part of the page of its report."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape

from certificate_lifecycle.model.run import Run
from certificate_lifecycle.model.sanitize import clean
from certificate_lifecycle.policy.readiness.case import Setup
from certificate_lifecycle.policy.readiness.outlook import (
    CertificateReadiness,
    Readiness,
    readiness,
)
from certificate_lifecycle.policy.readiness.simulation import Counts
from certificate_lifecycle.render.notification.wording import many

_MOST_CERTIFICATES = 200
_MILESTONES = {
    "now": "Today",
    "100_days": "At 100 days, from 2027-03-15",
    "47_days": "At 47 days, from 2029-03-15",
}


def readiness_of(run: Run) -> Readiness:
    """Return the readiness of the certificates of a run, by what the run knows of them."""
    setup = Setup(
        sources=run.import_sources,
        targets=run.export_targets,
        repairs=run.mode != "notify",
        not_listed=run.inventory_message,
    )
    return readiness(run.assessments, setup, run.started_at)


def readiness_markup(result: Readiness) -> str:
    """Return the content of the section, without its heading."""
    data = result.to_dict()
    count = data["renewed_certificates"]
    sentence = (
        f"By {result.at:%Y-%m-%d}: {many(count, 'certificate')} to renew, "
        f"{result.blocked_renewals:,} with blockers, {data['ready_certificates']:,} ready."
    )
    others = len(result.blocked) - result.blocked_renewals
    if others:
        sentence += f" Certificates with blockers that need no renewal: {others:,}."
    if result.unknown:
        sentence += (
            f" Certificates whose validation was not read: {result.unknown:,}; "
            "`certificates readiness` reads the validation."
        )
    acts = {_MILESTONES[name]: result.acts_a_year[name] for name in _MILESTONES}
    return "\n".join(
        [
            f"<p>{escape(sentence)}</p>",
            _table(
                "Acts of people",
                ("When", "Acts of people a year"),
                ((name, f"{math.ceil(number):,}") for name, number in acts.items()),
            ),
            _blockers(result) if result.blockers else "<p>No blockers.</p>",
            _certificates(result.blocked),
            _months(result.months),
        ]
    )


def _blockers(result: Readiness) -> str:
    found = [*result.instance, *(b for entry in result.blocked for b in entry.blockers)]
    rows = []
    for kind, count in result.blockers.items():
        every = [blocker for blocker in found if blocker.rule.kind is kind]
        first = min(blocker.since for blocker in every)
        since = f"{first:%Y-%m-%d}" if first > result.now else "now"
        rule = every[0].rule
        remedy = rule.remedy.replace("{arn}", "ARN")
        cells = (kind.value, f"{count:,}", kind.meaning, since, rule.party.meaning, remedy)
        rows.append(cells)
    heads = ("Blocker", "Certificates", "Meaning", "First", "Who", "Remedy")
    return _table("Blockers", heads, rows)


def _certificates(blocked: Sequence[CertificateReadiness]) -> str:
    if not blocked:
        return ""
    rows = (_certificate(entry) for entry in blocked[:_MOST_CERTIFICATES])
    heads = ("Certificate", "Ends without a person", "Acts at each renewal", "Blockers")
    table = _table("Certificates with blockers", heads, rows)
    hidden = len(blocked) - _MOST_CERTIFICATES
    more = f"<p>And {hidden:,} more; `certificates readiness` lists all.</p>" if hidden > 0 else ""
    return f"<details><summary>Certificates with blockers</summary>{table}{more}</details>"


def _certificate(entry: CertificateReadiness) -> tuple[str, ...]:
    certificate = entry.case.certificate
    return (
        clean(certificate.domain_name or certificate.arn, 300),
        f"{entry.ends_at:%Y-%m-%d}" if entry.ends_at else "",
        ", ".join(act.value for act in entry.case.acts),
        ", ".join(blocker.rule.kind.value for blocker in entry.blockers),
    )


def _months(months: Mapping[str, Counts]) -> str:
    rows = (
        (month, *(f"{number:,}" for number in counts.to_dict().values()))
        for month, counts in months.items()
    )
    heads = ("Month", "Renewals", "Imports", "Acts of people", "Ends in use")
    table = _table("The next three years", heads, rows)
    return f"<details><summary>The next three years by month</summary>{table}</details>"


def _row(first: str, cells: Iterable[str]) -> str:
    others = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
    return f'<tr><th scope="row">{escape(first)}</th>{others}</tr>'


def _table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in heads)
    body = "".join(_row(first, cells) for first, *cells in rows)
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(caption)}">'
        f"<table><caption>{escape(caption)}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )
