"""What the database knows of a symbol's market: trades that took place, and what waits."""

from __future__ import annotations

from observability.postgresql import Transaction
from systems.exchange.market_data_service.board import CANDLE_SECONDS, Candle, Levels, Trade

#: So many trades are read for candles: some hours of a busy symbol, some ten milliseconds.
_TRADES_OF_CANDLES = 20_000


def trades_after(transaction: Transaction, symbol: str, execution_id: int, limit: int) -> list[Trade]:
    """The newest `limit` trades after that one."""
    # BETWEEN in the place of =: PostgreSQL would guess that among all executions, read backwards, some of the symbol
    # come soon, and read every one of them for a symbol that is not traded.
    rows = transaction.fetch_all(
        """SELECT id, price_cents, quantity, taker_side, created_at FROM executions
           WHERE symbol BETWEEN %(symbol)s AND %(symbol)s AND id > %(after)s
           ORDER BY symbol DESC, id DESC LIMIT %(limit)s""",
        {"symbol": symbol, "after": execution_id, "limit": limit},
    )
    return [
        Trade(row["id"], row["price_cents"], row["quantity"], row["taker_side"], row["created_at"].isoformat())
        for row in rows
    ]


def candles(transaction: Transaction, symbol: str, execution_id: int, limit: int) -> list[Candle]:
    """The newest `limit` candles of all trades up to that one, as far back as some thousands of trades reach."""
    rows = transaction.fetch_all(
        """SELECT start_unix_seconds, (array_agg(price_cents ORDER BY id))[1] AS open_cents,
               max(price_cents) AS high_cents, min(price_cents) AS low_cents,
               (array_agg(price_cents ORDER BY id DESC))[1] AS close_cents, sum(quantity)::bigint AS quantity,
               count(*) AS trades, min(id) AS first_execution_id, max(id) AS last_execution_id
           FROM (
               SELECT id, price_cents, quantity,
                   floor(date_part('epoch', created_at) / %(seconds)s)::bigint * %(seconds)s AS start_unix_seconds
               FROM executions WHERE symbol BETWEEN %(symbol)s AND %(symbol)s AND id <= %(up_to)s
               ORDER BY symbol DESC, id DESC LIMIT %(trades)s
           ) AS newest
           GROUP BY start_unix_seconds ORDER BY start_unix_seconds DESC LIMIT %(limit)s""",
        {
            "symbol": symbol,
            "up_to": execution_id,
            "limit": limit,
            "seconds": CANDLE_SECONDS,
            "trades": _TRADES_OF_CANDLES,
        },
    )
    found = [Candle(**row) for row in rows]
    # Where the reading ended in the middle of a minute, that one is not complete.
    return found[:-1] if sum(candle.trades for candle in found) == _TRADES_OF_CANDLES else found


def newest_event_id(transaction: Transaction) -> int:
    """Of the events about any symbol's market; 0 before the first."""
    row = transaction.fetch_one("SELECT coalesce(max(id), 0) AS id FROM outbox WHERE stream = 'market_data'")
    return int(row["id"]) if row else 0


def waiting(transaction: Transaction, symbol: str, levels: int) -> tuple[Levels, Levels]:
    """Bids and asks, best first."""
    rows = transaction.fetch_all(
        """SELECT side, price_cents, sum(quantity - filled)::bigint AS shares FROM orders
           WHERE symbol = %(symbol)s AND status IN ('OPEN', 'PARTIALLY_FILLED')
           GROUP BY side, price_cents ORDER BY price_cents""",
        {"symbol": symbol},
    )
    bids = [[row["price_cents"], row["shares"]] for row in reversed(rows) if row["side"] == "buy"]
    asks = [[row["price_cents"], row["shares"]] for row in rows if row["side"] == "sell"]
    return bids[:levels], asks[:levels]
