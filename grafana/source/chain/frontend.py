"""Tier 1, what visitors meet: every metric of the frontend service, its log lines and its slowest traces."""

from __future__ import annotations

from grafana.source import colours, links, panels, units, variables
from grafana.source.chain import parts
from grafana.source.layout import Page, PanelBuilder, band, section, top
from grafana.source.queries import prometheus
from grafana.source.span_metrics import CLIENT

_SERVICE = "frontend"


def dashboard() -> Page:
    return Page(
        uid="chain-frontend",
        service=_SERVICE,
        description=(
            "Tier 1 of the chain: pages and JSON for visitors. Rate, errors and duration by route, who is here, "
            "which errors they see, and the traces and log lines behind it."
        ),
        variables=[variables.route(_SERVICE), variables.percentile()],
        sections=[
            top(
                band(
                    4,
                    parts.rate_stat(_SERVICE, "Requests", units.REQUESTS_PER_SECOND),
                    parts.errors_stat(_SERVICE, "Failed requests", "requests"),
                    parts.p95_stat(_SERVICE, "p95 duration", "requests"),
                    _users(),
                    _refused(),
                    _waiting(),
                )
            ),
            parts.by_route(_SERVICE, "requests", units.REQUESTS_PER_SECOND, parts.endpoint_buckets(_SERVICE)),
            section(
                "Answers",
                band(8, parts.by_status(_SERVICE), _errors_by_type(), _active_users()),
                band(
                    8,
                    parts.durations(
                        _SERVICE, "Durations of requests", "frontend_request_duration_seconds_bucket", "requests"
                    ),
                    parts.percentiles(_SERVICE, "Percentiles of durations", "requests"),
                    parts.processor_time(_SERVICE, "Processor"),
                ),
            ),
            parts.behind_the_numbers(_SERVICE, longer_than="20ms"),
        ],
    )


def _users() -> PanelBuilder:
    return panels.stat(
        "Visitors now",
        shows="Different visitors, real and simulated, seen in the last 30 seconds.",
        bad_day="It falls while nothing else changes: people leave, or do not get here at all.",
        unit=units.COUNT,
        queries=[prometheus("sum(frontend_active_users)")],
    )


def _refused() -> PanelBuilder:
    return panels.stat(
        "Refused requests",
        shows=(
            "Share of requests answered with 4xx: an id that does not exist or is none. The generated visitors have a "
            "few old links, so about 5 % is usual."
        ),
        bad_day="It leaps: a link somewhere is broken, or something that exists is not found any more.",
        unit=units.RATIO,
        queries=[
            prometheus(
                'sum(rate(frontend_requests_total{status=~"4.."}[$__rate_interval]) or'
                " rate(frontend_requests_total[$__rate_interval]) * 0)"
                " / sum(rate(frontend_requests_total[$__rate_interval]))"
            )
        ],
        decimals=1,
    )


def _waiting() -> PanelBuilder:
    return panels.stat(
        "Waiting for the backend",
        shows="Of the time that requests take here, the share that passes in calls to the backend, by way of spans.",
        bad_day="Near 100 % while durations rise: the cause is further down. Falling: the frontend itself is slow.",
        unit=units.RATIO,
        queries=[prometheus(parts.share_of_span_time(_SERVICE, CLIENT))],
        decimals=0,
    )


def _errors_by_type() -> PanelBuilder:
    return panels.timeseries(
        "Error answers by type",
        shows="Answers with 4xx or 5xx by what was wrong. `…_not_found` and `invalid_…` are the visitors' mistakes.",
        bad_day="A type with `backend_…`, `internal_…` or `…_unavailable`: it names the tier that failed.",
        unit=units.REQUESTS_PER_SECOND,
        queries=[
            prometheus("sum by (type) (rate(frontend_errors_total[$__rate_interval]))", "{{type}}"),
        ],
        colour_by=colours.ERROR_TYPES,
        stacked=True,
        links=[links.logs_of(_SERVICE, "warning|error|critical"), links.failed_traces_of(_SERVICE)],
    )


def _active_users() -> PanelBuilder:
    return panels.timeseries(
        "Visitors",
        shows="Different visitors seen in the last 30 seconds, real and simulated.",
        bad_day="A cliff. A slow wave is how simulated visitors come and go.",
        unit=units.COUNT,
        queries=[prometheus("sum(frontend_active_users)", "visitors")],
        colour_by={"visitors": colours.CHAIN[_SERVICE]},
        decimals=0,
        soft_max=10,
    )
