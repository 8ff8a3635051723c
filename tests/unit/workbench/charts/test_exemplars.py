"""Of many exemplars those are drawn that show where all of them lie."""

from tests.browser import Modules

THINNED = "(m, [exemplars, range]) => m.thinned(exemplars, range)"


def test_few_are_all_drawn(module: Modules) -> None:
    exemplars = [{"time": time, "value": 1} for time in range(10, 50, 10)]
    assert module("chart/exemplars.js", THINNED, [exemplars, {"from": 0, "to": 100}]) == exemplars


def test_of_many_at_a_time_slowest_and_fastest_are_kept(module: Modules) -> None:
    exemplars = [{"time": 12 + value / 1000, "value": value} for value in range(101)]
    kept = module("chart/exemplars.js", THINNED, [exemplars, {"from": 0, "to": 100}])
    assert [exemplar["value"] for exemplar in kept] == [0, 50, 100]


def test_a_panel_has_at_most_a_few_dozen_and_none_outside(module: Modules) -> None:
    exemplars = [{"time": index / 50, "value": index % 97} for index in range(10_000)]
    kept = module("chart/exemplars.js", THINNED, [exemplars, {"from": 20, "to": 120}])
    assert 40 <= len(kept) <= 63
    assert all(20 <= exemplar["time"] <= 120 for exemplar in kept)


def test_a_large_chart_keeps_more(module: Modules) -> None:
    exemplars = [{"time": time, "value": (time * 7) % 13} for time in range(800)]
    kept = module(
        "chart/exemplars.js",
        "(m, list) => m.thinned(list, {from: 0, to: 800}, {columns: 80, kept: 2})",
        exemplars,
    )
    assert len(kept) == 160
    first = [exemplar["value"] for exemplar in exemplars[:10]]
    assert sorted(exemplar["value"] for exemplar in kept[:2]) == [min(first), max(first)]
