"""Ready questions: what Grafana reads in a link, and what an API is asked without one."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from lab.explore import (
    GENERAL,
    ExploreLink,
    every_question,
    grafana_url,
    links,
    logs_link_template,
    questions,
    trace_link_template,
    unusable_questions,
)
from lab.manifest import discover

SYSTEMS = tuple(discover())
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
    (found,) = (link for link in every_question() if link.title == title)
    return found


@pytest.mark.parametrize("question", every_question(), ids=lambda question: question.title)
def test_explore_gets_the_query_for_its_data_source(question: ExploreLink) -> None:
    content = pane(grafana_url(question, GRAFANA))
    (query,) = content["queries"]
    uid = question.data_source
    assert content["datasource"] == uid
    assert query["datasource"] == {"type": uid, "uid": uid}
    assert question.query in (query.get("expr"), query.get("query"), query.get("serviceMapQuery"))
    assert content["range"] == {"from": f"now-{question.minutes}m", "to": "now"}


def test_titles_are_different() -> None:
    assert len({question.title for question in every_question()}) == len(every_question())


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
    assert {found.url.partition("?")[0] for found in links(WITH_GRAFANA, SYSTEMS)} == {f"{GRAFANA}/explore"}


def test_without_a_grafana_each_link_leads_to_the_page_of_the_workbench_that_answers() -> None:
    found = {found.title: found.url for found in links(WITHOUT_GRAFANA, SYSTEMS)}
    assert list(found) == [question.title for question in every_question()]
    assert found["This trace"] == f"{WORKBENCH}/trace/{{trace_id}}"
    assert found["Service map"] == f"{WORKBENCH}/map?from=now-15m&to=now"
    for question in every_question():
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


def test_a_lab_is_asked_about_the_systems_that_run_in_it_and_about_what_any_has() -> None:
    for system in SYSTEMS:
        asked = questions([system])
        assert {question.system for question in asked} == {system, ""}
        assert asked[-len(GENERAL) :] == list(GENERAL)
        assert len(asked) > len(GENERAL)


def test_a_system_of_ones_own_needs_no_questions(tmp_path: Path) -> None:
    assert questions(["shop"], tmp_path) == list(GENERAL)


def test_a_file_that_cannot_be_used_is_told_with_its_place_and_keeps_nobody_from_the_others(tmp_path: Path) -> None:
    usable = "{title: Sales, tells: How many., data_source: prometheus, view: now, query: sum(sales)}"
    for system, text in {"shop": f"- {usable}", "bank": f"- {usable.replace('prometheus', 'oracle')}"}.items():
        (tmp_path / system).mkdir()
        (tmp_path / system / "questions.yaml").write_text(text)

    assert [question.system for question in questions(["bank", "shop"], tmp_path)] == ["shop", *[""] * len(GENERAL)]
    (problem,) = unusable_questions(["bank", "shop"], tmp_path)
    assert "bank/questions.yaml:1: [0].data_source: expected one of prometheus, loki, tempo, not 'oracle'" in problem


def test_all_of_ours_can_be_used() -> None:
    assert unusable_questions(SYSTEMS) == []
