"""What tests of the exchange share: a real PostgreSQL, a Redis, and telemetry that can be looked at."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from opentelemetry.instrumentation.requests import RequestsInstrumentor

from observability import Telemetry
from observability.postgresql import Database
from observability.redis import Redis
from tests.integration.exchange.backing import PostgresqlServer, RedisServer, Watched, redis_programs


@pytest.fixture(scope="module", autouse=True)
def restore_requests() -> Iterator[None]:
    """Services in the test's own process have its calls traced. The next tests' calls carry what they say."""
    yield
    if RequestsInstrumentor().is_instrumented_by_opentelemetry:
        RequestsInstrumentor().uninstrument()


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgresqlServer]:
    """One server a process of the test run: it takes a second to make."""
    # Not a folder of pytest's: root's PostgreSQL runs as another user, and pytest shuts everybody else out of its
    # folders whenever another test run begins.
    with TemporaryDirectory(prefix="exchange-postgresql-", ignore_cleanup_errors=True) as directory:
        server = PostgresqlServer(Path(directory))
        server.forget_disks()
        yield server
        server.end()


@pytest.fixture
def postgresql_url(postgresql_server: PostgresqlServer) -> Iterator[str]:
    """A fresh database with all tables."""
    with postgresql_server.database() as url:
        yield url


@pytest.fixture
def exchange_telemetry() -> Watched:
    """`exchange_telemetry.of("wallet-service")` is what a service is given; `.spans` and `.lines` what came of it."""
    return Watched()


@pytest.fixture
def telemetry(exchange_telemetry: Watched) -> Telemetry:
    """Of the test itself, as one more service."""
    return exchange_telemetry.of("test")


@pytest.fixture
def database(postgresql_url: str, telemetry: Telemetry) -> Iterator[Database]:
    """Connections to the fresh database, for services under test and for looking into it."""
    database = Database(postgresql_url, telemetry, connections=8)
    yield database
    database.close()


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    # The real one, where it is there: it starts at once.
    server = RedisServer(shutil.which("redis-server"))
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="session", params=redis_programs(), ids=lambda program: "redis-server" if program else "stand-in")
def any_redis(request: pytest.FixtureRequest) -> Iterator[RedisServer]:
    """Each Redis there is on this machine: `empty()` it before, and leave it running when you have killed it."""
    server = RedisServer(request.param)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """A Redis that is empty."""
    redis_server.empty()
    return redis_server.url


@pytest.fixture
def redis(redis_url: str, telemetry: Telemetry) -> Iterator[Redis]:
    redis = Redis(redis_url, telemetry)
    yield redis
    redis.close()
