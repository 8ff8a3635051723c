"""Loki's `index/stats`, `index/volume` and `index/volume_range`: how much there is, estimated from the index.

As in Loki, a chunk that lies only partly in the range counts by that part of its span of time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ..http_api import JsonAnswer, Parameters, QueryThreads, read_parameters
from ..limits import RANGE_POINTS
from ..matchers import Matcher
from ..quoting import format_labels
from ..refusals import BadRequest
from ..times import NANOSECONDS
from ..vectors import format_time, format_value
from .parameters import read_range, read_selector, read_step
from .query_language.parser import parse_selector
from .storage import LogStorage, Stream

#: Series of an answer when no limit is given.
_SERIES = 100


class VolumeApi:
    """The endpoints that tell how much there is."""

    def __init__(self, storage: LogStorage, threads: QueryThreads) -> None:
        self._storage = storage
        self._threads = threads

    def routes(self) -> list[BaseRoute]:
        """The routes of these endpoints."""
        both = ["GET", "POST"]
        return [
            Route("/loki/api/v1/index/stats", self.stats, methods=both),
            Route("/loki/api/v1/index/volume", self.volume, methods=both),
            Route("/loki/api/v1/index/volume_range", self.volume_range, methods=both),
        ]

    async def stats(self, request: Request) -> Response:
        parameters = await read_parameters(request)
        start, end = read_range(parameters)
        matchers = read_selector(parameters.get("query"))
        if end <= start:
            raise BadRequest("end timestamp must not be before or equal to start time")
        return JsonAnswer(await self._threads.run(self._stats, matchers, start, end))

    def _stats(self, matchers: Sequence[Matcher], start: int, end: int) -> dict[str, int]:
        streams = chunks = size = entries = 0
        for stream in self._matching(matchers, start, end):
            found = False
            for extent in self._storage.extents(stream):
                part = extent.part_within(start, end)
                # Loki's statistics know only what is in stored chunks.
                if part and extent.is_packed:
                    found = True
                    chunks += 1
                    size += int(part * extent.size_bytes)
                    entries += int(part * extent.count)
            streams += found
        return {"streams": streams, "chunks": chunks, "bytes": size, "entries": entries}

    async def volume(self, request: Request) -> Response:
        parameters = await read_parameters(request)
        limit = _volume_limit(parameters)
        by_labels = _by_labels(parameters)
        start, end = read_range(parameters)
        if end < start:
            raise BadRequest("end timestamp must not be before or equal to start time")
        matchers = read_selector(parameters.get("query"), may_be_empty=True)
        names = _target_labels(parameters)
        volumes = await self._threads.run(self._volumes, matchers, start, end, names, by_labels, limit)
        return _answer([(end, volumes)])

    async def volume_range(self, request: Request) -> Response:
        parameters = await read_parameters(request)
        limit = _volume_limit(parameters)
        start, end = read_range(parameters)
        step = read_step(parameters, start, end)
        by_labels = _by_labels(parameters)
        if end <= start:
            raise BadRequest("end timestamp must not be before or equal to start time")
        if (end - start) // step > RANGE_POINTS:
            raise BadRequest(
                "exceeded maximum resolution of 11,000 points per time series. "
                "Try increasing the value of the step parameter"
            )
        matchers = read_selector(parameters.get("query"), may_be_empty=True)
        names = _target_labels(parameters)

        def buckets() -> list[tuple[int, dict[str, int]]]:
            found = []
            for low in range(start, end, step):
                # All but the last bucket end a millisecond before the next one begins.
                high = low + step - 1_000_000 if low + step < end else end
                found.append((high, self._volumes(matchers, low, high, names, by_labels, limit)))
            return found

        return _answer(await self._threads.run(buckets))

    def _volumes(
        self, matchers: Sequence[Matcher], start: int, end: int, names: list[str], by_labels: bool, limit: int
    ) -> dict[str, int]:
        """Bytes by series (labels as text) or by label name, the largest first."""
        # Loki's index knows whole seconds here.
        start, end = start // NANOSECONDS * NANOSECONDS, end // NANOSECONDS * NANOSECONDS
        kept = set(names) or {matcher.name for matcher in matchers}
        wanted = [*matchers, *(Matcher(name, "=~", ".+") for name in names if name not in {m.name for m in matchers})]
        volumes: dict[str, int] = {}
        for stream in self._matching(wanted, start, end):
            size = sum(int(e.size_bytes * e.part_within(start, end)) for e in self._storage.extents(stream))
            if by_labels:
                keys = [name for name in stream.labels if not names or name in kept]
            else:
                shown = {n: v for n, v in stream.labels.items() if n in kept or not matchers}
                keys = [format_labels(shown)]
            for key in keys:
                volumes[key] = volumes.get(key, 0) + size
        return dict(sorted(volumes.items(), key=lambda item: (-item[1], item[0]))[:limit])

    def _matching(self, matchers: Sequence[Matcher], start: int, end: int) -> Iterable[Stream]:
        for stream in self._storage.streams(start, end):
            if all(matcher.accepts_labels(stream.labels) for matcher in matchers):
                yield stream


def _answer(buckets: list[tuple[int, dict[str, int]]]) -> Response:
    series: dict[str, list[list[object]]] = {}
    first: dict[str, int] = {}
    for instant, volumes in buckets:
        for name, size in volumes.items():
            first.setdefault(name, size)
            series.setdefault(name, []).append([format_time(instant // 1_000_000), format_value(float(size))])
    is_vector = all(len(values) == 1 for values in series.values())
    result: list[dict[str, object]] = []
    for name in sorted(series, key=lambda name: (-first[name], name)):
        metric = dict(_labels_of(name)) if name.startswith("{") else {name: ""}
        values = series[name]
        result.append({"metric": metric, "value": values[0]} if is_vector else {"metric": metric, "values": values})
    data = {"resultType": "vector" if is_vector else "matrix", "result": result}
    return JsonAnswer({"status": "success", "data": {**data, "stats": {}}})


def _labels_of(text: str) -> Iterable[tuple[str, str]]:
    return ((matcher.name, matcher.value) for matcher in parse_selector(text))


def _target_labels(parameters: Parameters) -> list[str]:
    text = parameters.get("targetLabels")
    return text.split(",") if text else []


def _by_labels(parameters: Parameters) -> bool:
    text = parameters.get("aggregateBy", "series")
    if text not in ("series", "labels"):
        raise BadRequest("invalid aggregation option")
    return text == "labels"


def _volume_limit(parameters: Parameters) -> int:
    text = parameters.get("limit", "0")
    if not (text.lstrip("+-").isdigit() and text.isascii() and len(text) < 19):
        raise BadRequest(f'strconv.Atoi: parsing "{text}": invalid syntax')
    if int(text) < 0:
        raise BadRequest("limit must be a positive value")
    return int(text) or _SERIES
