"""What the exchange's dashboards share: who belongs to it, its lines, and panels that stand on several pages."""

from __future__ import annotations

from grafana_foundation_sdk.builders import logs, stat, table, timeseries
from grafana_foundation_sdk.builders.dashboard import DashboardLink

from grafana.source import colours, links, panels, slo, units
from grafana.source.queries import loki, prometheus, traces
from grafana.source.tables import Column

#: As Prometheus knows all services of the exchange.
JOB = 'job="exchange"'
#: As Loki does.
STREAMS = f'service=~"{"|".join(colours.EXCHANGE)}"'

GATEWAY = "client-gateway"

#: The gateway's routes, in the colour of the service that each leads to; what the gateway answers itself has its own.
ROUTES: dict[str, str] = {
    "^/auth/": colours.EXCHANGE["user-service"],
    "^/v1/": colours.EXCHANGE["order-manager"],
    "^/wallet": colours.EXCHANGE["wallet-service"],
    "^/reports/": colours.EXCHANGE["reporting-service"],
    "^/market/": colours.EXCHANGE["market-data-service"],
    "": colours.EXCHANGE[GATEWAY],
}

#: What became of an order. Green, amber and red say how it went; an order that waits is neither.
BECAME: dict[str, str] = {
    "placed": "#6CA6E8",
    "refused": colours.WATCH,
    "cancelled": colours.NEUTRAL,
    "trades": colours.EXCHANGE["matching-engine"],
}

SYMBOLS: dict[str, str] = {
    "ACRN": "#6CA6E8",
    "BRZY": "#C8AD7F",
    "KELP": "#5FA8A3",
    "LNTN": "#B58BD9",
    "QUIL": "#DA8FB0",
    "TUBA": "#9FB1C4",
}

#: By event; what an order begins is told in one hue, what a trade does in another.
EVENTS: dict[str, str] = {
    "order_created": "#6CA6E8",
    "order_cancelled": "#8E9AAF",
    "order_closed": "#B58BD9",
    "trade_executed": "#22BFC8",
    "market_data": "#C8AD7F",
}


def placed() -> stat.Panel:
    return panels.stat(
        "Orders",
        shows="Orders that were stored each second, averaged over a minute.",
        bad_day="It falls while traders still come: look at what is refused, and at what failed.",
        unit=units.PER_SECOND,
        queries=[prometheus("sum(rate(exchange_orders_placed_total[1m]))")],
        decimals=1,
        links=[links.to_dashboard("exchange-orders")],
    )


def refused() -> stat.Panel:
    return panels.stat(
        "Refused orders",
        shows=(
            "Share of orders that were refused before they were stored, over five minutes. Traders who have too few "
            "shares, or ask for a market where there is none, are usual: up to a fifth."
        ),
        bad_day="It leaps. `unavailable` is the exchange's own fault, every other reason is the order's.",
        unit=units.RATIO,
        queries=[
            prometheus(
                "sum(rate(exchange_orders_rejected_total[5m]))"
                " / (sum(rate(exchange_orders_rejected_total[5m])) + sum(rate(exchange_orders_placed_total[5m])))"
            )
        ],
        decimals=0,
        links=[links.to_dashboard("exchange-orders")],
    )


def trades() -> stat.Panel:
    return panels.stat(
        "Trades",
        shows="Trades each second, averaged over a minute: each is one order filled, in part or whole, by another.",
        bad_day="0 while orders come: the engine is away, or its books are not traded.",
        unit=units.PER_SECOND,
        queries=[prometheus("sum(rate(exchange_fills_total[1m]))")],
        decimals=2,
        links=[links.to_dashboard("exchange-engine")],
    )


def worst_lag(title: str) -> stat.Panel:
    return panels.stat(
        title,
        shows=(
            "95 of 100 events were handled within this time of their creation, in the group that is furthest behind. "
            "Over Redis it takes some tens of milliseconds."
        ),
        bad_day="Two seconds and more: events come by way of the outbox, or somebody does not keep up.",
        unit=units.SECONDS,
        queries=[prometheus("max(group:event_lag_seconds:p95_1m)")],
        thresholds=slo.rising(0.5, 2),
        links=[links.to_dashboard("exchange-events")],
        empty="no event in the last minute",
    )


def waiting() -> stat.Panel:
    return panels.stat(
        "Events that wait",
        shows="Events that should have been handled by now and were not, all groups added up.",
        bad_day="Not 0, and growing: a group is stuck or away. What waits is in the outbox, so nothing is lost.",
        unit=units.COUNT,
        queries=[prometheus("sum(max by (group) (exchange_events_waiting))")],
        thresholds=slo.rising(1, 20),
        decimals=0,
        links=[links.to_dashboard("exchange-events")],
    )


def ledger() -> stat.Panel:
    return panels.stat(
        "Wallets that do not add up",
        shows=(
            "Wallets that are not the sum of their transactions, and holds that are not what orders have blocked. "
            "The wallet service counts them again every some seconds."
        ),
        bad_day="Anything but 0. Money was made or lost: stop, and look at the newest transactions.",
        unit=units.COUNT,
        queries=[prometheus("sum(max by (check) (exchange_ledger_differences))")],
        thresholds=slo.rising(None, 1),
        decimals=0,
        links=[links.to_dashboard("exchange-wallets")],
    )


def books() -> stat.Panel:
    return panels.stat(
        "Books that do not add up",
        shows="Symbols whose orders and executions disagree. Such a symbol is not traded.",
        bad_day="Anything but 0: orders of that symbol are cancelled with the reason `halted`.",
        unit=units.COUNT,
        queries=[prometheus("sum(max by (symbol) (exchange_book_differences) > bool 0)")],
        thresholds=slo.rising(None, 1),
        decimals=0,
        links=[links.to_dashboard("exchange-engine")],
    )


def outcomes(title: str, window: str, link: DashboardLink) -> timeseries.Panel:
    counters = {
        "placed": "exchange_orders_placed_total",
        "refused": "exchange_orders_rejected_total",
        "cancelled": "exchange_orders_cancelled_total",
        "trades": "exchange_fills_total",
    }
    return panels.timeseries(
        title,
        shows="Orders stored, refused and cancelled each second, and the trades that came of them.",
        bad_day="Trades fall to 0 while orders do not; or what is refused comes near to what is placed.",
        unit=units.PER_SECOND,
        queries=[prometheus(f"sum(rate({counter}[{window}]))", name) for name, counter in counters.items()],
        colour_by=BECAME,
        links=[link],
    )


def lag(empty: str | None = None) -> timeseries.Panel:
    return panels.timeseries(
        "From an event to its handling, ${percentile:text}",
        shows=(
            "Time from an event's creation until a group had handled it, at the percentile chosen above. Dots are "
            "single events: a click opens the trace of the order that they belong to."
        ),
        bad_day="A group climbs to two seconds: it hears of events from the outbox. Steadily: it does not keep up.",
        unit=units.SECONDS,
        queries=[
            prometheus(
                "histogram_quantile($percentile,"
                " sum by (le, group) (rate(exchange_event_lag_seconds_bucket[$__rate_interval])))",
                "{{group}}",
                exemplars=True,
            )
        ],
        colour_by=colours.EXCHANGE,
        links=[lines_of_series("group"), links.to_dashboard("exchange-events")],
        empty=empty,
    )


def statements() -> timeseries.Panel:
    return panels.timeseries(
        "Mean time of a statement, by service",
        shows="Mean time of an SQL statement over a minute, as the service that asks sees it; dashed where it alerts.",
        bad_day="One line leaves the others: a statement of that service. All of them: PostgreSQL itself.",
        unit=units.SECONDS,
        queries=[
            prometheus(
                "sum by (service) (rate(db_client_operation_duration_seconds_sum[1m]))"
                " / (sum by (service) (rate(db_client_operation_duration_seconds_count[1m])) > 0)",
                "{{service}}",
            )
        ],
        colour_by=colours.EXCHANGE,
        thresholds=slo.query_latency(),
        links=[links.to_dashboard("exchange-wallets")],
    )


def lines_of_series(label: str = "service") -> DashboardLink:
    """What the service says that a label of the clicked series names."""
    named = f"${{__field.labels.{label}}}"
    return links.to_logs(f"Log lines of {named}", f'{{service="{named}"}} | json')


def slowest_spans(title: str, spans: str, *, longer_than: str, what: str) -> table.Panel:
    """`spans` is a TraceQL condition that selects the spans that are wanted: most of their traces is something else."""
    return panels.trace_table(
        title,
        shows=f"{what} that took longer than {longer_than}, the slowest first. The span id opens the trace there.",
        bad_day="Many rows of one name.",
        query=traces(
            f"{{ {spans} && span:duration > {longer_than} }} | select(name, resource.service.name)",
            limit=100,
            rows="spans",
        ),
        columns={"Duration": Column("Duration", width=110), "Span ID": Column("Span ID", width=160)},
        empty="nothing took that long: good",
    )


def lines(title: str, *, shows: str, bad_day: str, services: str = STREAMS, only: str = "", empty: str) -> logs.Panel:
    """Log lines with the service in front; `only` is a filter on their fields."""
    chosen = f"| {only} " if only else ""
    return panels.logs(
        title,
        shows=shows,
        bad_day=bad_day,
        query=loki(f'{{{services}}} | json {chosen}| line_format "{{{{.service}}}}: {{{{.message}}}}"'),
        empty=empty,
    )
