"""The tags of certificates are also used by policies, users and earlier versions."""

from __future__ import annotations

from pathlib import Path

import pytest

from certificate_lifecycle.model.tags import MUTE_TAG
from certificate_lifecycle.policy.succession import REPLACED_BY_TAG, REPLACES_TAG

ACCESS = Path(__file__).parents[2] / "modules" / "certificate-access" / "main.tf"


@pytest.mark.parametrize(
    ("tag", "name"),
    [
        (REPLACES_TAG, "certificate-lifecycle:replaces"),
        (REPLACED_BY_TAG, "certificate-lifecycle:replaced-by"),
        (MUTE_TAG, "certificate-lifecycle:mute-until"),
    ],
)
def test_a_tag_keeps_the_name_that_certificates_bear_already(tag: str, name: str) -> None:
    assert tag == name


@pytest.mark.parametrize(
    "condition",
    [
        f'"aws:RequestTag/{REPLACES_TAG}" = "false"',
        f'"aws:TagKeys" = ["{REPLACED_BY_TAG}"]',
        f'"aws:ResourceTag/{REPLACED_BY_TAG}" = "false"',
    ],
)
def test_the_policy_of_the_role_asks_for_the_tags_that_are_given(condition: str) -> None:
    assert condition in ACCESS.read_text(encoding="utf-8")
