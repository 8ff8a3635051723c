"""The six metrics of the database service.

Where each is counted: queries and transactions in `database.py`, the pool in `pool.py`, table sizes in `app.py`.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

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
