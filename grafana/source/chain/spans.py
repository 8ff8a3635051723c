"""Single traces and spans: the ones worth opening, and how long spans of a name last."""

from __future__ import annotations

from grafana.source import colours, panels, slo, units
from grafana.source.layout import Section, band, section
from grafana.source.queries import prometheus, prometheus_buckets, prometheus_now, trace_metrics, traces
from grafana.source.span_metrics import CALLS, LATENCY, SERVER, WINDOW
from grafana.source.tables import Column

#: As TraceQL names them.
_QUANTILES = {"p50": "0.5", "p95": "0.95", "p99": "0.99"}


def to_open() -> Section:
    duration = {"Duration": Column("Duration", thresholds=slo.latency_ms(), width=110)}
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


def by_name() -> Section:
    buckets = f'{LATENCY}_bucket{{service=~"$service", {SERVER}}}{WINDOW}'
    every = f'{LATENCY}_bucket{{service=~"$service"}}{WINDOW}'
    by = "sum by (service, span_name)"
    of_service = '{service=~"$service"}'
    calls = f"{by} (rate({CALLS}{of_service}{WINDOW}))"
    failed = f'{by} (rate({CALLS}{{service=~"$service", status_code="STATUS_CODE_ERROR"}}{WINDOW}))'
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
                colour_by=colours.CHAIN,
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
                        f"{by} (rate({LATENCY}_sum{of_service}{WINDOW}))"
                        f" / {by} (rate({LATENCY}_count{of_service}{WINDOW}))",
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
