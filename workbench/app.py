"""The app: pages, the relay to the APIs, and what the lab is, behind one guard. Making it opens no file but its own."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from workbench import dashboards, notes, relay, tail
from workbench.answers import answer, problem
from workbench.exercises import Exercises
from workbench.faults import Faults
from workbench.lab_api import Lab
from workbench.pages import Pages
from workbench.security import Guard
from workbench.settings import Settings


def create_app(settings: Settings) -> ASGIApp:
    """Raises ValueError when the settings name something that is not there."""
    lab = Lab(settings)
    pages = Pages(lab.describe)
    relays = relay.relays(settings)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        for each in relays:
            await each.close()

    async def on_http_exception(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if error.status_code == 404 and not request.url.path.startswith(("/api/", "/static/")):
            return pages.not_found(request)
        sentence = f"{request.method} {request.url.path}: {error.detail}"
        return JSONResponse({"error": sentence, "errorType": "not_found"}, error.status_code, error.headers)

    async def on_fault(request: Request, error: Exception) -> Response:
        sentence = "the workbench made a mistake; `python3 lab logs workbench` says which"
        return problem(500, "internal", sentence)

    app = Starlette(
        routes=[
            Route("/health", _healthy),
            Route("/ready", _healthy),
            *lab.routes(),
            *notes.routes(settings, lab.services),
            *Exercises(settings).routes(),
            *Faults(settings).routes(),
            *dashboards.routes(settings.dashboards),
            *tail.routes(settings.loki_url),
            *relay.routes(relays),
            *pages.routes(),
        ],
        exception_handlers={HTTPException: on_http_exception, Exception: on_fault},
        lifespan=lifespan,
    )
    return Guard(app, settings)


async def _healthy(request: Request) -> Response:
    """It needs nothing else to be well: an API that is gone is what it is there to show."""
    return answer({"status": "ok", "service": "workbench"})
