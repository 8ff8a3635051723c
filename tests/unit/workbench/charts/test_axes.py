"""Value and time axes: where ticks lie, how far an axis reaches."""

from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser import Modules, watched_page


@pytest.mark.parametrize(
    ("low", "high", "unit", "ticks"),
    [
        (0, 10, "short", [0, 2, 4, 6, 8, 10]),
        (0, 1, "percentunit", [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (-3, 3, "short", [-2, 0, 2]),
        (0, 0.13, "s", [0, 0.05, 0.1]),
        (0, 3600, "s", [0, 900, 1800, 2700, 3600]),
        (0, 5 * 2**20, "bytes", [0, 2**20, 2 * 2**20, 3 * 2**20, 4 * 2**20, 5 * 2**20]),
        (1e9, 1.0001e9, "short", [1e9, 1.00002e9, 1.00004e9, 1.00006e9, 1.00008e9, 1.0001e9]),
    ],
)
def test_ticks_are_round_in_the_unit(module: Modules, low: float, high: float, unit: str, ticks: list[float]) -> None:
    assert module("chart/scale.js", "(m, [low, high, unit]) => m.ticks(low, high, 5, unit)", [low, high, unit]) == ticks


@pytest.mark.parametrize(
    ("low", "high", "options", "ends"),
    [
        (3, 9.2, {}, [2, 10]),
        (3, 9.2, {"zero": True}, [0, 10]),
        (3, 9.2, {"min": 0, "max": 9.2}, [0, 9.2]),
        (0.001, 0.002, {"min": 0, "softMax": 0.02}, [0, 0.02]),
        (1, 4, {"min": 0, "softMax": 0.02}, [0, 4]),
        (5, 5, {}, [0, 5]),
        (0, 1, {"min": 0, "whole": True}, [0, 1]),
        (0, 11, {"min": 0, "whole": True}, [0, 15]),
        (0, 0, {}, [0, 1]),
        (-5, -5, {}, [-5, 0]),
        (2, 8, {"min": 10}, [10, 20]),
        (None, None, {}, [0, 1]),
        (None, None, {"min": 0, "max": 1}, [0, 1]),
    ],
)
def test_an_axis_reaches_the_next_tick_unless_its_end_is_fixed(
    module: Modules, low: float | None, high: float | None, options: dict[str, Any], ends: list[float]
) -> None:
    got = module(
        "chart/scale.js",
        "(m, [low, high, options]) => m.extent(low ?? Infinity, high ?? -Infinity, options)",
        [low, high, options],
    )
    assert [got["low"], got["high"]] == ends


def test_an_axis_holds_all_of_its_data(module: Modules) -> None:
    assert (
        module(
            "chart/scale.js",
            """m => {
             let state = 7;
             const random = () => (state = (state * 16807) % 2147483647) / 2147483647;
             const bad = [];
             for (let i = 0; i < 3000; i += 1) {
               const low = (random() - 0.5) * 10 ** Math.floor(random() * 18 - 8);
               const high = low + random() * 10 ** Math.floor(random() * 18 - 8);
               for (const unit of ["short", "s", "bytes"]) {
                 const ends = m.extent(low, high, { unit });
                 const ticks = m.linearScale(ends, 0, 1).ticks;
                 const room = 1e-9 * Math.max(Math.abs(low), Math.abs(high));
                 const holds = ends.low <= low + room && ends.high >= high - room && ends.high > ends.low;
                 if (!holds) bad.push([unit, low, high, ends]);
                 if (ticks.length < 2 || ticks.length > 9) bad.push([unit, low, high, ticks]);
               }
             }
             return bad.slice(0, 5);
           }""",
        )
        == []
    )


def test_a_scale_and_its_inverse_are_one(module: Modules) -> None:
    assert module(
        "chart/scale.js",
        """m => [m.linearScale({low: -5, high: 20}, 200, 0), m.logScale({low: 0.001, high: 30}, 200, 0)]
                .map((scale) => [20, 1, 0.5].map((value) => Number(scale.from(scale.to(value)).toFixed(9))))""",
    ) == [[20, 1, 0.5], [20, 1, 0.5]]


def test_a_logarithmic_axis_has_powers_and_keeps_what_is_not_positive_at_its_foot(module: Modules) -> None:
    scale = "m.logScale({low: 0.002, high: 40}, 100, 0)"
    assert module("chart/scale.js", f"m => {scale}.ticks") == [0.001, 0.01, 0.1, 1, 10, 100]
    assert module("chart/scale.js", f"m => [0, -3, 0.001].map((value) => Math.round({scale}.to(value)))") == [
        100,
        100,
        100,
    ]


@pytest.fixture
def in_zone(browser: Browser, origin: str) -> Any:
    """ticks(zone, local start, minutes, count) → labels, with a * where a day begins."""

    def ticks(zone: str, start: str, minutes: float, count: int) -> Any:
        with watched_page(browser, timezone_id=zone) as (page, _):
            return Modules(page, origin)(
                "chart/time_axis.js",
                """(m, [start, minutes, count]) => {
                     const from = new Date(start).getTime() / 1000;
                     return m.timeTicks(from, from + minutes * 60, count)
                       .map(({label, strong}) => label + (strong ? "*" : ""));
                   }""",
                [start, minutes, count],
            )

    return ticks


def test_times_are_round_on_the_clock_of_the_zone(in_zone: Any) -> None:
    assert in_zone("Asia/Kathmandu", "2026-11-21T10:07:00", 60, 6) == [
        "10:10",
        "10:20",
        "10:30",
        "10:40",
        "10:50",
        "11:00",
    ]
    assert in_zone("Asia/Kathmandu", "2026-11-21T10:07:00", 360, 6) == [
        "11:00",
        "12:00",
        "13:00",
        "14:00",
        "15:00",
        "16:00",
    ]


def test_a_day_is_named_where_it_begins(in_zone: Any) -> None:
    assert in_zone("Europe/Berlin", "2026-11-20T20:00:00", 600, 5) == [
        "20:00",
        "22:00",
        "21 Nov*",
        "02:00",
        "04:00",
        "06:00",
    ]


def test_the_day_on_which_the_clock_changes_keeps_its_round_hours(in_zone: Any) -> None:
    # In the night of 25 October 02:00 to 03:00 comes twice: the day has 25 hours.
    assert in_zone("Europe/Berlin", "2026-10-24T18:00:00", 24 * 60, 5) == ["18:00", "25 Oct*", "06:00", "12:00"]


def test_short_and_long_ranges_have_fitting_labels(in_zone: Any) -> None:
    assert in_zone("UTC", "2026-11-21T10:00:01", 0.5, 4) == ["10:00:10", "10:00:20", "10:00:30"]
    assert in_zone("UTC", "2026-11-21T10:00:01", 1 / 60, 4) == ["00:01.0", "00:01.5", "00:02.0"]
    assert in_zone("UTC", "2026-10-01T00:00:00", 60 * 24 * 400, 5) == ["Oct", "2027*", "Apr", "Jul", "Oct"]
