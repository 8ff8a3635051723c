"""What each flag changes in the backend service: while it is on, and that nothing of it is left afterwards."""

from __future__ import annotations

import mmap
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from backend_service.app import create_app
from backend_service.forecast import DemandForecast
from backend_service.membership import TERMS, Memberships
from feature_flags import FixedFlags
from observability import setup
from observability.http_client import CallPolicy, ServiceResponse

_CATEGORIES = ("furniture", "kitchen", "textiles", "lighting", "garden")
_MEMBERSHIPS = ("standard", "silver", "gold")


class Shop:
    """A database that knows some of everything, and what it was asked for: product n is of the n-th category, user n
    has the n-th membership."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.policy = CallPolicy()
        self.on_ask: Callable[[], object] = lambda: None

    def get(self, path: str) -> ServiceResponse:
        self.asked.append(path)
        self.on_ask()
        kind, _, id = path.removeprefix("/db/").partition("/")
        if kind == "user":
            user = {"id": int(id), "membership": _MEMBERSHIPS[int(id) % 3]}
            return ServiceResponse(200, {"user": user}, {})
        if kind == "product":
            product = {
                "id": int(id),
                "name": f"product {id}",
                "category": _CATEGORIES[int(id) % 5],
                "price_cents": 1_000,
                "created_at": "2026-01-01T00:00:00Z",
                "inventory": [{"warehouse": "vienna", "quantity": 10, "reserved": 1, "available": 9}],
            }
            return ServiceResponse(200, {"product": product}, {})
        return ServiceResponse(200, {"rows": []}, {})

    def require_health(self) -> None: ...


class Service:
    """The service with flags to set and a shop behind it."""

    def __init__(self, **environ: str) -> None:
        self.flags = FixedFlags()
        self.shop = Shop()
        settings = {"OTEL_TRACES_EXPORTER": "none", "LOKI_URL": "", "LOG_CONSOLE": "false", **environ}
        self.telemetry = setup("backend", namespace="chain", version="1.0.0", environ=settings)
        app = create_app(settings, telemetry=self.telemetry, flags=self.flags, database=self.shop)  # type: ignore[arg-type]
        self.client: FlaskClient = app.test_client()

    def get(self, path: str) -> tuple[int, Any]:
        answer = self.client.get(path)
        return answer.status_code, answer.get_json()

    def statuses(self, *paths: str) -> list[int]:
        return [self.get(path)[0] for path in paths]

    def count(self, name: str, **labels: str) -> float:
        return self.telemetry.registry.get_sample_value(name, labels) or 0.0


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service()
    yield service
    service.flags.apply({})
    service.telemetry.shutdown()


def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"did not happen within {seconds} s"
        time.sleep(0.005)


_EVERY_PATH = ("/api/data", *(f"/api/user/{n}" for n in range(1, 7)), *(f"/api/product/{n}" for n in range(1, 7)))


@pytest.mark.parametrize(
    ("flag", "value"),
    [
        ("cache-store", {"on": True}),
        ("cache-rounds", {"round_seconds": 5}),
        ("compact-records", {"product": 3}),
        ("bundle-prices", {"category": "garden"}),
        ("membership-terms", {"membership": "silver"}),
        ("answer-journal", {"page_kilobytes": 64}),
        ("demand-plan", {"share": 0.1}),
        ("storage-tier", {"factor": 100}),
    ],
)
def test_once_it_is_off_every_answer_is_what_it_was(service: Service, flag: str, value: dict[str, Any]) -> None:
    before = [service.get(path) for path in _EVERY_PATH]
    service.flags.set(flag, value)
    for path in _EVERY_PATH:
        service.get(path)
    service.flags.set(flag)
    assert [service.get(path) for path in _EVERY_PATH] == before
    assert {status for status, _ in before} == {200}


def test_a_cache_without_its_store_finds_and_keeps_nothing_and_begins_empty_afterwards(service: Service) -> None:
    assert service.statuses("/api/user/1", "/api/user/1") == [200, 200]
    service.flags.set("cache-store", {"on": True})
    assert service.statuses("/api/user/1", "/api/user/1", "/api/user/2") == [200, 200, 200]
    service.flags.set("cache-store")
    assert service.statuses("/api/user/1", "/api/user/1") == [200, 200]
    assert service.shop.asked == ["/db/user/1", "/db/user/1", "/db/user/1", "/db/user/2", "/db/user/1"]
    assert service.count("backend_cache_operations_total", operation="hit") == 2


def test_the_most_wanted_product_fails_for_whoever_finds_it_in_the_cache(service: Service) -> None:
    service.flags.set("compact-records", {"product": 0})
    for _ in range(20):
        service.get("/api/product/3")
    for other in range(4, 10):
        service.get(f"/api/product/{other}")
    assert service.statuses("/api/product/3", "/api/product/4", "/api/user/3") == [500, 200, 200]
    service.flags.set("compact-records")
    assert service.statuses("/api/product/3", "/api/product/3") == [200, 200]


def test_whoever_gets_the_broken_record_from_the_database_is_served() -> None:
    service = Service(CACHE_TTL_SECONDS="0")
    service.flags.set("compact-records", {"product": 3})
    assert service.statuses("/api/product/3", "/api/product/3") == [200, 200]
    service.telemetry.shutdown()


def test_a_record_that_arrives_after_the_end_is_kept_whole(service: Service) -> None:
    service.flags.set("compact-records", {"product": 3})
    service.shop.on_ask = lambda: service.flags.set("compact-records")
    assert service.statuses("/api/product/3", "/api/product/3") == [200, 200]


def test_a_rule_raises_for_one_category_only_and_changes_no_price_of_another(service: Service) -> None:
    before = [service.get(f"/api/product/{n}") for n in range(1, 5)]
    service.flags.set("bundle-prices", {"category": "furniture"})
    # Product 5 is furniture; once from the database and once from the cache.
    assert service.statuses("/api/product/5", "/api/product/5") == [500, 500]
    assert [service.get(f"/api/product/{n}") for n in range(1, 5)] == before
    service.flags.set("bundle-prices")
    assert service.statuses("/api/product/5") == [200]


@pytest.mark.parametrize("membership", _MEMBERSHIPS)
def test_the_users_of_one_membership_fail_and_no_others(service: Service, membership: str) -> None:
    service.flags.set("membership-terms", {"membership": membership})
    failing = [_MEMBERSHIPS[n % 3] for n in range(1, 7) if service.get(f"/api/user/{n}")[0] == 500]
    assert failing == [membership] * 2
    assert service.statuses("/api/data", "/api/product/1") == [200, 200]


def test_terms_that_are_well_typed_are_read() -> None:
    assert Memberships(TERMS).benefits("gold") == {"free_shipping": True, "discount": 5, "returns": 100}


def test_a_journal_grows_with_each_answer_up_to_its_limit_and_gives_its_memory_back(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[mmap.mmap] = []
    make = mmap.mmap

    def note(*arguments: Any) -> mmap.mmap:
        made.append(make(*arguments))
        return made[-1]

    monkeypatch.setattr("backend_service.journal.mmap.mmap", note)
    service.get("/api/user/1")
    assert made == []
    service.flags.set("answer-journal", {"page_kilobytes": 64, "limit_megabytes": 1})
    for _ in range(40):
        service.get("/api/user/1")
    assert sum(len(memory) for memory in made) == 1024 * 1024
    # Filled to the end, so that it is really there.
    assert b"\0" not in made[0][:]
    service.flags.set("answer-journal")
    assert all(memory.closed for memory in made)


def test_a_forecast_computes_until_it_is_ended() -> None:
    forecast = DemandForecast()
    forecast.start(0.5)
    (thread,) = [thread for thread in threading.enumerate() if thread.name == "demand-forecast"]
    until(lambda: forecast.months > 100)
    forecast.stop()
    thread.join(timeout=10)
    assert not thread.is_alive()


def test_the_backend_insists_while_the_storage_is_slow_and_then_calls_as_ever(service: Service) -> None:
    usual = service.shop.policy
    service.flags.set("storage-tier", {"factor": 100, "timeout_seconds": 0.2, "attempts": 3})
    insisting = service.shop.policy
    service.flags.set("storage-tier")
    assert (insisting.read_timeout_seconds, insisting.attempts, insisting.repeats_timeouts) == (0.2, 3, True)
    assert service.shop.policy == usual
