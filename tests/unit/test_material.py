"""What is imported shows neither itself nor, in what others say about it, its key."""

from __future__ import annotations

from certificate_lifecycle.core.hidden import Hidden
from certificate_lifecycle.core.sources import Material, open_secret
from tests.support import authority
from tests.unit.builders import NOW, days

KEY = b"-----BEGIN PRIVATE KEY-----\nABCDEFGH\nIJKLMNO\n-----END PRIVATE KEY-----\n"
MATERIAL = Material(b"certificate", KEY, b"")


def test_lines_of_the_key_are_left_out_of_what_others_say() -> None:
    said = "cannot read ABCDEFGH in -----BEGIN PRIVATE KEY----- of IJKLMNO"
    assert MATERIAL.without_key(said) == (
        "cannot read ... in -----BEGIN PRIVATE KEY----- of IJKLMNO"
    )


def test_material_does_not_show_what_it_is() -> None:
    assert repr(MATERIAL) == "<certificate and private key>"


def test_certificates_of_a_chain_follow_each_other_without_anything_between_them() -> None:
    shop = authority.issue("shop.example.com", not_after=NOW + days(300))
    other = authority.issue("other.example.com", not_after=NOW + days(300))
    chain = f"{shop.chain}{other.certificate}"
    _, material = open_secret(Hidden(shop.secret(chain=chain)))
    assert material.chain.decode() == chain
