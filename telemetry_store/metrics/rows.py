"""The tables of `metrics.db`, and the rows that are written and deleted; what they are for is told in `storage`."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..database import insert_rows
from .exemplars import ExemplarRow, encode_labels
from .exposition import Labels
from .samples import Times, Values

# Where a table has no row ids, the columns of its key come first: SQLite's own check of a file reads them so.
SCHEMA = """
CREATE TABLE IF NOT EXISTS series(id INTEGER PRIMARY KEY, labels TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS append(
    id INTEGER PRIMARY KEY, series BLOB NOT NULL, times BLOB NOT NULL, samples BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS chunk(
    id INTEGER PRIMARY KEY, metric TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
    series BLOB NOT NULL, last_times BLOB NOT NULL, samples BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS chunk_metric ON chunk(metric, first);
CREATE INDEX IF NOT EXISTS chunk_age ON chunk(last);
CREATE TABLE IF NOT EXISTS exemplar(
    series INTEGER NOT NULL, time INTEGER NOT NULL, labels TEXT NOT NULL, value REAL NOT NULL,
    PRIMARY KEY(series, time, labels)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS exemplar_age ON exemplar(time);
"""

#: Chunks deleted in one step, so that others may write between two.
ROWS_PER_DELETION = 20_000


@dataclass
class Append:
    """Samples that arrived together: the database's unit of writing."""

    new_series: list[tuple[int, Labels]]
    #: Of each sample: its series, unix milliseconds, and value.
    ids: npt.NDArray[np.int64]
    times: Times
    values: Values
    exemplars: list[ExemplarRow]


def write_batches(connection: sqlite3.Connection, batches: Sequence[Append]) -> None:
    """Puts batches into the log."""
    for batch in batches:
        insert_rows(
            connection,
            "INSERT OR REPLACE INTO series(id, labels)",
            2,
            [(id_, encode_labels(labels).decode()) for id_, labels in batch.new_series],
        )
        insert_rows(
            connection,
            "INSERT OR IGNORE INTO exemplar(series, time, value, labels)",
            4,
            [(id_, t, value, labels.decode()) for id_, t, value, labels in batch.exemplars],
        )
        if len(batch.ids):
            connection.execute(
                "INSERT INTO append(series, times, samples) VALUES (?, ?, ?)",
                (batch.ids.tobytes(), batch.times.tobytes(), batch.values.tobytes()),
            )


def delete_chunks(connection: sqlite3.Connection, cutoff: int) -> int:
    """Deletes some of the chunks that ended before unix milliseconds, and all such exemplars; returns how many."""
    connection.execute("DELETE FROM exemplar WHERE time < ?", (cutoff,))
    return connection.execute(
        "DELETE FROM chunk WHERE id IN (SELECT id FROM chunk WHERE last < ? LIMIT ?)",
        (cutoff, ROWS_PER_DELETION),
    ).rowcount
