"""Placing an order: checked, paid for, stored, and then told to the matching engine.

The money is blocked before the order is stored, so that there is never an order without cover. What can go wrong in
between leaves a hold without an order, and that is harmless: it is released here where it can be, and otherwise by the
wallet service, which looks for such holds. The order's id is known before either, and both are made once for an id.
"""

from __future__ import annotations

from dataclasses import dataclass

from opentelemetry.trace import get_current_span

from observability import Telemetry
from observability.errors import RequestError, ServiceUnavailable
from observability.postgresql import Database
from systems.exchange.events import Publisher, outbox
from systems.exchange.instruments import INSTRUMENTS
from systems.exchange.order_manager import order_table
from systems.exchange.order_manager.market_price import protective_price_cents
from systems.exchange.order_manager.metrics import OrderMetrics
from systems.exchange.order_manager.neighbours import MarketData, RiskManager, Wallets
from systems.exchange.order_manager.order_table import Reservation, Row
from systems.exchange.orders import REJECTION_REASONS, NewOrder

#: How often a hold may be closed under an order that is just about to be stored. Once is rare.
_ATTEMPTS = 3


@dataclass(frozen=True)
class Placed:
    """The stored order; `is_new` is False for one that a request before has placed."""

    order: Row
    is_new: bool


class Placement:
    """Places orders."""

    def __init__(
        self,
        database: Database,
        publisher: Publisher,
        risk_manager: RiskManager,
        wallets: Wallets,
        market_data: MarketData,
        metrics: OrderMetrics,
        telemetry: Telemetry,
    ) -> None:
        self._database = database
        self._publisher = publisher
        self._risk_manager = risk_manager
        self._wallets = wallets
        self._market_data = market_data
        self._metrics = metrics
        self._logger = telemetry.logger

    def place(self, order: NewOrder) -> Placed:
        """Raises RequestError: 409 with why the order is refused, 503 when it cannot be placed now. Nothing stays
        blocked then."""
        try:
            placed = self._place(order)
        except RequestError as refusal:
            reason = refusal.type if refusal.type in REJECTION_REASONS else "unavailable"
            self._metrics.rejected.labels(reason).inc()
            raise
        if placed.is_new:
            self._metrics.placed.labels(order.symbol, order.side, order.type).inc()
        return placed

    def _place(self, order: NewOrder) -> Placed:
        reservation = self._reserve(order)
        if reservation.order is not None:
            return _repeated(order, reservation.order)
        try:
            price_cents = self._price_cents(order)
            self._risk_manager.validate(order, price_cents, reservation.open_orders)
            for _ in range(_ATTEMPTS):
                stored = self._pay_and_store(order, reservation.order_id, price_cents)
                if stored is not None:
                    return Placed(stored, is_new=True)
                reservation = self._reserve(order, spoiled_id=reservation.order_id)
                if reservation.order is not None:
                    return _repeated(order, reservation.order)
        except RequestError:
            # The same order, sent twice at once, may have been what used up a limit.
            twin = self._find_twin(order)
            if twin is not None:
                return _repeated(order, twin)
            raise
        raise ServiceUnavailable("wallet-service", "what the order needs was released before it was stored")

    def _reserve(self, order: NewOrder, spoiled_id: int | None = None) -> Reservation:
        with self._database.transaction() as transaction:
            if order.client_order_id is None:
                return order_table.reserve(transaction, order.user_id)
            return order_table.reserve_for(transaction, order.user_id, order.client_order_id, spoiled_id=spoiled_id)

    def _price_cents(self, order: NewOrder) -> int:
        if order.price_cents is not None:
            return order.price_cents
        reference_price_cents = self._market_data.reference_price_cents(order.symbol, order.side)
        if reference_price_cents is None:
            raise RequestError(
                409,
                "no_reference_price",
                f"nobody offers or has traded {order.symbol} yet, so that nothing says what a market order may cost",
                hint="place a limit order",
            )
        return protective_price_cents(order.side, reference_price_cents, INSTRUMENTS[order.symbol])

    def _pay_and_store(self, order: NewOrder, order_id: int, price_cents: int) -> Row | None:
        """The stored order. None: what was blocked for it is released, or a request beside this one was faster."""
        span = get_current_span()
        span.set_attribute("exchange.order.id", order_id)
        if not self._wallets.block(order_id, order, price_cents):
            return None
        try:
            with self._database.transaction() as transaction:
                stored = order_table.insert(transaction, order_id, order, price_cents)
                if stored is None:
                    return None
                event = outbox.add(transaction, "orders", "order_created", order_table.as_event(stored))
        except Exception:
            self._release(order_id)
            raise
        self._publisher.publish([event])
        return stored

    def _release(self, order_id: int) -> None:
        """Nobody may know whether the order was stored after all: the wallet service looks before it releases."""
        try:
            self._wallets.unblock(order_id)
        except RequestError as error:
            self._logger.warning(
                "What is blocked for order %s is left to the wallet service's sweeper: %s",
                order_id,
                error,
                extra={"order_id": order_id, "error.type": error.type},
            )

    def _find_twin(self, order: NewOrder) -> Row | None:
        if order.client_order_id is None:
            return None
        return self._reserve(order).order


def _repeated(order: NewOrder, stored: Row) -> Placed:
    same = (order.symbol, order.side, order.type, order.quantity) == tuple(
        stored[field] for field in ("symbol", "side", "type", "quantity")
    )
    # A market order's stored price is not one that was asked for.
    if not same or order.price_cents not in (None, stored["price_cents"]):
        raise RequestError(
            409,
            "client_order_id_reused",
            f"client_order_id {order.client_order_id} belongs to another order: {stored['id']}",
            hint="give each order a client_order_id of its own",
        )
    return Placed(stored, is_new=False)
