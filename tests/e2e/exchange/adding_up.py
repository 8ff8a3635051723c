"""What must hold in the exchange's database: at every moment, and once everything has settled.

Each statement finds what is wrong; none finds anything.
"""

from __future__ import annotations

#: True in every snapshot, whatever has just died: each of these is kept by single transactions.
ALWAYS = {
    "a wallet is not the sum of its transactions": """
        SELECT user_id, asset, available, blocked, moved_available, moved_blocked
        FROM wallets FULL JOIN (
            SELECT user_id, asset, sum(available_delta) AS moved_available, sum(blocked_delta) AS moved_blocked
            FROM transactions GROUP BY user_id, asset
        ) AS moved USING (user_id, asset)
        WHERE available IS DISTINCT FROM moved_available OR blocked IS DISTINCT FROM moved_blocked
    """,
    "there is more or less of an asset than was paid in": """
        SELECT asset, sum(available_delta + blocked_delta) AS change
        FROM transactions WHERE kind <> 'deposit' GROUP BY asset
        HAVING sum(available_delta + blocked_delta) <> 0
    """,
    "what is blocked is not what is held for orders": """
        SELECT user_id, asset, blocked, held
        FROM wallets LEFT JOIN (
            SELECT user_id, asset, sum(remaining) AS held FROM holds GROUP BY user_id, asset
        ) AS open_holds USING (user_id, asset)
        WHERE blocked <> coalesce(held, 0)
    """,
    "an order is filled by something else than its executions": """
        SELECT id, filled, traded
        FROM orders LEFT JOIN (
            SELECT order_id, sum(quantity) AS traded FROM (
                SELECT buy_order_id AS order_id, quantity FROM executions
                UNION ALL SELECT sell_order_id, quantity FROM executions
            ) AS sides GROUP BY order_id
        ) AS executed ON order_id = id
        WHERE filled <> coalesce(traded, 0)
    """,
    "an execution was settled more or less than once": """
        SELECT executions.id, count(transactions.id) AS rows
        FROM executions LEFT JOIN transactions ON transactions.execution_id = executions.id AND kind = 'receive'
        GROUP BY executions.id
        HAVING count(transactions.id) <> CASE WHEN settled_at IS NULL THEN 0 ELSE 2 END
    """,
    "an order got a worse price than its limit": """
        SELECT executions.id FROM executions
        JOIN orders AS bought ON bought.id = buy_order_id JOIN orders AS sold ON sold.id = sell_order_id
        WHERE executions.price_cents > bought.price_cents OR executions.price_cents < sold.price_cents
    """,
}

#: True once whatever was begun is finished.
IN_THE_END = {
    "an execution is not settled": "SELECT id FROM executions WHERE settled_at IS NULL",
    "an order waits for the engine": "SELECT id, created_at FROM orders WHERE status = 'NEW'",
    "a cancellation is not finished": "SELECT id FROM orders WHERE status = 'CANCELLING'",
    "money is held for an order that is over": """
        SELECT holds.order_id, remaining, status FROM holds LEFT JOIN orders ON orders.id = holds.order_id
        WHERE remaining > 0 AND (status IS NULL OR status NOT IN ('OPEN', 'PARTIALLY_FILLED'))
    """,
    "an open order holds something else than it may cost": """
        SELECT orders.id, remaining FROM orders JOIN holds ON holds.order_id = orders.id
        WHERE status IN ('OPEN', 'PARTIALLY_FILLED')
        AND remaining <> (quantity - filled) * CASE side WHEN 'buy' THEN price_cents ELSE 1 END
    """,
}
