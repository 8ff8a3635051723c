"""What is asked over and over reads no more of the database, however long the exchange has been trading.

Counted in pages that a statement touches, as PostgreSQL tells it: unlike times, they are the same on every machine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from benchmarks.exchange_rows import Rows
from systems.exchange.events import outbox, retention
from systems.exchange.looked_until import LookedUntil
from systems.exchange.market_data_service import history
from systems.exchange.matching_engine import ledger as books
from systems.exchange.order_manager import order_table
from systems.exchange.orders import OPEN_STATUSES, STATUSES, NewOrder
from systems.exchange.pages_of_rows import Page
from systems.exchange.reporting_service import queries
from systems.exchange.user_service import user_table
from systems.exchange.wallet_service import audit, holds, ledger
from tests.integration.exchange.backing import PostgresqlServer

pytestmark = pytest.mark.slow

#: An index of some hundred thousand rows is three pages deep, and a table of ten thousand has more than a hundred.
FEW_PAGES = 50
#: More than a page of a list: somebody who trades all day has that many within minutes.
TRADES, WAITING = 5_000, 2_000
PAGE = Page(before=2**62, limit=20)


class Counting:
    """A transaction that also notes how many pages each of its statements touched."""

    def __init__(self, connection: psycopg.Connection[dict[str, Any]]) -> None:
        self._connection = connection
        self.pages: dict[str, int] = {}

    def execute(self, statement: Any, parameters: Mapping[str, Any] = {}, *, name: str | None = None) -> int:
        return self._run(statement, parameters).rowcount

    def fetch_one(self, statement: Any, parameters: Mapping[str, Any] = {}, *, name: str | None = None) -> Any:
        return self._run(statement, parameters).fetchone()

    def fetch_all(self, statement: Any, parameters: Mapping[str, Any] = {}, *, name: str | None = None) -> Any:
        return self._run(statement, parameters).fetchall()

    def _run(self, statement: str, parameters: Mapping[str, Any]) -> psycopg.Cursor[dict[str, Any]]:
        # Explained, it is done, too: what it does is taken back, so that it can be done in earnest.
        with self._connection.transaction(force_rollback=True):
            explained: Any = self._connection.execute(
                f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}".encode(), parameters
            ).fetchone()
        plan = explained["QUERY PLAN"][0]["Plan"]
        self.pages[" ".join(statement.split())] = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
        return self._connection.execute(statement.encode(), parameters)


class OldExchange:
    """One that has traded a lot: all of it between two users. A third has just signed up, and brought shares of
    something that nobody has ever traded."""

    def __init__(self, connection: psycopg.Connection[dict[str, Any]]) -> None:
        self.connection = connection
        rows = Rows(connection)
        rows.have_users(2)
        rows.have_waiting(WAITING)
        rows.have_trades(TRADES)
        self.busy, self.newcomer = 1, 3
        with connection.transaction():
            transaction: Any = Counting(connection)
            user_table.add(transaction, "newcomer", "newcomer@example.org", "-")
            for asset in ("USD", "NONE"):
                ledger.move(transaction, [ledger.Movement(self.newcomer, asset, "deposit", 1_000_000)])

    def id(self, statement: str) -> int:
        row = self.connection.execute(statement.encode()).fetchone()
        assert row is not None
        return int(row["id"])


@pytest.fixture(scope="module")
def exchange(postgresql_server: PostgresqlServer) -> Iterator[OldExchange]:
    with (
        postgresql_server.database() as url,
        psycopg.connect(url, autocommit=True, row_factory=dict_row) as connection,
    ):
        yield OldExchange(connection)


def list_orders(transaction: Any, exchange: OldExchange) -> None:
    assert len(order_table.find_all(transaction, exchange.busy, STATUSES, PAGE)) == PAGE.limit


def list_open_orders(transaction: Any, exchange: OldExchange) -> None:
    """They have waited for long: thousands came after them."""
    assert len(order_table.find_all(transaction, exchange.busy, OPEN_STATUSES, PAGE)) == PAGE.limit


def list_executions(transaction: Any, exchange: OldExchange) -> None:
    assert len(queries.executions(transaction, exchange.busy, PAGE)) == PAGE.limit


def positions_of_newcomer(transaction: Any, exchange: OldExchange) -> None:
    (position,) = queries.turnovers(transaction, exchange.newcomer)
    assert (position.symbol, position.last_price_cents) == ("NONE", None)


def place_order(transaction: Any, exchange: OldExchange) -> None:
    user_id = exchange.newcomer
    order = NewOrder(user_id=user_id, symbol="ACRN", side="buy", type="limit", quantity=1, price_cents=100)
    reservation = order_table.reserve_for(transaction, user_id, "mine")
    values = {"order_id": reservation.order_id, "user_id": user_id, "asset": "USD", "amount": 100}
    assert transaction.execute(holds._ADD, values) == 1
    ledger.move(transaction, [ledger.Movement(user_id, "USD", "block", -100, 100)], order_id=reservation.order_id)
    assert order_table.insert(transaction, reservation.order_id, order, 100)
    event = outbox.add(transaction, "orders", "order_created", {"order_id": reservation.order_id})
    assert outbox.claim(transaction, "matching-engine", event)
    assert books.lock_new_order(transaction, reservation.order_id)


def match_order(transaction: Any, exchange: OldExchange) -> None:
    order_id = exchange.id("SELECT id FROM orders WHERE status = 'OPEN' LIMIT 1")
    assert books.lock_resting_orders(transaction, [order_id])


def cancel_order(transaction: Any, exchange: OldExchange) -> None:
    order_id = exchange.id("SELECT id FROM orders WHERE status = 'OPEN' LIMIT 1")
    assert order_table.begin_cancelling(transaction, order_id)
    assert holds.release_unneeded(transaction, order_id)
    assert order_table.end_cancelling(transaction, order_id, "user")


def sign_up_and_log_in(transaction: Any, exchange: OldExchange) -> None:
    assert user_table.what_is_taken(transaction, "crowd-1", "nobody@example.org") == "username"
    assert user_table.find(transaction, "crowd-1")
    assert user_table.find_owner(transaction, exchange.busy, "token")


def log_out(transaction: Any, exchange: OldExchange) -> None:
    """After many others, whose tokens have not expired yet."""
    exchange.connection.execute(
        "INSERT INTO revoked_tokens SELECT 'token-' || n, now() + interval '1 hour' FROM generate_series(1, 20000) AS n"
    )
    exchange.connection.execute("ANALYZE revoked_tokens")
    user_table.revoke(transaction, "token", datetime(2100, 1, 1, tzinfo=UTC))


def look_for_money_left_blocked(transaction: Any, exchange: OldExchange) -> None:
    """Everybody has cancelled everything, a while ago, and got it back."""
    exchange.connection.execute(
        "UPDATE orders SET status = 'CANCELLED', reason = 'user', updated_at = now() - interval '1 hour'"
    )
    exchange.connection.execute("UPDATE holds SET remaining = 0, closed_at = now() WHERE closed_at IS NULL")
    exchange.connection.execute("ANALYZE orders, holds")
    since = LookedUntil().reach(transaction, 10)
    assert order_table.find_left_blocked(transaction, since, 10, 100) == []
    assert order_table.find_left_cancelling(transaction, 10, 100) == []


def look_for_holds_without_order(transaction: Any, exchange: OldExchange) -> None:
    exchange.connection.execute("UPDATE holds SET created_at = now() - interval '1 hour'")
    exchange.connection.execute("ANALYZE holds")
    since = LookedUntil().reach(transaction, 30)
    assert transaction.fetch_all(holds._ABANDONED, {"since": since, "age_seconds": 30, "limit": 100}) == []


def look_for_missed_events(transaction: Any, exchange: OldExchange) -> None:
    after = outbox.newest_id(transaction)
    assert outbox.newest_id_of_age(transaction, 10)
    for group, streams in (("matching-engine", ["orders"]), ("wallet-service", ["trades"])):
        assert not outbox.missed(
            transaction, group, streams, ["order_created", "trade_executed"], after=after, age_seconds=2, limit=500
        )


def look_for_events_to_forget(transaction: Any, exchange: OldExchange) -> None:
    """None is old enough."""
    found = transaction.fetch_one(retention._PRUNE, {"after": 0, "age_seconds": 3600, "limit": 10})
    assert found == {"looked_at": 0, "last_id": None, "pruned": 0}


def look_for_client_order_ids_to_forget(transaction: Any, exchange: OldExchange) -> None:
    """None is old enough."""
    assert order_table.forget_client_order_ids(transaction, 3600, 10) == 0


def look_whether_wallets_add_up(transaction: Any, exchange: OldExchange) -> None:
    """The second time, which is what counts."""
    for _ in range(2):
        found = transaction.fetch_one(audit._LOOK, {"after": 0, "wallets": 4, "transactions": 100_000})
        assert found["looked_at"] == 4


def look_at_the_market(transaction: Any, exchange: OldExchange) -> None:
    assert len(history.trades_after(transaction, "ACRN", 0, 20)) == 20
    assert history.trades_after(transaction, "NONE", 0, 20) == []
    assert history.newest_event_id(transaction)
    newest = history.trades_after(transaction, "ACRN", 0, 1)[0].execution_id
    assert history.candles(transaction, "ACRN", newest, 20)


ASKED_OVER_AND_OVER = [
    *(list_orders, list_open_orders, list_executions, positions_of_newcomer, place_order, match_order, cancel_order),
    *(sign_up_and_log_in, log_out, look_for_money_left_blocked, look_for_holds_without_order, look_for_missed_events),
    *(look_for_events_to_forget, look_for_client_order_ids_to_forget),
    *(look_whether_wallets_add_up, look_at_the_market),
]


@pytest.mark.parametrize("ask", ASKED_OVER_AND_OVER, ids=lambda ask: ask.__name__)
def test_a_few_pages_are_enough(ask: Callable[[Any, OldExchange], None], exchange: OldExchange) -> None:
    counting = Counting(exchange.connection)
    with exchange.connection.transaction(force_rollback=True):
        ask(counting, exchange)
    assert counting.pages
    assert {statement: pages for statement, pages in counting.pages.items() if pages > FEW_PAGES} == {}


def test_reading_a_whole_table_would_be_seen(exchange: OldExchange) -> None:
    counting = Counting(exchange.connection)
    counting.fetch_all("SELECT * FROM orders")
    counting.fetch_all("SELECT * FROM executions")
    assert min(counting.pages.values()) > FEW_PAGES
