"""What the relay hands on: the APIs' questions, each by its own path, and nothing that writes or leads elsewhere."""

import pytest

from tests.unit.workbench.asking import ask
from workbench.app import create_app
from workbench.relay import ALERT_INBOX, LOKI, PROMETHEUS, TEMPO, Relay, encoded_path
from workbench.settings import read_settings

APIS = {api.name: api for api in (PROMETHEUS, LOKI, TEMPO, ALERT_INBOX)}

QUESTIONS = [
    ("prometheus", "GET", "/api/v1/query"),
    ("prometheus", "POST", "/api/v1/query_range"),
    ("prometheus", "GET", "/api/v1/query_exemplars"),
    ("prometheus", "GET", "/api/v1/label/__name__/values"),
    ("prometheus", "GET", "/api/v1/label/U__http_2e_method/values"),
    ("prometheus", "POST", "/api/v1/series"),
    ("prometheus", "GET", "/api/v1/rules"),
    ("prometheus", "GET", "/api/v1/format_query"),
    ("loki", "GET", "/loki/api/v1/query_range"),
    ("loki", "POST", "/loki/api/v1/query"),
    ("loki", "GET", "/loki/api/v1/label/service/values"),
    ("loki", "GET", "/loki/api/v1/detected_fields"),
    ("loki", "GET", "/loki/api/v1/detected_field/duration_ms/values"),
    ("loki", "GET", "/loki/api/v1/index/volume_range"),
    ("loki", "GET", "/loki/api/v1/patterns"),
    ("tempo", "GET", "/api/search"),
    ("tempo", "GET", "/api/traces/4bf92f3577b34da6a3ce929d0e0e4736"),
    ("tempo", "GET", "/api/v2/traces/4bf92f3577b34da6a3ce929d0e0e4736"),
    ("tempo", "GET", "/api/v2/search/tag/resource.service.name/values"),
    ("tempo", "GET", "/api/v2/search/tag/span.%22odd%20name%22/values"),
    ("tempo", "GET", "/api/metrics/query_range"),
    ("alert_inbox", "GET", "/api/notifications"),
]


@pytest.mark.parametrize(("api", "method", "path"), QUESTIONS)
def test_a_question_is_handed_on(api, method, path):
    assert APIS[api].allows(method, path)


#: What these servers have besides questions, by their documentation.
WRITES = [
    ("prometheus", "POST", "/api/v1/write"),
    ("prometheus", "POST", "/api/v1/otlp/v1/metrics"),
    ("prometheus", "POST", "/api/v1/admin/tsdb/delete_series"),
    ("prometheus", "PUT", "/api/v1/admin/tsdb/snapshot"),
    ("prometheus", "POST", "/-/reload"),
    ("prometheus", "POST", "/-/quit"),
    ("prometheus", "GET", "/api/v1/status/config"),
    ("loki", "POST", "/loki/api/v1/push"),
    ("loki", "POST", "/api/prom/push"),
    ("loki", "POST", "/otlp/v1/logs"),
    ("loki", "POST", "/loki/api/v1/delete"),
    ("loki", "GET", "/loki/api/v1/delete"),
    ("loki", "POST", "/flush"),
    ("loki", "GET", "/ingester/shutdown"),
    ("loki", "POST", "/log_level"),
    ("loki", "POST", "/loki/api/v1/rules/ns"),
    ("loki", "GET", "/config"),
    ("tempo", "POST", "/v1/traces"),
    ("tempo", "POST", "/flush"),
    ("tempo", "GET", "/shutdown"),
    ("tempo", "POST", "/api/overrides"),
    ("tempo", "GET", "/status/config"),
    ("alert_inbox", "POST", "/alertmanager"),
    ("alert_inbox", "GET", "/alertmanager"),
]


@pytest.mark.parametrize(("api", "method", "path"), WRITES)
def test_what_writes_or_administers_is_not_there(api, method, path):
    assert not APIS[api].allows(method, path)


@pytest.mark.parametrize("api", APIS.values(), ids=APIS)
@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE", "CONNECT", "get", ""])
def test_only_get_and_a_posted_form_are_questions(api, method):
    for path in (*api.paths, *api.form_paths):
        assert not api.allows(method, path.replace("{}", "name"))


def test_what_takes_no_form_cannot_be_posted():
    for api in APIS.values():
        for path in api.paths:
            assert not api.allows("POST", path.replace("{}", "name")), path


TRICKS = [
    "/api/v1/label/../../-/quit/values",
    "/api/v1/label/..%2F..%2Fadmin/values",
    "/api/v1/label/%2e%2e/values",
    "/api/v1/label/%2E%2e/values",
    "/api/v1/label/./values",
    "/api/v1/label/%252e%252e/values",
    "/api/v1/label/a%5Cb/values",
    "/api/v1/label/a%00/values",
    "/api/v1/label/a%0d%0aHost:%20x/values",
    "/api/v1/label/a b/values",
    "/api/v1/label/a%/values",
    "/api/v1/label/a%zz/values",
    "/api/v1/label//values",
    "/api/v1/label/ä/values",
    "/api/v1/query/",
    "//api/v1/query",
    "/api//v1/query",
    "/api/v1/./query",
    "/api/v1/../v1/query",
    "/api/v1/query%3Fx",
    "/api/v1/query;x",
    "/api/v1/query%2f..%2fwrite",
    "/%61pi/v1/query",
    "/API/v1/query",
    "http://elsewhere/api/v1/query",
    "@elsewhere/api/v1/query",
    "api/v1/query",
    "/",
    "",
]


@pytest.mark.parametrize("path", TRICKS)
def test_a_path_that_somebody_else_might_read_in_another_way_is_none(path):
    assert not PROMETHEUS.allows("GET", path)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"/api/prometheus/api/v1/query", "/api/v1/query"),
        (b"/api/prometheus/api/v1/label/a%2Fb/values", "/api/v1/label/a%2Fb/values"),
        (b"/api/%70rometheus/api/v1/query", ""),
        (b"/api/prometheus", ""),
    ],
)
def test_the_path_below_the_mount_is_read_as_it_came(raw, expected):
    assert encoded_path({"raw_path": raw, "path": "/whatever", "root_path": "/api/prometheus"}) == expected


@pytest.fixture(scope="module")
def app():
    # Nobody listens there: what is handed on is answered by 502.
    return create_app(read_settings({"WORKBENCH_PROMETHEUS_URL": "http://127.0.0.1:1"}))


@pytest.mark.parametrize("path", [path for path in TRICKS if path.startswith("/")])
def test_no_trick_gets_through_the_app(app, path):
    assert ask(app, "GET", f"/api/prometheus{path}").status in (404, 405)


def test_a_question_gets_through_the_app(app):
    assert ask(app, "GET", "/api/prometheus/api/v1/query?query=up").status == 502


@pytest.mark.parametrize("target", ["http://elsewhere/api/v1/query", "//elsewhere/api/v1/query", "/api/elsewhere/x"])
def test_an_address_of_somewhere_else_is_not_followed(app, target):
    assert ask(app, "GET", target).status == 404


def test_a_path_of_an_api_that_is_not_in_the_list_says_so(app):
    answer = ask(app, "GET", "/api/prometheus/api/v1/status/config")

    assert answer.status == 404
    assert answer.json() == {
        "error": "GET /api/v1/status/config is none of Prometheus's questions that the workbench hands on",
        "errorType": "not_found",
    }


def test_the_right_path_by_the_wrong_method_is_405(app):
    assert ask(app, "POST", "/api/prometheus/api/v1/rules").status == 405


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "multipart/form-data; boundary=x", ""])
def test_only_a_form_can_be_posted(app, kind):
    assert ask(app, "POST", "/api/prometheus/api/v1/query", {"Content-Type": kind}, b"query=up").status == 415


def test_a_form_has_an_end(app):
    form = {"Content-Type": "application/x-www-form-urlencoded"}

    assert ask(app, "POST", "/api/prometheus/api/v1/query", form, b"query=" + b"x" * 1_000_000).status == 413
    assert ask(app, "POST", "/api/prometheus/api/v1/query", form, b"query=up").status == 502


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        ("http://prometheus:9090", b"/api/v1/query?query=a%2Bb"),
        ("http://gateway/metrics", b"/metrics/api/v1/query?query=a%2Bb"),
    ],
)
def test_an_api_may_stand_below_a_path(base, expected):
    assert Relay(PROMETHEUS, base, 30).url(b"/api/v1/query", b"query=a%2Bb").target == expected
