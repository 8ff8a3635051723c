"""Telemetry health: does what the services emit arrive, is it collected and kept, are rules evaluated and alerts sent?

Works on every stack: the embedded store has the metrics used here under the names that Prometheus, Loki and Tempo give
them; where only some of them have one, `or` joins them.
"""

from __future__ import annotations

from grafana.source import colours, panels, slo, units
from grafana.source.lab import delivery
from grafana.source.layout import Page, Section, band, section, top
from grafana.source.queries import prometheus, prometheus_now
from lab.manifest import discover

_RATE = "[$__rate_interval]"
_RANGE = "[$__range]"

#: Everything that is no service of a system: the telemetry stack itself.
_STACK = f'{{job!~"{"|".join([*discover(), "loadtest"])}"}}'

#: A scrape that takes longer fails (scrape_timeout).
_SCRAPE_TIMEOUT_SECONDS = 4

_UP = {0: ("down", colours.BAD), 1: ("up", colours.GOOD)}


def dashboard() -> Page:
    return Page(
        uid="telemetry-health",
        description="Whether the other dashboards can be believed: does telemetry arrive, is it kept, are rules "
        "evaluated, do alerts get through?",
        sections=[_at_a_glance(), delivery.details(), _scraping(), _backends(), _rules()],
    )


def _at_a_glance() -> Section:
    return top(
        band(
            4,
            panels.stat(
                "Targets down",
                shows="Scrape targets that do not answer at this moment, a load test left out.",
                bad_day="Anything above 0: of that process no metric is new, and alerts about it say nothing.",
                unit=units.COUNT,
                queries=[prometheus('count(up{job!="loadtest"} == 0) or vector(0)')],
                thresholds=slo.rising(None, 1),
            ),
            *delivery.at_a_glance(),
            panels.stat(
                "Rules failed",
                shows="Evaluations of rules that failed in the time range.",
                bad_day="Anything above 0: dashboards and alerts that use the rule have no data, as quiet as if all "
                "were well. The rule's own error stands under Alerting, Alert rules.",
                unit=units.COUNT,
                decimals=0,
                queries=[prometheus_now(f"sum(increase(prometheus_rule_evaluation_failures_total{_RANGE}))")],
                thresholds=slo.rising(None, 1),
                sparkline=False,
            ),
        )
    )


def _scraping() -> Section:
    return section(
        "Scraping",
        band(
            8,
            panels.state_timeline(
                "Targets",
                shows="Whether each target answered its scrapes.",
                bad_day="Red: the process is gone, hangs, or cannot be reached. A gap: Prometheus itself was away.",
                queries=[prometheus("max by (job, service) (up)", "{{service}}")],
                states_of=_UP,
            ),
            panels.timeseries(
                "Scrape duration",
                shows="How long each target takes to list its metrics, every 5 s.",
                bad_day=f"Near {_SCRAPE_TIMEOUT_SECONDS} s: the scrape is about to fail. A process that is slow here "
                "is slow everywhere.",
                unit=units.SECONDS,
                queries=[prometheus("max by (service) (scrape_duration_seconds)", "{{service}}")],
                thresholds=slo.rising(_SCRAPE_TIMEOUT_SECONDS / 4, _SCRAPE_TIMEOUT_SECONDS),
                colour_by=colours.SERVICES,
                legend="table",
            ),
            panels.timeseries(
                "Samples in a scrape",
                shows="How many series each target has.",
                bad_day="Grows with the traffic and does not stop: an id has become a label.",
                unit=units.COUNT,
                queries=[prometheus("sum by (service) (scrape_samples_scraped)", "{{service}}")],
                colour_by=colours.SERVICES,
                legend="table",
            ),
        ),
        band(
            7,
            panels.timeseries(
                "Series in memory",
                shows="Series with recent samples in Prometheus, from scrapes, rules, and the metrics made of spans.",
                bad_day="Grows by the hour: each series costs memory until it is two hours old.",
                unit=units.COUNT,
                queries=[prometheus("max by (service) (prometheus_tsdb_head_series)", "{{service}}")],
                legend="none",
            ),
            panels.timeseries(
                "New series",
                shows="Series that a scrape brought for the first time, by target. A few when something happens for "
                "the first time, all of a target's when it starts.",
                bad_day="Some in every scrape: values of labels that never come back, such as ids.",
                unit=units.COUNT,
                queries=[prometheus("sum by (service) (scrape_series_added)", "{{service}}")],
                colour_by=colours.SERVICES,
                bars=True,
                stacked=True,
            ),
        ),
    )


def _backends() -> Section:
    disk = (
        "sum by (service) (telemetry_store_database_size_bytes)"
        " or sum by (service) (prometheus_tsdb_storage_blocks_bytes + prometheus_tsdb_wal_storage_size_bytes)"
    )
    return section(
        "What the telemetry stack costs",
        band(
            8,
            panels.timeseries(
                "Memory",
                shows="Resident memory of each process of the telemetry stack.",
                bad_day="Climbs without rest. It should level off with the number of series, lines and spans kept.",
                unit=units.BYTES,
                queries=[prometheus(f"sum by (service) (process_resident_memory_bytes{_STACK})", "{{service}}")],
                colour_by=colours.SERVICES,
                legend="table",
            ),
            panels.timeseries(
                "Processor",
                shows="Cores that each process of the telemetry stack uses.",
                bad_day="As much as the systems that it watches: somebody asks heavy queries, or too much is sent.",
                unit=units.CORES,
                decimals=2,
                queries=[
                    prometheus(f"sum by (service) (rate(process_cpu_seconds_total{_STACK}{_RATE}))", "{{service}}")
                ],
                colour_by=colours.SERVICES,
                legend="table",
            ),
            panels.timeseries(
                "Disk",
                shows="What the embedded store keeps of all three signals, or Prometheus of its metrics. Loki and "
                "Tempo do not say it of themselves.",
                bad_day="Grows past what retention should leave.",
                unit=units.BYTES,
                queries=[prometheus(disk, "{{service}}")],
                colour_by=colours.SERVICES,
                legend="table",
            ),
        ),
    )


def _rules() -> Section:
    group = 'label_replace({}, "group", "$1", "rule_group", ".*;(.*)")'
    return section(
        "Rules and alerts",
        band(
            8,
            (
                panels.timeseries(
                    "Evaluation of rules",
                    shows="How long each group of rules took the last time.",
                    bad_day="Nears the interval of 5 s: groups begin to be skipped, and alerts come late.",
                    unit=units.SECONDS,
                    queries=[
                        prometheus(
                            f"max by (group) ({group.format('prometheus_rule_group_last_duration_seconds')})",
                            "{{group}}",
                        )
                    ],
                    legend="list",
                ),
                10,
            ),
            (
                panels.timeseries(
                    "Evaluations failed or skipped",
                    shows="Failed evaluations of rules and skipped rounds of groups, per second.",
                    bad_day="Anything above 0. The rule's own error stands under Alerting, Alert rules.",
                    unit=units.EVENTS_PER_SECOND,
                    queries=[
                        prometheus(f"sum(rate(prometheus_rule_evaluation_failures_total{_RATE}))", "failed"),
                        prometheus(f"sum(rate(prometheus_rule_group_iterations_missed_total{_RATE}))", "skipped"),
                    ],
                    colour_by={"failed": colours.BAD, "skipped": colours.WATCH},
                    soft_max=1,
                ),
                7,
            ),
            (
                panels.timeseries(
                    "Notifications",
                    shows="From Prometheus to Alertmanager (each firing alert again every minute), and from there to "
                    "the alert inbox, per minute; and what did not get through.",
                    bad_day="Failed above 0: nobody is told.",
                    unit="suffix:/min",
                    decimals=1,
                    queries=[
                        prometheus("60 * sum(rate(prometheus_notifications_sent_total[1m]))", "to Alertmanager"),
                        prometheus("60 * sum(rate(alertmanager_notifications_total[1m]))", "to the inbox"),
                        prometheus(
                            "60 * (sum(rate(prometheus_notifications_errors_total[1m])) or vector(0))"
                            " + 60 * (sum(rate(alertmanager_notifications_failed_total[1m])) or vector(0))",
                            "failed",
                        ),
                    ],
                    colour_by={"to Alertmanager": "#6CA6E8", "to the inbox": "#3F6FB5", "failed": colours.BAD},
                    soft_max=1,
                    empty="No Alertmanager is attached to this stack.",
                ),
                7,
            ),
        ),
    )
