import socket
import time
from collections.abc import Iterator

import pytest
from opentelemetry.instrumentation.requests import RequestsInstrumentor
from opentelemetry.trace import SpanKind, StatusCode

from observability.errors import ServiceUnavailable
from observability.http_client import CallPolicy, ServiceClient
from tests.stand_in import StandIn

from .conftest import Visible


@pytest.fixture(autouse=True)
def restore_requests() -> Iterator[None]:
    yield
    RequestsInstrumentor().uninstrument()


def client(visible: Visible, url: str) -> ServiceClient:
    return ServiceClient(
        "backend",
        url,
        visible.telemetry,
        CallPolicy(connect_timeout_seconds=0.3, read_timeout_seconds=0.3, backoff_seconds=0.01),
    )


def test_an_answer_comes_with_its_json_and_one_client_span_that_the_server_continues(
    visible: Visible, backend: StandIn
) -> None:
    backend.answer = lambda method, path: (200, b'{"id": 123}')
    answer = client(visible, backend.url).get("/api/user/123", {"full": "1"})
    assert (answer.status, answer.json) == (200, {"id": 123})
    (span,) = visible.collected.spans
    assert (span.name, span.kind) == ("GET", SpanKind.CLIENT)
    ((method, path, headers, _),) = backend.requests
    assert (method, path) == ("GET", "/api/user/123?full=1")
    assert headers["traceparent"].split("-")[1:3] == [f"{span.context.trace_id:032x}", f"{span.context.span_id:016x}"]


@pytest.mark.parametrize("status", [200, 400, 404, 500])
def test_an_answer_is_an_answer_and_is_not_asked_for_again(visible: Visible, backend: StandIn, status: int) -> None:
    backend.answer = lambda method, path: (status, b"not json")
    answer = client(visible, backend.url).get("/")
    assert (answer.status, answer.json, len(backend.requests)) == (status, None, 1)


def test_a_503_is_tried_once_more_and_both_attempts_are_spans(visible: Visible, backend: StandIn) -> None:
    answers = iter([(503, b"{}"), (200, b"{}")])
    backend.answer = lambda method, path: next(answers)
    assert client(visible, backend.url).get("/").status == 200
    assert [span.attributes["http.response.status_code"] for span in visible.collected.spans] == [503, 200]  # type: ignore[index]
    assert [line.message for line in visible.lines] == ["Calling backend again: it answered 503"]


def test_an_attempt_says_how_often_it_was_sent_before(visible: Visible, backend: StandIn) -> None:
    answers = iter([(503, b"{}"), (200, b"{}")])
    backend.answer = lambda method, path: next(answers)
    client(visible, backend.url).get("/")
    counts = [(span.attributes or {}).get("http.request.resend_count") for span in visible.collected.spans]
    assert counts == [None, 1]


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_a_body_goes_out_as_json_with_the_callers_headers(visible: Visible, backend: StandIn, method: str) -> None:
    backend.answer = lambda method, path: (201, b'{"id": 7}')
    call = getattr(client(visible, backend.url), method)
    answer = call("/order", {"quantity": 5}, {"dry": "1"}, {"Authorization": "Bearer x"})
    assert (answer.status, answer.json) == (201, {"id": 7})
    ((sent, path, headers, body),) = backend.requests
    assert (sent, path, body) == (method.upper(), "/order?dry=1", b'{"quantity":5}')
    assert (headers["Content-Type"], headers["Authorization"]) == ("application/json", "Bearer x")


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_what_changes_something_is_sent_again_only_when_the_caller_says_that_it_may_be(
    visible: Visible, backend: StandIn, method: str
) -> None:
    backend.answer = lambda method, path: (503, b"{}")
    call = getattr(client(visible, backend.url), method)
    assert call("/order", {}).status == 503
    assert len(backend.requests) == 1
    assert call("/order", {}, repeatable=True).status == 503
    assert len(backend.requests) == 3


def test_a_503_twice_is_the_answer(visible: Visible, backend: StandIn) -> None:
    backend.answer = lambda method, path: (503, b"{}")
    assert client(visible, backend.url).get("/").status == 503
    assert len(backend.requests) == 2


def test_a_refused_connection_is_tried_twice_and_then_unavailable(visible: Visible) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(ServiceUnavailable, match="backend did not answer: the connection failed") as raised:
        client(visible, url).get("/")
    assert (raised.value.status, raised.value.type) == (503, "backend_unavailable")
    assert [span.status.status_code for span in visible.collected.spans] == [StatusCode.ERROR] * 2


def test_a_service_that_hangs_is_left_in_bounded_time_and_not_asked_again(visible: Visible) -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        started = time.monotonic()
        with pytest.raises(ServiceUnavailable, match="it did not answer in time"):
            client(visible, f"http://127.0.0.1:{deaf.getsockname()[1]}").get("/")
        # A bound against hanging, not a speed: the time-outs above add up to 0.6 s.
        assert time.monotonic() - started < 30
    assert len(visible.collected.spans) == 1


def test_a_policy_may_repeat_what_ran_out_of_time_and_is_another_one_from_one_call_to_the_next(
    visible: Visible,
) -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        calling = client(visible, f"http://127.0.0.1:{deaf.getsockname()[1]}")
        patient = calling.policy
        calling.policy = CallPolicy(0.1, 0.1, attempts=3, backoff_seconds=0.001, repeats_timeouts=True)
        with pytest.raises(ServiceUnavailable, match="it did not answer in time"):
            calling.get("/")
        assert len(visible.collected.spans) == 3
        assert [line.message for line in visible.lines] == ["Calling backend again: it did not answer in time"] * 2
        calling.policy = patient
        with pytest.raises(ServiceUnavailable):
            calling.get("/")
        assert len(visible.collected.spans) == 4


def test_redirects_and_cookies_of_other_services_are_not_followed(visible: Visible, backend: StandIn) -> None:
    backend.answer = lambda method, path: (302, b"{}")
    assert client(visible, backend.url).get("/").status == 302


def test_without_propagation_calls_carry_no_trace_context_and_are_traced_as_before(
    visible: Visible, backend: StandIn
) -> None:
    service = client(visible, backend.url)
    assert service.propagation
    for propagation in (False, True):
        service.propagation = propagation
        with visible.telemetry.span("frontend_get_user"):
            assert service.get("/api/user/123").status == 200
    without, with_it = (
        {name.lower(): value for name, value in headers.items()} for _, _, headers, _ in backend.requests
    )
    assert set(with_it) - set(without) == {"traceparent"}
    assert [span.name for span in visible.collected.spans] == ["GET", "frontend_get_user"] * 2


def test_propagation_is_one_clients_own(visible: Visible, backend: StandIn) -> None:
    client(visible, backend.url).propagation = False
    client(visible, backend.url).get("/")
    ((_, _, headers, _),) = backend.requests
    assert "traceparent" in {name.lower() for name in headers}
