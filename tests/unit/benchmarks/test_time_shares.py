from __future__ import annotations

from typing import Any

from benchmarks.time_shares import of_handler, self_times_ms, shares, until_answered
from lab.telemetry_client import Span


def span(id: str, parent: str, name: str, begin_ms: int, end_ms: int, kind: str = "internal", **more: Any) -> Span:
    return Span(
        trace_id="1" * 32,
        span_id=id,
        parent_span_id=parent,
        name=name,
        kind=kind,
        status="unset",
        status_message="",
        start_time_unix_nano=begin_ms * 1_000_000,
        end_time_unix_nano=end_ms * 1_000_000,
        service="",
        **more,
    )


SQL, REDIS = {"db.system.name": "postgresql"}, {"db.system.name": "redis"}

#: Answered after 100 ms; the event is handled while and after that.
TRACE = [
    span("gateway", "", "POST /v1/order", 0, 100, "server"),
    span("session", "gateway", "GET session", 5, 10, "client", attributes=REDIS),
    span("call", "gateway", "POST", 20, 90, "client"),
    span("orders", "call", "POST /order", 30, 85, "server"),
    span("insert", "orders", "INSERT INTO orders", 40, 60, "client", attributes=SQL),
    span("publish", "orders", "PUBLISH order_created", 60, 65, "producer", attributes=REDIS),
    span("engine", "publish", "process_order", 62, 120, "consumer"),
    span("update", "engine", "UPDATE orders", 70, 110, "client", attributes=SQL),
]


def test_the_answer_waits_for_everything_but_the_handlers_of_events() -> None:
    assert [one.span_id for one in until_answered(TRACE)] == [
        *("gateway", "session", "call", "orders", "insert", "publish")
    ]


def test_all_self_times_together_are_the_time_to_the_answer() -> None:
    times = self_times_ms(until_answered(TRACE))
    assert times == {"logic": 25 + 30, "Redis": 5 + 5, "service calls": 15, "SQL": 20}
    assert sum(times.values()) == 100


def test_a_handler_has_its_own_times() -> None:
    ((engine, update),) = of_handler(TRACE, "process_order")
    assert (engine.span_id, update.span_id) == ("engine", "update")
    assert self_times_ms([engine, update]) == {"SQL": 40, "logic": 18}


def test_hashing_a_password_is_not_what_else_a_service_does() -> None:
    login = [span("a", "", "authenticate_user", 0, 50, "server"), span("b", "a", "verify_password", 10, 40)]
    assert self_times_ms(login) == {"logic": 20, "password hash": 30}


def test_shares_are_of_all_traces_together() -> None:
    long, short = self_times_ms(until_answered(TRACE)), self_times_ms([span("a", "", "GET /", 0, 100, "server")])
    assert shares([long, short]) == {
        **{"SQL": 0.1, "Redis": 0.05, "service calls": 0.075, "password hash": 0.0, "logic": 0.775}
    }
    assert set(shares([]).values()) == {0.0}
