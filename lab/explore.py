"""Ready questions to the lab's telemetry, and the links that ask them.

Those about any system are here; what is asked about one system stands in its systems/*/questions.yaml. A link opens
Explore, with the query in its editor, to look at and to change: Grafana's where there is one, else the workbench's.
`docs/explore.md` is made from all of them, `lab status` shows those about the systems that run.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args
from urllib.parse import quote

from lab import workbench_links
from lab.manifest import discover
from lab.paths import SYSTEMS
from lab.workbench_links import TRACE_ID
from lab.yaml_document import ContentError, Item, read_yaml

FILE_NAME = "questions.yaml"

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
    #: The system it asks about; empty when it is about any.
    system: str = ""


@dataclass(frozen=True)
class Link:
    """A title and an address to open."""

    title: str
    url: str


_FAILED_LINES = '{service=~".+", level=~"warning|error"}'

#: About any system.
GENERAL: tuple[ExploreLink, ...] = (
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
        "One request through all services, span by span.",
        "tempo",
        "trace",
        TRACE_ID,
        minutes=60,
    ),
    ExploreLink(
        "Service map",
        "The services and the calls between them, with rate, errors and time on each.",
        "tempo",
        "service map",
        '{client=~".+"}',
    ),
)


def questions(systems: Iterable[str], folder: Path = SYSTEMS) -> list[ExploreLink]:
    """About these systems, one after the other, and then about any. A file that somebody is just writing keeps nobody
    from the others."""
    return [*_look_through(systems, folder)[0], *GENERAL]


def unusable_questions(systems: Iterable[str], folder: Path = SYSTEMS) -> list[str]:
    """Why files of these systems cannot be used, each with its place."""
    return _look_through(systems, folder)[1]


def _look_through(systems: Iterable[str], folder: Path) -> tuple[list[ExploreLink], list[str]]:
    own: list[ExploreLink] = []
    problems = []
    for name in systems:
        try:
            own += _own(folder / name / FILE_NAME, name)
        except ContentError as error:
            problems.append(str(error))
    return own, problems


def every_question() -> list[ExploreLink]:
    """About all systems that there are."""
    return questions(discover())


def _own(path: Path, system: str) -> list[ExploreLink]:
    return [_link(item, system) for item in read_yaml(path).items()] if path.exists() else []


def _link(item: Item, system: str) -> ExploreLink:
    entries = item.mapping(
        required=("title", "tells", "data_source", "view", "query"), optional=("minutes", "empty_when_healthy")
    )
    return ExploreLink(
        title=entries["title"].text(),
        tells=entries["tells"].text(),
        data_source=entries["data_source"].one_of(get_args(DataSource)),
        view=entries["view"].one_of(get_args(View)),
        query=entries["query"].text(),
        minutes=entries["minutes"].whole(1, 1440) if "minutes" in entries else ExploreLink.minutes,
        empty_when_healthy=entries["empty_when_healthy"].text() if "empty_when_healthy" in entries else "",
        system=system,
    )


def links(backends: Mapping[str, str], systems: Iterable[str]) -> list[Link]:
    """All about these systems, for a lab with these backends: into its Grafana, or where none runs, into the
    workbench."""
    grafana, workbench = backends.get("grafana"), backends["workbench"]
    return [
        Link(link.title, grafana_url(link, grafana) if grafana else workbench_url(link, workbench))
        for link in questions(systems)
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
    (link,) = (link for link in GENERAL if link.title == title)
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
