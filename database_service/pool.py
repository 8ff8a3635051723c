"""The connection pool: a bounded number of connections, handed out and taken back."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from database_service.engine import Connection


class Gauge(Protocol):
    """The part of a gauge the pool needs."""

    def inc(self) -> None: ...
    def dec(self) -> None: ...


class PoolExhausted(Exception):
    """Every connection stayed in use for as long as the caller could wait."""

    def __init__(self, size: int, timeout_seconds: float) -> None:
        super().__init__(f"all {size} database connections stayed in use for {timeout_seconds:g} s")


class ConnectionPool:
    """`size` connections, opened when they are first needed; `active` follows how many are in use."""

    def __init__(self, connect: Callable[[], Connection], *, size: int, timeout_seconds: float, active: Gauge) -> None:
        self.size = size
        self._connect = connect
        self._timeout_seconds = timeout_seconds
        self._active = active
        # The one used last is handed out first, so that a quiet pool opens few; None stands for one not yet opened.
        self._idle: queue.LifoQueue[Connection | None] = queue.LifoQueue()
        for _ in range(size):
            self._idle.put(None)

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """A connection for the `with` block. Raises PoolExhausted when none becomes free in time."""
        connection = self.take()
        try:
            yield connection
        finally:
            self.give_back(connection)

    def take(self) -> Connection:
        """A connection that is the caller's until `give_back`. Raises PoolExhausted when none becomes free in time."""
        try:
            connection = (
                self._idle.get(timeout=self._timeout_seconds) if self._timeout_seconds else self._idle.get(False)
            )
        except queue.Empty:
            raise PoolExhausted(self.size, self._timeout_seconds) from None
        if connection is None:
            try:
                connection = self._connect()
            except BaseException:
                self._idle.put(None)
                raise
        self._active.inc()
        return connection

    def give_back(self, connection: Connection) -> None:
        """Take the connection back. One with a transaction still open is closed: the next user must not inherit it."""
        self._active.dec()
        if connection.in_transaction:
            connection.close()
            self._idle.put(None)
        else:
            self._idle.put(connection)
