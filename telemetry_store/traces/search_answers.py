"""What searches and metrics queries found, in the shapes in which Tempo answers: protobuf messages as JSON."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .query_language.search import FoundSet, FoundSpan, FoundTrace
from .query_language.series import Exemplar, Labels, Series
from .query_language.syntax import Static, static_of
from .query_language.time_grid import TimeGrid

Json = dict[str, Any]

#: Intrinsics that an answer shows in another place than the span's attributes, or not at all.
_SHOWN_ELSEWHERE = frozenset(
    (
        "span:name",
        "span:duration",
        "span:id",
        "trace:id",
        "trace:duration",
        "trace:rootName",
        "trace:rootService",
        "span:start",
    )
)


def value_answer(static: Static) -> Json:
    """A value as OTLP's AnyValue; words for status and kind, text for durations."""
    match static.type:
        case "int":
            return {"intValue": str(static.value)}
        case "float":
            return {"doubleValue": number_answer(static.value)}
        case "bool":
            return {"boolValue": static.value}
    if static.type.endswith("[]"):
        return {"arrayValue": {"values": [value_answer(static_of(item)) for item in static.value]}}
    return {"stringValue": static.text}


def number_answer(number: float) -> float | str:
    """A number as protobuf's JSON writes it."""
    if math.isfinite(number):
        # Go writes whole numbers without a point.
        return int(number) if number.is_integer() and abs(number) < 1e15 else number
    return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"


def trace_answer(trace: FoundTrace) -> Json:
    """A trace that a TraceQL search found: summary, sets of spans, and a count per service."""
    answer = summary_answer(trace)
    sets = [_set_answer(found) for found in trace.sets]
    answer["spanSet"] = sets[0]
    answer["spanSets"] = sets
    answer["serviceStats"] = {
        service: {
            **({"spanCount": spans} if spans else {}),
            **({"errorCount": errors} if errors else {}),
        }
        for service, (spans, errors) in trace.services.items()
    }
    return answer


def summary_answer(trace: FoundTrace) -> Json:
    """What an answer says about a trace as a whole."""
    answer: Json = {"traceID": trace.trace_id}
    if trace.root_service:
        answer["rootServiceName"] = trace.root_service
    if trace.root_name:
        answer["rootTraceName"] = trace.root_name
    answer["startTimeUnixNano"] = str(trace.start)
    milliseconds = trace.duration // 1_000_000
    if milliseconds:
        answer["durationMs"] = milliseconds
    return answer


def _set_answer(found: FoundSet) -> Json:
    answer: Json = {"spans": [_span_answer(span) for span in found.spans], "matched": found.matched}
    if found.attributes:
        answer["attributes"] = [{"key": name, "value": value_answer(value)} for name, value in found.attributes]
    return answer


def _span_answer(span: FoundSpan) -> Json:
    answer: Json = {"spanID": span.span_id}
    attributes = []
    for attribute, value in span.attributes:
        if attribute.scope == "intrinsic" and attribute.name == "span:name":
            if value.value:
                answer["name"] = value.value
        elif attribute.scope != "intrinsic" or attribute.name not in _SHOWN_ELSEWHERE:
            attributes.append({"key": attribute.key, "value": value_answer(value)})
    answer["startTimeUnixNano"] = str(span.start)
    if span.duration:
        answer["durationNanos"] = str(span.duration)
    if attributes:
        answer["attributes"] = attributes
    return answer


def series_answer(series: Series, grid: TimeGrid) -> Json:
    """A series of a metrics query along time; zero is what a point without a value has."""
    samples: list[Json] = []
    for point, value in enumerate(series.values.tolist()):
        if not math.isnan(value):
            sample: Json = {"timestampMs": str(grid.milliseconds(point))}
            if value:
                sample["value"] = number_answer(value)
            samples.append(sample)
    answer: Json = {"labels": _labels_answer(series.labels), "samples": samples}
    exemplars = [exemplar for exemplar in series.exemplars if _counted(series, grid, exemplar)]
    if exemplars:
        answer["exemplars"] = [
            {
                "labels": _labels_answer(exemplar.labels),
                **({"value": number_answer(exemplar.value)} if exemplar.value else {}),
                "timestampMs": str(exemplar.milliseconds),
            }
            for exemplar in sorted(exemplars, key=lambda exemplar: exemplar.milliseconds)
        ]
    return answer


def instant_answer(series: Series) -> Json:
    """A series of an instant query."""
    value = float(series.values[0])
    return {"labels": _labels_answer(series.labels), **({"value": number_answer(value)} if value else {})}


def _labels_answer(labels: Labels) -> list[Json]:
    return [{"key": name, "value": value_answer(value)} for name, value in labels]


def _counted(series: Series, grid: TimeGrid, exemplar: Exemplar) -> bool:
    point = int(grid.points(np.array([exemplar.milliseconds * 1_000_000]))[0])
    return 0 <= point < grid.count and not math.isnan(series.values[point])
