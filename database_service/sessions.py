"""Sessions that stay open after their transaction, so that somebody can look at what it did.

A session is a connection: whoever keeps one takes it from everybody else.
"""

from __future__ import annotations

import threading

from database_service.engine import Connection
from database_service.pool import ConnectionPool


class Sessions:
    """Gives connections back to the pool, and keeps some of them while `keep` says so."""

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool
        self._share = 0.0
        self._due = 0.0
        self._kept: list[Connection] = []
        self._lock = threading.Lock()

    def keep(self, share: float) -> None:
        """From now on keep this share of the connections, evenly spread; 0 = none, and those kept go back."""
        with self._lock:
            self._share = share
            go_back = [] if share else self._kept
            if not share:
                self._kept, self._due = [], 0.0
        for connection in go_back:
            self._pool.give_back(connection)

    def end(self, connection: Connection) -> None:
        """The transaction on this connection is over."""
        if not (self._share and self._keeps(connection)):
            self._pool.give_back(connection)

    def _keeps(self, connection: Connection) -> bool:
        # One that is still in its transaction would hold the database's lock, too.
        if connection.in_transaction:
            return False
        with self._lock:
            self._due += self._share
            if self._due < 1:
                return False
            self._due -= 1
            self._kept.append(connection)
            return True
