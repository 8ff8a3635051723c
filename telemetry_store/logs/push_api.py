"""Where log lines come in: Loki's push in JSON and protobuf, and OTLP."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ..bodies import read_body
from ..http_api import QueryThreads
from . import ingest, otlp
from .ingest import Checked
from .storage import LogStorage

OTLP_PATH = "/otlp/v1/logs"

#: Bodies from this size are decoded in a thread, so that other requests need not wait.
_LARGE_BODY = 256 * 1024


class PushApi:
    """The endpoints that take log lines."""

    def __init__(self, storage: LogStorage, threads: QueryThreads, discover_levels: bool = True) -> None:
        self._storage = storage
        self._threads = threads
        self._discover_levels = discover_levels

    def routes(self) -> list[BaseRoute]:
        """The routes of these endpoints."""
        return [
            Route("/loki/api/v1/push", self.push, methods=["POST"]),
            Route("/api/prom/push", self.push, methods=["POST"]),
            Route(OTLP_PATH, self.otlp, methods=["POST"]),
        ]

    async def push(self, request: Request) -> Response:
        self._storage.database.refuse_if_unavailable()
        body = await read_body(request)
        kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
        read = ingest.read_json if kind == "application/json" else ingest.read_protobuf
        return await self._take(body, lambda: ingest.check(read(body), self._discover_levels))

    async def otlp(self, request: Request) -> Response:
        self._storage.database.refuse_if_unavailable()
        body = await otlp.read_otlp_body(request)
        kind = request.headers.get("content-type", "")
        return await self._take(body, lambda: ingest.check(otlp.read_logs(body, kind), self._discover_levels))

    async def _take(self, body: bytes, decode: Callable[[], Checked]) -> Response:
        checked = decode() if len(body) < _LARGE_BODY else await self._threads.run(decode)
        self._storage.append(checked.batch, len(body))
        error = checked.error()
        if error is not None:
            raise error
        return Response(status_code=204)


def otlp_error(status: int, message: str) -> Response:
    """OTLP's form of an error: a protobuf Status with a message. Senders try again after a 503, and not after a 500."""
    text = message.encode(errors="surrogateescape")
    size = bytearray()
    length = len(text)
    while length > 0x7F:
        size.append(length & 0x7F | 0x80)
        length >>= 7
    size.append(length)
    body = b"\x12" + bytes(size) + text
    return Response(body, 503 if status == 500 else status, media_type="application/octet-stream")
