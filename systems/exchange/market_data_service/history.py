"""What the database knows of a symbol's market: trades that took place, and what waits."""

from __future__ import annotations

from observability.postgresql import Transaction
from systems.exchange.market_data_service.board import Levels, Trade


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
