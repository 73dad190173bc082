"""Probes connect to public addresses only, unless private ones are enabled.

The table has each address with what may be done without, and with, private addresses.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certificate_lifecycle.policy.probe_targets import may_connect

PUBLIC, PRIVATE, NEVER = (True, True), (False, True), (False, False)

ADDRESSES = {
    "8.8.8.8": PUBLIC,
    "52.95.110.1": PUBLIC,
    "2606:4700::1111": PUBLIC,
    "2600:1f14::1": PUBLIC,
    # Private networks, of RFC 1918, 6598 and 4193.
    "10.0.0.1": PRIVATE,
    "172.16.0.1": PRIVATE,
    "172.31.255.255": PRIVATE,
    "192.168.1.1": PRIVATE,
    "100.64.0.1": PRIVATE,
    "fd12:3456::1": PRIVATE,
    "fec0::1": PRIVATE,
    # The function itself.
    "127.0.0.1": PRIVATE,
    "127.255.255.254": PRIVATE,
    "::1": PRIVATE,
    # Documentation and tests.
    "192.0.2.1": PRIVATE,
    "198.18.0.1": PRIVATE,
    "203.0.113.7": PRIVATE,
    "2001:db8::1": PRIVATE,
    # Credentials of machines and of containers.
    "169.254.169.254": NEVER,
    "169.254.170.2": NEVER,
    "169.254.170.23": NEVER,
    "fd00:ec2::254": NEVER,
    "fd00:ec2::23": NEVER,
    "fe80::1": NEVER,
    "fe80::a9fe:a9fe%eth0": NEVER,
    # Not one machine.
    "0.0.0.0": NEVER,
    "::": NEVER,
    "224.0.0.1": NEVER,
    "239.255.255.250": NEVER,
    "255.255.255.255": NEVER,
    "240.0.0.1": NEVER,
    "ff02::1": NEVER,
    # IPv4 in IPv6: mapped, translated, 6to4, and the form that nobody uses any more.
    "::ffff:8.8.8.8": PUBLIC,
    "::ffff:10.0.0.1": PRIVATE,
    "::ffff:127.0.0.1": PRIVATE,
    "::ffff:169.254.169.254": NEVER,
    "64:ff9b::8.8.8.8": PUBLIC,
    "64:ff9b::10.0.0.1": PRIVATE,
    "64:ff9b::169.254.169.254": NEVER,
    "64:ff9b::10.0.0.0": PRIVATE,
    "64:ff9b::9.255.255.255": PUBLIC,
    "64:ff9b::0.0.0.1": PRIVATE,  # one bit beside the address of no machine
    "64:ff9b:1::8.8.8.8": NEVER,
    "64:ff9b:1::169.254.169.254": NEVER,
    "2002:808:808::1": PUBLIC,
    "2002:7f00:1::1": PRIVATE,
    "2002:a9fe:a9fe::1": NEVER,
    "::8.8.8.8": NEVER,
    "::127.0.0.1": NEVER,
    # Other spellings, which some resolvers take and `ipaddress` does not.
    "127.1": NEVER,
    "0x7f.0.0.1": NEVER,
    "2130706433": NEVER,
    "010.0.0.1": NEVER,
    "localhost": NEVER,
    "": NEVER,
}
REFUSED_IN_ANY_FORM = [
    *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8"),
    *("169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4", "0.0.0.0/32"),
]


@pytest.mark.parametrize(("address", "allowed"), ADDRESSES.items(), ids=ADDRESSES)
def test_an_address_is_connected_to_only_if_it_is_wanted(
    address: str, allowed: tuple[bool, bool]
) -> None:
    assert (may_connect(address, private=False), may_connect(address, private=True)) == allowed


def forms(address: IPv4Address) -> list[str]:
    """Write an address as IPv6 has it: mapped, translated, and as the start of a 6to4 network."""
    number = int(address)
    return [
        str(IPv6Address((0xFFFF << 32) | number)),
        str(IPv6Address((0x64FF9B << 96) | number)),
        str(IPv6Address((0x2002 << 112) | (number << 80) | 1)),
    ]


@given(st.sampled_from(REFUSED_IN_ANY_FORM), st.data())
def test_no_form_of_an_address_that_is_not_public_is_connected_to(
    network: str, data: st.DataObject
) -> None:
    inner = data.draw(st.ip_addresses(v=4, network=network))
    assert isinstance(inner, IPv4Address)
    assert not any(may_connect(form, private=False) for form in [str(inner), *forms(inner)])


@given(st.ip_addresses(v=4), st.booleans())
def test_a_form_of_an_address_is_as_good_as_the_address(
    inner: IPv4Address,
    private: bool,  # noqa: FBT001 - drawn
) -> None:
    plain = may_connect(str(inner), private=private)
    assert [may_connect(form, private=private) for form in forms(inner)] == [plain] * 3


@given(st.ip_addresses())
def test_what_may_be_connected_to_may_be_so_where_private_addresses_are_wanted_too(
    address: IPv4Address | IPv6Address,
) -> None:
    assert may_connect(str(address), private=True) or not may_connect(str(address), private=False)


def test_link_local_addresses_are_never_connected_to() -> None:
    for number in range(0, 2**16, 251):
        address = str(ip_network("169.254.0.0/16")[number])
        assert not may_connect(address, private=True)
