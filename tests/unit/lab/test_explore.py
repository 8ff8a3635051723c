"""Ready questions: what Grafana reads in a link, and what an API is asked without one."""

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from lab.explore import LINKS, ExploreLink, grafana_url, links, logs_link_template, trace_link_template

GRAFANA = "http://127.0.0.1:3000"
WORKBENCH = "http://127.0.0.1:8000"
WITHOUT_GRAFANA = {"workbench": WORKBENCH}
WITH_GRAFANA = WITHOUT_GRAFANA | {"grafana": GRAFANA}
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def parameters(url: str) -> Mapping[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query, strict_parsing=True).items()}


def pane(url: str) -> dict[str, Any]:
    """The only pane, as Explore takes it from its address."""
    assert urlsplit(url).path == "/explore"
    told = parameters(url)
    assert told["schemaVersion"] == "1"
    assert told["orgId"] == "1"
    ((name, content),) = json.loads(told["panes"]).items()
    # Explore gives any other pane a name of its own and changes the address.
    assert len(name) == 3
    assert name.isalpha()
    assert isinstance(content, dict)
    return content


def link(title: str) -> ExploreLink:
    (found,) = (link for link in LINKS if link.title == title)
    return found


@pytest.mark.parametrize("question", LINKS, ids=lambda question: question.title)
def test_explore_gets_the_query_for_its_data_source(question: ExploreLink) -> None:
    content = pane(grafana_url(question, GRAFANA))
    (query,) = content["queries"]
    uid = question.data_source
    assert content["datasource"] == uid
    assert query["datasource"] == {"type": uid, "uid": uid}
    assert question.query in (query.get("expr"), query.get("query"), query.get("serviceMapQuery"))
    assert content["range"] == {"from": f"now-{question.minutes}m", "to": "now"}


def test_titles_are_different() -> None:
    assert len({question.title for question in LINKS}) == len(LINKS)


def test_a_value_of_now_is_an_instant_query() -> None:
    (query,) = pane(grafana_url(link("Who calls whom"), GRAFANA))["queries"]
    assert (query["instant"], query["range"]) == (True, False)


def test_templates_hold_the_placeholder_where_the_id_belongs() -> None:
    (trace,) = pane(trace_link_template(WITH_GRAFANA).replace("{trace_id}", TRACE))["queries"]
    assert (trace["queryType"], trace["query"]) == ("traceql", TRACE)
    (lines,) = pane(logs_link_template(WITH_GRAFANA).replace("{trace_id}", TRACE))["queries"]
    assert lines["expr"] == f'{{service=~".+"}} |= "{TRACE}" | json'


@pytest.mark.parametrize("template", [trace_link_template, logs_link_template])
@pytest.mark.parametrize("backends", [WITH_GRAFANA, WITHOUT_GRAFANA], ids=["with Grafana", "without Grafana"])
def test_a_template_has_no_other_braces(
    template: Callable[[Mapping[str, str]], str], backends: Mapping[str, str]
) -> None:
    made = template(backends)
    assert made.count("{") == made.count("}") == made.count("{trace_id}") == 1


def test_with_a_grafana_every_link_leads_there() -> None:
    assert {found.url.partition("?")[0] for found in links(WITH_GRAFANA)} == {f"{GRAFANA}/explore"}


def test_without_a_grafana_each_link_leads_to_the_page_of_the_workbench_that_answers() -> None:
    found = {found.title: found.url for found in links(WITHOUT_GRAFANA)}
    assert list(found) == [question.title for question in LINKS]
    assert found["This trace"] == f"{WORKBENCH}/trace/{{trace_id}}"
    assert found["Service map"] == f"{WORKBENCH}/map?from=now-15m&to=now"
    for question in LINKS:
        if question.title not in ("This trace", "Service map"):
            address = found[question.title].replace("{trace_id}", TRACE)
            assert address.startswith(f"{WORKBENCH}/explore?")
            told = parameters(address)
            assert (told["from"], told["to"]) == (f"now-{question.minutes}m", "now")
            assert json.loads(told["left"]) == {
                "source": question.data_source,
                "query": question.query.replace("{trace_id}", TRACE),
                "view": question.view,
            }


def test_without_a_grafana_a_page_leads_to_the_trace_and_to_its_lines_in_the_workbench() -> None:
    assert trace_link_template(WITHOUT_GRAFANA).replace("{trace_id}", TRACE) == f"{WORKBENCH}/trace/{TRACE}"
    lines = logs_link_template(WITHOUT_GRAFANA).replace("{trace_id}", TRACE)
    assert lines.startswith(f"{WORKBENCH}/logs?")
    assert parameters(lines) == {
        "query": f'{{service=~".+"}} |= "{TRACE}" | json',
        "from": "now-360m",
        "to": "now",
    }
