"""Whom an address stands for, and how much of it is told."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

#: Of IPv6, what one customer gets is 64 bits and more: whoever has one address has as many as he likes.
_CALLER_BITS = 64
#: What log lines keep: enough to see from where, too little to see who.
_TOLD_BITS = {4: 24, 6: 48}


def caller_of(address: str) -> str:
    """What is counted and remembered as one caller: an IPv4 address, or the network of an IPv6 one."""
    parsed = _parse(address)
    if parsed is None or parsed.version == 4:
        return address if parsed is None else str(parsed)
    return _network(parsed, _CALLER_BITS)


def shortened(address: str) -> str:
    """The network it is in: 203.0.113.7 -> 203.0.113.0/24. Empty for what is no address."""
    parsed = _parse(address)
    return "" if parsed is None else _network(parsed, _TOLD_BITS[parsed.version])


def _parse(address: str) -> IPv4Address | IPv6Address | None:
    try:
        parsed = ip_address(address)
    except ValueError:
        return None
    # A socket that listens for both tells of IPv4 callers in IPv6.
    return (parsed.ipv4_mapped or parsed) if isinstance(parsed, IPv6Address) else parsed


def _network(address: IPv4Address | IPv6Address, bits: int) -> str:
    kind = IPv4Network if address.version == 4 else IPv6Network
    # As a number: without the interface that a link-local address has behind it.
    return str(kind((int(address), bits), strict=False))
