from __future__ import annotations

import threading

import pytest

from database_service.engine import Connection, Engine
from database_service.pool import ConnectionPool, PoolExhausted


class CountingGauge:
    """A gauge that remembers its highest value."""

    def __init__(self) -> None:
        self.value = self.highest = 0
        self._lock = threading.Lock()

    def inc(self) -> None:
        with self._lock:
            self.value += 1
            self.highest = max(self.highest, self.value)

    def dec(self) -> None:
        with self._lock:
            self.value -= 1


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine(seed=7)


@pytest.fixture
def active() -> CountingGauge:
    return CountingGauge()


def test_the_gauge_follows_the_connections_in_use(engine: Engine, active: CountingGauge) -> None:
    pool = ConnectionPool(engine.connect, size=3, timeout_seconds=0, active=active)
    with pool.connection(), pool.connection():
        assert active.value == 2
    assert (active.value, active.highest) == (0, 2)


def test_connections_are_opened_when_needed_and_used_again(engine: Engine, active: CountingGauge) -> None:
    opened: list[Connection] = []

    def connect() -> Connection:
        opened.append(engine.connect())
        return opened[-1]

    pool = ConnectionPool(connect, size=3, timeout_seconds=0, active=active)
    for _ in range(5):
        with pool.connection() as connection:
            assert connection is opened[0]
    with pool.connection(), pool.connection():
        pass
    assert len(opened) == 2


def test_when_all_are_in_use_the_caller_is_told_and_a_returned_one_serves_again(
    engine: Engine, active: CountingGauge
) -> None:
    pool = ConnectionPool(engine.connect, size=2, timeout_seconds=0.01, active=active)
    first, second = pool.take(), pool.take()
    with pytest.raises(PoolExhausted, match=r"all 2 database connections stayed in use for 0\.01 s"):
        pool.take()
    pool.give_back(first)
    assert pool.take() is first
    assert active.value == 2
    pool.give_back(second)


def test_a_waiting_caller_gets_the_connection_that_is_returned(engine: Engine, active: CountingGauge) -> None:
    pool = ConnectionPool(engine.connect, size=1, timeout_seconds=30, active=active)
    held = pool.take()
    taken: list[Connection] = []
    waiter = threading.Thread(target=lambda: taken.append(pool.take()))
    waiter.start()
    pool.give_back(held)
    waiter.join(timeout=10)
    assert taken == [held]


def test_a_connection_with_an_open_transaction_is_not_handed_on(engine: Engine, active: CountingGauge) -> None:
    pool = ConnectionPool(engine.connect, size=1, timeout_seconds=0, active=active)
    with pool.connection() as connection:
        connection.execute("BEGIN")
    with pool.connection() as another:
        assert another is not connection
        assert not another.in_transaction


def test_a_connection_that_cannot_be_opened_does_not_take_up_a_place(active: CountingGauge) -> None:
    def fail() -> Connection:
        raise OSError("no database")

    pool = ConnectionPool(fail, size=1, timeout_seconds=0, active=active)
    for _ in range(2):
        with pytest.raises(OSError, match="no database"):
            pool.take()
    assert active.value == 0


def test_never_more_than_the_size_are_in_use(engine: Engine, active: CountingGauge) -> None:
    pool = ConnectionPool(engine.connect, size=3, timeout_seconds=30, active=active)

    def use() -> None:
        for _ in range(100):
            with pool.connection() as connection:
                connection.execute("SELECT 1")

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (active.value, active.highest <= 3) == (0, True)
