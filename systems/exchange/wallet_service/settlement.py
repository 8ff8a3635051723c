"""Settlement: what an execution means for the wallets of both sides.

The buyer's order has blocked quantity × its own limit; the trade's price may be better, and the difference is available
again. The seller's order has blocked the shares.
"""

from __future__ import annotations

from collections.abc import Callable

from observability import Telemetry
from observability.postgresql import Transaction
from systems.exchange.events import Event
from systems.exchange.wallet_service import holds, ledger
from systems.exchange.wallet_service.bodies import USD
from systems.exchange.wallet_service.ledger import Movement
from systems.exchange.wallet_service.metrics import WalletMetrics

_SETTLE = """
    UPDATE executions SET settled_at = now() WHERE id = %(execution_id)s AND settled_at IS NULL
    RETURNING id, symbol, price_cents, quantity, buy_order_id, sell_order_id, buyer_id, seller_id
"""
_LIMIT = "SELECT price_cents FROM orders WHERE id = %(order_id)s"


class Settlement:
    """Settles executions, each once."""

    def __init__(self, metrics: WalletMetrics, telemetry: Telemetry) -> None:
        self._metrics = metrics
        self._logger = telemetry.logger
        #: Shares are delivered in whole lots only.
        self.lot_size = 1

    def settle(self, event: Event, transaction: Transaction) -> Callable[[], None] | None:
        """`trade_executed`."""
        # The execution's row is what counts: the event only says that there is one.
        execution = transaction.fetch_one(_SETTLE, {"execution_id": event.payload["execution_id"]})
        if execution is None:
            return None
        if execution["quantity"] % self.lot_size:
            raise ValueError(f"{execution['quantity']} shares cannot be delivered in lots of {self.lot_size}")
        buy_order = transaction.fetch_one(_LIMIT, {"order_id": execution["buy_order_id"]})
        assert buy_order is not None
        symbol, quantity = execution["symbol"], execution["quantity"]
        buyer_id, seller_id = execution["buyer_id"], execution["seller_id"]
        price_cents = quantity * execution["price_cents"]
        blocked_cents = quantity * buy_order["price_cents"]
        for order_id, amount in sorted(
            ((execution["buy_order_id"], blocked_cents), (execution["sell_order_id"], quantity))
        ):
            holds.reduce(transaction, order_id, amount)
        ledger.move(
            transaction,
            [
                Movement(buyer_id, USD, "pay", blocked_cents - price_cents, -blocked_cents),
                Movement(buyer_id, symbol, "receive", quantity),
                Movement(seller_id, symbol, "pay", 0, -quantity),
                Movement(seller_id, USD, "receive", price_cents),
            ],
            execution_id=execution["id"],
        )

        def tell() -> None:
            self._metrics.settlements.inc()
            self._metrics.settled_cents.inc(price_cents)
            for side, user_id in (("buy", buyer_id), ("sell", seller_id)):
                self._logger.info(
                    "Settled: order %s, %s %s of %s at %s cents",
                    execution[f"{side}_order_id"],
                    side,
                    quantity,
                    symbol,
                    execution["price_cents"],
                    extra={
                        "order_id": execution[f"{side}_order_id"],
                        "execution_id": execution["id"],
                        "user_id": user_id,
                        "symbol": symbol,
                        "quantity": quantity,
                        "price_cents": execution["price_cents"],
                    },
                )

        return tell
