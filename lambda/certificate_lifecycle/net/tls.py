"""TLS probes: read the certificate that a server shows.

The owner of a name's DNS chooses the server. So a name is resolved once and the probe connects to
the checked address: a second resolution could return another one (DNS rebinding).
A probe sends only a handshake and keeps only the certificate. Every failure is a result, not an
error.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Sequence

from certificate_lifecycle.parsing.x509 import MalformedCertificateError, read_certificate
from certificate_lifecycle.policy.probe_targets import may_connect
from certificate_lifecycle.policy.tls_probe import ProbeResult, ProbeState

PORT = 443
#: For a connection, and again for a whole handshake.
TIMEOUT_SECONDS = 3.0
#: Limit of probed addresses for each name: a load balancer has a few, a CDN has many.
_MAX_ADDRESSES = 4
#: Reasons of OpenSSL's versions in Lambda for a response that is not TLS.
_NOT_TLS = frozenset(
    {"HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE", "WRONG_VERSION_NUMBER"}
)
#: Errors of a handshake that the server rejects, with or without an alert.
_REJECTED = (ssl.SSLError, ConnectionResetError, BrokenPipeError)

Resolve = Callable[[str], Sequence[str]]


def addresses_of(name: str) -> Sequence[str]:
    """Return the addresses of a name, IPv4 first; raises OSError if it has none.

    The trailing dot prevents the search list and the hosts file from being used.
    """
    found = socket.getaddrinfo(f"{name}.", None, type=socket.SOCK_STREAM)
    by_family = sorted(found, key=lambda entry: entry[0] != socket.AF_INET)
    return list(dict.fromkeys(str(entry[4][0]) for entry in by_family))


class SocketTlsProbe:
    """Probes names; without `private_addresses` only public addresses.

    Tests set `port` and `resolve`.
    """

    def __init__(
        self, *, private_addresses: bool, port: int = PORT, resolve: Resolve = addresses_of
    ) -> None:
        self._private = private_addresses
        self._port = port
        self._resolve = resolve

    def probe(self, name: str, key_algorithm: str) -> Sequence[ProbeResult]:
        """Return the results of a name's addresses for a client that prefers one kind of key."""
        try:
            addresses = self._resolve(name)
        except OSError:
            return [ProbeResult(name, "", state=ProbeState.UNREACHABLE)]
        return [
            self._probe_result(name, address, key_algorithm)
            for address in addresses[:_MAX_ADDRESSES]
        ]

    def _probe_result(self, name: str, address: str, key_algorithm: str) -> ProbeResult:
        if not may_connect(address, private=self._private):
            return ProbeResult(name, address, state=ProbeState.REFUSED)
        try:
            der = self._certificate(name, address, key_algorithm)
        except ssl.SSLError as error:
            return ProbeResult(name, address, state=_state(error))
        except OSError:
            return ProbeResult(name, address, state=ProbeState.UNREACHABLE)
        try:
            return ProbeResult(name, address, read_certificate(der))
        except MalformedCertificateError:
            return ProbeResult(name, address, state=ProbeState.NO_CERTIFICATE)

    def _certificate(self, name: str, address: str, key_algorithm: str) -> bytes:
        """Return the certificate in DER, with the preferred kind of key if the server has one.

        A load balancer may have an RSA and an ECDSA certificate and prefers the latter (its user
        guide, "SSL certificates"). In TLS 1.2 the cipher suites select one, which Python cannot do
        in TLS 1.3; a server that rejects this is probed again with any version.
        """
        kind = "aECDSA" if key_algorithm.startswith("EC_") else "aRSA"
        try:
            return self._handshake(name, address, _context(kind, ssl.TLSVersion.TLSv1_2))
        except _REJECTED:
            return self._handshake(name, address, _context("ALL", ssl.TLSVersion.MAXIMUM_SUPPORTED))

    def _handshake(self, name: str, address: str, context: ssl.SSLContext) -> bytes:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as plain:
            plain.settimeout(TIMEOUT_SECONDS)
            plain.connect((address, self._port))
            with context.wrap_socket(plain, server_hostname=name) as secure:
                return secure.getpeercert(binary_form=True) or b""


def _context(suites: str, newest: ssl.TLSVersion) -> ssl.SSLContext:
    """Return the context of a client that accepts every certificate, old version and weak key.

    A verifying client would not get expired and wrong certificates, which the probe has to find.
    The certificate is only compared with ACM and never trusted.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.maximum_version = newest
    context.set_ciphers(f"{suites}:!aNULL:!eNULL:@SECLEVEL=0")
    return context


def _state(error: ssl.SSLError) -> ProbeState:
    return ProbeState.NOT_TLS if error.reason in _NOT_TLS else ProbeState.NO_CERTIFICATE
