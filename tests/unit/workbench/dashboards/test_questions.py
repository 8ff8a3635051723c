"""The server says what the panels of a dashboard ask; the tests of every query ask the same."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from starlette.applications import Starlette

from grafana.query_catalogue import dashboard_files, dashboard_queries, minutes_of
from lab.paths import REPOSITORY
from tests.unit.workbench.asking import Answer, ask
from workbench import dashboards

DIRECTORY = REPOSITORY / "grafana/dashboards"
FILES = {file.stem: file for file in dashboard_files(DIRECTORY)}
LANGUAGES = {"prometheus": "promql", "loki": "logql", "tempo": "traceql"}


def get(path: str, directory: Path = DIRECTORY, **parameters: Any) -> Answer:
    query = urlencode({name.replace("_", "-"): value for name, value in parameters.items()}, doseq=True)
    return ask(Starlette(routes=dashboards.routes(directory)), "GET", f"{path}?{query}")


def questions(uid: str, **parameters: Any) -> dict[str, Any]:
    answer = get(f"/api/dashboards/{uid}/questions", **parameters)
    assert answer.status == 200, answer.body
    content = answer.json()
    assert isinstance(content, dict)
    return content


def text_of(uid: str, title: str, letter: str = "A", **parameters: Any) -> str:
    (panel,) = [panel for panel in json.loads(FILES[uid].read_text())["panels"] if panel["title"] == title]
    (text,) = [q["text"] for q in questions(uid, **parameters)["panels"][str(panel["id"])] if q["ref_id"] == letter]
    assert isinstance(text, str)
    return text


@pytest.mark.parametrize("uid", FILES)
def test_as_it_opens_a_dashboard_asks_what_the_tests_ask(uid: str) -> None:
    answer = questions(uid)
    panels = [question for of_panel in answer["panels"].values() for question in of_panel]
    found = [*panels, *answer["variables"].values(), *answer["annotations"].values()]
    expected = [query for query in dashboard_queries() if query.where.startswith(f"dashboard {uid},")]
    assert [(LANGUAGES[q["source"]], q["kind"], q["text"], q["label"]) for q in found] == [
        (query.language, query.kind, query.text, query.label) for query in expected
    ]


@pytest.mark.parametrize("uid", FILES)
def test_the_json_is_the_committed_one(uid: str) -> None:
    answer = get(f"/api/dashboards/{uid}")
    assert answer.body == FILES[uid].read_bytes()
    assert answer.headers["content-type"] == "application/json"


def test_the_list_tells_title_description_and_tags_of_all() -> None:
    found = get("/api/dashboards").json()
    assert {entry["uid"] for entry in found} == set(FILES)
    (overview,) = [entry for entry in found if entry["uid"] == "chain-overview"]
    document = json.loads(FILES["chain-overview"].read_text())
    assert overview == {name: document[name] for name in ("uid", "title", "description", "tags")}


@pytest.mark.parametrize("path", ["nothing", "..", "chain-overview.json"])
@pytest.mark.parametrize("suffix", ["", "/questions"])
def test_an_unknown_dashboard_is_not_found_and_the_known_ones_are_named(path: str, suffix: str) -> None:
    answer = get(f"/api/dashboards/{path}{suffix}")
    assert answer.status == 404
    assert answer.json()["errorType"] == "not_found"
    assert "chain-overview" in answer.json()["error"]


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({"range": "soon"}, "range is 'soon', but has to be a whole number from 1 to 31622400"),
        ({"range": 0}, "range is '0', but has to be a whole number from 1 to 31622400"),
        ({"points": -1}, "points is '-1', but has to be a whole number from 0 to 11000"),
        ({"range": "١"}, "range is '١', but has to be a whole number from 1 to 31622400"),
        ({"step": 5}, "'step' is not known here: send range, points and var-<name>"),
        ({"var_service": "x" * 3000}, "too much for variable service: at most 500 values of 2000 letters"),
        ({"var_service": ["x"] * 600}, "too much for variable service: at most 500 values of 2000 letters"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_sentence(parameters: dict[str, Any], told: str) -> None:
    answer = get("/api/dashboards/chain-logs/questions", **parameters)
    assert (answer.status, answer.json()) == (400, {"error": told, "errorType": "bad_data"})


def test_a_variable_that_the_dashboard_does_not_have_does_no_harm() -> None:
    assert questions("chain-logs", var_percentile="0.5") == questions("chain-logs")


def test_chosen_values_stand_in_the_query_as_they_are_meant() -> None:
    title = "Requests by route"
    assert 'route=~"/user/<id>"' in text_of("chain-frontend", title, var_route="/user/<id>")
    several = text_of("chain-frontend", title, var_route=["/user/<id>", "/a.b"])
    # A dot is a dot: in a quoted regular expression its backslash is written twice.
    assert r'route=~"(/user/<id>|/a\\.b)"' in several
    assert 'route=~".+"' in text_of("chain-frontend", title, var_route="$__all")


def test_range_and_points_give_the_step() -> None:
    steps = {
        (seconds, points): {
            question["step_seconds"]
            for of_panel in questions("chain-backend", range=seconds, points=points)["panels"].values()
            for question in of_panel
        }
        for seconds, points in [(900, 720), (3600, 720), (3600, 240), (86_400, 720), (900, 0)]
    }
    assert steps == {(900, 720): {5}, (3600, 720): {5}, (3600, 240): {15}, (86_400, 720): {120}, (900, 0): {5}}
    assert "[135s]" not in text_of("chain-backend", "Business rules", range=86_400, points=720)
    assert "[125s]" in text_of("chain-backend", "Business rules", range=86_400, points=720)


def test_a_panels_own_interval_is_the_shortest_step() -> None:
    assert "[15s]" in text_of("chain-logs", "Lines by level", range=900, points=720)
    assert "[120s]" in text_of("chain-logs", "Lines by level", range=86_400, points=720)


def test_titles_and_addresses_are_filled_in_but_for_what_a_click_gives() -> None:
    words = questions("loadtest", var_percentile="0.99")["words"]
    assert words["Duration outside, ${percentile:text}"] == "Duration outside, p99"
    assert words["/d/chain-overview?${percentile:queryparam}"] == "/d/chain-overview?var-percentile=0.99"
    overview = questions("chain-overview", var_percentile="0.5")["words"]
    (address,) = [filled for filled in overview.values() if "${__field.labels.service}" in filled and "/d/" in filled]
    assert address == "/d/chain-${__field.labels.service}?${__url_time_range}&var-percentile=0.5"


def test_a_dashboard_with_a_variable_that_nothing_defines_says_so(tmp_path: Path) -> None:
    panel = {
        "id": 1,
        "title": "x",
        "targets": [{"refId": "A", "datasource": {"uid": "prometheus"}, "expr": "up{$gone}"}],
    }
    (tmp_path / "broken.json").write_text(json.dumps({"uid": "broken", "title": "Broken", "panels": [panel]}))
    answer = get("/api/dashboards/broken/questions", tmp_path)
    assert answer.status == 400
    assert "$gone in 'up{$gone}'" in answer.json()["error"]


def test_every_committed_dashboard_opens_with_a_range_in_minutes_or_hours() -> None:
    for file in FILES.values():
        assert minutes_of(json.loads(file.read_text())) in (15, 60)
