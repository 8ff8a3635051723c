"""Loki's HTTP API over the log storage. Source: Grafana Loki HTTP API; compared with recorded answers of Loki 3.7."""

from __future__ import annotations

import time
from collections.abc import Iterable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from ..bodies import read_body
from ..deadline import Deadline
from ..http_api import JsonAnswer, Parameters, QueryThreads, create_app, read_parameters
from ..limits import LOG_ENTRIES, LOG_QUERY_RANGE_SECONDS, RANGE_POINTS
from ..quoting import format_labels
from ..refusals import BadRequest, Refusal
from ..times import NANOSECONDS, parse_float, parse_go_duration, parse_rfc3339
from ..vectors import Labels, Vector, format_time, format_value
from . import ingest
from .query_language.evaluator import Line, evaluate, find_lines
from .query_language.parser import LogQuery, parse, parse_selector
from .storage import LogStorage

_HOUR = 3600 * NANOSECONDS

#: Bodies from this size are decoded in a thread, so that other requests need not wait.
_LARGE_BODY = 256 * 1024


def create_logs_app(storage: LogStorage) -> Starlette:
    """The application that stands on Loki's port."""
    api = _Api(storage)
    return create_app(
        [
            Route("/ready", api.ready),
            Route("/loki/api/v1/push", api.push, methods=["POST"]),
            Route("/loki/api/v1/query", api.query, methods=["GET", "POST"]),
            Route("/loki/api/v1/query_range", api.query_range, methods=["GET", "POST"]),
            Route("/loki/api/v1/labels", api.labels, methods=["GET", "POST"]),
            Route("/loki/api/v1/label", api.labels, methods=["GET", "POST"]),
            Route("/loki/api/v1/label/{name}/values", api.label_values, methods=["GET", "POST"]),
            Route("/loki/api/v1/series", api.series, methods=["GET", "POST"]),
            Route("/loki/api/v1/status/buildinfo", api.build_info),
        ],
        _render_error,
    )


def _render_error(request: Request, status: int, refusal: Refusal | None, message: str) -> Response:
    # Loki ends the lines of its push errors, and not those of its query errors.
    end = "\n" if request.url.path.endswith("/push") else ""
    return PlainTextResponse(message + end, status, media_type="text/plain")


class _Api:
    def __init__(self, storage: LogStorage) -> None:
        self._storage = storage
        self._threads = QueryThreads()

    async def ready(self, request: Request) -> Response:
        return PlainTextResponse("ready\n")

    async def build_info(self, request: Request) -> Response:
        return JsonAnswer(
            {"version": "3.7.6", "revision": "", "branch": "", "goVersion": "", "buildUser": "", "buildDate": ""}
        )

    async def push(self, request: Request) -> Response:
        self._storage.database.refuse_if_unavailable()
        body = await read_body(request)
        kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
        decode = ingest.decode_json if kind == "application/json" else ingest.decode_protobuf
        batch = decode(body) if len(body) < _LARGE_BODY else await self._threads.run(decode, body)
        self._storage.append(batch, len(body))
        return Response(status_code=204)

    async def query(self, request: Request) -> Response:
        parameters = await read_parameters(request)
        query = parse(parameters.get("query"))
        at = _time(parameters.get("time"), time.time_ns())
        _limit(parameters)
        _direction(parameters)
        if isinstance(query, LogQuery):
            raise BadRequest(
                "log queries are not supported as an instant query type, please change your query to a range query type"
            )
        vector, _ = await self._threads.run(evaluate, self._storage, query, at, at, 1, Deadline())
        result = [
            {"metric": labels, "value": [format_time(at // 1_000_000), format_value(values[0])]}
            for labels, values in _sorted(vector)
        ]
        return _success({"resultType": "vector", "result": result, "stats": {}})

    async def query_range(self, request: Request) -> Response:
        parameters = await read_parameters(request)
        start, end = _range(parameters)
        step = _step(parameters, start, end)
        limit = _limit(parameters)
        newest_first = _direction(parameters) == "backward"
        if end <= start:
            raise BadRequest("end timestamp must not be before or equal to start time")
        query = parse(parameters.get("query"))
        if end - start > LOG_QUERY_RANGE_SECONDS * NANOSECONDS:
            minutes, seconds = divmod((end - start) // NANOSECONDS, 60)
            raise BadRequest(
                "the query time range exceeds the limit "
                f"(query length: {minutes // 60}h{minutes % 60}m{seconds}s, limit: 30d1h)"
            )
        if isinstance(query, LogQuery):
            lines = await self._threads.run(
                find_lines, self._storage, query, start, end, limit, newest_first, Deadline()
            )
            flags = request.headers.get("x-loki-response-encoding-flags", "")
            return _success(_streams(lines, "categorize-labels" in flags.split(",")))
        # Loki's front end widens metric queries to whole steps.
        first, last = start - start % step, end + -end % step
        if (last - first) // step > RANGE_POINTS:
            raise BadRequest(
                "exceeded maximum resolution of 11,000 points per time series. "
                "Try increasing the value of the step parameter"
            )
        vector, grid = await self._threads.run(evaluate, self._storage, query, first, last, step, Deadline())
        instants = [format_time(int(instant) // 1_000_000) for instant in grid]
        result = []
        for row, labels in sorted(enumerate(vector.labels), key=lambda item: format_labels(item[1])):
            points = [
                [instants[column], format_value(vector.values[row, column])]
                for column in vector.present[row].nonzero()[0]
            ]
            result.append({"metric": labels, "values": points})
        return _success({"resultType": "matrix", "result": result, "stats": {}})

    async def labels(self, request: Request) -> Response:
        parameters = await read_parameters(request)
        names = {name for labels in self._found(parameters, parameters.all("query")) for name in labels}
        return _list(sorted(names))

    async def label_values(self, request: Request) -> Response:
        parameters = await read_parameters(request)
        name = request.path_params["name"]
        found = self._found(parameters, parameters.all("query"))
        return _list(sorted({labels[name] for labels in found if name in labels}))

    async def series(self, request: Request) -> Response:
        parameters = await read_parameters(request)
        selectors = parameters.all("match[]") or parameters.all("match")
        return JsonAnswer({"status": "success", "data": list(self._found(parameters, selectors))})

    def _found(self, parameters: Parameters, selectors: list[str]) -> Iterable[Labels]:
        """Labels of the streams in the range that one of the selectors accepts; all of them without a selector."""
        start, end = _range(parameters, default_hours=6)
        wanted = [parse_selector(selector) for selector in selectors if selector]
        return [
            stream.labels
            for stream in self._storage.streams(start, end)
            if not wanted or any(all(m.accepts_labels(stream.labels) for m in matchers) for matchers in wanted)
        ]


def _success(data: dict[str, object]) -> Response:
    return JsonAnswer({"status": "success", "data": data})


def _list(values: list[str]) -> Response:
    # Loki leaves an empty list out.
    return JsonAnswer({"status": "success", "data": values} if values else {"status": "success"})


def _sorted(vector: Vector) -> list[tuple[Labels, list[float]]]:
    rows = [(labels, list(vector.values[row])) for row, labels in enumerate(vector.labels)]
    return sorted(rows, key=lambda row: format_labels(row[0]))


def _streams(lines: list[Line], categorize: bool) -> dict[str, object]:
    streams: dict[str, tuple[Labels, list[list[object]]]] = {}
    for line in lines:
        labels = line.labels if categorize else line.labels | line.metadata
        values = streams.setdefault(format_labels(labels), (labels, []))[1]
        entry: list[object] = [str(line.time), line.text]
        if categorize:
            entry.append({"structuredMetadata": line.metadata})
        values.append(entry)
    result = [{"stream": labels, "values": values} for _, (labels, values) in sorted(streams.items())]
    data: dict[str, object] = {"resultType": "streams", "result": result, "stats": {}}
    if categorize:
        data["encodingFlags"] = ["categorize-labels"]
    return data


def _range(parameters: Parameters, default_hours: int = 1) -> tuple[int, int]:
    now = time.time_ns()
    bounds: list[int] = []
    since = parse_go_duration(parameters.get("since", "0s"))
    if since is None:
        raise BadRequest(
            f"could not parse 'since' parameter: not a valid duration string: \"{parameters.get('since')}\""
        )
    for name in ("end", "start"):
        default = now if name == "end" else min(bounds[0], now) - (since or default_hours * _HOUR)
        try:
            bounds.append(_time(parameters.get(name), default))
        except BadRequest as error:
            raise BadRequest(f"could not parse '{name}' parameter: {error}") from None
    return bounds[1], bounds[0]


def _time(text: str, default: int) -> int:
    """Unix nanoseconds: of seconds with a fraction, of seconds up to ten digits, of nanoseconds, or of RFC 3339."""
    if not text:
        return default
    number = parse_float(text) if "." in text else None
    if number is not None:
        nanoseconds = round(number * NANOSECONDS)
    elif text.lstrip("+-").isdigit() and text.isascii() and len(text) <= 20:
        nanoseconds = int(text) * (NANOSECONDS if len(text) <= 10 else 1)
    else:
        parsed = parse_rfc3339(text)
        if parsed is None:
            raise BadRequest(f'strconv.ParseInt: parsing "{text}": invalid syntax')
        nanoseconds = parsed
    if abs(nanoseconds) >= 2**62:
        raise BadRequest(f'strconv.ParseInt: parsing "{text}": value out of range')
    return nanoseconds


def _step(parameters: Parameters, start: int, end: int) -> int:
    text = parameters.get("step")
    if not text:
        return max((end - start) // NANOSECONDS // 250, 1) * NANOSECONDS
    number = parse_float(text)
    step = round(number * NANOSECONDS) if number is not None and abs(number) < 2**33 else parse_go_duration(text)
    if step is None:
        raise BadRequest(f'cannot parse "{text}" to a valid duration')
    if step <= 0:
        raise BadRequest("zero or negative query resolution step widths are not accepted. Try a positive integer")
    return step


def _limit(parameters: Parameters) -> int:
    text = parameters.get("limit", "100")
    if not (text.lstrip("+-").isdigit() and text.isascii() and len(text) < 19):
        raise BadRequest(f'strconv.Atoi: parsing "{text}": invalid syntax')
    limit = int(text)
    if limit <= 0:
        raise BadRequest("limit must be a positive value")
    if limit > LOG_ENTRIES:
        raise BadRequest(
            f"max entries limit per query exceeded, limit > max_entries_limit_per_query ({limit} > {LOG_ENTRIES})"
        )
    return limit


def _direction(parameters: Parameters) -> str:
    direction = parameters.get("direction", "backward").lower()
    if direction not in ("forward", "backward"):
        raise BadRequest(f"invalid direction '{parameters.get('direction')}'")
    return direction
