"""Tempo's HTTP API over the trace storage. Compared with recorded answers of Tempo 3.0."""

from __future__ import annotations

from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from ..http_api import JsonAnswer, QueryThreads, create_app, own_metrics_route
from ..refusals import Refusal
from .by_id_api import by_id_routes
from .otlp_receiver import create_otlp_app
from .query_api import query_routes
from .storage import TraceStorage
from .tags_api import tag_routes

#: The Tempo that is answered for.
VERSION = "3.0.3"
GO_VERSION = "go1.26.8"


def create_traces_app(storage: TraceStorage, registry: CollectorRegistry) -> Starlette:
    """The application that stands on Tempo's port; `registry` holds the store's own metrics."""
    threads = QueryThreads()
    routes = [
        Route("/ready", _ready),
        own_metrics_route(registry),
        Route("/status/version", _version),
        Route("/api/echo", _echo),
        Route("/api/status/buildinfo", _build_info),
        *by_id_routes(storage, threads),
        *query_routes(storage, threads),
        *tag_routes(storage, threads),
    ]
    for route in routes:
        if isinstance(route, Route):
            # Tempo asks nobody how, only what.
            route.methods = None
    application = create_app(routes, _render_error)
    # To a Go server a path with a slash at its end is another one.
    application.router.redirect_slashes = False
    return application


def _render_error(request: Request, status: int, refusal: Refusal | None, message: str) -> Response:
    return PlainTextResponse(message, status, media_type="text/plain")


async def _ready(request: Request) -> Response:
    return PlainTextResponse("ready\n")


async def _echo(request: Request) -> Response:
    return PlainTextResponse("echo\n")


async def _version(request: Request) -> Response:
    built = "".join(
        f"  {name + ':':18}{value}\n"
        for name, value in (
            ("build user", ""),
            ("build date", ""),
            ("go version", GO_VERSION),
            ("platform", "linux/amd64"),
            ("tags", "unknown"),
        )
    )
    text = f"GET /status/version\ntempo, version {VERSION} (branch: , revision: unknown)\n{built}"
    return PlainTextResponse(text, media_type="text/plain")


async def _build_info(request: Request) -> Response:
    names = ("revision", "branch", "buildUser", "buildDate")
    return JsonAnswer({"version": VERSION, **dict.fromkeys(names, ""), "goVersion": GO_VERSION})


__all__ = ["create_otlp_app", "create_traces_app"]
