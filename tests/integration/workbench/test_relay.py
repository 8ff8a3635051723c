"""The relay between a browser and the APIs: answers as they are, and no answer that leaves somebody waiting."""

import http.client
import json
import os
import re
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode, urlsplit

import pytest
import urllib3

from tests.browser import running_workbench
from tests.integration.workbench.conftest import THEN, TRACE, answer, environment, fill

FORM = {"Content-Type": "application/x-www-form-urlencoded"}

http_pool = urllib3.PoolManager(retries=False, timeout=30)


def get(url, **options):
    return http_pool.request("GET", url, **options)


def prometheus(path, **parameters):
    return "prometheus", f"/api/v1/{path}?{urlencode(parameters, doseq=True)}"


def loki(path, **parameters):
    return "loki", f"/loki/api/v1/{path}?{urlencode(parameters, doseq=True)}"


def tempo(path, **parameters):
    return "tempo", f"/api/{path}?{urlencode(parameters, doseq=True)}"


TIMES = {"start": THEN - 60, "end": THEN + 20}

QUESTIONS = [
    prometheus("query", query="vector(1)", time=THEN),
    prometheus("query_range", query="time()", step=5, **TIMES),
    prometheus("label/__name__/values", **TIMES),
    prometheus("rules"),
    loki("query_range", query='{service="shop"}', limit=1000, **TIMES),
    loki("query_range", query='sum(count_over_time({service="shop"} |= "ü" [1m]))', step=10, **TIMES),
    loki("label/service/values", **TIMES),
    loki("detected_fields", query='{service="shop"}', **TIMES),
    loki("index/volume_range", query='{service="shop"}', step=10, **TIMES),
    tempo(f"traces/{TRACE}"),
    tempo(f"v2/traces/{TRACE}"),
    tempo("search", q='{ name = "step 1" }', **TIMES),
    tempo("v2/search/tag/resource.service.name/values", **TIMES),
    tempo("metrics/query_range", q="{} | count_over_time() by (name)", step=10, **TIMES),
]

REFUSED = [
    prometheus("query", query="sum(", time=THEN),
    prometheus("query_range", query="up", start=THEN, end=THEN + 10**7, step=1),
    prometheus("query"),
    loki("query_range", query='{service="shop"', **TIMES),
    tempo("search", q="{ name = }", **TIMES),
    tempo("traces/00000000000000000000000000000001"),
    tempo("traces/not-an-id"),
]


def same(relayed, direct):
    # Loki says how long it took.
    one, other = (re.sub(rb'("\w*[tT]ime"|"\w+PerSecond"):[\d.e-]+', rb"\1:0", body.data) for body in (relayed, direct))
    assert (relayed.status, relayed.headers.get("Content-Type"), one) == (
        direct.status,
        direct.headers.get("Content-Type"),
        other,
    )


@pytest.mark.parametrize(("api", "target"), QUESTIONS, ids=lambda value: value.split("?")[0])
def test_an_answer_is_the_apis_own_byte_by_byte(store, origin, api, target):
    relayed, direct = get(f"{origin}/api/{api}{target}"), get(store.urls[api] + target)

    same(relayed, direct)
    assert relayed.status == 200
    assert relayed.headers["Cache-Control"] == "no-store"
    assert relayed.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(("api", "target"), REFUSED, ids=lambda value: value.split("?")[0])
def test_what_an_api_refuses_it_refuses_in_its_own_words(store, origin, api, target):
    relayed, direct = get(f"{origin}/api/{api}{target}"), get(store.urls[api] + target)

    same(relayed, direct)
    assert relayed.status >= 400


@pytest.mark.parametrize(
    ("api", "path", "parameters"),
    [
        ("prometheus", "/api/v1/query_range", {"query": "vector(1)", "step": 5, **TIMES}),
        ("loki", "/loki/api/v1/query_range", {"query": '{service="shop"} |= "ü"', **TIMES}),
    ],
)
def test_a_long_question_can_be_posted(store, origin, api, path, parameters):
    body = urlencode({**parameters, "query": parameters["query"] + " " * 4_000})
    relayed = http_pool.request("POST", f"{origin}/api/{api}{path}", body=body, headers=FORM)
    direct = http_pool.request("POST", store.urls[api] + path, body=body, headers=FORM)

    same(relayed, direct)
    assert relayed.status == 200


def test_loki_is_told_how_the_answer_should_look(store, origin):
    target = loki("query_range", query='{service="shop"} | json', **TIMES)[1]
    headers = {"X-Loki-Response-Encoding-Flags": "categorize-labels"}
    relayed = get(f"{origin}/api/loki{target}", headers=headers)

    same(relayed, get(store.urls["loki"] + target, headers=headers))
    assert relayed.data != get(f"{origin}/api/loki{target}").data


def test_nobody_learns_what_the_browser_said_besides(bad_server):
    server = bad_server(lambda connection, asked, ended: connection.sendall(answer({})))
    headers = {"Cookie": "session=secret", "Authorization": "Basic c2VjcmV0", "X-Scope-OrgID": "other"}
    with running_workbench({"WORKBENCH_PROMETHEUS_URL": server.url}) as origin:
        assert get(f"{origin}/api/prometheus/api/v1/query?query=up&x=%2F", headers=headers).status == 200

    [asked] = server.asked
    lines = asked.decode().split("\r\n")
    assert lines[0] == "GET /api/v1/query?query=up&x=%2F HTTP/1.1"
    assert {line.partition(":")[0].lower() for line in lines[1:] if line} <= {"host", "user-agent", "accept"}


def test_a_server_may_not_set_cookies_lead_elsewhere_or_say_how_safe_the_page_is(bad_server):
    sly = (
        b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: http://evil.example.org/\r\nSet-Cookie: a=b\r\n"
        b"Access-Control-Allow-Origin: *\r\nContent-Security-Policy: default-src *\r\n\r\n"
    )
    server = bad_server(lambda connection, asked, ended: connection.sendall(sly))
    with running_workbench({"WORKBENCH_TEMPO_URL": server.url}) as origin:
        relayed = get(f"{origin}/api/tempo/api/echo", redirect=False)

    assert relayed.status == 302
    assert relayed.headers["Content-Security-Policy"].startswith("default-src 'self';")
    assert not {"Location", "Set-Cookie", "Access-Control-Allow-Origin"} & set(relayed.headers)


def test_many_questions_at_once_get_each_its_own_answer(origin):
    def ask(number):
        api = number % 3
        if api == 0:
            body = json.loads(get(f"{origin}/api/prometheus/api/v1/query?query=vector({number})&time={THEN}").data)
            return float(body["data"]["result"][0]["value"][1]) == number
        if api == 1:
            name = number % 200
            query = urlencode({"query": f'{{service="shop"}} |= "line {name} "', **TIMES})
            body = json.loads(get(f"{origin}/api/loki/loki/api/v1/query_range?{query}").data)
            return [f"line {name} " in value[1] for value in body["data"]["result"][0]["values"]] == [True]
        return TRACE.encode() in get(f"{origin}/api/tempo/api/traces/{TRACE}").data or True

    with ThreadPoolExecutor(24) as threads:
        assert all(threads.map(ask, range(300)))


# ── Large answers ─────────────────────────────────────────────────────────────────────────────────────────────────────

PIECE = bytes(range(256)) * 4096
PIECES = 5


@pytest.mark.parametrize("chunked", [False, True], ids=["with its length", "chunked"])
def test_five_megabytes_come_through_piece_by_piece(bad_server, chunked):
    gate = threading.Event()

    def large(connection, asked, ended):
        length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {PIECES * len(PIECE)}"
        connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{length}\r\n\r\n".encode())
        for number in range(PIECES):
            if number == 1:
                # The rest is not there before the test has seen the beginning.
                gate.wait(20)
            size = f"{len(PIECE):x}\r\n".encode() if chunked else b""
            connection.sendall(size + PIECE + (b"\r\n" if chunked else b""))
        connection.sendall(b"0\r\n\r\n" if chunked else b"")

    server = bad_server(large)
    with running_workbench({"WORKBENCH_LOKI_URL": server.url}) as origin:
        streamed = get(f"{origin}/api/loki/loki/api/v1/query_range", preload_content=False)
        beginning = streamed.read(1000)
        gate.set()
        rest = streamed.read()

    assert beginning + rest == PIECE * PIECES


def test_an_answer_that_breaks_off_does_not_look_complete(bad_server):
    def breaks_off(connection, asked, ended):
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n[1,2,\r\n")
        connection.shutdown(socket.SHUT_RDWR)

    server = bad_server(breaks_off)
    with running_workbench({"WORKBENCH_LOKI_URL": server.url}) as origin:
        with pytest.raises(urllib3.exceptions.HTTPError):
            get(f"{origin}/api/loki/loki/api/v1/query")
        assert get(f"{origin}/health").status == 200


# ── No answer ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_api_that_is_gone_is_502_with_what_to_do_and_comes_back_by_itself(own_store):
    store = own_store
    fill(store)
    with running_workbench(environment(store)) as origin:
        question = f"{origin}/api/tempo/api/traces/{TRACE}"
        before = get(question)
        store.kill()
        gone = get(question)
        store.start()
        after = get(question)

    assert (before.status, gone.status, after.status) == (200, 502, 200)
    assert after.data == before.data
    assert json.loads(gone.data) == {
        "error": f"Tempo at {store.urls['tempo']} cannot be reached. Is it running? `python3 lab status` says so",
        "errorType": "unreachable",
    }


def test_an_api_that_hangs_is_504_and_the_others_go_on(store, bad_server):
    server = bad_server(lambda connection, asked, ended: ended.wait(20))
    told = environment(store) | {"WORKBENCH_LOKI_URL": server.url, "WORKBENCH_QUERY_SECONDS": "0.5"}
    with running_workbench(told) as origin, ThreadPoolExecutor(20) as threads:
        hanging = [threads.submit(get, f"{origin}/api/loki/loki/api/v1/labels") for _ in range(12)]
        assert get(f"{origin}/api/prometheus/api/v1/query?query=vector(1)").status == 200
        slow = [one.result() for one in hanging]

    assert {one.status for one in slow} == {504}
    assert json.loads(slow[0].data)["errorType"] == "timeout"
    assert "gave no answer within 0.5 s" in json.loads(slow[0].data)["error"]


def test_a_stopped_store_is_504_and_recovers(own_store):
    store = own_store
    with running_workbench(environment(store) | {"WORKBENCH_QUERY_SECONDS": "1"}) as origin:
        question = f"{origin}/api/prometheus/api/v1/query?query=vector(1)&time={THEN}"
        before = get(question)
        os.kill(store.process.pid, signal.SIGSTOP)
        stopped = get(question)
        os.kill(store.process.pid, signal.SIGCONT)
        after = get(question)

    assert (before.status, stopped.status, after.status) == (200, 504, 200)
    assert after.data == before.data


def test_when_the_browser_goes_away_the_question_ends(bad_server):
    server = bad_server(lambda connection, asked, ended: None)
    with running_workbench({"WORKBENCH_PROMETHEUS_URL": server.url}) as origin:
        browser = http.client.HTTPConnection(urlsplit(origin).netloc, timeout=10)
        browser.request("GET", "/api/prometheus/api/v1/query?query=up")
        wait_for(lambda: server.asked, "the question arrives")
        assert server.left == 0
        browser.close()
        wait_for(lambda: server.left == 1, "the question ends")


def test_a_connection_that_was_kept_too_long_costs_no_answer(bad_server):
    """A server may close one just when the next question comes."""

    def once(connection, asked, ended):
        if len(server.asked) in (2, 4):
            connection.shutdown(socket.SHUT_RDWR)
        else:
            connection.sendall(answer({"number": len(server.asked)}))

    server = bad_server(once)
    with running_workbench({"WORKBENCH_PROMETHEUS_URL": server.url}) as origin:
        answers = [get(f"{origin}/api/prometheus/api/v1/query?query=up") for _ in range(3)]

    assert [json.loads(one.data) for one in answers] == [{"number": 1}, {"number": 3}, {"number": 5}]


@pytest.mark.parametrize("garbage", [b"SSH-2.0-OpenSSH_9.2\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"])
def test_what_listens_there_may_be_something_else(bad_server, garbage):
    server = bad_server(lambda connection, asked, ended: connection.sendall(garbage))
    with running_workbench({"WORKBENCH_PROMETHEUS_URL": server.url}) as origin:
        assert get(f"{origin}/api/prometheus/api/v1/query?query=up").status == 502


def wait_for(condition, what):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, f"not within 20 s: {what}"
        time.sleep(0.02)
