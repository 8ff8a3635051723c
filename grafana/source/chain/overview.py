"""The whole chain on one page: is it well, where does a request go, which tier is it, what does it say."""

from __future__ import annotations

from collections.abc import Iterable

from grafana.source import colours, links, objectives, overview_parts, panels, slo, units, variables
from grafana.source.chain import database, parts
from grafana.source.layout import Page, PanelBuilder, band, section, top
from grafana.source.queries import Query, loki, prometheus, prometheus_now, service_map
from grafana.source.span_metrics import GRAPH, WINDOW, failed_requests
from grafana.source.tables import Column

_TIERS = 'service=~"frontend|backend|database"'

#: p95 of each tier from its own buckets, so that the exemplars are those of the tier's requests.
_BUCKETS = {
    "frontend": "frontend_request_duration_seconds_bucket",
    "backend": "backend_request_duration_seconds_bucket",
    "database": "database_query_duration_seconds_bucket",
}


def dashboard() -> Page:
    return Page(
        uid="chain-overview",
        description=(
            "The chain from the visitor to the database. Begin at the top: green all over means well. Then down: which "
            "tier, which signal, which line. A click on a tier's line leads to its own dashboard."
        ),
        variables=[variables.percentile()],
        sections=[
            top(
                band(
                    4,
                    (objectives.budget_left("chain"), 7),
                    (_requests(), 4),
                    (_failed(), 4),
                    (_p95(), 4),
                    (overview_parts.firing(), 5),
                )
            ),
            section(
                "The path of a request",
                band(7, _map()),
                band(7, (_calls(), 14), (overview_parts.alerts("visitors"), 10)),
            ),
            section("Golden signals by tier", band(8, _rate(), _errors(), _duration(), _saturation())),
            section("Cache and database", band(7, _hit_ratio(), _lookups(), _query_time(), database.connections())),
            section("What the tiers say", band(9, _lines())),
        ],
    )


def _requests() -> PanelBuilder:
    return parts.rate_stat("frontend", "Requests", units.REQUESTS_PER_SECOND).data_links(
        [links.to_dashboard("chain-frontend")]
    )


def _failed() -> PanelBuilder:
    return parts.errors_stat("frontend", "Failed requests", "requests").data_links(
        [links.failed_traces_of("frontend"), links.to_dashboard("chain-slo")]
    )


def _p95() -> PanelBuilder:
    return parts.p95_stat("frontend", "p95 duration", "requests").data_links(
        [links.slow_traces_of("frontend"), links.to_dashboard("chain-frontend")]
    )


def _map() -> PanelBuilder:
    return panels.node_graph(
        "Who calls whom",
        shows=(
            "The path of a request as the spans tell it: each node with the mean time of a request there and requests "
            "per second, its ring green for answered, red for failed or refused (a few 404 are usual)."
        ),
        bad_day=(
            "Red in a ring: the innermost red one is the cause. A node is gone: who does not answer sends no spans and "
            "falls out of the picture."
        ),
        query=service_map(),
    )


def _calls() -> PanelBuilder:
    server = f"sum by (client, server) (rate({GRAPH}_server_seconds"
    return panels.table(
        "Calls between the tiers",
        shows=(
            "Every hop of the path in the last minute, from spans; `user` is whoever comes from outside, without any. "
            "Failed is what the callee itself failed; the map beside it counts calls answered 404 as well."
        ),
        bad_day=(
            "A hop fails while the next one does not. A caller waits much longer than its callee works: a queue. A hop "
            "is gone: who does not answer sends no spans."
        ),
        queries=[
            prometheus_now("client_server:requests:rate1m > 0", table=True),
            prometheus_now(
                "(client_server:requests:rate1m > 0) * 0 + on (server) group_left ()"
                f' label_replace({failed_requests()}, "server", "$1", "service", "(.*)")',
                table=True,
            ),
            prometheus_now('client_server:request_duration_seconds:mean1m{client!="user"}', table=True),
            prometheus_now(f"{server}_sum{WINDOW})) / ({server}_count{WINDOW})) > 0)", table=True),
            prometheus_now('client_server:request_duration_seconds:p95_1m{client!="user"}', table=True),
        ],
        columns={
            "client": Column("From"),
            "server": Column("To", links=[links.to_dashboard_of_cell("Dashboard of ${__value.raw}")]),
            "Value #A": overview_parts.RATE,
            "Value #B": Column("Failed", unit=units.RATIO, decimals=1, thresholds=slo.error_ratio()),
            "Value #C": overview_parts.waiting("Caller waits"),
            "Value #D": overview_parts.waiting("Callee works"),
            "Value #E": overview_parts.waiting("p95 wait"),
        },
        # From the visitor inwards: user, frontend, backend.
        sort_by="From",
    )


def _by_tier(metric: str, tiers: Iterable[str] = colours.CHAIN) -> list[Query]:
    """A query a tier, so that legends follow the path of a request instead of the alphabet."""
    return [prometheus(f'{metric}{{service="{tier}"}}', "{{service}}") for tier in tiers]


def _rate() -> PanelBuilder:
    return panels.timeseries(
        "Rate",
        shows="Requests per second to each tier (queries, for the database). The steps down are the cache's work.",
        bad_day="A lower tier rises towards the one above: the cache stopped helping. All fall: nobody gets through.",
        unit=units.REQUESTS_PER_SECOND,
        queries=_by_tier("service:requests:rate1m"),
        colour_by=colours.CHAIN,
        links=[links.to_tier()],
    )


def _errors() -> PanelBuilder:
    return panels.timeseries(
        "Errors",
        shows=(
            "Share of requests that each tier failed. The database's is from spans, because a request that gets no "
            "connection becomes no query. Dashed: half and all of what the objective allows."
        ),
        bad_day="Above 1 %. When several tiers rise together, the lowest one is the cause.",
        unit=units.RATIO,
        queries=[
            *_by_tier("service:errors:ratio1m", ("frontend", "backend")),
            prometheus(failed_requests("database"), "{{service}}"),
        ],
        colour_by=colours.CHAIN,
        thresholds=slo.error_ratio(),
        soft_max=slo.ERROR_RATIO * 2,
        links=[
            links.to_tier(),
            links.logs_of(links.OF_CLICKED_SERIES, "warning|error|critical"),
        ],
    )


def _duration() -> PanelBuilder:
    return panels.timeseries(
        "Duration",
        shows="How long each tier takes, at the percentile chosen above. Dots are requests: a click opens the trace.",
        bad_day="The frontend rises. The lowest tier that rises with it is where the time goes.",
        unit=units.SECONDS,
        queries=[
            prometheus(
                f"histogram_quantile($percentile, sum by (le, service) (rate({bucket}[$__rate_interval])))",
                "{{service}}",
                exemplars=True,
            )
            for bucket in _BUCKETS.values()
        ],
        colour_by=colours.CHAIN,
        links=[
            links.to_tier(percentile="${percentile}"),
            links.slow_traces_of(links.OF_CLICKED_SERIES),
        ],
    )


def _saturation() -> PanelBuilder:
    return panels.timeseries(
        "Saturation",
        shows=(
            "How full each tier is: the share of a processor core its worker uses, and the share of the database's "
            "connections in use. 1 is full."
        ),
        bad_day="A line near 1. What is full makes everything before it wait.",
        unit=units.RATIO,
        queries=[
            *(
                prometheus(
                    f'rate(process_cpu_seconds_total{{service="{tier}"}}[$__rate_interval])', f"{tier} processor"
                )
                for tier in colours.CHAIN
            ),
            prometheus("service:connections_in_use:ratio1m", "{{service}} connections"),
        ],
        colour_by={**colours.CHAIN, "database connections": "#B3AAF2"},
        thresholds=slo.pool_use(),
        soft_max=0.2,
        empty=panels.NO_PROCESS_METRICS,
        links=[links.to_tier()],
    )


def _hit_ratio() -> PanelBuilder:
    return parts.hit_ratio(
        "Cache hit ratio",
        shows="Share of the backend's lookups that its cache answers, over one and over five minutes.",
        bad_day="It sinks: the database gets the difference. After a start it climbs for some minutes.",
        links=[links.to_dashboard("chain-backend")],
    )


def _lookups() -> PanelBuilder:
    return panels.timeseries(
        "What reaches the database",
        shows="Questions per second to the backend's cache, those that missed, and the queries that came of them.",
        bad_day="The three lines come together: everything becomes a query.",
        unit=units.OPERATIONS_PER_SECOND,
        queries=[
            prometheus("sum(service:cache_lookups:rate1m)", "lookups"),
            prometheus('sum(rate(backend_cache_operations_total{operation="miss"}[1m]))', "misses"),
            prometheus('service:requests:rate1m{service="database"}', "queries"),
        ],
        colour_by={"lookups": colours.CHAIN["backend"], "misses": "#C8AD7F", "queries": colours.CHAIN["database"]},
        links=[links.to_dashboard("chain-backend")],
    )


def _query_time() -> PanelBuilder:
    return panels.timeseries(
        "Mean query time",
        shows="Mean time of a query by operation and table. The dashed line at 50 ms is where the alert stands.",
        bad_day="One line leaves the others.",
        unit=units.SECONDS,
        queries=[prometheus("service_table:query_duration_seconds:mean1m", "{{operation}} {{table}}")],
        colour_by=colours.SUBJECTS,
        thresholds=slo.query_latency(),
        links=[links.to_dashboard("chain-database-internals")],
    )


def _lines() -> PanelBuilder:
    return panels.logs(
        "Warnings and errors",
        shows="The newest lines above `info` of all tiers. A 404 is a warning: somebody asked for what is not there.",
        bad_day="Errors in a row, first of the lowest tier, then of those above it.",
        query=loki(
            f'{{{_TIERS}, level=~"warning|error|critical"}} | json | line_format "{{{{.service}}}}: {{{{.message}}}}"'
        ),
    )
