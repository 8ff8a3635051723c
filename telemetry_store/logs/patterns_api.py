"""Loki's `patterns`: what the newest lines of a selector have in common, and how often each pattern came."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ..deadline import Deadline
from ..http_api import JsonAnswer, QueryThreads, read_parameters
from ..limits import RANGE_POINTS
from ..matchers import Matcher
from ..refusals import BadRequest
from ..times import NANOSECONDS
from .parameters import read_range, read_selector, read_step
from .patterns import Miner
from .search import LineConditions
from .storage import LogStorage

#: Lines of each stream, and of all together, that are looked at, the newest first.
_LINES_OF_STREAM = 10_000
_LINES = 50_000

#: Patterns of an answer.
_PATTERNS = 300


class PatternsApi:
    """The endpoint that looks for patterns."""

    def __init__(self, storage: LogStorage, threads: QueryThreads) -> None:
        self._storage = storage
        self._threads = threads

    def routes(self) -> list[BaseRoute]:
        """The routes of this endpoint."""
        return [Route("/loki/api/v1/patterns", self.patterns, methods=["GET", "POST"])]

    async def patterns(self, request: Request) -> Response:
        parameters = await read_parameters(request)
        matchers = read_selector(parameters.get("query"))
        start, end = read_range(parameters)
        step = max(read_step(parameters, start, end) // NANOSECONDS, 1) * NANOSECONDS
        if (end - start) // step > RANGE_POINTS:
            raise BadRequest(
                "exceeded maximum resolution of 11,000 points per time series. "
                "Try increasing the value of the step parameter"
            )
        data = await self._threads.run(self._find, matchers, start, end, step)
        return JsonAnswer({"status": "success", "data": data})

    def _find(self, matchers: Sequence[Matcher], start: int, end: int, step: int) -> list[dict[str, object]]:
        miner = Miner()
        deadline = Deadline()
        left = _LINES
        with self._storage.reader(deadline) as reader:
            for stream in self._storage.streams(start, end):
                if not all(matcher.accepts_labels(stream.labels) for matcher in matchers):
                    continue
                of_stream = min(left, _LINES_OF_STREAM)
                for block in self._storage.blocks(reader, stream, start, end, LineConditions(), newest_first=True):
                    first = max(len(block) - of_stream, 0)
                    levels, times = block.levels, block.times.tolist()
                    for row in range(first, len(block)):
                        if row % 1_000 == 0:
                            deadline.check()
                        level = levels.values[levels.codes[row]]
                        miner.add(block.line(row).decode(errors="replace"), level, times[row] // step * step)
                    of_stream -= len(block) - first
                    left -= len(block) - first
                    if not of_stream:
                        break
                if not left:
                    break
        return [
            {
                "pattern": pattern.text,
                "level": pattern.level,
                "samples": [[instant // NANOSECONDS, count] for instant, count in sorted(pattern.counts.items())],
            }
            for pattern in list(miner.patterns())[:_PATTERNS]
        ]
