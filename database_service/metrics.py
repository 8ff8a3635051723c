"""The six metrics of the database service, and the pool's size for whoever asks how full it is.

Where each is counted: queries and transactions in `database.py`, the pool in `pool.py`, table sizes in `app.py`.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from database_service.schema import TABLES

#: Seconds; dense around a few milliseconds, where healthy queries are, and reaching past the pool's time-out.
_QUERY_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 1.0, 2.5)


class DatabaseMetrics:
    """Created in `registry`, once a process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.queries_total = Counter(
            "database_queries_total",
            "Queries executed, by outcome (success, error).",
            ["operation", "table", "status"],
            registry=registry,
        )
        self.query_duration_seconds = Histogram(
            "database_query_duration_seconds",
            "Time a query took to execute, without waiting for a connection.",
            ["operation", "table"],
            buckets=_QUERY_BUCKETS,
            registry=registry,
        )
        self.connection_pool_active = Gauge(
            "database_connection_pool_active",
            "Connections in use now.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self.connection_pool_size = Gauge(
            "lab_database_connection_pool_size",
            "Connections that can be in use at the same time.",
            registry=registry,
            # Every worker process has a pool of its own.
            multiprocess_mode="livesum",
        )
        self.slow_queries_total = Counter(
            "database_slow_queries_total",
            "Queries that took longer than the slow query threshold.",
            ["table"],
            registry=registry,
        )
        self.table_size_bytes = Gauge(
            "database_table_size_bytes",
            "Bytes of the values stored in a table.",
            ["table"],
            registry=registry,
            # Every worker process holds the same rows: adding them up would count them several times.
            multiprocess_mode="livemax",
        )
        self.transactions_total = Counter(
            "database_transactions_total",
            "Transactions ended, by how (committed, rolled_back).",
            ["status"],
            registry=registry,
        )
        # A counter that appears with its first event has not risen, as Prometheus sees it: these begin at 0.
        for table in TABLES:
            self.slow_queries_total.labels(table)
            for status in ("success", "error"):
                self.queries_total.labels("SELECT", table, status)
        for status in ("committed", "rolled_back"):
            self.transactions_total.labels(status)
