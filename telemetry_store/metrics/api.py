"""Prometheus' HTTP API over the metric storage. Source: Prometheus HTTP API v1."""

from __future__ import annotations

import time

import promql_parser as promql
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from ..deadline import Deadline
from ..http_api import JsonAnswer, Parameters, QueryThreads, create_app, read_parameters
from ..limits import QUERY_SECONDS, RANGE_POINTS
from ..matchers import Matcher
from ..refusals import BadRequest, Refusal, TimedOut, Unprocessable
from ..times import (
    EARLIEST_SECONDS,
    LATEST_SECONDS,
    format_rfc3339,
    parse_float,
    parse_prometheus_duration,
    parse_rfc3339,
)
from ..vectors import Vector, format_time, format_value
from .ingest import Scraper
from .query_language.evaluator import Scalar, Text, Value, evaluate, select_range
from .query_language.parser import matchers_of, parse, parse_selector
from .samples import Times
from .storage import MetricStorage

#: The version whose answers these are.
_VERSION = "2.42.0"

_LABEL_NAME_MESSAGE = 'invalid label name: "{}"'


def create_metrics_app(storage: MetricStorage, scraper: Scraper, registry: CollectorRegistry) -> Starlette:
    """The application that stands on Prometheus' port; `registry` holds the store's own metrics."""
    api = _Api(storage, scraper, registry)
    both = ["GET", "POST"]
    return create_app(
        [
            Route("/-/ready", api.ready, methods=["GET"]),
            Route("/-/healthy", api.healthy, methods=["GET"]),
            Route("/metrics", api.own_metrics),
            Route("/api/v1/query", api.query, methods=both),
            Route("/api/v1/query_range", api.query_range, methods=both),
            Route("/api/v1/series", api.series, methods=both),
            Route("/api/v1/labels", api.labels, methods=both),
            Route("/api/v1/label/{name}/values", api.label_values),
            Route("/api/v1/targets", api.targets),
            Route("/api/v1/metadata", api.metadata),
            Route("/api/v1/query_exemplars", api.query_exemplars, methods=both),
            Route("/api/v1/status/buildinfo", api.build_info),
        ],
        _render_error,
    )


def _render_error(request: Request, status: int, refusal: Refusal | None, message: str) -> Response:
    if isinstance(refusal, Unprocessable):
        kind = "execution"
    elif isinstance(refusal, TimedOut):
        kind = "timeout"
    elif status >= 500:
        kind = "unavailable" if status == 503 else "internal"
    else:
        kind = "bad_data"
    return JsonAnswer({"status": "error", "errorType": kind, "error": message}, status)


def _success(data: object) -> Response:
    return JsonAnswer({"status": "success", "data": data})


class _Api:
    def __init__(self, storage: MetricStorage, scraper: Scraper, registry: CollectorRegistry) -> None:
        self._storage = storage
        self._scraper = scraper
        self._registry = registry
        self._threads = QueryThreads()

    async def ready(self, request: Request) -> Response:
        return PlainTextResponse("Prometheus Server is Ready.\n")

    async def healthy(self, request: Request) -> Response:
        return PlainTextResponse("Prometheus Server is Healthy.\n")

    async def own_metrics(self, request: Request) -> Response:
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(self._registry), headers={"Content-Type": content_type})

    async def build_info(self, request: Request) -> Response:
        return _success(
            {"version": _VERSION, "revision": "", "branch": "", "buildUser": "", "buildDate": "", "goVersion": ""}
        )

    async def query(self, request: Request) -> Response:
        parameters = await read_parameters(request)
        at = _time(parameters, "time", time.time_ns() // 1_000_000)
        deadline = _deadline(parameters)
        tree = parse(parameters.get("query"))
        if isinstance(tree, promql.MatrixSelector):
            found = await self._threads.run(select_range, self._storage, tree, at, deadline)
            result = [
                {
                    "metric": series.labels,
                    "values": [
                        [format_time(int(t)), format_value(v)] for t, v in zip(series.times, series.values, strict=True)
                    ],
                }
                for series in found
            ]
            return _success({"resultType": "matrix", "result": result})
        value, _ = await self._threads.run(evaluate, self._storage, tree, at, at, 1, deadline)
        instant = format_time(at)
        if isinstance(value, Text):
            return _success({"resultType": "string", "result": [instant, value.value]})
        if isinstance(value, Scalar):
            return _success({"resultType": "scalar", "result": [instant, format_value(value.values[0])]})
        rows = sorted(zip(value.labels, value.values, strict=True), key=lambda row: sorted(row[0].items()))
        return _success(
            {
                "resultType": "vector",
                "result": [{"metric": labels, "value": [instant, format_value(row[0])]} for labels, row in rows],
            }
        )

    async def query_range(self, request: Request) -> Response:
        parameters = await read_parameters(request)
        start, end = _time(parameters, "start"), _time(parameters, "end")
        if end < start:
            raise BadRequest('invalid parameter "end": end timestamp must not be before start time')
        step = _step(parameters.get("step"))
        if (end - start) // step > RANGE_POINTS:
            raise BadRequest(
                "exceeded maximum resolution of 11,000 points per timeseries. "
                "Try decreasing the query resolution (?step=XX)"
            )
        tree = parse(parameters.get("query"))
        if isinstance(tree, (promql.MatrixSelector, promql.StringLiteral)):
            kind = "range vector" if isinstance(tree, promql.MatrixSelector) else "string"
            raise BadRequest(
                f'invalid parameter "query": invalid expression type "{kind}" for range query, '
                "must be Scalar or instant Vector"
            )
        deadline = _deadline(parameters)

        def work() -> list[dict[str, object]]:
            value, grid = evaluate(self._storage, tree, start, end, step, deadline)
            return _matrix(value, grid, deadline)

        return _success({"resultType": "matrix", "result": await self._threads.run(work)})

    async def series(self, request: Request) -> Response:
        parameters = await read_parameters(request)
        start, end = _range(parameters)
        if not parameters.all("match[]"):
            raise BadRequest("no match[] parameter provided")
        found = {
            tuple(sorted(labels.items())): labels
            for matchers in _selectors(parameters)
            for labels in self._storage.series(matchers, start, end)
        }
        return _success([found[key] for key in sorted(found)][: _limit(parameters)])

    async def labels(self, request: Request) -> Response:
        parameters = await read_parameters(request)
        names = {name for labels in self._found(parameters) for name in labels}
        return _success(sorted(names)[: _limit(parameters)])

    async def label_values(self, request: Request) -> Response:
        name = request.path_params["name"]
        if (
            not name
            or not (name[0].isalpha() or name[0] == "_")
            or not name.replace("_", "a").isalnum()
            or not name.isascii()
        ):
            raise BadRequest(_LABEL_NAME_MESSAGE.format(name))
        parameters = await read_parameters(request)
        values = {labels[name] for labels in self._found(parameters) if name in labels}
        return _success(sorted(values)[: _limit(parameters)])

    def _found(self, parameters: Parameters) -> list[dict[str, str]]:
        start, end = _range(parameters)
        selectors: list[tuple[Matcher, ...]] = _selectors(parameters) or [()]
        return [labels for matchers in selectors for labels in self._storage.series(matchers, start, end)]

    async def targets(self, request: Request) -> Response:
        parameters = await read_parameters(request)
        state = parameters.get("state", "any").lower()
        active = [
            {
                "discoveredLabels": dict(known.target.discovered),
                "labels": dict(known.target.labels),
                "scrapePool": dict(known.target.labels).get("job", ""),
                "scrapeUrl": known.target.url,
                "globalUrl": known.target.url,
                "lastError": known.last_error,
                "lastScrape": format_rfc3339(int(known.last_scrape * 1e9))
                if known.last_scrape
                else "0001-01-01T00:00:00Z",
                "lastScrapeDuration": known.last_duration,
                "health": known.health,
                "scrapeInterval": f"{self._scraper.interval_seconds:g}s",
                "scrapeTimeout": f"{self._scraper.timeout_seconds:g}s",
            }
            for known in self._scraper.states()
        ]
        return _success({"activeTargets": active if state in ("any", "active") else [], "droppedTargets": []})

    async def metadata(self, request: Request) -> Response:
        parameters = await read_parameters(request)
        wanted = parameters.get("metric")
        limit = _limit(parameters)
        merged: dict[str, list[dict[str, str]]] = {}
        for _, families in self._scraper.metadata():
            for name, family in families.items():
                if wanted and name != wanted:
                    continue
                entry = {"type": family.type, "help": family.help, "unit": family.unit}
                entries = merged.setdefault(name, [])
                if entry not in entries:
                    entries.append(entry)
        return _success(dict(sorted(merged.items())[:limit]))

    async def query_exemplars(self, request: Request) -> Response:
        parameters = await read_parameters(request)
        start, end = _range(parameters)
        if end < start:
            raise BadRequest('invalid parameter "end": end timestamp must not be before start timestamp')
        found: dict[tuple[tuple[str, str], ...], dict[str, object]] = {}
        for selector in _vector_selectors(parse(parameters.get("query"))):
            for labels, exemplars in self._storage.exemplars(matchers_of(selector), start, end):
                found[tuple(sorted(labels.items()))] = {
                    "seriesLabels": labels,
                    "exemplars": [
                        {"labels": e.labels, "value": format_value(e.value), "timestamp": format_time(e.time)}
                        for e in exemplars
                    ],
                }
        return _success([found[key] for key in sorted(found)])


def _matrix(value: Value, grid: Times, deadline: Deadline) -> list[dict[str, object]]:
    instants = [format_time(int(instant)) for instant in grid]
    if isinstance(value, Scalar):
        points = [[t, format_value(v)] for t, v in zip(instants, value.values, strict=True)]
        return [{"metric": {}, "values": points}]
    if not isinstance(value, Vector):
        raise Unprocessable("a range query has no value for a string")
    result: list[dict[str, object]] = []
    for row in sorted(range(len(value.labels)), key=lambda number: sorted(value.labels[number].items())):
        deadline.check()
        values = value.values[row].tolist()
        columns = value.present[row].nonzero()[0].tolist()
        result.append(
            {"metric": value.labels[row], "values": [[instants[c], format_value(values[c])] for c in columns]}
        )
    return result


def _vector_selectors(tree: promql.Expr) -> list[promql.VectorSelector]:
    """Every selector in a tree."""
    if isinstance(tree, promql.VectorSelector):
        return [tree]
    if isinstance(tree, promql.MatrixSelector):
        return [tree.vector_selector]
    parts: list[promql.Expr] = list(tree.args) if isinstance(tree, promql.Call) else []
    for name in ("expr", "lhs", "rhs"):
        part = getattr(tree, name, None)
        if isinstance(part, promql.Expr):
            parts.append(part)
    return [selector for part in parts for selector in _vector_selectors(part)]


def _selectors(parameters: Parameters) -> list[tuple[Matcher, ...]]:
    return [parse_selector(text) for text in parameters.all("match[]")]


def _time(parameters: Parameters, name: str, default: int | None = None) -> int:
    """A parameter's instant in unix milliseconds: seconds with a fraction, or RFC 3339."""
    text = parameters.get(name)
    if not text and default is not None:
        return default
    seconds = parse_float(text)
    if seconds is not None and EARLIEST_SECONDS <= seconds <= LATEST_SECONDS:
        return round(seconds * 1000)
    nanoseconds = parse_rfc3339(text)
    if nanoseconds is None:
        raise BadRequest(f'invalid parameter "{name}": cannot parse "{text}" to a valid timestamp')
    return nanoseconds // 1_000_000


def _range(parameters: Parameters) -> tuple[int, int]:
    """Start and end in unix milliseconds; all of time when they are left out."""
    return (
        _time(parameters, "start", EARLIEST_SECONDS * 1000),
        _time(parameters, "end", LATEST_SECONDS * 1000),
    )


def _step(text: str) -> int:
    seconds = parse_float(text)
    step = round(seconds * 1000) if seconds is not None else parse_prometheus_duration(text)
    if step is None or abs(step) > 2**53:
        raise BadRequest(f'invalid parameter "step": cannot parse "{text}" to a valid duration')
    if step <= 0:
        raise BadRequest(
            'invalid parameter "step": zero or negative query resolution step widths are not accepted. '
            "Try a positive integer"
        )
    return step


def _deadline(parameters: Parameters) -> Deadline:
    text = parameters.get("timeout")
    if not text:
        return Deadline()
    seconds = parse_float(text)
    milliseconds = seconds * 1000 if seconds is not None else parse_prometheus_duration(text)
    if milliseconds is None or milliseconds < 0:
        raise BadRequest(f'invalid parameter "timeout": cannot parse "{text}" to a valid duration')
    return Deadline(min(milliseconds / 1000, QUERY_SECONDS))


def _limit(parameters: Parameters) -> int | None:
    text = parameters.get("limit")
    if not text:
        return None
    if not (text.lstrip("-").isdigit() and text.isascii() and len(text) < 19):
        raise BadRequest("limit must be a number")
    limit = int(text)
    return limit if limit > 0 else None
