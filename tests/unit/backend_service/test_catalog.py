"""Cache first, then the database: what is kept, what is not, and what a bad answer becomes."""

from __future__ import annotations

from typing import Any

import pytest

from backend_service.cache import TtlLruCache
from backend_service.catalog import Catalog
from backend_service.metrics import BackendMetrics
from observability import setup
from observability.errors import RequestError, ServiceUnavailable
from observability.http_client import ServiceResponse

_NOT_FOUND = {"error": {"type": "user_not_found", "message": "there is no user 7", "hint": "try user 123"}}


class FakeDatabase:
    """Answers from a list, and remembers what it was asked."""

    def __init__(self, *answers: ServiceResponse | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    def get(self, path: str) -> ServiceResponse:
        self.asked.append(path)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def answer(status: int, json: Any) -> ServiceResponse:
    return ServiceResponse(status, json, {"Server-Timing": "database;dur=1.00"})


def catalog_of(database: FakeDatabase, cache: TtlLruCache[Any] | None = None) -> tuple[Catalog, BackendMetrics]:
    telemetry = setup("backend", namespace="chain", version="1.0.0", environ={"OTEL_SDK_DISABLED": "true"})
    metrics = BackendMetrics(telemetry.registry)
    if cache is None:
        cache = TtlLruCache(max_entries=10, ttl_seconds=30)
    return Catalog(database, cache, metrics, telemetry), metrics  # type: ignore[arg-type]


def calls(metrics: BackendMetrics) -> dict[tuple[str, str], float]:
    samples = next(iter(metrics.database_calls_total.collect())).samples
    return {(s.labels["operation"], s.labels["status"]): s.value for s in samples if s.name.endswith("_total")}


def test_a_found_record_is_asked_for_once() -> None:
    database = FakeDatabase(answer(200, {"user": {"id": 7}}))
    catalog, metrics = catalog_of(database)
    first, second = catalog.user("7", lambda: 7), catalog.user("7", lambda: 7)
    assert (first.cache, first.server_timing, first.record()) == ("miss", "database;dur=1.00", {"id": 7})
    assert (second.cache, second.server_timing, second.record()) == ("hit", "", {"id": 7})
    assert database.asked == ["/db/user/7"]
    assert calls(metrics) == {("get_user", "success"): 1}


def test_an_empty_list_of_orders_is_a_record_too() -> None:
    database = FakeDatabase(answer(200, {"rows": []}))
    catalog, _ = catalog_of(database)
    assert [catalog.newest_orders().record() for _ in range(2)] == [[], []]
    assert len(database.asked) == 1


def test_what_does_not_exist_is_asked_for_every_time() -> None:
    database = FakeDatabase(answer(404, _NOT_FOUND), answer(200, {"user": {"id": 7}}))
    catalog, metrics = catalog_of(database)
    with pytest.raises(RequestError) as refused:
        catalog.user("7", lambda: 7).record()
    error = refused.value
    assert (error.status, error.type, error.message, error.hint) == (
        404,
        "user_not_found",
        "there is no user 7",
        "try user 123",
    )
    assert catalog.user("7", lambda: 7).record() == {"id": 7}
    assert calls(metrics) == {("get_user", "not_found"): 1, ("get_user", "success"): 1}


@pytest.mark.parametrize(
    ("bad", "status", "type", "counted"),
    [
        (
            answer(503, {"error": {"type": "pool_exhausted", "message": "all in use"}}),
            503,
            "database_unavailable",
            "unavailable",
        ),
        (answer(503, None), 503, "database_unavailable", "unavailable"),
        (answer(500, {"error": {"type": "internal_error", "message": "x"}}), 502, "database_error", "error"),
        (answer(404, {"error": {"type": 5, "message": []}}), 502, "database_error", "not_found"),
        (answer(404, ["not", "an", "error"]), 502, "database_error", "not_found"),
        (answer(200, {"something": "else"}), 502, "database_error", "error"),
        (answer(200, None), 502, "database_error", "error"),
        (answer(302, None), 502, "database_error", "error"),
    ],
)
def test_a_bad_answer_becomes_an_error_of_this_service_and_is_not_cached(
    bad: ServiceResponse, status: int, type: str, counted: str
) -> None:
    catalog, metrics = catalog_of(FakeDatabase(bad, answer(200, {"user": {"id": 7}})))
    with pytest.raises(RequestError) as refused:
        catalog.user("7", lambda: 7).record()
    assert (refused.value.status, refused.value.type) == (status, type)
    assert calls(metrics) == {("get_user", counted): 1}
    assert catalog.user("7", lambda: 7).record() == {"id": 7}


def test_a_database_that_is_gone_is_counted() -> None:
    catalog, metrics = catalog_of(FakeDatabase(ServiceUnavailable("database", "the connection failed")))
    with pytest.raises(ServiceUnavailable):
        catalog.user("7", lambda: 7)
    assert calls(metrics) == {("get_user", "unavailable"): 1}


def test_an_id_that_fails_validation_is_neither_asked_for_nor_cached() -> None:
    database = FakeDatabase()
    catalog, _ = catalog_of(database)

    def refuse() -> int:
        raise RequestError(400, "invalid_user_id", "no")

    with pytest.raises(RequestError):
        catalog.user("x" * 10_000, refuse)
    assert database.asked == []


def test_when_everything_has_expired_who_asks_first_fetches_it_all_and_a_failure_is_not_theirs() -> None:
    now = 100.0
    cache: TtlLruCache[Any] = TtlLruCache(max_entries=10, ttl_seconds=30, clock=lambda: now)
    found = [answer(200, {"user": {"id": n}}) for n in range(1, 5)]
    gone = ServiceUnavailable("database", "the connection failed")
    database = FakeDatabase(*found, *found[:2], gone, *found[2:])
    catalog, _ = catalog_of(database, cache)
    catalog.reloads_expired = True
    for n in range(1, 5):
        catalog.user(str(n), lambda: None)
    now = 140.0
    assert catalog.user("1", lambda: None).record() == {"id": 1}
    assert database.asked[4:] == ["/db/user/1", "/db/user/2", "/db/user/3"]
    assert catalog.user("2", lambda: None).cache == "hit"
    catalog.reloads_expired = False
    assert catalog.user("3", lambda: None).cache == "miss"
    assert database.asked[7:] == ["/db/user/3"]


def test_reloading_ends_where_it_is_when_it_is_switched_off() -> None:
    now = 100.0
    cache: TtlLruCache[Any] = TtlLruCache(max_entries=10, ttl_seconds=30, clock=lambda: now)
    database = FakeDatabase(*(answer(200, {"user": {"id": n}}) for n in range(20)))
    catalog, _ = catalog_of(database, cache)
    for n in range(1, 6):
        catalog.user(str(n), lambda: None)
    now = 140.0
    catalog.reloads_expired = True
    ask = database.get

    def ask_and_switch_off(path: str) -> ServiceResponse:
        if len(database.asked) == 7:
            catalog.reloads_expired = False
        return ask(path)

    database.get = ask_and_switch_off  # type: ignore[method-assign]
    assert catalog.user("1", lambda: None).record()
    assert database.asked[5:] == ["/db/user/1", "/db/user/2", "/db/user/3"]
