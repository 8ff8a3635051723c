"""The risk manager's routes: check an order, and read and set a user's limits."""

from __future__ import annotations

from typing import Any

from flask import Flask
from opentelemetry.trace import get_current_span

from observability import Telemetry
from systems.exchange.bodies import read_body
from systems.exchange.record_ids import parse_id
from systems.exchange.risk_manager.last_prices import LastPrices
from systems.exchange.risk_manager.limits import Limits, LimitStore
from systems.exchange.risk_manager.rules import OrderToCheck, find_excess
from systems.exchange.risk_manager.scenarios import Scenarios

SPAN_NAMES = {
    "POST /validate": "validate_order",
    "GET /limits/<user_id>": "get_limits",
    "PUT /limits/<user_id>": "set_limits",
}


def add_routes(
    app: Flask, limits: LimitStore, last_prices: LastPrices, scenarios: Scenarios, telemetry: Telemetry
) -> None:
    """Add the three routes."""

    @app.post("/validate")
    def validate_order() -> dict[str, Any]:
        order = read_body(OrderToCheck)
        span = get_current_span()
        span.set_attribute("user.id", order.user_id)
        span.set_attribute("exchange.symbol", order.symbol)
        if scenarios.computing_seconds:
            span.set_attribute("exchange.order.largest_loss_cents", scenarios.largest_loss_cents(order))
        excess = find_excess(order, limits.read(order.user_id), last_prices.read_cents(order.symbol))
        if excess is None:
            return {"approved": True}
        span.set_attribute("exchange.rejection.reason", excess.reason)
        telemetry.logger.info(
            "An order of user %s is refused: %s",
            order.user_id,
            excess.message,
            extra={"user_id": order.user_id, "symbol": order.symbol, "reason": excess.reason},
        )
        return {"approved": False, "reason": excess.reason, "message": excess.message, "hint": excess.hint}

    @app.get("/limits/<user_id>")
    def get_limits(user_id: str) -> dict[str, Any]:
        user = parse_id("user", user_id)
        return {"user_id": user, "limits": limits.read(user).model_dump()}

    @app.put("/limits/<user_id>")
    def set_limits(user_id: str) -> dict[str, Any]:
        user = parse_id("user", user_id)
        wanted = read_body(Limits)
        limits.write(user, wanted)
        telemetry.logger.info("User %s has other limits", user, extra={"user_id": user, **wanted.model_dump()})
        return {"user_id": user, "limits": wanted.model_dump()}
