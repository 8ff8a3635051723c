"""Orders and reports of whoever asks, and never of anybody else."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from observability.errors import RequestError
from systems.exchange.client_gateway.calls import Answer, Call, View
from systems.exchange.client_gateway.services import Services, SideBySide, content
from systems.exchange.client_gateway.wallets import read_wallet


def trading_views(services: Services, side_by_side: SideBySide) -> Mapping[str, View]:
    """The functions of these operations."""
    orders, reports = services.orders, services.reports

    def place_order(call: Call) -> Answer:
        ticket = call.body.model_dump(exclude_none=True)
        # With an id of whoever asks for it the same request again is no second order; one of our own makes repeating
        # our call safe.
        ticket.setdefault("client_order_id", f"gateway:{uuid.uuid4().hex}")
        answer = orders.post("/order", json={"user_id": call.user_id, **ticket}, repeatable=True)
        return content(orders, answer), answer.status

    def list_orders(call: Call) -> Answer:
        return content(orders, orders.get(f"/orders/user/{call.user_id}", params=_parameters(call))), 200

    def get_order(call: Call) -> Answer:
        order_id = call.order_id()
        answer = content(orders, orders.get(f"/order/{order_id}", params={"user_id": str(call.user_id)}))
        return answer, 200

    def cancel_order(call: Call) -> Answer:
        order_id = call.order_id()
        # Safe to repeat: what is cancelled stays cancelled.
        answer = orders.delete(f"/order/{order_id}", params={"user_id": str(call.user_id)}, repeatable=True)
        return content(orders, answer), 200

    def positions(call: Call) -> Answer:
        return content(reports, reports.get(f"/positions/{call.user_id}")), 200

    def executions(call: Call) -> Answer:
        return content(reports, reports.get(f"/executions/{call.user_id}", params=_parameters(call))), 200

    def overview(call: Call) -> Answer:
        user_id = call.user_id
        outcomes = side_by_side(
            {
                "wallet": lambda: read_wallet(services, user_id),
                "orders": lambda: content(orders, orders.get(f"/orders/user/{user_id}", params={"status": "open"})),
                "positions": lambda: content(reports, reports.get(f"/positions/{user_id}")),
            }
        )
        missing = [
            {"part": name, "type": outcome.type, "message": outcome.message}
            for name, outcome in outcomes.items()
            if isinstance(outcome, RequestError)
        ]
        parts = {name: None if isinstance(outcome, RequestError) else outcome for name, outcome in outcomes.items()}
        return {**parts, "missing": missing}, 200

    return {
        "place_order": place_order,
        "list_orders": list_orders,
        "get_order": get_order,
        "cancel_order": cancel_order,
        "overview": overview,
        "positions": positions,
        "executions": executions,
    }


def _parameters(call: Call) -> dict[str, str]:
    """The query as the next service is asked it."""
    return {name: str(value) for name, value in call.query.model_dump(exclude_none=True).items()}
