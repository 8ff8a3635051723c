"""Fills the exchange's tables with what a long life would have left in them: users, orders that wait, trades long done.

Straight into the database, because the exchange itself would take hours for it; and so that everything adds up, because
the exchange looks whether it does. What is added belongs to a crowd of users of its own.
"""

from __future__ import annotations

from typing import Any, LiteralString

import psycopg

from systems.exchange.instruments import INSTRUMENTS

#: Each has money and shares, and can log in as little as anybody without a password.
_USERS = """
    WITH made AS (
        INSERT INTO users (username, email, password_hash)
        SELECT 'crowd-' || number, 'crowd-' || number || '@example.org', '-'
        FROM generate_series(%(have)s + 1, %(want)s) AS number
        RETURNING id
    )
    INSERT INTO transactions (user_id, asset, kind, available_delta, blocked_delta)
    SELECT id, asset, 'deposit', CASE asset WHEN 'USD' THEN 1000000000 ELSE 100000 END, 0
    FROM made CROSS JOIN unnest(%(assets)s::text[]) AS asset
"""
_CROWD = "CREATE TEMPORARY TABLE crowd AS SELECT row_number() OVER () - 1 AS n, id FROM users WHERE password_hash = '-'"
#: So many on each side, at prices that do not meet.
_WAITING = """
    CREATE TEMPORARY TABLE waiting AS
    SELECT nextval('order_ids') AS id, crowd.id AS user_id, symbol, side, 1 + number %% 90 AS quantity,
        CASE side WHEN 'buy' THEN middle - distance ELSE middle + distance END AS price_cents
    FROM (
        SELECT number, CASE number %% 2 WHEN 0 THEN 'buy' ELSE 'sell' END AS side,
            1 + number / 2 %% cardinality(%(symbols)s::text[]) AS place,
            %(nearest)s + number / 12 %% least(%(levels)s, 400) AS steps
        FROM generate_series(0, %(count)s - 1) AS number
    ) AS numbers
    CROSS JOIN LATERAL (SELECT (%(symbols)s::text[])[place] AS symbol, (%(middles)s::bigint[])[place] AS middle,
        steps * (%(ticks)s::bigint[])[place] AS distance) AS prices
    JOIN crowd ON crowd.n = number %% (SELECT count(*) FROM crowd)
"""
_WAITING_ORDERS = """
    INSERT INTO orders (id, user_id, symbol, side, type, price_cents, quantity, status, book_sequence)
    SELECT id, user_id, symbol, side, 'limit', price_cents, quantity, 'OPEN', nextval('book_sequences') FROM waiting
"""
_HELD = """
    CREATE TEMPORARY TABLE held AS
    SELECT id, user_id, CASE side WHEN 'buy' THEN 'USD' ELSE symbol END AS asset,
        CASE side WHEN 'buy' THEN quantity * price_cents ELSE quantity END AS amount
    FROM waiting
"""
_HOLDS = """
    INSERT INTO holds (order_id, user_id, asset, initial, remaining) SELECT id, user_id, asset, amount, amount FROM held
"""
_BLOCKED = """
    INSERT INTO transactions (user_id, asset, kind, available_delta, blocked_delta, order_id)
    SELECT user_id, asset, 'deposit', amount, 0, NULL FROM held
    UNION ALL SELECT user_id, asset, 'block', -amount, amount, id FROM held
"""
#: Trades of the last minutes: what tells of them would be cleared away once it is old.
_TRADES = """
    CREATE TEMPORARY TABLE trades AS
    SELECT nextval('order_ids') AS buy_order_id, nextval('order_ids') AS sell_order_id, symbol, middle AS price_cents,
        buyer.id AS buyer_id, seller.id AS seller_id, now() - make_interval(secs => 60 + number %% 540) AS traded_at
    FROM generate_series(0, %(count)s - 1) AS number
    CROSS JOIN LATERAL (SELECT (%(symbols)s::text[])[1 + number %% cardinality(%(symbols)s::text[])] AS symbol,
        (%(middles)s::bigint[])[1 + number %% cardinality(%(symbols)s::text[])] AS middle) AS market
    JOIN crowd AS buyer ON buyer.n = number %% (SELECT count(*) FROM crowd)
    JOIN crowd AS seller ON seller.n = (number * 7 + 1) %% (SELECT count(*) FROM crowd)
"""
_TRADED_SIDES = """
    CREATE TEMPORARY TABLE sides AS
    SELECT buy_order_id AS id, buyer_id AS user_id, symbol, 'buy' AS side, price_cents, traded_at, 'USD' AS gives,
        price_cents AS given, symbol AS takes, 1::bigint AS taken FROM trades
    UNION ALL SELECT sell_order_id, seller_id, symbol, 'sell', price_cents, traded_at, symbol, 1, 'USD', price_cents
    FROM trades
"""
_TRADED_ORDERS = """
    INSERT INTO orders (id, user_id, client_order_id, symbol, side, type, price_cents, quantity, filled, status,
        book_sequence, created_at, updated_at)
    SELECT id, user_id, 'crowd:' || id, symbol, side, 'limit', price_cents, 1, 1, 'FILLED', nextval('book_sequences'),
        traded_at, traded_at
    FROM sides
"""
_TRADED_IDS = """
    INSERT INTO client_order_ids (user_id, client_order_id, order_id, used_at)
    SELECT user_id, 'crowd:' || id, id, traded_at FROM sides
"""
_TRADED_HOLDS = """
    INSERT INTO holds (order_id, user_id, asset, initial, remaining, created_at, closed_at)
    SELECT id, user_id, gives, given, 0, traded_at, traded_at FROM sides
"""
_EXECUTIONS = """
    INSERT INTO executions (symbol, price_cents, quantity, buy_order_id, sell_order_id, buyer_id, seller_id, taker_side,
        created_at, settled_at)
    SELECT symbol, price_cents, 1, buy_order_id, sell_order_id, buyer_id, seller_id, 'sell', traded_at, traded_at
    FROM trades
"""
#: Whoever sells to the whole crowd brings the shares first.
_TRADED_TRANSACTIONS = """
    INSERT INTO transactions (user_id, asset, kind, available_delta, blocked_delta, order_id, created_at)
    SELECT user_id, gives, 'deposit', given, 0, NULL, traded_at FROM sides
    UNION ALL SELECT user_id, gives, 'block', -given, given, id, traded_at FROM sides
    UNION ALL SELECT user_id, gives, 'pay', 0, -given, id, traded_at FROM sides
    UNION ALL SELECT user_id, takes, 'receive', taken, 0, id, traded_at FROM sides
"""
_EVENTS = """
    WITH told AS (
        INSERT INTO outbox (stream, name, payload, traceparent, created_at)
        SELECT 'orders', 'order_created', jsonb_build_object('order_id', id, 'user_id', user_id, 'symbol', symbol,
            'side', side, 'type', 'limit', 'price_cents', price_cents, 'quantity', 1, 'filled', 0), NULL, traded_at
        FROM sides
        UNION ALL SELECT 'trades', 'trade_executed', jsonb_build_object('execution_id', 0, 'symbol', symbol, 'quantity',
            1, 'price_cents', price_cents, 'buyer_id', buyer_id, 'seller_id', seller_id), NULL, traded_at FROM trades
        UNION ALL SELECT 'market_data', 'market_data', jsonb_build_object('symbol', symbol, 'trades', '[]'::jsonb,
            'bids', '[]'::jsonb, 'asks', '[]'::jsonb), NULL, traded_at FROM sides
        RETURNING id, stream
    )
    INSERT INTO processed_events (consumer_group, event_id)
    SELECT CASE stream WHEN 'orders' THEN 'matching-engine' ELSE 'wallet-service' END, id FROM told
    WHERE stream IN ('orders', 'trades')
"""
_WALLETS = """
    INSERT INTO wallets (user_id, asset, available, blocked)
    SELECT user_id, asset, sum(available_delta), sum(blocked_delta)
    FROM transactions WHERE user_id IN (SELECT id FROM crowd) GROUP BY user_id, asset
    ON CONFLICT (user_id, asset) DO UPDATE SET available = excluded.available, blocked = excluded.blocked
"""
#: What is filled with users, with orders that wait, and with trades.
_OF_USERS = "users, wallets, transactions"
_OF_WAITING = f"{_OF_USERS}, orders, holds"
_OF_TRADES = f"{_OF_WAITING}, client_order_ids, executions, outbox, processed_events"
_TABLES_MADE = "DROP TABLE IF EXISTS crowd, waiting, held, trades, sides"


class Rows:
    """What was added so far; each call adds what is missing to the number asked for."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self.users = self.waiting = self.trades = 0

    def have_users(self, count: int) -> None:
        with self._connection.transaction():
            self._run(_USERS, have=self.users, want=count, assets=["USD", *INSTRUMENTS])
            self._run(_CROWD)
            self._run(_WALLETS)
            self._run(_TABLES_MADE)
        self.users = max(self.users, count)
        self._settle(_OF_USERS)

    def have_waiting(self, count: int, *, nearest: int = 1) -> None:
        """Orders in the books, of users who are there already, `nearest` ticks from the middle or farther. The matching
        engine does not know of them before it is started again."""
        with self._connection.transaction():
            self._run(_CROWD)
            symbols = list(INSTRUMENTS.values())
            self._run(
                _WAITING,
                count=count - self.waiting,
                nearest=nearest,
                levels=max(20, count // 200),
                symbols=[one.symbol for one in symbols],
                middles=[one.reference_price_cents for one in symbols],
                ticks=[one.tick_cents for one in symbols],
            )
            for statement in (_WAITING_ORDERS, _HELD, _HOLDS, _BLOCKED, _WALLETS, _TABLES_MADE):
                self._run(statement)
        self.waiting = max(self.waiting, count)
        self._settle(_OF_WAITING)

    def have_trades(self, count: int) -> None:
        """Trades between these users, with all that goes with two orders that met and were settled."""
        with self._connection.transaction():
            self._run(_CROWD)
            symbols = list(INSTRUMENTS.values())
            self._run(
                _TRADES,
                count=count - self.trades,
                symbols=[one.symbol for one in symbols],
                middles=[one.reference_price_cents for one in symbols],
            )
            for statement in (
                *(_TRADED_SIDES, _TRADED_ORDERS, _TRADED_IDS, _TRADED_HOLDS, _EXECUTIONS, _TRADED_TRANSACTIONS),
                *(_EVENTS, _WALLETS, _TABLES_MADE),
            ):
                self._run(statement)
        self.trades = max(self.trades, count)
        self._settle(_OF_TRADES)

    def _run(self, statement: LiteralString, **parameters: Any) -> None:
        self._connection.execute(statement, parameters or None)

    def _settle(self, tables: str) -> None:
        """As the database would by itself before long: know how much there is."""
        self._connection.execute(f"VACUUM ANALYZE {tables}".encode())
