"""Tier 2, rules and a cache: every metric of the backend service, its log lines and its slowest traces."""

from __future__ import annotations

from grafana.source import colours, links, panels, slo, units, variables
from grafana.source.chain import parts
from grafana.source.layout import Page, PanelBuilder, band, section, top
from grafana.source.queries import prometheus
from grafana.source.span_metrics import CLIENT, LATENCY

_SERVICE = "backend"

#: What the cache decides is coloured by what it means for the database: nothing, or a query.
_CACHE = {"hit": "#6CA6E8", "miss": "#C8AD7F"}


def dashboard() -> Page:
    return Page(
        uid="chain-backend",
        service=_SERVICE,
        description=(
            "Tier 2 of the chain: business rules, and a cache in front of the database. Rate, errors and duration by "
            "route, what the cache saves, how the database answers, how long the rules take."
        ),
        variables=[variables.route(_SERVICE), variables.percentile()],
        sections=[
            top(
                band(
                    4,
                    parts.rate_stat(_SERVICE, "Requests", units.REQUESTS_PER_SECOND),
                    parts.errors_stat(_SERVICE, "Failed requests", "requests"),
                    parts.p95_stat(_SERVICE, "p95 duration", "requests"),
                    _hit_ratio(),
                    _calls(),
                    _waiting(),
                )
            ),
            parts.by_route(_SERVICE, "requests", units.REQUESTS_PER_SECOND, parts.endpoint_buckets(_SERVICE)),
            section(
                "Cache and database",
                band(8, _lookups(), _hit_ratio_over_time(), _outcomes()),
                band(8, parts.by_status(_SERVICE), _call_duration(), _processing()),
            ),
            section(
                "The service itself",
                band(
                    8,
                    parts.durations(
                        _SERVICE, "Durations of requests", "backend_request_duration_seconds_bucket", "requests"
                    ),
                    parts.percentiles(_SERVICE, "Percentiles of durations", "requests"),
                    parts.processor_time(_SERVICE, "Processor"),
                ),
            ),
            parts.behind_the_numbers(_SERVICE, longer_than="20ms"),
        ],
    )


def _hit_ratio() -> PanelBuilder:
    return panels.stat(
        "Cache hit ratio",
        shows="Share of lookups in the last minute that the cache could answer, so that the database was not asked.",
        bad_day="It falls: the database gets the difference, and requests wait for it. Right after a start it is low.",
        unit=units.RATIO,
        queries=[prometheus('service:cache_hits:ratio1m{service="backend"}')],
        thresholds=slo.cache_hits(),
        decimals=0,
    )


def _calls() -> PanelBuilder:
    return panels.stat(
        "Calls to the database",
        shows="Questions that the backend asks the database each second.",
        bad_day="It nears the rate of requests: the cache does not help any more.",
        unit=units.OPERATIONS_PER_SECOND,
        queries=[prometheus("sum(rate(backend_database_calls_total[$__rate_interval]))")],
        decimals=1,
    )


def _waiting() -> PanelBuilder:
    return panels.stat(
        "Waiting for the database",
        shows="Of the time that requests take here, the share that passes in calls to the database, by way of spans.",
        bad_day="Near 100 % while durations rise: look at the database. Falling while they rise: the backend is slow.",
        unit=units.RATIO,
        queries=[prometheus(parts.share_of_span_time(_SERVICE, CLIENT))],
        decimals=0,
    )


def _lookups() -> PanelBuilder:
    return panels.timeseries(
        "Cache lookups",
        shows="Lookups per second that were hits and misses. A miss is a question to the database.",
        bad_day="Misses take over: the cache was emptied, entries live too short, or visitors look at other things.",
        unit=units.OPERATIONS_PER_SECOND,
        queries=[
            prometheus("sum by (operation) (rate(backend_cache_operations_total[$__rate_interval]))", "{{operation}}")
        ],
        colour_by=_CACHE,
        stacked=True,
        links=[links.to_logs("Lookups that missed", '{service="backend"} |= "Cache miss" | json')],
    )


def _hit_ratio_over_time() -> PanelBuilder:
    return parts.hit_ratio(
        "Cache hit ratio over time",
        shows="Share of lookups that were hits: over one minute, and over five, which the alert follows.",
        bad_day="The five-minute line sinks below the threshold: every request becomes a database query.",
        matchers='{service="backend"}',
    )


def _outcomes() -> PanelBuilder:
    return panels.timeseries(
        "Calls to the database by outcome",
        shows="Calls per second by operation and outcome. `not_found` is an answer; `error`, `unavailable` are none.",
        bad_day="`error` or `unavailable` appears: go to the dashboard of the database.",
        unit=units.OPERATIONS_PER_SECOND,
        queries=[
            prometheus(
                "sum by (operation, status) (rate(backend_database_calls_total[$__rate_interval]))",
                "{{operation}} {{status}}",
            )
        ],
        colour_by=colours.CALLS,
        stacked=True,
        links=[links.to_dashboard("chain-database", percentile="${percentile}")],
    )


def _call_duration() -> PanelBuilder:
    return panels.timeseries(
        "Duration of calls to the database",
        shows=(
            "A call as the backend measures it, network and queueing included, from spans. Dots are single calls: a "
            "click on one opens its trace."
        ),
        bad_day="The mean crosses 100 ms, where the alert stands. If the database's own durations do not: a queue.",
        unit=units.SECONDS,
        queries=[
            prometheus(
                f"histogram_quantile($percentile, sum by (le) (rate({LATENCY}_bucket"
                f'{{service="backend", {CLIENT}}}[$__rate_interval])))',
                "${percentile:text}",
                exemplars=True,
            ),
            prometheus('client_server:request_duration_seconds:mean1m{client="backend", server="database"}', "mean"),
        ],
        colour_by={"mean": "#9FB1C4", **colours.PERCENTILES},
        thresholds=slo.call_latency(),
        links=[links.to_dashboard("chain-database", percentile="${percentile}")],
    )


def _processing() -> PanelBuilder:
    return panels.timeseries(
        "Business rules",
        shows="How long each piece of business logic computes, without cache and database, at `$percentile`.",
        bad_day="Milliseconds instead of microseconds: the rules themselves became slow.",
        unit=units.SECONDS,
        queries=[
            prometheus(
                "histogram_quantile($percentile, sum by (le, operation)"
                " (rate(backend_processing_time_seconds_bucket[$__rate_interval])))",
                "${percentile:text} {{operation}}",
                exemplars=True,
            )
        ],
        colour_by=colours.RULES,
        links=[links.slow_traces_of(_SERVICE)],
    )
