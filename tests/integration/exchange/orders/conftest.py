"""A small exchange, whose order manager is looked at here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from observability.postgresql import Database
from tests.integration.exchange.backing import PostgresqlServer, RedisServer, Watched
from tests.integration.exchange.orders.small_exchange import SmallExchange

ADA, BOB, CAROL = 13, 14, 15


@pytest.fixture(scope="module")
def watched() -> Watched:
    return Watched()


@pytest.fixture(scope="module")
def small_exchange(
    postgresql_server: PostgresqlServer, redis_server: RedisServer, watched: Watched
) -> Iterator[SmallExchange]:
    """One for all tests of a file: to make it takes longer than most of them."""
    with postgresql_server.database() as url:
        database = Database(url, watched.of("test"), connections=20)
        yield SmallExchange(url, redis_server.url, database, watched)
        database.close()


@pytest.fixture
def exchange(small_exchange: SmallExchange) -> SmallExchange:
    """Ada and Bob have 1,000.00 and 100 shares each; Carol has nothing. Nothing else has happened."""
    small_exchange.forget_everything()
    for user_id in (ADA, BOB):
        small_exchange.deposit(user_id, "USD", 100_000)
        small_exchange.deposit(user_id, "BRZY", 100)
    return small_exchange


@pytest.fixture
def exchange_telemetry(watched: Watched) -> Watched:
    """What comes out of the small exchange."""
    watched.spans.clear()
    watched.lines.clear()
    return watched
