"""Tempo's HTTP API over the trace storage. Compared with recorded answers of Tempo 3.0."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from ..http_api import JsonAnswer, QueryThreads, create_app
from ..refusals import Refusal
from .by_id_api import by_id_routes
from .otlp_receiver import create_otlp_app
from .query_api import query_routes
from .storage import TraceStorage
from .tags_api import tag_routes


def create_traces_app(storage: TraceStorage) -> Starlette:
    """The application that stands on Tempo's port."""
    threads = QueryThreads()
    return create_app(
        [
            Route("/ready", _ready),
            Route("/api/echo", _echo),
            Route("/api/status/buildinfo", _build_info),
            *by_id_routes(storage, threads),
            *query_routes(storage, threads),
            *tag_routes(storage, threads),
        ],
        _render_error,
    )


def _render_error(request: Request, status: int, refusal: Refusal | None, message: str) -> Response:
    return PlainTextResponse(message, status, media_type="text/plain")


async def _ready(request: Request) -> Response:
    return PlainTextResponse("ready\n")


async def _echo(request: Request) -> Response:
    return PlainTextResponse("echo\n")


async def _build_info(request: Request) -> Response:
    return JsonAnswer(
        {"version": "3.0.3", "revision": "", "branch": "", "buildUser": "", "buildDate": "", "goVersion": ""}
    )


__all__ = ["create_otlp_app", "create_traces_app"]
