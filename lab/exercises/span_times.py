"""Where the time of a trace went."""

from collections.abc import Sequence

from lab.telemetry_client import Span


def self_time_ms(span: Span, trace: Sequence[Span]) -> float:
    """The part of a span's duration during which none of its direct children ran."""
    begin, end = span.start_time_unix_nano, span.end_time_unix_nano
    covered = begin
    busy = 0
    children = (child for child in trace if child.parent_span_id == span.span_id)
    for child in sorted(children, key=lambda child: child.start_time_unix_nano):
        child_begin = max(child.start_time_unix_nano, covered)
        child_end = min(child.end_time_unix_nano, end)
        if child_end > child_begin:
            busy += child_end - child_begin
            covered = child_end
    return (end - begin - busy) / 1e6
