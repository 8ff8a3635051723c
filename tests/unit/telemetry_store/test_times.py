"""Instants and durations in the forms in which the APIs take them."""

from __future__ import annotations

import pytest

from telemetry_store.quoting import format_labels, quote, unquote
from telemetry_store.times import (
    format_go_duration,
    format_rfc3339,
    parse_go_duration,
    parse_prometheus_duration,
    parse_rfc3339,
)


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("5ms", 5_000_000),
        ("1h30m", 5400 * 10**9),
        ("1.5s", 1_500_000_000),
        ("-10us", -10_000),
        ("0", 0),
        ("2d", 172_800 * 10**9),
    ],
)
def test_a_go_duration_is_read(text: str, nanoseconds: int) -> None:
    assert parse_go_duration(text) == nanoseconds


@pytest.mark.parametrize("text", ["", "5", "5x", "s", "1h-5m", " 5s", "9" * 40 + "y"])
def test_what_is_no_go_duration_is_told_apart(text: str) -> None:
    assert parse_go_duration(text) is None


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [("1h5m", 3_900_000), ("500ms", 500), ("1w", 604_800_000), ("", None), ("1m1h", None), ("1.5s", None)],
)
def test_a_prometheus_duration_is_read(text: str, milliseconds: int | None) -> None:
    assert parse_prometheus_duration(text) == milliseconds


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("1970-01-01T00:00:01Z", 10**9),
        ("2026-11-20T11:00:00.000000001Z", 1_795_172_400_000_000_001),
        ("2026-11-20T13:00:00.5+02:00", 1_795_172_400_500_000_000),
        ("2026-11-20 11:00:00Z", None),
        ("2026-13-20T11:00:00Z", None),
        ("2026-11-20T11:00:00", None),
    ],
)
def test_an_instant_is_read(text: str, nanoseconds: int | None) -> None:
    assert parse_rfc3339(text) == nanoseconds


def test_instants_and_durations_are_written_as_go_does() -> None:
    assert format_rfc3339(1_795_172_400_500_000_000) == "2026-11-20T11:00:00.5Z"
    assert format_rfc3339(0) == "1970-01-01T00:00:00Z"
    assert format_go_duration(168 * 3600 * 10**9) == "168h0m0s"


@pytest.mark.parametrize("text", ["", "plain", 'with "quotes" and \\', "line\nend\ttab", "\x00\x7f"])
def test_a_quoted_text_is_read_back(text: str) -> None:
    assert unquote(quote(text)) == text


def test_escapes_are_gos() -> None:
    assert unquote(r'"\x41\u00e9\101\U0001F600"') == "AéA😀"
    assert unquote("`\\n`") == "\\n"
    for wrong in (r'"\z"', r'"\xg1"', r'"\ud800"'):
        with pytest.raises(ValueError, match="invalid syntax"):
            unquote(wrong)
    assert format_labels({"b": 'x"y', "a": "1"}) == '{a="1", b="x\\"y"}'
