"""Moments and durations in words."""

import pytest

DURATIONS = [
    (0, "0 s"),
    (4e-9, "4 ns"),
    (870e-6, "870 µs"),
    (999.96e-6, "1 ms"),
    (0.0124, "12.4 ms"),
    (0.9996, "1 s"),
    (1.25, "1.25 s"),
    (59.9, "59.9 s"),
    (59.96, "1 min"),
    (200, "3 min 20 s"),
    (3599.7, "1 h"),
    (7500, "2 h 5 min"),
    (3 * 86400 + 4 * 3600, "3 d 4 h"),
    (-0.5, "−500 ms"),
]


def test_a_duration_has_three_digits_and_the_unit_that_fits(module):
    found = module("format/time.js", "(m, list) => list.map(m.duration)", [seconds for seconds, _ in DURATIONS])
    assert found == [text for _, text in DURATIONS]


def test_what_is_no_number_has_no_duration(module):
    assert module("format/time.js", "m => [m.duration(NaN), m.clock(NaN), m.ago(undefined)]") == ["–"] * 3


def test_the_clock_shows_the_second_that_has_begun(module):
    found = module(
        "format/time.js",
        """m => {
          const t = new Date(2026, 10, 21, 14, 3, 27, 999) / 1000;
          return [m.clock(t), m.clock(t, {milliseconds: true})];
        }""",
    )
    assert found == ["14:03:27", "14:03:27.999"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "just now"), (8, "8 s ago"), (59.6, "1 min ago"), (190, "3 min ago"), (7300, "2 h ago"), (-4, "in 4 s")],
)
def test_how_long_ago_is_said_roughly(module, seconds, text):
    assert module("format/time.js", f"m => m.ago(1000, 1000 + {seconds})") == text
