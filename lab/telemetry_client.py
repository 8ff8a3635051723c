"""The one client of the Prometheus, Loki and Tempo HTTP APIs: the same on every stack, because it knows nothing else.

It asks and parses; what is asked is the business of its callers.
"""

import base64
import binascii
import functools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ParamSpec, Self, TypeVar

import requests

TIMEOUT_SECONDS = 10.0

_HEX_ID_LENGTHS = (16, 32)

#: What the three answer to a query that is wrong.
_REFUSALS = (400, 422)

_P = ParamSpec("_P")
_T = TypeVar("_T")


class TelemetryError(RuntimeError):
    """A backend gave no usable answer; the message says which, to what, and why."""


class QueryRefused(TelemetryError):
    """A backend does not take the query; `said` is its reason in its own words."""

    def __init__(self, message: str, said: str) -> None:
        super().__init__(message)
        self.said = said


class OtherResultType(TelemetryError):
    """A query is answered, but with something else than was asked for: numbers in place of log lines, say."""


class TraceNotFound(TelemetryError):
    """Tempo knows no trace with this id (yet)."""


def _understood(backend: str) -> Callable[[Callable[_P, _T]], Callable[_P, _T]]:
    """An answer of another form than the API's own, from whatever listens there, becomes a TelemetryError."""

    def decorate(method: Callable[_P, _T]) -> Callable[_P, _T]:
        @functools.wraps(method)
        def asking(*args: _P.args, **kwargs: _P.kwargs) -> _T:
            try:
                return method(*args, **kwargs)
            except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
                raise TelemetryError(f"{backend}'s answer is not in the form of its API: {error!r}") from error

        return asking

    return decorate


@dataclass(frozen=True)
class Sample:
    """One point of one series, as an instant query returns it."""

    labels: Mapping[str, str]
    unix_seconds: float
    value: float


@dataclass(frozen=True)
class Series:
    """One series of a range query: (unix_seconds, value) pairs, oldest first."""

    labels: Mapping[str, str]
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class LogLine:
    """One entry of a stream. `fields` is the line's JSON object, empty when the line is none."""

    labels: Mapping[str, str]
    time_unix_nano: int
    line: str
    fields: Mapping[str, Any]


@dataclass(frozen=True)
class SpanEvent:
    name: str
    time_unix_nano: int
    attributes: Mapping[str, Any]


@dataclass(frozen=True)
class Span:
    """One span; ids in lower-case hex, whichever way the server wrote them."""

    trace_id: str
    span_id: str
    #: Empty for a root span.
    parent_span_id: str
    name: str
    #: internal, server, client, producer, consumer or unspecified.
    kind: str
    #: unset, ok or error.
    status: str
    status_message: str
    start_time_unix_nano: int
    end_time_unix_nano: int
    service: str
    attributes: Mapping[str, Any] = field(default_factory=dict)
    resource: Mapping[str, Any] = field(default_factory=dict)
    events: tuple[SpanEvent, ...] = ()

    @property
    def duration_seconds(self) -> float:
        return (self.end_time_unix_nano - self.start_time_unix_nano) / 1e9


class TelemetryClient:
    """One lab's telemetry.

    >>> client = TelemetryClient("http://127.0.0.1:9090", "http://127.0.0.1:3100", "http://127.0.0.1:3200")
    """

    def __init__(
        self, prometheus_url: str, loki_url: str, tempo_url: str, timeout_seconds: float = TIMEOUT_SECONDS
    ) -> None:
        self.prometheus_url = prometheus_url.rstrip("/")
        self.loki_url = loki_url.rstrip("/")
        self.tempo_url = tempo_url.rstrip("/")
        self.timeout_seconds = timeout_seconds
        self._session = requests.Session()
        # What is asked runs on this machine or is named outright; a proxy set for the world is in the way.
        self._session.trust_env = False

    @classmethod
    def from_backends(cls, backends: Mapping[str, str], timeout_seconds: float = TIMEOUT_SECONDS) -> Self:
        """From the addresses in a run's state."""
        return cls(backends["prometheus"], backends["loki"], backends["tempo"], timeout_seconds)

    def close(self) -> None:
        self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @_understood("Prometheus")
    def query(self, promql: str, at_unix_seconds: float | None = None) -> list[Sample]:
        """An instant query whose result is a vector or a scalar."""
        parameters: dict[str, Any] = {"query": promql}
        if at_unix_seconds is not None:
            parameters["time"] = at_unix_seconds
        data = self._prometheus("/api/v1/query", parameters)
        if data["resultType"] == "scalar":
            return [Sample({}, float(data["result"][0]), float(data["result"][1]))]
        if data["resultType"] != "vector":
            raise OtherResultType(f"{promql!r} gives a {data['resultType']}, not a vector")
        return [
            Sample(item["metric"], float(item["value"][0]), float(item["value"][1]))
            for item in data["result"]
            if "value" in item
        ]

    @_understood("Prometheus")
    def query_range(self, promql: str, start: float, end: float, step_seconds: float) -> list[Series]:
        """A range query; `start` and `end` in unix seconds."""
        data = self._prometheus(
            "/api/v1/query_range", {"query": promql, "start": start, "end": end, "step": step_seconds}
        )
        return [
            Series(item["metric"], tuple((float(time), float(value)) for time, value in item["values"]))
            for item in data["result"]
        ]

    @_understood("Prometheus")
    def targets(self) -> list[dict[str, Any]]:
        """The active scrape targets, in the API's own form."""
        return list(self._prometheus("/api/v1/targets", {"state": "active"})["activeTargets"])

    @_understood("Prometheus")
    def alerts(self) -> list[dict[str, Any]]:
        """The active alerts of all rules, in the API's own form."""
        return list(self._prometheus("/api/v1/alerts", {})["alerts"])

    @_understood("Prometheus")
    def exemplars(self, promql: str, start: float, end: float) -> list[dict[str, Any]]:
        """The exemplars of the series that a query touches, in the API's own form."""
        return list(self._prometheus("/api/v1/query_exemplars", {"query": promql, "start": start, "end": end}))

    @_understood("Loki")
    def logs(
        self,
        logql: str,
        start_unix_nano: int | None = None,
        end_unix_nano: int | None = None,
        limit: int = 1000,
        newest_first: bool = False,
    ) -> list[LogLine]:
        """Log lines of all matching streams, in order of time; without a range Loki looks at the last hour."""
        parameters: dict[str, Any] = {
            "query": logql,
            "limit": limit,
            "direction": "backward" if newest_first else "forward",
        }
        if start_unix_nano is not None:
            parameters["start"] = start_unix_nano
        if end_unix_nano is not None:
            parameters["end"] = end_unix_nano
        answer = self._get("Loki", self.loki_url + "/loki/api/v1/query_range", parameters)
        data = _json("Loki", answer).get("data", {})
        if data.get("resultType") != "streams":
            raise OtherResultType(f"{logql!r} gives a {data.get('resultType')}, not log lines")
        lines = [
            LogLine(stream["stream"], int(value[0]), value[1], _json_object(value[1]))
            for stream in data["result"]
            for value in stream["values"]
        ]
        return sorted(lines, key=lambda line: line.time_unix_nano, reverse=newest_first)

    @_understood("Loki")
    def log_series(self, logql: str, start: float, end: float, step_seconds: float) -> list[Series]:
        """A range query of LogQL whose result is numbers; `start` and `end` in unix seconds."""
        answer = self._get(
            "Loki",
            self.loki_url + "/loki/api/v1/query_range",
            {"query": logql, "start": int(start * 1e9), "end": int(end * 1e9), "step": step_seconds},
        )
        data = _json("Loki", answer).get("data", {})
        if data.get("resultType") != "matrix":
            raise OtherResultType(f"{logql!r} gives {data.get('resultType')}, not numbers")
        return [
            Series(item["metric"], tuple((float(time), float(value)) for time, value in item["values"]))
            for item in data["result"]
        ]

    @_understood("Tempo")
    def trace(self, trace_id: str) -> list[Span]:
        """All spans of a trace, in order of their start. Raises TraceNotFound."""
        answer = self._get("Tempo", f"{self.tempo_url}/api/traces/{trace_id}", {}, allow=(404,))
        if answer.status_code == 404:
            raise TraceNotFound(f"Tempo at {self.tempo_url} has no trace {trace_id}")
        spans = spans_of(_json("Tempo", answer))
        if not spans:
            raise TraceNotFound(f"Tempo at {self.tempo_url} has no spans of trace {trace_id}")
        return spans

    @_understood("Tempo")
    def search_traces(self, **parameters: Any) -> list[dict[str, Any]]:
        """Tempo's search (q, tags, minDuration, maxDuration, start, end, limit): trace summaries in the API's form."""
        answer = self._get("Tempo", self.tempo_url + "/api/search", parameters)
        return list(_json("Tempo", answer).get("traces") or [])

    def _prometheus(self, path: str, parameters: Mapping[str, Any]) -> Any:
        answer = self._get("Prometheus", self.prometheus_url + path, parameters, allow=(400, 422, 503))
        content = _json("Prometheus", answer)
        if content.get("status") != "success":
            message = f"Prometheus says {content.get('errorType')}: {content.get('error')}"
            if answer.status_code in _REFUSALS:
                raise QueryRefused(message, str(content.get("error")))
            raise TelemetryError(message)
        return content["data"]

    def _get(
        self, backend: str, url: str, parameters: Mapping[str, Any], allow: tuple[int, ...] = ()
    ) -> requests.Response:
        try:
            answer = self._session.get(url, params=dict(parameters), timeout=self.timeout_seconds)
        except requests.Timeout:
            raise TelemetryError(f"{backend} gave no answer within {self.timeout_seconds:g} s: {url}") from None
        except requests.ConnectionError:
            raise TelemetryError(f"{backend} cannot be reached: {url}") from None
        except requests.RequestException as error:
            raise TelemetryError(f"{backend}: {error}") from error
        if not answer.ok and answer.status_code not in allow:
            message = f"{backend} answers {answer.status_code} to {answer.url}: {answer.text[:300].strip()}"
            if answer.status_code in _REFUSALS:
                raise QueryRefused(message, answer.text.strip())
            raise TelemetryError(message)
        return answer


def spans_of(content: Mapping[str, Any]) -> list[Span]:
    """The spans in a Tempo answer (v1: `batches`, v2: `trace.resourceSpans`), in order of their start."""
    trace = content.get("trace") or content
    spans = []
    for batch in trace.get("batches") or trace.get("resourceSpans") or []:
        resource = attributes_of(batch.get("resource", {}).get("attributes", []))
        for scope in batch.get("scopeSpans") or batch.get("instrumentationLibrarySpans") or []:
            spans += [_span(item, resource) for item in scope.get("spans", [])]
    return sorted(spans, key=lambda span: (span.start_time_unix_nano, -span.end_time_unix_nano))


def _span(item: Mapping[str, Any], resource: Mapping[str, Any]) -> Span:
    status = item.get("status", {})
    return Span(
        trace_id=hex_id(item.get("traceId", "")),
        span_id=hex_id(item.get("spanId", "")),
        parent_span_id=hex_id(item.get("parentSpanId", "")),
        name=item.get("name", ""),
        kind=_enumerated(item.get("kind", 0), "SPAN_KIND_", _KINDS),
        status=_enumerated(status.get("code", 0), "STATUS_CODE_", _STATUSES),
        status_message=status.get("message", ""),
        start_time_unix_nano=int(item.get("startTimeUnixNano", 0)),
        end_time_unix_nano=int(item.get("endTimeUnixNano", 0)),
        service=str(resource.get("service.name", "")),
        attributes=attributes_of(item.get("attributes", [])),
        resource=resource,
        events=tuple(
            SpanEvent(
                event.get("name", ""), int(event.get("timeUnixNano", 0)), attributes_of(event.get("attributes", []))
            )
            for event in item.get("events", [])
        ),
    )


_KINDS = ("unspecified", "internal", "server", "client", "producer", "consumer")
_STATUSES = ("unset", "ok", "error")


def _enumerated(value: Any, prefix: str, names: tuple[str, ...]) -> str:
    """OTLP's JSON has enumeration values as numbers, protobuf's own JSON as names."""
    if isinstance(value, int):
        return names[value] if 0 <= value < len(names) else str(value)
    return str(value).removeprefix(prefix).lower()


def hex_id(value: str) -> str:
    """OTLP's JSON has ids in hex; Tempo answers with protobuf's own JSON, which has base64."""
    if len(value) in _HEX_ID_LENGTHS or not value:
        return value.lower()
    try:
        return base64.b64decode(value, validate=True).hex()
    except (binascii.Error, ValueError):
        return value


def attributes_of(pairs: list[Mapping[str, Any]]) -> dict[str, Any]:
    """OTLP's key-value list as a plain mapping."""
    return {pair["key"]: _attribute_value(pair.get("value", {})) for pair in pairs}


def _attribute_value(value: Mapping[str, Any]) -> Any:
    for kind, content in value.items():
        if kind == "intValue":
            return int(content)
        if kind == "arrayValue":
            return [_attribute_value(item) for item in content.get("values", [])]
        if kind == "kvlistValue":
            return attributes_of(content.get("values", []))
        return content
    return None


def _json(backend: str, answer: requests.Response) -> dict[str, Any]:
    try:
        content = answer.json()
    except requests.JSONDecodeError:
        raise TelemetryError(f"{backend} answers {answer.status_code} without JSON: {answer.text[:300]!r}") from None
    if not isinstance(content, dict):
        raise TelemetryError(f"{backend} answers with something else than an object: {answer.text[:300]!r}")
    return content


def _json_object(line: str) -> Mapping[str, Any]:
    try:
        content = json.loads(line)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
