"""The whole exchange on one page: is it well, who is slow or fails, do orders become trades, does it all add up."""

from __future__ import annotations

from grafana.source import colours, links, objectives, overview_parts, panels, slo, units, variables
from grafana.source.exchange import parts
from grafana.source.layout import Page, PanelBuilder, band, section, top
from grafana.source.queries import prometheus, prometheus_now, service_map
from grafana.source.tables import Column


def dashboard() -> Page:
    return Page(
        uid="exchange-overview",
        description=(
            "The stock exchange from the gateway to the last event. Begin at the top: green all over means well. Then "
            "down: which service, which call, what it says."
        ),
        variables=[variables.percentile()],
        sections=[
            top(
                band(
                    4,
                    parts.placed(),
                    parts.refused(),
                    _failed(),
                    _p95(),
                    parts.worst_lag("Events, p95"),
                    overview_parts.firing(),
                ),
                band(
                    4,
                    (objectives.budget_left("exchange"), 8),
                    (parts.ledger(), 4),
                    (parts.books(), 4),
                    (parts.waiting(), 4),
                    (_away(), 4),
                ),
            ),
            section(
                "Who calls whom", band(14, _map()), band(9, (_calls(), 14), (overview_parts.alerts("traders"), 10))
            ),
            section("Golden signals by service", band(9, _rate(), _errors(), _duration(), _processor())),
            section(
                "From orders to money",
                band(
                    8,
                    parts.outcomes("What becomes of orders", "1m", links.to_dashboard("exchange-orders")),
                    parts.statements(),
                    parts.lag(),
                ),
            ),
            section("What the services say", band(9, (_up(), 8), (_lines(), 16))),
        ],
    )


def _failed() -> PanelBuilder:
    return panels.stat(
        "Failed requests",
        shows="Share of requests that the gateway failed in the last minute. What it refused (4xx) is no failure.",
        bad_day="Above 1 %. Which service it was says the row of golden signals below.",
        unit=units.RATIO,
        queries=[prometheus(f'service:http_errors:ratio1m{{service="{parts.GATEWAY}"}}')],
        thresholds=slo.error_ratio(),
        decimals=2,
        links=[
            links.failed_traces_of(parts.GATEWAY),
            links.logs_of(parts.GATEWAY, "warning|error|critical"),
            links.to_dashboard("exchange-slo"),
        ],
    )


def _p95() -> PanelBuilder:
    return panels.stat(
        "p95 duration",
        shows="95 of 100 requests were answered by the gateway in less than this, in the last minute.",
        bad_day="Above 500 ms. The service that is slow below is where to look.",
        unit=units.SECONDS,
        queries=[prometheus(f'service:http_request_duration_seconds:p95_1m{{service="{parts.GATEWAY}"}}')],
        thresholds=slo.latency(),
        links=[links.slow_traces_of(parts.GATEWAY)],
    )


def _away() -> PanelBuilder:
    return panels.stat(
        "Services away",
        shows="Services of the exchange that do not answer when they are asked for their metrics.",
        bad_day="Not 0: the supervisor starts what died again; what stays away does not come up.",
        unit=units.COUNT,
        queries=[prometheus(f"sum(up{{{parts.JOB}}} == bool 0)")],
        thresholds=slo.rising(None, 1),
        decimals=0,
        links=[links.to_dashboard("telemetry-health")],
    )


def _map() -> PanelBuilder:
    return panels.node_graph(
        "Service map",
        shows=(
            "Who asks whom over HTTP, who tells whom by events, and what PostgreSQL and Redis are asked, from spans: "
            "each node with the mean time of a request there and requests per second, its ring green for answered, "
            "red for failed or refused."
        ),
        bad_day="Red in a ring: the innermost red one is the cause. A node is gone: it does not answer.",
        query=service_map(),
    )


def _calls() -> PanelBuilder:
    pair = "client_server"
    of_services = '{client!="user"}'
    return panels.table(
        "Calls between services",
        shows=(
            "Every pair of services in the last minute, from spans: how often, how many failed, and how long the "
            "caller waits."
        ),
        bad_day="Above 100 ms. When several rows are, the callee that is no caller in another slow row is the cause.",
        queries=[
            prometheus_now(
                f"{pair}:requests:rate1m{of_services} and on (client, server)"
                f" {pair}:request_duration_seconds:mean1m > 0",
                table=True,
            ),
            prometheus_now(
                f"{pair}:failures:ratio1m{of_services} and on (client, server) {pair}:request_duration_seconds:mean1m",
                table=True,
            ),
            prometheus_now(f"{pair}:request_duration_seconds:mean1m{of_services}", table=True),
            prometheus_now(f"{pair}:request_duration_seconds:p95_1m{of_services}", table=True),
        ],
        columns={
            "client": Column("From"),
            "server": Column("To"),
            "Value #A": overview_parts.RATE,
            "Value #B": Column("Failed or refused", unit=units.RATIO, decimals=1),
            "Value #C": overview_parts.waiting("Caller waits"),
            "Value #D": overview_parts.waiting("p95 wait"),
        },
        sort_by="Caller waits",
    )


def _rate() -> PanelBuilder:
    return panels.timeseries(
        "Rate",
        shows="Requests per second that each service answers. What works through events alone answers nobody.",
        bad_day="One falls while the gateway does not: it is away, or nobody gets as far as to it.",
        unit=units.REQUESTS_PER_SECOND,
        queries=[prometheus("service:http_requests:rate1m", "{{service}}")],
        colour_by=colours.EXCHANGE,
        links=[parts.lines_of_series()],
    )


def _errors() -> PanelBuilder:
    return panels.timeseries(
        "Errors",
        shows="Share of requests that each service failed (5xx). Dashed: half and all of 1 %.",
        bad_day="Above 1 %. When several rise together, the one that calls none of the others is the cause.",
        unit=units.RATIO,
        queries=[prometheus("service:http_errors:ratio1m", "{{service}}")],
        colour_by=colours.EXCHANGE,
        thresholds=slo.error_ratio(),
        soft_max=slo.ERROR_RATIO * 2,
        links=[
            links.logs_of(links.OF_CLICKED_SERIES, "warning|error|critical"),
        ],
    )


def _duration() -> PanelBuilder:
    return panels.timeseries(
        "Duration",
        shows="How long each service takes, at the percentile chosen above. Dots are requests: a click opens a trace.",
        bad_day="The gateway rises. The last service behind it that rises too is where the time goes.",
        unit=units.SECONDS,
        queries=[
            prometheus(
                "histogram_quantile($percentile, sum by (le, service)"
                f" (rate(http_request_duration_seconds_bucket{{{parts.JOB}}}[$__rate_interval])))",
                "{{service}}",
                exemplars=True,
            )
        ],
        colour_by=colours.EXCHANGE,
        links=[
            links.slow_traces_of(links.OF_CLICKED_SERIES),
            parts.lines_of_series(),
        ],
    )


def _processor() -> PanelBuilder:
    return panels.timeseries(
        "Processor",
        shows="Share of a processor core that each service uses. One process of Python is full at 100 %.",
        bad_day="Near 100 %: whoever waits for that service waits for the processor.",
        unit=units.RATIO,
        queries=[
            prometheus(
                f"sum by (service) (rate(process_cpu_seconds_total{{{parts.JOB}}}[$__rate_interval]))", "{{service}}"
            )
        ],
        colour_by=colours.EXCHANGE,
        thresholds=slo.rising(0.7, 0.9),
        soft_max=0.2,
        empty=panels.NO_PROCESS_METRICS,
        links=[parts.lines_of_series()],
    )


def _up() -> PanelBuilder:
    return panels.state_timeline(
        "Who is there",
        shows="Whether each service answered when it was asked for its metrics.",
        bad_day="Red: it is gone, hangs, or is being started again. What others asked it meanwhile was refused.",
        queries=[prometheus(f"max by (service) (up{{{parts.JOB}}})", "{{service}}")],
        states_of={0: ("away", colours.BAD), 1: ("there", colours.GOOD)},
    )


def _lines() -> PanelBuilder:
    return parts.lines(
        "Warnings and errors",
        shows="The newest lines above `info` of all services. A refused order is a warning: the trader's mistake.",
        bad_day="Errors in a row; `unavailable` and `lost` name the one that did not answer.",
        services=f'{parts.STREAMS}, level=~"warning|error|critical"',
        empty="nobody complains: good",
    )
