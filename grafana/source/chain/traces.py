"""Traces: who calls whom, and where a request's time goes. The tables of traces and the spans by name are in `spans`.

Two sources: metrics that Tempo makes from every span (`span_metrics`), and Tempo itself, asked in TraceQL.
"""

from __future__ import annotations

from grafana.source import colours, links, panels, slo, units, variables
from grafana.source.chain import spans
from grafana.source.layout import Page, Section, band, section, top
from grafana.source.queries import prometheus, prometheus_now, service_map, trace_metrics
from grafana.source.span_metrics import CALLS, CLIENT, GRAPH, INTERNAL, LATENCY, SERVER, WINDOW
from grafana.source.tables import Column

#: Durations from which a trace is listed. A quiet lab answers within 25 ms; the objective is 500 ms.
_SLOWER_THAN = {
    text: text.replace(" ", "") for text in ("10 ms", "25 ms", "50 ms", "100 ms", "250 ms", "500 ms", "1 s")
}

_REQUESTS = f'sum(rate({CALLS}{{service="frontend", {SERVER}}}{WINDOW}))'
_IN_SERVER = f"sum by (service) (rate({LATENCY}_sum{{{SERVER}}}{WINDOW}))"
_IN_CLIENT = f"sum by (service) (rate({LATENCY}_sum{{{CLIENT}}}{WINDOW}))"


def dashboard() -> Page:
    return Page(
        uid="chain-traces",
        description="Who calls whom, where the time of a request goes, and the traces worth opening.",
        variables=[
            variables.service(),
            variables.percentile(),
            variables.choice("slower_than", "Slower than", "The tables list what took longer.", _SLOWER_THAN),
        ],
        sections=[_at_a_glance(), _service_map(), _where_time_goes(), spans.to_open(), spans.by_name()],
    )


def _at_a_glance() -> Section:
    failed = f'sum(rate({CALLS}{{service="frontend", {SERVER}, status_code="STATUS_CODE_ERROR"}}{WINDOW}))'
    quantile = (
        f'histogram_quantile($percentile, sum by (le) (rate({LATENCY}_bucket{{service="frontend", {SERVER}}}{WINDOW})))'
    )
    slow_calls = (
        f'1 - sum(rate({GRAPH}_client_seconds_bucket{{client!="user", le="0.1"}}{WINDOW}))'
        f' / sum(rate({GRAPH}_client_seconds_count{{client!="user"}}{WINDOW}))'
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
                        f'clamp_max(sum(rate({CALLS}{{service="database", {SERVER}}}{WINDOW})) / {_REQUESTS}, 1)'
                    )
                ],
            ),
            panels.stat(
                "Spans per trace",
                shows="Three when the backend's cache has the answer, ten and more when the database is asked.",
                bad_day="Twice as many as usual: calls are repeated, or nothing is found in the cache any more.",
                unit=units.COUNT,
                decimals=1,
                queries=[prometheus(f"sum(rate({CALLS}{WINDOW})) / {_REQUESTS}")],
            ),
        )
    )


def _service_map() -> Section:
    calls = ("client", "server")
    by = f"sum by ({', '.join(calls)})"
    worked = f"{by} (rate({GRAPH}_server_seconds_sum{WINDOW})) / {by} (rate({GRAPH}_server_seconds_count{WINDOW}))"
    way = (
        f'({by} (rate({GRAPH}_client_seconds_sum{{client!="user"}}{WINDOW}))'
        f' - {by} (rate({GRAPH}_server_seconds_sum{{client!="user"}}{WINDOW})))'
        f' / {by} (rate({GRAPH}_client_seconds_count{{client!="user"}}{WINDOW}))'
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
    pairs = 'sum by (client, server) (rate({}{{client!="user"}}' + WINDOW + "))"
    way = (
        f"({pairs.format(f'{GRAPH}_client_seconds_sum')} - {pairs.format(f'{GRAPH}_server_seconds_sum')})"
        f" / on () group_left () {_REQUESTS}"
    )
    steps = f"sum by (service, span_name) (rate({LATENCY}_sum{{{INTERNAL}}}{WINDOW}))"
    own = {f"^{name} itself$": colour for name, colour in colours.CHAIN.items()}
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
