"""Search results in the shapes in which Tempo answers."""

from __future__ import annotations

from typing import Any

from .query_language.evaluator import Found, Trace, shown_value, values_of
from .query_language.parser import Attribute, Intrinsic
from .storage import StoredSpan

#: Tempo's words for a root that has not arrived.
ROOT_NOT_RECEIVED = "<root span not yet received>"

Json = dict[str, Any]


def trace_summary(trace: Trace) -> Json:
    """What a search says about a trace as a whole."""
    root = trace.root
    answer: Json = {"traceID": trace.id.hex().lstrip("0")}
    answer["rootServiceName"] = root.source.service_name if root else ROOT_NOT_RECEIVED
    if root:
        answer["rootTraceName"] = root.name
    answer["startTimeUnixNano"] = str(trace.start)
    milliseconds = trace.duration // 1_000_000
    if milliseconds:
        answer["durationMs"] = milliseconds
    return answer


def search_answer(found: Found, operands: list[Attribute | Intrinsic], spans_per_set: int) -> Json:
    """A trace that a TraceQL search found: summary, the selected spans, and a count per service."""
    shown = found.spans[:spans_per_set]
    span_set = {"spans": [_found_span(span, found.trace, operands) for span in shown], "matched": len(found.spans)}
    services: dict[str, Json] = {}
    for span in found.trace.spans:
        stats = services.setdefault(span.source.service_name, {"spanCount": 0})
        stats["spanCount"] += 1
        if span.status == 2:
            stats["errorCount"] = stats.get("errorCount", 0) + 1
    return {**trace_summary(found.trace), "spanSet": span_set, "spanSets": [span_set], "serviceStats": services}


def _found_span(span: StoredSpan, trace: Trace, operands: list[Attribute | Intrinsic]) -> Json:
    answer: Json = {"spanID": span.span_id.hex()}
    attributes = []
    for operand in operands:
        if isinstance(operand, Intrinsic) and operand.name == "span:name":
            answer["name"] = span.name
        elif isinstance(operand, Intrinsic) and operand.name in _NOT_SHOWN:
            continue
        else:
            key = operand.name if isinstance(operand, Attribute) else operand.text.removeprefix("span:")
            attributes += [{"key": key, "value": shown_value(operand, v)} for v in values_of(operand, span, trace)[:1]]
    answer["startTimeUnixNano"] = str(span.start)
    answer["durationNanos"] = str(span.duration)
    if attributes:
        answer["attributes"] = attributes
    return answer


#: Intrinsics that a search answer shows in another place than the span's attributes.
_NOT_SHOWN = frozenset(
    ("span:duration", "span:id", "trace:id", "trace:duration", "trace:rootName", "trace:rootService")
)
