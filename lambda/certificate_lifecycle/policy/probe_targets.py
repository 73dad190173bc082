"""Addresses that TLS probes may connect to.

Anyone who can request a certificate or write a zone chooses the target of a probe. Private and
loopback addresses are excluded unless they are enabled; link-local addresses and instance metadata
are always excluded.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

#: The public prefix of translated IPv4 addresses (RFC 6052), which Python's `is_global` does not
#: cover. The prefix for private use (RFC 8215) is reserved.
_NAT64 = IPv6Network("64:ff9b::/96")
#: Instance metadata of EC2 over IPv6 (EC2 user guide) is a private address. The IPv4 addresses of
#: instance and container metadata are link-local.
_METADATA = IPv6Network("fd00:ec2::/32")
_LOW_32_BITS = 0xFFFF_FFFF


def may_connect(text: str, *, private: bool) -> bool:
    """Whether an address is public or, with `private`, an ordinary private one.

    False for an invalid address.
    """
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv6Address):
        if address in _METADATA:
            return False
        inner = _embedded(address)
        if inner is not None:
            return _allowed(inner, private=private)
    return _allowed(address, private=private)


def _embedded(address: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address in an IPv6 one: mapped, translated, or 6to4."""
    if address in _NAT64:
        return IPv4Address(int(address) & _LOW_32_BITS)
    return address.ipv4_mapped or address.sixtofour


def _allowed(address: IPv4Address | IPv6Address, *, private: bool) -> bool:
    if address.is_loopback:  # first, since the IPv6 loopback address is also reserved
        return private
    if (
        address.is_link_local
        or address.is_multicast
        or address.is_reserved
        or address.is_unspecified
    ):
        return False
    return private or (address.is_global and not getattr(address, "is_site_local", False))
