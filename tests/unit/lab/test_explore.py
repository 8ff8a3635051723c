"""Ready questions: what Grafana reads in a link, and what an API is asked without one."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from lab.explore import LINKS, ExploreLink, api_url, grafana_url, links, logs_link_template, trace_link_template

GRAFANA = "http://127.0.0.1:3000"
BACKENDS = {
    "prometheus": "http://127.0.0.1:9090",
    "loki": "http://127.0.0.1:3100",
    "tempo": "http://127.0.0.1:3200",
}
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
    (trace,) = pane(trace_link_template(GRAFANA).replace("{trace_id}", TRACE))["queries"]
    assert (trace["queryType"], trace["query"]) == ("traceql", TRACE)
    (lines,) = pane(logs_link_template(GRAFANA).replace("{trace_id}", TRACE))["queries"]
    assert lines["expr"] == f'{{service=~".+"}} |= "{TRACE}" | json'


@pytest.mark.parametrize("template", [trace_link_template(GRAFANA), logs_link_template(GRAFANA)])
def test_a_template_has_no_other_braces(template: str) -> None:
    assert template.count("{") == template.count("}") == template.count("{trace_id}") == 1


def test_with_a_grafana_every_link_leads_there() -> None:
    assert {found.url.partition("?")[0] for found in links(BACKENDS | {"grafana": GRAFANA})} == {f"{GRAFANA}/explore"}


def test_without_a_grafana_each_link_leads_to_the_api_that_answers() -> None:
    found = {found.title: found.url for found in links(BACKENDS, at_unix_seconds=1_700_000_000)}
    assert list(found) == [question.title for question in LINKS]
    assert found["This trace"] == "http://127.0.0.1:3200/api/traces/{trace_id}"
    assert found["Who calls whom"].startswith("http://127.0.0.1:9090/api/v1/query?query=sum%20by%20")
    assert found["Time by step"].startswith("http://127.0.0.1:3200/api/metrics/query_range?q=%7B%20resource")
    assert "{trace_id}" in found["Logs of this trace"]
    assert parameters(found["Cache hit ratio"]) == {
        "query": "service:cache_hits:ratio1m",
        "start": "1699999100",
        "end": "1700000000",
        "step": "15",
    }
    assert parameters(found["Spans of one user"]) == {
        "q": '{ span.url.path =~ ".*/user/123" }',
        "start": "1699999100",
        "end": "1700000000",
    }


def test_a_service_map_without_grafana_is_asked_of_its_edges() -> None:
    assert parameters(api_url(link("Service map"), BACKENDS, 0)) == {
        "query": 'sum by (client, server) (rate(traces_service_graph_request_total{client=~".+"}[5m]))'
    }
