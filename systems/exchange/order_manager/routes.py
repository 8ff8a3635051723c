"""The order manager's routes: place an order, cancel it, and see what has become of it."""

from __future__ import annotations

from typing import Any

from flask import Flask, request
from opentelemetry.trace import get_current_span

from observability import Telemetry
from observability.errors import RequestError
from observability.postgresql import Database
from systems.exchange.bodies import read_body
from systems.exchange.order_manager import order_table
from systems.exchange.order_manager.cancellation import Cancellation, unknown_order
from systems.exchange.order_manager.fill_prices import FillPrices
from systems.exchange.order_manager.placement import Placement
from systems.exchange.orders import OPEN_STATUSES, STATUSES, NewOrder
from systems.exchange.pages_of_rows import read_page
from systems.exchange.record_ids import parse_id

SPAN_NAMES = {
    "POST /order": "POST /order",
    "GET /order/<order_id>": "get_order",
    "DELETE /order/<order_id>": "cancel_order",
    "GET /orders/user/<user_id>": "get_user_orders",
}


def add_routes(
    app: Flask,
    database: Database,
    placement: Placement,
    cancellation: Cancellation,
    fill_prices: FillPrices,
    telemetry: Telemetry,
) -> None:
    """Add the four routes."""
    logger = telemetry.logger

    @app.post("/order")
    def place_order() -> tuple[dict[str, Any], int]:
        order = read_body(NewOrder)
        span = get_current_span()
        span.set_attribute("user.id", order.user_id)
        span.set_attribute("exchange.symbol", order.symbol)
        placed = placement.place(order)
        stored = placed.order
        span.set_attribute("exchange.order.id", stored["id"])
        logger.info(
            "Order %s of user %s placed" if placed.is_new else "Order %s of user %s had been placed before",
            stored["id"],
            order.user_id,
            extra={
                "order_id": stored["id"],
                "user_id": order.user_id,
                "symbol": order.symbol,
                "side": order.side,
                "type": order.type,
                "quantity": order.quantity,
                "price_cents": stored["price_cents"],
            },
        )
        return {"order": order_table.as_json(stored)}, 201 if placed.is_new else 200

    @app.get("/order/<order_id>")
    def get_order(order_id: str) -> dict[str, Any]:
        order, user = asked_order(order_id)
        with database.transaction() as transaction:
            row = order_table.find(transaction, order, user)
            if row is None:
                raise unknown_order(order)
            prices = fill_prices.of(transaction, [row])
        return {"order": with_price(row, prices)}

    @app.delete("/order/<order_id>")
    def cancel_order(order_id: str) -> dict[str, Any]:
        order, user = asked_order(order_id)
        return {"order": order_table.as_json(cancellation.cancel(order, user))}

    @app.get("/orders/user/<user_id>")
    def get_user_orders(user_id: str) -> dict[str, Any]:
        user, page = parse_id("user", user_id), read_page(request.args)
        statuses = read_statuses(request.args.get("status"))
        with database.transaction() as transaction:
            rows = order_table.find_all(transaction, user, statuses, page)
            prices = fill_prices.of(transaction, rows)
        return {"orders": [with_price(row, prices) for row in rows], "next_before": page.next_before(rows)}


def with_price(order: order_table.Row, prices: dict[int, int]) -> dict[str, Any]:
    """The order, with the price that it has traded at on average; None when it has not traded."""
    return {**order_table.as_json(order), "average_fill_price_cents": prices.get(order["id"])}


def asked_order(order_id: str) -> tuple[int, int]:
    """The order asked about, and the user who has to be its owner (`?user_id=`). Raises RequestError (400)."""
    order, user = parse_id("order", order_id), parse_id("user", request.args.get("user_id"))
    span = get_current_span()
    span.set_attribute("exchange.order.id", order)
    span.set_attribute("user.id", user)
    return order, user


def read_statuses(text: str | None) -> tuple[str, ...]:
    """The states that `?status=` asks for: all of them without it, those of open orders for `open`, else the named one.

    Raises RequestError (400) for another word."""
    if text is None:
        return STATUSES
    if text == "open":
        return OPEN_STATUSES
    if text in STATUSES:
        return (text,)
    raise RequestError(400, "invalid_status", f"status must be open or one of {', '.join(STATUSES)}")
