"""Where log lines come in: Loki's push in JSON and protobuf."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ..bodies import read_body
from ..http_api import QueryThreads
from . import ingest
from .storage import LogStorage

#: Bodies from this size are decoded in a thread, so that other requests need not wait.
_LARGE_BODY = 256 * 1024


class PushApi:
    """The endpoints that take log lines."""

    def __init__(self, storage: LogStorage, threads: QueryThreads) -> None:
        self._storage = storage
        self._threads = threads

    def routes(self) -> list[BaseRoute]:
        """The routes of these endpoints."""
        return [Route("/loki/api/v1/push", self.push, methods=["POST"])]

    async def push(self, request: Request) -> Response:
        self._storage.database.refuse_if_unavailable()
        body = await read_body(request)
        kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
        decode = ingest.decode_json if kind == "application/json" else ingest.decode_protobuf
        batch = decode(body) if len(body) < _LARGE_BODY else await self._threads.run(decode, body)
        self._storage.append(batch, len(body))
        return Response(status_code=204)
