"""The durable container: batches become visible, wait out a failing disk, and are forgotten when they are old."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from telemetry_store.database import Database, insert_rows
from telemetry_store.refusals import Busy, StorageUnavailable

SCHEMA = "CREATE TABLE IF NOT EXISTS item(number INTEGER UNIQUE)"

Open = Callable[..., Database[int]]


@pytest.fixture
def open_database(tmp_path: Path) -> Iterator[Open]:
    opened: list[Database[int]] = []

    def open_(**options: object) -> Database[int]:
        write = options.pop("write", insert)
        opened.append(Database(tmp_path / "items.db", SCHEMA, write, **options))  # type: ignore[arg-type]
        return opened[-1]

    yield open_
    for database in opened:
        database.close()


def insert(connection: sqlite3.Connection, batches: Sequence[int]) -> None:
    insert_rows(connection, "INSERT INTO item(number)", 1, [(number,) for number in batches])


def numbers(database: Database[int]) -> list[int]:
    database.settle()
    with database.reader() as connection:
        return [row[0] for row in connection.execute("SELECT number FROM item ORDER BY number")]


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_what_was_queued_is_visible_to_the_next_reader_and_after_reopening(open_database: Open) -> None:
    database = open_database()
    for number in range(1000):
        database.submit(number, 10)
    assert numbers(database) == list(range(1000))
    database.submit(1000, 10)
    database.close()
    assert numbers(open_database()) == list(range(1001))


def test_a_file_with_other_tables_is_set_aside(open_database: Open, tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "items.db")) as other, other:
        other.execute("CREATE TABLE item(number INTEGER UNIQUE, colour TEXT)")
        other.execute("INSERT INTO item VALUES (1, 'red')")
    assert numbers(open_database()) == []
    with contextlib.closing(sqlite3.connect(tmp_path / "items.old.db")) as kept:
        assert kept.execute("SELECT * FROM item").fetchall() == [(1, "red")]


def test_a_batch_that_the_disk_refuses_is_written_when_it_recovers(open_database: Open) -> None:
    broken = threading.Event()
    broken.set()

    def write(connection: sqlite3.Connection, batches: Sequence[int]) -> None:
        insert(connection, batches)
        if broken.is_set():
            raise sqlite3.OperationalError("database or disk is full")

    database = open_database(write=write)
    database.submit(1, 10)
    until(lambda: database.failure is not None)
    with pytest.raises(StorageUnavailable, match="disk is full"):
        database.submit(2, 10)
    assert numbers(database) == []
    broken.clear()
    until(lambda: database.failure is None)
    database.submit(3, 10)
    assert numbers(database) == [1, 3]


def test_a_batch_that_cannot_be_written_does_not_hold_up_the_others(open_database: Open) -> None:
    database = open_database()
    for number in (1, 2, 2**70, 3):
        database.submit(number, 10)
    assert numbers(database) == [1, 2, 3]
    assert database.dropped_batches == 1


def test_senders_are_asked_to_wait_when_too_much_is_queued(open_database: Open) -> None:
    blocked = threading.Event()

    def write(connection: sqlite3.Connection, batches: Sequence[int]) -> None:
        blocked.wait(10)
        insert(connection, batches)

    database = open_database(write=write, pending_bytes=100)
    database.submit(1, 60)
    with pytest.raises(Busy):
        database.submit(2, 60)
    blocked.set()
    until(lambda: database.pending_bytes == 0)
    database.submit(3, 60)
    assert numbers(database) == [1, 3]


def test_a_job_sees_what_was_queued_before_it(open_database: Open) -> None:
    database = open_database()
    database.submit(1, 10)
    assert database.perform(lambda c: c.execute("SELECT count(*) FROM item").fetchone()[0]) == 1
    with pytest.raises(sqlite3.IntegrityError):
        database.perform(lambda c: c.execute("INSERT INTO item VALUES (1)"))
