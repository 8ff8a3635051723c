"""What goes into the log storage comes out again, in order, through flushes, packing and restarts."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telemetry_store.deadline import Deadline
from telemetry_store.logs.head import Entries
from telemetry_store.logs.search import LineConditions
from telemetry_store.logs.storage import LogStorage

A = (("service_name", "a"),)
B = (("service_name", "b"),)

#: (unix nanoseconds, line, metadata)
Line = tuple[int, str, str]


def entries_of(*lines: Line) -> Entries:
    entries = Entries()
    for time_, line, metadata in lines:
        entries.add(time_, line.encode(), "info", metadata)
    return entries


def read(
    storage: LogStorage,
    labels: tuple[tuple[str, str], ...] = A,
    start: int = 0,
    end: int = 2**62,
    newest_first: bool = False,
    conditions: LineConditions | None = None,
) -> list[tuple[int, str]]:
    found = []
    with storage.reader(Deadline()) as reader:
        for stream in storage.streams(start, end):
            if tuple(stream.labels.items()) == labels:
                rows = storage.rows(reader, stream, start, end, conditions or LineConditions(), newest_first)
                found += [(time_, line) for time_, line, _ in rows]
    return found


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[LogStorage]:
    storage = LogStorage(tmp_path)
    yield storage
    storage.close()


_line = st.tuples(
    st.integers(min_value=0, max_value=20),
    st.sampled_from(["", "x", "y\nz", "é", "x y"]),
    st.sampled_from(["", '{"k":"v"}']),
)
_step = st.one_of(
    st.tuples(st.just("push"), st.lists(_line, max_size=6)),
    st.tuples(st.sampled_from(["checkpoint", "restart"]), st.just([])),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(_step, max_size=8), st.integers(0, 20), st.integers(0, 21))
def test_what_goes_in_comes_out_once_and_in_order(steps: list[tuple[str, list[Line]]], start: int, end: int) -> None:
    with tempfile.TemporaryDirectory() as directory:
        storage = LogStorage(Path(directory))
        expected: list[Line] = []
        for action, lines in steps:
            if action == "push":
                storage.append({A: entries_of(*lines)}, 10)
                expected += [line for number, line in enumerate(lines) if line not in expected + lines[:number]]
            elif action == "checkpoint":
                storage.checkpoint()
            else:
                storage.close()
                storage = LogStorage(Path(directory))
        in_order = [(t, line) for t, line, _ in sorted(expected, key=lambda line: line[0]) if start <= t < end]
        assert read(storage, start=start, end=end) == in_order
        assert read(storage, start=start, end=end, newest_first=True) == in_order[::-1]
        storage.close()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 100), st.sampled_from(["a", "b"])), min_size=1, max_size=30),
    st.integers(0, 101),
    st.booleans(),
)
def test_retention_keeps_whatever_is_not_older_than_the_bound(
    lines: list[tuple[int, str]], bound: int, packs: bool
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        storage = LogStorage(Path(directory))
        seconds = 1_000_000_000
        for number, (second, name) in enumerate(lines):
            labels = A if name == "a" else B
            storage.append({labels: entries_of((second * seconds, f"line {number}", ""))}, 10)
            if packs and number % 7 == 6:
                storage.checkpoint()
        storage.delete_before(float(bound))
        kept = {(t, line) for labels in (A, B) for t, line in read(storage, labels)}
        sent = {(second * seconds, f"line {number}") for number, (second, _) in enumerate(lines)}
        assert {line for line in sent if line[0] >= bound * seconds} <= kept <= sent
        if not packs:
            assert all(t >= bound * seconds for t, _ in kept)
        storage.close()
        reopened = LogStorage(Path(directory))
        again = {(t, line) for labels in (A, B) for t, line in read(reopened, labels)}
        assert {line for line in sent if line[0] >= bound * seconds} <= again <= sent
        reopened.close()


def test_chunks_and_streams_that_are_older_than_the_bound_are_gone_from_the_disk(storage: LogStorage) -> None:
    storage.append({A: entries_of((1_000_000_000, "old", "")), B: entries_of((5_000_000_000, "new", ""))}, 10)
    storage.checkpoint()
    assert storage.oldest_time() == 1.0
    assert storage.delete_before(2.0) == 1
    assert storage.oldest_time() == 5.0
    with storage.database.reader() as connection:
        assert connection.execute("SELECT count(*) FROM chunk").fetchone() == (1,)
        assert connection.execute("SELECT count(*) FROM labels").fetchone() == (1,)


def test_a_view_does_not_change_while_lines_arrive_and_are_packed(storage: LogStorage) -> None:
    storage.append({A: entries_of((1, "first", ""), (3, "third", ""))}, 10)
    with storage.reader(Deadline()) as reader:
        storage.append({A: entries_of((2, "second", ""))}, 10)
        storage.checkpoint()
        (stream,) = storage.streams(0, 10)
        rows = list(storage.rows(reader, stream, 0, 10, LineConditions()))
    assert [line for _, line, _ in rows] == ["first", "third"]
    assert read(storage) == [(1, "first"), (2, "second"), (3, "third")]


def test_lines_of_one_instant_keep_their_order_across_chunks(storage: LogStorage) -> None:
    for number in range(4):
        storage.append({A: entries_of((5, f"line {number}", ""), (6 + number, "later", ""))}, 10)
        storage.checkpoint()
    assert [line for t, line in read(storage) if t == 5] == [f"line {number}" for number in range(4)]


def test_a_line_sent_again_after_it_was_packed_counts_once(storage: LogStorage) -> None:
    entries = entries_of((5, "a", ""), (5, "b", ""), (6, "a", '{"k":"v"}'))
    storage.append({A: entries}, 10)
    storage.checkpoint()
    storage.append({A: entries_of((5, "b", ""), (6, "a", '{"k":"v"}'), (6, "a", ""))}, 10)
    assert read(storage) == [(5, "a"), (5, "b"), (6, "a"), (6, "a")]


def test_the_log_is_empty_once_everything_is_packed(storage: LogStorage) -> None:
    storage.append({A: entries_of((1, "x", "")), B: entries_of((2, "y", ""))}, 10)
    storage.checkpoint()
    with storage.database.reader() as connection:
        assert connection.execute("SELECT count(*) FROM append").fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM chunk").fetchone() == (2,)


def test_a_file_of_the_earlier_form_is_opened_empty(tmp_path: Path) -> None:
    import sqlite3

    with sqlite3.connect(tmp_path / "logs.db") as connection:
        connection.execute("CREATE TABLE stream(id INTEGER PRIMARY KEY, labels TEXT NOT NULL UNIQUE)")
        connection.execute("CREATE TABLE entry(id INTEGER PRIMARY KEY, stream INTEGER, time INTEGER, line TEXT)")
        connection.execute("INSERT INTO stream(labels) VALUES ('{}')")
    connection.close()
    storage = LogStorage(tmp_path)
    assert storage.streams(0, time.time_ns()) == []
    storage.append({A: entries_of((1, "x", ""))}, 10)
    assert read(storage) == [(1, "x")]
    storage.close()


def test_a_look_at_the_newest_line_reads_one_chunk_of_many(storage: LogStorage) -> None:
    for number in range(100):
        storage.append({A: entries_of((number, f"line {number}", ""))}, 10)
        storage.checkpoint()
    loaded: list[int] = []
    lines_of = storage._lines_of
    storage._lines_of = lambda chunk, deadline: loaded.append(chunk.id) or lines_of(chunk, deadline)  # type: ignore
    with storage.reader(Deadline()) as reader:
        (stream,) = storage.streams(0, 200)
        rows = storage.rows(reader, stream, 0, 200, LineConditions(), newest_first=True)
        assert next(rows)[1] == "line 99"
    assert len(loaded) == 1
