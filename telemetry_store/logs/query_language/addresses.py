"""`ip("10.0.0.0/8")`: which texts hold an address of a range. A range is one address, a network, or `from-to`."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from functools import lru_cache

from ...go_template.formatting import quote_go

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_FOUR = re.compile(r"[0-9.]*")
_SIX = re.compile(r"[0-9a-fA-F:.]*")


@lru_cache(maxsize=256)
def compile_range(pattern: str) -> Callable[[str], bool]:
    """A test whether a text holds an address in the range. Raises ValueError in Loki's words."""
    low, high = _bounds(pattern)

    def holds(text: str) -> bool:
        position = 0
        while position < len(text):
            kind = _kind_at(text, position)
            if kind is None:
                position += 1
                continue
            match = (_FOUR if kind == 4 else _SIX).match(text, position)
            assert match is not None
            address = _address(match[0])
            if address is not None and address.version == low.version and low <= address <= high:  # type: ignore[operator]
                return True
            position = match.end() + 1
        return False

    return holds


def _kind_at(text: str, position: int) -> int | None:
    piece = text[position : position + 5]
    if len(piece) >= 4 and piece[0] in "0123456789" and "." in piece[1:4]:
        return 4
    if len(piece) == 5:
        if piece.startswith("::") and _is_hexadecimal(piece[2]):
            return 6
        digits = 0
        while digits < 4 and _is_hexadecimal(piece[digits]):
            digits += 1
        if digits and piece[digits] == ":":
            return 6
    return None


def _is_hexadecimal(character: str) -> bool:
    return character in "0123456789abcdefABCDEF"


def _address(text: str) -> _Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _bounds(pattern: str) -> tuple[_Address, _Address]:
    single = _address(pattern)
    if single is not None:
        return single, single
    head, _, bits = pattern.partition("/")
    if bits.isdigit() and _address(head) is not None:
        try:
            network = ipaddress.ip_network(pattern, strict=False)
            return network[0], network[-1]
        except ValueError:
            pass
    first, dash, last = pattern.partition("-")
    low, high = _address(first), _address(last)
    if dash and low is not None and high is not None and low.version == high.version and low <= high:  # type: ignore[operator]
        return low, high
    raise ValueError(f"ip: invalid pattern: {quote_go(pattern)}")
