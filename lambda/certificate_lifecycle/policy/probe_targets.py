"""Which addresses may be connected to, when a name that somebody else chose leads to them.

Whoever may request a certificate, or write a zone, chooses where a connection goes: a name that
leads into a private network, to the function itself or to the metadata of a machine is not followed
unless private addresses are wanted, and some of these never are.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

#: The prefix of translated IPv4 addresses that anybody may route (RFC 6052), which Python's
#: `is_global` knows nothing about. Its likeness for use within a network (RFC 8215) is reserved.
_NAT64 = IPv6Network("64:ff9b::/96")
#: Where a machine of EC2 finds its credentials over IPv6 (EC2 user guide, instance metadata): it
#: lies among the private ones. That of IPv4 is link-local, as are those of containers.
_METADATA = IPv6Network("fd00:ec2::/32")
_LOW_32_BITS = 0xFFFF_FFFF


def may_connect(text: str, *, private: bool) -> bool:
    """Whether an address is a public one, or, where `private` ones are wanted, a usual one.

    What is no address never may be.
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
    """Return the IPv4 address that an IPv6 one stands for: mapped, translated, or 6to4."""
    if address in _NAT64:
        return IPv4Address(int(address) & _LOW_32_BITS)
    return address.ipv4_mapped or address.sixtofour


def _allowed(address: IPv4Address | IPv6Address, *, private: bool) -> bool:
    if address.is_loopback:  # first, since the one of IPv6 counts as reserved, too
        return private
    if (
        address.is_link_local
        or address.is_multicast
        or address.is_reserved
        or address.is_unspecified
    ):
        return False
    return private or (address.is_global and not getattr(address, "is_site_local", False))
