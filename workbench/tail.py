"""Follows a query for the browser: Loki's WebSocket, relayed. Only Loki speaks; nobody listens to the browser.

A browser sees nothing of why a WebSocket is refused, only that it is. So it is opened first, then closed with a code
and a sentence: 4400 when Loki does not take the query, 4502 when Loki cannot be reached, 1011 when it ends in between.
"""

from __future__ import annotations

import asyncio
import contextlib
from urllib.parse import urlsplit

from starlette.routing import BaseRoute, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI

PATH = "/loki/api/v1/tail"

BAD_QUERY = 4400
UNREACHABLE = 4502
ENDED = 1011

_CONNECT_SECONDS = 5.0
#: One message is what came in since the last one; a burst of long lines is some megabytes.
_LONGEST_MESSAGE = 16_000_000
#: A close frame has room for no more, in bytes.
_LONGEST_REASON = 123

#: Keeps the labels that a query finds apart from those of the stream. A browser cannot send it with a WebSocket.
_HEADERS = {"X-Loki-Response-Encoding-Flags": "categorize-labels"}


def routes(loki_url: str) -> list[BaseRoute]:
    async def tail(websocket: WebSocket) -> None:
        await _relay(websocket, tail_url(loki_url, websocket.scope["query_string"].decode("latin-1")))

    return [WebSocketRoute("/api/loki" + PATH, tail)]


def tail_url(loki_url: str, query: str) -> str:
    """Where Loki's own WebSocket is."""
    parts = urlsplit(loki_url)
    return parts._replace(
        scheme={"http": "ws", "https": "wss"}[parts.scheme], path=parts.path + PATH, query=query
    ).geturl()


async def _relay(browser: WebSocket, url: str) -> None:
    await browser.accept()
    try:
        # No proxy of the world's is asked for what runs here, and one's own machine needs no compression.
        loki = await connect(
            url,
            additional_headers=_HEADERS,
            open_timeout=_CONNECT_SECONDS,
            max_size=_LONGEST_MESSAGE,
            compression=None,
            proxy=None,
        )
    except InvalidStatus as error:
        body = (error.response.body or b"").decode(errors="replace").strip()
        await _close(browser, BAD_QUERY, body or f"Loki answers {error.response.status_code}")
        return
    except (OSError, TimeoutError, InvalidHandshake, InvalidURI, ConnectionClosed):
        await _close(browser, UNREACHABLE, "Loki cannot be reached. Is it running? `python3 lab status` says so")
        return
    async with loki:
        speaking = asyncio.create_task(_pass_on(loki, browser))
        leaving = asyncio.create_task(_left(browser))
        try:
            await asyncio.wait({speaking, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (speaking, leaving):
                task.cancel()
            await asyncio.gather(speaking, leaving, return_exceptions=True)


async def _pass_on(loki: ClientConnection, browser: WebSocket) -> None:
    """Until either side ends it."""
    code, reason = ENDED, "Loki ended the tail"
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):
        try:
            async for message in loki:
                await (browser.send_text(message) if isinstance(message, str) else browser.send_bytes(message))
        except ConnectionClosed as closed:
            if closed.rcvd is not None:
                reason = closed.rcvd.reason or reason
        await _close(browser, code, reason)


async def _left(browser: WebSocket) -> None:
    """Returns when the browser has gone away."""
    with contextlib.suppress(WebSocketDisconnect):
        while True:
            await browser.receive_text()


async def _close(browser: WebSocket, code: int, reason: str) -> None:
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):
        await browser.close(code, reason.encode()[:_LONGEST_REASON].decode(errors="ignore"))
