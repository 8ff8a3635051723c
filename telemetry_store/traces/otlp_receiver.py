"""The OTLP/HTTP receiver: spans in JSON and protobuf, with the answers of Tempo's."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import cramjam
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from ..bodies import decompress, read_raw_body
from ..http_api import JsonAnswer, QueryThreads, create_app
from ..limits import BODY_BYTES
from ..refusals import BadRequest, BodyTooLarge, Refusal
from . import ingest
from .otlp_errors import explain_json, explain_protobuf
from .storage import TraceStorage

_JSON = "application/json"
_PROTOBUF = "application/x-protobuf"

#: Bodies from this size are decoded in a thread, so that other requests need not wait.
_LARGE_BODY = 256 * 1024

#: google.rpc.Code by HTTP status, as OTLP's Status bodies carry it.
_RPC_CODES = {400: 3, 413: 3, 429: 8, 500: 13, 503: 14}


#: Longest wait of a sender for the spans before its own to be packed.
_LONGEST_DELAY_SECONDS = 5.0

_CORRUPT = {
    "zstd": "invalid input: magic number mismatch",
    "snappy": "snappy: corrupt input",
    "lz4": "lz4: bad magic number",
}


def create_otlp_app(storage: TraceStorage, on_stored: Callable[[ingest.Batch], None] | None = None) -> Starlette:
    """The application that stands on the OTLP/HTTP port; `on_stored` is told of every batch that was taken."""
    route = Route("/v1/traces", _Receiver(storage, on_stored).traces)
    # Other methods get the receiver's own words.
    route.methods = None
    application = create_app([route], _render_otlp_error)
    application.router.redirect_slashes = False
    return application


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
        body = _unpacked(await read_raw_body(request), request.headers.get("content-encoding", "").strip().lower())
        decode = _decode_json if kind == _JSON else _decode_protobuf
        batch = decode(body) if len(body) < _LARGE_BODY else await self._threads.run(decode, body)
        await self._let_packing_catch_up()
        self._storage.append(batch, len(body))
        if self._on_stored is not None:
            self._on_stored(batch)
        if kind == _JSON:
            return Response(b'{"partialSuccess":{}}', media_type=_JSON)
        return Response(b"\n\x00", media_type=_PROTOBUF)

    async def _let_packing_catch_up(self) -> None:
        """Holds a sender up for a moment when more arrives than is packed; memory would grow otherwise."""
        end = time.monotonic() + _LONGEST_DELAY_SECONDS
        while self._storage.is_crowded and time.monotonic() < end:
            await asyncio.sleep(0.02)


def _decode_json(body: bytes) -> ingest.Batch:
    try:
        return ingest.decode_json(body)
    except BadRequest as error:
        raise BadRequest(explain_json(body, str(error))) from None


def _decode_protobuf(body: bytes) -> ingest.Batch:
    try:
        return ingest.decode_protobuf(body)
    except BadRequest as error:
        raise BadRequest(explain_protobuf(body, str(error))) from None


def _unpacked(body: bytes, encoding: str) -> bytes:
    """The body's content. Raises BadRequest in the receiver's words, BodyTooLarge."""
    match encoding:
        case "":
            return body
        case "gzip" | "deflate" | "zlib":
            try:
                return decompress(body, "deflate" if encoding == "zlib" else encoding)
            except BadRequest as error:
                cut_off = "unexpected EOF" in str(error)
                raise BadRequest("unexpected EOF" if cut_off else f"{encoding}: invalid header") from None
        case "zstd" | "snappy" | "lz4":
            # One byte more than is allowed: a body that would unpack to gigabytes stops there.
            buffer = bytearray(BODY_BYTES + 1)
            try:
                size = getattr(cramjam, encoding).decompress_into(body, buffer)
            except cramjam.DecompressionError as error:
                if "buffer" not in str(error):
                    raise BadRequest(_CORRUPT[encoding]) from None
                size = len(buffer)
            if size > BODY_BYTES:
                raise BodyTooLarge(f"decompressed request body too large: the limit is {BODY_BYTES} bytes")
            return bytes(memoryview(buffer)[:size])
    raise BadRequest(f"unsupported Content-Encoding: {encoding}")
