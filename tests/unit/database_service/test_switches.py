"""What each flag changes in the database service: while it is on, and that nothing of it is left afterwards."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask

from database_service.app import create_app
from database_service.database import Database
from database_service.planner import Planner
from database_service.queries import Statement, inventory_of_product, parse_query
from feature_flags import FixedFlags
from observability.errors import RequestError

_NEWEST_ORDERS = parse_query([("table", "orders"), ("order", "created_at:desc")])


class Service:
    """The service with flags to set, no latency and no telemetry."""

    def __init__(self, latency_scale: str = "0", pool_size: str = "10") -> None:
        self.flags = FixedFlags()
        environ = {
            "OTEL_SDK_DISABLED": "true",
            "DATABASE_LATENCY_SCALE": latency_scale,
            "DATABASE_POOL_SIZE": pool_size,
            "DATABASE_POOL_TIMEOUT_SECONDS": "0.01",
        }
        self.app: Flask = create_app(environ, flags=self.flags)
        self.database: Database = self.app.extensions["database"]

    def plan(self, statement: Statement) -> str:
        with self.database.pool.connection() as connection:
            plan, _ = Planner().plan(connection, statement.sql, statement.parameters)
        return plan.text

    def answers(self) -> list[Any]:
        """What it says about some of everything."""
        return [
            self.database.get_user(123),
            self.database.get_user(100_000),
            *(self.database.get_product(product_id) for product_id in (1, 2, 42, 129, 100_000)),
            self.database.query(_NEWEST_ORDERS),
        ]


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service()
    yield service
    service.flags.apply({})


def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"did not happen within {seconds} s"
        time.sleep(0.005)


@contextmanager
def running(*targets: Callable[[], object]) -> Iterator[list[BaseException]]:
    """The targets, over and over, each in a thread; what they raise is the list."""
    raised: list[BaseException] = []
    stopped = threading.Event()

    def run(target: Callable[[], object]) -> None:
        while not stopped.is_set():
            try:
                target()
            except BaseException as error:
                raised.append(error)
                return

    threads = [threading.Thread(target=run, args=(target,)) for target in targets]
    for thread in threads:
        thread.start()
    try:
        yield raised
    finally:
        stopped.set()
        for thread in threads:
            thread.join()


@pytest.mark.parametrize(
    ("flag", "value"),
    [
        ("inventory-index", {"table": "inventory"}),
        ("inventory-index", {"table": "orders"}),
        ("inventory-pages", {"rows": 1}),
        ("inventory-pages", {"rows": 2}),
        ("maintenance-job", {"orders": 500, "pause_seconds": 0.01}),
        ("session-review", {"share": 0.1}),
        ("storage-tier", {"factor": 10}),
    ],
)
def test_the_answers_are_the_same_before_while_and_after(service: Service, flag: str, value: dict[str, Any]) -> None:
    before = service.answers()
    service.flags.set(flag, value)
    while_on = service.answers()
    service.flags.set(flag)
    assert while_on == before
    assert service.answers() == before


def test_a_table_without_its_index_is_read_as_a_whole_until_the_index_is_back(service: Service) -> None:
    statement = inventory_of_product(42)
    with_index = service.plan(statement)
    service.flags.set("inventory-index", {"table": "inventory"})
    without_index = service.plan(statement)
    service.flags.set("inventory-index")
    assert "SCAN inventory" not in with_index
    assert "SCAN inventory" in without_index
    assert service.plan(statement) == with_index


def test_a_table_that_lost_its_index_gets_it_back_when_another_one_loses_its_own(service: Service) -> None:
    inventory, orders = inventory_of_product(42), _NEWEST_ORDERS
    healthy = [service.plan(one) for one in (inventory, orders)]
    service.flags.set("inventory-index", {"table": "inventory"})
    service.flags.set("inventory-index", {"table": "orders"})
    assert service.plan(inventory) == healthy[0]
    assert service.plan(orders) != healthy[1]


def test_an_index_goes_and_comes_while_others_read_and_none_of_them_fails(service: Service) -> None:
    def read() -> object:
        return service.database.get_product(42)

    with running(read, read, read) as raised:
        for _ in range(10):
            service.flags.set("inventory-index", {"table": "inventory"})
            service.flags.set("inventory-index")
    assert raised == []


def test_kept_sessions_take_their_connections_from_everybody_else_and_give_them_back() -> None:
    service = Service(pool_size="4")
    service.flags.set("session-review", {"share": 0.5})
    for _ in range(8):
        assert service.database.get_user(1)
    with pytest.raises(RequestError) as refused:
        service.database.get_user(1)
    assert (refused.value.status, refused.value.type) == (503, "pool_exhausted")
    service.flags.set("session-review")
    taken = [service.database.pool.take() for _ in range(4)]
    for connection in taken:
        service.database.pool.give_back(connection)
    for _ in range(20):
        assert service.database.get_user(1)


def test_a_transaction_that_began_while_sessions_were_kept_gives_its_connection_back_when_they_no_longer_are() -> None:
    service = Service(pool_size="2")
    service.flags.set("session-review", {"share": 1})
    with service.database._transaction():
        service.flags.set("session-review")
    assert [service.database.get_user(1) is not None for _ in range(6)] == [True] * 6


def test_the_session_of_a_failed_transaction_holds_no_lock() -> None:
    service = Service(pool_size="1")
    service.flags.set("session-review", {"share": 1})
    with pytest.raises(sqlite3.OperationalError, match="incomplete"):
        service.database.query(Statement("users", "SELECT * FROM users WHERE id = 0 / 0 AND", ()))
    # Rolled back, and kept like every other.
    with pytest.raises(RequestError, match="stayed in use"):
        service.database.get_user(1)
    service.flags.set("session-review")
    assert service.database.get_user(1)


def test_while_totals_are_updated_readers_wait_for_the_lock_and_some_are_refused() -> None:
    service = Service(latency_scale="1")

    def ask() -> str:
        try:
            service.database.get_user(1)
        except RequestError as error:
            return error.type
        return "answered"

    assert {ask() for _ in range(10)} == {"answered"}
    service.flags.set("maintenance-job", {"orders": 5_000, "pause_seconds": 0.05})
    until(lambda: ask() == "database_locked")
    service.flags.set("maintenance-job")
    until(lambda: "order-totals" not in {thread.name for thread in threading.enumerate()})
    assert {ask() for _ in range(10)} == {"answered"}


def test_stock_is_asked_for_row_by_row_and_then_with_one_join_again(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    run = service.database._execute

    def note(connection: Any, statement: Any, plan: Any) -> list[dict[str, Any]]:
        asked.append(statement.table)
        return run(connection, statement, plan)

    monkeypatch.setattr(service.database, "_execute", note)
    product_id, rows = next(
        (id, len(product["inventory"]))
        for id in range(1, 50)
        if (product := service.database.get_product(id)) and len(product["inventory"]) > 1
    )

    def queries_on_inventory() -> int:
        asked.clear()
        service.database.get_product(product_id)
        return asked.count("inventory")

    assert queries_on_inventory() == 1
    service.flags.set("inventory-pages", {"rows": 1})
    assert queries_on_inventory() == 1 + rows
    service.flags.set("inventory-pages")
    assert queries_on_inventory() == 1


def test_burdened_storage_takes_many_times_as_long_and_lets_go_of_who_waits_when_it_is_relieved() -> None:
    service = Service(latency_scale="1")
    service.flags.set("storage-tier", {"factor": 100_000})
    answered = threading.Event()

    def ask() -> None:
        service.database.get_user(1)
        answered.set()

    asking = threading.Thread(target=ask)
    asking.start()
    # Minutes, if nobody lets it go.
    assert not answered.wait(0.2)
    service.flags.set("storage-tier")
    assert answered.wait(10)
    asking.join()


def test_everything_at_once_leaves_nothing_behind() -> None:
    service = Service(latency_scale="0.1", pool_size="8")
    before = service.answers()
    everything: dict[str, dict[str, Any]] = {
        "inventory-index": {"table": "inventory"},
        "inventory-pages": {"rows": 1},
        "maintenance-job": {"orders": 1_000, "pause_seconds": 0.01},
        "session-review": {"share": 0.2},
        "storage-tier": {"factor": 5},
    }

    statuses = {503}

    def ask() -> None:
        try:
            service.database.get_product(42)
        except RequestError as error:
            statuses.add(error.status)

    with running(ask, ask, ask) as raised:
        for _ in range(3):
            for flag, value in everything.items():
                service.flags.set(flag, value)
            service.flags.apply({})
    assert (raised, statuses) == ([], {503})
    until(lambda: "order-totals" not in {thread.name for thread in threading.enumerate()})
    assert service.answers() == before
    assert len([service.database.pool.take() for _ in range(8)]) == 8


def test_sqlite_is_asked_in_the_way_the_memory_file_system_needs() -> None:
    """Readers are kept out from the first write on, not only from the commit: what the update of totals relies on."""
    service = Service()
    with service.database.pool.connection() as writer, service.database.pool.connection() as reader:
        writer.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            reader.execute("SELECT * FROM users WHERE id = 1")
        writer.execute("ROLLBACK")
        assert reader.execute("SELECT id FROM users WHERE id = 1") == [{"id": 1}]
