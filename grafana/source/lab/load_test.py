"""Load test: what Locust sees beside what the loaded system counts where it is entered, and what of it fills up first.

A load test's series say in their label `system` whose journeys they are; each system's manifest names its entry and the
metrics of its requests. So every panel shows whatever runs, and a system that does not run has no line.
"""

from __future__ import annotations

from grafana.source import colours, panels, slo, units, variables
from grafana.source.exchange import parts as exchange
from grafana.source.layout import Page, Section, band, section, top
from grafana.source.queries import Query, prometheus, prometheus_now
from grafana.source.span_metrics import LATENCY, SERVER, WINDOW
from grafana.source.tables import Column
from lab.manifest import System, discover

_NONE = "no load test is running: python3 lab load"

_RATE = "[$__rate_interval]"
_REQUESTS = f"sum by (system) (rate(loadtest_requests_total{_RATE}))"
_FAILED = f'sum by (system) (rate(loadtest_requests_total{{result="failure"}}{_RATE}))'
_FAILURES = f"({_FAILED} or {_REQUESTS} * 0)"
_SECONDS = "loadtest_request_duration_seconds"
_SERVER_SECONDS = f"sum by (service) (rate({LATENCY}_sum{{{SERVER}}}{WINDOW}))"

#: Requests that one process of a service handles at a time (SERVICE_THREADS).
_THREADS = 8

_SYSTEMS = tuple(
    system for system in discover().values() if system.loadtest and system.requests_metric and system.durations_metric
)
_ENTRIES = {system.entry_service: colours.SERVICES[system.entry_service] for system in _SYSTEMS}

#: The same thing seen from outside and from inside.
_SIDES = {"outside": colours.SERVICES["loadtest"], **_ENTRIES}


def dashboard() -> Page:
    return Page(
        uid="loadtest",
        description="Locust's users and what becomes of their requests, beside what the system that they use counts "
        "itself, and what fills up first.",
        variables=[variables.percentile()],
        sections=[_at_a_glance(), _load(), _latency(), _saturation(), _requests()],
    )


def _requests_inside(system: System) -> str:
    return f'sum(rate({system.requests_metric}{{service="{system.entry_service}"}}{_RATE}))'


def _failures_inside(system: System) -> str:
    failed = f'sum(rate({system.requests_metric}{{service="{system.entry_service}", status=~"5.."}}{_RATE}))'
    return f"{failed} or {_requests_inside(system)} * 0"


def _quantile_outside(by: str) -> str:
    return f"histogram_quantile($percentile, sum by (le, {by}) (rate({_SECONDS}_bucket{_RATE})))"


def _quantile_inside(system: System) -> str:
    buckets = f'rate({system.durations_metric}_bucket{{service="{system.entry_service}"}}{_RATE})'
    return f"histogram_quantile($percentile, sum by (le) ({buckets}))"


def _before_the_entry(system: System) -> str:
    def mean(metric: str, selector: str) -> str:
        return f"sum(rate({metric}_sum{{{selector}}}{_RATE})) / sum(rate({metric}_count{{{selector}}}{_RATE}))"

    outside = mean(_SECONDS, f'system="{system.name}"')
    inside = mean(str(system.durations_metric), f'service="{system.entry_service}"')
    return f"clamp_min({outside} - ({inside}), 0)"


def _outside(text: str) -> Query:
    return prometheus(text, "outside ({{system}})")


def _at_a_glance() -> Section:
    return top(
        band(
            4,
            panels.stat(
                "Users",
                shows="Simulated people at this moment, and the system that they use.",
                bad_day="Fewer than asked for: Locust cannot keep up, or users died of errors.",
                unit=units.COUNT,
                queries=[prometheus("sum by (system) (loadtest_users)", "{{system}}")],
                names=True,
                empty=_NONE,
            ),
            panels.stat(
                "Requests outside",
                shows="Requests that were answered, or failed, per second, as Locust counts them, where users are.",
                bad_day="No longer grows with the users: the system has reached what it can do.",
                unit=units.REQUESTS_PER_SECOND,
                decimals=1,
                queries=[prometheus(_REQUESTS, "{{system}}")],
                names=True,
                empty=_NONE,
            ),
            panels.stat(
                "Requests inside",
                shows="The same as the first service counts them, with the generated traffic beside the test (lab up "
                "--rps).",
                bad_day="Less than Locust counts: requests do not get in. That is the gap that no service can see.",
                unit=units.REQUESTS_PER_SECOND,
                decimals=1,
                queries=[prometheus(_requests_inside(system), system.entry_service) for system in _SYSTEMS],
                names=True,
            ),
            panels.stat(
                "Failures",
                shows="Share of Locust's requests that failed: no answer, or another one than the request deserves.",
                bad_day="Above 1 %: the objective is missed. An error that a user asks for, such as a 404, is none.",
                unit=units.RATIO,
                decimals=2,
                queries=[prometheus(f"{_FAILURES} / {_REQUESTS}", "{{system}}")],
                thresholds=slo.error_ratio(),
                names=True,
                empty=_NONE,
            ),
            panels.stat(
                "Duration outside, ${percentile:text}",
                shows="From a user's request to the last byte of its answer, as Locust measures it.",
                bad_day="Above 500 ms, or far above what the first service measures: requests wait before they get in.",
                unit=units.SECONDS,
                queries=[prometheus(_quantile_outside("system"), "{{system}}")],
                thresholds=slo.latency(),
                names=True,
                empty=_NONE,
            ),
            panels.stat(
                "Duration inside, ${percentile:text}",
                shows="From request to answer as the first service measures it.",
                bad_day="Above 500 ms: the objective is missed, whatever the load.",
                unit=units.SECONDS,
                queries=[prometheus(_quantile_inside(system), system.entry_service) for system in _SYSTEMS],
                thresholds=slo.latency(),
                names=True,
            ),
        )
    )


def _load() -> Section:
    return section(
        "The load",
        band(
            7,
            panels.timeseries(
                "Users over time",
                shows="How many users are there. They think between requests, so requests follow users, not the clock.",
                bad_day="A sudden end before the test's own end: Locust or its machine has given up.",
                unit=units.COUNT,
                queries=[prometheus("sum by (system) (loadtest_users)", "users ({{system}})")],
                colour_by={"users": colours.SERVICES["loadtest"]},
                legend="none",
                empty=_NONE,
            ),
            panels.timeseries(
                "Requests, outside and inside",
                shows="What Locust sends and what the first service counts; the distance is the generated traffic.",
                bad_day="Outside above inside: requests are lost before any service sees them.",
                unit=units.REQUESTS_PER_SECOND,
                queries=[
                    _outside(_REQUESTS),
                    *(prometheus(_requests_inside(one), f"inside ({one.entry_service})") for one in _SYSTEMS),
                ],
                colour_by=_SIDES,
                empty=_NONE,
            ),
            panels.timeseries(
                "Failures over time",
                shows="Failed requests per second as Locust counts them, beside 5xx answers of the first service.",
                bad_day="Outside without inside: refused connections or time-outs, which no service could count.",
                unit=units.REQUESTS_PER_SECOND,
                queries=[
                    _outside(_FAILURES),
                    *(prometheus(_failures_inside(one), f"inside ({one.entry_service})") for one in _SYSTEMS),
                ],
                colour_by=_SIDES,
                soft_max=1,
                empty=_NONE,
            ),
        ),
    )


def _latency() -> Section:
    return section(
        "How long it takes",
        band(
            8,
            panels.timeseries(
                "Duration, outside and inside, ${percentile:text}",
                shows="The same requests measured by Locust and by the first service that they reach.",
                bad_day="Outside leaves inside behind: all threads are busy, requests queue in front of the service. "
                "A dashboard that only knows the inside looks healthy then.",
                unit=units.SECONDS,
                queries=[
                    _outside(_quantile_outside("system")),
                    *(
                        prometheus(_quantile_inside(one), f"inside ({one.entry_service})", exemplars=True)
                        for one in _SYSTEMS
                    ),
                ],
                colour_by=_SIDES,
                thresholds=slo.latency(),
                empty=_NONE,
            ),
            panels.timeseries(
                "Mean time before the first service",
                shows="Locust's mean less that of the first service: connecting, waiting for a thread, the way there "
                "and back. Generated traffic beside the test blurs it a little.",
                bad_day="More than a few milliseconds: that service has no thread free when requests come.",
                unit=units.SECONDS,
                queries=[prometheus(_before_the_entry(one), f"before {one.entry_service}") for one in _SYSTEMS],
                colour_by=_ENTRIES,
                empty=_NONE,
            ),
            panels.timeseries(
                "Duration by request, ${percentile:text}",
                shows="As Locust sees it, by the request's name: a route template, or what the user is up to.",
                bad_day="One above all others: that route is the first to suffer. All alike: something shared is full.",
                unit=units.SECONDS,
                queries=[prometheus(_quantile_outside("name"), "{{name}}")],
                thresholds=slo.latency(),
                empty=_NONE,
            ),
        ),
    )


def _saturation() -> Section:
    jobs = "|".join(system.name for system in _SYSTEMS)
    return section(
        "What fills up",
        band(
            8,
            panels.timeseries(
                "Processor time",
                shows="Cores that each service uses. A Python process uses one core at most, however many threads it "
                "has: 1 is full, with one worker.",
                bad_day="A line near 1 while the others are low: that service is the bottleneck. More workers help.",
                unit=units.CORES,
                queries=[
                    prometheus(
                        f'sum by (service) (rate(process_cpu_seconds_total{{job=~"{jobs}"}}{_RATE}))', "{{service}}"
                    )
                ],
                colour_by=colours.SERVICES,
                thresholds=slo.rising(0.7, 0.9),
                decimals=2,
                empty="not measured on this operating system",
                soft_max=1,
            ),
            panels.timeseries(
                "Requests in progress",
                shows="Mean number of requests that each service works on at once: arrivals per second times seconds "
                f"each (Little's law). One process handles {_THREADS} at a time.",
                bad_day=f"Flat at {_THREADS}: no thread is free, the rest waits in front. The innermost service that "
                "is flat is the cause; those above only wait for it.",
                unit=units.COUNT,
                queries=[prometheus(_SERVER_SECONDS, "{{service}}")],
                colour_by=colours.SERVICES,
                thresholds=slo.rising(_THREADS * 0.7, _THREADS),
                decimals=1,
                soft_max=1,
            ),
            panels.timeseries(
                "Database connections in use",
                shows="Of the connections that a service has, the share that is in use. Who finds none waits: the "
                "chain's database 0.3 s, a service of the exchange 2 s; then there is a 503.",
                bad_day="Near 100 %: requests wait for a connection, however idle the processor is.",
                unit=units.RATIO,
                queries=[
                    prometheus("service:connections_in_use:ratio1m", "{{service}}"),
                    prometheus("service:db_connections_in_use:ratio1m", "{{service}}"),
                ],
                colour_by=colours.SERVICES,
                thresholds=slo.pool_use(),
                maximum=1,
            ),
        ),
        band(
            8,
            panels.timeseries(
                "Cache hits",
                shows="The chain: share of lookups that the backend answers from its cache. More users who want the "
                "same make it better: load is not only a burden.",
                bad_day="Falls under load: more is asked for than the cache can hold, and the database gets it all.",
                unit=units.RATIO,
                queries=[prometheus("service:cache_hits:ratio1m", "{{service}}")],
                colour_by=colours.CHAIN,
                maximum=1,
                empty="the chain does not run, or nobody asks it anything",
            ),
            exchange.lag(empty="the exchange does not run, or nobody trades"),
        ),
    )


def _requests() -> Section:
    by = "sum by (system, name, method)"
    asked = f"{by} (increase(loadtest_requests_total[$__range]))"
    failed = f'({by} (increase(loadtest_requests_total{{result="failure"}}[$__range])) or {asked} * 0)'

    def quantile(number: float) -> str:
        buckets = f"sum by (le, system, name, method) (increase({_SECONDS}_bucket[$__range]))"
        return f"histogram_quantile({number}, {buckets})"

    return section(
        "By request",
        band(
            8,
            panels.table(
                "Requests of the test",
                shows="Each kind of request in the time range, as Locust saw it. `python3 lab load` prints the same.",
                bad_day="Failures that sit on one row: that route. On all rows: the first service, or the way to it.",
                queries=[
                    prometheus_now(asked, table=True),
                    prometheus_now(failed, table=True),
                    prometheus_now(f"{failed} / {asked}", table=True),
                    prometheus_now(quantile(0.5), table=True),
                    prometheus_now(quantile(0.95), table=True),
                    prometheus_now(quantile(0.99), table=True),
                ],
                columns={
                    "system": Column("System", width=110),
                    "method": Column("Method", width=90),
                    "name": Column("Request"),
                    "Value #A": Column("Count", unit=units.COUNT, decimals=0),
                    "Value #B": Column("Failed", unit=units.COUNT, decimals=0),
                    "Value #C": Column("Share failed", unit=units.RATIO, decimals=2, thresholds=slo.error_ratio()),
                    "Value #D": Column("p50", unit=units.SECONDS, thresholds=slo.latency()),
                    "Value #E": Column("p95", unit=units.SECONDS, thresholds=slo.latency()),
                    "Value #F": Column("p99", unit=units.SECONDS, thresholds=slo.latency()),
                },
                sort_by="Count",
                empty=_NONE,
            ),
        ),
    )
