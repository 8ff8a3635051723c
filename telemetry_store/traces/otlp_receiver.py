"""The OTLP/HTTP receiver: spans in JSON and protobuf, with the answers of Tempo's."""

from __future__ import annotations

from collections.abc import Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from ..bodies import read_body
from ..http_api import JsonAnswer, QueryThreads, create_app
from ..refusals import Refusal
from . import ingest
from .storage import TraceStorage

_JSON = "application/json"
_PROTOBUF = "application/x-protobuf"

#: Bodies from this size are decoded in a thread, so that other requests need not wait.
_LARGE_BODY = 256 * 1024

#: google.rpc.Code by HTTP status, as OTLP's Status bodies carry it.
_RPC_CODES = {400: 3, 413: 3, 429: 8, 500: 13, 503: 14}


def create_otlp_app(storage: TraceStorage, on_stored: Callable[[ingest.Batch], None] | None = None) -> Starlette:
    """The application that stands on the OTLP/HTTP port; `on_stored` is told of every batch that was taken."""
    return create_app(
        [Route("/v1/traces", _Receiver(storage, on_stored).traces, methods=["POST", "GET", "PUT", "DELETE", "PATCH"])],
        _render_otlp_error,
    )


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").split(";")[0].strip().lower()


def _render_otlp_error(request: Request, status: int, refusal: Refusal | None, message: str) -> Response:
    code = _RPC_CODES.get(status, 2)
    if _media_type(request) == _PROTOBUF:
        text = message.encode()[:60_000]
        length = bytes([len(text)]) if len(text) < 128 else bytes([len(text) & 0x7F | 0x80, *_rest(len(text) >> 7)])
        return Response(bytes([8, code, 18]) + length + text, status, media_type=_PROTOBUF)
    return JsonAnswer({"code": code, "message": message}, status)


def _rest(number: int) -> list[int]:
    return [number] if number < 128 else [number & 0x7F | 0x80, *_rest(number >> 7)]


class _Receiver:
    def __init__(self, storage: TraceStorage, on_stored: Callable[[ingest.Batch], None] | None) -> None:
        self._storage = storage
        self._on_stored = on_stored
        self._threads = QueryThreads()

    async def traces(self, request: Request) -> Response:
        if request.method != "POST":
            return PlainTextResponse("405 method not allowed, supported: [POST]", 405, media_type="text/plain")
        kind = _media_type(request)
        if kind not in (_JSON, _PROTOBUF):
            return PlainTextResponse(
                "415 unsupported media type, supported: [application/json, application/x-protobuf]",
                415,
                media_type="text/plain",
            )
        self._storage.database.refuse_if_unavailable()
        body = await read_body(request)
        decode = ingest.decode_json if kind == _JSON else ingest.decode_protobuf
        batch = decode(body) if len(body) < _LARGE_BODY else await self._threads.run(decode, body)
        self._storage.append(batch, len(body))
        if self._on_stored is not None:
            self._on_stored(batch)
        if kind == _JSON:
            return Response(b'{"partialSuccess":{}}', media_type=_JSON)
        return Response(b"\n\x00", media_type=_PROTOBUF)
