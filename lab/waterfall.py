"""Lays a trace out as a waterfall: which span under which, from when to when, and with which log lines.

Pure. lab/telemetry_client.py brings the spans and lines; lab/commands/trace.py draws the result.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lab.telemetry_client import LogLine, Span


@dataclass(frozen=True)
class WaterfallRow:
    """One span in its place."""

    span: Span
    #: 0 for a root.
    depth: int
    #: Where the bar begins and ends, as fractions of the whole trace.
    begins: float
    ends: float
    #: Seconds after the trace's begin.
    offset_seconds: float
    log_lines: tuple[LogLine, ...]


@dataclass(frozen=True)
class Waterfall:
    trace_id: str
    duration_seconds: float
    start_time_unix_nano: int
    services: tuple[str, ...]
    rows: tuple[WaterfallRow, ...]
    #: Lines of the trace whose span is not (or not yet) there.
    other_log_lines: tuple[LogLine, ...]


def lay_out(spans: Sequence[Span], log_lines: Iterable[LogLine] = ()) -> Waterfall:
    """Depth first, siblings in order of their start. A span whose parent is missing counts as a root.

    Raises ValueError without spans."""
    if not spans:
        raise ValueError("a trace without spans has no waterfall")
    start = min(span.start_time_unix_nano for span in spans)
    whole = max(max(span.end_time_unix_nano for span in spans) - start, 1)
    lines_by_span: dict[str, list[LogLine]] = {}
    for line in log_lines:
        lines_by_span.setdefault(str(line.fields.get("span_id", "")), []).append(line)

    known = {span.span_id for span in spans}
    children: dict[str, list[Span]] = {}
    for span in sorted(spans, key=lambda span: (span.start_time_unix_nano, span.span_id)):
        has_parent = span.parent_span_id in known and span.parent_span_id != span.span_id
        children.setdefault(span.parent_span_id if has_parent else "", []).append(span)

    rows: list[WaterfallRow] = []
    # A stack of its own: a trace may be deeper than Python's recursion goes.
    waiting = [(span, 0) for span in reversed(children.get("", []))]
    while waiting:
        span, depth = waiting.pop()
        rows.append(
            WaterfallRow(
                span=span,
                depth=depth,
                begins=(span.start_time_unix_nano - start) / whole,
                ends=(span.end_time_unix_nano - start) / whole,
                offset_seconds=(span.start_time_unix_nano - start) / 1e9,
                log_lines=tuple(lines_by_span.pop(span.span_id, ())),
            )
        )
        waiting += [(child, depth + 1) for child in reversed(children.get(span.span_id, []))]
    others = [line for lines in lines_by_span.values() for line in lines]
    return Waterfall(
        trace_id=spans[0].trace_id,
        duration_seconds=whole / 1e9,
        start_time_unix_nano=start,
        services=tuple(dict.fromkeys(row.span.service for row in rows)),
        rows=tuple(rows),
        other_log_lines=tuple(sorted(others, key=lambda line: line.time_unix_nano)),
    )
