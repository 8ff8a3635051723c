"""Who is connected, and what waits for them. Lives in the event loop; `tell` and `publish` may be called from anywhere.

Each client has a queue of bounded length. One that does not keep up is let go and told so: it can come back and ask the
other services for what it missed, while memory and the other clients would pay for waiting.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import orjson

from systems.exchange.notification_service.metrics import NotificationMetrics


class Client:
    """One connection."""

    def __init__(self, user_id: int, queue_length: int) -> None:
        self.user_id = user_id
        self.symbols: frozenset[str] = frozenset()
        self.waiting: asyncio.Queue[str] = asyncio.Queue(queue_length)
        self.too_slow = asyncio.Event()


class Hub:
    """Made inside the running loop."""

    def __init__(
        self, metrics: NotificationMetrics, *, most_clients: int, most_of_user: int, queue_length: int
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._metrics = metrics
        self._most_clients = most_clients
        self._most_of_user = most_of_user
        self._queue_length = queue_length
        self._clients: set[Client] = set()
        self._by_user: dict[int, set[Client]] = defaultdict(set)

    def join(self, user_id: int) -> Client | None:
        """A new client of this user; None when there are too many, or too many of this user: nobody may take all."""
        if len(self._clients) >= self._most_clients or len(self._by_user.get(user_id, ())) >= self._most_of_user:
            return None
        client = Client(user_id, self._queue_length)
        self._clients.add(client)
        self._by_user[user_id].add(client)
        self._metrics.websockets.set(len(self._clients))
        return client

    def leave(self, client: Client) -> None:
        """It gets nothing more. May be called more than once."""
        self._clients.discard(client)
        others = self._by_user.get(client.user_id)
        if others is not None:
            others.discard(client)
            if not others:
                del self._by_user[client.user_id]
        self._metrics.websockets.set(len(self._clients))

    def tell(self, user_id: int, message: dict[str, Any]) -> None:
        """To every connection of one user. From any thread."""
        text = orjson.dumps(message).decode()
        self._soon(lambda: self._put(tuple(self._by_user.get(user_id, ())), message["type"], text))

    def publish(self, symbol: str, message: dict[str, Any]) -> None:
        """To whoever follows this symbol. From any thread."""
        text = orjson.dumps(message).decode()
        self._soon(lambda: self._put([each for each in self._clients if symbol in each.symbols], message["type"], text))

    def _soon(self, put: Any) -> None:
        # The loop ends before the consumer does: nobody is left to be told.
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(put)

    def _put(self, clients: Iterable[Client], type: str, text: str) -> None:
        for client in clients:
            try:
                client.waiting.put_nowait(text)
            except asyncio.QueueFull:
                self.leave(client)
                client.too_slow.set()
            else:
                self._metrics.messages_total.labels(type).inc()
