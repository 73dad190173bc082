"""What lies at the edges of DER is read as it is meant."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID

from certificate_lifecycle.parsing.x509 import (
    MalformedCertificateError,
    NameConstraints,
    PemBlock,
    X509Certificate,
    pem_blocks,
    read_certificate,
    read_name_constraints,
    read_private_key,
)
from tests.harness import authority
from tests.unit.builders import NOW, days


def read(**details: Any) -> X509Certificate:  # noqa: ANN401 - whatever the authority takes
    key = authority.private_key("EC_prime256v1", 1).public_key()
    names = details.pop("names", ["shop.example.com"])
    period: dict[str, Any] = {"not_before": NOW, "not_after": NOW + days(90)}
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
    with pytest.raises(MalformedCertificateError, match="data after its end"):
        read_certificate(b"\x30\x82" + len(inner).to_bytes(2, "big") + inner)


def test_an_empty_name_is_none() -> None:
    assert read(names=["a.example.com", ""]).names == ("a.example.com",)


def element(tag: int, content: bytes) -> bytes:
    """Return an element with a length as DER wants it."""
    octets = len(content).to_bytes((len(content).bit_length() + 7) // 8 or 1, "big")
    short = len(content) < 0x80
    return bytes([tag]) + (b"" if short else bytes([0x80 + len(octets)])) + octets + content


def rsa_key(modulus: bytes) -> bytes:
    numbers = (element(0x02, number) for number in (b"\x00", modulus, b"\x03"))
    return element(0x30, b"".join(numbers))


@pytest.mark.parametrize("octets", [1, 127, 128, 255, 256, 257, 512, 65_536])
def test_an_element_of_any_length_is_read(octets: int) -> None:
    key = read_private_key(PemBlock("RSA PRIVATE KEY", rsa_key(b"\x7f" * octets)))
    assert key is not None
    assert key.algorithm == f"RSA_{8 * octets - 1}"


@pytest.mark.parametrize("header", ["30820009", "308109", "3083000009", "308400000009"])
def test_a_length_that_could_be_written_shorter_is_refused(header: str) -> None:
    whole = rsa_key(b"\x7f\x7f\x7f")
    assert len(whole[2:]) == 11
    longer = bytes.fromhex(header.replace("09", "0b")) + whole[2:]
    with pytest.raises(MalformedCertificateError, match="structure is broken"):
        read_private_key(PemBlock("RSA PRIVATE KEY", longer))


def test_a_length_with_a_leading_zero_is_refused_however_long_it_is() -> None:
    whole = rsa_key(b"\x7f" * 300)
    assert whole[:2] == b"\x30\x82"
    with pytest.raises(MalformedCertificateError, match="structure is broken"):
        read_private_key(PemBlock("RSA PRIVATE KEY", b"\x30\x83\x00" + whole[2:]))


@pytest.mark.parametrize(
    "number", [b"", b"\x00\x00", b"\x00\x01", b"\x00\x7f", b"\x80", b"\xff\x01"]
)
def test_a_number_is_minimal_and_not_negative(number: bytes) -> None:
    with pytest.raises(MalformedCertificateError, match="one of its numbers is malformed"):
        read_private_key(PemBlock("RSA PRIVATE KEY", rsa_key(number)))


@pytest.mark.parametrize(("number", "bits"), [(b"\x00", 0), (b"\x7f", 7), (b"\x00\x80", 8)])
def test_a_number_may_begin_with_a_zero_where_it_would_be_negative(
    number: bytes, bits: int
) -> None:
    key = read_private_key(PemBlock("RSA PRIVATE KEY", rsa_key(number)))
    assert key is not None
    assert key.algorithm == f"RSA_{bits}"


def ec_key(point: bytes) -> PemBlock:
    """Return a SEC 1 key (RFC 5915) whose public half is a BIT STRING with such contents."""
    curve = element(0xA0, bytes.fromhex("06082a8648ce3d030107"))
    parts = (
        element(0x02, b"\x01"),
        element(0x04, b"\xaa"),
        curve,
        element(0xA1, element(0x03, point)),
    )
    return PemBlock("EC PRIVATE KEY", element(0x30, b"".join(parts)))


@pytest.mark.parametrize("point", [b"", b"\x01", b"\x07", b"\x08\xaa", b"\xff\xaa"])
def test_bits_that_are_not_there_cannot_be_left_out(point: bytes) -> None:
    with pytest.raises(MalformedCertificateError, match="structure is broken"):
        read_private_key(ec_key(point))


@pytest.mark.parametrize("point", [b"\x00", b"\x00\xaa", b"\x07\x80"])
def test_up_to_seven_bits_of_the_last_octet_may_be_left_out(point: bytes) -> None:
    key = read_private_key(ec_key(point))
    assert key is not None
    assert key.numbers == point[1:]


def test_what_is_not_base64_is_not_skipped() -> None:
    with pytest.raises(MalformedCertificateError, match="base64"):
        pem_blocks("-----BEGIN CERTIFICATE-----\nAAAA!\n-----END CERTIFICATE-----\n")


def children(data: bytes) -> Iterator[tuple[int, bytes]]:
    while data:
        octets = data[1] - 0x80 if data[1] >= 0x80 else 0
        start = 2 + octets
        length = int.from_bytes(data[2:start], "big") if octets else data[1]
        yield data[0], data[start : start + length]
        data = data[start + length :]


def beginning(tag: int, text: bytes) -> bytes:
    """Return a certificate that begins at what such an element says."""
    key = authority.private_key("EC_prime256v1", 1).public_key()
    text_of_it = authority.document(key, ["a.b"], not_before=NOW, not_after=NOW + days(9))
    (block,) = pem_blocks(text_of_it)
    ((_, whole),) = children(block.der)
    (_, body), *rest = children(whole)
    parts = list(children(body))
    parts[4] = (0x30, element(tag, text) + element(0x17, b"491231235959Z"))
    inner = element(0x30, b"".join(element(*part) for part in parts))
    return element(0x30, inner + b"".join(element(*part) for part in rest))


@pytest.mark.parametrize(
    ("tag", "text", "year"),
    [
        (0x17, b"500101000000Z", 1950),
        (0x17, b"491231235959Z", 2049),
        (0x18, b"20500101000000Z", 2050),
    ],
)
def test_two_digits_of_a_year_stand_for_1950_to_2049(tag: int, text: bytes, year: int) -> None:
    """RFC 5280 section 4.1.2.5.1."""
    assert read_certificate(beginning(tag, text)).not_before.year == year


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        (0x17, b"2605010000Z"),
        (0x17, b"260501000000"),
        (0x17, b"20260501000000Z"),
        (0x18, b"202605010000Z"),
        (0x18, b"260501000000Z"),
        (0x04, b"260501000000Z"),
        (0x04, b"20260501000000Z"),
        (0x17, b"x60501000000Z"),
        (0x17, b""),
    ],
)
def test_a_time_is_written_to_the_second_and_in_utc(tag: int, text: bytes) -> None:
    with pytest.raises(MalformedCertificateError, match="one of its times is malformed"):
        read_certificate(beginning(tag, text))


def test_addresses_are_read_and_have_four_or_sixteen_octets() -> None:
    listed = [x509.IPAddress(ip_address(text)) for text in ("192.0.2.1", "2001:db8::1")]
    key = authority.private_key("EC_prime256v1", 1)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(authority.ISSUER)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW)
        .not_valid_after(NOW + days(9))
        .add_extension(x509.SubjectAlternativeName(listed), critical=False)
    )
    der = builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
    assert read_certificate(der).addresses == ("192.0.2.1", "2001:db8::1")
    assert read().addresses == ()
    short = der.replace(bytes.fromhex("8704c0000201"), bytes.fromhex("8703c00002") + b"\x05", 1)
    with pytest.raises(MalformedCertificateError):
        read_certificate(short)
    swapped = der.replace(bytes.fromhex("8704c0000201"), bytes.fromhex("8702c0008700"), 1)
    with pytest.raises(MalformedCertificateError, match="names is malformed"):
        read_certificate(swapped)


def test_only_names_of_the_dns_are_names() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    others = [x509.RFC822Name("a@example.com"), x509.UniformResourceIdentifier("https://b.test")]
    names = x509.SubjectAlternativeName([*others, x509.DNSName("c.example.com")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "CA")]))
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW)
        .not_valid_after(NOW + days(9))
        .add_extension(names, critical=False)
    )
    der = builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
    assert read_certificate(der).names == ("c.example.com",)


def constraints_of(extension: x509.ExtensionType) -> NameConstraints:
    key = authority.private_key("EC_prime256v1", 1).public_key()
    period: dict[str, Any] = {"not_before": NOW, "not_after": NOW + days(90)}
    (block,) = pem_blocks(authority.document(key, ["ca"], critical=[extension], **period))
    return read_name_constraints(block.der)


DNS_FORM = x509.DNSName("Corp.example")
OTHER_FORM = x509.DirectoryName(authority.named("corp"))


@pytest.mark.parametrize(
    ("permitted", "excluded", "expected"),
    [
        ([DNS_FORM, OTHER_FORM], None, NameConstraints(permitted=("corp.example",))),
        (None, [OTHER_FORM, DNS_FORM], NameConstraints(excluded=("corp.example",))),
        ([x509.DNSName("")], [OTHER_FORM], NameConstraints(permitted=("",))),
        (
            [DNS_FORM, x509.DNSName(".b")],
            [DNS_FORM],
            NameConstraints(permitted=("corp.example", ".b"), excluded=("corp.example",)),
        ),
    ],
    ids=["permitted", "excluded", "empty", "both"],
)
def test_constraints_on_dns_names_are_read_and_those_on_other_forms_left_out(
    permitted: list[x509.GeneralName] | None,
    excluded: list[x509.GeneralName] | None,
    expected: NameConstraints,
) -> None:
    assert constraints_of(x509.NameConstraints(permitted, excluded)) == expected


def test_a_ca_without_name_constraints_has_none() -> None:
    assert constraints_of(x509.BasicConstraints(ca=True, path_length=None)) == NameConstraints()


@pytest.mark.parametrize(
    "value",
    [
        "a0053003820161",  # without its sequence
        "3009a0073005820161800100",  # with a minimum
        "3007a0053003820161a100ff",  # with data after its end
        "3007a0053003820180",  # a name beyond ASCII
        "3005a003820161",  # a name without its subtree
    ],
)
def test_malformed_name_constraints_are_refused(value: str) -> None:
    oid = x509.ObjectIdentifier("2.5.29.30")
    with pytest.raises(MalformedCertificateError):
        constraints_of(x509.UnrecognizedExtension(oid, bytes.fromhex(value)))
