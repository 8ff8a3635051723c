"""Every query that the lab asks somewhere, read from the files that ask it.

Dashboards and their links, rules, and the links between data sources. What Grafana would fill in (variables,
`$__rate_interval`, the value that was clicked) is filled in. Tests ask every one of them on every stack; the workbench
draws dashboards with their `Questions`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from grafana.query_catalogue.dashboards import dashboard_files, queries_of_dashboard
from grafana.query_catalogue.data_links import queries_of_data_links
from grafana.query_catalogue.links import Click, provisioned_clicks
from grafana.query_catalogue.query import TRACE_ID, Kind, Language, Query
from grafana.query_catalogue.questions import Question, Questions, View, minutes_of, panels_of
from grafana.query_catalogue.rules import queries_of_rules, rule_files

__all__ = [
    "TRACE_ID",
    "Click",
    "Kind",
    "Language",
    "Query",
    "Question",
    "Questions",
    "View",
    "dashboard_files",
    "dashboard_queries",
    "data_link_queries",
    "minutes_of",
    "panels_of",
    "provisioned_clicks",
    "rule_files",
    "rule_queries",
]

_REPOSITORY = Path(__file__).parents[2]


def dashboard_queries(directory: Path = _REPOSITORY / "grafana/dashboards") -> list[Query]:
    """Of every panel, variable and annotation of every dashboard."""
    return [query for file in dashboard_files(directory) for query in queries_of_dashboard(file)]


def data_link_queries(clicked: Mapping[str, str], directory: Path = _REPOSITORY / "grafana/dashboards") -> list[Query]:
    """Of every link from a panel into Explore, with what the click gives filled in."""
    return [query for file in dashboard_files(directory) for query in queries_of_data_links(file, clicked)]


def rule_queries(directory: Path = _REPOSITORY / "observability/prometheus/rules") -> list[Query]:
    """Of every recording and alerting rule."""
    return [query for file in rule_files(directory) for query in queries_of_rules(file)]
