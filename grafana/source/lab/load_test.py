"""Load test: what Locust sees beside what the chain counts, and which part of the chain fills up first."""

from __future__ import annotations

from grafana.source import colours, panels, slo, units, variables
from grafana.source.layout import Page, Section, band, section, top
from grafana.source.queries import prometheus, prometheus_now
from grafana.source.span_metrics import LATENCY, SERVER, WINDOW
from grafana.source.tables import Column

_NONE = "no load test is running: python3 lab load"

_RATE = "[$__rate_interval]"
_REQUESTS = f"sum(rate(loadtest_requests_total{_RATE}))"
_FAILURES = f'(sum(rate(loadtest_requests_total{{result="failure"}}{_RATE})) or {_REQUESTS} * 0)'
_OUTSIDE = "loadtest_request_duration_seconds"
_INSIDE = "frontend_request_duration_seconds"
_SERVER_SECONDS = f"sum by (service) (rate({LATENCY}_sum{{{SERVER}}}{WINDOW}))"

#: Requests that one process of a service handles at a time (SERVICE_THREADS).
_THREADS = 8

#: The same thing seen from outside and from inside.
_SIDES = {"outside": colours.SERVICES["loadtest"], "inside": colours.SERVICES["frontend"]}


def dashboard() -> Page:
    return Page(
        uid="loadtest",
        description="Locust's users and what becomes of their requests, beside what the chain itself counts, and what "
        "fills up first.",
        variables=[variables.percentile()],
        sections=[_at_a_glance(), _load(), _latency(), _saturation(), _requests()],
    )


def _at_a_glance() -> Section:
    return top(
        band(
            4,
            panels.stat(
                "Users",
                shows="Simulated people who are using the chain at this moment.",
                bad_day="Fewer than asked for: Locust cannot keep up, or users died of errors.",
                unit=units.COUNT,
                queries=[prometheus("sum(loadtest_users)")],
                empty=_NONE,
            ),
            panels.stat(
                "Requests outside",
                shows="Requests that were answered, or failed, per second, as Locust counts them, where users are.",
                bad_day="No longer grows with the users: the chain has reached what it can do.",
                unit=units.REQUESTS_PER_SECOND,
                decimals=1,
                queries=[prometheus(_REQUESTS)],
                empty=_NONE,
            ),
            panels.stat(
                "Requests inside",
                shows="The same as the frontend counts them, with the generated traffic beside the test (lab up "
                "--rps).",
                bad_day="Less than Locust counts: requests do not get in. That is the gap that no service can see.",
                unit=units.REQUESTS_PER_SECOND,
                decimals=1,
                queries=[prometheus(f"sum(rate(frontend_requests_total{_RATE}))")],
            ),
            panels.stat(
                "Failures",
                shows="Share of Locust's requests that failed: no answer, or another one than the request deserves.",
                bad_day="Above 1 %: the objective is missed. An error that a user asks for, such as a 404, is none.",
                unit=units.RATIO,
                decimals=2,
                queries=[prometheus(f"{_FAILURES} / {_REQUESTS}")],
                thresholds=slo.error_ratio(),
                empty=_NONE,
            ),
            panels.stat(
                "Duration outside, ${percentile:text}",
                shows="From a user's request to the last byte of its answer, as Locust measures it.",
                bad_day="Above 500 ms, or far above what the frontend measures: requests wait before they get in.",
                unit=units.SECONDS,
                queries=[prometheus(f"histogram_quantile($percentile, sum by (le) (rate({_OUTSIDE}_bucket{_RATE})))")],
                thresholds=slo.latency(),
                empty=_NONE,
            ),
            panels.stat(
                "Duration inside, ${percentile:text}",
                shows="From request to answer as the frontend measures it.",
                bad_day="Above 500 ms: the objective is missed, whatever the load.",
                unit=units.SECONDS,
                queries=[prometheus(f"histogram_quantile($percentile, sum by (le) (rate({_INSIDE}_bucket{_RATE})))")],
                thresholds=slo.latency(),
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
                queries=[prometheus("sum(loadtest_users)", "users")],
                colour_by={"users": colours.SERVICES["loadtest"]},
                legend="none",
                empty=_NONE,
            ),
            panels.timeseries(
                "Requests, outside and inside",
                shows="What Locust sends and what the frontend counts; the distance is the generated traffic.",
                bad_day="Outside above inside: requests are lost before the frontend sees them.",
                unit=units.REQUESTS_PER_SECOND,
                queries=[
                    prometheus(_REQUESTS, "outside (Locust)"),
                    prometheus(f"sum(rate(frontend_requests_total{_RATE}))", "inside (frontend)"),
                ],
                colour_by=_SIDES,
                empty=_NONE,
            ),
            panels.timeseries(
                "Failures over time",
                shows="Failed requests per second as Locust counts them, beside 5xx answers of the frontend.",
                bad_day="Outside without inside: refused connections or time-outs, which no service could count.",
                unit=units.REQUESTS_PER_SECOND,
                queries=[
                    prometheus(_FAILURES, "outside (Locust)"),
                    prometheus('service:errors:rate1m{service="frontend"}', "inside (frontend)"),
                ],
                colour_by=_SIDES,
                soft_max=1,
                empty=_NONE,
            ),
        ),
    )


def _latency() -> Section:
    def mean(metric: str) -> str:
        return f"sum(rate({metric}_sum{_RATE})) / sum(rate({metric}_count{_RATE}))"

    def quantile(metric: str) -> str:
        return f"histogram_quantile($percentile, sum by (le) (rate({metric}_bucket{_RATE})))"

    return section(
        "How long it takes",
        band(
            8,
            panels.timeseries(
                "Duration, outside and inside, ${percentile:text}",
                shows="The same requests measured by Locust and by the frontend.",
                bad_day="Outside leaves inside behind: all threads are busy, requests queue in front of the service. "
                "A dashboard that only knows the inside looks healthy then.",
                unit=units.SECONDS,
                queries=[
                    prometheus(quantile(_OUTSIDE), "outside (Locust)"),
                    prometheus(quantile(_INSIDE), "inside (frontend)", exemplars=True),
                ],
                colour_by=_SIDES,
                thresholds=slo.latency(),
                empty=_NONE,
            ),
            panels.timeseries(
                "Mean time before the frontend",
                shows="Locust's mean less the frontend's: connecting, waiting for a thread, the way there and back. "
                "Generated traffic beside the test blurs it a little.",
                bad_day="More than a few milliseconds: the frontend has no thread free when requests come.",
                unit=units.SECONDS,
                queries=[prometheus(f"clamp_min({mean(_OUTSIDE)} - ({mean(_INSIDE)}), 0)", "before the frontend")],
                colour_by={"before": colours.SERVICES["loadtest"]},
                legend="none",
                empty=_NONE,
            ),
            panels.timeseries(
                "Duration by request, ${percentile:text}",
                shows="As Locust sees it, by the request's name: a route template, or what the user is up to.",
                bad_day="One above all others: that route is the first to suffer. All alike: something shared is full.",
                unit=units.SECONDS,
                queries=[
                    prometheus(
                        f"histogram_quantile($percentile, sum by (le, name) (rate({_OUTSIDE}_bucket{_RATE})))",
                        "{{name}}",
                    )
                ],
                colour_by=colours.SUBJECTS,
                thresholds=slo.latency(),
                empty=_NONE,
            ),
        ),
    )


def _saturation() -> Section:
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
                        f'sum by (service) (rate(process_cpu_seconds_total{{job="chain"}}{_RATE}))', "{{service}}"
                    )
                ],
                colour_by=colours.CHAIN,
                thresholds=slo.rising(0.7, 0.9),
                decimals=2,
                empty="not measured on this operating system",
                soft_max=1,
            ),
            panels.timeseries(
                "Requests in progress",
                shows="Mean number of requests that each service works on at once: arrivals per second times seconds "
                f"each (Little's law). One process handles {_THREADS} at a time.",
                bad_day=f"Flat at {_THREADS}: no thread is free, the rest waits in front. The lowest tier that is "
                "flat is the cause; those above only wait for it.",
                unit=units.COUNT,
                queries=[prometheus(_SERVER_SECONDS, "{{service}}")],
                colour_by=colours.CHAIN,
                thresholds=slo.rising(_THREADS * 0.7, _THREADS),
                decimals=1,
                soft_max=1,
            ),
            panels.timeseries(
                "Database connections",
                shows="Connections in use when looked at, and how many there are. Who finds none waits 0.3 s, then "
                "gets a 503 (pool_exhausted).",
                bad_day="In use touches the limit.",
                unit=units.COUNT,
                queries=[
                    prometheus("max_over_time(database_connection_pool_active[$__rate_interval])", "in use"),
                    prometheus("lab_database_connection_pool_size", "limit"),
                ],
                colour_by={"in use": colours.SERVICES["database"], "limit": colours.NEUTRAL},
            ),
            panels.timeseries(
                "Cache hits",
                shows="Share of lookups that the backend answers from its cache. More users who want the same make it "
                "better: load is not only a burden.",
                bad_day="Falls under load: more is asked for than the cache can hold, and the database gets it all.",
                unit=units.RATIO,
                queries=[prometheus("service:cache_hits:ratio1m", "{{service}}")],
                colour_by=colours.CHAIN,
                maximum=1,
            ),
        ),
    )


def _requests() -> Section:
    by = "sum by (name, method)"
    asked = f"{by} (increase(loadtest_requests_total[$__range]))"
    failed = f'({by} (increase(loadtest_requests_total{{result="failure"}}[$__range])) or {asked} * 0)'

    def quantile(number: float) -> str:
        return f"histogram_quantile({number}, sum by (le, name, method) (increase({_OUTSIDE}_bucket[$__range])))"

    return section(
        "By request",
        band(
            8,
            panels.table(
                "Requests of the test",
                shows="Each kind of request in the time range, as Locust saw it. `python3 lab load` prints the same.",
                bad_day="Failures that sit on one row: that route. On all rows: the frontend, or the way to it.",
                queries=[
                    prometheus_now(asked, table=True),
                    prometheus_now(failed, table=True),
                    prometheus_now(f"{failed} / {asked}", table=True),
                    prometheus_now(quantile(0.5), table=True),
                    prometheus_now(quantile(0.95), table=True),
                    prometheus_now(quantile(0.99), table=True),
                ],
                columns={
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
