"""What the chain of three services would have sent in the last ten minutes, as bodies of the push APIs.

`/user/<id>` makes a trace of ten spans, one log line a tier (JSON, with the trace's id), and counts in the metrics of
all tiers; every twelfth request fails in the database. Numbers count up: every run sends the same but for the time.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.integration.telemetry_store import remote_write_body
from tests.integration.telemetry_store.remote_write_body import Exemplar, Series

SECONDS = 600
REQUESTS = 60
SCRAPE_SECONDS = 15
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, float("inf"))
TIERS = {
    "frontend": ("/user/<id>", "frontend_get_user"),
    "backend": ("/api/user/<id>", "backend_get_user"),
    "database": ("/db/user/<id>", "database_get_user"),
}


@dataclass(frozen=True)
class Request:
    """One visit to `/user/<number>`, `at` unix seconds."""

    number: int
    at: float

    @property
    def trace_id(self) -> str:
        return f"{0xC0FFEE0000 + self.number:032x}"

    @property
    def failed(self) -> bool:
        return self.number % 12 == 0

    @property
    def seconds(self) -> float:
        """How long the frontend took."""
        return 0.008 * (1 + self.number % 40)


class ChainData:
    """Ten minutes of telemetry that end at `end` (unix seconds)."""

    def __init__(self, end: float) -> None:
        self.start, self.end = end - SECONDS, end
        self.requests = [
            Request(n, self.start + 5 + (n - 1) * (SECONDS - 10) / REQUESTS) for n in range(1, REQUESTS + 1)
        ]

    # -- spans

    def spans(self) -> dict[str, Any]:
        """An OTLP/JSON request."""
        tiers: dict[str, list[dict[str, Any]]] = {tier: [] for tier in TIERS}
        for request in self.requests:
            for tier, span in self._spans_of(request):
                tiers[tier].append(span)
        return {
            "resourceSpans": [
                {
                    "resource": {"attributes": attributes({"service.name": tier, "service.version": "0.1.0"})},
                    "scopeSpans": [{"scope": {"name": "observability", "version": "1"}, "spans": spans}],
                }
                for tier, spans in tiers.items()
            ]
        }

    def _spans_of(self, request: Request) -> list[tuple[str, dict[str, Any]]]:
        made: list[tuple[str, dict[str, Any]]] = []
        whole = int(request.seconds * 1e9)

        def span(tier: str, name: str, parent: int, begin: float, end: float, kind: int, **more: Any) -> int:
            number = len(made) + 1
            start = int(request.at * 1e9)
            made.append(
                (
                    tier,
                    {
                        "traceId": request.trace_id,
                        "spanId": f"{request.number * 100 + number:016x}",
                        "parentSpanId": f"{request.number * 100 + parent:016x}" if parent else "",
                        "name": name,
                        "kind": kind,
                        "startTimeUnixNano": str(start + int(whole * begin)),
                        "endTimeUnixNano": str(start + int(whole * end)),
                        **more,
                    },
                )
            )
            return number

        failed = request.failed
        error = {"code": 2, "message": "connection lost"} if failed else {"code": 0}
        event = {
            "timeUnixNano": str(int(request.at * 1e9) + whole // 2),
            "name": "exception",
            "attributes": attributes(
                {"exception.type": "DatabaseError", "exception.message": "connection lost", "exception.stacktrace": "…"}
            ),
        }

        def server(route: str) -> list[dict[str, Any]]:
            return attributes({"http.method": "GET", "http.route": route, "http.status_code": 500 if failed else 200})

        def client(peer: str) -> list[dict[str, Any]]:
            return attributes({"http.method": "GET", "peer.service": peer})

        front = span(
            "frontend",
            "frontend_get_user",
            0,
            0,
            1,
            2,
            attributes=server("/user/<id>"),
            status=error,
            events=[event] * failed,
        )
        call = span("frontend", "GET", front, 0.1, 0.9, 3, attributes=client("backend"), status=error)
        back = span(
            "backend", "backend_get_user", call, 0.15, 0.85, 2, attributes=server("/api/user/<id>"), status=error
        )
        span("backend", "validate_user_id", back, 0.16, 0.2, 1)
        call = span("backend", "GET", back, 0.2, 0.8, 3, attributes=client("database"), status=error)
        data = span(
            "database", "database_get_user", call, 0.25, 0.75, 2, attributes=server("/db/user/<id>"), status=error
        )
        for position, name in enumerate(
            ("transaction_begin", "query_planning", "query_execution", "transaction_commit")
        ):
            begin = 0.3 + position / 10
            span("database", name, data, begin, begin + 0.1, 1, attributes=attributes({"db.system": "simulated"}))
        return made

    # -- log lines

    def lines(self) -> dict[str, Any]:
        """A push in Loki's JSON form."""
        streams: dict[tuple[str, str], list[list[str]]] = {}
        for request in self.requests:
            level = "error" if request.failed else "info"
            for delay, (tier, (route, _)) in enumerate(TIERS.items()):
                line = {
                    "level": level,
                    "message": f"{'Failed' if request.failed else 'Fetched'} user {request.number}",
                    "trace_id": request.trace_id,
                    "duration_ms": round(request.seconds * 1000, 1),
                    "endpoint": route,
                }
                instant = int(request.at * 1e9) + delay * 1_000_000
                streams.setdefault((tier, level), []).append([str(instant), json.dumps(line)])
        return {
            "streams": [
                {"stream": {"service": tier, "level": level}, "values": values}
                for (tier, level), values in streams.items()
            ]
        }

    # -- samples

    def samples(self) -> bytes:
        """A body of Prometheus' remote write."""
        return remote_write_body.body(self._series())

    def _series(self) -> list[Series]:
        found: list[Series] = []
        instants = [self.start + second for second in range(0, SECONDS + 1, SCRAPE_SECONDS)]
        for tier, (route, _) in TIERS.items():
            target = {"service": tier, "job": "chain", "instance": f"{tier}:8000"}

            def add(
                name: str, count: Any, exemplars: Sequence[Request] = (), target: Any = target, **labels: str
            ) -> None:
                points = [(int(at * 1000), float(count([r for r in self.requests if r.at <= at]))) for at in instants]
                kept = [Exemplar({"trace_id": r.trace_id}, r.seconds, int(r.at * 1000)) for r in exemplars]
                found.append(Series({"__name__": name, **target, **labels}, points, kept))

            add("up", lambda done: 1)
            add(f"{tier}_active_users", lambda done: len(done) % 7)
            for status, failed in (("200", False), ("500", True)):
                add(
                    f"{tier}_requests_total",
                    lambda done, failed=failed: sum(r.failed is failed for r in done),
                    method="GET", endpoint=route, status=status,
                )  # fmt: skip
            histogram = f"{tier}_request_duration_seconds"
            for low, high in zip((0.0, *BUCKETS), BUCKETS, strict=False):
                add(
                    f"{histogram}_bucket",
                    lambda done, high=high: sum(r.seconds <= high for r in done),
                    [r for r in self.requests if low < r.seconds <= high][-1:],
                    endpoint=route, le="+Inf" if high == float("inf") else f"{high:g}",
                )  # fmt: skip
            add(f"{histogram}_sum", lambda done: sum(r.seconds for r in done), endpoint=route)
            add(f"{histogram}_count", len, endpoint=route)
        return found

    def counted(self) -> Counter[bool]:
        """How many requests failed (True) and how many did not."""
        return Counter(request.failed for request in self.requests)


def attributes(values: dict[str, Any]) -> list[dict[str, Any]]:
    """OTLP/JSON attributes; integers as texts, as the specification wants them."""

    def value(content: Any) -> dict[str, Any]:
        return {"intValue": str(content)} if isinstance(content, int) else {"stringValue": content}

    return [{"key": key, "value": value(content)} for key, content in values.items()]


def send(store: Any, data: ChainData) -> None:
    """Gives everything to a store (anything with the test client's methods)."""
    answer = store.request("POST", "prometheus", "/api/v1/write", data.samples(), remote_write_body.HEADERS)
    assert answer.status == 204, answer.text
    assert store.post("loki", "/loki/api/v1/push", data.lines()).status == 204
    assert store.post("otlp", "/v1/traces", data.spans()).status == 200
