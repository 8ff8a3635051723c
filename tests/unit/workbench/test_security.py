"""Who may ask the workbench, who may change something through it, and what its pages may do in a browser."""

import asyncio
import threading

import pytest

from tests.unit.workbench.asking import ask
from workbench.app import create_app
from workbench.settings import read_settings

HEADERS = {
    "content-security-policy": (
        "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'; "
        "require-trusted-types-for 'script'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


def make(**variables):
    nobody = {f"WORKBENCH_{name}_URL": "http://127.0.0.1:1" for name in ("PROMETHEUS", "LOKI", "TEMPO")}
    return create_app(read_settings(nobody | variables))


@pytest.fixture(scope="module")
def app():
    return make()


# ── What every answer carries ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("GET", "/", 200),
        ("GET", "/dashboards/chain-overview?from=now-1h", 200),
        ("GET", "/nowhere", 404),
        ("GET", "/static/0/nothing.js", 404),
        ("GET", "/static/0/../../settings.py", 404),
        ("GET", "/api/lab", 200),
        ("GET", "/api/nothing", 404),
        ("GET", "/health", 200),
        ("DELETE", "/", 405),
        ("GET", "/api/annotations", 405),
        ("POST", "/api/annotations", 403),
        ("GET", "/api/prometheus/api/v1/query", 502),
        ("GET", "/api/loki/loki/api/v1/push", 404),
    ],
)
def test_every_answer_has_the_headers_that_keep_a_page_safe(app, method, target, status):
    answer = ask(app, method, target)

    assert answer.status == status
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS


def test_a_mistake_of_ours_has_them_too_and_tells_nothing_of_itself(monkeypatch):
    def fail(*_):
        raise RuntimeError("the secret")

    monkeypatch.setattr("workbench.lab_api.why_it_is_read_only", fail)
    answer = ask(make(), "GET", "/api/lab")

    assert answer.status == 500
    assert answer.headers["content-security-policy"] == HEADERS["content-security-policy"]
    assert b"secret" not in answer.body
    assert "lab logs workbench" in answer.json()["error"]


def test_no_page_of_another_origin_is_let_in_by_a_cors_header(app):
    answer = ask(app, "GET", "/api/lab", {"Origin": "http://127.0.0.1:8000"})

    assert answer.status == 200
    assert not [name for name in answer.headers if name.startswith("access-control-")]


# ── Host ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "127.0.0.1", "localhost:9000", "LocalHost", "[::1]:8000", "[::1]"])
def test_loopback_has_several_names(app, host):
    assert ask(app, "GET", "/", {"Host": host}).status == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example.org",
        "evil.example.org:8000",
        "127.0.0.1.evil.example.org",
        "localhost.evil.example.org",
        "127.0.0.1@evil.example.org",
        "127.0.0.1:8000:8000",
        "127.0.0.1:port",
        "127.0.0.1, evil.example.org",
        "0.0.0.0:8000",
        "192.168.1.5:8000",
        "[::]:8000",
        "localhost.",
        "",
    ],
)
@pytest.mark.parametrize("target", ["/", "/api/lab", "/api/prometheus/api/v1/query?query=up"])
def test_a_name_that_somebody_elses_dns_may_have_made_is_refused(app, host, target):
    answer = ask(app, "GET", target, {"Host": host})

    assert answer.status == 421
    assert "WORKBENCH_ALLOWED_HOSTS" in answer.json()["error"]


def test_a_name_can_be_allowed_and_listening_everywhere_allows_none():
    app = make(WORKBENCH_HOST="0.0.0.0", WORKBENCH_ALLOWED_HOSTS="workbench")

    assert ask(app, "GET", "/", {"Host": "workbench:8000"}).status == 200
    assert ask(app, "GET", "/", {"Host": "0.0.0.0:8000"}).status == 421


# ── Other pages of the same browser ───────────────────────────────────────────────────────────────────────────────────

OTHER_PAGES = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "Same-Origin"},
    {"Origin": "http://evil.example.org"},
    {"Origin": "http://127.0.0.1:8001"},
    {"Origin": "http://localhost:8000"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "http://127.0.0.1:8000", "Sec-Fetch-Site": "cross-site"},
]


@pytest.mark.parametrize("headers", OTHER_PAGES, ids=str)
@pytest.mark.parametrize("target", ["/api/prometheus/api/v1/query?query=up", "/api/lab", "/api/dashboards"])
def test_another_page_cannot_ask_the_apis_through_this_one(app, target, headers):
    answer = ask(app, "GET", target, headers)

    assert (answer.status, answer.json()["errorType"]) == (403, "forbidden")


def test_a_link_from_another_page_opens_ours(app):
    assert ask(app, "GET", "/trace/1", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}).status == 200


@pytest.mark.parametrize("headers", [{}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}], ids=str)
def test_our_own_page_an_address_that_was_typed_and_curl_may_ask(app, headers):
    assert ask(app, "GET", "/api/lab", headers).status == 200


def follow(app, headers):
    """The first thing that a WebSocket for the tail is answered."""
    said = []
    scope = {
        "type": "websocket",
        "path": "/api/loki/loki/api/v1/tail",
        "raw_path": b"/api/loki/loki/api/v1/tail",
        "query_string": b"query=%7B%7D",
        "root_path": "",
        "scheme": "ws",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 50_000),
        "subprotocols": [],
    }

    async def receive():
        return {"type": "websocket.connect"}

    async def send(message):
        said.append(message)

    thread = threading.Thread(target=lambda: asyncio.run(app(scope, receive, send)))
    thread.start()
    thread.join()
    return said[0]["type"]


def test_another_page_cannot_follow_a_tail(app):
    host = {"Host": "127.0.0.1:8000"}

    assert follow(app, host | {"Origin": "http://127.0.0.1:8000"}) == "websocket.accept"
    assert follow(app, host | {"Origin": "http://evil.example.org"}) == "websocket.close"
    assert follow(app, host | {"Origin": "null"}) == "websocket.close"
    assert follow(app, host | {"Sec-Fetch-Mode": "websocket"}) == "websocket.close"
    assert follow(app, {"Host": "evil.example.org", "Origin": "http://evil.example.org"}) == "websocket.close"


# ── Writing ───────────────────────────────────────────────────────────────────────────────────────────────────────────

NOTE = b'{"text": "a note"}'
OURS = {"Origin": "http://127.0.0.1:8000", "Sec-Fetch-Site": "same-origin", "Content-Type": "application/json"}


def write(app, headers=None, peer="127.0.0.1"):
    return ask(app, "POST", "/api/annotations", OURS if headers is None else headers, NOTE, peer)


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.3.2.1", "::1", "::ffff:127.0.0.1"])
def test_our_page_on_this_machine_may_write(app, peer):
    # As far as to Loki, which is not there.
    assert write(app, peer=peer).status == 502


@pytest.mark.parametrize("peer", ["192.168.1.5", "10.0.0.1", "fe80::1", "::ffff:192.168.1.5", "testclient", ""])
def test_from_elsewhere_nobody_may_write_and_the_page_knows(app, peer):
    answer = write(app, peer=peer)

    assert (answer.status, answer.json()["errorType"]) == (403, "forbidden")
    assert "only shows" in answer.json()["error"]
    assert ask(app, "GET", "/api/lab", peer=peer).json()["readOnly"] is True


def test_networks_that_may_write_can_be_chosen():
    app = make(WORKBENCH_WRITERS="172.16.0.0/12")

    assert write(app, peer="172.18.0.1").status == 502
    assert write(app, peer="127.0.0.1").status == 403


@pytest.mark.parametrize("headers", OTHER_PAGES, ids=str)
def test_another_page_may_not_write(app, headers):
    assert write(app, {"Content-Type": "application/json"} | headers).status == 403


@pytest.mark.parametrize("headers", [{}, {"Sec-Fetch-Site": "none"}], ids=str)
def test_what_is_no_page_may_not_write_and_is_told_the_command(app, headers):
    answer = write(app, {"Content-Type": "application/json"} | headers)

    assert answer.status == 403
    if not headers:
        assert "lab annotate" in answer.json()["error"]


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
def test_through_a_proxy_nobody_writes(app, header):
    assert write(app, OURS | {header: "127.0.0.1"}).status == 403
    assert ask(app, "GET", "/api/lab", {header: "x"}).json()["readOnly"] is True


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_form_of_another_page_is_no_note(app, kind):
    assert write(app, OURS | {"Content-Type": kind}).status == 400
