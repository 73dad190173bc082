"""Reading certificates and keys: what other software writes is understood, all else is refused.

The certificates are made with the `cryptography` package, which the functions do not have.
"""

from __future__ import annotations

import base64
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from certificate_lifecycle.parsing.x509 import (
    MalformedCertificateError,
    PemBlock,
    X509Certificate,
    pem_blocks,
    read_certificate,
    read_link,
    read_private_key,
)
from tests.harness import authority
from tests.harness.authority import CLIENT, SERVER

EC_KEY = authority.private_key("EC_prime256v1", 1)
RSA_KEY = authority.private_key("RSA_2048", 1)
BEGIN, END = datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 12, 1, 23, 59, 59, tzinfo=UTC)


def written(
    *names: str,
    public_key: Any = None,  # noqa: ANN401 - any public key
    **details: Any,  # noqa: ANN401 - whatever the authority takes
) -> str:
    period = {"not_before": BEGIN, "not_after": END}
    key = public_key or EC_KEY.public_key()
    return authority.document(key, names or ["shop.example.com"], **{**period, **details})


def read(text: str) -> X509Certificate:
    (block,) = pem_blocks(text)
    return read_certificate(block.der)


def subject(**names: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(getattr(NameOID, k), v) for k, v in names.items()])


# --- Certificates -----------------------------------------------------------------------------


def test_a_certificate_says_who_when_and_what_for() -> None:
    leaf = read(written("shop.example.com", "*.shop.example.com", serial=0xABCDEF))
    assert (leaf.serial, leaf.not_before, leaf.not_after) == (0xABCDEF, BEGIN, END)
    assert leaf.names == ("shop.example.com", "*.shop.example.com")
    assert set(leaf.key_usages or ()) == {"DIGITAL_SIGNATURE", "KEY_ENCIPHERMENT"}
    assert set(leaf.extended_key_usages or ()) == {"TLS_WEB_SERVER_AUTHENTICATION"}


@pytest.mark.parametrize("curve", authority.CURVES)
def test_each_curve_that_acm_takes_is_named_as_acm_names_it(curve: str) -> None:
    key = authority.private_key(curve, 1)
    assert read(written(public_key=key.public_key())).key.algorithm == curve


@pytest.mark.parametrize("bits", [1024, 2048, 3072, 4096])
def test_an_rsa_key_is_named_by_its_size(bits: int) -> None:
    leaf = read(written(public_key=authority.public_numbers(bits)))
    assert leaf.key.algorithm == f"RSA_{bits}"


def test_two_keys_of_one_kind_differ() -> None:
    other = authority.private_key("EC_prime256v1", 2).public_key()
    assert read(written()).key != read(written(public_key=other)).key


def test_names_are_in_lower_case_once_each_the_common_name_first() -> None:
    leaf = read(
        written("a.example.com", "B.example.com", subject=subject(COMMON_NAME="B.Example.com"))
    )
    assert leaf.names == ("b.example.com", "a.example.com")


def test_only_common_names_and_dns_names_count() -> None:
    who = subject(ORGANIZATION_NAME="Bücher & Söhne", COMMON_NAME="bücher")
    assert read(written("a.example.com", subject=who)).names == ("bücher", "a.example.com")


def test_a_certificate_without_names_has_none() -> None:
    key: Any = EC_KEY.public_key()
    period: dict[str, Any] = {"not_before": BEGIN, "not_after": END}
    assert read(authority.document(key, [], **period)).names == ()
    assert read(authority.document(key, [], **period, usages=None, purposes=None)).names == ()


def test_absent_usages_differ_from_none() -> None:
    leaf = read(written(usages=None, purposes=None))
    assert (leaf.key_usages, leaf.extended_key_usages) == (None, None)


def test_every_usage_has_acms_name() -> None:
    leaf = read(written(usages=authority.USAGES, purposes=[SERVER, CLIENT]))
    assert set(leaf.key_usages or ()) == {
        *("DIGITAL_SIGNATURE", "NON_REPUDIATION", "KEY_ENCIPHERMENT", "DATA_ENCIPHERMENT"),
        *("KEY_AGREEMENT", "CERTIFICATE_SIGNING", "CRL_SIGNING", "ENCIPHER_ONLY", "DECIPHER_ONLY"),
    }
    assert set(leaf.extended_key_usages or ()) == {
        "TLS_WEB_SERVER_AUTHENTICATION",
        "TLS_WEB_CLIENT_AUTHENTICATION",
    }


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (1, "TLS_WEB_SERVER_AUTHENTICATION"),
        (2, "TLS_WEB_CLIENT_AUTHENTICATION"),
        (3, "CODE_SIGNING"),
        (4, "EMAIL_PROTECTION"),
        (5, "IPSEC_END_SYSTEM"),
        (6, "IPSEC_TUNNEL"),
        (7, "IPSEC_USER"),
        (8, "TIME_STAMPING"),
        (9, "OCSP_SIGNING"),
    ],
)
def test_every_purpose_has_acms_name(number: int, name: str) -> None:
    """RFC 5280 section 4.2.1.12 and RFC 4945 section 5.1.3.12 have the numbers."""
    purpose = x509.ObjectIdentifier(f"1.3.6.1.5.5.7.3.{number}")
    assert set(read(written(purposes=[purpose])).extended_key_usages or ()) == {name}


def test_a_purpose_without_a_name_of_acms_is_its_identifier() -> None:
    own = x509.ObjectIdentifier("1.2.3.4")
    found = read(written(purposes=[own, SERVER])).extended_key_usages
    assert set(found or ()) == {"TLS_WEB_SERVER_AUTHENTICATION", "OID 2a0304"}
    every = x509.ObjectIdentifier("2.5.29.37.0")
    assert set(read(written(purposes=[every])).extended_key_usages or ()) == {"ANY"}


@pytest.mark.parametrize(
    "moment",
    [
        datetime(1999, 12, 31, tzinfo=UTC),
        datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC),
        datetime(2050, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
    ],
    ids=str,
)
def test_both_forms_of_time_are_read(moment: datetime) -> None:
    begin = datetime(1990, 1, 1, tzinfo=UTC)
    assert read(written(not_before=begin, not_after=moment)).not_after == moment


def test_an_issuer_is_needed() -> None:
    with pytest.raises(MalformedCertificateError, match="it has no issuer"):
        read(written(issuer=x509.Name([])))


def test_other_kinds_of_keys_are_refused() -> None:
    with pytest.raises(MalformedCertificateError, match="neither RSA nor ECDSA"):
        read(written(public_key=ed25519.Ed25519PrivateKey.generate().public_key()))


def test_other_curves_are_refused() -> None:
    with pytest.raises(MalformedCertificateError, match="curve that ACM does not accept"):
        read(written(public_key=ec.generate_private_key(ec.SECP256K1()).public_key()))


# --- The place in a chain ---------------------------------------------------------------------


def test_a_link_names_subject_issuer_and_keys() -> None:
    below, (near, root) = authority.issue_below(
        "shop.example.com", not_after=END, key_ids=True, algorithm="EC_prime256v1"
    )
    leaf, middle, top = (
        read_link(pem_blocks(text)[0].der) for text in (below.certificate, near, root)
    )
    assert (leaf.issuer_name, leaf.version, leaf.self_issued) == ("Level 1", 3, False)
    assert leaf.key == read(below.certificate).key
    assert leaf.may_be_issued_by(middle)
    assert middle.may_be_issued_by(top)
    assert not leaf.may_be_issued_by(top)
    assert not top.may_be_issued_by(middle)
    assert top.self_issued


def test_a_key_id_excludes_an_authority_of_the_same_name() -> None:
    leaf = read_link(pem_blocks(written(key_ids=True))[0].der)
    own, namesake = (
        read_link(pem_blocks(authority.chain(key_number=number, key_ids=True))[0].der)
        for number in (0, 2)
    )
    assert leaf.may_be_issued_by(own)
    assert not leaf.may_be_issued_by(namesake)
    without = read_link(pem_blocks(authority.chain(key_number=2))[0].der)
    assert leaf.may_be_issued_by(without)


def test_an_authority_may_have_a_key_that_acm_does_not_accept() -> None:
    key = ed25519.Ed25519PrivateKey.generate().public_key()
    link = read_link(pem_blocks(written(public_key=key, usages=None))[0].der)
    assert link.key is None
    assert len(link.public_key) > 30


def test_an_issuer_without_a_common_name_has_no_name() -> None:
    issuer = subject(ORGANIZATION_NAME="Corporate CA")
    assert read_link(pem_blocks(written(issuer=issuer))[0].der).issuer_name == ""


def test_an_issuers_key_id_is_optional_in_its_extension() -> None:
    link = read_link(pem_blocks(written(key_ids=True))[0].der)
    assert link.issuer_key_id is not None
    short = b"\x04" + bytes([2 + 2 + len(link.issuer_key_id)])
    assert short in link.der
    of_names = link.der.replace(b"\x80\x14" + link.issuer_key_id, b"\x82\x14" + link.issuer_key_id)
    assert read_link(of_names).issuer_key_id is None


def test_a_certificate_of_version_1_is_read_and_says_so() -> None:
    old = authority.version_1("shop.example.com", not_after=END).certificate
    assert read(old).names == ("shop.example.com",)
    link = read_link(pem_blocks(old)[0].der)
    assert (link.version, link.key_id, link.issuer_key_id) == (1, None, None)


# --- PEM --------------------------------------------------------------------------------------


def test_what_stands_around_the_blocks_is_explanation() -> None:
    text = f"Bag Attributes\n  friendlyName: shop\n{written()}\nthe end\n"
    assert read(text).names == ("shop.example.com",)


@pytest.mark.parametrize("newline", ["\r\n", "\n\n", " \n"])
def test_other_line_ends_are_read_and_normalised(newline: str) -> None:
    text = written()
    (block,) = pem_blocks(text.replace("\n", newline))
    assert block.encode().decode() == text


@pytest.mark.parametrize("text", ["", "shop", "-----BEGIN CERTIFICATE-----\nAAAA"])
def test_text_without_a_whole_block_has_none(text: str) -> None:
    assert pem_blocks(text) == ()


@pytest.mark.parametrize("body", ["AAA", "AA!A", "ÄÄÄÄ", "A=AA"])
def test_a_block_that_is_not_base64_is_refused_without_quoting_it(body: str) -> None:
    text = f"-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----"
    with pytest.raises(MalformedCertificateError, match="not plain base64") as raised:
        pem_blocks(text)
    assert body not in str(raised.value)
    assert raised.value.__context__ is None


def test_endless_text_is_refused_unread() -> None:
    with pytest.raises(MalformedCertificateError, match="too long"):
        pem_blocks("-" * 2_200_001)


def test_a_block_does_not_show_what_it_holds() -> None:
    assert repr(PemBlock("PRIVATE KEY", b"marker")) == "<PEM PRIVATE KEY>"


# --- Private keys -----------------------------------------------------------------------------


@pytest.mark.parametrize("traditional", [True, False], ids=["PKCS#1 or SEC 1", "PKCS#8"])
@pytest.mark.parametrize("algorithm", ["RSA_2048", *authority.CURVES])
def test_a_private_key_belongs_to_its_certificate(algorithm: str, *, traditional: bool) -> None:
    key = authority.private_key(algorithm, 1)
    (block,) = pem_blocks(authority.key_pem(key, traditional=traditional))
    assert read_private_key(block) == read(written(public_key=key.public_key())).key


def test_an_encrypted_key_is_refused() -> None:
    secret = serialization.BestAvailableEncryption(b"passphrase")
    pem = EC_KEY.private_bytes(authority.PEM, serialization.PrivateFormat.PKCS8, secret)
    (block,) = pem_blocks(pem.decode())
    with pytest.raises(MalformedCertificateError, match="encrypted"):
        read_private_key(block)


def test_a_key_that_openssl_encrypted_in_its_own_form_is_refused() -> None:
    secret = serialization.BestAvailableEncryption(b"passphrase")
    pem = RSA_KEY.private_bytes(
        authority.PEM, serialization.PrivateFormat.TraditionalOpenSSL, secret
    )
    assert b"Proc-Type" in pem
    with pytest.raises(MalformedCertificateError, match="encrypted"):
        pem_blocks(pem.decode())


def test_a_curve_that_is_spelt_out_is_refused_with_that_reason() -> None:
    der = bytes.fromhex("300f0201010402aabba006300406022a03")
    with pytest.raises(MalformedCertificateError, match="spells out the parameters of its curve"):
        read_private_key(PemBlock("EC PRIVATE KEY", der))


def test_what_is_no_private_key_is_refused() -> None:
    (block,) = pem_blocks(written())
    with pytest.raises(MalformedCertificateError, match="not a private key"):
        read_private_key(block)


def test_a_key_of_another_kind_is_refused() -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    pem = key.private_bytes(
        authority.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (block,) = pem_blocks(pem.decode())
    with pytest.raises(MalformedCertificateError, match="neither RSA nor ECDSA"):
        read_private_key(block)


def test_a_key_without_its_public_half_cannot_be_compared() -> None:
    der = bytes.fromhex("3013020101" + "0402aabb" + "a00a06082a8648ce3d030107")
    assert read_private_key(PemBlock("EC PRIVATE KEY", der)) is None


def test_a_key_has_to_name_its_curve() -> None:
    der = bytes.fromhex("3007020101" + "0402aabb")
    with pytest.raises(MalformedCertificateError, match="name its curve"):
        read_private_key(PemBlock("EC PRIVATE KEY", der))


# --- Whatever else ----------------------------------------------------------------------------

(GOOD,) = (block.der for block in pem_blocks(written("shop.example.com")))


def changed(before: str, after: str) -> bytes:
    """Return the certificate with a few octets exchanged, the same number of them."""
    old, new = bytes.fromhex(before), bytes.fromhex(after)
    assert len(old) == len(new)
    assert old in GOOD
    return GOOD.replace(old, new, 1)


@pytest.mark.parametrize(
    ("der", "why"),
    [
        (b"", "structure"),
        (b"\x30", "structure"),
        (GOOD[:-1], "cut short"),
        (GOOD + b"\x00", "data after its end"),
        (b"\x30\x80" + GOOD[4:] + b"\x00\x00", "structure"),
        (b"\x30\x85\x00" + GOOD[2:], "structure"),
        (b"\x30\x81\x7f" + b"\x00" * 127, "structure"),
        (b"\x3f\x01\x00", "structure"),
        (
            changed("17" + "0d" + b"260501000000Z".hex(), "17" + "0d" + b"260532000000Z".hex()),
            "times",
        ),
        (
            changed("17" + "0d" + b"260501000000Z".hex(), "17" + "0d" + b"2605010000000".hex()),
            "times",
        ),
        (
            changed("17" + "0d" + b"260501000000Z".hex(), "16" + "0d" + b"260501000000Z".hex()),
            "times",
        ),
        (changed("06035504030c10", "06035504030210"), "names"),
        (changed(b"shop.example.com".hex(), b"\xff\xfe\xfdp.example.com".hex()), "names"),
        (changed("0603551d0f", "0603551d11"), "twice"),
        (changed("03420004", "03420104"), "structure"),
        (changed("030205a0", "030208a0"), "structure"),
        (changed("311930170603550403", "301930170603550403"), "structure"),
    ],
)
def test_what_is_not_strict_der_is_refused(der: bytes, why: str) -> None:
    with pytest.raises(MalformedCertificateError, match=why):
        read_certificate(der)


def test_a_negative_serial_number_is_read() -> None:
    """RFC 5280 section 4.1.2.2 asks for it."""
    for serial in (0xCFC7, 0x8001):
        assert read_certificate(with_serial(serial)).serial == serial


def test_a_serial_number_has_no_zero_before_it() -> None:
    for serial in (0x0001, 0x007F):
        with pytest.raises(MalformedCertificateError, match="one of its numbers is malformed"):
            read_certificate(with_serial(serial))


def with_serial(octets: int) -> bytes:
    """Return a certificate whose serial number has these two octets."""
    (block,) = pem_blocks(written(serial=0x4FC7))
    serial = b"\x02\x02" + octets.to_bytes(2, "big")
    return block.der.replace(bytes.fromhex("02024fc7"), serial, 1)


@pytest.mark.parametrize("serial", ["0200", "02020001", "02820001ff"])
def test_a_serial_number_has_to_be_minimal(serial: str) -> None:
    inner = bytes.fromhex(serial)
    body = b"\x30" + bytes([len(inner)]) + inner
    der = b"\x30" + bytes([len(body) + 5]) + body + b"\x30\x00" + b"\x03\x01\x00"
    with pytest.raises(MalformedCertificateError):
        read_certificate(der)


@given(st.binary(max_size=400))
def test_random_bytes_raise_nothing_else(data: bytes) -> None:
    readers = (read_certificate, read_link, lambda d: read_private_key(PemBlock("PRIVATE KEY", d)))
    for read_one in readers:
        with pytest.raises(MalformedCertificateError):
            read_one(data)


@given(st.data())
def test_a_certificate_with_any_octets_changed_is_read_or_refused(data: st.DataObject) -> None:
    mutated = bytearray(GOOD)
    for _ in range(data.draw(st.integers(1, 4))):
        position = data.draw(st.integers(0, len(GOOD) - 1))
        mutated[position] = data.draw(st.integers(0, 255))
    try:
        read_certificate(bytes(mutated[: data.draw(st.integers(0, len(GOOD)))] or mutated))
    except MalformedCertificateError:
        return


KEYS = [
    base64.b64decode("".join(authority.key_pem(key, traditional=old).splitlines()[1:-1]))
    for key in (EC_KEY, RSA_KEY)
    for old in (True, False)
]


@given(st.sampled_from(KEYS), st.data())
def test_a_key_with_any_octet_changed_is_read_or_refused(der: bytes, data: st.DataObject) -> None:
    mutated = bytearray(der)
    mutated[data.draw(st.integers(0, len(der) - 1))] = data.draw(st.integers(0, 255))
    for label in ("RSA PRIVATE KEY", "EC PRIVATE KEY", "PRIVATE KEY"):
        try:
            read_private_key(PemBlock(label, bytes(mutated)))
        except MalformedCertificateError:
            continue


@given(st.binary(max_size=300))
def test_random_text_in_a_block_raises_nothing_else(data: bytes) -> None:
    for text in (data.decode("latin-1"), base64.b85encode(data).decode()):
        try:
            blocks = pem_blocks(f"-----BEGIN X-----{text}-----END X-----")
        except MalformedCertificateError:
            continue
        assert all(pem_blocks(block.encode().decode()) == (block,) for block in blocks)


def test_a_text_of_beginnings_only_is_read_in_linear_time() -> None:
    """A principal that can write one secret must not use up the time of a run."""
    text = "-----BEGIN CERTIFICATE-----" * 30_000
    started = time.process_time()
    assert pem_blocks(text) == ()
    assert time.process_time() - started < 5
