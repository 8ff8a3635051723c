"""What happens around every request: trace, counters, trace id, errors and the operational endpoints."""

import json
from collections.abc import Callable
from typing import Any

import flask
import pytest
from flask.testing import FlaskClient
from opentelemetry.trace import SpanKind, StatusCode, format_trace_id
from prometheus_client import Counter, Histogram

from observability.errors import RequestError, ServiceUnavailable
from observability.flask import create_flask_app, operations_of

from .conftest import Visible


class Service:
    def __init__(self, visible: Visible, **options: Any) -> None:
        registry = visible.telemetry.registry
        self.registry = registry
        self.app = create_flask_app(
            __name__,
            visible.telemetry,
            span_names={"/user/<id>": "frontend_get_user"},
            requests_total=Counter("frontend_requests_total", "r", ["method", "endpoint", "status"], registry=registry),
            request_duration_seconds=Histogram(
                "frontend_request_duration_seconds", "d", ["endpoint"], registry=registry
            ),
            errors_total=Counter("frontend_errors_total", "e", ["type"], registry=registry),
            **options,
        )

        @self.app.get("/user/<id>")
        def user(id: str) -> Any:
            if id == "abc":
                raise RequestError(400, "invalid_user_id", "not a number", hint="try /user/123")
            if id == "500":
                raise KeyError("price")
            if id == "503":
                raise ServiceUnavailable("backend", "it did not answer in time")
            if id == "302":
                return flask.redirect("/user/1")
            return {"id": int(id)}

        self.client: FlaskClient = self.app.test_client()

    def value(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(name, labels)


@pytest.fixture
def service(visible: Visible) -> Service:
    return Service(visible)


def test_a_request_is_one_span_named_after_its_route_with_stable_http_attributes(
    service: Service, visible: Visible
) -> None:
    response = service.client.get("/user/123?full=1", headers={"User-Agent": "curl/8"})
    (span,) = visible.collected.spans
    assert (span.name, span.kind, span.parent) == ("frontend_get_user", SpanKind.SERVER, None)
    attributes = dict(span.attributes or {})
    assert attributes.pop("client.address", "127.0.0.1") == "127.0.0.1"
    assert attributes == {
        "http.request.method": "GET",
        "http.route": "/user/<id>",
        "http.response.status_code": 200,
        "url.scheme": "http",
        "url.path": "/user/123",
        "url.query": "full=1",
        "server.address": "localhost",
        "server.port": 80,
        "user_agent.original": "curl/8",
        "network.protocol.version": "1.1",
    }
    assert response.headers["X-Trace-Id"] == format_trace_id(span.context.trace_id)
    assert response.json == {"id": 123}


def test_the_callers_trace_is_continued(service: Service, visible: Visible) -> None:
    service.client.get("/user/1", headers={"traceparent": f"00-{0xABC:032x}-{0xDEF:016x}-01"})
    (span,) = visible.collected.spans
    assert span.parent is not None
    assert (span.context.trace_id, span.parent.span_id) == (0xABC, 0xDEF)


def test_requests_are_counted_by_route_template_and_timed_with_the_trace_as_exemplar(
    service: Service, visible: Visible
) -> None:
    for user in (1, 2, "abc"):
        response = service.client.get(f"/user/{user}")
    assert service.value("frontend_requests_total", method="GET", endpoint="/user/<id>", status="200") == 2
    assert service.value("frontend_requests_total", method="GET", endpoint="/user/<id>", status="400") == 1
    assert service.value("frontend_request_duration_seconds_count", endpoint="/user/<id>") == 3
    text = service.client.get("/metrics", headers={"Accept": "application/openmetrics-text"}).text
    assert f'# {{trace_id="{response.headers["X-Trace-Id"]}"}}' in text
    assert text.endswith("# EOF\n")


def test_paths_without_a_route_and_made_up_methods_share_one_label_value(service: Service, visible: Visible) -> None:
    for path in ("/nope", "/wp-admin"):
        assert service.client.get(path).status_code == 404
    assert service.client.open("/user/1", method="BREW").status_code == 405
    assert service.value("frontend_requests_total", method="GET", endpoint="<unmatched>", status="404") == 2
    assert service.value("frontend_requests_total", method="_OTHER", endpoint="<unmatched>", status="405") == 1
    assert [span.name for span in visible.collected.spans] == ["GET", "GET", "HTTP"]


def visible_error(path: str) -> str:
    return {"/user/500": "'price'", "/user/503": "backend did not answer: it did not answer in time"}[path]


@pytest.mark.parametrize(
    ("path", "status", "type", "fails_span"),
    [
        ("/user/abc", 400, "invalid_user_id", False),
        ("/user/500", 500, "internal_error", True),
        ("/user/503", 503, "backend_unavailable", True),
        ("/nope", 404, "not_found", False),
    ],
)
def test_an_error_reaches_the_body_the_span_the_log_and_the_counter(
    service: Service, visible: Visible, path: str, status: int, type: str, fails_span: bool
) -> None:
    response = service.client.get(path)
    assert response.status_code == status
    error = response.get_json()["error"]
    assert error["type"] == type
    assert error["trace_id"] == response.headers["X-Trace-Id"]
    assert service.value("frontend_errors_total", type=type) == 1
    (span,) = visible.collected.spans
    assert (span.attributes or {})["error.type"] == type
    assert (span.status.status_code is StatusCode.ERROR) == fails_span
    assert span.status.description == (visible_error(path) if fails_span else None)
    assert [event.name for event in span.events] == (["exception"] if fails_span else [])
    (line,) = visible.lines
    assert line.level == ("error" if fails_span else "warning")
    assert line.trace_id == span.context.trace_id
    assert line.fields["http.response.status_code"] == status
    assert line.fields["error.type"] == type
    assert ("exception.stacktrace" in line.fields) == (status == 500)


def test_an_unexpected_error_shows_the_client_no_internals(service: Service) -> None:
    assert "price" not in service.client.get("/user/500").text


def test_what_programs_need_to_know_of_an_error_is_in_its_body_and_headers(visible: Visible) -> None:
    app = create_flask_app(__name__, visible.telemetry, span_names={})

    @app.get("/busy")
    def busy() -> Any:
        raise RequestError(429, "rate_limited", "too much", details={"limit": 5}, headers={"Retry-After": "3"})

    response = app.test_client().get("/busy")
    assert response.json is not None
    assert response.json["error"] | {"trace_id": ""} == {
        "type": "rate_limited",
        "message": "too much",
        "limit": 5,
        "trace_id": "",
    }
    assert (response.status_code, response.headers["Retry-After"]) == (429, "3")


def test_a_route_with_several_methods_has_a_span_name_and_a_zero_for_each(visible: Visible) -> None:
    counter = Counter("requests_total", "r", ["method", "endpoint", "status"], registry=visible.telemetry.registry)
    names = {"GET /order/<id>": "GET /order/{id}", "DELETE /order/<id>": "cancel_order"}
    app = create_flask_app(__name__, visible.telemetry, span_names=names, requests_total=counter)
    app.add_url_rule("/order/<id>", view_func=lambda id: {}, methods=["GET", "DELETE"])
    client = app.test_client()
    client.get("/order/1")
    client.delete("/order/1")
    assert [span.name for span in visible.collected.spans] == ["GET /order/{id}", "cancel_order"]
    series = {tuple(sample.labels.values()): sample.value for sample in counter.collect()[0].samples}
    assert series == {
        (method, "/order/<id>", status): float(status == "200")
        for method in ("GET", "DELETE")
        for status in ("200", "500", "503")
    }


def test_a_wrong_method_names_the_right_ones(service: Service) -> None:
    response = service.client.delete("/user/1")
    assert response.status_code == 405
    assert set(response.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}
    assert response.get_json()["error"]["type"] == "method_not_allowed"


def test_a_body_past_the_limit_is_refused(service: Service) -> None:
    @service.app.post("/user")
    def create() -> Any:
        return {"bytes": len(flask.request.get_data())}

    assert service.client.post("/user", data=b"x" * 1_048_577).status_code == 413


def test_a_redirect_is_no_error(service: Service) -> None:
    assert service.client.get("/user/302").status_code == 302
    assert service.value("frontend_errors_total", type="found") is None


def test_a_long_path_does_not_flood_the_log(service: Service, visible: Visible) -> None:
    service.client.get("/nope/" + "9" * 100_000)
    (line,) = visible.lines
    assert len(json.dumps(line.fields)) < 1000


def test_errors_can_be_rendered_as_a_page(visible: Visible) -> None:
    def page(body: dict[str, Any], status: int) -> flask.Response | None:
        if flask.request.accept_mimetypes.best == "text/html":
            return flask.Response(f"<h1>{body['error']['type']}</h1>", mimetype="text/html")
        return None

    client = Service(visible, render_error=page).client
    response = client.get("/user/abc", headers={"Accept": "text/html"})
    assert (response.status_code, response.text) == (400, "<h1>invalid_user_id</h1>")
    assert client.get("/user/abc").get_json()["error"]["type"] == "invalid_user_id"


def raising(error: Exception) -> Callable[[], Any]:
    def check() -> Any:
        raise error

    return check


def test_health_and_readiness_with_the_state_of_each_dependency(visible: Visible) -> None:
    checks = {"backend": lambda: None, "cache": raising(ConnectionError("refused"))}
    client = Service(visible, readiness=checks).client
    assert client.get("/health").get_json() == {"status": "ok", "service": "frontend"}
    response = client.get("/ready")
    assert response.status_code == 503
    assert response.get_json() == {
        "status": "not_ready",
        "service": "frontend",
        "dependencies": {"backend": {"status": "up"}, "cache": {"status": "down", "reason": "refused"}},
    }


def test_a_service_without_dependencies_is_ready(service: Service) -> None:
    response = service.client.get("/ready")
    assert (response.status_code, response.get_json()["status"]) == (200, "ready")


@pytest.mark.parametrize("path", ["/health", "/ready", "/metrics"])
def test_operational_endpoints_are_neither_traced_nor_counted_nor_logged(
    service: Service, visible: Visible, path: str
) -> None:
    assert service.client.get(path).status_code == 200
    assert visible.collected.spans == []
    assert visible.lines == []
    counted = [line for line in service.client.get("/metrics").text.splitlines() if "requests_total{" in line]
    assert counted
    assert all(line.endswith(" 0.0") for line in counted)
    assert service.client.post(path).status_code == 405


def test_metrics_without_an_accept_header_are_prometheus_text(service: Service) -> None:
    response = service.client.get("/metrics")
    assert response.content_type.startswith("text/plain; version=")
    assert "_created" not in response.text


def test_metrics_that_are_not_available_are_a_503_and_nothing_else_changes(service: Service) -> None:
    operations = operations_of(service.app)
    operations.metrics_available = False
    answer = service.client.get("/metrics")
    assert (answer.status_code, answer.json["error"]["type"]) == (503, "metrics_unavailable")  # type: ignore[index]
    assert [service.client.get(path).status_code for path in ("/health", "/ready", "/user/1")] == [200, 200, 200]
    operations.metrics_available = True
    text = service.client.get("/metrics").text
    assert 'frontend_requests_total{endpoint="/user/<id>",method="GET",status="200"} 1.0' in text
