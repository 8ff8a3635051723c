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
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from ..database import Database, insert_rows
from ..deadline import Deadline
from ..limits import SERIES
from ..matchers import Matcher
from ..packer import Packer
from ..refusals import Busy, Unprocessable
from .arrivals import extend, in_order
from .checkpoints import by_metric, drop_packed_before, pack_runs, trim, unpacked_runs
from .exemplars import EXEMPLARS, ExemplarRow, Exemplars, StoredExemplar, encode_labels
from .exposition import Exemplar, Labels
from .rows import ROWS_PER_DELETION, SCHEMA, Append, delete_chunks, write_batches
from .samples import Times, Values
from .selection import LabelIndex, Selection, read_memory, select
from .series import Series

#: Seconds between two looks at whether a checkpoint is due.
_LOOK_SECONDS = 1.0

#: Seconds between checkpoints, and samples after which one comes sooner.
CHECKPOINT_SECONDS = 600.0
_CHECKPOINT_SAMPLES = 1_000_000

#: Samples waiting for a checkpoint beyond which senders are asked to wait.
_UNPACKED_SAMPLES = 3_000_000


@dataclass(frozen=True)
class Statistics:
    """The labels of all series, how many chunks there are, and the time covered in unix milliseconds."""

    labels: list[Labels]
    chunks: int
    first_time: int
    last_time: int


class MetricStorage:
    """Takes samples, gives back series by matchers and time, and forgets what is old."""

    def __init__(self, directory: Path) -> None:
        self.samples_appended = 0
        self.samples_out_of_order = 0
        self.exemplars_appended = 0
        self._lock = threading.RLock()
        #: Held by what moves samples between memory and chunks; taken before `_lock`.
        self._maintenance = threading.RLock()
        self._by_labels: dict[Labels, Series] = {}
        self._by_id: dict[int, Series] = {}
        self._labels = LabelIndex()
        self._exemplars = Exemplars()
        self._next_id = 1
        self._unpacked = 0
        self._oldest_chunk: int | None = None
        self._last_checkpoint = time.monotonic()
        self.database: Database[Append] = Database(directory / "metrics.db", SCHEMA, write_batches)
        self._load()
        self._packer = Packer("metrics", self.checkpoint_if_due, _LOOK_SECONDS)
        self._packer.start()

    # -- ingest

    def append(
        self,
        samples: Iterable[tuple[Series, float, int]],
        exemplars: Iterable[Exemplar[Series]] = (),
        size_bytes: int = 1024,
    ) -> int:
        """Takes samples as (series, value, unix milliseconds), otherwise as `append_columns`."""
        rows = list(samples)
        return self.append_columns(
            [row[0] for row in rows],
            np.ones(len(rows), dtype=np.int64),
            np.array([row[2] for row in rows], dtype=np.int64),
            np.array([row[1] for row in rows], dtype=np.float64),
            exemplars,
            size_bytes,
        )

    def append_columns(
        self,
        series: Sequence[Series],
        counts: npt.NDArray[np.int64],
        times: Times,
        values: Values,
        exemplars: Iterable[Exemplar[Series]] = (),
        size_bytes: int = 1024,
    ) -> int:
        """Takes samples of many series; returns how many series are new.

        The first `counts[0]` of `times` (unix milliseconds) and `values` are the first series', and so on. A sample
        that is not newer than its series' last one is left out: as in Prometheus, a series is in order. Raises
        Unprocessable when there would be too many series, Busy when too much waits for the disk, StorageUnavailable
        while the disk refuses writes; nothing is taken then.
        """
        self.database.refuse_if_unavailable()
        with self._lock:
            if self._unpacked > _UNPACKED_SAMPLES:
                raise Busy("too many samples are waiting to be packed; try again in a moment")
            owners = [one if one.id else self.series_of(one.labels) for one in series]
            offered = len(times)
            kept = in_order(owners, counts, times)
            if kept is not None:
                ends = np.cumsum(counts)
                sums = np.concatenate(([0], np.cumsum(kept)))
                counts, times, values = sums[ends] - sums[ends - counts], times[kept], values[kept]
            new = {one.id: one for one, count in zip(owners, counts.tolist(), strict=True) if count and not one.stored}
            ids = np.repeat(np.array([one.id for one in owners], dtype=np.int64), counts)
            rows: list[ExemplarRow] = []
            for exemplar in exemplars:
                owner, t = exemplar.series, exemplar.time
                if owner.id and t is not None and self._exemplars.is_newer(owner.id, t):
                    rows.append((owner.id, t, exemplar.value, encode_labels(exemplar.labels)))
            batch = Append([(one.id, one.labels) for one in new.values()], ids, times, values, rows)
            self.database.submit(batch, size_bytes)
            for one in new.values():
                one.stored = True
            extend(owners, counts, times, values)
            for row in rows:
                if self._exemplars.is_newer(row[0], row[1]):
                    self._exemplars.add(row)
            self._unpacked += len(times)
            if self._unpacked >= _CHECKPOINT_SAMPLES:
                self._packer.wake()
            self.samples_appended += len(times)
            self.samples_out_of_order += offered - len(times)
            self.exemplars_appended += len(rows)
        return len(new)

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
        self._exemplars.forget(series.id)
        self._labels.remove(series)
        series.id, series.stored = 0, False

    # -- start and checkpoint

    def _load(self) -> None:
        with self.database.reader() as connection:
            for id_, labels in connection.execute("SELECT id, labels FROM series"):
                self._index(Series(id_, msgspec.json.decode(labels, type=Labels), stored=True))
                self._next_id = max(self._next_id, id_ + 1)
            for first, ids, last_times in connection.execute("SELECT first, series, last_times FROM chunk"):
                for id_, last in zip(array("q", ids), array("q", last_times), strict=True):
                    series = self._by_id.get(id_)
                    if series is not None:
                        series.first_time, series.last_time = min(series.first_time, first), max(series.last_time, last)
                        series.has_older = True
            self._oldest_chunk = connection.execute("SELECT min(last) FROM chunk").fetchone()[0]
            for ids, times, values in connection.execute("SELECT series, times, samples FROM append ORDER BY id"):
                self._replay(
                    np.frombuffer(ids, dtype=np.int64),
                    np.frombuffer(times, dtype=np.int64),
                    np.frombuffer(values, dtype=np.float64),
                )
            recent = connection.execute(
                "SELECT series, time, value, labels FROM exemplar ORDER BY time DESC LIMIT ?", (EXEMPLARS,)
            )
            for id_, t, value, labels in reversed(recent.fetchall()):
                if id_ in self._by_id:
                    self._exemplars.add((id_, t, value, labels.encode()))

    def _replay(self, ids: npt.NDArray[np.int64], times: Times, values: Values) -> None:
        starts = np.flatnonzero(np.diff(ids, prepend=ids[0] - 1))
        counts = np.diff(starts, append=len(ids))
        owners = [self._by_id.get(id_) for id_ in ids[starts].tolist()]
        # A series can be forgotten while what came for it is still in the log.
        known = [one or Series(0, ()) for one in owners]
        kept = np.repeat(np.array([one is not None for one in owners]), counts)
        newer = in_order(known, counts, times)
        kept = kept if newer is None else kept & newer
        sums = np.concatenate(([0], np.cumsum(kept)))
        ends = starts + counts
        extend(known, sums[ends] - sums[starts], times[kept], values[kept])
        self._unpacked += int(kept.sum())

    def checkpoint_if_due(self) -> None:
        """Packs into chunks what came since the last checkpoint, when enough of it has gathered."""
        elapsed = time.monotonic() - self._last_checkpoint
        if self._unpacked and (elapsed >= CHECKPOINT_SECONDS or self._unpacked >= _CHECKPOINT_SAMPLES):
            self.checkpoint()

    def checkpoint(self) -> None:
        """Packs into chunks what came since the last checkpoint, and trims memory to the recent past.

        Raises StorageUnavailable when the disk refuses; everything is then as it was.
        """
        with self._maintenance:
            self._last_checkpoint = time.monotonic()
            done = self.database.perform(self._pack_all)
            with self._lock:
                for series, count in done:
                    self._unpacked -= count - series.packed
                    series.packed = count
                trim(list(self._by_id.values()), int(time.time() * 1000))

    def _pack_all(self, connection: sqlite3.Connection) -> list[tuple[Series, int]]:
        """Returns every series with how many of its samples in memory are in chunks now."""
        # Everything appended before this moment is in the log by now, or comes into it after what is deleted here.
        newest = connection.execute("SELECT max(id) FROM append").fetchone()[0]
        with self._lock:
            waiting = by_metric(self._by_id.values())
        for metric, of_metric in waiting.items():
            # Metric by metric: a copy of everything would double what memory holds. What is counted stays where it is.
            with self._lock:
                runs = unpacked_runs(of_metric)
            rows = [
                (metric, c.first, c.last, c.series.tobytes(), c.last_times.tobytes(), c.content)
                for c in pack_runs(runs)
            ]
            insert_rows(connection, "INSERT INTO chunk(metric, first, last, series, last_times, samples)", 6, rows)
        if newest is not None:
            connection.execute("DELETE FROM append WHERE id <= ?", (newest,))
        connection.execute(
            "DELETE FROM exemplar WHERE time < (SELECT time FROM exemplar ORDER BY time DESC LIMIT 1 OFFSET ?)",
            (EXEMPLARS,),
        )
        self._oldest_chunk = connection.execute("SELECT min(last) FROM chunk").fetchone()[0]
        return [each for of_metric in waiting.values() for each in of_metric]

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

    def series(self, matchers: Sequence[Matcher], start: int, end: int) -> list[Labels]:
        """Labels of the series that the matchers accept and that have samples in [start, end], unix milliseconds, as
        far as memory and the spans of chunks tell; sorted."""
        with self._lock:
            living = [s for s in self._labels.match(matchers) if s.first_time <= end and s.last_time >= start]
            # A series that ends or begins within the range is there; between, it may have a gap.
            unsure = {s.id: s.metric for s in living if s.first_time < start and s.last_time > end}
            for id_ in list(unsure):
                times = self._by_id[id_].times
                if times and times[0] <= end:
                    inside = np.frombuffer(times, dtype=np.int64)
                    if np.searchsorted(inside, end, side="right") > np.searchsorted(inside, start):
                        del unsure[id_]
        absent = set(unsure)
        if absent:
            with self.database.reader() as connection:
                for metric in set(unsure.values()):
                    for (ids,) in connection.execute(
                        "SELECT series FROM chunk WHERE metric = ? AND last >= ? AND first <= ?", (metric, start, end)
                    ):
                        absent.difference_update(array("q", ids))
        return [s.labels for s in living if s.id not in absent]

    def exemplars(
        self, matchers: Sequence[Matcher], start: int, end: int
    ) -> list[tuple[dict[str, str], list[StoredExemplar]]]:
        """Exemplars in [start, end] of the series that the matchers accept, by series."""
        with self._lock:
            found = [(dict(s.labels), self._exemplars.within(s.id, start, end)) for s in self._labels.match(matchers)]
        return [(labels, exemplars) for labels, exemplars in found if exemplars]

    def statistics(self) -> Statistics:
        """What the storage holds, counted."""
        with self.database.reader() as connection:
            chunks = connection.execute("SELECT count(*) FROM chunk").fetchone()[0]
        with self._lock:
            known = [series for series in self._by_id.values() if series.first_time <= series.last_time]
            return Statistics(
                [series.labels for series in known],
                chunks + sum(len(series.times) > series.packed for series in known),
                min((series.first_time for series in known), default=0),
                max((series.last_time for series in known), default=0),
            )

    def count_series(self) -> int:
        """How many series the store knows."""
        return len(self._by_id)

    # -- retention

    def oldest_time(self) -> float | None:
        """Unix seconds of the oldest chunk's end, or of the oldest sample in memory; None when there is nothing."""
        with self._lock:
            times = [s.times[0] for s in self._by_id.values() if s.times]
        if self._oldest_chunk is not None:
            times.append(self._oldest_chunk)
        return min(times) / 1000 if times else None

    def delete_before(self, unix_seconds: float) -> int:
        """Deletes chunks that end before the instant, and series left without samples; returns how many chunks."""
        cutoff = int(unix_seconds * 1000)
        with self._maintenance:
            with self._lock:
                waiting = any(len(s.times) > s.packed and s.times[s.packed] < cutoff for s in self._by_id.values())
            if waiting:
                # Only chunks are deleted, so what is old has to be in one.
                self.checkpoint()
            deleted = self.database.perform_in_steps(
                lambda connection: delete_chunks(connection, cutoff), ROWS_PER_DELETION
            )
            self.database.perform(lambda connection: self._drop_empty(connection, cutoff))
        return deleted

    def _drop_empty(self, connection: sqlite3.Connection, cutoff: int) -> None:
        self._oldest_chunk, begin = connection.execute("SELECT min(last), min(first) FROM chunk").fetchone()
        with self._lock:
            for series in self._by_id.values():
                if series.packed and series.times[0] < cutoff:
                    drop_packed_before(series, cutoff)
                # Where the chunks that are left begin, or what memory has: nothing of it is older.
                bounds = [series.last_time, *series.times[:1], *([] if begin is None else [begin])]
                series.first_time = max(series.first_time, min(bounds))
            gone = [s for s in self._by_id.values() if not s.times and s.last_time < cutoff]
            ids = [s.id for s in gone]
            for series in gone:
                self._forget(series)
            self._exemplars.forget_before(cutoff)
        for id_ in ids:
            connection.execute("DELETE FROM series WHERE id = ?", (id_,))
            connection.execute("DELETE FROM exemplar WHERE series = ?", (id_,))

    def close(self) -> None:
        """Writes what is queued and closes the file."""
        self._packer.close(timeout_seconds=10)
        self.database.close()


__all__ = ["MetricStorage", "Series", "StoredExemplar"]
