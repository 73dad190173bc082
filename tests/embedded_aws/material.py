"""Keys and PEM documents: importing, reading and exporting certificates.

https://docs.aws.amazon.com/acm/latest/userguide/import-certificate-prerequisites.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.embedded_aws.certificates import Certificate, distinct
from tests.embedded_aws.protocol import AwsError, Request
from tests.estates.estate import Estate

Result = dict[str, Any]
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
PUBLIC_EXPONENT = 65537
PASSPHRASE_LENGTH = range(4, 129)
# https://docs.aws.amazon.com/acm/latest/APIReference/API_ImportCertificate.html
LONGEST: Mapping[str, int] = {
    "Certificate": 32_768,
    "PrivateKey": 5_120,
    "CertificateChain": 2_097_152,
}
RSA_SIZES = (1024, 2048, 3072, 4096)
EXTENSIONS: Mapping[str, type[x509.KeyUsage | x509.ExtendedKeyUsage]] = {
    "KeyUsage": x509.KeyUsage,
    "ExtendedKeyUsage": x509.ExtendedKeyUsage,
}
CURVES: Mapping[str, type[ec.EllipticCurve]] = {
    "EC_prime256v1": ec.SECP256R1,
    "EC_secp384r1": ec.SECP384R1,
    "EC_secp521r1": ec.SECP521R1,
}
# https://docs.aws.amazon.com/acm/latest/APIReference/API_KeyUsage.html
KEY_USAGES: Mapping[str, str] = {
    "digital_signature": "DIGITAL_SIGNATURE",
    "content_commitment": "NON_REPUDIATION",
    "key_encipherment": "KEY_ENCIPHERMENT",
    "data_encipherment": "DATA_ENCIPHERMENT",
    "key_agreement": "KEY_AGREEMENT",
    "key_cert_sign": "CERTIFICATE_SIGNING",
    "crl_sign": "CRL_SIGNING",
}
# https://docs.aws.amazon.com/acm/latest/APIReference/API_ExtendedKeyUsage.html
PURPOSES: Mapping[x509.ObjectIdentifier, str] = {
    ExtendedKeyUsageOID.SERVER_AUTH: "TLS_WEB_SERVER_AUTHENTICATION",
    ExtendedKeyUsageOID.CLIENT_AUTH: "TLS_WEB_CLIENT_AUTHENTICATION",
    ExtendedKeyUsageOID.CODE_SIGNING: "CODE_SIGNING",
    ExtendedKeyUsageOID.EMAIL_PROTECTION: "EMAIL_PROTECTION",
    ExtendedKeyUsageOID.TIME_STAMPING: "TIME_STAMPING",
    ExtendedKeyUsageOID.OCSP_SIGNING: "OCSP_SIGNING",
}


@dataclass(frozen=True)
class Read:
    """What a PEM certificate says of itself."""

    names: tuple[str, ...]
    key_algorithm: str
    not_before: datetime
    not_after: datetime
    serial: str
    issuer: str
    subject: str
    key_usages: tuple[str, ...]
    extended_key_usages: tuple[str, ...]


class CertificateBundle:
    """The operations that carry keys and certificates."""

    def __init__(self, estate: Estate) -> None:
        self._estate = estate

    def handlers(self) -> Mapping[str, Callable[[Request], Result]]:
        return {
            "ExportCertificate": self.export,
            "GetCertificate": self.get,
            "ImportCertificate": self.import_certificate,
        }

    def import_certificate(self, request: Request) -> Result:
        """Import a certificate, or import another one under the ARN of an imported one."""
        wanted, now = request.parameters, self._estate.now
        for name, longest in LONGEST.items():
            if len(wanted.get(name) or b"") > longest:
                raise AwsError("ValidationException", f"{name} is longer than {longest} bytes.")
        read = _read(wanted["Certificate"], wanted["PrivateKey"])
        _require_path(wanted["Certificate"], wanted.get("CertificateChain") or b"")
        if not read.not_before <= now < read.not_after:
            raise AwsError("ValidationException", "The certificate is not valid at this time.")
        arn = wanted.get("CertificateArn")
        if arn:
            certificate = self._reimported(request, arn, read)
        else:
            tags = {tag["Key"]: tag.get("Value", "") for tag in wanted.get("Tags", [])}
            certificate = self._estate.create(
                request,
                domain_name=read.names[0],
                names=read.names,
                type="IMPORTED",
                status="ISSUED",
                key_algorithm=read.key_algorithm,
                validation_method=None,
                tags=tags,
            )
        certificate.domain_name, certificate.names = read.names[0], read.names
        certificate.not_before, certificate.not_after = read.not_before, read.not_after
        certificate.status, certificate.imported_at = "ISSUED", now
        certificate.serial = read.serial
        certificate.issuer, certificate.subject = read.issuer, read.subject
        certificate.key_usages = read.key_usages
        certificate.extended_key_usages = read.extended_key_usages
        certificate.certificate_pem = _text(wanted["Certificate"])
        certificate.private_key_pem = _text(wanted["PrivateKey"])
        chain = wanted.get("CertificateChain")
        certificate.chain_pem = _text(chain) if chain else None
        return {"CertificateArn": certificate.arn}

    def _reimported(self, request: Request, arn: str, read: Read) -> Certificate:
        """Find the certificate to replace; its key type and some of its names must stay.

        https://docs.aws.amazon.com/acm/latest/userguide/import-reimport.html
        """
        if request.parameters.get("Tags"):
            raise AwsError("InvalidParameterException", "Tagging is not permitted on re-import.")
        certificate = self._estate.find(request, arn)
        if certificate is None:
            raise AwsError("ResourceNotFoundException", f"Could not find certificate {arn}.")
        if certificate.type != "IMPORTED":
            raise AwsError("ValidationException", f"{arn} was not imported.")
        if certificate.key_algorithm != read.key_algorithm:
            raise AwsError("ValidationException", "The key type or size differs.")
        if not set(certificate.names) & set(read.names):
            raise AwsError("ValidationException", "None of the domain names is left.")
        changed = _extensions_changed(certificate, request.parameters["Certificate"])
        if changed:
            text = f"The extension {' and '.join(changed)} cannot be added or removed."
            raise AwsError("ValidationException", text)
        lost = _lost(certificate, read)
        if lost:
            text = f"The usages {', '.join(sorted(lost))} cannot be removed."
            raise AwsError("ValidationException", text)
        return certificate

    def get(self, request: Request) -> Result:
        certificate = self._issued(request)
        body = certificate.certificate_pem or _generated(certificate)
        result = {"Certificate": body, "CertificateChain": certificate.chain_pem}
        return {name: value for name, value in result.items() if value}

    def export(self, request: Request) -> Result:
        """Hand out certificate and key; from then on the certificate counts as exported."""
        certificate, passphrase = self._issued(request), request.parameters["Passphrase"]
        if certificate.type != "PRIVATE" and certificate.export_option != "ENABLED":
            raise AwsError("ValidationException", f"{certificate.arn} cannot be exported.")
        if len(passphrase) not in PASSPHRASE_LENGTH or set(passphrase) & set(b"#$%"):
            raise AwsError("ValidationException", "The passphrase is not acceptable.")
        certificate.exported, certificate.renewed_since_export = True, False
        key = _key(certificate.key_algorithm).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(passphrase),
        )
        body = _generated(certificate)
        return {"Certificate": body, "CertificateChain": body, "PrivateKey": key.decode()}

    def _issued(self, request: Request) -> Certificate:
        arn = request.parameters["CertificateArn"]
        certificate = self._estate.find(request, arn)
        if certificate is None:
            raise AwsError("ResourceNotFoundException", f"Could not find certificate {arn}.")
        if certificate.not_after is None:
            raise AwsError("RequestInProgressException", f"{arn} has not been issued.")
        return certificate


def _require_path(certificate: bytes, chain: bytes) -> None:
    """Refuse a chain in which a certificate does not certify the one before it.

    https://docs.aws.amazon.com/acm/latest/userguide/troubleshoot-import.html
    """
    below = x509.load_pem_x509_certificate(certificate)
    try:
        above = x509.load_pem_x509_certificates(chain) if chain else []
    except ValueError:
        raise AwsError("ValidationException", "The certificate chain is not PEM.") from None
    if below in above:
        raise AwsError("ValidationException", "The chain contains the certificate itself.")
    for issuer in above:
        try:
            below.verify_directly_issued_by(issuer)
        except (InvalidSignature, TypeError, ValueError):
            text = "Could not validate the certificate with the certificate chain."
            raise AwsError("ValidationException", text) from None
        below = issuer


def _extensions_changed(before: Certificate, certificate: bytes) -> Sequence[str]:
    """Name the extensions that would come or go, which AWS permits under another ARN only.

    https://docs.aws.amazon.com/acm/latest/userguide/import-certificate-prerequisites.html
    """
    if before.certificate_pem is None:
        return ()
    there = x509.load_pem_x509_certificate(before.certificate_pem.encode())
    offered = x509.load_pem_x509_certificate(certificate)
    return [
        name for name, kind in EXTENSIONS.items() if _has(offered, kind) is not _has(there, kind)
    ]


def _has(document: x509.Certificate, kind: type[x509.KeyUsage | x509.ExtendedKeyUsage]) -> bool:
    return any(isinstance(extension.value, kind) for extension in document.extensions)


def _lost(before: Certificate, read: Read) -> set[str]:
    """Name the usages that would be removed and must not be, with the two exceptions of AWS.

    https://docs.aws.amazon.com/acm/latest/userguide/import-reimport.html
    """
    usages = set(before.key_usages) - set(read.key_usages)
    if read.key_algorithm in CURVES:
        usages -= {"KEY_ENCIPHERMENT"}
    purposes = set(before.extended_key_usages) - set(read.extended_key_usages)
    return usages | (purposes - {"TLS_WEB_CLIENT_AUTHENTICATION"})


def _read(certificate: bytes, private_key: bytes) -> Read:
    if certificate.count(b"-----BEGIN CERTIFICATE-----") > 1:
        raise AwsError("ValidationException", "The certificate field holds more than one.")
    try:
        document = x509.load_pem_x509_certificate(certificate)
        key = serialization.load_pem_private_key(private_key, password=None)
    except (TypeError, ValueError):
        raise AwsError(
            "ValidationException", "The certificate or its key is not PEM, or is encrypted."
        ) from None
    if document.version is not x509.Version.v3:
        raise AwsError("ValidationException", "The certificate is not of X.509 version 3.")
    if not list(document.issuer):
        raise AwsError("ValidationException", "The certificate names no issuer.")
    if key.public_key() != document.public_key():
        raise AwsError("ValidationException", "The private key does not match the certificate.")
    names = distinct([*_common_names(document), *_alternative_names(document)])
    if not names:
        raise AwsError("ValidationException", "The certificate names no domain.")
    serial = f"{document.serial_number:x}"
    padded = serial.zfill(len(serial) + len(serial) % 2)
    return Read(
        names=names,
        key_algorithm=_algorithm(key),
        not_before=document.not_valid_before_utc,
        not_after=document.not_valid_after_utc,
        serial=":".join(padded[i : i + 2] for i in range(0, len(padded), 2)),
        issuer=_shown_issuer(document),
        subject=document.subject.rfc4514_string(),
        key_usages=_key_usages(document),
        extended_key_usages=_extended_key_usages(document),
    )


def _shown_issuer(document: x509.Certificate) -> str:
    """Return what ACM shows of the issuer: its organization, or else its common name."""
    for oid in (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME):
        for attribute in document.issuer.get_attributes_for_oid(oid):
            return str(attribute.value)
    return document.issuer.rfc4514_string()


def _key_usages(document: x509.Certificate) -> tuple[str, ...]:
    try:
        usage = document.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(shown for name, shown in KEY_USAGES.items() if getattr(usage, name))


def _extended_key_usages(document: x509.Certificate) -> tuple[str, ...]:
    try:
        usage = document.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(PURPOSES.get(purpose, "CUSTOM") for purpose in usage)


def _common_names(document: x509.Certificate) -> list[str]:
    found = document.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return [str(attribute.value) for attribute in found]


def _alternative_names(document: x509.Certificate) -> list[str]:
    try:
        found = document.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    return found.value.get_values_for_type(x509.DNSName)


def _algorithm(key: object) -> str:
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size in RSA_SIZES:
        return f"RSA_{key.key_size}"
    for name, curve in CURVES.items():
        if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, curve):
            return name
    raise AwsError("ValidationException", "The key algorithm is not supported.")


@cache
def _key(algorithm: str) -> Key:
    """Generate one key per algorithm, because generation is slow and no test reads keys."""
    if algorithm in CURVES:
        return ec.generate_private_key(CURVES[algorithm]())
    return rsa.generate_private_key(PUBLIC_EXPONENT, int(algorithm.removeprefix("RSA_")))


def _generated(certificate: Certificate) -> str:
    """Write the certificate out: its names, validity and serial, signed by its own key."""
    key = _key(certificate.key_algorithm)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, certificate.domain_name)])
    not_before, not_after = certificate.not_before, certificate.not_after
    if not_before is None or not_after is None:
        raise AwsError("RequestInProgressException", f"{certificate.arn} has not been issued.")
    document = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(int(certificate.serial.replace(":", ""), 16))
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(name) for name in certificate.names]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    return document.public_bytes(serialization.Encoding.PEM).decode()


def _text(document: bytes) -> str:
    return document.decode()
