"""Recordings as a data set for root-cause analysis, in the layout of RCAEval's multi-source cases.

    <service>_<kind>/<n>/      the cause, in RCAEval's form; none_none where nothing was wrong
        inject_time.txt        the onset in unix seconds; without a fault the middle of the run
        metrics.csv            a row a second: time, and a column <service>_<metric> for each series
        simple_metrics.csv     of these the few that every method begins with: rate, errors, latency, cpu, memory
        logs.csv               time, timestamp (ns), container_name, message, level, req_path, error
        traces.csv             a span a row, times in microseconds, statusCode 0 or 2
        truth.json             everything: several causes, victims, decoys; the same bytes for the same seed
        timeline.json          when it really was

RCAEval (github.com/phamquiluan/RCAEval) parts the folder's name at the one underscore, so kinds have dashes.
"""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from lab.incidents.recording import Recording
from lab.incidents.scenario import Scenario
from lab.telemetry_client import attributes_of, hex_id

_LOG_COLUMNS = ("time", "timestamp", "container_name", "message", "level", "req_path", "error")
_TRACE_COLUMNS = (
    "time",
    "traceID",
    "spanID",
    "serviceName",
    "methodName",
    "operationName",
    "startTimeMillis",
    "startTime",
    "duration",
    "statusCode",
    "parentSpanID",
)
#: How far back a row looks for the last sample, as Prometheus does.
_LOOKBACK_SECONDS = 30
#: Over which a counter's rise is taken.
_RATE_SECONDS = 10
#: Labels that the service's name replaces, or that say nothing within one lab.
_LEFT_OUT = frozenset({"__name__", "service", "job", "instance"})

#: Column of simple_metrics.csv → the metrics it is made of: counters are summed as rates, gauges as they are.
_SIMPLE_GAUGES = {"mem": "process_resident_memory_bytes"}
_SIMPLE_COUNTERS = {"cpu": "process_cpu_seconds_total"}
_SPAN_METRICS = {"workload": "calls_total", "latency": "latency_sum"}


class ParquetUnavailable(RuntimeError):
    """There is nothing here that writes Parquet; the message says what to install."""


def case_name(scenario: Scenario) -> str:
    """The folder of the scenario's first cause."""
    if not scenario.faults:
        return "none_none"
    first = scenario.faults[0]
    return f"{first.service}_{first.kind.replace('_', '-')}"


def next_case(directory: Path, scenario: Scenario) -> Path:
    """A folder that is not there yet: cases of one cause are numbered from 1."""
    parent = directory / case_name(scenario)
    taken = [int(path.name) for path in parent.glob("*") if path.name.isdigit()] if parent.exists() else []
    return parent / str(max(taken, default=0) + 1)


def require_parquet() -> Callable[[Path], None]:
    """What turns a CSV file into a Parquet file beside it. Raises ParquetUnavailable."""
    try:
        from pyarrow import csv as arrow_csv  # type: ignore[import-not-found,unused-ignore]
        from pyarrow import parquet  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        raise ParquetUnavailable("Parquet needs pyarrow, which is not installed here: pip install pyarrow") from None

    def convert(path: Path) -> None:
        parquet.write_table(arrow_csv.read_csv(path), path.with_suffix(".parquet"))

    return convert


def export_case(recording: Recording, scenario: Scenario, folder: Path, *, parquet: bool = False) -> None:
    """Raises OSError, RecordingError, ParquetUnavailable."""
    convert = require_parquet() if parquet else None
    folder.mkdir(parents=True)
    (folder / "truth.json").write_bytes(scenario.as_bytes())
    (folder / "inject_time.txt").write_text(f"{injected_at(recording)}\n", encoding="utf-8")
    timeline = json.dumps(recording.truth, ensure_ascii=False, indent=2, sort_keys=True)
    (folder / "timeline.json").write_text(timeline + "\n", encoding="utf-8")
    series = list(recording.metrics())
    seconds = range(math.ceil(recording.start), math.floor(recording.end) + 1)
    written = [
        _write_table(folder / "metrics.csv", seconds, _columns(series, seconds)),
        _write_table(folder / "simple_metrics.csv", seconds, _simple_columns(series, seconds)),
        _write_rows(folder / "logs.csv", _LOG_COLUMNS, _log_rows(recording.logs())),
        _write_rows(folder / "traces.csv", _TRACE_COLUMNS, _span_rows(recording.traces())),
    ]
    if convert:
        for path in written:
            convert(path)


def injected_at(recording: Recording) -> int:
    """The first onset; a run without one is parted in its middle."""
    onsets = [fault["onset"] for fault in recording.truth.get("faults", []) if fault["onset"] is not None]
    return int(min(onsets, default=(recording.start + recording.end) / 2))


def _columns(series: Iterable[Mapping[str, Any]], seconds: range) -> dict[str, list[float | None]]:
    columns: dict[str, list[float | None]] = {}
    for one in series:
        labels = one["labels"]
        more = [f"{name}-{value}" for name, value in sorted(labels.items()) if name not in _LEFT_OUT]
        name = "-".join([labels["__name__"], *more])
        column = f"{labels.get('service', 'lab')}_{re.sub(r'[^A-Za-z0-9.:<>/+-]+', '-', name)}"
        columns[column] = _per_second(one["samples"], seconds)
    return dict(sorted(columns.items()))


def _simple_columns(series: Sequence[Mapping[str, Any]], seconds: range) -> dict[str, list[float | None]]:
    columns: dict[str, list[float | None]] = {}

    def add(column: str, values: Sequence[float | None]) -> None:
        before = columns.get(column, [None] * len(values))
        columns[column] = [
            (old or 0.0) + (new or 0.0) if old is not None or new is not None else None
            for old, new in zip(before, values, strict=True)
        ]

    for one in series:
        labels = one["labels"]
        service, name = labels.get("service"), labels["__name__"]
        if not service:
            continue
        for column, metric in _SIMPLE_GAUGES.items():
            if name == metric:
                add(f"{service}_{column}", _per_second(one["samples"], seconds))
        for column, metric in _SIMPLE_COUNTERS.items():
            if name == metric:
                add(f"{service}_{column}", _rate(one["samples"], seconds))
        if labels.get("span_kind") == "SPAN_KIND_SERVER":
            for column, metric in _SPAN_METRICS.items():
                if name == f"traces_spanmetrics_{metric}":
                    add(f"{service}_{column}", _rate(one["samples"], seconds))
            if name == "traces_spanmetrics_calls_total" and labels.get("status_code") == "STATUS_CODE_ERROR":
                add(f"{service}_error", _rate(one["samples"], seconds))
    for column in [name for name in columns if name.endswith("_latency")]:
        # Seconds of all requests in a second, for each of them.
        requests = columns.get(column.replace("_latency", "_workload"), [])
        columns[column] = [
            total / count if total is not None and count else None
            for total, count in zip(columns[column], requests, strict=True)
        ]
    return dict(sorted(columns.items()))


def _per_second(samples: Sequence[Sequence[Any]], seconds: range) -> list[float | None]:
    """At each second the last sample, unless that is too old."""
    values: list[float | None] = []
    position, last = 0, None
    for second in seconds:
        while position < len(samples) and samples[position][0] <= second:
            last = samples[position]
            position += 1
        fresh = last is not None and second - last[0] <= _LOOKBACK_SECONDS
        value = float(last[1]) if last is not None and fresh else None
        values.append(value if value is not None and math.isfinite(value) else None)
    return values


def _rate(samples: Sequence[Sequence[Any]], seconds: range) -> list[float | None]:
    """How much a counter rises a second, over the seconds before; a fall is a new beginning."""
    values: list[float | None] = []
    for second in seconds:
        window = [(at, float(value)) for at, value in samples if second - _RATE_SECONDS < at <= second]
        if len(window) < 2:
            values.append(None)
            continue
        pairs = pairwise(window)
        rise = sum(new - old if new >= old else new for (_, old), (_, new) in pairs)
        values.append(rise / (window[-1][0] - window[0][0]))
    return values


def _log_rows(lines: Iterable[Mapping[str, Any]]) -> Iterator[list[Any]]:
    for one in lines:
        try:
            fields = json.loads(one["line"])
        except ValueError:
            fields = {}
        if not isinstance(fields, dict):
            fields = {}
        at = one["time_unix_nano"]
        level = one["labels"].get("level", "")
        yield [
            at // 10**9,
            at,
            one["labels"].get("service", ""),
            fields.get("message", one["line"]),
            level,
            fields.get("url_path", fields.get("url.path", "")),
            fields.get("error.type", fields.get("error_type", "")),
        ]


def _span_rows(traces: Iterable[Mapping[str, Any]]) -> Iterator[list[Any]]:
    for trace in traces:
        for batch in trace["resourceSpans"]:
            service = attributes_of(batch.get("resource", {}).get("attributes", [])).get("service.name", "")
            for scope in batch.get("scopeSpans", batch.get("instrumentationLibrarySpans", [])):
                for span in scope.get("spans", []):
                    start, end = int(span["startTimeUnixNano"]), int(span["endTimeUnixNano"])
                    code = span.get("status", {}).get("code", 0)
                    yield [
                        start // 10**9,
                        hex_id(span["traceId"]),
                        hex_id(span["spanId"]),
                        service,
                        span["name"],
                        span["name"],
                        start // 10**6,
                        start // 10**3,
                        (end - start) // 10**3,
                        2 if code in (2, "STATUS_CODE_ERROR") else 0,
                        hex_id(span.get("parentSpanId", "")),
                    ]


def _write_table(path: Path, seconds: range, columns: Mapping[str, Sequence[float | None]]) -> Path:
    rows = (
        [second, *("" if values[position] is None else values[position] for values in columns.values())]
        for position, second in enumerate(seconds)
    )
    return _write_rows(path, ["time", *columns], rows)


def _write_rows(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
    return path
