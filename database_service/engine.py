"""The database itself: SQLite, in memory, shared by this process's connections.

Real tables, a real planner, real transactions and locks, with nothing to install and no file left behind. The in-memory
file system (`vfs=memdb`) gives every connection its own locks and transactions, as separate clients of a server have.
"""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from database_service.dataset import build_rows
from database_service.schema import TABLES, Table

#: How long a statement waits for another connection's lock before it fails. Source: SQLite docs, sqlite3_busy_timeout.
_LOCK_TIMEOUT_SECONDS = 0.3
#: A change of the schema waits for every reader instead of giving up.
_SCHEMA_LOCK_TIMEOUT_SECONDS = 10.0
#: Instructions of SQLite's virtual machine between two counts: a lookup needs about 20, so only real work is counted.
_WORK_UNIT = 1_000

_names = itertools.count(1)


class Connection:
    """One connection, used by one thread at a time.

    `work_units` grows by one for every thousand instructions the engine executes: a measure of what a query really
    cost (a scan of 5,000 rows is about 20 units, a lookup none).
    """

    def __init__(self, sqlite: sqlite3.Connection) -> None:
        self._sqlite = sqlite
        self.work_units = 0
        sqlite.set_progress_handler(self._count_work, _WORK_UNIT)

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """Run one statement; the rows as column -> value. Raises sqlite3.Error."""
        cursor = self._sqlite.execute(sql, parameters)
        if cursor.description is None:
            return []
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return self._sqlite.in_transaction

    def close(self) -> None:
        """Give the connection back to the engine for good."""
        self._sqlite.close()

    def _count_work(self) -> int:
        self.work_units += 1
        return 0


class Engine:
    """A database filled with the rows of `dataset.py`, gone when the process is."""

    def __init__(self, seed: int) -> None:
        self._uri = f"file:/shop-{next(_names)}?vfs=memdb"
        # The database lives as long as one connection is open.
        self._keeper = self._open()
        self._keeper.execute("BEGIN")
        for table in TABLES.values():
            for statement in table.create_statements():
                self._keeper.execute(statement)
        for name, rows in build_rows(seed).items():
            placeholders = ", ".join("?" * len(TABLES[name].columns))
            self._keeper.executemany(f"INSERT INTO {name} VALUES ({placeholders})", rows)
        self._keeper.execute("COMMIT")
        # Without statistics the planner guesses how many rows an index value has.
        self._keeper.execute("ANALYZE")

    def connect(self) -> Connection:
        """A new connection."""
        return Connection(self._open())

    def table_sizes_bytes(self) -> dict[str, int]:
        """Table -> bytes of the values it holds (numbers as digits), without indexes and SQLite's own overhead."""
        sizes = {}
        for table in TABLES.values():
            row_size = " + ".join(f"LENGTH(CAST({column} AS BLOB))" for column in table.columns)
            (sizes[table.name],) = self._keeper.execute(f"SELECT SUM({row_size}) FROM {table.name}").fetchone()
        return sizes

    def drop_indexes(self, table: Table) -> None:
        """Remove the table's indexes, those that are there. Raises sqlite3.OperationalError if others hold locks."""
        self._change_schema(f"DROP INDEX IF EXISTS {table.index_name(column)}" for column in table.indexes)

    def create_indexes(self, table: Table) -> None:
        """Make the table's indexes, those that are missing. Raises sqlite3.OperationalError if others hold locks."""
        # With statistics: without them the planner would choose other plans than before.
        self._change_schema([*table.create_index_statements(), f"ANALYZE {table.name}"])

    def _change_schema(self, statements: Iterable[str]) -> None:
        connection = self._open(_SCHEMA_LOCK_TIMEOUT_SECONDS)
        try:
            connection.execute("BEGIN IMMEDIATE")
            for statement in statements:
                connection.execute(statement)
            connection.execute("COMMIT")
        finally:
            connection.close()

    def _open(self, lock_timeout_seconds: float = _LOCK_TIMEOUT_SECONDS) -> sqlite3.Connection:
        return sqlite3.connect(
            self._uri,
            uri=True,
            timeout=lock_timeout_seconds,
            # Transactions are begun and ended by `database.py`, where they are seen.
            isolation_level=None,
            # A pooled connection goes from thread to thread, but is never used by two at once.
            check_same_thread=False,
        )
