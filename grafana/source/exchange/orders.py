"""The way of an order: placed or refused, waiting, filled or cancelled, and how long each step takes."""

from __future__ import annotations

from grafana.source import colours, links, panels, slo, units, variables
from grafana.source.exchange import parts
from grafana.source.layout import Page, PanelBuilder, band, section, top
from grafana.source.queries import prometheus, prometheus_buckets, prometheus_now, traces
from grafana.source.span_metrics import CALLS, LATENCY, WINDOW
from grafana.source.tables import Column

_PLACING = 'service="client-gateway", endpoint="/v1/order"'

#: Spans of an order's way: what the trader waits for, then what events bring about.
_STEPS = (
    "POST /v1/order",
    "POST /order",
    "validate_order",
    "block_funds",
    "INSERT INTO orders",
    "PUBLISH order_created",
    "process_order",
    "match_order",
    "settle_trade",
    "update_market_data",
    "notify_traders",
)

#: Endpoints that placing an order goes through, from the gateway inwards.
_HOPS = "/v1/order|/order|/validate|/block-funds"

#: `unavailable` is the exchange's fault; whatever else is, the order's.
_REFUSALS = {
    "insufficient_funds": "#E0B15A",
    "insufficient_shares": "#C8AD7F",
    "no_reference_price": "#9FB1C4",
    "price_outside_band": "#B58BD9",
    "order_value_too_large": "#DA8FB0",
    "quantity_too_large": "#A58F7A",
    "too_many_open_orders": "#6CA6E8",
    "client_order_id_reused": "#5FA8A3",
    "unavailable": colours.BAD,
}

_CANCELLATIONS = {
    "user": colours.LAB["user"],
    "no_liquidity": "#C8AD7F",
    "self_trade": "#B58BD9",
    "halted": colours.BAD,
}


def dashboard() -> Page:
    return Page(
        uid="exchange-orders",
        description=(
            "What becomes of orders, how long the trader waits for an answer, and how long the order for the engine."
        ),
        variables=[variables.percentile()],
        sections=[
            top(band(4, parts.placed(), parts.refused(), parts.trades(), _value(), _waits(), _matched())),
            section(
                "What becomes of orders",
                band(
                    8,
                    parts.outcomes("Orders and trades", "$__rate_interval", links.logs_of("order-manager")),
                    _refused(),
                    _cancelled(),
                ),
            ),
            section("From order to trade", band(11, (_steps(), 13), (_durations(), 11)), band(8, _hops(), parts.lag())),
            section("What is traded", band(8, _by_symbol(), _shares(), _by_type())),
            section("Behind the numbers", band(10, _slowest(), _lines())),
        ],
    )


def _value() -> PanelBuilder:
    return panels.stat(
        "Traded in five minutes",
        shows="Money that changed hands, all symbols.",
        bad_day="0 while orders come.",
        unit=units.DOLLARS,
        queries=[prometheus("sum(increase(exchange_traded_cents_total[5m])) / 100")],
        decimals=0,
    )


def _waits() -> PanelBuilder:
    return panels.stat(
        "Placing an order, p95",
        shows="95 of 100 orders were answered by the gateway within this time: checked, paid for and stored.",
        bad_day="Above 500 ms. The steps below say which of them it is.",
        unit=units.SECONDS,
        queries=[prometheus(f"service_endpoint:http_request_duration_seconds:p95_1m{{{_PLACING}}}")],
        thresholds=slo.latency(),
        links=[links.slow_traces_of(parts.GATEWAY)],
    )


def _matched() -> PanelBuilder:
    return panels.stat(
        "Until it is in the book, p95",
        shows=(
            "95 of 100 orders had been matched, or put into the book, within this time after they were stored. Nobody "
            "waits for it, and no request shows it."
        ),
        bad_day="Two seconds and more: the engine hears of orders from the outbox. It climbs: it does not keep up.",
        unit=units.SECONDS,
        queries=[prometheus('group:event_lag_seconds:p95_1m{group="matching-engine"}')],
        thresholds=slo.rising(0.5, 2),
        links=[links.to_dashboard("exchange-engine"), links.to_dashboard("exchange-events")],
    )


def _refused() -> PanelBuilder:
    return panels.timeseries(
        "Refused, by reason",
        shows="Orders refused each second, and why: by the risk manager, by the wallet, or for want of a price.",
        bad_day="Red is `unavailable`: somebody whom the order manager needs did not answer. One reason grows alone.",
        unit=units.PER_SECOND,
        # A reason that never was is not worth a name in the legend.
        queries=[
            prometheus("sum by (reason) (rate(exchange_orders_rejected_total[1m])) > 0", "{{reason}}"),
        ],
        colour_by=_REFUSALS,
        stacked=True,
        empty="no order was refused",
        links=[
            links.to_logs(
                "Orders that were refused",
                '{service=~"order-manager|risk-manager|wallet-service", level="warning"} | json',
            ),
            links.to_traces(
                "Traces with a refused order", '{ name = "POST /v1/order" && span.http.response.status_code >= 400 }'
            ),
        ],
    )


def _cancelled() -> PanelBuilder:
    return panels.timeseries(
        "Cancelled, by reason",
        shows=(
            "Orders that left the market without being filled, each second: by their trader, because a market order "
            "found nobody, or because both sides were the same trader."
        ),
        bad_day="Red is `halted`: a symbol is not traded. `no_liquidity` grows: nobody is left on the other side.",
        unit=units.PER_SECOND,
        queries=[prometheus("sum by (reason) (rate(exchange_orders_cancelled_total[1m])) > 0", "{{reason}}")],
        colour_by=_CANCELLATIONS,
        stacked=True,
        empty="no order was cancelled",
        links=[
            links.to_logs("Lines about cancelled orders", '{service="order-manager"} |= "cancel" | json'),
            links.to_dashboard("exchange-engine"),
        ],
    )


def _steps() -> PanelBuilder:
    named = f'{{span_name=~"{"|".join(_STEPS)}"}}'
    by = "sum by (service, span_name)"
    calls = f"{by} (rate({CALLS}{named}{WINDOW}))"
    failed = f'{by} (rate({CALLS}{{span_name=~"{"|".join(_STEPS)}", status_code="STATUS_CODE_ERROR"}}{WINDOW}))'
    return panels.table(
        "The steps of an order",
        shows=(
            "Every step as its span tells it, in the last minute. Up to `POST /v1/order` the trader waits for it; from "
            "`process_order` on it is done after the answer, one event after the other."
        ),
        bad_day="A slow step that contains no other slow one. Fewer `process_order` than `POST /order`: events stick.",
        queries=[
            prometheus_now(f"{calls} > 0", table=True),
            prometheus_now(f"({failed} or {calls} * 0) / ({calls} > 0)", table=True),
            prometheus_now(
                f"{by} (rate({LATENCY}_sum{named}{WINDOW})) / ({by} (rate({LATENCY}_count{named}{WINDOW})) > 0)",
                table=True,
            ),
            prometheus_now(
                "histogram_quantile($percentile, sum by (le, service, span_name)"
                f" (rate({LATENCY}_bucket{named}{WINDOW}))) >= 0",
                table=True,
            ),
        ],
        columns={
            "span_name": Column("Step"),
            "service": Column("Service"),
            "Value #A": Column("Rate", unit=units.SPANS_PER_SECOND, decimals=2, width=110),
            "Value #B": Column("Errors", unit=units.RATIO, decimals=1, width=80),
            "Value #C": Column("Mean", unit=units.SECONDS, width=90),
            "Value #D": Column("Percentile", unit=units.SECONDS, thresholds=slo.latency(), width=100),
        },
        sort_by="Mean",
    )


def _durations() -> PanelBuilder:
    return panels.heatmap(
        "How long traders wait for an order",
        shows="Each cell is how many orders a second the gateway answered in that time. Dots lead to traces.",
        bad_day="A second band above the first: something is waited for, or asked again. The cloud drifts up.",
        unit=units.SECONDS,
        queries=[
            prometheus_buckets(
                f"sum by (le) (rate(http_request_duration_seconds_bucket{{{_PLACING}}}[$__rate_interval]))"
            )
        ],
        links=[links.slow_traces_of(parts.GATEWAY)],
    )


def _hops() -> PanelBuilder:
    return panels.timeseries(
        "Each service's share in placing an order, ${percentile:text}",
        shows=(
            "Duration of the requests that placing an order is made of, at the percentile chosen above: the gateway "
            "asks the order manager, which asks the risk manager, then the wallet. Dots lead to traces."
        ),
        bad_day="The gateway and the order manager rise with one of the two below: that one. Alone: their own SQL.",
        unit=units.SECONDS,
        queries=[
            prometheus(
                "histogram_quantile($percentile, sum by (le, service)"
                f' (rate(http_request_duration_seconds_bucket{{endpoint=~"{_HOPS}"}}[$__rate_interval])))',
                "{{service}}",
                exemplars=True,
            )
        ],
        colour_by=colours.EXCHANGE,
        links=[parts.lines_of_series()],
    )


def _by_symbol() -> PanelBuilder:
    return panels.timeseries(
        "Orders by symbol",
        shows="Orders stored each second.",
        bad_day="One symbol takes over, or nobody asks for one any more.",
        unit=units.PER_SECOND,
        queries=[prometheus("sum by (symbol) (rate(exchange_orders_placed_total[1m]))", "{{symbol}}")],
        colour_by=parts.SYMBOLS,
        stacked=True,
    )


def _shares() -> PanelBuilder:
    return panels.timeseries(
        "Shares traded, by symbol",
        shows="Shares that change hands each second.",
        bad_day="A symbol falls to 0 while orders for it come.",
        unit=units.PER_SECOND,
        queries=[prometheus("sum by (symbol) (rate(exchange_traded_shares_total[1m]))", "{{symbol}}")],
        colour_by=parts.SYMBOLS,
        stacked=True,
        links=[links.to_dashboard("exchange-engine")],
    )


def _by_type() -> PanelBuilder:
    return panels.timeseries(
        "Orders by side and type",
        shows="Orders stored each second: limit orders wait in the book, market orders take what is there.",
        bad_day="Only one side is left: nothing can be traded.",
        unit=units.PER_SECOND,
        queries=[
            prometheus("sum by (side, type) (rate(exchange_orders_placed_total[1m])) > 0", "{{side}} {{type}}"),
        ],
        colour_by={
            "buy limit": "#6CA6E8",
            "buy market": "#3F6FB5",
            "sell limit": "#E5B8D5",
            "sell market": "#B5608F",
        },
    )


def _slowest() -> PanelBuilder:
    return panels.trace_table(
        "Slowest orders",
        shows="Orders that took longer than 30 ms, with all that followed. The trace id opens the waterfall.",
        bad_day="Many rows of half a second and more, and one span that is most of each waterfall.",
        query=traces('{ name = "POST /v1/order" && span:duration > 30ms }', limit=100),
        columns={
            "Trace ID": Column("Trace ID", width=120),
            "Start time": Column("Start time", width=165),
            "Service": Column("Service", width=120),
            "Duration": Column("Duration", width=90, thresholds=slo.latency_ms()),
        },
        empty="no order took that long: good",
    )


def _lines() -> PanelBuilder:
    return parts.lines(
        "What is said about orders",
        shows="Lines of all services that name an order, newest first: open one for its `order_id` and its trace.",
        bad_day="Errors; or a service that says nothing about orders any more.",
        only='order_id != ""',
        empty="nobody speaks of an order",
    )
