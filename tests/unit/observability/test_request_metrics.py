"""What becomes of the request metrics when the endpoint label takes raw paths, and that it can be undone."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from prometheus_client import Counter, Histogram

from observability.flask import create_flask_app, request_metrics_of

from .conftest import Visible


class Service:
    def __init__(self, visible: Visible) -> None:
        self.registry = registry = visible.telemetry.registry
        app = create_flask_app(
            __name__,
            visible.telemetry,
            span_names={"/user/<id>": "frontend_get_user"},
            requests_total=Counter("requests_total", "r", ["method", "endpoint", "status"], registry=registry),
            request_duration_seconds=Histogram("duration_seconds", "d", ["endpoint"], registry=registry),
        )

        @app.get("/user/<id>")
        def user(id: str) -> Any:
            return {"id": id}

        @app.get("/")
        def home() -> Any:
            return {}

        self.metrics = request_metrics_of(app)
        self.client = app.test_client()

    def ask(self, *ids: int) -> None:
        for id in ids:
            assert self.client.get(f"/user/{id}").status_code == 200

    def counted(self) -> dict[str, float]:
        """Requests by endpoint, where there are any."""
        return {
            sample.labels["endpoint"]: sample.value
            for family in self.registry.collect()
            for sample in family.samples
            if sample.name == "requests_total" and sample.value
        }

    def series(self) -> set[str]:
        """All that depends on requests."""
        names = ("requests_total", "duration_seconds")
        return {
            f"{sample.name} {sample.labels}"
            for family in self.registry.collect()
            for sample in family.samples
            if sample.name.startswith(names)
        }


@pytest.fixture
def service(visible: Visible) -> Service:
    return Service(visible)


def test_each_path_is_counted_and_timed_on_its_own(service: Service) -> None:
    service.metrics.label_paths(10)
    service.ask(1, 2, 2)
    assert service.counted() == {"/user/1": 1, "/user/2": 2}
    assert service.registry.get_sample_value("duration_seconds_count", {"endpoint": "/user/2"}) == 2


def test_past_the_limit_routes_are_counted_again_and_known_paths_go_on(service: Service) -> None:
    service.metrics.label_paths(2)
    service.ask(1, 2, 3, 4, 1)
    assert service.counted() == {"/user/1": 2, "/user/2": 1, "/user/<id>": 2}


def test_afterwards_there_are_the_series_that_there_were_before(service: Service) -> None:
    service.ask(1)
    service.client.get("/")
    before = service.series()
    service.metrics.label_paths(100)
    service.ask(*range(1, 51))
    service.client.get("/")
    service.client.get("/nowhere")
    # As if it were the route.
    service.client.get("/user/<id>")
    assert len(service.series()) > len(before) + 50 * 10
    service.metrics.label_paths(0)
    assert service.series() == before
    service.ask(7)
    service.client.get("/")
    assert service.counted() == {"/user/<id>": 3, "/": 3}
    assert service.series() == before


def test_a_second_limit_begins_anew(service: Service) -> None:
    service.metrics.label_paths(1)
    service.ask(1)
    service.metrics.label_paths(1)
    service.ask(2)
    assert service.counted() == {"/user/2": 1}


def test_requests_that_count_while_the_series_go_leave_none_behind(service: Service) -> None:
    service.ask(1)
    before = service.series()
    ended = threading.Event()

    def ask_on() -> None:
        while not ended.is_set():
            service.ask(*range(20))

    askers = [threading.Thread(target=ask_on) for _ in range(3)]
    for asker in askers:
        asker.start()
    for _ in range(30):
        service.metrics.label_paths(15)
        service.metrics.label_paths(0)
    ended.set()
    for asker in askers:
        asker.join()
    assert service.series() == before


def test_the_trace_and_its_exemplar_are_those_of_any_request(service: Service, visible: Visible) -> None:
    service.metrics.label_paths(10)
    answer = service.client.get("/user/1")
    text = service.client.get("/metrics", headers={"Accept": "application/openmetrics-text"}).text
    exemplars = [line for line in text.splitlines() if 'endpoint="/user/1"' in line and " # {" in line]
    assert len(exemplars) == 1
    assert f'trace_id="{answer.headers["X-Trace-Id"]}"' in exemplars[0]
    assert visible.spans["frontend_get_user"].attributes["http.route"] == "/user/<id>"  # type: ignore[index]


def test_worker_processes_keep_the_routes(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "/nowhere")
    service.metrics.label_paths(10)
    monkeypatch.undo()
    service.ask(1)
    assert service.counted() == {"/user/<id>": 1}
