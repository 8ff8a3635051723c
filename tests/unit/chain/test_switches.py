"""What flags change of what is seen of each service: while they are on and name it, and that nothing is left of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor

import backend_service.app
import database_service.app
import frontend_service.app
from feature_flags import FixedFlags
from observability.http_client import CallPolicy, ServiceResponse
from observability.logs import LogLine
from observability.telemetry import Telemetry, setup

SERVICES = ("frontend", "backend", "database")
_PATHS = {"frontend": "/product/{id}", "backend": "/api/product/{id}", "database": "/db/product/{id}"}
_PRODUCT = {
    "id": 1,
    "name": "Oak Chair",
    "category": "furniture",
    "price_cents": 9_900,
    "created_at": "2026-01-01T00:00:00Z",
    "inventory": [{"warehouse": "vienna", "quantity": 10, "reserved": 1, "available": 9}],
}


class NextTier:
    """Whatever the service calls."""

    def __init__(self) -> None:
        self.propagation = True
        self.policy = CallPolicy()

    def get(self, path: str) -> ServiceResponse:
        return ServiceResponse(200, {"product": _PRODUCT, "price": {}}, {})

    def require_health(self) -> None: ...


class Ended(SpanProcessor):
    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []

    def on_end(self, span: ReadableSpan) -> None:
        self.spans.append(span)


class Seen:
    """A service, with what is seen of one request after the other."""

    def __init__(self, service: str) -> None:
        self.service = service
        self.flags = FixedFlags()
        self.next_tier = NextTier()
        self.lines: list[LogLine] = []
        environ = {
            "OTEL_TRACES_EXPORTER": "none",
            "LOKI_URL": "",
            "LOG_CONSOLE": "false",
            "DATABASE_LATENCY_SCALE": "0",
        }
        self.telemetry: Telemetry = setup(service, namespace="chain", version="1.0.0", environ=environ)
        self.ended = Ended()
        self.telemetry.tracer_provider.add_span_processor(self.ended)  # type: ignore[union-attr]
        self.telemetry.logger._receivers = (self.lines.append,)
        wiring: dict[str, Any] = {"telemetry": self.telemetry, "flags": self.flags}
        make: Callable[..., Flask] = database_service.app.create_app
        if service == "backend":
            make, wiring["database"] = backend_service.app.create_app, self.next_tier
        elif service == "frontend":
            make, wiring["backend"] = frontend_service.app.create_app, self.next_tier
        self.client = make(environ, **wiring).test_client()

    def ask(self, id: int = 1) -> None:
        """One request; what was seen of the one before is forgotten."""
        self.lines.clear()
        self.ended.spans.clear()
        assert self.client.get(_PATHS[self.service].format(id=id)).status_code == 200

    def metrics(self) -> str:
        return self.client.get("/metrics").text

    def shape(self) -> dict[str, Any]:
        """Of the last request and the metrics, what does not depend on the moment."""
        return {
            "spans": sorted((span.name, tuple(sorted(span.attributes or ()))) for span in self.ended.spans),
            "versions": {str(span.resource.attributes["service.version"]) for span in self.ended.spans},
            "lines": [(line.level, line.message, bool(line.trace_id)) for line in self.lines],
            "series": sorted(line.rpartition(" ")[0] for line in self.metrics().splitlines() if line[:1] != "#"),
            "propagation": self.next_tier.propagation,
            "offset": self.telemetry.clock.offset_nanoseconds,
        }


@pytest.fixture(params=SERVICES)
def seen(request: pytest.FixtureRequest) -> Iterator[Seen]:
    seen = Seen(request.param)
    # The first request makes series and fills the cache.
    seen.ask()
    yield seen
    seen.telemetry.shutdown()


_FLAGS: dict[str, dict[str, Any]] = {
    "clock-offset": {"seconds": 30},
    "trace-sampling": {"share": 0},
    "log-correlation": {},
    "status-lines": {"lines_per_second": 200},
    "metrics-endpoint": {},
    "endpoint-labels": {"paths": 50},
    "trace-context": {},
    "backend-release": {"version": "1.1.0", "largest_quantity": 20},
}


@pytest.mark.parametrize("flag", _FLAGS)
def test_after_a_flag_has_been_on_the_service_is_seen_as_before(seen: Seen, flag: str) -> None:
    seen.ask()
    before = seen.shape()
    seen.flags.set(flag, {"service": seen.service, **_FLAGS[flag]})
    seen.ask()
    seen.flags.set(flag)
    seen.ask()
    assert seen.shape() == before


@pytest.mark.parametrize("flag", [flag for flag in _FLAGS if flag != "backend-release"])
def test_a_flag_for_another_service_changes_nothing(seen: Seen, flag: str) -> None:
    seen.ask()
    before = seen.shape()
    (other, _) = (service for service in SERVICES if service != seen.service)
    seen.flags.set(flag, {"service": other, **_FLAGS[flag]})
    seen.ask()
    assert seen.shape() == before


def test_the_service_that_a_flag_names_can_change_while_it_is_on(seen: Seen) -> None:
    (other, _) = (service for service in SERVICES if service != seen.service)
    for service, correlated in ((seen.service, False), (other, True), (seen.service, False)):
        seen.flags.set("log-correlation", {"service": service})
        seen.ask()
        assert {bool(line.trace_id) for line in seen.lines} == {correlated}


def test_the_clock_is_ahead_on_lines(seen: Seen) -> None:
    seen.ask()
    right = seen.lines[-1].time_unix_nano
    seen.flags.set("clock-offset", {"service": seen.service, "seconds": 3600})
    seen.ask()
    assert 3600e9 < seen.lines[0].time_unix_nano - right < 3660e9


def test_no_span_is_recorded_and_lines_keep_their_trace_id(seen: Seen) -> None:
    seen.flags.set("trace-sampling", {"service": seen.service, "share": 0})
    seen.ask()
    assert seen.ended.spans == []
    assert all(line.trace_id for line in seen.lines)


def test_status_lines_come_by_themselves(seen: Seen) -> None:
    seen.flags.set("status-lines", {"service": seen.service, "lines_per_second": 1000})
    deadline = time.monotonic() + 10
    while not any(line.message.startswith("Status: ") for line in list(seen.lines)):
        assert time.monotonic() < deadline
        seen.client.get("/health")


def test_metrics_cannot_be_scraped_and_the_service_is_well(seen: Seen) -> None:
    seen.flags.set("metrics-endpoint", {"service": seen.service})
    assert seen.client.get("/metrics").status_code == 503
    assert seen.client.get("/ready").status_code == 200
    seen.ask()


@pytest.mark.parametrize("service", ["frontend", "backend"])
def test_endpoints_are_raw_paths_up_to_a_limit(service: str) -> None:
    seen = Seen(service)
    seen.flags.set("endpoint-labels", {"service": service, "paths": 2})
    for id in (1, 2, 3):
        seen.ask(id)
    counted = {
        line.split('endpoint="')[1].split('"')[0]
        for line in seen.metrics().splitlines()
        if "request_duration_seconds_count{" in line
    }
    paths = [_PATHS[service].format(id=id) for id in (1, 2)]
    assert counted == {*paths, _PATHS[service].format(id="<id>")}
    seen.telemetry.shutdown()


@pytest.mark.parametrize("service", ["frontend", "backend"])
def test_calls_carry_no_trace_context(service: str) -> None:
    seen = Seen(service)
    seen.flags.set("trace-context", {"service": service})
    assert not seen.next_tier.propagation
    seen.telemetry.shutdown()


def test_a_release_of_the_backend_is_another_version_that_recommends_quantities_and_answers_the_same() -> None:
    seen = Seen("backend")
    before = seen.client.get("/api/product/1").get_json()
    seen.flags.set("backend-release", {"version": "1.1.0", "largest_quantity": 20})
    seen.ask()
    spans = {span.name: span for span in seen.ended.spans}
    assert seen.shape()["versions"] == {"1.1.0"}
    assert spans["apply_pricing_rules"].attributes["pricing.recommended_quantity"] == 10  # type: ignore[index]
    assert 'lab_service_info{version="1.1.0"} 1.0' in seen.metrics()
    assert 'version="1.0.0"' not in seen.metrics()
    assert seen.client.get("/api/product/1").get_json() == before
    seen.telemetry.shutdown()


@pytest.mark.parametrize("service", ["frontend", "database"])
def test_other_services_have_no_release_of_the_backend(service: str) -> None:
    seen = Seen(service)
    seen.flags.set("backend-release", {"version": "1.1.0"})
    seen.ask()
    assert seen.shape()["versions"] == {"1.0.0"}
    seen.telemetry.shutdown()
