"""Points of series: thinning that keeps spikes, gaps, the value under the cursor, stacks, and single figures."""

from typing import Any

import pytest

from tests.browser import Modules

THIN = """(m, [times, values, from, to, columns, gap]) =>
  m.drawnIndices(times, values.map((value) => value ?? NaN), from, to, columns, gap ?? Infinity)"""


def _drawn(module: Modules, *arguments: Any) -> Any:
    return module("chart/points.js", THIN, arguments)


def test_few_points_are_all_drawn(module: Modules) -> None:
    assert _drawn(module, [0, 1, 2, 3], [5, 6, 7, 8], 0, 3, 100, 1.5) == [0, 1, 2, 3]


def test_absent_points_and_nan_break_the_line_alike(module: Modules) -> None:
    assert _drawn(module, [0, 1, 2, 3, 4], [5, 6, None, 8, 9], 0, 4, 100, 1.5) == [0, 1, -1, 3, 4]
    assert _drawn(module, [0, 1, 3, 4], [5, 6, 8, 9], 0, 4, 100, 1.5) == [0, 1, -1, 2, 3]
    assert _drawn(module, [0, 1, 3, 4], [5, 6, 8, 9], 0, 4, 100, 2.5) == [0, 1, 2, 3]


def test_one_point_beyond_each_edge_is_drawn_and_no_more(module: Modules) -> None:
    assert _drawn(module, [0, 1, 2, 3, 4, 5], [1, 1, 1, 1, 1, 1], 1.5, 3.5, 100, None) == [1, 2, 3, 4]


def test_a_spike_of_one_point_survives_thinning(module: Modules) -> None:
    answer = module(
        "chart/points.js",
        """m => {
          const times = Float64Array.from({length: 100000}, (_, i) => i);
          const values = times.map((i) => (i === 54321 ? 100 : i === 777 ? -100 : i % 7));
          const drawn = m.drawnIndices(times, values, 0, 99999, 500, 2);
          const ascending = drawn.every((i, k) => k === 0 || i > drawn[k - 1]);
          return [drawn.includes(54321), drawn.includes(777), drawn.length <= 4 * 501, ascending];
        }""",
    )
    assert answer == [True, True, True, True]


def test_thinned_and_whole_lines_reach_equally_high_and_low_in_every_column(module: Modules) -> None:
    assert (
        module(
            "chart/points.js",
            """m => {
          let state = 3;
          const random = () => (state = (state * 16807) % 2147483647) / 2147483647;
          const times = Float64Array.from({length: 20000}, (_, i) => i);
          const values = times.map(() => (random() < 0.02 ? NaN : random() * random()));
          const ends = (indices) => {
            const columns = new Map();
            for (const i of indices) {
              if (i < 0 || Number.isNaN(values[i])) continue;
              const column = Math.floor(times[i] / 20000 * 300);
              const [low, high] = columns.get(column) ?? [Infinity, -Infinity];
              columns.set(column, [Math.min(low, values[i]), Math.max(high, values[i])]);
            }
            return JSON.stringify([...columns]);
          };
          return ends(m.drawnIndices(times, values, 0, 20000, 300, 5)) === ends(times.keys());
        }""",
        )
        is True
    )


@pytest.mark.parametrize(
    ("time", "reach", "index"), [(2.4, 1, 2), (2.6, 1, 3), (-5, 1, -1), (-5, 10, 0), (5, 0.5, -1), (5, 1.5, 4)]
)
def test_the_nearest_point_with_a_value_is_found(module: Modules, time: float, reach: float, index: int) -> None:
    got = module(
        "chart/points.js",
        "(m, [time, reach]) => m.nearest([0, 1, 2, 3, 4, 5], [1, 1, 1, 1, 1, NaN], time, reach)",
        [time, reach],
    )
    assert got == index


def test_gaps_do_not_hide_the_usual_step(module: Modules) -> None:
    assert module("chart/points.js", "m => m.usualStep([{times: [0, 60, 75, 90, 300, 315]}])") == 15
    assert module("chart/points.js", "m => m.usualStep([{times: [5]}, {times: []}])") == "NaN"


STACK = """(m, [rows, mode]) => {
  const series = rows.map(([times, values]) => ({times, values: values.map((v) => v ?? NaN)}));
  const {times, layers} = m.stacked(series, mode);
  return {times, tops: layers.map(({tops}) => tops), bottoms: layers.map(({bottoms}) => bottoms)};
}"""


def test_stacks_rise_from_zero_and_skip_what_is_absent(module: Modules) -> None:
    rows = [[[0, 10, 20], [1, 2, 3]], [[0, 20], [4, 5]], [[0, 10, 20], [1, None, 1]]]
    assert module("chart/stack.js", STACK, [rows, "normal"]) == {
        "times": [0, 10, 20],
        "tops": [[1, 2, 3], [5, "NaN", 8], [6, "NaN", 9]],
        "bottoms": [[0, 0, 0], [1, "NaN", 3], [5, "NaN", 8]],
    }


def test_what_is_negative_stacks_downwards_apart(module: Modules) -> None:
    rows = [[[0], [3]], [[0], [-2]], [[0], [1]], [[0], [-1]]]
    answer = module("chart/stack.js", STACK, [rows, "normal"])
    assert (answer["bottoms"], answer["tops"]) == ([[0], [0], [3], [-2]], [[3], [-2], [4], [-3]])


def test_shares_of_a_stack_come_to_one(module: Modules) -> None:
    rows = [[[0, 1], [1, 0]], [[0, 1], [3, 0]]]
    assert module("chart/stack.js", STACK, [rows, "percent"])["tops"] == [[0.25, 0], [1, 0]]


@pytest.mark.parametrize(
    ("calc", "result"),
    [
        ("lastNotNull", 4), ("last", "NaN"), ("first", 2), ("mean", 4), ("min", 2), ("max", 6), ("sum", 12),
        ("count", 3), ("range", 4), ("diff", 2), ("delta", 8), ("median", 4), ("p50", 4),
    ],
)  # fmt: skip
def test_figures_leave_out_what_is_missing(module: Modules, calc: str, result: float | str) -> None:
    assert module("chart/calcs.js", "(m, calc) => m.calculate(calc, {values: [2, 6, null, 4, NaN]})", calc) == result


def test_an_unknown_calculation_is_named(module: Modules) -> None:
    message = module(
        "chart/calcs.js", "m => { try { m.calculate('most', {values: []}); } catch (error) { return error.message; } }"
    )
    assert message.startswith('no calculation is called "most"; there are lastNotNull, ')
