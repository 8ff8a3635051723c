"""Instants and durations as the three APIs write them. Inside, instants are whole milli- or nanoseconds since 1970."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime

NANOSECONDS = 1_000_000_000

_RFC3339 = re.compile(r"(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9})\d*)?([Zz]|[+-]\d{2}:\d{2})", re.ASCII)
_PROMETHEUS_DURATION = re.compile(
    r"(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?", re.ASCII
)
_PROMETHEUS_UNITS = (365 * 86_400_000, 7 * 86_400_000, 86_400_000, 3_600_000, 60_000, 1_000, 1)
_GO_DURATION = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h|d|w|y)", re.ASCII)
_GO_UNITS = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "μs": 1_000,
    "ms": 1_000_000,
    "s": NANOSECONDS,
    "m": 60 * NANOSECONDS,
    "h": 3600 * NANOSECONDS,
    "d": 86_400 * NANOSECONDS,
    "w": 7 * 86_400 * NANOSECONDS,
    "y": 365 * 86_400 * NANOSECONDS,
}

#: Instants beyond these (years 1 to 9999) are not taken: nothing could have been recorded then.
EARLIEST_SECONDS = -62_135_596_800
LATEST_SECONDS = 253_402_300_799


def parse_rfc3339(text: str) -> int | None:
    """Nanoseconds since 1970 of a date and time with a zone, or None if it is not one."""
    match = _RFC3339.fullmatch(text)
    if match is None:
        return None
    day, clock, fraction, zone = match.groups()
    try:
        moment = datetime.fromisoformat(f"{day}T{clock}{'+00:00' if zone in 'zZ' else zone}")
    except ValueError:
        return None
    nanoseconds = int((fraction or "0").ljust(9, "0"))
    return round((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()) * NANOSECONDS + nanoseconds


def parse_go_duration(text: str) -> int | None:
    """Nanoseconds of a duration such as `1h30m`, `1.5s` or `-10us` (also d, w, y), or None if it is not one."""
    sign = -1 if text.startswith("-") else 1
    rest = text.lstrip("+-") if text[:1] in ("+", "-") else text
    if rest == "0":
        return 0
    total = 0.0
    position = 0
    while position < len(rest):
        match = _GO_DURATION.match(rest, position)
        if match is None:
            return None
        total += float(match[1]) * _GO_UNITS[match[2]]
        position = match.end()
    return sign * round(total) if rest and total < 2**62 else None


def parse_prometheus_duration(text: str) -> int | None:
    """Milliseconds of a Prometheus duration such as `1h30m` or `500ms` (units in falling order), or None."""
    if text == "0":
        return 0
    match = _PROMETHEUS_DURATION.fullmatch(text)
    if not text or match is None:
        return None
    return sum(int(count) * unit for count, unit in zip(match.groups(), _PROMETHEUS_UNITS, strict=True) if count)


def parse_float(text: str) -> float | None:
    """A finite decimal number, or None. Go and Python differ on underscores and blanks, which neither API takes."""
    if "_" in text or text != text.strip():
        return None
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def format_rfc3339(nanoseconds: int) -> str:
    """The instant in UTC as Go's RFC3339Nano writes it: no trailing zeros in the fraction."""
    seconds, fraction = divmod(nanoseconds, NANOSECONDS)
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    digits = f"{fraction:09d}".rstrip("0")
    return f"{text}.{digits}Z" if digits else f"{text}Z"


def format_go_duration(nanoseconds: int) -> str:
    """A duration of whole seconds or more as Go prints it: `168h0m0s`."""
    seconds = nanoseconds // NANOSECONDS
    hours, rest = divmod(seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    if hours:
        return f"{hours}h{minutes}m{seconds}s"
    return f"{minutes}m{seconds}s" if minutes else f"{seconds}s"
