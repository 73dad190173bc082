"""The list of known differences from AWS is complete sentences, each with its reason."""

from __future__ import annotations

from tests.embedded_aws.gaps import GAPS


def test_every_gap_says_what_differs_and_why_it_stays() -> None:
    assert all(gap.service and gap.differs.endswith(".") for gap in GAPS)
    assert all(gap.because.endswith(".") for gap in GAPS)
    assert len({gap.differs for gap in GAPS}) == len(GAPS)
