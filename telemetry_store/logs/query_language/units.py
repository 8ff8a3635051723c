"""Numbers, durations and sizes in texts, read and written as Go's libraries do, with their complaints (ValueError)."""

from __future__ import annotations

import math
import re
from decimal import Decimal

from ...go_template.formatting import quote_go
from ...times import NANOSECONDS

_FLOAT = re.compile(r"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|inf(?:inity)?|nan)", re.ASCII | re.IGNORECASE)
#: An underscore between digits, which Go and Python take alike.
_UNDERSCORE = re.compile(r"(?<=\d)_(?=\d)", re.ASCII)
_HEXADECIMAL = re.compile(r"[+-]?0x(?:[0-9a-f]+\.?[0-9a-f]*|\.[0-9a-f]+)p[+-]?\d+", re.ASCII | re.IGNORECASE)
_LARGEST = 2**63 - 1

_GO_UNITS = {
    "ns": 1, "us": 1_000, "µs": 1_000, "μs": 1_000, "ms": 1_000_000, "s": NANOSECONDS,
    "m": 60 * NANOSECONDS, "h": 3600 * NANOSECONDS,
}  # fmt: skip
_GO_PART = re.compile(r"(\d*)(?:\.(\d*))?([^\d.]*)", re.ASCII)

#: Prometheus' units from the largest, in nanoseconds.
_PROMETHEUS_UNITS = {
    "y": 365 * 86_400 * NANOSECONDS, "w": 7 * 86_400 * NANOSECONDS, "d": 86_400 * NANOSECONDS, "h": 3600 * NANOSECONDS,
    "m": 60 * NANOSECONDS, "s": NANOSECONDS, "ms": NANOSECONDS // 1000,
}  # fmt: skip
_PROMETHEUS_PART = re.compile(r"(\d+)(\D*)", re.ASCII)

_SIZES = {"": 1, "b": 1}
for _power, _letter in enumerate("kmgtpe", 1):
    _SIZES |= {f"{_letter}b": 1000**_power, _letter: 1000**_power}
    _SIZES |= {f"{_letter}ib": 1024**_power, f"{_letter}i": 1024**_power}


def parse_float(text: str) -> float:
    """Go's strconv.ParseFloat."""
    if _FLOAT.fullmatch(_UNDERSCORE.sub("", text)):
        number = float(text)
    elif _HEXADECIMAL.fullmatch(text):
        try:
            number = float.fromhex(text)
        except OverflowError:
            number = math.inf
    else:
        raise ValueError(f"strconv.ParseFloat: parsing {quote_go(text)}: invalid syntax")
    if math.isinf(number) and "inf" not in text.lower():
        raise ValueError(f"strconv.ParseFloat: parsing {quote_go(text)}: value out of range")
    return number


def parse_integer(text: str, function: str = "ParseInt") -> int:
    """Go's strconv.ParseInt with 64 bits (or Atoi)."""
    if not re.fullmatch(r"[+-]?\d+", text, re.ASCII):
        raise ValueError(f"strconv.{function}: parsing {quote_go(text)}: invalid syntax")
    number = int(text) if len(text) < 40 else 2**64
    if not -_LARGEST - 1 <= number <= _LARGEST:
        raise ValueError(f"strconv.{function}: parsing {quote_go(text)}: value out of range")
    return number


def parse_go_duration(text: str) -> int:
    """Nanoseconds of Go's time.ParseDuration: `1h30m`, `-1.5s`, `10us`."""
    rest = text[1:] if text[:1] in ("+", "-") else text
    if rest == "0":
        return 0
    invalid = ValueError(f"time: invalid duration {quote_go(text)}")
    if not rest:
        raise invalid
    total = 0
    while rest:
        match = _GO_PART.match(rest)
        assert match is not None
        whole, fraction, unit = match.groups()
        if not whole and not fraction:
            raise invalid
        if not unit:
            raise ValueError(f"time: missing unit in duration {quote_go(text)}")
        if unit not in _GO_UNITS:
            raise ValueError(f"time: unknown unit {quote_go(unit)} in duration {quote_go(text)}")
        if len(whole) > 30:
            raise invalid
        total += int(whole or "0") * _GO_UNITS[unit]
        if fraction:
            total += int(float(f"0.{fraction}") * _GO_UNITS[unit])
        if total > _LARGEST:
            raise invalid
        rest = rest[match.end() :]
    return -total if text[0] == "-" else total


def parse_prometheus_duration(text: str) -> int:
    """Nanoseconds of Prometheus' model.ParseDuration: units in falling order, no fractions, no sign."""
    if text == "0":
        return 0
    if not text:
        raise ValueError("empty duration string")
    invalid = ValueError(f"not a valid duration string: {quote_go(text)}")
    units = list(_PROMETHEUS_UNITS)
    total = position = 0
    last = -1
    while position < len(text):
        match = _PROMETHEUS_PART.match(text, position)
        if match is None or not match[2] or len(match[1]) > 30:
            raise invalid
        count, unit = match.groups()
        if unit not in _PROMETHEUS_UNITS:
            raise ValueError(f"unknown unit {quote_go(unit)} in duration {quote_go(text)}")
        if units.index(unit) <= last:
            raise invalid
        last = units.index(unit)
        total += int(count) * _PROMETHEUS_UNITS[unit]
        if total > _LARGEST:
            raise ValueError("duration out of range")
        position = match.end()
    return total


def parse_size(text: str) -> int:
    """Bytes of `1.5KiB`, `3 MB`, `12`."""
    end = 0
    while end < len(text) and (text[end].isdigit() or text[end] in ".,"):
        end += 1
    number = parse_float(text[:end].replace(",", "") if "," in text else text[:end])
    unit = text[end:].strip().lower()
    if unit not in _SIZES:
        raise ValueError(f"unhandled size name: {unit}")
    size = number * _SIZES[unit]
    if size >= 2**64:
        raise ValueError(f"too large: {text}")
    return int(size)


def format_float(number: float) -> str:
    """The shortest digits, without an exponent: Go's FormatFloat with 'f'."""
    if not math.isfinite(number):
        return "NaN" if math.isnan(number) else ("+Inf" if number > 0 else "-Inf")
    text = format(Decimal(repr(number)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def format_go_duration(nanoseconds: int) -> str:
    """`1h30m0s`, `1.5s`, `20ms`, `0s`."""
    if not nanoseconds:
        return "0s"
    sign = "-" if nanoseconds < 0 else ""
    size = abs(nanoseconds)
    for unit, length in (("ns", 1), ("µs", 1_000), ("ms", 1_000_000)):
        if size < length * 1000:
            return sign + _decimal(size, length) + unit
    minutes, rest = divmod(size, 60 * NANOSECONDS)
    text = _decimal(rest, NANOSECONDS) + "s"
    if minutes:
        hours, minutes = divmod(minutes, 60)
        text = f"{minutes}m{text}"
        text = f"{hours}h{text}" if hours else text
    return sign + text


def _decimal(count: int, unit: int) -> str:
    whole, rest = divmod(count, unit)
    digits = str(rest).rjust(len(str(unit)) - 1, "0").rstrip("0") if rest else ""
    return f"{whole}.{digits}" if digits else str(whole)


def format_prometheus_duration(nanoseconds: int) -> str:
    """`1h30m`, `2w`, `0s`; what is below a millisecond is left out."""
    rest = abs(nanoseconds) // 1_000_000
    if not rest:
        return "0s"
    parts = ["-"] if nanoseconds < 0 else []
    for unit, length in _PROMETHEUS_UNITS.items():
        size = length // 1_000_000
        # Years and weeks only where nothing is left over: 90d reads better than 12w6d.
        if (unit in "yw" and rest % size) or not rest // size:
            continue
        parts.append(f"{rest // size}{unit}")
        rest %= size
    return "".join(parts)


def format_size(size: int) -> str:
    """`12B`, `1.5kB`, `30MB`."""
    if size < 10:
        return f"{size}B"
    power = math.floor(math.log(size) / math.log(1000))
    value = math.floor(size / 1000.0**power * 10 + 0.5) / 10
    return (f"{value:.1f}" if value < 10 else f"{value:.0f}") + ("B", "kB", "MB", "GB", "TB", "PB", "EB")[power]
