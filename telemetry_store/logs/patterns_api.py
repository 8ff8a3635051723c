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
from .chunks import Lines
from .levels import UNKNOWN
from .parameters import read_range, read_selector, read_step
from .patterns import Miner
from .search import LineConditions
from .storage import LogStorage

#: Lines that one query looks at: of each of its streams an equal part, the newest first.
_LINES = 100_000

#: Lines between two looks at the deadline.
_LINES_PER_CHECK = 100

#: The finest step: Loki counts by ten seconds and makes longer steps of these.
_RESOLUTION = 10 * NANOSECONDS

#: Levels that have patterns of their own; lines of any other are `unknown`.
_LEVELS = frozenset(("critical", "fatal", "error", "warn", "info", "debug", "trace"))

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
        start, end = read_range(parameters)
        step = read_step(parameters, start, end)
        if (end - start) // step > RANGE_POINTS:
            raise BadRequest(
                "exceeded maximum resolution of 11,000 points per time series. "
                "Try increasing the value of the step parameter"
            )
        matchers = read_selector(parameters.get("query"))
        # As in Loki: ten seconds count when their beginning lies in the range.
        start, end = (-(-bound // _RESOLUTION) * _RESOLUTION for bound in (start, end))
        step = max(step, _RESOLUTION)
        data = await self._threads.run(self._find, matchers, start, end, step)
        return JsonAnswer({"status": "success", "data": data})

    def _find(self, matchers: Sequence[Matcher], start: int, end: int, step: int) -> list[dict[str, object]]:
        miner = Miner()
        deadline = Deadline()
        streams = [
            stream
            for stream in self._storage.streams(start, end)
            if all(matcher.accepts_labels(stream.labels) for matcher in matchers)
        ]
        with self._storage.reader(deadline) as reader:
            for stream in streams:
                left = max(_LINES // len(streams), 1)
                for block in self._storage.blocks(reader, stream, start, end, LineConditions(), newest_first=True):
                    newest = range(max(len(block) - left, 0), len(block))
                    _mine(miner, block, newest, stream.id, step, deadline)
                    left -= len(newest)
                    if not left:
                        break
        return [
            {
                "pattern": pattern.text,
                "level": pattern.level,
                "samples": [[instant // NANOSECONDS, count] for instant, count in sorted(pattern.counts.items())],
            }
            for pattern in miner.patterns()[:_PATTERNS]
        ]


def _mine(miner: Miner, block: Lines, rows: range, stream: int, step: int, deadline: Deadline) -> None:
    """Counts some lines of a block."""
    levels = [level if level in _LEVELS else UNKNOWN for level in block.levels.values]
    codes = block.levels.codes.tolist()
    instants = block.times - block.times % _RESOLUTION
    steps = (instants - instants % step).tolist()
    for row in rows:
        if row % _LINES_PER_CHECK == 0:
            deadline.check()
        miner.add(block.line(row).decode(errors="replace"), levels[codes[row]], steps[row], stream)
