"""Routes that change something: asked by our own page alone, with a JSON object, and carried out in a thread."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from workbench.answers import problem
from workbench.security import why_it_may_not_write
from workbench.settings import Network

_LONGEST_BODY = 10_000


def writing_route(path: str, writers: Iterable[Network], write: Callable[[dict[str, Any]], Response]) -> Route:
    """`POST path` for browsers in these networks. `write` gets the object, in a thread, and may raise ValueError that
    says what is wrong with it."""

    async def handle(request: Request) -> Response:
        reason = why_it_may_not_write(request.scope, writers)
        if reason is not None:
            return problem(403, "forbidden", reason)
        try:
            return await asyncio.to_thread(write, await _read_object(request))
        except ValueError as wrong:
            return problem(400, "bad_data", str(wrong))
        except ClientDisconnect:
            return Response(status_code=400)

    return Route(path, handle, methods=["POST"])


async def _read_object(request: Request) -> dict[str, Any]:
    """The body as a JSON object. Raises ValueError that says what is wrong."""
    # A form of another page can send text, but not this type without asking first.
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise ValueError("send JSON, with Content-Type: application/json")
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > _LONGEST_BODY:
            raise ValueError(f"that is more than {_LONGEST_BODY} bytes")
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as broken:
        raise ValueError(f"that is no JSON: {broken}") from None
    if not isinstance(content, dict):
        raise ValueError("send an object, in braces")
    return content
