"""The tags of a certificate name its owner and contain its mute."""

from __future__ import annotations

import pytest

from certificate_lifecycle.model.tags import MUTE_TAG, mute_tag, owner
from tests.unit.builders import certificate, detail


@pytest.mark.parametrize("key", ["Owner", "owner", "OWNER"])
def test_an_owner_is_found_in_any_letter_case(key: str) -> None:
    found = certificate(detail=detail(tags=((key, " payments "),)))
    assert owner(found, "Owner") == "payments"


def test_an_empty_tag_names_nobody() -> None:
    assert owner(certificate(detail=detail(tags=(("Owner", " "), ("Team", "a")))), "Owner") is None
    assert owner(certificate(), "Owner") is None


def test_the_value_of_the_mute_tag_is_read_without_spaces_around_it() -> None:
    assert mute_tag(certificate(detail=detail(tags=((MUTE_TAG, " 2026-07-01 "),)))) == "2026-07-01"
    assert mute_tag(certificate(detail=detail(tags=((MUTE_TAG, ""),)))) == ""
    assert mute_tag(certificate()) is None
