"""Ready questions to the lab's telemetry: one list, and the links that ask them.

A link opens Explore, with the query in its editor, to look at and to change: Grafana's where there is one, else the
workbench's. `docs/explore.md` is made from this list, `lab status` shows it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

from lab import workbench_links
from lab.workbench_links import TRACE_ID

#: What is drawn: values over time, values now, log lines, a table of traces or of spans, one trace, services and calls.
View = Literal["graph", "now", "lines", "traces", "spans", "trace", "service map"]

#: The uids in grafana/provisioning/datasources/lab.yml.
DataSource = Literal["prometheus", "loki", "tempo"]

#: Explore accepts ids of three letters for its panes.
_PANE = "lab"


@dataclass(frozen=True)
class ExploreLink:
    """One question. `{trace_id}` in the query is to be replaced by whoever follows the link."""

    title: str
    #: What the answer tells, in a sentence.
    tells: str
    data_source: DataSource
    view: View
    #: PromQL, LogQL or TraceQL. Of a service map: the selector of its edges.
    query: str
    minutes: int = 15
    #: Why there may be no answer in a healthy lab; empty when there has to be one.
    empty_when_healthy: str = ""


@dataclass(frozen=True)
class Link:
    """A title and an address to open."""

    title: str
    url: str


_FAILED_LINES = '{service=~".+", level=~"warning|error"}'

LINKS: tuple[ExploreLink, ...] = (
    ExploreLink(
        "Requests per second by service",
        "How busy each tier is. Behind a cache the backend does more than the database.",
        "prometheus",
        "graph",
        "service:requests:rate1m",
    ),
    ExploreLink(
        "Error rate by route",
        "Which route fails, as a share of its requests. An error is a 5xx; 0 is what it should be.",
        "prometheus",
        "graph",
        "service_route:errors:ratio1m",
    ),
    ExploreLink(
        "p95 by service",
        "What 95 of 100 requests stay below, tier by tier. A tier's time contains that of the tiers under it.",
        "prometheus",
        "graph",
        "service:request_duration_seconds:p95_1m",
    ),
    ExploreLink(
        "p99 by route, with exemplars",
        "The slowest of the entry's requests. Each dot is one request: a click on it opens its trace.",
        "prometheus",
        "graph",
        "histogram_quantile(0.99, sum by (endpoint, le) (rate(frontend_request_duration_seconds_bucket[1m])))",
    ),
    ExploreLink(
        "Cache hit ratio",
        "The share of lookups that never reach the database. When it falls, the database gets busier.",
        "prometheus",
        "graph",
        "service:cache_hits:ratio1m",
    ),
    ExploreLink(
        "Mean time of a query by table",
        "How long the database takes to execute, without waiting for a connection.",
        "prometheus",
        "graph",
        "service_table:query_duration_seconds:mean1m",
    ),
    ExploreLink(
        "Who calls whom",
        "Calls per second between services, made from spans: the edges of the service graph as a table.",
        "prometheus",
        "now",
        "sum by (client, server) (rate(traces_service_graph_request_total[5m]))",
    ),
    ExploreLink(
        "Error budget that is left",
        "1 is all of it, 0 nothing: how much of what the objectives allow has not been used up in six hours.",
        "prometheus",
        "now",
        "slo:error_budget_remaining:ratio",
        minutes=60,
    ),
    ExploreLink(
        "What telemetry was dropped",
        "Log lines and spans that a service gave up, by reason. Anything above 0 means that pictures have holes.",
        "prometheus",
        "now",
        "sum by (service, signal, reason) (increase(lab_telemetry_dropped_total[15m]))",
    ),
    ExploreLink(
        "Lines of errors with their trace",
        "Every warning and error of every service. Open a line: its trace is one click away.",
        "loki",
        "lines",
        _FAILED_LINES + " | json",
    ),
    ExploreLink(
        "Errors by type and service",
        "The same lines, counted in a minute: which kind of trouble, and where it is noticed.",
        "loki",
        "graph",
        "sum by (service, error_type) (count_over_time(" + _FAILED_LINES + " | json [1m]))",
    ),
    ExploreLink(
        "Slowest answers in the log",
        "Lines of requests that took more than 20 ms, with the time in front.",
        "loki",
        "lines",
        '{service=~".+"} |= "duration_ms" | json | duration_ms > 20 | line_format "{{.duration_ms}} ms  {{.message}}"',
    ),
    ExploreLink(
        "Faults and deploys",
        "What was done to the lab, by `lab annotate`: look here first when something changed.",
        "loki",
        "lines",
        '{service="lab"} | json | kind=~"fault|deploy"',
        minutes=60,
        empty_when_healthy="nothing was annotated yet: python3 lab annotate",
    ),
    ExploreLink(
        "Logs of this trace",
        "What every service wrote while it worked on one request.",
        "loki",
        "lines",
        f'{{service=~".+"}} |= "{TRACE_ID}" | json',
        # A page with this link may have been open for a while.
        minutes=360,
    ),
    ExploreLink(
        "This trace",
        "One request through all tiers, span by span.",
        "tempo",
        "trace",
        TRACE_ID,
        minutes=60,
    ),
    ExploreLink(
        "Slowest traces of the last 15 minutes",
        "Requests of the entry service that took more than 30 ms.",
        "tempo",
        "traces",
        '{ resource.service.name = "frontend" && kind = server && duration > 30ms }',
    ),
    ExploreLink(
        "Requests that crossed all tiers and failed",
        "Answers of 400 and above for which even the database was asked: no cache could help, and nothing was found.",
        "tempo",
        "traces",
        '{ resource.service.name = "frontend" && span.http.response.status_code >= 400 }'
        ' >> { resource.service.name = "database" && kind = server }',
    ),
    ExploreLink(
        "Requests that no cache answered",
        "The database worked for them: compare their time with the others'.",
        "tempo",
        "traces",
        '{ resource.service.name = "backend" && kind = server } >> { name = "query_execution" }',
    ),
    ExploreLink(
        "Spans of one user",
        "Everything done for user 123, in any tier. Put another number in.",
        "tempo",
        "spans",
        '{ span.url.path =~ ".*/user/123" }',
    ),
    ExploreLink(
        "Queries that scanned a whole table",
        "Spans whose plan reads every row, with the plan: the first suspects when the database is slow.",
        "tempo",
        "spans",
        '{ span.db.query.plan.access = "scan" } | select(span.db.query.plan, span.db.collection.name)',
        empty_when_healthy="every query of the chain finds an index: none is good",
    ),
    ExploreLink(
        "Time by step",
        "p95 of each child span in the database: which step of a query takes the time.",
        "tempo",
        "graph",
        '{ resource.service.name = "database" && kind = internal } | quantile_over_time(duration, .95) by (name)',
    ),
    ExploreLink(
        "Service map",
        "The services and the calls between them, with rate, errors and time on each.",
        "tempo",
        "service map",
        '{client=~".+"}',
    ),
)


def links(backends: Mapping[str, str]) -> list[Link]:
    """The whole list for a lab with these backends: into its Grafana, or where none runs, into the workbench."""
    grafana, workbench = backends.get("grafana"), backends["workbench"]
    return [
        Link(link.title, grafana_url(link, grafana) if grafana else workbench_url(link, workbench)) for link in LINKS
    ]


def trace_link_template(backends: Mapping[str, str]) -> str:
    """Opens one trace; `{trace_id}` stands for its id."""
    link, grafana = _question("This trace"), backends.get("grafana")
    return grafana_url(link, grafana) if grafana else workbench_url(link, backends["workbench"])


def logs_link_template(backends: Mapping[str, str]) -> str:
    """Opens every service's log lines of one trace; `{trace_id}` stands for its id."""
    link, grafana = _question("Logs of this trace"), backends.get("grafana")
    if grafana:
        return grafana_url(link, grafana)
    return workbench_links.logs_address(backends["workbench"], link.query, link.minutes)


def _question(title: str) -> ExploreLink:
    (link,) = (link for link in LINKS if link.title == title)
    return link


def grafana_url(link: ExploreLink, base: str) -> str:
    """The address of Explore with the link's query in it. Source: the state that Explore keeps in its own address."""
    pane = {
        "datasource": link.data_source,
        "queries": [explore_query(link)],
        "range": {"from": f"now-{link.minutes}m", "to": "now"},
    }
    panes = json.dumps({_PANE: pane}, separators=(",", ":"))
    return f"{base}/explore?schemaVersion=1&panes={_encode(panes)}&orgId=1"


def explore_query(link: ExploreLink) -> dict[str, object]:
    """The query as the data source's editor in Grafana keeps it."""
    common: dict[str, object] = {
        "refId": "A",
        "datasource": {"type": link.data_source, "uid": link.data_source},
    }
    if link.data_source == "prometheus":
        now = link.view == "now"
        return common | {
            "expr": link.query,
            "range": not now,
            "instant": now,
            "exemplar": not now,
            "editorMode": "code",
        }
    if link.data_source == "loki":
        return common | {"expr": link.query, "queryType": "range", "editorMode": "code"}
    if link.view == "service map":
        return common | {"queryType": "serviceMap", "serviceMapQuery": link.query}
    table = {"tableType": "spans" if link.view == "spans" else "traces"} if link.view in ("traces", "spans") else {}
    return common | {"queryType": "traceql", "query": link.query, "limit": 20} | table


def workbench_url(link: ExploreLink, base: str) -> str:
    """The address of the workbench's page that answers the question."""
    if link.view == "trace":
        return workbench_links.trace_address(base, link.query)
    if link.view == "service map":
        return workbench_links.map_address(base, link.minutes)
    return workbench_links.explore_address(base, link.data_source, link.query, link.view, link.minutes)


def _encode(text: str) -> str:
    """Percent-encoded, but for the placeholder, which has to stay recognizable."""
    return quote(text, safe="").replace(quote(TRACE_ID, safe=""), TRACE_ID)
