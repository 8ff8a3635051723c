"""SLOs: what was promised, how much of the error budget is left, how fast it goes, and who spends it.

The series are those of observability/prometheus/rules/slo.yml. The period of the budget is six hours.
"""

from __future__ import annotations

from grafana_foundation_sdk.builders.stat import Panel as Stat

from grafana.source import colours, panels, slo, units
from grafana.source.layout import Page, Section, band, section, top
from grafana.source.queries import prometheus, prometheus_now
from grafana.source.tables import Column

_PERIOD_SECONDS = 6 * 3600
#: What stands for "the budget is not used up at this pace".
_FOR_EVER_SECONDS = 7 * 24 * 3600

#: Burning this many times faster than allowed pages (ErrorBudgetBurnFast); 1 is as fast as allowed.
_BURNS_FAST = 14.4

_WINDOWS = {"5m": "#CFE2FF", "30m": "#86B3F0", "1h": "#5E90D6", "6h": "#3F6FB5"}

_REQUESTS = "frontend_requests_total"
_SECONDS = "frontend_request_duration_seconds"
_FAILED = f'{_REQUESTS}{{status=~"5.."}}'
_FAST = f'{_SECONDS}_bucket{{le="{slo.LATENCY_SECONDS}"}}'


def dashboard() -> Page:
    return Page(
        uid="chain-slo",
        description="99 % of requests without error, 95 % within 500 ms: how much of the error budget is left, how "
        "fast it goes, and which route spends it.",
        time_from="now-1h",
        sections=[
            top(band(5, *_at_a_glance("availability"), *_at_a_glance("latency"))),
            _budget("availability", "Availability: 99 % of requests without error"),
            _budget("latency", "Latency: 95 % of requests within 500 ms"),
            _routes(),
            _alerts(),
        ],
    )


def _at_a_glance(name: str) -> list[Stat]:
    kept, missed = {
        "availability": ("Without error", "failed with a 5xx"),
        "latency": ("Within 500 ms", "took longer than 500 ms"),
    }[name]
    of_slo = f'{{slo="{name}"}}'
    objective = slo.AVAILABILITY if name == "availability" else slo.LATENCY
    promised, budget = f"{100 * objective:.0f} %", f"{100 * (1 - objective):.0f} %"
    left = (
        f"clamp_min(slo:error_budget_remaining:ratio{of_slo}, 0) * {_PERIOD_SECONDS} / (slo:burn_rate:5m{of_slo} > 0)"
        f" or slo:error_budget_remaining:ratio{of_slo} * 0 + {_FOR_EVER_SECONDS}"
    )
    return [
        panels.stat(
            kept,
            shows="Share of the last hour's requests to the frontend that kept the promise; the objective is "
            f"{promised}. The others {missed}.",
            bad_day=f"Below {promised}.",
            unit=units.RATIO,
            decimals=2,
            queries=[prometheus(f"1 - slo:bad:ratio_rate1h{of_slo}")],
            thresholds=slo.falling(objective),
        ),
        panels.stat(
            f"Budget left, {name}",
            shows=f"The error budget is the {budget} of requests that may miss the objective within 6 hours. This is "
            "what is left of it. (Production counts 28 or 30 days; a lab does not run that long.)",
            bad_day="Below 0: more was spent than there is. Until it is positive again, no risky changes.",
            unit=units.RATIO,
            decimals=0,
            queries=[prometheus(f"slo:error_budget_remaining:ratio{of_slo}")],
            thresholds=slo.falling(0.5, 0),
        ),
        panels.stat(
            f"Used up in, {name}",
            shows="When nothing is left, should it go on as in the last 5 minutes.",
            bad_day="Minutes: somebody has to act now. Hours: today.",
            unit=units.SECONDS,
            queries=[prometheus(f"clamp_max({left}, {_FOR_EVER_SECONDS})")],
            thresholds=slo.falling(_PERIOD_SECONDS, 3600),
            states_of={0: ("used up", colours.BAD), _FOR_EVER_SECONDS: ("never at this pace", colours.GOOD)},
            sparkline=False,
        ),
    ]


def _budget(name: str, title: str) -> Section:
    return section(
        title,
        band(
            8,
            (
                panels.timeseries(
                    f"Burn rate, {name}",
                    shows="How many times faster than allowed the error budget goes, over four windows. At 1 it is "
                    "just used up after its 6 hours. Short windows react at once and forget at once; long ones tell a "
                    "habit from a hiccup. An alert asks for a long and a short one together.",
                    bad_day="5m and 1h both above 14.4: that pages. 5m already back at 0: it is over, the page ends.",
                    unit=units.TIMES,
                    queries=[prometheus(f'slo:burn_rate:{window}{{slo="{name}"}}', window) for window in _WINDOWS],
                    colour_by=_WINDOWS,
                    thresholds=slo.rising(1, _BURNS_FAST),
                    soft_max=2,
                    legend="right",
                ),
                14,
            ),
            (
                panels.timeseries(
                    f"Budget left over time, {name}",
                    shows="What is left of the error budget of the last 6 hours. It grows again when bad minutes "
                    "become older than that.",
                    bad_day="Falls like a staircase: something goes wrong again and again. Stays at 0: overspent.",
                    unit=units.RATIO,
                    queries=[prometheus(f'clamp_min(slo:error_budget_remaining:ratio{{slo="{name}"}}, 0)', "left")],
                    thresholds=slo.falling(0.5, 0.1),
                    maximum=1,
                    legend="none",
                ),
                10,
            ),
        ),
    )


def _routes() -> Section:
    window = "[$__range]"
    asked = f"sum by (endpoint) (increase({_REQUESTS}{window}))"
    failed = f"(sum by (endpoint) (increase({_FAILED}{window})) or {asked} * 0)"
    slow = f"(sum by (endpoint) (increase({_SECONDS}_count{window})) - sum by (endpoint) (increase({_FAST}{window})))"
    every = f"scalar(sum(increase({_REQUESTS}{window})))"

    def allowed(name: str) -> str:
        return f'scalar(1 - slo:objective:ratio{{slo="{name}"}})'

    failed_now = 'service_route:errors:rate1m{service="frontend"} / scalar(service:requests:rate1m{service="frontend"})'
    slow_now = (
        f"(sum by (endpoint) (rate({_SECONDS}_count[1m])) - sum by (endpoint) (rate({_FAST}[1m])))"
        f" / scalar(sum(rate({_SECONDS}_count[1m])))"
    )
    return section(
        "Who spends the budget",
        band(
            7,
            panels.table(
                "By route",
                shows="Each route of the frontend over the time range: requests, failed ones, slow ones, and how much "
                "of the time range's budget that is: 100 % means that this route alone has spent what all may spend.",
                bad_day="One route with most of it: begin there. All alike: something that they share, such as the "
                "database.",
                queries=[
                    prometheus_now(asked, table=True),
                    prometheus_now(failed, table=True),
                    prometheus_now(slow, table=True),
                    prometheus_now(f"{failed} / {every} / {allowed('availability')}", table=True),
                    prometheus_now(f"{slow} / {every} / {allowed('latency')}", table=True),
                ],
                columns={
                    "endpoint": Column("Route"),
                    "Value #A": Column("Requests", unit=units.COUNT, decimals=0, width=120),
                    "Value #B": Column("Failed", unit=units.COUNT, decimals=0, width=120),
                    "Value #C": Column("Above 500 ms", unit=units.COUNT, decimals=0, width=120),
                    "Value #D": Column(
                        "Of the availability budget", unit=units.RATIO, decimals=0, thresholds=slo.rising(0.5, 1)
                    ),
                    "Value #E": Column(
                        "Of the latency budget", unit=units.RATIO, decimals=0, thresholds=slo.rising(0.5, 1)
                    ),
                },
                sort_by="Requests",
            ),
        ),
        band(
            8,
            panels.timeseries(
                "Failing now, by route",
                shows="Each route's share in the burn rate of the last minute; stacked, they are the burn rate of all.",
                bad_day="Anything that lasts. Its colour is the route to look at.",
                unit=units.TIMES,
                queries=[prometheus(f"{failed_now} / {allowed('availability')}", "{{route}}")],
                colour_by=colours.SUBJECTS,
                stacked=True,
                soft_max=1,
            ),
            panels.timeseries(
                "Too slow now, by route",
                shows="The same of requests that took longer than 500 ms. It cannot exceed 20: then every request is "
                "slow.",
                bad_day="Anything that lasts. Its colour is the route to look at.",
                unit=units.TIMES,
                queries=[prometheus(f"clamp_min({slow_now} / {allowed('latency')}, 0)", "{{endpoint}}")],
                colour_by=colours.SUBJECTS,
                stacked=True,
                soft_max=1,
            ),
        ),
    )


def _alerts() -> Section:
    state = 'ALERTS{alertstate="firing"} * 2 or ALERTS{alertstate="pending"}'
    return section(
        "Alerts",
        band(
            8,
            (
                panels.state_timeline(
                    "Alerts over time",
                    shows="Each alert of the time range: amber while its condition holds but not yet long enough, red "
                    "while it fires, green while nothing is wrong. Their texts say what to look at first (Alerting, "
                    "Alert rules).",
                    bad_day="Red. What came first, and lowest in the chain, is mostly the cause; the rest follows "
                    "from it.",
                    queries=[
                        # Always there: without a series, a timeline says "No data", which sounds like a fault.
                        prometheus(f"max({state}) or vector(0)", "all together"),
                        prometheus(f"max by (alertname, service) ({state})", "{{alertname}} {{service}}"),
                    ],
                    states_of={0: ("good", colours.GOOD), 1: ("pending", colours.WATCH), 2: ("firing", colours.BAD)},
                    empty="No alert in this time: good.",
                ),
                15,
            ),
            (
                panels.table(
                    "Alerts now",
                    shows="What is pending or firing at the end of the time range.",
                    bad_day="A page. A ticket can wait, unless it tells why there is a page.",
                    queries=[prometheus_now(f"max by (alertname, service, severity) ({state})", table=True)],
                    columns={
                        "alertname": Column("Alert"),
                        "service": Column("Service", width=120),
                        "severity": Column("Severity", width=90, words={"page": colours.BAD, "ticket": colours.WATCH}),
                        "Value": Column(
                            "State",
                            width=90,
                            states={1: ("pending", colours.WATCH), 2: ("firing", colours.BAD)},
                        ),
                    },
                    sort_by="State",
                    empty="No alert: good.",
                ),
                9,
            ),
        ),
    )
