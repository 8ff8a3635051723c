"""Where other senders bring metrics: Prometheus' remote write, and OTLP at Prometheus' path."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from ..bodies import read_body
from ..http_api import QueryThreads
from ..refusals import BodyTooLarge, Busy, Refusal, StorageUnavailable
from . import otlp, remote_write
from .pushes import Taken, take_parts, take_whole
from .storage import MetricStorage

_PROTOBUF, _JSON = "application/x-protobuf", "application/json"
_V1, _V2 = "prometheus.WriteRequest", "io.prometheus.write.v2.Request"

#: Faults that an answer names at most.
_ERRORS = 1_000

#: Bodies from this size are decoded in a thread, so that other requests need not wait.
_LARGE_BODY = 64 * 1024


class PushApi:
    """The endpoints that take metrics."""

    def __init__(self, storage: MetricStorage, threads: QueryThreads) -> None:
        self._storage = storage
        self._threads = threads

    def routes(self) -> list[BaseRoute]:
        """The routes of these endpoints."""
        return [
            Route("/api/v1/write", self.write, methods=["POST"]),
            Route("/api/v1/otlp/v1/metrics", self.otlp, methods=["POST"]),
        ]

    async def write(self, request: Request) -> Response:
        """Takes a remote write of either version. Errors are plain text, as a sender logs them."""
        try:
            encoding = request.headers.get("content-encoding", "")
            if encoding not in ("", "snappy"):
                return _error(
                    f"{encoding} encoding (compression) is not accepted by this server; only snappy is acceptable", 415
                )
            message = _message(request.headers.get("content-type") or _PROTOBUF)
        except ValueError as error:
            return _error(str(error), 415)
        response, taken = await self._take(request, self._write_v2 if message == _V2 else self._write_v1)
        if message == _V2:
            for kind, count in (("Samples", taken.samples), ("Histograms", 0), ("Exemplars", taken.exemplars)):
                response.headers[f"X-Prometheus-Remote-Write-{kind}-Written"] = str(count)
        return response

    async def otlp(self, request: Request) -> Response:
        """Takes OTLP metrics in protobuf or JSON. Errors are plain text, as Prometheus writes them."""
        kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
        if kind not in (_PROTOBUF, _JSON):
            return _error(f"unsupported content type: {kind}, supported: [{_JSON}, {_PROTOBUF}]", 400)
        encoding = request.headers.get("content-encoding", "")
        if encoding not in ("", "gzip"):
            return _error(f'unsupported compression: {encoding}. Only "gzip" or no compression supported', 400)
        response, _ = await self._take(request, self._otlp_json if kind == _JSON else self._otlp_protobuf)
        if response.status_code == 204:
            response.status_code = 200
        return response

    async def _take(self, request: Request, work: Callable[[bytes], Taken]) -> tuple[Response, Taken]:
        """Does the work on the request's body: the answer, and what was taken."""
        try:
            self._storage.database.refuse_if_unavailable()
            body = await read_body(request)
            taken = work(body) if len(body) < _LARGE_BODY else await self._threads.run(work, body)
        except (Busy, StorageUnavailable) as refusal:
            # A sender gives up what was answered with 4xx, and brings again what was answered with 5xx.
            response = _error(str(refusal), 503)
            response.headers["Retry-After"] = "1"
            return response, Taken()
        except Refusal as refusal:
            return _error(str(refusal), 413 if isinstance(refusal, BodyTooLarge) else 400), Taken()
        if taken.errors:
            return _error("\n".join(taken.errors[:_ERRORS]), 400), taken
        return Response(status_code=204), taken

    def _write_v1(self, body: bytes) -> Taken:
        return take_whole(self._storage, remote_write.decode_v1(remote_write.decompress(body)), len(body))

    def _write_v2(self, body: bytes) -> Taken:
        return take_parts(self._storage, remote_write.decode_v2(remote_write.decompress(body)), len(body))

    def _otlp_protobuf(self, body: bytes) -> Taken:
        return take_whole(self._storage, otlp.decode_protobuf(body), len(body))

    def _otlp_json(self, body: bytes) -> Taken:
        return take_whole(self._storage, otlp.decode_json(body), len(body))


def _message(content_type: str) -> str:
    """The protobuf message that a content type names. Raises ValueError with Prometheus' text for any other."""
    content_type = content_type.strip()
    kind, *parameters = content_type.split(";")
    if kind != _PROTOBUF:
        raise ValueError(f"expected {_PROTOBUF} as the first (media) part, got {content_type} content-type")
    for parameter in parameters:
        name, *values = parameter.split("=")
        if len(values) != 1:
            raise ValueError(
                "as per https://www.rfc-editor.org/rfc/rfc9110#parameter expected parameters to be key-values, "
                f"got {parameter} in {content_type} content-type"
            )
        if name == "proto":
            if values[0] not in (_V1, _V2):
                raise ValueError(
                    f"got {content_type} content type; unknown type for remote write protobuf message {values[0]}, "
                    f"supported: {_V1}, {_V2}"
                )
            return values[0]
    return _V1


def _error(message: str, status: int) -> Response:
    return PlainTextResponse(message + "\n", status, headers={"X-Content-Type-Options": "nosniff"})
