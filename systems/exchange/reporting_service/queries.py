"""What the reporting service reads: sums over executions, and the executions themselves."""

from __future__ import annotations

from typing import Any

from observability.postgresql import Transaction
from systems.exchange.pages_of_rows import Page
from systems.exchange.reporting_service.profit import Turnover


def turnovers(transaction: Transaction, user_id: int) -> list[Turnover]:
    """Every symbol that the user has traded or brought, by name: one query, whatever their number."""
    # BETWEEN in the place of =, for the last price: PostgreSQL would guess that among all executions, read backwards,
    # one of the symbol comes soon, and read every one of them for a symbol that is not traded.
    rows = transaction.fetch_all(
        """
        SELECT symbol, coalesce(bought, 0) AS bought, coalesce(paid_cents, 0) AS paid_cents, coalesce(sold, 0) AS sold,
               coalesce(received_cents, 0) AS received_cents, coalesce(brought, 0) AS brought,
               last_trade.price_cents AS last_price_cents
        FROM (
            SELECT symbol, sum(bought)::bigint AS bought, sum(paid_cents)::bigint AS paid_cents,
                   sum(sold)::bigint AS sold, sum(received_cents)::bigint AS received_cents
            FROM (
                SELECT symbol, quantity AS bought, quantity * price_cents AS paid_cents, 0 AS sold, 0 AS received_cents
                FROM executions WHERE buyer_id = %(user_id)s
                UNION ALL
                SELECT symbol, 0, 0, quantity, quantity * price_cents FROM executions WHERE seller_id = %(user_id)s
            ) AS sides
            GROUP BY symbol
        ) AS trades
        FULL JOIN (
            SELECT asset AS symbol, sum(available_delta)::bigint AS brought FROM transactions
            WHERE user_id = %(user_id)s AND kind = 'deposit' AND asset <> 'USD'
            GROUP BY asset
        ) AS deposits USING (symbol)
        LEFT JOIN LATERAL (
            SELECT price_cents FROM executions
            WHERE executions.symbol BETWEEN coalesce(trades.symbol, deposits.symbol)
                AND coalesce(trades.symbol, deposits.symbol)
            ORDER BY executions.symbol DESC, id DESC LIMIT 1
        ) AS last_trade ON true
        ORDER BY symbol
        """,
        {"user_id": user_id},
        name="SELECT (complex aggregation query)",
    )
    return [Turnover(**row) for row in rows]


def executions(transaction: Transaction, user_id: int, page: Page) -> list[dict[str, Any]]:
    """The user's trades, newest first, each from the user's side. What the other side is, is none of their business."""
    return transaction.fetch_all(
        """
        SELECT * FROM (
            (
                SELECT id, symbol, 'buy' AS side, buy_order_id AS order_id, price_cents, quantity,
                       taker_side = 'buy' AS took, created_at, settled_at
                FROM executions WHERE buyer_id = %(user_id)s AND id < %(before)s
                ORDER BY id DESC LIMIT %(limit)s
            )
            UNION ALL
            (
                SELECT id, symbol, 'sell', sell_order_id, price_cents, quantity,
                       taker_side = 'sell', created_at, settled_at
                FROM executions WHERE seller_id = %(user_id)s AND id < %(before)s
                ORDER BY id DESC LIMIT %(limit)s
            )
        ) AS sides
        ORDER BY id DESC
        LIMIT %(limit)s
        """,
        {"user_id": user_id, "before": page.before, "limit": page.limit},
    )
