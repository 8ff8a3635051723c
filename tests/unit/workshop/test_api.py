"""The workshop's server: who may do what, what a wrong request hears, and what nobody but the instructor learns."""

import json

import pytest

from lab.faults.catalogue import read_catalogue
from workshop.app import build_app
from workshop.roster import Roster

SECRET = "the instructor's secret"
INSTRUCTOR = {"Authorization": f"Bearer {SECRET}"}
ADA = "a" * 32
REPORT = {
    "lab": {"up": True, "healthy": 5, "of": 5, "problem": ""},
    "exercises": {"solved": 0, "of": 24, "points": 0, "points_possible": 500, "at": ""},
    "on": [],
    "answers": [],
}
ON = {"to": {"everybody": True}, "do": "on", "fault": "lost-spans", "set": {"service": "frontend"}}


@pytest.fixture
def client(tmp_path):
    return build_app(Roster(tmp_path / "roster.json"), SECRET).test_client()


@pytest.fixture
def joined(client):
    assert client.post("/api/join", json={"name": "ada", "team": "red", "token": ADA}).status_code == 200
    return client


def as_ada(client, path, content):
    return client.post(path, json=content, headers={"Authorization": f"Bearer {ADA}"})


def test_a_learner_joins_reports_and_leaves(joined):
    assert as_ada(joined, "/api/report", REPORT).json == {"orders": []}
    assert [one["name"] for one in joined.get("/api/roster").json["learners"]] == ["ada"]
    assert as_ada(joined, "/api/leave", {}).status_code == 200
    assert joined.get("/api/roster").json == {"learners": []}


def test_the_instructor_orders_and_hears_what_became_of_it(joined):
    given = joined.post("/api/instructor/orders", json=ON, headers=INSTRUCTOR)
    assert given.json == {"given": ["ada"]}

    [order] = as_ada(joined, "/api/report", REPORT).json["orders"]
    assert {**order, "id": 0} == {"id": 0, "do": "on", "fault": "lost-spans", "set": {"service": "frontend"}}
    answered = {**REPORT, "on": ["lost-spans"], "answers": [{"id": order["id"], "state": "done", "says": ""}]}
    assert as_ada(joined, "/api/report", answered).json == {"orders": []}
    [ada] = joined.get("/api/instructor/roster", headers=INSTRUCTOR).json["learners"]
    assert (ada["on"], ada["order"]["state"]) == (["lost-spans"], "done")


def test_nothing_that_a_learner_can_ask_names_a_fault(joined):
    joined.post("/api/instructor/orders", json=ON, headers=INSTRUCTOR)
    as_ada(joined, "/api/report", {**REPORT, "on": ["lost-spans"]})

    for path in ("/", "/instructor", "/api/roster"):
        told = joined.get(path).text
        assert not [name for name in read_catalogue() if name in told]
        assert SECRET not in told


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer guess"}, {"Authorization": f"Bearer {ADA}"}])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/instructor/roster"),
        ("GET", "/api/instructor/faults"),
        ("GET", "/api/instructor/exercises"),
        ("POST", "/api/instructor/orders"),
        ("POST", "/api/instructor/remove"),
    ],
)
def test_without_the_secret_nobody_is_the_instructor(joined, method, path, headers):
    answer = joined.open(path, method=method, json=ON if method == "POST" else None, headers=headers)

    assert answer.status_code == 403
    assert "secret address" in answer.json["error"]
    assert list(answer.json) == ["error"]


def test_every_instructors_route_is_among_those(client):
    rules = [rule for rule in client.application.url_map.iter_rules() if rule.rule.startswith("/api/instructor")]

    assert len(rules) == 5


@pytest.mark.parametrize(
    ("content", "hears"),
    [
        ({**ON, "to": {}}, "'to' is"),
        ({**ON, "to": {"team": "red", "learner": "ada"}}, "'to' is"),
        ({**ON, "do": "explode"}, "'do' is one of on, off, clear, reset"),
        ({**ON, "fault": None}, "'fault' is missing"),
        ({**ON, "fault": "lost-span"}, "did you mean lost-spans"),
        ({**ON, "set": {"share": "7"}}, "at most"),
        ({**ON, "set": {"colour": "red"}}, "no parameter"),
        ({**ON, "set": "all"}, "'set' is an object"),
    ],
)
def test_an_order_that_cannot_be_is_refused_with_a_reason_and_given_to_nobody(joined, content, hears):
    answer = joined.post("/api/instructor/orders", json=content, headers=INSTRUCTOR)

    assert answer.status_code == 400
    assert hears in answer.json["error"]
    assert as_ada(joined, "/api/report", REPORT).json == {"orders": []}


def test_an_order_for_nobody_says_so(joined):
    answer = joined.post("/api/instructor/orders", json={**ON, "to": {"team": "blue"}}, headers=INSTRUCTOR)

    assert (answer.status_code, answer.json) == (404, {"error": "nobody is in a team 'blue'"})


@pytest.mark.parametrize(
    ("content", "status", "hears"),
    [
        ({"name": "Ada", "token": "b" * 32}, 409, "choose another name"),
        ({"name": "", "token": ADA}, 400, "'name' is empty"),
        ({"name": "bob", "team": "<i>", "token": "b" * 32}, 400, "'team' has letters"),
        ({"name": "bob"}, 400, "'token' is a secret"),
        ({"name": "bob", "token": "short"}, 400, "'token' is a secret"),
    ],
)
def test_who_cannot_join_hears_why(joined, content, status, hears):
    answer = joined.post("/api/join", json=content)

    assert answer.status_code == status
    assert hears in answer.json["error"]


@pytest.mark.parametrize(
    ("change", "hears"),
    [
        ({"lab": None}, "'lab' is an object"),
        ({"lab": {**REPORT["lab"], "up": 1}}, "'up' is true or false"),
        ({"exercises": {**REPORT["exercises"], "points": -1}}, "'points' is a whole number"),
        ({"exercises": {**REPORT["exercises"], "points": True}}, "'points' is a whole number"),
        ({"exercises": {**REPORT["exercises"], "at": "x" * 301}}, "'at' is a text"),
        ({"on": ["x"] * 101}, "'on' is a list"),
        ({"answers": [{"id": 1, "state": "eaten"}]}, "'state' of an answer"),
    ],
)
def test_a_report_that_is_none_is_refused(joined, change, hears):
    answer = as_ada(joined, "/api/report", {**REPORT, **change})

    assert answer.status_code == 400
    assert hears in answer.json["error"]


@pytest.mark.parametrize(
    ("body", "type", "status", "hears"),
    [
        (b"{", "application/json", 400, "no JSON"),
        (b"[1]", "application/json", 400, "no object"),
        (b"[" * 50_000, "application/json", 400, "no JSON"),
        (b"{}", "text/plain", 400, "Content-Type: application/json"),
        (b'"' + b"x" * 70_000 + b'"', "application/json", 413, "at most 65536 bytes"),
    ],
)
def test_a_body_that_is_no_small_json_object_hears_what_one_is(client, body, type, status, hears):
    answer = client.post("/api/join", data=body, content_type=type)

    assert answer.status_code == status
    assert hears in answer.json["error"]


@pytest.mark.parametrize(
    "headers", [{"Origin": "http://elsewhere.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}]
)
def test_a_page_of_somebody_else_changes_nothing(joined, headers):
    answer = joined.post("/api/instructor/orders", json=ON, headers={**INSTRUCTOR, **headers})

    assert answer.status_code == 403
    assert "another page" in answer.json["error"]
    assert as_ada(joined, "/api/report", REPORT).json == {"orders": []}


def test_the_workshops_own_page_may(joined):
    own = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}

    assert joined.post("/api/instructor/orders", json=ON, headers={**INSTRUCTOR, **own}).status_code == 200


def test_a_token_that_nobody_has_is_not_found_and_one_that_was_removed_is_gone(joined):
    assert joined.post("/api/report", json=REPORT, headers={"Authorization": "Bearer x"}).status_code == 404
    joined.post("/api/instructor/remove", json={"learner": "ada"}, headers=INSTRUCTOR)
    assert as_ada(joined, "/api/report", REPORT).status_code == 410


def test_the_answer_key_has_every_fault_and_no_flag(client):
    told = client.get("/api/instructor/faults", headers=INSTRUCTOR)

    assert [one["name"] for one in told.json["faults"]] == list(read_catalogue())
    flags = [fault.flag for fault in read_catalogue().values() if fault.flag != fault.name]
    assert not [flag for flag in flags if json.dumps(flag) in told.text]


def test_the_answer_key_has_the_solution_of_every_task(client):
    from lab.exercises.loader import read_exercises

    told = client.get("/api/instructor/exercises", headers=INSTRUCTOR).json["exercises"]

    expected = [[task.solution for task in exercise.tasks] for exercise in read_exercises().values()]
    assert [[task["solution"] for task in one["tasks"]] for one in told] == expected


@pytest.mark.parametrize("path", ["/", "/instructor", "/api/roster", "/api/instructor/roster", "/nowhere"])
def test_every_answer_lets_only_our_own_files_run(client, path):
    headers = client.get(path).headers

    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "path", ["/workshop/static/../app.py", "/workbench/static/../app.py", "/workshop/static/nothing.js", "/lab/cli.py"]
)
def test_files_come_from_the_two_folders_only(client, path):
    for good in ("/workshop/static/workshop.css", "/workbench/static/ui/dom.js"):
        with client.get(good) as answer:
            assert answer.status_code == 200
    assert client.get(path).status_code == 404
