"""Traces: who calls whom, where a request's time goes, and the slowest and the failed ones to look into.

Two sources: metrics that Tempo makes from every span (service graph, span metrics), and Tempo itself, asked in TraceQL.
"""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import ThresholdsConfig

from grafana.source import colours, links, panels, slo, units, variables
from grafana.source.layout import Page, Section, band, section, top
from grafana.source.queries import prometheus, prometheus_buckets, prometheus_now, service_map, trace_metrics, traces
from grafana.source.tables import Column

#: Durations from which a trace is listed. A quiet lab answers within 25 ms; the objective is 500 ms.
_SLOWER_THAN = {
    text: text.replace(" ", "") for text in ("10 ms", "25 ms", "50 ms", "100 ms", "250 ms", "500 ms", "1 s")
}

_SERVER = 'span_kind="SPAN_KIND_SERVER"'
_CLIENT = 'span_kind="SPAN_KIND_CLIENT"'
_CALLS = "traces_spanmetrics_calls_total"
_SECONDS = "traces_spanmetrics_latency_sum"
_GRAPH = "traces_service_graph_request"
#: Tempo writes these every 5 to 15 s, more slowly than services are scraped: a minute always holds four samples.
_WINDOW = "[1m]"

#: As TraceQL names them.
_QUANTILES = {"p50": "0.5", "p95": "0.95", "p99": "0.99"}

_REQUESTS = f'sum(rate({_CALLS}{{service="frontend", {_SERVER}}}{_WINDOW}))'
_IN_SERVER = f"sum by (service) (rate({_SECONDS}{{{_SERVER}}}{_WINDOW}))"
_IN_CLIENT = f"sum by (service) (rate({_SECONDS}{{{_CLIENT}}}{_WINDOW}))"


def dashboard() -> Page:
    return Page(
        uid="chain-traces",
        description="Who calls whom, where the time of a request goes, and the traces worth opening.",
        variables=[
            variables.service(),
            variables.percentile(),
            variables.choice("slower_than", "Slower than", "The tables list what took longer.", _SLOWER_THAN),
        ],
        sections=[_at_a_glance(), _service_map(), _where_time_goes(), _traces(), _spans()],
    )


def _at_a_glance() -> Section:
    failed = f'sum(rate({_CALLS}{{service="frontend", {_SERVER}, status_code="STATUS_CODE_ERROR"}}{_WINDOW}))'
    quantile = (
        "histogram_quantile($percentile, sum by (le)"
        f' (rate(traces_spanmetrics_latency_bucket{{service="frontend", {_SERVER}}}{_WINDOW})))'
    )
    slow_calls = (
        f'1 - sum(rate({_GRAPH}_client_seconds_bucket{{client!="user", le="0.1"}}{_WINDOW}))'
        f' / sum(rate({_GRAPH}_client_seconds_count{{client!="user"}}{_WINDOW}))'
    )
    return top(
        band(
            4,
            panels.stat(
                "Failed",
                shows="Share of traces whose first span, the frontend's, ended in an error. A 404 is the visitor's "
                "mistake and does not count.",
                bad_day="Above 1 %: the objective is missed. The failed traces are listed below.",
                unit=units.RATIO,
                decimals=2,
                queries=[prometheus(f"({failed} or vector(0)) / {_REQUESTS}")],
                thresholds=slo.error_ratio(),
            ),
            panels.stat(
                "Duration, ${percentile:text}",
                shows="How long a whole trace takes, from the frontend's spans.",
                bad_day="Above 500 ms at p95. The section below says which service the time is spent in.",
                unit=units.SECONDS,
                queries=[prometheus(quantile)],
                thresholds=slo.latency(),
            ),
            panels.stat(
                "Calls slower than 100 ms",
                shows="Share of calls from one service to the next for which the caller waited more than 100 ms.",
                bad_day="Above 5 %. The table of calls says which; a slow callee slows every caller before it.",
                unit=units.RATIO,
                decimals=2,
                queries=[prometheus(f"clamp_min({slow_calls}, 0)")],
                thresholds=slo.rising(0.05, 0.2),
            ),
            panels.stat(
                "Traces per second",
                shows="Traces that begin, counted by Tempo: spans without a parent.",
                bad_day="0 under traffic: spans do not arrive (see telemetry health).",
                unit=units.REQUESTS_PER_SECOND,
                decimals=1,
                queries=[trace_metrics("{ nestedSetParent < 0 } | rate()")],
            ),
            panels.stat(
                "Reach the database",
                shows="Share of requests for which the database is asked; the others are answered from the backend's "
                "cache, or refused.",
                bad_day="Near 100 %: the cache is cold or off, and the database does all the work.",
                unit=units.RATIO,
                decimals=0,
                queries=[
                    prometheus(
                        f'clamp_max(sum(rate({_CALLS}{{service="database", {_SERVER}}}{_WINDOW})) / {_REQUESTS}, 1)'
                    )
                ],
            ),
            panels.stat(
                "Spans per trace",
                shows="Three when the backend's cache has the answer, ten and more when the database is asked.",
                bad_day="Twice as many as usual: calls are repeated, or nothing is found in the cache any more.",
                unit=units.COUNT,
                decimals=1,
                queries=[prometheus(f"sum(rate({_CALLS}{_WINDOW})) / {_REQUESTS}")],
            ),
        )
    )


def _service_map() -> Section:
    calls = ("client", "server")
    by = f"sum by ({', '.join(calls)})"
    worked = f"{by} (rate({_GRAPH}_server_seconds_sum{_WINDOW})) / {by} (rate({_GRAPH}_server_seconds_count{_WINDOW}))"
    way = (
        f'({by} (rate({_GRAPH}_client_seconds_sum{{client!="user"}}{_WINDOW}))'
        f' - {by} (rate({_GRAPH}_server_seconds_sum{{client!="user"}}{_WINDOW})))'
        f' / {by} (rate({_GRAPH}_client_seconds_count{{client!="user"}}{_WINDOW}))'
    )
    return section(
        "Who calls whom",
        band(
            10,
            (
                panels.node_graph(
                    "Service map",
                    shows="Each circle is a service, each arrow calls in the time range; `user` is whoever calls from "
                    "outside. In a circle: mean time and requests per second; its rim is red for the share that "
                    "failed, refused requests (404) among them. Clicking leads to rates, histograms and traces.",
                    bad_day="A rim turns red; an arrow is missing because nothing gets through any more.",
                    query=service_map(),
                ),
                14,
            ),
            (
                panels.table(
                    "Calls",
                    shows="Each pair of caller and callee in the last minute: how many, how many failed for the "
                    "caller (refused ones, 404, too), how long the callee worked, and how long the request and its "
                    "answer were on the way or waited for a thread.",
                    bad_day="Callee works: it or something behind it is slow. On the way: the callee has no thread "
                    "free, or connections have to be made anew.",
                    queries=[
                        prometheus_now("client_server:requests:rate1m", table=True),
                        prometheus_now("client_server:failures:ratio1m", table=True),
                        prometheus_now(worked, table=True),
                        prometheus_now(f"clamp_min({way}, 0)", table=True),
                    ],
                    columns={
                        "client": Column("Caller", width=85),
                        "server": Column(
                            "Callee", width=85, links=[links.to_dashboard("chain-logs", service="${__value.raw}")]
                        ),
                        "Value #A": Column("Calls", unit=units.REQUESTS_PER_SECOND, decimals=1, width=100),
                        "Value #B": Column(
                            "Failed", unit=units.RATIO, decimals=1, width=75, thresholds=slo.rising(0.1, 0.3)
                        ),
                        "Value #C": Column(
                            "Callee works", unit=units.SECONDS, width=110, thresholds=slo.call_latency()
                        ),
                        "Value #D": Column("On the way", unit=units.SECONDS, width=105, thresholds=slo.call_latency()),
                    },
                    sort_by="Calls",
                ),
                10,
            ),
        ),
    )


def _where_time_goes() -> Section:
    in_itself = f"({_IN_SERVER} - ({_IN_CLIENT} or {_IN_SERVER} * 0)) / on () group_left () {_REQUESTS}"
    pairs = 'sum by (client, server) (rate({}{{client!="user"}}' + _WINDOW + "))"
    way = (
        f"({pairs.format(f'{_GRAPH}_client_seconds_sum')} - {pairs.format(f'{_GRAPH}_server_seconds_sum')})"
        f" / on () group_left () {_REQUESTS}"
    )
    steps = f'sum by (service, span_name) (rate({_SECONDS}{{span_kind="SPAN_KIND_INTERNAL"}}{_WINDOW}))'
    own = {f"^{name} itself$": colour for name, colour in colours.SERVICES.items()}
    return section(
        "Where the time goes",
        band(
            9,
            (
                panels.timeseries(
                    "A request's mean time, by where it is spent",
                    shows="Self time: what a service's spans last, less what it spends waiting for others. Between "
                    "two services (→): what the caller waited beyond the callee's own span. Stacked, it is the mean "
                    "duration of a request to the frontend.",
                    bad_day="One colour swells: look there. When the arrow before a service swells instead, requests "
                    "wait to be taken in.",
                    unit=units.SECONDS,
                    queries=[
                        prometheus(f"clamp_min({in_itself}, 0)", "{{service}} itself"),
                        prometheus(f"clamp_min({way}, 0)", "{{client}} → {{server}}"),
                    ],
                    colour_by=own | {"→ backend$": "#5C6B7A", "→ database$": "#8E9AAF"},
                    stacked=True,
                    legend="right",
                ),
                15,
            ),
            (
                panels.bar_gauge(
                    "Time in steps, of a request",
                    shows="Child spans of the last minute: their time, spread over all requests to the frontend. "
                    "join_inventory contains the planning and the execution of its query.",
                    bad_day="query_execution grows: queries got slow, or many more of them are asked.",
                    unit=units.SECONDS,
                    queries=[
                        prometheus_now(
                            f"sort_desc({steps} / on () group_left () {_REQUESTS})", "{{span_name}} ({{service}})"
                        )
                    ],
                ),
                9,
            ),
        ),
    )


def _traces() -> Section:
    duration = {"Duration": Column("Duration", thresholds=_milliseconds(), width=110)}
    return section(
        "Traces to open",
        band(
            10,
            panels.trace_table(
                "Slow traces",
                shows="The newest traces in which a chosen service worked on a request for longer than chosen above. "
                "The trace id opens the trace, the arrow before it the slow spans.",
                bad_day="Many rows with the same name at 500 ms and more: a route is slow, not one unlucky request.",
                query=traces(
                    '{ resource.service.name =~ "$service" && kind = server && duration > $slower_than }', limit=50
                ),
                columns=duration,
                empty="No request took that long: good.",
            ),
            panels.trace_table(
                "Failed traces",
                shows="The newest traces in which a chosen service failed at a request: a server span with an error.",
                bad_day="Any row. Opening it shows the first span that failed, mostly the innermost red one.",
                query=traces('{ resource.service.name =~ "$service" && kind = server && status = error }', limit=50),
                columns=duration,
                empty="No request failed: good.",
            ),
        ),
        band(
            10,
            panels.trace_table(
                "Slow queries",
                shows="The newest queries that took longer than chosen above, with their text and table. The span id "
                "opens the trace at this span; the plan stands in query_planning beside it.",
                bad_day="The same text in every row: that query wants an index, or its table has grown.",
                query=traces(
                    '{ name = "query_execution" && duration > $slower_than }'
                    " | select(span.db.collection.name, span.db.query.text)",
                    limit=50,
                    rows="spans",
                ),
                columns={"Duration": Column("Duration", width=110), "Span ID": Column("Span ID", width=160)},
                empty="No query took that long: good.",
            ),
        ),
    )


def _spans() -> Section:
    buckets = f'traces_spanmetrics_latency_bucket{{service=~"$service", {_SERVER}}}{_WINDOW}'
    every = f'traces_spanmetrics_latency_bucket{{service=~"$service"}}{_WINDOW}'
    by = "sum by (service, span_name)"
    of_service = '{service=~"$service"}'
    calls = f"{by} (rate({_CALLS}{of_service}{_WINDOW}))"
    failed = f'{by} (rate({_CALLS}{{service=~"$service", status_code="STATUS_CODE_ERROR"}}{_WINDOW}))'
    names = {"service": Column("Service", width=110), "span_name": Column("Span", width=200)}
    return section(
        "Spans",
        band(
            9,
            panels.heatmap(
                "Durations of server spans",
                shows="Each column is a moment, each cell how many requests per second took that long. Dots are "
                "exemplars: single requests, which lead to their traces.",
                bad_day="The bright band moves up, or splits in two: some requests go another, slower way.",
                unit=units.SECONDS,
                queries=[prometheus_buckets(f"sum by (le) (rate({buckets}))")],
            ),
            panels.timeseries(
                "Duration by span, ${percentile:text}",
                shows="Of each name of a span of the chosen services. Dots are exemplars, which lead to traces.",
                bad_day="One line leaves its place. Where several rise together, the innermost is the cause.",
                unit=units.SECONDS,
                queries=[
                    prometheus(
                        f"histogram_quantile($percentile, sum by (le, service, span_name) (rate({every}))) >= 0",
                        "{{span_name}} ({{service}})",
                        exemplars=True,
                    )
                ],
                colour_by=colours.SERVICES,
                legend="right",
            ),
        ),
        band(
            8,
            panels.timeseries(
                "Failing spans by name",
                shows="Spans with an error per second, counted by Tempo when it is asked (TraceQL metrics): no metric "
                "had to be made beforehand, so it can be asked by any attribute. A GET that is refused (404) is an "
                "error of its caller's span.",
                bad_day="A name other than GET: a service failed by itself.",
                unit=units.SPANS_PER_SECOND,
                queries=[trace_metrics('{ resource.service.name =~ "$service" && status = error } | rate() by (name)')],
                empty="No span has an error: good.",
            ),
            panels.timeseries(
                "Percentiles of server spans",
                shows="p50, p95 and p99 of the chosen services' server spans, from the spans themselves (TraceQL "
                "metrics): finer than what buckets allow, and as costly as reading all these spans.",
                bad_day="p99 leaves while p50 stays: few requests suffer, look for what they share. All rise: "
                "everybody waits.",
                unit=units.SECONDS,
                queries=[
                    trace_metrics(
                        '{ resource.service.name =~ "$service" && kind = server }'
                        " | quantile_over_time(duration, .5, .95, .99)",
                        exemplars=50,
                    )
                ],
                colour_by={rf"^\"?{p}\"?$": colours.PERCENTILES[name] for name, p in _QUANTILES.items()},
            ),
        ),
        band(
            11,
            panels.table(
                "Spans by name",
                shows="Every name of a span in the last minute: how many, how many ended in an error, how long. A GET "
                "is a call as its caller saw it; refused ones (404) count as errors there.",
                bad_day="A share of errors on a name that begins with a service's: that service failed.",
                queries=[
                    prometheus_now(calls, table=True),
                    prometheus_now(
                        f"({failed} or {calls} * 0) / {calls}",
                        table=True,
                    ),
                    prometheus_now(
                        f"{by} (rate({_SECONDS}{of_service}{_WINDOW}))"
                        f" / {by} (rate(traces_spanmetrics_latency_count{of_service}{_WINDOW}))",
                        table=True,
                    ),
                    prometheus_now(
                        f"histogram_quantile($percentile, sum by (le, service, span_name) (rate({every})))", table=True
                    ),
                ],
                columns=names
                | {
                    "Value #A": Column("Spans", unit=units.SPANS_PER_SECOND, decimals=1),
                    "Value #B": Column("Errors", unit=units.RATIO, decimals=1, thresholds=slo.rising(0.1, 0.3)),
                    "Value #C": Column("Mean", unit=units.SECONDS),
                    "Value #D": Column("Percentile", unit=units.SECONDS, thresholds=slo.latency()),
                },
                sort_by="Spans",
            ),
        ),
    )


def _milliseconds() -> ThresholdsConfig:
    """The objective as Tempo's tables have it: in milliseconds."""
    return slo.rising(1000 * slo.LATENCY_SECONDS / 2, 1000 * slo.LATENCY_SECONDS)
