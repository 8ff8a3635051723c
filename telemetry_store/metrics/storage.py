"""Series in memory and on disk.

The newest samples of every series lie in growing arrays in memory. Each append is also written to a log in the
database; every few minutes a checkpoint packs what came since the last one into chunks (`chunks`), and empties the
log. So memory holds a bounded stretch of time, older samples are read from chunks, and a restart replays only
the log. How matchers find samples is in `selection`.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from array import array
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from ..database import Database, insert_rows
from ..deadline import Deadline
from ..limits import SERIES
from ..matchers import Matcher
from ..refusals import Refusal, Unprocessable
from .chunks import Run, pack
from .exposition import Exemplar, Labels
from .selection import LabelIndex, Selection, read_memory, select
from .series import Series

_SCHEMA = """
CREATE TABLE IF NOT EXISTS series(id INTEGER PRIMARY KEY, labels TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS append(
    id INTEGER PRIMARY KEY, series BLOB NOT NULL, times BLOB NOT NULL, samples BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS chunk(
    id INTEGER PRIMARY KEY, metric TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
    series BLOB NOT NULL, last_times BLOB NOT NULL, samples BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS chunk_metric ON chunk(metric, first);
CREATE INDEX IF NOT EXISTS chunk_age ON chunk(last);
CREATE TABLE IF NOT EXISTS exemplar(
    series INTEGER NOT NULL, time INTEGER NOT NULL, value REAL NOT NULL, labels TEXT NOT NULL,
    PRIMARY KEY(series, time, labels)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS exemplar_age ON exemplar(time);
"""

#: Seconds between checkpoints, and samples after which one comes sooner.
CHECKPOINT_SECONDS = 600.0
_CHECKPOINT_SAMPLES = 4_000_000

#: Packed samples that stay in memory as well, so that the usual dashboard needs no disk.
_RECENT_MILLISECONDS = 15 * 60 * 1000

#: Exemplars kept in memory before the oldest make room.
_EXEMPLARS = 20_000

_ROWS_PER_DELETION = 20_000


@dataclass
class Append:
    """Samples that arrived together: the database's unit of writing."""

    new_series: list[tuple[int, Labels]]
    ids: array[int]
    times: array[int]
    values: array[float]
    exemplars: list[tuple[int, int, float, Labels]]


@dataclass(frozen=True)
class StoredExemplar:
    """An exemplar with its time in unix milliseconds."""

    labels: dict[str, str]
    value: float
    time: int


class MetricStorage:
    """Takes samples, gives back series by matchers and time, and forgets what is old."""

    def __init__(self, directory: Path) -> None:
        self.samples_appended = 0
        self.samples_out_of_order = 0
        self.exemplars_appended = 0
        self._lock = threading.RLock()
        self._by_labels: dict[Labels, Series] = {}
        self._by_id: dict[int, Series] = {}
        self._labels = LabelIndex()
        self._exemplars: dict[int, deque[tuple[int, float, Labels]]] = {}
        self._exemplar_count = 0
        self._next_id = 1
        self._unpacked = 0
        self._oldest_chunk: int | None = None
        self._last_checkpoint = time.monotonic()
        self.database: Database[Append] = Database(directory / "metrics.db", _SCHEMA, self._write)
        self._load()

    # -- ingest

    def append(
        self,
        samples: Iterable[tuple[Series, float, int]],
        exemplars: Iterable[Exemplar[Series]] = (),
        size_bytes: int = 1024,
    ) -> int:
        """Takes samples as (series, value, unix milliseconds); returns how many series are new.

        A sample that is not newer than its series' last one is left out: as in Prometheus, a series is in order.
        Raises Unprocessable when there would be too many series, StorageUnavailable while the disk refuses writes;
        nothing is taken then.
        """
        self.database.refuse_if_unavailable()
        with self._lock:
            batch = Append([], array("q"), array("q"), array("d"), [])
            accepted: list[tuple[Series, int]] = []
            new: list[Series] = []
            out_of_order = 0
            try:
                for given, value, milliseconds in samples:
                    series = given if given.id else self.series_of(given.labels)
                    if milliseconds <= series.last_time:
                        out_of_order += 1
                        continue
                    if not series.stored:
                        series.stored = True
                        new.append(series)
                        batch.new_series.append((series.id, series.labels))
                    accepted.append((series, series.last_time))
                    series.last_time = milliseconds
                    batch.ids.append(series.id)
                    batch.times.append(milliseconds)
                    batch.values.append(value)
                for exemplar in exemplars:
                    owner = exemplar.series
                    if owner.id and exemplar.time is not None and self._is_new(owner, exemplar.time):
                        batch.exemplars.append((owner.id, exemplar.time, exemplar.value, exemplar.labels))
                self.database.submit(batch, size_bytes)
            except Refusal:
                for series, last_time in reversed(accepted):
                    series.last_time = last_time
                for series in new:
                    series.stored = False
                raise
            for (series, _), milliseconds, value in zip(accepted, batch.times, batch.values, strict=True):
                series.times.append(milliseconds)
                series.values.append(value)
            for kept in batch.exemplars:
                self._keep_exemplar(*kept)
            self._unpacked += len(accepted)
            self.samples_appended += len(accepted)
            self.samples_out_of_order += out_of_order
            self.exemplars_appended += len(batch.exemplars)
        return len(batch.new_series)

    def series_of(self, labels: Labels) -> Series:
        """The series with these labels, to append to. Raises Unprocessable when there would be too many."""
        with self._lock:
            series = self._by_labels.get(labels)
            if series is None:
                if len(self._by_labels) >= SERIES:
                    raise Unprocessable(f"the store holds {SERIES} series, its limit; no new ones are taken")
                series = Series(self._next_id, labels)
                self._next_id += 1
                self._index(series)
            return series

    def _index(self, series: Series) -> None:
        self._by_labels[series.labels] = series
        self._by_id[series.id] = series
        self._labels.add(series)

    def _forget(self, series: Series) -> None:
        del self._by_labels[series.labels]
        del self._by_id[series.id]
        self._exemplar_count -= len(self._exemplars.pop(series.id, ()))
        self._labels.remove(series)
        series.id, series.stored = 0, False

    def _is_new(self, series: Series, milliseconds: int) -> bool:
        # A target repeats its last exemplar until there is a newer one.
        kept = self._exemplars.get(series.id)
        return not kept or kept[-1][0] < milliseconds

    def _keep_exemplar(self, series_id: int, milliseconds: int, value: float, labels: Labels) -> None:
        self._exemplars.setdefault(series_id, deque()).append((milliseconds, value, labels))
        self._exemplar_count += 1
        if self._exemplar_count > _EXEMPLARS:
            max(self._exemplars.values(), key=len).popleft()
            self._exemplar_count -= 1

    def _write(self, connection: sqlite3.Connection, batches: Sequence[Append]) -> None:
        for batch in batches:
            insert_rows(
                connection,
                "INSERT OR REPLACE INTO series(id, labels)",
                2,
                [(id_, msgspec.json.encode(labels).decode()) for id_, labels in batch.new_series],
            )
            insert_rows(
                connection,
                "INSERT OR IGNORE INTO exemplar(series, time, value, labels)",
                4,
                [(id_, t, value, msgspec.json.encode(labels).decode()) for id_, t, value, labels in batch.exemplars],
            )
            if batch.ids:
                connection.execute(
                    "INSERT INTO append(series, times, samples) VALUES (?, ?, ?)",
                    (batch.ids.tobytes(), batch.times.tobytes(), batch.values.tobytes()),
                )

    # -- start and checkpoint

    def _load(self) -> None:
        with self.database.reader() as connection:
            for id_, labels in connection.execute("SELECT id, labels FROM series"):
                self._index(Series(id_, msgspec.json.decode(labels, type=Labels), stored=True))
                self._next_id = max(self._next_id, id_ + 1)
            for ids, last_times in connection.execute("SELECT series, last_times FROM chunk"):
                for id_, last in zip(array("q", ids), array("q", last_times), strict=True):
                    series = self._by_id.get(id_)
                    if series is not None:
                        series.last_time, series.has_older = max(series.last_time, last), True
            self._oldest_chunk = connection.execute("SELECT min(last) FROM chunk").fetchone()[0]
            for ids, times, values in connection.execute("SELECT series, times, samples FROM append ORDER BY id"):
                self._replay(ids, times, values)
            recent = connection.execute(
                "SELECT series, time, value, labels FROM exemplar ORDER BY time DESC LIMIT ?", (_EXEMPLARS,)
            )
            for id_, t, value, labels in reversed(recent.fetchall()):
                if id_ in self._by_id:
                    self._keep_exemplar(id_, t, value, msgspec.json.decode(labels, type=Labels))

    def _replay(self, ids: bytes, times: bytes, values: bytes) -> None:
        rows = zip(array("q", ids), array("q", times), array("d", values), strict=True)
        for id_, milliseconds, value in rows:
            series = self._by_id.get(id_)
            if series is not None and milliseconds > series.last_time:
                series.last_time = milliseconds
                series.times.append(milliseconds)
                series.values.append(value)
                self._unpacked += 1

    def checkpoint_if_due(self) -> None:
        """Packs into chunks what came since the last checkpoint, when enough of it has gathered."""
        elapsed = time.monotonic() - self._last_checkpoint
        if self._unpacked and (elapsed >= CHECKPOINT_SECONDS or self._unpacked >= _CHECKPOINT_SAMPLES):
            self.checkpoint()

    def checkpoint(self) -> None:
        """Packs into chunks what came since the last checkpoint, and trims memory to the recent past."""
        self._last_checkpoint = time.monotonic()

        def pack_all(connection: sqlite3.Connection) -> list[tuple[Series, int]]:
            # Everything appended before this moment is in the log by now, or comes into it after what is deleted here.
            newest = connection.execute("SELECT max(id) FROM append").fetchone()[0]
            with self._lock:
                runs: dict[str, list[Run]] = {}
                done = []
                for series in self._by_id.values():
                    if len(series.times) > series.packed:
                        times = np.array(series.times[series.packed :], dtype=np.int64)
                        run = Run(series.id, times, np.array(series.values[series.packed :]))
                        runs.setdefault(series.metric, []).append(run)
                        done.append((series, len(series.times)))
            rows = [
                (metric, c.first, c.last, c.series.tobytes(), c.last_times.tobytes(), c.content)
                for metric, of_metric in runs.items()
                for c in pack(of_metric)
            ]
            insert_rows(connection, "INSERT INTO chunk(metric, first, last, series, last_times, samples)", 6, rows)
            if newest is not None:
                connection.execute("DELETE FROM append WHERE id <= ?", (newest,))
            return done

        done = self.database.perform(pack_all)
        with self._lock:
            packed = 0
            for series, count in done:
                packed += count - series.packed
                series.packed = count
            self._unpacked -= packed
            for series in self._by_id.values():
                self._trim(series)
            if done and self._oldest_chunk is None:
                self._oldest_chunk = min(series.times[0] if series.times else series.last_time for series, _ in done)

    def _trim(self, series: Series) -> None:
        """Takes packed samples out of memory once they are no longer recent."""
        if not series.packed:
            return
        horizon = int(time.time() * 1000) - _RECENT_MILLISECONDS
        if series.times[0] >= horizon:
            return
        count = min(int(np.searchsorted(np.array(series.times), horizon)), series.packed)
        if count:
            del series.times[:count]
            del series.values[:count]
            series.packed -= count
            series.has_older = True

    # -- queries

    def select(self, matchers: Sequence[Matcher], start: int, end: int, deadline: Deadline) -> Selection:
        """The series that the matchers accept, with their samples in [start, end], unix milliseconds.

        Raises Unprocessable when they are too many to load.
        """
        with self._lock:
            recent = read_memory(self._labels.match(matchers), start)
        if not recent.older:
            return select(recent, None, start, end, deadline)
        with self.database.reader(deadline) as connection:
            return select(recent, connection, start, end, deadline)

    def series(self, matchers: Sequence[Matcher], start: int, end: int) -> list[dict[str, str]]:
        """Labels of the series that the matchers accept and that may have samples in [start, end]."""
        with self._lock:
            return [
                dict(s.labels)
                for s in self._labels.match(matchers)
                if s.last_time >= start and (s.has_older or (len(s.times) and s.times[0] <= end))
            ]

    def exemplars(
        self, matchers: Sequence[Matcher], start: int, end: int
    ) -> list[tuple[dict[str, str], list[StoredExemplar]]]:
        """Exemplars in [start, end] of the series that the matchers accept, by series."""
        with self._lock:
            found = []
            for series in self._labels.match(matchers):
                kept = [
                    StoredExemplar(dict(labels), value, t)
                    for t, value, labels in self._exemplars.get(series.id, ())
                    if start <= t <= end
                ]
                if kept:
                    found.append((dict(series.labels), kept))
            return found

    def count_series(self) -> int:
        """How many series the store knows."""
        return len(self._by_id)

    # -- retention

    def oldest_time(self) -> float | None:
        """Unix seconds of the oldest chunk's end, or of the oldest sample in memory; None when there is nothing."""
        if self._oldest_chunk is not None:
            return self._oldest_chunk / 1000
        with self._lock:
            times = [s.times[0] for s in self._by_id.values() if s.times]
        return min(times) / 1000 if times else None

    def delete_before(self, unix_seconds: float) -> int:
        """Deletes chunks that end before the instant, and series left without samples; returns how many chunks."""
        cutoff = int(unix_seconds * 1000)
        with self._lock:
            waiting = any(len(s.times) > s.packed and s.times[s.packed] < cutoff for s in self._by_id.values())
        if waiting:
            # Only chunks are deleted, so what is old has to be in one.
            self.checkpoint()
        deleted = self.database.perform_in_steps(lambda connection: _delete(connection, cutoff), _ROWS_PER_DELETION)
        self.database.perform(lambda connection: self._drop_empty(connection, cutoff))
        return deleted

    def _drop_empty(self, connection: sqlite3.Connection, cutoff: int) -> None:
        self._oldest_chunk = connection.execute("SELECT min(last) FROM chunk").fetchone()[0]
        with self._lock:
            for series in self._by_id.values():
                old = min(int(np.searchsorted(np.array(series.times), cutoff)), series.packed) if series.times else 0
                if old:
                    del series.times[:old]
                    del series.values[:old]
                    series.packed -= old
            gone = [s for s in self._by_id.values() if not s.times and s.last_time < cutoff]
            ids = [s.id for s in gone]
            for series in gone:
                self._forget(series)
        for id_ in ids:
            connection.execute("DELETE FROM series WHERE id = ?", (id_,))
            connection.execute("DELETE FROM exemplar WHERE series = ?", (id_,))

    def close(self) -> None:
        """Writes what is queued and closes the file."""
        self.database.close()


def _delete(connection: sqlite3.Connection, cutoff: int) -> int:
    connection.execute("DELETE FROM exemplar WHERE time < ?", (cutoff,))
    return connection.execute(
        "DELETE FROM chunk WHERE id IN (SELECT id FROM chunk WHERE last < ? LIMIT ?)",
        (cutoff, _ROWS_PER_DELETION),
    ).rowcount


__all__ = ["MetricStorage", "Series", "StoredExemplar"]
