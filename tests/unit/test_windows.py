"""When ACM begins to renew, by type and lifetime (ACM user guide, "Managed renewal")."""

from __future__ import annotations

from datetime import timedelta

import pytest

from certificate_lifecycle.core.model import Certificate
from certificate_lifecycle.core.timing import renewal_window
from tests.unit.builders import SECOND, certificate, days, private


@pytest.mark.parametrize(
    ("seen", "window"),
    [
        (certificate(lives=days(198)), days(45)),
        (certificate(lives=days(300)), days(45)),
        (certificate(lives=days(300) + SECOND), days(60)),
        (certificate(lives=days(395)), days(60)),
        (certificate(lives=days(90)), days(30)),
        (certificate(not_before=None), days(45)),
        (private(lives=days(200)), days(60)),
        (private(lives=days(90)), days(30)),
        (private(not_before=None), days(60)),
    ],
)
def test_the_window_is_sixty_days_of_a_long_life_and_of_private_certificates(
    seen: Certificate, window: timedelta
) -> None:
    assert renewal_window(seen) == window
