"""Importing, reading and exporting certificates.

https://docs.aws.amazon.com/acm/latest/userguide/import-certificate.html
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.embedded_aws.cloud import Cloud
from tests.harness import authority

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
PEM = serialization.Encoding.PEM


@pytest.fixture(autouse=True)
def standing_clock(cloud: Cloud) -> None:
    cloud.now = NOW


def pair(
    *names: str,
    curve: type[ec.EllipticCurve] = ec.SECP256R1,
    days: int = 90,
    key: ec.EllipticCurvePrivateKey | None = None,
) -> dict[str, bytes]:
    own = ec.generate_private_key(curve())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    document = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(own.public_key())
        .serial_number(0xABCD)
        .not_valid_before(NOW - timedelta(days=100))
        .not_valid_after(NOW + timedelta(days=days))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False
        )
        .sign(own, hashes.SHA256())
    )
    private = (key or own).private_bytes(
        PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return {"Certificate": document.public_bytes(PEM), "PrivateKey": private}


def refused(cloud: Cloud, operation: str, **parameters: object) -> str:
    with pytest.raises(ClientError) as error:
        getattr(cloud.client("acm"), operation)(**parameters)
    return str(error.value.response["Error"]["Code"])


def test_an_imported_certificate_is_known_by_what_it_says(cloud: Cloud) -> None:
    acm = cloud.client("acm")
    imported = pair("example.com", "www.example.com")
    arn = acm.import_certificate(**imported, Tags=[{"Key": "k", "Value": "v"}])["CertificateArn"]
    detail = acm.describe_certificate(CertificateArn=arn)["Certificate"]
    assert detail["SubjectAlternativeNames"] == ["example.com", "www.example.com"]
    assert (detail["Type"], detail["Status"]) == ("IMPORTED", "ISSUED")
    assert detail["KeyAlgorithm"] == "EC_prime256v1"
    assert detail["NotAfter"] == NOW + timedelta(days=90)
    assert (detail["ImportedAt"], detail["Serial"]) == (NOW, "ab:cd")
    assert detail["RenewalEligibility"] == "INELIGIBLE"
    assert detail["CertificateKeyPairOrigin"] == "CUSTOMER_PROVIDED"
    assert (
        acm.get_certificate(CertificateArn=arn)["Certificate"].encode() == imported["Certificate"]
    )
    cloud.advance(days=90)
    detail = acm.describe_certificate(CertificateArn=arn)["Certificate"]
    assert detail["Status"] == "EXPIRED"


def test_an_import_under_an_arn_replaces_the_certificate_and_keeps_its_users(cloud: Cloud) -> None:
    """import-reimport: the ARN and all associations stay."""
    acm = cloud.client("acm")
    arn = acm.import_certificate(**pair("example.com"))["CertificateArn"]
    cloud.certificates.edit(arn, in_use_by=["arn:user"])
    acm.import_certificate(CertificateArn=arn, **pair("example.com", "new.example.com", days=300))
    detail = acm.describe_certificate(CertificateArn=arn)["Certificate"]
    assert detail["NotAfter"] == NOW + timedelta(days=300)
    assert detail["InUseBy"] == ["arn:user"]


def test_what_cannot_be_imported_is_refused(cloud: Cloud) -> None:
    other = ec.generate_private_key(ec.SECP256R1())
    assert refused(cloud, "import_certificate", **pair("a.com", key=other)) == "ValidationException"
    assert refused(cloud, "import_certificate", **pair("a.com", days=-1)) == "ValidationException"
    nonsense = {"Certificate": b"x", "PrivateKey": b"y"}
    assert refused(cloud, "import_certificate", **nonsense) == "ValidationException"


def test_what_cannot_be_reimported_is_refused(cloud: Cloud) -> None:
    """import-reimport: same key type and size, some names left, no tags."""
    acm = cloud.client("acm")
    arn = acm.import_certificate(**pair("example.com"))["CertificateArn"]
    issued = cloud.certificates.add()

    def again(material: dict[str, bytes], target: str = arn, **more: object) -> str:
        parameters: dict[str, object] = {**material, **more}
        return refused(cloud, "import_certificate", CertificateArn=target, **parameters)

    assert again(pair("example.com", curve=ec.SECP384R1)) == "ValidationException"
    assert again(pair("other.com")) == "ValidationException"
    assert again(pair("example.com"), target=issued) == "ValidationException"
    tags = [{"Key": "k", "Value": "v"}]
    assert again(pair("example.com"), Tags=tags) == "InvalidParameterException"
    assert again(pair("example.com"), target=f"{arn}0") == "ResourceNotFoundException"


def test_a_reimport_may_drop_no_usage_but_two(cloud: Cloud) -> None:
    """import-reimport: clientAuth, and for ECDSA keyEncipherment, may go."""
    acm = cloud.client("acm")

    def material(
        algorithm: str, usages: tuple[str, ...], *purposes: x509.ObjectIdentifier
    ) -> dict[str, bytes]:
        issued = authority.issue(
            "example.com",
            not_after=NOW + timedelta(days=90),
            algorithm=algorithm,
            usages=usages,
            purposes=purposes,
        )
        return {
            "Certificate": issued.certificate.encode(),
            "PrivateKey": issued.private_key.encode(),
        }

    both, server, client = authority.WEB_SERVER, authority.SERVER, authority.CLIENT
    for algorithm, may_go in (("EC_prime256v1", True), ("RSA_2048", False)):
        arn = acm.import_certificate(**material(algorithm, both, server, client))["CertificateArn"]
        again = material(algorithm, both, server)
        assert acm.import_certificate(CertificateArn=arn, **again)["CertificateArn"] == arn
        again = material(algorithm, both, client)
        code = refused(cloud, "import_certificate", CertificateArn=arn, **again)
        assert code == "ValidationException"
        again = material(algorithm, ("digital_signature",), server)
        if may_go:
            acm.import_certificate(CertificateArn=arn, **again)
            continue
        code = refused(cloud, "import_certificate", CertificateArn=arn, **again)
        assert code == "ValidationException"


def test_each_certificate_of_a_chain_certifies_the_one_before_it(cloud: Cloud) -> None:
    """troubleshoot-import: in order, and without the certificate itself."""
    issued, path = authority.issue_below(
        "example.com", not_after=NOW + timedelta(days=90), levels=2
    )
    own = {
        "Certificate": issued.certificate.encode(),
        "PrivateKey": issued.private_key.encode(),
    }
    near, far = path
    for chain in (far + near, far, issued.certificate + near, near + near, "x"):
        code = refused(cloud, "import_certificate", **own, CertificateChain=chain.encode())
        assert code == "ValidationException"
    forged = authority.chain(key_number=2)
    plain = authority.issue("example.com", not_after=NOW + timedelta(days=90))
    code = refused(
        cloud,
        "import_certificate",
        Certificate=plain.certificate.encode(),
        PrivateKey=plain.private_key.encode(),
        CertificateChain=forged.encode(),
    )
    assert code == "ValidationException"
    for chain in (near, near + far):
        cloud.client("acm").import_certificate(**own, CertificateChain=chain.encode())


def test_a_reimport_may_neither_add_nor_drop_an_extension(cloud: Cloud) -> None:
    """import-certificate-prerequisites: neither KeyUsage nor ExtendedKeyUsage."""
    acm = cloud.client("acm")

    def material(**details: Any) -> dict[str, bytes]:  # noqa: ANN401 - whatever the authority takes
        issued = authority.issue("example.com", not_after=NOW + timedelta(days=90), **details)
        return {
            "Certificate": issued.certificate.encode(),
            "PrivateKey": issued.private_key.encode(),
        }

    for absent in ({"usages": None}, {"purposes": None}):
        arn = acm.import_certificate(**material(**absent))["CertificateArn"]
        code = refused(cloud, "import_certificate", CertificateArn=arn, **material())
        assert code == "ValidationException"
        acm.import_certificate(CertificateArn=arn, **material(**absent))
    arn = acm.import_certificate(**material(purposes=[authority.CLIENT]))["CertificateArn"]
    code = refused(cloud, "import_certificate", CertificateArn=arn, **material(purposes=None))
    assert code == "ValidationException"


def test_what_is_longer_than_acm_takes_or_of_version_1_is_refused(cloud: Cloud) -> None:
    """API_ImportCertificate: 32,768, 5,120 and 2,097,152 bytes; prerequisites: X.509 version 3."""
    plain = pair("example.com")
    for name, longest in (("Certificate", 32_768), ("PrivateKey", 5_120)):
        wanted = {**plain, name: plain[name] + b"\n" * (longest + 1)}
        assert refused(cloud, "import_certificate", **wanted) == "ValidationException"
    old = authority.version_1("example.com", not_after=NOW + timedelta(days=90))
    wanted = {
        "Certificate": old.certificate.encode(),
        "PrivateKey": old.private_key.encode(),
    }
    assert refused(cloud, "import_certificate", **wanted) == "ValidationException"


def test_the_certificate_field_holds_one_certificate(cloud: Cloud) -> None:
    one = pair("example.com")
    twice = {**one, "Certificate": one["Certificate"] * 2}
    assert refused(cloud, "import_certificate", **twice) == "ValidationException"


def test_an_issued_certificate_can_be_read_and_a_pending_one_cannot(cloud: Cloud) -> None:
    arn = cloud.certificates.add(
        alternative_names=["*.example.com"],
        key_algorithm="EC_secp384r1",
        not_after=NOW + timedelta(days=9),
        renews=False,
    )
    body = cloud.client("acm").get_certificate(CertificateArn=arn)["Certificate"]
    document = x509.load_pem_x509_certificate(body.encode())
    names = document.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["example.com", "*.example.com"]
    assert document.not_valid_after_utc == NOW + timedelta(days=9)
    serial = cloud.certificates.get(arn).serial.replace(":", "")
    assert document.serial_number == int(serial, 16)
    pending = cloud.certificates.add(status="PENDING_VALIDATION")
    code = refused(cloud, "get_certificate", CertificateArn=pending)
    assert code == "RequestInProgressException"
    code = refused(cloud, "get_certificate", CertificateArn=f"{arn}0")
    assert code == "ResourceNotFoundException"


def test_exporting_makes_a_certificate_eligible_for_renewal(cloud: Cloud) -> None:
    """API_ExportCertificate: private ones, and public ones with Export ENABLED."""
    acm = cloud.client("acm")
    arn = cloud.certificates.add(export_option="ENABLED", key_algorithm="EC_prime256v1")
    exported = acm.export_certificate(CertificateArn=arn, Passphrase=b"correct horse")
    key = serialization.load_pem_private_key(exported["PrivateKey"].encode(), b"correct horse")
    document = x509.load_pem_x509_certificate(exported["Certificate"].encode())
    assert key.public_key() == document.public_key()
    detail = acm.describe_certificate(CertificateArn=arn)["Certificate"]
    assert detail["RenewalEligibility"] == "ELIGIBLE"


def test_an_exported_certificate_is_renewed_once_for_each_export(cloud: Cloud) -> None:
    """managed-renewal: exported since it was issued, or last renewed."""
    acm = cloud.client("acm")
    arn = cloud.certificates.add(type="PRIVATE", exported=True, not_after=NOW + timedelta(days=9))
    acm.describe_certificate(CertificateArn=arn)
    cloud.advance(days=1)
    detail = acm.describe_certificate(CertificateArn=arn)["Certificate"]
    assert detail["RenewalSummary"]["RenewalStatus"] == "SUCCESS"
    assert detail["RenewalEligibility"] == "INELIGIBLE"
    acm.export_certificate(CertificateArn=arn, Passphrase=b"correct horse")
    detail = acm.describe_certificate(CertificateArn=arn)["Certificate"]
    assert detail["RenewalEligibility"] == "ELIGIBLE"


def test_what_cannot_be_exported_is_refused(cloud: Cloud) -> None:
    plain = cloud.certificates.add()
    wanted: dict[str, object] = {"CertificateArn": plain, "Passphrase": b"correct horse"}
    assert refused(cloud, "export_certificate", **wanted) == "ValidationException"
    wanted["CertificateArn"] = cloud.certificates.add(type="PRIVATE")
    wanted["Passphrase"] = b"100%"
    assert refused(cloud, "export_certificate", **wanted) == "ValidationException"
