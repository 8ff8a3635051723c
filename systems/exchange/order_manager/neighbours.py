"""The services an order depends on, as questions: may it be placed, is there money for it, what is its market's price.

Every call here may be repeated: checking changes nothing, and a hold is made and released once for an order's id,
however often that is asked for. A refusal comes back as RequestError with a reason from `REJECTION_REASONS`.
"""

from __future__ import annotations

from typing import Any

from observability.errors import RequestError, ServiceUnavailable
from observability.http_client import ServiceClient, ServiceResponse
from systems.exchange.orders import REJECTION_REASONS, NewOrder, Side


class RiskManager:
    """Says whether an order keeps within its owner's limits."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    def validate(self, order: NewOrder, price_cents: int, open_orders: int) -> None:
        """Raises RequestError (409) with the limit that the order is beyond."""
        answer = self._client.post(
            "/validate",
            json={
                "user_id": order.user_id,
                "symbol": order.symbol,
                "side": order.side,
                "type": order.type,
                "quantity": order.quantity,
                "price_cents": price_cents,
                "open_orders": open_orders,
            },
            repeatable=True,
        )
        if answer.status != 200:
            raise _unexpected(self._client, answer)
        if not answer.json["approved"]:
            raise RequestError(409, answer.json["reason"], answer.json["message"], answer.json.get("hint"))


class Wallets:
    """Blocks what an order may cost, and gives back what it did not."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    def block(self, order_id: int, order: NewOrder, price_cents: int) -> bool:
        """Whether the order has a hold now: money for a purchase, shares for a sale. False: it had one, and that was
        closed. Raises RequestError (409) when there is not enough."""
        buys = order.side == "buy"
        answer = self._client.post(
            "/block-funds",
            json={
                "order_id": order_id,
                "user_id": order.user_id,
                "asset": "USD" if buys else order.symbol,
                "amount": order.quantity * price_cents if buys else order.quantity,
            },
            repeatable=True,
        )
        if answer.status == 200:
            return True
        error = _error_of(answer)
        if answer.status == 409 and error.get("type") == "hold_closed":
            return False
        if answer.status == 409 and error.get("type") in REJECTION_REASONS:
            raise RequestError(409, error["type"], error["message"], error.get("hint"))
        raise _unexpected(self._client, answer)

    def unblock(self, order_id: int) -> None:
        """Give back what the order does not need any more: nothing while it is open, everything when it was not stored.

        Raises ServiceUnavailable when that is not certain."""
        answer = self._client.post("/unblock-funds", json={"order_id": order_id}, repeatable=True)
        # 404: nothing was ever blocked for it.
        if answer.status not in (200, 404):
            raise _unexpected(self._client, answer)


class MarketData:
    """Knows what is offered and asked for now."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    def reference_price_cents(self, symbol: str, side: Side) -> int | None:
        """The best price on the other side, else the last one; None when there is neither."""
        answer = self._client.get(f"/quotes/{symbol}")
        if answer.status != 200:
            raise _unexpected(self._client, answer)
        best: int | None = answer.json.get("best_ask_cents" if side == "buy" else "best_bid_cents")
        last: int | None = answer.json.get("last_price_cents")
        return best or last


def _error_of(answer: ServiceResponse) -> dict[str, Any]:
    error = answer.json.get("error") if isinstance(answer.json, dict) else None
    return error if isinstance(error, dict) else {}


def _unexpected(client: ServiceClient, answer: ServiceResponse) -> ServiceUnavailable:
    told = _error_of(answer).get("message") or "it gave no reason"
    return ServiceUnavailable(client.service, f"status {answer.status}, {told}")
