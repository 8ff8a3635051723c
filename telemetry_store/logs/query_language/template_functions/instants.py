"""Functions of instants: now, texts in Go's layouts, unix time."""

from __future__ import annotations

import time
from collections.abc import Callable
from zoneinfo import ZoneInfo

from ....go_template.instants import ZERO, Instant, ParseError, parse_instant
from ....times import NANOSECONDS
from ..units import parse_integer


def _now() -> Instant:
    return Instant(time.time_ns())


def _date(layout: str, value: object) -> str:
    if isinstance(value, Instant):
        return Instant(value.nanoseconds).format(layout)
    if isinstance(value, int) and not isinstance(value, bool):
        return Instant(value * NANOSECONDS).format(layout)
    return _now().format(layout)


def _to_date(layout: str, text: str) -> Instant:
    try:
        return parse_instant(layout, text)
    except ParseError:
        return ZERO


def _to_date_in_zone(layout: str, zone: str, text: str) -> Instant:
    try:
        known = ZoneInfo(zone or "UTC")
    except (ValueError, OSError, KeyError):
        known = ZoneInfo("UTC")
    try:
        return parse_instant(layout, text, known)
    except ParseError:
        return ZERO


_EPOCH_UNITS = {5: 86_400 * NANOSECONDS, 10: NANOSECONDS, 13: 1_000_000, 16: 1_000, 19: 1}


def _unix_to_time(text: str) -> Instant:
    try:
        number = parse_integer(text)
    except ValueError as error:
        raise ValueError(f"unable to parse time '{text}': {error}") from None
    if len(text) not in _EPOCH_UNITS:
        raise ValueError(f"unable to parse time '{text}': %!w(<nil>)")
    return Instant(number * _EPOCH_UNITS[len(text)])


def _unix_seconds(instant: Instant) -> str:
    return str(instant.nanoseconds // NANOSECONDS)


def _unix_milliseconds(instant: Instant) -> str:
    return str(instant.nanoseconds // 1_000_000)


def _unix_nanoseconds(instant: Instant) -> str:
    return str(instant.nanoseconds)


#: By the names that templates have for them.
FUNCTIONS: dict[str, Callable[..., object]] = {
    "now": _now,
    "date": _date,
    "toDate": _to_date,
    "toDateInZone": _to_date_in_zone,
    "unixToTime": _unix_to_time,
    "unixEpoch": _unix_seconds,
    "unixEpochMillis": _unix_milliseconds,
    "unixEpochNanos": _unix_nanoseconds,
}
