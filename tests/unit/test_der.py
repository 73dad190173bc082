"""What lies at the edges of DER is read as it is meant."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID

from certificate_lifecycle.core.x509 import Leaf, pem_blocks, read_certificate
from tests.support import authority
from tests.unit.builders import NOW, days


def read(**details: Any) -> Leaf:  # noqa: ANN401 - whatever the authority takes
    key = authority.private_key("EC_prime256v1", 1).public_key()
    names = details.pop("names", ["shop.example.com"])
    period = {"not_before": NOW, "not_after": NOW + days(90)}
    (block,) = pem_blocks(authority.document(key, names, **period, **details))
    return read_certificate(block.der)


@pytest.mark.parametrize("serial", [1, 0x7E, 0x7F, 0x80, 0xFF, 0x7F00, 0x8000, 2**158])
def test_a_serial_number_is_read_whatever_its_first_bits_are(serial: int) -> None:
    assert read(serial=serial).serial == serial


@pytest.mark.parametrize("kind", ["UTF8String", "PrintableString", "T61String", "BMPString"])
def test_a_common_name_is_read_in_every_type_of_text(kind: str) -> None:
    attribute = x509.NameAttribute(NameOID.COMMON_NAME, "shop", _ASN1Type[kind])
    assert read(subject=x509.Name([attribute]), names=["a.example.com"]).names[0] == "shop"


@pytest.mark.parametrize("count", [1, 3, 6, 12, 2000])
def test_names_of_any_length_together_are_read(count: int) -> None:
    names = tuple(f"n{number}.example.com" for number in range(count))
    assert read(names=names).names == names
