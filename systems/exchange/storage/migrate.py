"""Brings a database to the newest schema: each migration once, in the order of the numbers in their names.

Every service calls `migrate` at its start. The first does the work; the others wait for it, and find it done.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import psycopg

MIGRATIONS = Path(__file__).with_name("migrations")

#: Any number will do, as long as nobody else locks it.
_LOCK = 0x6578_6368

_PAUSE_SECONDS = 0.2


def migrate(url: str, *, wait_seconds: float = 30.0, migrations: Path = MIGRATIONS) -> list[str]:
    """Apply what is missing; the names of what was applied now. Each migration is one transaction.

    Raises psycopg.OperationalError when the database cannot be reached within `wait_seconds` (it may be starting, too),
    and ValueError when it has migrations that these are not (it belongs to a newer version, or to somebody else), or
    when two of these have the same number.
    """
    files = _in_order(migrations)
    with _connect(url, wait_seconds) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
        try:
            return _apply(connection, files)
        finally:
            connection.execute("SELECT pg_advisory_unlock(%s)", (_LOCK,))


def _in_order(migrations: Path) -> list[Path]:
    files = sorted(migrations.glob("[0-9]*.sql"))
    for file, following in pairwise(files):
        number = file.name.partition("_")[0]
        if following.name.startswith(f"{number}_"):
            raise ValueError(
                f"{file.name} and {following.name} have the same number: the younger one needs the next free one"
            )
    return files


def _connect(url: str, wait_seconds: float) -> psycopg.Connection:
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            return psycopg.connect(url, autocommit=True, connect_timeout=3)
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_PAUSE_SECONDS)


def _apply(connection: psycopg.Connection, files: Sequence[Path]) -> list[str]:
    connection.execute(
        "CREATE TABLE IF NOT EXISTS schema_migrations (name text PRIMARY KEY, applied_at timestamptz DEFAULT now())"
    )
    done = {str(row[0]) for row in connection.execute("SELECT name FROM schema_migrations")}
    if unknown := done - {file.stem for file in files}:
        raise ValueError(
            f"the database has migrations that this version does not know ({', '.join(sorted(unknown))}): "
            "start it with the version that made it, or with an empty database"
        )
    missing = [file for file in files if file.stem not in done]
    for file in missing:
        with connection.transaction():
            # Bytes: a query that psycopg takes as it is, several statements and all.
            connection.execute(file.read_bytes())
            connection.execute("INSERT INTO schema_migrations (name) VALUES (%s)", (file.stem,))
    return [file.stem for file in missing]
