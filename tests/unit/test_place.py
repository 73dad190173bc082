"""An ARN says where it belongs."""

from __future__ import annotations

import pytest

from certificate_lifecycle.core.place import Place
from tests.unit.builders import AUTHORITY, PLACE, arn


@pytest.mark.parametrize(
    ("named", "held"),
    [
        (arn(), True),
        (AUTHORITY, True),
        ("arn:aws:iam::123456789012:server-certificate/old", True),
        (arn(region="us-east-1"), False),
        (arn().replace("123456789012", "222222222222"), False),
        ("arn:aws:iam::222222222222:server-certificate/old", False),
    ],
)
def test_a_place_holds_what_is_of_its_account_and_region_or_of_a_service_without_regions(
    named: str,
    held: bool,  # noqa: FBT001
) -> None:
    assert PLACE.holds(named) is held


def test_a_regional_arn_tells_its_place() -> None:
    assert Place.from_arn(arn()) == PLACE
