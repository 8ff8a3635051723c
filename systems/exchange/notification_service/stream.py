"""The conversation on /stream, in JSON messages.

    client: {"type": "hello", "token": "…", "symbols": ["ACRN"]}     within five seconds
    service: {"type": "welcome", "user_id": 13}
    client: {"type": "follow", "symbols": ["ACRN", "TUBA"]}          any time; the answer is {"type": "following", …}
    client: {"type": "ping"}                                         the answer is {"type": "pong"}
    service: {"type": "fill" | "order_closed" | "market_data", …}    `messages.py`

The token is never in the address: addresses are logged, and remembered by browsers. The service ends the conversation
with a code that says why: `CLOSE_CODES`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson
from opentelemetry.trace import SpanKind
from starlette.websockets import WebSocket, WebSocketDisconnect

from observability import Telemetry
from observability.errors import RequestError
from systems.exchange.instruments import INSTRUMENTS
from systems.exchange.notification_service.hub import Client, Hub
from systems.exchange.notification_service.metrics import NotificationMetrics
from systems.exchange.tokens import Claims

CLOSE_CODES = {
    "refused": 4401,
    "token_expired": 4401,
    "misused": 4400,
    "too_slow": 4408,
    # Try again later, as RFC 6455's registry has them.
    "full": 1013,
    "unavailable": 1013,
    "shutdown": 1012,
}
_HELLO_SECONDS = 5.0
_CLOSE_SECONDS = 1.0
#: How often it is asked whether a conversation's token was logged out.
_CHECK_SECONDS = 60.0

#: The text of a token -> whose it is. Raises RequestError. May wait for other services.
Verify = Callable[[str], Claims]


class Ended(Exception):
    """The service ends the conversation."""

    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(sentence)
        self.reason = reason
        self.sentence = sentence


class Stream:
    """Talks with each client of the hub."""

    def __init__(
        self,
        hub: Hub,
        verify: Verify,
        metrics: NotificationMetrics,
        telemetry: Telemetry,
        *,
        most_strangers: int,
    ) -> None:
        self._hub = hub
        #: Connections that have not said yet whose they are, and how many of them there may be.
        self._strangers = 0
        self._most_strangers = most_strangers
        self._verify = verify
        self._metrics = metrics
        self._telemetry = telemetry

    async def talk(self, websocket: WebSocket) -> None:
        """From the handshake to the end."""
        if self._strangers >= self._most_strangers:
            # Before the handshake: whoever opens very many gets no further, and nobody else is kept out for long.
            self._metrics.ended_total.labels("full").inc()
            await websocket.close()
            return
        await websocket.accept()
        reason = "left"
        try:
            await self._converse(websocket)
        except WebSocketDisconnect:
            pass
        except Ended as ended:
            reason = ended.reason
            await _close(websocket, CLOSE_CODES[reason], ended.sentence)
        except asyncio.CancelledError:
            reason = "shutdown"
            await _close(websocket, CLOSE_CODES[reason], "the service stops; come back in a moment")
            raise
        finally:
            self._metrics.ended_total.labels(reason).inc()

    async def _converse(self, websocket: WebSocket) -> None:
        self._strangers += 1
        try:
            hello = await _greeting(websocket)
            claims = await self._believe(hello["token"], "open_stream")
        finally:
            self._strangers -= 1
        client = self._hub.join(claims.user_id)
        if client is None:
            raise Ended("full", "too many connections are open")
        try:
            client.symbols = _symbols(hello.get("symbols", []))
            await websocket.send_text(_text({"type": "welcome", "user_id": claims.user_id}))
            self._telemetry.logger.info("Stream opened", extra={"user_id": claims.user_id})
            await self._until_the_end(websocket, client, claims, hello["token"])
        finally:
            self._hub.leave(client)
            self._telemetry.logger.info("Stream closed", extra={"user_id": claims.user_id})

    async def _believe(self, token: str, name: str) -> Claims:
        """Whose the token is. `name` is the span's."""
        tracer = self._telemetry.tracer
        with tracer.start_as_current_span(name, kind=SpanKind.SERVER) as span:
            try:
                claims = await asyncio.to_thread(self._verify, token)
            except RequestError as error:
                span.set_attribute("error.type", error.type)
                refusal = error
            else:
                span.set_attribute("user.id", claims.user_id)
                return claims
        raise Ended("refused" if refusal.status < 500 else "unavailable", refusal.message)

    async def _until_the_end(self, websocket: WebSocket, client: Client, claims: Claims, token: str) -> None:
        seconds = (claims.expires_at - datetime.now(UTC)).total_seconds()
        tasks = [
            asyncio.create_task(self._until_logged_out(token)),
            asyncio.create_task(self._read(websocket, client)),
            asyncio.create_task(_write(websocket, client)),
            asyncio.create_task(client.too_slow.wait()),
        ]
        try:
            done, _ = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if client.too_slow.is_set():
                raise Ended(
                    "too_slow", "you do not read as fast as messages come: ask for the present state, and come back"
                )
            if not done:
                raise Ended("token_expired", "the token has expired: log in again")
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _until_logged_out(self, token: str) -> None:
        while True:
            await asyncio.sleep(_CHECK_SECONDS)
            try:
                await self._believe(token, "check_stream")
            except Ended as ended:
                # Who cannot be asked now is asked again.
                if ended.reason != "unavailable":
                    raise

    async def _read(self, websocket: WebSocket, client: Client) -> None:
        while True:
            message = await _receive(websocket)
            answer: dict[str, Any]
            match message.get("type"):
                case "ping":
                    answer = {"type": "pong"}
                case "follow":
                    client.symbols = _symbols(message.get("symbols"))
                    answer = {"type": "following", "symbols": sorted(client.symbols)}
                case _:
                    raise Ended("misused", "unknown type of message: expected ping or follow")
            try:
                client.waiting.put_nowait(_text(answer))
            except asyncio.QueueFull:
                client.too_slow.set()
                return


async def _greeting(websocket: WebSocket) -> dict[str, Any]:
    """The first message, which has a token."""
    try:
        async with asyncio.timeout(_HELLO_SECONDS):
            hello = await _receive(websocket)
    except TimeoutError:
        raise Ended("refused", f"no hello within {_HELLO_SECONDS:g} seconds") from None
    if hello.get("type") != "hello" or not isinstance(hello.get("token"), str):
        raise Ended("refused", "begin with a message of type hello that has your token")
    return hello


async def _write(websocket: WebSocket, client: Client) -> None:
    while True:
        await websocket.send_text(await client.waiting.get())


async def _receive(websocket: WebSocket) -> dict[str, Any]:
    message = await websocket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1005))
    try:
        content = orjson.loads(message.get("text") or b"")
    except orjson.JSONDecodeError:
        content = None
    if not isinstance(content, dict):
        raise Ended("misused", "a message is a JSON object, as text")
    return content


def _symbols(names: Any) -> frozenset[str]:
    if not isinstance(names, list) or not all(isinstance(name, str) and name in INSTRUMENTS for name in names):
        raise Ended("misused", f"symbols is a list of some of {', '.join(INSTRUMENTS)}")
    return frozenset(names)


def _text(message: dict[str, Any]) -> str:
    return orjson.dumps(message).decode()


async def _close(websocket: WebSocket, code: int, sentence: str) -> None:
    # Who does not read cannot be waited for.
    with contextlib.suppress(Exception):
        async with asyncio.timeout(_CLOSE_SECONDS):
            await websocket.close(code, sentence)
