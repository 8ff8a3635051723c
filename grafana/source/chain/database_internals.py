"""Inside tier 3: what a query costs and why. Plans, scans, waiting, and questions that are asked too often."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import DashboardLink

from grafana.source import colours, links, panels, slo, units, variables
from grafana.source.chain import database, parts
from grafana.source.layout import Page, PanelBuilder, band, section, top
from grafana.source.queries import loki, loki_now, prometheus, prometheus_now, trace_metrics, traces
from grafana.source.span_metrics import GRAPH, INTERNAL, LATENCY, WINDOW
from grafana.source.tables import Column

_SERVICE = "database"

_EXECUTION = 'resource.service.name = "database" && name = "query_execution"'
_PLANNING = 'resource.service.name = "database" && name = "query_planning"'

#: How rows are found. A scan reads the whole table.
_ACCESS = {"index": "#6CA6E8", "scan": colours.WATCH}

_STEPS = {
    "transaction_begin": "#6B7280",
    "query_planning": "#C8AD7F",
    "query_execution": colours.CHAIN[_SERVICE],
    "join_inventory": "#5FA8A3",
    "transaction_commit": "#9FB1C4",
}


def dashboard() -> Page:
    return Page(
        uid="chain-database-internals",
        service=_SERVICE,
        description=(
            "Why a query is slow: which table and operation, by index or by scan, waiting for a connection or "
            "computing, once or again and again."
        ),
        variables=[variables.route(_SERVICE), variables.percentile()],
        sections=[
            top(
                band(
                    4,
                    _queries_per_request(),
                    _scans(),
                    _slow_share(),
                    _waiting(),
                    database.pool_in_use(),
                    _rows(),
                )
            ),
            section(
                "Query time",
                band(7, (_by_query(), 14), (_time_share(), 10)),
                band(
                    8,
                    _mean_by_query(),
                    parts.duration_by_route(_SERVICE, "Percentile by operation and table", database.BUCKETS_BY_ROUTE),
                    database.slow_queries(),
                ),
            ),
            section(
                "Plans",
                band(8, _plans(), _scan_duration(), _scan_traces()),
            ),
            section(
                "Transactions and connections",
                band(8, _steps(), database.connections(), _queue()),
            ),
            section(
                "Asked too often",
                band(8, _per_request_over_time(), _repeated()),
            ),
            section(
                "Slow queries and storage",
                band(8, (_slow_lines(), 14), (_slow_by_plan(), 10)),
                band(6, (database.table_sizes(), 12), (parts.processor_time(_SERVICE, "Processor"), 12)),
            ),
        ],
    )


def _slow_query_lines() -> DashboardLink:
    return links.to_logs("Slow queries", '{service="database"} |= "Slow query" | json')


def _queries_per_request() -> PanelBuilder:
    return panels.stat(
        "Queries per request",
        shows="Queries that one request to the database needs on average. A product is two: itself and its stock.",
        bad_day="3 and more: something asks for rows one by one (N+1) where one question would do.",
        unit=units.COUNT,
        queries=[
            prometheus(
                "sum(rate(database_queries_total[$__rate_interval]))"
                " / sum(rate(database_transactions_total[$__rate_interval]))"
            )
        ],
        thresholds=slo.rising(2.5, 4),
        decimals=2,
    )


def _scans() -> PanelBuilder:
    return panels.stat(
        "Scans",
        shows="Plans per second that read a whole table, from the planner's spans.",
        bad_day="It rises with the traffic: an index is missing, or a question cannot use it.",
        unit=units.OPERATIONS_PER_SECOND,
        queries=[trace_metrics(f'{{ {_PLANNING} && span.db.query.plan.access = "scan" }} | rate()')],
        decimals=2,
        empty="no scan: good",
    )


def _slow_share() -> PanelBuilder:
    return panels.stat(
        "Slow queries",
        shows="The share of slow queries over the last five minutes, of the table that has most of them.",
        bad_day="Above 5 %, where the alert stands.",
        unit=units.RATIO,
        queries=[prometheus('max(service_table:slow_queries:ratio5m{service="database"})')],
        thresholds=slo.slow_queries(),
        decimals=1,
    )


def _waiting() -> PanelBuilder:
    return panels.stat(
        "Time outside queries",
        shows=(
            "Of the time of requests to the database, the share that is not spent executing queries: waiting for a "
            "connection, planning, beginning and committing transactions."
        ),
        bad_day="It rises while queries stay as fast as ever: connections or locks are short.",
        unit=units.RATIO,
        queries=[prometheus("1 - " + parts.share_of_span_time("database", 'span_name="query_execution"'))],
        decimals=0,
    )


def _rows() -> PanelBuilder:
    return panels.stat(
        "Rows per query",
        shows="Rows that a query returns on average, from its span.",
        bad_day="Hundreds: somebody reads a whole table to use a little of it.",
        unit=units.COUNT,
        queries=[trace_metrics(f"{{ {_EXECUTION} }} | avg_over_time(span.db.response.returned_rows)")],
        decimals=1,
    )


def _by_query() -> PanelBuilder:
    of = '{service="database", route=~"$route"}'
    joined = '"route", " ", "operation", "table"'
    return panels.table(
        "Queries",
        shows=(
            "Every operation and table of the last minute: how often, how long on average and at the tail, what share "
            "failed, and its part of all query time."
        ),
        bad_day="One row takes most of the time. Often: ask less. Long: look at its plan below.",
        queries=[
            prometheus_now(f"service_route:requests:rate1m{of}", table=True),
            prometheus_now(
                "sum by (route) (label_join(service_table:query_duration_seconds:mean1m"
                f'{{service="database"}}, {joined})) and on (route) service_route:requests:rate1m{of}',
                table=True,
            ),
            prometheus_now(f"service_route:request_duration_seconds:p95_1m{of}", table=True),
            prometheus_now(f"service_route:errors:ratio1m{of}", table=True),
        ],
        columns={
            "route": Column("Query", links=[_slow_query_lines()]),
            "Value #A": Column("Rate", unit=units.OPERATIONS_PER_SECOND, decimals=2, width=105),
            "Value #B": Column("Mean", unit=units.SECONDS, width=95, thresholds=slo.query_latency()),
            "Value #C": Column("p95", unit=units.SECONDS, width=95),
            "Value #D": Column("Failed", unit=units.RATIO, decimals=1, width=85, thresholds=slo.error_ratio()),
        },
        sort_by="Rate",
        empty="the database has answered no query in the last minute",
    )


def _time_share() -> PanelBuilder:
    return panels.timeseries(
        "Where query time goes",
        shows="Seconds of query time per second, by operation and table: 1 keeps one connection busy all the time.",
        bad_day="One area swells. It is either asked more often or takes longer: the table tells which.",
        unit=units.SECONDS,
        queries=[
            prometheus(
                "sum by (operation, table) (rate(database_query_duration_seconds_sum[$__rate_interval]))",
                "{{operation}} {{table}}",
            )
        ],
        colour_by=colours.SUBJECTS,
        stacked=True,
    )


def _mean_by_query() -> PanelBuilder:
    return panels.timeseries(
        "Mean duration by operation and table",
        shows="Mean time of a query over a minute. The dashed line at 50 ms is where the alert stands.",
        bad_day="One table leaves the others: its plan changed, or its rows did.",
        unit=units.SECONDS,
        queries=[
            prometheus('service_table:query_duration_seconds:mean1m{service="database"}', "{{operation}} {{table}}")
        ],
        colour_by=colours.SUBJECTS,
        thresholds=slo.query_latency(),
        links=[links.slow_traces_of(_SERVICE)],
    )


def _plans() -> PanelBuilder:
    return panels.timeseries(
        "Plans by access",
        shows="How the planner finds rows: by index, or by a scan of the table. From the spans of planning.",
        bad_day="`scan` grows: each one reads the whole table, and gets slower as the table grows.",
        unit=units.OPERATIONS_PER_SECOND,
        queries=[trace_metrics(f"{{ {_PLANNING} }} | rate() by (span.db.query.plan.access)")],
        colour_by=_ACCESS,
        stacked=True,
        links=[links.to_traces("Traces with a scan", f'{{ {_PLANNING} && span.db.query.plan.access = "scan" }}')],
    )


def _scan_duration() -> PanelBuilder:
    return panels.timeseries(
        "Execution by table, p95",
        shows="How long executions take at the 95th percentile, by table, from their spans. Dots lead to traces.",
        bad_day="A table far above the others: compare its plan with theirs.",
        unit=units.SECONDS,
        queries=[
            trace_metrics(
                f"{{ {_EXECUTION} }} | quantile_over_time(duration, .95) by (span.db.collection.name)", exemplars=20
            )
        ],
        colour_by=colours.SUBJECTS,
    )


def _scan_traces() -> PanelBuilder:
    return panels.trace_table(
        "Traces with a scan",
        shows="Requests for which the database read a whole table, the slowest first.",
        bad_day="Names that used to be fast: their question lost its index.",
        query=traces(f'{{ {_PLANNING} && span.db.query.plan.access = "scan" }}', limit=20),
        empty="no scan: good",
    )


def _steps() -> PanelBuilder:
    steps = f'{{service="database", {INTERNAL}}}'
    return panels.timeseries(
        "Steps of a transaction",
        shows="Mean time of each step, from spans: begin, plan, execute, commit.",
        bad_day="`transaction_begin` or `commit` grows: a lock. `query_planning` grows: plans are not remembered.",
        unit=units.SECONDS,
        queries=[
            prometheus(
                f"sum by (span_name) (rate({LATENCY}_sum{steps}[$__rate_interval]))"
                f" / sum by (span_name) (rate({LATENCY}_count{steps}[$__rate_interval]))",
                "{{span_name}}",
            )
        ],
        colour_by=_STEPS,
        links=[links.slow_traces_of(_SERVICE)],
    )


def _queue() -> PanelBuilder:
    return panels.timeseries(
        "Between call and query",
        shows=(
            "The mean call as the backend measures it, and as the database measures its request. What lies between is "
            "network and waiting to be taken in."
        ),
        bad_day="The two lines part: requests wait before the database takes them in.",
        unit=units.SECONDS,
        queries=[
            prometheus(
                'client_server:request_duration_seconds:mean1m{client="backend", server="database"}', "backend waits"
            ),
            prometheus(
                f'sum(rate({GRAPH}_server_seconds_sum{{server="database"}}{WINDOW}))'
                f' / sum(rate({GRAPH}_server_seconds_count{{server="database"}}{WINDOW}))',
                "database works",
            ),
        ],
        colour_by={"backend waits": colours.CHAIN["backend"], "database works": colours.CHAIN[_SERVICE]},
        thresholds=slo.call_latency(),
    )


def _per_request_over_time() -> PanelBuilder:
    return panels.timeseries(
        "Queries per request over time",
        shows="Queries to each table for one request to the database. Flat lines, whatever the traffic.",
        bad_day="A line steps up: one page now asks a table again and again (N+1).",
        unit=units.COUNT,
        queries=[
            prometheus(
                "sum by (table) (rate(database_queries_total[$__rate_interval]))"
                " / on () group_left () sum(rate(database_transactions_total[$__rate_interval]))",
                "{{table}}",
            )
        ],
        colour_by=colours.SUBJECTS,
        decimals=2,
    )


def _repeated() -> PanelBuilder:
    return panels.trace_table(
        "Requests with more than two queries",
        shows="Traces in which the database executed three queries or more for one visitor's request.",
        bad_day="Any row: open it and see which question repeats.",
        query=traces(f"{{ {_EXECUTION} }} | count() > 2", limit=20),
        empty="no request needs more than two queries: good",
    )


def _slow_lines() -> PanelBuilder:
    return panels.logs(
        "Slow query log",
        shows="One line for each slow query: table, duration, plan. Open a line for the statement and its trace.",
        bad_day="The same table and plan line after line.",
        query=loki(
            '{service="database", level="warning"} |= "Slow query" | json'
            ' | line_format `{{.duration_ms}} ms  {{.db_collection_name}}  {{.db_query_plan | replace "\\n" "; "}}`'
        ),
        empty="no slow query in this range: good",
    )


def _slow_by_plan() -> PanelBuilder:
    return panels.table(
        "Slow queries by plan",
        shows="Slow queries of the time range by table and by how their rows were found, from the slow query log.",
        bad_day="A plan that says SCAN, or one that you do not recognise.",
        queries=[
            loki_now(
                'sum by (table, plan) (count_over_time({service="database", level="warning"} |= "Slow query" | json'
                ' | label_format table=db_collection_name, plan=`{{.db_query_plan | replace "\\n" "; "}}` [$__range]))'
            )
        ],
        columns={
            "table": Column("Table", width=100),
            "plan": Column("Plan", wrap=True),
            "Value #A": Column("Queries", unit=units.COUNT, width=80),
        },
        sort_by="Queries",
        empty="no slow query in this range: good",
    )
