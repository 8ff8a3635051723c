"""SLOs: what was promised, how much of the error budget is left, how fast it goes, and who spends it.

One page a system, alike for all: objectives are measured where a system is entered, which its manifest says. The series
are those of observability/prometheus/rules/slo.yml. The period of the budget is six hours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from grafana_foundation_sdk.builders.stat import Panel as Stat

from grafana.source import colours, links, panels, slo, units
from grafana.source.layout import Page, Section, band, section, top
from grafana.source.queries import prometheus, prometheus_now
from grafana.source.tables import Column
from lab.manifest import System, discover

_PERIOD_SECONDS = 6 * 3600
#: What stands for "the budget is not used up at this pace".
_FOR_EVER_SECONDS = 7 * 24 * 3600

#: Burning this many times faster than allowed pages (ErrorBudgetBurnFast); 1 is as fast as allowed.
_BURNS_FAST = 14.4

_WINDOWS = {"5m": "#CFE2FF", "30m": "#86B3F0", "1h": "#5E90D6", "6h": "#3F6FB5"}


def dashboard(name: str, colour_by: Mapping[str, str]) -> Page:
    """The page of the system `name`; its routes are coloured by these regular expressions."""
    system = discover()[name]
    return Page(
        uid=_uid(system),
        description="99 % of requests without error, 95 % within 500 ms: how much of the error budget is left, how "
        "fast it goes, and which route spends it.",
        time_from="now-1h",
        sections=[
            top(band(5, *_at_a_glance(system, "availability"), *_at_a_glance(system, "latency"))),
            _budget(system, "availability", "Availability: 99 % of requests without error"),
            _budget(system, "latency", "Latency: 95 % of requests within 500 ms"),
            _routes(system, colour_by),
            _alerts(),
        ],
    )


def budget_left(name: str) -> Stat:
    """Of each objective of the system `name`, for its overview."""
    system = discover()[name]
    return panels.stat(
        "Error budget left",
        shows=(
            "What is left of the failures that the objectives allow in six hours: 99 % of requests without error, 95 % "
            "within 500 ms. 100 % is untouched."
        ),
        bad_day="Below a quarter: hold back changes. Below 0: the objective is missed.",
        unit=units.RATIO,
        queries=[prometheus(f"slo:error_budget_remaining:ratio{_of(system)}", "{{slo}}")],
        thresholds=slo.falling(0.25, 0),
        names=True,
        decimals=0,
        links=[links.to_dashboard(_uid(system))],
    )


def _uid(system: System) -> str:
    """As the alerts on error budgets call it, which know the system by its job."""
    return f"{system.name}-slo"


def _of(system: System, name: str = "") -> str:
    """Selects the objectives of a system, or its objective `name`."""
    return f'{{service="{system.entry_service}"' + (f', slo="{name}"}}' if name else "}")


def _at_a_glance(system: System, name: str) -> list[Stat]:
    kept, missed = {
        "availability": ("Without error", "failed with a 5xx"),
        "latency": ("Within 500 ms", "took longer than 500 ms"),
    }[name]
    of_slo = _of(system, name)
    objective = slo.AVAILABILITY if name == "availability" else slo.LATENCY
    promised, budget = f"{100 * objective:.0f} %", f"{100 * (1 - objective):.0f} %"
    left = (
        f"clamp_min(slo:error_budget_remaining:ratio{of_slo}, 0) * {_PERIOD_SECONDS} / (slo:burn_rate:5m{of_slo} > 0)"
        f" or slo:error_budget_remaining:ratio{of_slo} * 0 + {_FOR_EVER_SECONDS}"
    )
    return [
        panels.stat(
            kept,
            shows=f"Share of the last hour's requests to {system.entry_service} that kept the promise; the objective "
            f"is {promised}. The others {missed}.",
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


def _budget(system: System, name: str, title: str) -> Section:
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
                    queries=[prometheus(f"slo:burn_rate:{window}{_of(system, name)}", window) for window in _WINDOWS],
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
                    queries=[prometheus(f"clamp_min(slo:error_budget_remaining:ratio{_of(system, name)}, 0)", "left")],
                    thresholds=slo.falling(0.5, 0.1),
                    maximum=1,
                    legend="none",
                ),
                10,
            ),
        ),
    )


@dataclass(frozen=True)
class _ByRoute:
    """What a system was asked where it is entered, and what of it was bad, by route: counters through `function` (rate,
    increase) over `window`."""

    system: System
    function: str
    window: str

    def asked(self) -> str:
        return f"sum by (endpoint) ({self._of(self.system.requests_metric)})"

    def failed(self) -> str:
        failed = self._of(self.system.requests_metric, ', status=~"5.."')
        return f"(sum by (endpoint) ({failed}) or {self.asked()} * 0)"

    def slow(self) -> str:
        every = self._of(f"{self.system.durations_metric}_count")
        fast = self._of(f"{self.system.durations_metric}_bucket", f', le="{slo.LATENCY_SECONDS}"')
        return f"(sum by (endpoint) ({every}) - sum by (endpoint) ({fast}))"

    def everything(self) -> str:
        return f"scalar(sum({self._of(self.system.requests_metric)}))"

    def _of(self, metric: str | None, matchers: str = "") -> str:
        return f'{self.function}({metric}{{service="{self.system.entry_service}"{matchers}}}{self.window})'


def _routes(system: System, colour_by: Mapping[str, str]) -> Section:
    then, now = _ByRoute(system, "increase", "[$__range]"), _ByRoute(system, "rate", "[1m]")

    def allowed(name: str) -> str:
        return f"scalar(1 - slo:objective:ratio{_of(system, name)})"

    return section(
        "Who spends the budget",
        band(
            7,
            panels.table(
                "By route",
                shows=f"Each route of {system.entry_service} over the time range: requests, failed ones, slow ones, "
                "and how much of the time range's budget that is: 100 % means that this route alone has spent what all "
                "may spend.",
                bad_day="One route with most of it: begin there. All alike: something that they share, such as the "
                "database.",
                queries=[
                    prometheus_now(then.asked(), table=True),
                    prometheus_now(then.failed(), table=True),
                    prometheus_now(then.slow(), table=True),
                    prometheus_now(f"{then.failed()} / {then.everything()} / {allowed('availability')}", table=True),
                    prometheus_now(f"{then.slow()} / {then.everything()} / {allowed('latency')}", table=True),
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
                queries=[
                    prometheus(f"{now.failed()} / {now.everything()} / {allowed('availability')}", "{{endpoint}}")
                ],
                colour_by=colour_by,
                stacked=True,
                soft_max=1,
            ),
            panels.timeseries(
                "Too slow now, by route",
                shows="The same of requests that took longer than 500 ms. It cannot exceed 20: then every request is "
                "slow.",
                bad_day="Anything that lasts. Its colour is the route to look at.",
                unit=units.TIMES,
                queries=[
                    prometheus(
                        f"clamp_min({now.slow()} / {now.everything()} / {allowed('latency')}, 0)", "{{endpoint}}"
                    )
                ],
                colour_by=colour_by,
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
                    bad_day="Red. What came first, and furthest from who asks, is mostly the cause; the rest follows "
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
