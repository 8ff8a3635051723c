"""An ASGI app that can be asked how it is: /health, /ready and /metrics in front of it, as a Flask app has them.

Nothing else is done around its requests. What an app that keeps connections open has to tell is no answer's duration:
it counts and times what it does itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from observability.operations import Check, Operations
from observability.telemetry import Telemetry

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]


class AsgiOperations:
    """ASGI: answers the three endpoints itself and passes everything else on to `app`.

    The answers are made in a thread: a check may wait for what it checks, and other connections should not.
    """

    def __init__(self, app: AsgiApp, telemetry: Telemetry, readiness: Mapping[str, Check] | None = None) -> None:
        self._app = app
        self.operations = Operations(telemetry.service, telemetry.registry, readiness)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self.operations.concerns(scope["path"]):
            accept = dict(scope["headers"]).get(b"accept", b"").decode("latin-1")
            response = await asyncio.to_thread(self.operations.answer, scope["path"], scope["method"], accept)
            assert response is not None
            headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in response.headers]
            await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
            body = b"" if scope["method"] == "HEAD" else response.get_data()
            await send({"type": "http.response.body", "body": body})
            return
        await self._app(scope, receive, send)
