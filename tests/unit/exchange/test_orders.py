from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from systems.exchange.instruments import INSTRUMENTS
from systems.exchange.orders import LARGEST_PRICE_CENTS, LARGEST_QUANTITY, NewOrder, OrderTicket

LIMIT = {"symbol": "LNTN", "side": "buy", "type": "limit", "quantity": 3, "price_cents": 12_505}
MARKET = {"symbol": "LNTN", "side": "sell", "type": "market", "quantity": 3}


def test_reference_prices_are_prices_that_an_order_may_have() -> None:
    for instrument in INSTRUMENTS.values():
        assert instrument.reference_price_cents % instrument.tick_cents == 0


def test_a_ticket_is_a_limit_order_unless_it_says_otherwise() -> None:
    ticket = OrderTicket.model_validate({key: value for key, value in LIMIT.items() if key != "type"})
    assert ticket == OrderTicket.model_validate(LIMIT)


def test_a_market_order_needs_no_price() -> None:
    assert OrderTicket.model_validate(MARKET).price_cents is None


@pytest.mark.parametrize(
    ("ticket", "changed", "message"),
    [
        (LIMIT, {"symbol": "lntn"}, "is not traded here; these are: ACRN, BRZY"),
        (LIMIT, {"side": "hold"}, "Input should be 'buy' or 'sell'"),
        (LIMIT, {"type": "stop"}, "Input should be 'limit' or 'market'"),
        (LIMIT, {"quantity": 0}, "greater than or equal to 1"),
        (LIMIT, {"quantity": LARGEST_QUANTITY + 1}, "less than or equal to 1000000"),
        (LIMIT, {"quantity": 1.5}, "valid integer"),
        (LIMIT, {"quantity": "3"}, "valid integer"),
        (LIMIT, {"quantity": True}, "valid integer"),
        (LIMIT, {"price_cents": 12_504}, "must be a multiple of 5"),
        (LIMIT, {"price_cents": LARGEST_PRICE_CENTS + 5}, "less than or equal to 10000000"),
        (LIMIT, {"price_cents": None}, "a limit order needs price_cents"),
        (MARKET, {"price_cents": 12_505}, "a market order has no price_cents"),
        (LIMIT, {"client_order_id": ""}, "at least 1 character"),
        (LIMIT, {"client_order_id": "two words"}, "should match pattern"),
        (LIMIT, {"client_order_id": "a" * 65}, "at most 64 characters"),
        (LIMIT, {"prize_cents": 12_505}, "Extra inputs are not permitted"),
    ],
)
def test_a_ticket_that_makes_no_order_is_told_why(
    ticket: dict[str, Any], changed: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        OrderTicket.model_validate({**ticket, **changed})


def test_an_order_says_whose_it_is() -> None:
    with pytest.raises(ValidationError, match="user_id"):
        NewOrder.model_validate(LIMIT)
    assert NewOrder.model_validate({**LIMIT, "user_id": 13}).user_id == 13
