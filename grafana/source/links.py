"""Links: between dashboards, from a series to another dashboard, into Explore. None loses the time range."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from grafana_foundation_sdk.builders.dashboard import DashboardLink
from grafana_foundation_sdk.models.common import DataSourceRef
from grafana_foundation_sdk.models.dashboard import DashboardLinkType

from grafana.source.datasources import LOKI, TEMPO
from grafana.source.directory import COMMON_TAG, DIRECTORY

#: In place of a service's name: the one that the clicked series is of.
OF_CLICKED_SERIES = "${__field.labels.service}"

#: A Grafana variable, in the form that quoting leaves of it.
_QUOTED_VARIABLE = re.compile(r"%24%7B([A-Za-z0-9_.%]+?)%7D")


def to_neighbour(uid: str, parameters: Sequence[str]) -> DashboardLink:
    """At the top of a dashboard, to dashboard `uid`. `parameters` are parts of the address that set its variables."""
    return (
        DashboardLink(DIRECTORY[uid].title)
        .type(DashboardLinkType.LINK)
        .icon("dashboard")
        .tooltip("Same time range, same choices")
        .url(f"/d/{uid}" + ("?" + "&".join(parameters) if parameters else ""))
        .keep_time(True)
    )


def to_all_dashboards() -> DashboardLink:
    """A drop-down of everything with the common tag. It keeps the time only: `/user/<id>` is a route of the frontend,
    and would leave the dashboard of another service empty."""
    return (
        DashboardLink("All dashboards")
        .type(DashboardLinkType.DASHBOARDS)
        .icon("external link")
        .tags([COMMON_TAG])
        .as_dropdown(True)
        .keep_time(True)
    )


def to_dashboard(uid: str, title: str = "", **variables: str) -> DashboardLink:
    """A data link to dashboard `uid` with variables set, such as `service="${__field.labels.service}"`."""
    entry = DIRECTORY[uid]
    chosen = "".join(f"&var-{name}={value}" for name, value in variables.items())
    return DashboardLink(title or entry.title).url(f"/d/{uid}?${{__url_time_range}}{chosen}")


def to_tier(title: str = "Dashboard of ${__field.labels.service}", **variables: str) -> DashboardLink:
    """A data link from a series with the label `service`, one of the chain's tiers, to the dashboard of that tier."""
    chosen = "".join(f"&var-{name}={value}" for name, value in variables.items())
    return DashboardLink(title).url(f"/d/chain-${{__field.labels.service}}?${{__url_time_range}}{chosen}")


def to_dashboard_of_cell(title: str) -> DashboardLink:
    """A data link from a cell that names one of the chain's tiers to the dashboard of that tier."""
    return DashboardLink(title).url("/d/chain-${__value.raw}?${__url_time_range}")


def to_alert_rules() -> DashboardLink:
    """A data link from a cell with the name of an alert to its rule: what it means, what to look at first."""
    return DashboardLink("The rule, and what to look at first").url("/alerting/list?search=${__value.raw}")


def to_firing_alerts() -> DashboardLink:
    """A data link to Grafana's list of rules, those that fire."""
    return DashboardLink("What fires, and what to look at first").url("/alerting/list?search=state:firing")


def to_logs(title: str, logql: str) -> DashboardLink:
    """A data link to Explore with log lines. Variables such as `${__field.labels.service}` may stand in `logql`."""
    return _to_explore(title, LOKI, {"expr": logql, "queryType": "range"})


def to_traces(title: str, traceql: str) -> DashboardLink:
    """A data link to Explore with a TraceQL search."""
    query = {"query": traceql, "queryType": "traceql", "limit": 20, "tableType": "traces", "filters": []}
    return _to_explore(title, TEMPO, query)


def logs_of(service: str, levels: str = "") -> DashboardLink:
    """A data link to what a service says, or to what it says on these levels (a regular expression)."""
    selector = f'{{service="{service}"' + (f', level=~"{levels}"' if levels else "") + "}"
    return to_logs(f"{'Warnings and errors' if levels else 'Log lines'} of {service}", f"{selector} | json")


def slow_traces_of(service: str) -> DashboardLink:
    condition = f'resource.service.name = "{service}" && kind = server && span:duration > 50ms'
    return to_traces(f"Slow traces through {service}", f"{{ {condition} }}")


def failed_traces_of(service: str) -> DashboardLink:
    return to_traces(f"Failed traces through {service}", f'{{ resource.service.name = "{service}" && status = error }}')


def _to_explore(title: str, datasource: DataSourceRef, query: Mapping[str, object]) -> DashboardLink:
    reference = {"type": datasource.type_val, "uid": datasource.uid}
    pane = {
        "datasource": datasource.uid,
        "queries": [{"refId": "A", "datasource": reference, **query}],
        "range": {"from": "${__from}", "to": "${__to}"},
    }
    quoted = quote(json.dumps({"link": pane}, separators=(",", ":")), safe="")
    # Grafana fills in variables before the browser decodes the address, so they have to stay readable for it.
    panes = _QUOTED_VARIABLE.sub(lambda found: "${" + found[1].replace("%3A", ":") + "}", quoted)
    return DashboardLink(title).url(f"/explore?schemaVersion=1&orgId=1&panes={panes}")
