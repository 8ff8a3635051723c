"""How the spans of a trace are laid out."""

import pytest

from lab.telemetry_client import LogLine, Span
from lab.waterfall import lay_out


def span(span_id, parent, start, end, name=None):
    return Span(
        "t" * 32, span_id, parent, name or span_id, "internal", "unset", "", start, end, f"service-{span_id[0]}"
    )


def line(span_id, nanos=0):
    return LogLine({}, nanos, "", {"span_id": span_id})


def test_children_stand_under_their_parent_in_order_of_time():
    spans = [span("b2", "a", 60, 90), span("c", "b1", 30, 40), span("a", "", 0, 100), span("b1", "a", 20, 50)]

    waterfall = lay_out(spans)

    assert [(row.span.span_id, row.depth, row.begins, row.ends) for row in waterfall.rows] == [
        ("a", 0, 0.0, 1.0),
        ("b1", 1, 0.2, 0.5),
        ("c", 2, 0.3, 0.4),
        ("b2", 1, 0.6, 0.9),
    ]
    assert waterfall.services == ("service-a", "service-b", "service-c")
    assert waterfall.duration_seconds == 100e-9


def test_a_span_without_its_parent_counts_as_a_root():
    waterfall = lay_out([span("a", "", 0, 10), span("x", "missing", 5, 6)])

    assert [(row.span.span_id, row.depth) for row in waterfall.rows] == [("a", 0), ("x", 0)]


def test_log_lines_stand_at_their_span_and_others_apart():
    waterfall = lay_out([span("a", "", 0, 10), span("b", "a", 1, 2)], [line("b", 1), line("gone", 9), line("b", 2)])

    assert [len(row.log_lines) for row in waterfall.rows] == [0, 2]
    assert waterfall.other_log_lines == (line("gone", 9),)


def test_a_very_deep_trace_is_laid_out():
    spans = [span(f"s{depth}", f"s{depth - 1}" if depth else "", depth, 10_000) for depth in range(5_000)]

    assert lay_out(spans).rows[-1].depth == 4_999


def test_a_span_that_is_its_own_parent_is_shown_once():
    assert [row.span.span_id for row in lay_out([span("a", "a", 0, 1)]).rows] == ["a"]


def test_a_trace_without_duration_or_without_spans():
    assert lay_out([span("a", "", 5, 5)]).rows[0].ends == 0.0
    with pytest.raises(ValueError, match="without spans"):
        lay_out([])
