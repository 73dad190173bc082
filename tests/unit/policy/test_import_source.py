"""What a secret may hold, and what of it may follow the certificate that is there."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certificate_lifecycle.model.certificate import NOT_DESCRIBED, Certificate
from certificate_lifecycle.model.secret_value import SecretStr
from certificate_lifecycle.parsing.x509 import PublicKey, X509Certificate
from certificate_lifecycle.policy.import_source import (
    CertificateBundle,
    ImportCandidate,
    SourceState,
    UnusableSourceError,
    compare,
    open_secret,
    secret_name,
    serial_number,
    serial_text,
)
from tests.harness import authority
from tests.unit.builders import NOW, SECOND, days, detail, imported, secret_arn

KEY = PublicKey("RSA_2048", b"numbers")
SHOP = authority.issue("shop.example.com", not_after=NOW + days(300), serial=0xBEEF)
#: What another RSA key, that nobody has, belongs to.
OTHER = authority.document(
    authority.public_numbers(2048),
    ["shop.example.com"],
    not_before=NOW - days(1),
    not_after=NOW + days(300),
)
EC = authority.issue("shop.example.com", not_after=NOW + days(300), algorithm="EC_prime256v1")

EC_KEY = "-----BEGIN EC PRIVATE KEY-----\n{}\n-----END EC PRIVATE KEY-----\n"


def opened(secret: str) -> tuple[X509Certificate, CertificateBundle]:
    return open_secret(SecretStr(secret))


def refused(secret: str) -> str:
    with pytest.raises(UnusableSourceError) as raised:
        opened(secret)
    return str(raised.value)


# --- What a secret holds ----------------------------------------------------------------------


@pytest.mark.parametrize("issued", [SHOP, EC], ids=["RSA", "ECDSA"])
def test_a_secret_with_all_three_fields_is_sent_as_it_is(issued: authority.Issued) -> None:
    leaf, bundle = opened(issued.secret())
    assert leaf.names == ("shop.example.com",)
    assert bundle.certificate.decode() == issued.certificate
    assert bundle.private_key.decode() == issued.private_key
    assert bundle.chain.decode() == issued.chain


@pytest.mark.parametrize("chain", [None, "", " \n"], ids=["absent", "empty", "blank"])
def test_the_chain_is_optional(chain: str | None) -> None:
    assert opened(SHOP.secret(chain=chain))[1].chain == b""


@pytest.mark.parametrize(
    "changes",
    [
        {"certificate": SHOP.certificate + SHOP.chain, "chain": None},
        {"certificate": SHOP.certificate + SHOP.chain},
        {"chain": SHOP.certificate + SHOP.chain},
    ],
    ids=["in the certificate", "in both", "with the certificate in the chain"],
)
def test_each_certificate_is_sent_once_wherever_tools_put_the_chain(changes: Any) -> None:  # noqa: ANN401 - fields
    _, bundle = opened(SHOP.secret(**changes))
    assert bundle.certificate.decode() == SHOP.certificate
    assert bundle.chain.decode() == SHOP.chain


def test_curve_parameters_before_the_key_are_left_out() -> None:
    parameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
    _, bundle = opened(EC.secret(private_key=parameters + EC.private_key))
    assert bundle.private_key.decode() == EC.private_key


def test_further_fields_are_ignored() -> None:
    assert opened(SHOP.secret(issued_by="certbot"))[0].serial == 0xBEEF


def test_a_key_that_hides_its_public_half_is_left_for_acm_to_judge() -> None:
    bare = EC_KEY.format("MBMCAQEEAqq7oAoGCCqGSM49AwEH")
    assert opened(EC.secret(private_key=bare))[1].private_key.decode() == bare


ENCRYPTED = SHOP.private_key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY")


@pytest.mark.parametrize(
    ("secret", "why"),
    [
        ("", "it is not a JSON object with certificate, private_key, chain"),
        ("shop", "it is not a JSON object"),
        ("[]", "it is not a JSON object"),
        ("[" * 100_000, "it is not a JSON object"),
        ("{}", "it has no certificate and no private_key"),
        (SHOP.secret(certificate=None), "it has no certificate"),
        (SHOP.secret(private_key=" "), "it has no private_key"),
        (SHOP.secret(private_key=5), "private_key must be text"),
        (SHOP.secret(chain=["x"]), "chain must be text"),
        (SHOP.secret(certificate="shop"), "the certificate is not a certificate in PEM"),
        (SHOP.secret(certificate=SHOP.private_key), "the certificate is not a certificate"),
        (SHOP.secret(chain="shop"), "the chain is not a certificate in PEM"),
        (SHOP.secret(certificate=SHOP.certificate.replace("M", "!")), "not plain base64"),
        (SHOP.secret(certificate=SHOP.certificate.replace("MII", "AII", 1)), "structure"),
        (SHOP.secret(private_key="shop"), "the private_key is not one private key in PEM"),
        (SHOP.secret(private_key=SHOP.private_key * 2), "not one private key"),
        (SHOP.secret(private_key=SHOP.certificate), "not a private key"),
        (SHOP.secret(private_key=ENCRYPTED), "the private_key cannot be used: it is encrypted"),
        (SHOP.secret(certificate=OTHER), "the private_key does not belong to the certificate"),
        (SHOP.secret(private_key=EC.private_key), "does not belong to the certificate"),
    ],
)
def test_anything_else_is_refused_with_a_reason_that_quotes_nothing(secret: str, why: str) -> None:
    text = refused(secret)
    assert why in text
    lines = {line for field in (SHOP, EC) for line in field.private_key.splitlines()[1:-1]}
    assert not [line for line in lines if line in text]


def test_what_is_too_long_for_acm_is_refused() -> None:
    names = [f"name-number-{number}.shop.example.com" for number in range(800)]
    many = authority.issue(*names, not_after=NOW + days(300))
    assert "32 KiB" in refused(many.secret())
    assert "5 KiB" in refused(EC.secret(private_key=long_key()))


def long_key() -> str:
    """Return a key that is well formed, and has octets for ACM to choke on."""
    secret = b"\x04\x82\x17\x70" + b"\x00" * 6000
    inner = b"\x02\x01\x01" + secret + bytes.fromhex("a00a06082a8648ce3d030107")
    der = b"\x30\x82" + len(inner).to_bytes(2, "big") + inner
    return EC_KEY.format(base64.b64encode(der).decode())


latin = st.binary(max_size=60).map(lambda octets: octets.decode("latin-1"))
fields = st.sampled_from(["certificate", "private_key", "chain"])


@given(st.none() | st.integers() | latin | st.dictionaries(fields, st.integers() | latin))
def test_no_secret_whatsoever_raises_anything_else(value: object) -> None:
    refused(json.dumps(value))


# --- Nothing shows it -------------------------------------------------------------------------


def test_nothing_but_asking_for_it_shows_a_secret() -> None:
    leaf, bundle = opened(SHOP.secret())
    shown = [SecretStr(SHOP.secret()), bundle, ImportCandidate(leaf, bundle)]
    text = "".join(f"{entry!r} {entry!s} {[entry]} {entry}" for entry in shown)
    assert "SecretStr()" in text
    assert "BEGIN" not in text
    assert not [line for line in SHOP.private_key.splitlines() if line in text]
    assert not hasattr(bundle, "__dict__")


def test_a_text_that_quotes_the_key_loses_it() -> None:
    _, bundle = opened(SHOP.secret())
    said = f"'{SHOP.private_key}' is no key for shop.example.com"
    cleaned = bundle.without_key(said)
    assert cleaned == "'...' is no key for shop.example.com"


def test_of_a_text_that_is_cut_off_in_the_key_or_quotes_a_certificate_only_the_words_are_left() -> (
    None
):
    _, bundle = opened(SHOP.secret())
    said = f"Not {SHOP.certificate.strip()} with {SHOP.private_key[:90]}"
    assert bundle.without_key(said) == "Not ... with ..."
    single = SHOP.private_key.splitlines()[1]
    assert bundle.without_key(f"Not {single}!") == "Not ...!"


def test_a_short_line_of_the_key_is_left_in_a_text_which_may_mean_something_else() -> None:
    key = b"-----BEGIN PRIVATE KEY-----\nABCDEFGH\nIJKLMNO\n-----END PRIVATE KEY-----\n"
    bundle = CertificateBundle(b"certificate", key, b"")
    assert bundle.without_key("cannot read ABCDEFGH of IJKLMNO") == "cannot read ... of IJKLMNO"
    assert repr(bundle) == "<certificate and private key>"


def test_certificates_of_a_chain_follow_each_other_without_anything_between_them() -> None:
    other = authority.issue("other.example.com", not_after=NOW + days(300))
    chain = f"{SHOP.chain}{other.certificate}"
    _, bundle = opened(SHOP.secret(chain=chain))
    assert bundle.chain.decode() == chain


# --- What may follow --------------------------------------------------------------------------

THERE = imported(
    ends_in=days(20),
    names=("shop.example.com", "www.example.com"),
    detail=detail(
        serial="a1",
        key_usages=frozenset({"DIGITAL_SIGNATURE", "KEY_ENCIPHERMENT"}),
        extended_key_usages=frozenset(
            {"TLS_WEB_SERVER_AUTHENTICATION", "TLS_WEB_CLIENT_AUTHENTICATION"}
        ),
    ),
)
ENDS = NOW + days(20)
BEGAN = ENDS - days(365)


def leaf(**changes: Any) -> X509Certificate:  # noqa: ANN401 - any field of a leaf
    later = X509Certificate(
        serial=0xB2,
        names=("shop.example.com",),
        key=KEY,
        not_before=NOW - days(1),
        not_after=NOW + days(300),
        key_usages=frozenset({"DIGITAL_SIGNATURE", "KEY_ENCIPHERMENT"}),
        extended_key_usages=frozenset({"TLS_WEB_SERVER_AUTHENTICATION"}),
    )
    return replace(later, **changes)


def there(**changes: Any) -> Certificate:  # noqa: ANN401 - any field of a certificate
    return replace(THERE, **changes)


def ecdsa(curve: str = "EC_prime256v1") -> PublicKey:
    return PublicKey(curve, b"point")


SIGNING = frozenset({"DIGITAL_SIGNATURE"})
NEWER, SAME, OLDER = SourceState.NEWER, SourceState.SAME, SourceState.NOT_NEWER
EARLY, UNFIT = SourceState.NOT_YET_VALID, SourceState.INCOMPATIBLE


@pytest.mark.parametrize(
    ("found", "held", "state"),
    [
        pytest.param(leaf(), THERE, NEWER, id="ends later"),
        pytest.param(leaf(serial=0xA1), THERE, SAME, id="the same serial number"),
        pytest.param(leaf(not_after=ENDS - SECOND), THERE, OLDER, id="ends a second earlier"),
        pytest.param(leaf(not_after=ENDS + SECOND), THERE, NEWER, id="ends a second later"),
        pytest.param(
            leaf(not_after=ENDS, not_before=BEGAN), THERE, OLDER, id="the same time, another number"
        ),
        pytest.param(
            leaf(not_after=ENDS, not_before=BEGAN + SECOND), THERE, NEWER, id="issued again later"
        ),
        pytest.param(
            leaf(not_after=NOW), there(not_after=NOW - days(3)), OLDER, id="ends at this moment"
        ),
        pytest.param(
            leaf(not_after=NOW + SECOND), there(not_after=NOW - days(3)), NEWER, id="has a second"
        ),
        pytest.param(leaf(not_before=NOW + SECOND), THERE, EARLY, id="valid in a second"),
        pytest.param(leaf(not_before=NOW), THERE, NEWER, id="valid from now"),
        pytest.param(leaf(key=PublicKey("RSA_4096", b"")), THERE, UNFIT, id="another key size"),
        pytest.param(leaf(key=ecdsa()), THERE, UNFIT, id="another key type"),
        pytest.param(leaf(names=("other.example.com",)), THERE, UNFIT, id="no name is left"),
        pytest.param(leaf(names=()), there(names=()), NEWER, id="there never was a name"),
        pytest.param(leaf(key_usages=SIGNING), THERE, UNFIT, id="a key usage less"),
        pytest.param(leaf(key_usages=None), THERE, NEWER, id="no key usage named at all"),
        pytest.param(
            leaf(key_usages=SIGNING, key=ecdsa()),
            there(key_algorithm="EC_prime256v1"),
            NEWER,
            id="ECDSA without keyEncipherment",
        ),
        pytest.param(
            leaf(key_usages=frozenset(), key=ecdsa()),
            there(key_algorithm="EC_prime256v1"),
            UNFIT,
            id="ECDSA without digitalSignature",
        ),
        pytest.param(
            leaf(extended_key_usages=frozenset()), THERE, UNFIT, id="not for servers any more"
        ),
        pytest.param(
            leaf(extended_key_usages=frozenset()),
            there(detail=detail(extended_key_usages=frozenset({"ANY", "CUSTOM", "NONE"}))),
            NEWER,
            id="a purpose that ACM does not name",
        ),
        pytest.param(leaf(), there(detail=NOT_DESCRIBED), NEWER, id="not described"),
        pytest.param(leaf(), there(not_after=None), NEWER, id="no end known"),
    ],
)
def test_what_is_newer_and_may_follow(
    found: X509Certificate, held: Certificate, state: SourceState
) -> None:
    assert compare(found, held, NOW)[0] is state


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (leaf(), "contains a newer version, which expires on 2027-03-28 12:00 UTC"),
        (leaf(serial=0xA1), "contains the certificate that is already imported"),
        (
            leaf(not_after=ENDS - days(1)),
            "contains no newer version, only a version that expires on 2026-06-20",
        ),
        (leaf(not_before=NOW + days(1)), "and is not valid before 2026-06-02 12:00 UTC"),
        (leaf(key=ecdsa()), "its key is EC_prime256v1 instead of RSA_2048"),
        (leaf(names=("b.example",)), "it has no domain name in common"),
        (
            leaf(key_usages=frozenset(), extended_key_usages=frozenset()),
            "lacks the key usage DIGITAL_SIGNATURE, KEY_ENCIPHERMENT, TLS_WEB_SERVER_AUTH",
        ),
    ],
)
def test_the_comparison_gives_a_reason(found: X509Certificate, says: str) -> None:
    assert says in compare(found, THERE, NOW)[1]


moments = st.integers(-40, 40).map(lambda count: NOW + days(count))


@given(moments, moments, moments, moments)
def test_of_two_versions_never_each_follows_the_other(
    end: datetime, begin: datetime, other_end: datetime, other_begin: datetime
) -> None:
    """Whatever runs meet, in whatever order, they cannot go back and forth."""
    one = leaf(not_before=begin, not_after=end, serial=1)
    two = leaf(not_before=other_begin, not_after=other_end, serial=2)

    def follows(later: X509Certificate, earlier: X509Certificate) -> bool:
        held = there(
            not_before=earlier.not_before,
            not_after=earlier.not_after,
            detail=detail(serial=serial_text(earlier.serial)),
        )
        return compare(later, held, NOW)[0] is NEWER

    assert not (follows(one, two) and follows(two, one))
    assert not follows(one, one)


@pytest.mark.parametrize(
    ("serial", "text"), [(0, "00"), (0xA, "0a"), (0xABC, "0a:bc"), (0xFF00, "ff:00")]
)
def test_a_serial_number_is_written_as_acm_writes_it(serial: int, text: str) -> None:
    assert serial_text(serial) == text
    assert serial_number(text) == serial


def test_a_secret_is_called_by_its_name() -> None:
    assert secret_name(secret_arn("shop/tls")) == "shop/tls-AbCdEf"
    assert secret_name("shop") == "shop"


@pytest.mark.parametrize(
    ("text", "serial"), [("A:BC", 0xABC), ("", None), (None, None), ("x", None)]
)
def test_a_serial_number_is_read_however_it_is_padded(text: str | None, serial: int | None) -> None:
    assert serial_number(text) == serial
