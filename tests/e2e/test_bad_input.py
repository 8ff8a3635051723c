"""Rubbish from outside: a 4xx with a JSON body that says what is wrong, and nothing stored by halves."""

import json
import socket
import time

import pytest
import requests

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize(
    ("service", "path", "status", "type"),
    [
        ("frontend", "/user/abc", 400, "invalid_user_id"),
        ("frontend", "/user/-1", 400, "invalid_user_id"),
        ("frontend", "/user/0", 400, "invalid_user_id"),
        ("frontend", "/user/%00", 400, "invalid_user_id"),
        ("frontend", "/user/%F0%9F%92%A5", 400, "invalid_user_id"),
        ("frontend", "/user/999999", 404, "user_not_found"),
        ("frontend", "/user/" + "9" * 60_000, 400, "invalid_user_id"),
        ("frontend", "/product/1;drop", 400, "invalid_product_id"),
        ("frontend", "/nothing", 404, "not_found"),
        ("backend", "/api/user/abc", 400, "invalid_user_id"),
        ("database", "/db/user/abc", 400, "invalid_user_id"),
        ("database", "/db/query", 400, None),
        ("database", "/db/query?table=passwords", 400, None),
        ("database", "/db/query?table=users&password=1", 400, None),
        ("database", "/db/query?table=users&limit=1000000", 400, None),
        ("database", "/db/query?table=users&order=name;drop", 400, None),
    ],
)
def test_a_bad_request_is_told_what_is_wrong(lab, service, path, status, type):
    response = requests.get(lab.url(service, path), timeout=10)
    error = response.json()["error"]
    assert (response.status_code, response.headers["Content-Type"]) == (status, "application/json")
    assert error["message"]
    assert error["trace_id"] == response.headers["X-Trace-Id"]
    if type:
        assert error["type"] == type


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE", "BREW"])
@pytest.mark.parametrize(
    ("service", "path"),
    [("frontend", "/user/1"), ("backend", "/api/user/1"), ("database", "/db/query"), ("frontend", "/health")],
)
def test_a_wrong_method_is_405_in_json(lab, service, path, method):
    response = requests.request(method, lab.url(service, path), timeout=10)
    assert response.status_code == 405
    assert response.json()["error"]["type"] == "method_not_allowed"


@pytest.mark.parametrize("service", ["frontend", "backend", "database"])
def test_an_id_of_ten_megabytes_is_refused_and_the_service_goes_on(lab, service):
    host, port = lab.url(service).removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        received = b""
        try:
            connection.sendall(b"GET /user/" + b"9" * 10_000_000 + b" HTTP/1.1\r\nHost: lab\r\n\r\n")
            received = connection.recv(100)
        except ConnectionError:
            # Refused while it was still being sent; what the server said is on the line all the same.
            received = connection.recv(100)
    assert received[9:12] in (b"414", b"431")
    assert requests.get(lab.url(service, "/health"), timeout=10).status_code == 200


def half_good() -> bytes:
    """A push whose first stream is fine and whose second is not."""
    streams = [
        {"stream": {"service": "half"}, "values": [[str(time.time_ns()), "a good line"]]},
        {"stream": {"service": "half"}, "values": [["not a time", "a bad line"]]},
    ]
    return json.dumps({"streams": streams}).encode()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"streams": 1}',
        b'{"streams": [{"stream": {"service": "half"}, "values": [["1", 2]]}]}',
        half_good(),
    ],
    ids=["empty", "broken", "a list", "no streams", "a number as line", "half good"],
)
def test_a_malformed_push_to_loki_is_refused_whole(lab, body):
    url = lab.telemetry.loki_url + "/loki/api/v1/push"
    response = requests.post(url, data=body, headers={"Content-Type": "application/json"}, timeout=10)
    assert 400 <= response.status_code < 500
    assert response.text.strip()
    lines = lab.telemetry.logs('{service="half"}', start_unix_nano=time.time_ns() - 3600 * 10**9)
    assert lines == []


@pytest.mark.parametrize("content_type", ["application/json", "application/x-protobuf", "text/plain"])
@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"\xff\xff\xff",
        b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": "zz"}]}]}]}',
        b'{"resourceSpans": "x"}',
    ],
)
def test_a_malformed_export_of_spans_is_refused(lab, body, content_type):
    url = lab.state().backends["otlp_http"] + "/v1/traces"
    response = requests.post(url, data=body, headers={"Content-Type": content_type}, timeout=10)
    assert 400 <= response.status_code < 500
