"""When ACM begins to renew, by type and lifetime (ACM user guide, "Managed renewal")."""

from __future__ import annotations

from datetime import timedelta

import pytest

from certificate_lifecycle.model.certificate import Certificate
from certificate_lifecycle.policy.thresholds import Thresholds, lacks_future, renewal_window
from tests.unit.builders import NOW, SECOND, certificate, days, imported, private


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


def test_what_acm_renews_has_a_future_for_as_long_as_acm_may_still_be_busy() -> None:
    """Of 90 days ACM has the last 30 to renew in, and is late from 20 on; 29.7 are a third."""
    assert not lacks_future(certificate(lives=days(90), ends_in=days(25)), Thresholds(), NOW)
    assert lacks_future(certificate(lives=days(90), ends_in=days(20)), Thresholds(), NOW)
    assert lacks_future(imported(lives=days(90), ends_in=days(25)), Thresholds(), NOW)
