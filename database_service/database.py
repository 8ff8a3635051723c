"""One question asked of the database: connection, transaction, plan, execution.

Every span, log line and metric of a query comes from here:

    transaction_begin -> query_planning -> query_execution [-> join_inventory -> …] -> transaction_commit
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any

from database_service import queries
from database_service.engine import Connection
from database_service.latency import LatencyModel
from database_service.metrics import DatabaseMetrics
from database_service.planner import Plan, Planner
from database_service.pool import ConnectionPool, PoolExhausted
from database_service.queries import Statement
from database_service.sessions import Sessions
from observability import Telemetry
from observability.errors import RequestError
from observability.metrics import ChildCache

#: OpenTelemetry semantic conventions for databases.
_DB_SYSTEM = {"db.system.name": "sqlite"}
#: Small enough for one statement not to be a slow query.
_ORDERS_PER_UPDATE = 400


class Database:
    """Answers the three questions of this service. Each raises RequestError 503 when the database cannot answer now."""

    def __init__(
        self,
        pool: ConnectionPool,
        latency: LatencyModel,
        metrics: DatabaseMetrics,
        telemetry: Telemetry,
        *,
        slow_query_seconds: float,
    ) -> None:
        self.pool = pool
        self.sessions = Sessions(pool)
        #: How many rows of a product's stock are asked for at a time; None = all of them, with one join.
        self.inventory_page_rows: int | None = None
        self._latency = latency
        self._metrics = metrics
        self._telemetry = telemetry
        self._logger = telemetry.logger
        self._slow_query_seconds = slow_query_seconds
        self._planner = Planner()
        self._queries_total = ChildCache(metrics.queries_total.labels)
        self._query_duration_seconds = ChildCache(metrics.query_duration_seconds.labels)

    def get_user(self, user_id: int) -> dict[str, Any] | None:
        """The user's row; None if there is no such user."""
        with self._transaction() as connection:
            rows = self._run(connection, queries.user_by_id(user_id))
        return rows[0] if rows else None

    def get_product(self, product_id: int) -> dict[str, Any] | None:
        """The product's row with `inventory`, its stock by warehouse; None if there is no such product."""
        with self._transaction() as connection:
            rows = self._run(connection, queries.product_by_id(product_id))
            if not rows:
                return None
            return {**rows[0], "inventory": self._join_inventory(connection, product_id)}

    def query(self, statement: Statement) -> list[dict[str, Any]]:
        """The statement's rows."""
        with self._transaction() as connection:
            return self._run(connection, statement)

    def update_order_totals(self, first_id: int, last_id: int, *, enough: Callable[[], bool]) -> None:
        """Bring the totals of these orders up to date, in one transaction; no further once `enough` says so."""
        with self._transaction(writes=True) as connection:
            for first in range(first_id, last_id + 1, _ORDERS_PER_UPDATE):
                if enough():
                    break
                last = min(first + _ORDERS_PER_UPDATE - 1, last_id)
                self._run(connection, queries.order_totals(first, last))

    def check(self) -> None:
        """Raises when the engine does not answer. Needs a connection, but leaves no trace in the metrics of queries."""
        with self.pool.connection() as connection:
            connection.execute("SELECT 1")

    def _join_inventory(self, connection: Connection, product_id: int) -> list[dict[str, Any]]:
        with self._telemetry.span("join_inventory", {"product.id": product_id}) as span:
            if self.inventory_page_rows:
                rows = self._inventory_in_pages(connection, product_id, self.inventory_page_rows)
            else:
                rows = self._run(connection, queries.inventory_of_product(product_id))
            span.set_attribute("db.response.returned_rows", len(rows))
            return rows

    def _inventory_in_pages(self, connection: Connection, product_id: int, page_rows: int) -> list[dict[str, Any]]:
        ids = [row["id"] for row in self._run(connection, queries.inventory_ids_of_product(product_id))]
        pages = (ids[start : start + page_rows] for start in range(0, len(ids), page_rows))
        return [row for page in pages for row in self._run(connection, queries.inventory_rows(page))]

    @contextmanager
    def _transaction(self, *, writes: bool = False) -> Iterator[Connection]:
        """A connection with an open transaction: committed at the end of the block, rolled back when it raises.

        One that `writes` has the database's lock from its beginning: others read what was there when they began, or
        wait until it ends.
        """
        started = perf_counter()
        try:
            connection = self.pool.take()
        except PoolExhausted as error:
            raise RequestError(503, "pool_exhausted", str(error), hint="try again shortly") from error
        try:
            with self._telemetry.span("transaction_begin", _DB_SYSTEM):
                connection.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
                self._latency.wait("BEGIN")
            yield connection
            with self._telemetry.span("transaction_commit", _DB_SYSTEM):
                connection.execute("COMMIT")
                self._latency.wait("COMMIT")
            self._metrics.transactions_total.labels("committed").inc()
            self._logger.info(
                "Transaction committed", extra={"duration_ms": round((perf_counter() - started) * 1000, 3)}
            )
        except BaseException as error:
            self._roll_back(connection, error, perf_counter() - started)
            if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
                raise RequestError(
                    503, "database_locked", "another transaction holds the table", hint="try again shortly"
                ) from error
            raise
        finally:
            self.sessions.end(connection)

    def _roll_back(self, connection: Connection, error: BaseException, seconds: float) -> None:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
            self._latency.wait("ROLLBACK")
        self._metrics.transactions_total.labels("rolled_back").inc()
        self._logger.warning(
            "Transaction rolled back: %s",
            error,
            extra={"error.type": type(error).__name__, "duration_ms": round(seconds * 1000, 3)},
        )

    def _run(self, connection: Connection, statement: Statement) -> list[dict[str, Any]]:
        plan = self._plan(connection, statement)
        return self._execute(connection, statement, plan)

    def _plan(self, connection: Connection, statement: Statement) -> Plan:
        with self._telemetry.span("query_planning", _DB_SYSTEM) as span:
            plan, remembered = self._planner.plan(connection, statement.sql, statement.parameters)
            span.set_attribute("db.collection.name", statement.table)
            span.set_attribute("db.query.plan", plan.text)
            span.set_attribute("db.query.plan.access", plan.access)
            span.set_attribute("db.query.plan.cached", remembered)
            return plan

    def _execute(self, connection: Connection, statement: Statement, plan: Plan) -> list[dict[str, Any]]:
        operation, table = statement.operation, statement.table
        attributes = {
            "db.system.name": "sqlite",
            "db.operation.name": operation,
            "db.collection.name": table,
            "db.query.text": statement.sql,
        }
        started = perf_counter()
        status = "error"
        try:
            with self._telemetry.span("query_execution", attributes) as span:
                work_before = connection.work_units
                rows = connection.execute(statement.sql, statement.parameters)
                self._latency.wait(operation, table, connection.work_units - work_before)
                span.set_attribute("db.response.returned_rows", len(rows))
            status = "success"
            return rows
        finally:
            seconds = perf_counter() - started
            self._queries_total[operation, table, status].inc()
            self._telemetry.observe(self._query_duration_seconds[operation, table], seconds)
            if seconds >= self._slow_query_seconds:
                self._report_slow_query(statement, plan, seconds)

    def _report_slow_query(self, statement: Statement, plan: Plan, seconds: float) -> None:
        self._metrics.slow_queries_total.labels(statement.table).inc()
        self._logger.warning(
            "Slow query on %s took %d ms",
            statement.table,
            round(seconds * 1000),
            extra={
                "db.collection.name": statement.table,
                "db.query.text": statement.sql,
                "db.query.plan": plan.text,
                "duration_ms": round(seconds * 1000, 3),
                "threshold_ms": round(self._slow_query_seconds * 1000, 3),
            },
        )
