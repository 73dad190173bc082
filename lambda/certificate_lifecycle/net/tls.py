"""Look at the certificate that a server shows to whoever connects to one of its names.

The one adapter that talks to servers whose address somebody else chose, namely whoever writes the
DNS of a certificate's names. So it resolves a name once, checks each address and connects to the
very address that was checked: a second resolution could give another answer (DNS rebinding).
Nothing is sent but a handshake, nothing that comes back is run, followed or kept but the
certificate, and every way in which this can fail is an answer and no error.
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
#: Addresses of a name that are connected to: a load balancer has a few, a CDN has many.
_MAX_ADDRESSES = 4
#: What OpenSSL calls an answer that is no TLS record, by the versions that Lambda has had.
_NOT_TLS = frozenset(
    {"HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE", "WRONG_VERSION_NUMBER"}
)
#: What a handshake ends with that the server does not want: with an alert, or without a word.
_BROKEN_OFF = (ssl.SSLError, ConnectionResetError, BrokenPipeError)

Resolve = Callable[[str], Sequence[str]]


def addresses_of(name: str) -> Sequence[str]:
    """Return the addresses of a name, those of IPv4 first; raises OSError if it has none.

    With the dot at its end the name is complete: no search list of the machine makes another one
    of it, and its file of hosts does not know it.
    """
    found = socket.getaddrinfo(f"{name}.", None, type=socket.SOCK_STREAM)
    by_family = sorted(found, key=lambda each: each[0] != socket.AF_INET)
    return list(dict.fromkeys(str(entry[4][0]) for entry in by_family))


class SocketTlsProbe:
    """Connects to names; without `private_addresses` only to what is public.

    `port` and `resolve` are what the outside has of it, so that a test can be the outside.
    """

    def __init__(
        self, *, private_addresses: bool, port: int = PORT, resolve: Resolve = addresses_of
    ) -> None:
        self._private = private_addresses
        self._port = port
        self._resolve = resolve

    def probe(self, name: str, key_algorithm: str) -> Sequence[ProbeResult]:
        """Return what the addresses of a name show to a client that takes keys of one kind."""
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
            der = self._shown(name, address, key_algorithm)
        except ssl.SSLError as error:
            return ProbeResult(name, address, state=_state(error))
        except OSError:
            return ProbeResult(name, address, state=ProbeState.UNREACHABLE)
        try:
            return ProbeResult(name, address, read_certificate(der))
        except MalformedCertificateError:
            return ProbeResult(name, address, state=ProbeState.NO_CERTIFICATE)

    def _shown(self, name: str, address: str, key_algorithm: str) -> bytes:
        """Return the certificate in DER, of the kind of key that is wanted if there is one.

        A load balancer serves an RSA and an ECDSA certificate side by side and prefers the latter
        (its user guide, "SSL certificates"). The suites of TLS 1.2 say which one a client takes,
        which Python cannot say in TLS 1.3; who does not take that is asked in any version.
        """
        kind = "aECDSA" if key_algorithm.startswith("EC_") else "aRSA"
        try:
            return self._handshake(name, address, _context(kind, ssl.TLSVersion.TLSv1_2))
        except _BROKEN_OFF:
            return self._handshake(name, address, _context("ALL", ssl.TLSVersion.MAXIMUM_SUPPORTED))

    def _handshake(self, name: str, address: str, context: ssl.SSLContext) -> bytes:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as plain:
            plain.settimeout(TIMEOUT_SECONDS)
            plain.connect((address, self._port))
            with context.wrap_socket(plain, server_hostname=name) as secure:
                return secure.getpeercert(binary_form=True) or b""


def _context(suites: str, newest: ssl.TLSVersion) -> ssl.SSLContext:
    """Return a client that takes whatever is shown to it.

    It does not verify: it is there to see the certificate that is expired, or somebody else's, and
    that a client which verifies would not get to see. Nothing is trusted for having been seen; it
    is compared with what ACM has. For the same reason it takes old versions and weak keys.
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
