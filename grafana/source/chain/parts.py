"""Panels that the dashboards of the three tiers share, each with the service and its words filled in."""

from __future__ import annotations

from grafana_foundation_sdk.builders import heatmap, logs, stat, table, timeseries

from grafana.source import colours, links, panels, slo, units
from grafana.source.layout import Section, band, section
from grafana.source.queries import loki, prometheus, prometheus_buckets, traces
from grafana.source.span_metrics import LATENCY, SERVER, WINDOW
from grafana.source.tables import Column

#: The services' log lines are JSON; this is how a panel shows one. The fields stay, one click away.
READABLE = '| json | line_format "{{.message}}"'

_ONE_AND_FIVE_MINUTES = {"1 minute": "#4A6A8A", "5 minutes": "#6CA6E8"}


def rate_stat(service: str, title: str, unit: str) -> stat.Panel:
    return panels.stat(
        title,
        shows=f"What the {service} service answers each second, averaged over a minute. Nobody there is 0.",
        bad_day="It falls while visitors still come, or leaps far above what is usual.",
        unit=unit,
        # Summed, so that it is one series with the 0 from before the lab began.
        queries=[prometheus(f'sum(service:requests:rate1m{{service="{service}"}}) or vector(0)')],
        decimals=1,
    )


def errors_stat(service: str, title: str, what: str) -> stat.Panel:
    return panels.stat(
        title,
        shows=f"Share of {what} that failed in the last minute; a 404 is no failure. Without any, the last known.",
        bad_day="Above 1 %: the error budget is used up faster than it may be.",
        unit=units.RATIO,
        queries=[prometheus(f'service:errors:ratio1m{{service="{service}"}}')],
        thresholds=slo.error_ratio(),
        decimals=2,
    )


def p95_stat(service: str, title: str, what: str) -> stat.Panel:
    return panels.stat(
        title,
        shows=f"95 of 100 {what} took less than this in the last minute. Without any, the last known.",
        bad_day="Above 500 ms, the objective of the chain; a tier below the entry has to be well under it.",
        unit=units.SECONDS,
        queries=[prometheus(f'service:request_duration_seconds:p95_1m{{service="{service}"}}')],
        thresholds=slo.latency(),
    )


def rate_by_route(service: str, title: str, what: str, unit: str) -> timeseries.Panel:
    return panels.timeseries(
        title,
        shows=f"{what} per second, by route. `$route` at the top chooses.",
        bad_day="One route falls to 0 while the others go on, or one grows without the others.",
        unit=unit,
        queries=[prometheus(f'service_route:requests:rate1m{{service="{service}", route=~"$route"}}', "{{route}}")],
        colour_by=colours.SUBJECTS,
        links=[links.logs_of(service)],
    )


def errors_by_route(service: str, title: str, what: str) -> timeseries.Panel:
    return panels.timeseries(
        title,
        shows=f"Share of {what} that failed, by route. The dashed lines are half and all of what the objective allows.",
        bad_day="One route alone: look for what only it does. All at once: look at the tier below.",
        unit=units.RATIO,
        queries=[prometheus(f'service_route:errors:ratio1m{{service="{service}", route=~"$route"}}', "{{route}}")],
        colour_by=colours.SUBJECTS,
        thresholds=slo.error_ratio(),
        soft_max=slo.ERROR_RATIO * 2,
        links=[links.logs_of(service, "warning|error|critical"), links.failed_traces_of(service)],
    )


def duration_by_route(service: str, title: str, buckets_by_route: str) -> timeseries.Panel:
    """`buckets_by_route` is PromQL for rates of buckets by `le` and `route`."""
    return panels.timeseries(
        title,
        shows=(
            "How long requests take, by route, at the percentile chosen in `$percentile`. Dots are single requests: "
            "a click on one opens its trace."
        ),
        bad_day="A line climbs and stays up. Dots far above it are the traces to read first.",
        unit=units.SECONDS,
        queries=[
            prometheus(
                f"histogram_quantile($percentile, {buckets_by_route})", "${percentile:text} {{route}}", exemplars=True
            )
        ],
        colour_by=colours.SUBJECTS,
        links=[links.slow_traces_of(service), links.logs_of(service)],
    )


def endpoint_buckets(service: str) -> str:
    """Rates of the buckets of a service that counts requests by `endpoint`, by `le` and `route`."""
    metric = f'{service}_request_duration_seconds_bucket{{endpoint=~"$route"}}'
    return f'sum by (le, route) (label_replace(rate({metric}[$__rate_interval]), "route", "$1", "endpoint", "(.*)"))'


def hit_ratio(title: str, shows: str, bad_day: str, matchers: str = "", links: panels.Links = ()) -> timeseries.Panel:
    """How much the cache saves; the border stands where the alert does, which follows the five minutes."""
    return panels.timeseries(
        title,
        shows=shows,
        bad_day=bad_day,
        unit=units.RATIO,
        queries=[
            prometheus(f"service:cache_hits:ratio1m{matchers}", "1 minute"),
            prometheus(f"service:cache_hits:ratio5m{matchers}", "5 minutes"),
        ],
        colour_by=_ONE_AND_FIVE_MINUTES,
        thresholds=slo.border(slo.CACHE_HITS),
        maximum=1,
        links=links,
    )


def by_status(service: str) -> timeseries.Panel:
    return panels.timeseries(
        "Requests by status",
        shows="Requests per second by method and status: blue went well, amber is the caller's mistake, red is ours.",
        bad_day="Red appears. Amber grows while the total does not.",
        unit=units.REQUESTS_PER_SECOND,
        queries=[
            prometheus(
                f"sum by (method, status) (rate({service}_requests_total[$__rate_interval]))", "{{method}} {{status}}"
            )
        ],
        colour_by=colours.STATUSES,
        stacked=True,
        links=[links.logs_of(service, "warning|error|critical")],
    )


def durations(service: str, title: str, bucket: str, what: str) -> heatmap.Panel:
    return panels.heatmap(
        title,
        shows=f"Where the durations of {what} lie: the brighter a cell, the more of them. Dots lead to traces.",
        bad_day="A second band far above the first: something waits. The whole cloud drifts up: everything is slower.",
        unit=units.SECONDS,
        queries=[prometheus_buckets(f"sum by (le) (rate({bucket}[$__rate_interval]))")],
        links=[links.slow_traces_of(service)],
    )


def percentiles(service: str, title: str, what: str) -> timeseries.Panel:
    names = ("p50", "p95", "p99")
    return panels.timeseries(
        title,
        shows=f"Half, 95 % and 99 % of {what} were faster than this, over all routes.",
        bad_day="p99 leaves p50 behind: a few wait for something. All three rise: everything is slower.",
        unit=units.SECONDS,
        queries=[
            prometheus(f'service:request_duration_seconds:{name}_1m{{service="{service}"}}', name) for name in names
        ],
        colour_by=colours.PERCENTILES,
    )


def processor_time(service: str, title: str) -> timeseries.Panel:
    return panels.timeseries(
        title,
        shows=(
            "Share of a processor core that the service uses, all its workers added up. Python runs one thread at a "
            "time, so one worker is full at 100 %."
        ),
        bad_day="Near 100 % while durations rise: the service itself is the bottleneck. Low while they rise: it waits.",
        unit=units.RATIO,
        queries=[
            prometheus(f'rate(process_cpu_seconds_total{{service="{service}"}}[$__rate_interval])', "{{service}}")
        ],
        colour_by=colours.CHAIN,
        thresholds=slo.rising(0.7, 0.9),
        soft_max=0.2,
        empty=panels.NO_PROCESS_METRICS,
    )


def share_of_span_time(service: str, spans: str) -> str:
    """PromQL: of the time of a service's requests, the share that passed in spans with the labels `spans`.

    Both sides come from spans, so that they arrive together; a quotient with the service's own metrics would leap."""
    part = f'{LATENCY}_sum{{service="{service}", {spans}}}'
    whole = f'{LATENCY}_sum{{service="{service}", {SERVER}}}'
    # A span that ends now may belong to a request that ends in the next minute.
    return f"clamp_max(sum(rate({part}{WINDOW})) / sum(rate({whole}{WINDOW})), 1)"


def by_route(service: str, what: str, unit: str, buckets: str) -> Section:
    """Rate, errors and duration side by side; `what` is what the service counts, `buckets` as for duration_by_route."""
    route = "route" if what == "requests" else "operation and table"
    title = what.capitalize()
    return section(
        f"By {route}",
        band(
            8,
            rate_by_route(service, f"{title} by {route}", title, unit),
            errors_by_route(service, f"Failed {what} by {route}", what),
            duration_by_route(service, f"Duration by {route}", buckets),
        ),
    )


def behind_the_numbers(service: str, *, longer_than: str) -> Section:
    """The requests and the lines that the numbers are made of."""
    spans = f'resource.service.name = "{service}" && kind = server'
    slowest = slowest_traces(service, spans, longer_than=longer_than, what=f"a request to the {service}")
    return section("Behind the numbers", band(10, slowest, service_logs(service)))


def service_logs(service: str) -> logs.Panel:
    return panels.logs(
        f"Log lines of {service}",
        shows="What the service says, newest first. Open a line for its fields; `trace_id` leads to the trace.",
        bad_day="Warnings and errors in a row, or the same line again and again.",
        query=loki(f'{{service="{service}"}} {READABLE}'),
    )


def slowest_traces(service: str, spans: str, *, longer_than: str, what: str) -> table.Panel:
    """`spans` is a TraceQL condition that selects the spans whose traces are wanted."""
    return panels.trace_table(
        f"Slowest traces through {service}",
        shows=f"Traces with {what} longer than {longer_than}, the slowest first. The trace id opens the waterfall.",
        bad_day="Many rows of the same name, and one span that is most of each waterfall.",
        query=traces(f"{{ {spans} && span:duration > {longer_than} }}", limit=100),
        columns={
            "Trace ID": Column("Trace ID", width=120),
            "Start time": Column("Start time", width=165),
            "Service": Column("Service", width=90),
            "Duration": Column("Duration", width=90, thresholds=slo.latency_ms()),
        },
    )
