"""Loki's `tail`: a query's lines over a WebSocket as they arrive."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from ..deadline import Deadline
from ..http_api import Parameters, QueryThreads, read_parameters
from ..refusals import BadRequest, Refusal
from .parameters import read_limit, read_range, refuse_beyond_entries
from .query_language.log_lines import Line, find_lines
from .query_language.parser import LogQuery, parse
from .storage import LogStorage
from .tail import WAITING_LINES, Follower

#: Tails at the same time, longest time of one, and largest delay_for, as in Loki.
_TAILS = 10
_SECONDS = 3600.0
_LONGEST_DELAY_SECONDS = 5

#: Lines that come within this time go out together.
_GATHER_SECONDS = 0.1


@dataclass(frozen=True)
class _Wish:
    """What a client asks for. Times are unix nanoseconds."""

    query: LogQuery
    start: int
    limit: int
    delay_seconds: int
    categorize: bool


class TailApi:
    """The endpoint that follows a query."""

    def __init__(self, storage: LogStorage, threads: QueryThreads) -> None:
        self._storage = storage
        self._threads = threads
        self._running = 0

    def routes(self) -> list[BaseRoute]:
        """The routes of this endpoint."""
        return [
            WebSocketRoute("/loki/api/v1/tail", self.tail),
            Route("/loki/api/v1/tail", self.not_a_websocket, methods=["GET", "POST"]),
        ]

    async def not_a_websocket(self, request: Request) -> Response:
        _read_wish(await read_parameters(request), "")
        return PlainTextResponse("Bad Request\n", 400, media_type="text/plain")

    async def tail(self, websocket: WebSocket) -> None:
        flags = websocket.headers.get("x-loki-response-encoding-flags", "")
        try:
            pairs = parse_qsl(websocket.url.query, keep_blank_values=True, max_num_fields=100)
            wish = _read_wish(Parameters(pairs), flags)
        except (Refusal, ValueError) as error:
            # The connection is of no further use, and clients keep their connections unless told.
            headers = {"Connection": "close"}
            await websocket.send_denial_response(PlainTextResponse(str(error), 400, headers, "text/plain"))
            return
        await websocket.accept()
        if self._running >= _TAILS:
            count = f"{self._running + 1} > {_TAILS}"
            await websocket.close(1011, f"max concurrent tail requests limit exceeded, count > limit ({count})")
            return
        self._running += 1
        loop, arrived = asyncio.get_running_loop(), asyncio.Event()

        def wake() -> None:
            loop.call_soon_threadsafe(arrived.set)

        follower = Follower(wish.query.matchers, wake)
        self._storage.observers.append(follower.observe)
        tasks = [
            asyncio.create_task(_until_left(websocket)),
            asyncio.create_task(self._send(websocket, wish, follower, arrived)),
        ]
        try:
            done, _ = await asyncio.wait(tasks, timeout=_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if tasks[0] not in done:
                reason = "reached tail max duration limit" if not done else "the query failed"
                await websocket.close(1011, reason)
        finally:
            self._storage.observers.remove(follower.observe)
            self._running -= 1
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _send(self, websocket: WebSocket, wish: _Wish, follower: Follower, arrived: asyncio.Event) -> None:
        # What is there already, the newest lines of it; then what comes.
        now = time.time_ns()
        lines = await self._threads.run(
            find_lines, self._storage, wish.query, wish.start, now, wish.limit, True, Deadline()
        )
        lines.reverse()
        # A line that was stored in between is in both.
        sent = {(line.time, line.text, tuple(line.labels.items())) for line in lines}
        await _send_message(websocket, wish, lines, [])
        while True:
            await arrived.wait()
            await asyncio.sleep(max(wish.delay_seconds, _GATHER_SECONDS))
            arrived.clear()
            arrivals, dropped = follower.take()
            span = arrivals.span()
            source: Any = arrivals
            lines = []
            if span is not None:
                lines = await self._threads.run(
                    find_lines, source, wish.query, span[0], span[1] + 1, WAITING_LINES, False, Deadline()
                )
            lines = [line for line in lines if (line.time, line.text, tuple(line.labels.items())) not in sent]
            await _send_message(websocket, wish, lines, dropped)


async def _until_left(websocket: WebSocket) -> None:
    try:
        while True:
            await websocket.receive_bytes()
    except (WebSocketDisconnect, KeyError):
        return


async def _send_message(
    websocket: WebSocket, wish: _Wish, lines: list[Line], dropped: list[tuple[int, dict[str, str]]]
) -> None:
    if not lines and not dropped:
        return
    message: dict[str, object] = {"streams": _by_stream(lines, wish.categorize)}
    if wish.categorize:
        message["encodingFlags"] = ["categorize-labels"]
    if dropped:
        message["dropped_entries"] = [{"timestamp": str(instant), "labels": labels} for instant, labels in dropped]
    await websocket.send_text(orjson.dumps(message).decode())


def _by_stream(lines: list[Line], categorize: bool) -> list[dict[str, object]]:
    streams: dict[tuple[tuple[str, str], ...], tuple[dict[str, str], list[list[object]]]] = {}
    for line in lines:
        labels = line.labels if categorize else line.all_labels
        value: list[object] = [str(line.time), line.text]
        if categorize:
            categories = {"structuredMetadata": line.metadata, "parsed": line.parsed}
            value.append({name: found for name, found in categories.items() if found})
        streams.setdefault(tuple(sorted(labels.items())), (labels, []))[1].append(value)
    return [{"stream": dict(sorted(labels.items())), "values": values} for labels, values in streams.values()]


def _read_wish(parameters: Parameters, flags: str) -> _Wish:
    query = parse(parameters.get("query"))
    if not isinstance(query, LogQuery):
        raise BadRequest("only log selector is supported")
    limit = read_limit(parameters)
    refuse_beyond_entries(limit)
    start, _ = read_range(parameters)
    text = parameters.get("delay_for", "0")
    if not (text.isdigit() and text.isascii() and len(text) < 10):
        raise BadRequest(f'strconv.Atoi: parsing "{text}": invalid syntax')
    if int(text) > _LONGEST_DELAY_SECONDS:
        raise BadRequest(f"delay_for can't be greater than {_LONGEST_DELAY_SECONDS}")
    return _Wish(query, start, limit, int(text), "categorize-labels" in flags.split(","))
