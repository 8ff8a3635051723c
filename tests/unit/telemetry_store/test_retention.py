"""Forgetting by age and size, over the storage of logs: the oldest goes first, the young stays whatever the limit."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telemetry_store.deadline import Deadline
from telemetry_store.logs.head import Entries
from telemetry_store.logs.storage import LineConditions, LogStorage
from telemetry_store.retention import Retention

HOUR = 3600.0


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[LogStorage]:
    storage = LogStorage(tmp_path)
    yield storage
    storage.close()


def append(storage: LogStorage, ages: Sequence[float], now: float) -> None:
    """Lines as old as that (seconds), each of 500 bytes that do not compress well."""
    entries = Entries()
    for age in ages:
        entries.add(int((now - age) * 1e9), b"".join(hash((age, part)).to_bytes(8, "big", signed=True).hex().encode()
                                                     for part in range(31)))  # fmt: skip
    storage.append({(("service", "a"),): entries}, 1000)


def ages_in(storage: LogStorage, now: float) -> list[float]:
    with storage.reader(Deadline()) as connection:
        return sorted(
            round(now - row[0] / 1e9, 3)
            for stream in storage.streams(-(2**62), 2**62)
            for row in storage.rows(connection, stream, -(2**62), 2**62, LineConditions())
        )


@given(ages=st.lists(st.integers(0, 200_000), max_size=40, unique=True), hours=st.floats(0.1, 50))
@settings(max_examples=25, deadline=None)
def test_what_is_young_enough_is_kept_and_the_rest_is_gone(
    tmp_path_factory: pytest.TempPathFactory, ages: list[int], hours: float
) -> None:
    storage = LogStorage(tmp_path_factory.mktemp("logs"))
    now = 1_795_000_000.0
    try:
        append(storage, ages, now)
        Retention((storage,), hours, 0).apply(now)
        assert ages_in(storage, now) == sorted(age for age in ages if age <= hours * HOUR)
    finally:
        storage.close()


def test_the_oldest_goes_first_when_the_directory_is_too_large(storage: LogStorage) -> None:
    now = time.time()
    ages = [float(age) for age in range(100, 20_100, 10)]
    # As in a running store: the older the line, the earlier it was packed.
    for oldest in range(len(ages) - 100, -1, -100):
        append(storage, ages[oldest : oldest + 100], now)
        storage.checkpoint()
    storage.database.shrink()
    before = storage.database.size_bytes()
    Retention((storage,), 0, before / 2 / 1024 / 1024).apply(now)
    assert storage.database.size_bytes() <= before / 2
    kept = ages_in(storage, now)
    # A stretch without holes from the newest on, and not much less than fits.
    assert kept == pytest.approx(ages[: len(kept)], abs=0.01)
    assert len(kept) > len(ages) / 5


def test_what_arrives_now_is_kept_however_small_the_limit(storage: LogStorage) -> None:
    now = time.time()
    append(storage, [0.0, 1.0, 5_000.0], now)
    Retention((storage,), 0, 0.001).apply(now)
    assert ages_in(storage, now) == pytest.approx([0.0, 1.0], abs=0.01)
