"""Asks an ASGI app without a network: one request, and the whole answer."""

import asyncio
import contextlib
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from starlette.types import ASGIApp, Message


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


def ask(
    app: ASGIApp,
    method: str,
    target: str,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    peer: str = "127.0.0.1",
) -> Answer:
    """`target` is path and query as they go over the wire. Without a Host header it is that of loopback."""
    sent = {"host": "127.0.0.1:8000"} | {name.lower(): value for name, value in (headers or {}).items()}
    path, _, query = target.partition("?")
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
        "client": (peer, 50_000),
        "server": ("127.0.0.1", 8000),
    }
    messages: list[Message] = []

    async def answer() -> None:
        asked = iter([{"type": "http.request", "body": body, "more_body": False}])
        ended = asyncio.Event()

        async def receive() -> Message:
            message = next(asked, None)
            if message is None:
                await ended.wait()
                return {"type": "http.disconnect"}
            return message

        async def send(message: Message) -> None:
            messages.append(message)

        # A mistake of ours is raised again once it is answered, for the server's log.
        with contextlib.suppress(RuntimeError):
            await app(scope, receive, send)

    # Where a browser runs, this thread has an event loop already.
    thread = threading.Thread(target=lambda: asyncio.run(answer()))
    thread.start()
    thread.join()
    start = next(message for message in messages if message["type"] == "http.response.start")
    return Answer(
        start["status"],
        {name.decode().lower(): value.decode() for name, value in start["headers"]},
        b"".join(message.get("body", b"") for message in messages if message["type"] == "http.response.body"),
    )
