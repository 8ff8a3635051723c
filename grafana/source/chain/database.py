"""Tier 3, where queries run: every metric of the database service, its log lines and its slowest traces.

How it runs them (plans, tables, waiting) is on `database_internals`.
"""

from __future__ import annotations

from grafana.source import colours, links, panels, slo, units, variables
from grafana.source.chain import parts
from grafana.source.layout import Page, PanelBuilder, band, section, top
from grafana.source.queries import prometheus

_SERVICE = "database"
_BUCKETS = "database_query_duration_seconds_bucket"

#: A query's route is its operation and table; raw buckets have the two apart.
BUCKETS_BY_ROUTE = (
    f'sum by (le, route) (label_join(rate({_BUCKETS}[$__rate_interval]), "route", " ", "operation", "table"))'
    ' and on (route) service_route:requests:rate1m{service="database", route=~"$route"}'
)


def dashboard() -> Page:
    return Page(
        uid="chain-database",
        service=_SERVICE,
        description=(
            "Tier 3 of the chain: the database. Queries by operation and table, how long they take, transactions, "
            "the connection pool, slow queries and the size of tables."
        ),
        variables=[variables.route(_SERVICE), variables.percentile()],
        sections=[
            top(
                band(
                    4,
                    parts.rate_stat(_SERVICE, "Queries", units.OPERATIONS_PER_SECOND),
                    parts.errors_stat(_SERVICE, "Failed queries", "queries"),
                    _mean(),
                    parts.p95_stat(_SERVICE, "p95 duration", "queries"),
                    pool_in_use(),
                    _rolled_back(),
                )
            ),
            parts.by_route(_SERVICE, "queries", units.OPERATIONS_PER_SECOND, BUCKETS_BY_ROUTE),
            section(
                "Transactions, connections, tables",
                band(8, _transactions(), connections(), slow_queries()),
                band(
                    8,
                    parts.durations(_SERVICE, "Durations of queries", _BUCKETS, "queries"),
                    parts.processor_time(_SERVICE, "Processor"),
                    table_sizes(),
                ),
            ),
            parts.behind_the_numbers(_SERVICE, longer_than="15ms"),
        ],
    )


def _mean() -> PanelBuilder:
    return panels.stat(
        "Mean duration",
        shows="Time of all queries of the last minute divided by their number.",
        bad_day="Above 50 ms: the alert on slow queries stands there. A few slow queries lift it more than the median.",
        unit=units.SECONDS,
        queries=[
            prometheus(
                "sum(rate(database_query_duration_seconds_sum[$__rate_interval]))"
                " / sum(rate(database_query_duration_seconds_count[$__rate_interval]))"
            )
        ],
        thresholds=slo.query_latency(),
    )


def pool_in_use() -> PanelBuilder:
    return panels.gauge(
        "Connection pool",
        shows="Share of the database's connections that were in use, as the mean of the last minute's looks.",
        bad_day="Above 70 %: soon requests wait for a connection. At 100 % they are refused after a second.",
        unit=units.RATIO,
        queries=[prometheus('service:connections_in_use:ratio1m{service="database"}')],
        thresholds=slo.pool_use(),
        maximum=1,
    )


def _rolled_back() -> PanelBuilder:
    return panels.stat(
        "Rolled back",
        shows="Share of transactions of the last minute that were undone instead of committed.",
        bad_day="Anything but 0: a query failed, a lock was not granted, or the table does not exist.",
        unit=units.RATIO,
        queries=[
            prometheus(
                'sum(rate(database_transactions_total{status="rolled_back"}[$__rate_interval]) or'
                " rate(database_transactions_total[$__rate_interval]) * 0)"
                " / sum(rate(database_transactions_total[$__rate_interval]))"
            )
        ],
        thresholds=slo.error_ratio(),
        decimals=1,
    )


def _transactions() -> PanelBuilder:
    return panels.timeseries(
        "Transactions",
        shows="Transactions per second by how they ended. Each request to the database is one.",
        bad_day="Red: transactions are rolled back. The log lines say why.",
        unit=units.OPERATIONS_PER_SECOND,
        queries=[
            prometheus("sum by (status) (rate(database_transactions_total[$__rate_interval]))", "{{status}}"),
        ],
        colour_by=colours.OUTCOMES,
        stacked=True,
        links=[
            links.to_logs("Transactions rolled back", '{service="database"} |= "Transaction rolled back" | json'),
            links.failed_traces_of(_SERVICE),
        ],
    )


def connections() -> PanelBuilder:
    panel = panels.timeseries(
        "Connections in use",
        shows=(
            "Connections in use, the most within each interval, and how many there are. A look every five seconds sees "
            "little of what takes milliseconds, so small numbers are usual."
        ),
        bad_day="The line stays at the limit: queries hold their connections too long, and the next ones wait.",
        unit=units.COUNT,
        queries=[
            prometheus("sum(max_over_time(database_connection_pool_active[$__rate_interval]))", "in use"),
            prometheus("sum(lab_database_connection_pool_size)", "limit"),
        ],
        colour_by={"in use": colours.CHAIN[_SERVICE], "limit": colours.BAD},
        decimals=0,
        links=[links.to_dashboard("chain-database-internals")],
    )
    return panels.as_limit(panel, "limit")


def slow_queries() -> PanelBuilder:
    return panels.timeseries(
        "Slow queries by table",
        shows="Queries per second that took longer than the slow query threshold (75 ms unless set otherwise).",
        bad_day="More than one query in twenty of a table, for minutes. About one in a hundred is chance.",
        unit=units.OPERATIONS_PER_SECOND,
        queries=[
            prometheus(
                "sum by (table) (rate(database_slow_queries_total[$__rate_interval]) or"
                " rate(database_queries_total[$__rate_interval]) * 0)",
                "{{table}}",
            )
        ],
        colour_by=colours.SUBJECTS,
        links=[links.to_logs("Slow queries", '{service="database"} |= "Slow query" | json')],
    )


def table_sizes() -> PanelBuilder:
    return panels.bar_gauge(
        "Size of tables",
        shows="Bytes of the values in each table.",
        bad_day="A table that grows without end. In this lab tables do not grow at all.",
        unit=units.BYTES,
        queries=[prometheus("max by (table) (database_table_size_bytes)", "{{table}}")],
        colour_by=colours.SUBJECTS,
    )
