"""Time ranges: what Grafana writes, what people type, and what makes no sense. The browser's zone is the machine's."""

from __future__ import annotations

import pytest

#: Saturday, 2026-11-21, 14:03:27 of the browser's zone, in JavaScript.
NOW = "new Date(2026, 10, 21, 14, 3, 27) / 1000"


def at(*parts: int) -> str:
    return f"new Date({', '.join(map(str, parts))}) / 1000"


MOMENTS = [
    ("now", False, NOW),
    ("now-15m", False, f"{NOW} - 900"),
    ("now - 1h", False, f"{NOW} - 3600"),
    ("now-1h+30m", False, f"{NOW} - 1800"),
    ("now/d", False, at(2026, 10, 21)),
    ("now/d", True, f"{at(2026, 10, 22)} - 0.001"),
    ("now-1d/d", False, at(2026, 10, 20)),
    ("now/w", False, at(2026, 10, 16)),
    ("now-1M/M", False, at(2026, 9, 1)),
    ("now/y", False, at(2026, 0, 1)),
    ("1795269807000", False, "1795269807"),
    ("1795269807", False, "1795269807"),
    ("14:30", False, at(2026, 10, 21, 14, 30)),
    ("9:05:07.5", False, f"{at(2026, 10, 21, 9, 5, 7)} + 0.5"),
    ("2026-11-20", False, at(2026, 10, 20)),
    ("2026-11-20", True, f"{at(2026, 10, 21)} - 0.001"),
    ("2026-11-20 08:15", False, at(2026, 10, 20, 8, 15)),
    ("2026-11-20T08:15:30Z", False, "Date.UTC(2026, 10, 20, 8, 15, 30) / 1000"),
    ("2026-11-20T08:15:30+02:00", False, "Date.UTC(2026, 10, 20, 6, 15, 30) / 1000"),
]

NO_MOMENTS = ["", "yesterday", "25:00", "12:60", "2026-02-31", "now-", "now-1x", "now-1h; x", "<script>", "2026-13-01"]


@pytest.mark.parametrize(("text", "end", "expected"), MOMENTS)
def test_a_moment_is_read_as_it_is_meant(module, text, end, expected):
    script = f"(m, [text, end]) => [m.parseMoment(text, {{ now: {NOW}, end }}), {expected}]"
    found, wanted = module("format/time_range.js", script, [text, end])
    assert found == pytest.approx(wanted, abs=1e-6)


def test_what_is_no_moment_is_none(module):
    script = f"(m, list) => list.filter((text) => m.parseMoment(text, {{ now: {NOW} }}) !== null)"
    assert module("format/time_range.js", script, NO_MOMENTS) == []


def test_a_range_says_which_end_is_wrong(module):
    script = f"(m, list) => list.map(([from, to]) => m.parseRange(from, to, {NOW}).field ?? null)"
    pairs = [["now-1h", "now"], ["x", "now"], ["now-1h", "x"], ["now", "now-1h"], ["now", "now"]]
    assert module("format/time_range.js", script, pairs) == [None, "from", "to", "to", "to"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"from":"now-1h","to":"now"}', {"from": "now-1h", "to": "now"}),
        ("http://127.0.0.1:3000/d/x?from=now-6h&to=now&refresh=5s", {"from": "now-6h", "to": "now"}),
        ("/explore?left=1&from=1795269807000&to=1795273407000", {"from": "1795269807000", "to": "1795273407000"}),
        ("2026-11-21 14:00 to 2026-11-21 14:30", {"from": "2026-11-21 14:00", "to": "2026-11-21 14:30"}),
        ("2026-11-21T14:00:00Z/2026-11-21T14:30:00Z", {"from": "2026-11-21T14:00:00Z", "to": "2026-11-21T14:30:00Z"}),
        ("just words", None),
        ("{}", None),
    ],
)
def test_a_range_that_was_copied_elsewhere_is_understood(module, text, expected):
    assert module("format/time_range.js", "(m, text) => m.rangeFromText(text)", text) == expected


def test_a_range_has_a_name(module):
    script = f"(m, list) => list.map(([from, to]) => m.rangeText(from, to, {NOW}))"
    pairs = [["now-15m", "now"], ["now-45m", "now"], ["now-2d", "now"], ["x", "now"]]
    named = ["Last 15 minutes", "Last 45 minutes", "Last 2 days", "x to now"]
    assert module("format/time_range.js", script, pairs) == named


ADDRESSES = [
    ("m.nowAddress()", "/"),
    ("m.serviceAddress('a b')", "/?service=a+b"),
    (
        "m.dashboardAddress('x/y', { variables: { route: ['/', '/a'] }, from: 1.5, to: 'now' })",
        "/dashboards/x%2Fy?var-route=%2F&var-route=%2Fa&from=1500&to=now",
    ),
    ("m.traceAddress('abc', { span: 'def' })", "/trace/abc?span=def"),
    (
        "m.exploreAddress([{ source: 'loki', query: '{a=\"b\"}' }], { from: 'now-1h', to: 'now' })",
        "/explore?left=%7B%22source%22%3A%22loki%22%2C%22query%22%3A%22%7Ba%3D%5C%22b%5C%22%7D%22%7D&from=now-1h&to=now",
    ),
]


@pytest.mark.parametrize(("call", "address"), ADDRESSES)
def test_addresses_are_made_in_one_place(module, call, address):
    assert module("addresses.js", f"m => {call}") == address
