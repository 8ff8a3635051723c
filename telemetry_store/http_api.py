"""What the HTTP APIs share: parameters from query string and form, queries in threads, and one place where errors end.

Routes, parameters' meanings and error bodies are each API's own.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any, ParamSpec, TypeVar
from urllib.parse import parse_qsl

import anyio
import anyio.to_thread
import orjson
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from .bodies import read_body
from .limits import CONCURRENT_QUERIES
from .refusals import BadRequest, Busy, Refusal

logger = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

#: Turns an error into the API's body: (status, the refusal or None when the fault is ours, message) -> response.
ErrorRenderer = Callable[[Request, int, Refusal | None, str], Response]

#: What a Go server answers for a path it does not have.
NOT_FOUND = "404 page not found\n"

#: Parameters of one request; more would only burn time.
_PARAMETERS = 1_000


class Parameters:
    """Query string and form of a request, as Go's `r.Form`: the form's values come first."""

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(name, []).append(value)

    def get(self, name: str, default: str = "") -> str:
        """The first value; the default when it is absent or empty."""
        return self._values.get(name, [default])[0] or default

    def all(self, name: str) -> list[str]:
        """Every value, in order."""
        return self._values.get(name, [])

    def __contains__(self, name: str) -> bool:
        return name in self._values


async def read_parameters(request: Request) -> Parameters:
    """The request's parameters. Raises BadRequest when there are absurdly many."""
    pairs: list[tuple[str, str]] = []
    try:
        if request.method == "POST":
            form = (await read_body(request)).decode(errors="replace")
            pairs += parse_qsl(form, keep_blank_values=True, max_num_fields=_PARAMETERS)
        pairs += parse_qsl(request.url.query, keep_blank_values=True, max_num_fields=_PARAMETERS)
    except ValueError as error:
        raise BadRequest(f"cannot read the parameters: {error}") from None
    return Parameters(pairs)


class QueryThreads:
    """Runs one signal's queries in threads, a few at a time, so that ingest stays responsive."""

    def __init__(self) -> None:
        self._limiter: anyio.CapacityLimiter | None = None

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The function's result, worked out in a thread."""
        if self._limiter is None:
            self._limiter = anyio.CapacityLimiter(CONCURRENT_QUERIES)
        return await anyio.to_thread.run_sync(lambda: function(*args, **kwargs), limiter=self._limiter)


class JsonAnswer(Response):
    """A JSON body written by orjson."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """The content's bytes."""
        return orjson.dumps(content, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY)


def own_metrics_route(registry: CollectorRegistry) -> Route:
    """`/metrics`: what the process says about itself, in the format that the scraper prefers."""

    async def own_metrics(request: Request) -> Response:
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(registry), headers={"Content-Type": content_type})

    return Route("/metrics", own_metrics)


def create_app(routes: Sequence[BaseRoute], render: ErrorRenderer) -> Starlette:
    """An application whose every error goes through `render`; for unknown paths it answers as a Go server does."""

    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, Refusal)
        response = render(request, error.status, error, str(error))
        if isinstance(error, Busy) or error.status == 503:
            response.headers["Retry-After"] = "1"
        return response

    async def not_served(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if error.status_code == 404:
            return PlainTextResponse(NOT_FOUND, 404, media_type="text/plain")
        return PlainTextResponse(error.detail, error.status_code, headers=error.headers)

    async def gone(request: Request, error: Exception) -> Response:
        return Response(status_code=499)

    async def failed(request: Request, error: Exception) -> Response:
        logger.error("%s %s failed", request.method, request.url.path, exc_info=error)
        return render(request, 500, None, f"internal error: {type(error).__name__}; the store's log says more")

    return Starlette(
        routes=list(routes),
        exception_handlers={Refusal: refused, HTTPException: not_served, ClientDisconnect: gone, Exception: failed},
    )
