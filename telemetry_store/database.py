"""One SQLite file per signal, written by one thread in batches.

Senders are acknowledged when a batch is queued; the writer commits at most `COMMIT_SECONDS` later, so a killed process
loses at most that. Readers call `settle` first, and the writer commits at once: what was acknowledged is visible.
A batch that the disk refuses stays queued and is tried again, and new batches are refused meanwhile: nothing
acknowledged is dropped while the process lives. What the rows mean is for each signal's `storage`.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar

from .deadline import Deadline
from .limits import CONCURRENT_QUERIES, PENDING_BYTES
from .refusals import Busy, StorageUnavailable, TimedOut

logger = logging.getLogger(__name__)

#: Longest wait between a batch's arrival and its commit.
COMMIT_SECONDS = 0.25

#: Waiting bytes that are committed without further delay: memory is better spent elsewhere.
_COMMIT_BYTES = 1024 * 1024

#: Pause before a refused write is tried again.
_RETRY_SECONDS = 0.5

#: Virtual-machine steps of SQLite between two looks at the query's deadline.
_STEPS_PER_CHECK = 20_000

#: Rows inserted by one statement, largest first. SQLite releases the interpreter lock once per statement, and a writer
#: that gives it up for every row waits for it again behind every busy thread.
_ROWS_PER_STATEMENT = (200, 40, 8, 1)

_TABLES = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"

BatchT = TypeVar("BatchT")
ResultT = TypeVar("ResultT")


class _Job(Generic[ResultT]):
    """Work that somebody waits for, done by the writer in a transaction of its own."""

    def __init__(self, work: Callable[[sqlite3.Connection], ResultT]) -> None:
        self.work = work
        self.done = threading.Event()
        self.result: ResultT | None = None
        self.error: Exception | None = None


class Database(Generic[BatchT]):
    """A durable container for batches of one signal.

    `write(connection, batches)` turns batches into rows, inside a transaction. It is called again with the same batches
    when that transaction failed, so it must not change anything but the database.
    """

    def __init__(
        self,
        path: Path,
        schema: str,
        write: Callable[[sqlite3.Connection, Sequence[BatchT]], None],
        pending_bytes: int = PENDING_BYTES,
    ) -> None:
        self.path = path
        self.dropped_batches = 0
        self._write = write
        self._limit = pending_bytes
        self._condition = threading.Condition()
        self._batches: list[BatchT] = []
        self._pending = 0
        self._jobs: list[_Job[Any]] = []
        self._submitted = 0
        self._committed = 0
        self._hurry = False
        self._closing = False
        self._failure: str | None = None
        self._set_aside_if_foreign(schema)
        self._connection = self._open_writer(schema)
        self._readers: queue.LifoQueue[sqlite3.Connection | None] = queue.LifoQueue()
        for _ in range(CONCURRENT_QUERIES):
            self._readers.put(None)
        self._thread = threading.Thread(target=self._run, name=f"{path.stem}-writer", daemon=True)
        self._thread.start()

    # -- for senders

    def submit(self, batch: BatchT, size_bytes: int) -> None:
        """Queues a batch. Raises Busy when too much waits already, StorageUnavailable while the disk refuses writes."""
        with self._condition:
            self.refuse_if_unavailable()
            if self._pending and self._pending + size_bytes > self._limit:
                raise Busy("too much is waiting to be written to disk; try again in a moment")
            self._batches.append(batch)
            self._pending += size_bytes
            self._submitted += 1
            self._hurry = self._hurry or self._pending > _COMMIT_BYTES
            if self._hurry or self._submitted == self._committed + 1:
                self._condition.notify_all()

    def refuse_if_unavailable(self) -> None:
        """Raises StorageUnavailable while the disk refuses writes."""
        if self._closing:
            raise StorageUnavailable("the store is shutting down")
        if self._failure is not None:
            raise StorageUnavailable(f"cannot write to {self.path.name}: {self._failure}; data is not being taken")

    @property
    def failure(self) -> str | None:
        """What the disk said when it refused the last write, or None while writes succeed."""
        return self._failure

    @property
    def pending_bytes(self) -> int:
        """Bytes of request bodies that wait to be written."""
        return self._pending

    # -- for readers

    def settle(self, timeout_seconds: float = 2.0) -> None:
        """Returns when everything queued before this call is committed; sooner if the disk refuses writes."""
        with self._condition:
            target = self._submitted
            if self._committed >= target:
                return
            self._hurry = True
            self._condition.notify_all()
            self._condition.wait_for(
                lambda: self._committed >= target or self._failure is not None, timeout=timeout_seconds
            )

    @contextlib.contextmanager
    def reader(self, deadline: Deadline | None = None) -> Iterator[sqlite3.Connection]:
        """A read-only connection for one query, with one consistent view. Raises TimedOut past the deadline."""
        try:
            connection = self._readers.get(timeout=deadline.seconds if deadline else 30.0)
        except queue.Empty:
            raise TimedOut("too many queries are running; try again in a moment") from None
        try:
            if connection is None:
                connection = self._open_reader()
            if deadline is not None:
                connection.set_progress_handler(lambda: deadline.passed, _STEPS_PER_CHECK)
            connection.execute("BEGIN")
            try:
                yield connection
            except sqlite3.OperationalError as error:
                if deadline is not None and deadline.passed:
                    deadline.check()
                raise StorageUnavailable(f"cannot read {self.path.name}: {error}") from error
            finally:
                connection.set_progress_handler(None, 0)
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
        finally:
            self._readers.put(connection)

    # -- for maintenance

    def perform(self, work: Callable[[sqlite3.Connection], ResultT], timeout_seconds: float = 60.0) -> ResultT:
        """Runs the work in the writer thread, in a transaction, after what was queued before; returns its result."""
        job = _Job(work)
        with self._condition:
            if self._closing:
                raise StorageUnavailable("the store is shutting down")
            self._jobs.append(job)
            self._condition.notify_all()
        if not job.done.wait(timeout_seconds):
            raise StorageUnavailable(f"{self.path.name} did not finish a task within {timeout_seconds:g} seconds")
        if job.error is not None:
            raise job.error
        return job.result  # type: ignore[return-value]

    def perform_in_steps(self, work: Callable[[sqlite3.Connection], int], rows_of_a_step: int) -> int:
        """Runs the work, each time in a transaction of its own, until it changes fewer rows than a full step; returns
        how many rows that were. Between two steps others come in."""
        total = 0
        while True:
            count = self.perform(work)
            total += count
            if count < rows_of_a_step:
                return total

    def size_bytes(self) -> int:
        """Bytes on disk: the file and its write-ahead log."""
        return sum(
            file.stat().st_size for file in (self.path, self.path.with_name(self.path.name + "-wal")) if file.exists()
        )

    def shrink(self) -> None:
        """Gives the space of deleted rows back to the file system."""

        def vacuum(connection: sqlite3.Connection) -> None:
            connection.execute("COMMIT")
            # A statement without result columns is stepped once by `execute`, which frees a single page.
            connection.executescript("PRAGMA incremental_vacuum")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            connection.execute("BEGIN IMMEDIATE")

        self.perform(vacuum)

    def close(self) -> None:
        """Writes what is queued, as far as the disk lets it, and closes the file."""
        with self._condition:
            if self._closing:
                return
            self._closing = True
            self._condition.notify_all()
        self._thread.join(timeout=30)
        while not self._readers.empty():
            connection = self._readers.get_nowait()
            if connection is not None:
                connection.close()

    # -- the writer thread

    def _run(self) -> None:
        while True:
            with self._condition:
                self._condition.wait_for(lambda: self._batches or self._jobs or self._closing)
                if self._batches and not self._jobs:
                    # Batches that come close together share a commit, unless somebody waits for it.
                    self._condition.wait_for(lambda: self._hurry or self._jobs or self._closing, timeout=COMMIT_SECONDS)
                batches, self._batches = self._batches, []
                jobs, self._jobs = self._jobs, []
                size, target, self._hurry = self._pending, self._submitted, False
                closing = self._closing
            if batches:
                self._commit_until_done(batches)
            with self._condition:
                self._pending -= size
                self._committed = target
                self._condition.notify_all()
            for job in jobs:
                self._do(job)
            if closing:
                break
        with contextlib.suppress(sqlite3.Error):
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        self._connection.close()

    def _commit_until_done(self, batches: list[BatchT]) -> None:
        while True:
            try:
                self._commit(lambda connection: self._write(connection, batches))
                self._failure = None
                return
            except sqlite3.OperationalError as error:
                with self._condition:
                    if self._failure is None:
                        logger.error("cannot write to %s, trying again: %s", self.path, error)
                    self._failure = str(error)
                    self._condition.notify_all()
                if self._closing:
                    logger.error("%s closed with %d batches unwritten: %s", self.path, len(batches), error)
                    return
                time.sleep(_RETRY_SECONDS)
            except Exception:
                # Not the disk but the content: set the one bad batch aside, so that it cannot hold up the others.
                logger.exception("a batch for %s could not be written", self.path)
                if len(batches) == 1:
                    self.dropped_batches += 1
                    return
                for batch in batches:
                    self._commit_until_done([batch])
                return

    def _do(self, job: _Job[Any]) -> None:
        try:
            job.result = self._commit(job.work)
        except sqlite3.OperationalError as error:
            job.error = StorageUnavailable(f"cannot write to {self.path.name}: {error}")
        except Exception as error:  # handed to the one who waits
            job.error = error
        job.done.set()

    def _commit(self, work: Callable[[sqlite3.Connection], ResultT]) -> ResultT:
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            result = work(connection)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                with contextlib.suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
            raise
        return result

    # -- connections

    def _open_writer(self, schema: str) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=5.0)
        # Takes effect only before the first table is made.
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA journal_size_limit = 16777216")
        connection.executescript(schema)
        return connection

    def _set_aside_if_foreign(self, schema: str) -> None:
        """Renames a file whose tables are not those of the schema: another version's data, which nothing here reads."""
        if not self.path.exists():
            return
        with (
            contextlib.closing(sqlite3.connect(self.path)) as existing,
            contextlib.closing(sqlite3.connect(":memory:")) as wanted,
        ):
            wanted.executescript(schema)
            tables, wanted_tables = (set(connection.execute(_TABLES)) for connection in (existing, wanted))
        if tables and tables != wanted_tables:
            aside = self.path.with_suffix(".old.db")
            logger.warning("%s is of another version; it is kept as %s, which may be deleted", self.path, aside.name)
            self.path.replace(aside)
            for ending in ("-wal", "-shm"):
                self.path.with_name(self.path.name + ending).unlink(missing_ok=True)

    def _open_reader(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=5.0)
        connection.execute("PRAGMA query_only = ON")
        return connection


def insert_rows(connection: sqlite3.Connection, into: str, width: int, rows: Sequence[Sequence[Any]]) -> int:
    """Inserts rows of `width` values by `into` (such as `INSERT INTO entry(a, b)`); returns how many went in."""
    before = connection.total_changes
    position = 0
    place = "(" + ",".join("?" * width) + ")"
    for count in _ROWS_PER_STATEMENT:
        statement = f"{into} VALUES " + ",".join([place] * count)
        while len(rows) - position >= count:
            values = [value for row in rows[position : position + count] for value in row]
            connection.execute(statement, values)
            position += count
    return connection.total_changes - before
