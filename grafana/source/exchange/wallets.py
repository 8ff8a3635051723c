"""Money, and what keeps it: holds and settlements, every SQL statement, connections, Redis."""

from __future__ import annotations

from grafana.source import colours, links, panels, slo, units, variables
from grafana.source.exchange import parts
from grafana.source.layout import Page, PanelBuilder, band, section, top
from grafana.source.queries import prometheus, prometheus_now, traces
from grafana.source.tables import Column

_SERVICE = "wallet-service"

#: `refused` is the trader's mistake; what is swept belonged to an order that never came to be.
_HOLDS = {"blocked": "#6CA6E8", "released": "#5FA8A3", "refused": "#C8AD7F", "swept": colours.WATCH}

_TABLES = {
    "orders": "#E58AC4",
    "wallets": "#D9C75F",
    "transactions": "#C8AD7F",
    "holds": "#A58F7A",
    "executions": "#22BFC8",
    "outbox": "#8FA6C8",
    "processed_events": "#6D8BA6",
    "users": "#D3C6EE",
    "risk_limits": "#7A73F0",
    "COMMIT": "#C7D0D9",
}


def dashboard() -> Page:
    return Page(
        uid="exchange-wallets",
        service=_SERVICE,
        description="Does the money add up, what do statements cost, and is there a connection for everybody?",
        variables=[variables.percentile()],
        sections=[
            top(band(4, parts.ledger(), _settled(), _statements(), _mean(), _connections(), _nobody_free())),
            section("Money", band(8, _holds(), _settlements(), _moved())),
            section(
                "Statements",
                band(8, _mean_by_table(), _rate_by_table(), _percentiles()),
                band(10, _every_statement()),
                band(9, _slow()),
            ),
            section("Connections and Redis", band(8, _in_use(), _no_answer(), _commands(), _redis_duration())),
            section("What the wallet service says", band(9, _lines())),
        ],
    )


def _settled() -> PanelBuilder:
    return panels.stat(
        "Settlements",
        shows="Trades each second for which money and shares have changed hands.",
        bad_day="Below the trades: some are not settled. The event of such a trade waits, or fails.",
        unit=units.PER_SECOND,
        queries=[prometheus("sum(rate(exchange_settlements_total[1m]))")],
        decimals=2,
        links=[links.to_dashboard("exchange-events")],
    )


def _statements() -> PanelBuilder:
    return panels.stat(
        "Statements",
        shows="SQL statements a second, of all services; what a consumer asks in the background is counted, too.",
        bad_day="It leaps while orders do not: something is asked once a row.",
        unit=units.OPERATIONS_PER_SECOND,
        queries=[prometheus("sum(service_collection:db_operations:rate1m)")],
        decimals=0,
    )


def _mean() -> PanelBuilder:
    return panels.stat(
        "Mean statement",
        shows="Mean time of a statement of any service, as the service that asks sees it.",
        bad_day="Above 50 ms. The table below says which statement.",
        unit=units.SECONDS,
        queries=[
            prometheus(
                "sum(rate(db_client_operation_duration_seconds_sum[1m]))"
                " / sum(rate(db_client_operation_duration_seconds_count[1m]))"
            )
        ],
        thresholds=slo.query_latency(),
    )


def _connections() -> PanelBuilder:
    return panels.stat(
        "Fullest connections",
        shows="Of the connections that a service has open, the share that is in use, where it is highest.",
        bad_day="Near 100 %: the next request waits for a connection.",
        unit=units.RATIO,
        queries=[prometheus("max(service:db_connections_in_use:ratio1m)")],
        thresholds=slo.pool_use(),
        decimals=0,
    )


def _nobody_free() -> PanelBuilder:
    return panels.stat(
        "No connection was free",
        shows="Times in the range that a service waited for a connection in vain.",
        bad_day="Not 0: the request ended with 503. Somebody keeps connections, or statements are too slow.",
        unit=units.COUNT,
        queries=[prometheus_now("sum(increase(db_client_connection_timeouts_total[$__range]))")],
        thresholds=slo.rising(None, 1),
        sparkline=False,
        decimals=0,
    )


def _holds() -> PanelBuilder:
    return panels.timeseries(
        "Holds, by what was done with them",
        shows=(
            "What an order costs is blocked before the order exists, and released when it needs it no more. Refused: "
            "there was too little. Swept: the order never came to be."
        ),
        bad_day="Amber: orders are begun and not finished. Released falls to 0 while orders are cancelled.",
        unit=units.PER_SECOND,
        queries=[prometheus("sum by (outcome) (rate(exchange_holds_total[1m]))", "{{outcome}}")],
        colour_by=_HOLDS,
        links=[links.logs_of(_SERVICE)],
    )


def _settlements() -> PanelBuilder:
    return panels.timeseries(
        "Trades, and those settled",
        shows="Trades of the matching engine, and settlements of the wallet service, which follow within a moment.",
        bad_day="The lines part: what was traded is not paid for.",
        unit=units.PER_SECOND,
        queries=[
            prometheus("sum(rate(exchange_fills_total[1m]))", "trades"),
            prometheus("sum(rate(exchange_settlements_total[1m]))", "settled"),
        ],
        colour_by={"trades": colours.EXCHANGE["matching-engine"], "settled": colours.EXCHANGE[_SERVICE]},
        links=[
            links.to_traces("Traces with a settlement", '{ name = "settle_trade" }'),
            links.to_dashboard("exchange-events"),
        ],
    )


def _moved() -> PanelBuilder:
    return panels.timeseries(
        "Money that moves",
        shows="Dollars a minute that trades have moved from wallet to wallet.",
        bad_day="0 while there are trades.",
        unit=units.DOLLARS,
        queries=[prometheus("sum(rate(exchange_settled_cents_total[1m])) * 60 / 100", "settled")],
        colour_by={"settled": colours.EXCHANGE[_SERVICE]},
    )


def _mean_by_table() -> PanelBuilder:
    return panels.timeseries(
        "Mean time of a statement, by what it does",
        shows="Mean over a minute by operation and table, of all services: the eight slowest at each moment. Dashed "
        "where it alerts.",
        bad_day="One line leaves the others. All `UPDATE`s: locks. `COMMIT`: the disk.",
        unit=units.SECONDS,
        queries=[
            prometheus(
                "topk(8, sum by (operation, collection) (rate(db_client_operation_duration_seconds_sum[1m]))"
                " / (sum by (operation, collection) (rate(db_client_operation_duration_seconds_count[1m])) > 0))",
                "{{operation}} {{collection}}",
            )
        ],
        colour_by=_TABLES,
        thresholds=slo.query_latency(),
        links=[links.to_traces("Slow statements", '{ span.db.system.name = "postgresql" && duration > 25ms }')],
    )


def _rate_by_table() -> PanelBuilder:
    return panels.timeseries(
        "Statements, by table",
        shows="Statements each second, of all services; without a table: COMMIT.",
        bad_day="One table grows alone: something is asked once a row, or again and again.",
        unit=units.OPERATIONS_PER_SECOND,
        queries=[
            prometheus(
                'sum by (collection) (label_replace(service_collection:db_operations:rate1m, "collection", "COMMIT",'
                ' "collection", "")) > 0',
                "{{collection}}",
            )
        ],
        colour_by=_TABLES,
        stacked=True,
    )


def _percentiles() -> PanelBuilder:
    return panels.timeseries(
        "Time of a statement, by service, ${percentile:text}",
        shows="As the service that asks sees it, at the percentile chosen above. Dots lead to traces.",
        bad_day="A line climbs: who asks so waits for a lock, or reads too much. All lines: PostgreSQL itself.",
        unit=units.SECONDS,
        queries=[
            prometheus(
                "histogram_quantile($percentile, sum by (le, service)"
                " (rate(db_client_operation_duration_seconds_bucket[$__rate_interval])))",
                "{{service}}",
                exemplars=True,
            )
        ],
        colour_by=colours.EXCHANGE,
        links=[parts.lines_of_series()],
    )


def _every_statement() -> PanelBuilder:
    by = "sum by (service, operation, collection)"
    seconds = f"{by} (rate(db_client_operation_duration_seconds_sum[1m]))"
    return panels.table(
        "Every statement",
        shows=(
            "Who asks what, in the last minute. The share is of the time that all statements take together: what is "
            "cheap and frequent may cost more than what is slow."
        ),
        bad_day="A mean above 50 ms; or one row that is most of the time.",
        queries=[
            prometheus_now("service_collection:db_operations:rate1m > 0", table=True),
            prometheus_now("service_collection:db_operation_duration_seconds:mean1m", table=True),
            prometheus_now(
                f"({seconds} > 0) / on () group_left () sum(rate(db_client_operation_duration_seconds_sum[1m]))",
                table=True,
            ),
        ],
        columns={
            "service": Column("Service"),
            "operation": Column("Operation", width=90),
            "collection": Column("Table"),
            "Value #A": Column("Rate", unit=units.OPERATIONS_PER_SECOND, decimals=2, width=100),
            "Value #B": Column("Mean", unit=units.SECONDS, thresholds=slo.query_latency(), width=90),
            "Value #C": Column("Share of time", unit=units.RATIO, decimals=1, width=110),
        },
        sort_by="Share of time",
    )


def _slow() -> PanelBuilder:
    return panels.trace_table(
        "Slow statements",
        shows="The newest statements on a table above 10 ms, with their text. The span id opens the trace there.",
        bad_day="The same text in every row: it reads too much, or waits for whoever holds the row.",
        query=traces(
            '{ span.db.system.name = "postgresql" && span.db.collection.name != nil && duration > 10ms }'
            " | select(span.db.collection.name, span.db.query.text)",
            limit=50,
            rows="spans",
        ),
        columns={"Duration": Column("Duration", width=110), "Span ID": Column("Span ID", width=160)},
        empty="no statement took that long: good",
    )


def _in_use() -> PanelBuilder:
    return panels.timeseries(
        "Connections in use",
        shows="Connections to PostgreSQL that are in use at the moment of a scrape, by service.",
        bad_day="A line climbs and does not come down again: connections are not given back.",
        unit=units.COUNT,
        queries=[prometheus('sum by (service) (db_client_connections{state="used"})', "{{service}}")],
        colour_by=colours.EXCHANGE,
        soft_max=4,
        decimals=0,
        links=[parts.lines_of_series()],
    )


def _no_answer() -> PanelBuilder:
    failures = "sum by (service) (rate({}[1m])) > 0"
    return panels.timeseries(
        "Without an answer",
        shows="Connections to PostgreSQL that could not be had, and commands that Redis did not answer, each second.",
        bad_day="Anything. Of all services: the backing service is away. Of one: it has no connection left.",
        unit=units.PER_SECOND,
        queries=[
            prometheus(failures.format("db_client_connection_failures_total"), "{{service}}: PostgreSQL"),
            prometheus(failures.format("db_client_connection_timeouts_total"), "{{service}}: no connection free"),
            prometheus(failures.format("redis_client_failures_total"), "{{service}}: Redis"),
        ],
        colour_by=colours.EXCHANGE,
        empty="everybody answers: good",
        links=[parts.lines_of_series()],
    )


def _commands() -> PanelBuilder:
    return panels.timeseries(
        "Redis commands",
        shows=(
            "Commands each second: `INCR` counts requests, `GET` and `SET` keep sessions, limits and prices, `XADD` "
            "publishes events. What consumers read is not counted."
        ),
        bad_day="All fall to 0: Redis is away. Everybody can do without, more slowly.",
        unit=units.OPERATIONS_PER_SECOND,
        queries=[
            prometheus("sum by (operation) (rate(redis_client_operation_duration_seconds_count[1m]))", "{{operation}}")
        ],
        colour_by={"GET": "#6CA6E8", "SET": "#C8AD7F", "INCR": "#B58BD9", "XADD": "#22BFC8"},
        stacked=True,
    )


def _redis_duration() -> PanelBuilder:
    return panels.timeseries(
        "Time of a Redis command, ${percentile:text}",
        shows="As the service that asks sees it, at the percentile chosen above. Dots lead to traces.",
        bad_day="At half a second commands are given up: Redis hangs.",
        unit=units.SECONDS,
        queries=[
            prometheus(
                "histogram_quantile($percentile, sum by (le, service)"
                " (rate(redis_client_operation_duration_seconds_bucket[$__rate_interval])))",
                "{{service}}",
                exemplars=True,
            )
        ],
        colour_by=colours.EXCHANGE,
        links=[parts.lines_of_series()],
    )


def _lines() -> PanelBuilder:
    return parts.lines(
        "Lines of wallet-service",
        shows="What the wallet service says, newest first; each line about an order has its `order_id`.",
        bad_day="Errors. `do not add up` names how many wallets.",
        services=f'service="{_SERVICE}"',
        empty="it says nothing",
    )
