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

from certificate_lifecycle.model.secret_value import SecretStr
from certificate_lifecycle.parsing.x509 import PublicKey, X509Certificate
from certificate_lifecycle.policy.import_history import CertificateVersion, ImportHistory
from certificate_lifecycle.policy.import_source import (
    Allowance,
    CertificateBundle,
    Comparison,
    ImportSource,
    SourceState,
    UnusableSourceError,
    compare,
    open_secret,
    read_version,
    secret_name,
    serial_number,
    serial_text,
)
from tests.harness import authority
from tests.unit.builders import NOW, SECOND, arn, days, link, secret_arn, version

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
    candidate = open_secret(SecretStr(secret))
    return candidate.version.leaf, candidate.bundle


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


BARE = EC_KEY.format("MBMCAQEEAqq7oAoGCCqGSM49AwEH")


def test_a_key_that_hides_its_public_half_is_left_for_acm_to_judge() -> None:
    below, path = authority.issue_below("shop.example.com", not_after=NOW + days(300))
    leaf, bundle = opened(
        below.secret(
            certificate=path[1] + path[0] + below.certificate, private_key=BARE, chain=None
        )
    )
    assert bundle.private_key.decode() == BARE
    assert leaf.names == ("shop.example.com",)


# --- The order of a bundle --------------------------------------------------------------------


@pytest.mark.parametrize("key_ids", [True, False], ids=["key ids", "names only"])
@pytest.mark.parametrize("order", ["LNFR", "RFNL", "NLRF", "LRFN", "LLNNFR", "LNFRS", "SLNFR"])
def test_the_leaf_of_the_key_is_sent_with_its_issuers_in_order(
    order: str, *, key_ids: bool
) -> None:
    """L is the certificate, N and F its issuers, R the root, and S belongs to no one here."""
    below, (near, far, root) = authority.issue_below(
        "shop.example.com", not_after=NOW + days(300), levels=3, key_ids=key_ids
    )
    parts = {"L": below.certificate, "N": near, "F": far, "R": root, "S": OTHER}
    for split in range(1, len(order) + 1):
        certificate, chain = (
            "".join(parts[part] for part in some) for some in (order[:split], order[split:])
        )
        _, bundle = opened(below.secret(certificate=certificate, chain=chain))
        assert bundle.certificate.decode() == below.certificate
        assert bundle.chain.decode() == near + far + root


def test_a_chain_ends_before_a_certificate_that_is_not_there() -> None:
    below, (near, _, root) = authority.issue_below(
        "shop.example.com", not_after=NOW + days(300), levels=3
    )
    assert opened(below.secret(chain=near))[1].chain.decode() == near
    assert opened(below.secret(chain=near + root))[1].chain.decode() == near


def test_a_chain_without_the_issuer_is_refused_with_its_name() -> None:
    below, (_, far, root) = authority.issue_below(
        "shop.example.com", not_after=NOW + days(300), levels=3
    )
    assert "but not that of the issuer, 'Level 1'" in refused(below.secret(chain=far + root))


def test_of_two_issuers_of_one_name_the_key_id_tells_which_it_is() -> None:
    for key_ids in (True, False):
        issued = authority.issue("shop.example.com", not_after=NOW + days(300), key_ids=key_ids)
        own = authority.chain(key_ids=key_ids)
        namesake = authority.chain(key_number=2, key_ids=key_ids)
        secret = issued.secret(chain=namesake + own)
        if key_ids:
            assert opened(secret)[1].chain.decode() == own
        else:
            assert "several certificates of 'Corporate CA' with different keys" in refused(secret)


def test_of_two_certificates_of_one_issuer_the_first_is_taken() -> None:
    """An authority may have a certificate of its own and one of another authority."""
    own, other = (
        authority.chain(),
        authority.authority(
            authority.ISSUER,
            authority.named("Other"),
            authority.private_key("EC_prime256v1", 0),
            authority.private_key("EC_prime256v1", 5),
        ),
    )
    issued = authority.issue("shop.example.com", not_after=NOW + days(300))
    assert opened(issued.secret(chain=own + other))[1].chain.decode() == own
    chain = opened(issued.secret(chain=other + own))[1].chain.decode()
    assert chain == other


def test_authorities_that_certify_each_other_are_taken_once() -> None:
    one, two = (authority.private_key("EC_prime256v1", number) for number in (0, 5))
    other = authority.named("Other")
    first = authority.authority(authority.ISSUER, other, one, two)
    second = authority.authority(other, authority.ISSUER, two, one)
    issued = authority.issue("shop.example.com", not_after=NOW + days(300))
    assert opened(issued.secret(chain=second + first))[1].chain.decode() == first + second


def test_a_self_signed_certificate_may_have_a_key_that_hides_its_public_half() -> None:
    own = authority.self_signed("shop.example.com", not_after=NOW + days(300))
    assert opened(own.secret(private_key=BARE, chain=None))[0].names == ("shop.example.com",)


def test_a_self_signed_certificate_has_no_chain() -> None:
    own = authority.self_signed("shop.example.com", not_after=NOW + days(300))
    assert opened(own.secret())[1].chain == b""


def test_a_version_is_called_by_its_end_and_serial_number() -> None:
    label = open_secret(SecretStr(SHOP.secret())).label
    assert label == "the version that expires on 2027-03-28 12:00 UTC (serial be:ef)"


def test_a_byte_order_mark_before_the_secret_is_accepted() -> None:
    assert opened("\ufeff" + SHOP.secret())[0].serial == 0xBEEF


# --- Bad secrets ------------------------------------------------------------------------------


ENCRYPTED = SHOP.private_key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY")
OPENSSH = SHOP.private_key.replace("PRIVATE KEY", "OPENSSH PRIVATE KEY")
#: What `openssl rsa -traditional -aes256` writes.
PROC_TYPE = EC_KEY.replace("EC", "RSA").format(
    "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,AB12\n\n" + "QUJD" * 16
)
#: What `openssl ecparam -genkey -param_enc explicit` writes begins like this.
EXPLICIT = EC_KEY.format(base64.b64encode(bytes.fromhex("300c0201010402aabba003300101")).decode())
OLD = authority.version_1("shop.example.com", not_after=NOW + days(300))
AGAIN = authority.issue("shop.example.com", not_after=NOW + days(200))


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
        (SHOP.secret(private_key=OPENSSH), "OpenSSH's own format"),
        (SHOP.secret(private_key=PROC_TYPE), "the private_key cannot be used: it is encrypted"),
        (EC.secret(private_key=EXPLICIT), "spells out the parameters of its curve"),
        (OLD.secret(), "the certificate is of X.509 version 1, and ACM accepts version 3 only"),
        (
            SHOP.secret(certificate=SHOP.certificate + AGAIN.certificate),
            "the private_key belongs to 2 certificates in it",
        ),
        (
            EC.secret(certificate=EC.certificate + SHOP.certificate, private_key=BARE),
            "which of 2 certificates it belongs to",
        ),
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
    candidate = open_secret(SecretStr(SHOP.secret()))
    bundle = candidate.bundle
    shown = [SecretStr(SHOP.secret()), bundle, candidate]
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


# --- What may follow --------------------------------------------------------------------------

SERVER, CLIENT = "TLS_WEB_SERVER_AUTHENTICATION", "TLS_WEB_CLIENT_AUTHENTICATION"
SIGNING = frozenset({"DIGITAL_SIGNATURE"})
ENDS = NOW + days(20)
BEGAN = ENDS - days(365)
SOURCE = ImportSource(secret_arn=secret_arn())
ANYTHING = ImportSource(secret_arn=secret_arn(), allow=frozenset(Allowance))


def leaf(**changes: Any) -> X509Certificate:  # noqa: ANN401 - any field of a leaf
    later = X509Certificate(
        serial=0xB2,
        names=("shop.example.com", "www.example.com"),
        key=KEY,
        not_before=NOW - days(1),
        not_after=NOW + days(300),
        key_usages=frozenset({"DIGITAL_SIGNATURE", "KEY_ENCIPHERMENT"}),
        extended_key_usages=frozenset({SERVER, CLIENT}),
    )
    return replace(later, **changes)


def there(**changes: Any) -> X509Certificate:  # noqa: ANN401 - any field of a leaf
    return leaf(**{"serial": 0xA1, "not_before": BEGAN, "not_after": ENDS, **changes})


def compared(
    offered: CertificateVersion | X509Certificate,
    held: CertificateVersion | X509Certificate,
    *earlier: CertificateVersion,
    source: ImportSource = SOURCE,
) -> Comparison:
    """Compare with a history of the earlier versions and of that in ACM."""
    new = offered if isinstance(offered, CertificateVersion) else version(offered)
    old = held if isinstance(held, CertificateVersion) else version(held)
    history = ImportHistory(certificate_arn=arn())
    for known in (*earlier, old):
        history = history.observed(known.held, None, NOW)
    return compare(new, old, history, source, NOW)


def ecdsa(curve: str = "EC_prime256v1") -> PublicKey:
    return PublicKey(curve, b"point")


NEWER, SAME, OLDER = SourceState.NEWER, SourceState.SAME, SourceState.NOT_NEWER
EARLY, UNFIT = SourceState.NOT_YET_VALID, SourceState.INCOMPATIBLE


@pytest.mark.parametrize(
    ("found", "held", "state"),
    [
        pytest.param(leaf(), there(), NEWER, id="issued later"),
        pytest.param(there(), there(), SAME, id="the same"),
        pytest.param(leaf(not_before=BEGAN), there(), OLDER, id="issued at the same time"),
        pytest.param(leaf(not_before=BEGAN + SECOND), there(), NEWER, id="issued a second later"),
        pytest.param(leaf(not_after=ENDS - days(1)), there(), NEWER, id="ends earlier"),
        pytest.param(
            leaf(not_before=BEGAN - days(1), not_after=NOW + days(900)),
            there(),
            OLDER,
            id="issued earlier, ends later",
        ),
        pytest.param(
            leaf(not_after=NOW), there(not_after=NOW - days(3)), OLDER, id="ends at this moment"
        ),
        pytest.param(
            leaf(not_after=NOW + SECOND), there(not_after=NOW - days(3)), NEWER, id="has a second"
        ),
        pytest.param(leaf(not_before=NOW + SECOND), there(), EARLY, id="valid in a second"),
        pytest.param(leaf(not_before=NOW), there(), NEWER, id="valid from now"),
        pytest.param(
            leaf(serial=0xA1), there(), OLDER, id="the same serial number, other contents"
        ),
        pytest.param(leaf(key=PublicKey("RSA_4096", b"")), there(), UNFIT, id="another key size"),
        pytest.param(leaf(key=ecdsa()), there(), UNFIT, id="another key type"),
        pytest.param(leaf(names=("other.example.com",)), there(), UNFIT, id="no name is left"),
        pytest.param(leaf(names=("www.example.com",)), there(), UNFIT, id="a name less"),
        pytest.param(
            leaf(names=("*.example.com", "shop.example.com")),
            there(),
            NEWER,
            id="a wildcard for it",
        ),
        pytest.param(leaf(names=()), there(names=()), NEWER, id="there never was a name"),
        pytest.param(
            leaf(addresses=("192.0.2.2",)),
            there(addresses=("192.0.2.1",)),
            UNFIT,
            id="another address",
        ),
        pytest.param(
            leaf(addresses=("192.0.2.1", "192.0.2.2")),
            there(addresses=("192.0.2.1",)),
            NEWER,
            id="an address more",
        ),
        pytest.param(leaf(key_usages=SIGNING), there(), UNFIT, id="a key usage less"),
        pytest.param(leaf(key_usages=None), there(), UNFIT, id="an extension less"),
        pytest.param(leaf(), there(key_usages=None), UNFIT, id="KeyUsage more"),
        pytest.param(leaf(), there(extended_key_usages=None), UNFIT, id="ExtendedKeyUsage more"),
        pytest.param(
            leaf(key_usages=None, extended_key_usages=None),
            there(key_usages=None, extended_key_usages=None),
            NEWER,
            id="no extension before and after",
        ),
        pytest.param(leaf(), there(key_usages=SIGNING), NEWER, id="a key usage more"),
        pytest.param(
            leaf(key_usages=SIGNING, key=ecdsa()),
            there(key=ecdsa()),
            NEWER,
            id="ECDSA without keyEncipherment",
        ),
        pytest.param(
            leaf(key_usages=frozenset(), key=ecdsa()),
            there(key=ecdsa()),
            UNFIT,
            id="ECDSA without digitalSignature",
        ),
        pytest.param(
            leaf(extended_key_usages=frozenset({CLIENT})), there(), UNFIT, id="not for servers"
        ),
        pytest.param(
            leaf(extended_key_usages=frozenset({SERVER})), there(), NEWER, id="no clients"
        ),
        pytest.param(
            leaf(),
            there(extended_key_usages=frozenset({SERVER, "OID 2a03"})),
            UNFIT,
            id="no own use",
        ),
    ],
)
def test_what_is_newer_and_may_follow(
    found: X509Certificate, held: X509Certificate, state: SourceState
) -> None:
    assert compared(found, held).state is state


@pytest.mark.parametrize("days_less", [1, 198, 250, 340])
def test_a_reissue_that_ends_earlier_is_newer(days_less: int) -> None:
    """Lifetimes shrink to 200, 100 and 47 days (CA/B ballot SC-081)."""
    old = there(not_before=NOW - days(30), not_after=NOW + days(368))
    assert compared(leaf(not_after=NOW + days(368 - days_less)), old).state is NEWER


# --- What only its owner may allow ------------------------------------------------------------


def test_a_lost_name_adds_no_line_to_a_message() -> None:
    old = there(names=("shop.example.com", "a\nEverything is fine.\x1b[2J"))
    found = compared(leaf(names=("shop.example.com",)), old)
    assert "it lacks a Everything is fine. [2J" in found.text
    assert found.text.isprintable()


CA, ROOT = link("CA", "Root"), link("Root", "Root")
#: Another authority of the same name.
NAMESAKE = link("CA", "Root", der=b"namesake", public_key=b"another key")


@pytest.mark.parametrize(
    ("found", "held", "allowance", "why"),
    [
        (
            version(leaf(names=("shop.example.com",))),
            version(there()),
            Allowance.FEWER_NAMES,
            "it lacks www.example.com",
        ),
        (
            version(leaf(), issuer="Other CA"),
            version(there()),
            Allowance.OTHER_ISSUER,
            "another certificate authority issued it, 'Other CA'",
        ),
        (
            version(leaf(), NAMESAKE),
            version(there(), CA),
            Allowance.OTHER_ISSUER,
            "another certificate authority issued it, 'CA'",
        ),
        (
            version(leaf(), issuer_key_id=b"2"),
            version(there(), issuer_key_id=b"1"),
            Allowance.OTHER_ISSUER,
            "another certificate authority issued it, 'CA'",
        ),
        (
            version(leaf(), issuer="shop"),
            version(there()),
            Allowance.OTHER_ISSUER,
            "it is self-signed",
        ),
        (
            version(leaf(), issuer="shop", public_key=b"2"),
            version(there(), issuer="shop", public_key=b"1"),
            Allowance.OTHER_ISSUER,
            "another certificate authority issued it, 'shop'",
        ),
        (version(leaf()), version(there(), CA), Allowance.NO_CHAIN, "it has no chain"),
    ],
)
def test_what_clients_may_stumble_over_has_to_be_allowed(
    found: CertificateVersion, held: CertificateVersion, allowance: Allowance, why: str
) -> None:
    others = replace(SOURCE, allow=frozenset(Allowance) - {allowance})
    for source in (SOURCE, others):
        refused_one = compared(found, held, source=source)
        assert refused_one.state is UNFIT
        assert f"{why} (to accept that, add {allowance.value} to its allow)" in refused_one.text
    allowed = replace(SOURCE, allow=frozenset({allowance}))
    assert compared(found, held, source=allowed).state is NEWER


def test_everything_that_is_not_allowed_is_named_at_once() -> None:
    found = compared(
        version(leaf(names=("shop.example.com",)), issuer="Other CA"), version(there(), CA)
    )
    assert all(allowance.value in found.text for allowance in Allowance)


def test_nothing_allows_what_acm_rejects() -> None:
    assert compared(leaf(key=ecdsa()), there(), source=ANYTHING).state is UNFIT


def test_the_same_authority_may_issue_with_or_without_its_own_certificate() -> None:
    ids: dict[str, Any] = {"issuer_key_id": b"1"}
    assert compared(version(leaf(), CA, ROOT), version(there())).state is NEWER
    assert compared(version(leaf(), CA), version(there(), CA, ROOT)).state is NEWER
    assert compared(version(leaf(), CA, **ids), version(there(), **ids)).state is NEWER
    own: dict[str, Any] = {"issuer": "shop", "public_key": b"1"}
    assert compared(version(leaf(), **own), version(there(), **own)).state is NEWER


def test_a_lost_client_usage_is_imported_and_said_unless_it_is_required() -> None:
    found = compared(leaf(extended_key_usages=frozenset({SERVER})), there())
    assert (found.state, found.loses_client_auth) == (NEWER, True)
    assert found.text.endswith(f", without {CLIENT}")
    required = replace(SOURCE, require_client_auth=True)
    found = compared(leaf(extended_key_usages=frozenset({SERVER})), there(), source=required)
    assert found.state is UNFIT
    assert f"it lacks the usage {CLIENT}, which require_client_auth requires" in found.text
    every = leaf(extended_key_usages=frozenset({SERVER, "ANY"}))
    found = compared(every, there(), source=required)
    assert (found.state, found.loses_client_auth) == (NEWER, False)
    found = compared(there(), there())
    assert (found.loses, found.loses_client_auth) == ("", False)


# --- What was there before --------------------------------------------------------------------


def test_a_version_that_was_there_before_never_comes_back() -> None:
    leaked = version(leaf(not_before=NOW - days(1)))
    older = version(there(serial=0xC3, not_before=NOW - days(9)))
    assert compared(leaked, older).state is NEWER
    found = compared(leaked, older, leaked)
    assert found.state is OLDER
    assert "was imported before and replaced; the version in ACM, which was" in found.text


def test_the_same_certificate_with_a_repaired_chain_is_imported() -> None:
    same = there()
    bare, whole = version(same), version(same, CA, ROOT)
    found = compared(whole, bare)
    assert (found.state, found.loses) == (NEWER, ", with another chain")
    assert found.text.endswith("that is already imported, with another chain")
    longer = version(same, CA, link("Root", "Top"))
    assert compared(longer, version(same, CA)).state is NEWER


@pytest.mark.parametrize(
    ("offered", "held"),
    [
        ((), ()),
        ((), (CA,)),
        ((CA,), (CA, link("Root", "Other"))),
        ((CA, ROOT), (CA,)),
        ((CA,), (CA, ROOT)),
    ],
    ids=["none", "lost", "cut short", "with its root", "without its root"],
)
def test_a_chain_that_adds_nothing_is_the_same(offered: Any, held: Any) -> None:  # noqa: ANN401 - chains
    same = there()
    assert compared(version(same, *offered), version(same, *held)).state is SAME


def test_a_chain_is_not_put_back_either_nor_for_an_expired_certificate_nor_of_another_issuer() -> (
    None
):
    same = there()
    bare, whole = version(same), version(same, CA)
    found = compared(whole, bare, whole)
    assert found.state is OLDER
    assert "with a chain that was replaced" in found.text
    ended = there(not_after=NOW)
    assert compared(version(ended, CA), version(ended)).state is OLDER
    found = compared(version(same, NAMESAKE), version(same, CA))
    assert found.state is UNFIT
    assert "with the chain of another issuer" in found.text


def test_what_acm_returns_is_read_as_it_was_imported() -> None:
    below, (near, root) = authority.issue_below("shop.example.com", not_after=NOW + days(300))
    found = read_version(below.certificate, near + root)
    assert found == open_secret(SecretStr(below.secret())).version
    assert read_version(below.certificate, "").chain == ()


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (leaf(), "contains a newer version, which expires on 2027-03-28 12:00 UTC"),
        (there(), "contains the certificate that is already imported"),
        (leaf(not_after=NOW), "contains no newer version, only a version that expires on 2026-06"),
        (
            leaf(not_before=BEGAN),
            "not later than the one in ACM (2025-06-21 12:00 UTC); the version in ACM, which was i",
        ),
        (leaf(not_before=NOW + days(1)), "and is not valid before 2026-06-02 12:00 UTC"),
        (leaf(key=ecdsa()), "its key is EC_prime256v1 instead of RSA_2048"),
        (leaf(names=("b.example",)), "it has no domain name in common"),
        (leaf(key_usages=None), "it lacks the extension KeyUsage"),
        (
            leaf(key_usages=frozenset(), extended_key_usages=frozenset()),
            "lacks the key usage DIGITAL_SIGNATURE, KEY_ENCIPHERMENT, TLS_WEB_SERVER_AUTH",
        ),
    ],
)
def test_the_comparison_gives_a_reason(found: X509Certificate, says: str) -> None:
    assert says in compared(found, there()).text


def test_an_extension_that_would_be_added_is_named() -> None:
    found = compared(leaf(), there(key_usages=None, extended_key_usages=None))
    assert found.text.endswith(
        "it adds the extension KeyUsage; it adds the extension ExtendedKeyUsage"
    )


moments = st.integers(-40, 40).map(lambda count: NOW + days(count))


@given(moments, moments, moments, moments)
def test_of_two_versions_never_each_follows_the_other(
    end: datetime, begin: datetime, other_end: datetime, other_begin: datetime
) -> None:
    """Whatever runs meet, in whatever order, they cannot go back and forth."""
    one = leaf(not_before=begin, not_after=end, serial=1)
    two = leaf(not_before=other_begin, not_after=other_end, serial=2)
    assert NEWER not in (compared(one, two).state, compared(two, one).state) or (
        compared(one, two).state is not compared(two, one).state
    )
    assert (compared(one, one).state, compared(one, one).loses) == (SAME, "")


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
    ("text", "serial"), [("A:BC", 0xABC), ("", None), (None, None), ("x", None), ("ab x", None)]
)
def test_a_serial_number_is_read_however_it_is_padded(text: str | None, serial: int | None) -> None:
    assert serial_number(text) == serial
