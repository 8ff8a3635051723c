"""Asks a running lab's backends a query of the catalogue, as Grafana's data sources do, and judges the answer."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import requests

from grafana.query_catalogue import TRACE_ID, Query
from lab.run_state import RunState

#: Points of a graph: as many as a panel half a screen wide has.
_POINTS = 400
_SCRAPE_SECONDS = 5
_TIMEOUT_SECONDS = 30

#: In which range values of a unit of Grafana can lie, and those of a rule or a panel by its name, which goes first.
_NO_LIMIT = (-math.inf, math.inf)
_UNITS = {
    "percentunit": (0.0, 1.0),
    "percent": (0.0, 100.0),
    "s": (0.0, 3600.0),
    "ms": (0.0, 3_600_000.0),
    "reqps": (0.0, 100_000.0),
    "ops": (0.0, 10_000_000.0),
    "cps": (0.0, 10_000_000.0),
    "Bps": (0.0, math.inf),
    "bytes": (0.0, math.inf),
    "decbytes": (0.0, math.inf),
}
_NAMES = (
    # What is left of a budget that was overspent is negative.
    (re.compile(r"rule slo:error_budget_remaining|.*[Bb]udget left"), (-math.inf, 1.0)),
    (re.compile(r"rule \S+:ratio"), (0.0, 1.0)),
    (re.compile(r"rule \S+duration_seconds:(mean|p\d)"), (0.0, 3600.0)),
    (re.compile(r"rule \S+:(rate|burn_rate)"), (0.0, math.inf)),
)
_CLAMP_MAX = re.compile(r"clamp_max\(.*,\s*(\d+)\)", re.DOTALL)


@dataclass
class Answer:
    """What came back. A refusal has `error` and nothing else."""

    error: str = ""
    #: Labels and values of each series.
    series: list[tuple[Mapping[str, str], list[float]]] = field(default_factory=list)
    #: Log lines, traces, spans of a trace, or values of a label.
    items: list[str] = field(default_factory=list)
    is_series: bool = False

    def numbers(self) -> list[float]:
        return [value for _, values in self.series for value in values if math.isfinite(value)]


@dataclass(frozen=True)
class Backends:
    """A lab's APIs, with the id of a trace that is in all of them."""

    urls: Mapping[str, str]
    trace_id: str
    #: Names of the lab's processes: telemetry_store, prometheus, frontend …
    processes: frozenset[str] = frozenset()
    #: Names of the systems that it watches.
    systems: frozenset[str] = frozenset()

    @classmethod
    def of(cls, state: RunState, trace_id: str) -> Backends:
        processes = frozenset(process.name for process in state.processes)
        return cls(state.backends, trace_id, processes, frozenset(state.systems))

    def ask(self, query: Query) -> Answer:
        text = query.text.replace(TRACE_ID, self.trace_id)
        end = time.time()
        start = end - query.minutes * 60
        if query.language == "promql":
            return self._prometheus(query, text, start, end)
        if query.language == "logql":
            return self._loki(query, text, start, end)
        return self._tempo(query, text, start, end)

    def _get(self, url: str, parameters: Mapping[str, Any]) -> Any:
        """The JSON, or the error as an Answer."""
        response = requests.get(url, params=dict(parameters), timeout=_TIMEOUT_SECONDS)
        if not response.ok:
            return Answer(error=f"{response.status_code} {response.text[:500].strip()}")
        return response.json()

    def _prometheus(self, query: Query, text: str, start: float, end: float) -> Answer:
        base = self.urls["prometheus"] + "/api/v1"
        window = {"start": start, "end": end}
        if query.kind == "label values":
            content = self._get(f"{base}/label/{query.label}/values", window | ({"match[]": text} if text else {}))
            return content if isinstance(content, Answer) else Answer(items=content["data"])
        if query.kind == "instant":
            content = self._get(f"{base}/query", {"query": text, "time": end})
        else:
            content = self._get(f"{base}/query_range", {"query": text, "step": step(query), **window})
        return content if isinstance(content, Answer) else of_prometheus(content["data"])

    def _loki(self, query: Query, text: str, start: float, end: float) -> Answer:
        base = self.urls["loki"] + "/loki/api/v1"
        window = {"start": int(start * 1e9), "end": int(end * 1e9)}
        if query.kind == "label values":
            content = self._get(f"{base}/label/{query.label}/values", window | ({"query": text} if text else {}))
            return content if isinstance(content, Answer) else Answer(items=content["data"] or [])
        if query.kind == "instant":
            content = self._get(f"{base}/query", {"query": text, "time": int(end * 1e9)})
        else:
            content = self._get(
                f"{base}/query_range", {"query": text, "step": f"{step(query)}s", "limit": 200, **window}
            )
        if isinstance(content, Answer):
            return content
        data = content["data"]
        if data["resultType"] == "streams":
            return Answer(items=[line for stream in data["result"] for _, line, *_ in stream["values"]])
        return of_prometheus(data)

    def _tempo(self, query: Query, text: str, start: float, end: float) -> Answer:
        base = self.urls["tempo"]
        window = {"start": int(start), "end": int(end) + 1}
        if query.kind == "trace":
            content = self._get(f"{base}/api/v2/traces/{text}", {})
            if isinstance(content, Answer):
                return content
            resources = content.get("trace", content).get("resourceSpans") or content.get("batches") or []
            return Answer(
                items=[span["name"] for batch in resources for s in batch["scopeSpans"] for span in s["spans"]]
            )
        if query.kind == "label values":
            content = self._get(f"{base}/api/v2/search/tag/{query.label}/values", window)
            return content if isinstance(content, Answer) else Answer(items=[v["value"] for v in content["tagValues"]])
        if query.kind == "metrics":
            content = self._get(f"{base}/api/metrics/query_range", {"q": text, "step": f"{step(query)}s", **window})
            return content if isinstance(content, Answer) else _of_tempo_metrics(content)
        content = self._get(f"{base}/api/search", {"q": text, "limit": 20, "spss": 3, **window})
        if isinstance(content, Answer):
            return content
        return Answer(items=[trace["traceID"] for trace in content.get("traces") or []])


def step(query: Query) -> int:
    return max(_SCRAPE_SECONDS, query.minutes * 60 // _POINTS)


def of_prometheus(data: Mapping[str, Any]) -> Answer:
    """The answer in the form that Prometheus and Loki share."""
    if data["resultType"] in ("scalar", "string"):
        return Answer(series=[({}, [float(data["result"][1])])], is_series=True)
    series = [
        (item["metric"], [float(value) for _, value in item.get("values") or [item["value"]]])
        for item in data["result"]
    ]
    return Answer(series=series, is_series=True)


def _of_tempo_metrics(content: Mapping[str, Any]) -> Answer:
    series = []
    for item in content.get("series") or []:
        labels = {label["key"]: str(next(iter(label["value"].values()), "")) for label in item.get("labels") or []}
        # A bucket without spans has no value at all.
        series.append((labels, [float(sample.get("value", 0)) for sample in item.get("samples") or []]))
    return Answer(series=series, is_series=True)


def complaint(query: Query, answer: Answer) -> str | None:
    """What is wrong with the answer; None when it is what the query promises."""
    if answer.error:
        return answer.error
    if not answer.series and not answer.items:
        return None if query.may_be_empty else "no data, and no mark that this may be"
    if not answer.is_series:
        return None
    numbers = answer.numbers()
    if not numbers:
        return "nothing but NaN or infinity"
    lowest, highest = _limits(query)
    outside = [number for number in numbers if not lowest - 1e-9 <= number <= highest + 1e-9]
    if outside:
        return f"{outside[:3]} cannot be {query.unit or query.where}: expected {lowest} to {highest}"
    for label in query.legend_labels:
        if not any(label in labels for labels, _ in answer.series):
            return f"the legend names {label}, the answer has only {sorted({k for ls, _ in answer.series for k in ls})}"
    return None


def _limits(query: Query) -> tuple[float, float]:
    for pattern, limits in _NAMES:
        if pattern.match(query.where):
            return limits
    lowest, highest = _UNITS.get(query.unit, _NO_LIMIT)
    # A query that says itself how far its values go.
    said = [float(number) for number in _CLAMP_MAX.findall(query.text)]
    return lowest, max([highest, *said])
