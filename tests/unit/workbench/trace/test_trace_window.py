"""The stretch of time that a waterfall shows."""

import pytest


@pytest.mark.parametrize(
    ("window", "most", "expected"),
    [
        ([0, 100], 5, [0, 20, 40, 60, 80, 100]),
        ([0, 23780], 5, [0, 5000, 10000, 15000, 20000]),
        ([12.5, 13.5], 4, [12.5, 13, 13.5]),
        ([5, 5], 4, []),
    ],
)
def test_ticks_are_round_and_within_the_window(module, window, most, expected):
    ticks = "(m, [start, end, most]) => m.ticks({ start, end }, most)"
    assert module("trace/window.js", ticks, [*window, most]) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (10, 20, [10, 20]),
        (20, 10, [10, 20]),
        (-5, 20, [0, 25]),
        (90, 120, [70, 100]),
        (-10, 200, [0, 100]),
        (50, 50, [50, 50.1]),
        (100, 100, [99.9, 100]),
    ],
)
def test_a_window_lies_within_the_trace_and_is_never_empty(module, start, end, expected):
    window = "(m, [start, end]) => Object.values(m.windowOf(start, end, 100))"
    assert module("trace/window.js", window, [start, end]) == pytest.approx(expected)


def test_zooming_keeps_the_moment_under_the_pointer_in_its_place(module):
    zoom = """(m) => {
      const next = m.zoomed({ start: 20, end: 60 }, 0.5, 30, 100);
      return [next.start, next.end, m.fraction(next, 30)];
    }"""
    assert module("trace/window.js", zoom) == [25, 45, 0.25]


@pytest.mark.parametrize("text", [None, "", "x", "5", "-", "NaN-4"])
def test_an_address_without_a_window_shows_the_whole_trace(module, text):
    assert module("trace/window.js", "(m, text) => Object.values(m.windowFrom(text, 100))", text) == [0, 100]


def test_a_window_comes_back_from_its_text(module):
    back = """(m) => {
      const text = m.windowText({ start: 12.3456, end: 60 }, 100);
      return [text, Object.values(m.windowFrom(text, 100))];
    }"""
    assert module("trace/window.js", back) == ["12.346-60", [12.346, 60]]
    assert module("trace/window.js", "(m) => m.windowText({ start: 0, end: 100 }, 100)") is None


def test_marks_on_the_same_spot_are_one(module):
    marks = [{"start": at, "end": at} for at in (1, 1.2, 1.4, 5)]
    merged = "(m, marks) => m.coalesced(marks, 0.5).map(({ start, end, items }) => [start, end, items.length])"
    assert module("trace/window.js", merged, marks) == [[1, 1.4, 3], [5, 5, 1]]
