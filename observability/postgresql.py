"""PostgreSQL, every statement a span: name, statement and table, never the values that go with it.

    database = Database("postgresql://…", telemetry)
    with database.transaction() as transaction:
        transaction.execute("UPDATE wallets SET available = available - %(amount)s WHERE …", {"amount": 5})

Spans have the instrumentation scope `postgresql`. Connections are opened when they are needed, and kept; one that the
server has closed is noticed without asking it.
"""

from __future__ import annotations

import re
import select
import threading
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from time import perf_counter
from typing import Any, LiteralString, NamedTuple

import psycopg
from opentelemetry.trace import NoOpTracer, Span, SpanKind, Status, StatusCode, Tracer
from prometheus_client import Counter, Gauge, Histogram
from psycopg import conninfo
from psycopg.rows import DictRow, dict_row

from observability.errors import ServiceUnavailable
from observability.metrics import ChildCache, exemplar
from observability.telemetry import Telemetry

#: Seconds; a statement found in memory, to one that waits for a lock until it runs out of time.
_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)

#: A transaction that does nothing for so long has lost whoever began it; its locks must not stay.
_IDLE_IN_TRANSACTION_MILLISECONDS = 10_000

_NO_TRACER = NoOpTracer()
_TABLE = re.compile(r"\b(?:FROM|INTO|UPDATE)\s+(?:ONLY\s+)?([a-z_][a-z0-9_.]*)", re.IGNORECASE)


class Database:
    """Connections to one database, shared by the threads of a service.

    Args:
        url: `postgresql://user:password@host:port/name`; the password is told nobody.
        connections: open at most at the same time; whoever needs one more waits.
        timeout_seconds: for a connection, and for each statement.
    """

    def __init__(self, url: str, telemetry: Telemetry, *, connections: int = 4, timeout_seconds: float = 2.0) -> None:
        self._url = url
        self._options: dict[str, Any] = {
            "application_name": telemetry.service,
            # libpq takes less than 2 s for 2 s.
            "connect_timeout": max(2, round(timeout_seconds)),
            "options": f"-c statement_timeout={round(timeout_seconds * 1000)} "
            f"-c idle_in_transaction_session_timeout={_IDLE_IN_TRANSACTION_MILLISECONDS}",
        }
        self._timeout_seconds = timeout_seconds
        self._free = threading.BoundedSemaphore(connections)
        self._idle: list[psycopg.Connection[DictRow]] = []
        # Whoever is done with the database, and at the latest the end of the process, closes its connections.
        weakref.finalize(self, _close_all, self._idle)
        self._tracer = telemetry.tracer_provider.get_tracer("postgresql")
        self._attributes = _describe(url)
        self._metrics = _Metrics(telemetry)
        idle = self._idle
        self._metrics.connections.labels("idle").set_function(lambda: len(idle))
        self._used = self._metrics.connections.labels("used")

    @contextmanager
    def transaction(self, *, traced: bool = True) -> Iterator[Transaction]:
        """Commits at the end of the `with` block, rolls back when an exception leaves it.

        `traced`: False for what is asked over and over in the background, where spans would only be in the way.

        Raises ServiceUnavailable when there is no connection in time, when it is lost (at the very end nobody knows
        whether before or after the commit), or when a statement takes too long.
        """
        connection = self._take()
        tracer = self._tracer if traced else _NO_TRACER
        transaction = Transaction(connection, tracer, self._attributes, self._metrics)
        try:
            yield transaction
            transaction.commit()
        except BaseException:
            _roll_back(connection)
            raise
        finally:
            self._give_back(connection)

    def check(self) -> None:
        """For a readiness check: raises ServiceUnavailable unless the database answers."""
        connection = self._take()
        try:
            connection.execute("SELECT 1")
            connection.rollback()
        except psycopg.Error as error:
            raise ServiceUnavailable("postgresql", type(error).__name__) from error
        finally:
            self._give_back(connection)

    def hold(self, lock: int) -> HeldLock | None:
        """An advisory lock, held by a connection of its own until it is released or lost. None: another has it.

        Raises ServiceUnavailable like `transaction`.
        """
        connection = self._connect()
        connection.autocommit = True
        row = connection.execute("SELECT pg_try_advisory_lock(%(lock)s) AS taken", {"lock": lock}).fetchone()
        if row and row["taken"]:
            return HeldLock(connection)
        connection.close()
        return None

    def close(self) -> None:
        """Close the connections that nobody uses. More are opened when needed."""
        _close_all(self._idle)

    def _take(self) -> psycopg.Connection[DictRow]:
        if not self._free.acquire(timeout=self._timeout_seconds):
            self._metrics.timeouts.inc()
            raise ServiceUnavailable("postgresql", f"no connection was free within {self._timeout_seconds:g} s")
        self._used.inc()
        try:
            while self._idle:
                try:
                    # The last one used is the first one taken, so that a quiet time closes none and wakes few.
                    connection = self._idle.pop()
                except IndexError:
                    # Another thread was faster.
                    break
                if _is_alive(connection):
                    return connection
                connection.close()
            return self._connect()
        except BaseException:
            self._used.dec()
            self._free.release()
            raise

    def _connect(self) -> psycopg.Connection[DictRow]:
        try:
            return psycopg.connect(self._url, row_factory=dict_row, **self._options)
        except psycopg.Error as error:
            self._metrics.failures.inc()
            # Its text names address and user, and is of many lines.
            raise ServiceUnavailable("postgresql", "the connection failed") from error

    def _give_back(self, connection: psycopg.Connection[DictRow]) -> None:
        if connection.closed or connection.broken:
            connection.close()
        else:
            self._idle.append(connection)
        self._used.dec()
        self._free.release()


class Transaction:
    """What can be done inside `Database.transaction`. Each call is a span, named after the statement unless a name is
    given; statements are constants with `%(name)s` in place of values."""

    def __init__(
        self, connection: psycopg.Connection[DictRow], tracer: Tracer, attributes: Mapping[str, Any], metrics: _Metrics
    ) -> None:
        self._connection = connection
        self._tracer = tracer
        self._attributes = attributes
        self._metrics = metrics
        self._has_written = False

    def execute(self, statement: LiteralString, parameters: Mapping[str, Any] = {}, *, name: str | None = None) -> int:
        """The number of rows hit."""
        with self._run(statement, parameters, name) as cursor:
            return cursor.rowcount

    def fetch_one(
        self, statement: LiteralString, parameters: Mapping[str, Any] = {}, *, name: str | None = None
    ) -> dict[str, Any] | None:
        """The first row, by column; None when there is none."""
        with self._run(statement, parameters, name) as cursor:
            return cursor.fetchone()

    def fetch_all(
        self, statement: LiteralString, parameters: Mapping[str, Any] = {}, *, name: str | None = None
    ) -> list[dict[str, Any]]:
        with self._run(statement, parameters, name) as cursor:
            return cursor.fetchall()

    def commit(self) -> None:
        """Done by `Database.transaction`. A span only where something was written: it is then that the disk is waited
        for."""
        if not self._has_written:
            with _translated(None):
                self._connection.commit()
            return
        with self._span("COMMIT", {"db.operation.name": "COMMIT"}, "COMMIT", "") as span, _translated(span):
            self._connection.commit()

    @contextmanager
    def _run(
        self, statement: LiteralString, parameters: Mapping[str, Any], name: str | None
    ) -> Iterator[psycopg.Cursor[DictRow]]:
        shown = describe_statement(statement)
        if shown.operation != "SELECT":
            self._has_written = True
        with (
            self._span(name or shown.name, shown.attributes, shown.operation, shown.collection) as span,
            _translated(span),
            self._connection.cursor() as cursor,
        ):
            cursor.execute(statement, parameters)
            yield cursor

    @contextmanager
    def _span(self, name: str, attributes: Mapping[str, Any], operation: str, collection: str) -> Iterator[Span]:
        span = self._tracer.start_span(name, kind=SpanKind.CLIENT, attributes={**self._attributes, **attributes})
        started = perf_counter()
        try:
            yield span
        finally:
            self._metrics.durations[operation, collection].observe(perf_counter() - started, exemplar())
            span.end()


class HeldLock:
    """See `Database.hold`."""

    def __init__(self, connection: psycopg.Connection[DictRow]) -> None:
        self._connection = connection

    def is_held(self) -> bool:
        """Whether the connection, and with it the lock, is still there."""
        return not self._connection.closed and _is_alive(self._connection)

    def release(self) -> None:
        self._connection.close()


class Statement(NamedTuple):
    """What a span says of a statement."""

    name: str
    operation: str
    collection: str
    attributes: Mapping[str, Any]


@lru_cache(1024)
def describe_statement(statement: str) -> Statement:
    """Operation, table and span name of a statement: `INSERT INTO users`, `UPDATE wallets`, `SELECT FROM orders`."""
    text = " ".join(statement.split())
    operation = text.partition(" ")[0].upper()
    table = _TABLE.search(text)
    collection = table[1] if table else ""
    join = {"INSERT": " INTO ", "UPDATE": " ", "SELECT": " FROM ", "DELETE": " FROM "}.get(operation)
    name = f"{operation}{join}{collection}" if join and collection else operation
    attributes = {"db.operation.name": operation, "db.query.text": text}
    if collection:
        attributes["db.collection.name"] = collection
    return Statement(name, operation, collection, attributes)


class _Metrics:
    def __init__(self, telemetry: Telemetry) -> None:
        duration = Histogram(
            "db_client_operation_duration_seconds",
            "Time a statement took, as its caller saw it.",
            ["operation", "collection"],
            buckets=_BUCKETS,
            registry=telemetry.registry,
        )
        self.durations = ChildCache(duration.labels)
        self.connections = Gauge(
            "db_client_connections",
            "Connections to the database (idle, used).",
            ["state"],
            multiprocess_mode="livesum",
            registry=telemetry.registry,
        )
        self.timeouts = Counter(
            "db_client_connection_timeouts_total", "Times that no connection was free.", registry=telemetry.registry
        )
        self.failures = Counter(
            "db_client_connection_failures_total", "Connections that could not be opened.", registry=telemetry.registry
        )


@contextmanager
def _translated(span: Span | None) -> Iterator[None]:
    """An error of the server without its DETAIL, which quotes the row; a lost connection and a statement that took too
    long as ServiceUnavailable."""
    try:
        yield
    except psycopg.Error as error:
        error.args = (_primary_message(error),)
        if span is not None:
            span.record_exception(error)
            span.set_status(Status(StatusCode.ERROR, f"{type(error).__name__}: {error}"))
            span.set_attribute("error.type", type(error).__name__)
            if error.sqlstate:
                span.set_attribute("db.response.status_code", error.sqlstate)
        if reason := _unavailability(error):
            raise ServiceUnavailable("postgresql", reason) from error
        raise


def _primary_message(error: psycopg.Error) -> str:
    return error.diag.message_primary or str(error).partition("\n")[0]


def _unavailability(error: psycopg.Error) -> str | None:
    if isinstance(error, psycopg.errors.QueryCanceled):
        return "a statement took too long"
    if error.sqlstate and error.sqlstate.startswith("53"):
        # Disk, memory, or connections. What it says of that names files.
        return "the server has run out of something it needs; its log says of what"
    # 08: connection; 57P: the server is shut down, or has closed the session. Without a state it never answered.
    lost = error.sqlstate is None or error.sqlstate.startswith(("08", "57P", "25P03"))
    return "the connection was lost" if isinstance(error, psycopg.OperationalError) and lost else None


def _close_all(connections: list[psycopg.Connection[DictRow]]) -> None:
    while connections:
        connections.pop().close()


def _is_alive(connection: psycopg.Connection[Any]) -> bool:
    """Whether an idle connection can be used: a server has nothing to say to one, but that it is over."""
    if connection.closed:
        return False
    poll = select.poll()
    poll.register(connection.pgconn.socket, select.POLLIN)
    return not poll.poll(0)


def _roll_back(connection: psycopg.Connection[Any]) -> None:
    try:
        connection.rollback()
    except psycopg.Error:
        # Lost, and the server rolls back by itself.
        connection.close()


def _describe(url: str) -> dict[str, Any]:
    """The attributes that every span has."""
    parts = conninfo.conninfo_to_dict(url)
    # By this name a map of services calls it, wherever it is.
    attributes: dict[str, Any] = {"db.system.name": "postgresql", "peer.service": "postgresql"}
    if database := parts.get("dbname"):
        attributes["db.namespace"] = str(database)
    if host := parts.get("host"):
        attributes["server.address"] = str(host)
        if not str(host).startswith("/"):
            attributes["server.port"] = int(parts.get("port") or 5432)
    return attributes
