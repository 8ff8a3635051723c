import json

import pytest
import requests
from opentelemetry.instrumentation.requests import RequestsInstrumentor

from observability.batching import Rejected
from observability.http_client import instrument_requests
from observability.logs import LogLine
from observability.loki import BatchedLokiEmitter
from tests.stand_in import StandIn

from .conftest import Visible

LINES = [
    LogLine("frontend", 1_795_172_400_000_000_001, "info", "Fetching user 123", 0xABC, 0xDEF, {"user_id": 123}),
    LogLine("frontend", 1_795_172_400_000_000_002, "error", "StandIn call failed"),
    LogLine("frontend", 1_795_172_400_000_000_003, "info", "User 123 fetch completed"),
]


def test_lines_become_one_push_with_a_stream_a_level_and_no_other_labels(backend: StandIn) -> None:
    backend.answer = lambda method, path: (204, b"")
    BatchedLokiEmitter(backend.url + "/", "frontend").send(LINES)
    ((method, path, headers, body),) = backend.requests
    assert (method, path, headers["Content-Type"]) == ("POST", "/loki/api/v1/push", "application/json")
    streams = json.loads(body)["streams"]
    assert [stream["stream"] for stream in streams] == [
        {"service": "frontend", "level": "info"},
        {"service": "frontend", "level": "error"},
    ]
    assert [value[0] for value in streams[0]["values"]] == ["1795172400000000001", "1795172400000000003"]
    assert json.loads(streams[0]["values"][0][1]) == {
        "timestamp": "2026-11-20T11:00:00.000000Z",
        "level": "info",
        "service": "frontend",
        "message": "Fetching user 123",
        "trace_id": f"{0xABC:032x}",
        "span_id": f"{0xDEF:016x}",
        "user_id": 123,
    }


def test_the_push_is_not_traced_even_when_requests_is_instrumented(visible: Visible, backend: StandIn) -> None:
    backend.answer = lambda method, path: (204, b"")
    instrument_requests(visible.telemetry)
    try:
        BatchedLokiEmitter(backend.url, "frontend").send(LINES)
    finally:
        RequestsInstrumentor().uninstrument()
    assert visible.collected.spans == []
    assert "traceparent" not in {name.lower() for name in backend.requests[0][2]}


@pytest.mark.parametrize(
    ("status", "error"), [(400, Rejected), (429, RuntimeError), (500, RuntimeError), (503, RuntimeError)]
)
def test_what_loki_refuses_for_good_is_told_from_what_may_be_tried_again(
    backend: StandIn, status: int, error: type[Exception]
) -> None:
    backend.answer = lambda method, path: (status, b"stream limit exceeded")
    with pytest.raises(error, match=f"Loki answered {status}: stream limit exceeded"):
        BatchedLokiEmitter(backend.url, "frontend").send(LINES)


def test_a_loki_that_is_away_raises() -> None:
    with pytest.raises(requests.ConnectionError):
        BatchedLokiEmitter("http://127.0.0.1:9", "frontend").send(LINES)
