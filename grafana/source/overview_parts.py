"""What the overview of every system has: its alerts, and the columns of the table that says who calls whom."""

from __future__ import annotations

from grafana_foundation_sdk.builders import stat, table

from grafana.source import colours, links, panels, slo, units
from grafana.source.queries import prometheus, prometheus_now
from grafana.source.tables import Column

RATE = Column("Rate", unit=units.REQUESTS_PER_SECOND, decimals=1)


def waiting(title: str) -> Column:
    """How long somebody waits for a call."""
    return Column(title, unit=units.SECONDS, thresholds=slo.call_latency())


def firing() -> stat.Panel:
    return panels.stat(
        "Firing alerts",
        shows="How many alerts fire now. The list stands below.",
        bad_day="Not 0. Those with severity `page` first.",
        unit=units.COUNT,
        queries=[prometheus('count(ALERTS{alertstate="firing"}) or vector(0)')],
        thresholds=slo.rising(None, 1),
        links=[links.to_firing_alerts()],
        decimals=0,
    )


def alerts(who_feels_it: str) -> table.Panel:
    return panels.table(
        "Alerts",
        shows="Alerts that fire, or are pending: true, but not for long enough yet. A click leads to the rule.",
        bad_day=f"Rows. `page` means that {who_feels_it} feel it now.",
        # In the order of urgency: what fires before what is pending, pages before tickets.
        queries=[
            prometheus_now(
                'sort_desc(ALERTS{alertstate="firing", severity="page"} * 4 or ALERTS{alertstate="firing"} * 3'
                ' or ALERTS{severity="page"} * 2 or ALERTS * 1)',
                table=True,
            )
        ],
        columns={
            "alertname": Column("Alert", links=[links.to_alert_rules()]),
            "alertstate": Column("State", words={"firing": colours.BAD, "pending": colours.WATCH}),
            "severity": Column("Severity"),
            "service": Column("Service"),
        },
        empty="no alert is firing or pending: good",
    )
