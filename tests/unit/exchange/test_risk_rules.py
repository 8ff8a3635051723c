from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from systems.exchange.risk_manager.limits import Limits
from systems.exchange.risk_manager.rules import OrderToCheck, find_excess

LIMITS = Limits(max_order_value_cents=1_000_000, max_quantity=500, price_band_percent=20, max_open_orders=3)
LAST_PRICE_CENTS = 1_280


def order(**changed: Any) -> OrderToCheck:
    usual = {
        "user_id": 13,
        "symbol": "BRZY",
        "side": "buy",
        "type": "limit",
        "quantity": 100,
        "price_cents": 1_280,
        "open_orders": 0,
    }
    return OrderToCheck.model_validate({**usual, **changed})


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"quantity": 500},
        {"quantity": 1, "price_cents": 1_536},
        {"quantity": 1, "price_cents": 1_024},
        {"open_orders": 2},
    ],
)
def test_an_order_may_go_to_the_limit(changed: dict[str, Any]) -> None:
    assert find_excess(order(**changed), LIMITS, LAST_PRICE_CENTS) is None


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"quantity": 501}, "quantity_too_large"),
        ({"quantity": 500, "price_cents": 2_001}, "order_value_too_large"),
        ({"quantity": 1, "price_cents": 1_537}, "price_outside_band"),
        ({"quantity": 1, "price_cents": 1_023}, "price_outside_band"),
        ({"open_orders": 3}, "too_many_open_orders"),
    ],
)
def test_an_order_beyond_a_limit_is_told_which(changed: dict[str, Any], reason: str) -> None:
    excess = find_excess(order(**changed), LIMITS, LAST_PRICE_CENTS)
    assert excess is not None
    assert excess.reason == reason


def test_a_refusal_says_what_would_be_allowed() -> None:
    excess = find_excess(order(quantity=501), LIMITS, LAST_PRICE_CENTS)
    assert excess is not None
    assert excess.message == "an order may be for 500 shares at most, and this one is for 501"


def test_whoever_may_do_nothing_has_limits_of_zero() -> None:
    nothing = Limits(max_order_value_cents=0, max_quantity=0, price_band_percent=0, max_open_orders=0)
    excess = find_excess(order(quantity=1), nothing, LAST_PRICE_CENTS)
    assert excess is not None
    assert excess.reason == "quantity_too_large"


@pytest.mark.parametrize(
    "changed",
    [
        {"max_order_value_cents": -1},
        {"max_order_value_cents": 10**12 + 1},
        {"price_band_percent": 101},
        {"max_quantity": "5"},
        {"max_quantity": None},
    ],
)
def test_limits_that_make_no_sense_are_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Limits.model_validate({**LIMITS.model_dump(), **changed})
