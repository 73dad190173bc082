"""The words below a drawing say what it shows, to the second."""

from __future__ import annotations

from certificate_lifecycle.render.report.charts import timeline
from tests.unit.builders import SECOND, certificate, days, imported, judged, run


def test_what_ends_is_counted_in_the_span_that_it_ends_in() -> None:
    moments = [days(0), SECOND, days(7), days(7) + SECOND, days(30), days(30) + SECOND, days(90)]
    ends = [*moments, days(90) + SECOND, days(200), days(300)]
    found = run(*(judged(certificate(ends_in=end)) for end in ends), judged(imported(ends_in=None)))
    assert timeline(found).endswith(
        "<p>Expired: 1; within 7 days: 2; after 7 and within 30 days: 2; "
        "after 30 and within 90 days: 2; later: 3; expiry unknown: 1.</p></figure>"
    )


def test_the_timeline_begins_with_the_week_four_weeks_ago() -> None:
    assert "1 critical in the week from 2026-05-04" in timeline(
        run(judged(certificate(ends_in=-days(28))))
    )
    assert "in the week from" not in timeline(run(judged(certificate(ends_in=-days(28) - SECOND))))
