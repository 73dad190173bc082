"""What lies at the edges of DER is read as it is meant."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID

from certificate_lifecycle.core.x509 import (
    Leaf,
    MalformedCertificateError,
    pem_blocks,
    read_certificate,
)
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


@pytest.mark.parametrize(
    ("usages", "names"),
    [
        (["digital_signature"], {"DIGITAL_SIGNATURE"}),
        (["content_commitment"], {"NON_REPUDIATION"}),
        (["key_encipherment"], {"KEY_ENCIPHERMENT"}),
        (["data_encipherment"], {"DATA_ENCIPHERMENT"}),
        (["key_agreement"], {"KEY_AGREEMENT"}),
        (["key_cert_sign"], {"CERTIFICATE_SIGNING"}),
        (["crl_sign"], {"CRL_SIGNING"}),
        (["key_agreement", "encipher_only"], {"KEY_AGREEMENT", "ENCIPHER_ONLY"}),
        (["key_agreement", "decipher_only"], {"KEY_AGREEMENT", "DECIPHER_ONLY"}),
    ],
)
def test_each_usage_has_its_own_bit(usages: list[str], names: set[str]) -> None:
    assert set(read(usages=usages).key_usages or ()) == names


def test_nothing_may_stand_behind_the_signature() -> None:
    key = authority.private_key("EC_prime256v1", 1).public_key()
    text = authority.document(key, ["a.example"], not_before=NOW, not_after=NOW + days(9))
    (block,) = pem_blocks(text)
    assert block.der[:2] == b"\x30\x82"
    inner = block.der[4:] + b"\x05\x00"
    with pytest.raises(MalformedCertificateError, match="behind its end"):
        read_certificate(b"\x30\x82" + len(inner).to_bytes(2, "big") + inner)
