"""The metric storage against a plain model: what was taken comes back, whatever was packed, forgotten or reloaded."""

from __future__ import annotations

import contextlib
import sqlite3
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from telemetry_store.deadline import Deadline
from telemetry_store.matchers import Matcher
from telemetry_store.metrics import checkpoints
from telemetry_store.metrics.exemplars import Exemplars
from telemetry_store.metrics.exposition import Exemplar
from telemetry_store.metrics.storage import MetricStorage
from telemetry_store.refusals import StorageUnavailable

ALL = (Matcher("__name__", "=~", ".+"),)
EVER = (-(2**53), 2**53)
NOW = int(time.time() * 1000)

Model = dict[str, dict[int, float]]


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[MetricStorage]:
    storage = MetricStorage(tmp_path)
    yield storage
    storage.close()


def labels_of(name: str) -> tuple[tuple[str, str], ...]:
    return (("__name__", name.rstrip("0123456789")), ("number", name))


def push(storage: MetricStorage, *runs: tuple[str, list[tuple[int, float]]]) -> int:
    return storage.append_columns(
        [storage.series_of(labels_of(name)) for name, _ in runs],
        np.array([len(samples) for _, samples in runs], dtype=np.int64),
        np.array([t for _, samples in runs for t, _ in samples], dtype=np.int64),
        np.array([v for _, samples in runs for _, v in samples], dtype=np.float64),
    )


def content(storage: MetricStorage, start: int = EVER[0], end: int = EVER[1]) -> Model:
    found = storage.select(ALL, start, end, Deadline())
    return {
        labels["number"]: dict(zip(times.tolist(), values.tolist(), strict=True))
        for labels, times, values in found.runs()
        if len(times)
    }


names = st.sampled_from(["a1", "a2", "a3", "b1", "c1"])
#: Instants of three kinds: at the beginning of time, years ago, and around now.
instants = st.one_of(st.integers(0, 50), st.integers(10**12, 10**12 + 50), st.integers(NOW - 50, NOW))
runs = st.lists(
    st.tuples(names, st.lists(st.tuples(instants, st.floats(width=32, allow_nan=False)), max_size=20)), max_size=6
)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("push"), runs),
        st.tuples(st.just("checkpoint"), st.none()),
        st.tuples(st.just("reopen"), st.none()),
        st.tuples(st.just("forget"), instants),
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=steps, window=st.tuples(instants, instants))
def test_the_storage_gives_back_what_a_dictionary_would(
    steps: list[tuple[str, object]], window: tuple[int, int]
) -> None:
    model: Model = {}
    oldest_kept = EVER[0]
    with tempfile.TemporaryDirectory() as directory:
        storage = MetricStorage(Path(directory))
        for kind, given_ in steps:
            if kind == "push":
                assert isinstance(given_, list)
                push(storage, *given_)
                for name, samples in given_:
                    known = model.setdefault(name, {})
                    for t, value in samples:
                        # What retention has forgotten altogether may come anew.
                        if not known or t > max(known):
                            known[t] = value
            elif kind == "checkpoint":
                storage.checkpoint()
            elif kind == "reopen":
                storage.close()
                storage = MetricStorage(Path(directory))
            else:
                assert isinstance(given_, int)
                storage.delete_before(given_ / 1000)
                oldest_kept = max(oldest_kept, given_)
                # A series of which everything is old is unknown from now on, the others keep their order.
                model = {name: known for name, known in model.items() if known and max(known) >= given_}
            after = content(storage)
            for name, known in model.items():
                kept = {t: v for t, v in known.items() if t >= oldest_kept}
                assert kept == {t: v for t, v in after.get(name, {}).items() if t >= oldest_kept}
                # Nothing comes back that was never pushed.
                assert after.get(name, {}).items() <= known.items()
            assert set(after) <= set(model)
        start, end = sorted(window)
        whole = content(storage)
        inside = {n: {t: v for t, v in known.items() if start <= t <= end} for n, known in whole.items()}
        assert content(storage, start, end) == {name: known for name, known in inside.items() if known}
        listed = {dict(labels)["number"] for labels in storage.series(ALL, start, end)}
        assert {name for name, known in inside.items() if known} <= listed <= set(model)
        storage.close()


def test_a_sample_that_is_not_newer_is_left_out_and_counted(storage: MetricStorage) -> None:
    assert push(storage, ("a1", [(0, 1.0), (10, 2.0), (5, 3.0), (10, 4.0), (11, 5.0)])) == 1
    assert push(storage, ("a1", [(11, 6.0)]), ("a2", [(3, 1.0)]), ("a1", [(12, 7.0)]), ("a1", [(12, 8.0)])) == 1
    assert content(storage) == {"a1": {0: 1.0, 10: 2.0, 11: 5.0, 12: 7.0}, "a2": {3: 1.0}}
    assert storage.samples_out_of_order == 4
    assert storage.samples_appended == 5


def test_what_retention_leaves_behind_is_still_listed(storage: MetricStorage) -> None:
    push(storage, ("a1", [(1000, 1.0), (2000, 2.0), (3000, 3.0)]))
    storage.checkpoint()
    # The chunk reaches beyond the cut-off, so all of it stays.
    storage.delete_before(2.5)
    assert content(storage, 0, 1500) == {"a1": {1000: 1.0}}
    assert [dict(labels)["number"] for labels in storage.series(ALL, 0, 1500)] == ["a1"]


def test_old_samples_leave_memory_with_the_checkpoint_and_recent_ones_stay(storage: MetricStorage) -> None:
    # Not NOW: a run of all tests may take longer than what counts as recent.
    just_now = int(time.time() * 1000)
    push(storage, ("a1", [(t, float(t)) for t in range(5000)]), ("a2", [(just_now, 1.0)]))
    storage.checkpoint()
    in_memory = {labels[1][1]: len(series.times) for labels, series in storage._by_labels.items()}
    assert in_memory == {"a1": 0, "a2": 1}
    assert content(storage, 4998, 6000) == {"a1": {4998: 4998.0, 4999: 4999.0}}
    # A short while is not answered by decoding a long one.
    with storage.database.reader() as connection:
        assert connection.execute("SELECT count(*) FROM chunk WHERE metric = 'a'").fetchone()[0] >= 5


def test_memory_is_bounded_even_if_everything_is_recent(
    storage: MetricStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "_RECENT_SAMPLES", 100)
    push(storage, ("a1", [(NOW - 1000 + t, float(t)) for t in range(150)]))
    storage.checkpoint()
    assert len(storage.series_of(labels_of("a1")).times) == 0
    assert len(content(storage)["a1"]) == 150


def test_series_of_a_window_are_those_with_samples_in_it(storage: MetricStorage) -> None:
    hour = 3_600_000
    push(storage, ("a1", [(0, 1.0), (10 * hour, 1.0)]), ("a2", [(5 * hour, 1.0)]), ("b1", [(0, 1.0)]))
    storage.checkpoint()
    push(storage, ("a1", [(20 * hour, 1.0)]), ("b1", [(NOW, 1.0)]))

    def within(start: int, end: int) -> list[str]:
        return [dict(labels)["number"] for labels in storage.series(ALL, start, end)]

    assert within(0, NOW) == ["a1", "a2", "b1"]
    assert within(0, 0) == ["a1", "b1"]
    assert within(19 * hour, 21 * hour) == ["a1"]
    assert within(12 * hour, 13 * hour) == []
    assert within(NOW - hour, NOW + hour) == ["b1"]
    assert within(NOW + 1, NOW + hour) == []


def test_a_checkpoint_that_the_disk_refuses_changes_nothing(storage: MetricStorage) -> None:
    push(storage, ("a1", [(1, 1.0), (2, 2.0)]))
    storage.database.settle()
    storage.database._connection.execute("PRAGMA query_only = ON")
    with pytest.raises(StorageUnavailable):
        storage.checkpoint()
    assert content(storage) == {"a1": {1: 1.0, 2: 2.0}}
    storage.database._connection.execute("PRAGMA query_only = OFF")
    storage.checkpoint()
    assert content(storage) == {"a1": {1: 1.0, 2: 2.0}}


def test_checkpoints_retention_and_senders_do_not_disturb_each_other(storage: MetricStorage) -> None:
    stop = threading.Event()
    failures: list[BaseException] = []

    def repeat(work: str) -> None:
        try:
            while not stop.is_set():
                storage.checkpoint() if work == "checkpoint" else storage.delete_before(NOW / 1000 - 60)
        except BaseException as error:  # told by the test's own thread
            failures.append(error)

    threads = [threading.Thread(target=repeat, args=(work,)) for work in ("checkpoint", "checkpoint", "forget")]
    for thread in threads:
        thread.start()
    expected: Model = {"a1": {}, "b1": {}}
    for number in range(300):
        t = NOW - 50_000 + number
        push(storage, ("a1", [(t, float(number))]), ("b1", [(t, -float(number)), (t + 1_000_000, 0.0)][:1]))
        expected["a1"][t], expected["b1"][t] = float(number), -float(number)
    stop.set()
    for thread in threads:
        thread.join()
    assert failures == []
    storage.checkpoint()
    assert content(storage) == expected
    assert storage._unpacked == 0


def test_exemplars_make_room_in_the_order_in_which_they_came() -> None:
    exemplars = Exemplars(limit=3)
    for series, t in ((1, 10), (2, 5), (1, 20), (2, 30), (1, 40)):
        assert exemplars.is_newer(series, t)
        exemplars.add((series, t, float(t), b'[["trace_id","x"]]'))
    assert [e.time for e in exemplars.within(1, 0, 100)] == [20, 40]
    assert [e.time for e in exemplars.within(2, 0, 100)] == [30]
    assert not exemplars.is_newer(1, 40)
    exemplars.forget(1)
    exemplars.add((3, 1, 1.0, b"[]"))
    assert [e.time for e in exemplars.within(3, 0, 1)] == [1]


def test_exemplars_survive_a_restart_and_repeats_are_left_out(tmp_path: Path) -> None:
    storage = MetricStorage(tmp_path)
    series = storage.series_of(labels_of("a1"))
    for t in (10, 10, 5, 20):
        storage.append([(series, 1.0, t)], [Exemplar(series, (("trace_id", str(t)),), 0.5, t)])
    storage.close()
    with contextlib.closing(sqlite3.connect(tmp_path / "metrics.db")) as file:
        assert file.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    storage = MetricStorage(tmp_path)
    [(labels, exemplars)] = storage.exemplars(ALL, 0, 100)
    assert labels == {"__name__": "a", "number": "a1"}
    assert [(e.time, e.value, e.labels) for e in exemplars] == [
        (10, 0.5, {"trace_id": "10"}),
        (20, 0.5, {"trace_id": "20"}),
    ]
    storage.delete_before(0.015)
    assert [(e.time) for _, kept in storage.exemplars(ALL, 0, 100) for e in kept] == [20]
    storage.close()


def test_a_query_sees_every_sample_once_while_memory_is_trimmed(
    storage: MetricStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    push(storage, ("a1", [(t, float(t)) for t in range(100)]))
    # What is old stays in memory until the second checkpoint, which comes while the query is between memory and chunks.
    monkeypatch.setattr(checkpoints, "_RECENT_MILLISECONDS", 2 * NOW)
    storage.checkpoint()
    push(storage, ("a1", [(t, float(t)) for t in range(100, 200)]))
    storage.series_of(labels_of("a1")).has_older = True
    monkeypatch.setattr(checkpoints, "_RECENT_MILLISECONDS", 0)
    reader = storage.database.reader

    def slow_reader(deadline: Deadline | None = None) -> object:
        storage.checkpoint()
        return reader(deadline)

    monkeypatch.setattr(storage.database, "reader", slow_reader)
    found = storage.select(ALL, *EVER, Deadline())
    assert found.times.tolist() == list(range(200))
