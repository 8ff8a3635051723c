"""Loki's HTTP API over the log storage: which path leads where, and what an error looks like.

The endpoints are in `query_api` (queries), `index_api` (labels, streams) and `push_api` (lines coming in).
Source: Grafana Loki HTTP API; compared with recorded answers of Loki 3.7.
"""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from ..http_api import JsonAnswer, QueryThreads, create_app
from ..refusals import Refusal
from .index_api import IndexApi
from .push_api import PushApi
from .query_api import QueryApi
from .storage import LogStorage


def create_logs_app(storage: LogStorage) -> Starlette:
    """The application that stands on Loki's port."""
    threads = QueryThreads()
    return create_app(
        [
            Route("/ready", _ready),
            Route("/loki/api/v1/status/buildinfo", _build_info),
            *PushApi(storage, threads).routes(),
            *QueryApi(storage, threads).routes(),
            *IndexApi(storage).routes(),
        ],
        _render_error,
    )


def _render_error(request: Request, status: int, refusal: Refusal | None, message: str) -> Response:
    # Loki ends the lines of its push errors, and not those of its query errors.
    end = "\n" if request.url.path.endswith("/push") else ""
    return PlainTextResponse(message + end, status, media_type="text/plain")


async def _ready(request: Request) -> Response:
    return PlainTextResponse("ready\n")


async def _build_info(request: Request) -> Response:
    return JsonAnswer(
        {"version": "3.7.6", "revision": "", "branch": "", "goVersion": "", "buildUser": "", "buildDate": ""}
    )
