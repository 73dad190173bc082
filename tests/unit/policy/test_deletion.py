"""Which certificate may be deleted when Terraform no longer declares it."""

from __future__ import annotations

import pytest

from certificate_lifecycle.model.certificate import Certificate
from certificate_lifecycle.model.pointers import PARAMETER_TAG
from certificate_lifecycle.policy.deletion import (
    DeletionOutcome,
    belongs_to_another,
    blocked_reason,
)
from tests.unit.builders import certificate, imported, private

TAGS = (("ManagedBy", "team"),)
OURS = certificate(names=("shop.example.com",)).with_tags(TAGS)


def test_a_certificate_that_the_instance_issued_may_be_deleted() -> None:
    assert blocked_reason(OURS, "team", ["example.com"]) is None
    of_a_ca = private(names=("shop.example.com",), exportable=True).with_tags(TAGS)
    assert blocked_reason(of_a_ca, "team", ["example.com"]) is None


@pytest.mark.parametrize(
    ("kept", "allowed", "reason"),
    [
        (imported(names=OURS.names).with_tags(TAGS), ["example.com"], "it was imported"),
        (
            certificate(managed_by="CLOUDFRONT").with_tags(TAGS),
            ["example.com"],
            "CLOUDFRONT manages it",
        ),
        (certificate(names=OURS.names), ["example.com"], "team did not issue it"),
        (OURS.with_tags((("ManagedBy", "other"),)), ["example.com"], "team did not issue it"),
        (OURS, ["example.org"], "team did not issue it"),
        (OURS, [], "team did not issue it"),
        (
            certificate(names=OURS.names, exported=True).with_tags(TAGS),
            ["example.com"],
            "it was exported",
        ),
    ],
    ids=["imported", "managed", "tags unread", "another team's", "names", "nothing", "exported"],
)
def test_any_other_certificate_is_kept(kept: Certificate, allowed: list[str], reason: str) -> None:
    assert (blocked_reason(kept, "team", allowed) or "").startswith(reason)


def test_a_certificate_belongs_to_the_parameters_in_its_tag_and_with_its_arn() -> None:
    main, shop = "/team/certificates/main/arn", "/team/certificates/shop/arn"
    pointers = {main: OURS.arn, shop: "pending"}
    assert not belongs_to_another(OURS, main, pointers)
    tagged = OURS.with_tags((*TAGS, (PARAMETER_TAG, shop)))
    assert belongs_to_another(tagged, main, pointers)
    assert not belongs_to_another(tagged, shop, {shop: OURS.arn})
    for issued in (OURS, tagged):
        assert belongs_to_another(issued, shop, {main: OURS.arn, shop: OURS.arn})


def test_outcomes_are_words_with_a_meaning() -> None:
    for outcome in DeletionOutcome:
        assert outcome.value.lower() == outcome.name.replace("_", "").lower()
        assert outcome.meaning.endswith(".")
