"""The matching engine and what it makes of the market: books, time to match, spreads, prices."""

from __future__ import annotations

from grafana.source import colours, links, panels, slo, units, variables
from grafana.source.exchange import parts
from grafana.source.layout import Page, PanelBuilder, band, section, top
from grafana.source.queries import prometheus, prometheus_buckets, prometheus_now
from grafana.source.tables import Column

_SERVICE = "matching-engine"

_OPERATIONS = {"add": colours.EXCHANGE[_SERVICE], "remove": "#8E9AAF"}


def dashboard() -> Page:
    return Page(
        uid="exchange-engine",
        service=_SERVICE,
        description="Is everything traded, how long does matching take, and what do books and prices look like?",
        variables=[variables.percentile()],
        sections=[
            top(band(4, _leading(), parts.books(), parts.trades(), _matching(), _in_books(), _quiet())),
            section("Matching", band(8, _durations(), _percentiles(), _handled())),
            section("Books", band(8, _orders(), _spread(), _sides())),
            section("Market", band(9, (_market(), 14), (_prices(), 10))),
            section("Behind the numbers", band(10, _slowest(), _lines())),
        ],
    )


def _leading() -> PanelBuilder:
    return panels.stat(
        "Engine",
        shows="Whether an engine holds the lock that only one may hold: that one trades.",
        bad_day="Nobody: orders are stored, and wait.",
        unit=units.COUNT,
        queries=[prometheus("sum(exchange_engine_leading)")],
        thresholds=slo.falling(1),
        states_of={0: ("nobody trades", colours.BAD), 1: ("trades", colours.GOOD)},
        sparkline=False,
    )


def _matching() -> PanelBuilder:
    return panels.stat(
        "Matching, p95",
        shows="95 of 100 orders were matched within this time, from taking the event to the changed book.",
        bad_day="Above 50 ms: one engine does one order after the other, so it handles fewer than twenty a second.",
        unit=units.SECONDS,
        queries=[
            prometheus(
                "histogram_quantile(0.95, sum by (le) (rate(exchange_matching_duration_seconds_bucket[1m])))",
                exemplars=True,
            )
        ],
        thresholds=slo.query_latency(),
        links=[links.to_traces("Slow matching", '{ name = "process_order" && duration > 25ms }')],
    )


def _in_books() -> PanelBuilder:
    return panels.stat(
        "Orders in the books",
        shows="Orders that wait for somebody on the other side.",
        bad_day="It only ever grows: nothing is traded, and nobody cancels. 0: nobody is left.",
        unit=units.COUNT,
        queries=[prometheus("sum(exchange_book_orders)")],
        decimals=0,
    )


def _quiet() -> PanelBuilder:
    return panels.stat(
        "Last change of the market",
        shows="How long ago the last change took place that market data were told of, whichever symbol.",
        bad_day="It climbs while orders come: nobody hears of what the engine does.",
        unit=units.SECONDS,
        queries=[prometheus("clamp_min(time() - max(exchange_market_data_updated_timestamp_seconds), 0)")],
        thresholds=slo.rising(30, 120),
    )


def _durations() -> PanelBuilder:
    return panels.heatmap(
        "How long matching takes",
        shows="Each cell is how many events a second took that long. Dots lead to traces.",
        bad_day="A second band above the first: many trades at once, a lock, or work that nobody needs.",
        unit=units.SECONDS,
        queries=[prometheus_buckets("sum by (le) (rate(exchange_matching_duration_seconds_bucket[$__rate_interval]))")],
        links=[links.slow_traces_of(_SERVICE)],
    )


def _percentiles() -> PanelBuilder:
    return panels.timeseries(
        "Matching by operation, ${percentile:text}",
        shows="Adding an order matches it first, removing cancels one; each is a transaction. Dots lead to traces.",
        bad_day="Both rise: SQL, or the engine's own work. Only adding: orders with many trades.",
        unit=units.SECONDS,
        queries=[
            prometheus(
                "histogram_quantile($percentile,"
                " sum by (le, operation) (rate(exchange_matching_duration_seconds_bucket[$__rate_interval])))",
                "{{operation}}",
                exemplars=True,
            )
        ],
        colour_by=_OPERATIONS,
        links=[links.to_traces("Slow matching", '{ name = "process_order" && duration > 25ms }')],
    )


def _handled() -> PanelBuilder:
    return panels.timeseries(
        "Time spent on matching",
        shows=(
            "How much of each second the engine works on events: it takes one after the other, so 100 % is all that it "
            "can do."
        ),
        bad_day="Near 100 %: events wait for the engine, and the lag climbs.",
        unit=units.RATIO,
        queries=[
            prometheus(
                "sum by (operation) (rate(exchange_matching_duration_seconds_sum[$__rate_interval]))", "{{operation}}"
            )
        ],
        colour_by=_OPERATIONS,
        stacked=True,
        soft_max=0.1,
        links=[links.to_dashboard("exchange-events")],
    )


def _orders() -> PanelBuilder:
    return panels.timeseries(
        "Orders in the book",
        shows="Orders that wait, by symbol, both sides.",
        bad_day="A line that only rises: the symbol is not traded any more.",
        unit=units.COUNT,
        queries=[prometheus("sum by (symbol) (exchange_book_orders)", "{{symbol}}")],
        colour_by=parts.SYMBOLS,
        decimals=0,
    )


def _spread() -> PanelBuilder:
    return panels.timeseries(
        "Spread",
        shows="Best price asked less best price bid, as a share of the last price.",
        bad_day="It widens: nobody keeps a market. A line stands still while others move: its data are old.",
        unit=units.RATIO,
        queries=[
            prometheus(
                "max by (symbol) (exchange_spread_cents) / max by (symbol) (exchange_last_price_cents)", "{{symbol}}"
            )
        ],
        colour_by=parts.SYMBOLS,
        empty="nothing has been traded yet",
    )


def _sides() -> PanelBuilder:
    return panels.timeseries(
        "Shares in the books, by side",
        shows="Shares that are wanted and offered, all symbols.",
        bad_day="One side runs out: market orders of the other find nobody.",
        unit=units.COUNT,
        queries=[prometheus("sum by (side) (exchange_book_shares)", "{{side}}")],
        colour_by={"buy": "#6CA6E8", "sell": "#DA8FB0"},
        decimals=0,
    )


def _market() -> PanelBuilder:
    by = "max by (symbol)"
    return panels.table(
        "The market now",
        shows=(
            "By symbol: last price and spread in cents, orders that wait on both sides, trades of the last five "
            "minutes, and how old the newest change is that market data were told of."
        ),
        bad_day="An age of minutes while the symbol is traded: what is shown is not what is. One side empty.",
        queries=[
            prometheus_now(f"{by} (exchange_last_price_cents)", table=True),
            prometheus_now(f"{by} (exchange_spread_cents)", table=True),
            prometheus_now('sum by (symbol) (exchange_book_orders{side="buy"})', table=True),
            prometheus_now('sum by (symbol) (exchange_book_orders{side="sell"})', table=True),
            prometheus_now("sum by (symbol) (increase(exchange_fills_total[5m]))", table=True),
            prometheus_now(f"clamp_min(time() - {by} (exchange_market_data_updated_timestamp_seconds), 0)", table=True),
        ],
        columns={
            "symbol": Column("Symbol", width=90),
            "Value #A": Column("Last price", unit=units.CENTS, decimals=0),
            "Value #B": Column("Spread", unit=units.CENTS, decimals=0),
            "Value #C": Column("Buy orders", decimals=0),
            "Value #D": Column("Sell orders", decimals=0),
            "Value #E": Column("Trades", decimals=0),
            "Value #F": Column("Age", unit=units.SECONDS, thresholds=slo.rising(120, 600)),
        },
        sort_by="Symbol",
        descending=False,
    )


def _prices() -> PanelBuilder:
    return panels.timeseries(
        "Last prices",
        shows="Price of the last trade, by symbol.",
        bad_day="A line stands still while its symbol is traded; or leaps: orders without a limit met an empty book.",
        unit=units.DOLLARS,
        queries=[prometheus("max by (symbol) (exchange_last_price_cents) / 100", "{{symbol}}")],
        colour_by=parts.SYMBOLS,
        empty="nothing has been traded yet",
    )


def _slowest() -> PanelBuilder:
    return parts.slowest_spans(
        "Slowest matching", 'name = "process_order"', longer_than="10ms", what="Matching of orders"
    )


def _lines() -> PanelBuilder:
    return parts.lines(
        "Lines of matching-engine",
        shows="What the engine says of orders, trades and books, newest first.",
        bad_day="`is not traded`: the rows of a symbol do not agree. Many `was cancelled`: cancellations race trades.",
        services=f'service="{_SERVICE}"',
        empty="it says nothing",
    )
