"""What the page is told of the lab, and what a note has to be."""

import json
import tomllib

import pytest

from lab.explore import every_question
from lab.manifest import discover
from lab.paths import REPOSITORY
from tests.unit.workbench.asking import ask
from workbench.app import create_app
from workbench.settings import read_settings


def lab(**variables):
    return ask(create_app(read_settings(variables)), "GET", "/api/lab").json()


def test_the_description_is_what_manifests_dashboards_and_questions_say():
    told = lab()
    chain = discover()["chain"]

    assert told["version"] == tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["version"]
    assert (told["stack"], told["readOnly"], told["grafanaUrl"], told["alertInbox"]) == ("embedded", False, None, False)
    assert told["scrapeIntervalSeconds"] == 5
    [system] = [system for system in told["systems"] if system["name"] == "chain"]
    assert (system["title"], system["entry"]) == (chain.title, "frontend")
    assert system["services"] == [
        {
            "name": service.name,
            "address": f"http://127.0.0.1:{service.port}",
            "dependsOn": list(service.depends_on),
            "example": service.example,
            "colour": service.colour,
        }
        for service in chain.services
    ]
    assert system["backing"] == []
    assert set(system["dashboards"]) <= {dashboard["uid"] for dashboard in told["dashboards"]}
    assert len(told["dashboards"]) == len(list((REPOSITORY / "grafana/dashboards").glob("*.json")))
    assert [question["title"] for question in told["questions"]] == [link.title for link in every_question()]
    assert told["questions"][0] == {
        "title": every_question()[0].title,
        "tells": every_question()[0].tells,
        "dataSource": "prometheus",
        "view": "graph",
        "query": "service:requests:rate1m",
        "minutes": 15,
        "emptyWhenHealthy": "",
        "system": "chain",
    }


def test_a_system_tells_what_its_services_keep_things_in():
    backing = {system["name"]: system["backing"] for system in lab()["systems"]}
    assert backing["exchange"] == ["postgresql", "redis"]


def test_addresses_for_the_browser_are_those_that_are_set():
    told = lab(
        WORKBENCH_GRAFANA_URL="http://127.0.0.1:4000",
        WORKBENCH_ALERT_INBOX_URL="http://alert-inbox:9095",
        WORKBENCH_SERVICE_URLS="frontend=http://127.0.0.1:9001",
        WORKBENCH_SYSTEMS="chain",
        WORKBENCH_STACK="compose",
    )
    addresses = {service["name"]: service["address"] for service in told["systems"][0]["services"]}

    assert (told["stack"], told["grafanaUrl"], told["alertInbox"]) == ("compose", "http://127.0.0.1:4000", True)
    assert addresses["frontend"] == "http://127.0.0.1:9001"
    assert addresses["backend"] == "http://127.0.0.1:8002"
    # What only the workbench can reach is nobody else's business.
    assert "alert-inbox" not in json.dumps(told)


@pytest.mark.parametrize(
    ("variable", "text"),
    [("WORKBENCH_SYSTEMS", "chain,shop"), ("WORKBENCH_SERVICE_URLS", "cart=http://127.0.0.1:8001")],
)
def test_a_system_or_service_that_is_not_there_ends_the_start_by_name(variable, text):
    with pytest.raises(ValueError, match=rf"{variable} names a \w+ '\w+'; there are: "):
        create_app(read_settings({variable: text}))


OURS = {"Origin": "http://127.0.0.1:8000", "Content-Type": "application/json; charset=utf-8"}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", "that is no JSON"),
        (b"{", "that is no JSON"),
        (b"\xff", "that is no JSON"),
        (b'"a note"', "send an object"),
        (b"[" * 5_000, "that is no JSON"),
        (b"{}", "text is missing"),
        (b'{"text": 5}', "text is missing"),
        (b'{"text": " \\n "}', "say what happened"),
        (b'{"text": "' + b"x" * 1001 + b'"}', "at most 1000 characters"),
        (b'{"text": "\\ud800"}', "half of a character"),
        (b'{"\\ud800": 1}', "is not known here"),
        (b'{"text": "x", "kind": "outage"}', "kind is none of deploy, fault, note"),
        (b'{"text": "x", "kind": ["note"]}', "kind is none of deploy, fault, note"),
        (b'{"text": "x", "service": "cart"}', "there is no such service; there are: "),
        (b'{"text": "x", "service": 1}', "there is no such service; there are: "),
        (b'{"text": "x", "color": "red"}', "'color' is not known here"),
        (b'{"text": "' + b"x" * 10_001 + b'"}', "more than 10000 bytes"),
    ],
)
def test_a_note_that_cannot_be_is_explained(body, expected):
    answer = ask(create_app(read_settings({})), "POST", "/api/annotations", OURS, body)

    assert (answer.status, answer.json()["errorType"]) == (400, "bad_data")
    assert expected in answer.json()["error"]
