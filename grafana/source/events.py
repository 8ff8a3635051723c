"""Vertical lines in every time series: deploys, faults, notes, alerts. A change and its effect stand together.

Faults, notes and announced deploys are log lines of `lab annotate`; a deploy is also seen without being announced, by a
version that was not there before.
"""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import AnnotationQuery

from grafana.source.colours import BAD, NEUTRAL, WATCH
from grafana.source.datasources import LOKI, PROMETHEUS
from grafana.source.queries import loki, prometheus

_DEPLOY_COLOUR = "#6CA6E8"


def every_dashboard() -> list[AnnotationQuery]:
    # Only beginnings, as lines: shades of all alerts that fire would hide what they are about. Grafana makes
    # $__rate_interval longer than a step, so that none falls between two points, however far the reader zooms out.
    before = "offset $__rate_interval"
    # A restart takes seconds, so a version counts as seen for a minute. The start of a lab is no deploy: the service
    # itself has to have been there.
    seen = f"last_over_time(lab_service_info[1m] {before})"
    new_version = f"lab_service_info unless on (service, version) {seen} and on (service) {seen}"
    firing = 'max by (alertname, service, severity) (ALERTS{alertstate="firing"}'
    begins = f"{firing}) unless {firing} {before})"
    return [
        _event("Faults", "fault", BAD),
        _event("Deploys", "deploy", _DEPLOY_COLOUR),
        _event("Notes", "note", NEUTRAL),
        _metric("New versions", new_version, _DEPLOY_COLOUR, "{{service}} runs {{version}}", "service"),
        _metric("Alerts", begins, WATCH, "{{alertname}} {{service}}", "severity"),
    ]


def _event(name: str, kind: str, colour: str) -> AnnotationQuery:
    """Grafana's Loki data source reads the query from the annotation itself; the target is what all others have."""
    expression = f'{{service="lab"}} | json | kind="{kind}"'
    return (
        AnnotationQuery()
        .name(name)
        .datasource(LOKI)
        .enable(True)
        .icon_color(colour)
        .target(loki(expression).ref_id("Anno"))
        .expr(expression)
        .title_format(f"{kind} {{{{target_service}}}}")
        .text_format("{{message}}")
        .tag_keys("kind,target_service")
    )


def _metric(name: str, expression: str, colour: str, title: str, tags: str) -> AnnotationQuery:
    """Each stretch in which the expression is above 0 is one event."""
    return (
        AnnotationQuery()
        .name(name)
        .datasource(PROMETHEUS)
        .enable(True)
        .icon_color(colour)
        .target(prometheus(expression).ref_id("Anno"))
        .expr(expression)
        .step("5s")
        .title_format(title)
        .text_format("")
        .tag_keys(tags)
    )
